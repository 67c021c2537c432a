// SPDX-License-Identifier: GPL-2.0
/* Packets of the simulation: from words to bytes, and from bytes to words. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "fwtree_sim.h"
#include "names.h"
#include "packet_text.h"
#include "sim.h"

static u16 sum(u64 s, const u8 *p, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		s += get_unaligned_be16(p + i);
	if (len & 1)
		s += (u64)p[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (u16)s;
}

static void put_addr(u8 *to, const u32 *addr, u8 family)
{
	int i;

	for (i = 0; i < (family == 6 ? 4 : 1); i++)
		put_unaligned_be32(addr[i], to + 4 * i);
}

/* The header of the transport, @room bytes at most; returns how many. */
static u32 transport(const struct fwt_packet *p, u8 *to, u32 room)
{
	u32 len = 0;

	if (p->have & FWT_HAVE_TCP) {
		len = 20;
		put_unaligned_be16(p->sport, to);
		put_unaligned_be16(p->dport, to + 2);
		put_unaligned_be32(p->tcp_seq, to + 4);
		put_unaligned_be32(p->tcp_ack, to + 8);
		to[12] = 5 << 4;
		to[13] = p->tcp_flags;
		put_unaligned_be16(p->tcp_window ? p->tcp_window : 65535, to + 14);
		if (p->have & FWT_HAVE_MSS) {
			len = 24;
			to[12] = 6 << 4;
			to[20] = 2;
			to[21] = 4;
			put_unaligned_be16(p->tcp_mss, to + 22);
		}
	} else if (p->have & FWT_HAVE_PORTS) {
		len = p->protocol == FWT_IPPROTO_UDP || p->protocol == FWT_IPPROTO_UDPLITE ? 8 : 12;
		put_unaligned_be16(p->sport, to);
		put_unaligned_be16(p->dport, to + 2);
		if (p->protocol == FWT_IPPROTO_UDP)
			put_unaligned_be16((u16)room, to + 4);
		if (p->protocol == FWT_IPPROTO_DCCP) {
			to[4] = 3;	/* words of header */
			to[8] = 0;	/* DCCP-Request, 16 bits of sequence */
		}
	} else if (p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6)) {
		len = 8;
		to[0] = p->icmp_type;
		to[1] = p->icmp_code;
		put_unaligned_be16(p->icmp_id, to + 4);
	}
	return len;
}

static const struct {
	u8 protocol;
	u8 at;
	bool pseudo;
} sums[] = {
	{ FWT_IPPROTO_TCP, 16, true }, { FWT_IPPROTO_UDP, 6, true },
	{ FWT_IPPROTO_UDPLITE, 6, true }, { FWT_IPPROTO_DCCP, 6, true },
	{ FWT_IPPROTO_ICMP, 2, false }, { FWT_IPPROTO_ICMPV6, 2, true },
};

static void put_sum(const struct fwt_packet *p, const u8 *addrs, u8 *l4, u32 len)
{
	u32 i, k, crc;
	u64 s = 0;
	u16 check;

	if (p->protocol == FWT_IPPROTO_SCTP && len >= 12) {
		for (crc = ~0u, i = 0; i < len; i++)
			for (crc ^= l4[i], k = 0; k < 8; k++)
				crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
		crc = htole32(~crc);
		memcpy(l4 + 8, &crc, 4);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(sums); i++) {
		if (sums[i].protocol != p->protocol || sums[i].at + 2u > len)
			continue;
		if (sums[i].pseudo)
			s = p->protocol + (u64)len + sum(0, addrs, p->family == 6 ? 32 : 8);
		check = (u16)~sum(s, l4, len);
		if (!check && p->protocol == FWT_IPPROTO_UDP)
			check = 0xffff;
		put_unaligned_be16(check, l4 + sums[i].at);
	}
}

static u8 *ether(const struct fwt_packet *p, u8 *buf)
{
	static const u8 none[6];

	memcpy(buf, p->ether_daddr, 6);
	memcpy(buf + 6, p->ether_saddr, 6);
	if (!memcmp(buf, none, 6)) {
		static const u8 all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

		/* As the sender's machine would address it. */
		if (p->have & FWT_HAVE_ARP || (p->family == 4 && p->daddr[0] == ~0u)) {
			memcpy(buf, all, 6);
		} else if (p->family == 4 && p->daddr[0] >> 28 == 0xe) {
			buf[0] = 1;
			buf[2] = 0x5e;
			buf[3] = p->daddr[0] >> 16 & 0x7f;
			put_unaligned_be16((u16)p->daddr[0], buf + 4);
		} else if (p->family == 6 && p->daddr[0] >> 24 == 0xff) {
			buf[0] = 0x33;
			buf[1] = 0x33;
			put_unaligned_be32(p->daddr[3], buf + 2);
		} else {
			buf[0] = 2;
			buf[5] = 1;
		}
	}
	if (!memcmp(buf + 6, none, 6)) {
		buf[6] = 2;
		buf[11] = 2;
	}
	buf += 12;
	if (p->have & FWT_HAVE_VLAN) {
		put_unaligned_be16(0x8100, buf);
		put_unaligned_be16(p->vlan_tci, buf + 2);
		buf += 4;
	}
	put_unaligned_be16(p->ether_type, buf);
	return buf + 2;
}

size_t sim_build(const struct fwt_packet *p, const u8 *payload, u8 *buf)
{
	u32 head = p->family == 6 ? 40 : 20, frag = 0, total, len, room;
	u8 *ip, *l4;

	memset(buf, 0, 128);
	ip = ether(p, buf);
	if (p->have & FWT_HAVE_ARP) {
		memset(ip, 0, 28);
		put_unaligned_be16(1, ip);
		put_unaligned_be16(0x0800, ip + 2);
		ip[4] = 6;
		ip[5] = 4;
		put_unaligned_be16(p->arp_op, ip + 6);
		memcpy(ip + 8, buf + 6, 6);
		put_unaligned_be32(p->saddr[0], ip + 14);
		put_unaligned_be32(p->daddr[0], ip + 24);
		return (size_t)(ip + 28 - buf);
	}
	if (p->family == 6 && p->have & FWT_HAVE_FRAG)
		frag = 8;
	total = p->length < head + frag ? head + frag : p->length;
	if (total > 65535 + (p->family == 6 ? 40u : 0))
		total = 65535 + (p->family == 6 ? 40 : 0);
	memset(ip, 0, total);
	if (p->family == 6) {
		put_unaligned_be32(0x60000000 | (u32)p->tos << 20, ip);
		put_unaligned_be16((u16)(total - 40), ip + 4);
		ip[6] = frag ? 44 : p->protocol;
		ip[7] = p->ttl;
		put_addr(ip + 8, p->saddr, 6);
		put_addr(ip + 24, p->daddr, 6);
		if (frag) {
			ip[40] = p->protocol;
			put_unaligned_be16((u16)(p->frag_off | p->frag_more), ip + 42);
			put_unaligned_be32(1, ip + 44);
		}
	} else {
		ip[0] = 0x45;
		ip[1] = p->tos;
		put_unaligned_be16((u16)total, ip + 2);
		put_unaligned_be16(1, ip + 4);
		put_unaligned_be16((u16)(p->frag_off / 8 | (p->frag_more ? 0x2000 : 0)), ip + 6);
		ip[8] = p->ttl;
		ip[9] = p->protocol;
		put_addr(ip + 12, p->saddr, 4);
		put_addr(ip + 16, p->daddr, 4);
		put_unaligned_be16((u16)~sum(0, ip, 20), ip + 10);
	}
	l4 = ip + head + frag;
	room = total - head - frag;
	if (!(p->have & FWT_HAVE_FRAG && p->frag_off)) {
		u8 header[32] = { 0 };

		len = transport(p, header, room);
		len = len < room ? len : room;
		memcpy(l4, header, len);
		if (payload)
			memcpy(l4 + len, payload, room - len);
		if (!(p->have & FWT_HAVE_FRAG))
			put_sum(p, ip + (p->family == 6 ? 8 : 12), l4, room);
	}
	return (size_t)(ip + total - buf);
}

void sim_build_rest(const struct fwt_packet_text *t, struct fwt_sim_packet *packet)
{
	packet->mark = t->p.mark;
	packet->owner = (t->said & FWT_PACKET_UID ? FWT_SIM_UID : 0) |
			(t->said & FWT_PACKET_GID ? FWT_SIM_GID : 0) |
			(t->said & FWT_PACKET_CGROUP ? FWT_SIM_CGROUP : 0);
	packet->uid = t->uid;
	packet->gid = t->gid;
	packet->cgroup = t->cgroup;
}

void sim_build_id(const struct fwt_packet *p, u16 id, u8 *buf)
{
	u8 *ip = buf + (p->have & FWT_HAVE_VLAN ? 18 : 14);

	if (!(p->have & FWT_HAVE_IP))
		return;
	if (p->family == 6) {
		if (p->have & FWT_HAVE_FRAG)
			put_unaligned_be32(id, ip + 44);
		return;
	}
	put_unaligned_be16(id, ip + 4);
	put_unaligned_be16(0, ip + 10);
	put_unaligned_be16((u16)~sum(0, ip, 20), ip + 10);
}

char *sim_end_words(u8 family, const u8 *addr, bool has_port, u16 port, char *buf,
		    size_t size)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	if (!has_port)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, family == 6 ? "[%s]:%u" : "%s:%u", text, port);
	return buf;
}

char *sim_packet_words(const u8 *data, size_t len, char *buf, size_t size)
{
	static const char *const flag[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr",
	};
	struct fwt_packet p = { .ether_type = len && *data >> 4 == 6 ? 0x86dd : 0x0800 };
	char src[SIM_END_WORDS], dst[SIM_END_WORDS], name[24];
	const char *word;
	bool ports;
	int n, i;

	*buf = '\0';
	if (fwt_packet_parse(&p, data, (u32)len, (u32)len, FWT_PARSE_NETWORK) ||
	    !(p.have & FWT_HAVE_IP)) {
		snprintf(buf, size, "a packet that is not IP");
		return buf;
	}
	ports = p.have & FWT_HAVE_PORTS;
	data += p.family == 6 ? 8 : 12;
	sim_end_words(p.family, data, ports, p.sport, src, sizeof(src));
	sim_end_words(p.family, data + (p.family == 6 ? 16 : 4), ports, p.dport, dst, sizeof(dst));
	word = fwt_class_name(FWT_CLASS_PROTOCOL, p.protocol);
	snprintf(name, sizeof(name), "%u", p.protocol);
	n = snprintf(buf, size, "%s %s > %s", word ? word : name, src, dst);
	for (i = 0; p.have & FWT_HAVE_TCP && i < 8; i++)
		if (p.tcp_flags >> i & 1)
			n += snprintf(buf + n, size - (size_t)n, " %s", flag[i]);
	if (p.have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6))
		n += snprintf(buf + n, size - (size_t)n, " type %u code %u", p.icmp_type,
			      p.icmp_code);
	if (p.have & FWT_HAVE_ICMP_ID)
		n += snprintf(buf + n, size - (size_t)n, " id %u", p.icmp_id);
	if (p.have & FWT_HAVE_FRAG)
		n += snprintf(buf + n, size - (size_t)n, " frag %u%s", p.frag_off,
			      p.frag_more ? "+" : "");
	snprintf(buf + n, size - (size_t)n, " ttl %u len %u", p.ttl, p.length);
	return buf;
}
