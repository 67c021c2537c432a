#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What a rule does besides its verdict: log, count, set mark.
#
#   home ──── lan gw wan ──── net
#                  └─ wan2 ─── net      packets with mark 7 leave by wan2
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
link gw wan2 net i2
addr gw wan2 203.0.114.8/24
addr net i2 203.0.114.1/24
ip -n gw rule add fwmark 7 table 77
ip -n gw route add default via 203.0.114.1 table 77
ip netns exec net bash -c 'echo 0 >/proc/sys/net/ipv4/conf/i2/rp_filter'
dmesg -C
must_apply <<'END'
ingress {
	iif lan udp dport 9 log prefix "nine " count nines drop id nine
	iif lan udp dport 10 set mark 7 accept id ten
	iif lan jump pings
	mark 5 drop id five
	accept
}
tree pings { icmp type echo-request log "echo " count echoes accept; }
egress {
	mark 7 count marked accept
	accept
}
END
on home bash -c 'for i in 1 2 3; do echo x >/dev/udp/198.51.100.7/9; done'
wait_for bash -c "[ \"\$(dmesg | grep -c 'nine drop')\" = 3 ]"
line=$(dmesg | grep -m 1 'nine drop')
is "log: a line for each refused packet" "$(dmesg | grep -c 'nine drop')" 3
is "log: in the words of firewall logs" "$line" \
	"*fwtree: nine drop IN=lan OUT= SRC=192.168.1.2 DST=198.51.100.7 LEN=30 TTL=* PROTO=17 SPT=* DPT=9 RULE=*policy.fw:2 ID=nine"
is "count: packets" "$(counter nines)" 3
is "count: bytes" "$(counter nines bytes)" 90
is "rule: hits" "$(rule nine hits)" 3
on home ping -n -c 3 -i 0.02 -W 1 198.51.100.7 >/dev/null
is "log: one line for an accepted connection" "$(dmesg | grep -c 'echo accept')" 1
is "count: one for an accepted connection" "$(counter echoes)" 1

py <<'END'
server = udp("net", "198.51.100.7", 10)
u = udp("home", HOME[4])
with ns("net"):
    tap = Wire("net", "i2")
u.connect(("198.51.100.7", 10))
for i in range(3):
    u.send(b"marked%d" % i)
    server.recv(10)
equal(len([x for x in tap.frames(0.3) if b"marked" in x]), 3, "set mark: packets are routed by it")
equal(stats()["counters"]["marked"]["packets"], 1, "set mark: egress sees it")
c = conn_list("dport", "10")[0]
equal((c["mark"], c["oif"]), (7, "wan2"), "set mark: the connection keeps it")
equal(len(conn_list("mark", "7")), 1, "conn list mark 7")
END
# A mark that another part of the kernel set is seen.
on gw nft -f - <<'END'
table ip t {
	chain c {
		type filter hook prerouting priority raw
		udp dport 11 meta mark set 5
	}
}
END
on home bash -c 'echo x >/dev/udp/198.51.100.7/11'
ok "mark: set by nft before, seen by the policy" wait_for bash -c "[ \"\$(fwctl -n gw -j stats | grep -o '\"id\": *\"five\"')\" ]"
is "mark: and decided by" "$(rule five hits)" 1

# Decided afresh, egress is asked with what ingress left.
fresh() {
	cat <<END
option revalidate strict
ingress {
	iif lan udp dport 12 set mark 7 accept
	iif lan udp dport 13 set dscp 10 accept
	iif lan udp dport 14 set priority 5 accept
	iif lan udp dport 15 set ttl 99 accept
	accept
}
egress {
	mark 7 accept
	udp dport 13 dscp 10 accept
	udp dport 14 priority 5 accept
	udp dport 15 ttl > 70 accept
	udp dport 12-15 drop id lost
	accept
}
END
}
fresh | must_apply
py <<'END'
pairs = []
for port in (12, 13, 14, 15):
    server, u = udp("net", "198.51.100.7", port), udp("home", HOME[4])
    u.connect(("198.51.100.7", port))
    u.send(b"first")
    equal(server.recv(10), b"first", f"port {port}: the first passes by what ingress left")
    pairs.append((port, server, u))
text = open("policy.fw").read()
open("policy.fw", "w").write(text.replace("egress {", "egress {\n\tudp dport 99 drop"))
equal(subprocess.run(["fwctl", "-n", "gw", "apply", "policy.fw", "--full"]).returncode, 0, "another policy")
for port, server, u in pairs:
    u.send(b"second")
    server.settimeout(1)
    try:
        data = server.recv(10)
    except OSError:
        data = None
    equal(data, b"second", f"port {port}: decided afresh likewise")
END

# What starts here and is marked is routed anew, and decided with that: but as it was.
must_apply <<'END'
ingress { accept }
egress {
	iif none udp dport 20 mark 0 ct mark 0 set ct mark 5 set mark 7 accept id own
	iif none udp dport 20 drop id twice
	accept
}
END
py <<'END'
server, u = udp("net", "198.51.100.7", 20), udp("gw", "0.0.0.0")
for word in (b"one", b"two"):
    u.sendto(word, ("198.51.100.7", 20))
    server.settimeout(1)
    try:
        equal(server.recv(10), word, "set mark by what starts here: it is as it was when asked again")
    except OSError:
        ok(False, "set mark by what starts here: it is dropped")
c = conn_list("dport", "20")
ok(len(c) == 1 and (c[0]["mark"], c[0]["ct_mark"], c[0]["oif"]) == (7, 5, "wan2"), "and leaves by its mark", c)
END
is "and counts once" "$(rule own hits)" 1

# Not the mark alone: what it was changed to is not what it is asked as. What the first
# walk has set stays where the second one, which counts, sets nothing; but a verdict.
must_apply <<'END'
ingress { accept }
egress {
	iif none udp dport 21 dscp cs0 ttl 64 priority 0 set dscp ef set ttl 33 set priority 3 set mark 7 accept id all
	iif none udp dport 21 drop id twice
	iif none tcp dport 21 tcp option mss 1460 set mss 1000 set mark 7 accept id mss
	iif none tcp dport 21 drop
	iif none udp dport 22 oif wan2 dscp cs0 set ttl 44 accept id second
	iif none udp dport 22 oif wan set dscp ef set ttl 33 set mark 7 accept id first
	iif none udp dport 22 drop
	iif none udp dport 23 oif wan2 accept
	iif none udp dport 23 set mark 7 queue 44
	accept
}
END
py <<'END'
with ns("net"):
    tap = Wire("net", "i2")
s = listen("net", "198.51.100.7", 21)
ok(refused(lambda: connect("gw", "198.51.100.7", 21)) is None, "a SYN's MSS is as it was, too")
for port, want in ((21, (0xb8, 33)), (22, (0xb8, 44)), (23, (0, 64))):
    server, u = udp("net", "198.51.100.7", port), udp("gw", "0.0.0.0")
    server.settimeout(1)
    for word in (b"first", b"later"):
        u.sendto(word, ("198.51.100.7", port))
        try:
            server.recv(10)
        except OSError:
            ok(False, f"port {port}: the {word.decode()} packet is dropped")
    seen = [x for x in tap.frames(0.2) if b"first" in x or b"later" in x]
    equal([(x[15], x[22]) for x in seen], [want] * 2, f"port {port}: the first packet and the later ones are alike")
    equal([c["oif"] for c in conn_list("dport", str(port), "proto", "udp")], ["wan2"], f"port {port}: by its mark")
equal([rule(r)["hits"] for r in ("all", "mss", "second", "first")], [1, 1, 1, 0], "the second walk counts")
END
done_testing
