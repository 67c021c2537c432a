// SPDX-License-Identifier: GPL-2.0
/*
 * What is to be known of TCP without a connection: names, times and flags.
 */
#include "tcp_private.h"

const char *const fwt_tcp_state_name[__FWT_TCPS_MAX] = {
#define STATE_NAME(s) #s,
	FWT_TCP_STATES(STATE_NAME)
#undef STATE_NAME
};

/* seconds: tracked only, translated. RFC 5382: a translation of a connection
 * that opens or closes holds for four minutes.
 */
static const u32 timeouts[__FWT_TIMEOUT_MAX][2] = {
	[FWT_TIMEOUT_TCP_SYN_SENT]	= { 120, 240 },
	[FWT_TIMEOUT_TCP_SYN_RECV]	= { 60, 240 },
	[FWT_TIMEOUT_TCP_ESTABLISHED]	= { 86400, 86400 },
	[FWT_TIMEOUT_TCP_FIN_WAIT]	= { 120, 240 },
	[FWT_TIMEOUT_TCP_CLOSE_WAIT]	= { 60, 240 },
	[FWT_TIMEOUT_TCP_LAST_ACK]	= { 30, 240 },
	[FWT_TIMEOUT_TCP_TIME_WAIT]	= { 120, 120 },
	[FWT_TIMEOUT_TCP_CLOSE]		= { 10, 240 },
	[FWT_TIMEOUT_UDP]		= { 30, 120 },
	[FWT_TIMEOUT_UDP_STREAM]	= { 120, 300 },
	[FWT_TIMEOUT_ICMP]		= { 30, 60 },
	[FWT_TIMEOUT_OTHER]		= { 600, 600 },
};

const u8 fwt_tcp_state_timeout[__FWT_TCPS_MAX] = {
	[FWT_TCPS_NONE]		= FWT_TIMEOUT_TCP_CLOSE,
	[FWT_TCPS_SYN_SENT]	= FWT_TIMEOUT_TCP_SYN_SENT,
	[FWT_TCPS_SYN_RECV]	= FWT_TIMEOUT_TCP_SYN_RECV,
	[FWT_TCPS_ESTABLISHED]	= FWT_TIMEOUT_TCP_ESTABLISHED,
	[FWT_TCPS_FIN_WAIT]	= FWT_TIMEOUT_TCP_FIN_WAIT,
	[FWT_TCPS_CLOSE_WAIT]	= FWT_TIMEOUT_TCP_CLOSE_WAIT,
	[FWT_TCPS_LAST_ACK]	= FWT_TIMEOUT_TCP_LAST_ACK,
	[FWT_TCPS_TIME_WAIT]	= FWT_TIMEOUT_TCP_TIME_WAIT,
	[FWT_TCPS_CLOSE]	= FWT_TIMEOUT_TCP_CLOSE,
	[FWT_TCPS_SYN_SENT2]	= FWT_TIMEOUT_TCP_SYN_SENT,
};

u32 fwt_timeout_default(unsigned int t, bool translated)
{
	return t < __FWT_TIMEOUT_MAX ? timeouts[t][translated] : 0;
}

bool fwt_tcp_opens(u8 flags)
{
	return (flags & (FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_RST |
			 FWT_TCP_FIN)) == FWT_TCP_SYN;
}

/* PSH, ECE and CWR go with everything, URG with all but RST. */
bool fwt_tcp_flags_valid(u8 flags)
{
	switch (flags & (FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_RST |
			 FWT_TCP_FIN | FWT_TCP_URG)) {
	case FWT_TCP_SYN:
	case FWT_TCP_SYN | FWT_TCP_URG:
	case FWT_TCP_SYN | FWT_TCP_ACK:
	case FWT_TCP_SYN | FWT_TCP_ACK | FWT_TCP_URG:
	case FWT_TCP_ACK:
	case FWT_TCP_ACK | FWT_TCP_URG:
	case FWT_TCP_FIN | FWT_TCP_ACK:
	case FWT_TCP_FIN | FWT_TCP_ACK | FWT_TCP_URG:
	case FWT_TCP_RST:
	case FWT_TCP_RST | FWT_TCP_ACK:
		return true;
	default:
		return false;
	}
}
