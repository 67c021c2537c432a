#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Filters of connections, on every field that a connection has, both ways round;
# what is ended by hand stays ended.
#
#   home ──── lan gw wan ──── net
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
# Timeouts longer than the slowest machine needs.
cat >policy.fw <<'END'
option adopt 1h
option timeout udp 9m
option timeout icmp 9m
option timeout tcp-established 1h
ingress {
    iif lo accept
    ct state invalid drop
    daddr 203.0.113.8 tcp dport 8080 dnat to 192.168.1.2:80 accept id forward
    iif lan protocol udp set mark 0x17 set ct mark 0x2a accept id dns
    accept
}
egress { oif wan masquerade accept id out; accept }
END
ok "the policy is applied" fw apply policy.fw
py <<'END'
def udp_to(f, dport, sport):
    s = udp("home", HOME[f], sport)
    s.sendto(b"hello", (FAR[f], dport))
    return s

keep = [udp_to(4, 53, 40000), udp_to(4, 54, 40001), udp_to(6, 53, 40002), udp_to(6, 1053, 40003)]
four = Pair("home", FAR[4], 80, listen("net", FAR[4], 80), source=(HOME[4], 41000))
four.talk(b"x" * 5000)
six = Pair("home", FAR[6], 81, listen("net", FAR[6], 81), source=(HOME[6], 41001))
six.talk()
inner = listen("home", HOME[4], 80)
back = connect("net", WAN[4], 8080, source=("203.0.113.1", 42000))
with ns("gw"):
    own = sock(socket.SOCK_DGRAM, WAN[4], 43000)
own.sendto(b"x", (FAR[4], 5353))
run("ip", "netns", "exec", "home", "ping", "-n", "-c", "1", "-W", "1", FAR[4])
every = conn_list()
equal(len(every), 9, "nine connections of all kinds")
gen = every[0]["generation"]
icmp = next(c for c in every if c["protocol"] == "icmp")
d = next(c for c in every if c["dnat"])

def row(words, want):
    words = words.split()
    got = conn_list(*words)
    n = fwctl("conn", "count", *words)["count"]
    inverse = len(conn_list("not", *words)) if words[0] != "not" and want is not None and len(words) < 5 and single(words) else None
    ok(len(got) == want == n and inverse in (None, 9 - want), f"R22: list and count {' '.join(words)}: {want}", (len(got), n, inverse))

def single(words):
    """One condition alone, that can be turned round as a whole."""
    if len(words) == 1:
        return "<" not in words[0]
    if words[0] in ("reply", "original"):
        return len(words) == 3
    return words[0] not in ("ipv4", "ipv6", "udp") and "<" not in words[0] and \
        (len(words) == 2 or words[1] in ("lt", "le", "gt", "ge", "<", "<=", ">", ">="))

for words, want in (
        ("proto udp", 5), ("proto 17", 5), ("tcp", 3), ("icmp", 1), ("family ipv6", 3), ("ipv4", 6), ("ipv6 udp", 2),
        (f"src {HOME[4]}", 4), ("src 192.168.1.0/24", 4), ("src 192.168.1.1-192.168.1.9", 4), ("src 192.168.1.3-192.168.1.9", 0),
        (f"saddr {HOME[6]}", 3), ("src fd00:1::/64", 3), ("src fd00:1::1-fd00:1::3", 3),
        (f"dst {FAR[4]}", 5), (f"daddr {WAN[4]}", 1), ("dst 2001:db8:77::/48", 3), ("original dst 203.0.113.8", 1),
        ("sport 40000", 1), ("sport 40000-40002", 3), ("dport 53", 2), ("dport 53-80", 4), ("dport 8080", 1), ("dport domain", 2),
        (f"reply src {HOME[4]}", 1), ("reply sport 80", 2), ("reply sport 53-54", 3), (f"reply dst {WAN[4]}", 5), (f"reply daddr {WAN[6]}", 3),
        ("reply dport 43000", 1), ("reply saddr 198.51.100.0/24", 5), ("reply src 192.168.1.2-192.168.1.4", 1),
        ("state established", 3), ("state ESTABLISHED,UNREPLIED", 8), ("state unreplied", 5), ("state replied", 1), ("state syn-sent", 0),
        ("mark 0x17", 4), ("mark 0x10/0xf0", 4), ("mark 0", 5), ("mark 7/0x7", 4),
        ("ct-mark 0x2a", 4), ("ct-mark 0x28/0xf8", 4), ("ct-mark 0", 5), ("ct-mark 1", 0), ("mark 0x17 ct-mark 42", 4),
        ("iif lan", 7), ("iif wan", 1), ("oif wan", 8), ("oif lan", 1),
        ("snat", 7), ("dnat", 1), ("assured", 3), ("replied", 4), ("local", 1), ("tentative", 0), ("not snat not dnat", 1),
        ("timeout < 10m", 6), ("timeout >= 10m", 3), ("timeout lt 600", 6), ("timeout gt 30m", 3), ("timeout 1-600", 6), ("timeout < 1s", 0),
        (f"generation {gen}", 9), (f"generation < {gen}", 0), (f"generation ge {gen}", 9), (f"generation le {gen}", 9),
        ("bytes > 5k", 1), ("bytes < 5k", 8), ("packets > 1", 4), ("packets 1-1", 5), ("packets 1", 5),
        ("rule dns", 4), ("rule forward", 1), ("rule out", 8), ("rule policy.fw:8", 1), ("rule policy.fw:9", 4), ("rule :9", 4), ("rule nothing", 0),
        (f"id {icmp['id']}", 1), (f"icmp-id {icmp['original']['icmp_id']}", 1), ("icmp-type 8", 1), ("icmp-type 3", 0), ("scope 0", 9), ("scope 5", 0),
        ("local iif wan", 0),
        ("not tcp not udp", 1), ("udp not ipv6 not dport 53", 2), ("not proto udp not proto icmp not family ipv6 not snat", 1),
        ("'timeout<10m' udp".replace("'", ""), 5)):
    row(words, want)

for words in (("src", "10.0.0.1/33"), ("dport", "80-70"), ("timeout", "<"), ("reply", "mark", "1"), ("not",),
              ("src", "10.0.0.1", "reply", "dst", "::1"), ("state", "ESTABLISHED,"), ("bytes", "<", "0")):
    r = run("fwctl", "-n", "gw", "conn", "list", *words)
    ok(r.returncode == 2 and "^" in r.stderr.splitlines()[-1], "refused with a caret: " + " ".join(words), r.stderr)
    r = run("fwctl", "-n", "gw", "-j", "conn", "list", *words)
    e = json.loads(r.stdout)["error"]
    ok(r.returncode == 2 and e["column"] >= 1, "and with its column, in JSON", e)
r = run("fwctl", "-n", "gw", "conn", "list", "iif", "nowhere")
ok(r.returncode == 1 and "no such interface" in r.stderr, "an interface that is not there is refused", r.stderr)
r = run("fwctl", "-n", "gw", "conn", "list", *("not tcp " * 9).split())
ok(r.returncode == 2 and "more than 8" in r.stderr, "more than eight 'not' are refused", r.stderr)

# Ended by hand, in the time that connections which were there before are adopted.
equal(fwctl("conn", "delete", "id", str(icmp["id"]))["ended"], 1, "delete by id: one")
equal(len(conn_list()), 8, "and the others stay")
equal(fwctl("conn", "flush", "udp", "ipv6")["ended"], 2, "flush with a filter ends those alone")
equal(len(conn_list()), 6, "and the others stay again")
ok(four.talk() and six.talk(), "they go on")
fwctl("conn", "delete", "tcp", "dport", "80", "ipv4")
four.c.sendall(b"x")
ok(silent(four.s), "a connection that was deleted is not adopted again (R18)")
equal(len(conn_list("tcp", "dport", "80")), 0, "no record comes back")
fwctl("conn", "flush")
six.c.sendall(b"x")
ok(silent(six.s) and not conn_list("tcp"), "nor after a flush")
END
done_testing
