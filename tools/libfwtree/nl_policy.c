// SPDX-License-Identifier: GPL-2.0
/* Policies, up and down. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "arena.h"
#include "nl_priv.h"

static int policy_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1], *attr;
	struct fwt_nl_policy *p = ctx;
	size_t len = 0;

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	p->generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	p->in_force = tb[FWTREE_A_POLICY_LENGTH];
	p->applied = fwt_nl_u64(tb[FWTREE_A_POLICY_APPLIED]);
	p->length = fwt_nl_u32(tb[FWTREE_A_POLICY_LENGTH]);
	p->rules = fwt_nl_u32(tb[FWTREE_A_POLICY_RULES]);
	p->nodes = fwt_nl_u32(tb[FWTREE_A_POLICY_NODES]);
	p->bytes = fwt_nl_u64(tb[FWTREE_A_POLICY_BYTES]);
	p->depth = fwt_nl_u32(tb[FWTREE_A_POLICY_DEPTH]);
	p->steps_max = fwt_nl_u32(tb[FWTREE_A_POLICY_STEPS_MAX]);
	p->patch_length = fwt_nl_u32(tb[FWTREE_A_POLICY_PATCH_LENGTH]);
	p->trial = fwt_nl_u32(tb[FWTREE_A_POLICY_TRIAL]);
	p->waiting[0] = 0;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != FWTREE_A_POLICY_WAITING ||
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
			continue;
		len += (size_t)snprintf(p->waiting + len, sizeof(p->waiting) - len,
					"%s%s", len ? ", " : "", mnl_attr_get_str(attr));
		if (len >= sizeof(p->waiting))
			break;
	}
	return 0;
}

static int generation_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1];

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	*(uint32_t *)ctx = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	return 0;
}

int fwt_nl_policy_confirm(struct fwt_nl *nl, uint32_t *generation)
{
	return fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_POLICY_CONFIRM, 0),
			   generation_answer, generation);
}

int fwt_nl_policy_rollback(struct fwt_nl *nl, uint32_t *generation)
{
	return fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_POLICY_ROLLBACK, 0),
			   generation_answer, generation);
}

int fwt_nl_policy_get(struct fwt_nl *nl, struct fwt_nl_policy *p)
{
	memset(p, 0, sizeof(*p));
	return fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_POLICY_GET, 0),
			   policy_answer, p);
}

/* Forget an upload that failed half-way. It would end with the socket anyway,
 * but the socket may be wanted for more; the error to tell is the first one.
 */
static void forget(struct fwt_nl *nl)
{
	char error[sizeof(nl->error)];

	memcpy(error, nl->error, sizeof(error));
	(void)fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_POLICY_ABORT, 0),
			  NULL, NULL);
	memcpy(nl->error, error, sizeof(error));
}

static int upload_once(struct fwt_nl *nl, const void *blob, size_t len, bool patch,
		       uint32_t trial, int64_t expect,
		       void (*progress)(void *ctx, size_t done, size_t len), void *ctx,
		       uint32_t *generation)
{
	struct nlmsghdr *nlh;
	size_t off, n;
	int ret;

	if (len > UINT32_MAX)
		return fwt_nl_fail(nl, -E2BIG, "the compiled policy is too big");
	nlh = fwt_nl_request(nl, FWTREE_CMD_POLICY_BEGIN, 0);
	mnl_attr_put_u32(nlh, FWTREE_A_POLICY_LENGTH, (uint32_t)len);
	if (expect != FWT_NL_ANY)
		mnl_attr_put_u32(nlh, FWTREE_A_POLICY_EXPECT, (uint32_t)expect);
	if (patch)
		mnl_attr_put(nlh, FWTREE_A_POLICY_PATCH, 0, NULL);
	ret = fwt_nl_talk(nl, nlh, NULL, NULL);
	if (ret)
		return ret;
	for (off = 0; off < len; off += n) {
		n = len - off < FWTREE_CHUNK_MAX ? len - off : FWTREE_CHUNK_MAX;
		nlh = fwt_nl_request(nl, FWTREE_CMD_POLICY_CHUNK, 0);
		mnl_attr_put_u32(nlh, FWTREE_A_POLICY_OFFSET, (uint32_t)off);
		mnl_attr_put(nlh, FWTREE_A_POLICY_DATA, n,
			     (const char *)blob + off);
		ret = fwt_nl_talk(nl, nlh, NULL, NULL);
		if (ret) {
			forget(nl);
			return ret;
		}
		if (progress)
			progress(ctx, off + n, len);
	}
	nlh = fwt_nl_request(nl, FWTREE_CMD_POLICY_COMMIT, 0);
	if (trial)
		mnl_attr_put_u32(nlh, FWTREE_A_POLICY_TRIAL, trial);
	return fwt_nl_talk(nl, nlh, generation_answer, generation);
}

/* A module that has a node of the policy may be loaded only when no request waits for it:
 * then it is there the next time.
 */
#define LOADS	5

static int upload(struct fwt_nl *nl, const void *blob, size_t len, bool patch,
		  uint32_t trial, int64_t expect,
		  void (*progress)(void *ctx, size_t done, size_t len), void *ctx,
		  uint32_t *generation)
{
	unsigned int i;
	int ret;

	for (i = 0; i < LOADS; i++) {
		ret = upload_once(nl, blob, len, patch, trial, expect, progress, ctx,
				  generation);
		if (ret != -EINPROGRESS)
			break;
	}
	return ret;
}

int fwt_nl_policy_apply(struct fwt_nl *nl, const void *blob, size_t len,
			int64_t expect, uint32_t trial,
			void (*progress)(void *ctx, size_t done, size_t len),
			void *ctx, uint32_t *generation)
{
	return upload(nl, blob, len, false, trial, expect, progress, ctx, generation);
}

int fwt_nl_patch_apply(struct fwt_nl *nl, const void *blob, size_t len, uint32_t expect,
		       uint32_t *generation)
{
	return upload(nl, blob, len, true, 0, expect, NULL, NULL, generation);
}

int fwt_nl_policy_flush(struct fwt_nl *nl)
{
	return fwt_nl_talk(nl, fwt_nl_request(nl, FWTREE_CMD_POLICY_FLUSH, 0),
			   NULL, NULL);
}

/* A program as it comes down, piece by piece. */
struct fetch {
	char *blob;
	size_t len;
	size_t got;
	uint32_t generation;
	bool torn;
};

static int fetch_answer(void *ctx, const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[FWTREE_A_POLICY_MAX + 1], *data;
	struct fetch *f = ctx;
	uint32_t generation, off;
	size_t len;

	fwt_nl_parse(nlh, tb, FWTREE_A_POLICY_MAX);
	data = tb[FWTREE_A_POLICY_DATA];
	if (!data)
		return 0;
	generation = fwt_nl_u32(tb[FWTREE_A_POLICY_GENERATION]);
	off = fwt_nl_u32(tb[FWTREE_A_POLICY_OFFSET]);
	len = mnl_attr_get_payload_len(data);
	if (!f->blob) {
		f->generation = generation;
		f->len = fwt_nl_u32(tb[FWTREE_A_POLICY_LENGTH]);
		f->blob = aligned_alloc(64, (f->len | 63) + 1);
		if (!f->blob)
			return -ENOMEM;
		fwt_prefault(f->blob, f->len);
	}
	if (generation != f->generation || off != f->got ||
	    len > f->len - f->got) {
		f->torn = true;
		return 0;
	}
	memcpy(f->blob + off, mnl_attr_get_payload(data), len);
	f->got += len;
	return 0;
}

static int fetch(struct fwt_nl *nl, uint8_t cmd, struct fetch *f)
{
	int ret, i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < FWT_NL_TRIES; i++) {
		free(f->blob);
		memset(f, 0, sizeof(*f));
		ret = fwt_nl_talk(nl, fwt_nl_request(nl, cmd, NLM_F_DUMP), fetch_answer, f);
		if (!ret && f->blob && (f->torn || f->got != f->len))
			ret = fwt_nl_fail(nl, -EINTR,
					  "the policy changes too often to be read");
		if (ret != -EINTR)
			break;
	}
	if (ret)
		free(f->blob);
	return ret;
}

int fwt_nl_policy_fetch(struct fwt_nl *nl, void **blob, size_t *len,
			uint32_t *generation)
{
	struct fetch f;
	int ret = fetch(nl, FWTREE_CMD_POLICY_GET, &f);

	if (!ret && !f.blob)
		ret = fwt_nl_fail(nl, -ENODATA, "no policy is in force");
	if (ret)
		return ret;
	*blob = f.blob;
	*len = f.len;
	*generation = f.generation;
	return 0;
}

int fwt_nl_patch_fetch(struct fwt_nl *nl, void **blob, size_t *len, uint32_t *generation)
{
	struct fetch f;
	int ret = fetch(nl, FWTREE_CMD_PATCH_GET, &f);

	if (ret)
		return ret;
	*blob = f.blob;
	*len = f.len;
	if (f.blob)
		*generation = f.generation;
	return 0;
}

int fwt_nl_defines_fetch(struct fwt_nl *nl, char **text, size_t *len, uint32_t *generation)
{
	struct fetch f;
	int ret = fetch(nl, FWTREE_CMD_DEFINES_GET, &f);

	if (ret)
		return ret;
	*text = f.blob;
	*len = f.len;
	if (f.blob)
		*generation = f.generation;
	return 0;
}
