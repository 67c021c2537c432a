# SPDX-License-Identifier: GPL-2.0
"""What all benchmarks in the guest share: the network, what sends packets, the
contenders, and the rows.

Everything is measured in rounds, each of which runs every contender once, so that
a machine that gets slower for a while does so for all of them. MEDIAN and SPREAD
say how steady it was; ratios and differences are of the BEST, since what else runs
on a machine only ever adds time.
"""
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

PKTGEN = "/proc/net/pktgen/"
TOP = os.environ.get("FWTREE_TOP", ".")
TMP = tempfile.mkdtemp()
MARKS = os.environ.get("FWT_BENCH_MARKS")


class Failed(Exception):
    """A row that could not be measured; the others are."""


def sh(command, check=True):
    r = subprocess.run(command, shell=True, text=True, errors="replace",
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if check and r.returncode:
        raise Failed(f"{command}\n{r.stdout}")
    return r.stdout


def time_of(command):
    """What it writes, and the ms from its start to its end: of the program itself,
    without a shell before it and without pipes."""
    argv = shlex.split(command)
    with tempfile.TemporaryFile("w+") as out:
        t = time.perf_counter()
        pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, out.fileno(), fd) for fd in (1, 2)])
        status = os.waitpid(pid, 0)[1]
        ms = (time.perf_counter() - t) * 1000
        out.seek(0)
        text = out.read()
    if status:
        raise Failed(f"{command}\n{text}")
    return text, ms


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def read(path):
    with open(path) as f:
        return f.read()


def temp(name, text):
    path = os.path.join(TMP, name)
    write(path, text)
    return path


def mark(what):
    """Tells tests/bench/profile, by a folder's time on the host, what is measured."""
    if MARKS and not mark.off:
        mark.count += 1
        os.mkdir(f"{MARKS}/{mark.count}-{what}")


mark.count = 0
mark.off = False    # what is sent only prepares what is measured


# The network: packets come in at d0 and leave at d1; for a second CPU d2 and d3.
# Dummies drop what they are to send, so that nothing is measured behind the firewall.

def network(pairs=1):
    for i in range(2 * pairs):
        addr, peer = ((f"192.0.{2 + i}.1", f"192.0.{2 + i}.2") if i % 2 == 0 else
                      (f"203.0.{112 + i}.1", f"203.0.{112 + i}.2"))
        sh(f"ip link add d{i} type dummy; ip link set d{i} up;"
           f"ip addr add {addr}/24 dev d{i};"
           f"ip neigh add {peer} lladdr 02:00:00:00:00:99 dev d{i} nud permanent;"
           f"echo 0 >/proc/sys/net/ipv6/conf/d{i}/disable_ipv6;" +
           (f"ip route add {10 + i}.0.0.0/8 via {peer} dev d{i}" if i % 2 == 0 else
            f"ip route add 198.{17 + i}.0.0/16 via {peer} dev d{i}"))
    sh("echo 1 >/proc/sys/net/ipv4/ip_forward;"
       "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done;"
       # As who has so many connections would have it.
       "sysctl -qw net.netfilter.nf_conntrack_max=2200000 "
       "net.netfilter.nf_conntrack_buckets=1048576 "
       "net.netfilter.nf_conntrack_udp_timeout=3600 "
       "net.netfilter.nf_conntrack_udp_timeout_stream=3600")


def free_thread(cpu):
    """Takes the devices from a thread of pktgen's, which does that when it comes to it:
    not before one is added, on a busy machine."""
    thread = f"{PKTGEN}kpktgend_{cpu}"
    if not has_devices(thread):
        return
    write(thread, "rem_device_all\n")
    for _ in range(3000):
        if not has_devices(thread):
            return
        time.sleep(0.02)
    raise Failed("pktgen does not let a device go")


def has_devices(thread):
    return re.search(r"Running: *(.*)\s+Stopped: *(.*)\s+Result", read(thread)).group(1, 2) != \
        ("", "")


# A measurement is sent in so many parts, of which the quickest counts: whoever else is on
# the machine takes caches and processors for moments, and of all contenders alike.
PARTS = 8


def pktgen(dev, count, settings, parts=1):
    """Sends; returns nanoseconds a packet, of the quickest of @parts."""
    each = [count // parts] * (parts - 1)
    return min(pktgen_on([dev], n, settings) for n in [*each, count - sum(each)])


def pktgen_on(devices, count, settings, each=None):
    """Sends into each device of a list from a CPU of its own, at once; @each: more
    settings by device. Returns nanoseconds a packet of all."""
    for cpu, dev in enumerate(devices):
        free_thread(cpu)
        write(f"{PKTGEN}kpktgend_{cpu}", f"add_device {dev}\n")
        mac = read(f"/sys/class/net/{dev}/address").strip()
        for s in ["xmit_mode netif_receive", "pkt_size 60", "delay 0", f"dst_mac {mac}",
                  "src_mac 02:00:00:00:00:98", f"count {count}", *settings,
                  *(each[dev] if each else [])]:
            write(PKTGEN + dev, s + "\n")
    mark("begin")
    write(PKTGEN + "pgctrl", "start\n")
    took, packets = 0, 0
    for dev in devices:
        # On a busy machine "start" returns before the last thread has begun.
        for _ in range(3000):
            result = read(PKTGEN + dev)
            m = re.search(r"OK: (\d+)\(.*usec, (\d+) ", result)
            if m or "Result: Starting" not in result and "Result: OK" not in result:
                break
            time.sleep(0.02)
        if not m or int(m[2]) < count:
            raise Failed(f"pktgen was to send {count}:\n" + result)
        took, packets = max(took, int(m[1])), packets + int(m[2])
    mark("end")
    for cpu, _ in enumerate(devices):
        free_thread(cpu)
    return took * 1000 / packets


def play(count, fresh=False):
    """Plays the trace into d0; nanoseconds a packet, of the quickest of PARTS."""
    mark("begin")
    write("/proc/fwtree_inject", f"d0 {count} {PARTS}{' fresh' if fresh else ''}\n")
    mark("end")
    return min(int(took) / int(packets) for took, packets in
               (line.split() for line in read("/proc/fwtree_inject").splitlines()))


def set_trace(data, six=False):
    with open("/proc/fwtree_trace" + "6" * six, "wb", buffering=0) as to:
        to.write(data)


def draw(count, first=0, shift=0, ports=0):
    """Instead of a trace: sources by chance, see the injector's struct draw."""
    write("/proc/fwtree_draw", f"{count} {first} {shift} {ports}\n")


def sent(dev):
    return int(read(f"/sys/class/net/{dev}/statistics/tx_packets"))


def must(what, got, wanted, share=1):
    if got < wanted * share:
        raise Failed(f"only {got} of {wanted} {what}\n" +
                     sh("fwctl stats | head -n 30; nft list ruleset | head -n 60; conntrack -S",
                        check=False))


def taken():
    """Bytes in slabs and large tables: records, their extensions, hashes."""
    text = read("/proc/meminfo")
    return 1024 * sum(int(re.search(rf"^{k}: *(\d+)", text, re.M)[1])
                      for k in ("Slab", "VmallocUsed"))


def settle():
    """What was freed under RCU is free when it gets no less."""
    last = None
    for _ in range(50):
        now = taken()
        if last is not None and now >= last:
            return
        last = now
        time.sleep(0.3)


def idle():
    """Waits until the guest has nothing to do: hash tables that a worker lets grow have
    grown."""
    def now():
        f = read("/proc/stat").split("\n", 1)[0].split()
        return int(f[4]) + int(f[5]), sum(map(int, f[1:9]))

    for _ in range(50):
        before = now()
        time.sleep(0.1)
        after = now()
        if after[0] - before[0] >= 0.9 * (after[1] - before[1]):
            return


# Contenders: a name, and how they are put in force.

class Nothing:
    name = "linux"

    def __init__(self, label=None):
        self.label = label or self.name
        self.most = None    # rounds, of one that takes long

    def start(self):
        pass

    def stop(self):
        pass

    def forget(self):
        pass


class Nft(Nothing):
    name = "nft"
    command = "nft -f"

    def __init__(self, text, label=None, path=None):
        super().__init__(label)
        self.file = path or temp(f"rules{id(self)}.fw", text)

    def start(self):
        sh(f"{self.command} {self.file}")

    def stop(self):
        sh("nft flush ruleset")

    def forget(self):
        sh("conntrack -F")


class Ours(Nft):
    name = "fwtree"
    command = "fwctl apply"

    def stop(self):
        sh("fwctl flush")

    def forget(self):
        sh("fwctl conn flush")


class Iptables(Nft):
    name = "iptables"
    command = "iptables-legacy-restore"

    def stop(self):
        sh("iptables-legacy -t raw -P PREROUTING ACCEPT; iptables-legacy -t raw -F")


class Ipvs(Nothing):
    """The kernel's own balancer, by translation and without its conntrack, with a hash for
    as many connections as others have one for. Its connections go with its modules."""
    name = "ipvs"
    parts = ("ip_vs", "ip_vs_rr", "ip_vs_mh", "ip_vs_lc")

    def __init__(self, scheduler, service, servers):
        super().__init__("ipvs " + scheduler)
        self.address = service.partition(":")[0]
        self.file = temp(f"services{id(self)}", f"-A -u {service} -s {scheduler}\n" + "".join(
            f"-a -u {service} -r {s} -m\n" for s in servers))

    def start(self):
        for part in self.parts:
            sh(f"insmod {os.environ['FWTREE_KDIR']}/net/netfilter/ipvs/{part}.ko" +
               " conn_tab_bits=20" * (part == "ip_vs"))
        sh(f"ip route add local {self.address} dev lo; ipvsadm -R <{self.file}")

    def stop(self):
        sh(f"ipvsadm -C; ip route del local {self.address} dev lo;"
           "rmmod " + " ".join(reversed(self.parts)))


NFT_DROP = """table netdev t {
chain c { type filter hook ingress device d0 priority 0; policy drop;
}
}
"""


def clean():
    """After a row that failed."""
    for command in ("fwctl flush", "fwctl conn flush", "nft flush ruleset", "conntrack -F"):
        sh(command, check=False)


class Bench:
    """The rows, and how rates become some."""

    def __init__(self, args):
        self.args = args
        self.rounds = args.rounds or (3 if args.quick else 5)
        self.scale = 0.25 if args.quick else 0.5
        self.rows = []
        self.failed = []
        self.started = time.monotonic()

    def say(self, text):
        print(f"bench: {int(time.monotonic() - self.started):4d} s  {text}",
              file=sys.stderr, flush=True)

    def wanted(self, name):
        only = self.args.only or ""
        return name == only[1:] if only.startswith("=") else only in name

    def do(self, name, function, *args):
        """A part of the benchmarks, if it is wanted; what fails in it is said, and
        the next has its turn."""
        if not self.wanted(name):
            return
        self.say(name)
        try:
            function(self, name, *args)
        except (Failed, OSError, subprocess.SubprocessError, ValueError, KeyError) as e:
            self.failed.append(name)
            self.say(f"FAILED: {name}: {type(e).__name__}: {e}")
            clean()
        self.save()

    def save(self):
        """After each part: what a guest that dies has measured is not lost."""
        with open(self.args.out, "w") as f:
            json.dump({"kernel": platform.release(), "rounds": self.rounds,
                       "failed": self.failed, "rows": self.rows}, f)
            f.flush()
            os.fsync(f.fileno())

    def row(self, name, who, values, unit, peer=None, ratio=None, best=None):
        if best is None:
            best = max(values) if unit.endswith("/s") else min(values)
        value = statistics.median(values)
        spread = (max(values) - min(values)) / value if value else 0
        self.rows.append({"name": name, "who": who, "value": round(value, 6),
                          "best": round(best, 6), "unit": unit, "spread": round(spread, 3),
                          "runs": len(values), "peer": peer,
                          "ratio": None if ratio is None else round(ratio, 3)})
        return best

    def unsure(self, c, times):
        """Is the least of @c's times one of chance: nothing near it was seen again. A
        processor that others share is faster by half now and then, and a ratio is of
        nothing where only one of two met that.
        """
        least = sorted(times)[:2]
        return not c.most and (len(least) < 2 or least[1] > 1.03 * least[0])

    def times(self, contenders, measure):
        """What @measure gives for each contender, a list by contender, in rounds; of
        those whose best is not sure by then, in three times as many.
        """
        if self.args.who:
            contenders = [c for c in contenders if c.label == self.args.who]
        times = {c: [] for c in contenders}
        for n in range(3 * self.rounds):
            more = n < self.rounds or any(self.unsure(c, times[c]) for c in contenders)
            for c in contenders:
                if not more or (c.most and n >= c.most):
                    continue
                c.start()
                try:
                    times[c].append(measure(c))
                finally:
                    c.stop()
        return times

    def rates(self, name, contenders, measure, peer):
        """Rows of packets a second; @peer: whose rate the others' is held
        against. @measure(contender) gives nanoseconds a packet. Returns the
        least of them by label."""
        times = self.times(contenders, measure)
        least = {c.label: min(t) for c, t in times.items()}
        base = least.get(peer)
        for c, t in times.items():
            alone = c.label == peer or base is None
            self.row(name, c.label, [1e3 / x for x in t], "M packets/s",
                     None if alone else peer, None if alone else base / least[c.label])
        return least

    def added(self, name, least, pairs, plain="linux"):
        """Rows of nanoseconds over the plain kernel: label and whose they are
        held against."""
        if plain not in least:
            return
        for who, peer in pairs:
            if who not in least:
                continue
            value = least[who] - least[plain]
            base = least[peer] - least[plain] if peer in least else None
            self.row(name, who, [value], "ns/packet", peer if base else None,
                     value / base if base else None)
