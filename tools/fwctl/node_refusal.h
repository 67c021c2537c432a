/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWCTL_NODE_REFUSAL_H
#define FWCTL_NODE_REFUSAL_H

#include "program_view.h"

/**
 * node_refused() - was it a node of another module that the kernel refused
 * @v: the program, verified
 * @error: what the kernel said
 *
 * Tells where it is written. Return: false where it was something else.
 */
bool node_refused(const struct view *v, const char *error);

#endif /* FWCTL_NODE_REFUSAL_H */
