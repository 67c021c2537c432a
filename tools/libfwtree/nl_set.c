// SPDX-License-Identifier: GPL-2.0
/* Live sets: told, filled, emptied. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "nl_priv.h"
#include "program.h"
#include "set_shape.h"

/* All of them are read before one is told of: a policy may come in between, and then they
 * are read again.
 */
static int set_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_SET_MAX + 1];
	struct fwt_nl_set s = { 0 }, *to;
	struct fwt_vec *all = ctx;
	char *name;

	fwt_nl_parse(nlh, tb, FWTREE_A_SET_MAX);
	s.name = fwt_nl_str(tb[FWTREE_A_SET_NAME]);
	s.param[FWT_SETP_SHAPE] = fwt_nl_u32(tb[FWTREE_A_SET_SHAPE]);
	s.param[FWT_SETP_TYPES] = fwt_nl_u32(tb[FWTREE_A_SET_TYPES]);
	s.param[FWT_SETP_VALUE_TYPES] = fwt_nl_u32(tb[FWTREE_A_SET_VALUE_TYPES]);
	s.timeout = fwt_nl_u64(tb[FWTREE_A_SET_TIMEOUT]);
	s.max = fwt_nl_u32(tb[FWTREE_A_SET_LIMIT]);
	s.count = fwt_nl_u32(tb[FWTREE_A_SET_COUNT]);
	s.refused = fwt_nl_u64(tb[FWTREE_A_SET_REFUSED]);
	if (!s.name || !fwt_set_shape(s.param, &s.shape))
		return -EPROTO;
	name = strdup(s.name);
	to = name ? fwt_vec_add(all, 1) : NULL;
	if (!to) {
		free(name);
		return -ENOMEM;
	}
	s.name = name;
	*to = s;
	return 0;
}

int fwt_nl_sets(struct fwt_nl *nl, int (*fn)(void *ctx, const struct fwt_nl_set *s), void *ctx)
{
	struct fwt_vec all = { .size = sizeof(struct fwt_nl_set) };
	struct fwt_nl_set *s;
	int ret = -EINTR, i;
	u32 n;

	for (i = 0; i < FWT_NL_TRIES && ret == -EINTR; i++) {
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_SET_GET, NLM_F_DUMP),
				  set_answer, &all);
		s = all.data;
		for (n = 0; n < all.count; n++) {
			if (!ret)
				ret = fn(ctx, &s[n]);
			free((void *)(uintptr_t)s[n].name);
		}
		all.count = 0;
	}
	free(all.data);
	return ret;
}

struct elems {
	int (*fn)(void *ctx, const struct fwt_nl_set_elem *e);
	void *ctx;
	const struct fwt_nl_set *set;
};

static bool get_words(const struct nlattr *a, u32 *to, u32 words)
{
	u32 i;

	if (!a || mnl_attr_get_payload_len(a) != words * sizeof(u32))
		return false;
	memcpy(to, mnl_attr_get_payload(a), words * sizeof(u32));
	for (i = 0; i < words; i++)
		to[i] = ntohl(to[i]);
	return true;
}

static int elem_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_SET_ELEM_MAX + 1], *a;
	struct elems *to = ctx;
	int ret = 0;

	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		struct fwt_nl_set_elem e = { 0 };
		u32 words;

		if (ret || mnl_attr_get_type(a) != FWTREE_A_SET_ELEMENT)
			continue;
		fwt_nl_parse_nest(a, tb, FWTREE_A_SET_ELEM_MAX);
		e.six = tb[FWTREE_A_SET_ELEM_IPV6];
		words = to->set->shape.words[e.six];
		if (!get_words(tb[FWTREE_A_SET_ELEM_LOW], e.low, words))
			return -EPROTO;
		if (!get_words(tb[FWTREE_A_SET_ELEM_HIGH], e.high, words))
			memcpy(e.high, e.low, sizeof(e.high));
		if (to->set->shape.n_value &&
		    !get_words(tb[FWTREE_A_SET_ELEM_VALUE], e.value,
			       to->set->shape.value_words[e.six]))
			return -EPROTO;
		e.has_timeout = tb[FWTREE_A_SET_ELEM_TIMEOUT];
		e.timeout = fwt_nl_u64(tb[FWTREE_A_SET_ELEM_TIMEOUT]);
		e.policy = tb[FWTREE_A_SET_ELEM_POLICY];
		ret = to->fn(to->ctx, &e);
	}
	return ret;
}

int fwt_nl_set_elems(struct fwt_nl *nl, const struct fwt_nl_set *set,
		     int (*fn)(void *ctx, const struct fwt_nl_set_elem *e), void *ctx)
{
	struct elems to = { .fn = fn, .ctx = ctx, .set = set };
	struct nlmsghdr *nlh;

	nlh = fwt_nl_request(nl, FWTREE_CMD_SET_ELEM_GET, NLM_F_DUMP);
	mnl_attr_put_strz(nlh, FWTREE_A_SET_NAME, set->name);
	return fwt_nl_talk(nl, nlh, elem_answer, &to);
}

static int count_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_SET_MAX + 1];

	fwt_nl_parse(nlh, tb, FWTREE_A_SET_MAX);
	*(uint32_t *)ctx = fwt_nl_u32(tb[FWTREE_A_SET_COUNT]);
	return 0;
}

static void put_words(struct nlmsghdr *nlh, uint16_t type, const u32 *word, u32 words)
{
	u32 net[FWT_KEY_WORDS], i;

	for (i = 0; i < words; i++)
		net[i] = htonl(word[i]);
	mnl_attr_put(nlh, type, words * sizeof(u32), net);
}

static void put_elem(struct nlmsghdr *nlh, const struct fwt_nl_set *set,
		     const struct fwt_nl_set_elem *e, bool add)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, FWTREE_A_SET_ELEMENT);
	u32 words = set->shape.words[e->six];

	put_words(nlh, FWTREE_A_SET_ELEM_LOW, e->low, words);
	if (memcmp(e->low, e->high, words * sizeof(u32)))
		put_words(nlh, FWTREE_A_SET_ELEM_HIGH, e->high, words);
	if (e->six)
		mnl_attr_put(nlh, FWTREE_A_SET_ELEM_IPV6, 0, NULL);
	if (e->has_value)
		put_words(nlh, FWTREE_A_SET_ELEM_VALUE, e->value,
			  set->shape.value_words[e->six]);
	if (e->policy)
		mnl_attr_put(nlh, FWTREE_A_SET_ELEM_POLICY, 0, NULL);
	if (add && e->has_timeout)
		mnl_attr_put_u64(nlh, FWTREE_A_SET_ELEM_TIMEOUT, e->timeout);
	mnl_attr_nest_end(nlh, nest);
}

int fwt_nl_set_change(struct fwt_nl *nl, const struct fwt_nl_set *set, bool add,
		      bool (*next)(void *ctx, struct fwt_nl_set_elem *e), void *ctx,
		      uint32_t *count)
{
	struct fwt_nl_set_elem e = { 0 };
	struct nlmsghdr *nlh;
	bool more = next(ctx, &e);
	uint32_t done, n;
	int ret = 0;

	*count = 0;
	while (more && !ret) {
		nlh = fwt_nl_request(nl, add ? FWTREE_CMD_SET_ADD : FWTREE_CMD_SET_DELETE, 0);
		mnl_attr_put_strz(nlh, FWTREE_A_SET_NAME, set->name);
		for (n = 0; more && nlh->nlmsg_len < FWT_NL_SET_MESSAGE; n++) {
			put_elem(nlh, set, &e, add);
			more = next(ctx, &e);
		}
		if (more)
			mnl_attr_put(nlh, FWTREE_A_SET_MORE, 0, NULL);
		done = 0;
		ret = fwt_nl_talk(nl, nlh, count_answer, &done);
		*count += done;
	}
	return ret;
}

int fwt_nl_set_flush(struct fwt_nl *nl, const char *name, uint32_t *count)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_SET_FLUSH, 0);

	*count = 0;
	mnl_attr_put_strz(nlh, FWTREE_A_SET_NAME, name);
	return fwt_nl_talk(nl, nlh, count_answer, count);
}
