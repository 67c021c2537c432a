#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/json.rst has each key that commands write; and with -j each writes one
# JSON value, and nothing to standard error.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
page=$(cd "$(dirname "$0")/../../Documentation" && pwd)/json.rst
topology
route_home

# documented SECTION: names of keys are read from JSON on standard input, but for those
# that are names of counters; each stands in the section of the page, or in a section
# that it names.
# shellcheck disable=SC2016 # Python's own
documented() {
	python3 -c '
import json, re, sys
page, heads = open(sys.argv[1]).read(), sys.argv[2]
entry = re.search(r"^(``[^\n]*``%s``[^\n]*|``%s``[^\n]*)\n((?:    [^\n]*\n|\n(?=    ))+)" %
                  (re.escape(heads), re.escape(heads)), page, re.M)
if not entry:
    sys.exit("no entry of " + heads)
text = entry.group(2)
for other in re.findall(r"(?:as of|what) ``([a-z ]*)``", text):
    text += re.search(r"^``%s``[^\n]*\n((?:    [^\n]*\n)+)" % other, page, re.M).group(1)
told = set(re.findall(r"``([a-z_]+)``", text + page.split("\nPolicies\n")[0]))
bad = set()
def look(value, named):
    if isinstance(value, dict):
        for k, v in value.items():
            if not named and k not in told:
                bad.add(k)
            look(v, k in ("reasons", "counters", "ended_by") and not named)
    elif isinstance(value, list):
        for v in value:
            look(v, False)
text = sys.stdin.read()
try:
    look(json.loads(text), False)
except json.JSONDecodeError:
    for line in text.splitlines():
        look(json.loads(line), False)
sys.exit("not told: " + " ".join(sorted(bad)) if bad else 0)
' "$page" "$1"
}

# has KEY...: what was told last has them.
has() { local key; for key; do grep -q "\"$key\"" json || return 1; done; }
# told ENTRY WORDS...: what fwctl -j WORDS writes is told under ENTRY.
told() {
	local entry=$1
	shift
	fw -j "$@" >json 2>err
	if [ -s err ] || ! documented "$entry" <json 2>why; then
		say_not_ok "$*"
		cat err why | diag
	else
		say_ok "$*"
	fi
}

cat >policy.fw <<'END2'
set s : addr { timeout 1h; elements = { 1.2.3.4 } }
pool web { scheduler round-robin; health passive; 192.168.1.11:8080; 192.168.1.12:80-90 }
ingress {
	iif lo accept id lo
	saddr @s drop
	tcp dport 22 limit 4/minute by saddr accept
	tcp dport 23 limit 4/minute accept
	udp dport 23 quota 10M accept
	tcp dport 80 balance @web accept
	tcp dport 443 count x accept
	accept
}
egress { log "out " accept }
END2
told apply apply policy.fw
on home ping -n -c 1 -W 1 198.51.100.7 >/dev/null 2>&1
on home bash -c 'exec 3<>/dev/udp/198.51.100.7/53; echo x >&3'
told check check policy.fw
told check check policy.fw --property 'never in eth0 tcp 10.0.0.1 to 10.0.0.2:22 expect drop'
told stats stats
told 'show policy' show policy
told 'show tree' show tree
told 'show program' show program
told 'show timeouts' show timeouts
told 'conn list' conn list
told 'conn count' conn count
told 'set list' set list
told 'set list NAME' set list s
told 'set add' set add s 5.5.5.5
told 'set delete' set delete s 5.5.5.5
told 'set flush' set flush s
told 'pool list' pool list
told 'pool drain' pool drain web 192.168.1.11:8080
told 'node list' node list
told resolve resolve
told explain explain --live in lan tcp 192.168.1.2:5 to 198.51.100.7:22
told explain explain -f policy.fw in lan tcp 192.168.1.2:5 to 198.51.100.7:22
told 'rule add' rule add before lo 'tcp dport 9 accept id nine'
told 'rule delete' rule delete nine
told 'conn delete' conn delete udp
told confirm nothing
told apply apply policy.fw --confirm 60s
told 'show policy' show policy
ok "a policy on trial" has trial
told confirm confirm
told diff diff policy.fw
# Where there is something to be told.
sed 's/1\.2\.3\.4/1.2.3.5/; s/dport 443 count x accept/dport { 443, 80 } drop/' policy.fw >other.fw
told diff diff policy.fw other.fw
ok "packets and data differ" has except was becomes given added removed
told diff diff policy.fw other.fw --budget 1
ok "what outgrew its budget" has tried seed
told graph graph policy.fw
told graph graph --live
ok "boxes and arrows" has rows last_line from to
printf 'packet in wan tcp 198.51.100.7:9 to 192.0.2.1:22 syn\nexpect accept\nexpect drop\n' >some.fwt
told test test policy.fw some.fwt
ok "one that holds, one that does not" has why way note
printf 'ingress { node geo drop; accept }\n' >node.fw
told explain explain -f node.fw in lan tcp 192.168.1.2:5 to 198.51.100.7:22
ok "a node that nobody is" has unanswered
python3 "$(dirname "$0")/../offline/captures.py" .
told 'explain --pcap' explain -f policy.fw --dev lan --pcap ether.pcap
told 'explain --pcap' explain -f policy.fw --dev lan --pcap stump.pcap
told 'explain --pcap' explain -f policy.fw --dev lan --pcap bad.pcap -w left.pcap
ok "packets of a capture" has summary reasons passed_over malformed
told check check nowhere.fw
timeout 300 fwctl -n gw -j monitor policy conn >events 2>err &
# Again until it listens.
happens() {
	fw conn flush
	fw apply policy.fw --full
	on home ping -n -c 1 -W 1 198.51.100.7
	grep -q '"event":"applied"' events && grep -q '"event":"new"' events
}
PATIENCE=60 ok "events were told" wait_for happens
kill $!
wait $!
ok "monitor" documented monitor <events
told flush flush
done_testing
