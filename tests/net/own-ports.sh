#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R13: ports that the gateway's programs of SCTP and UDP-Lite have are nobody else's,
# where the kernel has these protocols; and SCTP, which is asked for that, is neither loaded
# for it nor held.
#
#   home ──── lan gw wan ──── net
# flavours: fast stock
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
BASE = "ingress { iif lo accept; ct state untracked accept; ct state invalid drop; accept }\n"
EGRESS = "egress { iif lan oif wan masquerade to :5000-5003 accept; accept }"
SCTP, LITE = 132, 136

def packet(f, proto, sport):
    """The first of a connection of home's, written out."""
    head = struct.pack("!HH", sport, 7)
    if proto == LITE:
        head += struct.pack("!HH", 12, 0)
        src, dst = (socket.inet_pton(FAMILY[f], a) for a in (HOME[f], FAR[f]))
        sum_ = csum(src + dst + (struct.pack("!HH", LITE, 12) if f == 4 else
                                 struct.pack("!II", 12, LITE)) + head + b"lite")
        return head[:6] + struct.pack("!H", sum_ or 0xffff) + b"lite"
    # An INIT, and its CRC.
    head += bytes(8)
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65536, 1, 1, 1)
    return head[:8] + struct.pack("<I", crc32c(head + chunk)) + chunk

def crc32c(data):
    c = 0xffffffff
    for byte in data:
        c ^= byte
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)
    return c ^ 0xffffffff

def shown(f, proto, n):
    """Ports that @n connections of home's are given, and how many got none."""
    fwctl("conn", "flush")
    before = reason("nat-exhausted")
    with ns("home"):
        s = socket.socket(FAMILY[f], socket.SOCK_RAW, proto)
    for i in range(n):
        s.sendto(packet(f, proto, 3000 + i), (FAR[f], 0))
    s.close()
    name = {SCTP: "sctp", LITE: "udplite"}[proto]
    wait_for(lambda: len(conn_list(name)) + reason("nat-exhausted") - before == n)
    return sorted(c["reply"]["dport"] for c in conn_list(name)), reason("nat-exhausted") - before

def server(f, proto, port):
    with ns("gw"):
        s = socket.socket(FAMILY[f], socket.SOCK_STREAM if proto == SCTP else socket.SOCK_DGRAM, proto)
    if f == 6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((WAN[f], port))
    if proto == SCTP:
        s.listen(1)
    return s

def has(proto):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM if proto == SCTP else socket.SOCK_DGRAM, proto).close()
    except OSError:
        return False
    return True

def users():
    """Who holds SCTP's module: each namespace does; None if it is not there."""
    for line in open("/proc/modules"):
        if line.startswith("sctp "):
            return int(line.split()[2])
    return None

apply(BASE + EGRESS)
for f in (4, 6):
    was = users()
    equal(shown(f, SCTP, 4), ([5000, 5001, 5002, 5003], 0), f"R13 IPv{f} SCTP: without a socket all ports are to be had")
    equal(users(), was, f"R13 IPv{f} SCTP: for which its module is not loaded")
for proto, name in ((SCTP, "SCTP"), (LITE, "UDP-Lite")):
    if proto == SCTP:
        run("modprobe", "sctp")
    if not has(proto):
        skip(f"R13 {name}: sockets of the gateway", f"this kernel has no {name}")
        continue
    held = users()
    for f in (4, 6):
        own = [server(f, proto, p) for p in (5000, 5002)]
        equal(shown(f, proto, 4), ([5001, 5003], 2),
              f"R13 IPv{f} {name}: ports of the gateway's programs are nobody else's, not even when there is no other")
        for s in own:
            s.close()
        equal(shown(f, proto, 4), ([5000, 5001, 5002, 5003], 0), f"R13 IPv{f} {name}: once they are gone all are to be had")
    ok(wait_for(lambda: users() == held), f"R13 {name}: nobody holds SCTP's module for it", (users(), held))
END
done_testing
