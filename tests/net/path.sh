#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R11, R7: what is on the way shows through a translation: hops, by traceroute
# with UDP and ICMP, the path's MTU, TTL and DF; and what is too big is answered
# or fragmented as without. All of it once plain and once translated.
#
#   home ──── lan gw wan ──MTU 1400── mid ──MTU 1300── net 198.51.100.7
#        192.168.1.1   203.0.113.8    203.0.113.1      2001:db8:77::7
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
path_topology
ip -n mid route add 192.168.1.0/24 via 203.0.113.8
ip -n mid -6 route add fd00:1::/64 via 2001:db8:1::8
ip -n gw link set wan mtu 1400
ip -n mid link set m0 mtu 1400
ip -n mid link set m1 mtu 1300
ip -n net link set i0 mtu 1300
serve net 7

# hops WORDS...: the addresses that traceroute prints, one line.
hops() { on home timeout 20 traceroute -n -q 1 -w 1 -m 5 "$@" 2>&1 | awk 'NR > 1 { printf "%s ", $2 }'; }
forget() {
	ip -n home route flush cache
	ip -n home -6 route flush cache
	ip -n gw route flush cache
	ip -n gw -6 route flush cache
	fw conn flush >/dev/null
}

for how in plain translated; do
	[ $how = plain ] && nat='' || nat='iif lan oif wan masquerade accept;'
	must_apply <<END
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; accept }
egress { $nat accept }
END
	for f in 4 6; do
		if [ $f = 4 ]; then
			far=198.51.100.7 way="192.168.1.1 203.0.113.1 198.51.100.7 "
		else
			far=2001:db8:77::7 way="fd00:1::1 2001:db8:1::1 2001:db8:77::7 "
		fi
		forget
		is "R11 $how IPv$f: traceroute, UDP" "$(hops $far)" "$way"
		is "R7 $how IPv$f: traceroute, ICMP" "$(hops -I $far)" "$way"
		is "R11 $how IPv$f: traceroute, TCP" "$(hops -T -p 7 $far)" "$way"
		forget
		is "R11 $how IPv$f: tracepath finds both small links" \
			"$(on home timeout 20 tracepath -n $far | grep -o 'pmtu [0-9]*' | sort -u -r -n -k 2 | tr '\n' ' ')" \
			"pmtu 1500 pmtu 1400 pmtu 1300 "
		forget
		# IPv6 is fragmented by the sender, who is told first.
		ok "R11 $how IPv$f: a big ping is fragmented, and whole again" \
			on home ping -n -M dont -s 3000 -c $((f - 3)) -i 0.1 -W 2 $far
		forget
		if [ $f = 4 ]; then
			is "R11 $how IPv$f: with DF the gateway says what fits" \
				"$(on home ping -n -M 'do' -s 1450 -c 1 -W 2 $far | grep -o 'From.*1400')" \
				"From 192.168.1.1 icmp_seq=1 Frag needed and DF set (mtu = 1400"
		else
			is "R11 $how IPv$f: the gateway says what fits" \
				"$(on home ping -n -M 'do' -s 1430 -c 1 -W 2 $far | grep -o 'From.*1400')" \
				"From fd00:1::1 icmp_seq=1 Packet too big: mtu=1400"
		fi
	done
done

# The packet itself, as it leaves: TTL one less, DF and id as they were, the
# checksums right. What comes back likewise.
py <<'END'
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
out, back, home = Wire("mid", "m0"), Wire("mid", "m0"), Wire("home", "h0")

def sums_ok(p):
    """Made anew, every checksum is the same."""
    q = p.copy()
    for layer in (q, q[UDP]):
        if "chksum" in layer.fields:
            del layer.chksum
    return bytes(q.__class__(bytes(q))) == bytes(p)

def sent(wire, f, data):
    """The one packet on a wire with this payload."""
    for x in wire.frames(1):
        p = Ether(x).payload
        if data in x and p.version == f and UDP in p:
            return p
    return None

for f, df, ttl in ((4, 0, 64), (4, 2, 64), (4, 2, 2), (6, 0, 64), (6, 0, 2)):
    data = os.urandom(16)
    udp_part = UDP(sport=4321, dport=7) / data
    if f == 4:
        p = IP(src=HOME[4], dst=FAR[4], id=777, flags=df, ttl=ttl, tos=0x28) / udp_part
    else:
        p = IPv6(src=HOME[6], dst=FAR[6], hlim=ttl, tc=0x28, fl=0x12345) / udp_part
    home.send(bytes(Ether(dst=mac("gw", "lan"), src=mac("home", "h0")) / p))
    got = sent(out, f, data)
    what = f"R11 IPv{f} ttl {ttl} df {df >> 1}"
    if not ok(got, f"{what}: leaves"):
        continue
    if f == 4:
        equal((got.src, got.ttl, int(got.flags), got.id, got.tos),
              (WAN[4], ttl - 1, df, 777, 0x28), f"{what}: TTL one less, the rest as it was")
    else:
        equal((got.src, got.hlim, got.tc, got.fl), (WAN[6], ttl - 1, 0x28, 0x12345),
              f"{what}: hop limit one less, the rest as it was")
    ok(sums_ok(got), f"{what}: checksums")

# TTL 1 ends at the gateway, which tells the client, of the packet as it sent it.
for f in (4, 6):
    data = os.urandom(16)
    if f == 4:
        p = IP(src=HOME[4], dst=FAR[4], id=778, ttl=1) / UDP(sport=4399, dport=7) / data
    else:
        p = IPv6(src=HOME[6], dst=FAR[6], hlim=1) / UDP(sport=4399, dport=7) / data
    home.send(bytes(Ether(dst=mac("gw", "lan"), src=mac("home", "h0")) / p))
    quotes = [x for x in home.frames(0.5) if data in x]
    ok(quotes and bytes(p)[8:] in quotes[0], f"R7 IPv{f}: TTL 1: the client is quoted what it sent",
       quotes and quotes[0].hex())
# Nobody saw it dropped: two seconds are what it had.
ok(wait_for(lambda: not conn_list("sport", "4399")), "R6: of which no connection stays")
END
done_testing
