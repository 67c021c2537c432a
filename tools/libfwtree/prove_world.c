// SPDX-License-Identifier: GPL-2.0
/*
 * Which packets there are.
 */
#include <netinet/in.h>

#include "prove_space.h"
#include "tuple.h"

static u32 names(struct fwt_space *sp, u32 axis, bool none)
{
	const struct fwt_axis *a = &sp->axis[axis];
	const struct fwt_wide *cut = a->cut.data;
	u32 f = FWT_DD_YES, i, n = a->cut.count;
	char name[17];

	if (!a->raw)
		for (i = 0; i < n; i++) {
			struct fwt_wide hi = fwt_wide(~0ull, ~0ull);

			if (i + 1 < n)
				hi = fwt_wide_last(cut[i + 1]);
			if (!fwt_space_name(cut[i], hi, name))
				f = fwt_dd_minus(&sp->dd, f,
						 fwt_space_range(sp, axis, cut[i], hi, NULL));
		}
	if (!none)
		f = fwt_dd_minus(&sp->dd, f, fwt_space_is(sp, axis, 0, 0));
	return f;
}

u32 fwt_space_devices(struct fwt_space *sp, const struct fwt_ast_hook *h)
{
	u32 f = FWT_DD_NO, axis = h->egress ? FWT_AXIS_OIF : FWT_AXIS_IIF;
	const struct fwt_value *v;

	for (v = h->devices.first; v; v = v->next) {
		struct fwt_wide lo, hi;

		fwt_space_device(v, &lo, &hi);
		f = fwt_dd_or(&sp->dd, f, fwt_space_range(sp, axis, lo, hi, NULL));
	}
	return f;
}

u32 fwt_space_frames(struct fwt_space *sp, const struct fwt_policy_ast *ast,
		     const struct fwt_ast_hook *h)
{
	const struct fwt_ast_hook *at;
	u32 f;

	if (!h->device)
		return FWT_DD_YES;
	f = fwt_space_devices(sp, h);
	/* The first tree that has a device takes all of its frames. */
	for (at = ast->hooks; at && at != h; at = at->next)
		if (at->device && at->egress == h->egress)
			f = fwt_dd_minus(&sp->dd, f, fwt_space_devices(sp, at));
	return f;
}

static bool has_device(const struct fwt_ast_hook *h, const char *name)
{
	const struct fwt_value *v;
	struct fwt_wide lo, hi, at;
	u32 words[4];

	at = fwt_wide_words(words, (u32)fwt_ifname_words(name, words));
	for (v = h->devices.first; v; v = v->next) {
		fwt_space_device(v, &lo, &hi);
		if (fwt_wide_cmp(lo, at) <= 0 && fwt_wide_cmp(at, hi) <= 0)
			return true;
	}
	return false;
}

const struct fwt_ast_hook *fwt_space_hook(const struct fwt_policy_ast *ast, u32 hook,
					  const struct fwt_packet *p)
{
	bool egress = hook == FWT_HOOK_EGRESS || hook == FWT_HOOK_DEV_EGRESS;
	bool device = FWT_HOOK_BIT(hook) & FWT_HOOKS_DEV;
	const char *name = egress ? p->oif : p->iif;
	const struct fwt_ast_hook *h;

	for (h = ast->hooks; h; h = h->next)
		if (h->egress == egress && h->device == device &&
		    (!device || (name && has_device(h, name))))
			break;
	return h;
}

/* What is never tracked, by its form. */
u32 fwt_space_formless(struct fwt_space *sp)
{
	struct fwt_dd *dd = &sp->dd;
	u32 four, six, nd;

	four = fwt_dd_or(dd, fwt_space_is(sp, FWT_AXIS_DADDR4, 0xe0000000, 0xefffffff),
			 fwt_space_is(sp, FWT_AXIS_DADDR4, 0xffffffff, 0xffffffff));
	six = fwt_space_range(sp, FWT_AXIS_DADDR6, fwt_wide(0xffull << 56, 0),
			      fwt_wide(~0ull, ~0ull), NULL);
	nd = fwt_dd_or(dd, fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, 130, 137),
		       fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, 143, 143));
	nd = fwt_dd_and(dd, nd, fwt_space_have(sp, FWT_FIELD_ICMPV6_TYPE, FWT_KIND_IPV6));
	six = fwt_dd_or(dd, six, nd);
	four = fwt_dd_ite(dd, fwt_space_kind(sp, FWT_KIND_IPV6), six, four);
	return fwt_dd_or(dd, four, fwt_space_is(sp, FWT_AXIS_PROTOCOL, 2, 2));
}

u8 fwt_space_state(const struct fwt_packet *p, bool loose)
{
	u32 t = p->icmp_type;

	if (fwt_packet_to_group(p->family, p->daddr) || p->protocol == IPPROTO_IGMP ||
	    (p->have & FWT_HAVE_ICMPV6 && ((t >= 130 && t <= 137) || t == 143)))
		return FWT_CT_UNTRACKED;
	if (loose && p->have & FWT_HAVE_TCP &&
	    (p->tcp_flags & (FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_RST)) == FWT_TCP_ACK)
		return FWT_CT_NEW;
	return fwt_tuple_opens(p) ? FWT_CT_NEW : FWT_CT_INVALID;
}

/* TCP that begins a connection (tcp_info.c), or is taken for one in its middle (first.c). */
static u32 tcp_opens(struct fwt_space *sp, bool taken)
{
	const struct fwt_wide all = fwt_wide(0, FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_RST |
						FWT_TCP_FIN);
	const struct fwt_wide some = fwt_wide(0, FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_RST);
	const struct fwt_wide syn = fwt_wide(0, FWT_TCP_SYN), ack = fwt_wide(0, FWT_TCP_ACK);
	struct fwt_dd *dd = &sp->dd;
	u32 f = fwt_space_range(sp, FWT_AXIS_TCP_FLAGS, syn, syn, &all), middle;

	if (!taken || (!sp->loose && !sp->adopts))
		return f;
	middle = fwt_space_range(sp, FWT_AXIS_TCP_FLAGS, ack, ack, &some);
	if (!sp->loose)
		middle = fwt_dd_and(dd, middle,
				    fwt_space_opaque(sp, "adopt",
						     "in the time of 'option adopt'", 0,
						     false));
	return fwt_dd_or(dd, f, middle);
}

static u32 icmp_types(struct fwt_space *sp, const u8 *type, u32 n)
{
	u32 f = FWT_DD_NO;

	while (n--)
		f = fwt_dd_or(&sp->dd, f,
			      fwt_space_is(sp, FWT_AXIS_ICMP_TYPE, type[n], type[n]));
	return f;
}

/* See fwt_opens() in first.c. A fragment of IPv6 may be the whole packet. */
u32 fwt_space_opens(struct fwt_space *sp, bool middle)
{
	static const u8 request[] = { 8, 13, 15, 17 }, request6[] = { 128 };
	u32 six = fwt_space_kind(sp, FWT_KIND_IPV6), icmp, types, f = FWT_DD_YES;
	struct fwt_dd *dd = &sp->dd;

	/* Where all packets walk, it is new until it is answered. */
	if (!sp->per_packet)
		f = fwt_dd_ite(dd, fwt_space_is(sp, FWT_AXIS_PROTOCOL, FWT_IPPROTO_TCP,
						FWT_IPPROTO_TCP),
			       tcp_opens(sp, middle), f);
	icmp = fwt_dd_ite(dd, six, fwt_space_is(sp, FWT_AXIS_PROTOCOL, FWT_IPPROTO_ICMPV6,
						FWT_IPPROTO_ICMPV6),
			  fwt_space_is(sp, FWT_AXIS_PROTOCOL, FWT_IPPROTO_ICMP,
				       FWT_IPPROTO_ICMP));
	types = fwt_dd_ite(dd, six, icmp_types(sp, request6, ARRAY_SIZE(request6)),
			   icmp_types(sp, request, ARRAY_SIZE(request)));
	f = fwt_dd_ite(dd, icmp, types, f);
	f = fwt_dd_and(dd, f, fwt_dd_ite(dd, six, fwt_space_is(sp, FWT_AXIS_FRAGMENT, 0, 1),
					 fwt_space_is(sp, FWT_AXIS_FRAGMENT, 0, 0)));
	return f;
}

static u32 original(struct fwt_space *sp)
{
	return fwt_space_is(sp, FWT_AXIS_MORE + 3 * FWT_FIELD_CT_DIRECTION + 1, 0, 0);
}

/* What a connection has, and no packet without one. */
static u32 of_connection(struct fwt_space *sp)
{
	static const struct {
		u8 field;
		bool always;
	} its[] = {
		{ FWT_FIELD_CT_MARK, true }, { FWT_FIELD_CT_DIRECTION, true },
		{ FWT_FIELD_CT_ORIGINAL_SADDR, false }, { FWT_FIELD_CT_ORIGINAL_DADDR, false },
		{ FWT_FIELD_CT_ORIGINAL_SPORT, false }, { FWT_FIELD_CT_ORIGINAL_DPORT, false },
		{ FWT_FIELD_CT_ORIGINAL_PROTOCOL, false },
	};
	u32 has = fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_NEW, FWT_CT_ESTABLISHED);
	u32 f = FWT_DD_YES, there, i;
	struct fwt_dd *dd = &sp->dd;

	for (i = 0; i < ARRAY_SIZE(its); i++) {
		if (!sp->axis[FWT_AXIS_MORE + 3 * its[i].field].bits)
			continue;
		there = fwt_space_have(sp, its[i].field, FWT_KIND_IPV4);
		f = fwt_dd_and(dd, f, fwt_dd_ite(dd, has, its[i].always ? there : FWT_DD_YES,
						 fwt_dd_not(dd, there)));
		/* Who walks alone is its opener. */
		if (its[i].field == FWT_FIELD_CT_DIRECTION && !sp->per_packet)
			f = fwt_dd_and(dd, f, fwt_dd_ite(dd, has, original(sp), FWT_DD_YES));
	}
	return f;
}

static u32 states(struct fwt_space *sp)
{
	u32 untracked = fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_UNTRACKED,
				     FWT_CT_UNTRACKED), f;
	struct fwt_dd *dd = &sp->dd;

	f = fwt_dd_and(dd, fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_NEW, FWT_CT_NEW),
		       fwt_space_opens(sp, true));
	f = fwt_dd_or(dd, f, fwt_space_is(sp, FWT_AXIS_CT_STATE, sp->per_packet ?
					  FWT_CT_RELATED : FWT_CT_INVALID, FWT_CT_INVALID));
	f = fwt_dd_or(dd, untracked, fwt_dd_minus(dd, f, fwt_space_formless(sp)));
	return fwt_dd_and(dd, f, of_connection(sp));
}

/* What a first packet has of translations; of later ones all. */
static u32 statuses(struct fwt_space *sp, u32 hook)
{
	u32 f = fwt_space_is(sp, FWT_AXIS_CT_STATUS, 0, 0), more = FWT_DD_NO;
	struct fwt_dd *dd = &sp->dd;

	/* What starts here is translated by the walk itself. */
	if (hook == FWT_HOOK_EGRESS)
		more = fwt_dd_minus(dd, fwt_space_is(sp, FWT_AXIS_CT_STATUS, 3, 3),
				    fwt_space_is(sp, FWT_AXIS_IIF, 0, 0));
	f = fwt_dd_or(dd, f, more);
	if (sp->per_packet)
		f = fwt_dd_or(dd, f, fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_NEW,
						  FWT_CT_ESTABLISHED));
	return f;
}

/* The field that says whether an axis means something in packets of @kind. */
static u32 field_of(u32 axis, u32 kind)
{
	static const u8 field[FWT_AXIS_MORE] = {
#define SAME(id) [FWT_AXIS_##id] = FWT_FIELD_##id + 1,
		SAME(FRAGMENT) SAME(PROTOCOL) SAME(DPORT) SAME(SPORT) SAME(TCP_FLAGS)
		SAME(TCP_SEQ) SAME(TCP_ACK) SAME(TCP_WINDOW) SAME(TCP_OPTION_MSS)
		SAME(TTL) SAME(DSCP) SAME(LENGTH) SAME(ETHER_TYPE) SAME(ETHER_SADDR)
		SAME(ETHER_DADDR) SAME(VLAN_ID) SAME(VLAN_PCP) SAME(ARP_OP)
		SAME(ARP_SADDR) SAME(ARP_DADDR)
#undef SAME
		[FWT_AXIS_SADDR4] = FWT_FIELD_IP_SADDR + 1,
		[FWT_AXIS_DADDR4] = FWT_FIELD_IP_DADDR + 1,
		[FWT_AXIS_SADDR6] = FWT_FIELD_IP6_SADDR + 1,
		[FWT_AXIS_DADDR6] = FWT_FIELD_IP6_DADDR + 1,
		[FWT_AXIS_HAVE_MSS] = FWT_FIELD_TCP_FLAGS + 1,
	};
	bool six = kind == FWT_KIND_IPV6;

	switch (axis) {
	case FWT_AXIS_ICMP_TYPE:
		return six ? FWT_FIELD_ICMPV6_TYPE : FWT_FIELD_ICMP_TYPE;
	case FWT_AXIS_ICMP_CODE:
		return six ? FWT_FIELD_ICMPV6_CODE : FWT_FIELD_ICMP_CODE;
	case FWT_AXIS_ICMP_ID:
		return six ? FWT_FIELD_ICMPV6_ID : FWT_FIELD_ICMP_ID;
	}
	return field[axis] ? field[axis] - 1u : __FWT_FIELD_MAX;
}

u32 fwt_space_has(struct fwt_space *sp, u32 axis)
{
	struct fwt_dd *dd = &sp->dd;
	u32 kind, field, have, f = FWT_DD_NO;

	if (axis >= FWT_AXIS_MORE)
		return (axis - FWT_AXIS_MORE) % 3 && axis < FWT_AXIS_FRESH ?
		       fwt_space_have(sp, (axis - FWT_AXIS_MORE) / 3,
				      (axis - FWT_AXIS_MORE) % 3 == 2 ? FWT_KIND_IPV6 :
				      FWT_KIND_IPV4) : FWT_DD_YES;
	if (sp->has[axis])
		return sp->has[axis] - 1;
	for (kind = 0; kind < FWT_KINDS; kind++) {
		field = field_of(axis, kind);
		if (field == __FWT_FIELD_MAX)
			return FWT_DD_YES;
		have = fwt_space_have(sp, field, kind);
		if (field == FWT_FIELD_ETHER_TYPE && kind != FWT_KIND_OTHER)
			have = FWT_DD_NO;	/* the kind says it */
		f = fwt_dd_or(dd, f, fwt_dd_and(dd, fwt_space_kind(sp, kind), have));
	}
	sp->has[axis] = dd->over ? 0 : f + 1;
	return f;
}

/* The first piece. */
static u32 first_piece(struct fwt_space *sp, const struct fwt_axis *a)
{
	u32 f = FWT_DD_YES, i;

	for (i = a->bits; i-- > 0;)
		f = fwt_dd_node(&sp->dd, a->first + i, f, FWT_DD_NO);
	return f;
}

/* What a packet lacks has no value. Bits have one, so it is the first: else one
 * packet would be many, and a set of packets with a port would need words for those
 * that have none.
 */
static u32 lacking(struct fwt_space *sp)
{
	u32 axis, f = FWT_DD_YES, g;

	for (axis = FWT_AXIS_MORE; axis-- > 0;) {
		if (!sp->axis[axis].bits)
			continue;
		g = fwt_dd_or(&sp->dd, fwt_space_has(sp, axis),
			      first_piece(sp, &sp->axis[axis]));
		f = fwt_dd_and(&sp->dd, f, g);
	}
	return f;
}

/* A packet has room for its headers: of one whose transport header is cut off nothing walks. */
static u32 lengths(struct fwt_space *sp)
{
	static const struct {
		u8 protocol;
		u8 len;
	} header[] = {
		{ FWT_IPPROTO_TCP, 20 }, { FWT_IPPROTO_UDP, 8 }, { FWT_IPPROTO_UDPLITE, 8 },
		{ FWT_IPPROTO_SCTP, 12 }, { FWT_IPPROTO_DCCP, 12 }, { FWT_IPPROTO_ICMP, 8 },
		{ FWT_IPPROTO_ICMPV6, 8 },
	};
	struct fwt_dd *dd = &sp->dd;
	u32 later = fwt_space_is(sp, FWT_AXIS_FRAGMENT, 2, 2), f = FWT_DD_YES, kind, i, no;

	for (kind = FWT_KIND_IPV4; kind <= FWT_KIND_IPV6; kind++) {
		u32 ip = kind == FWT_KIND_IPV6 ? 40 : 20;
		u8 others = kind == FWT_KIND_IPV6 ? FWT_IPPROTO_ICMP : FWT_IPPROTO_ICMPV6;

		no = fwt_dd_not(dd, fwt_space_is(sp, FWT_AXIS_LENGTH, ip, 65575));
		for (i = 0; i < ARRAY_SIZE(header); i++) {
			u32 p = header[i].protocol, there;

			if (p == others)
				continue;
			there = fwt_dd_minus(dd, fwt_space_is(sp, FWT_AXIS_PROTOCOL, p, p), later);
			there = fwt_dd_minus(dd, there, fwt_space_is(sp, FWT_AXIS_LENGTH,
								     ip + header[i].len, 65575));
			no = fwt_dd_or(dd, no, there);
		}
		f = fwt_dd_minus(dd, f, fwt_dd_and(dd, fwt_space_kind(sp, kind), no));
	}
	return f;
}

u32 fwt_space_world(struct fwt_space *sp, u32 hook, u32 frames)
{
	bool inet = FWT_HOOK_BIT(hook) & FWT_HOOKS_INET;
	struct fwt_dd *dd = &sp->dd;
	u32 f = FWT_DD_YES, ether, other;

	if (inet)
		f = fwt_space_is(sp, FWT_AXIS_KIND, FWT_KIND_IPV4, FWT_KIND_IPV6);
	f = fwt_dd_and(dd, f, names(sp, FWT_AXIS_IIF, hook != FWT_HOOK_INGRESS &&
				    hook != FWT_HOOK_DEV_INGRESS));
	f = fwt_dd_and(dd, f, names(sp, FWT_AXIS_OIF, false));
	f = fwt_dd_and(dd, f, frames);
	f = fwt_dd_and(dd, f, fwt_space_is(sp, FWT_AXIS_FRAGMENT, 0, 2));
	f = fwt_dd_and(dd, f, lacking(sp));
	if (sp->tracks && inet) {
		f = fwt_dd_and(dd, f, states(sp));
		f = fwt_dd_and(dd, f, statuses(sp, hook));
	}
	if (sp->axis[FWT_AXIS_LENGTH].bits)
		f = fwt_dd_and(dd, f, lengths(sp));
	if (sp->axis[FWT_AXIS_PKTTYPE].bits)
		f = fwt_dd_and(dd, f, fwt_space_is(sp, FWT_AXIS_PKTTYPE, 0, 4));
	if (!sp->axis[FWT_AXIS_HAVE_ETHER].bits)
		return f;
	/* ARP has a frame, and what is neither has a type of its own. */
	ether = fwt_space_is(sp, FWT_AXIS_HAVE_ETHER, 1, 1);
	other = fwt_dd_or(dd, fwt_space_is(sp, FWT_AXIS_ETHER_TYPE, 0x0800, 0x0800),
			  fwt_dd_or(dd, fwt_space_is(sp, FWT_AXIS_ETHER_TYPE, 0x86dd, 0x86dd),
				    fwt_space_is(sp, FWT_AXIS_ETHER_TYPE, 0x0806, 0x0806)));
	if (sp->axis[FWT_AXIS_ETHER_TYPE].bits)
		f = fwt_dd_minus(dd, f, fwt_dd_and(dd, other,
						   fwt_space_kind(sp, FWT_KIND_OTHER)));
	return fwt_dd_minus(dd, f, fwt_dd_minus(dd, fwt_space_kind(sp, FWT_KIND_ARP), ether));
}
