// SPDX-License-Identifier: GPL-2.0
/* What may stand for a value in a filter of connections. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

#include "conn_filter.h"
#include "conn_value.h"
#include "diag.h"

/* Those that matter stand here; the rest is in /etc/protocols, which a small
 * machine need not have.
 */
static const struct {
	const char *name;
	unsigned int number;
} protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "icmpv6", 58 },
	{ "sctp", 132 }, { "dccp", 33 }, { "udplite", 136 }, { "gre", 47 },
	{ "esp", 50 }, { "ah", 51 }, { "igmp", 2 }, { "ipip", 4 },
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(*protocols))

const char *conn_protocol_name(char *buf, size_t size, unsigned int protocol)
{
	size_t i;

	for (i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].number == protocol)
			return strncpy(buf, protocols[i].name, size);
	snprintf(buf, size, "%u", protocol);
	return buf;
}

bool value_number(const char *s, unsigned long long max, unsigned long long *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 0);
	return !errno && !*end && *v <= max;
}

/* With a unit behind it: of @units, in turn @factor of them. */
bool value_with_unit(const char *s, const char *units, const unsigned long long *factor,
		     unsigned long long *v)
{
	const char *unit;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 10);
	if (errno)
		return false;
	if (!*end)
		return true;
	unit = strchr(units, *end);
	if (!unit || end[1] || *v > UINT64_MAX / factor[unit - units])
		return false;
	*v *= factor[unit - units];
	return true;
}

bool value_seconds(const char *s, unsigned long long *v)
{
	static const unsigned long long seconds[] = { 1, 60, 3600, 86400 };
	static const char units[] = "smhd";
	const char *unit, *from = s;
	unsigned long long n;
	char *end;

	for (*v = 0; s == from || *s; s = end) {
		if (*s < '0' || *s > '9')
			return false;
		errno = 0;
		n = strtoull(s, &end, 10);
		if (!*end && s == from) {
			*v = n;
			break;
		}
		unit = *end ? strchr(units, *end++) : NULL;
		if (errno || !unit || n > UINT32_MAX / seconds[unit - units])
			return false;
		*v += n * seconds[unit - units];
	}
	return !errno && *v <= UINT32_MAX;
}

bool value_protocol(const char *s, uint8_t *to)
{
	const struct protoent *p;
	unsigned long long v;
	size_t i;

	for (i = 0; i < N_PROTOCOLS; i++) {
		if (!strcasecmp(protocols[i].name, s)) {
			*to = protocols[i].number;
			return true;
		}
	}
	if (value_number(s, 255, &v)) {
		*to = v;
		return true;
	}
	p = getprotobyname(s);
	if (p)
		*to = p->p_proto;
	return p;
}

bool value_ports(const char *s, uint16_t *to)
{
	const struct servent *e = NULL;
	const char *dash = strchr(s, '-');
	unsigned long long lo, hi;
	char text[16];

	if (value_number(s, 65535, &lo)) {
		to[0] = lo;
		to[1] = lo;
		return true;
	}
	if (dash && (size_t)(dash - s) < sizeof(text)) {
		memcpy(text, s, dash - s);
		text[dash - s] = 0;
		if (value_number(text, 65535, &lo) && value_number(dash + 1, 65535, &hi)) {
			to[0] = lo;
			to[1] = hi;
			return lo <= hi;
		}
	}
	e = getservbyname(s, NULL);
	if (e) {
		to[0] = ntohs(e->s_port);
		to[1] = to[0];
	}
	return e;
}

static uint8_t address(const char *s, size_t n, uint8_t *to)
{
	char text[INET6_ADDRSTRLEN + 1];

	if (n >= sizeof(text))
		return 0;
	memcpy(text, s, n);
	text[n] = 0;
	if (inet_pton(AF_INET, text, to) == 1)
		return 4;
	return inet_pton(AF_INET6, text, to) == 1 ? 6 : 0;
}

bool value_addresses(const char *s, struct fwt_nl_addresses *a, uint8_t *of)
{
	const char *end = strpbrk(s, "/-");
	unsigned long long v;

	a->family = address(s, end ? (size_t)(end - s) : strlen(s), a->low);
	if (!a->family)
		return false;
	a->len = a->family == 4 ? 32 : 128;
	if (end && *end == '/') {
		if (!value_number(end + 1, a->len, &v))
			return false;
		a->len = v;
	} else if (end) {
		a->range = true;
		if (address(end + 1, strlen(end + 1), a->high) != a->family ||
		    memcmp(a->low, a->high, a->family == 4 ? 4 : 16) > 0)
			return false;
	}
	/* One address of each family would match nothing at all. */
	if (*of && *of != a->family)
		return false;
	*of = a->family;
	return true;
}

bool value_states(const char *s, uint32_t *to, const char **meant)
{
	static const char *const names[] = {
		"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
		"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
		"UNREPLIED", "REPLIED", NULL
	};
	char text[24];
	size_t n;
	int state;

	*to = 0;
	for (;; s += n + 1) {
		n = strcspn(s, ",");
		if (!n || n >= sizeof(text))
			return false;
		memcpy(text, s, n);
		text[n] = 0;
		state = fwt_nl_conn_state_find(text);
		if (state < 0) {
			*meant = fwt_diag_suggest(text, names);
			return false;
		}
		*to |= 1u << state;
		if (!s[n])
			return true;
	}
}

bool value_mark(const char *s, uint32_t *mark, uint32_t *bits)
{
	const char *slash = strchr(s, '/');
	unsigned long long v, mask = UINT32_MAX;
	char text[16];
	size_t n = slash ? (size_t)(slash - s) : strlen(s);

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = 0;
	if (!value_number(text, UINT32_MAX, &v) ||
	    (slash && !value_number(slash + 1, UINT32_MAX, &mask)))
		return false;
	*mark = v & mask;
	*bits = mask;
	return true;
}

bool value_rule(const char *s, struct fwt_nl_conn_which *r)
{
	const char *colon = strrchr(s, ':');
	unsigned long long line;
	char *file;

	if (!*s)
		return false;
	/* No id begins with it. */
	if (!strcmp(s, "-")) {
		r->none = true;
		return true;
	}
	if (!colon || !value_number(colon + 1, UINT32_MAX, &line)) {
		r->id = s;
		return true;
	}
	r->line = line;
	if (colon == s)
		return true;
	/* Words are ours to change. */
	file = (char *)s;
	file[colon - s] = 0;
	r->file = file;
	return true;
}

bool value_name(const char *s, char *to)
{
	if (!*s || strlen(s) > FWTREE_IFNAME_MAX)
		return false;
	strcpy(to, strcmp(s, "-") ? s : "");
	return true;
}
