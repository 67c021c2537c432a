/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands share. */
#ifndef FWCTL_H
#define FWCTL_H

#include "nl.h"
#include "out.h"

/* Exit status. */
#define FWCTL_DONE	0
#define FWCTL_FAILED	1
#define FWCTL_USAGE	2

struct command;

/**
 * struct fwctl - an invocation
 * @netns: of -n, NULL for the own one
 * @command: that was asked for
 */
struct fwctl {
	const char *netns;
	const struct command *command;
};

/**
 * struct command - a line of the table
 * @name: one word, or object and command
 * @args: how its arguments are written
 * @min: as many there must be
 * @max: as many there may be, -1 for any number
 * @run: does it; returns the exit status
 * @help: what it does, in a line
 * @more: further lines for -h, or NULL
 */
struct command {
	const char *name;
	const char *args;
	int min;
	int max;
	int (*run)(struct fwctl *ctl, int argc, char **argv);
	const char *help;
	const char *more;
};

extern const struct command fwctl_commands[];

/**
 * fwctl_word() - which of some words is meant
 * @word: as typed, may be shortened
 * @words: ends with NULL
 *
 * Return: its index; -1 after having said what was not understood.
 */
int fwctl_word(const char *word, const char *const *words, const char *what);

/* Is it written as an option: "-" alone is standard input. */
static inline bool fwctl_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/** fwctl_usage() - say what is wrong and how it is written; returns FWCTL_USAGE */
int fwctl_usage(struct fwctl *ctl, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * fwctl_open() - a conversation with the module
 *
 * Return: 0, or the exit status after having said why not.
 */
int fwctl_open(struct fwctl *ctl, struct fwt_nl *nl);

/** fwctl_refused() - end it, saying what nl->error holds; returns FWCTL_FAILED */
int fwctl_refused(struct fwt_nl *nl);

/** fwctl_hooks() - "ingress,egress"; returns @buf */
const char *fwctl_hooks(char *buf, size_t size, uint32_t hooks);

/** fwctl_joined() - words with a blank between them; for free(), NULL without memory */
char *fwctl_joined(int argc, char **argv);

struct view;

/** policy_figures() - "3 rules, 12 nodes, 1.2 kB": of a policy just compiled */
void policy_figures(const char *path, const struct view *v);

int cmd_check(struct fwctl *ctl, int argc, char **argv);
int cmd_diff(struct fwctl *ctl, int argc, char **argv);
int cmd_graph(struct fwctl *ctl, int argc, char **argv);
int cmd_apply(struct fwctl *ctl, int argc, char **argv);
int cmd_rule_add(struct fwctl *ctl, int argc, char **argv);
int cmd_rule_delete(struct fwctl *ctl, int argc, char **argv);
int cmd_rule_replace(struct fwctl *ctl, int argc, char **argv);
int cmd_confirm(struct fwctl *ctl, int argc, char **argv);
int cmd_rollback(struct fwctl *ctl, int argc, char **argv);
int cmd_flush(struct fwctl *ctl, int argc, char **argv);
int cmd_show_policy(struct fwctl *ctl, int argc, char **argv);
int cmd_show_tree(struct fwctl *ctl, int argc, char **argv);
int cmd_show_program(struct fwctl *ctl, int argc, char **argv);
int cmd_show_timeouts(struct fwctl *ctl, int argc, char **argv);
int cmd_stats(struct fwctl *ctl, int argc, char **argv);
int cmd_conn_list(struct fwctl *ctl, int argc, char **argv);
int cmd_conn_count(struct fwctl *ctl, int argc, char **argv);
int cmd_conn_delete(struct fwctl *ctl, int argc, char **argv);
int cmd_conn_flush(struct fwctl *ctl, int argc, char **argv);
int cmd_node_list(struct fwctl *ctl, int argc, char **argv);
int cmd_pool_list(struct fwctl *ctl, int argc, char **argv);
int cmd_pool_add(struct fwctl *ctl, int argc, char **argv);
int cmd_pool_delete(struct fwctl *ctl, int argc, char **argv);
int cmd_pool_drain(struct fwctl *ctl, int argc, char **argv);
int cmd_pool_weight(struct fwctl *ctl, int argc, char **argv);
int cmd_resolve(struct fwctl *ctl, int argc, char **argv);
int cmd_set_list(struct fwctl *ctl, int argc, char **argv);
int cmd_set_add(struct fwctl *ctl, int argc, char **argv);
int cmd_set_delete(struct fwctl *ctl, int argc, char **argv);
int cmd_set_flush(struct fwctl *ctl, int argc, char **argv);
int cmd_monitor(struct fwctl *ctl, int argc, char **argv);
int cmd_explain(struct fwctl *ctl, int argc, char **argv);
int cmd_test(struct fwctl *ctl, int argc, char **argv);
int cmd_import_classbench(struct fwctl *ctl, int argc, char **argv);

#endif /* FWCTL_H */
