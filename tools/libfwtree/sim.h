/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulation within libfwtree: what its parts share. Its users have
 * fwtree_sim.h.
 *
 * Rooms: sim_kernel.c stands in for the kernel, sim_net.c for its network (devices,
 * hooks, packets, answers), sim_world.c for addresses and routes and for what a walk
 * asks of them; sim.c is one simulation, and leads packets along their way; sim_walk.c
 * keeps what was walked. sim_build.c makes bytes of packets in words, and the other way
 * round; sim_explain.c tells a way in words.
 */
#ifndef FWT_SIM_H
#define FWT_SIM_H

#include "fwtree_sim.h"
#include "packet.h"
#include "tree.h"

struct fwt_diag;
struct fwt_mock_routes;
struct fwt_progress;

/**
 * struct sim_step - one step of a walk
 * @step: as the walk tells it
 * @mark: of the packet before it
 */
struct sim_step {
	struct fwt_walk_step step;
};

/**
 * struct sim_walk - one walk
 * @prog: the program
 * @hook: enum fwt_hook
 * @again: a connection decided afresh
 * @before: the packet
 * @after: what modifiers made of it
 * @d: the decision, without its effects
 * @first: of its steps
 * @n_steps: how many, 0 unless they are kept
 * @why: has the ends of a connection, and is none of its own: enum fwt_reason; else 0
 */
struct sim_walk {
	const struct fwt_program *prog;
	u8 hook;
	bool again;
	struct fwt_packet before;
	struct fwt_packet after;
	u8 verdict;
	u8 reject;
	u8 flags;
	u8 reason;
	u32 rule;
	u32 node;
	u32 n_effects;
	u32 effect[FWT_EFFECTS_MAX];
	size_t first;
	size_t n_steps;
	u8 why;
};

/**
 * struct sim_walks - those of a packet
 * @trace: keep steps
 * @why: of the walk that comes next, see struct sim_walk
 */
struct sim_walks {
	bool trace;
	u8 why;
	struct sim_walk *walk;
	size_t n, room;
	struct sim_step *step;
	size_t n_steps, room_steps;
};

void sim_walks_clean(struct sim_walks *w);

/* Where fwt_sim_walk() leaves what it walks; NULL for nowhere. */
extern struct sim_walks *sim_walks_now;

/* sim.c */
const struct sim_walks *sim_walks_of(const struct fwt_sim *sim);
const struct fwt_sim_result *sim_result_of(const struct fwt_sim *sim);
int sim_set_error(struct fwt_sim *sim, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Who is told how far it is with files of policies that are read from now on, by whichever
 * simulation; NULL: nobody.
 */
void sim_progress(const struct fwt_progress *progress);

/* fwt_sim_policy() with all errors apart. */
int sim_policy_diag(struct fwt_sim *sim, const char *file, struct fwt_diag *diag);

/* What else its owner keeps with a simulation: texts that were told. */
struct sim_told {
	char *errors;
	char packet[320];
};

struct sim_told *sim_told_of(struct fwt_sim *sim);

int sim_policy_blob(struct fwt_sim *sim, const void *blob, size_t len);
void sim_rule_fill(const struct fwt_program *prog, u32 rule, struct fwt_sim_rule *to);

/**
 * sim_world_file() - take from a test file what says where things are
 * @sim: simulation
 * @file: "-" for standard input
 * @diag: told of all that is wrong with the file, other statements too
 *
 * Return: 0 or -1.
 */
int sim_world_file(struct fwt_sim *sim, const char *file, struct fwt_diag *diag);

/* Is there an address, or a route; and does one of them name this interface. */
bool sim_has_world(const struct fwt_sim *sim);

/* Its addresses and routes. */
const struct fwt_mock_routes *sim_routes(const struct fwt_sim *sim);

/* A node of another module that the last packet met and nobody answers for; or NULL. */
const char *sim_node_asked(const struct fwt_sim *sim);
bool sim_knows_device(const struct fwt_sim *sim, const char *name);

/* The priority that IPv4 gives a packet that it forwards, by its type of service. */
u32 sim_tos_priority(u8 tos);

/* One of the interfaces that they name, by a number that may be any; NULL for none. */
const char *sim_some_device(const struct fwt_sim *sim, u32 n);

/* Its address number @n; false where there is none. */
bool sim_some_address(const struct fwt_sim *sim, u32 n, u8 *family, u32 *addr);

/* Is it an address of the machine; @addr: bytes. */
bool sim_own_address(const struct fwt_sim *sim, u8 family, const u8 *addr);

/* Of the policy in force. */
const struct fwt_program *sim_program(const struct fwt_sim *sim);

/* What is over goes out of all live sets, as the kernel's collector does it. */
void sim_sets_collect(struct fwt_sim *sim);

/**
 * sim_plain() - rules one after the other
 * @sim: simulation
 * @on: policies that are read from now on have no search trees: their walks meet each
 *	rule as it was written. What they decide is the same
 */
void sim_plain(struct fwt_sim *sim, bool on);
bool sim_is_plain(const struct fwt_sim *sim);

struct fwt_net;

/* The namespace; what is done with it now is done in this simulation. */
struct fwt_net *sim_net_of(struct fwt_sim *sim);

/* All connections end; for packets that are each for itself. */
void sim_forget(struct fwt_sim *sim);

/* Milliseconds: fwt_sim_wait() goes in whole ones, rounded up. */
#define SIM_TICK	4

/* sim_build.c */

#define SIM_PACKET_MAX	65600

/**
 * sim_build() - the bytes of a packet in words
 * @p: as fwt_packet_read() leaves one
 * @payload: bytes of the transport payload, or NULL for zeroes
 * @buf: SIM_PACKET_MAX bytes: an Ethernet header, and the packet
 *
 * Return: bytes of it.
 */
size_t sim_build(const struct fwt_packet *p, const u8 *payload, u8 *buf);

struct fwt_packet_text;
struct fwt_sim_packet;

/* What the words of a packet say besides its bytes: mark and socket. */
void sim_build_rest(const struct fwt_packet_text *t, struct fwt_sim_packet *packet);

/* Its IP id is another one than 1. */
void sim_build_id(const struct fwt_packet *p, u16 id, u8 *buf);

/* A packet as the language has it, from its network header on; @buf. */
char *sim_packet_words(const u8 *data, size_t len, char *buf, size_t size);

/* "ADDR:PORT", "[ADDR]:PORT", or the address alone; @addr: 16 bytes. */
char *sim_end_words(u8 family, const u8 *addr, bool has_port, u16 port, char *buf,
		    size_t size);
#define SIM_END_WORDS 64

#endif /* FWT_SIM_H */
