// SPDX-License-Identifier: GPL-2.0
/* The delta in force, to go on from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "diag.h"
#include "progress_line.h"
#include "rule.h"

/* Patch and generation, of one moment. 0 or a negative errno. */
static int fetch(struct session *s, void **blob, size_t *len)
{
	struct fwt_nl_policy now;
	int ret, i;

	*blob = NULL;
	for (i = 0; i < 10; i++) {
		ret = fwt_nl_policy_get(&s->nl, &now);
		if (ret)
			return ret;
		s->generation = now.generation;
		s->trial = now.trial;
		if (!now.in_force) {
			snprintf(s->nl.error, sizeof(s->nl.error), "no policy is in force");
			return -ENODATA;
		}
		if (!now.patch_length)
			return 0;
		ret = fwt_nl_patch_fetch(&s->nl, blob, len, &s->generation);
		if (ret)
			return ret;
		if (*blob && s->generation == now.generation)
			return 0;
		free(*blob);
		*blob = NULL;
	}
	snprintf(s->nl.error, sizeof(s->nl.error), "the policy changes too often to be read");
	return -EAGAIN;
}

int session_fetch(struct session *s)
{
	void *blob;
	size_t len = 0;
	int ret;

	fwt_delta_init(&s->delta);
	ret = fetch(s, &blob, &len);
	if (!ret && blob && fwt_delta_load(&s->delta, blob, len)) {
		snprintf(s->nl.error, sizeof(s->nl.error), "the patch in force is not one");
		ret = -EINVAL;
	}
	free(blob);
	return ret;
}

int session_begin(struct session *s, struct fwctl *ctl)
{
	int ret;

	memset(s, 0, sizeof(*s));
	ret = fwctl_open(ctl, &s->nl);
	if (ret)
		return ret;
	return session_fetch(s) ? fwctl_refused(&s->nl) : 0;
}

void session_end(struct session *s)
{
	fwt_delta_clean(&s->delta);
	fwt_nl_close(&s->nl);
}

struct fwt_delta_line *session_line(const struct session *s, uint32_t n)
{
	return (struct fwt_delta_line *)s->delta.added.data + n;
}

bool session_defines(struct session *s)
{
	uint32_t generation = 0;
	char *text = NULL;
	size_t len = 0;
	bool ok;

	/* None are fetched as no text. */
	ok = !fwt_nl_defines_fetch(&s->nl, &text, &len, &generation) &&
	     (!text || generation == s->generation) && fwt_delta_defines(&s->delta, text, len);
	free(text);
	return ok;
}

bool session_enough(struct session *s)
{
	uint32_t generation = 0;
	char *text = NULL;
	size_t len = 0;
	bool ok;

	if (!s->delta.counted)
		return true;
	ok = !fwt_nl_defines_fetch(&s->nl, &text, &len, &generation) && text &&
	     generation == s->generation;
	/* Its end is a line's. */
	if (ok)
		text[len - 1] = 0;
	ok = ok && fwt_delta_room(&s->delta, text);
	free(text);
	return ok;
}

bool session_refused(int error)
{
	return error == -EOPNOTSUPP || error == -EEXIST || error == -E2BIG || error == -EINVAL;
}

bool session_room(struct fwt_policy_ast *ast, struct fwt_diag *diag)
{
	struct fwt_compile_opts opts = { .check_only = true, .no_warnings = true,
					 .progress = progress_begin() };
	struct fwt_blob none = { 0 };
	bool ok = ast && !fwt_diag_failed(diag) && !fwt_compile(ast, diag, &opts, &none);

	progress_end();
	fwt_diag_sources(diag, NULL);
	fwt_ast_free(ast);
	return ok;
}
