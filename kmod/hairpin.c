// SPDX-License-Identifier: GPL-2.0
/* Two that are inside meet by the ends that they have outside; see hairpin.h. */
#include <linux/netdevice.h>

#include "hairpin.h"
#include "mapping.h"

/* As ingress leaves it, a hop further, and as if it left by @out. */
static void as_if_leaving(const struct fwt_way *w, const struct fwt_decision *d,
			  const struct net_device *out, struct fwt_packet *p)
{
	*p = w->p;
	if (d->flags) {
		p->mark = w->after.mark;
		p->ct_mark = w->after.ct_mark;
		p->priority = w->after.priority;
		p->tos = w->after.tos;
		p->ttl = w->after.ttl;
		p->tcp_mss = w->after.tcp_mss;
	}
	p->ttl -= !!p->ttl;
	p->hook = FWT_HOOK_EGRESS;
	p->oif = out->name;
	p->ct_state = FWT_CT_NEW;
	p->ct_status = 0;
	p->ct_ends = NULL;
	p->ct_tuple = &w->t;
}

/* What egress would translate it by there. Nothing is charged for it, and limits are not
 * asked: where it really leaves they are. A frame of its own: a decision is a kilobyte.
 */
static noinline bool ask(const struct fwt_way *w, u32 root, struct fwt_packet *p,
			 const struct fwt_env *env, u32 *snat)
{
	struct fwt_decision d FWT_UNSET;

	fwt_walk(&w->pol->prog, root, p, env, &d);
	*snat = d.snat;
	return d.verdict == FWT_VERDICT_ACCEPT && d.flags & FWT_DECISION_SNAT;
}

/* The modifier that would give it an endpoint-independent port there, and the address
 * that goes with it; NULL if none would.
 */
static noinline const struct fwt_prog_mod *
shown_there(const struct fwt_way *w, const struct fwt_decision *by_ingress,
	    const struct net_device *out, u32 *addr)
{
	u32 root = w->pol->prog.root[FWT_HOOK_EGRESS], snat;
	const struct fwt_prog_mod *m;
	struct fwt_world world FWT_UNSET;
	struct fwt_packet p FWT_UNSET;
	struct fwt_rlu rlu FWT_UNSET;

	/* A verdict alone, or no tree, translates nothing. */
	if (root == FWT_NONE || w->pol->prog.node[root].type == FWT_NODE_VERDICT)
		return NULL;
	as_if_leaving(w, by_ingress, out, &p);
	fwt_world_init(&world, w, w->seed);
	world.env.rlu = &rlu;
	world.out = out;
	world.skb = NULL;	/* its route is not this one */
	world.again = true;
	if (!ask(w, root, &p, &world.env, &snat))
		return NULL;
	m = &fwt_program_of_mod(&w->pol->prog, &snat)->mod[snat];
	if (!(m->flags & FWT_MOD_ENDPOINT_INDEPENDENT))
		return NULL;
	memcpy(addr, p.saddr, sizeof(p.saddr));
	return m;
}

bool fwt_hairpin_lead(struct fwt_way *w, const struct fwt_decision *d, struct fwt_conn *c,
		      struct fwt_bind *b)
{
	const struct fwt_prog_mod *m;
	const struct net_device *out;
	struct fwt_end inside;
	u32 oif;

	/* An id of ICMP is the asking side's alone. */
	if (!(w->p.have & FWT_HAVE_PORTS) || !fwt_mapping_behind(w->fn, &w->t, &inside, &oif) ||
	    oif == w->state->in->ifindex)
		return false;
	out = dev_get_by_index_rcu(w->fn->net, oif);
	if (!out)
		return false;
	*b = (struct fwt_bind){
		.out = out,
		.hairpin = true,
		.mapped = true,
		.opens = w->p.have & FWT_HAVE_TCP && !w->loose,
		.seq = w->p.tcp_seq,
	};
	m = shown_there(w, d, out, b->end.addr);
	if (!m || !memcmp(b->end.addr, w->t.src.addr, sizeof(b->end.addr)))
		return false;
	b->end.port = w->t.src.port;
	fwt_bind_ports(b, m, &w->pol->opt);
	fwt_ends_set(&c->ends, FWT_S, &inside);
	c->flags |= BIT(FWT_CONN_DNAT);
	if (m->type == FWT_MOD_MASQUERADE || m->flags & FWT_MOD_IFADDR)
		c->flags |= BIT(FWT_CONN_IFADDR);
	return true;
}
