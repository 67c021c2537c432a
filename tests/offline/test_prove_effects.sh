#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What modifiers leave of a packet, as fwctl check and diff have it: what an effect goes by,
# what a later one of its kind leaves to an earlier one, and what a change leaves alone. TAP.
set -u
# shellcheck source=tests/offline/analysis.sh
. "${BASH_SOURCE[0]%/*}/analysis.sh"

head='set marks : mark
set pairs : addr . mark
set addrs : addr
set ifs : ifname
pool servers { scheduler source-hash; 10.0.0.1; 10.0.0.2 }
map ways : addr -> mark { elements = { 10.0.0.5 -> 1 } }
map hosts : addr -> addr { elements = { 10.0.0.5 -> 10.0.0.6 } }
map ports : addr -> port { elements = { 10.0.0.5 -> 80 } }
'

# both HOOK RULES OTHER: two policies, of rules with ";" between them.
both() {
	printf '%s%s { %s }\n' "$head" "$1" "$2" >"$tmp/p.fw"
	printf '%s%s { %s }\n' "$head" "$1" "$3" >"$tmp/q.fw"
}

# others WHAT HOOK RULES OTHER: they differ, and no rule of the first changes nothing.
others() {
	both "$2" "$3" "$4"
	"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err" &&
		grep -q "^${2%% *}.*:" "$tmp/out"
	report $? "$1: another policy"
	"$fwctl" check "$tmp/p.fw" >"$tmp/out" 2>"$tmp/err" &&
		! grep -q 'changes nothing' "$tmp/err"
	report $? '... and each rule changes something'
}

same() {
	both "$2" "$3" "$4"
	"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/out" ]
	report $? "$1: no other policy"
}

# proves RESULT WHAT PROPERTY HOOK RULES: "holds" or "does not hold".
proves() {
	both "$4" "$5" "$5"
	"$fwctl" check "$tmp/p.fw" --quick --property "$3" >"$tmp/out" 2>"$tmp/err"
	grep -q "^$1" "$tmp/out"
	report $? "$2"
}

# What an effect goes by.
others 'a mark that is put into a set, and overwritten' ingress \
	'set mark 1; add @marks { mark } set mark 2 accept' \
	'set mark 3; add @marks { mark } set mark 2 accept'
others '... or dropped with its packet' ingress \
	'set mark 1; add @marks { mark } drop' 'set mark 3; add @marks { mark } drop'
others '... put there before it is set, or behind' ingress \
	'set mark 1; add @marks { mark } accept' 'add @marks { mark }; set mark 1 accept'
others 'a copy likewise' ingress \
	'set mark 1; set ct mark mark accept' 'set ct mark mark; set mark 1 accept'
same 'what is overwritten before it is read' ingress \
	'set mark 5; set mark 1; add @marks { mark } accept' \
	'set mark 1; add @marks { mark } accept'
others 'what a frame without a tag keeps' 'ingress device eth0' \
	'set mark 1; set mark vlan id; accept' 'set mark 3; set mark vlan id; accept'
others 'the rest of an address that netmap keeps' ingress \
	'dnat to 10.0.0.1; netmap to 192.168.0.0/16; accept' \
	'dnat to 10.0.0.2; netmap to 192.168.0.0/16; accept'
others 'whom a server is chosen for' ingress \
	'dnat to 192.0.2.1; balance @servers; accept' 'dnat to 192.0.2.2; balance @servers; accept'
others 'which source chooses of a range' egress \
	'oif eth0 snat to 192.0.2.1; snat to 10.0.0.1-10.0.0.9; accept' \
	'oif eth0 snat to 192.0.2.2; snat to 10.0.0.1-10.0.0.9; accept'
others 'all that a route hangs on, not what was set last alone' ingress \
	'set dscp 3; set mark 1; add @ifs { route oif } set dscp 5 accept' \
	'set mark 1; add @ifs { route oif } set dscp 5 accept'
others '... its destination, too' ingress \
	'dnat to { 10.0.0.1, 2001:db8::1 }; set mark 1; add @addrs { route nexthop } set mark 0; dnat to { 10.0.0.2, 2001:db8::2 }; accept' \
	'set mark 1; add @addrs { route nexthop } set mark 0; dnat to { 10.0.0.2, 2001:db8::2 }; accept'
same '... and none of what was overwritten' ingress \
	'set dscp 3; set mark 1; set dscp 4; add @ifs { route oif } set dscp 5 accept' \
	'set mark 1; set dscp 4; add @ifs { route oif } set dscp 5 accept'
others 'what a node may have set' ingress \
	'add @marks { mark }; select node foo { a -> accept; default -> drop }' \
	'select node foo { a -> add @marks { mark } accept; default -> add @marks { mark } drop }'
others '... though it chooses nothing' ingress \
	'select node foo { a -> accept; default -> accept }' accept
same '... in whatever order its branches stand' ingress \
	'select node foo { a -> accept; default -> drop }' \
	'select node foo { default -> drop; a -> accept }'

# What a later one of its kind leaves to it.
others 'an address, where a port is set' ingress \
	'dnat to 10.0.0.1; dnat to :80; accept' 'dnat to 10.0.0.2; dnat to :80; accept'
others 'a port, where an address is' ingress \
	'dnat to 10.0.0.1:81; dnat to 10.0.0.2; accept' \
	'dnat to 10.0.0.1:82; dnat to 10.0.0.2; accept'
others 'a source, where its ports are' egress \
	'oif eth0 snat to 192.0.2.1; snat to :5000-6000; accept' \
	'oif eth0 snat to 192.0.2.2; snat to :5000-6000; accept'
same 'an address, where another one is set' ingress \
	'dnat to 10.0.0.1; dnat to 10.0.0.2; accept' 'dnat to 10.0.0.2; accept'
others 'the lesser segment' ingress 'set mss 1000; set mss 1400 accept' 'set mss 1400 accept'
others '... and what routes carry besides' ingress \
	'set mss 1000; mss clamp; accept' 'mss clamp; accept'
others '... which who comes between has seen' ingress \
	'set mss 1400; set mark tcp option mss; set mss 1000; accept' \
	'set mark tcp option mss; set mss 1000; accept'
same '... wherever it stands' ingress 'set mss 1400; set mss 1000; accept' 'set mss 1000; accept'
same '... behind or before' ingress 'set mss 1000; set mss 1400; accept' 'set mss 1000; accept'

# Twice is once, where the second time finds what the first one has left.
same 'a segment' ingress 'set mss 1400; set mss 1400; accept' 'set mss 1400; accept'
same 'a masquerade' egress \
	'oif eth0 masquerade; oif eth0 masquerade; accept' 'oif eth0 masquerade; accept'
same 'a prefix for another' ingress \
	'netmap to 10.0.0.0/8; netmap to 10.0.0.0/8; accept' 'netmap to 10.0.0.0/8; accept'
same 'a redirect' ingress 'redirect to :80; redirect to :80; accept' 'redirect to :80; accept'
others '... but to another port' ingress \
	'redirect to :80; redirect to :81; accept' 'redirect to :80; accept'
others 'a choice of ports' ingress \
	'dnat to :80-90; dnat to :80-90; accept' 'dnat to :80-90; accept'
others 'a server' ingress 'balance @servers; balance @servers; accept' 'balance @servers; accept'
others 'one of a range' egress \
	'oif eth0 snat to 10.0.0.1-10.0.0.9; snat to 10.0.0.1-10.0.0.9; accept' \
	'snat to 10.0.0.1-10.0.0.9; accept'
others 'another one between' egress \
	'masquerade; saddr 10.0.0.1 snat to 192.0.2.1; masquerade; accept' 'masquerade; accept'

# What it leaves alone.
proves 'holds' 'ports of a source leave its address' \
	'never out eth0 tcp 10.0.0.2 to * expect drop' egress \
	'snat to :5000-6000; saddr 10.0.0.1 drop; accept'
proves 'holds' 'a map of addresses leaves ports' 'never in eth0 tcp * to *:443 expect drop' ingress \
	'dnat to daddr map @hosts; tcp dport 80 drop; accept'
proves 'holds' 'a map of ports leaves addresses' \
	'never in eth0 tcp * to 10.0.0.2 expect drop' ingress \
	'dnat to daddr map @ports; daddr 10.0.0.3 drop; accept'
proves 'holds' 'a segment is what it was until it leaves' \
	'never in eth0 tcp * to 10.0.0.1 expect drop' ingress \
	'tcp option mss 1400 accept; mss clamp; tcp option mss 1400 drop; accept'
printf 'ingress { mss clamp; accept }\negress device eth0 { tcp option mss 1300 drop; accept }\n' \
	>"$tmp/p.fw"
"$fwctl" check "$tmp/p.fw" --quick --property \
	'never in eth1 tcp 10.1.0.1 to 10.2.0.1 len 1500 expect drop' >"$tmp/out" 2>"$tmp/err"
grep -q '^does not hold' "$tmp/out" && grep -q "after 'egress'" "$tmp/out"
report $? 'and as it leaves may be less'

# Questions of more than one field.
others 'a mark that a set is asked by with an address' ingress \
	'set mark 7; dnat to 10.0.0.1; daddr . mark @pairs drop; set mark 0 accept' \
	'set mark 8; dnat to 10.0.0.1; daddr . mark @pairs drop; set mark 0 accept'
proves 'does not hold' 'a route, by mark and destination' \
	'never in eth0 tcp * to * expect drop' ingress \
	'set mark 7; route oif eth0 accept; dnat to 10.0.0.1; set mark 7; route oif eth0 drop; accept'
proves 'does not hold' 'a set, by both' 'never in eth0 tcp * to * expect drop' ingress \
	'family ipv6 accept; set mark 7; dnat to 10.0.0.1; daddr . mark @pairs accept; set mark 8; dnat to 10.0.0.1; daddr . mark @pairs drop; accept'
same 'a route by one mark, set twice' ingress \
	'set mark 1; set mark 1; route oif eth0 drop; accept' \
	'set mark 1; route oif eth0 drop; accept'
same '... or behind another one' ingress 'set mark 1; set mark 2; route oif eth0 drop; accept' \
	'set mark 2; route oif eth0 drop; accept'
others '... and by another one' ingress 'set mark 1; route oif eth0 drop; set mark 0 accept' \
	'set mark 2; route oif eth0 drop; set mark 0 accept'
proves 'holds' '... asked again' 'never in eth0 tcp * to * expect reject' ingress \
	'set mark 1; route oif eth0 drop; set mark 1; route oif eth0 reject; accept'
proves 'does not hold' '... with another one' 'never in eth0 tcp * to * expect reject' ingress \
	'set mark 1; route oif eth0 drop; set mark 2; route oif eth0 reject; accept'
proves 'does not hold' '... and then the former mark, to another destination' \
	'never in eth0 tcp * to * expect reject' ingress \
	'set mark 1; route oif eth0 drop; dnat to { 10.0.0.1, 2001:db8::1 }; route oif eth0 reject; accept'

# Queues: the program lets a packet go on, or not.
proves 'does not hold' 'what goes by a queue may be accepted' \
	'never in eth0 tcp * to * expect accept' ingress 'queue 1'
proves 'does not hold' '... or not' 'always in eth0 tcp * to * expect accept' ingress 'queue 1'
proves 'does not hold' '... and then meets egress' 'never in eth0 tcp * to * expect reject' \
	ingress 'queue 1 }; egress { reject'
grep -q 'becomes reject' "$tmp/out"
report $? 'whose rule is told'
proves 'does not hold' 'which may refuse it' 'always in eth0 tcp * to * expect queue' \
	ingress 'queue 1 }; egress { tcp dport 9 drop; accept'
proves 'holds' 'or let it by' 'always in eth0 tcp * to * expect queue' \
	ingress 'queue 1 }; egress { accept'
"$fwctl" check "$tmp/p.fw" --quick --budget 20 --property 'never in eth0 tcp * to * expect accept' \
	>"$tmp/out" 2>"$tmp/err"
grep -q 'found among generated packets' "$tmp/out"
report $? 'the same without a diagram'

# Pools, whose servers come and go.
proves 'does not hold' 'a pool may have no server' 'never in eth0 tcp * to * expect drop' ingress \
	'set mark 1; balance @servers; accept'
grep -q 'where not a server in @servers' "$tmp/out" && grep -q 'by .*p.fw:9' "$tmp/out"
report $? 'which is told with its rule'
proves 'does not hold' '... and say so' 'never in eth0 tcp * to * expect reject' ingress \
	'balance @servers or reject; accept'
proves 'holds' 'what is not tracked is not led there' \
	'never in eth0 udp * to 224.0.0.1 expect drop' ingress \
	'ct state untracked accept; balance @servers; accept'

# Connections: who walks has opened one.
proves 'holds' 'no opener is an answer' 'never in eth0 tcp * to * expect drop' ingress \
	'ct direction reply drop; accept'

# A tree that a packet may meet twice: its rules are gone both times.
printf '%s\n' 'tree twice {' '	mark 2 drop' '	udp dport 9 set priority 1' '}' \
	'ingress {' '	call twice' '	set ct mark 1' '	call twice' '	accept' '}' >"$tmp/p.fw"
"$fwctl" check "$tmp/p.fw" >"$tmp/out" 2>"$tmp/err"
! grep -q 'p.fw:[23]:.*changes nothing' "$tmp/err"
report $? 'what is done again by the same rule is done by it'
grep -q 'p.fw:6:.*changes nothing' "$tmp/err"
report $? 'and by one of its two calls'

echo "1..$n"
exit $failed
