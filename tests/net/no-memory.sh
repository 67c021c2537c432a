#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
#     home ---- gw ---- net
#
# R29: no memory, at each step of applying a policy in turn: what was in force stays,
# the error says so, and nothing is left behind. The kernel fails the n-th
# allocation of a task on request (fail-nth); kernels without that skip this.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

may_fail "no memory at any step"
topology
must_apply <<'END'
ingress {
	iif lo accept
	iif lan accept
	iif wan accept
	count arrivals accept id first
}
egress { accept id second }
END
# A patch of some kinds of change, to be applied as the policy is.
fw rule replace 3 iif lan count other accept id lan >/dev/null
fw rule delete 4 >/dev/null

py <<'END'
import os
from genl import Family, u32
from netlib import ns

fd = os.open("/proc/self/fail-nth", os.O_RDWR)

def fail_nth(n):
    os.pwrite(fd, str(n).encode(), 0)

def still_to_come():
    return int(os.pread(fd, 20, 0).split(b"\0")[0])

with ns("gw"):
    reader = Family()
POLICY = reader.attrs("POLICY")
program = b"".join(reader.dump_bytes("POLICY_GET", POLICY["DATA"]))
patch = b"".join(reader.dump_bytes("PATCH_GET", POLICY["DATA"]))
assert patch

def attempt(n, what, **more):
    """Commit with the n-th allocation failing: its error, and whether one did."""
    with ns("gw"):
        f = Family()
    values = {POLICY["LENGTH"]: u32(len(what))} | {POLICY[k]: v for k, v in more.items()}
    assert f.do("POLICY_BEGIN", values)[0] == 0
    assert f.do("POLICY_CHUNK", {POLICY["OFFSET"]: u32(0), POLICY["DATA"]: what})[0] == 0
    fail_nth(n)
    try:
        error, text, _ = f.do("POLICY_COMMIT", {})
    except OSError as e:
        # No memory for the message, or for the answer to it: netlink tells the
        # socket, and who asks again finds out.
        error, text = e.errno, None
    reached = still_to_come() == 0
    fail_nth(0)
    f.close()
    return error, text, reached

for way in ("as a patch", "over another policy", "as the first one"):
    refused = wrong = 0
    for n in range(1, 400):
        if way == "as the first one":
            with ns("gw"):
                reader.do("POLICY_FLUSH", {})
        before = stats()["generation"]
        if way == "as a patch":
            error, text, reached = attempt(n, patch, EXPECT=u32(before), PATCH=b"")
        else:
            error, text, reached = attempt(n, program)
        after = stats()["generation"]
        refused += bool(error)
        if text is None:
            wrong += after not in (before, before + 1)
        else:
            wrong += after != before + (not error)
        if not reached:
            break
    ok(not reached and not error, f"{way}: once nothing fails it is in force", (n, error, text))
    ok(refused > 3, f"{way}: allocations that were refused", refused)
    equal(wrong, 0, f"{way}: each time the former one stayed, or the new one came whole")

# A packet of this machine, whose connection finds no memory: it runs in our task.
from netlib import reason, udp, FAR, WAN
s = udp("gw", WAN[4])
def send(port):
    try:
        s.sendto(b"x", (FAR[4], port))
    except OSError as e:
        return e.errno
    return None

# One of its allocations is the connection's. Which one that is differs (the route
# may be there or not), and so may who asks for memory between (a page table of
# ours): then that one failed, and the next round has the connection's.
port = 2000
for again in range(10):
    was = reason("no-memory")
    for n in range(1, 60):
        port += 1
        fail_nth(n)
        send(port)
        reached = still_to_come() == 0
        fail_nth(0)
        if not reached:
            break
    if reason("no-memory") > was:
        break
ok(not reached and reason("no-memory") > was, "no-memory: a packet that began a connection", (again, n, reason("no-memory") - was))
ok(send(port + 1) is None, "and then there is memory again")
END
must_apply <<'END'
ingress { iif lo accept; drop id last }
egress { accept }
END
fails "after all that a policy is in force" on home ping -c 1 -W 0.3 192.168.1.1
over "and counts" "$(rule last hits)" 0
done_testing
