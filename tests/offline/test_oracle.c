// SPDX-License-Identifier: GPL-2.0
/*
 * Compiler and walk against the oracle: policies at random, packets drawn from
 * their values, and no difference in verdict, deciding rule, effects or packet.
 *
 * FWT_PAIRS says how many pairs of policy and packet (default a million), or
 * FWT_SECONDS for how long; FWT_SEED the first policy. A difference is shown with
 * the smallest policy and packet that have it: statements, then words are left out,
 * then fields of the packet are 0, while it stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "compile.h"
#include "ifname.h"
#include "limit.h"
#include "mock_pool.h"
#include "sema_sample.h"
#include "mock_set.h"
#include "oracle.h"
#include "parse.h"
#include "gen_policy.h"

#define PACKETS 250	/* of each policy */

struct policy {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	void *scratch;
	struct fwt_row *row;
	struct fwt_program prog;
	struct fwt_mock_sets sets;
	struct fwt_oracle oracle;
	struct fwt_oracle_state state;
	struct fwt_sampler sampler;
	struct fwt_mock_pools pools;
};

/* The world: which address is whose is a matter of arithmetic. */
static bool mock_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			const u32 *addr, bool subnet)
{
	u32 last = addr[family == 6 ? 3 : 0] + fwt_ifname_wild(ifname);

	(void)env;
	ifname = fwt_ifname_plain(ifname);
	if (subnet)
		return (last >> 8 & 1) == (u32)(ifname[0] & 1);
	return (last & 3) == (u32)(ifname[0] & 3);
}

static bool mock_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	if (p->oif && !strcmp(p->oif, "lo"))
		return false;
	memset(addr, 0, 4 * sizeof(u32));
	addr[0] = p->family == 6 ? 0x20010db8 : 0x0a000001;
	return true;
}

static bool mock_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	ifname = fwt_ifname_plain(ifname);
	if (!strncmp(ifname, "wg", 2))
		return false;
	memset(addr, 0, 4 * sizeof(u32));
	addr[0] = p->family == 6 ? 0xfd000000 : 0x0a000000 + (u32)strlen(ifname);
	return true;
}

struct world {
	struct fwt_env env;
	struct fwt_sampler *sampler;
	struct fwt_rlu rlu;
	const struct fwt_mock_pools *pools;
	const struct fwt_mock_sets *sets;
};

static void mock_route(const struct fwt_env *env, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	fwt_sampler_route(((const struct world *)env)->sampler, p, what, r);
}

/* What is asked in a walk's name is asked of this policy. */
static const struct policy *walked;

/* Whether a limit is under is a matter of where it stands, and of the key. */
static bool is_under(u32 line, u32 which, const u32 *key, u32 words)
{
	return fwt_choice_words(key, words, line, which) & 1;
}

static bool mock_under(const struct fwt_env *env, u32 object, const u32 *key, u32 words,
		       const struct fwt_packet *p, u64 *hash)
{
	const u32 *param = walked->prog.object[object].param;

	(void)env;
	(void)p;
	*hash = fwt_choice_words(key, words, 0, 0);
	return is_under(walked->prog.rule[param[FWT_LIMIT_RULE]].line, param[FWT_LIMIT_WHICH],
			key, words);
}

static u32 mock_turn(const struct fwt_env *env, u32 object)
{
	const u32 *param = walked->prog.object[object].param;

	(void)env;
	return walked->prog.rule[param[FWT_SPLIT_RULE]].line % param[FWT_SPLIT_TURNS];
}

static bool oracle_under(void *ctx, const struct fwt_rule *rule, u32 which, const u32 *key,
			 u32 words, const struct fwt_packet *p)
{
	(void)ctx;
	(void)p;
	return is_under(rule->loc.line, which, key, words);
}

static u32 oracle_turn(void *ctx, const struct fwt_rule *rule)
{
	const struct fwt_branch *b;
	u64 sum = 0, common = 40;

	(void)ctx;
	do {
		sum = 0;
		for (b = rule->end.split->branches; b && !(b->weight % common); b = b->next)
			sum += b->weight / common;
	} while (b && common-- > 1);
	return (u32)(rule->loc.line % sum);
}

static bool same_rule(const struct policy *w, u32 index, const struct fwt_rule *rule);

static u64 oracle_key(void *ctx, const struct fwt_rule *rule)
{
	const struct policy *w = ctx;
	u32 i;

	for (i = 0; i < w->prog.n[FWT_SEC_RULES]; i++)
		if (same_rule(w, i, rule))
			return w->prog.rule[i].key;
	return 0;
}

/* Everybody sends now and then, and some packets are nobody's. */
static int mock_owner(const struct fwt_env *env, unsigned int field, u32 *out)
{
	if (env->seed % 5 == 0)
		return 0;
	out[0] = field == FWT_FIELD_CGROUP ? env->seed % 2 : env->seed % 20;
	out[1] = env->seed % 20;
	return field == FWT_FIELD_CGROUP ? 2 : 1;
}

static bool mock_server(const struct fwt_env *env, u32 object, u64 key,
			const struct fwt_packet *p, bool persistent,
			struct fwt_env_server *to)
{
	const struct world *w = (const struct world *)env;

	/* By its index or by its name, it is the same one. */
	if (object != FWT_NONE && w->pools->prog->object[object].key != key)
		return false;
	return fwt_mock_pools_server(w->pools, key, p, persistent, env->seed, to);
}

/* Sets as they are at first: the oracle reads them in the text. */
static bool mock_has(const struct fwt_env *env, u32 object, bool six, const u32 *key,
		     u32 *value)
{
	return fwt_mock_set_has(((const struct world *)env)->sets, object, six, key, value);
}

/* Nodes of other modules: what they answer is a matter of arithmetic, too. */
static u32 made_up(const char *name, const struct fwt_packet *p, struct fwt_env_node *said)
{
	u32 n = (u32)name[1] + p->protocol + p->saddr[0] + p->mark + p->family / 2u;

	said->what = n % 3 ? 1u << (n % 3 == 1 ? FWT_NODE_SET_MARK : FWT_NODE_SET_DSCP) : 0;
	said->value[FWT_NODE_SET_MARK] = n % 8;
	said->value[FWT_NODE_SET_DSCP] = n % 64;
	return n % 5;
}

static int mock_node(const struct fwt_env *env, const struct fwt_program *prog, u32 foreign,
		     const struct fwt_packet *p, struct fwt_env_node *said)
{
	const struct fwt_prog_foreign *f = &prog->foreign[foreign];
	u32 n = made_up(prog->string + f->name, p, said), i;
	char word[4];

	(void)env;
	if (f->use == FWT_FOREIGN_MODIFY)
		return 0;
	said->what = 0;
	if (f->use == FWT_FOREIGN_MATCH)
		return (int)(n % 2);
	snprintf(word, sizeof(word), "%u", n);
	for (i = 0; i < f->n_labels; i++)
		if (!strcmp(prog->string + prog->arg[f->labels + i].name, word))
			return (int)i;
	return FWT_FOREIGN_NONE;
}

static const struct fwt_env_ops mock_ops = {
	.set_has = mock_has, .node = mock_node,
	.ifaddr = mock_ifaddr, .source = mock_source, .local = mock_local,
	.route = mock_route, .server = mock_server,
	.under = mock_under, .turn = mock_turn,
	.owner = mock_owner,
};

/* Returns false where the policy was refused; with @show its messages are. */
static bool make(struct policy *w, const char *text, u64 seed, bool show)
{
	/* Half of them as they would be compiled, some rule by rule. */
	struct fwt_compile_opts opts = {
		.no_warnings = true,
		.forest_min = seed & 1 ? 0 : seed & 2 ? 2 : FWT_NONE,
	};
	struct fwt_verify_error err;
	struct fwt_diag diag;
	int ret = -1;

	memset(w, 0, sizeof(*w));
	fwt_diag_init(&diag);
	w->ast = fwt_parse_buffer("gen.fw", text, strlen(text), &diag, NULL);
	if (w->ast)
		ret = fwt_compile(w->ast, &diag, &opts, &w->blob);
	if (show && ret)
		fwt_diag_print(&diag, stderr);
	fwt_diag_clean(&diag);
	if (ret) {
		fwt_ast_free(w->ast);
		return false;
	}
	w->scratch = malloc(fwt_verify_scratch(w->blob.data, w->blob.len));
	assert_non_null(w->scratch);
	assert_int_equal(fwt_verify(w->blob.data, w->blob.len, w->scratch, &w->prog, &err), 0);
	w->row = malloc(fwt_n_rows(&w->prog) * sizeof(*w->row));
	assert_non_null(w->row);
	fwt_rows_note(&w->prog, w->row);
	w->prog.row = w->row;
	assert_int_equal(fwt_mock_pools_init(&w->pools, &w->prog), 0);
	assert_true(fwt_mock_sets_init(&w->sets, &w->prog));
	w->oracle.ast = w->ast;
	w->oracle.node = made_up;
	w->oracle.resolver = fwt_resolver_alloc();
	assert_non_null(w->oracle.resolver);
	w->state = (struct fwt_oracle_state){ oracle_under, oracle_turn, oracle_key, w };
	w->oracle.state = &w->state;
	assert_int_equal(fwt_sampler_init(&w->sampler, w->ast, seed), 0);
	return true;
}

static void unmake(struct policy *w)
{
	fwt_mock_pools_clean(&w->pools);
	fwt_mock_sets_clean(&w->sets);
	fwt_sampler_clean(&w->sampler);
	fwt_resolver_free(w->oracle.resolver);
	free(w->row);
	free(w->scratch);
	fwt_blob_free(&w->blob);
	fwt_ast_free(w->ast);
}

static u32 root_of(const struct policy *w, const struct fwt_ast_hook *hook)
{
	u32 kind = hook->egress + 2 * hook->device, i;

	for (i = 0; i < w->prog.n[FWT_SEC_HOOKS]; i++) {
		const struct fwt_prog_hook *h = &w->prog.hook[i];

		if (h->hook == kind &&
		    (h->dev == FWT_NONE ||
		     !strcmp(w->prog.string + h->dev, hook->devices.first->text)))
			return h->root;
	}
	return FWT_NONE;
}

static bool same_rule(const struct policy *w, u32 index, const struct fwt_rule *rule)
{
	const struct fwt_prog_rule *r = &w->prog.rule[index];

	if (index == FWT_NONE || !rule)
		return index == FWT_NONE && !rule;
	return r->line == rule->loc.line && r->file == rule->loc.file &&
	       r->text == w->prog.file[r->file].text + rule->text.start;
}

static bool same_mod(const struct policy *w, u32 index, const struct fwt_oracle_effect *e)
{
	static const u8 kind[__FWT_MOD_MAX] = {
		[FWT_MOD_SNAT] = FWT_AST_MOD_SNAT,
		[FWT_MOD_MASQUERADE] = FWT_AST_MOD_MASQUERADE,
		[FWT_MOD_DNAT] = FWT_AST_MOD_DNAT,
		[FWT_MOD_SET_MARK] = FWT_AST_MOD_SET,
		[FWT_MOD_LOG] = FWT_AST_MOD_LOG,
		[FWT_MOD_COUNT] = FWT_AST_MOD_COUNT,
		[FWT_MOD_REDIRECT] = FWT_AST_MOD_REDIRECT,
		[FWT_MOD_NETMAP] = FWT_AST_MOD_NETMAP,
		[FWT_MOD_NFLOG] = FWT_AST_MOD_LOG,
		[FWT_MOD_SET_CT_MARK] = FWT_AST_MOD_SET,
		[FWT_MOD_SET_PRIORITY] = FWT_AST_MOD_SET,
		[FWT_MOD_SET_DSCP] = FWT_AST_MOD_SET,
		[FWT_MOD_SET_TTL] = FWT_AST_MOD_SET,
		[FWT_MOD_SET_MSS] = FWT_AST_MOD_SET,
		[FWT_MOD_SET_VLAN] = FWT_AST_MOD_SET,
		[FWT_MOD_MSS_CLAMP] = FWT_AST_MOD_MSS_CLAMP,
		[FWT_MOD_NOTRACK] = FWT_AST_MOD_NOTRACK,
		[FWT_MOD_NODE] = FWT_AST_MOD_MODIFY,
		[FWT_MOD_BALANCE] = FWT_AST_MOD_BALANCE,
		[FWT_MOD_SET_ADD] = FWT_AST_MOD_ADD,
		[FWT_MOD_SET_REMOVE] = FWT_AST_MOD_REMOVE,
	};
	const struct fwt_prog_mod *m = &w->prog.mod[index];
	const char *string = w->prog.string;

	if (!e->mod || kind[m->type] != e->mod->kind || !same_rule(w, m->rule, e->rule))
		return false;
	if (m->type == FWT_MOD_COUNT)
		return !strcmp(string + w->prog.counter[m->a], e->mod->count.text);
	if ((m->type == FWT_MOD_NFLOG) !=
	    (kind[m->type] == FWT_AST_MOD_LOG && e->mod->log.group) ||
	    (m->type == FWT_MOD_NFLOG && m->port_lo != e->mod->log.group->number))
		return false;
	if (kind[m->type] == FWT_AST_MOD_LOG && e->mod->log.prefix.text)
		return !strcmp(string + m->a, e->mod->log.prefix.text);
	return true;
}

static bool same_charge(const struct policy *w, const struct fwt_decision_charge *c,
			const struct fwt_oracle_charge *o)
{
	const struct fwt_prog_object *object = &w->prog.object[c->object];

	return !!c->over == o->over && same_rule(w, object->param[FWT_LIMIT_RULE], o->rule) &&
	       (object->kind == FWT_OBJECT_SPLIT ? FWT_NONE : object->param[FWT_LIMIT_WHICH]) ==
	       o->which;
}

/* What is taken is the same, and of what is over nothing is told that was not. */
static const char *other_charges(const struct policy *w, const struct fwt_decision *d,
				 const struct fwt_oracle_result *r)
{
	u32 i, k, under = 0;

	for (i = 0; i < d->n_charges; i++) {
		for (k = 0; k < r->n_charges; k++)
			if (same_charge(w, &d->charge[i], &r->charge[k]))
				break;
		if (k == r->n_charges)
			return "a limit that was not met";
		under += !d->charge[i].over;
	}
	if (under != r->n_under)
		return "how much is taken";
	return d->n_charges == min(r->n_charges, (u32)FWT_DECISION_CHARGES) ?
		NULL : "how many limits were met";
}

/* What differs, NULL if nothing does. */
static const char *difference(const struct policy *w, const struct fwt_decision *d,
			      const struct fwt_oracle_result *r,
			      const struct fwt_packet *a, const struct fwt_packet *b)
{
	u32 i;

	if (!r->ended && !r->reason)
		return "the oracle ran off the end";
	if (d->verdict != r->verdict)
		return "verdict";
	if (!same_rule(w, d->rule, r->rule))
		return "deciding rule";
	if (d->verdict == FWT_VERDICT_REJECT && d->reject != r->reject)
		return "kind of reject";
	if (d->reason != r->reason)
		return "reason";
	if (d->flags != r->flags)
		return "flags";
	if (d->queue != r->queue)
		return "queue";
	if (d->mss != r->mss)
		return "mss";
	if (d->verdict != FWT_VERDICT_DROP && d->n_updates != r->n_updates)
		return "number of changes of sets";
	if (d->n_effects != r->n_effects)
		return "number of effects";
	for (i = 0; i < d->n_effects; i++) {
		u32 e = d->effect[i];

		if (e & FWT_EFFECT_MOD) {
			if (!same_mod(w, e & ~FWT_EFFECT_MOD, &r->effect[i]))
				return "a modifier";
		} else if (r->effect[i].mod || !same_rule(w, e, r->effect[i].rule)) {
			return "a rule that took part";
		}
	}
	if (memcmp(a, b, sizeof(*a)))
		return "the packet afterwards";
	return other_charges(w, d, r);
}

struct counted {
	u64 steps;
};

static void count_step(void *ctx, const struct fwt_walk_step *s)
{
	struct counted *c = ctx;

	(void)s;
	c->steps++;
}

static const char *pair(struct policy *w, const struct fwt_ast_hook *hook,
			const struct fwt_packet *p, u32 seed)
{
	struct world world = {
		{ .ops = &mock_ops, .seed = seed }, .sampler = &w->sampler, .pools = &w->pools,
		.sets = &w->sets,
	};
	struct fwt_packet a = *p, b = *p, c = *p;
	struct counted counted = { 0 };
	struct fwt_oracle_result r;
	struct fwt_decision d, traced;
	u32 root = root_of(w, hook);
	const char *what;

	if (root == FWT_NONE)
		return "the hook is not in the program";
	walked = w;
	/* The oracle asks for each match anew, the walk remembers. */
	fwt_oracle_walk(&w->oracle, hook, &b, &world.env, &r);
	world.env.rlu = &world.rlu;
	fwt_walk(&w->prog, root, &a, &world.env, &d);
	what = difference(w, &d, &r, &a, &b);
	if (what || seed & 15)
		return what;
	fwt_walk_traced(&w->prog, root, &c, &world.env, &traced, count_step, &counted);
	if (counted.steps > w->prog.steps_max)
		return "more steps than were promised";
	if (traced.verdict != d.verdict || traced.rule != d.rule || traced.node != d.node)
		return "the traced walk";
	return NULL;
}

/* Making a policy smaller, statement by statement and word by word, while it keeps a
 * difference.
 */

/* The last packet that made one, and where. */
struct witness {
	struct fwt_packet p;
	u32 hook;		/* which of the policy's */
	u32 seed;
	const char *what;
	char iif[17], oif[17];	/* the names in @p, which were another's */
	struct fwt_tuple tuple;	/* likewise */
	struct fwt_ends ends;
	u32 addr6[__FWT_WHO_MAX][4];
};

static void keep(struct witness *to, const struct witness *from)
{
	*to = *from;
	if (to->p.iif)
		to->p.iif = strcpy(to->iif, from->p.iif);
	if (to->p.oif)
		to->p.oif = strcpy(to->oif, from->p.oif);
	if (to->p.ct_tuple) {
		to->tuple = *from->p.ct_tuple;
		to->p.ct_tuple = &to->tuple;
	}
	if (to->p.ct_ends) {
		to->ends = *from->p.ct_ends;
		if (to->ends.family == 6) {
			memcpy(to->addr6, from->p.ct_ends->addr6, sizeof(to->addr6));
			to->ends.addr6 = to->addr6;
		}
		to->p.ct_ends = &to->ends;
	}
}

static const struct fwt_ast_hook *hook_of(const struct policy *w, u32 number)
{
	const struct fwt_ast_hook *hook = w->ast->hooks;

	while (number-- && hook)
		hook = hook->next;
	return hook;
}

static bool differs(const char *text, u64 seed, struct witness *found)
{
	const struct fwt_ast_hook *hook;
	struct witness now;
	struct policy w;
	bool does = false;
	u32 i;

	if (!make(&w, text, seed, false))
		return false;
	for (i = 0; i < 4 * PACKETS && !does; i++)
		for (now.hook = 0; !does; now.hook++) {
			hook = hook_of(&w, now.hook);
			if (!hook)
				break;
			fwt_sampler_packet(&w.sampler, hook, &now.p);
			now.seed = i;
			now.what = pair(&w, hook, &now.p, i);
			does = now.what;
			if (does)
				keep(found, &now);
		}
	unmake(&w);
	return does;
}

/* The end of the statement that begins at @from: its line, or its block. */
static size_t statement_end(const char *text, size_t from)
{
	int depth = 0;
	size_t at = from;

	do {
		size_t end = at + strcspn(text + at, "\n");

		if (end > at && text[end - 1] == '{')
			depth++;
		if (text[at + strspn(text + at, "\t")] == '}')
			depth--;
		at = text[end] ? end + 1 : end;
	} while (depth > 0 && text[at]);
	return at;
}

/* Leaves @text's bytes from @at to @end out, if it stays. */
static bool without(char *text, char *trial, size_t at, size_t end, u64 seed,
		    struct witness *found)
{
	memcpy(trial, text, at);
	memcpy(trial + at, text + end, strlen(text + end) + 1);
	if (!differs(trial, seed, found))
		return false;
	memcpy(text, trial, strlen(trial) + 1);
	return true;
}

static size_t word_end(const char *text, size_t from)
{
	size_t at = from + strcspn(text + from, "\n ");

	return text[at] == ' ' ? at + 1 : at;
}

/* What is no policy any more is refused, so any words may be tried; a match of
 * three has to go as a whole.
 */
static bool fewer_words(char *text, char *trial, u64 seed, struct witness *found)
{
	bool shrunk = false;
	size_t at = 0, end;
	u32 words;

	while (text[at]) {
		bool gone = false;

		for (words = 4; words && !gone; words--) {
			u32 i;

			for (i = 0, end = at; i < words; i++)
				end = word_end(text, end);
			gone = end > at && without(text, trial, at, end, seed, found);
		}
		shrunk |= gone;
		if (!gone) {
			end = word_end(text, at);
			at = end > at ? end : at + 1;
		}
	}
	return shrunk;
}

static bool fewer_statements(char *text, char *trial, u64 seed, struct witness *found)
{
	bool shrunk = false;
	size_t at = 0;

	while (text[at]) {
		if (without(text, trial, at, statement_end(text, at), seed, found)) {
			shrunk = true;
		} else {
			at += strcspn(text + at, "\n");
			at += !!text[at];
		}
	}
	return shrunk;
}

#define FIELD(name) { offsetof(struct fwt_packet, name), sizeof(((struct fwt_packet *)0)->name) }

static void smaller_packet(const char *text, u64 seed, struct witness *found)
{
	static const struct {
		size_t off, size;
	} field[] = {
		FIELD(tos), FIELD(ttl), FIELD(tcp_flags), FIELD(icmp_type), FIELD(icmp_code),
		FIELD(ct_state), FIELD(ct_status), FIELD(ct_direction), FIELD(ct_mark),
		FIELD(pkttype),
		FIELD(sport), FIELD(dport), FIELD(icmp_id), FIELD(tcp_window), FIELD(tcp_mss),
		FIELD(tcp_seq), FIELD(tcp_ack), FIELD(saddr), FIELD(daddr),
		FIELD(ether_saddr), FIELD(ether_daddr), FIELD(vlan_tci), FIELD(mark),
		FIELD(priority),
	};
	const struct fwt_ast_hook *hook;
	struct policy w;
	u32 i;

	if (!make(&w, text, seed, false))
		return;
	hook = hook_of(&w, found->hook);
	for (i = 0; i < ARRAY_SIZE(field); i++) {
		struct fwt_packet p = found->p;
		const char *what;

		memset((char *)&p + field[i].off, 0, field[i].size);
		what = pair(&w, hook, &p, found->seed);
		if (what) {
			found->p = p;
			found->what = what;
		}
	}
	unmake(&w);
}

static void show_smallest(char *text, u64 seed)
{
	char *trial = malloc(strlen(text) + 1);
	struct witness found = { .what = "not seen again" };
	char words[256];
	bool shrunk;

	assert_non_null(trial);
	if (differs(text, seed, &found)) {
		do {
			shrunk = fewer_statements(text, trial, seed, &found);
			shrunk |= fewer_words(text, trial, seed, &found);
		} while (shrunk);
		differs(text, seed, &found);
		smaller_packet(text, seed, &found);
	}
	fwt_sample_words(&found.p, words, sizeof(words));
	fprintf(stderr, "seed %llu: %s\n%s\npacket: %s\n", (unsigned long long)seed,
		found.what, text, words);
	free(trial);
}

static u64 number_of(const char *name, u64 other)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : other;
}

static void test_pairs(void **state)
{
	u64 pairs = number_of("FWT_PAIRS", 1000000), done = 0, policies = 0, refused = 0;
	u64 seed = number_of("FWT_SEED", 1), seconds = number_of("FWT_SECONDS", 0);
	time_t until = time(NULL) + (time_t)seconds;
	const struct fwt_ast_hook *hook;
	struct fwt_packet p;
	struct policy w;
	u32 i;

	(void)state;
	gen_nodes = true;
	for (; seconds ? time(NULL) < until : done < pairs; seed++) {
		char *text = gen_policy(seed);
		const char *what = NULL;

		assert_non_null(text);
		policies++;
		if (!make(&w, text, seed, getenv("FWT_VERBOSE"))) {
			refused++;
			free(text);
			assert_true(policies < 100 || refused < policies);
			continue;
		}
		for (i = 0; i < PACKETS && !what; i++)
			for (hook = w.ast->hooks; hook && !what; hook = hook->next) {
				fwt_sampler_packet(&w.sampler, hook, &p);
				what = pair(&w, hook, &p, i);
				done++;
			}
		if (what)
			show_smallest(text, seed);
		unmake(&w);
		free(text);
		assert_null(what);
	}
	printf("%llu pairs, %llu policies, %llu of them refused\n",
	       (unsigned long long)done, (unsigned long long)policies,
	       (unsigned long long)refused);
	/* The generator means them to be valid; what is left are rules whose
	 * translations are of two families.
	 */
	assert_true(refused * 5 < policies);
}

/* R12: equal ranges of ports map one to one, wherever the packet's is written. */
static void test_ports(void **state)
{
	static const char text[] =
		"pool p { 192.168.1.1:2000-2009 }\n"
		"ingress {\n"
		"\ttcp dport 1000-1009 {\n"
		"\t\tsaddr 10.0.0.1 dnat to 192.168.1.1:2000-2009 accept\n\t}\n"
		"\tselect tcp dport {\n\t\t1100-1109 -> redirect to :2000-2009 accept\n\t}\n"
		"\tselect protocol . dport {\n\t\ttcp . 1200-1209 -> {\n"
		"\t\t\tsaddr 10.0.0.1 dnat to :2000-2009 accept\n\t\t}\n\t}\n"
		"\tdaddr . dport { 1.2.3.4 . 1300-1309, 1.2.3.5 . 1300-1309 } "
		"dnat to 10.0.0.2:2000-2009 accept\n"
		"\ttcp dport >= 1400 tcp dport <= 1409 dnat to 192.168.1.1:2000-2009 accept\n"
		"\ttcp dport 1500-1509 {\n\t\tsaddr 10.0.0.1 balance @p accept\n\t}\n"
		"\ttcp dport 1600-1609 {\n"
		"\t\ttcp dport { 1600-1604, 1606-1609, 1605 } dnat to :2000-2009 accept\n\t}\n"
		/* By chance: what leads to a tree is not known there. */
		"\ttcp dport 1700-1709 goto t\n"
		"\tdrop\n}\n"
		"tree t {\n\tdnat to :2000-2009 accept\n\tdrop\n}\n";
	struct fwt_packet p = {
		.have = FWT_HAVE_IP | FWT_HAVE_PORTS | FWT_HAVE_TCP, .family = 4, .protocol = 6,
		.ttl = 64, .saddr = { 0x0a000001 }, .daddr = { 0x01020304 }, .sport = 40000,
		.tcp_flags = FWT_TCP_SYN, .length = 60, .ether_type = 0x0800,
		.ct_state = FWT_CT_NEW, .hook = FWT_HOOK_INGRESS, .iif = "eth0",
	};
	struct fwt_decision d;
	struct policy w;
	u32 i, k, elsewhere = 0;

	(void)state;
	for (k = 0; k < 3; k++) {
		assert_true(make(&w, text, k, true));
		for (i = 1000; i < 1710; i++) {
			struct world world = {
				{ .ops = &mock_ops, .seed = i }, .sampler = &w.sampler,
				.pools = &w.pools, .sets = &w.sets,
			};
			struct fwt_packet a = p;

			a.dport = (u16)i;
			assert_null(pair(&w, w.ast->hooks, &a, i));
			if (i % 100 > 9)
				continue;
			world.env.rlu = &world.rlu;
			fwt_walk(&w.prog, root_of(&w, w.ast->hooks), &a, &world.env, &d);
			assert_int_equal(d.verdict, FWT_VERDICT_ACCEPT);
			if (i < 1700)
				assert_int_equal(a.dport, 2000 + i % 100);
			else
				elsewhere += a.dport != 2000 + i % 100;
		}
		unmake(&w);
	}
	assert_true(elsewhere > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
