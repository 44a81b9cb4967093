#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: cross.sh
#
# Tests of scripts/cross and what belongs to it: qemu_watch.py, crosstable.py and
# fetch-qemu. A QEMU of its own prints a log; no kernel is built.

set -euo pipefail
. "${BASH_SOURCE[0]%/*}/harness.sh"

# A kernel that runs what it has to. In the environment, what goes wrong: FAKE_QEMU.
fake_qemu()
{
	mkdir -p "$WORK/bin"
	cat >"$WORK/bin/qemu-system-fake" <<-'EOS'
		#!/bin/bash
		case $*:$FAKE_QEMU in
		*--version*) echo "QEMU emulator version ${FAKE_VERSION:-10.0.1}"; exit ;;
		*"-accel kvm"*:kvm-hangs) echo "warning: no such feature"; exec sleep 60 ;;
		*"-accel kvm"*:kvm-fails) echo "falling back to tcg" ;;
		esac
		echo "$*" >>"$WORK/qemu.args"
		printf %s "${ARCH-}${MAKEFLAGS-}" >>"$WORK/qemu.env"
		echo "[    0.000000] Linux version 7.3.0-fake"
		case $FAKE_QEMU in
		stalls) exec sleep 60 ;;
		stalls-once) [[ -e $WORK/stalled ]] || { touch "$WORK/stalled"; exec sleep 60; } ;;
		sleeps) echo $$ >"$WORK/sleeping.tmp"; mv "$WORK/sleeping.tmp" "$WORK/sleeping"; exec sleep 60 ;;
		warns) echo "[    0.100000] WARNING: mm/debug_vm_pgtable.c:834 at f+0x1/0x2" ;;
		esac
		for what in "PTE basic (read|write)" "PTE swap" "PTE swap exclusive" "swap migration" \
			"PMD basic (read|write)" "PMD swap" "PMD based THP"; do
			[[ $FAKE_QEMU == no-pmds && $what == PMD* ]] || [[ $FAKE_QEMU == no-pgtable ]] ||
				echo "[    0.200000] debug_vm_pgtable: [f                        ]: Validating $what"
		done
		suites=${FAKE_SUITES-pmd_softleaf_encoding pmd_swap_entry}
		echo "KTAP version 1"
		echo "1..2"
		for suite in $suites; do
			result=ok reason=
			[[ $FAKE_QEMU != fails ]] || result="not ok"
			[[ $FAKE_QEMU != skips ]] || reason=" # SKIP no such bit"
			printf '%s\n' "    KTAP version 1" "    # Subtest: $suite" "    1..1" \
				"    # pmd_softleaf_test_offset_bits: fake 4K pages: 36 offset bits in a PMD, 40 in a PTE" \
				"    # pmd_softleaf_test_offset_bits: flag soft-dirty: no" \
				"    # pmd_softleaf_test_offset_bits: flag uffd: yes" \
				"    $result 1 ${suite}_works$reason" "$result 1 $suite"
		done
	EOS
	# What is not there cannot be installed either.
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\necho "$@" >>"$WORK/apt.args"\necho "E: no network here" >&2\nexit 100\n' >"$WORK/bin/apt-get"
	chmod +x "$WORK"/bin/*
	ln -sf qemu-system-fake "$WORK/bin/qemu-system-other"
}

# new_cross: a project with the targets fake-4k, fake-16k and other.
new_cross()
{
	new_project
	rm -rf "$WORK"/{stalled,sleeping,qemu.args,qemu.env,apt.args}
	fake_qemu
	export WORK FAKE_QEMU='' PATH=$WORK/bin:$PATH
	touch uml-configs/cross/{one,two,three}.config kunit/{pmd_softleaf_encoding,pmd_swap_entry,um_thp}_kunit.c
	set_targets \
		'fake-4k  one   fake  4K  memory   gcc qemu-system-fake  qemu-fake' \
		'fake-16k two   fake  16K encoding gcc qemu-system-fake  qemu-fake  -cpu better' \
		'other    three other 4K  encoding gcc qemu-system-other qemu-other'
}

set_targets()
{
	{
		sed "/^list_targets()/,/^}/d" "$TOP/scripts/targets.sh"
		printf 'list_targets()\n{\n\tcat <<-EOF\n'
		printf '%s\n' "$@"
		printf 'EOF\n}\n'
	} >scripts/targets.sh
}

cross() { env KDIR="$K" "$@" scripts/cross; }

passes()
{
	new_cross
	expect 0 cross
	expect_line fake-4k 4K tcg
	expect_line fake-16k 16K
	expect_line other
	expect_line '6 cases passed, 0 failed, 0 skipped'
	expect_line 'other: 36 offset bits in a PMD, 40 in a PTE' 'with uffd' 'without soft-dirty'
	expect_same "$(cat build/cross/counts)" '6 0 0'
	expect_same "$(cat build/cross/fake-4k/counts)" '2 0 0'
	[[ -s build/cross/other/results.json && -s build/cross/other/results.xml && -s build/cross/other/test.log ]]
	# Ours is started in place of kunit.py's accelerators, and adds its options.
	grep -q -e '-accel tcg -cpu better$' "$WORK/qemu.args"
	[[ $(<"$WORK/qemu.args") != *hvf* ]]
	grep -q -e 'ignore_loglevel' "$WORK/qemu.args"
	# The suites of UML are left to UML, and those of memory to some.
	grep -q 'kconfig_add=CONFIG_ONE_KUNIT_TEST=y' "$WORK/qemu.args"
	[[ $(<"$WORK/qemu.args") != *UM_THP* ]]
	(($(grep -c 'CONFIG_ONE_KUNIT_TEST=y' "$WORK/qemu.args") == 1))
}

some_targets()
{
	new_cross
	expect 0 cross ARCH=fake
	expect_line '4 cases passed'
	expect 0 cross ARCH='fake-16k other'
	expect_line '4 cases passed'
	[[ $(<"$WORK/out") != *fake-4k* ]]
	expect 0 make cross ARCH=other KDIR="$K"
	expect_line '2 cases passed'
	# Nothing for the kernel's makefiles to stumble over.
	[[ ! -s $WORK/qemu.env ]]
	expect 2 cross ARCH=nosuch
	expect_one_line ARCH=nosuch 'fake-4k fake-16k other'
	expect 2 cross SUITE=nosuch
	expect_one_line SUITE=nosuch
	expect 2 cross JOBS=0
	expect_one_line JOBS=0
}

two_that_share_a_kernel()
{
	new_cross
	set_targets \
		'fake-radix one fake 64K encoding gcc qemu-system-fake qemu-fake' \
		'fake-hash  one fake 64K encoding gcc qemu-system-fake qemu-fake'
	expect 0 cross
	expect_line '4 cases passed'
	(($(grep -c disable_radix "$WORK/qemu.args") == 1))
	[[ -s build/cross/fake-radix/test.log && -s build/cross/fake-hash/test.log ]]
	expect_same "$(cat build/cross/fake-hash/built)" 0
}

case_fails()
{
	new_cross
	expect 1 cross ARCH=other FAKE_QEMU=fails
	expect_line other FAILED pmd_swap_entry_works
	expect_line '0 cases passed, 2 failed'
}

warning_in_the_log()
{
	new_cross
	expect 1 cross ARCH=other FAKE_QEMU=warns
	expect_line other LOG 'mm/debug_vm_pgtable.c:834'
	expect_same "$(cat build/cross/counts)" '2 1 0'
}

# A run that proves nothing is no success.
suites_that_did_not_run()
{
	new_cross
	expect 1 cross ARCH=other FAKE_SUITES=pmd_swap_entry
	expect_line other FAILED 'suite pmd_softleaf_encoding did not run'
	expect 1 cross ARCH=other FAKE_QEMU=skips
	expect_line 'skipped 2: no such bit (pmd_softleaf_encoding.pmd_softleaf_encoding_works, pmd_swap_entry'
	expect_line other FAILED 'suite pmd_swap_entry did not run'
	# One was asked for.
	expect 0 cross ARCH=other FAKE_SUITES=pmd_swap_entry SUITE=pmd_swap_entry
	expect 1 cross ARCH=other FAKE_SUITES='' SUITE=pmd_swap_entry
	expect_line other FAILED 'no case ran'
}

debug_vm_pgtable_did_not_run()
{
	new_cross
	expect 1 cross ARCH=other FAKE_QEMU=no-pgtable
	expect_line other FAILED 'debug_vm_pgtable did not run: PMD' 'PTE swap'
	expect 1 cross ARCH=other FAKE_QEMU=no-pmds
	expect_line 'debug_vm_pgtable did not run: PMD based THP, PMD basic, PMD swap'
	# Where it is known that the machine has no huge pages, that is said.
	set_targets 's390x three other 4K encoding gcc qemu-system-other qemu-other'
	expect 0 cross FAKE_QEMU=no-pmds
	expect_line 's390x: TCG has no EDAT1'
	expect 1 cross FAKE_QEMU=no-pgtable
}

missing_emulator()
{
	new_cross
	set_targets \
		'first  one   fake  4K encoding gcc qemu-system-nosuch qemu-nosuch' \
		'second three other 4K encoding gcc qemu-system-other  qemu-other'
	expect 2 cross
	expect_line 'cross: first: packages are missing' qemu-nosuch
	expect_line 'first: NOT RUN'
	expect_line 'second '
	expect_line '2 cases passed, 0 failed' 'not run: first'
	[[ -s build/cross/second/counts && ! -e build/cross/counts ]]
	((EUID)) || grep -q 'install .*qemu-nosuch' "$WORK/apt.args"
}

does_not_build()
{
	new_cross
	expect 2 cross FAKE_KUNIT=build:two
	expect_line 'mm/one.c:7:9: error'
	expect_line 'cross: fake-16k: the kernel does not build' build/cross/two/build.log
	expect_line '4 cases passed' 'not run: fake-16k'
	rm build/cross/two/configured
	expect 2 cross FAKE_KUNIT=config:two
	expect_line 'cross: fake-16k: it cannot be configured, mm/one.c:7:9: error: config went wrong' build/cross/two/config.log
}

stalls_once()
{
	new_cross
	expect 0 cross ARCH=other FAKE_QEMU=stalls-once QEMU_WATCH_STALL=1
	expect_line 'other: the boot stalled and was tried once more' test.log.stalled
	expect_line '2 cases passed, 0 failed'
	grep -q 'no output for 1 s' build/cross/other/test.log.stalled
}

stalls_for_good()
{
	new_cross
	expect 1 cross ARCH=other FAKE_QEMU=stalls QEMU_WATCH_STALL=1
	(($(wc -l <"$WORK/qemu.args") == 2))
	expect_line other FAILED 'no case ran'
}

# watch NAME=VALUE...: qemu_watch.py as kunit.py starts it.
watch()
{
	mkdir -p "$WORK/state"
	env QEMU_WATCH_PROGRAM="$WORK/bin/qemu-system-fake" QEMU_WATCH_STATE="$WORK/state" "$@" \
		scripts/qemu_watch.py -nodefaults -accel kvm -accel hvf -accel tcg
}

kvm_hangs()
{
	new_cross
	expect 0 watch FAKE_QEMU=kvm-hangs QEMU_WATCH_ACCEL=kvm QEMU_WATCH_PROBE=1
	expect_line 'qemu-watch: the kernel says nothing with KVM for 1 s, going on with TCG'
	expect_line 'ok 1 pmd_swap_entry'
	expect_same "$(cat "$WORK/state/accel")" tcg
	expect 0 watch QEMU_WATCH_ACCEL=kvm
	expect_same "$(cat "$WORK/state/accel")" kvm
	[[ $(<"$WORK/out") != *qemu-watch* ]]
	expect 0 watch FAKE_QEMU=kvm-fails QEMU_WATCH_ACCEL=kvm
	expect_same "$(cat "$WORK/state/accel")" tcg
	expect 1 watch FAKE_QEMU=stalls QEMU_WATCH_ACCEL=kvm QEMU_WATCH_STALL=1
	[[ -e $WORK/state/stalled ]]
}

interrupted()
{
	local pid status=0 i
	new_cross
	FAKE_QEMU=sleeps KDIR=$K ARCH=other setsid scripts/cross >"$WORK/out" 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[[ ! -e $WORK/sleeping ]] || break
		sleep 0.1
	done
	[[ -e $WORK/sleeping ]]
	SECONDS=0
	# To the group, as a terminal does. A shell in the background ignores INT.
	kill -TERM -- "-$pid"
	wait "$pid" || status=$?
	((status == 143))
	# Nor does QEMU go on, which has a group of its own.
	for ((i = 0; i < 50; i++)); do
		kill -0 "$(<"$WORK/sleeping")" 2>/dev/null || break
		sleep 0.1
	done
	((i < 50))
	# It was ended, and not waited for.
	((SECONDS < 30))
	# Nothing holds the lock any more.
	expect 0 cross ARCH=other
}

fetch_qemu()
{
	new_cross
	# The machine's own is new enough.
	ln -s qemu-system-fake "$WORK/bin/qemu-system-loongarch64"
	expect 0 scripts/fetch-qemu
	[[ ! -e build/qemu && ! -e $WORK/apt.args ]]
	# It is not, and there is no network; one that was unpacked stays good.
	rm "$WORK/bin/apt-get"
	type -P apt-get >/dev/null || skip "needs apt-get"
	no_network
	APT_CONFIG=$WORK/apt.conf FAKE_VERSION=7.2.9 expect 2 scripts/fetch-qemu
	expect_line 'fetch-qemu: error: no network' 'version 10'
	mkdir -p build/qemu
	printf '#!/bin/sh\necho "QEMU emulator version 10.0.1"\n' >build/qemu/qemu-system-loongarch64
	chmod +x build/qemu/qemu-system-loongarch64
	FAKE_VERSION=7.2.9 expect 0 scripts/fetch-qemu
	rm "$WORK/bin/qemu-system-loongarch64"
}

table_of_targets()
{
	local name
	. "$TOP/scripts/lib.sh"
	. "$TOP/scripts/targets.sh"
	# Each has its files, and names that install-packages can go by.
	for name in $(list_targets | cut -d ' ' -f 1); do
		read_target "$name"
		[[ -e $TOP/uml-configs/cross/$T_KERNEL.config && -e $TOP/uml-configs/cross/$T_SUITES.config ]]
		[[ $T_QEMU == qemu-system-* && $(target_needs) && $(target_suites) ]]
	done
	for name in $TEST_TARGETS; do
		expect_same "$(select_targets "$name")" "$name"
	done
	expect_same "$(select_targets arm64 | wc -l)" 3
}

run_cases passes some_targets two_that_share_a_kernel case_fails warning_in_the_log \
	suites_that_did_not_run debug_vm_pgtable_did_not_run missing_emulator \
	does_not_build stalls_once stalls_for_good kvm_hangs interrupted fetch_qemu \
	table_of_targets
