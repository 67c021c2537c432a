#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Fields that no other test asks of real packets: of frames, headers, routes, by a pair of
# packets each, of which one is meant and the other nearly is.
#
#   home h0 ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
for v in 10.66.0.0/16 fd66::/64; do ip -n gw route add unreachable $v; done
for v in 10.67.0.0/16 fd67::/64; do ip -n gw route add throw $v; done
py <<'END'
# One CPU, so that packets stay in the order in which they are sent.
os.sched_setaffinity(0, {0})
GW, wire = mac("gw", "lan"), Wire("home", "h0")
BROADCAST, GROUP = b"\xff" * 6, bytes.fromhex("01005e000005")

def own(n):
    return bytes([2, 0, 0, 0, n >> 8, n & 255])

def frame(n, kind, body, to=GW, tag=None):
    tagged = struct.pack("!HH", 0x8100, tag) if tag is not None else b""
    return to + own(n) + tagged + struct.pack("!H", kind) + body

def arp(n, op=1, saddr="192.168.1.2", daddr="192.168.1.1", **kw):
    body = struct.pack("!HHBBH", 1, 0x800, 6, 4, op) + own(n) + socket.inet_aton(saddr) + bytes(6) + socket.inet_aton(daddr)
    return frame(n, 0x806, body, BROADCAST, **kw)

def ip(n, proto, l4, sum_at=None, daddr=FAR, v=4, ttl=64, tos=0, off=0, **kw):
    """Of the source that is @n's; the checksum of @l4 is put at @sum_at."""
    src = f"10.9.{n >> 8}.{n & 255}" if v == 4 else f"fd00:9::{n:x}"
    to = daddr if isinstance(daddr, str) else daddr[v]
    a, b = (socket.inet_pton(FAMILY[v], x) for x in (src, to))
    if sum_at is not None:
        pseudo = b"" if proto == 1 else a + b + struct.pack("!II", len(l4), proto)
        l4 = l4[:sum_at] + struct.pack("!H", csum(pseudo + l4)) + l4[sum_at + 2:]
    if v == 4:
        h = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(l4), n, off, ttl, proto, 0) + a + b
        h = h[:10] + struct.pack("!H", csum(h)) + h[12:]
    else:
        h = struct.pack("!IHBB", 6 << 28 | tos << 20, len(l4), proto, ttl) + a + b
    return frame(n, 0x800 if v == 4 else 0x86dd, h + l4, **kw)

def udp_(n, sport=1000, dport=2000, data=b"x", **kw):
    return ip(n, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, 6, **kw)

def tcp(n, flags=2, seq=5, ack=0, window=1000, options=b"", **kw):
    h = struct.pack("!HHIIBBHHH", 1000, 80, seq, ack, (20 + len(options)) << 2, flags, window, 0, 0)
    return ip(n, 6, h + options, 16, **kw)

def echo(n, v=4, ident=7, kind=None, code=0, **kw):
    kind = kind or (8 if v == 4 else 128)
    return ip(n, 1 if v == 4 else 58, struct.pack("!BBHHH", kind, code, 0, ident, 1), 2, v=v, **kw)

def dccp(n, dport, **kw):
    # A request, RFC 4340, 5.1.
    return ip(n, 33, struct.pack("!HHBBHBBH", 1000, dport, 5, 0, 0, 0x01, 0, 0) + bytes(4) + struct.pack("!I", 0), 6, **kw)

def lite(n, dport, **kw):
    return ip(n, 136, struct.pack("!HHHH", 1000, dport, 0, 0) + b"x", 6, **kw)

MSS = lambda m: struct.pack("!BBH", 2, 4, m)
# What is asked; what is meant; what is not. Of a device, then of the IP layer.
DEVICE = [
    (f"ether daddr {GW.hex(':')}", lambda n: udp_(n), lambda n: udp_(n, to=BROADCAST)),
    ("ether type ip6", lambda n: udp_(n, v=6), lambda n: udp_(n)),
    ("vlan pcp 5", lambda n: udp_(n, tag=5 << 13 | 7), lambda n: udp_(n, tag=4 << 13 | 7)),
    ("vlan id 7 vlan pcp < 5", lambda n: udp_(n, tag=4 << 13 | 7), lambda n: udp_(n, tag=5 << 13 | 7)),
    ("not { vlan id 0-4094 }", lambda n: udp_(n), lambda n: udp_(n, tag=7)),
    ("arp saddr 192.168.1.0/24", arp, lambda n: arp(n, saddr="192.168.2.2")),
    ("arp op request arp daddr 192.168.1.1", arp, lambda n: arp(n, daddr="192.168.1.9")),
    ("arp op reply", lambda n: arp(n, op=2), arp),
    ("pkttype host", lambda n: udp_(n), lambda n: udp_(n, to=own(9999))),
    ("pkttype broadcast", arp, lambda n: udp_(n, to=GROUP)),
    ("pkttype multicast", lambda n: udp_(n, to=GROUP), arp),
    ("pkttype otherhost", lambda n: udp_(n, to=own(9999)), lambda n: udp_(n)),
    ("fragment yes", lambda n: udp_(n, off=0x2000), lambda n: udp_(n)),
    ("length 28-40", lambda n: udp_(n), lambda n: udp_(n, data=bytes(13))),
    ("iif la*", lambda n: udp_(n), None),
    ("daddr addr(wan)", lambda n: udp_(n, daddr=WAN), udp_),
    ("daddr addr(wan)", lambda n: udp_(n, v=6, daddr=WAN), lambda n: udp_(n, v=6, daddr=LAN)),
    ("daddr net(la*)", lambda n: udp_(n, daddr=HOME), udp_),
    ("daddr net(lan)", lambda n: udp_(n, v=6, daddr=HOME), lambda n: udp_(n, v=6)),
    ("daddr != { addr(lan), net(wan) }", udp_, lambda n: udp_(n, daddr=LAN)),
    ("daddr @ours", lambda n: udp_(n, daddr=LAN), lambda n: udp_(n, daddr=HOME)),
    ("select pkttype { { broadcast, multicast } -> count N; default -> accept }", arp, lambda n: udp_(n)),
]
IP = [
    ("tcp seq 5", tcp, lambda n: tcp(n, seq=6)),
    ("tcp seq > 0xfffffff0", lambda n: tcp(n, seq=0xffffffff), lambda n: tcp(n, seq=1)),
    ("tcp ack 9", lambda n: tcp(n, flags=16, ack=9), lambda n: tcp(n, flags=16, ack=8)),
    ("tcp window >= 1000", tcp, lambda n: tcp(n, window=999)),
    ("tcp flags & { syn, ack } == syn", tcp, lambda n: tcp(n, flags=18)),
    ("tcp option mss < 536", lambda n: tcp(n, options=MSS(535)), lambda n: tcp(n, options=MSS(536))),
    ("tcp option mss != 536", lambda n: tcp(n, options=MSS(9000)), tcp),
    ("icmp code 1", lambda n: echo(n, code=1), echo),
    ("icmp id 7", echo, lambda n: echo(n, ident=8)),
    ("icmpv6 code 1", lambda n: echo(n, 6, code=1), lambda n: echo(n, 6)),
    ("icmpv6 id 7", lambda n: echo(n, 6), lambda n: echo(n, 6, ident=8)),
    ("dccp dport 9", lambda n: dccp(n, 9), lambda n: lite(n, 9)),
    ("udplite sport 1000 udplite dport 9", lambda n: lite(n, 9), lambda n: dccp(n, 9)),
    ("th dport 2000", udp_, lambda n: udp_(n, dport=2001)),
    ("meta iifname lan meta l4proto tcp counter", tcp, udp_),
    ("ip saddr 10.9.0.0/16 ip daddr 198.51.100.7", udp_, lambda n: udp_(n, v=6)),
    ("ip6 daddr 2001:db8:77::7", lambda n: udp_(n, v=6), udp_),
    ("ip6 nexthdr udp", lambda n: udp_(n, v=6), udp_),
    ("ip protocol udp", udp_, lambda n: udp_(n, v=6)),
    ("meta nfproto ipv6", lambda n: udp_(n, v=6), udp_),
    ("meta length > 1000", lambda n: udp_(n, data=bytes(1000)), udp_),
    ("tcp sequence 5 tcp ackseq 0", tcp, lambda n: tcp(n, seq=6)),
    ("ip dscp ef", lambda n: udp_(n, tos=46 << 2), udp_),
    ("ttl < 3", lambda n: udp_(n, ttl=2), lambda n: udp_(n, ttl=3)),
    ("ip6 hoplimit 255", lambda n: udp_(n, v=6, ttl=255), lambda n: udp_(n, v=6)),
    ("dscp ef", lambda n: udp_(n, tos=46 << 2), udp_),
    ("dscp cs5", lambda n: udp_(n, tos=40 << 2, v=6), lambda n: udp_(n, v=6)),
    ("length > 1000", lambda n: udp_(n, data=bytes(1000)), udp_),
    ("protocol @kinds", tcp, udp_),
    ("dport @ports", lambda n: udp_(n, dport=1003), lambda n: udp_(n, dport=1010)),
    ("ct state untracked", lambda n: udp_(n, daddr="192.168.1.255", to=BROADCAST), udp_),
    ("ct state invalid", lambda n: tcp(n, flags=16), tcp),
    ("route type unicast", udp_, lambda n: udp_(n, daddr=LAN)),
    ("route type local", lambda n: udp_(n, daddr=WAN), udp_),
    ("route type broadcast", lambda n: udp_(n, daddr="192.168.1.255", to=BROADCAST), udp_),
    ("route type multicast", lambda n: udp_(n, daddr="224.0.0.5", to=GROUP), udp_),
    ("route type unreachable", lambda n: udp_(n, daddr="10.66.1.1"), lambda n: udp_(n, daddr="10.67.1.1")),
    ("route type none", lambda n: udp_(n, daddr="10.67.1.1"), lambda n: udp_(n, daddr="10.66.1.1")),
    ("route type unreachable", lambda n: udp_(n, v=6, daddr="fd66::1"), lambda n: udp_(n, v=6)),
    ("route type none", lambda n: udp_(n, v=6, daddr="fd67::1"), lambda n: udp_(n, v=6)),
    ("route type unicast", lambda n: udp_(n, v=6), lambda n: udp_(n, v=6, daddr=LAN)),
    ("not { family ipv4 protocol udp }", tcp, udp_),
    ("iif la*", udp_, None),
]

def rule_of(n, what, where):
    count = f"c{n}"
    source = f"ether saddr {own(n).hex(':')}" if where == "device" else \
        f"saddr {{ 10.9.{n >> 8}.{n & 255}, fd00:9::{n:x} }}"
    if what.startswith("select"):
        return f"{source} {what.replace('count N', 'count ' + count)}"
    return f"{source} {what} count {count}"

def asked(where, table, head, first):
    rules = "\n".join(rule_of(first + i, t[0], where) for i, t in enumerate(table))
    last = first + len(table)
    apply("set kinds : protocol { elements = { tcp, 99 } }\n"
          "set ours : addr { elements = { addr(lan), addr(wan) } }\n"
          "set ports : port { interval; elements = { 1000-1009 } }\n"
          f"option counters off\noption adopt 0s\n{head} {{\n{rules}\n{rule_of(last, '', where)}\ndrop\n}}\n")
    for i, (_, yes, no) in enumerate(table):
        wire.send(yes(first + i))
        if no:
            wire.send(no(first + i))
    wire.send(udp_(last))
    counts = lambda: {k: v["packets"] for k, v in stats()["counters"].items()}
    ok(wait_for(lambda: counts()[f"c{last}"] == 1), f"{where}: all have come")
    got = counts()
    for i, (what, _, _) in enumerate(table):
        equal(got[f"c{first + i}"], 1, f"{where}: {what}: one of both")

asked("device", DEVICE, "ingress device la*", 1)
asked("ip", IP, "ingress", 101)
wire.close()
END
done_testing
