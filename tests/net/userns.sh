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
# Nor to an end of its routing rules, or of a datagram's fragments. Twenty changes, after each
# of which routing is asked again, are four more than it answers.
{
	echo "ingress {"
	for i in {1..20}; do printf 'set mark %d\nroute type none drop\n' "$i"; done
	echo "accept }"
} >asks.fw
sed 's/^set mark .*/count asked/' asks.fw >once.fw
dmesg -C
ok "open: a route beyond those that a walk looks up is none" \
	inside "fwctl apply asks.fw && ! ping -n -c 1 -W 0.3 127.0.0.1"
is "open: and it is told" "$(dmesg | grep -c 'looks up 16 routes')" "[1-9]*"
ok "open: what was asked before is not looked up again" \
	inside "fwctl apply once.fw && ping -n -c 1 -W 1 127.0.0.1"

# datagram.py N: one of 16 KB to this host, in N fragments; says which counter has it then.
cat >datagram.py <<'END'
import json, socket, struct, sys
from netlib import run, wait_for
SIZE = 16384
data = struct.pack("!HHHH", 5, 9, SIZE, 0) + b"Z" * (SIZE - 8)
each = SIZE // int(sys.argv[1]) & ~7
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for at in range(0, SIZE, each):
    more = 0x2000 if at + each < SIZE else 0
    ends = socket.inet_aton("127.0.0.1") * 2
    s.sendto(struct.pack("!BBHHHBBH8s", 0x45, 0, 0, 77, more | at // 8, 64, 17, 0, ends) +
             data[at:at + each], ("127.0.0.1", 0))
def counted():
    counters = json.loads(run("fwctl", "-j", "stats").stdout)["counters"]
    return [name for name in ("found", "rest") if counters.get(name, {}).get("packets")]
print(*wait_for(counted))
END
{
	echo "ingress { not protocol udp accept"
	for i in {1..60}; do
		echo "bpf \"udp[15000] = $i or udp[15001] = $i or udp[15002] = $i\" drop"
	done
	printf '%s\n' "bpf \"udp[16000] = 0x5a\" count found drop" "count rest drop }"
} >reads.fw
reads() { echo "fwctl apply reads.fw >&2 && python3 datagram.py $1"; }
dmesg -C
is "open: a datagram of few fragments is read" "$(inside "$(reads 12)")" found
is "open: and nothing is told" "$(dmesg | grep -c 'of its pieces')" 0
is "open: one of thousands is as far as a walk may read" "$(inside "$(reads 2048)")" rest
is "open: and it is told" "$(dmesg | grep -c 'of its pieces')" "[1-9]*"
host other
is "the machine's own namespaces read all of it" "$(ip netns exec other sh -c "$(reads 2048)")" found
ok "and look up as many routes as they ask for" \
	ip netns exec other sh -c "fwctl apply asks.fw && ping -n -c 1 -W 1 127.0.0.1"
ip netns exec other fwctl flush
fails "R31: open: nor another one's namespace" inside "fwctl -n other stats"
fails "R31: open: nor without the right" inside "setpriv --bounding-set -net_admin --inh-caps -net_admin fwctl stats"
ok "R31: open: root of the machine may, as ever" fwctl -n other apply greedy.fw
done_testing
