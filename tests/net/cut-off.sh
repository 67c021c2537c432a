#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R18: what a changed policy has ended, or somebody by hand, is not taken up again from
# the middle by its other end, where segments from the middle are taken up: in the
# first minute, and by "option tcp-loose". Who began it goes on as soon as he may. What was
# there before a first policy is taken up if the tree accepts it as it stands.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
py <<'END'
# Both sides may begin connections; the port that home's are for is opened and shut.
POLICY = """option %s
ingress {
    iif lo accept
    ct state untracked accept
    ct state invalid drop id stray
    iif wan accept id outside
    iif lan tcp dport %d accept id inside
    drop
}
egress { %s }
"""
ADOPT, LOOSE = "adopt 1h", "tcp-loose on; option adopt 0s".replace("; ", "\n")
NAT = "iif lan oif wan tcp sport 5000-5999 masquerade accept; accept"

def ended():
    return {k: v["value"] for k, v in stats()["connections"]["ended_by"].items() if v["value"]}

def says(s, data=b"more"):
    """Said again and again, until it is acknowledged."""
    try:
        s.sendall(data)
    except OSError:
        pass

def there(port):
    """Connections of this port: of those before it, ends that are left go on trying."""
    return [c for c in conn_list("tcp") if port in (c["original"]["dport"], c["original"]["sport"])]

def unread(s):
    return silent(s, 0.6)

n = 0
for option in (ADOPT, LOOSE):
    name = option.split()[0]
    for f in (4, 6):
        for where in ("forwarded", "translated", "to gw"):
            what = f"{name} IPv{f}, {where}"
            n += 1
            port, shut = 20000 + n, 9
            run("fwctl", "-n", "gw", "flush")
            apply(POLICY % (option, port, NAT))
            server = listen("gw", LAN[f], port) if where == "to gw" else listen("net", FAR[f], port)
            p = Pair("home", LAN[f] if where == "to gw" else FAR[f], port, server,
                     source=(HOME[f], (5000 if where == "translated" else 6000) + n))
            ok(p.talk(), f"{what}: connected")
            p.settled()
            apply(POLICY % (option, shut, NAT))
            says(p.c)
            ok(unread(p.s), f"{what}: its client is refused")
            equal(there(port), [], f"{what}: and it has ended")
            # The server's side says something, which it may well begin.
            says(p.s)
            if where != "to gw":
                ok(unread(p.c), f"{what}: its server does not begin in the middle")
            equal(there(port), [], f"{what}: there is no connection")
            ok(unread(p.s), f"{what}: what the client says is not let in as an answer")
            # Neither under another policy.
            apply(POLICY % (option, shut, NAT) + "# another\n")
            ok(unread(p.s), f"{what}: nor after another policy")
            equal(there(port), [], f"{what}: with which there is none either")
            # But what the server may begin it does.
            if where != "to gw":
                q = Pair("net", HOME[f], 7000 + n, listen("home", HOME[f], 7000 + n), source=(FAR[f], port + 1000))
                ok(q.talk(), f"{what}: with a SYN it begins others")
                q.close()
                fwctl("conn", "flush", "tcp") if option == LOOSE else None
            # The port is opened again: who began it goes on.
            if where != "translated":
                apply(POLICY % (option, port, NAT))
                # TCP sends again more and more rarely.
                p.s.settimeout(30)
                p.c.settimeout(30)
                try:
                    equal(receive(p.s, 4), b"more", f"{what}: allowed again, its client goes on")
                    equal(receive(p.c, 4), b"more", f"{what}: and hears what was said meanwhile")
                except OSError as e:
                    ok(False, f"{what}: allowed again, it goes on", e)
            p.close()
            server.close()

# Adopted is what the tree accepts as it stands, also with a namespace's first policy.
for f in (4, 6):
    what = f"first policy IPv{f}"
    run("fwctl", "-n", "gw", "flush")
    server = listen("net", FAR[f], 20000)
    p = Pair("home", FAR[f], 20000, server, source=(HOME[f], 6400))
    ok(p.talk(), f"{what}: there is a connection, and no policy")
    p.settled()
    apply(POLICY % (ADOPT, 9, NAT))
    was = reason("policy")
    says(p.c)
    ok(unread(p.s), f"{what}: one that does not accept it does not adopt it")
    equal(there(20000), [], f"{what}: there is no record of it")
    ok(reason("policy") > was and not rule("stray")["hits"],
       f"{what}: it was asked as what may begin one", (reason("policy") - was, rule("stray")))
    run("fwctl", "-n", "gw", "flush")
    apply(POLICY % (ADOPT, 20000, NAT))
    # TCP sends again more and more rarely.
    p.s.settimeout(30)
    try:
        equal(receive(p.s, 4), b"more", f"{what}: one that accepts it does")
    except OSError as e:
        ok(False, f"{what}: one that accepts it does", e)
    ok(p.talk(), f"{what}: both ways")
    equal(len(there(20000)), 1, f"{what}: and there is a record")
    p.close()
    server.close()

# Ended by hand, where segments from the middle are always taken up.
for f in (4, 6):
    run("fwctl", "-n", "gw", "flush")
    apply(POLICY % (LOOSE, 20000, NAT))
    p = Pair("home", FAR[f], 20000, listen("net", FAR[f], 20000), source=(HOME[f], 6500))
    p.settled()
    equal(fwctl("conn", "delete", "tcp", "family", f"ipv{f}", "dport", "20000")["ended"], 1, f"loose IPv{f}: deleted")
    says(p.c)
    says(p.s)
    ok(unread(p.s) and unread(p.c), f"loose IPv{f}: neither side goes on")
    equal(conn_list("tcp", f"ipv{f}"), [], f"loose IPv{f}: nothing comes back")
    p.close()
    # What was there and was not ended is taken up, still.
    run("fwctl", "-n", "gw", "flush")
    server = listen("net", FAR[f], 20000)
    p = Pair("home", FAR[f], 20000, server, source=(HOME[f], 6600))
    p.settled()
    apply(POLICY % (LOOSE, 20000, NAT))
    ok(p.talk(), f"loose IPv{f}: another one is taken up in the middle")
    p.close()
END
done_testing
