#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The module that Documentation/nodes.rst writes, as it stands there with its Makefile:
# built for this kernel against fwtree's symbols, loaded, and asked by packets.
#
#   home ──── lan gw wan ──── net        UDP 9, by source ports
# flavours: fast
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"

# A kernel that was built here can be built against; a stock one's headers are elsewhere.
if [ ! -e "${FWTREE_KDIR-}/Makefile" ] || [ ! -e "${FWTREE_KO%/*}/Module.symvers" ]; then
	skip "the example of nodes.rst is built" "this kernel's build tree is not here"
	done_testing
	exit 0
fi

# block WORDS: what stands indented behind the item that begins so, as one would type it.
block() {
	awk -v item="$1" '
		index($0, item) == 1 { here = 1 }
		inside && /./ && !/^       / { exit }
		inside { print substr($0, 8) }
		here && /::$/ { inside = 1 }' "$FWTREE_TOP/Documentation/nodes.rst"
}

mkdir example fwtree
block "1. The Makefile" >example/Makefile
block "2. The node" >example/my_node.c
# Its words, but for where this kernel is.
# shellcheck disable=SC2016 # make's
ok "the Makefile asks for the kernel that runs" \
	grep -qF '/lib/modules/$(shell uname -r)/build' example/Makefile
sed -i "s|/lib/modules/\$(shell uname -r)/build|$FWTREE_KDIR|" example/Makefile
# A tree in which fwtree was built for this kernel.
ln -s "$FWTREE_TOP/kmod" fwtree/kmod
ln -s "${FWTREE_KO%/*}/Module.symvers" fwtree/Module.symvers
if ! make -C example ARCH=um FWTREE="$PWD/fwtree" >make.out 2>&1; then
	say_not_ok "the example of nodes.rst is built"
	diag <make.out
	done_testing
	exit 1
fi
say_ok "the example of nodes.rst is built"
is "without a warning" "$(grep -i warning make.out)" ""
is "modprobe finds it by its node" "$(modinfo -F alias example/my_node.ko)" fwt-node-odd-port

topology
route_home
ok "it is loaded" insmod example/my_node.ko
is "and tells of its node" "$(fw -j node list | j \
	'[(n["name"], n["branches"], n["module"]) for n in d if n["name"] == "odd-port"]')" \
	'[["odd-port", 2, "my_node"]]'
py <<'END'
def of(*rules):
    return [rule(r)["hits"] for r in rules]

def sends(f, port):
    u = udp("home", HOME[f], port)
    u.sendto(b"x", (FAR[f], 9))
    u.close()

for text, name in (("node odd-port drop id odd\n accept id even", "node odd-port"),
                   ("select node odd-port { odd -> drop id odd; even -> accept id even }\n accept", "select node odd-port")):
    apply("ingress {\n iif != lan accept\n not protocol udp accept\n %s\n}" % text)
    n = of("even", "odd")
    for f in (4, 6):
        server = udp("net", FAR[f], 9)
        for port in (45001, 45002, 45004):
            n[port % 2] += 1
            sends(f, port)
            wait_for(lambda: of("even", "odd") == n)
            equal(of("even", "odd"), n, f"IPv{f}, {name}: of port {port}")
        server.settimeout(TIMEOUT)
        equal(sorted(server.recvfrom(9)[1][1] for i in range(2)), [45002, 45004], f"IPv{f}, {name}: packets of odd ports are dropped")
        server.close()
    fwctl("conn", "flush")
apply("ingress { protocol tcp node odd-port accept; icmp type echo-request node odd-port drop id ping; accept }")
ok(run("ip", "netns", "exec", "home", "ping", "-c1", "-W2", FAR[4]).returncode == 0, "what has no port is of no branch")
END
fails "a policy uses it: it stays" rmmod my_node
fw flush >/dev/null
ok "it goes when no policy does" wait_for rmmod my_node
done_testing
