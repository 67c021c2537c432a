// SPDX-License-Identifier: GPL-2.0
/* A dry run in the running kernel. */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "nl_explain.h"
#include "nl_priv.h"
#include "patch.h"

static void read_addr(const struct nlattr *a, u32 *words)
{
	const u8 *at = a && mnl_attr_get_payload_len(a) >= 16 ? mnl_attr_get_payload(a) : NULL;
	u32 i;

	for (i = 0; at && i < 4; i++)
		words[i] = get_unaligned_be32(at + 4 * i);
}

/* Words: node, next, how many the key has, the key. */
static int read_steps(struct sim_walks *to, struct sim_walk *w, const struct nlattr *a,
		      u32 nodes)
{
	u32 n = a ? mnl_attr_get_payload_len(a) / sizeof(u32) : 0, at = 0, word[3];
	const u8 *from = a ? mnl_attr_get_payload(a) : NULL;
	struct sim_step *s;

	while (at + 3 <= n) {
		memcpy(word, from + at * sizeof(u32), sizeof(word));
		at += 3;
		if (word[2] > FWT_KEY_WORDS + 1 || at + word[2] > n || word[0] >= nodes ||
		    (word[1] >= nodes && word[1] != FWT_NONE))
			break;
		if (to->n_steps == to->room_steps) {
			size_t room = to->room_steps ? 2 * to->room_steps : 64;

			s = realloc(to->step, room * sizeof(*s));
			if (!s)
				return -ENOMEM;
			to->step = s;
			to->room_steps = room;
		}
		s = &to->step[to->n_steps++];
		memset(s, 0, sizeof(*s));
		s->step.node = word[0];
		s->step.next = word[1];
		s->step.words = word[2];
		memcpy(s->step.key, from + at * sizeof(u32), word[2] * sizeof(u32));
		at += word[2];
		w->n_steps++;
		/* Where it stands by then. */
		w->node = word[1] == FWT_NONE ? word[0] : word[1];
	}
	return 0;
}

static u8 reason_of(const char *name)
{
	u32 i;

	for (i = 1; i < __FWT_REASON_MAX; i++)
		if (!strcmp(fwt_reason_info[i].name, name))
			return (u8)i;
	return FWT_REASON_NONE;
}

static u32 count(const struct fwt_program *prog, u32 section)
{
	return prog->n[section] + (prog->patch ? prog->patch->prog.n[section] : 0);
}

static int read_walk(struct fwt_nl_explained *e, const struct nlattr *nest)
{
	const struct nlattr *tb[FWTREE_A_EXPLAIN_WALK_MAX + 1];
	struct sim_walk *w;

	fwt_nl_parse_nest(nest, tb, FWTREE_A_EXPLAIN_WALK_MAX);
	w = realloc(e->walks.walk, (e->walks.n + 1) * sizeof(*w));
	if (!w)
		return -ENOMEM;
	e->walks.walk = w;
	w += e->walks.n++;
	memset(w, 0, sizeof(*w));
	w->prog = e->prog;
	w->before = *e->packet;
	w->hook = (u8)fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_HOOK]);
	w->before.ct_state = (u8)fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_STATE]);
	w->verdict = (u8)fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_VERDICT]);
	w->flags = (u8)fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_FLAGS]);
	w->rule = tb[FWTREE_A_EXPLAIN_WALK_RULE] ?
		fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_RULE]) : FWT_NONE;
	snprintf(e->reason, sizeof(e->reason), "%s", tb[FWTREE_A_EXPLAIN_WALK_REASON] ?
		 fwt_nl_str(tb[FWTREE_A_EXPLAIN_WALK_REASON]) : "");
	if (w->rule >= count(e->prog, FWT_SEC_RULES))
		w->rule = FWT_NONE;
	w->reason = reason_of(e->reason);
	/* To its tree it is invalid. */
	if (w->reason == FWT_REASON_TCP_WINDOW) {
		w->why = w->reason;
		w->reason = FWT_REASON_INVALID;
	}
	if (tb[FWTREE_A_EXPLAIN_WALK_CUT])
		e->cut = true;
	w->after = w->before;
	read_addr(tb[FWTREE_A_EXPLAIN_WALK_SADDR], w->after.saddr);
	read_addr(tb[FWTREE_A_EXPLAIN_WALK_DADDR], w->after.daddr);
	w->after.dport = (u16)fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_DPORT]);
	w->after.mark = fwt_nl_u32(tb[FWTREE_A_EXPLAIN_WALK_MARK]);
	w->first = e->walks.n_steps;
	return read_steps(&e->walks, w, tb[FWTREE_A_EXPLAIN_WALK_STEPS],
			  count(e->prog, FWT_SEC_NODES));
}

/* The last tree of IP: what comes of a translation is told apart from it. A device's tree
 * is asked with that already.
 */
static struct sim_walk *last_inet(struct fwt_nl_explained *e)
{
	size_t i;

	for (i = e->walks.n; i--; )
		if (e->walks.walk[i].hook <= FWT_HOOK_EGRESS)
			return &e->walks.walk[i];
	return NULL;
}

/* What comes of what the trees said. */
static void read_outcome(struct fwt_nl_explained *e, const struct nlattr **tb)
{
	struct sim_walk *w = last_inet(e);

	e->apart = tb[FWTREE_A_EXPLAIN_APART];
	e->another = tb[FWTREE_A_EXPLAIN_SERVER];
	if (e->another && w)
		read_addr(tb[FWTREE_A_EXPLAIN_SERVER], w->after.daddr);
	e->dropped = tb[FWTREE_A_EXPLAIN_REASON];
	if (e->dropped)
		snprintf(e->reason, sizeof(e->reason), "%s",
			 fwt_nl_str(tb[FWTREE_A_EXPLAIN_REASON]));
}

static int answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_EXPLAIN_MAX + 1];
	struct fwt_nl_explained *e = ctx;
	const struct nlattr *a;
	int ret;

	fwt_nl_parse(nlh, tb, FWTREE_A_EXPLAIN_MAX);
	e->generation = fwt_nl_u32(tb[FWTREE_A_EXPLAIN_GENERATION]);
	e->has_conn = tb[FWTREE_A_EXPLAIN_CONN];
	e->conn = fwt_nl_u64(tb[FWTREE_A_EXPLAIN_CONN]);
	e->local = tb[FWTREE_A_EXPLAIN_LOCAL];
	snprintf(e->oif, sizeof(e->oif), "%s", tb[FWTREE_A_EXPLAIN_OIF] ?
		 fwt_nl_str(tb[FWTREE_A_EXPLAIN_OIF]) : "");
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(a) != FWTREE_A_EXPLAIN_WALK)
			continue;
		ret = read_walk(e, a);
		if (ret)
			return ret;
	}
	read_outcome(e, tb);
	return 0;
}

int fwt_nl_explain(struct fwt_nl *nl, const char *dev, bool out, const void *frame, size_t len,
		   u32 mark, struct fwt_nl_explained *e)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_EXPLAIN, 0);

	mnl_attr_put_strz(nlh, FWTREE_A_EXPLAIN_DEVICE, dev);
	if (out)
		mnl_attr_put(nlh, FWTREE_A_EXPLAIN_OUT, 0, NULL);
	mnl_attr_put(nlh, FWTREE_A_EXPLAIN_PACKET, len, frame);
	if (mark)
		mnl_attr_put_u32(nlh, FWTREE_A_EXPLAIN_MARK, mark);
	return fwt_nl_talk(nl, nlh, answer, e);
}
