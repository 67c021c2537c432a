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
