#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: logs.sh
#
# Tests of the log check and the summary, on recorded logs in data/: NAME.log,
# NAME.json as kunit.py writes it, what the log check has to find in
# NAME.complaints, and the summary that must come out in NAME.summary.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

DATA=$TOP/scripts/tests/data

check_log()
{
	local wanted=0
	[[ ! -s $DATA/$1.complaints ]] || wanted=1
	expect "$wanted" "$TOP/scripts/logcheck.py" "$DATA/$1.log"
	expect_same "$(cat "$WORK/out")" "$(cat "$DATA/$1.complaints")"
}

check_summary()
{
	local out=$WORK/$1 wanted=1
	mkdir -p "$out"
	cp "$DATA/$1.log" "$out/test.log"
	cp "$DATA/$1.json" "$out/results.json"
	[[ $1 != good ]] || wanted=0
	expect "$wanted" "$TOP/scripts/summary.py" --flavour="$1" --times='build=1.5 boot+run=0.2' "$out"
	expect_same "$(grep -v ^Results: "$WORK/out")" "$(cat "$DATA/$1.summary")"
}

log_good() { check_log good; }
log_failed() { check_log failed; }
log_announced() { check_log announced; }
log_crashed() { check_log crashed; }
summary_good() { check_summary good; }
summary_failed() { check_summary failed; }
summary_crashed() { check_summary crashed; }

# For kernels whose kunit.py has no --junit.
junit_of_our_own()
{
	check_summary failed
	python3 - "$WORK/failed/results.xml" <<-'EOF'
		import sys
		from xml.etree import ElementTree
		cases = ElementTree.parse(sys.argv[1]).findall('.//testcase')
		assert len(cases) == 4, cases
		failures = [c.get('name') for c in cases if c.find('failure') is not None]
		assert failures == ['um_thp.um_thp_test_pageout.brd, last half', 'um_thp.um_thp_test_fork'], failures
	EOF
}

nothing_there()
{
	mkdir "$WORK/empty"
	expect 1 "$TOP/scripts/summary.py" "$WORK/empty"
	expect_line 'no case ran'
	expect 2 "$TOP/scripts/logcheck.py" "$WORK/empty/test.log"
}

run_cases log_good log_failed log_announced log_crashed \
	summary_good summary_failed summary_crashed junit_of_our_own nothing_there
