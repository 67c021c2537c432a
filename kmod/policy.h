/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policies: built aside, verified, published in one pointer swap, retired after
 * a grace period.
 */
#ifndef FWT_POLICY_H
#define FWT_POLICY_H

#include <linux/netlink.h>
#include <linux/workqueue.h>
#include "netns.h"
#include "object.h"
#include "slot.h"
#include "core/digest.h"
#include "core/patch.h"

/* The slots of a hundred thousand rules are a cache miss for each packet; they are given
 * in rows mostly, and of a row it is enough to know where it begins.
 */
#define FWT_RUN	32

/**
 * struct fwt_base - a program as it was uploaded, for a policy and those that are
 * patches to it
 * @users: policies; under fwt_net.lock
 * @prog: verified
 * @of: what patches are held against
 * @slot: by rule, then by named counter
 * @run: of each FWT_RUN of these the first, where they count up from it, or FWT_NONE
 * @row: of nodes, see struct fwt_row; NULL where no search of boxes leads to any
 * @object: by index in OBJECTS
 * @filter: by index in FILTERS; NULL where there are none
 * @node: by index in FOREIGN; likewise
 * @digest: of FILES, by block
 * @n_digests: how many
 * @digest_key: what they are made with
 * @blob: the program's bytes
 * @len: how many
 */
struct fwt_base {
	u32 users;
	struct fwt_program prog;
	struct fwt_patchable of;
	u32 *slot;
	u32 *run;
	struct fwt_row *row;
	struct fwt_object **object;
	struct bpf_prog **filter;
	struct fwt_node_use *node;
	struct fwt_digest *digest;
	u32 n_digests;
	struct fwt_digest_key *digest_key;
	void *blob;
	size_t len;
};

/**
 * struct fwt_change - a patch; of one policy, but for one that came back
 * @users: policies; under fwt_net.lock
 * @patch: verified
 * @slot: by rule, then by named counter, of the patch's program
 * @known: bitmap by named counter: the base has it, too, or the patch had it before
 * @object: by index in its OBJECTS
 * @tables: memory of @patch
 * @blob: its bytes
 * @len: how many
 */
struct fwt_change {
	u32 users;
	struct fwt_patch patch;
	u32 *slot;
	unsigned long *known;
	struct fwt_object **object;
	void *tables;
	void *blob;
	size_t len;
};

/**
 * struct fwt_policy - a policy, immutable once published
 * @prog: the base's program, with the patch if there is one
 * @gen: its generation
 * @opt: options
 * @slot: the base's, for the data path
 * @run: likewise, see FWT_RUN
 * @object: likewise
 * @phase: 0 or 1, another one than the policy before it had, but for a patch: what there
 *	is for it in its sets, see set.h
 * @base: shared by policies that differ by a patch
 * @change: or NULL
 * @applied: wall clock, seconds
 * @nflog: it logs to groups, and holds who takes them (log.c)
 * @fn: namespace
 * @free: frees it after a grace period
 */
struct fwt_policy {
	struct fwt_program prog;
	u32 gen;
	struct fwt_options opt;
	const u32 *slot;
	const u32 *run;
	struct fwt_object *const *object;
	u8 phase;
	struct fwt_base *base;
	struct fwt_change *change;
	time64_t applied;
	bool nflog;
	struct fwt_net *fn;
	struct rcu_work free;
};

#define FWT_GENERATION_ANY	U32_MAX

/**
 * fwt_policy_apply() - put a program in force
 * @fn: namespace
 * @blob: kvmalloc'ed, hostile; taken over in every case
 * @len: bytes
 * @expect: generation that must be in force for it to happen, 0 for none yet, or
 *	FWT_GENERATION_ANY
 * @extack: told why not
 * @gen: set to the new generation
 *
 * Context: process; takes fn->lock.
 * Return: 0; -EAGAIN where the generation moved; what fwt_verify() says;
 * -ENOMEM. Where it fails, what was in force stays.
 */
int fwt_policy_apply(struct fwt_net *fn, void *blob, size_t len, u32 expect,
		     struct netlink_ext_ack *extack, u32 *gen);

/**
 * fwt_policy_patch() - put the policy in force with a patch in force
 * @fn: namespace
 * @blob: kvmalloc'ed, hostile; taken over in every case
 * @len: bytes
 * @expect: generation that must be in force: a patch says nothing by itself
 * @extack: told why not
 * @gen: set to the new generation
 *
 * Context: process; takes fn->lock.
 * Return: as fwt_policy_apply(); -ENOENT where no policy is in force; -EEXIST
 * where a rule is added whose key another one has.
 */
int fwt_policy_patch(struct fwt_net *fn, void *blob, size_t len, u32 expect,
		     struct netlink_ext_ack *extack, u32 *gen);

/**
 * fwt_policy_try() - the same, on trial: unless fwt_trial_confirm() comes in time
 * what is in force now comes back
 * @ms: the time
 */
int fwt_policy_try(struct fwt_net *fn, void *blob, size_t len, u32 expect, u32 ms,
		   struct netlink_ext_ack *extack, u32 *gen);

/* Does it have a tree that follows connections, not those of devices alone. */
static inline bool fwt_policy_tracks(const struct fwt_policy *p)
{
	return p->prog.root[FWT_HOOK_INGRESS] != FWT_NONE ||
	       p->prog.root[FWT_HOOK_EGRESS] != FWT_NONE;
}

/* A policy of which all is ready is in force from now on, under the next
 * generation. Where none followed connections till now, those that are there are
 * taken up where they are by now. fwt_net.lock is held.
 */
void fwt_policy_publish(struct fwt_net *fn, struct fwt_policy *p);

/* Waits until no walk is left of a policy before that in force: better without locks; or
 * takes fwt_net.lock then.
 */
static inline void fwt_policy_alone(const struct fwt_net *fn)
{
	cond_synchronize_rcu(READ_ONCE(fn->swapped));
}

void fwt_policy_lock_alone(struct fwt_net *fn);

void fwt_policies_net_init(struct fwt_net *fn);
void fwt_policies_net_clean(struct fwt_net *fn);

/* No policy any more, with RTNL and fwt_net.lock held; and what is to be done with
 * the former one without them, which may take a grace period: the connections that it
 * allowed end, not those of a policy that came meanwhile.
 */
struct fwt_policy *fwt_policy_take(struct fwt_net *fn);
void fwt_policy_taken(struct fwt_net *fn, struct fwt_policy *old);

/* The former policy goes, after a grace period; NULL for none. */
void fwt_policy_retire(struct fwt_policy *p);

/* filter.c: what a verified program has of FILTERS becomes the kernel's. To be freed
 * even if it failed, with what was made.
 */
int fwt_filters_make(struct fwt_base *b);
void fwt_filters_free(struct fwt_base *b);

/* digest.c: what a verified program's text is recognised by, and what that is made with.
 * 0 or -ENOMEM; it is freed with the base.
 */
int fwt_digests_make(struct fwt_base *b);

/* Asks a program how many connections there are: fwt_counts_init() comes first. */
bool fwt_program_counts(const struct fwt_program *prog);

/* A policy that was never in force. */
void fwt_policy_free(struct fwt_policy *p);
void fwt_change_free(struct fwt_change *c);

static inline u32 fwt_n_slots(const struct fwt_program *prog)
{
	return prog->n[FWT_SEC_RULES] + prog->n[FWT_SEC_COUNTERS];
}

/* Rules that count. */
static inline u32 fwt_policy_rules(const struct fwt_policy *p)
{
	u32 n = p->prog.n[FWT_SEC_RULES];

	if (p->change)
		n += p->change->patch.n[FWT_PATCH_PLACES] -
		     p->change->patch.n[FWT_PATCH_DELETED];
	return n;
}

/* The rule slot of a rule of the policy in force. */
static inline u32 fwt_rule_slot(const struct fwt_policy *pol, u32 rule)
{
	if (rule == FWT_NONE)
		return FWT_NONE;
	if (likely(rule < pol->prog.n[FWT_SEC_RULES]))
		return likely(pol->run[rule / FWT_RUN] != FWT_NONE) ?
		       pol->run[rule / FWT_RUN] + rule % FWT_RUN : pol->slot[rule];
	return pol->change->slot[rule - pol->prog.n[FWT_SEC_RULES]];
}

/* An object that a walk met; those of a patch are numbered behind the base's. */
static inline struct fwt_object *fwt_policy_object(const struct fwt_policy *pol, u32 index)
{
	if (likely(index < pol->prog.n[FWT_SEC_OBJECTS]))
		return pol->object[index];
	return pol->change->object[index - pol->prog.n[FWT_SEC_OBJECTS]];
}

/* How many there are. */
static inline u32 fwt_policy_objects(const struct fwt_policy *pol)
{
	return pol->prog.n[FWT_SEC_OBJECTS] +
	       (pol->change ? pol->change->patch.prog.n[FWT_SEC_OBJECTS] : 0);
}

/* A rule of the base that a patch has taken away. */
static inline bool fwt_rule_gone(const struct fwt_policy *p, u32 rule)
{
	u32 node;

	if (!p->change || rule >= p->prog.n[FWT_SEC_RULES])
		return false;
	node = p->prog.rule[rule].node;
	return node != FWT_NONE && p->change->patch.gone[node / 32] >> (node % 32) & 1;
}

/**
 * fwt_policy_slot_line() - the line where a slot's rule stands now
 * @p: the policy in force, or NULL
 * @s: the slot
 *
 * Context: RCU read lock, or fwt_net.lock.
 */
u32 fwt_policy_slot_line(const struct fwt_policy *p, const struct fwt_slot *s);

/* log.c: a policy that is not in force yet logs to groups of nfnetlink_log as @prog,
 * its own or its patch's, says; and lets go of it. @load: it may load a module, so without
 * locks. 0, or -EOPNOTSUPP with its text.
 */
int fwt_nflog_get(struct fwt_policy *p, const struct fwt_program *prog, bool load,
		  struct netlink_ext_ack *extack);
void fwt_nflog_put(struct fwt_policy *p);

/* No policy any more: hooks go, connections end. Takes fn->lock. Returns true
 * if there was one.
 */
bool fwt_policy_flush(struct fwt_net *fn);

/* The policy in force, with fn->lock held. */
static inline struct fwt_policy *fwt_policy_locked(struct fwt_net *fn)
{
	return rcu_dereference_protected(fn->policy, lockdep_is_held(&fn->lock));
}

#endif /* FWT_POLICY_H */
