# SPDX-License-Identifier: GPL-2.0
# The one list of the core's objects, for the module and for userspace.
FWT_CORE_SOURCES := field packet packet_l4 packet_quote rewrite crc change tuple tcp tcp_open tcp_info nat balance limit stock set_shape tree modify forest patch patch_spot verify verify_cost verify_tables verify_objects verify_foreign foreign verify_forest reason rlu filter digest
