#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/examples/server-host.fw at work: a host with web and SSH, clients who
# keep to its rates, some who do not, and one who is forged.
#
#   gw (the host) eth0 ──── i0 net     203.0.113.1 .2 .3, admin 198.51.100.3, and IPv6
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
host gw net
link gw eth0 net i0
addr gw eth0 203.0.113.8/24 2001:db8:1::8/64
addr net i0 203.0.113.1/24 203.0.113.2/24 203.0.113.3/24 203.0.113.4/24 2001:db8:1::1/64
addr net lo 198.51.100.3/32 2001:db8:77::3/128 9.9.9.9/32
via gw 203.0.113.1 2001:db8:1::1
ok "the policy is applied" fw apply "$netdir/../../Documentation/examples/server-host.fw"
serve gw 443
py <<'END'
HOST, HOST6 = "203.0.113.8", "2001:db8:1::8"
GOOD, GUESS, TRAP, BAN = "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"
web, web6 = listen("gw", HOST, 80), listen("gw", HOST6, 80)
ssh, ssh6 = listen("gw", HOST, 22), listen("gw", HOST6, 22)


servers = {(HOST, 80): web, (HOST6, 80): web6, (HOST, 22): ssh, (HOST6, 22): ssh6}


def dials(to, port, source, **kw):
    """The errno that a connection fails with, or None."""
    def call():
        c = connect("net", to, port, source=(source, 0), **kw)
        if (to, port) in servers:
            servers[to, port].accept()[0].close()
        c.close()
    return refused(call)


def blocked():
    return {e["element"]: e["timeout"] for e in fwctl("set", "list", "blocked")}


# Everybody's.
for to, s in ((HOST, web), (HOST6, web6)):
    p = Pair("net", to, 80, s)
    ok(p.talk(b"x" * 100000), f"web: {to}")
    p.close()
equal(run("ip", "netns", "exec", "net", "ping", "-c2", "-i0.2", "-W2", HOST).returncode, 0, "ping")
equal(dials(HOST, 25, GOOD), errno.ECONNREFUSED, "what is closed says so")

# SSH: who is patient is let in, who guesses is on the list, admins never are.
for i in range(4):
    ok(dials(HOST, 22, GUESS) is None, f"ssh: try {i + 1} of four")
equal(dials(HOST, 22, GUESS, timeout=1), errno.ETIMEDOUT, "ssh: the fifth is not answered")
at = blocked()
ok(list(at) == [GUESS] and 3500 < at[GUESS] <= 3600, "and its source is on the list, for an hour", at)
equal(dials(HOST, 80, GUESS, timeout=1), errno.ETIMEDOUT, "which counts for the web, too")
equal(dials(HOST, 80, GOOD), None, "others are not")
for i in range(8):
    if dials(HOST, 22, "198.51.100.3") or dials(HOST6, 22, "2001:db8:77::3"):
        break
equal(i, 7, "ssh: admins as often as they like")
equal(rule("ssh-over")["hits"] >= 1 and rule("admin")["hits"] == 16, True, "counted by rule")
fwctl("set", "delete", "blocked", GUESS)
equal(dials(HOST, 80, GUESS), None, "let off")

# A trap; an open connection goes on all the same.
p = Pair("net", HOST, 80, web, source=(TRAP, 0))
equal(dials(HOST, 23, TRAP, timeout=1), errno.ETIMEDOUT, "telnet: not answered")
ok(TRAP in blocked(), "and on the list")
ok(p.talk(), "a connection that there was goes on")
p.close()
equal(dials(HOST, 80, TRAP, timeout=1), errno.ETIMEDOUT, "and no other begins")

# Forged: an admin, and a name server that answers us.
w = Wire("net", "i0")
there, here = mac("gw", "eth0"), mac("net", "i0")


def forge(src, port):
    tcp = struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 0x50, 2, 1000, 0, 0)
    pseudo = socket.inet_aton(src) + socket.inet_aton(HOST) + struct.pack("!HH", 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", csum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0,
                     socket.inet_aton(src), socket.inet_aton(HOST))
    ip = ip[:10] + struct.pack("!H", csum(ip)) + ip[12:]
    w.send(there + here + b"\x08\x00" + ip + tcp)


dns = udp("net", "9.9.9.9", 53)
q = udp("gw", HOST)
q.sendto(b"who", ("9.9.9.9", 53))
who = dns.recvfrom(100)[1]
for src in ("198.51.100.3", "9.9.9.9"):
    forge(src, 3389)
    ok(wait_for(lambda: src in blocked()), f"forged: {src} is on the list")
dns.sendto(b"me", who)
equal(q.recv(10), b"me", "and its answers arrive all the same")
equal(dials(HOST, 22, "198.51.100.3"), None, "and the admin comes in")

# Banned: that is the end, of everything.
p = Pair("net", HOST, 80, web, source=(BAN, 0))
ok(p.talk(), "not yet banned")
fwctl("set", "add", "banned", "203.0.113.4/31")
p.c.settimeout(1)
ok(not p.talk(), "banned: the connection that there was is dead")
equal(dials(HOST, 80, BAN, timeout=1), errno.ETIMEDOUT, "and no other begins")
ok(stats()["counters"]["banned"]["packets"] > 0, "counted", stats()["counters"])
fwctl("set", "delete", "banned", "203.0.113.4/31")
equal(dials(HOST, 80, BAN), None, "taken back")

# A flood of one: the rate, and then the list. Others do not notice.
open_ = []


def flood():
    """It is one if it is fast enough: once more if it was not."""
    for s in open_:
        s.close()
    open_.clear()
    fwctl("conn", "flush")
    for i in range(90):
        with ns("net"):
            s = socket.socket()
        s.setblocking(False)
        s.bind((GUESS, 0))
        s.connect_ex((HOST, 80))
        open_.append(s)
    return GUESS in blocked()


ok(wait_for(flood), "web: more than the rate, and it is on the list", rule("web-flood"))
ok(0 < blocked()[GUESS] <= 600, "for ten minutes", blocked())
equal(dials(HOST, 80, GOOD), None, "others do not notice")
for s in open_:
    s.close()

# What begins here.
mail, away = listen("net", "9.9.9.9", 25), listen("net", "9.9.9.9", 443)
equal(refused(lambda: connect("gw", "9.9.9.9", 443)), None, "out: updates")
equal(refused(lambda: connect("gw", "9.9.9.9", 25)), errno.ECONNREFUSED, "out: no mail")
r = run("ip", "netns", "exec", "gw", "setpriv", "--reuid=www-data", "--clear-groups", "curl", "-s", "--max-time", "5", "http://9.9.9.9:443/")
equal(r.returncode, 7, "out: the web server itself, not even there")
ok(rule("web-out")["hits"] >= 1, "counted", rule("web-out"))
END
is "no walk did too much" "$(reason too-many-effects)" 0
done_testing
