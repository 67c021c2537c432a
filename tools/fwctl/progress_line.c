// SPDX-License-Identifier: GPL-2.0
/* Progress on the terminal, see progress_line.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out.h"
#include "progress_line.h"

/* Who gets an answer in less is not to see a line flash by. */
#define WAIT_MS		1000
/* What is read on a screen need not change more often. */
#define EVERY_MS	100

static struct {
	int64_t next;		/* when to write, ms; of the first one since it began */
	const char *what;	/* is written there */
	int width;		/* of what is written */
} line;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void show(void *ctx, const char *what, uint64_t done, uint64_t all)
{
	int64_t t = now();
	char text[100];
	int n;

	(void)ctx;
	if (t < line.next && (!line.width || what == line.what))
		return;
	/* Copies of rules come on top of what was known. */
	if (done > all)
		done = all;
	if (all)
		n = snprintf(text, sizeof(text), "%s: %u %%", what,
			     (unsigned int)(done * 100 / all));
	else
		n = snprintf(text, sizeof(text), "%s ...", what);
	/* What was longer is written over. */
	fprintf(stderr, "\r%-*s", line.width, text);
	fflush(stderr);
	line.width = n;
	line.what = what;
	line.next = t + EVERY_MS;
}

const struct fwt_progress *progress_begin(void)
{
	static const struct fwt_progress progress = { .fn = show };
	const char *wait = getenv("FWCTL_PROGRESS");

	if (out_is_json() || !isatty(STDERR_FILENO))
		return NULL;
	if (!line.next)
		line.next = now() + (wait ? atoi(wait) : WAIT_MS);
	return &progress;
}

void progress_end(void)
{
	if (line.width)
		fprintf(stderr, "\r%*s\r", line.width, "");
	line.width = 0;
}
