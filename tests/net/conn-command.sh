#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl conn list, count, flush, delete, with filters; and they do what they say.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
option conn-max 5000
option adopt 0s
option timeout tcp-established 1h
ingress { ct state invalid drop; accept }
egress { oif wan masquerade accept; accept }
END
py <<'END'
pairs = {}
for f in (4, 6):
    for port in (80, 81):
        pairs[f, port] = Pair("home", FAR[f], port, listen("net", FAR[f], port), source=(HOME[f], 30000 + port + f))
        pairs[f, port].talk()
u = udp("home", HOME[4], 33333)
u.connect((FAR[4], 5353))
u.send(b"x")
run("ip", "netns", "exec", "home", "ping", "-n", "-c", "1", "-W", "1", FAR[4])

n = fwctl("conn", "count")
equal((n["count"], n["max"]), (6, 5000), "count: so many, and so many at most")
l = conn_list()
equal(len(l), 6, "list: all")
c = next(c for c in l if c["family"] == "ipv4" and c["original"].get("dport") == 80)
equal({k: c[k] for k in ("protocol", "state", "assured", "snat", "dnat", "iif", "oif")},
      {"protocol": "tcp", "state": "ESTABLISHED", "assured": True, "snat": True, "dnat": False, "iif": "lan", "oif": "wan"},
      "list: what a connection is")
ok(3590 <= c["timeout"] <= 3600 or c["timeout"] > 3600, "list: its timeout", c["timeout"])
o, r = c["original"], c["reply"]
equal((o["saddr"], o["sport"], o["daddr"], o["dport"], r["saddr"], r["daddr"]),
      (HOME[4], 30084, FAR[4], 80, FAR[4], WAN[4]), "list: its ends")
ok(o["packets"] >= 3 and r["packets"] >= 2 and o["bytes"] >= 40 * o["packets"], "list: its counts", (o, r))
c = next(c for c in l if c["protocol"] == "icmp")
ok(c["original"]["type"] == 8 and "icmp_id" in c["original"] and "sport" not in c["original"], "list: ICMP by its id", c)
equal(len({c["id"] for c in l}), 6, "list: each with a number of its own")

for words, want in ((("proto", "tcp"), 4), (("tcp",), 4), (("udp",), 1), (("family", "ipv6"), 2),
                    (("dst", FAR[6]), 2), (("dst", "198.51.100.0/24"), 4), (("src", "192.168.1.0/24"), 4),
                    (("src", "10.0.0.0/8"), 0), (("dport", "80"), 2), (("sport", "33333"), 1),
                    (("tcp", "dport", "81", "family", "ipv4"), 1), (("iif", "lan"), 6), (("oif", "wan"), 6),
                    (("iif", "wan"), 0), (("state", "established"), 4), (("id", str(c["id"])), 1)):
    equal(len(conn_list(*words)), want, "list " + " ".join(words))

p = pairs[4, 80]
fwctl("conn", "delete", "tcp", "dport", "80", "family", "ipv4")
equal(len(conn_list("dport", "80")), 1, "delete: the one meant is gone")
p.c.sendall(b"x")
ok(silent(p.s), "delete: it carries nothing any more")
ok(pairs[6, 80].talk() and pairs[4, 81].talk(), "delete: the others go on")
r = run("fwctl", "-n", "gw", "conn", "delete", "nonsense", "1")
equal((r.returncode, bool(r.stderr)), (2, True), "delete: a filter not understood is refused")
ok(len(conn_list()) == 5, "and deletes nothing")
fwctl("conn", "flush")
equal(fwctl("conn", "count")["count"], 0, "flush: none is left")
ok(not pairs[4, 81].talk(), "flush: nothing goes on")
q = Pair("home", FAR[4], 99, listen("net", FAR[4], 99))
ok(q.talk(), "new ones are made")

# fwctl flush, with connections open and data on the way.
apply("ingress { iif wan tcp drop; accept }".replace(" tcp ", " protocol tcp "))
r = run("fwctl", "-n", "gw", "flush")
equal(r.returncode, 0, "the policy is flushed under traffic")
run("bash", "-c", "ip -n net route add 192.168.1.0/24 via 203.0.113.8")
w = Pair("home", FAR[4], 100, listen("net", FAR[4], 100))
ok(w.talk() and w.peer[0] == HOME[4], "then nothing is filtered, nor translated", w.peer)
END
done_testing
