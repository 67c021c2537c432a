#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# ICMP errors belong to the connection that they quote, and need no rule:
# path MTU discovery, TTL exceeded, port unreachable; the quote translated (R7), and
# what routers append to it kept (RFC 4884).
#
#   home ──── lan gw wan ──── mid ══ MTU 1280/1400 ══ net 198.51.100.7
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
path_topology
ip -n mid link set m1 mtu 1400
ip -n net link set i0 mtu 1400
must_apply <<'END'
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	iif lan accept
	drop
}
egress { iif lan oif wan masquerade accept; accept }
END
serve net 7
for f in 4 6; do
	[ $f = 4 ] && far=198.51.100.7 hop=203.0.113.1 big=1450 || far=2001:db8:77::7 hop=2001:db8:1::1 big=1430
	on home ping -n -M 'do' -s "$big" -c 1 -W 1 "$far" >/dev/null
	ok "IPv$f: too big is answered, through the translation" \
		bash -c "ip -n home route get $far | grep -q 'mtu 1400'"
	on home ping -n -t 2 -c 1 -W 1 "$far" >out
	is "IPv$f: TTL exceeded comes from the hop" "$(tail -n +2 out | head -n 1)" "From $hop*"
	ip -n home route flush cache
	ip -n home -6 route flush cache
done
py <<'END'
IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE = 11, 25, 0x2000
for f in (4, 6):
    # The server goes; the port answers that it is closed.
    u = udp("home", HOME[f], 41000 + f)
    u.connect((FAR[f], 99))
    u.send(b"x")
    equal(refused(lambda: u.recv(10)), errno.ECONNREFUSED, f"IPv{f}: port unreachable reaches the client")
    # Who says so, and what was quoted, as the client's own socket knows it.
    u = udp("home", HOME[f], 41010 + f)
    if f == 4:
        u.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        u.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 2)
    else:
        u.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 2)
    u.sendto(b"traceroute", (FAR[f], 33434))
    def error(s=u):
        try:
            return s.recvmsg(2000, 1024, MSG_ERRQUEUE)
        except OSError:
            return None
    got = wait_for(error)
    ok(got, f"IPv{f}: the error finds the socket: its quote was translated")
    if got:
        data, anc, _, dest = got
        equal((data, dest[:2]), (b"traceroute", (FAR[f], 33434)), f"IPv{f}: quote: payload and destination")
        ee = anc[0][2]
        sin = ee[16:]
        who = socket.inet_ntop(FAMILY[f], sin[4:8] if f == 4 else sin[8:24])
        equal(who, NET[f], f"IPv{f}: and says which hop")
    # TCP through the small link: bulk goes through by path MTU discovery.
    c = connect("home", FAR[f], 7)
    c.recv(100)
    data = os.urandom(100000)
    c.setblocking(False)
    got, sent = b"", 0
    end = time.monotonic() + 30 * SLOW
    while len(got) < len(data) and time.monotonic() < end:
        try:
            if sent < len(data):
                sent += c.send(data[sent:sent + 20000])
        except BlockingIOError:
            pass
        try:
            got += c.recv(65536)
        except BlockingIOError:
            time.sleep(0.005)
    equal((len(got), got == data), (len(data), True), f"IPv{f}: TCP bulk over the small link")
    c.close()
# RFC 4884: routers that say by which interface it came in (RFC 5837), where the kernel
# has that; the client's own stack finds the extension, and its checksum right.
EXTEND = {4: ("/proc/sys/net/ipv4/icmp_errors_extension_mask", socket.IPPROTO_IP, 26),
          6: ("/proc/sys/net/ipv6/icmp/errors_extension_mask", socket.IPPROTO_IPV6, 31)}
for f in (4, 6):
    path, level, option = EXTEND[f]
    if not os.path.exists(path):
        # Added to Linux behind 6.12: the byte-by-byte cases of the player have no need of it.
        skip(f"IPv{f}: a router's own RFC 5837 extension", f"this kernel has no {os.path.basename(path)}")
        continue
    for router, ttl, by in (("gw", 1, b"lan"), ("mid", 2, b"m0")):
        run("ip", "netns", "exec", router, "sh", "-c", f"echo 1 >{path}")
        for size in (10, 90, 700):
            with ns("home"):
                u = socket.socket(FAMILY[f], socket.SOCK_DGRAM)
            u.setsockopt(level, IP_RECVERR if f == 4 else IPV6_RECVERR, 1)
            u.setsockopt(level, option, 1)
            u.setsockopt(level, socket.IP_TTL if f == 4 else socket.IPV6_UNICAST_HOPS, ttl)
            said = os.urandom(size)
            u.sendto(said, (FAR[f], 33435))
            got = wait_for(lambda: error(u))
            what = f"RFC 4884 IPv{f}: {router}'s error about {size} bytes"
            if ok(got, f"{what} finds the socket"):
                data, anc = got[:2]
                at, flags = struct.unpack_from("=HB", anc[0][2], 12)
                quoted = min(size, at)
                equal((data[:quoted], flags), (said[:quoted], 0), f"{what}: the quote is whole, and the extension valid")
                ext = data[at:]
                ok(at and ext[:1] == b"\x20" and csum(ext) == 0 and by in ext, f"{what}: and says by which interface", (at, data.hex()))
            u.close()
        run("ip", "netns", "exec", router, "sh", "-c", f"echo 0 >{path}")
equal(reason("invalid"), 0, "no error was taken for a stray one")
# Errors neither end nor refresh: the UDP connection is still there, unreplied.
ok(any(c["protocol"] == "udp" and c["original"]["dport"] == 99 for c in conn_list()),
   "an error ends no connection")
END
# R7: an echo of which nothing but the id was translated, quoted.
must_apply <<'END'
ingress { accept }
egress { oif wan masquerade random accept; accept }
END
for f in 4 6; do
	[ $f = 4 ] && far=198.51.100.7 hop=203.0.113.1 || far=2001:db8:77::7 hop=2001:db8:1::1
	on gw ping -n -t 1 -c 1 -W 1 "$far" >out
	is "IPv$f: an error quotes an echo by its own id" "$(tail -n +2 out | head -n 1)" "From $hop*"
done
# What gw writes itself about a packet that was translated and led to it: by the address that
# the other side knows, not by the one that is behind it.
must_apply <<'END'
ingress { udp dport 5350 dnat to addr(lan):5353 accept; accept }
egress { oif wan masquerade accept; accept }
END
py <<'END'
RECVERR = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
def writer(s, f):
    """Who wrote the error that a socket is told of."""
    def told():
        try:
            return s.recvmsg(2000, 1024, 0x2000)
        except OSError:
            return None
    got = wait_for(told)
    if not got:
        return None
    sin = got[1][0][2][16:]
    return socket.inet_ntop(FAMILY[f], sin[4:8] if f == 4 else sin[8:24])
for f in (4, 6):
    u = udp("net", FAR[f])
    u.setsockopt(*RECVERR[f], 1)
    u.sendto(b"x", (WAN[f], 5350))
    equal(writer(u, f), WAN[f], f"IPv{f}: nobody listens where it was led to: the dialled address says so")
    u.close()
    server = udp("net", FAR[f], 5351)
    server.setsockopt(*RECVERR[f], 1)
    c = udp("gw", LAN[f])
    c.sendto(b"x", (FAR[f], 5351))
    who = server.recvfrom(9)[1]
    equal(who[0], WAN[f], f"IPv{f}: gw's own socket with an inside address is translated")
    c.close()
    server.sendto(b"late", who)
    equal(writer(server, f), WAN[f], f"IPv{f}: it is closed: the translated address says so")
    server.close()
END
done_testing
