#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Captures for test_explain.sh: of each link type, and broken ones.

	captures.py FOLDER
"""
import socket
import struct
import sys


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(src, dst, protocol, payload):
    src, dst = socket.inet_aton(src), socket.inet_aton(dst)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    head += src + dst
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return head + payload


def udp(src, dst, sport, dport, size=8):
    head = struct.pack(">HHHH", sport, dport, 8 + size, 0)	# no checksum
    return ipv4(src, dst, 17, head + b"x" * size)


def tcp(src, dst, sport, dport, flags, seq=1000, ack=0):
    head = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0)
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(">HH", 6, len(head))
    head = head[:16] + struct.pack(">H", checksum(pseudo + head)) + head[18:]
    return ipv4(src, dst, 6, head)


def ether(packet, kind=0x0800):
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2" + struct.pack(">H", kind) + packet


def write(path, link, packets, snap=65535, step=0.01):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, snap, link))
        for i, packet in enumerate(packets):
            at = 1000 + i * step
            f.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6),
                                min(len(packet), snap), len(packet)) + packet[:snap])


def main(folder):
    home = [
        udp("192.168.1.5", "1.1.1.1", 5000, 53),
        tcp("192.168.1.5", "93.184.216.34", 40000, 443, 2),
        tcp("10.0.0.1", "93.184.216.34", 40000, 443, 2),
    ]
    arp = struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + b"\0" * 20
    frames = [ether(p) for p in home] + [ether(arp, 0x0806)]
    write(folder + "/ether.pcap", 1, frames)
    write(folder + "/raw.pcap", 101, home)
    write(folder + "/null.pcap", 0, [struct.pack("<I", 2) + p for p in home])
    sll = [struct.pack(">HHH8sH", 4, 1, 6, b"", 0x0800) + udp("203.0.113.8", "9.9.9.9", 53, 53),
           struct.pack(">HHH8sH", 0, 1, 6, b"", 0x0800) + udp("9.9.9.9", "203.0.113.8", 53, 53)]
    write(folder + "/sll.pcap", 113, sll)
    sll2 = [struct.pack(">HHIHBB8s", 0x0800, 0, 2, 1, 4, 6, b"") +
            udp("203.0.113.8", "9.9.9.9", 53, 53),
            struct.pack(">HHIHBB8s", 0x0800, 0, 2, 1, 0, 6, b"") +
            udp("9.9.9.9", "203.0.113.8", 53, 53)]
    write(folder + "/sll2.pcap", 276, sll2)
    write(folder + "/wifi.pcap", 105, home)
    write(folder + "/snapped.pcap", 1, [ether(udp("192.168.1.5", "1.1.1.1", 5000, 53, 1000))] +
          frames, snap=60)
    write(folder + "/stump.pcap", 1, frames, snap=10)
    with open(folder + "/ether.pcap", "rb") as f:
        whole = f.read()
    with open(folder + "/broken.pcap", "wb") as f:
        f.write(whole[:-20])
    with open(folder + "/none.pcap", "wb") as f:
        f.write(b"this is no capture at all")
    # Two hours between a word and its answer.
    write(folder + "/slow.pcap", 113, sll, step=7200)


main(sys.argv[1])
