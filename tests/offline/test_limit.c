// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: the arithmetic of buckets against one that counts tokens in fractions, at
 * generated times; sets of buckets against a memory that forgets nothing; choices
 * for how even they are; and programs whose limits say what they must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "limit.h"
#include "parse.h"

static u64 state = 88172645463325252ull;

static u32 rnd(u32 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)((state >> 16) % n);
}

static void put_u64(u32 *p, u64 v)
{
	p[0] = (u32)v;
	p[1] = (u32)(v >> 32);
}

static void params(u32 *p, u64 rate, u32 per, u64 burst, bool bytes)
{
	memset(p, 0, FWT_OBJECT_PARAMS * sizeof(u32));
	p[FWT_LIMIT_FLAGS] = bytes ? FWT_LIMIT_BYTES : 0;
	p[FWT_LIMIT_PER] = per;
	put_u64(p + FWT_LIMIT_RATE, rate);
	put_u64(p + FWT_LIMIT_BURST, burst);
}

/* The stupid twin: tokens that are there, and when they were counted last. */
struct twin {
	long double tokens;
	u64 at;		/* ns */
};

static void twin_fill(struct twin *t, u64 rate, u32 per, u64 burst, u64 now)
{
	t->tokens += (long double)rate * (long double)(now - t->at) / (1e9L * per);
	if (t->tokens > (long double)burst)
		t->tokens = (long double)burst;
	t->at = now;
}

static void test_twin(void **unused)
{
	static const u32 pers[] = { 1, 60, 3600, 86400 };
	u64 asked = 0, under = 0, differ = 0;
	u32 round, i;

	(void)unused;
	for (round = 0; round < 3000; round++) {
		bool bytes = rnd(2);
		u32 per = bytes ? 1 : pers[rnd(4)];
		u64 rate = 1 + (rnd(3) ? rnd(1000) : (u64)rnd(1u << 31) << rnd(bytes ? 7 : 1));
		u64 burst = bytes ? 1500 + rnd(1u << rnd(28)) : 1 + rnd(1u << rnd(8));
		u64 now = (u64)rnd(~0u) << rnd(20), full = 0, passed = 0, first = now, off;
		u32 p[FWT_OBJECT_PARAMS];
		struct fwt_limit_rate r;
		struct twin t = { (long double)burst, now };

		params(p, rate, per, burst, bytes);
		if (fwt_limit_check(p))
			continue;
		fwt_limit_rate_init(&r, p);
		for (i = 0; i < 500; i++) {
			long double cost, slack;
			u32 len = 64 + rnd(1437);
			bool yes;

			cost = bytes ? len : 1;
			/* Waits of about as long as a packet's tokens take, and others. */
			now += rnd(8) ? (u64)((long double)rnd(2000) / 1000 * cost * per * 1e9L /
					      (long double)rate) : rnd(1u << rnd(30));
			twin_fill(&t, rate, per, burst, now);
			yes = fwt_limit_under(&r, full, FWT_LIMIT_TIME(now), len);
			asked++;
			/* Rounding is against who asks: by a sixteenth of a nanosecond
			 * each time, so far.
			 */
			slack = (i + 2.0L) * 2 * (long double)rate / (16e9L * per) + 0.000001L +
				(long double)burst * 0.0002L;
			if (yes != (t.tokens >= cost)) {
				differ++;
				assert_true(t.tokens - cost < slack && cost - t.tokens < slack);
			}
			/* Dry runs in between change nothing: nothing is taken. */
			assert_int_equal(yes, fwt_limit_under(&r, full, FWT_LIMIT_TIME(now), len));
			if (!yes)
				continue;
			under++;
			passed += (u64)cost;
			full = fwt_limit_take(&r, full, FWT_LIMIT_TIME(now), len);
			t.tokens -= cost;
			/* Never more than burst and rate, whatever came before. */
			assert_true((long double)passed <= (long double)burst * 1.0002L + 1 +
				    (long double)rate * (long double)(now - first) / (1e9L * per));
		}
		/* Full again when it is said to be; a sixteenth of a nanosecond may be
		 * many bytes.
		 */
		off = burst / 4096 + rate / 8000000000ull + 1;
		assert_true(fwt_limit_tokens(&r, full, FWT_LIMIT_TIME(now)) <= burst + off);
		if (full > FWT_LIMIT_TIME(now))
			assert_in_range(fwt_limit_tokens(&r, full, full), burst - min(off, burst),
					burst + off);
	}
	printf("%llu asked, %llu under, %llu within rounding\n", (unsigned long long)asked,
	       (unsigned long long)under, (unsigned long long)differ);
	assert_true(asked > 1000000 && under > 100000 && differ < asked / 500);
}

/* A rate holds over hours, at line rate and at a crawl. */
static void test_long(void **unused)
{
	static const struct {
		u64 rate;
		u32 per;
		u64 burst;
		u32 len;
		bool bytes;
	} row[] = {
		{ 10, 1, 5, 0, false }, { 1, 86400, 1, 0, false }, { 4, 60, 4, 0, false },
		{ 100000000, 1, 1000, 0, false }, { 3000000, 1, 5, 0, false },
		{ 1250000000, 1, 1 << 20, 64, true }, { 125000000, 1, 65536, 1500, true },
		{ 12500000000, 1, 1 << 20, 64, true }, { 1000, 1, 1500, 1500, true },
		{ 7, 3600, 3, 0, false },
	};
	u32 p[FWT_OBJECT_PARAMS], i, k;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		long double seconds, want;
		u64 now = 0, full = 0, passed = 0, each, asked;
		struct fwt_limit_rate r;

		params(p, row[i].rate, row[i].per, row[i].burst, row[i].bytes);
		assert_null(fwt_limit_check(p));
		fwt_limit_rate_init(&r, p);
		/* Asked four times as often as there is something. */
		each = fwt_limit_cost(&r, row[i].len) / 4;
		asked = min((1ull << 60) / each, 2000000ull);	/* the clock's 36 years */
		for (k = 0; k < asked; k++, now += each)
			if (fwt_limit_under(&r, full, now, row[i].len)) {
				full = fwt_limit_take(&r, full, now, row[i].len);
				passed += row[i].bytes ? row[i].len : 1;
			}
		seconds = (long double)now / 16e9L;
		want = (long double)row[i].rate * seconds / row[i].per;
		assert_true((long double)passed <= want + (long double)row[i].burst + 1);
		assert_true((long double)passed >= want * 0.985L);
	}
}

static void test_edges(void **unused)
{
	const u64 before = 1000 + FWT_LIMIT_TIME(14999999999);
	const u64 then = 1000 + FWT_LIMIT_TIME(15000000000);
	u32 p[FWT_OBJECT_PARAMS];
	struct fwt_limit_rate r;
	u32 i;

	(void)unused;
	params(p, 4, 60, 4, false);
	fwt_limit_rate_init(&r, p);
	assert_int_equal(fwt_limit_tokens(&r, 0, FWT_LIMIT_TIME(5)), 4);
	for (i = 0; i < 4; i++) {
		static u64 full;

		assert_true(fwt_limit_under(&r, full, 1000, 9999));
		full = fwt_limit_take(&r, full, 1000, 9999);
		assert_int_equal(fwt_limit_tokens(&r, full, 1000), 3 - i);
		if (i == 3) {
			assert_false(fwt_limit_under(&r, full, 1000, 1));
			/* A quarter of a minute later there is one, not before. */
			assert_false(fwt_limit_under(&r, full, before, 1));
			assert_true(fwt_limit_under(&r, full, then, 1));
			/* Another CPU was as quick: it owes, and nobody else gets it. */
			full = fwt_limit_take(&r, full, 1000, 1);
			assert_int_equal(fwt_limit_tokens(&r, full, 1000), 0);
			assert_false(fwt_limit_under(&r, full, then, 1));
		}
	}
	/* More bytes than the bucket holds: never, even after years. */
	params(p, 1000000, 1, 1500, true);
	fwt_limit_rate_init(&r, p);
	assert_true(fwt_limit_under(&r, 0, FWT_LIMIT_TIME(1), 1500));
	assert_false(fwt_limit_under(&r, 0, FWT_LIMIT_TIME(1ull << 58), 1501));
	/* The largest of all, at the end of time. */
	params(p, FWT_LIMIT_RATE_MAX, 1, FWT_LIMIT_BURST_MAX, true);
	assert_null(fwt_limit_check(p));
	fwt_limit_rate_init(&r, p);
	assert_true(fwt_limit_under(&r, 0, ~0ull - (1ull << 60), ~0u));
	params(p, 1, 86400, 366, false);
	assert_null(fwt_limit_check(p));
	fwt_limit_rate_init(&r, p);
	assert_true(fwt_limit_under(&r, 0, 0, 1));
	assert_true(fwt_limit_tokens(&r, 0, 0) == 366);
	params(p, 1, 86400, 367, false);
	assert_non_null(fwt_limit_check(p));
}

/* Sets of buckets, as the module has them, and what it remembers of each key. */
#define SETS	1024u
#define KEYS	20000u

struct set {
	u32 tag[FWT_LIMIT_WAYS];
	u64 full[FWT_LIMIT_WAYS];
};

static u64 hash_of(u32 key)
{
	return (u64)fwt_choice(key, 1, 2) << 32 | fwt_choice(key, 3, 4);
}

static void test_sets(void **unused)
{
	struct set *set = calloc(SETS, sizeof(*set));
	u64 *twin = calloc(KEYS, sizeof(*twin)), now = 1 << 20;
	u64 evicted = 0, missed = 0, i, taken = 0;
	u32 p[FWT_OBJECT_PARAMS], keys;
	struct fwt_limit_rate r;

	(void)unused;
	assert_true(set && twin);
	params(p, 10, 1, 5, false);
	fwt_limit_rate_init(&r, p);
	/* As many as there is room for at a time, later more. */
	for (keys = 100; keys <= KEYS; keys = keys < 2000 ? keys * 4 : KEYS + (keys == KEYS)) {
		evicted = 0;
		missed = 0;
		for (i = 0; i < 400000; i++) {
			u32 key = rnd(keys), at, tag;
			u64 h = hash_of(key), mine = 0;
			struct set *s = &set[fwt_limit_index(h, SETS - 1)];

			now += rnd(1u << 18) * (16384 / keys + 1);
			tag = fwt_limit_tag(h);
			at = fwt_limit_find(s->tag, tag);
			if (at < FWT_LIMIT_WAYS)
				mine = s->full[at];
			assert_int_equal(fwt_limit_hash(tag, fwt_limit_index(h, SETS - 1)),
					 h & 0xffffffffffull);
			/* What is not remembered is a full bucket: nothing else may differ. */
			if (max(mine, now) != max(twin[key], now))
				missed++;
			assert_true(max(mine, now) <= max(twin[key], now));
			if (!fwt_limit_under(&r, mine, now, 1))
				continue;
			if (at == FWT_LIMIT_WAYS) {
				at = fwt_limit_place(s->full, now);
				evicted += s->full[at] > now;
			}
			s->tag[at] = tag;
			s->full[at] = fwt_limit_take(&r, mine, now, 1);
			twin[key] = s->full[at];
			taken++;
		}
		printf("%u keys in %u buckets: %llu evicted, %llu times missed\n", keys,
		       SETS * FWT_LIMIT_WAYS, (unsigned long long)evicted,
		       (unsigned long long)missed);
		if (keys <= 2000)
			assert_true(evicted < 1000 && missed <= evicted);
		if (keys == KEYS)
			break;
	}
	assert_true(evicted > 1000 && missed && taken);
	free(set);
	free(twin);
}

static void test_choices(void **unused)
{
	u32 bucket[16] = { 0 }, pair[4] = { 0 }, seed, i, words[4] = { 0 };

	(void)unused;
	for (seed = 0; seed < 160000; seed++) {
		bucket[(u64)fwt_choice(seed, 77, 0) * 16 >> 32]++;
		/* Two rules, two choices of a rule: independent. */
		pair[(fwt_choice(seed, 77, 0) >> 31) * 2 + (fwt_choice(seed, 78, 0) >> 31)]++;
	}
	for (i = 0; i < 16; i++)
		assert_in_range(bucket[i], 9500, 10500);
	for (i = 0; i < 4; i++)
		assert_in_range(pair[i], 39000, 41000);
	memset(bucket, 0, sizeof(bucket));
	memset(pair, 0, sizeof(pair));
	for (i = 0; i < 160000; i++) {
		words[0] = 0x0a000000 + i;
		bucket[(u64)fwt_choice_words(words, 1, 1ull << 40, 0) * 16 >> 32]++;
		pair[(fwt_choice_words(words, 4, 1ull << 40, 0) >> 31) * 2 +
		     (fwt_choice_words(words, 4, 1ull << 40, 1) >> 31)]++;
	}
	for (i = 0; i < 16; i++)
		assert_in_range(bucket[i], 9500, 10500);
	for (i = 0; i < 4; i++)
		assert_in_range(pair[i], 39000, 41000);
	assert_int_not_equal(fwt_choice_words(words, 3, 5, 0), fwt_choice_words(words, 4, 5, 0));
}

/* A hostile program: each word of what is new is bent. What is let through may be
 * walked, under the sanitizers' eyes.
 */
static const char policy[] =
	"ingress {\n"
	"limit 10/second burst 3 by saddr/24/48 . dport count a\n"
	"limit over 5k/second count b\n"
	"random 1/3 quota 10k count c\n"
	"udp dport 9 random 1/3 accept\n"
	"split round-robin { 1 -> count d; 4 -> count e }\n"
	"split hash saddr/8 . dport { 1 -> count f; 1 -> count g }\n"
	"split random { 3 -> accept; 2 -> drop }\n"
	"}\n";

static u32 walk_all(const struct fwt_program *prog)
{
	struct fwt_packet p = {
		.have = FWT_HAVE_IP | FWT_HAVE_UDP | FWT_HAVE_PORTS, .protocol = 17,
	};
	struct fwt_env env = { .ops = &(const struct fwt_env_ops){ 0 } };
	struct fwt_decision d;
	u32 n = 0;

	for (env.seed = 0; env.seed < 16; env.seed++) {
		env.turn = env.seed;
		p.family = env.seed & 1 ? 6 : 4;
		p.dport = (u16)env.seed;
		p.hook = FWT_HOOK_INGRESS;
		fwt_walk(prog, prog->root[0], &p, &env, &d);
		n += d.n_charges;
	}
	return n;
}

static void test_bent(void **unused)
{
	static const u32 values[] = { 0, 1, 2, 3, 4, 5, 7, 8, 0x7f, 0x80, 0xff, 0x100, 60, 3600,
		0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	struct fwt_verify_error err;
	struct fwt_policy_ast *ast;
	struct fwt_program prog;
	struct fwt_diag diag;
	struct fwt_blob blob;
	u32 refused = 0, harmless = 0, sec, i, k, n;
	void *scratch;
	u8 *copy;

	(void)unused;
	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", policy, strlen(policy), &diag, NULL);
	assert_non_null(ast);
	assert_int_equal(fwt_compile(ast, &diag, &(struct fwt_compile_opts){ .no_warnings = true },
				     &blob), 0);
	scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
	copy = aligned_alloc(64, (blob.len + 63) & ~63ul);
	assert_true(scratch && copy);
	memcpy(copy, blob.data, blob.len);
	assert_int_equal(fwt_verify(copy, blob.len, scratch, &prog, &err), 0);
	assert_int_equal(prog.n[FWT_SEC_OBJECTS], 4);
	assert_true(walk_all(&prog) >= 16 * 3);
	for (sec = 0; sec < 3; sec++) {
		static const u32 which[] = { FWT_SEC_OBJECTS, FWT_SEC_TESTS, FWT_SEC_SETS };
		const struct fwt_prog_hdr *h = blob.data;
		const struct fwt_prog_section *s = &h->sec[which[sec]];

		n = s->count * fwt_section_size[which[sec]] / 4;
		for (i = 0; i < n; i++)
			for (k = 0; k < ARRAY_SIZE(values) + 32; k++) {
				u32 *at = (u32 *)(copy + s->off) + i, was = *at;

				*at = k < 32 ? was ^ 1u << k : values[k - 32];
				if (fwt_verify(copy, blob.len, scratch, &prog, &err)) {
					assert_true(err.text[0]);
					refused++;
				} else {
					walk_all(&prog);
					harmless++;
				}
				*at = was;
			}
	}
	printf("%u bent, %u of them refused\n", refused + harmless, refused);
	assert_true(refused > 1000 && harmless > 100);
	free(scratch);
	free(copy);
	fwt_blob_free(&blob);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
}

/* Keys of objects: by rule and place, so that they are found again. */
static u64 object_key(const char *text, u32 index, u32 *param)
{
	struct fwt_verify_error err;
	struct fwt_policy_ast *ast;
	struct fwt_program prog;
	struct fwt_diag diag;
	struct fwt_blob blob;
	void *scratch;
	u64 key;

	fwt_diag_init(&diag);
	ast = fwt_parse_buffer("t.fw", text, strlen(text), &diag, NULL);
	assert_int_equal(fwt_compile(ast, &diag, &(struct fwt_compile_opts){ .no_warnings = true },
				     &blob), 0);
	scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
	assert_int_equal(fwt_verify(blob.data, blob.len, scratch, &prog, &err), 0);
	assert_true(index < prog.n[FWT_SEC_OBJECTS]);
	key = prog.object[index].key;
	memcpy(param, prog.object[index].param, sizeof(prog.object[index].param));
	free(scratch);
	fwt_blob_free(&blob);
	fwt_ast_free(ast);
	fwt_diag_clean(&diag);
	return key;
}

#define SAME(a, b, index) do {							\
	u32 x_[FWT_OBJECT_PARAMS], y_[FWT_OBJECT_PARAMS];			\
	assert_true(object_key(a, index, x_) == object_key(b, index, y_));	\
	assert_int_equal(x_[FWT_LIMIT_KEY], y_[FWT_LIMIT_KEY]);			\
} while (0)

static void test_keys(void **unused)
{
	u32 a[FWT_OBJECT_PARAMS], b[FWT_OBJECT_PARAMS];

	(void)unused;
	SAME("ingress {\nlimit 1/second by saddr accept\ndrop\n}\n",
	     "ingress {\nudp dport 1 drop\n  limit 1/second   by saddr accept\ndrop\n}\n", 0);
	SAME("ingress {\nlimit 1/second limit 2/second accept id x\ndrop\n}\n",
	     "ingress {\nlimit 1/second limit 5/second accept id x\ndrop\n}\n", 1);
	assert_true(object_key("ingress {\nlimit 1/second limit 1/second drop\ndrop\n}\n", 0, a) !=
		    object_key("ingress {\nlimit 1/second limit 1/second drop\ndrop\n}\n", 1, b));
	/* Of one id, and by other keys. */
	assert_true(object_key("ingress {\nlimit 1/second by saddr accept id x\ndrop\n}\n", 0, a) ==
		    object_key("ingress {\nlimit 1/second by daddr accept id x\ndrop\n}\n", 0, b));
	assert_int_not_equal(a[FWT_LIMIT_KEY], b[FWT_LIMIT_KEY]);
	object_key("ingress {\nlimit 1/second by saddr/24 accept id x\ndrop\n}\n", 0, b);
	assert_int_not_equal(a[FWT_LIMIT_KEY], b[FWT_LIMIT_KEY]);
	object_key("ingress {\nlimit 1M/second accept id x\ndrop\n}\n", 0, b);
	assert_true(fwt_limit_u64(b + FWT_LIMIT_BURST) == 1 << 20);
	object_key("ingress {\nlimit 1k/second accept id x\ndrop\n}\n", 0, b);
	assert_true(fwt_limit_u64(b + FWT_LIMIT_BURST) == 65536);
	object_key("ingress {\nlimit 1/day accept id x\ndrop\n}\n", 0, b);
	assert_true(fwt_limit_u64(b + FWT_LIMIT_BURST) == 5);
}

/* Many who want all of some memory, in steps of their own, and one who comes last. */
static void test_shares(void **unused)
{
	u64 own[64], all = 1 << 24;
	u32 n, i, k;

	(void)unused;
	for (n = 1; n < 64; n++) {
		u64 used = 0, step = 1 + rnd(4096), left, best;

		memset(own, 0, sizeof(own));
		for (k = 0; k < 20000; k++) {
			i = rnd(n);
			if (!fwt_share_fits(own[i] + step, used + step, all))
				continue;
			own[i] += step;
			used += step;
			assert_true(used <= all && own[i] <= all / 5);
			assert_true(all - used >= 4 * own[i]);
		}
		left = all - used;
		best = left / 5;
		assert_true(best > 0 && fwt_share_fits(best, used + best, all));
		assert_false(fwt_share_fits(best + 1, used + best + 1, all));
	}
}

/* Options that are rates: what is written, and what the verifier thinks of others. */
static void test_rates(void **unused)
{
	static const struct {
		const char *text;
		u64 value;
	} rate[] = {
		{ "7/second", 7 }, { "600/minute", 10 }, { "3/minute", FWT_RATE(3, 60) },
		{ "3599/hour", FWT_RATE(3599, 3600) }, { "1/day", FWT_RATE(1, 86400) },
		{ "86400/day", 1 },
	};
	static const u64 bad[] = {
		FWT_RATE(1, 1), FWT_RATE(1, 59), FWT_RATE(1, 86401), FWT_RATE(1, 0x80000000u),
		FWT_RATE((1u << 30) + 1, 0), FWT_RATE((1u << 30) + 1, 60), ~0ull,
	};
	u32 i, k;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(rate); i++) {
		struct fwt_prog_option *o;
		struct fwt_verify_error err;
		struct fwt_policy_ast *ast;
		struct fwt_blob blob = { 0 };
		struct fwt_program prog;
		struct fwt_diag diag;
		char text[100];
		void *scratch;

		snprintf(text, sizeof(text), "option answer-rate %s\ningress { drop }\n",
			 rate[i].text);
		fwt_diag_init(&diag);
		ast = fwt_parse_buffer("t", text, strlen(text), &diag, NULL);
		assert_int_equal(fwt_compile(ast, &diag, &(struct fwt_compile_opts){ }, &blob), 0);
		scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
		assert_int_equal(fwt_verify(blob.data, blob.len, scratch, &prog, &err), 0);
		assert_int_equal(prog.n[FWT_SEC_OPTIONS], 1);
		o = (struct fwt_prog_option *)prog.option;
		assert_int_equal(o->value, rate[i].value);
		for (k = 0; k < ARRAY_SIZE(bad); k++) {
			o->value = bad[k];
			assert_int_equal(fwt_verify(blob.data, blob.len, scratch, &prog, &err),
					 -EINVAL);
			assert_int_equal(err.section, FWT_SEC_OPTIONS);
		}
		free(scratch);
		fwt_blob_free(&blob);
		fwt_ast_free(ast);
		fwt_diag_clean(&diag);
	}
}

/* N of M, as the program has it: so many of 2^32, less one. */
static void test_random(void **unused)
{
	static const struct {
		const char *text;
		u32 less_one;
	} chance[] = {
		{ "1/1", 0xffffffff }, { "1/2", 0x7fffffff }, { "2/3", 0xaaaaaaa9 },
		{ "1/4294967295", 0 }, { "2/4294967295", 1 },
		{ "2147483648/4294967295", 0x7fffffff },
		{ "4294967294/4294967295", 0xfffffffd },
		{ "4294967295/4294967295", 0xffffffff },
	};
	u32 i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(chance); i++) {
		struct fwt_verify_error err;
		struct fwt_policy_ast *ast;
		struct fwt_blob blob = { 0 };
		struct fwt_program prog;
		struct fwt_diag diag;
		char text[100];
		void *scratch;

		snprintf(text, sizeof(text), "ingress {\nrandom %s accept\ndrop\n}\n",
			 chance[i].text);
		fwt_diag_init(&diag);
		ast = fwt_parse_buffer("t", text, strlen(text), &diag, NULL);
		assert_int_equal(fwt_compile(ast, &diag, &(struct fwt_compile_opts){ }, &blob), 0);
		scratch = malloc(fwt_verify_scratch(blob.data, blob.len));
		assert_int_equal(fwt_verify(blob.data, blob.len, scratch, &prog, &err), 0);
		assert_int_equal(prog.n[FWT_SEC_TESTS], 1);
		assert_int_equal(prog.test[0].op, FWT_TEST_RANDOM);
		assert_int_equal(prog.test[0].set[0], chance[i].less_one);
		free(scratch);
		fwt_blob_free(&blob);
		fwt_ast_free(ast);
		fwt_diag_clean(&diag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twin), cmocka_unit_test(test_long),
		cmocka_unit_test(test_edges), cmocka_unit_test(test_sets),
		cmocka_unit_test(test_choices), cmocka_unit_test(test_bent),
		cmocka_unit_test(test_keys), cmocka_unit_test(test_rates),
		cmocka_unit_test(test_shares), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
