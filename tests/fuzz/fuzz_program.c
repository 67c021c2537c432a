// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile programs (R30): whatever the verifier accepts must be safe to walk, and no
 * walk may take more steps than it promised.
 *
 * An input is a seed for a policy (two bytes), then edits to its program: where
 * (three bytes, modulo its length), how wide, what. So nearly all inputs get
 * past the header, which a raw block would not. An input that begins with 0xff
 * is taken as the program itself.
 */
#include <stdlib.h>

#include "compile.h"
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

static void count_step(void *ctx, const struct fwt_walk_step *s)
{
	if (s->words > FWT_KEY_WORDS)
		abort();
	(*(u64 *)ctx)++;
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
	u64 steps;
	u32 h, i;

	if (fwt_sampler_init(&sampler, &none, prog->n[FWT_SEC_NODES]))
		return;
	for (h = 0; h < prog->n[FWT_SEC_HOOKS] && h < 8; h++)
		for (i = 0; i < 8; i++) {
			hook.egress = prog->hook[h].hook & 1;
			fwt_sampler_packet(&sampler, &hook, &p);
			p.hook = prog->hook[h].hook;
			env.seed = i;
			again = p;
			steps = 0;
			fwt_walk_traced(prog, prog->hook[h].root, &p, &env, &d, count_step,
					&steps);
			fwt_walk(prog, prog->hook[h].root, &again, &env, &other);
			if (steps > prog->steps_max || d.verdict != other.verdict ||
			    d.node != other.node || d.verdict >= __FWT_VERDICT_PROG_MAX)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
	from = policy(data[0] % POLICIES);
	copy = malloc(from.len);
	if (!copy)
		return 0;
	memcpy(copy, from.data, from.len);
	for (data += 2, size -= 2; size >= 8; data += 8, size -= 8) {
		u32 at = ((u32)data[0] << 16 | (u32)data[1] << 8 | data[2]) % (u32)from.len;
		u32 width = data[3] & 1 ? 4 : 1;

		if (width == 4)
			at &= ~3u;
		if (data[3] & 2 && width == 4) {	/* a little more, or less */
			u32 word;

			memcpy(&word, copy + at, 4);
			word += (u32)(s8)data[4];
			memcpy(copy + at, &word, 4);
		} else {
			memcpy(copy + at, data + 4, width);
		}
	}
	verify(copy, from.len);
	free(copy);
	return 0;
}
