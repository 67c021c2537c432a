#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R23: two first packets of one connection on two CPUs make one entry, and both go
# through: both ends at once, by UDP and by SYN, and the same client twice,
# translated.
#
#   race ──── cli  race  srv ──── race	RACE_SECONDS each (5)
# flavours: race
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
top=${netdir%/tests/net}
for how in both open same; do
	router race
	"$top/build/player/race" $how "${RACE_SECONDS:-5}" >out 2>&1
	case $? in
	0) say_ok "$how: they met, and there is one entry, and both packets go through" ;;
	4)
		skip "$how: two first packets that meet" "$(sed 's/^# //' out)"
		ip netns del race
		continue
		;;
	*) say_not_ok "$how: they met, and there is one entry, and both packets go through" ;;
	esac
	diag <out
	books=$(fwctl -j -n race stats | j "d['connections']['created'] - d['connections']['ended'] - d['connections']['count']")
	is "$how: the books are balanced" "$books" 0
	ip netns del race
done
done_testing
