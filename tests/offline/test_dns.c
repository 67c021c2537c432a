// SPDX-License-Identifier: GPL-2.0
/*
 * DNS names in sets: which words are names, what a set has of them, what becomes of
 * addresses as answers come and go, and what is to be done to a set. The last two are
 * held against twins that look at each address for itself.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "dns_conf.h"
#include "dns_state.h"
#include "parse.h"
#include "set_text.h"

static struct fwt_dns_addr addr(u32 n)
{
	return (struct fwt_dns_addr){ .six = n & 1, .word = { n } };
}

/* Names */

static void test_names(void **state)
{
	static const struct {
		const char *text;
		const char *plain;
	} is[] = {
		{ "example.org", "example.org" }, { "Example.ORG.", "example.org" },
		{ "0.debian.pool.ntp.org", "0.debian.pool.ntp.org" }, { "a", "a" },
		{ "_dns.resolver.arpa", "_dns.resolver.arpa" },
		{ "xn--mnchen-3ya.de", "xn--mnchen-3ya.de" },
		{ "a-b.c-d", "a-b.c-d" },
		{ "012345678901234567890123456789012345678901234567890123456789012.a",
		  "012345678901234567890123456789012345678901234567890123456789012.a" },
	};
	static const char *const none[] = {
		"", ".", "a..b", ".a", "-a.b", "a-.b", "a b.c", "*.a", "a.*", "10.0.0.1", "1",
		"a.7", "a.7.", "a/b", "@resolvers", "m\303\274nchen.de",
		"0123456789012345678901234567890123456789012345678901234567890123.a",
	};
	char plain[FWT_DNS_NAME_MAX + 1], text[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(is) / sizeof(*is); i++) {
		assert_null(fwt_dns_name(is[i].text, plain));
		assert_string_equal(plain, is[i].plain);
	}
	for (i = 0; i < sizeof(none) / sizeof(*none); i++)
		if (!fwt_dns_name(none[i], plain))
			fail_msg("'%s' is a name", none[i]);
	/* 253 letters are a name, with a dot behind them, too; 254 are none. */
	for (i = 0; i < 254; i++)
		text[i] = i % 2 ? '.' : 'a';
	text[253] = 0;
	assert_null(fwt_dns_name(text, plain));
	assert_int_equal(strlen(plain), 253);
	strcpy(text + 253, ".");
	assert_null(fwt_dns_name(text, plain));
	strcpy(text + 253, "b");
	assert_non_null(fwt_dns_name(text, NULL));
}

/* Policies */

struct made {
	struct fwt_diag diag;
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	struct fwt_program prog;
	int ret;
};

static void make(struct made *m, const char *text, const struct fwt_dns_book *book)
{
	struct fwt_compile_opts opts = { .prog = &m->prog, .book = book };

	memset(m, 0, sizeof(*m));
	fwt_diag_init(&m->diag);
	m->ast = fwt_parse_buffer("t", text, strlen(text), &m->diag, NULL);
	assert_non_null(m->ast);
	m->ret = fwt_compile(m->ast, &m->diag, &opts, &m->blob);
}

static void unmake(struct made *m)
{
	fwt_blob_free(&m->blob);
	fwt_diag_sources(&m->diag, NULL);
	fwt_ast_free(m->ast);
	fwt_diag_clean(&m->diag);
}

/* "a b c": what a set of the program has, in its order. */
static const char *set_of(const struct made *m, const char *name)
{
	static char buf[2000];
	u32 i, six, k;

	buf[0] = 0;
	for (i = 0; i < m->prog.n[FWT_SEC_OBJECTS]; i++) {
		const struct fwt_prog_object *o = &m->prog.object[i];
		struct fwt_set_shape shape;

		if (strcmp(fwt_program_string(&m->prog, o->name), name))
			continue;
		fwt_set_shape(o->param, &shape);
		for (six = 0; six < 2; six++) {
			u32 set = o->param[FWT_SETP_ELEMENTS4 + six];
			const u32 *at;
			char text[FWT_SET_TEXT];

			if (set == FWT_NONE)
				continue;
			at = m->prog.word + m->prog.set[set].data;
			for (k = 0; k < m->prog.set[set].count; k++, at += 2 * shape.words[six]) {
				fwt_set_elem_text(text, sizeof(text), o->param[FWT_SETP_TYPES],
						  shape.n, six, at, at + shape.words[six]);
				if (strlen(buf) + strlen(text) + 2 < sizeof(buf))
					sprintf(buf + strlen(buf), "%s%s", *buf ? "  " : "", text);
			}
		}
		return buf;
	}
	return "no such set";
}

static void book_add(struct fwt_dns_book *b, const char *name, const char *const *addrs)
{
	struct fwt_dns_entry *e = fwt_dns_entry(b, name);
	u8 bytes[16];

	assert_non_null(e);
	for (; *addrs; addrs++) {
		bool six = strchr(*addrs, ':');
		struct fwt_dns_addr a;

		assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, *addrs, bytes), 1);
		fwt_dns_addr_read(&a, six, bytes);
		assert_true(fwt_dns_add(e, &a));
	}
}

#define ADDRS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void test_sets(void **state)
{
	static const char policy[] =
		"define cdn = { CDN.example.org, 10.1.0.0/16 }\n"
		"set a : addr { elements = { $cdn, 10.0.0.1, \"0.b.example\" } }\n"
		"set b : addr . port { elements = { { cdn.example.org, 10.0.0.2 } . { 80, 81 } } }\n"
		"set c : addr . addr { elements = { cdn.example.org . 10.0.0.3, \"six\" . 10.0.0.4 } }\n"
		"set d : addr { max 3; elements = { 10.0.0.5, cdn.example.org } }\n"
		"set e : ifname { elements = { lan.x, \"a.b\" } }\n"
		"set f : addr { max 5; elements = { 192.0.2.2, 192.0.2.2, cdn.example.org, b.example } }\n"
		"ingress { saddr @a accept; saddr . dport @b accept; saddr . daddr @c accept\n"
		"saddr @d accept; saddr @f accept; iif @e accept\n"
		"daddr @resolvers accept; saddr $cdn . drop }\n";
	char good[sizeof(policy)];
	struct fwt_dns_book book;
	struct made m;

	(void)state;
	snprintf(good, sizeof(good), "%s", policy);
	strcpy(strstr(good, "saddr $cdn"), "drop }\n");
	fwt_dns_init(&book);
	make(&m, good, NULL);
	assert_int_equal(m.ret, 0);
	assert_string_equal(set_of(&m, "a"), "10.1.0.0/16  10.0.0.1");
	assert_string_equal(set_of(&m, "b"), "10.0.0.2 . 80  10.0.0.2 . 81");
	assert_string_equal(set_of(&m, "c"), "");
	assert_string_equal(set_of(&m, "e"), "lan.x  a.b");
	assert_string_equal(set_of(&m, "resolvers"), "");
	unmake(&m);
	book_add(&book, "cdn.example.org",
		 ADDRS("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"));
	book_add(&book, "six", ADDRS("2001:db8::6"));
	book_add(&book, "b.example", ADDRS("192.0.2.1", "192.0.2.3", "192.0.2.4"));
	book_add(&book, FWT_DNS_RESOLVERS, ADDRS("9.9.9.9"));
	make(&m, good, &book);
	assert_int_equal(m.ret, 0);
	assert_string_equal(set_of(&m, "a"),
			    "10.1.0.0/16  10.0.0.1  192.0.2.1  192.0.2.2  192.0.2.3  2001:db8::1");
	assert_non_null(strstr(set_of(&m, "b"), "192.0.2.3 . 81"));
	assert_non_null(strstr(set_of(&m, "b"), "2001:db8::1 . 80"));
	/* Of two families is nothing, and no error: names may be of either. */
	assert_string_equal(set_of(&m, "c"),
			    "192.0.2.1 . 10.0.0.3  192.0.2.2 . 10.0.0.3  192.0.2.3 . 10.0.0.3");
	assert_string_equal(set_of(&m, "d"), "10.0.0.5  192.0.2.1  192.0.2.2");
	/* What names have together takes room once, wherever it stands: all fits. */
	assert_string_equal(set_of(&m, "f"),
			    "192.0.2.2  192.0.2.1  192.0.2.3  192.0.2.4  2001:db8::1");
	assert_int_equal(m.diag.count, 1);
	assert_non_null(strstr(m.diag.entries[0].message, "no room"));
	assert_string_equal(set_of(&m, "resolvers"), "9.9.9.9");
	unmake(&m);
	fwt_dns_clean(&book);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		u32 column;
		const char *says;
	} bad[] = {
		{ "set a : addr { elements = { lan } }", 29, "'lan' is no address" },
		{ "set a : addr { elements = { \"*.b.c\" } }", 29, "each is written out" },
		{ "set a : addr { elements = { 10.0.0.1, a.b.7 } }", 39, "with a number" },
		{ "set a : addr . port { elements = { a..b . 80 } }", 36, "between two dots" },
		{ "set a : addr . port { elements = { a.b } }", 36, "has 1 part" },
		{ "set a : mac { elements = { a.b } }", 28, "takes a MAC address" },
		{ "set a : addr { elements = { \"@resolvers\" } }", 29, "letters, digits" },
		{ "ingress { saddr a.b accept; drop }", 17, "DNS names stand in sets" },
		{ "set resolvers : addr", 5, "'@resolvers' is" },
	};
	struct made m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct fwt_diag_entry *e;

		make(&m, bad[i].text, NULL);
		for (e = m.diag.entries; e < m.diag.entries + m.diag.count; e++)
			if (e->severity == FWT_ERROR)
				break;
		if (e == m.diag.entries + m.diag.count)
			fail_msg("%s: nothing is wrong", bad[i].text);
		if (e->column != bad[i].column || !strstr(e->message, bad[i].says))
			fail_msg("%s: %u: %s", bad[i].text, e->column, e->message);
		unmake(&m);
	}
}

/* The canonical text has the names, and reads back. */
static void test_print(void **state)
{
	static const char text[] =
		"set a : addr { elements = { 10.0.0.1, a.example } }\n"
		"ingress { saddr @a accept; saddr @resolvers accept; drop }\n";
	char *once, *twice;
	struct made m;
	size_t len;
	FILE *out;

	(void)state;
	make(&m, text, NULL);
	out = open_memstream(&once, &len);
	fwt_ast_print(out, m.ast);
	fclose(out);
	unmake(&m);
	assert_non_null(strstr(once, "a.example"));
	make(&m, once, NULL);
	assert_int_equal(m.ret, 0);
	out = open_memstream(&twice, &len);
	fwt_ast_print(out, m.ast);
	fclose(out);
	unmake(&m);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
}

/* States */

static bool holds(const struct fwt_dns_question *q, u32 n, u64 now)
{
	const struct fwt_dns_held *h = q->held.data;
	struct fwt_dns_addr a = addr(n);
	u32 i;

	for (i = 0; i < q->held.count; i++)
		if (h[i].until > now && !fwt_dns_addr_order(&h[i].addr, &a))
			return true;
	return false;
}

static void test_state(void **state)
{
	const struct fwt_dns_addr ab[] = { addr(4), addr(2), addr(4) }, c = addr(6);
	struct fwt_dns_state s = { 0 };
	struct fwt_dns_question *q;
	struct made m;

	(void)state;
	make(&m, "set a : addr { elements = { a.example } }\ningress { saddr @a accept; drop }",
	     NULL);
	assert_int_equal(fwt_dns_state_names(&s, m.ast), 0);
	q = s.first;
	assert_non_null(q->next);
	assert_null(q->next->next);
	assert_int_equal(fwt_dns_next(&s), 0);
	assert_false(fwt_dns_settled(&s, m.ast->sets, 1000));
	/* Each address once; asked again when the answer is too old, within bounds. */
	fwt_dns_answered(&s, q, 1000, FWT_DNS_ADDRESSES, ab, 3, 30000);
	assert_int_equal(q->held.count, 2);
	assert_int_equal(q->due, 31000);
	fwt_dns_answered(&s, q->next, 1000, FWT_DNS_NONE, NULL, 0, 0);
	assert_int_equal(q->next->due, 61000);
	assert_false(fwt_dns_settled(&s, m.ast->sets, 30999));
	assert_true(fwt_dns_settled(&s, m.ast->sets, 31000));
	/* No answer: it stays, and is asked more and more seldom. */
	fwt_dns_answered(&s, q, 31000, FWT_DNS_FAILED, NULL, 0, 0);
	assert_int_equal(q->due, 36000);
	fwt_dns_answered(&s, q, 36000, FWT_DNS_FAILED, NULL, 0, 0);
	assert_int_equal(q->due, 46000);
	for (int i = 0; i < 50; i++)
		fwt_dns_answered(&s, q, 50000, FWT_DNS_FAILED, NULL, 0, 0);
	assert_int_equal(q->due, 50000 + FWT_DNS_RETRY_MAX);
	assert_false(fwt_dns_expire(&s, 9000000));
	assert_true(holds(q, 2, 9000000) && holds(q, 4, 9000000));
	/* Another answer: those that are gone linger as long as their answer was good for. */
	fwt_dns_answered(&s, q, 100000, FWT_DNS_ADDRESSES, &c, 1, 0);
	assert_int_equal(q->due, 100000 + FWT_DNS_TTL_MIN);
	assert_true(holds(q, 6, 129999) && holds(q, 2, 129999) && !holds(q, 2, 130000));
	assert_int_equal(fwt_dns_next(&s), 61000);
	assert_true(fwt_dns_expire(&s, 130000));
	assert_int_equal(q->held.count, 1);
	/* One that comes back does not go. */
	fwt_dns_answered(&s, q, 130000, FWT_DNS_ADDRESSES, ab, 1, 1);
	fwt_dns_answered(&s, q, 131000, FWT_DNS_ADDRESSES, &c, 1, 1);
	assert_true(holds(q, 6, 9000000) && holds(q, 4, 131000) && !holds(q, 4, 136000));
	/* Nothing: for a while as before, by however many answers it is said. */
	fwt_dns_answered(&s, q, 140000, FWT_DNS_NONE, NULL, 0, 0);
	fwt_dns_answered(&s, q, 200000, FWT_DNS_NONE, NULL, 0, 0);
	fwt_dns_expire(&s, 140000 + FWT_DNS_KEEP - 1);
	assert_int_equal(q->held.count, 1);
	fwt_dns_expire(&s, 140000 + FWT_DNS_KEEP);
	assert_int_equal(q->held.count, 0);
	/* One such answer and silence: nobody said again that there is none. */
	fwt_dns_answered(&s, q, 800000, FWT_DNS_ADDRESSES, &c, 1, 30000);
	fwt_dns_answered(&s, q, 830000, FWT_DNS_NONE, NULL, 0, 0);
	for (int i = 1; i <= 10; i++)
		fwt_dns_answered(&s, q, 830000 + i * 60000, FWT_DNS_FAILED, NULL, 0, 0);
	assert_false(fwt_dns_expire(&s, 830000 + FWT_DNS_KEEP + 60000));
	assert_int_equal(q->held.count, 1);
	/* Then it begins anew. */
	fwt_dns_answered(&s, q, 1500000, FWT_DNS_NONE, NULL, 0, 0);
	assert_false(fwt_dns_expire(&s, 1500000 + FWT_DNS_KEEP - 1));
	assert_true(fwt_dns_expire(&s, 1500000 + FWT_DNS_KEEP));
	/* Far away is not for ever. */
	fwt_dns_answered(&s, q, 1000000, FWT_DNS_ADDRESSES, &c, 1, UINT32_MAX);
	assert_int_equal(q->due, 1000000 + FWT_DNS_TTL_MAX);
	/* Another policy with the name goes on with what is known; without it, no more. */
	assert_int_equal(fwt_dns_state_names(&s, m.ast), 0);
	assert_ptr_equal(s.first, q);
	assert_int_equal(q->held.count, 1);
	/* Once: an answer is all there is. */
	s.once = true;
	fwt_dns_answered(&s, q, 1000000, FWT_DNS_ADDRESSES, ab, 3, 1);
	assert_int_equal(q->held.count, 2);
	fwt_dns_answered(&s, q, 1000000, FWT_DNS_NONE, NULL, 0, 0);
	assert_int_equal(q->held.count, 0);
	assert_int_equal(fwt_dns_state_names(&s, NULL), 0);
	assert_null(s.first);
	fwt_dns_state_clean(&s);
	unmake(&m);
}

static void test_many(void **state)
{
	struct fwt_dns_addr *a = calloc(2000, sizeof(*a)), swap;
	struct fwt_dns_question q = { .name = "x", .held.size = sizeof(struct fwt_dns_held) };
	struct fwt_dns_state s = { .first = &q };
	u32 i, k;

	(void)state;
	for (i = 0; i < 2000; i++)
		a[i] = addr(2 * (i % 1000));
	for (i = 0; i < 2000; i++) {
		k = (u32)rand() % 2000;
		swap = a[i];
		a[i] = a[k];
		a[k] = swap;
	}
	fwt_dns_answered(&s, &q, 1, FWT_DNS_ADDRESSES, a, 2000, 1);
	assert_int_equal(q.held.count, FWT_DNS_ADDRS_MAX);
	assert_int_equal(q.over, 1000 - FWT_DNS_ADDRS_MAX);
	for (i = 0; i < FWT_DNS_ADDRS_MAX; i++)
		assert_true(holds(&q, 2 * i, 1));
	free(q.held.data);
	free(a);
}

/* So many names that each can't be held against each: that would take minutes. */
#define NAMES	50000

static void test_thousands(void **state)
{
	struct fwt_dns_state s = { 0 };
	struct fwt_dns_question *q;
	struct fwt_dns_book book;
	char *text = NULL, name[20];
	struct made m;
	size_t len;
	FILE *out;
	u32 i;

	(void)state;
	alarm(60);
	out = open_memstream(&text, &len);
	assert_non_null(out);
	fprintf(out, "set a : addr { elements = { n0.example");
	for (i = 1; i < NAMES; i++)
		fprintf(out, ", n%u.example", i);
	fprintf(out, " } }\ningress { saddr @a accept; drop }");
	fclose(out);
	make(&m, text, NULL);
	assert_int_equal(m.ret, 0);
	assert_int_equal(fwt_dns_state_names(&s, m.ast), 0);
	assert_int_equal(fwt_dns_state_names(&s, m.ast), 0);
	/* Of each both families, in the order of the text. */
	for (q = s.first, i = 0; q; q = q->next, i++) {
		snprintf(name, sizeof(name), "n%u.example", i / 2);
		assert_string_equal(q->name, name);
		assert_int_equal(q->six, i & 1);
		fwt_dns_answered(&s, q, 1, FWT_DNS_NONE, NULL, 0, 0);
	}
	assert_int_equal(i, 2 * NAMES);
	assert_false(fwt_dns_settled(&s, m.ast->sets, FWT_DNS_KEEP));
	assert_true(fwt_dns_settled(&s, m.ast->sets, FWT_DNS_KEEP + 1));
	assert_true(fwt_dns_state_book(&s, &book));
	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "N%u.example.", i);
		assert_non_null(fwt_dns_find(&book, name));
	}
	assert_null(fwt_dns_find(&book, "n.example"));
	fwt_dns_clean(&book);
	fwt_dns_state_clean(&s);
	unmake(&m);
	free(text);
	alarm(0);
}

/* A name with answers at random, against what the essay says of each address alone. */
static void test_state_twin(void **state)
{
	struct fwt_dns_question q = { .name = "x", .held.size = sizeof(struct fwt_dns_held) };
	struct fwt_dns_state s = { .first = &q };
	u64 now = 1, ttl = 0, none_since = 0;
	u64 until[32] = { 0 };	/* when it goes; UINT64_MAX: in the last answer */
	bool last[32] = { false };	/* the last addresses had it, and it is there */
	u32 round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct fwt_dns_addr a[40];
		u32 in = 0, n = 0, kind = (u32)rand() % 10;

		now += (u64)rand() % 20000;
		fwt_dns_expire(&s, now);
		for (i = 0; i < 32; i++)
			if (until[i] <= now)
				until[i] = 0;
		for (i = 0; i < 32; i++)
			last[i] &= until[i] != 0;
		if (kind < 2) {
			fwt_dns_answered(&s, &q, now, FWT_DNS_FAILED, NULL, 0, 0);
			none_since = 0;
			for (i = 0; i < 32; i++)
				if (last[i])
					until[i] = UINT64_MAX;
		} else if (kind < 4) {
			fwt_dns_answered(&s, &q, now, FWT_DNS_NONE, NULL, 0, 0);
			none_since = none_since ? none_since : now;
			for (i = 0; i < 32; i++)
				if (until[i] == UINT64_MAX)
					until[i] = none_since + FWT_DNS_KEEP;
		} else {
			u64 next = (u64)rand() % 400000;

			for (i = 0; i < 32; i++)
				if (!(rand() % 4))
					in |= 1u << i;
			for (i = 0; i < 32; i++)
				if (in & 1u << i)
					a[n++] = addr(i);
			fwt_dns_answered(&s, &q, now, FWT_DNS_ADDRESSES, a, n, next);
			for (i = 0; i < 32; i++) {
				last[i] = in & 1u << i;
				if (last[i])
					until[i] = UINT64_MAX;
				else if (until[i] == UINT64_MAX)
					until[i] = now + (ttl > 300000 ? 300000 : ttl);
			}
			ttl = next < 5000 ? 5000 : next;
			none_since = 0;
		}
		for (i = 0; i < 32; i++)
			if (holds(&q, i, now) != (until[i] > now))
				fail_msg("round %u: address %u", round, i);
	}
	free(q.held.data);
}

/* Plans */

static void elem(struct fwt_vec *v, u32 n)
{
	const u32 low[4] = { n };

	assert_true(fwt_dns_elem_add(v, n & 1, low, low, n & 1 ? 4 : 1));
}

static bool listed(const struct fwt_vec *v, u32 n)
{
	const struct fwt_dns_elem *e = v->data;
	u32 i, found = 0;

	for (i = 0; i < v->count; i++)
		found += e[i].low[0] == n;
	assert_true(found < 2);
	return found;
}

static void test_plan(void **state)
{
	u32 round, i;

	(void)state;
	for (round = 0; round < 5000; round++) {
		struct fwt_vec now = { 0 }, written = { 0 }, all = { 0 }, ours = { 0 };
		bool known = rand() % 2;
		struct fwt_dns_plan p;
		u32 in[24];

		fwt_dns_plan_init(&p);
		for (i = 24; i--;) {
			in[i] = (u32)rand() % 16;
			if (in[i] & 1)
				elem(&now, i);
			if (in[i] & 2)
				elem(&written, i);
			if (in[i] & 6)
				elem(&all, i);
			if (in[i] & 6 && !(rand() % 3))
				elem(&all, i);
			if (in[i] & 8)
				elem(&ours, i);
		}
		assert_true(fwt_dns_plan(&p, &now, &written, &all, known ? NULL : &ours));
		for (i = 0; i < 24; i++) {
			bool there = in[i] & 1, wrote = in[i] & 2, name = in[i] & 4;

			assert_int_equal(listed(&p.add, i), name && !wrote && !there);
			assert_int_equal(listed(&p.del, i), there && !wrote && !name &&
					 (known || in[i] & 8));
		}
		fwt_dns_plan_clean(&p);
		free(now.data);
		free(written.data);
		free(all.data);
		free(ours.data);
	}
}

/* The machine's servers */

static void write_to(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static const char *conf(const char *etc, const char *real)
{
	char dir[] = "/tmp/fwtree-dns-XXXXXX", a[64], b[64], text[INET6_ADDRSTRLEN];
	static char buf[500];
	struct fwt_vec v = { 0 };
	u32 i;
	int ret;

	assert_non_null(mkdtemp(dir));
	snprintf(a, sizeof(a), "%s/a", dir);
	snprintf(b, sizeof(b), "%s/b", dir);
	if (etc)
		write_to(a, etc);
	if (real)
		write_to(b, real);
	ret = fwt_dns_conf(a, b, &v);
	snprintf(buf, sizeof(buf), "%d", ret);
	for (i = 0; i < v.count; i++)
		sprintf(buf + strlen(buf), " %s",
			fwt_dns_addr_text(text, (struct fwt_dns_addr *)v.data + i));
	free(v.data);
	unlink(a);
	unlink(b);
	rmdir(dir);
	return buf;
}

static void test_conf(void **state)
{
	(void)state;
	assert_string_equal(conf("# x\nsearch a.b\nnameserver 192.0.2.1\n"
				 "nameserver\t2001:db8::1\r\n"
				 "nameserver fe80::1%eth0\nnameserver x\n"
				 "nameservers 192.0.2.9\n", NULL),
			    "0 192.0.2.1 2001:db8::1 fe80::1");
	assert_string_equal(conf("nameserver 127.0.0.53\n",
				 "nameserver 192.0.2.1\nnameserver 192.0.2.2\n"),
			    "0 192.0.2.1 192.0.2.2");
	/* A resolver of one's own is no stub; nor is one stub all there is. */
	assert_string_equal(conf("nameserver 127.0.0.1\n", "nameserver 192.0.2.1\n"),
			    "0 127.0.0.1");
	assert_string_equal(conf("nameserver 127.0.0.53\nnameserver 192.0.2.7\n",
				 "nameserver 192.0.2.1\n"),
			    "0 127.0.0.53 192.0.2.7");
	assert_string_equal(conf("nameserver 127.0.0.53\n", NULL), "0 127.0.0.53");
	assert_string_equal(conf("nameserver 127.0.0.53\n", "# nothing\n"), "0 127.0.0.53");
	assert_string_equal(conf("# nothing\n", NULL), "-2");
	assert_string_equal(conf(NULL, NULL), "-2");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_thousands),
		cmocka_unit_test(test_state_twin),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_conf),
	};

	srand(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
