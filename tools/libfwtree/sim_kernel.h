/* SPDX-License-Identifier: GPL-2.0 */
/* What the simulation asks of its kernel; see sim_kernel.c. */
#ifndef FWT_SIM_KERNEL_PRIVATE_H
#define FWT_SIM_KERNEL_PRIVATE_H

#include "os.h"

/* What waited for the packet to be through is done: RCU's callbacks, queued work. */
void sim_quiesce(void);

/* Assertions of the module that did not hold, since the program began. */
unsigned int sim_warnings(void);

/* The variables of the CPU, and the state of chance: of the simulation that runs. */
size_t sim_percpu_size(void);
void sim_percpu_load(const void *from);
void sim_percpu_save(void *to);
u64 sim_chance_get(void);
void sim_chance_set(u64 state);

#endif /* FWT_SIM_KERNEL_PRIVATE_H */
