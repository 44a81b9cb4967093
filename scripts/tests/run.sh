#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: run.sh
#
# Tests of scripts/run, fetch-base and install-packages: what they say, and the
# exit codes 0 (all passed), 1 (a test failed) and 2 (could not run).

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

run() { env KDIR="$K" "$@" scripts/run; }

passes()
{
	new_project
	expect 0 run
	expect_line '1 cases passed, 0 failed'
	expect_line 'Linux 7.3.0-fake, flavour default'
	expect_line 'Seconds:' fetch prepare configure build boot+run
	[[ -s build/default/results.json && -s build/default/results.xml && -s build/default/test.log ]]
	[[ ! -e build/default/ubd-swap.img ]]
}

kernel_crashes()
{
	new_project
	expect 1 run FAKE_KUNIT=exec:crash
	expect_line FAILED 'the kernel crashed' 'Kernel panic'
}

old_results_do_not_count()
{
	new_project
	expect 0 run
	printf '#!/bin/sh\nexit 0\n' >build/tree/tools/testing/kunit/kunit.py
	expect 1 run
	expect_line FAILED 'no case ran'
}

warning_in_the_log()
{
	new_project
	expect 1 run FAKE_KUNIT=exec:warn
	expect_line LOG 'WARNING: mm/one.c:7'
}

build_fails()
{
	new_project
	expect 2 run FAKE_KUNIT=build:error
	expect_line 'build/tree/mm/one.c:7:9: error: something is wrong'
	expect_line 'does not build' build/default/build.log
	[[ $(<"$WORK/out") != *Traceback* ]]
}

# tool NAME: one of another version, from now on.
tool()
{
	mkdir -p "$WORK/bin"
	printf '#!/bin/sh\necho another version\n' >"$WORK/bin/$1"
	chmod +x "$WORK/bin/$1"
	PATH=$WORK/bin:$PATH
}

# kunit.py would configure anew; it fails here as soon as it is asked to build.
# shellcheck disable=SC2016 # make and eval expand it
make_builds_what_is_configured()
{
	local how
	new_project
	printf 'all:\n\t@echo "$(ARCH) $(CC)" >>$(O)/made\n' >>"$K/Makefile"
	mkdir -p build/default
	echo CONFIG_A=y >build/default/.config
	expect 0 run
	[[ ! -e build/default/made ]]
	expect 0 run FAKE_KUNIT=build:error
	[[ $(<build/default/made) == "um $(type -P ccache >/dev/null && echo ccache gcc || echo cc)" ]]
	for how in 'echo CONFIG_B=y >>uml-configs/default.config' 'echo CONFIG_B=y >>build/default/.config' \
		'echo config B >>kunit/Kconfig' 'touch kunit/two_kunit.c' 'echo "config C" >>$K/mm/Kconfig' \
		'echo >>$K/tools/testing/kunit/kunit.py' 'tool gcc' 'tool ld' \
		'rm build/default/.config'; do
		eval "$how"
		expect 2 run FAKE_KUNIT=build:error
		# As long as it did not build, too.
		expect 2 run FAKE_KUNIT=build:error
		expect 0 run
	done
}

make_fails()
{
	new_project
	printf 'all:\n\t@echo ../tree/mm/one.c:8:1: error: wrong here >&2; exit 1\n' >>"$K/Makefile"
	mkdir -p build/default
	echo CONFIG_A=y >build/default/.config
	expect 0 run
	expect 2 run
	expect_line 'build/tree/mm/one.c:8:1: error: wrong here'
	expect_line 'does not build' build/default/build.log
	[[ $(<build/default/build.log) == make*ARCH=um* ]]
	# Nobody is asked.
	sed -i 's/^\t.*/\t@! read -r answer/' "$K/Makefile"
	expect 0 run <<<yes
}

configuration_fails()
{
	new_project
	expect 2 run FAKE_KUNIT=config:default
	expect_line 'run: error: the flavour default cannot be configured, mm/one.c:7:9: error: config went wrong' build/default/config.log
}

suite_without_its_dependencies()
{
	new_project
	touch kunit/two_kunit.c
	echo 'config TWO_KUNIT_TEST' >>kunit/Kconfig
	expect 0 run FAKE_KUNIT=config:missing
	expect_line 'Suite two is left out'
	expect_line 'left out two'
	expect 2 run FAKE_KUNIT=config:missing SUITE=two
	expect_line 'leaves out two'
}

unknown_suite()
{
	new_project
	touch kunit/two_kunit.c
	expect 2 run SUITE=three
	expect_one_line SUITE=three 'one two'
	expect 0 run SUITE='o*.one_test_*'
}

unknown_flavour()
{
	new_project
	expect 2 run CONFIG=nosuch
	expect_one_line CONFIG=nosuch default debug kasan thp-off swap-off
	expect 2 run CONFIG=common
}

bad_jobs()
{
	new_project
	expect 2 run JOBS=many
	expect_one_line JOBS=many
}

blank_in_the_path()
{
	new_project
	expect 2 run BUILD="$WORK/a b"
	expect_one_line "$WORK/a b" BUILD=
}

make_passes_it_on()
{
	new_project
	expect 2 make run KDIR=nowhere
	expect_line 'KDIR=nowhere is no folder'
	expect 0 make run KDIR="$K" SUITE=one BUILD=elsewhere
	[[ -e elsewhere/default/results.json ]]
	expect 0 make clean BUILD=elsewhere
	[[ ! -e elsewhere/default && -e elsewhere/tree ]]
	expect 0 make distclean BUILD=elsewhere
	[[ ! -e elsewhere ]]
	expect 0 make
	expect_line SUITE=glob
}

# What took long to fetch or to prepare stays, and so does what is not ours.
clean_removes_what_was_built()
{
	local built=(default thp-off gcov bisect coverage cross check/default check/cache check/logs
		bench-default bench-stock bench-logs)
	local files=(bench.json bench.json.tmp test-lint.tap test-check.log test-check.status
		check/report.html check/report.xml)
	new_project
	expect 0 run
	mkdir -p "${built[@]/#/build/}" build/check/tree build/lcov build/mine
	touch "${files[@]/#/build/}"
	expect 0 scripts/clean
	expect_same "$(cd build && find . -maxdepth 2 -not -path './repo.git/*' -not -path './tree/*' | sort)" \
		$'.\n./.lock\n./check\n./check/tree\n./lcov\n./mine\n./repo.git\n./tree'
	expect 0 run
	expect 0 scripts/clean --all
	expect_same "$(find build -mindepth 1)" build/mine
}

every_script_has_help()
{
	local script
	new_project
	for script in scripts/*; do
		[[ -f $script && -x $script ]] || continue
		expect 0 "$script" --help
		[[ $(wc -l <"$WORK/out") -gt 2 ]]
	done
	[[ ! -e build ]]
}

fetch_without_network()
{
	type -P apt-get >/dev/null || skip "needs apt-get"
	new_project
	no_network
	APT_CONFIG=$WORK/apt.conf expect 2 scripts/fetch-base
	expect_line 'no network' KDIR=
	# What was downloaded stays good.
	new_base 7.3-1
	APT_CONFIG=$WORK/apt.conf expect 0 scripts/fetch-base
	APT_CONFIG=$WORK/apt.conf expect 0 scripts/run
	APT_CONFIG=$WORK/apt.conf expect 2 scripts/fetch-base --refresh
	expect 0 scripts/prepare
}

# A machine where some commands are missing, seen by a user who is not root.
no_root_no_packages()
{
	local command
	((EUID == 0)) || skip "needs root, to become somebody else"
	new_project
	mkdir "$WORK/few"
	for command in bash sed uname flock mkdir apt-get env make; do
		ln -s "$(type -P "$command")" "$WORK/few/"
	done
	chmod 755 "$WORK"
	expect 2 env PATH="$WORK/few" "$(type -P setpriv)" --reuid=65534 --clear-groups bash scripts/install-packages
	expect_one_line 'as root do: apt-get install' gcc flex bison python3
	[[ $(<"$WORK/out") != *shellcheck* ]]
	expect 2 env PATH="$WORK/few" "$(type -P setpriv)" --reuid=65534 --clear-groups bash scripts/install-packages test
	expect_one_line shellcheck clang-19 qemu-system-x86 qemu-system-arm qemu-system-misc
	expect 2 env PATH="$WORK/few" "$(type -P setpriv)" --reuid=65534 --clear-groups bash scripts/install-packages cross s390x
	expect_one_line 'as root do: apt-get install' clang-19 lld-19 qemu-system-misc
	[[ $(<"$WORK/out") != *qemu-system-arm* ]]
}

run_cases passes kernel_crashes old_results_do_not_count warning_in_the_log \
	build_fails make_builds_what_is_configured make_fails configuration_fails \
	suite_without_its_dependencies unknown_suite unknown_flavour \
	bad_jobs blank_in_the_path make_passes_it_on clean_removes_what_was_built every_script_has_help \
	fetch_without_network no_root_no_packages
