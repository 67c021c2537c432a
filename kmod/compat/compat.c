// SPDX-License-Identifier: GPL-2.0
/* What older kernels lack; see compat.h. */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <net/genetlink.h>

#ifdef FWT_COMPAT_TEXT
const char *fwt_compat_text(const char *fmt, ...)
{
	static char text[16][128];
	static atomic_t next;
	char *buf = text[(u32)atomic_inc_return(&next) % ARRAY_SIZE(text)];
	va_list args;

	va_start(args, fmt);
	vscnprintf(buf, sizeof(text[0]), fmt, args);
	va_end(args);
	return buf;
}
#endif

#ifdef FWT_COMPAT_SPLIT_OPS
#undef genl_register_family

int fwt_compat_genl_register(struct genl_family *family)
{
	static struct genl_ops joined[48];
	u32 i, k, n = 0;

	for (i = 0; i < family->n_ops; i++) {
		const struct genl_ops *op = &family->ops[i];

		for (k = 0; k < n && joined[k].cmd != op->cmd; k++)
			;
		if (k == n) {
			if (n == ARRAY_SIZE(joined))
				return -E2BIG;
			joined[n] = *op;
			joined[n++].flags &= ~(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP);
			continue;
		}
		if (op->doit)
			joined[k].doit = op->doit;
		if (op->dumpit) {
			joined[k].start = op->start;
			joined[k].dumpit = op->dumpit;
			joined[k].done = op->done;
		}
		if (!joined[k].policy) {
			joined[k].policy = op->policy;
			joined[k].maxattr = op->maxattr;
		}
	}
	family->ops = joined;
	family->n_ops = n;
	return genl_register_family(family);
}
#endif

int fwt_compat_genl_guard(struct genl_family *family,
			  int (*guard)(const struct genl_split_ops *op,
				       struct sk_buff *skb, struct genl_info *info))
{
#ifdef FWT_COMPAT_SPLIT_OPS
	family->pre_doit = guard;
#else
	static struct genl_split_ops guarded[48];
	u32 i;

	if (family->n_split_ops > ARRAY_SIZE(guarded))
		return -E2BIG;
	for (i = 0; i < family->n_split_ops; i++) {
		guarded[i] = family->split_ops[i];
		if (guarded[i].flags & GENL_CMD_CAP_DO)
			guarded[i].pre_doit = guard;
	}
	family->split_ops = guarded;
#endif
	return 0;
}
