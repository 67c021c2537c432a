#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# limit, quota, random and split, by packets that come.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
# Who is to be counted at once must not wait for neighbours first.
ok "IPv4 gets there" on home ping -n -c 1 -W 5 198.51.100.7
ok "IPv6 gets there" on home ping -n -c 1 -W 5 2001:db8:77::7
py <<'END'
def hits(name):
    return rule(name)["hits"]

def first(f, dport, n, src=None, size=1):
    """N packets that begin a connection each."""
    for _ in range(n):
        s = udp("home", src or HOME[f])
        s.sendto(b"x" * size, (FAR[f], dport))
        s.close()

def figures(kind, name, host="gw"):
    return next(l for l in stats(host)[kind] if l["id"] == name)

POLICY = """option adopt 0s
ingress {
    iif lo accept
    ct state untracked accept
    udp dport 5000 limit 3/hour burst 4 by saddr/32/64 accept id own
    udp dport 5000 drop id own-over
    udp dport 5001 limit over 1/day burst 2 drop id all-over
    udp dport 5001 accept id all
    udp dport 5002 limit 5/hour accept id five
    udp dport 5002 drop
    udp dport 5003 limit 2k/second burst 3k by saddr . dport accept id bytes
    udp dport 5003 drop id bytes-over
    udp dport 5004 quota 10k accept id quota
    udp dport 5004 drop id quota-over
    accept
}
egress { udp dport 5010 limit 1/day burst 3 by daddr/24/48 accept id out; udp dport 5010 reject; accept }
"""
for f in (4, 6):
    apply(POLICY)
    fwctl("flush")
    apply(POLICY)
    first(f, 5000, 10)
    equal((hits("own"), hits("own-over")), (4, 6), f"IPv{f}: limit by source: as many as the burst, and then no more")
    other = {4: "192.168.1.77", 6: "fd00:1:0:0:7::77"}[f]
    run("ip", "-n", "home", "addr", "add", other + ("/24" if f == 4 else "/64"), "dev", "h0", *(["nodad"] if f == 6 else []))
    first(f, 5000, 3, other)
    equal(hits("own"), 7 if f == 4 else 4, f"IPv{f}: {'another source has its own' if f == 4 else 'addresses of one /64 are one source'}")
    first(f, 5001, 6)
    equal((hits("all"), hits("all-over")), (2, 4), f"IPv{f}: limit over: is true of what is over, for all together")
    first(f, 5002, 9)
    equal(hits("five"), 5, f"IPv{f}: a burst that is not written is five packets")
    first(f, 5003, 5, size=1000)
    equal((hits("bytes"), hits("bytes-over")), (2, 3), f"IPv{f}: a limit in bytes: two of 1000 in a burst of 3k")
    first(f, 5004, 12, size=1000)
    n = 10240 // (1000 + (28 if f == 4 else 48))
    equal((hits("quota"), hits("quota-over")), (n, 12 - n), f"IPv{f}: quota: so many bytes, headers too")
    with ns("gw"):
        own = [sock(socket.SOCK_DGRAM, WAN[f]) for _ in range(6)]
    got = sum(1 for s in own if refused(lambda: s.sendto(b"x", (FAR[f], 5010))) is None)
    equal(hits("out"), 3, f"IPv{f}: a limit of what leaves, begun here")
END
done_testing
