// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <stdlib.h>

#include "run.h"
#include "wire.h"

const char *const gateway_name[__GW_MAX] = { "gw", "loose", "set", "adopt" };

/* R27's table, said once more; and what the policy of GW_SET has for both. */
static const u32 seconds[__FWT_TIMEOUT_MAX][2] = {
	{ 120, 240 }, { 60, 240 }, { 86400, 86400 }, { 120, 240 },
	{ 60, 240 }, { 30, 240 }, { 120, 120 }, { 10, 240 },
	{ 30, 120 }, { 120, 300 }, { 30, 60 }, { 600, 600 },
};

u32 run_timeout(const struct run *r, int timeout)
{
	if (r->way->gw == GW_SET)
		return timeout == FWT_TIMEOUT_TCP_ESTABLISHED ? 7440 : 31 + (u32)timeout;
	return seconds[timeout][r->way->snat || r->way->dnat];
}

/* Sequences are moved so that each comparison meets the wrap, and the middle. */
static const u32 offset[] = {
	0, 0xffffffffu - 1001, 0xffffffffu - 5001, 0xffffffffu - 2000,
	0x7fffffffu - 1001, 0x7fffffffu - 5001, 0xdeadbeef,
};

static void address(struct fwt_end *e, u8 family, u32 net4, u32 net6, u32 index)
{
	memset(e, 0, sizeof(*e));
	if (family == 4) {
		e->addr[0] = net4 + index;
		return;
	}
	e->addr[0] = 0xfd000000 | net6;
	e->addr[3] = index;
}

static const u32 net4[__FWT_WHO_MAX] = {
	[FWT_C] = 0x0a400000, [FWT_V] = 0x0a800000, [FWT_S] = 0x0ac00000,
	[FWT_N] = 0x64400000,
};

void run_init(struct run *r, const struct test_case *c, const struct way *way,
	      unsigned int index)
{
	const struct line *l;
	unsigned int who;

	memset(r, 0, sizeof(*r));
	r->c = c;
	r->way = way;
	r->index = index;
	for (who = 0; who < __FWT_WHO_MAX; who++)
		address(&r->end[who], way->family, net4[who], who, index);
	r->end[FWT_C].port = (u16)(10000 + index);
	r->end[FWT_V].port = 7000;
	r->end[FWT_S].port = 7001;
	for (l = c->line; l < c->line + c->n; l++) {
		if (l->kind != LINE_PACKET)
			continue;
		r->protocol = l->spec.protocol;
		if (r->protocol == 1) {
			r->end[FWT_V].port = l->spec.icmp_type;
			r->end[FWT_S].port = l->spec.icmp_type;
		}
		break;
	}
	if (!way->dnat)
		r->end[FWT_S] = r->end[FWT_V];
	if (!way->snat)
		r->end[FWT_N] = r->end[FWT_C];
	r->n_known = !way->snat;
	r->seq[0] = offset[index % ARRAY_SIZE(offset)];
	r->seq[1] = offset[index / ARRAY_SIZE(offset) % ARRAY_SIZE(offset)];
	r->partial = index % 3 == 1;
	r->sent = calloc(c->n, sizeof(*r->sent));
	if (!r->sent)
		abort();
}

const char *run_address(const struct run *r, enum fwt_who who, char *buf)
{
	u8 a[16];
	int i;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(r->end[who].addr[i], a + 4 * i);
	inet_ntop(r->way->family == 4 ? AF_INET : AF_INET6, a, buf, INET6_ADDRSTRLEN);
	return buf;
}

static bool has_ports(u8 protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 136 || protocol == 132 ||
	       protocol == 33;
}

void run_ingress(const struct run *r, FILE *f)
{
	char v[INET6_ADDRSTRLEN], s[INET6_ADDRSTRLEN];

	if (!r->way->dnat)
		return;
	run_address(r, FWT_V, v);
	run_address(r, FWT_S, s);
	if (has_ports(r->protocol))
		fprintf(f, "\tdaddr %s protocol %u dnat to %s%s%s:7001 accept\n", v,
			r->protocol, r->way->family == 6 ? "[" : "", s,
			r->way->family == 6 ? "]" : "");
	else
		fprintf(f, "\tdaddr %s dnat to %s accept\n", v, s);
}

void run_egress(const struct run *r, FILE *f)
{
	char c[INET6_ADDRSTRLEN], n[INET6_ADDRSTRLEN];

	if (r->way->snat)
		fprintf(f, "\tsaddr %s snat to %s accept\n", run_address(r, FWT_C, c),
			run_address(r, FWT_N, n));
}

/* Source and destination, by the direction and the side of the gateway. */
static void set_ends(const struct run *r, struct pkt_spec *s, enum fwt_dir dir, bool out)
{
	const struct fwt_end *src, *dst;

	if (dir == FWT_ORIGINAL) {
		src = &r->end[out ? FWT_N : FWT_C];
		dst = &r->end[out ? FWT_S : FWT_V];
	} else {
		src = &r->end[out ? FWT_V : FWT_S];
		dst = &r->end[out ? FWT_C : FWT_N];
	}
	s->family = r->way->family;
	memcpy(s->saddr, src->addr, sizeof(s->saddr));
	memcpy(s->daddr, dst->addr, sizeof(s->daddr));
	s->sport = src->port;
	s->dport = dst->port;
}

static u8 *put_option(struct pkt_spec *s, u8 kind, u8 len)
{
	u8 *at = s->tcp_options + s->n_tcp_options;

	at[0] = kind;
	at[1] = len;
	s->n_tcp_options += len;
	return at;
}

static void set_segment(const struct run *r, struct pkt_spec *s, const struct line *l)
{
	const struct fwt_tcp_segment *g = &l->segment;
	u32 edge = g->sack_edge + r->seq[!l->dir];
	u8 *at;

	s->tcp_seq = g->seq + r->seq[l->dir];
	s->tcp_ack = g->ack + (g->flags & FWT_TCP_ACK ? r->seq[!l->dir] : 0);
	s->tcp_window = g->win;
	s->tcp_flags = g->flags;
	s->n_tcp_options = 0;
	if (g->flags & FWT_TCP_SYN)
		put_unaligned_be16(1460, put_option(s, 2, 4) + 2);
	if (g->has_wscale)
		put_option(s, 3, 3)[2] = g->wscale;
	if (g->sack_perm)
		put_option(s, 4, 2);
	if (g->has_sack) {
		at = put_option(s, 5, 10);
		put_unaligned_be32(edge - 1, at + 2);
		put_unaligned_be32(edge, at + 6);
	}
	while (s->n_tcp_options % 4)
		s->tcp_options[s->n_tcp_options++] = 1;
}

/* A query's id is the port of the side that asked. */
static void set_icmp(struct pkt_spec *s, bool answer)
{
	s->icmp_id = answer ? s->dport : s->sport;
	if (s->family == 4)
		return;
	s->protocol = 58;
	s->icmp_type = s->icmp_type == 8 ? 128 : s->icmp_type == 0 ? 129 : s->icmp_type;
}

static void set_options(struct pkt_spec *s)
{
	if (s->family == 4 || !s->ip_options)
		return;
	s->n_ext = 1;
	s->ext[0].type = 60;
	s->ext[0].len = (u8)(s->ip_options / 8);
	s->ip_options = 0;
}

static bool packet(struct run *r, const struct line *l, struct two_sides *t)
{
	struct pkt_spec *s = &t->in;

	if (l->spec.payload_len > WIRE_MTU - 100)
		return false;
	*s = l->spec;
	s->ttl = 64;
	s->seed = r->index * 97 + l->number;
	set_ends(r, s, l->dir, false);
	if (l->tcp)
		set_segment(r, s, l);
	if (s->protocol == 1)
		set_icmp(s, l->answer);
	set_options(s);
	/* A device sums all that follows. */
	s->partial = r->partial && (s->protocol == 6 || s->protocol == 17) &&
		     !s->no_check && !s->surplus && !l->bad_sum;

	t->out = t->in;
	set_ends(r, &t->out, l->dir, true);
	if (l->spec.protocol == 1)
		t->out.icmp_id = l->answer ? t->out.dport : t->out.sport;
	t->out.ttl--;
	t->out.partial = false;
	return true;
}

static const struct {
	u8 type4, code4;
	u8 type6, code6;
} errors[__ERROR_MAX] = {
	[ERROR_HOST] = { 3, 1, 1, 3 },
	[ERROR_PORT] = { 3, 3, 1, 4 },
	[ERROR_BIG] = { 3, 4, 2, 0 },
	[ERROR_TIME] = { 11, 0, 3, 0 },
	[ERROR_PARAMETER] = { 12, 0, 4, 0 },
	[ERROR_QUENCH] = { 4, 0, 0, 0 },
	[ERROR_REDIRECT] = { 5, 1, 0, 0 },
};

static void fill_error(const struct run *r, struct pkt_spec *s, const struct line *l)
{
	*s = l->spec;
	s->family = r->way->family;
	s->ttl = 64;
	s->quote_len = l->quote_len;
	s->extensions = l->extensions;
	if (s->family == 4) {
		s->icmp_type = errors[l->error].type4;
		s->icmp_code = errors[l->error].code4;
	} else {
		s->protocol = 58;
		s->icmp_type = errors[l->error].type6;
		s->icmp_code = errors[l->error].code6;
	}
	if (l->error == ERROR_BIG)
		s->icmp_seq = (u16)l->mtu;
	if (l->error == ERROR_REDIRECT)
		s->icmp_id = 0xc0a8;
	if (l->error == ERROR_PARAMETER && s->family == 4)
		s->icmp_id = 0x0900;
	set_options(s);
}

/* A router on the way, on either side. */
static void router(const struct run *r, u32 *addr, enum fwt_dir side)
{
	memset(addr, 0, 16);
	if (r->way->family == 4) {
		addr[0] = side == FWT_ORIGINAL ? 0x0a3f0001 : 0xcb007109;
		return;
	}
	addr[0] = 0xfd0000ff;
	addr[3] = side == FWT_ORIGINAL ? 1 : 2;
}

/* Bytes of a quoted packet's first fragment. */
#define PIECE	64

/* It was cut up on its way. */
static void set_piece(struct pkt_spec *s, const struct line *l)
{
	if (!l->in_pieces && !l->later)
		return;
	s->frag = true;
	s->frag_off = l->later ? PIECE : 0;
	s->frag_len = l->later ? 0 : PIECE;
	s->frag_more = !l->later;
}

/* An error of what went the other way: on its side the quoted packet is as it left,
 * on the other as it came.
 */
static bool error(struct run *r, const struct line *l, struct two_sides *t)
{
	const struct two_sides *q = &r->sent[l->of - 1];
	const u32 *shown;

	if (!l->of || l->of > r->c->n || !q->there)
		return false;
	t->quote_in = l->dir == q->dir ? q->in : q->out;
	t->quote_out = l->dir == q->dir ? q->out : q->in;
	t->quote_in.partial = false;
	t->quote_out.partial = false;
	t->quote_out.ttl = t->quote_in.ttl;
	t->quote_in.tcp_seq += (u32)l->seq_add;
	t->quote_out.tcp_seq += (u32)l->seq_add;
	t->quote_in.sport += (u16)l->port_add;
	t->quote_out.sport += (u16)l->port_add;
	set_piece(&t->quote_in, l);
	set_piece(&t->quote_out, l);

	fill_error(r, &t->in, l);
	t->in.quote = &t->quote_in;
	router(r, t->in.saddr, l->dir);
	if (l->error == ERROR_PORT)
		memcpy(t->in.saddr, t->quote_in.daddr, 16);
	memcpy(t->in.daddr, t->quote_in.saddr, 16);
	if (l->elsewhere)
		t->in.daddr[r->way->family == 4 ? 0 : 3] += 0x10000;

	t->out = t->in;
	t->out.quote = &t->quote_out;
	t->out.ttl--;
	memcpy(t->out.daddr, t->quote_out.saddr, 16);
	/* What is behind a translation is not shown. */
	shown = t->quote_out.daddr;
	if (l->error == ERROR_PORT || (l->dir == FWT_ORIGINAL ? r->way->snat : r->way->dnat))
		memcpy(t->out.saddr, shown, 16);
	return true;
}

bool run_packet(struct run *r, const struct line *l, struct two_sides *t)
{
	memset(t, 0, sizeof(*t));
	t->dir = l->dir;
	return l->kind == LINE_ERROR ? error(r, l, t) : packet(r, l, t);
}

static const struct {
	u8 protocol;
	u8 off;
} sums[] = {
	{ 6, 16 }, { 17, 6 }, { 136, 6 }, { 33, 6 }, { 1, 2 }, { 58, 2 }, { 132, 8 },
};

void run_build(const struct run *r, const struct pkt_spec *s, struct pkt *k, bool bad_sum)
{
	unsigned int i;

	(void)r;
	pkt_build(k, s);
	for (i = 0; bad_sum && i < ARRAY_SIZE(sums); i++) {
		u8 *sum = k->data + k->l4 + sums[i].off;

		if (sums[i].protocol != s->protocol)
			continue;
		sum[0] ^= 0x55;
		/* UDP's zero is not wrong: it says that there is none. */
		if (!sum[0] && !sum[1])
			sum[1] = 0x55;
	}
}

void run_learn(struct run *r, const struct two_sides *t, const u8 *data, u32 len)
{
	u32 l4 = r->way->family == 4 ? (*data & 15) * 4 : 40 + 8 * t->in.n_ext;
	u32 off = r->protocol == 1 ? 4 : 0;

	if (t->in.n_ext)
		l4 = 40 + (t->in.ext[0].len + 1) * 8;
	if (r->n_known || t->dir != FWT_ORIGINAL || len < l4 + off + 2)
		return;
	if (has_ports(r->protocol) || r->protocol == 1)
		r->end[FWT_N].port = get_unaligned_be16(data + l4 + off);
	r->n_known = true;
}
