# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What offline tests of the tool count by.
n=0 failed=0

# check WHAT STATUS WORDS COMMAND...: its status, and these words among what it says.
check() {
	local what=$1 want=$2 words=$3 out rc
	shift 3
	out=$("$@" 2>&1)
	rc=$?
	n=$((n + 1))
	if [ $rc -eq "$want" ] && [[ $out == *"$words"* ]]; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		printf '# status %s: %s\n' $rc "${out//$'\n'/$'\n'# }"
		# shellcheck disable=SC2034 # asked by who sources this
		failed=1
	fi
}

# report STATUS WHAT: 0 is good; else what $tmp has of the files in $told is shown.
told="out err"
report() {
	local f
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
		return
	fi
	echo "not ok $n - $2"
	# shellcheck disable=SC2034 # asked by who sources this
	failed=1
	for f in $told; do
		# shellcheck disable=SC2154 # a folder of who sources this
		[ ! -f "$tmp/$f" ] || head -c 4000 "$tmp/$f" | sed 's/^/#   /'
	done
}
