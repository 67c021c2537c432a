// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier's part for objects, which outlive a policy: limits, quotas, splits,
 * pools with their servers, live sets.
 */
#include "balance.h"
#include "limit.h"
#include "verify_private.h"

/* Of rules: FWT_LIMIT_RULE, FWT_QUOTA_RULE, FWT_SPLIT_RULE are one. */
static int check_rules_own(struct fwt_verify *c, u32 i, u32 n_params)
{
	const struct fwt_prog_object *o = &c->prog->object[i];

	BUILD_BUG_ON((int)FWT_LIMIT_RULE != (int)FWT_QUOTA_RULE ||
		     (int)FWT_LIMIT_RULE != (int)FWT_SPLIT_RULE);
	if (o->name != FWT_NONE)
		return bad(c, FWT_SEC_OBJECTS, i, "a name for what is a rule's");
	if (!index_ok(c, FWT_SEC_RULES, o->param[FWT_LIMIT_RULE]))
		return bad(c, FWT_SEC_OBJECTS, i, "of no rule");
	for (; n_params < FWT_OBJECT_PARAMS; n_params++)
		if (o->param[n_params])
			return refuse(c, -EOPNOTSUPP, FWT_SEC_OBJECTS, i,
				      "a parameter that is not known here");
	return 0;
}

static int check_limit_params(struct fwt_verify *c, u32 i)
{
	const u32 *param = c->prog->object[i].param;
	const char *wrong = fwt_limit_check(param);

	if (wrong)
		return bad(c, FWT_SEC_OBJECTS, i, wrong);
	if (param[FWT_LIMIT_WHICH] >= FWT_OBJECTS_RULE ||
	    (param[FWT_LIMIT_KEY] && !(param[FWT_LIMIT_FLAGS] & FWT_LIMIT_KEYED)))
		return bad(c, FWT_SEC_OBJECTS, i, "an impossible place or key");
	return check_rules_own(c, i, __FWT_LIMIT_PARAM_MAX);
}

static int check_quota_params(struct fwt_verify *c, u32 i)
{
	const u32 *param = c->prog->object[i].param;
	u64 size = fwt_limit_u64(param + FWT_QUOTA_SIZE);

	if (param[0] || param[FWT_QUOTA_WHICH] >= FWT_OBJECTS_RULE ||
	    !size || size > FWT_QUOTA_SIZE_MAX)
		return bad(c, FWT_SEC_OBJECTS, i, "an impossible quota");
	return check_rules_own(c, i, __FWT_QUOTA_PARAM_MAX);
}

/* Ascending: no two are the same. What servers are like was checked. */
static int check_pool(struct fwt_verify *c, u32 i)
{
	const u32 *param = c->prog->object[i].param;
	u32 first = param[FWT_POOL_FIRST], count = param[FWT_POOL_COUNT], k;

	if (c->prog->object[i].name == FWT_NONE)
		return bad(c, FWT_SEC_OBJECTS, i, "a pool without a name");
	if (param[FWT_POOL_SCHEDULING] >= __FWT_SCHEDULE_MAX ||
	    param[FWT_POOL_FLAGS] & ~(FWT_POOL_PASSIVE | FWT_POOL_PERSISTENT))
		return refuse(c, -EOPNOTSUPP, FWT_SEC_OBJECTS, i,
			      "a scheduler that is not known here");
	for (k = __FWT_POOL_PARAM_MAX; k < FWT_OBJECT_PARAMS; k++)
		if (param[k])
			return bad(c, FWT_SEC_OBJECTS, i, "says more than a pool does");
	if (++c->pools > FWT_POOLS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, i, "too many pools");
	if (count > FWT_POOL_SERVERS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, i, "too many servers");
	if (first > c->prog->n[FWT_SEC_SERVERS] ||
	    count > c->prog->n[FWT_SEC_SERVERS] - first)
		return bad(c, FWT_SEC_OBJECTS, i, "servers outside of their section");
	for (k = first + 1; k < first + count; k++)
		if (fwt_balance_order(&c->prog->server[k - 1], &c->prog->server[k]) >= 0)
			return bad(c, FWT_SEC_OBJECTS, i, "servers out of order");
	return 0;
}

/* What a live set has at first: sets were checked before, but for what boxes are. */
static int check_elements(struct fwt_verify *c, u32 i, const struct fwt_set_shape *shape,
			  u32 six)
{
	const u32 *param = c->prog->object[i].param, *at;
	u32 set = param[FWT_SETP_ELEMENTS4 + six], values = param[FWT_SETP_VALUES4 + six];
	const struct fwt_prog_set *s;
	u32 k, d, off;

	if (set == FWT_NONE)
		return values == FWT_NONE ? 0 :
			bad(c, FWT_SEC_OBJECTS, i, "values of no elements");
	if (six && !shape->split)
		return bad(c, FWT_SEC_OBJECTS, i, "elements of a family that it does not have");
	if (!index_ok(c, FWT_SEC_SETS, set))
		return bad(c, FWT_SEC_OBJECTS, i, "no such elements");
	s = &c->prog->set[set];
	if (s->kind != FWT_SET_BOXES || s->n_dims != shape->n || s->value != FWT_NONE)
		return bad(c, FWT_SEC_OBJECTS, i, "elements of another shape");
	for (d = 0; d < shape->n; d++)
		if (s->dim[d] != shape->dim[six][d])
			return bad(c, FWT_SEC_OBJECTS, i, "elements of another shape");
	if (shape->n_value ? !words_ok(c, values, s->count, shape->value_words[six]) :
	    values != FWT_NONE)
		return bad(c, FWT_SEC_OBJECTS, i, "values outside of their section");
	if (!spend(c, (u64)s->count * 2 * s->words))
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, i, "elements overlap too much");
	at = c->prog->word + s->data;
	for (k = 0; k < s->count; k++, at += 2 * s->words) {
		if (fwt_rest(k))
			return -EINTR;
		for (d = 0, off = 0; d < s->n_dims; off += s->dim[d++])
			if (words_cmp(at + off, at + s->words + off, s->dim[d]) > 0)
				return bad(c, FWT_SEC_OBJECTS, i,
					   "an element that ends before it begins");
	}
	return 0;
}

static int check_live_set(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_object *o = &c->prog->object[i];
	const u32 *p = o->param;
	struct fwt_set_shape shape;
	int ret;

	if (!fwt_set_shape(p, &shape))
		return bad(c, FWT_SEC_OBJECTS, i, "a set of no shape");
	if (o->name == FWT_NONE)
		return bad(c, FWT_SEC_OBJECTS, i, "a set without a name");
	if (((u64)p[FWT_SETP_TIMEOUT_HI] << 32 | p[FWT_SETP_TIMEOUT_LO]) > FWT_SET_TIMEOUT_MAX)
		return bad(c, FWT_SEC_OBJECTS, i, "an impossible timeout");
	if (p[FWT_SETP_MAX] > FWT_SET_MAX_LIMIT)
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, i, "too many elements");
	if (fwt_set_gives_trees(p) ? p[FWT_SETP_TREES] != FWT_NONE &&
	    !names_ok(c, p[FWT_SETP_TREES], false) : p[FWT_SETP_TREES])
		return bad(c, FWT_SEC_OBJECTS, i, "no names of trees");
	if (p[FWT_OBJECT_PARAMS - 1])
		return bad(c, FWT_SEC_OBJECTS, i, "parameters that are not known");
	ret = check_elements(c, i, &shape, 0);
	return ret ? ret : check_elements(c, i, &shape, 1);
}

/* What a kind's parameters must be like. */
static int check_params(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_object *o = &c->prog->object[i];

	switch (o->kind) {
	case FWT_OBJECT_LIMIT:
		return check_limit_params(c, i);
	case FWT_OBJECT_QUOTA:
		return check_quota_params(c, i);
	case FWT_OBJECT_SPLIT:
		if (o->param[0] || !o->param[FWT_SPLIT_TURNS] ||
		    o->param[FWT_SPLIT_TURNS] > FWT_SPLIT_TURNS_MAX)
			return bad(c, FWT_SEC_OBJECTS, i, "an impossible number of turns");
		return check_rules_own(c, i, __FWT_SPLIT_PARAM_MAX);
	case FWT_OBJECT_POOL:
		return check_pool(c, i);
	case FWT_OBJECT_SET:
		return check_live_set(c, i);
	default:
		return refuse(c, -EOPNOTSUPP, FWT_SEC_OBJECTS, i,
			      "an object that is not known here");
	}
}

static int check_object(struct fwt_verify *c, u32 i)
{
	const struct fwt_prog_object *o = &c->prog->object[i];

	if (o->pad[0] || o->pad[1] || o->pad[2])
		return bad(c, FWT_SEC_OBJECTS, i, "padding is not 0");
	if (!string_ok(c, o->name, true))
		return bad(c, FWT_SEC_OBJECTS, i, "no such name");
	if (!name_short(c, o->name))
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, i, "its name is too long");
	return check_params(c, i);
}

int fwt_verify_objects(struct fwt_verify *c)
{
	const struct fwt_program *p = c->prog;
	int ret = 0;
	u32 i;

	if (p->n[FWT_SEC_OBJECTS] > FWT_OBJECTS_MAX)
		return refuse(c, -E2BIG, FWT_SEC_OBJECTS, FWT_OBJECTS_MAX, "too many objects");
	for (i = 0; !ret && i < p->n[FWT_SEC_SERVERS]; i++) {
		const char *wrong = fwt_balance_server_wrong(&p->server[i]);

		ret = fwt_rest(i);
		if (wrong)
			ret = bad(c, FWT_SEC_SERVERS, i, wrong);
	}
	for (i = 0; !ret && i < p->n[FWT_SEC_OBJECTS]; i++)
		ret = fwt_rest(i) ?: check_object(c, i);
	return ret;
}
