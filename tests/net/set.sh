#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What a rule changes in packets: set mark, ct mark, priority, dscp, ttl, mss, vlan,
# mss clamp. Of a connection's later packets, too: marks and priority both ways, DSCP
# and TTL on the original direction, the MSS on SYN and SYN-ACK.
#
#   home ──── lan gw wan ──── net        wan's MTU is 1400, for mss clamp
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
# Whole segments, so that what is on the wire is what was sent.
must_apply <<'END'
ingress {
	iif lan tcp dport 80 set dscp ef set ttl 99 accept
	iif lan udp dport 81 set mark 7 set ct mark mark set priority 6 accept
	iif lan udp dport 82 set ct mark 0x10 set mark ct mark accept
	iif lan udp dport 83 set dscp cs5 accept
	iif lan tcp dport { 84, 85 } set mss 1200 accept
	iif lan tcp dport 86 set mss 9000 accept
	iif lan icmp type echo-request set ttl 10 accept
	iif lan icmpv6 type echo-request set ttl 10 accept
	accept
}
egress {
	ct mark 7 priority 6 count carried accept
	udp dport 83 dscp cs5 count five set dscp 0 set ttl 50 accept
	tcp dport 85 tcp option mss 1200 count mss set mss 1100 accept
	accept
}
# What a packet leaves with, whatever forwarding has made of it.
egress device wan {
	udp dport 81 priority 6 count there accept
	accept
}
egress device lan {
	udp sport 81 priority 6 count back accept
	icmp type destination-unreachable priority 6 count errors accept
	icmpv6 type destination-unreachable priority 6 count errors accept
	accept
}
END
cat >seen.py <<'END'
from netlib import *


class Ip:
    """What is asked of a packet here."""

    def __init__(self, frame):
        p = frame[14:]
        self.v = p[0] >> 4
        if self.v == 4:
            n = (p[0] & 15) * 4
            self.tos, self.ttl, self.proto = p[1], p[8], p[9]
            self.sum_ok = csum(p[:n]) == 0
            self.src, self.dst = p[12:16], p[16:20]
        else:
            n = 40
            self.tos, self.ttl, self.proto = (p[0] << 4 | p[1] >> 4) & 255, p[7], p[6]
            self.sum_ok = True
            self.src, self.dst = p[8:24], p[24:40]
        size = struct.unpack("!H", p[2:4])[0] if self.v == 4 else \
            40 + struct.unpack("!H", p[4:6])[0]
        self.l4 = p[n:size]
        self.sport, self.dport = struct.unpack("!HH", self.l4[:4])
        pseudo = self.src + self.dst + struct.pack("!II", len(self.l4), self.proto)
        if self.proto == 1:
            pseudo = b""
        self.l4_ok = csum(pseudo + self.l4) == 0
        self.flags = self.l4[13] if self.proto == 6 else 0
        self.mss = None
        o = self.l4[20:(self.l4[12] >> 4) * 4] if self.proto == 6 else b""
        while len(o) >= 2 and o[0]:
            if o[0] == 2:
                self.mss = struct.unpack("!H", o[2:4])[0]
            o = o[1:] if o[0] == 1 else o[o[1]:]


class Tap:
    def __init__(self, host, dev):
        self.w = Wire(host, dev)

    def take(self, port, seconds=0.2):
        got = []
        for f in self.w.frames(seconds):
            if f[12:14] in (b"\x08\x00", b"\x86\xdd"):
                try:
                    p = Ip(f)
                except (struct.error, IndexError):
                    continue
                if port in (p.sport, p.dport):
                    got.append(p)
        return got


def tcp(v, port, taps):
    """One connection with something said; what arrived at each end."""
    server = listen("net", FAR[v], port)
    p = Pair("home", FAR[v], port, server)
    ok(p.talk(), f"v{v} port {port}: it talks")
    p.close()
    server.close()
    return [t.take(port) for t in taps]
END
on home ethtool -K h0 tx off tso off gso off >/dev/null 2>&1
on net ethtool -K i0 tx off tso off gso off >/dev/null 2>&1
py <<'END'
from seen import *
taps = [Tap("net", "i0"), Tap("home", "h0")]
for v in (4, 6):
    there, back = tcp(v, 80, taps)
    ok(len(there) > 3 and all(p.tos >> 2 == 46 for p in there), f"v{v} dscp: all that go there", [p.tos for p in there])
    ok(all(p.ttl == 98 for p in there), f"v{v} ttl: and one hop on", [p.ttl for p in there])
    ok(len(back) > 3 and all(p.tos >> 2 == 0 and p.ttl == 63 for p in back), f"v{v} dscp, ttl: not what comes back", [(p.tos, p.ttl) for p in back])
    ok(all(p.sum_ok and p.l4_ok for p in there + back), f"v{v} dscp, ttl: checksums")

    server = udp("net", FAR[v], 81)
    u = udp("home", HOME[v])
    # The second packet each way teaches the connection its route, and the others go by it.
    left = lambda *names: [stats()["counters"][k]["packets"] for k in names]
    before = left("there", "back")
    for i in range(5):
        u.sendto(b"x", (FAR[v], 81))
        data, peer = server.recvfrom(10)
        server.sendto(b"y", peer)
        u.recv(10)
    equal([b - a for a, b in zip(before, left("there", "back"))], [5, 5], f"v{v} set priority: of each packet, both ways, as it leaves")
    server.close()
    u.sendto(b"x", (FAR[v], 81))
    n = 1 if v == 4 else 2
    ok(wait_for(lambda: left("errors") == [n]), f"v{v} set priority: and of an error about it", left("errors"))
    c = conn_list("dport", "81")[-1]
    equal((c["mark"], c["ct_mark"]), (7, 7), f"v{v} set ct mark mark: of the connection")
    server2 = udp("net", FAR[v], 82)
    u.sendto(b"x", (FAR[v], 82))
    server2.recv(10)
    c = conn_list("dport", "82")[-1]
    equal((c["mark"], c["ct_mark"]), (16, 16), f"v{v} set mark ct mark: of packets")

    server3 = udp("net", FAR[v], 83)
    u.sendto(b"x", (FAR[v], 83))
    u.sendto(b"x", (FAR[v], 83))
    got = taps[0].take(83)
    ok(len(got) == 2 and all(p.tos == 0 and p.ttl == 50 and p.sum_ok for p in got), f"v{v} egress: sees what ingress set, and has the last word", [(p.tos, p.ttl) for p in got])

    there, back = tcp(v, 84, taps)
    equal([p.mss for p in there if p.flags & 2], [1200], f"v{v} mss: of the SYN")
    equal([p.mss for p in back if p.flags & 2], [1200], f"v{v} mss: of the SYN-ACK")
    ok(all(p.l4_ok for p in there + back), f"v{v} mss: checksums")
    there, back = tcp(v, 85, taps)
    equal([p.mss for p in there + back if p.flags & 2], [1100, 1100], f"v{v} mss: lowered twice")
    there, back = tcp(v, 86, taps)
    equal([p.mss for p in there + back if p.flags & 2], [1460 if v == 4 else 1440] * 2, f"v{v} mss: never raised")
s = stats()["counters"]
equal([s[k]["packets"] for k in ("carried", "five", "mss")], [2, 2, 2], "egress: saw ct mark, priority, DSCP and MSS as ingress set them")
END
is "ttl of an echo request" "$(on home ping -n -c 1 -W 1 198.51.100.7 | grep -c '1 received')" 1

# Checksum offload: the sum is only begun when we see the packet.
on home ethtool -K h0 tx on >/dev/null 2>&1
on net ethtool -K i0 tx on >/dev/null 2>&1
py <<'END'
from seen import *
for v in (4, 6):
    tcp(v, 84, [])
END

# mss clamp: the narrow link is behind us; both directions are clamped to it.
ip -n gw link set wan mtu 1400
ip -n net link set i0 mtu 1400
must_apply <<'END'
egress {
	mss clamp
	accept
}
END
py <<'END'
from seen import *
taps = [Tap("net", "i0"), Tap("home", "h0")]
for v in (4, 6):
    want = 1360 if v == 4 else 1340
    there, back = tcp(v, 90, taps)
    equal([p.mss for p in there if p.flags & 2], [want], f"v{v} clamp: the SYN")
    equal([p.mss for p in back if p.flags & 2], [want], f"v{v} clamp: the SYN-ACK")
apply("ingress { mss clamp accept }")
for v in (4, 6):
    want = 1360 if v == 4 else 1340
    there, back = tcp(v, 91, taps)
    equal([p.mss for p in there + back if p.flags & 2], [want] * 2, f"v{v} clamp in ingress: when it leaves")
END
# By the route, not by the device alone.
ip -n gw route add 198.51.100.7/32 via 203.0.113.1 mtu lock 1300
py <<'END'
from seen import *
taps = [Tap("net", "i0"), Tap("home", "h0")]
there, back = tcp(4, 92, taps)
equal([p.mss for p in there + back if p.flags & 2], [1260] * 2, "clamp: by the route's MTU")
END
on home ethtool -K h0 tx off >/dev/null 2>&1
on net ethtool -K i0 tx off >/dev/null 2>&1
ip -n gw link set wan mtu 1500
ip -n net link set i0 mtu 1500

# Devices: each frame by itself.
ip -n home link add link h0 name h0.5 type vlan id 5
ip -n gw link add link lan name lan.9 type vlan id 9
ip -n home link set h0.5 up
ip -n gw link set lan.9 up
addr home h0.5 192.168.5.2/24 fd00:5::2/64
addr gw lan.9 192.168.5.1/24 fd00:5::1/64
must_apply <<'END'
ingress device lan {
	vlan id 5 icmp type echo-request set vlan 9 count tagged accept
	vlan id 5 icmpv6 type echo-request set vlan 9 count tagged6 accept
	vlan id 5 set vlan 9 accept
	tcp dport 80 set dscp cs1 set mark 5 set priority 3 set ttl 77 set mss 1000 accept
	accept
}
egress device lan {
	vlan id 9 set vlan 5 accept
	accept
}
ingress {
	mark 5 priority 3 dscp cs1 ttl 77 count seen accept
	accept
}
END
ok "IPv4, vlan: another one, both ways" on home ping -n -c 1 -W 1 192.168.5.1
is "IPv4, vlan: counted" "$(counter tagged)" 1
ok "IPv6, vlan: another one, both ways" on home ping -n -c 1 -W 1 fd00:5::1
is "IPv6, vlan: counted" "$(counter tagged6)" 1
py <<'END'
from seen import *
taps = [Tap("net", "i0"), Tap("home", "h0")]
for v in (4, 6):
    there, back = tcp(v, 80, taps)
    ok(all(p.tos >> 2 == 8 and p.ttl == 76 and p.sum_ok and p.l4_ok for p in there), f"v{v} device: each frame", [(p.tos, p.ttl, p.sum_ok, p.l4_ok) for p in there])
    equal([p.mss for p in there if p.flags & 2], [1000], f"v{v} device: the MSS of what it sees")
    ok(all(p.mss != 1000 for p in back), f"v{v} device: and not of others")
equal(stats()["counters"]["seen"]["packets"], 2, "device: what it set is what ingress sees")
END

# Bytes at a device are the frame's: with its Ethernet header, and the tag beside it.
must_apply <<'END'
ingress device lan {
	vlan id 5 udp dport 87 count fifth set vlan 9 accept
	vlan id 5 set vlan 9 accept
	udp dport 87 count come accept
	udp dport 88 quota 300 count within accept
	accept
}
egress device lan {
	vlan id 9 set vlan 5 accept
	udp dport 87 count gone accept
	accept
}
END
py <<'END'
def becomes(name, want, what):
    def counted():
        c = stats()["counters"][name]
        return c["packets"], c["bytes"]
    wait_for(lambda: counted() == want)
    equal(counted(), want, what)

home = {v: udp("home", HOME[v]) for v in (4, 6)}
net = {v: udp("net", FAR[v]) for v in (4, 6)}
ip = {4: 20 + 8 + 100, 6: 40 + 8 + 100}
for i in range(3):
    for v in (4, 6):
        home[v].sendto(b"x" * 100, (FAR[v], 87))
        net[v].sendto(b"x" * 100, (HOME[v], 87))
frames = 3 * (14 + ip[4] + 14 + ip[6])
becomes("come", (6, frames), "device, ingress: bytes of frames")
becomes("gone", (6, frames), "device, egress: likewise")
for size in (100, 100, 1):
    home[4].sendto(b"x" * size, (FAR[4], 88))
home[4].sendto(b"x" * 100, (FAR[4], 87))
becomes("come", (7, frames + 14 + ip[4]), "device: and one behind three that have a quota")
becomes("within", (2, 2 * (14 + ip[4])), "device: of frames, two have used it up but for 16 bytes")
udp("home", "192.168.5.2").sendto(b"x" * 100, ("192.168.5.1", 87))
becomes("fifth", (1, 14 + 4 + ip[4]), "device: a tag is of the frame")
udp("home", "fd00:5::2").sendto(b"x" * 100, ("fd00:5::1", 87))
becomes("fifth", (2, 2 * (14 + 4) + ip[4] + ip[6]), "device: of IPv6, too")
END
done_testing
