#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Netlink messages that are short, long, out of order, or nonsense: each refused
# with a text, and nothing changed by it.
#
#   (gw alone)
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
router gw
must_apply <<'END'
ingress { icmp type echo-request accept id first; drop }
END
py <<'END'
import random, struct
from genl import Family, NUMBERS, NLM_F_ACK, NLM_F_DUMP, attr, u8, u32
with ns("gw"):
    f = Family()
P, C, F = f.attrs("POLICY"), f.attrs("CONN"), f.attrs("CONN_FILTER")
program = b"".join(f.dump_bytes("POLICY_GET", P["DATA"]))
n = len(program)

def refuse(what, want, got):
    e, text, _ = got
    ok(e == want and text, f"{what}: {errno.errorcode[want]}, and says why",
       f"errno {errno.errorcode.get(e, e)}, text {text!r}")

def chunk(off, data):
    return f.do("POLICY_CHUNK", {P["OFFSET"]: u32(off), P["DATA"]: data})

def begin(length):
    return f.do("POLICY_BEGIN", {P["LENGTH"]: u32(length)})

refuse("commit before begin", errno.ENOENT, f.do("POLICY_COMMIT", {}))
refuse("chunk before begin", errno.ENOENT, chunk(0, b"x"))
refuse("abort before begin", errno.ENOENT, f.do("POLICY_ABORT", {}))
refuse("begin without a length", errno.EINVAL, f.do("POLICY_BEGIN", {}))
refuse("begin of nothing", errno.EINVAL, begin(0))
refuse("begin of too much", errno.E2BIG, begin(0xffffffff))
with open("/proc/meminfo") as m:
    quarter = int(m.readline().split()[1]) * 1024 // 4
if quarter < 512 << 20:
    e, text, _ = begin(quarter + 8)
    ok(e == errno.ENOMEM and str(quarter + 8) in text and str(quarter) in text,
       "more than a quarter of the memory is refused, with how much there may be", (e, text))
e, text, _ = f.do("POLICY_BEGIN", {P["LENGTH"]: b"ab"})
ok(e in (errno.ERANGE, errno.EINVAL), "a length of 2 bytes is refused", (e, text))
equal(begin(n)[0], 0, "begin")
refuse("begin twice", errno.EBUSY, begin(n))
refuse("chunk out of order", errno.EINVAL, chunk(8, program[8:]))
refuse("chunk of nothing", errno.EINVAL, chunk(0, b""))
refuse("chunk too large", errno.EINVAL, chunk(0, bytes(32769)))
refuse("chunk without data", errno.EINVAL, f.do("POLICY_CHUNK", {P["OFFSET"]: u32(0)}))
refuse("chunk without offset", errno.EINVAL, f.do("POLICY_CHUNK", {P["DATA"]: b"x"}))
equal(chunk(0, program[:100])[0], 0, "a first chunk")
refuse("commit of half", errno.EINVAL, f.do("POLICY_COMMIT", {}))
refuse("the upload ended with it", errno.ENOENT, chunk(100, program[100:]))
begin(n)
refuse("more than was announced", errno.EMSGSIZE, chunk(0, program + b"more"))
equal(f.do("POLICY_ABORT", {})[0], 0, "abort")
equal(stats()["generation"], 1, "nothing of that is in force")

# Programs that are not: each byte in turn, a few ways; most refused, each with a
# text; none harms, whatever it does.
random.seed(1)
def apply_bytes(p):
    e, text, _ = begin(len(p))
    if e:
        return e, text
    for off in range(0, len(p), 32768):
        e, text, _ = chunk(off, p[off:off + 32768])
        if e:
            f.do("POLICY_ABORT", {})
            return e, text
    return f.do("POLICY_COMMIT", {})[:2]

# What the verifier holds everything to; a text or a port may well be another, and so
# may where nothing is, and what lies between sections.
n_sections, = struct.unpack_from("=H", program, 6)
structure = set(range(16))
for k, size in enumerate([12, 16, 28, 24]):     # hooks, nodes, tests, sets
    off, count = struct.unpack_from("=II", program, 16 + 8 * k)
    structure |= set(range(16 + 8 * k, 24 + 8 * k)) | set(range(off, off + size * count))
mute, taken, tried = [], 0, 0
kept = 0
for i in range(n):
    if i >= 200 and i % (2 * SLOW):
        continue
    for change in (0xff, 0x80, 0x01):
        p = bytearray(program)
        p[i] ^= change
        e, text = apply_bytes(bytes(p))
        tried += 1
        if e and not text:
            mute.append((i, change, e))
        if i in structure:
            kept += 1
            taken += not e
equal(mute, [], f"{tried} mutated programs: each refusal says why")
ok(kept > 100 and taken < kept // 3, f"of {kept} where its structure is most are refused", taken)
for cut in (1, 7, 8, 64, n // 2):
    e, text = apply_bytes(program[:-cut])
    ok(e and text, f"{cut} bytes cut off: refused", (e, text))
for _ in range(50):
    apply_bytes(random.randbytes(random.randrange(1, 5000)))
r = run("ip", "netns", "exec", "gw", "ping", "-n", "-c", "1", "-W", "0.3", "127.0.0.1")
equal(apply_bytes(program)[0], 0, "the right program is still taken")

# Filters.
def nested(**kw):
    return {C["FILTER"] | 0x8000: b"".join(attr(F[k], v) for k, v in kw.items())}

refuse("delete without a filter", errno.EINVAL, f.do("CONN_DELETE", {}))
refuse("delete with an empty filter", errno.EINVAL, f.do("CONN_DELETE", nested()))
refuse("a family that is none", errno.ERANGE, f.do("CONN_DELETE", nested(FAMILY=u8(7))))
refuse("an address of 5 bytes", errno.EINVAL, f.do("CONN_DELETE", nested(SADDR=b"12345", FAMILY=u8(4))))
refuse("a prefix of 200 bits", errno.ERANGE, f.do("CONN_DELETE", nested(SADDR=b"1234", SADDR_LEN=u8(200))))
refuse("a prefix longer than the address", errno.EINVAL,
       f.do("CONN_DELETE", nested(SADDR=b"1234", SADDR_LEN=u8(64))))
e, text, _ = f.do("CONN_GET", nested(FAMILY=u8(9)), NLM_F_DUMP)
ok(e, "dump with a bad filter is refused", (e, text))

# Garbage: every command, with random attributes.
for cmd in range(0, 40):
    for _ in range(20):
        junk = b"".join(attr(random.randrange(0, 20) | random.choice((0, 0x8000)),
                             random.randbytes(random.choice((0, 1, 2, 4, 8, 16, 100))))
                        for _ in range(random.randrange(4)))
        if cmd in (NUMBERS["FWTREE_CMD_POLICY_FLUSH"],):
            continue
        f.send(cmd, junk + random.randbytes(random.randrange(3)), random.choice((NLM_F_ACK, NLM_F_DUMP | NLM_F_ACK)))
ok(True, "every command with random attributes: an answer each time")
e = f.send(99, b"")[0]
equal(e, errno.EOPNOTSUPP, "an unknown command is refused")
with ns("gw"):
    g = Family()
for junk in (b"", b"x", bytes(15), struct.pack("=IHHII", 1000, g.id, 1, 1, 0), struct.pack("=IHHII", 16, g.id, 5, 1, 0),
             struct.pack("=IHHII", 18, g.id, 5, 1, 0) + b"\1\1", struct.pack("=IHHII", 0, g.id, 5, 1, 0) + bytes(40)):
    try:
        g.s.send(junk)
    except OSError:
        pass
g.close()
f.do("POLICY_ABORT", {})
equal(apply_bytes(program)[0], 0, "and the right program is taken after all that")
ok(stats()["rules"], "and its rules are there")
END
done_testing
