// SPDX-License-Identifier: GPL-2.0
/* Nodes of other modules in words. */
#include <arpa/inet.h>

#include "node_text.h"

static void value(const struct fwt_prog_arg *a, const char *string, char *buf, size_t size)
{
	bool six = a->type == FWT_ARG_ADDR6;
	unsigned long long n = (u64)a->word[1] << 32 | a->word[0];
	char text[INET6_ADDRSTRLEN];
	u8 addr[16];
	u32 i;

	buf[0] = 0;
	switch (a->type) {
	case FWT_ARG_NUMBER:
		snprintf(buf, size, " %llu", n);
		return;
	case FWT_ARG_DURATION:
		snprintf(buf, size, " %llums", n);
		return;
	case FWT_ARG_STRING:
		snprintf(buf, size, " \"%s\"", string + a->word[0]);
		return;
	case FWT_ARG_ADDR4:
	case FWT_ARG_ADDR6:
		for (i = 0; i < 4; i++)
			put_unaligned_be32(a->word[i], addr + 4 * i);
		inet_ntop(six ? AF_INET6 : AF_INET, addr, text, sizeof(text));
		snprintf(buf, size, a->plen == (six ? 128 : 32) ? " %s" : " %s/%u", text,
			 a->plen);
		return;
	}
}

void fwt_node_words(const struct fwt_prog_foreign *f, const struct fwt_prog_arg *arg,
		    const char *string, char *buf, size_t size)
{
	static const char *const word[] = {
		[FWT_FOREIGN_MATCH] = "node", [FWT_FOREIGN_SELECT] = "node",
		[FWT_FOREIGN_MODIFY] = "modify",
	};
	char text[300];
	size_t n;
	u32 i;

	n = (size_t)snprintf(buf, size, "%s %s", word[f->use], string + f->name);
	for (i = 0; i < f->n_args && n < size; i++) {
		const struct fwt_prog_arg *a = &arg[f->first + i];

		value(a, string, text, sizeof(text));
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s", i ? ", " : " { ",
				      string + a->name, text);
	}
	if (f->n_args && n < size)
		snprintf(buf + n, size - n, " }");
}
