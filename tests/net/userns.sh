#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R31: root of the machine alone, unless the module's parameter opens a network
# namespace to the owner of its user namespace.
#
#   own: a user namespace with a network namespace of its own
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
param=/sys/module/fwtree/parameters/userns
all=/proc/sys/net/netfilter/nf_log_all_netns
was=$(cat $all)
trap 'echo N >$param; echo $was >$all; cleanup' EXIT

# inside COMMANDS: as root of a new user namespace and its network namespace.
inside() { unshare --user --map-root-user --net sh -c "ip link set lo up; $1"; }

echo "ingress { icmp type echo-request drop; accept }" >policy.fw
echo "option conn-max 16M; ingress { accept }" >greedy.fw
is "R31: closed unless it is said otherwise" "$(cat $param)" N
for what in "apply policy.fw" stats "show policy" "conn list" "conn count" "conn flush" flush "stats --reset"; do
	fails "R31: closed: $what" inside "fwctl $what"
	is "R31: closed: $what: it is said who may" "$(inside "fwctl $what" 2>&1)" \
		"*CAP_NET_ADMIN in the initial user namespace*"
done
is "R31: closed: monitor" "$(inside "timeout 5 fwctl monitor" 2>&1)" "*CAP_NET_ADMIN*"
ok "R31: root of the machine may" fwctl stats

echo Y >$param
ok "R31: open: its owner applies a policy, and it works" inside '
	set -e
	ping -n -c 1 -W 1 127.0.0.1
	fwctl apply policy.fw
	! ping -n -c 1 -W 0.3 127.0.0.1
	fwctl stats
	fwctl conn list
	fwctl conn count
	fwctl flush
	ping -n -c 1 -W 1 127.0.0.1'
fails "R31: open: no more connections than the machine gives" inside "fwctl apply greedy.fw"
is "R31: open: and it is said how many" "$(inside "fwctl apply greedy.fw" 2>&1)" "*conn-max is at most*"
# Its packets come to no end of its addresses, which the machine's log is not filled with.
echo "ingress { daddr addr(lo) drop; accept }" >crowd.fw
# shellcheck disable=SC2016 # for the shell inside
crowd='
	set -e
	i=0
	while [ $((i += 1)) -lt 4200 ]; do
		echo "addr add 10.50.$((i >> 8)).$((i & 255))/32 dev lo"
	done | ip -batch -
	fwctl apply crowd.fw
	ping -n -c 1 -W 1 10.50.16.103'
dmesg -C
echo 0 >$all
ok "open: an address beyond those that a walk looks at is not found" inside "$crowd"
is "open: its packets write nothing into the machine's log" "$(dmesg | grep -c 'looks at 4096')" 0
echo 1 >$all
ok "open: with nf_log_all_netns likewise" inside "$crowd"
is "open: and it is told then" "$(dmesg | grep -c 'looks at 4096')" "[1-9]*"
host other
fails "R31: open: nor another one's namespace" inside "fwctl -n other stats"
fails "R31: open: nor without the right" inside "setpriv --bounding-set -net_admin --inh-caps -net_admin fwctl stats"
ok "R31: open: root of the machine may, as ever" fwctl -n other apply greedy.fw
done_testing
