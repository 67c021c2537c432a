#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nobody saws off the branch he sits on: a policy that would cut off the connection
# it is applied over is refused, unless it is on trial or forced. A TCP connection to
# gw stands for ssh, and it is there to tell whether what was said is so.
#
#   home ──── lan gw wan ──── net
#     └── TCP to gw, port 22
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import json, os

GOOD = """option adopt 60s
ingress {
    iif lo accept
    ct state untracked accept
    tcp dport 80 accept
    tcp dport 22 accept
    tcp dport 443 accept
    tcp dport 8080 accept id web
    drop
}
"""
BAD = GOOD.replace("dport 22 accept", "dport 23 accept")

def policy(text, name="p.fw"):
    path = os.path.join(os.environ["TMP"], name)
    with open(path, "w") as f:
        f.write(text)
    return path

class Ssh:
    """A connection to gw, and fwctl as called by way of it."""
    def __init__(self, v):
        self.pair = Pair("home", LAN[v], 22, listen("gw", LAN[v], 22))
        self.pair.s.settimeout(20)      # TCP sends again more and more rarely
        far = self.pair.c.getsockname()
        self.text = f"{far[0]} {far[1]} {LAN[v]} 22"

    def apply(self, text, *more, name="p.fw", text_of=None, argv=()):
        r = run("ip", "netns", "exec", "gw", "env", f"SSH_CONNECTION={text_of or self.text}",
                *argv, "fwctl", "-j", "apply", policy(text, name), *more)
        return r.returncode, json.loads(r.stdout)

    def rule(self, *words):
        r = run("ip", "netns", "exec", "gw", "env", f"SSH_CONNECTION={self.text}",
                "fwctl", "-j", "rule", *words)
        return r.returncode, json.loads(r.stdout)

def refuses(answer, what, line):
    code, d = answer
    ok(code == 1 and "this cuts off" in d["error"]["message"] and
       d["error"].get("line") == line and "--confirm" in (d["error"]["hint"] or ""), what, d)

def in_force():
    r = run("fwctl", "-n", "gw", "show", "policy")
    return r.stdout if not r.returncode else None

def until_the_trial_is_over(p):
    p.c.sendall(b"now")
    ok(silent(p.s), "and is cut off")
    wait_for(lambda: "dport 22" in (in_force() or ""), 60)
    equal(receive(p.s, 3), b"now", "the trial over, it goes on")
    ok(p.talk(), "both ways")

for v in (4, 6):
    ssh = Ssh(v)
    p = ssh.pair
    ok(p.talk(), f"IPv{v}: connected")
    refuses(ssh.apply(BAD), "refused where no policy is in force", 9)
    equal(in_force(), None, "and none is, still")
    code, d = ssh.apply(GOOD)
    ok(code == 0 and not d["warnings"], "one that lets it go on is not", d)
    ok(p.talk(), "and it goes on")
    gen = stats()["generation"]
    refuses(ssh.apply(BAD), "refused as a change of one line", 9)
    refuses(ssh.apply(BAD, "--full"), "and as a whole", 9)
    equal(stats()["generation"], gen, "nothing was applied")
    ok(p.talk(), "it goes on")
    code, d = ssh.apply(GOOD.replace("443", "444"))
    ok(code == 0 and d["delta"], "a harmless change of one line is sent as such", d)
    ok(p.talk(), "it goes on after it")

    # What is about its interface and its own ends.
    for what, text, line in (
            ("by its interface", "ingress { iif lan drop; accept }", 1),
            ("by its address", f"ingress {{\n\tsaddr {HOME[v]} reject\n\taccept\n}}", 2),
            ("by whose address it dials", "ingress {\n\tdaddr addr(lan) drop\n\taccept\n}", 2),
            ("as what is for this machine", "ingress {\n\troute type local drop\n\taccept\n}", 2),
            ("in its device's frames", "ingress device lan {\n\ttcp dport 22 drop\n\taccept\n}\n"
             "ingress { accept }", 2),
            ("in its device's answers", "egress device lan {\n\ttcp sport 22 drop\n\taccept\n}\n"
             "ingress { accept }", 2),
            ("where every packet walks", "option evaluate per-packet\ningress {\n"
             "\tct state established drop\n\taccept\n}", 3),
            ("by what answers meet", "option evaluate per-packet\ningress { accept }\n"
             "egress {\n\ttcp sport 22 drop\n\taccept\n}", 4)):
        refuses(ssh.apply(text, name="q.fw"), f"refused {what}", line)
    for what, text in (
            ("another interface's", "ingress { iif wan drop; accept }"),
            ("another one's address", "ingress { daddr addr(wan) drop; accept }"),
            ("another device's frames", "ingress device wan { drop }\ningress { accept }"),
            ("what may be or not", "ingress { limit over 5/second drop; accept }"),
            ("answers, which walk no tree", "ingress { accept }\n"
             "egress { tcp sport 22 drop; accept }"),
            ("every packet of a connection", "option evaluate per-packet\n"
             "ingress { ct state established accept; icmpv6 type 133-137 accept; drop }\n"
             "egress { accept }")):
        code, d = ssh.apply(text, "--full", name="q.fw")
        equal((code, p.talk()), (0, True), f"applied, and it goes on: {what}")

    # On trial, and forced.
    ssh.apply(GOOD, "--full")
    p.settled()
    code, d = ssh.apply(BAD, "--confirm", "8s")
    ok(code == 0 and "this cuts off" in d["warnings"][0]["message"], "on trial it is warned of", d)
    until_the_trial_is_over(p)
    p.settled()
    code, d = ssh.apply(BAD, "--force")
    ok(code == 0 and "this cuts off" in d["warnings"][0]["message"], "forced it is warned of", d)
    p.c.sendall(b"now")
    ok(silent(p.s), "and is cut off")
    fwctl("flush")
    equal(receive(p.s, 3), b"now", "flush lets it go on")

    # The same of one rule, by another connection.
    p.close()
    ssh = Ssh(v)
    p = ssh.pair
    ssh.apply(GOOD, "--full")
    gen = stats()["generation"]
    refuses(ssh.rule("delete", "6"), "a rule that lets it pass is not deleted", 8)
    refuses(ssh.rule("replace", "6", "tcp dport 23 accept"), "nor replaced by another", 9)
    refuses(ssh.rule("add", "first", "in", "ingress", "tcp dport 22 drop"),
            "none is added that takes it", 3)
    refuses(ssh.rule("add", "first", "in", "ingress", "tcp dport 22 { drop }"),
            "nor one for the whole way", 3)
    equal(stats()["generation"], gen, "nothing was changed")
    code, d = ssh.rule("add", "before", "web", "tcp dport 99 accept id more")
    ok(code == 0 and d["delta"] and not d["warnings"], "a harmless one is sent as a patch", d)
    refuses(ssh.rule("delete", "6"), "refused with a patch in force", 9)
    ok(p.talk(), "it goes on after all that")
    p.settled()
    code, d = ssh.rule("delete", "--confirm", "8s", "6")
    ok(code == 0 and "this cuts off" in d["warnings"][0]["message"] and d["trial"] == 8,
       "on trial it is warned of", d)
    until_the_trial_is_over(p)
    p.settled()
    code, d = ssh.rule("delete", "--force", "6")
    ok(code == 0 and d["delta"] and "this cuts off" in d["warnings"][0]["message"],
       "forced it is warned of", d)
    p.c.sendall(b"now")
    ok(silent(p.s), "and is cut off")
    fwctl("flush")
    equal(receive(p.s, 3), b"now", "flush lets it go on")
    policy("    tcp dport 80 accept\n    tcp dport 22 accept id ssh\n    tcp dport 443 accept\n", "in.fw")
    ssh.apply('ingress {\n    icmpv6 type 133-137 accept\n    include "in.fw"\n    drop\n}\n',
              name="out.fw")
    code, d = ssh.rule("delete", "ssh")
    ok(code == 1 and "this cuts off" in d["error"]["message"] and
       d["error"].get("file") == policy("", "none.fw").replace("none", "out") and d["error"]["line"] == 4,
       "refused in a file that is included", d)
    ok(p.talk(), "it goes on")
    for words in (("delete", "--confirm", "6"), ("delete", "--confirm", "2s"),
                  ("delete", "6", "7"), ("add", "--never", "before", "6", "drop")):
        equal(run("fwctl", "-n", "gw", "rule", *words).returncode, 2, f"rule {words}: usage")
    fwctl("flush")

    # Who calls from where.
    r = run("env", f"SSH_CONNECTION={ssh.text}", "fwctl", "-j", "-n", "gw", "apply", policy(BAD))
    equal(r.returncode, 1, "refused from another namespace, of which it is")
    r = run("env", f"SSH_CONNECTION={ssh.text}", "fwctl", "-j", "-n", "net", "apply", policy(BAD))
    equal(r.returncode, 0, "applied to another machine")
    run("fwctl", "-n", "net", "flush")
    code, d = ssh.apply(BAD, argv=("sh", "-c", 'env -u SSH_CONNECTION SUDO_COMMAND=x "$@"; exit $?',
                                   "sh"))
    equal(code, 1, "refused behind sudo")
    for odd in ("", "x", "1 2 3", f"{HOME[v]} 1 {LAN[v]} 99999"):
        r = run("ip", "netns", "exec", "gw", "env", f"SSH_CONNECTION={odd}", "fwctl", "apply",
                policy(BAD), "--full")
        equal(r.returncode, 0, f"what is no connection is none: '{odd}'")
    p.close()
    fwctl("flush")
END
done_testing
