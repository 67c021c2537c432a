// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments, put together as the kernel does it before PRE_ROUTING's hooks
 * (nf_defrag_ipv4.c, nf_conntrack_reasm.c).
 *
 * A packet of which all has come goes on, and is decided, as a whole; the others are
 * held, half a minute IPv4's and a minute IPv6's. Pieces that overlap end their packet
 * (RFC 5722, and Linux for IPv4, too), but for one that came twice. What leaves is told
 * of as a whole again, though it goes in pieces no larger than those that it came in.
 */
#include "sim_machine.h"
#include "sim_kernel.h"

#define SECONDS4	30
#define SECONDS6	60
#define FRAG_HEADER	8

/**
 * struct sim_piece - a fragment
 * @off: where its data belongs
 * @len: of it
 * @data: it
 */
struct sim_piece {
	struct list_head list;
	u32 off;
	u32 len;
	u8 data[];
};

/**
 * struct sim_frags - a packet of which not all has come
 * @key: what its fragments have in common
 * @until: it is given up then
 * @total: bytes of it, where the last one has come; else 0
 * @have: that are there
 * @head: the first fragment's headers, from the link's on, @head_len bytes, of which IP
 *	begins at @mac; 0 where that has not come
 * @next: IPv6: where in them the number of the next header is
 * @whole: frame of the largest fragment; @df: it must not be cut
 */
struct sim_frags {
	struct list_head list;
	struct list_head pieces;
	u8 key[40];
	u64 until;
	u32 total;
	u32 have;
	u8 head[14 + 40 + 512];
	u32 head_len;
	u32 mac;
	u32 next;
	u32 whole;
	bool df;
};

/**
 * struct fragment - the one at hand
 * @skip: bytes of IP's headers, IPv6: up to the fragment header
 * @next: IPv6: where the number of the fragment header is, from IP's header on
 */
struct fragment {
	u8 key[40];
	u32 skip;
	u32 next;
	u32 off;
	u32 len;
	u8 *data;
	bool more;
	bool df;
};

static bool read_four(const struct sk_buff *skb, struct fragment *f)
{
	u8 *ip = skb->data;
	u32 word = get_unaligned_be16(ip + 6);

	f->skip = (*ip & 15) * 4u;
	f->off = (word & 0x1fff) * 8;
	f->more = word & 0x2000;
	f->df = word & 0x4000;
	f->data = ip + f->skip;
	f->len = skb->len - f->skip;
	f->key[0] = 4;
	f->key[1] = ip[9];
	memcpy(f->key + 2, ip + 4, 2);
	memcpy(f->key + 4, ip + 12, 8);
	return true;
}

static bool read_six(const struct sk_buff *skb, struct fragment *f)
{
	u8 *ip = skb->data, next = ip[6];
	u32 word;

	f->next = 6;
	f->skip = 40;
	while (next == 0 || next == 43 || next == 60) {
		if (f->skip + 8 > skb->len)
			return false;
		f->next = f->skip;
		next = ip[f->skip];
		f->skip += (ip[f->skip + 1] + 1u) * 8;
	}
	if (next != 44 || f->skip + FRAG_HEADER > skb->len)
		return false;
	word = get_unaligned_be16(ip + f->skip + 2);
	f->off = word & 0xfff8;
	f->more = word & 1;
	f->data = ip + f->skip + FRAG_HEADER;
	f->len = skb->len - f->skip - FRAG_HEADER;
	f->key[0] = 6;
	memcpy(f->key + 4, ip + f->skip + 4, 4);
	memcpy(f->key + 8, ip + 8, 32);
	return true;
}

static void give_up(struct sim_frags *q)
{
	struct sim_piece *p, *next;

	list_for_each_entry_safe(p, next, &q->pieces, list)
		free(p);
	list_del(&q->list);
	free(q);
}

void sim_frags_clean(struct fwt_sim *sim)
{
	struct sim_frags *q, *next;

	list_for_each_entry_safe(q, next, &sim->frags, list)
		give_up(q);
}

static struct sim_frags *find(struct fwt_sim *sim, const struct fragment *f)
{
	struct sim_frags *q, *next, *found = NULL;

	list_for_each_entry_safe(q, next, &sim->frags, list) {
		if (sim_jiffies >= q->until)
			give_up(q);
		else if (!memcmp(q->key, f->key, sizeof(q->key)))
			found = q;
	}
	if (found)
		return found;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	memcpy(q->key, f->key, sizeof(q->key));
	q->until = sim_jiffies + (u64)HZ * (f->key[0] == 6 ? SECONDS6 : SECONDS4);
	INIT_LIST_HEAD(&q->pieces);
	list_add_tail(&q->list, &sim->frags);
	return q;
}

/* False where the packet can't be one any more. */
static bool put(struct sim_frags *q, const struct fragment *f)
{
	u32 end = f->off + f->len;
	struct sim_piece *p;

	if (!f->more) {
		if (q->total && q->total != end)
			return false;
		q->total = end;
	}
	list_for_each_entry(p, &q->pieces, list) {
		if (p->off == f->off && p->len == f->len)
			return true;
		if (p->off < end && f->off < p->off + p->len)
			return false;
		if (q->total && p->off + p->len > q->total)
			return false;
	}
	if (q->total && end > q->total)
		return false;
	p = malloc(sizeof(*p) + f->len);
	if (!p)
		return false;
	p->off = f->off;
	p->len = f->len;
	memcpy(p->data, f->data, f->len);
	list_add_tail(&p->list, &q->pieces);
	q->have += f->len;
	return true;
}

static void keep_head(struct sim_frags *q, const struct sk_buff *skb, const struct fragment *f)
{
	if (f->off || q->head_len || skb->mac + f->skip > sizeof(q->head))
		return;
	q->mac = skb->mac;
	q->head_len = skb->mac + f->skip;
	q->next = f->next;
	memcpy(q->head, skb->data - skb->mac, q->head_len);
	if (f->key[0] == 6)
		q->head[q->mac + f->next] = skb->data[f->skip];
}

static void whole(struct fwt_sim *sim, struct sk_buff *skb, const struct sim_frags *q)
{
	const struct sim_piece *p;
	u8 *ip;

	memcpy(sim->buf, q->head, q->head_len);
	list_for_each_entry(p, &q->pieces, list)
		memcpy(sim->buf + q->head_len + p->off, p->data, p->len);
	ip = sim->buf + q->mac;
	skb->data = ip;
	skb->mac = q->mac;
	skb->len = q->head_len - q->mac + q->total;
	sim->frag_max = q->whole;
	if (q->key[0] == 6) {
		put_unaligned_be16((u16)(skb->len - 40), ip + 4);
		return;
	}
	put_unaligned_be16((u16)skb->len, ip + 2);
	put_unaligned_be16(q->df ? 0x4000 : 0, ip + 6);
	sim_checksum_ip4(ip);
}

/* IPv6: a first fragment has all headers (RFC 8200, 4.5). Linux does not wait for the
 * others of one that has not, and lets it go on alone (ipv6frag_thdr_truncated()).
 */
static bool headers_cut(const struct fragment *f, u8 next)
{
	u32 least = next == IPPROTO_TCP ? 20 : next == IPPROTO_UDP || next == IPPROTO_ICMPV6 ?
		    8 : 1;

	return f->key[0] == 6 && !f->off && f->len < least;
}

enum sim_frag sim_defrag(struct fwt_sim *sim, struct sk_buff *skb)
{
	struct fragment f = { .off = 0 };
	u32 most = SIM_PACKET_MAX - 14 - 600;
	struct sim_frags *q;

	if (!(*skb->data >> 4 == 6 ? read_six : read_four)(skb, &f))
		return SIM_FRAG_BAD;
	if ((f.more && (f.len % 8 || !f.len)) || f.off + f.len > most)
		return SIM_FRAG_BAD;
	if (headers_cut(&f, skb->data[f.skip]))
		return SIM_FRAG_ALONE;
	q = find(sim, &f);
	if (!q)
		return SIM_FRAG_BAD;
	if (skb->len >= q->whole) {
		q->df = f.df;
		q->whole = skb->len;
	}
	if (!put(q, &f)) {
		give_up(q);
		return SIM_FRAG_BAD;
	}
	keep_head(q, skb, &f);
	if (!q->total || q->have != q->total || !q->head_len)
		return SIM_FRAG_HELD;
	whole(sim, skb, q);
	give_up(q);
	return SIM_FRAG_WHOLE;
}
