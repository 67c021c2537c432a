#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# DNS names in sets: resolved when a policy is applied, by "fwctl resolve", and kept
# fresh by --watch; @resolvers; answers that change, fail, are nothing or too many.
#
#   home ──── lan gw wan ──── net        and a DNS server where fwctl runs
# last: the module goes, and under KASAN does not come back, see unload.sh
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
ip link set lo up
echo 'nameserver 127.0.0.1' >resolv.conf
mount --bind resolv.conf "$(realpath /etc/resolv.conf)"
echo '{}' >zone
python3 "$netdir/dns.py" 127.0.0.1 53 zone >dns.out 2>&1 &
disown $!
spawned+=($!)
up() { ss -Hlnu 'sport = :53' | grep -q .; }
ok "a DNS server" wait_for up
py <<'END'
POLICY = """
set git : addr { elements = { git.example.org, 192.0.2.1 } }
set six : addr { elements = { Six.Example.org. } }
set web : addr . port { elements = { www.example.org . { 80, 443 }, 192.0.2.2 . 25 } }
set few : addr { max 4; elements = { few.example.org } }
ingress {
    ct state untracked accept
    iif lan daddr @git count git accept
    iif lan daddr @six count six accept
    iif lan daddr . dport @web accept
    iif lan daddr @few accept
    iif lan udp dport 53 daddr @resolvers accept
    iif lan reject
    accept
}
egress { accept }
""".replace("Six.Example.org.", '"Six.Example.org."')
zone = {}
SPARE = "198.51.100.99"


def say(**names):
    zone.update({n.replace("_", ".") + ".example.org": v for n, v in names.items()})
    with open("zone.new", "w") as f:
        json.dump(zone, f)
    os.rename("zone.new", "zone")


def elements(name):
    return {e["element"]: e for e in fwctl("set", "list", name)}


def resolve(status=0):
    r = run("fwctl", "-j", "-n", "gw", "resolve")
    ok(r.returncode == status, f"resolve: status {status}", r.stdout + r.stderr)
    d = json.loads(r.stdout)
    return ({(n["name"].split(".")[0], n.get("family")): n for n in d["names"]},
            {s["set"]: (s["added"], s["deleted"]) for s in d["sets"]})


# Applied: both families, a chain of names, joined with ports.
say(git={"A": [FAR[4]], "AAAA": [FAR[6]], "ttl": 300}, six={"AAAA": [FAR[6]], "ttl": 7}, www={"CNAME": "a.example.org", "ttl": 600},
    a={"CNAME": "b.example.org", "ttl": 30}, b={"A": [FAR[4]], "ttl": 900}, few={"A": ["192.0.2.3"]})
apply(POLICY)
equal(sorted(elements("git")), sorted([FAR[4], FAR[6], "192.0.2.1"]), "applied: the name stands for its addresses")
equal(list(elements("six")), [FAR[6]], "of one family")
equal(sorted(elements("web")), sorted([FAR[4] + " . 80", FAR[4] + " . 443", "192.0.2.2 . 25"]), "joined, by a chain of names")
equal(list(elements("resolvers")), ["127.0.0.1"], "@resolvers is the machine's own")
ok(all(e["policy"] for e in elements("git").values()), "they are the policy's")
ok(passes(4) and passes(6), "packets to it pass")
names, sets = resolve()
equal(names["git", "ipv4"]["ttl"], 300, "the resolver's TTL")
equal((names["www", "ipv4"]["addresses"], names["www", "ipv4"]["ttl"]), ([FAR[4]], 30), "of a chain the shortest")
equal(set(sets.values()), {(0, 0)}, "nothing has changed")

# It moves away, and back.
say(git={"A": [SPARE], "AAAA": [FAR[6]]}, six={"AAAA": ["2001:db8:9::1"]}, b={"A": [SPARE]})
names, sets = resolve()
equal((sets["git"], sets["web"], sets["six"]), ((1, 1), (2, 2), (1, 1)), "moved: one came and one went")
ok(not passes(4, seconds=0.3) and passes(6), "moved: packets to the former address do not pass")
equal(sorted(elements("git")), sorted([SPARE, FAR[6], "192.0.2.1"]), "what is written out stays")
fwctl("set", "add", "git", FAR[4], "timeout", "1h")
fwctl("set", "delete", "git", "192.0.2.1")
say(git={"A": [FAR[4], SPARE]})
equal(resolve()[1]["git"], (1, 1), "back: IPv4 came, IPv6 is nothing any more")
ok(elements("git")[FAR[4]]["policy"], "it is the policy's, too")
say(git={"A": [SPARE]})
resolve()
e = elements("git")
ok(FAR[4] in e and not e[FAR[4]]["policy"] and 3500 < e[FAR[4]]["timeout"] <= 3600 and passes(4),
   "what was added by hand stays, and its time", e)
ok("192.0.2.1" not in e, "what is written out and was taken out by hand does not come back")
fwctl("set", "delete", "git", FAR[4])

# No answer, an error, half of each: what was there stays.
say(git={"A": [FAR[4]], "AAAA": [FAR[6]]})
resolve()
for what in ({"rcode": "SERVFAIL"}, {"rcode": "REFUSED"}, {"silent": True}):
    say(git=what)
    names, sets = resolve(1)
    ok(not names["git", "ipv4"]["known"] and names["git", "ipv4"]["why"] and names["six", "ipv6"]["known"], f"{what}: said", names)
    equal(sets["git"], (0, 0), f"{what}: what was there stays")
say(git={"A": [SPARE], "rcode6": "SERVFAIL"})
equal(resolve(1)[1]["git"], (1, 0), "half an answer: its addresses come, none goes, since whose they are is not known")
ok(passes(4) and passes(6), "and packets pass")
say(git={"A": [SPARE], "AAAA": [FAR[6]]})
equal(resolve()[1]["git"], (0, 1), "and when all is known the former one goes")

# Without c-ares, which is loaded to ask: a file that is none in its place.
os.mkdir("without")
open("without/libcares.so.2", "w").close()
os.environ["LD_LIBRARY_PATH"] = "without"
names, sets = resolve(1)
del os.environ["LD_LIBRARY_PATH"]
ok("c-ares can't be loaded" in names["git", "ipv4"]["why"] and not names["www", "ipv4"]["known"], "no c-ares: said of each", names)
equal(set(sets.values()), {(0, 0)}, "no c-ares: what was there stays")

# None: no such name.
del zone["git.example.org"]
say()
names, sets = resolve()
equal((names["git", "ipv4"]["why"], sets["git"]), ("no such name", (0, 2)), "no such name: asked once, it goes")

# Too many: of a thousand the first; of a set that is small, as many as it has room for.
many = [f"10.9.{i // 250}.{i % 250 + 1}" for i in range(1000)]
say(git={"A": many[500:] + many[:500]}, few={"A": many[:10]})
names, sets = resolve()
equal((len(names["git", "ipv4"]["addresses"]), names["git", "ipv4"]["left_out"]), (256, 744), "a thousand addresses: 256, and it is said")
equal(len(elements("git")), 256, "and they are there")
say(git={"A": many[100:] + many[:100]})
equal(resolve()[1]["git"], (0, 0), "in another order they are the same")
ok("A git.example.org tcp" in open("zone.log").read(), "by TCP, since they are many")
equal(len(elements("few")), 4, "a small set has as many as it has room for")
say(few={"A": many[20:22]})
resolve()
equal(sorted(elements("few")), many[20:22], "full: the others come when those are gone")
fwctl("set", "add", "few", "192.0.2.7", "192.0.2.8")
say(few={"A": many[20:23]})
r = run("fwctl", "-n", "gw", "resolve")
ok("it is full" in r.stdout and len(elements("few")) == 4, "full of others: it is said", r.stdout + r.stderr)

# Another policy, and nobody to ask: what the names stood for is kept.
say(git={"A": [FAR[4]], "AAAA": [FAR[6]]}, b={"A": [FAR[4]]}, few={"A": ["192.0.2.3"]})
resolve()
# What there is not is no error, and is said; of one family alone it is something.
r = run("fwctl", "-n", "gw", "apply", "-", "--full", data=POLICY.replace("git.example.org", "no-such.example.org"))
ok(r.returncode == 0 and "<stdin>:2:" in r.stderr and "DNS name 'no-such.example.org' stands for nothing" in r.stderr and "six.example.org" not in r.stderr, "a name that answers nothing: applied, and it is said where", r.stderr)
apply(POLICY)
for n in list(zone):
    zone[n] = {"rcode": "SERVFAIL"}
say()
data = POLICY.replace(", 192.0.2.1", ", 192.0.2.9").replace("count six", "count other")
r = run("fwctl", "-n", "gw", "apply", "-", "--full", data=data)
ok(r.returncode == 0 and "DNS name 'git.example.org'" in r.stderr and "<stdin>:2:" in r.stderr, "applied without an answer: it is said where", r.stderr)
equal(sorted(elements("git")), sorted([FAR[4], FAR[6], "192.0.2.9"]), "the set keeps what it had of names, and not what was written out")
ok(passes(4) and passes(6), "packets pass")
r = run("fwctl", "-n", "gw", "rule", "add", "first", "in", "ingress", "iif lan udp dport 99 daddr @git reject")
ok(r.returncode == 0 and sorted(elements("git")) == sorted([FAR[4], FAR[6], "192.0.2.9"]) and not passes(4, 99, 0.3), "a rule by the whole way: names stand for what they did", r.stderr)
r = run("fwctl", "-n", "gw", "set", "add", "git", "www.example.org")
ok(r.returncode == 1 and "a DNS name" in r.stderr, "a name is not added by hand", r.stderr)
# By hand-made messages: what the policy has knows no timeout; twice gone is no error.
from genl import NUMBERS, Family, attr
with ns("gw"):
    f = Family()


def send(what, addr, *more):
    words = attr(NUMBERS["FWTREE_A_SET_ELEM_LOW"], socket.inet_aton(addr)) + attr(NUMBERS["FWTREE_A_SET_ELEM_POLICY"], b"") + b"".join(more)
    return f.do(what, {NUMBERS["FWTREE_A_SET_NAME"]: b"git\0", NUMBERS["FWTREE_A_SET_ELEMENT"] | 0x8000: words})


e, text, _ = send("SET_ADD", "192.0.2.77", attr(NUMBERS["FWTREE_A_SET_ELEM_TIMEOUT"], struct.pack("=Q", 1000)))
ok(e == errno.EINVAL and "no timeout" in text, "an element of the policy's with a timeout is refused, and why", (e, text))
ok("192.0.2.77" not in elements("git"), "and not there")
equal((send("SET_ADD", "192.0.2.77")[0], elements("git")["192.0.2.77"]["policy"]), (0, True), "without it is the policy's")
equal([send("SET_DELETE", "192.0.2.77")[0] for i in range(2)] + ["192.0.2.77" in elements("git")], [0, 0, False], "gone, and gone twice")
# A policy of several files, by an absolute name, upwards and by a pattern; which are others by now.
os.makedirs("parts/deep")
MANY = {"parts/deep/main.fw": f'include "{os.getcwd()}/names.fw"\ningress {{\nct state untracked accept\ninclude "../rules.fw"\ninclude "../site/*.fw"\naccept\n}}\negress {{ accept }}\n',
        "names.fw": "set git : addr { elements = { git.example.org, 192.0.2.1 } }\n",
        "parts/rules.fw": "iif lan daddr @git count git accept\n", "parts/site/a.fw": "iif lan reject\n"}
os.mkdir("parts/site")
for name, text in MANY.items():
    with open(name, "w") as out:
        out.write(text)
say(git={"A": [FAR[4]], "AAAA": [FAR[6]]})
r = run("fwctl", "-n", "gw", "apply", "parts/deep/main.fw")
equal((r.returncode, sorted(elements("git"))), (0, sorted([FAR[4], FAR[6], "192.0.2.1"])), "of several files: applied")
for name in MANY:
    with open(name, "w") as out:
        out.write("this is no policy\n")
equal(resolve()[1]["git"], (0, 0), "of several files: the policy in force is read, not the files")
for words in (("graph", "--live"), ("diff", "same.fw")):
    with open("same.fw", "w") as out:
        out.write(MANY["names.fw"] + MANY["parts/deep/main.fw"].split("\n", 1)[1].replace('include "../rules.fw"', MANY["parts/rules.fw"]).replace('include "../site/*.fw"', MANY["parts/site/a.fw"]))
    r = run("fwctl", "-n", "gw", *words)
    equal(r.returncode, 0, f"of several files: {words[0]}" + r.stderr)
for n in list(zone):
    zone[n] = {"rcode": "SERVFAIL"}
say()
r = run("fwctl", "-j", "-n", "gw", "apply", "-", data=data)
equal((r.returncode, "error" in json.loads(r.stdout)), (0, False), "another one, without an answer: applied, and told as one object")
equal(sorted(elements("git")), sorted([FAR[4], FAR[6], "192.0.2.9"]), "of several files: the set keeps what it had of names")
run("fwctl", "-n", "gw", "flush")
r = run("fwctl", "-n", "gw", "resolve")
equal((r.returncode, "no policy is in force" in r.stdout), (0, True), "no policy: nothing to ask")
r = run("fwctl", "-n", "gw", "resolve", "--wach")
equal(r.returncode, 2, "a wrong word is refused")
END
cat >watch.py <<'END'
from netlib import *


class Watch(Monitor):
    def __init__(self, host):
        self.p = subprocess.Popen(["fwctl", "-j", "-n", host, "resolve", "--watch"], stdout=subprocess.PIPE)
        os.set_blocking(self.p.stdout.fileno(), False)
        self.text, self.events = b"", []
END
py <<'END'
import random
from watch import *
zone = {}


def say(**names):
    zone.update({n + ".example.org": v for n, v in names.items()})
    with open("zone.new", "w") as f:
        json.dump(zone, f)
    os.rename("zone.new", "zone")


def elements(name):
    return sorted(e["element"] for e in fwctl("set", "list", name))


def stands_for(name, *addrs, seconds=25):
    return wait_for(lambda: elements(name) == sorted(addrs), seconds + 10 * SLOW)


POLICY = """set git : addr { elements = { git.example.org } }
ingress { ct state untracked accept; iif lan daddr @git accept; iif lan daddr @resolvers accept; iif lan reject; accept }
egress { accept }
"""
A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
watch = Watch("gw")
# It waits for a policy, and follows the one that comes.
say(git={"A": [A, FAR[4]]})
apply(POLICY)
ok(stands_for("git", A, FAR[4]), "watch: it stands for its addresses")
# One address is in all answers: its packets pass all the while.
with ns("net"):
    s = sock(socket.SOCK_DGRAM, FAR[4], 81)
s.setblocking(False)
sent = got = 0


def steady():
    """Packets that begin a connection each, a hundred at once."""
    global sent, got
    for i in range(100):
        c = udp("home", HOME[4])
        c.sendto(b"x", (FAR[4], 81))
        c.close()
        sent += 1
    end = time.monotonic() + 5
    while got < sent and time.monotonic() < end:
        try:
            s.recv(10)
            got += 1
        except BlockingIOError:
            time.sleep(0.001)
    return got == sent


say(git={"A": [B, FAR[4]]})


def came(addr):
    def look():
        steady()
        return addr in elements("git")
    return wait_for(look, 25 + 10 * SLOW)


ok(came(B), "watch: another answer is followed by itself")
e = wait_for(lambda: [e for e in watch.read() if e["event"] == "resolved" and B in e["added"]])
ok(e and e[0]["set"] == "git" and e[0]["deleted"] == [] and abs(e[0]["time"] - time.time()) < 60, "and told", watch.events)
ok(A in elements("git"), "what was in the answer before lingers, for clients that asked before")


def gone(addr):
    def look():
        steady()
        return addr not in elements("git")
    return wait_for(look, 30 + 10 * SLOW)


ok(gone(A), "and goes after its time")
ok(steady() and got == sent > 200, "an address that is in both answers: not one of its packets was refused", (got, sent))
# Trouble: kept, and told once.
say(git={"rcode": "SERVFAIL"})
e = wait_for(lambda: watch.all("unanswered", name="git.example.org"), 25 + 10 * SLOW)
ok(e and e[0]["why"], "no answer: it is told", watch.events)
n = len(e)
equal(elements("git"), sorted([B, FAR[4]]), "and it stands for what it did")
say(git={"A": [C]})
ok(wait_for(lambda: C in elements("git"), 30 + 10 * SLOW), "answered again: followed")
equal(len(watch.all("unanswered", name="git.example.org", family="ipv4")), 1, "told once")
# None: it is told, and stays for ten minutes.
del zone["git.example.org"]
say()
e = wait_for(lambda: watch.all("nothing", name="git.example.org"), 25 + 10 * SLOW)
ok(e and e[0]["why"] == "no such name" and C in elements("git"), "no such name: told, and kept for a while", (e, elements("git")))
# Another policy, with another name, and servers that are others.
say(hub={"A": [A], "AAAA": ["2001:db8::7"]})
SERVERS = open("resolv.conf").read()
with open("resolv.conf", "a") as f:
    f.write("nameserver 192.0.2.53\nnameserver fe80::1%eth0\n")
ok(stands_for("resolvers", "127.0.0.1", "192.0.2.53", "fe80::1"), "@resolvers: followed")
apply(POLICY.replace("git.example.org", "hub.example.org"))
ok(stands_for("git", A, "2001:db8::7"), "another policy: its names")
for v in (4, 6):
    ok(not passes(v, 53, 0.3), f"IPv{v}, @resolvers: a packet to whom it is not does not pass")
    with open("resolv.conf", "w") as f:
        f.write(f"{SERVERS}nameserver {FAR[v]}\n")
    ok(wait_for(lambda: passes(v, 53), 25 + 10 * SLOW), f"IPv{v}, @resolvers: one to whom it is passes")
    with open("resolv.conf", "w") as f:
        f.write(SERVERS)
    ok(stands_for("resolvers", "127.0.0.1") and not passes(v, 53, 0.3), f"IPv{v}, @resolvers: and no more when it is another")
fwctl("set", "flush", "git")
ok(stands_for("git", A, "2001:db8::7"), "what was flushed comes back")
say(hub={"A": [B]})
ok(wait_for(lambda: B in elements("git"), 25 + 10 * SLOW), "and is followed")
ok(watch.p.poll() is None, "it goes on")
# One policy after the other, while it looks: what is written out in the last one stays.
lost = []
for i in range(12):
    for k in (1, 2):
        apply(POLICY.replace("git.example.org", f"hub.example.org, 192.0.2.{10 * k + i}"))
        time.sleep(random.random() / 20)
    time.sleep(0.5)
    if f"192.0.2.{20 + i}" not in elements("git"):
        lost.append(i)
equal(lost, [], "policies that come while it looks: what they have written out stays")
# The module goes: who waits for what it tells ends, and says why.
policies = Monitor("gw", "policy")
ok(wait_for(lambda: (apply(POLICY), policies.read())[1]), "a monitor")
r = run("rmmod", "fwtree")
equal(r.returncode, 0, "the module goes" + r.stderr)
for name, p in (("watch", watch.p), ("monitor", policies.p)):
    ended = wait_for(lambda: p.poll() is not None)
    equal((ended, p.returncode), (True, 1), f"{name}: it ends with an error")
    if not ended:
        p.kill()
if os.environ.get("FWTREE_FLAVOUR", "fast") == "fast":
    equal(run("insmod", os.environ["FWTREE_KO"]).returncode, 0, "and comes back")
END
umount "$(realpath /etc/resolv.conf)"
[ ! -s dns.out ] || diag <dns.out
done_testing
