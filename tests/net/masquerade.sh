#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Real clients behind masquerade, IPv4 and IPv6: web, ping, DNS, throughput.
#
#   home 192.168.1.2 ──── lan gw wan ──── net 198.51.100.7      curl, ping, dig,
#        fd00:1::2          203.0.113.8       2001:db8:77::7    iperf3
#                           2001:db8:1::8     (no route to home)
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
declare -A fars=([4]=198.51.100.7 [6]=2001:db8:77::7)

must_apply <<'END'
ingress {
	iif lo accept
	ct state invalid drop
	iif lan accept
	ct state untracked accept		# ND, MLD
	drop id unsolicited
}
egress {
	iif lan oif wan masquerade accept
	accept
}
END

mkdir www
head -c 300000 /dev/urandom >www/file
spawn net python3 -m http.server --bind :: --directory www 80
spawn net iperf3 -s
spawn net dnsmasq --no-daemon --conf-file=/dev/null --user=root --no-resolv --no-hosts \
	--pid-file --address=/host.example/192.0.2.1 --address=/host.example/2001:db8::1
wait_for listening net 80
wait_for listening net 5201
wait_for listening net 53 udp

for f in 4 6; do
	far=${fars[$f]} url=$far
	[ $f = 6 ] && url="[$far]"
	ok "IPv$f: ping" on home ping -n -c 2 -i 0.05 -W 2 "$far"
	ok "IPv$f: curl" on home curl -sS --max-time 10 -o got.$f "http://$url/file"
	ok "IPv$f: the file is whole" cmp got.$f www/file
	ok "IPv$f: iperf3 TCP" on home iperf3 -c "$far" -t 1 -J --logfile tcp.$f
	over "IPv$f: iperf3 TCP carries something" "$(j 'int(d["end"]["sum_received"]["bytes"])' <tcp.$f)" 1000000
	ok "IPv$f: iperf3 TCP, reverse" on home iperf3 -c "$far" -t 1 -R
	ok "IPv$f: iperf3 UDP" on home iperf3 -c "$far" -t 1 -u -b $((4000 / SLOW))K -J --logfile udp.$f
	# A receiver that is late on a busy machine loses a few by itself.
	is "IPv$f: iperf3 UDP arrives" "$(j 'd["end"]["sum"]["lost_percent"] < 5' <udp.$f)" true
	is "IPv$f: DNS" "$(on home dig +short +tries=1 @"$far" host.example A)" 192.0.2.1
	is "IPv$f: DNS over TCP" "$(on home dig +tcp +short +tries=1 @"$far" host.example AAAA)" 2001:db8::1
done
is "all were translated" "$(fw -j conn list | j "{c['snat'] for c in d} == {True}")" true
is "nothing came in by itself" "$(rule unsolicited hits)" 0
is "nothing was dropped" "$(fw -j stats | j "[n for n, r in d['reasons'].items() if r['value']]")" '[]'
done_testing
