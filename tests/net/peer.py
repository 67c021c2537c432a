#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A server that says whom it sees.

  peer.py serve PORT   TCP and UDP, both families: answers "ADDRESS PORT\\n" and,
                       with TCP, what is sent after it
  peer.py ask tcp|udp ADDRESS PORT [SOURCE-PORT]   prints what it says
"""
import selectors
import socket
import sys

MAPPED = "::ffff:"


def plain(addr: str) -> str:
    return addr[len(MAPPED):] if addr.startswith(MAPPED) else addr


def serve(port: int) -> None:
    sel = selectors.DefaultSelector()
    tcp = socket.create_server(("::", port), family=socket.AF_INET6,
                               dualstack_ipv6=True, backlog=128)
    sel.register(tcp, selectors.EVENT_READ)
    # Two sockets: a dual-stack one would answer from another address.
    for family, any_addr in ((socket.AF_INET, ""), (socket.AF_INET6, "::")):
        u = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        u.bind((any_addr, port))
        sel.register(u, selectors.EVENT_READ)
    while True:
        for key, _ in sel.select():
            s = key.fileobj
            if s is tcp:
                c, who = tcp.accept()
                c.sendall(f"{plain(who[0])} {who[1]}\n".encode())
                sel.register(c, selectors.EVENT_READ)
            elif s.type == socket.SOCK_DGRAM:
                _, who = s.recvfrom(65535)
                s.sendto(f"{who[0]} {who[1]}\n".encode(), who)
            else:
                try:
                    data = s.recv(65536)
                    if data:
                        s.sendall(data)
                except OSError:
                    data = b""
                if not data:
                    sel.unregister(s)
                    s.close()


def ask(kind: str, addr: str, port: int, source: int = 0) -> int:
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(2)
    if source:
        s.bind(("", source))
    try:
        s.connect((addr, port))
        if kind == "udp":
            s.send(b"who")
        print(s.recv(100).decode().strip())
    except OSError as e:
        print(e.strerror or "timed out", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    elif sys.argv[1] == "ask":
        sys.exit(ask(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:])))
