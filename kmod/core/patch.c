// SPDX-License-Identifier: GPL-2.0
/*
 * Programs with a patch.
 *
 * Theory of operation
 *
 * A run of rules is a forest, and of the boxes that hold a packet that with the
 * least node counts. So a rule is taken away by passing over its boxes, wherever
 * they lie; what it covered is found then, since nothing was left out when the
 * trees were made.
 *
 * A rule is added by looking in a second, small forest, too. Its rules are in the
 * order in which they stand, and each knows the least node of the base that stands
 * behind it (its key). If the base has found node b, those count whose key is not
 * above b: as keys ascend with nodes, that is a bound on nodes, with which the
 * second search begins. A FOREST node inside of a run (a rule before it went on)
 * bounds them from the other side in the same way.
 *
 * An added rule is walked in the patch's own program, which is verified by itself: it
 * calls nothing, and the hooks that reach the base's forest reach the patch's. Where it
 * goes on, it comes to a FOREST node behind it, as rules of runs do. There that walk
 * ends, and both searches begin again: the base's with the rule's key, the patch's
 * behind that node. A node of the base is found from no other than before, and each
 * time the place is a later one: each rule of the patch's forest has one. So what the
 * base promises (bounds, an end, a verdict) holds for the whole.
 */
#include "patch.h"
#include "verify_private.h"

static const u8 element_size[__FWT_PATCH_MAX] = {
#define ELEMENT_SIZE(id, name, type) sizeof(type),
	FWT_PATCH_SECTIONS(ELEMENT_SIZE)
#undef ELEMENT_SIZE
};

static const char *const element_name[__FWT_PATCH_MAX + 1] = {
#define ELEMENT_NAME(id, name, type) name,
	FWT_PATCH_SECTIONS(ELEMENT_NAME)
#undef ELEMENT_NAME
	"patch",
};

void fwt_patchable_init(struct fwt_patchable *of, const struct fwt_program *prog,
			const void *scratch)
{
	const struct fwt_verify_node *node = scratch;
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_FORESTS]; i++)
		of->forest[i] = fwt_verify_forest_info(prog, scratch, i);
	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		u32 at = prog->rule[i].node;

		fwt_rest(i);
		of->rule[i] = at != FWT_NONE && node[at].forest ? node[at].forest - 1 : FWT_NONE;
	}
}

static noinline int fail(struct fwt_verify_error *err, int error, u32 section, u32 index,
			 const char *what)
{
	err->section = __FWT_SEC_MAX;
	err->index = index;
	scnprintf(err->text, sizeof(err->text), "%s %u: %s", element_name[section], index,
		  what);
	return error;
}

#define bad_patch(err, section, index, what) \
	fail(err, -EINVAL, section, index, what)

static int check_header(const void *blob, size_t len, struct fwt_verify_error *err)
{
	const struct fwt_patch_hdr *h = blob;
	u32 i;

	if (len < sizeof(*h))
		return bad_patch(err, __FWT_PATCH_MAX, 0, "shorter than a header");
	if (h->magic != FWT_PATCH_MAGIC)
		return bad_patch(err, __FWT_PATCH_MAX, 0, "no patch: magic is wrong");
	if (h->version != FWT_PATCH_VERSION || h->n_sections != __FWT_PATCH_MAX || h->flags)
		return fail(err, -EOPNOTSUPP, __FWT_PATCH_MAX, 0,
			    "patch format is of another version");
	if (h->len != len)
		return bad_patch(err, __FWT_PATCH_MAX, 0, "says another length than it has");
	if (len > FWT_PATCH_SIZE_MAX)
		return fail(err, -E2BIG, __FWT_PATCH_MAX, 0, "patch is too large");
	for (i = 0; i < __FWT_PATCH_MAX; i++) {
		const struct fwt_prog_section *s = &h->sec[i];

		if (s->count && (s->off % (i == FWT_PATCH_PROGRAM ? 64 : 8) || s->off > len ||
				 (u64)s->count * element_size[i] > len - s->off))
			return bad_patch(err, __FWT_PATCH_MAX, i,
					 "a section lies outside of the patch");
	}
	if (h->sec[FWT_PATCH_PLACES].count > FWT_PATCH_PLACES_MAX)
		return fail(err, -E2BIG, FWT_PATCH_PLACES, FWT_PATCH_PLACES_MAX,
			    "too many rules are added");
	if (h->sec[FWT_PATCH_DELETED].count > FWT_PATCH_DELETED_MAX)
		return fail(err, -E2BIG, FWT_PATCH_DELETED, FWT_PATCH_DELETED_MAX,
			    "too many rules are taken away");
	return 0;
}

static const void *section(const struct fwt_patch_hdr *h, u32 i)
{
	return h->sec[i].count ? (const u8 *)h + h->sec[i].off : NULL;
}

static size_t gone_bytes(const struct fwt_program *base)
{
	return (base->n[FWT_SEC_NODES] / 64 + 1) * sizeof(u64);
}

struct fwt_patch_memory fwt_patch_memory(const void *blob, size_t len,
					 const struct fwt_program *base)
{
	const struct fwt_patch_hdr *h = blob;
	struct fwt_patch_memory m = { 0 };
	struct fwt_verify_error err;
	const void *prog;

	if (check_header(blob, len, &err))
		return m;
	m.tables = gone_bytes(base) +
		   h->sec[FWT_PATCH_PLACES].count * sizeof(struct fwt_patch_order) +
		   h->sec[FWT_PATCH_EDITS].count * sizeof(s32);
	prog = section(h, FWT_PATCH_PROGRAM);
	/* Of that program: nodes, forests and cuts; and what is known of forests. */
	if (prog)
		m.scratch = fwt_verify_scratch(prog, h->sec[FWT_PATCH_PROGRAM].count);
	return m;
}

/* Directly behind a rule: no node of the base lies between. */
static u32 key_of(const struct fwt_program *base, const struct fwt_patch_place *p)
{
	return base->rule[p->at].node + (p->side == FWT_PATCH_AFTER);
}

static int check_place(struct fwt_patch *x, const struct fwt_program *base,
		       const struct fwt_patchable *of, const struct fwt_patch_group *g,
		       u32 i, const struct fwt_verify_node *node, struct fwt_verify_error *err)
{
	const struct fwt_patch_place *p = &x->place[i];
	struct fwt_patch_order *o = &x->order[i];
	u32 forest = x->prog.node[g->node].arg;

	if (p->side >= __FWT_PATCH_SIDE_MAX)
		return bad_patch(err, FWT_PATCH_PLACES, i, "at no side");
	if (p->at >= base->n[FWT_SEC_RULES] || of->rule[p->at] != g->forest)
		return bad_patch(err, FWT_PATCH_PLACES, i, "at a rule of another forest");
	if (p->rule >= x->prog.n[FWT_SEC_RULES])
		return bad_patch(err, FWT_PATCH_PLACES, i, "no such rule");
	if (p->edit >= x->n[FWT_PATCH_EDITS])
		return bad_patch(err, FWT_PATCH_PLACES, i, "no such edit");
	o->node = x->prog.rule[p->rule].node;
	if (o->node == FWT_NONE || o->node <= g->node || node[o->node].forest != forest + 1)
		return bad_patch(err, FWT_PATCH_PLACES, i, "a rule of another group");
	/* Its walk ends at the first FOREST node, which is taken for that behind it. */
	if (node[o->node].to && node[o->node].to != forest + 1)
		return bad_patch(err, FWT_PATCH_PLACES, i, "leads to rules of another group");
	o->key = key_of(base, p);
	if (i > g->first && (o->node <= o[-1].node || o->key < o[-1].key))
		return bad_patch(err, FWT_PATCH_PLACES, i, "out of order");
	return 0;
}

static int check_group(struct fwt_patch *x, const struct fwt_program *base,
		       const struct fwt_patchable *of, u32 i,
		       const struct fwt_verify_node *node, struct fwt_verify_error *err)
{
	const struct fwt_patch_group *g = &x->group[i];
	u32 next = i ? g[-1].first + g[-1].count : 0, k;
	int ret;

	if (g->forest >= base->n[FWT_SEC_FORESTS] || (i && g->forest <= g[-1].forest))
		return bad_patch(err, FWT_PATCH_GROUPS, i, "no such forest, or out of order");
	if (!g->count || g->first != next || g->count > x->n[FWT_PATCH_PLACES] - next)
		return bad_patch(err, FWT_PATCH_GROUPS, i, "places out of order");
	if (g->node >= x->prog.n[FWT_SEC_NODES] || x->prog.node[g->node].type != FWT_NODE_FOREST)
		return bad_patch(err, FWT_PATCH_GROUPS, i, "no forest's node");
	/* Reached by a hook, so that what follows was proved to end in a verdict. */
	if (!node[g->node].hooks || of->forest[g->forest].hooks & ~node[g->node].hooks)
		return bad_patch(err, FWT_PATCH_GROUPS, i,
				 "a hook that reaches the rules is not that of those added");
	for (k = g->first; k < g->first + g->count; k++) {
		ret = check_place(x, base, of, g, k, node, err);
		if (ret)
			return ret;
	}
	/* Then each one that a search finds has its place, behind that of the one before. */
	if (fwt_verify_forest_info(&x->prog, node, x->prog.node[g->node].arg).count != g->count)
		return bad_patch(err, FWT_PATCH_GROUPS, i, "its forest has a rule without a place");
	return 0;
}

/* Does a rule come to a FOREST node: it may go on. */
static bool goes_on(const struct fwt_patch *x, u32 i, const struct fwt_verify_node *node)
{
	return node[x->order[i].node].on;
}

/* A walk takes 1 + forest.steps each time that it comes by a forest, and with the
 * patch at most the part of all this that is reckoned here more. It comes by each added
 * rule once, whatever goes on; but once each time that a tree is called, in which the
 * rule's forest stands, and that is looked into. When one goes on, all is looked for again.
 */
static u32 steps_with(const struct fwt_patch *x, const struct fwt_program *base,
		      const struct fwt_patchable *of, const struct fwt_verify_node *node)
{
	u64 again = 0;
	u32 times = 0, i, k;

	for (i = 0; i < x->n[FWT_PATCH_GROUPS]; i++) {
		const struct fwt_patch_group *g = &x->group[i];
		/* Two searches by halves among the places, and one for the group. */
		u32 more = fwt_verify_forest_info(&x->prog, node,
						  x->prog.node[g->node].arg).steps + 3 * 32;
		u32 own = 1 + of->forest[g->forest].steps;
		u32 visits = base->depth_max ? base->steps_max / own + 1 : 1;

		times = max(times, (more + own - 1) / own);
		for (k = g->first; k < g->first + g->count; k++)
			if (goes_on(x, k, node))
				again += (u64)visits * (own + more + node[x->order[k].node].leg);
		again = min(again, (u64)FWT_STEPS_MANY);
	}
	return (u32)min(base->steps_max * (1ull + times) + x->prog.steps_max + again,
			(u64)FWT_STEPS_MANY);
}

/* Another one of that name would be made when a policy is applied, and not by a patch. */
static bool same_set(const struct fwt_program *a, const struct fwt_prog_object *x,
		     const struct fwt_program *b, const struct fwt_prog_object *y)
{
	return x->key == y->key && x->kind == y->kind &&
	       !memcmp(x->param, y->param, FWT_SETP_TIMEOUT_LO * sizeof(u32)) &&
	       !strcmp(fwt_program_string(a, x->name), fwt_program_string(b, y->name));
}

static int check_objects(struct fwt_patch *x, const struct fwt_program *base,
			 struct fwt_verify_error *err)
{
	u32 i, k;

	for (i = 0; i < x->prog.n[FWT_SEC_OBJECTS]; i++) {
		const struct fwt_prog_object *o = &x->prog.object[i];

		x->object[i] = FWT_NONE;
		/* Of a rule that is added, with it. */
		if (o->kind == FWT_OBJECT_LIMIT || o->kind == FWT_OBJECT_QUOTA ||
		    o->kind == FWT_OBJECT_SPLIT)
			continue;
		if (o->kind != FWT_OBJECT_SET)
			return bad_patch(err, FWT_PATCH_PROGRAM, 0, "has pools of its own");
		for (k = 0; k < base->n[FWT_SEC_OBJECTS]; k++) {
			if (fwt_rest(k))
				return -EINTR;
			if (same_set(&x->prog, o, base, &base->object[k]))
				break;
		}
		if (k == base->n[FWT_SEC_OBJECTS])
			return bad_patch(err, FWT_PATCH_PROGRAM, 0,
					 "asks a set that the policy in force does not have");
		x->object[i] = k;
	}
	x->prog.first_object = base->n[FWT_SEC_OBJECTS];
	return 0;
}

static int check_program(struct fwt_patch *x, const struct fwt_program *base,
			 const struct fwt_patch_hdr *h, void *scratch,
			 struct fwt_verify_error *err)
{
	int ret;

	if (!x->n[FWT_PATCH_PROGRAM])
		return x->n[FWT_PATCH_GROUPS] || x->n[FWT_PATCH_PLACES] ?
			bad_patch(err, FWT_PATCH_PROGRAM, 0, "is missing") : 0;
	ret = fwt_verify_for(section(h, FWT_PATCH_PROGRAM), h->sec[FWT_PATCH_PROGRAM].count,
			     scratch, base, &x->prog, err);
	if (ret)
		return ret;
	if (x->prog.depth_max)
		return bad_patch(err, FWT_PATCH_PROGRAM, 0, "calls trees");
	if (x->prog.n[FWT_SEC_OPTIONS])
		return bad_patch(err, FWT_PATCH_PROGRAM, 0, "sets options");
	if (x->prog.n[FWT_SEC_COUNTERS] > FWT_PATCH_PLACES_MAX)
		return bad_patch(err, FWT_PATCH_PROGRAM, 0, "has too many counters");
	if (x->prog.n[FWT_SEC_FILTERS])
		return bad_patch(err, FWT_PATCH_PROGRAM, 0, "has filters of its own");
	if (x->prog.n[FWT_SEC_FOREIGN] || x->prog.n[FWT_SEC_ARGS])
		return bad_patch(err, FWT_PATCH_PROGRAM, 0, "has nodes of other modules");
	return check_objects(x, base, err);
}

static int check_deleted(struct fwt_patch *x, const struct fwt_program *base,
			 const struct fwt_patchable *of, struct fwt_verify_error *err)
{
	u32 i;

	for (i = 0; i < x->n[FWT_PATCH_DELETED]; i++) {
		u32 rule = x->deleted[i], at;

		if (rule >= base->n[FWT_SEC_RULES] || (i && rule <= x->deleted[i - 1]))
			return bad_patch(err, FWT_PATCH_DELETED, i,
					 "no such rule, or out of order");
		if (of->rule[rule] == FWT_NONE)
			return bad_patch(err, FWT_PATCH_DELETED, i, "a rule of no forest");
		at = base->rule[rule].node;
		x->gone[at / 32] |= 1u << (at % 32);
	}
	return 0;
}

static int check_edits(struct fwt_patch *x, const struct fwt_program *base,
		       struct fwt_verify_error *err)
{
	u32 i;

	for (i = 0; i < x->n[FWT_PATCH_EDITS]; i++) {
		const struct fwt_patch_edit *e = &x->edit[i];
		bool same = i && e[-1].file == e->file;

		if (e->file >= base->n[FWT_SEC_FILES] || (i && e->file < e[-1].file))
			return bad_patch(err, FWT_PATCH_EDITS, i, "no such file, or out of order");
		/* A line has a byte at least. */
		if (!e->line || e->line > FWT_PROGRAM_SIZE_MAX ||
		    e->removed > FWT_PROGRAM_SIZE_MAX || e->added > e->text_len)
			return bad_patch(err, FWT_PATCH_EDITS, i, "impossible lines");
		if (same && (e->line <= e[-1].line || e->line < e[-1].line + e[-1].removed))
			return bad_patch(err, FWT_PATCH_EDITS, i, "out of order");
		if (e->text > x->n[FWT_PATCH_TEXT] ||
		    e->text_len > x->n[FWT_PATCH_TEXT] - e->text)
			return bad_patch(err, FWT_PATCH_EDITS, i, "text outside of its section");
		x->shift[i] = (s32)((same ? (u32)x->shift[i - 1] : 0) + e->added - e->removed);
	}
	return 0;
}

int fwt_patch_verify(const void *blob, size_t len, const struct fwt_program *base,
		     const struct fwt_patchable *of, void *scratch, void *tables,
		     struct fwt_patch *x, struct fwt_verify_error *err)
{
	const struct fwt_patch_hdr *h = blob;
	u32 i;
	int ret;

	memset(x, 0, sizeof(*x));
	ret = check_header(blob, len, err);
	if (ret)
		return ret;
	for (i = 0; i < __FWT_PATCH_MAX; i++)
		x->n[i] = h->sec[i].count;
	x->group = section(h, FWT_PATCH_GROUPS);
	x->place = section(h, FWT_PATCH_PLACES);
	x->deleted = section(h, FWT_PATCH_DELETED);
	x->edit = section(h, FWT_PATCH_EDITS);
	x->text = section(h, FWT_PATCH_TEXT);
	x->gone = tables;
	x->order = (void *)((u8 *)tables + gone_bytes(base));
	x->shift = (void *)(x->order + x->n[FWT_PATCH_PLACES]);
	memset(x->gone, 0, gone_bytes(base));
	ret = check_program(x, base, h, scratch, err);
	if (!ret)
		ret = check_deleted(x, base, of, err);
	if (!ret)
		ret = check_edits(x, base, err);
	for (i = 0; !ret && i < x->n[FWT_PATCH_GROUPS]; i++)
		ret = fwt_rest(i) ?: check_group(x, base, of, i, scratch, err);
	if (ret)
		return ret;
	i = x->n[FWT_PATCH_GROUPS];
	if (x->n[FWT_PATCH_PLACES] != (i ? x->group[i - 1].first + x->group[i - 1].count : 0))
		return bad_patch(err, FWT_PATCH_PLACES, x->n[FWT_PATCH_PLACES], "of no group");
	x->steps_max = base->steps_max;
	if (i)
		x->steps_max = steps_with(x, base, of, scratch);
	if (x->steps_max > FWT_STEPS_MAX)
		return fail(err, -E2BIG, __FWT_PATCH_MAX, 0,
			    "a walk with it could take too many steps");
	return 0;
}

/* Of @n places the first whose key, or whose node, is above @value. */
static __always_inline u32 above(const struct fwt_patch_order *o, u32 n, u32 value,
				 const bool by_node)
{
	u32 lo = 0;

	while (n) {
		u32 half = n / 2;

		if ((by_node ? o[lo + half].node : o[lo + half].key) > value) {
			n = half;
		} else {
			lo += half + 1;
			n -= half + 1;
		}
	}
	return lo;
}

static const struct fwt_patch_group *group_of(const struct fwt_patch *x, u32 forest)
{
	u32 n = x->n[FWT_PATCH_GROUPS], lo = 0;

	while (n) {
		u32 half = n / 2;

		if (x->group[lo + half].forest == forest)
			return &x->group[lo + half];
		if (x->group[lo + half].forest > forest) {
			n = half;
		} else {
			lo += half + 1;
			n -= half + 1;
		}
	}
	return NULL;
}

u32 fwt_patch_find(const struct fwt_program *prog, u32 at, u32 on, const struct fwt_packet *p,
		   const struct fwt_env *env, bool *added)
{
	const struct fwt_patch *x = prog->patch;
	const struct fwt_patch_group *g = group_of(x, prog->node[at].arg);
	const struct fwt_patch_order *o = NULL;
	u32 best = FWT_NONE, base = at, from = 0, next, to, after, most;

	*added = false;
	if (g) {
		o = x->order + g->first;
		from = on == FWT_NONE ? above(o, g->count, at, false) :
					above(o, g->count, on, true);
	}
	/* Behind the rule that went on, which is the one before @from; but never back. */
	if (on != FWT_NONE && from)
		base = max(at, o[from - 1].key - 1);
	next = fwt_forest_find_within(prog, at, p, env, x->gone, base, &best);
	if (!g)
		return next;
	to = above(o, g->count, best, false);
	if (from >= to)
		return next;
	after = on != FWT_NONE ? on : from ? o[from - 1].node : g->node;
	most = to < g->count ? o[to].node : FWT_NONE;
	best = most;
	after = fwt_forest_find_within(&x->prog, g->node, p, env, NULL, after, &best);
	if (best == most)
		return next;
	*added = true;
	return after;
}

u32 fwt_patch_line(const struct fwt_patch *x, u32 file, u32 line)
{
	u32 n = x ? x->n[FWT_PATCH_EDITS] : 0, lo = 0;

	/* The last edit that does not begin behind that line. */
	while (n) {
		const struct fwt_patch_edit *e = &x->edit[lo + n / 2];

		if (e->file > file || (e->file == file && e->line > line)) {
			n /= 2;
		} else {
			lo += n / 2 + 1;
			n -= n / 2 + 1;
		}
	}
	if (!lo || x->edit[lo - 1].file != file)
		return line;
	return line + (u32)x->shift[lo - 1];
}
