// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "pkt.h"

struct out {
	u8 *data;
	u32 len;
};

static u8 *put(struct out *o, u32 n)
{
	u8 *at = o->data + o->len;

	if (n > PKT_MAX - o->len)
		abort();
	memset(at, 0, n);
	o->len += n;
	return at;
}

static void put8(struct out *o, u32 v)
{
	*put(o, 1) = (u8)v;
}

static void put16(struct out *o, u32 v)
{
	put8(o, v >> 8);
	put8(o, v & 0xff);
}

static void put32(struct out *o, u32 v)
{
	put16(o, v >> 16);
	put16(o, v & 0xffff);
}

static void set16(u8 *at, u16 v)
{
	at[0] = (u8)(v >> 8);
	at[1] = (u8)v;
}

u16 pkt_sum(u16 sum, const u8 *data, u32 len)
{
	u32 i, s = sum;

	for (i = 0; i < len; i++) {
		s += i % 2 ? data[i] : data[i] << 8;
		if (s > 0xffff)
			s -= 0xffff;
	}
	return (u16)s;
}

u32 pkt_random(u32 *state)
{
	u32 x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

/* Castagnoli's, bit by bit. */
static u32 crc32c(const u8 *p, u32 len)
{
	u32 crc = ~0u, i;

	while (len--) {
		crc ^= *p++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void put_payload(struct out *o, const struct pkt_spec *s)
{
	u32 i, state = s->seed * 2654435761u + 1;

	for (i = 0; i < s->payload_len; i++)
		put8(o, s->payload ? s->payload[i] :
			s->seed ? pkt_random(&state) & 0xff : 0);
	for (i = 0; s->protocol == 17 && i < s->surplus; i++)
		put8(o, (u8)(0xa5 + i));
}

/* A header, and objects of 8 bytes and more (RFC 4884, 7 and 8). */
static void put_extensions(struct out *o, const struct pkt_spec *s)
{
	u32 begin = o->len, state = s->seed + 42, i, n;
	u8 *ext;
	u16 sum;

	*(u8 *)put(o, 4) = 0x20;
	for (i = 0; i <= s->ext_more; i++) {
		put16(o, (u16)(8 + 4 * i));
		put8(o, (u8)(1 + i));
		put8(o, 1);
		for (n = 0; n <= i; n++)
			put32(o, pkt_random(&state));
	}
	ext = o->data + begin;
	sum = pkt_sum(0, ext, o->len - begin);
	set16(ext + 2, (u16)~sum);
}

static void put_quote(struct out *o, const struct pkt_spec *s, u8 *icmp)
{
	u32 unit = s->family == 4 ? 4 : 8, n, len;
	u8 *length = icmp + (s->family == 4 ? 5 : 4);
	struct pkt *q = malloc(sizeof(*q));

	if (!q)
		abort();
	pkt_build(q, s->quote);
	n = q->len - q->l3;
	if (s->quote_len && s->quote_len < n)
		n = s->quote_len;
	/* Before the length was said all knew where it ends. */
	if (s->extensions && s->ext_unsaid && n > 128)
		n = 128;
	memcpy(put(o, n), q->data + q->l3, n);
	if (s->quote_damaged && s->quote->family == 4)
		icmp[8 + 10] ^= 0x55;
	free(q);
	if (s->extensions) {
		len = n < 128 ? 128 : (n + unit - 1) / unit * unit;
		put(o, len - n);
		*length = s->ext_unsaid ? 0 : (u8)(len / unit);
		put_extensions(o, s);
	}
	if (s->quote_units)
		*length = s->quote_units;
}

/* The transport header and what it carries, with a checksum of zero. */
static u32 put_l4(struct out *o, const struct pkt_spec *s)
{
	u32 start = o->len, check = 0;

	switch (s->protocol) {
	case 6:
		put16(o, s->sport);
		put16(o, s->dport);
		put32(o, s->tcp_seq);
		put32(o, s->tcp_ack);
		put8(o, (5 + s->n_tcp_options / 4) << 4);
		put8(o, s->tcp_flags);
		put16(o, s->tcp_window);
		put32(o, 0);
		memcpy(put(o, s->n_tcp_options), s->tcp_options,
		       s->n_tcp_options);
		check = 16;
		break;
	case 17:
		put16(o, s->sport);
		put16(o, s->dport);
		put16(o, 8 + s->payload_len);
		put16(o, 0);
		check = 6;
		break;
	case 136:
		put16(o, s->sport);
		put16(o, s->dport);
		put16(o, s->cover);
		put16(o, 0);
		check = 6;
		break;
	case 33:
		put16(o, s->sport);
		put16(o, s->dport);
		put8(o, 4);
		put8(o, s->cscov);
		put16(o, 0);
		put8(o, 5 << 1 | 1);	/* a DCCP-Ack's place, long sequence */
		put8(o, 0);
		put16(o, 1);
		put32(o, 2);
		check = 6;
		break;
	case 132:
		put16(o, s->sport);
		put16(o, s->dport);
		put32(o, 0x12345678);
		put32(o, s->partial || s->frag ? 0x9abcdef0 : 0);
		break;
	case 1:
	case 58:
		put8(o, s->icmp_type);
		put8(o, s->icmp_code);
		put16(o, 0);
		put16(o, s->icmp_id);
		put16(o, s->icmp_seq);
		check = 2;
		break;
	}
	if (s->quote)
		put_quote(o, s, o->data + start);
	else
		put_payload(o, s);
	return check;
}

static u16 sum_pseudo(const struct pkt_spec *s, const u32 *final, u32 len)
{
	struct out o = { .data = malloc(PKT_MAX) };
	unsigned int i, words = s->family == 4 ? 1 : 4;
	u16 sum;

	for (i = 0; i < words; i++)
		put32(&o, s->saddr[i]);
	for (i = 0; i < words; i++)
		put32(&o, final[i]);
	put32(&o, len);
	put32(&o, s->protocol);
	sum = pkt_sum(0, o.data, o.len);
	free(o.data);
	return sum;
}

static void set_check(const struct pkt_spec *s, const u32 *final, u8 *l4, u32 len,
		      u32 check)
{
	u32 cover, crc, i;
	u16 sum = 0;

	if (s->protocol == 17)
		len -= s->surplus;
	cover = len;
	if (s->protocol == 132 && !s->partial && !s->frag) {
		crc = crc32c(l4, len);
		for (i = 0; i < 4; i++)
			l4[8 + i] = (u8)(crc >> 8 * i);
	}
	if (!check || (s->protocol == 17 && s->no_check))
		return;
	if (s->protocol == 136 && s->cover)
		cover = s->cover;
	if (s->protocol == 33 && s->cscov)
		cover = 16 + (s->cscov - 1) * 4;
	if (!(s->protocol == 1 && s->family == 4))
		sum = sum_pseudo(s, final, len);
	if (!s->partial) {
		sum = (u16)~pkt_sum(sum, l4, cover);
		if (!sum && (s->protocol == 17 || s->protocol == 136))
			sum = 0xffff;
	}
	set16(l4 + check, sum);
}

static void build_ip4(struct out *o, const struct pkt_spec *s, u32 len)
{
	u8 *h = put(o, 20 + s->ip_options);
	u32 head = 20 + s->ip_options;

	h[0] = (u8)(0x40 | head / 4);
	h[1] = s->tos;
	set16(h + 2, (u16)(head + len));
	set16(h + 4, s->ip_id);
	if (s->frag)
		set16(h + 6, (u16)(s->frag_off / 8 | (s->frag_more ? 0x2000 : 0)));
	h[8] = s->ttl ? s->ttl : 64;
	h[9] = s->protocol;
	set16(h + 12, (u16)(s->saddr[0] >> 16));
	set16(h + 14, (u16)s->saddr[0]);
	set16(h + 16, (u16)(s->daddr[0] >> 16));
	set16(h + 18, (u16)s->daddr[0]);
	memset(h + 20, 1, s->ip_options);	/* NOP */
	set16(h + 10, (u16)~pkt_sum(0, h, head));
}

/* Returns where the next header's number is to stand. @final is where the packet
 * goes in the end.
 */
static void build_ip6(struct out *o, const struct pkt_spec *s, u32 len, u32 *final)
{
	u32 start = o->len, next, i, n, j;
	u8 *h;

	put32(o, 6u << 28 | (u32)s->tos << 20 | 0x54321);
	put16(o, 0);
	put8(o, s->protocol);
	put8(o, s->ttl ? s->ttl : 64);
	for (i = 0; i < 4; i++)
		put32(o, s->saddr[i]);
	for (i = 0; i < 4; i++)
		put32(o, s->daddr[i]);
	next = start + 6;
	for (i = 0; i < s->n_ext; i++) {
		n = s->ext[i].type == 51 ? (s->ext[i].len + 2) * 4 :
		    (s->ext[i].len + 1) * 8;
		o->data[next] = s->ext[i].type;
		next = o->len;
		h = put(o, n);
		h[0] = s->protocol;
		h[1] = s->ext[i].len;
		if (s->ext[i].type != 43)
			continue;
		h[3] = s->ext[i].left;
		for (j = 8; j < n; j++)
			h[j] = (u8)(j * 7 + 1);
		if (h[3])
			for (j = 0; j < 4; j++)
				final[j] = get_unaligned_be32(h + n - 16 + 4 * j);
	}
	if (s->frag) {
		o->data[next] = 44;
		h = put(o, 8);
		h[0] = s->protocol;
		set16(h + 2, s->frag_off | s->frag_more);
		set16(h + 6, s->ip_id);
	}
	set16(o->data + start + 4, (u16)(o->len - start - 40 + len));
}

static void build_ether(struct out *o, const struct pkt_spec *s)
{
	u32 i;

	memcpy(put(o, 6), s->ether_daddr, 6);
	memcpy(put(o, 6), s->ether_saddr, 6);
	for (i = 0; i < s->n_vlan; i++) {
		put16(o, s->vlan_type[i] ? s->vlan_type[i] : 0x8100);
		put16(o, s->vlan_tci[i]);
	}
	put16(o, s->arp ? 0x0806 : s->family == 4 ? 0x0800 :
		 s->family == 6 ? 0x86dd : s->ether_type);
}

static void build_arp(struct out *o, const struct pkt_spec *s)
{
	put16(o, 1);
	put16(o, 0x0800);
	put8(o, 6);
	put8(o, 4);
	put16(o, s->arp_op);
	memcpy(put(o, 6), s->ether_saddr, 6);
	put32(o, s->saddr[0]);
	memcpy(put(o, 6), s->ether_daddr, 6);
	put32(o, s->daddr[0]);
}

void pkt_build(struct pkt *k, const struct pkt_spec *s)
{
	struct out o = { .data = k->data }, t = { .data = malloc(PKT_MAX) };
	u32 final[4], check, off = 0, len, head;

	memset(k, 0, offsetof(struct pkt, data));
	memcpy(final, s->daddr, sizeof(final));
	if (s->ether)
		build_ether(&o, s);
	k->l3 = o.len;
	if (s->arp)
		build_arp(&o, s);
	k->l4 = o.len;

	check = put_l4(&t, s);
	len = t.len;
	if (s->frag) {
		off = s->frag_off;
		len = s->frag_len ? s->frag_len : t.len - off;
		if (off > t.len || len > t.len - off)
			abort();
	}
	if (s->family == 4)
		build_ip4(&o, s, len);
	else if (s->family == 6)
		build_ip6(&o, s, len, final);
	head = o.len;
	if (s->family) {
		/* The checksum is of the whole, of which this may be a part. */
		set_check(s, final, t.data, t.len, check);
		memcpy(put(&o, len), t.data + off, len);
		k->l4 = head;
	} else if (!s->arp) {
		put_payload(&o, s);
	}
	free(t.data);
	k->end = o.len;
	memset(put(&o, s->padding), 0xee, s->padding);
	k->len = o.len;
}

static const u8 query4[] = { 0, 8, 13, 14, 15, 16, 17, 18 };
static const u8 protocols[] = { 6, 6, 17, 17, 1, 58, 136, 33, 132, 50, 47 };
static const u8 exts[] = { 60, 43, 51 };

void pkt_random_spec(struct pkt_spec *s, u32 *state)
{
	u32 i, r = pkt_random(state);

	memset(s, 0, sizeof(*s));
	s->family = r & 1 ? 4 : 6;
	s->protocol = protocols[(r >> 1) % ARRAY_SIZE(protocols)];
	if (s->protocol == 1 || s->protocol == 58)
		s->protocol = s->family == 4 ? 1 : 58;
	for (i = 0; i < (s->family == 4 ? 1u : 4u); i++) {
		s->saddr[i] = pkt_random(state);
		s->daddr[i] = pkt_random(state);
	}
	r = pkt_random(state);
	s->tos = r & 0xff;
	s->ttl = (r >> 8 & 0xff) | 1;
	s->ip_id = r >> 16;
	r = pkt_random(state);
	s->ether = r & 1;
	s->n_vlan = s->ether ? (r >> 1) % 3 : 0;
	s->vlan_tci[0] = pkt_random(state) & 0xffff;
	s->vlan_tci[1] = pkt_random(state) & 0xffff;
	for (i = 0; i < 6; i++) {
		s->ether_saddr[i] = pkt_random(state) & 0xff;
		s->ether_daddr[i] = pkt_random(state) & 0xff;
	}
	r = pkt_random(state);
	if (s->family == 4 && r % 4 == 0)
		s->ip_options = (r >> 2) % 11 * 4;
	if (s->family == 6 && r % 4 == 0) {
		s->n_ext = (r >> 2) % 4;
		for (i = 0; i < s->n_ext; i++) {
			s->ext[i].type = i || (r & 64) ?
					 exts[pkt_random(state) % 3] : 0;
			s->ext[i].len = pkt_random(state) % 6;
			if (s->ext[i].type == 43 && s->ext[i].len >= 2)
				s->ext[i].left = pkt_random(state) & 1;
		}
	}
	s->sport = pkt_random(state) & 0xffff;
	s->dport = pkt_random(state) & 0xffff;
	r = pkt_random(state);
	s->tcp_flags = r & 0xff;
	s->tcp_window = r >> 16;
	s->tcp_seq = pkt_random(state);
	s->tcp_ack = pkt_random(state);
	r = pkt_random(state);
	s->n_tcp_options = r % 11 * 4;
	for (i = 0; i < s->n_tcp_options; i++)
		s->tcp_options[i] = pkt_random(state) & (r & 16 ? 0xff : 5);
	s->icmp_type = s->family == 4 ? query4[(r >> 8) % 8] : 128 + (r >> 8 & 1);
	s->icmp_id = pkt_random(state) & 0xffff;
	s->icmp_seq = pkt_random(state) & 0xffff;
	s->payload_len = pkt_random(state) % 200;
	s->seed = pkt_random(state) & 0xffff;
	if (s->protocol == 136 && (r & 1 << 20))
		s->cover = 8 + pkt_random(state) % (s->payload_len + 1);
	if (s->protocol == 33 && (r & 1 << 21))
		s->cscov = 1 + s->payload_len / 4 % 15;
	if (s->protocol == 33 && s->cscov &&
	    (u32)(s->cscov - 1) * 4 > s->payload_len)
		s->cscov = 1;
	s->no_check = s->protocol == 17 && (r >> 22) % 8 == 0;
	if ((r >> 25) % 16 == 0)
		s->padding = pkt_random(state) % 40;
}
