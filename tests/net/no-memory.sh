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
# R29: a device that a policy filters comes with its hook, or not at all; a name that one
# is filtered by likewise.
must_apply <<'END'
ingress device d1 { drop }
ingress { accept }
END
py <<'END'
import os
from genl import attr, attrs_of, Family, NLM_F_ACK, NLM_F_REQUEST
fd = os.open("/proc/self/fail-nth", os.O_RDWR)
with ns("gw"):
    rt = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    own = Family()
rt.settimeout(5 * SLOW)
NEW, DELETE, CREATE = 16, 17, 0x600
NAME, INFO, KIND = 3, 18, 1

def ask(kind, flags, index, attrs):
    body = struct.pack("=BxHiII", 0, 0, index, 0, 0) + attrs
    rt.send(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0) + body)
    return -struct.unpack_from("=i", rt.recv(65536), 16)[0]

def index(name):
    with ns("gw"):
        try:
            return socket.if_nametoindex(name)
        except OSError:
            return 0

def make(name):
    return ask(NEW, CREATE, 0, attr(NAME, name + b"\0") + attr(INFO, attr(KIND, b"dummy\0")))

def name_it(i, name):
    return ask(NEW, 0, i, attr(NAME, name + b"\0"))

def failing(n, call):
    os.pwrite(fd, str(n).encode(), 0)
    try:
        error = call()
    except OSError as e:
        error = e.errno
    reached = int(os.pread(fd, 20, 0).split(b"\0")[0]) == 0
    os.pwrite(fd, b"0", 0)
    return error, reached

def filtered():
    """Whether the policy waits for no device."""
    return own.attrs("POLICY")["WAITING"] not in dict(attrs_of(own.do("POLICY_GET", {})[2][0][4:]))

ok(not filtered(), "a device is waited for")
equal(make(b"d2"), 0, "one that is not filtered")
other = index("d2")
for what, call in (("that comes", lambda: make(b"d1")), ("that is renamed", lambda: name_it(other, b"d1"))):
    refused, bare = 0, []
    for n in range(1, 400):
        error, reached = failing(n, call)
        i = index("d1")
        refused += not i
        if i and not filtered():
            bare += [(n, error)]
        if i == other:
            name_it(i, b"d2")
        elif i:
            ask(DELETE, 0, i, b"")
        if not reached:
            break
    equal(bare, [], f"a device {what}: never without its hook")
    ok(i and refused > 1, f"a device {what}: some did not, at last it does", (n, refused))
END
must_apply <<'END'
ingress { iif lo accept; drop id last }
egress { accept }
END
fails "after all that a policy is in force" on home ping -c 1 -W 0.3 192.168.1.1
over "and counts" "$(rule last hits)" 0
done_testing
