/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values at random, as text: what gen_policy.c is made of.
 */
#ifndef GEN_VALUES_H
#define GEN_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define IN	1
#define OUT	2
#define DEV_IN	4
#define DEV_OUT	8
#define INET	(IN | OUT)
#define DEV	(DEV_IN | DEV_OUT)
#define L2	(DEV | IN)
#define ALL	15

#define TREES_MAX 5
#define GEN_SETS 7

struct gen {
	FILE *out;
	uint64_t state;
	unsigned int depth;
	unsigned int hooks;	/* that see what is being written */
	bool called;		/* in a tree that may end without a verdict */
	unsigned int tree;	/* trees from this one on may be gone to */
	unsigned int trees;
	unsigned int tree_hooks[TREES_MAX];
	bool tree_called[TREES_MAX];
	unsigned int budget;	/* statements */
	bool many;		/* the block is a long one */
	unsigned int ids;
	bool has_set[GEN_SETS];
	bool sets_in_sets;	/* s6 and s7, which hold others */
	bool has_map[5];
	unsigned int map_trees;
	unsigned int pools;
	unsigned int nodes;
};

enum kind { ADDR, ADDR4, ADDR6, PORT, PROTOCOL, NAME, MAC, STATE, DIRECTION, FAMILY, PKTTYPE,
	    ETHER_TYPE, ARP_OP, ICMP, ICMP6, FLAGS, NUM3, NUM6, NUM8, NUM12, NUM16, NUM32,
	    ROUTE, USER, GROUP, STATUS };

unsigned int gen_rnd(struct gen *g, unsigned int below);
bool gen_chance(struct gen *g, unsigned int percent);
void gen_put(struct gen *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *gen_pick(struct gen *g, const char *const *words, unsigned int n);

#define PICK(g, words) gen_pick(g, words, sizeof(words) / sizeof((words)[0]))

/** gen_addr() - one address, no prefix or range */
void gen_addr(struct gen *g, bool six);

/**
 * gen_value() - a value, a range or a prefix
 * @family: 4, 6, or 0 for either, where @kind is ADDR
 */
void gen_value(struct gen *g, enum kind kind, int family);

#endif /* GEN_VALUES_H */
