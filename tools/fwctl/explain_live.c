// SPDX-License-Identifier: GPL-2.0
/* explain --live: the way of a packet through the policy in force, a dry run. */
#include <stdlib.h>
#include <string.h>

#include "nl_explain.h"
#include "packet_text.h"
#include "sim_path.h"
#include "explain.h"
#include "program_view.h"

/* The rule by its number, also one that a patch added. */
static void rule_of(const struct view *v, uint32_t rule, struct fwt_sim_rule *to)
{
	const struct fwt_program *prog;
	const struct fwt_prog_rule *r;

	memset(to, 0, sizeof(*to));
	if (rule == FWT_NONE)
		return;
	r = view_rule(v, rule, &prog);
	if (!r)
		return;
	to->id = r->id == FWT_NONE ? NULL : prog->string + r->id;
	to->file = prog->string + prog->file[r->file].name;
	to->line = r->line;
}

static void print(const struct view *v, struct fwt_nl_explained *e)
{
	static const char *const verdicts[] = { "accept", "drop", "reject" };
	const struct sim_walk *last = e->walks.n ? &e->walks.walk[e->walks.n - 1] : NULL;
	const char *verdict = last && last->verdict < 3 ? verdicts[last->verdict] : "accept";
	struct fwt_sim_rule by, hook[__FWT_SIM_HOOKS];
	char *way = NULL;
	size_t size = 0, i;
	FILE *f;

	memset(hook, 0, sizeof(hook));
	for (i = 0; i < e->walks.n; i++) {
		struct sim_walk *w = &e->walks.walk[i];

		if (w->hook < __FWT_SIM_HOOKS)
			rule_of(v, w->rule, &hook[w->hook]);
		if (w->rule != FWT_NONE && w->rule >= v->prog.n[FWT_SEC_RULES])
			w->rule = FWT_NONE;
	}
	by = last && last->hook < __FWT_SIM_HOOKS ? hook[last->hook] : (struct fwt_sim_rule){ };
	out_object(NULL);
	out_str("verdict", verdict);
	out_str("reason", *e->reason ? e->reason : NULL);
	out_num("generation", e->generation);
	if (e->has_conn)
		out_num("connection", e->conn);
	else
		out_null("connection");
	out_str("out", *e->oif ? e->oif : NULL);
	out_bool("local", e->local);
	explain_put_rules(&by, hook);
	explain_put_path(&e->walks);
	out_end();
	f = open_memstream(&way, &size);
	if (f) {
		sim_walks_print(f, &e->walks);
		fclose(f);
		out_raw(way, size);
	}
	free(way);
	if (e->has_conn)
		out_text("of connection %llu: goes with it, no tree is asked\n",
			 (unsigned long long)e->conn);
	else
		out_text("%s%s%s", verdict, *e->reason ? ", reason " : "", e->reason);
	if (by.file)
		out_text(", by %s:%u%s%s%s", by.file, by.line, by.id ? " (" : "",
			 by.id ? by.id : "", by.id ? ")" : "");
	out_text("\n");
	if (e->local)
		out_text("for this machine\n");
	else if (*e->oif)
		out_text("routed to %s\n", e->oif);
	if (e->cut)
		out_text("there were more steps than are told\n");
}

int explain_live(struct fwctl *ctl, const struct explain *x)
{
	struct fwt_nl_explained e;
	static u8 frame[SIM_PACKET_MAX];
	struct fwt_packet_text t;
	char error[200];
	struct fwt_nl nl;
	struct view v;
	int column, ret;
	size_t len;

	column = fwt_packet_read(&t, x->packet, error, sizeof(error));
	if (column)
		return out_error_at(x->packet, (unsigned int)column - 1, 1, NULL, "%s", error);
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	ret = view_fetch(&v, &nl, true);
	if (ret)
		return ret;
	len = sim_build(&t.p, NULL, frame);
	memset(&e, 0, sizeof(e));
	e.prog = &v.prog;
	e.packet = &t.p;
	if (len > 2048)
		ret = out_error(NULL, "a packet of at most 2034 bytes is meant");
	else if (fwt_nl_explain(&nl, t.name, t.out, frame, len, t.p.mark, &e))
		ret = fwctl_refused(&nl);
	else if (e.generation != v.generation)
		ret = out_error("once more, please", "the policy changed meanwhile");
	else
		print(&v, &e);
	if (!ret)
		fwt_nl_close(&nl);
	sim_walks_clean(&e.walks);
	view_clean(&v);
	return ret;
}
