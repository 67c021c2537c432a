/* SPDX-License-Identifier: GPL-2.0 */
/* Connections over netlink: a part of nl.h, which includes it. */
#ifndef FWT_NL_CONN_H
#define FWT_NL_CONN_H

#include "nl.h"

/**
 * struct fwt_nl_dir - what one side sends
 * @has_ports: @sport and @dport are set
 * @has_icmp: @type, @code and @icmp_id are set
 */
struct fwt_nl_dir {
	uint8_t saddr[16];
	uint8_t daddr[16];
	bool has_ports;
	bool has_icmp;
	uint16_t sport;
	uint16_t dport;
	uint8_t type;
	uint8_t code;
	uint16_t icmp_id;
	uint64_t packets;
	uint64_t bytes;
};

/**
 * struct fwt_nl_conn_rule - the rule that decided
 * @there: one did
 * @id: NULL for none
 */
struct fwt_nl_conn_rule {
	bool there;
	uint32_t slot;
	const char *id;
	const char *file;
	uint32_t line;
};

/**
 * struct fwt_nl_conn - a connection; its strings live as long as the call
 * @flags: enum fwtree_conn_flag
 * @iif: NULL for local traffic
 * @oif: likewise
 */
struct fwt_nl_conn {
	uint64_t id;
	uint8_t family;
	uint8_t protocol;
	uint8_t state;
	uint32_t timeout;
	uint32_t flags;
	uint32_t mark;
	uint32_t ct_mark;
	uint32_t generation;
	uint32_t scope;
	struct fwt_nl_dir original;
	struct fwt_nl_dir reply;
	const char *iif;
	const char *oif;
	struct fwt_nl_conn_rule ingress;
	struct fwt_nl_conn_rule egress;
};

/* Of a filter, what is set: bits of the whole below, 16 a direction above. */
#define FWT_NL_CONN_ID		0x00000001
#define FWT_NL_CONN_FAMILY	0x00000002
#define FWT_NL_CONN_PROTOCOL	0x00000004
#define FWT_NL_CONN_STATE	0x00000008
#define FWT_NL_CONN_MARK	0x00000010
#define FWT_NL_CONN_CT_MARK	0x00000020
#define FWT_NL_CONN_IIF		0x00000040
#define FWT_NL_CONN_OIF		0x00000080
#define FWT_NL_CONN_TIMEOUT	0x00000100
#define FWT_NL_CONN_GENERATION	0x00000200
#define FWT_NL_CONN_PACKETS	0x00000400
#define FWT_NL_CONN_BYTES	0x00000800
#define FWT_NL_CONN_SCOPE	0x00001000
#define FWT_NL_CONN_RULE	0x00002000
#define FWT_NL_CONN_INGRESS	0x00004000
#define FWT_NL_CONN_EGRESS	0x00008000
#define FWT_NL_CONN_DIR(dir)	(0xffffull << (32 + 16 * (dir)))
#define FWT_NL_CONN_OF(dir, n)	(1ull << (32 + 16 * (dir) + (n)))
#define FWT_NL_CONN_SADDR(dir)	FWT_NL_CONN_OF(dir, 0)
#define FWT_NL_CONN_DADDR(dir)	FWT_NL_CONN_OF(dir, 1)
#define FWT_NL_CONN_SPORT(dir)	FWT_NL_CONN_OF(dir, 2)
#define FWT_NL_CONN_DPORT(dir)	FWT_NL_CONN_OF(dir, 3)
#define FWT_NL_CONN_ICMP_TYPE(dir)	FWT_NL_CONN_OF(dir, 4)
#define FWT_NL_CONN_ICMP_CODE(dir)	FWT_NL_CONN_OF(dir, 5)
#define FWT_NL_CONN_ICMP_ID(dir)	FWT_NL_CONN_OF(dir, 6)
#define FWT_NL_CONN_DIR_PACKETS(dir)	FWT_NL_CONN_OF(dir, 7)
#define FWT_NL_CONN_DIR_BYTES(dir)	FWT_NL_CONN_OF(dir, 8)

/* An address with so many bits of it that count, or with @range up to @high. */
struct fwt_nl_addresses {
	uint8_t family;
	uint8_t len;
	bool range;
	uint8_t low[16];
	uint8_t high[16];
};

/* From and to, of each. */
struct fwt_nl_conn_counts {
	uint64_t packets[2];
	uint64_t bytes[2];
};

/* What is said of one direction. */
struct fwt_nl_conn_side {
	struct fwt_nl_addresses saddr;
	struct fwt_nl_addresses daddr;
	uint16_t sport[2];
	uint16_t dport[2];
	uint16_t icmp_id;
	uint8_t icmp_type;
	uint8_t icmp_code;
	struct fwt_nl_conn_counts counts;
};

/* A rule: none, by its id, or else by its line, with the file where that is not NULL.
 * Strings are the caller's.
 */
struct fwt_nl_conn_which {
	bool none;
	const char *id;
	const char *file;
	uint32_t line;
};

/**
 * struct fwt_nl_conn_filter - which connections are meant
 * @set: FWT_NL_CONN_*; 0 with neither flags nor @n_not means all
 * @side: original direction, and reply
 * @states: bits by enum fwtree_conn_state
 * @flags: enum fwtree_conn_flag that must be true
 * @no_flags: those that must not
 * @timeout: seconds, from and to; likewise @generation
 * @counts: both directions together
 * @rule: that decided at either hook, where it is not none
 * @ingress: that decided there; likewise @egress
 * @iif: "" for none; likewise @oif
 * @not: filters that must not let it through
 */
struct fwt_nl_conn_filter {
	uint64_t set;
	uint32_t flags;
	uint32_t no_flags;
	uint32_t states;
	uint64_t id;
	uint32_t timeout[2];
	uint32_t generation[2];
	uint32_t mark;
	uint32_t mark_mask;
	uint32_t ct_mark;
	uint32_t ct_mark_mask;
	uint32_t scope;
	struct fwt_nl_conn_counts counts;
	struct fwt_nl_conn_side side[2];
	struct fwt_nl_conn_which rule;
	struct fwt_nl_conn_which ingress;
	struct fwt_nl_conn_which egress;
	uint8_t family;
	uint8_t protocol;
	uint8_t n_not;
	char iif[FWTREE_IFNAME_MAX + 1];
	char oif[FWTREE_IFNAME_MAX + 1];
	struct fwt_nl_conn_filter *not[FWTREE_NOT_MAX];
};

static inline bool fwt_nl_conn_filter_empty(const struct fwt_nl_conn_filter *f)
{
	return !f->set && !f->flags && !f->no_flags && !f->n_not;
}

/**
 * fwt_nl_conns() - go through the connections
 * @nl: the conversation
 * @filter: NULL for all
 * @fn: called for each; anything but 0 ends it and is returned
 * @ctx: handed to it
 *
 * The table lives on meanwhile: a connection that begins or ends during the
 * call may be told or not; one that is there throughout is told once.
 *
 * Return: 0 or a negative errno.
 */
int fwt_nl_conns(struct fwt_nl *nl, const struct fwt_nl_conn_filter *filter,
		 int (*fn)(void *ctx, const struct fwt_nl_conn *c), void *ctx);

/** fwt_nl_conn_delete() - end those that the filter, not empty, lets through */
int fwt_nl_conn_delete(struct fwt_nl *nl, const struct fwt_nl_conn_filter *filter,
		       uint32_t *count);
int fwt_nl_conn_flush(struct fwt_nl *nl, uint32_t *count);

/** fwt_nl_conn_count() - how many the filter lets through; NULL for all */
int fwt_nl_conn_count(struct fwt_nl *nl, const struct fwt_nl_conn_filter *filter,
		      uint32_t *count, uint32_t *max);

#endif /* FWT_NL_CONN_H */
