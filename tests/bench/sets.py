# SPDX-License-Identifier: GPL-2.0
"""The benchmarks of rule sets, in the guest: dropping at the device by sets as
ClassBench makes them, headers drawn from the rules; look-ups in userspace.

Every rule drops, and what no rule matches is dropped, so that all contenders do
the same; who is slower is given fewer packets.
"""
import glob
import json
import os
import re
import subprocess
import time

FILTERS = "build/bench/filters"
LOOKUPS = "build/bench/lookups"
WORST = "build/bench/worst"
INJECT = "build/bench/inject/fwtree_inject.ko"
CEILING = """table netdev t {
chain c { type filter hook ingress device d0 priority 0; policy drop;
}
}
"""


def made(g, args, what):
    """The path of what tests/bench/filters makes."""
    name = "-".join([os.path.basename(args[0])] + args[1:] + [what])
    path = os.path.join(g.TMP, name + (".fw" if what == "drops" else ""))
    with open(path, "wb") as f:
        subprocess.run([FILTERS, *args, "-o", what] +
                       (["-h", "ingress device d0"] if what == "drops" else []),
                       stdout=f, check=True)
    return path


class Set:
    """A contender that loads a file."""

    def __init__(self, g, who, command, path):
        self.g, self.name, self.command, self.path = g, who, command, path

    def start(self):
        self.g.sh(f"{self.command} {self.path}")

    def stop(self):
        self.g.sh("fwctl flush" if self.command.startswith("fwctl") else "nft flush ruleset")


def play(g, count):
    """Nanoseconds a packet."""
    g.mark("begin")
    with open("/proc/fwtree_inject", "w") as f:
        f.write(f"d0 {count}\n")
    g.mark("end")
    with open("/proc/fwtree_inject") as f:
        return int(f.read()) / count


def drops(g, b, name, args, nft=None, apart=False):
    if not b.wanted(name):
        return
    b.say(name)
    contenders = [Set(g, "fwtree", "fwctl apply", made(g, args, "drops")),
                  Set(g, "(ceiling)", "nft -f", g.temp("ceiling.nft", CEILING))]
    if nft:
        contenders.insert(0, Set(g, "nft", "nft -f", made(g, args, "nft")))
    if apart:
        contenders.insert(1, Set(g, "nft set", "nft -f", made(g, args, "set")))
    with open(made(g, args, "trace"), "rb") as f, \
            open("/proc/fwtree_trace", "wb", buffering=0) as to:
        to.write(f.read())
    count = {"nft": int((nft or 1) * b.scale), "nft set": int(200e3 * b.scale)}
    play(g, 1 << 16)

    def measure(c):
        return play(g, max(count.get(c.name, int(1e6 * b.scale)), 1000))

    b.rates(name, contenders, measure, contenders[0].name)


def lookups(b, paths):
    """No guest is needed for these; they are the machine's own speed."""
    for name, path in paths:
        title = f"look-ups in userspace, {name}"
        if not b.wanted(title):
            continue
        b.say(title)
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
        b.row(title, "steps at most", [float(f["steps"])], "steps")
        b.row(title, "index", [float(f["index"])], "bytes/rule")
        b.row(title, "parse, compile",
              [float(f["parse"].rstrip("ms")) + float(f["compile"].rstrip("ms"))], "ms")


def worst(b):
    """The slowest walks that the verifier lets pass."""
    title = "the slowest walk allowed"
    if not b.wanted(title):
        return
    b.say(title)
    out = subprocess.run([WORST], text=True, stdout=subprocess.PIPE, check=True).stdout
    for line in out.splitlines():
        f = dict(re.findall(r"(\w+)=(\S+)", line))
        b.row(title, f["worst"], [float(f["best"].rstrip("us"))], "us")


def timed(*command):
    """Milliseconds to the first of what a command prints, and to its end."""
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as p:
        p.stdout.read(1)
        first = time.monotonic()
        while p.stdout.read(1 << 20):
            pass
    if p.returncode:
        raise subprocess.CalledProcessError(p.returncode, command)
    return (first - begin) * 1000, (time.monotonic() - begin) * 1000


def load(g, b, name, args):
    if not b.wanted(name):
        return
    b.say(name)
    path = made(g, args, "drops")
    shows = ("stats", "-j stats", "show policy", "-j show policy", "show tree", "show program")
    times = {}
    for _ in range(min(b.rounds, 3)):
        for who in ("check", "apply", "replace"):
            command = "apply" if who == "replace" else who
            times.setdefault(who, []).append(timed("fwctl", command, path)[1])
        for who in shows:
            first, end = timed("fwctl", *who.split())
            times.setdefault(who, []).append(end)
            times.setdefault(who + " begins", []).append(first)
        program = json.loads(g.sh("fwctl -j stats"))["program"]
        g.sh("fwctl flush")
    for who, of in times.items():
        b.row(name, who, of, "ms")
    b.row(name, "program", [program["bytes"] / program["rules"]], "bytes/rule")


def change(g, b, name, args):
    """One rule of many, as a command; what starting the tool takes is told, too."""
    if not b.wanted(name):
        return
    b.say(name)
    path = made(g, args, "drops")
    g.sh(f"fwctl apply {path}")
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)

    def timed(command):
        t = time.monotonic()
        out = g.sh(command)
        if "-V" not in command and not json.loads(out)["delta"]:
            b.say(f"{name}: not by a patch: {command}")
        return (time.monotonic() - t) * 1000

    start, add, delete, apply = [], [], [], []
    for i in range(4 * b.rounds):
        start.append(timed("fwctl -V"))
        add.append(timed(f"fwctl -j rule add after {1000 * i + 10} "
                         f"'saddr 192.0.2.{i + 1} udp dport 7 drop'"))
        delete.append(timed(f"fwctl -j rule delete {1000 * i + 11}"))
    for i in range(b.rounds):
        lines[1000 * i + 500] = f"\tsaddr 192.0.2.{i + 1} udp dport 9 drop\n"
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(lines)
        apply.append(timed(f"fwctl -j apply {path}"))
    for who, times in (("(starting fwctl)", start), ("rule add", add),
                       ("rule delete", delete), ("apply, one line other", apply)):
        b.row(name, who, times, "ms")
    g.sh("fwctl flush")


def rows(g, b):
    if not os.path.exists(FILTERS) or not os.path.exists(INJECT):
        b.say("rule sets: not built, left out")
        return
    g.sh("insmod " + INJECT)
    for n, slow in ((10, 400e3), (1000, 40e3), (10000, 8e3), (110000, None)):
        drops(g, b, f"drop at the device, acl set of {n:,}", ["acl", str(n)], slow)
    drops(g, b, "drop at the device, fw set of 10,000", ["fw", "10000"], 8e3)
    drops(g, b, "drop at the device, 10,000 that do not overlap", ["acl", "10000", "-d"],
          8e3, True)
    paths = []
    for family in ("acl", "fw", "ipc"):
        for n in ("10000", "100000"):
            paths.append((f"{family} {n}", made(g, [family, n], "classbench")))
    paths.append(("acl 10000 IPv6", made(g, ["acl", "10000", "-6"], "classbench")))
    folder = os.environ.get("FWT_CLASSBENCH")
    given = sorted(glob.glob(folder + "/*.rules*")) if folder else []
    for path in given:
        name = os.path.basename(path).split(".")[0]
        paths.append((name, path))
        if name.startswith("mix") and "v6" not in name:
            text = os.path.join(g.TMP, name)
            g.sh(f"xz -dc {path} >{text}")
            drops(g, b, f"drop at the device, {name}", [text, "10000000"])
    lookups(b, paths)
    worst(b)
    load(g, b, "acl set of 110,000, from text", ["acl", "110000"])
    load(g, b, "acl set of 110,000 for IPv6, from text", ["acl", "110000", "-6"])
    # Not a million: that takes 2 GB to compile, and the host lets a process of the
    # guest have 65,530 stretches of memory, one page each where they don't touch.
    change(g, b, "one rule in 100,000", ["acl", "100000"])
    g.sh("rmmod fwtree_inject")
