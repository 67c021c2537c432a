#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# fwctl graph: what is in the picture, how much of it, and that graphviz draws it. With
# hits it is looked at in a guest: tests/net/analysis.sh. TAP.
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fwctl=${FWCTL-$top/tools/fwctl/fwctl}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/offline/tap.sh
. "$top/tests/offline/tap.sh"

# shows WHAT PYTHON ARGUMENTS...: of the JSON, d; boxes by title, b, and arrows, a.
shows() {
	local what=$1 code=$2
	shift 2
	"$fwctl" -j graph "$@" >"$tmp/json" 2>"$tmp/err" && python3 - "$tmp/json" "$code" >"$tmp/out" 2>&1 <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
title = [x["title"] for x in d["boxes"]]
b = {x["title"]: [r["text"] for r in x["rows"]] for x in d["boxes"]}
rows = {x["title"]: x["rows"] for x in d["boxes"]}
a = [(title[x["from"]], d["boxes"][x["from"]]["rows"][x["row"]]["text"], title[x["to"]], x["kind"])
     for x in d["arrows"]]
print(b, a, sep="\n")
exec(sys.argv[2])
END
	report $? "$what"
}

cat >"$tmp/all.fw" <<'END'
define lan = br-lan
set seen : addr . port { timeout 1h; max 100; elements = { 192.0.2.1 . 80 } }
set bad : addr { elements = { 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, 192.0.2.5, 192.0.2.6,
	192.0.2.7, 192.0.2.8, 192.0.2.9 } }
set unused : port { max 3 }
map ports : port -> addr . port { elements = { 80 -> 10.0.0.1 . 8080, 81 -> 10.0.0.2 . 8081 } }
map where : addr -> tree { elements = { 10.1.0.1 -> deep } }
map marks : addr -> mark { elements = { 10.1.0.1 -> 7 } }
pool web { scheduler maglev; health passive; 10.0.0.1:80 weight 3; [fd00::1]:80 }
ingress device eth0, "we<&>ird" { saddr @bad drop; accept }
egress { oif eth0 masquerade accept; accept }
ingress {
	not saddr @bad call "a b"
	tcp dport { 22, 23 } {
		add @seen { saddr . dport } log "über <&>\" " drop
	}
	select saddr . dport {
		@seen -> goto deep
		default -> call deep
	}
	split random {
		1 -> set mark saddr map @marks
		9 -> accept
	}
	goto daddr map @where
	tcp dport 80 dnat to dport map @ports accept
	tcp dport 443 balance @web accept
	drop
}
tree "a b" { saddr . dport @seen remove @seen { saddr . dport } return; queue 3 bypass }
tree deep { reject with tcp-reset }
tree alone { accept }
END
shows 'hooks come first, in the order of a packet' '
assert title[:3] == ["ingress device eth0, we<&>ird", "ingress", "egress"], title' "$tmp/all.fw"
shows 'all kinds of boxes' '
assert [x["kind"] for x in d["boxes"]].count("hook") == 3
for kind, name in (("tree", "a b"), ("tree", "deep"), ("tree", "alone"), ("set", "seen"), ("set", "bad"),
		   ("map", "ports"), ("map", "where"), ("map", "marks"), ("pool", "web")):
	assert [x for x in d["boxes"] if x["kind"] == kind and x["name"] == name], (kind, name)
for kind in "block", "select", "split":
	assert [x for x in d["boxes"] if x["kind"] == kind], kind
assert not [x for x in d["boxes"] if x["kind"] in ("missing", "more")]' "$tmp/all.fw"
shows 'all kinds of arrows' '
for arrow in (
	("ingress device eth0, we<&>ird", "saddr @bad drop", "set bad : addr", "asks"),
	("ingress", "not saddr @bad call \"a b\"", "set bad : addr", "asks"),
	("ingress", "not saddr @bad call \"a b\"", "tree a b", "call"),
	("ingress", "tcp dport { 22, 23 }", "tcp dport { 22, 23 }", "block"),
	("tcp dport { 22, 23 }", "add @seen { saddr . dport } log \"über <&>\\\" \" drop",
	 "set seen : addr . port", "changes"),
	("ingress", "select saddr . dport", "select saddr . dport", "block"),
	("ingress", "select saddr . dport", "set seen : addr . port", "asks"),
	("select saddr . dport", "@seen -> goto deep", "tree deep", "goto"),
	("select saddr . dport", "default -> call deep", "tree deep", "call"),
	("ingress", "split random", "split random", "block"),
	("split random", "1 -> set mark saddr map @marks", "map marks : addr -> mark", "asks"),
	("ingress", "goto daddr map @where", "map where : addr -> tree", "asks"),
	("ingress", "goto daddr map @where", "tree deep", "goto"),
	("ingress", "tcp dport 80 dnat to dport map @ports accept",
	 "map ports : port -> addr . port", "asks"),
	("ingress", "tcp dport 443 balance @web accept", "pool web", "asks"),
	("tree a b", "saddr . dport @seen remove @seen { saddr . dport } return",
	 "set seen : addr . port", "asks"),
	("tree a b", "saddr . dport @seen remove @seen { saddr . dport } return",
	 "set seen : addr . port", "changes")):
	assert arrow in a, arrow
	a.remove(arrow)
assert not a, a' "$tmp/all.fw"
shows 'what is in sets, maps and pools' '
assert b["set seen : addr . port"] == ["timeout 1h, max 100", "192.0.2.1 . 80"], b
assert b["set bad : addr"] == [f"192.0.2.{i}" for i in range(1, 7)] + ["... and 3 more"]
assert b["map ports : port -> addr . port"] == ["80 -> 10.0.0.1 . 8080", "81 -> 10.0.0.2 . 8081"]
assert b["pool web"] == ["scheduler maglev, health passive", "10.0.0.1:80 weight 3", "[fd00::1]:80"]' \
	"$tmp/all.fw"
shows 'rows have places, ids and ends' '
r = [r for r in rows["ingress"] if r["text"] == "drop"][0]
assert r["line"] == 28 and r["last_line"] == 28 and r["rules"] == 1 and r["end"] == "drop", r
assert r["id"] is None and r["hits"] is None and r["file"].endswith("all.fw")
assert [r["end"] for r in rows["tree a b"]] == ["return", "queue"]' "$tmp/all.fw"

# What decides at the end of a long line is to be seen; that of an include has its file.
printf 'ingress {\n\tinclude "part.inc"\n\tdrop\n}\n' >"$tmp/long.fw"
{ printf 'saddr { '; for i in $(seq 1 60); do printf '192.0.2.%d, ' "$i"; done; echo '192.0.2.99 } tcp dport 22 accept'; } \
	>"$tmp/part.inc"
shows 'a long line is whole in JSON' 'assert b["ingress"][0].count("192.0.2.") == 61' "$tmp/long.fw"
"$fwctl" graph "$tmp/long.fw" >"$tmp/out" 2>"$tmp/err"
grep -q 'part.inc:1<.*saddr { 192.0.2.1, .*\.\.\. .*tcp dport 22 accept' "$tmp/out" && ! grep -q '192.0.2.30' "$tmp/out"
report $? '... and cut in its middle where it is drawn'

# Rules of a long list; each kind of what has many.
python3 - "$tmp" <<'END'
import sys
def policy(name, text):
    open(f"{sys.argv[1]}/{name}.fw", "w").write(text)
policy("run", "ingress {\n" + "".join(f"\ttcp dport {i} {'accept' if i % 3 else 'drop'}\n" for i in range(1, 101)) + "}\n")
policy("exact", "ingress {\n" + "".join(f"\ttcp dport {i} accept\n" for i in range(1, 21)) + "}\n")
policy("rules", "ingress {\n" + "".join(f"\tsaddr 10.{i >> 8}.{i & 255}.0/24 drop\n" for i in range(60000)) + "\taccept\n}\n")
policy("branches", "ingress {\n\tselect dport {\n" + "".join(f"\t\t{i} -> accept\n" for i in range(1, 30000)) + "\t\tdefault -> drop\n\t}\n}\n")
policy("trees", "ingress {\n\tselect iif {\n" + "".join(f"\t\tvif{i} -> goto t{i}\n" for i in range(3000)) +
       "\t\tdefault -> drop\n\t}\n}\n" + "".join(f"tree t{i} {{ accept }}\n" for i in range(3000)))
policy("sets", "".join(f"set s{i} : addr {{ max 9 }}\n" for i in range(3000)) +
       "ingress {\n" + "".join(f"\tsaddr @s{i} accept\n" for i in range(3000)) + "\tdrop\n}\n")
policy("blocks", "ingress {\n" + "".join(f"\tiif vif{i} {{\n\t\ttcp dport 1 accept\n\t\tdrop\n\t}}\n" for i in range(3000)) + "\tdrop\n}\n")
END
shows 'of a long run the middle is one row' '
r = rows["ingress"]
assert len(r) == 8 and [x["rules"] for x in r] == [1, 1, 1, 1, 1, 93, 1, 1]
assert r[5]["text"] == "93 rules: 62 accept, 31 drop" and (r[5]["line"], r[5]["last_line"]) == (7, 99)
assert r[7]["text"] == "tcp dport 100 accept"' "$tmp/run.fw"
shows 'with --all nothing is' 'assert len(rows["ingress"]) == 100' --all "$tmp/run.fw"
shows 'twenty are drawn' 'assert len(rows["ingress"]) == 20' "$tmp/exact.fw"
for kind in rules branches trees sets blocks; do
	shows "$kind: a picture of them is no larger than others" '
assert len(d["boxes"]) <= 90 and len(d["dot"]) < 150000, (len(d["boxes"]), len(d["dot"]))' "$tmp/$kind.fw"
done
shows 'branches of a select are folded, the default is drawn' '
r = rows["select dport"]
assert r[-1]["text"] == "default -> drop" and sum(x["rules"] for x in r) == 30000' "$tmp/branches.fw"
shows 'trees that are not drawn are counted' '
drawn = len([t for t in title if t.startswith("tree ")])
assert f"and {3000 - drawn} trees more" in title, title[-1]' "$tmp/trees.fw"
shows 'blocks that are not drawn are rows' '
assert sum(x["rules"] for x in rows["ingress"]) == 3001 and rows["ingress"][-1]["text"] == "drop"' "$tmp/blocks.fw"
shows '--all: as many as there are' '
assert len([t for t in title if t.startswith("tree ")]) == 3000' --all "$tmp/trees.fw"

# Each rule of the examples is in their pictures, and graphviz draws them as large as a
# screen is, and says nothing.
for policy in "$tmp/all.fw" "$top"/Documentation/examples/*.fw; do
	name=${policy##*/}
	shows "each line of rules is there: $name" '
import re
lines = set()
for r in rows.values():
	for x in r:
		if "line" in x:
			lines |= set(range(x["line"], x["last_line"] + 1))
text = open("'"$policy"'").read().split("\n")
for i, line in enumerate(text, 1):
	line = re.sub(r"#.*", "", line)
	if re.search(r"\b(accept|drop|reject|goto|call)\b", line) and not re.search(r"->.*tree|^set|^map", line):
		assert i in lines, (i, line)' "$policy"
	command -v dot >/dev/null || continue
	"$fwctl" graph --svg "$policy" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/err" ] &&
		python3 -c 'import re, sys
w, h = map(int, re.search(r"<svg width=\"(\d+)pt\" height=\"(\d+)pt\"", sys.stdin.read()).groups())
sys.exit(w > 2600 or h > 1000)' <"$tmp/out"
	report $? "drawn by graphviz: $name"
done
if command -v dot >/dev/null; then
	for kind in long rules branches trees sets blocks; do
		"$fwctl" graph --svg "$tmp/$kind.fw" >"$tmp/out" 2>"$tmp/err" && [ ! -s "$tmp/err" ] &&
			grep -q '</svg>' "$tmp/out"
		report $? "drawn by graphviz: $kind"
	done
fi

# What is wrong.
mkdir "$tmp/none"
PATH=$tmp/none "$fwctl" graph --svg "$tmp/all.fw" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && grep -q 'apt install graphviz' "$tmp/err"
report $? 'without graphviz that is said'
echo 'ingress { goto nowhere; saddr @none drop; tcp dport 80 balance @gone accept }' >"$tmp/p.fw"
shows 'what is not there is drawn as that' '
assert [x["title"] for x in d["boxes"] if x["kind"] == "missing"] == [
	"there is no tree nowhere", "there is no set none", "there is no pool gone"], title' "$tmp/p.fw"
echo 'ingress { tcp dprt 80 drop }' >"$tmp/p.fw"
"$fwctl" graph "$tmp/p.fw" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && grep -q "p.fw:1:11: error: unknown field 'tcp dprt'" "$tmp/err" && [ ! -s "$tmp/out" ]
report $? 'a policy with errors'
"$fwctl" -j graph "$tmp/p.fw" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && python3 -c 'import json, sys; assert json.load(sys.stdin)["error"]["line"] == 1' <"$tmp/out"
report $? '... in JSON'
"$fwctl" graph "$tmp/none.fw" >"$tmp/out" 2>"$tmp/err"
[ $? = 1 ] && grep -q 'none.fw' "$tmp/err"
report $? 'a file that is not there'
"$fwctl" graph --pretty "$tmp/all.fw" >"$tmp/out" 2>"$tmp/err"
[ $? = 2 ] && grep -q "'--pretty'" "$tmp/err"
report $? 'an option that is none'
"$fwctl" -j graph --svg "$tmp/all.fw" >"$tmp/out" 2>"$tmp/err"
report $(($? != 2)) 'SVG is no JSON'
echo "1..$n"
exit $failed
