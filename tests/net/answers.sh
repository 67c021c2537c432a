#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R32: to what is rejected one answer at most; none to broadcast, multicast, their
# sources, another answer, or what is not whole. At both hooks that a guest from
# outside meets first.
#
#   home ──── lan gw wan ──── net        frames by hand, and what comes back
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
py <<'END'
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, UDPerror
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6TimeExceeded, IPv6)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

REJECT = """option adopt 0s
option answer-rate 100000/second
%s { ct state untracked accept; %s }
"""
wire = Wire("home", "h0")
ours, all_hosts = mac("gw", "lan"), b"\xff" * 6
HOSTS = {4: "01:00:5e:00:00:01", 6: "33:33:00:00:00:01"}
marks = iter(range(20000, 30000))

def ip(f, src=None, dst=None):
    return IP(src=src or HOME[4], dst=dst or FAR[4]) if f == 4 else IPv6(src=src or HOME[6], dst=dst or FAR[6])

def followed(f):
    """UDP that ends before its packet does: its checksum is of its own nine bytes."""
    src, dst = (socket.inet_pton(FAMILY[f], a[f]) for a in (HOME, FAR))
    head = struct.pack("!HHH", 5, 7, 9)
    check = csum(src + dst + struct.pack("!HH", 17, 9) + head + b"\0\0x")
    packet = ip(f)
    setattr(packet, "proto" if f == 4 else "nh", 17)
    return packet / Raw(head + struct.pack("!H", check) + b"x" + b"\x02\x04what is no part of it")

def answers(f, packet, to=ours):
    """How many packets come back before that to a packet which is answered for sure."""
    mark, got = next(marks), []
    me = mac("home", "h0")
    wire.send(bytes(Ether(src=me, dst=to) / packet))
    wire.send(bytes(Ether(src=me, dst=ours) / ip(f) / UDP(sport=mark, dport=9) / b"mark"))
    for frame in wire.frames(2 * SLOW):
        if frame[12:14] not in (b"\x08\0", b"\x86\xdd") or frame[:6] != me:
            continue
        if b"mark" in frame:
            return len(got)
        if frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] in range(133, 138):
            continue
        got.append(frame)
    return "no answer to the mark"

for hook, where in (("ingress", "reject"), ("egress", "oif wan reject; accept")):
    apply(REJECT % (hook, where))
    for f in (4, 6):
        run("ip", "netns", "exec", "home", "ping", "-n", "-c", "1", "-W", "3", LAN[f])
        # What is on its way until then is not looked at.
        answers(f, ip(f) / UDP(sport=4, dport=7) / b"x")
        about = IPerror(src=FAR[4], dst=HOME[4]) / UDPerror(sport=9, dport=9) if f == 4 else \
            IPv6(src=FAR[6], dst=HOME[6]) / UDP(sport=9, dport=9)
        cases = [
            ("a SYN", 1, ip(f) / TCP(sport=5, dport=7, flags="S"), ours),
            ("UDP", 1, ip(f) / UDP(sport=5, dport=7) / b"x", ours),
            ("UDP that something follows", 1, followed(f), ours),
            ("an echo request", 1, ip(f) / (ICMP(id=7) if f == 4 else ICMPv6EchoRequest(id=7)), ours),
            ("an ACK of nobody's", 1, ip(f) / TCP(sport=6, dport=7, flags="A", seq=9, ack=9), ours),
            ("a RST", 0, ip(f) / TCP(sport=6, dport=8, flags="R"), ours),
            ("a RST with ACK", 0, ip(f) / TCP(sport=6, dport=8, flags="RA"), ours),
            ("an ICMP error", 0, ip(f) / ((ICMP(type=3, code=1) if f == 4 else ICMPv6DestUnreach()) / about), ours),
            ("another", 0, ip(f) / ((ICMP(type=11) if f == 4 else ICMPv6TimeExceeded()) / about), ours),
            ("what came as a broadcast", 0, ip(f) / UDP(sport=5, dport=7) / b"x", all_hosts),
            ("a SYN that came so", 0, ip(f) / TCP(sport=5, dport=9, flags="S"), all_hosts),
            ("a SYN to us that came so", 0, ip(f, dst=LAN[f]) / TCP(sport=5, dport=9, flags="S"), all_hosts),
            ("UDP to us that came so", 0, ip(f, dst=LAN[f]) / UDP(sport=5, dport=9) / b"x", all_hosts),
            ("what came to a group", 0, ip(f) / UDP(sport=5, dport=7) / b"x", bytes.fromhex(HOSTS[f].replace(":", ""))),
            ("a source that is a group", 0,
             ip(f, src="224.0.0.5" if f == 4 else "ff02::5") / UDP(sport=5, dport=7) / b"x", ours),
        ]
        if f == 4:
            cases += [
                ("a source that is everybody", 0, ip(4, src="255.255.255.255") / UDP(sport=5, dport=7) / b"x", ours),
                ("a later fragment alone", 0, IP(src=HOME[4], dst=FAR[4], frag=100, proto=17) / Raw(b"x" * 40), ours),
            ]
        else:
            cases += [("a source that is nobody", 0, ip(6, src="::") / UDP(sport=5, dport=7) / b"x", ours)]
        cases += [("a wrong checksum", 0, ip(f) / UDP(sport=5, dport=7, chksum=0x1234) / b"x", ours),
                  ("a SYN with a wrong checksum", 0, ip(f) / TCP(sport=5, dport=7, flags="S", chksum=0x1234), ours),
                  ("an ACK with one", 0, ip(f) / TCP(sport=5, dport=7, flags="A", chksum=0x1234), ours)]
        if hook == "ingress":
            cases += [("to a group", 0, ip(f, dst="224.1.2.3" if f == 4 else "ff05::7") / UDP(sport=5, dport=7) / b"x",
                       bytes.fromhex(HOSTS[f].replace(":", "")))]
            if f == 4:
                cases += [("to everybody", 0, ip(4, dst="255.255.255.255") / UDP(sport=5, dport=7) / b"x", all_hosts),
                          ("to everybody there", 0, ip(4, dst="192.168.1.255") / UDP(sport=5, dport=7) / b"x", all_hosts),
                          ("to everybody there, in a frame for us", 0, ip(4, dst="192.168.1.255") / UDP(sport=5, dport=7) / b"x", ours)]
        for what, n, packet, to in cases:
            equal(answers(f, packet, to), n, f"R32 {hook} IPv{f}: {what}: {n}")
    # What routing would not have has a tentative entry, for two seconds (R22).
    ok(wait_for(lambda: not [c for c in conn_list() if c["original"]["daddr"] in FAR.values()]),
       f"{hook}: none of it is remembered", conn_list())
END

# A wire without frames does not say that a packet is for all of a subnet; its address does.
py <<'END'
import fcntl
from scapy.layers.inet import IP, UDP
with ns("gw"):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x1001))
for words in ("addr add 10.8.0.1/24 dev tun0", "link set tun0 up"):
    equal(run("ip", "-n", "gw", *words.split()).returncode, 0, f"ip {words}")
apply("ingress { iif tun0 udp dport 137 ct state untracked count all reject\niif tun0 udp dport 137 count some reject; accept }")
for last in (255, 9):
    os.write(tun, bytes(IP(src="10.8.0.2", dst=f"10.8.0.{last}") / UDP(sport=5, dport=137) / b"x"))
counts = lambda: {k: v["packets"] for k, v in stats()["counters"].items()}
ok(wait_for(lambda: counts() == {"all": 1, "some": 1}), "by a tunnel: what is for its subnet is untracked, else new", counts())
got = []
while not got or got[-1][16:20] != bytes((10, 8, 0, 2)) or got[-1][9] != 1:
    got.append(os.read(tun, 2000))
equal(got[-1][12:16] + got[-1][44:48], bytes((10, 8, 0, 1, 10, 8, 0, 9)), "by a tunnel: one answer, about the other")
os.close(tun)
END

# An answer that a tunnel carries: the tunnel's packet is none of ours, and is of its
# connection, or asked, as any is.
tunnel() {
	ip -n "$1" tunnel add t0 mode gre local "$2" remote "$3" &&
		ip netns exec "$1" sh -c "echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6" &&
		ip -n "$1" addr add "$4"/24 dev t0 && ip -n "$1" link set t0 up
}
ok "a tunnel" tunnel gw 203.0.113.8 203.0.113.1 10.9.0.1
ok "and its other end" tunnel net 203.0.113.1 203.0.113.8 10.9.0.2
py <<'END'
TUNNEL = """option adopt 0s
ingress { ct state untracked accept; iif t0 tcp dport 99 reject; protocol gre %s accept; accept }
egress { protocol gre count carried %s; accept }
"""
def dial():
    return refused(lambda: connect("net", "10.9.0.1", 99, timeout=1 + SLOW))

apply(TUNNEL % ("", "accept"))
equal(dial(), errno.ECONNREFUSED, "a SYN that came by the tunnel is answered by it")
c = conn_list("proto", "gre")[0]
equal((c["original"]["packets"], c["reply"]["packets"]), (1, 1), "what carried it counts in the tunnel's connection")
equal(c["state"], "REPLIED", "which is answered by it")
apply(TUNNEL % ("notrack", "drop"))
fwctl("conn", "flush")
equal(dial(), errno.ETIMEDOUT, "where nothing may leave by the tunnel, no answer does")
ok(stats()["counters"]["carried"]["packets"], "for it was asked")
END
done_testing
