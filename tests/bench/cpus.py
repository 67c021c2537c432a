# SPDX-License-Identifier: GPL-2.0
"""Two CPUs against one: what forwarding gains from the second, ours beside the plain
kernel. d0 to d1 from the one, d2 to d3 from the other, a client each.

An SMP kernel under User-Mode Linux pays a system call for each change of the
interrupt flag when it has two CPUs, so that its rates are not those of the other
rows; the gain is what counts.
"""
import statistics

from bench import Nft, Nothing, Ours, must, pktgen_on, sent
from forward import NAT, NFT_CT, OURS, OURS_NAT, PORTS

SETTINGS = ["burst 1", "clone_skb 0", "flag !SHARED", "udp_src_min 10000",
            f"udp_src_max {10000 + PORTS}", "udp_dst_min 9", "udp_dst_max 9"]
EACH = {dev: [f"src_min {src}", f"src_max {src}", f"dst_min {dst}", f"dst_max {dst}"]
        for dev, src, dst in (("d0", "10.0.0.2", "198.18.0.1"),
                              ("d2", "12.0.0.2", "198.20.0.1"))}


def wide(text):
    """The same for both pairs of devices."""
    return (text.replace("{ d0, d1 }", "{ d0, d1, d2, d3 }").replace("iif d0", "iif { d0, d2 }")
            .replace("oif d1", "oif { d1, d3 }"))


def gain(b, name, new):
    """@new: each packet is a flow of its own."""
    count = int((150e3 if new else 400e3) * b.scale)
    # To many, lest masquerade runs out of ports to one.
    each = {dev: s if not new else [s[0], s[1].replace(".0.0.2", ".15.255.254"), s[2],
                                    s[3].replace(".0.1", ".3.254"), "flag IPDST_RND"]
            for dev, s in EACH.items()}
    contenders = [Nothing(), Nft(wide(NFT_CT), "nf_conntrack"), Ours(wide(OURS), "fwtree"),
                  Nft(wide(NFT_CT + NAT), "nft masquerade"),
                  Ours(wide(OURS_NAT), "fwtree masquerade")]
    gains = {}

    def go(devices, n, rnd):
        return pktgen_on(devices, n, SETTINGS + [f"flag {rnd}UDPSRC_RND"], each)

    def measure(c):
        if not new:
            for dev in EACH:
                go([dev], PORTS, "!")
        out = sent("d1") + sent("d3")
        one = go(["d0"], count, "")
        if new:
            c.forget()
        both = go(["d0", "d2"], count, "")
        must("forwarded", sent("d1") + sent("d3") - out, 3 * count, 0.999)
        gains.setdefault(c.label, []).append(one / both)
        c.forget()
        return both

    b.rates(name, contenders, measure, "linux")
    base = gains.get("linux")
    for who, of in gains.items():
        alone = who == "linux" or not base
        # A gain is of two runs, either of which may have been disturbed: no best.
        b.row(name + ": gain from the second", who, of, "times", None if alone else "linux",
              None if alone else statistics.median(of) / statistics.median(base),
              statistics.median(of))


def limit(b, name):
    """One limit that both CPUs' packets are under, at the devices: nft's limit is one lock.
    What is dropped costs so little that where they meet is seen."""
    count = int(2e6 * b.scale)
    settings = ["burst 16", "udp_src_min 1024", "udp_src_max 1024",
                "udp_dst_min 9", "udp_dst_max 9"]
    gains = {}

    def nft(rule):
        return ("table netdev t {\nchain c { type filter hook ingress devices = { d0, d2 } "
                "priority 0; policy accept;\n" + rule + "\n}\n}\n")

    contenders = [Nft(nft("limit rate 100000000/second burst 4000000 packets drop")),
                  Ours("ingress device d0, d2 {\nlimit 100000000/second burst 4000000 drop\n"
                       "accept\n}\n"),
                  Nft(nft("drop"), "(ceiling)")]

    def measure(c):
        one = pktgen_on(["d0"], count, settings, EACH)
        both = pktgen_on(["d0", "d2"], count, settings, EACH)
        gains.setdefault(c.label, []).append(one / both)
        return both

    b.rates(name, contenders, measure, "nft")
    for who, of in gains.items():
        b.row(name + ": gain from the second", who, of, "times", best=statistics.median(of))


def run(b):
    b.do("two CPUs, one limit for all", limit)
    b.do("two CPUs, 16k UDP flows each", gain, False)
    b.do("two CPUs, new UDP connections", gain, True)
