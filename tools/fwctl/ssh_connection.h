/* SPDX-License-Identifier: GPL-2.0 */
/* The connection that whoever calls fwctl has come by. */
#ifndef FWCTL_SSH_CONNECTION_H
#define FWCTL_SSH_CONNECTION_H

#include "analyse.h"
#include "diag.h"

enum ssh_where {
	SSH_NONE,
	SSH_UNKNOWN,	/* there is one; not to this namespace, or the kernel does not say */
	SSH_HERE,	/* it ends in the namespace */
};

/**
 * ssh_connection() - find it: SSH_CONNECTION, and what the kernel knows of its ends
 * @netns: the namespace that is asked about, NULL for the own one
 * @ssh: filled in, unless there is none
 *
 * sudo takes the variable away: behind it, that of an ancestor counts.
 */
enum ssh_where ssh_connection(const char *netns, struct fwt_ssh *ssh);

/**
 * ssh_cut_off() - would a policy cut it off
 * @ast: without errors
 * @warn: it is said, and no more
 * @diag: told of the rule that does
 */
bool ssh_cut_off(const struct fwt_ssh *ssh, const struct fwt_policy_ast *ast, bool warn,
		 struct fwt_diag *diag);

#endif /* FWCTL_SSH_CONNECTION_H */
