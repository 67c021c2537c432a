#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R15: an interface or address that goes away takes its translations with it,
# those and no others, under traffic; and routing that leads to another one.
#
#   home 192.168.1.2 ──── lan gw wan  203.0.113.8 ──── i0 net 198.51.100.7
#        fd00:1::2            wan2 192.0.2.8      ──── i2     2001:db8:77::7
# flavours: fast debug race leak
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
link gw wan2 net i2
addr gw wan2 192.0.2.8/24 2001:db8:2::8/64
addr net i2 192.0.2.1/24 2001:db8:2::1/64
ip -n net route replace 192.0.2.0/24 dev i2 src 198.51.100.7
ip -n net -6 route replace 2001:db8:2::/64 dev i2 src 2001:db8:77::7 metric 256
ip -n gw addr add 203.0.113.20/24 dev wan
must_apply <<'END'
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; accept }
egress {
	udp dport 9 iif lan snat to addr(wan) accept
	udp dport 10 iif lan family ipv4 snat to 203.0.113.20 accept
	iif lan oif wan* masquerade accept
	accept
}
END
serve net 7
py <<'END'
import threading
WAY = {4: ("203.0.113.1", "192.0.2.1"), 6: ("2001:db8:1::1", "2001:db8:2::1")}
WAN2 = {4: "192.0.2.8", 6: "2001:db8:2::8"}

def ip(*words):
    r = run("ip", "-n", "gw", *words)
    if r.returncode:
        raise RuntimeError(" ".join(words) + ": " + r.stderr)

def gone():
    return stats()["connections"]["ended_by"]["address-gone"]["value"]

def masqueraded(f):
    return [c for c in conn_list() if c["snat"] and c["family"] == f"ipv{f}"
            and c["original"]["dport"] == 7]

def others():
    return sorted((c["protocol"], c["original"]["dport"]) for c in conn_list()
                  if c["original"]["dport"] in (10, 22))

def restore():
    ip("link", "set", "wan", "up")
    ip("addr", "replace", "203.0.113.8/24", "dev", "wan")
    ip("addr", "replace", "203.0.113.20/24", "dev", "wan")
    ip("addr", "replace", "2001:db8:1::8/64", "dev", "wan", "nodad")
    ip("route", "replace", "default", "via", WAY[4][0])
    ip("-6", "route", "replace", "default", "via", WAY[6][0])

class Flow:
    """A client that does not stop to talk."""
    def __init__(self, f):
        self.f, self.on, self.seen = f, True, set()
        self.s = udp("home", HOME[f])
        self.s.settimeout(0.05)
        self.t = threading.Thread(target=self.run)
        self.t.start()

    def run(self):
        while self.on:
            try:
                self.s.sendto(b"x", (FAR[self.f], 7))
                self.seen.add(self.s.recv(100).split()[0].decode())
            except OSError:
                pass

    def stop(self):
        self.on = False
        self.t.join()
        self.s.close()

server = listen("gw", LAN[4], 22)
direct = Pair("home", LAN[4], 22, server)
for f in (4, 6):
    for how in ("address", "down"):
        name = f"R15 IPv{f}, {how}"
        restore()
        t = connect("home", FAR[f], 7)
        t.recv(100)
        flow = Flow(f)
        fixed = udp("home", HOME[4])
        fixed.sendto(b"x", (FAR[4], 10))
        addrof = udp("home", HOME[f])
        addrof.sendto(b"x", (FAR[f], 9))
        wait_for(lambda: flow.seen)
        ok(len(masqueraded(f)) >= 2, f"{name}: connections are there", conn_list())
        before, kept = gone(), others()
        if how == "address":
            ip("addr", "del", WAN[f] + ("/24" if f == 4 else "/64"), "dev", "wan")
        else:
            ip("link", "set", "wan", "down")
        ok(wait_for(lambda: not [c for c in masqueraded(f) if c["reply"]["daddr"] == WAN[f]]),
           f"{name}: what had its address has ended", conn_list())
        ok(wait_for(lambda: not [c for c in conn_list() if c["original"]["dport"] == 9]),
           f"{name}: by snat to addr(IF), too", conn_list())
        ok(gone() - before >= 3, f"{name}: counted", gone() - before)
        equal(others(), kept, f"{name}: others go on")
        ok(direct.talk(), f"{name}: with their traffic")
        restore()
        flow.seen.clear()
        ok(wait_for(lambda: flow.seen), f"{name}: and when it is back the client goes on")
        flow.stop()
        for s in (t, fixed, addrof):
            s.close()
        fwctl("conn", "delete", "dport", "7")

    # Renewed, as DHCP does: nothing ends.
    restore()
    t = connect("home", FAR[f], 7)
    t.recv(100)
    before = gone()
    ip("addr", "change", WAN[f] + ("/24" if f == 4 else "/64"), "dev", "wan",
       "valid_lft", "1000", "preferred_lft", "1000")
    ip("link", "set", "wan2", "down")
    ip("link", "set", "wan2", "up")
    ip("addr", "replace", WAN2[f] + ("/24" if f == 4 else "/64"), "dev", "wan2")
    t.sendall(b"still")
    equal(receive(t, 5), b"still", f"R15 IPv{f}: renewed: it goes on")
    equal(gone(), before, f"R15 IPv{f}: and what left by another interface is not asked")
    t.close()

    # Routing leads to another interface: the flow begins anew, by itself.
    flow = Flow(f)
    wait_for(lambda: flow.seen)
    equal(flow.seen, {WAN[f]}, f"R15 IPv{f}: out by the first one")
    flow.seen.clear()
    ip(*(["-6"] if f == 6 else []), "route", "replace", "default", "via", WAY[f][1])
    ok(wait_for(lambda: WAN2[f] in flow.seen), f"R15 IPv{f}: another route: with the address there",
       (flow.seen, conn_list()))
    flow.stop()

# Back by then, if only to be looked for on its link (DAD), it is this machine's: it comes to
# another interface before the first one loses it, so that the sweep finds it so for sure.
restore()
DAD = "cd /proc/sys/net/ipv6/conf/wan2 && echo 1 >accept_dad && echo 10 >dad_transmits"
run("ip", "netns", "exec", "gw", "bash", "-c", DAD)
t = connect("home", FAR[6], 7)
t.recv(100)
before = gone()
ip("addr", "add", WAN[6] + "/128", "dev", "wan2")
ip("addr", "del", WAN[6] + "/64", "dev", "wan")
time.sleep(0.3 * SLOW)
there = run("ip", "-n", "gw", "-6", "addr", "show", "dev", "wan2").stdout
ok(WAN[6] + "/128" in there and "tentative" in there, "R15 IPv6: back, and nobody knows yet whether it is another's", there)
equal(gone(), before, "R15 IPv6: back by then: nothing ends")
restore()
ip("addr", "del", WAN[6] + "/128", "dev", "wan2")
t.sendall(b"still")
equal(receive(t, 5), b"still", "R15 IPv6: and it goes on")
t.close()

# Another host has it: nobody is told that DAD failed, and what waited for it ends. That host
# comes when the sweep is over, so that it is not by the first one for sure.
t = connect("home", FAR[6], 7)
t.recv(100)
before = gone()
ip("addr", "add", WAN[6] + "/128", "dev", "wan2")
ip("addr", "del", WAN[6] + "/64", "dev", "wan")
time.sleep(0.3 * SLOW)
equal(gone(), before, "R15 IPv6, DAD that will fail: nothing ends as long as nobody knows")
ok(run("ip", "-n", "net", "addr", "add", WAN[6] + "/128", "dev", "i2", "nodad").returncode == 0,
   "R15 IPv6: another host has its address")
def addr_of_wan2():
    return run("ip", "-n", "gw", "-6", "addr", "show", "dev", "wan2").stdout
ok(wait_for(lambda: "dadfailed" in addr_of_wan2()), "R15 IPv6: DAD fails", addr_of_wan2())
ok(wait_for(lambda: gone() > before), "R15 IPv6: DAD failed: the connection ends", conn_list())
equal([c for c in masqueraded(6) if c["reply"]["daddr"] == WAN[6]], [], "R15 IPv6: DAD failed: none is left")
t.close()
run("ip", "-n", "net", "addr", "del", WAN[6] + "/128", "dev", "i2")
ip("addr", "del", WAN[6] + "/128", "dev", "wan2")
restore()

# Likewise where each packet walks: what has the other one's address is not sent.
policy = fwctl("show", "policy")["files"][0]["text"]
apply("option evaluate per-packet\n" + policy)
for f in (4, 6):
    fwctl("conn", "flush")
    restore()
    flow = Flow(f)
    ok(wait_for(lambda: WAN[f] in flow.seen), f"R15 IPv{f}, per packet: out by the first one")
    before = reason("no-address")
    flow.seen.clear()
    ip(*(["-6"] if f == 6 else []), "route", "replace", "default", "via", WAY[f][1])
    ok(wait_for(lambda: WAN2[f] in flow.seen), f"R15 IPv{f}, per packet: another route: with the address there",
       (flow.seen, conn_list()))
    ok(reason("no-address") > before, f"R15 IPv{f}, per packet: the packet that it ends by is counted")
    flow.stop()
apply(policy)

# The interface itself.
restore()
flow = Flow(4)
wait_for(lambda: flow.seen)
before = gone()
ip("link", "del", "wan")
ok(wait_for(lambda: gone() > before), "R15: an interface that is deleted")
flow.stop()
direct.close()
END
done_testing
