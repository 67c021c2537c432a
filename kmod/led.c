// SPDX-License-Identifier: GPL-2.0
/* Where a first packet is led; see led.h. */
#include <linux/slab.h>

#include "across.h"
#include "led.h"

/* Servers of a range that are tried. */
#define SERVERS		16

u64 fwt_led_to(const struct fwt_way *w, struct fwt_end *server)
{
	struct fwt_tuple t = w->t;
	u64 hash;

	memcpy(server->addr, w->after.daddr, sizeof(server->addr));
	server->port = w->p.have & FWT_HAVE_PORTS ? w->after.dport : w->t.dst.port;
	t.dst = *server;
	hash = fwt_hash_tuple(&w->fn->conns, &t);
	fwt_hash_soon(&w->fn->conns, hash, true);
	return hash;
}

void fwt_led_another(const struct fwt_way *w, struct fwt_conn *c, u32 dnat)
{
	const struct fwt_prog_mod *m =
		&fwt_program_of_mod(&w->pol->prog, &dnat)->mod[dnat];
	struct fwt_end first, end;
	u32 tries;

	if (m->type != FWT_MOD_DNAT || !m->family ||
	    m->flags & (FWT_MOD_PERSISTENT | FWT_MOD_MAP | FWT_MOD_IFADDR) ||
	    !memcmp(m->addr_lo, m->addr_hi, sizeof(m->addr_lo)))
		return;
	fwt_ends_get(&c->ends, FWT_S, &first);
	end = first;
	for (tries = 0; fwt_conn_owner(c, FWT_PAIR_CS); tries++) {
		if (tries == SERVERS || !fwt_nat_next(m, &first, &end)) {
			fwt_ends_set(&c->ends, FWT_S, &first);
			return;
		}
		fwt_ends_set(&c->ends, FWT_S, &end);
	}
}

/* One that is over makes room, as fwt_conn_yield() asks under its lock. */
static bool makes_room(const struct fwt_way *w, const struct fwt_conn *other)
{
	return w->p.have & FWT_HAVE_TCP && !w->loose && fwt_tcp_yields(&other->tcp, w->p.tcp_seq);
}

static int peek(const struct fwt_way *w, u32 dnat, struct fwt_conn *c, struct fwt_led *led)
{
	struct fwt_conn *other = NULL;

	fwt_ends_set(&c->ends, FWT_S, &led->server);
	/* What starts here is asked whether it is led there. */
	if (w->state->hook != NF_INET_LOCAL_OUT)
		fwt_led_another(w, c, dnat);
	if (fwt_ends_equal(&c->ends, FWT_V, FWT_S))
		return 0;
	if (!fwt_ends_directed(&c->ends))
		return FWT_REASON_TUPLE_CLASH;
	if (atomic_read(&w->fn->n_across))
		other = fwt_across_owner(c, c->ends.scope);
	if (!other)
		other = fwt_conn_owner(c, FWT_PAIR_CS);
	/* Whose place it takes is gone by then. */
	if (!other || other == w->former || makes_room(w, other))
		return 0;
	/* Without ports there is nothing to choose. */
	led->apart = w->p.have & (FWT_HAVE_PORTS | FWT_HAVE_ICMP_ID);
	return led->apart ? 0 : FWT_REASON_TUPLE_CLASH;
}

int fwt_led_peek(const struct fwt_way *w, u32 dnat, struct fwt_led *led)
{
	struct fwt_conn *c;
	int ret;

	memset(led, 0, sizeof(*led));
	memcpy(led->server.addr, w->p.daddr, sizeof(led->server.addr));
	led->server.port = w->p.have & FWT_HAVE_PORTS ? w->p.dport : w->t.dst.port;
	if (fwt_packet_to_group(w->t.family, led->server.addr) ||
	    fwt_packet_to_nobody(w->t.family, led->server.addr))
		return FWT_REASON_INVALID;
	/* A record that is in no table, and goes again. */
	c = kzalloc(struct_size(c, addr6, __FWT_WHO_MAX), GFP_ATOMIC | __GFP_NOWARN);
	if (!c)
		return -ENOMEM;
	c->fn = w->fn;
	if (w->t.family == 6)
		c->ends.addr6 = c->addr6;
	fwt_ends_init(&c->ends, &w->t);
	ret = peek(w, dnat, c, led);
	fwt_ends_get(&c->ends, FWT_S, &led->server);
	kfree(c);
	return ret;
}
