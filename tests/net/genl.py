# SPDX-License-Identifier: GPL-2.0
"""Generic netlink by hand, so that messages can be wrong on purpose.

Numbers come from uapi/linux/fwtree.h.
"""
from __future__ import annotations

import errno
import os
import re
import socket
import struct
from typing import Iterator

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_MISS_TYPE = 1, 2, 6


def header_numbers() -> dict[str, int]:
    """FWTREE_A_... and FWTREE_CMD_... by name."""
    with open(TOP + "/uapi/linux/fwtree.h", encoding="utf-8") as f:
        text = f.read()
    numbers: dict[str, int] = {}
    for body in re.findall(r"enum \w*\s*{(.*?)}", text, re.S):
        value = -1
        for entry in re.findall(r"(\w+)(?: = (\w+))?,", body):
            value = int(entry[1], 0) if entry[1].isdigit() else value + 1
            numbers[entry[0]] = value
    return numbers


NUMBERS = header_numbers()


def u32(value: int) -> bytes:
    return struct.pack("=I", value)


def u8(value: int) -> bytes:
    return struct.pack("=B", value)


def attr(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def attrs_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            return
        yield kind & 0x3fff, data[4:length]
        data = data[(length + 3) & ~3:]


class Family:
    """The family fwtree, in the namespace where this is made."""

    def __init__(self, name: str = "fwtree"):
        self.s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.s.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.s.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.s.settimeout(10)
        self.s.bind((0, 0))
        self.seq = 0
        self.id = GENL_ID_CTRL
        e, _, reply = self.send(CTRL_CMD_GETFAMILY, attr(2, name.encode() + b"\0"))
        if e:
            raise OSError(e, "no family " + name)
        self.id = struct.unpack("=H", dict(attrs_of(reply[0][4:]))[1])[0]

    def close(self) -> None:
        self.s.close()

    @staticmethod
    def attrs(of: str) -> dict[str, int]:
        start = f"FWTREE_A_{of}_"
        return {k[len(start):]: v for k, v in NUMBERS.items() if k.startswith(start)}

    def send(self, cmd: int, payload: bytes, flags: int = NLM_F_ACK,
             version: int = 1, raw: bytes | None = None) -> tuple[int, str, list[bytes]]:
        """Returns errno, the extended acknowledgement's text, and replies."""
        self.seq += 1
        body = struct.pack("=BBH", cmd, version, 0) + payload
        message = struct.pack("=IHHII", 16 + len(body), self.id,
                              NLM_F_REQUEST | flags, self.seq, 0) + body
        self.s.send(raw if raw is not None else message)
        replies = []
        while True:
            data = self.s.recv(1 << 17)
            while data:
                length, kind, mflags, seq, _ = struct.unpack_from("=IHHII", data)
                body, data = data[16:length], data[(length + 3) & ~3:]
                if seq != self.seq and raw is None:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    error = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                    text = ""
                    if kind == NLMSG_ERROR and mflags & 0x200:
                        for k, v in attrs_of(body[20:]):
                            if k == NLMSGERR_ATTR_MSG:
                                text = v.rstrip(b"\0").decode()
                            elif not text:
                                text = f"attribute {k}"
                    return error, text, replies
                replies.append(body)

    def do(self, cmd: str, values: dict[int, bytes], flags: int = NLM_F_ACK
           ) -> tuple[int, str, list[bytes]]:
        return self.send(NUMBERS["FWTREE_CMD_" + cmd],
                         b"".join(attr(k, v) for k, v in values.items()), flags)

    def dump_bytes(self, cmd: str, kind: int) -> list[bytes]:
        e, _, replies = self.do(cmd, {}, NLM_F_DUMP)
        if e:
            raise OSError(e, cmd)
        return [v for r in replies for k, v in attrs_of(r[4:]) if k == kind]


__all__ = ["Family", "NUMBERS", "attr", "u32", "u8", "errno",
           "NLM_F_ACK", "NLM_F_DUMP"]
