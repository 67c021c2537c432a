// SPDX-License-Identifier: GPL-2.0
/* The machine's own DNS servers, see dns_conf.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns_conf.h"

#define STUB_FIRST	0x7f000035u	/* 127.0.0.53 */
#define STUB_LAST	0x7f000036u

static bool server(char *line, struct fwt_dns_addr *a)
{
	static const char word[] = "nameserver";
	char *at = line + sizeof(word) - 1;
	u8 bytes[16];

	if (strncmp(line, word, sizeof(word) - 1) || (*at != ' ' && *at != '\t'))
		return false;
	at += strspn(at, " \t");
	at[strcspn(at, " \t\r\n%")] = 0;
	if (inet_pton(AF_INET, at, bytes) == 1)
		fwt_dns_addr_read(a, false, bytes);
	else if (inet_pton(AF_INET6, at, bytes) == 1)
		fwt_dns_addr_read(a, true, bytes);
	else
		return false;
	return true;
}

static int read_file(const char *path, struct fwt_vec *to, bool *stubs)
{
	FILE *from = fopen(path, "re");
	struct fwt_dns_addr a, *new;
	u32 was = to->count;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	if (!from)
		return -errno;
	*stubs = true;
	while (!ret && getline(&line, &size, from) >= 0) {
		if (!server(line, &a))
			continue;
		*stubs &= !a.six && a.word[0] >= STUB_FIRST && a.word[0] <= STUB_LAST;
		new = fwt_vec_add(to, 1);
		if (new)
			*new = a;
		else
			ret = -ENOMEM;
	}
	if (!ret && ferror(from))
		ret = -EIO;
	free(line);
	fclose(from);
	return !ret && to->count == was ? -ENOENT : ret;
}

int fwt_dns_conf(const char *path, const char *real, struct fwt_vec *to)
{
	u32 was = to->count, n;
	struct fwt_dns_addr *a;
	bool stubs, none;
	int ret;

	to->size = sizeof(*a);
	ret = read_file(path, to, &stubs);
	if (ret || !stubs)
		return ret;
	/* The stub's goes if the others are known, which come behind it. */
	n = to->count;
	if (read_file(real, to, &none))
		return 0;
	a = to->data;
	memmove(a + was, a + n, (to->count - n) * sizeof(*a));
	to->count -= n - was;
	return 0;
}
