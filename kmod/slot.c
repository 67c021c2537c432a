// SPDX-License-Identifier: GPL-2.0
/* Rule slots; see slot.h. */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "netns.h"
#include "slot.h"
#include "core/verify.h"

/* Keys are hashes already; but who writes a policy may choose them. */
static struct hlist_head *bucket(struct fwt_slots *s, u64 key)
{
	return &s->bucket[siphash_1u64(key, &s->key) >> (64 - s->bucket_bits)];
}

/* There may be a million of them, and what is held is held by one who may sleep. */
static void others_too(u32 i)
{
	if (!(i % 4096))
		cond_resched();
}

static struct fwt_slot_dir *dir_locked(struct fwt_slots *s)
{
	struct fwt_net *fn = container_of(s, struct fwt_net, slots);

	return rcu_dereference_protected(s->dir, lockdep_is_held(&fn->lock) ||
					 fn->dying);
}

static struct fwt_slot *at(struct fwt_slot_dir *d, u32 slot)
{
	return &d->chunk[slot >> FWT_SLOT_CHUNK_BITS].slot[slot & FWT_SLOT_MASK];
}

static struct fwt_name *name_new(const char *text)
{
	size_t len = strlen(text) + 1;
	struct fwt_name *n = kmalloc(sizeof(*n) + len, GFP_KERNEL_ACCOUNT);

	if (n) {
		refcount_set(&n->refs, 1);
		memcpy(n->text, text, len);
	}
	return n;
}

static void name_put(struct fwt_name *n)
{
	if (n && refcount_dec_and_test(&n->refs))
		kfree_rcu(n, rcu);
}

/* Under fwt_net.lock; takes over the reference to @n. */
static void name_set(struct fwt_name __rcu **at, struct fwt_name *n)
{
	struct fwt_name *old = rcu_dereference_protected(*at, true);

	rcu_assign_pointer(*at, n);
	name_put(old);
}

static bool in_use(const struct fwt_slot *slot)
{
	return rcu_access_pointer(slot->file);
}

int fwt_slots_init(struct fwt_slots *s)
{
	memset(s, 0, sizeof(*s));
	get_random_bytes(&s->key, sizeof(s->key));
	return 0;
}

static void chunk_free(struct fwt_slot_chunk *c)
{
	free_percpu(c->count);
	kvfree(c->slot);
}

void fwt_slots_clean(struct fwt_slots *s)
{
	struct fwt_slot_dir *d = rcu_dereference_protected(s->dir, true);
	u32 i, k;

	for (i = 0; d && i < d->n_chunks; i++) {
		for (k = 0; k < FWT_SLOT_CHUNK; k++) {
			name_put(rcu_dereference_protected(d->chunk[i].slot[k].file, true));
			name_put(rcu_dereference_protected(d->chunk[i].slot[k].id, true));
		}
		chunk_free(&d->chunk[i]);
	}
	kvfree(d);
	kvfree(s->bucket);
	memset(s, 0, sizeof(*s));
	/* kfree_rcu() of the names needs nothing of ours. */
}

static u32 capacity(struct fwt_slots *s)
{
	struct fwt_slot_dir *d = dir_locked(s);

	return d ? d->n_chunks << FWT_SLOT_CHUNK_BITS : 0;
}

static int chunk_init(struct fwt_slot_chunk *c, u32 number)
{
	u32 i;

	c->slot = kvcalloc(FWT_SLOT_CHUNK, sizeof(*c->slot), GFP_KERNEL_ACCOUNT);
	c->count = __alloc_percpu_gfp(FWT_SLOT_CHUNK * sizeof(*c->count), 32,
				      GFP_KERNEL_ACCOUNT);
	if (!c->slot || !c->count) {
		chunk_free(c);
		return -ENOMEM;
	}
	for (i = 0; i < FWT_SLOT_CHUNK; i++)
		c->slot[i].index = (number << FWT_SLOT_CHUNK_BITS) + i;
	return 0;
}

/* As many chunks as there are to be: a copy of the directory, with the new ones. */
static int grow(struct fwt_slots *s, u32 chunks)
{
	struct fwt_slot_dir *old = dir_locked(s), *d;
	u32 had = old ? old->n_chunks : 0, n;

	d = kvmalloc(struct_size(d, chunk, chunks), GFP_KERNEL_ACCOUNT);
	if (!d)
		return -ENOMEM;
	if (had)
		memcpy(d->chunk, old->chunk, had * sizeof(d->chunk[0]));
	for (n = had; n < chunks; n++)
		if (chunk_init(&d->chunk[n], n))
			goto fail;
	d->n_chunks = chunks;
	rcu_assign_pointer(s->dir, d);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
fail:
	while (n-- > had)
		chunk_free(&d->chunk[n]);
	kvfree(d);
	return -ENOMEM;
}

/* Room for @count more, and buckets for all: chains of about one. */
static int reserve(struct fwt_slots *s, u32 count)
{
	u32 want = s->n_used + count, bits, i;
	struct hlist_head *b;
	int ret;

	if (capacity(s) < want) {
		ret = grow(s, DIV_ROUND_UP(want, FWT_SLOT_CHUNK));
		if (ret)
			return ret;
	}
	bits = max_t(u32, 6, ilog2(max(want, 1u)) + 1);
	if (s->bucket && bits <= s->bucket_bits)
		return 0;
	b = kvcalloc(1u << bits, sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return -ENOMEM;
	kvfree(s->bucket);
	s->bucket = b;
	s->bucket_bits = bits;
	for (i = 0; i < capacity(s); i++) {
		struct fwt_slot *slot = at(dir_locked(s), i);

		if (in_use(slot))
			hlist_add_head(&slot->node, bucket(s, slot->key));
		others_too(i);
	}
	return 0;
}

static struct fwt_slot *find(struct fwt_slots *s, u64 key)
{
	struct fwt_slot *slot;

	hlist_for_each_entry(slot, bucket(s, key), node)
		if (slot->key == key)
			return slot;
	return NULL;
}

static void sum_up(struct fwt_slot_dir *d, u32 slot, struct fwt_slot_count *sum)
{
	struct fwt_slot_chunk *c = &d->chunk[slot >> FWT_SLOT_CHUNK_BITS];
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct fwt_slot_count *n =
			per_cpu_ptr(c->count, cpu) + (slot & FWT_SLOT_MASK);

		sum->hits += READ_ONCE(n->hits);
		sum->packets += READ_ONCE(n->packets);
		sum->bytes += READ_ONCE(n->bytes);
		sum->refs += READ_ONCE(n->refs);
	}
}

/* A slot that nobody uses: capacity was reserved. */
static struct fwt_slot *take(struct fwt_slots *s)
{
	struct fwt_slot_dir *d = dir_locked(s);
	u32 n = capacity(s);

	for (;;) {
		struct fwt_slot *slot = at(d, s->next++ % n);

		if (!in_use(slot))
			return slot;
	}
}

/* Slots are handed out under fwt_net.lock only; a slot without a user whose
 * references sum up to nothing can't get new ones. False: it has some.
 */
static bool reap(struct fwt_slots *s, struct fwt_slot *slot)
{
	struct fwt_slot_dir *d = dir_locked(s);
	struct fwt_slot_chunk *c = &d->chunk[slot->index >> FWT_SLOT_CHUNK_BITS];
	struct fwt_slot_count sum;
	int cpu;

	sum_up(d, slot->index, &sum);
	if (sum.refs)
		return false;
	hlist_del(&slot->node);
	name_set(&slot->file, NULL);
	name_set(&slot->id, NULL);
	memset(&slot->base, 0, sizeof(slot->base));
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(c->count, cpu) + (slot->index & FWT_SLOT_MASK),
		       0, sizeof(struct fwt_slot_count));
	s->n_used--;
	return true;
}

static void put_one(struct fwt_slots *s, u32 index)
{
	struct fwt_slot *slot = at(dir_locked(s), index);

	if (!--slot->users && !reap(s, slot))
		s->n_left++;
}

/* Named counters share the slots' numbers; their keys are made from the name.
 * FNV-1a, 64 bits, as the compiler makes those of rules.
 */
static u64 counter_key(const char *name)
{
	static const char prefix[] = "count";
	u64 h = 0xcbf29ce484222325ull;
	size_t i;

	for (i = 0; i < sizeof(prefix); i++)
		h = (h ^ (u8)prefix[i]) * 0x100000001b3ull;
	for (; *name; name++)
		h = (h ^ (u8)*name) * 0x100000001b3ull;
	return h;
}

/* False: none has that key, and @index is FWT_NONE. */
static bool get_old(struct fwt_slots *s, u64 key, u32 *index)
{
	struct fwt_slot *slot = s->n_used ? find(s, key) : NULL;

	*index = slot ? slot->index : FWT_NONE;
	if (!slot)
		return false;
	/* The same rule, which stands where the policy in force has it until
	 * fwt_slots_place() says otherwise.
	 */
	s->n_left -= !slot->users;
	slot->users++;
	return true;
}

/* Of two of one key in a program the second finds what the first took. */
static int get_new(struct fwt_slots *s, u64 key, const char *id, u32 line,
		   struct fwt_name *file, bool placed, u32 *index)
{
	struct fwt_name *name = NULL;
	struct fwt_slot *slot;

	if (get_old(s, key, index))
		return 0;
	if (id) {
		name = name_new(id);
		if (!name)
			return -ENOMEM;
	}
	slot = take(s);
	refcount_inc(&file->refs);
	slot->key = key;
	slot->line = line;
	slot->placed = placed;
	name_set(&slot->file, file);
	name_set(&slot->id, name);
	slot->users = 1;
	hlist_add_head(&slot->node, bucket(s, key));
	s->n_used++;
	*index = slot->index;
	return 0;
}

/* What has slots already has them; FWT_NONE of all else. Returns how many have none. */
static u32 get_all_old(struct fwt_slots *s, const struct fwt_program *prog, bool patch,
		       u32 *slot)
{
	u32 rules = prog->n[FWT_SEC_RULES], counters = prog->n[FWT_SEC_COUNTERS];
	u32 i, missing = 0;

	for (i = 0; i < rules; i++) {
		others_too(i);
		slot[i] = FWT_NONE;
		if (!patch || prog->rule[i].line)
			missing += !get_old(s, prog->rule[i].key, &slot[i]);
	}
	for (i = 0; i < counters; i++) {
		others_too(i);
		missing += !get_old(s, counter_key(prog->string + prog->counter[i]),
				    &slot[rules + i]);
	}
	return missing;
}

int fwt_slots_get(struct fwt_net *fn, const struct fwt_program *prog, bool patch, u32 *slot)
{
	u32 rules = prog->n[FWT_SEC_RULES], counters = prog->n[FWT_SEC_COUNTERS];
	u32 n_files = prog->n[FWT_SEC_FILES], i, missing;
	struct fwt_slots *s = &fn->slots;
	struct fwt_name **file = NULL;
	int ret;

	lockdep_assert_held(&fn->lock);
	/* First those that are there: a policy over itself needs no room for itself again. */
	missing = get_all_old(s, prog, patch, slot);
	if (!missing)
		return 0;
	ret = reserve(s, missing);
	if (ret)
		goto out;
	/* One more, for the counters, which stand in no file. */
	file = kvcalloc(n_files + 1, sizeof(*file), GFP_KERNEL);
	if (!file) {
		ret = -ENOMEM;
		goto out;
	}
	for (i = 0; i <= n_files; i++) {
		file[i] = name_new(i == n_files ? "" :
				   fwt_program_string(prog, prog->file[i].name));
		if (!file[i]) {
			ret = -ENOMEM;
			goto out;
		}
	}
	for (i = 0; !ret && i < rules; i++) {
		const struct fwt_prog_rule *r = &prog->rule[i];
		const char *id = r->id == FWT_NONE ? NULL : prog->string + r->id;

		others_too(i);
		if (slot[i] == FWT_NONE && (!patch || r->line))
			ret = get_new(s, r->key, id, r->line, file[r->file], patch, &slot[i]);
	}
	for (i = 0; !ret && i < counters; i++) {
		const char *id = prog->string + prog->counter[i];

		others_too(i);
		if (slot[rules + i] == FWT_NONE)
			ret = get_new(s, counter_key(id), id, 0, file[n_files], false,
				      &slot[rules + i]);
	}
out:
	for (i = 0; file && i <= n_files; i++)
		name_put(file[i]);
	kvfree(file);
	if (ret)
		fwt_slots_put(fn, slot, rules + counters);
	return ret;
}

struct fwt_name **fwt_names_new(const struct fwt_program *prog)
{
	return kvcalloc(prog->n[FWT_SEC_FILES], sizeof(struct fwt_name *), GFP_KERNEL);
}

void fwt_names_free(struct fwt_name **file, const struct fwt_program *prog)
{
	u32 i;

	for (i = 0; file && i < prog->n[FWT_SEC_FILES]; i++)
		name_put(file[i]);
	kvfree(file);
}

void fwt_slots_place(struct fwt_net *fn, const struct fwt_program *prog, bool patch,
		     const u32 *slot)
{
	struct fwt_name **file = fwt_names_new(prog);
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		others_too(i);
		if (slot[i] != FWT_NONE)
			fwt_slot_place(fn, slot[i], prog, i, patch, file);
	}
	fwt_names_free(file, prog);
}

void fwt_slots_put(struct fwt_net *fn, const u32 *slot, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		others_too(i);
		if (slot[i] != FWT_NONE)
			put_one(&fn->slots, slot[i]);
	}
}

void fwt_slot_place(struct fwt_net *fn, u32 slot, const struct fwt_program *prog, u32 rule,
		    bool placed, struct fwt_name **file)
{
	struct fwt_slot *s = at(dir_locked(&fn->slots), slot);
	const struct fwt_prog_rule *r = &prog->rule[rule];

	lockdep_assert_held(&fn->lock);
	WRITE_ONCE(s->placed, placed);
	WRITE_ONCE(s->line, r->line);
	WRITE_ONCE(s->file_no, r->file);
	if (!file)
		return;
	/* Each name once, in whatever order rules come. */
	if (!file[r->file])
		file[r->file] = name_new(fwt_program_string(prog, prog->file[r->file].name));
	if (file[r->file]) {
		refcount_inc(&file[r->file]->refs);
		name_set(&s->file, file[r->file]);
	}
}

u32 fwt_slot_users(struct fwt_net *fn, u32 slot)
{
	lockdep_assert_held(&fn->lock);
	return at(dir_locked(&fn->slots), slot)->users;
}

u32 fwt_slots_capacity(struct fwt_net *fn)
{
	return capacity(&fn->slots);
}

void fwt_slots_reap(struct fwt_net *fn)
{
	struct fwt_slots *s = &fn->slots;
	u32 left = s->n_left, i;

	lockdep_assert_held(&fn->lock);
	/* Mostly there are none, and slots of a hundred thousand rules to look through. */
	for (i = 0; left && i < capacity(s); i++) {
		struct fwt_slot *slot = at(dir_locked(s), i);

		others_too(i);
		if (!in_use(slot) || slot->users)
			continue;
		left--;
		s->n_left -= reap(s, slot);
	}
}

void fwt_slots_reset(struct fwt_net *fn)
{
	struct fwt_slots *s = &fn->slots;
	u32 i;

	lockdep_assert_held(&fn->lock);
	for (i = 0; i < capacity(s); i++) {
		struct fwt_slot *slot = at(dir_locked(s), i);

		others_too(i);
		if (in_use(slot))
			sum_up(dir_locked(s), i, &slot->base);
	}
}

const struct fwt_slot *fwt_slot_read(struct fwt_net *fn, u32 slot,
				     struct fwt_slot_count *sum)
{
	struct fwt_slot_dir *d = dir_locked(&fn->slots);
	const struct fwt_slot *s = at(d, slot);

	sum_up(d, slot, sum);
	sum->hits -= s->base.hits;
	sum->packets -= s->base.packets;
	sum->bytes -= s->base.bytes;
	return s;
}

const struct fwt_slot *fwt_slot_peek(struct fwt_net *fn, u32 slot)
{
	return at(rcu_dereference(fn->slots.dir), slot);
}

static struct fwt_slot_count __percpu *count_of(struct fwt_net *fn, u32 slot)
{
	struct fwt_slot_dir *d = rcu_dereference(fn->slots.dir);

	return d->chunk[slot >> FWT_SLOT_CHUNK_BITS].count + (slot & FWT_SLOT_MASK);
}

void fwt_slot_hit(struct fwt_net *fn, u32 slot)
{
	if (slot != FWT_NONE)
		fwt_stat_add_bh(count_of(fn, slot)->hits, 1);
}

static __always_inline void decided(struct fwt_net *fn, u32 slot, u32 bytes, u32 refs)
{
	struct fwt_slot_count __percpu *n;

	if (slot == FWT_NONE)
		return;
	n = count_of(fn, slot);
	fwt_stat_add_bh(n->hits, 1);
	fwt_stat_add_bh(n->packets, 1);
	fwt_stat_add_bh(n->bytes, bytes);
	if (refs)
		fwt_stat_add_bh(n->refs, refs);
}

/* A walk that the rule decided, and its packet. */
void fwt_slot_decided(struct fwt_net *fn, u32 slot, u32 bytes)
{
	decided(fn, slot, bytes, 0);
}

/* The same, of the first packet of a connection, which refers to the slot from now on. */
void fwt_slot_begun(struct fwt_net *fn, u32 slot, u32 bytes)
{
	decided(fn, slot, bytes, 1);
}

void fwt_slot_count(struct fwt_net *fn, u32 slot, u32 packets, u32 bytes)
{
	struct fwt_slot_count __percpu *n;

	if (slot == FWT_NONE)
		return;
	n = count_of(fn, slot);
	fwt_stat_add_bh(n->packets, packets);
	fwt_stat_add_bh(n->bytes, bytes);
}

void fwt_slot_take(struct fwt_net *fn, u32 slot)
{
	if (slot != FWT_NONE)
		fwt_stat_add_bh(count_of(fn, slot)->refs, 1);
}

void fwt_slot_ref(struct fwt_net *fn, u32 slot, int by)
{
	if (slot != FWT_NONE)
		this_cpu_add(count_of(fn, slot)->refs, by);
}
