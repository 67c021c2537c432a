/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWCTL_CONN_PRINT_H
#define FWCTL_CONN_PRINT_H

#include "fwctl.h"

/* Bytes of an end's text. */
#define CONN_END 64

enum conn_what { CONN_ALONE, CONN_PORT, CONN_ID };

/**
 * conn_end_text() - an address with its port, as it is written in a policy, or
 * with the id of an ICMP query; returns @buf
 */
const char *conn_end_text(char *buf, size_t size, uint8_t family, const uint8_t *a,
			  enum conn_what what, uint16_t port);

/** conn_asker() - what the side that began has besides its address */
enum conn_what conn_asker(const struct fwt_nl_dir *d);

/** conn_translation() - where it really goes, and as whom; "" for neither */
void conn_translation(char *buf, size_t size, const struct fwt_nl_conn *c);

/** conn_rule_text() - a rule's id, or its place; "" for none */
void conn_rule_text(char *buf, size_t size, const struct fwt_nl_conn_rule *r);

/** conn_rule_json() - the same, or null */
void conn_rule_json(const char *key, const struct fwt_nl_conn_rule *r);

/** conn_address() - an address alone; returns @buf */
const char *conn_address(char *buf, size_t size, uint8_t family, const uint8_t *a);

/** conn_json() - the keys of a connection, in the object that is being written */
void conn_json(const struct fwt_nl_conn *c);

#endif /* FWCTL_CONN_PRINT_H */
