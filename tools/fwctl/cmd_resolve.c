// SPDX-License-Identifier: GPL-2.0
/*
 * resolve: DNS names in the sets of the policy in force.
 *
 * Which names there are is read from the text that the kernel keeps. With --watch each
 * name is asked again when its answer is too old, and the policy read again when it is
 * another one: what is known of names that both have goes on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diag.h"
#include "dns_ask.h"
#include "in_force.h"
#include "set_names.h"
#include "set_text.h"

/* Answers that come close together change a set once. */
#define GATHER	200	/* ms */

struct resolve {
	struct fwctl *ctl;
	struct fwt_nl nl;
	struct fwt_policy_ast *ast;
	struct fwt_diag diag;
	struct fwt_dns_state state;
	struct dns_ask *ask;
	struct names_ours *ours;
	uint32_t generation;
	bool watch;
	bool loading;	/* what is on the way is not waited for */
	bool changed;	/* answers that sets do not have yet */
	uint32_t failed;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* A line, or an object, of --watch begins. */
static void event(const char *name)
{
	uint64_t ns = now_ns();
	time_t s = (time_t)(ns / 1000000000);
	char clock[16];
	struct tm tm;

	out_object(NULL);
	out_str("event", name);
	out_time("time", ns);
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&s, &tm));
	out_text("%s  ", clock);
}

static void event_end(void)
{
	out_end();
	out_flush();
}

static const char *family(const struct fwt_dns_question *q)
{
	return q->six ? "ipv6" : "ipv4";
}

/* One of the table of those that were asked once. */
static void print_answer(const struct fwt_dns_question *q, const char *why)
{
	const struct fwt_dns_held *h = q->held.data;
	char text[64];
	u32 i;

	out_row();
	out_cell_str("name", q->name);
	if (!strcmp(q->name, FWT_DNS_RESOLVERS)) {
		out_cell_text("-");
	} else {
		if (out_is_json())
			out_str("family", family(q));
		out_cell_text("%s", family(q));
	}
	out_cell_num(NULL, OUT_COUNT, q->held.count);
	if (out_is_json()) {
		out_array("addresses");
		for (i = 0; i < q->held.count; i++)
			out_str(NULL, fwt_dns_addr_text(text, &h[i].addr));
		out_end();
		out_num("left_out", q->over);
	}
	if (q->known && q->held.count) {
		if (out_is_json())
			out_num("ttl", q->ttl / 1000);
		out_cell_num(NULL, OUT_SECONDS, q->ttl / 1000);
	} else {
		out_cell_text("-");
	}
	if (out_is_json()) {
		out_bool("known", q->known);
		if (why)
			out_str("why", why);
	}
	if (q->over)
		out_cell_text("%u more are left out", q->over);
	else
		out_cell_text("%s", why ? why : "");
	out_row_end();
}

/* Of --watch: what is not as it should be, when it begins. */
static void print_trouble(const struct fwt_dns_question *q, const char *why)
{
	bool none = q->none_since && q->due == q->none_since + FWT_DNS_NONE_AGAIN;

	if (q->failures ? q->failures > 1 : q->over ? q->over == q->over_before :
	    !none || !q->held.count)
		return;
	event(q->failures ? "unanswered" : q->over ? "too-many" : "nothing");
	out_str("name", q->name);
	out_str("family", family(q));
	if (!q->failures && q->over) {
		out_num("left_out", q->over);
		out_text("%s (%s): %u addresses are the most, %u are left out\n", q->name,
			 family(q), FWT_DNS_ADDRS_MAX, q->over);
	} else {
		out_str("why", why);
		out_text("%s (%s): %s: it stands for what it did\n", q->name, family(q), why);
	}
	event_end();
}

static void told(void *ctx, const struct fwt_dns_question *q, const char *why)
{
	struct resolve *r = ctx;

	if (r->loading)
		return;
	r->changed = true;
	r->failed += !q->known;
	if (r->watch)
		print_trouble(q, why);
	else
		print_answer(q, why);
}

static void print_elems(const char *key, char sign, const struct names_change *c,
			const struct fwt_vec *v)
{
	char text[FWT_SET_TEXT];
	u32 i;

	out_array(key);
	for (i = 0; i < v->count; i++) {
		const struct fwt_dns_elem *e = (const struct fwt_dns_elem *)v->data + i;

		fwt_set_elem_text(text, sizeof(text), c->types, c->n, e->six, e->low, e->high);
		out_str(NULL, text);
		out_text(" %c%s", sign, text);
	}
	out_end();
}

static void print_change(const struct resolve *r, const struct names_change *c)
{
	if (r->watch) {
		if (!c->plan.add.count && !c->plan.del.count)
			return;
		event("resolved");
		out_str("set", c->set);
		out_text("set %s:", c->set);
		print_elems("added", '+', c, &c->plan.add);
		print_elems("deleted", '-', c, &c->plan.del);
		out_bool("full", c->full);
		out_text("%s\n", c->full ? " (it is full: not all found room)" : "");
		event_end();
		return;
	}
	out_row();
	out_cell_str("set", c->set);
	out_cell_num("added", OUT_COUNT, c->added);
	out_cell_num("deleted", OUT_COUNT, c->deleted);
	if (out_is_json())
		out_bool("full", c->full);
	out_cell_text("%s", c->full ? "it is full: not all found room" : "");
	out_row_end();
}

/* Sets become what names stand for. A set that is not there is another policy's, which
 * is read soon; unless it is the module that is not there.
 */
static int refresh(struct resolve *r)
{
	const struct fwt_set *set;
	struct fwt_nl_policy p;
	struct names_change c;
	int ret = 0;

	r->changed = false;
	for (set = r->ast ? r->ast->sets : NULL; set && !ret; set = set->next) {
		if (!names_in(set))
			continue;
		ret = names_refresh(&r->nl, r->ast, r->generation, set, &r->state, &r->ours, &c);
		if (!ret)
			print_change(r, &c);
		fwt_dns_plan_clean(&c.plan);
		if (ret == -ENOENT)
			ret = fwt_nl_policy_get(&r->nl, &p);
	}
	return ret;
}

static void forget(struct resolve *r)
{
	fwt_diag_sources(&r->diag, NULL);
	fwt_ast_free(r->ast);
	fwt_diag_clean(&r->diag);
	fwt_diag_init(&r->diag);
	r->ast = NULL;
}

/* No question is on the way any more, and those that were are asked again. */
static void stop_asking(struct resolve *r)
{
	struct fwt_dns_question *q;

	for (q = r->state.first; q; q = q->next)
		q->again = q->asked;
	r->loading = true;
	dns_ask_cancel(r->ask);
	r->loading = false;
	for (q = r->state.first; q; q = q->next)
		if (q->again) {
			q->failures--;
			q->due = 0;
		}
}

/* The names of the policy in force; none where there is no policy. */
static int load(struct resolve *r)
{
	struct fwt_nl_policy p;
	int ret;

	if (fwt_nl_policy_get(&r->nl, &p))
		return fwctl_refused(&r->nl);
	if (r->ast && p.in_force && p.generation == r->generation)
		return 0;
	stop_asking(r);
	forget(r);
	r->generation = p.generation;
	if (p.in_force) {
		ret = in_force_parse(r->ctl, &r->ast, &r->diag);
		if (ret)
			return ret;
	}
	if (fwt_dns_state_names(&r->state, r->ast))
		return out_error(NULL, "out of memory");
	r->changed = true;
	return 0;
}

static int once(struct resolve *r)
{
	static const struct out_column names[] = {
		{ "NAME", false }, { "FAMILY", false }, { "ADDRESSES", true }, { "TTL", true },
		{ "", false },
	};
	static const struct out_column sets[] = {
		{ "SET", false }, { "ADDED", true }, { "DELETED", true }, { "", false },
	};
	int ret = load(r);

	if (ret)
		return ret;
	out_object(NULL);
	if (!r->state.first) {
		out_text(r->ast ? "no set of the policy in force has DNS names\n" :
			 "no policy is in force\n");
		out_array("names");
		out_end();
		out_array("sets");
		out_end();
		out_end();
		return FWCTL_DONE;
	}
	out_table("names", names, 5);
	dns_ask_due(r->ask);
	while (dns_ask_open_questions(r->ask))
		dns_ask_wait(r->ask, -1, UINT64_MAX);
	out_table_end();
	out_table("sets", sets, 4);
	ret = refresh(r);
	out_table_end();
	out_end();
	if (ret)
		return out_error(NULL, "%s", ret == -ENOMEM ? "out of memory" : r->nl.error);
	return r->failed ? FWCTL_FAILED : FWCTL_DONE;
}

/* What was found under the policy before need not be there under the next one. */
static int refresh_or_load(struct resolve *r)
{
	char why[sizeof(r->nl.error)];
	u32 was = r->generation;
	int ret, err = refresh(r);

	if (err >= 0)
		return err;
	memcpy(why, r->nl.error, sizeof(why));
	ret = load(r);
	if (ret)
		return ret;
	if (err == -EINTR || r->generation != was) {
		r->changed = true;
		return 0;
	}
	memcpy(r->nl.error, why, sizeof(why));
	return err;
}

static int watch(struct resolve *r, struct fwt_nl *events)
{
	u64 apply_at = 0, until;
	int ret = load(r);

	while (!ret) {
		dns_ask_due(r->ask);
		if (fwt_dns_expire(&r->state, dns_ask_now()))
			r->changed = true;
		if (r->changed && !apply_at)
			apply_at = dns_ask_now() + GATHER;
		if (r->changed && (!dns_ask_open_questions(r->ask) || dns_ask_now() >= apply_at)) {
			ret = refresh_or_load(r);
			apply_at = 0;
			if (ret)
				break;
			if (r->changed)
				continue;
		}
		until = fwt_dns_next(&r->state);
		if (apply_at && apply_at < until)
			until = apply_at;
		if (!dns_ask_wait(r->ask, fwt_nl_fd(events), until))
			continue;
		/* What is heard is only that something happened: it is looked at then. */
		if (fwt_nl_drain(events))
			return out_error(NULL, "%s", events->error);
		ret = load(r);
	}
	return ret < 0 ? out_error(NULL, "%s", ret == -ENOMEM ? "out of memory" : r->nl.error) :
	       ret;
}

int cmd_resolve(struct fwctl *ctl, int argc, char **argv)
{
	struct resolve r = { .ctl = ctl };
	struct fwt_nl events = { 0 };
	int ret;

	if (argc && strcmp(argv[0], "--watch"))
		return fwctl_usage(ctl, NULL, "resolve: did not understand '%s'", argv[0]);
	r.watch = argc;
	r.state.once = !r.watch;
	ret = fwctl_open(ctl, &r.nl);
	if (ret)
		return ret;
	fwt_diag_init(&r.diag);
	r.ask = dns_ask_open(&r.state, told, &r);
	if (!r.ask) {
		ret = out_error(NULL, "out of memory");
	} else if (!r.watch) {
		ret = once(&r);
	} else {
		ret = fwctl_open(ctl, &events);
		if (!ret && fwt_nl_listen(&events, 1u << FWT_NL_GROUP_POLICY))
			ret = fwctl_refused(&events);
		if (!ret)
			ret = watch(&r, &events);
		fwt_nl_close(&events);
	}
	dns_ask_close(r.ask);
	names_ours_free(&r.ours);
	fwt_dns_state_clean(&r.state);
	forget(&r);
	fwt_diag_clean(&r.diag);
	fwt_nl_close(&r.nl);
	return ret;
}
