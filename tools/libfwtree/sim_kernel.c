// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel of the simulation: what kernel/kernel.h promises and is no macro.
 *
 * RCU's callbacks, memory that is freed under RCU, and queued work wait in lists
 * until sim_quiesce(), which is called between packets: a packet's own record may
 * end while it is on its way. Chance is a generator that begins with the seed of
 * the simulation, so that the same test makes the same choices.
 */
#include "kernel.h"
#include "sim_kernel.h"

u64 sim_jiffies;
unsigned int fwt_net_id;
struct workqueue_struct *fwt_wq;
struct user_namespace init_user_ns;
const struct task_struct sim_task;
const struct skb_shared_info sim_no_shinfo;

static struct rcu_head *callbacks;
static struct work_struct *works;
static void **garbage;
static size_t n_garbage, room_garbage;
static u64 chance;
static unsigned int warnings;

void sim_warn(const char *file, int line)
{
	fprintf(stderr, "fwtree: a WARN of the module: %s:%d\n", file, line);
	warnings++;
}

unsigned int sim_warnings(void)
{
	return warnings;
}

/* Later */

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = callbacks;
	callbacks = head;
}

void sim_free_later(void *p)
{
	if (n_garbage == room_garbage) {
		size_t room = room_garbage ? 2 * room_garbage : 64;
		void **more = realloc(garbage, room * sizeof(*more));

		/* Rather lost than used after it is free. */
		if (!more)
			return;
		garbage = more;
		room_garbage = room;
	}
	garbage[n_garbage++] = p;
}

void rcu_barrier(void)
{
	while (callbacks) {
		struct rcu_head *head = callbacks;

		callbacks = head->next;
		head->func(head);
	}
	while (n_garbage)
		free(garbage[--n_garbage]);
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	(void)wq;
	if (work->pending)
		return false;
	work->pending = true;
	work->next = works;
	works = work;
	return true;
}

bool cancel_work_sync(struct work_struct *work)
{
	struct work_struct **at;

	for (at = &works; *at; at = &(*at)->next) {
		if (*at != work)
			continue;
		*at = work->next;
		work->pending = false;
		return true;
	}
	return false;
}

void sim_quiesce(void)
{
	while (callbacks || n_garbage || works) {
		struct work_struct *work = works;

		rcu_barrier();
		if (!work)
			continue;
		works = work->next;
		work->pending = false;
		work->func(work);
	}
	free(garbage);
	garbage = NULL;
	room_garbage = 0;
}

/* Memory */

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned long flags, void (*ctor)(void *p))
{
	struct kmem_cache *cache = malloc(sizeof(*cache));

	(void)name;
	(void)flags;
	(void)ctor;
	if (cache)
		*cache = (struct kmem_cache){ size, align > sizeof(void *) ? align : 0 };
	return cache;
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *p;

	(void)gfp;
	if (!cache->align)
		return calloc(1, cache->size);
	p = aligned_alloc(cache->align, ALIGN(cache->size, cache->align));
	return p ? memset(p, 0, cache->size) : NULL;
}

/* One sort at a time. */
static int (*sort_compare)(const void *a, const void *b, const void *priv);
static const void *sort_priv;

static int sort_by(const void *a, const void *b)
{
	return sort_compare(a, b, sort_priv);
}

void sort_r(void *p, size_t n, size_t size,
	    int (*compare)(const void *a, const void *b, const void *priv),
	    const void *swap, const void *priv)
{
	(void)swap;
	sort_compare = compare;
	sort_priv = priv;
	qsort(p, n, size, sort_by);
}

/* The variables of the one CPU are those of the simulation that runs. */
extern u8 __start_fwt_percpu[], __stop_fwt_percpu[];

size_t sim_percpu_size(void)
{
	/* The linker's: both ends of one section. */
	return (uintptr_t)__stop_fwt_percpu - (uintptr_t)__start_fwt_percpu;
}

void sim_percpu_load(const void *from)
{
	memcpy(__start_fwt_percpu, from, sim_percpu_size());
}

void sim_percpu_save(void *to)
{
	memcpy(to, __start_fwt_percpu, sim_percpu_size());
}

/* Chance */

u64 sim_chance_get(void)
{
	return chance;
}

void sim_chance_set(u64 state)
{
	chance = state;
}

/* Steele, Lea, Flood: SplitMix64. */
static u64 mix64(u64 z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static u64 next_random(void)
{
	chance += 0x9e3779b97f4a7c15ull;
	return mix64(chance);
}

void get_random_bytes(void *p, size_t len)
{
	u8 *to = p;
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = (u8)(next_random() >> 32);
}

u32 get_random_u32(void)
{
	return (u32)(next_random() >> 32);
}

u32 get_random_u32_below(u32 n)
{
	return (u32)((u64)get_random_u32() * n >> 32);
}

u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	return mix64(mix64(mix64(a ^ key->key[0]) ^ b) ^ key->key[1]);
}

u64 siphash_1u64(u64 a, const siphash_key_t *key)
{
	return siphash_2u64(a, 8, key);
}

u64 siphash(const void *p, size_t len, const siphash_key_t *key)
{
	const u8 *at = p;
	u64 h = len, word;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = min(len - i, sizeof(word));
		word = 0;
		memcpy(&word, at + i, n);
		h = siphash_2u64(h, word, key);
	}
	return h;
}

u32 jhash2(const u32 *k, u32 len, u32 init)
{
	u64 h = init;
	u32 i;

	for (i = 0; i < len; i++)
		h = mix64(h ^ k[i]);
	return (u32)h;
}

u32 jhash_3words(u32 a, u32 b, u32 c, u32 init)
{
	const u32 k[3] = { a, b, c };

	return jhash2(k, 3, init);
}

int __ratelimit(struct ratelimit_state *rs)
{
	if (!rs->interval)
		return 1;
	if (!rs->begin || sim_jiffies - rs->begin > (u64)rs->interval) {
		rs->begin = sim_jiffies;
		rs->printed = 0;
	}
	if (rs->printed >= rs->burst)
		return 0;
	rs->printed++;
	return 1;
}

/* A hash of anything */

static struct rhash_head **rhash_bucket(const struct rhashtable *h, const void *key)
{
	static const siphash_key_t none;

	return &h->bucket[siphash(key, h->p.key_len, &none) % SIM_RHASH_BUCKETS];
}

static u8 *rhash_object(const struct rhashtable *h, struct rhash_head *e)
{
	return (u8 *)e - h->p.head_offset;
}

int rhashtable_init(struct rhashtable *h, const struct rhashtable_params *p)
{
	h->p = *p;
	h->bucket = calloc(SIM_RHASH_BUCKETS, sizeof(*h->bucket));
	return h->bucket ? 0 : -ENOMEM;
}

void rhashtable_destroy(struct rhashtable *h)
{
	free(h->bucket);
	h->bucket = NULL;
}

void *sim_rhash_find(const struct rhashtable *h, const void *key)
{
	struct rhash_head *e;

	for (e = *rhash_bucket(h, key); e; e = e->next)
		if (!memcmp(rhash_object(h, e) + h->p.key_offset, key, h->p.key_len))
			return rhash_object(h, e);
	return NULL;
}

int sim_rhash_insert(struct rhashtable *h, struct rhash_head *e)
{
	const u8 *key = rhash_object(h, e) + h->p.key_offset;
	struct rhash_head **at = rhash_bucket(h, key);

	if (sim_rhash_find(h, key))
		return -EEXIST;
	e->next = *at;
	*at = e;
	return 0;
}

int sim_rhash_remove(struct rhashtable *h, struct rhash_head *e)
{
	struct rhash_head **at = rhash_bucket(h, rhash_object(h, e) + h->p.key_offset);

	for (; *at; at = &(*at)->next) {
		if (*at != e)
			continue;
		*at = e->next;
		return 0;
	}
	return -ENOENT;
}

/* Things by number: 0 is nobody's, and what was one's is the next one's. */

int sim_xa_alloc(struct xarray *xa, u32 *index, void *entry, u32 most)
{
	void **more;
	u32 i;

	for (i = 1; i < xa->n && xa->entry[i]; i++)
		;
	if (i > most)
		return -EBUSY;
	if (i >= xa->n) {
		more = realloc(xa->entry, (i + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		more[0] = NULL;
		xa->entry = more;
		xa->n = i + 1;
	}
	xa->entry[i] = entry;
	*index = i;
	return 0;
}

void *xa_load(const struct xarray *xa, unsigned long index)
{
	return index < xa->n ? xa->entry[index] : NULL;
}

void xa_erase(struct xarray *xa, unsigned long index)
{
	if (index < xa->n)
		xa->entry[index] = NULL;
}

bool xa_empty(const struct xarray *xa)
{
	u32 i;

	for (i = 0; i < xa->n; i++)
		if (xa->entry[i])
			return false;
	return true;
}
