#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R5, R7, R12, R13, R15: equal addresses in two VRFs of one machine. Two connections with the
# same ends on each side, translated to the same address and port, are two; packets,
# errors, programs of the machine and egress trees are each one's own.
#
#   red   r0 192.168.1.2 ──── red0  gw  redw 203.0.113.8 ──── i0 rnet 198.51.100.7
#            fd00:1::2          VRF "red"    2001:db8:1::8          2001:db8:77::7
#   blue  b0 192.168.1.2 ──── blue0 gw  bluw 203.0.113.8 ──── i0 bnet 198.51.100.7
#            fd00:1::2          VRF "blue"   2001:db8:1::8          2001:db8:77::7
#   gw has no address but those of its VRFs, but where it says so.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
router gw
# As ip-vrf(8) asks for: else what is local anywhere would be so everywhere.
for v in -4 -6; do
	ip -n gw $v rule add pref 32765 table local
	ip -n gw $v rule del pref 0
done
table=77
for v in red blue; do
	w=${v:0:3}w far=${v:0:1}net
	host $v "$far"
	link $v h0 gw ${v}0
	link gw "$w" "$far" i0
	ip -n gw link add $v type vrf table $table
	ip -n gw link set $v up
	ip -n gw route add unreachable default metric 4278198272 table $table
	ip -n gw -6 route add unreachable default metric 4278198272 table $table
	ip -n gw link set ${v}0 master $v
	ip -n gw link set "$w" master $v
	addr gw ${v}0 192.168.1.1/24 fd00:1::1/64
	addr gw "$w" 203.0.113.8/24 2001:db8:1::8/64
	addr $v h0 192.168.1.2/24 fd00:1::2/64
	addr "$far" i0 203.0.113.1/24 2001:db8:1::1/64
	addr "$far" lo 198.51.100.7/32 2001:db8:77::7/128
	via $v 192.168.1.1 fd00:1::1
	ip -n gw route add default via 203.0.113.1 dev "$w" table $table
	ip -n gw -6 route add default via 2001:db8:1::1 dev "$w" table $table
	table=$((table + 1))
done
must_apply <<'END'
option adopt 0s
ingress {
	ct state invalid drop id stray
	ct state untracked accept
	dport 97 reject
	iif { red0, blue0 } tcp dport 80 redirect to :3128 accept
	iif { red0, blue0 } accept
	iif lo accept
	drop id unsolicited
}
egress {
	iif red0 udp dport 13 snat to addr(own) accept
	iif red0 udp dport 14 snat to addr(other) accept
	dport 99 drop id shut
	dport 98 reject
	iif { red0, blue0 } protocol tcp masquerade to :7000 accept id in
	iif { red0, blue0 } udp dport 7 masquerade to :7000 accept
	iif { red0, blue0 } masquerade accept
	accept
}
END
py <<'END'
VRFS = ("red", "blue")
OUT = {"red": "redw", "blue": "bluw"}
SERVER = {"red": "rnet", "blue": "bnet"}
HOST = {4: ("192.168.1.1", "203.0.113.8"), 6: ("fd00:1::1", "2001:db8:1::8")}

def index(dev):
    return json.loads(run("ip", "-n", "gw", "-j", "link", "show", dev).stdout)[0]["ifindex"]

def bound(vrf, kind, f, addr="", port=0):
    """A socket of gw's in a VRF."""
    with ns("gw"):
        s = socket.socket(FAMILY[f], kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, vrf.encode())
    s.settimeout(TIMEOUT)
    if addr or port:
        s.bind((addr, port))
    return s

def dialled(s, f):
    if f == 4:
        raw = s.getsockopt(socket.IPPROTO_IP, 26228, 16)
        return socket.inet_ntop(FAMILY[4], raw[4:8]), int.from_bytes(raw[2:4], "big")
    raw = s.getsockopt(socket.IPPROTO_IPV6, 26228, 28)
    return socket.inet_ntop(FAMILY[6], raw[8:24]), int.from_bytes(raw[2:4], "big")

def ends(c):
    return [c["original"][k] for k in ("saddr", "sport", "daddr", "dport")] + \
        [c["reply"][k] for k in ("saddr", "sport", "daddr", "dport")]

scope = {v: index(v) for v in VRFS}
for f in (4, 6):
    # The same ends before the translation, and after it.
    pairs = {v: Pair(v, FAR[f], 7, listen(SERVER[v], FAR[f], 7), source=(HOME[f], 5555)) for v in VRFS}
    for v in VRFS:
        equal(pairs[v].peer[:2], (WAN[f], 7000), f"IPv{f} TCP: {v}'s is translated")
    for v in VRFS:
        pairs[v].c.sendall(v.encode())
    for v in VRFS:
        equal(receive(pairs[v].s, len(v)), v.encode(), f"IPv{f} TCP: what {v} says comes to {v}'s server")
        pairs[v].s.sendall(v[::-1].encode())
    for v in VRFS:
        equal(receive(pairs[v].c, len(v)), v[::-1].encode(), f"IPv{f} TCP: and the answer to {v}")
    l = conn_list("tcp", f"ipv{f}")
    equal([ends(c) for c in l], [[HOME[f], 5555, FAR[f], 7, FAR[f], 7, WAN[f], 7000]] * 2,
          f"IPv{f} TCP: two connections of the same ends")
    equal({(c["scope"], c["iif"], c["oif"], c["state"]) for c in l},
          {(scope[v], v + "0", OUT[v], "ESTABLISHED") for v in VRFS}, f"IPv{f} TCP: each of its VRF")
    # One ends, the other one does not.
    fwctl("conn", "delete", "scope", str(scope["red"]), f"ipv{f}", "tcp")
    pairs["red"].c.sendall(b"x")
    ok(silent(pairs["red"].s) and pairs["blue"].talk(), f"IPv{f}: red's is deleted, blue's goes on")
    pairs["blue"].s.close()
    wait_for(lambda: conn_list("tcp", f"ipv{f}", "state", "CLOSE_WAIT"))
    equal([c["state"] for c in conn_list("tcp", f"ipv{f}")], ["CLOSE_WAIT"], f"IPv{f}: and has states of its own")
    for v in VRFS:
        pairs[v].close()

    # UDP, and a port that is shut: egress is asked in a VRF, too.
    hits = rule("shut")["hits"]
    for kind, port in (("passes", 7), ("is dropped", 99)):
        s = {v: udp(SERVER[v], FAR[f], port) for v in VRFS}
        c = {v: udp(v, HOME[f], 6000) for v in VRFS}
        for v in VRFS:
            c[v].sendto(v.encode(), (FAR[f], port))
        if port == 99:
            ok(all(silent(s[v]) for v in VRFS), f"IPv{f} UDP: what egress drops {kind}")
        else:
            for v in VRFS:
                data, who = s[v].recvfrom(100)
                equal((data, who[:2]), (v.encode(), (WAN[f], 7000)), f"IPv{f} UDP: {v}'s {kind}")
                s[v].sendto(b"to " + v.encode(), who)
            for v in VRFS:
                equal(c[v].recv(100), b"to " + v.encode(), f"IPv{f} UDP: and so does its answer")
        for x in (*s.values(), *c.values()):
            x.close()
    equal(rule("shut")["hits"] - hits, 2, f"IPv{f}: by both of them")

    # Errors of a host beyond: each to whose packet it quotes.
    fwctl("conn", "flush", "udp")
    c = {v: udp(v, HOME[f], 6001) for v in VRFS}
    for v in VRFS:
        c[v].connect((FAR[f], 7))
        c[v].send(b"x")
    equal({v: errno.errorcode.get(refused(lambda: c[v].recv(9))) for v in VRFS},
          {v: "ECONNREFUSED" for v in VRFS}, f"IPv{f}: port unreachable comes to both")
    equal(len([c for c in conn_list("udp", "dport", "7") if c["state"] == "UNREPLIED"]), 2,
          f"IPv{f}: and ends neither")
    for s in c.values():
        s.close()

    # Answers of gw's: to what it refuses, at either hook, and to what has no hops left.
    for v in VRFS:
        for port, hook in ((97, "ingress"), (98, "egress")):
            equal(errno.errorcode.get(refused(lambda: connect(v, FAR[f], port))), "ECONNREFUSED",
                  f"IPv{f}: {v} is told of what {hook} refuses, TCP")
            u = udp(v, HOME[f])
            u.connect((FAR[f], port))
            u.send(b"x")
            equal(errno.errorcode.get(refused(lambda: u.recv(9))), "ECONNREFUSED", f"IPv{f}: and UDP")
            u.close()
        r = run("ip", "netns", "exec", v, "ping", "-n", "-t", "1", "-c", "1", "-W", "3", FAR[f])
        ok("From " + HOST[f][0] in r.stdout, f"IPv{f}: {v} is told by whom that no hop is left", r.stdout)

    # Pings of one id.
    got = {}
    for v in VRFS:
        with ns(v):
            p = socket.socket(FAMILY[f], socket.SOCK_DGRAM, socket.IPPROTO_ICMP if f == 4 else socket.IPPROTO_ICMPV6)
        p.settimeout(TIMEOUT)
        p.bind((HOME[f], 777))
        p.connect((FAR[f], 0))
        p.send(struct.pack("!BBHHH", 8 if f == 4 else 128, 0, 0, 0, 1) + v.encode())
        got[v] = p
    equal({v: got[v].recv(100)[8:] for v in VRFS}, {v: v.encode() for v in VRFS}, f"IPv{f}: pings of one id are two")
    for p in got.values():
        p.close()

    # Programs of gw's: led to, with whom was dialled; and those that begin.
    proxies = {v: bound(v, socket.SOCK_STREAM, f, HOST[f][0], 3128) for v in VRFS}
    for v in VRFS:
        proxies[v].listen(5)
    led = {v: Pair(v, FAR[f], 80, proxies[v], source=(HOME[f], 5556)) for v in VRFS}
    for v in VRFS:
        ok(led[v].talk(), f"IPv{f}: {v}'s is led to its own proxy")
        equal(dialled(led[v].s, f), (FAR[f], 80), f"IPv{f}: which is told whom it dialled")
    fwctl("conn", "delete", "scope", str(scope["blue"]), "dport", "80")
    equal(refused(lambda: dialled(led["blue"].s, f)), errno.ENOENT, f"IPv{f}: deleted in one VRF")
    equal(dialled(led["red"].s, f), (FAR[f], 80), f"IPv{f}: and not in the other one")
    for v in VRFS:
        led[v].close()
        proxies[v].close()
    for v in VRFS:
        server = listen(SERVER[v], FAR[f], 8)
        s = bound(v, socket.SOCK_STREAM, f)
        s.connect((FAR[f], 8))
        there, who = server.accept()
        equal(who[0], WAN[f], f"IPv{f}: gw itself, in {v}")
        l = conn_list("dport", "8", f"ipv{f}")
        equal([(c["scope"], c.get("tentative", False), c["local"]) for c in l if c["scope"] == scope[v]],
              [(scope[v], False, True)], f"IPv{f}: has a connection there, which stays")
        s.sendall(b"x")
        equal(there.recv(9), b"x", f"IPv{f}: and speaks")
        for x in (s, there, server):
            x.close()
    # What egress says holds for what starts here, too.
    s = bound("red", socket.SOCK_DGRAM, f)
    equal(refused(lambda: s.sendto(b"x", (FAR[f], 99))), errno.EPERM, f"IPv{f}: gw's own is dropped by egress")
    s.close()
    fwctl("conn", "flush")
equal(rule("unsolicited")["hits"], 0, "nothing came unasked")
equal(reason("tuple-clash"), 0, "nothing clashed")
b = stats()["connections"]
ok(b["created"] == b["ended"] + b["count"], "the books are balanced", b)
END
# Translated to an address of another VRF than it leaves by, gw's own here: it ends with that
# one, and not with what else goes.
ip -n gw link add own type dummy
ip -n gw link add other type dummy
ip -n gw link set own up
ip -n gw link set other up
addr gw own 203.0.113.77/32 2001:db8:1::77/128
addr gw other 203.0.113.78/32 2001:db8:1::78/128
py <<'END'
OWN = {4: "203.0.113.77", 6: "2001:db8:1::77"}
OTHER = {4: "203.0.113.78/32", 6: "2001:db8:1::78/128"}
def shown(f, port):
    return [c["reply"]["daddr"] for c in conn_list("udp", "dport", str(port), f"ipv{f}")]
for f in (4, 6):
    c = udp("red", HOME[f])
    c.sendto(b"x", (FAR[f], 13))
    ok(wait_for(lambda: shown(f, 13)), f"IPv{f}: by an address of another VRF", conn_list())
    # The second time, too: by then all have been asked for the first one.
    for again in ("", ", again"):
        c.sendto(b"x", (FAR[f], 14))
        there = wait_for(lambda: shown(f, 14))
        run("ip", "-n", "gw", "addr", "del", OTHER[f], "dev", "other")
        ok(there and wait_for(lambda: not shown(f, 14)), f"R15 IPv{f}: the address of another VRF goes{again}", conn_list())
        run("ip", "-n", "gw", "addr", "add", OTHER[f], "dev", "other", *(["nodad"] if f == 6 else []))
    equal(shown(f, 13), [OWN[f]], f"R15 IPv{f}: what has another address there stays")
    run("ip", "-n", "gw", "link", "set", "own", "down")
    ok(wait_for(lambda: not shown(f, 13)), f"R15 IPv{f}: until that one's interface goes down", conn_list())
    run("ip", "-n", "gw", "link", "set", "own", "up")
    run("ip", "-n", "gw", "addr", "replace", OWN[6] + "/128", "dev", "own", "nodad")
    c.close()
END
ip -n gw link del own
ip -n gw link del other
# An address that goes, in one of them; ports of gw's own; and a VRF that goes, with its
# connections: those of the other one stay.
py <<'END'
def of(v, f, port):
    index = json.loads(run("ip", "-n", "gw", "-j", "link", "show", v).stdout)[0]["ifindex"]
    return conn_list("dport", str(port), f"ipv{f}", "scope", str(index))

for f in (4, 6):
    # The one port that there is, with a listener of gw's.
    server = listen("rnet", FAR[f], 12)
    with ns("gw"):
        s = socket.socket(FAMILY[f], socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"red")
    s.bind((WAN[f], 7000))
    s.listen(1)
    before = reason("nat-exhausted")
    ok(refused(lambda: connect("red", FAR[f], 12, timeout=1)) is not None and reason("nat-exhausted") > before,
       f"R13 IPv{f}: a port that gw listens on in a VRF is nobody else's")
    s.close()
    server.close()
    p = {v: Pair(v, FAR[f], 11, listen(n, FAR[f], 11)) for v, n in (("red", "rnet"), ("blue", "bnet"))}
    ok(p["red"].talk() and p["blue"].talk(), f"IPv{f}: both talk")
    address = WAN[f] + ("/24" if f == 4 else "/64")
    run("ip", "-n", "gw", "addr", "del", address, "dev", "redw")
    ok(wait_for(lambda: not of("red", f, 11)), f"R15 IPv{f}: an address goes in one VRF: its connections, too")
    ok(p["blue"].talk() and of("blue", f, 11), f"R15 IPv{f}: the same address of the other one keeps its own")
    run("ip", "-n", "gw", "addr", "add", address, "dev", "redw", *(["nodad"] if f == 6 else []))
    run("ip", "-n", "gw", f"-{f}", "route", "replace", "default", "via", NET[f], "dev", "redw", "table", "77")
    for x in p.values():
        x.close()

a, b = (Pair(v, FAR[4], 9, listen(n, FAR[4], 9), source=(HOME[4], 5557)) for v, n in (("red", "rnet"), ("blue", "bnet")))
ok(a.talk() and b.talk(), "both talk")
run("ip", "-n", "gw", "link", "del", "red")
ok(b.talk(), "a VRF is deleted: the other one's connections go on")
b.close()
END
done_testing
