#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# R28: what two policies have in their sets changes with them, in one step. An address that
# one set has by the one policy and another set by the other, both of which accept it; and
# another one, which a set has that the one policy accepts and the other drops. Both policies
# let both pass, in all the time that they take turns, while large sets are changed.
#
#   home ──── lan gw                     ping as fast as it goes
# flavours: fast debug race
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
topology
times=100
many=20000
if [ "$FWTREE_FLAVOUR" != fast ]; then
	times=16
	many=4000
fi
# Each of the files beside what moves has other addresses, so that there is much to change.
python3 - $many <<'END'
import sys
n = int(sys.argv[1])
def write(name, first, *more):
    with open(name, "w") as f:
        for a in more:
            print(a, file=f)
        for i in range(n):
            a = (10 << 24) + first + 4 * i
            text = ".".join(str(a >> s & 255) for s in (24, 16, 8, 0))
            print(text + ("/31" if i % 8 == 0 else ""), file=f)
write("a0.txt", 0, "192.168.1.2")
write("b0.txt", 2)
write("a1.txt", 1 << 20)
write("b1.txt", (1 << 20) + 2, "192.168.1.2")
END
cat >0.fw <<'END'
set a : addr { elements file "a0.txt" }
set b : addr { elements file "b0.txt" }
set s : addr { elements = { fd00:1::2 } }
ingress device lan {
	saddr { 192.168.1.2, fd00:1::2 } count seen
	saddr @a accept
	saddr @b accept
	saddr 192.168.1.2 count lost drop
	saddr @s accept
	saddr fd00:1::2 count astray drop
	accept
}
END
cat >1.fw <<'END'
set a : addr { elements file "a1.txt" }
set b : addr { elements file "b1.txt" }
set s : addr { elements = { fd00:9::9 } }
ingress device lan {
	saddr { 192.168.1.2, fd00:1::2 } count seen
	saddr @a accept
	saddr @b accept
	saddr 192.168.1.2 count lost drop
	saddr @s count astray drop
	accept
}
END
ok "the first policy" fw apply 0.fw
ok "lets IPv4 pass" on home ping -n -c 1 -W 2 192.168.1.1
ok "and IPv6" on home ping -n -c 1 -W 2 fd00:1::1
spawn home ping -n -q -f -w 600 192.168.1.1
spawn home ping -n -q -f -w 600 fd00:1::1
flows() { [ "$(counter seen)" -gt "$1" ]; }
wait_for flows 100

cat >loop.sh <<'END'
for ((i = 1; i <= $1; i++)); do
	fwctl -n gw apply $((i % 2)).fw >/dev/null || exit 1
done
END
before=$(counter seen)
t0=$SECONDS
ok "$times policies are applied" bash loop.sh $times
note "$times applied in $((SECONDS - t0)) s, $(($(counter seen) - before)) packets meanwhile"
over "packets were on their way" "$(counter seen)" $((before + times))
is "the one that is in another set now was in one of them all the while" "$(counter lost)" 0
is "the other one was never asked for by the wrong policy" "$(counter astray)" 0
is "the sets are the last policy's" \
	"$(fw -j set list | j "sorted((s['name'], s['count']) for s in d)")" \
	"[[\"a\", $((many + 1))], [\"b\", $many], [\"s\", 1]]"

# On trial, and back.
held() { fw -j set list | j "[s['count'] for s in d if s['name'] == '$1']"; }
ok "another one on trial" fw apply 1.fw --confirm 60s
is "its elements are there at once" "$(held b)" "[$((many + 1))]"
ok "rolled back" fw rollback
is "and those of the former one" "$(held a)" "[$((many + 1))]"
is "nothing is lost by that" "$(($(counter lost) + $(counter astray)))" 0
done_testing
