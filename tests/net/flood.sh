#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R4: two million SYNs from sources at random (a checked kernel: fewer) against
# a table of 64k. The table and its memory stay within their limits, what is
# established goes on, and who completes a handshake meanwhile gets in.
#
#   home ──── lan gw wan ──── net        forged: 10.0.0.0/8 > 203.0.113.200
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
export TABLE=65536 SYNS=$((2000000 / (SLOW * SLOW * SLOW)))
[ "$SLOW" = 1 ] || TABLE=4096
topology
must_apply <<END
option conn-max $TABLE
option adopt 0s
ingress { iif lo accept; ct state untracked accept; ct state invalid drop; iif lan accept; drop }
egress { oif wan saddr 192.168.1.0/24 masquerade accept; accept }
END
# A host that takes everything and answers nothing.
ip -n gw neigh replace 203.0.113.200 lladdr 02:00:00:00:00:99 dev wan
ok "the sender is built" cc -O2 -Wall -Wextra -o "$TMP/flood" "$netdir/flood.c"
py <<'END'
TABLE, SYNS = int(os.environ["TABLE"]), int(os.environ["SYNS"])

def slab():
    """Bytes of the records, as the kernel's own list has them."""
    # What KASAN holds back of what was freed, and would count here, is given back first.
    if SLOW > 1:
        with open("/sys/kernel/slab/fwtree_conn/shrink", "w") as f:
            f.write("1")
    total = 0
    for line in open("/proc/slabinfo"):
        f = line.split()
        if f[0] == "fwtree_conn":
            total += int(f[2]) * int(f[3])
    return total

before = slab()
servers = [listen("net", FAR[4], 100 + i) for i in range(20)]
pairs = [Pair("home", FAR[4], 100 + i, s) for i, s in enumerate(servers)]
ok(all(p.talk() for p in pairs), "R4: twenty connections are established")
with ns("home"):
    flood = subprocess.Popen([os.environ["TMP"] + "/flood", "h0", mac("gw", "lan").hex(":"), "203.0.113.200", "80", str(SYNS)],
                             stdout=subprocess.PIPE, text=True)
most, memory, came, tried, began = 0, 0, 0, 0, time.monotonic()
while flood.poll() is None:
    most = max(most, fwctl("conn", "count")["count"])
    memory = max(memory, slab())
    tried += 1
    try:
        p = Pair("home", FAR[4], 100 + tried % 20, servers[tried % 20])
        came += p.talk()
        p.close()
    except OSError:
        pass
took = time.monotonic() - began
sent = int(flood.stdout.read())
s = stats()
SIZE = [int(l.split()[3]) for l in open("/proc/slabinfo") if l.startswith("fwtree_conn ")][0]
print(f"# {sent} SYNs in {took:.1f} s, at most {most} of {TABLE} connections in {memory - before} bytes of slabs of {SIZE}, "
      f"{s['reasons']['evicted']['value']} evicted, {s['reasons']['table-full']['value']} refused, {came} of {tried} newcomers")
equal(sent, SYNS, "R4: so many SYNs were sent")
# Twenty established ones and the flood's last, in whole slabs of 16 or so.
c = stats()["connections"]
# What earlier tests left of slabs is used first.
ok(c["count"] * 256 <= c["memory"] <= slab() and (SLOW > 1 or c["memory"] == c["count"] * 256),
   "R4: stats say what slabinfo says", (c, slab() - before))
# A row: 64 bytes of references, eight of tags; no fuller than 4.7, and nobody had to chain much.
rows = c["hash_memory"] // 72
ok(c["hash_memory"] == rows * 72 and rows & rows - 1 == 0 and c["count"] <= rows * 14 // 3 <= 8 * TABLE,
   "R4: and what the hash takes", (c["hash_memory"], c["count"]))
ok(s["connections"]["created"] + s["reasons"]["table-full"]["value"] >= SYNS, "R4: and each began a connection, or was refused",
   s["connections"])
ok(TABLE // 2 < most <= TABLE, "R4: the table is never above its limit", most)
# SIZE: 256, and what a checked kernel puts beside each record.
ok(TABLE * 128 < memory and memory - before <= TABLE * SIZE * 1.25, "R4: nor is its memory", memory - before)
ok(s["reasons"]["evicted"]["value"] >= SYNS - 2 * TABLE - s["reasons"]["table-full"]["value"],
   "R4: room was made by evicting", s["reasons"]["evicted"])
ok(tried > 3 and came == tried, "R4: who completes a handshake in the middle of it gets in", (came, tried))
ok(all(p.talk() for p in pairs), "R4: what was established goes on")
l = conn_list("src", HOME[4], "state", "established")
ok({c["original"]["dport"] for c in l} >= set(range(100, 120)), "R4: and was never away", len(l))
fwctl("conn", "flush")
equal(fwctl("conn", "count")["count"], 0, "R4: a flush leaves none")
c = stats()["connections"]
equal(c["created"], c["ended"], "R4: created = ended, when all are gone")

# Of IPv6 a record has 64 bytes more, translated or not.
apply("ingress { iif lo accept; ct state untracked accept; ct state invalid drop; accept }\n"
      "egress { oif wan masquerade accept; accept }")
fwctl("conn", "flush")
with ns("net"):
    far = sock(socket.SOCK_DGRAM, FAR[6], 200)
clients = [udp("home", HOME[6]) for _ in range(100)]
for u in clients:
    u.sendto(b"x", (FAR[6], 200))
shown = {far.recvfrom(9)[1][:2] for _ in clients}
equal((len(shown), {a for a, _ in shown}), (100, {WAN[6]}), "a hundred translated connections of IPv6")
c = stats()["connections"]
SIZE6 = [int(l.split()[3]) for l in open("/proc/slabinfo") if l.startswith("fwtree_conn6 ")][0]
ok(c["count"] == 100 and c["memory"] == (100 * 320 if SLOW == 1 else c["memory"]),
   "stats say that each has 320 bytes", c)
ok(SIZE6 <= 320 or SLOW > 1, "and so does slabinfo", SIZE6)
END
done_testing
