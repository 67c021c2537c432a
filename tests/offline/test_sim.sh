#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The simulation decides as the module does: the cases that tests/net/packets.sh plays
# through the module in a guest, played through the simulation. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

# All of them, those that wait for days too.
FWTREE_FLAVOUR=time-travel "$top/build/san/player" "$top"/tests/vectors/tcp/*.vec \
	"$top"/tests/vectors/packets/*.pkt
status=$?
echo "1..$(wc -c <.count)"
exit $status
