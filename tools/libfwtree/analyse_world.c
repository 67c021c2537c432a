// SPDX-License-Identifier: GPL-2.0
/*
 * What a policy would cut off by mistake: neighbour discovery, ARP, DHCP. The connection
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

/* A router is asked for where its answers are spoken of. */
static const struct known router[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 }, { FWT_AXIS_PROTOCOL, 0, 58 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_ICMP_TYPE, 0, 133 },
	{ FWT_AXIS_ICMP_CODE, 0, 0 }, { FWT_AXIS_TTL, 0, 255 },
	{ FWT_AXIS_DADDR6, 0xff02000000000000ull, 2 }, { FWT_AXIS_MARK, 0, 0 }, END
};

/* Who sends these is a router. */
static const struct known router_advert[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 }, { FWT_AXIS_PROTOCOL, 0, 58 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_ICMP_TYPE, 0, 134 },
	{ FWT_AXIS_ICMP_CODE, 0, 0 }, { FWT_AXIS_TTL, 0, 255 },
	{ FWT_AXIS_DADDR6, 0xff02000000000000ull, 1 }, { FWT_AXIS_MARK, 0, 0 }, END
};

/* IPv4 on a device: what is answered without ARP is no Ethernet. */
static const struct known any4[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV4 }, END
};

static const struct known any6[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 }, END
};

static const struct known who_has[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_ARP }, { FWT_AXIS_ARP_OP, 0, 1 }, END
};

static const struct known is_at[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_ARP }, { FWT_AXIS_ARP_OP, 0, 2 }, END
};

static const struct known discover[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV4 }, { FWT_AXIS_PROTOCOL, 0, 17 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_SPORT, 0, 68 }, { FWT_AXIS_DPORT, 0, 67 },
	{ FWT_AXIS_DADDR4, 0, 0xffffffff }, { FWT_AXIS_MARK, 0, 0 }, END
};

static const struct known offer[] = {
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV4 }, { FWT_AXIS_PROTOCOL, 0, 17 },
	{ FWT_AXIS_FRAGMENT, 0, 0 }, { FWT_AXIS_SPORT, 0, 67 }, { FWT_AXIS_DPORT, 0, 68 },
	{ FWT_AXIS_DADDR4, 0, 0xffffffff }, { FWT_AXIS_MARK, 0, 0 }, END
};

/* Whether the policy speaks of a value at all. */
static bool speaks_of(const struct fwt_analyser *a, u32 axis, u32 value)
{
	const struct fwt_axis *x = &a->sp.axis[axis];
	struct fwt_wide lo, hi;
	u8 bits[128];

	if (x->raw)
		return true;
	if (!x->bits)
		return false;
	fwt_space_piece(&a->sp, axis, fwt_wide(0, value), bits);
	fwt_space_ends(&a->sp, axis, bits, &lo, &hi);
	return lo.l == value && hi.l == value;
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

/*
 * Devices without link addresses know neither ARP nor neighbours; by their usual names.
 * Of gre* not those that carry Ethernet.
 */
static const char *const linkless[] = {
	"lo", "wg*", "tun*", "ppp*", "ipsec*", "xfrm*", "vti*", "gre*", "sit*", "ipip*",
	"ip6tnl*", "tailscale*", "wwan*", "rmnet*",
};

static const char ethernet[] = "gretap*";

static void name_range(const char *name, struct fwt_wide *lo, struct fwt_wide *hi)
{
	struct fwt_value v = { .text = name };

	if (strchr(name, '*'))
		v.flags = FWT_VALUE_WILDCARD;
	fwt_space_device(&v, lo, hi);
}

/* Of a range what the policy tells apart from all that is not in it. */
static u32 told_apart(struct fwt_analyser *a, u32 axis, struct fwt_wide lo, struct fwt_wide hi)
{
	const struct fwt_axis *x = &a->sp.axis[axis];
	const struct fwt_wide *cut = x->cut.data;
	u32 n = x->cut.count, i = 0, end;

	if (x->raw || x->pinned)
		return fwt_space_range(&a->sp, axis, lo, hi, NULL);
	while (i < n && fwt_wide_cmp(cut[i], lo) < 0)
		i++;
	/* No name is in the last piece as a whole. */
	for (end = i; end + 1 < n && fwt_wide_cmp(fwt_wide_last(cut[end + 1]), hi) <= 0; end++)
		;
	return end == i ? FWT_DD_NO :
	       fwt_space_range(&a->sp, axis, cut[i], fwt_wide_last(cut[end]), NULL);
}

/* Packets of such devices, where those can be told apart. */
static u32 without_link(struct fwt_analyser *a, u32 axis)
{
	struct fwt_wide lo, hi;
	u32 f = FWT_DD_NO, i;

	for (i = 0; i < ARRAY_SIZE(linkless); i++) {
		name_range(linkless[i], &lo, &hi);
		f = fwt_dd_or(&a->sp.dd, f, told_apart(a, axis, lo, hi));
	}
	if (f == FWT_DD_NO)
		return f;
	name_range(ethernet, &lo, &hi);
	return fwt_dd_minus(&a->sp.dd, f, fwt_space_range(&a->sp, axis, lo, hi, NULL));
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

/**
 * struct hook - a hook's tree, looked at
 * @t: it
 * @ok: packets that it lets pass
 * @linkless: packets of interfaces without neighbours
 * @local: packets that this machine sends, where it sends
 */
struct hook {
	const struct fwt_ir_tree *t;
	u32 ok;
	u32 linkless;
	u32 local;
};

static u32 of_hook(struct fwt_analyser *a, const struct hook *h, const struct known *k)
{
	u32 f = fwt_dd_and(&a->sp.dd, like(a, k), h->local);

	return fwt_dd_minus(&a->sp.dd, f, h->linkless);
}

/* Some of it passes. */
static bool passes(struct fwt_analyser *a, const struct hook *h, const struct known *k)
{
	return fwt_dd_meet(&a->sp.dd, fwt_dd_minus(&a->sp.dd, like(a, k), h->linkless), h->ok);
}

static bool cut_off(struct fwt_analyser *a, const struct hook *h, const struct known *k)
{
	u32 set = of_hook(a, h, k);

	return set != FWT_DD_NO && !fwt_dd_meet(&a->sp.dd, set, h->ok) && !a->sp.dd.over;
}

static void want(struct fwt_analyser *a, const struct hook *h, const struct known *k,
		 const char *hint, const char *what)
{
	if (cut_off(a, h, k))
		tell(a, h->t, of_hook(a, h, k), hint, what);
}

static void neighbours(struct fwt_analyser *a, const struct hook *h)
{
	static const char forward[] =
		"accept icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ttl 255";
	bool out = h->t->ast_hook->egress;

	want(a, h, solicit, forward, out ? "IPv6 neighbour discovery, on its way out" :
	     "IPv6 neighbour discovery");
	want(a, h, advert, forward, out ?
	     "answers of IPv6 neighbour discovery, on their way out" :
	     "answers of IPv6 neighbour discovery");
}

static void ingress(struct fwt_analyser *a, const struct hook *h, bool dhcp)
{
	if (passes(a, h, opener6))
		neighbours(a, h);
	/* Who has an address of his own says nothing of DHCP. */
	if (dhcp)
		want(a, h, offer, "accept udp sport 67 udp dport 68, where this machine asks",
		     "DHCP's answers");
}

static void egress(struct fwt_analyser *a, const struct hook *h, bool dhcp)
{
	if (passes(a, h, opener6)) {
		neighbours(a, h);
		if ((speaks_of(a, FWT_AXIS_ICMP_TYPE, 133) ||
		     speaks_of(a, FWT_AXIS_ICMP_TYPE, 134)) && cut_off(a, h, router_advert))
			want(a, h, router, "accept icmpv6 type nd-router-solicit ttl 255",
			     "the search for an IPv6 router");
	}
	/* Who lets answers out is the server. */
	if (dhcp && cut_off(a, h, offer))
		want(a, h, discover, "accept udp sport 68 udp dport 67, where this machine asks",
		     "what a DHCP client asks");
}

/* @name as @pattern has it: "lo" alone, whatever begins as "wg*" does. */
static bool is_like(const char *name, const char *pattern)
{
	size_t len = strcspn(pattern, "*");

	return !strncmp(name, pattern, pattern[len] ? len : len + 1);
}

static bool has_neighbours(const struct fwt_ast_hook *h)
{
	const struct fwt_value *v;
	u32 i;

	for (v = h->devices.first; v; v = v->next) {
		for (i = 0; i < ARRAY_SIZE(linkless); i++)
			if (v->text && is_like(v->text, linkless[i]))
				break;
		if (i == ARRAY_SIZE(linkless) || is_like(v->text, ethernet))
			return true;
	}
	return false;
}

static void device(struct fwt_analyser *a, const struct hook *h)
{
	bool out = h->t->ast_hook->egress;

	if (!has_neighbours(h->t->ast_hook))
		return;
	if (passes(a, h, any4)) {
		want(a, h, who_has, "accept ether type arp",
		     out ? "ARP, on its way out: IPv4 needs it" : "ARP, which IPv4 needs");
		want(a, h, is_at, "accept ether type arp",
		     out ? "answers of ARP, on their way out" : "answers of ARP");
	}
	if (passes(a, h, any6))
		neighbours(a, h);
}

void fwt_analyse_world(struct fwt_analyser *a)
{
	bool dhcp = speaks_of(a, FWT_AXIS_DPORT, 67) || speaks_of(a, FWT_AXIS_DPORT, 68);
	struct fwt_dd *dd = &a->sp.dd;
	struct fwt_ir_tree *t;

	for (t = a->s->trees; t && !dd->over; t = t->next) {
		struct hook h = { .t = t, .local = FWT_DD_YES };
		struct fwt_wide none = fwt_wide(0, 0);

		if (!t->ast_hook)
			continue;
		h.ok = fwt_dd_leaves(dd, fwt_prove_hook(&a->prove, t), accepted, &a->out);
		h.linkless = without_link(a, t->ast_hook->egress ? FWT_AXIS_OIF : FWT_AXIS_IIF);
		if (t->ast_hook->egress)
			h.local = fwt_space_range(&a->sp, FWT_AXIS_IIF, none, none, NULL);
		a->world = fwt_space_world(&a->sp, a->prove.hook,
					   fwt_space_frames(&a->sp, a->s->ast, t->ast_hook));
		if (t->ast_hook->device)
			device(a, &h);
		else if (t->ast_hook->egress)
			egress(a, &h, dhcp);
		else
			ingress(a, &h, dhcp);
	}
}
