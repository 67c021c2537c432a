// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile programs, and patches (R30): whatever the verifier accepts must be safe to
 * walk, and no walk may take more steps than it promised.
 *
 * An input is a seed for a policy (two bytes), then edits to its program: where
 * (three bytes, modulo its length), how wide, what. So nearly all inputs get
 * past the header, which a raw block would not. An input that begins with 0xff
 * is taken as the program itself; of one that begins with 0xfe the second byte is the
 * policy's seed, and the edits are to a patch for its program.
 */
#include <stdlib.h>

#include "compile.h"
#include "delta.h"
#include "diag.h"
#include "sema_sample.h"
#include "parse.h"
#include "../offline/gen_policy.h"

#define POLICIES 64

/* What gen_policy() does not write. */
static const char *const by_hand[] = {
	"ingress { ct count by saddr/24/64 . dport > 1G drop; accept }\n"
	"egress { select dport { 22 -> ct count by daddr >= 3 reject } accept }\n",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fwt_blob policy(unsigned int n)
{
	static struct fwt_blob made[POLICIES];
	struct fwt_compile_opts opts = { .no_warnings = true, .forest_min = n & 1 ? 2 : FWT_NONE };
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	unsigned int seed = n;
	char *text;

	/* Some seeds make policies that are refused: those after them serve. */
	for (; !made[n].data; seed += POLICIES) {
		text = seed < ARRAY_SIZE(by_hand) ? strdup(by_hand[seed]) : gen_policy(seed);
		fwt_diag_init(&diag);
		ast = fwt_parse_buffer("fuzz.fw", text, strlen(text), &diag, NULL);
		if (ast)
			fwt_compile(ast, &diag, &opts, &made[n]);
		fwt_ast_free(ast);
		fwt_diag_clean(&diag);
		free(text);
	}
	return made[n];
}

/* A program in force, and a patch for it. */
struct patched {
	bool tried;
	struct fwt_program prog;
	struct fwt_patchable of;
	struct fwt_blob patch;	/* none where no rule can be added */
};

/* Before each of the first rules that one can stand before, as long as it is a patch. */
static void make_patch(struct patched *p)
{
	static char *const rule[] = {
		"tcp dport 1-99 set mark 3", "udp dport 53 drop", "protocol udp set mark 2",
		"saddr 10.0.0.0/8 log \"x\"", "tcp sport 5 limit 1/second drop",
		"saddr fd00::/8 accept", "count all", "protocol tcp drop",
	};
	struct fwt_delta delta;
	struct fwt_blob blob;
	struct fwt_diag diag;
	u32 i, n = 0, at, wrong;

	fwt_delta_init(&delta);
	for (i = 0; i < p->prog.n[FWT_SEC_RULES] && n < ARRAY_SIZE(rule); i++) {
		const struct fwt_prog_rule *r = &p->prog.rule[i];
		struct fwt_delta_line line = {
			.file = r->file, .before = r->line, .text = "\t\n", .rule = rule[n],
			.has_rule = true, .name = "fuzz.fw", .hooks = r->hooks,
			.tree = (char *)fwt_program_string(&p->prog, r->tree),
		};
		struct fwt_rule_spot spot;

		fwt_rule_spot(&p->prog, &p->of, i, &spot);
		line.side = spot.side[FWT_PATCH_BEFORE];
		if (line.side.forest == FWT_NONE)
			continue;
		at = fwt_delta_add(&delta, &line, FWT_DELTA_BEFORE);
		if (at == FWT_NONE)
			abort();
		fwt_diag_init(&diag);
		if (fwt_delta_build(&delta, &diag, &wrong, &blob)) {
			fwt_delta_remove(&delta, at);
		} else {
			fwt_blob_free(&p->patch);
			p->patch = blob;
			n++;
		}
		fwt_diag_clean(&diag);
	}
	fwt_delta_clean(&delta);
}

static const struct patched *patched(unsigned int n)
{
	static struct patched made[POLICIES];
	struct patched *p = &made[n];
	struct fwt_verify_error err;
	struct fwt_blob from;
	void *scratch;

	if (p->tried)
		return p;
	p->tried = true;
	from = policy(n);
	scratch = malloc(fwt_verify_scratch(from.data, from.len));
	if (!scratch || fwt_verify(from.data, from.len, scratch, &p->prog, &err))
		abort();
	p->of.forest = calloc(p->prog.n[FWT_SEC_FORESTS] + 1, sizeof(*p->of.forest));
	p->of.rule = calloc(p->prog.n[FWT_SEC_RULES] + 1, sizeof(*p->of.rule));
	if (!p->of.forest || !p->of.rule)
		abort();
	fwt_patchable_init(&p->of, &p->prog, scratch);
	free(scratch);
	make_patch(p);
	return p;
}

static bool mock_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			const u32 *addr, bool subnet)
{
	(void)env;
	(void)subnet;
	return (strlen(ifname) + family + addr[0]) & 1;
}

static bool mock_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	memset(addr, 0, 16);
	addr[0] = p->family;
	return p->ttl != 7;
}

static bool mock_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	mock_source(env, p, addr);
	return strlen(ifname) & 1;
}

/* How many steps are left: it must end before there is none. */
static void count_step(void *ctx, const struct fwt_walk_step *s)
{
	if (s->words > FWT_KEY_WORDS || !(*(u32 *)ctx)--)
		abort();
}

static void walk(const struct fwt_program *prog)
{
	static const struct fwt_env_ops ops = {
		.ifaddr = mock_ifaddr, .source = mock_source, .local = mock_local,
	};
	struct fwt_env env = { .ops = &ops };
	const struct fwt_policy_ast none = { 0 };
	struct fwt_ast_hook hook = { 0 };
	struct fwt_sampler sampler;
	struct fwt_packet p, again;
	struct fwt_decision d, other;
	u32 h, i, left;

	if (fwt_sampler_init(&sampler, &none, prog->n[FWT_SEC_NODES]))
		return;
	for (h = 0; h < prog->n[FWT_SEC_HOOKS] && h < 8; h++)
		for (i = 0; i < 8; i++) {
			hook.egress = prog->hook[h].hook & 1;
			fwt_sampler_packet(&sampler, &hook, &p);
			p.hook = prog->hook[h].hook;
			env.seed = i;
			again = p;
			left = prog->steps_max;
			fwt_walk_traced(prog, prog->hook[h].root, &p, &env, &d, count_step,
					&left);
			fwt_walk(prog, prog->hook[h].root, &again, &env, &other);
			if (d.verdict != other.verdict || d.node != other.node ||
			    d.verdict >= __FWT_VERDICT_PROG_MAX)
				abort();
		}
	fwt_sampler_clean(&sampler);
}

static void verify(const void *blob, size_t len)
{
	size_t size = fwt_verify_scratch(blob, len);
	void *scratch = malloc(size ? size : 1);
	struct fwt_verify_error err = { 0 };
	struct fwt_program prog;

	if (!scratch)
		return;
	if (!fwt_verify(blob, len, scratch, &prog, &err))
		walk(&prog);
	else if (!err.text[0])
		abort();
	free(scratch);
}

static void verify_patch(const struct patched *base, const void *blob, size_t len)
{
	struct fwt_patch_memory m = fwt_patch_memory(blob, len, &base->prog);
	void *scratch = malloc(m.scratch + 1), *tables = malloc(m.tables + 1);
	struct fwt_verify_error err = { 0 };
	struct fwt_program prog = base->prog;
	struct fwt_patch patch;

	if (!scratch || !tables)
		goto out;
	if (!fwt_patch_verify(blob, len, &base->prog, &base->of, scratch, tables, &patch, &err)) {
		prog.patch = &patch;
		prog.steps_max = patch.steps_max;
		walk(&prog);
		fwt_patch_line(&patch, 0, (u32)len % 99);
	} else if (!err.text[0]) {
		abort();
	}
out:
	free(scratch);
	free(tables);
}

static void edit(u8 *copy, size_t len, const uint8_t *data, size_t size)
{
	for (; size >= 8; data += 8, size -= 8) {
		u32 at = ((u32)data[0] << 16 | (u32)data[1] << 8 | data[2]) % (u32)len;
		u32 width = data[3] & 1 && len >= 4 ? 4 : 1;

		if (width == 4)
			at = min(at, (u32)len - 4) & ~3u;
		if (data[3] & 2 && width == 4) {	/* a little more, or less */
			u32 word;

			memcpy(&word, copy + at, 4);
			word += (u32)(s8)data[4];
			memcpy(copy + at, &word, 4);
		} else {
			memcpy(copy + at, data + 4, width);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct patched *base = NULL;
	struct fwt_blob from;
	u8 *copy;

	if (size < 2)
		return 0;
	if (data[0] == 0xff) {
		copy = malloc(size);
		if (copy) {
			memcpy(copy, data + 1, size - 1);
			verify(copy, size - 1);
		}
		free(copy);
		return 0;
	}
	if (data[0] == 0xfe)
		base = patched(data[1] % POLICIES);
	from = base ? base->patch : policy(data[0] % POLICIES);
	/* A patch lies at a line of memory; no byte more than there are. */
	if (!from.data || posix_memalign((void **)&copy, 64, from.len))
		return 0;
	memcpy(copy, from.data, from.len);
	edit(copy, from.len, data + 2, size - 2);
	if (base)
		verify_patch(base, copy, from.len);
	else
		verify(copy, from.len);
	free(copy);
	return 0;
}
