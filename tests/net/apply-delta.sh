#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# apply of a file that differs a little: whichever way it goes, what is in force is
# the file, with the same lines and rules as applied in full; and by the short way
# where it is meant to go that way.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import random

LINES = ["# a policy", "define four = { 10.4.0.0/16,", "\t10.5.0.0/16 }   # two lines",
         "set some : addr { elements = { 10.6.0.1, 10.6.0.2 } }", "ingress {", "\tiif lo accept", "", "\t# services"]
LINES += [f"\tsaddr 10.0.{i}.0/24 tcp dport {1000 + i} accept id r{i}" for i in range(40)]
LINES += ["\ttcp dport 80 {", "\t\tsaddr 10.1.0.0/16 accept", "\t\tsaddr 10.2.0.0/16 drop",
          "\t\tsaddr 10.3.0.0/16 accept", "\t\taccept", "\t}", "\t# the end", "\tdrop", "}",
          "egress {", "\toif lo accept", "\tudp dport 1 drop", "\tudp dport 2 drop", "\taccept", "}"]

def write(lines):
    with open("p.fw", "w") as f:
        f.write("".join(x + "\n" for x in lines))

def state():
    """What is in force, without what only moved: text, and rules with their lines."""
    return (fwctl("show", "policy")["files"][0]["text"],
            [(r["line"], r["id"], r["tree"], r["text"]) for r in stats()["rules"]],
            [(r["line"], r["depth"], r["text"]) for t in fwctl("show", "tree")["trees"] for r in t["rules"]])

def apply_file(lines, *words):
    write(lines)
    return fwctl("apply", "p.fw", *words)

def new_rule():
    return random.choice(("saddr 10.%d.%d.0/24 udp dport %d %s", "saddr 10.%d.%d.0/24 daddr @some udp dport %d %s",
                          "saddr 10.%d.%d.0/24 daddr $four udp sport %d %s", "daddr 10.%d.%d.0/24 tcp sport %d %s")) % (
        random.randrange(256), random.randrange(256), random.randrange(1, 65536),
        random.choice(("accept", "drop", "count c accept", "log accept # why not")))

def plain_rule():
    """One that asks no set: those are known by their place in the base."""
    while "@" in (r := new_rule()):
        pass
    return r

def steps(name, lines, delta):
    d = apply_file(lines)
    equal(d["delta"], delta, f"{name}: {'by a patch' if delta else 'the whole'}")
    got = state()
    equal(got[0], "".join(x + "\n" for x in lines), f"{name}: the text in force is the file")
    apply_file(lines, "--full")
    equal(got, state(), f"{name}: rules and lines as in full")
    # And back to where the next one begins.
    apply_file(LINES, "--full")

equal(apply_file(LINES)["delta"], False, "a first policy: the whole")
steps("one rule more", LINES[:13] + ["\t" + plain_rule()] + LINES[13:], True)
steps("one rule less", LINES[:13] + LINES[14:], True)
steps("one is another", LINES[:13] + ["\t" + plain_rule()] + LINES[14:], True)
steps("three are two", LINES[:13] + ["\t" + plain_rule(), "\t# so", "\t" + plain_rule()] + LINES[16:], True)
steps("one before the end of a run", LINES[:-8] + ["\t" + plain_rule()] + LINES[-8:], False)
steps("one behind the last of a run", LINES[:48] + ["\t" + plain_rule()] + LINES[48:], True)
steps("one in a block", LINES[:50] + ["\t\t" + plain_rule()] + LINES[50:], True)
steps("one that uses a definition", LINES[:13] + ["\tsaddr $four udp dport 7 accept"] + LINES[13:], True)
steps("one that uses a set", LINES[:13] + ["\tdaddr @some udp dport 7 drop"] + LINES[14:], False)
steps("a definition", ["define x = 5"] + LINES, False)
steps("a rule that goes on", LINES[:13] + ["\tsaddr 10.9.9.9 count c"] + LINES[13:], False)
steps("another hook", LINES + ["ingress device d0 { accept }"], False)
steps("a rule on two lines", LINES[:13] + ["\tsaddr { 10.9.9.9,", "\t10.9.9.8 } accept"] + LINES[13:], False)
d = apply_file(LINES)
equal(d["delta"], False, "the same file: the whole, which folds what was patched")

# One change after the other, wherever it goes: the text is the file, and so are the
# rules; counters stay.
random.seed(5)
lines, ways, wrong = list(LINES), [0, 0], []
for n in range(60):
    at = random.randrange(8, len(lines) - 12)
    what = random.randrange(3)
    if what == 0 or (lines[at].strip() and lines[at].strip()[-1] in "{}"):
        lines.insert(at, "\t" + new_rule())
    elif what == 1 and "id" in lines[at]:
        del lines[at]
    elif lines[at].strip() and not lines[at].strip().startswith("#"):
        lines[at] = "\t" + new_rule()
    try:
        d = apply_file(lines)
    except RuntimeError:
        # A rule outside of any hook, say: refused, as in full.
        lines = fwctl("show", "policy")["files"][0]["text"].split("\n")[:-1]
        continue
    ways[d["delta"]] += 1
    got = state()
    if got[0] != "".join(x + "\n" for x in lines):
        wrong.append((n, "text"))
    if n % 10 == 9:
        apply_file(lines, "--full")
        if got != state():
            wrong.append((n, got, state()))
equal(wrong, [], f"changes at random: {ways[1]} by patches, {ways[0]} the whole")
ok(ways[1] > 20, "most by patches", ways)

# Wrong files are refused as ever, and what is in force stays.
before = state()
r = run("fwctl", "-n", "gw", "apply", "p.fw")
write(lines[:13] + ["\ttcp dprot 5 accept"] + lines[13:])
r = run("fwctl", "-n", "gw", "apply", "p.fw")
ok(r.returncode == 1 and "p.fw:14:" in r.stderr and "dprot" in r.stderr, "a wrong rule is reported with its line", r.stderr)
equal(state()[0], before[0], "and what was in force stays")
END
done_testing
