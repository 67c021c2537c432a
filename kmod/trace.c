// SPDX-License-Identifier: GPL-2.0
/* Tracepoints: their code is made here, and here is what they ask. */
#include <net/ipv6.h>

#include "way.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

const char *fwt_trace_file(struct fwt_net *fn, u32 slot)
{
	const struct fwt_name *name;

	if (slot == FWT_NONE)
		return "";
	name = rcu_dereference(fwt_slot_peek(fn, slot)->file);
	return name ? name->text : "";
}

const char *fwt_trace_id(struct fwt_net *fn, u32 slot)
{
	const struct fwt_name *name;

	if (slot == FWT_NONE)
		return "";
	name = rcu_dereference(fwt_slot_peek(fn, slot)->id);
	return name ? name->text : "";
}

u32 fwt_trace_line(struct fwt_net *fn, u32 slot)
{
	if (slot == FWT_NONE)
		return 0;
	return fwt_policy_slot_line(rcu_dereference(fn->policy), fwt_slot_peek(fn, slot));
}

static void set_end(struct sockaddr_in6 *to, u8 family, const u32 *addr, u16 port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)to;
	unsigned int i;

	memset(to, 0, sizeof(*to));
	if (family == 4) {
		four->sin_family = AF_INET;
		four->sin_addr.s_addr = cpu_to_be32(addr[0]);
		four->sin_port = cpu_to_be16(port);
		return;
	}
	to->sin6_family = AF_INET6;
	to->sin6_port = cpu_to_be16(port);
	for (i = 0; i < 4; i++)
		to->sin6_addr.s6_addr32[i] = cpu_to_be32(addr[i]);
}

void fwt_trace_packet_ends(struct sockaddr_in6 *src, struct sockaddr_in6 *dst,
			   const struct fwt_packet *p)
{
	bool ports = p->have & FWT_HAVE_PORTS;

	if (!(p->have & FWT_HAVE_IP)) {
		memset(src, 0, sizeof(*src));
		memset(dst, 0, sizeof(*dst));
		return;
	}
	set_end(src, p->family, p->saddr, ports ? p->sport : 0);
	set_end(dst, p->family, p->daddr, ports ? p->dport : 0);
}

void fwt_trace_conn_end(struct sockaddr_in6 *to, const struct fwt_conn *c,
			enum fwt_who which)
{
	struct fwt_end end;

	fwt_ends_get(&c->ends, which, &end);
	set_end(to, c->ends.family, end.addr, end.port);
}
