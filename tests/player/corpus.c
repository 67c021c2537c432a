// SPDX-License-Identifier: GPL-2.0
/*
 * Policies and conversations made up from a seed, and what became of them.
 *
 *	corpus SEED POLICIES
 *
 * It is linked twice: against the wires of a guest, where the module decides
 * (tests/net/corpus.sh), and against the simulation. Both print what was sent, what
 * came out, by which side, the counters and the entries; the two must be the same.
 *
 * A port that a translation chose is printed by a number, in the order in which they
 * appear: the module draws them, and so does the simulation. That the sums of a packet
 * are right is printed, not what they are. Where time travels, conversations pause.
 *
 * Some packets come in pieces, in either order, one of them twice or not at all; what
 * leaves in pieces is put together again: the simulation tells of it as a whole.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "corpus_policy.h"
#include "fw.h"
#include "pkt.h"
#include "rewrite.h"
#include "run.h"
#include "tuple.h"
#include "wire.h"

#define FLOWS		40
#define STEPS		160
#define PORTS_MAX	8192

/* The name of the one gateway there is, by enum gateway. */
const char *const gateway_name[__GW_MAX] = { "gw", "loose", "set", "adopt" };

struct flow {
	bool there;
	bool left;		/* @out is how it leaves */
	int side;		/* where its client is */
	struct pkt_spec in;	/* original direction, as it comes */
	struct pkt_spec out;	/* as it left */
	u32 seq[2];
};

static struct wire wire;
static u32 rng;
static bool travel;
static u64 clock_ms;
static struct flow flows[FLOWS];
static char ports[PORTS_MAX][200];
static unsigned int n_ports;
static struct pkt built;
static u8 got[WIRE_MTU + 1];
static u32 draw(u32 n)
{
	return pkt_random(&rng) % n;
}

static bool apply(unsigned int number)
{
	char *text = NULL;
	size_t size = 0;
	FILE *policy;
	bool done;

	policy = open_memstream(&text, &size);
	if (!policy)
		return false;
	corpus_policy(policy, draw, number);
	fclose(policy);
	printf("policy\n%s", text);
	done = fw_apply("gw", text);
	free(text);
	return done;
}

/* Printing */

/* Entries come in no order: they number nothing. */
static bool listing;

/* Of a port that was drawn: a number for it and the two who use it. */
static const char *port_words(u16 port, const char *here, const char *there, char *buf)
{
	char text[200];
	unsigned int i;

	/* Those that are written somewhere; what is drawn lies above (nat-ports). */
	if (port < 30000) {
		sprintf(buf, "%u", port);
		return buf;
	}
	snprintf(text, sizeof(text), "%u %s %s", port, here, there);
	for (i = 0; i < n_ports && strcmp(ports[i], text); i++)
		;
	if (i == n_ports && n_ports < PORTS_MAX && !listing)
		strcpy(ports[n_ports++], text);
	sprintf(buf, i == n_ports ? "P?" : "P%u", i);
	return buf;
}

/* What an error is about. */
static void quoted(const struct fwt_packet *p, const u8 *data, u32 len, char *buf, size_t size)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], a[12], b[12];
	int af = *data >> 4 == 6 ? AF_INET6 : AF_INET;
	u32 at = p->payload + (af == AF_INET6 ? 8 : 12);
	struct fwt_quote q;

	if (fwt_packet_quote(p, &q, data, len, len))
		return;
	inet_ntop(af, data + at, src, sizeof(src));
	inet_ntop(af, data + at + (af == AF_INET6 ? 16 : 4), dst, sizeof(dst));
	snprintf(buf, size, " quotes %u %s %s > %s %s ttl %u tos %u len %u", q.p.protocol, src,
		 q.p.have & FWT_HAVE_PORTS ? port_words(q.p.sport, src, dst, a) : "-", dst,
		 q.p.have & FWT_HAVE_PORTS ? port_words(q.p.dport, dst, src, b) : "-", q.p.ttl,
		 q.p.tos, q.p.length);
}

static void put_packet(const char *what, const u8 *data, u32 len)
{
	char quote[200] = "";
	struct fwt_packet p = { .ether_type = *data >> 4 == 6 ? 0x86dd : 0x0800 };
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], a[12], b[12];
	int af = *data >> 4 == 6 ? AF_INET6 : AF_INET;
	u32 at = af == AF_INET6 ? 8 : 12, i, sum = 0;

	if (fwt_packet_parse(&p, data, len, len, FWT_PARSE_NETWORK)) {
		printf("%s a packet that is none\n", what);
		return;
	}
	inet_ntop(af, data + at, src, sizeof(src));
	inet_ntop(af, data + at + (af == AF_INET6 ? 16 : 4), dst, sizeof(dst));
	for (i = p.payload; i < p.end && !(p.have & FWT_HAVE_ICMP_ERROR); i++)
		sum = sum * 31 + data[i];
	if (p.have & FWT_HAVE_ICMP_ERROR)
		quoted(&p, data, len, quote, sizeof(quote));
	printf("%s %u %s %s > %s %s ttl %u tos %u len %u", what, p.protocol, src,
	       p.have & FWT_HAVE_PORTS ? port_words(p.sport, src, dst, a) : "-", dst,
	       p.have & FWT_HAVE_PORTS ? port_words(p.dport, dst, src, b) : "-", p.ttl,
	       p.tos, p.length);
	if (p.have & FWT_HAVE_TCP)
		printf(" flags %x seq %u ack %u", p.tcp_flags, p.tcp_seq, p.tcp_ack);
	if (p.have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6))
		printf(" type %u code %u", p.icmp_type, p.icmp_code);
	if (p.have & FWT_HAVE_ICMP_ID)
		printf(" id %s", port_words(p.icmp_id, "", "", a));
	if (p.have & FWT_HAVE_MSS)
		printf(" mss %u", p.tcp_mss);
	printf(" payload %x%s sum %s\n", sum, quote, fwt_csum_verify(&p, data) ? "right" : "wrong");
}

static u64 counted[__FWT_REASON_MAX];

static void put_counters(void)
{
	u64 value[__FWT_REASON_MAX];
	unsigned int i;

	if (!fw_reasons("gw", value))
		return;
	for (i = 1; i < __FWT_REASON_MAX; i++) {
		if (value[i] != counted[i])
			printf("counter %s %llu\n", fwt_reason_info[i].name,
			       (unsigned long long)(value[i] - counted[i]));
		counted[i] = value[i];
	}
}

static char *lines[4096];
static unsigned int n_lines;

static void one_entry(const struct entry *e, void *arg)
{
	char text[600], port[4][12];
	int i, k = 0;

	(void)arg;
	for (i = 0; i < 2; i++) {
		const struct entry_dir *d = &e->dir[i];

		strcpy(port[k], "-");
		if (d->sport >= 0)
			port_words((u16)d->sport, d->saddr, d->daddr, port[k]);
		strcpy(port[++k], "-");
		if (d->dport >= 0)
			port_words((u16)d->dport, d->daddr, d->saddr, port[k]);
		k++;
	}
	snprintf(text, sizeof(text),
		 "entry %s %s %s > %s %s | %s %s > %s %s %s%s%s%s %llu/%llu %llu/%llu %s %s mark %u",
		 e->state, e->dir[0].saddr, port[0], e->dir[0].daddr, port[1], e->dir[1].saddr,
		 port[2], e->dir[1].daddr, port[3], e->assured ? "assured " : "",
		 e->tentative ? "tentative " : "", e->snat ? "snat " : "", e->dnat ? "dnat " : "",
		 (unsigned long long)e->dir[0].packets, (unsigned long long)e->dir[0].bytes,
		 (unsigned long long)e->dir[1].packets, (unsigned long long)e->dir[1].bytes,
		 e->iif, e->oif, e->mark);
	if (n_lines < ARRAY_SIZE(lines))
		lines[n_lines++] = strdup(text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_entries(void)
{
	unsigned int i;

	n_lines = 0;
	listing = true;
	if (!fw_conns("gw", one_entry, NULL))
		return;
	listing = false;
	qsort(lines, n_lines, sizeof(*lines), by_text);
	for (i = 0; i < n_lines; i++) {
		puts(lines[i]);
		free(lines[i]);
	}
}

static void put_seen(void)
{
	bool seen[FW_SEEN_MAX];
	unsigned int i;

	if (!fw_seen("gw", seen))
		return;
	printf("seen");
	for (i = 0; i < FW_SEEN_MAX; i++)
		if (seen[i])
			printf(" %u", i);
	puts("");
}

static void change(void)
{
	char text[100];
	bool set;

	corpus_change(text, sizeof(text), draw, &set);
	printf("%s %s: %s\n", set ? "set" : "pool", text,
	       fw_change("gw", set ? "set" : "pool", text) ? "done" : "refused");
}

/* Conversations */

#define MASQUERADED	0xc0000201u	/* by the gateway's only address towards srv */

/* A packet that leaves in pieces, of which some are there. */
struct pieces {
	u8 data[WIRE_MTU + 1];
	u32 head;
	u32 have;
	u32 total;		/* behind the header; 0: not known yet */
	u32 id;
};

static struct pieces pieces[2];

/* A piece of a packet: is that whole with it? @data becomes it then; returns its length,
 * 0 where more are to come.
 */
static u32 put_together(struct pieces *a, u8 *data, u32 len)
{
	bool six = *data >> 4 == 6;
	u32 head = six ? 40 : (*data & 15) * 4u, skip = 0, off, id;

	if (six ? data[6] != 44 : !(get_unaligned_be16(data + 6) & 0x3fff))
		return len;
	id = six ? get_unaligned_be32(data + 44) : get_unaligned_be16(data + 4);
	if (id != a->id)
		a->have = 0;
	if (!a->have)
		a->total = 0;
	a->id = id;
	off = six ? get_unaligned_be16(data + 42) & ~7u :
		    (get_unaligned_be16(data + 6) & 0x1fffu) * 8;
	if (!(six ? data[43] & 1 : data[6] & 0x20))
		a->total = off + len - head - (six ? 8 : 0);
	if (six) {
		skip = 8;
		data[6] = data[40];
	}
	a->have += len - head - skip;
	if (!off) {
		a->head = head;
		memcpy(a->data, data, head);
	}
	/* No header is longer. */
	memcpy(a->data + 60 + off, data + head + skip, len - head - skip);
	if (!a->total || a->have != a->total)
		return 0;
	len = a->head + a->total;
	memcpy(data, a->data, a->head);
	memcpy(data + a->head, a->data + 60, a->total);
	if (six) {
		put_unaligned_be16((u16)(len - 40), data + 4);
	} else {
		put_unaligned_be16((u16)len, data + 2);
		put_unaligned_be16(0, data + 6);
		put_unaligned_be16(0, data + 10);
		put_unaligned_be16((u16)~pkt_sum(0, data, a->head), data + 10);
	}
	a->have = 0;
	return len;
}

static bool send_built(int side)
{
	if (wire_send(&wire, side, built.data, built.len, 0, 0))
		return true;
	puts("not sent");
	return false;
}

/* In two pieces: the second one first, the first one twice, one alone. */
static bool send_pieces(int side, const struct pkt_spec *s, u32 bytes)
{
	static u16 id = 1000;
	struct pkt_spec piece[2] = { *s, *s };
	u32 cut = 8 * (1 + draw((bytes - 1) / 8)), how = draw(6);

	/* After a while who sent that is told so, by a timer of the kernel's: for IPv4 if it was
	 * for this machine, as what was masqueraded is.
	 */
	if (!how && (s->family == 6 || s->daddr[0] == MASQUERADED))
		how = 1;
	piece[0].frag = true;
	piece[0].frag_more = true;
	piece[0].frag_len = (u16)cut;
	piece[0].ip_id = ++id;
	piece[1].frag = true;
	piece[1].frag_off = (u16)cut;
	piece[1].ip_id = id;
	printf("in pieces, at %u, %s\n", cut, how == 0 ? "the first alone" :
	       how == 1 ? "the last alone" : how == 2 ? "the first twice" :
	       how == 3 ? "the last before" : "in order");
	pkt_build(&built, &piece[how == 1 || how == 3]);
	if (!send_built(side))
		return false;
	if (how == 2 && !send_built(side))
		return false;
	if (how < 2)
		return true;
	pkt_build(&built, &piece[how != 3]);
	return send_built(side);
}

static void read_all(int side, const struct pkt_spec *s, struct flow *learn)
{
	static const char *const out[] = { "< cli", "< srv" };
	int n, k;

	for (k = 0; k < 2; k++) {
		while ((n = wire_read(&wire, k, got, 0)) >= 0) {
			struct fwt_packet p = { .ether_type = *got >> 4 == 6 ? 0x86dd : 0x0800 };

			n = (int)put_together(&pieces[k], got, (u32)n);
			if (!n || fwt_packet_parse(&p, got, (u32)n, (u32)n, FWT_PARSE_NETWORK))
				continue;
			put_packet(out[k], got, (u32)n);
			/* Of what is refused the answer comes back. */
			if (!learn || k == side)
				continue;
			learn->left = true;
			learn->out = *s;
			memcpy(learn->out.saddr, p.saddr, sizeof(p.saddr));
			memcpy(learn->out.daddr, p.daddr, sizeof(p.daddr));
			learn->out.sport = p.sport;
			learn->out.dport = p.dport;
			if (p.have & FWT_HAVE_ICMP_ID)
				learn->out.icmp_id = p.icmp_id;
		}
	}
}

static bool push(int side, const struct pkt_spec *s, struct flow *learn)
{
	static const char *const in[] = { "> cli", "> srv" };
	u32 bytes;

	pkt_build(&built, s);
	put_packet(in[side], built.data, built.len);
	bytes = built.end - built.l4;
	if (s->quote || bytes < 16 || draw(7)) {
		if (!send_built(side))
			return false;
	} else if (!send_pieces(side, s, bytes)) {
		return false;
	}
	read_all(side, s, learn);
	return true;
}

static void make_flow(struct flow *f, unsigned int number)
{
	static const u8 protocols[] = { 6, 6, 6, 17, 17, 1, 47 };
	bool six = !draw(3);

	memset(f, 0, sizeof(*f));
	f->there = true;
	f->side = !draw(6);
	f->in.family = six ? 6 : 4;
	f->in.protocol = protocols[draw(ARRAY_SIZE(protocols))];
	if (six) {
		f->in.saddr[0] = 0xfd000000;
		f->in.saddr[1] = 0x00010000;
		f->in.saddr[3] = 1 + draw(12);
		f->in.daddr[0] = 0x20010db8;
		f->in.daddr[1] = 0x00050000;
		f->in.daddr[3] = 1 + draw(8);
	} else {
		f->in.saddr[0] = (draw(5) ? 0x0a010000 : 0x0a020000) + 1 + draw(12);
		f->in.daddr[0] = 0xc6336400 + 1 + draw(8);
	}
	if (f->side) {
		struct pkt_spec s = f->in;

		memcpy(f->in.saddr, s.daddr, sizeof(s.daddr));
		memcpy(f->in.daddr, s.saddr, sizeof(s.saddr));
	}
	f->in.sport = (u16)(20000 + number);
	f->in.dport = (u16)(draw(3) ? 80 + draw(4) : 443);
	if (f->in.protocol == 1) {
		f->in.protocol = six ? 58 : 1;
		f->in.icmp_type = six ? 128 : 8;
		f->in.icmp_id = (u16)(20000 + number);
	}
	f->in.ttl = 64;
	f->in.seed = number + 1;
	f->seq[0] = pkt_random(&rng);
	f->seq[1] = pkt_random(&rng);
}

static void set_tcp(struct flow *f, struct pkt_spec *s, int dir)
{
	static const u8 flags[] = {
		FWT_TCP_ACK, FWT_TCP_ACK | FWT_TCP_PSH, FWT_TCP_ACK, FWT_TCP_FIN | FWT_TCP_ACK,
		FWT_TCP_RST, FWT_TCP_SYN, FWT_TCP_SYN | FWT_TCP_ACK, 0,
	};

	s->tcp_flags = draw(4) ? FWT_TCP_ACK | FWT_TCP_PSH : flags[draw(ARRAY_SIZE(flags))];
	s->tcp_window = (u16)(1000 + draw(60000));
	s->tcp_seq = f->seq[dir];
	s->tcp_ack = s->tcp_flags & FWT_TCP_ACK ? f->seq[!dir] : 0;
	s->payload_len = s->tcp_flags & FWT_TCP_PSH ? draw(200) : 0;
	if (!draw(12))
		s->tcp_seq += draw(200000) - 100000;
	f->seq[dir] = s->tcp_seq + s->payload_len +
		      !!(s->tcp_flags & (FWT_TCP_SYN | FWT_TCP_FIN));
}

static void begin(struct flow *f, unsigned int number)
{
	struct pkt_spec s;

	make_flow(f, number);
	s = f->in;
	if (s.protocol == 6) {
		s.tcp_flags = draw(8) ? FWT_TCP_SYN : FWT_TCP_ACK;
		s.tcp_seq = f->seq[0];
		s.tcp_window = 64000;
		if (draw(2)) {
			memcpy(s.tcp_options, "\x02\x04\x05\xb4", 4);
			s.n_tcp_options = 4;
		}
		f->seq[0] += s.tcp_flags == FWT_TCP_SYN;
	} else {
		s.payload_len = draw(100);
	}
	s.tos = (u8)(draw(4) ? 0 : 0xb8);
	push(f->side, &s, f);
	if (f->left && s.protocol == 6 && s.tcp_flags == FWT_TCP_SYN && draw(5)) {
		/* Its handshake. */
		struct pkt_spec r = f->out;

		memcpy(r.saddr, f->out.daddr, 16);
		memcpy(r.daddr, f->out.saddr, 16);
		r.sport = f->out.dport;
		r.dport = f->out.sport;
		r.tcp_flags = FWT_TCP_SYN | FWT_TCP_ACK;
		memcpy(r.tcp_options, "\x02\x04\x05\xb4", 4);
		r.n_tcp_options = 4;
		r.tcp_seq = f->seq[1]++;
		r.tcp_ack = f->seq[0];
		push(!f->side, &r, NULL);
		s.tcp_flags = FWT_TCP_ACK;
		s.tcp_seq = f->seq[0];
		s.tcp_ack = f->seq[1];
		push(f->side, &s, NULL);
	}
}

static void go_on(struct flow *f)
{
	int dir = (int)draw(2);
	struct pkt_spec s = f->in;

	if (dir) {
		if (!f->left)
			return;
		s = f->out;
		memcpy(s.saddr, f->out.daddr, 16);
		memcpy(s.daddr, f->out.saddr, 16);
		s.sport = f->out.dport;
		s.dport = f->out.sport;
		if (s.icmp_type)
			s.icmp_type = s.family == 6 ? 129 : 0;
	}
	s.tos = 0;
	if (s.protocol == 6)
		set_tcp(f, &s, dir);
	else
		s.payload_len = draw(300);
	push(dir ? !f->side : f->side, &s, dir ? NULL : f);
}

static void complain(struct flow *f)
{
	static const u8 kind4[][2] = { { 3, 1 }, { 3, 3 }, { 3, 4 }, { 11, 0 }, { 4, 0 } };
	static const u8 kind6[][2] = { { 1, 3 }, { 1, 4 }, { 2, 0 }, { 3, 0 }, { 1, 0 } };
	u32 k = draw(ARRAY_SIZE(kind4));
	struct pkt_spec q = f->out, s = { .ttl = 64, .family = q.family };

	if (!f->left)
		return;
	if (q.protocol == 6) {
		q.tcp_seq = f->seq[0] - draw(3);
		q.tcp_flags = FWT_TCP_ACK;
	}
	if (!draw(6))
		q.sport++;
	s.protocol = q.family == 6 ? 58 : 1;
	s.icmp_type = q.family == 6 ? kind6[k][0] : kind4[k][0];
	s.icmp_code = q.family == 6 ? kind6[k][1] : kind4[k][1];
	s.icmp_seq = s.icmp_type == 2 || s.icmp_code == 4 ? 1280 : 0;
	s.quote = &q;
	s.quote_len = draw(2) ? 0 : q.family == 6 ? 48 : 28;
	if (q.family == 6) {
		s.saddr[0] = 0xfd0000ff;
		s.saddr[3] = 9;
	} else {
		s.saddr[0] = 0xcb007109;
	}
	memcpy(s.daddr, q.saddr, 16);
	push(!f->side, &s, NULL);
}

/* Until a time that was agreed on at the beginning: what the kernel needs for its own
 * doings adds up to nothing. However often they pause, no two such times are whole
 * seconds apart, nor nearly: what ends after whole seconds is over on both sides.
 */
static void rest(void)
{
	u32 ms = (1 + draw(draw(4) ? 40 : 700)) * 1000 + 360;

	printf("wait %u\n", ms);
	clock_ms += ms;
	wire_sleep_until(clock_ms);
}

static void play(unsigned int number)
{
	unsigned int i;
	struct flow *f;

	printf("corpus %u\n", number);
	n_ports = 0;
	memset(flows, 0, sizeof(flows));
	for (i = 0; i < STEPS; i++) {
		unsigned int at = draw(FLOWS);

		f = &flows[at];
		if (!f->there || !draw(30))
			begin(f, at);
		else if (!draw(8))
			complain(f);
		else
			go_on(f);
		if (travel && !draw(12))
			rest();
		if (!draw(20))
			change();
		if (i % 20 == 19) {
			put_counters();
			put_entries();
			put_seen();
		}
		if (!draw(50) && !apply(number))
			return;
	}
}

int main(int argc, char **argv)
{
	const char *flavour = getenv("FWTREE_FLAVOUR");
	unsigned int i, n = argc > 2 ? (unsigned int)atoi(argv[2]) : 10;

	travel = flavour && !strcmp(flavour, "time-travel");
	rng = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) * 2654435761u | 1 : 1;
	if (!wire_open(&wire, "gw") || !wire_addresses("gw") || !fw_reasons("gw", counted))
		return 1;
	clock_ms = wire_now();
	for (i = 0; i < n; i++) {
		if (!apply(i)) {
			puts("the policy was refused");
			return 1;
		}
		play(i);
	}
	return 0;
}
