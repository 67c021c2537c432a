# SPDX-License-Identifier: GPL-2.0
"""Sockets in several namespaces from one process, for tests of this folder.

    with ns("home"):
        c = connect("198.51.100.7", 80)

A socket stays in the namespace that it was made in. Every ok() is a line of TAP
and one character in the file .count, which the shell makes the plan of.
"""
from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import time
from typing import Any, Callable, Iterator

SLOW = int(os.environ.get("SLOW", "1"))
TIMEOUT = 2.0 + SLOW
CLONE_NEWNET = 0x40000000
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
HOME = {4: "192.168.1.2", 6: "fd00:1::2"}
LAN = {4: "192.168.1.1", 6: "fd00:1::1"}
WAN = {4: "203.0.113.8", 6: "2001:db8:1::8"}
NET = {4: "203.0.113.1", 6: "2001:db8:1::1"}
FAR = {4: "198.51.100.7", 6: "2001:db8:77::7"}

_libc = ctypes.CDLL(None, use_errno=True)
_failed = 0


def ok(condition: Any, what: str, detail: Any = None) -> bool:
    """One line of TAP."""
    global _failed
    with open(".count", "a") as f:
        f.write("x")
    print(("ok - " if condition else "not ok - ") + what, flush=True)
    if not condition:
        _failed += 1
        if detail is not None:
            print("# " + str(detail).replace("\n", "\n# "), flush=True)
    return bool(condition)


def skip(what: str, why: str) -> None:
    """A line that is counted, by name, and not called passed."""
    ok(True, f"{what} # SKIP {why}")


def equal(got: Any, want: Any, what: str) -> bool:
    return ok(got == want, what, f"got:  {got!r}\nwant: {want!r}")


def finish() -> None:
    sys.stdout.flush()


@contextlib.contextmanager
def ns(name: str) -> Iterator[None]:
    """Makes sockets in namespace NAME meanwhile."""
    back = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + name, os.O_RDONLY)
    try:
        if _libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + name)
        yield
    finally:
        _libc.setns(back, CLONE_NEWNET)
        os.close(back)
        os.close(there)


def family(addr: str) -> int:
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def sock(kind: int, addr: str, port: int = 0) -> socket.socket:
    s = socket.socket(family(addr), kind)
    # Not where the kernel is to choose: it gives two sockets the same port then.
    if port:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(TIMEOUT)
    s.bind((addr, port))
    return s


def listen(host: str, addr: str, port: int) -> socket.socket:
    with ns(host):
        s = sock(socket.SOCK_STREAM, addr, port)
    s.listen(64)
    return s


def connect(host: str, addr: str, port: int, source: tuple[str, int] | None = None,
            timeout: float | None = None) -> socket.socket:
    with ns(host):
        s = socket.socket(family(addr), socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(timeout or TIMEOUT)
    if source:
        s.bind(source)
    try:
        s.connect((addr, port))
    except OSError:
        s.close()
        raise
    return s


def udp(host: str, addr: str, port: int = 0) -> socket.socket:
    with ns(host):
        return sock(socket.SOCK_DGRAM, addr, port)


def passes(f: int, port: int = 81, seconds: float = TIMEOUT) -> bool:
    """Whether a packet of home's gets to net, family @f: one that is to is waited for; where
    none is to, @seconds may be few."""
    with ns("net"):
        s = sock(socket.SOCK_DGRAM, FAR[f], port)
    c = udp("home", HOME[f])
    c.sendto(b"x", (FAR[f], port))
    r = not silent(s, seconds)
    s.close()
    c.close()
    return r


class Pair:
    """A connection, both ends of it."""

    def __init__(self, client: str, addr: str, port: int, server: socket.socket,
                 **kw: Any):
        self.c = connect(client, addr, port, **kw)
        self.s, self.peer = server.accept()
        self.s.settimeout(TIMEOUT)

    def talk(self, data: bytes = b"hello") -> bool:
        """Goes data there and back."""
        try:
            self.c.sendall(data)
            if receive(self.s, len(data)) != data:
                return False
            self.s.sendall(data)
            return receive(self.c, len(data)) == data
        except OSError:
            return False

    def settled(self) -> None:
        """Wait until each end knows that the other has all: nothing is sent again."""
        # struct tcp_info's tcpi_unacked
        unacked = [lambda s=s: s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)[24:]
                   for s in (self.c, self.s)]
        wait_for(lambda: all(not any(u()) for u in unacked))

    def close(self) -> None:
        self.c.close()
        self.s.close()


def receive(s: socket.socket, n: int) -> bytes:
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        if not part:
            break
        got += part
    return got


def silent(s: socket.socket, seconds: float = 0.3) -> bool:
    """Nothing arrives within this time."""
    old = s.gettimeout()
    s.settimeout(seconds)
    try:
        return not s.recv(1)
    except (socket.timeout, OSError):
        return True
    finally:
        s.settimeout(old)


def refused(call: Callable[[], Any], *errors: int) -> int | None:
    """The errno that a call fails with; ETIMEDOUT for no answer."""
    try:
        call()
    except socket.timeout:
        return errno.ETIMEDOUT
    except OSError as e:
        return e.errno
    return None


def wait_for(call: Callable[[], Any], seconds: float | None = None) -> Any:
    end = time.monotonic() + (seconds or 15 + 2 * SLOW)
    while True:
        got = call()
        if got or time.monotonic() > end:
            return got
        time.sleep(0.01)


## The tool


def run(*argv: str, data: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(argv, input=data, text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def fwctl(*argv: str, host: str = "gw", data: str | None = None) -> Any:
    """The JSON that a command answers; an exception if it fails."""
    r = run("fwctl", "-j", "-n", host, *argv, data=data)
    if r.returncode:
        raise RuntimeError(f"fwctl {' '.join(argv)}: {r.returncode}\n{r.stdout}{r.stderr}")
    return json.loads(r.stdout) if r.stdout.strip() else None


def apply(policy: str, host: str = "gw") -> None:
    fwctl("apply", "-", host=host, data=policy)


def stats(host: str = "gw") -> dict:
    return fwctl("stats", host=host)


def reason(name: str, host: str = "gw") -> int:
    return stats(host)["reasons"][name]["value"]


def rule(name: str, host: str = "gw") -> dict:
    return next(r for r in stats(host)["rules"] if r.get("id") == name)


def conn_list(*words: str, host: str = "gw") -> list:
    return fwctl("conn", "list", *words, host=host)


class Monitor:
    """fwctl monitor, as it goes."""

    def __init__(self, host: str, *what: str):
        self.p = subprocess.Popen(["fwctl", "-j", "-n", host, "monitor", *what],
                                  stdout=subprocess.PIPE)
        os.set_blocking(self.p.stdout.fileno(), False)
        self.text, self.events = b"", []

    def read(self) -> list:
        """All events so far."""
        self.text += self.p.stdout.read() or b""
        *lines, self.text = self.text.split(b"\n")
        self.events += [json.loads(line) for line in lines]
        return self.events

    def all(self, event: str, **keys: Any) -> list:
        """Those of that name that have these values; of a connection, its original
        direction's too."""
        return [e for e in self.read() if e["event"] == event and
                all(e.get(k) == v or e.get("original", {}).get(k) == v
                    for k, v in keys.items())]

    def find(self, event: str, **keys: Any) -> Any:
        """The event, once it is there."""
        got = wait_for(lambda: self.all(event, **keys))
        return got[0] if got else None

    def close(self) -> None:
        self.p.kill()
        self.p.wait()


## Packets by hand


def mac(host: str, dev: str) -> bytes:
    r = run("ip", "-n", host, "-j", "link", "show", "dev", dev)
    return bytes.fromhex(json.loads(r.stdout)[0]["address"].replace(":", ""))


class Wire:
    """Frames into and out of a device, past the host's own stack."""

    def __init__(self, host: str, dev: str):
        with ns(host):
            self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                   socket.htons(3))
            self.s.bind((dev, 3))
        self.s.settimeout(TIMEOUT)

    def send(self, frame: bytes) -> None:
        self.s.send(frame)

    def frames(self, seconds: float = 0.3) -> Iterator[bytes]:
        """What arrives (not what we send) for so long, and what has by then: we may have
        stood still meanwhile."""
        end = time.monotonic() + seconds
        late = 10000    # of what does not end
        try:
            while late:
                left = max(end - time.monotonic(), 0)
                self.s.settimeout(left)
                try:
                    data, where = self.s.recvfrom(65535)
                except socket.timeout:
                    continue
                except BlockingIOError:
                    return
                late -= not left
                if where[2] != socket.PACKET_OUTGOING:
                    yield data
        finally:
            self.s.settimeout(TIMEOUT)

    def close(self) -> None:
        self.s.close()


def csum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
