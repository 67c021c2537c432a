#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What fwctl diff says of two policies, in words and in JSON: classes of packets, what rules
# only name, devices, options; and nothing where nothing is another. TAP.
set -u
# shellcheck source=tests/offline/analysis.sh
. "${BASH_SOURCE[0]%/*}/analysis.sh"

policy 'ingress {
	accept
}
egress {
	oif eth1 tcp dport 23 drop
	tcp dport 23 reject
	accept
}'
cp "$tmp/p.fw" "$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/out" ]
report $? 'nothing differs'
sed -i 's/oif eth1 tcp dport 23 drop/oif eth1 tcp dport 23 accept/' "$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
grep -q '^egress: oif eth1 tcp dport 23$' "$tmp/out" && grep -q '^  - drop  (.*/p.fw:5)$' "$tmp/out" &&
	grep -q '^  + accept  (.*/q.fw:5)$' "$tmp/out" && [ "$(grep -c '^egress' "$tmp/out")" = 1 ]
report $? 'one class, in words, with both rules'
"$fwctl" -j diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
c = d["classes"]
assert not d["same"] and d["exact"] and len(c) == 1
assert c[0]["was"]["becomes"] == "drop" and c[0]["becomes"]["line"] == 5' "$tmp/out"
report $? 'in JSON'
cat >"$tmp/a.fw" <<'END'
define lan = { br-lan, br-guest }
define far = 192.0.2.0/24
define moved = 198.51.100.1
ingress { iif $lan daddr $far tcp dport 22 accept; daddr $moved drop; daddr 203.0.113.9 drop; iif ppp0 saddr $far accept; drop }
END
# shellcheck disable=SC2016 # the names of defines
sed 's/198.51.100.1/203.0.113.9/; s/tcp dport 22 accept/tcp dport 22 drop/; s/iif ppp0 saddr $far accept/iif ppp0 saddr $far drop/' \
	"$tmp/a.fw" >"$tmp/b.fw"
"$fwctl" diff "$tmp/a.fw" "$tmp/b.fw" >"$tmp/out" 2>"$tmp/err"
# shellcheck disable=SC2016 # likewise
grep -q '^ingress: iif $lan daddr $far tcp dport 22$' "$tmp/out" &&
	grep -q '^ingress: iif ppp0 .*saddr $far' "$tmp/out" && ! grep -q moved "$tmp/out"
report $? 'names of defines that both policies mean alike'
# What rules only name.
cat >"$tmp/a.fw" <<'END'
set s : addr { elements = { 192.0.2.1, 198.51.100.0/24, 10.0.0.1 } }
set t : addr . port { elements = { 10.0.0.1 . http, fd00::1 . 22 } }
map m : port -> addr { elements = { 80 -> 10.0.0.1 } }
pool p { 10.0.0.1:80; 10.0.0.2:80 }
ingress {
	saddr @s drop
	saddr . dport @t drop
	tcp dport 80 dnat to @m accept
	tcp dport 81 balance @p accept
	split random { 1 -> accept; 4 -> drop }
}
END
sed 's/192.0.2.1, 198.51.100.0.24, 10.0.0.1/10.0.0.1, 198.51.100.7\/24, 192.0.2.1/
	s/10.0.0.1 . http, fd00::1 . 22/[fd00::1] . ssh, 10.0.0.1 . 80/; s/10.0.0.1:80; 10.0.0.2:80/10.0.0.2:80 weight 1; 10.0.0.1:http/
	s/1 -> accept; 4 ->/2 -> accept; 8 ->/; s/80 -> 10.0.0.1/http -> 10.0.0.1/' "$tmp/a.fw" >"$tmp/b.fw"
"$fwctl" diff "$tmp/a.fw" "$tmp/b.fw" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/out" ]
report $? 'sets, maps, pools and splits that are written in another way'
sed -i 's/192.0.2.1/192.0.2.9/; s/http -> 10.0.0.1/http -> 10.0.0.5/; s/weight 1/weight 3/; s/8 ->/18 ->/' "$tmp/b.fw"
"$fwctl" diff "$tmp/a.fw" "$tmp/b.fw" >"$tmp/out" 2>"$tmp/err"
diff - "$tmp/out" <<'END'
set s: +192.0.2.9 -192.0.2.1
map m: +80 -> 10.0.0.5 -80 -> 10.0.0.1
pool p: +10.0.0.2:80 weight 3 -10.0.0.2:80
rule split random: +weights 1 : 9 -weights 1 : 4
END
report $? 'what they hold'
"$fwctl" -j diff "$tmp/a.fw" "$tmp/b.fw" >"$tmp/out" 2>"$tmp/err"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert not d["same"] and not d["classes"] and len(d["data"]) == 4
assert d["data"][0]["what"] == "set" and d["data"][0]["name"] == "s"
assert d["data"][0]["added"] == ["192.0.2.9"] and d["data"][0]["removed_count"] == 1' "$tmp/out"
report $? 'in JSON'
# Masks that are no prefix: what is behind them is one class, not 2^64.
told() { # what was told, but for packets and lines
	"$fwctl" diff "$tmp/a.fw" "$tmp/b.fw" 2>"$tmp/err" | sed '/^    as /d; s/ *([^ ]*fw:[0-9]*)$//'
}
echo 'ingress { daddr & ::ffff:ffff:ffff:ffff == ::10 accept; drop }' >"$tmp/a.fw"
sed 's/::10/::11/' "$tmp/a.fw" >"$tmp/b.fw"
told >"$tmp/out"
diff - "$tmp/out" <<'END'
ingress: daddr & ::ffff:ffff:ffff:ffff == ::10
  - accept
  + drop
ingress: daddr & ::ffff:ffff:ffff:ffff == ::11
  - drop
  + accept
END
report $? 'the host part of an address'
"$fwctl" -j diff "$tmp/a.fw" "$tmp/b.fw" >"$tmp/out" 2>"$tmp/err"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["exact"] and not d["more"] and len(d["classes"]) == 2
assert d["classes"][0]["packets"] == "daddr & ::ffff:ffff:ffff:ffff == ::10"
assert not d["classes"][0]["more"]' "$tmp/out"
report $? 'in JSON'
cp "$top/Documentation/examples/gateway.fw" "$tmp/a.fw"
sed '/::ffff:ffff:ffff:ffff/s/dport 443/dport 8443/' "$tmp/a.fw" >"$tmp/b.fw"
told >"$tmp/out"
# shellcheck disable=SC2016 # the names of defines
[ "$(grep -c '^ingress: .*daddr & ::ffff:ffff:ffff:ffff == ::10 tcp dport 443 route oif $lan' "$tmp/out")" = 2 ] &&
	[ "$(grep -c '^ingress: .*daddr & ::ffff:ffff:ffff:ffff == ::10 tcp dport 8443 route oif $lan' "$tmp/out")" = 2 ] &&
	[ "$(grep -c '^[^ ]' "$tmp/out")" = 4 ]
report $? 'one among other matches'
echo 'ingress { tcp dport 22 mark & 0xf0 == 0x10 drop; tcp dport 25 drop; accept }' >"$tmp/a.fw"
echo 'ingress { accept }' >"$tmp/b.fw"
told >"$tmp/out"
diff - "$tmp/out" <<'END'
ingress: tcp dport 22 mark & 0xf0 == 0x10
  - drop
  + accept
ingress: tcp dport 25
  - drop
  + accept
END
report $? 'one beside what has none'
echo 'ingress { tcp flags & { syn, ack } == syn mark & 0xf0 != 0x10 mark & 0xf == 3-5 drop; accept }' >"$tmp/a.fw"
told >"$tmp/out"
grep -q 'tcp flags & { syn, ack } == syn.* mark & 0xf == 0x3-0x5' "$tmp/out" && ! grep -q more "$tmp/out"
report $? 'flags, a range, and two masks of one field'
# Of ICMP and ICMPv6 alike there are no words for both.
echo 'ingress { icmp type 5 drop; icmpv6 type 5 drop; accept }' >"$tmp/a.fw"
told >"$tmp/out"
[ "$(grep -c '^ingress: .*icmp type redirect$' "$tmp/out")" = 1 ] &&
	[ "$(grep -c '^ingress: .*icmpv6 type 5$' "$tmp/out")" = 1 ]
report $? 'ICMP and ICMPv6 are two classes'
echo 'ingress { daddr 2001:db8::/48 icmpv6 type 135 drop; accept }' >"$tmp/a.fw"
told >"$tmp/out"
grep -q '^ingress: daddr 2001:db8::/48 icmpv6 type nd-neighbor-solicit$' "$tmp/out"
report $? 'an address says which'
# One change of many classes leaves the others their places.
{
	echo 'ingress {'
	for i in $(seq 1 2 600); do printf 'tcp dport %s ttl %s drop\n' "$i" $((i % 211 + 3)); done
	echo 'udp dport 53 reject; accept }'
} >"$tmp/a.fw"
told >"$tmp/out"
grep -q '^ingress: udp dport 53$' "$tmp/out" && [ "$(grep -c '^ingress' "$tmp/out")" = 5 ] &&
	[ "$(grep -c '^    and more that fare so' "$tmp/out")" = 1 ] && grep -q '^and more: too many to tell' "$tmp/out"
report $? 'a change of too many classes'
echo 'ingress { daddr & ::ffff:ffff:ffff:ffff == ::10 accept; drop }' >"$tmp/a.fw"
sed 's/::10/::11/' "$tmp/a.fw" >"$tmp/b.fw"
"$fwctl" -j diff "$tmp/a.fw" "$tmp/b.fw" --budget 2000 >"$tmp/out" 2>"$tmp/err"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert not d["exact"] and d["more"] and not d["same"] and len(d["classes"]) == 2
assert all(c["packets"] is None and c["packet"] and c["more"] for c in d["classes"])' "$tmp/out"
report $? 'where the budget ends before there are words, a packet of each change'
{
	echo 'ingress { tcp dport 7 drop; accept }'
	echo 'egress {'
	for i in $(seq 1 2 800); do printf 'tcp dport %s ttl %s drop\n' "$i" $((i % 211 + 3)); done
	echo 'accept }'
} >"$tmp/a.fw"
sed 's/dport 7 /dport 8 /' "$tmp/a.fw" >"$tmp/b.fw"
"$fwctl" -j diff "$tmp/a.fw" "$tmp/b.fw" --budget 5000 >"$tmp/out" 2>"$tmp/err"
"$fwctl" diff "$tmp/a.fw" "$tmp/b.fw" --budget 5000 >"$tmp/text" 2>"$tmp/err"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert not d["exact"] and d["more"] and d["classes"]' "$tmp/out" && grep -q '^and more: .*budget' "$tmp/text"
report $? 'where it ends before a hook, too: that is said'
names='"6in4", "eth-", "foo+bar", "none", "wg*", eth0.5, none, tun*'
printf 'set n : ifname { elements = { %s } }\ningress { iif @n accept; drop }\n' lan >"$tmp/a.fw"
sed "s/lan/lan, $names/" "$tmp/a.fw" >"$tmp/b.fw"
"$fwctl" diff "$tmp/a.fw" "$tmp/b.fw" >"$tmp/out" 2>"$tmp/err"
[ "$(cat "$tmp/out")" = "set n: +${names//, / +}" ]
report $? 'names of interfaces as they are read'
"$fwctl" diff "$tmp/p.fw" "$tmp/none.fw" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && grep -q 'none.fw' "$tmp/err"
report $? 'a file that is not there'

# diff: devices by their first tree.
differ() {
	local want=$1 what=$2
	shift 2
	"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" "$@" >"$tmp/out" 2>"$tmp/err"
	[ "$(sed -n '/^ingress\|^egress\|^    but\|^option/p' "$tmp/out")" = "$want" ]
	report $? "$what"
}
policy 'ingress device wg0 { accept }
ingress device wg* { drop }'
printf 'ingress device wg* { drop }\n' >"$tmp/q.fw"
differ 'ingress device wg0: all' 'a device that loses its tree to a pattern'
policy 'ingress device wg0 { drop }
ingress device wg* { drop }'
differ '' 'or has the same there'
printf 'ingress device wg* { accept }\n' >"$tmp/q.fw"
policy 'ingress device wg0 { accept }
ingress device wg* { drop }'
differ 'ingress device wg*: all
    but not iif wg0' 'all of a pattern but those that it did not have'
policy 'ingress device eth0, wg* { accept }'
printf 'ingress device eth0, wg* { drop }\n' >"$tmp/q.fw"
differ 'ingress device eth0, wg*: all' 'a tree of two devices is told of once'
policy 'egress device eth0 { drop }'
printf 'egress device eth0, eth1 { drop }\n' >"$tmp/q.fw"
differ 'egress device eth0, eth1: oif eth1' 'a device that gets a tree'
policy 'ingress { accept }
ingress device eth0 { accept }
egress { accept }'
printf 'ingress { accept }\ningress device eth* { drop }\negress { udp dport 9 drop; accept }\n' >"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" --budget 16 >"$tmp/out" 2>"$tmp/err"
grep -q '^ingress device eth' "$tmp/out" && grep -q 'outgrew' "$tmp/out"
report $? 'without a diagram all hooks are tried, those of devices too'
printf 'ingress { accept }\ningress device eth0 { accept }\negress { udp dport 9 drop; accept }\n' \
	>"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" --budget 16 >"$tmp/out" 2>"$tmp/err"
grep -q '^egress:' "$tmp/out" && ! grep -q '^ingress' "$tmp/out"
report $? 'and not the first alone'
# Maps.
policy 'map fwd : addr -> addr
ingress { ct state invalid drop; set mark 2 dnat to daddr map @fwd accept; mark 2 drop; accept }'
sed 's/set mark 2 dnat/set mark 2; dnat/' "$tmp/p.fw" >"$tmp/q.fw"
differ '' 'a rule whose map is asked last, as two'
sed 's/mark 2 drop; //' "$tmp/p.fw" >"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
grep -q '^ingress: ' "$tmp/out"
report $? 'what stands behind it decides where the map has nothing'
policy 'tree a { drop }
tree b { accept }
map cl : addr -> tree { elements = { 10.0.0.5 -> a, 10.0.0.6 -> b } }
ingress { goto saddr map @cl; accept }'
sed 's/10.0.0.5 -> a, 10.0.0.6 -> b/10.0.0.6 -> b, 10.0.0.5 -> a/' "$tmp/p.fw" >"$tmp/q.fw"
differ '' 'trees of a map, in another order'
sed 's/tree b { accept }/tree b { reject }/' "$tmp/p.fw" >"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
grep -q "not tree a of 'goto saddr map @cl'" "$tmp/out"
report $? 'another tree, by its name'
# Words.
policy 'ingress {
	icmpv6 type 128-143 accept
	drop
}'
printf 'ingress {\n\ticmpv6 type 129 accept\n\tdrop\n}\n' >"$tmp/q.fw"
differ 'ingress: icmpv6 type 128-143
    but not icmpv6 type echo-reply' 'what is excepted is of the same ICMP'
policy 'ingress {
	icmpv6 type 128-143 icmpv6 code 0-7 accept
	drop
}'
printf 'ingress {\n\ticmpv6 type 129 accept\n\tdrop\n}\n' >"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
! grep -q 'kinds\|icmp type' "$tmp/out" &&
	grep -q '^ingress: icmpv6 type echo-reply icmpv6 code 8-255$' "$tmp/out"
report $? 'a family has its name'
# Options.
policy 'ingress { accept }'
printf 'option evaluate per-packet\noption adopt 5m\noption timeout udp 2m\ningress { accept }\n' >"$tmp/q.fw"
"$fwctl" diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
diff - "$tmp/out" <<'END'
option timeout udp: +2m
option adopt: +5m
option evaluate: +per-packet
END
report $? 'options that one policy has'
policy 'option adopt 10s
ingress { accept }'
"$fwctl" -j diff "$tmp/p.fw" "$tmp/q.fw" >"$tmp/out" 2>"$tmp/err"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert not d["same"] and not d["classes"]
o = [o for o in d["data"] if o["what"] == "option" and o["name"] == "adopt"]
assert o[0]["added"] == ["5m"] and o[0]["removed"] == ["10s"]' "$tmp/out"
report $? 'in JSON, those of both'
policy 'option tcp-loose off
option adopt 1m
option revalidate on
option evaluate per-connection
option counters on
option log-rate 10/second
option answer-rate 100/second
option event-rate 10000/second
option nat-ports 1024-65535
option hairpin off
option timeout tcp-established 1d
option timeout other 10m
ingress { accept }'
printf 'ingress { accept }\n' >"$tmp/q.fw"
differ '' 'what every policy has is no difference'


echo "1..$n"
exit $failed
