#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# explain --live: a dry run in the kernel says what then happens, and changes nothing.
#
#   home 192.168.1.2 ──── lan gw wan 203.0.113.8 ──── net 198.51.100.7
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
cat >policy.fw <<'END'
option adopt 0s
ingress {
	ct state invalid drop
	iif wan daddr addr(wan) tcp dport 80 dnat to 192.168.1.2:8080 accept id web
	iif lan route oif wan limit 2/minute burst 2 by saddr count seen log "seen " accept id go
	drop id rest
}
egress {
	iif lan oif wan masquerade accept id masq
	accept
}
END
fwctl -n gw apply policy.fw >/dev/null
live() { fwctl -j -n gw explain --live "$@" >live.json 2>live.err; }
json() { python3 -c 'import json, sys; j = json.load(open("live.json")); sys.exit(not eval(sys.argv[1]))' "$1"; }
# What those rules have counted; others meet the neighbours' words, too.
books() {
	fwctl -j -n gw stats | python3 -c 'import json, sys; j = json.load(sys.stdin)
print(j["counters"], j["connections"]["created"],
      [r["hits"] for r in j["rules"] if r["id"] in ("web", "go", "masq")])'
}
before=$(books)

check_go() {
	# More often than the limit allows: no token is taken.
	for _ in 1 2 3 4 5; do
		live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 || return 1
		json 'j["verdict"] == "accept" and j["out"] == "wan" and j["rules"]["ingress"]["id"] == "go" and j["rules"]["egress"]["id"] == "masq"' || return 1
	done
}
ok "what goes out, by the kernel's route, as often as asked" check_go
check_path() { json 'any(s["line"] == 5 and "route oif" in (s["text"] or "") for s in j["path"])'; }
ok "its way has the rules that it met" check_path
check_web() {
	live in wan tcp 198.51.100.7:5000 to 203.0.113.8:80 &&
		json 'j["rules"]["ingress"]["id"] == "web" and j["out"] == "lan" and j["rules"]["egress"] is not None'
}
ok "what is led elsewhere is routed there" check_web
check_rest() { live in wan udp 198.51.100.7:5 to 192.168.1.2:5 && json 'j["verdict"] == "drop" and j["reason"] == "policy" and j["rule"]["id"] == "rest"'; }
ok "what is refused: by which rule" check_rest
check_invalid() { live in lan tcp 192.168.1.2:5 to 198.51.100.7:5 ack && json 'j["verdict"] == "drop" and j["reason"] == "invalid"'; }
ok "an ACK of no connection" check_invalid
check_text() { fwctl -n gw explain --live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 >out.txt && grep -q 'accept, by policy.fw:9 (masq)' out.txt && grep -q 'routed to wan' out.txt; }
ok "the same for people" check_text
check_nothing() {
	local after
	after=$(books)
	[ "$before" = "$after" ] && [ "$(fwctl -j -n gw conn list)" = '[]' ]
}
ok "nothing was counted, nothing begun" check_nothing
check_bad() {
	! live in nowhere udp 192.168.1.2:5 to 198.51.100.7:5 && grep -q 'no such interface' live.err live.json &&
		! live in lan udp 192.168.1.2:5 to 198.51.100.7:5 len 3000
}
ok "an interface that is not there, a packet that is too long" check_bad
check_conn() {
	ip netns exec home bash -c 'echo x >/dev/udp/198.51.100.7/53'
	local sport
	sport=$(fwctl -j -n gw conn list | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["original"]["sport"])')
	live in lan udp "192.168.1.2:$sport" to 198.51.100.7:53 && json 'j["connection"] is not None and not j["path"]'
}
ok "a packet of a connection goes with it" check_conn
fwctl -n gw flush >/dev/null
check_none() { ! live in lan udp 192.168.1.2:5 to 198.51.100.7:5 && grep -q 'no policy' live.err live.json; }
ok "without a policy" check_none
done_testing
