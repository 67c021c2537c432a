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

/* It gets a frame of its own. */
static void hop_change(struct fwt_axis_changes *c)
{
	static const u16 link[] = {
		FWT_AXIS_HAVE_ETHER, FWT_AXIS_ETHER_SADDR, FWT_AXIS_ETHER_DADDR,
		FWT_AXIS_HAVE_VLAN, FWT_AXIS_VLAN_ID, FWT_AXIS_VLAN_PCP, FWT_AXIS_PKTTYPE,
	};
	u32 i;

	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "routing");
	c->walked = true;
	c->fields = FWT_FIELD_BIT(TTL) | FWT_FIELD_BIT(ETHER_SADDR) |
		    FWT_FIELD_BIT(ETHER_DADDR) | FWT_FIELD_BIT(VLAN_ID) |
		    FWT_FIELD_BIT(VLAN_PCP) | FWT_FIELD_BIT(PKTTYPE);
	for (i = 0; i < ARRAY_SIZE(link); i++)
		fwt_changes_add(c, link[i], false, fwt_wide(0, 0));
}

/* Of IPv4 also the priority that its type of service stands for, but where ingress has
 * given it one: its connection knows that.
 */
static void priority_change(struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "forwarding");
	c->walked = true;
	c->fields = FWT_FIELD_BIT(PRIORITY);
	fwt_changes_add(c, FWT_AXIS_PRIORITY, false, fwt_wide(0, 0));
}

static u32 keeps_priority(struct fwt_prove *p)
{
	u32 given;

	if (!p->sp->axis[FWT_AXIS_GIVEN_PRIORITY].bits)
		return FWT_DD_NO;
	given = fwt_space_is(p->sp, FWT_AXIS_GIVEN_PRIORITY, 1, 1);
	return fwt_dd_and(&p->sp->dd, given, fwt_space_is(p->sp, FWT_AXIS_CT_STATE, FWT_CT_NEW,
							  FWT_CT_ESTABLISHED));
}

static void loop_change(struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "the loopback");
	c->walked = true;
	c->fields = FWT_FIELD_BIT(IIF) | FWT_FIELD_BIT(OIF);
	fwt_changes_add(c, FWT_AXIS_IIF, true, FWT_WIDE_LO);
}

static bool holds(struct fwt_prove *p, u32 set, const u8 *bits)
{
	return fwt_dd_at(&p->sp->dd, set, bits) == FWT_DD_YES;
}

u32 fwt_prove_hop(struct fwt_prove *p, u32 f)
{
	static const struct fwt_outcome expires = {
		.verdict = FWT_OUT_EXPIRES, .effect = FWT_NONE,
	};
	struct fwt_axis_changes c;

	hop_change(&c);
	f = fwt_changes_put(p, &c, less_ttl(p, f));
	priority_change(&c);
	f = fwt_dd_ite(&p->sp->dd, keeps_priority(p), f, fwt_changes_put(p, &c, f));
	return fwt_dd_ite(&p->sp->dd, fwt_space_is(p->sp, FWT_AXIS_TTL, 0, 1),
			  fwt_prove_leaf(p, &expires), f);
}

void fwt_prove_hop_bits(struct fwt_prove *p, u8 *bits)
{
	u8 *ttl = bits + p->sp->axis[FWT_AXIS_TTL].first;
	struct fwt_wide lo, hi;
	struct fwt_axis_changes c;

	priority_change(&c);
	if (!holds(p, keeps_priority(p), bits))
		fwt_changes_bits(p, &c, bits);
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

static void received_change(struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "the device's tree");
	c->walked = true;
}

u32 fwt_prove_received(struct fwt_prove *p, u32 f)
{
	struct fwt_axis_changes c;

	received_change(&c);
	return fwt_changes_put(p, &c, f);
}

void fwt_prove_received_bits(struct fwt_prove *p, u8 *bits)
{
	struct fwt_axis_changes c;

	received_change(&c);
	fwt_changes_bits(p, &c, bits);
}

static void sent_change(const struct fwt_prove *p, struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "egress");
	c->walked = true;
	if (!p->sp->clamps)
		return;
	c->fields = FWT_FIELD_BIT(TCP_OPTION_MSS);
	fwt_changes_add(c, FWT_AXIS_TCP_OPTION_MSS, false, fwt_wide(0, 0));
}

/* The port that POST_ROUTING finds for the source. No walk sees it but that of the device;
 * and what is led elsewhere may be shown by another one, too, if it would be taken for
 * another connection.
 */
static void source_change(struct fwt_axis_changes *c)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "the choice of its source port");
	c->walked = true;
	c->fields = FWT_FIELD_BIT(SPORT) | FWT_FIELD_BIT(TCP_SPORT) | FWT_FIELD_BIT(UDP_SPORT) |
		    FWT_FIELD_BIT(ICMP_ID) | FWT_FIELD_BIT(ICMPV6_ID);
	fwt_changes_add(c, FWT_AXIS_SPORT, false, fwt_wide(0, 0));
	fwt_changes_add(c, FWT_AXIS_ICMP_ID, false, fwt_wide(0, 0));
}

static u32 translated(struct fwt_prove *p)
{
	return p->sp->axis[FWT_AXIS_CT_STATUS].bits ?
	       fwt_space_is(p->sp, FWT_AXIS_CT_STATUS, 1, 3) : FWT_DD_NO;
}

u32 fwt_prove_sent(struct fwt_prove *p, u32 f)
{
	struct fwt_axis_changes c;

	sent_change(p, &c);
	f = fwt_changes_put(p, &c, f);
	source_change(&c);
	return fwt_dd_ite(&p->sp->dd, translated(p), fwt_changes_put(p, &c, f), f);
}

void fwt_prove_sent_bits(struct fwt_prove *p, u8 *bits)
{
	struct fwt_axis_changes c;

	source_change(&c);
	if (holds(p, translated(p), bits))
		fwt_changes_bits(p, &c, bits);
	sent_change(p, &c);
	fwt_changes_bits(p, &c, bits);
}

/* A fragment has a length of its own; each is walked for by itself. */
static void piece_change(struct fwt_axis_changes *c, const char *which)
{
	memset(c, 0, sizeof(*c));
	c->from = __FWT_FIELD_MAX;
	snprintf(c->text, sizeof(c->text), "%s", which);
	c->walked = true;
	c->fields = FWT_FIELD_BIT(LENGTH);
	fwt_changes_add(c, FWT_AXIS_LENGTH, false, fwt_wide(0, 0));
}

static u32 fragment(struct fwt_prove *p, u32 f, u32 which)
{
	const struct fwt_axis *a = &p->sp->axis[FWT_AXIS_FRAGMENT];
	u8 value[8];

	fwt_space_piece(p->sp, FWT_AXIS_FRAGMENT, fwt_wide(0, which), value);
	return fwt_dd_assign(&p->sp->dd, f, a->first, a->bits, value);
}

static void fragment_bits(struct fwt_prove *p, u8 *bits, u32 which)
{
	fwt_space_piece(p->sp, FWT_AXIS_FRAGMENT, fwt_wide(0, which),
			bits + p->sp->axis[FWT_AXIS_FRAGMENT].first);
}

u32 fwt_prove_first_piece(struct fwt_prove *p, u32 f)
{
	return fragment(p, f, 1);
}

void fwt_prove_first_piece_bits(struct fwt_prove *p, u8 *bits)
{
	fragment_bits(p, bits, 1);
}

u32 fwt_prove_later_piece(struct fwt_prove *p, u32 f)
{
	struct fwt_axis_changes c;

	piece_change(&c, "the first fragment");
	return fwt_changes_put(p, &c, fragment(p, f, 2));
}

u32 fwt_prove_whole(struct fwt_prove *p, u32 f)
{
	struct fwt_axis_changes c;

	piece_change(&c, "reassembly");
	return fwt_changes_put(p, &c, fragment(p, f, 0));
}

void fwt_prove_whole_bits(struct fwt_prove *p, u8 *bits)
{
	struct fwt_axis_changes c;

	piece_change(&c, "reassembly");
	fwt_changes_bits(p, &c, bits);
	fragment_bits(p, bits, 0);
}
