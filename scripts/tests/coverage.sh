#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: coverage.sh
#
# Tests of scripts/coverage and coverage/*.py, on a kernel of one file that is really
# compiled with counters; lcov and kunit.py are stood in for.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

coverage() { env KDIR="$K" PATH="$WORK/bin:$PATH" "$@" scripts/coverage; }

# patch NUMBER: what the series repository has changed since, as a patch of the series.
patch()
{
	git -C "$S" add -A
	git -C "$S" -c user.name=A -c user.email=a@localhost commit -qm "mm: patch $1"
	git -C "$S" format-patch -q -1 --start-number="$1" -o "$P/patches/pmd-swap"
}

# A line of the file, after the line that is given.
insert() { sed -i "/$1/a\\$2" "$S/mm/code.c"; }

new_coverage_project()
{
	new_project
	rm "$P"/patches/pmd-swap/* "$P/kunit/one_kunit.c"
	S=$WORK/series
	rm -rf "$S" "${WORK:?}/bin"
	cp "$TOP/scripts/tests/fake_gcov_kunit.py" "$K/tools/testing/kunit/kunit.py"
	# Both build the same.
	# shellcheck disable=SC2016 # make expands it
	printf 'all:\n\t@tools/testing/kunit/kunit.py build --build_dir=$(O)\n' >>"$K/Makefile"
	cat >"$K/mm/code.c" <<-'EOF'
		int counter;

		int more(int x);

		int code(int x)
		{
			counter++;
			/* more of code */
			return 0;
		}
		/* the end */
	EOF
	cp -r "$K" "$S"
	git -C "$S" init -q
	git -C "$S" add -A
	git -C "$S" -c user.name=A -c user.email=a@localhost commit -qm pristine
	insert 'more of code' '\tif (x == 1)\n\t\tcounter = 10;'
	patch 1
	insert 'the end' 'int more(int x)\n{\n\tif (x > 4 \&\& counter)\n\t\tcounter += 1;\n\tcounter += 2;\n\treturn counter;\n}'
	patch 2
	echo 'static void one(void) { code(1); }' >kunit/one_kunit.c
	echo 'int more(int); static void two(void) { more(3); more(5); }' >kunit/two_kunit.c
	echo 'config TWO_KUNIT_TEST' >>kunit/Kconfig
	mkdir "$WORK/bin"
	for name in lcov geninfo genhtml; do
		ln -s "$TOP/scripts/tests/fake_lcov.py" "$WORK/bin/$name"
	done
	printf '# The one side that nobody takes.\n%s\n\t%s\n' \
		'mm/code.c: more: if (x > 4 && counter) -> counter += 2; #2' \
		'The counter is never 0 by then.' >coverage/unreached.txt
}

in_git()
{
	printf '/build/\n' >.gitignore
	git init -q
	git add -A
	git -c user.name=A -c user.email=a@localhost commit -qm first
}

summary() { python3 -c "import json; d = json.load(open('build/coverage/summary.json')); print($1)"; }

lines_of() { summary "[' '.join(sorted(l['suites'])) for l in d['lines'] if l['source'] == '$1']"; }

passes()
{
	new_coverage_project
	expect 0 coverage
	expect_line ' 1 mm: patch 1' '2 of 2    100.0 %      2 of 2    100.0 %'
	expect_line ' 2 mm: patch 2' '5 of 5    100.0 %      3 of 4     75.0 %'
	expect_line 'mm/code.c:16 more(): if (x > 4 && counter)  -> counter += 2; #2'
	expect_line 'listed: The counter is never 0 by then.'
	expect_line 'Branches' '5 of 6     83.3 %' 'that can be reached     5 of 5    100.0 %'
	expect_same "$(summary "d['schema'], d['totals']['lines'], d['totals']['branches_reached']")" \
		'softleaf-coverage-1 7 5'
	[[ -s build/coverage/html/index.html && -s build/coverage/html/patch-0002.html ]]
	python3 -c "from xml.dom import minidom; minidom.parse('build/coverage/html/heatmap.svg')"
	grep -q '^SF:.*/mm/code.c$' build/coverage/coverage.info
}

which_suite()
{
	new_coverage_project
	expect 0 coverage
	expect_same "$(lines_of 'counter = 10;')" "['one one [swap-off]']"
	expect_same "$(lines_of 'counter += 2;')" "['two two [swap-off]']"
	# The boot does it, and so does each suite: one of them does it once more.
	expect_same "$(lines_of 'if (x == 1)')" "['boot boot [swap-off] one one [swap-off]']"
}

unreached_and_not_listed()
{
	new_coverage_project
	: >coverage/unreached.txt
	expect 1 coverage
	expect_line 'FAILED: unreached, and not in' 'mm/code.c: more: if (x > 4 && counter) -> counter += 2; #2' 'mm/code.c:16'
}

new_untested_branch()
{
	new_coverage_project
	expect 0 coverage
	insert 'more of code' '\tif (x == 123)\n\t\tcounter = 123;'
	patch 3
	expect 1 coverage
	expect_line 'FAILED: unreached' 'mm/code.c: code: if (x == 123) -> counter = 123;'
	expect_line 'FAILED: unreached' 'mm/code.c: code: counter = 123; (mm/code.c:10)'
	# Edits of the prepared tree count too.
	rm patches/pmd-swap/0003*
	expect 0 coverage
	sed -i 's/counter += 2;/if (x == 77)\n\t\t&\n\t&/' build/tree/mm/code.c
	expect 1 coverage
	expect_line '3 (not committed)'
	expect_line 'FAILED: unreached' 'if (x == 77) -> counter += 2;'
}

listed_and_reached()
{
	new_coverage_project
	printf 'mm/code.c: code: counter = 10;\nmm/code.c: code: counter = 11;\n\tNobody gets there.\n' >>coverage/unreached.txt
	expect 1 coverage
	expect_line 'FAILED: in coverage/unreached.txt, and reached: mm/code.c: code: counter = 10;'
	expect_line 'FAILED: in coverage/unreached.txt, and not in the series: mm/code.c: code: counter = 11;'
}

list_without_a_reason()
{
	new_coverage_project
	echo 'mm/code.c: code: counter = 10;' >>coverage/unreached.txt
	expect 2 coverage
	expect_line 'no reason for "mm/code.c: code: counter = 10;"'
}

assertions_do_not_count()
{
	new_coverage_project
	insert 'counter++' '\tif (WARN_ON(x == 99 ||\n\t\t    x == 98))\n\t\tcounter++;'
	sed -i '1i #define WARN_ON(x) (x)' "$S/mm/code.c"
	patch 3
	expect 1 coverage
	expect_line ' 3 mm: patch 3' '0 of 1      0.0 %      0 of 0'
}

# --- runs --------------------------------------------------------------------

only_what_changed_is_run()
{
	new_coverage_project
	expect 0 coverage
	expect_line 'Running 6 of 6 suites'
	expect 0 coverage
	expect_line 'Nothing changed: no suite is run again'
	echo '/* changed */' >>kunit/two_kunit.c
	expect 0 coverage
	expect_line 'Running 2 of 6 suites'
	echo '/* changed */' >>kunit/fixtures/mm.h
	expect 0 coverage
	expect_line 'Running 6 of 6 suites'
}

# What a suite no longer reaches is unreached, whatever was counted before.
stale_counters()
{
	new_coverage_project
	expect 0 coverage
	expect_same "$(summary "d['totals']['branches_reached']")" 5
	echo 'static void one(void) { code(2); }' >kunit/one_kunit.c
	expect 1 coverage
	expect_line 'Running 2 of 6 suites'
	expect_line 'FAILED: unreached' 'mm/code.c: code: counter = 10;'
	expect_same "$(lines_of 'counter = 10;')" "['']"
	[[ ! $(find build -name '*.gcda') ]]
}

failing_case()
{
	new_coverage_project
	expect 1 coverage FAKE_KUNIT=fail:two
	expect_line 'FAILED: suite two' 'two.works'
	expect_line 'No coverage is reported: 2 of 6 suites failed'
	[[ $(<"$WORK/out") != *unreached* && ! -e build/coverage/summary.json ]]
	# It is not remembered.
	expect 0 coverage
	expect_line 'Running 2 of 6 suites'
}

panic()
{
	new_coverage_project
	expect 1 coverage FAKE_KUNIT=panic:one
	expect_line 'FAILED: suite one' 'Kernel panic' 'build/coverage/suites/one/test.log'
	[[ $(<"$WORK/out") != *unreached* ]]
}

# Ctrl-C: to the whole process group, while a suite runs.
interrupted()
{
	new_coverage_project
	expect 0 env KDIR="$K" PATH="$WORK/bin:$PATH" FAKE_KUNIT=hang:one python3 - <<-'EOP'
		import os, signal, subprocess, sys, time
		# Who runs the tests may have it ignored.
		signal.signal(signal.SIGINT, signal.default_int_handler)
		run = subprocess.Popen(['scripts/coverage'], start_new_session=True,
		                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		while not os.path.exists('build/coverage/suites/one.tmp/hangs'):
		    assert run.poll() is None
		    time.sleep(0.1)
		os.killpg(run.pid, signal.SIGINT)
		assert run.wait(100) == 130, run.returncode
		# The sleep of the progress line may outlive it.
		for wait in range(50):
		    time.sleep(0.1)
		    rows = subprocess.check_output(['ps', '-eo', 'pgid=,comm='], text=True).splitlines()
		    left = [row for row in rows if row.split()[0] == str(run.pid) and 'sleep' not in row]
		    if not left:
		        sys.exit(0)
		sys.exit(f'{left} still runs')
	EOP
	[[ ! -e build/coverage/suites/one.tmp && ! -e build/coverage/summary.json ]]
	expect 0 coverage
}

no_counters()
{
	new_coverage_project
	sed -i 's/subprocess.run(\[out/subprocess.run(["true", out/' "$K/tools/testing/kunit/kunit.py"
	expect 1 coverage
	expect_line 'FAILED: suite one' 'the kernel wrote no counters at its exit'
}

lcov_fails()
{
	new_coverage_project
	expect 1 coverage FAKE_LCOV=geninfo
	expect_line 'FAILED: suite one' 'lcov failed: geninfo: ERROR: as was asked for'
	expect 0 coverage FAKE_LCOV=genhtml
	expect_line 'genhtml failed' build/coverage/genhtml.log
}

no_network_for_lcov()
{
	type -P apt-get >/dev/null || skip "needs apt-get"
	new_coverage_project
	cat >"$WORK/apt.conf" <<-'EOF'
		Acquire::http::Proxy "http://127.0.0.1:9";
		Acquire::https::Proxy "http://127.0.0.1:9";
	EOF
	printf '#!/bin/sh\necho lcov: LCOV version 1.16\n' >"$WORK/bin/old"
	ln -sf old "$WORK/bin/lcov"
	chmod +x "$WORK/bin/old"
	APT_CONFIG=$WORK/apt.conf expect 2 coverage
	expect_line 'no network' 'install lcov 2.x'
	[[ ! -e build/gcov ]]
}

one_suite()
{
	new_coverage_project
	expect 0 coverage SUITE=two
	expect_line ' 1 mm: patch 1' '1 of 2     50.0 %'
	expect_line 'mm/code.c:10 code(): counter = 10;'
	[[ $(<"$WORK/out") != *FAILED* ]]
	expect 2 coverage SUITE=three
	expect_one_line 'SUITE=three is unknown' one two
	expect 0 coverage SUITE='two.w*'
	[[ -e build/coverage/cases/two/coverage.info ]]
}

# --- two flavours ------------------------------------------------------------

# Code that each flavour has of its own, in patch 3, and a suite that reaches this much.
each_its_own()
{
	new_coverage_project
	insert 'more of code' '#ifdef CONFIG_SWAP\n\tif (x == 3)\n\t\tcounter = 20;\n#else\n\tif (x == 2)\n\t\tcounter = 30;\n#endif'
	patch 3
	echo "static void one(void) { code(1); $1 }" >kunit/one_kunit.c
}

sides_of() { summary "[' '.join(sorted(b['suites'])) for l in d['lines'] if l['source'] == '$1' for b in l['branches'] if b['side'] == '$2']"; }

flavours_merged()
{
	each_its_own 'code(2); code(3);'
	expect 0 coverage
	expect_line ' 3 mm: patch 3' '4 of 4    100.0 %      4 of 4    100.0 %'
	expect_same "$(lines_of 'counter = 20;')" "['one']"
	expect_same "$(lines_of 'counter = 30;')" "['one [swap-off]']"
	expect_same "$(sides_of 'if (x == 2)' 'counter = 30;')" "['one [swap-off]']"
	expect_line 'one [swap-off]' '(alone: 1, 1)'
	grep -q 'one \[swap-off\]' build/coverage/html/patch-0003.html
	# What the other flavour has reached it need not.
	echo 'static void one(void) { code(2);
	#ifndef CONFIG_SWAP
	code(1);
	#endif
	}' >kunit/one_kunit.c
	expect 1 coverage
	expect_same "$(lines_of 'counter = 10;')" "['one [swap-off]']"
	expect_none 'FAILED.*counter = 10;'
	expect_line 'FAILED: unreached' 'mm/code.c: code: counter = 20;'
}

unreached_in_one_flavour()
{
	each_its_own 'code(3);'
	expect 1 coverage
	expect_line 'FAILED: unreached' 'mm/code.c: code: counter = 30; (mm/code.c:'
	expect_line 'FAILED: unreached' 'mm/code.c: code: if (x == 2) -> counter = 30;'
	expect_none 'FAILED.*counter = 20'
	printf '%s\n' 'mm/code.c: code: counter = 30;' 'mm/code.c: code: if (x == 2) -> counter = 30;' \
		'	Not by this suite.' >>coverage/unreached.txt
	expect 0 coverage
}

# gcov's numbers of the two sides may be the other way round in the other flavour.
sides_of_flavours()
{
	python3 -B - "$TOP/coverage" <<-'EOP'
		import sys
		sys.path.insert(0, sys.argv[1])
		import points

		def merged(*flavours):
		    names, keys = points.merge_sides([[((9, '0', number), side) for number, side
		                                       in enumerate(sides)] for sides in flavours])
		    return names, [[key and key[2] for key in of_one] for of_one in keys]

		def same(found, wanted):
		    assert found == wanted, found

		same(merged('ab', 'ba'), (['a', 'b'], [[0, 1], [1, 0]]))
		# What only one of them has is a branch.
		same(merged('', 'ba'), (['b', 'a'], [[None, None], [0, 1]]))
		same(merged('ab', 'bac'), (['a', 'b', 'c'], [[0, 1, None], [1, 0, 2]]))
		same(merged('ab', 'cd'), (['a', 'b', 'c', 'd'], [[0, 1, None, None], [None, None, 0, 1]]))
		# Several of one name: by their order, when there are as many.
		same(merged('aab', 'baa'), (['a', 'a #2', 'b'], [[0, 1, 2], [1, 2, 0]]))
		same(merged('aab', 'ab'), (['a', 'a #2', 'b'], [[0, 1, 2], [None, None, 1]]))
		same(merged('ab', 'aab'), (['a', 'b', 'a #2'], [[None, 1, None], [0, 2, 1]]))
		# As many sides: one that leads further is the same, and none is one more.
		same(merged('ab', 'cb'), (['a', 'b'], [[0, 1], [0, 1]]))
		same(merged('abcb', 'abbb'), (['a', 'b', 'c', 'b #2'], [[0, 1, 2, 3], [0, None, None, None]]))
	EOP
}

# A side that one flavour has twice and the other once: which of the two is not known.
operand_of_one_flavour()
{
	new_coverage_project
	sed -i '1i #ifdef CONFIG_SWAP\n#define SWAP 1\n#else\n#define SWAP 0\n#endif' "$S/mm/code.c"
	insert 'more of code' '\tif ((SWAP \&\& x == 1) || x == 5)\n\t\tcounter += 60;'
	patch 3
	echo 'static void one(void) { code(1);
	#ifndef CONFIG_SWAP
	code(5);
	#endif
	}' >kunit/one_kunit.c
	expect 1 coverage
	expect_line ' 3 mm: patch 3' '2 of 2    100.0 %      3 of 4     75.0 %'
	expect_line 'FAILED: unreached' '|| x == 5) -> counter += 60; #2'
	# For lcov the sides have the numbers that they have in the other flavour.
	number=$(grep -n 'x == 5' build/tree/mm/code.c | cut -d: -f1)
	expect_same "$(awk -F, -v of="BRDA:$number," '/^TN:/ { test = $0 } test ~ /one__/ && index($0, of) == 1 { print $4 }' build/coverage/coverage.info | paste -sd ' ')" '0 0 0 2'
}

# A side that leads further where the code behind it is left out is still the same.
side_without_code()
{
	new_coverage_project
	sed -i '1i #ifdef CONFIG_SWAP\n#define SWAP 1\n#else\n#define SWAP 0\n#endif' "$S/mm/code.c"
	insert 'more of code' '\tif (x == 6) {\n\t\tif (SWAP)\n\t\t\tcounter += 60;\n\t\tcounter ^= 70;\n\t}'
	patch 3
	echo 'static void one(void) { code(1); code(6); }' >kunit/one_kunit.c
	expect 0 coverage
	expect_line ' 3 mm: patch 3' '3 of 3    100.0 %      2 of 2    100.0 %'
	expect_same "$(sides_of 'if (x == 6) {' 'counter += 60;')" "['one one [swap-off]']"
}

stale_flavour()
{
	each_its_own 'code(2); code(3);'
	expect 0 coverage
	echo 'static void one(void) { code(1); code(3); }' >kunit/one_kunit.c
	expect 1 coverage
	expect_line 'Running 2 of 6 suites'
	expect_same "$(lines_of 'counter = 30;')" "['']"
	# The flavour leaves the suite out by now, and what it once reached with it.
	echo 'static void one(void) { code(1); code(2); code(3); }' >kunit/one_kunit.c
	expect 0 coverage
	printf '\tdepends on SWAP\n' | sed -i '/config ONE_/r /dev/stdin' kunit/Kconfig
	expect 1 coverage
	expect_line 'Running 5 of 5 suites'
	expect_line 'FAILED: unreached' 'mm/code.c: code: counter = 30; (mm/code.c:'
	[[ -e build/coverage/suites/one.swap-off && $(lines_of 'counter = 20;') == "['one']" ]]
}

suite_of_one_flavour()
{
	new_coverage_project
	printf 'config ONE_KUNIT_TEST\n\tdepends on SWAP\nconfig TWO_KUNIT_TEST\n\tdepends on !SWAP\n' >kunit/Kconfig
	expect 0 coverage
	expect_line 'Running 4 of 4 suites'
	expect_same "$(lines_of 'counter += 2;')" "['two [swap-off]']"
	for suite in one two; do
		rm -r build/coverage/suites
		expect 0 coverage SUITE="$suite"
		expect_line 'Running 2 of 2 suites'
	done
	expect_same "$(lines_of 'counter += 2;')" "['two [swap-off]']"
	expect_same "$(summary "[s['name'] for s in d['suites']]")" "['two [swap-off]']"
}

flavour_does_not_build()
{
	new_coverage_project
	in_git
	printf '%s\n\t%s\n' 'mm/code.c: code: counter = 30;' 'Only without swap.' >>coverage/unreached.txt
	git -c user.name=A -c user.email=a@localhost commit -qam second
	expect 1 coverage FAKE_KUNIT=build:gcov-swap-off
	expect_line 'FAILED: gcov-swap-off is not counted: the kernel does not build' \
		'build/gcov-swap-off/build.log' 'mm/code.c:5:1: error: as was asked for'
	expect_same "$(grep -c 'error:\|FAILED' "$WORK/out")" 1
	expect_line 'Running 3 of 3 suites'
	expect_line ' 1 mm: patch 1' '2 of 2    100.0 %'
	expect_same "$(summary "len(d['missing'])")" 1
	[[ ! -e build/coverage/results ]]
	# What it reached when it could be built is not taken for what it reaches.
	sed -i '/counter = 30/,$d' coverage/unreached.txt
	expect 0 coverage
	expect 1 coverage FAKE_KUNIT=build:gcov-swap-off
	expect_same "$(lines_of 'counter = 10;')" "['one']"
}

# The one file for lcov has each suite on each flavour, and of what only one has no other.
merged_tracefile()
{
	each_its_own 'code(2); code(3);'
	expect 0 coverage
	expect_same "$(grep '^TN:' build/coverage/coverage.info | sort -u | paste -sd ' ')" \
		'TN:boot TN:boot__swap_off TN:one TN:one__swap_off TN:two TN:two__swap_off'
	number=$(grep -n 'counter = 30;' build/tree/mm/code.c | cut -d: -f1)
	expect_same "$(awk -v of="^DA:$number," '/^TN:/ { test = $0 } $0 ~ of { print test }' build/coverage/coverage.info | paste -sd ' ')" \
		'TN:one__swap_off TN:two__swap_off TN:boot__swap_off'
}

# --- comparing ---------------------------------------------------------------

lost()
{
	new_coverage_project
	in_git
	expect 0 coverage
	expect 0 coverage BASE=HEAD
	expect_line 'Compared with' '0 lost, 0 gained, 0 new (0 of them untested), 0 gone'
	echo 'static void one(void) { code(2); }' >kunit/one_kunit.c
	expect 1 coverage BASE=HEAD
	expect_line 'FAILED: lost: mm/code.c: code: counter = 10; (was reached by one, one [swap-off])'
	expect_line 'FAILED: lost: mm/code.c: code: if (x == 1) -> counter = 10; (was reached by one, one [swap-off])'
	# The result of the commit itself was not touched by it.
	git checkout -q kunit
	expect 0 coverage BASE=HEAD
}

new_and_untested()
{
	new_coverage_project
	in_git
	expect 0 coverage
	insert 'more of code' '\tif (x == 123)\n\t\tcounter = 123;'
	patch 3
	expect 1 coverage BASE=HEAD
	expect_line '0 lost' '4 new (2 of them untested)'
	expect_line 'new and untested: mm/code.c: code: counter = 123;'
}

nothing_to_compare_with()
{
	new_coverage_project
	in_git
	expect 2 coverage BASE=HEAD
	expect_one_line 'there is no result of HEAD' 'make coverage'
	expect 2 coverage BASE=v9
	expect_one_line 'BASE=v9 is no commit'
	expect 2 coverage BASE=HEAD SUITE=one
	expect_one_line 'leave out SUITE='
}

# --- the user's own commits --------------------------------------------------

own_commits()
{
	new_coverage_project
	# The whole series is in the user's tree. Ours would move the lines of its file.
	rm patches/pmd-swap/*
	sed -i '1i/* of ours */' "$S/mm/code.c"
	patch 3
	git -C "$S" reset -q --hard HEAD~1
	export GIT_OPTIONAL_LOCKS=0
	before=$(git -C "$S" status --porcelain=v2 --branch; file_stamps "$S/.git")
	expect 0 coverage KDIR="$S" RANGE=HEAD~2..HEAD~1
	expect_line ' 1 mm: patch 1' '2 of 2    100.0 %      2 of 2    100.0 %'
	[[ $(<"$WORK/out") != *'patch 2'* && $(<"$WORK/out") != *FAILED* ]]
	expect 0 coverage KDIR="$S" RANGE=HEAD~2..
	expect_line ' 2 mm: patch 2' '3 of 4     75.0 %'
	expect_line 'no suite takes this side'
	expect_same "$before" "$(git -C "$S" status --porcelain=v2 --branch; file_stamps "$S/.git")"
}

wrong_range()
{
	new_coverage_project
	expect 2 coverage RANGE=a..b
	expect_one_line 'no git repository'
	expect 2 coverage KDIR= RANGE=a..b
	expect_one_line 'Give KDIR=path'
	for range in HEAD 'HEAD...HEAD~1' v9..HEAD HEAD..HEAD; do
		expect 2 coverage KDIR="$S" RANGE="$range"
		expect_one_line "RANGE=$range"
	done
}

objects_of_the_range()
{
	new_coverage_project
	rm patches/pmd-swap/*
	new_patch patches/pmd-swap/0001-first.patch mm/first.c
	mkdir "$S/drivers"
	echo 'int x;' >"$S/drivers/far.c"
	git -C "$S" add -A
	git -C "$S" -c user.name=A -c user.email=a@localhost commit -qm far
	expect 0 coverage KDIR="$S" RANGE=HEAD~3..
	grep -q 'CONFIG_GCOV_ONLY="mm/ .* drivers/far "' build/gcov/.config
	mkdir -p "$S/tools/perf"
	echo 'int x;' >"$S/tools/perf/x.c"
	git -C "$S" add -A
	git -C "$S" -c user.name=A -c user.email=a@localhost commit -qm tools
	expect 2 coverage KDIR="$S" RANGE=HEAD~1..
	expect_line 'RANGE=HEAD~1.. touches no C file of the kernel'
}

# --- the pieces --------------------------------------------------------------

# Which side of a condition a branch is does not follow from its number.
sides()
{
	new_coverage_project
	insert '[+]= 2;' '\tif (!(counter != 77))\n\t\tcounter = 20;\n\telse\n\t\tcounter = 30;'
	patch 3
	expect 1 coverage
	expect_same "$(summary "[(b['side'], sorted(b['suites'])) for l in d['lines'] if '!= 77' in l['source'] for b in l['branches']]")" \
		"[('counter = 20;', []), ('counter = 30;', ['two', 'two [swap-off]'])]"
}

text_is_escaped()
{
	new_coverage_project
	insert 'more of code' '\tif (x \&\& "<i>"[0] == x)\n\t\tcounter = 123;'
	patch 3
	expect 1 coverage
	grep -q '&quot;&lt;i&gt;&quot;' build/coverage/html/patch-0003.html
	expect 1 grep -rl '"<i>"' build/coverage/html
}

run_cases passes which_suite unreached_and_not_listed new_untested_branch \
	listed_and_reached list_without_a_reason assertions_do_not_count \
	only_what_changed_is_run stale_counters failing_case panic interrupted \
	no_counters lcov_fails no_network_for_lcov \
	one_suite flavours_merged unreached_in_one_flavour sides_of_flavours \
	operand_of_one_flavour side_without_code stale_flavour suite_of_one_flavour \
	flavour_does_not_build merged_tracefile lost new_and_untested nothing_to_compare_with \
	own_commits wrong_range objects_of_the_range sides text_is_escaped
