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


def timed(b, what):
    """Milliseconds of so many calls of @what(n), one by one."""
    times = []
    for n in range(2 * b.rounds):
        t = time.monotonic()
        what(n)
        times.append((time.monotonic() - t) * 1000)
    return times


def load_peers(b, name, g, args, what, label):
    """The same set by nft and by us, each twice: nft takes seconds."""
    contenders = [Nft(None, label, made(g, args, what)), Ours(None, path=made(g, args, "drops"))]
    times = {c.label: [] for c in contenders}
    for _ in range(2):
        for c in contenders:
            t = time.monotonic()
            c.start()
            times[c.label].append((time.monotonic() - t) * 1000)
            c.stop()
    base = b.row(name, label, times[label], "ms")
    b.row(name, "fwtree", times["fwtree"], "ms", label, min(times["fwtree"]) / base)


def change(b, name, g):
    """A rule in the midst of a large policy; nft's go to the end of its list and into
    its set, which is the least that it has to do."""
    args = ["acl", "100000", "-d"]
    if "rule replace" not in sh("fwctl --help", check=False):
        b.say("left out: no fwctl rule")
        return
    ours = Ours(None, path=made(g, args, "drops"))
    ours.start()
    times = timed(b, lambda n: sh(f"fwctl rule replace {50000 + n} "
                                  f"'saddr 192.0.2.{n} udp dport 7 drop'"))
    b.row(name, "fwtree", times, "ms")
    least = min(times)
    ours.stop()
    ours.start()
    edited = g.temp("edited.fw", "")
    lines = g.read(ours.file).split("\n")

    def edit(n):
        lines[60000 + n] = f"\tsaddr 192.0.2.{n} tcp dport 9 drop"
        g.write(edited, "\n".join(lines))

    applied = []
    for n in range(2 * b.rounds):
        edit(n)
        t = time.monotonic()
        sh("fwctl apply " + edited)
        applied.append((time.monotonic() - t) * 1000)
    b.row(name, "fwtree, whole file", applied, "ms", "fwtree", min(applied) / least)
    ours.stop()
    for what, label, command in (
            ("nft", "nft", "nft add rule netdev t c ip saddr 192.0.2.{n} udp dport 7 drop"),
            ("set", "nft pipapo", "nft add element netdev t s '{{ 192.0.2.{n} . 192.0.2.9 . "
             "udp . 0-65535 . 7 }}'")):
        nft = Nft(None, label, made(g, args, what))
        nft.start()
        times = timed(b, lambda n: sh(command.format(n=n)))
        b.row(name, label, times, "ms", "fwtree", min(times) / least)
        nft.stop()


def rows(g, b):
    for n in (1000, 10000):
        b.do(f"load {n:,} rules", load_lists, n)
    b.do("acl set of 110,000, from text", load, g, ["acl", "110000"])
    b.do("load, acl set of 110,000", load_peers, g, ["acl", "110000"], "nft", "nft")
    b.do("load, 110,000 that do not overlap", load_peers, g, ["acl", "110000", "-d"], "set",
         "nft pipapo")
    b.do("one rule of 100,000 changed", change, g)
