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


def pcapng(path, link, packets):
    """The newer format, as Wireshark writes it: blocks, each with its length at both ends."""
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        size = struct.pack("<I", len(body) + 12)
        return struct.pack("<I", kind) + size + body + size

    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", link, 0, 65535)))
        for i, packet in enumerate(packets):
            at = 1000000000 + i * 10000	# microseconds
            f.write(block(6, struct.pack("<IIIII", 0, at >> 32, at & 0xffffffff,
                                         len(packet), len(packet)) + packet))


def odd(folder, home, frames, whole):
    """Files that end early, records that lie, link types, and packets that are none."""
    def raw(name, data):
        with open(f"{folder}/{name}.pcap", "wb") as f:
            f.write(data)

    head, record = whole[:24], struct.Struct("<IIII")
    raw("empty", b"")
    raw("head-cut", whole[:20])
    raw("no-packets", head)
    raw("record-cut", whole[:30])
    # More was captured than there was; more than any packet has; none of it.
    raw("lies", head + record.pack(1000, 0, len(frames[0]), 20) + frames[0] + whole[24:])
    raw("huge", head + record.pack(1000, 0, 0x7fffffff, 0x7fffffff) + frames[0])
    raw("giant", head + record.pack(1000, 0, len(frames[0]), 200000) + frames[0] + whole[24:])
    raw("none-of-it", head + record.pack(1000, 0, 0, 60) + whole[24:])
    # Time that goes back, and the end of it.
    raw("back", head + b"".join(record.pack(t, 999999, len(f), len(f)) + f for t, f in
                                zip((0xffffffff, 5, 4000000000), frames)))
    # The other byte order; nanoseconds.
    swapped = struct.pack(">IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    raw("swapped", swapped + b"".join(struct.pack(">IIII", 1000, 0, len(f), len(f)) + f
                                      for f in frames))
    raw("nano", struct.pack("<I", 0xa1b23c4d) + whole[4:])
    pcapng(folder + "/blocks.pcap", 1, frames)
    for link in (147, 228, 229, 9, 0xffff, 127):
        write(f"{folder}/link-{link}.pcap", link, home)
    write(folder + "/loop.pcap", 108, [struct.pack(">I", 2) + p for p in home])
    # Behind a tag, and behind two.
    write(folder + "/tagged.pcap", 1, [ether(struct.pack(">HH", 7, 0x0800) + p, 0x8100) for p in home])
    # What is no packet: cut short, lengths that lie, a version that there is not, options
    # without end, a fragment beyond the end, a sum that is wrong.
    good = home[0]
    bad = [good[:19], good[:1], b"\x45" + good[1:2] + struct.pack(">H", 2000) + good[4:],
           b"\x41" + good[1:], b"\x75" + good[1:], b"\x4f" + good[1:],
           good[:2] + struct.pack(">H", 10) + good[4:], good[:8] + b"\0" + good[9:],
           b"\x60" + b"\0" * 20]
    write(folder + "/bad.pcap", 1, [ether(p) for p in bad])
    write(folder + "/bad-raw.pcap", 101, bad)
    frag = bytearray(good)
    frag[6:8] = struct.pack(">H", 0x1fff)
    frag[10:12] = b"\0\0"
    frag[10:12] = struct.pack(">H", checksum(bytes(frag[:20])))
    syn = bytearray(home[1])
    syn[36] ^= 1
    short = ipv4("192.168.1.5", "1.1.1.1", 6, b"\x9c\x40\x01\xbb")
    flags = tcp("192.168.1.5", "93.184.216.34", 40001, 443, 3)
    options = bytearray(tcp("192.168.1.5", "93.184.216.34", 40002, 443, 2))
    options[32] = 0xf0	# a TCP header longer than the packet
    error = ipv4("192.168.1.5", "1.1.1.1", 1, struct.pack(">BBHI", 3, 3, checksum(b"\3\3" + good[:28] + b"\0" * 6), 0) + good[:28])
    write(folder + "/odd.pcap", 1, [ether(bytes(p)) for p in
                                    (frag, syn, short, flags, options, error)])


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
    odd(folder, home, frames, whole)
    # Two thousand clients, less than a tick apart.
    clients = [udp("198.51.100.7", "192.0.2.1", 1024 + i, 53) for i in range(2000)]
    write(folder + "/under.pcap", 101, clients, step=0.0009)
    write(folder + "/over.pcap", 101, clients, step=0.0011)
    # Two hours between a word and its answer.
    write(folder + "/slow.pcap", 113, sll, step=7200)


main(sys.argv[1])
