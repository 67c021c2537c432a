#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R28: the policy is replaced a thousand times while connections carry data; all that
# both policies allow go on.
#
#   home ──── lan gw wan ──── net        iperf3, four streams and UDP; ping
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
times=1000
[ "$FWTREE_FLAVOUR" = fast ] || times=150
for p in a b; do
	cat >$p.fw <<-END
		option conn-max 10000
		ingress {
			iif lo accept
			ct state untracked accept
			ct state invalid drop id invalid
			$([ $p = a ] || echo "udp dport 9999 drop")
			iif lan accept id lan
			drop id end
		}
		egress {
			$([ $p = a ] || echo "dscp 9 drop")
			oif wan masquerade accept
			accept
		}
	END
done
fw apply a.fw >/dev/null
spawn net iperf3 -s -p 5201
spawn net iperf3 -s -p 5202
wait_for listening net 5201
wait_for listening net 5202
on home iperf3 -c 198.51.100.7 -p 5201 -t 600 -P 4 -b 2M --forceflush >tcp.out 2>&1 &
tcp=$!
on home iperf3 -c 2001:db8:77::7 -p 5202 -u -b 1M -t 600 --forceflush >udp.out 2>&1 &
udp=$!
disown -a
wait_for grep -q SUM tcp.out
wait_for grep -q 'KBytes' udp.out
before=$(fw -j conn list | j "sorted(c['id'] for c in d)")
packets=$(rule lan packets)

t0=$SECONDS
cat >loop.sh <<'END'
for ((i = 0; i < $1; i++)); do
	if ((i % 2)); then p=a.fw; else p=b.fw; fi
	fwctl -n gw apply $p >/dev/null || exit 1
done
END
ok "$times policies are applied" bash loop.sh $times
note "$times applied in $((SECONDS - t0)) s"
ok "TCP still runs" kill -0 $tcp
ok "UDP still runs" kill -0 $udp
after=$(fw -j conn list | j "sorted(c['id'] for c in d if c['protocol'] in ('tcp', 'udp'))")
is "every connection is the one that it was" "$after" "$before"
is "the generation counts them" "$(stat "d['generation']")" $((times + 1))
# Four of TCP and one of UDP; what iperf3 has beside them is silent till the end.
said=$(fw -j conn list | j "{str(c['id']): c['original']['packets'] for c in d}")
go_on() {
	[ "$(fw -j conn list |
		j "sum(c['original']['packets'] > $said.get(str(c['id']), 0) for c in d)")" -ge 5 ]
}
ok "no stream stands still" wait_for go_on
over "the rule kept its count" "$(rule lan packets)" "$packets"
is "nothing was dropped as no longer allowed" "$(reason revalidated)" 0
is "nothing was invalid" "$(rule invalid hits)" 0
is "nothing met the end" "$(rule end hits)" 0
kill $tcp $udp
done_testing
