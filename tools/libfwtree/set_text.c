// SPDX-License-Identifier: GPL-2.0
/* Elements of live sets, as text. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

#include "ast.h"
#include "compile.h"
#include "parse.h"
#include "parse_print.h"
#include "set_text.h"

static const char *const type_name[__FWT_SET_TYPE_MAX] = {
#define NAME(id, name, words, words6) [FWT_SET_TYPE_##id] = name,
	FWT_SET_TYPES(NAME)
#undef NAME
};

char *fwt_set_type_text(char *buf, size_t size, u32 types, u32 n)
{
	size_t len = 0;
	u32 i;

	*buf = 0;
	for (i = 0; i < n && len < size; i++) {
		u32 type = types >> (4 * i) & 15;

		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " . " : "",
					type && type < __FWT_SET_TYPE_MAX ? type_name[type] : "?");
	}
	return buf;
}

static void address(char *buf, size_t size, const u32 *word, bool six)
{
	u32 net[4], i;

	for (i = 0; i < (six ? 4 : 1); i++)
		net[i] = htonl(word[i]);
	inet_ntop(six ? AF_INET6 : AF_INET, net, buf, (socklen_t)size);
}

/* The length where both are the ends of a prefix, else -1. */
static int prefix(const u32 *low, const u32 *high, u32 words)
{
	int len = -1;
	u32 bit;

	for (bit = 0; bit < 32 * words; bit++) {
		u32 at = 0x80000000u >> bit % 32;
		bool lo = low[bit / 32] & at, hi = high[bit / 32] & at;

		if (lo == hi && len < 0)
			continue;
		if (lo || !hi)
			return -1;
		if (len < 0)
			len = (int)bit;
	}
	return len;
}

static void name_of(char *name, const u32 *word, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		name[i] = (char)(word[i / 4] >> (24 - 8 * (i % 4)));
	name[len] = 0;
}

/* As it is read again: a star in quotes is the name's own, and so is "none". */
static void one_ifname(char *buf, size_t size, const char *name)
{
	FILE *to = strcmp(name, "none") ? fmemopen(buf, size, "w") : NULL;

	if (to) {
		fwt_print_name(to, name);
		fclose(to);
	} else {
		snprintf(buf, size, "\"%s\"", name);
	}
}

static void ifname(char *buf, size_t size, const u32 *low, const u32 *high)
{
	char name[17];

	name_of(name, low, 16);
	if (!name[0] && !memcmp(low, high, 16))
		snprintf(buf, size, "none");
	else if (!memcmp(low, high, 16))
		one_ifname(buf, size, name);
	else
		snprintf(buf, size, "%s*", name);
}

static void one(char *buf, size_t size, u32 type, bool six, const u32 *word)
{
	char name[4 * FWT_SET_VALUE_WORDS + 1];
	const struct protoent *p;

	switch (type) {
	case FWT_SET_TYPE_ADDR:
		address(buf, size, word, six);
		return;
	case FWT_SET_TYPE_TREE:
		name_of(name, word, 4 * FWT_SET_VALUE_WORDS);
		snprintf(buf, size, "%s", name);
		return;
	case FWT_SET_TYPE_PROTOCOL:
		p = getprotobynumber((int)word[0]);
		if (p) {
			snprintf(buf, size, "%s", p->p_name);
			return;
		}
		break;
	case FWT_SET_TYPE_MAC:
		snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", word[0] >> 8 & 0xff,
			 word[0] & 0xff, word[1] >> 24, word[1] >> 16 & 0xff,
			 word[1] >> 8 & 0xff, word[1] & 0xff);
		return;
	}
	snprintf(buf, size, "%u", word[0]);
}

static void part(char *buf, size_t size, u32 type, bool six, const u32 *low, const u32 *high)
{
	u32 words = fwt_set_type_words[six][type];
	char a[64], b[64];
	int len;

	if (type == FWT_SET_TYPE_IFNAME) {
		ifname(buf, size, low, high);
		return;
	}
	one(a, sizeof(a), type, six, low);
	if (!memcmp(low, high, words * sizeof(u32))) {
		snprintf(buf, size, "%s", a);
		return;
	}
	len = type == FWT_SET_TYPE_ADDR ? prefix(low, high, words) : -1;
	one(b, sizeof(b), type, six, high);
	if (len >= 0)
		snprintf(buf, size, "%s/%d", a, len);
	else
		snprintf(buf, size, "%s-%s", a, b);
}

char *fwt_set_elem_text(char *buf, size_t size, u32 types, u32 n, bool six, const u32 *low,
			const u32 *high)
{
	size_t len = 0;
	u32 i, at = 0;

	*buf = 0;
	for (i = 0; i < n && len < size; i++) {
		u32 type = types >> (4 * i) & 15;
		char text[140];

		if (!type || type >= __FWT_SET_TYPE_MAX)
			break;
		part(text, sizeof(text), type, six, low + at, high + at);
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? " . " : "", text);
		at += fwt_set_type_words[six][type];
	}
	return buf;
}

int fwt_set_read(const u32 *param, const char *text, const char *file, bool keys,
		 struct fwt_diag *diag, struct fwt_blob *out, struct fwt_program *prog)
{
	struct fwt_compile_opts opts = { .no_warnings = true, .elements = true, .prog = prog };
	u32 n = param[FWT_SETP_SHAPE] & 0xff;
	u32 values = keys && text && !strstr(text, "->") ? 0 : param[FWT_SETP_SHAPE] >> 8;
	struct fwt_policy_ast *ast;
	char types[128], gives[128];
	char *policy = NULL;
	size_t len;
	FILE *to;
	int ret;

	memset(out, 0, sizeof(*out));
	fwt_set_type_text(types, sizeof(types), param[FWT_SETP_TYPES], n);
	fwt_set_type_text(gives, sizeof(gives), param[FWT_SETP_VALUE_TYPES], values);
	/* What is read stands in a line of its own, as whoever wrote it sees it. */
	to = open_memstream(&policy, &len);
	if (!to)
		return -ENOMEM;
	fprintf(to, "%s \"elements\" : %s%s%s { %s\n%s%s%s\n}\ningress { accept }\n",
		values ? "map" : "set", types, values ? " -> " : "", gives,
		file ? "" : "elements = {", file ? "elements file \"" : "",
		file ? file : text, file ? "\"" : "\n}");
	if (fclose(to)) {
		free(policy);
		return -ENOMEM;
	}
	ast = fwt_parse_buffer("elements", policy, len, diag, NULL);
	if (ast && ast->sets && ast->sets->names.count)
		fwt_error(diag, &ast->sets->names.first->loc,
			  "a DNS name: those of the policy are resolved, here an address is meant");
	ret = ast ? fwt_compile(ast, diag, &opts, out) : -ENOMEM;
	fwt_diag_sources(diag, NULL);
	fwt_ast_free(ast);
	free(policy);
	if (fwt_diag_failed(diag) && !ret)
		ret = -EINVAL;
	return ret;
}
