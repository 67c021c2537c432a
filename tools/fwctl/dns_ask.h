/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Asking DNS, by c-ares: as the machine's own resolver would, /etc/hosts first, and
 * with the times for which answers may be kept. Search domains are not tried: a
 * policy means the same wherever it is.
 */
#ifndef FWCTL_DNS_ASK_H
#define FWCTL_DNS_ASK_H

#include "dns_state.h"

struct dns_ask;

/**
 * dns_ask_open() - begin
 * @s: whose questions are asked
 * @told: called with each answer, when @s has it: why it is none, or NULL
 * @ctx: handed to it
 *
 * c-ares is loaded with the first question; where it is not there, or refuses, that is
 * what @told is told.
 *
 * Return: NULL without memory.
 */
struct dns_ask *dns_ask_open(struct fwt_dns_state *s,
			     void (*told)(void *ctx, const struct fwt_dns_question *q,
					  const char *why), void *ctx);
void dns_ask_close(struct dns_ask *a);

/** dns_ask_now() - milliseconds of a clock that never goes back; not 0 */
u64 dns_ask_now(void);

/** dns_ask_due() - ask what is due; 0, or -1 where it can't be asked now */
int dns_ask_due(struct dns_ask *a);

/** dns_ask_open_questions() - how many are on the way */
u32 dns_ask_open_questions(const struct dns_ask *a);

/**
 * dns_ask_wait() - until something is answered, or happens
 * @fd: that is waited for besides, or -1
 * @until: as dns_ask_now(); U64_MAX for ever
 *
 * Return: whether @fd has something.
 */
bool dns_ask_wait(struct dns_ask *a, int fd, u64 until);

/** dns_ask_cancel() - what is on the way has failed, for want of time */
void dns_ask_cancel(struct dns_ask *a);

#endif /* FWCTL_DNS_ASK_H */
