#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: bench.sh
#
# Tests of scripts/bench, on a tiny kernel that gcc really compiles.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"
. "${BASH_SOURCE[0]%/*}/compiled.sh"

new_bench_project()
{
	new_check_project
	touch kunit/softleaf_kunit.c
	echo 'config SOFTLEAF_KUNIT_TEST' >>kunit/Kconfig
	touch "$K/mm/huge_memory.c"
}

bench() { env KDIR="$K" "$@" scripts/bench; }

# value EXPRESSION: of the JSON, which is "b", its scenarios by name "s".
value()
{
	python3 -c "
import json
b = json.load(open('build/bench.json'))
s = {x['scenario']: x for x in b['scenarios']}
print($1)"
}

measures()
{
	local before
	new_bench_project
	before=$(cd kunit && sha256sum ./*.c)
	expect 0 bench
	expect_line 'seconds from edit to verdict' 'stock kunit.py'
	expect_line 'Where the time of make run goes'
	expect_line 'x86_64 under QEMU is left out'
	expect_same "$(value "sorted(s) == sorted(['cold', 'cold, ccache is warm', 'nothing edited', 'a suite edited, that suite', 'a suite edited, all suites', 'mm/huge_memory.c edited', 'include/linux/leafops.h edited'])")" True
	expect_same "$(value "len(s['mm/huge_memory.c edited']['all']['ours'])")" 3
	expect_same "$(value "all(x['seconds']['ours'] > 0 and abs(x['ratio']['stock'] - x['seconds']['stock'] / x['seconds']['ours']) < 0.06 for x in s.values())")" True
	expect_same "$(value "'build' in s['mm/huge_memory.c edited']['steps']")" True
	# An edit is none of the content, and not of what the user built.
	expect_same "$(cd kunit && sha256sum ./*.c)" "$before"
	[[ ! -e build/default && ! -e build/bench.json.tmp ]]
}

# What is measured compiles what the edit says, and nothing else.
an_edit_is_compiled()
{
	local before
	new_bench_project
	expect 0 bench FAST=1
	expect_same "$(value "[x for x in s if 'cold' in x]")" '[]'
	expect 0 env KDIR="$K" RUN_OUT="$P/build/bench-default" scripts/run
	before=$(find build/bench-default -name '*.o' -printf '%p %T@\n' | sort)
	touch build/tree/mm/huge_memory.c
	expect 0 env KDIR="$K" RUN_OUT="$P/build/bench-default" scripts/run
	expect_same "$(comm -13 <(echo "$before") <(find build/bench-default -name '*.o' -printf '%p %T@\n' | sort) | cut -d' ' -f1)" build/bench-default/mm/huge_memory.o
}

no_verdict()
{
	new_bench_project
	echo 'int broken' >>"$K/mm/huge_memory.c"
	expect 2 bench FAST=1
	expect_line 'before: ours ended with 2' build/bench-logs
	[[ ! -e build/bench.json ]]
	expect 2 bench FAST=yes
	expect_one_line FAST=yes
}

run_cases measures an_edit_is_compiled no_verdict
