#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# reject at a device: the answer goes back to who sent the frame, by the device that it came
# in by, with its tag, and no routing is asked. Nobody is answered who must not be (R32).
#
#   home h0 ──── lan gw wan ──── net       VLAN 5 on h0-lan
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
ip -n home link add link h0 name h0.5 type vlan id 5
ip -n home link set h0.5 up
addr home h0.5 192.168.5.2/24 fd00:5::2/64
py <<'END'
GW, HOME_MAC, wire = mac("gw", "lan"), mac("home", "h0"), Wire("home", "h0")
POLICY = """option answer-rate 1000/second
ingress device lan {
    tcp dport 80 reject id tcp
    udp dport 7 reject id udp
    udp dport 8 reject with host-prohibited
    udp dport 9 reject with admin-prohibited
    tcp dport 81 reject with admin-prohibited
    udp dport 10 reject with tcp-reset id none
    protocol icmp reject
    ether type 0x88b5 reject id other
    accept
}
%s
"""
apply(POLICY % "")

def tcp_call(f, port):
    return refused(lambda: connect("home", FAR[f], port, timeout=3), errno.ECONNREFUSED)

def udp_call(f, port, to=FAR):
    u = udp("home", HOME[f])
    u.connect((to[f], port))
    u.send(b"x")
    return refused(lambda: u.recv(10))

for f in 4, 6:
    equal(tcp_call(f, 80), errno.ECONNREFUSED, f"IPv{f}: TCP: a RST")
    equal(udp_call(f, 7), errno.ECONNREFUSED, f"IPv{f}: UDP: port unreachable")
    equal(udp_call(f, 7, WAN), errno.ECONNREFUSED, f"IPv{f}: of one for this machine, too")
    equal(udp_call(f, 8), errno.EHOSTUNREACH if f == 4 else errno.EACCES, f"IPv{f}: host-prohibited")
    equal(udp_call(f, 9), errno.EHOSTUNREACH if f == 4 else errno.EACCES, f"IPv{f}: admin-prohibited")
    equal(tcp_call(f, 81), errno.EHOSTUNREACH if f == 4 else errno.EACCES, f"IPv{f}: TCP by an ICMP error")
    equal(udp_call(f, 10), errno.ETIMEDOUT, f"IPv{f}: a RST to what is no TCP: nothing fits")
r = rule("tcp")
equal((r["hits"], stats()["verdicts"]["reject"] > 6), (2, True), "each once, and counted as refused")
equal(stats()["connections"]["count"], 0, "no entry")

# A machine that has no route back, and none of its own that it asks.
run("ip", "-n", "gw", "route", "flush", "table", "main")
equal(tcp_call(4, 80), errno.ECONNREFUSED, "without a route")

# With its tag.
with ns("home"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.168.5.2", 0))
run("ip", "-n", "home", "neigh", "replace", "192.168.5.1", "lladdr", GW.hex(":"), "dev", "h0.5")
s.connect(("192.168.5.1", 7))
s.settimeout(3)
s.send(b"x")
equal(refused(lambda: s.recv(10)), errno.ECONNREFUSED, "the answer has the frame's tag")

# Its own egress tree sees it.
apply(POLICY % "egress device lan { tcp flags & rst == rst drop id answer; accept }")
equal(refused(lambda: connect("home", FAR[4], 80, timeout=0.5)), errno.ETIMEDOUT, "the device's own egress tree says whether it leaves")
ok(wait_for(lambda: rule("answer")["hits"] > 0), "and sees it")
apply(POLICY % "")

# Who must not be answered.
def frame(proto, l4, src=HOME[4], dst=FAR[4], to=GW, off=0, bad=0, sum_at=None):
    a, b = socket.inet_aton(src), socket.inet_aton(dst)
    if sum_at is not None:
        pseudo = b"" if proto == 1 else a + b + struct.pack("!II", len(l4), proto)
        l4 = l4[:sum_at] + struct.pack("!H", csum(pseudo + l4) ^ bad) + l4[sum_at + 2:]
    h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), 1, off, 64, proto, 0) + a + b
    return to + HOME_MAC + b"\x08\x00" + h[:10] + struct.pack("!H", csum(h)) + h[12:] + l4

def udp_frame(**kw):
    return frame(17, struct.pack("!HHHH", 4000, 7, 9, 0) + b"x", sum_at=6, **kw)

def tcp_frame(flags, **kw):
    return frame(6, struct.pack("!HHIIBBHHH", 4000, 80, 5, 0, 5 << 4, flags, 1000, 0, 0), sum_at=16, **kw)

def error_frame(**kw):
    inner = frame(17, struct.pack("!HHHH", 1, 2, 8, 0), src=FAR[4], dst=HOME[4])[14:]
    return frame(1, struct.pack("!BBHI", 3, 3, 0, 0) + inner, sum_at=2, **kw)

def answers(what):
    """ICMP errors and RSTs about it that come back: of port 4000, or of an ICMP message."""
    list(wire.frames(0.05))
    wire.send(what)
    return [x for x in wire.frames(0.3) if x[:6] == HOME_MAC and x[12:14] == b"\x08\x00" and
            (x[23] == 1 and x[34] == 3 and (x[62:64] == b"\x0f\xa0" or x[51] == 1) or
             x[23] == 6 and x[36:38] == b"\x0f\xa0" and x[47] & 4)]

equal(len(answers(udp_frame())), 1, "R32: a packet that may be answered is")
equal(len(answers(tcp_frame(2))), 1, "R32: and a SYN")
equal(len(answers(tcp_frame(4))), 0, "R32: not a RST")
equal(len(answers(error_frame())), 0, "R32: not an ICMP error")
equal(len(answers(udp_frame(to=b"\xff" * 6))), 0, "R32: not a broadcast frame")
equal(len(answers(udp_frame(to=bytes.fromhex("01005e000005")))), 0, "R32: not a frame to a group")
OTHER = bytes.fromhex("020000000099")
equal(len(answers(udp_frame(to=OTHER))), 0, "not a frame for another machine")
equal(len(answers(tcp_frame(2, to=OTHER))), 0, "nor its connections")
run("ip", "-n", "gw", "link", "add", "br9", "type", "bridge")
run("ip", "-n", "gw", "link", "set", "lan", "master", "br9")
equal(len(answers(udp_frame(to=OTHER))), 1, "but at a bridge's port, where frames go through")
run("ip", "-n", "gw", "link", "del", "br9")
equal(len(answers(udp_frame(dst="224.0.0.5"))), 0, "R32: not a packet to a group")
equal(len(answers(udp_frame(src="0.0.0.0"))), 0, "R32: not who has no address")
equal(len(answers(udp_frame(src="255.255.255.255"))), 0, "R32: not everybody")
equal(len(answers(udp_frame(src="224.0.0.5"))), 0, "R32: not a group")
equal(len(answers(udp_frame(off=5))), 0, "R32: not a later fragment")
equal(len(answers(tcp_frame(2, bad=1))), 0, "not what was damaged")
equal(len(answers(udp_frame(bad=1))), 0, "not by an ICMP error either")
wire.send(GW + HOME_MAC + b"\x88\xb5" + bytes(46))
ok(wait_for(lambda: rule("other")["hits"] == 1), "of what is no IP it is a drop")
# Ethernet's padding is no part of a packet: neither of its sum nor of what is acknowledged.
got = answers(tcp_frame(2) + bytes(6))
equal([struct.unpack("!I", x[42:46])[0] for x in got], [6], "a SYN in a frame that was filled up: a RST")
equal(len(answers(tcp_frame(2, bad=1) + bytes(6))), 0, "not if it was damaged")
equal(len(answers(udp_frame() + bytes(17))), 1, "UDP likewise")

got = answers(udp_frame())[0]
equal((got[26:30], got[30:34], got[6:12]), (socket.inet_aton(FAR[4]), socket.inet_aton(HOME[4]), GW),
      "from whom it was for, to who sent it")

# No more than answer-rate.
apply((POLICY % "").replace("1000/second", "5/second"))
was = stats()["reasons"]["answers-limited"]["value"]
list(wire.frames(0.05))
for _ in range(40):
    wire.send(udp_frame())
ok(len([x for x in wire.frames(0.3) if x[12:14] == b"\x08\x00" and x[23] == 1]) <= 12, "no more than answer-rate")
ok(stats()["reasons"]["answers-limited"]["value"] >= was + 30, "the rest is counted")
wire.close()

# What lies in pages is made linear, elsewhere, before the answer's addresses are taken; and
# where it lay is free, if no socket listens to what leaves, too, and holds it.
apply(POLICY % "")
for f, kind, proto, icmp, unreach in ((4, 0x0800, 23, 1, 3), (6, 0x86dd, 20, 58, 1)):
    with ns("home"):
        comes = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
        comes.bind(("h0", kind))
    u = udp("home", HOME[f])
    u.setsockopt(socket.SOL_UDP, 103, 1400)     # UDP_SEGMENT
    u.sendto(bytes(2800), (FAR[f], 9))
    comes.settimeout(TIMEOUT)
    for got in iter(lambda: comes.recv(2000), b""):
        if got[proto] == icmp and got[34 if f == 4 else 54] == unreach:
            break
    equal((got[:6], got[6:12]), (HOME_MAC, GW), f"IPv{f}: two datagrams in one, in pages: the answer goes to who sent it")
    comes.close()
END
is "egress: refused, with a hint" "$(echo 'egress device lan { reject }' | fw check - 2>&1)" "*no 'reject' in 'egress device'*what leaves*"
done_testing
