#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R12: prefix to prefix, both ways, both families; ports stay, unless another connection
# has them.
#
#   home 192.168.1.2, .3 ──── lan gw wan ──── net 198.51.100.7
#        fd00:1::2, ::3                           knows them as 10.9.9.2, .3
#                                                 and 2001:db8:99::2, ::3
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
addr home h0 192.168.1.3/24 fd00:1::3/64
ip -n net route add 10.9.9.0/24 via 203.0.113.8 src 198.51.100.7
ip -n net -6 route add 2001:db8:99::/64 via 2001:db8:1::8 src 2001:db8:77::7
must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	iif wan {
		daddr 10.9.9.0/24 netmap to 192.168.1.0/24 accept
		daddr 2001:db8:99::/64 netmap to fd00:1::/64 accept
		drop
	}
	accept
}
egress {
	iif lan oif wan {
		# Who has what .2 would be seen by.
		saddr 192.168.1.3 sport 6666 snat to 10.9.9.2:5556 accept
		saddr fd00:1::3 sport 6666 snat to [2001:db8:99::2]:5556 accept
		saddr 192.168.1.0/24 netmap to 10.9.9.0/24 accept
		saddr fd00:1::/64 netmap to 2001:db8:99::/64 accept
	}
	accept
}
END
serve net 7
py <<'END'
OUTSIDE = {4: "10.9.9.%d", 6: "2001:db8:99::%d"}
INSIDE = {4: "192.168.1.%d", 6: "fd00:1::%d"}
for f in (4, 6):
    for kind, name in ((socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")):
        for host in (2, 3):
            with ns("home"):
                s = sock(kind, INSIDE[f] % host, 5555)
            s.connect((FAR[f], 7))
            if kind == socket.SOCK_DGRAM:
                s.send(b"who")
            equal(s.recv(100).decode().split(), [OUTSIDE[f] % host, "5555"],
                  f"IPv{f} {name}: .{host} is seen with its number and its port")
            s.close()
        # Unless another connection has that port towards this server.
        with ns("home"):
            first, then = sock(kind, INSIDE[f] % 3, 6666), sock(kind, INSIDE[f] % 2, 5556)
        shown = []
        for s in (first, then):
            s.connect((FAR[f], 7))
            if kind == socket.SOCK_DGRAM:
                s.send(b"who")
            shown.append(s.recv(100).decode().split())
        equal(shown[0], [OUTSIDE[f] % 2, "5556"], f"IPv{f} {name}: another one has .2's outside port")
        ok(shown[1][0] == OUTSIDE[f] % 2 and shown[1][1] != "5556",
           f"IPv{f} {name}: .2 is seen with its number and another port", shown)
        for s, who in ((first, shown[0]), (then, shown[1])):
            s.send(b"more")
            got = s.recv(100).decode()
            ok(got == "more" if kind == socket.SOCK_STREAM else got.split() == who,
               f"IPv{f} {name}: {who} is answered", got)
            s.close()
    for host in (2, 3):
        s = listen("home", INSIDE[f] % host, 80)
        p = Pair("net", OUTSIDE[f] % host, 80, s)
        ok(p.talk(), f"IPv{f}: .{host} is reached by its outside address")
        equal((p.s.getsockname()[0], p.peer[0]), (INSIDE[f] % host, FAR[f]),
              f"IPv{f}: and the source stays")
        p.close()
        s.close()
    # A policy that maps the same goes on with it, another one ends it.
    s = listen("home", INSIDE[f] % 2, 81)
    p = Pair("net", OUTSIDE[f] % 2, 81, s)
    text = open("policy.fw").read()
    apply(text + "\n# again\n")
    ok(p.talk(), f"IPv{f}: the same map in a new policy: the connection goes on")
    apply(text.replace("netmap to 192.168.1.0/24", "netmap to 192.168.2.0/24")
              .replace("netmap to fd00:1::/64", "netmap to fd00:2::/64"))
    ok(not p.talk(b"after"), f"IPv{f}: another map: it ends")
    apply(text)
    p.close()
    s.close()
END
ok "ping out" on home ping -n -c 1 -W 1 198.51.100.7
ok "ping out, IPv6" on home ping -n -c 1 -W 1 2001:db8:77::7
ok "ping in" on net ping -n -c 1 -W 1 10.9.9.3
ok "ping in, IPv6" on net ping -n -c 1 -W 1 2001:db8:99::3
done_testing
