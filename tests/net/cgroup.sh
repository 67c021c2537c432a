#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# "cgroup": by a socket's folder below /sys/fs/cgroup, by path and by number; of what
# starts here alone.
#
# Only Debian's own kernels have cgroups.
# flavours: stock
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
root=/sys/fs/cgroup
if ! grep -qw cgroup2 /proc/filesystems || [ ! -d $root ]; then
	skip "who sends by cgroup" "this kernel has no cgroups"
	done_testing
	exit 0
fi
[ -e $root/cgroup.procs ] || mount -t cgroup2 cgroup2 $root
mkdir -p $root/a/below $root/b
topology
route_home
serve net 7
id() { command stat -c %i "$root/$1"; }

# asks FOLDER HOST ADDRESS: an answer comes to who is in that group.
asks() (
	echo $BASHPID >"$root/$1/cgroup.procs" || exit 3
	exec ip netns exec "$2" python3 "$netdir/peer.py" ask udp "$3" 7
)
# hits RULE...: how often each was met. A command takes its time where all is emulated.
hits() {
	stat "' '.join(str(r['hits']) for i in '$*'.split() for r in d['rules'] if r.get('id') == i)"
}

# tried HOW ADDRESS: the policy in force has /a as "a", /b as "b", "rest" for others.
tried() {
	ok "$1: who is in it passes" asks a gw "$2"
	fails "$1: another is dropped" asks b gw "$2"
	fails "$1: one below it is another" asks a/below gw "$2"
	fails "$1: so is the root" asks . gw "$2"
	ok "$1: what is forwarded has none" asks a home "$2"
	is "$1: each by its rule" "$(hits a b rest forwarded)" "1 1 2 1"
}

policy() {
	cat <<-END
	ingress { accept }
	egress {
		protocol { icmp, icmpv6 } accept
		$1 udp dport 7 accept id a
		$2 udp dport 7 drop id b
		cgroup != 0 udp dport 7 drop id rest
		udp dport 7 accept id forwarded
		drop
	}
	END
}

policy 'cgroup "/a"' 'cgroup "/b"' >by-path.fw
policy "cgroup $(id a)" "cgroup $(id b)" >by-number.fw
policy 'cgroup { "/a" }' 'cgroup "b"' >in-braces.fw
ok "by path: applied" fw apply by-path.fw
tried "by path" 198.51.100.7
fw conn flush >/dev/null
fw stats --reset >/dev/null
tried "by path, IPv6" 2001:db8:77::7
fw conn flush >/dev/null
ok "by number: applied" fw apply by-number.fw
fw stats --reset >/dev/null
tried "by number" 198.51.100.7
ok "in braces, and without the slash" fw check in-braces.fw
policy 'cgroup "/c"' 'cgroup "/b"' >absent.fw
fails "one that is not there" fw apply absent.fw
is "is said by name" "$(fw check absent.fw 2>&1)" "*absent.fw:4:*/c*"

# A socket is of the group that it was made in, whoever sends by it later.
must_apply <by-path.fw
fw stats --reset >/dev/null
ok "made in one, sent from another" bash -c "
	echo \$\$ >$root/a/cgroup.procs
	exec ip netns exec gw python3 -c '
import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
open(\"/proc/self/fd/9\", \"w\").write(str(os.getpid()))
s.sendto(b\"x\", (\"198.51.100.7\", 7))
s.recv(99)' 9>$root/b/cgroup.procs"
is "it is as made" "$(hits a b)" "1 0"
echo $$ >$root/cgroup.procs
rmdir $root/a/below $root/a $root/b
done_testing
