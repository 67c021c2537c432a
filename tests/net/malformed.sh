#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R35: packets that lie: cut off, lengths that do not fit, bad checksums, options
# without end, extension headers in each other. Nothing of it gets through as a
# connection, and nothing breaks.
#
#   home ──── lan gw wan ──── net        raw frames from home and from net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
option adopt 0s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop id invalid; iif lan accept; drop id rest }
egress { oif wan masquerade accept; accept }
END
py <<'END'
import random
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                                IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

random.seed(7)
wire = Wire("home", "h0")
head = Ether(dst=mac("gw", "lan"), src=mac("home", "h0"))
i4, i6 = IP(src=HOME[4], dst=FAR[4]), IPv6(src=HOME[6], dst=FAR[6])

def totals():
    r = stats()
    return {"created": r["connections"]["created"],
            "bad": sum(r["reasons"][n]["value"] for n in ("invalid", "malformed", "checksum", "tcp-window"))}

def send(what, packet, passes=False, counted=True):
    """Sent as it is: counted, and makes no record."""
    before = totals()
    wire.send(bytes(head / packet))
    if counted:
        ok(wait_for(lambda: totals()["bad"] > before["bad"], 1), f"{what}: counted", (before, totals()))
    after = totals()
    if not passes:
        equal(after["created"], before["created"], f"{what}: makes no record")

# Lengths.
send("TCP header cut off", IP(src=HOME[4], dst=FAR[4], proto=6) / Raw(bytes(12)))
send("UDP header cut off", IP(src=HOME[4], dst=FAR[4], proto=17) / Raw(bytes(5)))
send("ICMP header cut off", IP(src=HOME[4], dst=FAR[4], proto=1) / Raw(b"\x08\0"))
send("UDP length beyond the packet", i4 / UDP(sport=1, dport=2, len=500) / b"x")
send("UDP length below its header", i4 / UDP(sport=1, dport=2, len=3) / b"x")
send("TCP data offset of 0", i4 / TCP(sport=1, dport=2, flags="S", dataofs=0))
send("TCP data offset beyond the packet", i4 / TCP(sport=1, dport=2, flags="S", dataofs=15))
send("TCP header cut off, IPv6", IPv6(src=HOME[6], dst=FAR[6], nh=6) / Raw(bytes(12)))
send("UDP length beyond the packet, IPv6", i6 / UDP(sport=1, dport=2, len=500) / b"x")
# What the kernel drops before our hooks: no harm is enough.
for what, p in (("IP length beyond the packet", IP(src=HOME[4], dst=FAR[4], len=1000) / UDP()),
                ("IP header length of 4 words", IP(src=HOME[4], dst=FAR[4], ihl=4) / UDP()),
                ("IP version 5", IP(src=HOME[4], dst=FAR[4], version=5) / UDP()),
                ("IP checksum", IP(src=HOME[4], dst=FAR[4], chksum=1) / UDP()),
                ("IP option cut off", IP(src=HOME[4], dst=FAR[4], ihl=6, proto=17) / Raw(b"\x07\x40\x04\0" + bytes(UDP(sport=1, dport=2))))):
    send(what, p, counted=False)
# Checksums.
send("SYN with a bad checksum", i4 / TCP(sport=9, dport=80, flags="S", chksum=1))
send("SYN with a bad checksum, IPv6", i6 / TCP(sport=9, dport=80, flags="S", chksum=1))
send("UDP with a bad checksum", i4 / UDP(sport=9, dport=80, chksum=1) / b"x")
send("UDP without a checksum, IPv6", i6 / UDP(sport=9, dport=80, chksum=0) / b"x", counted=False, passes=True)
send("ICMP with a bad checksum", i4 / ICMP(id=5, chksum=1))
send("ICMPv6 with a bad checksum", i6 / ICMPv6EchoRequest(id=5, cksum=1))
# TCP flags and options.
for flags in ("", "SF", "SR", "FSRPAU", "F", "P", "U"):
    send(f"TCP flags '{flags}'", i4 / TCP(sport=9, dport=80, flags=flags))
for what, options in (("without end", b"\x02"), ("length 0", b"\x02\x00\x05\xb4"), ("length beyond", b"\x02\x28\x05\xb4"),
                      ("SACK of 3 bytes", b"\x05\x03\x00\x01"), ("window scale 255", b"\x03\x03\xff\x01")):
    p = i4 / TCP(sport=random.randrange(1000, 60000), dport=80, flags="S", dataofs=6) / Raw(options.ljust(4, b"\1"))
    send(f"TCP option {what}", p, counted=False, passes=True)
# Extension headers.
deep = i6
for _ in range(40):
    deep = deep / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
send("40 extension headers", deep / UDP(sport=1, dport=2), counted=False)
send("hop-by-hop in the middle", i6 / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / UDP(sport=1, dport=2), counted=False, passes=True)
send("extension header cut off", IPv6(src=HOME[6], dst=FAR[6], nh=60) / Raw(b"\x11\xff" + bytes(6)))
send("atomic fragment", i6 / IPv6ExtHdrFragment(id=1) / UDP(sport=1, dport=2), counted=False, passes=True)
send("routing header", i6 / IPv6ExtHdrRouting() / UDP(sport=1, dport=2), counted=False, passes=True)

# Chance: real packets with bytes turned round, cut off and doubled.
seeds = [bytes(head / p) for p in (i4 / TCP(sport=5, dport=6, flags="S", options=[("MSS", 1460), ("WScale", 7), ("SAckOK", b"")]),
         i4 / UDP(sport=5, dport=6) / b"abc", i4 / ICMP(id=4), i6 / TCP(sport=5, dport=6, flags="S"),
         i6 / UDP(sport=5, dport=6) / b"abc", i6 / ICMPv6EchoRequest(id=9), deep / UDP(),
         i4 / ICMP(type=3, code=4) / IP(src=FAR[4], dst=HOME[4]) / UDP(sport=1, dport=2),
         i6 / IPv6ExtHdrFragment(id=3, m=1) / UDP())]
for i in range(4000 // SLOW):
    p = bytearray(random.choice(seeds))
    for _ in range(random.randrange(1, 6)):
        p[random.randrange(12 if random.random() < 0.05 else 14, len(p))] = random.randrange(256)
    if random.random() < 0.3:
        del p[random.randrange(15, len(p)):]
    wire.send(bytes(p))
p = Pair("home", FAR[4], 7, listen("net", FAR[4], 7))
ok(p.talk(), "after all that a connection is made as ever")
END
done_testing
