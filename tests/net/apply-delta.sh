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
import threading

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
        random.choice(("accept", "drop", "count c accept", "log accept # why not", "count c", "limit 10/second accept", "quota 1G log")))

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
steps("one rule more", LINES[:13] + ["\t" + new_rule()] + LINES[13:], True)
steps("one rule less", LINES[:13] + LINES[14:], True)
steps("one is another", LINES[:13] + ["\t" + new_rule()] + LINES[14:], True)
steps("three are two", LINES[:13] + ["\t" + new_rule(), "\t# so", "\t" + new_rule()] + LINES[16:], True)
steps("one before the end of a run", LINES[:-8] + ["\t" + new_rule()] + LINES[-8:], False)
steps("one behind the last of a run", LINES[:48] + ["\t" + new_rule()] + LINES[48:], True)
steps("one in a block", LINES[:50] + ["\t\t" + new_rule()] + LINES[50:], True)
steps("one that uses a definition", LINES[:13] + ["\tsaddr $four udp dport 7 accept"] + LINES[13:], True)
steps("one that uses a set", LINES[:13] + ["\tdaddr @some udp dport 7 drop"] + LINES[14:], True)
steps("a definition", ["define x = 5"] + LINES, False)
steps("a rule that goes on", LINES[:13] + ["\tsaddr 10.9.9.9 count c"] + LINES[13:], True)
steps("rules that go on, or may", LINES[:13] + ["\tsaddr 10.9.9.9 count c", "\tlog \"x \"", "\tprotocol tcp limit 1/second set mark 5", "\tudp dport 9 quota 10M accept",
       "\tprotocol tcp ct count by saddr > 3 drop"] + LINES[14:], True)
steps("another hook", LINES + ["ingress device d0 { accept }"], False)
steps("a rule on two lines", LINES[:13] + ["\tsaddr { 10.9.9.9,", "\t10.9.9.8 } accept"] + LINES[13:], False)
# Definitions that stand behind rules: for those behind them alone.
late = LINES[:-6] + ["define late = { 10.7.0.0/16, 10.8.0.0/16 }"] + LINES[-6:]
apply_file(late, "--full")
rule_late = "\tsaddr $late udp dport 7 drop"
write(late[:13] + [rule_late] + late[13:])
r = run("fwctl", "-n", "gw", "apply", "p.fw")
ok(r.returncode == 1 and "p.fw:14:" in r.stderr and "late" in r.stderr, "a definition that stands behind the rule: refused", r.stderr)
r = run("fwctl", "-n", "gw", "rule", "add", "before", "r3", rule_late.strip())
ok(r.returncode == 1 and "late" in r.stderr, "by rule add, too", r.stderr)
equal(state()[0], "".join(x + "\n" for x in late), "and what was in force stays")
equal(apply_file(late[:-4] + [rule_late] + late[-4:])["delta"], True, "a rule behind it: by a patch")
# Nobody parses a comment, and it is text all the same.
apply_file(LINES, "--full")
with open("p.fw", "wb") as f:
    f.write("".join(x + "\n" for x in LINES).encode().replace(b"# services", b"# f\xfcr"))
r = run("fwctl", "-n", "gw", "apply", "p.fw")
ok(r.returncode == 1 and "not UTF-8" in r.stderr, "a comment that is not UTF-8: refused", r.stderr)
equal(state()[0], "".join(x + "\n" for x in LINES), "and what was in force stays")
# By a pipe, which is read once; nothing that came by one is no policy.
write(LINES[:13] + LINES[14:])
piped = open("p.fw").read()
# The writer's sleep is what is tested: a reader that does not wait finds the pipe empty.
r = run("bash", "-c", "fwctl -n gw apply <(sleep 0.5; cat p.fw)")
equal((r.returncode, state()[0]), (0, piped), "by a pipe whose writer takes its time")
r = run("bash", "-c", "fwctl -n gw apply <(:)")
ok(r.returncode == 1 and "nothing came by it" in r.stderr, "a pipe by which nothing came: refused", r.stderr)
r = run("fwctl", "-n", "gw", "apply", "-", data="")
ok(r.returncode == 1 and "nothing came by it" in r.stderr, "by standard input, too", r.stderr)
equal(state()[0], piped, "and what was in force stays")
apply_file(LINES, "--full")
# A line that says nothing ends one that goes on: with blanks behind the backslash, too.
for name, on, end in (("blanks", "\\ ", ""), ("a tab", "\\\t", ""), ("CRLF", "\\", "\r"), ("both", "\\ ", "\r")):
    pair = ["\tsaddr 10.9.9.9 count c " + on, "\tcount d"]
    apply_file([x + end for x in LINES[:13] + pair + LINES[13:]], "--full")
    steps(f"between a line and where it goes on: {name}",
          [x + end for x in LINES[:13] + pair[:1] + [""] + pair[1:] + LINES[13:]], False)
steps("a rule that goes on in the next one", LINES[:13] + ["\tsaddr 10.9.9.9 drop \\ ", ""] + LINES[13:], False)
far = LINES[:12] + ["\t" + new_rule()] + LINES[13:30] + LINES[31:40] + ["\t" + new_rule()] + LINES[40:51]
steps("one more, one less and another, in two blocks", far + ["\t\t" + new_rule()] + LINES[51:], True)
steps("a rule in each of two trees", LINES[:12] + LINES[13:-4] + ["\tudp dport 3 drop"] + LINES[-3:], True)
steps("a rule here, a brace there", LINES[:12] + LINES[13:49] + ["\ttcp dport 81 {", "\t\taccept", "\t}"] + LINES[49:], False)
# Beside a line that was added and says nothing.
apply_file(LINES)
for name, lines in (("before", LINES[:12] + ["\t# two", "\t# one"] + LINES[13:]),
                    ("behind", LINES[:13] + ["\t# one", "\t# two"] + LINES[14:]),
                    ("on both sides", LINES[:12] + ["\t# two", "\t" + new_rule(), "\t# one", "", "\t# three"] + LINES[14:]),
                    ("where it goes", LINES[:12] + ["\t" + new_rule()] + LINES[13:])):
    apply_file(LINES[:13] + ["\t# one"] + LINES[13:])
    d = apply_file(lines)
    equal((d["delta"], state()[0]), (True, "".join(x + "\n" for x in lines)), f"a comment that was added: {name}")
    apply_file(LINES, "--full")
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

# Rules that ask sets ask those that are there, with what they hold by now.
apply_file(LINES, "--full")
fwctl("set", "add", "some", "10.99.0.1")
d = apply_file(LINES[:9] + ["\tsaddr @some tcp dport 4000 accept id by-set", "\tsaddr @some udp dport 4000 drop"] + LINES[9:])
equal(d["delta"], True, "rules that ask a set: by a patch")
def live(packet):
    return fwctl("explain", "--live", *packet.split())
r = live("in lan tcp 10.99.0.1:1000 to 10.0.0.9:4000 syn")
ok("by-set" in str(r), "an element that was added since decides", r)
fwctl("set", "delete", "some", "10.99.0.1")
r = live("in lan tcp 10.99.0.1:1000 to 10.0.0.9:4000 syn")
ok("by-set" not in str(r), "and does not when it is gone", r)
equal(sorted(e["element"] for e in fwctl("set", "list", "some")), ["10.6.0.1", "10.6.0.2"], "the set's own stay")
fwctl("stats")

# Elements of the text that were taken away come back with the next apply that has them.
apply_file(LINES)
fwctl("set", "delete", "some", "10.6.0.1")
d = apply_file(LINES[:20] + ["\tudp dport 4003 drop"] + LINES[20:])
equal((d["delta"], sorted(e["element"] for e in fwctl("set", "list", "some"))), (False, ["10.6.0.1", "10.6.0.2"]), "elements that were taken away come back")
equal(apply_file(LINES)["delta"], True, "and then it goes by a patch again")

# What is compiled from more than the text is compiled anew.
with open("more.txt", "w") as f:
    f.write("10.77.0.1\n")
for what, head in (("names of a directory", ['include "none-*.fw"']),
                   ("servers of names", ["set dns : addr { elements = { @resolvers } }"])):
    lines = head + LINES
    if "set" in head[0]:
        lines = lines[:10] + [f"\tsaddr @{head[0].split()[1]} tcp dport 4001 accept"] + lines[10:]
    apply_file(lines)
    d = apply_file(lines[:20] + ["\tudp dport 4002 drop"] + lines[20:])
    equal(d["delta"], False, f"{what}: the whole")

# Elements of a file are text as others: as long as they are the same.
lines = ['set far : addr { elements file "more.txt" }'] + LINES
lines = lines[:10] + ["\tsaddr @far tcp dport 4001 accept"] + lines[10:]
apply_file(lines)
equal(apply_file(lines[:20] + ["\tudp dport 4002 drop"] + lines[20:])["delta"], True, "elements of a file that stay: by a patch")
with open("more.txt", "w") as f:
    f.write("10.77.0.2\n")
equal((apply_file(lines[:20] + ["\tudp dport 4002 drop"] + lines[20:])["delta"],
       [e["element"] for e in fwctl("set", "list", "far")]), (False, ["10.77.0.2"]), "that are others: the whole")

# What a patch has no words for goes the whole way; in a policy that has it, too, other
# rules still go by a patch, and it stays as it was.
HEAD = ["tree some_tree { accept }", "map names : addr -> tree { elements = { 10.8.8.8 -> some_tree } }", "pool p { 10.0.0.1; 10.0.0.2 }"]
for what, rule_ in (("a split", "udp dport 10 split random { 1 -> accept; 1 -> drop }"),
                    ("a filter of tcpdump's", 'bpf "udp port 10" drop'),
                    ("a map", "goto saddr map @names"),
                    ("a choice", "select saddr { 10.8.0.1 -> accept; 10.8.0.2 -> drop }"),
                    ("a pool", "udp dport 10 balance @p accept"),
                    ("a tree", "udp dport 10 goto some_tree")):
    base = HEAD + LINES
    apply_file(base, "--full")
    at = len(HEAD) + 20
    try:
        d = apply_file(base[:at] + ["\t" + rule_] + base[at:])
    except RuntimeError as e:
        ok(False, f"{what} is no rule", e)
        continue
    got = state()
    equal(d["delta"], False, f"{what} comes the whole way")
    d = apply_file(base[:at] + ["\t" + rule_, "\tudp dport 4007 drop"] + base[at:at + 5] + base[at + 6:])
    equal(d["delta"], True, f"{what} is there: others by a patch")
    equal(d["delta"] and apply_file(base[:at] + ["\t" + rule_] + base[at:])["delta"] and state() == got, True, "and back")
    apply_file(base)
    equal(state()[0], "".join(x + "\n" for x in base), f"{what} goes")

# Many blocks of text, changed here and there, and what stands behind moves.
lines = ["ingress {"] + [f"\tsaddr 10.{i >> 8}.{i & 255}.0/24 tcp dport {1 + i} accept" for i in range(4000)] + ["\tdrop", "}", "egress { accept }"]
apply_file(lines)
wrong, ways, want = [], 0, 0
for n in range(25):
    was = list(lines)
    # At one place, or all over the file.
    far = n % 2
    for _ in range(random.randrange(1, 12 if far else 4)):
        at = random.randrange(2, len(lines) - 3) if far or not _ else at
        if random.randrange(3):
            lines.insert(at, f"\tsaddr 10.{n}.0.0/16 udp dport {random.randrange(1, 65536)} drop # {n}")
        else:
            del lines[at]
    want += lines != was
    ways += apply_file(lines)["delta"]
    if fwctl("show", "policy")["files"][0]["text"] != "".join(x + "\n" for x in lines):
        wrong.append(n)
got = [(r["line"], r["text"]) for r in stats()["rules"]]
equal((wrong, ways), ([], want), "25 changes of a large file, by patches")
apply_file(lines, "--full")
equal(got, [(r["line"], r["text"]) for r in stats()["rules"]], "and its rules stand where they do in full")

# Two who change it at once: each change is of what was in force then, or is made anew.
def rules():
    for n in range(30):
        run("fwctl", "-n", "gw", "rule", "add", "first", "in", "ingress", f"udp dport {5000 + n} drop")
other = threading.Thread(target=rules)
other.start()
for n in range(30):
    lines[2000] = f"\ttcp dport {6000 + n} drop"
    write(lines)
    run("fwctl", "-n", "gw", "apply", "p.fw")
other.join()
write(lines)
run("fwctl", "-n", "gw", "apply", "p.fw")
equal(fwctl("show", "policy")["files"][0]["text"], "".join(x + "\n" for x in lines), "two at once: the file that came last is in force")
got = [(r["line"], r["text"]) for r in stats()["rules"]]
apply_file(lines, "--full")
equal(got, [(r["line"], r["text"]) for r in stats()["rules"]], "with its rules where they stand")
apply_file(LINES, "--full")

# Wrong files are refused as ever, and what is in force stays.
before = state()
r = run("fwctl", "-n", "gw", "apply", "p.fw")
write(lines[:13] + ["\ttcp dprot 5 accept"] + lines[13:])
r = run("fwctl", "-n", "gw", "apply", "p.fw")
ok(r.returncode == 1 and "p.fw:14:" in r.stderr and "dprot" in r.stderr, "a wrong rule is reported with its line", r.stderr)
equal(state()[0], before[0], "and what was in force stays")

# What a text is recognised by, no other namespace's owner knows, nor who knew the last one.
from genl import Family
KEY, DATA = (Family.attrs("POLICY")[x] for x in ("KEY", "DATA"))

def digests(host):
    r = run("fwctl", "-n", host, "apply", "p.fw", "--full")
    equal(r.returncode, 0, f"a policy for {host}")
    with ns(host):
        f = Family()
        got = [b"".join(f.dump_bytes("DIGEST_GET", x)) for x in (KEY, DATA)]
        f.close()
    return got

apply_file(LINES)
three = [digests("gw"), digests("home"), digests("gw")]
run("fwctl", "-n", "home", "flush")
equal((len(set(k for k, _ in three)), len(set(d for _, d in three))), (3, 3), "the key of digests is the policy's own")
ok(all(len(k) == 8192 + 16 and len(d) == 40 for k, d in three), "and a digest is there", [(len(k), len(d)) for k, d in three])
END
done_testing
