// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>

#include "conn_filter.h"
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

static bool number(const char *s, unsigned long long max, unsigned long long *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 0);
	return !errno && !*end && *v <= max;
}

static bool protocol(const char *s, uint8_t *to)
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
	if (number(s, 255, &v)) {
		*to = v;
		return true;
	}
	p = getprotobyname(s);
	if (p)
		*to = p->p_proto;
	return p;
}

static bool port(const char *s, uint16_t *to)
{
	const struct servent *e;
	unsigned long long v;

	if (number(s, 65535, &v)) {
		*to = v;
		return true;
	}
	e = getservbyname(s, NULL);
	if (e)
		*to = ntohs(e->s_port);
	return e;
}

static bool address(const char *s, uint8_t *to, uint8_t *len, uint8_t *family)
{
	char text[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	unsigned long long v;
	uint8_t f;

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = 0;
	if (inet_pton(AF_INET, text, to) == 1)
		f = 4;
	else if (inet_pton(AF_INET6, text, to) == 1)
		f = 6;
	else
		return false;
	*len = f == 4 ? 32 : 128;
	if (slash) {
		if (!number(slash + 1, *len, &v))
			return false;
		*len = v;
	}
	/* One address of each family would match nothing at all. */
	if (*family && *family != f)
		return false;
	*family = f;
	return true;
}

static bool name(const char *s, char *to)
{
	if (!*s || strlen(s) > FWTREE_IFNAME_MAX)
		return false;
	strcpy(to, s);
	return true;
}

static bool take(struct fwt_nl_conn_filter *f, const char *key, const char *value,
		 uint32_t *bit)
{
	unsigned long long v = 0;
	int state;

	if (!strcmp(key, "proto") || !strcmp(key, "protocol")) {
		*bit = FWT_NL_CONN_PROTOCOL;
		return protocol(value, &f->protocol);
	}
	if (!strcmp(key, "src") || !strcmp(key, "saddr")) {
		*bit = FWT_NL_CONN_SADDR;
		return address(value, f->saddr, &f->saddr_len, &f->addr_family);
	}
	if (!strcmp(key, "dst") || !strcmp(key, "daddr")) {
		*bit = FWT_NL_CONN_DADDR;
		return address(value, f->daddr, &f->daddr_len, &f->addr_family);
	}
	if (!strcmp(key, "sport")) {
		*bit = FWT_NL_CONN_SPORT;
		return port(value, &f->sport);
	}
	if (!strcmp(key, "dport")) {
		*bit = FWT_NL_CONN_DPORT;
		return port(value, &f->dport);
	}
	if (!strcmp(key, "state")) {
		*bit = FWT_NL_CONN_STATE;
		state = fwt_nl_conn_state_find(value);
		f->state = state;
		return state >= 0;
	}
	if (!strcmp(key, "mark")) {
		*bit = FWT_NL_CONN_MARK;
		if (!number(value, UINT32_MAX, &v))
			return false;
		f->mark = v;
		return true;
	}
	if (!strcmp(key, "family")) {
		*bit = FWT_NL_CONN_FAMILY;
		f->family = !strcmp(value, "ipv4") ? 4 : 6;
		return f->family == 4 || !strcmp(value, "ipv6");
	}
	if (!strcmp(key, "id")) {
		*bit = FWT_NL_CONN_ID;
		if (!number(value, UINT64_MAX, &v))
			return false;
		f->id = v;
		return true;
	}
	if (!strcmp(key, "iif")) {
		*bit = FWT_NL_CONN_IIF;
		return name(value, f->iif);
	}
	*bit = FWT_NL_CONN_OIF;
	return name(value, f->oif);
}

/* What a bad value is told. */
static const char *hint_of(uint32_t bit)
{
	switch (bit) {
	case FWT_NL_CONN_PROTOCOL:
		return "a protocol's name or number is expected";
	case FWT_NL_CONN_SADDR:
	case FWT_NL_CONN_DADDR:
		return "an address or prefix is expected, of one family with the other one";
	case FWT_NL_CONN_SPORT:
	case FWT_NL_CONN_DPORT:
		return "a port or a service's name is expected";
	case FWT_NL_CONN_STATE:
		return "a state is expected, ESTABLISHED say";
	case FWT_NL_CONN_FAMILY:
		return "ipv4 or ipv6 is expected";
	case FWT_NL_CONN_IIF:
	case FWT_NL_CONN_OIF:
		return "an interface's name is expected";
	}
	return "a number is expected";
}

int conn_filter_parse(struct fwctl *ctl, struct fwt_nl_conn_filter *f, int argc,
		      char **argv)
{
	static const char *const keys[] = {
		"proto", "protocol", "src", "saddr", "dst", "daddr", "sport",
		"dport", "state", "mark", "family", "id", "iif", "oif", NULL
	};
	/* What may stand alone, to be offered too. */
	static const char *const words[] = {
		"proto", "protocol", "src", "saddr", "dst", "daddr", "sport",
		"dport", "state", "mark", "family", "id", "iif", "oif",
		"tcp", "udp", "icmp", "icmpv6", "sctp", "ipv4", "ipv6", NULL
	};
	static const char *const states[] = {
		"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
		"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
		"UNREPLIED", "REPLIED", NULL
	};
	const char *meant, *key;
	char hint[160];
	uint32_t bit = 0;
	uint8_t proto;
	int i, k;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < argc; i++) {
		key = argv[i];
		for (k = 0; keys[k] && strcmp(keys[k], key); k++)
			;
		if (!keys[k]) {
			/* A bare protocol, or family. */
			bit = FWT_NL_CONN_PROTOCOL;
			if (!strcmp(key, "ipv4") || !strcmp(key, "ipv6")) {
				bit = FWT_NL_CONN_FAMILY;
				f->family = key[3] == '4' ? 4 : 6;
			} else if ((*key < '0' || *key > '9') && protocol(key, &proto)) {
				f->protocol = proto;
			} else {
				meant = fwt_diag_suggest(key, words);
				if (meant)
					snprintf(hint, sizeof(hint),
						 "did you mean '%s'?", meant);
				return fwctl_usage(ctl, meant ? hint : NULL,
						   "%s: did not understand '%s'",
						   ctl->command->name, key);
			}
		} else {
			if (i + 1 == argc)
				return fwctl_usage(ctl, NULL,
						   "%s: a value is missing after '%s'",
						   ctl->command->name, key);
			if (!take(f, key, argv[++i], &bit)) {
				meant = bit == FWT_NL_CONN_STATE ?
					fwt_diag_suggest(argv[i], states) : NULL;
				if (meant)
					snprintf(hint, sizeof(hint),
						 "did you mean '%s'?", meant);
				return fwctl_usage(ctl, meant ? hint : hint_of(bit),
						   "%s: did not understand '%s' after '%s'",
						   ctl->command->name, argv[i], key);
			}
		}
		if (f->set & bit)
			return fwctl_usage(ctl, NULL, "%s: '%s' is said twice",
					   ctl->command->name, key);
		f->set |= bit;
	}
	return 0;
}
