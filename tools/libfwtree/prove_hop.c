// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of packets between two hooks.
 */
#include <stdlib.h>

#include "prove_change.h"

/* A router takes one off the TTL. */
static struct fwt_wide less_one(struct fwt_wide ttl)
{
	return fwt_wide(0, ttl.l ? ttl.l - 1 : 0);
}

static u32 less_ttl(struct fwt_prove *p, u32 f)
{
	const struct fwt_axis *a = &p->sp->axis[FWT_AXIS_TTL];
	u32 i, n = a->raw ? 256 : a->cut.count, to = f;
	u8 *asked = malloc(p->sp->vars + 1), value[8];
	const struct fwt_wide *cut = a->cut.data;
	struct fwt_dd *dd = &p->sp->dd;
	struct fwt_wide lo, hi;
	bool any = !asked;

	if (asked)
		fwt_dd_support(dd, f, asked, p->sp->vars);
	for (i = 0; asked && i < a->bits; i++)
		any |= asked[a->first + i];
	free(asked);
	for (i = 0; any && i < n && !dd->over; i++) {
		lo = a->raw ? fwt_wide(0, i) : cut[i];
		hi = a->raw ? lo : i + 1 < n ? fwt_wide_last(cut[i + 1]) : fwt_wide(0, 255);
		fwt_space_piece(p->sp, FWT_AXIS_TTL, less_one(hi), value);
		to = fwt_dd_ite(dd, fwt_space_range(p->sp, FWT_AXIS_TTL, lo, hi, NULL),
				fwt_dd_assign(dd, f, a->first, a->bits, value), to);
	}
	return to;
}

/* It gets a frame of its own; and of IPv4, the priority that its type of service stands
 * for, where ingress has set none.
 */
static void hop_change(struct fwt_axis_changes *c)
{
	static const u16 link[] = {
		FWT_AXIS_HAVE_ETHER, FWT_AXIS_ETHER_SADDR, FWT_AXIS_ETHER_DADDR,
		FWT_AXIS_HAVE_VLAN, FWT_AXIS_VLAN_ID, FWT_AXIS_VLAN_PCP, FWT_AXIS_PKTTYPE,
		FWT_AXIS_PRIORITY,
	};
	u32 i;

	memset(c, 0, sizeof(*c));
	snprintf(c->text, sizeof(c->text), "routing");
	c->fields = FWT_FIELD_BIT(TTL) | FWT_FIELD_BIT(ETHER_SADDR) |
		    FWT_FIELD_BIT(ETHER_DADDR) | FWT_FIELD_BIT(VLAN_ID) |
		    FWT_FIELD_BIT(VLAN_PCP) | FWT_FIELD_BIT(PKTTYPE) |
		    FWT_FIELD_BIT(PRIORITY);
	for (i = 0; i < ARRAY_SIZE(link); i++)
		fwt_changes_add(c, link[i], false, fwt_wide(0, 0));
}

static void loop_change(struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->text, sizeof(c->text), "the loopback");
	c->fields = FWT_FIELD_BIT(IIF) | FWT_FIELD_BIT(OIF);
	fwt_changes_add(c, FWT_AXIS_IIF, true, FWT_WIDE_LO);
}

u32 fwt_prove_hop(struct fwt_prove *p, u32 f)
{
	static const struct fwt_outcome expires = {
		.verdict = FWT_OUT_EXPIRES, .effect = FWT_NONE,
	};
	struct fwt_axis_changes c;

	hop_change(&c);
	f = fwt_changes_put(p, &c, less_ttl(p, f));
	return fwt_dd_ite(&p->sp->dd, fwt_space_is(p->sp, FWT_AXIS_TTL, 0, 1),
			  fwt_prove_leaf(p, &expires), f);
}

void fwt_prove_hop_bits(struct fwt_prove *p, u8 *bits)
{
	u8 *ttl = bits + p->sp->axis[FWT_AXIS_TTL].first;
	struct fwt_wide lo, hi;
	struct fwt_axis_changes c;

	hop_change(&c);
	fwt_changes_bits(p, &c, bits);
	fwt_space_ends(p->sp, FWT_AXIS_TTL, ttl, &lo, &hi);
	fwt_space_piece(p->sp, FWT_AXIS_TTL, less_one(hi), ttl);
}

u32 fwt_prove_loop(struct fwt_prove *p, u32 f)
{
	struct fwt_axis_changes c;

	loop_change(&c);
	return fwt_changes_put(p, &c, f);
}

void fwt_prove_loop_bits(struct fwt_prove *p, u8 *bits)
{
	struct fwt_axis_changes c;

	loop_change(&c);
	fwt_changes_bits(p, &c, bits);
}
