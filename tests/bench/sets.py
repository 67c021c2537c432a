# SPDX-License-Identifier: GPL-2.0
"""The benchmarks of rule sets, in the guest, that need no packets: look-ups in
userspace, loading and changing. drops.py has those of packets.
"""
import json
import os
import re
import subprocess
import time

from bench import Nft, Ours, sh
from drops import nft_rules, our_rules
from files import given, made

LOOKUPS = "build/bench/lookups"


def lookups(b, paths):
    """No guest is needed for these; they are the machine's own speed."""
    def measure(b, title, path):
        path = path() if callable(path) else path
        out = subprocess.run([LOOKUPS, "-n", str(int(2e6 * b.scale)), path], text=True,
                             stdout=subprocess.PIPE, check=True).stdout
        f = dict(re.findall(r"(\w+)=(\S+)", out))
        mean, most = f["cuts"].split("/")
        boxes, most_boxes = f["boxes"].split("/")
        b.row(title, "fwtree", [float(f["lookups"].rstrip("M"))], "M look-ups/s")
        b.row(title, "(uniform)", [float(f["any"].rstrip("M"))], "M look-ups/s")
        b.row(title, "cuts, mean", [float(mean)], "cuts")
        b.row(title, "cuts, most seen", [float(most)], "cuts")
        b.row(title, "boxes, mean", [float(boxes)], "boxes")
        b.row(title, "boxes, most seen", [float(most_boxes)], "boxes")
        lines, most_lines = f["lines"].split("/")
        b.row(title, "cache lines, mean", [float(lines)], "lines")
        b.row(title, "cache lines, most seen", [float(most_lines)], "lines")
        b.row(title, "steps at most", [float(f["steps"])], "steps")
        b.row(title, "index", [float(f["index"])], "bytes/rule")
        b.row(title, "parse, compile",
              [float(f["parse"].rstrip("ms")) + float(f["compile"].rstrip("ms"))], "ms")

    for name, path in paths:
        b.do(f"look-ups in userspace, {name}", measure, path)


def load(b, name, g, args):
    path = made(g, args, "drops")
    check, apply, stats, show = [], [], [], []
    for _ in range(min(b.rounds, 3)):
        for times, command in ((check, f"fwctl check {path}"), (apply, f"fwctl apply {path}"),
                               (stats, "fwctl stats"), (show, "fwctl show policy")):
            t = time.monotonic()
            g.sh(command)
            times.append((time.monotonic() - t) * 1000)
        program = json.loads(g.sh("fwctl -j stats"))["program"]
        g.sh("fwctl flush")
    for who, times in (("check", check), ("apply", apply), ("stats", stats),
                       ("show policy", show)):
        b.row(name, who, times, "ms")
    b.row(name, "program", [program["bytes"] / program["rules"]], "bytes/rule")


def load_lists(b, name, n):
    """A list of rules, one field each of an address and a port."""
    times = {c: [] for c in (Nft(nft_rules(n)), Ours(our_rules(n)))}
    for _ in range(min(b.rounds, 3)):
        for c in times:
            t = time.monotonic()
            c.start()
            times[c].append((time.monotonic() - t) * 1000)
            if c.name == "fwtree":
                program = json.loads(sh("fwctl -j stats"))["program"]
            c.stop()
    nft, ours = times
    base = b.row(name, "nft", times[nft], "ms")
    b.row(name, "fwtree", times[ours], "ms", "nft", min(times[ours]) / base)
    b.row(f"memory of a rule, {n:,} rules", "fwtree", [program["bytes"] / program["rules"]],
          "bytes")


def rows(g, b):
    paths = []
    for family in ("acl", "fw", "ipc"):
        for n in ("10000", "100000"):
            paths.append((f"{family} {n}", lambda f=family, n=n: made(g, [f, n], "classbench")))
    paths.append(("acl 10000 IPv6", lambda: made(g, ["acl", "10000", "-6"], "classbench")))
    for path in given():
        paths.append((os.path.basename(path).split(".")[0], path))
    lookups(b, paths)
    for n in (1000, 10000):
        b.do(f"load {n:,} rules", load_lists, n)
    b.do("acl set of 110,000, from text", load, g, ["acl", "110000"])
