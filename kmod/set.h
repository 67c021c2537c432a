/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live sets and maps: what a policy calls "set NAME" and "map NAME".
 *
 * An element is a key, or a range of them, of one family: those with IPv6 addresses
 * are apart. Keys lie in a hash (set_hash.h), ranges in another one, by which they are
 * known and counted, and besides in an array to be searched (set_ranges.h), which is
 * made anew when they change. Only fwctl and policies bring ranges, walks add keys.
 *
 * An element's lease, a word: 0 where there is none; else a bit for each of two phases,
 * and until when it holds, in units of 64 ms since the machine began, modulo 2^30,
 * which is two years. A phase's bit: the policy of that phase has it, for which it holds
 * whatever the rest says.
 *
 * Phases. A policy takes the place of another one in one step, which is the swap of a
 * pointer; so what it has in its sets must be there before, and what the former one had
 * until no walk of that one is left. Hence policies have one phase and the other by turns,
 * and each walk asks for what there is in its policy's. At rest both bits of an element
 * are the same, and it need not be asked whose they are. A policy that comes sets and
 * clears the bits of its phase alone, which is nobody's then (fwt_policy_alone() before),
 * and makes an array of ranges for it; if it fails, they are as the other phase's again.
 * After the swap and a grace period the other phase's become what the new policy's are.
 *
 * Synchronization: look-ups under RCU, without a lock. Whoever changes elements holds
 * @lock; who changes ranges, sizes or the policy's elements, @mutex besides: that is
 * done by processes alone. Order: fwt_net.lock > @mutex > @lock.
 */
#ifndef FWT_SET_H
#define FWT_SET_H

#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "object.h"
#include "set_hash.h"
#include "core/set_shape.h"

struct fwt_set_ranges;

/**
 * struct fwt_set - a set, or a map
 * @head: the object
 * @fn: namespace
 * @shape: of its elements
 * @part: by family
 * @part.keys: elements that are one key
 * @part.ranges: those that are more: low key, high key
 * @part.array: by phase, of these, to be searched; NULL for none
 * @part.over: likewise, of a map: keys whose value is another one than @keys has
 * @timeout: ms, of what is added and says none; 0: it stays
 * @max: elements
 * @lock: elements
 * @mutex: ranges, sizes, the policy's elements
 * @dirty: ranges have changed, the array does not say so yet
 * @phase: of the policy in force, if that has it; or of the last one that had
 * @apart: what there is in one phase may be other than in the other one
 * @prepared: it is for a policy that is about to be in force, and is not yet
 * @serial: no other set had that number
 * @more: ranges are brought by a list, whose next piece is to come
 * @since: jiffies when it began
 * @build: when they are put in order, if none comes
 * @leases: there may be elements with a timeout
 * @soonest: until when the first of them holds, or earlier
 * @refused: additions, since it was made, for which there was no room
 * @told: jiffies when that was said last
 * @at: of the collector's round, in a hash
 * @at_hash: and in which
 * @work: the collector, and what makes tables larger and smaller
 * @due: jiffies when that is to begin
 * @failed: so often, one after the other, there was no memory for a table
 * @denied: of packets' share there was none
 * @again: jiffies from which on it is asked for again
 */
struct fwt_set {
	struct fwt_object head;
	struct fwt_net *fn;
	struct fwt_set_shape shape;
	struct {
		struct fwt_set_hash keys;
		struct fwt_set_hash ranges;
		struct fwt_set_ranges __rcu *array[2];
		struct fwt_set_ranges __rcu *over[2];
	} part[2];
	u64 timeout;
	u32 max;
	spinlock_t lock;	/* elements */
	struct mutex mutex;	/* ranges, sizes, the policy's elements */
	bool dirty;
	u8 phase;
	bool apart;
	bool prepared;
	u32 serial;
	bool more;
	unsigned long since;
	unsigned long build;
	bool leases;
	u32 soonest;
	u64 refused;
	unsigned long told;
	u64 at;
	u32 at_hash;
	struct delayed_work work;
	unsigned long due;
	u32 failed;
	bool denied;
	unsigned long again;
};

static inline struct fwt_set *fwt_set_of(struct fwt_object *o)
{
	return container_of(o, struct fwt_set, head);
}

#define FWT_SET_FOREVER	U64_MAX

/**
 * fwt_set_has() - is a key in a set
 * @s: set
 * @phase: of the policy that asks, struct fwt_policy.phase; so below
 * @six: of the family of IPv6
 * @key: as many words as its keys have
 * @value: NULL, or set to what a map gives
 * @looks: NULL, or how many ranges may be looked at, which becomes less: what lies beyond
 *	is not found
 *
 * Context: RCU. Takes no lock.
 */
bool fwt_set_has(const struct fwt_set *s, u32 phase, bool six, const u32 *key, u32 *value,
		 u32 *looks);

/**
 * fwt_set_renew() - a walk adds a key, or renews its timeout
 * @s: set
 * @phase: its policy's
 * @six: family
 * @key: key
 * @ms: 0: the set's own
 *
 * What the policy has, or was added to stay, stays.
 *
 * Context: any, softirq.
 */
void fwt_set_renew(struct fwt_set *s, u32 phase, bool six, const u32 *key, u64 ms);

/* A walk takes a key away; what the policy has comes back with the next one. */
void fwt_set_remove(struct fwt_set *s, u32 phase, bool six, const u32 *key);

/**
 * struct fwt_set_elem - an element, for and from who changes sets
 * @six: family
 * @low: first key
 * @high: last one, which may be the same
 * @value: what a map gives
 * @ms: until it ends; FWT_SET_FOREVER. To add: 0: as long as the set says
 * @file: the policy has it. To add and delete: that it has, whatever else holds it;
 *	its time is left alone
 */
struct fwt_set_elem {
	bool six;
	bool file;
	const u32 *low;
	const u32 *high;
	const u32 *value;
	u64 ms;
};

/* No walk is left of a policy before that in force, see fwt_policy_alone(): both phases are
 * what the one is. Before a process asks what there is, or changes it. Takes the mutex.
 */
void fwt_set_rest(struct fwt_object *o);

/* For processes; @s->mutex is held.
 *
 * fwt_set_insert(): an element that is there gets the timeout that is said now. Of
 * @e->file, what a name of the policy's stands for, that it has one is not changed.
 * Return: 0; -ENOSPC where the set is full; -ENOMEM.
 */
int fwt_set_insert(struct fwt_set *s, const struct fwt_set_elem *e);
/* Return: 0; -ENOENT, not of @e->file. */
int fwt_set_delete(struct fwt_set *s, const struct fwt_set_elem *e);
u32 fwt_set_flush(struct fwt_set *s);

/**
 * fwt_set_settle() - after changes: ranges are searched as they are now
 * @s: set
 * @more: others follow at once: it is early enough when none has come for two seconds, or
 *	ten after the first
 *
 * Return: 0, -ENOMEM: it is done later.
 */
int fwt_set_settle(struct fwt_set *s, bool more);

/**
 * struct fwt_set_cursor - a place in a walk over a set's elements
 * @at: place in one of its hashes
 * @hash: which; 4 at the end
 * @fine: the next bucket is halved so often
 */
struct fwt_set_cursor {
	u64 at;
	u32 hash;
	u8 fine;
};

/**
 * fwt_set_next() - the elements of the next bucket, or of a part of it
 * @s: set, its mutex held
 * @c: begins as { 0 }
 * @fn: called for each, under @s->lock
 * @ctx: handed to it
 *
 * Return: false at the end.
 */
bool fwt_set_next(struct fwt_set *s, struct fwt_set_cursor *c,
		  void (*fn)(void *ctx, const struct fwt_set_elem *e), void *ctx);

/* Elements that there are, those among them whose time is over and that were not
 * collected yet.
 */
static inline u32 fwt_set_count(const struct fwt_set *s)
{
	return READ_ONCE(s->part[0].keys.count) + READ_ONCE(s->part[0].ranges.count) +
	       READ_ONCE(s->part[1].keys.count) + READ_ONCE(s->part[1].ranges.count);
}

/* Tells who listens that a rule would have added to it, and there was no room. Any
 * context.
 */
void fwt_netlink_set_full(const struct fwt_set *s);

extern const struct fwt_object_ops fwt_set_ops;

#endif /* FWT_SET_H */
