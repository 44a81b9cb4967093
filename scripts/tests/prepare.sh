#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: prepare.sh
#
# Tests of scripts/prepare: fresh, incremental, local edits, a patch that fails.

# shellcheck disable=SC2086 # $T and the like hold no blanks
set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

T=build/tree

subjects() { git -C $T log --reverse --format=%s; }

ready()
{
	new_project
	new_base 7.3-1
	expect 0 scripts/prepare
}

fresh()
{
	ready
	expect_same "$(subjects)" "Pristine linux-source-7.3 7.3-1
mm: change line 10 of mm/fix.c
Link the new files of the UML huge page port
mm: change line 10 of mm/port.c
mm: change line 10 of mm/first.c
mm: change line 10 of mm/second.c
Link the suites"
	expect_same "$(git -C $T log -1 --format='%an %ae %aI %b' --grep=fix.c)" \
		"A Person person@localhost 2024-01-01T12:00:00+00:00 Why it changes.

Signed-off-by: A Person <person@localhost>"
	[[ -z $(git -C $T status --short) ]]
	grep -q 'changed by 0002' $T/mm/second.c
	[[ $T/mm/tests/softleaf/fixtures/mm.h -ef kunit/fixtures/mm.h ]]
	[[ -L $T/arch/um/kernel/Kconfig.new && -e $T/arch/um/kernel/Kconfig.new ]]
	expect_same "$(tail -n 3 $T/mm/Kconfig)" "source \"mm/tests/softleaf/Kconfig\"

endmenu"
	expect_same "$(tail -n 1 $T/mm/Makefile)" "obj-\$(CONFIG_KUNIT) += tests/softleaf/"
	# What .gitignore hides in Debian's source belongs to it all the same.
	git -C $T cat-file -e HEAD:.hidden
}

same_commits_everywhere()
{
	local first
	ready
	first=$(git -C $T rev-parse HEAD)
	rm -rf build
	new_base 7.3-1
	GIT_AUTHOR_NAME=x TZ=Asia/Tokyo expect 0 scripts/prepare
	expect_same "$(git -C $T rev-parse HEAD)" "$first"
}

nothing_changed()
{
	local before
	ready
	before=$(file_stamps build/tree; file_stamps build/repo.git)
	expect 0 scripts/prepare
	[[ ! -s $WORK/out ]]
	expect_same "$(file_stamps build/tree; file_stamps build/repo.git)" "$before"
}

# Files whose content did not change keep their time, or make would build them.
changed_patch()
{
	local before after
	ready
	before=$(cd $T && stat -c '%n %Y %i' mm/*.c)
	sed -i 's/^+changed/+changed again/' patches/pmd-swap/0002-second.patch
	expect 0 scripts/prepare
	grep -q 'changed again by 0002' $T/mm/second.c
	after=$(cd $T && stat -c '%n %Y %i' mm/*.c)
	expect_same "$(grep -v second.c <<<"$after")" "$(grep -v second.c <<<"$before")"
	[[ -z $(git -C $T status --short) ]]
}

patch_added_and_removed()
{
	ready
	new_patch patches/pmd-swap/0003-third.patch mm/other.c
	expect 0 scripts/prepare
	grep -q 'changed by 0003' $T/mm/other.c
	rm patches/pmd-swap/0003-third.patch stubs/fixes/0001-fix.patch
	expect 0 scripts/prepare
	expect_same "$(cat $T/mm/other.c $T/mm/fix.c)" "$(cat "$K"/mm/{other,fix}.c)"
}

suite_added_and_removed()
{
	local suites
	ready
	suites=$(git -C $T rev-parse HEAD^)
	touch kunit/two_kunit.c
	expect 0 scripts/prepare
	[[ $T/mm/tests/softleaf/two_kunit.c -ef kunit/two_kunit.c ]]
	rm kunit/two_kunit.c
	expect 0 scripts/prepare
	[[ ! -L $T/mm/tests/softleaf/two_kunit.c ]]
	# Only the last commit was made again.
	expect_same "$(git -C $T rev-parse HEAD^)" "$suites"
}

edit_of_a_suite_is_there_at_once()
{
	local head
	ready
	head=$(git -C $T rev-parse HEAD)
	echo '/* new */' >kunit/one_kunit.c
	expect 0 scripts/prepare
	expect_same "$(cat $T/mm/tests/softleaf/one_kunit.c)" '/* new */'
	expect_same "$(git -C $T rev-parse HEAD)" "$head"
}

local_edit_is_kept()
{
	ready
	echo edit >>$T/mm/other.c
	expect 0 scripts/prepare
	sed -i 's/^+changed/+changed again/' patches/pmd-swap/0002-second.patch
	expect 0 scripts/prepare
	grep -q edit $T/mm/other.c
	grep -q 'changed again' $T/mm/second.c
}

local_edit_in_the_way()
{
	local before
	ready
	echo edit >>$T/mm/second.c
	before=$(tree_state)
	sed -i 's/^+changed/+changed again/' patches/pmd-swap/0002-second.patch
	expect 2 scripts/prepare
	expect_one_line mm/second.c build/tree 'would be lost'
	expect_same "$(tree_state)" "$before"
	git -C $T checkout -q mm/second.c
	expect 0 scripts/prepare
	grep -q 'changed again' $T/mm/second.c
}

own_commits()
{
	ready
	echo edit >>$T/mm/other.c
	git -C $T -c user.name=x -c user.email=x@localhost commit -qam own
	expect 0 scripts/prepare
	rm patches/pmd-swap/0002-second.patch
	expect 2 scripts/prepare
	expect_one_line 'commits of its own' format-patch
}

patch_that_fails()
{
	local before patch=patches/pmd-swap/0002-second.patch
	ready
	before=$(tree_state; file_stamps $T)
	new_patch $patch mm/second.c 10 'never there'
	expect 2 scripts/prepare
	expect_one_line $patch mm/second.c:9 build/reject/mm/second.c.rej 'left as it was'
	grep -q 'never there' build/reject/mm/second.c.rej
	expect_same "$(tree_state; file_stamps $T)" "$before"
	new_patch $patch mm/second.c 12
	expect 0 scripts/prepare
	[[ ! -e build/reject ]]
}

patch_of_a_missing_file()
{
	ready
	new_patch stubs/port/0001-port.patch mm/nowhere.c
	expect 2 scripts/prepare
	expect_one_line stubs/port/0001-port.patch mm/nowhere.c
}

no_mail_no_patch()
{
	ready
	echo nonsense >stubs/port/0002-bad.patch
	expect 2 scripts/prepare
	expect_one_line stubs/port/0002-bad.patch
}

stub_that_the_kernel_has()
{
	ready
	mkdir -p stubs/arch/um
	touch "$K/arch/um/taken" stubs/arch/um/taken
	expect 2 env KDIR="$K" scripts/prepare
	expect_one_line arch/um/taken
}

newer_base()
{
	ready
	echo news >"$K/mm/news.c"
	new_base 7.3.1-1
	expect 0 scripts/prepare
	[[ -e $T/mm/news.c && ! -e build/unpack.tmp ]]
	[[ -z $(git -C $T status --short) ]]
}

tree_removed()
{
	local before
	ready
	before=$(tree_state)
	rm -rf $T
	expect 0 scripts/prepare
	expect_same "$(tree_state)" "$before"
}

broken_download()
{
	new_project
	new_base 7.3-1
	truncate -s 2000 build/base/*.deb
	expect 2 scripts/prepare
	expect_line 'could not unpack'
	new_base 7.3-1
	expect 0 scripts/prepare
}

another_series()
{
	local before
	ready
	before=$(tree_state)
	mkdir "$WORK/series"
	new_patch other.patch mm/other.c
	mv other.patch "$WORK/series/0001-other.patch"
	# Only told, not done.
	expect 0 env SERIES_DIR="$WORK/series" scripts/prepare --list
	expect_line given 0001-other.patch
	expect_line 'source '
	grep -q ' suites \|^suites ' "$WORK/out"
	expect_none patches/pmd-swap
	expect_same "$(tree_state)" "$before"
	expect 0 env SERIES_DIR="$WORK/series" scripts/prepare
	grep -q 'changed by' $T/mm/other.c
	expect_none 'changed by' $T/mm/first.c
	# A second list has the same commits, made or remembered.
	expect 0 env SERIES_DIR="$WORK/series" scripts/prepare --list
	expect_line suites "$(git -C $T rev-parse HEAD)"
	expect_line given "$(git -C $T rev-parse HEAD~1)"
	# Unlike our own, it is never left out.
	echo thp_swpout_pmd >>"$K/mm/vmstat.c"
	expect 0 env SERIES_DIR="$WORK/series" KDIR="$K" scripts/prepare
	grep -q 'changed by' $T/mm/other.c
	expect 0 scripts/prepare
	expect_same "$(tree_state)" "$before"
}

run_cases fresh same_commits_everywhere nothing_changed changed_patch \
	patch_added_and_removed suite_added_and_removed \
	edit_of_a_suite_is_there_at_once local_edit_is_kept local_edit_in_the_way \
	own_commits patch_that_fails patch_of_a_missing_file no_mail_no_patch \
	stub_that_the_kernel_has newer_base tree_removed broken_download \
	another_series
