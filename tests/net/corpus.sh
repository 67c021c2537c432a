#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel and the simulation decide the same: policies and conversations made up
# from seeds, played through the module and through "fwctl test"'s machine; what was
# sent, what came out and what was answered, counters, entries and the contents of a
# live set are one text each, and the two are equal.
#
#   corpus ──── cli  gw  srv ──── corpus
# flavours: time-travel
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
router gw
# shellcheck disable=SC2016 # the inner shell's
# What the kernel writes by itself is none of ours to hold together.
ip netns exec gw sh -c 'for f in all default; do
	echo 0 >/proc/sys/net/ipv4/conf/$f/send_redirects
done
echo 0 >/proc/sys/net/ipv4/icmp_ratemask'
top=${netdir%/tests/net}
seeds=${FWTREE_CORPUS_SEEDS:-1 3 7}
policies=${FWTREE_CORPUS_POLICIES:-10}
for seed in $seeds; do
	"$top/build/player/corpus" "$seed" "$policies" >kernel.txt 2>kernel.err
	"$top/build/player/corpus-sim" "$seed" "$policies" >sim.txt 2>sim.err
	fwctl -n gw flush
	if [ "$(grep -c '^in pieces' sim.txt)" -gt 20 ] && cmp -s kernel.txt sim.txt; then
		say_ok "seed $seed: $(grep -c '^>' sim.txt) packets, $(grep -c '^in pieces' sim.txt) in pieces, $(grep -c '^entry' sim.txt) entries"
	else
		say_not_ok "seed $seed: kernel and simulation differ"
		diff -U 6 kernel.txt sim.txt | head -40 | sed 's/^/#   /'
		head -5 kernel.err sim.err | sed 's/^/#   /'
	fi
done
done_testing
