#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# apply of a policy that includes files, of which one differs a little, or several:
# by a patch, and what is in force is the files, as applied in full; whose counters
# stay; and whatever could mean other files goes the whole way.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import os
import random
import socket

os.mkdir("parts")
RULES = [f"\tsaddr 10.{{}}.{i}.0/24 tcp dport {1000 + i} accept" for i in range(12)]
FILES = {
    "main.fw": ['include "parts/names.fw"', "ingress {", "\tiif lo accept",
                *(r.format(1) for r in RULES), '\tinclude "parts/services.fw"',
                *(r.format(2) for r in RULES), "\taccept", "}",
                "egress {", "\toif lo accept", '\tinclude "parts/both.fw"', "\taccept", "}"],
    "parts/names.fw": ["define four = { 10.4.0.0/16, 10.5.0.0/16 }",
                       "set some : addr { elements = { 10.6.0.1, 10.6.0.2 } }"],
    "parts/services.fw": ["# services", *(r.format(3) for r in RULES[:6]),
                          "\tudp dport 4000 drop id counted", 'include "both.fw"',
                          *(r.format(3) for r in RULES[6:]), 'include "empty.fw"'],
    "parts/both.fw": ["\tudp dport 1 drop", "\tudp dport 2 drop", "\tudp dport 3 drop",
                      "\tudp dport 5 drop"],
    "parts/empty.fw": [],
}

def write(files):
    for name, lines in files.items():
        text = "".join(x + "\n" for x in lines)
        if not os.path.exists(name) or open(name).read() != text:
            with open(name, "w") as f:
                f.write(text)

def state():
    """What is in force: texts, and rules with their files and lines."""
    return ([(f["name"], f["text"]) for f in fwctl("show", "policy")["files"]],
            [(r["file"], r["line"], r["id"], r["tree"], r["text"]) for r in stats()["rules"]],
            [(r["file"], r["line"], r["depth"], r["text"]) for t in fwctl("show", "tree")["trees"] for r in t["rules"]])

def apply_files(files, *words):
    write(files)
    return fwctl("apply", "main.fw", *words)

def edit(files, name, at, new, gone=0):
    lines = files[name]
    at = at if at >= 0 else len(lines) + 1 + at
    return {**files, name: lines[:at] + new + lines[at + gone:]}

def steps(name, files, delta):
    d = apply_files(files)
    equal(d["delta"], delta, f"{name}: {'by a patch' if delta else 'the whole'}")
    got = state()
    for f, text in got[0]:
        if text != "".join(x + "\n" for x in files[f]):
            ok(False, f"{name}: {f} in force is the file", text)
    apply_files(files, "--full")
    equal(got, state(), f"{name}: files, rules and lines as in full")
    apply_files(FILES, "--full")

rule = "\tsaddr 10.9.9.0/24 udp dport 9 drop"
equal(apply_files(FILES)["delta"], False, "a first policy: the whole")
equal(len(state()[0]), 6, "of six files, of which one is read twice")
steps("one rule more in the main file", edit(FILES, "main.fw", 5, [rule]), True)
steps("one before the file that is included", edit(FILES, "main.fw", 15, [rule]), True)
steps("one behind it", edit(FILES, "main.fw", 16, [rule]), True)
steps("one more in the file that is included", edit(FILES, "parts/services.fw", 3, [rule]), True)
steps("one as its first", edit(FILES, "parts/services.fw", 0, [rule]), True)
steps("one less there", edit(FILES, "parts/services.fw", 3, [], 1), True)
steps("one is another there", edit(FILES, "parts/services.fw", 3, [rule], 1), True)
steps("one as the last of a file", edit(FILES, "parts/both.fw", 2, [], 1), True)
steps("one in a file that is read twice", edit(FILES, "parts/both.fw", 2, [rule]), True)
steps("its last one is another", edit(FILES, "parts/both.fw", 3, [rule], 1), True)
steps("one that uses what another file defines",
      edit(FILES, "parts/services.fw", 3, ["\tsaddr $four daddr @some udp dport 9 drop"]), True)
several = edit(edit(edit(edit(FILES, "main.fw", 20, [rule], 1), "main.fw", 5, [rule + " # b"]),
                    "parts/services.fw", 4, ["# why", rule + " # c"]), "parts/both.fw", 1, [], 1)
steps("several, in three files", several, True)
steps("a definition", edit(FILES, "parts/names.fw", 0, ["define x = 5"]), False)
steps("a file more", edit(FILES, "main.fw", 5, ['\tinclude "parts/empty.fw"']), False)
steps("a file less", edit(FILES, "main.fw", 15, [], 1), False)
steps("something where there was nothing", edit(FILES, "parts/empty.fw", 0, [rule]), False)
steps("a file by another name", {**edit(FILES, "main.fw", 0, ['include "./parts/names.fw"'], 1),
                                 "./parts/names.fw": FILES["parts/names.fw"]}, False)
equal(apply_files(FILES)["delta"], False, "the same files: the whole")

# A definition in a file that is read behind some rules: for the rules behind that.
late = {**FILES, "main.fw": FILES["main.fw"][:-5] + ['include "parts/late.fw"'] + FILES["main.fw"][-5:],
        "parts/late.fw": ["define late = { 10.7.0.0/16, 10.8.0.0/16 }"]}
rule_late = "\tsaddr $late udp dport 9 drop"
apply_files(late, "--full")
write(edit(late, "parts/services.fw", 3, [rule_late]))
r = run("fwctl", "-n", "gw", "apply", "main.fw")
ok(r.returncode == 1 and "parts/services.fw:4:" in r.stderr and "late" in r.stderr, "a definition in a file that is read later: refused", r.stderr)
write(late)
equal(apply_files(edit(late, "main.fw", -4, [rule_late]))["delta"], True, "one that is read before: by a patch")
apply_files(FILES, "--full")

# What is asked about rules that were added, in whichever file, is answered by it.
with ns("home"):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(3):
        s.sendto(b"x", ("192.168.1.1", 4000))
def counted():
    return [(r["file"], r["line"], r["hits"]) for r in stats()["rules"] if r["id"] == "counted"]
equal(counted(), [("parts/services.fw", 8, 3)], "a rule counts")
new = edit(edit(FILES, "parts/services.fw", 1, ["\tudp dport 4009 drop id new"]), "main.fw", 16,
           ["\tudp dport 4010 drop id other"])
equal(apply_files(new)["delta"], True, "one before it, and one in another file")
equal(counted(), [("parts/services.fw", 9, 3)], "its counters stay, its line is another")
for port, where in ((4009, ("parts/services.fw", 2, "new")), (4010, ("main.fw", 17, "other")),
                    (4000, ("parts/services.fw", 9, "counted"))):
    r = fwctl("explain", "--live", *f"in lan udp 10.99.0.1:1 to 10.0.0.9:{port}".split())
    equal(tuple(r["rule"][x] for x in ("file", "line", "id")), where, f"explain names file and line of port {port}")
    with ns("home"):
        s.sendto(b"x", ("192.168.1.1", port))
equal(sorted((r["file"], r["line"], r["id"], r["hits"]) for r in stats()["rules"] if r["id"]),
      [("main.fw", 17, "other", 1), ("parts/services.fw", 2, "new", 1), ("parts/services.fw", 9, "counted", 4)],
      "stats tell them where they are")
d = fwctl("rule", "add", "after", "new", "udp dport 4011 drop id third")
equal((d["delta"], d["file"], d["line"]), (True, "parts/services.fw", 3), "rule add beside what was added")
d = fwctl("rule", "replace", "other", "udp dport 4010 accept id other")
equal((d["delta"], d["file"], d["line"]), (True, "main.fw", 17), "rule replace in another file")
equal([f["text"].count("4011") for f in fwctl("show", "policy")["files"]], [0, 0, 1, 0, 0, 0], "is told in its file alone")
equal(sorted((r["file"], r["line"], r["id"]) for r in stats()["rules"] if r["id"]),
      [("main.fw", 17, "other"), ("parts/services.fw", 2, "new"), ("parts/services.fw", 3, "third"),
       ("parts/services.fw", 10, "counted")], "and stats tell each in its own")
d = apply_files(new)
equal((d["delta"], state()[0]), (True, [(n, "".join(x + "\n" for x in new[n])) for n in
      ("main.fw", "parts/names.fw", "parts/services.fw", "parts/both.fw", "parts/empty.fw", "parts/both.fw")]),
      "the files take back what was changed besides")

# A rule that goes to another file and comes back is where it is, for who lists connections.
moved = "\tiif lan udp dport 4050 accept id moved"
home = edit(FILES, "main.fw", 5, [moved])
apply_files(home, "--full")
def moves(files, file, line, what):
    equal(apply_files(files)["delta"], True, f"{what}: by a patch")
    equal([(c["rules"]["ingress"]["file"], c["rules"]["ingress"]["line"]) for c in conn_list("dport", "4050")],
          [(file, line)], f"{what}: a connection tells its file and line")
    equal(len(conn_list("rule", f"{file}:{line}")), 1, f"{what}: and is found by them")
with ns("home"):
    s.sendto(b"x", (FAR[4], 4050))
ok(wait_for(lambda: conn_list("dport", "4050")), "a connection begins")
moves({**FILES, "parts/services.fw": edit(FILES, "parts/services.fw", 3, [moved])["parts/services.fw"]},
      "parts/services.fw", 4, "a rule in another file")
moves(edit(home, "main.fw", 3, [rule]), "main.fw", 7, "the rule back where it was, behind one more")
fwctl("conn", "flush")

# By file and line, in whichever file; also where the whole of it is compiled.
apply_files(FILES, "--full")
def placed(what, delta, file, line, *words):
    d = fwctl("rule", *words)
    equal((d["delta"], d["file"], d["line"]), (delta, file, line), what)
def services():
    return [f["text"] for f in fwctl("show", "policy")["files"] if f["name"] == "parts/services.fw"][0].split("\n")
placed("rule add by FILE:LINE of a file that is included", True, "parts/services.fw", 8,
       "add", "before", "parts/services.fw:8", "udp dport 4020 drop id placed")
placed("rule replace of what was added there", True, "parts/services.fw", 8,
       "replace", "parts/services.fw:8", "udp dport 4021 drop id placed")
placed("LINE alone is of the first file", True, "main.fw", 4, "add", "before", "4", "udp dport 4023 drop")
block = "udp dport 4022 { saddr 10.9.0.0/16 accept; drop }"
placed("a block in a file that is included: the whole", False, "parts/services.fw", 9,
       "add", "after", "parts/services.fw:8", block)
equal(services()[7:10], ["\tudp dport 4021 drop id placed", "\t" + block, "\tudp dport 4000 drop id counted"],
      "stands where it was asked for")
equal([len(f["text"].split("\n")) for f in fwctl("show", "policy")["files"]],
      [len(FILES[n]) + 1 + more for n, more in (("main.fw", 1), ("parts/names.fw", 0), ("parts/services.fw", 2),
                                               ("parts/both.fw", 0), ("parts/empty.fw", 0), ("parts/both.fw", 0))],
      "and the other files are what they were")
placed("rule replace of a block: the whole", False, "parts/services.fw", 9,
       "replace", "parts/services.fw:9", "udp dport 4024 drop")
for place, words in (("parts/both.fw:2", "parts/both.fw is included 2 times"),
                     ("parts/none.fw:2", "the policy in force has no file 'parts/none.fw'"),
                     ("parts/services.fw:1", "no rule begins in line 1 of parts/services.fw")):
    r = run("fwctl", "-n", "gw", "rule", "delete", place)
    ok(r.returncode == 1 and words in r.stderr, f"rule delete {place}: {words}", r.stderr)
apply_files({**FILES, "main.fw": ["ingress {", '\tinclude "parts/both.fw"', "\taccept", "}", "egress { accept }"]})
placed("the first rule of a hook may be one of a file that is included", False, "parts/both.fw", 1,
       "add", "first", "in", "ingress", "udp dport 7 { drop }")
apply_files({**FILES, "main.fw": ["tree ingress-lan {", "\tudp dport 9 drop", "}", "ingress {",
                                  "\tcall ingress-lan", "\taccept", "}", "egress { accept }"]})
ok("\ntree ingress-lan\n" in "\n" + run("fwctl", "-n", "gw", "show", "tree").stdout, "a tree whose name begins as a hook's is one")
d = fwctl("rule", "add", "first", "in", "tree ingress-lan", "udp dport 8 drop")
equal((d["file"], d["line"]), ("main.fw", 2), "and is named as show tree heads it")
# Rules as they are told: all of them in JSON, the beginning for people, without comments.
said, many = 'saddr 10.0.0.1 log "say \\"#1\\" x" accept id q', ", ".join(f"10.0.{n}.1" for n in range(90))
apply_files({**FILES, "main.fw": ["ingress {", "\t" + said + " # not this", f"\tsaddr {{ {many} }} accept id long", "\taccept", "}"]})
want = [said, f"saddr {{ {many} }} accept id long", "accept"]
equal([r["text"] for t in fwctl("show", "tree")["trees"] for r in t["rules"]], want, "show tree has the text of rules")
equal([r["text"] for r in stats()["rules"]], want, "and so has stats")
text = run("fwctl", "-n", "gw", "show", "tree").stdout.split("\n")
ok(text[1].endswith(said) and text[2].endswith("...") and len(text[2]) < 420, "and people have the beginning of long ones", text)
apply_files(FILES, "--full")

# An element that the text has is added by hand: it is there as it was.
fwctl("set", "add", "some", "10.6.0.1")
equal(apply_files(edit(FILES, "main.fw", 5, [rule]))["delta"], True, "an element twice: by a patch")
fwctl("set", "delete", "some", "10.6.0.1")
equal(apply_files(FILES)["delta"], False, "one that was taken away: the whole")
apply_files(FILES, "--full")

# Refused as ever, with file and line.
write(edit(FILES, "parts/services.fw", 3, ["\ttcp dprot 5 accept"]))
r = run("fwctl", "-n", "gw", "apply", "main.fw")
ok(r.returncode == 1 and "parts/services.fw:4:" in r.stderr and "dprot" in r.stderr, "a wrong rule is reported with its file and line", r.stderr)
write(FILES)
os.rename("parts/both.fw", "parts/gone.fw")
r = run("fwctl", "-n", "gw", "apply", "main.fw")
ok(r.returncode == 1 and "both.fw" in r.stderr, "a file that is gone is reported", r.stderr)
os.rename("parts/gone.fw", "parts/both.fw")

# One change after the other, in any file.
random.seed(7)
files, ways, wrong = dict(FILES), [0, 0], []
apply_files(files, "--full")
for n in range(60):
    for _ in range(random.randrange(1, 4)):
        name = random.choice(("main.fw", "parts/services.fw", "parts/both.fw"))
        at = random.randrange(1, len(files[name]))
        what = random.randrange(3)
        plain = "include" not in files[name][at] and files[name][at].startswith("\t") and "10." in files[name][at]
        line = f"\tsaddr 10.{random.randrange(256)}.0.0/16 udp dport {random.randrange(1, 65536)} {random.choice(('accept', 'drop'))}"
        if what and plain:
            files = edit(files, name, at, [line] if what == 1 else [], 1)
        else:
            files = edit(files, name, at, [line])
    try:
        d = apply_files(files)
    except RuntimeError:
        files = {f["name"]: f["text"].split("\n")[:-1] for f in fwctl("show", "policy")["files"]}
        continue
    ways[d["delta"]] += 1
    got = state()
    if any(text != "".join(x + "\n" for x in files[f]) for f, text in got[0]):
        wrong.append((n, "text"))
    if n % 10 == 9:
        apply_files(files, "--full")
        if got != state():
            wrong.append((n, got, state()))
equal(wrong, [], f"changes at random: {ways[1]} by patches, {ways[0]} the whole")
ok(ways[1] > 20, "most by patches", ways)

# Texts of many blocks, and what is gone between them.
big = {"main.fw": ["ingress {", '\tinclude "parts/one.fw"', '\tinclude "parts/two.fw"', "\tdrop", "}", "egress { accept }"]}
for k, name in enumerate(("parts/one.fw", "parts/two.fw")):
    big[name] = [f"\tsaddr 10.{i >> 8}.{i & 255}.0/24 tcp dport {1 + k} accept" for i in range(2000)]
apply_files(big)
wrong, ways = [], 0
for n in range(12):
    for name in ("parts/one.fw", "parts/two.fw")[n % 2:]:
        at = random.randrange(2, len(big[name]) - 3)
        big = edit(big, name, at, [f"\tsaddr 10.{n}.0.0/16 udp dport {random.randrange(1, 65536)} drop # {n}"], n % 3)
    ways += apply_files(big)["delta"]
    if [f["text"] for f in fwctl("show", "policy")["files"]] != ["".join(x + "\n" for x in big[f]) for f in big]:
        wrong.append(n)
equal((wrong, ways), ([], 12), "12 changes of two large files, by patches")
got = state()
apply_files(big, "--full")
equal(got, state(), "and their rules stand where they do in full")
END
done_testing
