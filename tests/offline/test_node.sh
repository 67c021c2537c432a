#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Nodes of other modules without a kernel: what check, diff, explain and test say. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=$top/tools/fwctl/fwctl
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

# bad WHAT WORDS RULE: check refuses it, with these words.
bad() {
	printf 'ingress {\n%s\naccept\n}\n' "$3" >"$dir/bad.fw"
	check "$1" 1 "$2" "$fwctl" check "$dir/bad.fw"
}

cat >"$dir/p.fw" <<'END'
ingress {
	node threat { list bad } drop id threat
	modify paint { base 7 }
	mark 7 accept id painted
	select node geo { db "x", age 1d } {
		DE, FR  -> accept id near
		12      -> drop id number
		default -> reject id far
	}
}
END
sed 's/DE, FR  -> accept id near/FR -> accept id near\n\t\tDE -> accept/' "$dir/p.fw" >"$dir/same.fw"
sed 's/12      -> drop/12      -> accept/' "$dir/p.fw" >"$dir/other.fw"
check "a policy with nodes is good" 0 "is good" "$fwctl" check "$dir/p.fw"
check "no branch is never taken" 0 "good: 7 rules" "$fwctl" check "$dir/p.fw"
check "the same in another order" 0 "" "$fwctl" diff "$dir/p.fw" "$dir/same.fw"
check "what differs, and by which answer" 0 "node geo { db \"x\", age 86400000ms } says 12" \
	"$fwctl" diff "$dir/p.fw" "$dir/other.fw"

packet=(in eth0 udp 10.0.0.1:5 to 10.0.0.2:9)
echo 'node threat no
node paint set priority 3
node geo FR' >"$dir/world"
check "explain asks who knows" 0 "geo says FR" \
	"$fwctl" explain -f "$dir/p.fw" --world "$dir/world" "${packet[@]}"
check "and says where nobody does" 0 "nothing says what node 'geo' answers" \
	"$fwctl" explain -f "$dir/p.fw" "${packet[@]}"
echo "in eth0 udp 10.0.0.1:1 to 10.0.0.2:9" >"$dir/batch"
for engine in compiled linear; do
	check "a batch, $engine: nobody answers there" 1 "nodes of other modules, which nobody answers" \
		"$fwctl" explain -f "$dir/p.fw" --engine $engine --batch "$dir/batch"
done
cat >"$dir/p.fwt" <<'END'
address 10.0.0.2/24 dev eth0
node threat no
node paint set mark 8
node geo DE
packet in eth0 udp 10.0.0.1:1 to 10.0.0.2:9
expect accept rule near
node geo 12
packet in eth0 udp 10.0.0.1:2 to 10.0.0.2:9
expect drop rule number
node geo none
packet in eth0 udp 10.0.0.1:3 to 10.0.0.2:9
expect reject rule far
node paint set mark 7 set dscp 9
packet in eth0 udp 10.0.0.1:4 to 10.0.0.2:9
expect accept rule painted mark 7
node threat yes
packet in eth0 udp 10.0.0.1:5 to 10.0.0.2:9
expect drop rule threat
node threat no
node paint set dscp 64
packet in eth0 udp 10.0.0.1:6 to 10.0.0.2:9
expect drop reason bad-node
END
check "a test says what they answer" 0 "1..6" "$fwctl" test "$dir/p.fw" "$dir/p.fwt"
sed -i '/^node geo DE/d' "$dir/p.fwt"
check "and fails where it does not" 1 "nothing says what node 'geo' answers" \
	"$fwctl" test "$dir/p.fw" "$dir/p.fwt"
for line in 'node|name is missing' 'node x|as in: node x yes' 'node x a b|one answer' \
	'node x set|a node sets' 'node x set size 7|a node sets' \
	'node x set mark|number is missing' 'node x set mark 4294967296|32 bits'; do
	echo "${line%|*}" >"$dir/bad.fwt"
	check "no answer: '${line%|*}'" 1 "${line#*|}" "$fwctl" test "$dir/p.fw" "$dir/bad.fwt"
done

bad "a parameter twice" "'a' is given twice" 'node x { a, a } drop'
bad "a set is no parameter" "can be told a number" 'node x { a @s } drop'
bad "a range neither" "can be told a number" 'node x { a 1-2 } drop'
bad "an address is no branch" "words or numbers" 'select node x { 10.0.0.1 -> drop }'
bad "a name that is too long" "1 to 31 letters" \
	'node a2345678901234567890123456789012 drop'
echo "1..$n"
exit $failed
