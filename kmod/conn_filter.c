// SPDX-License-Identifier: GPL-2.0
/*
 * Filters of connections; see conn_filter.h.
 *
 * A filter is a list of conditions that must all hold, and up to
 * FWTREE_NOT_MAX filters that must not let the connection through. A prefix is
 * a range of addresses, one address a range of one.
 */
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "conn_filter.h"
#include "netlink.h"
#include "policy.h"

struct addresses {
	u32 lo[4];
	u32 hi[4];
	u8 family;
};

enum {
	HAS_SADDR = 1, HAS_DADDR = 2, HAS_SPORT = 4, HAS_DPORT = 8,
	HAS_TYPE = 16, HAS_CODE = 32, HAS_ICMP_ID = 64,
};

#define HAS_ICMP	(HAS_TYPE | HAS_CODE | HAS_ICMP_ID)

/* Of one direction. */
struct side {
	u8 set;
	struct fwt_conn_icmp icmp;
	struct addresses saddr;
	struct addresses daddr;
	u16 sport[2];
	u16 dport[2];
};

/* By enum fwt_dir, and of both directions together. */
enum { BOTH_WAYS = 2, N_COUNTS };

struct counts {
	bool set;
	u64 packets[2];
	u64 bytes[2];
};

/* By the hook where it decided, and of either. */
enum { AT_INGRESS, AT_EGRESS, AT_EITHER, N_RULES };

struct rule {
	bool set;
	bool none;
	bool has_line;
	u32 line;
	char *id;
	char *file;
};

/* What is set: bits by attribute. */
#define HAS(f, what)	((f)->set & BIT_ULL(FWTREE_A_CONN_FILTER_##what))

struct fwt_conn_filter {
	u64 set;
	u64 id;
	struct side dir[2];
	struct counts counts[N_COUNTS];
	struct rule rule[N_RULES];
	u32 timeout[2];
	u32 generation[2];
	u32 states;
	u32 flags;
	u32 no_flags;
	u32 mark;
	u32 mark_mask;
	u32 ct_mark;
	u32 ct_mark_mask;
	u32 iif;
	u32 oif;
	u32 scope;
	u8 family;
	u8 protocol;
	u8 n_not;
	bool locked;		/* asks what changes under the record's lock */
	struct fwt_conn_filter *not[FWTREE_NOT_MAX];
};

u8 fwt_conn_state(const struct fwt_conn *c)
{
	BUILD_BUG_ON((int)FWTREE_CONN_STATE_SYN_SENT2 != (int)FWT_TCPS_SYN_SENT2);
	BUILD_BUG_ON((int)FWTREE_CONN_STATE_UNREPLIED != (int)__FWT_TCPS_MAX);
	if (c->ends.protocol == FWT_IPPROTO_TCP)
		return READ_ONCE(c->tcp.state);
	return fwt_conn_is(c, FWT_CONN_REPLIED) ? FWTREE_CONN_STATE_REPLIED :
						  FWTREE_CONN_STATE_UNREPLIED;
}

u32 fwt_conn_flags(const struct fwt_conn *c)
{
	u16 has = READ_ONCE(c->flags);
	u32 flags = 0;

	if (has & BIT(FWT_CONN_ASSURED))
		flags |= FWTREE_CONN_FLAG_ASSURED;
	if (has & BIT(FWT_CONN_SNAT))
		flags |= FWTREE_CONN_FLAG_SNAT;
	if (has & BIT(FWT_CONN_DNAT))
		flags |= FWTREE_CONN_FLAG_DNAT;
	if (!(has & BIT(FWT_CONN_CONFIRMED)))
		flags |= FWTREE_CONN_FLAG_TENTATIVE;
	if (has & BIT(FWT_CONN_REPLIED))
		flags |= FWTREE_CONN_FLAG_REPLIED;
	if (has & BIT(FWT_CONN_LOCAL))
		flags |= FWTREE_CONN_FLAG_LOCAL;
	return flags;
}

/* Reading */

#define REFUSE(extack, attr, text) ({		\
	NL_SET_ERR_MSG_ATTR(extack, attr, text);	\
	-EINVAL; })

static int get_address(u32 *to, u8 *family, const struct nlattr *addr,
		       struct netlink_ext_ack *extack)
{
	unsigned int i, len = nla_len(addr);
	__be32 word;

	if (len != 4 && len != 16)
		return REFUSE(extack, addr, "an address has 4 or 16 bytes");
	*family = len == 4 ? 4 : 6;
	for (i = 0; i < len / 4; i++) {
		memcpy(&word, nla_data(addr) + 4 * i, 4);
		to[i] = be32_to_cpu(word);
	}
	return 0;
}

static int compare(const u32 *a, const u32 *b, u8 family)
{
	unsigned int i;

	for (i = 0; i < (family == 4 ? 1 : 4); i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* @addr alone, with so many @bits of it, or up to @high. */
static int get_addresses(struct addresses *a, const struct nlattr *addr,
			 const struct nlattr *bits, const struct nlattr *high,
			 struct netlink_ext_ack *extack)
{
	unsigned int i, n;
	u8 family;
	int ret;

	if (!addr) {
		if (bits)
			return REFUSE(extack, bits, "a length without its address");
		if (high)
			return REFUSE(extack, high, "the end of a range without its begin");
		return 0;
	}
	ret = get_address(a->lo, &a->family, addr, extack);
	if (ret)
		return ret;
	if (high) {
		ret = get_address(a->hi, &family, high, extack);
		if (ret)
			return ret;
		if (bits)
			return REFUSE(extack, bits, "a range has no length");
		if (family != a->family)
			return REFUSE(extack, high, "a range within one family");
		if (compare(a->lo, a->hi, family) > 0)
			return REFUSE(extack, high, "a range ends behind its begin");
		return 0;
	}
	n = a->family == 4 ? 32 : 128;
	if (bits && nla_get_u8(bits) > n)
		return REFUSE(extack, bits, "the address has not so many bits");
	if (bits)
		n = nla_get_u8(bits);
	for (i = 0; i < (a->family == 4 ? 1 : 4); i++) {
		u32 mask = n >= 32 * (i + 1) ? ~0u :
			   n <= 32 * i ? 0 : ~0u << (32 - n % 32);

		a->lo[i] &= mask;
		a->hi[i] = a->lo[i] | ~mask;
	}
	return 0;
}

static int get_ports(u16 *port, const struct nlattr *lo, const struct nlattr *hi,
		     struct netlink_ext_ack *extack)
{
	if (!lo)
		return hi ? REFUSE(extack, hi, "the end of a range without its begin") : 0;
	port[0] = nla_get_u16(lo);
	port[1] = hi ? nla_get_u16(hi) : port[0];
	if (port[1] < port[0])
		return REFUSE(extack, hi, "a range ends behind its begin");
	return 0;
}

static void get_counts(struct counts *c, const struct nlattr *packets_min,
		       const struct nlattr *packets_max, const struct nlattr *bytes_min,
		       const struct nlattr *bytes_max)
{
	c->set = packets_min || packets_max || bytes_min || bytes_max;
	c->packets[0] = packets_min ? nla_get_u64(packets_min) : 0;
	c->packets[1] = packets_max ? nla_get_u64(packets_max) : U64_MAX;
	c->bytes[0] = bytes_min ? nla_get_u64(bytes_min) : 0;
	c->bytes[1] = bytes_max ? nla_get_u64(bytes_max) : U64_MAX;
}

#define GET(to, what, bits) do {			\
	if (ATTR(what))					\
		(to) = nla_get_u##bits(ATTR(what));	\
} while (0)

static int get_side(struct fwt_conn_filter *f, enum fwt_dir dir, struct nlattr **tb,
		    struct netlink_ext_ack *extack)
{
	struct side *e = &f->dir[dir];
	int ret;

#define ATTR(what) tb[FWTREE_A_CONN_FILTER_DIR_##what]
	ret = get_addresses(&e->saddr, ATTR(SADDR), ATTR(SADDR_LEN), ATTR(SADDR_HIGH),
			    extack);
	if (!ret)
		ret = get_addresses(&e->daddr, ATTR(DADDR), ATTR(DADDR_LEN),
				    ATTR(DADDR_HIGH), extack);
	if (!ret)
		ret = get_ports(e->sport, ATTR(SPORT), ATTR(SPORT_HIGH), extack);
	if (!ret)
		ret = get_ports(e->dport, ATTR(DPORT), ATTR(DPORT_HIGH), extack);
	GET(e->icmp.type, ICMP_TYPE, 8);
	GET(e->icmp.code, ICMP_CODE, 8);
	GET(e->icmp.id, ICMP_ID, 16);
	e->set = (ATTR(SADDR) ? HAS_SADDR : 0) | (ATTR(DADDR) ? HAS_DADDR : 0) |
		 (ATTR(SPORT) ? HAS_SPORT : 0) | (ATTR(DPORT) ? HAS_DPORT : 0) |
		 (ATTR(ICMP_TYPE) ? HAS_TYPE : 0) | (ATTR(ICMP_CODE) ? HAS_CODE : 0) |
		 (ATTR(ICMP_ID) ? HAS_ICMP_ID : 0);
	get_counts(&f->counts[dir], ATTR(PACKETS_MIN), ATTR(PACKETS_MAX), ATTR(BYTES_MIN),
		   ATTR(BYTES_MAX));
#undef ATTR
	return ret;
}

/* What the nests say, and of the original direction what stands beside them. */
static int get_sides(struct fwt_conn_filter *f, struct nlattr **tb,
		     struct netlink_ext_ack *extack)
{
#define PLAIN(what) { FWTREE_A_CONN_FILTER_##what, FWTREE_A_CONN_FILTER_DIR_##what }
	static const u8 plain[][2] = {
		PLAIN(SADDR), PLAIN(SADDR_LEN), PLAIN(DADDR), PLAIN(DADDR_LEN),
		PLAIN(SPORT), PLAIN(DPORT), PLAIN(ICMP_TYPE), PLAIN(ICMP_ID),
	};
#undef PLAIN
	struct nlattr *original[FWTREE_A_CONN_FILTER_DIR_MAX + 1] = { };
	struct nlattr *reply[FWTREE_A_CONN_FILTER_DIR_MAX + 1] = { };
	const struct nlattr *nest[] = {
		[FWT_ORIGINAL] = tb[FWTREE_A_CONN_FILTER_ORIGINAL],
		[FWT_REPLY] = tb[FWTREE_A_CONN_FILTER_REPLY],
	};
	struct nlattr *a;
	int ret = 0, i;

	if (tb[FWTREE_A_CONN_FILTER_ORIGINAL])
		ret = nla_parse_nested(original, FWTREE_A_CONN_FILTER_DIR_MAX,
				       tb[FWTREE_A_CONN_FILTER_ORIGINAL],
				       fwtree_conn_filter_dir_nl_policy, extack);
	if (!ret && tb[FWTREE_A_CONN_FILTER_REPLY])
		ret = nla_parse_nested(reply, FWTREE_A_CONN_FILTER_DIR_MAX,
				       tb[FWTREE_A_CONN_FILTER_REPLY],
				       fwtree_conn_filter_dir_nl_policy, extack);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		a = tb[plain[i][0]];
		if (a && original[plain[i][1]])
			return REFUSE(extack, a, "said in the nest of its direction, too");
		if (a)
			original[plain[i][1]] = a;
	}
	ret = get_side(f, FWT_ORIGINAL, original, extack);
	ret = ret ?: get_side(f, FWT_REPLY, reply, extack);
	/* Or it would look like a filter, and let all through. */
	for (i = 0; !ret && i < ARRAY_SIZE(nest); i++)
		if (nest[i] && !f->dir[i].set && !f->counts[i].set)
			ret = REFUSE(extack, nest[i], "nothing is said of the direction");
	return ret;
}

/* By what an attribute each says, of one hook's nest or of either hook. */
static int get_rule(struct rule *r, const struct nlattr *id, const struct nlattr *file,
		    const struct nlattr *line, struct netlink_ext_ack *extack)
{
	if (file && !line)
		return REFUSE(extack, file, "a rule's file without its line");
	r->set = id || line;
	r->has_line = line;
	r->line = line ? nla_get_u32(line) : 0;
	if (id)
		r->id = nla_strdup(id, GFP_KERNEL);
	if (file)
		r->file = nla_strdup(file, GFP_KERNEL);
	return (id && !r->id) || (file && !r->file) ? -ENOMEM : 0;
}

static int get_hook(struct rule *r, const struct nlattr *nest,
		    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[FWTREE_A_CONN_FILTER_HOOK_MAX + 1];
	int ret;

	if (!nest)
		return 0;
	ret = nla_parse_nested(tb, FWTREE_A_CONN_FILTER_HOOK_MAX, nest,
			       fwtree_conn_filter_hook_nl_policy, extack);
	if (ret)
		return ret;
#define ATTR(what) tb[FWTREE_A_CONN_FILTER_HOOK_##what]
	ret = get_rule(r, ATTR(ID), ATTR(FILE), ATTR(LINE), extack);
	if (ret)
		return ret;
	if (r->set == !!ATTR(NONE))
		return REFUSE(extack, nest, "a rule by its id or line, or none");
	r->none = ATTR(NONE);
	r->set = true;
#undef ATTR
	return 0;
}

static int get_iface(u32 *index, struct net *net, const struct nlattr *name,
		     struct netlink_ext_ack *extack)
{
	struct net_device *dev;

	/* None is 0, as it is in a record. */
	if (!*(char *)nla_data(name))
		return 0;
	rcu_read_lock();
	dev = dev_get_by_name_rcu(net, nla_data(name));
	if (dev)
		*index = dev->ifindex;
	rcu_read_unlock();
	if (dev)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, name, "no such interface");
	return -ENODEV;
}

#define ATTR(what) tb[FWTREE_A_CONN_FILTER_##what]

static int get_numbers(struct fwt_conn_filter *f, struct nlattr **tb,
		       struct netlink_ext_ack *extack)
{
	f->timeout[1] = U32_MAX;
	f->generation[1] = U32_MAX;
	f->mark_mask = U32_MAX;
	f->ct_mark_mask = U32_MAX;
	f->states = U32_MAX;
	GET(f->id, ID, 64);
	GET(f->family, FAMILY, 8);
	GET(f->protocol, PROTOCOL, 8);
	GET(f->states, STATES, 32);
	GET(f->mark, MARK, 32);
	GET(f->mark_mask, MARK_MASK, 32);
	GET(f->ct_mark, CT_MARK, 32);
	GET(f->ct_mark_mask, CT_MARK_MASK, 32);
	GET(f->flags, FLAGS, 32);
	GET(f->no_flags, NO_FLAGS, 32);
	GET(f->timeout[0], TIMEOUT_MIN, 32);
	GET(f->timeout[1], TIMEOUT_MAX, 32);
	GET(f->generation[0], GENERATION_MIN, 32);
	GET(f->generation[1], GENERATION_MAX, 32);
	GET(f->scope, SCOPE, 32);
	get_counts(&f->counts[BOTH_WAYS], ATTR(PACKETS_MIN), ATTR(PACKETS_MAX),
		   ATTR(BYTES_MIN), ATTR(BYTES_MAX));
	if (ATTR(STATE))
		f->states &= BIT(nla_get_u8(ATTR(STATE)));
	if (ATTR(FAMILY) && f->family != 4 && f->family != 6)
		return REFUSE(extack, ATTR(FAMILY), "a family is 4 or 6");
	if (ATTR(MARK_MASK) && !ATTR(MARK))
		return REFUSE(extack, ATTR(MARK_MASK), "a mask without its mark");
	if (ATTR(CT_MARK_MASK) && !ATTR(CT_MARK))
		return REFUSE(extack, ATTR(CT_MARK_MASK), "a mask without its mark");
	return 0;
}

static int get_names(struct fwt_conn_filter *f, struct net *net, struct nlattr **tb,
		     struct netlink_ext_ack *extack)
{
	int ret = 0;

	if (ATTR(IIF))
		ret = get_iface(&f->iif, net, ATTR(IIF), extack);
	if (!ret && ATTR(OIF))
		ret = get_iface(&f->oif, net, ATTR(OIF), extack);
	if (!ret)
		ret = get_rule(&f->rule[AT_EITHER], ATTR(RULE_ID), ATTR(RULE_FILE),
			       ATTR(RULE_LINE), extack);
	if (!ret)
		ret = get_hook(&f->rule[AT_INGRESS], ATTR(INGRESS), extack);
	if (!ret)
		ret = get_hook(&f->rule[AT_EGRESS], ATTR(EGRESS), extack);
	return ret;
}

static struct fwt_conn_filter *filter_new(struct net *net, const struct nlattr *nest,
					  bool within,
					  struct netlink_ext_ack *extack);

static int get_nots(struct fwt_conn_filter *f, struct net *net,
		    const struct nlattr *nest, bool within,
		    struct netlink_ext_ack *extack)
{
	struct fwt_conn_filter *not;
	struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) != FWTREE_A_CONN_FILTER_NOT)
			continue;
		if (within)
			return REFUSE(extack, a, "no 'not' within another one");
		if (f->n_not == FWTREE_NOT_MAX)
			return REFUSE(extack, a, "at most 8 times 'not'");
		not = filter_new(net, a, true, extack);
		if (IS_ERR(not))
			return PTR_ERR(not);
		f->not[f->n_not++] = not;
		if (fwt_conn_filter_empty(not))
			return REFUSE(extack, a, "'not' of nothing");
	}
	return 0;
}

static struct fwt_conn_filter *filter_new(struct net *net, const struct nlattr *nest,
					  bool within,
					  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[FWTREE_A_CONN_FILTER_MAX + 1];
	struct fwt_conn_filter *f;
	int ret, i;

	BUILD_BUG_ON(FWTREE_NOT_MAX != 8);
	BUILD_BUG_ON(FWTREE_A_CONN_FILTER_MAX >= 64);
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f) {
		NL_SET_ERR_MSG(extack, "no memory for the filter");
		return ERR_PTR(-ENOMEM);
	}
	if (!nest)
		return f;
	ret = nla_parse_nested(tb, FWTREE_A_CONN_FILTER_MAX, nest,
			       fwtree_conn_filter_nl_policy, extack);
	if (ret)
		goto fail;
	for (i = 1; i <= FWTREE_A_CONN_FILTER_MAX; i++)
		if (tb[i] && i != FWTREE_A_CONN_FILTER_PAD)
			f->set |= BIT_ULL(i);
	ret = get_sides(f, tb, extack);
	if (!ret)
		ret = get_numbers(f, tb, extack);
	if (!ret)
		ret = get_names(f, net, tb, extack);
	if (!ret)
		ret = get_nots(f, net, nest, within, extack);
	if (ret)
		goto fail;
	f->locked = f->dir[FWT_REPLY].set;
	for (i = 0; i < N_COUNTS; i++)
		f->locked |= f->counts[i].set;
	for (i = 0; i < N_RULES; i++)
		f->locked |= f->rule[i].set;
	return f;
fail:
	fwt_conn_filter_free(f);
	return ERR_PTR(ret);
}

#undef ATTR

struct fwt_conn_filter *fwt_conn_filter_new(struct net *net,
					    const struct nlattr *nest,
					    struct netlink_ext_ack *extack)
{
	return filter_new(net, nest, false, extack);
}

void fwt_conn_filter_free(struct fwt_conn_filter *f)
{
	int i;

	if (!f)
		return;
	for (i = 0; i < f->n_not; i++)
		fwt_conn_filter_free(f->not[i]);
	for (i = 0; i < N_RULES; i++) {
		kfree(f->rule[i].id);
		kfree(f->rule[i].file);
	}
	kfree(f);
}

bool fwt_conn_filter_empty(const struct fwt_conn_filter *f)
{
	return !f->set;
}

/* Asking */

static bool among(const struct addresses *a, u8 family, const struct fwt_end *end)
{
	return family == a->family && compare(end->addr, a->lo, family) >= 0 &&
	       compare(end->addr, a->hi, family) <= 0;
}

static bool icmp_matches(const struct side *e, const struct fwt_conn *c,
			 enum fwt_dir dir)
{
	struct fwt_conn_icmp icmp;

	if (!(e->set & HAS_ICMP))
		return true;
	if (!fwt_conn_is_icmp(c))
		return false;
	fwt_conn_icmp(c, dir, &icmp);
	return (!(e->set & HAS_TYPE) || icmp.type == e->icmp.type) &&
	       (!(e->set & HAS_CODE) || icmp.code == e->icmp.code) &&
	       (!(e->set & HAS_ICMP_ID) || icmp.id == e->icmp.id);
}

static bool side_matches(const struct side *e, const struct fwt_conn *c,
			 enum fwt_dir dir)
{
	struct fwt_end from, to;

	if (!e->set)
		return true;
	if (!icmp_matches(e, c, dir))
		return false;
	fwt_ends_get(&c->ends, dir == FWT_ORIGINAL ? FWT_C : FWT_S, &from);
	fwt_ends_get(&c->ends, dir == FWT_ORIGINAL ? FWT_V : FWT_N, &to);
	if (e->set & HAS_SADDR && !among(&e->saddr, c->ends.family, &from))
		return false;
	if (e->set & HAS_DADDR && !among(&e->daddr, c->ends.family, &to))
		return false;
	if (!(e->set & (HAS_SPORT | HAS_DPORT)))
		return true;
	if (!fwt_conn_has_ports(c))
		return false;
	if (e->set & HAS_SPORT &&
	    (from.port < e->sport[0] || from.port > e->sport[1]))
		return false;
	return !(e->set & HAS_DPORT) ||
	       (to.port >= e->dport[0] && to.port <= e->dport[1]);
}

static bool rule_is(const struct rule *r, struct fwt_net *fn, u32 slot)
{
	const struct fwt_name *id, *file;
	const struct fwt_slot *s;

	if (slot == FWT_NONE || r->none)
		return r->none && slot == FWT_NONE;
	s = fwt_slot_peek(fn, slot);
	id = rcu_dereference(s->id);
	file = rcu_dereference(s->file);
	if (r->id && (!id || strcmp(id->text, r->id)))
		return false;
	if (r->file && (!file || strcmp(file->text, r->file)))
		return false;
	return !r->has_line ||
	       fwt_policy_slot_line(rcu_dereference(fn->policy), s) == r->line;
}

static bool rules_match(const struct fwt_conn_filter *f, const struct fwt_conn *c)
{
	const struct rule *r = f->rule;

	return (!r[AT_INGRESS].set || rule_is(&r[AT_INGRESS], c->fn, c->slot[0])) &&
	       (!r[AT_EGRESS].set || rule_is(&r[AT_EGRESS], c->fn, c->slot[1])) &&
	       (!r[AT_EITHER].set || rule_is(&r[AT_EITHER], c->fn, c->slot[0]) ||
		rule_is(&r[AT_EITHER], c->fn, c->slot[1]));
}

static bool counts_match(const struct counts *n, u64 packets, u64 bytes)
{
	return !n->set ||
	       (packets >= n->packets[0] && packets <= n->packets[1] &&
		bytes >= n->bytes[0] && bytes <= n->bytes[1]);
}

/* What changes under the record's lock, and must be of one moment. */
static bool match_locked(const struct fwt_conn_filter *f, const struct fwt_conn *c)
{
	const struct counts *n = f->counts;

	return counts_match(&n[BOTH_WAYS], c->packets[0] + c->packets[1],
			    c->bytes[0] + c->bytes[1]) &&
	       counts_match(&n[FWT_ORIGINAL], c->packets[0], c->bytes[0]) &&
	       counts_match(&n[FWT_REPLY], c->packets[1], c->bytes[1]) &&
	       side_matches(&f->dir[FWT_REPLY], c, FWT_REPLY) && rules_match(f, c);
}

bool fwt_conn_filter_match(const struct fwt_conn_filter *f, struct fwt_conn *c)
{
	u32 flags, seconds, gen;
	bool ok;
	int i;

	if (!f->set)
		return true;
	if (HAS(f, ID) && c->id != f->id)
		return false;
	if (HAS(f, FAMILY) && c->ends.family != f->family)
		return false;
	if (HAS(f, PROTOCOL) && c->ends.protocol != f->protocol)
		return false;
	if (HAS(f, SCOPE) && c->ends.scope != f->scope)
		return false;
	/* The ends of the original direction never change. */
	if (!side_matches(&f->dir[FWT_ORIGINAL], c, FWT_ORIGINAL))
		return false;
	if (!(f->states & BIT(fwt_conn_state(c))))
		return false;
	flags = fwt_conn_flags(c);
	if ((flags & f->flags) != f->flags || flags & f->no_flags)
		return false;
	if (HAS(f, MARK) && (fwt_conn_mark(c) & f->mark_mask) != f->mark)
		return false;
	if (HAS(f, CT_MARK) && (fwt_conn_ct_mark(c) & f->ct_mark_mask) != f->ct_mark)
		return false;
	if (HAS(f, IIF) && READ_ONCE(c->iif) != f->iif)
		return false;
	if (HAS(f, OIF) && READ_ONCE(c->oif) != f->oif)
		return false;
	seconds = fwt_conn_seconds(c);
	if (seconds < f->timeout[0] || seconds > f->timeout[1])
		return false;
	gen = READ_ONCE(c->gen);
	if (gen < f->generation[0] || gen > f->generation[1])
		return false;
	if (f->locked) {
		spin_lock_bh(&c->lock);
		ok = match_locked(f, c);
		spin_unlock_bh(&c->lock);
		if (!ok)
			return false;
	}
	for (i = 0; i < f->n_not; i++)
		if (fwt_conn_filter_match(f->not[i], c))
			return false;
	return true;
}
