#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nodes of another module while all about them changes at once: packets of both
# families that meet them, policies with and without them, on trial, rolled back,
# patched and flushed, a module that comes and goes, and who asks what there is.
# Afterwards nobody holds the module, and the books balance. RACE_TIME is in seconds.
#
#   home ──── lan gw wan ──── net        UDP 9
# flavours: fast race leak
# last: a module goes, whose poison User-Mode Linux leaves to who has its place next
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
export RACE_TIME=${RACE_TIME:-$((2 * SLOW))}
topology
route_home
serve net 9
py <<'END'
import random, subprocess

KO = os.path.dirname(os.environ["FWTREE_KO"]) + "/fwtree_sample.ko"
# Under KASAN User-Mode Linux does not take a module where another one was (unload.sh).
RELOADS = os.environ.get("FWTREE_FLAVOUR") == "fast"
with open("/proc/sys/kernel/modprobe", "w") as f:
    f.write("/bin/false")

NODES = """ingress {
    iif != lan accept
    protocol != udp accept
    node sample-payload { begins "AWAY" } drop id away
    modify sample-paint { base %d, from 192.168.1.0/24 }
    select node sample-lane { lanes %d } {
        fast    -> set dscp ef accept
        1       -> accept id one
        default -> accept
    }
}
egress { mark %d count painted accept; accept }
"""
PLAIN = "ingress { udp dport 9 count plain accept; accept }\negress { accept }\n"
DEVICE = """ingress device lan { modify sample-paint { from 192.168.1.0/24 }
    udp dport 9 not node sample-payload { begins "x" } drop id frame
    accept }
"""

def policy(text, *words):
    with open("p.fw", "w") as f:
        f.write(text)
    return run("fwctl", "-n", "gw", "apply", "p.fw", *words)

def refs():
    try:
        return int(open("/sys/module/fwtree_sample/refcnt").read())
    except OSError:
        return None

SENDS = """
import os, socket, sys
n = 0
while True:
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    for p in (b"x", b"AWAY", b"y" * (n % 1200)):
        try:
            s.sendto(p, (sys.argv[1], 9))
        except OSError:
            pass
    n += 1
"""
quiet = subprocess.DEVNULL
others = []
with ns("home"):
    for v in (4, 6):
        others.append(subprocess.Popen(["python3", "-c", SENDS, FAR[v]]))
LOOPS = ["while fwctl node list; do :; done", "while fwctl -j stats >told; do :; done",
         f"while fwctl explain --live in lan udp {HOME[4]}:5000 to {FAR[4]}:9 || :; do :; done"]
if RELOADS:
    LOOPS.append(f"while :; do insmod {KO} && echo came; rmmod fwtree_sample; done >came")
with ns("gw"):
    for what in LOOPS:
        others.append(subprocess.Popen(["bash", "-c", what], stdout=quiet,
                                       stderr=open(f"{len(others)}.err", "w")))
if not RELOADS:
    run("insmod", KO)

random.seed(int(os.environ.get("SEED", "1")))
done = {"in force": 0, "no node": 0, "rolled back": 0, "patched": 0}
wrong = []
began = time.monotonic()
while time.monotonic() < began + float(os.environ["RACE_TIME"]) or min(done.values()) < (0 if not RELOADS else 1):
    if time.monotonic() > began + float(os.environ["RACE_TIME"]) + 60:
        break
    what = random.randrange(6)
    base = random.randrange(1, 1000)
    text = (NODES % (base, random.randrange(2, 16), base + 1)) if what < 4 else (DEVICE, PLAIN)[what - 4]
    trial = random.randrange(3) == 0
    r = policy(text, *(["--confirm", "1h"] if trial else []))
    if r.returncode:
        if "has no node" in r.stderr or "no node" in r.stderr:
            done["no node"] += 1
        else:
            wrong.append(r.stderr)
        continue
    done["in force"] += what < 5
    if trial:
        run("fwctl", "-n", "gw", random.choice(("rollback", "confirm")))
        done["rolled back"] += 1
    elif what < 4 or what == 5:
        r = run("fwctl", "-n", "gw", "rule", "add", "first", "in", "ingress", "udp dport 7 drop id seven")
        done["patched"] += not r.returncode
    if random.randrange(8) == 0:
        run("fwctl", "-n", "gw", "flush")
    if random.randrange(4) == 0:
        run("fwctl", "-n", "gw", "conn", "flush")
print("#", ", ".join(f"{k} {v}" for k, v in done.items()),
      f"; the module came {len(open('came').read().split()) if RELOADS else 1} times")
equal(wrong, [], "each policy is in force, or refused since the module is not there")
ok(done["in force"] and done["rolled back"] and done["patched"], "policies came and went", done)
ok(not RELOADS or done["no node"], "and were refused while the module was gone", done)
def last_words(i):
    return "".join(open(f).read()[-300:] for f in (f"{i}.err", "told")) if i > 1 else ""
dead = [(p.args, last_words(i)) for i, p in enumerate(others) if p.poll() is not None]
equal(dead, [], "nobody gave up")
for p in others:
    p.kill()
    p.wait()
# Nothing is left that holds the module, or a connection's record.
run("fwctl", "-n", "gw", "rollback")
policy(PLAIN)
ok(wait_for(lambda: refs() in (None, 0)), "nobody holds the module", refs())
# An answer that is on its way begins one, too.
def flushed():
    fwctl("conn", "flush")
    return not stats()["connections"]["count"]
ok(wait_for(flushed), "connections end")
c = stats()["connections"]
equal((c["count"], c["created"]), (0, c["ended"]), "the books balance")
fwctl("flush")
if refs() is not None:
    equal(run("rmmod", "fwtree_sample").returncode, 0, "and it goes")
END
done_testing
