# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Packages of other suites than the machine's own, by an apt with sources, lists
# and cache of its own: it checks the signature, and the machine's sources stay
# untouched. Sourced after lib.sh, not run.

APT_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The machine's own mirrors, from either format of its sources. A repository
# that Debian's keyring did not sign is refused by apt later.
apt_mirrors()
{
	local filter=(--no-release-info 'Created-By: Packages' 'Component: main')
	# shellcheck disable=SC2016 # the fields are apt's
	apt-get indextargets "${filter[@]}" --format '$(RELEASE) $(REPO_URI)' |
		awk '$1 !~ /-security$|\/updates$/ && $2 !~ /^cdrom:/ && !seen[$2]++ { print $2 }'
}

# apt_open FOLDER WHAT OTHERWISE SUITE...: make the folder for an apt that knows
# these suites. WHAT is wanted, OTHERWISE is what to do without apt.
apt_open()
{
	local uri suite
	apt_root=$1 apt_what=$2 apt_otherwise=$3
	shift 3
	apt_suites=("$@")
	apt_log=$apt_root/log

	type -P apt-get dpkg-deb >/dev/null ||
		die "$apt_what comes from a Debian mirror and this machine has no apt: $apt_otherwise"
	[[ -e $APT_KEYRING ]] ||
		die "$APT_KEYRING is missing: install debian-archive-keyring, or $apt_otherwise"
	need_space 700 "the download of $apt_what"
	mkdir -p "$apt_root/lists/partial" "$apt_root/cache/archives/partial" "$apt_root/download"

	own_apt=(
		-o "Dir::Etc::sourcelist=$apt_root/sources.list" -o Dir::Etc::sourceparts=-
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
		-o "Dir::State::lists=$apt_root/lists" -o "Dir::Cache=$apt_root/cache"
		-o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none
		-o Acquire::Retries=1 -o Acquire::http::Timeout=30
		# A mirror that lags behind serves what was signed all the same.
		-o Acquire::Check-Valid-Until=false
	)

	apt_mirrors >"$apt_root/mirrors"
	[[ -s $apt_root/mirrors ]] ||
		die "apt on this machine knows no mirror with Debian's component main: add one to its sources, or $apt_otherwise"
	while read -r uri; do
		for suite in "${apt_suites[@]}"; do
			echo "deb [signed-by=$APT_KEYRING] $uri $suite main"
		done
	done <"$apt_root/mirrors" >"$apt_root/sources.list"
}

lists_size() { du -sm "$apt_root/lists" | awk '{ print $1 " MB" }'; }

# apt_newest PACKAGE: look at the mirror; sets newest to the version.
apt_newest()
{
	local package=$1 version why
	echo "Looking for $package in ${apt_suites[*]}"
	progress_start "package lists" lists_size
	# Fails when the mirror lacks one of the suites, which does not matter.
	apt-get -q "${own_apt[@]}" update >"$apt_log" 2>&1 </dev/null || true
	progress_stop

	# apt-cache madison prints: package | version | origin
	newest=
	while read -r version; do
		if [[ ! $newest ]] || dpkg --compare-versions "$version" gt "$newest"; then
			newest=$version
		fi
	done < <(apt-cache "${own_apt[@]}" madison "$package" 2>/dev/null | awk -F' *[|] *' '/Packages/ { print $2 }')
	[[ ! $newest ]] || return 0

	compgen -G "$apt_root/lists/*Release" >/dev/null ||
		die "no network, or the mirror does not answer ($(grep -m 1 -o 'Could not.*\|Unable to.*\|Failed to fetch.*\|Temporary failure.*' "$apt_log" || tail -n 1 "$apt_log")): connect it, or $apt_otherwise"
	why=$(grep -m 1 '^E:' "$apt_log" | cut -c 1-200 || true)
	die "the mirror has no $package in ${apt_suites[*]}${why:+ ($why)}: $apt_otherwise"
}

downloaded()
{
	find "$apt_root/download" "$apt_root/cache/archives" -name '*.deb*' -printf '%s\n' |
		awk -v all="$apt_size" '{ n += $1 } END { printf "%d of %d MB", n / 1e6, all / 1e6 }'
}

# apt_download PACKAGE VERSION FILE
apt_download()
{
	apt_size=$(apt-cache "${own_apt[@]}" show "$1=$2" | awk '/^Size:/ { print $2; exit }')
	echo "Downloading $1 $2"
	rm -f "$apt_root"/download/*
	progress_start "download" downloaded
	(cd "$apt_root/download" && apt-get -q "${own_apt[@]}" download "$1=$2" >"$apt_log" 2>&1 </dev/null) ||
		die "the download of $1 $2 failed ($(grep -m 1 '^E:' "$apt_log" || tail -n 1 "$apt_log")): try again, or $apt_otherwise"
	progress_stop
	mv "$apt_root"/download/*.deb "$3"
}
