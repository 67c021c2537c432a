// SPDX-License-Identifier: GPL-2.0
/* conn list, count, delete, flush. */
#include <stdio.h>
#include <string.h>

#include "conn_filter.h"
#include "conn_print.h"

static int print_conn(void *ctx, const struct fwt_nl_conn *c)
{
	const struct fwt_nl_dir *o = &c->original;
	const char *state = fwt_nl_conn_state_name(c->state);
	char text[3 * CONN_END], in[200], eg[200];
	char packets[2][OUT_HUMAN], bytes[OUT_HUMAN];

	(void)ctx;
	out_row();
	if (out_is_json()) {
		conn_json(c);
		out_row_end();
		return 0;
	}
	out_cell_str(NULL, conn_protocol_name(text, sizeof(text), c->protocol));
	out_cell_str(NULL, c->flags & FWTREE_CONN_FLAG_TENTATIVE ? "(new)" : state);
	out_cell_num(NULL, OUT_SECONDS, c->timeout);
	conn_end_text(text, sizeof(text), c->family, o->saddr, conn_asker(o),
		      o->has_icmp ? o->icmp_id : o->sport);
	out_cell_str(NULL, text);
	conn_end_text(text, sizeof(text), c->family, o->daddr,
		      o->has_ports ? CONN_PORT : CONN_ALONE, o->dport);
	out_cell_str(NULL, text);
	conn_translation(text, sizeof(text), c);
	out_cell_str(NULL, text);
	out_cell_text("%s > %s", c->iif ? c->iif : "-", c->oif ? c->oif : "-");
	out_cell_text("%s/%s", out_human(packets[0], OUT_HUMAN, OUT_COUNT, o->packets),
		      out_human(packets[1], OUT_HUMAN, OUT_COUNT, c->reply.packets));
	out_cell_text("%s", out_human(bytes, sizeof(bytes), OUT_BYTES,
				      o->bytes + c->reply.bytes));
	conn_rule_text(in, sizeof(in), &c->ingress);
	conn_rule_text(eg, sizeof(eg), &c->egress);
	out_cell_text("%s%s%s", in, *in && *eg ? ", " : "", eg);
	out_row_end();
	return 0;
}

int cmd_conn_list(struct fwctl *ctl, int argc, char **argv)
{
	static const struct out_column columns[] = {
		{ "PROTO", false }, { "STATE", false }, { "EXPIRES", true },
		{ "SOURCE", false }, { "DESTINATION", false },
		{ "TRANSLATED", false }, { "IN > OUT", false },
		{ "PACKETS", true }, { "BYTES", true }, { "RULES", false },
	};
	struct fwt_nl_conn_filter f;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	out_table(NULL, columns, sizeof(columns) / sizeof(*columns));
	if (fwt_nl_conns(&nl, &f, print_conn, NULL))
		return fwctl_refused(&nl);
	out_table_end();
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

int cmd_conn_count(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_conn_filter f;
	uint32_t count, max;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_conn_count(&nl, &f, &count, &max))
		return fwctl_refused(&nl);
	out_object(NULL);
	out_num("count", count);
	out_num("max", max);
	out_end();
	out_text("%u connection%s, at most %u\n", count, count == 1 ? "" : "s", max);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

static void print_ended(uint32_t count)
{
	out_object(NULL);
	out_num("ended", count);
	out_end();
	out_text("%u connection%s ended\n", count, count == 1 ? "" : "s");
}

int cmd_conn_delete(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_conn_filter f;
	uint32_t count;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_conn_delete(&nl, &f, &count))
		return fwctl_refused(&nl);
	print_ended(count);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

int cmd_conn_flush(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_conn_filter f;
	uint32_t count;
	struct fwt_nl nl;
	int ret;

	ret = conn_filter_parse(ctl, &f, argc, argv);
	if (ret)
		return ret;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_conn_filter_empty(&f) ? fwt_nl_conn_flush(&nl, &count) :
					   fwt_nl_conn_delete(&nl, &f, &count))
		return fwctl_refused(&nl);
	print_ended(count);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}
