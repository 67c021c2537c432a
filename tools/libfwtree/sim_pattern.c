// SPDX-License-Identifier: GPL-2.0
/* The packets that "never" and "always" speak of, in words, and the values at which they
 * are tried: see sim_pattern.h.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "box.h"
#include "names.h"
#include "packet_text.h"
#include "sim_pattern.h"
#include "sim_test.h"

#define EDGES_MAX	4096

bool sim_has_ports(u8 proto)
{
	return proto == 6 || proto == 17 || proto == 132 || proto == 33 || proto == 136;
}

static bool take(const char **at, char *word, size_t size)
{
	size_t len;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t");
	if (!len || len >= size)
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += len;
	return true;
}

static bool read_port(const char *text, u32 *lo, u32 *hi)
{
	unsigned long n;
	char *end;

	if (!strcmp(text, "*"))
		return true;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || n > 65535)
		return false;
	*lo = (u32)n;
	*hi = (u32)n;
	if (*end != '-')
		return !*end;
	text = end + 1;
	n = strtoul(text, &end, 10);
	*hi = (u32)n;
	return *text >= '0' && *text <= '9' && !*end && n <= 65535 && *lo <= *hi;
}

static bool read_side(char *text, struct sim_side *s)
{
	char *colon = strrchr(text, ':'), *slash, *end;
	u32 plen, bits, i;
	u8 bytes[16] = { 0 };

	memset(s, 0, sizeof(*s));
	s->port_hi = 65535;
	if (*text == '[') {
		char *close = strchr(text, ']');

		if (!close)
			return false;
		*close = '\0';
		text++;
		if (close[1] && close[1] != ':')
			return false;
		colon = close[1] ? close + 1 : NULL;
	} else if (colon && strchr(text, ':') != colon) {
		colon = NULL;
	}
	if (colon) {
		*colon = '\0';
		s->port = strcmp(colon + 1, "*");
		if (!read_port(colon + 1, &s->port_lo, &s->port_hi))
			return false;
	}
	if (!strcmp(text, "*")) {
		s->any = true;
		memset(s->hi, 0xff, sizeof(s->hi));
		return true;
	}
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	s->family = strchr(text, ':') ? 6 : 4;
	bits = s->family == 6 ? 128 : 32;
	plen = slash ? (u32)strtoul(slash + 1, &end, 10) : bits;
	if (slash && (slash[1] < '0' || slash[1] > '9' || *end || plen > bits))
		return false;
	if (inet_pton(s->family == 6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	for (i = 0; i < bits / 32; i++) {
		u32 left = plen > 32 * i ? plen - 32 * i : 0;
		u32 mask = left >= 32 ? ~0u : left ? ~0u << (32 - left) : 0;

		s->lo[i] = get_unaligned_be32(bytes + 4 * i) & mask;
		s->hi[i] = s->lo[i] | ~mask;
	}
	return true;
}

static int wrong(const char *pattern, const char *at, char *error, size_t size, const char *what)
{
	snprintf(error, size, "%s", what);
	return (int)(at - pattern) + 1;
}

int sim_pattern_read(const char *pattern, struct sim_pattern *p, char *error, size_t size)
{
	const char *at = pattern, *before, *proto;
	struct fwt_packet_text t;
	char word[80], text[600];
	uint64_t value;
	int column;

	memset(p, 0, sizeof(*p));
	if (!take(&at, word, sizeof(word)) || (strcmp(word, "in") && strcmp(word, "out")))
		return wrong(pattern, pattern, error, size, "a packet begins with 'in' or 'out'");
	p->out = !strcmp(word, "out");
	before = at + strspn(at, " \t");
	if (!take(&at, p->dev, sizeof(p->dev)))
		return wrong(pattern, before, error, size,
			     "the name of an interface is meant here, or *");
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)))
		return wrong(pattern, before, error, size, "a protocol is missing, or *");
	p->any_proto = !strcmp(word, "*");
	if (!p->any_proto && !fwt_class_value(FWT_CLASS_PROTOCOL, word, &value)) {
		char *end;

		value = strtoul(word, &end, 10);
		if (*word < '0' || *word > '9' || *end || value > 255)
			return wrong(pattern, before, error, size, "this is no protocol");
	}
	p->proto = p->any_proto ? 0 : (u8)value;
	proto = before;
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)) || !read_side(word, &p->src))
		return wrong(pattern, before, error, size,
			     "a source is meant here: *, ADDRESS[/LENGTH][:PORT]");
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)) || (strcmp(word, "to") && strcmp(word, ">")))
		return wrong(pattern, before, error, size,
			     "'to' is missing between source and destination");
	before = at + strspn(at, " \t");
	if (!take(&at, word, sizeof(word)) || !read_side(word, &p->dst))
		return wrong(pattern, before, error, size,
			     "a destination is meant here: *, ADDRESS[/LENGTH][:PORT]");
	if (p->src.family && p->dst.family && p->src.family != p->dst.family)
		return wrong(pattern, before, error, size,
			     "source and destination are of two families");
	if (!p->any_proto && (p->proto == 1 || p->proto == 58) &&
	    (p->src.family | p->dst.family) == (p->proto == 1 ? 6 : 4))
		return wrong(pattern, proto, error, size,
			     p->proto == 1 ? "the addresses are of IPv6: icmpv6 is meant" :
					     "the addresses are of IPv4: icmp is meant");
	if (!p->any_proto && (p->src.port || p->dst.port) && !sim_has_ports(p->proto))
		return wrong(pattern, proto, error, size,
			     "there is no such packet: this protocol has no ports");
	if ((size_t)snprintf(p->words, sizeof(p->words), "%s", at) >= sizeof(p->words))
		return wrong(pattern, at, error, size, "this is longer than any packet");
	/* The words are a packet's. */
	snprintf(text, sizeof(text), "%s x %u %s to %s%s", p->out ? "out" : "in",
		 p->any_proto ? 6u : p->proto,
		 p->proto == 58 || p->src.family == 6 || p->dst.family == 6 ? "::1" : "1.1.1.1",
		 p->proto == 58 || p->src.family == 6 || p->dst.family == 6 ? "::2" : "1.1.1.2",
		 p->words);
	column = fwt_packet_read(&t, text, error, size);
	if (column)
		return (int)(at - pattern) + 1 + column -
		       (int)(strlen(text) - strlen(p->words)) - 1;
	p->flags = t.said & FWT_PACKET_FLAGS;
	return 0;
}

bool sim_pattern_says(const struct sim_pattern *p, const char *word)
{
	const char *at = p->words;
	char one[sizeof(p->words)];

	while (take(&at, one, sizeof(one)))
		if (!strcmp(one, word))
			return true;
	return false;
}

int sim_pattern_check(const char *pattern, char *error, size_t size)
{
	struct sim_pattern p;

	return sim_pattern_read(pattern, &p, error, size);
}

/* Edges */

static void edge(struct sim_edges *e, const u32 *value)
{
	if (!e->value)
		e->value = malloc(EDGES_MAX * e->words * sizeof(u32));
	if (!e->value || e->n == EDGES_MAX)
		return;
	memcpy(e->value + e->n++ * e->words, value, e->words * sizeof(u32));
}

static void next_to(u32 *v, u32 words, bool up)
{
	u32 i = words;

	while (i--) {
		v[i] += up ? 1 : ~0u;
		if (v[i] != (up ? 0 : ~0u))
			break;
	}
}

static void range(struct sim_edges *e, const u32 *lo, const u32 *hi)
{
	u32 v[4];

	edge(e, lo);
	edge(e, hi);
	memcpy(v, lo, e->words * sizeof(u32));
	next_to(v, e->words, false);
	edge(e, v);
	memcpy(v, hi, e->words * sizeof(u32));
	next_to(v, e->words, true);
	edge(e, v);
}

static int edge_of(u8 field, u32 words)
{
	switch (field) {
	case FWT_FIELD_SADDR:
	case FWT_FIELD_DADDR:
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_IP6_DADDR:
		return words == 4 ? EDGE_ADDR6 : EDGE_ADDR4;
	case FWT_FIELD_SPORT:
	case FWT_FIELD_DPORT:
	case FWT_FIELD_TCP_SPORT:
	case FWT_FIELD_TCP_DPORT:
	case FWT_FIELD_UDP_SPORT:
	case FWT_FIELD_UDP_DPORT:
		return EDGE_PORT;
	case FWT_FIELD_PROTOCOL:
		return EDGE_PROTO;
	case FWT_FIELD_ICMP_TYPE:
	case FWT_FIELD_ICMPV6_TYPE:
		return EDGE_TYPE;
	case FWT_FIELD_ICMP_CODE:
	case FWT_FIELD_ICMPV6_CODE:
		return EDGE_CODE;
	case FWT_FIELD_TCP_FLAGS:
		return EDGE_FLAGS;
	case FWT_FIELD_TTL:
		return EDGE_TTL;
	case FWT_FIELD_DSCP:
		return EDGE_DSCP;
	case FWT_FIELD_MARK:
		return EDGE_MARK;
	case FWT_FIELD_LENGTH:
		return EDGE_LEN;
	case FWT_FIELD_IIF:
	case FWT_FIELD_OIF:
		return EDGE_DEV;
	}
	return -1;
}

static void harvest_set(struct sim_edges *to, const struct fwt_program *prog,
			const struct fwt_prog_test *t, u32 index)
{
	const struct fwt_prog_set *set;
	u32 i, d, at, pair;

	if (index == FWT_NONE)
		return;
	set = &prog->set[index];
	pair = set->kind == FWT_SET_KEYS ? 0 : set->words;
	for (i = 0; i < set->count; i++) {
		const u32 *lo = prog->word + set->data + i * (set->words + pair);

		for (at = 0, d = 0; d < set->n_dims && d < FWT_TEST_FIELDS; at += set->dim[d++]) {
			int which = edge_of(t->field[d], set->dim[d]);

			if (which >= 0)
				range(&to[which], lo + at, lo + pair + at);
		}
	}
}

bool sim_edges_harvest(struct sim_edges *to, const struct fwt_sim *sim)
{
	const struct fwt_program *prog = sim_program(sim);
	bool compares = false;
	u32 i, v[2], addr[4];
	u8 family;

	for (i = 0; sim_some_address(sim, i, &family, addr); i++)
		range(&to[family == 6 ? EDGE_ADDR6 : EDGE_ADDR4], addr, addr);
	for (i = 0; i < prog->n[FWT_SEC_TESTS]; i++) {
		const struct fwt_prog_test *t = &prog->test[i];
		const u32 *set = t->set;

		compares |= t->op == FWT_TEST_EQUAL || t->op == FWT_TEST_LESS;
		/* Of a live set what it has at first. */
		if (t->op == FWT_TEST_LIVE)
			set = prog->object[t->set[0]].param + FWT_SETP_ELEMENTS4;
		else if (t->op != FWT_TEST_IN)
			continue;
		harvest_set(to, prog, t, set[0]);
		if (set[1] != set[0])
			harvest_set(to, prog, t, set[1]);
	}
	for (i = 0; i < prog->n[FWT_SEC_BOXES]; i++) {
		const struct fwt_box4 b = fwt_box_unpack(&prog->box[i]);

		range(&to[EDGE_ADDR4], &b.saddr_lo, &b.saddr_hi);
		range(&to[EDGE_ADDR4], &b.daddr_lo, &b.daddr_hi);
		v[0] = b.dport_lo;
		v[1] = b.dport_hi;
		range(&to[EDGE_PORT], &v[0], &v[1]);
		v[0] = b.sport_lo;
		v[1] = b.sport_hi;
		range(&to[EDGE_PORT], &v[0], &v[1]);
	}
	for (i = 0; i < prog->n[FWT_SEC_BOXES6]; i++) {
		const struct fwt_prog_box6 *b = &prog->box6[i];

		range(&to[EDGE_ADDR6], b->addr_lo, b->addr_hi);
		range(&to[EDGE_ADDR6], b->addr_lo + 4, b->addr_hi + 4);
		v[0] = b->dport_lo;
		v[1] = b->dport_hi;
		range(&to[EDGE_PORT], &v[0], &v[1]);
	}
	return compares;
}
