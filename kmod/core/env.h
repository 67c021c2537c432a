/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a walk asks of the world around it. The module answers from the kernel,
 * the tools from mock tables. Answers must not change anything: a walk is
 * pure, and may be a dry run.
 */
#ifndef FWT_CORE_ENV_H
#define FWT_CORE_ENV_H

#include "os.h"
#include "rlu.h"
#include "fwtree_foreign.h"

struct fwt_packet;
struct fwt_env;
struct fwt_program;

/**
 * struct fwt_env_server - a server that was chosen
 * @addr: words, as in struct fwt_packet
 * @port_lo: first port, 0: the packet keeps its own
 * @port_hi: last one
 * @id: for who asked for it, never 0: struct fwt_decision hands it on
 */
struct fwt_env_server {
	u32 addr[4];
	u16 port_lo;
	u16 port_hi;
	u32 id;
};

/* What a node of another module says besides a branch. */
#define FWT_FOREIGN_NONE	(-1)	/* none of its branches; of a match: no */
#define FWT_FOREIGN_UNKNOWN	(-2)	/* it asked for what a record did not keep */
#define FWT_FOREIGN_BAD		(-3)	/* nothing that means anything */

/**
 * struct fwt_env_node - what a node of another module changes
 * @what: 1 << enum fwt_node_set
 * @acts: it has something to do when the walk ends, or sets something
 * @value: by enum fwt_node_set, of those in @what
 */
struct fwt_env_node {
	u32 what;
	bool acts;
	u32 value[__FWT_NODE_SET_MAX];
};

/**
 * struct fwt_env_ops - what the outside gives
 * @ifaddr: is @addr (words, as in struct fwt_packet, of family @family) an
 *	address of the interface named @ifname (see ifname.h); with @subnet, does
 *	it lie in one of its subnets
 * @count: connections that are charged to a count, by its table (tree.h) and key;
 *	NULL for none, ever
 * @under: have the limit or quota that is element @object of the program's OBJECTS
 *	enough left for @p; @hash is set to what to charge by. NULL: always
 * @turn: whose turn it is at the split that is element @object of OBJECTS, less
 *	than its FWT_SPLIT_TURNS. NULL: the first one's
 * @set_has: is @key, of as many words as keys of the set have, in the set that is
 *	object @object of the program, among its elements with IPv6 addresses (@six)
 *	or without; @value: NULL, or of a map set to what it gives for it. NULL for
 *	sets that are all empty
 * @source: the address that masquerading takes for @p, which leaves by @p->oif
 *	(never a link-local one, R12); false where there is none
 * @server: the server of a pool that @p, as it was dialled, is given; @object is the
 *	pool's index in the program's OBJECTS, @key its key. false where none of the
 *	packet's family is usable. NULL: none ever is
 * @local: the first address, of the family of @p, of the interface named
 *	@ifname. Of IPv6 one of global scope, unless @p itself goes to a
 *	link-local address; never one that is tentative or deprecated; false
 *	where there is none
 * @route: answers @what (rlu.h) of @p, of an address that is one host's; @r is all
 *	zeroes, which is no route. NULL for none, ever
 * @filter: do the bytes of @p, as it came to the hook, pass filter @filter of @prog.
 *	NULL where nobody has them: none passes
 * @owner: the value of one of FWT_FIELDS_OWNER of the packet that walks, which starts
 *	here; returns its words, 0 where there is none. NULL for none, ever
 * @node: what node @foreign of @prog's FOREIGN makes of @p: the number of one of its
 *	labels, of a MATCH 1 or 0, of MODIFY 0; or FWT_FOREIGN_*. @said is empty
 *	before. NULL: none ever says anything
 * @draw: the seed, of what has none until it is asked for; NULL: @seed is it
 */
struct fwt_env_ops {
	bool (*ifaddr)(const struct fwt_env *env, const char *ifname, u8 family,
		       const u32 *addr, bool subnet);
	bool (*source)(const struct fwt_env *env, const struct fwt_packet *p,
		       u32 *addr);
	bool (*local)(const struct fwt_env *env, const char *ifname,
		      const struct fwt_packet *p, u32 *addr);
	bool (*server)(const struct fwt_env *env, u32 object, u64 key,
		       const struct fwt_packet *p, bool persistent,
		       struct fwt_env_server *to);
	u32 (*count)(const struct fwt_env *env, u64 table, const u32 *key, u32 words);
	void (*route)(const struct fwt_env *env, const struct fwt_packet *p,
		      enum fwt_route_ask what, struct fwt_route *r);
	bool (*under)(const struct fwt_env *env, u32 object, const u32 *key, u32 words,
		      const struct fwt_packet *p, u64 *hash);
	u32 (*turn)(const struct fwt_env *env, u32 object);
	bool (*filter)(const struct fwt_env *env, const struct fwt_packet *p,
		       const struct fwt_program *prog, u32 filter);
	int (*owner)(const struct fwt_env *env, unsigned int field, u32 *out);
	bool (*set_has)(const struct fwt_env *env, u32 object, bool six, const u32 *key,
			u32 *value);
	int (*node)(const struct fwt_env *env, const struct fwt_program *prog, u32 foreign,
		    const struct fwt_packet *p, struct fwt_env_node *said);
	u32 (*draw)(const struct fwt_env *env);
};

/**
 * struct fwt_env - one walk's surroundings; embed it to add one's own
 * @ops: how to ask
 * @seed: of this connection: choices (an address of a range, a branch) are
 *	functions of it, so that deciding afresh chooses the same
 * @rlu: room for answers of @ops->route, so that none is asked for twice in a
 *	walk; NULL: each time anew. Nobody fills it in but the walk
 * @turn: that it has already at the first split by turns that it meets, and 1; 0
 *	if it has none yet
 */
struct fwt_env {
	const struct fwt_env_ops *ops;
	u32 seed;
	struct fwt_rlu *rlu;
	u32 turn;
};

/* What a choice is made by. */
static inline u32 fwt_env_draw(const struct fwt_env *env)
{
	if (!env)
		return 0;
	return env->ops->draw ? env->ops->draw(env) : env->seed;
}

#endif /* FWT_CORE_ENV_H */
