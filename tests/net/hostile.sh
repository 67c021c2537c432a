#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R7, R17, R21, R27: what somebody writes who is on none of the ways of a connection, or
# on one of them and lies: errors about what others say, from a network that may not talk
# to theirs; fragments that overlap, are tiny, or hide what they carry.
#
#   home  h0 .1.2 ──── lan   gw wan ──── i0 net
#   guest g0 .2.2 ──── guest gw            guests may talk to the internet alone
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
host guest
link guest g0 gw guest
addr gw guest 192.168.2.1/24 fd00:2::1/64
addr guest g0 192.168.2.2/24 fd00:2::2/64
via guest 192.168.2.1 fd00:2::1
must_apply <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop id stray
	iif lan dport 99 drop
	iif lan accept
	iif guest route oif wan accept
	drop id rest
}
egress {
	ct state untracked accept
	iif { lan, guest } oif wan masquerade accept
	iif guest drop
	oif guest drop id to-guest
	accept
}
END
py <<'END'
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6PacketTooBig, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

GUEST = {4: "192.168.2.2", 6: "fd00:2::2"}
wires = {"home": Wire("home", "h0"), "guest": Wire("guest", "g0"), "net": Wire("net", "i0")}
heads = {"home": Ether(dst=mac("gw", "lan"), src=mac("home", "h0")),
         "guest": Ether(dst=mac("gw", "guest"), src=mac("guest", "g0")),
         "net": Ether(dst=mac("gw", "wan"), src=mac("net", "i0"))}

def ip(f, src, dst, **kw):
    return IP(src=src, dst=dst, **kw) if f == 4 else IPv6(src=src, dst=dst, **kw)

def error(f, src, dst, quote, big=False):
    if f == 4:
        return ip(f, src, dst) / ICMP(type=3, code=4 if big else 3, nexthopmtu=1280 if big else 0) / quote
    return ip(f, src, dst) / (ICMPv6PacketTooBig(mtu=1280) if big else ICMPv6DestUnreach(code=4)) / quote

def arrives(who, frame, at, marker, seconds=0.3):
    """Is what @who sends seen at @at, for so long."""
    list(wires[at].frames(0.01))
    wires[who].send(bytes(heads[who] / frame))
    return any(marker in x for x in wires[at].frames(seconds))

for f in (4, 6):
    # A conversation of home's by UDP, and what others write about it.
    s, c = udp("net", FAR[f], 53), udp("home", HOME[f], 5353)
    c.connect((FAR[f], 53))
    c.send(b"ask")
    _, who = s.recvfrom(9)
    MARK = b"the quoted payload"
    inside = ip(f, HOME[f], FAR[f]) / UDP(sport=5353, dport=53) / MARK
    outside = ip(f, WAN[f], FAR[f]) / UDP(sport=who[1], dport=53) / MARK
    ok(arrives("net", error(f, NET[f], WAN[f], outside), "home", MARK, TIMEOUT), f"R21 IPv{f}: a router on the way is heard")
    ok(refused(lambda: c.recv(9)) == errno.ECONNREFUSED, f"R7 IPv{f}: by the client, too")
    strays = rule("stray")["hits"]
    ok(not arrives("guest", error(f, GUEST[f], HOME[f], inside), "home", MARK),
       f"R21 IPv{f}: a guest is not, who quotes what home said")
    ok(not arrives("guest", error(f, FAR[f], HOME[f], inside), "home", MARK), f"R21 IPv{f}: nor with the server's address")
    ok(not arrives("guest", error(f, FAR[f], WAN[f], outside), "home", MARK), f"R21 IPv{f}: nor with what it looks like outside")
    ok(not arrives("guest", error(f, GUEST[f], HOME[f], inside, True), "home", MARK), f"R21 IPv{f}: nor about the path")
    equal(rule("stray")["hits"] - strays, 4, f"R21 IPv{f}: all of them walk, as invalid")
    # From outside, with quotes that were never seen there.
    for what, quote in (("not translated", inside), ("from another port", ip(f, WAN[f], FAR[f]) / UDP(sport=who[1] ^ 1, dport=53) / MARK),
                        ("to another host", ip(f, WAN[f], NET[f]) / UDP(sport=who[1], dport=53) / MARK),
                        ("of TCP", ip(f, WAN[f], FAR[f]) / TCP(sport=who[1], dport=53, seq=1) / MARK),
                        ("turned round", ip(f, FAR[f], WAN[f]) / UDP(sport=53, dport=who[1]) / MARK),
                        ("an error about an error", error(f, FAR[f], WAN[f], outside))):
        ok(not arrives("net", error(f, NET[f], WAN[f], quote), "home", MARK), f"R21 IPv{f}: a quote that is {what}")
    equal(conn_list("dport", "53", f"ipv{f}")[0]["state"], "UNREPLIED", f"R7 IPv{f}: none of it changes the entry")
    # What guests are told about their own still comes.
    u = udp("guest", GUEST[f])
    u.connect((FAR[f], 99))
    u.send(b"x")
    equal(refused(lambda: u.recv(9)), errno.ECONNREFUSED, f"IPv{f}: a guest's own errors come")
    for x in (s, c, u):
        x.close()

    # TCP: a RST, data and a SYN from a network that is not on the way.
    p = Pair("home", FAR[f], 80, listen("net", FAR[f], 80), source=(HOME[f], 8080))
    ok(p.talk(), f"IPv{f} TCP: talks")
    before = conn_list("dport", "80", f"ipv{f}")[0]
    for flags, seq in (("R", 1), ("A", 1), ("S", 7), ("SA", 9)):
        wires["guest"].send(bytes(heads["guest"] / ip(f, HOME[f], FAR[f]) / TCP(sport=8080, dport=80, flags=flags, seq=seq)))
        wires["guest"].send(bytes(heads["guest"] / ip(f, FAR[f], HOME[f]) / TCP(sport=80, dport=8080, flags=flags, seq=seq)))
    ok(p.talk(b"again"), f"R17 IPv{f}: a guest's segments are none of it")
    after = conn_list("dport", "80", f"ipv{f}")[0]
    same = [k for k in before if k not in ("original", "reply") and "time" not in k]
    equal([(k, after[k]) for k in same], [(k, before[k]) for k in same], f"R17 IPv{f}: and change nothing")
    p.close()

    # A conversation of home's with the gateway itself, whose answers come by no wire.
    s, c = udp("gw", LAN[f], 53), udp("home", HOME[f], 5354)
    c.connect((LAN[f], 53))
    c.send(b"ask")
    s.sendto(b"tell", s.recvfrom(9)[1])
    equal(c.recv(9), b"tell", f"IPv{f}: home talks to the gateway")
    near = ip(f, HOME[f], LAN[f]) / UDP(sport=5354, dport=53) / MARK
    strays = rule("stray")["hits"]
    ok(not arrives("guest", error(f, GUEST[f], HOME[f], near), "home", MARK), f"R21 IPv{f}: nobody else writes errors about it")
    ok(not arrives("guest", error(f, LAN[f], HOME[f], near, True), "home", MARK), f"R21 IPv{f}: nor with the gateway's address")
    ok(not arrives("guest", ip(f, LAN[f], HOME[f]) / UDP(sport=53, dport=5354) / MARK, "home", MARK),
       f"R17 IPv{f}: nor answers with that")
    ok(not arrives("net", ip(f, LAN[f], HOME[f]) / UDP(sport=53, dport=5354) / MARK, "home", MARK),
       f"R17 IPv{f}: nor from outside")
    equal(rule("stray")["hits"] - strays, 4, f"R21 IPv{f}: all of them walk, as invalid")
    c.settimeout(0.01)
    equal(refused(lambda: c.recv(9)), errno.ETIMEDOUT, f"IPv{f}: the client has none of it")
    c.settimeout(TIMEOUT)
    c.send(b"on")
    s.sendto(b"and on", s.recvfrom(9)[1])
    equal(c.recv(9), b"and on", f"IPv{f}: and goes on")
    equal(len(conn_list("dport", "53", "sport", "5354", f"ipv{f}")), 1, f"IPv{f}: with the record that it had")
    # What the gateway itself begins.
    s, c2 = udp("home", HOME[f], 54), udp("gw", LAN[f], 5355)
    c2.sendto(b"ask", (HOME[f], 54))
    s.sendto(b"tell", s.recvfrom(9)[1])
    equal(c2.recv(9), b"tell", f"IPv{f}: the gateway talks to home")
    own = ip(f, HOME[f], LAN[f]) / UDP(sport=54, dport=5355) / MARK
    ok(not arrives("guest", error(f, GUEST[f], HOME[f], own), "home", MARK), f"R21 IPv{f}: nobody else writes errors about that")
    for x in (s, c, c2):
        x.close()

# Guests and home are kept apart where packets leave, alone.
apply("""option adopt 0s
ingress { accept }
egress {
	iif lo accept
	iif { lan, guest } oif wan masquerade accept
	ct state invalid drop id stray
	iif guest oif lan drop id apart
	iif lan oif guest drop
	accept
}
""")
for f in (4, 6):
    s, c = udp("net", FAR[f], 53), udp("home", HOME[f], 5353)
    c.connect((FAR[f], 53))
    c.send(b"ask")
    _, who = s.recvfrom(9)
    inside = ip(f, HOME[f], FAR[f]) / UDP(sport=5353, dport=53) / MARK
    outside = ip(f, WAN[f], FAR[f]) / UDP(sport=who[1], dport=53) / MARK
    ok(arrives("net", error(f, NET[f], WAN[f], outside), "home", MARK, TIMEOUT), f"R21 IPv{f}: egress hears a router on the way")
    c.close()
    strays = rule("stray")["hits"]
    ok(not arrives("guest", error(f, GUEST[f], HOME[f], inside), "home", MARK),
       f"R21 IPv{f}: not a guest, who quotes what home said")
    ok(not arrives("guest", error(f, FAR[f], HOME[f], inside, True), "home", MARK), f"R21 IPv{f}: nor with the server's address")
    equal(rule("stray")["hits"] - strays, 2, f"R21 IPv{f}: they walk there, as invalid")
    s.close()
    s, c = udp("gw", LAN[f], 53), udp("home", HOME[f], 5354)
    c.sendto(b"ask", (LAN[f], 53))
    s.recvfrom(9)
    near = ip(f, HOME[f], LAN[f]) / UDP(sport=5354, dport=53) / MARK
    ok(not arrives("guest", error(f, GUEST[f], HOME[f], near), "home", MARK), f"R21 IPv{f}: nor about what home says to the gateway")
    equal(rule("stray")["hits"] - strays, 3, f"R21 IPv{f}: likewise")
    ok(not arrives("guest", ip(f, LAN[f], HOME[f]) / UDP(sport=53, dport=5354) / MARK, "home", MARK),
       f"R17 IPv{f}: nor does a guest answer home with the gateway's address")
    # IPv4 takes no packet from its own address by a wire.
    equal(rule("stray")["hits"] - strays, 3 if f == 4 else 4, f"R17 IPv{f}: but walks, as invalid, where it would leave")
    s2, c2 = udp("home", HOME[f], 54), udp("gw", LAN[f], 5355)
    c2.sendto(b"ask", (HOME[f], 54))
    s2.sendto(b"tell", s2.recvfrom(9)[1])
    equal(c2.recv(9), b"tell", f"IPv{f}: the gateway asks home")
    ok(not arrives("guest", ip(f, LAN[f], HOME[f]) / UDP(sport=5355, dport=54) / MARK, "home", MARK),
       f"R17 IPv{f}: nor does a guest go on as the gateway")
    equal(rule("stray")["hits"] - strays, 3 if f == 4 else 5, f"R17 IPv{f}: likewise")
    s2.close()
    c2.close()
    for x in (s, c):
        x.close()
# What has the ends of a connection and is none of its own, where egress alone is asked.
apply("""option adopt 0s
ingress { accept }
egress {
	ct state untracked accept
	ct state invalid drop id stray
	accept
}
""")
for f in (4, 6):
    p = Pair("home", GUEST[f], 80, listen("guest", GUEST[f], 80), source=(HOME[f], 8081))
    ok(p.talk(), f"IPv{f}: home talks to a guest")
    seg = ip(f, HOME[f], GUEST[f])
    strays = rule("stray")["hits"]
    for what, tcp in (("a SYN-ACK of the client's", TCP(flags="SA")), ("impossible flags", TCP(flags="FPU")), ("what was damaged", TCP(flags="A", chksum=1))):
        tcp.sport, tcp.dport = 8081, 80
        ok(not arrives("home", seg / tcp / MARK, "guest", MARK), f"R17 IPv{f}: egress is asked, too, about {what}")
    equal(rule("stray")["hits"] - strays, 3, f"R17 IPv{f}: as invalid")
    ok(p.talk(b"again"), f"R17 IPv{f}: the connection goes on")
    p.close()
fwctl("apply", "policy.fw")

# R27: fragments. A datagram to a port that is let in, in pieces that say otherwise.
def pieces(f, ident, *parts):
    """(offset in bytes, more, bytes) each."""
    for off, more, data in parts:
        if f == 4:
            yield IP(src=HOME[4], dst=FAR[4], id=ident, frag=off // 8, flags="MF" if more else 0, proto=17) / Raw(data)
        else:
            yield IPv6(src=HOME[6], dst=FAR[6]) / IPv6ExtHdrFragment(id=ident, offset=off // 8, m=more, nh=17) / Raw(data)

def summed(f, dport, data):
    whole = ip(f, HOME[f], FAR[f]) / UDP(sport=9, dport=dport) / Raw(data)
    return bytes(type(whole)(bytes(whole))[UDP])

for f in (4, 6):
    data = bytes(range(33, 33 + 64))
    u = summed(f, 53, data)
    def try_pieces(ident, *parts, passes=False):
        list(wires["net"].frames(0.01))
        made = stats()["connections"]["created"]
        for x in pieces(f, ident, *parts):
            wires["home"].send(bytes(heads["home"] / x))
        there = any(data[40:60] in x for x in wires["net"].frames(TIMEOUT if passes else 0.3))
        return there, stats()["connections"]["created"] - made
    equal(try_pieces(100, (0, 1, u[:8]), (8, 1, u[8:16]), (16, 0, u[16:]), passes=True), (True, 1), f"R27 IPv{f}: tiny fragments are put together")
    equal(try_pieces(101, (16, 0, u[16:]), (8, 1, u[8:16]), (0, 1, u[:8]), passes=True), (True, 0),
          f"R27 IPv{f}: and in any order")
    equal(try_pieces(102, (0, 1, u[:32]), (24, 0, u[24:])), (False, 0), f"R27 IPv{f}: those that overlap are discarded")
    # The kernel keeps the first of two that are alike in length: that is what is judged.
    equal(try_pieces(103, (0, 1, u[:8]), (0, 1, summed(f, 99, data)[:8]), (8, 0, u[8:]), passes=True), (True, 0),
          f"R27 IPv{f}: of two first ones what is let in is what was asked about")
    equal(try_pieces(107, (0, 1, summed(f, 99, data)[:8]), (0, 1, u[:8]), (8, 0, u[8:])), (False, 0),
          f"R27 IPv{f}: and what is not is not, whatever the second says")
    equal(try_pieces(104, (8, 0, u[8:])), (False, 0), f"R27 IPv{f}: a later one alone goes nowhere")
    equal(try_pieces(105, (0, 1, u[:40]), (40, 0, u[40:60] + b"!" * 4)), (False, 0), f"R27 IPv{f}: nor what is not what was summed")
    equal(try_pieces(106, (65528, 0, u[:64]), (0, 1, u[:8])), (False, 0), f"R27 IPv{f}: nor what ends beyond all")
# A first fragment that has not come to the ports yet (RFC 7112).
chain = bytes(IPv6ExtHdrDestOpt(nh=17)) + summed(6, 53, b"x" * 32)
list(wires["net"].frames(0.01))
made = stats()["connections"]["created"]
for off, more, part in ((0, 1, chain[:8]), (8, 0, chain[8:])):
    wires["home"].send(bytes(heads["home"] / (IPv6(src=HOME[6], dst=FAR[6]) / IPv6ExtHdrFragment(id=200, offset=off // 8, m=more, nh=60) / Raw(part))))
ok(not any(b"xxxxxxxx" in x for x in wires["net"].frames(0.3)) and stats()["connections"]["created"] == made,
   "R27: a first fragment that does not come to the ports begins nothing")

def balanced():
    b = stats()["connections"]
    return b["created"] == b["ended"] + b["count"]

ok(wait_for(balanced), "the books are balanced", stats()["connections"])
END
done_testing
