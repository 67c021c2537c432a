// SPDX-License-Identifier: GPL-2.0
/* The nodes of a program in words, for "fwctl show program". */
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>

#include "change.h"
#include "field.h"
#include "ifname.h"
#include "names.h"
#include "node_text.h"
#include "set_shape.h"
#include "program_view.h"
#include "limit.h"

/* Values as people write them. */

static size_t put_ipv6(char *buf, size_t size, const u32 *w)
{
	struct in6_addr a;
	int i;

	for (i = 0; i < 4; i++)
		((u32 *)&a)[i] = htonl(w[i]);
	inet_ntop(AF_INET6, &a, buf, size);
	return strlen(buf);
}

static void put_value(char *buf, size_t size, u32 field, u32 words, const u32 *w)
{
	char name[17] = "";
	int i;

	switch (field) {
	case FWT_FIELD_IIF:
	case FWT_FIELD_OIF:
	case FWT_FIELD_ROUTE_OIF:
	case FWT_FIELD_ROUTE_REVERSE:
		for (i = 0; i < 16; i++)
			name[i] = w[i / 4] >> (24 - 8 * (i % 4));
		out_clean(buf, size, *name ? name : "none", 16);
		return;
	case FWT_FIELD_ETHER_SADDR:
	case FWT_FIELD_ETHER_DADDR:
		snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x",
			 w[0] >> 8 & 0xff, w[0] & 0xff, w[1] >> 24,
			 w[1] >> 16 & 0xff, w[1] >> 8 & 0xff, w[1] & 0xff);
		return;
	case FWT_FIELD_SADDR:
	case FWT_FIELD_DADDR:
	case FWT_FIELD_IP_SADDR:
	case FWT_FIELD_IP_DADDR:
	case FWT_FIELD_IP6_SADDR:
	case FWT_FIELD_IP6_DADDR:
	case FWT_FIELD_ARP_SADDR:
	case FWT_FIELD_ARP_DADDR:
	case FWT_FIELD_ROUTE_NEXTHOP:
	case FWT_FIELD_ROUTE_SADDR:
	case FWT_FIELD_CT_ORIGINAL_SADDR:
	case FWT_FIELD_CT_ORIGINAL_DADDR:
		if (words == 4)
			put_ipv6(buf, size, w);
		else
			snprintf(buf, size, "%u.%u.%u.%u", w[0] >> 24,
				 w[0] >> 16 & 0xff, w[0] >> 8 & 0xff, w[0] & 0xff);
		return;
	}
	if (field == FWT_FIELD_ROUTE_TYPE && fwt_class_name(FWT_CLASS_ROUTE_TYPE, w[0]))
		snprintf(buf, size, "%s", fwt_class_name(FWT_CLASS_ROUTE_TYPE, w[0]));
	else if (field == FWT_FIELD_CGROUP)
		snprintf(buf, size, "%llu", (unsigned long long)w[0] << 32 | w[1]);
	else
		snprintf(buf, size, "%u", w[0]);
}

static void put_key(char *buf, size_t size, const struct fwt_prog_test *t,
		    const struct fwt_prog_set *s, const u32 *lo, const u32 *hi)
{
	size_t n = 0;
	u32 d, at = 0;

	*buf = 0;
	for (d = 0; d < s->n_dims && d < t->n_fields && n + 1 < size; d++) {
		char a[64], b[64];

		put_value(a, sizeof(a), t->field[d], s->dim[d], lo + at);
		put_value(b, sizeof(b), t->field[d], s->dim[d], hi + at);
		n += snprintf(buf + n, size - n, "%s%s%s%s", d ? " . " : "", a,
			      strcmp(a, b) ? "-" : "", strcmp(a, b) ? b : "");
		at += s->dim[d];
	}
}

/* The elements of a set, as many as a line holds. */
#define SHOWN 6
#define IFNAME_SHOWN 32

static void put_set(char *buf, size_t size, const struct view *v,
		    const struct fwt_prog_test *t, u32 index)
{
	const struct fwt_prog_set *s;
	u32 i, pair;
	size_t n;

	if (index == FWT_NONE) {
		snprintf(buf, size, "{ }");
		return;
	}
	s = &v->prog.set[index];
	pair = s->kind == FWT_SET_KEYS ? 1 : 2;
	n = snprintf(buf, size, "%s", s->count == 1 ? "" : "{ ");
	for (i = 0; i < s->count && i < SHOWN; i++) {
		const u32 *lo = v->prog.word + s->data + i * pair * s->words;
		char key[200];

		put_key(key, sizeof(key), t, s, lo, lo + (pair - 1) * s->words);
		n += snprintf(buf + n, n < size ? size - n : 0, "%s%s",
			      i ? ", " : "", key);
		if (n >= size)
			return;
	}
	if (s->count > SHOWN)
		snprintf(buf + n, size - n, ", ... %u in all }", s->count);
	else if (s->count != 1)
		snprintf(buf + n, size - n, " }");
}

/* Quoted where a star at its end is its own. */
static const char *ifname(const struct view *v, u32 string, char *buf)
{
	const char *name = fwt_program_string(&v->prog, string);

	if (*name != FWT_IFNAME_EXACT)
		return name;
	snprintf(buf, IFNAME_SHOWN, "\"%s\"", fwt_ifname_plain(name));
	return buf;
}

static const char *rate_unit(u32 seconds)
{
	return seconds == 1 ? "second" : seconds == 60 ? "minute" : seconds == 3600 ? "hour" :
								       "day";
}

/* A limit, a quota, chance; the key of a split. */
static void put_stateful(char *buf, size_t size, const struct view *v,
			 const struct fwt_prog_test *t, const char *fields)
{
	const char *over = t->flags & FWT_TEST_NEGATE ? "over " : "";
	const char *mask = t->mask[0] != FWT_NONE || t->mask[1] != FWT_NONE ? " & mask" : "";
	const u32 *param;

	switch (t->op) {
	case FWT_TEST_LIMIT:
		param = v->prog.object[t->set[0]].param;
		snprintf(buf, size, "limit %s%llu%s/%s burst %llu%s%s%s", over,
			 (unsigned long long)fwt_limit_u64(param + FWT_LIMIT_RATE),
			 param[FWT_LIMIT_FLAGS] & FWT_LIMIT_BYTES ? " bytes" : "",
			 rate_unit(param[FWT_LIMIT_PER]),
			 (unsigned long long)fwt_limit_u64(param + FWT_LIMIT_BURST),
			 t->n_fields ? " by " : "", fields, mask);
		return;
	case FWT_TEST_QUOTA:
		param = v->prog.object[t->set[0]].param;
		snprintf(buf, size, "quota %s%llu bytes", over,
			 (unsigned long long)fwt_limit_u64(param + FWT_QUOTA_SIZE));
		return;
	case FWT_TEST_RANDOM:
		snprintf(buf, size, "random %.4g%%", (t->set[0] + 1.) / 42949672.96);
		return;
	case FWT_TEST_SPLIT_RANDOM:
		snprintf(buf, size, "split random");
		return;
	case FWT_TEST_SPLIT_HASH:
		snprintf(buf, size, "split hash %s%s", fields, mask);
		return;
	default:
		snprintf(buf, size, "split round-robin of %u",
			 v->prog.object[t->set[1]].param[FWT_SPLIT_TURNS]);
		return;
	}
}

/* Branches of another module's node: "; DE: 12". */
static void put_labels(char *buf, size_t size, const struct view *v,
		       const struct fwt_prog_test *t)
{
	const struct fwt_prog_foreign *f = &v->prog.foreign[t->set[1]];
	const u32 *to = v->prog.word + v->prog.set[t->set[0]].value;
	size_t n = strlen(buf);
	u32 i;

	for (i = 0; i < f->n_labels && n < size; i++)
		n += snprintf(buf + n, size - n, "; %s: %u",
			      v->prog.string + v->prog.arg[f->labels + i].name, to[i]);
}

static void put_test(char *buf, size_t size, const struct view *v, u32 index)
{
	const struct fwt_prog_test *t = &v->prog.test[index];
	const char *not = t->flags & FWT_TEST_NEGATE ? "not " : "";
	char fields[200] = "", set[700], name[IFNAME_SHOWN];
	size_t n = 0;
	u32 i;

	for (i = 0; i < t->n_fields && n < sizeof(fields); i++)
		n += snprintf(fields + n, sizeof(fields) - n, "%s%s",
			      i && t->op == FWT_TEST_EQUAL ? " = " :
			      i && t->op == FWT_TEST_LESS ? " < " : i ? " . " : "",
			      fwt_field_info[t->field[i]].name);
	switch (t->op) {
	case FWT_TEST_EQUAL:
	case FWT_TEST_LESS:
		snprintf(buf, size, "%s%s", not, fields);
		return;
	case FWT_TEST_LIMIT:
	case FWT_TEST_QUOTA:
	case FWT_TEST_RANDOM:
	case FWT_TEST_SPLIT_RANDOM:
	case FWT_TEST_SPLIT_HASH:
	case FWT_TEST_SPLIT_TURN:
		put_stateful(buf, size, v, t, fields);
		return;
	case FWT_TEST_LIVE_TREE:
	case FWT_TEST_LIVE:
		snprintf(buf, size, "%s%s%s in @%s", not, fields,
			 t->mask[0] != FWT_NONE || t->mask[1] != FWT_NONE ? " & mask" : "",
			 fwt_program_string(&v->prog, v->prog.object[t->set[0]].name));
		return;
	case FWT_TEST_COUNT:
		snprintf(buf, size, "%sct count by %s%s > %u", not, fields,
			 t->mask[0] != FWT_NONE || t->mask[1] != FWT_NONE ? " & mask" : "",
			 t->set[0]);
		return;
	case FWT_TEST_BPF:
		i = t->set[0] == FWT_NONE ? t->set[1] : t->set[0];
		snprintf(buf, size, "%sbpf \"%s\" (%u instructions)", not,
			 fwt_program_string(&v->prog, v->prog.filter[i].text),
			 v->prog.filter[i].count);
		return;
	case FWT_TEST_NODE:
	case FWT_TEST_NODE_SELECT:
		i = t->set[t->op == FWT_TEST_NODE_SELECT];
		fwt_node_words(&v->prog.foreign[i], v->prog.arg, v->prog.string, buf, size);
		if (t->op == FWT_TEST_NODE_SELECT)
			put_labels(buf, size, v, t);
		return;
	case FWT_TEST_IFADDR:
	case FWT_TEST_IFNET:
		snprintf(buf, size, "%s%s in %s(%s)", not, fields,
			 t->op == FWT_TEST_IFADDR ? "addr" : "net",
			 ifname(v, t->set[0], name));
		return;
	}
	put_set(set, sizeof(set), v, t,
		t->set[0] == FWT_NONE ? t->set[1] : t->set[0]);
	n = snprintf(buf, size, "%s%s%s in %s", not, fields,
		     t->mask[0] != FWT_NONE || t->mask[1] != FWT_NONE ?
		     " & mask" : "", set);
	if (n < size && t->set[0] != t->set[1] && t->set[0] != FWT_NONE &&
	    t->set[1] != FWT_NONE) {
		put_set(set, sizeof(set), v, t, t->set[1]);
		snprintf(buf + n, size - n, ", ipv6 %s", set);
	}
}

/* " @blocked { saddr } timeout 3600000ms" */
static size_t put_update(char *buf, size_t size, const struct view *v,
			 const struct fwt_prog_mod *m)
{
	const struct fwt_prog_test *t = &v->prog.test[m->a];
	size_t n = 0;
	u32 i;

	n += snprintf(buf, size, " @%s { ",
		      fwt_program_string(&v->prog, v->prog.object[t->set[0]].name));
	for (i = 0; i < t->n_fields && n < size; i++)
		n += snprintf(buf + n, size - n, "%s%s", i ? " . " : "",
			      fwt_field_info[t->field[i]].name);
	if (n < size)
		n += snprintf(buf + n, size - n, " }");
	if (n < size && m->addr_lo[2])
		n += snprintf(buf + n, size - n, " timeout %llums",
			      (unsigned long long)m->addr_lo[1] << 32 | m->addr_lo[0]);
	return n;
}

/* " daddr . dport map @forwards" */
static size_t put_map(char *buf, size_t size, const struct view *v,
		      const struct fwt_prog_mod *m)
{
	const struct fwt_prog_test *t = &v->prog.test[fwt_mod_test(m)];
	size_t n = 0;
	u32 i;

	for (i = 0; i < t->n_fields && n < size; i++)
		n += snprintf(buf + n, size - n, "%s%s", i ? " . " : " ",
			      fwt_field_info[t->field[i]].name);
	if (n < size)
		n += snprintf(buf + n, size - n, " map @%s",
			      fwt_program_string(&v->prog, v->prog.object[t->set[0]].name));
	return n;
}

static void put_mod(char *buf, size_t size, const struct view *v, u32 index)
{
	const struct fwt_prog_mod *m = &v->prog.mod[index];
	static const char *const name[] = {
		[FWT_MOD_SNAT] = "snat to", [FWT_MOD_MASQUERADE] = "masquerade",
		[FWT_MOD_DNAT] = "dnat to", [FWT_MOD_SET_MARK] = "set mark",
		[FWT_MOD_LOG] = "log", [FWT_MOD_COUNT] = "count",
		[FWT_MOD_REDIRECT] = "redirect", [FWT_MOD_NETMAP] = "netmap to",
		[FWT_MOD_NFLOG] = "log",
		[FWT_MOD_SET_CT_MARK] = "set ct mark",
		[FWT_MOD_SET_PRIORITY] = "set priority",
		[FWT_MOD_SET_DSCP] = "set dscp", [FWT_MOD_SET_TTL] = "set ttl",
		[FWT_MOD_SET_MSS] = "set mss", [FWT_MOD_SET_VLAN] = "set vlan",
		[FWT_MOD_MSS_CLAMP] = "mss clamp", [FWT_MOD_NOTRACK] = "notrack",
		[FWT_MOD_BALANCE] = "balance @",
		[FWT_MOD_SET_ADD] = "add", [FWT_MOD_SET_REMOVE] = "remove",
	};
	char lo[64], hi[64];
	size_t n;
	u32 field = m->family == 6 ? FWT_FIELD_IP6_SADDR : FWT_FIELD_IP_SADDR;
	u32 words = m->family == 6 ? 4 : 1;

	if (m->type == FWT_MOD_NODE) {
		fwt_node_words(&v->prog.foreign[m->a], v->prog.arg, v->prog.string, buf, size);
		return;
	}
	n = snprintf(buf, size, "%s", name[m->type]);
	if (m->flags & FWT_MOD_MAP)
		n += put_map(buf + n, size - n, v, m);
	else if (fwt_set_is(m->type) && m->flags & FWT_MOD_FIELD)
		n += snprintf(buf + n, size - n, " %s", fwt_field_info[m->a].name);
	else if (fwt_set_is(m->type))
		n += snprintf(buf + n, size - n, " %u", m->a);
	else if ((m->type == FWT_MOD_LOG || m->type == FWT_MOD_NFLOG) && m->a != FWT_NONE)
		n += snprintf(buf + n, size - n, " \"%s\"",
			      fwt_program_string(&v->prog, m->a));
	else if (fwt_mod_is_update(m))
		n += put_update(buf + n, size - n, v, m);
	else if (m->type == FWT_MOD_COUNT)
		n += snprintf(buf + n, size - n, " %s",
			      fwt_program_string(&v->prog, v->prog.counter[m->a]));
	else if (m->type == FWT_MOD_BALANCE)
		n += snprintf(buf + n, size - n, "%s%s",
			      fwt_program_string(&v->prog, v->prog.object[m->a].name),
			      m->flags & FWT_MOD_PERSISTENT ? " persistent" : "");
	if (n < size && m->type == FWT_MOD_BALANCE && m->flags & FWT_MOD_OR_REJECT)
		n += snprintf(buf + n, size - n, " or reject%s%s",
			      m->addr_lo[0] ? " with " : "",
			      m->addr_lo[0] ? fwt_reject_name(m->addr_lo[0]) : "");
	if (n < size && m->type == FWT_MOD_NFLOG)
		n += snprintf(buf + n, size - n, " group %u", m->port_lo);
	if (n >= size)
		return;
	if (m->flags & FWT_MOD_IFADDR) {
		n += snprintf(buf + n, size - n, " addr(%s)",
			      ifname(v, m->addr_lo[0], lo));
	} else if (m->family && m->type != FWT_MOD_MASQUERADE) {
		put_value(lo, sizeof(lo), field, words, m->addr_lo);
		put_value(hi, sizeof(hi), field, words, m->addr_hi);
		n += snprintf(buf + n, size - n, " %s%s%s", lo,
			      strcmp(lo, hi) ? "-" : "", strcmp(lo, hi) ? hi : "");
	}
	if (n < size && m->flags & FWT_MOD_PORTS)
		snprintf(buf + n, size - n, " ports %u-%u", m->port_lo, m->port_hi);
}

static void put_forest(char *buf, size_t size, const struct view *v, u32 index)
{
	const struct fwt_prog_forest *f = &v->prog.forest[index];

	snprintf(buf, size, "forest %u: %u trees for IPv4, %u for IPv6, %u for others",
		 index, f->n_trees[FWT_PART_IPV4], f->n_trees[FWT_PART_IPV6],
		 f->n_trees[FWT_PART_OTHER]);
}

static const char *verdict_name(u32 verdict)
{
	return verdict == FWT_VERDICT_ACCEPT ? "accept" :
	       verdict == FWT_VERDICT_DROP ? "drop" :
	       verdict == FWT_VERDICT_QUEUE ? "queue" :
	       verdict == FWT_VERDICT_QUEUE_BYPASS ? "queue bypass" : "reject";
}

static void put_rule(char *buf, size_t size, const struct view *v, u32 rule)
{
	const struct fwt_prog_rule *r = &v->prog.rule[rule];

	if (rule == FWT_NONE)
		snprintf(buf, size, "no rule");
	else
		snprintf(buf, size, "%s:%u",
			 fwt_program_string(&v->prog, v->prog.file[r->file].name),
			 r->line);
}

/* A node's sentence, and where it leads. */
static void print_node(const struct view *v, u32 i)
{
	const struct fwt_prog_node *n = &v->prog.node[i];
	static const char *const type[] = {
		[FWT_NODE_TEST] = "test", [FWT_NODE_SELECT] = "select",
		[FWT_NODE_ENTER] = "enter", [FWT_NODE_MOD] = "modify",
		[FWT_NODE_CALL] = "call", [FWT_NODE_RETURN] = "return",
		[FWT_NODE_VERDICT] = "verdict", [FWT_NODE_FOREST] = "search",
		[FWT_NODE_MISS] = "miss",
	};
	bool yes = n->type == FWT_NODE_TEST || n->type == FWT_NODE_ENTER ||
		   n->type == FWT_NODE_MOD || n->type == FWT_NODE_CALL;
	bool no = n->type == FWT_NODE_TEST || n->type == FWT_NODE_SELECT ||
		  n->type == FWT_NODE_CALL || n->type == FWT_NODE_FOREST ||
		  (n->type == FWT_NODE_MOD && n->no != FWT_NONE);
	char what[1024] = "", place[300];

	switch (n->type) {
	case FWT_NODE_TEST:
	case FWT_NODE_SELECT:
		put_test(what, sizeof(what), v, n->arg);
		break;
	case FWT_NODE_ENTER:
		put_rule(what, sizeof(what), v, n->arg);
		break;
	case FWT_NODE_MOD:
		put_mod(what, sizeof(what), v, n->arg);
		break;
	case FWT_NODE_FOREST:
		put_forest(what, sizeof(what), v, n->arg);
		break;
	case FWT_NODE_VERDICT:
		put_rule(place, sizeof(place), v, n->arg);
		snprintf(what, sizeof(what), "%s by %s", verdict_name(n->sub), place);
		break;
	}
	out_row();
	out_cell_num("node", OUT_PLAIN, i);
	out_cell_str("type", type[n->type]);
	if (yes)
		out_cell_num("yes", OUT_PLAIN, n->yes);
	else
		out_cell_text("%s", "");
	if (no)
		out_cell_num("no", OUT_PLAIN, n->no);
	else
		out_cell_text("%s", "");
	out_cell_str("text", what);
	out_row_end();
}

void view_print_nodes(const struct view *v)
{
	static const struct out_column hook_columns[] = {
		{ "HOOK", false }, { "DEVICE", false }, { "NODE", true },
	};
	static const struct out_column node_columns[] = {
		{ "NODE", true }, { "TYPE", false }, { "YES", true },
		{ "NO", true }, { "WHAT", false },
	};
	char name[64];
	u32 i;

	out_table("hooks", hook_columns, 3);
	for (i = 0; i < v->prog.n[FWT_SEC_HOOKS]; i++) {
		const struct fwt_prog_hook *h = &v->prog.hook[i];

		out_row();
		out_cell_str("hook", fwctl_hooks(name, sizeof(name),
						 FWT_HOOK_BIT(h->hook)));
		out_cell_str("device", h->dev == FWT_NONE ? NULL :
			     ifname(v, h->dev, name));
		out_cell_num("node", OUT_PLAIN, h->root);
		out_row_end();
	}
	out_table_end();
	out_text("\n");
	out_table("nodes", node_columns, 5);
	for (i = 0; i < v->prog.n[FWT_SEC_NODES]; i++)
		print_node(v, i);
	out_table_end();
}
