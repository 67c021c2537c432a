#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The routing logic unit: at random against "ip route get"; sources checked in one
# line of policy, strict and loose; and a route that changes under a connection.
#
#                       ┌──── lan gw wan ──── i0 net
#   home h0 .2  ────────┘        gw two ──── i1 net     203.0.114.8, 2001:db8:2::8
#   red  r0 .2  ──────────── red0 gw                    VRF "red", with 192.168.1.0/24 too
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
rlu_topology

## Against "ip route get", at random

py <<'END'
from rlu import *
import random
rng = random.Random(7)
FROM = {4: [HOME[4], "198.51.100.9", "10.2.0.9", "192.168.1.77"],
        6: [HOME[6], "2001:db8:77::9", "2001:db8:a2::9", "fd00:1::77"]}
TO = {4: ["10.1.0.%d", "198.51.100.%d", "203.0.113.%d", "203.0.114.%d"],
      6: ["2001:db8:a1::%x", "2001:db8:77::%x", "2001:db8:1::%x", "2001:db8:2::%x"]}
wrong = []
with Asked("route oif", NAMES) as a:
    for i in range(60):
        f = rng.choice(FAMILIES)
        src, dst = rng.choice(FROM[f]), rng.choice(TO[f]) % rng.randrange(1, 250)
        tos = rng.choice((0, 0, 0x10, 0x28))
        dport = rng.choice((9, 10, 500))
        got = a.say("home", src, dst, tos=tos, dport=dport)
        r = run("ip", "-n", "gw", "-j", f"-{f}", "route", "get", dst, "from", src, "iif", "lan",
                "tos", hex(tos), "ipproto", "udp", "dport", str(dport))
        want = json.loads(r.stdout)[0] if not r.returncode else {}
        name = "lo" if want.get("type") == "local" else want.get("dev", "none")
        if got != name:
            wrong.append((src, dst, tos, dport, got, want, r.stderr))
ok(not wrong, "60 packets: as ip route get says", wrong[:5])
END

## Checking sources in one line: strict and loose, a gateway with two uplinks

py <<'END'
from rlu import *
STRICT = """ingress {
	iif lo accept
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	route reverse != iif drop id spoofed
	accept
}
"""
LOOSE = STRICT.replace("!= iif", "none")
server = {f: udp("net", NET[f], PORT) for f in FAMILIES}
for f in FAMILIES:
    server[f].settimeout(0.4)
    run("ip", "-n", "net", f"-{f}", "route", "add", HOME[f][:-1] + "0/" + ("24" if f == 4 else "64"),
        "via", WAN[f])

def arrives(f, src):
    before = rule("spoofed")["hits"]
    send("home", src, NET[f])
    try:
        server[f].recv(9)
        return True
    except socket.timeout:
        return False if rule("spoofed")["hits"] == before + 1 else "lost"

for f in FAMILIES:
    gone = "10.66.0.9" if f == 4 else "2001:db8:66::9"
    apply(STRICT)
    equal(arrives(f, HOME[f]), True, f"IPv{f}: strict: an honest source passes")
    equal(arrives(f, FAR[f]), False, f"IPv{f}: strict: one from the other side is dropped, and counted")
    equal(arrives(f, LAN[f]), False, f"IPv{f}: strict: one of ours is dropped")
    equal(arrives(f, gone), False, f"IPv{f}: strict: one of nowhere is dropped")
    apply(LOOSE)
    equal(arrives(f, HOME[f]), True, f"IPv{f}: loose: an honest source passes")
    equal(arrives(f, TWO[f][:-1] + "99"), True, f"IPv{f}: loose: one from the other side passes")
    equal(arrives(f, gone), False, f"IPv{f}: loose: one of nowhere is dropped")
equal(fwctl("conn", "count")["count"] > 0, True, "what passed is a connection")
END

## Deciding afresh asks anew

py <<'END'
from rlu import *
POLICY = """option tcp-loose off
option adopt 0s
ingress {
	not protocol tcp accept
	iif wan count c%d drop		# answers walk no tree
	route oif wan accept id byway
	drop id elsewhere
}
"""
for f in FAMILIES:
    server = listen("net", NET[f], 80)
    apply(POLICY % 1)
    p = Pair("home", NET[f], 80, server)
    ok(p.talk(), f"IPv{f}: accepted, for it goes by wan")
    apply(POLICY % 2)
    ok(p.talk(), f"IPv{f}: decided afresh: it still does")
    run("ip", "-n", "gw", f"-{f}", "rule", "add", "iif", "lan", "ipproto", "tcp", "dport", "80",
        "table", "100", "pref", "50")
    apply(POLICY % 3)
    ok(not p.talk(), f"IPv{f}: decided afresh: it would go by two now, and is over")
    run("ip", "-n", "gw", f"-{f}", "rule", "del", "pref", "50")
    p.close()
    server.close()
END
done_testing
