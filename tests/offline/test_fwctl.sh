#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# What fwctl understands, what it says to what it does not, and with which
# status it ends: all that needs no module. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

# ok WHAT COMMAND...: COMMAND says whether.
ok() {
	local what=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		failed=$((failed + 1))
		sed 's/^/#   /' "$tmp/out" "$tmp/err"
	fi
}

# run STATUS WORDS...: fwctl ends with STATUS; out and err keep what it wrote.
run() {
	local want=$1 got=0
	shift
	"$fwctl" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || got=$?
	[ "$got" = "$want" ] || { echo "# status $got, not $want" >>"$tmp/err"; return 1; }
}

# says STATUS TEXT WORDS...: and standard error has TEXT.
says() {
	local status=$1 text=$2
	shift 2
	run "$status" "$@" && grep -qF -- "$text" "$tmp/err"
}

# prints STATUS TEXT WORDS...: and standard output has TEXT.
prints() {
	local status=$1 text=$2
	shift 2
	run "$status" "$@" && grep -qF -- "$text" "$tmp/out"
}

# json STATUS EXPRESSION WORDS...: standard output is one JSON value d, of which
# the Python EXPRESSION is true, and standard error is empty.
json() {
	local status=$1 expr=$2
	shift 2
	run "$status" "$@" && [ ! -s "$tmp/err" ] &&
		python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$tmp/out" "$expr" 2>>"$tmp/err"
}

cat >"$tmp/good.fw" <<'END'
ingress {
	iif lo accept
	family ipv4 tcp dport 22 accept id ssh
	drop
}
END
cat >"$tmp/bad.fw" <<'END'
ingress {
	tcp dprot 22 accept
	udp dport 99999 accept
	drop
}
END

ok 'no word at all is usage' says 2 'Usage: fwctl'
ok 'help' prints 0 'apply FILE' -h
ok 'help of a command' prints 0 'Usage: fwctl [OPTIONS] check FILE' check -h
ok 'help of an object has all its commands' prints 0 'conn delete FILTER' conn -h
whole_words() { run 0 -h && grep -qE '^  check FILE \.\.\. +say ' "$tmp/out" && ! grep -qE '^  .{90}' <(sed 's/  [a-z].*  .*//' "$tmp/out"); }
ok 'help: no word is cut' whole_words
ok 'help of an object with one command' prints 0 'import classbench FILE' import -h
ok 'an object alone: what may follow' says 2 'rule: a second word is missing (one of: add, delete, replace)' rule
ok 'also where there is one' says 2 'import: a second word is missing' import
ok 'what is missing: the first word' says 2 'rule add: before|after is missing' rule add
ok 'and one behind those that are there' says 2 'rule add: RULE is missing' rule add before a
ok 'version' prints 0 'fwctl ' -V
ok 'version in JSON' json 0 '"version" in d' -j -V
ok 'the table for completion' prints 0 'conn list	[FILTER]' --commands

# What comes by a pipe is waited for, and is no empty policy where nothing came.
# Its sleep is what is tested: a reader that does not wait finds nothing there.
slow() { sleep 0.4; cat "$tmp/good.fw"; }
ok 'a policy by a pipe, whose writer takes its time' prints 0 '3 rules' check <(slow)
mkfifo "$tmp/fifo"
slow >"$tmp/fifo" &
ok 'by a FIFO, which is opened before anybody writes' prints 0 '3 rules' check "$tmp/fifo"
wait
printf 'include "fifo"\n' >"$tmp/by-fifo.fw"
slow >"$tmp/fifo" &
ok 'a file that it includes' prints 0 '3 rules' check "$tmp/by-fifo.fw"
wait
ok 'nothing came: an error' says 1 "nothing came by it" check <(:)
ok 'and what to do instead' says 1 "'fwctl flush' removes the policy" check <(:)
: >"$tmp/fifo" &
ok 'nothing of what it includes' says 1 'nothing came by it' check "$tmp/by-fifo.fw"
wait
by_nothing() { : | "$fwctl" check - >"$tmp/out" 2>"$tmp/err"; [ $? = 1 ] && grep -q 'nothing came by it' "$tmp/err"; }
ok 'by standard input' by_nothing
ok 'nor by a standard input that is no pipe' says 1 'nothing came by it' check -
no_input() { "$fwctl" "$1" - <&- >"$tmp/out" 2>"$tmp/err"; [ $? = 1 ] && grep -q 'cannot read -: Bad file' "$tmp/err"; }
ok 'closed standard input is no empty policy' no_input check
ok 'and is not applied' no_input apply
: >"$tmp/emptied.fw"
ok 'nor is a file of no bytes' says 1 "emptied.fw is empty ('fwctl flush' removes the policy in force)" apply "$tmp/emptied.fw"
ok 'which may be looked at' prints 0 '0 rules' check "$tmp/emptied.fw"
ok '/dev/null is empty, and may be' prints 0 '0 rules' check /dev/null
ok 'a FIFO that nobody writes to' says 1 'nobody writes to it' check "$tmp/fifo"
ok 'explain reads it once' prints 0 'drop, reason policy' explain -f <(slow) in eth0 tcp 192.0.2.1:1 to 192.0.2.2:23
ok 'a test, too' prints 0 'ok 1' test <(slow) <(echo 'packet in eth0 tcp 192.0.2.1:1 to 192.0.2.2:23'; echo 'expect drop')
ok 'several tests would read it again' says 1 'each test file reads the policy again' test <(slow) a.fwt b.fwt
ok 'nor is it policy and test at once' says 1 'it can be read once, and is named twice' test - -
ok 'or two tests' says 1 'it can be read once, and is named twice' test "$tmp/good.fw" - -

# The service that keeps DNS names fresh comes with the policy's.
ok 'the service of DNS names' grep -q '^WantedBy=.*fwtree.service' "$top/tools/systemd/fwtree-resolve.service"
# An update of the same version is built anew.
again() {
	make -s -n -C "$top" dkms-install >"$tmp/out" 2>"$tmp/err" &&
		awk '/dkms remove/ { gone = NR } /rm -rf/ { files = NR } /dkms install fwtree/ { there = NR }
			END { exit !(gone && gone < files && files < there) }' "$tmp/out"
}
ok 'dkms-install takes away what is installed' again
# The next boot may be of a newer kernel than the one that runs.
# shellcheck disable=SC2016 # the recipe's variable
each_kernel() {
	mkdir -p "$tmp"/modules/{6.1.0-a/build/include,6.12.0-b/build/include,6.12.0-c} &&
		make -s -n -C "$top" dkms-install MODULESDIR="$tmp/modules" KVER="$1" >"$tmp/out" 2>"$tmp/err" &&
		grep -qF "for k in $2;" "$tmp/out" && grep -qE 'dkms install fwtree/[0-9.]+ -k \$k' "$tmp/out"
}
ok 'and builds for each kernel that has headers' each_kernel 6.1.0-a '6.1.0-a 6.12.0-b'
ok 'and for the one that runs' each_kernel 6.12.0-c '6.1.0-a 6.12.0-b 6.12.0-c'

# What tests lack is looked for each time, whatever the build has.
asks() { make -s -n -C "$top" "$1" >"$tmp/out" 2>"$tmp/err" && grep -qx 'tests/deps' "$tmp/out"; }
ok 'make check asks for what tests need' asks check
ok 'so do its parts' asks check-net
ok 'and the long ones' asks nightly

# What is installed somewhere else leaves this machine's modules alone.
# shellcheck disable=SC2016 # make's variables
staged() {
	mkdir -p "$tmp/kdir/include/config" && echo 6.1.0-fw >"$tmp/kdir/include/config/kernel.release" &&
		printf 'modules modules_install:\n\t: $@ to "$(INSTALL_MOD_PATH)"\n' >"$tmp/kdir/Makefile" &&
		make -s -n -C "$top" KDIR="$tmp/kdir" install ${1+"DESTDIR=$1"} >"$tmp/out" 2>"$tmp/err" &&
		grep -qF ": modules_install to \"${1-}\"" "$tmp/out"
}
ok 'DESTDIR is for the module, too' staged "$tmp/stage"
no_depmod() { ! grep depmod "$tmp/out"; }
ok 'whose modules nobody looks for' no_depmod
ok 'and without it the kernel knows where' staged
# modules_install leaves it out where the kernel's headers have no System.map.
# shellcheck disable=SC2317 # called by what make would run
depmod_of() { (depmod() { echo "$*"; }; eval "$(grep '^depmod' "$tmp/out")"); }
depmod_there() { [ "$(depmod_of)" = '-a 6.1.0-fw' ]; }
ok 'modprobe finds it there' depmod_there
told_keys() {
	local at
	at=$(grep -o '[^ ]*/json\.rst$' "$tmp/out") && grep -q "^\.Pa $at" "$top/Documentation/man/fwctl.8"
}
ok "the keys of JSON are installed, where the man page has them" told_keys
ok 'a line is not taken for another one' says 2 "did not understand the place '4294967298'" rule delete 4294967298
ok 'nor one of a file' says 2 "the place 'a.fw:18446744073709551618'" rule delete a.fw:18446744073709551618

# Live sets in the simulation: the module's own, changed by rules and by hand.
ok 'a block list that a rule fills, in a test of a policy' prints 0 '' \
	test "$top/tests/offline/policies/sets/blocked.fw" "$top/tests/offline/policies/sets/blocked.test"
ok 'an IPv6 source of a link, or none, goes no further' prints 0 '' \
	test "$top/tests/offline/policies/sim/scope.fw" "$top/tests/offline/policies/sim/scope.test"
ok 'a device asks for addresses of interfaces' prints 0 '' test \
	"$top/tests/offline/policies/sim/device-addr.fw" "$top/tests/offline/policies/sim/device-addr.test"
ok 'a device answers what it refuses' prints 0 '' test \
	"$top/tests/offline/policies/sim/reject-frame.fw" "$top/tests/offline/policies/sim/reject-frame.test"
ok "a program takes a client's port where it is let" prints 0 '' test \
	"$top/tests/offline/policies/sim/own-port.fw" "$top/tests/offline/policies/sim/own-port.test"
ok 'what is no part of its connection is asked about where it leaves, too' prints 0 '' test \
	"$top/tests/offline/policies/sim/strays.fw" "$top/tests/offline/policies/sim/strays.test"
ok 'what a map is told by hand that no host has is a drop' prints 0 '' test \
	"$top/tests/offline/policies/sim/map-nobody.fw" "$top/tests/offline/policies/sim/map-nobody.test"

# The man page names every command: its own entry, or among those to come.
in_man() {
	local line name page=$top/Documentation/man/fwctl.8 bad=0
	while read -r line; do
		name=${line%%$'\t'*}
		case $line in
		*'(not yet)') grep -qE "^\.Ic .*\b$name\b" "$page" ;;
		*) grep -qE "^\.It Ic $name( |$)" "$page" ;;
		esac || { echo "lacks $name" >>"$tmp/err"; bad=1; }
	done <"$tmp/out"
	return $bad
}
run 0 --commands
ok 'the man page has every command' in_man

# What the README has typed is about the policy that it shows.
readme() {
	local id
	id=$(sed -n "s/.*fwctl rule add before \([a-z]*\) .*/\1/p" "$top/README.md")
	[ -n "$id" ] && grep -q "^    .* id $id\$" "$top/README.md"
}
ok 'the rule that the README has changed is in its policy' readme

# completes WANT WORD...: what stands for the last word, as bash would have it.
completes() {
	local want=$1
	shift
	PATH=$(dirname "$fwctl"):$PATH bash -c '. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _fwctl; echo "${COMPREPLY[@]}"' \
		- "$top/tools/completion/fwctl" "$@" >"$tmp/out" 2>"$tmp/err"
	[ "$(cat "$tmp/out")" = "$want" ]
}
ok 'completion: the words of an object' completes 'add delete replace' fwctl rule ''
ok 'completion: any of some words' completes 'policy conn log drops' fwctl monitor ''
ok 'completion: and another of them' completes 'drops' fwctl monitor log dr
ok 'completion: options, whole' completes '--reset --reset-quotas' fwctl stats --res
ok 'completion: each once, short ones too' completes '-j -n -h -V --address --batch --dev --engine --live --pcap --route --world -f -w' fwctl explain -
ok 'completion: where a rule goes' completes 'before after first' fwctl rule add --confirm 30s ''
ok 'completion: first in a tree' completes 'in' fwctl rule add first ''
ok 'completion: of a value the values' completes 'ESTABLISHED' fwctl conn list tcp state ES
ok 'completion: and then other words' completes 'rule reply replied' fwctl conn list tcp state ESTABLISHED r
ok 'completion: of a direction what has one' completes 'icmp-type icmp-code icmp-id' fwctl conn list tcp reply i
ok 'completion: of a hook its rule' completes 'rule' fwctl conn list egress ''
file() { cd "$tmp" && completes 'good.fw' "$@"; }
ok 'completion: files, behind options' file fwctl apply --confirm 30s goo
ok 'completion: files, as values' file fwctl explain -f goo
ok 'completion: no file where a time is meant' completes '' fwctl apply good.fw --confirm ''

# Names that others have made up are words, whatever a shell would make of them.
mkdir "$tmp/names"
cat >"$tmp/names/fwctl" <<END
#!/bin/sh
case \$* in
--commands) exec "$fwctl" --commands ;;
*) cat "$tmp/named" ;;
esac
END
printf '#!/bin/sh\ncat "%s"\n' "$tmp/named" >"$tmp/names/ip"
chmod +x "$tmp/names/fwctl" "$tmp/names/ip"
named() { local fwctl=$tmp/names/fwctl; cd "$tmp" && completes "$@" && [ ! -e "$tmp/gone" ]; }
# shellcheck disable=SC2016 # as it stands
evil='$(touch${IFS}gone)' quoted='\$\(touch\$\{IFS\}gone\)'
printf '{"rules": [{"id": "%s"}, {"id":"ssh"}, {"id": null}, {"id": "s p"}, {"id": "q\\"%s"}]}' \
	"$evil" "$evil" >"$tmp/named"
ok 'completion: an id with code in it' named "$quoted s\\ p ssh" fwctl rule delete ''
ok 'completion: and where one goes beside it' named "$quoted" fwctl rule add before '$'
ok 'completion: and as it was quoted' named "$quoted" fwctl conn list rule '\$\('
ok 'completion: those that begin so' named 's\ p ssh' fwctl rule replace s
printf '[{"name": "%s", "pool": "%s", "server": "%s"}]' "$evil" "$evil" "$evil" >"$tmp/named"
ok 'completion: a set' named "$quoted" fwctl set list ''
ok 'completion: a pool' named "$quoted" fwctl pool drain ''
ok 'completion: a server' named "$quoted" fwctl pool drain p ''
ok 'completion: a weight, where one is taken' named weight fwctl pool add p s ''
ok 'completion: and of a server that is there' named weight fwctl pool weight p s ''
ok 'completion: none of one that goes' named '' fwctl pool delete p s ''
ok 'completion: none behind one' named '' fwctl pool add p s weight ''
echo "$evil (id: 1)" >"$tmp/named"
ok 'completion: a namespace' named "$quoted" fwctl -n ''

ok 'a wrong word is quoted, with what was meant' says 2 "'chek' (did you mean 'check'?)" chek x
ok 'a word that could be two' says 2 "'c' is ambiguous (it could be check, conn)" c
ok 'a shortened word' prints 0 'is good' ch "$tmp/good.fw"
ok 'flush is written out' says 2 "'flush' is always written out" flus
ok 'delete is written out' says 2 "'delete' is always written out" conn del tcp
ok 'a missing argument' says 2 'FILE is missing' check
ok 'an argument too many' says 2 "did not understand 'b'" check a b
ok 'an option that a command does not have is no file' says 2 "did not understand '--quik'" check --quik "$tmp/good.fw"
ok 'nor of others' says 2 "did not understand '--svgz'" graph --svgz "$tmp/good.fw"
ok 'apply: options first' says 1 "$tmp/bad.fw:2:" apply --confirm 60s --force "$tmp/bad.fw"
ok 'apply: and no file' says 2 'apply: FILE is missing' apply --confirm 60s
ok 'an unknown option' says 2 "the option '-x'" -x check a
ok '-n without a name' says 2 'needs the name of a network namespace' check "$tmp/good.fw" -n
ok 'usage errors are JSON too' json 2 '"chek" in d["error"]["message"] and d["errors"][0] == d["error"]' -j chek
ok 'half a packet' says 2 'a protocol is missing' explain -f x in lo
port_at() {
	says 2 'this protocol has no ports' explain -f "$tmp/good.fw" in eth0 icmp "$2" to "$3" &&
		[ "$(grep -x ' *^~*' "$tmp/err")" = "$1" ]
}
ok 'a port of what has none: of the source' port_at '               ^~~~~~~~~' 1.1.1.1:5 1.2.3.4
ok 'and of the destination' port_at '                          ^~~~~~~~~' 1.1.1.1 1.2.3.4:5
ok "an interface without an address: what to write" says 1 "or 'link INTERFACE' in a --world file" \
	explain -f "$tmp/good.fw" --address '10.0.0.1/24 dev eth0' in vnet3 icmp 10.0.0.2 to 10.0.0.1
echo 'link vnet3' >"$tmp/link.fwt"
ok 'and it helps' run 0 explain -f "$tmp/good.fw" --world "$tmp/link.fwt" --address '10.0.0.1/24 dev eth0' \
	in vnet3 icmp 10.0.0.2 to 10.0.0.1
ok 'a trial needs a time' says 2 "a time is expected behind '--confirm'" apply "$tmp/good.fw" --confirm
ok 'a trial of what is no time' says 2 'a day is the most' apply "$tmp/good.fw" --confirm 25h

ok 'a good policy' prints 0 'is good: 3 rules' check "$tmp/good.fw"
ok 'a good policy, JSON' json 0 'd["rules"] == 3 and d["warnings"] == []' -j check "$tmp/good.fw"
ok 'options after the command' json 0 'd["rules"] == 3' check "$tmp/good.fw" -j
ok 'a bad policy: place and hint' says 1 "$tmp/bad.fw:2:" check "$tmp/bad.fw"
ok 'all its errors at once' says 1 "$tmp/bad.fw:3:" check "$tmp/bad.fw"
ok 'what was meant' says 1 "dport'?)" check "$tmp/bad.fw"
ok 'its errors as JSON' json 1 \
	'len(d["errors"]) >= 2 and d["error"] == d["errors"][0] and d["error"]["line"] == 2 and d["error"]["severity"] == "error" and "column" in d["error"] and "hint" in d["error"]' \
	-j check "$tmp/bad.fw"
: >"$tmp/none.fw"
ok 'a policy of nothing' says 0 'warning: nothing is filtered: this policy has no hook' check "$tmp/none.fw"
printf '\xef\xbb\xbfingress { drop }\n' >"$tmp/bom.fw"
ok 'a byte order mark' says 1 'bom.fw:1:1: error: a byte order mark (save the file without one)' check "$tmp/bom.fw"
# alone TEXT FILE: that is the one error.
alone() { says 1 "$1" check "$2" && [ "$(grep -c ': error: ' "$tmp/err")" = 1 ]; }
printf '\xef\xbb\xbf10.0.0.0/8\n10.9.0.0/16\n' >"$tmp/bom.txt"
printf 'set a : addr { elements file "bom.txt" }\ningress { saddr @a drop; accept }\n' >"$tmp/bom-file.fw"
ok 'and one in a file of elements, alone' alone 'bom.txt:1:1: error: a byte order mark' "$tmp/bom-file.fw"
printf '10.0.0.0/8 x\n' >"$tmp/bom.txt"
ok 'of a token that is one it is said that it is too many' alone "unexpected 'x': one element stands" "$tmp/bom-file.fw"
printf 'ingress {\n\ttcp dport 22 accept\n\tlog "abc drop\n}\n' >"$tmp/open.fw"
ok 'a string without an end: its verdict may be in it' alone 'open.fw:3:6: error: the string does not end' "$tmp/open.fw"
printf 'ingress {\n\tlog "abc"\n}\ntree t {\n\tlog "abc drop\n}\n' >"$tmp/open.fw"
ok 'but not that of another tree' says 1 "open.fw:2:2: error: a packet can run off the end of 'ingress'" check "$tmp/open.fw"
for head in a 'a addr'; do
	printf 'set %s {\n\ttype addr\n\telements = { 10.0.0.0/8 }\n}\ningress { saddr @a drop; accept }\n' "$head" >"$tmp/typed.fw"
	ok "a set whose head is wrong: $head" alone 'typed.fw:1:7: error: unexpected' "$tmp/typed.fw"
done
printf 'set a {\n\ttype addr\n}\ningress { tcp dprot 5 drop; accept }\n' >"$tmp/typed.fw"
ok 'what stands behind it is read' says 1 "typed.fw:4:11: error: unknown field 'tcp dprot'" check "$tmp/typed.fw"
sed 's/$/\r/' "$tmp/good.fw" >"$tmp/crlf.fw"
ok 'lines as other systems end them' prints 0 'is good: 3 rules' check "$tmp/crlf.fw"
printf 'ingress {\n\tlog "a\xc2\x9b31m\xc3\xa9" dprot 9 drop\n\tlog "\x9b\xff" drop\n}\n' >"$tmp/control.fw"
shown() {
	run 1 check "$tmp/control.fw" && grep -qF '"a?31mé"' "$tmp/err" && grep -qF '"??"' "$tmp/err" &&
		grep -qE '^	 {13}\^~~~~$' "$tmp/err" && ! LC_ALL=C grep -q $'\x9b' "$tmp/err"
}
ok 'a terminal is not told by a policy what to do' shown
ok 'nor by a property' says 2 'never ?31m' check --property $'never \xc2\x9b31m' "$tmp/good.fw"
{ printf 'define a = '; head -c 9000000 /dev/zero | tr '\0' a; printf '\ningress { drop }\n'; } >"$tmp/wide.fw"
short() { says 1 'wide.fw:1:12: error: a name of more than 255 characters' check "$tmp/wide.fw" && [ "$(wc -c <"$tmp/err")" -lt 5000 ]; }
ok 'of a line of megabytes a screen is shown' short
echo 'ingress { accept }' >"$tmp/x.fw"
echo 'ingress { drop }' >"$tmp/y.fw"
ok 'diff: of all packets' json 0 'd["exact"] and [c["packets"] for c in d["classes"]] == ["all"]' -j diff "$tmp/x.fw" "$tmp/y.fw"
ok 'diff: of those that were tried' json 0 'not d["exact"] and {c["packets"] for c in d["classes"]} == {None}' \
	-j diff "$tmp/x.fw" "$tmp/y.fw" --budget 1
ok 'diff: each is one' prints 0 'ingress: (one packet that was tried)' diff "$tmp/x.fw" "$tmp/y.fw" --budget 1
ok 'a bad policy is not sent' says 1 "$tmp/bad.fw:2:" apply "$tmp/bad.fw"
ok 'no such file' says 1 'nowhere.fw' check "$tmp/nowhere.fw"

printf '@10.0.0.0/8\t192.0.2.1/32\t0 : 65535\t80 : 80\t0x06/0xFF\t0x1000/0x1000\n' >"$tmp/cb"
printf '@0.0.0.0/0\t0.0.0.0/0\t1 : 9\t0 : 65535\t0x00/0x00\t0x0000/0x0000\n\n' >>"$tmp/cb"
echo '@::/0	2001:db8::/32	0 : 65535	9 : 8	0x11/0xFF	0/0' >"$tmp/cb-bad"
ok 'a filter set' prints 0 '	saddr 10.0.0.0/8 daddr 192.0.2.1/32 protocol 6 dport 80 accept' import classbench "$tmp/cb"
ok 'a filter of any addresses' prints 0 '	family ipv4 sport 1-9 drop' import classbench "$tmp/cb"
ok 'a filter set for a device' prints 0 'ingress device d0 {' import classbench "$tmp/cb" --hook 'ingress device d0'
ok 'a filter set for no hook' says 2 "'foo' is no hook" import classbench "$tmp/cb" --hook foo
ok 'a filter set for more than a hook' says 2 'is no hook' import classbench "$tmp/cb" --hook 'ingress { accept }; egress'
imports() { "$fwctl" import classbench "$tmp/cb" | "$fwctl" check - >"$tmp/out" && grep -q '3 rules' "$tmp/out"; }
ok 'a filter set is a policy' imports
ok 'a filter set, JSON' json 0 'd["policy"].startswith("ingress {")' -j import classbench "$tmp/cb"
ok 'a wrong filter' says 1 "cb-bad:1: no destination ports: 'LOW : HIGH' is meant" import classbench "$tmp/cb-bad"

cat >"$tmp/batch.fw" <<'END'
include "part.fw"
ingress device d0 {
	ether type arp accept
	icmp type echo-request drop
	accept
}
ingress {
	saddr 10.0.0.0/8 tcp dport 80 accept
	udp dport 80 ttl 3 reject
	saddr fe80::/10 ttl 255 accept
	goto part
}
END
printf 'tree part {\n\tmark 7 accept\n\tdrop\n}\n' >"$tmp/part.fw"
cat >"$tmp/batch" <<'END'
in d0 tcp 10.0.0.1:1 to 192.0.2.1:80 syn
# a comment
in d0 tcp 10.0.0.1:1 > 192.0.2.1:81 ack 3 fin
in d1 udp 10.0.0.1:5 to 192.0.2.1:80 ttl 3 len 100
in d0 icmp 10.0.0.1 to 192.0.2.1 type 8 code 0
in d0 icmpv6 fe80::2 to fe80::1 type 135 ttl 255
in d0 sctp [2001:db8::1]:5 to [2001:db8::2]:80 mark 7
in d0 arp request
out d0 47 10.0.0.1 to 1.2.3.4 frag 8+
END
printf 'accept\t8\ndrop\t%s:3\nreject\t9\ndrop\t4\naccept\t10\naccept\t%s:2\naccept\t3\naccept\t-\n' \
	"$tmp/part.fw" "$tmp/part.fw" >"$tmp/decided"
decides() { "$fwctl" explain -f "$tmp/batch.fw" --batch "$tmp/batch" "$@" >"$tmp/out" && cmp "$tmp/out" "$tmp/decided"; }
ok 'packets in a batch' decides
ok 'packets in a batch, rule by rule' decides --engine linear
ok 'packets in a batch, JSON' json 0 'len(d) == 8 and d[0] == {"verdict": "accept", "rule": "8"} and d[7]["rule"] is None' \
	-j explain -f "$tmp/batch.fw" --batch "$tmp/batch"
echo 'in d0 tcp 10.0.0.1:1 tu 192.0.2.1:80' >"$tmp/batch-bad"
ok 'a wrong packet, JSON' json 1 'd["error"]["line"] == 1 and d["error"]["column"] == 22' -j explain -f "$tmp/batch.fw" --batch "$tmp/batch-bad"
ok 'a wrong packet' says 1 "batch-bad:1:22: error: 'to' is missing" explain -f "$tmp/batch.fw" --batch "$tmp/batch-bad"
echo 'in d0 egp 10.0.0.1 to 192.0.2.1' >"$tmp/batch-egp"
ok 'a protocol by any name that policies have' run 0 explain -f "$tmp/batch.fw" --batch "$tmp/batch-egp"
ok 'a wrong engine' says 2 "'quick' is no engine" explain -f x --batch y --engine quick

ok 'a filter: a wrong word' says 2 "did not understand 'tpc' (did you mean 'tcp'?)" conn list tpc
ok 'a filter: a wrong value' says 2 "'65536' after 'dport'" conn list dport 65536
ok 'a filter: a wrong state' says 2 "did you mean 'ESTABLISHED'?" conn list state ESTABLISHD
ok 'a filter: a prefix too long' says 2 "'10.0.0.0/33' after 'src'" conn list src 10.0.0.0/33
ok 'a filter: two families' says 2 "'::1' after 'dst'" conn list src 10.0.0.1 dst ::1
ok 'a filter: twice the same' says 2 "'mark' is said twice" conn list mark 1 mark 0x2
ok 'a filter: no value' says 2 "a value is missing after 'sport'" conn list tcp sport
ok 'a filter: the caret' says 2 "            ^~~~~" conn list tcp dport 65536
ok 'a filter: its column, JSON' json 2 'd["error"]["column"] == 11' -j conn list tcp dport 65536
# under WORD STATUS WORDS...: the caret stands under WORD, and is as wide.
under() {
	local word=$1 status=$2
	shift 2
	run "$status" "$@" && tail -n 2 "$tmp/err" | python3 -c 'import sys
word, line, caret = sys.argv[1], *sys.stdin.read().split("\n")[:2]
at = caret.index("^")
sys.exit(line[at:at + len(word)] != word or caret.strip() != "^" + "~" * (len(word) - 1))' "$word"
}
ok 'a filter: the caret, behind blanks' under 99999999 2 conn list 'tcp   dport   99999999'
ok 'a property: likewise' under bogus 2 check "$tmp/good.fw" --property '  never  in   eth0  tcp  * to * bogus expect drop'
ok 'behind letters of several bytes' under tpc 2 check "$tmp/good.fw" --property 'never in énü0 tpc * to * expect drop'
ok 'a word of such letters' under þçp 2 check "$tmp/good.fw" --property 'never in eth0 þçp * to * expect drop'
ok 'behind a tab' under tpc 2 check "$tmp/good.fw" --property $'never\tin eth0\ttpc * to * expect drop'
ok 'before a tab, as wide as the word' under tpc 2 check "$tmp/good.fw" --property $'never in eth0\ttpc\t*\tto * expect drop'
ok 'its column is counted in characters, JSON' json 2 'd["error"]["column"] == 15' \
	-j check "$tmp/good.fw" --property 'never in énü0 tpc * to * expect drop'
ok 'a filter: a range the wrong way round' says 2 "'9-8' after 'sport'" conn list sport 9-8
ok 'a filter: less than nothing' says 2 "'0' after 'bytes'" conn list 'bytes<0'
ok 'a filter: no direction' says 2 "'mark' after 'reply'" conn list reply mark 1
ok 'a filter: nor the first one' says 2 "'mark' after 'original'" conn list original mark 1
ok 'a filter: a word of a direction' says 2 "did you mean 'packets'?" conn list reply packet 0
ok 'a filter: no rule at a hook' says 2 "a rule decides at a hook" conn list ingress iif lan
ok 'a filter: a rule of neither hook' says 2 "'-' after 'rule'" conn list rule -
ok 'a filter: a code too large' says 2 "'256' after 'icmp-code'" conn list icmp-code 256
ok 'a filter: not of nothing' says 2 "missing after 'not'" conn list tcp not
ok 'a filter: not twice' says 2 "did not understand 'not'" conn list not not tcp
meant_it() { ! grep -q 'did you mean' "$tmp/err"; }
ok 'and no word is meant that was said' meant_it
ok 'a filter: half a duration' says 2 "'1m30' after 'timeout'" conn list 'timeout<1m30'
ok 'a filter: too long a duration' says 2 "'60000d' after 'timeout'" conn list 'timeout<60000d'
ok 'delete without a filter' says 2 'FILTER is missing' conn delete

ok 'no such namespace' says 1 "no network namespace 'no-such-netns'" -n no-such-netns stats
if [ -d /sys/module/fwtree ]; then
	echo "# fwtree is loaded: what is said without it is not tested"
else
	ok 'no module' says 1 'fwtree is not loaded: insmod fwtree.ko (or modprobe fwtree)' stats
	ok 'a filter: a duration of several units' says 1 'fwtree is not loaded' conn list 'timeout<1m30s'
	ok 'set: a timeout of several units' says 1 'fwtree is not loaded' set add a 10.0.0.1 timeout 1m30s
	ok 'no module, JSON' json 1 '"not loaded" in d["error"]["message"]' -j conn list
	ok 'no module: apply fails' run 1 apply "$tmp/good.fw"
fi

# Progress: of a set that takes a few milliseconds, which are asked for.
{
	echo 'ingress {'
	for ((i = 0; i < 9000; i++)); do
		echo "	saddr 10.$((i >> 8)).$((i & 255)).0/24 tcp dport $i drop"
	done
	printf '\taccept\n}\negress {\n\taccept\n}\n'
} >"$tmp/long.fw"

# tty EXPRESSION WORDS...: standard error is a terminal, on which fwctl writes d,
# of which the Python EXPRESSION is true; standard output is none.
tty() {
	local expr=$1
	shift
	python3 -c 'import os, pty, subprocess, sys
ours, theirs = pty.openpty()
with open(sys.argv[2], "w") as out:
    p = subprocess.Popen(sys.argv[4:], stdin=subprocess.DEVNULL, stdout=out, stderr=theirs)
os.close(theirs)
d = ""
try:
    while piece := os.read(ours, 65536):
        d += piece.decode()
except OSError:  # as it is when the last one closes a terminal
    pass
with open(sys.argv[3], "w") as err:
    err.write(repr(d))
sys.exit(p.wait() or not eval(sys.argv[1]))' "$expr" "$tmp/out" "$tmp/err" "$fwctl" "$@"
}

# Whatever memory there is: it is done, or said what it would have taken.
memory() {
	local kib
	for kib in 9000 10000 12000 16000 20000 25000 30000 40000; do
		(ulimit -v $kib && exec "$fwctl" check "$tmp/long.fw") >"$tmp/out" 2>"$tmp/err"
		case $? in
		0) break ;;
		1) grep -q 'memory' "$tmp/err" && ! grep -q closed "$tmp/err" || return 1 ;;
		*) return 1 ;;
		esac
		cat "$tmp/err"
	done >"$tmp/said"
	grep -q 'no memory to read .* MiB' "$tmp/said" &&
		grep -q 'no memory to compile 9002 rules.* MiB' "$tmp/said"
}
ok 'a policy that does not fit in memory' memory

# Lists that are joined are multiplied: what is too much is told before it is made.
# shellcheck disable=SC2016 # a policy's names
{
	printf 'define l = { 1'
	printf ', %d' $(seq 2 2000)
	printf ' }\ningress {\n\tsport . dport . mark { $l . $l . $l } drop\n\taccept\n}\n'
} >"$tmp/joined.fw"
joined() (ulimit -v 200000 -t 10; says 1 "joined.fw:3:25: error: the lists that are joined come to more than 1048576 elements" check "$tmp/joined.fw")
ok 'lists that are joined come to no more than defines do' joined
# shellcheck disable=SC2016 # likewise
sed -i 's/.*sport.*/\tsport . dport . mark { { 1-3 } . $l . { 5, 6 }, 7 . $l . 8 } drop/' "$tmp/joined.fw"
ok 'some thousands are fine' prints 0 'joined.fw is good' check "$tmp/joined.fw"

# Elements in the text have no time of their own, be they there twice or not.
echo 'set a : addr { timeout 1h; elements = { 10.0.0.1 timeout 1h, 10.0.0.1 timeout 2h } }' >"$tmp/times.fw"
echo 'ingress { saddr @a drop; accept }' >>"$tmp/times.fw"
ok 'elements with timeouts' says 1 "elements of a policy stay; fwctl set add NAME ELEMENT timeout D" check "$tmp/times.fw"

for t in 1m30 -5s 366d 0s 99999999999999999999s; do
	ok "set: $t is no timeout" says 2 "'$t' is no timeout" set add a 10.0.0.1 timeout "$t"
done
ok 'a file of elements without its path' says 2 "the path of the file is missing (as in 'file list.txt')" set add s file

# A set may stand twice in one value.
cat >"$tmp/twice.fw" <<'END'
set s : mark { elements = { 7, 9 } }
egress {
	mark . saddr . mark { @s . 10.0.0.0/8 . @s } drop
	accept
}
END
printf '%s\n' 'out lo gre 10.0.0.1 to 10.0.0.2 mark 9' 'out lo gre 10.0.0.1 to 10.0.0.2 mark 8' >"$tmp/marks"
twice() {
	[ "$("$fwctl" explain -f "$tmp/twice.fw" --batch "$tmp/marks" "$@")" = "$(printf 'drop\t3\naccept\t4')" ]
}
ok 'a set twice in one value of joined fields' twice
ok 'and rule by rule' twice --engine linear

export FWCTL_PROGRESS=0
# A line that is written over and wiped at last: no newline, blanks at the end.
ok 'progress on a terminal' tty '(d.startswith("\rparsing: ") and "checking: " in d and
	"building search trees: " in d and "\n" not in d and
	d.endswith("\r") and not d.rsplit("\r", 2)[1].strip())' check "$tmp/long.fw"
ok 'percents are percents' tty 'all(int(p.split()[-1]) <= 100 for p in d.split(" %")[:-1])' \
	check "$tmp/long.fw"
ok 'none beside JSON' tty 'd == ""' -j check "$tmp/long.fw"
quiet() { run 0 "$@" && [ ! -s "$tmp/err" ]; }
ok 'none where there is no terminal' quiet check "$tmp/long.fw"
for ((i = 1; i <= 3000; i++)); do
	echo "in d0 tcp 10.$((i >> 8)).$((i & 255)).1:9 to 192.0.2.1:$((i - i % 2)) syn"
done >"$tmp/packets"
# As above: its policy was read and compiled, and all is wiped.
built='d.startswith("\rparsing: ") and "building search trees: " in d'
wiped='"\n" not in d and d.endswith("\r") and not d.rsplit("\r", 2)[1].strip()'
ok 'progress of a batch' tty "$built and $wiped" \
	explain -f "$tmp/long.fw" --batch "$tmp/packets"
decided() { [ "$(cut -f 1 "$tmp/out" | sort | uniq -c | tr -s ' \n' ' ')" = ' 1500 accept 1500 drop ' ]; }
ok 'all of which is told' decided
ok 'rule by rule, too' tty "'deciding: ' in d and $wiped" \
	explain -f "$tmp/long.fw" --batch "$tmp/packets" --engine linear
ok 'and told alike' decided
echo 'in d0 tcp 10.0.0.1:1 tu 192.0.2.1:80' >>"$tmp/packets"
wrong() {
	! tty True explain -f "$tmp/long.fw" --batch "$tmp/packets" &&
		grep -qE "  +\\\\r[^ ]+packets:3001:22: error: 'to' is missing" "$tmp/err"
}
ok 'an error comes when that is wiped' wrong
one=(explain -f "$tmp/long.fw" in d0 tcp 10.0.1.1:9 to 192.0.2.1:1)
ok 'progress of one packet' tty "$built and $wiped" "${one[@]}"
ok 'none beside JSON' tty 'd == ""' -j "${one[@]}"
ok 'nor where there is no terminal' quiet "${one[@]}"
printf 'packet in d0 tcp 10.0.1.1:9 to 192.0.2.1:1\nexpect drop\n' >"$tmp/long.fwt"
ok 'progress of a test' tty "$built and $wiped" test "$tmp/long.fw" "$tmp/long.fwt"
unset FWCTL_PROGRESS
ok 'none for what is quick' tty 'd == ""' check "$tmp/good.fw"

# Each library takes its part of each start.
libraries() { readelf -d "$fwctl" >"$tmp/out" && ! grep NEEDED "$tmp/out" | grep -E 'pcap|cares'; }
ok 'libraries that few commands need are not linked' libraries
cat >"$tmp/bpf.fw" <<'END'
ingress {
	bpf "tcp[13] & 2 != 0" drop
	accept
}
END
# Files of their names that are none.
mkdir "$tmp/without"
touch "$tmp/without/libpcap.so.0.8" "$tmp/without/libpcap.so.1"
without() { LD_LIBRARY_PATH=$tmp/without "$@"; }
ok 'bpf' run 0 check "$tmp/bpf.fw"
ok 'without libpcap' without says 1 \
	"bpf.fw:2:6: error: libpcap can't be loaded (Debian's package: libpcap0.8)" \
	check "$tmp/bpf.fw"
ok 'a capture without it' without says 1 "capture: libpcap can't be loaded" \
	explain -f "$tmp/good.fw" --pcap "$tmp/capture" --dev eth0
ok 'who needs none' without run 0 check "$tmp/good.fw"

# Of many errors and warnings the first, and how many there are.
{ echo 'ingress {'; for i in {1..60}; do echo "nosuch$i accept"; done; echo '}'; } >"$tmp/errors.fw"
ok 'more errors than are told' says 1 'and 10 more errors' check "$tmp/errors.fw"
ok 'JSON' json 1 'len(d["errors"]) == 50 and d["more_errors"] == 10 and "more_warnings" not in d' -j check "$tmp/errors.fw"
{ echo 'ingress {'; for i in {1..60}; do echo "udp dport $i drop"; echo "udp dport $i accept"; done; echo 'drop; }'; } >"$tmp/warnings.fw"
ok 'more warnings' says 0 'and 10 more warnings' check "$tmp/warnings.fw"
ok 'JSON' json 0 'd["more_warnings"] == 10 and "more_errors" not in d' -j check "$tmp/warnings.fw"

# What can't be read is no filter set, and neither is one of no filters.
ok 'a filter set that is a folder' says 1 'Is a directory' import classbench "$tmp"
ok 'one of nothing' says 1 'there is no filter in it' import classbench /dev/null

# Of a rule with many elements the beginning.
{ printf 'ingress { saddr { 10.0.0.1'; for ((i = 0; i < 9000; i++)); do printf ', 10.1.%d.%d' $((i >> 8)) $((i & 255)); done; printf ' } accept\n drop }\n'; } >"$tmp/wide.fw"
narrow() { prints 0 ' ...' explain -f "$tmp/wide.fw" in eth0 tcp 10.9.9.9:1 to 10.0.0.2:2 && [ "$(wc -c <"$tmp/out")" -lt 2000 ]; }
ok 'explain: of a long rule the beginning' narrow

full() { ! "$fwctl" -h >/dev/full 2>"$tmp/err"; }
ok 'a full disk is a failure' full
closed() { ! "$fwctl" -h >&- 2>"$tmp/err" && grep -q 'cannot write to standard output' "$tmp/err"; }
ok 'closed standard output is one, too' closed

echo "1..$n"
[ $failed -eq 0 ]
