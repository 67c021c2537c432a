#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A flood: the table stays within its limit, drops are counted, and what is
# established goes on.
#
#   home ──── lan gw wan ──── net        option conn-max 64; SYNs and UDP from home,
#                                        forged ones of 10.0.0.0/8, too
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
# What is said to a forged source gets as far as home, and ends there. 203.0.113.201 gets
# nothing yet.
ip -n gw route add 10.0.0.0/8 via 192.168.1.2
ip -n home route add blackhole 10.0.0.0/8
ip -n net addr add 203.0.113.201/32 dev lo
ip -n gw neigh replace 203.0.113.201 lladdr 02:00:00:00:00:99 dev wan nud permanent
must_apply <<'END'
option conn-max 64
option adopt 0s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop }
egress { oif wan masquerade accept; accept }
END
py <<'END'
servers = [listen("net", FAR[4], 100 + i) for i in range(20)]
pairs = [Pair("home", FAR[4], 100 + i, s) for i, s in enumerate(servers)]
ok(all(p.talk() for p in pairs), "twenty connections are established")
u = udp("home", HOME[4])
most = 0
for i in range(3000):
    u.sendto(b"flood", (FAR[4], 1024 + i))
    if i % 100 == 0:
        most = max(most, fwctl("conn", "count")["count"])
n = fwctl("conn", "count")
equal(n["max"], 64, "the limit is what was said")
ok(max(most, n["count"]) <= 64, "never more than the limit", (most, n))
r = stats()["reasons"]
ok(r["evicted"]["value"] + r["table-full"]["value"] >= 2900, "evictions and refusals are counted",
   (r["evicted"]["value"], r["table-full"]["value"]))
ok(all(p.talk() for p in pairs), "the established ones go on")
equal(len(conn_list("state", "established")), 20, "all of them are still there")
# A flood of SYNs from many sources, none of them answered.
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
wire = Wire("home", "h0")
frame = bytearray(bytes(Ether(dst=mac("gw", "lan"), src=mac("home", "h0")) /
                        IP(src="192.168.1.9", dst="203.0.113.200") / TCP(sport=1, dport=80, flags="S")))
def patched(i):
    f = bytearray(frame)
    f[34:36] = struct.pack("!H", 1024 + i)
    f[50:52] = b"\0\0"
    pseudo = bytes(f[26:34]) + struct.pack("!BBH", 0, 6, 20)
    f[50:52] = struct.pack("!H", csum(pseudo + bytes(f[34:54])))
    return bytes(f)
for i in range(2000):
    wire.send(patched(i))
ok(fwctl("conn", "count")["count"] <= 64, "SYN flood: never more than the limit")
ok(all(p.talk() for p in pairs), "SYN flood: the established ones go on")
# Filled with established ones alone, there is no room, and no one is thrown out.
more, refusals = [], 0
for i in range(60):
    try:
        more.append(Pair("home", FAR[4], 100, servers[0], timeout=0.8))
        more[-1].talk()
    except OSError:
        refusals += 1
        if refusals > 3:
            break
ok(refusals > 3 and len(more) >= 40, "full of established ones: new ones are refused", (refusals, len(more)))
ok(all(p.talk() for p in pairs + more), "and all of the others go on")
ok(stats()["reasons"]["table-full"]["value"] > 0, "counted as table-full")
for p in pairs + more:
    p.close()
fwctl("conn", "flush")
ok(Pair("home", FAR[4], 119, servers[19]).talk(), "after a flush there is room")
# A flood that is answered, of forged sources: what waits for its own answer is not what
# goes. All by one CPU, whose oldest one goes first.
os.sched_setaffinity(0, {0})
fwctl("conn", "flush")
to_gw = Ether(dst=mac("gw", "lan"), src=mac("home", "h0"))
def came():
    # What was evicted counts for a moment, in which others are refused; each sends one away.
    s = stats()
    return s["connections"]["created"] + s["reasons"]["table-full"]["value"]
def forge(first, last):
    before = came()
    for i in range(first, last):
        wire.send(bytes(to_gw / IP(src=f"10.0.0.{i}", dst=FAR[4]) / TCP(sport=1024 + i, dport=118, flags="S")))
    return wait_for(lambda: came() >= before + last - first)
def half_open():
    return len(conn_list("src", "10.0.0.0/8", "state", "SYN_RECV"))
late = listen("net", "203.0.113.201", 80)
ok(forge(1, 61) and wait_for(lambda: half_open() > 48), "forged SYNs that are answered fill the table", half_open())
with ns("home"):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setblocking(False)
s.connect_ex(("203.0.113.201", 80))
def waits():
    return [c["id"] for c in conn_list("dst", "203.0.113.201")]
ident = wait_for(waits)
evicted, refused = reason("evicted"), reason("table-full")
# From 56 on, an eighth below the limit: there may be room for eight, of what was evicted before.
# Who is refused sends one away as well, and so makes room for one more.
ok(forge(61, 109) and reason("evicted") - evicted + reason("table-full") - refused >= 40, "more of them send others away",
   (reason("evicted") - evicted, reason("table-full") - refused))
equal(waits(), ident, "but not who waits for an answer since later")
run("ip", "-n", "gw", "neigh", "replace", "203.0.113.201", "lladdr", mac("net", "i0").hex(":"), "dev", "wan", "nud", "permanent")
def connected():
    try:
        return s.getpeername()
    except OSError:
        return None
ok(wait_for(connected), "which gets it")
equal(waits(), ident, "as the connection that it was")
END
done_testing
