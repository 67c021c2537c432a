#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The examples in C of Documentation/examples do what they say. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
policy=$top/Documentation/examples/home-gateway.fw
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

say() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1 - $3"
	else
		echo "not ok $1 - $3"
		sed 's/^/#   /' "$tmp/out"
		failed=1
	fi
}

"$top/build/san/test_gateway" "$policy" >"$tmp/out" 2>&1
say 1 $? 'the program of cmocka'

# Beginnings: a SYN from home, a SYN to the open port, a word of DHCP.
mkdir "$tmp/corpus"
python3 - "$tmp/corpus" <<'END'
import socket, struct, sys
def ip(src, dst, proto, payload):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0)
    head += socket.inet_aton(src) + socket.inet_aton(dst)
    s = sum(struct.unpack(">10H", head))
    s = (s & 0xffff) + (s >> 16)
    s = ~((s & 0xffff) + (s >> 16)) & 0xffff
    return head[:10] + struct.pack(">H", s) + head[12:] + payload
udp = lambda s, d: struct.pack(">HHHH", s, d, 8, 0)
for i, (flags, packet) in enumerate([
        (1, ip("192.168.1.5", "9.9.9.9", 17, udp(5000, 53))),
        (0, ip("9.9.9.9", "203.0.113.8", 17, udp(53, 5000))),
        (2, ip("198.51.100.7", "192.168.1.5", 17, udp(67, 68)))]):
    open(f"{sys.argv[1]}/{i}", "wb").write(bytes([flags, len(packet)]) + packet)
END
GATEWAY=$policy "$top/build/san/fuzz_gateway" -runs=1500 -seed=1 -max_len=300 -verbosity=0 \
	"$tmp/corpus" >"$tmp/out" 2>&1
say 2 $? 'the target of libFuzzer'
echo 1..2
exit $failed
