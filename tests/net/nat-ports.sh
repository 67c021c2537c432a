#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R1, R13: ports and ids that run out, with an answer to who asked; and those
# that programs of the gateway have, which nobody else is given.
#
#   home 192.168.1.2 ──── lan gw wan ──── net 198.51.100.7
#        fd00:1::2            203.0.113.8       2001:db8:77::7
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
serve net 7
py <<'END'
BASE = "ingress { iif lo accept; ct state untracked accept; ct state invalid drop; accept }\n"

def ask(f, kind):
    """A connection's port as the server sees it, or the error."""
    with ns("home"):
        s = sock(kind, HOME[f])
    s.settimeout(1 + SLOW)
    try:
        s.connect((FAR[f], 7))
        if kind == socket.SOCK_DGRAM:
            s.send(b"who")
        return s, int(s.recv(100).split()[1])
    except OSError as e:
        return s, errno.errorcode.get(e.errno, "ETIMEDOUT")

def told_by(s):
    """Type and code of the ICMP error that a ping socket was told of, and the id quoted."""
    try:
        data, control, _, _ = s.recvmsg(100, 200, socket.MSG_ERRQUEUE)
    except OSError as e:
        return e
    # struct sock_extended_err: errno, origin, type, code
    type_, code = struct.unpack_from("=I4B", control[0][2])[2:4]
    return type_, code, struct.unpack_from("!H", data, 4)[0]

def told():
    """What fwctl monitor has said of ports that ran out."""
    monitor.text += monitor.stdout.read() or b""
    return [e for e in map(json.loads, monitor.text.split(b"\n")[:-1])
            if e.get("ended_by") == "nat-exhausted"]

monitor = subprocess.Popen(["fwctl", "-j", "-n", "gw", "monitor", "conn"], stdout=subprocess.PIPE)
os.set_blocking(monitor.stdout.fileno(), False)
monitor.text = b""

UDP, TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM
# RFC 4787, REQ-3a, RFC 5382, REQ-7: whose port is below 1024 is shown by one below.
for f in (4, 6):
    apply(BASE + "egress { oif wan masquerade accept; accept }")
    for kind, name in ((UDP, "UDP"), (TCP, "TCP")):
        for port, lo, hi in ((800, 512, 1023), (400, 1, 511), (2000, 1024, 65535)):
            with ns("home"):
                s = socket.socket(socket.AF_INET if f == 4 else socket.AF_INET6, kind)
            s.settimeout(1 + SLOW)
            s.bind((HOME[f], port))
            s.connect((FAR[f], 7))
            if kind == UDP:
                s.send(b"who")
            seen = int(s.recv(100).split()[1])
            ok(lo <= seen <= hi, f"REQ-3a IPv{f} {name}: port {port} is shown as one of {lo} to {hi}", seen)
            s.close()
    fwctl("conn", "flush")
for f in (4, 6):
    for kind, name in ((UDP, "UDP"), (TCP, "TCP")):
        fwctl("conn", "flush")
        apply(BASE + "egress { oif wan masquerade to :6000-6003 accept; accept }")
        before = reason("nat-exhausted")
        got = [ask(f, kind) for _ in range(5)]
        equal(sorted(p for _, p in got[:4]), [6000, 6001, 6002, 6003],
              f"R1 IPv{f} {name}: each port once")
        # RFC 5508, REQ-8: code 13, which a socket is told as this.
        equal(got[4][1], "EHOSTUNREACH" if f == 4 else "EACCES",
              f"R1 IPv{f} {name}: then the client is told that there is none")
        ok(reason("nat-exhausted") > before, f"R1 IPv{f} {name}: and it is counted")
        ok(wait_for(lambda: [e for e in told() if e["protocol"] == name.lower() and
                             e["family"] == f"ipv{f}" and e["original"]["dport"] == 7]),
           f"R1 IPv{f} {name}: and who listens is told", told())
        for s, _ in got:
            s.close()

    # Ids of ICMP queries alike.
    fwctl("conn", "flush")
    apply(BASE + "egress { oif wan masquerade to :100-102 accept; accept }")
    before = reason("nat-exhausted")
    proto = socket.IPPROTO_ICMP if f == 4 else socket.IPPROTO_ICMPV6
    answers, pings = [], []
    for i in range(4):
        with ns("home"):
            s = socket.socket(FAMILY[f], socket.SOCK_DGRAM, proto)
        s.settimeout(1 + SLOW)
        # IP_RECVERR, IPV6_RECVERR: which error it was, and about which packet.
        s.setsockopt(*((socket.IPPROTO_IP, 11) if f == 4 else (socket.IPPROTO_IPV6, 25)), 1)
        s.bind((HOME[f], 700 + i))
        s.connect((FAR[f], 0))
        s.send(struct.pack("!BBHHH", 8 if f == 4 else 128, 0, 0, 0, 1) + b"ping")
        try:
            answers.append(struct.unpack("!BBHHH", s.recv(100)[:8])[3])
        except OSError as e:
            answers.append(errno.errorcode.get(e.errno, "ETIMEDOUT"))
        pings.append(s)
    equal(answers, [700, 701, 702, "EHOSTUNREACH" if f == 4 else "EACCES"],
          f"R1 IPv{f}: ids of pings run out, too, and the client is told that there is none")
    equal(told_by(pings[3]), (3, 13, 703) if f == 4 else (1, 1, 703),
          f"R1 IPv{f}: by code 13, IPv6's 1, and the id that it asked by")
    equal(reason("nat-exhausted"), before + 1, f"R1 IPv{f}: and it is counted")
    ok(wait_for(lambda: [e for e in told() if e["protocol"] == ("icmp" if f == 4 else "icmpv6") and
                         e["family"] == f"ipv{f}" and e["original"]["icmp_id"] == 703]),
       f"R1 IPv{f}: and who listens is told", told())
    c = conn_list()
    equal(sorted(x["reply"]["icmp_id"] for x in c if x["protocol"].startswith("icmp")), [100, 101, 102],
          f"R1 IPv{f}: each id once")
    for s in pings:
        s.close()

# R14: a real close makes a port rest: the other one is had first, then none, and the
# policy's last word is the sequence's: one beyond takes the port over.
def sends_syn(sport, seq):
    """A SYN of home's, written out."""
    tcp = struct.pack("!HHIIBBHHH", sport, 7, seq & 0xffffffff, 0, 5 << 4, 2, 64240, 0, 0)
    src, dst = socket.inet_aton(HOME[4]), socket.inet_aton(FAR[4])
    sum_ = csum(src + dst + struct.pack("!HH", 6, 20) + tcp)
    raw.sendto(tcp[:16] + struct.pack("!H", sum_) + tcp[18:], (FAR[4], 0))
with ns("home"):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
fwctl("conn", "flush")
apply(BASE + "egress { oif wan masquerade to :6000-6001 accept; accept }")
seen = []
for _ in (1, 2):
    s, port = ask(4, TCP)
    seen.append(port)
    s.close()
    wait_for(lambda: {c["state"] for c in conn_list("proto", "tcp")} <= {"TIME_WAIT", "CLOSE"})
equal(sorted(seen), [6000, 6001], "R14: a port rests once it is closed: the next one has the other")
def resting():
    return {c["reply"]["dport"]: c["original"]["sport"] for c in conn_list("proto", "tcp")
            if c["state"] in ("TIME_WAIT", "CLOSE")}
equal(sorted(resting()), [6000, 6001], "R14: both rest")
before, ended = reason("nat-exhausted"), stats()["connections"]["ended_by"]["taken-over"]["value"]
# Somewhere both sequences are: one of these two SYNs is beyond one of them at least, and
# what is half the space further on than a sequence lies before it.
tries = [i << 28 for i in reversed(range(16))]
for i, seq in enumerate(tries):
    sends_syn(20000 + i, seq)
ok(wait_for(lambda: stats()["connections"]["ended_by"]["taken-over"]["value"] > ended), "R14: a SYN beyond takes one over: yielded")
ok(wait_for(lambda: reason("nat-exhausted") > before), "R14: one before does not: nat-exhausted")
ok(all(p in (6000, 6001) for p in [c["reply"]["dport"] for c in conn_list("proto", "tcp")]), "R14: by the same ports")

# Of so many that those that are taken are mapped, too: home's kernel resets what it did not
# begin, and all rest.
def closed():
    return {c["original"]["sport"] for c in conn_list("proto", "tcp") if c["state"] == "CLOSE"}
def ended_by(why):
    return stats()["connections"]["ended_by"][why]["value"]
fwctl("conn", "flush")
apply(BASE + "egress { oif wan masquerade to :6000-6099 accept; accept }")
# The server's queue may have no room for all at once, and nobody but us sends again.
def all_closed():
    for port in set(range(22000, 22100)) - closed():
        sends_syn(port, 1000)
    return len(closed()) == 100
ok(wait_for(all_closed), "R14: a hundred ports, all rest", len(closed()))
before, ended = reason("nat-exhausted"), ended_by("taken-over")
for i in range(30):
    sends_syn(23000 + i, 1 << 20)
ok(wait_for(lambda: ended_by("taken-over") - ended + reason("nat-exhausted") - before >= 30),
   "R14: thirty SYNs beyond are answered for")
equal(ended_by("taken-over") - ended, 30, "R14: each takes one over")

# What begins a connection anew is shown by the port that it had.
fwctl("conn", "flush")
ports = set()
for i in range(8):
    before = ended_by("reopened")
    sends_syn(21000, i << 20)
    ok(wait_for(lambda: (not i or ended_by("reopened") > before) and 21000 in closed()),
       f"R14: begun, {i} times before, and reset")
    ports |= {c["reply"]["dport"] for c in conn_list("proto", "tcp")}
equal(len(ports), 1, "R14: what begins anew keeps its port")
raw.close()
fwctl("conn", "flush")

monitor.kill()
monitor.wait()

# Sockets of the gateway.
for f in (4, 6):
    fwctl("conn", "flush")
    apply(BASE + "egress { iif lan oif wan masquerade to :5000-5003 accept; accept }")
    own = [listen("gw", WAN[f], 5001), listen("gw", "0.0.0.0" if f == 4 else "::", 5002)]
    mine = udp("gw", WAN[f], 5003)
    got = [ask(f, TCP) for _ in range(3)]
    equal(sorted(str(p) for _, p in got[:2]), ["5000", "5003"],
          f"R13 IPv{f} TCP: ports that the gateway listens on are nobody else's")
    ok(isinstance(got[2][1], str), f"R13 IPv{f} TCP: not even when there is no other")
    udps = [ask(f, UDP) for _ in range(4)]
    equal(sorted(str(p) for _, p in udps[:3]), ["5000", "5001", "5002"],
          f"R13 IPv{f} UDP: nor those that it has bound")
    ok(isinstance(udps[3][1], str), f"R13 IPv{f} UDP: not even when there is no other")

    # A program of the gateway that binds a port which a translation has, and
    # asks the same server: the answer is its own (CVE-2021-3773).
    s, port = udps[0]
    thief = udp("gw", WAN[f], port)
    before = stats()["connections"]["ended_by"]["own-port"]["value"]
    thief.sendto(b"who", (FAR[f], 7))
    try:
        answer = thief.recv(100).decode().split()
    except OSError:
        answer = None
    equal(answer, [WAN[f], str(port)], f"R13 IPv{f}: the gateway's own answer comes to it")
    ok(silent(s), f"R13 IPv{f}: and not to the client whose port it was")
    equal(stats()["connections"]["ended_by"]["own-port"]["value"], before + 1, f"R13 IPv{f}: which is counted")
    apply(BASE + "egress { iif lan oif wan masquerade to :5000-5010 accept; accept }")
    s.send(b"who")
    ok(int(s.recv(100).split()[1]) != port, f"R13 IPv{f}: the client goes on with another port")
    # Who is not translated to an address of the gateway is not concerned.
    for x in own + [mine, thief] + [x for x, _ in got + udps]:
        x.close()

# TCP: the program's SYN has the port back, in whatever state the client's connection is.
# Whose server still has that asks back, and is told by the program's side that it is over.
for f in (4, 6):
    for state in ("ESTABLISHED", "TIME_WAIT"):
        what = f"R13 IPv{f} TCP, {state}"
        fwctl("conn", "flush")
        EGRESS = "egress { iif lan oif wan masquerade to :5000-5009 accept; accept }"
        apply(BASE + EGRESS)
        client, port = ask(f, TCP)
        apply(BASE.replace("ct state invalid", "ct state invalid tcp sport %d drop id stray; ct state invalid"
                           % client.getsockname()[1]) + EGRESS)
        if state == "TIME_WAIT":
            client.close()
        ok(wait_for(lambda: {c["state"] for c in conn_list("tcp")} == {state}), f"{what}: so it is", conn_list("tcp"))
        before, wire = stats()["connections"]["ended_by"]["own-port"]["value"], Wire("home", "h0")
        with ns("gw"):
            program = sock(TCP, WAN[f], port)
        program.settimeout(10 + SLOW)
        try:
            program.connect((FAR[f], 7))
            answer = program.recv(100).decode().split()
        except OSError as e:
            answer = e
        equal(answer, [WAN[f], str(port)], f"{what}: the gateway's program is served from its own port")
        equal(stats()["connections"]["ended_by"]["own-port"]["value"], before + 1, f"{what}: which is counted")
        # What the client says now is of nothing.
        if state == "ESTABLISHED":
            client.sendall(b"home's")
            ok(wait_for(lambda: rule("stray")["hits"]), f"{what}: the client's segments are dropped, and counted")
        try:
            program.sendall(b"its own")
            equal(receive(program, 7), b"its own", f"{what}: and nothing of the client's reaches the program")
        except OSError as e:
            ok(False, f"{what}: the program goes on", e)
        far = socket.inet_pton(FAMILY[f], FAR[f])
        equal([x for x in wire.frames() if far in x], [], f"{what}: nor anything of the far end's the client")
        for x in (client, program, wire):
            x.close()
END
done_testing
