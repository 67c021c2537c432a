/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes of other modules: selectors and modifiers that a policy uses by name.
 *
 *	node NAME { ... }			a selector, as a match
 *	select node NAME { ... } { ... }	a selector or a selecting modifier
 *	modify NAME { ... }			a modifier
 *
 * This header is all that such a module needs of fwtree, see Documentation/nodes.rst
 * and, to begin with, kmod/samples/sample_nodes.c.
 *
 * A walk is a pure function of the packet, and so is a node in it. It is asked for
 * packets that open a connection, again when a live connection is decided afresh,
 * and by dry runs (fwctl explain --live); what it answers must hang on nothing but
 * the packet and on what it was made with, and must change nothing. What it wants to
 * set in the packet it says, and fwtree does it: later nodes of the walk see it, and
 * it is done to the bytes, with checksums, if the packet is accepted. What it wants to
 * do in the world it does in @apply, which is called once, when the walk has ended
 * and counts.
 */
#ifndef FWTREE_NODE_H
#define FWTREE_NODE_H

#include <linux/list.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <net/net_namespace.h>

#include "../core/field_list.h"

enum fwt_node_kind {
	FWT_NODE_SELECTOR,
	FWT_NODE_MODIFIER,
	FWT_NODE_SELECTING_MODIFIER,
};

/* No branch fits: "default", or "no" of a match. */
#define FWT_NODE_NO_BRANCH	(-1)

#define FWT_NODE_BRANCHES_MAX	1024
#define FWT_NODE_PRIV_MAX	(1u << 20)	/* bytes; init may allocate more */

/* What can stand behind a parameter's name. */
enum fwt_node_param_type {
	FWT_NODE_FLAG,		/* nothing */
	FWT_NODE_NUMBER,	/* 7, 10k */
	FWT_NODE_DURATION,	/* 500ms, 1h: milliseconds */
	FWT_NODE_STRING,	/* a word, or text in quotes */
	FWT_NODE_PREFIX,	/* an address or a prefix, IPv4 or IPv6 */
	__FWT_NODE_PARAM_MAX,
};

/**
 * struct fwt_node_param - a parameter, as it is written in braces
 * @name: its word
 * @type: what follows it
 * @required: it may not be left out
 * @min: NUMBER, DURATION: the least; STRING: bytes
 * @max: the most; of all three, 0: 2^64 - 1, and 255 bytes
 */
struct fwt_node_param {
	const char *name;
	enum fwt_node_param_type type;
	bool required;
	u64 min;
	u64 max;
};

/**
 * struct fwt_node_value - what was given for a parameter
 * @given: anything at all; else the rest is 0
 * @number: NUMBER, DURATION
 * @string: STRING; ends with init
 * @family: PREFIX: 4 or 6
 * @plen: its length
 * @addr: words in host byte order, most significant first, IPv4 in the first
 */
struct fwt_node_value {
	bool given;
	u64 number;
	const char *string;
	u8 family;
	u8 plen;
	u32 addr[4];
};

/**
 * struct fwt_node_init - a use of the node in a policy is made
 * @net: namespace whose policy it is
 * @priv: its own memory, @priv_size bytes, zeroed
 * @value: by parameter; checked against the parameters' limits
 * @hooks: FWT_HOOK_BIT() of those that lead to it
 * @n_branches: as in struct fwt_node_ops; may be set to another number
 * @branch: likewise
 * @bad_param: for a refusal: the parameter that is to blame, or -1
 * @extack: to be told why it is refused
 */
struct fwt_node_init {
	struct net *net;
	void *priv;
	const struct fwt_node_value *value;
	u8 hooks;
	u32 n_branches;
	const char *const *branch;
	int bad_param;
	struct netlink_ext_ack *extack;
};

/* A packet in a walk; to be asked by the functions below, and only in the call that
 * it was handed to.
 */
struct fwt_node_packet;

/**
 * struct fwt_node_sets - what a modifier sets
 * @what: 1 << enum fwt_node_set
 * @value: by enum fwt_node_set
 */
struct fwt_node_sets {
	u32 what;
	u32 value[__FWT_NODE_SET_MAX];
};

static inline void fwt_node_set(struct fwt_node_sets *to, enum fwt_node_set what, u32 value)
{
	to->what |= 1u << what;
	to->value[what] = value;
}

/**
 * struct fwt_node_ops - a kind of node
 * @owner: THIS_MODULE; held by each policy that uses the node
 * @name: by which policies use it: a letter, then letters, digits, '_', '-', '.'; no
 *	more than 31, not ending in '-' or '.'
 * @kind: what it is, and which of the functions below it has
 * @hooks: FWT_HOOK_BIT() of those where it can stand; 0 for all
 * @n_branches: selectors: their number, 1 to FWT_NODE_BRANCHES_MAX. As a match a
 *	selector says no by branch 0, yes by all others
 * @branch: their names, @n_branches of them; NULL: they have numbers alone. Numbers
 *	can be written in any case
 * @param: parameters
 * @n_params: how many, FWT_FOREIGN_ARGS at most
 * @priv_size: bytes of memory of its own that each use has
 * @init: a use is made; may be NULL. Process context, may sleep; what it allocates is
 *	with GFP_KERNEL_ACCOUNT. Returns 0 or an error, and nothing is left then
 * @destroy: no walk can meet that use any more; may be NULL. Process context
 * @select: SELECTOR: the branch, or FWT_NODE_NO_BRANCH
 * @modify: MODIFIER: sets what it wants to set, and returns 0. SELECTING_MODIFIER:
 *	the same, and returns the branch or FWT_NODE_NO_BRANCH
 * @apply: modifiers: the walk is over, with @verdict (enum fwt_verdict), and counts;
 *	may be NULL. The packet is as it came to the hook, see fwt_node_field()
 *
 * @select, @modify and @apply run in softirq context, or with softirqs off, under RCU,
 * on many CPUs at once: they must not sleep, and should be done in a microsecond. What
 * is no branch and no value is a drop, counted as "bad-node". What @select and @modify say
 * may come to nothing (a SYN that was said again, a dry run): what is to be counted
 * counts @apply.
 */
struct fwt_node_ops {
	struct module *owner;
	const char *name;
	enum fwt_node_kind kind;
	u8 hooks;
	u32 n_branches;
	const char *const *branch;
	const struct fwt_node_param *param;
	u32 n_params;
	size_t priv_size;
	int (*init)(struct fwt_node_init *at);
	void (*destroy)(void *priv);
	int (*select)(const void *priv, struct fwt_node_packet *pkt);
	int (*modify)(const void *priv, struct fwt_node_packet *pkt, struct fwt_node_sets *to);
	void (*apply)(void *priv, struct fwt_node_packet *pkt, u8 verdict);

	/* fwtree's */
	struct list_head list;
	u32 uses;
};

/* So that a policy that names the node brings its module. */
#define MODULE_ALIAS_FWT_NODE(name)	MODULE_ALIAS("fwt-node-" name)

/**
 * fwt_node_register() - policies can use a node from now on
 * @ops: the node; stays as it is until it is unregistered
 *
 * Context: process; may sleep.
 * Return: 0; -EEXIST where the name is taken; -EINVAL for what makes no node, and the
 * kernel's log says what.
 */
int fwt_node_register(struct fwt_node_ops *ops);

/**
 * fwt_node_unregister() - and not any more
 * @ops: registered. Its uses hold its module, so that in the module's exit there are
 *	none
 *
 * Context: process; may sleep.
 */
void fwt_node_unregister(struct fwt_node_ops *ops);

/**
 * fwt_node_field() - a field of the packet
 * @pkt: packet
 * @field: enum fwt_field, as in core/field_list.h, which says what values are like
 * @value: room for four words
 *
 * As the walk sees it: with what earlier nodes have set. Of a connection that is
 * decided afresh the record may not have kept it: then 0 is returned, and whatever the
 * node answers, the walk ends with "unknown", which leaves the old verdict. In @apply
 * the walk is over: nothing that was set is seen, and of routing, and of the socket that
 * the packet comes from, there is nothing.
 *
 * Return: words written; 0 where the packet has no such field, or the hook has not.
 */
int fwt_node_field(struct fwt_node_packet *pkt, enum fwt_field field, u32 *value);

/**
 * fwt_node_bytes() - bytes of the packet, as it came
 * @pkt: packet
 * @offset: from the beginning of the IP header (of ARP's, and so on)
 * @len: how many
 * @buffer: room for them; not always used
 *
 * Decided afresh there are none any more: as of fwt_node_field().
 *
 * Return: where they are; NULL where the packet has not so many.
 */
const void *fwt_node_bytes(struct fwt_node_packet *pkt, u32 offset, u32 len, void *buffer);

/**
 * fwt_node_payload() - where the transport's payload is
 * @pkt: packet
 * @offset: set, for fwt_node_bytes()
 * @len: set to its length
 *
 * Return: false for a packet whose transport header is not known here, for a later
 * fragment, and where bytes are gone.
 */
bool fwt_node_payload(struct fwt_node_packet *pkt, u32 *offset, u32 *len);

/**
 * fwt_node_skb() - the packet, to be read; it may have more than one reference
 *
 * Return: it; NULL where it is gone, as of fwt_node_bytes().
 */
const struct sk_buff *fwt_node_skb(struct fwt_node_packet *pkt);

/** fwt_node_net() - the namespace that it is walked in */
struct net *fwt_node_net(const struct fwt_node_packet *pkt);

/** fwt_node_hook() - which tree: enum fwt_hook */
u8 fwt_node_hook(const struct fwt_node_packet *pkt);

/**
 * fwt_node_seed() - a number of the connection, at a device of the frame: for choices
 * that stay as they are
 */
u32 fwt_node_seed(const struct fwt_node_packet *pkt);

/**
 * fwt_node_again() - it is not the first packet that is decided, but its connection
 * afresh
 *
 * A node with a limit answers as under it.
 */
bool fwt_node_again(const struct fwt_node_packet *pkt);

#endif /* FWTREE_NODE_H */
