/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of the policy language and the numbers behind them.
 *
 * Each table is one list; enumerations, look-ups and printing back are made
 * from it, so a word is added in one place. In a list of values the first word
 * written for a number is the one that is printed back.
 */
#ifndef FWT_NAMES_H
#define FWT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fwt_suggest;

/* How a field's values are written and resolved */
enum fwt_value_class {
	FWT_CLASS_NUMBER,
	FWT_CLASS_BOOL,
	FWT_CLASS_ADDR,		/* IPv4, IPv6, prefixes, addr(), net() */
	FWT_CLASS_ADDR4,	/* arp saddr, arp daddr */
	FWT_CLASS_PORT,
	FWT_CLASS_PROTOCOL,
	FWT_CLASS_IFNAME,
	FWT_CLASS_MAC,
	FWT_CLASS_FAMILY,
	FWT_CLASS_ETHER_TYPE,
	FWT_CLASS_ARP_OP,
	FWT_CLASS_PKTTYPE,
	FWT_CLASS_DSCP,
	FWT_CLASS_TCP_FLAGS,
	FWT_CLASS_ICMP_TYPE,
	FWT_CLASS_ICMP_CODE,
	FWT_CLASS_ICMPV6_TYPE,
	FWT_CLASS_ICMPV6_CODE,
	FWT_CLASS_CT_STATE,
	FWT_CLASS_CT_STATUS,
	FWT_CLASS_CT_DIRECTION,
	FWT_CLASS_ROUTE_TYPE,
	FWT_CLASS_UID,
	FWT_CLASS_GID,
	FWT_CLASS_CGROUP,
	FWT_CLASS_BPF,		/* a STRING, tcpdump's language */
};

/* What a field's prefix demands of the packet besides */
enum fwt_implies {
	FWT_IMPLIES_NONE,
	FWT_IMPLIES_IPV4,
	FWT_IMPLIES_IPV6,
	FWT_IMPLIES_TCP,
	FWT_IMPLIES_UDP,
	FWT_IMPLIES_SCTP,
	FWT_IMPLIES_DCCP,
	FWT_IMPLIES_UDPLITE,
};

/*
 * X(FIELD, class, bits): every field. Bits are those of the value; 0 where the
 * class says it. How it is written stands in FWT_FIELD_NAMES.
 */
#define FWT_AST_FIELDS(X)						\
	X(IIF,			IFNAME,		0)			\
	X(OIF,			IFNAME,		0)			\
	X(ETHER_SADDR,		MAC,		48)			\
	X(ETHER_DADDR,		MAC,		48)			\
	X(ETHER_TYPE,		ETHER_TYPE,	16)			\
	X(VLAN_ID,		NUMBER,		12)			\
	X(VLAN_PCP,		NUMBER,		3)			\
	X(ARP_OP,		ARP_OP,		16)			\
	X(ARP_SADDR,		ADDR4,		32)			\
	X(ARP_DADDR,		ADDR4,		32)			\
	X(PKTTYPE,		PKTTYPE,	3)			\
	X(FAMILY,		FAMILY,		8)			\
	X(SADDR,		ADDR,		0)			\
	X(DADDR,		ADDR,		0)			\
	X(PROTOCOL,		PROTOCOL,	8)			\
	X(DSCP,			DSCP,		6)			\
	X(TTL,			NUMBER,		8)			\
	X(LENGTH,		NUMBER,		32)			\
	X(FRAGMENT,		BOOL,		1)			\
	X(SPORT,		PORT,		16)			\
	X(DPORT,		PORT,		16)			\
	X(TCP_FLAGS,		TCP_FLAGS,	8)			\
	X(TCP_SEQ,		NUMBER,		32)			\
	X(TCP_ACK,		NUMBER,		32)			\
	X(TCP_WINDOW,		NUMBER,		16)			\
	X(TCP_OPTION_MSS,	NUMBER,		16)			\
	X(ICMP_TYPE,		ICMP_TYPE,	8)			\
	X(ICMP_CODE,		ICMP_CODE,	8)			\
	X(ICMP_ID,		NUMBER,		16)			\
	X(ICMPV6_TYPE,		ICMPV6_TYPE,	8)			\
	X(ICMPV6_CODE,		ICMPV6_CODE,	8)			\
	X(ICMPV6_ID,		NUMBER,		16)			\
	X(CT_STATE,		CT_STATE,	0)			\
	X(CT_STATUS,		CT_STATUS,	0)			\
	X(CT_DIRECTION,		CT_DIRECTION,	0)			\
	X(CT_MARK,		NUMBER,		32)			\
	X(CT_ORIGINAL_SADDR,	ADDR,		0)			\
	X(CT_ORIGINAL_DADDR,	ADDR,		0)			\
	X(CT_ORIGINAL_PROTOCOL,	PROTOCOL,	8)			\
	X(CT_ORIGINAL_SPORT,	PORT,		16)			\
	X(CT_ORIGINAL_DPORT,	PORT,		16)			\
	X(ROUTE_OIF,		IFNAME,		0)			\
	X(ROUTE_TYPE,		ROUTE_TYPE,	0)			\
	X(ROUTE_NEXTHOP,	ADDR,		0)			\
	X(ROUTE_SADDR,		ADDR,		0)			\
	X(ROUTE_REVERSE,	IFNAME,		0)			\
	X(MARK,			NUMBER,		32)			\
	X(PRIORITY,		NUMBER,		32)			\
	X(UID,			UID,		32)			\
	X(GID,			GID,		32)			\
	X(CGROUP,		CGROUP,		64)			\
	X(BPF,			BPF,		0)

enum fwt_ast_field {
	FWT_AST_FIELD_ERROR,	/* was reported; stands in for an unknown word */
#define X(field, class, bits) FWT_AST_##field,
	FWT_AST_FIELDS(X)
#undef X
	FWT_AST_FIELD_COUNT,
};

/*
 * X(words, FIELD, IMPLIES): how fields are written. The first spelling of a
 * (FIELD, IMPLIES) pair is the canonical one. A field that the parser finds is
 * the one with the most words. FIELD_ERROR: nftables' words for what there is not here,
 * though it looks so: parse_token.c tells.
 */
#define FWT_FIELD_NAMES(X)						\
	X("iif",			IIF,			NONE)	\
	X("iifname",			IIF,			NONE)	\
	X("meta iifname",		IIF,			NONE)	\
	X("meta iif",			IIF,			NONE)	\
	X("oif",			OIF,			NONE)	\
	X("oifname",			OIF,			NONE)	\
	X("meta oifname",		OIF,			NONE)	\
	X("meta oif",			OIF,			NONE)	\
	X("ether saddr",		ETHER_SADDR,		NONE)	\
	X("ether daddr",		ETHER_DADDR,		NONE)	\
	X("ether type",			ETHER_TYPE,		NONE)	\
	X("meta protocol",		ETHER_TYPE,		NONE)	\
	X("vlan id",			VLAN_ID,		NONE)	\
	X("vlan pcp",			VLAN_PCP,		NONE)	\
	X("arp op",			ARP_OP,			NONE)	\
	X("arp operation",		ARP_OP,			NONE)	\
	X("arp saddr",			ARP_SADDR,		NONE)	\
	X("arp daddr",			ARP_DADDR,		NONE)	\
	X("pkttype",			PKTTYPE,		NONE)	\
	X("meta pkttype",		PKTTYPE,		NONE)	\
	X("family",			FAMILY,			NONE)	\
	X("meta nfproto",		FAMILY,			NONE)	\
	X("saddr",			SADDR,			NONE)	\
	X("ip saddr",			SADDR,			IPV4)	\
	X("ip6 saddr",			SADDR,			IPV6)	\
	X("daddr",			DADDR,			NONE)	\
	X("ip daddr",			DADDR,			IPV4)	\
	X("ip6 daddr",			DADDR,			IPV6)	\
	X("protocol",			PROTOCOL,		NONE)	\
	X("meta l4proto",		PROTOCOL,		NONE)	\
	X("ip protocol",		PROTOCOL,		IPV4)	\
	X("ip6 nexthdr",		PROTOCOL,		IPV6)	\
	X("dscp",			DSCP,			NONE)	\
	X("ip dscp",			DSCP,			IPV4)	\
	X("ip6 dscp",			DSCP,			IPV6)	\
	X("ttl",			TTL,			NONE)	\
	X("hoplimit",			TTL,			NONE)	\
	X("ip ttl",			TTL,			IPV4)	\
	X("ip6 hoplimit",		TTL,			IPV6)	\
	X("length",			LENGTH,			NONE)	\
	X("meta length",		LENGTH,			NONE)	\
	X("ip length",			LENGTH,			IPV4)	\
	X("fragment",			FRAGMENT,		NONE)	\
	X("sport",			SPORT,			NONE)	\
	X("th sport",			SPORT,			NONE)	\
	X("tcp sport",			SPORT,			TCP)	\
	X("udp sport",			SPORT,			UDP)	\
	X("sctp sport",			SPORT,			SCTP)	\
	X("dccp sport",			SPORT,			DCCP)	\
	X("udplite sport",		SPORT,			UDPLITE)	\
	X("dport",			DPORT,			NONE)	\
	X("th dport",			DPORT,			NONE)	\
	X("tcp dport",			DPORT,			TCP)	\
	X("udp dport",			DPORT,			UDP)	\
	X("sctp dport",			DPORT,			SCTP)	\
	X("dccp dport",			DPORT,			DCCP)	\
	X("udplite dport",		DPORT,			UDPLITE)	\
	X("tcp flags",			TCP_FLAGS,		TCP)	\
	X("tcp seq",			TCP_SEQ,		TCP)	\
	X("tcp sequence",		TCP_SEQ,		TCP)	\
	X("tcp ack",			TCP_ACK,		TCP)	\
	X("tcp ackseq",			TCP_ACK,		TCP)	\
	X("tcp window",			TCP_WINDOW,		TCP)	\
	X("tcp option mss",		TCP_OPTION_MSS,		TCP)	\
	X("icmp type",			ICMP_TYPE,		NONE)	\
	X("icmp code",			ICMP_CODE,		NONE)	\
	X("icmp id",			ICMP_ID,		NONE)	\
	X("icmpv6 type",		ICMPV6_TYPE,		NONE)	\
	X("icmpv6 code",		ICMPV6_CODE,		NONE)	\
	X("icmpv6 id",			ICMPV6_ID,		NONE)	\
	X("ct state",			CT_STATE,		NONE)	\
	X("ct status",			CT_STATUS,		NONE)	\
	X("ct direction",		CT_DIRECTION,		NONE)	\
	X("ct mark",			CT_MARK,		NONE)	\
	X("ct original saddr",		CT_ORIGINAL_SADDR,	NONE)	\
	X("ct original ip saddr",	CT_ORIGINAL_SADDR,	IPV4)	\
	X("ct original ip6 saddr",	CT_ORIGINAL_SADDR,	IPV6)	\
	X("ct original daddr",		CT_ORIGINAL_DADDR,	NONE)	\
	X("ct original ip daddr",	CT_ORIGINAL_DADDR,	IPV4)	\
	X("ct original ip6 daddr",	CT_ORIGINAL_DADDR,	IPV6)	\
	X("ct original protocol",	CT_ORIGINAL_PROTOCOL,	NONE)	\
	X("ct original sport",		CT_ORIGINAL_SPORT,	NONE)	\
	X("ct original tcp sport",	CT_ORIGINAL_SPORT,	TCP)	\
	X("ct original udp sport",	CT_ORIGINAL_SPORT,	UDP)	\
	X("ct original dport",		CT_ORIGINAL_DPORT,	NONE)	\
	X("ct original tcp dport",	CT_ORIGINAL_DPORT,	TCP)	\
	X("ct original udp dport",	CT_ORIGINAL_DPORT,	UDP)	\
	X("route oif",			ROUTE_OIF,		NONE)	\
	X("route type",			ROUTE_TYPE,		NONE)	\
	X("route nexthop",		ROUTE_NEXTHOP,		NONE)	\
	X("route saddr",		ROUTE_SADDR,		NONE)	\
	X("route reverse",		ROUTE_REVERSE,		NONE)	\
	X("mark",			MARK,			NONE)	\
	X("meta mark",			MARK,			NONE)	\
	X("priority",			PRIORITY,		NONE)	\
	X("meta priority",		PRIORITY,		NONE)	\
	X("uid",			UID,			NONE)	\
	X("meta skuid",			UID,			NONE)	\
	X("gid",			GID,			NONE)	\
	X("meta skgid",			GID,			NONE)	\
	X("cgroup",			CGROUP,			NONE)	\
	X("meta cgroup",		FIELD_ERROR,		NONE)	\
	X("bpf",			BPF,			NONE)

/* A field is written with at most so many words: ct original ip saddr */
#define FWT_FIELD_WORDS_MAX	4

/* X(words, FIELD): what "set" changes; the first of a field is canonical */
#define FWT_SET_TARGETS(X)			\
	X("mark",		MARK)		\
	X("meta mark",		MARK)		\
	X("ct mark",		CT_MARK)	\
	X("dscp",		DSCP)		\
	X("ip dscp",		DSCP)		\
	X("ip6 dscp",		DSCP)		\
	X("ttl",		TTL)		\
	X("hoplimit",		TTL)		\
	X("ip ttl",		TTL)		\
	X("ip6 hoplimit",	TTL)		\
	X("priority",		PRIORITY)	\
	X("meta priority",	PRIORITY)	\
	X("mss",		TCP_OPTION_MSS)	\
	X("vlan",		VLAN_ID)	\
	X("vlan id",		VLAN_ID)

/**
 * struct fwt_ast_field_info - what is known of a field
 * @class: how its values are read
 * @bits: of its value, 0 where the class says it
 */
struct fwt_ast_field_info {
	enum fwt_value_class class;
	unsigned int bits;
};

/** fwt_ast_field_info() - of a field; FWT_AST_FIELD_ERROR has an entry too */
const struct fwt_ast_field_info *fwt_ast_field_info(enum fwt_ast_field field);

/** fwt_field_words() - the canonical words of a field with its prefix: "tcp dport" */
const char *fwt_field_words(enum fwt_ast_field field, enum fwt_implies implies);

/** fwt_field_is_word() - whether a word alone is a field */
bool fwt_field_is_word(const char *word);

/**
 * fwt_implies_protocol() - the IP protocol that a prefix demands, or -1
 */
int fwt_implies_protocol(enum fwt_implies implies);

/** fwt_set_target_words() - how "set" writes a field, NULL where it can't be set */
const char *fwt_set_target_words(enum fwt_ast_field field);

/* X(TYPE, word, class): the types of sets and maps */
#define FWT_TYPES(X)					\
	X(ADDR,		"addr",		ADDR)		\
	X(PORT,		"port",		PORT)		\
	X(PROTOCOL,	"protocol",	PROTOCOL)	\
	X(IFNAME,	"ifname",	IFNAME)		\
	X(MAC,		"mac",		MAC)		\
	X(MARK,		"mark",		NUMBER)		\
	X(TREE,		"tree",		NUMBER)	/* what a map gives */

enum fwt_type {
	FWT_TYPE_ERROR,
#define X(type, word, class) FWT_TYPE_##type,
	FWT_TYPES(X)
#undef X
	FWT_TYPE_COUNT,
};

/* A set's element joins at most so many parts */
#define FWT_SET_TYPES_MAX	6

enum fwt_type fwt_type_find(const char *word);	/* FWT_TYPE_ERROR: none */
const char *fwt_type_name(enum fwt_type type);
enum fwt_value_class fwt_type_class(enum fwt_type type);

#define FWT_REJECTS(X)					\
	X(TCP_RESET,		"tcp-reset")		\
	X(PORT_UNREACHABLE,	"port-unreachable")	\
	X(HOST_PROHIBITED,	"host-prohibited")	\
	X(ADMIN_PROHIBITED,	"admin-prohibited")

enum fwt_ast_reject {
	FWT_AST_REJECT_DEFAULT,	/* a RST for TCP, else port unreachable */
#define X(id, word) FWT_AST_REJECT_##id,
	FWT_REJECTS(X)
#undef X
	FWT_AST_REJECT_COUNT,
};

enum fwt_ast_reject fwt_reject_find(const char *word);	/* FWT_AST_REJECT_COUNT: none */
const char *fwt_reject_name(enum fwt_ast_reject reject);	/* NULL for the default */

#define FWT_SCHEDULERS(X)				\
	X(MAGLEV,		"maglev")		\
	X(ROUND_ROBIN,		"round-robin")		\
	X(RANDOM,		"random")		\
	X(LEAST_CONN,		"least-conn")		\
	X(SOURCE_HASH,		"source-hash")

enum fwt_scheduler {
#define X(id, word) FWT_SCHEDULER_##id,
	FWT_SCHEDULERS(X)
#undef X
	FWT_SCHEDULER_COUNT,
};

enum fwt_scheduler fwt_scheduler_find(const char *word);	/* _COUNT: none */
const char *fwt_scheduler_name(enum fwt_scheduler scheduler);

/* What an option's value looks like */
enum fwt_option_form {
	FWT_OPTION_NUMBER,	/* a NUMBER, or a SIZE such as 64k for one */
	FWT_OPTION_DURATION,
	FWT_OPTION_STATE,	/* STATE D: the timeout of a state */
	FWT_OPTION_SWITCH,	/* words of a list */
	FWT_OPTION_RATE,
	FWT_OPTION_RANGE,	/* LO-HI */
};

/* X(ID, word, form, words allowed): options */
#define FWT_AST_OPTIONS(X)							\
	X(CONN_MAX,		"conn-max",		NUMBER, NULL)	\
	X(CONN_MAX_PER_SOURCE,	"conn-max-per-source",	NUMBER, NULL)	\
	X(CONN_ADAPTIVE_START,	"conn-adaptive-start",	NUMBER, NULL)	\
	X(CONN_ADAPTIVE_END,	"conn-adaptive-end",	NUMBER, NULL)	\
	X(TIMEOUT,		"timeout",		STATE, NULL)	\
	X(TCP_LOOSE,		"tcp-loose",		SWITCH, "on off")	\
	X(ADOPT,		"adopt",		DURATION, NULL)	\
	X(REVALIDATE,		"revalidate",		SWITCH, "on off strict")	\
	X(EVALUATE,		"evaluate",		SWITCH, "per-connection per-packet")	\
	X(COUNTERS,		"counters",		SWITCH, "on off")	\
	X(LOG_RATE,		"log-rate",		RATE, NULL)	\
	X(ANSWER_RATE,		"answer-rate",		RATE, NULL)	\
	X(EVENT_RATE,		"event-rate",		RATE, NULL)	\
	X(NAT_PORTS,		"nat-ports",		RANGE, NULL)	\
	X(HAIRPIN,		"hairpin",		SWITCH, "on off")

enum fwt_option_id {
#define X(id, word, form, words) FWT_OPT_##id,
	FWT_AST_OPTIONS(X)
#undef X
	FWT_OPT_COUNT,
};

enum fwt_option_id fwt_option_find(const char *word);	/* FWT_OPT_COUNT: none */
const char *fwt_option_name(enum fwt_option_id id);
enum fwt_option_form fwt_option_form(enum fwt_option_id id);
const char *fwt_option_words(enum fwt_option_id id);

#define FWT_TIMEOUT_STATES(X)				\
	X(TCP_SYN_SENT,		"tcp-syn-sent")		\
	X(TCP_SYN_RECV,		"tcp-syn-recv")		\
	X(TCP_ESTABLISHED,	"tcp-established")	\
	X(TCP_FIN_WAIT,		"tcp-fin-wait")		\
	X(TCP_CLOSE_WAIT,	"tcp-close-wait")	\
	X(TCP_LAST_ACK,		"tcp-last-ack")		\
	X(TCP_TIME_WAIT,	"tcp-time-wait")	\
	X(TCP_CLOSE,		"tcp-close")		\
	X(UDP,			"udp")			\
	X(UDP_STREAM,		"udp-stream")		\
	X(ICMP,			"icmp")			\
	X(OTHER,		"other")

enum fwt_timeout_state {
#define X(id, word) FWT_AST_TIMEOUT_##id,
	FWT_TIMEOUT_STATES(X)
#undef X
	FWT_AST_TIMEOUT_COUNT,
};

enum fwt_timeout_state fwt_timeout_find(const char *word);	/* _COUNT: none */
const char *fwt_timeout_name(enum fwt_timeout_state state);

/*
 * Values by class. A number behind a word of one of these classes:
 *
 * CT_STATE	bits: FWT_CT_*				CT_STATUS	bits
 * CT_DIRECTION	0 original, 1 reply			FAMILY		4 or 6
 * TCP_FLAGS	bits of the header's byte		ROUTE_TYPE	enum fwt_route_type (rlu.h)
 * others	the number on the wire or the kernel's
 */
#define FWT_NAME_CT_NEW		0x01
#define FWT_NAME_CT_RELATED	0x02
#define FWT_NAME_CT_ESTABLISHED	0x04
#define FWT_NAME_CT_INVALID	0x08
#define FWT_NAME_CT_UNTRACKED	0x10

#define FWT_NAME_STATUS_SNAT	0x01
#define FWT_NAME_STATUS_DNAT	0x02

/**
 * struct fwt_resolver - resolves words, and remembers what the system said
 *
 * Services and protocols beyond the built-in tables come from the system's
 * files, at some 20 to 50 microseconds each; a resolver asks once. It may be
 * used by one thread at a time.
 */
struct fwt_resolver;

struct fwt_resolver *fwt_resolver_alloc(void);	/* NULL: no memory */
void fwt_resolver_free(struct fwt_resolver *resolver);

/** fwt_resolver_asked() - whether it asked the system for a word */
bool fwt_resolver_asked(const struct fwt_resolver *resolver);

/**
 * fwt_resolve_word() - the number behind a word
 * @resolver: from fwt_resolver_alloc()
 * @class: what the word is to be; not an address, MAC or interface
 * @protocol: PORT: the IP protocol it must be of, or -1 for any of TCP, UDP,
 *	SCTP, DCCP (in that order)
 * @word: the word
 * @value: the outcome, host byte order
 *
 * Return: 0, -ENOENT where there is no such word, -EINVAL where the class has
 * no words.
 */
int fwt_resolve_word(struct fwt_resolver *resolver, enum fwt_value_class class,
		     int protocol, const char *word, uint64_t *value);

/**
 * fwt_class_name() - the word behind a number, from the built-in tables
 *
 * Return: the word or NULL.
 */
const char *fwt_class_name(enum fwt_value_class class, uint64_t value);

/** fwt_class_value() - the number behind a word of the built-in tables, if it is one */
bool fwt_class_value(enum fwt_value_class class, const char *word, uint64_t *value);

/** fwt_class_has() - whether a word is in the built-in table of a class */
bool fwt_class_has(enum fwt_value_class class, const char *word);

/** fwt_class_suggest() - offer all built-in words of a class to a search */
void fwt_class_suggest(enum fwt_value_class class, struct fwt_suggest *s);

/** fwt_class_noun() - "a port", "an address": for messages */
const char *fwt_class_noun(enum fwt_value_class class);

#endif /* FWT_NAMES_H */
