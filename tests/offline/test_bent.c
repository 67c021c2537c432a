// SPDX-License-Identifier: GPL-2.0
/* A program that is bent in any one place is refused, with a word, or walked safely. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bpf.h"
#include "made.h"
#include "sema_sample.h"

static const char sample[] =
	"set ports : addr . port { elements = { 10.0.0.1 . 80, 10.1.0.0/16 . 1-9, fd00::1 . 5 } }\n"
	"option conn-max 1000\n"
	"pool p { scheduler least-conn; health passive; 10.0.0.1:80 weight 3; 10.0.0.2; fd00::1 }\n"
	"ingress {\n\tiif { lo, wg* } accept\n\tsaddr { 10.0.0.0/8, fd00::/8 } log \"x\" count c call t\n"
	"\tsaddr . dport @ports set mark 7\n\tdaddr addr(eth0) sport == dport drop\n"
	"\tselect protocol . dport {\n\t\ttcp . 22 -> drop id ssh\n\t\tudp . { 53, 60-70 } -> goto u\n"
	"\t\tdefault -> mark & 0xf == 3 accept\n\t}\n"
	"\tudp dport 4501 queue 3 bypass\n\tudp dport 4500 notrack accept\n\tct mark 3 set ct mark mark set mark ct mark\n"
	"\tct original daddr 10.0.0.1 ct direction original set dscp ef set ttl 9 set mss 99 mss clamp\n"
	"\tdport 8000-8010 dnat to 10.0.0.5:4000-4010 accept\n"
	"\tudp dport 11 balance @p or reject with admin-prohibited accept\n"
	"\tudp dport 9-10 balance @p persistent accept\n\treject\n}\n"
	"egress {\n\toif eth0 masquerade accept\n\tuid 5 cgroup 4294967301 drop\n\tcall t\n\tdrop\n}\n"
	"ingress device eth0, eth1 {\n\tether type arp set vlan 3 accept\n\tcall t\n\tcall b\n\tdrop\n}\n"
	"tree t {\n\tselect ttl {\n\t\t1-9 -> return\n\t\t5-20 -> drop\n\t}\n}\n"
	"tree b {\n\tbpf \"udp[8:2] / 3 > udp[9] and ip[6:2] & 0x1fff = 0\" drop\n}\n"
	"tree u {\n\troute reverse != iif drop\n\troute nexthop { none, 10.0.0.0/8 } accept\n\tcall b\n"
	"\tnot { fragment daddr != 10.0.0.9 } drop\n\taccept\n}\n";

static bool no_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
		      const u32 *addr, bool subnet)
{
	(void)env;
	(void)subnet;
	return (strlen(ifname) + family + addr[0]) & 1;
}

static bool some_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	memset(addr, 0, 16);
	addr[0] = p->family;
	return true;
}

static bool some_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	(void)ifname;
	return some_source(env, p, addr);
}

static void some_route(const struct fwt_env *env, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	r->type = (u8)((env->seed + what) % __FWT_ROUTE_MAX);
	snprintf(r->oif, sizeof(r->oif), "eth%u", p->daddr[0] & 1);
	r->nexthop[0] = p->daddr[0];
}

static int some_owner(const struct fwt_env *env, unsigned int field, u32 *out)
{
	out[0] = 1;
	out[1] = env->seed;
	return field == FWT_FIELD_CGROUP ? 2 : 1;
}

/* Instructions that the verifier let by are run: libpcap aborts at what it does not
 * know, and reads what it is told to.
 */
static bool some_filter(const struct fwt_env *env, const struct fwt_packet *p,
			const struct fwt_program *prog, u32 filter)
{
	u8 *bytes = malloc(60);
	bool yes;
	u32 i;

	assert_non_null(bytes);
	for (i = 0; i < 60; i++)
		bytes[i] = (u8)(i * 7 + env->seed + p->ttl);
	bytes[0] = 0x45;
	yes = fwt_filter_run(prog, filter, bytes, 60);
	free(bytes);
	return yes;
}

static void count_step(void *ctx, const struct fwt_walk_step *s)
{
	(void)s;
	(*(u64 *)ctx)++;
}

#define N_PACKETS 12

static u64 walk_all(const struct fwt_program *prog, const struct fwt_packet *packets)
{
	static const struct fwt_env_ops ops = {
		.ifaddr = no_ifaddr, .source = some_source, .local = some_local,
		.route = some_route, .owner = some_owner, .filter = some_filter,
	};
	struct fwt_rlu rlu;
	struct fwt_env env = { .ops = &ops, .rlu = &rlu };
	struct fwt_decision d;
	u64 walks = 0, steps;
	u32 h, i;

	for (h = 0; h < prog->n[FWT_SEC_HOOKS]; h++)
		for (i = 0; i < N_PACKETS; i++) {
			struct fwt_packet p = packets[i];

			p.hook = prog->hook[h].hook;
			env.seed = i;
			steps = 0;
			fwt_walk_traced(prog, prog->hook[h].root, &p, &env, &d, count_step,
					&steps);
			assert_true(steps <= prog->steps_max);
			walks++;
		}
	return walks;
}

static void bend(void *copy, const struct made *m, u32 at, u32 width, u64 value,
		 const struct fwt_packet *packets, u64 accepted[2])
{
	struct fwt_verify_error err;
	struct fwt_program prog;
	size_t size;
	void *scratch;

	memcpy(copy, m->blob.data, m->blob.len);
	memcpy((u8 *)copy + at, &value, width);
	size = fwt_verify_scratch(copy, m->blob.len);
	assert_true(size <= 4 * m->blob.len);
	scratch = malloc(size ? size : 1);
	assert_non_null(scratch);
	accepted[1]++;
	if (!fwt_verify(copy, m->blob.len, scratch, &prog, &err)) {
		walk_all(&prog, packets);
		accepted[0]++;
	} else {
		assert_true(memchr(err.text, 0, sizeof(err.text)) && err.text[0]);
	}
	free(scratch);
}

/* R30: each byte from @at to @end becomes what it should not be. */
static void bend_all(void *copy, const struct made *m, u32 at, u32 end,
		     const struct fwt_packet *packets, u64 accepted[2])
{
	const struct fwt_prog_hdr *hdr = m->blob.data;
	u32 i;

	for (; at < end; at++) {
		u32 word = 0, n = hdr->sec[FWT_SEC_NODES].count;
		const u32 nasty[] = {
			0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, n, n - 1,
			hdr->sec[FWT_SEC_TESTS].count, hdr->sec[FWT_SEC_SETS].count,
			hdr->sec[FWT_SEC_SETS].count - 1, hdr->sec[FWT_SEC_WORDS].count,
			hdr->sec[FWT_SEC_WORDS].count - 1, hdr->sec[FWT_SEC_RULES].count,
			hdr->sec[FWT_SEC_MODS].count, hdr->sec[FWT_SEC_STRINGS].count,
			FWT_PROGRAM_SIZE_MAX, at / 4, 8, 16, 20, 21,
			FWT_CUT_LEAF << FWT_CUT_SHIFT | 3, 4u << FWT_CUT_SHIFT | 2,
			hdr->sec[FWT_SEC_CUTS].count, hdr->sec[FWT_SEC_BOXES].count,
			hdr->sec[FWT_SEC_TREES].count,
		};
		const u8 bytes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 21, 43, 44, 127, 255 };

		for (i = 0; i < ARRAY_SIZE(bytes); i++)
			bend(copy, m, at, 1, bytes[i], packets, accepted);
		if (at % 4)
			continue;
		memcpy(&word, (u8 *)m->blob.data + at, 4);
		for (i = 0; i < ARRAY_SIZE(nasty); i++)
			bend(copy, m, at, 4, nasty[i], packets, accepted);
		bend(copy, m, at, 4, word + 1, packets, accepted);
		bend(copy, m, at, 4, word - 1, packets, accepted);
	}
}

/* Once rule by rule, once with all that can be one as a forest. */
static void test_bent(void **state)
{
	struct fwt_packet packets[N_PACKETS];
	struct fwt_sampler sampler;
	const struct fwt_prog_hdr *hdr;
	struct made m;
	void *copy;
	u32 n, i;

	(void)state;
	for (n = 0; n < 2; n++) {
		u32 forest_min = n ? 2 : FWT_NONE;
		u64 accepted[2] = { 0 };

		made_with(&m, sample, forest_min);
		assert_int_equal(m.ret, 0);
		assert_int_equal(!m.prog.n[FWT_SEC_FORESTS], !n);
		assert_int_equal(fwt_sampler_init(&sampler, m.ast, 3), 0);
		copy = malloc(m.blob.len);
		assert_non_null(copy);
		for (i = 0; i < N_PACKETS; i++) {
			fwt_sampler_packet(&sampler, m.ast->hooks, &packets[i]);
			packets[i].iif = i & 1 ? "lo" : "eth0";
			packets[i].oif = i & 2 ? "wg7" : NULL;
		}
		assert_int_equal(walk_all(&m.prog, packets), 4 * N_PACKETS);
		hdr = m.blob.data;
		bend_all(copy, &m, 0, hdr->sec[FWT_SEC_STRINGS].off, packets, accepted);
		if (n)
			bend_all(copy, &m, hdr->sec[FWT_SEC_FORESTS].off, (u32)m.blob.len,
				 packets, accepted);
		printf("%llu bent programs, %llu of them accepted and walked\n",
		       (unsigned long long)accepted[1], (unsigned long long)accepted[0]);
		free(copy);
		fwt_sampler_clean(&sampler);
		made_clean(&m);
	}
}

/* Names: a program with other strings behind all that it has. */
struct named {
	struct made m;
	void *data;
	u32 len;
	u32 text;	/* where they are, among STRINGS */
};

static struct fwt_prog_hdr *named(struct named *n, const char *policy, u32 letters)
{
	struct fwt_prog_hdr *hdr;
	u32 had, at;
	char *s;

	made_with(&n->m, policy, 0);
	assert_int_equal(n->m.ret, 0);
	hdr = n->m.blob.data;
	had = hdr->sec[FWT_SEC_STRINGS].count;
	at = ((u32)n->m.blob.len + 7) & ~7u;
	n->len = at + had + letters + 1;
	n->data = calloc(1, n->len);
	assert_non_null(n->data);
	memcpy(n->data, n->m.blob.data, n->m.blob.len);
	s = (char *)n->data + at;
	memcpy(s, (char *)n->m.blob.data + hdr->sec[FWT_SEC_STRINGS].off, had);
	memset(s + had, 'x', letters);
	hdr = n->data;
	hdr->sec[FWT_SEC_STRINGS].off = at;
	hdr->sec[FWT_SEC_STRINGS].count = had + letters + 1;
	hdr->len = n->len;
	n->text = had;
	return hdr;
}

static int verified(struct named *n, struct fwt_verify_error *err)
{
	size_t size = fwt_verify_scratch(n->data, n->len);
	void *scratch = malloc(size ? size : 1);
	struct fwt_program prog;
	int ret;

	assert_non_null(scratch);
	ret = fwt_verify(n->data, n->len, scratch, &prog, err);
	free(scratch);
	free(n->data);
	made_clean(&n->m);
	return ret;
}

static void *element(struct fwt_prog_hdr *hdr, u32 section, u32 i)
{
	assert_in_range(i + 1, 1, hdr->sec[section].count);
	return (u8 *)hdr + hdr->sec[section].off + i * fwt_section_size[section];
}

#define FILTER(rule) "ingress {\n" rule "\ndrop\n}\n"

static void a_name(u32 letters, int is, const char *says)
{
	struct fwt_verify_error err;
	struct named n;
	u32 k;

	for (k = 0; k < 4; k++) {
		static const char *const policy[] = {
			FILTER("daddr addr(eth0) accept"), FILTER("daddr net(eth0) accept"),
			FILTER("dport 1 dnat to addr(eth0) accept"),
			"ingress device eth0 { drop }\n",
		};
		struct fwt_prog_hdr *hdr = named(&n, policy[k], letters);
		struct fwt_prog_test *t;
		struct fwt_prog_mod *m;
		u32 i;

		if (k < 2)
			for (i = 0; i < hdr->sec[FWT_SEC_TESTS].count; i++) {
				t = element(hdr, FWT_SEC_TESTS, i);
				if (t->op == FWT_TEST_IFADDR || t->op == FWT_TEST_IFNET)
					t->set[0] = n.text;
			}
		m = k == 2 ? element(hdr, FWT_SEC_MODS, 0) : NULL;
		if (m)
			m->addr_lo[0] = n.text;
		if (k == 3)
			((struct fwt_prog_hook *)element(hdr, FWT_SEC_HOOKS, 0))->dev = n.text;
		assert_int_equal(verified(&n, &err), is);
		if (is)
			assert_non_null(strstr(err.text, k == 3 ? "has no device" : says));
	}
}

static void many_devices(void)
{
	struct made m;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	u32 i;

	assert_non_null(out);
	fputs("ingress device", out);
	for (i = 0; i < FWT_DEVICES_MAX; i++)
		fprintf(out, "%s device-%08u", i ? "," : "", i);
	fputs(" {\n\ttcp dport 22 accept\n\tdrop\n}\n", out);
	assert_int_equal(fclose(out), 0);
	made_with(&m, text, 0);
	assert_int_equal(m.ret, 0);
	made_clean(&m);
	free(text);
}

/* What is hashed, copied and compared with locks held: as long as it may be, and longer. */
static void short_names(void)
{
	static const struct {
		u32 section;
		size_t at;
		u32 most;
		const char *says;
	} name[] = {
		{ FWT_SEC_RULES, offsetof(struct fwt_prog_rule, id), FWT_NAME_MAX,
		  "rule 0: its id is too long" },
		{ FWT_SEC_COUNTERS, 0, FWT_NAME_MAX, "counter 0: its name is too long" },
		{ FWT_SEC_OBJECTS, offsetof(struct fwt_prog_object, name), FWT_NAME_MAX,
		  "object 0: its name is too long" },
		{ FWT_SEC_FILES, offsetof(struct fwt_prog_file, name), FWT_FILE_NAME_MAX,
		  "file 0: its name is too long" },
	};
	struct fwt_verify_error err;
	struct fwt_prog_hdr *hdr;
	struct named n;
	u32 k, more;

	for (k = 0; k < ARRAY_SIZE(name); k++)
		for (more = 0; more < 2; more++) {
			hdr = named(&n, "set s : addr\n" FILTER("saddr @s count c accept id one"),
				    name[k].most + more);
			memcpy((u8 *)element(hdr, name[k].section, 0) + name[k].at, &n.text,
			       sizeof(n.text));
			assert_int_equal(verified(&n, &err), more ? -E2BIG : 0);
			assert_true(!more || !strcmp(err.text, name[k].says));
		}
}

/* As many elements of a section as there may be, each all zeroes, and one more: where the
 * names were, of which the first is no longer than one letter.
 */
static void many(u32 section, u32 most, const char *says)
{
	u32 size = fwt_section_size[section], more;
	struct fwt_verify_error err;
	struct fwt_prog_hdr *hdr;
	struct named n;
	u8 *to;

	for (more = 0; more < 2; more++) {
		hdr = named(&n, FILTER("accept"), (most + more) * size + 8);
		to = (u8 *)n.data + ((hdr->sec[FWT_SEC_STRINGS].off + n.text + 7) & ~7u);
		hdr->sec[FWT_SEC_STRINGS].count = n.text;
		hdr->sec[section].off = (u32)(to - (u8 *)n.data);
		hdr->sec[section].count = most + more;
		memset(to, 0, (size_t)(most + more) * size);
		assert_int_equal(verified(&n, &err), more ? -E2BIG : 0);
		assert_true(!more || strstr(err.text, says));
	}
}

/* R30: what is looked at again and again, to its end, is short. */
static void test_names(void **state)
{
	struct fwt_verify_error err;
	struct fwt_prog_hdr *hdr;
	struct named n;
	u32 letters;

	(void)state;
	a_name(1, 0, NULL);
	a_name(FWT_IFNAME_PATTERN_MAX, 0, NULL);
	a_name(FWT_IFNAME_PATTERN_MAX + 1, -EINVAL, "no interface name");
	a_name(FWT_STRING_MAX, -EINVAL, "no interface name");
	for (letters = FWT_GROUP_PREFIX_MAX; letters < FWT_GROUP_PREFIX_MAX + 2; letters++) {
		hdr = named(&n, FILTER("log \"x\" group 3"), letters);
		((struct fwt_prog_mod *)element(hdr, FWT_SEC_MODS, 0))->a = n.text;
		assert_int_equal(verified(&n, &err),
				 letters > FWT_GROUP_PREFIX_MAX ? -EINVAL : 0);
	}
	for (letters = FWT_STRING_MAX; letters < FWT_STRING_MAX + 2; letters++) {
		hdr = named(&n, FILTER("dport 1 accept id one"), letters);
		((struct fwt_prog_rule *)element(hdr, FWT_SEC_RULES, 0))->tree = n.text;
		assert_int_equal(verified(&n, &err), letters > FWT_STRING_MAX ? -E2BIG : 0);
	}
	assert_non_null(strstr(err.text, "is too long"));
	short_names();
	/* As long as any that is made: the title of a tree of a thousand devices. */
	many_devices();
	/* More files than any policy has, and more counters. */
	many(FWT_SEC_FILES, FWT_FILES_MAX, "too many files");
	many(FWT_SEC_COUNTERS, FWT_COUNTERS_MAX, "too many counters");
}

/* Sections that lie over one another: of a short program very much could be said. */
static void test_overlap(void **state)
{
	static const u32 twice[] = { FWT_SEC_NODES, FWT_SEC_FORESTS };
	struct fwt_verify_error err;
	struct fwt_prog_hdr *hdr;
	struct named n;
	u32 i, k;

	(void)state;
	for (k = 0; k < 3; k++) {
		hdr = named(&n, FILTER("accept"), 10000);
		for (i = 0; i < k; i++) {
			hdr->sec[twice[i]].off = (hdr->sec[FWT_SEC_STRINGS].off + 7) & ~7u;
			hdr->sec[twice[i]].count = 9000 / fwt_section_size[twice[i]];
		}
		hdr->sec[FWT_SEC_STRINGS].count = n.text;
		/* One fits, where the names were: it is what it holds that is wrong. */
		assert_int_equal(!!fwt_verify_scratch(n.data, n.len), k < 2);
		assert_int_equal(verified(&n, &err), k == 2 ? -EINVAL : k ? -EOPNOTSUPP : 0);
		assert_int_equal(k && strstr(err.text, "sections overlap"), k == 2);
	}
}

static u32 steps_of(const char *hook, const char *rule)
{
	struct made m;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	u32 i, steps;

	assert_non_null(out);
	fprintf(out, "%s {\n", hook);
	for (i = 0; i < FWT_EFFECTS_MAX; i++)
		fprintf(out, "\tmark %u %s\n", i, rule);
	fputs("\taccept\n}\n", out);
	assert_int_equal(fclose(out), 0);
	made_with(&m, text, FWT_NONE);
	assert_int_equal(m.ret, 0);
	steps = m.prog.steps_max;
	made_clean(&m);
	free(text);
	return steps;
}

/* What asks an interface for its address is no step like others. */
static void test_asks(void **state)
{
	(void)state;
	assert_true(steps_of("ingress", "dnat to 10.0.0.1") < FWT_EFFECTS_MAX * 10);
	assert_true(steps_of("egress", "masquerade") >= FWT_EFFECTS_MAX * 32);
	assert_true(steps_of("egress", "snat to addr(eth0)") >= FWT_EFFECTS_MAX * 32);
	assert_true(steps_of("ingress", "dnat to addr(eth0)") >= FWT_EFFECTS_MAX * 32);
	assert_true(steps_of("ingress", "redirect") >= FWT_EFFECTS_MAX * 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bent),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
