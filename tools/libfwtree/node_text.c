// SPDX-License-Identifier: GPL-2.0
/* Nodes of other modules in words. */
#include <arpa/inet.h>

#include "node_text.h"

static int value(const struct fwt_prog_arg *a, const char *string, char *buf, size_t size)
{
	bool six = a->type == FWT_ARG_ADDR6;
	unsigned long long n = (u64)a->word[1] << 32 | a->word[0];
	char text[INET6_ADDRSTRLEN];
	u8 addr[16];
	u32 i;

	switch (a->type) {
	case FWT_ARG_NUMBER:
		return snprintf(buf, size, " %llu", n);
	case FWT_ARG_DURATION:
		return snprintf(buf, size, " %llums", n);
	case FWT_ARG_STRING:
		return snprintf(buf, size, " \"%s\"", string + a->word[0]);
	case FWT_ARG_ADDR4:
	case FWT_ARG_ADDR6:
		for (i = 0; i < 4; i++)
			put_unaligned_be32(a->word[i], addr + 4 * i);
		inet_ntop(six ? AF_INET6 : AF_INET, addr, text, sizeof(text));
		return snprintf(buf, size, a->plen == (six ? 128 : 32) ? " %s" : " %s/%u", text,
				a->plen);
	}
	return 0;
}

/* What is left of @size bytes behind @n, of which snprintf() is told. */
static size_t left(size_t size, size_t n)
{
	return n < size ? size - n : 0;
}

size_t fwt_node_words(const struct fwt_prog_foreign *f, const struct fwt_prog_arg *arg,
		      const char *string, char *buf, size_t size)
{
	static const char *const word[] = {
		[FWT_FOREIGN_MATCH] = "node", [FWT_FOREIGN_SELECT] = "node",
		[FWT_FOREIGN_MODIFY] = "modify",
	};
	size_t n;
	u32 i;

	n = (size_t)snprintf(buf, size, "%s %s", word[f->use], string + f->name);
	for (i = 0; i < f->n_args; i++) {
		const struct fwt_prog_arg *a = &arg[f->first + i];

		n += (size_t)snprintf(buf + min(n, size), left(size, n), "%s%s", i ? ", " : " { ",
				      string + a->name);
		n += (size_t)value(a, string, buf + min(n, size), left(size, n));
	}
	if (f->n_args)
		n += (size_t)snprintf(buf + min(n, size), left(size, n), " }");
	return n;
}
