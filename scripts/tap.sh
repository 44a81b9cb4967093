# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# TAP output of checks: a line a check, counted by scripts/test. Sourced, not run.

tap_number=0
tap_failures=0

# tap NAME STATUS [OUTPUT]: 0 is ok, 77 a skip with the output as its reason;
# of any other the output is shown.
tap()
{
	tap_number=$((tap_number + 1))
	case $2 in
	0) echo "ok $tap_number - $1" ;;
	77) echo "ok $tap_number - $1 # SKIP ${3##*$'\n'}" ;;
	*)
		tap_failures=$((tap_failures + 1))
		echo "not ok $tap_number - $1"
		[[ ! ${3:-} ]] || echo "# ${3//$'\n'/$'\n# '}"
		;;
	esac
}

# tap_command NAME COMMAND...: the check is that the command succeeds.
tap_command()
{
	local name=$1 status output
	shift
	# Not in a condition, or set -e would be off in it.
	set +e
	output=$(set -e; "$@" 2>&1)
	status=$?
	set -e
	tap "$name" "$status" "$output"
}

# End a script of checks.
tap_done()
{
	echo "1..$tap_number"
	((tap_failures == 0)) || exit 1
	exit 0
}
