/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam between the core and what it is built into: the kernel module, or
 * libfwtree and the tests in userspace. Types, byte order, unaligned access
 * and little else; what has state comes in through env.h.
 */
#ifndef FWT_CORE_OS_H
#define FWT_CORE_OS_H

#ifdef __KERNEL__

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/prefetch.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/errno.h>
#include <linux/compiler.h>
#include <linux/build_bug.h>
#include <asm/byteorder.h>
#include <linux/unaligned.h>	/* kmod/compat has it for kernels before 6.12 */

#else /* userspace */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <endian.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifndef __force
#define __force
#endif
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#ifndef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#endif
#define noinline	__attribute__((__noinline__))
#define prefetch(p)	__builtin_prefetch(p)
#ifndef fallthrough
#define fallthrough	__attribute__((__fallthrough__))
#endif
#ifndef __printf
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))
#endif
#define BUILD_BUG_ON(c)	_Static_assert(!(c), #c)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define WARN_ON_ONCE(c)	(!!(c))
#ifndef offsetofend
#define offsetofend(t, m) (offsetof(t, m) + sizeof(((t *)0)->m))
#endif
#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))

#ifndef min
#define min(a, b)	({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
			   _a < _b ? _a : _b; })
#define max(a, b)	({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); \
			   _a > _b ? _a : _b; })
#endif

static inline u64 div64_u64(u64 dividend, u64 divisor)
{
	return dividend / divisor;
}

#ifndef READ_ONCE
#define READ_ONCE(x)	__atomic_load_n(&(x), __ATOMIC_RELAXED)
#endif

#define scnprintf(buf, size, ...) ({				\
	int _n = snprintf(buf, size, __VA_ARGS__);		\
	_n < 0 ? 0 : (size_t)_n >= (size) ? (int)(size) - 1 : _n; })

static inline u16 get_unaligned_be16(const void *p)
{
	const u8 *b = p;

	return (u16)(b[0] << 8 | b[1]);
}

static inline u32 get_unaligned_be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

static inline void put_unaligned_be16(u16 v, void *p)
{
	u8 *b = p;

	b[0] = (u8)(v >> 8);
	b[1] = (u8)v;
}

static inline void put_unaligned_be32(u32 v, void *p)
{
	put_unaligned_be16((u16)(v >> 16), p);
	put_unaligned_be16((u16)v, (u8 *)p + 2);
}

#endif /* __KERNEL__ */

/* What may have many turns says in each, @i, from 0 on, that others may have the CPU; only
 * for those who may sleep. 65,536 turns that each miss the cache take some 10 ms.
 *
 * Return: 0; -EINTR for who is killed, and may as well stop.
 */
static inline int fwt_rest(u32 i)
{
#ifdef __KERNEL__
	if (!(i % 65536)) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
	}
#endif
	(void)i;
	return 0;
}

/* Many kernels clear what is on the stack. Large variables of the data path, of
 * which everything is set that is read, are better without: a node at a time, a
 * packet at a time.
 */
#if defined(__has_attribute) && __has_attribute(__uninitialized__)
#define FWT_UNSET	__attribute__((__uninitialized__))
#else
#define FWT_UNSET
#endif

/* @then if @a is above @b, else @otherwise, never by a branch: compilers make one of
 * it where they please, and one in two of these would be guessed wrongly.
 */
static __always_inline u64 fwt_if_above(u32 a, u32 b, u64 then, u64 otherwise)
{
#ifdef __x86_64__
	asm("cmpl %2, %1\n\t"
	    "cmova %3, %0"
	    : "+r" (otherwise) : "r" (a), "r" (b), "r" (then) : "cc");
	return otherwise;
#else
	return otherwise ^ ((otherwise ^ then) & -(u64)(a > b));
#endif
}

/* For @i from 0 up to a constant: no loop, so that arrays can be in registers. */
#ifdef __clang__
#define fwt_for_each(i, n)	_Pragma("unroll") for ((i) = 0; (i) < (n); (i)++)
#else
#define fwt_for_each(i, n)	_Pragma("GCC unroll 8") for ((i) = 0; (i) < (n); (i)++)
#endif

#endif /* FWT_CORE_OS_H */
