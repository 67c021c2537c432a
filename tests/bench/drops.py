# SPDX-License-Identifier: GPL-2.0
"""Dropping at the device: rules of which the last one matches, sent by pktgen, and
sets as ClassBench makes them, by headers drawn from the rules.

Every rule of a set drops, and what no rule matches is dropped, so that all
contenders do the same; who is slower is given fewer packets.
"""
import os
import socket
import struct

import bench
from bench import (PARTS, Iptables, Nft, NFT_DROP, Ours, TMP, draw, pktgen, play, set_trace, sh,
                   temp)
from files import given, made

DROP = ["burst 16", "clone_skb 0", "src_min 10.0.0.2", "src_max 10.0.0.2",
        "dst_min 198.18.0.1", "dst_max 198.18.0.1", "udp_src_min 1024",
        "udp_src_max 1024", "udp_dst_min 9", "udp_dst_max 9"]


def rule_addresses(n):
    return [(f"172.{16 + (i >> 16 & 15)}.{i >> 8 & 255}.{i & 255}", 1000 + i % 5000)
            for i in range(n - 1)] + [("10.0.0.2", 9)]


def nft_rules(n):
    rules = "\n".join(f"ip saddr {a} udp dport {p} drop" for a, p in rule_addresses(n))
    return ("table netdev t {\nchain c { type filter hook ingress device d0 "
            "priority 0; policy accept;\n" + rules + "\n}\n}\n")


def nft_set(n):
    """As nft's users write such rules: they are equal but for what is in the set."""
    elements = ",\n".join(f"{a} . {p}" for a, p in rule_addresses(n))
    return ("table netdev t {\nset s { typeof ip saddr . udp dport;\nelements = {\n" +
            elements + " } }\n"
            "chain c { type filter hook ingress device d0 priority 0; policy accept;\n"
            "ip saddr . udp dport @s drop\n}\n}\n")


def our_rules(n):
    rules = "\n".join(f"saddr {a} udp dport {p} drop" for a, p in rule_addresses(n))
    return "ingress device d0 {\n" + rules + "\naccept\n}\n"


def lists(b, name, n):
    count = int(8e6 * b.scale)
    contenders = [Nft(nft_rules(n) if n else NFT_DROP),
                  Ours(our_rules(n) if n else "ingress device d0 { drop }\n")]
    if n >= 100:
        contenders.append(Nft(nft_set(n), "nft set"))

    def measure(c):
        slow = n // 20 if c.label == "nft" and n >= 100 else 1
        return pktgen("d0", count // slow, DROP, PARTS)

    b.rates(name, contenders, measure, "nft")


def sets(b, name, args, peers, six=False):
    """@peers: who else, by what filters writes for it, and how many packets a
    second it does about. @six: the headers are of IPv6."""
    labels = {"nft": "nft", "vmap": "nft vmap", "set": "nft pipapo"}
    contenders = [Nft(None, labels[p], made(bench, args, p)) for p in peers]
    contenders += [Ours(None, path=made(bench, args, "drops")), Nft(NFT_DROP, "(ceiling)")]
    with open(made(bench, args, "trace"), "rb") as f:
        set_trace(f.read(), six)
    rate = {labels[p]: r for p, r in peers.items()}
    for c in contenders:
        # Ten seconds to load: two rounds tell enough.
        c.most = 2 if os.path.getsize(c.file) > 4 << 20 and c.name == "nft" else None
    play(1 << 16)

    def measure(c):
        # About half a second each in a full run; the injector sends by 64.
        return play(max(int(min(rate.get(c.label, 4e6), 2e6) * b.scale) // 64, 8) * 64)

    b.rates(name, contenders, measure, contenders[0].label)


def live_set(b, name, n):
    """A set of addresses, each of which has packets: what a look-up adds to one. The
    same number of headers, in an order that no cache knows, whatever the set has."""
    def address(i):
        return i * 2654435761 & 0xffffffff

    def text(i):
        return socket.inet_ntoa(struct.pack(">I", address(i)))

    elements = temp(f"elements{n}", "".join(text(i) + "\n" for i in range(n)))
    nft = temp(f"set{n}.nft", "table netdev t {\nset s { type ipv4_addr; size "
               f"{2 * n}; elements = {{\n" + ",\n".join(text(i) for i in range(n)) + " } }\n"
               "chain c { type filter hook ingress device d0 priority 0; policy accept;\n"
               "ip saddr @s drop\n}\n}\n")
    ours = (f'set s : addr {{ elements file "{elements}" }}\n'
            "ingress device d0 {\nsaddr @s drop\naccept\n}\n")
    contenders = [Nft(None, "nft set", nft), Ours(ours),
                  Ours("ingress device d0 { drop }\n", "(floor)")]
    for c in contenders[:2]:
        c.most = 2 if n > 100000 else None
    draw(n)
    play(1 << 18)

    def measure(c):
        return play(int(4e6 * b.scale) // 64 * 64)

    least = b.rates(name, contenders, measure, "nft set")
    b.added(name + ": added", least, [("nft set", None), ("fwtree", "nft set")], "(floor)")


def other_live_set(b, name, n, joined):
    """As live_set(), of ours alone: addresses that the set does not have, as most are
    that a block list is asked for; and keys of an address and a port, which are longer
    than what fits into a slot."""
    def address(i):
        return i * 2654435761 & 0xffffffff

    elements = temp(f"others{n}", "".join(
        socket.inet_ntoa(struct.pack(">I", address(i))) + (f" . {i % 60000}" if joined else "") +
        "\n" for i in range(n)))
    ours = (f'set s : addr{" . port" if joined else ""} {{ elements file "{elements}" }}\n'
            "ingress device d0 {\n" +
            ("saddr . sport @s drop\naccept\n}\n" if joined else "saddr @s accept\ndrop\n}\n"))
    if joined:
        draw(n, ports=60000)
    else:
        draw(n, first=n)
    play(1 << 18)
    least = b.rates(name, [Ours(ours), Ours("ingress device d0 { drop }\n", "(floor)")],
                    lambda c: play(int(4e6 * b.scale) // 64 * 64), "(floor)")
    b.added(name + ": added", least, [("fwtree", None)], "(floor)")


def prefixes(b, name, n):
    """A live set of prefixes that do not overlap, beside nft's set of intervals: each
    packet is of one of them, in an order that no cache knows."""
    def network(i):
        return (i * 2654435761 & 0xfffffff) << 4

    def text(i):
        return socket.inet_ntoa(struct.pack(">I", network(i))) + "/28"

    elements = temp(f"prefixes{n}", "".join(text(i) + "\n" for i in range(n)))
    nft = temp(f"intervals{n}.nft", "table netdev t {\nset s { type ipv4_addr; flags interval; "
               "elements = {\n" + ",\n".join(text(i) for i in range(n)) + " } }\n"
               "chain c { type filter hook ingress device d0 priority 0; policy accept;\n"
               "ip saddr @s drop\n}\n}\n")
    contenders = [Nft(None, "nft interval set", nft),
                  Ours(f'set s : addr {{ elements file "{elements}" }}\n'
                       "ingress device d0 {\nsaddr @s drop\naccept\n}\n"),
                  Ours("ingress device d0 { drop }\n", "(floor)")]
    for c in contenders[:2]:
        c.most = 1 if n > 100000 else None
    draw(n, shift=4)
    play(1 << 18)
    least = b.rates(name, contenders, lambda c: play(int(2e6 * b.scale) // 64 * 64),
                    "nft interval set")
    b.added(name + ": added", least, [("nft interval set", None),
                                      ("fwtree", "nft interval set")], "(floor)")


def before_routing(b, name, args, rates):
    """iptables has no hook at the device: its first place is raw, PREROUTING. Each
    packet has a buffer of its own, since the IP layer would copy a shared one."""
    if "raw" not in sh("iptables-legacy -t raw -S 2>&1 && echo raw", check=False):
        b.say("left out: iptables is not in this kernel, or iptables-legacy not here")
        return
    contenders = [Iptables(None, path=made(bench, args, "iptables")),
                  Nft(None, path=made(bench, args, "nft")),
                  Ours(None, path=made(bench, args, "drops")), Nft(NFT_DROP, "(ceiling)")]
    with open(made(bench, args, "trace"), "rb") as f:
        set_trace(f.read())

    def measure(c):
        rate = rates if c.name in ("iptables", "nft") and c.label != "(ceiling)" else 2e6
        return play(max(int(rate * b.scale), 500), True)

    b.rates(name, contenders, measure, "iptables")


def unpacked(path):
    """A given set as text; filters reads no .xz."""
    name = os.path.basename(path).split(".")[0]
    if not path.endswith(".xz"):
        return path
    text = os.path.join(TMP, name)
    if not os.path.exists(text):
        sh(f"xz -dc {path} >{text}")
    return text


def lines(path):
    with open(path, "rb") as f:
        return sum(1 for _ in f)


def list_rate(n):
    """What nft's list does about, packets a second."""
    return 8e7 / max(n, 20)


def run_lists(b):
    b.do("drop at the device, no rule", lists, 0)
    for n in (10, 100, 1000):
        b.do(f"drop at the device, {n:,} rules", lists, n)


def run_live_sets(b):
    for n in (1000, 1000000):
        b.do(f"drop at the device, a live set of {n:,}", live_set, n)
        b.do(f"drop at the device, a live set of {n:,} prefixes", prefixes, n)
    for of, joined in (("not in a live set", False), ("addr . port, a live set", True)):
        for n in (1000, 1000000):
            b.do(f"drop at the device, {of} of {n:,}", other_live_set, n, joined)


def run_sets(b):
    pipapo = {1000: 2e6, 10000: 1e6, 110000: 1e5}
    for n in (10, 1000, 10000, 110000):
        peers = {"nft": list_rate(n)}
        if n in (1000, 10000):
            peers["vmap"] = list_rate(n / 6)
        b.do(f"drop at the device, acl set of {n:,}", sets, ["acl", str(n)], peers)
    for family in ("fw", "ipc"):
        b.do(f"drop at the device, {family} set of 10,000", sets, [family, "10000"],
             {"nft": list_rate(10000)})
        # Of peers acl shows what so many rules cost.
        b.do(f"drop at the device, {family} set of 110,000", sets, [family, "110000"], {})
    for n in (1000, 10000, 110000):
        b.do(f"drop at the device, IPv6, acl set of {n:,}", sets, ["acl", str(n), "-6"],
             {"nft": list_rate(n)} if n < 110000 else {}, True)
    for n, rate in pipapo.items():
        b.do(f"drop at the device, {n:,} that do not overlap", sets,
             ["acl", str(n), "-d"], {"set": rate, "nft": list_rate(n)} if n < 110000 else
             {"set": rate})
    for path in given():
        name = os.path.basename(path).split(".")[0]
        title = f"drop at the device, {name}"
        if not b.wanted(title):
            continue
        text = unpacked(path)
        n = lines(text)
        b.do(title, sets, [text, "10000000"], {"nft": list_rate(n)} if n < 50000 else {},
             "v6" in name)
        if name == "acl1_10k":
            b.do(f"{title}, those that do not overlap", sets, [text, "10000000", "-d"],
                 {"set": 1e6})


def run_before_routing(b):
    for n in (10, 1000, 10000):
        b.do(f"iptables: drop before routing, acl set of {n:,}", before_routing,
             ["acl", str(n)], list_rate(n))
