#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The benchmarks, in the guest: --part says which, as tests/bench/run has guests
for; "lookups" runs on the host. Writes the rows as JSON. See
Documentation/benchmarks.rst.
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import bench  # noqa: E402
import cpus  # noqa: E402
import drops  # noqa: E402
import forward  # noqa: E402
import rates  # noqa: E402
import sets  # noqa: E402
import unmet  # noqa: E402


def one_cpu(b):
    drops.run_lists(b)
    drops.run_sets(b)
    drops.run_live_sets(b)
    forward.run(b)
    rates.run(b)
    unmet.run(b)
    sets.rows(bench, b)


PARTS = {"lookups": None, "one": one_cpu, "two": cpus.run, "iptables": drops.run_before_routing}


def main():
    p = argparse.ArgumentParser(prog="guest.py")
    p.add_argument("--part", choices=PARTS, default="one")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--only")
    p.add_argument("--who")
    p.add_argument("--rounds", type=int)
    p.add_argument("--out", required=True)
    args = p.parse_args()
    b = bench.Bench(args)
    if args.part == "lookups":
        sets.run_lookups(bench, b)
    else:
        # Those of the guest: look-ups in userspace run on the host.
        if bench.MARKS:
            bench.write(bench.MARKS + "/kallsyms", bench.read("/proc/kallsyms"))
        bench.network(2 if args.part == "two" else 1)
        bench.sh("insmod build/bench/inject-$FWTREE_FLAVOUR/fwtree_inject.ko")
        PARTS[args.part](b)
        bench.sh("rmmod fwtree_inject")
    b.save()


main()
