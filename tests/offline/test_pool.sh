#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl pool without a kernel: how it is written; and the example's policy tests. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=$top/tools/fwctl/fwctl
examples=$top/Documentation/examples
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

check "a server is an address" 2 "'web1' is no server" "$fwctl" pool add web web1
check "with a port that there is" 2 "'10.0.0.1:0' is no server" "$fwctl" pool add web 10.0.0.1:0
check "or a range of them" 2 "'10.0.0.1:9-8' is no server" "$fwctl" pool drain web 10.0.0.1:9-8
check "of IPv6 in brackets" 2 "'[fd00::1:80' is no server" "$fwctl" pool drain web '[fd00::1:80'
for nobody in 224.0.0.1:80 255.255.255.255 '[ff02::1]:80' ff05::2 0.0.0.0:80 ::; do
	check "nor what no host has, $nobody" 2 "'$nobody' is no server" \
		"$fwctl" pool add web "$nobody"
done
check "a weight of 0 is none" 2 "a weight is 1 to 65535, not '0'" \
	"$fwctl" pool weight web 10.0.0.1 weight 0
check "nor one that is too large" 2 "not '65536'" "$fwctl" pool add web 10.0.0.1 weight 65536
check "nor a word" 2 "not 'much'" "$fwctl" pool add web 10.0.0.1 weight much
check "a word too many" 2 "did not understand 'now'" "$fwctl" pool delete web 10.0.0.1 now
check "only delete resets" 2 "pool drain" "$fwctl" pool drain web 10.0.0.1 --reset
check "no server at all" 2 "pool add" "$fwctl" pool add web
check "help says how servers are written" 0 '[fd00::1]:80' "$fwctl" pool add -h
check "the load balancer of the examples" 0 "1..15" \
	"$fwctl" test "$examples/load-balancer.fw" "$examples/load-balancer.fwt"

# Who is drained, or down, and is put in again.
pool() {
	cat <<END
pool web { scheduler round-robin; $1 }
ingress { daddr 203.0.113.8 tcp dport 80 balance @web accept; accept }
egress { accept }
END
}
port=0
# dials N to SERVER, or N why: so many connections, all led there, or none.
dials() {
	local i
	for ((i = 0; i < $1; i++)); do
		echo "packet in eth0 tcp 198.51.100.1:$((++port)) to 203.0.113.8:80 as c$port"
		if [ "$2" = to ]; then
			echo "expect accept dnat $3"
		else
			echo "expect drop reason $2"
		fi
	done
}
places() {
	echo 'address 203.0.113.8/24 dev eth0
address 192.168.1.1/24 dev lan
route default via 203.0.113.1 dev eth0'
}
pool '192.168.1.11:80; 192.168.1.12:80' >"$tmp/both.fw"
pool '192.168.1.12:80' >"$tmp/one.fw"
{
	places
	echo 'pool drain web 192.168.1.12:80'
	dials 6 to 192.168.1.11:80
	echo 'policy one.fw'
	dials 6 to 192.168.1.12:80
} >"$tmp/drained.fwt"
check "a drained server that another policy declares is given connections" 0 "1..12" \
	"$fwctl" test "$tmp/both.fw" "$tmp/drained.fwt"
pool 'health passive; 192.168.1.11:80' >"$tmp/passive.fw"
pool 'health passive; 192.168.1.11:80 weight 2' >"$tmp/heavy.fw"
for again in 'pool add web 192.168.1.11:80' 'policy heavy.fw'; do
	{
		places
		port=0
		for i in 1 2 3; do
			dials 1 to 192.168.1.11:80
			echo "reply c$i rst ack"
		done
		dials 1 no-server
		echo 'pool drain web 192.168.1.11:80'
		dials 1 no-server
		echo "$again"
		dials 3 to 192.168.1.11:80
	} >"$tmp/down.fwt"
	check "one that was down when it was drained, too: ${again%% *}" 0 "1..8" \
		"$fwctl" test "$tmp/passive.fw" "$tmp/down.fwt"
done

# stays SERVER EXPECT [LINE...]: a connection led there, after these and by after.fw.
stays() {
	places
	port=0
	dials 1 to "$1"
	printf '%s\n' "${@:3}" 'policy after.fw' 'reply c1' "expect $2"
}
# after WHAT FILE TEST...: that, of two policies.
after() {
	stays "${@:3}" >"$tmp/after.fwt"
	check "$1" 0 "1..2" "$fwctl" test "$tmp/$2" "$tmp/after.fwt"
}
pool '192.168.1.11:80' >"$tmp/first.fw"
cp "$tmp/one.fw" "$tmp/after.fw"
after "a server that the policy has no more: its connections end" first.fw 192.168.1.11:80 \
	'reject reason revalidated'
after "though it was deleted by hand before" both.fw 192.168.1.11:80 \
	'reject reason revalidated' 'pool delete web 192.168.1.11:80'
sed s/web/other/ "$tmp/one.fw" >"$tmp/after.fw"
after "and where the pool is gone" both.fw 192.168.1.11:80 \
	'reject reason revalidated' 'pool delete web 192.168.1.11:80'
pool '192.168.1.11:81' >"$tmp/port.fw"
pool '192.168.1.11; 192.168.1.11:81' | sed s/web/other/ >"$tmp/after.fw"
after "another pool has the server, and its host with the port that was dialled" port.fw \
	192.168.1.11:81 accept
pool '192.168.1.11:9000-9010' | sed 's/dport 80/dport 75-85/' >"$tmp/range.fw"
sed s/75-85/75-90/ "$tmp/range.fw" >"$tmp/after.fw"
after "of a range of ports a connection keeps its own when the rule leads to another" range.fw \
	192.168.1.11:9005 accept

# Who is blamed for silence: nobody for what never left this machine, nor for what was lost
# before somebody else was answered.
pool 'health passive; 192.168.1.11:80; 192.168.1.12:80' >"$tmp/two.fw"
{
	places
	for name in ' as c' ''; do
		for i in {1..16}; do
			echo "packet in eth0 tcp 198.51.100.1:$i to 203.0.113.8:80 ttl 1${name:+$name$i}"
			echo "expect drop reason ttl-exceeded"
		done
		echo 'wait 950ms'
	done
	echo 'packet in eth0 tcp 198.51.100.2:1 to 203.0.113.8:80'
	echo 'expect accept out lan'
} >"$tmp/hops.fwt"
check "SYNs whose hops end here take no server out" 0 "1..33" \
	"$fwctl" test "$tmp/two.fw" "$tmp/hops.fwt"
{
	places
	port=0
	dials 3 to 192.168.1.11:80
	echo 'wait 2s'
	dials 1 to 192.168.1.11:80
	echo 'reply c4 syn ack
wait 239s'
	dials 1 to 192.168.1.11:80
} >"$tmp/late.fwt"
check "nor do SYNs that were lost before it answered somebody" 0 "1..5" \
	"$fwctl" test "$tmp/passive.fw" "$tmp/late.fwt"
{
	places
	port=0
	dials 3 to 192.168.1.11:80
	echo 'wait 1s'
	for i in 1 2 3; do
		echo "packet in eth0 tcp 198.51.100.1:$i to 203.0.113.8:80"
	done
	dials 1 no-server
} >"$tmp/silent.fwt"
check "SYNs that are said again to silence do" 0 "1..4" \
	"$fwctl" test "$tmp/passive.fw" "$tmp/silent.fwt"
echo "1..$n"
exit $failed
