/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What DNS names stand for: a list of names with addresses, as somebody asked for them,
 * or as a test says. Asking is not done here; see dns_state.h, and fwctl's dns_ask.h.
 */
#ifndef FWT_DNS_BOOK_H
#define FWT_DNS_BOOK_H

#include "program.h"
#include "set_build.h"

struct fwt_policy_ast;
struct fwt_set;
struct fwt_loc;

#define FWT_DNS_NAME_MAX	253	/* RFC 1035, without the dot at the end */

/* Addresses of one family that a name stands for. What has more (some answers have
 * thousands) is no list of servers; of those the first in their own order count, for
 * them to be the same each time.
 */
#define FWT_DNS_ADDRS_MAX	256

/* Stands for the machine's own DNS servers; behind the '@' the name of its set. */
#define FWT_DNS_RESOLVERS	"@resolvers"

/**
 * struct fwt_dns_addr - an address
 * @six: of IPv6
 * @word: as keys have it
 */
struct fwt_dns_addr {
	u32 six;
	u32 word[4];
};

/** fwt_dns_addr_read() - from 4 or 16 bytes, network order */
void fwt_dns_addr_read(struct fwt_dns_addr *a, bool six, const void *bytes);
int fwt_dns_addr_order(const void *a, const void *b);
/* @buf has INET6_ADDRSTRLEN bytes; returns it. */
char *fwt_dns_addr_text(char *buf, const struct fwt_dns_addr *a);

/**
 * struct fwt_dns_entry - a name and its addresses
 * @name: lower case, without a dot at the end
 * @addr: struct fwt_dns_addr
 */
struct fwt_dns_entry {
	struct fwt_dns_entry *next;
	struct fwt_dns_entry *same;	/* of its bucket */
	char *name;
	struct fwt_vec addr;
};

/**
 * struct fwt_dns_kept - an element that a set keeps, whatever its names stand for now
 * @set: its name
 */
struct fwt_dns_kept {
	char *set;
	bool six;
	u32 low[FWT_KEY_WORDS];
	u32 high[FWT_KEY_WORDS];
};

/**
 * struct fwt_dns_book - what is known
 * @first: names
 * @bucket: the same, by fwt_dns_bucket(); NULL while there is none
 * @kept: struct fwt_dns_kept
 */
struct fwt_dns_book {
	struct fwt_dns_entry *first;
	struct fwt_dns_entry **bucket;
	struct fwt_vec kept;
};

/* Lists of names are of ten thousands at most: a dozen in a bucket. */
#define FWT_DNS_BUCKETS	4096

/** fwt_dns_bucket() - of a name as fwt_dns_name() has it */
u32 fwt_dns_bucket(const char *name);

void fwt_dns_init(struct fwt_dns_book *b);
void fwt_dns_clean(struct fwt_dns_book *b);

/** fwt_dns_find() - a name, however it is written; NULL for none */
struct fwt_dns_entry *fwt_dns_find(const struct fwt_dns_book *b, const char *name);

/** fwt_dns_entry() - the same; added where it is not there, NULL without memory */
struct fwt_dns_entry *fwt_dns_entry(struct fwt_dns_book *b, const char *name);
bool fwt_dns_add(struct fwt_dns_entry *e, const struct fwt_dns_addr *a);
bool fwt_dns_keep(struct fwt_dns_book *b, const char *set, bool six, const u32 *low,
		  const u32 *high, u32 words);

/**
 * fwt_dns_name() - is a text a name that DNS can be asked for
 * @text: the text
 * @to: FWT_DNS_NAME_MAX + 1 bytes: lower case, without a dot at the end; or NULL
 *
 * Return: NULL; or what is wrong with it.
 */
const char *fwt_dns_name(const char *text, char *to);

/**
 * fwt_dns_names() - the names of a policy's sets, each once
 * @ast: policy
 * @fn: called with each as fwt_dns_name() has it; FWT_DNS_RESOLVERS for @resolvers
 * @ctx: handed to it
 *
 * Return: 0, or -ENOMEM.
 */
int fwt_dns_names(const struct fwt_policy_ast *ast, void (*fn)(void *ctx, const char *name),
		  void *ctx);

/* Those of one set, as often as they are written. */
void fwt_dns_names_of(const struct fwt_set *set, void (*fn)(void *ctx, const char *name),
		      void *ctx);

/** fwt_dns_place() - where a set has a name, NULL for nowhere */
const struct fwt_loc *fwt_dns_place(const struct fwt_set *set, const char *name);

/**
 * fwt_set_elements() - the elements that a set has in a policy's text
 * @ast: policy without errors
 * @set: one of its sets
 * @book: what its names stand for; NULL: without names
 * @elems: by family; to be cleaned by fwt_elems_clean()
 * @param: set to what FWT_SETP_SHAPE and FWT_SETP_TYPES would be
 *
 * Return: 0, -ENOMEM.
 */
int fwt_set_elements(const struct fwt_policy_ast *ast, const struct fwt_set *set,
		     const struct fwt_dns_book *book, struct fwt_elems elems[2], u32 *param);

#endif /* FWT_DNS_BOOK_H */
