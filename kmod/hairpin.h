/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hairpin: inside sockets that have endpoint-independent ports meet by them (R8; RFC
 * 4787, REQ-9; RFC 5382, REQ-8), with "option hairpin on".
 *
 * What comes from inside to an end that a mapping shows, and is accepted as it came, is
 * led to the socket behind it, and is shown there by the end that its own socket has
 * outside ("external source IP address and port"). Who is inside the policy says: whom
 * egress would give such a port if he left as the mapping does, by its interface; and
 * nobody who comes in by that. Then egress is asked as ever, with where it really leaves.
 *
 * It is one connection for both of them: what the other one sends to the first one's
 * outside end are its replies. It counts in both mappings, so that neither port becomes
 * another one's while they talk.
 */
#ifndef FWT_HAIRPIN_H
#define FWT_HAIRPIN_H

#include "bind.h"
#include "way.h"

/**
 * fwt_hairpin_lead() - is a new connection one between two that are inside
 * @w: its first packet, accepted by ingress and led nowhere
 * @d: what that said
 * @c: its record, that nobody has found yet; its end S is set
 * @b: filled in: how N is to be chosen
 *
 * A further walk; the packet and @w->after stay as they are.
 *
 * Return: true: it is, and @b is to be handed to fwt_conn_insert().
 */
bool fwt_hairpin_lead(struct fwt_way *w, const struct fwt_decision *d, struct fwt_conn *c,
		      struct fwt_bind *b);

#endif /* FWT_HAIRPIN_H */
