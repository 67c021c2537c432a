#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/examples/gateway.fw as it stands, at work: DHCP of both families and
# router advertisements on both sides of it, neighbour discovery, a link of 1400 bytes.
#
#            ┌─ nas .10        gw                    isp               net
#   br-lan ──┼─ home (DHCP)   ┌──────────┐ DHCP, RA ┌──────┐ MTU 1400 ┌───────────┐
#            └─ web1 .11 web2 │ br-lan   │──────────│ i0 i1│──────────│ n0 .7     │
#   br-guest ── guest (DHCP)  │ br-guest │ eth0     └──────┘          │           │
#                             └──────────┘                            └───────────┘
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
host home nas web1 web2 guest net
router gw isp
for b in br-lan br-guest; do
	ip -n gw link add $b type bridge
	ip -n gw link set $b up
done
for h in home nas web1 web2 guest; do
	b=br-lan
	[ $h = guest ] && b=br-guest
	link $h h0 gw p-$h
	ip -n gw link set p-$h master $b
done
link gw eth0 isp i0
link isp i1 net n0
ip -n isp link set i1 mtu 1400
ip -n net link set n0 mtu 1400
addr gw br-lan 192.168.1.1/24 2001:db8:50:1::1/64
addr gw br-guest 192.168.7.1/24 2001:db8:50:7::1/64
addr nas h0 192.168.1.10/24 2001:db8:50:1::10/64
addr web1 h0 192.168.1.11/24 2001:db8:50:1::11/64
addr web2 h0 192.168.1.12/24 2001:db8:50:1::12/64
for h in nas web1 web2; do via $h 192.168.1.1 2001:db8:50:1::1; done
addr isp i0 203.0.113.1/24 2001:db8:1::1/64
addr isp i1 198.51.100.1/24 2001:db8:77::1/64
addr net n0 198.51.100.7/24 198.51.100.200/24 2001:db8:77::7/64 2001:db8:9::200/64
via net 198.51.100.1 2001:db8:77::1
ip -n isp -6 route add 2001:db8:9::/64 via 2001:db8:77::7

# What a provider and a gateway have: addresses by DHCP and by advertisements.
dhcp() {
	local h=$1
	shift
	spawn "$h" dnsmasq --no-daemon --conf-file=/dev/null --user=root --port=0 \
		--dhcp-leasefile="$TMP/leases.$h" --pid-file= "$@"
}
dhcp isp --interface=i0 --dhcp-range=203.0.113.8,203.0.113.8 --dhcp-option=3,203.0.113.1 \
	--enable-ra --dhcp-range=2001:db8:1::100,2001:db8:1::100,slaac,64 --ra-param=i0,5,600
dhcp gw --interface=br-lan --interface=br-guest \
	--dhcp-range=192.168.1.100,192.168.1.100 --dhcp-range=192.168.7.100,192.168.7.100 \
	--enable-ra --dhcp-range=2001:db8:50:1::,ra-only --dhcp-range=2001:db8:50:7::,ra-stateless \
	--ra-param=br-lan,5,600 --ra-param=br-guest,5,600

# lease HOST DEV: ask for an address, take what is given.
cat >"$TMP/lease" <<'END'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr replace "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route replace default via "$router"
END
chmod +x "$TMP/lease"
lease() { on "$1" busybox udhcpc -i "$2" -n -q -t 8 -T 1 -s "$TMP/lease"; }

FW=$(realpath "$netdir/../../Documentation/examples/gateway.fw")
export FW
ok "the policy is applied" fw apply "$FW"
on gw sysctl -qw net.ipv6.conf.eth0.accept_ra=2
for h in home guest; do on $h sysctl -qw net.ipv6.conf.h0.accept_ra=1; done
ok "the gateway gets its address by DHCP" lease gw eth0
is "which is" "$(ip -n gw -4 -o addr show eth0)" '*203.0.113.8/*'
ok "a host gets one from it" lease home h0
ok "a guest too" lease guest h0
slaac() { ip -n "$1" -6 -o addr show dev "$2" scope global | grep -q "$3"; }
ok "the gateway makes one of its provider's advertisements" wait_for slaac gw eth0 2001:db8:1:
ok "a host of the gateway's" wait_for slaac home h0 2001:db8:50:1:
ok "a guest too" wait_for slaac guest h0 2001:db8:50:7:
# The provider routes a prefix here.
ll=$(ip -n gw -6 -o addr show dev eth0 scope link | grep -o 'fe80[^/]*')
ip -n isp -6 route add 2001:db8:50::/48 via "$ll" dev i0

py <<'END'
import subprocess, struct
NET = {4: "198.51.100.7", 6: "2001:db8:77::7"}
WAN = "203.0.113.8"
def own6(host, dev, scope):
    """An IPv6 address of that scope."""
    got = json.loads(run("ip", "-n", host, "-j", "-6", "addr", "show", "dev", dev).stdout)
    return next(a["local"] for a in got[0]["addr_info"] if a["scope"] == scope)

OURS = {4: WAN, 6: own6("gw", "eth0", "global")}

def hits(text, after=False):
    """Of the rule in the line with that text, or the one after it."""
    line = next(i for i, l in enumerate(open(os.environ["FW"]), 1) if text in l) + after
    return sum(r["hits"] for r in stats()["rules"] if r["line"] == line)

# Advertisements come unasked, from outside; and to a guest who asks.
ok(hits("icmpv6 type nd-router-advert") > 0, "router advertisements, from outside")
with ns("guest"):
    raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    raw.bind((own6("guest", "h0", "link"), 0, 0, socket.if_nametoindex("h0")))
    raw.sendto(struct.pack("!BBHI", 133, 0, 0, 0), ("ff02::2", 0, 0, socket.if_nametoindex("h0")))
raw.close()
ok(wait_for(lambda: hits("icmpv6 type nd-router-solicit accept") > 0), "router solicitations, of guests")

# DHCPv6 (RFC 8415), both sides: an address for the gateway, servers' names for a guest.
def dhcp6(host, dev, kind, *options):
    """A message to all servers of the link; what comes back: its kind and its options."""
    xid = os.urandom(3)
    duid = struct.pack("!HHHH", 1, 10, 3, 1) + mac(host, dev)
    with ns(host):
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        index = socket.if_nametoindex(dev)
        s.bind((own6(host, dev, "link"), 546, 0, index))
    s.settimeout(TIMEOUT)
    for i in range(3):
        s.sendto(bytes([kind]) + xid + duid + struct.pack("!HHH", 8, 2, 0) + b"".join(options), ("ff02::1:2", 547, 0, index))
        try:
            data = s.recv(2000)
            break
        except OSError:
            data = b""
    s.close()
    got, at = {}, 4
    while at + 4 <= len(data):
        code, n = struct.unpack_from("!HH", data, at)
        got[code] = data[at:at + 4 + n]
        at += 4 + n
    return data[:1], got

IA = struct.pack("!HHIII", 3, 12, 1, 0, 0)
kind, got = dhcp6("gw", "eth0", 1, IA)
equal(kind, b"\2", "DHCPv6: the gateway's provider answers")
kind, got = dhcp6("gw", "eth0", 3, got.get(2, b""), got.get(3, b""))
ok(kind == b"\7" and socket.inet_pton(socket.AF_INET6, "2001:db8:1::100") in got.get(3, b""), "and gives it an address", got)
ok(hits("udp dport 546") > 0, "by the rule for it")
kind, got = dhcp6("guest", "h0", 11, struct.pack("!HHH", 6, 2, 23))
equal(kind, b"\7", "DHCPv6: the gateway answers a guest")
ok(hits("udp dport { 67, 547 }") >= 2, "by the rule for DHCP of both families")

def bulk(p, n=300000):
    return p.talk(b"x" * n)

# Out, both families, through the small link.
for f in (4, 6):
    s = listen("net", NET[f], 443)
    for host in ("home", "guest"):
        p = Pair(host, NET[f], 443, s)
        ok(bulk(p), f"IPv{f}: {host} speaks with the internet, through a small link")
        if f == 4:
            equal(p.peer[0], WAN, f"{host} is seen by the gateway's address")
        p.close()
    s.close()

# Guests: not into the LAN, not to the gateway but for DNS and ping.
s = listen("nas", "192.168.1.10", 443)
s6 = listen("nas", "2001:db8:50:1::10", 443)
equal(refused(lambda: connect("guest", "192.168.1.10", 443)), errno.EHOSTUNREACH, "guest to nas: prohibited")
ok(refused(lambda: connect("guest", "2001:db8:50:1::10", 443)) in (errno.EACCES, errno.EHOSTUNREACH), "IPv6: the same")
for a in ("192.168.7.1", "2001:db8:50:7::1"):
    equal(refused(lambda: connect("guest", a, 22)), errno.ECONNREFUSED, f"guest to the gateway, {a}: refused")
    equal(run("ip", "netns", "exec", "guest", "ping", "-c1", "-W2", a).returncode, 0, "ping: answered")
    named = listen("gw", a, 53)
    p = Pair("guest", a, 53, named)
    ok(p.talk(), "DNS: by TCP")
    p.close()
    named.close()
    named, u = udp("gw", a, 53), udp("guest", "0.0.0.0" if "." in a else "::")
    u.sendto(b"who", (a, 53))
    data, who = named.recvfrom(9)
    named.sendto(b"me", who)
    equal(u.recv(9), b"me", "DNS: by UDP")

# In: to the nas, by port forward and, of IPv6, by its host part.
p = Pair("net", WAN, 443, s)
ok(bulk(p), "from the internet to the nas: port forward")
equal(p.peer[0], NET[4], "which sees who asks")
p.close()
p = Pair("net", "2001:db8:50:1::10", 443, s6)
ok(bulk(p), "IPv6: by its own address")
p.close()
ok(refused(lambda: connect("net", "2001:db8:50:1::11", 443, timeout=2)) is not None, "IPv6: of another host: not")
# Hairpin: from inside by the address outside.
p = Pair("home", WAN, 443, s)
ok(p.talk(), "from the LAN by the address outside")
equal(p.peer[0], WAN, "the nas answers by the gateway")
p.close()

# Two web servers, one of them three times as strong.
w = {h: listen(h, a, 8080) for h, a in (("web1", "192.168.1.11"), ("web2", "192.168.1.12"))}
import select
got = {h: 0 for h in w}
for i in range(120):
    c = connect("net", WAN, 80)
    ready = select.select(list(w.values()), [], [], TIMEOUT)[0]
    for h in w:
        if w[h] in ready:
            got[h] += 1
            w[h].accept()[0].close()
    c.close()
equal(sum(got.values()), 120, "each of 120 finds a web server")
ok(got["web1"] > got["web2"] > 0, "the stronger one serves more", got)

# ssh: admins as they like; others four tries a minute, and who goes on is blocked,
# at the device already.
OTHER = "198.51.100.200"
s22 = listen("gw", WAN, 22)
for i in range(6):
    Pair("net", WAN, 22, s22, source=(NET[4], 0)).close()
ok(True, "ssh of an admin")
for i in range(4):
    Pair("net", WAN, 22, s22, source=(OTHER, 0)).close()
ok(refused(lambda: connect("net", WAN, 22, source=(OTHER, 0), timeout=1)), "the fifth try of another within a minute: nothing")
ok(OTHER in str(fwctl("set", "list", "blocked")), "and its address is blocked")
equal(refused(lambda: connect("net", WAN, 443, source=(OTHER, 0), timeout=1)), errno.ETIMEDOUT, "for everything")
p = Pair("net", WAN, 443, s, source=(NET[4], 0))
ok(p.talk(), "others are not")
p.close()
fwctl("set", "flush", "blocked")
p = Pair("net", WAN, 443, s, source=(OTHER, 0))
ok(p.talk(), "till it is taken out")
p.close()

# IPv6: a whole /64 has four tries.
run("ip", "-n", "net", "addr", "add", "2001:db8:9::201/64", "dev", "n0", "nodad")
six = listen("gw", OURS[6], 22)
for i in range(4):
    Pair("net", OURS[6], 22, six, source=(f"2001:db8:9::20{i % 2}", 0)).close()
ok(refused(lambda: connect("net", OURS[6], 22, source=("2001:db8:9::201", 0), timeout=1)), "IPv6: a neighbour's is the fifth: nothing")
equal([e["element"] for e in fwctl("set", "list", "blocked")], ["2001:db8:9::201"], "IPv6: and its address is blocked")
for i in range(6):
    Pair("net", OURS[6], 22, six, source=(NET[6], 0)).close()
ok(True, "IPv6: ssh of an admin")
fwctl("set", "flush", "blocked")

# Ping the gateway from outside: limited.
equal(run("ip", "netns", "exec", "net", "ping", "-c2", "-i0.2", "-W2", WAN).returncode, 0, "ping from outside")
# Each that begins is asked, and so many pass: of a host that pings on, none is.
for f in (4, 6):
    with ns("net"):
        raw = socket.socket(FAMILY[f], socket.SOCK_RAW, 1 if f == 4 else 58)
    raw.settimeout(0.5)
    for i in range(40):
        h = struct.pack("!BBHHH", 8 if f == 4 else 128, 0, 0, 0x4700 + i, 1)
        raw.sendto(h[:2] + struct.pack("!H", csum(h)) + h[4:] if f == 4 else h, (OURS[f], 0))
    answers = set()
    try:
        while True:
            data = raw.recv(2000)[20 if f == 4 else 0:]
            if data[0] == (0 if f == 4 else 129) and data[4] == 0x47:
                answers.add(data[5])
    except OSError:
        pass
    ok(5 <= len(answers) <= 25, f"IPv{f}: and at most ten in a second that begin", len(answers))

# Spoofed: the LAN's addresses from outside, and others' from the LAN.
def forged(host, src, dst):
    """From an address that is another's: of a rule that says so, and in the log."""
    f = 6 if ":" in src else 4
    rule_ = "route reverse != iif log" if host == "net" else "tree from-lan"
    before = hits(rule_, after=host != "net")
    run("dmesg", "-C")
    body = struct.pack("!HHHH", 1, 51820, 8, 0)
    a, b = (socket.inet_pton(FAMILY[f], x) for x in (src, dst))
    if f == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 28, 0, 0, 64, 17, 0) + a + b
    else:
        sum_ = csum(a + b + struct.pack("!II", 8, 17) + body)
        body = body[:6] + struct.pack("!H", sum_)
        ip = struct.pack("!IHBB", 6 << 28, 8, 17, 64) + a + b
    with ns(host):
        raw = socket.socket(FAMILY[f], socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.sendto(ip + body, (dst, 0))
    raw.close()
    ok(wait_for(lambda: hits(rule_, after=host != "net") == before + 1), f"spoofed in {host}: {src} is dropped")
    ok(wait_for(lambda: "spoofed drop IN=" in run("dmesg").stdout), "and in the log", run("dmesg").stdout[-500:])

forged("net", "192.168.1.5", WAN)
forged("net", "2001:db8:50:1::5", OURS[6])
forged("home", "203.0.113.77", NET[4])
forged("home", "2001:db8:77::77", NET[6])
# What is for here and is let in; private addresses are not shown.
for f in (4, 6):
    wg, u = udp("gw", OURS[f], 51820), udp("net", NET[f])
    u.sendto(b"hello", (OURS[f], 51820))
    data, who = wg.recvfrom(9)
    wg.sendto(data[::-1], who)
    equal(u.recv(9), b"olleh", f"IPv{f}: WireGuard")
s = listen("net", NET[6], 8443)
run("ip", "-n", "gw", "addr", "add", "fd00:50::1/64", "dev", "br-lan", "nodad")
run("ip", "-n", "home", "addr", "add", "fd00:50::5/64", "dev", "h0", "nodad")
equal(refused(lambda: connect("home", NET[6], 8443, source=("fd00:50::5", 0))), errno.ECONNREFUSED, "a private address is not shown to the internet")
s.close()
ok(hits("{ nd-neighbor-solicit") > 0, "neighbour discovery: by the rule for it")
# Everything else from outside.
for f in (4, 6):
    equal(refused(lambda: connect("net", OURS[f], 23)), errno.ECONNREFUSED, f"IPv{f}: telnet to the gateway: refused")
END
# udhcpc reads past the policy; to an address that is there it is let in by it.
ok "renewed: DHCP on the way" lease gw eth0
py <<'END'
line = next(i for i, l in enumerate(open(os.environ["FW"]), 1) if "udp sport 67" in l)
ok(sum(r["hits"] for r in stats()["rules"] if r["line"] == line) > 0, "DHCP: by the rule for it")
END
is "no packet was lost for want of a rule of ours" "$(reason too-many-effects)" 0
done_testing
