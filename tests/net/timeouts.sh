#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A connection whose time is over is not found, to the tick (R25).
#
#   home ──── lan gw wan ──── net
# flavours: time-travel
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
option timeout udp 1s
option timeout udp-stream 2s
option timeout icmp 1s
option timeout tcp-established 2s
option timeout tcp-close 1s
option timeout tcp-syn-sent 1s
option adopt 0s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop id late }
egress { oif wan masquerade accept; accept }
END
py <<'END'
server = udp("net", FAR[4], 53)

def reply_after(seconds, streams):
    """Does an answer get in that comes so long after the question."""
    u = udp("home", HOME[4])
    u.connect((FAR[4], 53))
    u.send(b"q")
    _, who = server.recvfrom(9)
    if streams:
        server.sendto(b"a", who)
        u.recv(9)
    time.sleep(seconds)     # the time itself is what is tested
    server.sendto(b"a", who)
    return not silent(u, 0.25)

ok(reply_after(0.7, False), "udp 1s: an answer after 0.7 s gets in")
ok(not reply_after(1.1, False), "udp 1s: after 1.1 s it does not")
ok(reply_after(1.6, True), "udp-stream 2s: after 1.6 s it does")
ok(not reply_after(2.1, True), "udp-stream 2s: after 2.1 s it does not")
ok(rule("late")["hits"] >= 2, "late answers were for the policy to say")

p = Pair("home", FAR[4], 80, listen("net", FAR[4], 80))
p.talk()
time.sleep(2.1)
p.c.sendall(b"late")
ok(silent(p.s), "tcp-established 2s: later segments find nothing")
equal(len(conn_list("proto", "tcp")), 0, "and it is not listed")
ok(wait_for(lambda: stats()["connections"]["count"] == 0, 10), "what is over is collected", stats()["connections"])
s = stats()["connections"]
equal(s["created"], s["ended"], "all that began has ended")
END
done_testing
