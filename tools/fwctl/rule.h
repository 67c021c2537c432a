/* SPDX-License-Identifier: GPL-2.0 */
/* A change of one rule, by a patch (cmd_rule.c) or by the text (rule_text.c). */
#ifndef FWCTL_RULE_H
#define FWCTL_RULE_H

#include "ast.h"
#include "delta.h"
#include "fwctl.h"
#include "ssh_connection.h"

/* How far a change came: it is in force, or is for the whole way, or it failed. */
enum way { DONE, WHOLE, FAILED };

/**
 * struct session - what there is to go on from
 * @delta: in force
 * @generation: of it
 * @trial: milliseconds that it is on trial yet, or 0
 */
struct session {
	struct fwt_nl nl;
	struct fwt_delta delta;
	uint32_t generation;
	uint32_t trial;
};

/** session_begin() - 0, or the exit status after having said what is wrong */
int session_begin(struct session *s, struct fwctl *ctl);

/** session_fetch() - the same with @s->nl open; 0 or a negative errno */
int session_fetch(struct session *s);
void session_end(struct session *s);
struct fwt_delta_line *session_line(const struct session *s, uint32_t n);

/** session_defines() - what definitions the policy has; false for too many */
bool session_defines(struct session *s);

/** session_enough() - a walk has room for what the delta adds; false: where it is not known */
bool session_enough(struct session *s);

/**
 * session_room() - has a walk room for all that it meets in a policy
 * @ast: the policy as it would be, freed; NULL where it can't be read
 * @diag: that reading it has told
 *
 * Return: false for the whole way, where what is wrong is told.
 */
bool session_room(struct fwt_policy_ast *ast, struct fwt_diag *diag);

/** session_refused() - of a patch; a whole policy may do what it can't */
bool session_refused(int error);

/** policy_sent() - for fwt_nl_policy_apply() to call; @ctx: of progress_begin() */
void policy_sent(void *ctx, size_t done, size_t len);

/**
 * apply_delta() - put a file in force by its difference
 * @nl: the conversation
 * @path: the file
 * @generation: set where it is in force
 */
enum way apply_delta(struct fwt_nl *nl, const char *path, uint32_t *generation);

/**
 * struct place - which rule is meant
 * @text: as it was typed
 * @id: or NULL
 * @tree: the first one there, or NULL
 * @line: of the text as it is now; 0 for none
 * @file_len: of @text so much is the name of a file; 0 for none
 */
struct place {
	const char *text;
	const char *id;
	const char *tree;
	uint32_t line;
	size_t file_len;
};

enum change_what { CHANGE_ADD, CHANGE_DELETE, CHANGE_REPLACE };

/**
 * struct change - what is to be done
 * @side: of an addition: 0 before the place, 1 behind it
 * @rule: text, not of a deletion
 * @ssh: the connection that whoever changes it has come by, or NULL
 * @force: though that is cut off
 * @trial: milliseconds on trial; 0 for good
 * @shown: set to the line of the place
 */
struct change {
	enum change_what what;
	int side;
	struct place place;
	const char *rule;
	const struct fwt_ssh *ssh;
	bool force;
	uint32_t trial;
	uint32_t shown;
};

/**
 * rule_text_change() - edit the text in force, compile and apply it
 * @nl: the conversation
 * @c: the change
 * @file: receives the name of the file
 * @size: of @file
 * @line: set to the line of the rule
 * @generation: the new one
 * @told: receives warnings
 *
 * Return: 0, or the exit status after having said what is wrong.
 */
int rule_text_change(struct fwt_nl *nl, const struct change *c, char *file, size_t size,
		     uint32_t *line, uint32_t *generation, struct fwt_diag *told);

#endif /* FWCTL_RULE_H */
