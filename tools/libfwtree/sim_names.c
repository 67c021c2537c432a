// SPDX-License-Identifier: GPL-2.0
/*
 * DNS names in a simulation: they stand for what a test says. Said anew, sets change as
 * by "fwctl resolve".
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "ast.h"
#include "dns_state.h"
#include "sim.h"
#include "sim_names.h"

/* What a simulation knows of names. */
struct sim_names {
	struct fwt_dns_book book;
	struct fwt_policy_ast *ast;
};

static struct sim_names *names_of(struct fwt_sim *sim)
{
	void **at = sim_names_at(sim);

	if (!*at)
		*at = calloc(1, sizeof(struct sim_names));
	return *at;
}

const struct fwt_dns_book *sim_names_book(struct fwt_sim *sim)
{
	struct sim_names *n = names_of(sim);

	return n ? &n->book : NULL;
}

void sim_names_policy(struct fwt_sim *sim, struct fwt_policy_ast *ast)
{
	struct sim_names *n = names_of(sim);

	if (!n) {
		fwt_ast_free(ast);
		return;
	}
	fwt_ast_free(n->ast);
	n->ast = ast;
}

const struct fwt_policy_ast *sim_names_ast(struct fwt_sim *sim)
{
	const struct sim_names *n = *sim_names_at(sim);

	return n ? n->ast : NULL;
}

void sim_names_free(struct fwt_sim *sim)
{
	struct sim_names *n = *sim_names_at(sim);

	if (!n)
		return;
	fwt_dns_clean(&n->book);
	fwt_ast_free(n->ast);
	free(n);
	*sim_names_at(sim) = NULL;
}

bool sim_is_name_line(const char *line)
{
	size_t len = strcspn(line, " \t");

	return (len == 4 && !memcmp(line, "name", 4)) ||
	       (len == 9 && !memcmp(line, "resolvers", 9));
}

static bool next_word(const char **at, char *word, size_t size)
{
	size_t len;

	*at += strspn(*at, " \t,\r\n");
	len = strcspn(*at, " \t,\r\n");
	snprintf(word, size, "%.*s", (int)len, *at);
	*at += len;
	return len;
}

static bool read_addr(const char *word, struct fwt_dns_addr *a)
{
	bool six = strchr(word, ':');
	u8 bytes[16];

	if (inet_pton(six ? AF_INET6 : AF_INET, word, bytes) != 1)
		return false;
	fwt_dns_addr_read(a, six, bytes);
	return true;
}

bool sim_names_read(struct fwt_dns_book *book, const char *line, char *error, size_t size)
{
	char word[300], name[FWT_DNS_NAME_MAX + 1] = FWT_DNS_RESOLVERS;
	struct fwt_dns_entry *e;
	struct fwt_dns_addr a;
	const char *why;

	next_word(&line, word, sizeof(word));
	if (!strcmp(word, "name")) {
		if (!next_word(&line, word, sizeof(word))) {
			snprintf(error, size, "a name is missing");
			return false;
		}
		why = fwt_dns_name(word, name);
		if (why) {
			snprintf(error, size, "'%.80s' is no DNS name: %s", word, why);
			return false;
		}
	}
	e = fwt_dns_entry(book, name);
	if (!e)
		return false;
	e->addr.count = 0;
	while (next_word(&line, word, sizeof(word))) {
		if (!read_addr(word, &a)) {
			snprintf(error, size, "'%.80s' is no address", word);
			return false;
		}
		if (!fwt_dns_add(e, &a))
			return false;
	}
	return true;
}

static bool elements(const struct fwt_policy_ast *ast, const struct fwt_set *set,
		     const struct fwt_dns_book *book, struct fwt_vec *to)
{
	u32 param[FWT_OBJECT_PARAMS];
	struct fwt_elems elems[2];
	bool ok;

	if (fwt_set_elements(ast, set, book, elems, param))
		return false;
	ok = fwt_dns_elems_add(to, elems);
	fwt_elems_clean(&elems[0]);
	fwt_elems_clean(&elems[1]);
	return ok;
}

static bool refresh(struct fwt_sim *sim, const struct sim_names *n, const struct fwt_set *set)
{
	struct fwt_vec now = { 0 }, written = { 0 }, all = { 0 };
	struct fwt_dns_plan plan;
	bool ok;

	fwt_dns_plan_init(&plan);
	ok = elements(n->ast, set, NULL, &written) && elements(n->ast, set, &n->book, &all) &&
	     sim_set_dump(sim, set->name.text, &now) &&
	     fwt_dns_plan(&plan, &now, &written, &all, NULL);
	if (ok) {
		sim_set_change(sim, set->name.text, &plan.add, true);
		sim_set_change(sim, set->name.text, &plan.del, false);
	}
	fwt_dns_plan_clean(&plan);
	free(now.data);
	free(written.data);
	free(all.data);
	return ok;
}

int sim_names_line(struct fwt_sim *sim, const char *line)
{
	struct sim_names *n = names_of(sim);
	char error[200] = "out of memory";
	const struct fwt_set *set;

	if (!n || !sim_names_read(&n->book, line, error, sizeof(error)))
		return sim_set_error(sim, "%s", error);
	for (set = n->ast ? n->ast->sets : NULL; set; set = set->next)
		if ((set->names.count || set->resolvers) && !refresh(sim, n, set))
			return sim_set_error(sim, "out of memory");
	return 0;
}
