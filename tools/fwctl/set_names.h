/* SPDX-License-Identifier: GPL-2.0 */
/* DNS names of a policy's sets: asked when it is applied, kept fresh while it is in force. */
#ifndef FWCTL_SET_NAMES_H
#define FWCTL_SET_NAMES_H

#include "ast.h"
#include "dns_state.h"
#include "fwctl.h"

/**
 * names_for_apply() - what the names of a policy stand for, before it is in force
 * @ctl: invocation
 * @ast: policy
 * @diag: told, as a warning, of each that could not be asked
 * @book: filled in; to be cleaned in any case
 *
 * Where a name was not answered the set keeps what it has of names, if it is one of the
 * policy in force as well.
 *
 * Return: 0; -ENOMEM; the exit status after having said why that can't be told.
 */
int names_for_apply(struct fwctl *ctl, const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		    struct fwt_dns_book *book);

/* The same where but rules are others: nobody is asked, all sets keep what they have. */
int names_kept(struct fwt_nl *nl, const struct fwt_policy_ast *ast, struct fwt_dns_book *book);

/**
 * struct names_change - what became of a set
 * @set: its name
 * @types: of its elements
 * @n: of their parts
 * @plan: what was to be added and deleted
 * @added: how many were
 * @full: there was no room for the rest
 */
struct names_change {
	const char *set;
	u32 types;
	u32 n;
	struct fwt_dns_plan plan;
	u32 added;
	u32 deleted;
	bool full;
};

/* What each set had of names when it was looked at last. */
struct names_ours {
	struct names_ours *next;
	char *set;
	struct fwt_vec elem;
};

/**
 * names_refresh() - make a set what its names stand for
 * @nl: the conversation
 * @ast: policy in force
 * @generation: of it
 * @set: one of its sets
 * @s: what is known
 * @ours: of all sets, to be freed by names_ours_free()
 * @c: filled in, to be cleaned by fwt_dns_plan_clean(&c->plan)
 *
 * New addresses are added before old ones are taken away, so a packet of an address that
 * is in both answers finds it all the while.
 *
 * Return: 0; -ENOENT where the kernel has no such set; -EINTR where another generation is
 * in force; another negative errno, which @nl->error explains.
 */
int names_refresh(struct fwt_nl *nl, const struct fwt_policy_ast *ast, u32 generation,
		  const struct fwt_set *set, const struct fwt_dns_state *s,
		  struct names_ours **ours, struct names_change *c);
void names_ours_free(struct names_ours **ours);

static inline bool names_in(const struct fwt_set *set)
{
	return set->names.count || set->resolvers;
}

#endif /* FWCTL_SET_NAMES_H */
