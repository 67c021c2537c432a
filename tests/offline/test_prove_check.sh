#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What fwctl check proves of the whole way of a packet, from one hook to the next; which
# packets there are; and that it ends, however many ways lead through a policy. TAP.
set -u
# shellcheck source=tests/offline/analysis.sh
. "${BASH_SOURCE[0]%/*}/analysis.sh"

# says TEXT WHAT: check's last words, errors or not.
says() {
	cat "$tmp/out" "$tmp/err" | grep -qF -- "$1"
	report $? "$2"
}

# proves RESULT PROPERTY WHAT: "holds", "fails" or "empty".
proves() {
	local want=$1 property=$2 what=$3 words
	case $want in
	holds) words='holds for all packets' ;;
	fails) words='does not hold' ;;
	empty) words='there is no such packet' ;;
	esac
	check --quick --property "$property"
	grep -qF "$words: $property" "$tmp/out"
	report $? "$what"
}

# becomes VERDICT: what explain says of the packet that the last proof has shown.
becomes() {
	local packet
	packet=$(sed -n 's/^  packet //p' "$tmp/out")
	# shellcheck disable=SC2086 # its words
	"$fwctl" -j explain -f "$tmp/p.fw" $packet >"$tmp/out" 2>"$tmp/err" &&
		grep -q "\"verdict\": *\"$1\"" "$tmp/out"
	report $? "$2"
}

# Conditions are told as they are written, and hold of the packet that is shown.
condition() {
	policy "ingress {
	tcp dport 80 $1 drop
	accept
}"
	check --quick --property 'always in eth0 tcp * to *:80 expect accept'
	grep -q "where tcp dport 80 $2 drop" "$tmp/out"
	report $? "drop where \"$1\" holds"
}
condition 'limit over 20/second' 'limit over 20/second'
condition 'limit 20/second' 'limit 20/second'
condition 'quota over 1k' 'quota over 1k'
condition 'ct count by saddr <= 3' 'ct count by saddr <= 3'
condition 'ct count by saddr > 3' 'ct count by saddr > 3'
condition 'bpf "tcp[4:4] > 7"' 'bpf "tcp\[4:4\] > 7"'

# The same words of another value are another value.
policy 'ingress {
	set mark 1
	set ct mark mark
	ct mark 2 accept
	set mark 2
	set ct mark mark
	ct mark 2 drop
	accept
}'
proves fails 'never in eth0 tcp * to * expect drop' 'a field that is copied a second time'
copied() { printf 'ingress {\n\tset mark %s\n\tset ct mark mark\n\tset mark 0 accept\n}\n' "$1"; }
copied 5 >"$tmp/p.fw"
copied 6 >"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
grep -q 'set mark 5' "$tmp/out"
report $? 'a value that is copied before it is overwritten is another one'
quiet '... and changes something'
policy 'map m : mark -> mark { elements = { 1 -> 2, 2 -> 3, 3 -> 7 } }
tree step { set mark mark map @m }
ingress {
	call step
	call step
	mark 7 accept
	call step
	mark 7 drop
	accept
}'
proves fails 'never in eth0 tcp * to * expect drop' 'a map that is asked a third time'

# Routes are asked for with the mark; and forwarding sets the priority.
policy 'ingress {
	route oif eth0 accept
	set mark 7
	route oif eth0 drop
	accept
}'
quiet 'a mark asks for another route: what stands behind it is met'
proves fails 'never in eth1 udp * to * expect drop' 'as one packet shows'
policy 'ingress { priority 4 reject; accept }
egress { priority 4 drop; accept }'
proves fails 'never in eth0 udp 10.1.0.1 to 93.184.216.34:54 ttl 64 expect drop' \
	'the priority that a router gives by the type of service'
policy 'ingress { ct state new set priority 7 accept; drop }
egress { priority 7 accept; reject }'
proves holds 'never in eth0 udp 10.1.0.1 to 93.184.216.34:54 expect reject' \
	'which is the one that ingress has set'
policy 'ingress device eth0 { set priority 7 accept }
ingress { ct state new accept; drop }
egress { priority 7 accept; drop }'
proves fails 'never in eth0 udp 10.1.0.1 to 93.184.216.34:54 expect drop' "but no device's tree"

# Devices: the first tree that has one.
policy 'ingress device wg0 { accept }
ingress device wg* { drop }
ingress { accept }'
proves fails 'never in wg0 udp * to * expect accept' 'a device before the pattern that has it, too'
proves holds 'always in wg0 udp * to * expect accept' 'has its own tree'
proves holds 'always in wg1 udp * to * expect drop' 'and others the one of the pattern'
policy 'ingress device wg* { drop }
ingress device wg0 { accept }
ingress { accept }'
proves holds 'never in wg0 udp * to * expect accept' 'one behind it has that of the pattern'
policy 'ingress { accept }
egress device wg0 { accept }
egress device wg* { drop }'
proves holds 'always out wg0 udp * to * expect accept' 'the same on the way out'
proves holds 'always out wg1 udp * to * expect drop' 'and of others'
proves fails 'never out wg1 udp * to * expect drop' 'which is told'
says 'p.fw:3' 'with its rule'
policy 'ingress device wg0 { drop }
ingress device wg* {
	iif != wg0 reject
}
ingress { accept }'
check
says 'though no packet comes so far' 'what an earlier tree has taken runs off no end'
policy 'ingress device l0 { accept }
ingress device l* {
	iif != lo accept
}
ingress { accept }'
check
says 'such a packet: in lo ' 'what it leaves does'
export SSH_CONNECTION='127.0.0.1 40000 127.0.0.1 22'
policy 'ingress device lo { accept }
ingress device l* { drop }
egress device lo { accept }
egress device l* { drop }
ingress { accept }'
quiet 'a pattern does not cut off the connection of a device before it'
policy 'ingress device l0 { accept }
ingress device l* { drop }
ingress { accept }'
check
says 'cuts off the SSH connection' 'but that of one that is its own'
unset SSH_CONNECTION
policy 'ingress device eth0 { set mark 7 accept }
ingress {
	mark 7 accept
	drop
}'
proves fails 'never in eth0 udp * to 10.0.0.1 mark 0 expect accept' 'what its tree sets is there at ingress'
says 'p.fw:3' 'where a rule asks for it'
becomes accept 'as it is said'
proves holds 'always in eth1 udp * to 10.0.0.1 mark 0 expect drop' 'and is not on others'

# From ingress to egress.
policy 'ingress { set ttl 5 accept }
egress {
	ttl 4 drop
	accept
}'
proves fails 'never in eth0 udp * to 10.0.0.5 expect drop' 'a router takes one off the TTL'
says 'p.fw:3' 'and the rule that asks for it is told'
policy 'egress {
	ttl 64 drop
	accept
}'
proves fails 'never in eth0 udp * to 10.0.0.5 ttl 65 expect drop' 'one off a TTL that is said'
proves holds 'never in eth0 udp * to 10.0.0.5 ttl 64 expect drop' 'and no more'
proves holds 'never out eth0 udp * to 10.0.0.5 ttl 65 expect drop' 'none off what starts here'
policy 'egress {
	ttl & 3 == 0 drop
	accept
}'
proves fails 'never in eth0 udp * to 10.0.0.5 ttl 65 expect drop' 'a TTL under a mask'
proves holds 'never in eth0 udp * to 10.0.0.5 ttl 66-68 expect drop' 'and those beside it'
policy 'egress {
	ttl 0 drop
	accept
}'
proves holds 'always in eth0 udp * to 10.0.0.5 expect accept' 'what has none left goes nowhere'
policy 'ingress device eth0 {
	ether daddr 02:00:00:00:00:07 accept
	drop
}
egress device eth1 {
	ether daddr 02:00:00:00:00:07 drop
	accept
}'
check --quick --property 'always in eth0 udp * to * expect drop'
says 'becomes accept' 'what is routed gets another frame'
policy 'egress device eth1 { drop }'
proves fails 'always in eth0 udp * to 10.0.0.5 expect accept' 'what only one interface refuses'
says 'leaving by eth1' 'is told with that'

# lo: what leaves by it comes in.
policy 'ingress {
	iif lo drop
	accept
}'
proves fails 'always out lo udp 127.0.0.1 to 127.0.0.1 expect accept' 'what leaves by lo meets ingress'
says 'p.fw:2' 'whose rule is told'
proves holds 'always out eth0 udp * to * expect accept' 'what leaves by others does not'
policy 'ingress device lo {
	udp dport 9 drop
	accept
}'
proves holds 'always out lo udp * to *:9 expect drop' "and lo's own tree"
proves fails 'always out * udp * to *:9 expect accept' 'lo is one of all interfaces'
policy 'ingress {
	ct state untracked drop
	iif lo dnat to 127.0.0.9 accept
	accept
}'
proves holds 'always out lo udp 127.0.0.1 to 127.0.0.1 expect drop' 'there it is too late to be led elsewhere'
policy 'ingress {
	udp dport 9 drop
	accept
}
egress {
	udp dport 9 set dscp 7
	accept
}'
check --quick --budget 40 --property 'always out lo udp * to *:9 expect accept'
says 'found among generated packets' 'the same without a diagram'
policy 'ingress device eth* {
	udp dport 9 drop
	accept
}
ingress { accept }'
check --quick --budget 20 --property 'always in eth0 udp * to *:9 expect accept'
says 'found among generated packets' "and devices' trees"
says 'p.fw:2' 'and their rules'

# The source port that a translation chooses, when egress has been walked.
policy 'ingress { accept }
egress {
	oif wan family ipv4 snat to 203.0.113.8:5000-6000 accept
	drop
}
egress device wan {
	ether type arp accept
	udp sport 5000-6000 accept
	drop
}'
proves fails 'never out wan udp *:40000 to * expect accept' "a device's tree meets the chosen port"
policy 'egress { oif wan masquerade; accept }
egress device wan, lan {
	udp sport 53 drop
	icmp type echo-request icmp id 7 drop
	accept
}'
proves fails 'never out wan udp *:40000 to * expect drop' 'with masquerade any'
says 'p.fw:3' 'and its rule is told'
proves fails 'always out wan udp *:53 to * expect drop' 'and perhaps not the one that was'
proves fails 'never out wan icmp * to * type 8 id 8 expect drop' 'an id of ICMP is such a port'
proves fails 'never in lan udp *:40000 to 198.51.100.1 expect drop' 'what is forwarded has a new one, too'
proves holds 'never out lan udp *:40000 to * expect drop' 'what is not translated keeps its own'
policy 'ingress { iif wan udp dport 9 dnat to 10.0.0.9; accept }
egress device lan { udp sport 53 drop; accept }'
proves fails 'never in wan udp *:40000 to *:9 expect drop' 'who is led on may be shown by another one'
proves holds 'never in wan udp *:40000 to *:8 expect drop' 'who is not is not'
policy 'egress { oif lo masquerade; accept }
ingress { udp sport 53 drop; accept }'
proves fails 'never out lo udp *:40000 to * expect drop' 'what comes in again by lo has it'

# What a walk changes when it ends, the next one finds.
policy 'set seen : addr
ingress { accept }
egress {
	saddr @seen drop
	add @seen { saddr } accept
}
egress device wan {
	ether type arp accept
	saddr @seen accept
	drop
}'
proves fails 'never out wan udp * to * expect accept' 'who is added to a set is in it at the device'
policy 'set seen : addr
ingress {
	saddr @seen remove @seen { saddr } accept
	drop
}
egress { saddr @seen accept; reject }'
proves fails 'never in lan udp * to * expect reject' 'who is removed is not'
policy 'set seen : addr
set known : addr
ingress {
	add @seen { saddr }
	saddr @known accept
	drop
}
egress { saddr @known accept; reject }'
proves holds 'never in lan udp * to * expect reject' 'a set that no rule changes is the same'
policy 'tree t {
	limit 1/minute burst 1 set mark 1 return
	set mark 2
}
ingress { call t; mark 1 accept; drop }
egress { call t; mark 1 drop; reject }'
proves fails 'never in lan udp * to * expect reject' 'a limit that was met is another one'
policy 'tree t {
	limit 1/minute burst 1 set mark 1 return
	set mark 2
}
ingress { call t; mark 1 accept; call t; mark 1 reject; drop }'
proves holds 'never in lan udp * to * expect reject' 'in one walk it is the same'
policy 'tree t { split round-robin { 1 -> set mark 1; 1 -> set mark 2 } }
ingress device lan { call t; mark 1 accept; drop }
ingress { call t; mark 1 drop; accept }'
proves fails 'never in lan udp * to * expect accept' "and so are a split's turns"
policy 'tree t { split hash saddr { 1 -> set mark 1; 1 -> set mark 2 } }
ingress device lan { call t; mark 1 accept; drop }
ingress { call t; mark 1 drop; accept }'
proves holds 'never in lan udp * to * expect accept' 'a hash is that of the same address'
policy 'tree t { split hash daddr { 1 -> set mark 1; 1 -> set mark 2 } }
ingress { family ipv6 drop; call t; mark 2 drop; dnat to 10.0.0.1; accept }
egress { call t; mark 1 drop; reject }'
proves fails 'never in lan udp * to * expect reject' 'and that of another one is not known'

# Fragments, which are put together between the device and ingress.
policy 'ingress device lan {
	fragment accept
	udp dport 53 drop
	accept
}
ingress {
	ct state { invalid, untracked } drop
	accept
}
egress { accept }'
proves fails 'never in lan udp 192.168.1.0/24 to *:53 expect accept' 'what is dropped whole passes in fragments'
says 'it comes in fragments' 'which is said'
says 'p.fw:8' 'with the rule that decides'
proves holds 'never in wan udp 192.168.1.0/24 to *:53 expect reject' 'of another device they are nothing'
policy 'ingress device lan {
	udp dport 53 drop
	accept
}
ingress { ct state { invalid, untracked } drop; accept }'
proves holds 'never in lan udp * to *:53 expect accept' 'not where the first one is dropped'
policy 'ingress device lan { udp dport 53 drop; accept }
ingress { length > 1500 drop; accept }'
proves holds 'never in lan udp * to *:54 len 2000 expect accept' 'the whole is as long as it is said to be'
policy 'ingress device lan {
	fragment udp sport 0-65535 accept
	fragment drop
	udp dport 53 drop
	accept
}
ingress { ct state { invalid, untracked } drop; accept }'
proves holds 'never in lan udp 10.0.0.0/8 to *:53 expect accept' 'or the others are'
policy 'ingress device lan {
	length > 1000 drop
	accept
}
ingress { ct state { invalid, untracked } drop; accept }'
proves fails 'never in lan udp * to * len 2000 expect accept' 'none is as long as the whole'
policy 'ingress device lan {
	fragment set mark 7 accept
	udp dport 53 drop
	accept
}
ingress {
	ct state { invalid, untracked } drop
	mark 7 drop
	accept
}'
proves holds 'never in lan udp * to *:53 expect accept' 'what is set of the first is set of the whole'

# Packets that there are.
policy 'ingress {
	ct state invalid accept
	drop
}'
proves empty 'never in eth0 tcp * to * syn fin expect accept' 'flags that open nothing'
says "they are 'invalid'" 'and it is said what such packets are'
check -j --quick --property 'never in eth0 tcp * to * syn fin expect accept'
python3 -c 'import json, sys
p = json.load(open(sys.argv[1]))["properties"][0]
assert p["result"] == "empty" and "invalid" in p["given"]' "$tmp/out"
report $? 'in JSON'
proves holds 'never in eth0 tcp * to * syn expect accept' 'flags that do'
proves holds 'never in eth0 tcp * to * syn psh expect accept' 'and others with them'
proves empty 'never in eth0 icmp * to * type 3 expect accept' 'an error of ICMP begins nothing'
proves empty 'never in eth0 icmp * to * type 0 expect accept' 'nor does an answer'
proves holds 'never in eth0 icmp * to * type 8 expect accept' 'but a request'
proves empty 'never in eth0 icmpv6 * to * type 129 expect accept' 'of ICMPv6 likewise'
proves holds 'never in eth0 icmpv6 * to * type 128 expect accept' 'and a request of that'
policy 'ingress {
	ct state new accept
	drop
}'
proves fails 'never in eth0 tcp * to * ack expect accept' 'a connection is adopted in its middle'
says "where in the time of 'option adopt'" 'and it is said when'
policy 'option adopt 500ms
ingress {
	ct state new accept
	drop
}'
proves fails 'never in eth0 tcp * to * ack expect accept' 'in less than a second, too'
policy 'option adopt 0s
ingress {
	ct state new accept
	drop
}'
proves empty 'never in eth0 tcp * to * ack expect accept' 'where none is adopted none is'
policy 'option adopt 0s
option tcp-loose on
ingress {
	ct state new accept
	drop
}'
proves fails 'never in eth0 tcp * to * ack expect accept' 'but by tcp-loose'
policy 'ingress {
	ct state { invalid, untracked } drop
	icmp type destination-unreachable accept
	drop
}'
proves holds 'never in eth0 icmp * to * expect accept' 'no error is new'
policy 'ingress {
	ct state invalid drop
	icmp type destination-unreachable accept
	drop
}'
proves fails 'never in eth0 icmp * to * expect accept' 'one to a group is never tracked'
becomes accept 'and is shown with such a destination'
policy 'ingress {
	ct state new ct mark != 0 accept
	drop
}'
proves holds 'never in eth0 tcp * to * expect accept' 'a connection begins without a mark'
policy 'ingress {
	ct mark 0 accept
	drop
}'
proves fails 'never in eth0 tcp * to * expect accept' 'which is 0'
policy 'ingress {
	ct state new ct mark 0 accept
	ct state != new drop
}'
check
says '(ct mark 1)' 'one that is decided afresh may have one, and that is said'
policy 'ingress {
	set ct mark 5
	accept
}
egress {
	ct mark 5 drop
	accept
}'
proves fails 'never in eth0 tcp * to * expect drop' 'egress knows the mark that ingress gave'
policy 'ingress {
	ct state untracked accept
	notrack
	ct state untracked drop
	accept
}'
check
! grep -q 'never matches' "$tmp/err"
report $? '"notrack" is seen behind it'
proves fails 'never in eth0 udp * to * expect drop' 'and by what is proved'

policy 'option evaluate per-packet
ingress {
	ct status dnat accept
	drop
}'
check
! grep -q 'p.fw:3:' "$tmp/err"
report $? 'where all packets walk later ones have been translated'

# The same of a policy that asks nothing of connections.
policy 'ingress {
	udp dport 9 accept
	drop
}'
proves empty 'never in eth0 tcp * to * syn fin expect accept' 'flags that open nothing where no rule asks for states'
says "they are 'invalid'" 'which is said there, too'
proves empty 'never in eth0 icmp * to * type 0 expect accept' 'an answer of ICMP there'
proves holds 'never in eth0 icmp * to * type 8 expect accept' 'and a request'
policy 'option adopt 0s
ingress {
	tcp flags & { fin, rst } != 0 drop
	accept
}'
proves fails 'never in eth0 tcp 10.0.0.5 to 10.0.0.1 expect drop' 'what opens nothing may be untracked'
says 'where ct state untracked' 'and is told with that'

# Lengths, which have room for the headers.
policy 'ingress {
	length 40-48 family ipv6 tcp dport 80 drop
	length 20-39 tcp dport 81 drop
	length 20-27 udp dport 80 drop
	length 28-40 udp dport 81 drop
	accept
}'
proves holds 'never in eth0 tcp 2001:db8::/64 to * expect drop' 'TCP of IPv6 is 60 bytes at least'
proves holds 'never in eth0 tcp 10.0.0.0/8 to *:81 expect drop' 'of IPv4 40'
proves holds 'never in eth0 udp 10.0.0.0/8 to *:80 expect drop' 'UDP is 28'
proves fails 'never in eth0 udp 10.0.0.0/8 to *:81 expect drop' 'and may be'
becomes drop 'as explain takes it'

# Maps of modifiers: where one has nothing, what stands before it in the rule is done.
policy 'map fwd : addr -> addr { elements = { 203.0.113.8 -> 192.168.1.10 } }
ingress {
	ct state invalid drop
	set mark 2 dnat to daddr map @fwd accept
	mark 2 drop
	accept
}'
proves fails 'never in eth0 tcp * to 10.0.0.1 mark 0 expect drop' 'a mark that is set before a map is asked'
becomes drop 'as the packet finds'
policy 'map m : addr . port -> addr
ingress {
	ct state { invalid, untracked } drop
	family ipv4 dnat to :81 dnat to daddr . dport map @m accept
	tcp dport 81 reject
	accept
}'
proves fails 'never in eth0 tcp * to 10.0.0.9:82 expect reject' 'and a port'
says 'not daddr . dport @m' 'where the map has nothing'
policy 'map f : addr -> mark { elements = { 10.0.0.5 -> 1 } }
ingress {
	mark 2 accept
	set mark 2 set priority daddr map @f accept
	mark 2 drop
	accept
}'
check
! grep -q 'never matches' "$tmp/err"
report $? 'who asks for it behind the rule is not hidden'
policy 'map f : addr -> mark { elements = { 10.0.0.5 -> 1 } }
ingress {
	set mark 2
	daddr 10.0.0.0/8 set priority daddr map @f accept
	mark 2 accept
	udp dport 9 drop
	drop
}'
check
grep -q 'p.fw:6:.*never matches' "$tmp/err"
report $? 'and nothing is left where both take it'
export SSH_CONNECTION='127.0.0.1 40000 127.0.0.1 22'
policy 'map f : addr -> mark
ingress {
	set mark 2 set priority daddr map @f
	mark 2 drop
	accept
}'
check
says 'cuts off the SSH connection' 'a connection is cut off by what stands before a map'
unset SSH_CONNECTION
policy 'map f : addr -> mark
ingress {
	set mark daddr map @f
	mark 1 drop
	ct state new dnat to 10.0.0.7 set mark daddr map @f
	mark 1 accept
	reject
}'
proves fails 'never in eth0 tcp * to 10.0.0.6 expect accept' 'of another address a map gives another mark'
policy 'map mm : addr -> mark { elements = { 10.0.0.0/24 -> 1 } }
ingress {
	set mark 2
	set mark saddr map @mm
	mark 1 drop
	accept
}'
proves fails 'never in eth0 tcp 10.0.0.5 to * expect accept' 'what a map has nothing for'
says 'where not saddr @mm' 'is told with that'

# Off the end, by way of a call.
policy 'tree a { return }
ingress { call a }'
check
says 'such a packet: in eth0 tcp' 'who comes back from a call runs off the end'
policy 'tree b { udp dport 9 accept }
tree a {
	tcp dport 22 return
	goto b
}
ingress {
	not protocol udp accept
	call a
}'
check
says 'such a packet: in eth0 udp' 'also by goto in a tree that was called'
policy 'tree a { return }
ingress {
	accept
	call a
}'
check
! grep -q 'such a packet' "$tmp/err"
report $? 'where nothing comes so far none does'
policy 'tree a { tcp dport 22 accept }
ingress { goto a }'
check
says "off the end of tree 'a'" 'who is led on by goto runs off the end of that tree'

# However many ways lead through a policy: it is walked once, or given up.
awk 'BEGIN {
	for (i = 0; i < 60; i++)
		printf "tree t%d { tcp dport %d goto t%d; goto t%d }\n", i, i + 1, i + 1, i + 1
	print "tree t60 { udp dport 9 drop; accept }\ningress { goto t0 }" }' >"$tmp/p.fw"
ends() {
	local what=$1
	shift
	timeout 10 "$fwctl" "$@" >"$tmp/out" 2>"$tmp/err"
	[ $? -le 1 ]
	report $? "$what"
}
ends 'check of sixty trees in a row, by two ways each' check "$tmp/p.fw"
grep -q 'changes nothing' "$tmp/err"
report $? 'looked at whole'
ends 'the same with a small budget' check "$tmp/p.fw" --budget 1000
ends 'and a property of it' check "$tmp/p.fw" --quick --property 'never in eth0 tcp * to *:7 expect drop'
grep -q '^holds' "$tmp/out"
report $? 'is proved'
sed 's/dport 9 drop/dport 10 drop/' "$tmp/p.fw" >"$tmp/q.fw"
ends 'diff of two such' diff "$tmp/p.fw" "$tmp/q.fw"
[ "$(grep -c '^ingress: udp dport' "$tmp/out")" = 2 ]
report $? 'is exact'
export SSH_CONNECTION='127.0.0.1 40000 127.0.0.1 22'
sed 's/drop; accept/drop; drop/' "$tmp/p.fw" >"$tmp/q.fw"
ends 'and of the connection that one comes by' check "$tmp/q.fw"
grep -q 'cuts off the SSH' "$tmp/err"
report $? 'is told'
unset SSH_CONNECTION
awk 'BEGIN {
	for (i = 0; i < 20; i++)
		printf "tree t%d { select iif { lan%d -> goto t%d; default -> goto t%d } }\n", i, i, i + 1, i + 1
	print "tree t20 { udp dport 9 drop; accept }\ningress { goto t0 }" }' >"$tmp/p.fw"
ends 'twenty selects in a row' check "$tmp/p.fw"
awk 'BEGIN {
	for (i = 0; i < 31; i++)
		printf "tree t%d { mark & %d != 0 goto t%d; goto t%d }\n", i, 2 ^ i, i + 1, i + 1
	print "tree t31 { udp dport 9 drop; accept }\ningress { goto t0 }" }' >"$tmp/p.fw"
# Two thousand million ways, each for other packets: less is asked for in that time.
timeout 60 "$fwctl" check "$tmp/p.fw" >"$tmp/out" 2>"$tmp/err" && grep -q 'one by one' "$tmp/out"
report $? 'ways that packets go, each of them: given up'
# What rules set one above the other, and a route that hangs on it; segments; queues, each of
# which all of egress stands behind: answered by proof.
awk 'BEGIN {
	print "ingress {"
	for (i = 0; i < 6; i++)
		printf "iif eth%d set mark %d\ntcp dport %d set mark %d\n", i, i + 1, i + 1, i + 101
	for (i = 0; i < 6; i++)
		printf "saddr 10.0.%d.0/24 set mark %d\ndaddr 10.0.%d.0/24 set dscp %d\n", i, i + 201, i, i + 1
	print "iif eth9 set mark 7\niif eth9 set mark 8\nroute oif wan0 drop\naccept\n}" }' >"$tmp/p.fw"
ends 'a route behind marks by many ways' check "$tmp/p.fw"
grep -q 'p.fw:26:.*changes nothing' "$tmp/err"
report $? 'looked at whole'
awk 'BEGIN {
	print "ingress {"
	for (i = 0; i < 10; i++)
		printf "iif eth%d set mss %d\nmark & %d != 0 set mss %d\n", i, i + 1000, 2 ^ i, i + 1200
	print "iif eth20 set mss 900\niif eth20 set mss 900\naccept\n}" }' >"$tmp/p.fw"
ends 'segments of which the least counts' check "$tmp/p.fw"
grep -q 'p.fw:22:.*changes nothing' "$tmp/err"
report $? 'looked at whole'
awk 'BEGIN {
	print "ingress {"
	for (i = 0; i < 800; i++)
		printf "saddr 10.%d.%d.0/24 tcp dport %d queue %d\n", i / 250, i % 250, i + 1000, i % 4
	print "accept\n}\negress {"
	for (i = 0; i < 100; i++)
		printf "saddr 172.%d.%d.0/24 daddr 192.%d.%d.0/24 tcp dport %d drop\n", i % 16 + 16, i * 7 % 256, i, i, i * 37 + 1
	print "accept\n}" }' >"$tmp/p.fw"
ends 'queues' check "$tmp/p.fw" --quick --budget 100000 --property 'never in eth0 tcp * to * expect reject'
grep -q '^holds for all packets' "$tmp/out"
report $? 'proved'

echo "1..$n"
exit $failed
