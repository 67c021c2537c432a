#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R28: packets that another table queues between two hooks of ours: with a new mark they
# are routed by that, whatever route they were given before; and what starts here is asked
# by another policy as it began, and keeps what the former one had set; an answer whose connection
# is over begins none.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
ingress { iif lo accept; ct state untracked accept; iif lan accept; drop }
egress { oif wan masquerade accept; accept }
END
ip netns exec gw nft -f - <<'END'
table inet between {
	chain in { type filter hook prerouting priority -100; udp dport 1000 queue num 5; udp sport 1002 queue num 7; }
	chain out { type filter hook output priority 0; udp dport 1001 queue num 6; }
}
END
for v in -4 -6; do
	ip -n gw $v rule add fwmark 77 lookup 77
	ip -n gw $v route add blackhole default table 77
done
py <<'END'
from nfqueue import *
from netlib import *
N = 64      # twice as many as a CPU remembers
q, out = Queue("gw", 5), Queue("gw", 6)
for v in (4, 6):
    server, u = udp("net", FAR[v], 1000), udp("home", HOME[v])
    # Answered and sent on: from now on it has a route.
    for i in range(4):
        u.sendto(b"first", (FAR[v], 1000))
        q.get().verdict()
        data, peer = server.recvfrom(10)
        server.sendto(b"answer", peer)
        equal(u.recv(10), b"answer", f"v{v}: there and back, {i + 1}")
    for mark, what in ((None, "as it is"), (77, "with a mark that leads nowhere"), (0, "with none again")):
        for i in range(N):
            u.sendto(b"%d" % i, (FAR[v], 1000))
        packets = [q.get() for _ in range(N)]
        ok(all(packets), f"v{v}, {what}: all are queued")
        for p in packets:
            p.verdict(mark=mark)
        # Behind them all.
        u.sendto(b"last", (FAR[v], 1000))
        q.get().verdict()
        got = list(iter(lambda: server.recv(10), b"last"))
        equal(len(got), 0 if mark else N, f"v{v}, {what}: so many arrive")

# An answer whose connection is over before it leaves begins none from there: what the client
# sends next is asked, and masqueraded, as before.
back = Queue("gw", 7)
for v in (4, 6):
    server, u = udp("net", FAR[v], 1002), udp("home", HOME[v])
    server.settimeout(TIMEOUT)
    u.sendto(b"first", (FAR[v], 1002))
    peer = server.recvfrom(10)[1]
    equal(peer[0], WAN[v], f"v{v}: masqueraded")
    server.sendto(b"answer", peer)
    p = back.get()
    fwctl("conn", "flush")
    p.verdict()
    u.sendto(b"next", (FAR[v], 1002))
    equal(server.recvfrom(10)[1][0], WAN[v], f"v{v}: flushed while an answer was queued: so is the next")
    ok(silent(u), f"v{v}: and that answer is dropped")

# What starts here.
for v in (4, 6):
    apply("""ingress { accept }
egress { iif none udp dport 1001 ttl 64 set ttl 33 set mark 7 accept; accept }""")
    server, u = udp("net", NET[v], 1001), udp("gw", WAN[v])
    def sends(what):
        u.sendto(what, (NET[v], 1001))
        p = out.get()
        equal(p.payload[8 if v == 4 else 7], 33, f"v{v} {what.decode()}: its TTL is set")
        return p
    waits = sends(b"first")
    apply("""ingress { accept }
egress { iif none udp dport 1001 ttl 64 accept id asked; iif none udp dport 1001 drop id other; accept }""")
    hits = lambda: [rule(r)["hits"] for r in ("asked", "other")]
    was = hits()
    waits.verdict()
    server.settimeout(TIMEOUT)
    try:
        got = server.recv(10)
    except OSError:
        got = None
    equal(got, b"first", f"v{v}: under another policy, that asks for what it was: it goes on")
    equal([n - w for n, w in zip(hits(), was)], [1, 0], f"v{v}: by that rule")
    if got:
        sends(b"second").verdict()
        equal(server.recv(10), b"second", f"v{v}: and so does the next one")
END
done_testing
