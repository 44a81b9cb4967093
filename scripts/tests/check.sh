#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: check.sh
#
# Tests of scripts/check, on a tiny kernel that gcc really compiles and whose suite
# really runs: a good series, ten bad ones, and what is not done twice.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"
. "${BASH_SOURCE[0]%/*}/compiled.sh"

# patch SUBJECT FILE SED...: one more commit, and the series anew.
patch()
{
	local subject=$1 file=$2
	shift 2
	sed -i "$@" "$WORK/git/$file"
	git -C "$WORK/git" add -Af
	git -C "$WORK/git" commit -qsm "$subject"
	rm -rf "$WORK/series"
	git -C "$WORK/git" format-patch -q -o "$WORK/series" main~"$(git -C "$WORK/git" rev-list --count main ^"$(git -C "$K" rev-parse main)")"
}

good_patch() { patch 'mm: count better' mm/vmstat.c 's/return mm->rss/return 0 + mm->rss/'; }

check() { env KDIR="$K" SERIES="$WORK/series" FAST=1 "$@" scripts/check; }

# row NUMBER COLUMN: what the table says.
row()
{
	python3 - "$@" <<-'EOF'
		import json, sys
		report = json.load(open('build/check/report.json'))
		patch = report['patches'][int(sys.argv[1]) - 1]
		print(patch['checks'].get(sys.argv[2], {'status': 'no cell'})['status'])
	EOF
}

expect_row()
{
	local wanted=$1
	shift
	[[ $(row "$@") == "$wanted" ]] || {
		echo "wanted $wanted at patch $1, $2; it is $(row "$@")"
		cat "$WORK/out"
		return 1
	}
}

a_good_series()
{
	local column
	new_check_project
	good_patch
	# With a new file.
	echo 'extern int two; int two = 2;' >"$WORK/git/mm/two.c"
	patch 'mm: count twice' mm/vmstat.c 's/0 + mm/0 + 0 + mm/'
	expect 0 check FAST=
	for column in applies checkpatch kernel-doc names default thp-off sparse suites; do
		expect_row ok 1 "$column"
		expect_row ok 2 "$column"
	done
	expect_line 'ready: all checks that were run passed for 2 patches'
	expect_line 'Not run: coverage' 'scripts/coverage is not there'
	grep -q 'each patch: all KUnit suites pass' build/check/report.txt
	grep -q 'Not run: .*coverage (scripts/coverage is not there)' build/check/report.txt
	grep -q 'Not run: .*UNKNOWN_COMMIT_ID of checkpatch.pl' build/check/report.txt
	python3 -c 'import xml.etree.ElementTree as e; assert len(list(e.parse("build/check/report.xml").iter("testcase"))) > 15'
	grep -q 'count twice' build/check/report.html
	expect_none 'src=\|href=' build/check/report.html
}

does_not_apply()
{
	new_check_project
	good_patch
	patch 'mm: on sand' mm/vmstat.c 's/0 + mm/1 + mm/'
	sed -i 's/return 0 + mm/return 9 + mm/' "$WORK"/series/0002*
	patch_after='mm: never tried'
	cp "$WORK"/series/0002* "$WORK/series/0003-later.patch"
	sed -i "s/mm: on sand/$patch_after/" "$WORK/series/0003-later.patch"
	expect 1 check
	expect_row ok 1 suites
	expect_row FAIL 2 applies
	expect_row 'no cell' 2 default
	expect_row 'not run' 3 applies
	expect_line 'does not apply at mm/vmstat.c:' '.rej'
	expect_line 'What to do: rebase'
	expect_line 'not ready: failures in 1 of 3 patches'
}

does_not_build()
{
	new_check_project
	patch 'mm: no type' mm/fork.c 's/^int copy_entry/in copy_entry/'
	expect 1 check
	expect_row FAIL 1 default
	expect_row 'not run' 1 suites
	expect_line 'mm/fork.c:3' error
	expect_line 'What to do: mend this patch'
}

breaks_at_2_and_heals_at_3()
{
	new_check_project
	good_patch
	patch 'mm: broken' mm/fork.c 's/return 0;/return nought;/'
	patch 'mm: healed' mm/fork.c 's/return nought;/return 0;/'
	expect 1 check
	expect_row ok 1 suites
	expect_row FAIL 2 default
	expect_row ok 3 default
	expect_row ok 3 suites
	expect_line 'patch 3 mends it' 'mm: healed' 'squash' 'patch 2'
}

new_warning()
{
	new_check_project
	# It was there before, and is not charged to the patch.
	sed -i 's/{$/{ int old;/' "$K/mm/vmstat.c"
	git -C "$K" commit -qam 'old warning'
	git -C "$WORK/git" pull -q "$K" main
	patch 'mm: a line up' mm/vmstat.c '1s/^/\n/'
	expect 0 check
	patch 'mm: unused' mm/fork.c 's/^{$/{\n\tint unused;\n/'
	expect 1 check
	expect_row ok 1 default
	expect_row FAIL 2 default
	expect_line 'mm/fork.c:5' 'unused variable'
	expect_none "'old'\|‘old’"
	# Known after this patch, so not charged to the next.
	patch 'mm: one more' mm/fork.c 's/return 0;/return 0 + 0;/'
	expect 1 check
	expect_row FAIL 2 default
	expect_row ok 3 default
}

warning_of_a_flavour()
{
	new_check_project
	# shellcheck disable=SC2016 # of sed
	patch 'mm: no huge pages' mm/fork.c '$a #ifdef THP_OFF\nstatic int alone;\n#endif'
	expect 0 check
	expect 1 check FAST=
	expect_row ok 1 default
	expect_row FAIL 1 thp-off
	expect_line alone 'defined but not used'
}

# W=1 and no warning of a plain build.
warning_of_extra()
{
	new_check_project
	patch 'mm: sign' mm/fork.c 's/return 0;/return (unsigned int)present > from->rss;/'
	expect 1 check
	expect_row FAIL 1 default
	expect_line 'mm/fork.c:9' 'Wsign-compare'
}

checkpatch_error()
{
	new_check_project
	patch 'mm: blank' mm/fork.c 's/return 0;/return 0; /'
	expect 1 check
	expect_row FAIL 1 checkpatch
	expect_row ok 1 suites
	expect_line '0001-mm-blank.patch' 'ERROR:TRAILING_WHITESPACE'
}

# A stand-in that reports as make coverage does, on the tree that is there.
fake_coverage()
{
	cat >scripts/coverage <<-'EOF'
		#!/usr/bin/env python3
		import json, os, subprocess, sys
		build = os.environ['BUILD']
		# It would compare with that commit.
		assert not os.environ.get('BASE')
		if len(sys.argv) > 1:
		    print('Usage: coverage\n\n-\n')
		    sys.exit(0)
		def git(*args):
		    return subprocess.run(['git', '-C', build + '/tree', *args], check=True,
		                          stdout=subprocess.PIPE, encoding='utf-8').stdout
		commits = git('rev-list', '--reverse', 'HEAD').split()
		lines = []
		for i, row in enumerate(git('blame', '-sl', 'mm/fork.c').splitlines()):
		    number, text = i + 1, row.split(') ', 1)[1].strip()
		    commit = next((n for n, c in enumerate(commits) if c.startswith(row[1:38].split()[0]) or row.startswith(c)), -1)
		    if text.startswith(('if ', 'to->', 'return')):
		        reached = {'one': 1}
		        lines.append({'name': f'mm/fork.c: f: {text}', 'file': 'mm/fork.c', 'line': number,
		            'function': 'f', 'source': text, 'patch': commit, 'suites': reached,
		            'branches': [{'side': 'a', 'suites': reached},
		                         {'side': 'b', 'suites': {} if '99' in text else reached}]
		            if text.startswith('if ') else []})
		os.makedirs(build + '/coverage', exist_ok=True)
		json.dump({'patches': [{'commit': c} for c in commits], 'lines': lines},
		          open(build + '/coverage/summary.json', 'w'))
	EOF
	chmod +x scripts/coverage
}

untested_branch()
{
	new_check_project
	fake_coverage
	patch 'mm: tested' mm/fork.c 's/return 0;/return 0 + 0;/'
	# As make calls it: with a BASE of no content.
	expect 0 check FAST= BASE=
	expect_row ok 1 coverage
	patch 'mm: never so large' mm/fork.c 's/^return 0 + 0/\tif (present == 99)\n\t\tto->rss = 0;\n&/'
	expect 1 check FAST=
	expect_row ok 1 coverage
	expect_row FAIL 2 coverage
	expect_line 'mm/fork.c:9' 'if (present == 99)' '-> b'
	expect_line 'What to do: write a case'
	# Listed with its reason, it is as good.
	mkdir -p coverage
	printf 'mm/fork.c: f: if (present == 99) -> b\n\tIt cannot be.\n' >coverage/unreached.txt
	expect 0 check FAST=
	expect_row ok 2 coverage
	# Of what make coverage could not count the report says so.
	sed -i "s/json.dump({/&'missing': ['gcov-swap-off is not counted: x.c:1: error'], /" scripts/coverage
	expect 0 check FAST=
	expect_line 'reached or excused; gcov-swap-off is not counted: x.c:1: error'
}

breaks_fork_accounting()
{
	new_check_project
	good_patch
	patch 'mm: no rss' mm/fork.c 's/to->rss += from->rss/to->rss += 0/'
	expect 1 check
	expect_row ok 1 suites
	expect_row FAIL 2 suites
	expect_row ok 2 default
	expect_line 'one.one_test_rss failed'
	expect_line 'Expected 512, is 0'
	expect_line 'SUITE=one make run'
	# What failed is looked at again, and only that.
	expect 1 check
	expect_line '[2/2] mm: no rss'
	expect_none '^\[[01]/'
	# What fails without the series is not the series' fault.
	git -C "$K" pull -q "$WORK/git" main
	patch 'mm: later' mm/vmstat.c 's/return 0/return 0 + 0/'
	expect 0 check
	expect_row ok 1 suites
	grep -q '1 fail without the series too' build/check/report.json
	grep -q 'suites: each patch: no case of the KUnit suites fails that passes without' build/check/report.txt
}

# A stand-in for make cross: x86_64 runs and fails as told, arm64 lacks its emulator.
fake_cross()
{
	cat >scripts/cross <<-'EOF'
		#!/bin/bash
		# Usage: cross
		#
		# -
		[[ ! ${1:-} ]] || { sed -n 2,4p "$0"; exit; }
		echo "asked for $ARCH"
		echo "cross: arm64-4k: packages are missing, as root do: apt-get install qemu-system-arm" >&2
		mkdir -p "$BUILD/cross/x86_64"
		grep -q bad "$BUILD/tree/arch/x86/bits.h" && status=FAIL || status=PASS
		printf '{"name": "", "test_cases": [], "misc": {"errors": 0}, "sub_groups": [{"name": "one", "sub_groups": [], "test_cases": [{"name": "one_bits", "status": "%s"}]}]}' \
			"$status" >"$BUILD/cross/x86_64/results.json"
		echo 'Linux version 7.3.0-fake' >"$BUILD/cross/x86_64/test.log"
		exit 2
	EOF
	chmod +x scripts/cross
}

other_architectures()
{
	new_check_project
	fake_cross
	mkdir -p "$WORK"/git/arch/{x86,arm64}
	touch "$WORK"/git/arch/{x86,arm64}/bits.h
	good_patch
	expect 0 check FAST=
	expect_line 'end cross x86_64' 'ok  1 cases passed'
	expect_line 'Not run: cross arm64-4k' 'qemu-system-arm'
	# What ran was compiled.
	expect_line 'Not run: compiling of arch/arm64/bits.h (not part'
	echo bad >"$WORK/git/arch/x86/bits.h"
	patch 'x86: more bits' arch/x86/bits.h 's/bad/bad bits/'
	expect 1 check FAST=
	expect_line 'cross x86_64' FAIL
	expect_line 'one.one_bits failed'
	expect_line 'What to do: make cross ARCH=x86_64'
}

old_kconfig_name()
{
	new_check_project
	patch 'mm: old gate' mm/Kconfig '3a config USES_IT\n\tdepends on ARCH_ENABLE_THP_MIGRATION\n'
	expect 1 check
	expect_row FAIL 1 names
	expect_line 'mm/Kconfig:' 'ARCH_ENABLE_THP_MIGRATION is called ARCH_HAS_PMD_SOFTLEAVES'
}

replaced_helper()
{
	new_check_project
	# shellcheck disable=SC2016 # of sed
	patch 'mm: old helper' mm/fork.c '$a /* non_swap_entry() of old, is_pmd_migration_entry() */'
	expect 1 check
	expect_row FAIL 1 names
	expect_line 'mm/fork.c:11' 'non_swap_entry() was replaced by !softleaf_is_swap()'
	# Moving a use is no new one.
	patch 'mm: moved' mm/fork.c '/non_swap_entry/{s/ of old/ of yore/}'
	expect 1 check
	expect_row ok 2 names
}

kernel_doc()
{
	new_check_project
	patch 'mm: no word of it' mm/vmstat.c 's/ \* @mm: which/ */'
	expect 1 check
	expect_row FAIL 1 kernel-doc
	expect_line 'mm/vmstat.c:1' "'mm' not described"
}

sparse_says()
{
	type -P sparse >/dev/null || skip "needs sparse"
	new_check_project
	patch 'mm: null' mm/fork.c 's/return 0;/return !(from != 0);/'
	expect 1 check
	expect_row FAIL 1 sparse
	expect_line 'mm/fork.c:9' 'Using plain integer as NULL pointer'
}

empty_mbox()
{
	new_check_project
	true >"$WORK/empty.mbox"
	expect 2 check SERIES="$WORK/empty.mbox"
	expect_one_line "$WORK/empty.mbox is empty"
	expect 2 check SERIES=- </dev/null
	expect_line 'standard input'
	mkdir "$WORK/nothing"
	expect 2 check SERIES="$WORK/nothing"
	expect_one_line 'has no *.patch'
	expect 2 check SERIES="$WORK/nowhere"
	expect_one_line 'neither a folder, nor a file'
}

not_a_patch()
{
	new_check_project
	expect 2 check SERIES="$TOP/COPYING"
	expect_one_line COPYING 'not a patch' 'git format-patch'
	good_patch
	echo 'Not a patch at all' >"$WORK/series/0002-letter.patch"
	expect 1 check
	expect_row ok 1 suites
	expect_row FAIL 2 applies
	expect_line 'no diff in it'
}

mailbox_and_standard_input()
{
	new_check_project
	good_patch
	patch 'mm: count twice' mm/vmstat.c 's/0 + mm/0 + 0 + mm/'
	git -C "$WORK/git" format-patch -q --stdout --cover-letter main~2 >"$WORK/all.mbox"
	expect 0 check SERIES="$WORK/all.mbox"
	expect_row ok 2 suites
	expect_line 'Checking 2 patches'
	expect 0 check SERIES=- <"$WORK/all.mbox"
	expect_line 'Checking 2 patches of standard input'
	mkdir -p "$WORK"/maildir/{cur,new,tmp}
	git -C "$WORK/git" mailsplit -o"$WORK/maildir/cur" "$WORK/all.mbox" >/dev/null
	expect 0 check SERIES="$WORK/maildir"
	expect_line 'Checking 2 patches'
	expect 0 make check KDIR="$K" SERIES=- FAST=1 <"$WORK/all.mbox"
	expect_line 'ready'
}

# The same series as commits of a tree, which is not touched.
range_of_a_tree()
{
	local before verdict
	new_check_project
	good_patch
	patch 'mm: no rss' mm/fork.c 's/to->rss += from->rss/to->rss += 0/'
	expect 1 check
	verdict=$(checks)
	echo uncommitted >"$WORK/git/mm/fork.c"
	touch "$WORK/git/mm/vmstat.c"
	before=$(file_stamps "$WORK/git")
	expect 1 env KDIR="$WORK/git" RANGE=main~2..main FAST=1 scripts/check
	expect_same "$(checks)" "$verdict"
	expect_line 'commit ' 'no rss'
	expect_same "$(file_stamps "$WORK/git")" "$before"
	rm -rf build
	expect 1 env KDIR="$WORK/git" RANGE=main~2.. FAST=1 scripts/check
	expect_same "$(checks)" "$verdict"
	expect_same "$(file_stamps "$WORK/git")" "$before"
}

checks()
{
	python3 - <<-'EOF'
		import json
		for patch in json.load(open('build/check/report.json'))['patches']:
		    print(patch['subject'], {k: v['status'] for k, v in patch['checks'].items()})
	EOF
}

# b4 keeps the cover letter in a commit without a change.
empty_commits()
{
	local range=(env KDIR="$WORK/git" FAST=1)
	new_check_project
	git -C "$WORK/git" commit -q --allow-empty -sm 'Cover letter'
	expect 2 "${range[@]}" RANGE=main~1.. scripts/check
	expect_one_line 'RANGE=main~1..' 'empty commits only'
	good_patch
	git -C "$WORK/git" commit -q --allow-empty -sm 'Another'
	patch 'mm: other' mm/fork.c 's/return 0;/return 0 + 0;/'
	expect 0 "${range[@]}" RANGE=main~4.. scripts/check
	expect_line 'Checking 2 patches'
	expect_same "$(origin 1)" "commit $(git -C "$WORK/git" rev-parse --short main~2)"
}

origin() { python3 -c 'import json, sys; print(json.load(open("build/check/report.json"))["patches"][int(sys.argv[1]) - 1]["origin"])' "$1"; }

# encode HOW FILE: the mail in the encoding HOW.
encode()
{
	python3 - "$@" <<-'EOF'
		import base64, quopri, sys
		how, path = sys.argv[1:]
		data = open(path, 'rb').read()
		head, body = data.split(b'\n\n', 1)
		body = base64.encodebytes(body) if how == 'base64' else quopri.encodestring(body)
		open(path, 'wb').write(head + b'\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8'
		                       b'\nContent-Transfer-Encoding: ' + how.encode() + b'\n\n' + body)
	EOF
}

mails_as_they_come()
{
	local how
	new_check_project
	patch 'mm: blank' mm/fork.c 's/return 0;/return 0; /'
	encode base64 "$WORK"/series/0001*
	expect 1 check
	expect_row FAIL 1 checkpatch
	expect_row ok 1 suites
	git -C "$WORK/git" reset -q --hard main~1
	good_patch
	cp "$WORK"/series/0001* "$WORK/plain"
	for how in quoted-printable base64; do
		encode "$how" "$WORK"/series/0001*
		expect 0 check
		expect_row ok 1 checkpatch
		cp "$WORK/plain" "$WORK"/series/0001*
	done
	sed -i 's/$/\r/' "$WORK"/series/0001*
	expect 0 check
	# A file that has lines of that kind keeps them.
	patch 'mm: lines' mm/vmstat.c 's/$/\r/'
	expect 0 check
	grep -q $'\r' build/check/tree/mm/vmstat.c
	patch 'mm: lines back' mm/vmstat.c 's/\r$//'
	git -C "$WORK/git" format-patch -q --stdout -2 >"$WORK/two.patch"
	rm "$WORK"/series/*
	mv "$WORK/two.patch" "$WORK/series/"
	git -C "$WORK/git" branch before main~2
	git -C "$K" pull -q "$WORK/git" before
	expect 0 check
	expect_line 'Checking 2 patches'
	expect_same "$(origin 2)" "$WORK/series/two.patch, mail 2"
}

# What somebody has set for his own eyes is no matter of the patches.
settings_of_the_user()
{
	local setting
	new_check_project
	good_patch
	for setting in diff.noprefix=true diff.context=0 format.suffix=.txt color.ui=always color.diff=always \
		diff.mnemonicPrefix=true format.signOff=true; do
		git -C "$WORK/git" config "${setting%=*}" "${setting#*=}"
	done
	# Another than the author signs.
	git -C "$WORK/git" config user.email another@localhost
	expect 0 env KDIR="$WORK/git" RANGE=main~1.. FAST=1 scripts/check
	expect_row ok 1 applies
	expect_same "$(grep -c Signed-off-by "$P"/build/check/series/0001*)" 1
	cd "$WORK/git"
	# That it is of HEAD is seen, else it would not apply.
	expect 0 env -u KDIR BUILD="$P/build" "$P/scripts/check" --b4 <"$WORK"/series/0001*
	expect 0 env SERIES_LENGTH=0 KDIR="$K" SERIES="$WORK/series" FAST=1 "$P/scripts/check"
}

# A file that moves brings what was said of it along.
a_move_adds_nothing()
{
	new_check_project
	sed -i 's/ \* @mm: which/ */; s/{$/{ int old; /' "$K/mm/vmstat.c"
	git -C "$K" commit -qam 'old sins'
	git -C "$WORK/git" pull -q "$K" main
	git -C "$WORK/git" mv mm/vmstat.c mm/count.c
	patch 'mm: move' mm/count.c 's/return mm->rss/return 0 + mm->rss/'
	expect 0 check
	expect 0 env KDIR="$WORK/git" RANGE=main~1.. FAST=1 scripts/check
	expect_row ok 1 checkpatch
	expect_row ok 1 kernel-doc
	expect_row ok 1 default
}

sparse_gives_up()
{
	type -P sparse >/dev/null || skip "needs sparse"
	new_check_project
	# A keyword of gcc that it does not know.
	echo '[[gnu::unused]] static int unused;' >>"$K/mm/fork.c"
	git -C "$K" commit -qam keyword
	git -C "$WORK/git" pull -q "$K" main
	patch 'mm: null' mm/fork.c 's/return 0;$/return !(from != 0);/'
	expect 0 check
	expect_row 'not run' 1 sparse
	expect_line 'Not run: sparse of patch 1 (sparse gives up on mm/fork.c: mm/fork.c:11: error:'
}

# shellcheck disable=SC2016 # of sed
a_patch_is_missing()
{
	local n
	new_check_project
	for n in 1 2 3; do
		patch "mm: number $n" mm/fork.c '$a /* more */'
	done
	sed -i '/^@@/,/^-- $/d' "$WORK"/series/0002*
	sed -i '/^diff --git/,/^+++/d' "$WORK"/series/0002*
	expect 1 check
	expect_row FAIL 2 applies
	expect_line 'no diff in it'
	# As a mail among others, too.
	cat "$WORK"/series/*.patch >"$WORK/all.mbox"
	expect 1 check SERIES="$WORK/all.mbox"
	expect_row FAIL 2 applies
	expect_line 'no diff in it'
	rm "$WORK"/series/*
	for n in vmstat fork; do
		patch "mm: of $n" "mm/$n.c" '1i /* first */'
	done
	sed -i 's,PATCH [45]/5\],PATCH 5/6],; s,PATCH \([123]\)/5\],PATCH \1/6],' "$WORK"/series/000[1-35]*
	rm "$WORK"/series/0004*
	expect 1 check
	expect_line 'complete: 2 patches missing'
	expect_line 'no mail is [PATCH 4/6]'
	expect_line 'no mail is [PATCH 6/6]'
	# An answer is none of it, and no cover letter hides behind its encoding.
	sed -i 's,PATCH [1235]/6\],PATCH],' "$WORK"/series/*
	{ sed 's/^Subject: /Subject: Re: /' "$WORK"/series/0001*; cat "$WORK"/series/*.patch; } >"$WORK/all.mbox"
	expect 0 check SERIES="$WORK/all.mbox"
	expect_line 'Checking 4 patches'
	expect_line 'Not run: a mail without a patch' 'Re: [PATCH] mm: number 1'
	printf 'From: A <a@b>\nSubject: =?UTF-8?q?=5BPATCH_0/4=5D_mm=3A_cover?=\n\nWhy\n' >"$WORK/series/cover.patch"
	expect 0 check
	expect_line 'Checking 4 patches'
	expect_none 'a mail without a patch'
	sed 's/^Subject: .*/Subject: all of it/' "$WORK/series/cover.patch" >"$WORK/series/v2-0000-cover-letter.patch"
	expect 0 check
	expect_line 'Checking 4 patches'
}

mails_that_git_am_refuses()
{
	new_check_project
	good_patch
	sed 's/^Date: .*/Date: yesterday/' "$WORK"/series/0001* >"$WORK/series/0002-date.patch"
	expect 1 check
	expect_row ok 1 suites
	expect_row FAIL 2 applies
	expect_line 'its Date: is none, yesterday'
	# Not one of a mail, but git knows it.
	sed -i 's/^Date: .*/Date: 2026-11-20 10:00:00 +0000/' "$WORK"/series/0001*
	rm "$WORK"/series/0002*
	expect 0 check
	patch 'mm: second' mm/fork.c 's/return 0;/return 0 + 0;/'
	sed -i '/^Subject: /d' "$WORK"/series/0002*
	expect 1 check
	expect_row FAIL 2 applies
	expect_line 'a diff without From: and Subject:'
}

# Of two kernels each is asked by its own checkpatch.pl.
# shellcheck disable=SC2016 # of perl
checkpatch_of_the_kernel()
{
	new_check_project
	good_patch
	expect 0 check
	sed -i '3s/.*/print "$file:1: ERROR:STRICTER: stricter\\n";\n&/' "$K/scripts/checkpatch.pl"
	git -C "$K" commit -qam 'checkpatch: be strict'
	expect 1 check
	expect_row FAIL 1 checkpatch
	expect_line 'ERROR:STRICTER'
}

what_a_kernel_may_say()
{
	new_check_project
	good_patch
	ln -s nowhere 'kunit/.#one_kunit.c'
	sed -i 's/Expected 512, is/Expected \\033[1m512, is/' kunit/one_kunit.c
	patch 'mm: no rss' mm/fork.c 's/to->rss += from->rss/to->rss += 0/'
	expect 1 check
	expect_row FAIL 2 suites
	python3 -c 'import xml.etree.ElementTree as e; assert "[1m512, is 0" in e.parse("build/check/report.xml").find(".//failure").text'
	expect 2 scripts/check --fast
	expect_one_line 'not understood: --fast'
}

# Our own series, on the base kernel: the end is run where make run built it.
our_own_series()
{
	new_check_project
	good_patch
	cp "$WORK"/series/*.patch patches/pmd-swap/
	rm -rf "$K/.git"
	new_base 7.3-1
	expect 0 env CONFIG=debug scripts/run
	expect 0 scripts/check
	expect_line 'ready' '1 patch'
	[[ ! -e build/check/debug && -e build/kasan ]]
	# But not where somebody edited the tree.
	echo '/* edit */' >>build/tree/mm/fork.c
	rm -rf build/check/cache build/debug
	expect 0 scripts/check
	[[ -e build/check/debug && ! -e build/debug ]]
}

ranges_that_cannot_be()
{
	new_check_project
	good_patch
	expect 2 env RANGE=a..b scripts/check
	expect_one_line 'give KDIR=path'
	expect 2 env KDIR="$WORK/git" scripts/check
	expect_one_line 'RANGE=a..b'
	expect 2 env KDIR="$WORK/git" RANGE=a..b SERIES=x scripts/check
	expect_one_line 'give one of them'
	expect 2 env KDIR="$WORK/git" RANGE=main scripts/check
	expect_one_line 'RANGE=main' 'a..b'
	expect 2 env KDIR="$WORK/git" RANGE=nosuch..main scripts/check
	expect_one_line 'no revision nosuch'
	expect 2 env KDIR="$WORK/git" RANGE=main..main scripts/check
	expect_one_line 'is empty'
	expect 2 env KDIR="$WORK/git" RANGE=main..main~1 scripts/check
	expect_one_line 'no ancestor'
	expect 2 env KDIR="$WORK" RANGE=main..main~1 scripts/check
	expect_one_line 'no git repository'
	expect 2 env KDIR="$K" SERIES=x FAST=yes scripts/check
	expect_one_line 'FAST=yes'
}

# How often the compiler was called: objects are written anew each time.
objects() { find build/check/default -name '*.o' -printf '%p %T@\n' | sort; }

what_is_known_is_not_done_again()
{
	local before
	new_check_project
	good_patch
	patch 'mm: other' mm/fork.c 's/return 0;/return 0 + 0;/'
	expect 0 check
	expect_line '[0/2]'
	expect_line '[2/2]'
	before=$(objects)
	expect 0 check
	expect_none '^\['
	expect_same "$(objects)" "$before"
	# Another message is another patch for checkpatch only.
	git -C "$WORK/git" commit -q --amend -sm 'mm: other words'
	patch 'mm: third' mm/fork.c 's/0 + 0/0 + 0 + 0/'
	expect 0 check
	expect_none '^\[[012]/'
	expect_line '[3/3]'
	# Another suite is another kernel.
	sed -i 's/Linux version 7.3.0-fake/Linux version 7.3.1-fake/' kunit/one_kunit.c
	expect 0 check
	expect_line '[0/3]'
	expect_line '[3/3]'
	# What failed is looked at again.
	patch 'mm: broken' mm/fork.c 's/return 0/return nought/'
	expect 1 check
	expect 1 check
	expect_line '[4/4]'
	expect_none '^\[3/'
}

one_patch_for_b4()
{
	new_check_project
	good_patch
	patch 'mm: no rss' mm/fork.c 's/to->rss += from->rss/to->rss += 0/'
	cd "$WORK/git"
	b4() { env -u KDIR BUILD="$P/build" "$P/scripts/check" --b4; }
	expect 0 b4 <"$WORK"/series/0001*
	[[ ! -s $WORK/out ]] || { cat "$WORK/out"; return 1; }
	expect 1 b4 <"$WORK"/series/0002*
	expect_line 'suites: ERROR: one.one_test_rss failed'
	# Not committed yet: on top of HEAD.
	git checkout -qb side HEAD~1
	expect 1 b4 <"$WORK"/series/0002*
	expect_line 'suites: ERROR: one.one_test_rss failed'
	expect 2 b4 <"$TOP/COPYING"
	expect_one_line 'not a patch'
}

pre_push_recipe()
{
	new_check_project
	git init -q --bare "$WORK/other"
	cd "$WORK/git"
	git remote add origin "$WORK/other"
	git push -q origin main:master
	recipe 2 >.git/hooks/pre-push
	chmod +x .git/hooks/pre-push
	grep -q scripts/check .git/hooks/pre-push
	export BUILD=$P/build
	good_patch
	expect 0 git push origin main:topic
	expect_line 'ready'
	patch 'mm: no rss' mm/fork.c 's/to->rss += from->rss/to->rss += 0/'
	expect 1 git push origin main:topic
	expect_line 'Checking 1 patch'
	expect_line 'one.one_test_rss failed'
	expect_same "$(git -C "$WORK/other" rev-parse topic)" "$(git rev-parse main~1)"
	# A second version is no descendant of the first.
	git reset -q --hard main~1
	git commit -q --amend -m 'mm: the same in other words' -m 'Why it changes.' -s
	expect 0 git push -f origin main:topic
	expect_line 'Checking 1 patch'
	expect_line 'ready'
	# What is there already is nothing to look at.
	expect 0 git push origin origin/master:refs/heads/again
	unset BUILD
}

# A hook is told where its tree is; ours are other trees.
called_by_git()
{
	new_check_project
	good_patch
	expect 0 env GIT_DIR="$WORK/nowhere" GIT_WORK_TREE="$WORK/nowhere" GIT_INDEX_FILE="$WORK/nowhere" \
		KDIR="$WORK/git" RANGE=main~1..main FAST=1 scripts/check
	expect_line 'ready'
}

two_at_once_and_ctrl_c()
{
	local pid
	new_check_project
	good_patch
	# A suite that takes its time, and tells that it began.
	sed -i "s:struct mm parent:extern unsigned int sleep(unsigned int);\n\tfclose(fopen(\"$WORK/began\", \"w\"));\n\tsleep(20);\n\tstruct mm parent:" kunit/one_kunit.c
	env KDIR="$K" SERIES="$WORK/series" FAST=1 setsid scripts/check >"$WORK/first" 2>&1 &
	pid=$!
	for _ in {1..200}; do
		[[ ! -e $WORK/began ]] || break
		sleep 0.1
	done
	[[ -e $WORK/began ]]
	expect 2 check
	expect_one_line 'in use by check'
	kill -INT "$pid"
	wait "$pid" || (($? == 130))
	expect_same "$(pgrep -f "^$P/build/check/default/linux" || true)" ''
	# Nothing half made was left.
	sed -i 's/sleep(20)/sleep(0)/' kunit/one_kunit.c
	expect 0 check
}

run_cases_at_once a_good_series does_not_apply does_not_build breaks_at_2_and_heals_at_3 new_warning \
	warning_of_a_flavour warning_of_extra checkpatch_error untested_branch \
	breaks_fork_accounting other_architectures old_kconfig_name replaced_helper kernel_doc sparse_says empty_mbox \
	not_a_patch mailbox_and_standard_input mails_as_they_come mails_that_git_am_refuses a_patch_is_missing \
	empty_commits settings_of_the_user a_move_adds_nothing sparse_gives_up checkpatch_of_the_kernel \
	what_a_kernel_may_say range_of_a_tree our_own_series ranges_that_cannot_be \
	what_is_known_is_not_done_again one_patch_for_b4 pre_push_recipe called_by_git two_at_once_and_ctrl_c
