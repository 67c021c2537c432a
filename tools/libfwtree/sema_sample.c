// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that a policy cares about.
 */
#include <stdlib.h>
#include <arpa/inet.h>

#include "sema_sample.h"
#include "oracle.h"

u32 fwt_sampler_random(struct fwt_sampler *s, u32 below)
{
	u64 z;

	/* SplitMix64 (Steele, Lea, Flood, 2014) */
	s->state += 0x9e3779b97f4a7c15ull;
	z = s->state;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (u32)((z >> 32) * below >> 32);
}

static bool chance(struct fwt_sampler *s, u32 percent)
{
	return fwt_sampler_random(s, 100) < percent;
}

/* Collecting */

struct collect {
	struct fwt_sampler *sampler;
	struct fwt_sema sema;	/* for fwt_sema_range() alone */
	bool failed;
};

static void take_values(struct collect *c, const struct fwt_ast_ref *ref,
			const struct fwt_value *v)
{
	enum fwt_value_class class = fwt_ast_field_info(ref->field)->class;
	struct fwt_range r, *to;

	for (; v; v = v->next) {
		if (v->kind == FWT_VALUE_SETREF || v->kind == FWT_VALUE_ADDR_OF ||
		    v->kind == FWT_VALUE_NET_OF || v->kind == FWT_VALUE_JOIN ||
		    !fwt_sema_range(&c->sema, ref, v, &r))
			continue;
		if (class == FWT_CLASS_ADDR4)
			class = FWT_CLASS_ADDR;
		to = fwt_vec_add(&c->sampler->pool[class], 1);
		if (to)
			*to = r;
		else
			c->failed = true;
	}
}

static void take_elements(struct collect *c, const struct fwt_fields *fields,
			  const struct fwt_values *values)
{
	const struct fwt_ast_ref *ref;
	const struct fwt_value *v;
	u32 i;

	if (fields->count == 1) {
		take_values(c, fields->first, values->first);
		return;
	}
	for (v = values->first; v; v = v->next) {
		if (v->kind != FWT_VALUE_JOIN || v->parts.count != fields->count)
			continue;
		for (i = 0, ref = fields->first; ref; ref = ref->next, i++)
			take_values(c, ref, v->parts.part[i].first);
	}
}

static void take_matches(struct collect *c, const struct fwt_match *m)
{
	for (; m; m = m->next) {
		if (m->kind == FWT_MATCH_FIELD || m->kind == FWT_MATCH_MASK)
			take_elements(c, &m->fields, &m->values);
		else if (m->kind == FWT_MATCH_NOT)
			take_matches(c, m->inner);
	}
}

static void take_rules(struct collect *c, const struct fwt_rule *rule)
{
	static const struct fwt_ast_ref addr = { .field = FWT_AST_DADDR };
	static const struct fwt_ast_ref mark = { .field = FWT_AST_MARK };
	const struct fwt_modifier *m;
	const struct fwt_branch *b;

	for (; rule; rule = rule->next) {
		take_matches(c, rule->matches);
		for (m = rule->modifiers; m; m = m->next) {
			if (m->kind == FWT_AST_MOD_SNAT || m->kind == FWT_AST_MOD_DNAT)
				take_values(c, &addr, m->nat.addr.first);
			else if (m->kind == FWT_AST_MOD_SET)
				take_values(c, m->set.target.field == FWT_AST_DSCP ?
					    &m->set.target : &mark, m->set.value.first);
		}
		if (rule->end.kind == FWT_END_BLOCK)
			take_rules(c, rule->end.block.first);
		if (rule->end.kind != FWT_END_SELECT)
			continue;
		for (b = rule->end.select->branches; b; b = b->next) {
			take_elements(c, &rule->end.select->fields, &b->values);
			take_rules(c, b->rule);
		}
	}
}

static void take_set(struct collect *c, const struct fwt_set *set)
{
	static const u8 field[FWT_TYPE_COUNT] = {
		[FWT_TYPE_ADDR] = FWT_AST_DADDR, [FWT_TYPE_PORT] = FWT_AST_DPORT,
		[FWT_TYPE_PROTOCOL] = FWT_AST_PROTOCOL,
		[FWT_TYPE_IFNAME] = FWT_AST_IIF, [FWT_TYPE_MAC] = FWT_AST_ETHER_DADDR,
		[FWT_TYPE_MARK] = FWT_AST_MARK,
	};
	struct fwt_ast_ref ref[FWT_SET_TYPES_MAX] = { 0 };
	struct fwt_fields fields = { .first = ref, .count = set->type.count };
	u32 i;

	for (i = 0; i < set->type.count; i++) {
		ref[i].field = field[set->type.type[i]];
		if (i)
			ref[i - 1].next = &ref[i];
	}
	if (set->type.count)
		take_elements(c, &fields, &set->elements);
}

int fwt_sampler_init(struct fwt_sampler *sampler, const struct fwt_policy_ast *ast,
		     u64 seed)
{
	struct collect c = { .sampler = sampler };
	const struct fwt_ast_hook *hook;
	const struct fwt_tree *tree;
	const struct fwt_set *set;
	struct fwt_diag diag;
	u32 i;

	memset(sampler, 0, sizeof(*sampler));
	sampler->state = seed;
	for (i = 0; i < FWT_SAMPLE_CLASSES; i++)
		sampler->pool[i].size = sizeof(struct fwt_range);
	fwt_diag_init(&diag);
	c.sema.diag = &diag;
	c.sema.resolver = fwt_resolver_alloc();
	if (!c.sema.resolver)
		return -ENOMEM;
	for (hook = ast->hooks; hook; hook = hook->next)
		take_rules(&c, hook->block.first);
	for (tree = ast->trees; tree; tree = tree->next)
		take_rules(&c, tree->block.first);
	for (set = ast->sets; set; set = set->next)
		take_set(&c, set);
	fwt_resolver_free(c.sema.resolver);
	fwt_diag_clean(&diag);
	return c.failed ? -ENOMEM : 0;
}

void fwt_sampler_clean(struct fwt_sampler *sampler)
{
	u32 i;

	for (i = 0; i < FWT_SAMPLE_CLASSES; i++)
		free(sampler->pool[i].data);
}

/* Drawing */

/* A value of the policy, an edge of it, or a neighbour; false where none fits. */
static bool known(struct fwt_sampler *s, enum fwt_value_class class, u32 words, u32 *out)
{
	const struct fwt_vec *pool = &s->pool[class];
	const struct fwt_range *r = pool->data;
	u32 try, w, last = words - 1;

	if (!pool->count || chance(s, 15))
		return false;
	for (try = 0; try < 8; try++) {
		const struct fwt_range *this = r + fwt_sampler_random(s, pool->count);
		u32 what = fwt_sampler_random(s, 8);

		if (this->words != words)
			continue;
		memcpy(out, what & 1 ? this->high : this->low, words * sizeof(u32));
		if (what == 2)
			out[last]--;
		else if (what == 3)
			out[last]++;
		else if (what >= 6)	/* in between, in the word where they part */
			for (w = 0; w < words; w++)
				if (this->low[w] < this->high[w])
					out[w] = this->low[w] +
						 fwt_sampler_random(s, this->high[w] -
								    this->low[w]);
		return true;
	}
	return false;
}

static u32 draw(struct fwt_sampler *s, enum fwt_value_class class, u32 below)
{
	u32 value;

	if (known(s, class, 1, &value))
		return below ? value % below : value;
	return below ? fwt_sampler_random(s, below) :
	       fwt_sampler_random(s, 65536) << 16 | fwt_sampler_random(s, 65536);
}

static void draw_addr(struct fwt_sampler *s, u8 family, u32 *out)
{
	u32 words = family == 6 ? 4 : 1, i;

	if (known(s, FWT_CLASS_ADDR, words, out))
		return;
	for (i = 0; i < words; i++)
		out[i] = fwt_sampler_random(s, 65536) << 16 |
			 fwt_sampler_random(s, 65536);
	if (family == 6 && chance(s, 70))
		out[0] = 0x20010db8;
}

static void draw_mac(struct fwt_sampler *s, u8 *out)
{
	u32 w[2] = { 0x0200, fwt_sampler_random(s, 4) };

	known(s, FWT_CLASS_MAC, 2, w);
	put_unaligned_be16((u16)w[0], out);
	put_unaligned_be32(w[1], out + 2);
}

static const char *draw_name(struct fwt_sampler *s, char *buf)
{
	static const char *const common[] = { "eth0", "eth1", "lo", "br-lan" };
	u32 w[4], i, n = 0;

	memset(buf, 0, 17);
	if (known(s, FWT_CLASS_IFNAME, 4, w))
		for (i = 0; i < 16; i++) {
			char ch = (char)(w[i / 4] >> (24 - 8 * (i % 4)));

			if (ch > ' ' && ch < 127 && n < 15)
				buf[n++] = ch;
			else
				break;
		}
	if (!n)
		strcpy(buf, common[fwt_sampler_random(s, ARRAY_SIZE(common))]);
	return buf;
}

static const char *device_name(struct fwt_sampler *s, const struct fwt_ast_hook *hook,
			       char *buf)
{
	const struct fwt_value *v = hook->devices.first;
	u32 n = fwt_sampler_random(s, hook->devices.count);
	size_t len;

	for (; n-- && v->next; v = v->next)
		;
	snprintf(buf, 16, "%s", v->text);
	len = strlen(buf);
	if (v->flags & FWT_VALUE_WILDCARD && len)
		buf[len - 1] = '7';
	return buf;
}

static void draw_transport(struct fwt_sampler *s, struct fwt_packet *p)
{
	static const u8 common[] = { 6, 6, 6, 17, 17, 1, 58, 132, 47 };

	p->protocol = chance(s, 60) ? common[fwt_sampler_random(s, sizeof(common))] :
		      (u8)draw(s, FWT_CLASS_PROTOCOL, 256);
	if (p->family == 6 && p->protocol == 1)
		p->protocol = 58;
	if (chance(s, 8)) {
		p->have |= FWT_HAVE_FRAG;
		p->frag_off = (u16)(fwt_sampler_random(s, 2) * 1480);
		p->frag_more = !p->frag_off;
		if (p->frag_off)
			return;
	}
	p->sport = (u16)draw(s, FWT_CLASS_PORT, 65536);
	p->dport = (u16)draw(s, FWT_CLASS_PORT, 65536);
	switch (p->protocol) {
	case FWT_IPPROTO_TCP:
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_TCP;
		p->tcp_flags = chance(s, 50) ? FWT_TCP_SYN :
			       (u8)draw(s, FWT_CLASS_TCP_FLAGS, 256);
		p->tcp_seq = draw(s, FWT_CLASS_NUMBER, 0);
		p->tcp_ack = draw(s, FWT_CLASS_NUMBER, 0);
		p->tcp_window = (u16)draw(s, FWT_CLASS_NUMBER, 65536);
		if (chance(s, 40))
			p->have |= FWT_HAVE_MSS;
		p->tcp_mss = (u16)draw(s, FWT_CLASS_NUMBER, 65536);
		break;
	case FWT_IPPROTO_UDP:
		p->have |= FWT_HAVE_PORTS | FWT_HAVE_UDP;
		break;
	case FWT_IPPROTO_DCCP:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_UDPLITE:
		p->have |= FWT_HAVE_PORTS;
		break;
	case FWT_IPPROTO_ICMP:
	case FWT_IPPROTO_ICMPV6:
		if ((p->protocol == FWT_IPPROTO_ICMP) != (p->family == 4))
			break;
		p->have |= p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6;
		p->icmp_type = (u8)draw(s, p->family == 4 ? FWT_CLASS_ICMP_TYPE :
					FWT_CLASS_ICMPV6_TYPE, 256);
		p->icmp_code = (u8)draw(s, p->family == 4 ? FWT_CLASS_ICMP_CODE :
					FWT_CLASS_ICMPV6_CODE, 16);
		p->icmp_id = (u16)draw(s, FWT_CLASS_NUMBER, 65536);
		if (p->icmp_type == 8 || p->icmp_type == 0 || p->icmp_type == 128)
			p->have |= FWT_HAVE_ICMP_ID;
		break;
	}
}

/* Of most packets their own ends; of others, ends as a connection may have that was
 * translated since.
 */
static void draw_original(struct fwt_sampler *s, const struct fwt_ast_hook *hook,
			  struct fwt_packet *p)
{
	struct fwt_tuple *t = &s->tuple;

	if (hook->device || chance(s, 5) || !fwt_tuple_get(p, 0, t))
		return;
	p->ct_tuple = t;
	if (chance(s, 60))
		return;
	draw_addr(s, p->family, t->src.addr);
	draw_addr(s, p->family, t->dst.addr);
	t->src.port = (u16)draw(s, FWT_CLASS_PORT, 65536);
	t->dst.port = (u16)draw(s, FWT_CLASS_PORT, 65536);
	if (chance(s, 50))
		return;
	s->ends.addr6 = s->addr6;
	fwt_ends_init(&s->ends, t);
	p->ct_ends = &s->ends;
}

void fwt_sampler_packet(struct fwt_sampler *s, const struct fwt_ast_hook *hook,
			struct fwt_packet *p)
{
	static const u8 state[] = { 0, 0, 0, 0, 3, 4, 1, 2 };
	u32 word;

	memset(p, 0, sizeof(*p));
	p->hook = (u8)(hook->egress + 2 * hook->device);
	if (!hook->egress)
		p->iif = hook->device ? device_name(s, hook, s->iif) :
			 draw_name(s, s->iif);
	else if (!hook->device && chance(s, 70))
		p->iif = draw_name(s, s->iif);
	if (hook->egress)
		p->oif = hook->device ? device_name(s, hook, s->oif) :
			 draw_name(s, s->oif);
	p->ct_state = state[fwt_sampler_random(s, sizeof(state))];
	p->ct_status = (u8)fwt_sampler_random(s, 4);
	p->pkttype = (u8)draw(s, FWT_CLASS_PKTTYPE, 5);
	p->ct_direction = p->ct_state == FWT_CT_ESTABLISHED && chance(s, 50);
	p->ct_mark = chance(s, 50) ? 0 : draw(s, FWT_CLASS_NUMBER, 0);
	p->mark = chance(s, 50) ? 0 : draw(s, FWT_CLASS_NUMBER, 0);
	p->priority = chance(s, 50) ? 0 : draw(s, FWT_CLASS_NUMBER, 0);
	if (hook->device || (!hook->egress && chance(s, 80))) {
		p->have |= FWT_HAVE_ETHER;
		draw_mac(s, p->ether_saddr);
		draw_mac(s, p->ether_daddr);
		if (chance(s, 20)) {
			p->have |= FWT_HAVE_VLAN;
			p->vlan_tci = (u16)(draw(s, FWT_CLASS_NUMBER, 4096) |
					    fwt_sampler_random(s, 8) << 13);
		}
	}
	if (hook->device && chance(s, 20)) {
		p->ether_type = (u16)draw(s, FWT_CLASS_ETHER_TYPE, 65536);
		if (chance(s, 30))
			return;
		p->ether_type = 0x0806;
		p->have |= FWT_HAVE_ARP;
		p->arp_op = (u16)draw(s, FWT_CLASS_ARP_OP, 4);
		draw_addr(s, 4, &word);
		p->saddr[0] = word;
		draw_addr(s, 4, &word);
		p->daddr[0] = word;
		return;
	}
	p->have |= FWT_HAVE_IP;
	p->family = chance(s, 50) ? 4 : 6;
	p->ether_type = p->family == 4 ? 0x0800 : 0x86dd;
	p->tos = (u8)(draw(s, FWT_CLASS_DSCP, 64) << 2);
	p->ttl = (u8)draw(s, FWT_CLASS_NUMBER, 256);
	p->length = draw(s, FWT_CLASS_NUMBER, 65536);
	draw_addr(s, p->family, p->saddr);
	if (chance(s, 5))
		memcpy(p->daddr, p->saddr, sizeof(p->daddr));
	else
		draw_addr(s, p->family, p->daddr);
	draw_transport(s, p);
	draw_original(s, hook, p);
}

/* The state for a while: a function of all that routing looks at. */
static u64 question(const struct fwt_packet *p, enum fwt_route_ask what)
{
	const u32 part[] = { p->mark, p->tos, p->protocol, p->sport, p->dport, p->hook, what,
			     p->saddr[0], p->saddr[1], p->saddr[2], p->saddr[3],
			     p->daddr[0], p->daddr[1], p->daddr[2], p->daddr[3] };
	u64 h = 0xcbf29ce484222325ull;	/* FNV-1a, by words */
	u32 i;

	for (i = 0; i < ARRAY_SIZE(part); i++)
		h = (h ^ part[i]) * 0x100000001b3ull;
	return h;
}

static void way(struct fwt_sampler *s, const struct fwt_packet *p, struct fwt_route *r)
{
	u32 type;
	char name[17];

	if (!known(s, FWT_CLASS_ROUTE_TYPE, 1, &type) || type >= __FWT_ROUTE_MAX)
		type = fwt_sampler_random(s, __FWT_ROUTE_MAX);
	r->type = (u8)type;
	switch (type) {
	case FWT_ROUTE_NONE:
	case FWT_ROUTE_UNREACHABLE:
		return;
	case FWT_ROUTE_LOCAL:
		strcpy(r->oif, "lo");
		break;
	default:
		snprintf(r->oif, sizeof(r->oif), "%s", draw_name(s, name));
		break;
	}
	if (type == FWT_ROUTE_UNICAST)
		draw_addr(s, p->family, r->nexthop);
	draw_addr(s, p->family, r->saddr);
}

void fwt_sampler_route(struct fwt_sampler *s, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	u64 state = s->state;
	char name[17];

	memset(r, 0, sizeof(*r));
	if (what == FWT_ROUTE_REVERSE) {
		s->state = question(p, what);
		if (!chance(s, 20))
			snprintf(r->oif, sizeof(r->oif), "%s",
				 p->iif && chance(s, 50) ? p->iif : draw_name(s, name));
	} else {
		/* One way, with its source or without. */
		s->state = question(p, FWT_ROUTE_FORWARD);
		way(s, p, r);
	}
	s->state = state;
}

/* Words */

static void addr_words(const struct fwt_packet *p, const u32 *addr, u16 port, char *buf,
		       size_t size)
{
	char text[INET6_ADDRSTRLEN];
	u8 bytes[16];
	u32 i;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], bytes + 4 * i);
	inet_ntop(p->family == 6 ? AF_INET6 : AF_INET, bytes, text, sizeof(text));
	if (!(p->have & FWT_HAVE_PORTS))
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, p->family == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

void fwt_sample_words(const struct fwt_packet *p, char *buf, size_t size)
{
	const char *protocol = fwt_class_name(FWT_CLASS_PROTOCOL, p->protocol);
	bool in = p->iif && *p->iif;
	char from[64], to[64], number[16], more[96] = "";

	if (p->have & FWT_HAVE_ARP) {
		snprintf(buf, size, "in %s arp %s", in ? p->iif : p->oif,
			 p->arp_op == 2 ? "reply" : "request");
		return;
	}
	if (!(p->have & FWT_HAVE_IP)) {
		snprintf(buf, size, "a frame of type 0x%04x", p->ether_type);
		return;
	}
	snprintf(number, sizeof(number), "%u", p->protocol);
	/* Of the other family's ICMP the name is none of it. */
	if (p->protocol == (p->family == 6 ? FWT_IPPROTO_ICMP : FWT_IPPROTO_ICMPV6))
		protocol = NULL;
	addr_words(p, p->saddr, p->sport, from, sizeof(from));
	addr_words(p, p->daddr, p->dport, to, sizeof(to));
	if (p->have & FWT_HAVE_FRAG)
		snprintf(more, sizeof(more), " frag %u%s", p->frag_off,
			 p->frag_more ? "+" : "");
	else if (p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6))
		snprintf(more, sizeof(more), " type %u code %u", p->icmp_type,
			 p->icmp_code);
	else if (p->have & FWT_HAVE_TCP)
		snprintf(more, sizeof(more), "%s%s%s%s",
			 p->tcp_flags & FWT_TCP_SYN ? " syn" : "",
			 p->tcp_flags & FWT_TCP_ACK ? " ack" : "",
			 p->tcp_flags & FWT_TCP_FIN ? " fin" : "",
			 p->tcp_flags & FWT_TCP_RST ? " rst" : "");
	if (p->mark)
		snprintf(more + strlen(more), sizeof(more) - strlen(more), " mark %u",
			 p->mark);
	snprintf(buf, size, "%s %s %s %s to %s%s", in ? "in" : "out",
		 in ? p->iif : p->oif ? p->oif : "lo", protocol ? protocol : number,
		 from, to, more);
}

/* A packet that comes to no verdict */

static bool no_ifaddr(const struct fwt_env *env, const char *ifname, u8 family,
		      const u32 *addr, bool subnet)
{
	(void)env;
	(void)ifname;
	(void)family;
	(void)addr;
	(void)subnet;
	return false;
}

/* Of the networks for documentation. */
static bool some_source(const struct fwt_env *env, const struct fwt_packet *p, u32 *addr)
{
	(void)env;
	memset(addr, 0, 4 * sizeof(u32));
	addr[0] = p->family == 6 ? 0x20010db8 : 0xc0000201;
	return true;
}

static bool some_local(const struct fwt_env *env, const char *ifname,
		       const struct fwt_packet *p, u32 *addr)
{
	(void)ifname;
	return some_source(env, p, addr);
}

static bool some_server(const struct fwt_env *env, u32 object, u64 key,
			const struct fwt_packet *p, bool persistent,
			struct fwt_env_server *to)
{
	(void)object;
	(void)key;
	(void)persistent;
	to->port_lo = 0;
	to->port_hi = 0;
	to->id = 1;
	return some_source(env, p, to->addr);
}

const struct fwt_env_ops fwt_nowhere_ops = {
	.ifaddr = no_ifaddr, .source = some_source, .local = some_local,
	.server = some_server,
};

/* Nowhere, but for the routes that a sampler draws, and what it said. */
struct routed {
	struct fwt_env env;
	struct fwt_sampler *sampler;
	u32 asked;
	struct fwt_route said[__FWT_ROUTE_ASK_MAX];
};

static void some_route(const struct fwt_env *env, const struct fwt_packet *p,
		       enum fwt_route_ask what, struct fwt_route *r)
{
	struct routed *w = (struct routed *)env;	/* it is the first member */

	fwt_sampler_route(w->sampler, p, what, r);
	w->said[what] = *r;
	w->asked |= 1u << what;
}

static void route_words(const struct routed *w, char *buf, size_t size)
{
	const struct fwt_route *r = &w->said[FWT_ROUTE_FORWARD];
	size_t at = strlen(buf);

	if (!w->asked)
		return;
	if (!(w->asked & 1u << FWT_ROUTE_FORWARD))
		r = &w->said[FWT_ROUTE_SOURCE];
	at += snprintf(buf + at, size - at, ", where");
	if (w->asked & (1u << FWT_ROUTE_FORWARD | 1u << FWT_ROUTE_SOURCE) && at < size)
		at += snprintf(buf + at, size - at, " the route is %s%s%s",
			       fwt_class_name(FWT_CLASS_ROUTE_TYPE, r->type),
			       r->oif[0] ? " by " : "", r->oif);
	if (w->asked & 1u << FWT_ROUTE_REVERSE && at < size)
		snprintf(buf + at, size - at, "%s the answer's is by %s",
			 w->asked & ~(1u << FWT_ROUTE_REVERSE) ? "," : "",
			 w->said[FWT_ROUTE_REVERSE].oif[0] ? w->said[FWT_ROUTE_REVERSE].oif :
							     "none");
}

bool fwt_sample_escape(const struct fwt_policy_ast *ast, const struct fwt_ast_hook *hook,
		       char *buf, size_t size)
{
	struct fwt_env_ops ops = fwt_nowhere_ops;
	struct fwt_sampler sampler;
	struct routed w = { .env = { .ops = &ops }, .sampler = &sampler };
	struct fwt_oracle o = { .ast = ast, .resolver = fwt_resolver_alloc() };
	struct fwt_oracle_result r;
	struct fwt_packet p;
	bool found = false;
	u32 tries;

	if (!o.resolver)
		return false;
	ops.route = some_route;
	tries = 4000000 / (ast->rules + 1);
	tries = tries > 20000 ? 20000 : tries < 64 ? 64 : tries;
	if (!fwt_sampler_init(&sampler, ast, 1))
		while (!found && tries--) {
			fwt_sampler_packet(&sampler, hook, &p);
			fwt_sample_words(&p, buf, size);
			w.asked = 0;
			fwt_oracle_walk(&o, hook, &p, &w.env, &r);
			found = !r.ended && !r.reason;
			if (found)
				route_words(&w, buf, size);
		}
	fwt_sampler_clean(&sampler);
	fwt_resolver_free(o.resolver);
	return found;
}
