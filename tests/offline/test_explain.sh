#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# explain and test, as their users meet them: what they say, to whom they say no, and
# with which status they end. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
examples=$top/Documentation/examples
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
n=0 failed=0

# ok WHAT COMMAND...: COMMAND says whether.
ok() {
	local what=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		failed=$((failed + 1))
		sed 's/^/#   /' out err
	fi
}

# run STATUS WORDS...: fwctl ends with STATUS; out and err keep what it wrote.
run() {
	local want=$1 got=0
	shift
	"$fwctl" "$@" >out 2>err || got=$?
	[ "$got" -eq "$want" ] || { echo "status $got, want $want" >>err; return 1; }
}

# says TEXT: it stands in what was written.
says() { cat out err | grep -qF -- "$1"; }

# json EXPRESSION: it holds for what was written, as "j".
json() { python3 -c 'import json, sys; j = json.load(open("out")); sys.exit(not eval(sys.argv[1]))' "$1"; }

cp "$examples"/home-gateway.fw* .
gateway=(-f home-gateway.fw --world home-gateway.fwt)

## The examples hold

for policy in "$examples"/*.fw; do
	tests=${policy%.fw}.fwt
	[ ! -e "$tests" ] ||
		ok "the tests of ${policy##*/} hold" run 0 test "$policy" "$tests"
done

## One packet

one() {
	run 0 explain "${gateway[@]}" in eth0 tcp 198.51.100.7:40000 to 203.0.113.8:22 syn &&
		says 'drop, reason policy, by home-gateway.fw:' && says 'count unsolicited, drop' &&
		says 'tcp dport 22: no' && says 'iif eth0: line 14'
}
ok "a packet that is refused: each rule, and what it asked" one
translated() {
	run 0 explain "${gateway[@]}" in br-lan tcp 192.168.1.5:40000 to 93.184.216.34:443 &&
		says 'leaves by eth0: tcp 203.0.113.8:' && says 'ttl 63' && says 'connection begun: SYN_SENT'
}
ok "a packet that is translated: how it leaves, and its connection" translated
as_json() {
	run 0 -j explain "${gateway[@]}" in eth0 tcp 1.2.3.4:5 to 203.0.113.8:8080 &&
		json 'j["verdict"] == "accept" and j["reason"] is None' &&
		json 'j["rules"]["ingress"]["id"] == "nas-web" and j["rules"]["egress"]["line"] > 0' &&
		json 'j["dnat"] == "192.168.1.10:80" and j["snat"] is None' &&
		json 'j["packet"]["daddr"] == "192.168.1.10" and j["packet"]["out"] == "br-lan"' &&
		json 'any(s["hook"] == "ingress" and s["line"] and "nas" in s["text"] and s["taken"].startswith("dnat") for s in j["path"])'
}
ok "the same for programs" as_json
changes() {
	cat >changes.fw <<'END'
set seen : addr { timeout 1h }
pool web { 192.0.2.80:8080 }
ingress {
	udp dport 1 set dscp 46 set ttl 9 set priority 3 set ct mark 5 set mark ttl log "x" group 3 accept
	udp dport 2 add @seen { saddr } remove @seen { daddr } drop
	udp dport 3 balance @web accept
	udp dport 4 notrack queue 7 bypass
	tcp dport 5 set mss 1400 mss clamp accept
	queue 2
}
END
	local e=(explain -f changes.fw --address '192.0.2.1/24 dev eth0' in eth0)
	run 0 "${e[@]}" udp 192.0.2.7:9 to 192.0.2.1:1 &&
		says 'dscp 46, ttl 9, priority 3, ct mark 5, mark 9, log "x", accept' &&
		run 0 "${e[@]}" udp 192.0.2.7:9 to 192.0.2.1:2 && says 'to be added to @seen, to be taken from @seen, drop' &&
		run 0 "${e[@]}" udp 192.0.2.7:9 to 192.0.2.1:3 && says 'dnat 192.0.2.80:8080, accept' &&
		run 0 "${e[@]}" udp 192.0.2.7:9 to 192.0.2.1:4 && says 'untracked, queue 7 bypass' &&
		run 0 "${e[@]}" tcp 192.0.2.7:9 to 192.0.2.1:5 && says 'mss at most 1400, mss clamped to the way, accept' &&
		run 0 "${e[@]}" udp 192.0.2.7:9 to 192.0.2.1:6 && says '   queue 2'
}
ok "what each modifier does, and a queue, is told" changes
# A rule that ends with what a map gives goes on to the same one whether it has something or not.
maps() {
	cat >maps.fw <<'END'
map m : addr -> addr { elements = { 10.0.0.1 -> 10.0.0.9, fd00::1 -> fd00::9 } }
map marks : addr . port -> mark { elements = { 10.0.0.2 . 7 -> 5 } }
ingress {
	dnat to daddr map @m
	set mark saddr . dport map @marks
	accept
}
END
	local e=(-j explain -f maps.fw --address '10.0.0.3/8 dev eth0' --address 'fd00::3/64 dev eth0' in eth0 udp)
	run 0 "${e[@]}" 10.0.0.2:1 to 10.0.0.1:7 &&
		json '[s["taken"] for s in j["path"]] == ["dnat 10.0.0.9:7", "mark 5", "accept"]' &&
		json 'j["path"][0]["value"] == "daddr 10.0.0.1" and j["path"][1]["value"] == "saddr 10.0.0.2, dport 7"' &&
		run 0 "${e[@]}" '[fd00::2]:1' to '[fd00::1]:7' &&
		json '[s["taken"] for s in j["path"]] == ["dnat [fd00::9]:7", "nothing in the map", "accept"]' &&
		run 0 "${e[@]}" 10.0.0.2:1 to 10.0.0.3:8 &&
		json '[s["taken"] for s in j["path"]] == ["nothing in the map", "nothing in the map", "accept"]'
}
ok "what a map gave, or that it had nothing" maps
original() {
	printf 'ingress {\n ct original daddr 10.0.0.1 accept\n ct original saddr fd00::2 drop\n ct direction reply drop\n ct original protocol tcp drop\n accept\n}\n' >original.fw
	local e=(explain -f original.fw --address '10.0.0.3/8 dev eth0' --address 'fd00::3/64 dev eth0' in eth0 udp)
	run 0 "${e[@]}" 10.0.0.2:1 to 10.0.0.1:7 && says 'ct original daddr 10.0.0.1: ' &&
		run 0 -j "${e[@]}" '[fd00::2]:1' to '[fd00::3]:7' && json 'j["path"][-1]["value"] == "ct original saddr fd00::2"' &&
		run 0 "${e[@]}" 10.0.0.2:1 to 10.0.0.3:7 && says 'ct direction original: no' && says 'ct original protocol udp: no'
}
ok "the ends of a connection are told as addresses, its direction by name" original
rejected() {
	printf 'ingress {\n tcp dport 80 reject\n drop\n}\n' >reject.fw
	run 0 explain -f reject.fw --address '192.0.2.1/24 dev eth0' in eth0 tcp 192.0.2.7:9 to 192.0.2.1:80 &&
		says 'reject, reason reject, by reject.fw:2' &&
		says 'answered by eth0: tcp 192.0.2.1:80 > 192.0.2.7:9 rst ack'
}
ok "what is answered to a packet that is rejected" rejected
# The answer walks, too, by the device that it leaves by, and is another packet.
answered() {
	printf 'egress {\n oif eth0 udp dport 53 reject id refused\n accept\n}\negress device eth1 { accept id answer }\ningress {\n tcp dport 22 reject id here\n accept\n}\n' >answer.fw
	printf 'address 192.0.2.1/24 dev eth0\naddress 10.0.0.1/24 dev eth1\naddress fd00::1/64 dev eth1\naddress 2001:db8::1/64 dev eth0\n' >answer.fwt
	run 0 explain -f answer.fw --world answer.fwt in eth1 udp 10.0.0.2:1 to 192.0.2.7:53 &&
		says 'by answer.fw:2 (refused)' && ! says 'id answer' && says 'answered by eth1: icmp' || return 1
	{
		printf 'packet in eth1 %s\nexpect reject rule %s\n' 'udp 10.0.0.2:1 to 192.0.2.7:53' refused \
			'udp [fd00::2]:1 to [2001:db8::7]:53' refused 'tcp 10.0.0.2:1 to 192.0.2.7:22' here \
			'tcp [fd00::2]:1 to [2001:db8::7]:22' here
	} >>answer.fwt
	run 0 test answer.fw answer.fwt && says '1..4' &&
		sed 's/rule refused/rule answer/' answer.fwt >other.fwt && run 1 test answer.fw other.fwt && says 'not ok 1' && says 'not ok 2'
}
ok "it is not taken for the packet that it answers" answered
# What the machine tells who sent it walks as well, and may be rejected: that is no word of the packet.
ended() {
	printf '%s\ningress { accept }\negress { iif none reject; accept }\n' "$1" >ended.fw
	local e=(explain -f ended.fw --address '10.0.0.1/8 dev lan' --address '192.0.2.1/24 dev eth0' in lan udp 10.0.0.2:1 to)
	run 0 "${e[@]}" 192.0.2.7:9 ttl 1 && says 'drop, reason ttl-exceeded' &&
		run 0 "${e[@]}" 198.51.100.7:9 && says 'drop, reason no-route'
}
ok "what ends at the machine is dropped, whatever becomes of its answer" ended ''
ok "so where each packet walks" ended 'option evaluate per-packet'
device() {
	printf 'ingress device eth0 {\n arp op 1 drop\n accept\n}\n' >dev.fw
	run 0 explain -f dev.fw in eth0 arp request && says 'by dev.fw:2' &&
		run 0 explain -f dev.fw in eth0 arp reply && says 'accept, by dev.fw:3' &&
		run 0 explain -f dev.fw in eth1 arp request && says 'accept'
}
ok "the trees of devices" device
nowhere() { run 0 explain -f home-gateway.fw in br-lan udp 192.168.1.4:4 to 1.1.1.1:5 && says 'no route is given'; }
ok "without routes the way ends behind ingress, and that is said" nowhere

forest() {
	local i
	{
		echo 'ingress {'
		for i in $(seq 100 400); do echo " saddr 10.0.0.0/8 tcp dport $i accept id r$i"; done
		echo ' drop'; echo '}'
	} >many.fw
	run 0 -j explain -f many.fw in eth0 tcp 10.1.1.1:5 to 1.1.1.1:300 &&
		json 'j["rules"]["ingress"]["id"] == "r300" and len(j["path"]) == 201' &&
		run 0 -j explain -f many.fw in eth0 tcp 10.1.1.1:5 to 1.1.1.1:99 &&
		json 'j["verdict"] == "drop" and j["rules"]["ingress"]["line"] == 303'
}
ok "a packet among hundreds of rules: each of them, and the one that decided" forest

## Pieces, and what does not fit

cat >pieces.fw <<'END'
option adopt 0s
ingress {
	ct state invalid drop id invalid
	udp dport 53 dnat to 10.0.0.53 accept id dns
	fragment yes drop id fragment
	length 3000-4000 drop id long
	tcp dport 80 accept
	icmp type echo-request accept
	icmpv6 type echo-request accept
	drop
}
egress { oif wan family ipv4 masquerade accept; accept }
END
cat >pieces.fwt <<'END'
address 192.0.2.1/24 dev wan
address 2001:db8::1/64 dev wan
address 10.0.0.1/8 dev lan
address fd00::1/64 dev lan
route default via 192.0.2.254 dev wan
route default via 2001:db8::fe dev wan
route 198.51.100.0/24 via 192.0.2.253 dev wan mtu 1400
link lan mtu 9000

# Whole when the last of it is there, in whatever order; decided as one.
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 1480 len 120 ipid 7
expect held
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 0+ len 1500 ipid 8
expect held
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 0+ len 1500 ipid 7
expect accept rule dns dnat 10.0.0.53 out lan state new
packet in wan udp [2001:db8::7]:1 to [fd00::5]:80 frag 1400 len 1500 ipid 3
expect held
packet in wan udp [2001:db8::7]:1 to [fd00::5]:80 frag 0+ len 1448 ipid 3
expect drop rule 10
# Half a minute, and a piece that came twice.
wait 31s
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 1480 len 120 ipid 8
expect held
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 1480 len 120 ipid 8
expect held
# Pieces over each other end the packet.
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 1400 len 120 ipid 8
expect drop reason malformed
packet in wan udp 198.51.100.7:1 to 192.0.2.1:53 frag 0+ len 1500 ipid 8
expect held
# As long as all of it.
packet in wan tcp 198.51.100.7:1 to 10.0.0.5:80 syn frag 0+ len 1500 ipid 9
expect held
packet in wan tcp 198.51.100.7:1 to 10.0.0.5:80 frag 1480 len 1600 ipid 9
expect drop rule long

# Where it does not fit it is cut, or refused if it must not be.
packet in lan icmpv6 fd00::5 to 2001:db8:1::1 len 1501
expect drop reason too-big
packet in lan icmpv6 fd00::5 to 2001:db8:1::1 len 1500 
expect accept out wan
packet in lan icmp 10.0.0.5 to 198.51.100.7 len 1401
expect accept out wan
# What can't go on.
packet in lan icmp 10.0.0.5 to 198.51.100.7 ttl 1
expect drop reason ttl-exceeded
END
pieces() { run 0 test pieces.fw pieces.fwt; }
ok "fragments, and the size of links and routes" pieces
told() {
	run 0 explain -f pieces.fw --world pieces.fwt in lan icmpv6 fd00::5 to 2001:db8:1::1 len 1501 &&
		says 'drop, reason too-big' && says 'answered by lan: icmpv6 fd00::1 > fd00::5' &&
		says 'type 2 code 0' &&
		run 0 explain -f pieces.fw --world pieces.fwt in lan icmp 10.0.0.5 to 198.51.100.7 ttl 1 &&
		says 'answered by lan: icmp 10.0.0.1 > 10.0.0.5 type 11 code 0'
}
ok "and what who sent it is told" told
mtu() {
	printf 'link lan mtu 67\n' >mtu.fwt && run 1 test pieces.fw mtu.fwt && says '68 to 65536' &&
		printf 'link\n' >mtu.fwt && run 1 test pieces.fw mtu.fwt && says 'link IF [mtu N] [vrf VRF]' &&
		printf 'route default via 1.1.1.1 dev x mtu y\n' >mtu.fwt &&
		run 1 test pieces.fw mtu.fwt && says "mtu.fwt:1"
}
ok "a size that is none, and a link without a name" mtu

## What is no packet

bad() { run 2 explain "${gateway[@]}" "$@"; }
flag() { bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 syn && says 'TCP alone has flags' && says '^~~'; }
ok "syn on udp" flag
interface() {
	run 1 explain "${gateway[@]}" in eth7 udp 1.2.3.4:4 to 1.1.1.1:5 && says "names the interface 'eth7'" && says '   ^~~~' &&
		run 1 explain "${gateway[@]}" out eth7 udp 1.2.3.4:4 to 1.1.1.1:5 && says "names the interface 'eth7'"
}
ok "an interface that no route names" interface
world() {
	printf 'address 2001:db8::1/64 dev eth0\naddress fd00::1/64 dev eth1\nlink eth1 mtu 1400\n' >small.fwt
	run 0 explain -f open.fw --world small.fwt in eth0 icmpv6 2001:db8::7 to fd00::9 len 1401 && says 'reason too-big' &&
		run 0 explain -f open.fw --world - in eth0 icmpv6 2001:db8::7 to fd00::9 len 1400 <small.fwt && says 'leaves by eth1'
}
printf 'ingress { accept }\n' >open.fw
ok "all that a test file says of the world is taken, from standard input too" world
bad_world() {
	printf 'address 10.0.0.1/8 dev eth0\nroute nowhere dev eth0\nlnk eth0 mtu 9\nexpect acept\n' >bad.fwt
	run 1 explain -f open.fw --world bad.fwt in eth0 udp 10.0.0.2:4 to 10.0.0.1:5 &&
		says 'bad.fwt:2:7: error' && says 'bad.fwt:3:1: error' && says "did you mean 'link'" && says 'bad.fwt:4:8' && says '^~~~' &&
		run 1 -j explain -f open.fw --world bad.fwt in eth0 udp 10.0.0.2:4 to 10.0.0.1:5 && json 'j["errors"][0]["line"] == 2 and j["errors"][0]["column"] == 7' &&
		run 1 explain -f open.fw --world missing.fwt in eth0 udp 10.0.0.2:4 to 10.0.0.1:5 && says missing.fwt
}
ok "what is wrong there is told with its place" bad_world
no_route() {
	run 2 explain -f open.fw --route default in eth0 udp 10.0.0.2:4 to 10.0.0.1:5 && says "--route 'default'" &&
		run 2 explain -f open.fw --address nowhere in eth0 udp 10.0.0.2:4 to 10.0.0.1:5 && says "--address 'nowhere'"
}
ok "routes and addresses that are typed wrong are usage" no_route
kind() { bad in eth0 tcp 1.2.3.4:4 to 1.1.1.1:5 type 3 && says 'ICMP alone has types'; }
ok "a type on tcp" kind
short() { bad in eth0 tcp 1.2.3.4:4 to 1.1.1.1:5 len 39 && says 'its headers are 40 bytes'; }
ok "a packet shorter than its headers" short
family() {
	bad in eth0 icmp ::1 to ::2 && says 'queries are icmpv6' && says '  ^~~~' &&
		bad in eth0 icmpv6 1.1.1.1 to 1.1.1.2 && says 'queries are icmp' &&
		run 0 explain "${gateway[@]}" in eth0 58 1.1.1.1 to 203.0.113.8
}
ok "ICMP of the other family" family
impossible() {
	bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 frag 7 && says 'multiples of 8' &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 frag 0 && says "'0+' is meant" &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 len 65536 && says 'it may have 65535' &&
		bad in eth0 udp '[::1]:4' to '[::2]:5' len 65576 && says 'it may have 65575' &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 vlan 4095 && says "no number for 'vlan'" &&
		bad in eth0 gre 1.2.3.4:4 to 1.1.1.1 && says 'has no ports' &&
		bad in eth0 udp 1.2.3.4:4 to '[::1]:5' && says 'two families' &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:65536 && says 'a destination is meant' &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 seq 9 && says 'TCP alone has sequence numbers' &&
		bad in eth0 tcp 1.2.3.4:4 to 1.1.1.1:5 ether 1:2 to 3:4 && says 'MAC to MAC'
}
ok "fragments, lengths, tags, ports and numbers that there can't be" impossible
odd() {
	printf 'option adopt 0s\ningress {\n ct state invalid drop\n accept\n}\n' >odd.fw
	run 0 explain -f odd.fw --address '192.0.2.1/24 dev eth0' "$@" && says "ingress, invalid ($what"
}
odd_ones() {
	local what='an ICMP error about no connection'
	odd in eth0 icmp 192.0.2.7 to 192.0.2.1 type 3 code 4 && odd in eth0 icmpv6 fd00::7 to fd00::1 type 2 || return 1
	what='TCP flags that do not go together'
	odd in eth0 tcp 192.0.2.7:1 to 192.0.2.1:2 syn fin && odd in eth0 tcp 192.0.2.7:1 to 192.0.2.1:2 fin || return 1
	what='TCP of no connection'
	odd in eth0 tcp 192.0.2.7:1 to 192.0.2.1:2 ack && odd in eth0 tcp 192.0.2.7:1 to 192.0.2.1:2 syn ack || return 1
	what='an ICMP answer that nobody has asked for'
	odd in eth0 icmp 192.0.2.7 to 192.0.2.1 type 0 || return 1
	what='an ICMP message that is no query'
	odd in eth0 icmp 192.0.2.7 to 192.0.2.1 type 9 &&
		run 0 -j explain -f odd.fw --address '192.0.2.1/24 dev eth0' in eth0 icmp 192.0.2.7 to 192.0.2.1 type 3 && json '"ICMP error" in j["odd"]' &&
		run 0 -j explain -f odd.fw --address '192.0.2.1/24 dev eth0' in eth0 icmp 192.0.2.7 to 192.0.2.1 && json 'j["odd"] is None'
}
ok "what is invalid is named: errors, flags, answers to nothing" odd_ones
# Of a connection that is known, and no part of it: where it comes in, and where it leaves.
outside() {
	local c='packet in eth0 tcp 192.0.2.7:1 to 10.0.0.2:2'
	printf 'option adopt 0s\negress {\n ct state invalid drop\n accept\n}\n' >leaves.fw
	cat >outside.fwt <<END
address 192.0.2.1/24 dev eth0
address 10.0.0.1/8 dev lan
$c syn seq 1000 as c
expect accept conn SYN_SENT
reply c syn ack seq 5000
expect accept conn SYN_RECV
$c ack seq 1001
expect accept conn ESTABLISHED
$c ack seq 90000000
expect accept
END
	run 1 test odd.fw outside.fwt && says 'not ok 4' && ! says 'TCP of no connection' &&
		says 'ingress, invalid (it has the ends of a connection, and does not fit its windows or its state)' &&
		run 1 test leaves.fw outside.fwt && says 'not ok 4' && ! says 'TCP of no connection' &&
		says 'egress, invalid (it has the ends of a connection, and is no part of it)'
}
ok "what has the ends of a connection and is none of its own is named as that" outside
cat >owner.fw <<'END'
option adopt 0s
egress {
	uid root gid 7 accept id both
	uid 33 reject id web
	cgroup 4294967301 accept id cg
	dscp ef accept id ef
	drop id rest
}
ingress { dscp cs1 drop id cs1
	udp dport 7 reject
	accept }
END
owns() { run 0 explain -f owner.fw --address '192.0.2.1/24 dev eth0' "$@"; }
owner() {
	owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 uid 0 gid 7 && says 'accept, ' && says '(both)' &&
		owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 uid root && says 'gid not said' && says '(rest)' &&
		owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 uid 33 && says 'reject, ' && says '(web)' &&
		owns out eth0 udp '[fd00::1]:1' to '[fd00::2]:2' cgroup 0x100000005 && says '(cg)' &&
		owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 cgroup 5 && says 'cgroup 5' && says '(rest)' &&
		owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 && says 'uid not said: no' && says 'cgroup not said: no' && says '(rest)' &&
		owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 dscp 46 && says '(ef)' &&
		owns out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 dscp ef && says '(ef)' &&
		owns in eth0 udp 192.0.2.7:1 to 192.0.2.1:2 dscp cs1 && says '(cs1)'
}
ok "whose socket it is, and its DSCP" owner
# What this machine answers by itself is nobody's, whoever was there before.
answers() {
	owns in eth0 udp 192.0.2.7:1 to 192.0.2.1:7 && ! says uid &&
		printf 'packet out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 uid 0 gid 7 as a\nexpect accept rule both conn\nreply a\nexpect accept local\nwait 1h\npacket out eth0 udp 192.0.2.1:1 to 192.0.2.7:2\nexpect drop rule rest\n' >owner.fwt &&
		sed -i '1i address 192.0.2.1/24 dev eth0' owner.fwt && run 0 test owner.fw owner.fwt
}
ok "and of what it is not" answers
owner_batch() {
	printf 'out eth0 udp 192.0.2.1:1 to 192.0.2.7:2 uid 33\nout eth0 udp 192.0.2.1:1 to 192.0.2.7:2 uid 0 gid 7\nout eth0 udp 192.0.2.1:1 to 192.0.2.7:2 cgroup 4294967301\nout eth0 udp 192.0.2.1:1 to 192.0.2.7:2 dscp ef\nout eth0 udp 192.0.2.1:1 to 192.0.2.7:2\n' >owners
	printf 'reject\t4\naccept\t3\naccept\t5\naccept\t6\ndrop\t7\n' >want
	for engine in compiled linear; do
		run 0 explain -f owner.fw --batch owners --engine $engine && cmp want out &&
			run 0 explain -f owner.fw --address '192.0.2.1/24 dev eth0' --batch owners --engine $engine && cmp want out || return 1
	done
}
ok "the same of a batch, by either engine, with addresses and without" owner_batch
owner_bad() {
	bad out eth0 udp 1.2.3.4:4 to 1.1.1.1:5 uid && says 'a number or a name is missing' &&
		bad out eth0 udp 1.2.3.4:4 to 1.1.1.1:5 uid no-such-user && says "'no-such-user' is not a user of this machine" &&
		bad out eth0 udp 1.2.3.4:4 to 1.1.1.1:5 gid 4294967296 && bad out eth0 udp 1.2.3.4:4 to 1.1.1.1:5 cgroup /no/such &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 uid 0 && says "what starts here alone" &&
		bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 dscp 64 && bad in eth0 udp 1.2.3.4:4 to 1.1.1.1:5 dscp be9
}
ok "users that there are not, and owners of what came" owner_bad
owner_never() {
	printf 'address 192.0.2.1/24 dev eth0\nnever out eth0 udp * to * uid 33 expect accept\nalways out eth0 udp * to * uid 0 gid 7 expect accept\n' >owner2.fwt
	run 0 test owner.fw owner2.fwt && printf 'never out eth0 udp * to * uid 0 expect accept\n' >>owner2.fwt && run 1 test owner.fw owner2.fwt && says 'not ok 3'
}
ok "properties of a user's packets" owner_never

## As the kernel has it

cat >kernel.fw <<'END'
option adopt 0s
ingress {
	ct state new tcp dport 80 ct count by saddr > 1 drop id many
	udp dport 9 set priority 3 accept
	accept
}
egress {
	udp dport 7 pkttype host accept id host
	udp dport 7 drop
	udp dport 8 priority 4 accept id four
	udp dport 8 priority != 0 drop
	udp dport 9 priority 3 accept id kept
	accept
}
END
printf 'address %s\n' '192.0.2.1/24 dev eth0' '2001:db8::1/64 dev eth0' '10.0.0.1/8 dev lan' 'fd00::1/64 dev lan' >kernel.world
# Whose place a connection takes is one less.
again() {
	local a='192.0.2.7:1000 to 192.0.2.1:80' b='[2001:db8::7]:1000 to [2001:db8::1]:80' p
	for p in "$a" "$b"; do
		cat kernel.world - >again.fwt <<END
packet in eth0 tcp $p as a
expect accept conn
reply a syn ack
expect accept
packet in eth0 tcp $p ack
expect accept
packet in eth0 tcp $p rst
expect accept
packet in eth0 tcp $p syn seq 900000
expect accept conn SYN_SENT
packet in eth0 tcp ${p/:1000/:1001}
expect drop rule many
END
		run 0 test kernel.fw again.fwt || return 1
	done
}
ok "a connection that is begun anew in the place of one that is counted" again
# A number that is too large is none.
numbers() {
	printf 'seed 99999999999999999999999\n' >numbers.fwt &&
		run 1 test home-gateway.fw numbers.fwt && says "numbers.fwt:1:6: error: '99999999999999999999999' is no number" &&
		printf 'packet in eth0 udp 1.2.3.4:4 to 1.1.1.1:5\nexpect mark 4294967296\n' >numbers.fwt &&
		run 1 test home-gateway.fw numbers.fwt && says "numbers.fwt:2:13: error: '4294967296' is no number" &&
		printf 'seed 0xffffffffffffffff\npacket in eth0 udp 1.2.3.4:4 to 1.1.1.1:5\nexpect mark 0xffffffff\n' >numbers.fwt &&
		run 1 test home-gateway.fw numbers.fwt && says 'not ok 1'
}
ok "numbers that are too large" numbers
# Chance of frames: each its own, and the same by the same seed.
drawn() {
	local seed said=
	printf 'ingress device eth0 {\n\t%s\n\tdrop\n}\n' "$1" >chance.fw
	for seed in 1 1 2 3; do
		{
			echo "seed $seed"
			for _ in {1..32}; do printf 'packet in eth0 udp 192.0.2.7:1 to 192.0.2.1:2\nexpect accept\n'; done
		} >chance.fwt
		run 1 test chance.fw chance.fwt && [ "$(grep -c '^ok' out)" -gt 4 ] || return 1
		said+=" $(grep -E '^(not )?ok' out | cut -c 1 | tr -d '\n')"
	done
	read -r -a said <<<"$said"
	[ "${said[0]}" = "${said[1]}" ] && [ "${said[0]}" != "${said[2]}" ] && [ "${said[2]}" != "${said[3]}" ]
}
ok "chance at a device is another one for each frame, by the seed" drawn 'random 1/2 accept'
ok "so is a split's" drawn 'split random { 1 -> accept; 1 -> drop }'
starts() {
	run 0 explain -f kernel.fw --world kernel.world out eth0 udp 192.0.2.1:1 to 192.0.2.7:7 && says '(host)' &&
		run 0 explain -f kernel.fw --world kernel.world out eth0 udp '[2001:db8::1]:1' to '[2001:db8::7]:7' && says '(host)'
}
ok "what starts here is of pkttype host" starts
forwards() {
	local e=(explain -f kernel.fw --world kernel.world in lan udp)
	run 0 "${e[@]}" 10.0.0.2:1 to 192.0.2.7:8 dscp ef && says '(four)' &&
		run 0 "${e[@]}" 10.0.0.2:1 to 192.0.2.7:8 && says 'by kernel.fw:13' &&
		run 0 "${e[@]}" '[fd00::2]:1' to '[2001:db8::7]:8' dscp ef && says 'by kernel.fw:13' &&
		run 0 "${e[@]}" 10.0.0.2:1 to 192.0.2.7:9 dscp ef && says '(kept)' &&
		run 0 "${e[@]}" '[fd00::2]:1' to '[2001:db8::7]:9' dscp ef && says '(kept)'
}
ok "IPv4 forwards with the priority of the DSCP" forwards
usage() {
	run 2 explain -f home-gateway.fw && run 2 explain in eth0 udp 1.1.1.1:1 to 1.1.1.1:2 &&
		run 2 explain -f home-gateway.fw --batch x in eth0 udp 1.1.1.1:1 to 1.1.1.1:2 &&
		run 2 explain -f home-gateway.fw --frobnicate x && says frobnicate
}
ok "what is missing, or too much, is named" usage

## Tests that fail, and files that are none

fails() {
	printf 'packet in br-lan udp 10.0.0.1:1 to 1.1.1.1:2\nexpect accept\n' >fails.fwt
	run 1 test home-gateway.fw fails.fwt && says 'not ok 1 - fails.fwt:2 expect accept' &&
		says 'it is dropped, reason policy' && says 'saddr 10.0.0.1: no' && says '1..1'
}
ok "an expectation that is not met: why, and the way" fails
fails_json() { run 1 -j test home-gateway.fw fails.fwt && json 'j[0]["ok"] is False and "policy" in j[0]["why"] and "spoofed" in j[0]["way"]'; }
ok "the same for programs" fails_json
counter() {
	printf 'address 203.0.113.8/24 dev eth0\nroute 192.168.1.0/24 dev br-lan\nnever in eth0 tcp * to * expect accept\n' >never.fwt
	run 1 test home-gateway.fw never.fwt && says 'not so for: in eth0 tcp' && says ':8080'
}
ok "a property that does not hold: a packet that breaks it" counter
errors() {
	cat >errors.fwt <<'END'
rout 10.0.0.0/8 dev eth0
packet in eth0 udp 1.1.1.1:1 to 2.2.2.2:2 syn
reply nobody ack
wait soon
expect acept
address 10.0.0.1/33 dev eth0
quote nobody icmp type 3 from 1.1.1.1
never in eth0 tcp * 10.0.0.0/8 expect accept
packet in eth9 udp 1.1.1.1:1 to 2.2.2.2:2
expect drop reason polcy
END
	run 1 test home-gateway.fw errors.fwt && says "errors.fwt:1:1: error: 'rout'" &&
		says "did you mean 'route'" && says 'errors.fwt:2:43' && says 'errors.fwt:3:7' &&
		says "errors.fwt:4:6: error: 'soon' is no duration" && says 'errors.fwt:5:8' && says "did you mean 'accept'" &&
		says 'errors.fwt:6:' && says 'errors.fwt:7:7' && says 'errors.fwt:8:21' &&
		says 'errors.fwt:10:20' && says "did you mean 'policy'" && says '^~~~' && ! grep -q '^ok' out
}
ok "all errors of a test file in one go, with places and carets" errors
early() { printf 'expect accept\n' >early.fwt && run 1 test home-gateway.fw early.fwt && says 'no packet before it'; }
ok "nothing to expect it of" early
strange() {
	cat >strange.fwt <<'END'
address 10.0.0.1/8 dev eth0
link eth1 mtu 1400
packet in eth9 udp 1.1.1.1:1 to 2.2.2.2:2
packet out eth8 udp 1.1.1.1:1 to 2.2.2.2:2
packet in eth1 udp 1.1.1.1:1 to 2.2.2.2:2
expect drop not out eth7
never in eth6 tcp * to * expect accept
always in * tcp * to * expect accept
packet in eth0 udp 1.1.1.1:1 to 2.2.2.2:2 frag 4
packet in eth0 icmp ::1 to ::2
never in eth0 icmp * to fd00::/8 expect accept
quote c icmp type 3 from 1.1.1.1
END
	run 1 test home-gateway.fw strange.fwt && says "strange.fwt:3:11: error: no route and no address names the interface 'eth9'" &&
		says "strange.fwt:4:12: error: no route" && ! says 'strange.fwt:5' && says "strange.fwt:6:21: error: no route" &&
		says 'strange.fwt:7:10: error: no route' && ! says 'strange.fwt:8' && says 'strange.fwt:9:48' &&
		says 'strange.fwt:10:16: error: the addresses are of IPv6' && says 'strange.fwt:11:15: error: the addresses are of IPv6: icmpv6' &&
		says 'strange.fwt:12:7' && [ "$(grep -c '^ *^~*$' err)" = 8 ] &&
		[ "$(grep -o '^strange.fwt:[0-9]*' err)" = "$(grep -o '^strange.fwt:[0-9]*' err | sort -t: -nk2)" ]
}
ok "interfaces and packets that are not there, in a test" strange
replaced() {
	printf 'ingress { accept }\n' >open.fw
	printf 'ingress { drop }\n' >closed.fw
	cat >replaced.fwt <<'END'
packet in eth0 udp 1.1.1.1:1 to 2.2.2.2:2 as a
expect accept conn
policy closed.fw
packet in eth0 udp 1.1.1.1:1 to 2.2.2.2:2
expect drop reason revalidated no conn
packet in eth0 udp 1.1.1.1:9 to 2.2.2.2:2
expect drop reason policy
END
	sed -i '1i address 2.2.2.2/24 dev eth0' replaced.fwt
	run 0 test open.fw replaced.fwt
}
ok "another policy in between decides connections afresh" replaced
broken() { printf 'ingress { frob }\n' >broken.fw && run 1 test broken.fw early.fwt && says 'broken.fw:1:11'; }
ok "a policy with errors is not tested" broken

## Many

many() {
	python3 - >thousands.fwt <<'END'
print("address 203.0.113.8/24 dev eth0\nroute 0.0.0.0/0 via 203.0.113.1 dev eth0")
print("address 192.168.1.1/24 dev br-lan")
for i in range(5000):
    print(f"packet in br-lan tcp 192.168.1.{i % 250 + 2}:{1024 + i} to 93.184.216.34:443 as c{i}")
    print("expect accept out eth0 snat 203.0.113.8:*")
    print(f"reply c{i} syn ack\nexpect accept out br-lan state established")
END
	run 0 test home-gateway.fw thousands.fwt && says '1..10000'
}
ok "ten thousand packets" many

## Captures

python3 "$top/tests/offline/captures.py" .
pcap() { run 0 explain "${gateway[@]}" --dev br-lan --pcap "$1.pcap" && says "packets          $2" && says "accepted         $3"; }
ok "a capture of Ethernet" pcap ether 4 3
ok "a capture of IP alone" pcap raw 3 2
ok "a capture of the loopback's kind" pcap null 3 2
cooked() { run 0 explain "${gateway[@]}" --dev eth0 --pcap "$1.pcap" && says "accepted         $2" && says 'connections begun 1'; }
ok "a cooked capture: what leaves, and its answer" cooked sll 2
ok "a cooked capture, second version" cooked sll2 2
ok "the time between is waited for: the answer comes too late" cooked slow 1
# A hundred a second of 1.8 seconds, of 2.2: time is neither lost nor made.
printf 'ingress {\n\tlimit 100/second burst 5 accept\n\tdrop\n}\n' >rate.fw
paced() { run 0 -j explain -f rate.fw --dev eth0 --pcap "$1.pcap" && json "$2 <= j['summary']['accept'] <= $3"; }
ok "packets less than a millisecond apart" paced under 180 190
ok "a little more than one" paced over 220 230
snapped() { pcap snapped 5 4 && says '(cut off)' && says 'cut off          1'; }
ok "cut off by a snap length" snapped
stump() { run 0 explain "${gateway[@]}" --dev eth0 --pcap stump.pcap && says 'passed over      4'; }
ok "nothing but a stump" stump
wifi() { run 1 explain "${gateway[@]}" --dev eth0 --pcap wifi.pcap && says 'IEEE802_11 are not understood'; }
ok "a link type that is not understood" wifi
cut() { run 1 explain "${gateway[@]}" --dev br-lan --pcap broken.pcap && says 'truncated' && says 'packets          3'; }
ok "a file that ends in the middle" cut
none() { run 1 explain "${gateway[@]}" --dev br-lan --pcap none.pcap && says none.pcap; }
ok "no capture at all" none
# What libpcap says of a file, or what there is in it; never a signal, never a hang.
play() { local want=$1 file=$2; shift 2; timeout 20 "$fwctl" explain "${gateway[@]}" --dev br-lan --pcap "$file.pcap" >out 2>err; [ $? -eq "$want" ] || return 1; for text in "$@"; do says "$text" || return 1; done; }
ok "a file of nothing" play 1 empty empty.pcap
ok "its header is cut off" play 1 head-cut head-cut.pcap
ok "a header and no packets" play 0 no-packets 'packets          0'
ok "a record's header is cut off" play 1 record-cut truncated 'packets          0'
ok "a record that holds more than there was: passed over" play 0 lies 'cut off before' 'passed over      1' 'accepted         3'
ok "one longer than any file may have" play 1 huge huge.pcap 'packets          0'
ok "a packet longer than any" play 0 giant 'longer than any packet' 'passed over      1' 'accepted         3'
ok "one of which nothing was captured" play 0 none-of-it 'passed over      1' 'accepted         3'
ok "times that go back, and far on" play 0 back 'packets          3' 'accepted         2'
ok "the other byte order" play 0 swapped 'accepted         3'
ok "nanoseconds" play 0 nano 'packets          4' 'accepted         3'
ok "pcapng" play 0 blocks 'packets          4' 'accepted         3'
ok "OpenBSD's loopback" play 0 loop 'packets          3' 'accepted         2'
ok "IPv4 alone" play 0 link-228 'packets          3' 'accepted         2'
ok "IPv4 where IPv6 is said" play 0 link-229 'packets          3'
ok "a tag before the packet" play 0 tagged 'packets          3' 'accepted         2'
refused() { play 1 "$1" 'captures of link type' 'are not understood' 'EN10MB, RAW'; }
for link in 147 9 127 65535; do ok "link type $link is refused by its name" refused "link-$link"; done
malformed() { play 0 bad 'malformed: 9' 'dropped          9' && play 0 bad-raw 'accepted         0' 'not IP'; }
ok "headers cut off, lengths that lie, versions that there are not" malformed
odd_packets() {
	play 0 odd 'packets          6' &&
		[ "$(awk -F "\t" 'NR < 7 { printf "%s,", $2 }' out)" = "drop malformed,drop invalid,drop invalid,drop invalid,drop invalid,drop invalid," ]
}
ok "a fragment beyond the end, wrong sums, short headers, impossible flags, errors about nothing" odd_packets
cut_json() { run 1 -j explain "${gateway[@]}" --dev br-lan --pcap broken.pcap && json '"truncated" in j["error"]["message"] and "broken.pcap" in j["error"]["message"]'; }
ok "a file that ends in the middle, as JSON" cut_json
# Of so many the first have been written when the end is met.
many_cut() {
	{ cat under.pcap; printf abc; } >many.pcap
	run 1 -j explain -f rate.fw --dev eth0 --pcap many.pcap &&
		json 'len(j["packets"]) == 2000 and j["summary"]["packets"] == 2000' && grep -q 'many.pcap: .*truncated' err
}
ok "one of many packets: the list ends, and the error is told beside it" many_cut
nowhere_to() { run 1 explain "${gateway[@]}" --dev br-lan --pcap ether.pcap -w /nowhere/x.pcap && says /nowhere/x.pcap; }
ok "what leaves has no place to be written to" nowhere_to
no_room() { [ ! -c /dev/full ] || { run 1 explain "${gateway[@]}" --dev br-lan --pcap ether.pcap -w /dev/full && says /dev/full; }; }
ok "or no room" no_room
written() {
	run 0 -j explain "${gateway[@]}" --dev br-lan --pcap ether.pcap -w left.pcap &&
		json 'j["summary"]["written"] == 2 and j["summary"]["reasons"] == {"policy": 1}' &&
		json '[p["verdict"] for p in j["packets"]] == ["accept", "accept", "drop", "accept"]' &&
		run 0 -j explain -f open.fw --dev eth0 --pcap left.pcap &&
		json 'len(j["packets"]) == 2 and all("203.0.113.8:" in p["packet"] for p in j["packets"])'
}
ok "what leaves is written, translated" written
# kept NAME WORDS...: what would be written over the capture is refused, and it stays.
kept() { local to=$1; shift; cp ether.pcap kept.pcap && ln -f kept.pcap linked.pcap && ln -sf kept.pcap pointed.pcap && run 1 explain "${gateway[@]}" --dev br-lan "$@" -w "$to" && says "$to is the capture that is read" && cmp ether.pcap kept.pcap; }
ok "not over the capture" kept kept.pcap --pcap kept.pcap
ok "by another name of it" kept linked.pcap --pcap kept.pcap
ok "by a link to it" kept ./pointed.pcap --pcap kept.pcap
from_stdin() { kept "$1" --pcap - <kept.pcap; }
cp ether.pcap kept.pcap
ok "not where it comes by standard input" from_stdin kept.pcap
to_stdout() { run 1 explain "${gateway[@]}" --dev br-lan --pcap ether.pcap -w - && says 'standard output has what is said'; }
ok "nor among what is said of the packets" to_stdout

## What masquerade leaves as it is

echo 'egress { masquerade accept }' >own.fw
cat >own.fwt <<'END'
address 192.0.2.1/24 dev wan
address fe80::2/64 dev wan
packet out lo tcp 127.0.0.1:40000 to 127.0.0.1:80 syn
expect accept not snat
packet out lo tcp [::1]:40000 to [::1]:80 syn
expect accept not snat
packet out lo udp 192.0.2.1:40000 to 192.0.2.1:53
expect accept not snat
packet out wan tcp [fe80::2]:40000 to [fe80::1]:179 syn
expect accept out wan not snat
END
cat >own6.fwt <<'END'
address 2001:db8::2/64 dev wan
address fe80::2/64 dev wan
route default via 2001:db8::1 dev wan
packet out wan tcp [fe80::2]:40000 to [fe80::1]:179 syn
expect accept out wan not snat
packet out wan udp [fe80::2]:40000 to [2001:db8:1::9]:53
expect accept out wan snat 2001:db8::2
END
own() { run 0 test own.fw own.fwt && run 0 test own.fw own6.fwt; }
ok "by lo, and between neighbours on the link, the source stays" own

# Led elsewhere by a rule that asks where it would have left: its source is of where it leaves.
cat >led.fw <<'END'
egress {
	oif wan tcp dport 84 redirect to :3128
	oif wan tcp dport 85 dnat to 192.168.1.2
	masquerade
	accept
}
END
cat >led.fwt <<'END'
address 192.0.2.1/24 dev wan
address 192.0.2.9/24 dev wan
address 192.168.1.1/24 dev lan
route default via 192.0.2.254 dev wan
packet out wan tcp 192.0.2.9:40000 to 198.51.100.7:84 syn
expect accept not snat
packet out wan tcp 192.0.2.1:40000 to 198.51.100.7:85 syn
expect accept out lan snat 192.168.1.1
policy led-more.fw
packet out wan tcp 192.0.2.9:40000 to 198.51.100.7:84 syn
expect accept not snat
packet out wan tcp 192.0.2.1:40000 to 198.51.100.7:85 syn
expect accept out lan snat 192.168.1.1
END
sed 's/^egress {/&\n\tudp dport 9 drop/' led.fw >led-more.fw
ok "what is led elsewhere is masqueraded by where it leaves, by another policy, too" run 0 test led.fw led.fwt

echo "1..$n"
[ "$failed" -eq 0 ]
