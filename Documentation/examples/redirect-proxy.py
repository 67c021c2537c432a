#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A transparent proxy, as small as can be: for each TCP connection that a policy
led here it opens another one to where the client was going, and passes bytes on.

    ingress { iif br-lan tcp dport 80 redirect to :3128 accept; ... }

    redirect-proxy.py 3128

What it asks the kernel for is in uapi/linux/fwtree_sockopt.h.
"""
import socket
import struct
import sys
import threading

FWT_SO_ORIGINAL_DST = 26228


def original_dst(s: socket.socket) -> tuple[str, int]:
    """Whom the client dialled; of the connection that accept() returned."""
    if s.family == socket.AF_INET:
        raw = s.getsockopt(socket.IPPROTO_IP, FWT_SO_ORIGINAL_DST, 16)
        return socket.inet_ntop(socket.AF_INET, raw[4:8]), struct.unpack("!H", raw[2:4])[0]
    raw = s.getsockopt(socket.IPPROTO_IPV6, FWT_SO_ORIGINAL_DST, 28)
    return socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack("!H", raw[2:4])[0]


def pump(a: socket.socket, b: socket.socket) -> None:
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client: socket.socket) -> None:
    try:
        to = original_dst(client)
        print("for", *to, flush=True)
        server = socket.create_connection(to, timeout=10)
        server.settimeout(None)
    except OSError as e:
        print("redirect-proxy:", e, file=sys.stderr, flush=True)
        client.close()
        return
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def main() -> None:
    listener = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6,
                                    dualstack_ipv6=True, backlog=128)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
