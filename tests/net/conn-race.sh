#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets of the same connections on two CPUs (the race flavour has them), and
# meanwhile all that an administrator can do: list, count, delete, flush, apply,
# monitor, a table that grows, shrinks and is too small. Afterwards the books
# balance. RACE_TIME is in seconds.
#
#   home ──── lan gw wan ──── net        forged: 10.0.0.0/8 > 203.0.113.200
# flavours: fast race leak
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
export RACE_TIME=${RACE_TIME:-$((2 * SLOW))}
topology
ip -n gw neigh replace 203.0.113.200 lladdr 02:00:00:00:00:99 dev wan
ok "the sender is built" cc -O2 -Wall -Wextra -o "$TMP/flood" "$netdir/flood.c"
py <<'END'
POLICY = """option adopt 0s
option tcp-loose on
option conn-max %d
option conn-max-per-source %d
option timeout tcp-syn-sent 1s
ingress {
    iif lo accept
    iif lan tcp dport %d drop
    iif lan tcp dport 80 ct count by saddr/28 > 5 drop id crowded
    iif lan udp dport 5000 ct count by saddr/28 > 3 drop
    accept id in%d
}
egress { oif wan saddr 10.0.0.0/%d masquerade accept id out; accept }
"""
apply(POLICY % (2000, 100, 81, 0, 9))
began = time.monotonic()
senders = []
for cpu in range(os.cpu_count() or 1):
    with ns("home"):
        senders.append(subprocess.Popen(["taskset", "-c", str(cpu), os.environ["TMP"] + "/flood", "h0", mac("gw", "lan").hex(":"),
                                         "203.0.113.200", "80", "0", "7", "20000"], stdout=subprocess.DEVNULL))
with ns("gw"):
    quiet = subprocess.DEVNULL
    others = [subprocess.Popen(["fwctl", "monitor"], stdout=quiet)]
    for what in ("while fwctl -j conn list; do :; done", "while fwctl conn count dport 80; do :; done",
                 "while fwctl stats; do :; done"):
        others.append(subprocess.Popen(["bash", "-c", what], stdout=quiet, stderr=quiet))
rounds = 0
while time.monotonic() < began + float(os.environ["RACE_TIME"]) or rounds < 6:
    # Small and large tables in turn, rules that come and go, sources that are too many.
    apply(POLICY % ((500, 30000, 5000)[rounds % 3], (100, 1000000)[rounds % 2], (81, 80)[rounds % 5 == 4], rounds % 3, 9 + rounds % 8))
    fwctl("conn", "delete", "src", f"10.0.{rounds % 64}.0/24")
    fwctl("conn", "delete", "not", "snat", "sport", "1024-20000")
    if rounds % 3 == 2:
        fwctl("conn", "flush")
    rounds += 1
alive = [p for p in senders + others if p.poll() is None]
equal(len(alive), len(senders) + len(others), f"{rounds} rounds: nobody gave up")
for p in senders + others:
    p.kill()
    p.wait()
c = stats()["connections"]
print(f"# {rounds} rounds, {c['created']} connections, ended by",
      ", ".join(f"{k} {v['value']}" for k, v in c["ended_by"].items() if v["value"]))
ok(c["created"] > 1000, "there were connections", c)
fwctl("conn", "flush")
c = stats()["connections"]
equal(c["created"], c["ended"], "R25: created = ended, when all are gone")
equal(sum(v["value"] for v in c["ended_by"].values()), c["ended"], "R25: and each has its reason")
equal((c["count"], c["memory"]), (0, 0), "no record is left")
# Nothing of the counts either: each source may have as many as it may again.
apply(POLICY % (2000, 100, 81, 0, 9))
socks = [udp("home", HOME[4]) for _ in range(5)]
for s in socks:
    s.sendto(b"x", (FAR[4], 5000))
equal(len(conn_list("src", HOME[4])), 3, "R26: a rule's counts are right")
fwctl("conn", "flush")
apply(POLICY % (2000, 2, 81, 0, 9))
for s in socks:
    s.sendto(b"x", (FAR[4], 5000))
equal(len(conn_list("src", HOME[4])), 2, "R26: the counts of sources are right")
END
done_testing
