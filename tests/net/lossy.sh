#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R16, R19: real TCPs over bad wires. Whatever is lost, late, doubled or out of order
# before us and behind us, and however slowly the receiver reads, no segment of a true
# connection is taken for a false one.
#
#   home ═══ netem ═══ lan gw wan ═══ netem ═══ net      loss, delay, duplicates,
#                                                        reordering, both ways
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	# What comes late to a socket that is gone draws a RST, behind all that was said.
	ct state invalid tcp flags & rst == rst drop id late
	ct state invalid drop id invalid
	iif lan accept
	drop id closed
}
egress { accept }
END
for at in "home h0" "gw lan" "gw wan" "net i0"; do
	# shellcheck disable=SC2086
	set -- $at
	ip netns exec "$1" tc qdisc add dev "$2" root netem delay 2ms 2ms loss 1.5% \
		duplicate 1.5% reorder 75% 25% limit 10000
done
for d in "home h0" "net i0"; do
	# shellcheck disable=SC2086
	set -- $d
	ip netns exec "$1" ethtool -K "$2" tso off gso off >/dev/null
done
py <<'END'
import hashlib, selectors, threading

SIZE = 400_000 // (4 if SLOW > 1 else 1)

def tune(s, small):
    if small:       # windows run full, and to zero
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    s.settimeout(60)

def pour(s, data):
    for i in range(0, len(data), 30000):
        s.sendall(data[i:i + 30000])
    s.shutdown(socket.SHUT_WR)

def drink(s, slowly):
    got, n = hashlib.sha256(), 0
    while part := s.recv(3000 if slowly else 65536):
        got.update(part)
        n += len(part)
        if slowly and n % 7 == 0:
            time.sleep(0.02)
    return got.hexdigest()

def connection(f, port, small, results):
    """Both ends send SIZE bytes, and close in any order."""
    try:
        server = listen("net", FAR[f], port)
        tune(server, small)
        with ns("home"):
            c = socket.socket(FAMILY[f], socket.SOCK_STREAM)
        tune(c, small)
        c.connect((FAR[f], port))
        server.settimeout(60)
        s = server.accept()[0]
        tune(s, small)
        up, down = os.urandom(SIZE // (8 if small else 1)), os.urandom(SIZE // (8 if small else 1))
        threads = [threading.Thread(target=pour, args=a) for a in ((c, up), (s, down))]
        for t in threads:
            t.start()
        got = []
        t = threading.Thread(target=lambda: got.append(drink(s, small)))
        t.start()
        back = drink(c, small)
        t.join()
        for t in threads:
            t.join()
        results.append((back, got[0]) == (hashlib.sha256(down).hexdigest(), hashlib.sha256(up).hexdigest()))
        c.close(), s.close()
    except Exception as e:
        results.append(repr(e))

lock = threading.Lock()
results = []
threads = []
for i in range(12):
    f = 4 if i % 2 else 6
    t = threading.Thread(target=connection, args=(f, 6000 + i, i >= 8, results))
    threads.append(t)

# Sockets are made in a namespace of the process: one after another.
real_ns = ns
@contextlib.contextmanager
def ns(name):
    with lock, real_ns(name):
        yield
import netlib
netlib.ns = ns
for t in threads:
    t.start()
for t in threads:
    t.join()
equal(results, [True] * 12, "twelve connections carry what was sent, both ways")
# The last ACKs are on their way.
wait_for(lambda: all(c["state"] in ("TIME_WAIT", "CLOSE") for c in conn_list("proto", "tcp")))
states = sorted(c["state"] for c in conn_list("proto", "tcp"))
ok(len(states) == 12 and set(states) <= {"TIME_WAIT", "CLOSE"}, "and each ended as it should", states)
r = stats()["reasons"]
equal((r["tcp-window"]["value"] - rule("late")["hits"], r["checksum"]["value"]), (0, 0),
      "no segment was outside of a window")
equal((rule("invalid")["hits"], rule("closed")["hits"]), (0, 0), "nor taken for part of nothing")
equal(sum(c["original"]["packets"] + c["reply"]["packets"] for c in conn_list("proto", "tcp")) > 12 * 30, True,
      "they were counted")
END
lost=$(ip netns exec gw tc -s qdisc show dev wan | sed -n 's/.*(dropped \([0-9]*\).*/\1/p')
over "and some were lost" "${lost:-0}" 0
done_testing
