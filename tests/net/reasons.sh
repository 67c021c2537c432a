#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R34: drop reasons, counters and ends of connections that no other test brings about
# (tests/lint/reasons holds the list to the tests).
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
py <<'END'
drops = Monitor("gw", "drops")

def ended(name):
    return stats()["connections"]["ended_by"][name]["value"]

def sends(dport, n=1, sport=0):
    s = udp("home", HOME[4], sport)
    for _ in range(n):
        s.sendto(b"x", (FAR[4], dport))
    s.close()

# A walk that meets more than 64 rules and modifiers that take effect.
apply("ingress {\n%saccept\n}\negress { accept }\n" % "".join(f"udp dport 9 count c{i}\n" for i in range(40)))
def told():
    sends(9)
    return drops.all("drop", reason="too-many-effects", dport=9)
ok(wait_for(told), "too-many-effects: a drop, and told", drops.read())
ok(reason("too-many-effects") >= 1, "too-many-effects: counted")
# More than 4 changes of sets, than 4 counts: of each that is met, and no other.
for what, word in (("changes of sets", "add @s { saddr }"), ("counts", "ct count by saddr > 99 drop")):
    policy = "set s : addr { timeout 1h }\ningress {\n%saccept\n}\negress { accept }\n"
    apply(policy % (f"udp dport 9 {word}\n" * 5 + f"udp dport 7 {word}\n" * 4))
    was = reason("too-many-effects")
    sends(9)
    ok(wait_for(lambda: reason("too-many-effects") == was + 1), f"5 {what}: a drop, and counted", reason("too-many-effects") - was)
    sends(7)
    ok(wait_for(lambda: conn_list("dport", "7")), f"4 {what}: it passes")
    equal(reason("too-many-effects"), was + 1, f"4 {what}: none")
    fwctl("conn", "flush")

# R32: answers that would be more than option answer-rate.
apply("option answer-rate 2/second\ningress { udp dport 9 reject; accept }\negress { accept }\n")
def limited():
    sends(9, 20)
    return reason("answers-limited") >= 20
ok(wait_for(limited), "answers-limited", reason("answers-limited"))
# Before its payload is summed: whose checksum is wrong has no answer, but counts.
w = Wire("home", "h0")
udp9 = struct.pack("!HHHH", 5000, 9, 8 + 1400, 1) + bytes(1400)
ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp9), 0, 0, 64, 17, 0) + socket.inet_aton(HOME[4]) + socket.inet_aton(FAR[4])
ip = ip[:10] + struct.pack("!H", csum(ip)) + ip[12:]
before = reason("answers-limited")
def unsummed():
    for _ in range(20):
        w.send(mac("gw", "lan") + mac("home", "h0") + b"\x08\0" + ip + udp9)
    return reason("answers-limited") >= before + 10
ok(wait_for(unsummed), "answers-limited: is asked before anything is summed", reason("answers-limited") - before)
w.close()

# A client that is led to itself.
apply("ingress { udp dport 9 dnat to 192.168.1.2:5000 accept; accept }\negress { accept }\n")
sends(9, sport=5000)
e = drops.find("drop", reason="tuple-clash")
ok(e and e["sport"] == 5000 and e["dport"] == 9 and e["rule"]["line"] == 1, "tuple-clash: told, with the rule", e)
equal(reason("tuple-clash"), 1, "tuple-clash: counted")
sends(9, sport=5001)
equal(reason("tuple-clash"), 1, "from another port it is a connection")

# Decided afresh by what the record did not keep.
apply("ingress { accept }\negress { accept }\n")
server = listen("net", FAR[4], 80)
pair = Pair("home", FAR[4], 80, server)
ok(pair.talk(), "a connection")
was = reason("unknown-kept")
apply("ingress { ttl < 3 drop; accept }\negress { accept }\n")
ok(pair.talk() and reason("unknown-kept") > was, "unknown-kept: it goes on, and that is counted", reason("unknown-kept"))
pair.close()

# The same ends again, when the server's side is in TIME_WAIT.
pair = Pair("home", FAR[4], 80, server, source=(HOME[4], 6000))
ok(pair.talk(), "a connection from a port")
was = ended("reopened")
pair.s.close()
receive(pair.c, 1)
pair.c.close()
def again():
    try:
        p = Pair("home", FAR[4], 80, server, source=(HOME[4], 6000))
    except OSError:
        return False
    return p.talk()
ok(wait_for(again), "another one between the same ends")
equal(ended("reopened"), was + 1, "reopened")

# One port to be translated to, of a connection that is closed.
apply("ingress { accept }\negress { oif wan protocol tcp snat to 203.0.113.8:7000-7000 accept; accept }\n")
fwctl("conn", "flush")
pair = Pair("home", FAR[4], 80, server)
ok(pair.talk() and pair.peer == (WAN[4], 7000), "a connection, translated to the port there is", pair.peer)
was = ended("taken-over")
pair.c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
pair.c.close()
ok(wait_for(lambda: conn_list("state", "close")), "it is reset")
# Whose sequence numbers are new to the server: chance, from each port anew.
def takes():
    try:
        return Pair("home", FAR[4], 80, server).talk()
    except OSError:
        return False
ok(wait_for(takes), "another one takes its port")
equal(ended("taken-over"), was + 1, "taken-over")
drops.close()
END
done_testing
