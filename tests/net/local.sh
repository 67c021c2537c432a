#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The gateway's own traffic: what it starts, what it serves, and lo.
#
#   home ──── lan gw wan ──── net          gw: client of net, server on port 22
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	iif lan tcp dport 22 accept id ssh
	drop id end
}
END
py <<'END'
for f in (4, 6):
    far = listen("net", FAR[f], 80)
    p = Pair("gw", FAR[f], 80, far)
    ok(p.talk(), f"IPv{f}: gw is a client: replies need no rule")
    p.close()
    own = listen("gw", LAN[f], 22)
    p = Pair("home", LAN[f], 22, own)
    ok(p.talk(), f"IPv{f}: gw serves home")
    p.close()
    own = listen("gw", WAN[f], 22)
    equal(refused(lambda: connect("net", WAN[f], 22, timeout=0.3)), errno.ETIMEDOUT,
          f"IPv{f}: but not net")
    lo = "127.0.0.1" if f == 4 else "::1"
    s = listen("gw", lo, 5000)
    p = Pair("gw", lo, 5000, s)
    ok(p.talk(), f"IPv{f}: through lo")
    p.close()
    s = listen("gw", WAN[f], 5001)
    p = Pair("gw", WAN[f], 5001, s)
    ok(p.talk(), f"IPv{f}: to an address of its own, by way of lo")
    p.close()
    u = udp("gw", lo, 5002)
    v = udp("gw", lo)
    v.sendto(b"x", (lo, 5002))
    equal(u.recv(9), b"x", f"IPv{f}: UDP through lo")
END
ok "ping from gw" on gw ping -n -c 1 -W 1 198.51.100.7
ok "ping -6 from gw" on gw ping -n -c 1 -W 1 2001:db8:77::7
ok "ping lo" on gw ping -n -c 1 -W 1 127.0.0.1
over "what is dropped at the end was counted" "$(rule end hits)" 0

# R2: led to one of two servers by chance, from one port to two destinations.
ok "net has two servers" eval 'ip -n net addr add 198.51.100.8/32 dev lo && ip -n net addr add 198.51.100.9/32 dev lo'
must_apply <<'END'
ingress { iif lo accept; ct state untracked accept; drop }
egress { daddr 198.51.100.64/26 udp dport 53 dnat to 198.51.100.8-198.51.100.9 accept; accept }
END
py <<'END'
servers = [udp("net", a, 53) for a in ("198.51.100.8", "198.51.100.9")]
asked = [udp("gw", WAN[4]) for _ in range(24)]
for n, s in enumerate(asked):
    for to in (64, 65, 66):
        s.sendto(b"%d by %d" % (to, n), (f"198.51.100.{to}", 53))
got = []
def all_came():
    for s in servers:
        s.setblocking(False)
        try:
            while True:
                data, peer = s.recvfrom(99)
                s.sendto(data, peer)
                got.append(data)
        except BlockingIOError:
            pass
    return len(got) == 3 * len(asked)
ok(wait_for(all_came), "R2: each of three destinations by each of 24 ports came to a server", len(got))
back = []
for s in asked:
    for _ in range(3):
        data, peer = s.recvfrom(99)
        back.append((data.split()[0].decode(), peer[0].rsplit(".", 1)[1]))
ok(len(back) == 72 and all(a == b for a, b in back), "R2: and is answered as who was asked", back)
equal(reason("dnat-late"), 0, "R2: none is led elsewhere by its second walk")
END

# Without "iif lo accept" only lo stops; not what gw says to others.
fw conn flush >/dev/null
must_apply <<'END'
ingress { ct state untracked accept; drop }
END
fails "lo stops where no rule lets it in" on gw ping -n -c 1 -W 0.3 127.0.0.1
ok "gw to net goes on" on gw ping -n -c 1 -W 1 198.51.100.7

must_apply <<'END'
egress { icmp type echo-request daddr 198.51.100.7 drop; oif wan family ipv4 snat to 203.0.113.8:2000-2010 accept; accept }
END
fails "egress drops what gw starts" on gw ping -n -c 1 -W 0.3 198.51.100.7
serve net 7
is "egress translates what gw starts" "$(on gw python3 "$netdir/peer.py" ask tcp 198.51.100.7 7)" \
	"203.0.113.8 20[01][0-9]"
# R34: led, or marked, to where no route leads: said to the program, counted, and no record.
ip -n gw route add unreachable 10.99.0.0/16
ip -n gw -6 route add unreachable fd00:99::/64
must_apply <<'END'
ingress { iif lo accept; ct state untracked accept; drop }
egress {
	udp dport 53 family ipv4 dnat to 10.99.0.1 accept
	udp dport 53 dnat to fd00:99::1 accept
	accept
}
END
py <<'END'
for f in (4, 6):
    before = reason("no-route")
    s = udp("gw", WAN[f])
    ok(refused(lambda: s.sendto(b"x", (FAR[f], 53))) in (errno.EHOSTUNREACH, errno.ENETUNREACH), f"R34 IPv{f}: no route: who sends is told")
    equal(reason("no-route") - before, 1, f"R34 IPv{f}: and it is counted")
    equal(conn_list("dport", "53", f"ipv{f}"), [], f"R34 IPv{f}: no connection is left")
END
# Of one that is served here it is the packet that is lost, for as long as there is no route.
ip -n gw rule add fwmark 7 table 77
ip -n gw route add default via 203.0.113.1 dev wan table 77
must_apply <<'END'
ingress { iif lo accept; ct state untracked accept; iif wan tcp dport 22 set mark 7 accept; drop }
END
py <<'END'
own = listen("gw", WAN[4], 22)
p = Pair("net", WAN[4], 22, own)
ok(p.talk(), "served by a route of its own")
run("ip", "-n", "gw", "route", "replace", "unreachable", "default", "table", "77")
before = reason("no-route")
refused(lambda: p.s.sendall(b"lost"))
ok(wait_for(lambda: reason("no-route") > before), "no route for what is said: counted")
equal([c["state"] for c in conn_list("dport", "22")], ["ESTABLISHED"], "R6: its connection is there")
run("ip", "-n", "gw", "route", "replace", "default", "via", "203.0.113.1", "dev", "wan", "table", "77")
ok(receive(p.c, 4) == b"lost" and p.talk(), "and goes on when there is one")
END
ip -n gw rule del fwmark 7

# What goes by lo is asked of ingress as it has left, by each policy: translated, and with the
# marks that egress has set.
fw conn flush >/dev/null
must_apply <<'END'
egress {
	tcp dport 80 redirect to :8080 accept
	tcp dport 81 set mark 5 set ct mark 6 accept
	accept
}
ingress {
	ct state untracked accept
	iif lo tcp dport 8080 accept
	iif lo tcp dport 81 mark 5 ct mark 6 set mark 9 set ct mark 7 accept
	drop id end
}
END
py <<'END'
policy = open("policy.fw").read()
LO = {4: "127.0.0.1", 6: "::1"}
for f in (4, 6):
    servers = [listen("gw", LO[f], port) for port in (8080, 81)]
    pairs = [Pair("gw", FAR[f], 80, servers[0]), Pair("gw", LO[f], 81, servers[1])]
    ok(all(p.talk() for p in pairs), f"IPv{f} by lo: one that is led there, one that is marked")
    equal([(c["mark"], c["ct_mark"]) for c in conn_list("dport", "81", f"ipv{f}")], [(5, 7)],
          f"IPv{f} by lo: ingress has its marks, too")
    fwctl("rule", "add", "before", "end", "tcp dport 9 drop")
    ok(all(p.talk() for p in pairs), f"IPv{f} by lo: a rule more leaves both alone")
    equal(len(conn_list("proto", "tcp", f"ipv{f}")), 2, f"IPv{f} by lo: they are there")
    apply(policy.replace("dport 8080 accept", "dport 8080 drop"))
    ok(not pairs[0].talk(), f"IPv{f} by lo: a policy that refuses where it was led ends it")
    ok(pairs[1].talk(), f"IPv{f} by lo: and nothing else")
    apply(policy.replace("mark 5 ct mark 6 set", "mark 5 ct mark 5 set"))
    ok(not pairs[1].talk(), f"IPv{f} by lo: likewise one that asks for another mark")
    for p in pairs:
        p.close()
    for s in servers:
        s.close()
    fwctl("conn", "flush")
    apply(policy)
END
done_testing
