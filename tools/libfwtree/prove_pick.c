// SPDX-License-Identifier: GPL-2.0
/*
 * Witnesses.
 *
 * What is usual is asked for one thing after the other, and left out where the set
 * has no such packet: so what is odd about a witness is what the set demands.
 */
#include <stdlib.h>

#include "prove_pair.h"
#include "prove_pick.h"
#include "sema_sample.h"

/* What is usual, the most telling first. */
static const struct {
	u16 axis;
	u64 h, l;
} usual[] = {
	{ FWT_AXIS_FRAGMENT, 0, 0 },
	{ FWT_AXIS_CT_STATE, 0, FWT_CT_NEW },
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV4 },
	{ FWT_AXIS_KIND, 0, FWT_KIND_IPV6 },
	{ FWT_AXIS_PROTOCOL, 0, 6 },
	{ FWT_AXIS_PROTOCOL, 0, 17 },
	{ FWT_AXIS_PROTOCOL, 0, 1 },
	{ FWT_AXIS_PROTOCOL, 0, 58 },
	{ FWT_AXIS_HAVE_ETHER, 0, 1 },
	{ FWT_AXIS_HAVE_VLAN, 0, 0 },
	{ FWT_AXIS_HAVE_MSS, 0, 0 },
	{ FWT_AXIS_TCP_FLAGS, 0, FWT_TCP_SYN },
	{ FWT_AXIS_MARK, 0, 0 },
	{ FWT_AXIS_PRIORITY, 0, 0 },
	{ FWT_AXIS_DSCP, 0, 0 },
	{ FWT_AXIS_TTL, 0, 64 },
	{ FWT_AXIS_PKTTYPE, 0, 0 },
	{ FWT_AXIS_LENGTH, 0, 60 },
	{ FWT_AXIS_ICMP_TYPE, 0, 8 },
	{ FWT_AXIS_ICMP_TYPE, 0, 128 },
	{ FWT_AXIS_ICMP_CODE, 0, 0 },
	{ FWT_AXIS_IIF, 0x6574683000000000ull, 0 },	/* eth0 */
	{ FWT_AXIS_IIF, 0x6574683100000000ull, 0 },
	{ FWT_AXIS_OIF, 0x6574683100000000ull, 0 },	/* eth1 */
	{ FWT_AXIS_SADDR4, 0, 0xc6336407 },		/* 198.51.100.7 */
	{ FWT_AXIS_SADDR4, 0, 0xc0a80105 },		/* 192.168.1.5 */
	{ FWT_AXIS_DADDR4, 0, 0xcb007108 },		/* 203.0.113.8 */
	{ FWT_AXIS_SADDR6, 0x20010db800000000ull, 7 },
	{ FWT_AXIS_DADDR6, 0x20010db800000001ull, 8 },
	{ FWT_AXIS_SPORT, 0, 40000 },
	{ FWT_AXIS_DPORT, 0, 80 },
	{ FWT_AXIS_TCP_WINDOW, 0, 65535 },
	{ FWT_AXIS_TCP_OPTION_MSS, 0, 1460 },
	{ FWT_AXIS_VLAN_ID, 0, 1 },
	{ FWT_AXIS_ETHER_TYPE, 0, 0x88cc },
	{ FWT_AXIS_ETHER_SADDR, 0, 0x020000000001ull },
	{ FWT_AXIS_ETHER_DADDR, 0, 0x020000000002ull },
	{ FWT_AXIS_ARP_OP, 0, 1 },
	{ FWT_AXIS_ARP_SADDR, 0, 0xc0a80105 },
	{ FWT_AXIS_ARP_DADDR, 0, 0xc0a80101 },
};

/* What decides which fields a packet has: the first of them. */
#define USUAL_KINDS 11

static u32 usual_part(struct fwt_space *sp, u32 set, u32 from, u32 to)
{
	u32 i, f;

	for (i = from; i < to; i++) {
		struct fwt_wide v = fwt_wide(usual[i].h, usual[i].l);

		if (!sp->axis[usual[i].axis].bits)
			continue;
		f = fwt_dd_and(&sp->dd, set, fwt_space_range(sp, usual[i].axis, v, v, NULL));
		if (sp->dd.over)
			return set;
		if (f != FWT_DD_NO)
			set = f;
	}
	return set;
}

/* Of what is never tracked rather what is so by its form: anybody sees that. Where nobody
 * asks for it, rather what begins something.
 */
static u32 by_form(struct fwt_space *sp, u32 set, u32 hook)
{
	u32 f = fwt_space_is(sp, FWT_AXIS_CT_STATE, FWT_CT_UNTRACKED, FWT_CT_UNTRACKED);

	if (!(FWT_HOOK_BIT(hook) & FWT_HOOKS_INET))
		return set;
	f = sp->tracks ? fwt_dd_minus(&sp->dd, set, fwt_dd_minus(&sp->dd, f,
								  fwt_space_formless(sp))) :
			 fwt_dd_and(&sp->dd, set, fwt_space_opens(sp, false));
	return f == FWT_DD_NO || sp->dd.over ? set : f;
}

/* The usual values of an axis. */
static u32 usual_of(u32 axis, struct fwt_wide *to)
{
	u32 i, n = 0;

	for (i = 0; i < ARRAY_SIZE(usual) && n < FWT_PAIR_USUAL; i++)
		if (usual[i].axis == axis)
			to[n++] = fwt_wide(usual[i].h, usual[i].l);
	return n;
}

/* A value of an axis: a usual one where the piece has one, else its first. */
static struct fwt_wide value_of(const struct fwt_space *sp, const struct fwt_witness *w,
				u32 axis)
{
	const struct fwt_axis *a = &sp->axis[axis];
	struct fwt_wide lo, hi;
	u32 i;

	if (w->chosen && fwt_chosen_for(w->chosen, axis, &lo))
		return lo;
	fwt_space_ends(sp, axis, w->bits + a->first, &lo, &hi);
	for (i = 0; i < ARRAY_SIZE(usual); i++) {
		struct fwt_wide v = fwt_wide(usual[i].h, usual[i].l);

		if (usual[i].axis == axis && fwt_wide_cmp(lo, v) <= 0 &&
		    fwt_wide_cmp(v, hi) <= 0)
			return v;
	}
	/* A network's own address is no host's. */
	if (axis >= FWT_AXIS_SADDR4 && axis <= FWT_AXIS_DADDR6 && lo.h == hi.h &&
	    hi.l - lo.l > 5)
		lo.l += 5;
	return lo;
}

static u32 number(const struct fwt_space *sp, const struct fwt_witness *w, u32 axis)
{
	return (u32)value_of(sp, w, axis).l;
}

static void name(const struct fwt_space *sp, const struct fwt_witness *w, u32 axis, char *to)
{
	struct fwt_wide v = value_of(sp, w, axis), lo, hi;

	fwt_space_ends(sp, axis, w->bits + sp->axis[axis].first, &lo, &hi);
	if (!fwt_space_name(v, v, to) && !fwt_space_name(lo, hi, to))
		to[0] = 0;
}

static void words_of(struct fwt_wide v, u32 n, u32 *to)
{
	if (n == 1) {
		to[0] = (u32)v.l;
		return;
	}
	to[0] = (u32)(v.h >> 32);
	to[1] = (u32)v.h;
	to[2] = (u32)(v.l >> 32);
	to[3] = (u32)v.l;
}

static void mac(struct fwt_wide v, u8 *to)
{
	put_unaligned_be16((u16)(v.l >> 32), to);
	put_unaligned_be32((u32)v.l, to + 2);
}

static void transport(const struct fwt_space *sp, const struct fwt_witness *w,
		      struct fwt_packet *p)
{
	u32 t;

	if (p->have & FWT_HAVE_FRAG && p->frag_off)
		return;
	switch (p->protocol) {
	case FWT_IPPROTO_TCP:
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_TCP;
		if (sp->axis[FWT_AXIS_HAVE_MSS].bits && number(sp, w, FWT_AXIS_HAVE_MSS))
			p->have |= FWT_HAVE_MSS;
		break;
	case FWT_IPPROTO_UDP:
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_UDP;
		break;
	case FWT_IPPROTO_DCCP:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_UDPLITE:
		p->have |= FWT_HAVE_PORTS;
		break;
	case FWT_IPPROTO_ICMP:
	case FWT_IPPROTO_ICMPV6:
		if ((p->protocol == FWT_IPPROTO_ICMP) == (p->family == 4))
			p->have |= p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6;
		break;
	}
	p->sport = (u16)number(sp, w, FWT_AXIS_SPORT);
	p->dport = (u16)number(sp, w, FWT_AXIS_DPORT);
	p->tcp_flags = (u8)number(sp, w, FWT_AXIS_TCP_FLAGS);
	p->tcp_seq = number(sp, w, FWT_AXIS_TCP_SEQ);
	p->tcp_ack = number(sp, w, FWT_AXIS_TCP_ACK);
	p->tcp_window = (u16)number(sp, w, FWT_AXIS_TCP_WINDOW);
	p->tcp_mss = (u16)number(sp, w, FWT_AXIS_TCP_OPTION_MSS);
	p->icmp_type = (u8)number(sp, w, FWT_AXIS_ICMP_TYPE);
	if (!sp->axis[FWT_AXIS_ICMP_TYPE].bits)
		p->icmp_type = p->family == 4 ? 8 : 128;
	p->icmp_code = (u8)number(sp, w, FWT_AXIS_ICMP_CODE);
	p->icmp_id = (u16)number(sp, w, FWT_AXIS_ICMP_ID);
	t = p->icmp_type;
	if ((p->have & FWT_HAVE_ICMP && (t == 0 || t == 8 || (t >= 13 && t <= 18))) ||
	    (p->have & FWT_HAVE_ICMPV6 && (t == 128 || t == 129)))
		p->have |= FWT_HAVE_ICMP_ID;
}

static void fill(const struct fwt_space *sp, u32 hook, struct fwt_witness *w)
{
	static const u16 type[] = { 0x0800, 0x86dd, 0x0806, 0 };
	static const u8 status[] = { 0, 1, 3, 2 };
	u32 kind = number(sp, w, FWT_AXIS_KIND), words;
	bool in = hook == FWT_HOOK_INGRESS || hook == FWT_HOOK_DEV_INGRESS;
	struct fwt_packet *p = &w->p;

	p->hook = (u8)hook;
	name(sp, w, FWT_AXIS_IIF, w->iif);
	name(sp, w, FWT_AXIS_OIF, w->oif);
	if (hook != FWT_HOOK_DEV_EGRESS)
		p->iif = w->iif[0] ? w->iif : NULL;
	p->oif = in ? NULL : w->oif;
	p->ct_state = (u8)number(sp, w, FWT_AXIS_CT_STATE);
	p->ct_status = status[number(sp, w, FWT_AXIS_CT_STATUS) & 3];
	p->pkttype = (u8)number(sp, w, FWT_AXIS_PKTTYPE);
	p->mark = number(sp, w, FWT_AXIS_MARK);
	p->priority = number(sp, w, FWT_AXIS_PRIORITY);
	p->ether_type = kind == FWT_KIND_OTHER ?
			(u16)number(sp, w, FWT_AXIS_ETHER_TYPE) : type[kind];
	if (!sp->axis[FWT_AXIS_HAVE_ETHER].bits || number(sp, w, FWT_AXIS_HAVE_ETHER))
		p->have |= in ? FWT_HAVE_ETHER : 0;
	if (hook == FWT_HOOK_DEV_EGRESS)
		p->have |= FWT_HAVE_ETHER;
	mac(value_of(sp, w, FWT_AXIS_ETHER_SADDR), p->ether_saddr);
	mac(value_of(sp, w, FWT_AXIS_ETHER_DADDR), p->ether_daddr);
	if (sp->axis[FWT_AXIS_HAVE_VLAN].bits && number(sp, w, FWT_AXIS_HAVE_VLAN))
		p->have |= FWT_HAVE_VLAN;
	p->vlan_tci = (u16)(number(sp, w, FWT_AXIS_VLAN_ID) |
			    number(sp, w, FWT_AXIS_VLAN_PCP) << 13);
	if (kind == FWT_KIND_ARP) {
		p->have |= FWT_HAVE_ARP;
		p->arp_op = (u16)number(sp, w, FWT_AXIS_ARP_OP);
		p->saddr[0] = number(sp, w, FWT_AXIS_ARP_SADDR);
		p->daddr[0] = number(sp, w, FWT_AXIS_ARP_DADDR);
	}
	if (kind > FWT_KIND_IPV6)
		return;
	p->have |= FWT_HAVE_IP;
	p->family = kind == FWT_KIND_IPV4 ? 4 : 6;
	words = p->family == 4 ? 1 : 4;
	words_of(value_of(sp, w, FWT_AXIS_SADDR4 + kind), words, p->saddr);
	words_of(value_of(sp, w, FWT_AXIS_DADDR4 + kind), words, p->daddr);
	p->protocol = (u8)number(sp, w, FWT_AXIS_PROTOCOL);
	p->tos = (u8)(number(sp, w, FWT_AXIS_DSCP) << 2);
	p->ttl = (u8)number(sp, w, FWT_AXIS_TTL);
	p->length = number(sp, w, FWT_AXIS_LENGTH);
	if (number(sp, w, FWT_AXIS_FRAGMENT)) {
		p->have |= FWT_HAVE_FRAG;
		p->frag_off = number(sp, w, FWT_AXIS_FRAGMENT) == 2 ? 1480 : 0;
		p->frag_more = !p->frag_off;
	}
	transport(sp, w, p);
}

/* Is the answer to a question what the values say; true where it is about none of them. */
static bool is_so(const struct fwt_space *sp, const struct fwt_opaque *o,
		  const struct fwt_witness *w)
{
	struct fwt_compared p;
	int cmp;

	if (!fwt_pair_of(sp, o, number(sp, w, FWT_AXIS_KIND), &p))
		return true;
	cmp = fwt_wide_cmp(value_of(sp, w, p.axis[0]), value_of(sp, w, p.axis[1]));
	return (p.less ? cmp < 0 : !cmp) == w->bits[p.var];
}

/* Follows the bits to a packet of @f, a part of @set; false where its values are not as
 * an answer says that matters.
 */
static bool follow(const struct fwt_space *sp, u32 set, u32 f, struct fwt_witness *w)
{
	const struct fwt_opaque *o = sp->opaque.data;
	const struct fwt_dd *dd = &sp->dd;
	bool fine = true;
	u32 i;

	memset(w->bits, 0, w->vars);
	while (!fwt_dd_is_leaf(f)) {
		bool hi = dd->node[f].lo == FWT_DD_NO;

		w->bits[dd->node[f].var] = hi;
		f = hi ? dd->node[f].hi : dd->node[f].lo;
	}
	for (i = 0; i < sp->opaque.count; i++) {
		if (o[i].var >= w->vars || is_so(sp, &o[i], w))
			continue;
		w->bits[o[i].var] ^= 1;
		if (fwt_dd_at(dd, set, w->bits) == FWT_DD_YES)
			continue;
		w->bits[o[i].var] ^= 1;
		fine = false;
	}
	return fine;
}

static void append(char *buf, size_t size, const char *before, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? before : "", text);
}

static bool asked(const struct fwt_space *sp, const u8 *support, u32 axis)
{
	u32 i;

	for (i = 0; i < sp->axis[axis].bits; i++)
		if (support[sp->axis[axis].first + i])
			return true;
	return false;
}

/* Is an axis what the set is about, by itself or by a question about two. */
static bool told(const struct fwt_space *sp, const u8 *support, const struct fwt_witness *w,
		 u32 axis)
{
	struct fwt_wide v;

	return asked(sp, support, axis) || (w->chosen && fwt_chosen_for(w->chosen, axis, &v));
}

/* Whose socket a packet that starts here is of. */
static void owner_words(const struct fwt_space *sp, const u8 *support, struct fwt_witness *w)
{
	static const struct {
		u8 field;
		const char *word;
	} owner[] = {
		{ FWT_FIELD_UID, "uid" }, { FWT_FIELD_GID, "gid" }, { FWT_FIELD_CGROUP, "cgroup" },
	};
	struct fwt_wide lo, hi;
	char more[64];
	u32 i, there, axis;

	for (i = 0; i < ARRAY_SIZE(owner); i++) {
		axis = fwt_space_axis(owner[i].field, FWT_KIND_IPV4);
		if (axis == FWT_AXIS_NONE)
			continue;
		there = axis - (axis - FWT_AXIS_MORE) % 3;
		if ((!asked(sp, support, there) && !asked(sp, support, axis)) ||
		    !number(sp, w, there))
			continue;
		fwt_space_ends(sp, axis, w->bits + sp->axis[axis].first, &lo, &hi);
		snprintf(more, sizeof(more), "%s %llu", owner[i].word, (unsigned long long)lo.l);
		append(w->words, sizeof(w->words), " ", more);
	}
}

/* What the words of a packet do not say by themselves. */
static void more_words(const struct fwt_space *sp, const u8 *support, struct fwt_witness *w)
{
	const struct fwt_packet *p = &w->p;
	char more[64];
	u32 i;

	if (p->have & FWT_HAVE_ARP && (told(sp, support, w, FWT_AXIS_ARP_SADDR) ||
				       told(sp, support, w, FWT_AXIS_ARP_DADDR))) {
		snprintf(more, sizeof(more), "%u.%u.%u.%u to %u.%u.%u.%u", p->saddr[0] >> 24,
			 p->saddr[0] >> 16 & 255, p->saddr[0] >> 8 & 255, p->saddr[0] & 255,
			 p->daddr[0] >> 24, p->daddr[0] >> 16 & 255, p->daddr[0] >> 8 & 255,
			 p->daddr[0] & 255);
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_IP && told(sp, support, w, FWT_AXIS_TTL) && p->ttl != 64) {
		snprintf(more, sizeof(more), "ttl %u", p->ttl);
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_IP && told(sp, support, w, FWT_AXIS_DSCP) &&
	    number(sp, w, FWT_AXIS_DSCP)) {
		snprintf(more, sizeof(more), "dscp %u", number(sp, w, FWT_AXIS_DSCP));
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_IP && p->oif && !p->iif)
		owner_words(sp, support, w);
	if (p->have & FWT_HAVE_IP && told(sp, support, w, FWT_AXIS_LENGTH)) {
		snprintf(more, sizeof(more), "len %u", p->length);
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_TCP && p->tcp_flags & FWT_TCP_PSH)
		append(w->words, sizeof(w->words), " ", "psh");
	if (p->have & FWT_HAVE_TCP && p->tcp_flags & FWT_TCP_URG)
		append(w->words, sizeof(w->words), " ", "urg");
	if (p->have & FWT_HAVE_TCP && told(sp, support, w, FWT_AXIS_TCP_SEQ)) {
		snprintf(more, sizeof(more), "seq %u", p->tcp_seq);
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_ICMP_ID && told(sp, support, w, FWT_AXIS_ICMP_ID)) {
		snprintf(more, sizeof(more), "id %u", p->icmp_id);
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_VLAN) {
		snprintf(more, sizeof(more), "vlan %u", (u32)p->vlan_tci & 0xfff);
		append(w->words, sizeof(w->words), " ", more);
	}
	if (p->have & FWT_HAVE_ETHER && (told(sp, support, w, FWT_AXIS_ETHER_SADDR) ||
					 told(sp, support, w, FWT_AXIS_ETHER_DADDR))) {
		append(w->words, sizeof(w->words), " ", "ether ");
		for (i = 0; i < 6; i++) {
			snprintf(more, sizeof(more), "%02x%s", p->ether_saddr[i],
				 i == 5 ? " to " : ":");
			append(w->words, sizeof(w->words), "", more);
		}
		for (i = 0; i < 6; i++) {
			snprintf(more, sizeof(more), "%02x%s", p->ether_daddr[i],
				 i == 5 ? "" : ":");
			append(w->words, sizeof(w->words), "", more);
		}
	}
}

/* Whether it would not be one of the set if it left by another interface. */
static bool leaves_so(const struct fwt_space *sp, u32 set, struct fwt_witness *w)
{
	const struct fwt_axis *a = &sp->axis[FWT_AXIS_OIF];
	u8 *bits = w->bits + a->first, was[128], other[128];
	bool matters = false;
	struct fwt_wide lo, hi;
	char text[17];
	u32 i;

	memcpy(was, bits, a->bits);
	for (i = 0; !a->raw && i < a->cut.count && !matters; i++) {
		fwt_space_piece(sp, FWT_AXIS_OIF, ((struct fwt_wide *)a->cut.data)[i], other);
		fwt_space_ends(sp, FWT_AXIS_OIF, other, &lo, &hi);
		if (!fwt_space_name(lo, hi, text) || !text[0])
			continue;
		memcpy(bits, other, a->bits);
		matters = fwt_dd_at(&sp->dd, set, w->bits) != FWT_DD_YES;
	}
	memcpy(bits, was, a->bits);
	return matters;
}

/**
 * struct answers - what a packet is in its set by
 * @bits: the packet
 * @open: questions, by their bits, that may be answered either way
 * @seen: by node: in which of the @turns it was
 */
struct answers {
	const struct fwt_dd *dd;
	const u8 *bits;
	u8 *open;
	u32 *seen;
	u32 turns;
};

/* Is it in @f, however the open ones are answered. */
static bool for_sure(struct answers *a, u32 f)
{
	const struct fwt_dd_node *n = &a->dd->node[f];

	if (fwt_dd_is_leaf(f))
		return f == FWT_DD_YES;
	if (a->seen[f] == a->turns)
		return true;
	a->seen[f] = a->turns;
	if (a->open[n->var])
		return for_sure(a, n->lo) && for_sure(a, n->hi);
	return for_sure(a, a->bits[n->var] ? n->hi : n->lo);
}

static bool some_bit(const struct fwt_opaque *o)
{
	return !strncmp(o->text, FWT_SOME_BIT, strlen(FWT_SOME_BIT));
}

/* Leaves open what may be; bits of unknown values first, which tell people nothing. What
 * the packet itself answers is no question. False without memory.
 */
static bool leave_open(const struct fwt_space *sp, const u8 *support, u32 set,
		       const struct fwt_witness *w, u8 *open)
{
	const struct fwt_opaque *o = sp->opaque.data;
	struct answers a = { .dd = &sp->dd, .bits = w->bits, .open = open };
	struct fwt_compared pair;
	u32 i, values;

	a.seen = calloc(sp->dd.count + 1, sizeof(*a.seen));
	if (!a.seen)
		return false;
	for (values = 2; values-- > 0;)
		for (i = 0; i < sp->opaque.count; i++) {
			if (o[i].var >= w->vars || !support[o[i].var] ||
			    some_bit(&o[i]) != values ||
			    (fwt_pair_of(sp, &o[i], number(sp, w, FWT_AXIS_KIND), &pair) &&
			     is_so(sp, &o[i], w)))
				continue;
			open[o[i].var] = 1;
			a.turns++;
			open[o[i].var] = for_sure(&a, set);
		}
	free(a.seen);
	return true;
}

/* Fields that a packet's words have no place for. */
static int given(const struct fwt_space *sp, const u8 *support, u32 set, struct fwt_witness *w)
{
	static const char *const state[] = { "new", "related", "established", "invalid",
					     "untracked" };
	static const struct {
		u16 axis;
		const char *name;
	} odd[] = {
		{ FWT_AXIS_PRIORITY, "priority" },
		{ FWT_AXIS_TCP_WINDOW, "tcp window" },
		{ FWT_AXIS_TCP_OPTION_MSS, "tcp option mss" },
		{ FWT_AXIS_PKTTYPE, "pkttype" }, { FWT_AXIS_VLAN_PCP, "vlan pcp" },
		{ FWT_AXIS_MORE + 3 * FWT_FIELD_CT_MARK + 1, "ct mark" },
	};
	const struct fwt_opaque *o = sp->opaque.data;
	struct fwt_compared pair;
	char text[300];
	u8 *open;
	u32 i;

	if (w->p.iif && (w->p.oif || (asked(sp, support, FWT_AXIS_OIF) &&
				      leaves_so(sp, set, w)))) {
		snprintf(text, sizeof(text), "leaving by %s", w->oif);
		append(w->given, sizeof(w->given), ", ", text);
	}
	if (w->p.ct_state && w->p.ct_state < 5) {
		snprintf(text, sizeof(text), "ct state %s", state[w->p.ct_state]);
		append(w->given, sizeof(w->given), ", ", text);
	}
	/* Without a word of them it has "syn". */
	if (w->p.have & FWT_HAVE_TCP && (!w->p.tcp_flags ||
					 w->p.tcp_flags & (FWT_TCP_ECE | FWT_TCP_CWR))) {
		snprintf(text, sizeof(text), "tcp flags %u", w->p.tcp_flags);
		append(w->given, sizeof(w->given), ", ", text);
	}
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		if (!told(sp, support, w, odd[i].axis) || !number(sp, w, odd[i].axis))
			continue;
		snprintf(text, sizeof(text), "%s %u", odd[i].name,
			 number(sp, w, odd[i].axis));
		append(w->given, sizeof(w->given), ", ", text);
	}
	open = calloc(w->vars + 64, 1);
	if (!open || !leave_open(sp, support, set, w, open)) {
		free(open);
		return -ENOMEM;
	}
	for (i = 0; i < sp->opaque.count; i++) {
		if (o[i].var >= w->vars || !support[o[i].var] || open[o[i].var])
			continue;
		if (fwt_pair_of(sp, &o[i], number(sp, w, FWT_AXIS_KIND), &pair) &&
		    is_so(sp, &o[i], w))
			continue;	/* the packet says it */
		snprintf(text, sizeof(text), "%s%s", w->bits[o[i].var] ? "" : "not ",
			 o[i].text);
		append(w->given, sizeof(w->given), ", ", text);
	}
	free(open);
	return 0;
}

int fwt_space_pick(struct fwt_space *sp, u32 set, u32 hook, struct fwt_witness *w)
{
	const struct fwt_dd *dd = &sp->dd;
	struct fwt_chosen chosen = { .n = 0 };
	u32 plain, f;
	u8 *support;
	int ret;

	memset(w, 0, sizeof(*w));
	if (set == FWT_DD_NO || dd->over)
		return -ENOENT;
	w->vars = sp->vars;
	w->bits = calloc(w->vars + 64, 1);
	support = calloc(w->vars + 64, 1);
	if (!w->bits || !support) {
		free(support);
		return -ENOMEM;
	}
	plain = by_form(sp, set, hook);
	f = usual_part(sp, plain, 0, ARRAY_SIZE(usual));
	if (!follow(sp, set, f, w)) {
		f = usual_part(sp, plain, 0, USUAL_KINDS);
		f = fwt_pairs_part(sp, f, w->vars, usual_of, &chosen);
		f = usual_part(sp, f, USUAL_KINDS, ARRAY_SIZE(usual));
		w->chosen = &chosen;
		follow(sp, set, f, w);
	}
	fill(sp, hook, w);
	fwt_dd_support(dd, set, support, w->vars);
	fwt_sample_words(&w->p, w->words, sizeof(w->words));
	more_words(sp, support, w);
	ret = given(sp, support, set, w);
	w->chosen = NULL;
	free(support);
	if (ret)
		fwt_witness_clean(w);
	return ret;
}

void fwt_witness_clean(struct fwt_witness *w)
{
	free(w->bits);
	w->bits = NULL;
}

/* The other way round */

void fwt_space_place(const struct fwt_space *sp, const struct fwt_packet *p,
		     const struct fwt_env *env, u8 *bits)
{
	u32 kind = p->have & FWT_HAVE_IP ? (p->family == 6 ? FWT_KIND_IPV6 : FWT_KIND_IPV4) :
		   p->have & FWT_HAVE_ARP ? FWT_KIND_ARP : FWT_KIND_OTHER;
	const struct {
		u16 axis;
		u64 value;
	} own[] = {
		{ FWT_AXIS_KIND, kind },
		{ FWT_AXIS_HAVE_ETHER, !!(p->have & FWT_HAVE_ETHER) },
		{ FWT_AXIS_HAVE_VLAN, !!(p->have & FWT_HAVE_VLAN) },
		{ FWT_AXIS_HAVE_MSS, !!(p->have & FWT_HAVE_MSS) },
		{ FWT_AXIS_ETHER_TYPE, p->ether_type },
	};
	u32 i, field, words, value[4];

	memset(bits, 0, sp->vars);
	for (field = 0; field < __FWT_FIELD_MAX; field++) {
		u32 axis = fwt_space_axis(field, kind);

		words = (u32)fwt_field(p, env, field, value);
		if (axis == FWT_AXIS_NONE || !words)
			continue;
		fwt_space_piece(sp, axis, fwt_wide_words(value, words),
				bits + sp->axis[axis].first);
		if (axis >= FWT_AXIS_MORE) {
			axis -= (axis - FWT_AXIS_MORE) % 3;
			fwt_space_piece(sp, axis, fwt_wide(0, 1), bits + sp->axis[axis].first);
		}
	}
	for (i = 0; i < ARRAY_SIZE(own); i++)
		fwt_space_piece(sp, own[i].axis, fwt_wide(0, own[i].value),
				bits + sp->axis[own[i].axis].first);
}
