#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A file against the policy in force: what would change if it were applied. And the
# picture of what is in force, with its hits.
#
#   home ──── lan gw wan ──── net        TCP 80
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import json, os
POLICY = """option adopt 0s
ingress {
    iif lo accept
    ct state untracked accept
    tcp dport 80 accept id eighty
    drop id last
}
egress { oif wan masquerade accept id out
    accept }
"""

def policy(text, name="p.fw"):
    path = os.path.join(os.environ["TMP"], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path

def plain(*argv):
    r = run("fwctl", "-n", "gw", *argv)
    equal(r.returncode, 0, f"fwctl {argv[0]}: {r.stderr}")
    return r.stdout

p = policy(POLICY)
plain("apply", p)
equal(plain("diff", p), "", "nothing differs from what is in force")
q = policy(POLICY.replace("dport 80", "dport { 80, 81 }"), "q.fw")
d = json.loads(plain("-j", "diff", q))
equal(len(d["classes"]), 1, "one class")
equal(d["classes"][0]["packets"], "ct state { new, invalid } tcp dport 81",
      "it is port 81, and what is untracked was let in before")
equal(d["classes"][0]["was"]["file"], "in force", "held against what is in force")

# A rule put in by itself is part of it.
plain("rule", "replace", "eighty", "tcp dport { 80, 81 } accept id eighty")
equal(plain("diff", q), "", "nothing differs once the rule is there")

# Of several files, though they are others by now.
main = policy('include "parts/*.fw"\n', "many/main.fw")
policy(POLICY, "many/parts/a.fw")
here = os.getcwd()
os.chdir(os.path.join(os.environ["TMP"], "many"))
r = run("fwctl", "-n", "gw", "apply", "main.fw", "--full")
os.chdir(here)
equal(r.returncode, 0, "of several files: applied")
policy("ingress { drop }\n", "many/parts/a.fw")
equal(plain("diff", p), "", "what was included is what the kernel has")

plain("apply", p, "--full")
dot = plain("graph", "--live")
ok("digraph" in dot and "tcp dport 80 accept" in dot, "the policy in force is drawn")
ok('<td align="right" valign="top">0</td>' in dot, "with its hits")

# Counted: 120 go by one tree, 3 by the other, two of which are dropped, and each
# walks; nobody by the third. That is what rows
# say, and how wide arrows are; by a file, too, wherever its rules stand by now.
TREES = """option adopt 0s
set seen : addr { max 100 }
ingress {
    iif lo accept
    ct state untracked accept
    iif wan goto from-net
    select dport {
        1000-2000 -> goto many
        3000      -> goto few
        default   -> call nobody
    }
    drop
}
tree many { add @seen { saddr } accept id many }
tree few { udp sport 7 {
        accept
    }
    drop }
tree nobody { drop }
tree from-net { drop }
"""
t = policy(TREES, "trees.fw")
plain("apply", t, "--full")
c = udp("home", HOME[4])
for port in range(1000, 1120):
    c.sendto(b"x", (FAR[4], port))
seven = udp("home", HOME[4], 7)
for s in (c, c, seven):
    s.sendto(b"x", (FAR[4], 3000))
    s.close() if s is seven else None
wait_for(lambda: json.loads(run("fwctl", "-n", "gw", "-j", "stats").stdout)["verdicts"]["drop"] == 2)

def picture(*argv):
    g = json.loads(plain("graph", "--live", "-j", *argv))
    title = [b["title"] for b in g["boxes"]]
    rows = {(title[i], r["text"]): r.get("hits") for i, b in enumerate(g["boxes"]) for r in b["rows"]}
    arrows = {(title[a["from"]], title[a["to"]], a["kind"]): a["hits"] for a in g["arrows"]}
    return g, rows, arrows

for what, argv in (("in force", ()), ("by its file", (t,)),
                   ("by a file that was moved and begins with more", (
                       policy("# a line\n# another\n" + TREES, "elsewhere/other.fw"),))):
    g, rows, arrows = picture(*argv)
    equal([arrows.get(("select dport", "tree " + n, k)) for n, k in
           (("many", "goto"), ("few", "goto"), ("nobody", "call"))], [120, 3, 0],
          f"arrows of what is {what}")
    equal(arrows.get(("ingress", "select dport", "block")), 123, f"... to the select, {what}")
    equal(arrows.get(("tree few", "udp sport 7", "block")), 1, f"... to a block, {what}")
    equal([rows.get(("tree many", "add @seen { saddr } accept")), rows.get(("tree few", "drop")),
           rows.get(("tree nobody", "drop"))], [120, 2, 0], f"rows, {what}")
    ok(("tree many", "set seen : addr", "changes") in arrows, f"a set is told of, {what}")
    width = {}
    for line in g["dot"].split("\n"):
        if "penwidth" in line:
            n = int(line.split("-> b")[1].split(":")[0])
            width[g["boxes"][n]["title"]] = float(line.split("penwidth=")[1].split(",")[0].rstrip("];"))
    ok(width["tree many"] > width["tree few"] > width["tree nobody"] == 1, f"widths, {what}", width)
# A rule that is not in force has no hits, not none.
g, rows, arrows = picture(policy(TREES.replace("3000 ", "3001 "), "trees2.fw"))
ok(("select dport", "3001 -> goto few") in rows and
   rows[("select dport", "3001 -> goto few")] is None, "a rule that is not in force is not counted")
if os.path.exists("/usr/bin/dot"):
    ok("</svg>" in plain("graph", "--live", "--svg"), "as SVG")
plain("apply", p, "--full")
r = run("fwctl", "-n", "gw", "diff", os.path.join(os.environ["TMP"], "none.fw"))
equal(r.returncode, 1, "a file that is not there")
plain("flush")
r = run("fwctl", "-n", "gw", "diff", p)
equal(r.returncode, 1, "nothing is in force")
END
done_testing
