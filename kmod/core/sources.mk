# SPDX-License-Identifier: GPL-2.0
# The one list of the core's objects, for the module and for userspace.
FWT_CORE_SOURCES := field packet rewrite tuple tcp nat tree verify reason
