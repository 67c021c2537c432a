#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Two gateways, each with its own policy, table and counters.
#
#   home ──── gw ──── mid ──── gw2 ──── net
#       masquerade            port forward
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
host home net
router gw mid gw2
link home h0 gw lan
link gw wan mid m0
link mid m1 gw2 wan
link gw2 lan net i0
addr home h0 192.168.1.2/24
addr gw lan 192.168.1.1/24
addr gw wan 203.0.113.8/24
addr mid m0 203.0.113.1/24
addr mid m1 198.51.100.1/24
addr gw2 wan 198.51.100.8/24
addr gw2 lan 192.168.1.1/24
addr net i0 192.168.1.2/24
via home 192.168.1.1
via gw 203.0.113.1
via gw2 198.51.100.1
via net 192.168.1.1
must_apply <<'END'
option conn-max 1000
ingress { iif lan accept id lan; ct state untracked accept; drop }
egress { oif wan masquerade accept; accept }
END
ok "another policy in gw2" fwctl -n gw2 apply - <<'END'
option conn-max 2000
ingress { tcp dport 80 dnat to 192.168.1.2:8080 accept id forward; drop id rest }
END
py <<'END'
p = Pair("home", "198.51.100.8", 80, listen("net", "192.168.1.2", 8080))
ok(p.talk(), "through both: the same addresses on both ends")
equal(p.peer[0], "203.0.113.8", "the server sees the first gateway")
a, b = stats("gw"), stats("gw2")
equal((a["connections"]["max"], b["connections"]["max"]), (1000, 2000), "each has its limit")
equal([r.get("id") for r in a["rules"] if r.get("id")], ["lan"], "each has its rules: gw")
equal([r.get("id") for r in b["rules"] if r.get("id")], ["forward", "rest"], "each has its rules: gw2")
run("ip", "netns", "exec", "home", "ping", "-n", "-c", "1", "-W", "0.3", "198.51.100.8")
ok(rule("rest", "gw2")["hits"] > 0 and stats("gw")["verdicts"]["drop"] == 0, "each counts its own")
fwctl("conn", "flush", host="gw2")
equal((fwctl("conn", "count", host="gw2")["count"], fwctl("conn", "count", host="gw")["count"]),
      (0, 2), "each flushes its own")
fwctl("flush", host="gw2")
equal(stats("gw")["generation"], 1, "the other one's policy stays")
equal(run("fwctl", "-n", "mid", "-j", "conn", "count").returncode, 0, "a namespace without a policy has an empty table")
END
done_testing
