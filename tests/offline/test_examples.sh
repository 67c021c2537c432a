#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# libfwtree as a stranger has it: installed, found by pkg-config, its header read by
# other compilers; the examples in C of Documentation/examples built against that, and
# doing what they say. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
examples=$top/Documentation/examples
policy=$examples/home-gateway.fw
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
n=0

say() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/#   /' "$tmp/out"
		failed=1
	fi
}

# ok WHAT COMMAND...
ok() {
	local what=$1
	shift
	"$@" >"$tmp/out" 2>&1
	say $? "$what"
}

# fails WHAT COMMAND...
fails() {
	local what=$1
	shift
	! "$@" >"$tmp/out" 2>&1
	say $? "$what"
}

# Apart from the tree, which a stranger does not have.
mkdir "$tmp/stranger" "$tmp/corpus"
cp "$examples"/*.c "$policy" "$tmp/stranger"
cd "$tmp/stranger" || exit 1

ok 'make install-lib' make -s -C "$top" install-lib DESTDIR="$tmp/root" PREFIX=/opt/fwtree
(cd "$tmp/root" && find . -type f | LC_ALL=C sort) >installed
ok 'what is installed' diff - installed <<'END'
./opt/fwtree/include/fwtree_sim.h
./opt/fwtree/lib/libfwtree.a
./opt/fwtree/lib/pkgconfig/libfwtree.pc
./opt/fwtree/share/man/man3/libfwtree.3
END

export PKG_CONFIG_PATH=$tmp/root/opt/fwtree/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
ok 'pkg-config has the version' pkg-config --exact-version="$version" libfwtree
read -ra flags < <(pkg-config --cflags --libs libfwtree)
# The system's own is found without the folder that ours was put into.
read -ra cmocka < <(PKG_CONFIG_SYSROOT_DIR='' pkg-config --cflags --libs cmocka)
header=$tmp/root/opt/fwtree/include/fwtree_sim.h
lib=$tmp/root/opt/fwtree/lib/libfwtree.a

# The header needs nothing before it, and no compiler has a word to say.
echo '#include <fwtree_sim.h>' >header.c
read -ra includes < <(pkg-config --cflags libfwtree)
for std in c99 c17; do
	ok "the header, $std" gcc -std=$std -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		"${includes[@]}" header.c
done
ok 'the header, clang' clang -std=c11 -Wall -Wextra -Wpedantic -Werror \
	-fsyntax-only "${includes[@]}" header.c
if command -v g++ >/dev/null; then
	ok 'the header, C++' g++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror \
		-fsyntax-only "${includes[@]}" header.c
fi

# What the header declares the archive has, and no other name.
sed -n 's/^[^ *\/].*\b\(fwt_sim_[a-z_]*\)(.*/\1/p' "$header" | LC_ALL=C sort >declared
nm -g --defined-only "$lib" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort >defined
ok 'the archive has the names of the header, and no other' diff declared defined
while read -r name; do
	grep -q "^ \* $name() - \|^/\*\* $name() - " "$header" ||
		echo "the header does not describe $name()"
	grep -q "^\.F[no] .*\<$name\>" "$top/Documentation/man/libfwtree.3" ||
		echo "libfwtree(3) does not know $name()"
done <declared >undescribed
ok 'each function is described' diff /dev/null undescribed
awk '
	/^struct .* \{$/ { within = 1; next }
	/^};?$/ { within = 0 }
	/^\/\*\*/ { delete said }
	match($0, /^ \* @[a-z_]+:/) { said[substr($0, 5, RLENGTH - 5)] = 1 }
	within {
		gsub(/\[[^]]*\]/, "")
		sub(/;.*/, "")
		k = split($0, part, ",")
		for (i = 1; i <= k; i++) {
			m = split(part[i], word, /[ \t*]+/)
			if (word[m] != "" && !(word[m] in said))
				print "not described: " word[m]
		}
	}' "$header" >undescribed
ok 'each member of a struct is described' diff /dev/null undescribed

# A program with names of its own that are the kernel's, the module's, the simulation's.
cat >clash.c <<'END'
#include <assert.h>
#include <string.h>
#include <fwtree_sim.h>

int jhash2(void) { return 1; }
int siphash(void) { return 2; }
int skb_checksum(void) { return 3; }
int fwt_walk(void) { return 4; }
int sim_enter(void) { return 5; }
int call_rcu, init_user_ns;

int main(void)
{
	static const char text[] = "ingress { tcp dport 22 accept id ssh\ndrop }\n";
	struct fwt_sim *a = fwt_sim_new(), *b = fwt_sim_new();
	const struct fwt_sim_result *r;

	assert(!fwt_sim_policy_text(a, "a.fw", text, strlen(text)));
	assert(!fwt_sim_policy_text(b, "b.fw", "ingress { drop }", 16));
	r = fwt_sim_packet_text(a, "in eth0 tcp 192.0.2.1:1000 to 192.0.2.2:22");
	assert(r && r->verdict == FWT_SIM_ACCEPT && !strcmp(r->by->id, "ssh"));
	r = fwt_sim_packet_text(b, "in eth0 tcp 192.0.2.1:1000 to 192.0.2.2:22");
	assert(r && r->verdict == FWT_SIM_DROP);
	assert(fwt_sim_api() == FWT_SIM_API && !strcmp(fwt_sim_version(), VERSION));
	fwt_sim_free(a);
	fwt_sim_free(b);
	return jhash2() + siphash() + skb_checksum() + fwt_walk() + sim_enter() - 15 + call_rcu +
	       init_user_ns;
}
END
ok 'a program whose names are those of the module' gcc -std=c11 -Wall -Werror \
	-DVERSION="\"$version\"" -o clash clash.c "${flags[@]}"
ok '... runs' ./clash

# The examples, by the lines that they show.
ok 'the program of cmocka' gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -o test_gateway \
	test_gateway.c "${flags[@]}" "${cmocka[@]}"
ok '... passes' ./test_gateway home-gateway.fw
sed 's/drop id unsolicited/tcp dport 22 accept\n&/' home-gateway.fw >open.fw
fails '... fails where a port more is open' ./test_gateway open.fw
ok '... with sanitizers in the library, too' "$top/build/san/test_gateway" home-gateway.fw
ok 'the target of libFuzzer' clang -std=c11 -Wall -Wextra -Wpedantic -Werror -O1 -g \
	-fsanitize=fuzzer,address -o fuzz_gateway fuzz_gateway.c "${flags[@]}"

# Beginnings: a SYN from home, a SYN to the open port, a word of DHCP.
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
        (0, ip("198.51.100.7", "192.168.1.5", 17, udp(53, 5000))),
        (2, ip("198.51.100.7", "192.168.1.5", 17, udp(67, 68)))]):
    open(f"{sys.argv[1]}/{i}", "wb").write(bytes([flags, len(packet)]) + packet)
END
fuzz=(-seed=1 -max_len=300 -verbosity=0 -artifact_prefix="$tmp/" "$tmp/corpus")
ok '... finds nothing' ./fuzz_gateway -runs=1000 "${fuzz[@]}"
printf 'ingress { accept }\negress { accept }\n' >open.fw
GATEWAY=open.fw fails '... finds it where all may pass' ./fuzz_gateway -runs=1000 "${fuzz[@]}"
GATEWAY=$policy ok '... with the library instrumented, too' "$top/build/san/fuzz_gateway" \
	-runs=1500 "${fuzz[@]}"

# What make installed goes again, the module for whichever kernel, and nothing else does.
mkdir -p "$tmp/root/opt/fwtree/sbin" "$tmp"/root/lib/modules/{6.1.0-a/extra,6.12.0-b/updates/dkms}
touch "$tmp/root/opt/fwtree/sbin"/{fwctl,other} "$tmp/root/lib/modules/6.1.0-a/extra/fwtree.ko" \
	"$tmp/root/lib/modules/6.12.0-b/updates"/{fwtree.ko.xz,other.ko,dkms/fwtree.ko}
ok 'make uninstall' make -s -C "$top" uninstall DESTDIR="$tmp/root" PREFIX=/opt/fwtree
(cd "$tmp/root" && find . -type f | LC_ALL=C sort) >left
ok 'leaves what it did not install' diff - left <<'END'
./lib/modules/6.12.0-b/updates/dkms/fwtree.ko
./lib/modules/6.12.0-b/updates/other.ko
./opt/fwtree/sbin/other
END
mkdir "$tmp/bin" "$tmp/root/lib/modules/6.1.0-a/updates"
printf '#!/bin/sh\necho "$*" >>"%s/depmod"\n' "$tmp" >"$tmp/bin/depmod"
chmod +x "$tmp/bin/depmod"
touch "$tmp/root/lib/modules"/6.1.0-a/{extra,updates}/fwtree.ko
ok '... of this machine, which hears of it' env PATH="$tmp/bin:$PATH" make -s -C "$top" uninstall \
	PREFIX="$tmp/root/opt/none" MODULESDIR="$tmp/root/lib/modules"
ok '... each time' diff - "$tmp/depmod" <<'END'
-a 6.1.0-a
-a 6.1.0-a
END
echo "1..$n"
exit $failed
