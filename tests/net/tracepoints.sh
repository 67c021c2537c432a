#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R34: the tracepoints fwtree:fwt_*, through tracefs; and the kernel's own drop monitor,
# which hears of our drops by the functions that made them.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
py <<'END'
T = "/sys/kernel/tracing/"
POLICY = """ingress {
	udp dport 9 drop id nine
	tcp dport 11 reject id eleven
	tcp dport 12 balance @four or reject accept id twelve
	ct state invalid drop id odd
	accept id rest
}
egress { udp dport 53 masquerade accept id out; accept }
ingress device lan { arp op request arp daddr 192.168.1.77 drop id who; accept }
pool four { 10.99.0.1 }
"""
def put(name, text):
    with open(T + name, "w") as f:
        f.write(text)

def lines(event, *words):
    with open(T + "trace") as f:
        return [l for l in f if f" {event}: " in l and all(w in l for w in words)]

def seen(what, event, *words):
    got = wait_for(lambda: lines(event, *words))
    with open(T + "trace") as f:
        ok(got, what, words and f.read()[-3000:])
    return got[0] if got else ""

def send(dport, family=4):
    s = udp("home", HOME[family])
    s.sendto(b"hello", (FAR[family], dport))
    port = s.getsockname()[1]
    s.close()
    return port

names = {"fwt_drop", "fwt_accept", "fwt_conn_new", "fwt_conn_translated", "fwt_conn_ended", "fwt_policy"}
equal({n for n in os.listdir(T + "events/fwtree") if n.startswith("fwt_")}, names, "they are there")
apply(POLICY)
send(9)
equal(lines("fwt_drop") + lines("fwt_policy"), [], "off: nothing is written")
put("events/fwtree/enable", "1")
apply(POLICY)
seen("fwt_policy: applied", "fwt_policy", "event=applied generation=2")
for f in (4, 6):
    src, dst = (f"[{a}]" if f == 6 else a for a in (HOME[f], FAR[f]))
    port = send(9, f)
    seen(f"fwt_drop, IPv{f}: reason, rule and packet", "fwt_drop", "hook=ingress reason=policy rule=", ":2 id=nine iif=lan oif= ",
         "protocol=17", f"src={src}:{port} dst={dst}:9 length={33 if f == 4 else 53}")
    port = send(10, f)
    seen(f"fwt_accept, IPv{f}: ingress", "fwt_accept", "hook=ingress reason=accept rule=", "id=rest", f"src={src}:{port} dst={dst}:10")
    seen(f"fwt_accept, IPv{f}: egress", "fwt_accept", "hook=egress", "iif=lan oif=wan", f"src={src}:{port}")
    seen(f"fwt_conn_new, IPv{f}", "fwt_conn_new", f"src={src}:{port} dst={dst}:10 reply_src={dst}:10 reply_dst={src}:{port} generation=2")
try:
    connect("home", FAR[4], 11)
except OSError:
    pass
seen("fwt_drop: reject", "fwt_drop", "reason=reject", "id=eleven", "protocol=6")
try:
    connect("home", FAR[6], 12)
except OSError:
    pass
seen("fwt_drop: balance or reject", "fwt_drop", "reason=reject", "id=twelve", "protocol=6")
run("ip", "netns", "exec", "home", "ping", "-c1", "-W1", "192.168.1.77")
seen("fwt_drop: at a device, not of IP", "fwt_drop", "hook=ingress-device reason=policy", "id=who", "ether_type=0x0806")
port = send(53)
got = seen("fwt_conn_translated", "fwt_conn_translated", f"src={HOME[4]}:{port} dst={FAR[4]}:53", f"reply_dst={WAN[4]}:")
n = got.split(" id=")[1].split()[0] if got else "0"
fwctl("conn", "delete", "id", n)
seen("fwt_conn_ended: with its counts and reason", "fwt_conn_ended", f" id={n} ", "packets=1/0 bytes=33/0 ended_by=deleted")
put("events/fwtree/enable", "0")
put("trace", "")
put("events/fwtree/fwt_drop/filter", 'reason == "reject"')
put("events/fwtree/fwt_drop/enable", "1")
send(9)
try:
    connect("home", FAR[4], 11)
except OSError:
    pass
seen("a filter by the reason's name", "fwt_drop", "reason=reject")
ok(not lines("fwt_drop", "reason=policy") and not lines("fwt_accept"), "and nothing else")
run("fwctl", "-n", "gw", "flush")
put("events/fwtree/fwt_drop/enable", "0")

# The core's tracepoint: the nearest of its reasons, and a function of ours.
put("trace", "")
put("events/skb/kfree_skb/enable", "1")
apply(POLICY)
send(9)
seen("kfree_skb: the reason and the function", "kfree_skb", "location=fwt_drop_POLICY+", "reason: NETFILTER_DROP")
put("events/skb/kfree_skb/enable", "0")

# The drop monitor itself, packet by packet (net_dropmon.h); it is of all namespaces.
import genl
CONFIG, START, STOP, PACKET_ALERT = 2, 3, 4, 5
ALERT_MODE, SYMBOL, PAYLOAD, REASON = 1, 3, 7, 23
dm = genl.Family("NET_DM")
e, _, answer = genl.Family("nlctrl").send(3, genl.attr(2, b"NET_DM\0"))
group = next(struct.unpack("=I", dict(genl.attrs_of(g))[2])[0]
             for _, g in genl.attrs_of(dict(genl.attrs_of(answer[0][4:]))[7]))
equal(dm.send(CONFIG, genl.attr(ALERT_MODE, genl.u8(1)))[0], 0, "drop monitor: each packet")
equal(dm.send(START, b"")[0], 0, "drop monitor: on")
ears = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
ears.bind((0, 0))
ears.setsockopt(270, 1, group)
ears.settimeout(TIMEOUT)
def alert(dport):
    """What is told of the packet to that port."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        data = ears.recv(65536)
        a = dict(genl.attrs_of(data[20:]))
        p = a.get(PAYLOAD, b"")
        i = p.find(socket.inet_aton(HOME[4]) + socket.inet_aton(FAR[4]))
        if i >= 0 and struct.unpack_from("!H", p, i + 10)[0] == dport:
            return a[SYMBOL].decode(), a[REASON].decode()
    return None
send(9)
got = alert(9)
ok(got and got[0].startswith("fwt_drop_POLICY+") and got[1].startswith("NETFILTER_DROP"), "drop monitor: a rule's drop", got)
try:
    connect("home", FAR[4], 11)
except OSError:
    pass
got = alert(11)
ok(got and got[0].startswith("fwt_drop_REJECT+"), "drop monitor: a reject", got)
dm.send(STOP, b"")
END
done_testing
