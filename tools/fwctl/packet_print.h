/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWCTL_PACKET_PRINT_H
#define FWCTL_PACKET_PRINT_H

#include "fwctl.h"

/** packet_json() - the keys of a packet, in the object that is being written */
void packet_json(const struct fwt_nl_packet *p);

/** packet_text() - the packet, and the line's end */
void packet_text(const struct fwt_nl_packet *p);

#endif /* FWCTL_PACKET_PRINT_H */
