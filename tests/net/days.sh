#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Connections over days: quiet ones live for as long as they are told, and no longer;
# keepalives keep them; a full table shortens them no further than RFCs grant.
#
#   home ──── lan gw wan ──── net
# flavours: time-travel
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
must_apply <<'END'
option adopt 0s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop }
egress { oif wan family ipv4 masquerade; accept }
END
is "fwctl show timeouts: what is in force" \
	"$(fw -j show timeouts | j "[(t['name'], t['tracked'], t['translated'], t['set']) for t in d if t['name'] in ('tcp-established', 'udp-stream')]")" \
	'[["tcp-established", 86400, 86400, false], ["udp-stream", 120, 300, false]]'
py <<'END'
import netlib
netlib.TIMEOUT = 4.0
HOUR, DAY = 3600, 86400
servers = {}

def pair(f, **kw):
    port = 1000 + len(servers)
    servers[port] = listen("net", FAR[f], port)
    p = Pair("home", FAR[f], port, servers[port], **kw)
    p.port = port
    return p

def entry(p):
    got = [c for c in conn_list("proto", "tcp") if c["original"]["dport"] == p.port]
    return got[0] if got else None

p = pair(4)
time.sleep(DAY - 60)
ok(p.talk(), "R25: after a day less a minute it goes on")
time.sleep(DAY + 60)
equal(entry(p), None, "R6: after a day and a minute it is forgotten")
p.s.sendall(b"late")
ok(silent(p.c, 2), "R6: and what the server says then does not get in")

# Keepalives: one each hour, for longer than a day.
p = pair(4)
p.c.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
for name, value in (("TCP_KEEPIDLE", HOUR), ("TCP_KEEPINTVL", 75), ("TCP_KEEPCNT", 9)):
    p.c.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
before = entry(p)["original"]["packets"]
time.sleep(DAY + 6 * HOUR)
e = entry(p)
ok(e and e["original"]["packets"] - before >= 29, "R19: keepalives keep it for longer than that", e)
ok(p.talk(), "R19: and then it carries data")
# The other side is gone: probes alone do not.
run("ip", "-n", "net", "link", "set", "i0", "down")
time.sleep(2 * HOUR)
equal(entry(p), None, "R19: probes that nobody answers do not")
run("ip", "-n", "net", "link", "set", "i0", "up")
run("ip", "-n", "net", "route", "replace", "203.0.113.0/24", "dev", "i0", "src", FAR[4])
run("ip", "-n", "net", "route", "add", "192.168.1.0/24", "via", WAN[4], "src", FAR[4])

# A table that is full to the end: 7440 seconds for what is answered and translated.
apply("""option adopt 0s
option conn-adaptive-start 1
option conn-adaptive-end 3
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop }
egress { oif wan family ipv4 masquerade; accept }""")
pairs = [pair(4) for _ in range(4)]
ok(all(p.talk() for p in pairs), "four connections")
time.sleep(7430)
ok(all(entry(p) for p in pairs), "R25: under pressure: after 7430 seconds each is there", len(conn_list()))
ok(pairs[0].talk(), "R25: and goes on")
time.sleep(20)
equal([bool(entry(p)) for p in pairs], [True, False, False, False], "R25: after 7450 those that were quiet are not")
END
must_apply <<'END'
option timeout tcp-established 3h
option timeout udp 5s
ingress { accept }
egress { accept }
END
is "fwctl show timeouts: what the policy sets" \
	"$(fw -j show timeouts | j "[(t['name'], t['tracked'], t['translated']) for t in d if t['set']]")" \
	'[["tcp-established", 10800, 10800], ["udp", 5, 5]]'
done_testing
