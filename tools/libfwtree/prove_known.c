// SPDX-License-Identifier: GPL-2.0
/*
 * What became of packets at trees, remembered while a policy is walked.
 *
 * A table by tree and by where walks go that leave it. It is of one hook, and of all else
 * that the diagram of a tree hangs on: with another one of these it begins anew.
 */
#include <stdlib.h>

#include "prove_walk.h"

#define FIRST_SLOTS	64u

/* Of a diagram's, for a rule that is walked; for one whose tree was walked before: where
 * many ways lead to a tree these are all that there is.
 */
#define STEPS		1
#define STEPS_AGAIN	16

/* Where no way leads: that a tree was walked is known by it. */
#define NOWHERE		FWT_NONE

struct entry {
	const struct fwt_ir_tree *tree;
	u32 back;
	bool called;
	u32 f;
};

struct fwt_prove_known {
	u32 hook;
	u32 accepted;
	u32 falls;
	bool loops;
	const struct fwt_ir_tree *ends_of;
	u32 count;
	u32 slots;
	struct entry *slot;
};

void fwt_prove_forget(struct fwt_prove *p)
{
	if (p->known)
		free(p->known->slot);
	free(p->known);
	p->known = NULL;
}

static bool begin(struct fwt_prove *p)
{
	struct fwt_prove_known *k = p->known;

	if (k && k->hook == p->hook && k->accepted == p->accepted && k->falls == p->falls &&
	    k->loops == p->loops && k->ends_of == p->ends_of)
		return true;
	fwt_prove_forget(p);
	k = calloc(1, sizeof(*k));
	if (!k)
		return false;
	*k = (struct fwt_prove_known){
		.hook = p->hook, .accepted = p->accepted, .falls = p->falls,
		.loops = p->loops, .ends_of = p->ends_of, .slots = FIRST_SLOTS,
		.slot = calloc(FIRST_SLOTS, sizeof(*k->slot)),
	};
	p->known = k;
	if (!k->slot)
		fwt_prove_forget(p);
	return p->known;
}

/* Where it is, or is to be. */
static struct entry *find(const struct fwt_prove_known *k, const struct fwt_ir_tree *t,
			  u32 back, bool called)
{
	u64 hash = fwt_hash(FWT_HASH_SEED, &t, sizeof(t));
	struct entry *e;
	u32 i;

	i = (u32)fwt_hash(hash, &back, sizeof(back));
	for (;; i++) {
		e = &k->slot[i & (k->slots - 1)];
		if (!e->tree || (e->tree == t && e->back == back && e->called == called))
			return e;
	}
}

static bool grow(struct fwt_prove_known *k)
{
	struct fwt_prove_known more = *k;
	u32 i;

	more.slots *= 2;
	more.slot = calloc(more.slots, sizeof(*more.slot));
	if (!more.slot)
		return false;
	for (i = 0; i < k->slots; i++)
		if (k->slot[i].tree)
			*find(&more, k->slot[i].tree, k->slot[i].back, k->slot[i].called) =
				k->slot[i];
	free(k->slot);
	*k = more;
	return true;
}

static void add(struct fwt_prove_known *k, const struct fwt_ir_tree *t, u32 back, bool called,
		u32 f)
{
	struct entry *e;

	if (2 * k->count >= k->slots && !grow(k))
		return;
	e = find(k, t, back, called);
	k->count += !e->tree;
	*e = (struct entry){ t, back, called, f };
}

/* Else it makes no difference. */
static bool called(const struct fwt_prove *p)
{
	return p->ends_of && p->called;
}

bool fwt_prove_recall(struct fwt_prove *p, const struct fwt_ir_tree *t, u32 back, u32 *f)
{
	const struct entry *e;

	if (!begin(p))
		return false;
	e = find(p->known, t, back, called(p));
	*f = e->f;
	return e->tree;
}

void fwt_prove_learn(struct fwt_prove *p, const struct fwt_ir_tree *t, u32 back, u32 f)
{
	if (!p->sp->dd.over && begin(p))
		add(p->known, t, back, called(p), f);
}

u32 fwt_prove_enter(struct fwt_prove *p, const struct fwt_ir_tree *t)
{
	u32 again = 0;

	if (!begin(p))
		return 0;
	again = !!find(p->known, t, NOWHERE, false)->tree;
	add(p->known, t, NOWHERE, false, 0);
	p->again += again;
	return again;
}

bool fwt_prove_step(struct fwt_prove *p)
{
	return fwt_dd_work(&p->sp->dd, p->again ? STEPS_AGAIN : STEPS);
}
