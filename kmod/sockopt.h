/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWT_SOCKOPT_H
#define FWT_SOCKOPT_H

/**
 * fwt_sockopt_init() - let programs ask what their clients dialled
 *
 * Context: process.
 * Return: 0; -EBUSY where another module has the option's number.
 */
int fwt_sockopt_init(void);
void fwt_sockopt_clean(void);

#endif /* FWT_SOCKOPT_H */
