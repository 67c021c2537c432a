#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets of the same connections on two CPUs (the race flavour has them), and
# meanwhile all that an administrator can do: list, count, delete, on both CPUs at
# once, flush, apply, monitor, a table that grows, shrinks and is too small.
# Afterwards the books balance. RACE_TIME is in seconds.
#
#   home ──── lan gw wan ──── net        forged, to 203.0.113.200 and 2001:db8:1::200:
#                                        10.0.0.0/9 > 80      masqueraded
#                                        10.128.0.0/9 > 443.. endpoint-independent
#                                        10.64.0.0/16, fd00:1::/64 > UDP 5001, led to 5002
# flavours: fast race leak
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
export RACE_TIME=${RACE_TIME:-$((2 * SLOW))}
topology
for to in 203.0.113.200 2001:db8:1::200; do
	ip -n gw neigh replace $to lladdr 02:00:00:00:00:99 dev wan
done
ok "the sender is built" cc -O2 -Wall -Wextra -o "$TMP/flood" "$netdir/flood.c"
py <<'END'
import re, signal

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
    iif lan udp dport 5001 daddr 203.0.113.200 dnat to 203.0.113.200:5002 accept id led
    iif lan udp dport 5001 daddr 2001:db8:1::200 dnat to [2001:db8:1::200]:5002 accept id led6
    accept id in%d
}
egress {
    oif wan saddr 10.128.0.0/9 masquerade endpoint-independent accept id alike
    oif wan saddr fd00:1::/64 masquerade endpoint-independent accept id alike6
    oif wan saddr 10.0.0.0/%d masquerade accept id out
    accept
}
"""
# UDP of both families, the same sources in another order each time: frames by hand.
with open("led.py", "w") as f:
    f.write("""
import random
from netlib import *

w, to = Wire("home", "h0"), mac("gw", "lan")

def frame(src, dst, sport):
    six = ":" in src
    ends = b"".join(socket.inet_pton(family(src), a) for a in (src, dst))
    udp = struct.pack("!HHHH", sport, 5001, 16, 0) + b"led away"
    udp = udp[:6] + struct.pack("!H", csum(ends + struct.pack("!HH", 17, 16) + udp)) + udp[8:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 36, 0, 0, 64, 17, 0)
    if six:
        ip = struct.pack("!IHBB", 6 << 28, 16, 17, 64)
    else:
        ip = ip[:10] + struct.pack("!H", csum(ip + ends))
    return to + bytes((2, 0, 0, 0, 0, 1)) + (b"\\x86\\xdd" if six else b"\\x08\\0") + ip + ends + udp

all = [frame(f"10.64.{i}.{k}", "203.0.113.200", 1024 + i) for i in range(8) for k in range(1, 33)]
all += [frame(f"fd00:1::{i:x}:{k:x}", "2001:db8:1::200", 1024 + i) for i in range(1, 9) for k in range(1, 33)]
while True:
    random.shuffle(all)
    for f in all:
        w.send(f)
""")
apply(POLICY % (2000, 100, 81, 0, 9))
began = time.monotonic()
quiet = subprocess.DEVNULL
cpus = range(os.cpu_count() or 1)

def start(cpu, *argv, **kw):
    """Something on a CPU, which ends with all that it started."""
    return subprocess.Popen(["taskset", "-c", str(cpu), *argv], start_new_session=True,
                            **{"stdout": quiet, **kw})

def gone(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True

def stop(procs):
    for p in procs:
        os.killpg(p.pid, signal.SIGKILL)
        p.wait()
    ok(all(wait_for(lambda p=p: gone(p.pid)) for p in procs), "nobody sends any more")

senders = []
flood = f"{os.environ['TMP']}/flood h0 {mac('gw', 'lan').hex(':')} 203.0.113.200"
for cpu in cpus:
    with ns("home"):
        senders.append(start(cpu, *flood.split(), "80", "0", "7", "20000"))
    senders.append(start(cpu, "python3", "led.py"))
# From the same sockets to two ports, on a CPU each: one mapping for both.
for i, port in enumerate(("443", "444")):
    with ns("home"):
        senders.append(start(i % len(cpus), "bash", "-c", f"while {flood} {port} 20000 7 0 {1 << 23}; do :; done"))
deleters = []
with ns("gw"):
    others = [subprocess.Popen(["fwctl", "monitor"], stdout=quiet)]
    for cpu in cpus:
        deleters.append(start(cpu, "bash", "-c", "while fwctl -j conn delete src 10.0.0.0/8; do :; done",
                              stdout=open(f"deleted.{cpu}", "w")))
    for what in ("while fwctl -j conn list; do :; done", "while fwctl conn count dport 80; do :; done",
                 "while fwctl stats; do :; done"):
        others.append(subprocess.Popen(["bash", "-c", what], stdout=quiet, stderr=quiet))
def hits():
    return {r: rule(r)["hits"] for r in ("led", "led6", "alike", "alike6", "out")}

def ended():
    return [sum(map(int, re.findall(r'"ended": *(\d+)', open(f"deleted.{cpu}").read()))) for cpu in cpus]

met, rounds = False, 0
# Where all share a CPU, some of them have yet to begin.
while time.monotonic() < began + float(os.environ["RACE_TIME"]) or rounds < 6 or \
        (not met and time.monotonic() < began + 60 * SLOW):
    # Small and large tables in turn, rules that come and go, sources that are too many.
    apply(POLICY % ((500, 30000, 5000)[rounds % 3], (100, 1000000)[rounds % 2], (81, 80)[rounds % 5 == 4], rounds % 3, 9 + rounds % 8))
    fwctl("conn", "delete", "src", f"10.0.{rounds % 64}.0/24")
    fwctl("conn", "delete", "not", "snat", "sport", "1024-20000")
    if rounds % 3 == 2:
        fwctl("conn", "flush")
    rounds += 1
    if rounds >= 6 and not met:
        met = all(hits().values()) and all(ended())
alive = [p for p in senders + deleters + others if p.poll() is None]
equal(len(alive), len(senders + deleters + others), f"{rounds} rounds: nobody gave up")
stop(senders + deleters)
for p in others:
    p.kill()
    p.wait()
c = stats()["connections"]
print(f"# {rounds} rounds, {c['created']} connections, ended by",
      ", ".join(f"{k} {v['value']}" for k, v in c["ended_by"].items() if v["value"]))
ok(c["created"] > 1000, "there were connections", c)
ok(all(hits().values()), "of each kind", hits())
ok(all(ended()), "each CPU has deleted some", ended())
fwctl("conn", "flush")
c = stats()["connections"]
equal(c["created"], c["ended"], "R25: created = ended, when all are gone")
equal(sum(v["value"] for v in c["ended_by"].values()), c["ended"], "R25: and each has its reason")
equal((c["count"], c["memory"]), (0, 0), "no record is left, and no mapping")
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
fwctl("conn", "flush")
c = stats()["connections"]
equal((c["count"], c["memory"]), (0, 0), "and nothing is left of these")
END
done_testing
