#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What fwctl check finds odd about policies that are right. Each finding has a
# policy that it must be told of and one, as near as can be, that it must not. TAP.
set -u
# shellcheck source=tests/offline/analysis.sh
. "${BASH_SOURCE[0]%/*}/analysis.sh"

# tells PLACE TEXT WHAT: a warning (or error) at LINE:COLUMN with this text.
tells() {
	local place=$1 text=$2 what=$3
	check
	grep -F "p.fw:$place: " "$tmp/err" | grep -qF -- "$text"
	report $? "$what"
}

inner() { policy "$(printf 'ingress {\n%s\n\tdrop\n}' "$1")"; }

# Room for what a walk meets: told of a packet that there is, of no other.
# shellcheck disable=SC2059 # it is a format: %s is the number
five() { for k in 1 2 3 4 5; do printf "$1"'\n' "$k"; done; }
inner_set() { policy "$(printf 'set s : addr . port { timeout 1h }\ningress {\n%s\n\taccept\n}' "$1")"; }
inner_set "$(five '\tudp dport 9 add @s { saddr . sport }')"
tells 8:2 'this would decide: it can meet more than 4 changes of sets (such a packet: in eth0 udp 198.51.100.7:40000 to 203.0.113.8:9)' 'five changes of sets'
inner_set "$(five '\tudp dport %s add @s { saddr . sport }')"
quiet 'five, of which a packet meets one'
inner_set "$(five '\tadd @s { saddr . sport }')"
tells 8:2 'more than 4 changes of sets' 'five that a packet without ports does not meet'
inner_set "$(five '\tprotocol icmp add @s { saddr . dport }')"
check
! grep -q 'more than' "$tmp/err"
report $? 'five that no packet meets'
policy "$(printf 'set s : addr . port { timeout 1h }\nmap m : addr -> mark\ningress {\n%s\n\taccept\n}' \
	"$(five '\tudp dport 9 add @s { saddr . sport } set mark daddr map @m accept')")"
tells 9:2 'more than 4 changes of sets' 'five, each before a map that has nothing'
policy "$(printf 'set s : addr . port { timeout 1h }\nmap m : addr -> mark\ningress {\n%s\n\taccept\n}' \
	"$(five '\tudp dport 9 set mark daddr map @m add @s { saddr . sport } accept')")"
check
! grep -q 'more than' "$tmp/err"
report $? 'five, each behind one, of which one is done'
policy "$(printf 'ingress {\n\ttcp dport 22 ct count by ip saddr > 3 drop\n%s\n\taccept\n}' \
	"$(five '\tct count by daddr/%s > 3 drop' | head -n 4)")"
tells 7:2 "can meet more than 4 'ct count' (such a packet: in eth0 tcp 198.51.100.7:40000 to 203.0.113.8:22 syn" 'five counts, one of them asked of some'
limits() { for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do printf '\tlimit %s%s/minute %s\n' "$1" "$k" "$2"; done; }
policy "ingress {
$(limits 'over ' drop)
	accept
}"
tells 19:2 'more than 16 limits, quotas and splits by turns' '17 limits that a packet is under'
policy "ingress {
$(limits '' accept)
	accept
}"
check
! grep -q 'more than' "$tmp/err"
report $? '17 limits: it is under the last one alone'
policy "tree t {
	udp dport 9 count a count b
	iif lo accept
}
ingress {
$(for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do printf '\tcall t\n'; done)
	accept
}"
tells 23:2 'more than 64 rules and modifiers that take effect (such a packet: in eth0 udp 198.51.100.7:40000 to 203.0.113.8:9)' 'what takes effect in trees'
inner "$(for k in 1 2 3 4 5 6 7 8; do for i in 1 2 3 4 5 6 7 8 9; do printf '\tudp dport %s count c\n' "$k$i"; done; done)"
check
! grep -q 'more than' "$tmp/err"
report $? '72 rules without a verdict, of which a packet meets one'

# Hidden by one, by several together, not at all.
inner '	tcp dport 1-1000 accept
	tcp dport 22 drop'
tells 3:2 'never matches: line 2 takes all' 'a rule that one hides'
tells 2:2 'this hides line 3' 'and which that is'
# Whose words mean something by where they stand.
inner '	saddr 10.0.0.0/8 accept
	saddr 10.1.0.0/16 bpf "tcp[13] & 2 != 0" drop
	saddr 10.2.0.0/16 node threat { list bad } drop'
tells 3:2 'never matches: line 2 takes all' 'a rule with a filter that one hides'
tells 4:2 'never matches: line 2 takes all' 'and one with a node'
inner '	tcp dport 1-1000 accept
	tcp dport 22-1001 drop'
check
! grep -q 'never matches' "$tmp/err"
report $? 'a rule that is hidden but for one port'
inner '	tcp dport 0-1000 accept
	tcp dport 1001-65535 accept
	tcp dport 500-2000 reject'
tells 4:2 'never matches: 2 rules before it' 'a rule that two hide together'
inner '	family ipv4 tcp dport 0-1000 accept
	tcp dport 1002-65535 reject
	tcp dport 500-2000 log drop'
quiet 'a rule that two hide but for one port'
inner '	saddr 10.0.0.0/8 accept
	saddr 10.1.0.0/16 { tcp dport 22 reject
	}'
tells 3:2 'never matches: line 2' 'a block that is hidden, and its inside is not told'
[ "$(grep -c warning: "$tmp/err")" = 1 ]
report $? 'one warning for it'
policy 'ingress {
	saddr 10.0.0.0/8 goto ten
	drop
}
tree ten {
	saddr 192.168.0.0/16 accept
	daddr 10.0.0.0/8 accept
	reject
}'
tells 6:2 'never matches: what is like this does not come here' 'a rule of a tree where its packets never come'
policy 'ingress {
	saddr 10.0.0.0/8 goto ten
	saddr 192.168.1.0/24 goto ten
	drop
}
tree ten {
	saddr 192.168.0.0/16 accept
	daddr 10.0.0.0/8 accept
	reject
}'
quiet 'the same tree with a second way to it'
inner '	set mark 7
	mark 3 accept'
tells 3:2 'never matches' 'a mark that was set before'
inner '	iif eth0 set mark 7
	family ipv4 mark 3 accept'
quiet 'a mark that was set for some'

# Asked of one set by two rules, whatever it holds.
policy 'set s : addr
set t : addr
ingress {
	family ipv4 saddr @s tcp dport 1-1000 accept
	family ipv4 saddr @s tcp dport 22 drop
	drop
}'
tells 5:2 'never matches: line 4' 'a rule that another one of the same set hides'
sed -i 's/saddr @s tcp dport 22 drop/saddr @t tcp dport 22 reject/' "$tmp/p.fw"
quiet 'but not one of another set'
policy 'ingress device eth0 {
	set vlan 7
	vlan id 7 drop
	accept
}'
check --property 'never in eth0 udp * to * expect accept'
grep -q '^  becomes accept' "$tmp/out"
report $? 'a frame without a tag gets none'

# Changes nothing.
inner '	tcp dport 22 drop'
tells 2:2 'changes nothing' 'a rule that the end does as well'
inner '	tcp dport 22 log drop'
quiet 'but not if it logs'
inner '	tcp dport 22 drop id ssh'
quiet 'or has a name to be counted by'
inner '	family ipv4 tcp dport 22 accept
	family ipv4 tcp dport 22-23 accept'
tells 2:2 'changes nothing' 'a rule that a later one includes'
inner '	tcp dport 22 accept id ssh
	tcp dport 22-23 reject'
check
! grep -q 'changes nothing' "$tmp/err"
report $? 'a rule that a later one would decide otherwise'

inner '	tcp dport 22 drop
	saddr 10.1.0.0/16 tcp dport 22 accept
	protocol icmpv6 accept'
tells 3:2 'never matches: line 2 takes all' 'a rule that one hides, which without that one would let in'
! grep -q 'changes nothing' "$tmp/err"
report $? 'so that one changes something'

# Branches.
inner '	select protocol {
		tcp -> reject
		6 -> log drop
		udp -> reject
	}'
tells 4:8 'this branch is never taken' 'a branch of a value that went elsewhere'
inner '	select protocol {
		tcp -> reject
		udp -> reject
		default -> drop
	}'
check
! grep -q 'never taken' "$tmp/err"
report $? 'branches that are taken'
inner '	protocol udp {
		select protocol {
			tcp -> reject
			udp -> reject
		}
	}'
tells 4:11 'this branch is never taken' 'a branch of what never comes there'

# Tests that can't hold together.
inner '	protocol udp tcp dport 22 reject'
tells 2:15 'like this and like what stands before' 'tests that exclude each other'
tells 2:2 'this and that exclude each other' 'and the other one'
inner '	saddr 10.0.0.0/8 family ipv6 reject'
tells 2:19 'like this and like what stands before' 'an IPv4 address in IPv6'
inner '	icmp type echo-request family ipv4 reject'
quiet 'tests that go together'
inner '	saddr 10.0.0.0/8 saddr != 10.0.0.0/9 saddr != 10.128.0.0/9 reject'
tells 2:39 'what stands before on the line together' 'three that only together exclude each other'

# ct state established.
inner '	ct state { established, related } reject'
tells 2:2 'this never matches: only openers' 'ct state established'
inner '	ct state { established, new } tcp reject'
sed -i 's/ tcp / protocol tcp /' "$tmp/p.fw"
quiet 'ct state established or new'

# Lists.
policy 'set s : addr { elements = { 10.0.0.0/8, 192.168.1.1, 10.1.0.0/16 } }
ingress {
	saddr @s reject
	drop
}'
tells 1:54 '10.1.0.0/16 is within 10.0.0.0/8' 'a set that holds something twice'
policy 'set s : addr { elements = { 10.0.0.0/8, 192.168.1.1, 11.1.0.0/16 } }
ingress {
	saddr @s reject
	drop
}'
quiet 'a set that does not'
inner '	tcp dport { 22, 80, 20-25 } reject'
tells 2:14 '22 is within 20-25' 'a list that does'
policy 'set s : addr . port { elements = { 10.0.0.0/8 . 22, 10.1.1.1 . 22 } }
ingress {
	saddr . dport @s reject
	drop
}'
tells 1:53 '10.1.1.1 . 22 is within' 'joined values'
policy 'set s : addr . port { elements = { 10.0.0.0/8 . 22, 10.1.1.1 . 23 } }
ingress {
	saddr . dport @s reject
	drop
}'
quiet 'joined values that differ in one'

# A prefix whose address says more than it takes, said once wherever it counts.
prefixes() {
	policy "define lan = $1
set s : addr { elements = { $2 } }
ingress {
	saddr \$lan daddr $3 reject
	daddr \$lan udp dport 9 reject
	saddr @s reject
	drop
}"
}
prefixes 10.0.0.1/8 fd00::1:2/64 192.168.1.1/31
tells 1:14 '10.0.0.1/8 is all of 10.0.0.0/8 (write that, or the address alone)' 'host bits in a define'
tells 2:29 'fd00::1:2/64 is all of fd00::/64 ' 'in a set, of IPv6'
tells 4:19 '192.168.1.1/31 is all of 192.168.1.0/31 ' 'in a match, the last of them'
[ "$(grep -c 'is all of' "$tmp/err")" = 3 ]
report $? 'each once'
# shellcheck disable=SC2016 # the policy's own
policy 'define lan = 10.0.0.1/24
ingress {
	saddr { $lan, 192.0.2.1 } tcp dport 1 accept
	saddr { $lan, 192.0.2.2 } tcp dport 2 accept
	drop
}'
tells 3:10 '10.0.0.1/24 is all of 10.0.0.0/24 ' 'in a define among others, where it is used'
[ "$(grep -c 'is all of' "$tmp/err")" = 1 ]
report $? 'wherever a define brings it'
prefixes 10.0.0.0/8 fd00:0:0:1::/64 192.168.1.1/32
quiet 'none'

# Off the end: a packet, for certain.
policy 'ingress {
	tcp dport 0-21 accept
	tcp dport 23-65535 accept
	not protocol tcp accept
	fragment reject
}'
tells 5:2 ':22' 'one port of all falls off the end'
policy 'ingress {
	family ipv4 drop
	family ipv6 accept
}'
tells 3:2 'no packet comes so far' 'none does, and that is said'

# What would be cut off.
policy 'ingress {
	iif lo accept
	tcp dport 443 accept
	drop
}'
tells 4:2 'cuts off IPv6 neighbour discovery' 'neighbour discovery'
policy 'ingress {
	iif lo accept
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ttl 255 accept
	tcp dport 443 accept
	drop
}'
quiet 'neighbour discovery that is let in'
policy 'ingress {
	iif lo accept
	family ipv4 tcp dport 443 accept
	drop
}'
quiet 'a policy without IPv6 needs none'
policy 'ingress {
	iif lo accept
	family ipv4 udp dport 67 accept
	drop
}'
tells 4:2 "cuts off DHCP's answers" 'DHCP, where the policy speaks of it'
policy 'ingress {
	iif lo accept
	family ipv4 udp dport { 67, 68 } accept
	drop
}'
quiet 'DHCP that is let in'
policy 'ingress { accept }
egress {
	tcp dport 443 accept
	drop
}'
tells 4:2 'cuts off IPv6 neighbour discovery, on its way out' 'neighbour discovery that leaves'
policy 'ingress { accept }
egress {
	oif lo accept
	family ipv4 accept
	drop
}'
quiet 'where no IPv6 leaves there is none'
policy 'ingress { accept }
egress {
	iif none icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	tcp dport 443 accept
	drop
}'
quiet 'neighbour discovery that may leave'
policy 'ingress {
	icmpv6 type nd-router-advert accept
	accept
}
egress {
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	tcp dport 443 accept
	drop
}'
tells 8:2 'cuts off the search for an IPv6 router' 'a router that is not asked for'
policy 'ingress { accept }
egress {
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	icmpv6 type nd-router-advert ttl 255 accept
	tcp dport 443 accept
	drop
}'
quiet 'who is a router searches for none'
policy 'ingress {
	udp dport 68 accept
	accept
}
egress {
	family ipv4 tcp dport 443 accept
	drop
}'
tells 7:2 'cuts off what a DHCP client asks' 'a DHCP client that asks nothing'
policy 'ingress {
	udp dport 67 accept
	accept
}
egress {
	family ipv4 udp sport 67 udp dport 68 accept
	family ipv4 tcp dport 443 accept
	drop
}'
check
! grep -q 'DHCP' "$tmp/err"
report $? 'a DHCP server that answers'
policy 'ingress device eth0 {
	family ipv4 tcp dport 22 accept
	drop
}
ingress { accept }'
tells 3:2 'cuts off ARP, which IPv4 needs' 'ARP at a device'
policy 'egress device eth0 {
	family ipv4 accept
	ether type arp arp op request accept
	drop
}
ingress { accept }'
tells 4:2 'cuts off answers of ARP, on their way out' "a device's answers of ARP"
policy 'ingress device eth0 {
	ether type arp accept
	tcp dport 22 accept
	drop
}
ingress { accept }'
tells 4:2 'cuts off IPv6 neighbour discovery' "neighbours at a device"
policy 'ingress device eth0 {
	ether type arp accept
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
	tcp dport 22 accept
	drop
}
ingress { accept }'
quiet 'a device whose neighbours are known'
policy 'ingress device wg0 {
	tcp dport 22 accept
	drop
}
ingress { accept }'
quiet 'a tunnel has no neighbours'
for dev in tailscale0 wwan0 rmnet_data0 gre1 lo; do
	policy "ingress device $dev {
	tcp dport 22 accept
	drop
}
ingress { accept }"
	quiet "$dev has none"
	[ $dev = lo ] && continue
	policy "ingress {
	iif lo accept
	iif $dev tcp dport 22 accept
	family ipv4 tcp dport 443 accept
	drop
}"
	quiet "nor where all interfaces come by: $dev"
done
for dev in lowan0 gretap1 ip6gretap1; do
	policy "ingress device $dev {
	family ipv4 tcp dport 22 accept
	drop
}
ingress { accept }"
	tells 3:2 'cuts off ARP, which IPv4 needs' "$dev has some"
	policy "ingress {
	iif lo accept
	iif $dev tcp dport 22 accept
	family ipv4 tcp dport 443 accept
	drop
}"
	tells 5:2 'cuts off IPv6 neighbour discovery' "and where all interfaces come by: $dev"
done
policy 'ingress {
	iif { lo, wg*, tun0 } accept
	iif eth0 tcp dport 22 accept
	drop
}'
tells 4:2 'cuts off IPv6 neighbour discovery' 'what a tunnel lets in helps no other'

# Devices and interfaces.
policy 'ingress device eth* { accept }
ingress device eth0, wlan0 { drop }
ingress { accept }'
tells 2:16 "no frame of 'eth0' comes here: 'ingress device eth*' in line 1 has them all" 'a device that a pattern before has'
policy 'ingress device eth0 { drop }
ingress device eth* { accept }
egress device eth* { accept }
ingress { accept }'
quiet 'a pattern behind a device'
inner '	iifname "wg*" accept'
tells 2:10 'in quotes the star is a letter' 'a quoted star'
inner '	iif wg* udp dport 9 accept
	iif "6in4" tcp dport 9 accept'
check
! grep -q 'the star' "$tmp/err"
report $? 'one that is none'
policy 'ingress {
	iif lo accept
	family ipv4 saddr 192.0.2.0/24 tcp dport 22 accept
	drop
}'
export SSH_CONNECTION='198.51.100.7 40000 203.0.113.8 22'
tells 4:2 'cuts off the SSH connection that you come by (198.51.100.7' 'the own SSH connection'
export SSH_CONNECTION='192.0.2.9 40000 203.0.113.8 22'
quiet 'an SSH connection that is let in'
export SSH_CONNECTION='2001:db8::9 40000 2001:db8::1 22'
tells 4:2 'cuts off the SSH connection' 'one over IPv6'
policy 'ingress device lo {
	tcp dport 22 drop
	accept
}
ingress { accept }'
export SSH_CONNECTION='127.0.0.1 40000 127.0.0.1 22'
tells 2:2 'cuts off the SSH connection' "its device's frames"
policy 'ingress device lo {
	tcp sport 22 drop
	accept
}
egress device lo { accept }
ingress { accept }'
quiet "frames of another's"
policy 'ingress {
	daddr 127.0.0.1 tcp dport 22 dnat to 127.0.0.2:2222
	daddr 127.0.0.1 accept
	tcp dport 22 accept
	drop
}'
tells 5:2 'cuts off the SSH connection' 'one that is led to where nothing is accepted'
policy 'ingress {
	daddr 127.0.0.1 tcp dport 22 dnat to 127.0.0.2:2222
	daddr 127.0.0.2 tcp dport 2222 accept
	drop
}'
quiet 'one that is led elsewhere and accepted there'
{
	echo 'ingress {'
	for i in $(seq 1 4000); do
		echo "	saddr 10.$((i / 250)).$((i % 250)).0/$((16 + i % 9)) dport $i-$((i * 7)) accept"
	done
	echo '	drop'
	echo '}'
} >"$tmp/p.fw"
check --budget 5000
grep -q 'p.fw:4002:2: warning: this cuts off the SSH' "$tmp/err" && grep -q 'one by one' "$tmp/out"
report $? 'in a policy too large to be looked at whole'
unset SSH_CONNECTION

# Large: compared two by two, and said so.
inner '	tcp dport 0-1000 accept
	tcp dport 1001-65535 accept
	saddr 10.0.0.0/8 reject
	tcp dport 500-2000 reject
	saddr 10.1.0.0/16 tcp dport 80 reject'
check --budget 100
grep -q 'p.fw:6:2: warning: never matches: line' "$tmp/err" && grep -q 'one by one (6 of 6)' "$tmp/out" &&
	! grep -q 'p.fw:5:2' "$tmp/err"
report $? 'beyond the budget rules are compared two by two'
check --quick && [ ! -s "$tmp/err" ]
report $? '--quick looks for none of this'
check -j --budget 100
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert not d["analysis"]["exact"] and d["analysis"]["compared"] == 6
assert d["warnings"][0]["line"] and d["warnings"][0]["column"]' "$tmp/out"
report $? 'in JSON'
# Large, and yet a diagram has room for it: that it would not is said of others early.
policy "$(awk 'BEGIN {
	print "ingress {"
	for (i = 1; i <= 4200; i++)
		printf "\tudp dport %d accept\n", i
	print "\tsaddr 10.1.0.0/16 udp dport 5-4000 drop\n\tdrop\n}" }')"
check -j
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["analysis"]["exact"], d["analysis"]
assert [w["line"] for w in d["warnings"] if "never matches" in w["message"]] == [4202]' "$tmp/out"
report $? 'of four thousand rules, looked at whole, one that a thousand of them hide'
policy "$(awk 'BEGIN {
	print "ingress {"
	for (i = 0; i < 8000; i++)
		printf "\tsaddr 10.%d.%d.7 daddr 172.%d.%d.9 tcp dport %d accept\n", i % 251,
			i % 241, i % 239, i % 233, i * 7 + 1
	print "\tdrop\n}" }')"
check -j --budget 200000
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))["analysis"]
assert not d["exact"] and d["compared"] == 8001 and d["nodes"] < 60000, d' "$tmp/out"
report $? 'of eight thousand that a diagram has no room for, it is given up early'
# Named sets are a question each: too many for a diagram, and answered all the same.
policy "$(awk 'BEGIN {
	for (i = 0; i < 10000; i++)
		printf "set s%d : addr { elements = { 10.%d.%d.0/24 } }\n", i, i / 256, i % 256
	print "ingress {"
	for (i = 0; i < 10000; i++)
		printf "\tsaddr @s%d daddr 10.%d.0.0/16 tcp dport %d-%d %s\n", i, i * 7 % 256,
			i * 37 % 60000, i * 37 % 60000 + i % 3000, i % 2 ? "accept" : "drop"
	print "\tsaddr 10.0.0.0/8 tcp dport 1-5 reject\n\tsaddr 10.1.0.0/16 tcp dport 2 accept\n\tdrop\n}" }')"
timeout 100 "$fwctl" check "$tmp/p.fw" >"$tmp/out" 2>"$tmp/err"
grep -q 'p.fw:20003:2: warning: never matches: line 20002 takes' "$tmp/err" &&
	grep -q 'one by one (10003 of 10003)' "$tmp/out"
report $? 'ten thousand named sets: what hides alone is found, and what was not looked for said'

# Properties.
policy 'ingress {
	iif lo accept
	iif eth1 daddr 192.168.1.0/24 tcp dport 22 accept id ssh
	drop
}'
proves() {
	local status=$1 text=$2 what=$3 got=0
	shift 3
	check --property "$@" || got=$?
	[ "$got" = "$status" ] && grep -qF -- "$text" "$tmp/out"
	report $? "$what"
}
proves 0 'holds for all packets' 'a property that holds' \
	'never in eth0 tcp * to 192.168.1.0/24:22 expect accept'
proves 1 'packet in eth1 tcp 198.51.100.7:40000 to 192.168.1.' 'one that does not, with a packet' \
	'never in * tcp * to 192.168.1.0/24:22 expect accept'
sed -i 's/iif lo/iif eth2/' "$tmp/p.fw"
proves 1 'by '"$tmp"'/p.fw:2' 'and the rule that decides it' \
	'never in eth2 tcp * to 192.168.1.0/24:22 expect accept'
proves 0 'holds for all packets' 'always' 'always in eth0 udp * to * expect drop'
proves 1 'there is no such packet' 'of no packet at all' 'never in eth0 icmp *:5 to * expect accept'
proves 0 'not proved' 'beyond the budget packets are tried' \
	'never in eth0 tcp * to 192.168.1.0/24:22 expect accept' --budget 50
grep -q 'seed 1)' "$tmp/out"
report $? 'and the seed is said'
proves 1 'found among generated packets' 'and may be found' \
	'always in eth0 tcp * to * expect accept' --budget 50
check --property 'never in eth0 tpc * to * expect accept'
[ $? = 2 ] && grep -q "'tpc' is no protocol" "$tmp/err" && grep -q '^  *\^~~$' "$tmp/err"
report $? 'a property that is none has a caret'
check -j --property 'never in eth2 tcp * to * expect accept'
python3 -c 'import json, sys
p = json.load(open(sys.argv[1]))["properties"][0]
assert p["result"] == "fails" and p["line"] == 2 and p["packet"].startswith("in eth2 tcp ")' "$tmp/out"
report $? 'in JSON'

# The whole way: what egress refuses is not accepted.
policy 'ingress {
	accept
}
egress {
	oif eth1 tcp dport 23 drop
	tcp dport 23 reject
	accept
}'
proves 1 'where for this machine' 'what ingress lets in may be for this machine' \
	'never in eth0 tcp * to *:23 expect accept'
proves 0 'holds for all packets' 'what leaves has egress alone' \
	'never out eth1 tcp * to *:23 expect accept'

proves 1 'by '"$tmp"'/p.fw:5' 'and names the rule of egress' \
	'always in eth0 tcp * to *:23 expect accept'
policy 'ingress {
	accept
}
egress device eth* { drop }
egress { accept }'
proves 1 'becomes drop' 'what a device refuses' 'always in eth0 tcp * to * expect accept'
grep -q '^  by .*p.fw:4$' "$tmp/out"
report $? 'is refused by its own rule, not by one before'

# Timeouts: RFC 5382, 4787 and 5508 ask something of who translates, of nobody else.
nat='ingress { accept }
egress { oif wan masquerade accept; accept }'
for short in 'tcp-established 7439s=RFC 5382, REQ-5, asks for 7440s at least for an established' \
	'tcp-syn-sent 239s=RFC 5382, REQ-5, asks for 240s at least for a translated connection that opens' \
	'tcp-syn-recv 1m=RFC 5382, REQ-5, asks for 240s at least for a translated connection that opens' \
	'tcp-fin-wait 239s=RFC 5382, REQ-5, asks for 240s at least for a translated connection that closes' \
	'tcp-close-wait 239s=that closes' 'tcp-last-ack 239s=that closes' 'tcp-close 239s=that closes' \
	'udp 119s=RFC 4787, REQ-5, asks for 120s at least for UDP' 'udp-stream 119999ms=RFC 4787, REQ-5' \
	'icmp 59s=RFC 5508, REQ-2, asks for 60s at least for a query of ICMP'; do
	policy "option timeout ${short%%=*}
$nat"
	state=${short%% *}
	tells "1:$((17 + ${#state}))" "${short#*=}" "a timeout that is too short for translation: $state"
	grep -q '^  *\^~*' "$tmp/err" || grep -q '^ *| *\^' "$tmp/err"
	report $? "and where it stands: $state"
	policy "option timeout ${short%%=*}
ingress { accept }"
	quiet "which it is not where nothing is translated: $state"
done
policy 'option timeout tcp-established 7440s
option timeout tcp-syn-sent 240s
option timeout tcp-syn-recv 240s
option timeout tcp-fin-wait 240s
option timeout tcp-close-wait 240s
option timeout tcp-last-ack 240s
option timeout tcp-close 240s
option timeout tcp-time-wait 1s
option timeout udp 120s
option timeout udp-stream 120s
option timeout icmp 60s
option timeout other 1s
ingress { iif wan tcp dport 80 dnat to 10.0.0.1 accept; accept }'
quiet 'as much as they ask for'

for policy in "$top"/Documentation/examples/*.fw; do
	"$fwctl" check "$policy" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/err" ]
	report $? "nothing is odd about ${policy##*/}"
done

echo "1..$n"
exit $failed
