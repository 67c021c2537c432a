// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "case.h"

static struct test_case now;
static void (*add_case)(const struct test_case *c);
static int n_cases;

static void finish(void)
{
	if (!now.name[0])
		return;
	add_case(&now);
	n_cases++;
	now.name[0] = '\0';
}

static void begin(const char *path, const char *name)
{
	const char *file = strrchr(path, '/');

	finish();
	memset(&now, 0, sizeof(now));
	snprintf(now.file, sizeof(now.file), "%s", file ? file + 1 : path);
	snprintf(now.name, sizeof(now.name), "%s", name);
}

static struct line *next_line(unsigned int number)
{
	struct line *l;

	if (now.n == CASE_LINES)
		return NULL;
	l = &now.line[now.n++];
	memset(l, 0, sizeof(*l));
	l->number = number;
	l->times = 1;
	l->timeout = -1;
	l->assured = -1;
	return l;
}

/* A segment with what the state machine is to make of it. */
static bool add_segment(const struct tcp_vector_segment *v, unsigned int number)
{
	struct line *l = now.n ? &now.line[now.n - 1] : NULL;
	bool first = !now.n;

	/* What is said so many times is one line. */
	if (l && l->tcp && l->number == number && l->dir == v->dir &&
	    !memcmp(&l->segment, &v->s, sizeof(v->s)) && v->result != FWT_TCP_REOPEN) {
		l->times++;
		return true;
	}
	l = next_line(number);
	if (!l)
		return false;
	l->tcp = true;
	l->dir = v->dir;
	l->segment = v->s;
	l->spec.protocol = 6;
	l->spec.payload_len = v->s.len;
	l->state = fwt_tcp_state_name[v->state];
	switch (v->result) {
	case FWT_TCP_OK:
		l->timeout = (int)v->timeout;
		l->cap = v->cap;
		l->assured = v->assured < 0 ? 2 : v->assured;
		break;
	case FWT_TCP_PASS:
		l->cap = v->cap;
		break;
	case FWT_TCP_INVALID:
		l->out = OUT_DROP;
		l->reason = FWT_REASON_INVALID;
		l->of_it = first ? FWT_REASON_NONE : FWT_REASON_TCP_WINDOW;
		l->none = first;
		break;
	case FWT_TCP_REOPEN:
		/* From the server it is a first packet from outside: refused, and
		 * all stays as it was (R22).
		 */
		if (v->dir == FWT_REPLY) {
			l->out = OUT_DROP;
			l->reason = FWT_REASON_POLICY;
			l->state = NULL;
			break;
		}
		l->anew = true;
		l->timeout = (int)v->timeout;
		l->assured = 0;
		break;
	}
	return true;
}

static void from_vector(const struct tcp_vector_case *c, void *arg)
{
	unsigned int i;

	begin(arg, c->name);
	now.loose = c->loose;
	for (i = 0; i < c->n; i++)
		if (!add_segment(&c->segment[i], c->segment[i].line))
			abort();
}

/* Words */

static char *save;

static char *word(void)
{
	return strtok_r(NULL, " \t\n", &save);
}

static bool number(long *value)
{
	const char *w = word();
	char *end;

	if (!w)
		return false;
	*value = strtol(w, &end, 0);
	return *w && !*end;
}

static const struct {
	const char *name;
	u8 protocol;
} protocols[] = {
	{ "udp", 17 }, { "icmp", 1 }, { "udplite", 136 }, { "sctp", 132 },
	{ "dccp", 33 }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 }, { "ipip", 4 },
};

/* Types of IPv4; echo alone is in both families. */
static const struct {
	const char *name;
	u8 type;
	bool answer;
} queries[] = {
	{ "echo", 8, false }, { "echo-reply", 0, true },
	{ "timestamp", 13, false }, { "timestamp-reply", 14, true },
	{ "information", 15, false }, { "information-reply", 16, true },
	{ "mask", 17, false }, { "mask-reply", 18, true },
};

static const char *const errors[__ERROR_MAX] = {
	"host", "port", "too-big", "time", "parameter", "quench", "redirect",
};

static const char *const states[] = {
	"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT",
	"LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2", "UNREPLIED", "REPLIED",
};

static int find(const char *const *names, unsigned int n, const char *w)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], w))
			return (int)i;
	return -1;
}

static enum fwt_reason reason_find(const char *w)
{
	unsigned int i;

	for (i = 1; i < __FWT_REASON_MAX; i++)
		if (!strcmp(fwt_reason_info[i].name, w))
			return i;
	return FWT_REASON_NONE;
}

static bool take_query(struct line *l, const char *w)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queries); i++) {
		if (strcmp(queries[i].name, w))
			continue;
		l->spec.icmp_type = queries[i].type;
		l->answer = queries[i].answer;
		return true;
	}
	return false;
}

static bool packet_word(struct line *l, const char *w)
{
	long x;

	if (!strcmp(w, "no-sum")) {
		l->spec.no_check = true;
		return true;
	}
	if (!strcmp(w, "bad-sum")) {
		l->bad_sum = true;
		return true;
	}
	if (!strcmp(w, "routed")) {
		l->spec.n_ext = 1;
		l->spec.ext[0] = (struct pkt_ext){ .type = 43, .len = 2, .left = 1 };
		return true;
	}
	if (l->spec.protocol == 1 && take_query(l, w))
		return true;
	if (!number(&x))
		return false;
	if (!strcmp(w, "len"))
		l->spec.payload_len = (u32)x;
	else if (!strcmp(w, "tos"))
		l->spec.tos = (u8)x;
	else if (!strcmp(w, "options"))
		l->spec.ip_options = (u8)x;
	else if (!strcmp(w, "cover"))
		l->spec.cover = (u16)x;
	else if (!strcmp(w, "surplus") && l->spec.protocol == 17)
		l->spec.surplus = (u16)x;
	else if (!strcmp(w, "flow"))
		l->sport_add = (int)x;
	else if (!strcmp(w, "type") && l->spec.protocol == 1)
		l->spec.icmp_type = (u8)x;
	else
		return false;
	return true;
}

static bool error_word(struct line *l, const char *w)
{
	long x;
	int i = find(errors, __ERROR_MAX, w);

	if (i >= 0) {
		l->error = i;
		return true;
	}
	if (!strcmp(w, "extensions")) {
		l->extensions = true;
		return true;
	}
	if (!strcmp(w, "unsaid")) {
		l->spec.ext_unsaid = true;
		return true;
	}
	if (!strcmp(w, "bad-inner")) {
		l->spec.quote_damaged = true;
		return true;
	}
	if (!strcmp(w, "elsewhere")) {
		l->elsewhere = true;
		return true;
	}
	if (!strcmp(w, "in-pieces")) {
		l->in_pieces = true;
		return true;
	}
	if (!strcmp(w, "later")) {
		l->later = true;
		return true;
	}
	if (!strcmp(w, "bad-sum")) {
		l->bad_sum = true;
		return true;
	}
	if (!number(&x))
		return false;
	if (!strcmp(w, "of"))
		l->of = (unsigned int)x;
	else if (!strcmp(w, "quoting"))
		l->quote_len = (unsigned int)x;
	else if (!strcmp(w, "more"))
		l->spec.ext_more = (u8)x;
	else if (!strcmp(w, "units"))
		l->spec.quote_units = (u8)x;
	else if (!strcmp(w, "mtu"))
		l->mtu = (unsigned int)x;
	else if (!strcmp(w, "seq"))
		l->seq_add = (int)x;
	else if (!strcmp(w, "sport"))
		l->port_add = (int)x;
	else if (!strcmp(w, "options"))
		l->spec.ip_options = (u8)x;
	else
		return false;
	return true;
}

static bool expect_word(struct line *l, const char *w)
{
	const char *arg;
	long x;
	int i = find(states, ARRAY_SIZE(states), w);

	if (i >= 0) {
		l->state = states[i];
	} else if (!strcmp(w, "pass")) {
		l->out = OUT_PASS;
	} else if (!strcmp(w, "drop")) {
		l->out = OUT_DROP;
		l->reason = reason_find((arg = word()) ? arg : "");
		return l->reason;
	} else if (!strcmp(w, "or")) {
		l->of_it = reason_find((arg = word()) ? arg : "");
		return l->of_it;
	} else if (!strcmp(w, "timeout") || !strcmp(w, "snat-timeout")) {
		l->snat_only = *w == 's';
		arg = word();
		l->timeout = arg ? tcp_timeout_find(arg) : -1;
		return l->timeout >= 0;
	} else if (!strcmp(w, "cap")) {
		if (!number(&x))
			return false;
		l->cap = (unsigned int)x;
	} else if (!strcmp(w, "assured")) {
		l->assured = 1;
	} else if (!strcmp(w, "unassured")) {
		l->assured = 0;
	} else if (!strcmp(w, "none")) {
		l->none = true;
	} else if (!strcmp(w, "new")) {
		l->anew = true;
	} else if (!strcmp(w, "uncounted")) {
		l->uncounted = true;
	} else {
		return false;
	}
	return true;
}

/* What follows ">" or "<". */
static bool packet_line(struct line *l, const char *what)
{
	bool (*take)(struct line *l, const char *w) = packet_word;
	unsigned int i;
	const char *w;
	long x;

	if (!strcmp(what, "error")) {
		l->kind = LINE_ERROR;
		l->uncounted = true;
		l->spec.protocol = 1;
		take = error_word;
	} else if (!strcmp(what, "proto")) {
		if (!number(&x))
			return false;
		l->spec.protocol = (u8)x;
	} else {
		for (i = 0; i < ARRAY_SIZE(protocols); i++)
			if (!strcmp(protocols[i].name, what))
				l->spec.protocol = protocols[i].protocol;
	}
	while ((w = word())) {
		if (!strcmp(w, "="))
			take = expect_word;
		else if (!take(l, w))
			return false;
	}
	return true;
}

static bool is_packet(const char *what)
{
	unsigned int i;

	if (!strcmp(what, "error") || !strcmp(what, "proto"))
		return true;
	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (!strcmp(protocols[i].name, what))
			return true;
	return false;
}

static bool wait_line(unsigned int n)
{
	struct line *l = next_line(n);
	const char *w = word();
	char *end;

	if (!l || !w)
		return false;
	l->kind = LINE_WAIT;
	l->wait = (unsigned int)(strtod(w, &end) * 1000 + 0.5);
	return !*end && !word();
}

static bool open_lines(unsigned int n)
{
	struct tcp_vector_segment v;
	char line[100];
	unsigned int i;

	for (i = 0; i < TCP_VECTOR_OPEN; i++) {
		strcpy(line, tcp_vector_open[i]);
		if (!tcp_vector_segment(line, &v) || !add_segment(&v, n))
			return false;
	}
	return true;
}

static bool case_line(const char *path)
{
	const char *w = word();

	if (!w)
		return false;
	begin(path, w);
	while ((w = word())) {
		if (!strcmp(w, "loose"))
			now.loose = true;
		else if (!strcmp(w, "adopt"))
			now.adopt = true;
		else if (!strcmp(w, "ipv4"))
			now.only |= ONLY_V4;
		else if (!strcmp(w, "ipv6"))
			now.only |= ONLY_V6;
		else if (!strcmp(w, "plain"))
			now.only |= ONLY_PLAIN;
		else if (!strcmp(w, "translated"))
			now.only |= ONLY_NAT;
		else
			return false;
	}
	return true;
}

static bool any_line(const char *path, char *text, unsigned int n)
{
	struct tcp_vector_segment v;
	unsigned int times = 1, i;
	char whole[256], one[256];
	struct line *l;
	char *w, *dir, *bad;

	w = strtok_r(text, " \t\n", &save);
	if (!w)
		return true;
	if (!strcmp(w, "case"))
		return case_line(path);
	if (!now.name[0])
		return false;
	if (!strcmp(w, "wait"))
		return wait_line(n);
	if (!strcmp(w, "open"))
		return !word() && open_lines(n);
	if (!strcmp(w, "times")) {
		long x;

		if (!number(&x) || x < 1)
			return false;
		times = (unsigned int)x;
		w = word();
	}
	dir = w;
	if (!dir || (strcmp(dir, ">") && strcmp(dir, "<")))
		return false;
	w = word();
	if (!w)
		return false;
	if (is_packet(w)) {
		l = next_line(n);
		if (!l)
			return false;
		l->times = times;
		l->dir = *dir == '<' ? FWT_REPLY : FWT_ORIGINAL;
		return packet_line(l, w);
	}
	snprintf(whole, sizeof(whole), "%s %s %s", dir, w, save ? save : "");
	whole[strcspn(whole, "\n")] = '\0';
	bad = strstr(whole, " bad-sum");
	if (bad)
		memset(bad, ' ', strlen(" bad-sum"));
	for (i = 0; i < times; i++) {
		strcpy(one, whole);
		if (!tcp_vector_segment(one, &v) || !add_segment(&v, n))
			return false;
		if (!bad)
			continue;
		l = &now.line[now.n - 1];
		l->bad_sum = true;
		if (l->of_it)
			l->of_it = FWT_REASON_CHECKSUM;
	}
	return true;
}

int case_read(const char *path, void (*add)(const struct test_case *c))
{
	const char *dot = strrchr(path, '.');
	char text[256], copy[256];
	unsigned int n = 0;
	FILE *f;

	add_case = add;
	n_cases = 0;
	if (dot && !strcmp(dot, ".vec")) {
		if (tcp_vectors_read(path, from_vector, (void *)path) < 0)
			return -1;
		finish();
		return n_cases;
	}
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		return -1;
	}
	while (fgets(text, sizeof(text), f)) {
		n++;
		strcpy(copy, text);
		text[strcspn(text, "#")] = '\0';
		if (any_line(path, text, n))
			continue;
		fprintf(stderr, "%s:%u: not understood: %s", path, n, copy);
		fclose(f);
		return -1;
	}
	fclose(f);
	finish();
	return n_cases;
}
