// SPDX-License-Identifier: GPL-2.0
/* test: a policy's tests, in TAP; in JSON an array of them. */
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "progress_line.h"
#include "sim_test.h"
#include "source.h"
#include "fwctl.h"

struct count {
	unsigned int tests;
	unsigned int failed;
};

static void comment(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		out_text("#   %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* What TAP takes for its own is not to stand in a name. */
static void name(const char *text)
{
	for (; *text; text++)
		out_text(*text == '#' ? "\\%c" : "%c", *text);
}

static void tell(void *ctx, const struct fwt_test_outcome *o)
{
	struct count *c = ctx;

	progress_end();
	c->tests++;
	c->failed += !o->ok;
	out_object(NULL);
	out_bool("ok", o->ok);
	out_str("file", o->file);
	out_num("line", o->line);
	out_str("test", o->text);
	out_str("packet", *o->packet ? o->packet : NULL);
	out_str("why", o->why);
	out_str("note", o->note);
	out_str("way", o->way && *o->way ? o->way : NULL);
	out_end();
	out_text("%sok %u - %s:%u ", o->ok ? "" : "not ", c->tests, o->file, o->line);
	name(o->text);
	out_text("\n");
	if (o->note)
		comment(o->note);
	if (o->ok)
		return;
	if (*o->packet)
		comment(o->packet);
	if (o->why)
		comment(o->why);
	if (o->way)
		comment(o->way);
}

int cmd_test(struct fwctl *ctl, int argc, char **argv)
{
	struct count c = { 0, 0 };
	struct fwt_diag diag;
	int i, k, ret = 0;

	for (i = 0; i < argc; i++)
		if (fwctl_option(argv[i]))
			return fwctl_usage(ctl, NULL, "test: did not understand '%s'", argv[i]);
	if (argc > 2 && fwt_source_once(argv[0]))
		return out_error("put it in a file", "%s: each test file reads the policy again",
				 argv[0]);
	for (i = 1; i < argc; i++)
		for (k = 0; k < i; k++)
			if (!strcmp(argv[i], argv[k]) && fwt_source_once(argv[i]))
				return out_error("put it in a file",
						 "%s: it can be read once, and is named twice",
						 argv[i]);
	fwt_diag_init(&diag);
	sim_progress(progress_begin());
	out_array(NULL);
	for (i = 1; !ret && i < argc; i++)
		ret = fwt_sim_test(argv[0], argv[i], &diag, tell, &c);
	progress_end();
	if (ret) {
		/* Who reads TAP has no plan to hear that from. */
		out_text("Bail out! %s was not run\n", argv[i - 1]);
		ret = diag.errors ? out_diag_errors(&diag) : out_error(NULL, "out of memory");
		fwt_diag_clean(&diag);
		return ret;
	}
	out_end();
	out_text("1..%u\n", c.tests);
	fwt_diag_clean(&diag);
	return c.failed ? FWCTL_FAILED : FWCTL_DONE;
}
