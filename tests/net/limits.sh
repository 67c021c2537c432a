#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Limits by source, timeouts that shrink as the table fills, and the books: what
# began is there, or has ended for a reason.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
# Who is to be counted at once must not wait for neighbours first.
ok "IPv4 gets there" on home ping -n -c 1 -W 5 198.51.100.7
ok "IPv6 gets there" on home ping -n -c 1 -W 5 2001:db8:77::7
py <<'END'
def conns():
    return stats()["connections"]

def ended(name):
    return conns()["ended_by"][name]["value"]

def balanced(what):
    # Several figures of a living table: again, until nothing moved meanwhile.
    def look():
        c = conns()
        return c["created"] - c["ended"] == len(conn_list()) and \
            c["ended"] == sum(e["value"] for e in c["ended_by"].values())
    ok(wait_for(look), "R25: created = there + ended by reason: " + what, conns())

POLICY = """
option adopt 0s
option conn-max 2000
%s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; accept }
egress { oif wan tcp dport 81 reject; accept }
"""

# Nothing here is answered: no record's time is to be over while others are begun.
LONG = "option timeout udp 10m\n"

# R26: so many connections a source, and no more.
for f in (4, 6):
    apply(POLICY % (LONG + "option conn-max-per-source 10"))
    socks = [udp("home", HOME[f]) for _ in range(15)]
    for s in socks:
        s.sendto(b"x", (FAR[f], 5000))
    equal(len(conn_list("src", HOME[f])), 10, f"R26: IPv{f}: ten connections of one source, not more")
    equal(reason("source-full"), 5, f"R26: IPv{f}: the others are counted as source-full")
    with ns("net"):
        other = sock(socket.SOCK_DGRAM, FAR[f])
    other.sendto(b"x", (HOME[f], 5001))
    equal(len(conn_list("dport", "5001")), 1, f"R26: IPv{f}: another source has its own count")
    with ns("gw"):
        own = [sock(socket.SOCK_DGRAM, WAN[f]) for _ in range(12)]
    for s in own:
        s.sendto(b"x", (FAR[f], 5002))
    equal(len(conn_list("dport", "5002")), 12, f"R26: IPv{f}: this machine itself is no source")
    # One that ends makes room for one.
    c = conn_list("src", HOME[f])[0]
    fwctl("conn", "delete", "id", str(c["id"]))
    for s in socks:
        s.sendto(b"x", (FAR[f], 5000))
    equal(len(conn_list("src", HOME[f])), 10, f"R26: IPv{f}: one that ends makes room for one")
    # An option that comes later counts what is there, as soon as it says something.
    fwctl("conn", "flush")
    apply(POLICY % LONG)
    for s in socks:
        s.sendto(b"x", (FAR[f], 5000))
    equal(len(conn_list("src", HOME[f])), 15, f"R26: IPv{f}: without the option there is no limit")
    apply(POLICY % (LONG + "option conn-max-per-source 10"))
    for s in socks:
        s.sendto(b"x", (FAR[f], 5000))
    new = udp("home", HOME[f])
    new.sendto(b"x", (FAR[f], 5003))
    equal((len(conn_list("src", HOME[f], "dport", "5000")), len(conn_list("dport", "5003"))), (15, 0),
          f"R26: IPv{f}: with it, those that are there stay, and there are no more")
    balanced(f"sources, IPv{f}")
    run("fwctl", "-n", "gw", "-j", "stats", "--reset")
    for s in socks + own + [other, new]:
        s.close()
    fwctl("conn", "flush")

# R26: a connection that takes the place of its own former one is not one more.
def again(f, port, what):
    server = listen("net", FAR[f], port)
    for i in range(3):
        try:
            c = connect("home", FAR[f], port, (HOME[f], 45000 + f))
        except OSError as e:
            ok(False, f"R26: IPv{f}: {what}: the same ports again", (i, e, conn_list()))
            break
        s, _ = server.accept()
        s.close()       # first: TIME_WAIT is here, and its client may come again
        equal(c.recv(1), b"", f"R26: IPv{f}: {what}: connection {i} of one")
        c.close()
        ok(wait_for(lambda: [x["state"] for x in conn_list("dport", str(port))] == ["TIME_WAIT"]),
           f"R26: IPv{f}: {what}: and it is over", conn_list())
    try:
        connect("home", FAR[f], port, (HOME[f], 45010 + f), timeout=1.5).close()
        ok(False, f"R26: IPv{f}: {what}: another one is one more")
    except OSError:
        ok(True, f"R26: IPv{f}: {what}: another one is one more")
    server.close()
    fwctl("conn", "flush")

for f in (4, 6):
    apply(POLICY % "option conn-max-per-source 1")
    again(f, 5050, "by source")
    apply(POLICY.replace("ct state untracked", "iif lan tcp dport 5051 ct count by saddr > 1 drop; ct state untracked") % "")
    again(f, 5051, "by rule")

# R26: an IPv6 host has all addresses of its network: they count as one.
apply(POLICY % (LONG + "option conn-max-per-source 10"))
for i in range(15):
    run("ip", "-n", "home", "addr", "add", f"fd00:1::{i + 100:x}/64", "dev", "h0", "nodad")
    s = udp("home", f"fd00:1::{i + 100:x}")
    s.sendto(b"x", (FAR[6], 5000))
    s.close()
equal(len(conn_list("family", "ipv6", "dport", "5000")), 10, "R26: addresses of one /64 are one source")
fwctl("conn", "flush")

# R26: ct count: so many that came by this rule and have something in common.
COUNT = """option adopt 0s
option timeout udp 10m
ingress {
    iif lo accept
    ct state untracked accept
    iif lan udp dport 5000 ct count by saddr/32/64 > 3 drop id many
    iif lan udp dport 5001-5010 ct count by saddr . dport <= 2 accept id few
    iif lan udp dport 5001-5010 drop id rest
    iif lan ip saddr 10.7.0.0/16 udp dport 5020 ct count by ip saddr/24 >= 3 drop id net
    accept
}
egress { udp dport 5030 ct count by daddr > 2 drop id out; %s; accept }
"""
def burst(f, dport, n, src=None):
    socks = [udp("home", src or HOME[f]) for _ in range(n)]
    for s in socks:
        s.sendto(b"x", (FAR[f], dport))
    return socks

def there(*words):
    return len(conn_list(*words))

for f in (4, 6):
    apply(COUNT % "mark 1 accept")
    run("fwctl", "-n", "gw", "stats", "--reset")
    a = burst(f, 5000, 5)
    equal(there("dport", "5000"), 3, f"R26: IPv{f}: ct count: three come by, not more")
    for s in a:
        s.sendto(b"x", (FAR[f], 5000))
    equal((there("dport", "5000"), rule("many")["hits"]), (3, 4), f"R26: IPv{f}: and the rule says so each time")
    b = burst(f, 5999, 5)
    equal(there("dport", "5999"), 5, f"R26: IPv{f}: what goes elsewhere is not counted")
    b += burst(f, 5001, 3) + burst(f, 5002, 3)
    equal((there("dport", "5001"), there("dport", "5002"), rule("rest")["hits"]), (2, 2, 2), f"R26: IPv{f}: by source and port together")
    fwctl("conn", "delete", "id", str(conn_list("dport", "5000")[0]["id"]))
    for s in a:
        s.sendto(b"x", (FAR[f], 5000))
    equal(there("dport", "5000"), 3, f"R26: IPv{f}: one that ends makes room for one")
    # The same rules again, and others around them: they go on counting.
    apply(COUNT % "mark 2 accept")
    b += burst(f, 5000, 2)
    equal(there("dport", "5000"), 3, f"R26: IPv{f}: a policy that is applied again counts what is there")
    live = [s for s in a if there("sport", str(s.getsockname()[1]))]
    for s in live:
        s.sendto(b"x", (FAR[f], 5000))
    c = conn_list("dport", "5000")
    ok(len(c) == 3 and all(x["generation"] == stats()["generation"] for x in c),
       f"R26: IPv{f}: decided afresh they are under the limit, all of them", c)
    # A rule that comes later counts what is there from its next packet on.
    apply((COUNT % "mark 2 accept").replace("saddr/32/64 > 3", "saddr/32/64 > 2"))
    for s in live:
        s.sendto(b"x", (FAR[f], 5000))
    equal(there("dport", "5000"), 3, f"R26: IPv{f}: a lower limit ends none")
    b += burst(f, 5000, 2)
    equal(there("dport", "5000"), 3, f"R26: IPv{f}: and lets none in")
    b += burst(f, 5030, 4)
    equal((there("dport", "5030"), rule("out")["hits"]), (2, 2), f"R26: IPv{f}: in egress")
    for s in a + b:
        s.close()
    fwctl("conn", "flush")
    b = burst(f, 5000, 5)
    equal(there("dport", "5000"), 2, f"R26: IPv{f}: after a flush it counts from the start")
    for s in b:
        s.close()
    fwctl("conn", "flush")
for i in (1, 2, 3, 4):
    run("ip", "-n", "home", "addr", "add", f"10.7.{i // 4}.{i}/32", "dev", "h0")
run("ip", "-n", "gw", "route", "add", "10.7.0.0/16", "via", HOME[4])
socks = [s for i in (1, 2, 3, 4) for s in burst(4, 5020, 1, f"10.7.{i // 4}.{i}")]
equal((there("dport", "5020"), rule("net")["hits"]), (3, 1), "R26: ct count by a prefix: a network's hosts together")
fwctl("conn", "flush")
# A tree that both hooks lead to, one of them twice: each connection counts once in it.
apply("""option adopt 0s
option timeout udp 10m
tree crowd { udp dport 5040 ct count by saddr > 2 drop id crowd }
ingress { iif lo accept; ct state untracked accept; call crowd; call crowd; accept }
egress { call crowd; accept }
""")
for f in (4, 6):
    run("fwctl", "-n", "gw", "stats", "--reset")
    b = burst(f, 5040, 3)
    equal((there("dport", "5040"), rule("crowd")["hits"]), (2, 1), f"IPv{f}: ct count: met by both hooks, a connection counts once")
    for s in b:
        s.close()
    fwctl("conn", "flush")

# R25: timeouts shrink from the start on, by what lies between start and end.
apply(POLICY % "option conn-adaptive-start 10\noption conn-adaptive-end 50\noption timeout udp 400s\noption timeout udp-stream 1000s")
equal(conns()["timeouts_percent"], 100, "R25: an empty table has its timeouts whole")
socks = [udp("home", HOME[4], 43000 + i) for i in range(30)]
socks[0].sendto(b"x", (FAR[4], 6000))
left = conn_list("dport", "6000")[0]["timeout"]
ok(300 < left <= 400, "R25: with one connection its timeout is whole", left)
for s in socks[1:]:
    s.sendto(b"x", (FAR[4], 6000))
ok(wait_for(lambda: conns()["timeouts_percent"] == 50), "R25: half way from start to end half is left", conns())
t = [c["timeout"] for c in conn_list("dport", "6000")]
ok(len(t) == 30 and all(150 <= x <= 200 for x in t), "R25: of those that were there, too", t)
balanced("shrunk")
# Full timeouts come back with room.
fwctl("conn", "delete", "sport", "43010-43029")
ok(wait_for(lambda: conns()["timeouts_percent"] == 100), "R25: with room the timeouts are whole again", conns())
t = [c["timeout"] for c in conn_list("dport", "6000")]
ok(len(t) == 10 and all(x > 250 for x in t), "R25: each has its full time again", t)
fwctl("conn", "flush")
# What the cut leaves nothing of is over at once, and not found.
apply(POLICY % "option conn-adaptive-start 10\noption conn-adaptive-end 31\noption timeout udp 40s")
for s in socks:
    s.sendto(b"x", (FAR[4], 6001))
ok(wait_for(lambda: len(conn_list("dport", "6001")) < 30), "R25: the fullest tables lose their idle ones")
fwctl("conn", "flush")
# An answered translation keeps what RFCs grant it.
apply("""option adopt 0s
option conn-adaptive-start 1
option conn-adaptive-end 3
ingress { accept }
egress { oif wan family ipv4 masquerade; accept }""")
pairs = [Pair("home", FAR[4], 700 + i, listen("net", FAR[4], 700 + i)) for i in range(3)]
six = Pair("home", FAR[6], 700, listen("net", FAR[6], 700))
ok(wait_for(lambda: conns()["timeouts_percent"] == 0), "R25: the end is reached", conns())
t = {c["original"]["dport"]: c["timeout"] for c in conn_list("family", "ipv4")}
ok(len(t) == 3 and all(7400 <= x <= 7440 for x in t.values()), "R25: established and translated: 7440 s, never less (RFC 5382)", t)
t = [c["timeout"] for c in conn_list("family", "ipv6")]
ok(all(x <= 1 for x in t), "R25: only tracked: no such floor", t)
for p in pairs + [six]:
    p.close()
fwctl("conn", "flush")

# Each ends for its reason.
apply(POLICY % "option timeout udp 1s\noption timeout tcp-close 1s\noption timeout tcp-time-wait 1s")
was = {k: v["value"] for k, v in conns()["ended_by"].items()}
s = udp("home", HOME[4])
s.sendto(b"x", (FAR[4], 7000))
ok(wait_for(lambda: ended("timeout") > was["timeout"]), "ended: timeout")
server = listen("net", FAR[4], 80)
p = Pair("home", FAR[4], 80, server)
p.talk()
p.close()
ok(wait_for(lambda: ended("closed") > was["closed"]), "ended: closed")
refused(lambda: connect("home", FAR[4], 81, timeout=0.5))
equal(ended("unfinished"), was["unfinished"] + 1, "ended: unfinished, where egress refused it")
p = Pair("home", FAR[4], 80, server)
fwctl("conn", "delete", "dport", "80")
equal(ended("deleted"), was["deleted"] + 1, "ended: deleted")
p.close()
p = Pair("home", FAR[4], 80, server)
n = len(conn_list())
fwctl("conn", "flush")
equal(ended("flushed"), was["flushed"] + n, "ended: flushed")
p.close()
p = Pair("home", FAR[4], 80, server)
apply("ingress { tcp dport 80 drop; accept }")
p.c.sendall(b"x")
ok(wait_for(lambda: ended("policy") == was["policy"] + 1), "ended: policy")
p.close()
balanced("at the end")
text = run("fwctl", "-n", "gw", "stats").stdout
ok("deleted" in text and "fwctl conn delete" in text, "stats say so in words", text)
END
for o in "conn-adaptive-start 20
option conn-adaptive-end 20" "conn-max-per-source 0"; do
	printf 'option %s\ningress { accept }\n' "$o" >bad.fw
	fails "R26: refused: option ${o//$'\n'/ }" fwctl check bad.fw
done
done_testing
