// SPDX-License-Identifier: GPL-2.0
/*
 * A packet in words. See packet_text.h.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "names.h"
#include "packet_text.h"

/* Words of a line, one by one. */
struct reader {
	const char *line;
	const char *at;
	const char *start;	/* of @word */
	char word[1024];	/* of a cgroup's path, too */
	char *error;
	size_t size;
};

/* False at the end alone: a word that is cut is one that nobody knows, by its dots. */
static bool next(struct reader *r)
{
	size_t len, kept;

	r->at += strspn(r->at, " \t\r\n");
	r->start = r->at;
	len = strcspn(r->at, " \t\r\n");
	kept = min(len, sizeof(r->word) - 1);
	memcpy(r->word, r->at, kept);
	r->word[kept] = 0;
	if (kept < len)
		strcpy(r->word + kept - 3, "...");
	r->at += len;
	return len;
}

static int __attribute__((format(printf, 2, 3))) wrong(struct reader *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->error, r->size, fmt, args);
	va_end(args);
	return (int)(r->start - r->line) + 1;
}

static bool number(const char *text, u32 most, u32 *to)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoull(text, &end, 0);
	*to = (u32)n;
	return !*end && n <= most;
}

/* An address and a port, if there is one. */
static bool read_end(char *word, u8 *family, u32 *addr, u16 *port, bool *has_port)
{
	char *colon = strrchr(word, ':'), *text = word;
	bool six = colon && strchr(word, ':') != colon;
	u8 bytes[16] = { 0 };
	u32 value, i;

	*has_port = false;
	if (*word == '[') {
		char *close = strchr(word, ']');

		if (!close)
			return false;
		*close = 0;
		text = word + 1;
		six = true;
		colon = close[1] == ':' ? close + 1 : NULL;
		if (!colon && close[1])
			return false;
	} else if (six) {
		colon = NULL;
	}
	if (colon) {
		*colon = 0;
		if (!number(colon + 1, 65535, &value))
			return false;
		*port = (u16)value;
		*has_port = true;
	}
	*family = six ? 6 : 4;
	if (inet_pton(six ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	for (i = 0; i < 4; i++)
		addr[i] = get_unaligned_be32(bytes + 4 * i);
	return true;
}

static bool read_protocol(const char *word, u8 *to)
{
	uint64_t named;
	u32 value;

	if (fwt_class_value(FWT_CLASS_PROTOCOL, word, &named)) {
		*to = (u8)named;
		return true;
	}
	if (!number(word, 255, &value))
		return false;
	*to = (u8)value;
	return true;
}

static bool read_mac(const char *word, u8 *mac)
{
	unsigned int b[6], i;
	char rest;

	if (sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5], &rest) != 6)
		return false;
	for (i = 0; i < 6; i++)
		mac[i] = (u8)b[i];
	return true;
}

/* What the protocol has, until a word says otherwise. */
static void begin(struct fwt_packet *p)
{
	u32 header = p->family == 6 ? 40 : 20;

	p->have = FWT_HAVE_IP | FWT_HAVE_ETHER;
	p->ttl = 64;
	p->ether_type = p->family == 6 ? 0x86dd : 0x0800;
	switch (p->protocol) {
	case FWT_IPPROTO_TCP:
		p->have |= FWT_HAVE_TCP | FWT_HAVE_PORTS;
		header += 20;
		break;
	case FWT_IPPROTO_UDP:
		p->have |= FWT_HAVE_UDP | FWT_HAVE_PORTS;
		header += 8;
		break;
	case FWT_IPPROTO_UDPLITE:
	case FWT_IPPROTO_SCTP:
	case FWT_IPPROTO_DCCP:
		p->have |= FWT_HAVE_PORTS;
		header += 12;
		break;
	case FWT_IPPROTO_ICMP:
	case FWT_IPPROTO_ICMPV6:
		if ((p->protocol == FWT_IPPROTO_ICMP) != (p->family == 4))
			break;
		p->have |= p->family == 4 ? FWT_HAVE_ICMP : FWT_HAVE_ICMPV6;
		p->icmp_type = p->family == 4 ? 8 : 128;
		header += 8;
		break;
	}
	p->length = header;
}

/* What an ICMP message has is said by its type. */
static void finish(struct fwt_packet *p, bool flags)
{
	u32 t = p->icmp_type;

	if (p->have & FWT_HAVE_TCP && !flags)
		p->tcp_flags = FWT_TCP_SYN;
	if (p->have & FWT_HAVE_ICMP) {
		if (t == 0 || t == 8 || (t >= 13 && t <= 18))
			p->have |= FWT_HAVE_ICMP_ID;
		if (t == 3 || t == 4 || t == 5 || t == 11 || t == 12)
			p->have |= FWT_HAVE_ICMP_ERROR;
	}
	if (p->have & FWT_HAVE_ICMPV6) {
		if (t == 128 || t == 129)
			p->have |= FWT_HAVE_ICMP_ID;
		if (t >= 1 && t <= 4)
			p->have |= FWT_HAVE_ICMP_ERROR;
	}
	if (p->have & FWT_HAVE_FRAG && p->frag_off)	/* no transport header (R27) */
		p->have &= FWT_HAVE_IP | FWT_HAVE_FRAG | FWT_HAVE_ETHER | FWT_HAVE_VLAN;
}

static bool flag(const char *word, struct fwt_packet *p)
{
	static const char *const name[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(name); i++)
		if (!strcmp(word, name[i])) {
			p->tcp_flags |= (u8)(1 << i);
			return true;
		}
	return false;
}

/* What only some protocols have: is it this packet's. */
static const char *misplaced(const char *word, const struct fwt_packet *p)
{
	bool icmp = p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6);

	if (!strcmp(word, "seq") && !(p->have & FWT_HAVE_TCP))
		return "TCP alone has sequence numbers";
	if ((!strcmp(word, "type") || !strcmp(word, "code") || !strcmp(word, "id")) && !icmp)
		return "ICMP alone has types, codes and ids";
	return NULL;
}

static const struct {
	const char *word;
	enum fwt_value_class class;
	u32 said;
	u64 most;
} owners[] = {
	{ "uid", FWT_CLASS_UID, FWT_PACKET_UID, ~0u },
	{ "gid", FWT_CLASS_GID, FWT_PACKET_GID, ~0u },
	{ "cgroup", FWT_CLASS_CGROUP, FWT_PACKET_CGROUP, ~0ull },
};

/* A number, or a name as a policy has it, which is asked of this machine. */
static bool named(enum fwt_value_class class, const char *word, u64 most, uint64_t *value)
{
	struct fwt_resolver *resolver;
	char *end;
	bool ok;

	if (*word >= '0' && *word <= '9') {
		*value = strtoull(word, &end, 0);
		return !*end && *value <= most;
	}
	resolver = fwt_resolver_alloc();
	ok = resolver && !fwt_resolve_word(resolver, class, 0, word, value);
	if (resolver)
		fwt_resolver_free(resolver);
	return ok;
}

/* Whose socket it is. */
static int read_owner(struct reader *r, u32 which, struct fwt_packet_text *t)
{
	const char *word = owners[which].word;
	uint64_t value = 0;

	if (!t->out)
		return wrong(r, "'%s': what starts here alone ('out') has a socket", word);
	if (!next(r))
		return wrong(r, "a number or a name is missing after '%s'", word);
	if (!named(owners[which].class, r->word, owners[which].most, &value))
		return wrong(r, "'%s' is not %s of this machine", r->word,
			     fwt_class_noun(owners[which].class));
	t->said |= owners[which].said;
	if (owners[which].said == FWT_PACKET_UID)
		t->uid = (u32)value;
	else if (owners[which].said == FWT_PACKET_GID)
		t->gid = (u32)value;
	else
		t->cgroup = value;
	return 0;
}

int fwt_packet_owner(const struct fwt_packet_text *t, unsigned int field, u32 *out)
{
	switch (field) {
	case FWT_FIELD_UID:
		out[0] = t->uid;
		return !!(t->said & FWT_PACKET_UID);
	case FWT_FIELD_GID:
		out[0] = t->gid;
		return !!(t->said & FWT_PACKET_GID);
	case FWT_FIELD_CGROUP:
		out[0] = (u32)(t->cgroup >> 32);
		out[1] = (u32)t->cgroup;
		return t->said & FWT_PACKET_CGROUP ? 2 : 0;
	}
	return 0;
}

static int read_number(struct reader *r, const char *word, struct fwt_packet_text *t)
{
	struct fwt_packet *p = &t->p;
	const char *why = misplaced(word, p);
	u32 n = 0, most;
	uint64_t value;
	bool ok;

	if (why)
		return wrong(r, "'%s': %s", word, why);
	if (!next(r))
		return wrong(r, "a number is missing after '%s'", word);
	if (!strcmp(word, "frag")) {
		size_t len = strlen(r->word);

		p->frag_more = r->word[len - 1] == '+';
		if (p->frag_more)
			r->word[len - 1] = 0;
		ok = number(r->word, 65528, &n);
		if (ok && n % 8)
			return wrong(r, "'%s' is no offset of a fragment: those are multiples of 8",
				     r->word);
		if (ok && !n && !p->frag_more)
			return wrong(r, "'frag 0' is all of it; with more behind it '0+' is meant");
		p->frag_off = (u16)n;
		p->have |= FWT_HAVE_FRAG;
	} else if (!strcmp(word, "ttl")) {
		ok = number(r->word, 255, &n);
		p->ttl = (u8)n;
	} else if (!strcmp(word, "dscp")) {
		ok = named(FWT_CLASS_DSCP, r->word, 63, &value);
		p->tos = (u8)(ok ? value << 2 : 0);
	} else if (!strcmp(word, "len")) {
		/* IPv6 does not count its header. */
		most = p->family == 6 ? 65575 : 65535;
		ok = number(r->word, most, &n) && n >= p->length;
		if (!ok)
			return wrong(r, "'%s' is no length of it: its headers are %u bytes, %s %u",
				     r->word, p->length, "it may have", most);
		p->length = n;
		t->said |= FWT_PACKET_LEN;
	} else if (!strcmp(word, "mark")) {
		ok = number(r->word, ~0u, &p->mark);
	} else if (!strcmp(word, "seq")) {
		ok = number(r->word, ~0u, &p->tcp_seq);
		t->said |= FWT_PACKET_SEQ;
	} else if (!strcmp(word, "type")) {
		ok = number(r->word, 255, &n);
		p->icmp_type = (u8)n;
		t->said |= FWT_PACKET_TYPE;
	} else if (!strcmp(word, "code")) {
		ok = number(r->word, 255, &n);
		p->icmp_code = (u8)n;
	} else if (!strcmp(word, "id")) {
		ok = number(r->word, 65535, &n);
		p->icmp_id = (u16)n;
		t->said |= FWT_PACKET_ID;
	} else if (!strcmp(word, "ipid")) {
		ok = number(r->word, 65535, &n);
		t->ip_id = (u16)n;
	} else {
		ok = number(r->word, 4094, &n);
		p->vlan_tci = (u16)n;
		p->have |= FWT_HAVE_VLAN;
	}
	return ok ? 0 : wrong(r, "'%s' is no number for '%s'", r->word, word);
}

static int read_ether(struct reader *r, struct fwt_packet *p)
{
	if (!next(r) || !read_mac(r->word, p->ether_saddr) || !next(r) ||
	    (strcmp(r->word, "to") && strcmp(r->word, ">")) || !next(r) ||
	    !read_mac(r->word, p->ether_daddr))
		return wrong(r, "'ether MAC to MAC' is meant");
	p->have |= FWT_HAVE_ETHER;
	return 0;
}

/* "request 10.0.0.1 to 10.0.0.2 vlan 5": addresses, tag and frame may be left out. */
static int read_arp(struct reader *r, struct fwt_packet_text *t)
{
	struct fwt_packet *p = &t->p;
	bool port, any = false;
	u8 family;
	int ret;

	if (!next(r) || (strcmp(r->word, "request") && strcmp(r->word, "reply")))
		return wrong(r, "'arp request' or 'arp reply' is meant");
	p->have = FWT_HAVE_ETHER | FWT_HAVE_ARP;
	p->ether_type = 0x0806;
	p->arp_op = strcmp(r->word, "reply") ? 1 : 2;
	for (ret = 0; !ret && next(r); any = true) {
		if (!any && *r->word >= '0' && *r->word <= '9') {
			if (!read_end(r->word, &family, p->saddr, &p->sport, &port) || port ||
			    family != 4 || !next(r) ||
			    (strcmp(r->word, "to") && strcmp(r->word, ">")) || !next(r) ||
			    !read_end(r->word, &family, p->daddr, &p->dport, &port) || port ||
			    family != 4)
				return wrong(r, "of ARP 'ADDRESS to ADDRESS' of IPv4 is meant");
		} else if (!strcmp(r->word, "ether")) {
			ret = read_ether(r, p);
		} else if (!strcmp(r->word, "vlan")) {
			ret = read_number(r, "vlan", t);
		} else {
			return wrong(r, "'%s' is no word of ARP: ADDRESS to ADDRESS, vlan and "
				     "ether are", r->word);
		}
	}
	return ret;
}

static int words(struct reader *r, struct fwt_packet_text *t, bool *flags)
{
	static const char *const numbers[] = { "seq", "len", "ttl", "mark", "type", "code",
					       "id", "ipid", "frag", "vlan", "dscp" };
	struct fwt_packet *p = &t->p;
	char word[sizeof(r->word)];
	const char *before, *start;
	u32 i, n;
	int ret;

	while (next(r)) {
		memcpy(word, r->word, sizeof(word));
		before = r->at;
		start = r->start;
		if (!(p->have & FWT_HAVE_TCP) && (!strcmp(word, "ack") ||
						  flag(word, &(struct fwt_packet){ })))
			return wrong(r, "'%s': TCP alone has flags, this is none", word);
		/* "ack" is a flag, and with a number behind it that as well. */
		if (!strcmp(word, "ack") && next(r) && number(r->word, ~0u, &n)) {
			p->tcp_ack = n;
			p->tcp_flags |= FWT_TCP_ACK;
			t->said |= FWT_PACKET_ACK;
			*flags = true;
			continue;
		}
		if (!strcmp(word, "ack")) {
			r->at = before;
			r->start = start;
		}
		if (flag(word, p)) {
			*flags = true;
			continue;
		}
		if (!strcmp(word, "ether")) {
			ret = read_ether(r, p);
			if (ret)
				return ret;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(owners) && strcmp(word, owners[i].word); i++)
			;
		if (i < ARRAY_SIZE(owners)) {
			ret = read_owner(r, i, t);
			if (ret)
				return ret;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(numbers) && strcmp(word, numbers[i]); i++)
			;
		if (i == ARRAY_SIZE(numbers))
			return wrong(r, "'%s' is no word of a packet", word);
		ret = read_number(r, word, t);
		if (ret)
			return ret;
	}
	return 0;
}

int fwt_packet_read(struct fwt_packet_text *t, const char *line, char *error, size_t size)
{
	struct reader r = { .line = line, .at = line, .error = error, .size = size };
	bool sport, dport, flags = false;
	struct fwt_packet *p = &t->p;
	const char *proto, *source;
	u8 family = 0;
	int ret;

	memset(t, 0, sizeof(*t));
	t->ip_id = 1;
	if (!next(&r) || (strcmp(r.word, "in") && strcmp(r.word, "out")))
		return wrong(&r, "a packet begins with 'in' or 'out'");
	t->out = !strcmp(r.word, "out");
	if (!next(&r) || strlen(r.word) >= sizeof(t->name))
		return wrong(&r, "the name of an interface is meant here");
	memcpy(t->name, r.word, strlen(r.word) + 1);
	p->iif = t->out ? NULL : t->name;
	p->oif = t->out ? t->name : NULL;
	if (!next(&r))
		return wrong(&r, "a protocol is missing");
	if (!strcmp(r.word, "arp"))
		return read_arp(&r, t);
	proto = r.start;
	if (!read_protocol(r.word, &p->protocol))
		return wrong(&r, "'%s' is no protocol", r.word);
	if (!next(&r) || !read_end(r.word, &p->family, p->saddr, &p->sport, &sport))
		return wrong(&r, "a source is meant here: ADDRESS or ADDRESS:PORT");
	source = r.start;
	if (!next(&r) || (strcmp(r.word, "to") && strcmp(r.word, ">")))
		return wrong(&r, "'to' is missing between source and destination");
	if (!next(&r) || !read_end(r.word, &family, p->daddr, &p->dport, &dport))
		return wrong(&r, "a destination is meant here: ADDRESS or ADDRESS:PORT");
	if (family != p->family)
		return wrong(&r, "source and destination are of two families");
	begin(p);
	/* By its number it is just a protocol of which nothing is known. */
	if (p->protocol == (p->family == 6 ? FWT_IPPROTO_ICMP : FWT_IPPROTO_ICMPV6) &&
	    (*proto < '0' || *proto > '9')) {
		r.start = proto;
		return wrong(&r, "the addresses are of IPv%u, whose errors and queries are %s",
			     p->family, p->family == 6 ? "icmpv6" : "icmp");
	}
	if ((sport || dport) && !(p->have & FWT_HAVE_PORTS)) {
		if (sport)
			r.start = source;
		return wrong(&r, "this protocol has no ports");
	}
	if (sport || dport)
		t->said |= FWT_PACKET_PORTS;
	ret = words(&r, t, &flags);
	if (flags)
		t->said |= FWT_PACKET_FLAGS;
	if (!ret)
		finish(p, flags);
	return ret;
}
