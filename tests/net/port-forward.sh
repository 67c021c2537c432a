#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A port forward from outside, hairpin from inside, and dnat of local traffic. R12: ranges of
# ports are led one to one, wherever the rule stands.
#
#   home h0 .2  (server :8080) ─┐
#                               ├─ lan gw wan ──── net (client)
#   home2 h0 .3 (client)       ─┘      203.0.113.8:80 is home:8080
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
hairpin_topology
addr gw wan 203.0.113.9/24 2001:db8:1::9/64
must_apply <<'END'
define out4 = 203.0.113.8
define out6 = 2001:db8:1::8
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	daddr { $out4, $out6, 203.0.113.9, 2001:db8:1::9 } protocol { tcp, udp } dport 80 {
		family ipv4 dnat to 192.168.1.2:8080 accept id forward4
		dnat to [fd00:1::2]:8080 accept id forward6
	}
	tcp dport 5070 dnat to 192.168.1.2-192.168.1.3 accept
	daddr $out4 tcp dport 81 dnat to 192.168.1.2 accept
	daddr $out4 tcp dport 4000-4003 dnat to 192.168.1.2:5000-5003 accept
	daddr $out4 tcp dport 4100-4109 {
		iif wan dnat to 192.168.1.2:5100-5109 accept
	}
	select protocol . dport {
		tcp . 4200-4209 -> dnat to 192.168.1.2:5200-5209 accept
	}
	iif lan accept
	drop
}
egress {
	oif wan daddr 203.0.113.81 tcp dport 80 dnat to 192.168.1.2:8080 accept id led
	daddr 203.0.113.81 accept id dialled
	iif lan oif wan masquerade accept
	iif lan oif lan daddr { 192.168.1.2, fd00:1::2 } {
		family ipv4 snat to 192.168.1.1 accept
		snat to fd00:1::1 accept
	}
	# The gateway itself, to a name of its own.
	daddr 203.0.113.80 tcp dport 80 dnat to 192.168.1.2:8080 accept
	accept
}
END
py <<'END'
for f in (4, 6):
    server = listen("home", HOME[f], 8080)
    p = Pair("net", WAN[f], 80, server)
    ok(p.talk(), f"IPv{f}: forwarded, both ways")
    equal(p.peer[0], NET[f], f"IPv{f}: the server sees the client")
    equal(p.c.getpeername()[:2], (WAN[f], 80), f"IPv{f}: the client sees whom it dialled")
    c = conn_list("proto", "tcp")[0]
    equal((c["original"]["daddr"], c["original"]["dport"], c["reply"]["saddr"],
           c["reply"]["sport"], c["dnat"]), (WAN[f], 80, HOME[f], 8080, True),
          f"IPv{f}: listed with both")
    equal(c["rules"]["ingress"]["id"], f"forward{f}", f"IPv{f}: listed with its rule")
    p.close()

    p = Pair("home2", WAN[f], 80, server)
    ok(p.talk(), f"IPv{f}: hairpin, both ways")
    equal(p.peer[0], LAN[f], f"IPv{f}: hairpin: the server sees the gateway")
    c = [c for c in conn_list("proto", "tcp") if c["snat"]]
    ok(c and c[0]["dnat"], f"IPv{f}: hairpin: snat and dnat", c)
    p.close()

    u = udp("home", HOME[f], 8080)
    v = udp("net", NET[f])
    v.connect((WAN[f], 80))
    v.send(b"ping")
    data, who = u.recvfrom(100)
    u.sendto(b"pong", who)
    equal(v.recv(100), b"pong", f"IPv{f}: UDP, and the answer's source is right")
    fwctl("conn", "flush")

# R2: by two of its addresses, and from one port.
THIRD = {4: "203.0.113.9", 6: "2001:db8:1::9"}
HOME2 = {4: "192.168.1.3", 6: "fd00:1::3"}
for f in (4, 6):
    server = listen("home", HOME[f], 8080)
    one, two = (Pair("net", a, 80, server, source=(NET[f], 40000)) for a in (WAN[f], THIRD[f]))
    ok(one.talk() and two.talk(), f"R2 IPv{f}: two addresses forwarded to one server, from one port: both talk")
    equal(one.peer[:2], (NET[f], 40000), f"R2 IPv{f}: the first is shown as it is")
    ok(two.peer[0] == NET[f] and two.peer[1] != 40000, f"R2 IPv{f}: the second by another port", two.peer)
    equal([x.c.getpeername()[0] for x in (one, two)], [WAN[f], THIRD[f]], f"R2 IPv{f}: each client sees whom it dialled")
    apply(open("policy.fw").read() + "\n# again\n")
    ok(one.talk(b"still") and two.talk(b"still"), f"R2 IPv{f}: a new policy that says the same leaves both alone")
    for x in (one, two):
        x.close()
    # Hairpin: the second has no port of the gateway's, too, and says so.
    before = reason("tuple-clash")
    one = Pair("home2", WAN[f], 80, server, source=(HOME2[f], 40001))
    equal(refused(lambda: connect("home2", THIRD[f], 80, source=(HOME2[f], 40001), timeout=0.3)),
          errno.ETIMEDOUT, f"R2 IPv{f}: with a translation of the source besides: none")
    ok(reason("tuple-clash") > before, f"R2 IPv{f}: which is counted")
    ok(one.talk(), f"R2 IPv{f}: the first goes on")
    one.close()
    server.close()
    fwctl("conn", "flush")
    # R7: the server's refusal, by an error, of the second one.
    u = udp("net", NET[f], 40002)
    for a in (WAN[f], THIRD[f]):
        u.connect((a, 80))
        u.send(b"ping")
        equal(refused(lambda: u.recv(9)), errno.ECONNREFUSED, f"R7 IPv{f}: an error of {a}'s comes home")
    ports = {c["reply"]["dport"] for c in conn_list("proto", "udp")}
    ok(40002 in ports and len(ports) == 2, f"R7 IPv{f}: by two ports", ports)
    u.close()
    fwctl("conn", "flush")

# Of a range another server is as good: the client keeps its port.
l = [listen(h, a, 5070) for h, a in (("home", HOME[4]), ("home2", HOME2[4]))]
cs = [connect("net", a, 5070, source=(NET[4], 40003)) for a in (WAN[4], THIRD[4])]
got = [s.accept()[1] for s in l]
equal(got, [(NET[4], 40003)] * 2, "R2: a range of servers: each has one, by the client's port")
for x in cs + l:
    x.close()
fwctl("conn", "flush")

server4 = listen("home", HOME[4], 81)
p = Pair("net", WAN[4], 81, server4)
ok(p.talk(), "without a port the port stays")
p.close()
for port in (4000, 4003, 4100, 4109, 4200, 4209):
    s = listen("home", HOME[4], port + 1000)
    p = Pair("net", WAN[4], port, s)
    ok(p.talk(), f"a port range maps one to one: {port}")
    p.close()
server = listen("home", HOME[4], 8080)
p = Pair("gw", "203.0.113.80", 80, server)
ok(p.talk(), "dnat in egress of what starts here")
equal(p.c.getpeername()[0], "203.0.113.80", "the local client sees whom it dialled")
p.close()
# Led to another interface than the one that its rule asks for, it is that rule's still.
p = Pair("gw", "203.0.113.81", 80, server)
ok(p.talk(), "dnat by the interface that it would have left by")
equal([c["rules"]["egress"]["id"] for c in conn_list("dport", "80") if c["original"]["daddr"] == "203.0.113.81"], ["led"],
      "and decided by that rule")
equal(rule("dialled")["hits"], 0, "not by one for what is not led elsewhere")
p.close()
e = refused(lambda: connect("net", WAN[4], 82, timeout=0.3))
equal(e, errno.ETIMEDOUT, "no other port is open")
END
done_testing
