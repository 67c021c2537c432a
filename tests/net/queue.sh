#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# queue N: packets by way of a program, for connections and for packets alone; nobody
# who listens; bypass; a record that waits.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
ingress {
	iif lan udp dport 1000 queue 7 id listened
	iif lan tcp dport 1001 queue 7
	iif lan udp dport 1002 queue 8 id silent
	iif lan udp dport 1003 queue 8 bypass
	iif lan udp dport 1006 notrack queue 7
	accept
}
egress {
	oif wan udp dport 1004 queue 9 id out
	oif wan udp dport 1005 masquerade queue 9
	oif wan masquerade
	accept
}
END
py <<'END'
from nfqueue import *
from netlib import *
q, out = Queue("gw", 7), Queue("gw", 9)
for v in (4, 6):
    server = udp("net", FAR[v], 1000)
    u = udp("home", HOME[v])
    u.sendto(b"there", (FAR[v], 1000))
    p = q.get()
    ok(p and p.payload.endswith(b"there") and p.hook == 0, f"v{v} ingress: the program has it, at PRE_ROUTING")
    ok(silent(server), f"v{v} ingress: nobody else has")
    c = conn_list("dport", "1000", "family", f"ipv{v}")
    ok(len(c) == 1 and c[0]["tentative"] and c[0]["timeout"] > 30, f"v{v} ingress: a tentative entry waits", c)
    # Longer than an entry waits that is not queued.
    left = c[0]["timeout"]
    ok(wait_for(lambda: conn_list("dport", "1000", "family", f"ipv{v}")[0]["timeout"] <= left - 3),
       f"v{v} ingress: it waits for more than two seconds")
    p.verdict()
    data, peer = server.recvfrom(100)
    equal(data, b"there", f"v{v} ingress: let go, after more than two seconds, it goes on")
    equal(peer[0], WAN[v], f"v{v} ingress: and is translated as ever")
    ok(wait_for(lambda: not conn_list("dport", "1000", "family", f"ipv{v}")[0]["tentative"]), f"v{v} ingress: and confirmed")
    server.sendto(b"back", peer)
    p = q.get()
    ok(p and p.payload.endswith(b"back"), f"v{v} ingress: answers are queued, too")
    p.verdict()
    equal(u.recv(100), b"back", f"v{v} ingress: and go on")
    u.sendto(b"refused", (FAR[v], 1000))
    q.get().verdict(DROP)
    ok(silent(server), f"v{v} ingress: the program may drop")
    ok(q.get(0.1) is None, f"v{v} ingress: each packet once")

    u.sendto(b"none", (FAR[v], 1002))
    server3 = udp("net", FAR[v], 1003)
    u.sendto(b"pass", (FAR[v], 1003))
    equal(server3.recv(100), b"pass", f"v{v} bypass: passes where nobody listens")

    server4 = udp("net", FAR[v], 1004)
    u.sendto(b"leaves", (FAR[v], 1004))
    p = out.get()
    ok(p and p.hook == 4, f"v{v} egress: at POST_ROUTING")
    ok(conn_list("dport", "1004", "family", f"ipv{v}")[0]["tentative"], f"v{v} egress: tentative until it is let go")
    p.verdict()
    data, peer = server4.recvfrom(100)
    equal(data, b"leaves", f"v{v} egress: goes on")
    server5 = udp("net", FAR[v], 1005)
    u.sendto(b"shown", (FAR[v], 1005))
    p = out.get()
    p.verdict()
    data, peer = server5.recvfrom(100)
    equal(peer[0], WAN[v], f"v{v} egress: translated before it is queued")
    server5.sendto(b"answer", peer)
    p = out.get()
    ok(p and p.payload.endswith(b"answer") and p.hook == 4, f"v{v} egress: and the answer where it leaves")
    p.verdict()
    equal(u.recv(100), b"answer", f"v{v} egress: which goes on")
    c = conn_list("dport", "1005", "family", f"ipv{v}")
    ok(len(c) == 1 and not c[0]["tentative"], f"v{v} egress: with an answer the entry is confirmed", c)

    server6 = udp("net", FAR[v], 1006)
    u.sendto(b"alone", (FAR[v], 1006))
    p = q.get()
    ok(p and not conn_list("dport", "1006"), f"v{v} untracked: queued without an entry")
    p.verdict()
s = stats()
equal(s["reasons"]["no-listener"]["value"], 2, "nobody listens: a counted drop")
equal(s["reasons"]["queue-bypassed"]["value"], 2, "bypass: counted")
ok(s["reasons"]["queued"]["value"] >= 2, "and all that a rule said queue of", s["reasons"]["queued"])
equal(rule("silent")["hits"], 2, "nobody listens: and the rule's")
ok(not conn_list("dport", "1002"), "nobody listens: no entry is left")

# A whole connection, inspected segment by segment, with its handshake.
import threading
stop = False
seen = []
def pump():
    while not stop:
        p = q.get(0.2)
        if p:
            seen.append(p)
            p.verdict()
t = threading.Thread(target=pump)
t.start()
for v in (4, 6):
    server = listen("net", FAR[v], 1001)
    pair = Pair("home", FAR[v], 1001, server)
    ok(pair.talk(b"x" * 50000), f"v{v} TCP: a connection by way of the queue")
    pair.close()
stop = True
t.join()
over = len([p for p in seen if p.payload[0] >> 4 == 4])
ok(over > 10, "TCP: both ways, all of it", over)

# The program ends: what waits is dropped, what comes later too.
q.close()
u = udp("home", HOME[4])
was = reason("no-listener")
u.sendto(b"x", (FAR[4], 1000))
# Ends of the TCP connections may come by, too.
ok(wait_for(lambda: reason("no-listener") > was), "the program ended: counted drops")
ok(not conn_list("saddr", HOME[4], "sport", str(u.getsockname()[1])), "the program ended: no entry is left")
END

# What starts here, and answers of this machine.
must_apply <<'END'
ingress { iif wan udp dport 2000 queue 5; accept }
egress { iif none udp dport 2001 queue 6; accept }
END
py <<'END'
from nfqueue import *
from netlib import *
q, out = Queue("gw", 5), Queue("gw", 6)
for v in (4, 6):
    here, there = udp("gw", WAN[v], 2000), udp("net", NET[v])
    there.sendto(b"in", (WAN[v], 2000))
    q.get().verdict()
    data, peer = here.recvfrom(10)
    here.sendto(b"out", peer)
    p = q.get()
    ok(p and p.hook == 4, f"v{v} local: an answer of this machine, where it leaves")
    p.verdict()
    equal(there.recv(10), b"out", f"v{v} local: which goes on")
    server = udp("net", NET[v], 2001)
    u = udp("gw", WAN[v])
    u.sendto(b"x", (NET[v], 2001))
    p = out.get()
    ok(p and p.hook == 4, f"v{v} local: what starts here, once")
    p.verdict()
    data, peer = server.recvfrom(10)
    server.sendto(b"y", peer)
    p = out.get()
    ok(p and p.hook == 0, f"v{v} local: and its answer")
    p.verdict()
    equal(u.recv(10), b"y", f"v{v} local: which arrives")
    ok(out.get(0.1) is None and q.get(0.1) is None, f"v{v} local: nothing twice")
END
# What starts here and is no part of its connection is walked where it begins.
must_apply <<'END'
ingress { accept }
egress { iif none ct state invalid tcp dport 2002 queue 6; iif none ct state invalid tcp dport 2003 queue 8; accept }
END
py <<'END'
from nfqueue import *
from netlib import *
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
out = Queue("gw", 6)
for v in (4, 6):
    for port in (2002, 2003):
        server = listen("net", NET[v], port)
        pair = Pair("gw", NET[v], port, server)
        ok(pair.talk(), f"v{v} local: a connection")
        ip = IP(src=WAN[v], dst=NET[v]) if v == 4 else IPv6(src=WAN[v], dst=NET[v])
        with ns("gw"):
            raw = socket.socket(FAMILY[v], socket.SOCK_RAW, socket.IPPROTO_RAW)
        was = reason("no-listener")
        # Far from its window: some of the four are, wherever that is.
        for quarter in range(4):
            wild = ip / TCP(sport=pair.c.getsockname()[1], dport=port, flags="A", seq=quarter << 30, ack=1)
            try:
                raw.sendto(bytes(wild / b"wild"), (NET[v], 0))
            except PermissionError:     # that it was dropped
                pass
        seen = [p for p in iter(lambda: out.get(0.2), None) if p.verdict() is None]
        if port == 2002:
            ok(1 <= len(seen) <= 4 and all(p.hook == 3 and p.payload.endswith(b"wild") for p in seen),
               f"v{v} local: what is invalid, where it begins, and once", [p.hook for p in seen])
        else:
            ok(1 <= reason("no-listener") - was <= 4, f"v{v} local: invalid, and nobody listens", reason("no-listener") - was)
        ok(pair.talk(), f"v{v} local: and the connection goes on")
        pair.close()
END
# What goes by lo: ingress' queue has it where it comes in, from the first packet on.
must_apply <<'END'
ingress { iif lo udp dport 1010 queue 7; iif lo udp dport 1011 set ct mark 9 set mark 8 accept; accept }
END
py <<'END'
from nfqueue import *
from netlib import *
q = Queue("gw", 7)
for v in (4, 6):
    lo = "127.0.0.1" if v == 4 else "::1"
    here, u = udp("gw", lo, 1010), udp("gw", lo)
    for what in (b"first", b"second", b"third"):
        if what == b"third":
            apply(open("policy.fw").read() + "# again\n")
        u.sendto(what, (lo, 1010))
        p = q.get()
        ok(p and p.hook == 0 and p.payload.endswith(what), f"v{v} lo: the program has it, at PRE_ROUTING: {what}")
        ok(silent(here, 0), f"v{v} lo: nobody else has: {what}")
        p.verdict()
        equal(here.recv(10), what, f"v{v} lo: let go, it arrives: {what}")
    ok(q.get(0.1) is None, f"v{v} lo: each packet once")
    here, u = udp("gw", lo, 1011), udp("gw", lo)
    u.sendto(b"x", (lo, 1011))
    here.recv(10)
    equal([(c["mark"], c["ct_mark"]) for c in conn_list("dport", "1011", f"ipv{v}")], [(8, 9)],
          f"v{v} lo: the marks that ingress sets, from the first packet on")
END
out=$(echo 'ingress device lan { queue 1 }' | fw apply - 2>&1)
is "a device has no queue" "$out" "*there is no 'queue' in 'ingress device'*"
done_testing
