#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# "bpf": tcpdump's expressions at the IP hooks and at a device, both families; the
# same as libpcap says of the same packets; decided afresh; refused.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
serve net 7
py <<'END'
def sends(*payloads, f=4, port=9, ttl=64, tos=0, host="home", to=None):
    with ns(host):
        s = socket.socket(FAMILY[f], socket.SOCK_DGRAM)
    if f == 4:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    for p in payloads:
        try:
            s.sendto(p, (to or FAR[f], port))
        except PermissionError:
            pass
    s.close()

def hits(name, n):
    return wait_for(lambda: rule(name)["hits"] == n) or rule(name)["hits"]

# At the IP hooks: from the IP header on.
apply("""ingress {
	not protocol udp accept
	iif != lan accept
	bpf "udp port 9 and udp[8] = 0x41" drop id a
	bpf { "ip[1] = 0x10", "udp[8:4] = 0x42424242" } drop id b
	bpf "ip6[40 + 8] = 0x43" drop id six
	bpf "greater 1000" drop id large
	not bpf "ip or ip6" drop id never
	bpf != "udp dst port 9" accept id other
	accept id rest
}
egress {
	protocol udp bpf "udp[8] = 0x5a" drop id out
	accept
}""")
sends(b"A..."); ok(hits("a", 1) is True, "a byte of the payload")
sends(b"B...", tos=0x10); ok(hits("b", 1) is True, "one of a list: a byte of the header")
sends(b"BBBB"); ok(hits("b", 2) is True, "the other one: four bytes")
sends(b"C...", f=6); ok(hits("six", 1) is True, "IPv6, by its bytes")
sends(b"x" * 1200); ok(hits("large", 1) is True, "the length of all of it")
sends(b"x" * 3000); ok(hits("large", 2) is True, "what came in fragments is whole")
sends(b"x", port=7); ok(hits("other", 1) is True, "not equal")
sends(b"x"); ok(hits("rest", 1) is True, "none of them")
equal(rule("never")["hits"], 0, "everything is of a family here")
sends(b"Z..."); ok(hits("out", 1) is True, "egress, of what is forwarded")
sends(b"Z...", host="gw"); ok(hits("out", 2) is True, "and of what starts here")

# A place before the packet is the kernel's own (tools/libfwtree/bpf_run.c says the same).
apply("""ingress {
	not protocol udp accept
	iif lan udp dport 9 bpf "ip[ip[0] - 1048645] = 0x45" drop id negative
	iif lan udp dport 9 bpf "ip[ip[0] - 1048646] = 0x45" drop id other
	accept id rest
}""")
sends(b"x"); ok(hits("negative", 1) is True, "a negative place counts from the network header")

# It sees what came, not what the walk has made of it.
apply("""ingress {
	not protocol udp accept
	udp dport 9 dnat to :10
	dport 10 bpf "udp dst port 10" drop id changed
	dport 10 bpf "udp dst port 9" drop id came
	accept
}""")
sends(b"x"); ok(hits("came", 1) is True, "after a translation it sees the packet as it came")
equal(rule("changed")["hits"], 0, "and nothing else")

# The same of what starts here and is asked once more where it leaves: as it began.
apply("""egress {
	bpf "udp port 9 and ip dst host 198.51.100.10" dnat to 198.51.100.7 accept id led
	bpf "udp port 9 and ip6 dst host 2001:db8:77::10" dnat to [2001:db8:77::7]:9 accept id led6
	bpf "udp port 12 and (ip[1] = 0 or ip6[0:4] & 0x0ff00000 = 0)" set dscp 46 set mark 5 accept id marked
	udp dport { 9, 12 } drop
	accept
}""")
for f, to in ((4, "198.51.100.10"), (6, "2001:db8:77::10")):
    for port, dialled in ((9, to), (12, FAR[f])):
        server = udp("net", FAR[f], port)
        sends(b"x", f=f, host="gw", port=port, to=dialled)
        ok(not silent(server, TIMEOUT), f"v{f} what starts here is asked as it began: port {port}")
        server.close()

# At a device: from the Ethernet header on.
m = ":".join(f"{b:02x}" for b in mac("home", "h0"))
apply(f"""ingress device lan {{
	bpf "ether src {m} and udp port 9" drop id mac
	bpf "arp" accept id arp
	call both
	accept
}}
egress device lan {{
	bpf "ether dst {m} and udp src port 7" drop id back
	accept
}}
ingress {{
	call both
	accept
}}
tree both {{
	bpf "udp port 11" accept id both
}}""")
sends(b"x", port=11); ok(hits("both", 2) is True, "one tree, at both kinds of hook: each its own")
sends(b"x"); ok(hits("mac", 1) is True, "at a device: a frame of this sender's")
sends(b"x", f=6); ok(hits("mac", 2) is True, "IPv6 likewise")
run("ip", "-n", "home", "neigh", "flush", "dev", "h0")
sends(b"x"); ok(wait_for(lambda: rule("arp")["hits"] > 0), "ARP")
sends(b"x", port=7); ok(hits("back", 1) is True, "on its way out of a device")

# A tunnel's has no such header: what asks for one is absent, and so is its contrary.
import fcntl
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
with ns("gw"):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x1001))
for words in ("addr add 10.8.0.1/24 dev tun0", "addr add fd08::1/64 dev tun0 nodad", "link set tun0 up"):
    equal(run("ip", "-n", "gw", *words.split()).returncode, 0, f"ip {words}")
apply("""ingress device tun0 {
	bpf "udp dst port 9" drop id comes
	bpf "ether src 2:0:0:0:0:1" drop id ether
	bpf != "ether src 2:0:0:0:0:1" drop id contrary
	udp dport 11 accept id passes
	accept
}
egress device tun0 {
	bpf "udp dst port 10" drop id leaves
	accept
}""")
for n, ip, to in ((1, IP(src="10.8.0.2", dst="10.8.0.1"), "10.8.0.2"), (2, IPv6(src="fd08::2", dst="fd08::1"), "fd08::2")):
    for port in (9, 11):
        os.write(tun, bytes(ip / UDP(sport=5, dport=port) / b"x"))
    ok(hits("comes", n) is True and hits("passes", n) is True, f"a tunnel's packet comes in: {to}", (rule("comes"), rule("passes")))
    sends(b"x", f=4 if n == 1 else 6, host="gw", port=10, to=to)
    ok(hits("leaves", n) is True, f"and one leaves: {to}")
equal((rule("ether")["hits"], rule("contrary")["hits"]), (0, 0), "it has no Ethernet header, and that is not the contrary")
os.close(tun)

# What libpcap says of the same packets, at random.
import random
rng = random.Random(3)
EXPR = ["udp[8] & 7 = 3", "udp[8] > udp[9]", "ip[8] < 40", "len % 3 = 1",
        "udp[8:2] / 7 = udp[10]", "ip src host 192.168.1.2 and not udp[9] = 5"]
POLICY = "ingress { not protocol udp accept\nudp dport != 9 accept\n" + \
    "\n".join(f'bpf "{e}" count e{i}' for i, e in enumerate(EXPR)) + "\ncount all drop }"
apply(POLICY)
payloads = [bytes(rng.randrange(8) for _ in range(rng.randrange(4, 9))) for _ in range(60)]
with open("b.pcap", "wb") as out:
    pass
cap = Wire("gw", "lan")
sends(*payloads, ttl=rng.choice((30, 64)))
got = wait_for(lambda: stats()["counters"]["all"]["packets"] == 60)
ok(got, "all sixty came by", stats()["counters"])
with open("b.pcap", "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))    # raw IP
    for frame in cap.frames(0.3):
        if frame[12:14] == b"\x08\x00" and frame[23] == 17:
            size = struct.unpack("!H", frame[16:18])[0]
            out.write(struct.pack("<IIII", 0, 0, size, size) + frame[14:14 + size])
for i, e in enumerate(EXPR):
    want = len(run("tcpdump", "-nr", "b.pcap", e).stdout.splitlines())
    equal(stats()["counters"].get(f"e{i}", {}).get("packets"), want, f"as tcpdump: {e}")

# Decided afresh its bytes are gone: the old verdict stays, and is counted.
apply("ingress { accept }")
server = listen("net", NET[4], 80)
p = Pair("home", NET[4], 80, server)
ok(p.talk(), "a connection")
before = reason("unknown-kept")
apply("ingress { iif lan bpf \"tcp port 80\" drop\naccept }")
ok(p.talk(), "decided afresh by bpf: it goes on")
ok(reason("unknown-kept") > before, "and that is counted")
ok(refused(lambda: connect("home", NET[4], 80, timeout=0.4)), "one that begins now is dropped")

r = run("fwctl", "-n", "gw", "rule", "add", "first", "in", "ingress", 'bpf "tcp port 81" drop')
equal(r.returncode, 0, "one rule more, which goes the whole way: a patch has no filters")
ok(refused(lambda: connect("home", NET[4], 81, timeout=0.4)), "and is in force")
END
done_testing
