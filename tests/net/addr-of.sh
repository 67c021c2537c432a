#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R8: hairpin as the language's own example has it, by "ct status dnat" and
# "snat to addr(IF)"; dnat to addr(IF); and an address that changes. R12:
# persistent.
#
#   home  h0 .2  (server :8080) ─┐
#                                ├─ lan gw wan ──── net (client)
#   home2 h0 .3  (client)       ─┘      203.0.113.8:80 is home:8080
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
hairpin_topology
must_apply <<'END'
define wan = wan
define lan = lan
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	ct status dnat drop id never	# nothing is translated yet
	daddr addr($wan) tcp dport 80 {
		family ipv4 dnat to 192.168.1.2:8080
		family ipv6 dnat to [fd00:1::2]:8080
		ct status dnat accept id forward
		drop
	}
	iif $wan tcp dport 222 dnat to addr($lan):22 accept
	iif $lan accept
	drop
}
egress {
	iif $lan oif $lan ct status dnat snat to addr($wan)
	ct status snat accept id hairpin
	iif $lan oif $wan ct status != dnat snat to addr($wan)
	accept
}
END
py <<'END'
for f in (4, 6):
    server = listen("home", HOME[f], 8080)
    p = Pair("home2", WAN[f], 80, server)
    ok(p.talk(), f"IPv{f}: hairpin, both ways")
    equal(p.peer[0], WAN[f], f"IPv{f}: the receiver sees the outside address")
    c = [c for c in conn_list("proto", "tcp")]
    equal([(c["snat"], c["dnat"], c["rules"]["egress"]["id"]) for c in c], [(True, True, "hairpin")],
          f"IPv{f}: listed as both, by its rule")
    # One bridge, where the kernel tells each of a shorter way to the other, past us.
    was = reason("invalid")
    def told():
        return ["redirect" in run("ip", "-n", h, "route", "get", WAN[f]).stdout for h in ("home", "home2")]
    def dropped():
        p.talk()
        return any(told()) or reason("invalid") >= was + 2
    if f == 4:
        ok(wait_for(dropped), "hairpin: redirects are dropped", reason("invalid"))
    equal(told(), [False, False], f"IPv{f}: hairpin: nobody is told of another way")
    ok(p.talk(), f"IPv{f}: hairpin: and it goes on")
    p.close()
    p = Pair("net", WAN[f], 80, server)
    ok(p.talk(), f"IPv{f}: from outside, by the same rule")
    equal(p.peer[0], NET[f], f"IPv{f}: where the receiver sees the client")
    p.close()
    own = listen("gw", LAN[f], 22)
    p = Pair("net", WAN[f], 222, own)
    ok(p.talk(), f"IPv{f}: dnat to addr(IF)")
    equal(p.s.getsockname()[:2], (LAN[f], 22), f"IPv{f}: to its first address")
    p.close()
    far = listen("net", NET[f], 80)
    p = Pair("home", NET[f], 80, far)
    ok(p.talk(), f"IPv{f}: snat to addr(IF)")
    equal(p.peer[0], WAN[f], f"IPv{f}: with the address of the interface")
    p.close()
    fwctl("conn", "flush")
    # By the address of an interface that it does not leave by: it goes with that one.
    gone = lambda: stats()["connections"]["ended_by"]["address-gone"]["value"]
    p, before = Pair("home2", WAN[f], 80, server), gone()
    run("ip", "-n", "gw", "link", "set", "wan", "down")
    ok(wait_for(lambda: gone() > before and not conn_list("tcp", "dport", "80", f"ipv{f}")),
       f"IPv{f}: hairpin ends when the interface whose address it has goes down", conn_list())
    p.close()
    run("ip", "-n", "gw", "link", "set", "wan", "up")
    run("ip", "-n", "gw", "addr", "replace", WAN[6] + "/64", "dev", "wan", "nodad")
    run("ip", "-n", "gw", "route", "replace", "default", "via", NET[4])
    run("ip", "-n", "gw", "-6", "route", "replace", "default", "via", NET[6])
    fwctl("conn", "flush")
equal(rule("never")["hits"], 0, "ct status: nothing is translated before ingress")

# The address changes: who begins now has the new one.
far = listen("net", "0.0.0.0", 90)
run("ip", "-n", "gw", "addr", "add", "203.0.113.9/24", "dev", "wan")
run("ip", "-n", "gw", "addr", "del", "203.0.113.8/24", "dev", "wan")
run("ip", "-n", "gw", "addr", "replace", "203.0.113.9/24", "dev", "wan")
run("ip", "-n", "gw", "route", "replace", "default", "via", "203.0.113.1")
p = Pair("home", NET[4], 90, far)
equal(p.peer[0], "203.0.113.9", "the address of the interface as it is now")
p.close()

# None at all: a counted drop, R12.
before = reason("no-address")
run("ip", "-n", "gw", "addr", "flush", "dev", "wan")
run("ip", "-n", "gw", "route", "replace", "203.0.113.0/24", "dev", "wan")
equal(refused(lambda: connect("home", NET[4], 90, timeout=0.3)), errno.ETIMEDOUT,
      "an interface without an address: dropped")
ok(reason("no-address") > before, "and counted", reason("no-address"))

# A range, persistent: one source has one address, whatever it dials.
run("ip", "-n", "gw", "addr", "add", "203.0.113.8/24", "dev", "wan")
for a in (WAN[6], "fe80::8"):
    run("ip", "-n", "gw", "addr", "add", a + "/64", "dev", "wan", "nodad")
HOME2 = {4: "192.168.1.3", 6: "fd00:1::3"}
RANGE = {4: "198.18.0.0/24", 6: "2001:db8:98::/64"}
POLICY = "ingress { accept }\negress { oif wan snat to %s %s accept; accept }"
def shown(host, source, f):
    seen = set()
    for i in range(8):
        s = udp("net", NET[f])
        u = udp(host, source)
        u.sendto(b"x", s.getsockname()[:2])
        seen.add(s.recvfrom(9)[1][0])
    return seen
for f in (4, 6):
    run("ip", f"-{f}", "-n", "net", "route", "add", RANGE[f], "via", WAN[f])
    run("ip", f"-{f}", "-n", "gw", "route", "replace", "default", "via", NET[f])
    apply(POLICY % (RANGE[f], ""))
    ok(len(shown("home", HOME[f], f)) > 2, f"IPv{f}: a range: by the connection")
    apply(POLICY % (RANGE[f], "persistent"))
    a, b = shown("home", HOME[f], f), shown("home2", HOME2[f], f)
    equal((len(a), len(b)), (1, 1), f"IPv{f}: persistent: one address a source")
    ok(a != b, f"IPv{f}: persistent: another source has another one", (a, b))
END

# addr(IF*): of all that begin so, as they are now; and two fields in order.
must_apply <<'END'
ingress {
	udp dport 1 daddr addr(la*) count lan accept
	udp dport 2 saddr net(la*) daddr != addr(w*) count near accept
	udp dport > 40000 sport < dport count rising accept
	udp dport > 40000 sport >= dport count falling accept
	accept
}
END
py <<'END'
for v in (4, 6):
    udp("home", HOME[v]).sendto(b"x", (LAN[v], 1))
    udp("home", HOME[v]).sendto(b"x", (LAN[v], 2))
    udp("home", HOME[v], 50000).sendto(b"x", (LAN[v], 50001))
    udp("home", HOME[v], 50002).sendto(b"x", (LAN[v], 50002))
def counts():
    return [stats()["counters"][k]["packets"] for k in ("lan", "near", "rising", "falling")]
ok(wait_for(lambda: counts() == [2, 2, 2, 2]), "addr(la*), net(la*), sport < dport", counts())
END

# Sets that hold other sets, and addresses of interfaces: as they are now.
must_apply <<'END'
set inner : addr { elements = { 192.0.2.1 } }
set outer : addr { elements = { @inner, 192.0.2.2, addr(wan) } }
set pairs : addr . port { elements = { @outer . 81, net(wan) . 82 } }
ingress {
	ct state untracked accept
	ct state invalid drop
	daddr . dport @pairs accept id pair
	tcp dport 83 daddr != @outer reject id not-outer
	select daddr {
		@outer  -> accept id outer
		default -> drop id else
	}
}
END
py <<'END'
def rule_of(port, host="net"):
    """Which rule decides a connection to the gateway, by what it counts."""
    names = ("pair", "not-outer", "outer", "else")
    before = {n: rule(n)["hits"] for n in names}
    with ns(host):
        s = socket.socket(FAMILY[fam], socket.SOCK_DGRAM if port == 1 else socket.SOCK_STREAM)
    s.setblocking(False)
    s.connect_ex((WAN[fam], port))
    hit = wait_for(lambda: [n for n in names if rule(n)["hits"] > before[n]])
    s.close()
    return hit

# What was taken away above.
subprocess.run("ip -n gw addr replace 2001:db8:1::8/64 dev wan nodad", shell=True, check=True)
for fam in (4, 6):
    equal(rule_of(80), ["outer"], f"IPv{fam}: a set with an interface's addresses in it")
    equal(rule_of(81), ["pair"], f"IPv{fam}: that set in a part of another one")
    equal(rule_of(82), ["pair"], f"IPv{fam}: net() in a part")
    equal(rule_of(83), ["outer"], f"IPv{fam}: != of such a set")

fam = 4
text = open("policy.fw").read().replace(", addr(wan)", "").replace(", net(wan) . 82", "")
open("policy.fw", "w").write(text)
fwctl("apply", "policy.fw")
equal(rule_of(80), ["else"], "without them: none of it")
equal(rule_of(83), ["not-outer"], "!=, likewise")
fwctl("set", "add", "inner", WAN[4])
equal(rule_of(80), ["outer"], "what the inner set gets, the outer one has")
equal(rule_of(81), ["pair"], "and those that hold that")
fwctl("set", "delete", "inner", WAN[4])
equal(rule_of(80), ["else"], "no more")
fwctl("set", "add", "inner", WAN[4])
fwctl("rule", "add", "first", "in", "ingress", "tcp dport 84 daddr != @outer drop id else2")
fwctl("rule", "add", "first", "in", "ingress", "tcp dport 85 daddr @outer accept id rule")
before = rule("rule")["hits"]
with ns("net"):
    s = socket.socket()
s.setblocking(False)
s.connect_ex((WAN[4], 85))
ok(wait_for(lambda: rule("rule")["hits"] > before), "fwctl rule: a rule by a set that holds another")
END
is "elements by hand are values" "$(fw set add outer @inner 2>&1)" "*elements are values*"
py <<'END'
# A packet is decided in bounded time, however many addresses there are.
subprocess.run("ip -n gw link add many type dummy", shell=True, check=True)
run("ip", "-n", "gw", "-batch", "-", data="".join(
    f"addr add 10.50.{i >> 8}.{i & 255}/32 dev many\naddr add 2001:db8:50::{i:x}/128 dev many nodad\n" for i in range(1, 4200)))
apply("ingress { daddr addr(many) drop; accept }\negress { accept }")
def verdict(fam, i):
    to = f"10.50.{i >> 8}.{i & 255}" if fam == 4 else f"2001:db8:50::{i:x}"
    return fwctl("explain", "--live", "in", "lan", "udp", HOME[fam], "to", to)["verdict"]
for fam in (4, 6):
    each = [verdict(fam, i) for i in (1, 100, 4095, 4096, 4097, 4199)]
    equal(sorted(each), ["accept"] * each.count("accept") + ["drop"] * (6 - each.count("accept")), f"IPv{fam}: {each}")
    ok(each.count("drop") >= 3, f"IPv{fam}: addr() of some thousand addresses knows them", each)
    ok("accept" in each, f"IPv{fam}: and gives up beyond 4096", each)
ok("looks at 4096 addresses" in run("dmesg").stdout, "which is told")
END
done_testing
