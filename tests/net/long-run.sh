#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Long runs of rules, which are searched and not tried one by one: the first that
# matches decides, is counted, and those without a verdict are gone on behind.
#
#   home h0 ──── lan gw wan ──── net i0
#
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
ping1() { on home ping -n -c 1 -W 1 "$@"; }
stopped() { on home ping -n -c 1 -W 0.3 "$@"; }

# 2,000 rules of other places, with something that matters here and there.
rules() {
	seq 2000 | awk -v at="$1" -v what="$2" '
		{ printf "\tsaddr 10.%d.%d.0/24 tcp dport %d accept\n", $1 / 200, $1 % 200, 1000 + $1
		  printf "\tsaddr 2001:db8:%x::/48 udp dport %d accept\n", $1, 1000 + $1 }
		$1 == at { print what }
		$1 == 500 { print "\tsaddr 192.168.1.0/24 count seen"
			    print "\tsaddr fd00:1::/64 icmpv6 type echo-request count seen" }
		$1 == 1500 { print "\ticmp type echo-request accept id ping"
			     print "\ticmpv6 type echo-request accept id ping6" }'
}
policy() { printf 'ingress device lan {\n\tether type arp accept\n%s\n\ticmpv6 type { 135, 136 } accept\n\tdrop id rest\n}\n' "$(rules "$@")"; }

must_apply < <(policy 0 "")
ok "it is searched" sh -c "fwctl -n gw show program | grep -q ' search '"
ok "a rule far behind" ping1 198.51.100.7
ok "a rule far behind, IPv6" ping1 2001:db8:77::7
is "it was counted" "$(rule ping hits)" 1
is "it was counted, IPv6" "$(rule ping6 hits)" 1
is "a rule without a verdict before it was, too" "$(counter seen)" 2
on home python3 -c "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('198.51.100.7', 7))"
hit_rest() { [ "$(rule rest hits)" -ge 1 ]; }
wait_for hit_rest
over "what no rule matches goes on behind them" "$(rule rest hits)" 0

# Neighbours, who ask at any time, ask each other.
must_apply < <(policy 1000 "	saddr { 192.168.1.0/24, fd00:1::/64 } daddr { 198.51.100.7, 2001:db8:77::7 } drop id early")
fails "a rule before it hides it" stopped 198.51.100.7
fails "a rule before it hides it, IPv6" stopped 2001:db8:77::7
is "and is counted" "$(rule early hits)" 2
must_apply < <(policy 1700 "	saddr 192.168.1.0/24 drop id late")	# neighbours ask by IPv6 at any time
ok "a rule behind it does not" ping1 198.51.100.7
is "and is not counted" "$(rule late hits)" 0

# The same for connections, decided at ingress.
inet() { printf 'ingress {\n%s\n\tdrop\n}\n' "$(rules "$@")"; }
serve net 7000
must_apply < <(inet 1900 "	tcp dport 7000 accept id web")
ok "a connection by a rule far behind" on home python3 -c "import socket; socket.create_connection(('198.51.100.7', 7000), 2)"
is "it was counted" "$(rule web hits)" 1
must_apply < <(inet 1900 "	tcp dport 7001 accept id web")
fails "another port is none" on home python3 -c "import socket; socket.create_connection(('198.51.100.7', 7000), 0.4)"
done_testing
