#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# option evaluate per-packet: each packet walks, so that a policy may say ct state
# established and related; translations and servers stay with the connection. And
# notrack, and option revalidate off.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
policy() {
	cat <<END
option evaluate per-packet
ingress {
	ct state untracked accept
	ct state invalid drop
	ct state established ct direction reply count back accept id established
	ct state established count there accept
	ct state related count related accept
	iif lan tcp dport { 80, 81 } ct state new count new set ct mark 5 set mark 9 accept id new
	iif lan udp dport { 80, 90 } ct state new count new accept
	iif lan protocol { icmp, icmpv6 } accept
	$1
	drop
}
egress {
	ct mark 5 mark 9 tcp sport 1234 ct original dport 80 count marked
	oif wan ct direction original count out
	oif lan ct direction reply ct original ip saddr 192.168.1.0/24 count in
	oif wan masquerade accept
	accept
}
END
}
must_apply < <(policy '')
py <<'END'
from netlib import *


def counters():
    return {k: v["packets"] for k, v in stats()["counters"].items()}


for v in (4, 6):
    before = counters()
    server = listen("net", FAR[v], 80)
    p = Pair("home", FAR[v], 80, server, source=(HOME[v], 1234))
    equal(p.peer[0], WAN[v], f"v{v} translated")
    for i in range(5):
        ok(p.talk(), f"v{v} established: talks") if i == 4 else p.talk()
    c = conn_list("dport", "80", "family", f"ipv{v}")[0]
    equal((c["mark"], c["ct_mark"]), (9, 5), f"v{v} marks are of the connection")
    after = counters()
    diff = {k: after[k] - before[k] for k in after}
    equal(diff["new"], 1, f"v{v} new: the SYN alone")
    ok(diff["there"] > 5 and diff["back"] > 5, f"v{v} established: each packet walks", diff)
    equal(diff["out"], diff["there"] + 1, f"v{v} egress: each packet that goes out")
    if v == 4:
        equal(diff["in"], diff["back"], "v4 egress: ct original of answers")
    equal(diff["marked"], diff["there"] + 1, f"v{v} egress: later packets have the marks of the first")
    p.close()
    server.close()

    # An ICMP error about it is related.
    u = udp("home", HOME[v])
    u.connect((FAR[v], 90))
    before = counters()["related"]
    u.send(b"x")
    ok(refused(lambda: u.recv(10), errno.ECONNREFUSED) == errno.ECONNREFUSED, f"v{v} related: the error comes through")
    equal(counters()["related"] - before, 1, f"v{v} related: and walks")
    # One way alone is new until it is answered.
    server = udp("net", FAR[v], 80)
    before = counters()["new"]
    u = udp("home", HOME[v])
    for i in range(3):
        u.sendto(b"x", (FAR[v], 80))
        data, peer = server.recvfrom(10)
    equal(counters()["new"] - before, 3, f"v{v} new: until it is answered")
    server.sendto(b"y", peer)
    u.recv(10)
    u.sendto(b"x", (FAR[v], 80))
    server.recv(10)
    equal(counters()["new"] - before, 3, f"v{v} established: from then on")
hits = rule("established")
equal(hits["hits"], hits["packets"], "each packet counts for the rule that it came to")
END

# A policy that says otherwise is in force with the next packet, and the translation
# of what is there stays.
py <<'END'
from netlib import *
import struct
policy = open("policy.fw").read()
server = listen("net", FAR[4], 81)
p = Pair("home", FAR[4], 81, server)
ok(p.talk(), "a connection")
apply(policy.replace("oif wan masquerade accept", "oif wan snat to 203.0.113.77 accept"))
ok(p.talk(), "another translation in the policy: the connection keeps its own")
apply(policy.replace("ct state established ct direction reply count back accept id established", "ct state established ct direction reply drop id now"))
ok(not p.talk(), "established is dropped: at once")
ok(rule("now")["packets"] > 0, "by that rule")
ok(conn_list("dport", "81"), "the connection is there, its packets are refused")
# What is refused says nothing (R22): not even an exact RST.
q = [c for c in conn_list("dport", "81")][0]
for s in (p.s, p.c):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
seen = rule("now")["packets"]
p.s.close()
ok(wait_for(lambda: rule("now")["packets"] > seen), "refused: a RST")
r = conn_list("dport", "81")[0]
equal((r["state"], r["reply"]), (q["state"], q["reply"]), "refused: the connection is as it was")
p.c.close()
apply(policy)
fwctl("conn", "flush")
p = Pair("home", FAR[4], 81, server)
ok(wait_for(lambda: p.talk()), "allowed again: goes on")
apply(policy.replace("option evaluate per-packet", ""))
ok(p.talk(), "per connection again: it is decided, and goes on")
END

# What starts here, and what is for here.
fw flush >/dev/null
must_apply <<'END'
option evaluate per-packet
ingress {
	ct state untracked accept
	iif lo count lo accept
	ct state established count in accept
	tcp dport 22 ct state new count ssh accept
	drop
}
egress {
	ct state untracked accept
	oif lo accept
	ct state established count out accept
	udp dport 53 ct state new count dns accept
	drop
}
END
py <<'END'
from netlib import *


def counters():
    return {k: v["packets"] for k, v in stats()["counters"].items()}


for v in (4, 6):
    before = counters()
    server, u = udp("net", NET[v], 53), udp("gw", WAN[v])
    for i in range(3):
        u.sendto(b"q", (NET[v], 53))
        data, peer = server.recvfrom(10)
        server.sendto(b"a", peer)
        u.recv(10)
    diff = {k: n - before[k] for k, n in counters().items()}
    equal((diff["dns"], diff["out"], diff["in"]), (1, 2, 3), f"v{v} local: each packet once")
    before = counters()
    server = listen("gw", WAN[v], 22)
    p = Pair("net", WAN[v], 22, server)
    ok(p.talk(), f"v{v} local: a server here")
    diff = {k: n - before[k] for k, n in counters().items()}
    ok(diff["ssh"] == 1 and diff["in"] >= 3 and diff["out"] >= 3, f"v{v} local: both ways walk", diff)
    p.close()
    lo = udp("gw", "127.0.0.1" if v == 4 else "::1", 5)
    before = counters()["lo"]
    udp("gw", "127.0.0.1" if v == 4 else "::1").sendto(b"x", lo.getsockname()[:2])
    equal(lo.recv(5), b"x", f"v{v} local: by lo")
    equal(counters()["lo"] - before, 1, f"v{v} local: by lo, once")
END

# ct count: a connection that is there is none more.
fw flush >/dev/null
must_apply <<'END'
option evaluate per-packet
ingress {
	iif lan tcp dport 80 ct count by saddr > 2 drop id full
	accept
}
egress { masquerade accept }
END
py <<'END'
from netlib import *
server = listen("net", FAR[4], 80)
pairs = [Pair("home", FAR[4], 80, server) for i in range(2)]
ok(all(p.talk() for p in pairs), "ct count: those that are there go on at the limit")
ok(refused(lambda: connect("home", FAR[4], 80, timeout=0.3)) == errno.ETIMEDOUT, "ct count: one more does not begin")
ok(all(p.talk() for p in pairs), "ct count: and they go on")
END

# split: a connection has one turn, however many packets of it walk; what starts here, too.
fw flush >/dev/null
must_apply <<'END'
option evaluate per-packet
ingress {
	ct state untracked accept
	iif lan udp dport 80 split round-robin { 1 -> set mark 1; 1 -> set mark 2 }
	accept
}
egress {
	ct state untracked accept
	iif none udp dport 80 split round-robin { 1 -> set mark 1; 1 -> set mark 2 }
	oif wan masquerade accept
	accept
}
END
py <<'END'
from netlib import *
for v in (4, 6):
    server = udp("net", FAR[v], 80)
    for host, addr in (("home", HOME[v]), ("gw", WAN[v])):
        clients, marks = [udp(host, addr) for i in range(4)], []
        for u in clients:
            for i in range(2):
                u.sendto(b"x", (FAR[v], 80))
                server.recvfrom(10)
            marks.append(conn_list("sport", str(u.getsockname()[1]), "dport", "80")[0]["mark"])
        equal(marks, [1, 2, 1, 2], f"v{v} split: a turn for each connection, from {host}")
        for u in clients:
            u.close()
        fwctl("conn", "flush")
    server.close()
END

# balance: a connection stays where it was led, until its server is out for good.
fw flush >/dev/null
must_apply <<'END'
option evaluate per-packet
pool p { scheduler round-robin; 198.51.100.7:80; 198.51.100.7:81; [2001:db8:77::7]:80; [2001:db8:77::7]:81 }
ingress {
	ct state untracked accept
	iif lan tcp dport 88 ct state new balance @p accept id led
	iif lan ct state established ct status dnat ct original dport 88 count there accept
	iif wan ct state established ct status dnat tcp sport { 80, 81 } count back accept
	drop
}
egress {
	ct direction original ct original daddr 192.168.1.1 ct original protocol tcp ct original dport 88 count asked4
	ct direction original ct original daddr fd00:1::1 ct original protocol tcp ct original dport 88 count asked6
	ct direction reply ct original daddr 192.168.1.1 ct original protocol tcp ct original dport 88 count told4
	ct direction reply ct original daddr fd00:1::1 ct original protocol tcp ct original dport 88 count told6
	ct original sport 45088 count client
	ct original daddr { 198.51.100.7, 2001:db8:77::7 } count server
	ct original protocol udp ct original dport 88 count other
	oif wan masquerade accept
	accept
}
END
py <<'END'
from netlib import *


def pool(*words):
    fwctl("pool", *words)


for v in (4, 6):
    text = f"{FAR[v]}:%d" if v == 4 else f"[{FAR[v]}]:%d"
    servers = {p: listen("net", FAR[v], p) for p in (80, 81)}
    for s in servers.values():
        s.settimeout(0.5)
    before = {k: n["packets"] for k, n in stats()["counters"].items()}

    def led(port=0):
        c = connect("home", LAN[v], 88, (HOME[v], port))
        for p, s in servers.items():
            try:
                return c, s.accept()[0], p
            except OSError:
                continue

    def talk(c, d):
        try:
            c.sendall(b"ping")
            d.sendall(receive(d, 4))
            return receive(c, 4) == b"ping"
        except OSError:
            return False

    # As its client began it, whatever it is translated to: packets both ways, each once.
    c, d, p = led(45088)
    ok(all(talk(c, d) for i in range(3)), f"v{v} balance: a connection talks")

    def counted():
        after = {k: n["packets"] for k, n in stats()["counters"].items()}
        return {k: after[k] - before[k] for k in ("asked4", "told4", "asked6", "told6", "client", "server", "other")}

    def passed():
        r = conn_list("sport", "45088", "dport", "88")[0]
        there, back = (r[k]["packets"] for k in ("original", "reply"))
        return {"asked4": 0, "told4": 0, "asked6": 0, "told6": 0, f"asked{v}": there, f"told{v}": back,
                "client": there + back, "server": 0, "other": 0}

    ok(wait_for(lambda: counted() == passed()), f"v{v} ct original: at egress, both ways, of each packet",
       (counted(), passed()))
    ok(min(passed()[k] for k in (f"asked{v}", f"told{v}")) > 3, f"v{v} ct original: of several each way", passed())
    # By a RST: nothing is said again later, when the policy is another one.
    for s in (c, d):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    both = sorted((led() for i in range(2)), key=lambda x: x[2])
    equal([x[2] for x in both], [80, 81], f"v{v} balance: in turns")
    ok(all(talk(c, d) for c, d, p in both for i in range(3)), f"v{v} balance: later packets go where the first went")
    pool("drain", "p", text % 80)
    equal([led()[2] for i in range(2)], [81, 81], f"v{v} balance: drained: nothing new")
    ok(talk(*both[0][:2]), f"v{v} balance: drained: what it has goes on")
    pool("delete", "p", text % 80, "--reset")
    both[0][0].sendall(b"x")
    ok(all(refused(lambda: s.recv(1), errno.ECONNRESET) == errno.ECONNRESET for s in both[0][:2]), f"v{v} balance: reset: both ends are told")
    ok(talk(*both[1][:2]), f"v{v} balance: reset: another's goes on")
    apply(open("policy.fw").read().replace(f"; {text % 81}", ""))
    both[1][0].sendall(b"x")
    ok(wait_for(lambda: not talk(*both[1][:2])), f"v{v} balance: a policy without its server ends it")
    fwctl("conn", "flush")
    for s in servers.values():
        s.close()
    apply(open("policy.fw").read())
c = stats()["counters"]
ok(c["there"]["packets"] > 10 and c["back"]["packets"] > 10, "balance: each packet walks, both ways", c)
END

# notrack: no entry, at either hook; each packet walks. Nor has the kernel one, which tracks
# what nft asks about; and what starts here is routed by its mark, to home.
fw flush >/dev/null
route_home
on gw nft -f - <<'END'
table inet tracks {
	chain c { type filter hook output priority 0; ct state new counter; }
}
END
for v in -4 -6; do
	ip -n gw $v rule add fwmark 7 lookup 107
	[ $v = -4 ] && to=192.168.1.2 || to=fd00:1::2
	ip -n gw $v route add default via "$to" dev lan table 107
done
must_apply <<'END'
ingress {
	tcp dport 125 notrack accept
	udp dport 123 notrack count asked accept id asked
	udp sport 123 notrack count answered accept
	tcp dport 7 notrack accept
	tcp sport 7 notrack accept
	ct state invalid drop
	accept
}
egress {
	# Neighbour discovery is untracked, too, and comes when it wants.
	ct state untracked protocol udp count untracked accept
	ct state untracked accept
	udp dport 124 notrack count out accept
	tcp sport 125 notrack accept
	udp dport 126 mark 0 oif lan set mark 7 notrack count led accept
	udp dport 126 mark 0 set mark 7 notrack count left accept
	accept
}
END
py <<'END'
from netlib import *
for v in (4, 6):
    n = 0 if v == 4 else 3
    server, u = udp("net", FAR[v], 123), udp("home", HOME[v])
    for i in range(3):
        u.sendto(b"x", (FAR[v], 123))
        data, peer = server.recvfrom(10)
        server.sendto(b"y", peer)
        u.recv(10)
    c = {k: x["packets"] for k, x in stats()["counters"].items()}
    equal((c["asked"], c["answered"], c["untracked"]), (3 + n, 3 + n, 6 + 2 * n), f"v{v} notrack: each packet walks")
    equal(conn_list("proto", "udp"), [], f"v{v} notrack: no entry")
    server = listen("net", FAR[v], 7)
    p = Pair("home", FAR[v], 7, server)
    ok(p.talk(), f"v{v} notrack: TCP")
    equal(conn_list("proto", "tcp"), [], f"v{v} notrack: no entry of TCP")
    p.close()
    server, u = udp("net", NET[v], 124), udp("gw", WAN[v])
    before = stats()["counters"]["out"]["packets"]
    u.sendto(b"x", (NET[v], 124))
    ok(server.recv(10), f"v{v} notrack: what starts here")
    equal(stats()["counters"]["out"]["packets"], before + 1, f"v{v} notrack: what starts here walks once")
    equal(conn_list("dport", "124"), [], f"v{v} notrack: what starts here has no entry")
    u.sendto(b"x", (NET[v], 127))
    server = listen("gw", WAN[v], 125)
    p = Pair("net", WAN[v], 125, server)
    ok(p.talk(), f"v{v} notrack: a server here")
    equal(conn_list("proto", "tcp"), [], f"v{v} notrack: it has no entry")
    p.close()
    wire = Wire("home", "h0")
    for i in range(2):
        u.sendto(b"by-mark", (NET[v], 126))
    equal(len([f for f in wire.frames() if b"by-mark" in f]), 2, f"v{v} notrack: what starts here is routed by its mark")
    wire.close()
    n = 2 if v == 4 else 4
    c = stats()["counters"]
    equal((c["led"]["packets"], c["left"]["packets"]), (n, 0), f"v{v} notrack: and asked by where that leads, once")
    equal(conn_list("dport", "126"), [], f"v{v} notrack: and has no entry")
    fwctl("conn", "flush")
END
tracks() { on gw cat /proc/net/nf_conntrack | grep -c "[sd]port=$1 "; }
over "the kernel's own tracking has what is tracked" "$(tracks 127)" 0
for port in 123 124 125 126; do
	is "notrack: the kernel's own tracking lets it be: $port" "$(tracks $port)" 0
done
on gw nft delete table inet tracks
# What others lead elsewhere behind our first hook is asked about where it leaves.
must_apply <<'END'
ingress { accept }
egress {
	oif lan udp dport { 128, 129, 130 } drop id guarded
	udp dport 128 set dscp ef count there notrack accept
	udp dport 129 set priority 3 count there notrack accept
	udp dport 130 count there notrack accept
	accept
}
END
py <<'END'
from netlib import *


def led(port):
    """What becomes of a packet that starts here: went out by wan, came home, was refused."""
    wires = [Wire("net", "i0"), Wire("home", "h0")]
    before = rule("guarded")["packets"]
    refused(lambda: u.sendto(b"by-others", (NET[v], port)))
    came = [len([f for f in w.frames() if b"by-others" in f]) for w in wires]
    for w in wires:
        w.close()
    return came + [rule("guarded")["packets"] - before]


for v in (4, 6):
    u = udp("gw", WAN[v])
    # The neighbour is known from the second one on.
    refused(lambda: u.sendto(b"x", (NET[v], 9)))
    for port in (128, 129, 130):
        n = stats()["counters"]["there"]["packets"]
        equal(led(port), [1, 0, 0], f"v{v} notrack: leaves as it is routed: {port}")
        equal(stats()["counters"]["there"]["packets"] - n, 1, f"v{v} notrack: walks once: {port}")
    run("ip", "netns", "exec", "gw", "nft", "add table inet leads; add chain inet leads c { type route hook output priority -150; }; add rule inet leads c udp dport { 128, 129, 130 } meta mark set 7")
    for port in (128, 129, 130):
        equal(led(port), [0, 0, 1], f"v{v} notrack: asked again where others lead it: {port}")
        equal(conn_list("dport", f"{port}"), [], f"v{v} notrack: has no entry: {port}")
    run("ip", "netns", "exec", "gw", "nft", "delete table inet leads")
END
for v in -4 -6; do
	ip -n gw $v rule del fwmark 7 lookup 107
done

# Said by egress of what ingress has let begin: no entry is left that answers would pass by, and
# what was led elsewhere does not leave half translated.
must_apply <<'END'
ingress {
	ct state untracked accept
	iif wan udp dport 124 family ipv4 dnat to 192.168.1.2 accept
	iif wan udp dport 124 dnat to fd00:1::2 accept
	iif lan accept
	drop id unasked
}
egress {
	oif wan udp dport 123 notrack accept
	oif lan udp dport 124 notrack accept id half
	accept
}
END
py <<'END'
from netlib import *
for v in (4, 6):
    server, u = udp("net", FAR[v], 123), udp("home", HOME[v])
    u.sendto(b"x", (FAR[v], 123))
    data, peer = server.recvfrom(10)
    equal(conn_list("dport", "123"), [], f"v{v} notrack: in egress: no entry, at once")
    before = rule("unasked")["packets"]
    server.sendto(b"y", peer)
    ok(wait_for(lambda: rule("unasked")["packets"] > before), f"v{v} notrack: in egress: an answer needs its rule")
    ok(silent(u, 0), f"v{v} notrack: in egress: and has not passed")
    inside, outside = udp("home", HOME[v], 124), udp("net", NET[v])
    before, hits = reason("invalid"), rule("half")["hits"]
    outside.sendto(b"x", (WAN[v], 124))
    ok(wait_for(lambda: reason("invalid") > before), f"v{v} notrack: in egress, of what ingress led elsewhere: a drop")
    equal(rule("half")["hits"] - hits, 1, f"v{v} notrack: by its rule")
    ok(silent(inside, 0), f"v{v} notrack: none of it leaves")
    equal(conn_list("dport", "124"), [], f"v{v} notrack: and no entry is left")
END

# revalidate off: what is there goes on under the policy that let it begin.
fw flush >/dev/null
must_apply <<'END'
option revalidate off
ingress { accept }
END
py <<'END'
from netlib import *
server = listen("net", FAR[4], 80)
server6 = listen("net", FAR[6], 80)
p, p6 = Pair("home", FAR[4], 80, server), Pair("home", FAR[6], 80, server6)
ok(p.talk() and p6.talk(), "a connection")
apply("option revalidate off\ningress { tcp dport 80 drop; accept }")
ok(p.talk() and p6.talk(), "revalidate off: it goes on")
ok(refused(lambda: connect("home", FAR[4], 80, timeout=0.3)) == errno.ETIMEDOUT, "revalidate off: new ones don't begin")
apply("ingress { tcp dport 80 drop; accept }")
ok(not p.talk() and not p6.talk(), "revalidate on: it ends")
END
out=$(echo 'ingress { ct state established,related accept; drop }' | fw check - 2>&1)
is "check: a state that never matches is told" "$out" "*'ct state established' never matches*per-packet*"
# Who answered begins a connection, on the ports of the former one: it is its original side.
fw flush >/dev/null
route_home
must_apply <<'END'
ingress {
	ct direction reply drop id wrong
	accept
}
END
py <<'END'
from netlib import *
for v in (4, 6):
    server = listen("net", FAR[v], 5060)
    c = connect("home", FAR[v], 5060, (HOME[v], 45020))
    s, _ = server.accept()
    c.close()
    equal(s.recv(1), b"", f"v{v} a connection that its client ends")
    s.close()
    server.close()
    ok(wait_for(lambda: [x["state"] for x in conn_list("dport", "5060")] == ["TIME_WAIT"]), f"v{v} is over", conn_list())
    client = listen("home", HOME[v], 45020)
    try:
        connect("net", HOME[v], 45020, (FAR[v], 5060), timeout=1.5).close()
        ok(True, f"v{v} from the other side: ct direction original")
    except OSError as e:
        ok(False, f"v{v} from the other side: ct direction original", (e, rule("wrong")))
END
done_testing
