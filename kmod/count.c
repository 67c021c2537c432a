// SPDX-License-Identifier: GPL-2.0
/* How many connections have something in common; see count.h. */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "conn.h"
#include "count.h"
#include "core/patch.h"

struct fwt_count {
	struct hlist_node node;
	struct rcu_head rcu;
	u64 table;
	u32 words;
	u32 n;
	u32 key[];
};

/* A connection is charged to a rule's count: by the connection's id. The count
 * stays as long as this does.
 */
struct charge {
	struct hlist_node node;
	u64 conn;
	struct fwt_count *count;
};

struct bucket {
	spinlock_t lock;
	struct hlist_head head;
	struct hlist_head charges;
};

/* Who opens connections chooses keys: the hash is a keyed one. */
struct fwt_counts {
	siphash_key_t key;
	u32 mask;
	struct bucket bucket[];
};

static struct bucket *bucket_of(struct fwt_counts *all, u64 table, const u32 *key,
				u32 words)
{
	u64 h = siphash(key, words * sizeof(*key), &all->key);

	return &all->bucket[siphash_2u64(h, table, &all->key) & all->mask];
}

static struct fwt_count *find(struct bucket *b, u64 table, const u32 *key, u32 words)
{
	struct fwt_count *c;

	hlist_for_each_entry_rcu(c, &b->head, node, lockdep_is_held(&b->lock))
		if (c->table == table && c->words == words &&
		    !memcmp(c->key, key, words * sizeof(*key)))
			return c;
	return NULL;
}

static struct fwt_count *charge(struct fwt_net *fn, u64 table, const u32 *key,
				u32 words, u32 limit)
{
	struct fwt_counts *all = rcu_dereference(fn->counts);
	struct bucket *b;
	struct fwt_count *c;

	if (!all || words > FWT_COUNT_WORDS)
		return ERR_PTR(-ENOMEM);
	b = bucket_of(all, table, key, words);
	spin_lock_bh(&b->lock);
	c = find(b, table, key, words);
	if (c) {
		if (limit && c->n >= limit)
			c = ERR_PTR(-EDQUOT);
		else
			WRITE_ONCE(c->n, c->n + 1);
		goto out;
	}
	c = kmalloc(struct_size(c, key, words), GFP_ATOMIC | __GFP_ACCOUNT);
	if (!c) {
		c = ERR_PTR(-ENOMEM);
		goto out;
	}
	c->table = table;
	c->words = words;
	c->n = 1;
	memcpy(c->key, key, words * sizeof(*key));
	hlist_add_head_rcu(&c->node, &b->head);
	atomic_inc(&fn->n_counts);
out:
	spin_unlock_bh(&b->lock);
	return c;
}

int fwt_count_charge(struct fwt_net *fn, u64 table, const u32 *key, u32 words,
		     u32 limit)
{
	return PTR_ERR_OR_ZERO(charge(fn, table, key, words, limit));
}

void fwt_count_release(struct fwt_net *fn, u64 table, const u32 *key, u32 words)
{
	/* Whoever was charged keeps it from going. */
	struct fwt_counts *all = rcu_dereference_raw(fn->counts);
	struct fwt_count *c;
	struct bucket *b;

	if (WARN_ON_ONCE(!all))
		return;
	b = bucket_of(all, table, key, words);
	spin_lock_bh(&b->lock);
	c = find(b, table, key, words);
	if (!WARN_ON_ONCE(!c)) {
		WRITE_ONCE(c->n, c->n - 1);
		if (!c->n) {
			hlist_del_rcu(&c->node);
			kfree_rcu(c, rcu);
			atomic_dec(&fn->n_counts);
		}
	}
	spin_unlock_bh(&b->lock);
}

u32 fwt_count_read(struct fwt_net *fn, u64 table, const u32 *key, u32 words)
{
	struct fwt_counts *all = rcu_dereference(fn->counts);
	struct fwt_count *c;

	if (!all)
		return 0;
	c = find(bucket_of(all, table, key, words), table, key, words);
	return c ? READ_ONCE(c->n) : 0;
}

static struct bucket *charges_of(struct fwt_counts *all, u64 conn)
{
	return &all->bucket[siphash_1u64(conn, &all->key) & all->mask];
}

/* Lets go of the @n that it was charged to last; of all, where it has less. */
static void uncount(struct fwt_conn *c, u32 n)
{
	/* It is there if anything was charged. */
	struct fwt_counts *all = rcu_dereference_raw(c->fn->counts);
	struct hlist_node *next;
	struct charge *one;
	HLIST_HEAD(mine);
	struct bucket *b;
	bool left = false;

	if (!(c->flags & BIT(FWT_CONN_COUNTED)))
		return;
	b = charges_of(all, c->id);
	spin_lock_bh(&b->lock);
	hlist_for_each_entry_safe(one, next, &b->charges, node) {
		if (one->conn != c->id)
			continue;
		left = !n;
		if (left)
			break;
		n--;
		hlist_del(&one->node);
		hlist_add_head(&one->node, &mine);
	}
	spin_unlock_bh(&b->lock);
	hlist_for_each_entry_safe(one, next, &mine, node) {
		fwt_count_release(c->fn, one->count->table, one->count->key,
				  one->count->words);
		kfree(one);
	}
	if (!left)
		WRITE_ONCE(c->flags, c->flags & ~BIT(FWT_CONN_COUNTED));
}

bool fwt_conn_counted(const struct fwt_conn *c, u64 table, const u32 *key, u32 words)
{
	struct fwt_counts *all = rcu_dereference(c->fn->counts);
	const struct charge *one;
	struct bucket *b;
	bool is = false;

	if (!all || !fwt_conn_is(c, FWT_CONN_COUNTED))
		return false;
	b = charges_of(all, c->id);
	spin_lock_bh(&b->lock);
	hlist_for_each_entry(one, &b->charges, node) {
		is = one->conn == c->id && one->count->table == table &&
		     one->count->words == words &&
		     !memcmp(one->count->key, key, words * sizeof(*key));
		if (is)
			break;
	}
	spin_unlock_bh(&b->lock);
	return is;
}

int fwt_conn_count(struct fwt_conn *c, const struct fwt_program *prog,
		   const struct fwt_decision_count *count, u32 n)
{
	struct fwt_counts *all = rcu_dereference(c->fn->counts);
	struct charge *new;
	u32 i, charged = 0;
	struct bucket *b;

	for (i = 0; i < n; i++) {
		const struct fwt_program *own;
		u32 test = count[i].test;
		u64 table;

		own = fwt_program_of_test(prog, &test);
		table = fwt_count_table(own, &own->test[test]);
		/* A walk may meet a tree twice, and both hooks may lead to it. */
		if (fwt_conn_counted(c, table, count[i].key, count[i].words))
			continue;
		new = kmalloc(sizeof(*new), GFP_ATOMIC | __GFP_ACCOUNT);
		if (!new)
			goto fail;
		new->conn = c->id;
		new->count = charge(c->fn, table, count[i].key, count[i].words, 0);
		if (IS_ERR(new->count)) {
			kfree(new);
			goto fail;
		}
		b = charges_of(all, c->id);
		spin_lock_bh(&b->lock);
		hlist_add_head(&new->node, &b->charges);
		spin_unlock_bh(&b->lock);
		WRITE_ONCE(c->flags, c->flags | BIT(FWT_CONN_COUNTED));
		charged++;
	}
	return 0;
fail:
	/* What another hook has counted stays: the newest stand first. */
	uncount(c, charged);
	return -ENOMEM;
}

void fwt_conn_uncount(struct fwt_conn *c)
{
	uncount(c, U32_MAX);
}

static u32 source_words(u8 family)
{
	return family == 6 ? 2 : 1;
}

int fwt_source_charge(struct fwt_net *fn, u8 family, const struct fwt_end *client,
		      u32 limit)
{
	return fwt_count_charge(fn, FWT_COUNT_SOURCES, client->addr,
				source_words(family), limit);
}

void fwt_source_release(struct fwt_net *fn, u8 family, const struct fwt_end *client)
{
	fwt_count_release(fn, FWT_COUNT_SOURCES, client->addr, source_words(family));
}

int fwt_counts_init(struct fwt_net *fn, u32 most)
{
	/* 24 bytes a bucket: 0.4 to 1.5 MiB. It stays when a later policy allows
	 * more connections, so it is not made small for a small one: a million
	 * sources in the least of them are chains of 64.
	 */
	u32 i, n = roundup_pow_of_two(clamp(most / 2, 16384u, 65536u));
	struct fwt_counts *all;

	lockdep_assert_held(&fn->lock);
	if (rcu_access_pointer(fn->counts))
		return 0;
	all = kvmalloc(struct_size(all, bucket, n), GFP_KERNEL_ACCOUNT);
	if (!all)
		return -ENOMEM;
	get_random_bytes(&all->key, sizeof(all->key));
	all->mask = n - 1;
	for (i = 0; i < n; i++) {
		spin_lock_init(&all->bucket[i].lock);
		INIT_HLIST_HEAD(&all->bucket[i].head);
		INIT_HLIST_HEAD(&all->bucket[i].charges);
	}
	rcu_assign_pointer(fn->counts, all);
	return 0;
}

void fwt_counts_clean(struct fwt_net *fn)
{
	struct fwt_counts *all = rcu_dereference_protected(fn->counts, true);

	WARN_ON_ONCE(atomic_read(&fn->n_counts));
	kvfree(all);
	RCU_INIT_POINTER(fn->counts, NULL);
}
