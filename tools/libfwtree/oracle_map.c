// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's maps: all elements that hold the key, and of these the nearest one.
 */
#include "oracle.h"

static bool is_six(const struct fwt_value *v)
{
	if (v->kind == FWT_VALUE_JOIN)
		v = v->parts.part[0].first;
	return v->kind == FWT_VALUE_IPV6;
}

/* What begins the value, as a number of 16 bytes, or ends it. */
static void end_of(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		   const struct fwt_value *v, bool high, u8 to[16])
{
	u32 bytes = 0, bit, n;

	memset(to, 0, 16);
	if (v->kind == FWT_VALUE_RANGE)
		v = high ? v->range.hi : v->range.lo;
	if (v->kind == FWT_VALUE_IPV4 || v->kind == FWT_VALUE_PREFIX4)
		bytes = 4;
	if (v->kind == FWT_VALUE_IPV6 || v->kind == FWT_VALUE_PREFIX6)
		bytes = 16;
	if (!bytes) {
		n = fwt_oracle_number(o, ref, v);
		put_unaligned_be32(n, to);
		return;
	}
	memcpy(to, v->addr, bytes);
	if (v->kind != FWT_VALUE_PREFIX4 && v->kind != FWT_VALUE_PREFIX6)
		return;
	for (bit = v->plen; bit < 8 * bytes; bit++)
		if (high)
			to[bit / 8] |= 0x80 >> bit % 8;
		else
			to[bit / 8] &= (u8)~(0x80 >> bit % 8);
}

static bool nearer(const struct fwt_oracle *o, const struct fwt_ast_ref *ref,
		   const struct fwt_value *a, const struct fwt_value *b)
{
	u8 x[16], y[16];
	int order;

	end_of(o, ref, a, false, x);
	end_of(o, ref, b, false, y);
	order = memcmp(x, y, 16);
	if (order)
		return order > 0;
	end_of(o, ref, a, true, x);
	end_of(o, ref, b, true, y);
	return memcmp(x, y, 16) < 0;
}

static bool gives_addr(const struct fwt_map *map)
{
	return map->value.type[0] == FWT_TYPE_ADDR;
}

const struct fwt_value *fwt_oracle_map(const struct fwt_oracle *o, const struct fwt_name *name,
				       const struct fwt_fields *keys, bool source,
				       const struct fwt_packet *p, const struct fwt_env *env)
{
	const struct fwt_map *map = fwt_ast_map(o->ast, name->text);
	const struct fwt_map_element *e, *best = NULL;
	struct fwt_ast_ref own[2] = {
		{ .plen4 = -1, .plen6 = -1 }, { .plen4 = -1, .plen6 = -1 },
	};
	struct fwt_fields fields = { .first = own, .count = map->key.count };
	u32 i;

	/* The generator's maps are by addresses and ports where no field is named. */
	for (i = 0; i < map->key.count && i < 2; i++)
		own[i].field = map->key.type[i] == FWT_TYPE_ADDR ?
			(source ? FWT_AST_SADDR : FWT_AST_DADDR) :
			(source ? FWT_AST_SPORT : FWT_AST_DPORT);
	own[0].next = map->key.count > 1 ? &own[1] : NULL;
	if (!keys->count)
		keys = &fields;
	for (e = map->elements; e; e = e->next) {
		if (gives_addr(map) && is_six(e->value) != (p->family == 6))
			continue;
		if (!fwt_oracle_element(o, keys, e->key, p, env))
			continue;
		if (!best || (keys->count == 1 && nearer(o, keys->first, e->key, best->key)))
			best = e;
	}
	return best ? best->value : NULL;
}

void fwt_oracle_mapped(const struct fwt_oracle *o, const struct fwt_value *v, u32 words,
		       u32 *addr, u16 *port)
{
	static const struct fwt_ast_ref port_ref = { .field = FWT_AST_DPORT };
	const struct fwt_value *part = v;
	u32 i;

	if (v->kind == FWT_VALUE_JOIN)
		part = v->parts.part[0].first;
	if (part->kind == FWT_VALUE_IPV4 || part->kind == FWT_VALUE_IPV6)
		for (i = 0; i < words; i++)
			addr[i] = get_unaligned_be32(part->addr + 4 * i);
	else
		*port = (u16)fwt_oracle_number(o, &port_ref, part);
	if (v->kind == FWT_VALUE_JOIN)
		*port = (u16)fwt_oracle_number(o, &port_ref, v->parts.part[1].first);
}
