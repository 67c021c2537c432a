#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R33: a namespace goes with connections in it; the module goes, and comes back, while
# traffic runs and tables are full.
#
#   home ──── lan gw wan ──── net        iperf3 TCP and UDP, ping
#
# Runs last. Under KASAN the module does not come back: User-Mode Linux leaves
# the red zones of an unloaded module's variables poisoned, and complains of the
# next module that is loaded to the same place.
# flavours: fast debug race leak
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
cat >policy.fw <<'END'
ingress device lan { saddr 10.9.9.9 drop; accept }
egress device wan { accept }
ingress { ct state invalid drop; iif { lan, lo } accept; ct state untracked accept; drop }
egress { oif wan masquerade accept; accept }
END
port=5200
# quiet: what ran in home and net has ended.
quiet() {
	local h p
	for h in home net; do
		for p in $(ip netns pids $h); do kill -9 "$p" 2>/dev/null; done
		wait_for bash -c "! ip netns pids $h | grep -q ."
	done
}
traffic() {
	quiet
	port=$((port + 2))
	spawn net iperf3 -s -p $port
	spawn net iperf3 -s -p $((port + 1))
	wait_for listening net $port
	wait_for listening net $((port + 1))
	spawn home iperf3 -c 198.51.100.7 -p $port -t 600 -P 2 -b 100M --forceflush --logfile tcp.$port
	spawn home iperf3 -c 2001:db8:77::7 -p $((port + 1)) -t 600 -u -b 20M
	spawn home ping -n -i 0.01 198.51.100.7
	wait_for grep -q SUM tcp.$port
}

for i in 1 2 3 4 5 6 7 8; do
	router new
	fwctl -n new apply policy.fw >/dev/null
	ip netns del new
done
ok "namespaces with a policy come and go" fw -j stats

fw apply policy.fw >/dev/null
traffic
over "there are connections" "$(conns)" 2
ok "the namespace is deleted under traffic" ip netns del gw
quiet

# The cables went with it.
router gw
link home h0 gw lan
link gw wan net i0
addr home h0 192.168.1.2/24 fd00:1::2/64
addr gw lan 192.168.1.1/24 fd00:1::1/64
addr gw wan 203.0.113.8/24 2001:db8:1::8/64
addr net i0 203.0.113.1/24 2001:db8:1::1/64
via home 192.168.1.1 fd00:1::1
via gw 203.0.113.1 2001:db8:1::1
route_home

# What was there before a first policy is adopted for a minute.
py <<'END'
p = Pair("home", FAR[4], 80, listen("net", FAR[4], 80))
p.talk()
apply("ingress { ct state invalid drop; ct state untracked accept; tcp dport 80 accept; iif lo accept; drop }")
ok(p.talk(), "a connection that was there before the first policy goes on")
fwctl("flush")
END

rounds=3
[ "$FWTREE_FLAVOUR" = fast ] || rounds=1
for ((i = 1; i <= rounds; i++)); do
	ok "round $i: a policy is applied" fw apply policy.fw
	traffic
	over "round $i: there are connections" "$(conns)" 2
	ok "round $i: the module goes under traffic" rmmod fwtree
	fails "round $i: it is gone" grep -q '^fwtree ' /proc/modules
	fails "round $i: fwctl says so" fw stats
	ok "round $i: and all passes" on home ping -n -c 1 -W 2 198.51.100.7
	[ "$FWTREE_FLAVOUR" = fast ] || break
	ok "round $i: it comes back, under traffic" insmod "$FWTREE_KO"
	is "round $i: nothing is in force" "$(stat "d['generation']")" 0
done
done_testing
