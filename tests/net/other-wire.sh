#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R21, R28: what comes by another wire than a connection's own, an error about it or an
# answer in it, is asked about; what is said of that wire is not said of the connection.
#
#   home h0 .1.2 ──── lan  gw wan ──── i0 net 198.51.100.7
#   dmz  d0 .2.2 ──── dmz  gw two ──── i1 net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
host dmz
link dmz d0 gw dmz
addr gw dmz 192.168.2.1/24 fd00:2::1/64
addr dmz d0 192.168.2.2/24 fd00:2::2/64
link gw two net i1
addr gw two 203.0.114.8/24 2001:db8:2::8/64
addr net i1 203.0.114.1/24 2001:db8:2::1/64
py <<'END'
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.l2 import Ether

DMZ = {4: "192.168.2.2", 6: "fd00:2::2"}
wires = {"dmz": Wire("dmz", "d0"), "two": Wire("net", "i1"), "net": Wire("net", "i0")}
heads = {"dmz": Ether(dst=mac("gw", "dmz"), src=mac("dmz", "d0")),
         "two": Ether(dst=mac("gw", "two"), src=mac("net", "i1"))}
HEAD = "option adopt 0s\ningress { iif lo accept; ct state untracked accept; ct state invalid drop id stray\n"
ALL = HEAD + "accept }\negress { accept }\n"

def ip(f, src, dst):
    return IP(src=src, dst=dst) if f == 4 else IPv6(src=src, dst=dst)

def words(addr, port):
    return f"[{addr}]:{port}" if ":" in addr else f"{addr}:{port}"

def error(f, src, dst, quote):
    return ip(f, src, dst) / (ICMP(type=3, code=3) if f == 4 else ICMPv6DestUnreach(code=4)) / quote

def send(wire, packet):
    """Until it has been through gw, and what it sent before."""
    seen = stats()["verdicts"]
    wires[wire].send(bytes(heads[wire] / packet))
    wait_for(lambda: stats()["verdicts"] != seen)

class Talk:
    """By UDP, both ways; its answers can be sent by another wire, too."""
    def __init__(self, f):
        self.f = f
        self.s, self.c = udp("net", FAR[f], 53), udp("home", HOME[f], 5353)
        self.c.connect((FAR[f], 53))
        ok(self.there() and self.back(), f"IPv{f}: talks")
        while not silent(self.c, 0.01) or not silent(self.s, 0.01):
            pass

    def there(self, seconds=TIMEOUT):
        self.c.send(b"there")
        return not silent(self.s, seconds)

    def back(self, seconds=TIMEOUT):
        self.s.sendto(b"back", (HOME[self.f], 5353))
        return not silent(self.c, seconds)

    def by_two(self, seconds=TIMEOUT):
        send("two", ip(self.f, FAR[self.f], HOME[self.f]) / UDP(sport=53, dport=5353) / b"by two")
        return not silent(self.c, seconds)

    def close(self):
        self.s.close()
        self.c.close()
        fwctl("conn", "flush")

for f in (4, 6):
    answer = ip(f, FAR[f], HOME[f]) / UDP(sport=53, dport=5353) / b"quoted"
    # An error of the original direction, from where the new policy lets it in: it is not
    # what keeps the connection, which is from where the policy does not.
    apply(ALL)
    t = Talk(f)
    apply(HEAD + "iif lan drop; accept }\negress { accept }\n")
    send("dmz", error(f, DMZ[f], FAR[f], answer))
    ok(not t.there(0.3), f"R28 IPv{f}: an error from elsewhere is no leave for the connection")
    equal(conn_list("dport", "53", f"ipv{f}"), [], f"R28 IPv{f}: which has ended")
    t.close()

    # An answer by another uplink, which the new policy does not mind.
    apply(ALL)
    t = Talk(f)
    apply(HEAD + "accept }\negress { iif lan oif wan drop; accept }\n")
    ok(not t.by_two(0.3), f"R28 IPv{f}: nor is an answer by another uplink")
    ok(not t.there(0.3), f"R28 IPv{f}: to a connection that leaves by one which is forbidden")
    t.close()

    # And one that the former policy did not mind, and the new one does.
    apply(ALL)
    t = Talk(f)
    ok(t.by_two(), f"IPv{f}: an answer by another uplink")
    apply(HEAD + "accept }\negress { iif lan oif two drop; accept }\n")
    said = fwctl("explain", "--live", "in", "two", "udp", words(FAR[f], 53), "to", words(HOME[f], 5353))
    equal((said["verdict"], said["reason"]), ("drop", "revalidated"), f"R28 IPv{f}: a dry run says so")
    ok(not t.by_two(0.3), f"R28 IPv{f}: no longer by one which is forbidden")
    ok(t.there() and t.back(), f"R28 IPv{f}: whereas the connection goes on")
    t.close()

    # Without another policy: what the record says is of its own interface.
    apply(HEAD + "accept }\negress { oif wan set dscp ef accept id wan; accept id rest }\n")
    t = Talk(f)
    ok(t.by_two(), f"IPv{f}: an answer by another uplink")
    t.c.send(b"by its own")
    seen = [x for x in wires["net"].frames(0.3) if b"by its own" in x]
    tos = [x[15] if f == 4 else (x[14] << 4 | x[15] >> 4) & 255 for x in seen]
    equal(tos, [46 << 2], f"IPv{f}: what leaves by its own is changed as ever")
    equal(conn_list("dport", "53", f"ipv{f}")[0]["rules"]["egress"].get("id"), "wan", f"IPv{f}: and by the rule of that")
    t.close()
# Routing is asked about another wire, too: where that checks sources, nobody sends in the
# client's name, whose own way is known by heart.
apply(ALL)
run("ip", "netns", "exec", "gw", "sysctl", "-qw", "net.ipv4.conf.dmz.rp_filter=1")
t = Talk(4)
ok(t.there() and t.there(), "a connection has its route")
send("dmz", ip(4, HOME[4], FAR[4]) / UDP(sport=5353, dport=53) / b"not its client's")
ok(silent(t.s), "which is not for what comes by another wire")
ok(t.there() and t.back(), "it goes on by its own")
t.close()
b = stats()["connections"]
ok(b["created"] == b["ended"] + b["count"], "the books are balanced", b)
END
done_testing
