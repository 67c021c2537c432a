/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking a program: from a packet to a decision, and nothing else happens.
 */
#ifndef FWT_CORE_TREE_H
#define FWT_CORE_TREE_H

#include "os.h"
#include "env.h"
#include "packet.h"
#include "reason.h"
#include "fwtree_program.h"

struct fwt_patch;

/* Nodes of a row. */
#define FWT_ROW		32

/**
 * struct fwt_row - what FWT_ROW nodes are that lie side by side
 * @rule: of the first, where each accepts or drops for a rule of its own, and the rules
 *	count up from it; FWT_NONE where it is not so
 * @drops: a bit a node
 *
 * Most nodes that a search of many boxes comes to are such. They are 16 bytes each, of
 * which 110,000 are in no cache; rows of them are.
 */
struct fwt_row {
	u32 rule;
	u32 drops;
};

/**
 * struct fwt_program - a verified program, with its sections at hand
 * @hdr: the block; the other pointers lead into it
 * @n: elements of each section, by enum fwt_section
 * @root: where the inet hooks' walks begin, FWT_NONE for a hook not named
 * @steps_max: the most steps that any walk can take
 * @depth_max: how deep calls nest
 * @first_object: of a patch's program: its objects are numbered from here on, see
 *	patch.h; else 0
 * @patch: rules that are others by now, mostly NULL; see patch.h
 * @row: of each FWT_ROW nodes; NULL where they are to be asked themselves
 */
struct fwt_program {
	const struct fwt_prog_hdr *hdr;
	const struct fwt_prog_hook *hook;
	const struct fwt_prog_node *node;
	const struct fwt_prog_test *test;
	const struct fwt_prog_set *set;
	const u32 *word;
	const struct fwt_prog_mod *mod;
	const struct fwt_prog_rule *rule;
	const u32 *counter;
	const struct fwt_prog_option *option;
	const struct fwt_prog_file *file;
	const char *string;
	const char *source;
	const struct fwt_prog_forest *forest;
	const struct fwt_prog_tree *tree;
	const struct fwt_prog_cut *cut;
	const struct fwt_prog_box *box;
	const struct fwt_prog_box6 *box6;
	const struct fwt_prog_filter *filter;
	const struct fwt_prog_insn *insn;
	const struct fwt_prog_object *object;
	const struct fwt_prog_server *server;
	const struct fwt_prog_foreign *foreign;
	const struct fwt_prog_arg *arg;
	const char *defines;
	u32 n[__FWT_SEC_MAX];
	u32 root[2];
	u32 steps_max;
	u32 depth_max;
	u32 first_object;
	const struct fwt_patch *patch;
	const struct fwt_row *row;
};

/* Effects that a walk collects: what happens when it ends. More than these are
 * a counted drop (FWT_REASON_EFFECTS), never a silent loss.
 */
#define FWT_EFFECTS_MAX		64
#define FWT_EFFECT_MOD		0x80000000u	/* else: index of a rule that took part */

/* Counts that a walk meets, and that what it accepts is charged to. More than
 * these are a counted drop too.
 */
#define FWT_DECISION_COUNTS	4

/**
 * struct fwt_decision_count - a count that was met
 * @test: the test; those of rules that a patch added are numbered behind the program's
 * @words: of @key
 * @key: as the packet had it then
 */
struct fwt_decision_count {
	u32 test;
	u32 words;
	u32 key[FWT_COUNT_WORDS];
};

/* Limits, quotas and splits that a walk meets. More that are under are a counted
 * drop too; more that are over are not counted as such, which is all that they
 * would be.
 */
#define FWT_DECISION_CHARGES	16

/**
 * struct fwt_decision_charge - a limit, a quota or a split that was met
 * @object: in OBJECTS, or of a patch's numbered behind them
 * @over: it was over: nothing is taken from it
 * @hash: what it is charged by, of limits: see @under of struct fwt_env_ops
 */
struct fwt_decision_charge {
	u32 object;
	u32 over;
	u64 hash;
};

/* Changes of sets that a walk meets: more are a counted drop, too. Their keys are at
 * most FWT_COUNT_WORDS long.
 */
#define FWT_DECISION_UPDATES	4

/**
 * struct fwt_decision_update - a set is to be changed
 * @mod: the modifier, ADD or REMOVE
 * @six: the element is one of those with IPv6 addresses
 * @key: as the packet had it then
 */
struct fwt_decision_update {
	u32 mod;
	u32 six;
	u32 key[FWT_COUNT_WORDS];
};

#define FWT_DECISION_SNAT	0x01	/* @snat and @p->saddr are set */
#define FWT_DECISION_DNAT	0x02	/* @p->daddr (and @p->dport) are set */
#define FWT_DECISION_MARK	0x04	/* @p->mark is set */
#define FWT_DECISION_CT_MARK	0x08	/* @p->ct_mark */
#define FWT_DECISION_PRIORITY	0x10	/* @p->priority */
#define FWT_DECISION_DSCP	0x20	/* @p->tos */
#define FWT_DECISION_TTL	0x40	/* @p->ttl */
#define FWT_DECISION_MSS	0x80	/* @mss */
#define FWT_DECISION_VLAN	0x100	/* @p->vlan_tci */
#define FWT_DECISION_CLAMP	0x200	/* the MSS, by the routes it has */
#define FWT_DECISION_NOTRACK	0x400	/* @p->ct_state is untracked */
#define FWT_DECISION_QUEUE	0x800	/* accepted, by way of @queue */
#define FWT_DECISION_BYPASS	0x1000	/* without it where nobody listens */

/**
 * struct fwt_decision - what a walk came to
 * @verdict: enum fwt_verdict
 * @reject: enum fwt_reject, for FWT_VERDICT_REJECT
 * @flags: FWT_DECISION_*: which translations and header changes are to be made,
 *	if @verdict is accept. Their values stand in the packet that was walked,
 *	but @mss
 * @reason: enum fwt_reason of a drop; FWT_REASON_NONE for accept
 * @mss: the most that a SYN may offer, where FWT_DECISION_MSS
 * @queue: number, where FWT_DECISION_QUEUE
 * @n_effects: entries in @effect
 * @rule: the rule that decided, FWT_NONE if none did (see @reason)
 * @node: the node where the walk ended
 * @snat: the modifier, for its range of ports
 * @dnat: the modifier
 * @server: where @dnat is balance: struct fwt_env_server.id of the one chosen; 0
 * @n_counts: entries in @count
 * @n_charges: entries in @charge
 * @turn: that it got at the first split by turns, and 1; 0 for none
 * @n_updates: entries in @update
 * @count: what the connection is charged to, if it is accepted
 * @charge: what is taken when the decision is applied, whatever the verdict
 * @update: of sets; they happen whatever the verdict
 * @effect: rules that took part, and FWT_EFFECT_MOD | modifier, in the order of
 *	the walk; they happen whatever the verdict
 */
struct fwt_decision {
	u8 verdict;
	u8 reject;
	u8 reason;
	u16 flags;
	u16 mss;
	u16 queue;
	u32 n_effects;
	u32 rule;
	u32 node;
	u32 snat;
	u32 dnat;
	u32 server;
	u32 n_counts;
	u32 n_charges;
	u32 turn;
	u32 n_updates;
	u32 effect[FWT_EFFECTS_MAX];
	struct fwt_decision_count count[FWT_DECISION_COUNTS];
	struct fwt_decision_charge charge[FWT_DECISION_CHARGES];
	struct fwt_decision_update update[FWT_DECISION_UPDATES];
};

/* A walk begins: nothing is decided. */
static inline void fwt_decision_begin(struct fwt_decision *d)
{
	d->verdict = FWT_VERDICT_DROP;
	d->reject = FWT_REJECT_DEFAULT;
	d->flags = 0;
	d->mss = 0;
	d->queue = 0;
	d->reason = FWT_REASON_NONE;
	d->n_effects = 0;
	d->rule = FWT_NONE;
	d->snat = FWT_NONE;
	d->dnat = FWT_NONE;
	d->server = 0;
	d->n_counts = 0;
	d->n_charges = 0;
	d->turn = 0;
	d->n_updates = 0;
}

/* It ends for @rule, which accepts or drops. */
static __always_inline void fwt_decision_plain(u32 rule, bool drops, const struct fwt_packet *p,
					       struct fwt_decision *d)
{
	d->rule = rule;
	d->verdict = drops ? FWT_VERDICT_DROP : FWT_VERDICT_ACCEPT;
	if (drops)
		d->reason = p->ct_state == FWT_CT_INVALID ?
			FWT_REASON_INVALID : FWT_REASON_POLICY;
}

/* It ends at a verdict. What is queued is accepted, by way of a program. */
static __always_inline void fwt_decision_end(const struct fwt_prog_node *n,
					     const struct fwt_packet *p,
					     struct fwt_decision *d)
{
	d->rule = n->arg;
	if (unlikely(n->sub >= FWT_VERDICT_QUEUE)) {
		d->verdict = FWT_VERDICT_ACCEPT;
		d->queue = n->param;
		d->flags |= FWT_DECISION_QUEUE;
		if (n->sub == FWT_VERDICT_QUEUE_BYPASS)
			d->flags |= FWT_DECISION_BYPASS;
		return;
	}
	if (unlikely(n->sub == FWT_VERDICT_REJECT)) {
		d->verdict = n->sub;
		d->reject = n->param;
		d->reason = FWT_REASON_REJECT;
		return;
	}
	fwt_decision_plain(n->arg, n->sub == FWT_VERDICT_DROP, p, d);
}

/**
 * fwt_rows_note() - what each row of nodes is
 * @prog: verified program
 * @row: fwt_n_rows() of them, for @prog->row
 */
void fwt_rows_note(const struct fwt_program *prog, struct fwt_row *row);

static inline u32 fwt_n_rows(const struct fwt_program *prog)
{
	return prog->n[FWT_SEC_NODES] / FWT_ROW + 1;
}

/* Something is to happen when the walk ends; false where there is no more room. */
static inline bool fwt_effect_add(struct fwt_decision *d, u32 what)
{
	if (d->n_effects == FWT_EFFECTS_MAX)
		return false;
	d->effect[d->n_effects++] = what;
	return true;
}

/* What a count is known by: it outlives the program, as the rule's counters do. */
static inline u64 fwt_count_table(const struct fwt_program *prog,
				  const struct fwt_prog_test *t)
{
	return prog->rule[t->set[1]].key + t->pad;
}

/**
 * fwt_walk() - decide a packet
 * @prog: verified program
 * @root: node to begin at: a hook's root
 * @p: the packet. It is the caller's own copy: modifiers change it as they are
 *	met, so that later nodes see it (not the port that SNAT will choose);
 *	nothing else is changed
 * @env: the world; may be NULL for device hooks
 * @d: the decision
 *
 * Takes no locks, allocates nothing, ends within @prog->steps_max steps.
 */
void fwt_walk(const struct fwt_program *prog, u32 root, struct fwt_packet *p,
	      const struct fwt_env *env, struct fwt_decision *d);

/**
 * struct fwt_walk_step - one step, for explanations
 * @node: index of the node; those of rules that a patch added are numbered behind
 *	the program's
 * @words: how many words @key has; 0 where a field was absent
 * @key: the value that the packet had, masked; of a modifier by a map one word more, behind
 *	it, where the map gave something: both may lead on to the same node
 * @next: the node that follows
 */
struct fwt_walk_step {
	u32 node;
	u32 words;
	u32 key[FWT_KEY_WORDS + 1];
	u32 next;
};

/**
 * fwt_walk_traced() - the same, telling each step
 * @prog: as in fwt_walk()
 * @root: likewise
 * @p: likewise
 * @env: likewise
 * @d: likewise
 * @step: called before each step is taken
 * @ctx: handed to @step
 */
void fwt_walk_traced(const struct fwt_program *prog, u32 root,
		     struct fwt_packet *p, const struct fwt_env *env,
		     struct fwt_decision *d,
		     void (*step)(void *ctx, const struct fwt_walk_step *s),
		     void *ctx);

/**
 * fwt_test_key() - the key that a test asks of a packet
 * @prog: verified program
 * @t: the test
 * @p: packet
 * @env: the world; NULL where there is none
 * @key: FWT_KEY_WORDS words
 *
 * Return: words of the key, 0 where a field is absent.
 */
u32 fwt_test_key(const struct fwt_program *prog, const struct fwt_prog_test *t,
		 const struct fwt_packet *p, const struct fwt_env *env, u32 *key);

/**
 * fwt_set_find() - look a key up
 * @prog: verified program
 * @set: index of the set, or FWT_NONE
 * @key: as many words as the set's keys have
 *
 * Return: the element's index, FWT_NONE where none matches.
 */
u32 fwt_set_find(const struct fwt_program *prog, u32 set, const u32 *key);

/**
 * fwt_test_holds() - does a packet pass a test
 * @prog: verified program
 * @t: the test; none of its fields are unknown
 * @p: packet
 * @env: the world; NULL where there is none
 * @step: NULL, or where to leave the key
 *
 * Return: whether it does.
 */
bool fwt_test_holds(const struct fwt_program *prog, const struct fwt_prog_test *t,
		    const struct fwt_packet *p, const struct fwt_env *env,
		    struct fwt_walk_step *step);

/* Is it the key of a split. */
static inline bool fwt_test_splits(const struct fwt_prog_test *t)
{
	return t->op >= FWT_TEST_SPLIT_RANDOM && t->op <= FWT_TEST_SPLIT_TURN;
}

/* Is it the key of a select, and of nothing else. */
static inline bool fwt_test_selects(const struct fwt_prog_test *t)
{
	return fwt_test_splits(t) || t->op == FWT_TEST_LIVE_TREE ||
	       t->op == FWT_TEST_NODE_SELECT;
}

/* Whether a test asks for what a packet rebuilt from a record does not have. */
static inline bool fwt_test_unknown(const struct fwt_prog_test *t,
				    const struct fwt_packet *p)
{
	u32 i;

	/* Its bytes are gone. */
	if (t->op == FWT_TEST_BPF)
		return p->unknown;
	for (i = 0; i < t->n_fields; i++)
		if (p->unknown >> t->field[i] & 1)
			return true;
	return false;
}

/* Whether the walk writes down that a test was asked, or the answer: so it must be one that
 * the walk comes by, and not one of those that a box is tried with.
 */
#define FWT_TESTS_NOTED	(1u << FWT_TEST_COUNT | 1u << FWT_TEST_LIMIT | \
			 1u << FWT_TEST_QUOTA | 1u << FWT_TEST_NODE)

static inline bool fwt_test_noted(const struct fwt_prog_test *t)
{
	return FWT_TESTS_NOTED >> t->op & 1;
}

/* What a forest asks of every packet. A record keeps all of it. */
#define FWT_FOREST_FIELDS (FWT_FIELD_BIT(SADDR) | FWT_FIELD_BIT(DADDR) | \
			   FWT_FIELD_BIT(PROTOCOL) | FWT_FIELD_BIT(SPORT) | \
			   FWT_FIELD_BIT(DPORT))

/**
 * fwt_forest_find() - the first rule of a forest that a packet matches
 * @prog: verified program
 * @at: a FOREST node; rules whose nodes are not behind it are passed over
 * @p: packet
 * @env: the world; NULL where there is none
 *
 * Return: the node where the walk goes on: behind the rule's tests, or a test
 * that asks for an unknown field; @prog->node[at].no where no rule matches.
 */
u32 fwt_forest_find(const struct fwt_program *prog, u32 at,
		    const struct fwt_packet *p, const struct fwt_env *env);

/**
 * fwt_forest_find_within() - the same among some of a forest's rules
 * @prog: likewise
 * @at: a FOREST node
 * @p: packet
 * @env: likewise
 * @gone: bitmap of nodes whose rules do not count; NULL for none
 * @after: rules count whose nodes lie behind this one
 * @best: and before this one; set to the node of that which was found
 *
 * Return: as above.
 */
u32 fwt_forest_find_within(const struct fwt_program *prog, u32 at,
			   const struct fwt_packet *p, const struct fwt_env *env,
			   const u32 *gone, u32 after, u32 *best);

#endif /* FWT_CORE_TREE_H */
