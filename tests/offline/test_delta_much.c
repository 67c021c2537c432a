// SPDX-License-Identifier: GPL-2.0
/*
 * Small changes of much: of a set of ten thousand filters, and as many as a patch may have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "delta_change.h"
#include "diag.h"

/* What the patch is held against takes a second: it is compiled after so many changes. */
#define EVERY	50

static void filters(bool six, u32 changes)
{
	struct known_filters known = { 0 }, news = { 0 };
	char *text = known_make(&known, 10000, FILTER_ACL, six, 5);
	struct session s = { .rnd = 11 + six, .known = &known };
	struct patched p = { 0 };
	u32 i, done = 0;

	free(known_make(&known, 1000, FILTER_ACL, six, 6));
	free(known_make(&news, 1000, FILTER_ACL, six, 6));
	text_init(&s.text[0], text);
	assert_true(base_make(&s.base, text, 3));
	assert_int_equal(s.base.prog.n[FWT_SEC_RULES], 10001);
	fwt_delta_init(&s.delta);
	assert_int_equal(fwt_sampler_init(&s.sampler, s.base.ast, 7), 0);
	for (i = 0; done < changes; i++) {
		assert_true(i < 4 * changes);
		if (!session_change(&s, news.rule.line[filter_rnd(&s.rnd) % news.rule.n], &p,
				    i & 1))
			continue;
		if (++done % EVERY == 0)
			session_check(&s, &p);
	}
	assert_int_equal(s.changed.n, 0);
	fwt_sampler_clean(&s.sampler);
	fwt_delta_clean(&s.delta);
	text_clean(&s.text[0]);
	text_clean(&s.changed);
	patched_clean(&p);
	base_clean(&s.base);
	known_clean(&known);
	known_clean(&news);
	free(text);
}

static void test_filters(void **state)
{
	u32 six;

	(void)state;
	for (six = 0; six < 2; six++)
		filters(six, 2 * EVERY);
	printf("%llu packets, %llu decided by what was added\n",
	       (unsigned long long)patched_sum.packets, (unsigned long long)patched_sum.by_added);
	assert_true(patched_sum.by_added > patched_sum.packets / 100);
}

static u32 verdict(const struct fwt_program *prog, const struct fwt_packet *from)
{
	struct fwt_packet p = *from;
	struct fwt_decision d;

	fwt_walk(prog, prog->root[FWT_HOOK_INGRESS], &p, NULL, &d);
	return d.verdict;
}

static int take(struct patched *p, const struct base *base, struct fwt_delta *delta)
{
	struct fwt_diag diag;
	u32 wrong;

	fwt_diag_init(&diag);
	assert_int_equal(fwt_delta_build(delta, &diag, &wrong, &p->blob), 0);
	fwt_diag_clean(&diag);
	return patched_make(p, base);
}

/* So many rules a patch may add, whoever has made it, and one more is refused. */
static void test_most_added(void **state)
{
	static const char text[] = "ingress {\n\ttcp dport 1 accept\n\ttcp dport 2 accept\n"
				   "\ttcp dport 3 accept\n\taccept\n}\n";
	struct fwt_packet pkt = {
		.have = FWT_HAVE_IP | FWT_HAVE_UDP | FWT_HAVE_PORTS, .family = 4,
		.protocol = FWT_IPPROTO_UDP, .saddr = { 1 }, .daddr = { 2 },
	};
	struct patched p = { 0 }, more = { 0 };
	struct fwt_rule_spot spot;
	struct fwt_delta delta;
	struct base base;
	u32 i;

	(void)state;
	assert_true(base_make(&base, text, 3));
	fwt_rule_spot(&base.prog, &base.of, 1, &spot);
	fwt_delta_init(&delta);
	for (i = 0; i <= FWT_PATCH_PLACES_MAX; i++) {
		char raw[40];
		struct fwt_delta_line line = {
			.before = 3, .text = raw, .has_rule = true, .tree = "ingress",
			.name = "t.fw", .hooks = FWT_HOOK_BIT(FWT_HOOK_INGRESS),
			.side = spot.side[FWT_PATCH_BEFORE],
		};

		if (i == FWT_PATCH_PLACES_MAX)
			assert_int_equal(take(&p, &base, &delta), 0);
		snprintf(raw, sizeof(raw), "\tudp dport %u drop\n", i + 1);
		line.rule = strndup(raw + 1, strlen(raw) - 2);
		assert_int_equal(fwt_delta_add(&delta, &line, i), i);
		free(line.rule);
	}
	assert_int_equal(p.patch.n[FWT_PATCH_PLACES], FWT_PATCH_PLACES_MAX);
	for (i = 0; i < 2; i++) {
		pkt.dport = (u16)(FWT_PATCH_PLACES_MAX + i);
		assert_int_equal(verdict(&base.prog, &pkt), FWT_VERDICT_ACCEPT);
		assert_int_equal(verdict(&p.prog, &pkt),
				 i ? FWT_VERDICT_ACCEPT : FWT_VERDICT_DROP);
	}
	assert_int_equal(take(&more, &base, &delta), -E2BIG);
	assert_non_null(strstr(patched_refusal, "too many rules are added"));
	patched_clean(&p);
	patched_clean(&more);
	fwt_delta_clean(&delta);
	base_clean(&base);
}

/* A patch that takes away the first @n rules, and says nothing to people. */
static int take_away(struct patched *p, const struct base *base, u32 n)
{
	size_t len = sizeof(struct fwt_patch_hdr) + n * sizeof(u32);
	struct fwt_patch_hdr *h = aligned_alloc(64, (len + 63) & ~63ul);
	u32 i, *gone = (void *)(h + 1);

	assert_non_null(h);
	memset(h, 0, sizeof(*h));
	h->magic = FWT_PATCH_MAGIC;
	h->version = FWT_PATCH_VERSION;
	h->n_sections = __FWT_PATCH_MAX;
	h->len = (u32)len;
	h->sec[FWT_PATCH_DELETED] = (struct fwt_prog_section){ sizeof(*h), n };
	for (i = 0; i < n; i++)
		gone[i] = i;
	p->blob = (struct fwt_blob){ h, len };
	return patched_make(p, base);
}

/* Likewise of those that are taken away. */
static void test_most_gone(void **state)
{
	const u32 most = FWT_PATCH_DELETED_MAX, first = 0x0a000000;
	struct fwt_packet pkt = { .have = FWT_HAVE_IP, .family = 4, .protocol = 47 };
	struct patched p = { 0 }, more = { 0 };
	struct base base;
	char *text;
	size_t len;
	FILE *out;
	u32 i;

	(void)state;
	out = open_memstream(&text, &len);
	assert_non_null(out);
	fputs("ingress {\n", out);
	for (i = 0; i < most + 2; i++)
		fprintf(out, "\tsaddr 10.%u.%u.%u accept\n", i >> 16, i >> 8 & 255, i & 255);
	fputs("\tdrop\n}\n", out);
	fclose(out);
	assert_true(base_make(&base, text, 3));
	assert_int_equal(take_away(&p, &base, most), 0);
	for (i = 0; i < 3; i++) {
		pkt.saddr[0] = first + (i ? most - 2 + i : 0);
		assert_int_equal(verdict(&base.prog, &pkt), FWT_VERDICT_ACCEPT);
		assert_int_equal(verdict(&p.prog, &pkt),
				 i < 2 ? FWT_VERDICT_DROP : FWT_VERDICT_ACCEPT);
	}
	assert_int_equal(take_away(&more, &base, most + 1), -E2BIG);
	assert_non_null(strstr(patched_refusal, "too many rules are taken away"));
	patched_clean(&p);
	patched_clean(&more);
	base_clean(&base);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_most_added),
		cmocka_unit_test(test_most_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
