// SPDX-License-Identifier: GPL-2.0
/* Where a rule of the policy in force stands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nl_priv.h"

static void read_side(struct fwt_nl_side *s, const struct nlattr *nest)
{
	const struct nlattr *tb[FWTREE_A_RULE_SIDE_MAX + 1];

	s->there = nest;
	fwt_nl_parse_nest(nest, tb, FWTREE_A_RULE_SIDE_MAX);
	s->forest = fwt_nl_u32(tb[FWTREE_A_RULE_SIDE_FOREST]);
	s->at = fwt_nl_u32(tb[FWTREE_A_RULE_SIDE_AT]);
	s->side = fwt_nl_u32(tb[FWTREE_A_RULE_SIDE_SIDE]);
}

static int spot_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_RULE_MAX + 1], *text;
	struct fwt_nl_spot *s = ctx;

	fwt_nl_parse(nlh, tb, FWTREE_A_RULE_MAX);
	s->generation = fwt_nl_u32(tb[FWTREE_A_RULE_GENERATION]);
	s->index = fwt_nl_u32(tb[FWTREE_A_RULE_INDEX]);
	s->hooks = fwt_nl_u32(tb[FWTREE_A_RULE_HOOKS]);
	s->key = fwt_nl_u64(tb[FWTREE_A_RULE_KEY]);
	s->tree = fwt_nl_dup(tb[FWTREE_A_RULE_TREE]);
	s->file = fwt_nl_dup(tb[FWTREE_A_RULE_FILE]);
	s->file_index = fwt_nl_u32(tb[FWTREE_A_RULE_FILE_INDEX]);
	s->line = fwt_nl_u32(tb[FWTREE_A_RULE_LINE]);
	s->base_line = fwt_nl_u32(tb[FWTREE_A_RULE_BASE_LINE]);
	s->lines = fwt_nl_u32(tb[FWTREE_A_RULE_LINES]);
	s->offset = fwt_nl_u32(tb[FWTREE_A_RULE_TEXT_OFFSET]);
	s->length = fwt_nl_u32(tb[FWTREE_A_RULE_TEXT_LENGTH]);
	s->plain = tb[FWTREE_A_RULE_PLAIN];
	s->alone = tb[FWTREE_A_RULE_ALONE];
	read_side(&s->side[0], tb[FWTREE_A_RULE_BEFORE]);
	read_side(&s->side[1], tb[FWTREE_A_RULE_AFTER]);
	text = tb[FWTREE_A_RULE_TEXT];
	if (text)
		s->text = strndup(mnl_attr_get_payload(text), mnl_attr_get_payload_len(text));
	if (s->text && (uint64_t)s->offset + s->length > strlen(s->text)) {
		s->offset = 0;
		s->length = 0;
	}
	return s->tree && s->file ? 0 : -ENOMEM;
}

int fwt_nl_rule_find(struct fwt_nl *nl, const struct fwt_nl_which *which,
		     struct fwt_nl_spot *spot)
{
	struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_RULE_FIND, 0);
	int ret;

	memset(spot, 0, sizeof(*spot));
	if (which->line) {
		mnl_attr_put_u32(nlh, FWTREE_A_RULE_BASE_LINE, which->line);
		mnl_attr_put_u32(nlh, FWTREE_A_RULE_FILE_INDEX, which->file);
	} else if (which->tree) {
		mnl_attr_put_strz(nlh, FWTREE_A_RULE_TREE, which->tree);
	} else {
		mnl_attr_put_u64(nlh, FWTREE_A_RULE_KEY, which->key);
	}
	ret = fwt_nl_talk(nl, nlh, spot_answer, spot);
	if (ret)
		fwt_nl_spot_clean(spot);
	return ret;
}

void fwt_nl_spot_clean(struct fwt_nl_spot *spot)
{
	free(spot->tree);
	free(spot->file);
	free(spot->text);
	memset(spot, 0, sizeof(*spot));
}
