/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWCTL_CONN_FILTER_H
#define FWCTL_CONN_FILTER_H

#include "fwctl.h"

/**
 * conn_filter_parse() - read FILTER words
 * @f: filled in; all words must hold
 *
 * Return: 0, or the exit status after having said what was not understood.
 */
int conn_filter_parse(struct fwctl *ctl, struct fwt_nl_conn_filter *f, int argc,
		      char **argv);

/** conn_protocol_name() - "tcp", or the number; returns @buf */
const char *conn_protocol_name(char *buf, size_t size, unsigned int protocol);

#endif /* FWCTL_CONN_FILTER_H */
