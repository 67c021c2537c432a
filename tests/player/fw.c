// SPDX-License-Identifier: GPL-2.0
#include <jansson.h>
#include <stdlib.h>

#include "fw.h"

bool fw_apply(const char *ns, const char *policy)
{
	char command[100];
	FILE *f;

	snprintf(command, sizeof(command), "fwctl -n %s apply - >&2", ns);
	f = popen(command, "w");
	return f && fputs(policy, f) >= 0 && !pclose(f);
}

static json_t *ask(const char *ns, const char *what)
{
	char command[100];
	json_error_t e;
	json_t *j;
	FILE *f;

	snprintf(command, sizeof(command), "fwctl -j -n %s %s 2>fwctl.err", ns, what);
	f = popen(command, "r");
	if (!f)
		return NULL;
	j = json_loadf(f, 0, &e);
	if (!j)
		fprintf(stderr, "%s: %s\n", command, e.text);
	if (!pclose(f))
		return j;
	if (system("cat fwctl.err >&2"))
		perror("fwctl.err");
	json_decref(j);
	return NULL;
}

static u64 number(const json_t *j, const char *key)
{
	return (u64)json_integer_value(json_object_get(j, key));
}

static const char *string(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static int port(const json_t *j, const char *key)
{
	const json_t *p = json_object_get(j, key);

	return p ? (int)json_integer_value(p) : -1;
}

static void get_dir(const json_t *j, struct entry_dir *d, bool original)
{
	bool icmp = json_object_get(j, "icmp_id");

	d->saddr = string(j, "saddr");
	d->daddr = string(j, "daddr");
	d->sport = port(j, icmp && original ? "icmp_id" : "sport");
	d->dport = port(j, icmp && !original ? "icmp_id" : "dport");
	d->packets = number(j, "packets");
	d->bytes = number(j, "bytes");
}

bool fw_conns(const char *ns, void (*fn)(const struct entry *e, void *arg), void *arg)
{
	json_t *all = ask(ns, "conn list"), *j;
	struct entry e;
	size_t i;

	if (!all)
		return false;
	json_array_foreach(all, i, j) {
		e.id = number(j, "id");
		e.state = string(j, "state");
		e.protocol = string(j, "protocol");
		e.timeout = number(j, "timeout");
		e.assured = json_is_true(json_object_get(j, "assured"));
		e.tentative = json_is_true(json_object_get(j, "tentative"));
		e.snat = json_is_true(json_object_get(j, "snat"));
		e.dnat = json_is_true(json_object_get(j, "dnat"));
		e.iif = string(j, "iif");
		e.oif = string(j, "oif");
		e.mark = (u32)number(j, "mark");
		get_dir(json_object_get(j, "original"), &e.dir[0], true);
		get_dir(json_object_get(j, "reply"), &e.dir[1], false);
		fn(&e, arg);
	}
	json_decref(all);
	return true;
}

bool fw_reasons(const char *ns, u64 *value)
{
	json_t *all = ask(ns, "stats"), *reasons;
	unsigned int i;

	if (!all)
		return false;
	reasons = json_object_get(all, "reasons");
	for (i = 1; i < __FWT_REASON_MAX; i++)
		value[i] = number(json_object_get(reasons, fwt_reason_info[i].name),
				  "value");
	json_decref(all);
	return true;
}

bool fw_change(const char *ns, const char *object, const char *change)
{
	char command[200];

	snprintf(command, sizeof(command), "fwctl -n %s %s %s >/dev/null 2>&1", ns, object, change);
	return !system(command);
}

bool fw_seen(const char *ns, bool *seen)
{
	json_t *all = ask(ns, "set list seen"), *e;
	unsigned int n;
	size_t i;

	if (!all)
		return false;
	memset(seen, 0, FW_SEEN_MAX * sizeof(*seen));
	json_array_foreach(all, i, e)
		if (sscanf(string(e, "element"), "10.1.0.%u", &n) == 1 && n < FW_SEEN_MAX &&
		    !strchr(string(e, "element"), '/'))
			seen[n] = true;
	json_decref(all);
	return true;
}
