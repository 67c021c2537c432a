// SPDX-License-Identifier: GPL-2.0
/*
 * A property, tried on generated packets.
 *
 * They are drawn from the values of the policy and their neighbours, then bent to
 * what the property speaks of. One that contradicts it is made plainer, field by
 * field, as long as it still does.
 */
#include <stdlib.h>

#include "oracle.h"
#include "packet_text.h"
#include "prove_sample.h"
#include "prove_text.h"
#include "sema_sample.h"

struct trial {
	const struct fwt_property *pr;
	struct fwt_oracle o;
	struct fwt_env env;
	const struct fwt_ast_hook *in, *out;
	const struct fwt_prove_opts *opts;
	char oif[17];
	const struct fwt_rule *rule;
};

static const struct fwt_ast_hook *hook_of(const struct fwt_policy_ast *ast, bool egress)
{
	const struct fwt_ast_hook *h;

	for (h = ast->hooks; h; h = h->next)
		if (!h->device && h->egress == egress)
			return h;
	return NULL;
}

static u8 walk(struct trial *t, const struct fwt_ast_hook *h, struct fwt_packet *p)
{
	struct fwt_oracle_result r;

	if (!h)
		return FWT_VERDICT_ACCEPT;
	p->hook = h->egress ? FWT_HOOK_EGRESS : FWT_HOOK_INGRESS;
	fwt_oracle_walk(&t->o, h, p, &t->env, &r);
	t->rule = r.rule;
	return r.verdict;
}

static bool is_local(const struct trial *t, const struct fwt_packet *p)
{
	u32 i;

	for (i = 0; i < t->opts->n_local; i++)
		if (t->opts->local[i].family == p->family &&
		    !memcmp(t->opts->local[i].addr, p->daddr, p->family == 6 ? 16 : 4))
			return true;
	return false;
}

/* Whether the packet is one of the property's, and not as it says. */
static bool contradicts(struct trial *t, const struct fwt_packet *packet)
{
	struct fwt_packet p = *packet;
	u8 verdict;

	if (!fwt_property_has(t->pr, &p))
		return false;
	t->rule = NULL;
	verdict = walk(t, t->pr->out ? t->out : t->in, &p);
	if (!t->pr->out && verdict == FWT_VERDICT_ACCEPT && t->opts->n_local &&
	    !is_local(t, &p) && t->out) {
		p.oif = t->oif;
		verdict = walk(t, t->out, &p);
	}
	return (verdict == t->pr->verdict) != t->pr->always;
}

/* The fields that the property names get a value that it has. */
static void bend(struct trial *t, struct fwt_sampler *s, struct fwt_packet *p)
{
	const struct fwt_saying *say;
	u32 w, value[4] = { 0 };
	char *name;
	u32 i;

	if (t->pr->family)
		p->family = t->pr->family;
	for (say = t->pr->says; say < t->pr->says + t->pr->n; say++) {
		u32 what = fwt_sampler_random(s, 3);

		memcpy(value, what ? say->low : say->high, sizeof(value));
		for (w = 0; what == 2 && w < say->words; w++)
			if (say->high[w] > say->low[w])
				value[w] += fwt_sampler_random(s, say->high[w] - say->low[w]);
		switch (say->field) {
		case FWT_FIELD_IIF:
		case FWT_FIELD_OIF:
			name = say->field == FWT_FIELD_IIF ? s->iif : s->oif;
			memset(name, 0, 17);
			for (i = 0; i < 15; i++)
				name[i] = (char)(say->low[i / 4] >> (24 - 8 * (i % 4)));
			break;
		case FWT_FIELD_PROTOCOL:
			if (p->protocol == value[0])
				break;
			p->protocol = (u8)value[0];
			p->have &= ~(u32)(FWT_HAVE_PORTS | FWT_HAVE_TCP | FWT_HAVE_UDP |
					  FWT_HAVE_ICMP | FWT_HAVE_ICMPV6 | FWT_HAVE_FRAG);
			if (p->protocol == 6)
				p->have |= FWT_HAVE_PORTS | FWT_HAVE_TCP;
			else if (p->protocol == 17)
				p->have |= FWT_HAVE_PORTS | FWT_HAVE_UDP;
			else if (p->protocol == (p->family == 4 ? 1 : 58))
				p->have |= p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6;
			break;
		case FWT_FIELD_SADDR:
			memcpy(p->saddr, value, sizeof(value));
			break;
		case FWT_FIELD_DADDR:
			memcpy(p->daddr, value, sizeof(value));
			break;
		case FWT_FIELD_SPORT:
			p->sport = (u16)value[0];
			break;
		case FWT_FIELD_DPORT:
			p->dport = (u16)value[0];
			break;
		case FWT_FIELD_TCP_FLAGS:
			p->tcp_flags = (u8)value[0];
			break;
		case FWT_FIELD_TTL:
			p->ttl = (u8)value[0];
			break;
		case FWT_FIELD_MARK:
			p->mark = value[0];
			break;
		}
	}
	if (t->pr->out)
		p->iif = NULL;
}

/* Plainer, as long as it still contradicts. */
static void shrink(struct trial *t, struct fwt_packet *p)
{
	struct fwt_packet q;
	u32 i;

	for (i = 0; i < 12; i++) {
		q = *p;
		switch (i) {
		case 0:
			q.mark = 0;
			break;
		case 1:
			q.priority = 0;
			break;
		case 2:
			q.tos = 0;
			break;
		case 3:
			q.ttl = 64;
			break;
		case 4:
			q.have &= ~(u32)(FWT_HAVE_VLAN | FWT_HAVE_MSS);
			break;
		case 5:
			q.tcp_flags = FWT_TCP_SYN;
			break;
		case 6:
			q.sport = 40000;
			break;
		case 7:
			q.dport = 80;
			break;
		case 8:
			q.icmp_code = 0;
			break;
		case 9:
			q.icmp_type = q.family == 4 ? 8 : 128;
			break;
		case 10:
			if (q.family == 4)
				q.saddr[0] = 0xc6336407;
			break;
		case 11:
			if (q.family == 4)
				q.daddr[0] = 0xcb007108;
			break;
		}
		if (contradicts(t, &q))
			*p = q;
	}
	contradicts(t, p);	/* leaves the rule */
}

/* Whether the words say enough for others to see the same. */
static bool words_do(struct trial *t, const struct fwt_packet *p, const char *words)
{
	struct fwt_packet_text text;
	char error[200];

	if (fwt_packet_read(&text, words, error, sizeof(error)))
		return false;
	text.p.ct_state = p->ct_state;
	return contradicts(t, &text.p);
}

int fwt_prove_samples(const struct fwt_policy_ast *ast, const struct fwt_property *pr,
		      const struct fwt_prove_opts *opts, struct fwt_proof *proof)
{
	static const struct fwt_ast_hook anywhere = { .egress = false };
	static const struct fwt_ast_hook leaving = { .egress = true };
	struct trial t = {
		.pr = pr, .opts = opts, .o = { .ast = ast, .resolver = fwt_resolver_alloc() },
		.env = { .ops = &fwt_nowhere_ops }, .oif = "eth1",
		.in = hook_of(ast, false), .out = hook_of(ast, true),
	};
	struct fwt_sampler s;
	struct fwt_packet p;
	int ret = -ENOMEM;

	proof->is = FWT_PROOF_OUTGREW;
	proof->seed = opts->seed;
	proof->tried = 0;
	if (t.o.resolver && !fwt_sampler_init(&s, ast, opts->seed)) {
		for (ret = 0; proof->tried < opts->samples; proof->tried++) {
			fwt_sampler_packet(&s, pr->out ? &leaving : &anywhere, &p);
			bend(&t, &s, &p);
			if (!contradicts(&t, &p))
				continue;
			shrink(&t, &p);
			proof->is = FWT_PROOF_FAILS;
			proof->sampled = true;
			fwt_sample_words(&p, proof->packet, sizeof(proof->packet));
			if (!words_do(&t, &p, proof->packet))
				snprintf(proof->given, sizeof(proof->given),
					 "other fields are as drawn");
			if (t.rule) {
				proof->file = ast->sources->source[t.rule->loc.file]->name;
				proof->line = t.rule->loc.line;
			}
			break;
		}
		fwt_sampler_clean(&s);
	}
	if (t.o.resolver)
		fwt_resolver_free(t.o.resolver);
	return ret;
}
