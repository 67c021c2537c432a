/* SPDX-License-Identifier: GPL-2.0 */
/*
 * c-ares, for asking DNS alone: see load.h.
 */
#ifndef FWCTL_ARES_LOAD_H
#define FWCTL_ARES_LOAD_H

#include <ares.h>

/* What is used of it, without "ares_". */
#define ARES_FUNCTIONS(F)	\
	F(cancel)		\
	F(destroy)		\
	F(freeaddrinfo)		\
	F(getaddrinfo)		\
	F(init_options)		\
	F(library_cleanup)	\
	F(library_init)		\
	F(process_fd)		\
	F(strerror)		\
	F(timeout)

struct ares {
#define MEMBER(name)	__typeof__(ares_##name) *name;
	ARES_FUNCTIONS(MEMBER)
#undef MEMBER
};

/**
 * ares_load() - have c-ares
 * @error: what is wrong, where it can't be had
 * @size: of @error
 *
 * Return: its functions, NULL where @error says why.
 */
const struct ares *ares_load(char *error, size_t size);

#endif /* FWCTL_ARES_LOAD_H */
