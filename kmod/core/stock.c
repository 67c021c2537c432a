// SPDX-License-Identifier: GPL-2.0
/* What a CPU has of a bucket; see stock.h. */
#include "stock.h"

/* So long a time's tokens at once: a thousand times a second CPUs may well meet. */
#define BATCH_TIME	FWT_LIMIT_TIME(1000000)

/* Less than this is not worth it. */
#define PACKETS_MIN	8
#define BYTES_MIN	16384

u64 fwt_stock_batch(const struct fwt_limit_rate *r, u32 cpus)
{
	u64 least = r->bytes ? fwt_limit_cost(r, BYTES_MIN) : PACKETS_MIN * r->mult;
	u64 batch = div64_u64(r->burst, (u64)FWT_STOCK_PART * cpus);

	if (batch > BATCH_TIME)
		batch = BATCH_TIME;
	return cpus > 1 && batch >= least ? batch : 0;
}
