/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Libraries that are loaded by whoever needs them.
 *
 * What is linked comes with each start of fwctl, whatever it is started for. libpcap
 * alone brings eight more (D-Bus, systemd's, compression, cryptography): with them a
 * start took twice as long as it takes to change a rule.
 */
#ifndef FWT_LOAD_H
#define FWT_LOAD_H

#include <stddef.h>

/**
 * struct fwt_library - where to find one
 * @name: as people call it
 * @package: Debian's, in which it is
 * @file: names of its file, which are tried in turn, up to NULL
 * @symbol: names of its functions, up to NULL
 */
struct fwt_library {
	const char *name;
	const char *package;
	const char *const *file;
	const char *const *symbol;
};

/**
 * fwt_load() - load it, for good
 * @l: the library
 * @to: set to its functions: pointers, in the order of @l->symbol
 * @error: what is wrong
 * @size: of @error
 *
 * Return: 0; -1 where @error says why.
 */
int fwt_load(const struct fwt_library *l, void *to, char *error, size_t size);

#endif /* FWT_LOAD_H */
