// SPDX-License-Identifier: GPL-2.0
/* show timeouts: seconds that connections live when nothing comes any more. */
#include <stdio.h>
#include <string.h>

#include "program_view.h"
#include "tcp.h"

/* What the policy sets, in milliseconds; 0 for what it leaves as it is. */
static uint64_t set_by(const struct fwt_program *prog, uint32_t option)
{
	uint32_t i;

	for (i = 0; i < prog->n[FWT_SEC_OPTIONS]; i++)
		if (prog->option[i].option == option)
			return prog->option[i].value;
	return 0;
}

static const char *option_name(uint32_t option)
{
	static const char *const name[] = {
#define NAME(id, name, unit, min, max) name,
		FWT_OPTIONS(NAME)
#undef NAME
	};

	return name[option] + strlen("timeout ");
}

int cmd_show_timeouts(struct fwctl *ctl, int argc, char **argv)
{
	static const struct out_column columns[] = {
		{ "TIMEOUT", false }, { "TRACKED", true }, { "TRANSLATED", true },
		{ "SET", false },
	};
	struct fwt_nl nl;
	struct view v;
	uint64_t ms, seconds[2];
	uint32_t i;
	int ret;

	(void)argc;
	(void)argv;
	ret = view_open(&v, ctl, &nl, false);
	if (ret)
		return ret;
	out_table(NULL, columns, sizeof(columns) / sizeof(*columns));
	for (i = 0; i < __FWT_TIMEOUT_MAX; i++) {
		ms = set_by(&v.prog, FWT_OPTION_TIMEOUT_TCP_SYN_SENT + i);
		seconds[0] = ms ? ms / 1000 : fwt_timeout_default(i, false);
		seconds[1] = ms ? ms / 1000 : fwt_timeout_default(i, true);
		out_row();
		if (out_is_json()) {
			out_str("name", option_name(FWT_OPTION_TIMEOUT_TCP_SYN_SENT + i));
			out_num("tracked", seconds[0]);
			out_num("translated", seconds[1]);
			out_bool("set", ms);
		} else {
			out_cell_str(NULL, option_name(FWT_OPTION_TIMEOUT_TCP_SYN_SENT + i));
			out_cell_num(NULL, OUT_SECONDS, seconds[0]);
			out_cell_num(NULL, OUT_SECONDS, seconds[1]);
			out_cell_str(NULL, ms ? "by the policy" : "");
		}
		out_row_end();
	}
	out_table_end();
	view_clean(&v);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}
