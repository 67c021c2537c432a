// SPDX-License-Identifier: GPL-2.0
/* Memory that namespaces share, see share.h. */
#include <linux/mm.h>
#include <net/net_namespace.h>

#include "share.h"
#include "core/limit.h"

/* By whose namespace it is, other users' or the machine's own.
 *
 * Own ones have half of the memory for their sets together, so that one alone may have a
 * tenth, and half as much for limits. Others have a quarter of that.
 */
static struct fwt_pot pots[__FWT_SHARE_MAX][2] = {
	[FWT_SHARE_SETS] = { { .all = 3 }, { .all = 1 } },
	[FWT_SHARE_LIMITS] = { { .all = 4 }, { .all = 2 } },
};

void fwt_share_init(struct fwt_share *s, enum fwt_share_of of, const struct net *net)
{
	s->pot = &pots[of][net->user_ns == &init_user_ns];
	atomic64_set(&s->bytes, 0);
}

/* First taken, then looked at: of two at a time at most both are refused. */
bool fwt_share_take(struct fwt_share *s, size_t by)
{
	u64 ram = (u64)totalram_pages() << PAGE_SHIFT;
	u64 own = atomic64_add_return(by, &s->bytes);
	u64 used = atomic64_add_return(by, &s->pot->used);

	if (fwt_share_fits(own, used, ram >> s->pot->all))
		return true;
	fwt_share_give(s, by);
	return false;
}

void fwt_share_must(struct fwt_share *s, size_t by)
{
	atomic64_add(by, &s->bytes);
	atomic64_add(by, &s->pot->used);
}

void fwt_share_give(struct fwt_share *s, size_t by)
{
	atomic64_sub(by, &s->bytes);
	atomic64_sub(by, &s->pot->used);
}
