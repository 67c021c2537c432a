// SPDX-License-Identifier: GPL-2.0
/* Addresses and routes of the simulated machine; see sim_world.h. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "sim_world.h"

/* Words of a statement. */
struct words {
	const char *line;
	const char *at;
	char word[80];
	int column;
	char *error;
	size_t size;
};

static bool next(struct words *w)
{
	size_t len;

	w->at += strspn(w->at, " \t\r");
	w->column = (int)(w->at - w->line) + 1;
	len = strcspn(w->at, " \t\r\n");
	if (!len || len >= sizeof(w->word) || *w->at == '#') {
		w->word[0] = '\0';
		return false;
	}
	memcpy(w->word, w->at, len);
	w->word[len] = '\0';
	w->at += len;
	return true;
}

static int wrong(struct words *w, const char *what)
{
	snprintf(w->error, w->size, "%s", what);
	return -1;
}

static bool read_addr(const char *text, u8 *family, u32 *addr)
{
	u8 bytes[16] = { 0 };
	u32 i;

	*family = strchr(text, ':') ? 6 : 4;
	if (inet_pton(*family == 6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	for (i = 0; i < 4; i++)
		addr[i] = get_unaligned_be32(bytes + 4 * i);
	return true;
}

static bool read_prefix(char *text, u8 *family, u32 *addr, u8 *plen)
{
	char *slash = strchr(text, '/'), *end;
	unsigned long n;

	if (slash)
		*slash = '\0';
	if (!read_addr(text, family, addr))
		return false;
	*plen = *family == 6 ? 128 : 32;
	if (!slash)
		return true;
	n = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || n > *plen)
		return false;
	*plen = (u8)n;
	return true;
}

static u32 mask(u32 plen, u32 word)
{
	u32 bits = plen > 32 * word ? plen - 32 * word : 0;

	return bits >= 32 ? ~0u : bits ? ~0u << (32 - bits) : 0;
}

static bool within(const u32 *addr, const u32 *net, u8 family, u8 plen)
{
	u32 i, n = family == 6 ? 4 : 1;

	for (i = 0; i < n; i++)
		if ((addr[i] ^ net[i]) & mask(plen, i))
			return false;
	return true;
}

static void *grow(void *array, u32 n, size_t size)
{
	return n & (n - 1) ? array : realloc(array, (n ? 2 * n : 1) * size);
}

static struct sim_route *add_route(struct sim_world *w)
{
	struct sim_route *r = grow(w->route, w->n_routes, sizeof(*r));

	if (!r)
		return NULL;
	w->route = r;
	r += w->n_routes++;
	memset(r, 0, sizeof(*r));
	return r;
}

static int add_address(struct sim_world *w, u8 family, const u32 *addr, u8 plen,
		       const char *dev)
{
	struct sim_address *a = grow(w->address, w->n_addresses, sizeof(*a));
	struct sim_route *r;

	if (!a)
		return -1;
	w->address = a;
	a += w->n_addresses;
	r = add_route(w);
	if (!r)
		return -1;
	w->n_addresses++;
	memset(a, 0, sizeof(*a));
	a->family = family;
	a->plen = plen;
	memcpy(a->addr, addr, sizeof(a->addr));
	snprintf(a->dev, sizeof(a->dev), "%s", dev);
	r->family = family;
	r->plen = plen;
	memcpy(r->addr, addr, sizeof(r->addr));
	memcpy(r->dev, a->dev, sizeof(r->dev));
	return 0;
}

int sim_world_init(struct sim_world *w)
{
	static const u32 lo4[4] = { 0x7f000001 }, lo6[4] = { 0, 0, 0, 1 };

	memset(w, 0, sizeof(*w));
	return add_address(w, 4, lo4, 8, "lo") || add_address(w, 6, lo6, 128, "lo") ? -1 : 0;
}

void sim_world_clean(struct sim_world *w)
{
	free(w->address);
	free(w->route);
}

static bool read_device(struct words *w, char *dev)
{
	if (!next(w) || strlen(w->word) >= 16)
		return false;
	strcpy(dev, w->word);
	return true;
}

static int address_line(struct sim_world *w, struct words *s)
{
	char dev[16] = "";
	u32 addr[4];
	u8 family, plen;

	if (!next(s) || !read_prefix(s->word, &family, addr, &plen))
		return wrong(s, "an address is meant here: ADDRESS/LENGTH");
	if (!next(s) || strcmp(s->word, "dev") || !read_device(s, dev))
		return wrong(s, "'dev INTERFACE' is missing");
	if (next(s))
		return wrong(s, "nothing may follow here");
	w->said = true;
	return add_address(w, family, addr, plen, dev) ? wrong(s, "out of memory") : 0;
}

static int route_line(struct sim_world *w, struct words *s)
{
	static const char *const types[] = {
		"unicast", "local", "broadcast", "multicast", "unreachable",
	};
	struct sim_route r = { };
	struct sim_route *to;
	u8 family;
	u32 i;

	if (!next(s))
		return wrong(s, "a destination is meant here: ADDRESS/LENGTH");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(s->word, types[i]))
			continue;
		r.type = (u8)i;
		if (!next(s))
			return wrong(s, "a destination is meant here: ADDRESS/LENGTH");
		break;
	}
	if (!strcmp(s->word, "default"))
		r.family = 4;
	else if (!read_prefix(s->word, &r.family, r.addr, &r.plen))
		return wrong(s, "a destination is meant here: ADDRESS/LENGTH");
	while (next(s)) {
		if (!strcmp(s->word, "via")) {
			if (!next(s) || !read_addr(s->word, &family, r.via))
				return wrong(s, "the address of a router is meant here");
			if (family != r.family && r.plen)
				return wrong(s, "destination and router are of two families");
			r.family = family;
			r.has_via = true;
		} else if (!strcmp(s->word, "dev")) {
			if (!read_device(s, r.dev))
				return wrong(s, "the name of an interface is meant here");
		} else if (!strcmp(s->word, "metric")) {
			if (!next(s))
				return wrong(s, "a number is missing after 'metric'");
			r.metric = (u32)strtoul(s->word, NULL, 0);
		} else {
			return wrong(s, "'via ADDRESS', 'dev INTERFACE' or 'metric N' is meant here");
		}
	}
	if (!r.dev[0] && r.type == SIM_ROUTE_UNICAST)
		return wrong(s, "'dev INTERFACE' is missing");
	to = add_route(w);
	if (!to)
		return wrong(s, "out of memory");
	*to = r;
	w->said = true;
	return 0;
}

int sim_world_line(struct sim_world *w, const char *line, char *error, size_t size,
		   int *column)
{
	struct words s = { .line = line, .at = line, .error = error, .size = size };
	int ret;

	*error = '\0';
	if (next(&s) && !strcmp(s.word, "address"))
		ret = address_line(w, &s);
	else if (!strcmp(s.word, "route"))
		ret = route_line(w, &s);
	else
		ret = wrong(&s, "'address' or 'route' is meant here");
	*column = s.column;
	return ret;
}

static bool is_broadcast(const struct sim_address *a, const u32 *addr)
{
	u32 host = ~mask(a->plen, 0);

	return a->family == 4 && a->plen < 31 && within(addr, a->addr, 4, a->plen) &&
	       (addr[0] & host) == host;
}

void sim_route_find(const struct sim_world *w, u8 family, const u32 *daddr, const char *dev,
		    struct sim_route *r)
{
	const struct sim_route *best = NULL, *at;
	const struct sim_address *a;
	bool link_local = family == 6 && daddr[0] >> 22 == 0xfe80u >> 6;
	u8 type = SIM_ROUTE_NONE;

	memset(r, 0, sizeof(*r));
	r->family = family;
	for (a = w->address; a < w->address + w->n_addresses; a++) {
		if (a->family != family || (link_local && dev && strcmp(dev, a->dev)))
			continue;
		if (!memcmp(a->addr, daddr, family == 6 ? 16 : 4) ||
		    (family == 4 && !strcmp(a->dev, "lo") && within(daddr, a->addr, 4, 8)))
			type = SIM_ROUTE_LOCAL;
		else if (is_broadcast(a, daddr))
			type = SIM_ROUTE_BROADCAST;
		else
			continue;
		memcpy(r->dev, a->dev, sizeof(r->dev));
		r->type = type;
		return;
	}
	if (family == 4 && daddr[0] == 0xffffffff)
		type = SIM_ROUTE_BROADCAST;
	else if (family == 4 ? daddr[0] >> 28 == 0xe : daddr[0] >> 24 == 0xff)
		type = SIM_ROUTE_MULTICAST;
	if (type != SIM_ROUTE_NONE || (link_local && dev)) {
		r->type = type == SIM_ROUTE_NONE ? SIM_ROUTE_UNICAST : type;
		snprintf(r->dev, sizeof(r->dev), "%s", dev ? dev : "");
		return;
	}
	for (at = w->route; at < w->route + w->n_routes; at++) {
		if (at->family != family || !within(daddr, at->addr, family, at->plen))
			continue;
		if (!best || at->plen > best->plen ||
		    (at->plen == best->plen && at->metric < best->metric))
			best = at;
	}
	if (best)
		*r = *best;
	else
		r->type = SIM_ROUTE_NONE;
}

bool sim_has_address(const struct sim_world *w, const char *dev, u8 family,
		     const u32 *addr, bool subnet)
{
	const struct sim_address *a;

	for (a = w->address; a < w->address + w->n_addresses; a++)
		if (a->family == family && (!dev || !strcmp(dev, a->dev)) &&
		    within(addr, a->addr, family, subnet ? a->plen : family == 6 ? 128 : 32))
			return true;
	return false;
}

bool sim_world_names(const struct sim_world *w, const char *dev)
{
	u32 i;

	for (i = 0; i < w->n_addresses; i++)
		if (!strcmp(w->address[i].dev, dev))
			return true;
	for (i = 0; i < w->n_routes; i++)
		if (!strcmp(w->route[i].dev, dev))
			return true;
	return false;
}
