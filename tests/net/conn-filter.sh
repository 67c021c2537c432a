#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Filters of connections, on every field that a connection has, both ways round, of
# either direction and hook; what is ended by hand stays ended.
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
from genl import Family, attr, errno, u8, u32
def udp_to(f, dport, sport):
    s = udp("home", HOME[f], sport)
    s.sendto(b"hello", (FAR[f], dport))
    return s

def ping(host, to, query):
    run("ip", "netns", "exec", host, "ping", "-n", "-c", "1", "-W", "1", "-e", str(query), to)

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
ping("home", FAR[4], 4141)
every = conn_list()
total = 9
equal(len(every), total, "nine connections of all kinds")
gen = every[0]["generation"]
icmp = next(c for c in every if c["protocol"] == "icmp")
d = next(c for c in every if c["dnat"])

def row(words, want):
    words = words.split()
    got = conn_list(*words)
    n = fwctl("conn", "count", *words)["count"]
    inverse = len(conn_list("not", *words)) if words[0] != "not" and want is not None and len(words) < 5 and single(words) else None
    ok(len(got) == want == n and inverse in (None, total - want), f"R22: list and count {' '.join(words)}: {want}", (len(got), n, inverse))

def single(words):
    """One condition alone, that can be turned round as a whole."""
    if len(words) == 1:
        return "<" not in words[0]
    if words[0] in ("reply", "original", "ingress", "egress"):
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

# Queries whose id is taken already where they leave, and those that begin or end here.
for f, name in ((4, "ipv4"), (6, "ipv6")):
    for host, to in (("gw", FAR[f]), ("home", FAR[f]), ("home", LAN[f])):
        ping(host, to, 4242)
total = 15
equal(len(conn_list()), total, "and three queries of each family")
for f, name, request, answer, hello, length in ((4, "ipv4", 8, 0, 33, 84), (6, "ipv6", 128, 129, 53, 104)):
    four_only = int(f == 4)
    queries, unanswered = 3 + four_only, 2 + four_only
    theirs = conn_list(name, "icmp-id", "4242", "iif", "lan", "oif", "wan")[0]["reply"]["icmp_id"]
    ok(theirs != 4242, f"{name}: an id that is taken becomes another one", theirs)
    for words, want in (
            (f"icmp-type {request}", queries), (f"icmp-type {answer}", 0), (f"original icmp-type {request}", queries),
            (f"reply icmp-type {answer}", queries), (f"reply icmp-type {request}", 0),
            (f"{name} icmp-code 0", queries), (f"{name} icmp-code 1", 0), (f"{name} reply icmp-code 0", queries),
            (f"{name} reply icmp-code 1", 0), (f"{name} udp icmp-code 0", 0),
            (f"{name} icmp-id 4242", 3), (f"{name} reply icmp-id 4242", 2), (f"{name} reply icmp-id {theirs}", 1),
            (f"{name} icmp-id {theirs}", 0),
            (f"{name} reply packets 0", unanswered), (f"{name} original packets 0", 0), (f"{name} tcp reply packets 0", 0),
            (f"{name} udp original packets 1", unanswered), (f"{name} udp original packets > 1", 0),
            (f"{name} icmp-type {request} reply packets 1", queries), (f"{name} icmp-type {request} reply packets 2", 0),
            (f"{name} original bytes {hello}", 2), (f"{name} original bytes {hello + 1}", 0),
            (f"{name} udp reply bytes 0", unanswered), (f"{name} udp reply bytes > 0", 0),
            (f"{name} reply bytes {length}", queries), (f"{name} reply bytes {2 * length}", 0), (f"{name} bytes {2 * length}", queries),
            (f"{name} original bytes > 5000", four_only), (f"{name} reply bytes > 5000", four_only),
            (f"{name} ingress rule dns", 2), (f"{name} egress rule dns", 0), (f"{name} egress rule out", 5 + 2 * four_only),
            (f"{name} ingress rule out", 0), (f"{name} ingress rule dns egress rule out", 2), (f"{name} ingress rule dns egress rule -", 0),
            (f"{name} ingress rule policy.fw:9", 2), (f"{name} egress rule policy.fw:9", 0), (f"{name} ingress rule :12", 0),
            (f"{name} ingress rule other.fw:9", 0), (f"{name} rule dns egress rule :12", 2),
            (f"{name} ingress rule -", 1 + four_only), (f"{name} ingress rule - iif lan", 0), (f"{name} iif -", 1 + four_only),
            (f"{name} egress rule -", 1), (f"{name} egress rule - oif wan", 0), (f"{name} oif -", 1), (f"{name} oif - iif -", 0)):
        row(words, want)
for words, want in (("egress rule out", 12), ("ingress rule dns", 4), ("ingress rule -", 3), ("egress rule -", 2), ("iif -", 3), ("oif -", 2),
                    ("egress rule :12", 13), ("reply packets 0", 5), ("original packets 0", 0), ("reply bytes 0", 5), ("original bytes 33", 2),
                    ("icmp-code 0", 7), ("icmp-code 255", 0), ("reply icmp-code 0", 7), ("reply icmp-id 4242", 4)):
    row(words, want)

for words, why in (("src 10.0.0.1/33", ""), ("dport 80-70", ""), ("timeout <", ""), ("reply mark 1", "'mark' after 'reply'"), ("not", ""),
                   ("src 10.0.0.1 reply dst ::1", ""), ("state ESTABLISHED,", ""), ("bytes < 0", "'0' after 'bytes'"),
                   ("original mark 1", "'mark' after 'original'"), ("reply packet 0", "did you mean 'packets'?"), ("reply", "missing after 'reply'"),
                   ("original bytes 9-8", "'9-8' after 'bytes'"), ("reply packets < 0", "'0' after 'packets'"),
                   ("original packets 18446744073709551616", "after 'packets'"), ("reply bytes > 16G16", "'16G16' after 'bytes'"),
                   ("reply packets 1 reply packets 2", "'packets' is said twice"),
                   ("icmp-code 256", "'256' after 'icmp-code'"), ("reply icmp-id 65536", "'65536' after 'icmp-id'"),
                   ("ingress dns", "'dns' after 'ingress'"), ("egress rul out", "did you mean 'rule'?"), ("egress rule", "missing after 'rule'"),
                   ("egress src 10.0.0.1", "'src' after 'egress'"), ("rule -", "'-' after 'rule'"), ("ingress rule a ingress rule b", "'rule' is said twice")):
    r = run("fwctl", "-n", "gw", "conn", "list", *words.split())
    ok(r.returncode == 2 and why in r.stderr and "^" in r.stderr.splitlines()[-1], "refused with a caret: " + words, r.stderr)
    r = run("fwctl", "-n", "gw", "-j", "conn", "list", *words.split())
    ok(r.returncode == 2 and json.loads(r.stdout)["error"]["column"] >= 1, "and with its column, in JSON", r.stdout)
r = run("fwctl", "-n", "gw", "conn", "list", "iif", "nowhere")
ok(r.returncode == 1 and "no such interface" in r.stderr, "an interface that is not there is refused", r.stderr)
r = run("fwctl", "-n", "gw", "conn", "list", *("not tcp " * 9).split())
ok(r.returncode == 2 and "more than 8" in r.stderr, "more than eight 'not' are refused", r.stderr)

# What no tool says, by hand.
with ns("gw"):
    nl = Family()
C, F = nl.attrs("CONN"), nl.attrs("CONN_FILTER")

def nest(kind, *inner):
    return attr(kind | 0x8000, b"".join(inner))

def counted(*inner):
    return nl.do("CONN_COUNT", {C["FILTER"] | 0x8000: b"".join(inner)})[:2]

def hook(*inner):
    return nest(F["EGRESS"], *inner)

line, none = attr(F["HOOK_LINE"], u32(12)), attr(F["HOOK_NONE"], b"")
kind = attr(F["ICMP_TYPE"], u8(8))
for what, asks, why in (
        ("nothing of a hook's rule", hook(), "by its id or line, or none"), ("its line, and none", hook(line, none), "by its id or line, or none"),
        ("its file alone", hook(attr(F["HOOK_FILE"], b"policy.fw\0")), "without its line"),
        ("nothing of a direction", nest(F["REPLY"]), "nothing is said"), ("nothing of it, turned", nest(F["NOT"], nest(F["ORIGINAL"])), "nothing is said"),
        ("one type twice", kind + nest(F["ORIGINAL"], attr(F["DIR_ICMP_TYPE"], u8(8))), "said in the nest"),
        ("a count of three bytes", nest(F["REPLY"], attr(F["DIR_PACKETS_MIN"], b"123")), ""),
        ("what a direction never has", nest(F["REPLY"], attr(100, u8(1))), "")):
    e, text = counted(asks)
    ok(e in (errno.EINVAL, errno.ERANGE) and text and why in text, f"netlink: {what} is refused, and says why", (e, text))
for asks in (hook(line), hook(none), hook(line, attr(F["HOOK_FILE"], b"policy.fw\0")), kind + nest(F["ORIGINAL"], attr(F["DIR_ICMP_CODE"], u8(0)))):
    equal(counted(asks)[0], 0, "netlink: and this is taken")

# Ended by hand, in the time that connections which were there before are adopted.
equal(fwctl("conn", "delete", "egress", "rule", "dns")["ended"], 0, "delete by a rule of the other hook: none")
equal(fwctl("conn", "delete", "icmp-id", "4242", "reply", "packets", "0")["ended"], 0, "delete what was not answered, of what was: none")
equal(fwctl("conn", "delete", "reply", "icmp-type", "129")["ended"], 3, "delete by the answer's type: its three")
equal(fwctl("conn", "flush", "icmp-id", "4242", "original", "bytes", "84")["ended"], 3, "flush by what one direction sent: three")
equal(len(conn_list()), 9, "and the others stay")
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
