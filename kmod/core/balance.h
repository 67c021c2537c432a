/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Choosing a server of a pool.
 *
 * A table (struct fwt_balance) is of one pool and one family, and never changes:
 * where servers, weights or who is usable change another one is built. What does
 * change while it stands (whose turn it is, how many connections a server has) is
 * read through it or handed in, so that choosing is pure.
 */
#ifndef FWT_CORE_BALANCE_H
#define FWT_CORE_BALANCE_H

#include "tree.h"

/**
 * struct fwt_balance_server - one of those that a table is built of
 * @id: who it is, fwt_balance_id(): what it is given by Maglev hangs on this alone
 * @weight: 1 to FWT_SERVER_WEIGHT_MAX
 * @usable: it may be given new connections
 * @load: where the number of its connections, and one more, is to be read; stays
 *	there as long as the table
 */
struct fwt_balance_server {
	u64 id;
	u32 weight;
	bool usable;
	const u32 *load;
};

/**
 * struct fwt_balance - a table
 * @scheduler: enum fwt_scheduling
 * @n: servers that are usable
 * @total: sum of their weights, divided by what they have in common
 * @stride: from one turn to the next, see fwt_balance_turn()
 * @slot: Maglev's: a server each, FWT_MAGLEV_SIZE of them; NULL without
 * @usable: numbers of those that are usable, ascending
 * @sum: of the weights up to and with each of these
 * @weight: of each of these
 * @load: likewise
 */
struct fwt_balance {
	u32 scheduler;
	u32 n;
	u32 total;
	u32 stride;
	const u16 *slot;
	const u16 *usable;
	const u32 *sum;
	const u32 *weight;
	const u32 *const *load;
};

/* A prime, and more than a hundred times FWT_POOL_SERVERS_MAX, so that shares
 * differ by less than one in a hundred (Eisenbud and others: "Maglev: A Fast and
 * Reliable Software Network Load Balancer", NSDI 2016, 3.4 and 5.3).
 */
#define FWT_MAGLEV_SIZE	65537u

/**
 * fwt_balance_bytes() - memory that a table takes
 * @n: servers, usable or not
 * @maglev: it is to have @slot
 */
size_t fwt_balance_bytes(u32 n, bool maglev);

/* Memory that building one takes besides. */
size_t fwt_balance_scratch(u32 n, bool maglev);

/**
 * fwt_balance_build() - build a table
 * @mem: fwt_balance_bytes(), aligned to 8
 * @scratch: fwt_balance_scratch(), aligned to 8
 * @scheduler: enum fwt_scheduling
 * @maglev: as above; needed for FWT_SCHEDULE_MAGLEV and FWT_SCHEDULE_SOURCE_HASH
 * @server: no two with one @id
 * @n: how many, at most FWT_POOL_SERVERS_MAX
 *
 * What Maglev gives whom is a function of ids and weights, not of the order. It is
 * made for all servers first; then the entries of those that are not usable are
 * given to the others. So a server that goes down and comes back moves no entry
 * but its own. Some 2 to 3 ms for 512 servers, whatever their weights: a round that gives
 * one entry only passes over those who get none by groups.
 *
 * Return: the table, at the beginning of @mem.
 */
const struct fwt_balance *fwt_balance_build(void *mem, void *scratch, u32 scheduler,
					    bool maglev,
					    const struct fwt_balance_server *server, u32 n);

/**
 * fwt_balance_choose() - choose
 * @b: table
 * @hash: fwt_balance_hash() of the packet
 * @persistent: by @hash alone, the packet's source; as far as @b has @slot
 * @seed: of the connection
 * @turn: round robin's
 *
 * Return: number of the server as in fwt_balance_build(); FWT_NONE where none is
 * usable.
 */
u32 fwt_balance_choose(const struct fwt_balance *b, u32 hash, bool persistent,
		       u32 seed, u32 turn);

/**
 * fwt_balance_turn() - the turn after this one
 * @b: table
 * @turn: any number
 *
 * In @b->total turns each server has as many as its weight, spread evenly.
 */
static inline u32 fwt_balance_turn(const struct fwt_balance *b, u32 turn)
{
	if (turn >= b->total)
		return 0;
	turn += b->stride;
	return turn >= b->total ? turn - b->total : turn;
}

/**
 * fwt_balance_hash() - what Maglev chooses by
 * @p: packet; its destination is the address dialled
 * @source: by its source address alone
 *
 * Ends and protocol. There is no key in it, so that several machines that share
 * an address choose the same server, and one that was restarted does, too. Who
 * can choose his ports can choose a server by it, as he could by trying.
 */
u32 fwt_balance_hash(const struct fwt_packet *p, bool source);

/**
 * fwt_balance_by_source() - is a choice a matter of the source address alone
 * @scheduler: enum fwt_scheduling
 * @persistent: the rule says so
 */
static inline bool fwt_balance_by_source(u32 scheduler, bool persistent)
{
	return persistent || scheduler == FWT_SCHEDULE_SOURCE_HASH;
}

/* Does a pool need Maglev's entries. */
static inline bool fwt_balance_maglev(u32 scheduler, u32 flags)
{
	return scheduler == FWT_SCHEDULE_MAGLEV || scheduler == FWT_SCHEDULE_SOURCE_HASH ||
	       flags & FWT_POOL_PERSISTENT;
}

/**
 * fwt_balance_id() - who a server is
 * @s: the server
 *
 * Return: a hash of its address and ports.
 */
u64 fwt_balance_id(const struct fwt_prog_server *s);

/**
 * fwt_balance_order() - do two servers stand in order
 * @a: server
 * @b: server
 *
 * Return: less than 0, 0 (they are the same one), more than 0.
 */
int fwt_balance_order(const struct fwt_prog_server *a, const struct fwt_prog_server *b);

/* Is it a server at all; what is wrong, NULL if nothing is. */
const char *fwt_balance_server_wrong(const struct fwt_prog_server *s);

/**
 * fwt_balance_port() - the port that a packet is led to
 * @m: FWT_MOD_BALANCE; its ports are those that its rule asks for
 * @to: the server chosen
 * @p: packet
 * @seed: of the connection
 *
 * The server's own; the packet's where it has none. A range of as many ports as
 * the rule asks for is matched one to one, see fwt_nat_dport().
 */
u16 fwt_balance_port(const struct fwt_prog_mod *m, const struct fwt_env_server *to,
		     const struct fwt_packet *p, u32 seed);

#endif /* FWT_CORE_BALANCE_H */
