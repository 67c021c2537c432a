/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWT_NODE_TEXT_H
#define FWT_NODE_TEXT_H

#include "tree.h"

/**
 * fwt_node_words() - a node of another module, as a policy would have it
 * @f: it
 * @arg: ARGS of its program
 * @string: STRINGS
 * @buf: "node NAME { x 1, y }"; cut where it is too long
 * @size: of @buf
 *
 * Return: the length without the NUL, as snprintf() would.
 */
size_t fwt_node_words(const struct fwt_prog_foreign *f, const struct fwt_prog_arg *arg,
		      const char *string, char *buf, size_t size);

#endif /* FWT_NODE_TEXT_H */
