// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include "tcp_vectors.h"

static const char *const results[] = { "ok", "pass", "invalid", "reopen" };

static const char *const timeout_names[__FWT_TIMEOUT_MAX] = {
	"syn-sent", "syn-recv", "established", "fin-wait", "close-wait",
	"last-ack", "time-wait", "close", "udp", "udp-stream", "icmp", "other",
};

/* What a state is followed by unless a line says otherwise. */
static const unsigned char state_timeout[__FWT_TCPS_MAX] = {
	[FWT_TCPS_NONE] = FWT_TIMEOUT_TCP_CLOSE,
	[FWT_TCPS_SYN_SENT] = FWT_TIMEOUT_TCP_SYN_SENT,
	[FWT_TCPS_SYN_RECV] = FWT_TIMEOUT_TCP_SYN_RECV,
	[FWT_TCPS_ESTABLISHED] = FWT_TIMEOUT_TCP_ESTABLISHED,
	[FWT_TCPS_FIN_WAIT] = FWT_TIMEOUT_TCP_FIN_WAIT,
	[FWT_TCPS_CLOSE_WAIT] = FWT_TIMEOUT_TCP_CLOSE_WAIT,
	[FWT_TCPS_LAST_ACK] = FWT_TIMEOUT_TCP_LAST_ACK,
	[FWT_TCPS_TIME_WAIT] = FWT_TIMEOUT_TCP_TIME_WAIT,
	[FWT_TCPS_CLOSE] = FWT_TIMEOUT_TCP_CLOSE,
	[FWT_TCPS_SYN_SENT2] = FWT_TIMEOUT_TCP_SYN_SENT,
};

const char *const tcp_vector_open[TCP_VECTOR_OPEN] = {
	"> S seq 1000 sackok = ok SYN_SENT",
	"< SA seq 5000 ack 1001 sackok = ok SYN_RECV",
	"> A seq 1001 ack 5001 = ok ESTABLISHED assured",
};

const char *tcp_result_name(unsigned int result)
{
	return result < ARRAY_SIZE(results) ? results[result] : "?";
}

const char *tcp_timeout_name(unsigned int timeout)
{
	return timeout < ARRAY_SIZE(timeout_names) ? timeout_names[timeout] : "?";
}

static int lookup(const char *const *names, unsigned int n, const char *word)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], word))
			return (int)i;
	return -1;
}

int tcp_timeout_find(const char *word)
{
	return lookup(timeout_names, __FWT_TIMEOUT_MAX, word);
}

static bool number(const char *word, u32 *value)
{
	char *end;

	if (!word)
		return false;
	*value = (u32)strtoll(word, &end, 0);
	return *word && !*end;
}

static bool flags(const char *word, u8 *value)
{
	static const char letters[] = "FSRPAUEW";
	const char *at;

	*value = 0;
	if (!strcmp(word, "-"))
		return true;
	for (; *word; word++) {
		at = strchr(letters, *word);
		if (!at)
			return false;
		*value |= (u8)(1 << (at - letters));
	}
	return true;
}

bool tcp_vector_segment(char *line, struct tcp_vector_segment *v)
{
	char *save, *word = strtok_r(line, " \t", &save);
	u32 x;
	int i;

	memset(v, 0, sizeof(*v));
	v->s.win = 65535;
	v->assured = -1;
	if (!word || (strcmp(word, ">") && strcmp(word, "<")))
		return false;
	v->dir = *word == '<' ? FWT_REPLY : FWT_ORIGINAL;
	word = strtok_r(NULL, " \t", &save);
	if (!word || !flags(word, &v->s.flags))
		return false;

	for (;;) {
		word = strtok_r(NULL, " \t", &save);
		if (!word)
			return false;
		if (!strcmp(word, "="))
			break;
		if (!strcmp(word, "sackok")) {
			v->s.sack_perm = true;
			continue;
		}
		if (!number(strtok_r(NULL, " \t", &save), &x))
			return false;
		if (!strcmp(word, "seq")) {
			v->s.seq = x;
		} else if (!strcmp(word, "ack")) {
			v->s.ack = x;
		} else if (!strcmp(word, "len")) {
			v->s.len = x;
		} else if (!strcmp(word, "win")) {
			v->s.win = (u16)x;
		} else if (!strcmp(word, "wscale")) {
			v->s.has_wscale = true;
			v->s.wscale = (u8)x;
		} else if (!strcmp(word, "sack")) {
			v->s.has_sack = true;
			v->s.sack_edge = x;
		} else {
			return false;
		}
	}

	word = strtok_r(NULL, " \t", &save);
	i = word ? lookup(results, ARRAY_SIZE(results), word) : -1;
	if (i < 0)
		return false;
	v->result = (enum fwt_tcp_result)i;
	word = strtok_r(NULL, " \t", &save);
	i = word ? lookup(fwt_tcp_state_name, __FWT_TCPS_MAX, word) : -1;
	if (i < 0)
		return false;
	v->state = (enum fwt_tcp_state)i;
	v->timeout = state_timeout[i];

	while ((word = strtok_r(NULL, " \t", &save))) {
		if (!strcmp(word, "cap")) {
			if (!number(strtok_r(NULL, " \t", &save), &v->cap))
				return false;
		} else if (!strcmp(word, "assured")) {
			v->assured = 1;
		} else if (!strcmp(word, "unassured")) {
			v->assured = 0;
		} else {
			i = tcp_timeout_find(word);
			if (i < 0)
				return false;
			v->timeout = (unsigned int)i;
		}
	}
	return true;
}

int tcp_vectors_read(const char *path,
		     void (*run)(const struct tcp_vector_case *c, void *arg),
		     void *arg)
{
	static struct tcp_vector_case c;
	char text[256], line[256], rest[256], *at;
	unsigned int n = 0, times, step, k, i;
	int cases = 0;
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		return -1;
	}
	memset(&c, 0, sizeof(c));
	c.file = path;

	while (fgets(text, sizeof(text), f)) {
		n++;
		text[strcspn(text, "#\n")] = '\0';
		at = text + strspn(text, " \t");
		if (!*at)
			continue;
		if (!strncmp(at, "case ", 5)) {
			if (c.n)
				run(&c, arg);
			memset(&c, 0, sizeof(c));
			c.file = path;
			rest[0] = '\0';
			if (sscanf(at, "case %79s %255s", c.name, rest) < 1)
				goto bad;
			c.loose = !strcmp(rest, "loose");
			if (rest[0] && !c.loose)
				goto bad;
			cases++;
			continue;
		}
		if (!c.name[0])
			goto bad;
		if (!strncmp(at, "open", 4) && !at[4 + strspn(at + 4, " \t")]) {
			for (i = 0; i < TCP_VECTOR_OPEN; i++) {
				if (c.n == TCP_VECTOR_SEGMENTS)
					goto bad;
				strcpy(line, tcp_vector_open[i]);
				if (!tcp_vector_segment(line, &c.segment[c.n]))
					goto bad;
				c.segment[c.n++].line = n;
			}
			continue;
		}
		times = 1;
		step = 0;
		if (sscanf(at, "times %u step %u %255[^\n]", &times, &step, rest) == 3 ||
		    sscanf(at, "times %u %255[^\n]", &times, rest) == 2)
			at = rest;
		for (k = 0; k < times; k++) {
			if (c.n == TCP_VECTOR_SEGMENTS)
				goto bad;
			strcpy(line, at);
			if (!tcp_vector_segment(line, &c.segment[c.n]))
				goto bad;
			c.segment[c.n].s.seq += k * step;
			c.segment[c.n++].line = n;
		}
	}
	if (c.n)
		run(&c, arg);
	fclose(f);
	return cases;
bad:
	fprintf(stderr, "%s:%u: not understood: %s\n", path, n, text);
	fclose(f);
	return -1;
}
