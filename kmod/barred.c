// SPDX-License-Identifier: GPL-2.0
/*
 * Who may not begin again in the middle what was ended; see barred.h.
 *
 * Where segments from the middle of a connection are taken up ("option tcp-loose",
 * and the time of "option adopt"), the first that speaks counts as the client. Of a
 * connection that a policy has just refused that could be the server: it has not
 * heard of it, says its data again, and may well begin connections of its own, by
 * which its client's answers would come in. But who was whose client was known until
 * then, and is remembered here: the pair of ends, as the server would send from it.
 * The client is not barred. Where a policy lets it begin, it goes on, be it after a
 * trial that went wrong; where not, it is refused as ever. So what is remembered
 * counts whichever policy is in force by now. What ends while nothing is taken up in
 * the middle is not remembered: a policy that begins to ("option tcp-loose") takes up
 * what it meets.
 *
 * Remembered are two bits of a map for each, by a keyed hash, in the manner of Bloom
 * (1970): nothing that was put in is denied. There are two maps. One that has taken
 * MOST pairs is full, and the older one begins afresh: so the last MOST at least are
 * remembered, in 32 KiB, and of others one in a hundred is taken for one of them by
 * each map at most ((2 * MOST / 2^BITS)^2). It costs that one a SYN.
 *
 * The maps are there from the first connection on that is barred, which most
 * namespaces never have. Should there be no memory for them nothing is taken up in
 * the middle any more, until the policy is flushed.
 */
#include <linux/bitops.h>
#include <linux/slab.h>

#include "barred.h"
#include "policy.h"

#define BITS		17
#define MOST		6144
#define WORDS		((size_t)BITS_TO_LONGS(1u << BITS))

/* The hash that both directions share, and which one it is. */
static u64 directed(const struct fwt_net *fn, const struct fwt_tuple *t)
{
	u64 hash = fwt_hash_tuple(&fn->conns, t);
	int order = memcmp(t->src.addr, t->dst.addr, sizeof(t->src.addr));

	if (!order)
		order = (int)t->src.port - t->dst.port;
	return order > 0 ? ~hash : hash;
}

static u32 bit(u64 hash, unsigned int i)
{
	return (u32)(hash >> i * BITS) & ((1u << BITS) - 1);
}

/* Under @b->lock. */
static void remember(struct fwt_barred *b, u64 hash)
{
	unsigned long *map = b->maps + b->now * WORDS;

	set_bit(bit(hash, 0), map);
	set_bit(bit(hash, 1), map);
	if (++b->n < MOST)
		return;
	b->n = 0;
	b->now = !b->now;
	memset(b->maps + b->now * WORDS, 0, WORDS * sizeof(*map));
}

static bool taken_up(const struct fwt_net *fn)
{
	const struct fwt_policy *pol = rcu_dereference(fn->policy);

	return (pol && pol->opt.tcp_loose) ||
	       time_before64(get_jiffies_64(), READ_ONCE(fn->adopt_until));
}

void fwt_bar(const struct fwt_conn *c, bool both)
{
	struct fwt_net *fn = c->fn;
	struct fwt_barred *b = &fn->barred;
	struct fwt_tuple client, server, seen;

	if (c->ends.protocol != FWT_IPPROTO_TCP || !taken_up(fn))
		return;
	fwt_ends_tuple(&c->ends, FWT_PAIR_CV, &client);
	fwt_ends_tuple(&c->ends, FWT_PAIR_SN, &seen);
	server = seen;
	server.src = seen.dst;
	server.dst = seen.src;

	spin_lock_bh(&b->lock);
	if (!b->maps)
		/* Pairs with the acquire in fwt_barred(). */
		smp_store_release(&b->maps, kzalloc(2 * WORDS * sizeof(*b->maps),
						    GFP_ATOMIC | __GFP_NOWARN | __GFP_ACCOUNT));
	if (b->maps) {
		remember(b, directed(fn, &server));
		if (both)
			remember(b, directed(fn, &client));
	} else {
		WRITE_ONCE(b->all, true);
	}
	spin_unlock_bh(&b->lock);
}

bool fwt_barred(const struct fwt_net *fn, const struct fwt_tuple *t)
{
	/* Pairs with the release in fwt_bar(). */
	const unsigned long *maps = smp_load_acquire(&fn->barred.maps);
	u64 hash;

	if (!maps)
		return READ_ONCE(fn->barred.all);
	hash = directed(fn, t);
	return (test_bit(bit(hash, 0), maps) && test_bit(bit(hash, 1), maps)) ||
	       (test_bit(bit(hash, 0), maps + WORDS) && test_bit(bit(hash, 1), maps + WORDS)) ||
	       READ_ONCE(fn->barred.all);
}

void fwt_unbar(struct fwt_net *fn)
{
	struct fwt_barred *b = &fn->barred;

	/* A policy of devices alone has no connections. */
	if (!fn->conns_ready)
		return;
	spin_lock_bh(&b->lock);
	if (b->maps)
		memset(b->maps, 0, 2 * WORDS * sizeof(*b->maps));
	b->n = 0;
	b->all = false;
	spin_unlock_bh(&b->lock);
}

void fwt_barred_init(struct fwt_net *fn)
{
	spin_lock_init(&fn->barred.lock);
}

void fwt_barred_clean(struct fwt_net *fn)
{
	kfree(fn->barred.maps);
	fn->barred.maps = NULL;
}
