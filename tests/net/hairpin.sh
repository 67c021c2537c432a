#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R8, R7: two inside sockets that have endpoint-independent ports meet by these, with
# "option hairpin on": each sees the other's outside end (RFC 4787 REQ-9, RFC 5382
# REQ-8); ICMP errors about that, byte by byte (RFC 5508 REQ-7); who is not led in; and
# where each packet walks.
#
#   home  192.168.1.2 ──┐
#         fd00:1::2     ├── lan gw wan ──── net 203.0.113.1
#   home2 192.168.1.3 ──┘       203.0.113.8     2001:db8:1::1
#         fd00:1::3             2001:db8:1::8
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
hairpin_topology
py <<'END'
BASE = """ingress { iif lo accept; ct state untracked accept; ct state invalid drop
accept id in }
egress { %s oif wan masquerade %s accept; accept id out }"""
def policy(option="option hairpin on\n", first="", kind="endpoint-independent"):
    apply(option + BASE % (first, kind))
A, B = HOME, {4: "192.168.1.3", 6: "fd00:1::3"}
X, Y = 7000, 7001

def shown(f, inside, server):
    """The outside end of an inside socket."""
    inside.sendto(b"x", server.getsockname())
    return server.recvfrom(9)[1][:2]

def gets(s, what):
    """Who sent it; nobody where it does not come."""
    try:
        data, who = s.recvfrom(99)
    except OSError:
        return None
    return who[:2] if data == what else data

def packed(f, a):
    return socket.inet_pton(FAMILY[f], a)

def ip(f, src, dst, proto, hops, body, tos=0, ident=0, df=0, flow=0):
    """A packet, all sums right."""
    src, dst = packed(f, src), packed(f, dst)
    if f == 6:
        return struct.pack("!IHBB", 6 << 28 | tos << 20 | flow, len(body), proto, hops) + src + dst + body
    h = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(body), ident, df << 14, hops, proto, 0) + src + dst
    return h[:10] + struct.pack("!H", csum(h)) + h[12:] + body

def pseudo(f, src, dst, proto, n):
    return packed(f, src) + packed(f, dst) + struct.pack("!HH" if f == 4 else "!IxxxB",
                                                         *((proto, n) if f == 4 else (n, proto)))

def udp_packet(f, src, dst, data, hops):
    h = struct.pack("!HHH", src[1], dst[1], 8 + len(data))
    sum_ = csum(pseudo(f, src[0], dst[0], 17, 8 + len(data)) + h + b"\0\0" + data) or 0xffff
    return ip(f, src[0], dst[0], 17, hops, h + struct.pack("!H", sum_) + data, ident=4711)

def of_proto(f, proto, wire):
    """The first packet of a protocol that arrives."""
    for frame in wire.frames(TIMEOUT):
        p = frame[14:]
        if frame[12:14] == (b"\x08\x00" if f == 4 else b"\x86\xdd") and p[9 if f == 4 else 6] == proto and \
           not (proto == 58 and p[40] >= 128):
            return p[:struct.unpack_from("!H", p, 2)[0]] if f == 4 else p[:40 + struct.unpack_from("!H", p, 4)[0]]
    return b""

def nothing(inside, dest, at, what):
    inside.sendto(b"no", dest)
    ok(silent(at), what)

# Both inside have a connection to the outside, from their ends: the listener there; of
# each its two ends and what the outside sees.
def both_out(f):
    far, ends = listen("net", NET[f], 80), []
    for host, src in (("home", (A[f], X)), ("home2", (B[f], Y))):
        c = connect(host, NET[f], 80, source=src)
        s, who = far.accept()
        ends.append((c, s, who[:2]))
    return far, ends


for f in (4, 6):
    fwctl("conn", "flush")
    policy()
    server = udp("net", NET[f], 5000)
    a, b = udp("home", A[f], X), udp("home2", B[f], Y)
    pa, pb = shown(f, a, server), shown(f, b, server)
    fwctl("conn", "delete", "original", "saddr", A[f])
    # Who has no port yet is given one by it, and keeps that towards others.
    a.sendto(b"one", pb)
    seen = gets(b, b"one")
    equal(seen and seen[0], WAN[f], f"R8 IPv{f} UDP: the other one sees the address outside")
    pa = shown(f, a, server)
    equal(seen, pa, f"R8 IPv{f} UDP: and the very port that others see")
    b.sendto(b"two", pa)
    equal(gets(a, b"two"), pb, f"R8 IPv{f} UDP: the other way it is likewise")
    c = [c for c in conn_list() if c["original"]["daddr"] == WAN[f]]
    equal([(x["snat"], x["dnat"], x["reply"]["saddr"], x["reply"]["dport"]) for x in c],
          [(True, True, B[f], pa[1])], f"R8 IPv{f} UDP: it is one connection, asked by both trees")
    # It counts for both: neither port is anybody else's while they talk.
    for x in (A[f], B[f]):
        fwctl("conn", "delete", "original", "saddr", x, "daddr", NET[f])
    equal((shown(f, a, server), shown(f, b, server)), (pa, pb), f"R8 IPv{f} UDP: both ports stay with it")
    a.sendto(b"three", pb)
    equal(gets(b, b"three"), pa, f"R8 IPv{f} UDP: and it goes on")
    # A policy that allows it still, and one that does not.
    policy()
    a.sendto(b"four", pb)
    equal(gets(b, b"four"), pa, f"R8 IPv{f} UDP: under another policy, too")
    policy(option="")
    nothing(a, pb, b, f"R8 IPv{f} UDP: not under one without the option")
    policy(first="iif lan oif lan drop;")
    nothing(a, pb, b, f"R8 IPv{f} UDP: nor under one that says no where it leaves")
    policy(kind="")
    nothing(a, pb, b, f"R8 IPv{f} UDP: nor for whom there is no such port")
    # What is outside is not led in; nor is a socket to itself.
    policy()
    fwctl("conn", "flush")
    pa, pb = shown(f, a, server), shown(f, b, server)
    stranger = udp("net", NET[f], 5001)
    nothing(stranger, pb, b, f"R8 IPv{f} UDP: a stranger is not led in, though ingress accepts")
    nothing(a, pa, a, f"R8 IPv{f} UDP: nor does a socket meet itself")

    # Each byte: what the other one gets, and the error of who does not listen.
    b.close()
    wa, wb = Wire("home", "h0"), Wire("home2", "h0")
    data = os.urandom(33)
    sent = udp_packet(f, (A[f], X), pb, data, 64)
    wa.send(mac("gw", "lan") + mac("home", "h0") + (b"\x08\x00" if f == 4 else b"\x86\xdd") + sent)
    equal(of_proto(f, 17, wb).hex(), udp_packet(f, pa, (B[f], Y), data, 63).hex(),
          f"R8 IPv{f} UDP: each byte of what arrives")
    e = of_proto(f, 1 if f == 4 else 58, wa)
    quoted = udp_packet(f, (A[f], X), pb, data, 63)
    icmp = struct.pack("!BBHI", *((3, 3) if f == 4 else (1, 4)), 0, 0) + quoted
    sum_ = csum((b"" if f == 4 else pseudo(f, WAN[f], A[f], 58, len(icmp))) + icmp)
    icmp = icmp[:2] + struct.pack("!H", sum_) + icmp[4:]
    if len(e) > 40:
        # What its writer chooses freely: the number, the flow label, and the type of service.
        head = struct.unpack_from("!I", e)[0]
        free = {"tos": e[1], "ident": struct.unpack_from("!H", e, 4)[0], "df": e[6] >> 6 & 1} if f == 4 else \
               {"tos": head >> 20 & 0xff, "flow": head & 0xfffff}
        want = ip(f, WAN[f], A[f], 1 if f == 4 else 58, 63, icmp, **free)
    else:
        want = icmp
    equal(e.hex(), want.hex(), f"R7 IPv{f}: each byte of the error about it, and of its quote")
    a.connect(pb)
    a.send(b"anybody")
    equal(refused(lambda: a.recv(10)), errno.ECONNREFUSED, f"R7 IPv{f}: it finds the socket that sent")
    for x in (wa, wb, a, server, stranger):
        x.close()

    # TCP.
    fwctl("conn", "flush")
    far, ends = both_out(f)
    pa, pb = ends[0][2], ends[1][2]
    mine = listen("home2", B[f], Y)
    p = Pair("home", *pb, mine, source=(A[f], X))
    equal(p.peer[:2], pa, f"R8 IPv{f} TCP: the other one sees the end outside")
    ok(p.talk(), f"R8 IPv{f} TCP: both ways")
    policy()
    ok(p.talk(), f"R8 IPv{f} TCP: under another policy, too")
    p.close()
    for c, s, _ in ends:
        c.close()
        s.close()
    for x in (mine, far):
        x.close()
# Each packet walks: as what it is of the one connection, by the interfaces that it uses.
PER_PACKET = """option hairpin on
option evaluate per-packet
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif wan accept
ct state new count new accept
ct state established ct direction original count there accept
ct state established ct direction reply count back accept
ct state related count related accept
drop }
egress { ct state untracked accept; %s oif wan masquerade endpoint-independent accept
iif lan oif lan ct state new count new-out accept
iif lan oif lan ct state established ct status snat ct status dnat ct direction original count there-out accept
iif lan oif lan ct state established ct status snat ct status dnat ct direction reply count back-out accept
iif lan oif lan ct state related count related-out accept
oif lan iif wan accept
drop id strange }
"""
NAMES = ("new", "new-out", "there", "there-out", "back", "back-out", "related", "related-out")
def counts():
    c = stats()["counters"]
    return [c[n]["packets"] for n in NAMES]

def since(before):
    return [n - b for n, b in zip(counts(), before)]

for f in (4, 6):
    what = f"R8 IPv{f}, per packet"
    fwctl("conn", "flush")
    apply(PER_PACKET % "")
    server = udp("net", NET[f], 5000)
    a, b = udp("home", A[f], X), udp("home2", B[f], Y)
    pa, pb = shown(f, a, server), shown(f, b, server)
    before = counts()
    for i in range(2):
        a.sendto(b"one", pb)
        equal(gets(b, b"one"), pa, f"{what}: the other one sees the end outside")
    b.sendto(b"two", pa)
    equal(gets(a, b"two"), pb, f"{what}: and so does the first one")
    for i in range(3):
        a.sendto(b"three", pb)
        equal(gets(b, b"three"), pa, f"{what}: later packets, too")
    equal(since(before), [2, 2, 3, 3, 1, 1, 0, 0], f"{what}: new until it is answered, then established; both trees, both ways")
    equal(len([c for c in conn_list() if c["original"]["daddr"] == WAN[f]]), 1, f"{what}: of one connection")
    # A refusal is of the packet; a policy without the option changes nothing in what is there.
    apply(PER_PACKET % "iif lan oif lan ct direction original drop;")
    nothing(a, pb, b, f"{what}: one direction is refused where it leaves")
    b.sendto(b"four", pa)
    equal(gets(a, b"four"), pb, f"{what}: the other one is not")
    apply((PER_PACKET % "").replace("hairpin on", "hairpin off"))
    a.sendto(b"five", pb)
    equal(gets(b, b"five"), pa, f"{what}: without the option what is there goes on, as translations do")
    c = udp("home", A[f], 7002)
    nothing(c, pb, b, f"{what}: and nothing begins")
    c.close()
    policy()
    a.sendto(b"six", pb)
    equal(gets(b, b"six"), pa, f"{what}: decided afresh with the option it goes on")
    policy(option="")
    nothing(a, pb, b, f"{what}: without it that is its end")
    # An error about it.
    fwctl("conn", "flush")
    apply(PER_PACKET % "")
    pa, pb = shown(f, a, server), shown(f, b, server)
    b.close()
    before = counts()
    a.connect(pb)
    a.send(b"anybody")
    equal(refused(lambda: a.recv(10)), errno.ECONNREFUSED, f"{what}: who does not listen")
    equal(since(before), [1, 1, 0, 0, 0, 0, 1, 1], f"{what}: an error is related, at both trees")
    for x in (a, server):
        x.close()
    # TCP.
    fwctl("conn", "flush")
    far, ends = both_out(f)
    mine = listen("home2", B[f], Y)
    before = counts()
    p = Pair("home", *ends[1][2], mine, source=(A[f], X))
    ok(p.talk() and p.talk(b"x" * 50000), f"{what}, TCP: both ways")
    got = since(before)
    ok(got[:2] == [1, 1] and got[2] == got[3] > 2 and got[4] == got[5] > 2, f"{what}, TCP: each walks, at both trees", got)
    p.close()
    for c, s, _ in ends:
        c.close()
        s.close()
    for x in (mine, far):
        x.close()
    equal(rule("strange")["hits"], 0, f"{what}: none was anything else")

# R1: no port is left to be shown with: said, counted, and at once.
policy(kind="to :7000-7001 endpoint-independent")
for f in (4, 6):
    fwctl("conn", "flush")
    far = udp("net", {4: "203.0.113.1", 6: "2001:db8:1::1"}[f], 9)
    inside = [udp("home", A[f], X), udp("home2", B[f], Y)]
    ends = [shown(f, s, far) for s in inside]
    equal(sorted(e[1] for e in ends), [7000, 7001], f"IPv{f}, full: each port has its socket")
    before = reason("nat-exhausted"), reason("tuple-clash")
    third = udp("home2", B[f], 7005)
    third.connect(ends[0])
    third.send(b"x")
    equal(refused(lambda: third.recv(9)), errno.EHOSTUNREACH if f == 4 else errno.EACCES,
          f"R1 IPv{f}, full: who comes next is told")
    equal((reason("nat-exhausted"), reason("tuple-clash")), (before[0] + 1, before[1]), f"R1 IPv{f}, full: and counted")
    for s in (far, third, *inside):
        s.close()
END
fw conn flush >/dev/null
is "no connection, no mapping: nothing is left of their memory" "$(stat 'd["connections"]["memory"]')" 0
done_testing
