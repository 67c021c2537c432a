#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# balance: new connections are spread over the servers of a pool, and stay there.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
pool_topology 4
for i in 1 2 3 4; do web "$i"; done

# get N URL [curl's arguments]: N requests; how many each server answered, "s1 5 s2 5".
get() {
	local n=$1 url=$2
	shift 2
	on net curl -s --connect-timeout 5 "$@" "$url?[1-$n]" -H 'Connection: close' |
		sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 \1/' | paste -sd ' '
}

# server NAME KEY: of the server whose text it is, in the pool.
server() {
	fw -j pool list "$1" | j "[s for s in d[0]['servers'] if s['server'] == '$2'][0]['$3']"
}
states() { fw -j pool list "$1" | j "' '.join(s['state'] for s in d[0]['servers'])"; }

policy() {
	cat <<END
pool turns { scheduler round-robin
	192.168.1.11:8080; 192.168.1.12:8080; 192.168.1.13:8080; 192.168.1.14:8080
	[fd00:1::11]:8080; [fd00:1::12]:8080
}
pool lines { 192.168.1.11:8080 weight 3; 192.168.1.12:8080; [fd00:1::11]:8080 weight 3; [fd00:1::12]:8080 }
pool few { scheduler least-conn; 192.168.1.13:8080; 192.168.1.14:8080 }
pool four { scheduler random; 192.168.1.11:8080 }
pool chance { scheduler random
	192.168.1.11:8080 weight 3; 192.168.1.12:8080; [fd00:1::11]:8080 weight 3; [fd00:1::12]:8080
}
pool ranges { scheduler round-robin; 192.168.1.11:5000-5003; 192.168.1.12; [fd00:1::11]:5000-5003; [fd00:1::12] }
pool hashed { scheduler source-hash
	192.168.1.11:8080; 192.168.1.12:8080; 192.168.1.13:8080; 192.168.1.14:8080
	[fd00:1::11]:8080; [fd00:1::12]:8080; [fd00:1::13]:8080; [fd00:1::14]:8080
}
${1-}
ingress {
	ct state untracked accept
	ct state invalid drop
	iif lan accept
	tcp dport 80 balance @turns accept id turns
	tcp dport 81 balance @lines accept
	tcp dport 82 balance @few accept
	tcp dport 83 balance @four accept
	tcp dport 84 balance @turns persistent accept
	tcp dport 4000-4003 balance @ranges accept
	dport 85 balance @four or reject accept
	tcp dport 88-89 balance @hashed accept
	tcp dport 86 balance @four or reject with admin-prohibited accept
	udp dport 53 balance @turns accept
	dport 91 balance @chance accept
	udp dport 92 balance @lines accept
	${2-}
	drop
}
egress {
	iif none daddr 203.0.113.80 tcp dport 80 balance @turns accept
	iif none daddr 2001:db8:1::80 tcp dport 80 balance @four or reject accept
	accept
}
END
}

is "without a policy there is no pool" "$(fw pool list)" "no pools"
is "nor one to add to" "$(fw pool add turns 192.168.1.15 2>&1)" "fwctl: no policy is in force*"
is "nor names to ask for" "$(fw resolve)" "no policy is in force"
is "which JSON has in its form" "$(fw -j resolve)" '{"names":\[\],"sets":\[\]}'
policy | must_apply
# completes WANT WORD...: what stands for the last word; in this namespace.
completes() {
	local want=$1
	shift
	# shellcheck disable=SC2016 # that shell's own
	is "completion: $*" "$(ip netns exec gw bash -c '. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _fwctl; echo "${COMPREPLY[@]}"' \
		- "$(dirname "$0")/../../tools/completion/fwctl" "$@")" "$want"
}
completes 'chance few four hashed lines ranges turns' fwctl pool drain ''
completes '192.168.1.13:8080 192.168.1.14:8080' fwctl pool drain few ''
completes 'turns' fwctl rule add before ''
completes 'wan' fwctl conn list iif w
is "round robin: each its turn" "$(get 8 http://203.0.113.8/)" "s1 2 s2 2 s3 2 s4 2"
is "IPv6: the servers of that family" "$(get 8 'http://[2001:db8:1::8]/')" "s1 4 s2 4"
is "maglev: both" "$(get 60 http://203.0.113.8:81/)" "s1 * s2 *"
is "least connections: both" "$(get 20 http://203.0.113.8:82/)" "s3 * s4 *"
is "random: all" "$(get 3 http://203.0.113.8:83/)" "s1 3"
is "persistent: one server for a source" "$(get 6 http://203.0.113.8:84/)" "s? 6"
is "no server of the family is a drop" \
	"$(get 1 'http://[2001:db8:1::8]:83/' --connect-timeout 0.3)" ""
over "with a reason" "$(reason no-server)" 0
is "and no connection is left of it" \
	"$(fw -j conn list dport 83 family ipv6 | j 'len(d)')" 0

# source-hash: by the client's address alone.
for i in $(seq 40 71); do addr net i0 "203.0.113.$i/24" "2001:db8:1::$i/64"; done
py <<'END'
def servers(f, ports=(88, 89)):
    """Of each of 32 clients: whom it was led to, by two ports and several of its own."""
    led = {}
    for i in range(40, 72):
        source = f"203.0.113.{i}" if f == 4 else f"2001:db8:1::{i}"
        for port in ports:
            c = connect("net", WAN[f], port, source=(source, 0))
            c.sendall(b"GET / HTTP/1.0\r\n\r\n")
            led.setdefault(source, set()).add(b"".join(iter(lambda: c.recv(4096), b"")).split()[-1].decode())
            c.close()
    return led

def pool(what, server):
    fwctl("pool", what, "hashed", server)

for f in (4, 6):
    text = "192.168.1.1%d:8080" if f == 4 else "[fd00:1::1%d]:8080"
    before = servers(f)
    ok(all(len(s) == 1 for s in before.values()), f"IPv{f}, source-hash: a client has one server", before)
    equal(sorted(set.union(*before.values())), ["s1", "s2", "s3", "s4"], f"IPv{f}: clients have different ones")
    # A server that goes moves few of those who need not move: 2 in 100 of the table.
    pool("drain", text % 2)
    after = servers(f, (88,))
    moved = [s for s in before if before[s] != {"s2"} and after[s] != before[s]]
    ok("s2" not in set.union(*after.values()), f"IPv{f}: drained: no client", after)
    ok(len(moved) <= 4, f"IPv{f}: the others' clients stay", moved)
    pool("add", text % 2)
    equal(servers(f, (88,)), before, f"IPv{f}: and all are where they were when it is back")
END

py <<'END'
def refusals():
    return reason("reject"), stats()["verdicts"]["reject"]

was, none = refusals(), reason("no-server")
equal(refused(lambda: connect("net", WAN[6], 85)), errno.ECONNREFUSED, "or reject: a RST")
equal(refused(lambda: connect("net", WAN[6], 86)), errno.EACCES, "or reject with: an ICMP error")
u = udp("net", NET[6])
u.connect((WAN[6], 85))
def told():
    try:
        u.send(b"x")
        u.recv(10)
    except ConnectionRefusedError:
        return True
    except TimeoutError:
        return False
u.settimeout(0.2)
ok(wait_for(told), "or reject: UDP is told, too")
equal(refused(lambda: connect("gw", "2001:db8:1::80", 80)), errno.ECONNREFUSED, "or reject: what starts here, too")
ok(min(n - w for n, w in zip(refusals(), was)) >= 4, "and all of them count as rejected", (was, refusals()))
equal(reason("no-server"), none, "and not as dropped for want of a server")
connect("net", WAN[4], 85).close()
fwctl("pool", "drain", "four", "192.168.1.11:8080")
equal(refused(lambda: connect("net", WAN[4], 85)), errno.ECONNREFUSED, "or reject: when the last server is drained")
fwctl("pool", "add", "four", "192.168.1.11:8080")
connect("net", WAN[4], 85).close()
equal(len(conn_list("family", "ipv6", "dport", "85")), 0, "and no connection is left of what was refused")

# A range of ports as long as the one dialled: one to one; without a port it stays.
for f, text in ((4, "192.168.1.1%d"), (6, "fd00:1::1%d")):
    a = [listen("s1", text % 1, p) for p in (5000, 5003)]
    b = [listen("s2", text % 2, p) for p in (4000, 4003)]
    seen = []
    for i, port in ((0, 4000), (0, 4000), (1, 4003), (1, 4003)):
        c = connect("net", WAN[f], port)
        for name, s in (("s1", a[i]), ("s2", b[i])):
            s.settimeout(0.3)
            try:
                s.accept()
                seen.append(name)
            except OSError:
                pass
        c.close()
    equal(sorted(seen), ["s1", "s1", "s2", "s2"], f"IPv{f} ports: a range one to one, or the packet's own")

# UDP: a flow stays with its server, and the answer comes from the address dialled.
servers = {i: udp(f"s{i}", f"192.168.1.1{i}", 8080) for i in (1, 2, 3, 4)}
got = {}
for n in range(8):
    u = udp("net", NET[4])
    u.connect((WAN[4], 53))
    for word in (b"one", b"two"):
        u.send(word)
        for i, s in servers.items():
            s.settimeout(0.1)
            try:
                data, who = s.recvfrom(100)
            except OSError:
                continue
            s.sendto(b"s%d" % i, who)
            got.setdefault(n, []).append(i)
        u.recv(10)      # connected: from whom it dialled, or never
ok(all(len(x) == 2 and x[0] == x[1] for x in got.values()), "UDP: a flow has one server", got)
equal(sorted(x[0] for x in got.values()), [1, 1, 2, 2, 3, 3, 4, 4], "UDP: each its turn")
END

# By weight: of 600 flows each is given to the first of two servers with three chances in four.
py <<'END'
import math

def within(n, p):
    """How many of @n are such, of which each is one by the chance @p: but once in 10^9."""
    chance = [math.comb(n, k) * p ** k * (1 - p) ** (n - k) for k in range(n + 1)]
    least, most = (next(k for k in range(n) if sum(side[:k + 1]) > 5e-10) for side in (chance, chance[::-1]))
    return least, n - most

def given(pool):
    return {s["server"]: s["total"] for s in fwctl("pool", "list", pool)[0]["servers"]}

N = 600
least, most = within(N, 3 / 4)
for f, text in ((4, "192.168.1.1%d"), (6, "fd00:1::1%d")):
    names = [(text if f == 4 else "[%s]" % text) % i + ":8080" for i in (1, 2)]
    takers = [udp(f"s{i}", text % i, 8080) for i in (1, 2)]
    for s in takers:
        s.setblocking(False)
    for pool, port in (("chance", 91), ("lines", 92)):
        before, got = given(pool), [0, 0]
        def taken(n):
            for i, s in enumerate(takers):
                try:
                    while s.recv(9):
                        got[i] += 1
                except BlockingIOError:
                    pass
            return sum(got) >= n
        for i in range(N):
            u = udp("net", NET[f], 20000 + i)
            u.sendto(b"flow", (WAN[f], port))
            u.close()
            taken(0)
        ok(wait_for(lambda: taken(N)), f"IPv{f}, {pool}: each flow comes to a server", got)
        ok(least <= got[0] <= most, f"IPv{f}, {pool}: by weight, 3 to 1", (got, least, most))
        equal([given(pool)[s] - before[s] for s in names], got, f"IPv{f}, {pool}: who was given them is counted")
    for s in takers:
        s.close()

# Bytes and packets of a server are those of its connections, and stay when these are over.
def told():
    return {s["server"]: [s["packets"], s["bytes"]] for s in fwctl("pool", "list", "chance")[0]["servers"]}

def since():
    return {s: [n - b for n, b in zip(now, before[s])] for s, now in told().items()}

def asks(n):
    """How many bytes of text came."""
    size = 0
    for f in (4, 6):
        for i in range(n):
            c = connect("net", WAN[f], 91)
            c.sendall(b"GET / HTTP/1.0\r\n\r\n")
            size += len(b"".join(iter(lambda: c.recv(4096), b"")))
            c.close()
    return size

def carried():
    to = {s: [0, 0] for s in before}
    for c in conn_list("dport", "91"):
        a = c["reply"]["saddr"]
        server = to[("[%s]" if ":" in a else "%s") % a + ":%d" % c["reply"]["sport"]]
        for way in ("original", "reply"):
            server[0] += c[way]["packets"]
            server[1] += c[way]["bytes"]
    return to

fwctl("conn", "flush")
before = told()
ok(all(p > 0 and b > 0 for p, b in before.values()), "bytes: of flows of UDP", before)
size = asks(20)
ok(wait_for(lambda: since() == carried()), "bytes and packets of a server: the sums of its connections'",
   (since(), carried()))
now = since()
ok(sum(b for _, b in now.values()) > size, "bytes: of requests and answers, with their headers", (now, size))
fwctl("conn", "flush")
equal((since(), [s["conns"] for s in fwctl("pool", "list", "chance")[0]["servers"]]), (now, [0] * 4),
      "bytes: kept when the connections are over")
END

is "what starts here is balanced, too" "$(on gw bash -c \
	'for i in 1 2 3 4; do curl -s http://203.0.113.80/; done' | sort | paste -sd ' ')" "s1 s2 s3 s4"

# Live
fw conn flush >/dev/null
total=$(server turns 192.168.1.11:8080 total)
over "connections are counted" "$total" 4
policy "# as before" | must_apply
is "and the counts stay when the policy changes" "$(server turns 192.168.1.11:8080 total)" "$total"
over "packets, too" "$(server turns 192.168.1.11:8080 packets)" 20
is "no connection is left" "$(server turns 192.168.1.11:8080 conns)" 0
ok "drain" fw pool drain turns 192.168.1.13:8080
is "drained: nothing new" "$(get 6 http://203.0.113.8/)" "s1 2 s2 2 s4 2"
is "listed so" "$(server turns 192.168.1.13:8080 state)" drained
ok "add again" fw pool add turns 192.168.1.13:8080
is "given its turn again" "$(get 8 http://203.0.113.8/)" "s1 2 s2 2 s3 2 s4 2"
ok "weight" fw pool weight turns 192.168.1.11:8080 weight 3
is "by weight" "$(get 12 http://203.0.113.8/)" "s1 6 s2 2 s3 2 s4 2"
ok "delete" fw pool delete turns 192.168.1.14:8080
is "deleted: nothing new" "$(get 10 http://203.0.113.8/)" "s1 6 s2 2 s3 2"
policy "# twice" | must_apply
is "changes by hand stay when the policy is swapped" "$(get 10 http://203.0.113.8/)" "s1 6 s2 2 s3 2"
policy "pool more { 10.0.0.1 }" "tcp dport 9 balance @more accept" |
	sed 's/192.168.1.13:8080; 192.168.1.14:8080$/192.168.1.13:8080/' | must_apply
is "a policy that declares others has those" "$(get 6 http://203.0.113.8/)" "s1 2 s2 2 s3 2"
policy | must_apply

# A rule with a pool is more than a patch can say, and goes the whole way.
is "fwctl rule: the whole way" "$(fw -j rule add first in ingress 'tcp dport 86 balance @four accept' | j 'd["delta"]')" false
is "and is in force" "$(get 2 http://203.0.113.8:86/)" "s1 2"
policy | sed 's/^\tdrop$/\ttcp dport 87 balance @four accept\n&/' | must_apply
is "fwctl apply: likewise" "$(get 2 http://203.0.113.8:87/)" "s1 2"
policy | must_apply

fails "a server that is there" fw pool add turns 192.168.1.11:8080
is "says so" "$(fw pool add turns 192.168.1.11:8080 2>&1)" "*the pool has this server already (addr)*"
is "one that is not" "$(fw pool drain turns 192.168.1.19:8080 2>&1)" "*the pool has no such server (addr)*"
is "no such pool" "$(fw pool drain nope 192.168.1.19:8080 2>&1)" "*the policy in force has no such pool (pool)*"
is "no server at all" "$(fw pool drain turns 192.168.1:80 2>&1)" "*'192.168.1:80' is no server*"
is "weight 0" "$(fw pool weight turns 192.168.1.11:8080 weight 0 2>&1)" "*a weight is 1 to 65535, not '0'*"
is "a pool that is not there" "$(fw pool list nope 2>&1)" "*has no pool 'nope'*"
is "listed for people" "$(fw pool list few)" "pool few, scheduler least-conn*SERVER*192.168.1.13:8080  up*"

py <<'END'
# Connections stay where they are: drained, deleted, reset, another policy.
def sh(*args):
    return subprocess.run(["fwctl", "-n", "gw", *args], capture_output=True, text=True)

def states():
    return {s["server"]: s["state"] for s in json.loads(sh("-j", "pool", "list", "few").stdout)[0]["servers"]}

s = {i: listen(f"s{i}", f"192.168.1.1{i}", 9090) for i in (3, 4)}
for i in (3, 4):
    sh("pool", "add", "few", f"192.168.1.1{i}:9090")
    sh("pool", "delete", "few", f"192.168.1.1{i}:8080")

def pair():
    c = connect("net", WAN[4], 82)
    for i in s:
        s[i].settimeout(0.3)
        try:
            return c, s[i].accept()[0], i
        except OSError:
            pass

def talk(c, d):
    c.sendall(b"ping")
    if d.recv(4) != b"ping":
        return False
    d.sendall(b"pong")
    return c.recv(4) == b"pong"

pairs = [pair() for i in range(4)]
equal(sorted(p[2] for p in pairs), [3, 3, 4, 4], "least connections: evenly")
sh("pool", "drain", "few", "192.168.1.13:9090")
ok(all(talk(c, d) for c, d, i in pairs), "drained: what it has goes on")
more = [pair() for i in range(2)]
equal([p[2] for p in more], [4, 4], "and nothing new")
sh("pool", "delete", "few", "192.168.1.13:9090")
ok(all(talk(c, d) for c, d, i in pairs), "deleted: what it has goes on")
equal(states().get("192.168.1.13:9090"), "out", "listed as long as it has connections")
text = open("policy.fw").read()
open("policy.fw", "w").write(text + "# again\n")
equal(sh("apply", "policy.fw", "--full").returncode, 0, "another policy")
ok(all(talk(c, d) for c, d, i in pairs), "which decides them afresh: they stay")
equal(sh("pool", "delete", "few", "192.168.1.13:9090", "--reset").returncode, 0, "delete --reset")

def told(s):
    """It is reset, without having said anything itself."""
    s.settimeout(3)
    return refused(lambda: s.recv(4), errno.ECONNRESET) == errno.ECONNRESET

gone = [(c, d) for c, d, i in pairs if i == 3]
ok(all(talk(c, d) for c, d, i in pairs if i == 4), "those of others go on")
for n, (c, d) in enumerate(gone):
    # Whichever end says the next word.
    (c, d)[n].sendall(b"ping")
    ok(told(c), f"reset, word of end {n}: the client is told")
    ok(told(d), f"reset, word of end {n}: so is the server")
six = listen("s1", "fd00:1::11", 9090)
sh("pool", "add", "few", "[fd00:1::11]:9090")
for n in range(2):
    c = connect("net", WAN[6], 82)
    d = six.accept()[0]
    ok(talk(c, d), "IPv6: a connection")
    sh("pool", "delete", "few", "[fd00:1::11]:9090", "--reset")
    (c, d)[n].sendall(b"ping")
    ok(told(c) and told(d), f"IPv6: reset, word of end {n}: both are told")
    sh("pool", "add", "few", "[fd00:1::11]:9090")
sh("pool", "delete", "few", "[fd00:1::11]:9090")
equal(stats()["connections"]["ended_by"]["server-gone"]["value"], 4, "and why is counted")
equal(states(), {"192.168.1.14:9090": "up"}, "then it is gone")
# UDP is told by an ICMP error.
for f in (4, 6):
    hosts = (1, 2, 3, 4) if f == 4 else (1, 2)
    us = {i: udp(f"s{i}", f"192.168.1.1{i}" if f == 4 else f"fd00:1::1{i}", 8080) for i in hosts}
    for u in us.values():
        u.setblocking(False)
    def taker():
        for i, u in us.items():
            try:
                if u.recv(9):
                    return i
            except BlockingIOError:
                pass
    c = udp("net", NET[f])
    c.connect((WAN[f], 53))
    c.send(b"ask")
    i = wait_for(taker)
    ok(i, f"IPv{f} UDP: a server has it")
    name = f"192.168.1.1{i}:8080" if f == 4 else f"[fd00:1::1{i}]:8080"
    equal(sh("pool", "delete", "turns", name, "--reset").returncode, 0, f"IPv{f} UDP: delete --reset")
    before = reason("revalidated")
    c.send(b"more")
    equal(refused(lambda: c.recv(9)), errno.ECONNREFUSED, f"IPv{f} UDP: reset: the client is told")
    equal(reason("revalidated") - before, 1, f"IPv{f} UDP: once")
    sh("pool", "add", "turns", name)
    for u in (c, *us.values()):
        u.close()
# A server that the new policy does not have: its connections end.
def without(servers, c, what):
    open("policy.fw", "w").write(text.replace("least-conn; 192.168.1.13:8080; 192.168.1.14:8080 }", f"least-conn; {servers} }}"))
    equal(sh("apply", "policy.fw", "--full").returncode, 0, f"a policy without the server{what}")
    try:
        c.sendall(b"ping")
        c.recv(4)
        equal("no reset", "a reset", f"what the policy does not lead to any more ends{what}")
    except ConnectionResetError:
        ok(True, f"what the policy does not lead to any more ends{what}")

without("192.168.1.13:8080", more[0][0], "")
sh("pool", "add", "few", "192.168.1.14:9090")
sh("pool", "drain", "few", "192.168.1.13:8080")
c, d, i = pair()
sh("pool", "delete", "few", "192.168.1.14:9090")
ok(talk(c, d), "deleted by hand: it goes on")
without("192.168.1.14:8080", c, ", deleted by hand before")
END
done_testing
