# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of this folder share: hosts, a gateway, servers, and TAP.
#
# The usual topology is made by "topology":
#
#   home                        gw                            net
#   ┌──────────────────┐        ┌────────────────────┐        ┌─────────────────────────┐
#   │ h0 192.168.1.2   │────────│ lan   192.168.1.1  │        │ i0  203.0.113.1         │
#   │    fd00:1::2     │        │       fd00:1::1    │        │     2001:db8:1::1       │
#   │                  │        │ wan   203.0.113.8  │────────│ lo  198.51.100.7        │
#   │                  │        │       2001:db8:1::8│        │     2001:db8:77::7      │
#   └──────────────────┘        └────────────────────┘        └─────────────────────────┘
#
# gw runs the firewall. net has no way back to home: without translation no
# answer comes, until "route_home" says otherwise.

set -u
netdir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH=$netdir PYTHONDONTWRITEBYTECODE=1
: "${TMP:=/run/tmp}" "${SLOW:=1}" "${FWTREE_FLAVOUR:=fast}"
touch .count
spawned=()

## TAP

say_ok() { printf x >>.count; echo "ok - $1"; }
say_not_ok() { printf x >>.count; echo "not ok - $1"; }
diag() { sed 's/^/# /'; }
note() { printf '# %s\n' "$*"; }

# ok WHAT COMMAND...: the command succeeds.
ok() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		say_ok "$what"
	else
		say_not_ok "$what"
		{ echo "failed ($?): $*"; echo "$out"; } | diag
		return 1
	fi
}

# fails WHAT COMMAND...: it does not; not by being missing or dying either.
fails() {
	local what=$1 out rc
	shift
	out=$("$@" 2>&1)
	rc=$?
	if [ $rc -ne 0 ] && [ $rc -ne 126 ] && [ $rc -ne 127 ] && [ $rc -le 128 ]; then
		say_ok "$what"
	else
		say_not_ok "$what"
		{ echo "status $rc, wanted a failure: $*"; echo "$out"; } | diag
		return 1
	fi
}

# is WHAT GOT WANT: equal strings; WANT may be a pattern.
is() {
	# shellcheck disable=SC2053
	if [ "$2" = "$3" ] || [[ $2 == $3 ]]; then
		say_ok "$1"
	else
		say_not_ok "$1"
		{ echo "got:  $2"; echo "want: $3"; } | diag
		return 1
	fi
}

# over WHAT A B: A is more than B.
over() {
	if [ "${2:-x}" -gt "$3" ] 2>/dev/null; then
		say_ok "$1"
	else
		say_not_ok "$1"
		note "got $2, want more than $3"
		return 1
	fi
}

skip() { printf x >>.count; echo "ok - $1 # SKIP $2"; }

# may_fail WHAT: allocations of a task can be made to fail (/proc/self/fail-nth), all
# kinds of them; ends a test where they can't.
may_fail() {
	if [ ! -e /proc/self/fail-nth ]; then
		skip "$1" "this kernel has no fault injection"
		done_testing
		exit 0
	fi
	local kind
	for kind in failslab fail_page_alloc; do
		echo N >/sys/kernel/debug/$kind/ignore-gfp-wait
		echo 0 >/sys/kernel/debug/$kind/verbose
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}

# kernel_module NAME: loads a module that comes with the kernel: an installed one's is
# modprobe's to find; one that was built here has it in the folder it was built in.
kernel_module() {
	local ko
	if [ -z "${FWTREE_KDIR-}" ]; then
		modprobe "$1" 2>/dev/null
		return
	fi
	ko=$(find "$FWTREE_KDIR/net" -name "$1.ko")
	[ -n "$ko" ] && insmod "$ko"
}

# done_testing: the last line of a test.
done_testing() { echo "1..$(wc -c <.count)"; }

# wait_for COMMAND...: until it succeeds, for fifteen seconds (more when checked
# kernels are slow), or as long as PATIENCE says.
wait_for() {
	local end=$((SECONDS + ${PATIENCE:-15} + 2 * SLOW))
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > end)); then
			note "waited in vain for: $*"
			return 1
		fi
		sleep 0.02
	done
}

## Hosts

# host NAME...: a namespace with lo up, forwarding nothing.
host() {
	local h
	for h in "$@"; do
		ip netns add "$h"
		ip netns exec "$h" bash -c '
			ip link set lo up
			cd /proc/sys/net
			echo 0 >ipv6/conf/all/accept_dad
			echo 0 >ipv6/conf/default/accept_dad
			echo 0 >ipv6/conf/default/accept_ra
			echo 0 >ipv4/icmp_ratelimit
			echo 0 >ipv6/icmp/ratelimit
			echo 0 >ipv4/conf/default/rp_filter
			echo 0 >ipv4/conf/all/rp_filter
			echo "0 2147483647" >ipv4/ping_group_range'
	done
}

# router NAME...: a host that forwards.
router() {
	host "$@"
	local h
	for h in "$@"; do
		ip netns exec "$h" bash -c 'cd /proc/sys/net
			echo 1 >ipv4/ip_forward
			echo 1 >ipv6/conf/all/forwarding'
	done
}

# link HOST DEV HOST2 DEV2: a cable.
link() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# addr HOST DEV ADDRESS...
addr() {
	local h=$1 d=$2 a
	shift 2
	for a in "$@"; do
		case $a in
		*:*) ip -n "$h" addr add "$a" dev "$d" nodad ;;
		*) ip -n "$h" addr add "$a" dev "$d" ;;
		esac
	done
}

# via HOST ADDRESS...: default routes.
via() {
	local h=$1 a
	shift
	for a in "$@"; do
		case $a in
		*:*) ip -n "$h" -6 route add default via "$a" ;;
		*) ip -n "$h" route add default via "$a" ;;
		esac
	done
}

topology() {
	host home net
	router gw
	link home h0 gw lan
	link gw wan net i0
	addr home h0 192.168.1.2/24 fd00:1::2/64
	addr gw lan 192.168.1.1/24 fd00:1::1/64
	addr gw wan 203.0.113.8/24 2001:db8:1::8/64
	addr net i0 203.0.113.1/24 2001:db8:1::1/64
	addr net lo 198.51.100.7/32 2001:db8:77::7/128
	# Servers of net that are bound to no address answer from the far ones.
	ip -n net route replace 203.0.113.0/24 dev i0 src 198.51.100.7
	ip -n net -6 route replace 2001:db8:1::/64 dev i0 src 2001:db8:77::7 \
		metric 256
	via home 192.168.1.1 fd00:1::1
	via gw 203.0.113.1 2001:db8:1::1
}

# hairpin_topology: two hosts on the bridge "lan", home .2 and home2 .3, and net.
hairpin_topology() {
	local h
	host home home2 net
	router gw
	ip -n gw link add lan type bridge
	ip -n gw link set lan up
	for h in home home2; do
		link $h h0 gw p-$h
		ip -n gw link set p-$h master lan
	done
	link gw wan net i0
	addr home h0 192.168.1.2/24 fd00:1::2/64
	addr home2 h0 192.168.1.3/24 fd00:1::3/64
	addr gw lan 192.168.1.1/24 fd00:1::1/64
	addr gw wan 203.0.113.8/24 2001:db8:1::8/64
	addr net i0 203.0.113.1/24 2001:db8:1::1/64
	via home 192.168.1.1 fd00:1::1
	via home2 192.168.1.1 fd00:1::1
	via gw 203.0.113.1 2001:db8:1::1
}

# path_topology: a router between gw and net, mid: m0 towards gw, m1 towards net, who
# is 198.51.100.7 there. mid has no way back to home.
path_topology() {
	host home net
	router gw mid
	link home h0 gw lan
	link gw wan mid m0
	link mid m1 net i0
	addr home h0 192.168.1.2/24 fd00:1::2/64
	addr gw lan 192.168.1.1/24 fd00:1::1/64
	addr gw wan 203.0.113.8/24 2001:db8:1::8/64
	addr mid m0 203.0.113.1/24 2001:db8:1::1/64
	addr mid m1 198.51.100.1/24 2001:db8:77::1/64
	addr net i0 198.51.100.7/24 2001:db8:77::7/64
	via home 192.168.1.1 fd00:1::1
	via gw 203.0.113.1 2001:db8:1::1
	via net 198.51.100.1 2001:db8:77::1
}

# pool_topology N: servers s1, s2 ... behind gw, on the bridge "lan", 192.168.1.11
# and fd00:1::11 and so on; clients in net.
pool_topology() {
	local i
	host net
	router gw
	ip -n gw link add lan type bridge
	ip -n gw link set lan up
	addr gw lan 192.168.1.1/24 fd00:1::1/64
	for ((i = 1; i <= $1; i++)); do
		host "s$i"
		link "s$i" h0 gw "p-s$i"
		ip -n gw link set "p-s$i" master lan
		addr "s$i" h0 "192.168.1.1$i/24" "fd00:1::1$i/64"
		via "s$i" 192.168.1.1 fd00:1::1
	done
	link gw wan net i0
	addr gw wan 203.0.113.8/24 2001:db8:1::8/64
	addr net i0 203.0.113.1/24 2001:db8:1::1/64
}

# web N [PORT]: a web server on s<N>, port 8080; it says "s<N>". $pid is its.
web() {
	spawn "s$1" python3 "$netdir/web.py" "s$1" "${2-8080}"
	wait_for listening "s$1" "${2-8080}"
}

# rlu_topology: two ways out, a VRF, and routes of every type.
#
#                       ┌──── lan gw wan ──── i0 net
#   home h0 .2  ────────┘        gw two ──── i1 net     203.0.114.8, 2001:db8:2::8
#   red  r0 .2  ──────────── red0 gw                    VRF "red", with 192.168.1.0/24 too
rlu_topology() {
	local v to
	topology
	link gw two net i1
	addr gw two 203.0.114.8/24 2001:db8:2::8/64
	addr net i1 203.0.114.1/24 2001:db8:2::1/64
	host red
	link red r0 gw red0
	ip -n gw link add red type vrf table 77
	ip -n gw link set red up
	ip -n gw link set red0 master red
	addr gw red0 192.168.1.1/24 fd00:1::1/64
	addr red r0 192.168.1.2/24 fd00:1::2/64
	via red 192.168.1.1 fd00:1::1
	ip -n gw route add 198.51.100.0/24 via 192.168.1.2 dev red0 table 77
	ip -n gw route add unreachable default metric 4278198272 table 77
	ip -n gw -6 route add unreachable default metric 4278198272 table 77
	ip -n gw -6 route add 2001:db8:77::/48 via fd00:1::2 dev red0 table 77
	# Tables of the main one's: what is no host's, a source of its own, two equal ways.
	ip -n gw route add unreachable 10.66.0.0/16
	ip -n gw route add prohibit 10.67.0.0/16
	ip -n gw route add blackhole 10.68.0.0/16
	ip -n gw route add 10.1.0.0/16 via 192.168.1.9 src 203.0.113.8
	ip -n gw route add 10.2.0.0/16 nexthop via 203.0.113.1 nexthop via 203.0.114.1
	ip -n gw -6 route add unreachable 2001:db8:66::/48
	ip -n gw -6 route add prohibit 2001:db8:67::/48
	ip -n gw -6 route add blackhole 2001:db8:68::/48
	ip -n gw -6 route add 2001:db8:a1::/48 via fd00:1::9 src 2001:db8:1::8
	ip -n gw -6 route add 2001:db8:a2::/48 nexthop via 2001:db8:1::1 nexthop via 2001:db8:2::1
	# Another way out for a mark, a type of service, a port.
	for v in -4 -6; do
		[ $v = -4 ] && to=203.0.114.1 || to=2001:db8:2::1
		ip -n gw $v route add default via "$to" dev two table 100
		ip -n gw $v rule add fwmark 5 table 100
		ip -n gw $v rule add tos 0x10 table 100
		ip -n gw $v rule add ipproto udp dport 500 table 100
		ip -n gw $v rule add uidrange 1234-1234 table 100
	done
}

# route_home: net knows where home is.
route_home() {
	ip -n net route add 192.168.1.0/24 via 203.0.113.8 src 198.51.100.7
	ip -n net -6 route add fd00:1::/64 via 2001:db8:1::8 src 2001:db8:77::7
}

# on HOST COMMAND...
on() {
	local h=$1
	shift
	ip netns exec "$h" "$@"
}

# spawn HOST COMMAND...: in the background, until the test ends; $pid is its.
spawn() {
	local h=$1
	shift
	ip netns exec "$h" "$@" >"$TMP/test/spawn.$h.$((${#spawned[@]}))" 2>&1 &
	pid=$!
	disown "$pid"
	spawned+=("$pid")
}

# listening HOST PORT [tcp|udp]
listening() {
	local opt=-lnt
	[ "${3-tcp}" = udp ] && opt=-lnu
	ip netns exec "$1" ss -H $opt "sport = :$2" | grep -q .
}

# serve HOST PORT [ARGUMENT...]: peer.py's TCP and UDP echo server, which says
# first whom it sees.
serve() {
	spawn "$1" python3 "$netdir/peer.py" serve "$2"
	wait_for listening "$1" "$2" udp
}

## The gateway

fw() { fwctl -n gw "$@"; }

# apply: the policy on standard input comes into force in gw.
apply() {
	cat >policy.fw
	fw apply policy.fw
}

# must_apply: the same; the test is over if not.
must_apply() {
	cat >policy.fw
	if ! fw apply policy.fw >apply.out 2>&1; then
		say_not_ok "policy is applied"
		diag <apply.out
		done_testing
		exit 1
	fi
}

# j EXPRESSION: of standard input, JSON as "d": j 'd["count"]'
j() { python3 -SEc "import json,sys
d = json.load(sys.stdin)
r = $1
print(json.dumps(r) if isinstance(r, (dict, list, bool)) or r is None else r)"; }

# stat EXPRESSION: of "fwctl -j stats". reason NAME, counter NAME, rule ID
stat() { fw -j stats | j "$1"; }
reason() { stat "d['reasons']['$1']['value']"; }
counter() { stat "d['counters']['$1']['${2-packets}']"; }
rule() { stat "[r for r in d['rules'] if r.get('id') == '$1'][0]['${2-packets}']"; }
verdict() { stat "d['verdicts']['$1']"; }
conns() { fw -j conn count | j 'd["count"]'; }

# py: a test written in Python, on standard input, with tests/net/netlib.py.
py() { python3 -c "from netlib import *
$(cat)
finish()" || { say_not_ok "python part ends well"; return 1; }; }

## Leaving

cleanup() {
	local p n
	for n in $(ip netns list | cut -d' ' -f1); do
		for p in $(ip netns pids "$n"); do
			kill -9 "$p" 2>/dev/null
		done
	done
	for p in "${spawned[@]}"; do
		kill -9 "$p" 2>/dev/null
	done
	wait 2>/dev/null
	for n in $(ip netns list | cut -d' ' -f1); do
		ip netns del "$n"
	done
}
trap cleanup EXIT
