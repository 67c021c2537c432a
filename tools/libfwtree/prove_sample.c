// SPDX-License-Identifier: GPL-2.0
/*
 * A property, tried on generated packets.
 *
 * They are drawn from the values of the policy and their neighbours, then bent to
 * what the property speaks of. One that contradicts it is made plainer, field by
 * field, as long as it still does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"
#include "packet_text.h"
#include "prove_sample.h"
#include "prove_text.h"
#include "prove_walk.h"
#include "sema_sample.h"

struct trial {
	const struct fwt_property *pr;
	struct fwt_oracle o;
	struct fwt_env env;
	const struct fwt_prove_opts *opts;
	bool loose;
	char oif[17];
	const struct fwt_rule *rule;
	bool queued;
};

/* True where the packet goes on. */
static bool walk(struct trial *t, enum fwt_hook hook, struct fwt_packet *p,
		 struct fwt_oracle_result *r)
{
	const struct fwt_ast_hook *h = fwt_space_hook(t->o.ast, hook, p);

	r->flags = 0;
	r->verdict = FWT_VERDICT_ACCEPT;
	if (!h)
		return true;
	p->hook = (u8)hook;
	fwt_oracle_walk(&t->o, h, p, &t->env, r);
	if (!t->queued || r->verdict != FWT_VERDICT_ACCEPT)
		t->rule = r->rule;
	t->queued |= !!(r->flags & FWT_DECISION_QUEUE);
	return r->verdict == FWT_VERDICT_ACCEPT;
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

static u8 comes_in(struct trial *t, struct fwt_packet *p)
{
	struct fwt_oracle_result r;

	if (!walk(t, FWT_HOOK_DEV_INGRESS, p, &r) || !walk(t, FWT_HOOK_INGRESS, p, &r) ||
	    !t->opts->n_local || is_local(t, p))
		return r.verdict;
	if (p->ttl <= 1)
		return FWT_OUT_EXPIRES;
	p->oif = t->oif;
	p->ttl--;
	p->have &= ~(u32)(FWT_HAVE_ETHER | FWT_HAVE_VLAN);
	if (walk(t, FWT_HOOK_EGRESS, p, &r))
		walk(t, FWT_HOOK_DEV_EGRESS, p, &r);
	return r.verdict;
}

/* What leaves by lo comes in again; to lead it elsewhere is too late then. */
static u8 starts(struct trial *t, struct fwt_packet *p)
{
	struct fwt_oracle_result r;
	bool led;

	if (!walk(t, FWT_HOOK_EGRESS, p, &r))
		return r.verdict;
	led = r.flags & FWT_DECISION_DNAT;
	if (!walk(t, FWT_HOOK_DEV_EGRESS, p, &r) || !p->oif || strcmp(p->oif, "lo"))
		return r.verdict;
	p->iif = p->oif;
	p->oif = NULL;
	if (walk(t, FWT_HOOK_DEV_INGRESS, p, &r) && walk(t, FWT_HOOK_INGRESS, p, &r) && !led &&
	    r.flags & FWT_DECISION_DNAT)
		return FWT_VERDICT_DROP;
	return r.verdict;
}

/* Whether the packet is one of the property's, and not as it says. */
static bool contradicts(struct trial *t, const struct fwt_packet *packet)
{
	struct fwt_packet p = *packet;
	u8 verdict;

	if (!fwt_property_has(t->pr, &p, t->loose))
		return false;
	t->rule = NULL;
	t->queued = false;
	verdict = t->pr->out ? starts(t, &p) : comes_in(t, &p);
	if (verdict == FWT_VERDICT_ACCEPT && t->queued &&
	    (t->pr->always || t->pr->verdict != FWT_VERDICT_ACCEPT))
		verdict = FWT_OUT_QUEUE;
	return verdict != FWT_OUT_EXPIRES &&
	       (verdict == t->pr->verdict) != t->pr->always;
}

/* What else a packet has follows from its protocol; of those that may begin something. */
static void be_protocol(struct fwt_packet *p, u8 protocol)
{
	p->protocol = protocol;
	p->have &= ~(u32)(FWT_HAVE_PORTS | FWT_HAVE_TCP | FWT_HAVE_UDP | FWT_HAVE_ICMP |
			  FWT_HAVE_ICMPV6 | FWT_HAVE_FRAG);
	if (protocol == FWT_IPPROTO_TCP) {
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_TCP;
		p->tcp_flags = FWT_TCP_SYN;
	} else if (protocol == FWT_IPPROTO_UDP) {
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_UDP;
	} else if (protocol == (p->family == 4 ? FWT_IPPROTO_ICMP : FWT_IPPROTO_ICMPV6)) {
		p->have |= FWT_HAVE_ICMP_ID |
			   (p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6);
		p->icmp_type = p->family == 4 ? 8 : 128;
	}
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
			if (p->protocol != value[0])
				be_protocol(p, (u8)value[0]);
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
	p->ct_mark = 0;
	if (p->ct_state != FWT_CT_UNTRACKED)
		p->ct_state = fwt_space_state(p, t->loose);
}

/* Making it plainer: what is usual, as prove_pick.c has it, else less. A step is kept
 * where the packet still contradicts, and they are tried until none is. In the end no
 * other protocol or TTL alone would be plainer.
 */

static bool keep(struct trial *t, struct fwt_packet *p, const struct fwt_packet *q)
{
	struct fwt_packet as = *q;

	if (!memcmp(p, q, sizeof(*p)))
		return false;
	/* With the state of its form, if that does. */
	as.ct_state = fwt_space_state(q, t->loose);
	if (!contradicts(t, &as)) {
		if (!contradicts(t, q))
			return false;
		as = *q;
	}
	*p = as;
	return true;
}

/* Fewer bits, the greatest first. */
static bool lower(struct trial *t, struct fwt_packet *p, u32 *word, u32 width)
{
	struct fwt_packet q = *p;
	u32 *at = (u32 *)((u8 *)&q + ((u8 *)word - (u8 *)p)), bit;
	bool did = false;

	for (bit = width; bit--;) {
		q = *p;
		*at &= ~(1u << bit);
		did |= keep(t, p, &q);
	}
	return did;
}

static bool lower_port(struct trial *t, struct fwt_packet *p, bool source)
{
	u16 usual = source ? 40000 : 80, *at;
	struct fwt_packet q = *p;
	bool did = false;
	u32 bit;

	at = source ? &q.sport : &q.dport;
	if (*at == usual)
		return false;
	*at = usual;
	if (keep(t, p, &q))
		return true;
	for (bit = 16; bit--;) {
		q = *p;
		*at &= (u16)~(1u << bit);
		did |= keep(t, p, &q);
	}
	return did;
}

static bool lower_protocol(struct trial *t, struct fwt_packet *p)
{
	static const u8 usual[] = { 6, 17, 1, 58 };
	struct fwt_packet q;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(usual) + p->protocol; i++) {
		u8 to = i < ARRAY_SIZE(usual) ? usual[i] : (u8)(i - ARRAY_SIZE(usual));

		if (to == p->protocol)
			return false;
		q = *p;
		be_protocol(&q, to);
		if (keep(t, p, &q))
			return true;
	}
	return false;
}

static bool lower_ttl(struct trial *t, struct fwt_packet *p)
{
	struct fwt_packet q = *p;
	u32 i;

	if (p->ttl == 64)
		return false;
	q.ttl = 64;
	if (keep(t, p, &q))
		return true;
	for (i = 0; i < p->ttl; i++) {
		q.ttl = (u8)i;
		if (keep(t, p, &q))
			return true;
	}
	return false;
}

static const u32 usual_addr[2][2][4] = {
	{ { 0xc6336407 }, { 0xcb007108 } },
	{ { 0x20010db8, 0, 0, 7 }, { 0x20010db8, 1, 0, 8 } },
};

static bool lower_addr(struct trial *t, struct fwt_packet *p, bool source)
{
	const u32 *usual = usual_addr[p->family == 6][!source];
	u32 *at = source ? p->saddr : p->daddr, i;
	struct fwt_packet q = *p;
	bool did = false;

	if (!memcmp(at, usual, 16))
		return false;
	memcpy(source ? q.saddr : q.daddr, usual, 16);
	if (keep(t, p, &q))
		return true;
	for (i = 0; i < (p->family == 6 ? 4u : 1u); i++)
		did |= lower(t, p, at + i, 32);
	return did;
}

/* IPv4, with addresses that are usual there. */
static bool lower_family(struct trial *t, struct fwt_packet *p)
{
	struct fwt_packet q = *p;

	if (p->family != 6)
		return false;
	q.family = 4;
	q.ether_type = 0x0800;
	memcpy(q.saddr, usual_addr[0][0], sizeof(q.saddr));
	memcpy(q.daddr, usual_addr[0][1], sizeof(q.daddr));
	be_protocol(&q, q.protocol == FWT_IPPROTO_ICMPV6 ? FWT_IPPROTO_ICMP : q.protocol);
	return keep(t, p, &q);
}

static bool lower_rest(struct trial *t, struct fwt_packet *p)
{
	struct fwt_packet q;
	bool did = false;
	u32 i;

	for (i = 0; i < 7; i++) {
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
			q.have &= ~(u32)(FWT_HAVE_VLAN | FWT_HAVE_MSS);
			break;
		case 4:
			q.tcp_flags = FWT_TCP_SYN;
			break;
		case 5:
			q.icmp_code = 0;
			break;
		case 6:
			q.icmp_type = q.family == 4 ? 8 : 128;
			break;
		}
		did |= keep(t, p, &q);
	}
	return did;
}

static void shrink(struct trial *t, struct fwt_packet *p)
{
	bool more;

	do {
		more = lower_family(t, p);
		more |= lower_protocol(t, p);
		more |= lower_rest(t, p);
		more |= lower_ttl(t, p);
		more |= lower_addr(t, p, true);
		more |= lower_addr(t, p, false);
		more |= lower_port(t, p, true);
		more |= lower_port(t, p, false);
	} while (more);
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

__attribute__((format(printf, 3, 4)))
static void append(char *words, size_t size, const char *fmt, ...)
{
	size_t len = strlen(words);
	va_list args;

	va_start(args, fmt);
	vsnprintf(words + len, size - len, fmt, args);
	va_end(args);
}

/* The packet in words; with those that are not usual, where it is not one without. */
static bool tell(struct trial *t, const struct fwt_packet *p, char *words, size_t size)
{
	struct fwt_packet_text text;
	char error[200];

	fwt_sample_words(p, words, size);
	if (words_do(t, p, words))
		return true;
	if (fwt_packet_read(&text, words, error, sizeof(error)))
		return false;
	if (p->ttl != text.p.ttl)
		append(words, size, " ttl %u", p->ttl);
	if (p->length > text.p.length && !words_do(t, p, words))
		append(words, size, " len %u", p->length);
	if (p->have & FWT_HAVE_TCP && p->tcp_seq && !words_do(t, p, words))
		append(words, size, " seq %u", p->tcp_seq);
	if (p->have & FWT_HAVE_ICMP_ID && p->icmp_id && !words_do(t, p, words))
		append(words, size, " id %u", p->icmp_id);
	if (p->have & FWT_HAVE_VLAN && !words_do(t, p, words))
		append(words, size, " vlan %u", p->vlan_tci & 0xfff);
	return words_do(t, p, words);
}

int fwt_prove_samples(const struct fwt_policy_ast *ast, const struct fwt_property *pr,
		      const struct fwt_prove_opts *opts, struct fwt_proof *proof)
{
	static const struct fwt_ast_hook anywhere = { .egress = false };
	static const struct fwt_ast_hook leaving = { .egress = true };
	struct trial t = {
		.pr = pr, .opts = opts, .o = { .ast = ast, .resolver = fwt_resolver_alloc() },
		.env = { .ops = &fwt_nowhere_ops }, .oif = "eth1",
	};
	const struct fwt_ast_option *o;
	struct fwt_sampler s;
	struct fwt_packet p;
	int ret = -ENOMEM;

	for (o = ast->options; o; o = o->next)
		t.loose |= o->id == FWT_OPT_TCP_LOOSE && o->value && o->value->text &&
			   !strcmp(o->value->text, "on");
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
			if (!tell(&t, &p, proof->packet, sizeof(proof->packet)))
				snprintf(proof->given, sizeof(proof->given),
					 "other fields are as drawn");
			else if (p.ct_state != fwt_space_state(&p, t.loose))
				snprintf(proof->given, sizeof(proof->given),
					 "ct state untracked");
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
