# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What tests of the tool's analysis begin with: check, properties, diff.
# shellcheck disable=SC2034 # asked by who sources this, and by tap.sh
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"
unset SSH_CONNECTION
told="p.fw q.fw out err"

# policy TEXT: the policy that is looked at from now on.
policy() { printf '%s\n' "$1" >"$tmp/p.fw"; }

# shellcheck disable=SC2120 # with options here and there
check() { "$fwctl" check "$tmp/p.fw" "$@" >"$tmp/out" 2>"$tmp/err"; }

# quiet WHAT: nothing at all is odd.
quiet() {
	# shellcheck disable=SC2119 # without any
	check && [ ! -s "$tmp/err" ]
	report $? "$1"
}
