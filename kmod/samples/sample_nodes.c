// SPDX-License-Identifier: GPL-2.0
/*
 * A selector, a modifier and a selecting modifier in a module of their own, to begin
 * one's own with; Documentation/nodes.rst goes through them. A policy that uses them:
 *
 *	ingress {
 *	    protocol udp node sample-payload { begins "AWAY" } drop
 *	    modify sample-paint { base 256, from 192.0.2.0/24 }
 *	    select node sample-lane { lanes 3 } {
 *	        fast    -> accept
 *	        1, 2    -> set dscp cs1 accept
 *	    }
 *	    accept
 *	}
 */
#include <linux/jhash.h>

#include <fwtree_node.h>

/* sample-payload { begins TEXT, offset N }: does the payload have this text there. */

#define TEXT_MAX	32

struct payload {
	u32 offset;
	u32 len;
	char text[TEXT_MAX];
};

enum { PAYLOAD_BEGINS, PAYLOAD_OFFSET };

static const struct fwt_node_param payload_params[] = {
	[PAYLOAD_BEGINS] = { .name = "begins", .type = FWT_NODE_STRING, .required = true,
			     .min = 1, .max = TEXT_MAX },
	[PAYLOAD_OFFSET] = { .name = "offset", .type = FWT_NODE_NUMBER, .max = 65535 },
};

static int payload_init(struct fwt_node_init *at)
{
	struct payload *p = at->priv;

	p->offset = at->value[PAYLOAD_OFFSET].number;
	p->len = strlen(at->value[PAYLOAD_BEGINS].string);
	memcpy(p->text, at->value[PAYLOAD_BEGINS].string, p->len);
	return 0;
}

static int payload_select(const void *priv, struct fwt_node_packet *pkt)
{
	const struct payload *p = priv;
	char buffer[TEXT_MAX];
	const char *bytes;
	u32 offset, len;

	if (!fwt_node_payload(pkt, &offset, &len) || len < p->offset + p->len)
		return FWT_NODE_NO_BRANCH;
	bytes = fwt_node_bytes(pkt, offset + p->offset, p->len, buffer);
	if (!bytes)
		return FWT_NODE_NO_BRANCH;
	return !memcmp(bytes, p->text, p->len);
}

static const char *const no_yes[] = { "no", "yes" };

static struct fwt_node_ops payload = {
	.owner = THIS_MODULE,
	.name = "sample-payload",
	.kind = FWT_NODE_SELECTOR,
	.n_branches = ARRAY_SIZE(no_yes),
	.branch = no_yes,
	.param = payload_params,
	.n_params = ARRAY_SIZE(payload_params),
	.priv_size = sizeof(struct payload),
	.init = payload_init,
	.select = payload_select,
};

/* sample-paint { base N, from PREFIX }: the mark becomes N and the number of the source
 * within the prefix. How often that was done stands in a parameter of the module, to
 * show that it is done once for a connection, and not by a dry run.
 */

struct paint {
	u32 base;
	u32 net;
	u32 mask;
};

enum { PAINT_BASE, PAINT_FROM };

static const struct fwt_node_param paint_params[] = {
	[PAINT_BASE] = { .name = "base", .type = FWT_NODE_NUMBER, .max = U32_MAX },
	[PAINT_FROM] = { .name = "from", .type = FWT_NODE_PREFIX, .required = true },
};

static atomic_t painted = ATOMIC_INIT(0);
module_param_named(painted, painted.counter, int, 0444);
MODULE_PARM_DESC(painted, "connections and single packets that sample-paint has marked");

static int paint_init(struct fwt_node_init *at)
{
	const struct fwt_node_value *from = &at->value[PAINT_FROM];
	struct paint *p = at->priv;

	if (from->family != 4 || !from->plen) {
		at->bad_param = PAINT_FROM;
		NL_SET_ERR_MSG(at->extack, "a prefix of IPv4 is meant");
		return -EINVAL;
	}
	p->mask = ~0u << (32 - from->plen);
	p->net = from->addr[0] & p->mask;
	p->base = at->value[PAINT_BASE].number;
	return 0;
}

static bool from_there(const struct paint *p, struct fwt_node_packet *pkt, u32 *saddr)
{
	return fwt_node_field(pkt, FWT_FIELD_SADDR, saddr) == 1 &&
	       (saddr[0] & p->mask) == p->net;
}

static int paint_modify(const void *priv, struct fwt_node_packet *pkt,
			struct fwt_node_sets *to)
{
	const struct paint *p = priv;
	u32 saddr[4];

	if (from_there(p, pkt, saddr))
		fwt_node_set(to, FWT_NODE_SET_MARK, p->base + (saddr[0] & ~p->mask));
	return 0;
}

static void paint_apply(void *priv, struct fwt_node_packet *pkt, u8 verdict)
{
	u32 saddr[4];

	if (verdict == FWT_VERDICT_ACCEPT && from_there(priv, pkt, saddr))
		atomic_inc(&painted);
}

static struct fwt_node_ops paint = {
	.owner = THIS_MODULE,
	.name = "sample-paint",
	.kind = FWT_NODE_MODIFIER,
	.param = paint_params,
	.n_params = ARRAY_SIZE(paint_params),
	.priv_size = sizeof(struct paint),
	.init = paint_init,
	.modify = paint_modify,
	.apply = paint_apply,
};

/* sample-lane { lanes N }: spreads by both addresses over N lanes, and the packet gets
 * the lane's number as its priority. As many branches as there are lanes; the first
 * one has a name.
 */

#define LANES_MAX	16

struct lane {
	u32 lanes;
	const char *name[LANES_MAX];
};

static const struct fwt_node_param lane_params[] = {
	{ .name = "lanes", .type = FWT_NODE_NUMBER, .required = true, .min = 1,
	  .max = LANES_MAX },
};

static int lane_init(struct fwt_node_init *at)
{
	static const char *const name[] = { "fast", "middle", "slow" };
	struct lane *l = at->priv;
	u32 i;

	l->lanes = at->value[0].number;
	for (i = 0; i < l->lanes; i++)
		l->name[i] = i < ARRAY_SIZE(name) ? name[i] : "";
	at->n_branches = l->lanes;
	at->branch = l->name;
	return 0;
}

static int lane_modify(const void *priv, struct fwt_node_packet *pkt,
		       struct fwt_node_sets *to)
{
	const struct lane *l = priv;
	u32 key[8] = { };
	u32 lane;

	if (!fwt_node_field(pkt, FWT_FIELD_SADDR, key) ||
	    !fwt_node_field(pkt, FWT_FIELD_DADDR, key + 4))
		return FWT_NODE_NO_BRANCH;
	lane = reciprocal_scale(jhash2(key, ARRAY_SIZE(key), 0), l->lanes);
	fwt_node_set(to, FWT_NODE_SET_PRIORITY, lane);
	return lane;
}

static struct fwt_node_ops lane = {
	.owner = THIS_MODULE,
	.name = "sample-lane",
	.kind = FWT_NODE_SELECTING_MODIFIER,
	.n_branches = LANES_MAX,
	.param = lane_params,
	.n_params = ARRAY_SIZE(lane_params),
	.priv_size = sizeof(struct lane),
	.init = lane_init,
	.modify = lane_modify,
};

static struct fwt_node_ops *const sample[] = { &payload, &paint, &lane };

static int __init sample_init(void)
{
	u32 i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(sample); i++) {
		ret = fwt_node_register(sample[i]);
		if (ret)
			goto undo;
	}
	return 0;
undo:
	while (i--)
		fwt_node_unregister(sample[i]);
	return ret;
}

static void __exit sample_exit(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sample); i++)
		fwt_node_unregister(sample[i]);
}

module_init(sample_init);
module_exit(sample_exit);

MODULE_DESCRIPTION("Samples of nodes for fwtree's policies");
MODULE_AUTHOR("The fwtree authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_FWT_NODE("sample-payload");
MODULE_ALIAS_FWT_NODE("sample-paint");
MODULE_ALIAS_FWT_NODE("sample-lane");
