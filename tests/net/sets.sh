#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Live sets: asked, filled by rules and by fwctl, kept when the policy changes.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
py <<'END'
POLICY = """
set blocked : addr { timeout 1h; max 100 }
set admins : addr { elements = { 192.168.9.0/24, fd00:9::/64, 192.168.1.77 } }
set pairs : addr . port
set names : ifname { elements = { wg*, lan } }
set macs : mac
ingress device lan { ether saddr @macs count frames drop; accept }
ingress {
    ct state invalid drop
    iif lan saddr @blocked count held drop
    iif @names count named
    protocol udp saddr @admins count admin
    iif lan daddr . dport @pairs count pair reject
    tcp dport { 23, 24 } add @blocked { saddr } drop
    tcp dport 25 remove @blocked { saddr } accept
    tcp dport 26 add @blocked { saddr } timeout 6s drop
    tcp dport 27 add @pairs { saddr . dport } accept
    accept
}
egress { accept }
"""
apply(POLICY)

def sets():
    return {s["name"]: s for s in fwctl("set", "list")}

def elements(name):
    return {e["element"]: e for e in fwctl("set", "list", name)}

def count(name):
    return stats()["counters"][name]["packets"]

def syn(f, port):
    return refused(lambda: connect("home", FAR[f], port, timeout=0.3))

equal({n: (s["type"], s["count"], s["max"]) for n, s in sets().items()},
      {"blocked": ("addr", 0, 100), "admins": ("addr", 3, 1 << 20), "pairs": ("addr . port", 0, 1 << 20),
       "names": ("ifname", 2, 1 << 20), "macs": ("mac", 0, 1 << 20)}, "the policy's sets are there")
equal(sorted(elements("admins")), ["192.168.1.77", "192.168.9.0/24", "fd00:9::/64"], "with their elements")
equal(sorted(elements("names")), ["lan", "wg*"], "names of interfaces as they were written")
ok(all(e["policy"] for e in elements("admins").values()), "and they are the policy's")

for f in (4, 6):
    before = count("held")
    ok(passes(f), f"IPv{f}: not held before")
    equal(syn(f, 23), errno.ETIMEDOUT, f"IPv{f}: a rule drops and adds the source")
    e = elements("blocked").get(HOME[f])
    ok(e and 3590 <= e["timeout"] <= 3600 and not e["policy"], f"IPv{f}: it is in the set, for its time", e)
    ok(not passes(f, 82, 0.3), f"IPv{f}: it is held now")
    ok(count("held") > before, f"IPv{f}: by that rule")
    fwctl("set", "delete", "blocked", HOME[f])
    ok(passes(f, 83), f"IPv{f}: and not when fwctl has taken it out")

equal(count("named") > 0, True, "an interface's name is in a set")
before = count("admin")
fwctl("set", "add", "admins", "192.168.1.0/30", "fd00:1::/64")
ok(passes(4, 84) and passes(6, 84) and count("admin") == before + 2, "prefixes are added and count at once")
fwctl("set", "delete", "admins", "192.168.1.0/30")
ok(passes(4, 85) and count("admin") == before + 2, "and taken out")
r = run("fwctl", "-n", "gw", "set", "delete", "admins", "192.168.1.0/30")
equal((r.returncode, "has no such element" in r.stderr), (1, True), "what is not there is not deleted")

fwctl("set", "add", "pairs", FAR[4], ".", "86", FAR[6] + " . 80-90")
equal(syn(4, 86), errno.ECONNREFUSED, "joined, IPv4")
equal(syn(6, 86), errno.ECONNREFUSED, "joined with a range, IPv6")
ok(passes(4, 87), "joined: another port is another element")
syn(4, 27)
equal(sorted(elements("pairs")), sorted([FAR[4] + " . 86", FAR[6] + " . 80-90", HOME[4] + " . 27"]), "joined: listed, and added by a rule")

m = mac("home", "h0").hex(":")
fwctl("set", "add", "macs", m)
ok(not passes(4, 88, 0.3) and count("frames") > 0, "a device tree asks a set of MAC addresses")
fwctl("set", "flush", "macs")
ok(passes(4, 89), "flushed, it holds nobody")

syn(4, 23)
for i in range(3):
    ok(not passes(4, 90 + i, 0.3), "still held")
# The policy is swapped under the set.
fwctl("set", "add", "admins", "10.7.7.7", "timeout", "1h")
apply(POLICY.replace("192.168.1.77", "192.168.1.78").replace("timeout 1h", "timeout 2h"))
ok(HOME[4] in elements("blocked"), "another policy that has the set keeps what is in it")
ok(not passes(4, 93, 0.3), "and holds it")
equal(sorted(elements("admins")), ["10.7.7.7", "192.168.1.78", "192.168.9.0/24", "fd00:1::/64", "fd00:9::/64"],
      "its own elements are those of the new text, added ones stay")
equal(sets()["blocked"]["timeout"], 7200, "and the timeout is what it says now")
apply(POLICY.replace("set blocked : addr ", "set blocked : addr . port ").replace("saddr @blocked", "saddr . dport @blocked")
      .replace("@blocked { saddr }", "@blocked { saddr . dport }"))
equal(elements("blocked"), {}, "of another type it is another set")
apply(POLICY)

fwctl("set", "delete", "admins", "192.168.9.0/24")
ok("192.168.9.0/24" not in elements("admins"), "an element of the policy can be taken out")
apply(POLICY)
ok("192.168.9.0/24" in elements("admins"), "and comes back when it is applied again")

# What overlaps is each by itself, and the same one again has the time that is said now.
# What is to be over is there for as long as a few commands take.
SOON = f"{4 + 2 * SLOW}s"
before = count("admin")
fwctl("set", "add", "admins", "192.168.1.0/24", "fd00:1::/64", "timeout", "1h")
fwctl("set", "add", "admins", "192.168.1.0/30", "192.168.1.1-192.168.1.3", "fd00:1::2", "timeout", SOON)
ok(passes(4, 96) and passes(6, 96), "overlapping elements")
equal(count("admin"), before + 2, "count once")
inner = ("192.168.1.0/30", "192.168.1.1-192.168.1.3", "fd00:1::2")
now = elements("admins")
ok(all(e in now and 0 < now[e]["timeout"] <= 4 + 2 * SLOW for e in inner), "each has its own time", now)
ok(wait_for(lambda: not set(inner) & set(elements("admins")), 60), "those within are over")
ok(passes(4, 97) and passes(6, 97) and count("admin") == before + 4, "and those around them go on")
fwctl("set", "add", "admins", "192.168.1.0/24", "timeout", SOON)
ok([e["timeout"] <= 4 + 2 * SLOW for e in fwctl("set", "list", "admins") if e["element"] == "192.168.1.0/24"] == [True],
   "the same one with another time: one element, with that", elements("admins"))
fwctl("set", "add", "admins", "192.168.1.0/24", "192.168.1.0/24", "timeout", "3h")
ok(10790 < elements("admins")["192.168.1.0/24"]["timeout"] <= 10800, "and again, twice at once: one, with the last")
ok("timeout" not in elements("admins")["192.168.9.0/24"], "the policy's own has none")
fwctl("set", "add", "admins", "192.168.9.0/24", "timeout", "2s")
ok("timeout" not in elements("admins")["192.168.9.0/24"], "nor has it when it is added for a time", elements("admins")["192.168.9.0/24"])
fwctl("set", "delete", "admins", "192.168.1.0/24", "fd00:1::/64")
before = count("admin")
ok(passes(4, 98) and passes(6, 98) and count("admin") == before, "taken out: nothing is left of them")
fwctl("set", "add", "pairs", FAR[4] + " . 70-79", "timeout", "1h")
fwctl("set", "add", "pairs", "198.51.100.0/24 . 75", "timeout", SOON)
equal((syn(4, 75), syn(4, 70)), (errno.ECONNREFUSED, errno.ECONNREFUSED), "joined ones that cross")
ok(wait_for(lambda: "198.51.100.0/24 . 75" not in elements("pairs"), 60), "one is over")
equal((syn(4, 75), count("pair") > 0), (errno.ECONNREFUSED, True), "the other one goes on")
fwctl("set", "flush", "pairs")
apply(POLICY)

# Timeouts
equal(syn(4, 26), errno.ETIMEDOUT, "a rule adds for a time of its own")
ok(HOME[4] in elements("blocked"), "it is there")
ok(wait_for(lambda: passes(4, 94, 0.3)), "and over")
equal(elements("blocked"), {}, "not listed any more")
ok(wait_for(lambda: sets()["blocked"]["count"] == 0), "and collected")
fwctl("set", "add", "blocked", HOME[4])
syn(4, 26)
fwctl("set", "add", "blocked", HOME[4], "timeout", "never")
ok("timeout" not in elements("blocked")[HOME[4]], "for ever")
syn(4, 26)
ok("timeout" not in elements("blocked")[HOME[4]], "what was added to stay, stays when a rule adds it for a time")
fwctl("set", "add", "blocked", HOME[4], "timeout", "5m")
ok(290 <= elements("blocked")[HOME[4]]["timeout"] <= 300, "and fwctl says another time")
fwctl("set", "flush", "blocked")

# Full
told, spoken = Monitor("gw", "policy"), open("spoken", "w+b")
text = subprocess.Popen(["fwctl", "-n", "gw", "monitor", "policy"], stdout=spoken)
full = reason("set-full")
fwctl("set", "add", "blocked", *(f"10.0.0.{i}" for i in range(1, 101)))
r = run("fwctl", "-n", "gw", "set", "add", "blocked", "10.0.1.1")
equal((r.returncode, "is full" in r.stderr), (1, True), "a full set takes no more")
equal(syn(4, 23), errno.ETIMEDOUT, "full: the tree goes on")
ok(HOME[4] not in elements("blocked") and passes(4, 95), "full: nothing is added")
equal((reason("set-full") > full, sets()["blocked"]["refused"] > 0), (True, True), "full: and counted")
fwctl("set", "add", "blocked", "10.0.0.5", "timeout", "1h")
ok(True, "full: what is there is renewed all the same")
def event():
    syn(4, 23)
    return told.all("set-full")
e = wait_for(event)
ok(e and (e[0]["of"], e[0]["set"], e[0]["count"], e[0]["max"]) == ("set", "blocked", 100, 100) and
   0 < e[0]["refused"] <= sets()["blocked"]["refused"] and abs(e[0]["time"] - time.time()) < 60, "full: an event tells of it", e)
def line():
    syn(4, 23)
    return b"set-full" in open("spoken", "rb").read()
ok(wait_for(line) and b"set blocked: room for 100 elements, " in open("spoken", "rb").read(), "full: in text, too", open("spoken", "rb").read())
was = sets()["blocked"]["refused"]
n = len(told.all("set-full"))
since = time.monotonic()
for i in range(300):
    with ns("home"):
        u = socket.socket()
    u.setblocking(False)
    u.connect_ex((FAR[4], 23))
    u.close()
# Each has its second; those before the first and behind the last are none.
ok(sets()["blocked"]["refused"] - was >= 250 and len(told.all("set-full")) - n <= time.monotonic() - since + 1, "full: once a second, not once a packet",
   (sets()["blocked"]["refused"] - was, told.events))
told.close()
text.kill()
fwctl("set", "flush", "blocked")

# What is listed is what is read: names that are no words are quoted.
odd = ['"6in4"', '"foo+bar"', '"none"', '"wg*"']
fwctl("set", "add", "names", *odd)
equal(sorted(elements("names")), [*odd, "lan", "wg*"], "names of interfaces that are no words")
for name in odd:
    fwctl("set", "delete", "names", name)
equal(sorted(elements("names")), ["lan", "wg*"], "are taken out as they were listed")

# Errors
for words, want, text in ((("add", "blocked", "10.0.0.0/33"), 1, "prefix"), (("add", "blocked", "lan"), 1, None),
                          (("add", "blocked", "10.0.0.1 . 80"), 1, None), (("add", "macs", "10.0.0.1"), 1, None),
                          (("add", "names", "80"), 1, None), (("add", "pairs", "lan . 80"), 1, None),
                          (("add", "pairs", FAR[4] + " . 70000"), 1, "range"), (("add", "nosuch", "10.0.0.1"), 1, "no set"),
                          (("add", "blocked"), 2, None), (("add", "blocked", "10.0.0.1", "timeout", "1x"), 2, "timeout"),
                          (("add", "blocked", "10.0.0.1 } }"), 1, "understand"), (("list", "block"), 1, "no set"),
                          (("add", "pairs", "10.0.0.1 . 2001:db8::1"), 1, None)):
    r = run("fwctl", "-n", "gw", "set", *words)
    ok(r.returncode == want and r.stderr and (text is None or text in r.stderr), "refused: set " + " ".join(words), r.stderr)
r = run("fwctl", "-n", "gw", "set", "add", "blocked", "lan")
print("# " + r.stderr.replace("\n", "\n# "))
END
done_testing
