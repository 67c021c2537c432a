/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * fwtree: the compiled policy as it crosses into the kernel.
 *
 * A program is one flat, position-independent block. It begins with a header
 * that says where each section lies; a section is an array of one structure.
 * Everything refers to everything by index into a section, never by address.
 * All integers are in the byte order of the machine: a program is compiled and
 * run on one machine and is no file format.
 *
 * What makes a program safe to run, and what the verifier (core/verify.c)
 * proves before one is published:
 *
 *  - a node's successors have greater indices than the node, so that every
 *    walk ends;
 *  - every index lies within its section, every array within FWT_SEC_WORDS;
 *  - every field and modifier is one that the hooks which reach the node have;
 *  - sorted arrays are sorted, or a binary search would lie;
 *  - no walk that begins at a hook can meet a RETURN of its own, so that every
 *    path ends in a verdict;
 *  - a forest's trees do not overlap, and a cut's children lie behind it;
 *  - calls nest at most FWT_CALL_DEPTH deep, and no walk takes more than
 *    FWT_STEPS_MAX steps.
 */
#ifndef _UAPI_LINUX_FWTREE_PROGRAM_H
#define _UAPI_LINUX_FWTREE_PROGRAM_H

#include <linux/types.h>

#include "fwtree_foreign.h"
#include "fwtree_object.h"

#define FWT_PROGRAM_MAGIC	0x65727466u	/* "ftre" */
#define FWT_PROGRAM_VERSION	2

/* An index that refers to nothing. */
#define FWT_NONE		0xffffffffu

/* The limits of a program. */
#define FWT_PROGRAM_SIZE_MAX	(512u << 20)	/* bytes */
#define FWT_STEPS_MAX		(1u << 16)	/* of one walk */
#define FWT_CALL_DEPTH		16		/* calls within calls */
#define FWT_KEY_WORDS		20		/* of joined fields, together */
#define FWT_TEST_FIELDS		8		/* joined by " . " */
#define FWT_COUNT_WORDS		12		/* of the key of a "ct count" */
#define FWT_COUNTS_RULE		4		/* "ct count" in one rule */
#define FWT_DEVICES_MAX		1024		/* device hooks */
#define FWT_FILES_MAX		(1u << 16)	/* of the text */
#define FWT_COUNTERS_MAX	(1u << 20)	/* of "count NAME" */
#define FWT_STRING_MAX		32767		/* bytes of a string, without its end */
#define FWT_NAME_MAX		255		/* of a rule's id, a counter's or object's name */
#define FWT_FILE_NAME_MAX	4095		/* of a file's, as paths have it */
#define FWT_IFNAME_PATTERN_MAX	16		/* bytes of an interface's name as a pattern */
#define FWT_GROUP_PREFIX_MAX	127		/* bytes of the prefix of a log group */
#define FWT_FILTERS_MAX		2048		/* of "bpf" expressions: at a device each is two */
#define FWT_FILTER_INSNS_MAX	4096		/* of one, as the kernel has it */
#define FWT_OBJECTS_MAX		(1u << 17)	/* things that outlive programs */
#define FWT_POOLS_MAX		256		/* pools */
#define FWT_POOL_SERVERS_MAX	512		/* servers of one */
#define FWT_SERVER_WEIGHT_MAX	65535

/* The sections, in their order: X(ID, "what an element is called", its type).
 * WORDS are keys, ranges, masks, branch targets; COUNTERS are strings, the names
 * of "count NAME"; STRINGS are each ended by NUL; SOURCE is the text of the
 * files, one by one; DEFINES is what rules may use, as text: what is defined, and sets
 * without their elements.
 */
#define FWT_SECTIONS(X) \
	X(HOOKS, "hook", struct fwt_prog_hook) \
	X(NODES, "node", struct fwt_prog_node) \
	X(TESTS, "test", struct fwt_prog_test) \
	X(SETS, "set", struct fwt_prog_set) \
	X(WORDS, "word", __u32) \
	X(MODS, "modifier", struct fwt_prog_mod) \
	X(RULES, "rule", struct fwt_prog_rule) \
	X(COUNTERS, "counter", __u32) \
	X(OPTIONS, "option", struct fwt_prog_option) \
	X(FILES, "file", struct fwt_prog_file) \
	X(STRINGS, "string", char) \
	X(SOURCE, "source", char) \
	X(FORESTS, "forest", struct fwt_prog_forest) \
	X(TREES, "tree", struct fwt_prog_tree) \
	X(CUTS, "cut", struct fwt_prog_cut) \
	X(BOXES, "box", struct fwt_prog_box) \
	X(BOXES6, "IPv6 box", struct fwt_prog_box6) \
	X(OBJECTS, "object", struct fwt_prog_object) \
	X(FILTERS, "filter", struct fwt_prog_filter) \
	X(INSNS, "instruction", struct fwt_prog_insn) \
	X(SERVERS, "server", struct fwt_prog_server) \
	X(FOREIGN, "foreign node", struct fwt_prog_foreign) \
	X(ARGS, "argument", struct fwt_prog_arg) \
	X(DEFINES, "definition", char)

enum fwt_section {
#define FWT_SECTION_ENUM(id, name, type) FWT_SEC_##id,
	FWT_SECTIONS(FWT_SECTION_ENUM)
#undef FWT_SECTION_ENUM
	__FWT_SEC_MAX,
};

/**
 * struct fwt_prog_section - where a section lies
 * @off: bytes from the start of the program, a multiple of 8
 * @count: elements (bytes in STRINGS and SOURCE)
 */
struct fwt_prog_section {
	__u32 off;
	__u32 count;
};

/**
 * struct fwt_prog_hdr - the head of a program
 * @magic: FWT_PROGRAM_MAGIC
 * @version: FWT_PROGRAM_VERSION
 * @n_sections: __FWT_SEC_MAX of the compiler; a kernel that knows fewer
 *	refuses, one that knows more takes the rest as empty
 * @len: bytes of the whole program
 * @flags: FWT_PROGRAM_*
 * @sec: the sections
 */
struct fwt_prog_hdr {
	__u32 magic;
	__u16 version;
	__u16 n_sections;
	__u32 len;
	__u32 flags;
	struct fwt_prog_section sec[__FWT_SEC_MAX];
};

/* It was made from more than its text: elements of other files, addresses of DNS names.
 * Nothing to the kernel, but to tell: the same text may not make the same program.
 */
#define FWT_PROGRAM_BEYOND	0x1

enum fwt_hook {
	FWT_HOOK_INGRESS,
	FWT_HOOK_EGRESS,
	FWT_HOOK_DEV_INGRESS,
	FWT_HOOK_DEV_EGRESS,
	__FWT_HOOK_MAX,
};

#define FWT_HOOK_BIT(h)		(1u << (h))
#define FWT_HOOKS_INET		(FWT_HOOK_BIT(FWT_HOOK_INGRESS) | \
				 FWT_HOOK_BIT(FWT_HOOK_EGRESS))
#define FWT_HOOKS_DEV		(FWT_HOOK_BIT(FWT_HOOK_DEV_INGRESS) | \
				 FWT_HOOK_BIT(FWT_HOOK_DEV_EGRESS))
#define FWT_HOOKS_ALL		(FWT_HOOKS_INET | FWT_HOOKS_DEV)

/**
 * struct fwt_prog_hook - a hook that the policy names
 * @hook: enum fwt_hook; the inet hooks at most once each
 * @pad: 0
 * @root: the node where a walk begins
 * @dev: string: name of the device, "vnet*" for all that begin so; FWT_NONE at
 *	inet hooks. A list of devices is one entry each.
 */
struct fwt_prog_hook {
	__u8 hook;
	__u8 pad[3];
	__u32 root;
	__u32 dev;
};

enum fwt_node_type {
	/* test @arg: @yes if it holds, else @no */
	FWT_NODE_TEST,
	/* look the key of test @arg up; the element's value is the next node, @no
	 * where none matches or a field is absent
	 */
	FWT_NODE_SELECT,
	/* rule @arg takes part; go on at @yes */
	FWT_NODE_ENTER,
	/* modifier @arg; go on at @yes. With FWT_MOD_MAP, where the map gives nothing,
	 * the packet stays as it is: go on at @no
	 */
	FWT_NODE_MOD,
	/* walk from @no, and when that says RETURN go on at @yes */
	FWT_NODE_CALL,
	/* back to the call, whose tree ended without a verdict */
	FWT_NODE_RETURN,
	/* the end: verdict @sub with @param, by rule @arg */
	FWT_NODE_VERDICT,
	/* the first rule of forest @arg that matches and whose node lies behind this
	 * one: go on there; @no where none does
	 */
	FWT_NODE_FOREST,
	/* the end of a box's tests: its rule does not match */
	FWT_NODE_MISS,
	__FWT_NODE_MAX,
};

/**
 * struct fwt_prog_node - one step of a walk
 * @type: enum fwt_node_type
 * @sub: VERDICT: enum fwt_verdict, else 0
 * @param: VERDICT: enum fwt_reject for reject, the queue's number for queue, else 0
 * @arg: what the type says
 * @yes: next node
 * @no: the other one
 */
struct fwt_prog_node {
	__u8 type;
	__u8 sub;
	__u16 param;
	__u32 arg;
	__u32 yes;
	__u32 no;
};

/* As they stand in the netlink interface too; values are fixed. */
enum fwt_verdict {
	FWT_VERDICT_ACCEPT,
	FWT_VERDICT_DROP,
	FWT_VERDICT_REJECT,
	FWT_VERDICT_QUEUE,		/* accept, by way of a program */
	FWT_VERDICT_QUEUE_BYPASS,	/* without it where none listens */
	__FWT_VERDICT_PROG_MAX,
	/* Decided afresh, and the record did not keep what was asked: never in a
	 * program.
	 */
	FWT_VERDICT_UNKNOWN = 0xff,
};

enum fwt_reject {
	FWT_REJECT_DEFAULT,	/* RST for TCP, else port unreachable */
	FWT_REJECT_TCP_RESET,
	FWT_REJECT_PORT_UNREACHABLE,
	FWT_REJECT_HOST_PROHIBITED,
	FWT_REJECT_ADMIN_PROHIBITED,
	__FWT_REJECT_MAX,
};

enum fwt_test_op {
	/* the joined fields, masked where @mask says so, are in the set */
	FWT_TEST_IN,
	/* @field[0] equals @field[1] */
	FWT_TEST_EQUAL,
	/* the address @field[0] is one of the interface's whose name is string
	 * @set[0], as they are now; "wg*" is all that begin so
	 */
	FWT_TEST_IFADDR,
	/* the same, within one of its subnets */
	FWT_TEST_IFNET,
	/* more than @set[0] connections, the one that is decided among them, have
	 * come by this test with the same joined fields (masked): test @pad of
	 * rule @set[1]. An accepted one counts as long as it lives.
	 */
	FWT_TEST_COUNT,
	/* limit @set[0] of OBJECTS has tokens for the packet in the bucket of its
	 * joined fields (masked); without fields there is one bucket
	 */
	FWT_TEST_LIMIT,
	/* quota @set[0] of OBJECTS has room for the packet; no fields */
	FWT_TEST_QUOTA,
	/* @set[0] + 1 times out of 2^32, by the connection's seed, rule @set[1] and
	 * @pad; no fields
	 */
	FWT_TEST_RANDOM,
	/* The key of a SELECT in which @set[0] has ranges of one word, which follow
	 * each other from 0 on without a gap: a number below their sum. By the
	 * connection's seed and rule @set[1]; no fields.
	 */
	FWT_TEST_SPLIT_RANDOM,
	/* the same, by the joined fields (masked) that are there and rule @set[1] */
	FWT_TEST_SPLIT_HASH,
	/* the same, by the turn of split @set[1] of OBJECTS; no fields */
	FWT_TEST_SPLIT_TURN,
	/* the packet as it came passes filter @set[0] at an inet hook, and at that of a
	 * device whose frames have no Ethernet header; @set[1] where they have one.
	 * FWT_NONE where no hook of that kind leads here; [0] also where a device's
	 * alone do, and asks for what is before the IP header: that is absent. No fields
	 */
	FWT_TEST_BPF,
	/* @field[0] is less than @field[1], as one number */
	FWT_TEST_LESS,
	/* the joined fields, masked where @mask says so, are in the set that is object
	 * @set[0], as it is now. @set[1]: FWT_LIVE_*
	 */
	FWT_TEST_LIVE,
	/* node @set[0] of FOREIGN, a MATCH, says yes; no fields */
	FWT_TEST_NODE,
	/* The key of a SELECT: the number of the branch that node @set[1] of FOREIGN
	 * chooses, among its labels, which are the elements of @set[0]; no fields
	 */
	FWT_TEST_NODE_SELECT,
	/* The key of a SELECT: what the joined fields, masked where @mask says so, have in
	 * the map to trees that is object @set[0] is looked up in set @set[1], of KEYS with
	 * values. @pad: FWT_LIVE_*
	 */
	FWT_TEST_LIVE_TREE,
	__FWT_TEST_MAX,
};

/* The result of the comparison is turned round ("!="). A test whose field the
 * packet lacks is false all the same.
 */
#define FWT_TEST_NEGATE		0x01

/**
 * struct fwt_prog_test - what a node asks of the packet
 * @op: enum fwt_test_op
 * @flags: FWT_TEST_NEGATE
 * @n_fields: how many fields are joined, up to FWT_TEST_FIELDS; none where the
 *	operation says so
 * @pad: COUNT, RANDOM: which of its rule's, less than FWT_COUNTS_RULE; LIVE_TREE:
 *	see there; else 0
 * @field: enum fwt_field (core/field.h), FWT_TEST_FIELDS at most
 * @set: the set for IPv4 and for packets that are not IP; for IPv6. FWT_NONE:
 *	none, nothing is in it. The two are the same unless a field has another
 *	length for IPv6. Only IN; others say above what they have here.
 * @mask: offsets in WORDS of as many words as the key of that set has, which
 *	are ANDed to the key first; or FWT_NONE
 */
struct fwt_prog_test {
	__u8 op;
	__u8 flags;
	__u8 n_fields;
	__u8 pad;
	__u8 field[FWT_TEST_FIELDS];
	__u32 set[2];
	__u32 mask[2];
};

enum fwt_filter_link {
	FWT_LINK_RAW,		/* begins with the IP header: DLT_RAW */
	FWT_LINK_ETHERNET,	/* DLT_EN10MB */
	__FWT_LINK_MAX,
};

/**
 * struct fwt_prog_filter - a program of classic BPF: it passes what is not 0
 * @first: in INSNS
 * @count: instructions, 1 to FWT_FILTER_INSNS_MAX
 * @link: enum fwt_filter_link
 * @text: string: the expression
 */
struct fwt_prog_filter {
	__u32 first;
	__u32 count;
	__u32 link;
	__u32 text;
};

/**
 * struct fwt_prog_insn - an instruction: struct sock_filter of linux/filter.h
 * @code: what it does; not one that asks the kernel for what no byte says
 * @jt: so many further, if true
 * @jf: if false
 * @k: its number
 */
struct fwt_prog_insn {
	__u16 code;
	__u8 jt;
	__u8 jf;
	__u32 k;
};

/* Of which family the elements are that are asked for: a set with addresses has
 * those of IPv4 and of IPv6 apart.
 */
#define FWT_LIVE_SIX4		0x01	/* IPv6's, for a packet that is not IPv6 */
#define FWT_LIVE_SIX6		0x02	/* IPv6's, for a packet that is */

enum fwt_set_kind {
	/* @count keys of @words words, ascending, no two alike */
	FWT_SET_KEYS,
	/* @count pairs (low key, high key), ascending and disjoint; the key is
	 * compared as one number, its first word the most significant
	 */
	FWT_SET_RANGES,
	/* @count pairs (low key, high key), compared dimension by dimension;
	 * they may overlap, the first one that holds counts
	 */
	FWT_SET_BOXES,
	__FWT_SET_MAX,
};

/**
 * struct fwt_prog_set - a constant set, or a map to nodes
 * @kind: enum fwt_set_kind
 * @words: words of a key, 1 to FWT_KEY_WORDS
 * @n_dims: fields that are joined in it
 * @pad: 0
 * @dim: words of each dimension; their sum is @words
 * @count: elements
 * @data: offset in WORDS of the elements
 * @value: offset in WORDS of @count node indices; FWT_NONE unless a SELECT
 *	uses it. Of a live set's elements that are a map's it is an offset of its
 *	own, see FWT_SETP_VALUES4
 */
struct fwt_prog_set {
	__u8 kind;
	__u8 words;
	__u8 n_dims;
	__u8 pad;
	__u8 dim[FWT_TEST_FIELDS];
	__u32 count;
	__u32 data;
	__u32 value;
};

/* A forest stands for a long run of rules. Each rule is one or more boxes, a
 * range in each dimension, and a node where its tests (if its matches are more
 * than the box can say) and then its end begin. Rules come in the order of their
 * nodes: of the boxes that hold a packet, that with the least node counts.
 *
 * Boxes lie in the leaves of trees. A packet goes down each tree by one
 * comparison a cut, and is compared with the boxes of the leaf.
 */
enum fwt_part {
	FWT_PART_IPV4,
	FWT_PART_IPV6,
	FWT_PART_OTHER,		/* not IP */
	__FWT_PART_MAX,
};

/**
 * struct fwt_prog_forest - search trees, for each kind of packet its own
 * @tree: first one in TREES, by enum fwt_part
 * @n_trees: how many
 */
struct fwt_prog_forest {
	__u32 tree[__FWT_PART_MAX];
	__u32 n_trees[__FWT_PART_MAX];
};

/**
 * struct fwt_prog_tree - one of a forest's trees
 * @root: in CUTS; the tree has all cuts up to the next tree's root, the last one
 *	all to the end
 * @first: the least node of its boxes. A forest's trees come in that order
 */
struct fwt_prog_tree {
	__u32 root;
	__u32 first;
};

/* The dimensions of a cut, and of a key: words in host byte order. Ports that a
 * packet lacks are 0 here; a box says whether it needs them.
 */
enum fwt_dim {
	FWT_DIM_SADDR,
	FWT_DIM_DADDR,
	FWT_DIM_SPORT,
	FWT_DIM_DPORT,
	FWT_DIM_PROTOCOL,
	__FWT_DIM_MAX,
};

enum fwt_dim6 {
	FWT_DIM6_SADDR,			/* and the three behind it */
	FWT_DIM6_DADDR = 4,		/* likewise */
	FWT_DIM6_SPORT = 8,
	FWT_DIM6_DPORT,
	FWT_DIM6_PROTOCOL,
	__FWT_DIM6_MAX,
};

#define FWT_CUT_SHIFT		27	/* in @to: dimension above, child below */
#define FWT_CUT_MAX		((1u << FWT_CUT_SHIFT) - 1)
#define FWT_CUT_LEAF		31u	/* in place of a dimension */

/**
 * struct fwt_prog_cut - a cut, or a leaf
 * @at: values up to this one are on the left side. Leaf: its first box
 * @to: dimension, and the left child; the right one follows it. Both lie behind
 *	the cut. Leaf: FWT_CUT_LEAF, and how many boxes, in ascending order of
 *	their nodes
 */
struct fwt_prog_cut {
	__u32 at;
	__u32 to;
};

#define FWT_BOX_PORTS		0x01	/* the packet has ports */
#define FWT_BOX_TESTS		0x02	/* there are tests at @node */

/**
 * struct fwt_prog_box - what a packet must hold to match, for IPv4 and others
 * @lo: least values of ranges, packed in two words: the source's address in bits 0 to
 *	31 of the first, the destination's port from 33 on, the protocol from 55 on;
 *	of the second word the destination's address, the source's port, and bit 62:
 *	the packet must have ports (FWT_BOX_PORTS). Bits 32, 49 and 63 are 0. Bits
 *	50 to 61 of the second have the node's first 12 bits, 50 to 54 of the first
 *	its last five
 * @hi: greatest values, in the same places; bit 62 of the second is 1, and so are
 *	bits 32, 49 and 63. Bits 50 to 61 of the second have the node's middle 12
 *	bits, 50 to 54 of the first FWT_BOX_TESTS
 *
 * The node is where the walk goes on. With FWT_BOX_TESTS the nodes there are tests, and
 * where they lead to MISS the box does not match. See kmod/core/box.h for why.
 */
struct fwt_prog_box {
	__aligned_u64 lo[2];
	__aligned_u64 hi[2];
};

/**
 * struct fwt_prog_box6 - the same for IPv6
 * @addr_lo: source and destination, first words of each range, by enum fwt_dim6
 * @addr_hi: last words; each word is a range of its own, which prefixes are
 * @sport_lo: first source port
 * @sport_hi: last one
 * @dport_lo: first destination port
 * @dport_hi: last one
 * @protocol_lo: first protocol
 * @protocol_hi: last one
 * @flags: FWT_BOX_*
 * @pad: 0
 * @node: as of struct fwt_prog_box
 */
struct fwt_prog_box6 {
	__u32 addr_lo[8];
	__u32 addr_hi[8];
	__u16 sport_lo;
	__u16 sport_hi;
	__u16 dport_lo;
	__u16 dport_hi;
	__u8 protocol_lo;
	__u8 protocol_hi;
	__u8 flags;
	__u8 pad;
	__u32 node;
};

enum fwt_mod_type {
	FWT_MOD_SNAT,
	FWT_MOD_MASQUERADE,
	FWT_MOD_DNAT,		/* @a: first port of a range matched 1:1, or 0 */
	FWT_MOD_SET_MARK,	/* @a: value */
	FWT_MOD_LOG,		/* @a: string, prefix, or FWT_NONE */
	FWT_MOD_COUNT,		/* @a: index in COUNTERS */
	/* to this machine: the address of the interface that the packet came in
	 * by, of local traffic the loopback's; @a as of DNAT
	 */
	FWT_MOD_REDIRECT,
	/* in ingress the destination's, in egress the source's prefix becomes
	 * @addr_lo to @addr_hi, the rest of the address stays
	 */
	FWT_MOD_NETMAP,
	FWT_MOD_NFLOG,		/* @a: as of LOG; @port_lo: nflog group */
	/* SET_MARK and these: @a: the value; with FWT_MOD_FIELD the field whose
	 * value it is, and where the packet lacks it nothing is set
	 */
	FWT_MOD_SET_CT_MARK,	/* of the connection: packets don't show it */
	FWT_MOD_SET_PRIORITY,
	FWT_MOD_SET_DSCP,
	FWT_MOD_SET_TTL,
	FWT_MOD_SET_MSS,	/* at most that: it is never raised */
	FWT_MOD_SET_VLAN,	/* of a frame that has a tag */
	FWT_MOD_MSS_CLAMP,	/* to what the routes there and back can carry */
	FWT_MOD_NOTRACK,	/* what has no connection yet gets none */
	/* the destination becomes a server of pool @a, an index in OBJECTS; @port_lo
	 * to @port_hi are the ports that the rule asks for, 0 for none or any
	 */
	FWT_MOD_BALANCE,
	/* when the walk ends: the key of test @a, which is a LIVE one, is added to its
	 * set, for @addr_lo[0] (and [1], the high half) ms if @addr_lo[2] is 1, else as
	 * the set says; or is taken from it
	 */
	FWT_MOD_SET_ADD,
	FWT_MOD_SET_REMOVE,
	FWT_MOD_NODE,		/* @a: node of FOREIGN, whose @mod this is */
	__FWT_MOD_MAX,
};

#define FWT_MOD_RANDOM			0x01	/* the range's ports at random */
#define FWT_MOD_PERSISTENT		0x02	/* same source, same address */
#define FWT_MOD_ENDPOINT_INDEPENDENT	0x04	/* RFC 4787 mapping */
#define FWT_MOD_PORTS			0x08	/* @port_lo and @port_hi are set */
#define FWT_MOD_IFADDR			0x10	/* to the address of the interface whose
						 * name is string @addr_lo[0]
						 */
#define FWT_MOD_FIELD			0x20	/* of SET_*: @a is enum fwt_field */
/* Of SET_*, SNAT, DNAT: by what the map of test @addr_lo[0], a LIVE one, gives. */
#define FWT_MOD_MAP			0x40
/* Of BALANCE: where there is no server the packet is refused by enum fwt_reject
 * @addr_lo[0]; without it, dropped.
 */
#define FWT_MOD_OR_REJECT		0x80

/**
 * struct fwt_prog_mod - a change to the packet, its connection or the world
 * @type: enum fwt_mod_type
 * @family: 4 or 6 for a translation with addresses, else 0: SNAT and DNAT
 *	change ports alone then, or have FWT_MOD_IFADDR. The compiler places a
 *	test of the family before it; the verifier does not need one, a walk
 *	ignores the translation of another family.
 * @flags: FWT_MOD_*
 * @rule: the rule it stands in
 * @a: see enum fwt_mod_type
 * @port_lo: first port, host byte order
 * @port_hi: last port
 * @addr_lo: first address, words in host byte order, most significant first;
 *	IPv4 uses the first word
 * @addr_hi: last address
 */
struct fwt_prog_mod {
	__u8 type;
	__u8 family;
	__u16 flags;
	__u32 rule;
	__u32 a;
	__u16 port_lo;
	__u16 port_hi;
	__u32 addr_lo[4];
	__u32 addr_hi[4];
};

/**
 * struct fwt_prog_rule - where a rule comes from
 * @key: what its counters are known by: a hash of its id, or of its hook or
 *	tree, its text and which occurrence of that text there it is. Two rules
 *	of a program never have one key.
 * @id: string, or FWT_NONE
 * @tree: string: the hook or tree that it stands in
 * @file: index in FILES
 * @line: in the file, from 1
 * @text: offset in SOURCE of the rule as written
 * @text_len: bytes
 * @node: its first node
 * @hooks: FWT_HOOK_BIT() of the hooks that can reach it
 */
struct fwt_prog_rule {
	__aligned_u64 key;
	__u32 id;
	__u32 tree;
	__u32 file;
	__u32 line;
	__u32 text;
	__u32 text_len;
	__u32 node;
	__u32 hooks;
};

/**
 * struct fwt_prog_file - a file of the policy
 * @name: string, as it was given
 * @text: offset in SOURCE
 * @text_len: bytes
 */
struct fwt_prog_file {
	__u32 name;
	__u32 text;
	__u32 text_len;
};

/* Options, in the order of their values: X(ID, "name", unit, min, max).
 * Units: FWT_UNIT_MS a duration in milliseconds, FWT_UNIT_COUNT a number,
 * FWT_UNIT_BOOL 0 or 1, FWT_UNIT_REVALIDATE 0 off, 1 on, 2 strict,
 * FWT_UNIT_EVALUATE 0 per-connection, 1 per-packet,
 * FWT_UNIT_PORTS low << 16 | high, FWT_UNIT_RATE a FWT_RATE() whose count is
 * from min to max. Timeouts are compared in ticks, as signed differences of 32 bits:
 * with a thousand a second no more than 2^30 of them, 12 days.
 */
enum fwt_option_unit {
	FWT_UNIT_MS,
	FWT_UNIT_COUNT,
	FWT_UNIT_BOOL,
	FWT_UNIT_REVALIDATE,
	FWT_UNIT_EVALUATE,
	FWT_UNIT_PORTS,
	FWT_UNIT_RATE,
};

/* So many in each second; or where @seconds are not 0, in each 60, 3600 or 86400. */
#define FWT_RATE(count, seconds)	((__u64)(seconds) << 32 | (__u32)(count))
#define FWT_RATE_COUNT(rate)		((__u32)(rate))
#define FWT_RATE_SECONDS(rate)		((__u32)((__u64)(rate) >> 32))

#define FWT_OPTIONS(X) \
	X(CONN_MAX, "conn-max", COUNT, 16, 1ull << 30) \
	X(TIMEOUT_TCP_SYN_SENT, "timeout tcp-syn-sent", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_SYN_RECV, "timeout tcp-syn-recv", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_ESTABLISHED, "timeout tcp-established", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_FIN_WAIT, "timeout tcp-fin-wait", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_CLOSE_WAIT, "timeout tcp-close-wait", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_LAST_ACK, "timeout tcp-last-ack", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_TIME_WAIT, "timeout tcp-time-wait", MS, 1000, 1ull << 30) \
	X(TIMEOUT_TCP_CLOSE, "timeout tcp-close", MS, 1000, 1ull << 30) \
	X(TIMEOUT_UDP, "timeout udp", MS, 1000, 1ull << 30) \
	X(TIMEOUT_UDP_STREAM, "timeout udp-stream", MS, 1000, 1ull << 30) \
	X(TIMEOUT_ICMP, "timeout icmp", MS, 1000, 1ull << 30) \
	X(TIMEOUT_OTHER, "timeout other", MS, 1000, 1ull << 30) \
	X(TCP_LOOSE, "tcp-loose", BOOL, 0, 1) \
	X(ADOPT, "adopt", MS, 0, 1ull << 40) \
	X(REVALIDATE, "revalidate", REVALIDATE, 0, 2) \
	X(COUNTERS, "counters", BOOL, 0, 1) \
	X(LOG_RATE, "log-rate", RATE, 0, 1ull << 30) \
	X(ANSWER_RATE, "answer-rate", RATE, 0, 1ull << 30) \
	X(NAT_PORTS, "nat-ports", PORTS, 1, 0xffffffffull) \
	X(CONN_ADAPTIVE_START, "conn-adaptive-start", COUNT, 0, 1ull << 30) \
	X(CONN_ADAPTIVE_END, "conn-adaptive-end", COUNT, 1, 1ull << 30) \
	X(CONN_MAX_PER_SOURCE, "conn-max-per-source", COUNT, 1, 1ull << 30) \
	X(EVENT_RATE, "event-rate", RATE, 0, 1ull << 30) \
	X(EVALUATE, "evaluate", EVALUATE, 0, 1) \
	X(HAIRPIN, "hairpin", BOOL, 0, 1)

enum fwt_option {
#define FWT_OPTION_ENUM(id, name, unit, min, max) FWT_OPTION_##id,
	FWT_OPTIONS(FWT_OPTION_ENUM)
#undef FWT_OPTION_ENUM
	__FWT_OPTION_MAX,
};

/**
 * struct fwt_prog_option - an option that the policy sets
 * @option: enum fwt_option, each at most once
 * @pad: 0
 * @value: in the unit of FWT_OPTIONS
 */
struct fwt_prog_option {
	__u32 option;
	__u32 pad;
	__aligned_u64 value;
};

#endif /* _UAPI_LINUX_FWTREE_PROGRAM_H */
