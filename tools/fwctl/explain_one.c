// SPDX-License-Identifier: GPL-2.0
/* explain: the way of one packet, for people and as JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "packet_text.h"
#include "progress_line.h"
#include "sim_path.h"
#include "source.h"
#include "explain.h"

static const char *const verdict_name[] = { "accept", "drop", "reject" };

static void put_rule(const char *key, const struct fwt_sim_rule *r)
{
	if (!r->file) {
		out_null(key);
		return;
	}
	out_object(key);
	out_str("id", r->id);
	out_str("file", r->file);
	out_num("line", r->line);
	out_end();
}

void explain_put_rules(const struct fwt_sim_rule *by, const struct fwt_sim_rule *hook)
{
	put_rule("rule", by);
	out_object("rules");
	put_rule("ingress", &hook[FWT_SIM_INGRESS]);
	put_rule("egress", &hook[FWT_SIM_EGRESS]);
	put_rule("device_ingress", &hook[FWT_SIM_DEV_INGRESS]);
	put_rule("device_egress", &hook[FWT_SIM_DEV_EGRESS]);
	out_end();
}

static bool has_ports(uint8_t protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 33 ||
	       protocol == 136;
}

void explain_put_path(const struct sim_walks *walks)
{
	const char *odd = NULL;
	struct sim_path path;
	char title[100];
	uint32_t i;

	for (i = 0; i < walks->n && !odd; i++)
		odd = sim_walk_odd(&walks->walk[i]);
	out_str("odd", odd);
	out_array("path");
	if (sim_path_make(walks, &path))
		path.n = 0;
	for (i = 0; i < path.n; i++) {
		const struct sim_path_step *s = &path.step[i];

		out_object(NULL);
		out_str("hook", s->hook);
		out_str("walk", sim_walk_title(&walks->walk[s->walk], title, sizeof(title)));
		out_str("file", s->rule.file);
		if (s->rule.file) {
			out_num("line", s->rule.line);
			out_str("id", s->rule.id);
			out_strn("text", s->rule.text, s->rule.text_len);
		} else {
			out_null("line");
		}
		out_str("value", *s->value ? s->value : NULL);
		out_str("taken", s->taken);
		out_num("node", s->node);
		out_end();
	}
	out_end();
	sim_path_clean(&path);
}

static void put_end(const char *key, uint8_t family, const uint8_t *addr, bool ports,
		    uint16_t port)
{
	char text[SIM_END_WORDS];

	out_str(key, sim_end_words(family, addr, ports, port, text, sizeof(text)));
}

static void put_packet(const struct fwt_sim_result *r)
{
	struct fwt_packet p = { .ether_type = r->len && *r->data >> 4 == 6 ? 0x86dd : 0x0800 };
	const uint8_t *addr;
	char text[SIM_END_WORDS], words[400];

	if (fwt_packet_parse(&p, r->data, (u32)r->len, (u32)r->len, FWT_PARSE_NETWORK) ||
	    !(p.have & FWT_HAVE_IP)) {
		out_null("packet");
		return;
	}
	addr = r->data + (p.family == 6 ? 8 : 12);
	out_object("packet");
	out_str("text", sim_packet_words(r->data, r->len, words, sizeof(words)));
	out_str("family", p.family == 6 ? "ipv6" : "ipv4");
	out_num("protocol", p.protocol);
	out_str("saddr", sim_end_words(p.family, addr, false, 0, text, sizeof(text)));
	out_str("daddr", sim_end_words(p.family, addr + (p.family == 6 ? 16 : 4), false, 0, text,
				       sizeof(text)));
	if (p.have & FWT_HAVE_PORTS) {
		out_num("sport", p.sport);
		out_num("dport", p.dport);
	}
	out_num("ttl", p.ttl);
	out_num("length", p.length);
	out_num("mark", r->mark);
	out_str("out", r->oif);
	out_end();
}

static void put_conn(const struct fwt_sim_result *r)
{
	const struct fwt_sim_conn *c = r->conn;
	int i;

	if (!c) {
		out_null("connection");
		out_null("snat");
		out_null("dnat");
		return;
	}
	if (c->snat)
		put_end("snat", c->family, c->daddr[1], has_ports(c->protocol), c->dport[1]);
	else
		out_null("snat");
	if (c->dnat)
		put_end("dnat", c->family, c->saddr[1], has_ports(c->protocol), c->sport[1]);
	else
		out_null("dnat");
	out_object("connection");
	out_bool("began", r->began);
	out_str("state", c->state);
	out_num("timeout", c->seconds);
	out_bool("assured", c->assured);
	out_num("mark", c->mark);
	out_str("iif", c->iif);
	out_str("oif", c->oif);
	for (i = 0; i < 2; i++) {
		out_object(i ? "reply" : "original");
		put_end("source", c->family, c->saddr[i], has_ports(c->protocol), c->sport[i]);
		put_end("destination", c->family, c->daddr[i], has_ports(c->protocol), c->dport[i]);
		out_num("packets", c->packets[i]);
		out_num("bytes", c->bytes[i]);
		out_end();
	}
	out_end();
}

static void put_json(struct fwt_sim *sim, const struct fwt_sim_result *r)
{
	static const char *const ends[] = {
		"left", "delivered", "stopped", "held", "unknown",
	};
	char words[400];
	size_t i;

	out_object(NULL);
	out_str("verdict", verdict_name[r->verdict]);
	out_str("reason", r->reason);
	out_str("state", r->state);
	out_str("end", ends[r->end]);
	explain_put_rules(r->by, r->rule);
	explain_put_path(sim_walks_of(sim));
	put_packet(r);
	put_conn(r);
	if (r->answer)
		out_str("answer", sim_packet_words(r->answer, r->answer_len, words, sizeof(words)));
	else
		out_null("answer");
	out_array("log");
	for (i = 0; i < r->n_logs; i++)
		out_str(NULL, r->logs[i]);
	out_end();
	if (sim_node_asked(sim))
		out_str("unanswered", sim_node_asked(sim));
	out_end();
}

void explain_print(struct fwt_sim *sim, const struct fwt_sim_result *r)
{
	char *way;

	if (out_is_json()) {
		put_json(sim, r);
		return;
	}
	way = fwt_sim_explain(sim);
	if (way)
		out_raw(way, strlen(way));
	free(way);
}

/* @what: "route", "address" */
static int add_world(struct fwt_sim *sim, const char *what, const char *rest)
{
	char line[1000];

	if ((size_t)snprintf(line, sizeof(line), "%s %s", what, rest) >= sizeof(line)) {
		out_error(NULL, "--%s '%.40s...': this is too long", what, rest);
		return FWCTL_USAGE;
	}
	if (!fwt_sim_world(sim, line))
		return 0;
	out_error(NULL, "--%s '%s': %s", what, rest, fwt_sim_error(sim));
	return FWCTL_USAGE;
}

int explain_world(const struct explain *e, struct fwt_sim *sim, struct fwt_diag *diag)
{
	int i, ret = 0;

	if (e->world && sim_world_file(sim, e->world, diag))
		ret = diag->errors ? out_diag_errors(diag) :
				     out_error(NULL, "%s", fwt_sim_error(sim));
	for (i = 0; !ret && i < e->n_lines; i++)
		ret = add_world(sim, e->line[i].what, e->line[i].rest);
	return ret;
}

int explain_machine(const struct explain *e, bool plain, struct fwt_sim **to)
{
	struct fwt_sim *sim = fwt_sim_new();
	struct fwt_diag diag;
	int failed, ret;

	*to = sim;
	if (!sim)
		return out_error(NULL, "out of memory");
	sim_plain(sim, plain);
	fwt_diag_init(&diag);
	sim_progress(progress_begin());
	failed = sim_policy_diag(sim, e->policy, &diag);
	progress_end();
	if (!failed)
		ret = explain_world(e, sim, &diag);
	else
		ret = diag.errors ? out_diag_errors(&diag) :
				    out_error(NULL, "%s", fwt_sim_error(sim));
	fwt_diag_clean(&diag);
	return ret;
}

int explain_no_packet(const char *packet, int column, const char *error)
{
	size_t len = strcspn(packet + column - 1, " \t\r\n");

	out_error_at(packet, (unsigned int)column - 1, len ? len : 1, NULL, "%s", error);
	return FWCTL_USAGE;
}

/* Its interface is one that nobody has said is there. */
static int no_device(const char *packet, const char *name)
{
	size_t at = strspn(packet, " \t");

	/* Behind "in" or "out". */
	at += strcspn(packet + at, " \t");
	at += strspn(packet + at, " \t");
	return out_error_at(packet, (unsigned int)at, strlen(name),
			    EXPLAIN_DEVICE_HINT,
			    "no route and no address names the interface '%s'", name);
}

static bool same(const struct fwt_sim_rule *a, const struct fwt_sim_rule *b)
{
	return !a->file == !b->file &&
	       (!a->file || (a->line == b->line && !strcmp(a->file, b->file)));
}

/* More rules than anybody reads are not told one by one: theirs are search trees. */
#define TOLD 2000

static uint32_t lines_of(const char *path)
{
	FILE *f = fopen(path, "r");
	uint32_t n = 0;
	int c;

	while (f && n <= TOLD && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

/* What is told rule by rule was decided by a program without search trees. Here is the
 * one that the kernel would have.
 */
static int compare(const struct explain *e, const struct fwt_sim_result *told)
{
	const struct fwt_sim_result *r = NULL;
	struct fwt_sim *sim;
	int ret = explain_machine(e, false, &sim);

	if (!ret)
		r = fwt_sim_packet_text(sim, e->packet);
	if (r && (r->verdict != told->verdict || !same(r->by, told->by) ||
		  r->len != told->len || memcmp(r->data, told->data, r->len)))
		ret = out_error("this is a fault of fwtree: please tell its authors",
				"the compiled policy decides otherwise: %s, by line %u",
				verdict_name[r->verdict], r->by->line);
	fwt_sim_free(sim);
	return ret;
}

int explain_one(const struct explain *e)
{
	/* What is told is compared, by reading it again. */
	bool plain = !fwt_source_once(e->policy) && (!e->world || !fwt_source_once(e->world)) &&
		     lines_of(e->policy) <= TOLD;
	const struct fwt_sim_result *r;
	struct fwt_packet_text t;
	struct fwt_sim *sim;
	char error[200];
	int column, ret;

	column = fwt_packet_read(&t, e->packet, error, sizeof(error));
	if (column)
		return explain_no_packet(e->packet, column, error);
	ret = explain_machine(e, plain, &sim);
	if (!ret && sim_has_world(sim) && !sim_knows_device(sim, t.name))
		ret = no_device(e->packet, t.name);
	if (!ret) {
		fwt_sim_trace(sim, true);
		r = fwt_sim_packet_text(sim, e->packet);
		if (r && plain)
			ret = compare(e, r);
		if (r && !ret)
			explain_print(sim, r);
		else if (!r)
			ret = out_error(NULL, "%s", fwt_sim_error(sim));
	}
	fwt_sim_free(sim);
	return ret;
}
