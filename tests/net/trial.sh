#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A policy on trial: unless it is confirmed, what was before comes back by itself,
# with its counts and its device hooks, and connections are its own again.
#
#   home ──── lan gw wan ──── net        TCP 80 and 81
# last: the module goes, and under KASAN does not come back, see unload.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
py <<'END'
import os, signal, subprocess, threading, time
OLD = """option adopt 0s
ingress device lan { count frames accept }
ingress {
    iif lo accept
    ct state untracked accept
    tcp dport 80 accept id eighty
    iif lan protocol icmp accept
    drop id last
}
egress { oif wan masquerade accept id out; accept }
"""
NEW = "option adopt 0s\n\n" + "\n".join(OLD.splitlines()[2:]).replace("dport 80", "dport 81").replace("id eighty", "id other") + "\n"

def policy(text, name="p.fw"):
    path = os.path.join(os.environ["TMP"], name)
    with open(path, "w") as f:
        f.write(text)
    return path

def in_force():
    r = run("fwctl", "-n", "gw", "show", "policy")
    return r.stdout if not r.returncode else None

def trial(text, how_long):
    return fwctl("-j", "apply", policy(text), "--confirm", how_long)

def bad(*argv):
    r = run("fwctl", "-n", "gw", *argv)
    return r.returncode, r.stderr

# Nothing was before.
t = trial(OLD, "9500ms")
equal(t["trial"], 10, "applied on trial, and for how long")
ok("on trial" in (in_force() or ""), "show says so")
wait_for(lambda: in_force() is None, 60)
equal(in_force(), None, "no policy before: none again when the time is over")
equal(bad("confirm")[0], 1, "nothing to confirm")
ok("no policy is on trial" in bad("rollback")[1], "nor to roll back, which is said")
trial(OLD, "1h")
fwctl("-j", "rollback")
equal(in_force(), None, "no policy before: none again after rollback")

# Back by itself, though whoever applied it is gone.
s80, s81 = listen("net", FAR[4], 80), listen("net", FAR[4], 81)
apply(OLD)
keep = Pair("home", FAR[4], 80, s80)
ok(keep.talk(), "a connection that the former policy allows")
before, gen = rule("eighty"), stats()["generation"]
frames = stats()["counters"]["frames"]["packets"]
shell = subprocess.run(["setsid", "bash", "-c",
                        f"fwctl -n gw apply {policy(NEW)} --confirm {6 + 2 * SLOW}s >/dev/null && kill -9 $$"])
equal(shell.returncode, -signal.SIGKILL, "the shell that applied it is dead")
ok(silent(keep.c), "on trial: nothing has come yet")
keep.s.sendall(b"late")
ok(silent(keep.c), "on trial: what it forbids stops")
other = Pair("home", FAR[4], 81, s81)
ok(other.talk(), "on trial: what it allows goes")
other.close()
wait_for(lambda: "dport 80" in (in_force() or ""), 60)
ok("dport 80" in (in_force() or ""), "the former policy is back")
ok("on trial" not in (in_force() or ""), "and not on trial")
ok(stats()["generation"] >= gen + 2, "with a generation of its own")
after = rule("eighty")
ok(after["packets"] >= before["packets"] and after["hits"] >= before["hits"] > 0,
   "its rules' counts are", (before, after))
equal((after["line"], rule("last")["line"], rule("out")["line"]), (6, 8, 10), "its rules stand where they stood")
again = Pair("home", FAR[4], 80, s80)
ok(again.talk(), "what it allows goes again")
ok(stats()["counters"]["frames"]["packets"] > frames, "its device's tree is walked")
ok(refused(lambda: connect("home", FAR[4], 81, timeout=1)), "what it does not allow does not")

# A policy of devices alone follows no connection: what is said meanwhile is more than a
# window, either way. Those that are there go on all the same, and what began meanwhile is
# adopted (R18). Untranslated, since nobody translates meanwhile.
DEVICE = "ingress device lan { accept }\n"
BARE = OLD.replace("oif wan masquerade accept id out; accept", "accept id out").replace("adopt 0s", "adopt 1h")

def much(a, b, n=3_000_000):
    """More than was allowed at first."""
    got, t = 0, threading.Thread(target=lambda: a.sendall(bytes(n)))
    t.start()
    while got < n:
        got += len(b.recv(1 << 16))
    t.join()
    return got == n

apply(BARE)
keep = Pair("home", FAR[4], 80, s80)
ok(keep.talk(), "before a policy of devices alone: goes")
trial(DEVICE, "1h")
ok(much(keep.c, keep.s) and much(keep.s, keep.c), "on trial: nobody follows, all goes")
began = Pair("home", FAR[4], 80, s80)
ok(began.talk(), "on trial: one begins")
was = reason("tcp-window")
fwctl("-j", "rollback")
ok(keep.talk() and much(keep.c, keep.s) and much(keep.s, keep.c), "goes on when its policy is back")
equal(reason("tcp-window"), was, "and nothing was outside of a window")
ok(began.talk(), "what began meanwhile is adopted")
states = {c["original"]["sport"]: c["state"] for c in conn_list("proto", "tcp", "dport", "80")}
equal([states.get(p.c.getsockname()[1]) for p in (keep, began)], ["ESTABLISHED"] * 2, "both are followed")
apply(DEVICE)
apply(BARE)
ok(keep.talk() and began.talk(), "likewise when it is applied")
keep.close()
began.close()
fwctl("conn", "flush")

# Confirmed.
apply(OLD)
gen = trial(NEW, f"{1 + 2 * SLOW}s")["generation"]
equal(fwctl("-j", "confirm")["generation"], gen, "confirmed, under the same generation")
time_then = time.monotonic()
wait_for(lambda: time.monotonic() > time_then + 2 * SLOW + 1.5, 60)
ok("dport 81" in (in_force() or ""), "stays when the time is over")
equal(stats()["counters"].get("frames"), None, "the former one's counter is gone")

# Others meanwhile.
apply(OLD)
trial(NEW, "1h")
code, text = bad("apply", policy(OLD, "q.fw"))
ok(code == 1 and "on trial" in text, "another one is refused meanwhile", text)
code, text = bad("apply", policy(NEW.replace("81", "85")))
ok(code == 1 and "on trial" in text, "so is the same file with one line other", text)
gen = stats()["generation"]
trial(NEW.replace("81", "82"), "1h")
equal(stats()["generation"], gen + 1, "another one on trial is not")
fwctl("rule", "replace", "other", "tcp dport 83 accept id other")
ok("dport 83" in (in_force() or "") and "on trial" in (in_force() or ""), "a rule is changed on trial")
fwctl("-j", "rollback")
ok("dport 80" in (in_force() or ""), "rolled back: to what was before the trials")
for wrong in ("0s", "25h", "30", "x", ""):
    equal(bad("apply", policy(NEW), "--confirm", wrong)[0], 2, f"no time: '{wrong}'")
equal(bad("apply", policy(NEW), "--confirm")[0], 2, "no time at all")
trial(NEW, "1h")
fwctl("flush")
equal((in_force(), bad("rollback")[0]), (None, 1), "flush ends a trial too")

# A former policy with a patch comes back with it; many times, and at once.
apply(OLD)
fwctl("rule", "add", "before", "last", "tcp dport 90 accept id ninety")
line = rule("ninety")["line"]
for i in range(20):
    trial(NEW, "1h")
    fwctl("-j", "rollback")
ok("dport 90" in (in_force() or ""), "a rule that was added is there again")
equal(rule("ninety")["line"], line, "where it was")
# Elements that the policy on trial does not have are there again; what holds the
# group's logger is let go of once.
SET = OLD.replace("ingress {", "set s : addr { elements = { 192.0.2.0/24, 192.0.2.9, 2001:db8:9::1 } }\ningress {\n    saddr @s log group 7 drop")
LESS = SET.replace("192.0.2.0/24, 192.0.2.9, 2001:db8:9::1", "198.18.0.1")
users = lambda: open("/sys/module/nfnetlink_log/refcnt").read().strip() if os.path.exists("/sys/module/nfnetlink_log/refcnt") else ""
apply(SET)
had, held = fwctl("set", "list", "s"), users()
for i in range(3):
    trial(LESS, "1h")
    fwctl("-j", "rollback")
equal(fwctl("set", "list", "s"), had, "a set has its elements again")
apply(SET + "# other\n")
apply(SET)
equal(users(), held, "the logger's module is held as often as before")
# What the world has made of it meanwhile: elements that a rule has added and such as
# were added by hand, tokens that were taken, what is left of a quota. The policy on
# trial knows none of them; they are as they were when the time is over.
WORLD = """option adopt 0s
set seen : addr { timeout 1h; max 100 }
ingress {
    iif lo accept
    ct state untracked accept
    udp dport 5001 add @seen { saddr } accept id adds
    udp dport 5002 limit 4/day burst 4 by saddr accept id limited
    udp dport 5003 quota 200 accept id quoted
    udp dport 5004 limit 4/day burst 4 accept id for-all
    udp dport 5005 saddr @seen accept id knows
    udp dport 5001-5005 drop id last
    drop    # what a TCP of before says once more
}
"""
apply(WORLD)
fwctl("set", "add", "seen", "198.51.100.9", "2001:db8:9::9", "timeout", "30m")

def send(f, port):
    """Another connection's first packet; 29 or 49 bytes."""
    udp("home", HOME[f]).sendto(b"x", (FAR[f], port))

def hits(*names):
    now = {r["id"]: r["hits"] for r in stats()["rules"] if r.get("id")}
    return [now[n] for n in names]

was_last = hits("last")[0]
for f in (4, 6):
    send(f, 5001)
    send(f, 5003)
    for i in range(6):
        send(f, 5002)
    for i in range(3):
        send(f, 5004)
wait_for(lambda: hits("for-all", "last") == [4, was_last + 6])
equal(hits("adds", "limited", "quoted", "for-all", "last"), [2, 8, 2, 4, was_last + 6],
      "before: two of each family and of all are refused")

def world():
    s = stats()
    left = {e["element"]: e.get("timeout") for e in fwctl("set", "list", "seen")}
    return (sorted(left), [(l.get("keys"), l["tokens"], l["passed"], l["over"]) for l in s["limits"]],
            [(q["size"], q["used"], q["passed"]) for q in s["quotas"]]), left

was, left = world()
equal(was[0], sorted([HOME[4], HOME[6], "198.51.100.9", "2001:db8:9::9"]), "before: four elements")
equal(was[2], [(200, 78, 2)], "before: what is used of the quota")
trial("option adopt 0s\ningress { drop }\n", f"{4 + 2 * SLOW}s")
equal((stats()["limits"], stats()["quotas"]), ([], []), "on trial: without them")
equal(bad("set", "list", "seen")[0], 1, "nor the set")
send(4, 5001)
wait_for(lambda: "quota 200" in (in_force() or ""), 60)
now, later = world()
equal(now, was, "the former policy is back: elements, tokens, quota as they were")
ok(all(later[e] is not None and 0 <= left[e] - later[e] < 60 + 4 * SLOW for e in later),
   "elements end when they would have", (left, later))
equal(hits("adds", "limited", "quoted", "for-all"), [2, 8, 2, 4], "and counts")
for f in (4, 6):
    send(f, 5002)
    send(f, 5004)
    send(f, 5005)
wait_for(lambda: hits("knows") == [2])
equal(hits("limited", "for-all", "knows", "last"), [8, 4, 2, was_last + 10],
      "who had no tokens has none, who was known is")
# Namespaces that end, modules that go: with a trial on.
trial(NEW, "1s")
for p in (keep, again):
    p.close()
finish()
END
ok "the namespace goes while a policy is on trial" ip netns del gw
ok "the module goes" rmmod fwtree
[ "$FWTREE_FLAVOUR" != fast ] || ok "and comes" insmod "$FWTREE_KO"
done_testing
