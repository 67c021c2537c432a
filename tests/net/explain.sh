#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# explain --live: a dry run in the kernel says what then happens, and changes nothing.
#
#   home 192.168.1.2 ──── lan gw wan 203.0.113.8 ──── net 198.51.100.7
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
cat >policy.fw <<'END'
option adopt 0s
ingress {
	ct state invalid drop
	iif wan daddr addr(wan) tcp dport 80 dnat to 192.168.1.2:8080 accept id web
	iif lan route oif wan limit 2/minute burst 2 by saddr count seen log "seen " accept id go
	drop id rest
}
egress {
	iif lan oif wan masquerade accept id masq
	accept
}
END
fwctl -n gw apply policy.fw >/dev/null
live() { fwctl -j -n gw explain --live "$@" >live.json 2>live.err; }
json() { python3 -c 'import json, sys; j = json.load(open("live.json")); sys.exit(not eval(sys.argv[1]))' "$1"; }
json_of() { python3 -c 'import json, sys; j = json.load(open("live.json")); print(eval(sys.argv[1]))' "$1"; }
# What those rules have counted; others meet the neighbours' words, too.
books() {
	fwctl -j -n gw stats | python3 -c 'import json, sys; j = json.load(sys.stdin)
print(j["counters"], j["connections"]["created"],
      [r["hits"] for r in j["rules"] if r["id"] in ("web", "go", "masq")])'
}
before=$(books)

check_go() {
	# More often than the limit allows: no token is taken.
	for _ in 1 2 3 4 5; do
		live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 || return 1
		json 'j["verdict"] == "accept" and j["out"] == "wan" and j["rules"]["ingress"]["id"] == "go" and j["rules"]["egress"]["id"] == "masq"' || return 1
	done
}
ok "what goes out, by the kernel's route, as often as asked" check_go
check_path() { json 'any(s["line"] == 5 and "route oif" in (s["text"] or "") for s in j["path"])'; }
ok "its way has the rules that it met" check_path
check_web() {
	live in wan tcp 198.51.100.7:5000 to 203.0.113.8:80 &&
		json 'j["rules"]["ingress"]["id"] == "web" and j["out"] == "lan" and j["rules"]["egress"] is not None'
}
ok "what is led elsewhere is routed there" check_web
check_rest() { live in wan udp 198.51.100.7:5 to 192.168.1.2:5 && json 'j["verdict"] == "drop" and j["reason"] == "policy" and j["rule"]["id"] == "rest"'; }
ok "what is refused: by which rule" check_rest
check_invalid() { live in lan tcp 192.168.1.2:5 to 198.51.100.7:5 ack && json 'j["verdict"] == "drop" and j["reason"] == "invalid"'; }
ok "an ACK of no connection" check_invalid
check_text() { fwctl -n gw explain --live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 >out.txt && grep -q 'accept, by policy.fw:9 (masq)' out.txt && grep -q 'routed to wan' out.txt; }
ok "the same for people" check_text
check_nothing() {
	local after
	after=$(books)
	[ "$before" = "$after" ] && [ "$(fwctl -j -n gw conn list)" = '[]' ]
}
ok "nothing was counted, nothing begun" check_nothing
check_bad() {
	! live in nowhere udp 192.168.1.2:5 to 198.51.100.7:5 && grep -q 'no such interface' live.err live.json &&
		! live in lan udp 192.168.1.2:5 to 198.51.100.7:5 len 3000
}
ok "an interface that is not there, a packet that is too long" check_bad
check_conn() {
	ip netns exec home bash -c 'echo x >/dev/udp/198.51.100.7/53'
	local sport
	sport=$(fwctl -j -n gw conn list | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["original"]["sport"])')
	live in lan udp "192.168.1.2:$sport" to 198.51.100.7:53 && json 'j["connection"] is not None and not j["path"]'
}
ok "a packet of a connection goes with it" check_conn
check_state() {
	json 'j["connection"]["state"] == "UNREPLIED" and j["connection"]["snat"] and j["connection"]["original"]["dport"] == 53' &&
		fwctl -n gw explain --live in lan udp "192.168.1.2:$(json_of 'j["connection"]["original"]["sport"]')" to 198.51.100.7:53 >out.txt &&
		grep -q 'UNREPLIED, .* as 203.0.113.8:' out.txt
}
ok "which is told, with its state and translation" check_state
check_leaves() {
	live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 &&
		json 'j["packet"]["source"] == "203.0.113.8:*" and j["packet"]["destination"] == "198.51.100.7:22" and j["snat"] == "203.0.113.8:*" and j["dnat"] is None' &&
		live in wan tcp 198.51.100.7:5000 to 203.0.113.8:80 &&
		json 'j["dnat"] == "192.168.1.2:8080" and j["packet"]["source"] == "198.51.100.7:5000" and j["snat"] is None' &&
		fwctl -n gw explain --live in wan tcp 198.51.100.7:5000 to 203.0.113.8:80 | grep -q 'as tcp 198.51.100.7:5000 > 192.168.1.2:8080' &&
		live in wan udp 198.51.100.7:5 to 192.168.1.2:5 && json 'j["packet"] is None'
}
ok "the packet as it would leave" check_leaves
check_stopped() {
	ip netns exec gw ip addr del 203.0.113.8/24 dev wan &&
		ip netns exec gw ip route add 198.51.100.0/24 dev wan &&
		live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 &&
		json 'j["verdict"] == "drop" and j["reason"] == "no-address" and j["rules"]["egress"]["id"] == "masq"' &&
		json 'j["path"][-1]["taken"] == "no-address" and j["path"][-1]["id"] == "masq"'
}
ok "a translation that can't be made ends the way, and is its last step" check_stopped
ip netns exec gw ip route del 198.51.100.0/24 dev wan
ip netns exec gw ip addr add 203.0.113.8/24 dev wan
ip netns exec gw ip route replace default via 203.0.113.1

# Rules that came by a patch: their steps, and where all rules stand now.
cat >patched.fw <<'END'
option adopt 0s
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	tcp dport 80 accept id eighty
	tcp dport 81 accept id other
	udp dport 53 accept id dns
	udp dport 50-59 accept id many
	drop id rest
}
egress {
	oif wan udp dport 9 accept
	oif wan udp dport 10 drop
	oif wan masquerade accept id out
	accept
}
END
patch() { fwctl -j -n gw rule "$@" | grep -q '"delta": *true'; }
fwctl -n gw apply patched.fw >/dev/null
ok "a rule is added by a patch" patch add before eighty 'iif lan ttl > 1 udp dport 55 log "five " set mark 7 accept id five'
check_added() {
	live in lan udp "$1:5000" to "$2:55" &&
		json 'j["verdict"] == "accept" and j["rules"]["ingress"] == {"id": "five", "file": "patched.fw", "line": 6}' &&
		json '[s["taken"] for s in j["path"] if s["hook"] == "ingress" and s["line"] is None] == ["line 6"]' &&
		json '[(s["id"], s["taken"], s["text"].split()[0]) for s in j["path"] if s["line"] == 6] == [("five", "log \"five \", mark 7, accept", "iif")]' &&
		json 'j["packet"]["mark"] == 7 and j["rules"]["egress"]["id"] == "out" and len({s["node"] for s in j["path"]}) == len(j["path"])'
}
ok "and the way goes through it, step by step" check_added 192.168.1.2 198.51.100.7
ok "IPv6 likewise" check_added '[fd00:1::2]' '[2001:db8:77::7]'
check_added_text() {
	fwctl -n gw explain --live in lan udp 192.168.1.2:5 to 198.51.100.7:55 >out.txt &&
		grep -q 'accept, by patched.fw:16 (out)' out.txt && grep -q 'patched.fw:6 .*iif lan ttl > 1' out.txt &&
		grep -q 'log "five ", mark 7, accept' out.txt && grep -q 'mark 7$' out.txt
}
ok "the same for people" check_added_text
check_moved() {
	live in lan tcp 192.168.1.2:5000 to 198.51.100.7:80 &&
		json 'j["rules"]["ingress"] == {"id": "eighty", "file": "patched.fw", "line": 7}' &&
		json 'any(s["line"] == 7 and s["id"] == "eighty" for s in j["path"])' &&
		live in lan udp 192.168.1.2:5000 to 198.51.100.7:56 && json 'j["rules"]["ingress"]["line"] == 10'
}
ok "rules behind it are told with the lines that they have now" check_moved
check_gone() {
	patch delete five && live in lan udp 192.168.1.2:5000 to 198.51.100.7:55 &&
		json 'j["rules"]["ingress"] == {"id": "many", "file": "patched.fw", "line": 9}'
}
ok "what a patch took away is met no more" check_gone
check_refusing() {
	patch replace eighty 'tcp dport { 80, 443 } reject with tcp-reset id eighty' && patch add after other 'tcp dport 82 drop id more' &&
		live in lan tcp 192.168.1.2:5000 to 198.51.100.7:443 &&
		json 'j["verdict"] == "reject" and j["rule"]["line"] == 6 and j["path"][-1]["taken"] == "reject" and j["path"][-1]["id"] == "eighty"' &&
		live in lan tcp 192.168.1.2:5000 to 198.51.100.7:82 &&
		json 'j["verdict"] == "drop" and j["reason"] == "policy" and j["rule"] == {"id": "more", "file": "patched.fw", "line": 8} and j["path"][-1]["line"] == 8'
}
ok "one that replaces another, and one behind it: they refuse" check_refusing
check_egress() {
	fwctl -n gw apply patched.fw >/dev/null && patch replace out 'oif wan set mark 9 masquerade accept id out' &&
		live in lan tcp 192.168.1.2:5000 to 198.51.100.7:80 &&
		json 'j["rules"]["egress"]["id"] == "out" and j["snat"] == "203.0.113.8:*" and j["packet"]["mark"] == 9' &&
		json 'j["path"][-1]["taken"] == "mark 9, snat 203.0.113.8, accept"'
}
ok "one in egress, that translates" check_egress
check_applied() {
	fwctl -n gw apply patched.fw >/dev/null && sed 's/^\tudp dport 53/\tudp dport 57 drop id seven\n&/' patched.fw >changed.fw && cp changed.fw patched.fw &&
		fwctl -j -n gw apply patched.fw | grep -q '"delta": *true' &&
		live in lan udp 192.168.1.2:5000 to 198.51.100.7:57 &&
		json 'j["rule"] == {"id": "seven", "file": "patched.fw", "line": 8} and j["path"][-1]["taken"] == "drop"'
}
ok "and one that came by apply" check_applied
check_pure() { [ "$(fwctl -j -n gw stats | python3 -c 'import json, sys; print([r["hits"] for r in json.load(sys.stdin)["rules"] if r["id"] in ("seven", "eighty", "many")])')" = '[0, 0, 0]' ]; }
ok "none of which counted anything" check_pure
# What a map gives is a rule's last word: it goes on to the same one with it and without.
cat >mapped.fw <<'END'
map marks : addr -> mark { elements = { 192.168.1.2 -> 7, fd00:1::2 -> 8 } }
ingress {
	set mark saddr map @marks
	accept
}
END
check_map() {
	live in lan udp "$1:5000" to "$2:55" &&
		json '[s["taken"] for s in j["path"] if s["hook"] == "ingress"] == ["'"$3"'", "accept"]'
}
fwctl -n gw apply mapped.fw >/dev/null
ok "what a map gave" check_map 192.168.1.2 198.51.100.7 'mark 7'
ok "IPv6 likewise" check_map '[fd00:1::2]' '[2001:db8:77::7]' 'mark 8'
ok "and that it had nothing" check_map 192.168.1.3 198.51.100.7 'nothing in the map'
# Nothing that is counted or filled: tokens, bytes, turns, elements, servers.
cat >dry.fw <<'END'
option adopt 0s
option timeout udp 10m
set seen : addr
pool web { scheduler round-robin; 198.51.100.7:1001; 198.51.100.7:1002; [2001:db8:77::7]:1001; [2001:db8:77::7]:1002 }
ingress {
	ct state invalid drop
	iif lan udp dport 61 limit 2/day burst 2 quota 300 add @seen { saddr } accept id both
	iif lan udp dport 62 split round-robin { 1 -> accept id one; 1 -> accept id two }
	iif lan udp dport 63 balance @web accept id led
	iif lan udp dport 64 ct count by saddr/32/64 <= 1 accept id counted
	ct state untracked accept
	drop id rest
}
egress { accept }
END
py <<'END'
for f in (4, 6):
    if stats()["program"]:
        fwctl("flush")
    apply(open("dry.fw").read())
    def dry(port, n=5):
        """What so many dry runs say, each: the rule and where it leads."""
        at = (HOME[f], FAR[f]) if f == 4 else (f"[{HOME[f]}]", f"[{FAR[f]}]")
        to = LAN[f] if f == 4 else f"[{LAN[f]}]"
        e = [fwctl("explain", "--live", *f"in lan udp {at[0]}:5000 to {to if port == 63 else at[1]}:{port}".split()) for i in range(n)]
        said = {((x["rules"].get("ingress") or x["rule"])["id"], x.get("dnat")) for x in e}
        return said.pop() if len(said) == 1 else said
    def books():
        s = stats()
        return ([(l["tokens"], l["passed"], l["over"]) for l in s["limits"]], [(q["used"], q["passed"]) for q in s["quotas"]],
                fwctl("set", "list", "seen"), [x["total"] for x in fwctl("pool", "list")[0]["servers"]], s["connections"]["created"],
                [r["hits"] for r in s["rules"] if r.get("id") in ("both", "one", "two", "led", "counted")])
    def real(port):
        u = udp("home", HOME[f])
        before = stats()["connections"]["created"]
        u.sendto(b"x", (LAN[f] if port == 63 else FAR[f], port))
        return wait_for(lambda: stats()["connections"]["created"] > before)
    before = books()
    equal((dry(61)[0], dry(62)[0], dry(64)[0]), ("both", "one", "counted"), f"IPv{f}: what a first packet would meet, as often as asked")
    first = dry(63)
    ok(first[0] == "led" and first[1], f"IPv{f}: and who would serve it", first)
    equal(books(), before, f"IPv{f}: and no token, byte, turn, element or server is less for it")
    ok(all(real(p) for p in (61, 61, 62, 63, 64)), f"IPv{f}: real ones take them")
    after = books()
    equal((dry(61)[0], dry(62)[0], dry(64)[0]), ("rest", "two", "rest"), f"IPv{f}: then it says what is left of them")
    second = dry(63)
    ok(second[0] == "led" and second[1] not in (None, first[1]), f"IPv{f}: and another server", (first, second))
    equal(books(), after, f"IPv{f}: and changes nothing again")
END
# Two destinations that a client dials from one port, led to one server: what is said is
# what then happens.
py <<'PY'
POLICY = """option adopt 0s
ingress {
	iif lo accept
	ct state untracked accept
	iif lan daddr { 198.51.100.10, 198.51.100.11 } protocol { udp, tcp, gre } dnat to 198.51.100.7 accept id led4
	iif lan daddr { 2001:db8:77::10, 2001:db8:77::11 } protocol { udp, tcp, gre } dnat to 2001:db8:77::7 accept id led6
	iif lan daddr 198.51.100.20 dnat to 198.51.100.7-198.51.100.8 accept
	iif lan daddr 2001:db8:77::20 dnat to 2001:db8:77::7-2001:db8:77::8 accept
	iif lan daddr 198.51.100.21 dnat to 198.51.100.8 accept
	iif lan daddr 2001:db8:77::21 dnat to 2001:db8:77::8 accept
	iif lan accept
	drop
}
egress {
	oif wan udp dport 54 masquerade accept id masq
	accept
}
egress device wan { accept }
"""
NAMES = {4: "198.51.100.%s", 6: "2001:db8:77::%s"}

def words(f, addr, port=None):
    return addr if port is None else f"[{addr}]:{port}" if f == 6 else f"{addr}:{port}"

def live(f, proto, sport, to, dport, *more):
    return fwctl("explain", "--live", "in", "lan", proto, words(f, HOME[f], sport), "to",
                 words(f, NAMES[f] % to, dport), *more)

def text(f, sport, to, dport):
    return run("fwctl", "-n", "gw", "explain", "--live", "in", "lan", "udp", words(f, HOME[f], sport),
               "to", words(f, NAMES[f] % to, dport)).stdout

def say(f, sport, to, dport):
    """Really, to a name that stands for a server; the connection that comes of it."""
    c = udp("home", HOME[f], sport)
    before = {x["id"] for x in conn_list()}
    drops = reason("tuple-clash")
    c.sendto(b"x", (NAMES[f] % to, dport))
    got = wait_for(lambda: [x for x in conn_list() if x["id"] not in before] or
                   reason("tuple-clash") > drops and [None])
    c.close()
    return got[0]

def gre(f, to):
    with ns("home"):
        s = socket.socket(FAMILY[f], socket.SOCK_RAW, 47)
    s.sendto(bytes(8), (NAMES[f] % to, 0))
    s.close()

apply(POLICY)
for f in (4, 6):
    said = live(f, "udp", 5000, 10, 53)
    equal((said["verdict"], said["dnat"], said["snat"], said["apart"], said["another_server"]),
          ("accept", words(f, FAR[f], 53), None, False, False), f"IPv{f}: the first one is led there as it is")
    equal(said["packet"]["destination"], words(f, FAR[f], 53), f"IPv{f}: whatever a tree of the device sees")
    c = say(f, 5000, 10, 53)
    equal((c["reply"]["saddr"], c["reply"]["dport"]), (FAR[f], 5000), f"IPv{f}: so it is")
    said = live(f, "udp", 5000, 11, 53)
    equal((said["verdict"], said["apart"], said["packet"]["source"], said["snat"]),
          ("accept", True, words(f, HOME[f], "*"), words(f, HOME[f], "*")), f"IPv{f}: the second one is shown by another port")
    ok("shown by another port" in text(f, 5000, 11, 53), f"IPv{f}: for people, too")
    c = say(f, 5000, 11, 53)
    ok(c["reply"]["saddr"] == FAR[f] and c["reply"]["daddr"] == HOME[f] and c["reply"]["dport"] != 5000,
       f"IPv{f}: so it is", c)

    # Translated besides.
    say(f, 5000, 10, 54)
    said = live(f, "udp", 5000, 11, 54)
    equal((said["verdict"], said["reason"], said["rule"]["id"], said["packet"]),
          ("drop", "tuple-clash", "masq", None), f"IPv{f}: one that would be translated besides is dropped")
    equal(say(f, 5000, 11, 54), None, f"IPv{f}: so it is")

    # Of several servers.
    first = live(f, "udp", 5001, 20, 53)["dnat"]
    one, other = (FAR[f], NAMES[f] % 8) if first == words(f, FAR[f], 53) else (NAMES[f] % 8, FAR[f])
    say(f, 5001, 10 if one == FAR[f] else 21, 53)
    said = live(f, "udp", 5001, 20, 53)
    equal((said["verdict"], said["dnat"], said["another_server"], said["apart"]),
          ("accept", words(f, other, 53), True, False), f"IPv{f}: of two servers the other one")
    ok("led to another server" in text(f, 5001, 20, 53), f"IPv{f}: for people, too")
    c = say(f, 5001, 20, 53)
    equal((c["reply"]["saddr"], c["reply"]["dport"]), (other, 5001), f"IPv{f}: so it is")

    # Without ports there is nothing to choose.
    gre(f, 10)
    ok(wait_for(lambda: conn_list("proto", "gre")), f"IPv{f}: GRE")
    said = live(f, "gre", None, 11, None)
    equal((said["verdict"], said["reason"]), ("drop", "tuple-clash"), f"IPv{f}: a second one is dropped")
    drops = reason("tuple-clash")
    gre(f, 11)
    ok(wait_for(lambda: reason("tuple-clash") == drops + 1), f"IPv{f}: so it is")

    # What can begin no connection is not translated.
    said = live(f, "tcp", 5000, 10, 80, "ack")
    equal((said["verdict"], said["reason"]), ("drop", "invalid"), f"IPv{f}: an ACK of nobody's is not led there")
    fwctl("conn", "flush")
PY
# What trees behind a hop are asked with: the packet as it gets there.
route_home
py <<'PY'
WAYS = """option adopt 0s
ingress {
	iif lo accept
	ct state untracked pkttype broadcast accept id broadcast
	ct state untracked accept
	ct state invalid drop
	iif wan tcp dport 80 family ipv4 dnat to 192.168.1.2:8080 accept
	iif wan tcp dport 80 family ipv6 dnat to [fd00:1::2]:8080 accept
	iif lan udp dport 70 set dscp cs1 accept
	iif lan udp dport 71 set priority 3 accept
	accept
}
egress {
	udp dport 7 pkttype host accept id host
	ct state untracked accept id all
	oif wan ttl 64 drop id whole
	oif wan udp dport 71 priority 3 masquerade accept id kept
	oif wan priority != 0 drop id priority
	oif wan udp dport 72 bpf "(ip and ip[8] = 63) or (ip6 and ip6[7] = 63)" drop id bytes
	oif wan masquerade accept
	accept
}
egress device wan {
	saddr { 192.168.0.0/16, fd00::/8 } drop id inside
	udp dport 70 dscp 0 drop id plain
	ttl 63 accept id outside
	accept
}
egress device lan {
	tcp dport 80 drop id dialled
	tcp dport 8080 daddr { 192.168.1.2, fd00:1::2 } accept id led
	accept
}
"""

def words(addr, port):
    return f"[{addr}]:{port}" if ":" in addr else f"{addr}:{port}"

def live(way, proto, src, sport, dst, dport, *more):
    return fwctl("explain", "--live", *way.split(), proto, words(src, sport), "to", words(dst, dport), *more)

def by(said, hook):
    return (said["rules"][hook] or {}).get("id")

apply(WAYS)
for f in (4, 6):
    out = lambda port, *more: live("in lan", "udp", HOME[f], 5000, FAR[f], port, *more)
    said = out(81)
    equal((said["verdict"], by(said, "device_egress")), ("accept", "outside"),
          f"IPv{f}: a device's tree gets what leaves: translated, one hop less")
    ok(passes(f), f"IPv{f}: and lets it pass")
    equal(out(81, "ttl", "65")["rule"]["id"], "whole", f"IPv{f}: so does egress")
    said = out(81, "ttl", "1")
    equal((said["verdict"], said["reason"], said["packet"]), ("drop", "ttl-exceeded", None), f"IPv{f}: who has no hop left ends")
    equal(by(out(70), "device_egress"), "outside", f"IPv{f}: with the DSCP that was set")
    said = live("in wan", "tcp", FAR[f], 5000, WAN[f], 80)
    equal((said["out"], by(said, "device_egress")), ("lan", "led"), f"IPv{f}: led to where it goes, not where it dialled")
    said = out(81, "dscp", "ef")
    equal((said["verdict"], by(said, "egress") == "priority"), ("drop", True) if f == 4 else ("accept", False),
          f"IPv{f}: a priority by the DSCP, of IPv4 alone")
    equal(by(out(71, "dscp", "ef"), "egress"), "kept", f"IPv{f}: one that ingress set stays")
    equal(out(72)["rule"]["id"], "bytes", f"IPv{f}: filters have those bytes")
    equal(by(live("out lan", "udp", LAN[f], 5000, HOME[f], 7), "egress"), "host", f"IPv{f}: what starts here is of pkttype host")

# To all of the subnet; frames that somebody else says are for one alone are not.
said = live("in lan", "udp", HOME[4], 5000, "192.168.1.255", 9)
equal((by(said, "ingress"), said["local"]), ("broadcast", True), "a subnet's broadcast comes in a frame for all, untracked")
before = rule("broadcast")["packets"]
u = udp("home", HOME[4])
u.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
u.sendto(b"x", ("192.168.1.255", 9))
ok(wait_for(lambda: rule("broadcast")["packets"] > before), "so it does")
own = mac("gw", "lan").hex(":")
equal(by(live("in lan", "udp", HOME[4], 5000, "192.168.1.255", 9, "ether", "02:00:00:00:00:02", "to", own), "ingress"),
      None, "unless its frame is for this machine")
equal(by(live("out lan", "udp", LAN[4], 5000, "192.168.1.255", 9), "egress"), "all", "what is sent to all is untracked")
for group in ("224.0.0.251", "255.255.255.255", "ff02::fb"):
    said = live("in lan", "udp", HOME[6 if ":" in group else 4], 5353, group, 5353, "ttl", "1")
    equal((said["verdict"], said["local"], said["out"]), ("accept", True, None), f"{group} is for this machine, and goes nowhere")
fwctl("conn", "flush")

# Connections that there are.
EACH = """option adopt 0s
option evaluate per-packet
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop
	ct state established accept id later
	iif lan udp dport 53 accept id first
	drop
}
egress {
	ct state untracked accept
	oif wan masquerade accept id masq
	accept id out
}
"""
ONCE = """option adopt 0s
ingress {
	iif lo accept
	ct state untracked accept
	ct state invalid drop id invalid
	iif lan udp dport 53 RULE
	iif lan tcp dport { 80, 81 } accept
	iif lan tcp dport 82 family ipv4 dnat to 198.51.100.7 accept
	iif lan tcp dport 82 family ipv6 dnat to 2001:db8:77::7 accept
	iif lan udp dport 57 accept
	drop
}
egress {
	oif wan tcp dport 80 masquerade accept
	oif wan udp dport 57 drop id onward
	accept
}
egress device wan {
	udp sport 4000 dport 53 ttl 63 accept id sent
	accept
}
"""

def records():
    """What there is, but for times, which go by."""
    keys = ("id", "original", "reply", "state", "mark", "snat", "dnat")
    return sorted(([str(c.get(k)) for k in keys] for c in conn_list()))

for f in (4, 6):
    # By each packet.
    apply(EACH)
    s, u = udp("net", FAR[f], 53), udp("home", HOME[f], 4000)
    u.sendto(b"x", (FAR[f], 53))
    there = s.recvfrom(10)[1]
    said = live("in lan", "udp", HOME[f], 4000, FAR[f], 53)
    equal((said["connection"] is not None, by(said, "ingress"), by(said, "egress")), (True, "first", "masq"),
          f"IPv{f}: where each packet walks one of a connection does")
    s.sendto(b"y", there)
    ok(u.recv(10) == b"y", f"IPv{f}: it is answered")
    before = records(), [(r.get("id"), r["packets"]) for r in stats()["rules"] if r.get("id") in ("later", "first", "masq", "out")]
    said = live("in lan", "udp", HOME[f], 4000, FAR[f], 53)
    equal((by(said, "ingress"), said["path"][0]["walk"]), ("later", "ingress, established"), f"IPv{f}: and is established then")
    said = live("in wan", "udp", FAR[f], 53, there[0], there[1])
    equal((by(said, "ingress"), by(said, "egress"), said["out"]), ("later", "out", "lan"), f"IPv{f}: as the answer is, which goes home")
    equal((records(), [(r.get("id"), r["packets"]) for r in stats()["rules"] if r.get("id") in ("later", "first", "masq", "out")]),
          before, f"IPv{f}: and nothing was counted")

    # Routed by where the address that it is shown by is not.
    far = FAR[f] + {4: "/32", 6: "/128"}[f]
    run("ip", "-n", "gw", "route", "add", far, "via", HOME[f], "dev", "lan")
    said = live("in lan", "udp", HOME[f], 4000, FAR[f], 53)
    equal((said["verdict"], said["reason"], said["connection"] is not None), ("drop", "no-address", True),
          f"IPv{f}: by another interface it would be shown by an address that this does not have")
    equal(records(), before[0], f"IPv{f}: it is there still")
    ended = reason("no-address")
    u.sendto(b"x", (FAR[f], 53))
    ok(wait_for(lambda: reason("no-address") > ended), f"IPv{f}: until its next packet")
    run("ip", "-n", "gw", "route", "del", far, "via", HOME[f], "dev", "lan")
    fwctl("conn", "flush")

    # By another policy.
    apply(ONCE.replace("RULE", "accept id old"))
    u.sendto(b"x", (FAR[f], 53))
    s.recvfrom(10)
    before = records()
    said = live("in lan", "udp", HOME[f], 4000, FAR[f], 53)
    equal((said["verdict"], said["connection"] is not None, by(said, "ingress"), by(said, "device_egress")), ("accept", True, None, "sent"),
          f"IPv{f}: a packet of a connection meets the trees of devices alone")
    apply(ONCE.replace("RULE", "drop id new"))
    kept = reason("revalidated")
    said = live("in lan", "udp", HOME[f], 4000, FAR[f], 53)
    equal((said["verdict"], said["reason"], by(said, "ingress"), said["connection"] is not None), ("drop", "revalidated", "new", True),
          f"IPv{f}: a connection that the policy in force does not allow")
    equal((records(), reason("revalidated")), (before, kept), f"IPv{f}: which is there still")
    u.sendto(b"x", (FAR[f], 53))
    ok(wait_for(lambda: not conn_list()) and silent(s), f"IPv{f}: until its next packet")
    u.close()
    s.close()

    # Begun to this machine, and routed onward by now.
    here = {4: "198.51.100.50", 6: "2001:db8:77::50"}[f]
    way = here + {4: "/32", 6: "/128"}[f], "dev", "lo", "table", "local"
    run("ip", "-n", "gw", "route", "add", "local", *way)
    s, u = udp("gw", {4: "0.0.0.0", 6: "::"}[f], 57), udp("home", HOME[f], 4003)
    u.sendto(b"x", (here, 57))
    ok(s.recvfrom(10)[1][1] == 4003 and wait_for(lambda: conn_list("dport", "57")), f"IPv{f}: egress has not met it")
    run("ip", "-n", "gw", "route", "del", "local", *way)
    said = live("in lan", "udp", HOME[f], 4003, here, 57)
    equal((said["verdict"], by(said, "egress"), said["out"], said["connection"] is not None), ("drop", "onward", "wan", True),
          f"IPv{f}: what egress has not decided meets it where it goes on")
    met = rule("onward")["packets"]
    u.sendto(b"x", (here, 57))
    ok(wait_for(lambda: rule("onward")["packets"] > met), f"IPv{f}: so it does")
    u.close()
    s.close()

    # Led elsewhere, and over: whose place is taken is in nobody's way.
    name = {4: "198.51.100.10", 6: "2001:db8:77::10"}[f]
    server = listen("net", FAR[f], 82)
    p = Pair("home", name, 82, server, source=(HOME[f], 4002))
    ok(p.talk(), f"IPv{f}: one that is led elsewhere talks")
    p.c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    p.c.close()
    ok(wait_for(lambda: [c["state"] for c in conn_list("dport", "82")] == ["CLOSE"]), f"IPv{f}: and is over")
    # Whatever it has sent, one of the two is before that.
    for seq in (1, 1 + (1 << 31)):
        said = live("in lan", "tcp", HOME[f], 4002, name, 82, "syn", "seq", str(seq))
        equal((said["verdict"], said["dnat"], said["apart"], said["connection"]), ("accept", words(FAR[f], 82), False, None),
              f"IPv{f}: begun anew with sequence {seq} it is shown by its own port")
    p.s.close()
    server.close()

    # What its client never says.
    for port, want in ((80, ("drop", "tcp-window", None)), (81, ("drop", "tcp-window", "invalid"))):
        server = listen("net", FAR[f], port)
        p = Pair("home", FAR[f], port, server, source=(HOME[f], 4001))
        ok(p.talk(), f"IPv{f}: port {port} talks")
        p.settled()
        before = records()
        # A SYN-ACK of the client's is none of it, whatever the sequences.
        said = live("in lan", "tcp", HOME[f], 4001, FAR[f], port, "syn", "ack")
        equal((said["verdict"], said["reason"], by(said, "ingress"), said["connection"]), want + (None,),
              f"IPv{f}: port {port}: a SYN-ACK of its client's is none of it")
        ok(records() == before and p.talk(), f"IPv{f}: port {port}: which does not mind")
        p.close()
        server.close()
    fwctl("conn", "flush")
PY
# Led elsewhere, and not to be tracked: nobody would translate its answers back.
must_apply <<'END'
ingress { iif wan udp dport 124 dnat to 192.168.1.2 accept; accept }
egress { oif lan udp dport 124 notrack accept; accept }
END
half() { live in wan udp 203.0.113.1:5 to 203.0.113.8:124 && json '(j["verdict"], j["reason"]) == ("drop", "invalid")'; }
ok "what ingress leads elsewhere, and egress says notrack of" half
fwctl -n gw flush >/dev/null
check_none() { ! live in lan udp 192.168.1.2:5 to 198.51.100.7:5 && grep -q 'no policy' live.err live.json; }
ok "without a policy" check_none
done_testing
