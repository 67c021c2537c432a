#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R2, R3, R5, R7, R8, R13, R15: connections that come in by one VRF and leave by another
# one, or by none. Two customers with equal addresses share an uplink of the main table,
# translated to its address, each with ports of its own; hosts of two VRFs talk
# untranslated.
#
#   red   r0 192.168.1.2 ──── red0  gw  wan 203.0.113.8 ──── i0 net 198.51.100.7
#            fd00:1::2          VRF "red"   2001:db8:1::8           2001:db8:77::7
#   blue  b0 192.168.1.2 ──── blue0 gw      in no VRF
#            fd00:1::2          VRF "blue"
#   one   o0 192.168.5.2 ──── red5  gw      VRF "red"
#            fd00:5::2
#   two   t0 192.168.6.2 ──── blue6 gw      VRF "blue"
#            fd00:6::2
#   plain h0 192.168.7.2 ──── pl    gw      in no VRF either
#            fd00:7::2
#
# What comes back to 192.168.1.2 is led to a VRF by the mark of its connection.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
router gw
host red blue one two plain net
link gw wan net i0
addr gw wan 203.0.113.8/24 2001:db8:1::8/64
addr net i0 203.0.113.1/24 2001:db8:1::1/64
addr net lo 198.51.100.7/32 2001:db8:77::7/128
via gw 203.0.113.1 2001:db8:1::1
for v in "red 77" "blue 78"; do
	read -r v table <<<"$v"
	ip -n gw link add "$v" type vrf table "$table"
	ip -n gw link set "$v" up
	link "$v" h0 gw "${v}0"
	ip -n gw link set "${v}0" master "$v"
	addr gw "${v}0" 192.168.1.1/24 fd00:1::1/64
	addr "$v" h0 192.168.1.2/24 fd00:1::2/64
	via "$v" 192.168.1.1 fd00:1::1
done
for v in "one red 5 77" "two blue 6 78"; do
	read -r h v n table <<<"$v"
	link "$h" h0 gw "$v$n"
	ip -n gw link set "$v$n" master "$v"
	addr gw "$v$n" "192.168.$n.1/24" "fd00:$n::1/64"
	addr "$h" h0 "192.168.$n.2/24" "fd00:$n::2/64"
	via "$h" "192.168.$n.1" "fd00:$n::1"
done
link plain h0 gw pl
addr gw pl 192.168.7.1/24 fd00:7::1/64
addr plain h0 192.168.7.2/24 fd00:7::2/64
via plain 192.168.7.1 fd00:7::1
# Marks before all.
for v in -4 -6; do
	for table in 77 78; do
		ip -n gw $v rule add pref 100 fwmark $table table $table
	done
done
for table in 77 78; do
	ip -n gw route add default via 203.0.113.1 dev wan onlink table $table
	ip -n gw -6 route add default via 2001:db8:1::1 dev wan onlink table $table
done
ip -n gw route add 192.168.6.0/24 dev blue6 table 77
ip -n gw -6 route add fd00:6::/64 dev blue6 table 77
ip -n gw route add 192.168.5.0/24 dev red5 table 78
ip -n gw -6 route add fd00:5::/64 dev red5 table 78
ip -n gw route add 192.168.5.0/24 dev red5
ip -n gw -6 route add fd00:5::/64 dev red5
ip -n net route add 192.168.5.0/24 via 203.0.113.8
ip -n net -6 route add fd00:5::/64 via 2001:db8:1::8
must_apply <<'END'
option adopt 0s
ingress {
	ct state untracked accept
	ct state invalid drop id stray
	iif red0 set mark 77 accept
	iif blue0 set mark 78 accept
	iif { red5, pl } accept
	iif wan daddr { 192.168.5.2, fd00:5::2 } accept id in
	drop id unsolicited
}
egress {
	dport 99 drop id shut
	iif { red0, blue0, pl } oif wan tcp dport 7 masquerade to :7000-7001 accept
	iif { red0, blue0 } oif wan udp dport 9 masquerade to :7000-7001 endpoint-independent accept
	iif { red0, blue0 } oif wan masquerade accept
	accept
}
END
py <<'END'
VRFS = ("red", "blue")
ONE = {4: "192.168.5.2", 6: "fd00:5::2"}
TWO = {4: "192.168.6.2", 6: "fd00:6::2"}

def index(dev):
    return json.loads(run("ip", "-n", "gw", "-j", "link", "show", dev).stdout)[0]["ifindex"]

def state(*words):
    return [c["state"] for c in conn_list(*words)]

scope = {v: index(v) for v in VRFS}
for f in (4, 6):
    # One uplink, one address, one server: equal ends before the translation.
    server = listen("net", FAR[f], 7)
    pairs = {v: Pair(v, FAR[f], 7, server, source=(HOME[f], 5555)) for v in VRFS}
    equal(sorted(p.peer[1] for p in pairs.values()), [7000, 7001], f"R2 IPv{f}: each has a port of its own")
    equal({p.peer[0] for p in pairs.values()}, {WAN[f]}, f"IPv{f}: and the uplink's address")
    for v in VRFS:
        pairs[v].c.sendall(v.encode())
    for v in VRFS:
        equal(receive(pairs[v].s, len(v)), v.encode(), f"IPv{f}: what {v} says arrives")
        pairs[v].s.sendall(v[::-1].encode())
    for v in VRFS:
        equal(receive(pairs[v].c, len(v)), v[::-1].encode(), f"IPv{f}: and the answer comes to {v}")
    equal({(c["scope"], c["iif"], c["oif"], c["state"]) for c in conn_list("tcp", f"ipv{f}")},
          {(scope[v], v + "0", "wan", "ESTABLISHED") for v in VRFS}, f"IPv{f}: two connections, of their VRFs")
    before = reason("nat-exhausted")
    ok(refused(lambda: connect("red", FAR[f], 7, source=(HOME[f], 5556), timeout=1)) is not None and
       reason("nat-exhausted") > before, f"R2 IPv{f}: a third port there is not, for none of them")
    before = reason("nat-exhausted")
    ok(refused(lambda: connect("plain", FAR[f], 7, timeout=1)) is not None and reason("nat-exhausted") > before,
       f"R2 IPv{f}: nor for who is in no VRF, as their uplink")
    # Of gw itself, from a port that a translation has: it is its own (R13).
    with ns("gw"):
        s = sock(socket.SOCK_STREAM, WAN[f], pairs["red"].peer[1])
    s.settimeout(TIMEOUT)
    s.connect((FAR[f], 7))
    there, who = server.accept()
    equal(who[:2], (WAN[f], pairs["red"].peer[1]), f"R13 IPv{f}: a program of gw's has its port back")
    s.sendall(b"x")
    equal(receive(there, 1), b"x", f"IPv{f}: and speaks")
    ok(pairs["blue"].talk(), f"IPv{f}: blue's goes on")
    fwctl("conn", "delete", "scope", str(scope["blue"]), "tcp")
    pairs["blue"].c.sendall(b"x")
    ok(silent(pairs["blue"].s), f"R5 IPv{f}: deleted, it has ended on both sides")
    pairs["blue"].s.sendall(b"x")
    ok(silent(pairs["blue"].c), f"R5 IPv{f}: and what the server says finds nothing")
    # By a RST: its port is not to rest.
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for x in (s, there, server):
        x.close()
    for p in pairs.values():
        p.close()
    fwctl("conn", "flush")

    # UDP; a port for an inside socket, whomever it talks to; what egress drops.
    servers = [udp("net", a, 9) for a in (FAR[f], NET[f])]
    c = {v: udp(v, HOME[f], 6000) for v in VRFS}
    seen = {v: set() for v in VRFS}
    for s in servers:
        for v in VRFS:
            c[v].sendto(v.encode(), s.getsockname()[:2])
            data, who = s.recvfrom(99)
            seen[data.decode()].add(who[:2])
            s.sendto(b"to " + data, who)
            equal(c[v].recv(99), b"to " + v.encode(), f"IPv{f} UDP: {v} is answered")
    ok(all(len(seen[v]) == 1 for v in VRFS) and seen["red"] != seen["blue"],
       f"R3 IPv{f}: a mapping each", seen)
    hits = rule("shut")["hits"]
    c["red"].sendto(b"x", (FAR[f], 99))
    ok(wait_for(lambda: rule("shut")["hits"] == hits + 1), f"IPv{f}: egress drops what leaves the VRF, too")
    for s in (*servers, *c.values()):
        s.close()

    # R7: errors, from beyond, and from the client's side about what comes back.
    for v in VRFS:
        u = udp(v, HOME[f], 6001)
        u.connect((FAR[f], 97))
        u.send(b"x")
        equal(errno.errorcode.get(refused(lambda: u.recv(9))), "ECONNREFUSED", f"R7 IPv{f}: {v} is told that a port is shut")
        s = udp("net", FAR[f], 98)
        u = udp(v, HOME[f], 6002)
        u.connect((FAR[f], 98))
        u.send(b"x")
        who = s.recvfrom(9)[1]
        u.close()
        s.connect(who)
        s.send(b"y")
        equal(errno.errorcode.get(refused(lambda: s.recv(9))), "ECONNREFUSED", f"R7 IPv{f}: and the server, that {v} is gone")
        s.close()
        r = run("ip", "netns", "exec", v, "ping", "-n", "-c", "2", "-i", "0.2", "-W", "3", FAR[f])
        ok(" 0% packet loss" in r.stdout, f"R7 IPv{f}: {v} pings", r.stdout)
        r = run("ip", "netns", "exec", v, "ping", "-n", "-t", "1", "-c", "1", "-W", "3", FAR[f])
        ok("From " + LAN[f] in r.stdout, f"R7 IPv{f}: {v} is told by whom that no hop is left", r.stdout)
    fwctl("conn", "flush")

    # Untranslated: from the VRF, to it, by routes to the port and to the VRF; and from
    # VRF to VRF.
    for way in ("red5", "red"):
        for p, a in ((("-4",), "192.168.5.0/24"), (("-6",), "fd00:5::/64")):
            run("ip", "-n", "gw", *p, "route", "replace", a, "dev", way)
            run("ip", "-n", "gw", *p, "route", "flush", "cache")
        server = listen("net", FAR[f], 8)
        out = Pair("one", FAR[f], 8, server)
        ok(out.talk() and out.talk(b"a" * 100000), f"IPv{f}, a route to {way}: from the VRF")
        server.close()
        server = listen("one", ONE[f], 8)
        back = Pair("net", ONE[f], 8, server)
        ok(back.talk() and back.talk(b"a" * 100000), f"IPv{f}, a route to {way}: to the VRF")
        server.close()
        l = conn_list("tcp", f"ipv{f}")
        equal(sorted((c.get("scope", 0), c["iif"], c["oif"]) for c in l),
              [(0, "wan", "red5"), (scope["red"], "red5", "wan")], f"IPv{f}: two connections")
        ok(all(c["original"]["packets"] < 60 for c in l if c["iif"] == "wan" and c["original"]["bytes"] < 9000) and
           all(c["state"] == "ESTABLISHED" for c in l), f"IPv{f}: followed", l)
        for x in (out, back):
            x.close()
        ok(wait_for(lambda: set(state("tcp", f"ipv{f}")) <= {"TIME_WAIT", "CLOSE"}), f"IPv{f}: to their ends", state())
        fwctl("conn", "flush")
    server = listen("two", TWO[f], 8)
    p = Pair("one", TWO[f], 8, server)
    ok(p.talk(), f"IPv{f}: from VRF to VRF")
    equal([(c["scope"], c["iif"], c["oif"]) for c in conn_list("tcp", f"ipv{f}")],
          [(scope["red"], "red5", "blue6")], f"IPv{f}: is one connection, of the VRF that it began in")
    # What is nobody's answer is let in by none of this.
    hits = rule("unsolicited")["hits"]
    u = udp("two", TWO[f], 5)
    u.sendto(b"x", (ONE[f], 5))
    ok(wait_for(lambda: rule("unsolicited")["hits"] > hits), f"IPv{f}: a stranger of the other VRF is one")
    u.close()
    p.close()
    server.close()
    fwctl("conn", "flush")
s = stats()
b = s["connections"]
equal(s["reasons"]["tuple-clash"]["value"], 0, "nothing clashed")
ok(b["created"] == b["ended"] + b["count"], "the books are balanced", b)

# What passes alone, what is not tracked, and by which port of another VRF it came in:
# known behind the VRF's device, too, where a route leads to that.
text = open("policy.fw").read()
ALONE = """option adopt 0s
%s
ingress {
	protocol udp dport 55 notrack count untracked accept
	ct state invalid count invalid accept
	accept
}
egress {
	ct state invalid drop id invalid-out
	ct state untracked protocol udp count untracked-out accept
	iif red5 oif blue6 tcp dport 8 count by-port accept
	iif { red, blue } drop id by-vrf
	accept
}
"""
def counts(*names):
    c = stats()["counters"]
    return [c[n]["packets"] for n in names]

def wild(f, p, dport, src, dst, host):
    """Segments with the ends of a connection: far from its window, but for one perhaps."""
    head = struct.pack("!HH", p.c.getsockname()[1], dport)
    with ns(host):
        raw = socket.socket(FAMILY[f], socket.SOCK_RAW, socket.IPPROTO_RAW)
    for quarter in range(4):
        seg = head + struct.pack("!IIBBHHH", quarter << 30, 1, 0x50, 0x10, 1000, 0, 0) + b"wild"
        a, b = (socket.inet_pton(FAMILY[f], x) for x in (src, dst))
        sum_ = csum(a + b + struct.pack("!II", 6, len(seg)) + seg)
        seg = seg[:16] + struct.pack("!H", sum_) + seg[18:]
        if f == 4:
            h = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(seg), quarter + 1, 0, 64, 6, 0) + a + b
        else:
            h = struct.pack("!IHBB", 6 << 28, len(seg), 6, 64) + a + b
        raw.sendto(h + seg, (dst, 0))
    raw.close()

for f in (4, 6):
    net_ = ("-4", "192.168.5.0/24") if f == 4 else ("-6", "fd00:5::/64")
    two_ = ("-4", "192.168.6.0/24") if f == 4 else ("-6", "fd00:6::/64")
    for way, across in (("red5", "blue6"), ("red", "blue")):
        run("ip", "-n", "gw", net_[0], "route", "replace", net_[1], "dev", way)
        run("ip", "-n", "gw", two_[0], "route", "replace", two_[1], "dev", across, "table", "77")
        what = f"IPv{f}, a route to {way}"
        fwctl("conn", "flush")
        apply(ALONE % "")
        server = listen("one", ONE[f], 8)
        p = Pair("net", ONE[f], 8, server)
        ok(p.talk(), f"{what}: a connection")
        before = counts("invalid")[0]
        wild(f, p, 8, NET[f], ONE[f], "net")
        was = rule("invalid-out")["hits"]
        ok(wait_for(lambda: counts("invalid")[0] - before >= 3), f"{what}: what is no part of it, though it has its ends")
        ok(wait_for(lambda: rule("invalid-out")["hits"] >= counts("invalid")[0]), f"{what}: is that where it leaves, too",
           (rule("invalid-out"), counts("invalid")))
        ok(p.talk(), f"{what}: and the connection goes on")
        p.close()
        server.close()
        s = udp("one", ONE[f], 55)
        u = udp("net", NET[f])
        before = counts("untracked-out")[0]
        for i in range(3):
            u.sendto(b"x", (ONE[f], 55))
            s.recv(9)
        equal(counts("untracked-out")[0] - before, 3, f"{what}: what is not tracked")
        equal(conn_list("dport", "55"), [], f"{what}: has no entry")
        s.close()
        u.close()
        # Each packet walks, and is asked by which port it came in.
        apply(ALONE % "option evaluate per-packet")
        server = listen("two", TWO[f], 8)
        p = Pair("one", TWO[f], 8, server)
        ok(p.talk() and p.talk(b"a" * 20000), f"{what}, per packet: from VRF to VRF")
        ok(counts("by-port")[0] > 5 and not rule("by-vrf")["hits"], f"{what}, per packet: by its port", (counts("by-port"), rule("by-vrf")))
        p.close()
        server.close()
fwctl("conn", "flush")
apply(text)

# An address of the uplink that goes takes all along; a VRF that goes, under traffic.
server = listen("net", FAR[4], 9)
p = {v: Pair(v, FAR[4], 9, server) for v in VRFS}
ok(all(x.talk() for x in p.values()), "both talk")
run("ip", "-n", "gw", "addr", "del", "203.0.113.8/24", "dev", "wan")
ok(wait_for(lambda: not conn_list("tcp", "dport", "9")), "R15: the uplink's address goes: both connections, too")
run("ip", "-n", "gw", "addr", "add", "203.0.113.8/24", "dev", "wan")
run("ip", "-n", "gw", "route", "replace", "default", "via", "203.0.113.1")
for x in (*p.values(), server):
    x.close()
server = listen("two", TWO[4], 9)
x = Pair("one", TWO[4], 9, server)
ok(x.talk(), "and from VRF to VRF once more")
run("ip", "-n", "gw", "link", "del", "blue")
x.c.sendall(b"x")
fwctl("conn", "flush")
s = stats()["connections"]
ok(s["created"] == s["ended"] + s["count"], "the books are balanced when a VRF is gone", s)
END

# Where egress asks nothing it is found in the VRF that it leaves by all the same.
ip -n gw route add 192.168.7.0/24 dev pl table 77
ip -n gw -6 route add fd00:7::/64 dev pl table 77
for egress in "egress { accept }" ""; do
	must_apply <<-END
		option adopt 0s
		ingress {
			ct state untracked accept
			iif pl accept
			drop
		}
		$egress
	END
	export EGRESS=${egress:-no egress}
	py <<-'END'
		for f, addr in ((4, "192.168.5.2"), (6, "fd00:5::2")):
		    s = listen("one", addr, 9)
		    p = Pair("plain", addr, 9, s)
		    ok(p.talk(), f"IPv{f}: from none to a VRF, {os.environ['EGRESS']}")
		    p.close()
		    s.close()
	END
done

# R8: two of no VRF meet by their outside ends, and the one that is dialled stands in a VRF
# by now: the connection has its outside source by the one, and is found by the other. When
# it is over nothing is left of either.
for v in "-4 192.168.5.0/24" "-6 fd00:5::/64"; do
	read -r v net <<<"$v"
	ip -n gw "$v" route flush "$net" table main
done
ip -n gw link set red5 nomaster
ip -n gw addr replace fd00:5::1/64 dev red5 nodad
must_apply <<'END'
option hairpin on
option adopt 0s
ingress { ct state untracked accept; ct state invalid drop; accept }
egress { iif { pl, red5 } oif wan masquerade endpoint-independent accept; accept }
END
py <<'END'
ONE = {4: "192.168.5.2", 6: "fd00:5::2"}
PLAIN = {4: "192.168.7.2", 6: "fd00:7::2"}

def through(a, data, to, b):
    """What arrives, and whose it is; a port that changes its VRF goes down and up again."""
    b.settimeout(0.2)
    def once():
        try:
            a.sendto(data, to)
            got, who = b.recvfrom(9)
        except OSError:
            return None
        return got, who[:2]
    return wait_for(once) or (None, (None, None))

shown = {}
one = {f: udp("one", ONE[f], 7001) for f in (4, 6)}
for f in (4, 6):
    server = udp("net", NET[f], 5000)
    shown[f] = through(one[f], b"x", (NET[f], 5000), server)[1]
    equal(shown[f][0], WAN[f], f"R8 IPv{f}: it has an end outside")
    server.close()
for words in ("link set red5 master red", "addr replace fd00:5::1/64 dev red5 nodad",
              "route replace 192.168.5.0/24 dev red5", "-6 route replace fd00:5::/64 dev red5"):
    ok(not run("ip", "-n", "gw", *words.split()).returncode, words)
for f in (4, 6):
    plain = udp("plain", PLAIN[f], 7000)
    data, who = through(plain, b"meet", shown[f], one[f])
    equal((data, who[0]), (b"meet", WAN[f]), f"R8 IPv{f}: into the VRF, with the other's end outside")
    equal(through(one[f], b"back", who, plain), (b"back", shown[f]), f"R8 IPv{f}: and back")
    plain.close()
END
fw conn flush >/dev/null
nothing() { [ "$(stat 'd["connections"]["memory"]')" = 0 ]; }
ok "nothing is left of two that met across" wait_for nothing
done_testing
