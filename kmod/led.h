/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the first packet of a connection is led that has another destination than it
 * dialled: two that a client dials from one port, led to one server, would be one
 * connection to it.
 */
#ifndef FWT_LED_H
#define FWT_LED_H

#include "way.h"

/**
 * fwt_led_to() - where the tree leads a first packet
 * @w: way, walked
 * @server: filled in: S
 *
 * Asks for the bucket of the pair C-S, to be there when there is a record to stand in it.
 *
 * Context: RCU.
 * Return: the hash of that pair.
 */
u64 fwt_led_to(const struct fwt_way *w, struct fwt_end *server);

/**
 * fwt_led_another() - another server, where its client talks to this one by the very port
 * @w: way
 * @c: connection that nobody has found yet; S is set, and is set to another one
 * @dnat: the modifier that leads it
 *
 * Of several that have no other choice than by chance; it stays where there is none.
 *
 * Context: RCU.
 */
void fwt_led_another(const struct fwt_way *w, struct fwt_conn *c, u32 dnat);

/**
 * struct fwt_led - what becomes of a packet that is led elsewhere
 * @server: where it is led
 * @apart: shown with another port than its own, see fwt_conn_apart()
 */
struct fwt_led {
	struct fwt_end server;
	bool apart;
};

/**
 * fwt_led_peek() - for a dry run: as fwt_track_new() has it
 * @w: way of what begins a connection; @w->p as the tree left it, @w->t as it came
 * @dnat: the modifier that leads it
 * @led: filled in
 *
 * Context: RCU, softirqs off. Nothing is changed.
 * Return: 0, or enum fwt_reason to drop for; -ENOMEM.
 */
int fwt_led_peek(const struct fwt_way *w, u32 dnat, struct fwt_led *led);

#endif /* FWT_LED_H */
