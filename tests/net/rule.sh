#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# One rule is added, deleted, replaced, by a patch and by the whole way: what it
# forbids stops, what it allows goes, everything else keeps its connections and its
# counts; and no packet meets a policy that is neither.
#
#   home ──── lan gw wan ──── net        TCP 80 and 81, UDP 53 to 59
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import random
import re
import threading
from genl import Family, u32

TEXT = """option adopt 0s
define inside = lan
set odd : port { elements = { 81, 83 } }
ingress {
\tiif lo accept
\tct state untracked accept
\tct state invalid drop
\ttcp dport 80 accept id eighty
\ttcp dport 81 accept id other
\tudp dport 53 accept id dns
\tudp dport 55 drop id no
\tudp dport 50-59 accept id many
\ticmp type echo-request accept
\tdrop id end
}
egress {
\toif wan udp dport 9 accept
\toif wan udp dport 10 drop
\toif wan masquerade accept id out
\taccept
}
"""

def apply(policy):
    with open("p.fw", "w") as out:
        out.write(policy)
    fwctl("apply", "p.fw", "--full")

def change(*words, delta=True):
    """A change of one rule, and that it went the way that it should."""
    d = fwctl("rule", *words)
    if d["delta"] != delta:
        ok(False, "rule " + " ".join(words), d)
    return d

def text():
    return fwctl("show", "policy")["files"][0]["text"]

for f in (4, 6):
    apply(TEXT)
    s80, s81 = listen("net", FAR[f], 80), listen("net", FAR[f], 81)
    keep, stop = Pair("home", FAR[f], 80, s80), Pair("home", FAR[f], 81, s81)
    ok(keep.talk() and stop.talk(), f"IPv{f}: two connections")
    before, gen = rule("eighty"), stats()["generation"]
    others = rule("other")["hits"]

    d = change("delete", "other")
    equal((d["generation"], d["line"]), (gen + 1, 9), f"IPv{f}: deleted, one generation on")
    equal(text(), TEXT.replace("\ttcp dport 81 accept id other\n", ""), f"IPv{f}: the text lacks it")
    ok(not stop.talk(), f"IPv{f}: what it allowed stops")
    ok(keep.talk(b"on" * 1000), f"IPv{f}: the other one goes on")
    equal(keep.s.getpeername(), keep.peer, f"IPv{f}: with its translation")
    after = rule("eighty")
    ok(after["packets"] > before["packets"] and after["hits"] >= before["hits"] > 0,
       f"IPv{f}: and its rule with its counts", (before, after))
    ok(not [r for r in stats()["rules"] if r["id"] == "other"], f"IPv{f}: the rule is not listed")
    equal(refused(lambda: connect("home", FAR[f], 81, timeout=0.3)), errno.ETIMEDOUT,
          f"IPv{f}: and allows no new one")

    change("add", "before", "eighty", "tcp dport 81 accept id other")
    s81.close()
    s81 = listen("net", FAR[f], 81)
    again = Pair("home", FAR[f], 81, s81)
    ok(again.talk(), f"IPv{f}: added again, elsewhere: it allows")
    r = {x["id"]: x for x in stats()["rules"]}
    equal((r["other"]["line"], r["eighty"]["line"], r["end"]["line"]), (8, 9, 14),
          f"IPv{f}: lines are those of the text now")
    ok(r["other"]["hits"] == others + 1 and r["other"]["packets"] > 3, f"IPv{f}: it counts on", r["other"])
    ok(keep.talk(), f"IPv{f}: what was there before goes on")
    lines = {c["original"]["dport"]: c["rules"]["ingress"]["line"] for c in conn_list("proto", "tcp", "state", "established")}
    equal((lines[80], lines[81]), (9, 8), f"IPv{f}: connections know their rules' lines")
    equal(len(conn_list("rule", "p.fw:9")), 1, f"IPv{f}: and are found by them")

    hits = rule("eighty")["hits"]
    change("replace", "eighty", "tcp dport { 80, 8080 } accept id eighty")
    ok(keep.talk(), f"IPv{f}: replaced by one that allows it as well: it goes on")
    ok(rule("eighty")["hits"] >= hits, f"IPv{f}: with the counts of its id")
    s = listen("net", FAR[f], 8080)
    p = Pair("home", FAR[f], 8080, s)
    ok(p.talk(), f"IPv{f}: and what is new passes")

    # A live set is known by its place in the base: the whole way.
    change("add", "before", "eighty", "iif $inside tcp dport @odd accept id odd")
    s83 = listen("net", FAR[f], 83)
    p3 = Pair("home", FAR[f], 83, s83)
    ok(p3.talk() and rule("odd")["hits"] == 1, f"IPv{f}: a rule with a definition and a set")
    p3.close(), s83.close()
    change("delete", "odd")

    # A translation by an added rule, with a mark and a counter.
    change("replace", "out", "oif wan set mark 7 count left masquerade accept id out")
    ok(keep.talk() and p.talk(), f"IPv{f}: a binding that the rule would still make stays")
    p2 = Pair("home", FAR[f], 80, s80)
    ok(p2.talk() and p2.s.getpeername()[0] == WAN[f], f"IPv{f}: an added rule translates", p2.s.getpeername())
    equal(stats()["counters"]["left"]["packets"], 1, f"IPv{f}: and counts by name")
    ok([c for c in conn_list("dport", "80", "mark", "7")], f"IPv{f}: and marks")
    # What goes on, and what goes to a tree by a block: that is for the whole way.
    change("add", "before", "out", "oif wan count passed")
    change("add", "before", "out", "udp dport 3 { udp sport 3 drop }", delta=False)
    ok(keep.talk() and p2.talk() and again.talk(), f"IPv{f}: a rule that goes on, and one the whole way: all goes on")
    ok("count passed\n\tudp dport 3 { udp sport 3 drop }\n\toif wan set mark 7" in text(), f"IPv{f}: at its place")
    ok(rule("eighty")["hits"] >= hits and rule("other")["packets"] > 3,
       f"IPv{f}: counts of what was added are kept when it is folded")
    for p in (keep, stop, again, p, p2):
        p.close()
    s80.close(), s81.close(), s.close()
    fwctl("conn", "flush")

# A rule that was covered comes back with what covered it gone, and the other way.
apply(TEXT)
u = udp("net", FAR[4], 55)
def passes(seconds=0.3):
    v = udp("home", HOME[4])
    v.sendto(b"x", (FAR[4], 55))
    got = not silent(u, seconds)
    v.close()
    return got
ok(not passes(), "covered: dropped")
change("delete", "no")
ok(passes(TIMEOUT), "its cover is gone: accepted by the rule behind")
change("add", "first", "in", "ingress", "udp dport 55 drop id no")
ok(not passes(), "covered again, as the first rule")
# The last one added is the first one: above what was added there, or took that place.
change("add", "first", "in", "ingress", "udp dport 55 accept id yes")
ok(passes(TIMEOUT), "one more before it decides")
change("replace", "yes", "udp dport 55 count passed accept id yes")
change("add", "first", "in", "ingress", "udp dport 55 drop id top")
fwctl("conn", "flush")
ok(not passes(), "and another one, before what took its place")
ok(re.search(r"id top\n.*id yes\n.*id no\n", text()), "the text has them so", text())
u.close()

fwctl("conn", "flush")	# one to port 55 was accepted

# What is shown is of one generation, whatever comes while it is read.
OTHER = "ingress { drop }\negress { accept }\n"
apply(TEXT)
known = {stats()["generation"]: text()}
readers = [subprocess.Popen(["bash", "-c", "while fwctl -n gw -j show policy; do :; done"],
                            stdout=open(f"shown{i}", "w"), stderr=subprocess.DEVNULL) for i in range(3)]
def shown():
    return [json.loads(line) for i in range(3) for line in open(f"shown{i}").read().split("\n")[:-1]]
began = time.monotonic()
while len(known) < 60 or (len(shown()) < 60 and time.monotonic() < began + 60):
    for step in (lambda: apply(TEXT), lambda: change("add", "before", "eighty", "udp dport 9 drop"), lambda: apply(OTHER)):
        step()
        known[stats()["generation"]] = text()
ok(all(r.poll() is None for r in readers), "who reads all the time is always told")
for r in readers:
    r.kill()
    r.wait()
wrong = [d["generation"] for d in shown() if known[d["generation"]] != d["files"][0]["text"]]
ok(len(shown()) >= 60, "it was read while it changed", len(shown()))
equal(wrong, [], "a text is that of its generation")
apply(TEXT)

# A number is a line's; a name that begins with one is a name.
apply('ingress {\n\tudp dport 53 drop id "6in4"\n\tudp dport 54 drop id "a:b"\n\taccept\n}\negress { accept }\n')
change("delete", "6in4", delta=False)
change("replace", "a:b", 'udp dport 55 drop id "a:b"', delta=False)
equal(text(), 'ingress {\n\tudp dport 55 drop id "a:b"\n\taccept\n}\negress { accept }\n', "ids that begin with a digit, or have a colon")
change("delete", "2", delta=False)
equal(text(), "ingress {\n\taccept\n}\negress { accept }\n", "and a line")

# A comment goes on to the end of its line: what else stands there stays in force.
SHARED = "ingress {\n\tudp dport 53 drop id a; udp dport 54 drop id b\n\taccept\n}\negress { accept }\n"
A, B = "udp dport 53 drop id a", "udp dport 54 drop id b"
for what, words, line in (
    ("replaced", ("replace", "a", "udp dport 55 drop id a # was 53"), f"udp dport 55 drop id a # was 53\n{B}"),
    ("before", ("add", "before", "b", 'udp dport 55 log "\\"#" drop # it\'s "new'), f'{A}; udp dport 55 log "\\"#" drop # it\'s "new\n{B}'),
    ("behind", ("add", "after", "a", "udp dport 55 drop # new"), f"{A}; udp dport 55 drop # new\n{B}"),
    ("in a string it is none", ("add", "after", "a", 'udp dport 55 log "\\"#" drop'), f'{A}; udp dport 55 log "\\"#" drop; {B}'),
):
    apply(SHARED)
    change(*words, delta=False)
    equal(text(), SHARED.replace(f"{A}; {B}", line), f"a rule with a comment, several on a line: {what}")
    ok({"a", "b"} <= {r["id"] for r in stats()["rules"]}, f"... and the others are there: {what}")
# What only the whole policy has may be named, and what nobody has is told.
apply("map m : port -> addr { elements = { 80 -> 10.0.0.1 } }\npool p { 10.0.0.5 }\ntree tt {\n\tudp dport 4 drop\n\taccept\n}\n"
      "ingress {\n\tudp dport 3 drop id here\n\taccept\n}\negress { accept }\n")
for words in ("udp dport 5 call tt", "udp dport 6 goto tt", "tcp dport 80 dnat to tcp dport map @m accept",
              "tcp dport 81 balance@p accept"):
    change("add", "before", "here", words, delta=False)
    ok(f"\t{words}\n\tudp dport 3 drop id here" in text(), f"rule add: {words}")
r = run("fwctl", "-n", "gw", "rule", "add", "before", "here", "udp dport 7 goto nowhere")
ok(r.returncode == 1 and "there is no tree 'nowhere'" in r.stderr, "a tree that nobody has", r.stderr)

apply("ingress {\n\tprotocol udp { dport 53 drop id a }\n\taccept\n}\negress { accept }\n")
change("replace", "a", "dport 54 drop id a # in a block", delta=False)
ok("dport 54 drop id a # in a block\n}" in text(), "in a block of one line")

# Under traffic: new connections all the while, each of which one of the rules in
# force allows, or forbids, at any moment.
apply(TEXT)
u53, u55 = udp("net", FAR[4], 53), udp("net", FAR[4], 55)
u53.settimeout(3 * TIMEOUT)
sent, done = 0, threading.Event()
def traffic():
    global sent
    v = []
    while not done.is_set():
        v.append(udp("home", HOME[4]))
        v[-1].sendto(b"%d" % sent, (FAR[4], 53))
        v[-1].sendto(b"%d" % sent, (FAR[4], 55))
        sent += 1
        if len(v) > 20:
            v.pop(0).close()
        time.sleep(0.002)
got = set()
def take():
    while not done.is_set() or len(got) < sent:
        try:
            got.add(int(u53.recv(20)))
        except TimeoutError:
            return
before = {r["id"]: r["hits"] for r in stats()["rules"]}
threads = [threading.Thread(target=t) for t in (traffic, take)]
for t in threads:
    t.start()
n = 40
for i in range(n):
    change("replace", "dns", f"udp dport 53-{53 + i % 2} accept id dns")
    change("replace", "no", f"udp dport {55 - i % 2}-55 drop id no")
done.set()
for t in threads:
    t.join()
ok(sent > 40, "connections began meanwhile", sent)
equal(len(got), sent, f"{2 * n} changes: no packet met no rule")
ok(silent(u55), "and none passed what was forbidden all the time")
equal(rule("end")["hits"], before["end"], "and none came to the end")
equal(rule("no")["hits"] - before["no"], sent, "each one was dropped by the rule for it")

# A walk has room for 64 rules and modifiers that take effect: 32 of one modifier each,
# and one more.
full = TEXT.replace("\ttcp dport 80 ", 31 * "\tcount all\n" + "\ttcp dport 80 ")
apply(full)
change("add", "before", "other", "udp dport 81 count one count two accept")
was = (text(), stats()["generation"])
r = run("fwctl", "-j", "-n", "gw", "rule", "add", "before", "other", "udp dport 82 count a count b count c accept id more")
e = json.loads(r.stdout)["error"]
ok(r.returncode == 1 and "meets 65 rules and modifiers that take effect: with more than 64 it is dropped" in e["message"] and
   e["line"] == 41 and e["hint"], "one effect too many is refused, with its line and what to do", e)
equal((text(), stats()["generation"]), was, "and what is in force is what was")
with open("p.fw") as f:
    lines = f.read()
with open("p.fw", "w") as f:
    f.write(lines.replace("\ttcp dport 81 ", "\tudp dport 82 count a count b count c accept\n\ttcp dport 81 "))
r = run("fwctl", "-j", "-n", "gw", "apply", "p.fw")
ok(r.returncode == 1 and "meets 65 rules" in json.loads(r.stdout)["error"]["message"], "by apply of the file, too", r.stdout)
equal((text(), stats()["generation"]), was, "and what was stays")
apply(TEXT)
change("add", "after", "dns", "udp dport 56 accept")

# What a rule counts for itself lives with it, from one patch to the next and when all is
# compiled anew; and what goes on is told by the rule that decides, and by that.
apply(TEXT)
fwctl("conn", "flush")
far = {p: udp("net", FAR[4], p) for p in (54, 56, 57)}
def begin(port, n):
    for _ in range(n):
        v = udp("home", HOME[4])
        v.sendto(b"x" * 100, (FAR[4], port))
        v.close()
def hits():
    return {r["id"]: r["hits"] for r in stats()["rules"]}
def told(what):
    """Of the rules with an id that have one: where they stand, what passed and what not."""
    return {x["id"]: (x["line"], x["passed"], x["over"]) for x in stats()[what]}
many = hits()["many"]
change("add", "before", "many", "udp dport 54 limit 1/hour burst 3 accept id few")
change("add", "before", "many", "udp dport 57 quota 300 accept id some")
change("add", "before", "many", "udp dport 56 ct count by saddr > 2 drop id most")
change("add", "before", "few", "udp dport 54-57 count seen id seen")
begin(54, 5), begin(56, 4), begin(57, 3)
h = hits()
equal((h["few"], h["some"], h["most"], h["seen"], h["many"] - many), (3, 2, 2, 12, 5), "a limit, a quota, a count of connections: by patches")
equal(stats()["counters"]["seen"]["packets"], 12, "and a rule that goes on")
equal((told("limits"), told("quotas")), ({"few": (13, 3, 2)}, {"some": (14, 2, 1)}), "they say where they stand")
used = stats()["quotas"][0]["used"]
r = str(fwctl("explain", "--live", "in", "lan", "udp", HOME[4] + ":9999", "to", FAR[4] + ":54"))
ok(all(f"'{x}'" in r for x in ("seen", "few", "many")) and "none matches" not in r, "a dry run tells each of them, and which decides", r)
change("add", "after", "dns", "udp dport 59 accept")
begin(54, 1)
equal((told("limits"), stats()["quotas"][0]["used"]), ({"few": (14, 3, 3)}, used), "another patch: they go on")
write = fwctl("show", "policy")["files"][0]["text"]
with open("p.fw", "w") as f:
    f.write(write)
fwctl("apply", "p.fw", "--full")
begin(54, 1), begin(56, 1)
equal((told("limits"), stats()["quotas"][0]["used"], hits()["most"]), ({"few": (14, 3, 4)}, used, 3), "compiled anew: they go on")
change("add", "after", "dns", "udp dport 53 count seen count asked id asks")
with ns("gw"):
    nl = Family()
equal(sorted(nl.dump_bytes("COUNTER_GET", nl.attrs("COUNTER")["NAME"])), [b"asked\0", b"seen\0"],
      "a counter of the policy and of its patch is told once")
nl.close()
change("delete", "asks")
change("add", "first", "in", "ingress", "udp dport 54 limit 1/hour burst 2 drop id now")
begin(54, 3)
equal(told("limits"), {"now": (5, 2, 1), "few": (15, 3, 5)}, "one more of a patch beside one of the policy")
change("replace", "now", "udp dport 54 limit 1/hour burst 4 drop id now")
begin(54, 1)
equal(told("limits")["now"], (5, 1, 0), "one that is another begins anew")
change("delete", "now")
equal(list(told("limits")), ["few"], "and goes with its rule")
for s in far.values():
    s.close()
fwctl("conn", "flush")
apply(TEXT)
change("add", "after", "dns", "udp dport 56 accept")

# Who comes too late, and what is no patch.
with ns("gw"):
    nl = Family()
P = nl.attrs("POLICY")
patch = b"".join(nl.dump_bytes("PATCH_GET", P["DATA"]))
ok(patch, "the patch is told")

def send(p, expect=None):
    g = stats()["generation"] if expect is None else expect
    e, words, _ = nl.do("POLICY_BEGIN", {P["LENGTH"]: u32(len(p)), P["EXPECT"]: u32(g), P["PATCH"]: b""})
    if e:
        return e, words
    e, words, _ = nl.do("POLICY_CHUNK", {P["OFFSET"]: u32(0), P["DATA"]: p})
    if e:
        nl.do("POLICY_ABORT", {})
        return e, words
    return nl.do("POLICY_COMMIT", {})[:2]

gen = stats()["generation"]
e, words, _ = nl.do("POLICY_BEGIN", {P["LENGTH"]: u32(len(patch)), P["PATCH"]: b""})
ok(e == errno.EINVAL and words, "a patch for no generation is refused", (e, words))
e, words = send(patch, gen - 1)
ok(e == errno.EAGAIN and words, "one for another generation is refused", (e, words))
nl.do("POLICY_BEGIN", {P["LENGTH"]: u32(len(patch)), P["EXPECT"]: u32(gen), P["PATCH"]: b""})
nl.do("POLICY_CHUNK", {P["OFFSET"]: u32(0), P["DATA"]: patch})
change("add", "after", "dns", "udp dport 57 accept")
e, words, _ = nl.do("POLICY_COMMIT", {})
ok(e == errno.EAGAIN and words, "of two writers the one who comes later is told", (e, words))
ok("dport 57" in text(), "and the other one's change stands")
patch = b"".join(nl.dump_bytes("PATCH_GET", P["DATA"]))
gen = stats()["generation"]
random.seed(3)
mute, refusals, taken = [], 0, 0
for i in range(0, len(patch), 1 if len(patch) < 2500 else 3 * SLOW):
    p = bytearray(patch)
    p[i] ^= random.choice((0xff, 0x80, 0x01))
    e, words = send(bytes(p))
    refusals += bool(e)
    taken += not e
    if e and not words:
        mute.append((i, e))
equal(mute, [], f"bent patches: {refusals} refused, {taken} taken, each refusal says why")
ok(refusals > 40, "of what is bent much is refused", refusals)
equal(send(patch)[0], 0, "the right one is still taken")
before = text()
e, words = send(b"junk" * 100)
ok(e and words, "junk is refused", (e, words))
equal(text(), before, "and what is in force is what was")
fwctl("flush")
equal(send(patch)[0], errno.ENOENT, "without a policy there is nothing to patch")
END
done_testing
