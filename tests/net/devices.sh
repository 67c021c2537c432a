#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Device hooks: frames, before the IP layer and before the queue.
#
#   home h0 ──── lan gw wan ──── net i0       VLAN 5 on h0-lan
#
# Devices that come later, are renamed, or fit a pattern, are bound too.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
route_home
ping1() { on home ping -n -c 1 -W 1 "$@"; }
stopped() { on home ping -n -c 1 -W 0.3 "$@"; }
bad4=192.168.1.66
addr home h0 $bad4/24 fd00:1::66/64

must_apply <<'END'
ingress device lan {
	ether type arp count arps accept
	saddr { 192.168.1.66, fd00:1::66 } drop id bad
	accept
}
END
ip -n home neigh flush all
ok "a good source passes" ping1 198.51.100.7
ok "a good source passes, IPv6" ping1 -I fd00:1::2 2001:db8:77::7
fails "a bad source does not" stopped -I $bad4 198.51.100.7
fails "a bad source does not, IPv6" stopped -I fd00:1::66 2001:db8:77::7
over "ARP passed, counted" "$(counter arps)" 0
over "the rule counted" "$(rule bad hits)" 1
is "a device tree makes no connections" "$(conns)" 0

# There is no table of connections yet, and some commands would look into it.
check_live() { fw explain --live in lan tcp 192.168.1.2:5000 to 198.51.100.7:22 >live.txt && grep -q '^.*accept' live.txt; }
ok "explain --live without a table of connections" check_live
ok "conn count without one" fw conn count
ok "conn flush without one" fw conn flush
must_apply <<'END'
pool p { 192.168.1.11:80; 192.168.1.12:80 }
ingress device lan { accept }
END
ok "a server of a pool that no tree uses is reset without one" fw pool delete p 192.168.1.11:80 --reset
ok "pool list without one" fw pool list p

must_apply <<'END'
egress device wan { daddr 198.51.100.7 drop id out; accept }
END
fails "egress device drops" stopped 198.51.100.7
ok "egress device: another destination passes" ping1 203.0.113.1
over "egress device: counted" "$(rule out hits)" 0

ip -n home link add link h0 name h0.5 type vlan id 5
ip -n gw link add link lan name lan.5 type vlan id 5
ip -n home link set h0.5 up
ip -n gw link set lan.5 up
addr home h0.5 192.168.5.2/24
addr gw lan.5 192.168.5.1/24
must_apply <<'END'
ingress device lan { vlan id 5 drop id five; accept }
END
fails "VLAN 5 is dropped at the parent device" stopped 192.168.5.1
ok "untagged frames pass" ping1 192.168.1.1
over "VLAN: counted" "$(rule five hits)" 0
must_apply <<'END'
ingress device lan { vlan id 6 drop; vlan id 5 ether type arp accept; accept }
END
# What asked in vain for its neighbour is not to end a ping that comes meanwhile.
ip -n home neigh flush dev h0.5
ok "VLAN 5 passes a rule for VLAN 6" ping1 192.168.5.1

# A device that is yet to come.
must_apply <<'END'
ingress device later { drop id later }
END
host third
link third t0 gw later
addr third t0 10.3.0.2/24
addr gw later 10.3.0.1/24
fails "a device that came later is bound" on third ping -n -c 1 -W 0.3 10.3.0.1
over "and its tree counts" "$(rule later hits)" 0
ip -n gw link set later down
ip -n gw link set later name other
ip -n gw link set other up
ok "renamed: it is bound no more" wait_for on third ping -n -c 1 -W 1 10.3.0.1
ip -n gw link set other down
ip -n gw link set other name later
ip -n gw link set later up
fails "renamed back: it is again" on third ping -n -c 1 -W 0.3 10.3.0.1
ip -n gw link del later
link third t0 gw later
addr third t0 10.3.0.2/24
addr gw later 10.3.0.1/24
fails "deleted and made anew: bound" on third ping -n -c 1 -W 0.3 10.3.0.1
must_apply <<'END'
ingress device lat* { drop }
ingress device lan { accept }
END
fails "a pattern binds" on third ping -n -c 1 -W 0.3 10.3.0.1
ok "and not what it does not fit" ping1 192.168.1.1
# Both ways of a device wait for one.
printf '%s device later0 { accept }\n' ingress egress >twice.fw
is "a device that both ways wait for: told once" "$(fw -j apply twice.fw | j "d['waiting']")" later0
# A star in quotes is a letter of the name.
echo 'ingress device "lat*" { drop id star }; ingress { accept }' >star.fw
is "a name with a star of its own: waited for" \
	"$(fw -j apply star.fw | j "d['waiting']")" 'lat\*'
ok "and no pattern" wait_for on third ping -n -c 1 -W 1 10.3.0.1
ip -n gw link set later down
ip -n gw link set later name 'lat*'
ip -n gw link set 'lat*' up
fails "the device of that name is bound" on third ping -n -c 1 -W 0.3 10.3.0.1
over "by the tree of that name" "$(rule star hits)" 0
must_apply <<'END'
ingress device "lat*" { accept }
ingress { daddr addr("lat*") drop id own; accept }
END
host fourth
link fourth f0 gw late2
addr fourth f0 10.4.0.2/24
addr gw late2 10.4.0.1/24
# The first one may wait for the neighbour, which the device had to forget.
fails "addr() of that name" on third ping -n -c 5 -i 0.2 -W 0.3 10.3.0.1
over "which knows its addresses" "$(rule own hits)" 0
ok "and not those of others" on fourth ping -n -c 1 -W 1 10.4.0.1
fw flush >/dev/null
ok "flush unbinds" wait_for on third ping -n -c 1 -W 1 10.3.0.1
done_testing
