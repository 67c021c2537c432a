// SPDX-License-Identifier: GPL-2.0
/*
 * From statements to functions of packets.
 */
#include <stdlib.h>

#include "prove_walk.h"

static void collect_block(struct fwt_prove *p, const struct fwt_ir_block *b);

static void collect_rule(struct fwt_prove *p, const struct fwt_ir_rule *r)
{
	struct fwt_ir_pick *pick;
	u32 i;

	fwt_prove_collect_mods(p, r);
	collect_block(p, &r->block);
	for (i = 0; r->split && i < r->split->count; i++)
		collect_rule(p, &r->split->branch[i]);
	if (!r->select)
		return;
	for (pick = r->select->picks; pick; pick = pick->next) {
		if (pick->cond)
			continue;
		fwt_space_elems(p->sp, &pick->test, &pick->elems[0], FWT_KIND_IPV4);
		fwt_space_elems(p->sp, &pick->test, &pick->elems[0], FWT_KIND_OTHER);
		fwt_space_elems(p->sp, &pick->test, &pick->elems[pick->split],
				FWT_KIND_IPV6);
	}
	for (i = 0; i < r->select->count; i++)
		collect_rule(p, &r->select->branch[i]);
}

static void collect_block(struct fwt_prove *p, const struct fwt_ir_block *b)
{
	u32 i;

	for (i = 0; i < b->count; i++)
		collect_rule(p, &b->rule[i]);
}

static bool is_word(const struct fwt_value *v, const char *word)
{
	return v->text && !strcmp(v->text, word);
}

/* Who walks by what the policy says, and is new. */
static void options(struct fwt_space *sp, const struct fwt_sema *s)
{
	const struct fwt_ast_option *o;
	bool adopts = true;

	for (o = s->ast->options; o; o = o->next) {
		if (!o->value)
			continue;
		if (o->id == FWT_OPT_EVALUATE)
			sp->per_packet |= is_word(o->value, "per-packet");
		else if (o->id == FWT_OPT_TCP_LOOSE)
			sp->loose |= is_word(o->value, "on");
		else if (o->id == FWT_OPT_ADOPT)
			adopts = o->value->number;
	}
	sp->adopts |= adopts;
}

void fwt_prove_init(struct fwt_prove *p, struct fwt_space *sp, struct fwt_outcomes *out,
		    struct fwt_sema *s)
{
	struct fwt_wide lo, hi;
	struct fwt_ir_tree *t;
	struct fwt_value *v;

	memset(p, 0, sizeof(*p));
	memset(p->queue, 0xff, sizeof(p->queue));
	p->sp = sp;
	p->out = out;
	p->s = s;
	p->stateful.size = sizeof(struct fwt_prove_stateful);
	fwt_space_collect(sp, s);
	for (t = s->trees; t; t = t->next) {
		collect_block(p, &t->body);
		if (!t->ast_hook || !t->ast_hook->device)
			continue;
		for (v = t->ast_hook->devices.first; v; v = v->next) {
			fwt_space_device(v, &lo, &hi);
			fwt_space_cut(sp, t->ast_hook->egress ? FWT_AXIS_OIF : FWT_AXIS_IIF,
				      lo, hi);
		}
	}
	options(sp, s);
}

void fwt_prove_clean(struct fwt_prove *p)
{
	free(p->tests);
	free(p->stateful.data);
	fwt_prove_forget(p);
	memset(p, 0, sizeof(*p));
}

static u32 verdict(struct fwt_prove *p, u8 v, u8 reject, u32 queue)
{
	struct fwt_outcome o = {
		.verdict = v, .reject = reject, .queue = queue, .effect = FWT_NONE,
	};

	return fwt_prove_leaf(p, &o);
}

/* Conditions */

/* Rules of one text have each a state of its own. */
static u32 occurrence(struct fwt_prove *p, const struct fwt_rule *rule, const char *text)
{
	u64 hash = fwt_hash(FWT_HASH_SEED, text, strlen(text));
	struct fwt_prove_stateful *s = p->stateful.data;
	u32 i, n = 1;

	for (i = 0; i < p->stateful.count; i++) {
		if (s[i].rule == rule)
			return s[i].n;
		n += s[i].hash == hash;
	}
	s = fwt_vec_add(&p->stateful, 1);
	if (!s) {
		p->sp->dd.over = true;
		return n;
	}
	s->rule = rule;
	s->hash = hash;
	s->n = n;
	return n;
}

/* Which of a rule's tests one is: the same for the same text in another policy. */
static bool nth_test(const struct fwt_cond *c, u32 test, u32 *n)
{
	for (; c; c = c->next) {
		if (c->kind == FWT_COND_TEST && c->test == test)
			return true;
		(*n)++;
		if (c->kind != FWT_COND_TEST && nth_test(c->inner, test, n))
			return true;
	}
	return false;
}

static void where_of(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 test, char *buf,
		     size_t size)
{
	size_t len = fwt_ast_rule_text(p->s->ast, r->ast, NULL, 0) + 1;
	char *whole = malloc(len);
	u32 n, nth = 1;

	*buf = 0;
	if (!whole) {
		p->sp->dd.over = true;
		return;
	}
	fwt_ast_rule_text(p->s->ast, r->ast, whole, len);
	n = occurrence(p, r->ast, whole);
	fwt_space_shorten(buf, size - 40, whole);
	free(whole);
	if (test != FWT_NONE)
		nth_test(r->conds, test, &nth);
	len = strlen(buf);
	if (n > 1 || nth > 1)
		snprintf(buf + len, size - len, " (test %u of the %u. such rule)", nth, n);
}

u32 fwt_prove_test(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 test)
{
	const struct fwt_prog_test *t = p->s->b.sec[FWT_SEC_TESTS].data;
	u32 count = p->s->b.sec[FWT_SEC_TESTS].count, *tests;
	char where[512];

	if (test >= count) {
		p->sp->dd.over = true;
		return FWT_DD_NO;
	}
	t += test;
	if (test >= p->n_tests) {
		tests = realloc(p->tests, count * sizeof(*tests));
		if (!tests) {
			p->sp->dd.over = true;
			return FWT_DD_NO;
		}
		memset(tests + p->n_tests, 0xff, (count - p->n_tests) * sizeof(*tests));
		p->tests = tests;
		p->n_tests = count;
	}
	if (p->tests[test] != FWT_NONE)
		return p->tests[test];
	where[0] = 0;
	if (t->op != FWT_TEST_IN && r)
		where_of(p, r, test, where, sizeof(where));
	p->tests[test] = fwt_space_test(p->sp, p->s, t, where);
	return p->tests[test];
}

static u32 cond(struct fwt_prove *p, const struct fwt_ir_rule *r, const struct fwt_cond *c)
{
	struct fwt_dd *dd = &p->sp->dd;
	const struct fwt_cond *i;
	char key[64];
	u32 f = FWT_DD_NO;

	switch (c->kind) {
	case FWT_COND_TEST:
		return fwt_prove_test(p, r, c->test);
	case FWT_COND_NOT:
		return fwt_dd_not(dd, fwt_prove_conds(p, r, c->inner));
	case FWT_COND_ANY:
		for (i = c->inner; i; i = i->next)
			f = fwt_dd_or(dd, f, cond(p, r, i));
		return f;
	}
	/* Of a kind that is not known here: it may hold or not. */
	snprintf(key, sizeof(key), "condition %u of %p", (u32)c->kind, (const void *)c);
	return fwt_space_opaque(p->sp, key, "something else", 0, true);
}

u32 fwt_prove_conds(struct fwt_prove *p, const struct fwt_ir_rule *r,
		    const struct fwt_cond *c)
{
	u32 f = FWT_DD_YES;

	for (; c && f != FWT_DD_NO; c = c->next)
		f = fwt_dd_and(&p->sp->dd, f, cond(p, r, c));
	return f;
}

u32 fwt_prove_match(struct fwt_prove *p, const struct fwt_ir_rule *r)
{
	u32 f = fwt_prove_conds(p, r, r->conds), kind;

	if (r->families == (FWT_FAMILY_4 | FWT_FAMILY_6))
		return f;
	kind = r->families == FWT_FAMILY_4 ? FWT_KIND_IPV4 : FWT_KIND_IPV6;
	return fwt_dd_and(&p->sp->dd, f, r->families ? fwt_space_kind(p->sp, kind) :
			  FWT_DD_NO);
}

/* Ends */

/* Packets of one pick by branch: of elements that overlap the first one counts. */
static void pick_elems(struct fwt_prove *p, const struct fwt_ir_pick *pick, u32 count,
		       u32 *left, u32 *branch)
{
	struct fwt_dd *dd = &p->sp->dd;
	u32 kind, i, f;

	for (kind = 0; kind < FWT_KINDS && !dd->over; kind++) {
		const struct fwt_elems *e = &pick->elems[pick->split && kind == FWT_KIND_IPV6];
		const u32 *data = e->data.data, *to = e->branch.data;
		u32 have = fwt_space_kind(p->sp, kind), n = fwt_elems_count(e);

		for (i = 0; i < pick->test.n_fields; i++)
			have = fwt_dd_and(dd, have,
					  fwt_space_have(p->sp, pick->test.field[i], kind));
		if (have == FWT_DD_NO)
			continue;
		have = fwt_dd_and(dd, have, *left);
		for (i = 0; i < n && !dd->over; i++, data += 2 * e->words) {
			f = fwt_space_elem(p->sp, &pick->test, kind, e->dim, data,
					   data + e->words, NULL);
			f = fwt_dd_and(dd, have, f);
			have = fwt_dd_minus(dd, have, f);
			if (to[i] < count)
				branch[to[i]] = fwt_dd_or(dd, branch[to[i]], f);
			*left = fwt_dd_minus(dd, *left, f);
		}
	}
}

const struct fwt_ir_rule *fwt_prove_branches(const struct fwt_ir_rule *r, u32 *count)
{
	*count = r->select ? r->select->count : r->split ? r->split->count : 0;
	return r->select ? r->select->branch : r->split ? r->split->branch : NULL;
}

static u64 fields_of(const struct fwt_prog_test *t)
{
	u64 fields = 0;
	u32 i;

	for (i = 0; i < t->n_fields && i < FWT_TEST_FIELDS; i++)
		fields |= t->field[i] < 64 ? 1ull << t->field[i] : 0;
	return fields;
}

/* Chance, a hash or turns: any branch may be taken, and the last one if no other. What
 * chooses by fields does so again where they are the same; @state: if nothing comes between.
 */
static void split_picks(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 count, u32 left,
			bool state, u32 *branch)
{
	u64 fields = fields_of(&r->split->test);
	struct fwt_dd *dd = &p->sp->dd;
	char where[512], key[600], text[600];
	u32 i, q;

	where_of(p, r, FWT_NONE, where, sizeof(where));
	for (i = 0; i + 1 < count; i++) {
		snprintf(key, sizeof(key), "split %u of %s", i, where);
		snprintf(text, sizeof(text), "branch %u of '%s'", i + 1, where);
		q = fwt_space_opaque(p->sp, key, text, fields, state);
		branch[i] = fwt_dd_and(dd, left, q);
		left = fwt_dd_minus(dd, left, q);
	}
	branch[i] = left;
}

static const char *tree_name(const struct fwt_ir_select *s, u32 i)
{
	return s->branch[i].target ? s->branch[i].target->name : "";
}

/* The tree whose name comes next behind that of branch @at. */
static u32 next_tree(const struct fwt_ir_select *s, u32 at)
{
	u32 i, best = FWT_NONE;

	for (i = 0; i < s->count; i++)
		if ((at == FWT_NONE || strcmp(tree_name(s, i), tree_name(s, at)) > 0) &&
		    (best == FWT_NONE || strcmp(tree_name(s, i), tree_name(s, best)) < 0))
			best = i;
	return best;
}

/* What is in a map may be other by then: any of its trees. They are known by their names, in
 * the order of these: elements that are written in another order say the same.
 */
static void map_picks(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 left, u32 *branch)
{
	const struct fwt_ir_select *s = r->select;
	u64 fields = fields_of(&s->test);
	bool state = fwt_space_live(p->sp, p->s, &s->test);
	char where[512], key[800], text[800];
	struct fwt_dd *dd = &p->sp->dd;
	u32 at, next, q;

	where_of(p, r, FWT_NONE, where, sizeof(where));
	for (at = next_tree(s, FWT_NONE); at != FWT_NONE; at = next) {
		next = next_tree(s, at);
		snprintf(key, sizeof(key), "split to %s of %s", tree_name(s, at), where);
		snprintf(text, sizeof(text), "tree %s of '%s'", tree_name(s, at), where);
		q = next == FWT_NONE ? left :
		    fwt_dd_and(dd, left, fwt_space_opaque(p->sp, key, text, fields, state));
		branch[at] = fwt_dd_or(dd, branch[at], q);
		left = fwt_dd_minus(dd, left, q);
	}
}

/* Labels of a node of another module by their words, the first of equal ones first:
 * so that two policies that write them in another order say the same.
 */
static u32 next_label(const struct fwt_prog_arg *label, const char *string, u32 n, u32 at)
{
	u32 i, best = FWT_NONE;

	for (i = 0; i < n; i++) {
		int c = at == FWT_NONE ? 1 : strcmp(string + label[i].name,
						    string + label[at].name);

		if (c < 0 || (!c && i <= at))
			continue;
		if (best == FWT_NONE || strcmp(string + label[i].name,
					       string + label[best].name) < 0)
			best = i;
	}
	return best;
}

/* Any branch may be taken, or none. */
static void node_picks(struct fwt_prove *p, const struct fwt_ir_select *s, u32 *branch)
{
	const struct fwt_prog_foreign *f =
		(struct fwt_prog_foreign *)p->s->b.sec[FWT_SEC_FOREIGN].data + s->foreign;
	const struct fwt_prog_arg *arg = p->s->b.sec[FWT_SEC_ARGS].data;
	const char *string = p->s->b.sec[FWT_SEC_STRINGS].data;
	struct fwt_dd *dd = &p->sp->dd;
	u32 i, at = FWT_NONE, q, left = FWT_DD_YES;
	char where[600], key[900];

	fwt_space_node(p->sp, p->s, s->foreign, where, sizeof(where));
	for (i = 0; i < s->n_labels; i++) {
		at = next_label(arg + f->labels, string, s->n_labels, at);
		snprintf(key, sizeof(key), "%s says %s", where,
			 string + arg[f->labels + at].name);
		q = fwt_dd_and(dd, left, fwt_space_opaque(p->sp, key, key, ~0ull, true));
		branch[s->label[at]] = fwt_dd_or(dd, branch[s->label[at]], q);
		left = fwt_dd_minus(dd, left, q);
	}
	if (s->fallback != FWT_NONE)
		branch[s->fallback] = fwt_dd_or(dd, branch[s->fallback], left);
}

void fwt_prove_picks(struct fwt_prove *p, const struct fwt_ir_rule *r, u32 *branch)
{
	const struct fwt_ir_select *s = r->select;
	struct fwt_dd *dd = &p->sp->dd;
	const struct fwt_ir_pick *pick;
	u32 guards, left, f, i;

	if (!s) {
		split_picks(p, r, r->split->count, FWT_DD_YES,
			    r->split->test.op != FWT_TEST_SPLIT_HASH, branch);
		return;
	}
	for (i = 0; i < s->count; i++)
		branch[i] = FWT_DD_NO;
	if (s->foreign != FWT_NONE) {
		node_picks(p, s, branch);
		return;
	}
	if (s->by_map) {
		char where[512];

		where_of(p, r, FWT_NONE, where, sizeof(where));
		left = fwt_dd_and(dd, fwt_prove_conds(p, r, s->guards),
				  fwt_space_test(p->sp, p->s, &s->test, where));
		map_picks(p, r, left, branch);
		return;
	}
	guards = fwt_prove_conds(p, r, s->guards);
	left = guards;
	for (pick = s->picks; pick && !dd->over; pick = pick->next) {
		if (!pick->cond) {
			pick_elems(p, pick, s->count, &left, branch);
			continue;
		}
		f = fwt_dd_and(dd, left, cond(p, r, pick->cond));
		branch[pick->branch] = fwt_dd_or(dd, branch[pick->branch], f);
		left = fwt_dd_minus(dd, left, f);
	}
	if (s->fallback != FWT_NONE)
		branch[s->fallback] = fwt_dd_or(dd, left, fwt_dd_not(dd, guards));
}

static u32 select_end(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	u32 count, f = ways.next, i, *branch;
	const struct fwt_ir_rule *to = fwt_prove_branches(r, &count);

	if (!count)
		return f;
	branch = malloc((count + 1) * sizeof(*branch));
	if (!branch) {
		p->sp->dd.over = true;
		return f;
	}
	fwt_prove_picks(p, r, branch);
	f = fwt_prove_selected(p, r, f);
	for (i = count; i-- > 0;)
		f = fwt_dd_ite(&p->sp->dd, branch[i],
			       fwt_prove_selected(p, r, fwt_prove_rule(p, &to[i], ways)), f);
	free(branch);
	return f;
}

/* Where nobody called it, the ways out of one tree may be told apart. */
static struct fwt_ways out_of(const struct fwt_prove *p, const struct fwt_ir_tree *t, u32 back)
{
	struct fwt_ways ways = { back, back };

	if (p->ends_of && t == p->ends_of && !p->called && back == p->falls) {
		ways.next = p->fell;
		ways.back = p->returned;
	}
	return ways;
}

static u32 tree_end(struct fwt_prove *p, const struct fwt_ir_tree *t, u32 back, bool call)
{
	u32 f, again;

	/* Who is led on by "goto" does not leave the tree that it comes from by its end. */
	if (p->ends_of && !call && !p->called && (back == p->fell || back == p->returned))
		back = p->falls;
	if (!t)
		return back;
	p->called += call;
	if (!fwt_prove_recall(p, t, back, &f)) {
		again = fwt_prove_enter(p, t);
		f = fwt_prove_block(p, &t->body, out_of(p, t, back), NULL);
		fwt_prove_leave(p, again);
		fwt_prove_learn(p, t, back, f);
	}
	p->called -= call;
	return f;
}

u32 fwt_prove_end(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	switch (r->end) {
	case FWT_END_NONE:
		return ways.next;
	case FWT_END_ACCEPT:
		return p->accepted ? p->accepted : verdict(p, FWT_VERDICT_ACCEPT, 0, 0);
	case FWT_END_DROP:
		return verdict(p, FWT_VERDICT_DROP, 0, 0);
	case FWT_END_REJECT:
		return verdict(p, FWT_VERDICT_REJECT, r->param, 0);
	case FWT_END_QUEUE:
		return fwt_prove_queued(p, p->accepted ? p->accepted :
					verdict(p, FWT_VERDICT_ACCEPT, 0, 0),
					(u32)r->ast->end.queue.number, r->ast->end.queue.bypass);
	case FWT_END_GOTO:
		return tree_end(p, r->target, ways.back, false);
	case FWT_END_CALL:
		return tree_end(p, r->target, ways.next, true);
	case FWT_END_RETURN:
		return ways.back;
	case FWT_END_BLOCK:
		return fwt_prove_block(p, &r->block, ways, NULL);
	case FWT_END_SELECT:
	case FWT_END_SPLIT:
		return select_end(p, r, ways);
	}
	return verdict(p, FWT_OUT_UNKNOWN, 0, r->record);
}

u32 fwt_prove_body(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	return fwt_prove_changed(p, r, fwt_prove_end(p, r, ways), ways.next);
}

u32 fwt_prove_rule(struct fwt_prove *p, const struct fwt_ir_rule *r, struct fwt_ways ways)
{
	u32 match;

	if (!fwt_prove_step(p))
		return ways.next;
	match = fwt_prove_match(p, r);
	if (match == FWT_DD_NO || p->sp->dd.over)
		return ways.next;
	return fwt_dd_ite(&p->sp->dd, match, fwt_prove_body(p, r, ways), ways.next);
}

u32 fwt_prove_block(struct fwt_prove *p, const struct fwt_ir_block *b, struct fwt_ways ways,
		    u32 *each)
{
	u32 i;

	for (i = b->live; i-- > 0 && !p->sp->dd.over;) {
		ways.next = fwt_prove_rule(p, &b->rule[i], ways);
		if (each)
			each[i] = ways.next;
	}
	return ways.next;
}

u32 fwt_prove_hook(struct fwt_prove *p, const struct fwt_ir_tree *t)
{
	p->falls = verdict(p, FWT_OUT_FALLS, 0, 0);
	if (p->ends_of) {
		p->fell = verdict(p, FWT_OUT_FALLS, 0, 1);
		p->returned = verdict(p, FWT_OUT_FALLS, 0, 2);
	}
	p->hook = (u32)__builtin_ctz(t->hooks);
	return fwt_prove_block(p, &t->body, out_of(p, t, p->falls), NULL);
}

/* One packet */

enum way { ON, BACK, ENDED };

#define FOLLOW_MAX	10000000u

static enum way follow_block(struct fwt_prove *p, const struct fwt_ir_block *b, u8 *bits,
			     const struct fwt_ir_rule **by);

static bool holds(struct fwt_prove *p, u32 set, const u8 *bits)
{
	return fwt_dd_at(&p->sp->dd, set, bits) == FWT_DD_YES;
}

static enum way follow_rule(struct fwt_prove *p, const struct fwt_ir_rule *r, u8 *bits,
			    const struct fwt_ir_rule **by)
{
	const struct fwt_ir_rule *to;
	enum way way = ON;
	u32 *branch, i, count;

	/* Calls in calls may take longer than anybody waits. */
	if (++p->followed > FOLLOW_MAX)
		return ENDED;
	if (!holds(p, fwt_prove_match(p, r), bits))
		return ON;
	if (!fwt_prove_change(p, r, bits)) {
		if (!p->refused)
			return ON;
		*by = r;
		return ENDED;
	}
	switch (r->end) {
	case FWT_END_NONE:
		return ON;
	case FWT_END_GOTO:
	case FWT_END_CALL:
		way = r->target ? follow_block(p, &r->target->body, bits, by) : ON;
		return way == ENDED ? ENDED : r->end == FWT_END_GOTO ? BACK : ON;
	case FWT_END_RETURN:
		return BACK;
	case FWT_END_BLOCK:
		return follow_block(p, &r->block, bits, by);
	case FWT_END_SELECT:
	case FWT_END_SPLIT:
		to = fwt_prove_branches(r, &count);
		branch = count ? malloc((count + 1) * sizeof(*branch)) : NULL;
		if (!branch)
			return ON;
		fwt_prove_picks(p, r, branch);
		for (i = 0; i < count && !holds(p, branch[i], bits); i++)
			;
		fwt_prove_select(p, r, bits);
		if (i < count)
			way = follow_rule(p, &to[i], bits, by);
		free(branch);
		return way;
	}
	*by = r;
	return ENDED;
}

static enum way follow_block(struct fwt_prove *p, const struct fwt_ir_block *b, u8 *bits,
			     const struct fwt_ir_rule **by)
{
	enum way way;
	u32 i;

	for (i = 0; i < b->live; i++) {
		way = follow_rule(p, &b->rule[i], bits, by);
		if (way != ON)
			return way;
	}
	return ON;
}

const struct fwt_ir_rule *fwt_prove_follow(struct fwt_prove *p, const struct fwt_ir_tree *t,
					   u8 *bits)
{
	const struct fwt_ir_rule *by = NULL;

	p->hook = (u32)__builtin_ctz(t->hooks);
	p->followed = 0;
	p->refused = false;
	follow_block(p, &t->body, bits, &by);
	return by;
}
