/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far a long work is, for those who wait for it. The library prints nothing:
 * whoever wants to show it hands in a function.
 */
#ifndef FWT_PROGRESS_H
#define FWT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct fwt_progress - who is told
 * @fn: what is being done, a word that stays, and how much of it; @all is 0
 *	where nobody knows, and an estimate elsewhere. Called some hundred times a
 *	second at most, so it may ask for the time.
 * @ctx: handed to it
 */
struct fwt_progress {
	void (*fn)(void *ctx, const char *what, uint64_t done, uint64_t all);
	void *ctx;
};

/* A few milliseconds' worth of rules. */
#define FWT_PROGRESS_RULES	4096

static inline void fwt_progress(const struct fwt_progress *p, const char *what,
				uint64_t done, uint64_t all)
{
	if (p)
		p->fn(p->ctx, what, done, all);
}

#endif /* FWT_PROGRESS_H */
