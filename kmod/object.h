/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What outlives programs: live sets, limits, quotas, pools. A policy that names
 * one which the policy in force has, of the same kind and key and alike, takes it
 * over with its contents; else it is made anew.
 *
 * Life-cycle: a program (struct fwt_base, and that of a struct fwt_change) holds one
 * use of each of its objects, from before it is published until a grace period after
 * it has retired; with the last use an object goes. So a walk under RCU that has a
 * policy at hand may use the policy's objects. Who keeps one for longer (a connection,
 * a pool's) counts for itself.
 *
 * Synchronization: uses, making and freeing under fwt_net.lock; what is in an
 * object is its kind's affair.
 */
#ifndef FWT_OBJECT_H
#define FWT_OBJECT_H

#include <linux/netlink.h>
#include "netns.h"
#include "core/patch.h"

struct fwt_object;

/**
 * struct fwt_object_ops - what a kind of object does
 * @create: make the one that element @i of @prog's OBJECTS says; returns an
 *	ERR_PTR() and tells @extack why where it can't. Under fwt_net.lock.
 * @alike: is @o, whose parameters are o->param, the same thing as element @i of
 *	@prog, so that its contents stay; may get ready what @publish will need.
 *	NULL: where all parameters are equal
 * @prepare: the policy of which it is element @i of @prog's OBJECTS is about to be in
 *	force: what @publish needs and may fail. May be NULL. No walk is left of a policy
 *	before that in force, if there is a @rest
 * @cancel: it will not be, after all; also where @prepare failed or was not called.
 *	May be NULL
 * @publish: the policy is going to be in force, nothing can fail any more: take
 *	over what @alike let differ. May be NULL
 * @rest: the policy that has it is in force, and no walk is left of one before: what was
 *	for those only may go. May be NULL
 * @free: no walk and no program has it any more
 */
struct fwt_object_ops {
	struct fwt_object *(*create)(struct fwt_net *fn, const struct fwt_program *prog,
				     u32 i, struct netlink_ext_ack *extack);
	bool (*alike)(const struct fwt_object *o, const struct fwt_program *prog, u32 i);
	int (*prepare)(struct fwt_object *o, const struct fwt_program *prog, u32 i,
		       struct netlink_ext_ack *extack);
	void (*cancel)(struct fwt_object *o);
	void (*publish)(struct fwt_object *o, const struct fwt_program *prog, u32 i);
	void (*rest)(struct fwt_object *o);
	void (*free)(struct fwt_object *o);
};

/* By enum fwt_object_kind; NULL for what this module does not have (object.c). */
extern const struct fwt_object_ops *const fwt_object_ops[__FWT_OBJECT_MAX];

/* rate.c */
extern const struct fwt_object_ops fwt_limit_ops, fwt_quota_ops, fwt_split_ops;

/**
 * struct fwt_object - the head of each; embed it at the beginning
 * @key: as in struct fwt_prog_object, and so on
 * @param: as it was made, or published last
 * @users: programs
 * @kind: enum fwt_object_kind
 * @name: of its own; NULL for none
 */
struct fwt_object {
	u64 key;
	u32 param[FWT_OBJECT_PARAMS];
	u32 users;
	u8 kind;
	char *name;
};

/**
 * fwt_objects_get() - a use of each of a program's objects
 * @fn: namespace, its lock held
 * @prog: verified
 * @out: by index
 * @extack: told why not
 *
 * Return: 0; -EINVAL where two have one key; -EOPNOTSUPP; what @create says.
 */
int fwt_objects_get(struct fwt_net *fn, const struct fwt_program *prog,
		    struct fwt_object **out, struct netlink_ext_ack *extack);

/**
 * fwt_objects_prepare() - a program that has its objects is about to be in force
 * @fn: namespace
 * @prog: program
 * @object: by index, each another one
 * @extack: told why not
 *
 * Context: fwt_net.lock. fwt_objects_get() has done it for a new program. Waits as
 * fwt_objects_await() does, who does that before has it not wait with locks held.
 * Return: 0; what @prepare says, and then it is taken back.
 */
int fwt_objects_prepare(struct fwt_net *fn, const struct fwt_program *prog,
			struct fwt_object **object, struct netlink_ext_ack *extack);

/**
 * fwt_objects_get_added() - a use of each object of a patch's program
 * @fn: namespace, its lock held; a policy is in force, with the patch's base
 * @patch: verified
 * @out: by index
 * @extack: told why not
 *
 * Sets are the base's. Limits, quotas and turns are those that rules of the same keys had,
 * the base's or another patch's; or new ones.
 *
 * Return: 0; what @create says.
 */
int fwt_objects_get_added(struct fwt_net *fn, const struct fwt_patch *patch,
			  struct fwt_object **out, struct netlink_ext_ack *extack);

/* The policy with that patch is going to be in force. */
void fwt_objects_publish_added(const struct fwt_patch *patch, struct fwt_object **object);

/* The policy that has them is going to be in force. */
void fwt_objects_publish(const struct fwt_program *prog, struct fwt_object **object);

/* It is, and no walk is left of one before: fwt_policy_alone(). fwt_net.lock is held. */
void fwt_objects_rest(struct fwt_object *const *object, u32 n);

/* Waits until no walk is left of a policy before that in force, where a program has
 * objects that need it to be in force. Better without locks.
 */
void fwt_objects_await(struct fwt_net *fn, const struct fwt_program *prog);

/* It is not, after fwt_objects_get(): which has lasted until now. */
void fwt_objects_cancel(struct fwt_object **object, u32 n);

/* Lets go of @n of them; NULL ones are passed over. fwt_net.lock is held. */
void fwt_objects_put(struct fwt_object **object, u32 n);

/**
 * fwt_object_find() - an object of the policy in force, by name
 * @fn: namespace
 * @kind: enum fwt_object_kind
 * @name: as it is called in the policy
 *
 * Context: fwt_net.lock, or RCU.
 * Return: it, or NULL; valid as long as the lock is held.
 */
struct fwt_object *fwt_object_find(struct fwt_net *fn, u8 kind, const char *name);

#endif /* FWT_OBJECT_H */
