/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every counter that is not a rule's, in one list: the name, the unit and the
 * sentence that fwctl, JSON, the drop monitor and the documentation show (R34).
 *
 * D(ID, "name", "sentence")  a packet was dropped (unit: packets)
 * C(ID, "name", "unit", "sentence")  something else is counted
 *
 * Drop reasons come first; FWT_REASON_NONE is no reason and no counter.
 */
#ifndef FWT_CORE_REASON_H
#define FWT_CORE_REASON_H

#include "os.h"

#define FWT_REASONS(D, C) \
	D(POLICY, "policy", "a rule of the policy said drop") \
	D(REJECT, "reject", "a rule of the policy said reject") \
	D(INVALID, "invalid", "part of no connection and unable to open one, and a rule said drop, or would have it translated, or, after notrack has led it there, tracked; or egress said notrack of what was translated; or its connection ended while it was between the hooks") \
	D(MALFORMED, "malformed", "headers cut off, or lengths that lie") \
	D(CHECKSUM, "checksum", "the checksum of the transport header of what has the ends of a connection is wrong, and a rule said drop, or it is translated") \
	D(TCP_WINDOW, "tcp-window", "a TCP segment outside of its connection's windows, or with impossible flags, and a rule said drop, or it is translated") \
	D(TABLE_FULL, "table-full", "the connection table is at its limit and nothing could be evicted") \
	D(NO_MEMORY, "no-memory", "no memory for a connection, or to make the packet writable") \
	D(TUPLE_CLASH, "tuple-clash", "the connection would have had the same ends as another one") \
	D(NAT_EXHAUSTED, "nat-exhausted", "every port of the translation's range is taken for this destination") \
	D(NO_ADDRESS, "no-address", "a translation found no address on the interface whose it takes: that a packet leaves by (masquerade), came in by (redirect), or that addr() names") \
	D(DNAT_LATE, "dnat-late", "dnat in egress for a packet that is forwarded: it has been routed already") \
	D(NO_ROUTE, "no-route", "what starts here was led, or marked, to where no route leads") \
	D(NO_SERVER, "no-server", "balance found no server of the packet's family that may be given new connections") \
	D(EFFECTS, "too-many-effects", "a walk met more than 64 rules or modifiers that take effect, 4 changes of sets, 4 ct count, or 16 limits, quotas and splits by turns") \
	D(SOURCE_FULL, "source-full", "its source has as many connections as option conn-max-per-source allows") \
	D(REVALIDATED, "revalidated", "an established connection that the policy in force does not allow") \
	D(NO_LISTENER, "no-listener", "a rule said queue, and nobody listens to that queue") \
	D(BAD_NODE, "bad-node", "a node of another module chose a branch, or set a value, that there is not") \
	C(QUEUED, "queued", "packets", "packets that a rule said queue of") \
	C(QUEUE_BYPASSED, "queue-bypassed", "packets", "those of them that passed since nobody listens to their queue and the rule said bypass") \
	C(SERVER_DOWN, "servers-down", "times", "passive health took a server out of its pool") \
	C(RACE_LOST, "insert-race", "packets", "first packets that found the connection just made by another CPU") \
	C(EARLY_EVICT, "evicted", "connections", "connections evicted to make room for new ones: closed ones first, then unreplied and half-open ones, then those that have not proved themselves") \
	C(UNKNOWN_KEPT, "unknown-kept", "walks", "connections decided afresh that kept their old verdict since the record did not hold what a rule asked") \
	C(ANSWER_LIMITED, "answers-limited", "packets", "RST or ICMP answers not sent because of the rate limit") \
	C(LOG_LIMITED, "logs-limited", "messages", "log messages not written because of the rate limit") \
	C(SET_FULL, "set-full", "additions", "elements that a rule would have added to a set that had no room") \
	C(EVENT_LIMITED, "events-limited", "events", "events of connections not sent to who listens because of the rate limit")

/* Why connections ended; each ends for one of them, so that those that began are
 * those that are there and these: E(ID, "name", "sentence").
 */
#define FWT_ENDS(E) \
	E(TIMEOUT, "timeout", "no packet came for as long as their state allows") \
	E(CLOSED, "closed", "TCP: closed by both sides or reset, and then their time was over") \
	E(UNFINISHED, "unfinished", "their first packet never left this machine, or was refused on its way through it") \
	E(EVICTED, "evicted", "room was needed for new ones") \
	E(DELETED, "deleted", "fwctl conn delete") \
	E(FLUSHED, "flushed", "fwctl conn flush, fwctl flush, or the namespace ended") \
	E(POLICY, "policy", "the policy in force does not allow them any more") \
	E(REOPENED, "reopened", "TCP: a SYN began another connection between the same ends") \
	E(NO_PORT, "nat-exhausted", "no port was left to translate them to: their first packet was dropped") \
	E(OWN_PORT, "own-port", "a program of this machine uses the port that they were translated to") \
	E(YIELDED, "taken-over", "TCP: closed, and another one wanted the port that they were translated to") \
	E(ADDRESS, "address-gone", "the interface or address that they were translated to is gone") \
	E(SERVER, "server-gone", "balance: the server that they were led to was taken out, and they with it")

enum fwt_end_reason {
#define FWT_END_ENUM(id, name, doc) FWT_END_##id,
	FWT_ENDS(FWT_END_ENUM)
#undef FWT_END_ENUM
	__FWT_END_MAX,
};

enum fwt_reason {
	FWT_REASON_NONE,
#define FWT_REASON_ENUM_D(id, name, doc) FWT_REASON_##id,
#define FWT_REASON_ENUM_C(id, name, unit, doc) FWT_REASON_##id,
	FWT_REASONS(FWT_REASON_ENUM_D, FWT_REASON_ENUM_C)
#undef FWT_REASON_ENUM_D
#undef FWT_REASON_ENUM_C
	__FWT_REASON_MAX,
};

/**
 * struct fwt_reason_info - a counter, for people
 * @name: as in the output of fwctl
 * @unit: what is counted
 * @doc: the sentence that says what it means
 * @drop: it is a reason for a drop
 */
struct fwt_reason_info {
	const char *name;
	const char *unit;
	const char *doc;
	bool drop;
};

extern const struct fwt_reason_info fwt_reason_info[__FWT_REASON_MAX];
extern const struct fwt_reason_info fwt_end_info[__FWT_END_MAX];

#endif /* FWT_CORE_REASON_H */
