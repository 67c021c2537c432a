/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet in words in which some things may be any:
 *
 *	in|out IF|* PROTO|* SIDE to SIDE [WORD...]
 *
 * SIDE is *, ADDRESS[/LENGTH][:PORT[-PORT]] or *:PORT[-PORT].
 */
#ifndef FWT_SIM_PATTERN_H
#define FWT_SIM_PATTERN_H

#include "os.h"

struct fwt_sim;

/**
 * struct sim_side - an end of it
 * @any: any address
 * @family: 4 or 6; 0: either
 * @lo: words in host byte order, most significant first
 * @hi: likewise
 * @port: a port was named
 * @port_lo: the least
 * @port_hi: the greatest
 */
struct sim_side {
	bool any;
	u8 family;
	u32 lo[4], hi[4];
	bool port;
	u32 port_lo, port_hi;
};

/**
 * struct sim_pattern - what was read
 * @out: begun here
 * @dev: interface; "*": any
 * @any_proto: any protocol
 * @proto: this one
 * @src: where it comes from
 * @dst: where it goes
 * @words: what is behind them, with a blank before it
 * @flags: of TCP, are among them
 */
struct sim_pattern {
	bool out;
	char dev[16];
	bool any_proto;
	u8 proto;
	struct sim_side src, dst;
	char words[400];
	bool flags;
};

/* Return: 0; else the column, from 1, where it goes wrong, and @error says how. */
int sim_pattern_read(const char *pattern, struct sim_pattern *p, char *error, size_t size);

/* Is a word among @words. */
bool sim_pattern_says(const struct sim_pattern *p, const char *word);

bool sim_has_ports(u8 proto);

enum {
	EDGE_ADDR4, EDGE_ADDR6, EDGE_PORT, EDGE_PROTO, EDGE_DEV, EDGE_FLAGS,
	EDGE_TYPE, EDGE_CODE, EDGE_TTL, EDGE_DSCP, EDGE_MARK, EDGE_LEN,
	__EDGES,
};

/**
 * struct sim_edges - values at which rules begin and end, and those next to them
 * @value: @words each; to be freed
 * @n: how many
 * @words: in host byte order, most significant first
 */
struct sim_edges {
	u32 *value;
	u32 n;
	u32 words;
};

/**
 * sim_edges_harvest() - those of the policy in force
 * @to: __EDGES, whose @words are set
 * @sim: simulation
 *
 * Return: does a rule hold one field against another.
 */
bool sim_edges_harvest(struct sim_edges *to, const struct fwt_sim *sim);

#endif /* FWT_SIM_PATTERN_H */
