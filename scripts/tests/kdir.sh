#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: kdir.sh
#
# Tests of KDIR=path: trees it takes, trees it refuses, and that it writes to none.

# shellcheck disable=SC2086 # $T and the like hold no blanks
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

T=build/tree

prepare() { env KDIR="$1" scripts/prepare; }

git_kernel()
{
	git -C "$K" init -q
	git -C "$K" add -A
	git -C "$K" -c user.name=x -c user.email=x@localhost commit -qm one
}

plain_folder()
{
	local before
	new_project
	before=$(file_stamps "$K")
	expect 0 prepare "$K"
	grep -q 'changed by 0001' $T/mm/fix.c
	[[ -L $T/mm/tests/softleaf/one_kunit.c ]]
	expect_same "$(file_stamps "$K")" "$before"
}

git_tree_is_not_even_refreshed()
{
	local before
	new_project
	git_kernel
	# Makes git status want to write the index.
	touch "$K/mm/other.c"
	echo edit >>"$K/mm/port.c"
	touch "$K/mm/port.o"
	before=$(file_stamps "$K")
	expect 0 prepare "$K"
	expect_same "$(file_stamps "$K")" "$before"
	# The edits count, committed or not; what was built does not.
	grep -q edit $T/mm/port.c
	[[ ! -e $T/mm/port.o ]]
	expect_same "$(git -C $T log --format=%s | tail -n 1)" 'Pristine kernel source'
}

# As that of Debian's source does.
gitignore_that_hides_all()
{
	new_project
	git_kernel
	printf '*.o\n/*\n' >"$K/.gitignore"
	echo edit >>"$K/mm/port.c"
	touch "$K/mm/port.o"
	expect 0 prepare "$K"
	grep -q edit $T/mm/port.c
	[[ ! -e $T/mm/port.o ]]
	rm -rf "$K/.git" "$K/mm/port.o"
	expect 0 prepare "$K"
	grep -q edit $T/mm/port.c
}

worktree_of_git()
{
	new_project
	git_kernel
	git -C "$K" worktree add -q "$WORK/worktree"
	expect 0 prepare "$WORK/worktree"
	[[ -d build/repo.git && $(cat $T/.git) == 'gitdir: ../repo.git' ]]
	git -C "$K" worktree remove --force "$WORK/worktree"
}

relative_path_and_link()
{
	new_project
	ln -sfn ../kernel link
	expect 0 prepare link
	expect 0 prepare ../kernel
	[[ ! -s $WORK/out ]]
}

edit_in_kdir()
{
	local before commit
	new_project
	expect 0 prepare "$K"
	expect 0 env KDIR="$K" scripts/prepare --list
	commit=$(awk '/^source / { print $2 }' "$WORK/out")
	before=$(cd $T && stat -c '%n %Y %i' mm/f*.c)
	echo edit >>"$K/mm/other.c"
	rm "$K/mm/vmstat.c"
	# The edit does not count for who keeps to what was read before.
	expect 0 env KDIR="$K" KDIR_COMMIT="$commit" scripts/prepare
	[[ -e $T/mm/vmstat.c ]]
	expect 0 prepare "$K"
	grep -q edit $T/mm/other.c
	[[ ! -e $T/mm/vmstat.c ]]
	expect_same "$(cd $T && stat -c '%n %Y %i' mm/f*.c)" "$before"
}

there_and_back()
{
	local before
	new_project
	new_base 7.3-1
	expect 0 scripts/prepare
	before=$(tree_state)
	echo mine >"$K/mm/mine.c"
	expect 0 prepare "$K"
	[[ -e $T/mm/mine.c && -z $(git -C $T status --short) ]]
	expect 0 scripts/prepare
	expect_same "$(tree_state)" "$before"
}

kernel_with_pmd_swap_entries()
{
	new_project
	echo thp_swpout_pmd >>"$K/mm/vmstat.c"
	expect 0 prepare "$K"
	expect_line 'left out' patches/pmd-swap
	grep -q 'changed by 0001-port' $T/mm/port.c
	expect_same "$(cat $T/mm/first.c)" "$(cat "$K/mm/first.c")"
}

no_base_needed()
{
	new_project
	FAKE_KUNIT='' expect 0 env KDIR="$K" scripts/run
	[[ ! -e build/base ]]
}

missing()
{
	new_project
	expect 2 prepare "$WORK/nowhere"
	expect_one_line "$WORK/nowhere" 'is no folder' 6.19
	expect 2 prepare "$K/Kbuild"
	expect_one_line 'is no folder'
}

not_a_kernel()
{
	new_project
	mkdir "$WORK/other"
	expect 2 prepare "$WORK/other"
	expect_one_line 'not a kernel' 6.19
	rm -r "$K/mm"
	expect 2 prepare "$K"
	expect_one_line 'not a kernel'
}

too_old()
{
	new_project
	rm "$K/include/linux/leafops.h"
	printf 'VERSION = 6\nPATCHLEVEL = 12\n' >"$K/Makefile"
	expect 2 prepare "$K"
	expect_one_line 'Linux 6.12' 'too old' leafops.h 6.19
}

the_prepared_tree_itself()
{
	new_project
	expect 0 prepare "$K"
	expect 2 prepare $T
	expect_one_line 'prepared tree itself'
}

# A commit, and not what is checked out.
revision()
{
	local before at
	new_project
	git_kernel
	at=$(git -C "$K" rev-parse HEAD)
	echo later >>"$K/mm/other.c"
	git -C "$K" -c user.name=x -c user.email=x@localhost commit -qam two
	echo uncommitted >>"$K/mm/port.c"
	before=$(file_stamps "$K")
	expect 0 env KDIR_REV="$at" KDIR="$K" scripts/prepare
	expect_none 'later\|uncommitted' $T/mm/other.c $T/mm/port.c
	expect 0 env KDIR_REV=HEAD KDIR="$K" scripts/prepare
	grep -q later $T/mm/other.c
	expect_none uncommitted $T/mm/port.c
	expect_same "$(file_stamps "$K")" "$before"
	# Known already: KDIR's objects are not asked for.
	rm -rf "$WORK/hidden"
	mkdir "$WORK/hidden"
	printf '#!/bin/sh\ncase " $* " in *pack-objects*) exit 1 ;; esac\nexec %s "$@"\n' "$(type -P git)" >"$WORK/hidden/git"
	chmod +x "$WORK/hidden/git"
	expect 0 env PATH="$WORK/hidden:$PATH" KDIR_REV="$at" KDIR="$K" scripts/prepare
	expect_none later $T/mm/other.c
}

revision_that_cannot_be()
{
	new_project
	expect 2 env KDIR_REV=HEAD KDIR="$K" scripts/prepare
	expect_one_line 'no git repository' HEAD
	git_kernel
	expect 2 env KDIR_REV=nosuch KDIR="$K" scripts/prepare
	expect_one_line 'no revision nosuch'
	git -C "$K" rm -q include/linux/leafops.h
	printf 'VERSION = 6\nPATCHLEVEL = 12\n' >"$K/Makefile"
	git -C "$K" -c user.name=x -c user.email=x@localhost commit -qam old
	expect 2 env KDIR_REV=HEAD KDIR="$K" scripts/prepare
	expect_one_line 'Linux 6.12' 'too old' leafops.h
	git -C "$K" rm -q Kbuild
	git -C "$K" -c user.name=x -c user.email=x@localhost commit -qm none
	expect 2 env KDIR_REV=HEAD KDIR="$K" scripts/prepare
	expect_one_line 'not a kernel' HEAD
}

run_cases plain_folder git_tree_is_not_even_refreshed gitignore_that_hides_all worktree_of_git \
	relative_path_and_link edit_in_kdir there_and_back \
	kernel_with_pmd_swap_entries no_base_needed missing not_a_kernel too_old \
	the_prepared_tree_itself revision revision_that_cannot_be
