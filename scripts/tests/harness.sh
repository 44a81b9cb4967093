# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the tooling's own tests: a scratch copy of the project around a tiny kernel
# tree, and cases with TAP output. Sourced, not run.

set -euo pipefail

TOP=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
unset KDIR SUITE CONFIG JOBS BASE RANGE BUILD SOFTLEAF_LOCKED MAKEFLAGS MAKELEVEL
for v in "${!GIT_@}"; do unset "$v"; done
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 PYTHONDONTWRITEBYTECODE=1

# The interpreter itself, should python3 be a script that looks for it: it is called often.
PATH=$(python3 -c 'import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)))'):$PATH

. "$TOP/scripts/tap.sh"

# Run each function by itself.
run_cases()
{
	local name status
	for name; do
		set +e
		(
			set -eE
			trap 'echo "line $LINENO: $BASH_COMMAND"' ERR
			"$name"
		) >"$WORK/case.log" 2>&1 </dev/null
		status=$?
		set -e
		tap "$name" "$status" "$(<"$WORK/case.log")"
	done
	tap_done
}

work_in()
{
	mkdir "$1"
	WORK=$1
}

# The same for cases that share nothing, one for each processor at a time.
run_cases_at_once()
{
	local name number=0 all=$WORK
	for name; do
		number=$((number + 1))
		while (($(jobs -rp | wc -l) >= $(nproc))); do
			wait -n || true
		done
		(
			work_in "$all/$number"
			set +e
			(
				set -eE
				trap 'echo "line $LINENO: $BASH_COMMAND"' ERR
				"$name"
			) >"$all/$number.log" 2>&1 </dev/null
			echo $? >"$all/$number.status"
			rm -rf "$WORK"
		) &
	done
	wait
	number=0
	for name; do
		number=$((number + 1))
		tap "$name" "$(<"$all/$number.status")" "$(<"$all/$number.log")"
	done
	tap_done
}

skip()
{
	echo "$1"
	exit 77
}

# --- what cases say ----------------------------------------------------------

# expect STATUS COMMAND...: its output goes to $WORK/out, for expect_line.
expect()
{
	local wanted=$1 status=0
	shift
	"$@" >"$WORK/out" 2>&1 || status=$?
	((status == wanted)) || {
		echo "status $status, wanted $wanted: $*"
		cat "$WORK/out"
		return 1
	}
}

# expect_line TEXT...: the last output has a line with all of these.
expect_line()
{
	local text lines
	lines=$(cat "$WORK/out")
	for text; do
		lines=$(grep -F -e "$text" <<<"$lines") || {
			echo "no line with \"$text\" in:"
			cat "$WORK/out"
			return 1
		}
	done
}

expect_one_line()
{
	expect_line "$@"
	(($(wc -l <"$WORK/out") == 1)) || {
		echo "wanted one line:"
		cat "$WORK/out"
		return 1
	}
}

# expect_none PATTERN [FILE...]: no line of the last output, or of the files, has it.
expect_none()
{
	local pattern=$1 status=0
	shift
	grep -e "$pattern" -- "${@:-$WORK/out}" || status=$?
	((status == 1)) || {
		echo "... has \"$pattern\""
		return 1
	}
}

expect_same()
{
	[[ $1 == "$2" ]] || {
		diff <(echo "$1") <(echo "$2") || true
		return 1
	}
}

# recipe NUMBER: the n-th shell block of README's section on make check, of this project.
recipe()
{
	awk -v wanted="$1" '
		/^## / { inside = /make check/ }
		inside && /^```sh/ { n++; body = 1; next }
		/^```/ { body = 0 }
		body && n == wanted' "$TOP/README.md" | sed "s:~/softleaf-kunit:$P:"
}

# --- the scratch project -----------------------------------------------------

# new_project: a project in $P, with its tiny kernel tree in $K.
new_project()
{
	P=$WORK/project K=$WORK/kernel
	rm -rf "$P" "$K"
	mkdir -p "$P"/{kunit/fixtures,stubs/fixes,stubs/port,stubs/arch/um/kernel,patches/pmd-swap}
	cp -r "$TOP/scripts" "$TOP/coverage" "$TOP/uml-configs" "$TOP/Makefile" "$P/"
	rm -rf "$P/scripts/tests"
	touch "$P/kunit/one_kunit.c" "$P/kunit/fixtures/mm.h" "$P/kunit/Makefile"
	echo 'config ONE_KUNIT_TEST' >"$P/kunit/Kconfig"
	echo 'config UML_NEW' >"$P/stubs/arch/um/kernel/Kconfig.new"
	new_kernel "$K"
	new_patch stubs/fixes/0001-fix.patch mm/fix.c
	new_patch stubs/port/0001-port.patch mm/port.c
	new_patch patches/pmd-swap/0001-first.patch mm/first.c
	new_patch patches/pmd-swap/0002-second.patch mm/second.c
	echo 'Subject: cover letter' >"$P/patches/pmd-swap/0000-cover.patch"
	cd "$P"
}

new_kernel()
{
	local file
	mkdir -p "$1"/{mm,include/linux,arch/um,tools/testing/kunit}
	printf 'VERSION = 7\nPATCHLEVEL = 3\n' >"$1/Makefile"
	touch "$1/Kbuild" "$1/include/linux/leafops.h"
	printf 'menu "Memory"\nconfig A\nendmenu\n\nmenu "More"\n\nendmenu\n' >"$1/mm/Kconfig"
	echo 'obj-y += vmstat.o' >"$1/mm/Makefile"
	echo 'thp_swpout' >"$1/mm/vmstat.c"
	printf '*.o\n.*\n!.gitignore\n' >"$1/.gitignore"
	echo hidden >"$1/.hidden"
	for file in fix port first second other; do
		seq 1 20 >"$1/mm/$file.c"
	done
	cp "$TOP/scripts/tests/fake_kunit.py" "$1/tools/testing/kunit/kunit.py"
}

# new_patch PATCH FILE [LINE [FROM]]: changes one line of the file.
new_patch()
{
	local line=${3:-10} from=${4:-${3:-10}}
	cat >"$P/$1" <<-EOF
		From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
		From: A Person <person@localhost>
		Date: Mon, 1 Jan 2024 12:00:00 +0000
		Subject: [PATCH] mm: change line $line of $2

		Why it changes.

		Signed-off-by: A Person <person@localhost>
		---
		 $2 | 2 +-
		 1 file changed, 1 insertion(+), 1 deletion(-)

		diff --git a/$2 b/$2
		--- a/$2
		+++ b/$2
		@@ -$((line - 1)),3 +$((line - 1)),3 @@
		 $((line - 1))
		-$from
		+changed by ${1##*/}
		 $((line + 1))
	EOF
}

# new_base VERSION: a package like Debian's linux-source, with the tiny kernel in it.
new_base()
{
	local root=$WORK/deb
	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/usr/src" "$P/build/base"
	tar -C "$K/.." --transform 's:^kernel:linux-source-7.3:' -cJf "$root/usr/src/linux-source-7.3.tar.xz" kernel
	printf 'Package: linux-source-7.3\nVersion: 7.3\nArchitecture: all\nMaintainer: none\nDescription: test\n' >"$root/DEBIAN/control"
	dpkg-deb -b "$root" "$P/build/base/linux-source-7.3_$1_all.deb" >/dev/null
}

# no_network: with APT_CONFIG=$WORK/apt.conf apt finds nobody there.
no_network()
{
	cat >"$WORK/apt.conf" <<-'EOF'
		Acquire::http::Proxy "http://127.0.0.1:9";
		Acquire::https::Proxy "http://127.0.0.1:9";
	EOF
}

# What a tree holds: commit, and content of every file.
tree_state()
{
	git -C "$P/build/tree" rev-parse HEAD
	git -C "$P/build/tree" status --short
	(cd "$P/build/tree" && find . -name .git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
}

# Everything about the files of a folder that a write would change.
file_stamps()
{
	find "$1" -printf '%p %s %i %m %T@ %C@\n' | sort
}
