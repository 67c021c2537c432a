#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/examples/gateway.fw as it stands, at work: DHCP and router
# advertisements on both sides of it, neighbour discovery, a link of 1400 bytes,
# both families.
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
addr net n0 198.51.100.7/24 198.51.100.200/24 2001:db8:77::7/64
via net 198.51.100.1 2001:db8:77::1

# What a provider and a gateway have: addresses by DHCP and by advertisements.
dhcp() {
	local h=$1
	shift
	spawn "$h" dnsmasq --no-daemon --conf-file=/dev/null --user=root --port=0 \
		--dhcp-leasefile="$TMP/leases.$h" --pid-file= "$@"
}
dhcp isp --interface=i0 --dhcp-range=203.0.113.8,203.0.113.8 --dhcp-option=3,203.0.113.1 \
	--enable-ra --dhcp-range=2001:db8:1::,ra-only --ra-param=i0,5,600
dhcp gw --interface=br-lan --interface=br-guest \
	--dhcp-range=192.168.1.100,192.168.1.100 --dhcp-range=192.168.7.100,192.168.7.100 \
	--enable-ra --dhcp-range=2001:db8:50:1::,ra-only --dhcp-range=2001:db8:50:7::,ra-only \
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

ok "the policy is applied" fw apply "$netdir/../../Documentation/examples/gateway.fw"
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
equal(refused(lambda: connect("guest", "192.168.7.1", 22)), errno.ECONNREFUSED, "guest to the gateway: refused")
equal(run("ip", "netns", "exec", "guest", "ping", "-c1", "-W2", "192.168.7.1").returncode, 0, "ping: answered")

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
for i in range(40):
    c = connect("net", WAN, 80)
    ready = select.select(list(w.values()), [], [], TIMEOUT)[0]
    for h in w:
        if w[h] in ready:
            got[h] += 1
            w[h].accept()[0].close()
    c.close()
equal(sum(got.values()), 40, "each of 40 finds a web server")
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

# Ping the gateway from outside: limited.
equal(run("ip", "netns", "exec", "net", "ping", "-c2", "-i0.2", "-W2", WAN).returncode, 0, "ping from outside")
# Spoofed: the LAN's address from outside.
before = stats()["verdicts"]["drop"]
with ns("net"):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    udp_ = struct.pack("!HHHH", 1, 2, 8, 0)
    ip_ = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0,
                      socket.inet_aton("192.168.1.5"), socket.inet_aton(WAN))
    raw.sendto(ip_ + udp_, (WAN, 0))
ok(wait_for(lambda: stats()["verdicts"]["drop"] > before), "spoofed from outside: dropped")
# Everything else from outside.
equal(refused(lambda: connect("net", WAN, 23)), errno.ECONNREFUSED, "telnet to the gateway: refused")
END
ok "renewed: DHCP on the way" lease gw eth0
is "no packet was lost for want of a rule of ours" "$(reason too-many-effects)" 0
done_testing
