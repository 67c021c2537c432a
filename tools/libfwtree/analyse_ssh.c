// SPDX-License-Identifier: GPL-2.0
/*
 * Would a policy cut off the connection that it is applied over.
 *
 * Nearly all of a connection's packets is known: both ends, and the interface by the
 * kernel's routes. These axes are pinned, so that rules about others' packets are
 * nothing at all, and a policy of 100,000 rules is asked in the time that reading it
 * takes; what is not known (what is in a set, is a limit reached) may be anything.
 *
 * The connection lives on where its packets are accepted
 *
 *	by "ingress", which decides it afresh by its first packet rebuilt; where every
 *	packet walks, by its later ones, and "egress" by its answers;
 *	by the trees of its interface's frames, both ways.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "analyse.h"
#include "ifname.h"
#include "prove_pick.h"

#define SSH_BUDGET	1000000u

bool fwt_ssh_read(struct fwt_ssh *ssh, const char *text)
{
	unsigned int port[2], i;
	char addr[2][80], *a;
	bool six;

	memset(ssh, 0, sizeof(*ssh));
	if (sscanf(text, "%79s %u %79s %u", addr[0], &port[0], addr[1], &port[1]) != 4 ||
	    port[0] > 65535 || port[1] > 65535)
		return false;
	for (i = 0; i < 2; i++) {
		a = addr[i];
		/* A socket of IPv6 that took IPv4. */
		if (!strncasecmp(a, "::ffff:", 7) && strchr(a, '.'))
			a += 7;
		if (strchr(a, '%') && strlen(strchr(a, '%') + 1) < sizeof(ssh->scope))
			strcpy(ssh->scope, strchr(a, '%') + 1);
		a[strcspn(a, "%")] = 0;
		six = strchr(a, ':');
		if (i && (six ? 6 : 4) != ssh->family)
			return false;
		ssh->family = six ? 6 : 4;
		ssh->port[i] = (u16)port[i];
		if (inet_pton(six ? AF_INET6 : AF_INET, a, ssh->addr[i]) != 1)
			return false;
	}
	strcpy(ssh->iif, ssh->scope);
	return true;
}

static struct fwt_wide address(const struct fwt_ssh *ssh, u32 end)
{
	const u8 *b = ssh->addr[end];

	if (ssh->family == 4)
		return fwt_wide(0, get_unaligned_be32(b));
	return fwt_wide((u64)get_unaligned_be32(b) << 32 | get_unaligned_be32(b + 4),
			(u64)get_unaligned_be32(b + 8) << 32 | get_unaligned_be32(b + 12));
}

/* Somewhere in the policy destinations are changed. */
static bool block_translates(const struct fwt_ir_block *b);

static bool rule_translates(const struct fwt_ir_rule *r)
{
	const struct fwt_ir_rule *to;
	const struct fwt_modifier *m;
	u32 i, count;

	for (m = r->ast->modifiers; m; m = m->next)
		if (m->kind <= FWT_AST_MOD_BALANCE)
			return true;
	to = fwt_prove_branches(r, &count);
	for (i = 0; i < count; i++)
		if (rule_translates(&to[i]))
			return true;
	return block_translates(&r->block);
}

static bool block_translates(const struct fwt_ir_block *b)
{
	u32 i;

	for (i = 0; i < b->count; i++)
		if (rule_translates(&b->rule[i]))
			return true;
	return false;
}

static bool translates(const struct fwt_sema *s)
{
	const struct fwt_ir_tree *t;

	for (t = s->trees; t; t = t->next)
		if (block_translates(&t->body))
			return true;
	return false;
}

/**
 * struct asking - one way of the connection's packets, through one tree
 * @answers: from here to the client
 */
struct asking {
	struct fwt_prove p;
	struct fwt_space sp;
	struct fwt_outcomes out;
	const struct fwt_ssh *ssh;
	bool answers;
};

static void pin(struct asking *q, const struct fwt_sema *s, bool inet)
{
	bool six = q->ssh->family == 6, moves = inet && translates(s);
	u32 kind = six ? FWT_KIND_IPV6 : FWT_KIND_IPV4, from = q->answers;
	const struct {
		u16 axis;
		bool moves;
		struct fwt_wide at;
	} known[] = {
		{ FWT_AXIS_KIND, false, { 0, kind } },
		{ FWT_AXIS_PROTOCOL, false, { 0, FWT_IPPROTO_TCP } },
		{ FWT_AXIS_FRAGMENT, false, { 0, 0 } },
		{ (u16)(six ? FWT_AXIS_SADDR6 : FWT_AXIS_SADDR4), q->answers,
		  address(q->ssh, from) },
		{ (u16)(six ? FWT_AXIS_DADDR6 : FWT_AXIS_DADDR4), !q->answers,
		  address(q->ssh, !from) },
		{ FWT_AXIS_SPORT, q->answers, { 0, q->ssh->port[from] } },
		{ FWT_AXIS_DPORT, !q->answers, { 0, q->ssh->port[!from] } },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!moves || !known[i].moves)
			fwt_space_pin(&q->sp, known[i].axis, known[i].at);
}

static void also(struct asking *q, u32 *set, u32 axis, struct fwt_wide v)
{
	*set = fwt_dd_and(&q->sp.dd, *set, fwt_space_range(&q->sp, axis, v, v, NULL));
}

static bool owns(const struct fwt_ssh *ssh, const char *name, size_t len)
{
	char pattern[20];
	u32 i;

	snprintf(pattern, sizeof(pattern), "%.*s", (int)len, name);
	for (i = 0; i < ssh->owners; i++)
		if (fwt_ifname_fits(pattern, ssh->owner[i]))
			return true;
	return false;
}

/* Whose addresses this machine's end is among. */
static void own_addresses(struct asking *q, u32 *set)
{
	const struct fwt_opaque *o = q->sp.opaque.data;
	const char *want = q->answers ? "saddr addr(" : "daddr addr(", *k;
	struct fwt_dd *dd = &q->sp.dd;
	u32 i;

	for (i = 0; i < q->sp.opaque.count && q->ssh->owners; i++) {
		k = o[i].key;
		if (!strncmp(k, "ip ", 3) || !strncmp(k, "ip6 ", 4))
			k = strchr(k, ' ') + 1;
		if (strncmp(k, want, strlen(want)))
			continue;
		k += strlen(want);
		*set = owns(q->ssh, k, strcspn(k, ")")) ?
		       fwt_dd_and(dd, *set, fwt_dd_var(dd, o[i].var)) :
		       fwt_dd_minus(dd, *set, fwt_dd_var(dd, o[i].var));
	}
}

static struct fwt_wide device(const char *name)
{
	struct fwt_value v = { .text = name };
	struct fwt_wide lo, hi;

	fwt_space_device(&v, &lo, &hi);
	return lo;
}

/* Not by the loopback, where that can be told apart. */
static u32 from_elsewhere(struct asking *q, u32 set)
{
	struct fwt_wide lo = device("lo");
	u32 f = fwt_dd_minus(&q->sp.dd, set,
			     fwt_space_range(&q->sp, FWT_AXIS_IIF, lo, lo, NULL));

	return f == FWT_DD_NO ? set : f;
}

/* The packets as they may be there. */
static u32 packets(struct asking *q, const struct fwt_ir_tree *t)
{
	bool inet = t->hooks & FWT_HOOKS_INET, six = q->ssh->family == 6;
	u32 frames = fwt_space_frames(&q->sp, q->p.s->ast, t->ast_hook);
	u32 set = fwt_space_world(&q->sp, q->p.hook, frames);
	u32 kind = six ? FWT_KIND_IPV6 : FWT_KIND_IPV4;
	u32 end = q->answers;

	/* Those that are not pinned. */
	also(q, &set, six ? FWT_AXIS_DADDR6 : FWT_AXIS_DADDR4, address(q->ssh, !end));
	also(q, &set, six ? FWT_AXIS_SADDR6 : FWT_AXIS_SADDR4, address(q->ssh, end));
	also(q, &set, FWT_AXIS_SPORT, fwt_wide(0, q->ssh->port[end]));
	also(q, &set, FWT_AXIS_DPORT, fwt_wide(0, q->ssh->port[!end]));
	if (q->ssh->iif[0])
		also(q, &set, q->answers ? FWT_AXIS_OIF : FWT_AXIS_IIF, device(q->ssh->iif));
	else if (!q->answers)
		set = from_elsewhere(q, set);
	own_addresses(q, &set);
	if (!inet)
		return set;
	also(q, &set, FWT_AXIS_MARK, fwt_wide(0, 0));
	if (q->sp.per_packet) {
		also(q, &set, FWT_AXIS_CT_STATE, fwt_wide(0, FWT_CT_ESTABLISHED));
	} else {
		also(q, &set, FWT_AXIS_CT_STATE, fwt_wide(0, FWT_CT_NEW));
		also(q, &set, FWT_AXIS_TCP_FLAGS, fwt_wide(0, FWT_TCP_SYN));
	}
	if (!q->answers)
		also(q, &set, fwt_space_axis(FWT_FIELD_ROUTE_TYPE, kind),
		     fwt_wide(0, FWT_ROUTE_LOCAL));
	return set;
}

static u32 accepted(void *ctx, u32 leaf)
{
	u8 v = fwt_outcome(ctx, leaf)->verdict;

	return v == FWT_VERDICT_ACCEPT || v >= FWT_OUT_QUEUE ? FWT_DD_YES : FWT_DD_NO;
}

static void tell(struct asking *q, const struct fwt_ir_tree *t, u32 set, struct fwt_diag *diag,
		 enum fwt_severity severity)
{
	const struct fwt_ssh *ssh = q->ssh;
	int af = ssh->family == 6 ? AF_INET6 : AF_INET;
	char client[INET6_ADDRSTRLEN], server[INET6_ADDRSTRLEN];
	const struct fwt_ir_rule *r = NULL;
	struct fwt_witness w;

	if (!fwt_space_pick(&q->sp, set, q->p.hook, &w))
		r = fwt_prove_follow(&q->p, t, w.bits);
	fwt_witness_clean(&w);
	inet_ntop(af, ssh->addr[0], client, sizeof(client));
	inet_ntop(af, ssh->addr[1], server, sizeof(server));
	fwt_diag_add(diag, severity, r ? &r->ast->loc : &t->loc,
		     "accept it before this, or apply the policy with --confirm TIME",
		     "this cuts off %sthe SSH connection that you come by (%s to %s port %u%s%s)",
		     q->answers ? "answers of " : "", client, server, ssh->port[1],
		     ssh->iif[0] ? q->answers ? ", out by " : ", in by " : "", ssh->iif);
}

static bool cut_off(struct fwt_sema *s, struct fwt_diag *diag, const struct fwt_ssh *ssh,
		    const struct fwt_ir_tree *t, enum fwt_severity severity)
{
	struct asking q = { .ssh = ssh, .answers = t->ast_hook->egress };
	bool inet = t->hooks & FWT_HOOKS_INET, cut = false;
	u32 f, set;

	fwt_outcomes_init(&q.out);
	if (fwt_space_init(&q.sp, SSH_BUDGET))
		return false;
	fwt_prove_init(&q.p, &q.sp, &q.out, s);
	q.p.hook = (u32)__builtin_ctz(t->hooks);
	q.p.bare = true;
	/* Answers ask a tree where every packet does, or every frame. */
	if (inet && q.answers && !q.sp.per_packet)
		goto out;
	if (!inet && !ssh->iif[0])
		goto out;
	if (fwt_space_fix(&q.sp))
		goto out;
	pin(&q, s, inet);
	f = fwt_prove_hook(&q.p, t);
	f = fwt_dd_leaves(&q.sp.dd, f, accepted, &q.out);
	set = packets(&q, t);
	cut = !q.sp.dd.over && set != FWT_DD_NO && !fwt_dd_meet(&q.sp.dd, set, f);
	if (cut)
		tell(&q, t, set, diag, severity);
out:
	fwt_prove_clean(&q.p);
	fwt_space_clean(&q.sp);
	fwt_outcomes_clean(&q.out);
	return cut;
}

bool fwt_analyse_ssh(struct fwt_sema *s, struct fwt_diag *diag, const struct fwt_ssh *ssh,
		     enum fwt_severity severity)
{
	const struct fwt_ir_tree *t;
	bool cut = false;

	for (t = s->trees; t; t = t->next)
		if (t->ast_hook)
			cut |= cut_off(s, diag, ssh, t, severity);
	return cut;
}
