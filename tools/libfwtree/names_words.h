/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of each class of values: X("word", number). The first word of a
 * number is the one printed back. Included by names.c alone.
 */
#ifndef FWT_NAMES_WORDS_H
#define FWT_NAMES_WORDS_H

/* IANA protocol-numbers; the names of /etc/protocols */
#define FWT_WORDS_PROTOCOL(X)						\
	X("icmp", 1) X("igmp", 2) X("ipip", 4) X("ipencap", 4)		\
	X("tcp", 6) X("egp", 8) X("igp", 9) X("udp", 17) X("dccp", 33)	\
	X("ipv6", 41) X("ipv6-route", 43) X("ipv6-frag", 44)		\
	X("rsvp", 46) X("gre", 47) X("esp", 50) X("ah", 51)		\
	X("icmpv6", 58) X("ipv6-icmp", 58) X("ipv6-nonxt", 59)		\
	X("ipv6-opts", 60) X("eigrp", 88) X("ospf", 89) X("pim", 103)	\
	X("ipcomp", 108) X("comp", 108) X("vrrp", 112) X("l2tp", 115)	\
	X("sctp", 132) X("udplite", 136) X("ethernet", 143)

/*
 * So that a policy means the same on a machine without /etc/services, such as
 * an initramfs, and the usual names cost no look-up in files.
 */
#define FWT_WORDS_PORT(X)						\
	X("tcpmux", 1) X("echo", 7) X("discard", 9) X("daytime", 13)	\
	X("ftp-data", 20) X("ftp", 21) X("ssh", 22) X("telnet", 23)	\
	X("smtp", 25) X("time", 37) X("whois", 43) X("tacacs", 49)	\
	X("domain", 53) X("dns", 53) X("bootps", 67) X("bootpc", 68)	\
	X("tftp", 69) X("gopher", 70) X("finger", 79) X("http", 80)	\
	X("kerberos", 88) X("pop3", 110) X("sunrpc", 111)		\
	X("auth", 113) X("nntp", 119) X("ntp", 123)			\
	X("epmap", 135) X("netbios-ns", 137) X("netbios-dgm", 138)	\
	X("netbios-ssn", 139) X("imap2", 143) X("imap", 143)		\
	X("snmp", 161) X("snmp-trap", 162) X("snmptrap", 162)		\
	X("bgp", 179) X("irc", 194) X("ldap", 389) X("https", 443)	\
	X("microsoft-ds", 445) X("submissions", 465) X("isakmp", 500)	\
	X("syslog", 514) X("rtsp", 554) X("dhcpv6-client", 546)		\
	X("dhcpv6-server", 547) X("nntps", 563) X("submission", 587)	\
	X("ipp", 631) X("ldaps", 636) X("domain-s", 853)		\
	X("rsync", 873) X("ftps-data", 989) X("ftps", 990)		\
	X("telnets", 992) X("imaps", 993) X("pop3s", 995)		\
	X("socks", 1080) X("openvpn", 1194) X("ms-sql-s", 1433)		\
	X("l2f", 1701) X("l2tp", 1701) X("radius", 1812)		\
	X("radius-acct", 1813) X("mqtt", 1883) X("nfs", 2049)		\
	X("stun", 3478) X("mysql", 3306) X("svn", 3690)			\
	X("ipsec-nat-t", 4500) X("sip", 5060) X("sip-tls", 5061)	\
	X("xmpp-client", 5222) X("xmpp-server", 5269)			\
	X("mdns", 5353) X("postgresql", 5432) X("amqp", 5672)		\
	X("x11", 6000) X("redis", 6379) X("ircs-u", 6697)		\
	X("git", 9418) X("http-alt", 8080) X("mqtts", 8883)

/* IANA icmp-parameters; nftables' names */
#define FWT_WORDS_ICMP_TYPE(X)						\
	X("echo-reply", 0) X("destination-unreachable", 3)		\
	X("source-quench", 4) X("redirect", 5) X("echo-request", 8)	\
	X("router-advertisement", 9) X("router-solicitation", 10)	\
	X("time-exceeded", 11) X("parameter-problem", 12)		\
	X("timestamp-request", 13) X("timestamp-reply", 14)		\
	X("info-request", 15) X("info-reply", 16)			\
	X("address-mask-request", 17) X("address-mask-reply", 18)

/* Of destination-unreachable, mostly: what a policy asks for by name */
#define FWT_WORDS_ICMP_CODE(X)						\
	X("net-unreachable", 0) X("host-unreachable", 1)		\
	X("prot-unreachable", 2) X("protocol-unreachable", 2)		\
	X("port-unreachable", 3)					\
	X("frag-needed", 4) X("fragmentation-needed", 4)		\
	X("net-prohibited", 9) X("host-prohibited", 10)			\
	X("admin-prohibited", 13)

/* IANA icmpv6-parameters; nftables' names and the language's own */
#define FWT_WORDS_ICMPV6_TYPE(X)					\
	X("destination-unreachable", 1) X("packet-too-big", 2)		\
	X("time-exceeded", 3) X("parameter-problem", 4)			\
	X("echo-request", 128) X("echo-reply", 129)			\
	X("mld-listener-query", 130) X("mld-listener-report", 131)	\
	X("mld-listener-done", 132) X("mld-listener-reduction", 132)	\
	X("nd-router-solicit", 133) X("nd-router-advert", 134)		\
	X("nd-neighbor-solicit", 135) X("nd-neighbor-advert", 136)	\
	X("nd-redirect", 137) X("router-renumbering", 138)		\
	X("ind-neighbor-solicit", 141) X("ind-neighbor-advert", 142)	\
	X("mld2-listener-report", 143)

#define FWT_WORDS_ICMPV6_CODE(X)					\
	X("no-route", 0) X("admin-prohibited", 1) X("beyond-scope", 2)	\
	X("addr-unreachable", 3) X("port-unreachable", 4)		\
	X("policy-fail", 5) X("reject-route", 6)

#define FWT_WORDS_ETHER_TYPE(X)						\
	X("ip", 0x0800) X("ipv4", 0x0800) X("arp", 0x0806)		\
	X("vlan", 0x8100) X("8021q", 0x8100) X("ip6", 0x86dd)		\
	X("ipv6", 0x86dd) X("mpls", 0x8847) X("mpls-multicast", 0x8848)	\
	X("pppoe-discovery", 0x8863) X("pppoe", 0x8864)			\
	X("eapol", 0x888e) X("qinq", 0x88a8) X("8021ad", 0x88a8)	\
	X("lldp", 0x88cc) X("macsec", 0x88e5) X("ptp", 0x88f7)

#define FWT_WORDS_ARP_OP(X)						\
	X("request", 1) X("reply", 2) X("rrequest", 3) X("rreply", 4)	\
	X("inrequest", 8) X("inreply", 9) X("nak", 10)

/* <linux/if_packet.h>; nftables says host and unicast for the same */
#define FWT_WORDS_PKTTYPE(X)						\
	X("host", 0) X("unicast", 0) X("broadcast", 1)			\
	X("multicast", 2) X("other", 3) X("otherhost", 3)

/* RFC 2474, 2597, 3246, 5865, 8622 */
#define FWT_WORDS_DSCP(X)						\
	X("cs0", 0) X("be", 0) X("df", 0) X("le", 1) X("lephb", 1)	\
	X("cs1", 8) X("af11", 10) X("af12", 12) X("af13", 14)		\
	X("cs2", 16) X("af21", 18) X("af22", 20) X("af23", 22)		\
	X("cs3", 24) X("af31", 26) X("af32", 28) X("af33", 30)		\
	X("cs4", 32) X("af41", 34) X("af42", 36) X("af43", 38)		\
	X("cs5", 40) X("va", 44) X("ef", 46) X("cs6", 48) X("cs7", 56)

#define FWT_WORDS_TCP_FLAGS(X)						\
	X("fin", 0x01) X("syn", 0x02) X("rst", 0x04) X("psh", 0x08)	\
	X("ack", 0x10) X("urg", 0x20) X("ece", 0x40) X("ecn", 0x40)	\
	X("cwr", 0x80)

#define FWT_WORDS_CT_STATE(X)						\
	X("new", FWT_NAME_CT_NEW)					\
	X("related", FWT_NAME_CT_RELATED)				\
	X("established", FWT_NAME_CT_ESTABLISHED)			\
	X("invalid", FWT_NAME_CT_INVALID)				\
	X("untracked", FWT_NAME_CT_UNTRACKED)

#define FWT_WORDS_CT_STATUS(X)						\
	X("snat", FWT_NAME_STATUS_SNAT) X("dnat", FWT_NAME_STATUS_DNAT)

#define FWT_WORDS_CT_DIRECTION(X) X("original", 0) X("reply", 1)

#define FWT_WORDS_FAMILY(X)						\
	X("ipv4", 4) X("ip", 4)						\
	X("ipv6", 6) X("ip6", 6)

#define FWT_WORDS_ROUTE_TYPE(X)						\
	X("local", FWT_ROUTE_LOCAL)				\
	X("unicast", FWT_ROUTE_UNICAST)				\
	X("broadcast", FWT_ROUTE_BROADCAST)			\
	X("multicast", FWT_ROUTE_MULTICAST)			\
	X("unreachable", FWT_ROUTE_UNREACHABLE)			\
	X("none", FWT_ROUTE_NONE)

#define FWT_WORDS_BOOL(X)						\
	X("yes", 1) X("true", 1) X("on", 1) X("exists", 1)		\
	X("no", 0) X("false", 0) X("off", 0) X("missing", 0)

/* X(CLASS, noun): every class; those without words have an empty list */
#define FWT_WORDS_NUMBER(X)
#define FWT_WORDS_ADDR(X)
#define FWT_WORDS_ADDR4(X)
#define FWT_WORDS_IFNAME(X)
#define FWT_WORDS_MAC(X)
#define FWT_WORDS_UID(X)
#define FWT_WORDS_GID(X)
#define FWT_WORDS_CGROUP(X)
#define FWT_WORDS_BPF(X)

#define FWT_CLASSES(X)					\
	X(NUMBER,	"a number")			\
	X(BOOL,		"yes or no")			\
	X(ADDR,		"an address")			\
	X(ADDR4,	"an IPv4 address")		\
	X(PORT,		"a port")			\
	X(PROTOCOL,	"a protocol")			\
	X(IFNAME,	"an interface")			\
	X(MAC,		"a MAC address")		\
	X(FAMILY,	"ipv4 or ipv6")			\
	X(ETHER_TYPE,	"an ether type")		\
	X(ARP_OP,	"an ARP operation")		\
	X(PKTTYPE,	"a packet type")		\
	X(DSCP,		"a DSCP")			\
	X(TCP_FLAGS,	"a TCP flag")			\
	X(ICMP_TYPE,	"an ICMP type")			\
	X(ICMP_CODE,	"an ICMP code")			\
	X(ICMPV6_TYPE,	"an ICMPv6 type")		\
	X(ICMPV6_CODE,	"an ICMPv6 code")		\
	X(CT_STATE,	"a connection state")		\
	X(CT_STATUS,	"snat or dnat")			\
	X(CT_DIRECTION,	"original or reply")		\
	X(ROUTE_TYPE,	"a route type")			\
	X(UID,		"a user")			\
	X(GID,		"a group")			\
	X(CGROUP,	"a cgroup")			\
	X(BPF,		"a tcpdump expression in quotes")

#endif /* FWT_NAMES_WORDS_H */
