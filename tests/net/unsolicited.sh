#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What nobody asked for does not get in, and is counted by its reason.
#
#   home ──── lan gw wan ──── net  SYN, UDP, echo request, mid-stream ACK,
#                                  SYN+ACK, RST, ICMP error about nothing
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
must_apply <<'END'
option adopt 0s
ingress {
	iif lo accept
	iif wan ct state invalid drop id invalid
	iif lan accept
	ct state untracked accept		# ND, MLD
	drop id closed
}
egress { oif wan family ipv4 masquerade accept; accept }
END
py <<'END'
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, UDPerror
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, IPv6)
from scapy.layers.l2 import Ether

wire = Wire("net", "i0")
inside = Wire("home", "h0")
head = Ether(dst=mac("gw", "wan"), src=mac("net", "i0"))
for f in (4, 6):
    to_home = (IP(src=FAR[4], dst=HOME[4]) if f == 4 else IPv6(src=FAR[6], dst=HOME[6]))
    to_gw = (IP(src=FAR[4], dst=WAN[4]) if f == 4 else IPv6(src=FAR[6], dst=WAN[6]))
    echo = ICMP(id=77) if f == 4 else ICMPv6EchoRequest(id=77)
    quoted = (ICMP(type=3, code=1) / IPerror(src=WAN[4], dst=FAR[4]) / UDPerror(sport=9, dport=9)
              if f == 4 else
              ICMPv6DestUnreach() / IPv6(src=WAN[6], dst=FAR[6]) / UDP(sport=9, dport=9))
    for ip, where in ((to_home, "home"), (to_gw, "gw")):
        for name, l4, counted in (
                ("SYN", TCP(sport=1000, dport=22, flags="S"), "closed"),
                ("UDP", UDP(sport=1000, dport=53) / b"x", "closed"),
                ("echo request", echo, "closed"),
                ("ACK in the middle", TCP(sport=80, dport=40000, flags="A", seq=9, ack=9), "invalid"),
                ("SYN+ACK without SYN", TCP(sport=80, dport=40001, flags="SA"), "invalid"),
                ("RST", TCP(sport=80, dport=40002, flags="R"), "invalid"),
                ("null flags", TCP(sport=80, dport=40003, flags=""), "invalid"),
                ("SYN+FIN", TCP(sport=80, dport=40004, flags="SF"), "invalid"),
                ("ICMP error about nothing", quoted, "invalid")):
            before = rule(counted)["hits"]
            wire.send(bytes(head / ip / l4))
            ok(wait_for(lambda: rule(counted)["hits"] == before + 1),
               f"IPv{f} {name} to {where}: rule '{counted}'",
               {"before": before, "after": rule(counted)["hits"]})
    # To who is said to have sent it.
    self = IP(src=HOME[4], dst=HOME[4]) if f == 4 else IPv6(src=HOME[6], dst=HOME[6])
    for name, l4 in (("UDP", UDP(sport=53, dport=53) / b"to itself"), ("SYN", TCP(sport=22, dport=22, flags="S") / b"to itself")):
        before = rule("closed")["hits"]
        wire.send(bytes(head / self / l4))
        ok(wait_for(lambda: rule("closed")["hits"] == before + 1), f"IPv{f} {name} from home to itself, from outside: rule 'closed'",
           rule("closed"))
    # To all on the link by its frame, to one host by its packet: no broadcast.
    server = udp("gw", WAN[f], 53)
    for name, to in (("broadcast", "ff:ff:ff:ff:ff:ff"), ("multicast", "33:33:00:00:00:01")):
        before = rule("closed")["hits"]
        wire.send(bytes(Ether(dst=to, src=mac("net", "i0")) / to_gw / UDP(sport=1000, dport=53) / b"x"))
        ok(wait_for(lambda: rule("closed")["hits"] == before + 1), f"IPv{f} UDP to gw, in a frame that is {name}: rule 'closed'",
           rule("closed"))
    server.settimeout(0.01)
    equal(refused(lambda: server.recv(9)), errno.ETIMEDOUT, f"IPv{f}: nothing of it is heard")
    server.close()
ok(not [x for x in inside.frames(0.2) if x[12:14] in (b"\x08\0", b"\x86\xdd") and b"to itself" in x],
   "nothing reached home")
equal(len(conn_list()), 0, "and none of it is remembered")
r = stats()["reasons"]
equal(r["invalid"]["value"], 24, "24 counted as invalid")
equal(r["policy"]["value"], 20, "20 counted as dropped by a rule")
END
done_testing
