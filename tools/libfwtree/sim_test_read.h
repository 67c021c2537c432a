/* SPDX-License-Identifier: GPL-2.0 */
/* Reading test files, from within: sim_test_read.c, sim_test_expect.c. */
#ifndef FWT_SIM_TEST_READ_H
#define FWT_SIM_TEST_READ_H

#include "mock_route.h"
#include "sim_test.h"

struct flow_name {
	struct flow_name *next;
	char name[32];
	char proto[16];
	bool six;
};

#define NAMES 1024

/* @at: what is still to be read of @line; columns count from @line. */
struct reader {
	struct fwt_diag *diag;
	u32 file;
	u32 number;
	char *line;
	char *at;
	char *start;	/* of @word */
	char word[80];
	bool bad;
	struct sim_statement *s;
	struct flow_name *flows[NAMES];
	struct fwt_mock_routes world;
};

/* The next word of the line; false at its end. */
bool sim_read_next(struct reader *r);

/* The same, where there must be one: @what. */
bool sim_read_argument(struct reader *r, const char *what);

/* Reports it; false, always. */
__attribute__((format(printf, 4, 5)))
bool sim_read_wrong(struct reader *r, const char *where, const char *hint, const char *fmt, ...);
#define wrong_at sim_read_wrong
#define wrong(r, ...) sim_read_wrong(r, (r)->start, NULL, __VA_ARGS__)

/* "ADDR", "ADDR:PORT", "ADDR:*" */
bool sim_read_end(const char *text, struct sim_end *e);

/* The rest of the line is what is expected. */
struct sim_expect *sim_read_expects(struct reader *r);

#endif /* FWT_SIM_TEST_READ_H */
