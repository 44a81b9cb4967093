#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: ci.sh
#
# Tests of what others call us by: run-kunit-tests.sh, and the recipes of README.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

ci() { env LINUX_DIR="$K" "$@" scripts/run-kunit-tests.sh; }

last_line() { expect_same "$(tail -n 1 "$WORK/out")" "$1"; }

passes()
{
	new_project
	expect 0 ci
	last_line pass
}

a_case_fails()
{
	new_project
	expect 1 ci FAKE_KUNIT=exec:crash
	last_line fail
}

does_not_build()
{
	new_project
	expect 2 ci FAKE_KUNIT=build:error
	expect_line 'something is wrong'
	last_line fail
}

no_tree()
{
	new_project
	expect 2 env -u LINUX_DIR scripts/run-kunit-tests.sh
	expect_line 'LINUX_DIR= is not set'
	last_line fail
	expect 2 env LINUX_DIR="$K" scripts/run-kunit-tests.sh mm
	expect_line 'not understood: mm'
	last_line fail
	expect 2 ci LINUX_DIR=/nowhere
	expect_line 'KDIR=/nowhere is no folder'
	last_line fail
}

tree_is_not_touched()
{
	local before
	new_project
	before=$(file_stamps "$K")
	expect 0 ci
	expect_same "$(file_stamps "$K")" "$before"
}

commit() { git -C "$K" add -Af && git -C "$K" commit -qm "$1"; }

# A commit breaks the log, and git bisect finds it, over one that does not build.
bisect_recipe()
{
	local number bad
	new_project
	git -C "$K" init -q
	git -C "$K" config user.name x
	git -C "$K" config user.email x@localhost
	sed -i '1a import os as o\nif o.path.exists(o.path.dirname(__file__) + "/bad"):\n    o.environ["FAKE_KUNIT"] = "exec:crash"\nif o.path.exists(o.path.dirname(__file__) + "/unbuilt"):\n    o.environ["FAKE_KUNIT"] = "build:error"' "$K/tools/testing/kunit/kunit.py"
	commit base
	for number in 1 2 3 4 5; do
		case $number in
		3) touch "$K/tools/testing/kunit/unbuilt" ;;
		4) rm "$K/tools/testing/kunit/unbuilt"; touch "$K/tools/testing/kunit/bad" ;;
		esac
		echo "$number" >"$K/mm/number"
		commit "number $number"
	done
	bad=$(git -C "$K" rev-parse HEAD~1)
	# Our series does not apply to what the user works on.
	new_patch patches/pmd-swap/0009-ours.patch mm/first.c 10 elsewhere
	cd "$K"
	git bisect start HEAD HEAD~5 >/dev/null
	recipe 1 >"$WORK/recipe"
	grep -q 'git bisect run' "$WORK/recipe"
	bash "$WORK/recipe" >"$WORK/out" 2>&1 || true
	# The one that does not build stands before it: git names both.
	expect_line "$bad"
	expect_same "$(grep -cxE '[0-9a-f]{40}' "$WORK/out")" 2
	git bisect reset >/dev/null 2>&1
}

run_cases passes a_case_fails does_not_build no_tree tree_is_not_touched bisect_recipe
