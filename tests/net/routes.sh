#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Established connections keep the route that they took; and go another way as
# soon as routing says so: by a route, a mark, a type of service, a flow label, the
# interface that they come by, a link that goes down. Two uplinks, one and two, lead to
# the same server; home has a second wire, dmz.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
link gw two net i1
addr gw two 203.0.114.8/24 2001:db8:2::8/64
addr net i1 203.0.114.1/24 2001:db8:2::1/64
ip -n net route replace 203.0.114.0/24 dev i1 src 198.51.100.7
link home d0 gw dmz
addr gw dmz 192.168.2.1/24 fd00:2::1/64
addr home d0 192.168.2.2/24 fd00:2::2/64
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

    def send(self):
        self.s.send(b"x")

    def say(self):
        self.send()
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


def on(host, *command):
    r = run("ip", "netns", "exec", host, *command)
    if r.returncode:
        print("# " + " ".join(command) + ": " + r.stdout + r.stderr)


def gw(*command):
    on("gw", *command)
END
PYTHONPATH=$TMP/test:$PYTHONPATH
export PYTHONPATH

py <<'END'
from talk import *
for dst, six in (("198.51.100.7", False), ("2001:db8:77::7", True)):
    v = "ipv6" if six else "ipv4"
    ip = ["ip", "-6"] if six else ["ip"]
    via = ["2001:db8:1::1", "2001:db8:2::1"] if six else ["203.0.113.1", "203.0.114.1"]
    dmz = "fd00:2::1" if six else "192.168.2.1"
    f = Flow(dst)
    equal(f.way(), "one", f"{v}: established by uplink one")
    gw(*ip, "route", "add", dst, "via", via[1])
    equal(f.way(), "two", f"{v}: a route that is added is taken at once")
    gw(*ip, "rule", "add", "to", dst, "table", "101")
    equal(f.way(), "two", f"{v}: a rule that leads to an empty table does not concern it")
    gw(*ip, "route", "add", "default", "via", via[0], "table", "101")
    equal(f.way(), "one", f"{v}: until there is a route in that")
    gw(*ip, "rule", "del", "to", dst, "table", "101")
    equal(f.way(), "two", f"{v}: nor when the rule is gone")
    gw(*ip, "route", "add", "default", "via", via[0], "table", "100")
    gw(*ip, "rule", "add", "fwmark", "5", "table", "100")
    equal(f.way(), "two", f"{v}: a rule by mark does not concern it")
    gw("nft", "add table inet t; add chain inet t p { type filter hook prerouting "
       "priority mangle; }; add rule inet t p iifname lan meta mark set 5")
    equal(f.way(), "one", f"{v}: until somebody else sets the mark, behind us")
    gw("nft", "flush ruleset")
    equal(f.way(), "two", f"{v}: and no longer")
    gw("nft", "add table inet t; add chain inet t p { type filter hook prerouting "
       "priority mangle; }; add rule inet t p iifname lan meta mark set 5; "
       "add chain inet t f { type filter hook forward priority filter; }; "
       "add rule inet t f meta mark set 0")
    g = Flow(dst)
    equal(g.way(), "one", f"{v}: a mark that is gone again when it leaves")
    gw("nft", "flush ruleset")
    equal(g.way(), "two", f"{v}: leads nothing that does not have it")
    gw(*ip, "rule", "del", "fwmark", "5", "table", "100")
    gw(*ip, "rule", "add", "tos" if not six else "dsfield", "0x10", "table", "100")
    equal(f.way(), "two", f"{v}: a rule by type of service does not concern it")
    f.tos(0x10)
    equal(f.way(), "one", f"{v}: until it has that")
    f.tos(0)
    equal(f.way(), "two", f"{v}: and no longer")
    gw(*ip, "rule", "del", "tos" if not six else "dsfield", "0x10", "table", "100")
    gw(*ip, "rule", "add", "iif", "dmz", "table", "100")
    equal(f.way(), "two", f"{v}: a rule by interface does not concern it")
    on("home", *ip, "route", "add", dst, "via", dmz)
    equal(f.way(), "one", f"{v}: until it comes by that")
    on("home", *ip, "route", "del", dst)
    equal(f.way(), "two", f"{v}: and no longer")
    gw(*ip, "rule", "del", "iif", "dmz", "table", "100")
    gw("ip", "link", "set", "two", "down")
    equal(f.way(), "one", f"{v}: a link that goes down takes its routes along")
    gw("ip", "link", "set", "two", "up")
    gw("ip", "addr", "replace", "2001:db8:2::8/64", "dev", "two", "nodad")
    gw(*ip, "route", "replace", dst, "via", via[1])
    equal(f.way(), "two", f"{v}: and comes back")
END

# A rule by flow label, which ip(8) need not know of.
py <<'END'
from scapy.layers.inet import UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from genl import attr, u32
from talk import *

RTM_NEWRULE, FR_ACT_TO_TBL = 32, 1
FRA_PRIORITY, FRA_FLOWLABEL, FRA_FLOWLABEL_MASK = 6, 26, 27
FLAGS = 0x605   # NLM_F_REQUEST, _ACK, _EXCL, _CREATE
LABEL = attr(FRA_FLOWLABEL, struct.pack("!I", 0x12345))
MASK = attr(FRA_FLOWLABEL_MASK, struct.pack("!I", 0xfffff))

class Labelled(Flow):
    """By a wire, with the label that it is given."""
    label = 0
    wire = Wire("home", "h0")
    head = Ether(dst=mac("gw", "lan"), src=mac("home", "h0"))

    def send(self):
        self.wire.send(bytes(self.head / IPv6(src=HOME[6], dst=FAR[6], fl=self.label) /
                             UDP(sport=self.s.getsockname()[1], dport=7) / b"x"))

def rule(attrs):
    """To table 100; the errno."""
    body = struct.pack("=8BI", socket.AF_INET6, 0, 0, 0, 100, 0, 0, FR_ACT_TO_TBL, 0)
    body += attr(FRA_PRIORITY, u32(50)) + attrs
    with ns("gw"):
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.settimeout(TIMEOUT)
    s.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWRULE, FLAGS, 1, 0) + body)
    return -struct.unpack_from("=i", s.recv(4096), 16)[0]

# Without a mask it is refused by who knows of labels; others do not read it.
if rule(LABEL):
    f = Labelled(FAR[6])
    equal(rule(LABEL + MASK), 0, "a rule by flow label")
    equal(f.way(), "two", "does not concern what has none")
    f.label = 0x12345
    equal(f.way(), "one", "until it has that")
    f.label = 0
    equal(f.way(), "two", "and no longer")
else:
    skip("a rule by flow label", "this kernel has none")
gw("ip", "-6", "rule", "del", "pref", "50")
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
