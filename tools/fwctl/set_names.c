// SPDX-License-Identifier: GPL-2.0
/* DNS names of sets and the kernel's sets, see set_names.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "dns_ask.h"
#include "in_force.h"
#include "set_names.h"

/* A machine that boots without a network does not wait longer for its policy. */
#define APPLY_WAIT	5000	/* ms */

/* A set in the kernel */

struct wanted {
	const char *name;
	struct fwt_nl_set set;
	bool found;
};

static int is_wanted(void *ctx, const struct fwt_nl_set *s)
{
	struct wanted *w = ctx;

	if (!strcmp(s->name, w->name)) {
		w->set = *s;
		w->set.name = w->name;
		w->found = true;
	}
	return 0;
}

/* By name and type. */
static int find(struct fwt_nl *nl, const char *name, const u32 *param, struct fwt_nl_set *set)
{
	struct wanted w = { .name = name };
	int ret = fwt_nl_sets(nl, is_wanted, &w);

	if (ret)
		return ret;
	*set = w.set;
	return w.found && w.set.param[FWT_SETP_TYPES] == param[FWT_SETP_TYPES] &&
	       w.set.param[FWT_SETP_SHAPE] == param[FWT_SETP_SHAPE] ? 0 : -ENOENT;
}

struct dump {
	const struct fwt_nl_set *set;
	struct fwt_vec *to;
};

static int dump_one(void *ctx, const struct fwt_nl_set_elem *e)
{
	struct dump *d = ctx;

	if (!e->policy)
		return 0;
	return fwt_dns_elem_add(d->to, e->six, e->low, e->high,
				d->set->shape.words[e->six]) ? 0 : -ENOMEM;
}

/* What of a set is the policy's. */
static int dump(struct fwt_nl *nl, const struct fwt_nl_set *set, struct fwt_vec *to)
{
	struct dump d = { set, to };

	return fwt_nl_set_elems(nl, set, dump_one, &d);
}

static int elements(const struct fwt_policy_ast *ast, const struct fwt_set *set,
		    const struct fwt_dns_book *book, struct fwt_vec *to, u32 *param)
{
	struct fwt_elems elems[2];
	int ret = fwt_set_elements(ast, set, book, elems, param);

	if (ret)
		return ret;
	if (!fwt_dns_elems_add(to, elems))
		ret = -ENOMEM;
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
	return ret;
}

/* Refreshing */

static struct names_ours *ours_of(struct names_ours **ours, const char *set)
{
	struct names_ours *o;

	for (o = *ours; o && strcmp(o->set, set); o = o->next)
		;
	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->set = strdup(set);
	if (!o->set) {
		free(o);
		return NULL;
	}
	o->elem.size = sizeof(struct fwt_dns_elem);
	o->next = *ours;
	*ours = o;
	return o;
}

void names_ours_free(struct names_ours **ours)
{
	struct names_ours *o;

	while ((o = *ours)) {
		*ours = o->next;
		free(o->set);
		free(o->elem.data);
		free(o);
	}
}

struct source {
	const struct fwt_vec *v;
	u32 at;
};

static bool next(void *ctx, struct fwt_nl_set_elem *to)
{
	const struct fwt_dns_elem *e;
	struct source *src = ctx;

	if (src->at == src->v->count)
		return false;
	e = (const struct fwt_dns_elem *)src->v->data + src->at++;
	memset(to, 0, sizeof(*to));
	to->six = e->six;
	to->policy = true;
	memcpy(to->low, e->low, sizeof(to->low));
	memcpy(to->high, e->high, sizeof(to->high));
	return true;
}

static int change(struct fwt_nl *nl, const struct fwt_nl_set *set, bool add,
		  const struct fwt_vec *v, u32 from, u32 *count)
{
	struct source src = { v, from };

	*count = 0;
	return from < v->count ? fwt_nl_set_change(nl, set, add, next, &src, count) : 0;
}

/* Where a set is full, what is deleted makes room. */
static int carry_out(struct fwt_nl *nl, const struct fwt_nl_set *set, struct names_change *c)
{
	u32 more;
	int ret, gone;

	ret = change(nl, set, true, &c->plan.add, 0, &c->added);
	if (ret && ret != -ENOSPC)
		return ret;
	gone = change(nl, set, false, &c->plan.del, 0, &c->deleted);
	if (gone)
		return gone;
	if (!ret)
		return 0;
	/* Those that were added are there: once more does no harm. */
	ret = change(nl, set, true, &c->plan.add, 0, &more);
	c->added = more > c->added ? more : c->added;
	c->full = ret == -ENOSPC;
	return c->full ? 0 : ret;
}

/* What was dumped is this generation's; another one has written out other elements. */
static int still_same(struct fwt_nl *nl, u32 generation)
{
	struct fwt_nl_policy p;
	int ret = fwt_nl_policy_get(nl, &p);

	if (ret || (p.in_force && p.generation == generation))
		return ret;
	snprintf(nl->error, sizeof(nl->error), "the policy was changed meanwhile; try again");
	return -EINTR;
}

int names_refresh(struct fwt_nl *nl, const struct fwt_policy_ast *ast, u32 generation,
		  const struct fwt_set *set, const struct fwt_dns_state *s,
		  struct names_ours **ours, struct names_change *c)
{
	struct fwt_vec now = { 0 }, written = { 0 }, all = { 0 };
	struct names_ours *o = ours_of(ours, set->name.text);
	u32 param[FWT_OBJECT_PARAMS] = { 0 };
	struct fwt_dns_book book;
	struct fwt_nl_set there;
	int ret = -ENOMEM;

	memset(c, 0, sizeof(*c));
	fwt_dns_plan_init(&c->plan);
	if (!fwt_dns_state_book(s, &book) || !o)
		goto out;
	ret = elements(ast, set, NULL, &written, param);
	if (!ret)
		ret = elements(ast, set, &book, &all, param);
	if (!ret)
		ret = find(nl, set->name.text, param, &there);
	if (!ret)
		ret = dump(nl, &there, &now);
	if (!ret)
		ret = still_same(nl, generation);
	if (ret)
		goto out;
	c->set = set->name.text;
	c->types = param[FWT_SETP_TYPES];
	c->n = there.shape.n;
	ret = -ENOMEM;
	if (!fwt_dns_plan(&c->plan, &now, &written, &all,
			  fwt_dns_settled(s, set, dns_ask_now()) ? NULL : &o->elem))
		goto out;
	ret = carry_out(nl, &there, c);
	if (!ret) {
		free(o->elem.data);
		o->elem = all;
		memset(&all, 0, sizeof(all));
	}
out:
	fwt_dns_clean(&book);
	free(now.data);
	free(written.data);
	free(all.data);
	return ret;
}

/* Applying */

/* What the set of this name has of the policy's in force, but for what is in @but. */
static int keep(struct fwt_nl *nl, const struct fwt_policy_ast *ast, const struct fwt_set *set,
		struct fwt_vec *but, struct fwt_dns_book *book)
{
	struct fwt_vec now = { 0 }, mine = { 0 }, none = { 0 };
	u32 param[FWT_OBJECT_PARAMS] = { 0 }, i;
	struct fwt_dns_plan plan;
	struct fwt_nl_set there = { 0 };
	int ret;

	fwt_dns_plan_init(&plan);
	ret = elements(ast, set, NULL, &mine, param);
	if (!ret)
		ret = find(nl, set->name.text, param, &there);
	if (!ret)
		ret = dump(nl, &there, &now);
	if (!ret && !fwt_dns_plan(&plan, but, &none, &now, NULL))
		ret = -ENOMEM;
	for (i = 0; !ret && i < plan.add.count; i++) {
		const struct fwt_dns_elem *e = (const struct fwt_dns_elem *)plan.add.data + i;

		if (!fwt_dns_keep(book, set->name.text, e->six, e->low, e->high,
				  there.shape.words[e->six]))
			ret = -ENOMEM;
	}
	fwt_dns_plan_clean(&plan);
	free(now.data);
	free(mine.data);
	/* A set that is new keeps nothing. */
	return ret == -ENOENT ? 0 : ret;
}

int names_kept(struct fwt_nl *nl, const struct fwt_policy_ast *ast, struct fwt_dns_book *book)
{
	const struct fwt_set *set;
	struct fwt_vec none = { 0 };
	int ret = 0;

	fwt_dns_init(book);
	for (set = ast->sets; set && !ret; set = set->next)
		if (names_in(set))
			ret = keep(nl, ast, set, &none, book);
	return ret;
}

struct told {
	struct fwt_diag *diag;
	const struct fwt_policy_ast *ast;
};

/* Where a name stands; of those that are only counted nobody is told. */
static const struct fwt_loc *place(const struct told *t, const char *name)
{
	const struct fwt_set *set;

	set = t->diag->warnings > FWT_DIAG_MAX ? NULL : t->ast->sets;
	for (; set; set = set->next) {
		const struct fwt_loc *at = fwt_dns_place(set, name);

		if (at)
			return at;
	}
	return NULL;
}

static void warn(void *ctx, const struct fwt_dns_question *q, const char *why)
{
	struct told *t = ctx;

	if (!q->known)
		fwt_warning(t->diag, place(t, q->name),
			    "DNS name '%s': %s; 'fwctl resolve' asks again", q->name,
			    why ? why : "");
	else if (q->over)
		fwt_warning(t->diag, place(t, q->name),
			    "DNS name '%s' has %u addresses of IPv%d: %u are the most, the others are left out",
			    q->name, FWT_DNS_ADDRS_MAX + q->over, q->six ? 6 : 4,
			    FWT_DNS_ADDRS_MAX);
}

/* A name is nothing if it is so in both families. */
static void warn_of_nothing(const struct fwt_dns_state *s, const struct told *t)
{
	const struct fwt_dns_question *q, *six;

	for (q = s->first; q; q = q->next) {
		/* Both are asked of each name, one behind the other. */
		six = q->next;
		if (!q->six && q->known && !q->held.count && six && six->six &&
		    !strcmp(six->name, q->name) && six->known && !six->held.count)
			fwt_warning(t->diag, place(t, q->name),
				    "DNS name '%s' stands for nothing: there is no such name, or it has no address",
				    q->name);
	}
}

/* What sets have of names, where some are not known. 0, a negative errno, or the exit
 * status.
 */
static int keep_unknown(struct fwctl *ctl, struct fwt_nl *nl, const struct fwt_policy_ast *ast,
			const struct fwt_dns_state *s, struct fwt_dns_book *book)
{
	struct fwt_policy_ast *old = NULL;
	const struct fwt_set *set, *was;
	struct fwt_nl_policy now;
	struct fwt_vec written;
	struct fwt_diag diag;
	u32 param[FWT_OBJECT_PARAMS];
	int ret;

	if (fwt_nl_policy_get(nl, &now) || !now.in_force)
		return 0;
	fwt_diag_init(&diag);
	ret = in_force_parse(ctl, &old, &diag);
	for (set = ast->sets; set && !ret; set = set->next) {
		was = names_in(set) && !fwt_dns_settled(s, set, dns_ask_now()) ?
			fwt_ast_set(old, set->name.text) : NULL;
		if (!was)
			continue;
		memset(&written, 0, sizeof(written));
		ret = elements(old, was, NULL, &written, param);
		if (!ret)
			ret = keep(nl, ast, set, &written, book);
		free(written.data);
	}
	fwt_diag_sources(&diag, NULL);
	fwt_ast_free(old);
	fwt_diag_clean(&diag);
	return ret;
}

static int ask_all(struct fwt_dns_state *s, struct told *t)
{
	struct dns_ask *a = dns_ask_open(s, warn, t);
	u64 until = dns_ask_now() + APPLY_WAIT;

	if (!a)
		return -ENOMEM;
	dns_ask_due(a);
	while (dns_ask_open_questions(a) && dns_ask_now() < until)
		dns_ask_wait(a, -1, until);
	dns_ask_cancel(a);
	dns_ask_close(a);
	return 0;
}

int names_for_apply(struct fwctl *ctl, const struct fwt_policy_ast *ast, struct fwt_diag *diag,
		    struct fwt_dns_book *book)
{
	struct told t = { diag, ast };
	struct fwt_dns_state s = { .once = true };
	const struct fwt_dns_question *q;
	struct fwt_nl nl;
	bool all = true;
	int ret;

	fwt_dns_init(book);
	ret = fwt_dns_state_names(&s, ast);
	if (!ret && s.first)
		ret = ask_all(&s, &t);
	if (!ret) {
		warn_of_nothing(&s, &t);
		fwt_dns_clean(book);
		if (!fwt_dns_state_book(&s, book))
			ret = -ENOMEM;
	}
	for (q = s.first; q; q = q->next)
		all &= q->known;
	/* What is wrong with the module is told by who sends the policy. */
	if (!ret && !all) {
		if (!fwt_nl_open(&nl, ctl->netns))
			ret = keep_unknown(ctl, &nl, ast, &s, book);
		if (ret < 0 && ret != -ENOMEM)
			ret = out_error("what was in force stays", "%s", nl.error);
		fwt_nl_close(&nl);
	}
	fwt_dns_state_clean(&s);
	return ret;
}
