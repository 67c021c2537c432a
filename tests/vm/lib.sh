# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the scripts of this folder: the cache, a lock, progress, and
# packages fetched from Debian's suites without touching the system's apt.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/fwtree
me=${0##*/}

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit 1; }

# with_lock NAME COMMAND...: one at a time over all callers of this cache. Its
# children hold the lock too, so that it is free only when the last is gone.
with_lock() {
	local lock=$cache/lock.$1 rc=0 fd
	shift
	mkdir -p "$cache"
	exec {fd}>"$lock"
	if ! flock -n "$fd"; then
		say "waiting for another build (lock $lock)"
		flock "$fd"
	fi
	"$@" || rc=$?
	exec {fd}>&-
	return $rc
}

# watch_log PID LOG TOTAL WHAT: says how far a kernel build is until PID ends;
# one line that changes on a terminal, else a line each half minute.
watch_log() {
	local pid=$1 log=$2 total=$3 what=$4 n pct last=0 t0=$SECONDS
	while kill -0 "$pid" 2>/dev/null; do
		n=$(grep -c '^  [A-Z]' "$log" 2>/dev/null)
		pct=$((n * 100 / total))
		((pct > 99)) && pct=99
		if [ -t 2 ]; then
			printf '\r%s: %s: %d files, %d%%, %d s ' "$me" "$what" \
				"$n" "$pct" $((SECONDS - t0)) >&2
		elif ((SECONDS - last >= 30)); then
			((last)) && say "$what: $n files, $pct%, $((SECONDS - t0)) s"
			last=$SECONDS
		fi
		sleep 1
	done
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

# The system's own list of sites says where packages come from: no host is
# named here. Suites other than the system's are reached with a private list.

apt_options() {
	local d=$cache/apt
	apt_opts=(-q -o "Dir::Etc::SourceList=$d/sources.list"
		-o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$d/lists" -o "Dir::Cache=$d/cache"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o APT::Architecture=amd64 -o APT::Architectures=amd64
		-o APT::Sandbox::User=root -o Acquire::Languages=none
		-o Debug::NoLocking=1 -o Acquire::Retries=3)
}

# apt_prepare [FORCE]: lists of all suites, at most a day old.
apt_prepare() {
	local d=$cache/apt key main sec suite
	apt_options
	[ -z "${1-}" ] && [ -n "$(find "$d/stamp" -mtime -1 2>/dev/null)" ] &&
		return
	command -v apt-get >/dev/null ||
		die "no apt here: give a kernel source with KSRC=DIR"
	mkdir -p "$d/lists/partial" "$d/cache/archives/partial"
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -r $key ] || die "$key is missing: apt-get install debian-archive-keyring"
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(SITE) $(ORIGIN) $(CODENAME)' \
		'Created-By: Packages' >"$d/sites" 2>/dev/null
	main=$(awk '$2 == "Debian" && $3 !~ /security/ { print $1 }' "$d/sites" |
		sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
	sec=$(awk '$2 == "Debian" && $3 ~ /security/ { print $1; exit }' "$d/sites")
	[ -n "$main" ] || die "apt knows no Debian site; run apt-get update first"
	for suite in bookworm trixie trixie-backports; do
		echo "deb [signed-by=$key] $main $suite main"
	done >"$d/sources.list"
	for suite in bookworm trixie; do
		[ -z "$sec" ] ||
			echo "deb [signed-by=$key] $sec $suite-security main"
	done >>"$d/sources.list"
	say "reading Debian's package lists"
	apt-get "${apt_opts[@]}" update >"$d/log" 2>&1 ||
		{ cat "$d/log" >&2; die "apt-get update failed"; }
	touch "$d/stamp"
}

# apt_newest REGEX: the newest package whose whole name fits.
apt_newest() {
	apt-cache "${apt_opts[@]}" pkgnames | grep -xE "$1" | sort -V | tail -n 1
}

# apt_version PACKAGE: the version a download would get.
apt_version() {
	apt-cache "${apt_opts[@]}" show --no-all-versions "$1" |
		awk '$1 == "Version:" { print $2; exit }'
}

# apt_unpack DIR PACKAGE...: signature-checked download, unpacked into DIR.
apt_unpack() {
	local dir=$1 tmp deb
	shift
	mkdir -p "$dir"
	tmp=$(mktemp -d "$cache/apt/deb.XXXXXX")
	say "fetching $*"
	if ! (cd "$tmp" && apt-get "${apt_opts[@]}" download "$@") \
		>"$tmp/log" 2>&1; then
		# Lists of yesterday name packages that are gone today.
		apt_prepare force
		(cd "$tmp" && apt-get "${apt_opts[@]}" download "$@") \
			>"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; rm -rf "$tmp"; die "no $*"; }
	fi
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$tmp"
}
