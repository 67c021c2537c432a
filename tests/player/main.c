// SPDX-License-Identifier: GPL-2.0
/*
 * Plays cases of packets through the module, in a guest.
 *
 *	player FILE...		.vec and .pkt; prints TAP, a test a case
 *
 *	  ours ──── cli  gw  srv ──── ours
 *
 * The namespaces gw, loose, set and adopt are there (tests/net/packets.sh). Every
 * case is played in several ways at once, by runs with addresses of their own:
 * both families, with and without translation. In each round every run that is
 * due sends one packet. What comes out on the other side is held against the
 * packet as it is to be, in every byte; then the entries are listed, once for
 * all, and each is held against what it is to be: state, time left, ends, counts.
 * Counters of drops are added up over a round.
 *
 * Where time travels, waiting costs nothing, and no time goes by but in waiting:
 * cases that wait are played then, and each entry that a case leaves behind is
 * looked at one second before its end, and one second after.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>

#include "run.h"
#include "wire.h"

#define RUNS_MAX	6000
#define SECOND		1000
#define LINES_MAX	16	/* of cases that are played on slow kernels */
#define GRID		250	/* so that what is due at about the same time is one round */

static struct test_case *cases[600];
static unsigned int n_cases;
static struct run *runs;
static unsigned int n_runs;
static struct wire wires[__GW_MAX];
static bool gw_used[__GW_MAX];
static unsigned int rounds;
static u64 counted[__GW_MAX][__FWT_REASON_MAX];
static u64 wanted[__GW_MAX][__FWT_REASON_MAX];
static bool travel;
static unsigned int failures;
static struct pkt built;
static u8 got[WIRE_MTU + 1];

static const struct way ways[] = {
	{ "ipv4", GW_PLAIN, 4, false, false },
	{ "ipv4 snat", GW_PLAIN, 4, true, false },
	{ "ipv4 dnat", GW_PLAIN, 4, false, true },
	{ "ipv4 snat dnat", GW_PLAIN, 4, true, true },
	{ "ipv6", GW_PLAIN, 6, false, false },
	{ "ipv6 snat", GW_PLAIN, 6, true, false },
	{ "ipv6 dnat", GW_PLAIN, 6, false, true },
	{ "ipv6 snat dnat", GW_PLAIN, 6, true, true },
	{ "ipv4 loose", GW_LOOSE, 4, false, false },
	{ "ipv6 loose", GW_LOOSE, 6, false, false },
	{ "ipv4 set", GW_SET, 4, false, false },
	{ "ipv6 set snat dnat", GW_SET, 6, true, true },
	{ "ipv4 adopt", GW_ADOPT, 4, false, false },
	{ "ipv6 adopt", GW_ADOPT, 6, false, false },
};

/* Failures */

static void __printf(2, 3) fail(struct run *r, const char *format, ...)
{
	const struct line *l = &r->c->line[min(r->next, r->c->n - 1)];
	va_list ap;

	if (!r->failed)
		failures++;
	printf("# %s:%u: %s, %s%s: ", r->c->file, l->number, r->c->name, r->way->name,
	       r->phase == PHASE_LINES ? "" : ", at its end");
	r->failed = true;
	r->phase = PHASE_DONE;
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

static void dump(const char *what, const u8 *data, u32 len)
{
	u32 i;

	printf("#   %s (%u):", what, len);
	for (i = 0; i < len && i < 160; i++)
		printf("%s%02x", i % 4 ? "" : " ", data[i]);
	putchar('\n');
}

/* One round: packets */

static bool same_packet(struct run *r, const u8 *data, u32 len)
{
	u32 i;

	if (len == built.len && !memcmp(data, built.data, len))
		return true;
	for (i = 0; i < len && i < built.len && data[i] == built.data[i]; i++)
		;
	fail(r, "what left differs from byte %u on", i);
	dump("got ", data, len);
	dump("want", built.data, built.len);
	return false;
}

static void count_drop(struct run *r, enum fwt_reason reason)
{
	if (reason)
		wanted[r->way->gw][reason]++;
}

static u16 sum_off(const struct pkt_spec *s)
{
	return s->protocol == 6 ? 16 : 6;
}

/*
 * A sum left to the device is completed by the kernel, which writes a computed 0
 * as 0xffff whatever the protocol: one of 65,536 runs, as the port chosen is.
 */
static void as_completed(const struct pkt_spec *s)
{
	u8 *sum = built.data + built.l4 + sum_off(s);

	if (!sum[0] && !sum[1])
		memset(sum, 0xff, 2);
}

/* Sends it, and holds what leaves against what is to; false if that failed. */
static bool send_line(struct run *r, const struct line *l, struct two_sides *t)
{
	struct wire *w = &wires[r->way->gw];
	bool pass = l->out == OUT_PASS;
	int n;

	run_build(r, &t->in, &built, l->bad_sum);
	if (!wire_send(w, l->dir, built.data, built.len,
		       t->in.partial ? (u16)built.l4 : 0, sum_off(&t->in))) {
		fail(r, "cannot be sent");
		return false;
	}
	n = wire_read(w, !l->dir, got, pass ? 500 : 0);
	if (n < 0) {
		if (pass)
			fail(r, "did not come out");
		return !pass;
	}
	if (!pass) {
		fail(r, "came out");
		dump("got ", got, (u32)n);
		return false;
	}
	if (!r->n_known) {
		run_learn(r, t, got, (u32)n);
		run_packet(r, l, t);
	}
	run_build(r, &t->out, &built, false);
	if (t->in.partial)
		as_completed(&t->out);
	return same_packet(r, got, (u32)n);
}

/* Seconds that a line leaves the entry at most. What waits for an acknowledgement leaves
 * an established translation that both have spoken through what RFC 5382 grants it (R27);
 * a RST does not (R17).
 */
static u64 cap_of(const struct run *r, const struct line *l)
{
	const struct model *m = &r->m;

	if ((r->way->snat || r->way->dnat) && l->tcp && m->packets[0] && m->packets[1] &&
	    m->assured && !strcmp(m->state, "ESTABLISHED") && !(l->segment.flags & FWT_TCP_RST))
		return 7440;
	return l->cap;
}

/* What a line does to the entry. */
static void expect(struct run *r, const struct line *l, const struct two_sides *t,
		   u32 length)
{
	struct model *m = &r->m;
	u64 now = wire_now(), cap;

	if (l->none) {
		m->there = false;
		return;
	}
	if (l->anew || (!m->there && l->out == OUT_PASS && l->kind == LINE_PACKET)) {
		memset(m->packets, 0, sizeof(m->packets));
		memset(m->bytes, 0, sizeof(m->bytes));
		m->anew = m->there;
		m->there = true;
		m->assured = 0;
	}
	if (l->state)
		m->state = l->state;
	if (l->timeout >= 0 && ((r->way->snat && !r->way->dnat) || !l->snat_only))
		m->expires = now + run_timeout(r, l->timeout) * SECOND;
	if (l->assured >= 0)
		m->assured = l->assured;
	if (l->out == OUT_PASS && !l->uncounted) {
		m->packets[t->dir]++;
		m->bytes[t->dir] += length;
	}
	cap = now + cap_of(r, l) * SECOND;
	if (l->cap && m->expires > cap)
		m->expires = cap;
}

/* A slow machine takes longer for a few rounds than some entries have. */
static bool out_of_time(const struct run *r)
{
	return !travel && r->m.there && r->m.expires < wire_now() + 2 * SECOND;
}

static void play_line(struct run *r)
{
	const struct line *l = &r->c->line[r->next];
	struct two_sides *t = &r->sent[r->next];
	unsigned int i;

	if (out_of_time(r)) {
		r->phase = PHASE_DONE;
		return;
	}

	/* Another connection may have another port. */
	if (l->anew && r->way->snat)
		r->n_known = false;
	for (i = 0; i < l->times; i++) {
		if (!run_packet(r, l, t)) {
			/* No packet is so large. */
			r->phase = PHASE_DONE;
			return;
		}
		if (!send_line(r, l, t))
			return;
		run_build(r, &t->in, &built, false);
		expect(r, l, t, built.len);
		/* A window there is where there is a connection. */
		if (l->out == OUT_DROP)
			count_drop(r, l->of_it && r->m.there ? l->of_it : l->reason);
	}
	t->there = true;
	r->touched = true;
}

/* After the end: what the server said last, once more, finds nothing (R6). */
static void play_late(struct run *r)
{
	struct two_sides *t = NULL;
	struct line l = { .dir = FWT_REPLY, .out = OUT_DROP };
	unsigned int i;
	u8 flags;

	for (i = 0; i < r->c->n; i++)
		if (r->sent[i].there && r->sent[i].dir == FWT_REPLY &&
		    r->c->line[i].kind == LINE_PACKET && r->c->line[i].out == OUT_PASS)
			t = &r->sent[i];
	r->touched = true;
	r->m.there = false;
	if (!t || !send_line(r, &l, t))
		return;
	flags = t->in.tcp_flags;
	if (r->protocol == 6 && !fwt_tcp_opens(flags) &&
	    !(r->way->gw == GW_LOOSE && flags & FWT_TCP_ACK &&
	      !(flags & (FWT_TCP_SYN | FWT_TCP_RST))))
		count_drop(r, FWT_REASON_INVALID);
	else if (r->protocol == 1)
		count_drop(r, FWT_REASON_INVALID);
	else
		count_drop(r, FWT_REASON_POLICY);
}

/* One round: entries */

static void find_run(const struct entry *e, void *arg)
{
	enum gateway *gw = arg;
	unsigned int i = 0, low, high;
	const char *s;
	struct run *r;

	/* The address of the client says whose it is. */
	s = strrchr(e->dir[0].saddr, '.');
	if (s) {
		unsigned int a, b, c, d;

		if (sscanf(e->dir[0].saddr, "%u.%u.%u.%u", &a, &b, &c, &d) == 4)
			i = (b & 0x3f) << 16 | c << 8 | d;
	} else {
		s = strrchr(e->dir[0].saddr, ':');
		low = s ? (unsigned int)strtoul(s + 1, NULL, 16) : 0;
		high = 0;
		i = high << 16 | low;
	}
	if (i >= n_runs || runs[i].way->gw != *gw) {
		printf("# an entry that nobody made: %s > %s\n", e->dir[0].saddr,
		       e->dir[0].daddr);
		failures++;
		return;
	}
	r = &runs[i];
	r->seen_there = true;
	r->seen = *e;
	/* Texts go with the list; what is wrong with them is said here. */
	if (r->touched && r->m.there) {
		static char text[4][INET6_ADDRSTRLEN];
		const struct fwt_end *end = r->end;
		bool ports = e->dir[0].sport >= 0;

		run_address(r, FWT_C, text[0]);
		run_address(r, FWT_V, text[1]);
		run_address(r, FWT_S, text[2]);
		run_address(r, FWT_N, text[3]);
		if (strcmp(e->dir[0].saddr, text[0]) || strcmp(e->dir[0].daddr, text[1]) ||
		    strcmp(e->dir[1].saddr, text[2]) || strcmp(e->dir[1].daddr, text[3]) ||
		    (ports && (e->dir[0].sport != end[FWT_C].port ||
			       e->dir[1].dport != end[FWT_N].port)) ||
		    (e->dir[0].dport >= 0 && (e->dir[0].dport != end[FWT_V].port ||
					      e->dir[1].sport != end[FWT_S].port)))
			fail(r, "the entry has ends %s %d > %s %d, %s %d > %s %d",
			     e->dir[0].saddr, e->dir[0].sport, e->dir[0].daddr,
			     e->dir[0].dport, e->dir[1].saddr, e->dir[1].sport,
			     e->dir[1].daddr, e->dir[1].dport);
		else if (strcmp(e->iif, "cli") || strcmp(e->oif, "srv"))
			fail(r, "the entry goes from %s to %s", e->iif, e->oif);
		else if (r->m.state && strcmp(e->state, r->m.state))
			fail(r, "the entry is %s, want %s", e->state, r->m.state);
	}
	r->seen.state = NULL;
}

/* Entries were listed some time between these; ticks are coarse. */
static u64 listed_from, listed_to;

static u64 seconds_left(const struct run *r, u64 when, s64 slack)
{
	s64 left = (s64)(r->m.expires - when) + slack;

	return left > 0 ? (u64)left / SECOND : 0;
}

static void check_entry(struct run *r)
{
	const struct entry *e = &r->seen;
	struct model *m = &r->m;
	u64 least = seconds_left(r, listed_to, travel ? -30 : -1000);
	u64 most = seconds_left(r, listed_from, travel ? 30 : 1000);

	if (r->failed || out_of_time(r))
		return;
	if (r->seen_there != m->there) {
		fail(r, m->there ? "there is no entry" : "there is an entry");
		return;
	}
	if (!m->there)
		return;
	if (m->anew && e->id == m->id)
		fail(r, "the entry is the old one");
	else if (m->id && !m->anew && e->id != m->id)
		fail(r, "the entry is another one");
	else if (e->tentative)
		fail(r, "the entry is tentative");
	else if (e->snat != r->way->snat || e->dnat != r->way->dnat)
		fail(r, "the entry says snat %d dnat %d", e->snat, e->dnat);
	else if (m->assured != 2 && e->assured != (bool)m->assured)
		fail(r, "the entry is %sassured", e->assured ? "" : "not ");
	else if (e->timeout < least || e->timeout > most)
		fail(r, "the entry has %llu seconds, want %llu to %llu",
		     (unsigned long long)e->timeout, (unsigned long long)least,
		     (unsigned long long)most);
	else if (e->dir[0].packets != m->packets[0] || e->dir[1].packets != m->packets[1] ||
		 e->dir[0].bytes != m->bytes[0] || e->dir[1].bytes != m->bytes[1])
		fail(r, "the entry counts %llu/%llu and %llu/%llu, want %llu/%llu and %llu/%llu",
		     (unsigned long long)e->dir[0].packets, (unsigned long long)e->dir[0].bytes,
		     (unsigned long long)e->dir[1].packets, (unsigned long long)e->dir[1].bytes,
		     (unsigned long long)m->packets[0], (unsigned long long)m->bytes[0],
		     (unsigned long long)m->packets[1], (unsigned long long)m->bytes[1]);
	m->id = e->id;
	m->anew = false;
}

static void check_counters(enum gateway gw)
{
	u64 value[__FWT_REASON_MAX];
	unsigned int i;

	if (!fw_reasons(gateway_name[gw], value)) {
		failures++;
		return;
	}
	for (i = 1; i < __FWT_REASON_MAX; i++) {
		if (value[i] - counted[gw][i] != wanted[gw][i]) {
			printf("# %s: in this round %llu were counted as %s, want %llu:",
			       gateway_name[gw],
			       (unsigned long long)(value[i] - counted[gw][i]),
			       fwt_reason_info[i].name, (unsigned long long)wanted[gw][i]);
			for (struct run *r = runs; r < runs + n_runs; r++)
				if (r->touched && r->way->gw == gw &&
				    r->c->line[min(r->next, r->c->n - 1)].out == OUT_DROP)
					printf(" %s:%u", r->c->name,
					       r->c->line[min(r->next, r->c->n - 1)].number);
			putchar('\n');
			failures++;
		}
		counted[gw][i] = value[i];
		wanted[gw][i] = 0;
	}
}

static void check_strays(enum gateway gw)
{
	int side, n;

	for (side = 0; side < 2; side++) {
		while ((n = wire_read(&wires[gw], side, got, 0)) >= 0) {
			printf("# %s: a packet that nobody waits for:\n", gateway_name[gw]);
			dump(side ? "srv" : "cli", got, (u32)n);
			failures++;
		}
	}
}

/* Rounds */

/* To the next packet, and when it is due. */
static void to_packet(struct run *r)
{
	u64 wait = 0;

	while (r->next < r->c->n && r->c->line[r->next].kind == LINE_WAIT)
		wait += r->c->line[r->next++].wait;
	r->due = wait ? (wire_now() + wait) / GRID * GRID : 0;
}

static void advance(struct run *r)
{
	r->touched = false;
	if (r->failed)
		return;
	if (r->phase == PHASE_LINES) {
		r->next++;
		to_packet(r);
		if (r->next < r->c->n)
			return;
		r->phase = travel && r->m.there ? PHASE_LAST_SECOND : PHASE_DONE;
		r->due = (r->m.expires - SECOND) / GRID * GRID;
	} else if (r->phase == PHASE_LAST_SECOND) {
		r->phase = PHASE_OVER;
		r->due = (r->m.expires + SECOND + GRID - 1) / GRID * GRID;
	} else {
		r->phase = PHASE_DONE;
	}
}

static bool round_of_all(void)
{
	enum gateway gw;
	u64 first = ~0ull;
	struct run *r;

	for (r = runs; r < runs + n_runs; r++)
		if (r->phase != PHASE_DONE)
			first = min(first, r->due);
	if (first == ~0ull)
		return false;
	wire_sleep_until(first);
	rounds++;
	for (gw = 0; gw < __GW_MAX; gw++)
		gw_used[gw] = false;
	for (r = runs; r < runs + n_runs; r++) {
		r->seen_there = false;
		if (r->phase == PHASE_DONE || r->due > wire_now())
			continue;
		gw_used[r->way->gw] = true;
		r->touched = true;
		if (r->phase == PHASE_LINES)
			play_line(r);
		else if (r->phase == PHASE_OVER)
			play_late(r);
	}
	listed_from = wire_now();
	for (gw = 0; gw < __GW_MAX; gw++) {
		if (!gw_used[gw])
			continue;
		check_strays(gw);
		if (!fw_conns(gateway_name[gw], find_run, &gw))
			return false;
		check_counters(gw);
	}
	listed_to = wire_now();
	for (r = runs; r < runs + n_runs; r++) {
		if (!r->touched)
			continue;
		check_entry(r);
		advance(r);
	}
	return true;
}

/* Beginning */

static void add_case(const struct test_case *c)
{
	struct test_case *copy = malloc(sizeof(*c));

	if (!copy || n_cases == ARRAY_SIZE(cases))
		abort();
	*copy = *c;
	cases[n_cases++] = copy;
}

static bool waits(const struct test_case *c)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (c->line[i].kind == LINE_WAIT)
			return true;
	return false;
}

static bool suits(const struct test_case *c, const struct way *w)
{
	if (c->adopt != (w->gw == GW_ADOPT) || c->loose != (w->gw == GW_LOOSE))
		return false;
	if ((c->only & ONLY_V4 && w->family != 4) || (c->only & ONLY_V6 && w->family != 6))
		return false;
	if ((c->only & ONLY_PLAIN && (w->snat || w->dnat)) ||
	    (c->only & ONLY_NAT && !w->snat && !w->dnat))
		return false;
	/* What is set is waited for where that costs nothing. */
	if (w->gw == GW_SET && !travel)
		return false;
	return travel || (!waits(c) && c->n <= LINES_MAX);
}

static void make_runs(void)
{
	unsigned int i, k;

	runs = calloc(RUNS_MAX, sizeof(*runs));
	if (!runs)
		abort();
	for (i = 0; i < n_cases; i++) {
		for (k = 0; k < ARRAY_SIZE(ways); k++) {
			if (!suits(cases[i], &ways[k]))
				continue;
			if (n_runs == RUNS_MAX)
				abort();
			run_init(&runs[n_runs], cases[i], &ways[k], n_runs);
			gw_used[ways[k].gw] = true;
			n_runs++;
		}
	}
}

static bool make_policy(enum gateway gw)
{
	static const char *const options[__GW_MAX] = {
		[GW_PLAIN] = "option adopt 0s\n",
		[GW_LOOSE] = "option adopt 0s\noption tcp-loose on\n",
		[GW_SET] = "option adopt 0s\n"
			"option timeout tcp-syn-sent 31s\noption timeout tcp-syn-recv 32s\n"
			"option timeout tcp-established 7440s\noption timeout tcp-fin-wait 34s\n"
			"option timeout tcp-close-wait 35s\noption timeout tcp-last-ack 36s\n"
			"option timeout tcp-time-wait 37s\noption timeout tcp-close 38s\n"
			"option timeout udp 39s\noption timeout udp-stream 40s\n"
			"option timeout icmp 41s\noption timeout other 42s\n",
		[GW_ADOPT] = "",
	};
	char *text = NULL;
	size_t size = 0;
	unsigned int i;
	bool done;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "%singress {\n\tct state untracked accept\n\tct state invalid drop\n"
		"\tiif srv drop\n", options[gw]);
	for (i = 0; i < n_runs; i++)
		if (runs[i].way->gw == gw)
			run_ingress(&runs[i], f);
	fprintf(f, "\taccept\n}\negress {\n");
	for (i = 0; i < n_runs; i++)
		if (runs[i].way->gw == gw)
			run_egress(&runs[i], f);
	fprintf(f, "\taccept\n}\n");
	fclose(f);
	done = fw_apply(gateway_name[gw], text) && fw_reasons(gateway_name[gw], counted[gw]);
	free(text);
	return done;
}

static bool make_gateway(enum gateway gw)
{
	return wire_open(&wires[gw], gateway_name[gw]) && make_policy(gw);
}

static void report(void)
{
	FILE *count = fopen(".count", "a");
	unsigned int i, k, n, bad;

	for (i = 0; i < n_cases; i++) {
		n = 0;
		bad = 0;
		for (k = 0; k < n_runs; k++) {
			if (runs[k].c != cases[i])
				continue;
			n++;
			bad += runs[k].failed;
		}
		if (!n)
			continue;
		printf("%sok - %s %s, %u ways\n", bad ? "not " : "", cases[i]->file,
		       cases[i]->name, n);
		if (count)
			fputc('x', count);
	}
	if (count)
		fclose(count);
}

int main(int argc, char **argv)
{
	const char *flavour = getenv("FWTREE_FLAVOUR");
	enum gateway gw;
	u64 start;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	travel = flavour && !strcmp(flavour, "time-travel");
	for (i = 1; i < argc; i++)
		if (case_read(argv[i], add_case) < 0)
			return 1;
	make_runs();
	for (gw = 0; gw < __GW_MAX; gw++)
		if (gw_used[gw] && !make_gateway(gw))
			return 1;
	start = wire_now();
	for (i = 0; i < (int)n_runs; i++)
		to_packet(&runs[i]);
	while (round_of_all())
		;
	report();
	printf("# %u cases, %u runs, %u rounds, %llu seconds\n", n_cases, n_runs, rounds,
	       (unsigned long long)(wire_now() - start) / SECOND);
	return failures ? 1 : 0;
}
