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
ok('<td align="right">0</td>' in dot, "with its hits")
r = run("fwctl", "-n", "gw", "diff", os.path.join(os.environ["TMP"], "none.fw"))
equal(r.returncode, 1, "a file that is not there")
plain("flush")
r = run("fwctl", "-n", "gw", "diff", p)
equal(r.returncode, 1, "nothing is in force")
END
done_testing
