/* SPDX-License-Identifier: GPL-2.0 */
/* Interfaces and addresses that go away; see gone.c. */
#ifndef FWT_GONE_H
#define FWT_GONE_H

struct fwt_net;

int fwt_gone_init(void);
void fwt_gone_clean(void);
void fwt_gone_net_init(struct fwt_net *fn);

/* Context: process; nobody tells of events in @fn any more. */
void fwt_gone_net_clean(struct fwt_net *fn);

#endif /* FWT_GONE_H */
