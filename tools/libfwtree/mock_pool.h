/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pools of a program in userspace: what explain, test and the oracle ask in
 * place of the kernel's. The tables are the core's own, so given the same turn,
 * counts and seed the choice is the kernel's.
 */
#ifndef FWT_MOCK_POOL_H
#define FWT_MOCK_POOL_H

#include "balance.h"

struct fwt_mock_pool;

/**
 * struct fwt_mock_pools - a program's pools
 * @prog: the program
 * @pool: by order of their objects
 * @n: how many
 */
struct fwt_mock_pools {
	const struct fwt_program *prog;
	struct fwt_mock_pool *pool;
	u32 n;
};

/**
 * fwt_mock_pools_init() - all servers are up, and have no connections
 * @m: filled in
 * @prog: verified; stays as long as @m
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_mock_pools_init(struct fwt_mock_pools *m, const struct fwt_program *prog);
void fwt_mock_pools_clean(struct fwt_mock_pools *m);

/**
 * fwt_mock_pools_server() - the answer to struct fwt_env_ops.server
 * @m: pools
 * @key: of the pool
 * @p: packet
 * @persistent: as there
 * @seed: of the environment
 * @to: filled in; its @id is for the functions below
 */
bool fwt_mock_pools_server(const struct fwt_mock_pools *m, u64 key,
			   const struct fwt_packet *p, bool persistent, u32 seed,
			   struct fwt_env_server *to);

/* A connection that was given server @id (struct fwt_decision.server; 0 is ignored)
 * is accepted; it ends.
 */
void fwt_mock_pools_begin(struct fwt_mock_pools *m, u32 id);
void fwt_mock_pools_end(struct fwt_mock_pools *m, u32 id);

/**
 * fwt_mock_pools_find() - a server of a pool, by its place
 * @m: pools
 * @pool: the pool's name
 * @family: 4 or 6
 * @addr: words in host byte order
 * @port: its first port, 0 for any
 *
 * Return: its id, 0 for none.
 */
u32 fwt_mock_pools_find(const struct fwt_mock_pools *m, const char *pool, u8 family,
			const u32 *addr, u16 port);

/**
 * fwt_mock_pools_usable() - a server may be given connections, or not
 * @m: pools
 * @id: the server
 * @usable: drained or down where false
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_mock_pools_usable(struct fwt_mock_pools *m, u32 id, bool usable);

#endif /* FWT_MOCK_POOL_H */
