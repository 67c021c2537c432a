// SPDX-License-Identifier: GPL-2.0
/*
 * A bump allocator, and a table of texts in it.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23	/* Linux 5.14 */
#endif

/*
 * Chunks double from 64 KiB to 4 MiB: a policy of ten rules touches one run of
 * pages, and the 70 MiB of 110k rules take some twenty calls. From 2 MiB on
 * they are mapped and asked for as huge pages, and where there are none, for all
 * of them at once: 18,000 page faults of 4 KiB would cost a third of the time that
 * it takes to parse those rules.
 */
#define CHUNK_MIN	((size_t)64 << 10)
#define CHUNK_MAX	((size_t)4 << 20)
#define HUGE		((size_t)2 << 20)
#define ALIGNMENT	8
#define PREFAULT_MIN	((size_t)64 << 10)
#define READY		((size_t)256 << 10)	/* chunks that will be used to a quarter at least */

struct chunk {
	struct chunk *next;
	size_t size;
	size_t used;
	size_t mapped;	/* bytes, 0 where it came from calloc() */
	unsigned char data[];
};

struct fwt_arena {
	struct chunk *chunks;
	size_t next_size;
};

static void advise(void *p, size_t len, int advice)
{
	uintptr_t page = 4096, from = ((uintptr_t)p + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)p + len) & ~(page - 1);

	madvise((void *)from, to - from, advice);
}

void fwt_prefer_huge(void *p, size_t len)
{
	if (len >= HUGE)
		advise(p, len, MADV_HUGEPAGE);
}

void fwt_prefault(void *p, size_t len)
{
	fwt_prefer_huge(p, len);
	if (len >= PREFAULT_MIN)
		advise(p, len, MADV_POPULATE_WRITE);
}

void fwt_heap_ready(size_t len, size_t large)
{
	void *p;

	mallopt(M_MMAP_THRESHOLD, 2 * (int)len);
	mallopt(M_TRIM_THRESHOLD, 4 * (int)len);
	p = malloc(len);
	if (p)
		fwt_prefault(p, len);
	free(p);
	mallopt(M_MMAP_THRESHOLD, (int)large);
}

struct fwt_arena *fwt_arena_create(void)
{
	struct fwt_arena *arena = calloc(1, sizeof(*arena));

	if (arena)
		arena->next_size = CHUNK_MIN;
	return arena;
}

void fwt_arena_free(struct fwt_arena *arena)
{
	struct chunk *c, *next;

	if (!arena)
		return;
	for (c = arena->chunks; c; c = next) {
		next = c->next;
		if (c->mapped)
			munmap(c, c->mapped);
		else
			free(c);
	}
	free(arena);
}

/* Zeroed memory of at least @size behind the head */
static struct chunk *chunk_create(size_t size)
{
	size_t total = sizeof(struct chunk) + size;
	struct chunk *c;

	if (size < HUGE) {
		c = calloc(1, total);
		if (!c)
			return NULL;
		if (size >= READY)
			fwt_prefault(c, total);
		c->size = size;
		return c;
	}
	total = (total + HUGE - 1) & ~(HUGE - 1);
	c = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		return NULL;
	fwt_prefault(c, total);
	c->mapped = total;
	c->size = total - sizeof(*c);
	return c;
}

static struct chunk *grow(struct fwt_arena *arena, size_t size)
{
	size_t want = arena->next_size;
	struct chunk *c;

	if (want < size)
		want = size;
	c = chunk_create(want);
	if (!c)
		return NULL;
	c->next = arena->chunks;
	arena->chunks = c;
	if (arena->next_size < CHUNK_MAX)
		arena->next_size *= 2;
	return c;
}

void *fwt_arena_alloc(struct fwt_arena *arena, size_t size)
{
	struct chunk *c = arena->chunks;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!c || c->size - c->used < size) {
		c = grow(arena, size);
		if (!c)
			return NULL;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

size_t fwt_arena_bytes(const struct fwt_arena *arena)
{
	const struct chunk *c;
	size_t bytes = 0;

	for (c = arena->chunks; c; c = c->next)
		bytes += c->used;
	return bytes;
}

/*
 * Names
 */

struct fwt_intern {
	struct fwt_arena *arena;
	struct fwt_atom **buckets;
	uint32_t mask;
	uint32_t count;
};

#define BUCKETS_MIN	1024

struct fwt_intern *fwt_intern_create(struct fwt_arena *arena)
{
	struct fwt_intern *intern = fwt_arena_alloc(arena, sizeof(*intern));

	if (!intern)
		return NULL;
	intern->arena = arena;
	intern->mask = BUCKETS_MIN - 1;
	intern->buckets = calloc(BUCKETS_MIN, sizeof(*intern->buckets));
	return intern->buckets ? intern : NULL;
}

void fwt_intern_free(struct fwt_intern *intern)
{
	if (!intern)
		return;
	free(intern->buckets);
	intern->buckets = NULL;
}

/* FNV-1a: words are short, and a policy's author does not attack himself */
static uint32_t hash_text(const char *text, size_t len)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619u;
	return h ^ h >> 15;
}

static struct fwt_atom *look_up(const struct fwt_intern *intern, const char *text,
				size_t len, uint32_t hash)
{
	struct fwt_atom *a;

	for (a = intern->buckets[hash & intern->mask]; a; a = a->next)
		if (a->hash == hash && a->len == len && !memcmp(a->text, text, len))
			return a;
	return NULL;
}

struct fwt_atom *fwt_intern_find(const struct fwt_intern *intern, const char *text,
				 size_t len)
{
	return look_up(intern, text, len, hash_text(text, len));
}

/* Where memory is short the chains only grow longer */
static void rehash(struct fwt_intern *intern)
{
	uint32_t mask = intern->mask * 2 + 1, i;
	struct fwt_atom **buckets = calloc((size_t)mask + 1, sizeof(*buckets));
	struct fwt_atom *a, *next;

	if (!buckets)
		return;
	for (i = 0; i <= intern->mask; i++) {
		for (a = intern->buckets[i]; a; a = next) {
			next = a->next;
			a->next = buckets[a->hash & mask];
			buckets[a->hash & mask] = a;
		}
	}
	free(intern->buckets);
	intern->buckets = buckets;
	intern->mask = mask;
}

struct fwt_atom *fwt_intern(struct fwt_intern *intern, const char *text, size_t len)
{
	uint32_t hash = hash_text(text, len);
	struct fwt_atom *a = look_up(intern, text, len, hash);

	if (a)
		return a;
	if (intern->count > intern->mask && intern->mask < (1u << 26))
		rehash(intern);
	a = fwt_arena_alloc(intern->arena, sizeof(*a) + len + 1);
	if (!a)
		return NULL;
	a->hash = hash;
	a->len = len;
	memcpy(a->text, text, len);
	a->next = intern->buckets[hash & intern->mask];
	intern->buckets[hash & intern->mask] = a;
	intern->count++;
	return a;
}
