#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The routing logic unit: what "route ..." says of real packets, against what the
# kernel's own "ip route get" says, and against what it then does with them.
#
#                       ┌──── lan gw wan ──── i0 net
#   home h0 .2  ────────┘        gw two ──── i1 net     203.0.114.8, 2001:db8:2::8
#   red  r0 .2  ──────────── red0 gw                    VRF "red", with 192.168.1.0/24 too
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
rlu_topology

## What a packet is, by its destination

py <<'END'
from rlu import *
with Asked("route type", TYPES) as a:
    for f, rows in (
            (4, (("local", WAN[4]), ("local", "192.168.1.1"), ("unicast", FAR[4]),
                 ("broadcast", "192.168.1.255"), ("broadcast", "255.255.255.255"),
                 ("multicast", "224.0.0.251"), ("multicast", "239.1.2.3"),
                 ("unreachable", "10.66.0.1"), ("unreachable", "10.67.0.1"),
                 ("unreachable", "10.68.0.1"))),
            (6, (("local", WAN[6]), ("local", "fd00:1::1"), ("unicast", FAR[6]),
                 ("multicast", "ff02::fb"), ("multicast", "ff05::1"),
                 ("unreachable", "2001:db8:66::1"), ("unreachable", "2001:db8:67::1"),
                 ("unreachable", "2001:db8:68::1")))):
        for want, dst in rows:
            equal(a.say("home", HOME[f], dst, dev="h0"), want, f"route type of {dst}: {want}")
    for f in FAMILIES:
        ip = ["ip", "-n", "gw", f"-{f}", "route"]
        run(*ip, "del", "default")
        equal(a.say("home", HOME[f], FAR[f]), "none", f"IPv{f}: none without a route")
        run(*ip, "add", "default", "via", NET[f])
with Asked("route oif", NAMES) as a:
    for f, far in ((4, "10.66.0.1"), (6, "2001:db8:66::1")):
        equal(a.say("home", HOME[f], WAN[f]), "lo", f"IPv{f}: route oif of what is ours: lo")
        equal(a.say("home", HOME[f], NET[f][:-1] + "99"), "wan", f"IPv{f}: of a link of ours")
        equal(a.say("home", HOME[f], FAR[f]), "wan", f"IPv{f}: of what is far")
        equal(a.say("home", HOME[f], far), "none", f"IPv{f}: none of what is unreachable")
    equal(a.say("home", HOME[4], "192.168.1.255"), "lan", "of a broadcast")
VIA = ["203.0.113.1", "203.0.114.1", "2001:db8:1::1",
       "2001:db8:2::1", "203.0.113.99", "2001:db8:1::99", "none"]
with Asked("route nexthop", VIA) as a:
    for f in FAMILIES:
        equal(a.say("home", HOME[f], FAR[f]), NET[f], f"IPv{f}: route nexthop: the gateway")
        equal(a.say("home", HOME[f], WAN[f]), "none", f"IPv{f}: none of what is ours")
        near = NET[f][:-1] + "99"
        equal(a.say("home", HOME[f], near), near, f"IPv{f}: on a link the destination")
SRC = ["203.0.113.8", "192.168.1.1", "2001:db8:1::8", "fd00:1::1", "none"]
with Asked("route saddr", SRC) as a:
    for f, own in ((4, "10.1.0.1"), (6, "2001:db8:a1::1")):
        equal(a.say("home", HOME[f], FAR[f]), WAN[f], f"IPv{f}: route saddr: of the interface")
        equal(a.say("home", HOME[f], own), WAN[f], f"IPv{f}: that of the route, if it has one")
        equal(a.say("home", HOME[f], NET[f]), WAN[f], f"IPv{f}: of the link's")
        equal(a.say("home", HOME[f], LAN[f]), LAN[f], f"IPv{f}: of what is ours itself")
with Asked("route oif . route type", ["lo . local", "wan . unicast", "none . none"]) as a:
    equal(a.say("home", HOME[4], FAR[4]), "wan . unicast", "joined")
END

## Policy routing, by all that rules ask; and after modifiers

py <<'END'
from rlu import *
for f in FAMILIES:
    with Asked("route oif", NAMES) as a:
        equal(a.say("home", HOME[f], FAR[f]), "wan", f"IPv{f}: no rule concerns it")
        equal(a.say("home", HOME[f], FAR[f], tos=0x10), "two", f"IPv{f}: by type of service")
        equal(a.say("home", HOME[f], FAR[f], dport=500), "two", f"IPv{f}: by port")
        run("ip", "netns", "exec", "gw", "nft", "add table inet t; add chain inet t p "
            "{ type filter hook prerouting priority -300; }; add rule inet t p iifname lan "
            "meta mark set 5")
        equal(a.say("home", HOME[f], FAR[f]), "two", f"IPv{f}: by a mark that was set before us")
        run("ip", "netns", "exec", "gw", "nft", "flush ruleset")
        ip = ["ip", "-n", "gw", f"-{f}", "rule"]
        run(*ip, "add", "iif", "lan", "from", HOME[f], "table", "100")
        equal(a.say("home", HOME[f], FAR[f]), "two", f"IPv{f}: by where it comes in, and from whom")
        run(*ip, "del", "iif", "lan", "from", HOME[f], "table", "100")
    with Asked("route oif", NAMES, before="set mark 5") as a:
        equal(a.say("home", HOME[f], FAR[f]), "two", f"IPv{f}: by a mark that was set in the walk")
    to = "10.66.0.1" if f == 4 else "[2001:db8:66::1]"
    with Asked("route type", TYPES, before=f"route type unicast dnat to {to}") as a:
        equal(a.say("home", HOME[f], FAR[f]), "unreachable", f"IPv{f}: after a dnat, of its target")
    with Asked("route oif", NAMES, before="route oif wan redirect to :10") as a:
        equal(a.say("home", HOME[f], FAR[f]), "lo", f"IPv{f}: after a redirect: ours")
END

## Where an answer would leave

py <<'END'
from rlu import *
LINK = {}
for l in json.loads(run("ip", "-n", "home", "-j", "-6", "addr", "show", "dev", "h0").stdout)[0]["addr_info"]:
    if l["scope"] == "link":
        LINK["home"] = l["local"]
with Asked("route reverse", NAMES) as a:
    for f in FAMILIES:
        equal(a.say("home", HOME[f], FAR[f]), "lan", f"IPv{f}: route reverse: where it came in")
        equal(a.say("home", FAR[f], WAN[f]), "wan", f"IPv{f}: a source from elsewhere")
        equal(a.say("home", LAN[f], WAN[f]), "lo", f"IPv{f}: an address of ours")
        equal(a.say("home", HOME[f], FAR[f], tos=0x10), "two",
              f"IPv{f}: by the rules that hold for the answer")
        bad = "10.66.0.1" if f == 4 else "2001:db8:66::1"
        equal(a.say("home", bad, WAN[f]), "none", f"IPv{f}: unreachable is no way back")
        # Two equal ways back: by either.
        two = "10.2.0.1" if f == 4 else "2001:db8:a2::1"
        equal(a.say("net", two, WAN[f], dev="i0"), "wan", f"IPv{f}: of two ways that which it came by")
        run("ip", "-n", "net", f"-{f}", "route", "add", WAN[f], "via", TWO[f], "table", "9")
        run("ip", "-n", "net", f"-{f}", "rule", "add", "fwmark", "9", "table", "9")
        equal(a.say("net", two, WAN[f], mark=9), "two", f"IPv{f}: and by the other one that")
    equal(a.say("home", LINK["home"], "fd00:1::1", dev="h0"), "lan", "a link-local source")
    equal(a.say("home", "169.254.7.7", WAN[4]), "lan", "of IPv4, too")
    run("ip", "-n", "home", "addr", "flush", "dev", "h0")
    run("ip", "-n", "home", "route", "add", "default", "dev", "h0")
    equal(a.say("home", None, "255.255.255.255", dev="h0"), "lan", "who has no address asks all")
    equal(a.say("home", None, "224.0.0.1", dev="h0"), "lan", "or a group of the link")
    equal(a.say("home", None, "239.1.2.3", dev="h0"), "none", "not one from afar")
    equal(a.say("home", None, WAN[4], dev="h0"), "none", "nor one of us alone")
END
ip -n home link set h0 down
ip -n home link set h0 up
addr home h0 192.168.1.2/24 fd00:1::2/64
ip -n home route flush default
via home 192.168.1.1 fd00:1::1

## VRF: the same addresses, other tables

py <<'END'
from rlu import *
for f in FAMILIES:
    with Asked("route oif", NAMES) as a:
        equal(a.say("red", HOME[f], FAR[f]), "red0", f"IPv{f}: the VRF's own table")
        equal(a.say("red", HOME[f], LAN[f]), "lo", f"IPv{f}: its own addresses")
        equal(a.say("red", HOME[f], NET[f]), "none", f"IPv{f}: what is not in it")
        equal(a.say("home", HOME[f], FAR[f]), "wan", f"IPv{f}: and not for others")
    with Asked("route type", TYPES) as a:
        equal(a.say("red", HOME[f], NET[f]), "unreachable", f"IPv{f}: its last route says so")
        # The rule for the table "local" stands before that for VRFs, as it comes.
        equal(a.say("red", HOME[f], WAN[f]), "local", f"IPv{f}: as the rules stand, what is ours")
    with Asked("route reverse", NAMES) as a:
        equal(a.say("red", HOME[f], LAN[f]), "red0", f"IPv{f}: back within the VRF")
        equal(a.say("red", NET[f], LAN[f]), "none", f"IPv{f}: no way back in it")
        equal(a.say("home", HOME[f], LAN[f]), "lan", f"IPv{f}: of the same source elsewhere")
END

## What starts here

py <<'END'
from rlu import *
for f in FAMILIES:
    with Asked("route oif", NAMES, hook="egress") as a:
        equal(a.say("gw", WAN[f], FAR[f]), "wan", f"IPv{f}: out of here")
        equal(a.say("gw", None, FAR[f], mark=5), "two", f"IPv{f}: by its socket's mark")
        other = ["ip", "-n", "gw", f"-{f}", "route"]
        run(*other, "add", "default", "dev", "two", "metric", "9999")
        equal(a.say("gw", None, FAR[f], dev="two"), "two", f"IPv{f}: by its socket's interface")
        run(*other, "del", "default", "dev", "two", "metric", "9999")
        equal(a.say("gw", None, FAR[f], dev="red"), "red0", f"IPv{f}: of a VRF's socket")
        equal(a.say("gw", None, LAN[f]), "lo", f"IPv{f}: to ourselves")
        equal(a.say("gw", None, FAR[f], uid=1234), "two", f"IPv{f}: by its socket's owner")
    with Asked("route oif", NAMES, hook="egress", before="set mark 5") as a:
        equal(a.say("gw", WAN[f], FAR[f]), "two", f"IPv{f}: after a mark")
    with Asked("route type", TYPES, hook="egress") as a:
        equal(a.say("gw", None, FAR[f]), "unicast", f"IPv{f}, of here: route type: unicast")
        equal(a.say("gw", None, LAN[f]), "local", f"IPv{f}, of here: of what is ours: local")
        group = "224.0.0.251" if f == 4 else "ff02::fb"
        equal(a.say("gw", None, group, dev="lan"), "multicast", f"IPv{f}, of here: of a group: multicast")
    near = NET[f][:-1] + "99"
    with Asked("route nexthop", [NET[f], TWO[f][:-1] + "1", near, "none"], hook="egress") as a:
        equal(a.say("gw", None, FAR[f]), NET[f], f"IPv{f}, of here: route nexthop: the gateway")
        equal(a.say("gw", None, FAR[f], mark=5), TWO[f][:-1] + "1", f"IPv{f}, of here: that of its mark's way")
        equal(a.say("gw", None, near), near, f"IPv{f}, of here: on a link the destination")
        equal(a.say("gw", None, LAN[f]), "none", f"IPv{f}, of here: none of what is ours")
    own = "10.1.0.1" if f == 4 else "2001:db8:a1::1"
    with Asked("route saddr", [WAN[f], LAN[f], "none"], hook="egress") as a:
        equal(a.say("gw", None, FAR[f]), WAN[f], f"IPv{f}, of here: route saddr: of the interface")
        equal(a.say("gw", LAN[f], FAR[f]), WAN[f], f"IPv{f}, of here: whatever its socket is bound to")
        equal(a.say("gw", None, own), WAN[f], f"IPv{f}, of here: that of the route, if it has one")
        equal(a.say("gw", None, HOME[f]), LAN[f], f"IPv{f}, of here: of the other link's")
    # Led elsewhere: of where that is, while the kernel's own route is the first one still.
    lost = "10.66.0.1" if f == 4 else "[2001:db8:66::1]"
    inside = HOME[f] if f == 4 else f"[{HOME[f]}]"
    for before, field, values, want in ((f"dnat to {lost}", "route type", TYPES, "unreachable"),
                                        (f"dnat to {lost}", "route oif", NAMES, "none"),
                                        (f"dnat to {inside}", "route oif", NAMES, "lan"),
                                        ("balance @lost", "route type", TYPES, "unreachable"),
                                        ("balance @lost", "route oif", NAMES, "none"),
                                        ("balance @inside", "route oif", NAMES, "lan")):
        with Asked(field, values, hook="egress", before="iif none route oif wan " + before,
                   more=f"pool lost {{ {lost} }}\npool inside {{ {inside} }}") as a:
            equal(a.say("gw", None, FAR[f]), want, f"IPv{f}, of here: {before}: {field} is its target's, {want}")
    with Asked("route oif", NAMES, hook="egress") as a:
        equal(a.say("home", HOME[f], FAR[f]), "wan", f"IPv{f}: what is forwarded, on its way out")
    with Asked("route reverse", NAMES, hook="egress") as a:
        equal(a.say("home", HOME[f], FAR[f]), "lan", f"IPv{f}: and its answer's way")
END

done_testing
