#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R3: endpoint-independent: one outside port for an inside socket, whatever it
# talks to, while it talks to somebody (RFC 4787 REQ-1, RFC 5382 REQ-1, RFC 5508);
# who may come in by it (REQ-8); and two such clients that meet.
#
#   home 192.168.1.2, .3 ──── lan gw wan ──── net 203.0.113.1, .2, .3
#        fd00:1::2, ::3           203.0.113.8     2001:db8:1::1, ::2, ::3
# flavours: fast debug race leak
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
addr home h0 192.168.1.3/24 fd00:1::3/64
addr net i0 203.0.113.2/24 203.0.113.3/24 2001:db8:1::2/64 2001:db8:1::3/64
ip -n net route replace 203.0.113.0/24 dev i0
py <<'END'
BASE = "ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop id unasked }\n"
EIM = BASE + "egress { oif wan masquerade %s endpoint-independent accept; accept }"
NETS = {4: "203.0.113.%d", 6: "2001:db8:1::%d"}
INS = {4: "192.168.1.%d", 6: "fd00:1::%d"}

def shown(f, kind, inside, servers):
    """The port that each server sees of one inside socket."""
    ports = []
    for s in servers:
        if kind == socket.SOCK_DGRAM:
            inside.sendto(b"x", s.getsockname())
            ports.append(s.recvfrom(9)[1][:2])
    return ports

def tcp_from(f, port, server):
    c = connect("home", *server.getsockname()[:2], source=(INS[f] % 2, port))
    s, who = server.accept()
    return c, s, who[:2]

for f in (4, 6):
    fwctl("conn", "flush")
    apply(EIM % "")
    servers = [udp("net", NETS[f] % i, p) for i, p in ((1, 5000), (2, 5000), (2, 5001))]
    a, b = udp("home", INS[f] % 2, 7000), udp("home", INS[f] % 3, 7000)
    pa, pb = shown(f, socket.SOCK_DGRAM, a, servers), shown(f, socket.SOCK_DGRAM, b, servers)
    equal(len(set(pa)), 1, f"R3 IPv{f} UDP: one port towards all")
    equal(len(set(pb)), 1, f"R3 IPv{f} UDP: likewise of another client")
    ok(pa[0] != pb[0], f"R3 IPv{f} UDP: but not the same", (pa, pb))
    equal(pa[0][0], WAN[f], f"R3 IPv{f} UDP: of the interface's address")
    # Answers, and nobody else: filtering is by address and port.
    servers[0].sendto(b"answer", pa[0])
    equal(a.recv(9), b"answer", f"R3 IPv{f} UDP: an answer comes in")
    stranger = udp("net", NETS[f] % 3, 5000)
    before = rule("unasked")["hits"]
    stranger.sendto(b"hello", pa[0])
    ok(silent(a), f"R3 IPv{f} UDP: a stranger does not")
    equal(rule("unasked")["hits"], before + 1, f"R3 IPv{f} UDP: it is for the policy")
    # Hole punching: once the client has sent there, it does.
    a.sendto(b"hole", stranger.getsockname())
    equal(stranger.recvfrom(9)[1][:2], pa[0], f"R3 IPv{f} UDP: a third peer is told the same port")
    stranger.sendto(b"hello", pa[0])
    equal(a.recv(9), b"hello", f"R3 IPv{f} UDP: and then may answer")
    # The mapping lives with its connections: with one left it stays ...
    fwctl("conn", "delete", "original", "daddr", NETS[f] % 1)
    equal(shown(f, socket.SOCK_DGRAM, a, servers[:1]), pa[:1],
          f"R3 IPv{f} UDP: it stays while there is a connection")
    # ... and it ends with the last.
    fwctl("conn", "flush")
    again = {shown(f, socket.SOCK_DGRAM, udp("home", INS[f] % 2, 7000 + i), servers[:1])[0][1]
             for i in range(1, 9)}
    fwctl("conn", "flush")
    ok(shown(f, socket.SOCK_DGRAM, a, servers)[0] != pa[0], f"R3 IPv{f} UDP: it ends with the last one")
    for s in servers + [a, b, stranger]:
        s.close()

    # TCP.
    fwctl("conn", "flush")
    far = [listen("net", NETS[f] % i, 80) for i in (1, 2)]
    pairs = [tcp_from(f, 7100, s) for s in far]
    equal(pairs[0][2], pairs[1][2], f"R3 IPv{f} TCP: one port towards two servers")
    for c, s, _ in pairs:
        c.sendall(b"ok")
        equal(s.recv(9), b"ok", f"R3 IPv{f} TCP: both are alive")
        c.close()
        s.close()
    for s in far:
        s.close()

    # Ids of ICMP queries.
    fwctl("conn", "flush")
    proto = socket.IPPROTO_ICMP if f == 4 else socket.IPPROTO_ICMPV6
    with ns("home"):
        p = socket.socket(FAMILY[f], socket.SOCK_DGRAM, proto)
    p.settimeout(TIMEOUT)
    p.bind((INS[f] % 2, 77))
    for i in (1, 2, 3):
        p.sendto(struct.pack("!BBHHH", 8 if f == 4 else 128, 0, 0, 0, i) + b"ping", (NETS[f] % i, 0))
        p.recv(100)
    ids = {c["reply"]["icmp_id"] for c in conn_list() if c["protocol"].startswith("icmp")}
    equal(len(ids), 1, f"R3 IPv{f} ICMP: one id towards all", )
    p.close()

    # A port is one socket's: the range runs out by sockets, not by connections.
    fwctl("conn", "flush")
    apply(EIM % "to :6000-6002")
    s1, s2 = udp("net", NETS[f] % 1, 5002), udp("net", NETS[f] % 2, 5002)
    clients = [udp("home", INS[f] % 2, 7200 + i) for i in range(4)]
    first = []
    for c in clients:
        c.sendto(b"x", s1.getsockname())
        try:
            s1.settimeout(0.3)
            first.append(s1.recvfrom(9)[1][1])
        except OSError:
            first.append(None)
    equal((sorted(first[:3]), first[3]), ([6000, 6001, 6002], None),
          f"R3 IPv{f}: as many sockets as ports")
    clients[3].close()
    late = udp("home", INS[f] % 3, 7300)
    late.sendto(b"x", s2.getsockname())
    ok(silent(s2), f"R3 IPv{f}: towards whomever: no port is lent twice")
    # Nor to who has no mapping of its own.
    apply(BASE + "egress { udp dport 5002 oif wan masquerade to :6000-6003 accept; accept }")
    late.sendto(b"x", s2.getsockname())
    s2.settimeout(TIMEOUT)
    equal(s2.recvfrom(9)[1][1], 6003, f"R3 IPv{f}: nor by a rule that is not endpoint-independent")
    for x in clients[:3] + [late, s1, s2]:
        x.close()
END
fw conn flush >/dev/null
is "no connection, no mapping: nothing is left of their memory" "$(stat 'd["connections"]["memory"]')" 0
done_testing
