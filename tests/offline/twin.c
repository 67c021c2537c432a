// SPDX-License-Identifier: GPL-2.0
/* A policy twice, see twin.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "compile.h"
#include "ifname.h"
#include "limit.h"
#include "parse.h"
#include "twin.h"

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
static const struct twin *walked;

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

/* Nor are there connections: how many is a matter of the table and the key. */
static u32 charged(u64 table, const u32 *key, u32 words)
{
	return fwt_choice_words(key, words, table, 0) % 4;
}

static u32 mock_count(const struct fwt_env *env, u64 table, const u32 *key, u32 words)
{
	(void)env;
	return charged(table, key, words);
}

static u32 oracle_count(void *ctx, u64 table, const u32 *key, u32 words)
{
	(void)ctx;
	return charged(table, key, words);
}

/* Nor bytes: what passes an expression is a matter of its text. */
static bool passes(const char *text, const struct fwt_packet *p)
{
	u32 i, n = p->protocol + p->ttl + p->daddr[0];

	for (i = 0; text[i]; i++)
		n = n * 31 + (u8)text[i];
	return n >> 3 & 1;
}

static bool mock_filter(const struct fwt_env *env, const struct fwt_packet *p,
			const struct fwt_program *prog, u32 filter)
{
	(void)env;
	return passes(prog->string + prog->filter[filter].text, p);
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

static bool same_rule(const struct twin *w, u32 index, const struct fwt_rule *rule);

static u64 oracle_key(void *ctx, const struct fwt_rule *rule)
{
	const struct twin *w = ctx;
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
	.under = mock_under, .turn = mock_turn, .count = mock_count,
	.owner = mock_owner, .filter = mock_filter,
};

/* Statements of a line each, side by side in a hook or a tree, are a file that is
 * included there; as many as @n_files. Returns what is left, to be freed.
 */
static char *part_files(const char *text, const char *dir, u32 *n_files)
{
	bool inside = false, open = false;
	const char *line, *next;
	u32 most = *n_files;
	char *left, path[64];
	FILE *part = NULL;
	size_t len;
	FILE *out = open_memstream(&left, &len);

	assert_non_null(out);
	*n_files = 0;
	for (line = text; *line; line = next) {
		bool one;

		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (*line != '\t' && *line != '\n')
			inside = !strncmp(line, "ingress", 7) || !strncmp(line, "egress", 6) ||
				 !strncmp(line, "tree", 4);
		one = inside && line[0] == '\t' && line[1] != '\t' && line[1] != '}' &&
		      next - line > 2 && next[-2] != '{';
		if (open && !one) {
			fclose(part);
			open = false;
		} else if (!open && one && *n_files < most) {
			snprintf(path, sizeof(path), "%s/part%u.fw", dir, *n_files);
			fprintf(out, "\tinclude \"part%u.fw\"\n", (*n_files)++);
			part = fopen(path, "w");
			assert_non_null(part);
			open = true;
		}
		fwrite(line, 1, (size_t)(next - line), open ? part : out);
	}
	if (open)
		fclose(part);
	fclose(out);
	return left;
}

static struct fwt_policy_ast *parse(const char *text, u64 seed, struct fwt_diag *diag)
{
	char dir[] = "/tmp/fwt-twin-XXXXXX", path[64], *left;
	struct fwt_policy_ast *ast;
	u32 n = 1 + seed / 32 % 4;
	FILE *out;

	if (seed / 4 % 8 != 7)
		return fwt_parse_buffer("gen.fw", text, strlen(text), diag, NULL);
	assert_non_null(mkdtemp(dir));
	left = part_files(text, dir, &n);
	snprintf(path, sizeof(path), "%s/main.fw", dir);
	out = fopen(path, "w");
	assert_true(out && fputs(left, out) >= 0 && !fclose(out));
	ast = fwt_parse_file(path, diag, NULL);
	unlink(path);
	while (n--) {
		snprintf(path, sizeof(path), "%s/part%u.fw", dir, n);
		unlink(path);
	}
	rmdir(dir);
	free(left);
	return ast;
}

bool twin_make(struct twin *w, const char *text, u64 seed, bool show)
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
	w->ast = parse(text, seed, &diag);
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
	w->oracle.filter = passes;
	w->state = (struct fwt_oracle_state){
		oracle_under, oracle_turn, oracle_count, oracle_key, w,
	};
	w->oracle.state = &w->state;
	assert_int_equal(fwt_sampler_init(&w->sampler, w->ast, seed), 0);
	return true;
}

void twin_clean(struct twin *w)
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

u32 twin_root(const struct twin *w, const struct fwt_ast_hook *hook)
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

static bool same_rule(const struct twin *w, u32 index, const struct fwt_rule *rule)
{
	const struct fwt_prog_rule *r = &w->prog.rule[index];

	if (index == FWT_NONE || !rule)
		return index == FWT_NONE && !rule;
	return r->line == rule->loc.line && r->file == rule->loc.file &&
	       r->text == w->prog.file[r->file].text + rule->text.start;
}

static bool same_mod(const struct twin *w, u32 index, const struct fwt_oracle_effect *e)
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

static bool same_charge(const struct twin *w, const struct fwt_decision_charge *c,
			const struct fwt_oracle_charge *o)
{
	const struct fwt_prog_object *object = &w->prog.object[c->object];

	return !!c->over == o->over && same_rule(w, object->param[FWT_LIMIT_RULE], o->rule) &&
	       (object->kind == FWT_OBJECT_SPLIT ? FWT_NONE : object->param[FWT_LIMIT_WHICH]) ==
	       o->which;
}

/* What is taken is the same, and of what is over nothing is told that was not. */
static const char *other_charges(const struct twin *w, const struct fwt_decision *d,
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

static const char *other_counts(const struct twin *w, const struct fwt_decision *d,
				const struct fwt_oracle_result *r)
{
	u32 i;

	if (d->n_counts != r->n_counts)
		return "how many counts were met";
	for (i = 0; i < d->n_counts; i++) {
		const struct fwt_prog_test *t = &w->prog.test[d->count[i].test];

		if (!same_rule(w, t->set[1], r->count[i].rule) || t->pad != r->count[i].which ||
		    fwt_choice_words(d->count[i].key, d->count[i].words, 0, 0) != r->count[i].key)
			return "a count that was not met";
	}
	return NULL;
}

/* What differs, NULL if nothing does. */
static const char *difference(const struct twin *w, const struct fwt_decision *d,
			      const struct fwt_oracle_result *r,
			      const struct fwt_packet *a, const struct fwt_packet *b)
{
	const char *what;
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
	what = other_counts(w, d, r);
	return what ? what : other_charges(w, d, r);
}

static struct world world_of(struct twin *w, u32 seed)
{
	return (struct world){
		{ .ops = &mock_ops, .seed = seed }, .sampler = &w->sampler, .pools = &w->pools,
		.sets = &w->sets,
	};
}

void twin_walk(struct twin *w, const struct fwt_ast_hook *hook, struct fwt_packet *p, u32 seed,
	       struct fwt_decision *d)
{
	struct world world = world_of(w, seed);

	walked = w;
	world.env.rlu = &world.rlu;
	fwt_walk(&w->prog, twin_root(w, hook), p, &world.env, d);
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

const char *twin_differ(struct twin *w, const struct fwt_ast_hook *hook,
			const struct fwt_packet *p, u32 seed)
{
	struct world world = world_of(w, seed);
	struct fwt_packet a = *p, b = *p, c = *p;
	struct counted counted = { 0 };
	struct fwt_oracle_result r;
	struct fwt_decision d, traced;
	u32 root = twin_root(w, hook);
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
