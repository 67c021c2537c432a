// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's "set": by the words of the language, one target after the other.
 */
#include "oracle.h"

void fwt_oracle_set(const struct fwt_oracle *o, const struct fwt_modifier *m,
		    const struct fwt_value *mapped, struct fwt_packet *p,
		    struct fwt_oracle_result *r)
{
	u32 v;

	if (mapped)
		v = fwt_oracle_number(o, &m->set.target, mapped);
	else if (!m->set.from)
		v = fwt_oracle_number(o, &m->set.target, m->set.value.first);
	else if (!fwt_oracle_field(m->set.from, p, &v))
		return;		/* what the packet lacks sets nothing */

	if (m->set.target.field == FWT_AST_MARK) {
		p->mark = v;
		r->flags |= FWT_DECISION_MARK;
	}
	if (m->set.target.field == FWT_AST_CT_MARK) {
		p->ct_mark = v;
		r->flags |= FWT_DECISION_CT_MARK;
	}
	if (m->set.target.field == FWT_AST_PRIORITY) {
		p->priority = v;
		r->flags |= FWT_DECISION_PRIORITY;
	}
	if (m->set.target.field == FWT_AST_DSCP && p->have & FWT_HAVE_IP) {
		p->tos = (u8)((p->tos & 3) + 4 * v);
		r->flags |= FWT_DECISION_DSCP;
	}
	/* Nobody sends with a hop limit of 0. */
	if (m->set.target.field == FWT_AST_TTL && p->have & FWT_HAVE_IP && v) {
		p->ttl = (u8)v;
		r->flags |= FWT_DECISION_TTL;
	}
	if (m->set.target.field == FWT_AST_TCP_OPTION_MSS && p->have & FWT_HAVE_IP &&
	    p->protocol == 6 && v) {
		if (p->have & FWT_HAVE_MSS)
			p->tcp_mss = (u16)min((u32)p->tcp_mss, v);
		r->mss = (u16)(r->flags & FWT_DECISION_MSS ? min((u32)r->mss, v) : v);
		r->flags |= FWT_DECISION_MSS;
	}
	if (m->set.target.field == FWT_AST_VLAN_ID && p->have & FWT_HAVE_VLAN && v != 4095) {
		p->vlan_tci = (u16)(p->vlan_tci - p->vlan_tci % 4096 + v);
		r->flags |= FWT_DECISION_VLAN;
	}
}
