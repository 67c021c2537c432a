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

/*
 * First comes what the digests are made with, and of how many files; where these are
 * several, each one then; and the digests.
 */
struct fetch {
	struct fwt_nl_text *t;
	uint32_t blocks;	/* of the files that were told */
	uint32_t told;
	size_t got;
	bool torn;
};

static int read_file(struct fetch *f, const struct nlattr *const *tb)
{
	struct fwt_nl_file *to = &f->t->file[f->told++];

	to->name = fwt_nl_dup(tb[FWTREE_A_POLICY_FILE]);
	to->off = fwt_nl_u32(tb[FWTREE_A_POLICY_OFFSET]);
	to->len = fwt_nl_u32(tb[FWTREE_A_POLICY_TEXT_LENGTH]);
	f->blocks += fwt_digest_blocks(to->len);
	return to->name ? 0 : -ENOMEM;
}

static int read_head(struct fetch *f, const struct nlattr *const *tb)
{
	const struct nlattr *key = tb[FWTREE_A_POLICY_KEY];
	struct fwt_nl_text *t = f->t;

	if (mnl_attr_get_payload_len(key) != sizeof(*t->key))
		return -EPROTO;
	fwt_nl_text_clean(t);
	*f = (struct fetch){ .t = t };
	t->generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	t->files = fwt_nl_u32(tb[FWTREE_A_POLICY_FILES]);
	t->beyond = tb[FWTREE_A_POLICY_BEYOND];
	t->key = malloc(sizeof(*t->key));
	t->file = calloc((size_t)t->files + 1, sizeof(*t->file));
	if (!t->key || !t->file)
		return -ENOMEM;
	memcpy(t->key, mnl_attr_get_payload(key), sizeof(*t->key));
	return t->files == 1 ? read_file(f, tb) : 0;
}

static int text_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1], *data;
	struct fetch *f = ctx;
	size_t len, off, room;

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	if (tb[FWTREE_A_POLICY_KEY])
		return read_head(f, tb);
	if (!f->t->key)
		return 0;
	if (fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]) != f->t->generation) {
		f->torn = true;
		return 0;
	}
	if (tb[FWTREE_A_POLICY_FILE])
		return f->told < f->t->files ? read_file(f, tb) : 0;
	data = tb[FWTREE_A_POLICY_DATA];
	/* A module that knows of one file alone has digests of all of the text. */
	if (!data || f->told < f->t->files)
		return 0;
	room = f->blocks * sizeof(struct fwt_digest);
	if (!f->t->digest)
		f->t->digest = malloc(room + 1);
	if (!f->t->digest)
		return -ENOMEM;
	off = fwt_nl_u32(tb[FWTREE_A_POLICY_OFFSET]);
	len = mnl_attr_get_payload_len(data);
	if (off != f->got || off > room || len > room - off) {
		f->torn = true;
		return 0;
	}
	memcpy((char *)f->t->digest + off, mnl_attr_get_payload(data), len);
	f->got += len;
	return 0;
}

/* Whose each is, now that all are there; or that there are none. */
static void share_out(struct fetch *f)
{
	const struct fwt_digest *at = f->t->digest;
	uint32_t i;

	for (i = 0; i < f->told; i++) {
		f->t->file[i].digest = at;
		at = at ? at + fwt_digest_blocks(f->t->file[i].len) : NULL;
	}
	if (f->told < f->t->files || (f->blocks && !f->got))
		f->t->files = 0;
}

int fwt_nl_text_fetch(struct fwt_nl *nl, struct fwt_nl_text *text)
{
	struct fetch f;
	int ret, i;

	memset(text, 0, sizeof(*text));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		fwt_nl_text_clean(text);
		f = (struct fetch){ .t = text };
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_DIGEST_GET, NLM_F_DUMP),
				  text_answer, &f);
		if (!ret && (f.torn || (f.got && f.got != f.blocks * sizeof(struct fwt_digest))))
			ret = fwt_nl_fail(nl, -EINTR, "the policy changes too often to be read");
		if (ret != -EINTR)
			break;
	}
	if (!ret && !text->key)
		ret = fwt_nl_fail(nl, -ENODATA, "no policy is in force");
	if (ret)
		fwt_nl_text_clean(text);
	else
		share_out(&f);
	return ret;
}

void fwt_nl_text_clean(struct fwt_nl_text *text)
{
	uint32_t i;

	for (i = 0; text->file && text->file[i].name; i++)
		free(text->file[i].name);
	free(text->file);
	free(text->key);
	free(text->digest);
	memset(text, 0, sizeof(*text));
}
