#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R9: checksums stay right through translation, with offload and without: GSO packets
# and CHECKSUM_PARTIAL from home, real checksums on the last hop.
#
#   home ──── lan gw wan ──── net        tx offload off on wan: the gateway's own
#                                        kernel writes the sums that net checks
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept
	tcp dport 8080 dnat to [fd00:1::2]:80 accept
	drop }
egress { oif wan masquerade accept; accept }
END
spawn net python3 "$netdir/peer.py" serve 7
wait_for listening net 7 udp

check() {
	local what=$1
	: >tcpdump.err
	on net timeout 300 tcpdump -U -i i0 -w "$what.pcap" -s 0 tcp or udp 2>tcpdump.err &
	wait_for grep -q listening tcpdump.err
	py <<-END
		what = "$what"
		for f in (4, 6):
		    c = connect("home", FAR[f], 7)
		    receive(c, 1)
		    data = os.urandom(200000)
		    c.settimeout(10)
		    import threading
		    threading.Thread(target=c.sendall, args=(data,)).start()
		    first = b""
		    while not first.endswith(b"\n"):
		        first += c.recv(1)
		    equal(receive(c, len(data)) == data, True, f"R9 {what} IPv{f}: 200 kB come back as they went")
		    c.close()
		    u = udp("home", HOME[f])
		    u.sendto(b"odd", (FAR[f], 7))
		    ok(u.recv(100), f"R9 {what} IPv{f}: UDP")
	END
	# The last that was said.
	ok "$what: all is written down" wait_for bash -c "tcpdump -r $what.pcap 2>/dev/null | grep -q 'IP6 .*UDP'"
	for p in $(ip netns pids net); do
		[ "$(cat "/proc/$p/comm")" = tcpdump ] && kill -INT "$p"
	done
	wait
}
check offload
ip netns exec gw ethtool -K wan tx off tso off gso off >/dev/null
ip netns exec net ethtool -K i0 rx off gro off >/dev/null
check plain
is "R9 plain: tcpdump finds every checksum right" \
	"$(tcpdump -vv -nn -r plain.pcap 'src host 203.0.113.8 or src host 2001:db8:1::8' 2>/dev/null | grep -c '(incorrect\|\[bad \|bad cksum')" 0
over "R9 plain: and looked at some" "$(tcpdump -vv -nn -r plain.pcap 'src host 203.0.113.8 or src host 2001:db8:1::8' 2>/dev/null | grep -c '(correct)')" 100
ip netns exec home ethtool -K h0 tx off tso off gso off >/dev/null
ip netns exec gw ethtool -K lan rx off gro off >/dev/null
check software
is "R9 software: tcpdump finds every checksum right" \
	"$(tcpdump -vv -nn -r software.pcap 'src host 203.0.113.8 or src host 2001:db8:1::8' 2>/dev/null | grep -c '(incorrect\|\[bad \|bad cksum')" 0
over "R9 software: and looked at some" "$(tcpdump -vv -nn -r software.pcap 'src host 203.0.113.8 or src host 2001:db8:1::8' 2>/dev/null | grep -c '(correct)')" 100

# UDP without a checksum stays so; one that comes to 0 is sent as 0xffff.
py <<'END'
wire, out = Wire("home", "h0"), Wire("net", "i0")
eth = mac("gw", "lan") + mac("home", "h0") + b"\x08\0"
src, dst = socket.inet_aton(HOME[4]), socket.inet_aton(FAR[4])
def datagram(sport, data, with_sum):
    u = struct.pack("!HHHH", sport, 99, 8 + len(data), 0) + data
    s = csum(src + dst + struct.pack("!BBH", 0, 17, len(u)) + u) or 0xffff
    u = u[:6] + struct.pack("!H", s if with_sum else 0) + u[8:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(u), 1, 0, 64, 17, 0) + src + dst
    ip = ip[:10] + struct.pack("!H", csum(ip)) + ip[12:]
    return eth + ip + u
def seen(data):
    for x in out.frames(1):
        if data in x:
            ip = x[14:]
            u = ip[20:]
            pseudo = ip[12:20] + struct.pack("!BBH", 0, 17, len(u[:struct.unpack("!H", u[4:6])[0]]))
            return struct.unpack("!H", u[6:8])[0], csum(pseudo + u[:struct.unpack("!H", u[4:6])[0]])
    return None
wire.send(datagram(1234, b"nosum---", False))
equal((seen(b"nosum---") or (None,))[0], 0, "R9: UDP checksum 0 stays 0")
zeros = 0
for i in range(0, 0x10000, 257 if SLOW == 1 else 2000):
    data = b"ZERO" + struct.pack("!H", i)
    wire.send(datagram(2000 + i % 1000, data, True))
got = {}
for x in out.frames(1 + 0.5 * SLOW):
    if b"ZERO" in x:
        u, ip = x[34:], x[14:]
        n = struct.unpack("!H", u[4:6])[0]
        got[u[8:14]] = (u[6:8] != b"\0\0" and csum(ip[12:20] + struct.pack("!BBH", 0, 17, n) + u[:n]) == 0)
ok(len(got) > 20 and all(got.values()), "R9: and a computed one is right, and never 0", (len(got), [k for k in got if not got[k]]))
END
done_testing
