#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Walks that are made again: of what starts here, once it was changed and routed by that;
# of a connection, by another policy. What each asks is what there was at first. TAP.
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

cat >"$tmp/world" <<'END'
address 203.0.113.8/24 dev eth0
address 2001:db8:1::8/64 dev eth0
address 198.18.0.8/24 dev eth1
address 2001:db8:2::8/64 dev eth1
address 192.168.1.1/24 dev lan
address fd00:1::1/64 dev lan
route default via 203.0.113.1 dev eth0
route default via 2001:db8:1::1 dev eth0
route default via 198.18.0.1 dev eth1 mark 7
route default via 2001:db8:2::1 dev eth1 mark 7
END

# Filters are shown the packet as it came to LOCAL_OUT, though its destination is another one.
cat >"$tmp/p.fw" <<'END'
egress {
	bpf "ip dst host 198.51.100.10" dnat to 192.168.1.2 accept id led
	bpf "ip6 dst host 2001:db8:77::10" dnat to [fd00:1::2]:80 accept id led6
	accept
}
END
{
	cat "$tmp/world"
	cat <<'END'
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:80 as a
expect accept out lan dnat 192.168.1.2:80 rule led
reply a syn ack
expect accept from 198.51.100.10:80
packet out eth0 udp 203.0.113.8:1001 to 198.51.100.10:81
expect accept out lan dnat 192.168.1.2:81 rule led
packet out eth0 icmp 203.0.113.8 to 198.51.100.10 id 7
expect accept out lan dnat 192.168.1.2:* rule led
packet out eth0 udp [2001:db8:1::8]:1001 to [2001:db8:77::10]:81
expect accept out lan dnat [fd00:1::2]:80 rule led6
packet out eth0 udp 203.0.113.8:1001 to 198.51.100.11:81
expect accept out eth0 not rule led
END
} >"$tmp/t.fwt"
holds "bpf: of a packet that starts here and is led elsewhere"

# Nor what else is set in its header, or it is routed by.
cat >"$tmp/p.fw" <<'END'
egress {
	bpf "ip[1] = 0 and ip[8] = 64" set dscp 46 set ttl 9 set mark 7 accept id set
	bpf "ip6[0:4] & 0x0ff00000 = 0 and ip6[7] = 64" set dscp 46 set ttl 9 set mark 7 accept id set6
	drop
}
END
{
	cat "$tmp/world"
	cat <<'END'
packet out eth0 udp 203.0.113.8:1001 to 198.51.100.10:80
expect accept out eth1 mark 7 rule set
packet out eth0 tcp [2001:db8:1::8]:1001 to [2001:db8:77::10]:80
expect accept out eth1 mark 7 rule set6
packet out eth0 udp 203.0.113.8:1002 to 198.51.100.10:80 ttl 9
expect drop
END
} >"$tmp/t.fwt"
holds "bpf: of one that is changed"

# notrack before routing: it is routed by what is set, and asked by where it leaves then, as it
# began; once it counts. What that would track is refused, whatever a third walk would say.
cat >"$tmp/p.fw" <<'END'
egress {
	udp dport 53 mark 0 dscp 0 set mark 7 set dscp 46 log "once" notrack accept id routed
	udp dport 54 bpf "ip[1] = 0 or ip6[0:4] & 0x0ff00000 = 0" set mark 7 set dscp 46 notrack accept id bytes
	udp dport 55 oif eth1 drop id guarded
	udp dport 55 set mark 7 notrack accept
	udp dport 56 oif eth0 set mark 7 notrack accept
	udp dport 56 oif eth1 set mark 8 log "second" notrack accept id there
	udp dport 57 mark 0 oif eth0 set mark 7 notrack accept
	udp dport 57 mark 0 log "late" accept id tracked
	udp dport 58 log "plain" set priority 3 set ttl 9 notrack accept id plain
	tcp sport 22 set mark 7 notrack accept id answer
	tcp sport 23 notrack accept id answer2
	drop
}
END
{
	cat "$tmp/world"
	for ends in '203.0.113.8:1001 to 198.51.100.10' '[2001:db8:1::8]:1001 to [2001:db8:77::10]'; do
		cat <<END
packet out eth0 udp $ends:53
expect accept out eth1 mark 7 rule routed log "once" not conn
packet out eth0 udp $ends:54
expect accept out eth1 mark 7 rule bytes not conn
packet out eth0 udp $ends:55
expect drop rule guarded
packet out eth0 udp $ends:56
expect accept out eth1 mark 8 rule there log "second" not conn
packet out eth0 udp $ends:57
expect drop reason invalid rule tracked log "late" not conn
packet out eth0 udp $ends:58
expect accept out eth0 rule plain log "plain" not conn
packet out eth0 tcp ${ends/1001/22}:1001 syn ack
expect accept out eth1 mark 7 rule answer state invalid not conn
packet out eth0 tcp ${ends/1001/23}:1001 syn ack
expect accept out eth0 rule answer2 state invalid not conn
END
	done
} >"$tmp/t.fwt"
holds "notrack: what starts here is routed by its mark"
"$fwctl" explain -f "$tmp/p.fw" --world "$tmp/world" \
	out eth0 tcp 203.0.113.8:23 to 198.51.100.10:1001 syn ack >"$tmp/out" 2>"$tmp/err"
[ "$(grep -c 'TCP of no connection that is known' "$tmp/out")" = 2 ] && ! grep -q 'the ends of a connection' "$tmp/out"
report $? "... and both its walks are told as what they are"

# It has none of the translation of a connection that was there before.
cat >"$tmp/p.fw" <<'END'
egress {
	ttl 64 snat to 203.0.113.77 accept
	tcp dport 80 notrack accept id alone
	tcp dport 81 set mark 6 notrack accept id marked
	tcp dport 82 set priority 6 notrack accept id changed
	accept
}
END
{
	cat "$tmp/world"
	while read -r port id; do
		cat <<END
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:$port as p$port
expect accept snat 203.0.113.77:*
reply p$port rst ack
expect accept to 203.0.113.8:1001
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:$port syn ttl 9
expect accept from 203.0.113.8:1001 rule $id
END
	done <<<$'80 alone\n81 marked\n82 changed'
} >"$tmp/t.fwt"
holds "notrack: the record that a SYN follows is none of its own"

# What goes by lo is asked of ingress as it has left: translated, with the marks and the TTL
# that egress set. So it is by another policy.
lo='address 127.0.0.1/8 dev lo
address ::1/128 dev lo'
cat >"$tmp/p.fw" <<'END'
egress {
	tcp dport 80 redirect to :8080 accept
	tcp dport 81 mark 0 ct mark 0 set mark 5 set ct mark 6 set ttl 9 set dscp 46 set priority 3 accept
	tcp dport 82 snat to 127.0.0.2 accept
	tcp dport 83 ct mark 0 accept
	tcp dport { 80-83 } drop
	accept
}
ingress {
	ct state untracked accept
	iif lo tcp dport 8080 accept id led
	iif lo tcp dport 81 mark 5 ct mark 6 ttl 9 dscp 46 priority 3 accept id set
	iif lo tcp dport 82 saddr 127.0.0.2 accept id shown
	iif lo tcp dport 83 ct mark 0 set ct mark 7 accept id marked
	drop id end
}
END
{ cat "$tmp/p.fw"; echo 'tree more { tcp dport 9 drop }'; } | sed 's/^ingress {/&\n\tcall more/' >"$tmp/more.fw"
sed 's/dport 8080 accept id led/dport 8080 drop id now/' "$tmp/p.fw" >"$tmp/led.fw"
sed 's/mark 5 ct mark 6/mark 4/' "$tmp/p.fw" >"$tmp/mark.fw"
{
	cat "$tmp/world"
	echo "$lo"
	cat <<'END'
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:80 as led
expect accept dnat 127.0.0.1:8080 rule led
packet out eth0 tcp [2001:db8:1::8]:1001 to [2001:db8:77::10]:80 as led6
expect accept dnat [::1]:8080 rule led
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:81 as set
expect accept rule set
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:82 as shown
expect accept snat 127.0.0.2 rule shown
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:83 as marked
expect accept rule marked
policy more.fw
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:80
expect accept rule led
packet out eth0 tcp [2001:db8:1::8]:1001 to [2001:db8:77::10]:80
expect accept rule led
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:81
expect accept rule set
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:82
expect accept rule shown
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:83
expect accept rule marked
policy led.fw
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:80
expect drop reason revalidated rule now
packet out eth0 tcp [2001:db8:1::8]:1001 to [2001:db8:77::10]:80
expect drop reason revalidated rule now
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:81
expect accept rule set
policy mark.fw
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:81
expect drop reason revalidated rule end
END
} >"$tmp/t.fwt"
holds "decided afresh: what goes by lo, as it had left"

# What the walk at LOCAL_OUT set, by where it was to leave, stays; and where egress can't be
# asked (its TTL is not kept), it is not known what ingress met.
cat >"$tmp/p.fw" <<'END'
egress {
	oif eth0 tcp dport 84 set mark 5
	tcp dport 84 redirect to :8080 accept
	ttl 64 accept
	drop
}
ingress {
	iif lo tcp dport 8080 mark 5 accept id led
	iif lo tcp dport 85 ct mark 0 set ct mark 7 accept id marked
	drop id end
}
END
{ cat "$tmp/p.fw"; echo 'tree more { tcp dport 9 drop }'; } | sed 's/^ingress {/&\n\tcall more/' >"$tmp/more.fw"
{
	cat "$tmp/world"
	echo "$lo"
	cat <<'END'
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:84 as led
expect accept dnat 127.0.0.1:8080 mark 5 rule led
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:85 as marked
expect accept rule marked
policy more.fw
packet out eth0 tcp 203.0.113.8:1001 to 198.51.100.10:84
expect accept dnat 127.0.0.1:8080 mark 5 rule led
packet out lo tcp 127.0.0.1:1001 to 127.0.0.1:85
expect accept rule marked
END
} >"$tmp/t.fwt"
holds "decided afresh: what both walks of egress set, and what is not known of it"

# What ingress says of it by lo is done to its first packet, too.
cat >"$tmp/p.fw" <<'END'
ingress { iif lo udp dport 53 set mark 5 accept; accept }
END
{
	echo "$lo"
	cat <<'END'
packet out lo udp 127.0.0.1:1001 to 127.0.0.1:53
expect accept mark 5
packet out lo udp 127.0.0.1:1001 to 127.0.0.1:53
expect accept mark 5
packet out lo udp [::1]:1001 to [::1]:53
expect accept mark 5
END
} >"$tmp/t.fwt"
holds "by lo: what ingress sets, from the first packet on"

# Ingress has let it begin, and egress says notrack: there is no record that an answer would
# pass by; and what was led elsewhere does not leave half translated.
cat >"$tmp/p.fw" <<'END'
ingress {
	iif eth0 udp dport 124 dnat to 192.168.1.2 accept
	iif eth0 udp dport 125 dnat to [fd00:1::2] accept
	iif lan accept id asked
	drop id answered
}
egress {
	iif none udp dport 126 oif eth0 set mark 7 accept
	iif none udp dport 126 notrack accept id late
	oif eth0 udp dport 123 notrack accept id out
	oif lan udp dport { 124, 125 } log "led" notrack accept id in
	accept
}
END
{
	cat "$tmp/world"
	cat <<'END'
packet in lan udp 192.168.1.2:1001 to 198.51.100.10:123
expect accept out eth0 rule out not conn
packet in eth0 udp 198.51.100.10:123 to 192.168.1.2:1001
expect drop rule answered state new
packet in lan udp [fd00:1::2]:1001 to [2001:db8:77::10]:123
expect accept out eth0 rule out not conn
packet in eth0 udp [2001:db8:77::10]:123 to [fd00:1::2]:1001
expect drop rule answered state new
packet in eth0 udp 198.51.100.10:1001 to 203.0.113.8:124
expect drop reason invalid rule in log "led" not conn
packet in eth0 udp [2001:db8:77::10]:1001 to [2001:db8:1::8]:125
expect drop reason invalid rule in log "led" not conn
packet out eth0 udp 203.0.113.8:1001 to 198.51.100.10:126
expect accept out eth1 rule late not conn
packet in eth1 udp 198.51.100.10:126 to 203.0.113.8:1001
expect drop rule answered state new
END
} >"$tmp/t.fwt"
holds "notrack: said by egress of what ingress has let begin"

# A record has no ICMP code: the old verdict stays, unless that is not to be.
echo 'ingress { accept }' >"$tmp/p.fw"
echo 'ingress { icmp code 5 accept; icmpv6 code 5 accept; protocol udp accept; drop }' >"$tmp/five.fw"
echo 'ingress { icmp code 0 drop; icmpv6 code 0 drop; accept }' >"$tmp/none.fw"
cat >"$tmp/strict.fw" <<'END'
option revalidate strict
ingress { icmpv6 code 9 drop; protocol icmp accept; icmp code 0 drop; protocol udp accept; drop }
END
{
	cat "$tmp/world"
	echo 'packet in eth0 udp 203.0.113.9:4 to 203.0.113.8:4'
	for policy in - five none; do
		[ $policy = - ] || echo "policy $policy.fw"
		cat <<'END'
packet in eth0 icmp 203.0.113.9 to 203.0.113.8 type 8 code 5 id 3
expect accept conn
packet in eth0 icmpv6 2001:db8:1::9 to 2001:db8:1::8 type 128 code 5 id 3
expect accept conn
END
	done
	cat <<'END'
policy strict.fw
packet in eth0 icmp 203.0.113.9 to 203.0.113.8 type 8 code 5 id 3
expect accept conn
packet in eth0 icmpv6 2001:db8:1::9 to 2001:db8:1::8 type 128 code 5 id 3
expect drop reason revalidated
packet in eth0 udp 203.0.113.9:4 to 203.0.113.8:4
expect accept conn
END
} >"$tmp/t.fwt"
holds "decided afresh: an ICMP code is not known, and that others have none is"
echo "1..$n"
exit $failed
