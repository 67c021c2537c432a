#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Maps: where a connection leads, what mark it has, by what stands in one now. And where a
# walk goes on that comes back from a tree.
#
#   home h0 .2 (servers) ─┐
#                         ├─ lan gw wan ──── net (client)
#   home2 h0 .3 (servers) ┘
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
hairpin_topology
py <<'END'
POLICY = """
map forwards : addr . port -> addr . port {
    elements = {
        203.0.113.8 . 80 -> 192.168.1.2 . 8080,
        203.0.113.8 . 4000-4003 -> 192.168.1.3 . 5000,
        2001:db8:1::8 . 80 -> [fd00:1::2] . 8080,
    }
}
map hosts : port -> addr { elements = { 81 -> 192.168.1.2, 81 -> fd00:1::2 } }
map ports : port -> port { max 3; elements = { 90 -> 8090 } }
map nobody : addr -> addr
map marks : addr -> mark { elements = { 203.0.113.0/24 -> 1, 203.0.113.1 -> 2, 2001:db8::/32 -> 3 } }
map faces : addr -> addr { elements = { 192.168.1.3 -> 203.0.113.8, fd00:1::3 -> 2001:db8:1::8 } }
ingress {
    ct state untracked accept
    ct state invalid drop
    iif lan accept
    set mark saddr map @marks
    mark 1 count one
    mark 2 count two
    mark 3 count three
    dnat to @nobody accept id nobody
    tcp dport 90 dnat to dport map @ports count local accept id ports
    dnat to dport map @hosts:8081 count hosted accept id hosts
    count asked dnat to @forwards count forwarded accept id forwards
    count missed
    drop
}
egress {
    oif wan snat to saddr map @faces:2000-2010 accept id face
    accept
}
"""
apply(POLICY)

def elements(name):
    return {e["element"]: e["value"] for e in fwctl("set", "list", name)}

def count(name):
    return stats()["counters"][name]["packets"]

def reaches(f, port, host, at, server=None):
    s = server or listen(host, {"home": HOME, "home2": HOME2}[host][f], at)
    p = Pair("net", WAN[f], port, s)
    there = p.talk() and p.c.getpeername()[:2] == (WAN[f], port)
    p.close()
    if not server:
        s.close()
    return there

HOME2 = {4: "192.168.1.3", 6: "fd00:1::3"}
equal({s["name"]: (s["type"], s["gives"], s["count"]) for s in fwctl("set", "list")},
      {"forwards": ("addr . port", "addr . port", 3), "hosts": ("port", "addr", 2), "ports": ("port", "port", 1),
       "nobody": ("addr", "addr", 0), "marks": ("addr", "mark", 3), "faces": ("addr", "addr", 2)}, "the policy's maps are there")
equal(elements("forwards"), {"203.0.113.8 . 80": "192.168.1.2 . 8080", "203.0.113.8 . 4000-4003": "192.168.1.3 . 5000",
                             "2001:db8:1::8 . 80": "fd00:1::2 . 8080"}, "with what they give")

for f in (4, 6):
    ok(reaches(f, 80, "home", 8080), f"IPv{f}: to the address and the port that the map gives")
    ok(reaches(f, 81, "home", 8081), f"IPv{f}: to the address that it gives, and the rule's port")
    before = count("missed"), count("forwarded")
    equal(refused(lambda: connect("net", WAN[f], 82, timeout=0.3)), errno.ETIMEDOUT, f"IPv{f}: what is in no map goes on")
    ok(count("missed") > before[0] and count("forwarded") == before[1], f"IPv{f}: to what stands behind the rule")
ok(reaches(4, 4002, "home2", 5000), "a range leads to one port")
equal((rule("nobody")["hits"], rule("forwards")["hits"], rule("hosts")["hits"]), (0, 3, 2), "rules decided what their maps have")
ok(count("asked") > count("forwarded"), "what stands before the map in the rule is done")
equal([count(n) > 0 for n in ("one", "two", "three")], [False, True, True], "marks: of prefixes the longest, both families")
fwctl("conn", "flush")

# Live
s8080, s8082 = listen("home", HOME[4], 8080), listen("home2", HOME2[4], 8082)
old = Pair("net", WAN[4], 80, s8080)
ok(old.talk(), "a connection by the old element")
# To a group nothing is led, nor to what no host has: nobody's answer would come from it.
for f, group in ((4, "224.0.0.9"), (6, "ff05::9"), (4, "0.0.0.0"), (6, "::")):
    fwctl("set", "add", "hosts", f"83 -> {group}")
    before = stats()["connections"]["created"], reason("invalid")
    equal(refused(lambda: connect("net", WAN[f], 83, timeout=0.3)), errno.ETIMEDOUT, f"IPv{f}: a map leads to {group}")
    ok(reason("invalid") > before[1], f"IPv{f}: which is a drop", reason("invalid"))
    equal(stats()["connections"]["created"], before[0], f"IPv{f}: and makes no entry")
    fwctl("set", "delete", "hosts", "83")
equal(fwctl("set", "add", "forwards", "203.0.113.8 . 80 -> 192.168.1.3 . 8082"), {"added": 1}, "an element is told another value")
equal(elements("forwards")["203.0.113.8 . 80"], "192.168.1.3 . 8082", "it is listed")
ok(reaches(4, 80, "home2", 8082, s8082), "the next connection goes there")
ok(old.talk(), "the old one stays")
old.close()
fwctl("set", "delete", "forwards", "203.0.113.8 . 80")
ok(refused(lambda: connect("net", WAN[4], 80, timeout=0.3)), "deleted by its key: nobody is there")
fwctl("set", "add", "forwards", "203.0.113.8 . 80 -> 192.168.1.2 . 8080", "timeout", "2s")
ok(reaches(4, 80, "home", 8080, s8080), "added for a time")
ok(wait_for(lambda: "203.0.113.8 . 80" not in elements("forwards")), "which ends")
ok(refused(lambda: connect("net", WAN[4], 80, timeout=0.3)), "and it leads nowhere")
fwctl("set", "add", "forwards", "203.0.113.8", ".", "80", "->", "192.168.1.2", ".", "8080")
ok(reaches(4, 80, "home", 8080, s8080), "words of their own are joined")
# The gateway itself
fwctl("set", "add", "ports", "90 -> 8091")
s = listen("gw", "203.0.113.8", 8091)
p = Pair("net", WAN[4], 90, s)
ok(p.talk(), "a map of ports alone")
p.close()
# By its key alone, of both families.
equal(fwctl("set", "delete", "hosts", "81"), {"deleted": 1}, "a key goes, whatever it gives in either family")
fwctl("set", "add", "hosts", "81 -> fd00:1::2")
ok(refused(lambda: connect("net", WAN[4], 81, timeout=0.3)), "IPv4: gone")
ok(reaches(6, 81, "home", 8081), "IPv6: there")

# Sources
s = listen("net", NET[4], 99)
p = Pair("home2", NET[4], 99, s)
ok(p.talk(), "a source is shown as the map says")
ok(p.peer[0] == WAN[4] and 2000 <= p.peer[1] <= 2010, "IPv4: with a port of the rule's", p.peer)
p.close()
s = listen("net", NET[6], 99)
p = Pair("home2", NET[6], 99, s)
ok(p.talk() and p.peer[0] == WAN[6], "IPv6: likewise")
p.close()

# Another policy
fwctl("set", "add", "forwards", "203.0.113.8 . 83 -> 192.168.1.2 . 8080")
p = Pair("net", WAN[4], 83, s8080)
ok(p.talk(), "added")
apply(POLICY.replace("192.168.1.3 . 5000", "192.168.1.3 . 5001"))
ok(p.talk(), "another policy with the map: the connection goes on")
equal((elements("forwards")["203.0.113.8 . 83"], elements("forwards")["203.0.113.8 . 4000-4003"]),
      ("192.168.1.2 . 8080", "192.168.1.3 . 5001"), "what was added stays, the text's own is as it says now")
fwctl("set", "add", "forwards", "203.0.113.8 . 83 -> 192.168.1.3 . 8082")
ok(p.talk(), "that its element changes does not end it")
apply(POLICY)
ok(not p.talk(b"after"), "decided afresh it would lead elsewhere: it ends")
p.close()
apply(POLICY.replace("map ports : port -> port { max 3; elements = { 90 -> 8090 } }", "map ports : port -> addr")
            .replace("tcp dport 90 dnat to dport map @ports count local accept id ports", "tcp dport 90 dnat to dport map @ports accept"))
equal(elements("ports"), {}, "what gives another type is another map")
apply(POLICY)

# Trees
TREES = """
map clients : addr -> tree { elements = { 192.168.1.2 -> work, 192.168.1.3 -> guest, fd00:1::2 -> work, fd00:1::3 -> guest } }
map ports : port -> tree
tree work { tcp dport 22 count work reject
    call dport map @ports
    accept }
tree guest { count guest reject with admin-prohibited }
tree closed { count closed drop }
map other : port -> tree { elements = { 1 -> closed } }
ingress {
    iif lan goto saddr map @clients id clients
    ct state untracked accept
    iif lan count nobody drop
    call @other
    accept
}
egress { accept }
"""
apply(TREES)
equal(elements("clients"), {"192.168.1.2": "work", "192.168.1.3": "guest", "fd00:1::2": "work", "fd00:1::3": "guest"}, "a map to trees")
for f in (4, 6):
    equal(refused(lambda: connect("home", NET[f], 22)), errno.ECONNREFUSED, f"IPv{f}: led to the one tree")
    ok(refused(lambda: connect("home2", NET[f], 99, timeout=2)), f"IPv{f}: led to the other")
equal((count("work"), count("guest") > 0), (2, True), "and by no other way")
fwctl("set", "add", "clients", HOME[4] + " -> guest")
before = count("guest")
ok(refused(lambda: connect("home", NET[4], 23, timeout=2)) and count("guest") > before, "an element that is told another tree leads there")
fwctl("set", "delete", "clients", HOME[4])
equal(refused(lambda: connect("home", NET[4], 22, timeout=0.3)), errno.ETIMEDOUT, "what is in no map goes on behind the rule")
ok(count("nobody") > 0, "to what stands there")
for words, text in ((("add", "clients", HOME[4] + " -> closed"), "names no such tree"), (("add", "ports", "1 -> work"), "names no such tree"),
                    (("add", "clients", HOME[4] + " -> 10.0.0.1"), "name of a tree"),
                    (("add", "clients", HOME[4] + " -> " + "x" * 32), "at most 31"),):
    r = run("fwctl", "-n", "gw", "set", *words)
    ok(r.returncode == 1 and text in r.stderr, " ".join(words), r.stderr)
fwctl("set", "add", "clients", HOME[4] + " -> work")
apply(TREES.replace("192.168.1.2 -> work, ", "").replace("-> work", "-> guest").replace("tree work", "tree other"))
equal(elements("clients")[HOME[4]], "work", "another policy has no such tree: the element stays")
equal(refused(lambda: connect("home", NET[4], 22, timeout=0.3)), errno.ETIMEDOUT, "and leads nowhere, as if it were not there")
# Trees that a map may lead to, though no element in the text does.
apply(TREES.replace("map ports : port -> tree", "map ports : port -> tree { trees = { guest, closed } }"))
before = count("closed")
fwctl("set", "add", "ports", "24 -> closed")
ok(refused(lambda: connect("home", NET[4], 24, timeout=0.3)) == errno.ETIMEDOUT and count("closed") > before,
   "a tree that the map names: an element leads there")
equal((elements("ports"), run("fwctl", "-n", "gw", "set", "add", "ports", "25 -> work").returncode), ({"24": "closed"}, 1),
      "and no other")
r = run("fwctl", "check", "-", data=TREES.replace("1 -> closed", "1 -> guest").replace("tree guest {", "tree guest { goto @other\n"))
ok(r.returncode == 1 and "leads back to itself" in r.stderr and "guest -> guest" in r.stderr, "a loop by a map is refused, and shown", r.stderr)

# return: on behind the call, also out of a tree that the called one goes to, and from a map's.
apply("""
map trees : port -> tree { elements = { 34 -> back } }
ingress {
    ct state untracked accept
    not protocol udp accept
    call first id first
    dport 34 call @trees
    count behind accept id behind
}
tree first {
    udp dport 31 return
    udp dport 32 goto back
    udp dport 34 return
    drop id refused
}
tree back { dport { 32, 34 } count back return; drop id lost }
""")
for f in (4, 6):
    for port, want in ((31, (1, 0, 0)), (32, (1, 1, 0)), (33, (0, 0, 1)), (34, (1, 1, 0))):
        def seen():
            return rule("behind")["hits"], count("back"), rule("refused")["hits"]
        before, behind = seen(), count("behind")
        u = udp("net", NET[f])
        u.sendto(b"x", (WAN[f], port))
        u.close()
        wait_for(lambda: seen() != before)
        equal((tuple(n - b for n, b in zip(seen(), before)), count("behind") - behind), (want, want[0]),
              f"IPv{f}, port {port}: {'on behind the call, once' if want[0] else 'its tree has refused it'}")
equal(rule("lost")["hits"], 0, "return: nothing goes on in the tree that it ends")
apply(POLICY)

# Errors
for words, text in ((("add", "forwards", "203.0.113.8 . 80"), None), (("add", "forwards", "203.0.113.8 . 80 -> 192.168.1.2"), "joined"),
                    (("add", "forwards", "203.0.113.8 . 80 -> [fd00:1::2] . 80"), "no packet has both"),
                    (("add", "forwards", "203.0.113.8 . 80 -> 192.168.1.0/24 . 80"), "range"),
                    (("add", "forwards", "203.0.113.8 . 80 -> 192.168.1.2 . 0"), "port 0"),
                    (("add", "marks", "10.0.0.1 -> 1", "10.0.0.1 -> 2"), "another value"),
                    (("add", "marks", "10.0.0.1 -> lan"), None), (("add", "ports", "1 -> 1", "2 -> 2", "3 -> 3"), "is full"),
                    (("delete", "ports", "77"), "no such element")):
    r = run("fwctl", "-n", "gw", "set", *words)
    ok(r.returncode == 1 and (not text or text in r.stderr), " ".join(words), r.stderr)
END
done_testing
