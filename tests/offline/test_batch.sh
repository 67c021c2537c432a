#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl explain --batch: with addresses and routes each packet comes to what it comes to
# alone, by either engine, in both families; lines that are wrong are told, all of them;
# nothing that one packet does is there for the next. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
examples=$top/Documentation/examples
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

run() { "$fwctl" "$@" >"$tmp/out" 2>"$tmp/err"; }

cat >"$tmp/world" <<'END'
address 203.0.113.8/24 dev eth0
address 192.168.1.1/24 dev br-lan
address 192.168.2.1/24 dev br-guest
address 2001:db8:1::8/64 dev eth0
address fd00:1::1/64 dev br-lan
address 10.137.0.1/24 dev vif11
route 10.137.0.12/32 dev vif12
route default via 203.0.113.1 dev eth0
route default via 2001:db8:1::1 dev eth0
route 198.18.0.0/15 type unreachable
name git.example.org 192.0.2.7
resolvers 192.0.2.53
END

# Whatever a gateway may meet: every pair of interface, ends and protocol.
python3 - >"$tmp/packets" <<'END'
import itertools
src = ["198.51.100.7", "192.168.1.5", "192.168.2.5", "10.137.0.11", "10.137.0.12",
       "2001:db8:77::7", "fd00:1::5", "fe80::5"]
dst = ["203.0.113.8", "192.168.1.10", "93.184.216.34", "198.18.0.1", "192.0.2.7", "192.0.2.53",
       "10.137.0.12", "255.255.255.255", "2001:db8:1::8", "fd00:1::10", "2001:db8:99::1", "ff02::1"]
for i, (dev, s, d) in enumerate(itertools.product(["eth0", "br-lan", "vif11"], src, dst)):
    if (":" in s) != (":" in d):
        continue
    b = ("[%s]" if ":" in s else "%s")
    icmp = "icmpv6" if ":" in s else "icmp"
    for proto in ("tcp %s:4000 to %s:443", "tcp %s:4000 to %s:22 ack", "udp %s:5000 to %s:53"):
        if i % 3 == ("443" in proto) + 2 * ("udp" in proto):
            print(f"in {dev} " + proto % (b % s, b % d))
    if i % 4 == 0:
        print(f"in {dev} {icmp} {s} to {d}")
    if i % 11 == 0:
        print(f"out {dev} tcp {b % s}:4000 to {b % d}:80")
END

# alike POLICY: each packet alone says the same.
alike() {
	local name=${1##*/}
	# What was there before the first policy is not what is asked about here.
	{ echo 'option adopt 0s'; cat "$1"; } >"$tmp/$name"
	set -- "$tmp/$name" "${2-}"
	run explain -f "$1" --world "$tmp/world" --batch "$tmp/packets"
	cp "$tmp/out" "$tmp/batch"
	[ "$(wc -l <"$tmp/batch")" = "$(wc -l <"$tmp/packets")" ] && [ ! -s "$tmp/err" ]
	report $? "$name: a line for each of $(wc -l <"$tmp/packets") packets"
	[ "$(cut -f 1 "$tmp/batch" | sort -u | wc -l)" -ge 2 ]
	report $? "$name: they fare differently"
	if [ -z "${2-}" ]; then
		run explain -f "$1" --world "$tmp/world" --batch "$tmp/packets" --engine linear &&
			diff "$tmp/batch" "$tmp/out" >"$tmp/err"
		report $? "$name: rule by rule it is the same"
	fi
	run -j explain -f "$1" --world "$tmp/world" --batch "$tmp/packets" && python3 - "$tmp/out" "$tmp/batch" 2>"$tmp/err" <<'END'
import json, sys
for o, line in zip(json.load(open(sys.argv[1])), open(sys.argv[2]), strict=True):
    verdict, rule = line.rstrip("\n").split("\t")
    assert o["verdict"] == verdict and (o["rule"] or "-") == rule, (o, line)
END
	report $? "$name: in JSON it is the same"
	# Alone: as a test, so long after the one before that nothing is left of it. Who
	# says no besides the policy says so after it.
	{
		cat "$tmp/world"
		paste "$tmp/batch" "$tmp/packets" | while IFS=$'\t' read -r verdict rule packet; do
			echo "packet $packet"
			[ "$rule" = - ] || verdict="$verdict rule $rule"
			echo "expect $verdict"
			echo 'wait 2d'
		done
	} >"$tmp/alone"
	run -j test "$1" "$tmp/alone"
	python3 - "$tmp/out" "$(wc -l <"$tmp/packets")" <<'END' >"$tmp/err" 2>&1
import json, sys
tests = json.load(open(sys.argv[1]))
other = ("malformed", "no-route", "ttl-exceeded", "no-source")
bad = [t for t in tests if not t["ok"] and not any(r in t["why"] for r in other)]
print(*((t["packet"], t["test"], t["why"]) for t in bad), sep="\n")
sys.exit(bool(bad) or len(tests) != int(sys.argv[2]) or sum(t["ok"] for t in tests) < len(tests) / 2)
END
	report $? "$name: alone it is the same"
}
alike "$examples/gateway.fw"
alike "$examples/server-host.fw"
alike "$examples/qubes.fw" names
# By the names of that world's interfaces, and to a port that packets are sent to.
mkdir "$tmp/balanced"
sed 's/= wan$/= eth0/; s/= lan$/= br-lan/; s/tcp dport 80/tcp dport 443/' "$examples/load-balancer.fw" \
	>"$tmp/balanced/load-balancer.fw"
alike "$tmp/balanced/load-balancer.fw"
run explain -f "$examples/qubes.fw" --world "$tmp/world" --batch "$tmp/packets" --engine linear
[ $? = 1 ] && grep -q "set 'work-hosts' has DNS names" "$tmp/err"
report $? 'rule by rule nobody knows DNS names'

# Where nothing is said of the world, what comes in ends behind ingress.
printf 'ingress { daddr addr(eth0) accept; route type local reject; tcp dport 80 accept; drop }\negress { drop }\n' >"$tmp/p.fw"
printf 'in eth0 tcp 192.0.2.1:1 to 203.0.113.8:80\nin eth0 udp 192.0.2.1:1 to 203.0.113.8:80\n' >"$tmp/two"
run explain -f "$tmp/p.fw" --batch "$tmp/two"
[ "$(tr '\n\t' '  ' <"$tmp/out")" = 'accept 1 drop 1 ' ]
report $? 'without a world'
run explain -f "$tmp/p.fw" --address '203.0.113.8/24 dev eth0' --batch "$tmp/two"
[ "$(tr '\n\t' '  ' <"$tmp/out")" = 'accept 1 accept 1 ' ]
report $? 'with an address'
printf 'in eth0 tcp 192.0.2.1:1 to 198.51.100.8:80\n' >"$tmp/two"
run explain -f "$tmp/p.fw" --address '203.0.113.8/24 dev eth0' --batch "$tmp/two"
[ "$(cat "$tmp/out")" = "drop	-" ]
report $? 'no route leads there'
run -j explain -f "$tmp/p.fw" --address '203.0.113.8/24 dev eth0' --batch "$tmp/two"
[ "$(tr -d ' \n' <"$tmp/out")" = '[{"verdict":"drop","rule":null,"reason":"no-route"}]' ]
report $? '... in JSON'
run explain -f "$tmp/p.fw" --address '203.0.113.8/24 dev eth0' --route 'default via 203.0.113.1 dev eth0' --batch "$tmp/two"
[ "$(cat "$tmp/out")" = "drop	2" ]
report $? 'by a route it meets egress'

# As a machine forwards: one hop less, IPv4 with the priority of its kind of service; and what
# is for all of a link has no connection.
cat >"$tmp/p.fw" <<'END'
option adopt 0s
ingress {
	pkttype broadcast ct state untracked accept
	udp dport 4 set priority 5 accept
	udp dport 5 set priority 5 notrack accept
	pkttype host ct state new accept
	drop
}
egress {
	ttl 64 oif eth0 drop
	udp dport 3 priority 4 drop
	udp dport { 4, 5 } priority 5 ct state new drop
	udp dport 5 ct state untracked priority 5 drop
	udp dport 5 ct state untracked priority 4 reject
	pkttype host ct state untracked drop
	accept
}
egress device eth0 {
	ttl 63 accept
	drop
}
END
cat >"$tmp/link" <<'END'
address 192.0.2.1/24 dev eth0
address 2001:db8::1/64 dev eth0
address 10.0.0.1/8 dev lan
address fd00::1/64 dev lan
END
cat >"$tmp/two" <<'END'
in lan udp 10.0.0.2:1 to 192.0.2.7:9
in lan udp 10.0.0.2:1 to 192.0.2.7:9 ttl 1
in lan udp [fd00::2]:1 to [2001:db8::7]:9 ttl 1
in lan udp 10.0.0.2:1 to 192.0.2.7:9 ttl 65
in lan udp 10.0.0.2:1 to 192.0.2.7:3 dscp ef
in lan udp [fd00::2]:1 to [2001:db8::7]:3 dscp ef
in lan udp 10.0.0.2:1 to 192.0.2.7:4 dscp ef
in lan udp 10.0.0.2:1 to 192.0.2.7:5 dscp ef
in lan udp [fd00::2]:1 to [2001:db8::7]:5 dscp ef
in lan udp 10.0.0.2:1 to 10.255.255.255:9
in lan udp 10.0.0.2:1 to 10.255.255.255:9 ether 02:00:00:00:00:03 to 02:00:00:00:00:04
in lan udp 10.0.0.2:1 to 10.0.0.1:9 ether 02:00:00:00:00:03 to ff:ff:ff:ff:ff:ff
in lan udp 10.0.0.2:1 to 255.255.255.255:9
in eth0 udp 10.0.0.2:1 to 10.255.255.255:9
out lan udp 10.0.0.1:1 to 10.255.255.255:9
out lan udp 10.0.0.1:1 to 10.0.0.2:9
END
printf '%s\n' 'accept 19' 'drop -' 'drop -' 'drop 10' 'drop 11' 'accept 19' 'drop 12' 'reject 14' \
	'drop 13' 'accept 3' 'accept 6' 'drop 7' 'accept 3' 'accept 6' 'drop 15' 'accept 16' >"$tmp/want"
# As the file "want" says, by both engines.
both() {
	for engine in compiled linear; do
		run explain -f "$tmp/p.fw" --world "$tmp/link" --engine "$engine" --batch "$tmp/two" &&
			tr '\t' ' ' <"$tmp/out" | diff "$tmp/want" - >"$tmp/err"
		report $? "$1, $engine"
	done
}
both 'hops, priorities and broadcasts'
# Alone the rule that let it in is told of a packet that the machine itself ends.
alone() {
	while read -r packet; do
		# shellcheck disable=SC2086 # words
		run -j explain -f "$tmp/p.fw" --world "$tmp/link" $packet
		python3 -c 'import json, sys
j = json.load(sys.stdin)
print(j["verdict"], "-" if j["reason"] in ("ttl-exceeded", "no-route", "malformed") else j["rule"]["line"])' <"$tmp/out"
	done <"$tmp/two" 2>>"$tmp/err" | diff "$tmp/want" - >"$tmp/err"
}
alone
report $? '... and alone the same'
run -j explain -f "$tmp/p.fw" --world "$tmp/link" --batch "$tmp/two" &&
	[ "$(grep -c '"reason": *"ttl-exceeded"' "$tmp/out")" = 2 ]
report $? '... in JSON with why'

# What leaves by lo comes in again, a first packet of what egress has begun; the ends that a
# connection is to have are those that it came with; and who is known on a link alone sends
# nothing beyond it.
cat >"$tmp/p.fw" <<'END'
option adopt 0s
ingress device lo { udp dport 21 drop; accept }
ingress {
	udp dport 7 dnat to 127.0.0.1:9 accept
	udp dport 8 ct original dport 18 ct original daddr 127.0.0.1 ct direction original reject
	udp dport 12 saddr 127.0.0.9 ct original saddr 127.0.0.1 drop
	udp dport 14 ct mark 5 mark 6 ct state new drop
	udp dport 16 ct state new drop
	ct state invalid drop
	iif lo accept
	ct original daddr 192.0.2.0/24 accept
	ct original daddr 2001:db8::/32 accept
	ct direction original reject
	drop
}
egress {
	udp dport 18 dnat to 127.0.0.1:8 accept
	udp dport 12 snat to 127.0.0.9 accept
	udp dport 14 set ct mark 5 set mark 6 accept
	udp dport 16 notrack accept
	ct original protocol udp ct original dport 15 ct direction original drop
	ct original protocol icmp drop
	accept
}
END
cat >"$tmp/two" <<'END'
out lo udp 127.0.0.1:1 to 127.0.0.1:9
out lo udp [::1]:1 to [::1]:9
out lo udp 127.0.0.1:1 to 127.0.0.1:7
out lo udp 127.0.0.1:1 to 127.0.0.1:18
out lo udp 127.0.0.1:1 to 127.0.0.1:12
out lo udp 127.0.0.1:1 to 127.0.0.1:14
out lo udp 127.0.0.1:1 to 127.0.0.1:16
out lo udp 127.0.0.1:1 to 127.0.0.1:21
out lo tcp 127.0.0.1:1 to 127.0.0.1:80 ack
in lan udp 10.0.0.2:1 to 192.0.2.7:9
in lan udp 10.0.0.2:1 to 192.0.2.7:15
in lan icmp 10.0.0.2 to 192.0.2.7
in lan udp 10.0.0.2:1 to 10.0.0.1:9
in lan udp [fd00::2]:1 to [2001:db8::7]:9
in lan udp [fe80::5]:1 to [2001:db8::7]:9
in lan udp [::]:1 to [2001:db8::7]:9
in eth0 udp [fe80::5]:1 to [2001:db8::7]:9
END
printf '%s\n' 'accept 10' 'accept 10' 'drop 4' 'reject 5' 'drop 6' 'drop 7' 'drop 8' 'drop 2' 'drop 9' \
	'accept 23' 'drop 21' 'drop 22' 'reject 13' 'accept 23' 'drop -' 'drop -' 'accept 23' >"$tmp/want"
both 'lo, ends of connections and sources of a link'
alone
report $? '... and alone the same'
run -j explain -f "$tmp/p.fw" --world "$tmp/link" --batch "$tmp/two" &&
	[ "$(grep -o '"reason": *"[a-z-]*"' "$tmp/out" | cut -d '"' -f 4 | tr '\n' ' ')" = 'dnat-late no-route malformed ' ]
report $? '... in JSON with why'

# Flags behind a mask are put together, on both sides: all of them, not one.
cat >"$tmp/p.fw" <<'END'
define both = { syn, fin }
ingress {
	tcp flags & { syn, fin } == $both drop
	tcp dport 81 tcp flags & { syn, fin, ack } != { syn, ack } drop
	tcp flags & { fin, ack } == 0 accept
	accept
}
END
for flags in syn 'syn fin' 'syn ack' fin; do
	for port in 80 81; do
		echo "in eth0 tcp 192.0.2.1:1 to 203.0.113.8:$port $flags"
		echo "in eth0 tcp [2001:db8::1]:1 to [2001:db8::8]:$port $flags"
	done
done >"$tmp/two"
for rule in accept:5 drop:4 drop:3 drop:3 accept:6 accept:6 accept:6 drop:4; do
	printf '%s\n' "${rule/:/ }" "${rule/:/ }"
done >"$tmp/want"
for engine in compiled linear; do
	run explain -f "$tmp/p.fw" --engine "$engine" --batch "$tmp/two" &&
		tr '\t' ' ' <"$tmp/out" | diff "$tmp/want" - >"$tmp/err"
	report $? "all flags of a list behind a mask, $engine"
done

# Each for itself: the first one is no reason to drop the second.
printf 'set seen : addr { timeout 1h }\ningress {\n\tsaddr @seen drop\n\tlimit 1/day burst 1 add @seen { saddr } accept\n\tdrop\n}\n' >"$tmp/p.fw"
for _ in 1 2 3; do echo 'in eth0 udp 192.0.2.1:1 to 203.0.113.8:80'; done >"$tmp/two"
for engine in compiled linear; do
	run explain -f "$tmp/p.fw" --engine "$engine" --batch "$tmp/two"
	[ "$(sort -u "$tmp/out")" = "accept	4" ]
	report $? "each for itself, $engine"
done

# The servers of a pool are there.
printf 'pool web { 192.0.2.7:8080 }\ningress {\n\ttcp dport 80 balance @web accept\n\tdrop\n}\n' >"$tmp/p.fw"
printf 'in eth0 tcp 192.0.2.1:1 to 203.0.113.8:80\nin eth0 tcp 192.0.2.1:1 to 203.0.113.8:81\n' >"$tmp/two"
for engine in compiled linear; do
	run explain -f "$tmp/p.fw" --engine "$engine" --batch "$tmp/two"
	[ "$(tr '\n\t' '  ' <"$tmp/out")" = 'accept 3 drop 4 ' ]
	report $? "a pool's servers, without a world, $engine"
done

# What begins no connection is not led elsewhere.
cat >"$tmp/p.fw" <<'END'
ingress {
	family ipv4 tcp dport 80 dnat to 192.0.2.9 accept
	family ipv6 tcp dport 80 dnat to 2001:db8::9 accept
	accept
}
END
for flags in syn ack; do
	echo "in eth0 tcp 192.0.2.1:1 to 203.0.113.8:80 $flags"
	echo "in eth0 tcp [2001:db8::1]:1 to [2001:db8::8]:80 $flags"
	echo "in eth0 tcp 192.0.2.1:1 to 203.0.113.8:81 $flags"
done >"$tmp/two"
for engine in compiled linear; do
	run explain -f "$tmp/p.fw" --engine "$engine" --batch "$tmp/two"
	[ "$(tr '\n\t' '  ' <"$tmp/out")" = 'accept 2 accept 3 accept 4 drop 2 drop 3 accept 4 ' ]
	report $? "what begins no connection is not translated, $engine"
done
run -j explain -f "$tmp/p.fw" --batch "$tmp/two" && [ "$(grep -c '"reason": *"invalid"' "$tmp/out")" = 2 ]
report $? '... in JSON with why'

# Chance, and splits by a hash, are the same for both: by what their rules are known by.
cat >"$tmp/chance.fw" <<'END'
ingress {
	udp dport 7 drop
	tcp dport 80 random 4/7 accept
	tcp dport 80 random 1/2 drop
	tcp dport 80 split random { 1 -> accept; 1 -> drop }
	split hash saddr { 1 -> accept; 2 -> drop }
}
END
for i in $(seq 400); do
	echo "in eth0 tcp 10.0.$((i % 7)).$((i % 251)):$i to 203.0.113.8:$((80 + i % 2))"
done >"$tmp/many"
for engine in compiled linear; do
	run explain -f "$tmp/chance.fw" --engine "$engine" --batch "$tmp/many"
	sort "$tmp/out" | uniq -c >"$tmp/kinds"
	mv "$tmp/out" "$tmp/by-$engine"
done
[ "$(wc -l <"$tmp/kinds")" -ge 3 ] && cmp -s "$tmp/by-compiled" "$tmp/by-linear"
report $? 'chance and hashes, linear as compiled'

# What is wrong, all of it, and no verdicts before.
cat >"$tmp/bad" <<'END'
in eth0 tcp 192.0.2.1:1 to 192.0.2.2:80	# fine
in eth0 udp 192.0.2.1:1 to 192.0.2.2:80 syn

  # nothing
in eth0 udp 192.0.2.1:1 to fd00::1
in eth0 udp 192.0.2.1:1 to 192.0.2.2:80
	in eth7 tcp 192.0.2.1:1 to 192.0.2.2:80
out
in eth0 icmp 192.0.2.1 to 192.0.2.2 type 300
END
run explain -f "$tmp/p.fw" --batch "$tmp/bad" --address '192.0.2.9/24 dev eth0'
sed "s,^$tmp/,," "$tmp/err" >"$tmp/told"
diff "$tmp/told" - >"$tmp/out" <<'END'
bad:2:41: error: 'syn': TCP alone has flags, this is none
in eth0 udp 192.0.2.1:1 to 192.0.2.2:80 syn
                                        ^~~
bad:5:28: error: source and destination are of two families
in eth0 udp 192.0.2.1:1 to fd00::1
                           ^~~~~~~
bad:7:5: error: no route and no address names the interface 'eth7' (address ADDRESS/LENGTH dev INTERFACE, or 'link INTERFACE' in a --world file)
	in eth7 tcp 192.0.2.1:1 to 192.0.2.2:80
	   ^~~~
bad:8:4: error: the name of an interface is meant here
out
   ^
bad:9:42: error: '300' is no number for 'type'
in eth0 icmp 192.0.2.1 to 192.0.2.2 type 300
                                         ^~~
END
report $? 'all errors of a file, with lines and carets'
run explain -f "$tmp/p.fw" --batch "$tmp/bad" --address '192.0.2.9/24 dev eth0'
[ $? = 1 ] && [ ! -s "$tmp/out" ]
report $? '... and nothing else'
run -j explain -f "$tmp/p.fw" --batch "$tmp/bad"
[ $? = 1 ] && python3 -c 'import json, sys
d = json.load(sys.stdin)
assert [e["line"] for e in d["errors"]] == [2, 5, 8, 9] and d["error"]["column"] == 41, d' <"$tmp/out" 2>>"$tmp/err"
report $? '... in JSON'
{ printf 'in eth0 tcp '; head -c 5000 /dev/zero | tr '\0' 1; echo; } >"$tmp/bad"
run explain -f "$tmp/p.fw" --batch "$tmp/bad"
[ $? = 1 ] && grep -q 'bad:1:1: error: this is longer than any packet' "$tmp/err"
report $? 'a line without end'
head -c 3000 /dev/urandom >"$tmp/bad"
run explain -f "$tmp/p.fw" --batch "$tmp/bad"
[ $? = 1 ] && [ ! -s "$tmp/out" ]
report $? 'no text at all'
: >"$tmp/bad"
run explain -f "$tmp/p.fw" --batch "$tmp/bad" && [ ! -s "$tmp/out" ]
report $? 'an empty file'
run -j explain -f "$tmp/p.fw" --batch "$tmp/bad" && [ "$(tr -d ' \n' <"$tmp/out")" = '[]' ]
report $? '... in JSON'
printf 'in eth0 udp 192.0.2.1:1 to 192.0.2.2:80' >"$tmp/bad"
run explain -f "$tmp/p.fw" --batch - <"$tmp/bad" && [ "$(cat "$tmp/out")" = "accept	4" ]
report $? 'from standard input, without a newline at its end'
run explain -f "$tmp/p.fw" --batch "$tmp/none"
[ $? = 1 ] && grep -q 'none' "$tmp/err"
report $? 'a file that is not there'
run explain -f "$tmp/p.fw" --engine linear in eth0 udp 192.0.2.1:1 to 192.0.2.2:80
[ $? = 2 ] && grep -q -- "'--engine linear' is for '--batch PACKETS'" "$tmp/err"
report $? 'an engine for one packet'
run explain -f "$tmp/p.fw" --batch "$tmp/bad" --dev eth0
[ $? = 2 ]
report $? 'a device for a batch'
echo "1..$n"
exit $failed
