#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R27. Fragments through translation: reassembled before the stateful hooks, never
# judged by ports that they do not have; overlaps are discarded, and a flood of them
# is bounded.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	iif lan udp dport 53 accept id dns
	iif lan protocol { icmp, icmpv6 } accept
	drop
}
egress { oif wan masquerade accept; accept }
END
for far in 198.51.100.7 2001:db8:77::7; do
	ok "ping of 4000 bytes, $far" on home ping -n -c 2 -i 0.05 -s 4000 -W 2 $far
	ok "ping of 20000 bytes, $far" on home ping -n -c 1 -s 20000 -W 2 $far
done
py <<'END'
for f in (4, 6):
    s, c = udp("net", FAR[f], 53), udp("home", HOME[f])
    c.connect((FAR[f], 53))
    data = os.urandom(9000)
    c.send(data)
    got, who = s.recvfrom(10000)
    equal(got == data, True, f"IPv{f}: a datagram of 9000 bytes arrives as it was sent")
    equal(who[0], WAN[f], f"IPv{f}: translated")
    s.sendto(data, who)
    equal(c.recv(10000) == data, True, f"IPv{f}: and so does the answer")
    c2 = udp("home", HOME[f])
    t = udp("net", FAR[f], 54)
    c2.sendto(data, (FAR[f], 54))
    ok(silent(t), f"IPv{f}: to a port that is closed nothing passes, no later fragment either")
ok(rule("dns")["hits"] == 2, "one walk for a datagram, not for a fragment", rule("dns"))

# Fragments by hand: overlapping ones and a second without a first get nowhere.
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.l2 import Ether
wire, out = Wire("home", "h0"), Wire("net", "i0")
head = Ether(dst=mac("gw", "lan"), src=mac("home", "h0"))
whole = IP(src=HOME[4], dst=FAR[4], id=4242) / UDP(sport=5, dport=53) / (b"A" * 64)
a, b = fragment(whole, 40)[:2]
before = stats()["connections"]["created"]
wire.send(bytes(head / b))
evil = IP(src=HOME[4], dst=FAR[4], id=4243, frag=1, flags=0, proto=17) / (b"B" * 64)
first = IP(src=HOME[4], dst=FAR[4], id=4243, frag=0, flags="MF", proto=17) / bytes(whole[UDP])[:32]
wire.send(bytes(head / first))
wire.send(bytes(head / evil))
ok(not [x for x in out.frames(0.3) if b"AAAA" in x or b"BBBB" in x], "a second without a first, and an overlap: nothing passes")
equal(stats()["connections"]["created"], before, "and no record is made")

# First fragments of datagrams that never come: what waits has a limit, and others
# are served.
limit = 300_000
run("ip", "netns", "exec", "gw", "sh", "-c", f"cd /proc/sys/net/ipv4; echo {limit} >ipfrag_low_thresh; echo {limit} >ipfrag_high_thresh")
for i in range(3000 // SLOW):
    first = IP(src=HOME[4], dst=FAR[4], id=i, frag=0, flags="MF", proto=17) / bytes(whole[UDP]).ljust(640, b"x")
    wire.send(bytes(head / first))
used = run("ip", "netns", "exec", "gw", "sed", "-n", "s/^FRAG:.* memory //p", "/proc/net/sockstat").stdout
ok(0 < int(used) <= 2 * limit, "a flood of fragments is bounded", used)
c, s = udp("home", HOME[4]), udp("net", FAR[4], 53)
c.sendto(b"whole", (FAR[4], 53))
equal(s.recvfrom(100)[0], b"whole", "and what is whole passes")

# IPv6 is put together by a table of nf_defrag's own, of which no file says what it holds:
# so many first fragments were held as become whole when the rest comes, with room for that.
def reassembly(high, timeout):
    run("ip", "netns", "exec", "gw", "sh", "-c",
        f"cd /proc/sys/net/netfilter; echo {limit} >nf_conntrack_frag6_low_thresh; "
        f"echo {high} >nf_conntrack_frag6_high_thresh; echo {timeout} >nf_conntrack_frag6_timeout")
HALF, many = 1200, max(3000 // SLOW, 600)
eth = mac("gw", "lan") + mac("home", "h0") + b"\x86\xdd"
ends = socket.inet_pton(socket.AF_INET6, HOME[6]) + socket.inet_pton(socket.AF_INET6, FAR[6])
datagram = struct.pack("!HHHH", 5, 53, 2 * HALF, 0) + bytes(2 * HALF - 8)
datagram = datagram[:6] + struct.pack("!H", csum(ends + struct.pack("!II", len(datagram), 17) + datagram)) + datagram[8:]
def piece(i, off):
    """One half of the datagram, numbered @i."""
    return (eth + struct.pack("!IHBB", 6 << 28, 8 + HALF, 44, 64) + ends +
            struct.pack("!BBHI", 17, 0, off or 1, i) + datagram[off:off + HALF])
def put_together():
    return sum(c["original"]["packets"] for c in conn_list("udp", "ipv6") if c["original"]["sport"] == 5)
reassembly(limit, 60)
for i in range(many):
    wire.send(piece(i, 0))
reassembly(100 * limit, 1)
for i in range(many):
    wire.send(piece(i, HALF))
ok(0 < put_together() <= limit // HALF + 1 < many, "IPv6: a flood of fragments is bounded", (put_together(), many))
# What is left waits for a second, and takes more than there is.
reassembly(limit, 1)
c, s = udp("home", HOME[6]), udp("net", FAR[6], 53)
s.settimeout(0.3 * SLOW)
data = os.urandom(9000)
def passes_whole():
    c.sendto(data, (FAR[6], 53))
    try:
        return s.recvfrom(10000)[0] == data
    except OSError:
        return False
ok(wait_for(passes_whole), "IPv6: and then a datagram in pieces passes whole")
END
# A device tree sees fragments as they are.
must_apply <<'END'
ingress device lan { fragment drop id frag; accept }
ingress { accept }
egress { oif wan masquerade accept; accept }
END
fails "a device tree drops fragments" on home ping -n -c 1 -s 4000 -W 0.3 198.51.100.7
ok "and nothing else" on home ping -n -c 1 -W 1 198.51.100.7
over "counted" "$(rule frag hits)" 2
done_testing
