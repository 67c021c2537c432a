// SPDX-License-Identifier: GPL-2.0
/* Answers of nodes of other modules, made up by who tests. */
#include <stdlib.h>

#include "mock_node.h"

#define WORD	64

struct said {
	char name[FWT_FOREIGN_NAME + 1];
	char branch[WORD];	/* "" where none is said */
	struct fwt_env_node sets;
};

static const char *const set_name[__FWT_NODE_SET_MAX] = {
	[FWT_NODE_SET_MARK] = "mark", [FWT_NODE_SET_CT_MARK] = "ct mark",
	[FWT_NODE_SET_PRIORITY] = "priority", [FWT_NODE_SET_DSCP] = "dscp",
	[FWT_NODE_SET_TTL] = "ttl", [FWT_NODE_SET_MSS] = "mss", [FWT_NODE_SET_VLAN] = "vlan",
};

void fwt_mock_nodes_clean(struct fwt_mock_nodes *m)
{
	free(m->said.data);
	memset(m, 0, sizeof(*m));
}

static struct said *find(const struct fwt_mock_nodes *m, const char *name)
{
	struct said *s = m->said.data;
	u32 i;

	for (i = 0; i < m->said.count; i++)
		if (!strcmp(s[i].name, name))
			return &s[i];
	return NULL;
}

/* The next word; false where there is none, or it is too long. */
static bool next(const char **at, char *word, size_t size)
{
	size_t len;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t");
	if (!len || len >= size)
		return false;
	memcpy(word, *at, len);
	word[len] = 0;
	*at += len;
	return true;
}

/* Behind "set": a field, and a number. */
static bool read_set(struct said *s, const char **at, char *error, size_t size)
{
	char word[WORD], more[WORD];
	unsigned long n;
	char *end;
	u32 i;

	if (!next(at, word, sizeof(word)))
		word[0] = 0;
	if (!strcmp(word, "ct") && next(at, more, sizeof(more)) && !strcmp(more, "mark"))
		strcpy(word, "ct mark");
	for (i = 0; i < __FWT_NODE_SET_MAX && strcmp(set_name[i], word); i++)
		;
	if (i == __FWT_NODE_SET_MAX) {
		snprintf(error, size,
			 "a node sets mark, ct mark, priority, dscp, ttl, mss or vlan");
		return false;
	}
	if (!next(at, more, sizeof(more)) || *more < '0' || *more > '9') {
		snprintf(error, size, "a number is missing behind 'set %s'", word);
		return false;
	}
	n = strtoul(more, &end, 0);
	if (*end || n > UINT32_MAX) {
		snprintf(error, size, "'%s' is no number of 32 bits", more);
		return false;
	}
	s->sets.what |= 1u << i;
	s->sets.value[i] = (u32)n;
	return true;
}

int fwt_mock_nodes_line(struct fwt_mock_nodes *m, const char *line, char *error, size_t size)
{
	struct said new = { 0 }, *s;
	char word[WORD];

	if (!next(&line, word, sizeof(word)) || !next(&line, new.name, sizeof(new.name))) {
		snprintf(error, size, "a node's name is missing");
		return -1;
	}
	while (next(&line, word, sizeof(word))) {
		if (!strcmp(word, "set")) {
			if (!read_set(&new, &line, error, size))
				return -1;
			continue;
		}
		if (new.branch[0] || new.sets.what) {
			snprintf(error, size, "'%s': a node has one answer", word);
			return -1;
		}
		strcpy(new.branch, word);
	}
	if (line[strspn(line, " \t")] || (!new.branch[0] && !new.sets.what)) {
		snprintf(error, size, "as in: node %s yes, or: node %s set mark 7", new.name,
			 new.name);
		return -1;
	}
	new.sets.acts = new.sets.what;
	s = find(m, new.name);
	if (!s) {
		m->said.size = sizeof(*s);
		s = fwt_vec_add(&m->said, 1);
	}
	if (!s) {
		snprintf(error, size, "out of memory");
		return -1;
	}
	*s = new;
	return 0;
}

static int label_of(const struct fwt_program *prog, const struct fwt_prog_foreign *f,
		    const char *word)
{
	u32 i;

	for (i = 0; i < f->n_labels; i++)
		if (!strcmp(prog->string + prog->arg[f->labels + i].name, word))
			return (int)i;
	return FWT_FOREIGN_NONE;
}

int fwt_mock_node(const struct fwt_mock_nodes *m, const struct fwt_program *prog, u32 foreign,
		  struct fwt_env_node *said, const char **asked)
{
	const struct fwt_prog_foreign *f = &prog->foreign[foreign];
	const struct said *s = find(m, prog->string + f->name);

	if (!s || (f->use == FWT_FOREIGN_MATCH && !s->branch[0])) {
		*asked = prog->string + f->name;
		return FWT_FOREIGN_NONE;
	}
	if (f->use == FWT_FOREIGN_MATCH)
		return strcmp(s->branch, "no") && strcmp(s->branch, "none") &&
		       strcmp(s->branch, "0");
	*said = s->sets;
	return f->use == FWT_FOREIGN_MODIFY ? 0 : label_of(prog, f, s->branch);
}
