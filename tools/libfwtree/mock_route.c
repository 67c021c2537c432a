// SPDX-License-Identifier: GPL-2.0
/*
 * The routing table of simulations: a list, and looked at from end to end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ifname.h"
#include "mock_route.h"
#include "names.h"

void fwt_mock_routes_init(struct fwt_mock_routes *m)
{
	memset(m, 0, sizeof(*m));
	m->route.size = sizeof(struct fwt_mock_entry);
	m->address.size = sizeof(struct fwt_mock_entry);
	m->link.size = sizeof(struct fwt_mock_entry);
}

void fwt_mock_routes_clean(struct fwt_mock_routes *m)
{
	free(m->route.data);
	free(m->address.data);
	free(m->link.data);
	fwt_mock_routes_init(m);
}

static int add(struct fwt_vec *v, const struct fwt_mock_entry *e)
{
	struct fwt_mock_entry *to = fwt_vec_add(v, 1);

	if (!to)
		return -ENOMEM;
	*to = *e;
	return 0;
}

int fwt_mock_route_add(struct fwt_mock_routes *m, const struct fwt_mock_entry *e)
{
	return add(&m->route, e);
}

int fwt_mock_address_add(struct fwt_mock_routes *m, const struct fwt_mock_entry *e)
{
	return add(&m->address, e);
}

/* Answering */

static bool is_link_local(u8 family, const u32 *addr)
{
	return family == 6 && addr[0] >> 22 == 0xfe80u >> 6;
}

static bool is_loopback(u8 family, const u32 *addr)
{
	if (family == 4)
		return addr[0] >> 24 == 127;
	return !addr[0] && !addr[1] && !addr[2] && addr[3] == 1;
}

static u8 bits_of(u8 family)
{
	return family == 6 ? 128 : 32;
}

static bool under(const struct fwt_mock_entry *e, u8 family, const u32 *addr, u32 plen)
{
	u32 bit;

	if (e->family != family)
		return false;
	for (bit = 0; bit < plen; bit++)
		if ((e->addr[bit / 32] ^ addr[bit / 32]) >> (31 - bit % 32) & 1)
			return false;
	return true;
}

/* The subnet's last address; there is none of so small ones. */
static bool is_broadcast(const struct fwt_mock_entry *e, const u32 *addr)
{
	return e->family == 4 && e->plen < 31 && under(e, 4, addr, e->plen) &&
	       !(~addr[0] & (0xffffffffu >> e->plen));
}

static void set_dev(struct fwt_route *r, const char *dev)
{
	snprintf(r->oif, sizeof(r->oif), "%s", dev ? dev : "");
}

/* One of the answers that there are, and how long its prefix is. */
struct found {
	int plen;
	bool marked;
	struct fwt_mock_entry e;
};

static void better(struct found *f, const struct fwt_mock_entry *e, const char *prefer)
{
	if (f->plen >= 0) {
		if (e->has_mark != f->marked ? f->marked : e->plen < f->plen)
			return;
		/* Of equal ones that which leads where it is hoped to. */
		if (e->has_mark == f->marked && e->plen == f->plen &&
		    !(prefer && !strcmp(e->dev, prefer) && strcmp(f->e.dev, prefer)))
			return;
	}
	f->plen = e->plen;
	f->marked = e->has_mark;
	f->e = *e;
}

const char *fwt_mock_link_vrf(const struct fwt_mock_routes *m, const char *dev)
{
	const struct fwt_mock_entry *e = m->link.data;
	const char *vrf = "";
	u32 i;

	for (i = 0; dev && i < m->link.count; i++)
		if (e[i].vrf[0] && !strcmp(e[i].dev, dev))
			vrf = e[i].vrf;
	return vrf;
}

/* Is an address, or a route, one of a VRF; "": of none. */
static bool is_in(const struct fwt_mock_routes *m, const struct fwt_mock_entry *e,
		  const char *vrf)
{
	if (!strcmp(e->vrf, "none"))
		return !*vrf;
	return !strcmp(e->vrf[0] ? e->vrf : fwt_mock_link_vrf(m, e->dev), vrf);
}

static bool own(const struct fwt_mock_routes *m, const char *vrf, u8 family, const u32 *addr)
{
	const struct fwt_mock_entry *e = m->address.data;
	u32 i;

	if (is_loopback(family, addr))
		return true;
	for (i = 0; i < m->address.count; i++)
		if (under(&e[i], family, addr, bits_of(family)) && is_in(m, &e[i], vrf))
			return true;
	return false;
}

/* Where @addr is reached; of equally good ways that by @prefer. */
static struct found find(const struct fwt_mock_routes *m, const struct fwt_packet *p,
			 const u32 *addr, const char *prefer)
{
	const char *vrf = fwt_mock_link_vrf(m, p->iif ? p->iif : p->oif);
	const struct fwt_mock_entry *e = m->route.data;
	struct found f = { .plen = -1 };
	u32 i;

	if (own(m, vrf, p->family, addr)) {
		f.plen = bits_of(p->family);
		f.e.type = FWT_ROUTE_LOCAL;
		return f;
	}
	if (is_link_local(p->family, addr)) {
		const char *dev = p->iif ? p->iif : p->oif;

		f.plen = dev ? 64 : -1;
		f.e.type = FWT_ROUTE_UNICAST;
		snprintf(f.e.dev, sizeof(f.e.dev), "%s", dev ? dev : "");
		return f;
	}
	for (i = 0; i < m->route.count; i++)
		if ((!e[i].has_mark || e[i].mark == p->mark) &&
		    under(&e[i], p->family, addr, e[i].plen) && is_in(m, &e[i], vrf))
			better(&f, &e[i], prefer);
	e = m->address.data;
	for (i = 0; i < m->address.count; i++) {
		struct fwt_mock_entry link = e[i];

		if (!under(&e[i], p->family, addr, e[i].plen) || !is_in(m, &e[i], vrf))
			continue;
		if (is_broadcast(&e[i], addr)) {
			link.type = FWT_ROUTE_BROADCAST;
			link.plen = 32;
		} else {
			link.type = FWT_ROUTE_UNICAST;
		}
		memcpy(link.src, link.addr, sizeof(link.src));
		link.has_src = true;
		better(&f, &link, prefer);
	}
	return f;
}

bool fwt_mock_ifaddr(const struct fwt_mock_routes *m, const char *ifname, u8 family,
		     const u32 *addr, bool subnet)
{
	const struct fwt_mock_entry *e = m->address.data;
	u32 i;

	for (i = 0; i < m->address.count; i++)
		if (fwt_ifname_fits(ifname, e[i].dev) &&
		    under(&e[i], family, addr, subnet ? e[i].plen : bits_of(family)))
			return true;
	return fwt_ifname_fits(ifname, "lo") && is_loopback(family, addr);
}

/* The first address of @dev, one of the subnet of @near if there is. */
static bool address_of(const struct fwt_mock_routes *m, const char *dev, u8 family,
		       const u32 *near, bool link_local, u32 *addr)
{
	const struct fwt_mock_entry *e = m->address.data, *best = NULL;
	u32 i;

	for (i = 0; i < m->address.count; i++) {
		if (e[i].family != family || strcmp(e[i].dev, dev) ||
		    is_link_local(family, e[i].addr) != link_local)
			continue;
		if (!best || (near && under(&e[i], family, near, e[i].plen) &&
			      !under(best, family, near, best->plen)))
			best = &e[i];
	}
	if (best)
		memcpy(addr, best->addr, sizeof(best->addr));
	return best;
}

static bool of_link(u8 family, const u32 *addr)
{
	return family == 4 ? addr[0] >> 16 == 0xa9fe : is_link_local(family, addr);
}

/* What goes by lo stays here; and neighbours who talk by addresses of the link know each
 * other by these alone.
 */
static bool keeps_source(const struct fwt_mock_routes *m, const struct fwt_packet *p)
{
	return !strcmp(p->oif, "lo") ||
	       (of_link(p->family, p->saddr) && of_link(p->family, p->daddr) &&
		fwt_mock_ifaddr(m, p->oif, p->family, p->saddr, false));
}

bool fwt_mock_source(const struct fwt_mock_routes *m, const struct fwt_packet *p, u32 *addr)
{
	struct found f = find(m, p, p->daddr, p->oif);

	if (p->oif && keeps_source(m, p)) {
		memmove(addr, p->saddr, sizeof(p->saddr));
		return true;
	}
	return p->oif && address_of(m, p->oif, p->family,
				    f.plen >= 0 && f.e.has_via ? f.e.via : p->daddr,
				    false, addr);
}

bool fwt_mock_local(const struct fwt_mock_routes *m, const char *ifname,
		    const struct fwt_packet *p, u32 *addr)
{
	return address_of(m, fwt_ifname_plain(ifname), p->family, NULL,
			  is_link_local(p->family, p->daddr), addr);
}

static void source_of(const struct fwt_mock_routes *m, const struct fwt_packet *p,
		      const struct found *f, struct fwt_route *r)
{
	const u32 *near = f->e.has_via ? f->e.via : p->daddr;

	if (r->type == FWT_ROUTE_LOCAL)
		memcpy(r->saddr, p->daddr, sizeof(r->saddr));
	else if (f->e.has_src)
		memcpy(r->saddr, f->e.src, sizeof(r->saddr));
	else
		address_of(m, r->oif, p->family, near, is_link_local(p->family, near),
			   r->saddr);
}

void fwt_mock_route(const struct fwt_mock_routes *m, const struct fwt_packet *p,
		    enum fwt_route_ask what, struct fwt_route *r)
{
	bool reverse = what == FWT_ROUTE_REVERSE;
	struct found f = find(m, p, reverse ? p->saddr : p->daddr,
			      reverse ? p->iif : NULL);

	if (f.plen < 0)
		return;
	if (reverse) {
		if (f.e.type == FWT_ROUTE_LOCAL)
			set_dev(r, "lo");
		else if (f.e.type == FWT_ROUTE_UNICAST)
			set_dev(r, f.e.dev);
		return;
	}
	r->type = f.e.type;
	if (r->type == FWT_ROUTE_UNREACHABLE)
		return;
	set_dev(r, r->type == FWT_ROUTE_LOCAL ? "lo" : f.e.dev);
	if (r->type == FWT_ROUTE_UNICAST)
		memcpy(r->nexthop, f.e.has_via ? f.e.via : p->daddr, sizeof(r->nexthop));
	if (what == FWT_ROUTE_SOURCE)
		source_of(m, p, &f, r);
}

u32 fwt_mock_link_mtu(const struct fwt_mock_routes *m, const char *dev)
{
	const struct fwt_mock_entry *e = m->link.data;
	u32 i, mtu = 0;

	for (i = 0; i < m->link.count; i++)
		if (e[i].mtu && !strcmp(e[i].dev, dev))
			mtu = e[i].mtu;
	return mtu;
}

u32 fwt_mock_route_mtu(const struct fwt_mock_routes *m, const struct fwt_packet *p)
{
	struct found f = find(m, p, p->daddr, NULL);

	return f.plen >= 0 ? f.e.mtu : 0;
}

static const struct fwt_mock_routes *routes(const struct fwt_env *env)
{
	/* It is the first member. */
	return ((const struct fwt_mock_route_env *)env)->routes;
}

static bool mock_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
			const u32 *addr, bool subnet)
{
	return fwt_mock_ifaddr(routes(env), ifname, family, addr, subnet);
}

static bool mock_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	return fwt_mock_source(routes(env), p, addr);
}

static bool mock_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	return fwt_mock_local(routes(env), ifname, p, addr);
}

static void mock_route(const struct fwt_env *env, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	fwt_mock_route(routes(env), p, what, r);
}

static const struct fwt_env_ops mock_ops = {
	.ifaddr = mock_ifaddr, .source = mock_source, .local = mock_local,
	.route = mock_route,
};

void fwt_mock_route_env_init(struct fwt_mock_route_env *env, const struct fwt_mock_routes *m,
			     u32 seed)
{
	memset(env, 0, sizeof(*env));
	env->env.ops = &mock_ops;
	env->env.seed = seed;
	env->env.rlu = &env->rlu;
	env->routes = m;
}

/* Reading */

struct reader {
	char *error;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static bool wrong(const struct reader *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->error, r->size, fmt, args);
	va_end(args);
	return false;
}

static bool read_number(const char *word, u32 most, u32 *out)
{
	unsigned long long n;
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	n = strtoull(word, &end, 0);
	*out = (u32)n;
	return !*end && n <= most;
}

static bool read_addr(const char *word, u8 *family, u32 *addr)
{
	u8 bytes[16] = { 0 };
	u32 i;

	if (!word)
		return false;
	*family = strchr(word, ':') ? 6 : 4;
	if (inet_pton(*family == 6 ? AF_INET6 : AF_INET, word, bytes) != 1)
		return false;
	for (i = 0; i < 4; i++)
		addr[i] = (u32)bytes[4 * i] << 24 | (u32)bytes[4 * i + 1] << 16 |
			  (u32)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
	return true;
}

/* Changes @word. */
static bool read_prefix(const struct reader *r, char *word, struct fwt_mock_entry *e)
{
	char *slash = word ? strchr(word, '/') : NULL;
	u32 plen;

	if (slash)
		*slash = '\0';
	if (!read_addr(word, &e->family, e->addr)) {
		if (slash)
			*slash = '/';
		return wrong(r, "'%s' is no address", word ? word : "");
	}
	plen = bits_of(e->family);
	if (slash && !read_number(slash + 1, plen, &plen))
		return wrong(r, "'/%s' is no length of an address of IPv%u", slash + 1,
			     e->family);
	e->plen = (u8)plen;
	return true;
}

static bool read_other(const struct reader *r, const char *key, const char *word,
		       const struct fwt_mock_entry *e, u32 *addr)
{
	u8 family;

	if (!read_addr(word, &family, addr))
		return wrong(r, "'%s' wants an address", key);
	if (e->family && family != e->family)
		return wrong(r, "'%s' is an address of IPv%u, the route one of IPv%u", word,
			     family, e->family);
	return true;
}

static bool read_type(const struct reader *r, const char *word, u8 *type)
{
	uint64_t value;

	if (!word || !fwt_class_value(FWT_CLASS_ROUTE_TYPE, word, &value) ||
	    value == FWT_ROUTE_NONE || value == FWT_ROUTE_MULTICAST)
		return wrong(r, "'%s' is no type of a route: local, unicast, broadcast, "
			     "unreachable", word ? word : "");
	*type = (u8)value;
	return true;
}

#define BLANK	" \t\r\n"

/* Less than that and neither family has a way. */
static bool read_mtu(const struct reader *r, const char *word, u32 *mtu)
{
	if (!read_number(word, 65536, mtu) || *mtu < 68)
		return wrong(r, "'mtu' wants a number of bytes, 68 to 65536");
	return true;
}

static bool read_vrf(const struct reader *r, const char *word, char *vrf)
{
	if (!word || strlen(word) >= FWT_ROUTE_NAME)
		return wrong(r, "'vrf' wants the name of a VRF");
	strcpy(vrf, word);
	return true;
}

static bool read_words(const struct reader *r, bool route, char **at,
		       struct fwt_mock_entry *e)
{
	const char *key, *word;

	while ((key = strtok_r(NULL, BLANK, at))) {
		word = strtok_r(NULL, BLANK, at);
		if (!strcmp(key, "dev")) {
			if (!word || strlen(word) >= sizeof(e->dev))
				return wrong(r, "'dev' wants the name of an interface");
			strcpy(e->dev, word);
		} else if (route && !strcmp(key, "via")) {
			e->has_via = true;
			if (!read_other(r, key, word, e, e->via))
				return false;
			if (!e->family)
				e->family = strchr(word, ':') ? 6 : 4;
		} else if (route && !strcmp(key, "src")) {
			e->has_src = true;
			if (!read_other(r, key, word, e, e->src))
				return false;
		} else if (route && !strcmp(key, "type")) {
			if (!read_type(r, word, &e->type))
				return false;
		} else if (route && !strcmp(key, "mark")) {
			e->has_mark = true;
			if (!read_number(word, 0xffffffff, &e->mark))
				return wrong(r, "'mark' wants a number");
		} else if (route && !strcmp(key, "mtu")) {
			if (!read_mtu(r, word, &e->mtu))
				return false;
		} else if (route && !strcmp(key, "vrf")) {
			if (!read_vrf(r, word, e->vrf))
				return false;
		} else {
			return wrong(r, "'%s' is no word of %s", key,
				     route ? "a route: via, dev, type, src, mark, mtu, vrf" :
					     "an address: dev");
		}
	}
	if (!e->dev[0] && (!route || e->type == FWT_ROUTE_UNICAST ||
			   e->type == FWT_ROUTE_BROADCAST))
		return wrong(r, "'dev IF' is missing");
	return true;
}

static int read_link(struct fwt_mock_routes *m, char **at, const struct reader *r)
{
	const char *dev = strtok_r(NULL, BLANK, at), *key, *word;
	struct fwt_mock_entry e = { 0 };
	bool ok = true;

	while (ok && (key = strtok_r(NULL, BLANK, at))) {
		word = strtok_r(NULL, BLANK, at);
		if (!strcmp(key, "mtu"))
			ok = read_mtu(r, word, &e.mtu);
		else if (!strcmp(key, "vrf"))
			ok = read_vrf(r, word, e.vrf);
		else
			ok = wrong(r, "'%s' is no word of a link: mtu, vrf", key);
	}
	/* That it is there is all that one without words says. */
	if (ok && (!dev || strlen(dev) >= sizeof(e.dev)))
		ok = wrong(r, "it is 'link IF [mtu N] [vrf VRF]'");
	if (ok && !strcmp(e.vrf, dev))
		ok = wrong(r, "'%s' is a link, and in no VRF of that name", dev);
	if (!ok)
		return -EINVAL;
	strcpy(e.dev, dev);
	return add(&m->link, &e);
}

static int read_line(struct fwt_mock_routes *m, char *line, const struct reader *r)
{
	struct fwt_mock_entry e = { .type = FWT_ROUTE_UNICAST };
	char *at = NULL, *word, *hash = strchr(line, '#');
	bool route;
	int ret;

	if (hash)
		*hash = '\0';
	word = strtok_r(line, BLANK, &at);
	if (word && !strcmp(word, "link"))
		return read_link(m, &at, r);
	route = word && !strcmp(word, "route");
	if (!route && (!word || strcmp(word, "address"))) {
		wrong(r, "'%s' is neither 'route' nor 'address' nor 'link'", word ? word : "");
		return -EINVAL;
	}
	word = strtok_r(NULL, BLANK, &at);
	if (!(route && word && !strcmp(word, "default")) && !read_prefix(r, word, &e))
		return -EINVAL;
	if (!read_words(r, route, &at, &e))
		return -EINVAL;
	if (!route)
		return fwt_mock_address_add(m, &e);
	if (e.family)
		return fwt_mock_route_add(m, &e);
	e.family = 4;
	ret = fwt_mock_route_add(m, &e);
	e.family = 6;
	return ret ? ret : fwt_mock_route_add(m, &e);
}

int fwt_mock_routes_line(struct fwt_mock_routes *m, const char *line, char *error,
			 size_t size)
{
	struct reader r = { error, size };
	char *copy = strdup(line);
	int ret;

	if (!copy)
		return -ENOMEM;
	ret = read_line(m, copy, &r);
	free(copy);
	return ret;
}
