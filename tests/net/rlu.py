# SPDX-License-Identifier: GPL-2.0
"""Asking real packets what a policy sees in them: rlu.sh, rlu-check.sh."""
from netlib import *

FAMILIES = (4, 6)
TWO = {4: "203.0.114.8", 6: "2001:db8:2::8"}
PORT = 9


def send(host, src, dst, dev=None, dport=PORT, tos=0, mark=0, sport=0, uid=None):
    """One UDP packet, with whatever source."""
    with ns(host):
        s = socket.socket(family(dst), socket.SOCK_DGRAM)
    six = ":" in dst
    if six:
        s.setsockopt(socket.IPPROTO_IPV6, 75, 1)        # IPV6_TRANSPARENT
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
    else:
        s.setsockopt(socket.IPPROTO_IP, 19, 1)          # IP_TRANSPARENT
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if mark:
        s.setsockopt(socket.SOL_SOCKET, 36, mark)       # SO_MARK
    if uid is not None:
        os.fchown(s.fileno(), uid, -1)
    if dev:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, dev.encode())
    if src:
        s.bind((src, sport))
    try:
        s.sendto(b"?", (dst, dport))
    except OSError as e:        # local traffic is told of its drop
        if e.errno not in (errno.EPERM, errno.EACCES):
            raise
    s.close()


def answers(field, values, before="", hook="ingress", more=""):
    """A policy that tells by a rule's hits what a packet has in FIELD."""
    branches = "\n".join(f'{v} -> drop id "v{i}"' for i, v in enumerate(values))
    apply(f"""{hook} {{
	not protocol udp accept
	not dport {{ {PORT}, 10, 500 }} accept
	{before}
	select {field} {{
	{branches}
	default -> drop id other
	}}
}}
{more}""")


def hits(values):
    got = {r["id"]: r["hits"] for r in stats()["rules"] if r.get("id")}
    return {**{v: got[f"v{i}"] for i, v in enumerate(values)}, "other": got["other"]}


class Asked:
    """with Asked(field, values, …) as a: a.say(send's arguments) is the value."""
    def __init__(self, field, values, **kw):
        self.values = values
        answers(field, values, **kw)
        self.seen = hits(values)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def say(self, *a, **kw):
        send(*a, **kw)
        def changed():
            before, self.seen = self.seen, hits(self.values)
            return [v for v in before if self.seen[v] > before[v]]
        got = wait_for(changed)
        return got[0] if len(got) == 1 else got


TYPES = ["local", "unicast", "broadcast", "multicast", "unreachable", "none"]
NAMES = ["lo", "lan", "wan", "two", "red0", "red", "none"]
