// SPDX-License-Identifier: GPL-2.0
/* Servers of pools as they are typed. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#include "packet.h"
#include "server_text.h"

bool fwt_no_host(u8 family, const u32 *low, const u32 *high)
{
	u32 any = low[0], i;

	for (i = 1; family == 6 && i < 4; i++)
		any |= low[i];
	return !any || fwt_packet_to_group(family, low) || fwt_packet_to_group(family, high) ||
	       /* from below all groups to behind them, which IPv6 has nothing behind */
	       (family == 4 && low[0] < 0xe0000000 && high[0] >= 0xf0000000);
}

/* Digits alone, up to the end or @end; at least 1. */
static bool number(const char **at, char end, unsigned long most, unsigned long *value)
{
	char *behind;

	if (!isdigit((unsigned char)**at))
		return false;
	*value = strtoul(*at, &behind, 10);
	if (!*value || *value > most || (*behind && *behind != end))
		return false;
	*at = behind;
	return true;
}

static bool read_ports(const char *text, struct fwt_prog_server *s)
{
	unsigned long port;

	if (!number(&text, '-', 65535, &port))
		return false;
	s->port_lo = (u16)port;
	s->port_hi = (u16)port;
	if (!*text)
		return true;
	text++;
	if (!number(&text, '\0', 65535, &port) || port < s->port_lo)
		return false;
	s->port_hi = (u16)port;
	return true;
}

bool fwt_server_read(const char *text, struct fwt_prog_server *s)
{
	const char *end, *port = NULL;
	char addr[INET6_ADDRSTRLEN];
	u8 raw[16];
	size_t len;
	u32 i;

	memset(s, 0, sizeof(*s));
	if (*text == '[') {
		text++;
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		port = end[1] ? end + 2 : NULL;
		s->family = 6;
	} else {
		end = strchr(text, ':');
		s->family = end && strchr(end + 1, ':') ? 6 : 4;
		if (!end || s->family == 6)
			end = text + strlen(text);
		else
			port = end + 1;
	}
	len = (size_t)(end - text);
	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (inet_pton(s->family == 6 ? AF_INET6 : AF_INET, addr, raw) != 1)
		return false;
	for (i = 0; i < (s->family == 6 ? 4u : 1u); i++)
		s->addr[i] = get_unaligned_be32(raw + 4 * i);
	return !fwt_no_host(s->family, s->addr, s->addr) && (!port || read_ports(port, s));
}

bool fwt_weight_read(const char *text, u32 *weight)
{
	unsigned long n;

	if (!number(&text, '\0', FWT_SERVER_WEIGHT_MAX, &n))
		return false;
	*weight = (u32)n;
	return true;
}
