#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The module goes, and comes back, while traffic runs, tables are full, and a
# dump is half-way; a namespace goes with connections in it.
#
#   home ──── lan gw wan ──── net        iperf3 TCP and UDP, ping
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
fw apply policy.fw >/dev/null
for i in 1 2 3; do
	traffic
	over "round $i: there are connections" "$(conns)" 2
	ok "round $i: the module goes under traffic" rmmod fwtree
	fails "round $i: it is gone" grep -q '^fwtree ' /proc/modules
	fails "round $i: fwctl says so" fw stats
	ok "round $i: it comes back" insmod "$FWTREE_KO"
	ok "round $i: nothing is in force" test "$(stat "d['generation']")" = 0
	ok "round $i: and a policy is applied under traffic" fw apply policy.fw
	on home ping -n -c 1 -W 1 198.51.100.7 >/dev/null
done
quiet

# What was there before a first policy is adopted for a minute.
fw flush >/dev/null
rmmod fwtree && insmod "$FWTREE_KO"
py <<'END'
p = Pair("home", FAR[4], 80, listen("net", FAR[4], 80))
p.talk()
POLICY = "ingress { ct state invalid drop; ct state untracked accept; tcp dport 80 accept; iif lo accept; drop }"
apply(POLICY)
ok(p.talk(), "a connection that was there before the first policy goes on")
fwctl("flush")
END

# A namespace that goes with connections and traffic in it.
fw apply policy.fw >/dev/null
traffic
over "there are connections" "$(conns)" 2
fw monitor >/dev/null 2>&1 &
ip -n gw link set lan down
ip -n gw link set lan up
ok "the namespace is deleted under traffic" ip netns del gw
ok "the module can go after it" wait_for rmmod fwtree
ok "and comes back" insmod "$FWTREE_KO"
for i in 1 2 3 4 5 6 7 8; do
	router gw
	fw apply policy.fw >/dev/null
	ip netns del gw
done
ok "namespaces come and go" fwctl -j stats
done_testing
