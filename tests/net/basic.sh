#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Accept and drop at each hook, for each family, and no hook without a policy.
#
#   home 192.168.1.2 ──── gw ──── net 198.51.100.7
#        fd00:1::2                    2001:db8:77::7
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
far4=198.51.100.7 far6=2001:db8:77::7
ping1() { on home ping -n -c 1 -W 1 "$@"; }
stopped() { on home ping -n -c 1 -W 0.3 "$@"; }

ok "IPv4 passes before there is a policy" ping1 $far4
ok "IPv6 passes before there is a policy" ping1 $far6

must_apply <<'END'
ingress { accept }
egress { accept }
END
ok "IPv4 passes: accept, accept" ping1 $far4
ok "IPv6 passes: accept, accept" ping1 $far6
is "both have a record" "$(conns)" 2

for hook in ingress egress; do
	for family in ipv4 ipv6; do
		must_apply <<-END
			$hook { family $family icmp$([ $family = ipv6 ] && echo v6) type echo-request drop id stop-$hook-$family; accept }
		END
		fw conn flush >/dev/null
		if [ $family = ipv4 ]; then
			stop=$far4 pass=$far6
		else
			stop=$far6 pass=$far4
		fi
		fails "$hook drops $family" stopped $stop
		ok "$hook: the other family passes" ping1 $pass
		is "$hook drops $family: the rule counts" "$(rule stop-$hook-$family hits)" 1
		is "$hook drops $family: the reason counts" \
			"$(stat "d['reasons']['policy']['value'] > 0")" true
		is "$hook drops $family: nothing is left of it" \
			"$(fw -j conn list | j "len([c for c in d if c['family'] == '$family'])")" 0
	done
done

must_apply <<'END'
ingress {
	iif lan tcp dport 80 accept
	iif lan protocol { icmp, icmpv6 } accept
	iif wan drop
	drop id rest
}
END
serve net 80
serve net 81
ok "port 80 is accepted" on home python3 "$netdir/peer.py" ask tcp $far4 80
ok "port 80 is accepted by IPv6" on home python3 "$netdir/peer.py" ask tcp $far6 80
fails "port 81 is not" on home python3 "$netdir/peer.py" ask tcp $far4 81
over "which the last rule refuses" "$(rule rest hits)" 0
is "the connection shows its rule's line" "$(fw -j conn list |
	j "[c['rules']['ingress']['line'] for c in d if c['protocol'] == 'tcp'][0]")" 2

ok "flush takes the policy away" fw flush
ok "and all passes again" on home python3 "$netdir/peer.py" ask tcp $far4 81
done_testing
