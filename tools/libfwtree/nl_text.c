// SPDX-License-Identifier: GPL-2.0
/* The text of the policy in force, in parts, and what it is recognised by. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nl_priv.h"

struct part {
	char *to;
	uint32_t off;
	uint32_t len;
	uint32_t got;
	uint32_t generation;
};

static int part_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1], *data;
	struct part *p = ctx;

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	data = tb[FWTREE_A_POLICY_DATA];
	if (!data || fwt_nl_u32(tb[FWTREE_A_POLICY_OFFSET]) != p->off ||
	    mnl_attr_get_payload_len(data) > p->len)
		return 0;
	p->generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	p->got = mnl_attr_get_payload_len(data);
	memcpy(p->to, mnl_attr_get_payload(data), p->got);
	return 0;
}

int fwt_nl_source_part(struct fwt_nl *nl, uint32_t off, uint32_t len, char *to,
		       uint32_t *generation)
{
	struct part p;
	bool first = true;
	int ret;

	for (; len; off += p.got, to += p.got, len -= p.got, first = false) {
		struct nlmsghdr *nlh = fwt_nl_request(nl, FWTREE_CMD_SOURCE_GET, 0);

		p = (struct part){ .to = to, .off = off };
		p.len = len < FWTREE_CHUNK_MAX ? len : FWTREE_CHUNK_MAX;
		mnl_attr_put_u32(nlh, FWTREE_A_POLICY_OFFSET, off);
		mnl_attr_put_u32(nlh, FWTREE_A_POLICY_LENGTH, p.len);
		ret = fwt_nl_talk(nl, nlh, part_answer, &p);
		if (ret)
			return ret;
		if (!p.got || (!first && p.generation != *generation))
			return fwt_nl_fail(nl, -EINTR, "the policy changes too often to be read");
		*generation = p.generation;
	}
	return 0;
}

struct fetch {
	struct fwt_nl_text *t;
	size_t got;
	bool torn;
};

static int read_head(struct fwt_nl_text *t, const struct nlattr *const *tb)
{
	const struct nlattr *key = tb[FWTREE_A_POLICY_KEY];

	if (mnl_attr_get_payload_len(key) != sizeof(*t->key))
		return -EPROTO;
	fwt_nl_text_clean(t);
	t->generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	t->len = fwt_nl_u32(tb[FWTREE_A_POLICY_TEXT_LENGTH]);
	t->files = fwt_nl_u32(tb[FWTREE_A_POLICY_FILES]);
	t->file = fwt_nl_dup(tb[FWTREE_A_POLICY_FILE]);
	t->beyond = tb[FWTREE_A_POLICY_BEYOND];
	t->key = malloc(sizeof(*t->key));
	t->digest = calloc(fwt_digest_blocks(t->len) + 1, sizeof(*t->digest));
	if (!t->key || !t->digest || (t->files && !t->file))
		return -ENOMEM;
	memcpy(t->key, mnl_attr_get_payload(key), sizeof(*t->key));
	return 0;
}

static int text_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1], *data;
	struct fetch *f = ctx;
	size_t len, off, room;

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	if (tb[FWTREE_A_POLICY_KEY])
		return read_head(f->t, tb);
	data = tb[FWTREE_A_POLICY_DATA];
	if (!data || !f->t->digest)
		return 0;
	off = fwt_nl_u32(tb[FWTREE_A_POLICY_OFFSET]);
	len = mnl_attr_get_payload_len(data);
	room = fwt_digest_blocks(f->t->len) * sizeof(struct fwt_digest);
	if (fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]) != f->t->generation || off != f->got ||
	    off > room || len > room - off) {
		f->torn = true;
		return 0;
	}
	memcpy((char *)f->t->digest + off, mnl_attr_get_payload(data), len);
	f->got += len;
	return 0;
}

int fwt_nl_text_fetch(struct fwt_nl *nl, struct fwt_nl_text *text)
{
	struct fetch f;
	size_t want;
	int ret, i;

	memset(text, 0, sizeof(*text));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		fwt_nl_text_clean(text);
		f = (struct fetch){ .t = text };
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_DIGEST_GET, NLM_F_DUMP),
				  text_answer, &f);
		want = fwt_digest_blocks(text->len) * sizeof(struct fwt_digest);
		if (!ret && (f.torn || (text->digest && f.got != want)))
			ret = fwt_nl_fail(nl, -EINTR, "the policy changes too often to be read");
		if (ret != -EINTR)
			break;
	}
	if (!ret && !text->digest)
		ret = fwt_nl_fail(nl, -ENODATA, "no policy is in force");
	if (ret)
		fwt_nl_text_clean(text);
	return ret;
}

void fwt_nl_text_clean(struct fwt_nl_text *text)
{
	free(text->file);
	free(text->key);
	free(text->digest);
	memset(text, 0, sizeof(*text));
}
