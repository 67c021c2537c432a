/* SPDX-License-Identifier: GPL-2.0 */
/* Until 6.12 it was asm's. */
#include <asm/unaligned.h>
