# SPDX-License-Identifier: GPL-2.0
"""A program that listens to an NFQUEUE, by raw netlink (linux/netfilter/nfnetlink_queue.h)."""
from __future__ import annotations

import socket
import struct
from typing import Iterator

from netlib import ns

NETLINK_NETFILTER = 12
MSG_PACKET, MSG_VERDICT, MSG_CONFIG = 0x300, 0x301, 0x302
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2
CFG_CMD, CFG_PARAMS = 1, 2
PACKET_HDR, VERDICT_HDR, MARK, PAYLOAD = 1, 2, 3, 10
DROP, ACCEPT = 0, 1


def attr(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


class Packet:
    """One that waits: its @id, the @hook it is at (0 PRE_ROUTING, 4 POST_ROUTING), its
    bytes from the network header on.
    """

    def __init__(self, queue: "Queue", data: bytes):
        self.queue = queue
        self.payload = b""
        data = data[4:]
        while len(data) >= 4:
            length, kind = struct.unpack_from("=HH", data)
            value = data[4:length]
            if kind & 0x3fff == PACKET_HDR:
                self.id, _, self.hook = struct.unpack_from("!IHB", value)
            elif kind & 0x3fff == PAYLOAD:
                self.payload = value
            data = data[(length + 3) & ~3:]

    def verdict(self, what: int = ACCEPT, payload: bytes | None = None,
                mark: int | None = None) -> None:
        body = attr(VERDICT_HDR, struct.pack("!II", what, self.id))
        if mark is not None:
            body += attr(MARK, struct.pack("!I", mark))
        if payload is not None:
            body += attr(PAYLOAD, payload)
        self.queue.send(MSG_VERDICT, body, 0)


class Queue:
    def __init__(self, host: str, number: int):
        with ns(host):
            self.s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.s.bind((0, 0))
        self.number = number
        self.waiting: list[Packet] = []
        self.send(MSG_CONFIG, attr(CFG_CMD, struct.pack("!BBH", 1, 0, 0)))
        self.send(MSG_CONFIG, attr(CFG_PARAMS, struct.pack("!IB", 0xffff, 2)))

    def send(self, kind: int, body: bytes, flags: int = NLM_F_ACK) -> None:
        body = struct.pack("!BBH", 0, 0, self.number) + body
        self.s.send(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | flags, 0, 0) +
                    body)
        while flags & NLM_F_ACK:
            for k, data in self.read(5):
                if k == NLMSG_ERROR:
                    error = -struct.unpack_from("=i", data)[0]
                    if error:
                        raise OSError(error, "nfqueue")
                    return

    def read(self, seconds: float) -> Iterator[tuple[int, bytes]]:
        self.s.settimeout(seconds)
        data = self.s.recv(1 << 17)
        while len(data) >= 16:
            length, kind = struct.unpack_from("=IH", data)
            if kind == MSG_PACKET:
                self.waiting.append(Packet(self, data[16:length]))
            yield kind, data[16:length]
            data = data[(length + 3) & ~3:]

    def get(self, seconds: float = 2.0) -> Packet | None:
        """The next packet, None if none comes."""
        while not self.waiting:
            try:
                list(self.read(seconds))
            except socket.timeout:
                return None
        return self.waiting.pop(0)

    def close(self) -> None:
        self.s.close()
