#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# IPsec (ESP, tunnel mode), by policies alone and by an interface (xfrm): what it carries
# is asked about in the clear, once, and followed; the tunnel's own packets start here,
# and are another connection; masquerade on the outside lets what goes into it be.
#
#   home ──── lan gw wan ════ m0 mid m1 ──── net 198.51.100.7
#                        ESP                     2001:db8:77::7
# flavours: debug
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
path_topology
if ! ip -n gw xfrm state list >/dev/null 2>&1; then
	skip "a tunnel of IPsec" "this kernel has no IPsec"
	done_testing
	exit 0
fi
ip -n mid route add 192.168.1.0/24 via 203.0.113.8
ip -n mid route add 10.77.0.1 via 203.0.113.8
ip -n mid -6 route add fd00:1::/64 via 2001:db8:1::8
ip -n mid -6 route add fd77::1 via 2001:db8:1::8

auth=0x$(printf '%064d' 1) enc=0x$(printf '%032d' 2)

# sa HOST FROM TO SPI [WORD...], sp HOST DIRECTION SRC DST FROM TO [WORD...]
sa() {
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" reqid 1 mode tunnel \
		auth-trunc 'hmac(sha256)' "$auth" 128 enc 'cbc(aes)' "$enc" "${@:5}"
}
sp() {
	ip -n "$1" xfrm policy add src "$3" dst "$4" dir "$2" "${@:7}" \
		tmpl src "$5" dst "$6" proto esp reqid 1 mode tunnel
}

# tunnel [WORD...]: from gw, whose states and policies have these words, to mid; anew.
tunnel() {
	local v gw mid far inside near dir
	for v in gw mid; do
		ip -n $v xfrm policy flush
		ip -n $v xfrm state flush
	done
	for v in 4 6; do
		if [ $v = 4 ]; then
			gw=203.0.113.8 mid=203.0.113.1 far=198.51.100.0/24
			inside="192.168.1.0/24 10.77.0.1/32"
		else
			gw=2001:db8:1::8 mid=2001:db8:1::1 far=2001:db8:77::/64
			inside="fd00:1::/64 fd77::1/128"
		fi
		sa gw $gw $mid 0x101 "$@" || return
		sa gw $mid $gw 0x102 "$@" || return
		sa mid $gw $mid 0x101 || return
		sa mid $mid $gw 0x102 || return
		for near in $inside; do
			sp gw out "$near" $far $gw $mid "$@" || return
			sp mid out $far "$near" $mid $gw || return
			for dir in in fwd; do
				sp gw $dir $far "$near" $mid $gw "$@" || return
				sp mid $dir "$near" $far $gw $mid || return
			done
		done
	done
}

# policy DEVICE: that by which the tunnel is entered.
policy() {
	must_apply <<-END
		option adopt 0s
		ingress {
			iif lo accept
			ct state invalid drop id invalid
			ct state untracked accept
			iif lan protocol tcp accept id lan
			iif $1 tcp dport 81 accept id back
			iif wan protocol esp accept id esp-in
			drop id rest
		}
		egress {
			ct state untracked accept
			oif wan protocol esp accept id esp
			iif lan oif $1 tcp dport 80 accept id there
			iif none oif $1 tcp dport 83 accept id own
			iif $1 oif lan tcp dport 81 accept id in
			iif lan oif $1 tcp dport 82 masquerade accept id hidden
			oif wan masquerade accept id masq
			drop id last
		}
		egress device wan {
			saddr { 192.168.1.0/24, 10.77.0.1, fd00:1::/64, fd77::1 } drop id clear
			protocol esp count wire accept
			accept
		}
	END
}

cat >ways.py <<'END'
from netlib import *

NAMES = ("lan", "there", "own", "back", "in", "hidden", "masq")
INNER = {4: "10.77.0.1", 6: "fd77::1"}

def hits(*names):
    now = {r["id"]: r["hits"] for r in stats()["rules"] if r.get("id")}
    return [now[n] for n in names]

def ways(what, dev):
    """Each way through the tunnel and past it; the tunnel is entered by @dev."""
    for f in (4, 6):
        name = f"IPv{f}, {what}"
        before, wire = hits(*NAMES), stats()["counters"]["wire"]["packets"]
        p = Pair("home", FAR[f], 80, listen("net", FAR[f], 80))
        ok(p.talk(), f"{name}: through the tunnel, and back")
        equal(p.peer[0], HOME[f], f"{name}: as who it is")
        # More than a packet: its sender is told how much the tunnel takes.
        ok(p.talk(b"x" * 50000), f"{name}: whatever its size")
        ok(stats()["counters"]["wire"]["packets"] > wire + 30, f"{name}: in ESP", stats()["counters"])
        l = conn_list("tcp", f"ipv{f}", "sport", str(p.c.getsockname()[1]))
        equal([(c["state"], c["iif"], c["oif"], c["snat"], c["dnat"]) for c in l],
              [("ESTABLISHED", "lan", dev, False, False)], f"{name}: one connection, in the clear")
        q = Pair("gw", FAR[f], 83, listen("net", FAR[f], 83), source=(LAN[f], 0))
        ok(q.talk(), f"{name}: what starts here, too")
        r = Pair("net", HOME[f], 81, listen("home", HOME[f], 81))
        ok(r.talk() and r.peer[0] == FAR[f], f"{name}: what the other side begins", r.peer)
        s = Pair("home", NET[f], 90, listen("mid", NET[f], 90))
        ok(s.talk(), f"{name}: past the tunnel")
        equal(s.peer[0], WAN[f], f"{name}: that is translated")
        more = [p, q, r, s]
        if dev != "wan":
            t = Pair("home", FAR[f], 82, listen("net", FAR[f], 82))
            ok(t.talk(b"x" * 50000), f"{name}: translated on its way into it")
            equal(t.peer[0], INNER[f], f"{name}: to the tunnel's address")
            more.append(t)
        equal([b - a for a, b in zip(before, hits(*NAMES))],
              [2, 1, 1, 1, 1, 0, 1] if dev == "wan" else [3, 1, 1, 1, 1, 1, 1],
              f"{name}: each was asked about once")
        l = conn_list("proto", "esp", f"ipv{f}")
        equal([(c["original"]["saddr"], c["original"]["daddr"], c["local"], c["iif"]) for c in l],
              [(WAN[f], NET[f], True, None)], f"{name}: ESP is a connection of its own, which began here")
        ok(l and l[0]["original"]["packets"] and l[0]["reply"]["packets"], f"{name}: both ways", l)
        for x in more:
            x.close()
    equal(hits("esp-in", "invalid", "rest", "last", "clear"), [0] * 5,
          f"{what}: nothing else came by, and nothing left in the clear")

def balanced():
    b = stats()["connections"]
    return b["created"] == b["ended"] + b["count"]
END

# By policies alone: it enters the tunnel where it leaves by wan.
ok "states and policies" tunnel
policy wan
py <<'END'
from ways import *
ways("by policies", "wan")
equal(hits("esp"), [2], "by policies: the tunnels were asked about once each")
END

# By an interface: as if it left by that.
if ip -n gw link add ipsec0 mtu 1400 type xfrm dev wan if_id 7 2>/dev/null; then
	ip -n gw link set ipsec0 up
	addr gw ipsec0 10.77.0.1/32 fd77::1/128
	ip -n gw route add 198.51.100.0/24 dev ipsec0
	ip -n gw -6 route add 2001:db8:77::/64 dev ipsec0
	ok "states and policies of an interface" tunnel if_id 7
	policy ipsec0
	py <<-'END'
		from ways import *
		ways("by an interface", "ipsec0")
	END
else
	skip "a tunnel with an interface" "this kernel has no xfrm interfaces"
fi
py <<'END'
from ways import *
ok(wait_for(balanced), "the books are balanced", stats()["connections"])
END
done_testing
