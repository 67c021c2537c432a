// SPDX-License-Identifier: GPL-2.0
/*
 * Packets, replies to them, errors about them, and what goes on beside: through the
 * module's own code, by the simulation.
 *
 * Each byte or few of the input is a step: a packet that is well made, one with bytes
 * that were changed, a reply to what left, an error that quotes it, time, another
 * policy, an element, a server. Beyond not crashing and not leaking:
 *  - what comes with right checksums leaves with right ones, and so does each answer;
 *  - there are no more connections than the policy lets be;
 *  - what is answered at once goes back to who asked, untranslated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fwtree_sim.h"
#include "pkt.h"

#define CONN_MAX 48

static const char *const world[] = {
	"address 203.0.113.8/24 dev eth0", "address 10.0.2.1/24 dev eth1",
	"address 2001:db8::8/64 dev eth0", "address fd00:2::1/64 dev eth1",
	"route 0.0.0.0/0 via 203.0.113.1 dev eth0", "route ::/0 via 2001:db8::1 dev eth0",
	"route 198.51.100.0/24 via 203.0.113.2 dev eth0 mtu 700",
};

static const char *const policy[] = {
	"set blocked : addr { timeout 10s; max 40 }\n"
	"set seen : addr . protocol . port { timeout 1m; max 30 }\n"
	"map fwd : port -> addr { elements = { 81 -> 10.0.2.11, 82 -> fd00:2::11 } }\n"
	"pool web { scheduler round-robin; health passive; 10.0.2.11:8080;\n"
	"	10.0.2.12:8081 weight 2 }\n"
	"pool web6 { scheduler maglev; [fd00:2::11]:8080; [fd00:2::12]:8081 }\n"
	"option conn-max 48\n"
	"ingress device eth0 { saddr @blocked drop; accept }\n"
	"ingress {\n"
	"	iif lo accept\n"
	"	icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
	"	iif eth0 {\n"
	"		tcp dport 80 family ipv4 balance @web accept\n"
	"		tcp dport 80 balance @web6 accept\n"
	"		udp dport 1000-1100 family ipv4 dnat to 10.0.2.11:2000-2010 random accept\n"
	"		tcp dport 81-82 dnat to dport map @fwd accept\n"
	"		protocol { icmp, icmpv6 } limit 10/second burst 4 by saddr accept\n"
	"		tcp dport 22 { add @blocked { saddr } reject }\n"
	"		protocol sctp accept\n"
	"		udp dport 53 notrack accept\n"
	"		udp dport 7 ct count by saddr > 3 add @seen { saddr . protocol . dport } drop\n"
	"		tcp dport 443 queue 3 bypass\n"
	"		udp dport 4000 route reverse == iif accept\n"
	"		dport 2000-3000 accept\n"
	"		protocol { esp, gre, udplite } accept\n"
	"		drop\n"
	"	}\n"
	"	udp dport 9 set dscp 10 set ttl 3 set mark 7 set ct mark 3 accept\n"
	"	accept\n"
	"}\n"
	"egress {\n"
	"	mss clamp\n"
	"	oif eth0 tcp dport 21 set mss 500 masquerade accept\n"
	"	oif eth0 family ipv4 udp dport 22 split random {\n"
	"		1 -> snat to 203.0.113.8 accept\n"
	"		2 -> notrack accept\n"
	"	}\n"
	"	oif eth0 family ipv4 masquerade\n"
	"	oif eth0 saddr fd00::/8 snat to [2001:db8::8]:1024-1030\n"
	"	iif eth1 oif eth1 ct status dnat snat to addr(eth1)\n"
	"	accept\n"
	"}\n",

	"pool web { scheduler least-conn; 10.0.2.11:8080; 10.0.2.13:80; [fd00:2::11]:80 }\n"
	"option conn-max 48\n"
	"option evaluate per-packet\n"
	"option conn-max-per-source 20\n"
	"ingress {\n"
	"	iif lo accept\n"
	"	limit over 1000/second burst 5 drop\n"
	"	udp dport 53 ct count by saddr > 2 drop\n"
	"	ct state { established, related } accept\n"
	"	iif eth0 {\n"
	"		tcp dport 80 balance @web accept\n"
	"		icmp type echo-request accept\n"
	"		udp dport 1000-1100 dnat to :2000 accept\n"
	"		daddr 192.0.2.0/24 netmap to 10.0.2.0/24 accept\n"
	"		tcp dport 21 redirect to :2121 accept\n"
	"		reject\n"
	"	}\n"
	"	accept\n"
	"}\n"
	"egress {\n"
	"	oif eth0 family ipv4 protocol udp masquerade endpoint-independent\n"
	"	oif eth0 family ipv4 protocol != udp masquerade to :4000-4003 random\n"
	"	iif eth1 oif eth1 ct status dnat snat to addr(eth1)\n"
	"	oif eth0 saddr fd00::/8 masquerade persistent\n"
	"	ct direction reply set dscp 46\n"
	"	accept\n"
	"}\n",
};

/* What is left of the input; 0 from its end on. */
struct input {
	const uint8_t *at, *end;
};

/* A packet that left, or was delivered, and where. */
struct sent {
	size_t len;
	bool known;
	const char *dev;	/* that replies come in by */
	uint8_t data[2048];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds, const char *what, const uint8_t *data, size_t len)
{
	size_t i;

	if (holds)
		return;
	fprintf(stderr, "%s:", what);
	for (i = 0; i < len; i++)
		fprintf(stderr, " %02x", data[i]);
	fprintf(stderr, "\n");
	abort();
}

static unsigned int byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* Whether the sums of an IP packet are right, where it has such as are looked at here. */
static bool sums_right(const uint8_t *p, size_t len)
{
	unsigned int proto, l4, addrs, n;
	size_t end;
	uint16_t sum;

	if (len < 20)
		return false;
	if (p[0] >> 4 == 4) {
		l4 = (p[0] & 15) * 4u;
		end = p[2] << 8 | p[3];
		if (l4 < 20 || end > len || l4 > end || pkt_sum(0, p, l4) != 0xffff)
			return false;
		if ((p[6] & 0x3f) || p[7])
			return true;
		proto = p[9];
		addrs = 12;
		n = 8;
	} else {
		if (len < 40)
			return false;
		l4 = 40;
		end = 40u + (p[4] << 8 | p[5]);
		if (end > len)
			return false;
		proto = p[6];
		addrs = 8;
		n = 32;
	}
	sum = proto == 1 ? 0 : pkt_sum((uint16_t)(end - l4), p + addrs, n);
	if (proto != 1)
		sum = pkt_sum(sum, (const uint8_t []){ 0, (uint8_t)proto }, 2);
	switch (proto) {
	case 6:
		return end - l4 >= 20 && pkt_sum(sum, p + l4, (u32)(end - l4)) == 0xffff;
	case 17:
		if (end - l4 < 8)
			return false;
		if (!p[l4 + 6] && !p[l4 + 7])
			return p[0] >> 4 == 4;
		return (size_t)(p[l4 + 4] << 8 | p[l4 + 5]) == end - l4 &&
		       pkt_sum(sum, p + l4, (u32)(end - l4)) == 0xffff;
	case 1:
	case 58:
		return end - l4 >= 8 && pkt_sum(sum, p + l4, (u32)(end - l4)) == 0xffff;
	}
	return true;
}

static void count(void *ctx, const struct fwt_sim_conn *conn)
{
	(void)conn;
	++*(unsigned int *)ctx;
}

/* Packet in, by the way that it comes. */
static void give(struct fwt_sim *sim, const char *dev, bool out, const uint8_t *data,
		 size_t len, struct sent *s)
{
	bool right = sums_right(data, len);
	const struct fwt_sim_result *r;

	r = fwt_sim_packet(sim, &(struct fwt_sim_packet){
		.dev = dev, .out = out, .data = data, .len = len,
	});
	if (!r)
		return;
	if (right && r->data && (r->end == FWT_SIM_LEFT || r->end == FWT_SIM_DELIVERED))
		check(sums_right(r->data, r->len), "a wrong sum leaves", r->data, r->len);
	if (r->answer)
		check(sums_right(r->answer, r->answer_len), "a wrong sum is answered",
		      r->answer, r->answer_len);
	if (!s || !r->data || r->len > sizeof(s->data) ||
	    (r->end != FWT_SIM_LEFT && r->end != FWT_SIM_DELIVERED))
		return;
	s->known = true;
	s->len = r->len;
	memcpy(s->data, r->data, r->len);
	s->dev = r->end == FWT_SIM_LEFT && r->oif && !strcmp(r->oif, "eth1") ? "eth1" : "eth0";
	if (r->end == FWT_SIM_DELIVERED)
		s->dev = NULL;
}

static void spec(struct pkt_spec *s, struct input *in, bool *out, const char **dev)
{
	static const u8 proto[] = { 6, 6, 6, 17, 17, 17, 1, 132, 47, 50, 136, 4, 33, 17, 6, 6 };
	static const u16 port[] = { 80, 81, 82, 22, 443, 53, 7, 9, 1000, 1050, 2000, 21,
				    3000, 0, 65535, 4000 };
	unsigned int a = byte(in), b = byte(in), c = byte(in), d = byte(in);

	memset(s, 0, sizeof(*s));
	s->family = a & 1 ? 6 : 4;
	*out = (a & 6) == 6;
	*dev = a & 2 ? "eth0" : "eth1";
	s->protocol = proto[a >> 4];
	if (s->family == 6 && s->protocol == 1)
		s->protocol = 58;
	if (s->family == 4) {
		s->saddr[0] = *out ? 0xcb007108 : a & 2 ? 0xc6336401 + (b & 7) :
			      0x0a00020a + (b & 7);
		s->daddr[0] = b & 8 ? 0xcb007108 : b & 16 ? 0x0a00020b :
			      b & 32 ? 0xc0000205 : 0xc6336401 + (b >> 6);
	} else {
		s->saddr[0] = a & 2 ? 0x20010db8 : 0xfd000002;
		s->saddr[3] = *out ? 8 : 0x11 + (b & 7);
		s->daddr[0] = b & 8 ? 0x20010db8 : 0xfd000002;
		s->daddr[3] = b & 16 ? 8 : 0x11 + (b >> 6);
		if (!(b & 8) == !!(a & 2) && b & 32)
			s->daddr[1] = 7;
	}
	s->sport = b & 64 ? (u16)(5000 + c) : port[c & 15];
	s->dport = port[c >> 4];
	s->tcp_flags = d & 0x3f;
	if (d >> 6 == 3)
		s->tcp_flags = 2;
	s->tcp_window = 1000;
	s->tcp_seq = 1000;
	s->icmp_type = s->family == 6 ? 128 + (d & 1) : d & 1 ? 8 : 0;
	if (d >> 4 == 9)
		s->icmp_type = d & 15;
	s->icmp_id = port[c & 15];
	s->payload_len = d >> 5 == 2 ? 900 : d & 15;
	s->no_check = s->family == 4 && d == 7;
	if (d >> 4 == 6 && s->payload_len >= 8) {
		s->frag = true;
		s->frag_off = d & 4 ? 8 : 0;
		s->frag_len = d & 4 ? 0 : 8;
		s->frag_more = !(d & 4);
	}
}

/* Ends change sides; what stands between them stays as it is. */
static void turn(uint8_t *p, size_t len)
{
	unsigned int n = p[0] >> 4 == 4 ? 4 : 16, at = n == 4 ? 12 : 8, i;
	unsigned int l4 = n == 4 ? (p[0] & 15) * 4u : 40, proto = n == 4 ? p[9] : p[6];
	uint8_t x;

	for (i = 0; i < n; i++) {
		x = p[at + i];
		p[at + i] = p[at + n + i];
		p[at + n + i] = x;
	}
	if (l4 + 4 > len || (proto != 6 && proto != 17 && proto != 132 && proto != 136))
		return;
	for (i = 0; i < 2; i++) {
		x = p[l4 + i];
		p[l4 + i] = p[l4 + 2 + i];
		p[l4 + 2 + i] = x;
	}
}

/* A segment becomes what the other end says to it. */
static void acknowledge(u8 *t, size_t len, u8 flags)
{
	u32 seq = get_unaligned_be32(t + 4), ack = get_unaligned_be32(t + 8);

	seq += (u32)len - (t[12] >> 4) * 4u + !!(t[13] & 2) + (t[13] & 1);
	put_unaligned_be32(t[13] & 16 ? ack : 77000, t + 4);
	put_unaligned_be32(seq, t + 8);
	t[13] = t[13] & 2 && !(t[13] & 16) && flags & 32 ? 18 : flags & 0x17;
	if (!(flags & 4))
		t[13] |= 16;
}

static void reply(struct fwt_sim *sim, struct input *in, const struct sent *s, struct sent *next)
{
	static uint8_t p[2048];
	unsigned int l4, how = byte(in);
	uint16_t sum;

	memcpy(p, s->data, s->len);
	if (s->len < 40)
		return;
	turn(p, s->len);
	l4 = p[0] >> 4 == 4 ? (p[0] & 15) * 4u : 40;
	if ((p[0] >> 4 == 4 ? p[9] : p[6]) == 6 && s->len >= l4 + 20u) {
		acknowledge(p + l4, s->len - l4, (u8)how);
		if (how & 0x40)
			p[l4 + 4 + byte(in) % 10] = (u8)byte(in);
		p[l4 + 16] = p[l4 + 17] = 0;
		sum = pkt_sum((uint16_t)(s->len - l4), p + (p[0] >> 4 == 4 ? 12 : 8),
			      p[0] >> 4 == 4 ? 8 : 32);
		sum = (uint16_t)~pkt_sum(pkt_sum(sum, (const uint8_t []){ 0, 6 }, 2), p + l4,
					 (u32)(s->len - l4));
		p[l4 + 16] = (uint8_t)(sum >> 8);
		p[l4 + 17] = (uint8_t)sum;
	}
	give(sim, s->dev ? s->dev : "eth0", !s->dev, p, s->len, next);
}

/* Of a router, or the other end, about what left. */
static void error(struct fwt_sim *sim, struct input *in, const struct sent *s)
{
	static struct pkt k;
	unsigned int how = byte(in), v6 = s->data[0] >> 4 == 6;
	struct pkt_spec e = {
		.family = v6 ? 6 : 4, .protocol = v6 ? 58 : 1,
		.icmp_type = v6 ? 1 + (how & 3) : how & 4 ? 11 : 3, .icmp_code = how & 3,
		.icmp_seq = 600, .payload = s->data,
		.payload_len = (u32)(how & 8 ? s->len / 2 : s->len),
	};
	unsigned int i;

	if (s->len < 28 || e.payload_len > 1000)
		return;
	for (i = 0; i < (v6 ? 4u : 1u); i++) {
		const uint8_t *a = s->data + (v6 ? 8 : 12) + 4 * i;

		e.daddr[i] = (u32)a[0] << 24 | (u32)a[1] << 16 | (u32)a[2] << 8 | a[3];
	}
	e.saddr[0] = v6 ? 0x20010db8 : 0xc6336402;
	e.saddr[3] = v6 ? 0x99 : 0;
	pkt_build(&k, &e);
	give(sim, s->dev ? s->dev : "eth0", false, k.data + k.l3, k.len - k.l3, NULL);
}

/* Who asks and never hears: more than there is room for. */
static void flood(struct fwt_sim *sim, unsigned int n)
{
	static struct pkt k;
	struct pkt_spec s = {
		.family = 4, .saddr = { 0x0a00020a }, .daddr = { 0xc6336401 }, .dport = 443,
		.protocol = n & 1 ? 6 : 17, .tcp_flags = 2, .tcp_window = 1000,
	};

	while (n--) {
		s.saddr[0] = 0x0a00020a + n % 5;
		s.sport = (u16)(7000 + n);
		pkt_build(&k, &s);
		give(sim, "eth1", false, k.data + k.l3, k.len - k.l3, NULL);
	}
}

static void beside(struct fwt_sim *sim, struct input *in, unsigned int what)
{
	static const char *const set[] = {
		"add blocked 198.51.100.1", "delete blocked 198.51.100.1",
		"add blocked 198.51.100.2 timeout 1s", "add seen 198.51.100.3 . udp . 7",
	}, *const pool[] = {
		"delete web 10.0.2.11:8080", "add web 10.0.2.11:8080", "drain web 10.0.2.12:8081",
		"add web 10.0.2.14:80 weight 3",
	};
	unsigned int n = byte(in), i = n & 1;

	switch (what) {
	case 0:
		fwt_sim_wait(sim, (uint64_t)n * n * n / 10);
		break;
	case 1:
		if (fwt_sim_policy_text(sim, "fuzz.fw", policy[i], strlen(policy[i])))
			abort();
		break;
	case 2:
		fwt_sim_set(sim, set[n & 3]);
		if (n & 0x80)
			flood(sim, n & 0x7f);
		break;
	default:
		fwt_sim_pool(sim, pool[n & 3]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	static struct sent sent, back;
	struct fwt_sim *sim = fwt_sim_new();
	unsigned int step, n, conns;
	static struct pkt k;
	struct pkt_spec s;
	const char *dev;
	bool out;

	sent.known = back.known = false;
	if (!sim || fwt_sim_policy_text(sim, "fuzz.fw", policy[0], strlen(policy[0])))
		abort();
	for (n = 0; n < ARRAY_SIZE(world); n++)
		if (fwt_sim_world(sim, world[n]))
			abort();
	while (in.at < in.end) {
		step = byte(&in);
		switch (step & 7) {
		case 0:
		case 1:
			spec(&s, &in, &out, &dev);
			pkt_build(&k, &s);
			give(sim, dev, out, k.data + k.l3, k.len - k.l3, &sent);
			break;
		case 2:
			spec(&s, &in, &out, &dev);
			pkt_build(&k, &s);
			for (n = step >> 6; n--;)
				k.data[k.l3 + byte(&in) % (k.len - k.l3)] = (u8)byte(&in);
			n = step & 8 ? byte(&in) % (k.len - k.l3) : k.len - k.l3;
			give(sim, dev, out, k.data + k.l3, n, &sent);
			break;
		case 3:
			if (sent.known)
				reply(sim, &in, &sent, &back);
			break;
		case 4:
			if (back.known)
				reply(sim, &in, &back, &sent);
			break;
		case 5:
			if (sent.known)
				error(sim, &in, step & 8 && back.known ? &back : &sent);
			break;
		case 6:
			if (sent.known)
				give(sim, step & 8 ? "eth0" : "eth1", false, sent.data, sent.len,
				     &back);
			break;
		case 7:
			beside(sim, &in, step >> 3 & 3);
		}
		conns = 0;
		fwt_sim_conns(sim, count, &conns);
		check(conns <= CONN_MAX, "too many connections", NULL, 0);
	}
	fwt_sim_free(sim);
	return 0;
}
