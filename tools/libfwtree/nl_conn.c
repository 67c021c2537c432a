// SPDX-License-Identifier: GPL-2.0
/* Connections: told, counted, ended. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>

#include "nl_priv.h"

static const char *const state_name[] = {
	[FWTREE_CONN_STATE_NONE] = "NONE",
	[FWTREE_CONN_STATE_SYN_SENT] = "SYN_SENT",
	[FWTREE_CONN_STATE_SYN_RECV] = "SYN_RECV",
	[FWTREE_CONN_STATE_ESTABLISHED] = "ESTABLISHED",
	[FWTREE_CONN_STATE_FIN_WAIT] = "FIN_WAIT",
	[FWTREE_CONN_STATE_CLOSE_WAIT] = "CLOSE_WAIT",
	[FWTREE_CONN_STATE_LAST_ACK] = "LAST_ACK",
	[FWTREE_CONN_STATE_TIME_WAIT] = "TIME_WAIT",
	[FWTREE_CONN_STATE_CLOSE] = "CLOSE",
	[FWTREE_CONN_STATE_SYN_SENT2] = "SYN_SENT2",
	[FWTREE_CONN_STATE_UNREPLIED] = "UNREPLIED",
	[FWTREE_CONN_STATE_REPLIED] = "REPLIED",
};

_Static_assert(sizeof(state_name) / sizeof(*state_name) ==
	       FWTREE_CONN_STATE_MAX + 1, "a state without a name");

const char *fwt_nl_conn_state_name(unsigned int state)
{
	return state <= FWTREE_CONN_STATE_MAX ? state_name[state] : NULL;
}

int fwt_nl_conn_state_find(const char *word)
{
	const char *name, *w;
	int i;

	for (i = 0; i <= FWTREE_CONN_STATE_MAX; i++) {
		name = state_name[i];
		for (w = word; *w && *name; w++, name++)
			if ((*w == '-' ? '_' : toupper((unsigned char)*w)) != *name)
				break;
		if (!*w && !*name)
			return i;
	}
	return -1;
}

static void get_address(uint8_t *to, const struct nlattr *a)
{
	size_t len = a ? mnl_attr_get_payload_len(a) : 0;

	memcpy(to, a ? mnl_attr_get_payload(a) : "", len > 16 ? 16 : len);
}

static void get_dir(struct fwt_nl_dir *d, const struct nlattr *nest)
{
	const struct nlattr *tb[FWTREE_A_CONN_DIR_MAX + 1];

	fwt_nl_parse_nest(nest, tb, FWTREE_A_CONN_DIR_MAX);
	get_address(d->saddr, tb[FWTREE_A_CONN_DIR_SADDR]);
	get_address(d->daddr, tb[FWTREE_A_CONN_DIR_DADDR]);
	d->has_ports = tb[FWTREE_A_CONN_DIR_SPORT];
	d->sport = fwt_nl_u16(tb[FWTREE_A_CONN_DIR_SPORT]);
	d->dport = fwt_nl_u16(tb[FWTREE_A_CONN_DIR_DPORT]);
	d->has_icmp = tb[FWTREE_A_CONN_DIR_ICMP_TYPE];
	d->type = fwt_nl_u8(tb[FWTREE_A_CONN_DIR_ICMP_TYPE]);
	d->code = fwt_nl_u8(tb[FWTREE_A_CONN_DIR_ICMP_CODE]);
	d->icmp_id = fwt_nl_u16(tb[FWTREE_A_CONN_DIR_ICMP_ID]);
	d->packets = fwt_nl_u64(tb[FWTREE_A_CONN_DIR_PACKETS]);
	d->bytes = fwt_nl_u64(tb[FWTREE_A_CONN_DIR_BYTES]);
}

void fwt_nl_conn_rule_read(struct fwt_nl_conn_rule *r, const struct nlattr *nest)
{
	const struct nlattr *tb[FWTREE_A_CONN_RULE_MAX + 1];

	fwt_nl_parse_nest(nest, tb, FWTREE_A_CONN_RULE_MAX);
	r->there = nest;
	r->slot = fwt_nl_u32(tb[FWTREE_A_CONN_RULE_SLOT]);
	r->id = fwt_nl_str(tb[FWTREE_A_CONN_RULE_ID]);
	r->file = fwt_nl_str(tb[FWTREE_A_CONN_RULE_FILE]);
	r->line = fwt_nl_u32(tb[FWTREE_A_CONN_RULE_LINE]);
}

struct conns {
	int (*fn)(void *ctx, const struct fwt_nl_conn *c);
	void *ctx;
};

void fwt_nl_conn_read(struct fwt_nl_conn *to, const struct nlattr **tb)
{
	struct fwt_nl_conn c = { 0 };

	c.id = fwt_nl_u64(tb[FWTREE_A_CONN_ID]);
	c.family = fwt_nl_u8(tb[FWTREE_A_CONN_FAMILY]);
	c.protocol = fwt_nl_u8(tb[FWTREE_A_CONN_PROTOCOL]);
	c.state = fwt_nl_u8(tb[FWTREE_A_CONN_STATE]);
	c.timeout = fwt_nl_u32(tb[FWTREE_A_CONN_TIMEOUT]);
	c.flags = fwt_nl_u32(tb[FWTREE_A_CONN_FLAGS]);
	c.mark = fwt_nl_u32(tb[FWTREE_A_CONN_MARK]);
	c.ct_mark = fwt_nl_u32(tb[FWTREE_A_CONN_CT_MARK]);
	c.generation = fwt_nl_u32(tb[FWTREE_A_CONN_GENERATION]);
	c.scope = fwt_nl_u32(tb[FWTREE_A_CONN_SCOPE]);
	get_dir(&c.original, tb[FWTREE_A_CONN_ORIGINAL]);
	get_dir(&c.reply, tb[FWTREE_A_CONN_REPLY]);
	c.iif = fwt_nl_str(tb[FWTREE_A_CONN_IIF]);
	c.oif = fwt_nl_str(tb[FWTREE_A_CONN_OIF]);
	fwt_nl_conn_rule_read(&c.ingress, tb[FWTREE_A_CONN_INGRESS]);
	fwt_nl_conn_rule_read(&c.egress, tb[FWTREE_A_CONN_EGRESS]);
	*to = c;
}

static int conn_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_CONN_MAX + 1];
	struct conns *to = ctx;
	struct fwt_nl_conn c;

	fwt_nl_parse(nlh, tb, FWTREE_A_CONN_MAX);
	fwt_nl_conn_read(&c, tb);
	return to->fn(to->ctx, &c);
}

static void put_addresses(struct nlmsghdr *nlh, int addr, int len, int high,
			  const struct fwt_nl_addresses *a)
{
	size_t size = a->family == 6 ? 16 : 4;

	mnl_attr_put(nlh, addr, size, a->low);
	if (a->range)
		mnl_attr_put(nlh, high, size, a->high);
	else
		mnl_attr_put_u8(nlh, len, a->len);
}

static void put_ports(struct nlmsghdr *nlh, int lo, int hi, const uint16_t *port)
{
	mnl_attr_put_u16(nlh, lo, port[0]);
	if (port[1] != port[0])
		mnl_attr_put_u16(nlh, hi, port[1]);
}

static void put_span(struct nlmsghdr *nlh, int min, int max, const uint64_t *of)
{
	mnl_attr_put_u64(nlh, min, of[0]);
	mnl_attr_put_u64(nlh, max, of[1]);
}

#define DIR(what) FWTREE_A_CONN_FILTER_DIR_##what

/* Of a request type and id stand beside the nest, where modules know them that have none
 * in it.
 */
#define BESIDE (FWT_NL_CONN_ICMP_TYPE(0) | FWT_NL_CONN_ICMP_ID(0))

static void put_side(struct nlmsghdr *nlh, const struct fwt_nl_conn_filter *f, int dir)
{
	uint64_t set = f->set & FWT_NL_CONN_DIR(dir) & ~BESIDE;
	const struct fwt_nl_conn_side *e = &f->side[dir];
	struct nlattr *nest;

	if (!set)
		return;
	nest = mnl_attr_nest_start(nlh, dir ? FWTREE_A_CONN_FILTER_REPLY :
					      FWTREE_A_CONN_FILTER_ORIGINAL);
	if (set & FWT_NL_CONN_SADDR(dir))
		put_addresses(nlh, DIR(SADDR), DIR(SADDR_LEN), DIR(SADDR_HIGH), &e->saddr);
	if (set & FWT_NL_CONN_DADDR(dir))
		put_addresses(nlh, DIR(DADDR), DIR(DADDR_LEN), DIR(DADDR_HIGH), &e->daddr);
	if (set & FWT_NL_CONN_SPORT(dir))
		put_ports(nlh, DIR(SPORT), DIR(SPORT_HIGH), e->sport);
	if (set & FWT_NL_CONN_DPORT(dir))
		put_ports(nlh, DIR(DPORT), DIR(DPORT_HIGH), e->dport);
	if (set & FWT_NL_CONN_ICMP_TYPE(dir))
		mnl_attr_put_u8(nlh, DIR(ICMP_TYPE), e->icmp_type);
	if (set & FWT_NL_CONN_ICMP_CODE(dir))
		mnl_attr_put_u8(nlh, DIR(ICMP_CODE), e->icmp_code);
	if (set & FWT_NL_CONN_ICMP_ID(dir))
		mnl_attr_put_u16(nlh, DIR(ICMP_ID), e->icmp_id);
	if (set & FWT_NL_CONN_DIR_PACKETS(dir))
		put_span(nlh, DIR(PACKETS_MIN), DIR(PACKETS_MAX), e->counts.packets);
	if (set & FWT_NL_CONN_DIR_BYTES(dir))
		put_span(nlh, DIR(BYTES_MIN), DIR(BYTES_MAX), e->counts.bytes);
	mnl_attr_nest_end(nlh, nest);
}

static void put_which(struct nlmsghdr *nlh, int id, int file, int line,
		      const struct fwt_nl_conn_which *r)
{
	if (r->id) {
		mnl_attr_put_strz(nlh, id, r->id);
		return;
	}
	if (r->file)
		mnl_attr_put_strz(nlh, file, r->file);
	mnl_attr_put_u32(nlh, line, r->line);
}

#define HOOK(what) FWTREE_A_CONN_FILTER_HOOK_##what

static void put_hook(struct nlmsghdr *nlh, int type, const struct fwt_nl_conn_which *r)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	if (r->none)
		mnl_attr_put(nlh, HOOK(NONE), 0, NULL);
	else
		put_which(nlh, HOOK(ID), HOOK(FILE), HOOK(LINE), r);
	mnl_attr_nest_end(nlh, nest);
}

#define PUT(what, bits, value) do {						\
	if (f->set & FWT_NL_CONN_##what)					\
		mnl_attr_put_u##bits(nlh, FWTREE_A_CONN_FILTER_##what, value);	\
} while (0)

#define PUT_SPAN(what, bits, value) do {					\
	if (f->set & FWT_NL_CONN_##what) {					\
		mnl_attr_put_u##bits(nlh, FWTREE_A_CONN_FILTER_##what##_MIN, (value)[0]); \
		mnl_attr_put_u##bits(nlh, FWTREE_A_CONN_FILTER_##what##_MAX, (value)[1]); \
	}									\
} while (0)

static void put_filter(struct nlmsghdr *nlh, int type,
		       const struct fwt_nl_conn_filter *f)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);
	int i;

	PUT(ID, 64, f->id);
	PUT(FAMILY, 8, f->family);
	PUT(PROTOCOL, 8, f->protocol);
	PUT(SCOPE, 32, f->scope);
	if (f->set & FWT_NL_CONN_ICMP_TYPE(0))
		mnl_attr_put_u8(nlh, FWTREE_A_CONN_FILTER_ICMP_TYPE, f->side[0].icmp_type);
	if (f->set & FWT_NL_CONN_ICMP_ID(0))
		mnl_attr_put_u16(nlh, FWTREE_A_CONN_FILTER_ICMP_ID, f->side[0].icmp_id);
	put_side(nlh, f, 0);
	put_side(nlh, f, 1);
	if (f->set & FWT_NL_CONN_STATE)
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_STATES, f->states);
	if (f->set & FWT_NL_CONN_MARK) {
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_MARK, f->mark);
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_MARK_MASK, f->mark_mask);
	}
	if (f->set & FWT_NL_CONN_CT_MARK) {
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_CT_MARK, f->ct_mark);
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_CT_MARK_MASK, f->ct_mark_mask);
	}
	if (f->flags)
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_FLAGS, f->flags);
	if (f->no_flags)
		mnl_attr_put_u32(nlh, FWTREE_A_CONN_FILTER_NO_FLAGS, f->no_flags);
	PUT_SPAN(TIMEOUT, 32, f->timeout);
	PUT_SPAN(GENERATION, 32, f->generation);
	PUT_SPAN(PACKETS, 64, f->counts.packets);
	PUT_SPAN(BYTES, 64, f->counts.bytes);
	if (f->set & FWT_NL_CONN_RULE)
		put_which(nlh, FWTREE_A_CONN_FILTER_RULE_ID, FWTREE_A_CONN_FILTER_RULE_FILE,
			  FWTREE_A_CONN_FILTER_RULE_LINE, &f->rule);
	if (f->set & FWT_NL_CONN_INGRESS)
		put_hook(nlh, FWTREE_A_CONN_FILTER_INGRESS, &f->ingress);
	if (f->set & FWT_NL_CONN_EGRESS)
		put_hook(nlh, FWTREE_A_CONN_FILTER_EGRESS, &f->egress);
	if (f->set & FWT_NL_CONN_IIF)
		mnl_attr_put_strz(nlh, FWTREE_A_CONN_FILTER_IIF, f->iif);
	if (f->set & FWT_NL_CONN_OIF)
		mnl_attr_put_strz(nlh, FWTREE_A_CONN_FILTER_OIF, f->oif);
	for (i = 0; i < f->n_not; i++)
		put_filter(nlh, FWTREE_A_CONN_FILTER_NOT, f->not[i]);
	mnl_attr_nest_end(nlh, nest);
}

int fwt_nl_conns(struct fwt_nl *nl, const struct fwt_nl_conn_filter *filter,
		 int (*fn)(void *ctx, const struct fwt_nl_conn *c), void *ctx)
{
	struct conns to = { .fn = fn, .ctx = ctx };
	struct nlmsghdr *nlh;

	nlh = fwt_nl_request(nl, FWTREE_CMD_CONN_GET, NLM_F_DUMP);
	if (filter && !fwt_nl_conn_filter_empty(filter))
		put_filter(nlh, FWTREE_A_CONN_FILTER, filter);
	return fwt_nl_talk(nl, nlh, conn_answer, &to);
}

static int count_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_CONN_MAX + 1];
	uint32_t *count = ctx;

	fwt_nl_parse(nlh, tb, FWTREE_A_CONN_MAX);
	count[0] = fwt_nl_u32(tb[FWTREE_A_CONN_COUNT]);
	count[1] = fwt_nl_u32(tb[FWTREE_A_CONN_LIMIT]);
	return 0;
}

static int counted(struct fwt_nl *nl, struct nlmsghdr *nlh, uint32_t *count,
		   uint32_t *max)
{
	uint32_t got[2] = { 0, 0 };
	int ret = fwt_nl_talk(nl, nlh, count_answer, got);

	if (count)
		*count = got[0];
	if (max)
		*max = got[1];
	return ret;
}

int fwt_nl_conn_delete(struct fwt_nl *nl, const struct fwt_nl_conn_filter *filter,
		       uint32_t *count)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_CONN_DELETE, 0);

	put_filter(nlh, FWTREE_A_CONN_FILTER, filter);
	return counted(nl, nlh, count, NULL);
}

int fwt_nl_conn_flush(struct fwt_nl *nl, uint32_t *count)
{
	return counted(nl, fwt_nl_request(nl, FWTREE_CMD_CONN_FLUSH, 0), count,
		       NULL);
}

int fwt_nl_conn_count(struct fwt_nl *nl, const struct fwt_nl_conn_filter *filter,
		      uint32_t *count, uint32_t *max)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_CONN_COUNT, 0);

	if (filter && !fwt_nl_conn_filter_empty(filter))
		put_filter(nlh, FWTREE_A_CONN_FILTER, filter);
	return counted(nl, nlh, count, max);
}
