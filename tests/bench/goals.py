# SPDX-License-Identifier: GPL-2.0
"""What is to be reached: the one list of it, and how rows are held against it."""
import operator
import re


class Rows:
    """The best of rows, by name and who; of several rows the one worst for us."""

    def __init__(self, rows):
        self.best = {(r["name"], r["who"]): r["best"] for r in rows}

    def names(self, pattern, who):
        return [n for n, w in self.best if w == who and re.fullmatch(pattern, n)]

    def worst(self, pattern, who="fwtree", least=True):
        found = [self.best[n, who] for n in self.names(pattern, who)]
        return (min if least else max)(found) if found else None

    def most(self, rows):
        found = [self.best[row] for row in rows if row in self.best]
        return max(found) if len(found) == len(rows) else None

    def times(self, pattern, who, peer, least=True):
        """@who's value by @peer's of the same row."""
        found = [self.best[n, who] / self.best[n, peer] for n in self.names(pattern, who)
                 if self.best.get((n, peer))]
        return (min if least else max)(found) if found else None

    def above(self, name, who):
        """Time of a packet above that of an empty hook in the same run, or None."""
        rate, most = self.best.get((name, who)), self.best.get((name, "(ceiling)"))
        return 1 / rate - 1 / most if rate and most else None

    def times_above(self, pattern, who, peer):
        """By how many times @peer's time is @who's, each above the floor."""
        found = [self.above(n, peer) / self.above(n, who) for n in self.names(pattern, who)
                 if self.above(n, peer) and self.above(n, who)]
        return min(found) if found else None

    def between(self, a, b, who="fwtree"):
        """The value of row @a by that of row @b."""
        a, b = self.worst(a, who), self.worst(b, who)
        return a / b if a and b else None


def ratio(a, b):
    return a / b if a and b else None


DROP = "drop at the device, "
TEN_K = DROP + r"((IPv6, )?\w+ set of 10,000|\w+_10k(_v6)?)"
APART = r"(10,000 that do not overlap|\w+_10k, those that do not overlap)"
LOOKUPS = "look-ups in userspace, "
NAT = "fwtree masquerade"

# What, the most (<=) or least (>=), the unit, and how it is had of the rows.
GOALS = [
    # Times of packets, less the floor of the same run: what an empty hook takes.
    ("drop, sets of 10,000 rules, by nft's list", ">=", 300, "times",
     lambda r: r.times_above(TEN_K, "fwtree", "nft")),
    ("drop, sets of 10,000 rules, by nft's set (pipapo)", ">=", 1.5, "times",
     lambda r: r.times_above(DROP + APART, "fwtree", "nft pipapo")),
    ("drop, sets of 110,000 rules", ">=", 1.5, "M packets/s",
     lambda r: r.worst(DROP + r"(\w+ set of 110,000|mix12_110k|\w+_100k)")),
    ("drop, sets of 110,000 rules of IPv6", ">=", 1.5, "M packets/s",
     lambda r: r.worst(DROP + r"(IPv6, \w+ set of 110,000|mix12_110k_v6)")),
    ("drop, 110,000 rules, of the time of 1,000", "<=", 2, "times",
     lambda r: ratio(r.above(DROP + "acl set of 110,000", "fwtree"),
                     r.above(DROP + "acl set of 1,000", "fwtree"))),
    ("a look-up in a set of 1M, of the time in one of 1,000", "<=", 2, "times",
     lambda r: r.between(DROP + "a live set of 1,000,000: added",
                         DROP + "a live set of 1,000: added")),
    ("what a set of 1M has not, of the time in one of 1,000", "<=", 2, "times",
     lambda r: r.between(DROP + "not in a live set of 1,000,000: added",
                         DROP + "not in a live set of 1,000: added")),
    ("addr . port in a set of 1M, of the time in one of 1,000", "<=", 2, "times",
     lambda r: r.between(DROP + "addr . port, a live set of 1,000,000: added",
                         DROP + "addr . port, a live set of 1,000: added")),
    # 4 MiB of buckets, and what leads to them.
    ("memory of limit by saddr, 100,000 sources at a time", "<=", 4.01, "MiB",
     lambda r: r.worst("limit by source, 100,000 sources at a time: memory", least=False)),
    ("look-up in userspace, every set", ">=", 1.5, "M/s", lambda r: r.worst(LOOKUPS + ".*")),
    ("look-up in userspace, mix12_110k", ">=", 3, "M/s",
     lambda r: r.worst(LOOKUPS + "mix12_110k")),
    ("index, every set", "<=", 20, "bytes/rule",
     lambda r: r.worst(LOOKUPS + ".*", "index", False)),
    ("fwctl apply, 110,000 rules from text to in force", "<=", 1000, "ms",
     lambda r: r.worst("acl set of 110,000, from text", "apply", False)),
    ("fwctl stats, 110,000 rules", "<=", 500, "ms",
     lambda r: r.worst("acl set of 110,000, from text", "stats", False)),
    ("fwctl show policy, 110,000 rules", "<=", 500, "ms",
     lambda r: r.worst("acl set of 110,000, from text", "show policy", False)),
    ("first lines of stats and of show, 110,000 rules", "<=", 50, "ms",
     lambda r: r.most([("acl set of 110,000, from text", f"{who} begins")
                       for who in ("stats", "show policy", "show tree")])),
    ("fwctl check, all of it, 100 rules", "<=", 50, "ms",
     lambda r: r.worst("analysis, .* set of 100", "check", False)),
    ("fwctl check, all of it, 1,000 rules", "<=", 1000, "ms",
     lambda r: r.worst("analysis, .* set of 1,000", "check", False)),
    ("fwctl check --quick, 110,000 rules", "<=", 1000, "ms",
     lambda r: r.worst("acl set of 110,000, from text", "check --quick", False)),
    ("fwctl check, 110,000 rules, what can be said exactly", "<=", 1000, "ms",
     lambda r: r.worst("analysis, .* set of 110,000", "check", False)),
    ("fwctl diff, 1,000 rules of which three differ", "<=", 1000, "ms",
     lambda r: r.worst("analysis, .* set of 1,000", "diff", False)),
    ("fwctl explain --batch, a million packets by 10,000 rules", "<=", 3000, "ms",
     lambda r: r.worst("analysis, a million packets.*", "explain --batch", False)),
    ("fwctl test, 10,000 packets", "<=", 1000, "ms",
     lambda r: r.worst("analysis, a policy test.*", "test", False)),
    ("one rule in 100,000, by fwctl rule", "<=", 10, "ms",
     lambda r: r.worst("one rule in 100,000", "rule add", False)),
    ("one rule in 100,000, by fwctl apply", "<=", 10, "ms",
     lambda r: r.worst("one rule in 100,000", "apply, one line other", False)),
    ("one rule in 100,000, of ten files", "<=", 10, "ms",
     lambda r: r.worst("one rule in 100,000", "apply, one line other in one of ten files",
                       False)),
    ("forward, 16k flows with NAT: added, of what nft's adds", "<=", 0.5, "times",
     lambda r: r.times("forward, 16k flows: added.*", NAT, "nft masquerade", False)),
    ("forward, 16k flows with NAT, by the plain kernel", ">=", 1, "times",
     lambda r: r.times("forward, 16k UDP flows", NAT, "linux")),
    ("forward, 1M flows with NAT, of the time of 16k", "<=", 1.5, "times",
     lambda r: r.worst("1M flows take.*", NAT, False)),
    ("new UDP connections: added, of what nf_conntrack adds", "<=", 0.667, "times",
     lambda r: r.times("new UDP connections: added.*", "fwtree", "nf_conntrack", False)),
    ("new TCP connections: added, of what nf_conntrack adds", "<=", 0.667, "times",
     lambda r: r.times("new TCP connections: added.*", "fwtree", "nf_conntrack", False)),
    # As slabinfo has it: nf_conn's 256 bytes are without its hash and extensions, too.
    ("record of a translated IPv4 connection, with counters and links", "<=", 256, "bytes",
     lambda r: r.worst("memory of a connection: its record", NAT, False)),
    ("the same with its share of the hash", "<=", 256, "bytes",
     lambda r: r.worst("memory of a connection: record and share", NAT, False)),
    ("a server by Maglev", "<=", 20, "ns",
     lambda r: r.worst("choosing a server", "maglev of 16", False)),
    ("new UDP connections, balanced: added, of what nft's DNAT adds", "<=", 0.667, "times",
     lambda r: r.times("new UDP connections, balanced: added to.*", "fwtree maglev",
                       "nft jhash", False)),
    ("new UDP connections, balanced: added, of what IPVS adds", "<=", 0.667, "times",
     lambda r: r.times("new UDP connections, balanced: added to.*", "fwtree maglev", "ipvs mh",
                       False)),
    ("nodes that a packet does not meet: its time with them", "<=", 1.03, "times",
     lambda r: r.worst("nodes not met, .*: time with them", "fwtree", False)),
    ("two CPUs: gain, of the plain kernel's", ">=", 0.95, "times",
     lambda r: r.times("two CPUs, (16k|new).*gain.*", "fwtree", "linux")),
    ("a firewall VM runs its traffic in 32 MB (later)", "<=", 32, "MB", lambda r: None),
    ("bypass of the IP stack, by the plain kernel (later)", ">=", 1.3, "times",
     lambda r: r.times("forward, 16k UDP flows", "fwtree bypass", "linux")),
]


def check(rows):
    """A row for each goal, the same as other rows, with what was wanted and whether
    it is met (None: not measured)."""
    r = Rows(rows)
    out = []
    for name, how, limit, unit, of in GOALS:
        value = of(r)
        met = None if value is None else \
            {"<=": operator.le, ">=": operator.ge}[how](value, limit)
        out.append({"name": name, "who": "fwtree", "value": value and round(value, 3),
                    "best": value and round(value, 3), "unit": unit, "spread": 0, "runs": 1,
                    "peer": None, "ratio": None, "goal": f"{how} {limit:g}", "met": met})
    return out
