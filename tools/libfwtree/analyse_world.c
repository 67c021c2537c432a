// SPDX-License-Identifier: GPL-2.0
/*
 * What a policy would cut off by mistake: neighbour discovery, DHCP. The connection
 * that it is applied over has analyse_ssh.c.
 *
 * Each is a packet of which some things are known and the rest may be anything. It
 * is cut off where nothing that it may be is accepted.
 */
#include "analyse.h"
#include "prove_pick.h"

struct known {
	u16 axis;
	u64 h, l;
};

#define END { FWT_AXIS_NONE, 0, 0 }
#define LINK_LOCAL 0xfe80000000000000ull

static const struct known solicit[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 }, { FWT_AXIS_PROTOCOL, 0, 58 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_ICMP_TYPE, 0, 135 },
	{ FWT_AXIS_ICMP_CODE, 0, 0 }, { FWT_AXIS_TTL, 0, 255 },
	{ FWT_AXIS_SADDR6, LINK_LOCAL, 1 },
	{ FWT_AXIS_DADDR6, 0xff02000000000000ull, 0x00000001ff000008ull },
	{ FWT_AXIS_LENGTH, 0, 72 }, { FWT_AXIS_MARK, 0, 0 }, END
};

static const struct known advert[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 }, { FWT_AXIS_PROTOCOL, 0, 58 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_ICMP_TYPE, 0, 136 },
	{ FWT_AXIS_ICMP_CODE, 0, 0 }, { FWT_AXIS_TTL, 0, 255 },
	{ FWT_AXIS_SADDR6, LINK_LOCAL, 1 }, { FWT_AXIS_DADDR6, LINK_LOCAL, 2 },
	{ FWT_AXIS_LENGTH, 0, 72 }, { FWT_AXIS_MARK, 0, 0 }, END
};

/* IPv6 from anywhere: a policy that wants none needs no neighbours. */
static const struct known opener6[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 }, { FWT_AXIS_FRAGMENT, 0, 0 },
	{ FWT_AXIS_CT_STATE, 0, FWT_CT_NEW }, END
};

static const struct known offer[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV4 }, { FWT_AXIS_PROTOCOL, 0, 17 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_SPORT, 0, 67 }, { FWT_AXIS_DPORT, 0, 68 },
	{ FWT_AXIS_DADDR4, 0, 0xffffffff }, { FWT_AXIS_MARK, 0, 0 }, END
};

/* Whether the policy speaks of a port at all. */
static bool speaks_of(const struct fwt_analyser *a, u32 port)
{
	const struct fwt_axis *axis = &a->sp.axis[FWT_AXIS_DPORT];
	struct fwt_wide lo, hi;
	u8 bits[128];

	fwt_space_piece(&a->sp, FWT_AXIS_DPORT, fwt_wide(0, port), bits);
	fwt_space_ends(&a->sp, FWT_AXIS_DPORT, bits, &lo, &hi);
	return axis->raw || (lo.l == port && hi.l == port);
}

static u32 like(struct fwt_analyser *a, const struct known *k)
{
	u32 f = a->world;

	for (; k->axis != FWT_AXIS_NONE; k++) {
		struct fwt_wide v = fwt_wide(k->h, k->l);

		f = fwt_dd_and(&a->sp.dd, f, fwt_space_range(&a->sp, k->axis, v, v, NULL));
	}
	return f;
}

static u32 accepted(void *ctx, u32 leaf)
{
	u8 v = fwt_outcome(ctx, leaf)->verdict;

	return v == FWT_VERDICT_ACCEPT || v >= FWT_OUT_QUEUE ? FWT_DD_YES : FWT_DD_NO;
}

/* Not by the loopback, where that can be told apart. */
static u32 from_elsewhere(struct fwt_analyser *a, u32 f)
{
	struct fwt_wide lo = fwt_wide(0x6c6full << 48, 0);
	u32 g = fwt_dd_minus(&a->sp.dd, f, fwt_space_range(&a->sp, FWT_AXIS_IIF, lo, lo, NULL));

	return g == FWT_DD_NO ? f : g;
}

/* The rule that refuses a packet of @set. */
static const struct fwt_ir_rule *refuses(struct fwt_analyser *a, const struct fwt_ir_tree *t,
					 u32 set, struct fwt_witness *w)
{
	const struct fwt_ir_rule *r;

	if (fwt_space_pick(&a->sp, set, a->prove.hook, w))
		return NULL;
	r = fwt_prove_follow(&a->prove, t, w->bits);
	return r;
}

static void tell(struct fwt_analyser *a, const struct fwt_ir_tree *t, u32 set,
		 const char *hint, const char *what)
{
	const struct fwt_ir_rule *r;
	struct fwt_witness w;

	r = refuses(a, t, set, &w);
	fwt_diag_add(a->diag, FWT_WARNING, r ? &r->ast->loc : &t->loc, hint,
		     "this cuts off %s", what);
	fwt_witness_clean(&w);
}

void fwt_analyse_world(struct fwt_analyser *a)
{
	static const char forward[] =
		"accept icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ttl 255";
	const struct fwt_ir_tree *t;
	struct fwt_dd *dd = &a->sp.dd;
	u32 f, ok, set;

	for (t = a->s->trees; t; t = t->next)
		if (t->ast_hook && !t->ast_hook->device && !t->ast_hook->egress)
			break;
	if (!t)
		return;
	f = fwt_prove_hook(&a->prove, t);
	a->world = fwt_space_world(&a->sp, FWT_HOOK_INGRESS, t->ast_hook);
	ok = fwt_dd_leaves(dd, f, accepted, &a->out);
	if (fwt_dd_meet(dd, from_elsewhere(a, like(a, opener6)), ok)) {
		set = from_elsewhere(a, like(a, solicit));
		if (set != FWT_DD_NO && !fwt_dd_meet(dd, set, ok))
			tell(a, t, set, forward, "IPv6 neighbour discovery");
		set = from_elsewhere(a, like(a, advert));
		if (set != FWT_DD_NO && !fwt_dd_meet(dd, set, ok))
			tell(a, t, set, forward, "answers of IPv6 neighbour discovery");
	}
	/* Who has an address of his own says nothing of DHCP. */
	if (!speaks_of(a, 67) && !speaks_of(a, 68))
		return;
	set = from_elsewhere(a, like(a, offer));
	if (set != FWT_DD_NO && !fwt_dd_meet(dd, set, ok))
		tell(a, t, set, "accept udp sport 67 udp dport 68, where this machine asks",
		     "DHCP's answers");
}
