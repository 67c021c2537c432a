#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Established connections keep the route that they took; and go another way as
# soon as routing says so: by a route, a mark, a type of service, a link that goes
# down. Two uplinks, one and two, lead to the same server.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
link gw two net i1
addr gw two 203.0.114.8/24 2001:db8:2::8/64
addr net i1 203.0.114.1/24 2001:db8:2::1/64
ip -n net route replace 203.0.114.0/24 dev i1 src 198.51.100.7
route_home
serve net 7
must_apply <<'END'
ingress { accept }
egress { accept }
END
ok "uplink two leads there, too" on gw ping -n -c 1 -W 2 203.0.114.1
ok "and by IPv6" on gw ping -n -c 1 -W 2 2001:db8:2::1

cat >talk.py <<'END'
from netlib import *

class Flow:
    """One UDP flow, that tells by which uplink its packets come."""
    def __init__(self, dst):
        self.s = udp("home", "::" if ":" in dst else "0.0.0.0")
        self.six = ":" in dst
        self.s.settimeout(5)
        self.s.connect((dst, 7))
        for _ in range(4):      # established, and its route learned
            self.say()

    def say(self):
        self.s.send(b"x")
        try:
            self.s.recv(100)
        except OSError as e:
            return e
        return None

    def tos(self, value):
        if self.six:
            self.s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, value)
        else:
            self.s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, value)

    def way(self):
        """The uplink of all of ten packets, or how many came by each."""
        def count():
            return [int(run("ip", "netns", "exec", "net", "cat",
                            f"/sys/class/net/{d}/statistics/rx_packets").stdout or 0)
                    for d in ("i0", "i1")]
        before = count()
        for _ in range(10):
            error = self.say()
            if error:
                return str(error)
        one, two = (a - b for a, b in zip(count(), before))
        # Neighbours are looked for now and then.
        return "one" if one >= 10 and two < 4 else "two" if two >= 10 and one < 4 else (one, two)


def gw(*command):
    r = run("ip", "netns", "exec", "gw", *command)
    if r.returncode:
        print("# " + " ".join(command) + ": " + r.stdout + r.stderr)
END
PYTHONPATH=$TMP/test:$PYTHONPATH
export PYTHONPATH

py <<'END'
from talk import *
for dst, six in (("198.51.100.7", False), ("2001:db8:77::7", True)):
    v = "ipv6" if six else "ipv4"
    ip = ["ip", "-6"] if six else ["ip"]
    via = ["2001:db8:1::1", "2001:db8:2::1"] if six else ["203.0.113.1", "203.0.114.1"]
    f = Flow(dst)
    equal(f.way(), "one", f"{v}: established by uplink one")
    gw(*ip, "route", "add", dst, "via", via[1])
    equal(f.way(), "two", f"{v}: a route that is added is taken at once")
    gw(*ip, "route", "add", "default", "via", via[0], "table", "100")
    gw(*ip, "rule", "add", "fwmark", "5", "table", "100")
    equal(f.way(), "two", f"{v}: a rule by mark does not concern it")
    gw("nft", "add table inet t; add chain inet t p { type filter hook prerouting "
       "priority mangle; }; add rule inet t p iifname lan meta mark set 5")
    equal(f.way(), "one", f"{v}: until somebody else sets the mark, behind us")
    gw("nft", "flush ruleset")
    equal(f.way(), "two", f"{v}: and no longer")
    gw(*ip, "rule", "del", "fwmark", "5", "table", "100")
    gw(*ip, "rule", "add", "tos" if not six else "dsfield", "0x10", "table", "100")
    equal(f.way(), "two", f"{v}: a rule by type of service does not concern it")
    f.tos(0x10)
    equal(f.way(), "one", f"{v}: until it has that")
    f.tos(0)
    equal(f.way(), "two", f"{v}: and no longer")
    gw(*ip, "rule", "del", "tos" if not six else "dsfield", "0x10", "table", "100")
    gw("ip", "link", "set", "two", "down")
    equal(f.way(), "one", f"{v}: a link that goes down takes its routes along")
    gw("ip", "link", "set", "two", "up")
    gw("ip", "addr", "replace", "2001:db8:2::8/64", "dev", "two", "nodad")
    gw(*ip, "route", "replace", dst, "via", via[1])
    equal(f.way(), "two", f"{v}: and comes back")
END

# With translation both ways, through a change of policy, and with devices that
# are deleted while connections hold routes through them.
must_apply <<'END'
ingress { accept }
egress { iif lan oif { wan, two } family ipv4 masquerade
accept }
END
py <<'END'
from talk import *
gw("ip", "route", "replace", "198.51.100.7", "via", "203.0.114.1")
f = Flow("198.51.100.7")
equal(f.way(), "two", "masqueraded by uplink two")
before = f.say()
fwctl("apply", "policy.fw")
equal(f.way(), "two", "the policy is replaced: it goes on")
END
ok "a device that cached routes lead through can be deleted" timeout $((5 * SLOW)) \
	ip -n gw link del two
py <<'END'
from talk import *
f = Flow("198.51.100.7")
equal(f.way(), "one", "and what comes next goes by the other one")
END
ok "so can the one that packets come by" timeout $((5 * SLOW)) ip -n gw link del lan
is "the kernel waits for nobody to let go" "$(dmesg | grep -c 'unregister_netdevice: waiting')" 0
done_testing
