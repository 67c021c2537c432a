/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of a filter of connections, from text. Each returns false for what is
 * none.
 */
#ifndef FWCTL_CONN_VALUE_H
#define FWCTL_CONN_VALUE_H

#include "nl.h"

bool value_number(const char *s, unsigned long long max, unsigned long long *v);

/** value_with_unit() - digits, and perhaps one of @units, worth that @factor */
bool value_with_unit(const char *s, const char *units, const unsigned long long *factor,
		     unsigned long long *v);

/** value_seconds() - of digits alone, or a duration as policies have them: 30s, 1m30s */
bool value_seconds(const char *s, unsigned long long *v);

bool value_protocol(const char *s, uint8_t *to);
bool value_ports(const char *s, uint16_t *to);

/**
 * value_addresses() - an address, prefix or range
 * @of: family that it must be of, 0 for any; set to it
 */
bool value_addresses(const char *s, struct fwt_nl_addresses *a, uint8_t *of);

/** value_states() - a list of states; @meant: what a wrong one could be */
bool value_states(const char *s, uint32_t *to, const char **meant);

/** value_mark() - a number, and which bits of it count */
bool value_mark(const char *s, uint32_t *mark, uint32_t *bits);

/** value_rule() - an id, FILE:LINE, or - for none; @s is cut, and stays with @r */
bool value_rule(const char *s, struct fwt_nl_conn_which *r);

/** value_name() - of an interface, or - for none: "" */
bool value_name(const char *s, char *to);

#endif /* FWCTL_CONN_VALUE_H */
