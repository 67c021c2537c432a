/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rule slots: what a rule has that outlives the program it came with.
 *
 * A rule is known by its key (its id, or its text and place). Each key in use
 * has a slot, a small number; counters, and records of connections, refer to
 * that. A program that holds a rule of the same key gets the same slot, and so
 * the rule keeps its counts over a change of policy.
 *
 * A slot is in use while a program or a connection uses it. Programs count in
 * slot->users under fwt_net.lock. Connections count per CPU, in the same cache
 * line as the counters that they write anyway; that sum is exact once no
 * program hands the slot out any more, which is when anybody asks.
 */
#ifndef FWT_SLOT_H
#define FWT_SLOT_H

#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/siphash.h>
#include <linux/types.h>
#include "fwtree_program.h"

struct fwt_net;
struct fwt_program;

/* What each CPU has of a slot: 32 bytes, 512 of them 16 KiB; one per-CPU
 * allocation can't exceed 32 KiB.
 */
struct fwt_slot_count {
	u64 hits;	/* walks that the rule decided or took part in */
	u64 packets;	/* of connections and packets that it decided */
	u64 bytes;
	s64 refs;	/* connections that refer to it */
};

/* A name that slots share, and that outlives the program it came with. Freed by
 * RCU: a listing of connections may just be reading it.
 */
struct fwt_name {
	refcount_t refs;
	struct rcu_head rcu;
	char text[];
};

struct fwt_slot {
	u64 key;
	struct hlist_node node;		/* by key */
	u32 users;			/* programs */
	u32 line;
	u32 index;
	u32 file_no;			/* in the program that placed it */
	bool placed;			/* a patch's: @line is as it is now */
	struct fwt_name __rcu *file;	/* NULL: the slot is free */
	struct fwt_name __rcu *id;	/* or NULL */
	struct fwt_slot_count base;	/* subtracted: see reset */
};

#define FWT_SLOT_CHUNK_BITS	9
#define FWT_SLOT_CHUNK		(1u << FWT_SLOT_CHUNK_BITS)
#define FWT_SLOT_MASK		(FWT_SLOT_CHUNK - 1)

/* What packets need of a chunk, its counts, stands in the directory, which is
 * small and in the caches: each packet of a large policy meets another chunk, and
 * the way there must not lead over memory that is not.
 */
struct fwt_slot_chunk {
	struct fwt_slot_count __percpu *count;
	struct fwt_slot *slot;		/* FWT_SLOT_CHUNK of them */
};

struct fwt_slot_dir {
	struct rcu_head rcu;
	u32 n_chunks;
	struct fwt_slot_chunk chunk[];
};

/**
 * struct fwt_slots - a namespace's slots
 * @dir: chunks; grows by a copy; read under RCU
 * @bucket: slots by key
 * @bucket_bits: log2 of how many buckets
 * @n_used: slots in use
 * @n_left: of these, that no program uses, but connections did when last asked
 * @next: where to begin to look for a free one
 */
struct fwt_slots {
	struct fwt_slot_dir __rcu *dir;
	struct hlist_head *bucket;
	siphash_key_t key;
	u32 bucket_bits;
	u32 n_used;
	u32 n_left;
	u32 next;
};

int fwt_slots_init(struct fwt_slots *s);
void fwt_slots_clean(struct fwt_slots *s);

/**
 * fwt_slots_get() - slots for the rules and counters of a program
 * @fn: namespace, its lock held
 * @prog: program
 * @patch: it is that of a patch: rules without a line have no slot, but FWT_NONE
 * @slot: filled in: for each rule, then for each named counter
 *
 * Slots that were there go on saying where their rules stand in the policy in force,
 * since this one may be refused yet: see fwt_slots_place().
 *
 * Return: 0 or -ENOMEM, and then nothing is taken.
 */
int fwt_slots_get(struct fwt_net *fn, const struct fwt_program *prog, bool patch, u32 *slot);

/**
 * fwt_slots_place() - a program's rules stand where it says, now that it is in force
 * @fn: namespace, its lock held
 * @prog: program
 * @patch: as above
 * @slot: what fwt_slots_get() gave for it
 *
 * Of rules of one file the name is there once. Without memory a rule that came from another
 * file meanwhile keeps that one's name.
 */
void fwt_slots_place(struct fwt_net *fn, const struct fwt_program *prog, bool patch,
		     const u32 *slot);

/* Names of a program's files, none made yet; NULL where there is no memory. */
struct fwt_name **fwt_names_new(const struct fwt_program *prog);
void fwt_names_free(struct fwt_name **file, const struct fwt_program *prog);

/**
 * fwt_slot_place() - one rule stands where a program says
 * @fn: namespace, its lock held
 * @slot: the rule's
 * @prog: program
 * @rule: its number there
 * @placed: as struct fwt_slot has it
 * @file: from fwt_names_new(), or NULL: the name stays
 */
void fwt_slot_place(struct fwt_net *fn, u32 slot, const struct fwt_program *prog, u32 rule,
		    bool placed, struct fwt_name **file);

/* How many programs use a slot. fwt_net.lock held. */
u32 fwt_slot_users(struct fwt_net *fn, u32 slot);

/* How many slots there are, used or not. fwt_net.lock held. */
u32 fwt_slots_capacity(struct fwt_net *fn);

/**
 * fwt_slots_put() - a program lets go of its slots
 * @fn: namespace, its lock held
 * @slot: from fwt_slots_get()
 * @count: how many
 *
 * Those that no connection refers to are free at once, the others when
 * fwt_slots_reap() finds that none does any more.
 */
void fwt_slots_put(struct fwt_net *fn, const u32 *slot, u32 count);

/* Frees slots that nobody uses. fwt_net.lock held; called now and then. */
void fwt_slots_reap(struct fwt_net *fn);

/* All counters begin at 0 again. fwt_net.lock held. */
void fwt_slots_reset(struct fwt_net *fn);

/**
 * fwt_slot_read() - a slot's counts, and what it is
 * @fn: namespace, its lock held
 * @slot: slot in use
 * @sum: filled in, since the last reset
 *
 * Return: the slot.
 */
const struct fwt_slot *fwt_slot_read(struct fwt_net *fn, u32 slot,
				     struct fwt_slot_count *sum);

/**
 * fwt_slot_peek() - who is behind a slot
 * @fn: namespace
 * @slot: slot that a connection refers to
 *
 * Context: RCU read lock, and a live connection with that slot.
 */
const struct fwt_slot *fwt_slot_peek(struct fwt_net *fn, u32 slot);

/* The data path: under RCU, with a slot that a program in force or a live
 * connection uses; FWT_NONE is ignored. All with softirqs off but the last one.
 */
void fwt_slot_hit(struct fwt_net *fn, u32 slot);
void fwt_slot_decided(struct fwt_net *fn, u32 slot, u32 bytes);
void fwt_slot_begun(struct fwt_net *fn, u32 slot, u32 bytes);
void fwt_slot_count(struct fwt_net *fn, u32 slot, u32 packets, u32 bytes);
void fwt_slot_take(struct fwt_net *fn, u32 slot);
void fwt_slot_ref(struct fwt_net *fn, u32 slot, int by);

#endif /* FWT_SLOT_H */
