#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/examples/qubes.fw at work: clients that come and go, each with rules of
# its own; a name that moves; DNS by the machine's own servers alone.
#
#   work .11 ──── vif11 ┐
#   personal .12 ─ vif12├ gw eth0 ──── i0 net      198.51.100.22 .23, 192.0.2.65 .66
#   untrusted .13  vif13┘                          DNS 9.9.9.9
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
host net
router gw
link gw eth0 net i0
addr gw eth0 203.0.113.8/24 2001:db8:1::8/64
addr net i0 203.0.113.1/24 2001:db8:1::1/64
addr net lo 198.51.100.22/32 198.51.100.23/32 192.0.2.65/32 192.0.2.66/32 9.9.9.9/32 \
	8.8.8.8/32 2001:db8:77::22/128 2001:db8:2::65/128
via gw 203.0.113.1 2001:db8:1::1

# client NAME N: it comes, by an interface of its own. gone NAME: it goes.
client() {
	host "$1"
	link "$1" h0 gw "vif$2"
	addr "$1" h0 "10.137.0.$2/32" "fd09::$2/128"
	ip -n gw route add "10.137.0.$2/32" dev "vif$2"
	ip -n gw -6 route add "fd09::$2/128" dev "vif$2"
	ip -n gw addr add 10.138.0.1/32 dev "vif$2"
	ip -n "$1" route add 10.138.0.1/32 dev h0
	ip -n "$1" route add default via 10.138.0.1 src "10.137.0.$2"
	ip -n "$1" -6 route add default via fe80::1 dev h0 src "fd09::$2"
	ip -n gw addr add fe80::1/64 dev "vif$2" nodad
}
gone() {
	ip -n gw link del "vif$2"
	ip netns del "$1"
}

ip link set lo up
echo 'nameserver 9.9.9.9' >resolv.conf
mount --bind resolv.conf "$(realpath /etc/resolv.conf)"
cat >zone <<'END'
{ "git.example.org": { "A": ["198.51.100.22"], "AAAA": ["2001:db8:77::22"] },
  "mail.example.org": { "A": ["198.51.100.22"] }, "vpn.example.org": {} }
END
# Who resolves reaches 9.9.9.9 where it is: its address is this namespace's, too.
ip addr add 9.9.9.9/32 dev lo
python3 "$netdir/dns.py" 9.9.9.9 53 zone >dns.out 2>&1 &
disown $!
spawned+=($!)
up() { ss -Hlnu 'sport = :53' | grep -q .; }
ok "a DNS server" wait_for up
client work 11
client personal 12
ok "the policy is applied" fw apply "$netdir/../../Documentation/examples/qubes.fw"
fwctl -n gw resolve --watch >watch.out 2>&1 &
disown $!
spawned+=($!)
py <<'END'
GIT, MOVED, GIT6 = "198.51.100.22", "198.51.100.23", "2001:db8:77::22"
servers = {}
for a in (GIT, MOVED, GIT6, "192.0.2.65", "192.0.2.66", "2001:db8:2::65"):
    for port in (22, 25, 80, 443, 993, 8050, 8100):
        servers[a, port] = listen("net", a, port)


def dials(client, to, port):
    def call():
        c = connect(client, to, port)
        servers[to, port].accept()[0].close()
        c.close()
    return refused(call)


PROHIBITED = errno.EHOSTUNREACH
REFUSED = errno.ECONNREFUSED
for client, to, port, want, what in (
        ("work", GIT, 22, None, "a name and a port"), ("work", GIT6, 443, None, "the same by IPv6"),
        ("work", GIT, 993, None, "another name there"), ("work", GIT, 25, PROHIBITED, "a port that it is not for"),
        ("work", MOVED, 22, PROHIBITED, "an address that is no name's"), ("work", "192.0.2.65", 80, None, "a prefix"),
        ("work", "192.0.2.65", 8050, None, "a range of ports"), ("work", "192.0.2.65", 8100, PROHIBITED, "behind its end"),
        ("work", "192.0.2.66", 80, REFUSED, "but for one, which stands before it"), ("work", "2001:db8:2::65", 8050, None, "a prefix of IPv6"),
        ("personal", GIT, 25, None, "all"), ("personal", "192.0.2.65", 80, REFUSED, "but what is work's"),
        ("personal", "2001:db8:2::65", 80, REFUSED, "of IPv6 as well")):
    equal(dials(client, to, port), want, f"{client}: {what}")


def ping(client, *words):
    return run("ip", "netns", "exec", client, "ping", "-c1", "-W2", *words).returncode


equal((ping("work", GIT), ping("work", GIT6)), (0, 0), "work: pings")
ok(rule("work-ping")["hits"] == 1 and rule("work-ping6")["hits"] == 1, "by their rules")


def asks(client, to, seconds=TIMEOUT):
    with ns("net"):
        s = sock(socket.SOCK_DGRAM, to, 53)
    c = udp(client, "")
    c.sendto(b"x", (to, 53))
    r = not silent(s, seconds)
    s.close()
    return r


equal((asks("work", "9.9.9.9"), asks("work", "8.8.8.8", 0.3)), (True, False), "DNS: of the machine's own servers")

# The name moves. What is connected goes on, new connections follow.
p = Pair("work", GIT, 22, servers[GIT, 22])
with open("zone") as f:
    zone = json.load(f)
zone["git.example.org"]["A"] = [MOVED]
with open("zone.new", "w") as f:
    json.dump(zone, f)
os.rename("zone.new", "zone")
ok(wait_for(lambda: dials("work", MOVED, 22) is None, 25 + 10 * SLOW), "the name moves: to where it is now")
ok(wait_for(lambda: dials("work", GIT, 22) == PROHIBITED, 25 + 10 * SLOW), "and after a while not to where it was")
ok(p.talk(), "a connection that there was goes on")

# Forged: another's address.
before = rule("forged")["hits"]
run("ip", "-n", "personal", "addr", "add", "10.137.0.11/32", "dev", "h0")
s = udp("personal", "10.137.0.11")
s.sendto(b"x", ("198.51.100.22", 9))
ok(wait_for(lambda: rule("forged")["hits"] > before), "another's address: dropped, and counted")

# One rule more for one client, while all run.
m = Pair("work", MOVED, 22, servers[MOVED, 22])
r = run("fwctl", "-n", "gw", "rule", "add", "first", "in", "work", "daddr 192.0.2.65 tcp dport 80 reject")
equal((r.returncode, dials("work", "192.0.2.65", 80), dials("work", "192.0.2.65", 443)), (0, REFUSED, None), "a rule more", )
# The policy is another one, and connections are decided afresh, by what names are now.
ok(m.talk(), "and a connection goes on")
m.close()
ok(not p.talk(), "a connection to an address that is no name's any more ends then")
p.close()
END

# A third one comes, which the policy has known all the while; and the first goes.
client untrusted 13
py <<'END'
s, t = listen("net", "198.51.100.22", 443), listen("net", "198.51.100.22", 25)
p = Pair("untrusted", "198.51.100.22", 443, s)
ok(p.talk(), "one comes: it has its rules at once")
equal(refused(lambda: connect("untrusted", "198.51.100.22", 25)), errno.EHOSTUNREACH, "and no others'")
ok(refused(lambda: connect("untrusted", "10.137.0.11", 80)) is not None, "nor a way to its neighbours")
p.close()
END
fw conn flush src 10.137.0.11 >/dev/null
gone work 11
n() { fw -j conn list src 10.137.0.11 | j 'len(d)'; }
is "one goes: nothing of it is left" "$(n)" 0
client work2 11
py <<'END'
s = listen("net", "198.51.100.23", 22)
p = Pair("work2", "198.51.100.23", 22, s)
ok(p.talk(), "another comes in its place: it has the place's rules")
equal(refused(lambda: connect("work2", "198.51.100.23", 25)), errno.EHOSTUNREACH, "no more")
# All the text anew, with a client less: what others have goes on.
with open("in-force", "w") as f:
    f.write(run("fwctl", "-n", "gw", "show", "policy").stdout)
text = open("in-force").read()
less = "".join(l for l in text.splitlines(True) if "-> goto untrusted" not in l)
a = less.index("# The web alone.")
less = less[:a] + less[less.index("tree dns"):]
fwctl("apply", "-", data=less)
ok(p.talk(), "a client less in the policy: connections of others go on")
t = listen("net", "198.51.100.22", 443)
equal(refused(lambda: connect("untrusted", "198.51.100.22", 443, timeout=1)), errno.ETIMEDOUT, "and it has no rules any more")
END
umount "$(realpath /etc/resolv.conf)"
[ ! -s dns.out ] || diag <dns.out
done_testing
