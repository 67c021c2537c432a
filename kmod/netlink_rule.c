// SPDX-License-Identifier: GPL-2.0
/*
 * Where a rule stands: what is to be known of a policy to change one rule of it,
 * without the policy.
 */
#include <linux/netlink.h>
#include <linux/sched.h>
#include <net/sock.h>

#include "netlink.h"
#include "policy.h"

/* Lines longer than this are no rule that a patch can take away. */
#define TEXT_MAX	8192

static u32 by_key(const struct fwt_program *prog, u64 key)
{
	u32 i;

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		fwt_rest(i);
		if (prog->rule[i].key == key)
			return i;
	}
	return FWT_NONE;
}

/* Of several the first one, and of those that begin at one place the whole one. */
static bool stands_before(const struct fwt_prog_rule *a, const struct fwt_prog_rule *b)
{
	return a->text < b->text || (a->text == b->text && a->text_len > b->text_len);
}

static bool begins_in(const struct fwt_prog_rule *r, u32 file, u32 line)
{
	return r->line == line && r->file == file;
}

/* Rules are numbered as they are read: those of a line in a row, the whole one first; and
 * lines ascend, but where one file has another in its midst.
 */
static u32 search_line(const struct fwt_program *prog, u32 file, u32 line)
{
	u32 n = prog->n[FWT_SEC_RULES], lo = 0;
	const struct fwt_prog_rule *r;

	while (n) {
		u32 half = n / 2;

		r = &prog->rule[lo + half];
		if (r->file < file || (r->file == file && r->line < line)) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	if (lo == prog->n[FWT_SEC_RULES] || !begins_in(&prog->rule[lo], file, line))
		return FWT_NONE;
	while (lo && begins_in(&prog->rule[lo - 1], file, line))
		lo--;
	return lo;
}

static u32 by_line(const struct fwt_program *prog, u32 file, u32 line)
{
	u32 i, found = search_line(prog, file, line);

	if (found != FWT_NONE)
		return found;
	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		const struct fwt_prog_rule *r = &prog->rule[i];

		fwt_rest(i);
		if (begins_in(r, file, line) &&
		    (found == FWT_NONE || stands_before(r, &prog->rule[found])))
			found = i;
	}
	return found;
}

/* Where a name stands among the strings. The compiler has each of them once; and names may
 * be long, and rules many.
 */
static u32 string_at(const struct fwt_program *prog, const char *name)
{
	size_t len = strlen(name) + 1;
	u32 n = prog->n[FWT_SEC_STRINGS], at, i = 0;

	for (at = 0; at < n; at += strlen(prog->string + at) + 1) {
		if (!(++i % 4096))
			cond_resched();
		if (len <= n - at && !memcmp(prog->string + at, name, len))
			return at;
	}
	return FWT_NONE;
}

/* Rules are numbered as they are read, whatever files they are in. */
static u32 by_tree(const struct fwt_policy *p, const char *tree)
{
	const struct fwt_program *prog = &p->prog;
	u32 i, name = string_at(prog, tree);

	for (i = 0; i < prog->n[FWT_SEC_RULES]; i++) {
		const struct fwt_prog_rule *r = &prog->rule[i];

		if (!(i % 4096))
			cond_resched();
		if (r->tree == name && !fwt_rule_gone(p, i))
			return i;
	}
	return FWT_NONE;
}

static int find(struct genl_info *info, const struct fwt_policy *p, u32 *rule)
{
	struct nlattr **a = info->attrs, *by = NULL;
	const struct fwt_program *prog = &p->prog;
	u32 file;

	if (a[FWTREE_A_RULE_KEY]) {
		by = a[FWTREE_A_RULE_KEY];
		*rule = by_key(prog, nla_get_u64(by));
	} else if (a[FWTREE_A_RULE_BASE_LINE]) {
		by = a[FWTREE_A_RULE_BASE_LINE];
		file = a[FWTREE_A_RULE_FILE_INDEX] ?
			nla_get_u32(a[FWTREE_A_RULE_FILE_INDEX]) : 0;
		*rule = by_line(prog, file, nla_get_u32(by));
	} else if (a[FWTREE_A_RULE_TREE]) {
		by = a[FWTREE_A_RULE_TREE];
		*rule = by_tree(p, nla_data(by));
	} else {
		GENL_SET_ERR_MSG(info, "neither a key, nor a line, nor a tree");
		return -EINVAL;
	}
	if (*rule == FWT_NONE || fwt_rule_gone(p, *rule)) {
		NL_SET_ERR_MSG_ATTR(info->extack, by, "there is no such rule");
		return -ENOENT;
	}
	return 0;
}

static int put_side(struct sk_buff *skb, int type, const struct fwt_rule_side *s)
{
	struct nlattr *nest;

	if (s->forest == FWT_NONE)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest || nla_put_u32(skb, FWTREE_A_RULE_SIDE_FOREST, s->forest) ||
	    nla_put_u32(skb, FWTREE_A_RULE_SIDE_AT, s->at) ||
	    nla_put_u32(skb, FWTREE_A_RULE_SIDE_SIDE, s->side))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static u32 lines_of(const char *text, u32 len)
{
	u32 i, n = 1;

	for (i = 0; i < len; i++) {
		fwt_rest(i);
		n += text[i] == '\n';
	}
	return n;
}

static int put_spot(struct sk_buff *skb, const struct fwt_policy *p, u32 rule)
{
	const struct fwt_program *prog = &p->prog;
	const struct fwt_prog_rule *r = &prog->rule[rule];
	struct fwt_rule_spot spot;

	fwt_rule_spot(prog, &p->base->of, rule, &spot);
	if (nla_put_u32(skb, FWTREE_A_RULE_GENERATION, p->gen) ||
	    nla_put_u32(skb, FWTREE_A_RULE_INDEX, rule) ||
	    nla_put_u64_64bit(skb, FWTREE_A_RULE_KEY, r->key, FWTREE_A_RULE_PAD) ||
	    (r->id != FWT_NONE &&
	     nla_put_string(skb, FWTREE_A_RULE_ID, fwt_program_string(prog, r->id))) ||
	    nla_put_string(skb, FWTREE_A_RULE_TREE, fwt_program_string(prog, r->tree)) ||
	    nla_put_u32(skb, FWTREE_A_RULE_HOOKS, r->hooks) ||
	    nla_put_string(skb, FWTREE_A_RULE_FILE,
			   fwt_program_string(prog, prog->file[r->file].name)) ||
	    nla_put_u32(skb, FWTREE_A_RULE_LINE,
			fwt_patch_line(prog->patch, r->file, r->line)) ||
	    nla_put_u32(skb, FWTREE_A_RULE_BASE_LINE, r->line) ||
	    nla_put_u32(skb, FWTREE_A_RULE_FILE_INDEX, r->file) ||
	    nla_put_u32(skb, FWTREE_A_RULE_LINES,
			lines_of(prog->source + r->text, r->text_len)) ||
	    (spot.plain && nla_put_flag(skb, FWTREE_A_RULE_PLAIN)) ||
	    (spot.alone && nla_put_flag(skb, FWTREE_A_RULE_ALONE)) ||
	    put_side(skb, FWTREE_A_RULE_BEFORE, &spot.side[FWT_PATCH_BEFORE]) ||
	    put_side(skb, FWTREE_A_RULE_AFTER, &spot.side[FWT_PATCH_AFTER]))
		return -EMSGSIZE;
	if (spot.lines_len <= TEXT_MAX &&
	    (nla_put(skb, FWTREE_A_RULE_TEXT, spot.lines_len, prog->source + spot.lines) ||
	     nla_put_u32(skb, FWTREE_A_RULE_TEXT_OFFSET, r->text - spot.lines) ||
	     nla_put_u32(skb, FWTREE_A_RULE_TEXT_LENGTH, r->text_len)))
		return -EMSGSIZE;
	return 0;
}

int fwtree_nl_rule_find_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct fwt_net *fn = fwt_pernet(genl_info_net(info));
	const struct fwt_policy *p;
	struct sk_buff *reply;
	u32 rule;
	void *hdr;
	int ret;

	/* The names of a rule, its id and its file: 255 bytes each; a path more. */
	reply = fwt_netlink_reply(info, TEXT_MAX + PATH_MAX + 1024, &hdr);
	if (!reply) {
		GENL_SET_ERR_MSG(info, "no memory for the answer");
		return -ENOMEM;
	}
	/* The rules of a large policy are a few megabytes to look at. */
	mutex_lock(&fn->lock);
	p = fwt_policy_locked(fn);
	if (p) {
		ret = find(info, p, &rule);
		if (!ret)
			ret = put_spot(reply, p, rule);
		if (ret == -EMSGSIZE)
			GENL_SET_ERR_MSG(info, "the rule's names do not fit into an answer");
	} else {
		GENL_SET_ERR_MSG(info, "no policy is in force");
		ret = -ENODATA;
	}
	mutex_unlock(&fn->lock);
	if (ret) {
		nlmsg_free(reply);
		return ret;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
