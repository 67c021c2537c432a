// SPDX-License-Identifier: GPL-2.0
/*
 * explain --batch: many packets, each for itself, one line each.
 *
 * A packet that comes in meets the tree of its device, and, if that lets it by,
 * ingress; one that starts here meets egress, and the tree of its device. Whoever
 * decides last has decided. There is no routing here: what comes in ends behind
 * ingress. The machine has no addresses, and no connection is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"
#include "compile.h"
#include "diag.h"
#include "mock_set.h"
#include "oracle.h"
#include "packet_text.h"
#include "sema_sample.h"
#include "parse.h"
#include "source.h"
#include "tuple.h"
#include "explain.h"

struct batch {
	struct fwt_policy_ast *ast;
	struct fwt_blob blob;
	struct fwt_program prog;
	struct fwt_oracle oracle;
	struct fwt_mock_sets *sets;
	void *scratch;
	bool linear;
};

/* Who decided: where it is written. */
struct outcome {
	u8 verdict;
	u32 file;
	u32 line;	/* 0: no rule */
};

static bool name_fits(const struct fwt_value *v, const char *name)
{
	size_t len = strlen(v->text);

	if (v->flags & FWT_VALUE_WILDCARD)
		return !strncmp(v->text, name, len - 1);
	return !strcmp(v->text, name);
}

/* The policy's tree for a hook, and its entry in the program. */
static const struct fwt_ast_hook *hook_for(const struct batch *b, u8 hook, const char *dev,
					   u32 *root)
{
	const struct fwt_ast_hook *h;
	const struct fwt_value *v;
	u32 n = 0;

	for (h = b->ast->hooks; h; h = h->next) {
		bool same = h->egress + 2 * h->device == hook;

		if (!h->device) {
			*root = b->prog.hook[n++].root;
			if (same)
				return h;
			continue;
		}
		for (v = h->devices.first; v; v = v->next) {
			*root = b->prog.hook[n++].root;
			if (same && name_fits(v, dev))
				return h;
		}
	}
	return NULL;
}

/* As the module's hooks tell them apart, where no connection is known. */
static u8 state_of(const struct fwt_packet *p)
{
	bool multicast = p->family == 4 ? p->daddr[0] >> 28 == 14 || p->daddr[0] == ~0u :
					  p->daddr[0] >> 24 == 0xff;

	if (multicast || p->protocol == 2)
		return FWT_CT_UNTRACKED;
	if (p->have & FWT_HAVE_ICMPV6 &&
	    ((p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143))
		return FWT_CT_UNTRACKED;
	return fwt_tuple_opens(p) ? FWT_CT_NEW : FWT_CT_INVALID;
}

/* Returns whether the packet goes on. */
static bool meet(const struct batch *b, u8 hook, const struct fwt_packet_text *t,
		 struct outcome *o)
{
	struct fwt_mock_env env = {
		.env = { .ops = &fwt_mock_ops, .seed = 1 }, .sets = b->sets,
	};
	struct fwt_packet p = t->p;
	const struct fwt_ast_hook *h;
	u32 root = 0;

	h = hook_for(b, hook, t->name, &root);
	if (!h)
		return true;
	p.hook = hook;
	p.ct_state = h->device ? FWT_CT_UNTRACKED : state_of(&p);
	if (b->linear) {
		struct fwt_oracle_result r;

		fwt_oracle_walk(&b->oracle, h, &p, &env.env, &r);
		o->verdict = r.verdict;
		o->file = r.rule ? r.rule->loc.file : 0;
		o->line = r.rule ? r.rule->loc.line : 0;
	} else {
		struct fwt_decision d;

		fwt_walk(&b->prog, root, &p, &env.env, &d);
		o->verdict = d.verdict;
		o->file = d.rule == FWT_NONE ? 0 : b->prog.rule[d.rule].file;
		o->line = d.rule == FWT_NONE ? 0 : b->prog.rule[d.rule].line;
	}
	return o->verdict == FWT_VERDICT_ACCEPT;
}

static void decide(const struct batch *b, const struct fwt_packet_text *t, struct outcome *o)
{
	*o = (struct outcome){ .verdict = FWT_VERDICT_ACCEPT };
	if (t->out) {
		if (t->p.have & FWT_HAVE_IP && !meet(b, FWT_HOOK_EGRESS, t, o))
			return;
		meet(b, FWT_HOOK_DEV_EGRESS, t, o);
		return;
	}
	if (meet(b, FWT_HOOK_DEV_INGRESS, t, o) && t->p.have & FWT_HAVE_IP)
		meet(b, FWT_HOOK_INGRESS, t, o);
}

static void put(const struct batch *b, const struct outcome *o)
{
	static const char *const name[] = { "accept", "drop", "reject" };
	char where[320] = "-";

	if (o->line && o->file)
		snprintf(where, sizeof(where), "%s:%u",
			 b->ast->sources->source[o->file]->name, o->line);
	else if (o->line)
		snprintf(where, sizeof(where), "%u", o->line);
	out_object(NULL);
	out_str("verdict", name[o->verdict]);
	out_str("rule", o->line ? where : NULL);
	out_end();
	out_text("%s\t%s\n", name[o->verdict], where);
}

static int packets(const struct batch *b, const char *path)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char *line = NULL, error[160];
	struct fwt_packet_text t;
	struct outcome o;
	size_t room = 0;
	int n, column, ret = 0;

	if (!in)
		return out_error(NULL, "%s: %s", path, strerror(errno));
	out_array(NULL);
	for (n = 1; !ret && getline(&line, &room, in) > 0; n++) {
		const char *begin = line + strspn(line, " \t\r\n");

		if (!*begin || *begin == '#')
			continue;
		column = fwt_packet_read(&t, line, error, sizeof(error));
		if (column) {
			ret = out_error(NULL, "%s:%d:%d: %s", path, n, column, error);
			break;
		}
		decide(b, &t, &o);
		put(b, &o);
	}
	out_end();
	free(line);
	if (in != stdin)
		fclose(in);
	return ret;
}

static int run(const char *policy, const char *path, bool linear)
{
	struct fwt_mock_sets sets = { 0 };
	struct batch b = { .linear = linear, .sets = &sets };
	struct fwt_compile_opts opts = { .no_warnings = true };
	struct fwt_verify_error err;
	struct fwt_diag diag;
	int ret;

	fwt_diag_init(&diag);
	b.ast = fwt_parse_file(policy, &diag, NULL);
	ret = b.ast ? fwt_compile(b.ast, &diag, &opts, &b.blob) : -1;
	if (ret) {
		ret = out_diag_errors(&diag);
		goto out;
	}
	b.scratch = malloc(fwt_verify_scratch(b.blob.data, b.blob.len));
	b.oracle.ast = b.ast;
	b.oracle.resolver = fwt_resolver_alloc();
	if (!b.scratch || !b.oracle.resolver)
		ret = out_error(NULL, "out of memory");
	else if (fwt_verify(b.blob.data, b.blob.len, b.scratch, &b.prog, &err))
		ret = out_error(NULL, "%s", err.text);
	else if (b.prog.n[FWT_SEC_FILTERS])
		ret = out_error("'fwctl explain' of one packet, or with --pcap, makes them",
				"the policy has 'bpf', and the packets of a batch have no bytes");
	else if (b.prog.n[FWT_SEC_FOREIGN])
		ret = out_error("'fwctl test' and a packet alone take 'node NAME ANSWER'",
				"the policy has nodes of other modules, which nobody answers for");
	else if (!fwt_mock_sets_init(&sets, &b.prog))
		ret = out_error(NULL, "out of memory");
	else
		ret = packets(&b, path);
	fwt_mock_sets_clean(&sets);
	fwt_resolver_free(b.oracle.resolver);
	free(b.scratch);
out:
	fwt_blob_free(&b.blob);
	fwt_ast_free(b.ast);
	fwt_diag_clean(&diag);
	return ret;
}

int explain_batch(const struct explain *e)
{
	return run(e->policy, e->batch, !strcmp(e->engine, "linear"));
}

/* All that is left is the packet, quoted or not. */
static char *joined(int argc, char **argv)
{
	size_t len = 1;
	char *text;
	int i;

	for (i = 0; i < argc; i++)
		len += strlen(argv[i]) + 1;
	text = calloc(1, len);
	for (i = 0; text && i < argc; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, argv[i]);
	}
	return text;
}

static int look(struct fwctl *ctl, const struct explain *e)
{
	if (e->live && (e->policy || e->batch || e->pcap || e->world || e->n_lines))
		return fwctl_usage(ctl, NULL, "--live asks the running kernel, and nothing else");
	if (e->live && !e->packet)
		return fwctl_usage(ctl, NULL, "the packet is missing");
	if (e->live)
		return explain_live(ctl, e);
	if (!e->policy)
		return fwctl_usage(ctl, NULL, "'-f FILE' is missing");
	if (!!e->batch + !!e->pcap + !!e->packet != 1)
		return fwctl_usage(ctl, NULL, e->batch || e->pcap ?
				   "a packet, '--batch PACKETS' or '--pcap FILE': one of them" :
				   "the packet is missing, or '--batch PACKETS', or '--pcap FILE'");
	if (strcmp(e->engine, "compiled") && strcmp(e->engine, "linear"))
		return fwctl_usage(ctl, NULL, "'%s' is no engine: compiled and linear are",
				   e->engine);
	if (e->write && !e->pcap)
		return fwctl_usage(ctl, NULL, "'-w FILE' is for '--pcap FILE'");
	if (e->pcap && !e->dev)
		return fwctl_usage(ctl, NULL, "'--dev IF' is missing: where was it captured");
	return e->batch ? explain_batch(e) : e->pcap ? explain_pcap(e) : explain_one(e);
}

int cmd_explain(struct fwctl *ctl, int argc, char **argv)
{
	struct explain e = { .engine = "compiled" };
	const char **to;
	int i, ret;

	for (i = 0; i < argc && *argv[i] == '-' && argv[i][1]; i++) {
		const char *word = argv[i];
		bool line = !strcmp(word, "--route") || !strcmp(word, "--address");

		if (!strcmp(word, "--live")) {
			e.live = true;
			continue;
		}
		to = !strcmp(word, "-f") ? &e.policy : !strcmp(word, "--batch") ? &e.batch :
		     !strcmp(word, "--engine") ? &e.engine : !strcmp(word, "--world") ? &e.world :
		     !strcmp(word, "--pcap") ? &e.pcap : !strcmp(word, "-w") ? &e.write :
		     !strcmp(word, "--dev") ? &e.dev : NULL;
		if (!to && !line)
			return fwctl_usage(ctl, NULL, "'%s' is no option of explain", word);
		if (++i == argc)
			return fwctl_usage(ctl, NULL, "something is missing after '%s'", word);
		if (to) {
			*to = argv[i];
			continue;
		}
		if (e.n_lines == EXPLAIN_LINES)
			return fwctl_usage(ctl, "--world FILE takes any number",
					   "more than %d routes and addresses", EXPLAIN_LINES);
		e.line[e.n_lines].what = word + 2;
		e.line[e.n_lines++].rest = argv[i];
	}
	if (i < argc)
		e.packet = joined(argc - i, argv + i);
	ret = look(ctl, &e);
	free(e.packet);
	return ret;
}
