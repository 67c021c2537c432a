#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R28: another policy while connections are open: what it forbids stops within one
# packet, what both allow goes on, what is unchanged keeps its counts.
#
#   home ──── lan gw wan ──── net        TCP 80 and 81, UDP 53, ping
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
HEAD = "option adopt 0s\ningress { iif lo accept; ct state untracked accept; ct state invalid drop\n"
TAIL = "}\negress { oif wan masquerade accept id out; accept }\n"
BOTH = HEAD + "tcp dport 80 accept id eighty\n tcp dport 81 accept id other\n udp dport 53 accept\n iif lan icmp type echo-request accept; drop\n" + TAIL
ONE = HEAD + "# this line is new\ntcp dport 80 accept id eighty\n drop id end\n" + TAIL

for f in (4, 6):
    apply(BOTH)
    s80, s81 = listen("net", FAR[f], 80), listen("net", FAR[f], 81)
    keep, stop, stop2 = Pair("home", FAR[f], 80, s80), Pair("home", FAR[f], 81, s81), Pair("home", FAR[f], 81, s81)
    ok(keep.talk() and stop.talk() and stop2.talk(), f"IPv{f}: three connections")
    u, v = udp("net", FAR[f], 53), udp("home", HOME[f])
    v.connect((FAR[f], 53))
    v.send(b"x")
    _, who = u.recvfrom(9)
    before = rule("eighty")
    gen = stats()["generation"]

    apply(ONE)
    equal(stats()["generation"], gen + 1, f"IPv{f}: the generation moved by one")
    # The server's first, in the reply direction; then the client's.
    stop.s.sendall(b"late")
    ok(silent(stop.c), f"IPv{f}: forbidden: nothing arrives from the server")
    stop2.c.sendall(b"late")
    ok(silent(stop2.s), f"IPv{f}: forbidden: nothing arrives from the client")
    u.sendto(b"late", who)
    ok(silent(v), f"IPv{f}: forbidden: UDP replies stop")
    ok(keep.talk(b"on" * 1000), f"IPv{f}: allowed by both: goes on")
    equal(keep.s.getpeername(), keep.peer, f"IPv{f}: with its translation")
    ok(all(c["original"]["dport"] == 80 for c in conn_list("proto", "tcp")),
       f"IPv{f}: what was forbidden is gone from the table", conn_list())
    after = rule("eighty")
    ok(after["packets"] > before["packets"] and after["hits"] >= before["hits"] > 0,
       f"IPv{f}: an unchanged rule keeps its counts", (before, after))
    c = conn_list("dport", "80")[0]
    equal((c["generation"], c["rules"]["ingress"]["line"]), (gen + 1, 4),
          f"IPv{f}: the connection is the new policy's, with its line now")
    ok(reason("revalidated") >= 2 * (f // 4), f"IPv{f}: counted as revalidated")
    # Back again: what was ended stays ended, nothing is let in half-way.
    apply(BOTH)
    stop2.c.settimeout(0.3)
    ok(silent(stop2.s), f"IPv{f}: allowed again: an ended connection stays ended")
    ok(keep.talk(), f"IPv{f}: and the other one goes on")
    for p in (keep, stop, stop2):
        p.close()
    fwctl("conn", "flush")

# reject in the new policy tells the client.
s = listen("net", FAR[4], 81)
p = Pair("home", FAR[4], 81, s)
apply(HEAD + "tcp dport 81 reject; accept\n" + TAIL)
p.c.sendall(b"x")
e = refused(lambda: p.c.recv(1))
equal(e, errno.ECONNRESET, "reject in the new policy: a RST at the next packet")

# So it does by an ICMP error, of which nobody asks again whether the connection stands.
for f in (4, 6):
    apply(BOTH)
    u, v = udp("net", FAR[f], 53), udp("home", HOME[f])
    v.connect((FAR[f], 53))
    v.send(b"ask")
    _, who = u.recvfrom(9)
    u.sendto(b"answer", who)
    equal(v.recv(9), b"answer", f"IPv{f}: UDP, both ways")
    apply(HEAD + "udp dport 53 reject; accept\n" + TAIL)
    before = reason("revalidated")
    v.send(b"more")
    equal(refused(lambda: v.recv(9)), errno.ECONNREFUSED,
          f"IPv{f}: reject in the new policy: UDP is told at the next datagram")
    equal(reason("revalidated") - before, 1, f"IPv{f}: which is counted once")
    equal(conn_list("proto", "udp", "dport", "53"), [], f"IPv{f}: and has ended")
    u.close()
    v.close()

# option revalidate off: the old way.
apply(BOTH)
p = Pair("home", FAR[4], 81, s)
ok(p.talk(), "a connection before revalidate off")
apply("option revalidate off\n" + ONE)
ok(p.talk(), "revalidate off: it goes on where new ones are forbidden")
equal(refused(lambda: connect("home", FAR[4], 81, timeout=0.3)), errno.ETIMEDOUT,
      "revalidate off: new ones are forbidden")
apply(ONE)
ok(not p.talk(), "revalidate on again: now it stops")

# Another translation: the binding that the policy does not make any more ends.
apply(BOTH)
s = listen("net", FAR[4], 80)
p = Pair("home", FAR[4], 80, s)
apply(BOTH.replace("masquerade accept id out", "family ipv4 snat to 203.0.113.99 accept"))
ok(not p.talk(), "another source: the connection ends, rather than going on with the old one")

# Led elsewhere by a rule that asks where it would have left, and masqueraded by where it
# leaves: by lo that is its own address, whatever the outside interface has.
LED = HEAD + "accept }\negress { oif wan tcp dport 84 redirect to :3128; masquerade; accept }\n"
for f in (4, 6):
    apply(LED)
    s = listen("gw", {4: "127.0.0.1", 6: "::1"}[f], 3128)
    p = Pair("gw", FAR[f], 84, s, source=(LAN[f], 0))
    ok(p.talk(), f"IPv{f}: what starts here is led to the loopback")
    equal(p.peer[0], LAN[f], f"IPv{f}: with the address that it has")
    apply(LED.replace("egress {", "egress { udp dport 9 drop;"))
    ok(p.talk(b"still"), f"IPv{f}: which another policy that says the same of it leaves alone")
    p.close()
    s.close()
END
done_testing
