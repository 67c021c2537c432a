#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Small changes that become many: five hundred rules stand beside the policy, added one by
# one or by the file; with the next one all is compiled anew. Text, counts and connections
# are the same on both sides of it, and small changes go on behind it. Where the whole way
# takes its time it is shown on a terminal.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
import pty

MOST = 500
HEAD = ["ingress {", "\tiif lo accept", "\tct state untracked accept", "\tct state invalid drop"]
REST = ["\ttcp dport 80 accept id eighty", "\tudp dport 53 accept id dns", "\tdrop id end", "}",
        "egress {", "\toif lo accept", "\toif wan masquerade accept", "\taccept", "}"]

def policy(n):
    """@n rules, of which each one stands before those that were there."""
    return [*HEAD, *(f"\tudp dport {10000 + i} drop id r{i}" for i in reversed(range(n))), *REST]

def join(lines):
    return "".join(x + "\n" for x in lines)

def apply_file(lines, *words):
    with open("p.fw", "w") as f:
        f.write(join(lines))
    return fwctl("apply", "p.fw", *words)

def text():
    return fwctl("show", "policy")["files"][0]["text"]

def send(f, port):
    u = udp("home", HOME[f])
    u.sendto(b"x", (FAR[f], port))
    u.close()

def hits():
    return {r["id"]: r["hits"] for r in stats()["rules"] if r["id"]}

def by_rule(n):
    """The next rule, which is the first one behind the head."""
    return fwctl("rule", "add", "before", f"r{n - 1}", f"udp dport {10000 + n} drop id r{n}")["delta"]

def by_file(n):
    return apply_file(policy(n + 1))["delta"]

for f, how, more in ((4, "rule add", by_rule), (6, "apply", by_file)):
    what = f"IPv{f}, {how}"
    apply_file(policy(0), "--full")
    s = listen("net", FAR[f], 80)
    p = Pair("home", FAR[f], 80, s)
    ok(p.talk(), f"{what}: a connection")
    # Up to the last dozen by the file, 240 lines at a time.
    ways = [apply_file(policy(n))["delta"] for n in (240, 480, MOST - 12)]
    send(f, 10000)
    ways += [more(n) for n in range(MOST - 12, MOST)]
    equal(ways, [True] * len(ways), f"{what}: {MOST} rules more, each time by a patch")
    equal(text(), join(policy(MOST)), f"{what}: the text has them")
    send(f, 10000), send(f, 10000 + MOST - 1)
    ok(wait_for(lambda: (hits()["r0"], hits()[f"r{MOST - 1}"]) == (2, 1)), f"{what}: those of the patch count", hits())
    ok(p.talk(), f"{what}: the connection goes on")
    p.settled()
    before, packets = hits(), rule("eighty")["packets"]

    equal(more(MOST), False, f"{what}: the next one is not by a patch")
    equal(text(), join(policy(MOST + 1)), f"{what}: and the text is what it would be")
    after = hits()
    equal(after.pop(f"r{MOST}"), 0, f"{what}: the new one has no hits")
    equal(after, before, f"{what}: and the others have theirs")
    ok(p.talk() and rule("eighty")["packets"] > packets, f"{what}: the connection goes on, with its rule's counts")
    send(f, 10000), send(f, 10000 + MOST)
    ok(wait_for(lambda: (hits()["r0"], hits()[f"r{MOST}"]) == (3, 1)), f"{what}: the old ones and the new one decide", hits())

    equal(more(MOST + 1), True, f"{what}: the one behind it is by a patch again")
    equal(text(), join(policy(MOST + 2)), f"{what}: and so is the text")
    p.close(), s.close()
    fwctl("conn", "flush")

# The whole way of a policy that takes its time, which is not waited for.
LONG = [*HEAD, *(f"\tsaddr 10.{i >> 8}.{i & 255}.0/24 udp dport {i} drop" for i in range(9000)), *REST]
apply_file(LONG, "--full")

def on_tty(*words):
    """Status, standard output, and what is written to standard error, which is a terminal."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen(["fwctl", "-n", "gw", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=theirs, env={**os.environ, "FWCTL_PROGRESS": "0"}, text=True)
    os.close(theirs)
    told = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:     # as it is when the last one closes a terminal
            break
        if not piece:
            break
        told += piece
    os.close(ours)
    out = p.stdout.read()
    return p.wait(), out, told.decode()

BLOCK = "tcp dport 8080 { saddr 10.1.0.0/16 accept }"
status, out, told = on_tty("rule", "add", "before", "eighty", BLOCK)
ok(not status and "compiled anew" in out, "a rule with a block: the whole way", (status, out, told))
ok(all(x in told for x in ("\rparsing: ", "building search trees: ")),
   "how far it is is told on a terminal", told)
ok("\n" not in told and told.endswith("\r") and not told.rsplit("\r", 2)[1].strip(), "and wiped", told[-200:])
status, out, told = on_tty("-j", "rule", "add", "before", "eighty", BLOCK.replace("8080", "8081"))
equal((status, json.loads(out)["delta"], told), (0, False, ""), "not beside JSON")
status, out, told = on_tty("rule", "add", "before", "eighty", "udp dport 9 drop id nine")
equal((status, told), (0, ""), "nor where there is nothing to wait for")
END
done_testing
