/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of one packet through one hook: what its steps hand on to each
 * other. Lives on the stack of the hook function, under RCU.
 */
#ifndef FWT_WAY_H
#define FWT_WAY_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "conn.h"
#include "policy.h"
#include "core/change.h"
#include "core/packet.h"
#include "core/tree.h"

/* What modifiers change. */
struct fwt_changes {
	u32 saddr[4];
	u32 daddr[4];
	u32 mark;
	u32 priority;
	u32 ct_mark;
	u16 dport;
	u16 vlan_tci;
	u16 tcp_mss;
	u8 ct_state;
	u8 ct_status;
	u8 tos;
	u8 ttl;
};

/**
 * struct fwt_way - one packet at one hook
 * @fn: namespace
 * @pol: the policy that this packet sees
 * @skb: the packet
 * @state: netfilter's
 * @p: the packet as parsed; offsets count from the network header (from the
 *	Ethernet header at a device)
 * @after: what a walk's modifiers made of it, as far as the decision's flags say;
 *	@p stays as the bytes are
 * @t: its tuple, where @tracked
 * @hash: fwt_hash_tuple() of @t
 * @c: its connection, or NULL
 * @former: one that is over, on the same ends, which this packet's own ends if it
 *	is accepted
 * @dir: its direction in @c
 * @tracked: it has a tuple
 * @stray: of a connection, but not one that its state machine knows; was walked
 * @loose: a segment from the middle of a connection that may open one
 * @later: of a connection that is decided, and walks all the same
 * @dry: nobody has met it: what is asked about it is not counted
 * @why: has the ends of a connection, and is none of its own: enum fwt_reason; else 0
 * @seed: for choices, until there is a record
 * @queue: it goes by way of a program: FWT_WAY_* and the queue's number; or 0
 */
struct fwt_way {
	struct fwt_net *fn;
	const struct fwt_policy *pol;
	struct sk_buff *skb;
	const struct nf_hook_state *state;
	struct fwt_packet p;
	struct fwt_changes after;
	struct fwt_tuple t;
	u64 hash;
	struct fwt_conn *c;
	struct fwt_conn *former;
	enum fwt_dir dir;
	bool tracked;
	bool stray;
	bool loose;
	bool later;
	bool dry;
	u8 why;
	u32 seed;
	u32 queue;
};

#define FWT_WAY_QUEUE	0x10000u
#define FWT_WAY_BYPASS	0x20000u

/* What the kernel answers to a walk's questions (core/env.h). @skb: where its
 * route is the one that is asked about, else NULL. @sk: the socket that it comes
 * from, else NULL. @bytes: of the packet. @filtered: that which walks; NULL where the
 * record does. @again: asked afresh, for a connection that is there. @known: for a
 * later packet of one. @c: it, or one that is walked for a second time. @drawn: of what has
 * no seed: where the one is that is drawn when a choice is to be made, or 0. @looks:
 * addresses and devices that it may look at still; @ranges: those of live sets. @former:
 * the connection whose place this one is to take, or NULL. @asked: how often the kernel was
 * asked which address masquerading takes; @dst and @src: for where, and which that is, if
 * @sourced. @routed: how often for a route; @pieces: of the packet, that its filters may have
 * read over; both are counted in a namespace that anybody made, alone.
 */
struct fwt_world {
	struct fwt_env env;
	struct net *net;
	const struct fwt_policy *pol;
	const struct net_device *out;
	const struct sk_buff *skb;
	struct sock *sk;
	u32 bytes;
	struct sk_buff *filtered;
	const struct fwt_conn *c;
	const struct fwt_conn *former;
	bool again;
	bool known;
	u32 *drawn;
	u32 looks;
	u32 ranges;
	u32 pieces;
	u8 asked;
	u8 routed;
	bool sourced;
	u32 dst[4];
	u32 src[4];
};

/* world.c */
void fwt_world_init(struct fwt_world *world, const struct fwt_way *w, u32 seed);

/* Addresses as a packet has them, and as the kernel has. */
static inline void fwt_to_in6(const u32 *words, struct in6_addr *a)
{
	u32 i;

	for (i = 0; i < 4; i++)
		a->s6_addr32[i] = cpu_to_be32(words[i]);
}

static inline void fwt_from_in6(const struct in6_addr *a, u32 *words)
{
	u32 i;

	for (i = 0; i < 4; i++)
		words[i] = be32_to_cpu(a->s6_addr32[i]);
}

/* Index of the interface that a packet came in by, 0 for what starts here. Once it is
 * in a VRF, that stands for it.
 */
static inline u32 fwt_came_by(const struct sk_buff *skb)
{
	int port = 0;

	if (skb->skb_iif)
		port = skb->protocol == htons(ETH_P_IPV6) ? inet6_sdif(skb) : inet_sdif(skb);
	return port ? port : skb->skb_iif;
}

/* The socket that a packet comes from, where it starts here and that can be asked. */
struct sock *fwt_sender(const struct fwt_way *w);

/* The same, where it can still say whose it is: a program may have let go of it. */
struct sock *fwt_owner(const struct fwt_way *w);

/* owner.c: struct fwt_env_ops.owner of @env's packet */
int fwt_world_owner(const struct fwt_env *env, unsigned int field, u32 *out);

/* filter.c: struct fwt_env_ops.filter, of a filter of @env's policy */
bool fwt_world_filter(const struct fwt_env *env, const struct fwt_packet *p,
		      const struct fwt_program *prog, u32 filter);

/* rlu.c: struct fwt_env_ops.route of the kernel's tables */
void fwt_world_route(const struct fwt_env *env, const struct fwt_packet *p,
		     enum fwt_route_ask what, struct fwt_route *r);

/* Where the kernel is to be told that a packet of @hook is answered: in a VRF it does
 * not find the way back at PRE_ROUTING. There it is looked up here, and @skb has it as
 * at LOCAL_IN. Under RCU.
 */
unsigned int fwt_way_back(struct net *net, struct sk_buff *skb, u8 family, unsigned int hook);

/* What can be carried in one packet on the ways there and back, 0 where nobody knows. */
u32 fwt_path_mtu(const struct fwt_way *w);

/* Does the device have that address. Under RCU. */
bool fwt_dev_has(const struct net_device *dev, u8 family, const u32 *addr);

/* Is it, for the device, the broadcast address of one of its subnets. Under RCU. */
bool fwt_is_broadcast(struct net *net, const struct net_device *dev, const u32 *addr);

/* Is it an address of this machine. Under RCU. */
bool fwt_own_address(struct net *net, const struct net_device *dev, u8 family,
		     const u32 *addr);

/* translate.c */

/**
 * fwt_skb_parse() - read headers, making them linear as far as needed
 * @skb: packet; its headers may move
 * @p: filled in
 *
 * Return: 0; -ENOMEM; -EINVAL for headers without end.
 */
int fwt_skb_parse(struct sk_buff *skb, struct fwt_packet *p);
int fwt_skb_quote(struct sk_buff *skb, const struct fwt_packet *p,
		  struct fwt_quote *q);

/* Does the device or the sender vouch for the checksum: of most packets it does. That the
 * kernel has looked (csum_valid) is no word about it: it may have been at the header of a
 * tunnel, which is gone.
 */
static inline bool fwt_skb_vouched(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL || skb->ip_summed == CHECKSUM_UNNECESSARY;
}

/* Is the transport checksum right, or vouched for; on the way in. */
bool fwt_skb_checksum_ok(const struct fwt_way *w);

/* Of a connection that is translated; else as fwt_translate(). */
int fwt_translate_ends(struct fwt_way *w, bool egress);

/**
 * fwt_translate() - give the packet the ends that its connection has for it
 * @w: way, with @c and @dir
 * @egress: those after egress, else those after ingress
 *
 * Return: 0 for nothing to do, 1 if it was changed, -ENOMEM.
 */
static inline int fwt_translate(struct fwt_way *w, bool egress)
{
	if (!(READ_ONCE(w->c->flags) & (BIT(FWT_CONN_SNAT) | BIT(FWT_CONN_DNAT))))
		return 0;
	return fwt_translate_ends(w, egress);
}

/* The same for an ICMP error of the connection and what it quotes; @ours: this
 * machine wrote it.
 */
int fwt_translate_error(struct fwt_way *w, struct fwt_quote *q, bool egress,
			bool ours);

/* hook.c: what a packet of no connection is, for a dry run: enum fwt_ct_state. */
u8 fwt_first_state(struct fwt_way *w);

/* What checksums need when headers change: how the transport's is to be treated;
 * what the whole packet's sum changes by.
 */
enum fwt_csum_mode fwt_skb_csum_mode(const struct sk_buff *skb,
				     const struct fwt_packet *p, int off);
void fwt_skb_csum_add(struct sk_buff *skb, u32 delta);

/* change.c */

/**
 * fwt_sets_of() - what a decision changes in packets
 * @d: accept
 * @after: what the walk left
 * @s: filled in
 */
void fwt_sets_of(const struct fwt_decision *d, const struct fwt_changes *after,
		 struct fwt_sets *s);

/**
 * fwt_sets_stay() - what the first of two walks at LOCAL_OUT and POST_ROUTING set stays
 * @s: what the second one set, which counts; completed
 * @was: what the first one set
 *
 * Of what starts here, and was led elsewhere by its mark or destination. What the first
 * walk has set is done, and led there: it stays where the second one sets nothing. A
 * verdict does not.
 */
void fwt_sets_stay(struct fwt_sets *s, const struct fwt_sets *was);

/* Of those what is header; @original as below. */
void fwt_sets_header(const struct fwt_sets *s, bool original, struct fwt_header_change *to);

/**
 * fwt_change() - change a packet
 * @w: way; of @w->p all is set
 * @s: what is to be changed
 * @original: a packet of the original direction, or of no connection
 *
 * Return: 1 where it may be routed otherwise now, else 0; -ENOMEM.
 */
int fwt_change(struct fwt_way *w, const struct fwt_sets *s, bool original);

/* What its connection's record says for it at this hook; see fwt_change(). */
int fwt_change_known(struct fwt_way *w);

/* The same of an ICMP error about it: mark, priority, and whether it is queued. Returns
 * whether it may be routed otherwise now.
 */
bool fwt_change_error(struct fwt_way *w);

/* What forwarding has made of ingress' changes is made good, before egress looks. */
void fwt_change_restore(struct fwt_way *w);

/* What a walk's decision says, of a packet that has no connection. */
int fwt_change_alone(struct fwt_way *w, const struct fwt_decision *d);

/* What a decision about a connection says is kept; as fwt_conn_keep(). */
int fwt_change_keep_some(struct fwt_way *w, struct fwt_conn *c, enum fwt_hook hook,
			 const struct fwt_decision *d);

static inline int fwt_change_keep(struct fwt_way *w, struct fwt_conn *c, enum fwt_hook hook,
				  const struct fwt_decision *d)
{
	/* A mark that it came with is kept while nobody has found it yet. */
	if (likely(!(d->flags & (FWT_SETS_KEPT | FWT_DECISION_CT_MARK)) &&
		   (!w->skb->mark || c->linked) && !(c->flags & BIT(FWT_CONN_CHANGES))))
		return 0;
	return fwt_change_keep_some(w, c, hook, d);
}

/**
 * fwt_skb_change() - write headers
 * @skb: packet
 * @p: as parsed
 * @off: from skb->data to where the offsets of @p begin
 * @to: fwt_header_differs()
 *
 * Return: 0 or -ENOMEM.
 */
int fwt_skb_change(struct sk_buff *skb, struct fwt_packet *p, int off,
		   const struct fwt_header_change *to);

/* first.c */

/* A packet that has no connection and will not have one: its tree is walked. @state:
 * enum fwt_ct_state. Returns what the hook is to return.
 */
unsigned int fwt_pass_alone(struct fwt_way *w, enum fwt_hook hook, u8 state);

/**
 * fwt_pass_known() - a later packet of a connection walks ("evaluate per-packet")
 * @w: way, with @c and @dir
 * @hook: whose tree
 * @related: it is an ICMP error about it
 *
 * What its opener's walk said is there already: translations stay, changes are made
 * before the walk, which then has the last word about this packet.
 *
 * Return: NF_ACCEPT, or what the hook is to return.
 */
unsigned int fwt_pass_known(struct fwt_way *w, enum fwt_hook hook, bool related);

unsigned int fwt_malformed(struct fwt_way *w, enum fwt_hook hook);

/* Did ingress say of this packet, at POST_ROUTING, that it is not to be tracked. */
bool fwt_left_untracked(const struct fwt_way *w);

/* May this packet be the first of a connection; sets @w->loose. */
bool fwt_opens(struct fwt_way *w);

/* A packet at LOCAL_OUT that may not: does egress say that it is not to be tracked, this is
 * done now. Returns NF_ACCEPT, or what the hook is to return.
 */
unsigned int fwt_start_alone(struct fwt_way *w);

/* A first packet is decided; sets @w->c. Returns NF_ACCEPT, or what the hook is to
 * return.
 */
unsigned int fwt_decide_ingress(struct fwt_way *w);

/**
 * fwt_decide_first() - the same of a packet that seems to be a first one
 * @w: way, after fwt_track_key()
 * @ret: what the hook is to return, where it is the first
 *
 * The tree is walked while the table's line is on its way from memory, and the
 * connection looked up then; a walk changes nothing, and where there is one nobody
 * has asked. Return: whether it is the first, else it was looked up, too.
 */
bool fwt_decide_first(struct fwt_way *w, unsigned int *ret);
unsigned int fwt_decide_egress(struct fwt_way *w);

/* At POST_ROUTING, before anything is parsed: where egress lets everything pass, and it
 * is the first packet of a connection as it left PRE_ROUTING, it is decided and
 * confirmed here. Return: whether so.
 */
bool fwt_let_out(struct fwt_way *w);

/* decide.c */
void fwt_changes_of(const struct fwt_packet *p, struct fwt_changes *c);

/**
 * fwt_decide_as() - walk a hook's tree
 * @w: way; @w->after is set
 * @hook: FWT_HOOK_INGRESS or FWT_HOOK_EGRESS
 * @as: whose bytes filters and other modules' nodes are shown
 * @d: the decision
 *
 * Effects are not applied: fwt_effects() does that.
 */
void fwt_decide_as(struct fwt_way *w, enum fwt_hook hook, struct sk_buff *as,
		   struct fwt_decision *d);

/* Those of the packet itself. */
static inline void fwt_decide(struct fwt_way *w, enum fwt_hook hook, struct fwt_decision *d)
{
	fwt_decide_as(w, hook, w->skb, d);
}

/* What ct status says of a connection before a hook's walk: what starts here is
 * translated by the walk itself.
 */
static inline u8 fwt_ct_status(const struct fwt_conn *c, enum fwt_hook hook)
{
	return hook == FWT_HOOK_EGRESS && fwt_conn_is(c, FWT_CONN_DNAT) &&
	       !fwt_conn_is(c, FWT_CONN_LOCAL) ? FWT_CT_DNAT : 0;
}

/* Counts, log lines: what happens when a walk ends, whatever the verdict; the packet
 * that walked, of so many bytes, counts for the rule that decided it.
 */
void fwt_effects(struct fwt_way *w, const struct fwt_decision *d, u32 bytes);

/* The same of a connection's first packet, which counted for that rule as the connection
 * was given its slot: by fwt_track_new() or fwt_track_egress().
 */
void fwt_effects_begun(struct fwt_way *w, const struct fwt_decision *d, u32 bytes);

/**
 * fwt_decide_again() - does the policy in force still allow the connection
 * @w: way, with @c
 * @iif: interface to ask with instead of the record's, or 0
 * @oif: likewise
 * @keep: what it says is the record's from now on, which goes by these interfaces;
 *	else it was only asked
 * @d: the refusal
 *
 * Walks what was walked when it began, with a first packet rebuilt from the
 * record. Nothing is logged, counted or limited again.
 *
 * Return: true if it is allowed. If not, @d says how to refuse; ending it is for
 * the caller.
 */
bool fwt_decide_again(struct fwt_way *w, u32 iif, u32 oif, bool keep,
		      struct fwt_decision *d);

/* Interface name by index, NULL if there is none. Under RCU. */
const char *fwt_ifname(struct net *net, u32 ifindex);

/* track.c */
enum fwt_tracked {
	FWT_TRACK_OK,
	FWT_TRACK_PASS,		/* it may be anybody's: the record stays as it was */
	FWT_TRACK_INVALID,
	FWT_TRACK_REOPEN,
};

/* The number that a packet's choices are made by, if it has no connection. */
static inline u32 fwt_seed(const struct fwt_way *w)
{
	return w->tracked ? fwt_conn_seed_by(w->hash) : fwt_conn_seed(w->fn);
}

/* Look @w->t up; sets @w->c and @w->dir. */
void fwt_track_find(struct fwt_way *w);

/* The same in two steps, with time for memory in between: what the table's line is
 * asked for by, and the look-up. @first: it seems that nobody will be found.
 */
void fwt_track_key(struct fwt_way *w, bool first);
void fwt_track_look(struct fwt_way *w);

/* Would fwt_track_look() find nothing, as is plain to see: @w->c is NULL then, as it was. */
static inline bool fwt_track_absent(const struct fwt_way *w)
{
	return w->tracked && fwt_hash_absent(&w->fn->conns, w->hash) &&
	       !atomic_read(&w->fn->n_across);
}

/* The same where @w->p is what an ICMP error quotes. */
void fwt_track_find_quoted(struct fwt_way *w);

/* The same for a dry run: what is over by now is not found, and stays where it is. */
void fwt_track_peek(struct fwt_way *w);

/* Bring the record up to date for a packet of it, counts included. Whether the
 * packet may be of it, by its interface and by policy, was asked before.
 */
enum fwt_tracked fwt_track_packet(struct fwt_way *w);

/* What that would say. A packet that passes is FWT_TRACK_OK, too. */
enum fwt_tracked fwt_track_would(struct fwt_way *w);

/**
 * fwt_track_new() - a record for a packet that was accepted
 * @w: way; @w->t is the tuple before translation, @w->after as the tree left it
 * @d: the decision, with DNAT or without
 * @hook: the one that decided
 *
 * Where that is ingress the packet counts for its rule: fwt_effects_begun().
 *
 * Return: 0 and @w->c (perhaps one that another CPU made just now); else the
 * enum fwt_reason to drop the packet for.
 */
u8 fwt_track_new(struct fwt_way *w, const struct fwt_decision *d,
		 enum fwt_hook hook);

/**
 * fwt_track_egress() - egress has decided for a new connection
 * @w: way, with @c
 * @d: accept; its SNAT is bound
 * @won: set if this packet's decision is the one that counts; it counts for its rule then:
 *	fwt_effects_begun()
 *
 * Return: 0, or enum fwt_reason to drop for.
 */
u8 fwt_track_egress(struct fwt_way *w, const struct fwt_decision *d, bool *won);

/* Has egress decided; who sees that sees the end N, too: pairs with the release
 * in fwt_track_egress().
 */
static inline bool fwt_track_egress_done(const struct fwt_conn *c)
{
	/* Pairs with the release in fwt_track_egress(). */
	return smp_load_acquire(&c->flags) & BIT(FWT_CONN_EGRESS);
}

/* The packet leaves the last hook: its connection is no longer tentative. */
void fwt_track_confirm(struct fwt_way *w);

/**
 * fwt_track_let_out() - both, of a packet that egress lets pass without a question
 * @w: way, with @c, whose first packet it is: as fwt_route_first() knows it
 * @slot: that of the rule which says so, or FWT_NONE; the packet counts for it
 *
 * Return: false where another CPU has said something else of it meanwhile.
 */
bool fwt_track_let_out(struct fwt_way *w, u32 slot);

/* The packet waits in a queue: a tentative record waits for it. */
void fwt_track_wait(struct fwt_way *w);

/* Packets and bytes of the rules behind the connection, once a packet. */
void fwt_track_account(struct fwt_way *w);

/* answer.c */

/* RST or ICMP error for a packet that is refused, rate-limited. */
void fwt_answer(struct fwt_way *w, u8 reject);

/* The same for a frame, where it comes in; answer_frame.c sends it. */
void fwt_answer_frame(struct fwt_way *w, u8 reject);
void fwt_answer_frame_send(const struct fwt_way *w, u8 reject);

/* The code of the ICMP or ICMPv6 error that stands for a reject, by the packet's family. */
u8 fwt_answer_code(const struct fwt_way *w, u8 reject);

/* The answer to @skb, which came to @hook: whose it is, is known as it leaves. */
void fwt_answer_send(const struct fwt_way *w, struct sk_buff *skb, struct sock *sk,
		     unsigned int hook, u8 reject);

/* answer_other.c: a RST for the other end of @w's connection, which is over: the packet
 * was refused, and tells it nothing.
 */
void fwt_answer_other(struct fwt_way *w);

/* It is an answer of ours that is on its way out here just now. */
bool fwt_answering(const struct fwt_way *w);

/* It has passed the last hook: what comes by from now on is none. */
void fwt_answer_left(void);

/* Are there enough answers for now (R32); that is counted. */
bool fwt_answer_limited(struct fwt_way *w);

/* An answer to a program of this machine goes by lo, and comes in again: noted on
 * its way out, it is expected, once, on its way in.
 */
void fwt_answer_note(struct fwt_way *w);
bool fwt_answer_expected(struct fwt_way *w);

/* Which hook of a policy it is. */
static inline enum fwt_hook fwt_hook_of(const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_NETDEV)
		return state->hook == NF_NETDEV_EGRESS ? FWT_HOOK_DEV_EGRESS :
							 FWT_HOOK_DEV_INGRESS;
	return state->hook == NF_INET_PRE_ROUTING || state->hook == NF_INET_LOCAL_IN ?
		FWT_HOOK_INGRESS : FWT_HOOK_EGRESS;
}

/* Interfaces, for people: as a walk saw them, or as netfilter has them. */
static inline const char *fwt_way_iif(const struct fwt_way *w)
{
	return w->p.iif ? w->p.iif : w->state->in ? w->state->in->name : NULL;
}

static inline const char *fwt_way_oif(const struct fwt_way *w)
{
	return w->p.oif ? w->p.oif : w->state->out ? w->state->out->name : NULL;
}

/* queue.c */

/**
 * fwt_queue() - a packet goes by way of a program that listens to a queue
 * @w: way, with @queue; all that this hook does to the packet is done
 *
 * What comes back goes on behind this hook. A record that is tentative has a minute
 * for that.
 *
 * Return: NF_STOLEN; NF_ACCEPT where nobody listens and the rule said bypass.
 */
unsigned int fwt_queue(struct fwt_way *w);

/* drop.c */

/**
 * fwt_drop_by() - the packet ends here
 * @w: way; its packet is parsed, as far as that went
 * @reason: why, counted and told
 * @d: the decision that refused it; NULL where that was no walk's, then the rule
 *	is that of its connection
 *
 * Return: what a hook returns.
 */
unsigned int fwt_drop_by(struct fwt_way *w, u8 reason, const struct fwt_decision *d);

static inline unsigned int fwt_drop(struct fwt_way *w, u8 reason)
{
	return fwt_drop_by(w, reason, NULL);
}

/* log.c */

/* May what packets of this namespace do be told in the machine's log. */
bool fwt_log_prints(const struct net *net);

/* A rule said log: @prog has the modifier @m, and its prefix. */
void fwt_log(const struct fwt_way *w, const struct fwt_decision *d,
	     const struct fwt_program *prog, const struct fwt_prog_mod *m);

#endif /* FWT_WAY_H */
