#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmarks, in the guest. See Documentation/benchmarks.rst.

pktgen injects into the receive path of a dummy device. Everything is measured
in rounds, each of which runs every contender once, so that a machine that gets
slower for a while does so for all of them. MEDIAN and SPREAD say how steady it
was; ratios and differences are of the BEST, since what else runs on a machine
only ever adds time.
Forwarding is compared in nanoseconds a packet, less what pktgen and the device
take by themselves (the same stream, dropped at the device).
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import sets  # noqa: E402

PKTGEN = "/proc/net/pktgen/"
TOP = os.environ.get("FWTREE_TOP", ".")
TMP = tempfile.mkdtemp()


def sh(command, check=True):
    r = subprocess.run(command, shell=True, text=True, errors="replace",
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and r.returncode:
        sys.exit(f"bench: {command}\n{r.stdout}")
    return r.stdout


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def temp(name, text):
    path = os.path.join(TMP, name)
    write(path, text)
    return path


def read_number(path):
    with open(path) as f:
        return int(f.read())


# The network: d0 is where packets come in, d1 where they leave. Dummies drop
# what they are to send, so that nothing is measured behind the firewall.

def network():
    for name, addr, peer in (("d0", "192.0.2.1", "192.0.2.2"),
                             ("d1", "203.0.113.1", "203.0.113.2")):
        sh(f"ip link add {name} type dummy; ip link set {name} up;"
           f"ip addr add {addr}/24 dev {name};"
           f"ip neigh add {peer} lladdr 02:00:00:00:00:99 dev {name} nud permanent;"
           f"echo 0 >/proc/sys/net/ipv6/conf/{name}/disable_ipv6")
    sh("ip route add 10.0.0.0/8 via 192.0.2.2 dev d0;"
       "ip route add 198.18.0.0/15 via 203.0.113.2 dev d1;"
       "echo 1 >/proc/sys/net/ipv4/ip_forward;"
       "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done")


MARKS = os.environ.get("FWT_BENCH_MARKS")
marked = 0


def mark(what):
    """Tells tests/bench/profile, by a folder's time on the host, what is measured."""
    global marked
    if MARKS:
        marked += 1
        os.mkdir(f"{MARKS}/{marked}-{what}")


def pktgen(dev, count, settings):
    """Sends; returns nanoseconds a packet."""
    write(PKTGEN + "kpktgend_0", "rem_device_all\n")
    write(PKTGEN + "kpktgend_0", f"add_device {dev}\n")
    mac = open(f"/sys/class/net/{dev}/address").read().strip()
    base = ["xmit_mode netif_receive", "pkt_size 60", "delay 0",
            f"dst_mac {mac}", "src_mac 02:00:00:00:00:98", f"count {count}"]
    for s in base + settings:
        write(PKTGEN + dev, s + "\n")
    mark("begin")
    write(PKTGEN + "pgctrl", "start\n")
    mark("end")
    with open(PKTGEN + dev) as f:
        result = f.read()
    m = re.search(r"OK: (\d+)\(.*usec, (\d+) ", result)
    if not m:
        sys.exit("bench: pktgen did not understand:\n" + result)
    return int(m[1]) * 1000 / int(m[2])


DROP = ["burst 16", "clone_skb 0", "src_min 10.0.0.2", "src_max 10.0.0.2",
        "dst_min 198.18.0.1", "dst_max 198.18.0.1", "udp_src_min 1024",
        "udp_src_max 1024", "udp_dst_min 9", "udp_dst_max 9"]

# 16,384 flows of one client, by source port. Buffers are not shared, or the IP
# layer would copy each; not sent in bursts, which would repeat one and the
# same buffer after it was translated.
FLOWS = 16384
FORWARD = ["burst 1", "clone_skb 0", "flag !SHARED", "flag UDPSRC_RND",
           "src_min 10.0.0.2", "src_max 10.0.0.2",
           "dst_min 198.18.0.1", "dst_max 198.18.0.1",
           "udp_src_min 10000", f"udp_src_max {10000 + FLOWS}",
           "udp_dst_min 9", "udp_dst_max 9"]


def reply(to, lo, hi):
    return ["burst 1", "clone_skb 0", "flag !SHARED",
            "src_min 198.18.0.1", "src_max 198.18.0.1",
            f"dst_min {to}", f"dst_max {to}", "udp_src_min 9", "udp_src_max 9",
            f"udp_dst_min {lo}", f"udp_dst_max {hi + 1}"]


# Each packet a flow of its own: sources count up.
NEW = ["burst 1", "clone_skb 0", "flag !SHARED", "flag UDPSRC_RND",
       "src_min 10.1.0.1", "src_max 10.15.255.254",
       "dst_min 198.18.0.1", "dst_max 198.18.3.254", "flag IPDST_RND",
       "udp_src_min 1024", "udp_src_max 65000",
       "udp_dst_min 9", "udp_dst_max 9"]


# Contenders: a name, and how they are put in force.

class Nothing:
    name = "linux"

    def start(self):
        pass

    def stop(self):
        pass

    def forget(self):
        pass


class Nft(Nothing):
    name = "nft"

    def __init__(self, text):
        self.file = temp(f"nft{id(self)}", text)

    def start(self):
        sh("nft -f " + self.file)

    def stop(self):
        sh("nft flush ruleset")

    def forget(self):
        sh("conntrack -F")


class Ours(Nothing):
    name = "fwtree"

    def __init__(self, text):
        self.file = temp(f"ours{id(self)}.fw", text)

    def start(self):
        sh("fwctl apply " + self.file)

    def stop(self):
        sh("fwctl flush")

    def forget(self):
        sh("fwctl conn flush")


# Rules of which the last one matches.

def rule_addresses(n):
    return [(f"172.{16 + (i >> 16 & 15)}.{i >> 8 & 255}.{i & 255}", 1000 + i % 5000)
            for i in range(n - 1)] + [("10.0.0.2", 9)]


def nft_rules(n):
    rules = "\n".join(f"ip saddr {a} udp dport {p} drop" for a, p in rule_addresses(n))
    return ("table netdev t {\nchain c { type filter hook ingress device d0 "
            "priority 0; policy accept;\n" + rules + "\n}\n}\n")


def nft_set(n):
    rules = ",\n".join(f"{a}/32 . {p}-{p}" for a, p in rule_addresses(n))
    return ("table netdev t {\nset s { typeof ip saddr . udp dport; flags interval;\n"
            "elements = {\n" + rules + " } }\n"
            "chain c { type filter hook ingress device d0 priority 0; policy accept;\n"
            "ip saddr . udp dport @s drop\n}\n}\n")


def our_rules(n):
    rules = "\n".join(f"saddr {a} udp dport {p} drop" for a, p in rule_addresses(n))
    return "ingress device d0 {\n" + rules + "\naccept\n}\n"


NFT_DROP = """table netdev t {
chain c { type filter hook ingress device d0 priority 0; policy drop;
}
}
"""
NFT_CT = """table ip t {
chain f { type filter hook forward priority 0; policy drop;
ct state established accept
iif d0 accept
}
}
"""
NFT_MASQ = NFT_CT + """table ip n {
chain p { type nat hook postrouting priority 100;
oif d1 masquerade
}
}
"""
OURS_FILTER = """option conn-max 1000000
ingress { iif { d0, d1 } accept
drop }
egress { accept }
"""
OURS_MASQ = """option conn-max 1000000
ingress { iif d0 accept
drop }
egress { iif d0 oif d1 masquerade
accept }
"""


class Bench:
    def __init__(self, args):
        self.args = args
        self.rounds = args.rounds or (3 if args.quick else 5)
        self.scale = 0.25 if args.quick else 0.5
        self.rows = []
        self.started = time.monotonic()

    def say(self, text):
        print(f"bench: {int(time.monotonic() - self.started):4d} s  {text}",
              file=sys.stderr, flush=True)

    def wanted(self, name):
        return not self.args.only or self.args.only in name

    def row(self, name, who, values, unit, peer=None, ratio=None):
        best = max(values) if unit.endswith("/s") else min(values)
        value = statistics.median(values)
        spread = (max(values) - min(values)) / value if value else 0
        self.rows.append({"name": name, "who": who, "value": round(value, 3),
                          "best": round(best, 3), "unit": unit, "spread": round(spread, 3),
                          "runs": len(values), "peer": peer,
                          "ratio": None if ratio is None else round(ratio, 3)})
        return best

    def rates(self, name, contenders, measure, peer):
        """Rows of packets a second; @peer: whose rate the others' is held
        against. @measure(contender) gives nanoseconds a packet. Returns the
        least of them by contender."""
        if self.args.who:
            contenders = [c for c in contenders if label(c) == self.args.who]
        times = {c: [] for c in contenders}
        for _ in range(self.rounds):
            for c in contenders:
                c.start()
                times[c].append(measure(c))
                c.stop()
        least = {c: min(t) for c, t in times.items()}
        base = next((least[c] for c in contenders if label(c) == peer), None)
        for c in contenders:
            alone = label(c) == peer or base is None
            self.row(name, label(c), [1e3 / t for t in times[c]], "M packets/s",
                     None if alone else peer, None if alone else base / least[c])
        return least

    # Rows

    def drops(self):
        count = int(8e6 * self.scale)

        def measure(_):
            return pktgen("d0", measure.count, DROP)

        name = "drop at the device, no rule"
        if self.wanted(name):
            self.say(name)
            measure.count = count
            self.rates(name, [Nft(NFT_DROP), Ours("ingress device d0 { drop }\n")],
                       measure, "nft")
        for n in (10, 100, 1000):
            name = f"drop at the device, {n:,} rules"
            if not self.wanted(name):
                continue
            self.say(name)
            contenders = [Nft(nft_rules(n)), Ours(our_rules(n))]
            if n >= 100:
                contenders.append(Nft(nft_set(n)))
                contenders[-1].label = "nft set"
            measure.count = int(count / (1 if n < 100 else 5 if n < 1000 else 50))
            self.rates(name, contenders, measure, "nft")

    def forward(self):
        count = int(400e3 * self.scale) + 4 * FLOWS
        name = "forward, 16k UDP flows"
        if not self.wanted(name):
            return
        self.say(name)
        plain, floor = Nothing(), Nft(NFT_DROP)
        ct, nat = Nft(NFT_CT), Nft(NFT_MASQ)
        ours, ours_nat = Ours(OURS_FILTER), Ours(OURS_MASQ)
        floor.label = "(dropped at once)"
        ct.label, nat.label = "nf_conntrack", "nft masquerade"
        ours.label, ours_nat.label = "fwtree", "fwtree masquerade"

        def measure(c):
            if c not in (plain, floor):
                # Each flow gets its entry, and an answer.
                once = [s.replace("UDPSRC_RND", "!UDPSRC_RND") for s in FORWARD]
                pktgen("d0", FLOWS, once)
                to = "203.0.113.1" if c in (nat, ours_nat) else "10.0.0.2"
                out = sent("d0")
                # nft keeps the source port where it can, ours is at random.
                lo, hi = (1024, 65534) if c is ours_nat else (10000, 10000 + FLOWS - 1)
                pktgen("d1", hi - lo + 1, reply(to, lo, hi))
                must("replies", sent("d0") - out, FLOWS, 0.99)
            out = sent("d1")
            ns = pktgen("d0", count, FORWARD)
            if c is not floor:
                must("forwarded", sent("d1") - out, count)
            c.forget()
            return ns

        least = self.rates(name, [plain, floor, ct, ours, nat, ours_nat],
                            measure, "linux")
        self.added("forward, 16k flows: added to the plain kernel", least, plain,
                   [(ct, None), (ours, ct), (nat, None), (ours_nat, nat)])

    def new(self):
        count = int(200e3 * self.scale)
        name = "new UDP connections"
        if not self.wanted(name):
            return
        self.say(name)
        plain = Nothing()
        ct, nat = Nft(NFT_CT), Nft(NFT_MASQ)
        ours, ours_nat = Ours(OURS_FILTER), Ours(OURS_MASQ)
        ct.label, nat.label = "nf_conntrack", "nft masquerade"
        ours_nat.label = "fwtree masquerade"
        memory = {c: [] for c in (ct, nat, ours, ours_nat)}

        def measure(c):
            settle()
            before = taken()
            out = sent("d1")
            ns = pktgen("d0", count, NEW)
            must("forwarded", sent("d1") - out, count, 0.999)
            if c is not plain:
                memory[c].append((taken() - before) / count)
            c.forget()
            settle()
            return ns

        # Tables grow in the first run.
        sh("sysctl -qw net.netfilter.nf_conntrack_max=1000000 "
           "net.netfilter.nf_conntrack_buckets=262144", check=False)
        least = self.rates(name, [plain, ct, ours, nat, ours_nat], measure, "linux")
        self.added("new connections: added to the plain kernel", least, plain,
                   [(ct, None), (ours, ct), (nat, None), (ours_nat, nat)])
        name = "memory of a connection, hash included"
        if self.args.who:
            return
        of = {c: min(v) for c, v in memory.items()}
        for c, peer in ((ct, None), (ours, ct), (nat, None), (ours_nat, nat)):
            self.row(name, label(c), memory[c], "bytes", peer and label(peer),
                     peer and of[c] / of[peer])

    def million(self):
        """The table with a million live connections: one client address each."""
        name = "one million connections"
        if not self.wanted(name):
            return
        self.say(name)
        n = 1000000
        each = ["burst 1", "clone_skb 0", "flag !SHARED", "src_min 10.1.0.0",
                "src_max 10.16.66.63", "dst_min 198.18.0.1", "dst_max 198.18.0.1",
                "udp_src_min 1024", "udp_src_max 1024", "udp_dst_min 9", "udp_dst_max 9"]
        some = ["flag IPSRC_RND"] + each
        ct, ours = Nft(NFT_CT), Ours("option timeout udp 1h\noption conn-adaptive-start 0\n" +
                                     OURS_FILTER.replace("1000000", "1200000"))
        ct.label = "nf_conntrack"
        sh("sysctl -qw net.netfilter.nf_conntrack_max=1200000 "
           "net.netfilter.nf_conntrack_buckets=1048576 "
           "net.netfilter.nf_conntrack_udp_timeout=3600", check=False)
        rows = {k: {} for k in ("created", "looked up", "listed", "counted by a filter",
                                "flushed")}

        def timed(command):
            t = time.monotonic()
            out = sh(command)
            return (time.monotonic() - t) * 1000, out

        for c in (ct, ours):
            c.start()
            settle()
            out = sent("d1")
            rows["created"][c] = [pktgen("d0", n, each)]
            rows["looked up"][c] = [pktgen("d0", n // 4, some) for _ in range(self.rounds)]
            must("forwarded", sent("d1") - out, n + n // 4 * self.rounds)
            if c is ours:
                s = json.loads(sh("fwctl -j stats"))["connections"]
                must("connections", s["count"], n)
                self.row(name + ": memory of one", "fwtree", [s["memory"] / s["count"]], "bytes")
                self.row(name + ": longest chain", "fwtree", [s["chain"]], "records")
                rows["counted by a filter"][c] = [timed("fwctl conn count dport 1")[0]]
            ms, text = timed("fwctl -j conn list | wc -l" if c is ours else
                             "conntrack -L -o id 2>/dev/null | wc -l")
            if int(text.split()[-1]) >= n:
                rows["listed"][c] = [ms]
            rows["flushed"][c] = [timed("fwctl conn flush" if c is ours else "conntrack -F")[0]]
            c.stop()
        for what, times in rows.items():
            unit = "ns/packet" if what in ("created", "looked up") else "ms"
            for c in (ct, ours):
                if c in times:
                    self.row(f"{name}: {what}", label(c), times[c], unit,
                             label(ct) if c is ours and ct in times else None,
                             min(times[c]) / min(times[ct]) if c is ours and ct in times else None)

    def added(self, name, least, plain, pairs):
        if self.args.who:
            return
        for c, peer in pairs:
            value = least[c] - least[plain]
            self.row(name, label(c), [value], "ns/packet", peer and label(peer),
                     peer and value / (least[peer] - least[plain]))

    def load(self):
        for n in (1000, 10000):
            name = f"load {n:,} rules"
            if not self.wanted(name):
                continue
            self.say(name)
            times = {}
            for c in (Nft(nft_rules(n)), Ours(our_rules(n))):
                times[c] = []
                for _ in range(min(self.rounds, 3)):
                    t = time.monotonic()
                    c.start()
                    times[c].append((time.monotonic() - t) * 1000)
                    if c.name == "fwtree":
                        program = json.loads(sh("fwctl -j stats"))["program"]
                    c.stop()
            nft, ours = times
            base = self.row(name, "nft", times[nft], "ms")
            self.row(name, "fwtree", times[ours], "ms", "nft",
                     min(times[ours]) / base)
            self.row(f"memory of a rule, {n:,} rules", "fwtree",
                     [program["bytes"] / program["rules"]], "bytes")

    def slabs(self):
        name = "connection record"
        if not self.wanted(name):
            return
        # Caches of one size share one; the kernel tells each one's own.
        for slab, who in (("nf_conntrack", "nf_conntrack"),
                          ("fwtree_conn", "fwtree"), ("fwtree_conn6", "fwtree IPv6")):
            try:
                size = read_number(f"/sys/kernel/slab/{slab}/object_size")
            except OSError:
                continue
            peer = None if who == "nf_conntrack" else "nf_conntrack"
            base = next((r["value"] for r in self.rows if r["name"] == name and
                         r["who"] == peer), None)
            self.row(name, who, [size], "bytes", peer, base and size / base)


def label(c):
    return getattr(c, "label", c.name)


def sent(dev):
    return read_number(f"/sys/class/net/{dev}/statistics/tx_packets")


def taken():
    """Bytes in slabs and large tables: records, their extensions, hashes."""
    with open("/proc/meminfo") as f:
        text = f.read()
    return 1024 * sum(int(re.search(rf"^{k}: *(\d+)", text, re.M)[1])
                      for k in ("Slab", "VmallocUsed"))


def settle():
    """What was freed under RCU is free when it gets no less."""
    last = None
    for _ in range(50):
        now = taken()
        if last is not None and now >= last:
            return
        last = now
        time.sleep(0.3)


def must(what, got, wanted, share=1):
    if got < wanted * share:
        print(f"bench: only {got} of {wanted} {what}\n" +
              sh("fwctl stats | head -n 30; nft list ruleset", check=False),
              file=sys.stderr)
        sys.exit(1)


def figure(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 100 else \
        f"{value:.0f}"


def table(rows):
    line = "{:<45} {:<17} {:>7} {:>7} {:>6} {:<11}  {}"
    print(line.format("WORK", "WHO", "BEST", "MEDIAN", "SPREAD", "UNIT", "RATIO"))
    last = None
    for r in rows:
        ratio = f"{r['ratio']:.2f} of {r['peer']}" if r["ratio"] is not None else ""
        spread = f"{r['spread'] * 100:.0f} %" if r["runs"] > 1 else ""
        median = figure(r["value"]) if r["runs"] > 1 else ""
        print(line.format("" if r["name"] == last else r["name"], r["who"],
                          figure(r["best"]), median, spread, r["unit"],
                          ratio).rstrip())
        last = r["name"]


def main():
    p = argparse.ArgumentParser(prog="tests/bench/run")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only", help="rows whose name has this")
    p.add_argument("--who", help="that contender alone, of rows of packets")
    p.add_argument("--rounds", type=int)
    p.add_argument("--out", default=TOP + "/build/bench.json")
    args = p.parse_args()
    if MARKS:
        write(MARKS + "/kallsyms", open("/proc/kallsyms").read())
    network()
    b = Bench(args)
    for part in (b.drops, lambda: sets.rows(sys.modules[__name__], b), b.forward, b.new,
                 b.million, b.load, b.slabs):
        part()
    env = os.environ
    about = {"kernel": platform.release(), "cpu": env.get("FWT_BENCH_CPU"),
             "commit": env.get("FWT_BENCH_COMMIT"), "date": env.get("FWT_BENCH_DATE"),
             "rounds": b.rounds, "quick": args.quick}
    table(b.rows)
    print(f"\nLinux {about['kernel']} (User-Mode Linux, one CPU), {about['cpu']}, "
          f"{about['date']}, commit {about['commit']}\n"
          f"{b.rounds} rounds; SPREAD is from least to most, RATIO of the best. "
          "Rates: more is better; ns, ms, bytes: less.")
    with open(args.out, "w") as f:
        json.dump(dict(about, rows=b.rows), f, indent=1)
        f.write("\n")


main()
