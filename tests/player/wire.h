/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two wires of a gateway: TUN devices "cli" and "srv" in its namespace, the
 * other ends of which are ours. What is written to one has passed the gateway
 * when the write returns, and what it became can be read from the other.
 */
#ifndef FWT_PLAYER_WIRE_H
#define FWT_PLAYER_WIRE_H

#include "os.h"

#define WIRE_MTU	65535

struct wire {
	int fd[2];	/* by enum fwt_dir of who sends there */
};

/* Makes the devices in namespace @ns, up and without addresses, and its routes: to
 * the client's side 10.0.0.0/9 and fd00::/32, to the server's all else.
 */
bool wire_open(struct wire *w, const char *ns);

/* Milliseconds of the gateway's clock, and waiting by it. */
u64 wire_now(void);
void wire_sleep_until(u64 ms);

/**
 * wire_send() - a packet arrives
 * @w: wires
 * @side: by which
 * @data: from the IP header on
 * @len: bytes
 * @sum_start: offset of the header whose checksum is still to be completed
 *	(CHECKSUM_PARTIAL), or 0
 * @sum_off: and of the checksum in there
 */
bool wire_send(struct wire *w, int side, const u8 *data, u32 len, u16 sum_start,
	       u16 sum_off);

/**
 * wire_read() - what has left
 * @w: wires
 * @side: by which
 * @data: room for WIRE_MTU bytes
 * @wait: milliseconds
 *
 * What a kernel says by itself (multicast) is passed over. Return: bytes, or -1.
 */
int wire_read(struct wire *w, int side, u8 *data, int wait);

/* This machine has an address of each family on either side. */
bool wire_addresses(const char *ns);

#endif /* FWT_PLAYER_WIRE_H */
