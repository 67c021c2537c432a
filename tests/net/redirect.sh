#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R12: redirect, dnat to a port alone, and the original destination, as the
# program that it was led to asks for it.
#
#   home 192.168.1.2 ──── lan gw wan ──── net 198.51.100.7
#        fd00:1::2            :3128 proxy     2001:db8:77::7    web server
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
addr gw lan 192.168.1.100/24		# a second one: the first is meant
must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	iif lan tcp dport 80 redirect to :3128 accept id proxy
	iif lan tcp dport 8000-8003 redirect to :9000-9003 accept
	iif lan udp dport 53 redirect accept
	iif lan icmp type echo-request redirect accept
	iif lan tcp dport 81 dnat to :8081 accept
	iif lan accept
	drop
}
egress {
	iif none oif wan tcp dport 84 redirect to :3128 accept
	oif wan tcp dport 85 redirect to :3128 accept id late
	iif lan oif wan masquerade accept
	accept
}
END
py <<'END'
import threading
NAME = {4: socket.AF_INET, 6: socket.AF_INET6}
ANY = {4: "0.0.0.0", 6: "::"}
LO = {4: "127.0.0.1", 6: "::1"}

def dialled(s, f, mapped=False):
    if f == 4:
        raw = s.getsockopt(socket.IPPROTO_IP, 26228, 16)
        fam, port, a = struct.unpack("=H2s4s8x", raw)
        return fam, socket.inet_ntop(NAME[4], a), int.from_bytes(port, "big")
    raw = s.getsockopt(socket.IPPROTO_IPV6, 26228, 28)
    fam, port, a = struct.unpack("=H2s4x16s4x", raw)
    return fam, socket.inet_ntop(NAME[6], a), int.from_bytes(port, "big")

for f in (4, 6):
    proxy = listen("gw", ANY[f], 3128) if f == 4 else listen("gw", "fd00:1::1", 3128)
    p = Pair("home", FAR[f], 80, proxy)
    ok(p.talk(), f"IPv{f}: redirect: led to the gateway")
    equal(p.s.getsockname()[:2], (LAN[f], 3128), f"IPv{f}: to the first address of the interface")
    equal(p.c.getpeername()[:2], (FAR[f], 80), f"IPv{f}: the client sees whom it dialled")
    equal(dialled(p.s, f), (NAME[f], FAR[f], 80), f"IPv{f}: the proxy is told whom the client dialled")
    l = [c for c in conn_list("proto", "tcp") if c["original"]["daddr"] == FAR[f]]
    equal([(c["dnat"], c["snat"], c["rules"]["ingress"]["id"]) for c in l],
          [(True, False, "proxy")], f"IPv{f}: listed")
    # As a proxy does: on to where the client was going.
    web = listen("net", FAR[f], 80)
    up = connect("gw", *dialled(p.s, f)[1:])
    far, _ = web.accept()
    p.c.sendall(b"GET")
    up.sendall(receive(p.s, 3))
    equal(receive(far, 3), b"GET", f"IPv{f}: and the way goes on")
    # Of a connection that was not translated: where it came to.
    own = listen("gw", LAN[f], 99)
    q = Pair("home", LAN[f], 99, own)
    equal(dialled(q.s, f), (NAME[f], LAN[f], 99), f"IPv{f}: not translated: its own address")
    for s, level, n, want in (
            (p.s, f, 4, errno.EINVAL), (proxy, f, 28, errno.ENOTCONN)):
        equal(refused(lambda: s.getsockopt(socket.IPPROTO_IP if f == 4 else socket.IPPROTO_IPV6,
                                           26228, n)), want,
              f"IPv{f}: {errno.errorcode[want]}")
    fwctl("conn", "flush")
    equal(refused(lambda: dialled(p.s, f)), errno.ENOENT, f"IPv{f}: ENOENT once it is flushed")
    for s in (p, q):
        s.close()
    for s in (up, far, web, own, proxy):
        s.close()
    # Equal ranges map one to one.
    for port in (8000, 8003):
        s = listen("gw", LAN[f], port + 1000)
        p = Pair("home", FAR[f], port, s)
        ok(p.talk(), f"IPv{f}: redirect of a range: {port} to {port + 1000}")
        p.close()
        s.close()
    # UDP: the answer comes from whom the client asked.
    u = udp("gw", LAN[f], 53)
    v = udp("home", HOME[f])
    v.connect((FAR[f], 53))
    v.send(b"ask")
    data, who = u.recvfrom(9)
    u.sendto(b"answer", who)
    equal(v.recv(9), b"answer", f"IPv{f}: UDP is redirected, the port stays")
    # A port alone: the address stays.
    s = listen("net", FAR[f], 8081)
    p = Pair("home", FAR[f], 81, s)
    ok(p.talk(), f"IPv{f}: dnat to a port alone")
    p.close()
    s.close()
    # What starts here goes to the loopback.
    s = listen("gw", LO[f], 3128)
    p = Pair("gw", FAR[f], 84, s)
    ok(p.talk(), f"IPv{f}: redirect of local traffic: to the loopback")
    equal(dialled(p.s, f), (NAME[f], FAR[f], 84), f"IPv{f}: and the program is told whom")
    apply(open("policy.fw").read() + "\n# again\n")
    ok(p.talk(b"still"), f"IPv{f}: which a new policy that says the same leaves alone")
    p.close()
    s.close()

# R2, R3: a client that dials two destinations from one port, as its kernel does when it
# has many connections: both are led to the one proxy, which is shown two ports.
for f in (4, 6):
    fwctl("conn", "flush")
    proxy = listen("gw", LAN[f], 3128)
    other = {4: "198.51.100.8", 6: "2001:db8:77::8"}[f]
    one = Pair("home", FAR[f], 80, proxy, source=(HOME[f], 40000))
    two = Pair("home", other, 80, proxy, source=(HOME[f], 40000))
    ok(one.talk() and two.talk(), f"R2 IPv{f}: two destinations from one port: both talk")
    equal(one.s.getpeername()[:2], (HOME[f], 40000), f"R2 IPv{f}: the first one is shown as it is")
    host, port = two.s.getpeername()[:2]
    ok(host == HOME[f] and port != 40000 and port >= 1024, f"R2 IPv{f}: the second one by another port", port)
    equal(two.c.getpeername()[:2], (other, 80), f"R2 IPv{f}: its client sees whom it dialled")
    equal([dialled(x.s, f)[1] for x in (one, two)], [FAR[f], other],
          f"R2 IPv{f}: the proxy is told whom, of both")
    entry = [c for c in conn_list("original", "daddr", other)]
    equal([(c["snat"], c["dnat"], c["original"]["sport"], c["reply"]["dport"]) for c in entry],
          [(True, True, 40000, port)], f"R2 IPv{f}: listed with both ports")
    apply(open("policy.fw").read() + "\n# once more\n")
    ok(one.talk(b"still") and two.talk(b"still"), f"R2 IPv{f}: which a new policy that says the same leaves alone")
    # Straight to the proxy, by the port that one of them is shown by: whose would it be?
    before = reason("tuple-clash")
    equal(refused(lambda: connect("home", LAN[f], 3128, source=(HOME[f], 40000), timeout=0.3)),
          errno.ETIMEDOUT, f"R2 IPv{f}: the proxy itself, by the same port: is not taken for the first one")
    equal(refused(lambda: connect("home", LAN[f], 3128, source=(HOME[f], port), timeout=0.3)),
          errno.ETIMEDOUT, f"R2 IPv{f}: nor for the second")
    ok(reason("tuple-clash") >= before + 2, f"R2 IPv{f}: counted", reason("tuple-clash") - before)
    ok(one.talk(b"yet") and two.talk(b"yet"), f"R2 IPv{f}: and these go on")
    # Closed by the client: its end waits, and so does the record.
    for p in (two, one):
        p.c.close()
        p.s.close()
    wait_for(lambda: {c["state"] for c in conn_list("proto", "tcp")} == {"TIME_WAIT"})
    third = {4: "198.51.100.9", 6: "2001:db8:77::9"}[f]
    p = Pair("home", third, 80, proxy, source=(HOME[f], 40000))
    ok(p.talk(), f"R14 IPv{f}: once more, with the first in TIME_WAIT")
    equal(dialled(p.s, f)[1], third, f"R14 IPv{f}: of it the proxy is told, too")
    p.close()
    proxy.close()
    # UDP, which says nothing of an end.
    u = udp("gw", LAN[f], 53)
    v = udp("home", HOME[f], 40053)
    v.sendto(b"ask", (FAR[f], 53))
    v.sendto(b"ask too", (other, 53))
    got = [u.recvfrom(9) for _ in (1, 2)]
    ok(got[0][1][1] == 40053 and got[1][1][1] != 40053, f"R2 IPv{f} UDP: two ports", got)
    for data, who in got:
        u.sendto(b"re " + data, who)
    equal(sorted((v.recvfrom(19) for _ in (1, 2)), key=lambda x: x[0])[0][1][:2], (FAR[f], 53),
          f"R2 IPv{f} UDP: each answer comes from whom it asked")
    u.close()
    v.close()
    # What starts here, and is led to the loopback.
    fwctl("conn", "flush")
    proxy = listen("gw", LO[f], 3128)
    pairs = [Pair("gw", to, 84, proxy, source=(WAN[f], 40084)) for to in (FAR[f], other)]
    ok(all(p.talk() for p in pairs), f"R2 IPv{f}: local traffic: both talk")
    equal([dialled(p.s, f)[1] for p in pairs], [FAR[f], other], f"R2 IPv{f}: and the program is told whom")
    apply(open("policy.fw").read() + "\n# and again\n")
    ok(all(p.talk(b"still") for p in pairs), f"R2 IPv{f}: which a new policy leaves alone")
    for p in pairs:
        p.close()
    proxy.close()
    fwctl("conn", "flush")

# A socket for both families.
with ns("gw"):
    both = socket.create_server(("::", 3128), family=socket.AF_INET6, dualstack_ipv6=True)
p = Pair("home", FAR[4], 80, both)
equal(dialled(p.s, 4), (NAME[4], FAR[4], 80), "a dual-stack socket asks as IPv4")
equal(dialled(p.s, 6), (NAME[6], "::ffff:" + FAR[4], 80), "or as IPv6, mapped")
p.close()
both.close()

# Forwarded traffic has been routed by then: dropped and counted, not half done.
equal(refused(lambda: connect("home", FAR[4], 85, timeout=0.3)), errno.ETIMEDOUT,
      "redirect in egress of what is forwarded: dropped")
ok(reason("dnat-late") > 0, "and counted")
END
ok "ping is redirected too: nobody else has this address" on home ping -n -c 1 -W 1 198.51.100.9

# The example of the documentation, with a real client and server.
mkdir www
echo "the page" >www/index.html
spawn net python3 -m http.server --bind :: --directory www 80
spawn gw python3 "$netdir/../../Documentation/examples/redirect-proxy.py" 3128
wait_for listening net 80
wait_for listening gw 3128
is "curl through the example's proxy" "$(on home curl -sS --max-time 5 http://198.51.100.7/)" "the page"
is "and with IPv6" "$(on home curl -sS --max-time 5 'http://[2001:db8:77::7]/')" "the page"

# One that is deprecated, where there is no other (RFC 4862, 5.5.4).
ip -n gw -6 addr change fd00:1::1/64 dev lan preferred_lft 0
is "the interface's only address is deprecated" "$(ip -n gw -6 addr show dev lan scope global)" "*deprecated*"
is "to which it is led all the same" "$(on home curl -sS --max-time 5 'http://[2001:db8:77::7]/' 2>&1)" "the page"

# An interface that has no address of the family: a counted drop.
ip -n gw addr flush dev lan
ip -n gw addr add 192.168.1.1/24 dev lan
on home ip -6 neigh replace fd00:1::1 lladdr "$(cat /dev/null; ip -n gw -j link show lan | j 'd[0]["address"]')" dev h0
before=$(reason no-address)
spawn home timeout 20 bash -c 'exec 3<>/dev/tcp/2001:db8:77::7/80'
grew() { [ "$(reason no-address)" -gt "$before" ]; }
ok "no address to redirect to: counted" wait_for grew
kill "$pid" 2>/dev/null
done_testing
