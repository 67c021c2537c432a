#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Who sends: "uid" and "gid" of what starts here, of what is forwarded, of who has
# no socket; decided afresh; and "cgroup", where the kernel has cgroups.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
serve net 7
must_apply <<'END'
ingress { accept }
egress {
	uid 1234 accept id uid
	gid 777 accept id gid
	not uid 0-4294967295 udp dport 7 accept id nobody
	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } not uid 0-4294967295 accept id kernel
	uid root accept id root
	drop id rest
}
END
cat >who.py <<'END'
from netlib import *

TALK = """
import socket, sys
addr = sys.argv[1]
s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
try:
    s.sendto(b"x", (addr, 7))
    s.recv(99)
except OSError:
    sys.exit(9)
"""

def talks(uid, gid, host, addr):
    """Has who is that an answer of the echo server."""
    return run("ip", "netns", "exec", host, "setpriv", f"--reuid={uid}", f"--regid={gid}",
               "--clear-groups", "python3", "-SEc", TALK, addr).returncode == 0
END
PYTHONPATH=$TMP/test:$PYTHONPATH
export PYTHONPATH
py <<'END'
from who import *
import select

def by(*who):
    """The rule that let it through; None if it was not."""
    before = {r["id"]: r["hits"] for r in stats()["rules"] if r.get("id")}
    passed = talks(*who)
    now = {r["id"]: r["hits"] for r in stats()["rules"] if r.get("id")}
    hit = [i for i in now if now[i] > before[i] and i != "nobody"]
    return (hit[0] if hit else None, passed)

for f in (4, 6):
    equal(by(1234, 5, "gw", FAR[f]), ("uid", True), f"IPv{f}: a user's")
    equal(by(1235, 777, "gw", FAR[f]), ("gid", True), f"IPv{f}: a group's")
    equal(by(0, 0, "gw", FAR[f]), ("root", True), f"IPv{f}: by name")
    equal(by(1235, 5, "gw", FAR[f]), ("rest", False), f"IPv{f}: somebody else's is dropped")
    before = rule("nobody")["hits"]
    equal(talks(1234, 777, "home", FAR[f]), True, f"IPv{f}: what is forwarded has no owner here")
    equal(rule("nobody")["hits"], before + 1, f"IPv{f}: and no match on one holds")

run("ip", "-n", "gw", "neigh", "flush", "dev", "wan")
talks(1234, 5, "gw", NET[6])
ok(rule("kernel")["hits"] > 0, "what the kernel sends by itself has none")

# Decided afresh: by the socket of the packet that asks; an answer's has none.
apply("ingress { accept }\negress { uid 1234 accept id uid\ndrop }")
server = udp("net", NET[4], 80)
child = subprocess.Popen(["ip", "netns", "exec", "gw", "setpriv", "--reuid=1234",
    "--regid=5", "--clear-groups", "python3", "-SEc", """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("%s", 80))
s.settimeout(1)
for line in sys.stdin:
    try:
        s.send(b"x")
        print("got", s.recv(9), flush=True)
    except OSError as e:
        print("lost", e, flush=True)
""" % NET[4]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

def turn():
    child.stdin.write("\n")
    child.stdin.flush()
    while True:
        if server in select.select([server, child.stdout], [], [])[0]:
            data, peer = server.recvfrom(9)
            server.sendto(data, peer)
        else:
            return child.stdout.readline()

ok("got" in turn(), "a user's connection")
apply("ingress { accept }\negress { uid 1234 count again accept id uid\ndrop }")
ok("got" in turn(), "decided afresh by its own packet: still the user's")
apply("ingress { accept }\negress { uid 99 accept id uid\ndrop }")
ok("lost" in turn(), "and ended when it is another user's turn")
child.kill()

# A program that is done leaves its last bytes to the kernel, which is nobody.
apply("ingress { accept }\negress { uid 1234 accept id uid\ndrop }")
server = listen("net", NET[4], 81)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
child = subprocess.run(["ip", "netns", "exec", "gw", "setpriv", "--reuid=1234",
    "--regid=5", "--clear-groups", "python3", "-SEc", """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 17)
s.connect(("%s", 81))
s.settimeout(0.5)
try:
    while True:
        s.send(bytes(1 << 12))
except OSError:
    pass
""" % NET[4]])
peer = server.accept()[0]
apply("ingress { accept }\negress { uid 1234 count third accept id uid\ndrop }")
gen = stats()["generation"]
ok(wait_for(lambda: all(c["generation"] == gen for c in conn_list("dport", "81")), 10),
   "a socket that nobody has: it asks for room again")
ok(conn_list("dport", "81"), "and goes on")

# With cgroups it is cgroup.sh's.
if not os.path.exists("/sys/fs/cgroup"):
    apply("ingress { accept }\negress { iif none uid 1234 accept\ncgroup != 7 accept\ndrop }")
    ok(not talks(5, 5, "gw", FAR[4]), "this kernel has no cgroups: absent")
END
done_testing
