// SPDX-License-Identifier: GPL-2.0
/*
 * Names, values and fields as text, see fwt_ast_print().
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "parse_print.h"

void fwt_print_indent(FILE *out, unsigned int depth)
{
	while (depth--)
		putc('\t', out);
}

void fwt_print_quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

/* Where a name stands any word may, so only what is no word needs quotes */
static bool is_word(const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char inner[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-";
	size_t len = strlen(text);

	return len && strchr(letters, text[0]) && strspn(text, inner) == len &&
	       (len == 1 || !strchr("._-", text[len - 1]));
}

void fwt_print_name(FILE *out, const char *text)
{
	if (text && is_word(text))
		fputs(text, out);
	else
		fwt_print_quoted(out, text ? text : "");
}

static void address(FILE *out, int family, const struct fwt_value *v)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, v->addr, text, sizeof(text));
	if (v->flags & FWT_VALUE_BRACKETED)
		fprintf(out, "[%s]", text);
	else
		fputs(text, out);
}

static void duration(FILE *out, uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" },
	};
	size_t i = 0;

	if (!ms) {
		fputs("0s", out);
		return;
	}
	while (ms % units[i].ms)
		i++;
	fprintf(out, "%" PRIu64 "%s", ms / units[i].ms, units[i].unit);
}

static void size(FILE *out, uint64_t bytes, bool suffix)
{
	unsigned int i = 0;

	while (i < 4 && bytes && !(bytes & 1023)) {
		bytes >>= 10;
		i++;
	}
	fprintf(out, "%" PRIu64, bytes);
	if (i)
		putc(" kMGT"[i], out);
	else if (suffix)
		putc('k', out);	/* 0k */
}

static void rate(FILE *out, const struct fwt_value *v)
{
	if (v->flags & FWT_VALUE_BYTES)
		size(out, v->rate.count, true);
	else
		fprintf(out, "%" PRIu64, v->rate.count);
	fprintf(out, "/%s", v->rate.per == 1 ? "second" : v->rate.per == 60 ? "minute" :
		v->rate.per == 3600 ? "hour" : "day");
}

static void of(FILE *out, const char *word, const struct fwt_value *v)
{
	fputs(word, out);
	if (v->flags & FWT_VALUE_WILDCARD)
		fputs(v->text, out);
	else
		fwt_print_name(out, v->text);
	putc(')', out);
}

void fwt_ast_print_value(FILE *out, const struct fwt_value *v)
{
	const uint8_t *a = v->addr;
	uint32_t i;

	switch ((enum fwt_value_kind)v->kind) {
	case FWT_VALUE_ERROR:
		fputs("<error>", out);
		break;
	case FWT_VALUE_WORD:
		/* out of a define: behind an operator it would be that field */
		if (fwt_field_is_word(v->text))
			fwt_print_quoted(out, v->text);
		else
			fputs(v->text, out);
		break;
	case FWT_VALUE_STRING:
		fwt_print_quoted(out, v->text);
		break;
	case FWT_VALUE_NUMBER:
		if (v->flags & FWT_VALUE_HEX)
			fprintf(out, "0x%" PRIx64, v->number);
		else
			fprintf(out, "%" PRIu64, v->number);
		break;
	case FWT_VALUE_DURATION:
		duration(out, v->number);
		break;
	case FWT_VALUE_SIZE:
		size(out, v->number, true);
		break;
	case FWT_VALUE_RATE:
		rate(out, v);
		break;
	case FWT_VALUE_IPV4:
		address(out, AF_INET, v);
		break;
	case FWT_VALUE_IPV6:
		address(out, AF_INET6, v);
		break;
	case FWT_VALUE_MAC:
		fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
		break;
	case FWT_VALUE_PREFIX4:
		address(out, AF_INET, v);
		fprintf(out, "/%u", v->plen);
		break;
	case FWT_VALUE_PREFIX6:
		address(out, AF_INET6, v);
		fprintf(out, "/%u", v->plen);
		break;
	case FWT_VALUE_RANGE:
		fwt_ast_print_value(out, v->range.lo);
		/* words may hold '-' themselves */
		fputs(v->range.lo->kind == FWT_VALUE_WORD ? " - " : "-", out);
		fwt_ast_print_value(out, v->range.hi);
		break;
	case FWT_VALUE_SETREF:
		putc('@', out);
		fwt_print_name(out, v->text);
		break;
	case FWT_VALUE_ADDR_OF:
		of(out, "addr(", v);
		break;
	case FWT_VALUE_NET_OF:
		of(out, "net(", v);
		break;
	case FWT_VALUE_JOIN:
		for (i = 0; i < v->parts.count; i++) {
			fputs(i ? " . " : "", out);
			fwt_print_values(out, &v->parts.part[i]);
		}
		break;
	}
}

void fwt_print_values(FILE *out, const struct fwt_values *values)
{
	const struct fwt_value *v;

	if (values->count != 1)
		fputs(values->count ? "{ " : "{", out);
	for (v = values->first; v; v = v->next) {
		fwt_ast_print_value(out, v);
		if (v->next)
			fputs(", ", out);
	}
	if (values->count != 1)
		fputs(values->count ? " }" : "}", out);
}

void fwt_print_field(FILE *out, const struct fwt_ast_ref *f)
{
	fputs(fwt_field_words(f->field, f->implies), out);
	if (f->plen4 >= 0)
		fprintf(out, "/%d", f->plen4);
	if (f->plen6 >= 0)
		fprintf(out, "/%d", f->plen6);
}

void fwt_print_fields(FILE *out, const struct fwt_fields *fields)
{
	const struct fwt_ast_ref *f;

	for (f = fields->first; f; f = f->next) {
		fwt_print_field(out, f);
		if (f->next)
			fputs(" . ", out);
	}
}
