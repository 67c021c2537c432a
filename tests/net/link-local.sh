#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R5, R7: link-local addresses are a link's own. Neighbours on two links with the same
# ones, and the same ports, have connections of their own; also where a link is in a
# VRF, which stands in for it as a packet comes to a program. R12: what such neighbours are
# sent is not masqueraded.
#
#   home fe80::2 ──── lan fe80::1 gw fe80::1 wan ──── fe80::2 net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
ip -n gw -6 addr add fe80::1/64 dev lan nodad
ip -n gw -6 addr add fe80::1/64 dev wan nodad
ip -n home -6 addr add fe80::2/64 dev h0 nodad
ip -n net -6 addr add fe80::2/64 dev i0 nodad
ip -n gw addr add 169.254.1.1/16 dev wan
ip -n net addr add 169.254.1.2/16 dev i0
py <<'END'
def index(host, dev):
    return json.loads(run("ip", "-n", host, "-j", "link", "show", dev).stdout)[0]["ifindex"]

def end(host, dev, kind, addr, port=0):
    with ns(host):
        s = socket.socket(family(addr), kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(TIMEOUT)
    s.bind(where(host, dev, addr, port))
    return s

def where(host, dev, addr, port):
    return (addr, port, 0, index(host, dev)) if ":" in addr else (addr, port)

def seen(call):
    """The source of what arrives, without the link; or why nothing does."""
    try:
        return call()[1][0].split("%")[0]
    except OSError as e:
        return e

apply("option adopt 0s\ningress { accept }\negress { oif wan masquerade accept; accept }")
for shown in ("beside one for all", "alone"):
    if shown == "alone":
        for a in ("203.0.113.8/24", "2001:db8:1::8/64"):
            run("ip", "-n", "gw", "addr", "del", a, "dev", "wan")
    fwctl("conn", "flush")
    for own, near in (("fe80::1", "fe80::2"), ("169.254.1.1", "169.254.1.2")):
        what = f"R12: {own}, {shown}, masqueraded"
        s = end("net", "i0", socket.SOCK_STREAM, near, 179)
        s.listen(5)
        c = end("gw", "wan", socket.SOCK_STREAM, own)
        equal(refused(lambda: c.connect(where("gw", "wan", near, 179))), None, f"{what}: dials a neighbour")
        equal(seen(s.accept), own, f"{what}: is seen as who it is")
        u, v = end("net", "i0", socket.SOCK_DGRAM, near, 520), end("gw", "wan", socket.SOCK_DGRAM, own, 521)
        refused(lambda: v.sendto(b"x", where("gw", "wan", near, 520)))
        equal(seen(lambda: u.recvfrom(9)), own, f"{what}: UDP")
        for x in (s, c, u, v):
            x.close()
fwctl("conn", "flush")
END
cat >policy.fw <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop id stray
	tcp dport 80 redirect to :3128 accept
	tcp dport 22 accept
	udp dport 53-54 accept
	icmpv6 type echo-request accept
	drop id unasked
}
egress { dport 99 drop id shut; accept }
END
ok "the policy is applied" fw apply policy.fw
py <<'END'
def index(host, dev):
    return json.loads(run("ip", "-n", host, "-j", "link", "show", dev).stdout)[0]["ifindex"]

NEAR = {"home": ("h0", "lan"), "net": ("i0", "wan")}
GW, HOST = "fe80::1", "fe80::2"

def near(host, kind, port=0):
    """A socket of a neighbour's."""
    with ns(host):
        s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(TIMEOUT)
    # Where the other end went down and up its addresses take a moment.
    wait_for(lambda: refused(lambda: s.bind((HOST, port, 0, index(host, NEAR[host][0])))) is None)
    return s

def own(kind, port, vrf=None):
    """A socket of gw's for both links, or one in a VRF."""
    with ns("gw"):
        s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if vrf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, vrf.encode())
    s.settimeout(TIMEOUT)
    s.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        s.listen(5)
    return s

def dialled(s):
    raw = s.getsockopt(socket.IPPROTO_IPV6, 26228, 28)
    return socket.inet_ntop(socket.AF_INET6, raw[8:24]), int.from_bytes(raw[2:4], "big")

def ends(words):
    return sorted((c["scope"], c["iif"], c["original"]["saddr"], c["original"]["sport"], c["original"]["daddr"])
                  for c in conn_list(*words))

def ours(host, *words):
    return conn_list(*words, "scope", str(index("gw", NEAR[host][1])))

for vrf in (None, "red"):
    what, port = ("in a VRF", 5655) if vrf else ("plain", 5555)
    if vrf:
        run("bash", "-c", "ip -n gw link add red type vrf table 77; ip -n gw link set red up; ip -n gw link set wan master red; "
            "ip -n gw -6 addr replace fe80::1/64 dev wan nodad")
        fwctl("conn", "flush")
    scope = {h: index("gw", NEAR[h][1]) for h in NEAR}
    servers = {h: own(socket.SOCK_STREAM, 22, vrf if h == "net" else None) for h in NEAR} if vrf else \
        dict.fromkeys(NEAR, own(socket.SOCK_STREAM, 22))
    c, s = {}, {}
    for h in NEAR:
        c[h] = near(h, socket.SOCK_STREAM, port)
        c[h].connect((GW, 22, 0, index(h, NEAR[h][0])))
        s[h] = servers[h].accept()[0]
        s[h].settimeout(TIMEOUT)
    for h in NEAR:
        c[h].sendall(h.encode())
    for h in NEAR:
        equal(receive(s[h], len(h)), h.encode(), f"{what}: {h}'s words come to its server")
        s[h].sendall(h.encode())
        equal(receive(c[h], len(h)), h.encode(), f"{what}: and back")
    equal(ends(("dport", "22")), sorted((scope[h], NEAR[h][1], HOST, port, GW) for h in NEAR),
          f"{what}: two connections of the same ends, each of its link")
    ok(all(x["state"] == "ESTABLISHED" and not x["tentative"] for x in conn_list("dport", "22")), f"{what}: and both stay")
    fwctl("conn", "delete", "scope", str(scope["home"]), "dport", "22")
    c["home"].sendall(b"x")
    c["net"].sendall(b"x")
    equal((silent(s["home"]), s["net"].recv(9)), (True, b"x"), f"{what}: home's is deleted, net's goes on")
    for x in (*c.values(), *s.values(), *servers.values()):
        x.close()

    # Led to a proxy, which is told whom it dialled.
    servers = {h: own(socket.SOCK_STREAM, 3128, vrf if h == "net" else None) for h in NEAR} if vrf else \
        dict.fromkeys(NEAR, own(socket.SOCK_STREAM, 3128))
    for h in NEAR:
        x = near(h, socket.SOCK_STREAM, port + 1)
        equal(refused(lambda: x.connect((GW, 80, 0, index(h, NEAR[h][0])))), None, f"{what}: {h} is led to the proxy")
        y = servers[h].accept()[0]
        equal(dialled(y), (GW, 80), f"{what}: which is told whom it dialled")
        x.close()
        y.close()
    for x in servers.values():
        x.close()

    # UDP, a port that nobody listens on, and pings of one id.
    for h in NEAR:
        u = own(socket.SOCK_DGRAM, 53, vrf if h == "net" else None)
        x = near(h, socket.SOCK_DGRAM, 5557)
        x.connect((GW, 53, 0, index(h, NEAR[h][0])))
        x.send(h.encode())
        data, who = u.recvfrom(9)
        u.sendto(data, (*who[:3], scope[h]))    # it is told the VRF, by which nobody is near
        equal(x.recv(9), h.encode(), f"{what}: UDP of {h}")
        y = near(h, socket.SOCK_DGRAM, 5559)
        y.sendto(b"only", (GW, 53, 0, index(h, NEAR[h][0])))
        equal(u.recv(9), b"only", f"{what}: and what is not answered")
        equal([e["tentative"] for e in ours(h, "sport", "5559")], [False], f"{what}: is known to have arrived")
        y.close()
        u.close()
        x.send(b"again")
        equal(errno.errorcode.get(refused(lambda: x.recv(9))), "ECONNREFUSED", f"{what}: its error comes to {h}")
        x.close()
        r = run("ip", "netns", "exec", h, "ping", "-6", "-n", "-c", "1", "-W", "3", "-e", "77", f"{GW}%{NEAR[h][0]}")
        equal(r.returncode, 0, f"{what}: {h}'s ping")
    equal(len(ends(("dport", "53"))), 4, f"{what}: connections of each")

    # What begins here.
    for h in NEAR:
        x = near(h, socket.SOCK_DGRAM, 54)
        u = own(socket.SOCK_DGRAM, 5558, vrf if h == "net" else None)
        u.sendto(b"from gw", (HOST, 54, 0, scope[h]))
        data, who = x.recvfrom(9)
        x.sendto(b"answer", who)
        equal(u.recv(9), b"answer", f"{what}: gw asks {h}, and is answered")
        equal(refused(lambda: u.sendto(b"x", (HOST, 99, 0, scope[h]))), errno.EPERM, f"{what}: egress holds, too")
        x.close()
        u.close()
    l = conn_list("local", "dport", "54")
    equal(sorted((e["scope"], e["replied"], e["tentative"]) for e in l), sorted((scope[h], True, False) for h in NEAR),
          f"{what}: each of its link")
equal((rule("unasked")["hits"], reason("tuple-clash")), (0, 0), "nothing of it was taken for another's")
END
done_testing
