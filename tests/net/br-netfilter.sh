#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Where br_netfilter is loaded, IP's hooks are shown what a bridge passes on. Ours let it
# be: the stateful trees are for what is routed, which they see once.
#
#   home .2 ──┐
#             lan (a bridge) gw wan ──── net 203.0.113.1
#   home2 .3 ─┘
#
# flavours: debug stock
# last: bridges of other tests are not to have it
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
if ! kernel_module br_netfilter; then
	skip "bridged frames meet device trees only" "this kernel has no br_netfilter"
	done_testing
	exit 0
fi
hairpin_topology
ip -n net route add 192.168.1.0/24 via 203.0.113.8
ip -n net -6 route add fd00:1::/64 via 2001:db8:1::8
for f in ip ip6; do
	echo 1 | on gw tee /proc/sys/net/bridge/bridge-nf-call-${f}tables >/dev/null
done
serve home2 7
serve net 7
wait_for listening net 7 udp
ask() { on home python3 "$netdir/peer.py" ask "$@"; }
# hits RULE...: how often each was met. A command takes its time where all is emulated.
hits() {
	# shellcheck disable=SC2016
	stat "' '.join(str(r['hits']) for i in '$*'.split() for r in d['rules'] if r.get('id') == i)"
}

must_apply <<'END'
ingress {
	protocol { tcp, udp } drop id in
	icmp type { echo-request, echo-reply } drop id in-icmp
	icmpv6 type { echo-request, echo-reply } drop id in-icmpv6
	accept
}
egress {
	protocol { tcp, udp } drop id out
	icmp type { echo-request, echo-reply } drop id out-icmp
	icmpv6 type { echo-request, echo-reply } drop id out-icmpv6
	accept
}
END
for a in 192.168.1.3 fd00:1::3; do
	ok "$a: ICMP by the bridge" on home ping -n -c 1 -W 5 $a
	ok "$a: in fragments, too" on home ping -n -c 1 -W 5 -s 4000 $a
	ok "$a: UDP by the bridge" ask udp $a 7
	ok "$a: TCP by the bridge" ask tcp $a 7
done
is "no rule was asked" "$(hits in in-icmp in-icmpv6 out out-icmp out-icmpv6)" "0 0 0 0 0 0"
is "nothing was dropped" "$(verdict drop)" 0
is "nothing is tracked" "$(conns)" 0
fails "what is routed is refused" ask udp 203.0.113.1 7
is "by the rule" "$(hits in)" 1

# What the bridge hands to the IP layer walks there, by the bridge, once.
must_apply <<'END'
ingress {
	iif lan udp dport 7 daddr { 203.0.113.1, 2001:db8:1::1 } accept id routed
	iif lan udp dport 9 drop id refused
	iif lan udp dport 77 daddr 192.168.1.1 dnat to 203.0.113.1:7 accept id dnat
	iif lan tcp dport 22 accept id here
	iif lan udp dport 5000 daddr 192.168.1.255 drop id flood
	protocol { icmp, icmpv6 } accept
	drop
}
egress {
	iif lan oif wan udp dport 7 accept id leaves
	accept
}
END
serve gw 22
is "routed: the answer comes, and home is who asked" "$(ask udp 203.0.113.1 7)" "192.168.1.2 *"
is "routed: ingress and egress were asked once" "$(hits routed leaves)" "1 1"
is "routed: IPv6 likewise" "$(ask udp 2001:db8:1::1 7)" "fd00:1::2 *"
is "routed: and once" "$(hits routed leaves)" "2 2"
is "routed: one record each" "$(fw -j conn list | j "len([c for c in d if c['protocol'] == 'udp'])")" 2
fails "refused" ask udp 203.0.113.1 9
is "translated: net answers" "$(ask udp 192.168.1.1 77)" "192.168.1.2 *"
is "to the gateway itself" "$(ask tcp 192.168.1.1 22)" "192.168.1.2 *"
is "each was asked once" "$(hits refused dnat here)" "1 1 1"
ok "by the bridge meanwhile" ask tcp 192.168.1.3 7
is "by the bridge: no connection" "$(fw -j conn list | j "len([c for c in d if c['original']['daddr'] == '192.168.1.3'])")" 0

# A frame to all goes both ways: to home2 unasked, to the gateway by its tree.
spawn home2 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5000))
print(s.recv(9).decode(), flush=True)'
heard=$TMP/test/spawn.home2.$((${#spawned[@]} - 1))
wait_for listening home2 5000 udp
on home python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.sendto(b"hello", ("192.168.1.255", 5000))'
ok "to all: the bridge's other port" wait_for grep -q hello "$heard"
is "to all: the gateway's tree, once" "$(hits flood)" 1

# Device trees are what is for bridged frames.
must_apply <<'END'
ingress { drop }
egress { drop }
ingress device p-home { udp dport 7 drop id port; accept }
END
fails "a device's tree stops what is bridged" ask udp 192.168.1.3 7
is "and counts it" "$(hits port)" 1
ok "the other passes" ask tcp 192.168.1.3 7
done_testing
