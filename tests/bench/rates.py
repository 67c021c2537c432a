# SPDX-License-Identifier: GPL-2.0
"""Limits and splits at the device, beside nft's limit, its dynamic sets and its numgen
and jhash. Everything is dropped, whatever the answer, so that all do the same but for
that; each packet is under its limit and takes a token, which is the dearer way.
"""
import json

from bench import PARTS, NFT_DROP, Nft, Ours, pktgen, sh
from drops import DROP

# A packet of each source in turn costs pktgen more than the same one sixteen times.
SOURCES = ["burst 1", "clone_skb 0", "src_min 10.0.0.1", "src_max 10.1.134.160",
           "dst_min 198.18.0.1", "dst_max 198.18.0.1", "udp_src_min 1024", "udp_src_max 1024",
           "udp_dst_min 9", "udp_dst_max 9", "flag IPSRC_RND"]


def nft(rule, before=""):
    return ("table netdev t {\n" + before + "chain c { type filter hook ingress device d0 "
            "priority 0; policy accept;\n" + rule + "\n}\n}\n")


def ours(rule):
    return "ingress device d0 {\n" + rule + "\naccept\n}\n"


def row(b, name, settings, contenders, count=4e6):
    b.rates(name, contenders, lambda c: pktgen("d0", int(count * b.scale), settings, PARTS), "nft")


def sources(b, name, contenders, count):
    """As row(), and what our buckets took by then: those that are not full."""
    figures = {}

    def measure(c):
        ns = pktgen("d0", int(count * b.scale), SOURCES)
        if c.label == "fwtree":
            limit = json.loads(sh("fwctl -j stats"))["limits"][0]
            for what in ("memory", "keys", "evicted"):
                figures.setdefault(what, []).append(limit[what])
        return ns

    b.rates(name, contenders, measure, "nft")
    for what, of in figures.items():
        if what == "memory":
            b.row(f"{name}: memory", "fwtree", [m / 2 ** 20 for m in of], "MiB",
                  best=max(of) / 2 ** 20)
        else:
            b.row(f"{name}: {what}", "fwtree", of, "buckets", best=max(of))


def run(b):
    b.do("limit, one for all", row, DROP,
         [Nft(nft("limit rate 100000000/second burst 4000000 packets drop")),
          Ours(ours("limit 100000000/second burst 4000000 drop")), Nft(NFT_DROP, "(ceiling)")])
    b.do("limit, over", row, DROP,
         [Nft(nft("limit rate over 1/hour burst 1 packets drop")),
          Ours(ours("limit over 1/hour burst 1 drop")), Nft(NFT_DROP, "(ceiling)")])
    meter = "set m { type ipv4_addr; size 200000; flags dynamic,timeout; timeout 1h; }\n"
    b.do("limit by source, one source", row, DROP,
         [Nft(nft("update @m { ip saddr limit rate 1000000/second burst 4000000 packets } drop",
                  meter)),
          Ours(ours("limit 1000000/second burst 4000000 by saddr drop")),
          Nft(NFT_DROP, "(ceiling)")])
    b.do("limit by source, 100,000 sources", row, SOURCES,
         [Nft(nft("update @m { ip saddr limit rate 10000/second burst 10000 packets } drop",
                  meter)),
          Ours(ours("limit 10000/second burst 10000 by saddr drop")),
          Nft(NFT_DROP, "(ceiling)")], 1e6)
    # None is full again meanwhile, so that each has a bucket.
    b.do("limit by source, 100,000 sources at a time", sources,
         [Nft(nft("update @m { ip saddr limit rate 10000/hour burst 10000 packets } drop",
                  meter)),
          Ours(ours("limit 10000/hour burst 10000 by saddr drop")),
          Nft(NFT_DROP, "(ceiling)")], 2e6)
    for name, theirs, mine in (("at random", "numgen random mod 4", "random"),
                               ("by turns", "numgen inc mod 4", "round-robin"),
                               ("by hash", "jhash ip saddr . udp dport mod 4", "hash saddr . dport")):
        b.do(f"split in four {name}", row, DROP,
             [Nft(nft(theirs + " vmap { 0 : drop, 1 : drop, 2 : drop, 3 : drop }")),
              Ours(ours(f"split {mine} {{ 1 -> drop; 1 -> drop; 1 -> drop; 1 -> drop }}")),
              Nft(NFT_DROP, "(ceiling)")])
