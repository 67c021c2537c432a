/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Modifiers that change a packet's header fields and what goes with it: in the walk
 * its parsed copy, when the decision is applied its bytes.
 */
#ifndef FWT_CORE_CHANGE_H
#define FWT_CORE_CHANGE_H

#include "rewrite.h"
#include "tree.h"

/* Does a modifier of this type set a value. */
static inline bool fwt_set_is(u8 type)
{
	return type == FWT_MOD_SET_MARK ||
	       (type >= FWT_MOD_SET_CT_MARK && type <= FWT_MOD_SET_VLAN);
}

/**
 * fwt_set_most() - what can be set
 * @type: fwt_set_is()
 * @least: set to the least value. A hop limit of 0 is for nobody to send, an MSS of
 *	0 for nobody to obey
 *
 * Return: the greatest one.
 */
u32 fwt_set_most(u8 type, u32 *least);

/**
 * fwt_set_apply() - in a walk, set a value
 * @m: fwt_set_is(), or MSS_CLAMP, or NOTRACK
 * @p: packet; changed where it has what is set. What is set is known from then on
 * @d: told what is to be done to the packet and its connection's later ones
 */
void fwt_set_apply(const struct fwt_prog_mod *m, struct fwt_packet *p,
		   struct fwt_decision *d);

#define FWT_CHANGE_DSCP	0x01
#define FWT_CHANGE_TTL	0x02
#define FWT_CHANGE_MSS	0x04
#define FWT_CHANGE_BACK	0x08	/* that MSS is what the present one was lowered from */

/**
 * struct fwt_header_change - what headers are to say
 * @what: FWT_CHANGE_*
 * @dscp: six bits
 * @ttl: TTL or hop limit
 * @mss: the most that a SYN may offer
 */
struct fwt_header_change {
	u8 what;
	u8 dscp;
	u8 ttl;
	u16 mss;
};

/**
 * fwt_header_differs() - is there anything to change
 * @p: packet
 * @to: what it is to say; what the packet does not have is taken out of @to->what,
 *	and what it says already
 *
 * Return: false for nothing.
 */
bool fwt_header_differs(const struct fwt_packet *p, struct fwt_header_change *to);

/**
 * fwt_header_change() - write headers, with checksums by difference
 * @p: the packet as parsed from @data; changed along
 * @data: writable up to the end of the transport header: @p->payload bytes
 * @to: fwt_header_differs()
 * @mode: of the transport checksum, see rewrite.h
 *
 * Return: what is added to the ones' complement sum of the packet, as
 * fwt_rewrite() has it in @csum_delta.
 */
u32 fwt_header_change(struct fwt_packet *p, u8 *data, const struct fwt_header_change *to,
		      enum fwt_csum_mode mode);

#endif /* FWT_CORE_CHANGE_H */
