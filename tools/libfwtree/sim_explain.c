// SPDX-License-Identifier: GPL-2.0
/* The way of a packet in words. */
#include <stdlib.h>

#include "sim_path.h"

/* Of a rule's text: its list may have a million elements. */
#define TEXT_MAX	240

static void put_rule(FILE *f, const struct fwt_sim_rule *r)
{
	const char *slash = r->file ? strrchr(r->file, '/') : NULL;
	char where[200];

	if (!r->file) {
		fprintf(f, "  %-24s ", "");
		return;
	}
	/* Of a long path the file's name says enough. */
	snprintf(where, sizeof(where), "%s:%u", slash && strlen(r->file) > 18 ? slash + 1 : r->file,
		 r->line);
	fprintf(f, "  %-24s ", where);
	if (r->text_len <= TEXT_MAX)
		fprintf(f, "%.*s\n", (int)r->text_len, r->text);
	else
		fprintf(f, "%.*s ...\n", TEXT_MAX, r->text);
}

static void put_walk(FILE *f, const struct sim_walks *walks, const struct sim_path *path,
		     u32 walk)
{
	const char *odd = sim_walk_odd(&walks->walk[walk]);
	char title[100];
	u32 i;

	fprintf(f, "%s%s%s%s:\n", sim_walk_title(&walks->walk[walk], title, sizeof(title)),
		odd ? " (" : "", odd ? odd : "", odd ? ")" : "");
	for (i = 0; i < path->n; i++) {
		const struct sim_path_step *s = &path->step[i];

		if (s->walk != walk)
			continue;
		put_rule(f, &s->rule);
		if (!s->rule.file)
			fprintf(f, "%s: %s\n", s->value, s->taken);
		else
			fprintf(f, "  %-24s   %s%s%s\n", "", s->value,
				*s->value ? ": " : "", s->taken);
	}
}

static void put_conn(FILE *f, const struct fwt_sim_conn *c, bool began)
{
	bool ports = c->protocol == 6 || c->protocol == 17 || c->protocol == 132 ||
		     c->protocol == 33 || c->protocol == 136;
	char a[SIM_END_WORDS], b[SIM_END_WORDS];

	fprintf(f, "connection%s: %s, %u s", began ? " begun" : "", c->state, c->seconds);
	sim_end_words(c->family, c->saddr[0], ports, c->sport[0], a, sizeof(a));
	sim_end_words(c->family, c->daddr[0], ports, c->dport[0], b, sizeof(b));
	fprintf(f, ", %s > %s", a, b);
	if (c->snat || c->dnat) {
		sim_end_words(c->family, c->daddr[1], ports, c->dport[1], a, sizeof(a));
		sim_end_words(c->family, c->saddr[1], ports, c->sport[1], b, sizeof(b));
		fprintf(f, ", outside %s > %s", a, b);
	}
	fputc('\n', f);
}

static void put_outcome(FILE *f, const struct fwt_sim_result *r, const char *node)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };
	char words[300];
	size_t i;

	fprintf(f, "%s", verdict[r->verdict]);
	if (r->reason)
		fprintf(f, ", reason %s", r->reason);
	if (r->by->file)
		fprintf(f, ", by %s:%u%s%s%s", r->by->file, r->by->line, r->by->id ? " (" : "",
			r->by->id ? r->by->id : "", r->by->id ? ")" : "");
	fputc('\n', f);
	sim_packet_words(r->data, r->len, words, sizeof(words));
	switch (r->end) {
	case FWT_SIM_LEFT:
		fprintf(f, "leaves by %s: %s", r->oif, words);
		break;
	case FWT_SIM_DELIVERED:
		fprintf(f, "delivered to this machine: %s", words);
		break;
	case FWT_SIM_HELD:
		fprintf(f, "a fragment: it waits for the others, the packet is decided as a whole");
		break;
	case FWT_SIM_NO_WORLD:
		fprintf(f, "accepted by ingress; no route is given: its way ends here");
		break;
	}
	if (r->mark && r->end != FWT_SIM_STOPPED)
		fprintf(f, ", mark %u", r->mark);
	if (r->end != FWT_SIM_STOPPED)
		fputc('\n', f);
	if (r->answer) {
		sim_packet_words(r->answer, r->answer_len, words, sizeof(words));
		fprintf(f, "answered by %s: %s\n", r->answer_dev, words);
	}
	if (node)
		fprintf(f, "nothing says what node '%s' answers: taken for \"no\"\n", node);
	for (i = 0; i < r->n_logs; i++)
		fprintf(f, "logged: %s\n", r->logs[i]);
	if (r->conn)
		put_conn(f, r->conn, r->began);
}

void sim_walks_print(FILE *f, const struct sim_walks *walks)
{
	struct sim_path path;
	u32 i;

	if (!sim_path_make(walks, &path))
		for (i = 0; i < walks->n; i++)
			put_walk(f, walks, &path, i);
	sim_path_clean(&path);
}

char *fwt_sim_explain(struct fwt_sim *sim)
{
	const struct sim_walks *walks = sim_walks_of(sim);
	const struct fwt_sim_result *r = sim_result_of(sim);
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f || !r->data)
		goto out;
	if (!walks->n && r->state)
		fprintf(f, "%s: %s\n", r->state, !strcmp(r->state, "new") ?
			"the policy names no hook that it comes by" :
			"goes with its connection, no tree is asked");
	sim_walks_print(f, walks);
	put_outcome(f, r, sim_node_asked(sim));
out:
	if (f)
		fclose(f);
	return text;
}
