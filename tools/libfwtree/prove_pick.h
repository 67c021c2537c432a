/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Out of a set of packets one that people understand: the smallest, in an order in
 * which the usual comes first. Of two packets the smaller one is that which first has
 * a usual value where the other has not, in the order of the table in prove_pick.c (no
 * fragment, new, IPv4, TCP, ...); of those alike in that, that with the lower value of
 * the first axis in which they differ (prove_space.h), but that an address of a network
 * is rather one of its hosts.
 */
#ifndef FWT_PROVE_PICK_H
#define FWT_PROVE_PICK_H

#include "prove_space.h"

struct fwt_chosen;

/**
 * struct fwt_witness - a packet of a set
 * @p: it; interface names lie here, so it must not be moved
 * @bits: it, a byte for each bit of the diagram
 * @vars: room of @bits
 * @words: as fwctl explain takes it
 * @given: what else must be so, in words: "leaving by eth1, daddr addr(eth0)"; empty
 *	where nothing else must
 * @chosen: while it is made: values that compared fields were given
 */
struct fwt_witness {
	struct fwt_packet p;
	char iif[17];
	char oif[17];
	u8 *bits;
	u32 vars;
	char words[320];
	char given[400];
	const struct fwt_chosen *chosen;
};

/**
 * fwt_space_pick() - a packet of a set
 * @set: packets that can be there at @hook; not empty
 * @w: filled in, to be cleaned
 *
 * Return: 0, -ENOENT where the set is empty or the budget used up, -ENOMEM.
 */
int fwt_space_pick(struct fwt_space *sp, u32 set, u32 hook, struct fwt_witness *w);
void fwt_witness_clean(struct fwt_witness *w);

/**
 * fwt_space_place() - where a packet lies: the other way round
 * @env: the world, for what is asked of it; NULL for none
 * @bits: of sp->vars bytes; questions that are not about fields are answered no
 */
void fwt_space_place(const struct fwt_space *sp, const struct fwt_packet *p,
		     const struct fwt_env *env, u8 *bits);

#endif /* FWT_PROVE_PICK_H */
