# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The targets of "make cross": what each is built with, runs on and needs. Sourced
# after lib.sh, not run.

# What "make test" runs of them: those with the full suites, and the one architecture
# whose bits have been at fault.
# shellcheck disable=SC2034 # for the scripts
TEST_TARGETS="x86_64 arm64-4k loongarch64-4k"

# name, kernel (two may share one), kunit.py's name of the architecture, page size,
# suites, compiler, emulator, its Debian package, and options for it.
list_targets()
{
	sed 's/ *#.*//; /^$/d' <<-'EOF'
		x86_64             x86_64          x86_64    4K  memory   gcc   qemu-system-x86_64      qemu-system-x86  -smp 2
		arm64-4k           arm64-4k        arm64     4K  memory   clang qemu-system-aarch64     qemu-system-arm  -smp 2
		arm64-16k          arm64-16k       arm64     16K encoding clang qemu-system-aarch64     qemu-system-arm
		arm64-64k          arm64-64k       arm64     64K encoding clang qemu-system-aarch64     qemu-system-arm
		riscv64            riscv64         riscv     4K  encoding clang qemu-system-riscv64     qemu-system-misc
		s390x              s390x           s390      4K  encoding clang qemu-system-s390x       qemu-system-misc
		loongarch64-4k     loongarch64-4k  loongarch 4K  encoding clang qemu-system-loongarch64 fetch-qemu
		loongarch64-16k    loongarch64-16k loongarch 16K encoding clang qemu-system-loongarch64 fetch-qemu
		# POWER8, which kunit.py takes, has no huge pages with either kind of page table.
		powerpc64le-radix  powerpc64le     powerpcle 64K encoding clang qemu-system-ppc64       qemu-system-ppc  -cpu power9
		powerpc64le-hash   powerpc64le     powerpcle 64K encoding clang qemu-system-ppc64       qemu-system-ppc  -cpu power9 -machine cap-hpt-max-page-size=16M
	EOF
}

# What a target's kernel gets on its command line.
target_kernel_args()
{
	case $1 in
	*-hash) echo disable_radix ;;
	esac
}

# What the emulated machine lacks for part of the tests, if anything.
target_lacks()
{
	case $1 in
	s390x) echo "TCG has no EDAT1: no huge pages, conversions only" ;;
	esac
}

# select_targets GLOB...: the names that these mean: arm64 is all of arm64-*.
select_targets()
{
	local name rest glob
	while read -r name rest; do
		for glob; do
			# shellcheck disable=SC2053 # a glob on purpose
			if [[ $name == $glob || $name == $glob-* ]]; then
				echo "$name"
				break
			fi
		done
	done < <(list_targets)
}

# read_target NAME: sets T_NAME and so on.
# shellcheck disable=SC2034 # for the scripts
read_target()
{
	while read -r T_NAME T_KERNEL T_ARCH T_PAGE T_SUITES T_COMPILER T_QEMU T_QEMU_PACKAGE T_OPTIONS; do
		[[ $T_NAME != "$1" ]] || return 0
	done < <(list_targets)
	die "no target $1 in scripts/targets.sh"
}

# The suites of a target that read_target read. Those of UML are for UML.
target_suites()
{
	case $T_SUITES in
	memory) list_suites | grep -v '^um_' ;;
	encoding) list_suites | grep -x 'pmd_softleaf_encoding\|pmd_softleaf_kconfig\|pmd_swap_entry\|softleaf' ;;
	esac
}

# have COMMAND|FILE: whether the machine has what target_needs lists.
have()
{
	case $1 in
	/*) [[ -e $1 ]] ;;
	*) type -P "$1" >/dev/null ;;
	esac
}

# The commands, or files, that it needs, and their packages.
target_needs()
{
	case $T_COMPILER in
	gcc) echo "gcc gcc" ;;
	clang) printf '%s\n' "clang-19 clang-19" "ld.lld-19 lld-19" "llvm-objcopy-19 llvm-19" ;;
	esac
	case $T_ARCH in
	# objtool
	x86_64) echo "/usr/include/gelf.h libelf-dev" ;;
	# Its boot wrapper wants objcopy.
	powerpcle) echo "powerpc64le-linux-gnu-objcopy binutils-powerpc64le-linux-gnu" ;;
	esac
	# The one that fetch-qemu unpacks wants the libraries of the old one.
	case $T_QEMU_PACKAGE in
	fetch-qemu) echo "qemu-system-riscv64 qemu-system-misc" ;;
	*) echo "$T_QEMU $T_QEMU_PACKAGE" ;;
	esac
}

# What make is told about the compiler: the command line's CC has ccache in it.
target_make_options()
{
	local ccache=
	[[ ! $(type -P ccache) ]] || ccache="ccache "
	case $T_COMPILER in
	gcc) printf '%s\n' "CC=${ccache}gcc" ;;
	clang) printf '%s\n' LLVM=-19 "CC=${ccache}clang-19" ;;
	esac
	# For the boot wrapper, which does not know LLVM=.
	[[ $T_ARCH != powerpcle ]] || echo "CROSS_COMPILE=powerpc64le-linux-gnu-"
	# debug_vm_pgtable says what it runs by pr_debug().
	echo "CFLAGS_debug_vm_pgtable.o=-DDEBUG"
}
