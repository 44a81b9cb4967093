#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: LINUX_DIR=tree run-kunit-tests.sh
#
# For the CI of linux-mm, and others that test a tree: build the kernel in LINUX_DIR,
# which is not written to, with the suites, and run them. The last line is "pass" or
# "fail", and the exit code is 0 for a pass, 1 when a case failed, 2 when it could not
# run. CONFIG=, SUITE= and BUILD= are those of make run, which puts our series onto a
# tree without PMD swap entries; with SERIES_LENGTH=0 the tree stays as it is.

set -euo pipefail

case ${1:-} in
-h | --help) sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac

status=2
if (($#)); then
	echo "run-kunit-tests.sh: error: not understood: $* (--help says what there is)" >&2
elif [[ ${LINUX_DIR:-} ]]; then
	status=0
	KDIR=$LINUX_DIR "${BASH_SOURCE[0]%/*}/run" --failed || status=$?
else
	echo "run-kunit-tests.sh: error: LINUX_DIR= is not set: give the kernel tree to test" >&2
fi
if ((status == 0)); then
	echo pass
else
	echo fail
fi
exit $status
