// SPDX-License-Identifier: GPL-2.0
/*
 * ClassBench filter sets. See classbench.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "classbench.h"

static const char *skip(const char *s)
{
	return s + strspn(s, " \t");
}

static bool number(const char **s, int base, u32 most, u32 *to)
{
	char *end;
	unsigned long n;

	*s = skip(*s);
	if (!strchr("0123456789", **s) || !**s)
		return false;
	n = strtoul(*s, &end, base);
	if (end == *s || n > most)
		return false;
	*s = end;
	*to = (u32)n;
	return true;
}

static bool letter(const char **s, char c)
{
	*s = skip(*s);
	if (**s != c)
		return false;
	++*s;
	return true;
}

static bool prefix(const char **s, struct fwt_filter *f, u32 *addr, u8 *plen)
{
	char text[INET6_ADDRSTRLEN];
	u8 bytes[16] = { 0 };
	u32 len, n, i;

	*s = skip(*s);
	n = (u32)strspn(*s, "0123456789abcdefABCDEF.:");
	if (!n || n >= sizeof(text))
		return false;
	memcpy(text, *s, n);
	text[n] = 0;
	*s += n;
	f->six = strchr(text, ':');
	if (inet_pton(f->six ? AF_INET6 : AF_INET, text, bytes) != 1 ||
	    !letter(s, '/') || !number(s, 10, f->six ? 128 : 32, &len))
		return false;
	for (i = 0; i < 4; i++) {
		u32 bits = len > 32 * i ? min(len - 32 * i, 32u) : 0;

		addr[i] = get_unaligned_be32(bytes + 4 * i);
		addr[i] &= bits ? ~0u << (32 - bits) : 0;
	}
	*plen = (u8)len;
	return true;
}

static bool ports(const char **s, u16 *lo, u16 *hi)
{
	u32 a, b;

	if (!number(s, 10, 65535, &a) || !letter(s, ':') || !number(s, 10, 65535, &b) ||
	    a > b)
		return false;
	*lo = (u16)a;
	*hi = (u16)b;
	return true;
}

/* What of a line is wrong, NULL if nothing is. */
static const char *line(const char *s, struct fwt_filter *f)
{
	u32 protocol, mask;
	bool six;

	memset(f, 0, sizeof(*f));
	if (!letter(&s, '@') || !prefix(&s, f, f->saddr, &f->slen))
		return "no source: '@ADDRESS/LENGTH' is meant";
	six = f->six;
	if (!prefix(&s, f, f->daddr, &f->dlen) || f->six != six)
		return "no destination of the source's family: 'ADDRESS/LENGTH' is meant";
	if (!ports(&s, &f->sport_lo, &f->sport_hi))
		return "no source ports: 'LOW : HIGH' is meant";
	if (!ports(&s, &f->dport_lo, &f->dport_hi))
		return "no destination ports: 'LOW : HIGH' is meant";
	if (!number(&s, 16, 255, &protocol) || !letter(&s, '/') ||
	    !number(&s, 16, 255, &mask) || (mask && mask != 255))
		return "no protocol: '0x06/0xFF' is meant, or '0x00/0x00' for any";
	f->protocol = (u8)protocol;
	f->any_protocol = !mask;
	return NULL;
}

int fwt_filters_read(FILE *in, struct fwt_vec *to, char *error, size_t size)
{
	char *text = NULL;
	size_t room = 0;
	int n, ret = 0;

	memset(to, 0, sizeof(*to));
	to->size = sizeof(struct fwt_filter);
	for (n = 1; !ret && getline(&text, &room, in) > 0; n++) {
		struct fwt_filter f, *at;
		const char *wrong;

		text[strcspn(text, "\r\n")] = 0;
		if (!*skip(text))
			continue;
		wrong = line(text, &f);
		if (wrong) {
			snprintf(error, size, "%s", wrong);
			ret = n;
			break;
		}
		at = fwt_vec_add(to, 1);
		if (at)
			*at = f;
		else
			ret = -ENOMEM;
	}
	if (!ret && ferror(in))
		ret = -errno;
	free(text);
	if (ret) {
		free(to->data);
		memset(to, 0, sizeof(*to));
	}
	return ret;
}

static void put_prefix(FILE *out, bool six, const u32 *addr, u32 len)
{
	char text[INET6_ADDRSTRLEN];
	u32 be[4], i;

	for (i = 0; i < 4; i++)
		be[i] = htonl(addr[i]);
	inet_ntop(six ? AF_INET6 : AF_INET, be, text, sizeof(text));
	fprintf(out, "%s/%u", text, len);
}

static void put_ports(FILE *out, const char *field, u16 lo, u16 hi)
{
	if (lo == hi)
		fprintf(out, " %s %u", field, lo);
	else if (lo || hi != 65535)
		fprintf(out, " %s %u-%u", field, lo, hi);
}

void fwt_filters_print(FILE *out, const struct fwt_filter *f, u32 n, const char *hook)
{
	u32 i;

	fprintf(out, "%s {\n", hook);
	for (i = 0; i < n; i++, f++) {
		/* A filter is for one family, whatever else it leaves open. */
		fprintf(out, "\t%s", f->slen || f->dlen ? "" : f->six ? "family ipv6" :
									"family ipv4");
		if (f->slen) {
			fputs("saddr ", out);
			put_prefix(out, f->six, f->saddr, f->slen);
		}
		if (f->dlen) {
			fputs(f->slen ? " daddr " : "daddr ", out);
			put_prefix(out, f->six, f->daddr, f->dlen);
		}
		if (!f->any_protocol)
			fprintf(out, " protocol %u", f->protocol);
		put_ports(out, "sport", f->sport_lo, f->sport_hi);
		put_ports(out, "dport", f->dport_lo, f->dport_hi);
		fputs(i & 1 ? " drop\n" : " accept\n", out);
	}
	fputs("\tdrop\n}\n", out);
}

void fwt_filter_print(FILE *out, const struct fwt_filter *f)
{
	fputc('@', out);
	put_prefix(out, f->six, f->saddr, f->slen);
	fputc('\t', out);
	put_prefix(out, f->six, f->daddr, f->dlen);
	fprintf(out, "\t%u : %u\t%u : %u\t0x%02x/0x%02x\t0x0000/0x0000\n", f->sport_lo,
		f->sport_hi, f->dport_lo, f->dport_hi, f->any_protocol ? 0 : f->protocol,
		f->any_protocol ? 0 : 0xff);
}
