#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Segment routing (SRv6). A packet whose routing header leads on is a connection's with
# whom it goes to first; its checksum is of where that ends (RFC 8200, 8.1), and stays
# right through translation. What others have wrapped up passes as what wraps it. What is
# wrapped up here is asked about in the clear, and starts here outside of that, where the
# kernel calls the hooks for it (nf_hooks_lwtunnel).
#
#   home fd00:1::2 ──── lan gw wan ──── m0 mid m1 ──── net 2001:db8:77::7
#        fd00:5::2          2001:db8:5:1::8  2001:db8:5::5     segments
# flavours: debug
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
path_topology
if ! ip -n gw -6 route add 2001:db8:9::/64 encap seg6 mode encap segs 2001:db8:5::5 dev wan 2>/dev/null; then
	skip "segment routing" "this kernel has no seg6"
	done_testing
	exit 0
fi
ip -n gw -6 route del 2001:db8:9::/64
# heed HOST DEVICE...: routing headers are for it. segment HOST ADDRESS DEVICE...: it is
# one there, and is where what is wrapped up there is from.
heed() {
	local h=$1 d
	shift
	for d in all "$@"; do
		on "$h" sh -c "echo 1 >/proc/sys/net/ipv6/conf/$d/seg6_enabled" || return
	done
}
segment() {
	local h=$1 a=$2
	shift 2
	addr "$h" lo "$a/128"
	heed "$h" lo "$@" && ip -n "$h" sr tunsrc set "$a"
}
ok "a segment: mid" segment mid 2001:db8:5::5 m0 m1
ok "a segment: home" segment home fd00:5::2 h0
ok "a segment: gw" segment gw 2001:db8:5:1::8 wan
ok "the end: net" heed net i0
ip -n gw -6 route add fd00:5::/64 via fd00:1::2
ip -n mid -6 route add fd00:5::/64 via 2001:db8:1::8
ip -n mid -6 route add 2001:db8:5:1::/64 via 2001:db8:1::8
cat >parts.py <<'END'
from netlib import *

SEGMENT, GHOST, OURS, HOMES = "2001:db8:5::5", "2001:db8:5::6", "2001:db8:5:1::8", "fd00:5::2"

def hits(*names):
    now = {r["id"]: r["hits"] for r in stats()["rules"] if r.get("id")}
    return [now[n] for n in names]

def wraps():
    """Connections of IPv6 in IPv6."""
    return [(c["original"]["saddr"], c["original"]["daddr"], c["local"]) for c in conn_list("proto", "ipv6")]

def balanced():
    b = stats()["connections"]
    return b["created"] == b["ended"] + b["count"]
END

# A datagram by way of mid, as its sender's kernel sums it.
must_apply <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state invalid drop id invalid
	ct state untracked accept
	iif lan udp dport 82 daddr 2001:db8:5::6 dnat to 2001:db8:5::5 accept id led
	iif lan udp dport 80-83 accept
	drop id rest
}
egress {
	ct state untracked accept
	iif lan oif wan udp dport { 81, 83 } masquerade accept id masq
	accept
}
END
py <<'END'
from parts import *
wire = Wire("home", "h0")
head = mac("gw", "lan") + mac("home", "h0") + b"\x86\xdd"

def routed(dport, data, first=SEGMENT, damage=0):
    """One of home's, by @first to net."""
    src, last, dst = (socket.inet_pton(socket.AF_INET6, a) for a in (HOME[6], FAR[6], first))
    u = struct.pack("!HHHH", 5000, dport, 8 + len(data), 0) + data
    s = csum(src + last + struct.pack("!II", len(u), 17) + u) or 0xffff
    u = u[:6] + struct.pack("!H", s ^ damage) + u[8:]
    # RFC 8754: the segments backwards, of which one is left.
    srh = bytes([17, 4, 4, 1, 1, 0, 0, 0]) + last + dst
    wire.send(head + struct.pack("!IHBB", 6 << 28, len(srh) + len(u), 43, 64) + src + dst + srh + u)

def conn(dport):
    l = conn_list("proto", "udp", "dport", str(dport))
    return [(c["original"]["daddr"], c["reply"]["saddr"], c["reply"]["daddr"]) for c in l]

sockets = {port: udp("net", FAR[6], port) for port in (80, 81, 82, 83)}

def arrives(port, want, source):
    try:
        data, who = sockets[port].recvfrom(100)
    except OSError as e:
        data, who = e, (None,)
    return (data, who[0]) == (want, source)

# Twice each, and of odd lengths: the second one is of a connection.
for data in (b"odd", b"even"):
    routed(80, data)
    ok(arrives(80, data, HOME[6]), f"{len(data)} bytes: passed on as it is")
    routed(81, data)
    ok(arrives(81, data, WAN[6]), f"{len(data)} bytes: with another source: its receiver finds the checksum right")
    routed(82, data, GHOST)
    ok(arrives(82, data, HOME[6]), f"{len(data)} bytes: led to another segment: likewise")
equal(conn(80), [(SEGMENT, SEGMENT, HOME[6])], "its connection is with whom it goes to first")
equal(conn(81), [(SEGMENT, SEGMENT, WAN[6])], "translated, too")
equal(conn(82), [(GHOST, SEGMENT, HOME[6])], "and the one that was led elsewhere")
equal(hits("led", "masq", "invalid", "rest"), [1, 1, 0, 0], "each was asked about once")
# What was damaged on its way stays so: it is for its receiver to find.
before = reason("checksum")
routed(83, b"damaged", damage=1)
ok(wait_for(lambda: rule("masq")["hits"] == 2), "a wrong checksum, of which nothing is known here: passed on")
routed(83, b"sound")
ok(arrives(83, b"sound", WAN[6]), "and is wrong where it comes to: that is discarded, and what is sound is not")
equal(reason("checksum"), before, "it is not counted here")
END

# Wrapped up by home and by mid, each for the other: it passes as what wraps it.
ip -n home -6 route add 2001:db8:77::7/128 encap seg6 mode encap segs 2001:db8:5::5 dev h0
ip -n mid -6 route add fd00:1::/64 encap seg6 mode encap segs fd00:5::2 dev m0
must_apply <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state invalid drop id invalid
	ct state untracked accept
	iif lan protocol ipv6 accept id wrapped
	protocol { tcp, udp, ipv6 } drop id bare
	accept
}
egress {
	ct state untracked accept
	iif lan oif wan protocol ipv6 accept id leaves
	protocol { tcp, udp, ipv6 } drop id last
	accept
}
END
py <<'END'
from parts import *
fwctl("conn", "flush")
p = Pair("home", FAR[6], 84, listen("net", FAR[6], 84), source=(HOME[6], 0))
ok(p.talk(b"x" * 1000), "what is wrapped up passes, both ways")
equal(p.peer[0], HOME[6], "and is not touched")
p.close()
equal(wraps(), [(HOMES, SEGMENT, False)], "it is one connection, of those that wrap it up")
c = conn_list("proto", "ipv6")
ok(c and c[0]["original"]["packets"] > 2 and c[0]["reply"]["packets"] > 2, "with both directions", c)
equal(hits("wrapped", "leaves", "bare", "invalid", "last"), [1, 1, 0, 0, 0], "which was asked about once, and nothing else was")
END
ip -n home -6 route del 2001:db8:77::7/128

# Wrapped up here.
ip -n gw -6 route add 2001:db8:77::7/128 encap seg6 mode encap segs 2001:db8:5::5 dev wan
ip -n mid -6 route replace fd00:1::/64 encap seg6 mode encap segs 2001:db8:5:1::8 dev m0
must_apply <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state invalid drop id invalid
	ct state untracked accept
	iif lan protocol { tcp, udp } accept id lan
	drop id rest
}
egress {
	ct state untracked accept
	oif wan protocol ipv6 accept id outside
	iif lan oif wan tcp dport 85 accept id there
	iif lan oif wan tcp dport 86 masquerade accept id hidden
	drop id last
}
END
py <<'END'
from parts import *
# Without the kernel's hooks it leaves all the same; its outside is what is asked about.
fwctl("conn", "flush")
s, c = udp("net", FAR[6], 87), udp("home", HOME[6])
c.sendto(b"one", (FAR[6], 87))
data, who = s.recvfrom(9)
equal((data, who[0]), (b"one", HOME[6]), "wrapped up here, without hooks: it comes to its end as it is")
ok(rule("outside")["hits"] >= 1, "the outside was asked about", rule("outside"))
fwctl("conn", "flush")
run("fwctl", "-n", "gw", "stats", "--reset")
END
# There is no way back from it.
if on gw sh -c 'echo 1 >/proc/sys/net/netfilter/nf_hooks_lwtunnel'; then
	py <<-'END'
		from parts import *
		p = Pair("home", FAR[6], 85, listen("net", FAR[6], 85))
		ok(p.talk(b"x" * 1000), "wrapped up here, with hooks: there and back")
		equal(p.peer[0], HOME[6], "as who it is")
		q = Pair("home", FAR[6], 86, listen("net", FAR[6], 86))
		ok(q.talk(b"x" * 1000), "translated before: there and back, and its checksum is right")
		equal(q.peer[0], WAN[6], "by wan's address")
		l = conn_list("proto", "tcp")
		equal(sorted((c["original"]["dport"], c["state"], c["iif"], c["snat"]) for c in l),
		      [(85, "ESTABLISHED", "lan", False), (86, "ESTABLISHED", "lan", True)], "both are followed in the clear")
		equal(hits("lan", "there", "hidden", "outside", "invalid", "rest", "last"), [2, 1, 1, 1, 0, 0, 0],
		      "each was asked about once, and so was the outside")
		equal(wraps(), [(OURS, SEGMENT, True)], "which began here")
		p.close()
		q.close()
	END
else
	skip "wrapped up here, with hooks" "this kernel has no nf_hooks_lwtunnel"
fi
py <<'END'
from parts import *
ok(wait_for(balanced), "the books are balanced", stats()["connections"])
END
done_testing
