#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl monitor: packets that rules log, and those that are dropped, with the reason
# and the rule; log to a group of nfnetlink_log; and a flood of both.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
py <<'END'
POLICY = """%s
pool four { 10.99.0.1 }
ingress {
	udp dport 9 log "nine " drop id nine
	udp dport 10 log "ten " accept id ten
	tcp dport 11 reject id eleven
	tcp dport 18 balance @four or reject accept id served
	udp dport 12 log "group " group 7 drop id twelve
	udp dport 14 drop
	icmp type echo-request log drop id ping
	icmpv6 type echo-request log "six " drop id ping6
	ct state invalid drop id odd
	accept id rest
}
egress { udp dport 13 log "out " drop id thirteen; accept }
ingress device lan { arp op request arp daddr 192.168.1.77 log "arp " drop id who; accept }
"""

def send(dport, family=4, text=b"hello"):
    s = udp("home", HOME[family])
    s.sendto(text, (FAR[family], dport))
    port = s.getsockname()[1]
    s.close()
    return port

def file_line(text):
    """Where the rule with these words begins."""
    return next(i for i, l in enumerate((POLICY % "").split("\n"), 1) if text in l)

def listens(m):
    def ready():
        send(9)
        return m.read()
    return wait_for(ready)

def dmesg():
    return run("dmesg").stdout

apply(POLICY % "option log-rate 100/second")
every, logs, drops = Monitor("gw"), Monitor("gw", "log"), Monitor("gw", "drops")
two = Monitor("gw", "log", "drops")
ok(all(listens(m) for m in (every, logs, drops, two)), "monitors begin")

for f in (4, 6):
    port = send(9, f)
    for m in (every, logs):
        e = m.find("log", sport=port)
        ok(e and abs(e["time"] - time.time()) < 60 and e["of"] == "packet" and
           (e["prefix"], e["verdict"], e["hook"], e["iif"], e["oif"]) == ("nine ", "drop", "ingress", "lan", None) and
           (e["protocol"], e["saddr"], e["daddr"], e["dport"]) == ("udp", HOME[f], FAR[f], 9) and
           e["family"] == f"ipv{f}" and e["length"] == (33 if f == 4 else 53) and e["ttl"] == 64 and e["rule"]["id"] == "nine" and
           e["rule"]["line"] == file_line('udp dport 9') and e["rule"]["file"] and "reason" not in e, f"log, IPv{f}: the packet, whole", e)
    for m in (drops, two):
        e = m.find("drop", sport=port)
        ok(e and (e["reason"], e["hook"], e["iif"], e["dport"], e["rule"]["id"]) == ("policy", "ingress", "lan", 9, "nine") and
           "verdict" not in e and "prefix" not in e, f"drop, IPv{f}: its reason and rule", e)
port = send(10)
e = logs.find("log", sport=port, dport=10)
ok(e and e["verdict"] == "accept" and e["rule"]["id"] == "ten", "log: of what is accepted", e)
ok(every.find("new", dport=10) and not [e for e in logs.read() if e["event"] != "log"], "log alone: nothing else")
ok(not every.all("drop") and not drops.all("log") and not drops.all("new"), "drops only where they are asked for")
port = send(13)
e = drops.find("drop", sport=port, dport=13)
ok(e and (e["hook"], e["iif"], e["oif"], e["rule"]["id"]) == ("egress", "lan", "wan", "thirteen"), "drop: at egress", e)
e = logs.find("log", sport=port, dport=13)
ok(e and (e["hook"], e["iif"], e["oif"], e["prefix"]) == ("egress", "lan", "wan", "out "), "log: at egress", e)
try:
    connect("home", FAR[4], 11)
except OSError:
    pass
e = drops.find("drop", dport=11)
ok(e and (e["reason"], e["protocol"], e["flags"], e["rule"]["id"]) == ("reject", "tcp", ["syn"], "eleven"), "drop: rejected, with TCP's flags", e)
refused(lambda: connect("home", FAR[6], 18))
e = drops.find("drop", dport=18)
ok(e and (e["reason"], e["rule"]["id"]) == ("reject", "served"), "drop: balance or reject", e)
for f, name in ((4, "ping"), (6, "ping6")):
    run("ip", "netns", "exec", "home", "ping", "-c1", "-W1", FAR[f])
    e = drops.find("drop", protocol="icmp" if f == 4 else "icmpv6", saddr=HOME[f])
    ok(e and e["type"] == (8 if f == 4 else 128) and e["code"] == 0 and "icmp_id" in e and e["rule"]["id"] == name and "sport" not in e,
       f"drop: an echo request, IPv{f}", e)
run("ip", "netns", "exec", "home", "ping", "-c1", "-W1", "192.168.1.77")
e = drops.find("drop", hook="ingress device")
ok(e and e["reason"] == "policy" and e["rule"]["id"] == "who" and e["ether"]["type"] == 0x806 and
   e["ether"]["daddr"] == "ff:ff:ff:ff:ff:ff" and "saddr" not in e, "drop: at a device, not of IP", e)
e = logs.find("log", prefix="arp ")
ok(e and e["ether"]["saddr"] == mac("home", "h0").hex(":"), "log: at a device", e)
# A segment that its connection knows nothing to do with: of impossible flags.
server = listen("net", FAR[4], 80)
pair = Pair("home", FAR[4], 80, server)
pair.talk()
line = Wire("home", "h0")
def ipv4(proto, body):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, proto, 0, socket.inet_aton(HOME[4]), socket.inet_aton(FAR[4]))
    return mac("gw", "lan") + mac("home", "h0") + b"\x08\x00" + head[:10] + struct.pack("!H", csum(head)) + head[12:] + body
seg = struct.pack("!HHIIBBHHH", pair.c.getsockname()[1], 80, 0x12345678, 0x12345678, 0x50, 0x03, 1000, 0, 0)
sum_ = csum(socket.inet_aton(HOME[4]) + socket.inet_aton(FAR[4]) + struct.pack("!HH", 6, len(seg)) + seg)
line.send(ipv4(6, seg[:16] + struct.pack("!H", sum_) + seg[18:]))
e = drops.find("drop", dport=80)
ok(e and e["reason"] == "tcp-window" and e["rule"]["id"] == "odd" and e["flags"] == ["fin", "syn"], "R34 drop: of no TCP's flags", e)
line.send(mac("gw", "lan") + mac("home", "h0") + b"\x08\x00" + bytes([0x45, 0, 0, 21]) + bytes(8) +
          socket.inet_aton(HOME[4]) + socket.inet_aton(FAR[4]) + b"x")

# Patched: a few rules.
fwctl("rule", "add", "before", "nine", "udp dport 15 drop id fifteen")
e = every.find("patched")
ok(e and e["of"] == "policy" and e["generation"] > 1, "a policy that is patched", e)
port = send(15)
e = drops.find("drop", sport=port, dport=15)
ok(e and e["rule"]["id"] == "fifteen", "drop: by a rule that was added", e)
apply(POLICY % "option log-rate 100/second")

# To a group, as ulogd and tcpdump read it.
dump = subprocess.Popen(["ip", "netns", "exec", "gw", "tcpdump", "-l", "-n", "-i", "nflog:7"],
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
os.set_blocking(dump.stdout.fileno(), False)
got = b""
def dumped():
    global got
    send(12, f)
    got += dump.stdout.read() or b""
    return f"{HOME[f]}.".encode() in got and f" > {FAR[f]}.12: UDP".encode() in got
for f in (4, 6):
    ok(wait_for(dumped), f"log group, IPv{f}: tcpdump -i nflog:N sees the packet", got)
    e = logs.find("log", dport=12, family=f"ipv{f}")
    ok(e and e["prefix"] == "group " and e["rule"]["id"] == "twelve", "and fwctl monitor too", e)
dump.kill()
dump.wait()
ok("group drop" not in dmesg(), "but not the kernel's log")

# Its prefix and its group, as the netlink message has them (nfnetlink_log.h).
with ns("gw"):
    nf = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
nf.settimeout(TIMEOUT)
def config(attr):
    body = struct.pack("!BBH", 0, 0, 7) + attr
    nf.send(struct.pack("=IHHII", 16 + len(body), 4 << 8 | 1, 5, 1, 0) + body)
    return struct.unpack_from("=i", nf.recv(4096), 16)[0]
equal(config(struct.pack("=HHB3x", 5, 1, 1)), 0, "somebody listens to the group")
config(struct.pack("=HHIBx", 10, 2, socket.htonl(0xffff), 2) + b"\0\0")
for f in (4, 6):
    send(12, f, b"to the group")
    data = nf.recv(65536)
    ok(b"group \0" in data, f"log group, IPv{f}: with the prefix", data[:64])
    # struct nfgenmsg: family, version, res_id.
    equal((data[16], struct.unpack_from("!H", data, 18)[0]), (FAMILY[f], 7), f"log group, IPv{f}: its family and group")
    ok(socket.inet_pton(FAMILY[f], HOME[f]) + socket.inet_pton(FAMILY[f], FAR[f]) in data and b"to the group" in data,
       f"log group, IPv{f}: the packet, whole", data)
nf.close()

# Text, for people.
text = subprocess.Popen(["fwctl", "-n", "gw", "monitor", "log", "drops"], stdout=subprocess.PIPE)
os.set_blocking(text.stdout.fileno(), False)
got = b""
def line():
    global got
    send(9)
    got += text.stdout.read() or b""
    return b"drop " in got and b"log " in got
wait_for(line)
ok(b'log         drop  "nine"  udp 192.168.1.2:' in got and b"> 198.51.100.7:9 len 33 ttl 64  lan > -  nine\n" in got and
   b"drop        policy  udp 192.168.1.2:" in got, "and in text", got)
text.kill()

# R32: a flood: of the log no more lines than log-rate, and how many are missing is told,
# in the kernel's log and to who listens, though nothing comes after it.
apply(POLICY % "option log-rate 5/second\noption event-rate 50/second")
def limited():
    send(9)
    return reason("logs-limited")
ok(wait_for(limited), "a rate is in force")
def lost(m):
    return sum(e["count"] for e in m.all("lost"))
def all_told(m, name):
    """So many are told to be missing as were counted: of each there is one listener
    that was there from the beginning."""
    return wait_for(lambda: lost(m) == reason(name) > 0)
all_told(logs, "logs-limited")
run("dmesg", "-C")
was, told = reason("logs-limited"), len(drops.all("drop", dport=9)) + lost(drops)
seen = len(logs.all("log"))
s = udp("home", HOME[4])
for i in range(3000):
    s.sendto(b"x", (FAR[4], 9))
s.close()
ok(wait_for(lambda: reason("logs-limited") >= was + 2000), "logs-limited: counted")
ok(all_told(logs, "logs-limited"), "monitor log: each that is missing is told of", logs.all("lost"))
ok(all(e["of"] == "log" for e in logs.all("lost")), "lost: of the log")
def left_out():
    return sum(int(l.split("fwtree: ")[1].split()[0]) for l in dmesg().split("\n") if "packets not logged" in l)
ok(wait_for(lambda: left_out() == reason("logs-limited") - was), "the kernel's log says how many, too", dmesg()[-2000:])
ok(all_told(drops, "events-limited"), "monitor drops: each that is missing is told of", drops.all("lost"))
ok(all(e["of"] == "drop" for e in drops.all("lost")), "lost: of drops")
equal(len(drops.all("drop", dport=9)) + lost(drops) - told, 3000, "told or lost: each drop")
def again():
    send(9)
    return len(logs.all("log")) > seen
ok(wait_for(again), "when the flood is over there is log again")
ok(wait_for(lambda: dmesg().count("nine drop") == len(logs.all("log")) - seen <= 5 * 20),
   "the kernel's log has as many lines as were told", (dmesg().count("nine drop"), len(logs.all("log")) - seen))
for m in (every, logs, drops, two):
    m.close()

# A device that shows netlink's messages has hooks, too: what is told of its frames by netlink
# would be shown there, and told of again, on one stack.
if run("ip", "-n", "gw", "link", "add", "nlmon0", "type", "nlmon").returncode:
    skip("drop and log: of netlink's own messages", "this kernel has no nlmon")
else:
    run("ip", "-n", "gw", "link", "set", "nlmon0", "up")
    two = Monitor("gw", "log", "drops")
    for kind in ("", " group 7"):
        apply(POLICY % "" + 'egress device nlmon0 { log "shown "%s drop id shown }\n' % kind)
        ok(listens(two), f"log{kind}, nlmon: somebody is told")
        ok(wait_for(lambda: rule("shown")["hits"] > 0), f"log{kind}, nlmon: its tree is asked")
        if not kind:
            # As soon as log-rate lets it: each of our questions is shown there.
            ok(wait_for(lambda: rule("shown") and "shown drop" in dmesg()), "log, nlmon: it has its line", dmesg()[-2000:])
        port = send(9)
        ok(two.find("drop", sport=port), f"log{kind}, nlmon: other drops are told of")
    ok(not [e for e in two.read() if e.get("oif") == "nlmon0"], "drop and log, nlmon: no event")
    two.close()
    # That a set is full is shown there, whose tree finds another one full, and so on: of one
    # packet one event. Of our own messages, which are shown as well, set "a" tells.
    told = Monitor("gw", "policy")
    ok(wait_for(lambda: (apply(POLICY % ""), told.read())[1]), "set-full, nlmon: a monitor begins")
    apply("set first : port { max 1; elements = { 1 } }\n" +
          "".join("set %s : mark { max 1; elements = { 7 } }\n" % s for s in "abcd") +
          "ingress { udp dport 16 add @first { dport } drop; accept }\n"
          "egress device nlmon0 { %s drop id shown }\n" % " ".join("add @%s { mark }" % s for s in "abcd"))
    ok(wait_for(lambda: rule("shown")["hits"] > 0), "set-full, nlmon: its tree is asked")
    send(16)
    ok(told.find("set-full", set="first"), "set-full, nlmon: a packet's is told of", told.events)
    ok(all(s["refused"] > 0 for s in fwctl("set", "list")), "set-full, nlmon: others are full, too")
    equal({s: len(told.all("set-full", set=s)) for s in ("first", *"bcd")},
          {"first": 1, "b": 0, "c": 0, "d": 0}, "set-full, nlmon: nothing is told while one is told of")
    told.close()
    run("ip", "-n", "gw", "link", "del", "nlmon0")

r = run("fwctl", "-n", "gw", "monitor", "log", "dorps")
ok(r.returncode == 2 and "did you mean 'drops'?" in r.stderr, "a wrong word is refused", r.stderr)
r = run("fwctl", "-n", "gw", "apply", "-", data='ingress { log "%s" group 7 drop }\n' % ("x" * 128))
ok(r.returncode == 1 and "at most 127 bytes" in r.stderr and ":1:15:" in r.stderr, "log group: a prefix too long is refused", r.stderr)
END
done_testing
