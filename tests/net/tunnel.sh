#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# flavours: fast
#
# Tunnels that leave on their own packets where the ones in them came in by (IPsec, L2TP,
# PPTP, the kernel's load balancer): what they send starts here, whatever it carries.
# By the load balancer, which this kernel has.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
for part in ip_vs ip_vs_rr; do
	kernel_module $part
done
on gw ip addr add 192.168.1.80/32 dev lan
on gw ipvsadm -A -u 192.168.1.80:5000 -s rr
on gw ipvsadm -a -u 192.168.1.80:5000 -r 198.51.100.7 -i
must_apply <<'END'
ingress {
	iif lo accept
	ct state invalid drop
	accept
}
egress {
	ct state invalid drop id invalid
	iif lan oif wan drop id forwarded
	oif wan protocol ipip accept id tunnel
	accept
}
END
spawn net tcpdump -U -i i0 -n -c 3 -w "$PWD/outer.pcap" ip proto 4
wait_for grep -q listening "$TMP"/test/spawn.net.*
py <<'END'
u = udp("home", "192.168.1.2")
for i in range(3):
    u.sendto(b"carried %d" % i, ("192.168.1.80", 5000))
END
seen() { [ "$(tcpdump -n -r outer.pcap 2>/dev/null | grep -c 'IP 203.0.113.8 > 198.51.100.7: IP 192.168.1.2')" = 3 ]; }
ok "the tunnel's packets leave" wait_for seen
is "as what starts here: its first one is new" "$(rule tunnel hits)" 1
is "none of them is invalid" "$(rule invalid hits)" 0
is "nor forwarded" "$(rule forwarded hits)" 0
c=$(fw -j conn list dst 198.51.100.7 | j "[(c['original']['saddr'], c['local'], c['iif']) for c in d if c['protocol'] == 'ipip']")
is "its record is of this machine" "$c" '\[\["203.0.113.8", true, null]]'
on gw ipvsadm -C
rmmod ip_vs_rr ip_vs

# A tunnel in a VRF, what carries it is not: its packets start here, and leave by no VRF.
ip -n gw link add blue type vrf table 77
ip -n gw link set blue up
ip -n gw link add g0 type gre local 203.0.113.8 remote 198.51.100.7
ip -n gw link set g0 master blue
ip -n gw link set g0 up
ip -n gw addr add 10.9.0.1/24 dev g0
ip -n net link add g0 type gre local 198.51.100.7 remote 203.0.113.8
ip -n net link set g0 up
ip -n net addr add 10.9.0.2/24 dev g0
must_apply <<'END'
ingress { accept }
egress {
	oif wan protocol gre accept id outer
	accept
}
END
ok "a tunnel of a VRF, outside of it: answered" on gw ping -q -c 2 -W 5 -I blue 10.9.0.2
is "and nothing clashed" "$(stat 'd["reasons"]["tuple-clash"]["value"]')" 0
is "one connection carries it" "$(fw -j conn list proto gre | j 'len(d)')" 1
ip -n gw link del g0
ip -n gw link del blue
ip -n net link del g0

# What comes by a tunnel without a fixed end has, for a route, where it came from; mss clamp
# asks for one that leads on.
ip -n gw link add gx type gre external
ip -n gw link set gx up
ip -n gw addr add 10.9.0.1/24 dev gx
ip -n net link add gx type gre local 198.51.100.7 remote 203.0.113.8
ip -n net link set gx up
ip -n net addr add 10.9.0.2/24 dev gx
must_apply <<'END'
ingress {
	iif gx tcp dport 80 notrack mss clamp accept id clamped
	iif gx tcp dport 81 reject id refused
	accept
}
END
spawn net bash -c 'exec 3<>/dev/tcp/10.9.0.1/80'
clamped() { [ "$(rule clamped hits)" -ge 1 ]; }
ok "by a tunnel without a fixed end: a SYN is clamped" wait_for clamped
# Where the answer goes is asked for as for any other.
spawn net bash -c 'exec 3<>/dev/tcp/10.9.0.1/81'
refused() { [ "$(rule refused hits)" -ge 1 ]; }
ok "and one is refused" wait_for refused
ip -n gw link del gx
ip -n net link del gx
done_testing
