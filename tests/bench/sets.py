# SPDX-License-Identifier: GPL-2.0
"""The benchmarks of rule sets, in the guest, that need no packets: look-ups in
userspace, loading and changing. drops.py has those of packets.
"""
import json
import os
import re
import subprocess
import tempfile
import time

from bench import Failed, Nft, Ours, sh, time_of
from drops import nft_rules, our_rules
from files import given, made

LOOKUPS = "build/bench/lookups"
WORST = "build/bench/worst"
ADDED_MAX = 500		# rules that a patch has: FWT_DELTA_ADDED_MAX
CHOOSE = "build/bench/choose"


def lookups(b, title, path, headers=65536, checks=20000):
    """On the host: a guest's clock of processor time has but jiffies. @headers: those
    that differ; fewer of a set that takes long for each."""
    path = path() if callable(path) else path
    runs, memory = [], []
    for n in range(b.rounds if headers == 65536 else 1):
        with subprocess.Popen([LOOKUPS, "-n", str(int(2e6 * b.scale) * headers // 65536),
                               "-t", str(headers), "-c", str(checks) if n == 0 else "0", path],
                              text=True, stdout=subprocess.PIPE) as p:
            out = p.stdout.read()
            _, status, usage = os.wait4(p.pid, 0)
            p.returncode = os.waitstatus_to_exitcode(status)
        if p.returncode:
            raise subprocess.CalledProcessError(p.returncode, LOOKUPS)
        runs.append(dict(re.findall(r"(\w+)=(\S+)", out)))
        memory.append(usage.ru_maxrss / 1024)

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
    b.row(title, "program", [float(f["program"])], "bytes/rule")
    b.row(title, "parse, compile", [p + c for p, c in zip(each("parse", "ms"),
                                                          each("compile", "ms"))], "ms")
    b.row(title, "verify", each("verify", "ms"), "ms")
    b.row(title, "all that takes", memory, "MB")


def slowest(b, name):
    """Walks as slow as the verifier lets pass, from policies made for it."""
    out = subprocess.run([WORST], text=True, stdout=subprocess.PIPE, check=True).stdout
    for line in out.splitlines():
        f = dict(re.findall(r"(\w+)=(\S+)", line))
        # "worst" is both what it is and, later in the line, the longest that it took.
        b.row(name, line.split()[0].split("=")[1], [float(f["best"].rstrip("us"))], "us")


def choices(b, name):
    """A server of a pool, by each scheduler."""
    runs = [subprocess.run([CHOOSE, str(int(4e6 * b.scale))], text=True, check=True,
                           stdout=subprocess.PIPE).stdout for _ in range(b.rounds)]
    for lines in zip(*(r.splitlines() for r in runs)):
        f = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in lines]
        who = f"{f[0]['scheduler']} of {f[0]['servers']}"
        b.row(name, who, [float(x["best"].rstrip("ns")) for x in f], "ns")
        if f[0]["scheduler"] == "maglev":
            b.row(name, who + ", its table", [float(x["build"].rstrip("ms")) for x in f], "ms")


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
    # Not among "every set": what is bounded here is that they compile, and how.
    for kind, n in (("alike", 10000), ("nested", 10000), ("ranges", 10000), ("ports", 65536),
                    ("wild", 10000), ("cross", 10000)):
        b.do(f"built to hurt, {kind} {n}", lookups,
             lambda k=kind, n=n: made(g, [k, str(n)], "classbench"), 512, 200)
    for family in ("acl", "fw", "ipc"):
        b.do(f"a million rules, {family}", lookups,
             lambda f=family: made(g, [f, "1000000"], "classbench"), 65535, 200)
    b.do("the slowest walk allowed", slowest)
    b.do("choosing a server", choices)


def timed(*command):
    """Milliseconds to the first of what a command prints, and to its end. Warnings go
    to a file: a guest's console takes longer for fifty of them than check to find them.
    """
    begin = time.monotonic()
    with tempfile.TemporaryFile() as told, \
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told) as p:
        p.stdout.read(1)
        first = time.monotonic()
        while p.stdout.read(1 << 20):
            pass
        p.wait()
        if p.returncode:
            told.seek(0)
            raise subprocess.CalledProcessError(p.returncode, command, stderr=told.read())
    return (first - begin) * 1000, (time.monotonic() - begin) * 1000


def load(b, name, g, args):
    path = made(g, args, "drops")
    shows = ("stats", "-j stats", "show policy", "-j show policy", "show tree", "show program")
    times = {}
    for _ in range(min(b.rounds, 3)):
        for who in ("check --quick", "apply", "replace"):
            command = "apply" if who == "replace" else who
            times.setdefault(who, []).append(timed("fwctl", *command.split(), path)[1])
        for who in shows:
            first, end = timed("fwctl", *who.split())
            times.setdefault(who, []).append(end)
            times.setdefault(who + " begins", []).append(first)
        program = json.loads(sh("fwctl -j stats"))["program"]
        sh("fwctl flush")
    for who, of in times.items():
        b.row(name, who, of, "ms")
    b.row(name, "program", [program["bytes"] / program["rules"]], "bytes/rule")


def analysis(b, g, family, n):
    """Everything that check looks for, and what differs where three rules do."""
    path = made(g, [family, str(n)], "drops")
    name = f"{family} set of {n:,}"
    times = [timed("fwctl", "check", path)[1] for _ in range(min(b.rounds, 3))]
    b.row(f"analysis, {name}", "check", times, "ms")
    if n < 1000:
        return
    with open(path, encoding="ascii") as f:
        lines = f.read().splitlines()
    for at in (n // 10, n // 2, n - n // 10):
        lines[at] = lines[at].replace("drop", "accept") if "drop" in lines[at] else \
            lines[at].replace("accept", "drop")
    other = path + ".other"
    with open(other, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    times = [timed("fwctl", "diff", path, other)[1] for _ in range(min(b.rounds, 3))]
    b.row(f"analysis, {name}", "diff", times, "ms")


def many(b, g, family, n):
    """More than a diagram has room for: what can be said exactly is, of every rule."""
    path = made(g, [family, str(n)], "drops")
    times, told = [], {}
    for _ in range(min(b.rounds, 3)):
        begin = time.monotonic()
        told = json.loads(sh(f"fwctl -j check {path}"))["analysis"]
        times.append((time.monotonic() - begin) * 1000)
    if told["compared"] != told["rules"]:
        raise Failed(f"{told['compared']} of {told['rules']} rules were compared")
    b.row(f"analysis, {family} set of {n:,}", "check", times, "ms")


def batch(b, name, g, n):
    """A million packets, each for itself, through a set of @n rules."""
    path = made(g, ["acl", str(n)], "drops")
    with open(made(g, ["acl", str(n)], "packets"), encoding="ascii") as f:
        lines = f.read().splitlines(keepends=True)
    packets = path + ".million"
    with open(packets, "w", encoding="ascii") as f:
        f.writelines((lines * (1000000 // len(lines) + 1))[:1000000])
    times = [timed("fwctl", "explain", "-f", path, "--batch", packets)[1]
             for _ in range(min(b.rounds, 3))]
    b.row(name, "explain --batch", times, "ms")
    os.remove(packets)


def policy_test(b, name, g):
    """5,000 connections and what is answered to each, with an expectation for each."""
    path, example = os.path.join(g.TMP, "many.fwt"), "Documentation/examples/home-gateway.fw"
    with open(path, "w", encoding="ascii") as f:
        f.write("address 203.0.113.8/24 dev eth0\naddress 192.168.1.1/24 dev br-lan\n"
                "route default via 203.0.113.1 dev eth0\n")
        for i in range(5000):
            f.write(f"packet in br-lan udp 192.168.1.{i % 200 + 2}:{20000 + i} to "
                    f"93.184.216.34:53 as c{i}\nexpect accept out eth0\n"
                    f"reply c{i}\nexpect accept\n")
    times = [timed("fwctl", "test", example, path)[1] for _ in range(min(b.rounds, 3))]
    b.row(name, "test", times, "ms")


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


def change(b, name, g, args):
    """One rule of many, as a command; what starting the tool takes is told, too."""
    if "rule replace" not in sh("fwctl --help", check=False):
        b.say("left out: fwctl has no rule")
        return
    path = made(g, args, "drops")
    sh(f"fwctl apply {path}")
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines(keepends=True)
    edited = g.temp("edited.fw", "")

    def once(command):
        out, ms = time_of(command)
        if command.startswith("fwctl -j") and not json.loads(out)["delta"]:
            b.say(f"{name}: not by a patch: {command}")
        return ms

    times = {}

    def note(who, command):
        times.setdefault(who, []).append(once(command))

    for i in range(4 * b.rounds):
        note("(starting fwctl)", "fwctl -V")
        note("rule add", f"fwctl -j rule add after {1000 * i + 10} "
             f"'saddr 192.0.2.{i + 1} udp dport 7 drop'")
        note("rule delete", f"fwctl -j rule delete {1000 * i + 11}")
    # With many added before it: each of them is looked at again. One more than a patch
    # takes goes the whole way: all is compiled anew, and the next ones are cheap again.
    for i in range(ADDED_MAX - 1):
        sh(f"fwctl rule add after {100 * i + 10} 'saddr 198.51.{i // 250}.{i % 250 + 1} drop'")
        if i >= ADDED_MAX - 1 - 2 * b.rounds:
            note("rule add, some 490 added before", f"fwctl -j rule add after {100 * i + 60} "
                 f"'saddr 192.0.2.{i % 250 + 1} udp dport 7 drop'")
            sh(f"fwctl rule delete {100 * i + 61}")
    sh("fwctl rule add after 20 'saddr 198.51.9.1 drop'")
    note("rule add that compiles all anew", "fwctl rule add after 30 'saddr 198.51.9.2 drop'")
    # What is in force is a file's by its name.
    g.write(edited, "".join(lines))
    sh(f"fwctl apply {edited}")
    for i in range(2 * b.rounds):
        lines[1000 * i + 500] = f"\tsaddr 192.0.2.{i + 1} udp dport 9 drop\n"
        g.write(edited, "".join(lines))
        note("apply, one line other", f"fwctl -j apply {edited}")
    for i in range(b.rounds):
        for at in range(700, len(lines), len(lines) // 5):
            lines[at + i] = f"\tsaddr 192.0.2.{i + 1} udp dport {10 + at % 1000} drop\n"
        g.write(edited, "".join(lines))
        note("apply, five lines far apart", f"fwctl -j apply {edited}")
    # The same rules in ten files that another one includes.
    main, parts, each = g.temp("main.fw", ""), [], len(lines) // 10
    first = next(i for i, line in enumerate(lines) if "{" in line) + 1
    for i in range(10):
        to = (first + (i + 1) * each) if i < 9 else len(lines) - 2
        parts.append((g.temp(f"part-{i}.fw", ""), lines[first + i * each:to]))
        g.write(parts[i][0], "".join(parts[i][1]))
    g.write(main, "".join(lines[:first] + [f'include "{os.path.basename(path)}"\n'
                                             for path, _ in parts] + lines[len(lines) - 2:]))
    sh(f"fwctl apply {main}")
    for i in range(2 * b.rounds):
        part, own = parts[i % 10]
        own[500 + i] = f"\tsaddr 192.0.2.{i + 1} udp dport 11 drop\n"
        g.write(part, "".join(own))
        note("apply, one line other in one of ten files", f"fwctl -j apply {main}")
    sh("fwctl flush")
    # The least that nft has to do: at the end of its list, and into its set.
    for what, who, command in (
            ("nft", "nft add rule", "nft add rule netdev t c ip saddr 192.0.2.{} drop"),
            ("set", "nft add element, pipapo", "nft add element netdev t s "
             "'{{ 192.0.2.{} . 192.0.2.9 . udp . 0-65535 . 7 }}'")):
        peer = Nft(None, None, made(g, args + ["-d"] * (what == "set"), what))
        peer.start()
        for i in range(2 * b.rounds):
            note(who, command.format(i + 1))
        peer.stop()
    for who, of in times.items():
        b.row(name, who, of, "ms", None if who == "rule add" else "rule add",
              None if who == "rule add" else min(of) / min(times["rule add"]))


def rows(g, b):
    for n in (1000, 10000):
        b.do(f"load {n:,} rules", load_lists, n)
    b.do("load, acl set of 110,000", load_peers, g, ["acl", "110000"], "nft", "nft")
    b.do("load, 110,000 that do not overlap", load_peers, g, ["acl", "110000", "-d"], "set",
         "nft pipapo")
    b.do("acl set of 110,000, from text", load, g, ["acl", "110000"])
    for family in ("acl", "fw", "ipc"):
        for n in (100, 1000):
            b.do(f"analysis, {family} set of {n:,}", lambda b, _, f, n: analysis(b, g, f, n),
                 family, n)
    for family in ("acl", "fw", "ipc"):
        b.do(f"analysis, {family} set of 110,000", lambda b, _, f: many(b, g, f, 110000), family)
    b.do("analysis, a million packets by 10,000 rules", batch, g, 10000)
    b.do("analysis, a policy test of 10,000 packets", policy_test, g)
    b.do("acl set of 110,000 for IPv6, from text", load, g, ["acl", "110000", "-6"])
    # Not a million: that takes 2 GB to compile, and the host lets a process of the
    # guest have 65,530 stretches of memory, one page each where they don't touch.
    b.do("one rule in 100,000", change, g, ["acl", "100000"])
