#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What show tells of the policy in force: its text, file by file, with what was changed in
# it; its trees, each with its rules in their order; and a text of one generation whatever
# comes while it is read, be it longer than what the kernel tells at once.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import threading

def write(files):
    for name, text in files.items():
        with open(name, "w") as f:
            f.write(text)

def plain(*words):
    r = run("fwctl", "-n", "gw", "show", *words)
    return r.stdout if not r.returncode else r

def told():
    """Of show policy, both ways."""
    return [(f["name"], f["text"]) for f in fwctl("show", "policy")["files"]], plain("policy")

r = run("fwctl", "-n", "gw", "show", "policy")
ok(r.returncode == 1 and "no policy is in force" in r.stderr and not r.stdout, "without a policy: an error", r.stderr)
r = run("fwctl", "-j", "-n", "gw", "show", "policy")
ok(r.returncode == 1 and "no policy is in force" in json.loads(r.stdout)["error"]["message"], "JSON", r.stdout)

# One file: as it is, and nothing else.
ONE = "# öne\ningress {\n\tudp dport 1 drop id one\n\tudp dport 2 drop\n\tudp dport 5 drop\n\taccept\n}\negress { accept }\n"
write({"one.fw": ONE})
d = fwctl("apply", "one.fw", "--full")
equal(told(), ([("one.fw", ONE)], ONE), "one file")
equal(set(fwctl("show", "policy")), {"generation", "applied", "files"}, "what JSON has beside it")
equal(fwctl("show", "policy")["generation"], d["generation"], "of this generation")
equal(plain(), ONE, "show alone is the same")
ok(fwctl("rule", "delete", "one")["delta"] and fwctl("rule", "add", "after", "3", "udp dport 3 drop")["delta"], "two changes")
ONE = ONE.replace("\tudp dport 1 drop id one\n", "").replace("2 drop\n", "2 drop\n\tudp dport 3 drop\n")
equal(told(), ([("one.fw", ONE)], ONE), "with what was changed")
write({"one.fw": ONE[:-1]})
fwctl("apply", "one.fw", "--full")
equal(told(), ([("one.fw", ONE[:-1])], ONE), "a last line without its end gets one")
ok(fwctl("rule", "add", "before", "3", "udp dport 9 drop")["delta"], "a change")
NINE = ONE.replace("\tudp dport 2", "\tudp dport 9 drop\n\tudp dport 2")
equal(told(), ([("one.fw", NINE[:-1])], NINE), "with that, too")
fwctl("apply", "one.fw", "--confirm", "60s")
d, t = fwctl("show", "policy"), plain("policy")
ok(1 <= d["trial"] <= 60 and t.startswith("# on trial: the former policy comes back in "), "on trial", (d, t))
equal((d["files"][0]["text"], t.split("\n", 1)[1]), (ONE[:-1], ONE), "... which is all that is added")
fwctl("rollback")
equal(told(), ([("one.fw", NINE[:-1])], NINE), "rolled back: the former one, with its change")

# A file that ends with a rule, without the line's end: what is added behind it is a line each.
write({"last.fw": "udp dport 7 drop", "before.fw": 'ingress {\n\tinclude "last.fw"\n\taccept\n}\negress { accept }\n'})
fwctl("apply", "before.fw", "--full")
for n in (1, 2):
    fwctl("rule", "add", "after", f"last.fw:{n}", f"udp dport {7 + n} drop")
lines = dict(told()[0])["last.fw"].split("\n")
equal([line.strip() for line in lines], ["udp dport 7 drop", "udp dport 8 drop", "udp dport 9 drop", ""], "a line each, and none between")
equal([r["line"] for r in fwctl("stats")["rules"] if r["file"] == "last.fw"], [1, 2, 3], "by the numbers that stats tells")

# Several files, one of them twice, one of no bytes.
FILES = {
    "main.fw": 'include "empty.fw"\ningress {\n\tudp dport 1 drop\n\tinclude "part.fw"\n\tudp dport 2 drop\n\taccept\n}\n'
               'egress {\n\tudp dport 4 drop\n\tinclude "part.fw"\n\taccept\n}\n',
    "empty.fw": "",
    "part.fw": "\tudp dport 7 drop\n\tudp dport 8 drop\n",
}
ORDER = ["main.fw", "empty.fw", "part.fw", "part.fw"]
write(FILES)
fwctl("apply", "main.fw", "--full")
def shown(texts):
    pairs = list(zip(ORDER, texts))
    return pairs, "\n".join(f"### {name}\n{text}" for name, text in pairs)
texts = [FILES[x] for x in ORDER]
equal(told(), shown(texts), "several files, each by its name")
ok(fwctl("rule", "add", "after", "main.fw:3", "udp dport 3 drop")["delta"], "a rule more")
texts[0] = texts[0].replace("1 drop\n", "1 drop\n\tudp dport 3 drop\n")
equal(told(), shown(texts), "a rule in one of them")
lines = [(r["file"], r["line"]) for r in stats()["rules"]]
equal([x for x in lines if x[0] == "main.fw"], [("main.fw", n) for n in (3, 4, 6, 7, 10, 12)], "stats: rules in the order of the text")

# Trees: rules of one stand between those of another, in blocks, and behind them.
TREES = """tree b {
	udp dport 1 drop
	udp dport 2 drop
}
ingress {
	udp dport 11 call b
	tcp dport 12 {
		saddr 10.0.0.0/8 {
			sport 13 drop
		}
		call a
	}
	saddr 10.0.0.0/9 drop # no comment
	accept
}
tree a {
	udp dport 21 drop
}
egress {
	udp dport 31 drop
	accept
}
"""
write({"trees.fw": TREES})
fwctl("apply", "trees.fw", "--full")
d = fwctl("show", "tree")["trees"]
tree = [(t["name"], [(r["line"], r["depth"], r["text"]) for r in t["rules"]]) for t in d]
equal(tree, [
    ("ingress", [(6, 0, "udp dport 11 call b"), (7, 0, "tcp dport 12 {"), (8, 1, "saddr 10.0.0.0/8 {"),
                 (9, 2, "sport 13 drop"), (11, 1, "call a"), (13, 0, "saddr 10.0.0.0/9 drop"), (14, 0, "accept")]),
    ("egress", [(20, 0, "udp dport 31 drop"), (21, 0, "accept")]),
    ("b", [(2, 0, "udp dport 1 drop"), (3, 0, "udp dport 2 drop")]),
    ("a", [(17, 0, "udp dport 21 drop")]),
], "show tree: hooks, and then trees as they come; rules in their order, blocks within blocks")
rows = [(r["line"], r["tree"], r["text"]) for r in stats()["rules"]]
equal(rows, sorted((line, name, text) for name, rules in tree for line, depth, text in rules), "stats has the same, in the order of the text")
heads = [x for x in plain("tree").split("\n") if x and not x.startswith(" ")]
equal(heads, ["ingress", "egress", "tree b", "tree a"], "show tree in text: what heads them")
N = 400
MANY = [f"tree t{i} {{\n\tudp dport {i} drop\n\ttcp dport {i} {{ saddr 10.0.0.0/8 drop; accept }}\n\tdrop\n}}\n" for i in range(1, N)]
MANY += ["ingress {\n", *(f"\tsaddr 10.{i >> 8}.{i & 255}.0/24 goto t{i}\n" for i in range(1, N)), "\taccept\n}\negress { accept }\n"]
write({"trees.fw": "".join(MANY)})
fwctl("apply", "trees.fw", "--full")
d = fwctl("show", "tree")["trees"]
equal([(t["name"], [r["depth"] for r in t["rules"]]) for t in d],
      [("ingress", [0] * N), ("egress", [0])] + [(f"t{i}", [0, 0, 1, 1, 0]) for i in range(1, N)], f"{N} trees")

# A text of many parts, and of one generation, whatever comes while it is read.
def long_text(first, n=4000):
    return "ingress {\n" + "".join(f"\tsaddr {first}.{i >> 8}.{i & 255}.0/24 tcp dport {i + 1} drop\n" for i in range(n)) + \
           "\tudp dport 7 drop id end\n\taccept\n}\negress { accept }\n"
LONG = {first: long_text(first) for first in (10, 11)}
ok(len(LONG[10]) > 150000, "a long text", len(LONG[10]))

def read_while(what, steps):
    """@steps change what is in force, and say what it is then; meanwhile it is read."""
    done, failed, seen, count = threading.Event(), [], set(), [0]
    def reader():
        while not done.is_set():
            r = run("fwctl", "-j", "-n", "gw", "show", "policy")
            if r.returncode:
                failed.append(r.stdout + r.stderr)
                continue
            d = json.loads(r.stdout)
            seen.add((d["generation"], d["files"][0]["text"]))
            count[0] += 1
    d = fwctl("show", "policy")
    known, began, k = {d["generation"]: d["files"][0]["text"]}, time.monotonic(), 0
    readers = [threading.Thread(target=reader) for _ in range(2)]
    for r in readers:
        r.start()
    while k < 18 or (count[0] < 20 and time.monotonic() < began + 60):
        text = steps[k % len(steps)]()
        known[stats()["generation"]] = text
        k += 1
    done.set()
    for r in readers:
        r.join()
    equal(failed, [], f"{what}: who reads is always told")
    ok(count[0] >= 20 and len({generation for generation, text in seen}) > 2, f"{what}: it was read while it changed", count)
    equal([generation for generation, text in seen if known[generation] != text], [], f"{what}: a text is that of its generation")

def patched():
    fwctl("rule", "add", "before", "end", "udp dport 9 drop id nine")
    return LONG[10].replace("\tudp dport 7 ", "\tudp dport 9 drop id nine\n\tudp dport 7 ")

def unpatched():
    fwctl("rule", "delete", "nine")
    return LONG[10]

def replaced(first):
    fwctl("apply", f"{first}.fw", "--full")
    return LONG[first]

write({f"{first}.fw": text for first, text in LONG.items()})
replaced(10)
equal(plain("policy"), LONG[10], "all of it is told")
read_while("small changes", (patched, unpatched))
replaced(10)
read_while("whole policies", (lambda: replaced(11), lambda: replaced(10), patched))
END
done_testing
