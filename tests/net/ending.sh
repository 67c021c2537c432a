#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R33, R15, R5: what ends while translated traffic goes on: connections,
# interfaces, the namespace, the module. Nothing stays, nothing is used after it.
#
#   home ──── lan gw wan ──── net      UDP, TCP and pings of both families, by
#                                      masquerade, endpoint-independent, redirect
# flavours: fast debug race leak
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

policy() {
	must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	iif lan udp dport 8 redirect to :7 accept
	accept
}
egress {
	iif lan oif wan udp dport 7 masquerade endpoint-independent accept
	iif lan oif wan masquerade accept
	accept
}
END
}

# traffic SECONDS: clients that do not stop, each packet another connection or one
# of the last hundred; the answers are read by nobody.
cat >traffic.py <<'END'
import os, random, sys
from netlib import *
with ns("home"):
    socks = {f: [] for f in (4, 6)}
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        for f in (4, 6):
            if len(socks[f]) > 100:
                socks[f].pop(random.randrange(100)).close()
            try:
                kind = random.choice((socket.SOCK_DGRAM, socket.SOCK_DGRAM, socket.SOCK_STREAM))
                s = socket.socket(FAMILY[f], kind)
                s.setblocking(False)
                socks[f].append(s)
                s.connect_ex((FAR[f], random.choice((7, 7, 8, 9))))
                random.choice(socks[f]).send(b"x" * 32)
                random.choice(socks[f]).recv(100)
            except OSError:
                pass
END
traffic() { python3 traffic.py "$1" & traffic=$!; }

setup() {
	topology
	policy
	serve net 7
	spawn gw python3 "$netdir/peer.py" serve 7
}

have() { [ "$(conns)" -gt "$1" ]; }

setup

# R5: one record, both ways, and all that hangs on it.
py <<'END'
for f in (4, 6):
    s, c = udp("net", FAR[f], 77), udp("home", HOME[f], 4077)
    c.sendto(b"x", (FAR[f], 77))
    _, who = s.recvfrom(9)
    l = conn_list("dport", "77")
    equal(len(l), 1, f"R5 IPv{f}: listed once, with both directions")
    equal((l[0]["original"]["saddr"], l[0]["reply"]["daddr"], l[0]["reply"]["dport"]),
          (HOME[f], WAN[f], who[1]), f"R5 IPv{f}: and the ends of both")
    equal(conn_list("reply", "dport", str(who[1]))[0]["id"], l[0]["id"], f"R5 IPv{f}: found by either")
    s.sendto(b"y", who)
    equal(c.recv(9), b"y", f"R5 IPv{f}: an answer comes in")
    t = conn_list("dport", "77")[0]
    equal((t["original"]["packets"], t["reply"]["packets"]), (1, 1), f"R5 IPv{f}: and counts in it")
    fwctl("conn", "delete", "dport", "77")
    s.sendto(b"z", who)
    ok(silent(c), f"R5 IPv{f}: deleted: what the peer sends finds nothing")
    equal(conn_list("dport", "77"), [], f"R5 IPv{f}: and nothing is listed")
    s.close()
    c.close()
b = stats()["connections"]
ok(b["created"] == b["count"] + b["ended"], "R5: the books are balanced", b)
END

# Interfaces that come and go, twice each way: as long as that takes.
traffic 300
ok "traffic goes" wait_for have 20
passes() { [ "$(verdict accept)" -gt "$was" ]; }
for i in 1 2 3 4 5 6; do
	case $((i % 3)) in
	0) ip -n gw link del wan ;;
	1) ip -n gw link set wan down ;;
	2) ip -n gw addr flush dev wan ;;
	esac
	ip -n gw link show wan >/dev/null 2>&1 || link gw wan net i0
	ip -n gw link set wan up
	addr gw wan 203.0.113.8/24 2001:db8:1::8/64 2>/dev/null
	addr net i0 203.0.113.1/24 2001:db8:1::1/64 2>/dev/null
	ip -n gw route replace default via 203.0.113.1
	ip -n gw -6 route replace default via 2001:db8:1::1
	ip -n net route replace 203.0.113.0/24 dev i0 src 198.51.100.7
	ip -n net -6 route replace 2001:db8:1::/64 dev i0 src 2001:db8:77::7 metric 256
	was=$(verdict accept)
	ok "R15: an interface came and went under traffic, time $i: it passes" wait_for passes
done
ok "R15: traffic outlived them" kill $traffic
wait $traffic || :
over "R15: connections went along" "$(stat 'd["connections"]["ended_by"]["address-gone"]["value"]')" 0
ok "R15: and traffic goes on" on home ping -n -c 1 -W 2 198.51.100.7
# What has ended counts in the table, too, until a grace period is over; and some do now.
books() { stat 'd["connections"]["created"] - d["connections"]["count"] - d["connections"]["ended"]'; }
balanced() { [ "$(books)" = 0 ]; }
ok "R33: the books are balanced" wait_for balanced

# The policy: flushed and back.
traffic 300
for _ in 1 2 3 4 5; do
	fw flush >/dev/null
	policy
done
kill $traffic
wait $traffic || :
ok "R33: the policy was flushed under traffic, and is back" on home ping -n -c 1 -W 2 198.51.100.7

# The namespace.
for round in 1 2 3; do
	traffic 300
	ok "round $round: traffic goes" wait_for have 20
	for p in $(ip netns pids gw); do kill -9 "$p"; done
	ok "R33: round $round: the namespace goes under traffic" ip netns del gw
	kill $traffic
	wait $traffic || :
	for h in home net; do
		for p in $(ip netns pids $h); do kill -9 "$p"; done
		ip netns del $h
	done
	setup
done

# The module. What a namespace had left behind would now be complained of by the
# kernel. Under KASAN it would not come back, see unload.sh.
if [ "$FWTREE_FLAVOUR" != fast ]; then
	done_testing
	exit
fi
traffic 300
ok "traffic goes" wait_for have 20
ok "R33: the module goes under traffic" rmmod fwtree
is "R33: and all its memory" "$(grep -c ^fwtree_ /proc/slabinfo)" 0
ok "and comes back" insmod "$FWTREE_KO"
policy
ok "traffic goes" wait_for have 20
kill $traffic
wait $traffic || :
done_testing
