#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R22: only what leaves with accept makes an entry. What we refuse leaves none; of
# what another one drops behind us nothing stays past two seconds.
#
#   home ──── lan gw wan ──── net        gw's own nftables drop in forward
# flavours: time-travel
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
must_apply <<'END'
option adopt 0s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop
	udp dport 1 drop id in
	daddr 198.51.100.7 udp dport 2 dnat to 198.51.100.7:99 accept
	accept }
egress { udp dport 3 drop id out; udp dport 99 drop id out2; oif wan masquerade accept; accept }
END
ip netns exec gw nft -f - <<'END'
table ip t {
	chain f {
		type filter hook forward priority 0
		udp dport 4 drop
	}
}
END
py <<'END'
u = udp("home", HOME[4], 5000)
for port, what in ((1, "ingress says drop"), (3, "egress says drop"), (2, "egress says drop, translated")):
    u.sendto(b"x", (FAR[4], port))
    equal(conn_list(), [], f"{what}: no entry")
equal([rule(r)["hits"] for r in ("in", "out", "out2")], [1, 1, 1], "each was asked once")

u.sendto(b"x", (FAR[4], 4))
got = conn_list()
equal([(c["original"]["dport"], c["tentative"], c["timeout"] <= 2) for c in got], [(4, True, True)],
      "dropped behind us: tentative")
time.sleep(1.7)
equal(len(conn_list()), 1, "for almost two seconds it is there")
u.sendto(b"x", (FAR[4], 4))
time.sleep(0.5)
equal(conn_list(), [], "and then gone, whatever was sent again")
time.sleep(8)
c = stats()["connections"]
equal((c["count"], c["created"]), (0, c["ended"]), "and all of them are collected")

# A SYN that is refused ends nothing, not even what is over.
p = Pair("home", FAR[4], 80, listen("net", FAR[4], 80), source=(HOME[4], 6000))
p.talk()
p.c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
p.c.close()
state = lambda: [(c["id"], c["state"]) for c in conn_list("proto", "tcp")]
ok(wait_for(lambda: state() and state()[0][1] == "CLOSE"), "the connection is over", state())
before = state()
apply("""option adopt 0s
option revalidate off
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan drop id refused; accept }
egress { oif wan masquerade accept; accept }""")
wire = Wire("home", "h0")
head = mac("gw", "lan") + mac("home", "h0") + b"\x08\0"
src, dst = socket.inet_aton(HOME[4]), socket.inet_aton(FAR[4])

def syn(seq):
    t = struct.pack("!HHIIBBHHH", 6000, 80, seq, 0, 0x50, 2, 65535, 0, 0)
    s = csum(src + dst + struct.pack("!BBH", 0, 6, len(t)) + t)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + src + dst
    return head + ip[:10] + struct.pack("!H", csum(ip)) + ip[12:] + t[:16] + struct.pack("!H", s) + t[18:]

for i in range(4):
    wire.send(syn(i << 30))
ok(wait_for(lambda: rule("refused")["hits"] == 4), "SYNs that would open it anew are refused", rule("refused"))
equal(state(), before, "and the entry is what it was")
END
done_testing
