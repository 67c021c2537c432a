#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What the server sees: the source's address and port under masquerade, snat to
# an address, to a range, with ports, and where the port is taken.
#
#   home 192.168.1.2 ──── lan gw wan ──── net 198.51.100.7
#        fd00:1::2            203.0.113.8, .20-.23
#                             2001:db8:1::8, ::20
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
addr gw wan 203.0.113.20/24 203.0.113.21/24 203.0.113.22/24
addr gw lo 2001:db8:1::20/128
ip -n net -6 route add 2001:db8:1::20 via 2001:db8:1::8 src 2001:db8:77::7
addr home h0 192.168.1.3/24
serve net 7
py <<'END'
def seen(kind, f, port=0, source=None):
    with ns("home"):
        s = sock(kind, source or HOME[f], port)
    s.connect((FAR[f], 7))
    if kind == socket.SOCK_DGRAM:
        s.send(b"who")
    a, p = s.recv(100).decode().split()
    s.close()
    return a, int(p)

KINDS = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}
BASE = "ingress { iif lo accept; ct state invalid drop; accept }\n"

apply(BASE + "option nat-ports 30000-30999\negress { oif wan masquerade accept; accept }")
for name, kind in KINDS.items():
    for f in (4, 6):
        a, p = seen(kind, f, 40001)
        equal(a, WAN[f], f"masquerade {name} IPv{f}: address of the interface")
        ok(30000 <= p <= 30999, f"masquerade {name} IPv{f}: port within nat-ports", p)

apply(BASE + "egress { oif wan family ipv4 snat to 203.0.113.20 accept\n"
      "oif wan snat to 2001:db8:1::20 accept\n accept }")
for name, kind in KINDS.items():
    equal(seen(kind, 4)[0], "203.0.113.20", f"snat {name} IPv4")
    equal(seen(kind, 6)[0], "2001:db8:1::20", f"snat {name} IPv6")

apply(BASE + "egress { oif wan family ipv4 snat to 203.0.113.20-203.0.113.22:5000-5003 accept; accept }")
got = []
for _ in range(4):
    # Four ports an address: they last, however the addresses are chosen.
    got += [seen(KINDS["UDP"], 4) for _ in range(4)]
    fwctl("conn", "flush")
ok(all(a in ("203.0.113.20", "203.0.113.21", "203.0.113.22") for a, _ in got),
   "snat to a range: addresses of it", got)
ok(all(5000 <= p <= 5003 for _, p in got), "snat to a range: ports of it", got)

# Four ports of one address and no more: the fifth connection to the same
# server finds none, in bounded time, and is counted.
apply(BASE + "egress { oif wan udp dport 7 snat to 203.0.113.20:6000-6003 accept; accept }")
socks, ports = [], []
for i in range(6):
    s = udp("home", HOME[4])
    s.connect((FAR[4], 7))
    s.settimeout(0.4)
    s.send(b"who")
    try:
        ports.append(int(s.recv(100).split()[1]))
    except OSError:
        pass
    socks.append(s)
equal(sorted(ports), [6000, 6001, 6002, 6003], "a full range: each port once")
ok(reason("nat-exhausted") >= 2, "a full range: counted", reason("nat-exhausted"))
ok(all(s.send(b"x") and s.recv(9) for s in socks[:4]), "a full range: the four go on")

# Two clients with the same source port.
fwctl("conn", "flush")
apply(BASE + "egress { oif wan masquerade accept; accept }")
two = []
for source in ("192.168.1.2", "192.168.1.3"):
    with ns("home"):
        two.append(sock(socket.SOCK_DGRAM, source, 5555))
    two[-1].connect((FAR[4], 7))
    two[-1].send(b"who")
answers = [s.recv(100) for s in two]
ok(answers[0] != answers[1], "two clients with one port are told apart", answers)
l = conn_list("proto", "udp")
equal(sorted(c["original"]["saddr"] for c in l), ["192.168.1.2", "192.168.1.3"],
      "both are listed with what they dialled from")
ok(all(c["reply"]["daddr"] == WAN[4] for c in l), "the reply's ends are those outside", l)
END
done_testing
