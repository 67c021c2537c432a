#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# VRFs in policy tests: what tests/net/vrf.sh and vrf-across.sh see in a guest, of a
# machine that is not there. And names of packets that are the same flow. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

# holds WHAT: the test of the policy.
holds() {
	"$fwctl" test "$tmp/p.fw" "$tmp/t.fwt" >"$tmp/out" 2>"$tmp/err"
	report $? "$1"
}

# wrong LINE PLACE TEXT: a test file with this line is refused, and why.
wrong() {
	printf '%s\n' "$1" >"$tmp/t.fwt"
	"$fwctl" test "$tmp/p.fw" "$tmp/t.fwt" >"$tmp/out" 2>"$tmp/err"
	[ $? = 1 ] && grep -qF "t.fwt:1:" "$tmp/err" && grep -qF -- "$2" "$tmp/err"
	report $? "$1"
}

cat >"$tmp/p.fw" <<'END'
ingress {
	iif lo accept
	route reverse != iif drop id spoofed
	route oif blue2 drop id across
	daddr addr(red1) tcp dport 22 accept id ssh
	route type local drop id local
	protocol tcp accept
	drop
}
egress { oif red2 masquerade accept; accept }
END
cat >"$tmp/t.fwt" <<'END'
link red1 vrf red
link red2 mtu 1400 vrf red
link blue1 vrf blue
link blue2 vrf blue
address 10.0.0.1/24 dev red1
address 10.0.0.1/24 dev blue1
address fd00::1/64 dev red1
address fd00::1/64 dev blue1
address 192.0.2.1/24 dev red2
address 192.0.2.129/24 dev blue2
address 203.0.113.1/24 dev eth0
route default via 192.0.2.254 dev red2
address 2001:db8:2::1/64 dev red2
route default via 2001:db8:2::fe dev red2
route 198.51.100.0/24 dev eth0 vrf red
route 10.0.0.0/24 dev red1 vrf none

# The same ends in two VRFs are two connections, and each goes its own way.
packet in red1 tcp 10.0.0.5:1000 to 10.0.0.9:80 as r
expect accept out red1 state new
packet in blue1 tcp 10.0.0.5:1000 to 10.0.0.9:80 as b
expect accept out blue1 state new conn SYN_SENT
reply r syn ack
expect accept out red1 state established
packet in blue1 tcp 10.0.0.9:80 to 10.0.0.5:1000 syn ack
expect accept out blue1 state established
packet in red1 tcp [fd00::5]:1000 to [fd00::9]:80 as r6
expect accept out red1 state new
packet in blue1 tcp [fd00::5]:1000 to [fd00::9]:80
expect accept out blue1 state new
reply r6 syn ack
expect accept out red1 state established
# Out by red's default, translated; blue has none.
packet in red1 tcp 10.0.0.5:1001 to 8.8.8.8:80 as out
expect accept out red2 snat 192.0.2.1:*
reply out
expect accept out red1 to 10.0.0.5:1001
quote out icmp type 3 code 4 from 192.0.2.254
expect accept out red1 state related
packet in red1 tcp [fd00::5]:1002 to [2001:db8:9::9]:80 len 1500
expect drop reason too-big
packet in blue1 tcp 10.0.0.5:1001 to 8.8.8.8:80
expect drop reason no-route
# An address is the machine's in its VRF alone.
packet in red1 tcp 10.0.0.5:1 to 192.0.2.1:22
expect drop rule local
packet in blue1 tcp 10.0.0.5:1 to 192.0.2.1:80
expect drop rule across
packet in red1 tcp 10.0.0.5:2 to 10.0.0.1:22
expect accept local rule ssh
packet in eth0 tcp 203.0.113.5:2 to 10.0.0.1:22
expect accept out red1
# Who comes by the wrong one is seen.
packet in blue1 tcp 203.0.113.7:1 to 10.0.0.9:80
expect drop rule spoofed
# A route from one to none, and back.
packet in red1 tcp 10.0.0.5:3 to 198.51.100.9:80 as leak
expect accept out eth0 state new
packet in eth0 tcp 198.51.100.9:80 to 10.0.0.5:3 syn ack
expect accept out red1 state established
END
holds 'two VRFs, with the same addresses'
# It is the VRFs that do it.
sed -i '/^link/d; s/ vrf [a-z]*$//' "$tmp/t.fwt"
"$fwctl" test "$tmp/p.fw" "$tmp/t.fwt" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && [ "$(grep -c '^not ok' "$tmp/out")" -gt 5 ]
report $? '... and none of that without'

# As in vrf-across.sh: two customers with equal addresses share an uplink of no VRF, and
# what comes back is led to each by the mark of its connection.
cat >"$tmp/p.fw" <<'END'
option adopt 0s
ingress {
	ct state untracked accept
	ct state invalid drop id stray
	iif red0 set mark 77 accept
	iif blue0 set mark 78 accept
	drop id unsolicited
}
egress {
	iif { red0, blue0 } oif wan masquerade accept
	accept
}
END
cat >"$tmp/t.fwt" <<'END'
link red0 vrf red
link blue0 vrf blue
address 192.168.1.1/24 dev red0
address 192.168.1.1/24 dev blue0
address 203.0.113.8/24 dev wan
route default via 203.0.113.1 dev wan vrf red
route default via 203.0.113.1 dev wan vrf blue
route default via 203.0.113.1 dev wan
route 192.168.1.0/24 dev red0 mark 77 vrf none
route 192.168.1.0/24 dev blue0 mark 78 vrf none
packet in red0 tcp 192.168.1.2:4000 to 198.51.100.7:80 as r
expect accept out wan snat 203.0.113.8:*
packet in blue0 tcp 192.168.1.2:4000 to 198.51.100.7:80 as b
expect accept out wan snat 203.0.113.8:* state new
reply b
expect accept out blue0 to 192.168.1.2:4000
reply r
expect accept out red0 to 192.168.1.2:4000
packet in red0 tcp 192.168.1.2:4000 to 198.51.100.7:80 ack
expect accept out wan state established
packet in wan tcp 198.51.100.7:80 to 192.168.1.2:4000 syn ack
expect drop rule stray
END
holds 'two customers, one uplink'

# What was called one thing and then another is both; a name used again is the latest.
printf 'ingress { accept }\negress { accept }\n' >"$tmp/p.fw"
cat >"$tmp/t.fwt" <<'END'
address 10.0.0.1/24 dev eth0
address 10.1.0.1/24 dev eth1
packet in eth0 tcp 10.0.0.2:1 to 10.1.0.2:80 as a
packet in eth0 tcp 10.0.0.2:1 to 10.1.0.2:80 as b
reply a
expect accept out eth0 to 10.0.0.2:1
reply b ack
expect accept out eth0 to 10.0.0.2:1
packet in eth0 tcp 10.0.0.3:1 to 10.1.0.2:80 as a
reply a
expect accept out eth0 to 10.0.0.3:1
reply b ack
expect accept out eth0 to 10.0.0.2:1
END
holds 'two names of one flow'

cat >"$tmp/t.fwt" <<'END'
link eth7
route default via 10.0.0.9 dev eth0
packet in eth7 tcp 10.0.0.5:1 to 192.0.2.1:22
expect accept out eth0
END
holds 'a link of which nothing else is said is there'

wrong 'link' 'link IF [mtu N] [vrf VRF]'
wrong 'link eth0 vrf' "'vrf' wants the name of a VRF"
wrong 'link eth0 vrf a-name-that-is-too-long' "'vrf' wants the name of a VRF"
wrong 'link eth0 vrf eth0' "is a link, and in no VRF of that name"
wrong 'link eth0 mtu 1500 speed 10' "'speed' is no word of a link: mtu, vrf"
wrong 'route default via 10.0.0.9 dev eth0 vrf' "'vrf' wants the name of a VRF"
wrong 'address 10.0.0.1/8 dev eth0 vrf red' "'vrf' is no word of an address: dev"
echo "1..$n"
exit $failed
