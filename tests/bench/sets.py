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


def lookups(b, title, path):
    """On the host: a guest's clock of processor time has but jiffies."""
    path = path() if callable(path) else path
    runs = []
    for n in range(b.rounds):
        out = subprocess.run([LOOKUPS, "-n", str(int(2e6 * b.scale)),
                              "-c", "20000" if n == 0 else "0", path],
                             text=True, stdout=subprocess.PIPE, check=True).stdout
        runs.append(dict(re.findall(r"(\w+)=(\S+)", out)))

    def each(field, unit):
        return [float(f[field].rstrip(unit)) for f in runs]

    b.row(title, "fwtree", each("lookups", "M"), "M look-ups/s")
    b.row(title, "(uniform)", each("any", "M"), "M look-ups/s")
    f = runs[0]
    for what, field, unit in (("cuts", "cuts", "cuts"), ("boxes", "boxes", "boxes"),
                              ("cache lines", "lines", "lines")):
        mean, most = f[field].split("/")
        b.row(title, what + ", mean", [float(mean)], unit)
        b.row(title, what + ", most seen", [float(most)], unit)
    b.row(title, "steps at most", [float(f["steps"])], "steps")
    b.row(title, "index", [float(f["index"])], "bytes/rule")
    b.row(title, "parse, compile", [p + c for p, c in zip(each("parse", "ms"),
                                                          each("compile", "ms"))], "ms")


def run_lookups(g, b):
    paths = []
    for family in ("acl", "fw", "ipc"):
        for n in ("10000", "100000"):
            paths.append((f"{family} {n}", lambda f=family, n=n: made(g, [f, n], "classbench")))
    paths.append(("acl 10000 IPv6", lambda: made(g, ["acl", "10000", "-6"], "classbench")))
    for path in given():
        paths.append((os.path.basename(path).split(".")[0], path))
    for name, path in paths:
        b.do(f"look-ups in userspace, {name}", lookups, path)


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
    for n in (1000, 10000):
        b.do(f"load {n:,} rules", load_lists, n)
    b.do("acl set of 110,000, from text", load, g, ["acl", "110000"])
