/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Elements of live sets, as text: what stands in a policy between the braces of
 * "elements =".
 */
#ifndef FWT_SET_TEXT_H
#define FWT_SET_TEXT_H

#include <stdio.h>

#include "diag.h"
#include "program.h"
#include "set_shape.h"

#define FWT_SET_TEXT	512	/* bytes that an element takes at most */

/**
 * fwt_set_type_text() - "addr . port"
 * @types: 4 bits a part
 * @n: parts
 *
 * Return: @buf.
 */
char *fwt_set_type_text(char *buf, size_t size, u32 types, u32 n);

/**
 * fwt_set_elem_text() - an element
 * @types: likewise
 * @n: likewise
 * @six: it has IPv6 addresses
 * @low: its key, or the first one
 * @high: the last one
 *
 * Return: @buf.
 */
char *fwt_set_elem_text(char *buf, size_t size, u32 types, u32 n, bool six, const u32 *low,
			const u32 *high);

/**
 * fwt_set_read() - elements from text, by the compiler
 * @param: parameters of the set
 * @text: "10.0.0.1, 10.0.0.2": as between the braces
 * @file: NULL, or instead of @text the name of a file with an element a line
 * @keys: of a map, the text may leave out what it gives
 * @diag: told what is wrong
 * @out: program, whose object 0 has the elements; to be freed
 * @prog: with its sections
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int fwt_set_read(const u32 *param, const char *text, const char *file, bool keys,
		 struct fwt_diag *diag, struct fwt_blob *out, struct fwt_program *prog);

#endif /* FWT_SET_TEXT_H */
