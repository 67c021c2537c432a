/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client of the netlink family: one function for each thing that can be
 * asked of the module, typed results, and a sentence for each refusal.
 *
 * Every function returns 0 or a negative errno, and then struct fwt_nl.error
 * holds what to tell the user: the kernel's own words (extack) where it gave
 * any, with the attribute that it did not like. Nothing here prints.
 *
 * Strings and arrays of a result belong to it until its _clean(). Addresses are
 * bytes in network order, ports, marks and counts in the machine's.
 */
#ifndef FWT_NL_H
#define FWT_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwtree.h"
#include "digest.h"
#include "set_shape.h"

struct fwt_arena;
struct mnl_socket;
struct nlmsghdr;

/* Who may be listened to. */
enum {
	FWT_NL_GROUP_POLICY, FWT_NL_GROUP_CONN, FWT_NL_GROUP_LOG, FWT_NL_GROUP_DROP,
	FWT_NL_GROUPS
};

/**
 * struct fwt_nl - a conversation with the module of one namespace
 * @sock: the socket; an upload ends with it
 * @buf: FWT_NL_BUFFER bytes, for the message to be sent and then its answers
 * @portid: the socket's
 * @seq: of the last request
 * @family: the number that the kernel gave to "fwtree"
 * @found: the same, while it is asked for
 * @group: those of its multicast groups, by FWT_NL_GROUP_*; 0 for none
 * @error: what went wrong last, a sentence without full stop
 */
struct fwt_nl {
	struct mnl_socket *sock;
	char *buf;
	char *out;
	uint32_t portid;
	uint32_t seq;
	uint32_t group[FWT_NL_GROUPS];
	uint16_t family;
	uint16_t found;
	char error[512];
};

/**
 * fwt_nl_open() - begin
 * @nl: filled in; fwt_nl_close() is due also when this failed
 * @netns: name as "ip netns" has it, process id or path of the namespace, NULL
 *	for the own one. The process itself stays where it is.
 *
 * Return: 0; -ENOENT where the module is not loaded, -EPERM without
 * CAP_NET_ADMIN.
 */
int fwt_nl_open(struct fwt_nl *nl, const char *netns);

/** fwt_nl_close() - end; @nl->error can be read still */
void fwt_nl_close(struct fwt_nl *nl);

/* Policy */

/**
 * struct fwt_nl_policy - the figures of the policy in force
 * @generation: 0 where none was applied yet
 * @in_force: there is one
 * @applied: seconds since 1970
 * @bytes: of kernel memory
 * @waiting: names of devices that hooks wait for, joined by ", "; cut off where
 *	they are too many
 */
struct fwt_nl_policy {
	uint32_t generation;
	bool in_force;
	uint64_t applied;
	uint32_t length;
	uint32_t rules;
	uint32_t nodes;
	uint64_t bytes;
	uint32_t depth;
	uint32_t steps_max;
	uint32_t patch_length;	/* 0 where there is no patch */
	uint32_t trial;		/* milliseconds left; 0 where it is not on trial */
	char waiting[512];
};

int fwt_nl_policy_get(struct fwt_nl *nl, struct fwt_nl_policy *p);

/* Expect whatever is in force. */
#define FWT_NL_ANY	(-1)

/**
 * fwt_nl_policy_apply() - upload a program and put it in force
 * @nl: the conversation
 * @blob: the program
 * @len: bytes
 * @expect: generation that is to be replaced, or FWT_NL_ANY
 * @trial: milliseconds after which what is in force now comes back unless
 *	fwt_nl_policy_confirm() was called; 0 for no trial
 * @progress: called after each chunk with the bytes sent so far, or NULL
 * @ctx: handed to it
 * @generation: the new one
 *
 * Return: 0; -EAGAIN where another generation is in force than expected;
 * other errors as the kernel's verifier has them. If it fails, what was in
 * force stays.
 */
int fwt_nl_policy_apply(struct fwt_nl *nl, const void *blob, size_t len,
			int64_t expect, uint32_t trial,
			void (*progress)(void *ctx, size_t done, size_t len),
			void *ctx, uint32_t *generation);

/**
 * fwt_nl_policy_confirm() - the policy on trial stays
 *
 * Return: 0; -ENOENT where nothing is on trial.
 */
int fwt_nl_policy_confirm(struct fwt_nl *nl, uint32_t *generation);

/** fwt_nl_policy_rollback() - what was before comes back at once; the same errors */
int fwt_nl_policy_rollback(struct fwt_nl *nl, uint32_t *generation);

/**
 * fwt_nl_policy_fetch() - the program in force
 * @nl: the conversation
 * @blob: to be freed; aligned to 8
 * @len: bytes
 * @generation: of it
 *
 * Return: 0; -ENODATA where no policy is in force.
 */
int fwt_nl_policy_fetch(struct fwt_nl *nl, void **blob, size_t *len,
			uint32_t *generation);

/**
 * fwt_nl_patch_apply() - patch the policy in force
 * @nl: the conversation
 * @blob: the patch, all of the difference to the policy that was uploaded last
 * @len: bytes
 * @expect: generation that must be in force
 * @generation: the new one
 *
 * Return: as fwt_nl_policy_apply(); -EEXIST for a rule that is there already.
 */
int fwt_nl_patch_apply(struct fwt_nl *nl, const void *blob, size_t len, uint32_t expect,
		       uint32_t *generation);

/**
 * fwt_nl_patch_fetch() - the patch in force
 * @blob: to be freed; aligned to 64; NULL where there is none
 * @len: bytes
 * @generation: of it; as it was where there is none
 */
int fwt_nl_patch_fetch(struct fwt_nl *nl, void **blob, size_t *len, uint32_t *generation);

/**
 * fwt_nl_defines_fetch() - what rules of the policy in force may use, without its patch
 * @text: to be freed; NULL where there is nothing
 * @len: bytes
 * @generation: likewise, as of fwt_nl_patch_fetch()
 */
int fwt_nl_defines_fetch(struct fwt_nl *nl, char **text, size_t *len, uint32_t *generation);

/**
 * fwt_nl_source_part() - a part of the text of the policy in force, without its patch
 * @off: where it begins
 * @len: bytes, all of which there must be
 * @to: room for them
 * @generation: set
 */
int fwt_nl_source_part(struct fwt_nl *nl, uint32_t off, uint32_t len, char *to,
		       uint32_t *generation);

/**
 * struct fwt_nl_file - a file of that text
 * @name: as it was read by
 * @off: where in the text it begins
 * @len: its bytes
 * @digest: by its blocks
 */
struct fwt_nl_file {
	char *name;
	uint32_t off;
	uint32_t len;
	const struct fwt_digest *digest;
};

/**
 * struct fwt_nl_text - what that text is recognised by
 * @generation: of it
 * @files: how many it is of; 0 where nothing is told that they are recognised by
 * @file: these
 * @beyond: the policy was compiled from more than that text
 * @key: what digests are made with
 */
struct fwt_nl_text {
	uint32_t generation;
	uint32_t files;
	struct fwt_nl_file *file;
	bool beyond;
	struct fwt_digest_key *key;
	/* private: */
	struct fwt_digest *digest;
};

/** fwt_nl_text_fetch() - ask for that; -ENODATA where no policy is in force */
int fwt_nl_text_fetch(struct fwt_nl *nl, struct fwt_nl_text *text);
void fwt_nl_text_clean(struct fwt_nl_text *text);

/* A side of a rule; @there: a patch can add one. */
struct fwt_nl_side {
	bool there;
	uint32_t forest;
	uint32_t at;
	uint32_t side;
};

/**
 * struct fwt_nl_spot - where a rule stands, and what a patch can do there
 * @text: the lines that it stands on, NULL for too many
 * @offset: where in these it begins
 * @length: bytes of it
 * @side: before it, behind it
 */
struct fwt_nl_spot {
	uint32_t generation;
	uint32_t index;
	uint32_t hooks;
	uint64_t key;
	char *tree;
	char *file;
	uint32_t file_index;
	uint32_t line;
	uint32_t base_line;
	uint32_t lines;
	char *text;
	uint32_t offset;
	uint32_t length;
	bool plain;
	bool alone;
	struct fwt_nl_side side[2];
};

/* Which rule is meant: by @line of file @file if that is not 0, by @tree its first
 * one, else by @key.
 */
struct fwt_nl_which {
	uint64_t key;
	uint32_t file;
	uint32_t line;
	const char *tree;
};

/** fwt_nl_rule_find() - find a rule of the base; -ENOENT where there is none */
int fwt_nl_rule_find(struct fwt_nl *nl, const struct fwt_nl_which *which,
		     struct fwt_nl_spot *spot);
void fwt_nl_spot_clean(struct fwt_nl_spot *spot);

int fwt_nl_policy_flush(struct fwt_nl *nl);

/* Counters */

struct fwt_nl_reason {
	uint32_t id;
	bool drop;
	char *name;
	char *unit;
	char *doc;
	uint64_t value;
};

struct fwt_nl_stats {
	uint32_t generation;
	uint64_t verdict[3];	/* by enum fwtree_verdict */
	uint32_t conn_count;
	uint32_t conn_max;
	uint64_t conn_created;
	uint64_t conn_ended;
	uint64_t conn_memory;
	uint32_t conn_timeouts;		/* percent in force */
	uint64_t conn_hash;		/* bytes of the hash itself */
	uint32_t conn_chain;		/* the longest of the hash */
	bool has_program;
	uint32_t rules;
	uint32_t nodes;
	uint64_t bytes;
	uint32_t depth;
	uint32_t steps_max;
	struct fwt_nl_reason *reason;
	size_t n_reasons;
	struct fwt_nl_reason *ended_by;	/* why connections ended */
	size_t n_ended_by;
};

int fwt_nl_stats_get(struct fwt_nl *nl, struct fwt_nl_stats *s);
void fwt_nl_stats_clean(struct fwt_nl_stats *s);
/* All counters begin at 0 again; with @quotas quotas, too. */
int fwt_nl_stats_reset(struct fwt_nl *nl, bool quotas);

/**
 * struct fwt_nl_rule - a rule and its counters
 * @id: NULL for none
 * @hooks: bits by enum fwt_hook
 */
struct fwt_nl_rule {
	uint32_t generation;
	uint32_t index;
	uint32_t slot;
	uint32_t hooks;
	uint64_t key;
	const char *id;
	const char *tree;
	const char *file;
	uint32_t line;
	uint64_t hits;
	uint64_t packets;
	uint64_t bytes;
};

struct fwt_nl_rules {
	struct fwt_nl_rule *rule;
	size_t count;
	size_t size;
	struct fwt_arena *strings;
};

int fwt_nl_rules_get(struct fwt_nl *nl, struct fwt_nl_rules *r);
void fwt_nl_rules_clean(struct fwt_nl_rules *r);

struct fwt_nl_counter {
	char *name;
	uint64_t packets;
	uint64_t bytes;
};

struct fwt_nl_counters {
	struct fwt_nl_counter *counter;
	size_t count;
	size_t size;
};

int fwt_nl_counters_get(struct fwt_nl *nl, struct fwt_nl_counters *c);
void fwt_nl_counters_clean(struct fwt_nl_counters *c);

/**
 * struct fwt_nl_limit - a limit, a quota, or a split by turns
 * @kind: enum fwtree_limit_kind; what it has besides hangs on that
 * @rule: the rule's index
 * @passed: packets that were under it
 * @over: and over it
 * @bytes: @rate, @burst and @tokens are bytes
 * @keyed: a bucket for each key: @keys of them, and no @tokens
 * @quota: bytes
 */
struct fwt_nl_limit {
	uint32_t kind;
	uint32_t rule;
	uint64_t passed;
	uint64_t over;
	uint64_t rate;
	uint32_t per;
	uint64_t burst;
	bool bytes;
	bool keyed;
	uint64_t tokens;
	uint32_t keys;
	uint32_t keys_max;
	uint64_t evicted;
	uint64_t memory;
	uint64_t quota;
	uint64_t used;
	uint32_t turn;
	uint32_t turns;
};

struct fwt_nl_limits {
	struct fwt_nl_limit *limit;
	size_t count;
	size_t size;
};

int fwt_nl_limits_get(struct fwt_nl *nl, struct fwt_nl_limits *l);
void fwt_nl_limits_clean(struct fwt_nl_limits *l);

#include "nl_conn.h"

/* Pools */

/**
 * struct fwt_nl_server - a server; with @family 0 a pool, before its servers
 * @pool: the pool's name
 * @addr: 4 or 16 bytes
 * @port: 0 where packets keep their own
 * @port_last: the last of them
 * @state: enum fwtree_server_state
 * @retry: milliseconds until it may be tried
 */
struct fwt_nl_server {
	const char *pool;
	uint32_t scheduler;
	bool passive;
	uint8_t family;
	uint8_t addr[16];
	uint16_t port;
	uint16_t port_last;
	uint32_t weight;
	uint32_t state;
	uint32_t conns;
	uint64_t total;
	uint64_t failed;
	uint64_t packets;
	uint64_t bytes;
	bool has_retry;
	uint32_t retry;
};

struct fwt_nl_servers {
	struct fwt_nl_server *server;
	size_t count;
	size_t size;
};

/** fwt_nl_servers_get() - all pools of the policy in force, and their servers */
int fwt_nl_servers_get(struct fwt_nl *nl, struct fwt_nl_servers *s);
void fwt_nl_servers_clean(struct fwt_nl_servers *s);

/**
 * fwt_nl_server_set() - change a server
 * @s: pool, address, ports; weight, or 0
 * @action: enum fwtree_server_action
 * @reset: its connections end, too
 */
int fwt_nl_server_set(struct fwt_nl *nl, const struct fwt_nl_server *s, uint32_t action,
		      bool reset);

/* Nodes of other modules */

/**
 * struct fwt_nl_node_param - a parameter
 * @type: enum fwtree_node_param_type
 * @least: see struct fwt_node_param of the kernel's fwtree_node.h; 0 for none
 * @most: likewise
 */
struct fwt_nl_node_param {
	char *name;
	uint32_t type;
	bool required;
	uint64_t least;
	uint64_t most;
};

/**
 * struct fwt_nl_node - a node that the kernel has
 * @kind: enum fwtree_node_kind
 * @hooks: FWT_HOOK_BIT()
 * @n_branches: without being told otherwise
 * @branch: their names, @named of them
 * @uses: in policies
 */
struct fwt_nl_node {
	char *name;
	char *module;
	uint32_t kind;
	uint32_t hooks;
	uint32_t n_branches;
	uint32_t uses;
	char **branch;
	size_t named;
	size_t branch_room;
	struct fwt_nl_node_param *param;
	size_t params;
	size_t param_room;
};

struct fwt_nl_nodes {
	struct fwt_nl_node *node;
	size_t count;
	size_t size;
};

/** fwt_nl_nodes_get() - all of them */
int fwt_nl_nodes_get(struct fwt_nl *nl, struct fwt_nl_nodes *n);
void fwt_nl_nodes_clean(struct fwt_nl_nodes *n);

/* Live sets */

/**
 * struct fwt_nl_set - a set of the policy in force, or a map
 * @param: FWT_SETP_SHAPE, FWT_SETP_TYPES and FWT_SETP_VALUE_TYPES
 * @shape: that they make
 * @timeout: ms, 0 for none
 * @refused: additions of rules that found no room
 */
struct fwt_nl_set {
	const char *name;
	uint32_t param[FWT_OBJECT_PARAMS];
	struct fwt_set_shape shape;
	uint64_t timeout;
	uint32_t max;
	uint32_t count;
	uint64_t refused;
};

/**
 * struct fwt_nl_set_elem - an element
 * @six: it has IPv6 addresses
 * @policy: the policy in force has it
 * @has_value: of a map, @value is said; to delete: else the key goes in either family
 * @has_timeout: @timeout is said; to add: else the set's counts
 * @timeout: ms that it has left, or shall have; 0 for never
 */
struct fwt_nl_set_elem {
	bool six;
	bool policy;
	bool has_value;
	bool has_timeout;
	uint64_t timeout;
	uint32_t low[FWT_KEY_WORDS];
	uint32_t high[FWT_KEY_WORDS];
	uint32_t value[FWT_SET_VALUE_WORDS];
};

/* Bytes of elements in a message. */
#define FWT_NL_SET_MESSAGE	49152

int fwt_nl_sets(struct fwt_nl *nl, int (*fn)(void *ctx, const struct fwt_nl_set *s), void *ctx);
int fwt_nl_set_elems(struct fwt_nl *nl, const struct fwt_nl_set *set,
		     int (*fn)(void *ctx, const struct fwt_nl_set_elem *e), void *ctx);

/**
 * fwt_nl_set_change() - add or delete elements, as many as there are
 * @next: fills in the next one, false at the end
 * @ctx: handed to it
 * @count: how many were; of those before an error perhaps fewer than that
 */
int fwt_nl_set_change(struct fwt_nl *nl, const struct fwt_nl_set *set, bool add,
		      bool (*next)(void *ctx, struct fwt_nl_set_elem *e), void *ctx,
		      uint32_t *count);
int fwt_nl_set_flush(struct fwt_nl *nl, const char *name, uint32_t *count);

/* Events */

enum fwt_nl_event_kind {
	FWT_NL_EVENT_POLICY,	/* @policy_event, @generation */
	FWT_NL_EVENT_CONN,	/* @conn_event, @conn, @ended_by */
	FWT_NL_EVENT_SERVER,	/* @server: it is up, or down */
	FWT_NL_EVENT_LOG,	/* @packet */
	FWT_NL_EVENT_DROP,	/* @packet */
	FWT_NL_EVENT_SET,	/* @set: it is full; its name, count, max and refused */
	FWT_NL_EVENT_LOST,	/* the kernel had more than we took: @lost, of @lost_of;
				 * or 0 for nobody knows how many of what
				 */
};

/**
 * struct fwt_nl_packet - a packet that was logged or dropped
 * @hook: enum fwt_hook
 * @verdict: of what was logged, enum fwtree_verdict
 * @reason: of a drop
 * @prefix: of what was logged; NULL for none
 * @rule: that decided
 * @family: 0 where it is not IP; then what follows it is not set either
 * @has_ether: @ether_saddr and @ether_daddr are set
 * @has_ports: @sport and @dport are
 * @has_tcp: @tcp_flags is
 * @has_icmp: @type and @code are
 * @has_icmp_id: @icmp_id is
 */
struct fwt_nl_packet {
	uint32_t hook;
	uint32_t verdict;
	const char *reason;
	const char *prefix;
	const char *iif;
	const char *oif;
	struct fwt_nl_conn_rule rule;
	uint32_t mark;
	uint32_t length;
	uint16_t ether_type;
	uint8_t ether_saddr[6];
	uint8_t ether_daddr[6];
	uint8_t family;
	uint8_t protocol;
	uint8_t ttl;
	uint8_t tcp_flags;
	uint8_t type;
	uint8_t code;
	uint16_t icmp_id;
	uint16_t sport;
	uint16_t dport;
	uint8_t saddr[16];
	uint8_t daddr[16];
	bool has_ether;
	bool has_ports;
	bool has_tcp;
	bool has_icmp;
	bool has_icmp_id;
};

/**
 * struct fwt_nl_event - something happened
 * @kind: enum fwt_nl_event_kind
 * @time: when, nanoseconds since 1970
 * @ended_by: of a connection that ended, why
 */
struct fwt_nl_event {
	int kind;
	uint64_t time;
	uint32_t policy_event;
	uint32_t generation;
	uint32_t conn_event;
	uint32_t lost;
	int lost_of;
	const char *ended_by;
	struct fwt_nl_conn conn;
	struct fwt_nl_packet packet;
	struct fwt_nl_server server;
	struct fwt_nl_set set;
};

/**
 * fwt_nl_listen() - hear of what happens, from now on
 * @groups: bits by FWT_NL_GROUP_*
 *
 * Return: 0 or a negative errno.
 */
int fwt_nl_listen(struct fwt_nl *nl, unsigned int groups);

/**
 * fwt_nl_monitor() - wait for what happens, and tell
 * @fn: called for each event; anything but 0 ends it and is returned
 * @ctx: handed to it
 */
int fwt_nl_monitor(struct fwt_nl *nl,
		   int (*fn)(void *ctx, const struct fwt_nl_event *e), void *ctx);

/** fwt_nl_fd() - to be waited for, after fwt_nl_listen() */
int fwt_nl_fd(const struct fwt_nl *nl);

/** fwt_nl_drain() - let go of all that was told so far; 0 or a negative errno */
int fwt_nl_drain(struct fwt_nl *nl);

/** fwt_nl_conn_state_name() - "ESTABLISHED"; NULL for a number without name */
const char *fwt_nl_conn_state_name(unsigned int state);

/**
 * fwt_nl_conn_state_find() - its number
 * @word: case does not matter, '-' is '_'
 *
 * Return: enum fwtree_conn_state, -1 for none.
 */
int fwt_nl_conn_state_find(const char *word);

#endif /* FWT_NL_H */
