#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nodes of other modules: the samples in a policy, both families, at the IP hooks and
# at a device; what is refused, and where; what holds the module; a node's nonsense.
#
#   home ──── lan gw wan ──── net        UDP 9
# last: a module goes, whose poison User-Mode Linux leaves to who has its place next
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
serve net 9
py <<'END'
import json, re, subprocess
KO = os.path.dirname(os.environ["FWTREE_KO"])
os.environ["KO"] = KO

def sends(*payloads, f=4, port=9, host="home"):
    with ns(host):
        s = socket.socket(FAMILY[f], socket.SOCK_DGRAM)
    for p in payloads:
        s.sendto(p, (FAR[f], port))
    s.close()

def hits(name, n):
    return wait_for(lambda: rule(name)["hits"] == n) or rule(name)["hits"]

def module(what, name):
    path = f"{KO}/{name}.ko" if what == "insmod" else name
    return subprocess.run([what, path], capture_output=True, text=True)

def gone(name):
    return wait_for(lambda: module("rmmod", name).returncode == 0)

def policy(text, name="p.fw"):
    path = os.path.join(os.environ["TMP"], name)
    with open(path, "w") as f:
        f.write(text)
    return path

def refused_at(text, line, column, *words):
    r = run("fwctl", "-n", "gw", "-j", "apply", policy(text))
    e = json.loads(r.stdout or "{}").get("errors", [{}])[0]
    ok(r.returncode == 1 and (e.get("line"), e.get("column")) == (line, column) and
       all(w in e["message"] for w in words), f"refused: {words}", (r.returncode, e, r.stderr))

def fwctl_text(*words):
    return run("fwctl", "-n", "gw", *words).stdout

PAINT = "/sys/module/fwtree_sample/parameters/painted"
def painted():
    return int(open(PAINT).read())

# No module has it.
BASE = "ingress { accept id base }\n"
apply(BASE)
refused_at('ingress {\n    protocol udp node sample-payload { begins "x" } drop\n    accept\n}', 2, 23,
           "sample-payload", "this kernel has no node")
r = run("fwctl", "-n", "gw", "apply", policy("ingress {\n    modify sample-paint accept\n}"))
ok("^~~~" in r.stderr and ":2:12: error:" in r.stderr, "with a caret under it", r.stderr)
equal(rule("base")["hits"] >= 0, True, "what was in force stays")

# User-Mode Linux under KASAN does not take modules where others were (unload.sh): so
# each comes once, before any goes.
refused_at('ingress {\n    modify sample-paint { from 10.0.0.0/8 } accept\n}', 2, 12, "no node")
script = os.path.join(os.environ["TMP"], "modprobe")
with open(script, "w") as f:
    f.write(f"#!/bin/sh\ncase $* in *fwt-node-sample-paint) insmod {KO}/fwtree_sample.ko;;\n"
            f"*fwt-node-wrong-*) touch {script}.asked; n=0\n"
            # Till the namespace is gone; or, where that waits for us, has had a second for it.
            "while ip -n gw link show to-gone >/dev/null 2>&1 && [ $((n += 1)) -le 20 ]; do sleep 0.05; done\n"
            f"insmod {KO}/fwtree_wrong.ko;; esac\n")
os.chmod(script, 0o755)
with open("/proc/sys/kernel/modprobe", "w") as f:
    f.write(script)
apply("ingress { modify sample-paint { from 10.0.0.0/8 } accept }")
ok(os.path.exists(PAINT), "a policy that names a node brings its module")
# One that registers a netlink family is there only when no request of ours is: a bare one
# is told so, fwctl asks again.
# And one that registers with all namespaces, while one goes that had a policy.
run("ip", "netns", "add", "gone")
run("ip", "-n", "gw", "link", "add", "to-gone", "type", "veth", "peer", "name", "back", "netns", "gone")
apply("ingress { accept }", "gone")
begin = time.monotonic()
asks = subprocess.Popen(["fwctl", "-n", "gw", "apply", policy("ingress device lan { node wrong-select { says 0 } drop; accept }")],
                        stdout=subprocess.DEVNULL)
wait_for(lambda: os.path.exists(script + ".asked"))
run("ip", "netns", "del", "gone")
equal(run("timeout", "20", "ip", "netns", "add", "next").returncode, 0, "a namespace goes while a module is loaded, and another one comes")
equal(asks.wait(), 0, "and the policy is in force")
ok(os.path.exists("/sys/module/fwtree_wrong"), "and a module that has a netlink family", time.monotonic() - begin)
# A selector reads the payload; a match, turned round, and by its branches.
apply("""ingress {
    iif != lan accept
    not protocol udp accept
    node sample-payload { begins "AWAY" } drop id away
    not node sample-payload { begins "abc", offset 1 } drop id not
    select node sample-payload { begins = "XY" offset = 4 } {
        yes -> drop id yes
        0   -> accept id no
        default -> drop id other
    }
}
egress { accept }""".replace('"XY" offset', '"XY", offset'))
for f in 4, 6:
    n = 1 if f == 4 else 2
    sends(b"AWAY with it", f=f); ok(hits("away", n) is True, f"IPv{f}: a match")
    sends(b"xbcd", f=f); ok(hits("not", n) is True, f"IPv{f}: not")
    sends(b"xabcXY", f=f); ok(hits("yes", n) is True, f"IPv{f}: a branch by its name")
    sends(b"xabc--", f=f); ok(hits("no", n) is True, f"IPv{f}: one by its number")
    sends(b"xabc", f=f); ok(hits("other", n) is True, f"IPv{f}: none: default")

# A modifier: for the rules behind it, for the packet, and once in the world.
was = painted()
apply("""ingress {
    iif != lan accept
    modify sample-paint { from 192.168.1.0/24, base 256 }
    mark 258 udp dport 9 accept id marked
    family ipv6 mark 0 accept id plain
    accept
}
egress { mark 258 count left accept; accept }""")
u = udp("home", HOME[4])
u.connect((FAR[4], 9))
for i in range(3):
    u.send(b"x")
    u.recv(100)
ok(hits("marked", 1) is True, "a modifier: what it sets is seen behind it")
equal(stats()["counters"]["left"]["packets"], 1, "and in the other tree")
c = conn_list("dport", "9", "mark", "258")
equal(len(c), 1, "the connection keeps it")
equal(painted() - was, 1, "what it does in the world it does once for a connection")
sends(b"x", f=6); ok(hits("plain", 1) is True, "it does nothing to what it is not for")
before = painted()
e = fwctl("-j", "explain", "--live", *f"in lan udp {HOME[4]}:5000 to {FAR[4]}:9".split())
equal(e["rules"]["ingress"]["id"], "marked", "a dry run walks by it")
equal(painted(), before, "and changes nothing")

# Decided afresh: what it read is there, and nothing is done again.
apply("""ingress {
    iif != lan accept
    modify sample-paint { from 192.168.1.0/24, base 512 }
    mark 514 accept id later
    accept
}
egress { accept }""")
u.send(b"x"); u.recv(100)
c = conn_list("dport", "9", "saddr", HOME[4])
equal([(x["mark"], x["rules"]["ingress"]["id"]) for x in c if x["mark"]], [(514, "later")],
      "decided afresh: as the node says now")
equal(painted(), before, "and nothing is done again")
# Its bytes are gone: the old verdict stays, and is counted.
kept = stats()["reasons"]["unknown-kept"]["value"]
apply("""ingress {
    iif != lan accept
    protocol udp node sample-payload { begins "x" } drop id gone
    accept
}
egress { accept }""")
u.send(b"x")
ok(u.recv(100), "decided afresh, without bytes: the old verdict stays")
ok(stats()["reasons"]["unknown-kept"]["value"] > kept, "which is counted")

# A selecting modifier: the branch, and what it sets.
apply("""ingress {
    iif != lan accept
    not protocol udp accept
    select node sample-lane { lanes 3 } {
        fast -> priority 0 accept id fast
        1    -> priority 1 accept id middle
        slow -> priority 2 accept id slow
    }
    drop id none
}
egress { accept }""")
for i in range(2, 12):
    with ns("home"):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", (f"198.51.100.{i}", 9))
    s.close()
lanes = lambda: [rule(x)["hits"] for x in ("fast", "middle", "slow", "none")]
ok(wait_for(lambda: sum(lanes()) == 10), "each takes a branch", lanes())
ok(min(lanes()[:3]) > 0 and not lanes()[3], "every one, with the priority of it", lanes())
sends(b"x", f=6); ok(wait_for(lambda: sum(lanes()) == 11), "IPv6 too", lanes())
equal(lanes()[3], 0, "in one of the lanes")

# At a device.
apply("""ingress device lan {
    modify sample-paint { from 192.168.1.0/24 }
    mark 2 udp dport 9 node sample-payload { begins "D" } drop id frame
    accept
}""")
sends(b"Dev"); ok(hits("frame", 1) is True, "at a device")
sends(b"Eve"); ok(rule("frame")["hits"] == 1, "by its bytes")

# Refused, each at its place.
def arg(text, column, *words):
    refused_at("ingress {\n" + text + "\naccept\n}", 2, column, *words)
arg("node sample-payload drop", 6, "wants 'begins'")
arg("node sample-payload { begins 7 } drop", 23, "a word or a text")
arg("node sample-payload { begins \"\" } drop", 23, "1 to 32 letters")
arg("node sample-payload { begins x, offset 65536 } drop", 33, "from 0 to 65535")
arg("node sample-payload { begins x, ofset 1 } drop", 33, "takes no 'ofset'")
arg("node sample-paint { from 10.0.0.0/8 } drop", 6, "it is a modifier: 'modify' is meant")
arg("node sample-lane { lanes 2 } drop", 6, "a selecting modifier: 'select node' is meant")
arg("modify sample-payload { begins x } accept", 8, "a selector: 'node' is meant")
arg("modify sample-paint { from fd00::/8 } accept", 23, "a prefix of IPv4 is meant")
arg("modify sample-paint { from 10.0.0.0/8, base 1s } accept", 40, "a number is meant")
arg("select node sample-payload { begins x } { maybe -> drop }", 43, "no branch 'maybe'")
arg("select node sample-lane { lanes 2 } { slow -> drop }", 39, "no branch 'slow'")
arg("select node sample-lane { lanes 2 } { 2 -> drop }", 39, "no branch '2'")

# What there is, and how often it is used.
nodes = {n["name"]: n for n in fwctl("-j", "node", "list")}
paint = nodes["sample-paint"]
equal((paint["kind"], paint["module"], paint["uses"], paint["branches"], paint["branch"]),
      ("modifier", "fwtree_sample", len(re.findall("modify sample-paint", fwctl_text("show", "policy"))), 0, []), "a modifier is listed")
equal(paint["params"], [{"name": "base", "type": "number", "required": False, "max": 0xffffffff},
                        {"name": "from", "type": "prefix", "required": True}], "with its parameters")
equal((nodes["sample-payload"]["kind"], nodes["sample-payload"]["branch"], nodes["sample-lane"]["kind"], nodes["sample-lane"]["branches"]),
      ("selector", ["no", "yes"], "selecting-modifier", 16), "selectors, with branches")
equal(nodes["wrong-hook"]["hooks"] != nodes["sample-lane"]["hooks"], True, "and where each can stand")
ok(re.search(r"^sample-payload +selector +no,yes +begins,\[offset\] +all +[0-9]+ +fwtree_sample$", fwctl_text("node"), re.M), "in text", fwctl_text("node"))
r = subprocess.run(["ip", "netns", "exec", "gw", "setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", "fwctl", "node", "list"],
                   capture_output=True, text=True)
equal(r.returncode, 1, "and not to everybody")

# What uses the module holds it: in force, on trial, and waiting to come back.
def held(what):
    r = module("rmmod", "fwtree_sample")
    ok(r.returncode and "in use" in r.stderr, f"held: {what}", r.stderr)
held("in force")
fwctl("-j", "apply", policy(BASE, "b.fw"), "--confirm", "1h")
held("by the policy that may come back")
fwctl("-j", "rollback")
ok(rule("frame")["hits"] >= 1, "which does, with its node")
sends(b"Dev"); ok(hits("frame", 2) is True, "that works")
fwctl("-j", "apply", policy(BASE, "b.fw"), "--confirm", "1h")
fwctl("-j", "confirm")
unused = lambda: open("/sys/module/fwtree_sample/refcnt").read().strip() == "0"
ok(wait_for(unused), "not by a policy that is gone, nor by connections")
equal(len(conn_list("mark", "514")), 1, "which keep what it has set")
fwctl("-j", "apply", policy("ingress { node sample-payload { begins x } drop\naccept }"), "--confirm", "1h")
held("on trial")
r = run("fwctl", "-n", "gw", "rule", "add", "first", "in", "ingress", "node sample-payload { begins y } drop id y")
fwctl("flush")
ok(wait_for(unused), "nor after a flush")

# Nonsense.
MADE = "/sys/module/fwtree_wrong/parameters/made"
def nonsense(text, what, drop=True):
    apply("ingress {\n iif != lan accept\n not protocol udp accept\n %s id bad\n accept id on\n}\negress { accept }" % text)
    was, on = stats()["reasons"]["bad-node"]["value"], rule("on")["hits"]
    sends(b"x")
    if drop:
        ok(wait_for(lambda: stats()["reasons"]["bad-node"]["value"] == was + 1), f"a counted drop: {what}")
        equal(rule("on")["hits"], on, "it goes no further")
        e = fwctl("-j", "explain", "--live", *f"in lan udp {HOME[4]}:5000 to {FAR[4]}:9".split())
        equal((e["verdict"], e["reason"]), ("drop", "bad-node"), "a dry run says so")
    else:
        ok(wait_for(lambda: rule("on")["hits"] == on + 1), f"no nonsense: {what}", rule("on"))
        equal(stats()["reasons"]["bad-node"]["value"], was, "nothing is counted")
nonsense("node wrong-select { says 4 } drop", "a branch behind the last one, as a match")
nonsense("node wrong-select { says 2, negative } drop", "a negative branch")
nonsense("node wrong-select { says 1, negative } drop", "none, as a match: no", drop=False)
nonsense("select node wrong-select { says 4 } { 0 -> accept; default -> accept }", "a branch behind the last one")
nonsense("select node wrong-select { says 2147483647, negative } { default -> accept }", "the least number")
nonsense("modify wrong-modify { says 1 }", "a modifier that says a branch")
nonsense("modify wrong-modify { what 128 }", "what can't be set")
nonsense("modify wrong-modify { what 8, value 64 }", "a DSCP that there is not")
nonsense("modify wrong-modify { what 16, value 0 }", "a TTL of 0")
nonsense("modify wrong-modify { what 64, value 7 }", "a VLAN, at an IP hook")
nonsense("modify wrong-modify { what 9, value 63 }", "a mark and a DSCP", drop=False)
nonsense("select node wrong-both { says 4 } { default -> accept }", "a selecting modifier's branch")
nonsense("select node wrong-both { what 8, value 64 } { default -> accept }", "a selecting modifier's value")
apply("ingress device lan {\n modify wrong-modify { what 2 } id bad\n accept\n}\n")
was = stats()["reasons"]["bad-node"]["value"]
sends(b"x")
ok(wait_for(lambda: stats()["reasons"]["bad-node"]["value"] > was), "a connection's mark, at a device")
refused_at("ingress {\n node wrong-hook drop\n accept\n}", 2, 7, "does not stand in 'ingress'")
refused_at("ingress {\n goto t\n}\ntree t {\n node wrong-hook drop\n accept\n}", 5, 7, "does not stand in 'ingress'")
apply("egress {\n node wrong-hook drop\n accept\n}")
fwctl("flush")
ok(wait_for(lambda: open(MADE).read().strip() == "0"), "all uses are gone", open(MADE).read())
ok(gone("fwtree_wrong"), "and the module")
ok(gone("fwtree_sample"), "and the samples'")
END
done_testing
