// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all, through every reader and writer of packets (R35; libFuzzer).
 *
 * The first two bytes say how it is to be read. Beyond not crashing:
 *  - reading asks for more only where there is more, and comes to an end;
 *  - offsets are in order;
 *  - what is rewritten is read back as it was to be;
 *  - a packet whose checksum is right has a right one afterwards, and the sum
 *    over all bytes changes by what was said.
 */
#include <stdlib.h>

#include "packet.h"
#include "rewrite.h"
#include "tuple.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* The slow way; a word at a time, and no more at once than fits. */
static u32 sum(const u8 *data, u32 len)
{
	u32 i, s = 0;

	for (i = 0; i < len; i++)
		s = (s + (i % 2 ? data[i] : (u32)data[i] << 8)) % 0xffff;
	return s;
}

static void ends_of(const struct fwt_packet *p, struct fwt_rewrite *r)
{
	u8 request;

	memset(r, 0, sizeof(*r));
	memcpy(r->src.addr, p->saddr, sizeof(p->saddr));
	memcpy(r->dst.addr, p->daddr, sizeof(p->daddr));
	r->src.port = p->sport;
	r->dst.port = p->dport;
	if (!(p->have & FWT_HAVE_ICMP_ID))
		return;
	if (fwt_icmp_is_query(p->family, p->icmp_type, &request))
		r->dst.port = p->icmp_id;
	else
		r->src.port = p->icmp_id;
}

static int read_all(struct fwt_packet *p, struct fwt_quote *q, const u8 *data,
		    u32 len, u32 total, enum fwt_parse_from from, u16 type)
{
	struct fwt_tcp_options o;
	u32 out[4], i;
	int ret, quoted;
	u8 *copy;

	for (;;) {
		copy = malloc(len);
		memcpy(copy, data, len);
		memset(p, 0, sizeof(*p));
		p->ether_type = type;
		ret = fwt_packet_parse(p, copy, len, total, from);
		quoted = ret ? 0 : fwt_packet_quote(p, q, copy, len, total);
		if (!ret && (p->have & FWT_HAVE_TCP))
			fwt_packet_tcp_options(p, copy, &o);
		if (!quoted && !ret && (q->p.have & FWT_HAVE_TCP))
			fwt_packet_tcp_options(&q->p, copy, &o);
		free(copy);
		check(ret >= 0);
		if (quoted > 0)
			ret = quoted;
		if (!ret)
			break;
		check((u32)ret > len && (u32)ret <= total);
		len = (u32)ret;
	}
	check(p->l3 <= p->l4 && p->l4 <= p->payload && p->payload <= p->end &&
	      p->end <= total);
	if (!quoted)
		check(q->p.payload <= q->p.end && q->p.end <= q->avail &&
		      q->avail <= p->end);
	for (i = 0; i < __FWT_FIELD_MAX; i++)
		fwt_field_get(p, i, out);
	return quoted;
}

static void same_ends(const struct fwt_packet *p, const struct fwt_rewrite *to)
{
	check(p->saddr[0] == to->src.addr[0] && p->daddr[0] == to->dst.addr[0]);
	if (p->family == 6)
		check(!memcmp(p->saddr, to->src.addr, 16) &&
		      !memcmp(p->daddr, to->dst.addr, 16));
	if (p->have & FWT_HAVE_PORTS)
		check(p->sport == to->src.port && p->dport == to->dst.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	enum fwt_parse_from from;
	struct fwt_rewrite old, to, outer;
	struct fwt_packet p, again;
	struct fwt_quote q, q_again;
	u32 total, delta, before;
	u8 *data, *copy, how;
	bool right, partial;
	int quoted;
	u16 type;

	if (size < 2 || size > 70000)
		return 0;
	how = input[0];
	from = how & 1 ? FWT_PARSE_ETHER : FWT_PARSE_NETWORK;
	type = how & 2 ? 0x86dd : 0x0800;
	total = (u32)size - 2;
	data = malloc(total);
	copy = malloc(total);
	memcpy(data, input + 2, total);

	quoted = read_all(&p, &q, data, total * input[1] / 255, total, from, type);
	if (!(p.have & FWT_HAVE_IP))
		goto out;
	right = !p.bad && fwt_csum_verify(&p, data);
	ends_of(&p, &old);
	to = old;
	to.src.addr[how >> 2 & 3] ^= 0x01020304u * (how & 16 ? 1 : 0xff);
	to.dst.addr[0] ^= 0xffff;
	to.src.port ^= how & 32 ? 0xffff : 0x0100;
	to.dst.port += how & 64 ? 1 : 0;
	if (p.family == 4)
		memset(&to.src.addr[1], 0, 12);

	if (!quoted) {
		outer = to;
		ends_of(&q.p, &to);
		to.src.port ^= 0x5555;
		to.dst.addr[0] += 77;
		fwt_rewrite_error(&p, &q, data, p.end, &outer, &to);
		check(!read_all(&again, &q_again, data, total, total, from, type));
		check(!memcmp(&again, &p, sizeof(p)));
		check(q_again.avail == q.avail);
		same_ends(&again, &outer);
		same_ends(&q_again.p, &to);
	} else {
		memcpy(copy, data, total);
		partial = how & 128;
		before = sum(data + p.l3, p.end - p.l3);
		fwt_rewrite(&p, data, &to, partial ? FWT_CSUM_PARTIAL :
						     FWT_CSUM_FULL, &delta);
		check((before + delta) % 0xffff ==
		      sum(data + p.l3, p.end - p.l3));
		check(!memcmp(copy, data, p.l3));
		check(!memcmp(copy + p.payload, data + p.payload,
			      total - p.payload));
		read_all(&again, &q_again, data, total, total, from, type);
		check(again.have == p.have && again.end == p.end);
		same_ends(&again, &to);
		if (partial)
			goto out;
	}
	if (right)
		check(fwt_csum_verify(&again, data));
out:
	free(data);
	free(copy);
	return 0;
}
