#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl pool without a kernel: how it is written; and the example's policy tests. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=$top/tools/fwctl/fwctl
examples=$top/Documentation/examples
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

check "a server is an address" 2 "'web1' is no server" "$fwctl" pool add web web1
check "with a port that there is" 2 "'10.0.0.1:0' is no server" "$fwctl" pool add web 10.0.0.1:0
check "or a range of them" 2 "'10.0.0.1:9-8' is no server" "$fwctl" pool drain web 10.0.0.1:9-8
check "of IPv6 in brackets" 2 "'[fd00::1:80' is no server" "$fwctl" pool drain web '[fd00::1:80'
check "a weight of 0 is none" 2 "a weight is 1 to 65535, not '0'" \
	"$fwctl" pool weight web 10.0.0.1 weight 0
check "nor one that is too large" 2 "not '65536'" "$fwctl" pool add web 10.0.0.1 weight 65536
check "nor a word" 2 "not 'much'" "$fwctl" pool add web 10.0.0.1 weight much
check "a word too many" 2 "did not understand 'now'" "$fwctl" pool delete web 10.0.0.1 now
check "only delete resets" 2 "pool drain" "$fwctl" pool drain web 10.0.0.1 --reset
check "no server at all" 2 "pool add" "$fwctl" pool add web
check "help says how servers are written" 0 '[fd00::1]:80' "$fwctl" pool add -h
check "the load balancer of the examples" 0 "1..15" \
	"$fwctl" test "$examples/load-balancer.fw" "$examples/load-balancer.fwt"
echo "1..$n"
exit $failed
