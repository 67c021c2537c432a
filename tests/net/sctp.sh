#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R20, R9: programs that speak SCTP, where the kernel has it (Debian's own do):
# associations through masquerade and to a server that is led elsewhere, whose CRC the
# other end's stack finds right, with it left to the device and without.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
modprobe sctp 2>/dev/null
if ! python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)' 2>/dev/null; then
	skip "SCTP through translations" "this kernel has no SCTP"
	done_testing
	exit
fi
topology
must_apply <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	iif lan accept
	iif wan daddr 203.0.113.8 protocol sctp dport 9000 dnat to 192.168.1.2:9001 accept
	iif wan daddr 2001:db8:1::8 protocol sctp dport 9000 dnat to [fd00:1::2]:9001 accept
	drop id unasked
}
egress { iif lan oif wan protocol sctp masquerade to :7000-7009 accept; oif wan masquerade accept; accept }
END
py <<'END'
def sctp(host, addr, port=0):
    with ns(host):
        s = socket.socket(family(addr), socket.SOCK_STREAM, 132)
    s.settimeout(TIMEOUT * 3)
    s.bind((addr, port))
    return s

def associate(what, client, addr, to, server):
    """Two ends that talk."""
    c = sctp(client, addr, 4242)
    c.connect(to)
    s, peer = server.accept()
    s.settimeout(TIMEOUT * 3)
    data = os.urandom(30000)
    c.sendall(data[:1000])
    equal(receive(s, 1000) == data[:1000], True, f"{what}: what is said arrives")
    s.sendall(data)
    equal(receive(c, len(data)) == data, True, f"{what}: and what is answered, in many pieces")
    return c, s, peer

for offload in ("on", "off"):
    for host, dev in (("home", "h0"), ("net", "i0"), ("gw", "lan"), ("gw", "wan")):
        run("ip", "netns", "exec", host, "ethtool", "-K", dev, "tx-checksum-sctp", offload)
    for f in (4, 6):
        what = f"IPv{f}, offload {offload}"
        server = sctp("net", FAR[f], 9000)
        server.listen(5)
        c, s, peer = associate(what, "home", HOME[f], (FAR[f], 9000), server)
        ok(peer[0] == WAN[f] and 7000 <= peer[1] <= 7009, f"{what}: the server sees a port of the range", peer)
        l = conn_list("sctp", f"ipv{f}")
        equal([(x["original"]["sport"], x["reply"]["dport"], x["state"], x["assured"]) for x in l],
              [(4242, peer[1], "REPLIED", True)], f"{what}: listed by its ports")
        ok(l and l[0]["original"]["packets"] > 3 and l[0]["reply"]["bytes"] > 30000, f"{what}: and counted", l)
        c.close()
        equal(s.recv(10), b"", f"{what}: its end is told")
        for x in (s, server):
            x.close()
        # The other way: a stranger is led to a server inside.
        server = sctp("home", HOME[f], 9001)
        server.listen(5)
        c, s, peer = associate(f"{what}, dnat", "net", FAR[f], (WAN[f], 9000), server)
        equal(peer[0], FAR[f], f"{what}, dnat: the source stays")
        for x in (c, s, server):
            x.close()
        fwctl("conn", "flush")
equal(rule("unasked")["hits"], 0, "nothing of it was a stranger's")
equal(reason("checksum"), 0, "and no checksum was wrong")
END
done_testing
