#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: interrupt.sh
#
# Tests that prepare survives being stopped at any moment, and two runs at once.
# A git that ends the whole process group at its n-th call makes "any moment"
# the same in every run.

# shellcheck disable=SC2086 # $T and the like hold no blanks
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

export REAL_GIT
REAL_GIT=$(type -P git)

# The stopping git: STOP_AT counts down, STOP_WHEN is before or after the call.
stopping_git()
{
	mkdir -p "$WORK/bin"
	cat >"$WORK/bin/git" <<-'EOF'
		#!/bin/bash
		n=$(($(cat "$STOP_FILE") - 1))
		echo $n >"$STOP_FILE"
		if ((n == 0)) && [[ $STOP_WHEN == before ]]; then
			kill -"$STOP_SIGNAL" 0
		fi
		"$REAL_GIT" "$@"
		status=$?
		if ((n == 0)); then
			kill -"$STOP_SIGNAL" 0
		fi
		exit $status
	EOF
	chmod +x "$WORK/bin/git"
	export STOP_FILE=$WORK/stop
}

# stopped N WHEN SIGNAL: prepare, stopped at the n-th call of git; fails when it
# was over before.
stopped()
{
	echo "$1" >"$STOP_FILE"
	STOP_WHEN=$2 STOP_SIGNAL=$3 PATH=$WORK/bin:$PATH setsid -w scripts/prepare >"$WORK/out" 2>&1 || true
	# Empty when two calls at once were in the middle of it.
	(($(cat "$STOP_FILE") + 0 <= 0))
}

# at_every_call START: START makes the situation to begin with; then for every
# n: stop there, run again, and find what an undisturbed run makes.
at_every_call()
{
	local start=$1 wanted n when signal
	$start
	expect 0 scripts/prepare
	wanted=$(tree_state)
	for ((n = 1; n < 200; n += 1 + n / 4)); do
		for when in before after; do
			signal=$([[ $when == before ]] && echo INT || echo KILL)
			$start
			stopped "$n" $when $signal || { ((n > 5)); return; }
			expect 0 scripts/prepare
			expect_same "$(tree_state)" "$wanted" || {
				echo "stopped by $signal $when call $n"
				return 1
			}
			[[ ! -e build/tree.tmp && ! -e build/unpack.tmp ]]
		done
	done
}

# The scratch project is made once and copied.
copy_of()
{
	rm -rf "$P"
	cp -a "$WORK/$1" "$P"
	cd "$P"
}

fresh()
{
	stopping_git
	new_project
	new_base 7.3-1
	cp -a "$P" "$WORK/saved"
	begin() { copy_of saved; }
	at_every_call begin
}

incremental()
{
	stopping_git
	new_project
	new_base 7.3-1
	expect 0 scripts/prepare
	rm patches/pmd-swap/0001-first.patch
	new_patch stubs/port/0002-more.patch mm/other.c
	touch kunit/two_kunit.c
	cp -a "$P" "$WORK/saved"
	begin() { copy_of saved; }
	at_every_call begin
}

# Stopped while git writes the files: some are new, the index is old and locked.
half_written()
{
	local wanted
	new_project
	new_base 7.3-1
	expect 0 scripts/prepare
	cp -a "$P" "$WORK/saved"
	new_patch stubs/port/0002-more.patch mm/other.c
	rm patches/pmd-swap/0002-second.patch
	touch kunit/two_kunit.c
	expect 0 scripts/prepare
	wanted=$(tree_state)

	copy_of saved
	new_patch stubs/port/0002-more.patch mm/other.c
	rm patches/pmd-swap/0002-second.patch
	touch kunit/two_kunit.c
	mkdir -p "$WORK/bin"
	cat >"$WORK/bin/git" <<-'EOF'
		#!/bin/bash
		if [[ " $* " == *" -m -u "* ]]; then
			echo half >mm/other.c
			echo junk >"$INDEX_LOCK"
			kill -KILL 0
		fi
		exec "$REAL_GIT" "$@"
	EOF
	chmod +x "$WORK/bin/git"
	INDEX_LOCK=$P/build/repo.git/index.lock PATH=$WORK/bin:$PATH setsid -w scripts/prepare || true
	[[ -e build/repo.git/index.lock ]]
	expect 0 scripts/prepare
	expect_line 'Finishing the move'
	expect_same "$(tree_state)" "$wanted"
}

two_at_once()
{
	new_project
	new_base 7.3-1
	expect 0 scripts/prepare
	touch kunit/two_kunit.c
	(
		exec 9>>build/.lock
		flock 9
		echo 'run, process 1, since 10:00' >build/.lock
		expect 2 scripts/prepare
		expect_one_line 'in use by run, process 1, since 10:00' BUILD=
		expect 2 scripts/run
		expect_one_line 'in use by'
		expect 2 scripts/clean
		BUILD=$P/elsewhere expect 2 scripts/prepare
		expect_one_line 'no base kernel'
	)
	expect 0 scripts/prepare
}

full_disk()
{
	((EUID == 0)) || skip "needs root, to mount a small tmpfs"
	new_project
	new_base 7.3-1
	mkdir "$WORK/small"
	mount -t tmpfs -o size=20m tmpfs "$WORK/small" || skip "no tmpfs can be mounted here"
	# shellcheck disable=SC2064 # now
	trap "umount '$WORK/small'" EXIT
	cp -r build/base "$WORK/small/"
	BUILD=$WORK/small expect 2 scripts/prepare
	expect_one_line 'MB are free' "$WORK/small"
	[[ ! -e $WORK/small/tree && ! -e $WORK/small/unpack.tmp ]]
	rm -r "$WORK/small/base"
	BUILD=$WORK/small expect 2 scripts/fetch-base
	expect_one_line 'MB are free'
}

run_cases fresh incremental half_written two_at_once full_disk
