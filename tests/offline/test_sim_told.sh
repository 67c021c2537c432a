#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What tests of a policy find out, and that none holds by mistake: hooks without a
# question, properties, names that there are not, words that were passed over. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

# policy LINE...: p.fw; tests LINE...: t.fwt.
policy() { printf '%s\n' "$@" >p.fw; }
tests() { printf '%s\n' "$@" >t.fwt; }
run() { "$fwctl" test p.fw t.fwt; }
# shellcheck disable=SC2317 # called by name
explain() { "$fwctl" "${json[@]}" explain -f p.fw "$@"; }
json=()

# has WHAT STATUS WORDS: of the tests at hand. lacks: these words are not said.
has() { check "$1" "$2" "$3" run; }
lacks() {
	run >out 2>err
	! cat out err | grep -qF -- "$2"
	report $? "$1"
}

## Hooks that ask nothing

policy 'egress { accept }'
check 'a bare verdict: a packet of its own' 0 'egress, new:' explain out eth0 udp 1.1.1.1:1 to 2.2.2.2:2
json=(-j)
check 'its state' 0 '"state":"new"' explain out eth0 udp 1.1.1.1:1 to 2.2.2.2:2
check 'and its way' 0 '"taken":"accept"' explain out eth0 udp 1.1.1.1:1 to 2.2.2.2:2
json=()
check 'a hook that is not named' 0 'new: the policy names no hook' explain in eth0 udp 1.1.1.1:1 to 2.2.2.2:2
policy 'ingress { accept }' 'egress { accept }'
tests 'address 1.1.1.1/8 dev eth0' \
	'packet in eth0 udp 1.1.1.2:1 to 1.1.1.1:2' 'expect accept state new conn' \
	'packet in eth0 udp 1.1.1.2:1 to 1.1.1.1:2' 'expect accept state established'
has 'the state that a test expects' 0 '1..2'
tests 'address 1.1.1.1/8 dev eth0' 'never out eth0 tcp * to *:22 expect accept conn'
has 'a property of it' 1 'not so for: out eth0 tcp'
policy 'ingress { drop id all }'
tests 'packet in eth0 udp 1.1.1.2:1 to 1.1.1.1:2' 'expect drop rule all'
has 'the rule of a bare verdict' 0 'ok 1'

## Properties

policy 'set bad : addr' 'ingress {' 'saddr @bad accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' 'set add bad 10.0.0.7' \
	'never in eth0 udp 10.0.0.7 to * expect accept'
has 'what a test has put into a set' 1 'not so for: in eth0 udp 10.0.0.7'
policy 'set bad : addr { timeout 1h }' 'ingress {' 'saddr @bad accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' 'set add bad 10.0.0.7' 'wait 2h' \
	'never in eth0 udp 10.0.0.7 to * expect accept'
has 'and what is over there' 0 'held by'
has 'why that is no proof' 0 'not proved: broken by'
has 'told to its end' 0 ', but not here; held by'
policy 'ingress device lan { fragment accept; udp dport 53 drop; accept }' \
	'ingress { ct state { invalid, untracked } drop; accept }'
tests 'address 192.168.1.1/24 dev lan' 'never in lan udp 192.168.1.0/24 to *:53 expect accept'
has 'what passes in fragments alone is no proof' 0 'where it comes in fragments'
has 'and not said to be tried' 0 'which was not tried; held by'
policy 'pool web { 10.0.0.8:80 }' 'ingress {' \
	'tcp dport 80 balance @web or reject accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' 'pool delete web 10.0.0.8:80' \
	'never in eth0 tcp * to 10.0.0.1:80 expect accept conn'
has 'what was taken from a pool' 0 'ok 1'

policy 'ingress {' 'saddr == daddr accept' 'drop' '}'
tests 'never in eth0 udp 10.1.0.0/16 to 10.1.2.0/24 expect accept'
has 'fields that are equal: a packet where they are' 1 'not so for: in eth0 udp 10.1.2.'
# shellcheck disable=SC2317 # likewise
property() { "$fwctl" check p.fw --property "$1"; }
check 'the prover'"'"'s packet is one' 1 'in eth0 udp 198.51.100.7:40000 to 198.51.100.7:80' \
	property 'never in eth0 udp * to * expect accept'
policy 'ingress {' 'saddr > daddr accept' 'drop' '}'
tests 'never in eth0 udp 10.1.0.0/16 to 10.1.2.0/24 expect accept'
has 'or one greater than the other' 1 'not so for: in eth0 udp 10.1.'
policy 'ingress {' 'udp sport < dport accept' 'drop' '}'
tests 'never in eth0 udp * to *:1000 expect accept'
has 'a port below another' 1 'disproved'
lacks 'and that is not said to be proved' '   proved'

# What the prover knows nothing of: servers and addresses that are not there.
policy 'pool web { scheduler round-robin; 10.0.0.5:80 }' 'ingress {' \
	'tcp dport 80 balance @web accept' 'drop' '}'
tests 'always in eth0 tcp * to *:80 syn expect accept'
has 'no server of the other family' 1 'no-server'
tests 'never in eth0 tcp * to *:22 syn expect accept'
has 'which lets nothing in' 0 '   proved'
tests 'always in eth0 tcp * to *:22 syn expect drop'
has 'and drops no less' 0 '   proved'
policy 'ingress { accept }' 'egress {' 'oif eth1 masquerade accept' 'accept' '}'
tests 'address 10.0.0.1/24 dev eth0' 'route 0.0.0.0/0 dev eth1' \
	'always in eth0 udp 10.0.0.0/24 to 9.9.9.9 expect accept'
has 'an interface without address' 1 'no-address'
tests 'address 10.0.0.1/24 dev eth0' 'address 10.1.0.1/24 dev eth1' 'route 0.0.0.0/0 dev eth1' \
	'always in eth0 udp 10.0.0.0/24 to 9.9.9.9 expect accept'
has 'one that has one' 0 'held by'

# Packets that are tried leave one another alone.
policy 'set seen : addr { timeout 1h }' 'ingress {' 'saddr @seen drop' \
	'udp dport 53 add @seen { saddr } accept' 'accept' '}'
tests 'address 10.0.0.1/8 dev eth0' \
	'always in eth0 udp 10.0.0.7 to 10.0.0.1:53 expect accept conn'
has 'what another one added to a set' 0 'held by'
policy 'ingress {' 'udp dport 53 limit 2/hour burst 2 accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' \
	'always in eth0 udp 10.0.0.7 to 10.0.0.1:53 expect accept conn'
has 'what others took of a limit' 0 'held by'

# What becomes of them by themselves.
policy 'ingress {' 'ttl < 3 log "x" accept' 'accept' '}'
tests 'address 10.0.0.1/8 dev eth0' 'route 0.0.0.0/0 dev eth1' \
	'always in eth0 udp 10.0.0.7 to 9.9.9.9:53 expect out eth1'
has 'a ttl that is over' 0 'held by'
tests 'address 10.0.0.1/8 dev eth0' 'route 0.0.0.0/0 dev eth1' \
	'always in eth0 udp 10.0.0.7 to 9.9.9.9:53 ttl 1 expect out eth1'
has 'one that the pattern says' 1 'ttl-exceeded'
policy 'ingress { accept }'
tests 'address 10.0.0.1/8 dev eth0' \
	'always in eth0 udp 10.0.0.7 to 10.0.0.1 frag 8 expect local'
has 'a fragment that waits is none' 1 'no packet that opens a connection'
tests 'address 10.0.0.1/8 dev eth0' \
	'never in eth0 udp 10.0.0.7 to 10.0.0.1 frag 8 expect held'
has 'but where that is what is expected' 1 'not so for:'

policy 'set bad : addr { elements = { 10.77.3.4 } }' 'ingress {' 'saddr @bad accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' 'never in eth0 udp * to 10.0.0.1 expect conn'
has 'what a live set has at first is tried' 1 'in eth0 udp 10.77.3.4'

# What else a packet has.
odd() {
	policy 'option adopt 0s' 'ingress {' "$1 accept" 'drop' '}'
	tests 'address 10.0.0.1/8 dev eth0' "never in eth0 $2 * to 10.0.0.1 expect accept conn"
	has "$1: proved first" 1 'not so for:'
	tests 'address 10.0.0.1/8 dev eth0' "never in eth0 $2 * to 10.0.0.1 expect conn"
	has "$1: sampled" 1 'not so for:'
}
odd 'ttl 9' udp
odd 'dscp 46' udp
odd 'mark 77' udp
odd 'length 200-300' udp
odd 'tcp flags & urg == urg' tcp
policy 'ingress {' 'icmp type echo-request icmp code 5 accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' 'never in eth0 icmp * to 10.0.0.1 expect local'
has 'an odd code' 1 'code 5'

policy 'ingress {' 'icmp type echo-request accept' 'drop' '}'
tests 'address 10.0.0.1/8 dev eth0' 'never in eth0 * * to 10.0.0.1:22 expect conn'
has 'a port is of packets that have ports' 0 'ok 1'
policy 'ingress { accept }'
tests 'never in eth0 icmp * to *:22 expect drop'
has 'a protocol without ports' 1 't.fwt:1:15: error: there is no such packet'
tests 'never in eth0 icmp * to *:* expect drop'
has 'any port is none' 0 'ok 1'

## Names that there are not

policy 'set bad : addr' 'ingress {' 'accept id all' '}'
in='packet in eth0 udp 1.1.1.2:1 to 1.1.1.1:2'
tests "$in" 'expect not rule al' 'expect not rule 9' 'expect not rule x.fw:3' \
	'expect not set bd 1.1.1.1' 'expect not set bad 1.1.1.1.1' \
	'never in eth0 * * to * expect rule al' 'expect not set bad 1.1.1.1'
has 'no such rule' 1 "the policy has no rule 'al'"
has 'nor such a line' 1 "the policy has no rule '9'"
has 'nor such a set' 1 'bd'
run >out 2>err
[ "$(grep -c '^not ok' out)" = 6 ] && grep -q '^ok 7' out
report $? 'each fails, what is there does not'

## Words

policy 'ingress device eth0 {' 'arp saddr 10.0.0.7 drop id seven' 'vlan id 5 drop id tag' \
	'ether saddr 02:00:00:00:00:09 drop id nine' 'accept' '}'
check 'addresses of ARP' 0 '(seven)' explain in eth0 arp request 10.0.0.7 to 10.0.0.1
check 'and no others' 0 'accept, by' explain in eth0 arp request 10.0.0.8 to 10.0.0.1
check 'its tag' 0 '(tag)' explain in eth0 arp reply vlan 5
check 'its frame' 0 '(nine)' explain in eth0 arp reply 10.0.0.8 to 10.0.0.1 \
	ether 02:00:00:00:00:09 to 02:00:00:00:00:01
check 'nothing else' 2 "'ttl' is no word of ARP" explain in eth0 arp request ttl 5
check 'no port' 2 'of ARP' explain in eth0 arp request 10.0.0.7:5 to 10.0.0.1
check 'an address alone' 2 'of ARP' explain in eth0 arp request 10.0.0.7

policy 'pool web { 10.0.0.8:80 }' 'ingress {' 'tcp dport 80 balance @web accept' 'drop' '}'
tests 'pool weight web 10.0.0.8:80 weight 3' "$in" 'expect drop'
has 'the weight of a server' 0 'ok 1'

policy 'ingress {' 'pkttype broadcast drop id all' 'accept' '}'
tests 'address 10.0.0.1/24 dev eth0' 'address 10.0.1.1/24 dev eth1' \
	'packet in eth0 udp 10.0.0.2:5 to 10.0.0.255:137' 'expect drop rule all not conn' \
	'packet in eth0 udp 10.0.0.2:5 to 10.0.1.255:137' 'expect accept' \
	'packet in eth0 udp 10.0.0.2:5 to 10.0.0.255:137 ether 02:00:00:00:00:02 to 02:00:00:00:00:09' \
	'expect accept'
has "a subnet's broadcast" 0 '1..3'

policy 'ingress { accept }'
tests 'wait 2m 5m'
has 'a wait and more' 1 't.fwt:1:9: error: nothing may follow here'
tests 'seed 4 5'
has 'a seed and more' 1 't.fwt:1:8: error: nothing may follow here'
tests $'never\tin eth0 udp * to *\texpect\tdrop' $'packet in eth0 udp 1.1.1.1:1 to 2.2.2.2:2\tas\ta' \
	$'reply\ta' $'quote\ta\ticmp\ttype 3\tcode 1\tfrom\t3.3.3.3'
lacks 'tabs between words' error
# Of several files the first ones were run when another is none.
tests "$in" 'expect accept'
echo bogus >bad.fwt
check 'a file that is none' 1 'bad.fwt:1:1: error' "$fwctl" test p.fw t.fwt bad.fwt
check 'who reads TAP hears of it' 1 'Bail out! bad.fwt was not run' "$fwctl" test p.fw t.fwt bad.fwt
"$fwctl" -j test p.fw t.fwt bad.fwt >out 2>err
[ $? = 1 ] && grep -q '^bad.fwt:1:1: error' err &&
	python3 -c 'import json, sys; assert [t["ok"] for t in json.load(sys.stdin)] == [True]' <out 2>>err
report $? 'JSON: the list ends, and the error is told beside it'
tests 'policy nofile.fw'
has 'a policy that is not there' 1 'cannot read nofile.fw'
lacks 'without a line that it has not' ':0:0'
tests "$in" 'expect not not accept'
has 'not not' 1 "'not' stands here twice"
lacks 'with no hint' 'did you mean'

# No word is so long that the line ends there, for the reader alone.
printf -v long '%0140d' 0
long=${long//0/x}
tests "$in" "expect accept $long rule nosuch"
has 'a long word among what is expected' 1 't.fwt:2:15: error: this word is too long'
tests "$in as c1 $long" 'expect accept'
has 'behind a name' 1 "t.fwt:1:$((${#in} + 8)): error: this word is too long"
tests "wait 3s $long"
has 'behind a duration' 1 't.fwt:1:9: error: this word is too long'
tests "$long"
has 'where a statement begins' 1 't.fwt:1:1: error: this word is too long'
one='in eth0 tcp 1.2.3.4:5 to 5.6.7.8:22'
tests "packet $one $long fin" 'expect accept'
has 'among those of a packet' 1 "' is no word of a packet"
tests "always in eth0 tcp * to *:22 ttl 3 $long ttl 9 expect accept"
has 'of a property' 1 "' is no word of a packet"
tests "always in eth0 tcp * to *:22 ttl 3${long//x/   } ttl 9 expect accept"
has 'and no blanks are, either' 1 'this is longer than any packet'
tests "$in as q" "quote q icmp type 3 from 10.0.0.9${long//x/        } code 1 bogus"
has 'nor behind who sends an error' 1 't.fwt:2:13: error: this is longer than any packet'
check 'in a property that is to be proved' 2 "xxx...' is no word of a property" \
	property "never in eth0 tcp * to *:22 $long expect drop"
check 'in a packet' 2 "fwctl: 'xxx" explain "$one ${long//x/xxxxxxxxxx}"
check 'what stands in the next line is one of it' 2 "'bogus' is no word of a packet" \
	explain "$one"$'\nbogus words'
check 'of a property, too' 2 "'foo' stands behind the end" \
	property $'never in eth0 tcp * to *:22 expect drop\nfoo'
check 'where a comment ends' 2 "'#' stands behind the end" \
	property $'never in eth0 tcp * to *:22 expect drop # a\nfoo'
check '... and its line' 0 'holds' property $'never in eth0 tcp * to *:22 expect drop # a\r\n'
check 'a property of two lines' 0 'holds' property $'never in eth0 tcp * to *:22\n\texpect drop\n'
check 'the path of a cgroup is a word' 2 "$long' is not a cgroup" \
	explain "out eth0 tcp 1.2.3.4:5 to 5.6.7.8:22 cgroup /system.slice/$long"
check 'a route and more, far behind it' 2 "'bogus' is no word of a route" \
	explain --route "10.0.0.0/8 dev eth0${long//x/  }bogus bogus" "$one"
check 'and farther' 2 'this is too long' \
	explain --route "10.0.0.0/8 dev eth0${long//x/         }bogus bogus" "$one"

## What is met twice counts once

# opens FIRST LAST: connections by UDP, from these ports; each passes.
opens() {
	local i
	for ((i = $1; i <= $2; i++)); do
		printf '%s\n' "packet in lan udp 10.0.0.2:$i to 192.0.2.9:53 as c$i" 'expect accept out wan'
	done
}
wires=('address 10.0.0.1/24 dev lan' 'address 192.0.2.1/24 dev wan')
policy 'tree t { udp dport 53 ct count by saddr > 3 drop id many }' 'ingress { call t; call t; accept }' \
	'egress { call t; accept }'
printf '# again\n' | cat p.fw - >again.fw
tests "${wires[@]}" "$(opens 1 3)" 'packet in lan udp 10.0.0.2:4 to 192.0.2.9:53' 'expect drop rule many'
has 'ct count: by both hooks, and twice in one' 0 '1..4'
tests "${wires[@]}" "$(opens 1 2)" 'policy again.fw' 'reply c1' 'expect accept' 'reply c2' 'expect accept' \
	"$(opens 3 3)" 'packet in lan udp 10.0.0.2:4 to 192.0.2.9:53' 'expect drop rule many'
has 'and where they are decided afresh' 0 '1..6'
policy 'tree t { limit over 3/hour burst 3 drop }' 'ingress { call t; call t; accept }'
tests "${wires[@]}" "$(opens 1 3)" 'packet in lan udp 10.0.0.2:4 to 192.0.2.9:53' 'expect drop'
has 'a limit takes a token' 0 '1..4'
policy 'tree t { split round-robin { 1 -> set mark 1; 1 -> set mark 2 } }' 'ingress { call t; call t; accept }'
tests "${wires[@]}" "$(opens 1 1)" 'expect mark 1' "$(opens 2 2)" 'expect mark 2' "$(opens 3 3)" 'expect mark 1'
has 'a split goes on by a turn' 0 '1..6'

# Later packets have the turn of their connection; what starts here walks twice at first.
policy 'option evaluate per-packet' \
	'ingress {' 'split round-robin { 1 -> set mark 1; 1 -> set mark 2 }' 'accept' '}' \
	'egress {' 'iif none split round-robin { 1 -> set mark 1; 1 -> set mark 2 }' 'accept' '}'
tests "${wires[@]}" "$(opens 1 1)" 'expect mark 1' "$(opens 1 1)" 'expect mark 1' 'reply c1' 'expect mark 1' \
	"$(opens 2 2)" 'expect mark 2' "$(opens 2 2)" 'expect mark 2' "$(opens 3 3)" 'expect mark 1'
has 'a split, where each packet walks' 0 '1..11'
out='packet out wan udp 192.0.2.1:%s to 192.0.2.9:53\nexpect mark %s\n'
# shellcheck disable=SC2059 # a format
tests "${wires[@]}" "$(printf "$out" 1 1 1 1 2 2 2 2 3 1)"
has 'and of what starts here' 0 '1..5'

## Names that have addresses together

policy 'set s : addr { max 3; elements = { a.example, b.example, c.example } }' \
	'ingress { saddr @s accept; drop }'
tests "${wires[@]}" 'name a.example 10.0.0.11, 10.0.0.12' 'name b.example 10.0.0.11, 10.0.0.12' \
	'name c.example 10.0.0.13' 'packet in lan udp 10.0.0.13:1 to 10.0.0.1:53' 'expect accept'
has 'take room in a set once' 0 '1..1'

echo "1..$n"
exit $failed
