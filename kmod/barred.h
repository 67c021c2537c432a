/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who may not begin again in the middle what was ended; see barred.c.
 */
#ifndef FWT_BARRED_H
#define FWT_BARRED_H

#include "conn.h"

/**
 * fwt_bar() - a connection is ended against the will of its ends
 * @c: connection; still in the hash, so that none of its segments comes in between
 * @both: its client, too, must not go on; else only the server's side must not
 *	begin, as if it were the client
 *
 * Only where segments from the middle of a connection are taken up at all.
 *
 * Context: RCU read lock.
 */
void fwt_bar(const struct fwt_conn *c, bool both);

/**
 * fwt_barred() - is this a segment of one that was
 * @fn: namespace
 * @t: its tuple
 *
 * Return: true; of others one in fifty at most, where there were many.
 */
bool fwt_barred(const struct fwt_net *fn, const struct fwt_tuple *t);

/* Nobody is, any more. No packet comes by. */
void fwt_unbar(struct fwt_net *fn);

void fwt_barred_init(struct fwt_net *fn);
void fwt_barred_clean(struct fwt_net *fn);

#endif /* FWT_BARRED_H */
