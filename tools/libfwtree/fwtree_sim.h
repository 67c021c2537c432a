/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libfwtree: a policy tried on a machine that is not there.
 *
 * A simulation is one machine: a policy in force, addresses, routes, a clock that
 * goes by when told to, and the connections that its packets have begun. What
 * decides is the module's own code (hooks, connections, translation, core), compiled
 * for userspace. So a test program or a fuzzer of anybody's can ask what would
 * become of a packet:
 *
 *	struct fwt_sim *sim = fwt_sim_new();
 *	const struct fwt_sim_result *r;
 *
 *	if (fwt_sim_policy(sim, "gateway.fw") ||
 *	    fwt_sim_world(sim, "address 203.0.113.8/24 dev eth0"))
 *		errx(1, "%s", fwt_sim_error(sim));
 *	r = fwt_sim_packet_text(sim, "in eth0 tcp 198.51.100.7:4000 to 203.0.113.8:22");
 *	assert(r && r->verdict == FWT_SIM_DROP);
 *	fwt_sim_free(sim);
 *
 *	cc program.c $(pkg-config --cflags --libs libfwtree)
 *
 * A program may have several simulations, and use them from one thread: there are no
 * locks in it. Nothing here ends the program or prints; what is wrong is told by
 * fwt_sim_error(). Addresses are in network byte order, ports, marks and all other
 * numbers in the host's, times in the units that their names say.
 *
 * Functions and members are added to, never changed: structs are the library's to
 * make, but for struct fwt_sim_packet, whose members that are not set are 0.
 */
#ifndef FWTREE_SIM_H
#define FWTREE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct fwt_sim;

enum fwt_sim_verdict {
	FWT_SIM_ACCEPT,
	FWT_SIM_DROP,
	FWT_SIM_REJECT,
};

/* As a policy has them; an index of struct fwt_sim_result.rule. */
enum fwt_sim_hook {
	FWT_SIM_INGRESS,
	FWT_SIM_EGRESS,
	FWT_SIM_DEV_INGRESS,
	FWT_SIM_DEV_EGRESS,
	__FWT_SIM_HOOKS,
};

/* Where the way of a packet ended. */
enum fwt_sim_end {
	FWT_SIM_LEFT,		/* by a device */
	FWT_SIM_DELIVERED,	/* to this machine */
	FWT_SIM_STOPPED,	/* dropped or rejected */
	FWT_SIM_HELD,		/* a fragment that waits for the others */
	FWT_SIM_NO_WORLD,	/* accepted so far: nobody said where it would go on to */
};

/**
 * struct fwt_sim_rule - a rule of the policy
 * @id: its name, or NULL
 * @file: as it was given; NULL: no rule
 * @line: from 1
 * @text: as written, not terminated
 * @text_len: bytes of it
 */
struct fwt_sim_rule {
	const char *id;
	const char *file;
	unsigned int line;
	const char *text;
	size_t text_len;
};

/**
 * struct fwt_sim_conn - a connection
 * @id: no other one has it
 * @family: 4 or 6
 * @protocol: of IP
 * @state: SYN_SENT ..., of others than TCP UNREPLIED or REPLIED
 * @seconds: that it has
 * @confirmed: its first packet has left
 * @assured: it is not evicted for a new one
 * @snat: the server sees another client
 * @dnat: the client dialled another server
 * @saddr: of its packets as they come in: 16 bytes, IPv4 the first four
 * @daddr: likewise; by direction: original, reply
 * @sport: of ICMP the query's id where it is the asking side's
 * @dport: likewise
 * @packets: by direction
 * @bytes: likewise
 * @mark: that its packets get
 * @iif: where it came in by; NULL: begun here
 * @oif: where it left by; NULL: not yet, or it ends here
 * @rule: the deciding ones, of ingress and egress
 */
struct fwt_sim_conn {
	uint64_t id;
	uint8_t family;
	uint8_t protocol;
	const char *state;
	uint32_t seconds;
	bool confirmed, assured, snat, dnat;
	uint8_t saddr[2][16];
	uint8_t daddr[2][16];
	uint16_t sport[2];
	uint16_t dport[2];
	uint64_t packets[2];
	uint64_t bytes[2];
	uint32_t mark;
	const char *iif;
	const char *oif;
	struct fwt_sim_rule rule[2];
};

/**
 * struct fwt_sim_result - what became of a packet; until the next call
 * @verdict: enum fwt_sim_verdict
 * @end: enum fwt_sim_end
 * @reason: of a drop, as "fwctl stats" names it; or "no-route", "ttl-exceeded",
 *	"too-big", of the machine itself; else NULL
 * @state: ct state that it was walked with: "new" ..., "established" and "related"
 *	where it was not walked
 * @by: the rule that decided: the last one that was asked; @by->file NULL for none
 * @rule: by enum fwt_sim_hook, those that were walked, or that the connection has
 * @oif: device that it left by, or NULL
 * @data: as it leaves, from its network header on (where it was dropped: as it was
 *	then)
 * @len: bytes of that
 * @frame: the same from its Ethernet header on
 * @frame_len: bytes of that
 * @mark: that it has then
 * @answer: what this machine says back to a packet that is refused, or that it can't
 *	forward; or NULL
 * @answer_len: bytes of that
 * @answer_dev: by which device
 * @conn: its connection, or NULL
 * @began: it is this packet that began it
 * @logs: lines that it wrote to the log, as many as
 * @n_logs: these
 */
struct fwt_sim_result {
	int verdict;
	int end;
	const char *reason;
	const char *state;
	const struct fwt_sim_rule *by;
	struct fwt_sim_rule rule[__FWT_SIM_HOOKS];
	const char *oif;
	const uint8_t *data;
	size_t len;
	const uint8_t *frame;
	size_t frame_len;
	uint32_t mark;
	const uint8_t *answer;
	size_t answer_len;
	const char *answer_dev;
	const struct fwt_sim_conn *conn;
	bool began;
	char *const *logs;
	size_t n_logs;
};

/**
 * struct fwt_sim_packet - a packet in bytes
 * @dev: the device that it comes in by; of a local one, that it leaves by
 * @out: this machine itself sends it
 * @ether: @data begins with an Ethernet header; else with IP's
 * @summed: its sums are held to be right, whatever they are
 * @data: its bytes
 * @len: that are there
 * @total: that it had; more than @len where it was cut off (a capture), else 0
 * @mark: of one that starts here
 * @owner: likewise, FWT_SIM_UID | ...: what is known of the socket that it comes from
 * @uid: its owner
 * @gid: its owner's group
 * @cgroup: the cgroup that it was made in, by its id
 */
struct fwt_sim_packet {
	const char *dev;
	bool out;
	bool ether;
	bool summed;
	const uint8_t *data;
	size_t len;
	size_t total;
	uint32_t mark;
	unsigned int owner;
	uint32_t uid;
	uint32_t gid;
	uint64_t cgroup;
};

/* Bits of @owner of struct fwt_sim_packet. */
enum {
	FWT_SIM_UID	= 1,
	FWT_SIM_GID	= 2,
	FWT_SIM_CGROUP	= 4,
};

/** fwt_sim_version() - of the library, as "fwctl -V" has it */
const char *fwt_sim_version(void);

/* Of this header: it grows with each function and each member that is added. */
#define FWT_SIM_API 2

/** fwt_sim_api() - FWT_SIM_API of the library: no less than that of a program's header */
unsigned int fwt_sim_api(void);

/** fwt_sim_new() - a machine with nothing but a loopback; NULL without memory */
struct fwt_sim *fwt_sim_new(void);

/** fwt_sim_free() - let go of it, and of all it has told; NULL is fine */
void fwt_sim_free(struct fwt_sim *sim);

/** fwt_sim_error() - why the last call did not do what it was asked */
const char *fwt_sim_error(const struct fwt_sim *sim);

/**
 * fwt_sim_policy() - put a policy in force
 * @sim: simulation
 * @file: policy
 *
 * Connections stay, and are decided afresh by their next packet, as on a machine.
 *
 * Return: 0; -1, and the former one is in force: see fwt_sim_error().
 */
int fwt_sim_policy(struct fwt_sim *sim, const char *file);

/** fwt_sim_policy_text() - the same of a text in memory, which is called @name */
int fwt_sim_policy_text(struct fwt_sim *sim, const char *name, const char *text, size_t len);

/**
 * fwt_sim_errors() - all that was wrong with the last policy that was refused
 * @sim: simulation
 *
 * Return: as "fwctl check" prints it: FILE:LINE:COLUMN, the line and a caret, for each
 * error; until the next policy. "" where there was none.
 */
const char *fwt_sim_errors(const struct fwt_sim *sim);

/**
 * fwt_sim_world() - an address, a route, or the seed of chance
 * @sim: simulation
 * @line: a statement of a test file: "address A/LEN dev IF", "route PREFIX [via A]
 *	dev IF [mtu N]", "link IF [mtu N] [vrf VRF]", "seed N" (before the first
 *	packet), "name NAME [ADDR...]", "resolvers [ADDR...]",
 *	"node NAME [ANSWER] [set FIELD N]...". An
 *	address brings the route to its subnet; 127.0.0.1 and ::1 are there.
 *
 * Return: 0; -1, see fwt_sim_error().
 */
int fwt_sim_world(struct fwt_sim *sim, const char *line);

/**
 * fwt_sim_set() - a live set, or map, is changed, as "fwctl set" does it
 * @sim: simulation, with a policy
 * @line: "add|delete NAME ELEMENT [timeout D]"
 *
 * Return: 0; -1, see fwt_sim_error().
 */
int fwt_sim_set(struct fwt_sim *sim, const char *line);

/**
 * fwt_sim_set_has() - whether an element is in a live set now
 * @sim: simulation, with a policy
 * @set: its name
 * @element: as in a policy
 *
 * Return: 1, 0; -1 where there is no such set, or this is none of its elements.
 */
int fwt_sim_set_has(struct fwt_sim *sim, const char *set, const char *element);

/** fwt_sim_pool() - a pool: "add|delete|drain NAME SERVER", "add NAME SERVER weight N" */
int fwt_sim_pool(struct fwt_sim *sim, const char *line);

/** fwt_sim_wait() - so many milliseconds go by; what is over ends */
void fwt_sim_wait(struct fwt_sim *sim, uint64_t ms);

/** fwt_sim_now() - milliseconds since the simulation began */
uint64_t fwt_sim_now(const struct fwt_sim *sim);

/**
 * fwt_sim_packet() - what becomes of a packet
 * @sim: simulation, with a policy
 * @packet: the packet; its bytes are copied
 *
 * Return: the outcome; NULL where it is none, see fwt_sim_error().
 */
const struct fwt_sim_result *fwt_sim_packet(struct fwt_sim *sim,
					    const struct fwt_sim_packet *packet);

/** fwt_sim_packet_text() - the same of a packet in words, as "fwctl explain" has them */
const struct fwt_sim_result *fwt_sim_packet_text(struct fwt_sim *sim, const char *line);

/**
 * fwt_sim_expect() - whether what became of the last packet is what was to be
 * @sim: simulation, after a packet
 * @what: as behind "expect" in a test file: "accept out eth0 snat 203.0.113.8:*"
 *
 * Return: 1; 0, and fwt_sim_error() says why not; -1 where @what can't be read.
 */
int fwt_sim_expect(struct fwt_sim *sim, const char *what);

/* What was found out about a property. */
enum fwt_sim_proof {
	FWT_SIM_FAILS,		/* for the packet that is told */
	FWT_SIM_HOLDS,		/* for all packets: it was proved */
	FWT_SIM_UNBROKEN,	/* it outgrew the budget; none of many packets breaks it */
	FWT_SIM_EMPTY,		/* there is no packet such as it speaks of */
};

/**
 * fwt_sim_property() - prove a property of the policy in force
 * @sim: simulation, with a policy
 * @text: "never|always in|out IF PROTO FROM to TO [WORD...] expect VERDICT", as
 *	"fwctl check --property" has it
 * @packet: NULL, or where to put the smallest packet that breaks it, in words; until
 *	the next property. NULL where there is none
 *
 * Of all packets that open a connection or are untracked, whatever addresses and routes
 * there are: those of the simulation are not asked, nor is anything changed in it.
 *
 * Return: enum fwt_sim_proof; -1 where @text can't be read, see fwt_sim_error().
 */
int fwt_sim_property(struct fwt_sim *sim, const char *text, const char **packet);

/** fwt_sim_trace() - keep each step of the walks from now on, for fwt_sim_explain() */
void fwt_sim_trace(struct fwt_sim *sim, bool on);

/** fwt_sim_explain() - the way of the last packet in words, a step a line; for free() */
char *fwt_sim_explain(struct fwt_sim *sim);

/**
 * fwt_sim_conns() - all connections
 * @sim: simulation
 * @visit: called for each; what it is given is its until it returns
 * @ctx: for @visit
 */
void fwt_sim_conns(struct fwt_sim *sim,
		   void (*visit)(void *ctx, const struct fwt_sim_conn *conn), void *ctx);

/** fwt_sim_counter() - a drop reason or counter of "fwctl stats" by name, since the begin */
uint64_t fwt_sim_counter(struct fwt_sim *sim, const char *name);

#ifdef __cplusplus
}
#endif

#endif /* FWTREE_SIM_H */
