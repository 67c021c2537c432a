// SPDX-License-Identifier: GPL-2.0
/*
 * Fields as written -> fields of the core.
 */
#include "sema.h"

/* By enum fwt_ast_field, from 1; "bpf" is none. */
static const u8 plain[FWT_AST_FIELD_COUNT] = {
#define SAME(id) [FWT_AST_##id] = FWT_FIELD_##id + 1,
	SAME(IIF) SAME(OIF) SAME(ETHER_SADDR) SAME(ETHER_DADDR)
	SAME(ETHER_TYPE) SAME(VLAN_ID) SAME(VLAN_PCP) SAME(ARP_OP)
	SAME(ARP_SADDR) SAME(ARP_DADDR) SAME(PKTTYPE) SAME(FAMILY)
	SAME(SADDR) SAME(DADDR) SAME(PROTOCOL) SAME(DSCP) SAME(TTL)
	SAME(LENGTH) SAME(FRAGMENT) SAME(SPORT) SAME(DPORT)
	SAME(TCP_FLAGS) SAME(TCP_SEQ) SAME(TCP_ACK) SAME(TCP_WINDOW)
	SAME(TCP_OPTION_MSS) SAME(ICMP_TYPE) SAME(ICMP_CODE) SAME(ICMP_ID)
	SAME(ICMPV6_TYPE) SAME(ICMPV6_CODE) SAME(ICMPV6_ID) SAME(CT_STATE)
	SAME(MARK) SAME(PRIORITY) SAME(CT_STATUS) SAME(CT_DIRECTION)
	SAME(CT_MARK) SAME(CT_ORIGINAL_SADDR) SAME(CT_ORIGINAL_DADDR)
	SAME(CT_ORIGINAL_PROTOCOL) SAME(CT_ORIGINAL_SPORT)
	SAME(CT_ORIGINAL_DPORT)
	SAME(ROUTE_OIF) SAME(ROUTE_TYPE) SAME(ROUTE_NEXTHOP) SAME(ROUTE_SADDR)
	SAME(ROUTE_REVERSE) SAME(UID) SAME(GID) SAME(CGROUP)
#undef SAME
};

/* With a prefix that the core has a field for. */
static const struct {
	u8 field;
	u8 implies;
	u8 to;
} prefixed[] = {
	{ FWT_AST_SADDR, FWT_IMPLIES_IPV4, FWT_FIELD_IP_SADDR },
	{ FWT_AST_DADDR, FWT_IMPLIES_IPV4, FWT_FIELD_IP_DADDR },
	{ FWT_AST_SADDR, FWT_IMPLIES_IPV6, FWT_FIELD_IP6_SADDR },
	{ FWT_AST_DADDR, FWT_IMPLIES_IPV6, FWT_FIELD_IP6_DADDR },
	{ FWT_AST_SPORT, FWT_IMPLIES_TCP, FWT_FIELD_TCP_SPORT },
	{ FWT_AST_DPORT, FWT_IMPLIES_TCP, FWT_FIELD_TCP_DPORT },
	{ FWT_AST_SPORT, FWT_IMPLIES_UDP, FWT_FIELD_UDP_SPORT },
	{ FWT_AST_DPORT, FWT_IMPLIES_UDP, FWT_FIELD_UDP_DPORT },
};

struct fwt_cond *fwt_sema_test(struct fwt_sema *s, const struct fwt_prog_test *t)
{
	struct fwt_cond *c = fwt_sema_alloc(s, sizeof(*c));

	if (c) {
		c->kind = FWT_COND_TEST;
		c->test = fwt_builder_test(&s->b, t);
	}
	return c;
}

struct fwt_cond *fwt_sema_equals(struct fwt_sema *s, u8 field, u32 value)
{
	struct fwt_prog_test t = {
		.op = FWT_TEST_IN, .n_fields = 1, .field = { field },
		.mask = { FWT_NONE, FWT_NONE },
	};
	struct fwt_elems e;

	fwt_elems_init(&e);
	fwt_elems_dim(&e, 1);
	if (!fwt_elems_add(&e, &value, &value, FWT_NONE))
		s->failed = true;
	t.set[0] = fwt_build_set(&s->b, &e);
	t.set[1] = t.set[0];
	fwt_elems_clean(&e);
	return fwt_sema_test(s, &t);
}

static void guard(struct fwt_sema *s, const struct fwt_ast_ref *ref,
		  struct fwt_cond **guards)
{
	int protocol = fwt_implies_protocol(ref->implies);
	struct fwt_cond *c;

	if (!guards)
		return;
	if (ref->implies == FWT_IMPLIES_IPV4 || ref->implies == FWT_IMPLIES_IPV6)
		c = fwt_sema_equals(s, FWT_FIELD_FAMILY,
				    ref->implies == FWT_IMPLIES_IPV4 ? 4 : 6);
	else	/* of a related ICMP error it is not the packet's own */
		c = fwt_sema_equals(s, ref->field >= FWT_AST_CT_ORIGINAL_SADDR &&
				    ref->field <= FWT_AST_CT_ORIGINAL_DPORT ?
				    FWT_FIELD_CT_ORIGINAL_PROTOCOL : FWT_FIELD_PROTOCOL,
				    protocol);
	if (!c)
		return;
	c->next = *guards;
	*guards = c;
}

int fwt_sema_field(struct fwt_sema *s, const struct fwt_ast_ref *ref,
		   struct fwt_cond **guards)
{
	const char *words = fwt_field_words(ref->field, ref->implies);
	unsigned int i;
	u8 field;

	if (ref->field == FWT_AST_FIELD_ERROR)
		return -1;
	if (ref->field == FWT_AST_BPF) {
		fwt_error(s->diag, &ref->loc,
			  "'bpf' has no value: it stands before an expression, alone");
		return -1;
	}
	if (!plain[ref->field]) {
		s->failed = true;
		return -1;
	}
	field = plain[ref->field] - 1;
	for (i = 0; i < ARRAY_SIZE(prefixed); i++)
		if (prefixed[i].field == ref->field &&
		    prefixed[i].implies == ref->implies)
			break;
	if (i < ARRAY_SIZE(prefixed))
		field = prefixed[i].to;
	else if (ref->implies != FWT_IMPLIES_NONE &&
		 (field < FWT_FIELD_TCP_FLAGS || field > FWT_FIELD_TCP_OPTION_MSS))
		guard(s, ref, guards);
	fwt_sema_hooks(s, &ref->loc, fwt_field_info[field].hooks,
		       field == FWT_FIELD_OIF && s->tree &&
		       s->tree->hooks & FWT_HOOK_BIT(FWT_HOOK_INGRESS) ?
		       "'route oif' is meant" : NULL, words);
	return field;
}
