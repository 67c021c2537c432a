// SPDX-License-Identifier: GPL-2.0
/*
 * Walking a program.
 *
 * A walk is a loop over nodes: the node says what to ask, the answer says
 * which node is next. The program was verified, so nothing is checked here
 * again; indices grow with each step, hence the loop ends. Calls keep their
 * way back on a stack whose depth the verifier has bounded.
 *
 * The walk changes the caller's parsed copy of the packet and nothing else.
 * What is to happen in the world (counts, log lines, translations) is written
 * down in the decision and done by the caller when the walk is over, so that a
 * dry run is exact.
 */
#include "tree_private.h"
#include "balance.h"
#include "foreign.h"
#include "limit.h"
#include "patch.h"
#include "set_shape.h"
#include "verify.h"

u32 fwt_test_key(const struct fwt_program *prog, const struct fwt_prog_test *t,
		 const struct fwt_packet *p, const struct fwt_env *env, u32 *key)
{
	u32 mask = t->mask[fwt_which(p)];
	u32 words = 0, i;

	for (i = 0; i < t->n_fields; i++) {
		int n = fwt_field(p, env, t->field[i], key + words);

		if (!n)
			return 0;
		words += n;
	}
	if (mask != FWT_NONE)
		for (i = 0; i < words; i++)
			key[i] &= prog->word[mask + i];
	return words;
}

/* The same of those that the packet has, what is lacking is left out. */
static u32 key_there(const struct fwt_program *prog, const struct fwt_prog_test *t,
		     const struct fwt_packet *p, const struct fwt_env *env, u32 *key)
{
	u32 mask = t->mask[fwt_which(p)];
	u32 words = 0, at = 0, i, k;

	for (i = 0; i < t->n_fields; i++) {
		const struct fwt_field_info *f = &fwt_field_info[t->field[i]];
		int n = fwt_field(p, env, t->field[i], key + words);

		for (k = 0; (int)k < n && mask != FWT_NONE; k++)
			key[words + k] &= prog->word[mask + at + k];
		words += n;
		at += fwt_which(p) ? f->words6 : f->words;
	}
	return words;
}

static __always_inline int compare(const u32 *a, const u32 *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* The last element whose low key is not above @key; keys stand @stride words
 * apart. Branches of a search are coin tosses to a predictor: the one-word
 * case, which is nearly all of them, is written so that it needs none.
 */
static u32 last_not_above(const u32 *data, u32 count, u32 stride, u32 words,
			  const u32 *key)
{
	u32 base = 0;

	if (words == 1) {
		while (count > 1) {
			u32 half = count / 2;

			base += data[(base + half) * stride] <= key[0] ? half : 0;
			count -= half;
		}
	} else {
		while (count > 1) {
			u32 half = count / 2;

			if (compare(data + (base + half) * stride, key, words) <= 0)
				base += half;
			count -= half;
		}
	}
	return base;
}

#define FEW_KEYS	8	/* that are looked at one by one */

static __always_inline bool same_key(const u32 *a, const u32 *b, u32 words)
{
	u32 i;

	if (words == 4)
		return !((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]));
	for (i = 0; i < words && a[i] == b[i]; i++)
		;
	return i == words;
}

static bool in_box(const struct fwt_prog_set *s, const u32 *box, const u32 *key)
{
	const u32 *high = box + s->words;
	u32 d, at = 0;

	for (d = 0; d < s->n_dims; d++) {
		u32 n = s->dim[d];

		if (compare(key + at, box + at, n) < 0 ||
		    compare(key + at, high + at, n) > 0)
			return false;
		at += n;
	}
	return true;
}

u32 fwt_set_find(const struct fwt_program *prog, u32 set, const u32 *key)
{
	const struct fwt_prog_set *s;
	const u32 *data;
	u32 i;

	if (set == FWT_NONE)
		return FWT_NONE;
	s = &prog->set[set];
	data = prog->word + s->data;
	if (!s->count)
		return FWT_NONE;

	switch (s->kind) {
	case FWT_SET_KEYS:
		/* Of interfaces, mostly, which are few, and differ soon. */
		if (s->words > 1 && s->count <= FEW_KEYS) {
			for (i = 0; i < s->count; i++, data += s->words)
				if (same_key(data, key, s->words))
					return i;
			return FWT_NONE;
		}
		i = last_not_above(data, s->count, s->words, s->words, key);
		return compare(data + i * s->words, key, s->words) ? FWT_NONE : i;
	case FWT_SET_RANGES:
		i = last_not_above(data, s->count, 2 * s->words, s->words, key);
		data += (size_t)i * 2 * s->words;
		if (compare(data, key, s->words) > 0 ||
		    compare(data + s->words, key, s->words) < 0)
			return FWT_NONE;
		return i;
	case FWT_SET_BOXES:
		for (i = 0; i < s->count; i++, data += 2 * s->words)
			if (in_box(s, data, key))
				return i;
		return FWT_NONE;
	}
	return FWT_NONE;
}

/* The words of fwt_ifname_words(), letter by letter. */
static __always_inline bool is_name(const u32 *key, const char *name)
{
	u32 i;

	for (i = 0; i < 4 * sizeof(u32) - 1; i++) {
		u8 letter = key[i / 4] >> (24 - 8 * (i % 4));

		if (letter != (u8)name[i])
			return false;
		if (!letter)
			break;
	}
	/* Behind its end a name has nothing: what differs there is another key. */
	if (key[i / 4] << (8 * (i % 4)))
		return false;
	for (i = i / 4 + 1; i < 4; i++)
		if (key[i])
			return false;
	return true;
}

/* Is a test one of an interface that is one of a few, and has the packet got one: then it
 * is asked by its name as that stands, which need not become a key. Returns -1 if not.
 */
static __always_inline int is_among(const struct fwt_program *prog, const struct fwt_prog_test *t,
				    const struct fwt_packet *p)
{
	const struct fwt_prog_set *s;
	const char *name;
	u32 set, i;

	if (t->op != FWT_TEST_IN || t->field[0] > FWT_FIELD_OIF || t->n_fields != 1)
		return -1;
	name = t->field[0] == FWT_FIELD_IIF ? p->iif : p->oif;
	set = t->set[fwt_which(p)];
	if (!name || set == FWT_NONE || t->mask[fwt_which(p)] != FWT_NONE)
		return -1;
	s = &prog->set[set];
	if (s->kind != FWT_SET_KEYS || s->count > FEW_KEYS)
		return -1;
	for (i = 0; i < s->count; i++)
		if (is_name(prog->word + s->data + 4 * i, name))
			return true;
	return false;
}

static bool has(const struct fwt_program *prog, const struct fwt_prog_test *t,
		const struct fwt_packet *p, const struct fwt_env *env, const u32 *key)
{
	if (!env || !env->ops->set_has)
		return false;
	return env->ops->set_has(env, prog->first_object + t->set[0],
				 t->set[1] >> fwt_which(p) & 1, key, NULL);
}

bool fwt_test_holds(const struct fwt_program *prog, const struct fwt_prog_test *t,
		    const struct fwt_packet *p, const struct fwt_env *env,
		    struct fwt_walk_step *step)
{
	u32 local[FWT_KEY_WORDS] FWT_UNSET, other[4] FWT_UNSET;
	u32 *key = step ? step->key : local;
	u32 words = 0;
	bool yes = false;
	int n;

	/* Who wants to know the key is told it. */
	if (!step) {
		n = is_among(prog, t, p);
		if (n >= 0)
			return n != !!(t->flags & FWT_TEST_NEGATE);
	}
	switch (t->op) {
	case FWT_TEST_IN:
		if (likely(t->n_fields == 1 && t->mask[fwt_which(p)] == FWT_NONE))
			words = fwt_field(p, env, t->field[0], key);
		else
			words = fwt_test_key(prog, t, p, env, key);
		if (!words)
			break;
		yes = fwt_set_find(prog, t->set[fwt_which(p)], key) != FWT_NONE;
		break;
	case FWT_TEST_BPF:
		n = p->hook >= FWT_HOOK_DEV_INGRESS && p->have & FWT_HAVE_ETHER;
		if (!env || !env->ops->filter || t->set[n] == FWT_NONE)
			break;
		words = 1;
		yes = env->ops->filter(env, p, prog, t->set[n]);
		key[0] = yes;
		break;
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
		words = fwt_field(p, env, t->field[0], key);
		n = fwt_field(p, env, t->field[1], other);
		if (!words || !n) {
			words = 0;
			break;
		}
		/* Addresses of one packet are of one length. */
		if (t->op == FWT_TEST_LESS)
			yes = words == (u32)n && compare(key, other, words) < 0;
		else
			yes = words == (u32)n && !compare(key, other, words);
		break;
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		words = fwt_field(p, env, t->field[0], key);
		if (!words || !env)
			break;
		yes = env->ops->ifaddr(env, prog->string + t->set[0],
				       words == 4 ? 6 : 4, key,
				       t->op == FWT_TEST_IFNET);
		break;
	case FWT_TEST_RANDOM:
		words = 1;
		key[0] = fwt_choice(fwt_env_draw(env), prog->rule[t->set[1]].key, t->pad);
		yes = key[0] <= t->set[0];
		break;
	case FWT_TEST_LIVE:
		words = fwt_test_key(prog, t, p, env, key);
		yes = words && has(prog, t, p, env, key);
		break;
	}
	if (step)
		step->words = words;
	/* A field that the packet lacks makes every comparison false. */
	if (!words)
		return false;
	return yes != !!(t->flags & FWT_TEST_NEGATE);
}

/* Are there more than the test allows. Returns -1 where the decision has no room
 * to write down that it was asked.
 */
static noinline int counted(const struct fwt_program *prog, u32 index,
			    const struct fwt_packet *p, const struct fwt_env *env,
			    struct fwt_decision *d, struct fwt_walk_step *step)
{
	const struct fwt_prog_test *t = &prog->test[index];
	u32 key[FWT_KEY_WORDS] FWT_UNSET;
	struct fwt_decision_count *c;
	u32 words, n = 1;

	words = fwt_test_key(prog, t, p, env, key);
	if (step) {
		step->words = words;
		memcpy(step->key, key, words * sizeof(u32));
	}
	if (!words)
		return 0;
	if (d->n_counts == FWT_DECISION_COUNTS)
		return -1;
	c = &d->count[d->n_counts++];
	c->test = index;
	c->words = words;
	memcpy(c->key, key, words * sizeof(u32));
	if (env && env->ops->count)
		n += env->ops->count(env, fwt_count_table(prog, t), key, words);
	return (n > t->set[0]) != !!(t->flags & FWT_TEST_NEGATE);
}

/* A packet takes from each but once, also where its walk comes by twice. */
static bool charge(struct fwt_decision *d, u32 object, u64 hash, bool over)
{
	struct fwt_decision_charge *c;

	for (c = d->charge; c < d->charge + d->n_charges; c++) {
		if (c->object != object || c->hash != hash)
			continue;
		/* Tokens may come between the two: it passed by them. */
		c->over &= over;
		return true;
	}
	if (d->n_charges == FWT_DECISION_CHARGES) {
		if (over)
			return true;
		/* What would only have been told makes room. */
		for (c = d->charge; c < d->charge + FWT_DECISION_CHARGES && !c->over; c++)
			;
		if (c == d->charge + FWT_DECISION_CHARGES)
			return false;
	} else {
		c = &d->charge[d->n_charges++];
	}
	c->object = object;
	c->over = over;
	c->hash = hash;
	return true;
}

/* Does a limit or quota answer as the test wants; -1 as in counted(). */
static noinline int limited(const struct fwt_program *prog, const struct fwt_prog_test *t,
			    const struct fwt_packet *p, const struct fwt_env *env,
			    struct fwt_decision *d, struct fwt_walk_step *step)
{
	u32 local[FWT_KEY_WORDS] FWT_UNSET;
	u32 *key = step ? step->key : local;
	u32 words = fwt_test_key(prog, t, p, env, key);
	bool under = true;
	u32 object = prog->first_object + t->set[0];
	u64 hash = 0;

	if (step)
		step->words = words;
	if (t->n_fields && !words)
		return 0;
	if (env && env->ops->under)
		under = env->ops->under(env, object, key, words, p, &hash);
	if (!charge(d, object, hash, !under))
		return -1;
	return under != !!(t->flags & FWT_TEST_NEGATE);
}

/* The branch of a split; FWT_NONE where the decision has no room for it. */
static noinline u32 split(const struct fwt_program *prog, const struct fwt_prog_test *t,
			  const struct fwt_packet *p, const struct fwt_env *env,
			  struct fwt_decision *d, struct fwt_walk_step *step)
{
	const struct fwt_prog_set *set = &prog->set[t->set[0]];
	u32 sum = prog->word[set->data + 2 * set->count - 1] + 1;
	u32 key[FWT_KEY_WORDS] FWT_UNSET;
	u32 object = prog->first_object + t->set[1], at = 0, h;

	if (t->op == FWT_TEST_SPLIT_TURN) {
		if (env && env->turn && !d->turn)
			at = env->turn - 1;
		else if (env && env->ops->turn)
			at = env->ops->turn(env, object);
		/* One that it has from another policy. */
		if (at >= sum)
			at = fwt_choice(fwt_env_draw(env), prog->object[t->set[1]].key, 0) % sum;
		if (!d->turn)
			d->turn = at + 1;
		if (!charge(d, object, 0, false))
			return FWT_NONE;
	} else {
		u64 rule = prog->rule[t->set[1]].key;

		if (t->op == FWT_TEST_SPLIT_HASH)
			h = fwt_choice_words(key, key_there(prog, t, p, env, key), rule,
					     FWT_CHOICE_SPLIT);
		else
			h = fwt_choice(fwt_env_draw(env), rule, FWT_CHOICE_SPLIT);
		at = ((u64)h * sum) >> 32;
	}
	if (step) {
		step->words = 1;
		step->key[0] = at;
	}
	return prog->word[set->value + fwt_set_find(prog, t->set[0], &at)];
}

/* Where a select leads to, its default where no value is the packet's. */
static noinline u32 chosen(const struct fwt_program *prog, const struct fwt_prog_node *n,
			   const struct fwt_packet *p, const struct fwt_env *env,
			   struct fwt_walk_step *step)
{
	const struct fwt_prog_test *t = &prog->test[n->arg];
	u32 key[FWT_KEY_WORDS] FWT_UNSET;
	u32 set = t->set[fwt_which(p)], i;
	u32 words = fwt_test_key(prog, t, p, env, key);

	if (step) {
		step->words = words;
		memcpy(step->key, key, words * sizeof(u32));
	}
	if (!words)
		return n->no;
	i = fwt_set_find(prog, set, key);
	return i == FWT_NONE ? n->no : prog->word[prog->set[set].value + i];
}

/* Where a map of trees leads to, @no where it gives none, or none that is there. */
static noinline u32 tree_of(const struct fwt_program *prog, const struct fwt_prog_test *t,
			    const struct fwt_packet *p, const struct fwt_env *env,
			    struct fwt_walk_step *step, u32 no)
{
	u32 value[FWT_SET_VALUE_WORDS] FWT_UNSET, i;

	if (!fwt_walk_map(prog, t, t->pad, p, env, step, value))
		return no;
	i = fwt_set_find(prog, t->set[1], value);
	return i == FWT_NONE ? no : prog->word[prog->set[t->set[1]].value + i];
}

static u32 walk_added(const struct fwt_program *prog, u32 at, struct fwt_packet *p,
		      const struct fwt_env *env, struct fwt_decision *d);
static u32 walk_added_traced(const struct fwt_program *prog, u32 at, struct fwt_packet *p,
			     const struct fwt_env *env, struct fwt_decision *d,
			     void (*tell)(void *ctx, const struct fwt_walk_step *s),
			     void *ctx);

void fwt_rows_note(const struct fwt_program *prog, struct fwt_row *row)
{
	u32 n = prog->n[FWT_SEC_NODES], first, i;

	for (first = 0; first < n; first += FWT_ROW, row++) {
		const struct fwt_prog_node *node = prog->node + first;
		u32 in = n - first < FWT_ROW ? n - first : FWT_ROW;

		fwt_rest(first);
		row->drops = 0;
		for (i = 0; i < in; i++) {
			if (node[i].type != FWT_NODE_VERDICT || node[i].sub > FWT_VERDICT_DROP ||
			    node[i].param || node[i].arg != node[0].arg + i)
				break;
			row->drops |= (u32)(node[i].sub == FWT_VERDICT_DROP) << i;
		}
		row->rule = i == in ? node[0].arg : FWT_NONE;
	}
}

/* Is node @at one of a row that is known without it; then it is over. */
static __always_inline bool end_in_row(const struct fwt_program *prog, u32 at,
				       const struct fwt_packet *p, struct fwt_decision *d)
{
	const struct fwt_row *row = &prog->row[at / FWT_ROW];

	if (row->rule == FWT_NONE)
		return false;
	d->node = at;
	fwt_decision_plain(row->rule + at % FWT_ROW, row->drops >> at % FWT_ROW & 1, p, d);
	return true;
}

/* Returns FWT_NONE when it is over; and where @added, of a rule that a patch added, the
 * FOREST node behind it that it came to: the rules behind it are others' as well.
 */
static __always_inline u32 walk(const struct fwt_program *prog, u32 at,
				struct fwt_packet *p, const struct fwt_env *env,
				struct fwt_decision *d, const bool added,
				void (*tell)(void *ctx, const struct fwt_walk_step *s),
				void *ctx)
{
	struct fwt_walk_step step FWT_UNSET;
	struct fwt_walk_step *s = tell ? &step : NULL;
	u32 stack[FWT_CALL_DEPTH] FWT_UNSET;
	u32 depth = 0;
	bool one;

	for (;;) {
		const struct fwt_prog_node *n = &prog->node[at];
		const struct fwt_prog_test *t;
		u32 i, next = n->yes, from = at;
		enum fwt_modified modified;
		int more;

		d->node = at;
		if (s)
			s->words = 0;
		switch (n->type) {
		case FWT_NODE_TEST:
			t = &prog->test[n->arg];
			if (unlikely(p->unknown) && fwt_test_unknown(t, p)) {
				d->verdict = FWT_VERDICT_UNKNOWN;
				return FWT_NONE;
			}
			if (unlikely(t->op == FWT_TEST_COUNT)) {
				more = counted(prog, n->arg, p, env, d, s);
				if (more < 0) {
					fwt_walk_end(d, FWT_REASON_EFFECTS);
					d->rule = t->set[1];
					return FWT_NONE;
				}
				next = more ? n->yes : n->no;
				break;
			}
			if (unlikely(t->op == FWT_TEST_LIMIT || t->op == FWT_TEST_QUOTA)) {
				more = limited(prog, t, p, env, d, s);
				if (more < 0) {
					fwt_walk_end(d, FWT_REASON_EFFECTS);
					d->rule = prog->object[t->set[0]].param[FWT_LIMIT_RULE];
					return FWT_NONE;
				}
				next = more ? n->yes : n->no;
				break;
			}
			if (unlikely(t->op == FWT_TEST_NODE)) {
				more = fwt_foreign_match(prog, t, p, env, d, s);
				if (more < 0)
					return FWT_NONE;
				next = more ? n->yes : n->no;
				break;
			}
			if (!fwt_test_holds(prog, t, p, env, s))
				next = n->no;
			break;
		case FWT_NODE_SELECT:
			t = &prog->test[n->arg];
			if (unlikely(p->unknown) && fwt_test_unknown(t, p)) {
				d->verdict = FWT_VERDICT_UNKNOWN;
				return FWT_NONE;
			}
			if (unlikely(t->op == FWT_TEST_NODE_SELECT)) {
				next = fwt_foreign_select(prog, n, p, env, d, s);
				if (next == FWT_NONE)
					return FWT_NONE;
				break;
			}
			if (unlikely(t->op == FWT_TEST_LIVE_TREE)) {
				next = tree_of(prog, t, p, env, s, n->no);
				break;
			}
			if (unlikely(t->op != FWT_TEST_IN)) {
				next = split(prog, t, p, env, d, s);
				if (next == FWT_NONE) {
					fwt_walk_end(d, FWT_REASON_EFFECTS);
					d->rule = prog->object[t->set[1]].param[FWT_SPLIT_RULE];
					return FWT_NONE;
				}
				break;
			}
			next = chosen(prog, n, p, env, s);
			break;
		case FWT_NODE_ENTER:
			if (!fwt_effect_add(d, n->arg)) {
				fwt_walk_end(d, FWT_REASON_EFFECTS);
				return FWT_NONE;
			}
			break;
		case FWT_NODE_MOD:
			modified = fwt_walk_modify(prog, n->arg, p, env, d, s);
			if (modified == FWT_MODIFIED_STOPS) {
				d->rule = prog->mod[n->arg].rule;
				return FWT_NONE;
			}
			if (unlikely(modified == FWT_MODIFIED_MISSED))
				next = n->no;
			break;
		case FWT_NODE_CALL:
			stack[depth++] = n->yes;
			next = n->no;
			break;
		case FWT_NODE_RETURN:
			next = stack[--depth];
			break;
		case FWT_NODE_FOREST:
			if (unlikely(p->unknown & FWT_FOREST_FIELDS)) {
				d->verdict = FWT_VERDICT_UNKNOWN;
				return FWT_NONE;
			}
			if (added)
				return at;
			if (likely(!prog->patch)) {
				next = fwt_forest_find(prog, at, p, env);
				if (!s && prog->row && end_in_row(prog, next, p, d))
					return FWT_NONE;
				break;
			}
			for (i = FWT_NONE;; from = prog->n[FWT_SEC_NODES] + i) {
				next = fwt_patch_find(prog, at, i, p, env, &one);
				if (!one)
					break;
				if (s) {
					s->node = from;
					s->next = prog->n[FWT_SEC_NODES] + next;
					s->words = 0;
					tell(ctx, s);
				}
				i = s ? walk_added_traced(prog, next, p, env, d, tell, ctx) :
					walk_added(prog, next, p, env, d);
				if (i == FWT_NONE)
					return FWT_NONE;
			}
			break;
		default: /* FWT_NODE_VERDICT */
			fwt_decision_end(n, p, d);
			if (s) {
				s->node = at;
				s->next = FWT_NONE;
				tell(ctx, s);
			}
			return FWT_NONE;
		}
		if (s) {
			s->node = from;
			s->next = next;
			tell(ctx, s);
		}
		at = next;
	}
}

/* What a decision says of an added rule, numbered behind what the base has; @d was the
 * decision before that.
 */
struct before_added {
	u32 snat;
	u32 dnat;
	u32 n_effects;
	u32 n_updates;
	u32 n_counts;
};

static struct before_added begin_added(struct fwt_decision *d)
{
	struct before_added b = {
		d->snat, d->dnat, d->n_effects, d->n_updates, d->n_counts,
	};

	d->snat = FWT_NONE;
	d->dnat = FWT_NONE;
	return b;
}

static void end_added(const struct fwt_program *prog, const struct before_added *b,
		      struct fwt_decision *d)
{
	u32 rules = prog->n[FWT_SEC_RULES], mods = prog->n[FWT_SEC_MODS], i;

	for (i = b->n_effects; i < d->n_effects; i++)
		d->effect[i] += d->effect[i] & FWT_EFFECT_MOD ? mods : rules;
	for (i = b->n_updates; i < d->n_updates; i++)
		d->update[i].mod += mods;
	for (i = b->n_counts; i < d->n_counts; i++)
		d->count[i].test += prog->n[FWT_SEC_TESTS];
	d->snat = d->snat == FWT_NONE ? b->snat : d->snat + mods;
	d->dnat = d->dnat == FWT_NONE ? b->dnat : d->dnat + mods;
	if (d->rule != FWT_NONE)
		d->rule += rules;
	d->node += prog->n[FWT_SEC_NODES];
}

/* The way on from a rule that was added, to the end or to where rules behind it are to be
 * looked for: the patch's program has no patch, and calls nothing. Its numbers become those
 * behind the base's.
 */
static noinline u32 walk_added(const struct fwt_program *prog, u32 at,
			       struct fwt_packet *p, const struct fwt_env *env,
			       struct fwt_decision *d)
{
	struct before_added b = begin_added(d);
	u32 on = walk(&prog->patch->prog, at, p, env, d, true, NULL, NULL);

	end_added(prog, &b, d);
	return on;
}

/**
 * struct added_trace - who is told the steps
 * @tell: who is told each
 * @ctx: for it
 * @nodes: of the base: what an added rule's are numbered behind
 */
struct added_trace {
	void (*tell)(void *ctx, const struct fwt_walk_step *s);
	void *ctx;
	u32 nodes;
};

static void tell_added(void *ctx, const struct fwt_walk_step *s)
{
	const struct added_trace *t = ctx;
	struct fwt_walk_step own = *s;

	own.node += t->nodes;
	if (own.next != FWT_NONE)
		own.next += t->nodes;
	t->tell(t->ctx, &own);
}

/* The same, telling each step. */
static noinline u32 walk_added_traced(const struct fwt_program *prog, u32 at,
				      struct fwt_packet *p, const struct fwt_env *env,
				      struct fwt_decision *d,
				      void (*tell)(void *ctx, const struct fwt_walk_step *s),
				      void *ctx)
{
	struct added_trace t = { tell, ctx, prog->n[FWT_SEC_NODES] };
	struct before_added b = begin_added(d);
	u32 on = walk(&prog->patch->prog, at, p, env, d, true, tell_added, &t);

	end_added(prog, &b, d);
	return on;
}

void fwt_walk(const struct fwt_program *prog, u32 root, struct fwt_packet *p,
	      const struct fwt_env *env, struct fwt_decision *d)
{
	if (env && env->rlu)
		env->rlu->have = 0;
	fwt_decision_begin(d);
	walk(prog, root, p, env, d, false, NULL, NULL);
}

void fwt_walk_traced(const struct fwt_program *prog, u32 root,
		     struct fwt_packet *p, const struct fwt_env *env,
		     struct fwt_decision *d,
		     void (*step)(void *ctx, const struct fwt_walk_step *s),
		     void *ctx)
{
	if (env && env->rlu)
		env->rlu->have = 0;
	fwt_decision_begin(d);
	walk(prog, root, p, env, d, false, step, ctx);
}
