/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the netlink client's files alone. */
#ifndef FWT_NL_PRIV_H
#define FWT_NL_PRIV_H

#include <libmnl/libmnl.h>

#include "nl.h"

/* The kernel sends dumps in messages of up to 32 KiB; a chunk with its headers
 * is a little more; the longest is an answer to explain, whose walks may have up to
 * 96 KiB of steps.
 */
#define FWT_NL_BUFFER	131072

#define FWT_NL_UNLOADED	"fwtree was unloaded meanwhile"

/* How often a dump is tried that another policy cut off. */
#define FWT_NL_TRIES	10

/** fwt_nl_open_route() - a conversation with routing, not with the module */
int fwt_nl_open_route(struct fwt_nl *nl, const char *netns);

/**
 * fwt_nl_request() - begin a request in nl->out
 * @cmd: FWTREE_CMD_*
 * @flags: NLM_F_DUMP or 0
 */
struct nlmsghdr *fwt_nl_request(struct fwt_nl *nl, uint8_t cmd, uint16_t flags);

/**
 * fwt_nl_talk() - send the request, take the answers
 * @nlh: from fwt_nl_request()
 * @fn: called for each answer, may be NULL; a negative errno ends it, but the
 *	rest of the answers is taken all the same
 * @ctx: handed to it
 *
 * Return: 0; -EINTR for a dump that was cut off; else a negative errno.
 */
int fwt_nl_talk(struct fwt_nl *nl, struct nlmsghdr *nlh,
		int (*fn)(void *ctx, const struct nlmsghdr *nlh), void *ctx);

/** fwt_nl_fail() - set nl->error; returns @err */
int fwt_nl_fail(struct fwt_nl *nl, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * fwt_nl_parse() - attributes of an answer of the family
 * @tb: @max + 1 entries, NULL where there is none
 */
void fwt_nl_parse(const struct nlmsghdr *nlh, const struct nlattr **tb,
		  unsigned int max);
void fwt_nl_parse_nest(const struct nlattr *nest, const struct nlattr **tb,
		       unsigned int max);

/* Values; 0 or NULL for an attribute that is not there, or is too short. */
uint8_t fwt_nl_u8(const struct nlattr *a);
uint16_t fwt_nl_u16(const struct nlattr *a);
uint32_t fwt_nl_u32(const struct nlattr *a);
uint64_t fwt_nl_u64(const struct nlattr *a);
const char *fwt_nl_str(const struct nlattr *a);

/** fwt_nl_conn_read() - a connection, of attributes that were parsed */
void fwt_nl_conn_read(struct fwt_nl_conn *to, const struct nlattr **tb);

/** fwt_nl_conn_rule_read() - a rule, of a nest that may be absent */
void fwt_nl_conn_rule_read(struct fwt_nl_conn_rule *r, const struct nlattr *nest);

/** fwt_nl_server_read() - likewise a server; its strings lie in the message */
void fwt_nl_server_read(struct fwt_nl_server *s, const struct nlattr **tb);

/** fwt_nl_dup() - a copy of a string; NULL for NULL, and where memory is out */
char *fwt_nl_dup(const struct nlattr *a);

/** fwt_nl_grow() - room for one more element; 0 or -ENOMEM */
int fwt_nl_grow(void **array, size_t *size, size_t count, size_t element);

/**
 * fwt_nl_attr_name() - what a request's attribute is called
 * @nlh: the request
 * @offset: of the attribute in it, as the kernel reports it
 *
 * Return: the name as in uapi/fwtree.yaml, NULL where not known.
 */
const char *fwt_nl_attr_name(const struct nlmsghdr *nlh, uint32_t offset);

/** fwt_nl_attr_word() - the same for a type; @filter: within conn-filter */
const char *fwt_nl_attr_word(uint8_t cmd, bool filter, uint32_t type);

#endif /* FWT_NL_PRIV_H */
