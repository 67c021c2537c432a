#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A DNS server that says what a file says, which may change meanwhile.

  dns.py ADDRESS PORT FILE     UDP and TCP

FILE is read for each question: JSON, an object by name. A name has lists "A" and
"AAAA", a "CNAME", a "ttl" (1), or an "rcode"; "silent": true answers nothing; "A",
"AAAA" or "rcode6" may be given for a family alone. Who is not there does not exist.
FILE.log has each question, a line.
"""
import json
import selectors
import socket
import struct
import sys

TYPES = {1: "A", 28: "AAAA"}
RCODES = {"SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5}


def labels(name: str) -> bytes:
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0"


def record(name: str, kind: int, ttl: int, data: bytes) -> bytes:
    return labels(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def pack(kind: int, addr: str) -> bytes:
    return socket.inet_pton(socket.AF_INET if kind == 1 else socket.AF_INET6, addr)


def answer(query: bytes, zone: dict, log, limit: int | None) -> bytes | None:
    at, parts = 12, []
    while query[at]:
        parts.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12:at + 5]
    kind = struct.unpack("!H", query[at + 1:at + 3])[0]
    name = ".".join(parts).lower()
    print(TYPES.get(kind, kind), name, "udp" if limit else "tcp", file=log, flush=True)
    records, rcode, seen = [], 0, set()
    while True:
        entry = zone.get(name)
        if entry is None:
            rcode = 3
            break
        if entry.get("silent"):
            return None
        rcode = RCODES.get(entry.get("rcode6" if kind == 28 and "rcode6" in entry else "rcode"), 0)
        ttl = entry.get("ttl", 1)
        if "CNAME" in entry and name not in seen:
            seen.add(name)
            records.append(record(name, 5, ttl, labels(entry["CNAME"])))
            name = entry["CNAME"]
            continue
        records += [record(name, kind, ttl, pack(kind, a)) for a in entry.get(TYPES.get(kind), [])]
        break
    if rcode:
        records = []
    body = b"".join(records)
    flags = 0x8580 | rcode
    if limit and 12 + len(question) + len(body) > limit:
        flags |= 0x0200
        records, body = [], b""
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + question + body


def main() -> None:
    addr, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    sel = selectors.DefaultSelector()
    tcp = socket.create_server((addr, port), family=family, backlog=64)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.bind((addr, port))
    sel.register(tcp, selectors.EVENT_READ)
    sel.register(udp, selectors.EVENT_READ)
    with open(path + ".log", "a") as log:
        while True:
            for key, _ in sel.select():
                with open(path) as f:
                    zone = json.load(f)
                if key.fileobj is udp:
                    query, who = udp.recvfrom(4096)
                    got = answer(query, zone, log, 512)
                    if got:
                        udp.sendto(got, who)
                    continue
                c, _ = tcp.accept()
                c.settimeout(5)
                try:
                    size = struct.unpack("!H", c.recv(2))[0]
                    got = answer(c.recv(size), zone, log, None)
                    if got:
                        c.sendall(struct.pack("!H", len(got)) + got)
                except (OSError, struct.error):
                    pass
                c.close()


main()
