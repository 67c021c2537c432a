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

# Sockets that may share an address may be given one port, which is one connection.
ports = iter(range(10000, 30000))

def first(f, dport, n, src=None, size=1):
    """N packets that begin a connection each."""
    for _ in range(n):
        s = udp("home", src or HOME[f], next(ports))
        s.sendto(b"x" * size, (FAR[f], dport))
        s.close()

def becomes(call, want, what):
    """Packets may still be on their way: a moment later it is so."""
    wait_for(lambda: call() == want)
    equal(call(), want, what)

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
def anew(policy):
    """In force with limits that are full: those of the policy before are not found."""
    if stats()["program"]:
        fwctl("flush")
    apply(policy)
    run("fwctl", "-n", "gw", "stats", "--reset")

for f in (4, 6):
    anew(POLICY)
    first(f, 5000, 10)
    becomes(lambda: (hits("own"), hits("own-over")), (4, 6), f"IPv{f}: limit by source: as many as the burst, and then no more")
    other = {4: "192.168.1.77", 6: "fd00:1:0:0:7::77"}[f]
    run("ip", "-n", "home", "addr", "add", other + ("/24" if f == 4 else "/64"), "dev", "h0", *(["nodad"] if f == 6 else []))
    first(f, 5000, 3, other)
    becomes(lambda: hits("own"), 7 if f == 4 else 4, f"IPv{f}: {'another source has its own' if f == 4 else 'addresses of one /64 are one source'}")
    first(f, 5001, 6)
    becomes(lambda: (hits("all"), hits("all-over")), (2, 4), f"IPv{f}: limit over: is true of what is over, for all together")
    first(f, 5002, 9)
    becomes(lambda: hits("five"), 5, f"IPv{f}: a burst that is not written is five packets")
    begin = time.monotonic()
    first(f, 5003, 5, size=1000)
    wait_for(lambda: hits("bytes") + hits("bytes-over") == 5)
    ok(2 <= hits("bytes") <= (3072 + 2048 * (time.monotonic() - begin)) / 1000,
       f"IPv{f}: a limit in bytes: two of 1000 in a burst of 3k", hits("bytes"))
    first(f, 5004, 12, size=1000)
    n = 10240 // (1000 + (28 if f == 4 else 48))
    becomes(lambda: (hits("quota"), hits("quota-over")), (n, 12 - n), f"IPv{f}: quota: so many bytes, headers too")
    with ns("gw"):
        own = [sock(socket.SOCK_DGRAM, WAN[f], next(ports)) for _ in range(6)]
    got = sum(1 for s in own if refused(lambda: s.sendto(b"x", (FAR[f], 5010))) is None)
    becomes(lambda: hits("out"), 3, f"IPv{f}: a limit of what leaves, begun here")

# What is there to be read of them.
anew(POLICY)
first(4, 5000, 6)
first(4, 5002, 6)
first(4, 5004, 2, size=1000)
wait_for(lambda: figures("limits", "own")["over"] == 2 and figures("quotas", "quota")["passed"] == 2)
l = figures("limits", "own")
equal((l["rate"], l["per"], l["burst"], l["unit"], l["tokens"], l["passed"], l["over"], l["keys"]),
      (3, 3600, 4, "packets", None, 4, 2, 1), "stats: a limit with keys")
l = figures("limits", "five")
equal((l["tokens"], l["passed"], l["over"]), (0, 5, 1), "stats: one for all has tokens")
equal(figures("limits", "all-over")["tokens"], 2, "stats: as many as its burst where nobody came")
l = figures("limits", "bytes")
equal((l["rate"], l["unit"], l["burst"]), (2048, "bytes", 3072), "stats: one of bytes")
q = figures("quotas", "quota")
equal((q["size"], q["used"], q["passed"], q["over"]), (10240, 2056, 2, 0), "stats: a quota")
ok("[own]" in run("fwctl", "-n", "gw", "stats").stdout and
   "5/hour" in run("fwctl", "-n", "gw", "stats").stdout, "stats: the same in words")

# They stay when the policy changes, and are others when they are others.
first(4, 5004, 1, size=1000)
apply(POLICY.replace("udp dport 5010", "udp dport 5999 drop; udp dport 5010").replace("quota 10k", "quota 20k"))
first(4, 5000, 3)
becomes(lambda: figures("limits", "own")["over"], 5, "another policy with the same limit: who was over stays so")
q = figures("quotas", "quota")
equal((q["size"], q["used"]), (20480, 3084), "another policy with a larger quota: what was used stays so")
apply(POLICY.replace("3/hour burst 4", "3/hour burst 5"))
first(4, 5000, 9)
equal(figures("limits", "own")["passed"], 5, "another limit begins full")
run("fwctl", "-n", "gw", "stats", "--reset")
l, q = figures("limits", "own"), figures("quotas", "quota")
equal((l["passed"], l["over"], l["keys"], q["passed"], q["used"]), (0, 0, 1, 0, 3084),
      "stats --reset: counts are 0, what is allowed is not")
run("fwctl", "-n", "gw", "stats", "--reset-quotas")
equal(figures("quotas", "quota")["used"], 0, "stats --reset-quotas: quotas begin anew")

# A patch neither says nor takes away what has state; one beside it leaves it alone.
r = run("fwctl", "-n", "gw", "-j", "rule", "add", "before", "own", "udp dport 5050 limit 1/day burst 1 drop id more")
first(4, 5050, 3)
first(4, 5000, 2)
equal((r.returncode, hits("more"), figures("limits", "own")["over"]), (0, 1, 2),
      "fwctl rule: a rule with a limit goes the whole way, and the others stay as they are")
run("fwctl", "-n", "gw", "rule", "delete", "more")
equal((len([l for l in stats()["limits"] if l["id"] == "more"]), figures("limits", "own")["over"]), (0, 2),
      "fwctl rule: one with a limit goes, and the others stay")

# Deciding afresh takes nothing, and lets nothing end that a limit let pass.
LIVE = """option adopt 0s
option timeout udp 10m
ingress { iif lo accept; ct state untracked accept; udp dport 5100 limit 2/day burst 2 accept id live; udp dport 5100 drop id no
          udp dport 5101 random 1/2 { set mark 1; accept id heads }; udp dport 5101 accept id tails
          udp dport 5102 split round-robin { 1 -> accept id a; 1 -> accept id b; 2 -> accept id c }
          udp dport 5103 split hash saddr . sport { 1 -> accept id ha; 3 -> accept id hb }
          udp dport 5104 split random { 1 -> accept id ra; 1 -> accept id rb }
          %s; accept }
egress { accept }
"""
def deciders(port):
    return {c["original"]["sport"]: c["rules"]["ingress"]["id"] for c in conn_list("dport", str(port))}

for f in (4, 6):
    fwctl("conn", "flush")
    anew(LIVE % "mark 2 accept")
    live = [udp("home", HOME[f], next(ports)) for _ in range(3)]
    many = [udp("home", HOME[f], next(ports)) for _ in range(60)]
    for s in live:
        s.sendto(b"x", (FAR[f], 5100))
    for s in many:
        for port in (5101, 5102, 5103, 5104):
            s.sendto(b"x", (FAR[f], port))
    equal(len(conn_list("dport", "5100")), 2, f"IPv{f}: a limit lets two pass")
    wait_for(lambda: all(len(deciders(port)) == 60 for port in (5101, 5102, 5103, 5104)))
    was = {port: deciders(port) for port in (5101, 5102, 5103, 5104)}
    c = list(was[5102].values())
    equal((c.count("a"), c.count("b"), c.count("c")), (15, 15, 30), f"IPv{f}: split round-robin: by weight, to the one")
    equal([was[5102][s.getsockname()[1]] for s in many[:8]], list("abccabcc"), f"IPv{f}: split round-robin: in turns")
    n = [list(was[5103].values()).count("ha"), list(was[5104].values()).count("ra"), list(was[5101].values()).count("heads")]
    ok(3 <= n[0] <= 30 and 12 <= n[1] <= 48 and 12 <= n[2] <= 48, f"IPv{f}: hash, random: by weight, more or less", n)
    for k in range(3):
        apply(LIVE % f"mark {3 + k} accept")
        for s in many:
            for port in was:
                s.sendto(b"x", (FAR[f], port))
        for s in live:
            s.sendto(b"x", (FAR[f], 5100))
        equal({port: deciders(port) for port in was}, was, f"IPv{f}: decided afresh, every choice stays ({k + 1})")
    equal((len(conn_list("dport", "5100")), figures("limits", "live")["passed"]), (2, 2),
          f"IPv{f}: decided afresh, what passed is under, and takes no token")
    for s in live + many:
        s.close()

# A local connection that is split among servers keeps its server from LOCAL_OUT on.
apply("""option adopt 0s
ingress { accept }
egress { udp dport 5200 split round-robin { 1 -> dnat to 198.51.100.7:5201 accept; 1 -> dnat to 203.0.113.1:5202 accept }; accept }
""")
with ns("gw"):
    own = [sock(socket.SOCK_DGRAM, "0.0.0.0", next(ports)) for _ in range(6)]
for s in own:
    s.sendto(b"x", ("198.51.100.99", 5200))
got = sorted((c["reply"]["saddr"], c["reply"]["sport"]) for c in conn_list("dport", "5200"))
equal(got, 3 * [("198.51.100.7", 5201)] + 3 * [("203.0.113.1", 5202)], "split round-robin of what starts here: each goes where it was sent")
equal(reason("dnat-late"), 0, "and none is led elsewhere on its way")

# At a device: each frame.
apply("""ingress device lan { arp op request accept; udp dport 5300 limit 10/hour burst 3 by saddr/32/64 accept id frames
    udp dport 5300 drop; udp dport 5301 quota 3k accept id volume; udp dport 5301 drop
    udp dport 5302 random 1/2 drop id half; udp dport 5303 split round-robin { 2 -> drop id two; 1 -> accept id one }
    udp dport 5304 limit over 10/hour burst 10 by ether saddr drop id mac; accept }
""")
for f in (4, 6):
    fwctl("stats", "--reset-quotas")
    s = udp("home", HOME[f])
    for _ in range(9):
        s.sendto(b"x", (FAR[f], 5300))
        s.sendto(b"x" * 1000, (FAR[f], 5301))
        s.sendto(b"x", (FAR[f], 5303))
    becomes(lambda: (hits("frames"), hits("volume"), hits("two"), hits("one")), (3, 2, 6, 3),
          f"IPv{f}: a device's tree limits each frame")
s = udp("home", HOME[4])
for _ in range(200):
    s.sendto(b"x", (FAR[4], 5302))
ok(60 <= hits("half") <= 140, "a device's tree: each frame has its own chance", hits("half"))
for _ in range(14):
    s.sendto(b"x", (FAR[4], 5304))
becomes(lambda: (hits("mac"), figures("limits", "mac")["passed"]), (4, 10), "a device's tree: by MAC address")

# Many things in one walk: none is lost, and too many are a drop that says so.
apply("option adopt 0s\ningress { iif lo accept; ct state untracked accept\n" +
      "".join(f"udp dport 5400-5401 limit 1/day burst 1 by saddr . sport count c{i}\n" for i in range(16)) +
      "udp dport 5401 limit 1/day count c16\naccept }\negress { accept }\n")
was = reason("too-many-effects")
first(4, 5400, 1)
equal((len(conn_list("dport", "5400")), stats()["counters"]["c15"]["packets"]), (1, 1), "16 limits in a walk")
first(4, 5401, 1)
equal((len(conn_list("dport", "5401")), reason("too-many-effects") - was), (0, 1), "17 are a drop, too-many-effects")

# A flood of what is logged: the log is limited, and so is what is let pass.
apply("""option adopt 0s
option log-rate 5/second
ingress { iif lo accept; ct state untracked accept; udp dport 5500 limit over 1/minute burst 20 by saddr log "flood " drop id flood; accept }
egress { accept }
""")
was = reason("logs-limited")
first(4, 5500, 300)
becomes(lambda: (hits("flood"), len(conn_list("dport", "5500"))), (280, 20), "a flood: the burst passes, no more")
ok(reason("logs-limited") - was >= 200, "and the log of it is limited", reason("logs-limited") - was)

# Rates that are no whole number a second: so many in each minute, hour, day; another one
# counts at once, and does not wait for the end of the former one's day.
for rate, n in (("3/minute", 3), ("2/day", 2), ("4/day", 4), ("5/hour", 5)):
    apply(f"option log-rate {rate}\ningress {{ iif lo accept; udp dport 5501 log drop; accept }}\n")
    was = reason("logs-limited")
    first(4, 5501, 20)
    becomes(lambda: reason("logs-limited") - was, 20 - n, f"log-rate {rate}")


# Many sources at once: each has its own, in memory that is bounded; and as many
# networks of IPv6. (A hundred thousand of them: tests/kunit/test_rate.c, and make bench.)
N = 20000 if os.environ.get("FWTREE_FLAVOUR", "fast") == "fast" else 2000
apply("""ingress device lan {
    ether type 0x0800 limit 1/hour burst 1 by saddr accept id four; ether type 0x0800 drop
    ip6 saddr 2001:db8::/32 limit 1/hour burst 1 by saddr/32/64 accept id six; ip6 saddr 2001:db8::/32 drop
    accept }
""")
run("fwctl", "-n", "gw", "stats", "--reset")
wire = Wire("home", "h0")
to, own = mac("gw", "lan"), mac("home", "h0")
v4 = to + own + b"\x08\x00" + bytes.fromhex("45000014000000004011") + b"\0\0"
v6 = to + own + b"\x86\xdd" + bytes.fromhex("600000000000") + b"\x3b\x40" + bytes.fromhex("20010db8")
far = {f: socket.inet_pton(FAMILY[f], FAR[f]) for f in (4, 6)}
for times in range(2):
    for i in range(N):
        wire.s.send(v4 + struct.pack("!I", 0x0b000000 + i) + far[4])
        wire.s.send(v6 + struct.pack("!IQ", i, times) + far[6])
for name in ("four", "six"):
    wait_for(lambda: figures("limits", name)["passed"] + figures("limits", name)["over"] >= 2 * N * 0.98, 30)
    l = figures("limits", name)
    # What was evicted while the table grew passes once more.
    ok(N * 0.98 <= l["passed"] <= N + l["evicted"] and l["over"] >= 2 * N * 0.97 - l["passed"],
       f"{N} sources, {name}: each passes once", l)
    ok(l["keys"] >= N * 0.97 - l["evicted"] and l["memory"] < 9 << 20, f"{N} sources, {name}: they are remembered", l)
END
done_testing
