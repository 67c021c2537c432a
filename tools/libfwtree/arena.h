/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that is let go all at once, and names that are kept once.
 */
#ifndef FWT_ARENA_H
#define FWT_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct fwt_arena;

/**
 * fwt_prefault() - memory that is about to be written, all of it
 * @p: fresh from malloc() or mmap()
 * @len: bytes
 *
 * Asks for its pages in one system call rather than by a fault for each: a page
 * costs a quarter of its fault, and in a guest without hardware's help a
 * twentieth. A wish, no more; what is small is left alone.
 */
void fwt_prefault(void *p, size_t len);

/** fwt_prefer_huge() - memory that will be met is to come as huge pages: a wish, too */
void fwt_prefer_huge(void *p, size_t len);

/** fwt_arena_create() - Return: an empty arena, NULL: no memory */
struct fwt_arena *fwt_arena_create(void);

/** fwt_arena_free() - the arena and all that came from it; NULL is fine */
void fwt_arena_free(struct fwt_arena *arena);

/**
 * fwt_arena_alloc() - zeroed memory, aligned to 8
 *
 * Return: NULL: no memory.
 */
void *fwt_arena_alloc(struct fwt_arena *arena, size_t size);

/** fwt_arena_bytes() - what was asked of it */
size_t fwt_arena_bytes(const struct fwt_arena *arena);

/* What a name may be declared as: one of each kind a policy */
enum fwt_decl {
	FWT_DECL_DEFINE,
	FWT_DECL_SET,		/* struct fwt_set */
	FWT_DECL_MAP,		/* struct fwt_map; shares its names with sets */
	FWT_DECL_POOL,
	FWT_DECL_TREE,
	FWT_DECL_COUNT,
};

/**
 * struct fwt_atom - an interned text
 * @next: in its bucket
 * @hash: of the text
 * @len: without the NUL
 * @keyword: index into the parser's keywords, from 1; 0 is none
 * @field: first of the field spellings that begin with it, from 1; 0 is none
 * @decl: what the name was declared as
 * @text: it
 */
struct fwt_atom {
	struct fwt_atom *next;
	uint32_t hash;
	uint32_t len;
	uint16_t keyword;
	uint16_t field;
	void *decl[FWT_DECL_COUNT];
	char text[];
};

/**
 * fwt_heap_ready() - for a short run: memory that malloc() is going to hand out is there
 * @len: bytes, at once instead of page by page as they are met
 * @large: what has so many bytes or more is mapped by itself all the same, and grows
 *	without being copied
 */
void fwt_heap_ready(size_t len, size_t large);

struct fwt_intern;

/** fwt_intern_create() - an empty table; it lies in @arena, its buckets apart */
struct fwt_intern *fwt_intern_create(struct fwt_arena *arena);

/** fwt_intern_free() - the buckets; the texts die with the arena */
void fwt_intern_free(struct fwt_intern *intern);

/** fwt_intern() - the one copy of a text; NULL: no memory */
struct fwt_atom *fwt_intern(struct fwt_intern *intern, const char *text, size_t len);

/** fwt_intern_find() - the same, but NULL where there is none yet */
struct fwt_atom *fwt_intern_find(const struct fwt_intern *intern, const char *text,
				 size_t len);

/** fwt_atom_of() - the atom of an interned text */
static inline struct fwt_atom *fwt_atom_of(const char *text)
{
	return (struct fwt_atom *)(uintptr_t)(text - offsetof(struct fwt_atom, text));
}

#endif /* FWT_ARENA_H */
