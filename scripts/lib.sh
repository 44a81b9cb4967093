# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts share: paths, errors, the lock, progress, git. Sourced, not run.
# Exit codes of all scripts: 0 all passed, 1 a test failed, 2 could not run.

set -euo pipefail

PROG=${0##*/}
ARGUMENTS=("$@")
# What programs say is looked through.
export LC_ALL=C.UTF-8
# The process that shows progress, when one does.
TICKER=
TOP=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)

# One line that says what is wrong, where, and what mends it.
die()
{
	# A progress line may stand there.
	[[ ! $TICKER ]] || progress_stop
	echo "$PROG: error: $*" >&2
	exit 2
}

# Print the comment at the top of the calling script for --help, else say that its
# arguments are not understood.
usage()
{
	[[ " ${ARGUMENTS[*]} " =~ \ (-h|--help)\  ]] ||
		die "not understood: ${ARGUMENTS[*]:-no argument} (--help says what there is)"
	sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
	exit 0
}

# --- paths -------------------------------------------------------------------

BUILD=${BUILD:-$TOP/build}
[[ $BUILD == /* ]] || BUILD=$PWD/$BUILD
# shellcheck disable=SC2034 # for the scripts
TREE=$BUILD/tree
REPO=$BUILD/repo.git
# shellcheck disable=SC2034
BASE=$BUILD/base

# make hands it on as it was typed.
# shellcheck disable=SC2088 # a tilde that no shell expanded
[[ ${KDIR:-} != '~/'* ]] || KDIR=$HOME/${KDIR#*/}

# A path as the user would type it.
short()
{
	echo "${1#"$PWD"/}"
}

# The kernel's makefiles cannot handle either.
[[ $BUILD$TOP != *[[:space:]:]* ]] ||
	die "the path $BUILD has a blank or a colon, which the kernel's make cannot handle: move it, or set BUILD="

# --- one run at a time -------------------------------------------------------

# Children inherit the lock: it is free when the last of them is gone.
take_lock()
{
	[[ ${SOFTLEAF_LOCKED:-} != "$BUILD" ]] || return 0
	mkdir -p "$BUILD" || die "cannot make the folder $BUILD"
	exec 9>>"$BUILD/.lock"
	# What was stopped a moment ago may still be on its way out.
	flock -w 3 9 ||
		die "$(short "$BUILD") is in use by $(cat "$BUILD/.lock"): wait for it, or give BUILD=another-folder"
	echo "$PROG, process $$, since $(date +%T)" >"$BUILD/.lock"
	export SOFTLEAF_LOCKED=$BUILD
}

# need_space MB FOR: fail early in place of half-way.
need_space()
{
	local free
	mkdir -p "$BUILD"
	free=$(df -Pm "$BUILD" | awk 'NR == 2 { print $4 }')
	((free >= $1)) ||
		die "$2 needs $1 MB in $(short "$BUILD"), $free MB are free: make room, or give BUILD=a-folder-elsewhere"
}

# --- progress ----------------------------------------------------------------

# progress_start LABEL PROBE...: until progress_stop, show every second (every
# ten, when the output is no terminal) the label, what PROBE prints, and the time.
progress_start()
{
	local label=$1 period=10 t0=$SECONDS
	shift
	[[ -t 1 ]] && period=1
	(
		# The sleep may outlive us: let it hold neither pipe nor lock.
		while sleep "$period" >/dev/null 2>&1 9>&-; do
			kill -0 $$ 2>/dev/null || exit 0
			line="  $label: $("$@" 2>/dev/null || true), $((SECONDS - t0)) s"
			if ((period == 1)); then
				printf '\r\033[K%s' "$line"
			else
				echo "$line"
			fi
		done
	) &
	TICKER=$!
}

progress_stop()
{
	[[ $TICKER ]] || return 0
	kill "$TICKER" 2>/dev/null || true
	wait "$TICKER" 2>/dev/null || true
	TICKER=
	[[ ! -t 1 ]] || printf '\r\033[K'
}

trap progress_stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# now: seconds with fractions, for "since".
now() { echo "$EPOCHREALTIME"; }
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# --- git ---------------------------------------------------------------------

# The prepared tree must not depend on the user's git settings, and its commits
# must come out the same everywhere.
clean_git_env()
{
	local v
	for v in "${!GIT_@}"; do
		unset "$v"
	done
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_COMMITTER_NAME=softleaf-kunit GIT_COMMITTER_EMAIL=softleaf-kunit
	export GIT_AUTHOR_NAME=softleaf-kunit GIT_AUTHOR_EMAIL=softleaf-kunit
	export GIT_COMMITTER_DATE='@0 +0000' GIT_AUTHOR_DATE='@0 +0000'
}

tgit()
{
	git -c safe.directory='*' --git-dir="$REPO" "$@"
}

# --- compiling ---------------------------------------------------------------

# by_ccache FOLDER: prepare the environment for a build there by way of ccache. What was
# compiled in another folder need not be compiled again, so paths are to be relative for
# ccache, which also follows our links. In messages a file has the name that it has in
# the kernel, one of ours that in this repository.
by_ccache()
{
	local name to_tree to_top
	to_tree=$(realpath -m --relative-to="$1" "$TREE")
	to_top=$(realpath -m --relative-to="$1" "$TOP")
	export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$BUILD CCACHE_DEPEND=1
	for name in "$to_tree/=" "$to_top/kunit/=kunit/" "$to_top/stubs/=stubs/"; do
		KCPPFLAGS="-fmacro-prefix-map=$name ${KCPPFLAGS:-}"
	done
	export KCPPFLAGS
}

# The Kconfig files of the tree, by their content: a configuration stays as long as they do.
kconfig_files() { tgit ls-tree -r "$(<"$REPO/softleaf/tip")" | grep '/Kconfig[^/]*$' || true; }

# config_error LOG: why kunit.py could not configure a kernel.
config_error()
{
	local why
	why=$(sed -n 's/^Missing: /options without effect: /p' "$1")
	# All that make said comes behind "ERROR:root:".
	[[ $why ]] || why=$(sed -n '/Entering directory/d; /error\|\*\*\*\|Multiple values/I { s/^ERROR:root://; p; q }' "$1")
	[[ $why ]] || why=$(tail -n 1 "$1")
	echo "$why"
}

# --- suites and flavours -----------------------------------------------------

# kunit/<suite>_kunit.c holds suite <suite>.
list_suites()
{
	local f
	for f in "$TOP"/kunit/*_kunit.c; do
		[[ -e $f ]] || continue
		f=${f##*/}
		echo "${f%_kunit.c}"
	done
}

list_flavours()
{
	local f
	for f in "$TOP"/uml-configs/*.config; do
		f=${f##*/}
		[[ $f == common.config || $f == small.config ]] || echo "${f%.config}"
	done
}

# The files that flavour $1 is made of. Programs want more of a kernel than suites do.
flavour_files()
{
	local name
	for name in common small "$1"; do
		[[ $1 == selftest && $name == small ]] || echo "$TOP/uml-configs/$name.config"
	done
}

# --- lcov --------------------------------------------------------------------

# Find lcov 2, the machine's or the one under build/: sets LCOV, the folder of its commands.
find_lcov()
{
	LCOV=$(dirname "$(type -P lcov || echo /none)")
	[[ $("$LCOV/lcov" --version 2>/dev/null) != *"LCOV version 2."* ]] || return 0
	LCOV=$BUILD/lcov/root/usr/bin
	export PERL5LIB=$BUILD/lcov/root/usr/lib/lcov
	[[ $("$LCOV/lcov" --version 2>/dev/null) == *"LCOV version 2."* ]]
}
