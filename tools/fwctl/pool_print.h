/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWCTL_POOL_PRINT_H
#define FWCTL_POOL_PRINT_H

#include "fwctl.h"

/* Bytes of a server's text. */
#define POOL_SERVER 64

/** pool_server_text() - a server as it is written in a policy; returns @buf */
const char *pool_server_text(char *buf, size_t size, const struct fwt_nl_server *s);

/** pool_state() - the word for a state */
const char *pool_state(uint32_t state);

/** pool_server_json() - who it is and its state, in the object that is being written */
void pool_server_json(const struct fwt_nl_server *s);

#endif /* FWCTL_POOL_PRINT_H */
