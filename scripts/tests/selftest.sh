#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: selftest.sh
#
# Tests of scripts/selftest.py, which reads the console log of make selftest, and of
# what scripts/selftest says when it cannot run.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

# program COMMAND STATUS: with the output on stdin, to the log of the kind of swap $swap.
program()
{
	mkdir -p "$OUT/run-$swap"
	{
		echo "### ${mark:-begin} $1"
		cat
		printf '\n### end %s: %d 1.00 3.50\n' "$1" "$2"
	} >>"$OUT/run-$swap/console.log"
}

done_mark() { echo '### done' >>"$OUT/run-$swap/console.log"; }

new_run()
{
	OUT=$WORK/out.d swap=ubd
	rm -rf "$OUT"
	mkdir -p "$OUT/run-ubd"
	: >"$WORK/known"
	# The console ends its lines as a terminal does.
	printf 'TAP version 13\r\n1..2\r\nok 1 fork\r\nok 2 cow # SKIP no  hugetlb\r\n' | program pmd 0
}

read_run() { "$TOP/scripts/selftest.py" --known="$WORK/known" "$@" "$OUT"; }

known() { printf '%s\t%s\t%s\n' "$@" >>"$WORK/known"; }

# baseline STATUS: of pmd's fork in a run without our series.
baseline()
{
	printf '{"programs": [{"command": "pmd", "swap": "ubd", "tests": [{"name": "fork", "status": "%s"}]}]}' "$1" >"$WORK/baseline.json"
}

fork_failed() { printf '1..1\nnot ok 1 fork\n' | program pmd 1; }

passes()
{
	new_run
	program silent 0 </dev/null
	done_mark
	expect 0 read_run
	expect_line 'pmd (ubd)' 2.5
	expect_line 'skipped 1: no hugetlb (pmd)'
	expect_line '2 tests passed, 0 failed, 1 skipped'
	expect_same "$(cat "$OUT/counts")" '2 0 1'
	[[ $(grep -c '^ok' "$OUT/logs/pmd-ubd.log") == 2 ]]
	python3 - "$OUT/results.json" <<-'EOP'
		import json, sys
		tests = json.load(open(sys.argv[1]))['programs'][0]['tests']
		assert [test['status'] for test in tests] == ['ok', 'skipped'], tests
	EOP
}

both_kinds_of_swap()
{
	new_run
	done_mark
	swap=ram
	echo 'not ok 1 fork' | program pmd 1
	done_mark
	expect 1 read_run
	expect_line '1 tests passed, 1 failed'
	expect_line 'FAILED: pmd (ram): fork'
}

unknown_failure()
{
	new_run
	fork_failed
	done_mark
	expect 1 read_run
	expect_line 'FAILED: pmd (ubd): fork'
	expect_same "$(cat "$OUT/counts")" '1 1 1'
}

known_failure()
{
	new_run
	fork_failed
	done_mark
	known pmd 'for*' 'UML has no forks'
	expect 0 read_run
	expect_line 'known: pmd (ubd): fork: UML has no forks'
	baseline 'not ok'
	expect 0 read_run --baseline="$WORK/baseline.json"
}

regression()
{
	new_run
	fork_failed
	done_mark
	known pmd fork 'not true'
	baseline ok
	expect 1 read_run --baseline="$WORK/baseline.json"
	expect_line 'FAILED: pmd (ubd): fork (passes without our series)'
}

known_failure_that_passes()
{
	new_run
	done_mark
	known pmd fork 'UML has no forks'
	known other fork 'is not run'
	expect 0 read_run
	expect_line 'passes now: pmd: fork'
	[[ $(<"$WORK/out") != *other* ]]
}

skip_where_none_may_be()
{
	new_run
	done_mark
	expect 1 read_run --must-run=pmd
	expect_line 'FAILED: pmd (ubd): cow: skipped: no hugetlb'
}

panic()
{
	new_run
	printf '### begin crasher\nok 1 one\nKernel panic - not syncing: oh no\n' >>"$OUT/run-ubd/console.log"
	expect 1 read_run
	expect_line 'FAILED: the kernel crashed (ubd): Kernel panic - not syncing: oh no'
	expect_line 'FAILED: crasher (ubd): exit: the kernel ended before it'
}

warning()
{
	new_run
	echo 'WARNING: mm/one.c:7 at f+0x1/0x2' | program loud 0
	done_mark
	expect 1 read_run
	expect_line 'FAILED: kernel log (ubd): WARNING: mm/one.c:7'
}

ends_of_programs()
{
	new_run
	program killed 137 </dev/null
	echo 'cannot open the moon' | program broken 1
	echo '1..0 # SKIP no moon' | program skips 4
	printf '1..3\nok 1 one\n' | program short 0
	printf '1..3\nok 1 one\nBail out! no more\n' | program bails 1
	done_mark
	expect 1 read_run
	expect_line 'FAILED: killed (ubd): exit: killed, its time was over'
	expect_line 'FAILED: broken (ubd): exit: status 1: cannot open the moon'
	expect_line 'skipped 1: no moon (skips)'
	expect_line 'FAILED: short (ubd): plan: 3 tests planned, 1 ran'
	expect_line 'FAILED: bails (ubd): exit: status 1: Bail out! no more'
	expect_line '3 tests passed, 4 failed, 2 skipped'
}

racy_program()
{
	new_run
	printf '1..3\nnot ok 1 scan\nok 2 scan\nok 3 end\n' | program racy 1
	printf '1..3\nok 1 scan\nBail out! busy\n' | mark=again program racy 1
	done_mark
	expect 0 read_run
	expect_line 'racy: racy (ubd): scan: failed in 1 of 2 attempts'
	expect_line '4 tests passed, 0 failed'

	# No attempt passed the second of that name, and none came to the end.
	new_run
	printf '1..3\nok 1 scan\nnot ok 2 scan\nok 3 end\n' | program racy 1
	printf '1..3\nok 1 scan\nnot ok 2 scan\nok 3 end\n' | mark=again program racy 1
	printf '1..2\nok 1 scan\nBail out! busy\n' | program stuck 1
	printf '1..2\nok 1 scan\nBail out! busy\n' | mark=again program stuck 1
	done_mark
	expect 1 read_run
	expect_line 'FAILED: racy (ubd): scan'
	expect_line 'FAILED: stuck (ubd): exit: status 1: Bail out! busy'
	expect_line '4 tests passed, 2 failed'
}

empty_output()
{
	new_run
	: >"$OUT/run-ubd/console.log"
	expect 1 read_run
	expect_line 'FAILED: no program ran'
	expect_line 'did not come to the end of the list: no output'
	rm -r "$OUT/run-ubd"
	expect 1 read_run
	expect_line 'FAILED: no program ran'
}

unknown_program()
{
	new_project
	expect 2 env PROG=nosuch scripts/selftest
	expect_one_line PROG=nosuch selftest-programs.txt
}

run_cases passes both_kinds_of_swap unknown_failure known_failure regression \
	known_failure_that_passes skip_where_none_may_be panic warning \
	ends_of_programs racy_program empty_output unknown_program
