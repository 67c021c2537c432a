/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a kernel as the module's own files want, for the simulation.
 *
 * Policies are tested by the code that decides in the kernel (tools/libfwtree/sim.h):
 * not by the core alone, but by the hooks, the connections, the choice of ports as
 * well. So those files of kmod/ are compiled once more, against this header in
 * place of the kernel's: the Makefile makes a file for each <linux/...> and
 * <net/...> that they name, which includes this one. What it offers is a machine of
 * one CPU on which nothing happens at once: locks and barriers are nothing, RCU's
 * callbacks and queued work run when a packet is through, and time goes by when it
 * is told to (sim_kernel.c). Where packets come from and go is in kernel_net.h.
 *
 * Who uses something new of the kernel in one of those files finds out by the
 * compiler's word, and adds it here.
 */
#ifndef FWT_SIM_KERNEL_H
#define FWT_SIM_KERNEL_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "os.h"

/* Words for compilers and checkers */
#define __rcu
#define __percpu
#define __read_mostly
#define ____cacheline_aligned_in_smp
#define ____cacheline_aligned
#define __init
#define __exit
#define __net_init
#define __net_exit
#define IS_ENABLED(option)	0
#define EXPORT_SYMBOL_GPL(s)	struct sim_export_##s
#define __same_type(a, b)	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#ifndef container_of
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#endif
#undef static_assert
#define static_assert(e, ...)	_Static_assert(e, #e)
#define barrier()		__asm__ __volatile__("" : : : "memory")
#define cpu_relax()		((void)0)
#define cond_resched()		((void)0)
#define _THIS_IP_		0ul
#define WARN_ON(c)		WARN_ON_ONCE(c)
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(c)		({ bool w_ = (c); if (w_) sim_warn(__FILE__, __LINE__); w_; })
#define BUG()			abort()
void sim_warn(const char *file, int line);

typedef unsigned int gfp_t;
typedef s64 time64_t;
typedef s64 ktime_t;
#define GFP_KERNEL		0u
#define GFP_ATOMIC		0u
#define GFP_KERNEL_ACCOUNT	0u
#define __GFP_NOWARN		0u
#define __GFP_NOFAIL		0u
#define __GFP_ACCOUNT		0u
#define __GFP_ZERO		0u
#define __GFP_RETRY_MAYFAIL	0u
#define U8_MAX			UINT8_MAX
#define U16_MAX			UINT16_MAX
#define U32_MAX			UINT32_MAX
#define U64_MAX			UINT64_MAX
#define S32_MAX			INT32_MAX
#define BITS_PER_LONG		(8 * (int)sizeof(long))
#define L1_CACHE_BYTES		64

/* Arithmetic */
#define min_t(t, a, b)		((t)(a) < (t)(b) ? (t)(a) : (t)(b))
#define max_t(t, a, b)		((t)(a) > (t)(b) ? (t)(a) : (t)(b))
#define max3(a, b, c)		max(max(a, b), c)
#define min3(a, b, c)		min(min(a, b), c)
#define clamp(v, lo, hi)	((__typeof__(v))((v) < (lo) ? (lo) : (v) > (hi) ? (hi) : (v)))
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define DIV_ROUND_UP_ULL(n, d)	DIV_ROUND_UP((u64)(n), (u64)(d))
#define div_u64(n, d)		((u64)(n) / (d))
#define div64_u64(n, d)		((u64)(n) / (d))
#define mul_u64_u32_div(a, m, d) ((u64)((unsigned __int128)(a) * (m) / (d)))
#define mul_u64_u64_div_u64(a, m, d) ((u64)((unsigned __int128)(a) * (m) / (d)))
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#define array_size(a, b)	((size_t)(a) * (b))
#define ilog2(n)		((int)(63 - __builtin_clzll((u64)(n))))
#define roundup_pow_of_two(n)	((n) < 2 ? 1u : 1u << (32 - __builtin_clz((u32)(n) - 1)))
#define rounddown_pow_of_two(n)	(1u << (31 - __builtin_clz((u32)(n))))
#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define roundup(n, to)		(((n) + (to) - 1) / (to) * (to))
void sort_r(void *p, size_t n, size_t size,
	    int (*compare)(const void *a, const void *b, const void *priv),
	    const void *swap, const void *priv);
#define sort(p, n, size, compare, swap)	qsort(p, n, size, compare)
#define hweight32(x)		((u32)__builtin_popcount(x))
#define swap(a, b)		do { __typeof__(a) s_ = (a); (a) = (b); (b) = s_; } while (0)
#define cpu_to_be16(x)		htobe16(x)
#define cpu_to_be32(x)		htobe32(x)
#define be16_to_cpu(x)		be16toh(x)
#define be32_to_cpu(x)		be32toh(x)
#ifndef htons
#define htons(x)		htobe16(x)
#define ntohs(x)		be16toh(x)
#define htonl(x)		htobe32(x)
#define ntohl(x)		be32toh(x)
#endif

/* Errors in pointers */
#define IS_ERR(p)		((unsigned long)(p) >= -4095ul)
#define IS_ERR_OR_NULL(p)	(!(p) || IS_ERR(p))
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(e)		((void *)(long)(e))
#define ERR_CAST(p)		((void *)(p))
#define PTR_ERR_OR_ZERO(p)	(IS_ERR(p) ? (int)PTR_ERR(p) : 0)

/* One CPU: what is written is read. */
#undef READ_ONCE
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, v)	((void)((x) = (v)))
#define smp_load_acquire(p)	(*(p))
#define smp_store_release(p, v)	((void)(*(p) = (v)))
#define smp_rmb()		((void)0)
#define smp_wmb()		((void)0)
#define smp_mb()		((void)0)
#define smp_mb__before_atomic()	((void)0)
#define smp_mb__after_atomic()	((void)0)
#define xchg(p, v)		({ __typeof__(*(p)) x_ = *(p); *(p) = (v); x_; })
#define cmpxchg(p, o, n)	({ __typeof__(*(p)) x_ = *(p); if (x_ == (o)) *(p) = (n); x_; })
#define try_cmpxchg(p, o, n)	({ bool t_ = *(p) == *(o); \
				   if (t_) *(p) = (n); else *(o) = *(p); t_; })

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { long counter; } atomic_long_t;
typedef atomic_t refcount_t;
#define ATOMIC_INIT(i)			{ (i) }
#define atomic_read(v)			((v)->counter)
#define atomic_set(v, i)		((void)((v)->counter = (i)))
#define atomic_inc(v)			((void)(v)->counter++)
#define atomic_dec(v)			((void)(v)->counter--)
#define atomic_add(i, v)		((void)((v)->counter += (i)))
#define atomic_sub(i, v)		((void)((v)->counter -= (i)))
#define atomic_inc_return(v)		(++(v)->counter)
#define atomic_dec_return(v)		(--(v)->counter)
#define atomic_dec_and_test(v)		(!--(v)->counter)
#define atomic_add_return(i, v)		((v)->counter += (i))
#define atomic_xchg(v, n)		xchg(&(v)->counter, n)
#define atomic_cmpxchg(v, o, n)		cmpxchg(&(v)->counter, o, n)
#define atomic_try_cmpxchg(v, o, n)	try_cmpxchg(&(v)->counter, o, n)
#define atomic64_read			atomic_read
#define atomic64_set			atomic_set
#define atomic64_inc			atomic_inc
#define atomic64_add			atomic_add
#define atomic64_sub			atomic_sub
#define atomic64_inc_return		atomic_inc_return
#define atomic64_add_return		atomic_add_return
#define atomic64_xchg			atomic_xchg
#define atomic64_cmpxchg		atomic_cmpxchg
#define atomic64_try_cmpxchg		atomic_try_cmpxchg
#define atomic_long_read		atomic_read
#define atomic_long_set			atomic_set
#define atomic_long_add_return		atomic_add_return
#define atomic_long_sub			atomic_sub
#define atomic_long_set_release		atomic_set
#define refcount_set			atomic_set
#define refcount_read			atomic_read
#define refcount_inc			atomic_inc
#define refcount_dec			atomic_dec
#define refcount_dec_and_test		atomic_dec_and_test
#define refcount_dec_if_one(v)		((v)->counter == 1 ? (v)->counter--, true : false)
#define refcount_inc_not_zero(v)	((v)->counter ? (v)->counter++, true : false)

static inline bool test_and_set_bit_lock(unsigned int bit, unsigned long *p)
{
	bool was = *p >> bit & 1;

	*p |= 1ul << bit;
	return was;
}

/* Locks */
typedef struct { int dummy; } spinlock_t;
typedef spinlock_t raw_spinlock_t;
typedef spinlock_t rwlock_t;
typedef spinlock_t seqcount_t;
struct mutex { int dummy; };
struct lockdep_map { int dummy; };
struct lock_class_key { int dummy; };
#define DEFINE_SPINLOCK(name)		spinlock_t name
#define spin_lock_init(l)		((void)(l))
#define spin_lock(l)			((void)(l))
#define spin_lock_nested(l, n)		((void)(l))
#define spin_unlock(l)			((void)(l))
#define spin_lock_bh(l)			((void)(l))
#define spin_unlock_bh(l)		((void)(l))
#define raw_spin_lock_irqsave(l, f)	((void)(l), (void)((f) = 0))
#define raw_spin_unlock_irqrestore(l, f)	((void)(l), (void)(f))
#define spin_trylock(l)			((void)(l), true)
#define spin_trylock_bh(l)		((void)(l), true)
#define mutex_init(l)			((void)(l))
#define mutex_lock(l)			((void)(l))
#define mutex_unlock(l)			((void)(l))
#define mutex_destroy(l)		((void)(l))
#define lockdep_assert_held(l)		((void)(l))
#define lockdep_is_held(l)		((void)(l), 1)
#define lockdep_assert_in_softirq()	((void)0)
#define lockdep_init_map(m, n, k, s)	((void)(m), (void)(k))
#define lock_acquire(m, ...)		((void)(m))
#define lock_release(m, ip)		((void)(m))
#define SINGLE_DEPTH_NESTING		1
#define might_sleep()			((void)0)
#define preempt_disable()		((void)0)
#define preempt_enable()		((void)0)
#define local_bh_disable()		((void)0)
#define local_bh_enable()		((void)0)
#define in_softirq()			true
/* Records are not kept in stock: what a packet takes is its own. */
#define in_serving_softirq()		false
#define rcu_read_lock()			((void)0)
#define rcu_read_unlock()		((void)0)
#define rcu_read_lock_bh()		((void)0)
#define rcu_read_unlock_bh()		((void)0)
#define rcu_dereference(p)		(p)
#define rcu_dereference_raw(p)		(p)
#define rcu_dereference_bh(p)		(p)
#define rcu_dereference_check(p, c)	(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_access_pointer(p)		(p)
#define rcu_assign_pointer(p, v)	((void)((p) = (v)))
#define RCU_INIT_POINTER(p, v)		((void)((p) = (v)))
#define rcu_replace_pointer(p, v, c)	({ __typeof__(p) o_ = (p); (p) = (v); o_; })

struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void rcu_barrier(void);
#define synchronize_rcu()		rcu_barrier()
#define synchronize_net()		rcu_barrier()
/* Nobody walks while another one runs. */
#define get_state_synchronize_rcu()	0ul
#define cond_synchronize_rcu(state)	((void)(state))
void sim_free_later(void *p);
#define kfree_rcu(p, member)		sim_free_later(p)
#define kvfree_rcu(p, member)		sim_free_later(p)

/* Of the CPU: variables of a simulation, together in one section, so that each
 * has its own (sim_kernel.c).
 */
#define DEFINE_PER_CPU(type, name) \
	__typeof__(type) name __attribute__((__section__("fwt_percpu"), __used__))
#define DECLARE_PER_CPU(type, name)	extern __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED		DEFINE_PER_CPU
#define smp_processor_id()		0
#define raw_smp_processor_id()		0
#define num_possible_cpus()		1
#define num_online_cpus()		1
#define nr_cpu_ids			1
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < 1; (cpu)++)
#define per_cpu_ptr(p, cpu)		((void)(cpu), (p))
#define this_cpu_ptr(p)			(p)
#define raw_cpu_ptr(p)			(p)
#define per_cpu(v, cpu)			(v)
#define this_cpu_read(v)		(v)
#define this_cpu_write(v, x)		((void)((v) = (x)))
#define raw_cpu_write(var, v)		this_cpu_write(var, v)
#define this_cpu_inc(v)			((void)(v)++)
#define this_cpu_dec(v)			((void)(v)--)
#define this_cpu_add(v, x)		((void)((v) += (x)))
#define this_cpu_inc_return(v)		(++(v))
#define __this_cpu_inc			this_cpu_inc
#define __this_cpu_add			this_cpu_add
#define __this_cpu_inc_return		this_cpu_inc_return
#define __this_cpu_read			this_cpu_read
#define __this_cpu_write		this_cpu_write
#define alloc_percpu(type)		((type *)calloc(1, sizeof(type)))
#define alloc_percpu_gfp(type, gfp)	alloc_percpu(type)
#define __alloc_percpu_gfp(size, align, gfp) calloc(1, size)
#define __alloc_percpu(size, align)	calloc(1, size)
#define free_percpu(p)			free(p)

/* Memory */
#define kmalloc(size, gfp)		malloc(size)
#define kzalloc(size, gfp)		calloc(1, size)
#define kcalloc(n, size, gfp)		calloc(n, size)
#define kmalloc_array(n, size, gfp)	calloc(n, size)
#define kvmalloc(size, gfp)		malloc(size)
#define kvzalloc(size, gfp)		calloc(1, size)
#define kvcalloc(n, size, gfp)		calloc(n, size)
#define kvmalloc_array(n, size, gfp)	calloc(n, size)
#define kfree(p)			free((void *)(p))
#define kvfree(p)			free((void *)(p))
#define kstrdup(s, gfp)			strdup(s)
#define kmemdup(p, size, gfp)		({ void *m_ = malloc(size); m_ ? memcpy(m_, p, size) : m_; })

struct kmem_cache { size_t size; size_t align; };
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned long flags, void (*ctor)(void *p));
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);
#define kmem_cache_alloc(cache, gfp)	kmem_cache_zalloc(cache, gfp)
#define kmem_cache_alloc_bulk(cache, gfp, n, p)	0
#define kmem_cache_free(cache, p)	((void)(cache), free(p))
#define kmem_cache_destroy(cache)	free(cache)
#define kmem_cache_size(cache)		((cache)->size)
#define SLAB_ACCOUNT			0ul
#define SLAB_NO_MERGE			0ul
#define SLAB_HWCACHE_ALIGN		0ul
/* A machine of 8 GiB. */
#define PAGE_SHIFT			12
#define PAGE_SIZE			4096ul
#define totalram_pages()		(8ul << (30 - PAGE_SHIFT))
#define prefetchw(p)			__builtin_prefetch(p, 1)

/* Time. Debian's kernels have that many ticks. */
#define HZ				250
#define MSEC_PER_SEC			1000L
#define NSEC_PER_SEC			1000000000L
#define NSEC_PER_MSEC			1000000L
extern u64 sim_jiffies;
#define jiffies				((unsigned long)sim_jiffies)
#define MAX_JIFFY_OFFSET		(LONG_MAX >> 1)
#define get_jiffies_64()		sim_jiffies
#define time_after(a, b)		((long)((b) - (a)) < 0)
#define time_before(a, b)		time_after(b, a)
#define time_in_range_open(a, b, c)	(!time_before(a, b) && time_before(a, c))
#define time_after_eq(a, b)		((long)((a) - (b)) >= 0)
#define time_before64(a, b)		((s64)((a) - (b)) < 0)
#define time_after64(a, b)		time_before64(b, a)
#define msecs_to_jiffies(ms)		((unsigned long)DIV_ROUND_UP((u64)(ms) * HZ, 1000))
#define jiffies_to_msecs(j)		((unsigned int)((u64)(j) * 1000 / HZ))
#define jiffies64_to_msecs(j)		((u64)(j) * 1000 / HZ)
#define ktime_get_ns()			(sim_jiffies * (NSEC_PER_SEC / HZ))
#define ktime_get()			((ktime_t)ktime_get_ns())
#define ktime_get_real_seconds()	((time64_t)(sim_jiffies / HZ))
#define ktime_get_real_ns()		ktime_get_ns()
#define ktime_get_mono_fast_ns()	ktime_get_ns()

#define schedule_timeout_uninterruptible(t) ((void)(t))

/* Work that waits */
struct workqueue_struct { int dummy; };
struct work_struct {
	void (*func)(struct work_struct *work);
	struct work_struct *next;
	bool pending;
};

struct delayed_work { struct work_struct work; };
struct rcu_work { struct work_struct work; struct rcu_head rcu; };
#define INIT_WORK(w, f)			((w)->func = (f), (w)->pending = false)
#define INIT_DELAYED_WORK(w, f)		INIT_WORK(&(w)->work, f)
#define INIT_RCU_WORK(w, f)		INIT_WORK(&(w)->work, f)
#define work_pending(w)			((w)->pending)
#define to_delayed_work(w)		container_of(w, struct delayed_work, work)
#define to_rcu_work(w)			container_of(w, struct rcu_work, work)
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
#define queue_rcu_work(wq, w)		queue_work(wq, &(w)->work)
#define flush_workqueue(wq)		((void)(wq))
/* Those wait for the clock, which is turned by fwt_sim_wait(). */
#define queue_delayed_work(wq, w, t)	((void)(w))
#define mod_delayed_work(wq, w, t)	((void)(w))
#define cancel_delayed_work_sync(w)	((void)(w))
#define cancel_delayed_work(w)		((void)(w))
#define delayed_work_pending(w)		((void)(w), false)

/* Chance, and hashes that nobody is to guess: here everybody may. */
void get_random_bytes(void *p, size_t len);
u32 get_random_u32(void);
u32 get_random_u32_below(u32 n);
typedef struct { u64 key[2]; } siphash_key_t;
u64 siphash(const void *p, size_t len, const siphash_key_t *key);
u64 siphash_1u64(u64 a, const siphash_key_t *key);
u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key);
/* As its authors have published it (SipRound). */
#define SIPHASH_CONST_0		0x736f6d6570736575ull
#define SIPHASH_CONST_1		0x646f72616e646f6dull
#define SIPHASH_CONST_2		0x6c7967656e657261ull
#define SIPHASH_CONST_3		0x7465646279746573ull
#define SIM_ROTATE(x, n)	((x) << (n) | (x) >> (64 - (n)))
#define SIPHASH_PERMUTATION(a, b, c, d) do {						\
	(a) += (b), (b) = SIM_ROTATE(b, 13) ^ (a), (a) = SIM_ROTATE(a, 32);		\
	(c) += (d), (d) = SIM_ROTATE(d, 16) ^ (c);					\
	(a) += (d), (d) = SIM_ROTATE(d, 21) ^ (a);					\
	(c) += (b), (b) = SIM_ROTATE(b, 17) ^ (c), (c) = SIM_ROTATE(c, 32);		\
} while (0)
typedef siphash_key_t hsiphash_key_t;
#define hsiphash(p, len, key)		((u32)siphash(p, len, key))
#define hsiphash_1u32(a, key)		((u32)siphash_1u64(a, key))
u32 jhash2(const u32 *k, u32 len, u32 init);
u32 jhash_3words(u32 a, u32 b, u32 c, u32 init);
#define hash_64(v, bits)		((u32)((u64)(v) * 0x61c8864680b583ebull >> (64 - (bits))))

/* Tracepoints: nobody traces */
#define TP_PROTO(...)			__VA_ARGS__
#define DECLARE_EVENT_CLASS(...)
#define TRACE_EVENT(name, proto, ...)					\
	static inline bool trace_##name##_enabled(void) { return false; }	\
	static inline void trace_##name(proto) { }
#define DEFINE_EVENT(class, name, proto, args)	TRACE_EVENT(name, PARAMS(proto))
#define PARAMS(...)			__VA_ARGS__

struct ratelimit_state {
	int interval;
	int burst;
	int printed;
	u64 begin;
	raw_spinlock_t lock;
};

#define RATELIMIT_MSG_ON_RELEASE	0
#define ratelimit_state_init(r, i, b) \
	(*(r) = (struct ratelimit_state){ .interval = (i), .burst = (b) })
#define ratelimit_set_flags(r, f)	((void)(r))
int __ratelimit(struct ratelimit_state *rs);
#define pr_info(...)			((void)0)
#define pr_warn(...)			((void)0)
#define pr_warn_ratelimited(...)	((void)0)
#define pr_err(...)			((void)0)

/* Lists */
struct list_head { struct list_head *next, *prev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_node { struct hlist_node *next, **pprev; };

#define LIST_HEAD_INIT(l)	{ &(l), &(l) }
#define HLIST_HEAD(l)		struct hlist_head l = { NULL }
#define INIT_HLIST_HEAD(l)	((l)->first = NULL)

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l;
	l->prev = l;
}

static inline void list_add_tail(struct list_head *new, struct list_head *l)
{
	new->prev = l->prev;
	new->next = l;
	l->prev->next = new;
	l->prev = new;
}

static inline void list_add(struct list_head *new, struct list_head *l)
{
	list_add_tail(new, l->next);
}

static inline void list_del(struct list_head *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
}

static inline void list_del_init(struct list_head *e)
{
	list_del(e);
	INIT_LIST_HEAD(e);
}

static inline void list_move_tail(struct list_head *e, struct list_head *l)
{
	list_del(e);
	list_add_tail(e, l);
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

#define list_add_rcu		list_add
#define list_add_tail_rcu	list_add_tail
#define list_del_rcu		list_del
#define list_entry(p, type, member) container_of(p, type, member)
#define list_first_entry(l, type, member) list_entry((l)->next, type, member)
#define list_first_entry_or_null(l, type, member) \
	(list_empty(l) ? NULL : list_first_entry(l, type, member))
#define list_for_each_entry(e, l, member)					\
	for ((e) = list_entry((l)->next, __typeof__(*(e)), member);		\
	     &(e)->member != (l);						\
	     (e) = list_entry((e)->member.next, __typeof__(*(e)), member))
#define list_for_each_entry_rcu(e, l, member, ...) list_for_each_entry(e, l, member)
#define list_for_each_entry_safe(e, n, l, member)				\
	for ((e) = list_entry((l)->next, __typeof__(*(e)), member),		\
	     (n) = list_entry((e)->member.next, __typeof__(*(e)), member);	\
	     &(e)->member != (l);						\
	     (e) = (n), (n) = list_entry((n)->member.next, __typeof__(*(n)), member))

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *l)
{
	n->next = l->first;
	n->pprev = &l->first;
	if (l->first)
		l->first->pprev = &n->next;
	l->first = n;
}

static inline void hlist_del(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

#define hlist_add_head_rcu	hlist_add_head
#define hlist_del_rcu		hlist_del
#define hlist_empty(l)		(!(l)->first)
#define hlist_entry_safe(p, type, member) \
	({ struct hlist_node *h_ = (p); h_ ? container_of(h_, type, member) : NULL; })
#define hlist_for_each_entry(e, l, member)					\
	for ((e) = hlist_entry_safe((l)->first, __typeof__(*(e)), member); (e);	\
	     (e) = hlist_entry_safe((e)->member.next, __typeof__(*(e)), member))
#define hlist_for_each_entry_rcu(e, l, member, ...) hlist_for_each_entry(e, l, member)
#define hlist_for_each_entry_safe(e, n, l, member)				\
	for ((e) = hlist_entry_safe((l)->first, __typeof__(*(e)), member);	\
	     (e) && ((n) = (e)->member.next, 1);				\
	     (e) = hlist_entry_safe(n, __typeof__(*(e)), member))

/* Bits */
static inline u32 bitrev32(u32 x)
{
	x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
	x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
	x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
	return __builtin_bswap32(x);
}

#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, (u32)BITS_PER_LONG)
#define bitmap_zalloc(n, gfp)	((unsigned long *)calloc(BITS_TO_LONGS(n), sizeof(long)))
#define bitmap_free(p)		free(p)

static inline void set_bit(unsigned int bit, unsigned long *p)
{
	p[bit / BITS_PER_LONG] |= 1ul << bit % BITS_PER_LONG;
}

static inline void clear_bit(unsigned int bit, unsigned long *p)
{
	p[bit / BITS_PER_LONG] &= ~(1ul << bit % BITS_PER_LONG);
}

static inline bool test_bit(unsigned int bit, const unsigned long *p)
{
	return p[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

static inline u32 find_next_zero_bit(const unsigned long *p, u32 size, u32 from)
{
	while (from < size && test_bit(from, p))
		from++;
	return from;
}

/* A hash of anything */
struct rhash_head { struct rhash_head *next; };
struct rhashtable_params {
	u16 key_len;
	u16 key_offset;
	u16 head_offset;
	bool automatic_shrinking;
};

#define SIM_RHASH_BUCKETS 1024
struct rhashtable {
	struct rhashtable_params p;
	struct rhash_head **bucket;
};

int rhashtable_init(struct rhashtable *h, const struct rhashtable_params *p);
void rhashtable_destroy(struct rhashtable *h);
void *sim_rhash_find(const struct rhashtable *h, const void *key);
int sim_rhash_insert(struct rhashtable *h, struct rhash_head *e);
int sim_rhash_remove(struct rhashtable *h, struct rhash_head *e);
#define rhashtable_lookup(h, key, params)		sim_rhash_find(h, key)
#define rhashtable_lookup_fast(h, key, params)		sim_rhash_find(h, key)
#define rhashtable_lookup_insert_fast(h, e, params)	sim_rhash_insert(h, e)
#define rhashtable_remove_fast(h, e, params)		sim_rhash_remove(h, e)

/* Things by number, of which there are few */
struct xarray {
	void **entry;
	u32 n;
};

#define XA_FLAGS_ALLOC1			0
#define XA_LIMIT(lo, hi)		(hi)
#define xa_init_flags(xa, flags)	(*(xa) = (struct xarray){ })
int sim_xa_alloc(struct xarray *xa, u32 *index, void *entry, u32 most);
void *xa_load(const struct xarray *xa, unsigned long index);
void xa_erase(struct xarray *xa, unsigned long index);
bool xa_empty(const struct xarray *xa);
#define xa_alloc_cyclic(xa, index, entry, most, next, gfp) \
	((void)(next), sim_xa_alloc(xa, index, entry, most))
#define xa_destroy(xa)			free((xa)->entry)
#define xa_for_each(xa, i, e)						\
	for ((i) = 0; (i) < (xa)->n; (i)++)				\
		if (!((e) = (xa)->entry[i])) { } else

#include "kernel_net.h"

#endif /* FWT_SIM_KERNEL_H */
