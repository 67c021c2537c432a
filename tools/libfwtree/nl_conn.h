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

/* Of a filter, what is set; ends by direction. */
#define FWT_NL_CONN_SADDR(dir)	(0x0001u << 4 * (dir))
#define FWT_NL_CONN_DADDR(dir)	(0x0002u << 4 * (dir))
#define FWT_NL_CONN_SPORT(dir)	(0x0004u << 4 * (dir))
#define FWT_NL_CONN_DPORT(dir)	(0x0008u << 4 * (dir))
#define FWT_NL_CONN_ENDS(dir)	(0x000fu << 4 * (dir))
#define FWT_NL_CONN_ID		0x00000100
#define FWT_NL_CONN_FAMILY	0x00000200
#define FWT_NL_CONN_PROTOCOL	0x00000400
#define FWT_NL_CONN_STATE	0x00000800
#define FWT_NL_CONN_MARK	0x00001000
#define FWT_NL_CONN_IIF		0x00002000
#define FWT_NL_CONN_OIF		0x00004000
#define FWT_NL_CONN_TIMEOUT	0x00008000
#define FWT_NL_CONN_GENERATION	0x00010000
#define FWT_NL_CONN_PACKETS	0x00020000
#define FWT_NL_CONN_BYTES	0x00040000
#define FWT_NL_CONN_RULE_ID	0x00080000
#define FWT_NL_CONN_RULE_FILE	0x00100000
#define FWT_NL_CONN_RULE_LINE	0x00200000
#define FWT_NL_CONN_SCOPE	0x00400000
#define FWT_NL_CONN_ICMP_TYPE	0x00800000
#define FWT_NL_CONN_ICMP_ID	0x01000000
#define FWT_NL_CONN_CT_MARK	0x02000000

/* An address with so many bits of it that count, or with @range up to @high. */
struct fwt_nl_addresses {
	uint8_t family;
	uint8_t len;
	bool range;
	uint8_t low[16];
	uint8_t high[16];
};

struct fwt_nl_ends {
	struct fwt_nl_addresses saddr;
	struct fwt_nl_addresses daddr;
	uint16_t sport[2];
	uint16_t dport[2];
};

/**
 * struct fwt_nl_conn_filter - which connections are meant
 * @set: FWT_NL_CONN_*; 0 with neither flags nor @n_not means all
 * @end: original direction, and reply
 * @states: bits by enum fwtree_conn_state
 * @flags: enum fwtree_conn_flag that must be true
 * @no_flags: those that must not
 * @timeout: seconds, from and to; likewise the others of two
 * @rule_id: the caller's; likewise @rule_file
 * @not: filters that must not let it through
 */
struct fwt_nl_conn_filter {
	uint32_t set;
	uint32_t flags;
	uint32_t no_flags;
	uint32_t states;
	uint64_t id;
	uint64_t packets[2];
	uint64_t bytes[2];
	uint32_t timeout[2];
	uint32_t generation[2];
	uint32_t mark;
	uint32_t mark_mask;
	uint32_t ct_mark;
	uint32_t ct_mark_mask;
	uint32_t scope;
	uint32_t rule_line;
	const char *rule_id;
	const char *rule_file;
	struct fwt_nl_ends end[2];
	uint16_t icmp_id;
	uint8_t icmp_type;
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
