/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * fwtree: what a compiled policy (fwtree_program.h) says of things that outlive it:
 * live sets, limits, quotas, splits by turns, pools.
 */
#ifndef _UAPI_LINUX_FWTREE_OBJECT_H
#define _UAPI_LINUX_FWTREE_OBJECT_H

#include <linux/types.h>

#define FWT_OBJECT_PARAMS	12		/* words that say what one is like */

/* What lives longer than a program: its contents stay when another policy that
 * names it comes in force.
 */
enum fwt_object_kind {
	FWT_OBJECT_SET,
	FWT_OBJECT_LIMIT,
	FWT_OBJECT_QUOTA,
	FWT_OBJECT_SPLIT,
	FWT_OBJECT_POOL,
	__FWT_OBJECT_MAX,
};

/**
 * struct fwt_prog_object - a thing with a life of its own
 * @key: what it is known by: a hash of its kind and name, or of the rule that it
 *	belongs to. Two objects of a program never have one key
 * @kind: enum fwt_object_kind
 * @pad: 0
 * @name: string, or FWT_NONE for what belongs to a rule
 * @param: what it is like, by its kind; what a kind does not need is 0
 */
struct fwt_prog_object {
	__aligned_u64 key;
	__u8 kind;
	__u8 pad[3];
	__u32 name;
	__u32 param[FWT_OBJECT_PARAMS];
};

/* Parameters of a LIMIT. What takes two words has the lower one first. */
enum fwt_limit_param {
	FWT_LIMIT_FLAGS,	/* FWT_LIMIT_BYTES, FWT_LIMIT_KEYED */
	FWT_LIMIT_RULE,		/* that it stands in */
	FWT_LIMIT_WHICH,	/* of that rule's, less than FWT_OBJECTS_RULE */
	FWT_LIMIT_KEY,		/* a hash of the fields and masks that it is by, or 0 */
	FWT_LIMIT_RATE,		/* 2 words: so many packets or bytes */
	FWT_LIMIT_PER = 6,	/* in so many seconds: 1, 60, 3600 or 86400; bytes 1 */
	FWT_LIMIT_BURST,	/* 2 words: that a bucket holds */
	__FWT_LIMIT_PARAM_MAX = 9,
};

#define FWT_LIMIT_BYTES		0x01	/* else packets */
#define FWT_LIMIT_KEYED		0x02	/* a bucket for each key */
#define FWT_LIMIT_RATE_MAX	(1ull << 38)
#define FWT_LIMIT_BURST_MAX	(1ull << 40)
#define FWT_LIMIT_FILL_MAX	(366 * 86400ull)	/* seconds, of an empty bucket */
#define FWT_OBJECTS_RULE	8	/* limits and quotas in one rule */

/* Parameters of a QUOTA. */
enum fwt_quota_param {
	FWT_QUOTA_RULE = 1,	/* as FWT_LIMIT_RULE */
	FWT_QUOTA_WHICH,	/* as FWT_LIMIT_WHICH */
	FWT_QUOTA_SIZE,		/* 2 words: bytes */
	__FWT_QUOTA_PARAM_MAX = 5,
};

#define FWT_QUOTA_SIZE_MAX	(1ull << 62)

/* Parameters of a SPLIT, by turns. */
enum fwt_split_param {
	FWT_SPLIT_RULE = 1,	/* as FWT_LIMIT_RULE */
	FWT_SPLIT_TURNS,	/* sum of the weights, up to FWT_SPLIT_TURNS_MAX */
	__FWT_SPLIT_PARAM_MAX,
};

#define FWT_SPLIT_TURNS_MAX	255	/* a connection keeps its turn in a byte */

/* The parameters of FWT_OBJECT_SET: a live set, or a map, which gives a value for a
 * key. What it has at first are elements of the program, two sets of kind BOXES;
 * they are its base: they come with the program and go when another one has them no
 * more, whatever else has been added to the set meanwhile, which stays.
 */
enum fwt_set_param {
	FWT_SETP_SHAPE,		/* parts of a key; parts of a value, 0 for a set, << 8 */
	FWT_SETP_TYPES,		/* enum fwt_key_type of each part of a key, 4 bits each */
	FWT_SETP_VALUE_TYPES,	/* the same of a value */
	FWT_SETP_TIMEOUT_LO,	/* ms, 64 bits; 0: what is added stays */
	FWT_SETP_TIMEOUT_HI,
	FWT_SETP_MAX,		/* elements; 0: FWT_SET_MAX_DEFAULT */
	FWT_SETP_ELEMENTS4,	/* in SETS, or FWT_NONE: those without IPv6 addresses */
	FWT_SETP_ELEMENTS6,	/* and with */
	FWT_SETP_VALUES4,	/* map: in WORDS, one for each of ELEMENTS4 */
	FWT_SETP_VALUES6,
	FWT_SETP_TREES,		/* map to trees: in SETS, KEYS: the names that it may give */
};

/* X(ID, "word", words, words in IPv6): what a part of a set's key can be. */
#define FWT_SET_TYPES(X) \
	X(ADDR, "addr", 1, 4) \
	X(PORT, "port", 1, 1) \
	X(PROTOCOL, "protocol", 1, 1) \
	X(IFNAME, "ifname", 4, 4) \
	X(MAC, "mac", 2, 2) \
	X(MARK, "mark", 1, 1) \
	X(TREE, "tree", 8, 8)	/* a name, NULs behind; what a map gives, alone */

enum fwt_key_type {
	__FWT_SET_TYPE_NONE,
#define FWT_SET_TYPE_ENUM(id, name, words, words6) FWT_SET_TYPE_##id,
	FWT_SET_TYPES(FWT_SET_TYPE_ENUM)
#undef FWT_SET_TYPE_ENUM
	__FWT_SET_TYPE_MAX,
};

#define FWT_SET_MAX_DEFAULT	(1u << 20)	/* elements of a set that says no max */
#define FWT_SET_MAX_LIMIT	(1u << 26)
#define FWT_SET_TIMEOUT_MAX	(365ull * 86400 * 1000)	/* ms */
#define FWT_SET_VALUE_WORDS	8
#define FWT_SET_TREE_NAME	31		/* of a tree that a map leads to */

/* The parameters of a pool. Two policies' are one pool if it has the same key; what
 * else is other is changed in it.
 */
enum fwt_pool_param {
	FWT_POOL_SCHEDULING,	/* enum fwt_scheduling */
	FWT_POOL_FLAGS,		/* FWT_POOL_* below */
	FWT_POOL_FIRST,		/* in SERVERS */
	FWT_POOL_COUNT,		/* so many, FWT_POOL_SERVERS_MAX at most, ascending */
	__FWT_POOL_PARAM_MAX,
};

enum fwt_scheduling {
	FWT_SCHEDULE_MAGLEV,		/* by both ends, core/balance.h */
	FWT_SCHEDULE_ROUND_ROBIN,
	FWT_SCHEDULE_RANDOM,
	FWT_SCHEDULE_LEAST_CONN,	/* by weight */
	FWT_SCHEDULE_SOURCE_HASH,	/* Maglev's entries, by the source alone */
	__FWT_SCHEDULE_MAX,
};

#define FWT_POOL_PASSIVE	0x01	/* who does not answer is taken out for a while */
#define FWT_POOL_PERSISTENT	0x02	/* a modifier with FWT_MOD_PERSISTENT asks it */

/**
 * struct fwt_prog_server - a server of a pool
 * @addr: words in host byte order, IPv4 in the first, the others are 0
 * @port_lo: first port, host byte order; 0: a packet keeps its own
 * @port_hi: last one
 * @weight: 1 to FWT_SERVER_WEIGHT_MAX
 * @family: 4 or 6
 * @pad: 0
 *
 * In order of family, address (as a number), first and last port.
 */
struct fwt_prog_server {
	__u32 addr[4];
	__u16 port_lo;
	__u16 port_hi;
	__u32 weight;
	__u8 family;
	__u8 pad[3];
};

#endif /* _UAPI_LINUX_FWTREE_OBJECT_H */
