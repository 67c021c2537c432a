// SPDX-License-Identifier: GPL-2.0
/* show policy, show tree, show program. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
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

/**
 * struct shown - the text in force, without the program that was compiled from it, which
 *	is several times as much
 * @now: what is in force
 * @files: what the text is of; its digests are not looked at
 * @delta: what is other in it by now
 * @text: of all files
 * @len: bytes of it, and the first @got of them are there
 */
struct shown {
	struct fwt_nl_policy now;
	struct fwt_nl_text files;
	struct fwt_delta delta;
	char *text;
	uint32_t len;
	uint32_t got;
};

/* Of the text at once: the kernel has memory for such an answer at any time. */
#define PART	(15u << 10)
/* How often that is tried which another policy came into. */
#define TRIES	10

static void shown_clean(struct shown *s)
{
	fwt_delta_clean(&s->delta);
	fwt_nl_text_clean(&s->files);
	free(s->text);
	memset(s, 0, sizeof(*s));
}

/* What of the text is there stays, where it is the same yet: each upload has a key of its
 * own, and a patch leaves it alone. False without memory.
 */
static bool take_files(struct shown *s, const struct fwt_nl_text *files)
{
	const struct fwt_nl_file *last = &files->file[files->files - 1];
	bool same = s->text && !memcmp(s->files.key, files->key, sizeof(*files->key));

	fwt_nl_text_clean(&s->files);
	s->files = *files;
	if (same)
		return true;
	free(s->text);
	s->len = last->off + last->len;
	s->got = 0;
	s->text = malloc((size_t)s->len + 1);
	if (s->text)
		fwt_prefault(s->text, s->len);
	return s->text;
}

/* The patch of the generation that is known. 0; 1 for another one; or a negative errno. */
static int fetch_delta(struct shown *s, struct fwt_nl *nl)
{
	uint32_t generation = 0;
	void *blob = NULL;
	size_t len = 0;
	int ret;

	fwt_delta_clean(&s->delta);
	if (!s->now.patch_length)
		return 0;
	ret = fwt_nl_patch_fetch(nl, &blob, &len, &generation);
	if (!ret && (!blob || generation != s->now.generation))
		ret = 1;
	if (!ret) {
		ret = fwt_delta_load(&s->delta, blob, len);
		if (ret)
			snprintf(nl->error, sizeof(nl->error), "%s", ret == -ENOMEM ?
				 "out of memory" : "the patch in force is not one");
	}
	free(blob);
	return ret;
}

/* Likewise what is not there yet of the text. */
static int fetch_parts(struct shown *s, struct fwt_nl *nl)
{
	uint32_t generation, n;
	int ret;

	for (; s->got < s->len; s->got += n) {
		n = s->len - s->got < PART ? s->len - s->got : PART;
		ret = fwt_nl_source_part(nl, s->got, n, s->text + s->got, &generation);
		/* Another text may be shorter, and none may be in force. */
		if (ret == -EINVAL || ret == -EINTR || ret == -ENODATA)
			return 1;
		if (ret)
			return ret;
		if (generation != s->now.generation)
			return 1;
	}
	return 0;
}

/* All of one generation. 0; 1 where the kernel does not know which file is which part of
 * the text; or a negative errno.
 */
static int fetch_text(struct shown *s, struct fwt_nl *nl)
{
	struct fwt_nl_text files;
	uint32_t got;
	int ret, i;

	/* A try that comes further is none in vain. */
	for (i = 0; i < TRIES; i = s->got > got ? 0 : i + 1) {
		got = s->got;
		ret = fwt_nl_policy_get(nl, &s->now);
		if (ret)
			return ret;
		ret = fwt_nl_text_fetch(nl, &files);
		if (ret)
			return ret == -EOPNOTSUPP ? 1 : ret;
		if (files.generation != s->now.generation) {
			fwt_nl_text_clean(&files);
			continue;
		}
		if (!files.files) {
			fwt_nl_text_clean(&files);
			return 1;
		}
		if (!take_files(s, &files)) {
			snprintf(nl->error, sizeof(nl->error), "out of memory");
			return -ENOMEM;
		}
		ret = fetch_delta(s, nl);
		if (!ret)
			ret = fetch_parts(s, nl);
		if (ret <= 0)
			return ret;
	}
	snprintf(nl->error, sizeof(nl->error), "the policy changes too often to be read");
	return -EINTR;
}

/* A file as it is now; to be freed. NULL without memory. */
static char *changed(const struct shown *s, uint32_t file, size_t *len)
{
	const struct fwt_nl_file *f = &s->files.file[file];
	const struct fwt_delta_line *l = s->delta.added.data;
	size_t most = (size_t)f->len + 1;
	char *text;
	FILE *out;
	uint32_t i;

	/* The line before may lack its end. */
	for (i = 0; i < s->delta.added.count; i++)
		most += strlen(l[i].text) + 1;
	text = malloc(most);
	if (!text)
		return NULL;
	fwt_prefault(text, most);
	out = fmemopen(text, most, "w");
	if (!out) {
		free(text);
		return NULL;
	}
	fwt_delta_print(&s->delta, file, s->text + f->off, f->len, out);
	*len = (size_t)ftell(out);
	fclose(out);
	return text;
}

static void print_head(const struct fwt_nl_policy *p, uint32_t generation)
{
	char when[64];

	out_object(NULL);
	out_num("generation", generation);
	if (p->generation == generation)
		out_num("applied", p->applied);
	if (p->trial) {
		out_num("trial", (p->trial + 999) / 1000);
		out_text("# on trial: the former policy comes back in %s\n",
			 trial_text(when, sizeof(when), p->trial));
	}
	out_array("files");
}

/* The text goes back into a file as it is: what is said about it is a comment, and where
 * there is one file and its name is all, nothing.
 */
static void print_file(uint32_t i, uint32_t files, const char *name, const char *text,
		       size_t len)
{
	char clean[300];

	out_object(NULL);
	out_str("name", name);
	out_strn("text", text, len);
	out_end();
	if (files > 1)
		out_text("%s### %s\n", i ? "\n" : "",
			 out_clean(clean, sizeof(clean), name, strlen(name)));
	out_raw(text, len);
	if (len && text[len - 1] != '\n')
		out_text("\n");
}

static void print_end(void)
{
	out_end();
	out_end();
}

/* Where that is not told by its files: as the program has it. */
static int show_program_text(struct fwt_nl *nl, const struct fwt_nl_policy *p)
{
	struct view v;
	uint32_t i;
	int ret;

	ret = view_fetch(&v, nl, false);
	if (ret)
		return ret;
	print_head(p, v.generation);
	for (i = 0; i < v.prog.n[FWT_SEC_FILES]; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *now = open_memstream(&text, &len);

		if (now) {
			view_print_file(&v, i, now);
			fclose(now);
		}
		if (!text) {
			ret = out_error(NULL, "out of memory");
			break;
		}
		print_file(i, v.prog.n[FWT_SEC_FILES],
			   fwt_program_string(&v.prog, v.prog.file[i].name), text, len);
		free(text);
	}
	if (!ret)
		print_end();
	view_clean(&v);
	fwt_nl_close(nl);
	return ret;
}

int cmd_show_policy(struct fwctl *ctl, int argc, char **argv)
{
	struct shown s = { 0 };
	struct fwt_nl nl;
	uint32_t i;
	int ret;

	(void)argc;
	(void)argv;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	fwt_delta_init(&s.delta);
	ret = fetch_text(&s, &nl);
	if (ret) {
		ret = ret < 0 ? fwctl_refused(&nl) : show_program_text(&nl, &s.now);
		shown_clean(&s);
		return ret;
	}
	fwt_nl_close(&nl);
	print_head(&s.now, s.now.generation);
	for (i = 0; !ret && i < s.files.files; i++) {
		const struct fwt_nl_file *f = &s.files.file[i];
		const char *text = s.text + f->off;
		char *now = NULL;
		size_t len = f->len;

		if (s.delta.added.count || s.delta.gone.count) {
			now = changed(&s, i, &len);
			text = now;
		}
		if (text)
			print_file(i, s.files.files, f->name, text, len);
		else
			ret = out_error(NULL, "out of memory");
		free(now);
	}
	if (!ret)
		print_end();
	shown_clean(&s);
	return ret;
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

/**
 * struct trees - the rules of each tree, in their order
 * @name: by tree
 * @first: by tree: its first rule
 * @next: by rule: the next one of its tree, FWT_NONE behind the last
 */
struct trees {
	const char **name;
	uint32_t *first;
	uint32_t *next;
	uint32_t n;
};

/* That of a known one, and that which is looked for. */
static bool same_name(const void *ctx, uint32_t n)
{
	const struct trees *t = ctx;

	return !strcmp(t->name[n], t->name[t->n]);
}

/* Trees may be thousands, and rules a million: each rule is looked at once. */
static bool gather(struct trees *t, const struct fwt_nl_rules *rules)
{
	struct fwt_index index = { 0 };
	uint32_t *last = malloc((rules->count + 1) * sizeof(*last));
	uint32_t i, k = FWT_NONE;
	bool ok;

	t->n = 0;
	t->name = malloc((rules->count + 1) * sizeof(*t->name));
	t->first = malloc((rules->count + 1) * sizeof(*t->first));
	t->next = malloc((rules->count + 1) * sizeof(*t->next));
	ok = last && t->name && t->first && t->next;
	for (i = 0; i < rules->count && ok; i++) {
		const char *name = rules->rule[i].tree;

		t->name[t->n] = name;
		/* Mostly that of the rule before. */
		if (k == FWT_NONE || strcmp(name, t->name[k]))
			k = fwt_index_get(&index, fwt_hash(FWT_HASH_SEED, name, strlen(name)),
					  same_name, t, t->n);
		ok = k != FWT_NONE;
		if (!ok)
			break;
		if (k == t->n) {
			t->first[k] = i;
			t->n++;
		} else {
			t->next[last[k]] = i;
		}
		t->next[i] = FWT_NONE;
		last[k] = i;
	}
	fwt_index_clean(&index);
	free(last);
	return ok;
}

static void trees_clean(struct trees *t)
{
	free(t->name);
	free(t->first);
	free(t->next);
}

static void print_tree(const struct view *v, const struct fwt_nl_rules *rules,
		       const struct trees *t, uint32_t tree)
{
	uint32_t i, depth = 0, ends[64];
	char *text, hits[OUT_HUMAN], name[300];
	const char *called = t->name[tree];

	out_object(NULL);
	out_str("name", called);
	out_array("rules");
	out_text("%s%s\n", is_hook(called) ? "" : "tree ",
		 out_clean(name, sizeof(name), called, strlen(called)));
	for (i = t->first[tree]; i != FWT_NONE; i = t->next[i]) {
		const struct fwt_program *prog;
		const struct fwt_prog_rule *r = view_rule(v, v->order[i], &prog);
		const struct fwt_nl_rule *n = &rules->rule[i];
		uint32_t at = view_position(v, v->order[i]);

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
	struct trees trees;
	struct fwt_nl nl;
	struct view v;
	uint32_t i;
	int ret, pass;

	(void)argc;
	(void)argv;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	ret = fetch_both(&v, &rules, &nl);
	if (ret)
		return ret;
	if (!gather(&trees, &rules)) {
		ret = out_error(NULL, "out of memory");
		goto out;
	}
	out_object(NULL);
	out_num("generation", v.generation);
	out_array("trees");
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < trees.n; i++)
			if (is_hook(trees.name[i]) == !pass)
				print_tree(&v, &rules, &trees, i);
	out_end();
	out_end();
out:
	trees_clean(&trees);
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
