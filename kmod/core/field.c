// SPDX-License-Identifier: GPL-2.0
/*
 * What a packet answers when a program asks for a field.
 *
 * The packet was parsed once; this is a look into it and no more. It runs for
 * every test of every walk, so it is one switch, which the compiler turns into
 * a table of jumps, and each case is a question to @have and a load or two.
 */
#include "field.h"
#include "env.h"
#include "packet.h"
#include "rlu.h"
#include "tuple.h"

#define IFNAME_WORDS	4
#define IFNAME_MAX	15	/* IFNAMSIZ - 1 */

const struct fwt_field_info fwt_field_info[__FWT_FIELD_MAX] = {
#define FWT_FIELD_INFO(id, text, w, w6, b, h) \
	[FWT_FIELD_##id] = { .name = text, .words = w, .words6 = w6, .bits = b, .hooks = h },
	FWT_FIELDS(FWT_FIELD_INFO)
#undef FWT_FIELD_INFO
};

/* A short name is a short string somewhere: what lies behind its NUL is not
 * ours to read.
 */
int fwt_ifname_words(const char *name, u32 *out)
{
	unsigned int i;

	for (i = 0; i < IFNAME_WORDS; i++)
		out[i] = 0;
	for (i = 0; name && i < IFNAME_MAX && name[i]; i++)
		out[i / 4] |= (u32)(u8)name[i] << (24 - 8 * (i % 4));
	return IFNAME_WORDS;
}

static int get_mac(const struct fwt_packet *p, const u8 *mac, u32 *out)
{
	if (!(p->have & FWT_HAVE_ETHER))
		return 0;
	out[0] = get_unaligned_be16(mac);
	out[1] = get_unaligned_be32(mac + 2);
	return 2;
}

/* @family is 4, 6, or 0 for the packet's own. */
static int get_addr(const struct fwt_packet *p, const u32 *addr, u8 family,
		    u32 *out)
{
	if (!(p->have & FWT_HAVE_IP) || (family && p->family != family))
		return 0;
	out[0] = addr[0];
	if (p->family == 4)
		return 1;
	out[1] = addr[1];
	out[2] = addr[2];
	out[3] = addr[3];
	return 4;
}

static int get_if(const struct fwt_packet *p, u32 have, u32 value, u32 *out)
{
	if ((p->have & have) != have)
		return 0;
	out[0] = value;
	return 1;
}

/* @protocol is that which the field's name implies, or 0. A packet rebuilt from
 * a connection's record has ports, and need not have the rest of a header.
 */
static int get_port(const struct fwt_packet *p, u8 protocol, u16 port, u32 *out)
{
	if (protocol && p->protocol != protocol)
		return 0;
	return get_if(p, FWT_HAVE_PORTS, port, out);
}

static u32 fragment_kind(const struct fwt_packet *p)
{
	if (!(p->have & FWT_HAVE_FRAG))
		return 0;
	return p->frag_off ? 2 : 1;
}

/* What is invalid or untracked has no connection. */
static bool connected(const struct fwt_packet *p)
{
	return p->ct_state <= FWT_CT_ESTABLISHED;
}

/* An end of the original direction: as the record has it; of a first packet, as it
 * came.
 */
static bool original(const struct fwt_packet *p, bool source, struct fwt_end *end)
{
	if (!connected(p))
		return false;
	if (p->ct_ends)
		fwt_ends_get(p->ct_ends, source ? FWT_C : FWT_V, end);
	else if (p->ct_tuple)
		*end = source ? p->ct_tuple->src : p->ct_tuple->dst;
	else
		return false;
	return true;
}

static u8 original_protocol(const struct fwt_packet *p)
{
	return p->ct_ends ? p->ct_ends->protocol : p->ct_tuple ? p->ct_tuple->protocol : 0;
}

static int get_original_addr(const struct fwt_packet *p, bool source, u32 *out)
{
	struct fwt_end end;

	return original(p, source, &end) ? get_addr(p, end.addr, 0, out) : 0;
}

static int get_original_port(const struct fwt_packet *p, bool source, u32 *out)
{
	struct fwt_end end;

	/* A query's id and type stand in their place, and are none. */
	if (!fwt_has_ports(original_protocol(p)) || !original(p, source, &end))
		return 0;
	out[0] = end.port;
	return 1;
}

static int get_original_protocol(const struct fwt_packet *p, u32 *out)
{
	if (!connected(p) || (!p->ct_ends && !p->ct_tuple))
		return 0;
	out[0] = original_protocol(p);
	return 1;
}

int fwt_field_get(const struct fwt_packet *p, unsigned int field, u32 *out)
{
	switch (field) {
	case FWT_FIELD_IIF:
		return fwt_ifname_words(p->iif, out);
	case FWT_FIELD_OIF:
		return p->oif ? fwt_ifname_words(p->oif, out) : 0;
	case FWT_FIELD_ETHER_SADDR:
		return get_mac(p, p->ether_saddr, out);
	case FWT_FIELD_ETHER_DADDR:
		return get_mac(p, p->ether_daddr, out);
	case FWT_FIELD_ETHER_TYPE:
		return get_if(p, FWT_HAVE_ETHER, p->ether_type, out);
	case FWT_FIELD_VLAN_ID:
		return get_if(p, FWT_HAVE_VLAN, p->vlan_tci & 0xfff, out);
	case FWT_FIELD_VLAN_PCP:
		return get_if(p, FWT_HAVE_VLAN, p->vlan_tci >> 13, out);
	case FWT_FIELD_ARP_OP:
		return get_if(p, FWT_HAVE_ARP, p->arp_op, out);
	case FWT_FIELD_ARP_SADDR:
		return get_if(p, FWT_HAVE_ARP, p->saddr[0], out);
	case FWT_FIELD_ARP_DADDR:
		return get_if(p, FWT_HAVE_ARP, p->daddr[0], out);
	case FWT_FIELD_PKTTYPE:
		return get_if(p, 0, p->pkttype, out);
	case FWT_FIELD_FAMILY:
		return get_if(p, FWT_HAVE_IP, p->family, out);
	case FWT_FIELD_SADDR:
		return get_addr(p, p->saddr, 0, out);
	case FWT_FIELD_DADDR:
		return get_addr(p, p->daddr, 0, out);
	case FWT_FIELD_IP_SADDR:
		return get_addr(p, p->saddr, 4, out);
	case FWT_FIELD_IP_DADDR:
		return get_addr(p, p->daddr, 4, out);
	case FWT_FIELD_IP6_SADDR:
		return get_addr(p, p->saddr, 6, out);
	case FWT_FIELD_IP6_DADDR:
		return get_addr(p, p->daddr, 6, out);
	case FWT_FIELD_PROTOCOL:
		return get_if(p, FWT_HAVE_IP, p->protocol, out);
	case FWT_FIELD_DSCP:
		return get_if(p, FWT_HAVE_IP, p->tos >> 2, out);
	case FWT_FIELD_TTL:
		return get_if(p, FWT_HAVE_IP, p->ttl, out);
	case FWT_FIELD_LENGTH:
		return get_if(p, FWT_HAVE_IP, p->length, out);
	case FWT_FIELD_FRAGMENT:
		return get_if(p, FWT_HAVE_IP, fragment_kind(p), out);
	case FWT_FIELD_SPORT:
		return get_port(p, 0, p->sport, out);
	case FWT_FIELD_DPORT:
		return get_port(p, 0, p->dport, out);
	case FWT_FIELD_TCP_SPORT:
		return get_port(p, FWT_IPPROTO_TCP, p->sport, out);
	case FWT_FIELD_TCP_DPORT:
		return get_port(p, FWT_IPPROTO_TCP, p->dport, out);
	case FWT_FIELD_UDP_SPORT:
		return get_port(p, FWT_IPPROTO_UDP, p->sport, out);
	case FWT_FIELD_UDP_DPORT:
		return get_port(p, FWT_IPPROTO_UDP, p->dport, out);
	case FWT_FIELD_TCP_FLAGS:
		return get_if(p, FWT_HAVE_TCP, p->tcp_flags, out);
	case FWT_FIELD_TCP_SEQ:
		return get_if(p, FWT_HAVE_TCP, p->tcp_seq, out);
	case FWT_FIELD_TCP_ACK:
		return get_if(p, FWT_HAVE_TCP, p->tcp_ack, out);
	case FWT_FIELD_TCP_WINDOW:
		return get_if(p, FWT_HAVE_TCP, p->tcp_window, out);
	case FWT_FIELD_TCP_OPTION_MSS:
		return get_if(p, FWT_HAVE_MSS, p->tcp_mss, out);
	case FWT_FIELD_ICMP_TYPE:
		return get_if(p, FWT_HAVE_ICMP, p->icmp_type, out);
	case FWT_FIELD_ICMP_CODE:
		return get_if(p, FWT_HAVE_ICMP, p->icmp_code, out);
	case FWT_FIELD_ICMP_ID:
		return get_if(p, FWT_HAVE_ICMP | FWT_HAVE_ICMP_ID, p->icmp_id,
			      out);
	case FWT_FIELD_ICMPV6_TYPE:
		return get_if(p, FWT_HAVE_ICMPV6, p->icmp_type, out);
	case FWT_FIELD_ICMPV6_CODE:
		return get_if(p, FWT_HAVE_ICMPV6, p->icmp_code, out);
	case FWT_FIELD_ICMPV6_ID:
		return get_if(p, FWT_HAVE_ICMPV6 | FWT_HAVE_ICMP_ID, p->icmp_id,
			      out);
	case FWT_FIELD_CT_STATE:
		return get_if(p, 0, p->ct_state, out);
	case FWT_FIELD_MARK:
		return get_if(p, 0, p->mark, out);
	case FWT_FIELD_PRIORITY:
		return get_if(p, 0, p->priority, out);
	case FWT_FIELD_CT_STATUS:
		return get_if(p, 0, p->ct_status ^ p->ct_status >> 1, out);
	case FWT_FIELD_CT_DIRECTION:
		return connected(p) ? get_if(p, 0, p->ct_direction, out) : 0;
	case FWT_FIELD_CT_MARK:
		return connected(p) ? get_if(p, 0, p->ct_mark, out) : 0;
	case FWT_FIELD_CT_ORIGINAL_SADDR:
		return get_original_addr(p, true, out);
	case FWT_FIELD_CT_ORIGINAL_DADDR:
		return get_original_addr(p, false, out);
	case FWT_FIELD_CT_ORIGINAL_PROTOCOL:
		return get_original_protocol(p, out);
	case FWT_FIELD_CT_ORIGINAL_SPORT:
		return get_original_port(p, true, out);
	case FWT_FIELD_CT_ORIGINAL_DPORT:
		return get_original_port(p, false, out);
	}
	return 0;
}

int fwt_field_ask(const struct fwt_packet *p, const struct fwt_env *env,
		  unsigned int field, u32 *out)
{
	if (field < __FWT_FIELD_MAX && FWT_FIELDS_ROUTE >> field & 1)
		return fwt_rlu_get(p, env, field, out);
	/* What is forwarded has no sender here, whoever had it before. */
	if (field < __FWT_FIELD_MAX && FWT_FIELDS_OWNER >> field & 1 && !p->iif &&
	    env && env->ops->owner)
		return env->ops->owner(env, field, out);
	return 0;
}
