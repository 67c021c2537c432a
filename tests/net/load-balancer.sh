#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/examples/load-balancer.fw with four web servers and clients that
# never stop: one of the servers is drained and comes back, one dies, one falls
# silent, each of both families, and comes back. No request fails beyond those that were in
# flight to it.
#
#   net (clients) ──── wan gw lan ──── s1 s2 s3 s4
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
pool_topology 4
declare -A web
for i in 1 2 3 4; do
	web "$i"
	web[$i]=$pid
done
must_apply <"$netdir/../../Documentation/examples/load-balancer.fw"

# get HOST N URL: N requests, one after the other; how many each server answered.
get() {
	on "$1" curl -s --connect-timeout 8 "$3?[1-$2]" -H 'Connection: close' |
		sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 \1/' | paste -sd ' '
}

# four HOST URL: of 24 requests each of four servers has one, but for once in 250 times.
four() {
	local got i
	for i in 1 2 3; do
		got=$(get "$1" 24 "$2")
		case $got in "s1 "*" s2 "*" s3 "*" s4 "*) break ;; esac
	done
	echo "$got"
}

server() {
	fw -j pool list web | j "[s for s in d[0]['servers'] if s['server'] == '$1'][0]['$2']"
}
state_is() { [ "$(server "$1" state)" = "$2" ]; }
got_more() { [ "$(server "$1" total)" -gt "$2" ]; }

is "all four" "$(four net http://203.0.113.8/)" "s1 * s2 * s3 * s4 *"
is "IPv6: all four" "$(four net 'http://[2001:db8:1::8]/')" "s1 * s2 * s3 * s4 *"
is "hairpin: a server is a client, too" "$(four s1 http://203.0.113.8/)" "s1 * s2 * s3 * s4 *"
is "nobody from outside as one of them" "$(fw -j stats | j "d['reasons']['policy']['value']")" 0

# load [URL]: requests without end, four at a time. Lines of "200 0.004", status 000
# where it failed.
load() {
	local i url=${1-http://203.0.113.8/}
	touch loading
	for i in 1 2 3 4; do
		# Here: else so_many, who comes before its client, counts those of the last time.
		: >load.$i
		on net bash -c 'while [ -e loading ]; do
			curl -s -o body.'"$i"' --connect-timeout 10 --max-time 20 \
				-w "%{http_code} %{time_total}\n" -H "Connection: close" '"'$url'"'
		done >>load.'"$i"'' &
		loaders[i]=$!
	done
}
# so_many N: until that many more requests were answered.
answered() { cat load.[1-4] | grep -c '^200'; }
so_many() {
	local until=$(($(answered) + $1))
	so_far() { [ "$(answered)" -ge "$until" ]; }
	PATIENCE=60 wait_for so_far
}
failed() { cat load.[1-4] | grep -vc '^200'; }
unload() {
	rm loading
	wait "${loaders[@]}"
}

# Worked on: drained, stopped, started, added.
load
so_many 10
fw pool drain web 192.168.1.13:8080
# The last of its connections is answered.
no_conns() { [ "$(server 192.168.1.13:8080 conns)" = 0 ]; }
ok "drained: what it has comes to its end" wait_for no_conns || fw conn list reply src 192.168.1.13 | diag
total=$(server 192.168.1.13:8080 total)
kill "${web[3]}"
so_many 24
is "drained: it gets nothing while it is away" "$(server 192.168.1.13:8080 total)" "$total"
web 3
web[3]=$pid
fw pool add web 192.168.1.13:8080
so_many 24
over "added: and has its share again" "$(server 192.168.1.13:8080 total)" "$total"
unload
over "requests were made" "$(answered)" 57
is "worked on: not one of them failed" "$(failed)" 0

# Dies: connections to it are refused.
spawn gw fwctl monitor policy
load
so_many 10
kill -9 "${web[2]}"
ok "dead: it is taken out" wait_for state_is 192.168.1.12:8080 down
# Seconds; between two of them it may be tried.
retry_said() { local s; s=$(server 192.168.1.12:8080 retry 2>/dev/null); [ -n "$s" ] && [ "$s" -le 60 ]; }
ok "dead: and in how many seconds it is tried is said" wait_for retry_said
total=$(server 192.168.1.12:8080 total)
before=$(failed)
so_many 24
now=$(failed)
# On a slow machine it may be tried meanwhile.
tries=$(($(server 192.168.1.12:8080 total) - total))
ok "dead: nothing more is led there, but to try it" [ "$tries" -le 2 ]
ok "and nothing else fails any more" [ "$now" -le $((before + tries)) ]
# Tried when it may be, once, in vain.
tried() { [ "$(server 192.168.1.12:8080 total)" -gt "$total" ]; }
ok "dead: it is tried after a while" wait_for tried
web 2
web[2]=$pid
# In twice the time, and in twice that again where the server was slow to start.
PATIENCE=60
ok "back: it is tried again, and taken in" wait_for state_is 192.168.1.12:8080 up
PATIENCE=
so_many 24
over "and has its share again" "$(server 192.168.1.12:8080 total)" "$total"
unload
n=$(failed)
note "failed: $n, of $(($(answered) + n))"
# Four that were in flight, those that it took to notice, one a try.
ok "dead: none failed but those that were led to it" \
	[ "$n" -le $((4 + $(server 192.168.1.12:8080 failed))) ]
ok "monitor tells" wait_for grep -q "down.*192.168.1.12:8080 of pool web" "$TMP"/test/spawn.gw.*
ok "of both" wait_for grep -q "up.*192.168.1.12:8080 of pool web" "$TMP"/test/spawn.gw.*

# silent FAMILY SERVER URL: s4 falls silent, and is back: SYNs are not answered. They are said
# again, to another one.
silent() {
	local before
	before=$(reason servers-down)
	load "$3"
	so_many 10
	ip -n gw link set p-s4 down
	ok "$1, silent: it is taken out" wait_for state_is "$2" down
	over "$1, silent: counted" "$(reason servers-down)" "$before"
	so_many 24
	ip -n gw link set p-s4 up
	PATIENCE=60
	ok "$1, silent, back: it is tried again, and taken in" wait_for state_is "$2" up
	ok "$1, silent, back: and has its share again" wait_for got_more "$2" "$(server "$2" total)"
	PATIENCE=
	unload
	note "failed: $(failed), of $(($(answered) + $(failed)))"
	# Established at that moment, and told nothing.
	ok "$1, silent: none failed but those that were answered half" [ "$(failed)" -le 4 ]
}
silent IPv4 192.168.1.14:8080 http://203.0.113.8/
silent IPv6 '[fd00:1::14]:8080' 'http://[2001:db8:1::8]/'

# IPv6 has servers of its own, that die by themselves.
six='[fd00:1::13]:8080'
load 'http://[2001:db8:1::8]/'
so_many 10
kill -9 "${web[3]}"
ok "IPv6, dead: it is taken out" wait_for state_is "$six" down
is "IPv6, dead: that of IPv4 is another" "$(server 192.168.1.13:8080 state)" up
so_many 24
web 3
PATIENCE=60
ok "IPv6, back: it is tried again, and taken in" wait_for state_is "$six" up
PATIENCE=
PATIENCE=20
ok "IPv6: and has its share again" wait_for got_more "$six" "$(server "$six" total)"
PATIENCE=
unload
note "failed: $(failed), of $(($(answered) + $(failed)))"
ok "IPv6, dead: none failed but those that were led to it" \
	[ "$(failed)" -le $((4 + $(server "$six" failed))) ]
fw pool list web | diag
done_testing
