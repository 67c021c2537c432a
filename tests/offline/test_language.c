// SPDX-License-Identifier: GPL-2.0
/*
 * The whole language, construct by construct, in the contract's order: each one
 * works. None is passed over.
 *
 * A '^' in a text stands before the place where the error is expected, and is
 * taken out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "parse.h"

enum where { TOP, IN, OUT, DEV };

struct row {
	enum where where;
	const char *text;
};

static const struct row fields[] = {
	{ IN, "iif eth0 accept" }, { IN, "iif wg* accept" },
	{ IN, "iif \"6in4\" accept" }, { IN, "iif \"oif\" accept" },
	{ IN, "iif br-* accept" }, { OUT, "oif { eth0.*, \"mark\" } accept" },
	{ OUT, "iif none accept" }, { OUT, "oif eth0 accept" },
	{ OUT, "oif wg* accept" },
	{ DEV, "ether saddr 02:00:00:00:00:01 accept" },
	{ DEV, "ether daddr 02:00:00:00:00:01 accept" },
	{ DEV, "ether type arp accept" }, { DEV, "ether type 0x86dd accept" },
	{ DEV, "vlan id 7 accept" }, { DEV, "vlan pcp >= 3 accept" },
	{ DEV, "arp op request accept" }, { DEV, "arp saddr 10.0.0.1 accept" },
	{ DEV, "arp daddr 10.0.0.0/8 accept" }, { DEV, "pkttype broadcast accept" },
	{ IN, "family ipv6 accept" }, { IN, "saddr 10.0.0.1 accept" },
	{ IN, "daddr 2001:db8::/32 accept" },
	{ IN, "protocol { tcp, udp, 47 } accept" },
	{ IN, "dscp ef accept" }, { IN, "ttl < 5 accept" },
	{ IN, "length > 1500 accept" },
	{ IN, "fragment accept" }, { IN, "fragment no accept" },
	{ IN, "fragment == yes accept" },
	{ IN, "sport 1-1023 accept" }, { IN, "dport { 80, https } accept" },
	{ IN, "tcp sport 1 tcp dport 22 accept" },
	{ IN, "udp sport 1 udp dport 53 accept" },
	{ IN, "sctp sport 1 sctp dport 2 accept" }, { IN, "tcp flags syn accept" },
	{ IN, "dccp sport 1 dccp dport 2 accept" },
	{ IN, "udplite sport 1 udplite dport 2 accept" },
	{ IN, "tcp seq 1 tcp ack 2 tcp window 3 accept" },
	{ IN, "tcp option mss < 536 accept" },
	{ IN, "icmp type echo-request icmp code 0 icmp id 7 accept" },
	{ IN, "icmpv6 type echo-reply icmpv6 code 0 icmpv6 id 7 accept" },
	{ IN, "ct state { new, related, established, invalid, untracked } accept" },
	{ IN, "ct status snat accept" }, { IN, "ct status { snat, dnat } accept" },
	{ OUT, "iif lo ct status dnat accept" }, { OUT, "ct status != dnat accept" },
	{ IN, "ct direction reply accept" },
	{ IN, "ct mark 1 accept" },
	{ IN, "ct original saddr 10.0.0.1 accept" },
	{ IN, "ct original daddr 10.0.0.1 accept" },
	{ IN, "ct original ip saddr 10.0.0.1 accept" },
	{ IN, "ct original ip6 daddr ::1 accept" },
	{ IN, "ct original protocol tcp accept" },
	{ IN, "ct original sport 1 accept" },
	{ IN, "ct original dport 1 accept" },
	{ IN, "ct original tcp sport 1 accept" },
	{ IN, "ct original udp dport 1 accept" },
	{ IN, "route oif { eth0, wg*, none } accept" },
	{ OUT, "route oif == oif accept" },
	{ IN, "not route type { local, unicast, broadcast, multicast, unreachable, none } accept" },
	{ IN, "route nexthop { 10.0.0.1, fe80::/10, none } accept" },
	{ IN, "route nexthop == daddr accept" },
	{ IN, "route saddr != 10.0.0.1 route saddr addr(eth0) accept" },
	{ IN, "route reverse != iif accept" }, { OUT, "route reverse none accept" },
	{ IN, "route nexthop . route oif none . { eth0, none } accept" },
	{ IN, "mark 7 accept" }, { IN, "priority 7 accept" },
	{ OUT, "uid { root, 1000-1999 } accept" }, { OUT, "gid 0 gid != root accept" },
	{ OUT, "cgroup { 5, 8589934599 } accept" },
	{ IN, "bpf \"tcp port 80\" accept" },
	{ DEV, "bpf != { \"arp\", \"ether[0] & 1 != 0\" } not bpf \"ip6\" accept" },
	{ OUT, "bpf \"ip[8] < 5\" mark 7 accept" },
	/* nftables' words */
	{ IN, "iifname eth0 accept" }, { OUT, "oifname eth0 meta iifname lo accept" },
	{ OUT, "meta oifname eth0 accept" }, { IN, "meta iif eth0 accept" },
	{ IN, "ip saddr 10.0.0.1 ip daddr 10.0.0.2 accept" },
	{ IN, "ip6 saddr ::1 ip6 daddr ::2 accept" },
	{ IN, "th sport 1 th dport 2 accept" },
	{ IN, "meta mark 1 meta priority 2 accept" }, { IN, "meta l4proto tcp accept" },
	{ IN, "meta nfproto ipv6 accept" }, { DEV, "meta protocol arp accept" },
	{ IN, "ip protocol tcp ip ttl 5 ip dscp cs1 ip length 60 accept" },
	{ IN, "ip6 nexthdr tcp ip6 hoplimit 5 ip6 dscp cs1 hoplimit 5 accept" },
	{ IN, "meta length 60 accept" }, { DEV, "meta pkttype host accept" },
	{ DEV, "arp operation reply accept" },
	{ IN, "tcp sequence 1 tcp ackseq 2 accept" },
	{ OUT, "meta skuid 0 meta skgid 0 accept" },
};

static const struct row matches[] = {
	{ IN, "dport == 80 accept" }, { IN, "dport != 80 accept" },
	{ IN, "dport < 80 dport <= 80 dport > 1 dport >= 1 accept" },
	{ IN, "saddr > 10.0.0.1 accept" },
	{ IN, "saddr . dport 10.0.0.1 . 80 accept" },
	{ IN, "protocol . dport { tcp . { 80, 443 }, udp . 1-9 } accept" },
	{ IN, "sport == dport saddr != daddr accept" },
	{ IN, "sport < dport accept" },
	{ OUT, "saddr >= daddr tcp sport <= dport accept" },
	{ IN, "mark & 0xf0 == 0x10 accept" },
	{ IN, "tcp flags & { syn, ack } != syn accept" },
	{ IN, "tcp flags & { syn, fin } == { syn, fin } tcp flags & { syn, fin } != 0 accept" },
	{ IN, "tcp flags . dport & { syn, ack } . 0xff == { 0x12 . 80, syn . 81 } accept" },
	{ IN, "daddr & ::ffff:ffff:ffff:ffff == ::10 accept" },
	{ TOP, "set a : addr {}\n"
	  "ingress { ip saddr & 255.0.0.0 == { @a, 10.0.0.0 } accept; drop }" },
	/* an interface of that name */
	{ IN, "iif vmap { drop }" }, { IN, "iif { vmap, eth0 } {\nudp dport 9 drop\n}" },
	{ IN, "iif vmap { dnat to 10.0.0.1:80 accept }" },
	{ IN, "iif != vmap { saddr . dport 10.0.0.1 . 22 accept }" },
	{ IN, "not iif lo accept" }, { IN, "not { iif lo dport 80 } accept" },
	{ IN, "not { not iif lo } not not dport 80 accept" },
	{ IN, "saddr { 10.0.0.1, 10.0.0.5-10.0.0.9, 10.1.0.0/16, fd00::/8 } accept" },
	{ IN, "saddr 10.0.0.1, 10.0.0.2 accept" },
	{ IN, "daddr addr(eth0) saddr net(\"6in4\") accept" },
	{ IN, "daddr { addr(eth0), 10.0.0.1 } accept" },
	{ IN, "daddr { addr(eth*), net(\"w*\") } accept" },
	{ DEV, "daddr addr(eth0) not saddr net(wg*) accept" },
	{ TOP, "set a : addr { elements = { net(eth0) } }\n"
	  "egress device eth1 { saddr != @a drop; accept }" },
	{ IN, "saddr . dport addr(eth0) . 80 accept" },
	{ IN, "saddr . dport net(eth0) . 80 accept" },
	{ IN, "saddr @resolvers accept" },
	{ IN, "iif lo limit 4/minute accept" },
	{ IN, "limit rate over 1M/second burst 4k accept" },
	{ IN, "limit 10/hour burst 4 by saddr/32/64 . dport accept" },
	{ IN, "ct count by saddr > 10 drop; accept" },
	{ IN, "tcp dport 22 ct count by saddr/32/64 <= 3 accept" },
	{ OUT, "ct count by ip saddr/24 . dport >= 10 ct count by daddr < 99 accept" },
	{ IN, "ct count by ip6 saddr/56 > 100 drop" },
	{ IN, "ct count by saddr > 1G drop; accept" },
	{ IN, "quota over 10M accept" }, { IN, "quota 500 accept" },
	{ IN, "random 1/3 accept" },
	{ IN, "node geo { country = de, max 10k, age 5m; from fd00::/8, strict } accept" },
	{ DEV, "node geo not node \"6geo\" { x \"a text\" } accept" },
};

static const struct row flow[] = {
	{ IN, "select iif { lo -> accept; { eth0, wg* } -> drop; default -> reject }" },
	{ IN, "select protocol . dport { tcp . 443 -> accept; udp . { 1, 2 } -> drop }" },
	{ IN, "select saddr { addr(eth0) -> accept; 10.0.0.0/8 -> { drop } }" },
	{ IN, "select fragment { yes -> drop }" },
	{ IN, "select ct state { new -> accept }" },
	{ IN, "select ct mark { 1 -> accept }" },
	{ IN, "select route type { local -> accept; { broadcast, multicast } -> drop }" },
	{ IN, "select route nexthop { none -> accept; 10.0.0.0/8 -> drop }" },
	{ IN, "select saddr . dport { addr(eth0) . 1 -> accept }" },
	{ IN, "select node geo { a = b } { de, 7 -> accept; default -> drop }" },
	{ IN, "select iif { lo -> limit 1/second accept }" },
	{ IN, "split random { 1 -> set mark 1; 9 -> set mark 7 }" },
	{ IN, "split round-robin { 1 -> accept }" },
	{ IN, "split hash saddr/24 . dport { 1 -> accept }" },
	{ IN, "accept" }, { IN, "drop" }, { IN, "reject" },
	{ DEV, "iif lo drop" }, { DEV, "reject with admin-prohibited" },
	{ IN, "reject with tcp-reset" }, { IN, "reject with port-unreachable" },
	{ IN, "reject with host-prohibited" }, { OUT, "reject with admin-prohibited" },
	{ IN, "queue 3" }, { OUT, "iif lo queue 65535 bypass" },
	{ IN, "iif lo goto t" }, { IN, "call t" }, { IN, "jump t" },
	{ IN, "iif lo { dport 1 accept\n dport 2 drop }" },
	{ IN, "iif lo accept id x comment \"why\"" },
	{ IN, "iif lo accept id \"6in4\"\ndport 1 accept id \"a: b\"" },
};

static const struct row modifiers[] = {
	{ OUT, "snat to 10.0.0.1 accept" }, { OUT, "snat to 10.0.0.1-10.0.0.9 accept" },
	{ OUT, "snat to 10.0.0.0/24 accept" },
	{ OUT, "snat to 10.0.0.1:1000-2000 random accept" },
	{ OUT, "snat to [2001:db8::1]:1000 accept" },
	{ OUT, "snat to addr(eth0) accept" }, { OUT, "snat to addr(eth0):1-9 accept" },
	{ OUT, "snat to :1000 accept" },
	{ OUT, "snat to 10.0.0.1-10.0.0.9 persistent accept" },
	{ OUT, "snat to 10.0.0.1 endpoint-independent accept" },
	{ OUT, "masquerade accept" }, { OUT, "masquerade random accept" },
	{ OUT, "masquerade to :1000-2000 accept" },
	{ OUT, "masquerade persistent accept" },
	{ OUT, "oif eth0 masquerade endpoint-independent random accept" },
	{ IN, "dnat to 10.0.0.1 accept" }, { IN, "dnat to 10.0.0.1:80 accept" },
	{ IN, "dnat to 192.168.10.9:4000-4010 random accept" },
	{ OUT, "dnat to fd00::1 accept" }, { IN, "dnat to 240.0.0.1-240.0.0.9 accept" },
	{ IN, "dnat to addr(eth0) accept" }, { IN, "dnat to addr(eth0):80 accept" },
	{ IN, "dnat to :80 accept" }, { IN, "dnat to 10.0.0.0/24 persistent accept" },
	{ IN, "redirect accept" }, { IN, "redirect to :80 accept" },
	{ OUT, "redirect to :8000-8010 random accept" },
	{ IN, "netmap to 10.0.0.0/24 accept" },
	{ OUT, "netmap to 2001:db8:1::/48 accept" },
	{ TOP, "pool web { 10.0.0.1 }\ningress { balance @web or reject accept }\n"
	  "egress { balance @web persistent or reject with host-prohibited accept }" },
	{ TOP, "pool web { 10.0.0.1 }\ningress { balance @web reject }" },
	{ TOP, "pool or { 10.0.0.1 }\ningress { balance @or or reject accept id or }" },
	{ TOP, "pool web { 10.0.0.1 }\ningress { balance @web persistent accept }\n"
	  "egress { balance @web accept }" },
	{ IN, "set mark 7 accept" }, { IN, "set meta mark 0xff accept" },
	{ DEV, "set mark 7 accept" },
	{ IN, "set mark ct mark accept" }, { OUT, "set ct mark mark accept" },
	{ IN, "set ct mark 7 accept" }, { IN, "iif lo set dscp ef accept" },
	{ IN, "set dscp 46 set ttl 64 accept" }, { DEV, "set ip dscp cs1 accept" },
	{ OUT, "set priority 3 set priority mark set mark tcp sport accept" },
	{ IN, "set mss 1400 accept" }, { DEV, "set mss 1400 set ttl 1 accept" },
	{ DEV, "set vlan 7 accept" }, { DEV, "set vlan id 0 set mark vlan id accept" },
	{ OUT, "mss clamp accept" }, { IN, "mss clamp notrack" },
	{ IN, "log" }, { IN, "log \"x \" drop" },
	{ IN, "log prefix \"x \" drop" },
	{ IN, "log \"x \" group 3 drop" }, { IN, "log group 65535 drop" },
	{ IN, "count web" }, { IN, "counter accept" },
	{ IN, "notrack accept" }, { IN, "modify geo { a = b } accept" },
};

static const struct row declarations[] = {
	{ TOP, "set a : addr { interval; elements = { 10.0.0.0/8, 2001:db8::1 } }" },
	{ TOP, "set a : port { elements = { 80, https, 1000-2000 } }" },
	{ TOP, "set a : protocol { elements = { tcp } }\n"
	  "set b : ifname { elements = { eth0, wg* } }" },
	{ TOP, "set a : mac { elements = { 02:00:00:00:00:01 } }\n"
	  "set b : mark { elements = { 7 } }" },
	{ TOP, "set a : addr . protocol . port { elements = { 10.0.0.1 . tcp . 80 } }" },
	{ TOP, "set a : addr { elements file \"tests/offline/policies/good/list.txt\" }" },
	{ TOP, "set a : addr . port { elements file \"tests/offline/policies/good/pairs.txt\" }" },
	{ TOP, "set a : addr { timeout 1h }" }, { TOP, "set a : addr { max 64k }" },
	{ TOP, "set a : addr { elements = { 10.0.0.1, example.org } }" },
	{ TOP, "set a : addr . port { elements = { \"a.example\" . 80 } }" },
	{ TOP, "set a : addr { elements = { @b } }\nset b : addr {}" },
	{ TOP, "set a : addr { elements = { addr(eth0), net(wg*) } }" },
	{ TOP, "set a : addr . port { elements = { addr(eth0) . 80, @b . @c } }\n"
	       "set b : addr {}\nset c : port {}" },
	{ TOP, "map m : port -> addr . port { elements = { 80 -> 10.0.0.1 . 81 } }\n"
	  "ingress { dnat to @m accept\n dnat to tcp dport map @m accept\n accept }" },
	{ TOP, "map m : port -> addr { elements file \"tests/offline/policies/good/map.txt\" }\n"
	  "ingress { dnat to dport map @m:8000-8010 random accept\n accept }" },
	{ TOP, "map m : addr . protocol . port -> port { timeout 1h; max 9 }\n"
	  "ingress { dnat to @m accept\n accept }" },
	{ TOP, "map m : addr -> addr\negress { snat to @m accept\n"
	  "snat to saddr/24/64 map @m:1024-2047 accept\n accept }" },
	{ TOP, "map m : mac . ifname -> mark { elements = { 02:00:00:00:00:01 . wg* -> 7 } }\n"
	  "ingress device eth0 { set mark ether saddr . iif map @m\n"
	  " set priority ether saddr . iif map @m accept\n accept }" },
	{ TOP, "map m : addr -> tree { elements = { 10.0.0.1 -> a, 10.0.0.0/8 -> \"b c\" } }\n"
	  "tree a { accept }\ntree \"b c\" { drop }\n"
	  "ingress { goto @m\n call saddr map @m\n accept }" },
	{ TOP, "map m : mark -> mark\ningress { set ct mark @m accept\n accept }" },
	{ TOP, "pool w { scheduler maglev; health passive; 10.0.0.1:80 weight 3;\n"
	  "[fd00::1]:http }" },
	{ TOP, "pool a { scheduler round-robin; 10.0.0.1 }\npool b { scheduler random; fd00::1 }" },
	{ TOP, "pool a { scheduler least-conn; 10.0.0.1:8000-8010; 10.0.0.1:9000 }\n"
	  "pool b { scheduler source-hash; 10.0.0.1 weight 65535 }" },
	{ TOP, "define a = 10.0.0.1, fd00::1\ntree x { saddr $a drop }" },
	{ TOP, "include \"tests/offline/policies/good/nothing-*.inc\"" },
	{ TOP, "egress { accept }\negress device eth0 { accept }" },
	{ TOP, "ingress device eth0, vnet*, \"6in4\" { accept }" },
	{ TOP, "ingress device \"a*\" { accept }\ningress device a* { drop }" },
	{ TOP, "option conn-max 64k" }, { TOP, "option conn-max 100000" },
	{ TOP, "option conn-adaptive-start 10; option conn-adaptive-end 20" },
	{ TOP, "option conn-adaptive-start 0" },
	{ TOP, "option conn-max-per-source 5" },
	{ TOP, "option timeout tcp-syn-sent 5s\noption timeout tcp-syn-recv 5s" },
	{ TOP, "option timeout tcp-established 7440s\noption timeout tcp-fin-wait 1m" },
	{ TOP, "option timeout tcp-close-wait 1m\noption timeout tcp-last-ack 30s" },
	{ TOP, "option timeout tcp-time-wait 2m\noption timeout tcp-close 10s" },
	{ TOP, "option timeout udp 30s\noption timeout udp-stream 2m" },
	{ TOP, "option timeout icmp 30s\noption timeout other 10m" },
	{ TOP, "option timeout tcp-established 12d" },
	{ TOP, "option tcp-loose off" }, { TOP, "option tcp-loose on" },
	{ TOP, "option adopt 0s" },
	{ TOP, "option adopt 60s" },
	{ TOP, "option revalidate strict" }, { TOP, "option revalidate off" },
	{ TOP, "option revalidate on" }, { TOP, "option counters on" },
	{ TOP, "option evaluate per-connection" },
	{ TOP, "option evaluate per-packet" },
	{ TOP, "option counters off" }, { TOP, "option log-rate 100/second" },
	{ TOP, "option answer-rate 6000/minute" },
	{ TOP, "option event-rate 5000/second" },
	{ TOP, "option log-rate 10/minute; option answer-rate 1/day" },
	{ TOP, "option nat-ports 1024-65535" },
	{ TOP, "option hairpin on" }, { TOP, "option hairpin off" },
};

#define DIGIT_NAME "names that begin with a digit are quoted"
#define DIGIT_UNIT "durations end in ms, s, m, h or d, sizes in k, M, G or T; " DIGIT_NAME

#define NO_SERVER "a server is one host, and this address is a group's, a broadcast or none"
#define NO_HOST(what, whose) "'" what "' takes an address that one host has, and this is " whose \
	": no answer would come from it, or to it"

/* Other errors, whole: what stands where it can't, and what was meant */
static const struct {
	enum where where;
	const char *text;
	const char *message;
	const char *hint;
} misplaced[] = {
	{ IN, "iif lo ^masquerade accept", "there is no 'masquerade' in 'ingress'",
	  "it belongs in 'egress'" },
	{ IN, "^snat to 10.0.0.1 accept", "there is no 'snat' in 'ingress'",
	  "it belongs in 'egress'" },
	{ DEV, "^dnat to 10.0.0.1 accept", "there is no 'dnat' in 'ingress device'",
	  "it belongs in 'ingress', or in 'egress' for local traffic" },
	{ DEV, "^masquerade accept", "there is no 'masquerade' in 'ingress device'",
	  "it belongs in 'egress'" },
	{ DEV, "^redirect to :80 accept", "there is no 'redirect' in 'ingress device'",
	  "it belongs in 'ingress', or in 'egress' for local traffic" },
	{ IN, "^redirect endpoint-independent accept",
	  "'endpoint-independent' is of 'snat' and 'masquerade': it says how a source is shown",
	  "'persistent' may be meant" },
	{ IN, "netmap to ^10.0.0.1 accept", "'netmap' takes a prefix", "as in 10.0.0.0/24" },
	{ IN, "netmap to ^10.0.0.1-10.0.0.2 accept", "'netmap' takes a prefix",
	  "as in 10.0.0.0/24" },
	{ OUT, "netmap to ^addr(eth0) accept",
	  "'netmap' takes a prefix, and this is an interface's",
	  NULL },
	{ IN, "dnat to ^net(eth0) accept",
	  "'dnat' takes an address, and this is an interface's subnet", "'addr()' is meant" },
	{ IN, "ct status ^2 accept", "'ct status' takes snat or dnat, and this is a number", NULL },
	{ DEV, "^netmap to 10.0.0.0/24 accept", "there is no 'netmap' in 'ingress device'",
	  "it belongs in 'ingress' or 'egress'" },
	{ DEV, "^balance @w accept", "there is no 'balance' in 'ingress device'",
	  "it belongs in 'ingress', or in 'egress' for local traffic" },
	{ TOP, "pool ^w { scheduler maglev }", "pool 'w' has no server", NULL },
	{ TOP, "pool w { 10.0.0.1^, 10.0.0.2 }",
	  "unexpected ',', expected ':', 'weight' or the end of the statement", NULL },
	{ TOP, "pool w { 10.0.0.1; ^10.0.0.2:80 weight 0 }",
	  "a server of weight 0 would be given nothing",
	  "leave it out, or take it out of the running pool: fwctl pool drain" },
	{ TOP, "pool w { ^10.0.0.2 weight 65536 }", "a weight is 1 to 65535", NULL },
	{ TOP, "pool w { ^10.0.0.2:0 }", "port 0 is none to lead to", NULL },
	{ TOP, "pool w { ^a.example:80 }", "a server of a pool is an address",
	  "a name may mean another machine tomorrow" },
	{ TOP, "pool w { 10.0.0.1; ^224.0.0.1:80 }", NO_SERVER, NULL },
	{ TOP, "pool w { ^255.255.255.255 weight 2 }", NO_SERVER, NULL },
	{ TOP, "pool w { ^[ff02::1]:80; fd00::1 }", NO_SERVER, NULL },
	{ TOP, "pool w { ^0.0.0.0 }", NO_SERVER, NULL },
	{ TOP, "pool w { ^:: }", NO_SERVER, NULL },
	{ IN, "dnat to ^223.0.0.1-240.0.0.1 accept", NO_HOST("dnat", "of a group or a broadcast"),
	  NULL },
	{ IN, "dnat to ^0.0.0.0 accept", NO_HOST("dnat", "nobody's"), NULL },
	{ OUT, "snat to ^0.0.0.0-10.0.0.1 accept", NO_HOST("snat", "nobody's"), NULL },
	{ OUT, "snat to ^::-fd00::1 accept", NO_HOST("snat", "nobody's"), NULL },
	{ IN, "dnat to ^fe00::1-ff02::1 accept", NO_HOST("dnat", "of a group or a broadcast"),
	  NULL },
	{ TOP, "pool w { 10.0.0.2:80; fd00::1; ^10.0.0.2:80 weight 2 }",
	  "this server is there already, in line 1", "'weight' gives it more" },
	{ TOP, "pool web { 10.0.0.1 }\ningress { balance ^@wep accept }",
	  "there is no pool 'wep'", "did you mean 'web'?" },
	{ TOP, "set s : addr { elements = { ::1 } }\ningress { balance ^@s accept }",
	  "'s' is no pool: 'balance' takes one", NULL },
	{ TOP, "pool web { 10.0.0.1 }\ningress { ^balance @web random accept }",
	  "a pool's scheduler says how 'balance' chooses",
	  "'scheduler random' in the pool is meant" },
	{ TOP, "pool web { 10.0.0.1 }\ningress { ^balance @web endpoint-independent accept }",
	  "'endpoint-independent' is of 'snat' and 'masquerade': it says how a source is shown",
	  "'persistent' may be meant" },
	{ DEV, "^notrack accept", "there is no 'notrack' in 'ingress device'",
	  "a device tracks nothing" },
	{ OUT, "snat to ^addr(eth*) accept",
	  "'eth*' is no single interface: which address would it be", NULL },
	{ OUT, "^iif < oif accept", "'<' does not compare these fields: they have no order",
	  NULL },
	{ DEV, "^mss clamp accept", "there is no 'mss clamp' in 'ingress device'",
	  "a device has no routes: 'set mss' is meant" },
	{ DEV, "^set ct mark 1 accept", "there is no 'set ct mark' in 'ingress device'",
	  "a device tracks nothing" },
	{ DEV, "set mark ^ct mark accept", "there is no 'ct mark' in 'ingress device'", NULL },
	{ OUT, "^set vlan 1 accept", "there is no 'set vlan' in 'egress'",
	  "tags are of frames: it belongs in a device's tree" },
	{ DEV, "set vlan ^4095 accept", "'set vlan' goes from 0 to 4094", NULL },
	{ IN, "set ttl ^0 accept", "'set ttl' goes from 1 to 255", NULL },
	{ IN, "set ttl ^256 accept", "256 is out of range: 'ttl' is at most 255", NULL },
	{ IN, "set dscp ^64 accept", "64 is out of range: 'dscp' is at most 63", NULL },
	{ IN, "set mss ^0 accept", "'set mss' goes from 1 to 65535", NULL },
	{ IN, "set mark ^1-2 accept", "'set mark' takes one number", NULL },
	{ IN, "set dscp ^mark accept", "'mark' does not fit in 'dscp', which is at most 63", NULL },
	{ IN, "set mark ^saddr accept", "'set mark' takes a number, and 'saddr' is none", NULL },
	{ IN, "set mark ^sctp sport accept",
	  "'sctp sport' is no field to set another one by: leave out what stands before 'sport', and match it",
	  NULL },
	{ IN, "dnat to 10.0.0.1 ^notrack accept",
	  "what is not tracked can't be translated: there is nothing to translate its answers by",
	  NULL },
	{ TOP, "egress device eth0 { ^reject }", "there is no 'reject' in 'egress device'",
	  "'drop' is what a device can do with what leaves" },
	{ DEV, "^queue 1", "there is no 'queue' in 'ingress device'", NULL },
	{ DEV, "^route type local accept", "there is no 'route type' in 'ingress device'", NULL },
	{ DEV, "^ct mark 1 accept", "there is no 'ct mark' in 'ingress device'", NULL },
	{ DEV, "^ct state new accept", "there is no 'ct state' in 'ingress device'", NULL },
	{ IN, "^uid root accept", "there is no 'uid' in 'ingress'", NULL },
	{ IN, "^oif eth0 accept", "there is no 'oif' in 'ingress'", "'route oif' is meant" },
	{ DEV, "^oif eth0 accept", "there is no 'oif' in 'ingress device'", "" },
	{ TOP, "option ^conn-maximum 5",
	  "unknown option 'conn-maximum'", "did you mean 'conn-max'?" },
	{ TOP, "option ^revalidat off",
	  "unknown option 'revalidat'", "did you mean 'revalidate'?" },
	{ TOP, "option timeout ^tcp-establish 5s", "unknown state 'tcp-establish'",
	  "did you mean 'tcp-established'?" },
	{ TOP, "option conn-max ^15", "'conn-max' can't be that: it goes from 16 to 1073741824",
	  NULL },
	{ IN, "^ct count by saddr == 10 drop", "'ct count' is compared by '>', '>=', '<' or '<='",
	  NULL },
	{ IN, "ct count by saddr >= ^0 drop", "the connection that asks counts too", NULL },
	{ IN, "ct count by saddr > ^2G drop", "there are never so many connections", NULL },
	{ IN, "ct count by ^saddr . daddr . iif . dport > 1 drop",
	  "the joined fields are too long together", NULL },
	{ IN, "not { ^ct count by saddr > 10 } drop", "'ct count' may not stand in 'not'", NULL },
	{ IN, "ct count by saddr > 10 ^dport 22 drop",
	  "'ct count' is asked last on its line", NULL },
	{ DEV, "^ct count by saddr > 10 drop", "there is no 'ct count' in 'ingress device'",
	  "a device tracks nothing" },
	{ TOP, "option conn-adaptive-start 20; option conn-adaptive-end ^20",
	  "conn-adaptive-end must be more than conn-adaptive-start, 20", NULL },
	{ TOP, "option conn-max-per-source ^0",
	  "'conn-max-per-source' can't be that: it goes from 1 to 1073741824", NULL },
	{ TOP, "option timeout udp ^999ms",
	  "'timeout udp' can't be that: it goes from 1s to 12d", NULL },
	{ TOP, "option timeout tcp-established ^30d",
	  "'timeout tcp-established' can't be that: it goes from 1s to 12d", NULL },
	{ TOP, "option timeout udp ^1x", "'1x' is neither a number nor an address",
	  DIGIT_UNIT },
	{ TOP, "option timeout udp ^10sec", "'10sec' is neither a number nor an address",
	  DIGIT_UNIT },
	{ TOP, "option timeout udp ^2Hours", "'2Hours' is neither a number nor an address",
	  DIGIT_UNIT },
	{ IN, "iif ^5g accept", "'5g' is neither a number nor an address", DIGIT_UNIT },
	{ IN, "iif ^5ghz accept", "'5ghz' is neither a number nor an address", DIGIT_NAME },
	{ IN, "iif eth0 goto ^2nd", "'2nd' is neither a number nor an address", DIGIT_NAME },
	{ IN, "iif ^2main accept", "'2main' is neither a number nor an address", DIGIT_NAME },
	{ TOP, "option nat-ports ^0-10",
	  "'nat-ports' can't be that: it goes from 1 to 65535", NULL },
	{ TOP, "option nat-ports 1-^70000",
	  "70000 is out of range: a port is at most 65535", NULL },
	{ TOP, "pool p { ^10.0.0.1:70000 }",
	  "70000 is out of range: a port is at most 65535", NULL },
	/* what would be an interface of that name */
	{ IN, "route reverse ^iif accept", "'iif' is a field, not an interface",
	  "'route reverse == iif' compares them; an interface of that name is quoted" },
	{ IN, "saddr 10.0.0.1 iif ^oif accept", "'oif' is a field, not an interface", NULL },
	{ IN, "iif ^fragment accept", "'fragment' is a field, not an interface",
	  "behind 'iif', an interface called fragment is quoted" },
	/* words that are there, and stand elsewhere */
	{ TOP, "^include x", "unknown word 'include'", "its path is quoted: include \"FILE\"" },
	{ TOP, "set s : addr { timeout 1h }\ningress { add @s { saddr ^timeout 1h } accept }",
	  "unknown word 'timeout'",
	  "it stands behind the braces: add @SET { FIELD } timeout TIME" },
	{ TOP, "pool w { ^10.0.0.0/8 }", "a server is an address", NULL },
	/* what would be another rule's line */
	{ IN, "accept id ^\"12\"", "an id is not written as a line is, '12'",
	  "LINE and FILE:LINE name rules by their lines" },
	{ IN, "accept id ^\"p.fw:12\"", "an id is not written as a line is, 'p.fw:12'", NULL },
	{ IN, "accept id ^\"a:1b\"", "an id is not written as a line is, 'a:1b'", NULL },
	{ IN, "accept id ^\"\"", "an id is not empty", NULL },
	{ IN, "iif ^\"a b\" accept",
	  "'a b' is no interface name: those have 1 to 15 letters, without blanks, '/' and ':'",
	  NULL },
	/* what says a protocol alone */
	{ IN, "^icmp accept", "only the beginning of a field: 'icmp'",
	  "'protocol icmp' is meant, or one of: icmp type, icmp code, icmp id" },
	{ IN, "{ ^udp, tcp } dport 53 accept", "only the beginning of a field: 'udp'",
	  "'protocol { udp, ... }' is meant, or one of: udp sport, udp dport" },
	/* what elsewhere is IPv4, or both families */
	{ IN, "family ^inet accept", "'inet' is not ipv4 or ipv6",
	  "'ipv4' or 'ipv6'; leave the match out for both" },
	{ IN, "meta nfproto ^inet6 accept", "'inet6' is not ipv4 or ipv6",
	  "'ipv4' or 'ipv6'; leave the match out for both" },
	{ IN, "protocol ^icmp6 accept", "'icmp6' is not a protocol", "'icmpv6' is meant" },
	/* words of others */
	{ IN, "^proto tcp accept", "unknown word 'proto'", "'protocol' asks for it" },
	{ IN, "saddr ^any accept", "'saddr' takes an address, and this is a word",
	  "any at all: leave the match out" },
	{ IN, "accept ^quick", "unknown word 'quick'", "leave it out: the first verdict decides" },
	{ IN, "saddr ^!10.0.0.1 accept", "unexpected '!'",
	  "'!=' behind a field, or 'not' before it" },
	{ IN, "^DROP", "unknown word 'DROP'", "in small letters: 'drop'" },
	{ TOP, "^forward { accept }", "unknown word 'forward'",
	  "a hook is 'ingress' or 'egress'; what is forwarded passes both" },
	/* nftables' words that are said in another way */
	{ IN, "tcp dport ^vmap { 22 : accept, 23 : drop }", "unknown word 'vmap'",
	  "'select FIELD { VALUE -> VERDICT }' says it" },
	{ IN, "iif ^vmap { lo : accept, eth0 : drop }", "unknown word 'vmap'",
	  "'select FIELD { VALUE -> VERDICT }' says it" },
	{ IN, "saddr . dport ^vmap {\n10.0.0.1 . 22 : drop }", "unknown word 'vmap'",
	  "'select FIELD { VALUE -> VERDICT }' says it" },
	{ IN, "saddr ^vmap @m", "unknown word 'vmap'",
	  "'select FIELD { VALUE -> VERDICT }' says it" },
	{ IN, "meta mark ^set 5 accept", "'set' stands before what it changes",
	  "as in: set mark 5, set ct mark 5" },
	{ IN, "ct mark ^set 5", "'set' stands before what it changes",
	  "as in: set mark 5, set ct mark 5" },
	{ IN, "limit rate 5/second burst 10 ^packets accept", "unknown word 'packets'",
	  "leave it out: a burst is of what the rate is of, a counter has no numbers" },
	{ IN, "counter ^packets 0 bytes 0 accept", "unknown word 'packets'",
	  "leave it out: a burst is of what the rate is of, a counter has no numbers" },
	{ TOP, "option tcp-loose ^strict", "the option 'tcp-loose' wants one of: on off", NULL },
	{ IN, "saddr & 255.0.0.0 == ^addr(eth0) accept",
	  "an interface's addresses are asked without a mask", NULL },
	{ IN, "tcp flags & { syn, fin } == { ^0, syn } accept",
	  "behind a mask a list of flags is all of them at once",
	  "for one or the other write two rules" },
	{ IN, "tcp flags . dport & { syn, ack } . 0xffff != ^{ syn, ack } . 80 accept",
	  "a list of flags is not joined behind a mask", "as a number, 0x12 is syn and ack" },
	{ TOP, "set a : addr { elements = { 10.0.0.1, ^@a } }",
	  "set 'a' would be in itself", NULL },
	{ TOP, "set a : addr { elements = { ^@b } }", "there is no set 'b'", NULL },
	{ TOP, "set a : addr { elements = { ^@b } }\nset b : port {}",
	  "set 'b' is of another type", NULL },
	{ TOP, "set a : port { elements = { ^net(eth0) } }",
	  "addr() and net() are of type 'addr'", NULL },
	{ TOP, "set a : addr . port { elements = { ^addr(eth0) . 80 . 1 } }",
	  "2 types are joined, and this value has 3 parts", NULL },
	{ TOP, "set a : addr { elements = { addr(eth0) } }\n"
	       "ingress { ip saddr & 255.0.0.0 == ^@a accept; drop }",
	  "set 'a' has more than values in it: it is asked without a mask", NULL },
	{ TOP, "set a : addr { elements file ^\"/nonexistent/x\" }",
	  "cannot read /nonexistent/x: No such file or directory", NULL },
};

/* The policy around a text, and where the error stands in it */
static void wrap(enum where where, const char *text, char *out, size_t size,
		 u32 *line, u32 *column)
{
	static const char *const head[] = {
		"", "ingress {\n", "egress {\n", "ingress device eth0 {\n",
	};
	static const char *const tail[] = { "\n", "\ndrop\n}\n", "\ndrop\n}\n", "\ndrop\n}\n" };
	const char *at = strchr(text, '^'), *p;
	int n = snprintf(out, size, "%s", head[where]);

	n += snprintf(out + n, size - (size_t)n, "%.*s", at ? (int)(at - text) : 1000, text);
	*line = *column = 1;
	for (p = out; *p; p++) {
		*line += *p == '\n';
		*column = *p == '\n' ? 1 : *column + 1;
	}
	snprintf(out + n, size - (size_t)n, "%s%s%s", at ? at + 1 : "", tail[where],
		 strstr(text, " t") ? "tree t {\nmark 1 accept\ndrop\n}\n" : "");
}

/* Whether the one error of @text is @message, or there is none, as expected */
static bool as_expected(enum where where, const char *text, const char *message,
			const char *hint)
{
	struct fwt_policy_ast *ast;
	struct fwt_blob blob = { 0 };
	struct fwt_diag diag;
	const struct fwt_diag_entry *e;
	char policy[1024];
	u32 line, column;
	bool ok;

	wrap(where, text, policy, sizeof(policy), &line, &column);
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t", policy, strlen(policy), &diag, NULL);
	assert_non_null(ast);
	fwt_compile(ast, &diag, &(struct fwt_compile_opts){ .no_warnings = true }, &blob);
	e = diag.entries;
	ok = diag.errors == !!message && !!blob.data == !message;
	if (ok && message)
		ok = e->severity == FWT_ERROR && !strcmp(e->message, message) &&
		     e->line == line && e->column == column &&
		     (!hint || !strcmp(e->hint ? e->hint : "", hint));
	if (!ok) {
		fprintf(stderr, "%s\nexpected at %u:%u: %s\n", policy, line, column,
			message ? message : "nothing");
		fwt_diag_print(&diag, stderr);
	}
	fwt_blob_free(&blob);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return ok;
}

static void rows(const struct row *row, size_t n)
{
	u32 failed = 0;

	for (; n--; row++)
		failed += !as_expected(row->where, row->text, NULL, NULL);
	assert_int_equal(failed, 0);
}

static void test_fields(void **state)
{
	(void)state;
	rows(fields, ARRAY_SIZE(fields));
}

static void test_matches(void **state)
{
	(void)state;
	rows(matches, ARRAY_SIZE(matches));
}

static void test_flow(void **state)
{
	(void)state;
	rows(flow, ARRAY_SIZE(flow));
}

static void test_modifiers(void **state)
{
	(void)state;
	rows(modifiers, ARRAY_SIZE(modifiers));
}

static void test_declarations(void **state)
{
	(void)state;
	rows(declarations, ARRAY_SIZE(declarations));
}

static void test_misplaced(void **state)
{
	u32 failed = 0, i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(misplaced); i++)
		failed += !as_expected(misplaced[i].where, misplaced[i].text,
				       misplaced[i].message, misplaced[i].hint);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields), cmocka_unit_test(test_matches),
		cmocka_unit_test(test_flow), cmocka_unit_test(test_modifiers),
		cmocka_unit_test(test_declarations), cmocka_unit_test(test_misplaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
