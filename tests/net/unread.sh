#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What fwctl writes can't be read by anybody: the disk is full, standard output is
# closed. That is told, and nothing is forgotten for it.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home

{
	echo 'ingress {'
	for ((i = 0; i < 6000; i++)); do
		echo "	saddr 10.$((i >> 8)).$((i & 255)).0/24 tcp dport $i drop"
	done
	echo '	icmp type echo-request count pings accept id pings'
	printf '\taccept\n}\n'
} | must_apply
on home ping -n -c 3 -i 0.01 -W 1 198.51.100.7 >ping.out 2>&1
is "three were counted" "$(counter pings)" 1

full() { fw "$@" >/dev/full 2>err; }
closed() { fw "$@" >&- 2>err; }
told() { grep -q '^fwctl: cannot write to standard output$' err; }
fails "a full disk: stats" full stats --reset
ok "it says so" told
is "and has not forgotten what it could not tell" "$(counter pings)" 1
fails "JSON, too" full -j stats --reset
is "nor has that" "$(counter pings)" 1
for what in "show policy" "show tree" "show program" "conn list" "-j conn list" "set list"; do
	# shellcheck disable=SC2086
	fails "closed: $what" closed $what
	ok "which is told" told
done
ok "read, it is forgotten" fw stats --reset
is "and all begins anew" "$(counter pings)" 0

# given_up PID: something is told, and it has ended.
given_up() {
	fw apply policy.fw --full >apply.out 2>&1
	! kill -0 "$1" 2>/dev/null
}

# watch ARGUMENTS...: monitor, until it ends by itself; its status.
watch() {
	timeout 300 fwctl -n gw "$@" >/dev/full 2>err &
	local pid=$!
	PATIENCE=60 wait_for given_up "$pid" >/dev/null
	wait "$pid"
	echo $?
}
is "monitor ends with what it can't write" "$(watch monitor policy)" 1
is "in JSON, too" "$(watch -j monitor policy)" 1

done_testing
