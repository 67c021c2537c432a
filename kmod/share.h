/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that who sends packets makes grow, and how namespaces share it.
 *
 * What a policy takes is charged to who applies it; what limits and live sets take
 * beyond that, the packets decide. Each namespace has a share in a pot. Those of the
 * machine's owner have a pot of their own, so that nothing is taken from them by other
 * users, who make as many namespaces as they like and have another one together. In each
 * pot a namespace may have a quarter of what is left over then: see fwt_share_fits().
 */
#ifndef FWT_SHARE_H
#define FWT_SHARE_H

#include <linux/atomic.h>
#include <linux/types.h>

struct net;

/* Of all memory that there is: all pots together are a bit less than that, and no
 * machine has a use for all of them at a time.
 */
enum fwt_share_of {
	FWT_SHARE_SETS,
	FWT_SHARE_LIMITS,
	__FWT_SHARE_MAX,
};

/**
 * struct fwt_pot - what namespaces share
 * @used: bytes, of all of them
 * @all: there are so many; of the machine's memory one part in 2^@all
 */
struct fwt_pot {
	atomic64_t used;
	u8 all;
};

/**
 * struct fwt_share - what a namespace has of it
 * @pot: of which
 * @bytes: so many
 */
struct fwt_share {
	struct fwt_pot *pot;
	atomic64_t bytes;
};

void fwt_share_init(struct fwt_share *s, enum fwt_share_of of, const struct net *net);

/**
 * fwt_share_take() - may a namespace have so much more
 * @s: its share
 * @by: bytes, to be given back
 *
 * Context: any.
 */
bool fwt_share_take(struct fwt_share *s, size_t by);

/* What can't be refused any more, and is bounded otherwise. */
void fwt_share_must(struct fwt_share *s, size_t by);
void fwt_share_give(struct fwt_share *s, size_t by);

static inline u64 fwt_share_bytes(const struct fwt_share *s)
{
	return atomic64_read(&s->bytes);
}

#endif /* FWT_SHARE_H */
