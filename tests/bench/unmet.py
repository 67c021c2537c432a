# SPDX-License-Identifier: GPL-2.0
"""What nodes cost whom they are not for: the same policy with and without a branch that
has one of each kind, and that no packet comes to. At the device each packet walks; behind
it the first of a connection does, and is routed.
"""
import os

import bench
from bench import PARTS, NFT_DROP, Nft, Ours, must, pktgen, sent, settle, sh
from drops import DROP
from forward import NEW, OURS, to_size

# What a policy has besides, and the branch, at a device; @sample: with another module's.
OUTSIDE = """set s : addr {{ timeout 1h; elements = {{ 192.0.2.7, 198.51.100.0/28, 2001:db8::/32 }} }}
set pairs : addr . port
map marks : addr -> mark {{ elements = {{ 192.0.2.7 -> 7 }} }}
{pool}
"""
BRANCH = """saddr 192.0.2.1 {{
	saddr @s drop
	saddr . dport @pairs drop
	limit 10/second by saddr/24/64 accept
	limit over 1k/second drop
	quota over 1M drop
	random 1/3 accept
	bpf "ip[8] == 7" drop
	daddr addr(d1) drop
	set mark saddr map @marks
	add @pairs {{ saddr . dport }}
	log "met " group 1
	count met
	set dscp ef
{sample}{inet}	split random {{ 1 -> set mark 1; 2 -> set mark 2 }}
	split round-robin {{ 1 -> set mark 3; 2 -> set mark 4 }}
	drop
}}
"""
SAMPLE = """	modify sample-paint {{ base 256, from 192.0.2.0/24 }}
	select node sample-lane {{ lanes 3 }} {{ fast -> drop; 1 -> accept }}
"""
INET = """	route type local drop
	route reverse != iif drop
	route oif d1 count out
	ct count by saddr > 5 drop
	ct mark 7 drop
	tcp dport 80 balance @web accept
	udp dport 80 dnat to 198.18.9.1 accept
	udp dport 81 queue 3
	udp dport 82 notrack accept
"""


def texts(before, inside, inet):
    """A policy without the branch, and with it. @before: what stands outside of the hook
    that @inside is of: its head, and its end."""
    module = os.path.dirname(os.environ["FWTREE_KO"]) + "/fwtree_sample.ko"
    sample = os.path.exists(module)
    if sample:
        sh(f"insmod {module} 2>/dev/null", check=False)
    pool = "pool web { scheduler maglev; 198.18.9.1; 198.18.9.2 }" if inet else ""
    branch = BRANCH.format(sample=SAMPLE.format() if sample else "",
                           inet=INET.format() if inet else "")
    head, end = inside
    return [before + head + "saddr 192.0.2.1 drop\n" + end,
            OUTSIDE.format(pool=pool) + before + head + branch + end]


def rows(b, name, contenders, measure, peer):
    least = b.rates(name, contenders, measure, peer)
    if "fwtree" in least and "fwtree, nodes not met" in least:
        b.row(name + ": time with them", "fwtree",
              [least["fwtree, nodes not met"] / least["fwtree"]], "times")


def at_device(b, name):
    without, with_them = texts("", ("ingress device d0 {\n", "drop\n}\n"), False)
    rows(b, name, [Nft(NFT_DROP, "(ceiling)"), Ours(without), Ours(with_them, "fwtree, nodes not met")],
         lambda c: pktgen("d0", int(8e6 * b.scale), DROP, PARTS), "(ceiling)")


def forwarded(b, name):
    count = int(200e3 * b.scale)
    options, rest = OURS.split("ingress {", 1)
    without, with_them = texts(options, ("ingress {\n", rest), True)

    def measure(c):
        settle()
        to_size(c, lambda: pktgen("d0", count, NEW))
        c.forget()
        settle()
        out = sent("d1")
        ns = pktgen("d0", count, NEW, PARTS)
        must("forwarded", sent("d1") - out, count, 0.999)
        c.forget()
        return ns

    rows(b, name, [bench.Nothing(), Ours(without), Ours(with_them, "fwtree, nodes not met")],
         measure, "linux")


def run(b):
    b.do("nodes not met, drop at the device", at_device)
    b.do("nodes not met, new UDP connections", forwarded)
    sh("rmmod fwtree_sample 2>/dev/null", check=False)
