// SPDX-License-Identifier: GPL-2.0
#include "reason.h"

const struct fwt_reason_info fwt_reason_info[__FWT_REASON_MAX] = {
	[FWT_REASON_NONE] = { "none", "packets", "no reason: not dropped", false },
#define FWT_REASON_INFO_D(id, name, doc) \
	[FWT_REASON_##id] = { name, "packets", doc, true },
#define FWT_REASON_INFO_C(id, name, unit, doc) \
	[FWT_REASON_##id] = { name, unit, doc, false },
	FWT_REASONS(FWT_REASON_INFO_D, FWT_REASON_INFO_C)
#undef FWT_REASON_INFO_D
#undef FWT_REASON_INFO_C
};

const struct fwt_reason_info fwt_end_info[__FWT_END_MAX] = {
#define FWT_END_INFO(id, name, doc) \
	[FWT_END_##id] = { name, "connections", doc, false },
	FWT_ENDS(FWT_END_INFO)
#undef FWT_END_INFO
};
