#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl monitor: what begins and ends is told, with its reason and counts; and
# what could not be told is said to be lost.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
py <<'END'
POLICY = """option adopt 0s
%s
ingress { iif lo accept; accept id in }
egress { oif wan tcp masquerade accept id out; oif wan family ipv4 udp dport 9 drop; accept }
""".replace("oif wan tcp masq", "oif wan protocol tcp masq")

def listens(group):
    """A monitor of that group has begun: its socket is among the listeners."""
    def ready():
        apply(POLICY % "")
        return group.read()
    return wait_for(ready)

both, conns, policies = Monitor("gw"), Monitor("gw", "conn"), Monitor("gw", "policy")
ok(listens(both) and listens(policies), "monitors begin")
e = both.find("applied")
ok(e and e["of"] == "policy" and e["generation"] >= 1 and abs(e["time"] - time.time()) < 60, "a policy that is applied", e)

def udp_once(dport):
    s = udp("home", HOME[4])
    s.sendto(b"hello", (FAR[4], dport))
    return s
# "conn" alone hears no policies: it is ready when it hears of a connection.
def ready():
    udp_once(7777).close()
    return conns.read()
ok(wait_for(ready), "a monitor of connections begins")
s = udp_once(53)
for m in (both, conns):
    e = m.find("new", dport=53)
    ok(e and e["protocol"] == "udp" and e["original"]["saddr"] == HOME[4] and e["iif"] == "lan" and e["oif"] == "wan" and
       e["rules"]["ingress"]["id"] == "in" and not e["snat"] and abs(e["time"] - time.time()) < 60, "new: a connection, whole", e)
server = listen("net", FAR[4], 80)
p = Pair("home", FAR[4], 80, server)
p.talk(b"x" * 3000)
e = both.find("translated", dport=80)
ok(e and e["snat"] and e["reply"]["daddr"] == WAN[4] and e["rules"]["egress"]["id"] == "out", "translated: as whom", e)
n = e["id"]
c = conn_list("id", str(n))[0]
fwctl("conn", "delete", "id", str(n))
e = both.find("ended", id=n)
ok(e and e["ended_by"] == "deleted" and e["original"]["packets"] == c["original"]["packets"] > 3 and
   e["original"]["bytes"] == c["original"]["bytes"] > 3000 and e["reply"]["bytes"] == c["reply"]["bytes"] and
   e["rules"]["egress"]["id"] == "out", "ended: with its reason, counts and rules", (e, c))
fwctl("conn", "flush")
ok(both.find("ended", dport=53, ended_by="flushed"), "ended: flushed")
udp_once(9)
udp_once(10)
ok(both.find("new", dport=10) and not [e for e in both.read() if e.get("original", {}).get("dport") == 9],
   "what egress refused never began")
apply((POLICY % "option timeout udp 1s"))
udp_once(11)
ok(both.find("ended", dport=11, ended_by="timeout"), "ended: timeout")
run("fwctl", "-n", "gw", "flush")
ok(both.find("flushed") and policies.find("flushed"), "a policy that is flushed")
ok(not [e for e in policies.read() if e["event"] not in ("applied", "flushed")], "monitor policy: policies alone")
ok(not [e for e in conns.read() if e["event"] in ("applied", "flushed")], "monitor conn: connections alone")
conns.close()
policies.close()

# More than the rate: the first of the next second says how many are missing.
apply(POLICY % "option event-rate 5/second")
# It is in force when the second is over in which the former one was.
def limited():
    udp_once(8002).close()
    return reason("events-limited")
ok(wait_for(limited), "a rate is in force")
was = reason("events-limited")
socks = [udp("home", HOME[4]) for _ in range(40)]
for s in socks:
    s.sendto(b"x", (FAR[4], 8000))
def more():
    udp_once(8001)
    return sum(e["count"] for e in both.read() if e["event"] == "lost") >= 30
ok(wait_for(more), "lost: more events than the rate", [e for e in both.read() if e["event"] == "lost"])
ok(reason("events-limited") >= was + 30, "and counted", reason("events-limited"))
told = len([e for e in both.read() if e["event"] == "new" and e["original"]["dport"] == 8000])
ok(told <= 10, "no more are told than it allows", told)

# A file whose name is so long that a message has no room for it twice: it is left out, and
# what is lost is counted all the same.
deep = "/".join(["d" * 200] * 20)
os.makedirs(deep)
with open(f"{deep}/policy.fw", "w") as f:
    f.write(POLICY % "option event-rate 5/second\noption timeout udp 1h")
fwctl("apply", f"{deep}/policy.fw")
fwctl("conn", "flush")
def lost():
    return sum(e["count"] for e in both.read() if e["event"] == "lost")
def settled():
    return lost() == reason("events-limited")
ok(wait_for(settled), "what was lost until now is told", (lost(), reason("events-limited")))
was = lost()
socks = []
def told():
    return both.all("new", dport=8004)
# More than it allows at once; on until one is told, since what was flushed took its share.
def send():
    socks.append(udp("home", HOME[4]))
    socks[-1].sendto(b"x", (FAR[4], 8004))
    return len(socks) >= 40 and told()
wait_for(send)
ok(wait_for(lambda: len(told()) + lost() - was >= len(socks) and settled()), "each is told, or lost",
   (len(told()), lost() - was, len(socks)))
ok(told() and all(e["rules"]["ingress"]["file"] in (f"{deep}/policy.fw", None) and e["rules"]["egress"]["file"] is None and
                  e["rules"]["ingress"]["id"] == "in" and e["rules"]["egress"]["line"] for e in told()),
   "the file that does not fit is null", told()[:1])

# Not read in time: netlink says that, and so does the tool.
apply(POLICY % "option event-rate 1000000/second\noption conn-max 20000")
# As above: not before the former rate's second is over.
def unlimited():
    before = reason("events-limited")
    for _ in range(20):
        udp_once(8003).close()
    return reason("events-limited") == before
ok(wait_for(unlimited), "another rate is in force")
os.kill(both.p.pid, 19)
u = udp("home", HOME[4])
for i in range(12000):
    u.sendto(b"x", (FAR[4], 10000 + i))
fwctl("conn", "flush")
os.kill(both.p.pid, 18)
ok(wait_for(lambda: [e for e in both.read() if e["event"] == "lost" and e["count"] is None]), "lost: not read in time")
both.close()

text = subprocess.Popen(["fwctl", "-n", "gw", "monitor", "conn"], stdout=subprocess.PIPE)
os.set_blocking(text.stdout.fileno(), False)
got = b""
def line():
    global got
    s = udp_once(9000)
    got += text.stdout.read() or b""
    return got
ok(wait_for(line) and b"new" in got and b"192.168.1.2:" in got and b"> 198.51.100.7:9000  lan > wan" in got, "and in text", got)
text.kill()
r = run("fwctl", "-n", "gw", "monitor", "connn")
ok(r.returncode == 2 and "did you mean 'conn'?" in r.stderr, "a wrong word is refused", r.stderr)
END
done_testing
