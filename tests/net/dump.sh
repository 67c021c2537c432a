#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A million connections (a checked kernel: fewer) are listed by somebody who stops in
# the middle of it. Meanwhile traffic goes on, the table grows to another size, others
# come, go and ask: who is there throughout is told, and told once; neither the kernel
# nor fwctl keeps any of it in memory (R24).
#
#   home ──── lan gw wan ──── net        forged: 10.0.0.0/8 > 203.0.113.200
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# At these sizes the hash grows between MANY and MANY + MORE.
export MANY=$((1000000 / (SLOW * SLOW * SLOW))) MORE=$((250000 / (SLOW * SLOW * SLOW)))
topology
must_apply <<'END'
option conn-max 2000000
option conn-adaptive-start 0
option adopt 0s
option timeout tcp-syn-sent 1h
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop }
egress { oif wan saddr 192.168.1.0/24 masquerade accept; accept }
END
# Hosts that take everything and answer nothing.
ip -n gw neigh replace 203.0.113.200 lladdr 02:00:00:00:00:99 dev wan
ip -n gw neigh replace 203.0.113.201 lladdr 02:00:00:00:00:99 dev wan
ok "the sender is built" cc -O2 -Wall -Wextra -o "$TMP/flood" "$netdir/flood.c"
py <<'END'
import re
import threading
MANY, MORE = int(os.environ["MANY"]), int(os.environ["MORE"])
MIB = 1 << 20

def forge(n, dst, first):
    """So many SYNs, each of its own source, one after the other."""
    with ns("home"):
        r = run(os.environ["TMP"] + "/flood", "h0", mac("gw", "lan").hex(":"), dst, "80", str(n), "1", "0", str(first))
    return int(r.stdout)

def available():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable"):
            return int(line.split()[1]) * 1024

def memory(p, what):
    for line in open(f"/proc/{p.pid}/status"):
        if line.startswith(what):
            return int(line.split()[1]) * 1024

class Talk:
    """A client and a server that do not stop."""
    def __init__(self):
        self.c, self.s = udp("home", HOME[4], 4000), udp("net", FAR[4], 4000)
        self.n, self.lost, self.on = 0, 0, True
        self.t = threading.Thread(target=self.run)
        self.t.start()

    def run(self):
        while self.on:
            try:
                self.c.sendto(b"ping", (FAR[4], 4000))
                _, who = self.s.recvfrom(9)
                self.s.sendto(b"pong", who)
                self.c.recv(9)
                self.n += 1
            except OSError:
                self.lost += 1

SADDR = re.compile(rb'"saddr": ?"10\.(\d+)\.(\d+)\.(\d+)"')
seen, text = bytearray(MANY + MORE), b""

def read(p, until=None):
    """Goes on reading, to the end or so many bytes further."""
    global text
    n = 0
    while until is None or n < until:
        data = p.stdout.read1(MIB)
        if not data:
            return n
        n += len(data)
        text += data
        whole = text.rfind(b"\n", 0) + 1 or text.rfind(b"}") + 1
        for m in SADDR.finditer(text, 0, whole):
            a, b, c = m.groups()
            seen[int(a) << 16 | int(b) << 8 | int(c)] += 1
        text = text[whole:]
    return n

equal(forge(MANY, "203.0.113.200", 0), MANY, f"{MANY} SYNs are sent")
equal(fwctl("conn", "count")["count"], MANY, f"{MANY} connections")
listener = listen("net", FAR[4], 80)
before = available()
talk = Talk()
p = subprocess.Popen(["fwctl", "-j", "-n", "gw", "conn", "list"], stdout=subprocess.PIPE)
size = read(p, 300 * MANY)
told = sum(seen)
ok(MANY // 10 < told < MANY, "in the middle the reader stops", told)
# Nobody has begun anything since: what is used is the listing's.
used = before - available()
ok(used < 16 * MIB, "the kernel keeps none of it", used)
ok(memory(p, "VmHWM") < 16 * MIB, "nor does fwctl", memory(p, "VmHWM"))
at = talk.n
ok(wait_for(lambda: talk.n > at + 100), "traffic goes on")
pair = Pair("home", FAR[4], 80, listener)
ok(pair.talk(), "connections begin")
ok(fwctl("conn", "count", "dst", "203.0.113.200")["count"] == MANY, "others count them meanwhile")
equal(len(conn_list("src", HOME[4], "dport", "80")), 1, "and list")
apply(open("policy.fw").read() + "\n# again\n")
equal(forge(MORE, "203.0.113.201", MANY), MORE, "the table grows to another size")
size += read(p, 50 * MANY)
# The last quarter of those that came meanwhile.
half = MANY + MORE * 3 // 4
last = MANY + MORE - 1
first = ".".join(str(half >> s & 255) for s in (16, 8, 0))
ended = fwctl("conn", "delete", "src", f"10.{first}-10." + ".".join(str(last >> s & 255) for s in (16, 8, 0)))["ended"]
equal(ended, last - half + 1, "others end some of them")
size += read(p)
equal(p.wait(), 0, "the listing comes to its end")
print(f"# {size} bytes, {sum(seen)} connections told; fwctl had {at} exchanges beside it")
equal((seen[:MANY].count(1), max(seen)), (MANY, 1), "who was there throughout is told, and all at most once")
talk.on = False
talk.t.join()
c = conn_list("udp", "sport", "4000")[0]
equal((talk.lost, c["original"]["packets"], c["reply"]["packets"]), (0, talk.n, talk.n), "of the traffic nothing was lost, and each packet counted")
ok(pair.talk(), "what began meanwhile goes on")
pair.close()

# As text it needs no more.
p = subprocess.Popen(["fwctl", "-n", "gw", "conn", "list"], stdout=subprocess.PIPE)
rows = 0
while rows < MANY // 2:
    rows += p.stdout.read1(MIB).count(b"\n")
ok(memory(p, "VmHWM") < 16 * MIB, "listed as text: in as little memory", memory(p, "VmHWM"))
p.kill()
p.wait()
equal(fwctl("conn", "flush")["ended"] >= MANY, True, "and all are flushed at once")
b = stats()["connections"]
equal((b["count"], b["created"]), (0, b["ended"]), "the books are balanced")
END
done_testing
