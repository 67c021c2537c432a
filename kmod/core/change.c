// SPDX-License-Identifier: GPL-2.0
/*
 * Setting header fields; see change.h, and rewrite.c for the arithmetic.
 */
#include "change.h"

#define IP4_CHECK	10
#define TCP_CHECK	16
#define TCP_HEADER	20

#define OPT_END		0
#define OPT_NOP		1
#define OPT_MSS		2

u32 fwt_set_most(u8 type, u32 *least)
{
	*least = 0;
	switch (type) {
	case FWT_MOD_SET_DSCP:
		return 63;
	case FWT_MOD_SET_TTL:
		*least = 1;
		return 255;
	case FWT_MOD_SET_MSS:
		*least = 1;
		return 65535;
	case FWT_MOD_SET_VLAN:
		return 4094;	/* 4095 is no VLAN (IEEE 802.1Q) */
	default:
		return ~0u;
	}
}

/* The value; false where it is of a field that the packet lacks, or says nothing
 * that can be set.
 */
static bool value(const struct fwt_prog_mod *m, const struct fwt_packet *p, u32 *to)
{
	u32 least, most = fwt_set_most(m->type, &least), word[4] FWT_UNSET;

	*to = m->a;
	if (!(m->flags & FWT_MOD_FIELD))
		return true;
	if (fwt_field_get(p, m->a, word) != 1)
		return false;
	*to = word[0];
	return word[0] >= least && word[0] <= most;
}

static void set_mss(struct fwt_packet *p, struct fwt_decision *d, u32 most)
{
	if (!(p->have & FWT_HAVE_IP) || p->protocol != FWT_IPPROTO_TCP)
		return;
	if (p->have & FWT_HAVE_MSS && p->tcp_mss > most)
		p->tcp_mss = (u16)most;
	/* Lowered twice is lowered by the lesser one. */
	if (!(d->flags & FWT_DECISION_MSS) || d->mss > most)
		d->mss = (u16)most;
	d->flags |= FWT_DECISION_MSS;
}

void fwt_set_apply(const struct fwt_prog_mod *m, struct fwt_packet *p,
		   struct fwt_decision *d)
{
	u32 v;

	if (m->type == FWT_MOD_MSS_CLAMP) {
		d->flags |= FWT_DECISION_CLAMP;
		return;
	}
	if (m->type == FWT_MOD_NOTRACK) {
		/* Of what has a connection it is too late. */
		if (p->ct_state != FWT_CT_NEW && p->ct_state != FWT_CT_INVALID)
			return;
		p->ct_state = FWT_CT_UNTRACKED;
		d->flags |= FWT_DECISION_NOTRACK;
		return;
	}
	if (!value(m, p, &v))
		return;
	switch (m->type) {
	case FWT_MOD_SET_MARK:
		p->mark = v;
		d->flags |= FWT_DECISION_MARK;
		break;
	case FWT_MOD_SET_CT_MARK:
		p->ct_mark = v;
		p->unknown &= ~FWT_FIELD_BIT(CT_MARK);
		d->flags |= FWT_DECISION_CT_MARK;
		break;
	case FWT_MOD_SET_PRIORITY:
		p->priority = v;
		p->unknown &= ~FWT_FIELD_BIT(PRIORITY);
		d->flags |= FWT_DECISION_PRIORITY;
		break;
	case FWT_MOD_SET_DSCP:
		if (!(p->have & FWT_HAVE_IP))
			break;
		p->tos = (u8)(v << 2 | (p->tos & 3));
		p->unknown &= ~FWT_FIELD_BIT(DSCP);
		d->flags |= FWT_DECISION_DSCP;
		break;
	case FWT_MOD_SET_TTL:
		if (!(p->have & FWT_HAVE_IP))
			break;
		p->ttl = (u8)v;
		p->unknown &= ~FWT_FIELD_BIT(TTL);
		d->flags |= FWT_DECISION_TTL;
		break;
	case FWT_MOD_SET_MSS:
		set_mss(p, d, v);
		break;
	case FWT_MOD_SET_VLAN:
		if (!(p->have & FWT_HAVE_VLAN))
			break;
		p->vlan_tci = (u16)((p->vlan_tci & 0xf000) | v);
		d->flags |= FWT_DECISION_VLAN;
		break;
	}
}

bool fwt_header_differs(const struct fwt_packet *p, struct fwt_header_change *to)
{
	if (!(p->have & FWT_HAVE_IP))
		to->what = 0;
	if (to->dscp == p->tos >> 2)
		to->what &= ~FWT_CHANGE_DSCP;
	if (to->ttl == p->ttl)
		to->what &= ~FWT_CHANGE_TTL;
	/* Never raised: who offers less may have a reason. */
	if (!(p->have & FWT_HAVE_MSS) || !(p->tcp_flags & FWT_TCP_SYN) || to->mss >= p->tcp_mss)
		to->what &= ~FWT_CHANGE_MSS;
	return to->what;
}

/* Write a word, and return what the sums that it is in change by. */
static u32 put(u8 *at, u16 to)
{
	u16 from = get_unaligned_be16(at);

	put_unaligned_be16(to, at);
	return from == to ? 0 : (u32)(u16)~from + to;
}

static u32 fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Where the value of the next MSS option stands, from the transport header on; @at is
 * where to look on from, and then where to look for another one. 0 for none.
 */
static u32 next_mss(const u8 *h, u32 len, u32 *at)
{
	while (*at + 1 < len) {
		u32 here = *at;

		if (h[here] == OPT_END)
			break;
		if (h[here] == OPT_NOP) {
			++*at;
			continue;
		}
		if (h[here + 1] < 2 || h[here + 1] > len - here)
			break;
		*at += h[here + 1];
		if (h[here] == OPT_MSS && h[here + 1] == 4)
			return here + 2;
	}
	return 0;
}

/* A word that may lie across two of those that are summed. */
static u32 put_across(u8 *h, u32 at, u16 to)
{
	u32 sum;

	if (!(at & 1))
		return put(h + at, to);
	sum = put(h + at - 1, (u16)(h[at - 1] << 8 | to >> 8));
	return sum + put(h + at + 1, (u16)((to & 0xff) << 8 | h[at + 2]));
}

/* Each of them, should there be several: receivers differ in which one they take. */
static u32 change_mss(struct fwt_packet *p, u8 *h, u16 mss, bool back, enum fwt_csum_mode mode)
{
	u32 next = TCP_HEADER, at, sum = 0;
	u16 check, is;

	while ((at = next_mss(h, p->payload - p->l4, &next))) {
		is = get_unaligned_be16(h + at);
		if (back ? is == p->tcp_mss : is > mss)
			sum = fold(sum + put_across(h, at, mss));
	}
	p->tcp_mss = mss;
	/* Who completes the sum reads the option then. */
	if (!sum || mode == FWT_CSUM_PARTIAL)
		return sum;
	check = get_unaligned_be16(h + TCP_CHECK);
	return sum + put(h + TCP_CHECK, (u16)~fold((u16)~check + sum));
}

u32 fwt_header_change(struct fwt_packet *p, u8 *data, const struct fwt_header_change *to,
		      enum fwt_csum_mode mode)
{
	u8 *h = data + p->l3;
	u32 sum = 0, all = 0;
	u16 check;

	if (to->what & FWT_CHANGE_DSCP) {
		p->tos = (u8)(to->dscp << 2 | (p->tos & 3));
		sum += put(h, p->family == 4 ? (u16)(h[0] << 8 | p->tos) :
			   (u16)((h[0] & 0xf0) << 8 | p->tos << 4 | (h[1] & 0xf)));
	}
	if (to->what & FWT_CHANGE_TTL) {
		p->ttl = to->ttl;
		sum += p->family == 4 ? put(h + 8, (u16)(to->ttl << 8 | h[9])) :
					put(h + 6, (u16)(h[6] << 8 | to->ttl));
	}
	if (sum && p->family == 4) {
		check = get_unaligned_be16(h + IP4_CHECK);
		all = put(h + IP4_CHECK, (u16)~fold((u16)~check + sum));
	}
	all += sum;
	if (to->what & FWT_CHANGE_MSS)
		all += change_mss(p, data + p->l4, to->mss, to->what & FWT_CHANGE_BACK, mode);
	return fold(all);
}
