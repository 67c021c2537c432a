#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R29: no memory, at each step of applying a policy that has objects and nodes of
# another module: what was in force stays, and nobody holds the module.
# last: a module goes, whose poison User-Mode Linux leaves to who has its place next
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

may_fail "no memory at any step"
host gw
insmod "$(dirname "$FWTREE_KO")/fwtree_sample.ko"
must_apply <<'END'
pool web { scheduler random; 192.168.1.11:8080; [fd00:1::11]:8080 }
set blocked : addr { timeout 1h; elements = { 192.0.2.1, 198.51.100.0/24, 2001:db8::/32 } }
map forwards : addr . port -> addr . port { elements = { 203.0.113.8 . 80 -> 192.168.1.2 . 8080 } }
map clients : addr -> tree { trees = { work }; elements = { 10.0.0.1 -> work } }
tree work { accept }
ingress {
	saddr @blocked drop
	protocol udp node sample-payload { begins "AWAY" } drop
	modify sample-paint { base 256, from 192.0.2.0/24 }
	tcp dport 22 limit 4/minute burst 4 by saddr/32/64 accept
	quota over 1M drop
	split round-robin { 1 -> set mark 1; 2 -> set mark 2 }
	tcp dport 80 balance @web or reject accept
	dnat to @forwards accept
	goto saddr map @clients
	select node sample-lane { lanes 3 } {
		fast    -> accept
		1, 2    -> set dscp cs1 accept
		default -> drop
	}
	accept
}
END

py <<'END'
import os
from genl import Family, u32
from netlib import *

fd = os.open("/proc/self/fail-nth", os.O_RDWR)
with ns("gw"):
    reader = Family()
POLICY = reader.attrs("POLICY")
program = b"".join(reader.dump_bytes("POLICY_GET", POLICY["DATA"]))
refs = lambda: int(open("/sys/module/fwtree_sample/refcnt").read())
equal(refs(), 3, "each use holds the module")

def attempt(n):
    """Commit with the n-th allocation failing: its error, and whether one did."""
    with ns("gw"):
        f = Family()
    assert f.do("POLICY_BEGIN", {POLICY["LENGTH"]: u32(len(program))})[0] == 0
    assert f.do("POLICY_CHUNK", {POLICY["OFFSET"]: u32(0), POLICY["DATA"]: program})[0] == 0
    os.pwrite(fd, str(n).encode(), 0)
    try:
        error, text, _ = f.do("POLICY_COMMIT", {})
    except OSError as e:
        error, text = e.errno, None     # no memory to say so
    reached = int(os.pread(fd, 20, 0).split(b"\0")[0]) == 0
    os.pwrite(fd, b"0", 0)
    f.close()
    return error, text, reached

for way in ("over itself", "as the first one"):
    refused = wrong = 0
    for n in range(1, 600):
        if way == "as the first one":
            with ns("gw"):
                reader.do("POLICY_FLUSH", {})
        before = stats()["generation"]
        error, text, reached = attempt(n)
        after = stats()["generation"]
        refused += bool(error)
        wrong += after not in ((before, before + 1) if text is None else (before + (not error),))
        if not reached:
            break
    ok(not reached and not error, f"{way}: once nothing fails it is in force", (n, error, text))
    ok(refused > 10, f"{way}: allocations that were refused", refused)
    equal(wrong, 0, f"{way}: each time the former one stayed, or the new one came whole")
ok(wait_for(lambda: refs() == 3), "what was refused holds nothing of the module", refs())
with ns("gw"):
    reader.do("POLICY_FLUSH", {})
ok(wait_for(lambda: refs() == 0), "nor does anybody after a flush", refs())
END
ok "and it goes" wait_for rmmod fwtree_sample
done_testing
