#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Packets by the letter: cases of text, both ends ours, every byte and every entry
# looked at (R7, R9, R16 to R21). tests/vectors/packets/README says what they say.
#
#   player ──── cli  gw  srv ──── player
# flavours: debug time-travel
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
router gw loose set adopt
top=${netdir%/tests/net}
"$top/build/player/player" "$top"/tests/vectors/tcp/*.vec "$top"/tests/vectors/packets/*.pkt ||
	say_not_ok "packets, entries and counters are as they are to be"
done_testing
