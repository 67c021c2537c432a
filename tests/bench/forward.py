# SPDX-License-Identifier: GPL-2.0
"""Forwarding: packets of known flows, and of new ones.

Buffers are not shared, or the IP layer would copy each, and are not sent in bursts,
which would repeat one and the same buffer after it was translated. What left is
counted at the other device: a run that loses packets has failed.
"""
import json
import struct
import time

from bench import (PARTS, Ipvs, Nft, NFT_DROP, Nothing, Ours, idle, mark, must, pktgen, play, sent,
                   set_trace, settle, sh, taken)

PORTS = 16384       # of a client
SERVERS = 61        # a prime: counting up, pktgen meets each pair of server and port

NFT_CT = """table ip t {
chain f { type filter hook forward priority 0; policy drop;
ct state established accept
iif d0 accept
}
}
"""
NAT = """table ip n {
chain p { type nat hook postrouting priority 100;
oif d1 masquerade
}
}
"""
# As nft's documents set it up; what its fast path does not take, is counted.
FLOWTABLE = """table ip t {
counter slow { }
flowtable f { hook ingress priority 0; devices = { d0, d1 }; }
chain f { type filter hook forward priority 0; policy drop;
counter name slow
ct state established flow add @f accept
iif d0 accept
}
}
"""
OURS = """option conn-max 2200000
option conn-adaptive-start 0
option timeout udp 1h
ingress { iif { d0, d1 } accept
drop }
egress { accept }
"""
OURS_NAT = """option conn-max 2200000
option conn-adaptive-start 0
option timeout udp 1h
ingress { iif d0 accept
drop }
egress { iif d0 oif d1 masquerade
accept }
"""


def forwarders():
    """All who forward, by label; and whom each's added time is held against."""
    contenders = [Nothing(), Nft(NFT_DROP, "(dropped at once)"), Nft(NFT_CT, "nf_conntrack"),
                  Nft(FLOWTABLE, "nft flowtable"), Ours(OURS, "fwtree"),
                  Nft(NFT_CT + NAT, "nft masquerade"),
                  Nft(FLOWTABLE + NAT, "flowtable masquerade"),
                  Ours(OURS_NAT, "fwtree masquerade")]
    pairs = [("nf_conntrack", None), ("fwtree", "nf_conntrack"), ("nft masquerade", None),
             ("fwtree masquerade", "nft masquerade")]
    return contenders, pairs


def stream(servers, at_random):
    """One client's flows to so many servers, in turn or at random."""
    rnd = "" if at_random else "!"
    return ["burst 1", "clone_skb 0", "flag !SHARED", f"flag {rnd}UDPSRC_RND",
            f"flag {rnd if servers > 1 else '!'}IPDST_RND", "flag !IPSRC_RND",
            "src_min 10.0.0.2", "src_max 10.0.0.2",
            # A range at random is without its end.
            "dst_min 198.18.0.1", f"dst_max 198.18.0.{servers + (at_random and servers > 1)}",
            "udp_src_min 10000", f"udp_src_max {10000 + PORTS}",
            "udp_dst_min 9", "udp_dst_max 9"]


def replies(to, servers, lo, hi):
    return ["burst 1", "clone_skb 0", "flag !SHARED", "flag !UDPSRC_RND", "flag !IPDST_RND",
            "src_min 198.18.0.1", f"src_max 198.18.0.{servers}",
            f"dst_min {to}", f"dst_max {to}", "udp_src_min 9", "udp_src_max 9",
            f"udp_dst_min {lo}", f"udp_dst_max {hi + 1}"]


def establish(c, servers):
    """Each flow gets its entry, an answer, and one more packet: whoever notes a route or
    takes the fast path for what is known, has by then.
    """
    flows = servers * PORTS
    mark.off = True
    pktgen("d0", flows, stream(servers, False))
    nat = "masquerade" in c.label
    # nft keeps the source port where it can, ours is at random.
    lo, hi = (1024, 65534) if nat and c.name == "fwtree" else (10000, 10000 + PORTS - 1)
    out = sent("d0")
    pktgen("d1", (hi - lo + 1) * servers,
           replies("203.0.113.1" if nat else "10.0.0.2", servers, lo, hi))
    must("replies", sent("d0") - out, flows, 0.99)
    pktgen("d0", flows, stream(servers, False))
    mark.off = False
    idle()


def slow_path():
    counters = json.loads(sh("nft -j list counters"))["nftables"]
    return next(x["counter"]["packets"] for x in counters if "counter" in x)


def known(b, name, servers, count):
    contenders, pairs = forwarders()
    for c in contenders:
        c.most = 2 if b.args.quick and servers > 1 else None

    def measure(c):
        if c.label not in ("linux", "(dropped at once)"):
            establish(c, servers)
        bypass = "flowtable" in c.label
        out, slow = sent("d1"), slow_path() if bypass else 0
        ns = pktgen("d0", count, stream(servers, True), PARTS)
        if c.label != "(dropped at once)":
            must("forwarded", sent("d1") - out, count)
        if bypass:
            must("by the flowtable", count - (slow_path() - slow), count, 0.99)
        c.forget()
        return ns

    try:
        least = b.rates(name, contenders, measure, "linux")
    finally:
        for c in contenders:
            c.forget()
    short = name.replace("forward, ", "").replace(" UDP", "")
    b.added(f"forward, {short}: added to the plain kernel", least, pairs)
    return least


def forward(b):
    of = {}
    b.do("forward, 16k UDP flows",
         lambda b, name: of.update(few=known(b, name, 1, int(400e3 * b.scale) + 4 * PORTS)))
    b.do("forward, 1M UDP flows",
         lambda b, name: of.update(many=known(b, name, SERVERS, int(1.2e6 * b.scale))))
    if len(of) == 2 and not b.args.who:
        for who in of["few"]:
            if who != "(dropped at once)" and who in of["many"]:
                b.row("1M flows take, of the time with 16k", who,
                      [of["many"][who] / of["few"][who]], "times")


# Each packet a flow of its own: sources count up.
NEW = ["burst 1", "clone_skb 0", "flag !SHARED", "flag UDPSRC_RND", "flag IPDST_RND",
       "src_min 10.1.0.1", "src_max 10.15.255.254",
       "dst_min 198.18.0.1", "dst_max 198.18.3.254",
       "udp_src_min 1024", "udp_src_max 65000",
       "udp_dst_min 9", "udp_dst_max 9"]


def syns(n):
    """A trace of so many first segments."""
    return b"".join(struct.pack(">IIHHB3x", 0x0a010001 + i, 0xc6120001 + i * 7 % 1021,
                                1024 + i * 40503 % 64000, 443, 6) for i in range(n))


SHARE_MAX = 96      # of a connection that is in the hash by two pairs


def to_size(c, send):
    """The same once unmeasured: hash tables that grow with what is in them have grown."""
    if c.label != "linux":
        mark.off = True
        send()
        mark.off = False
        idle()


def new(b, name, tcp):
    count = int(200e3 * b.scale)
    contenders, pairs = forwarders()
    contenders = [c for c in contenders if "flowtable" not in c.label and "dropped" not in c.label]
    memory, of_records = {}, {}
    if tcp:
        set_trace(syns(count))

    def send():
        return play(count, True) if tcp else pktgen("d0", count, NEW, PARTS)

    def measure(c):
        settle()
        before = taken()
        to_size(c, send)
        if c.label != "linux":
            memory.setdefault(c.label, []).append((taken() - before) / count)
        c.forget()
        settle()
        out = sent("d1")
        ns = send()
        must("forwarded", sent("d1") - out, count, 0.999)
        if c.label.startswith("fwtree"):
            s = json.loads(sh("fwctl -j stats"))["connections"]
            share = s["hash_memory"] / s["count"]
            must("bytes of hash a connection, at most", SHARE_MAX, int(share))
            of_records.setdefault(c.label, []).append((s["memory"] / s["count"], share))
        c.forget()
        settle()
        return ns

    least = b.rates(name, contenders, measure, "linux")
    b.added(f"{name}: added to the plain kernel", least, pairs)
    if tcp or b.args.who:
        return
    # What is there at once; what the kernel has less is so of the first round alone, before
    # hash and slabs that stay are used again.
    name = "memory of a connection"
    for who, of in of_records.items():
        b.row(name + ": its record", who, [r for r, _ in of], "bytes")
        b.row(name + ": its share of the hash", who, [h for _, h in of], "bytes")
        b.row(name + ": record and share", who, [r + h for r, h in of], "bytes")
    for who, peer in pairs:
        b.row(name + ": what the kernel has less", who, memory[who][:1], "bytes", peer,
              peer and memory[who][0] / memory[peer][0])


# A service, and its servers, by way of d1.
SERVICE = "198.18.0.1"
TARGETS = [f"198.18.9.{n}" for n in range(1, 17)]


def balancers():
    def nft(how):
        to = ", ".join(f"{n} : {a}" for n, a in enumerate(TARGETS))
        return NFT_CT + "table ip n {\nchain p { type nat hook prerouting priority -100;\n" \
            f"ip daddr {SERVICE} udp dport 9 dnat to {how} map {{ {to} }}\n}}\n}}\n"

    def ours(scheduler):
        return f"pool p {{ scheduler {scheduler}; {'; '.join(TARGETS)} }}\n" + \
            OURS.replace("iif { d0, d1 } accept", f"iif d0 daddr {SERVICE} udp dport 9 "
                         "balance @p accept\niif d1 accept")

    def ipvs(scheduler):
        return Ipvs(scheduler, SERVICE + ":9", [t + ":9" for t in TARGETS])

    return [Nothing(), Nft(nft("numgen inc mod 16"), "nft numgen"),
            Nft(nft("jhash ip saddr . udp sport mod 16"), "nft jhash"),
            ipvs("rr"), ipvs("mh"), ipvs("lc"),
            Ours(ours("round-robin"), "fwtree round-robin"), Ours(ours("maglev"), "fwtree maglev"),
            Ours(ours("least-conn"), "fwtree least-conn")]


def held_against(round_robin, maglev, least_conn=None):
    return [("fwtree round-robin", round_robin), ("fwtree maglev", maglev),
            ("fwtree least-conn", least_conn)]


def balanced(b, name):
    """New connections to one service, spread over 16 servers."""
    count = int(200e3 * b.scale)
    contenders = balancers()
    to_one = [s for s in NEW if "dst_m" not in s and "IPDST" not in s] + [
        "flag !IPDST_RND", f"dst_min {SERVICE}", f"dst_max {SERVICE}"]

    def measure(c):
        settle()
        to_size(c, lambda: pktgen("d0", count, to_one))
        c.forget()
        settle()
        out = sent("d1")
        ns = pktgen("d0", count, to_one, PARTS)
        must("forwarded", sent("d1") - out, count, 0.999)
        c.forget()
        return ns

    least = b.rates(name, contenders, measure, "linux")
    alone = [(c.label, None) for c in contenders[1:] if c.name != "fwtree"]
    b.added(f"{name}: added to the plain kernel", least,
            alone + held_against("nft numgen", "nft jhash"))
    b.added(f"{name}: added, beside IPVS", least, held_against("ipvs rr", "ipvs mh", "ipvs lc"))


def million(b, name):
    """The table with a million live connections: one client address each."""
    n = 1000000
    each = ["burst 1", "clone_skb 0", "flag !SHARED", "flag !IPSRC_RND", "flag !UDPSRC_RND",
            "flag !IPDST_RND", "src_min 10.1.0.0",
            "src_max 10.16.66.63", "dst_min 198.18.0.1", "dst_max 198.18.0.1",
            "udp_src_min 1024", "udp_src_max 1024", "udp_dst_min 9", "udp_dst_max 9"]
    some = [s.replace("!IPSRC_RND", "IPSRC_RND") for s in each]
    ct, ours = Nft(NFT_CT, "nf_conntrack"), Ours(OURS)
    rows = {k: {} for k in ("created", "looked up", "listed", "listed as JSON",
                            "counted by a filter", "flushed")}

    def timed(command):
        t = time.monotonic()
        out = sh(command)
        return (time.monotonic() - t) * 1000, out

    for c in (ct, ours):
        c.start()
        settle()
        out = sent("d1")
        rows["created"][c] = [pktgen("d0", n, each)]
        rows["looked up"][c] = [pktgen("d0", n // 4, some) for _ in range(b.rounds)]
        must("forwarded", sent("d1") - out, n + n // 4 * b.rounds)
        if c is ours:
            # Chains are measured by the collector, whose round takes four seconds.
            time.sleep(9)
            s = json.loads(sh("fwctl -j stats"))["connections"]
            must("connections", s["count"], n)
            b.row(name + ": memory of one", "fwtree", [s["memory"] / s["count"]], "bytes")
            b.row(name + ": longest chain", "fwtree", [s["chain"]], "records")
            rows["counted by a filter"][c] = [timed("fwctl conn count dport 1")[0]]
        lists = {"listed": "fwctl conn list", "listed as JSON": "fwctl -j conn list"} \
            if c is ours else {"listed": "conntrack -L -o id 2>/dev/null"}
        for what, command in lists.items():
            ms, text = timed(command + " | wc -l")
            if int(text.split()[-1]) >= n:
                rows[what][c] = [ms]
        rows["flushed"][c] = [timed("fwctl conn flush" if c is ours else "conntrack -F")[0]]
        c.stop()
    for what, times in rows.items():
        unit = "ns/packet" if what in ("created", "looked up") else "ms"
        for c in (ct, ours):
            if c in times:
                both = c is ours and ct in times
                b.row(f"{name}: {what}", c.label, times[c], unit, ct.label if both else None,
                      min(times[c]) / min(times[ct]) if both else None)


SHORT = 60000       # ports

NFT_SHORT = NFT_CT + f"""table ip n {{
chain p {{ type nat hook postrouting priority 100;
oif d1 meta l4proto udp masquerade to :1024-{1023 + SHORT}
}}
}}
"""
OURS_SHORT = OURS_NAT.replace("masquerade", f"masquerade to :1024-{1023 + SHORT}")


def short_of_ports(b, name):
    """Clients, one port each, that a range has few ports left for, to one server."""
    def clients(first, n):
        ends = [".".join(str(x) for x in (0x0a010000 + i).to_bytes(4, "big"))
                for i in (first, first + n - 1)]
        return ["burst 1", "clone_skb 0", "flag !SHARED", "flag !IPSRC_RND", "flag !UDPSRC_RND",
                "flag !IPDST_RND", f"src_min {ends[0]}", f"src_max {ends[1]}",
                "dst_min 198.18.0.1", "dst_max 198.18.0.1", "udp_src_min 1024",
                "udp_src_max 1024", "udp_dst_min 9", "udp_dst_max 9"]

    # How many ports are left before; how many clients then come.
    steps = (("of an empty range", SHORT, 1000), ("of the last thousand", 1000, 900),
             ("the last hundred", 100, 100), ("of none: a drop", 0, 20000))
    nft, ours = Nft(NFT_SHORT, "nft masquerade"), Ours(OURS_SHORT, "fwtree masquerade")
    times = {(c.label, what): [] for c in (nft, ours) for what, _, _ in steps}
    given = {(c.label, what): [] for c in (nft, ours) for what, _, _ in steps}
    for _ in range(b.rounds):
        for c in (nft, ours):
            c.start()
            settle()
            at = 0
            for what, left, n in steps:
                if SHORT - left > at:
                    mark.off = True
                    pktgen("d0", SHORT - left - at, clients(at, SHORT - left - at))
                    mark.off = False
                    idle()
                out = sent("d1")
                times[c.label, what].append(pktgen("d0", n, clients(2 * SHORT + at, n)))
                given[c.label, what].append(sent("d1") - out)
                at = SHORT - left + n
            c.stop()
    for what, left, n in steps:
        for c in (nft, ours):
            both = c is ours
            b.row(f"{name}: {what}", c.label, times[c.label, what], "ns/packet",
                  nft.label if both else None,
                  min(times[c.label, what]) / min(times[nft.label, what]) if both else None)
            if left < SHORT:
                b.row(f"{name}: {what}: are let out", c.label,
                      [100 * min(given[c.label, what]) / n], "%")


def slabs(b, name):
    # Caches of one size share one; the kernel tells each one's own.
    for slab, who in (("nf_conntrack", "nf_conntrack"), ("fwtree_conn", "fwtree"),
                      ("fwtree_conn6", "fwtree IPv6")):
        try:
            with open(f"/sys/kernel/slab/{slab}/object_size") as f:
                size = int(f.read())
        except OSError:
            continue
        peer = None if who == "nf_conntrack" else "nf_conntrack"
        base = next((r["value"] for r in b.rows if r["name"] == name and r["who"] == peer), None)
        b.row(name, who, [size], "bytes", peer if base else None, base and size / base)


def run(b):
    # New ones first: a hash that a million flows have made large stays so for a minute.
    b.do("new UDP connections", new, False)
    b.do("new TCP connections", new, True)
    b.do("new UDP connections, balanced", balanced)
    forward(b)
    b.do("one million connections", million)
    b.do("a port of a range that is nearly full", short_of_ports)
    b.do("connection record", slabs)
