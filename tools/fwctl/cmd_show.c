// SPDX-License-Identifier: GPL-2.0
/* show policy, show tree, show program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "program_view.h"
#include "trial.h"

const char *fwctl_hooks(char *buf, size_t size, uint32_t hooks)
{
	static const char *const name[] = {
		[FWT_HOOK_INGRESS] = "ingress", [FWT_HOOK_EGRESS] = "egress",
		[FWT_HOOK_DEV_INGRESS] = "ingress device",
		[FWT_HOOK_DEV_EGRESS] = "egress device",
	};
	size_t n = 0;
	unsigned int i;

	snprintf(buf, size, "%s", hooks ? "" : "none");
	for (i = 0; i < __FWT_HOOK_MAX && n < size; i++)
		if (hooks & FWT_HOOK_BIT(i))
			n += snprintf(buf + n, size - n, "%s%s", n ? "," : "",
				      name[i]);
	return buf;
}

int cmd_show_policy(struct fwctl *ctl, int argc, char **argv)
{
	const struct fwt_program *prog;
	struct fwt_nl_policy p;
	struct fwt_nl nl;
	struct view v;
	time_t applied;
	char when[64];
	uint32_t i;
	int ret;

	(void)argc;
	(void)argv;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_policy_get(&nl, &p))
		return fwctl_refused(&nl);
	ret = view_fetch(&v, &nl, false);
	if (ret)
		return ret;
	prog = &v.prog;
	applied = p.applied;
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime(&applied));
	out_object(NULL);
	out_num("generation", v.generation);
	if (p.generation == v.generation)
		out_num("applied", p.applied);
	if (p.trial) {
		out_num("trial", (p.trial + 999) / 1000);
		out_text("# on trial: the former policy comes back in %s\n",
			 trial_text(when, sizeof(when), p.trial));
	}
	out_array("files");
	/* The text goes back into a file as it is: what is said about it is a
	 * comment, and where there is one file and its name is all, nothing.
	 */
	for (i = 0; i < prog->n[FWT_SEC_FILES]; i++) {
		const struct fwt_prog_file *f = &prog->file[i];
		const char *name = fwt_program_string(prog, f->name);
		char clean[300], *text = NULL;
		size_t len = 0;
		FILE *now = open_memstream(&text, &len);

		if (now) {
			view_print_file(&v, i, now);
			fclose(now);
		}
		if (!text)
			return out_error(NULL, "out of memory");
		out_object(NULL);
		out_str("name", name);
		out_strn("text", text, len);
		out_end();
		if (prog->n[FWT_SEC_FILES] > 1)
			out_text("%s### %s\n", i ? "\n" : "",
				 out_clean(clean, sizeof(clean), name, strlen(name)));
		out_raw(text, len);
		if (len && text[len - 1] != '\n')
			out_text("\n");
		free(text);
	}
	out_end();
	out_end();
	view_clean(&v);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}

/* A program and the counts of its rules, of one generation. */
static int fetch_both(struct view *v, struct fwt_nl_rules *rules, struct fwt_nl *nl)
{
	int ret, i;

	for (i = 0; i < 10; i++) {
		ret = view_fetch(v, nl, false);
		if (ret)
			return ret;
		if (fwt_nl_rules_get(nl, rules)) {
			view_clean(v);
			return fwctl_refused(nl);
		}
		if (view_sort(v, rules))
			return 0;
		view_clean(v);
		fwt_nl_rules_clean(rules);
	}
	fwt_nl_close(nl);
	return out_error(NULL, "the policy changes too often to be read");
}

/* "ingress" or "ingress device d0"; a tree may well be called ingress-lan. */
static bool is_hook(const char *tree)
{
	size_t len = strcspn(tree, " ");

	return (len == 7 && !memcmp(tree, "ingress", len)) ||
	       (len == 6 && !memcmp(tree, "egress", len));
}

static void print_tree(const struct view *v, const struct fwt_nl_rules *rules,
		       const char *tree)
{
	uint32_t i, depth, ends[64];
	char *text, hits[OUT_HUMAN], name[300];

	out_object(NULL);
	out_str("name", tree);
	out_array("rules");
	out_text("%s%s\n", is_hook(tree) ? "" : "tree ",
		 out_clean(name, sizeof(name), tree, strlen(tree)));
	for (i = depth = 0; i < v->n_rules; i++) {
		const struct fwt_program *prog;
		const struct fwt_prog_rule *r = view_rule(v, v->order[i], &prog);
		const struct fwt_nl_rule *n = &rules->rule[i];
		uint32_t at = view_position(v, v->order[i]);

		if (strcmp(n->tree, tree))
			continue;
		while (depth && at >= ends[depth - 1])
			depth--;
		text = view_rule_text(v, v->order[i]);
		out_object(NULL);
		out_str("id", n->id);
		out_str("file", n->file);
		out_num("line", n->line);
		out_num("depth", depth);
		out_str("text", text);
		out_num("hits", n->hits);
		out_num("packets", n->packets);
		out_num("bytes", n->bytes);
		out_end();
		out_text("%10s  %*s%s\n",
			 out_human(hits, sizeof(hits), OUT_COUNT, n->hits),
			 4 * (int)depth, "", text ? text : "");
		free(text);
		if (prog == &v->prog && depth < sizeof(ends) / sizeof(*ends))
			ends[depth++] = at + r->text_len;
	}
	out_end();
	out_end();
}

int cmd_show_tree(struct fwctl *ctl, int argc, char **argv)
{
	struct fwt_nl_rules rules;
	struct fwt_nl nl;
	struct view v;
	uint32_t i, k, n = 0;
	const char **seen;
	int ret, pass;

	(void)argc;
	(void)argv;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	ret = fetch_both(&v, &rules, &nl);
	if (ret)
		return ret;
	seen = calloc(rules.count + 1, sizeof(*seen));
	if (!seen) {
		ret = out_error(NULL, "out of memory");
		goto out;
	}
	/* Trees are few, rules may be many: so names are gathered first. */
	for (i = 0; i < rules.count; i++) {
		for (k = n; k && strcmp(seen[k - 1], rules.rule[i].tree); k--)
			;
		if (!k)
			seen[n++] = rules.rule[i].tree;
	}
	out_object(NULL);
	out_num("generation", v.generation);
	out_array("trees");
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < n; i++)
			if (is_hook(seen[i]) == !pass)
				print_tree(&v, &rules, seen[i]);
	out_end();
	out_end();
	free(seen);
out:
	fwt_nl_rules_clean(&rules);
	view_clean(&v);
	fwt_nl_close(&nl);
	return ret;
}

int cmd_show_program(struct fwctl *ctl, int argc, char **argv)
{
	char bytes[OUT_HUMAN];
	struct fwt_nl nl;
	struct view v;
	int ret;

	(void)argc;
	(void)argv;
	ret = view_open(&v, ctl, &nl, true);
	if (ret)
		return ret;
	out_object(NULL);
	out_num("generation", v.generation);
	out_num("bytes", v.len);
	out_num("steps_max", v.prog.steps_max);
	out_num("depth", v.prog.depth_max);
	out_text("generation %u, %s, at most %u steps, calls nest %u deep\n\n",
		 v.generation, out_human(bytes, sizeof(bytes), OUT_BYTES, v.len),
		 v.prog.steps_max, v.prog.depth_max);
	view_print_nodes(&v);
	out_end();
	view_clean(&v);
	fwt_nl_close(&nl);
	return FWCTL_DONE;
}
