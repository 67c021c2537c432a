// SPDX-License-Identifier: GPL-2.0
/*
 * Live sets in a simulation: the module's own (kmod/set.c), changed and asked as fwctl
 * does it, by elements as they are written in a policy.
 */
#include "kernel.h"
#include "policy.h"
#include "set.h"
#include "set_text.h"
#include "dns_state.h"
#include "duration.h"
#include "sim.h"
#include "sim_names.h"

struct request {
	char name[256];
	char element[FWT_SET_TEXT];
	u64 ms;
};

/* "NAME ELEMENT [timeout D]"; false where it is none. */
static bool read_request(const char *line, struct request *r)
{
	const char *at = line + strspn(line, " \t"), *timeout;
	size_t len = strcspn(at, " \t");

	memset(r, 0, sizeof(*r));
	if (!len || len >= sizeof(r->name))
		return false;
	memcpy(r->name, *at == '@' ? at + 1 : at, *at == '@' ? len - 1 : len);
	at += len + strspn(at + len, " \t");
	timeout = strstr(at, " timeout ");
	len = timeout ? (size_t)(timeout - at) : strlen(at);
	while (len && strchr(" \t\r\n", at[len - 1]))
		len--;
	if (len >= sizeof(r->element) || strpbrk(at, "{};#\\"))
		return false;
	memcpy(r->element, at, len);
	if (!timeout)
		return true;
	timeout += strlen(" timeout ");
	len = strcspn(timeout, " \t\r\n");
	return !timeout[len + strspn(timeout + len, " \t\r\n")] &&
	       !fwt_duration_read(timeout, len, &r->ms) && r->ms && r->ms <= FWT_SET_TIMEOUT_MAX;
}

struct read {
	struct fwt_blob blob;
	struct fwt_program prog;
};

static int read_elements(struct fwt_sim *sim, const struct fwt_set *s, const struct request *r,
			 bool keys, struct read *to)
{
	struct fwt_diag diag;
	int ret;

	fwt_diag_init(&diag);
	ret = fwt_set_read(s->head.param, r->element, NULL, keys, &diag, &to->blob, &to->prog);
	if (ret)
		sim_set_error(sim, "%s", diag.count ? diag.entries[0].message : "out of memory");
	fwt_diag_clean(&diag);
	return ret ? -1 : 0;
}

/* Each element of the text: returns what @fn returns, if it is not 0. */
static int each(const struct fwt_set *s, const struct read *from, u64 ms,
		int (*fn)(struct fwt_set *s, const struct fwt_set_elem *e))
{
	const u32 *p = from->prog.object[0].param;
	u32 six, i;
	int ret = 0;

	for (six = 0; six < 2; six++) {
		u32 set = p[FWT_SETP_ELEMENTS4 + six], words = s->shape.words[six];
		u32 values = p[FWT_SETP_VALUES4 + six];
		const u32 *at;

		if (set == FWT_NONE)
			continue;
		at = from->prog.word + from->prog.set[set].data;
		for (i = 0; i < from->prog.set[set].count && !ret; i++, at += 2 * words) {
			struct fwt_set_elem e = {
				.six = six, .low = at, .high = at + words, .ms = ms,
			};

			if (values != FWT_NONE)
				e.value = from->prog.word + values +
					  (size_t)i * s->shape.value_words[six];
			ret = fn((struct fwt_set *)s, &e);
		}
	}
	return ret;
}

/* By a key alone, what a map gives in either family. */
static int delete(struct fwt_set *s, const struct fwt_set_elem *e)
{
	struct fwt_set_elem other = *e;
	int ret = fwt_set_delete(s, e);

	if (e->six || e->value || !s->shape.split || s->shape.words[0] != s->shape.words[1])
		return ret;
	other.six = true;
	return fwt_set_delete(s, &other) ? ret : 0;
}

static struct fwt_set *find(struct fwt_sim *sim, const char *name)
{
	struct fwt_object *o = fwt_object_find(sim_net_of(sim), FWT_OBJECT_SET, name);

	if (o) {
		fwt_set_rest(o);
		return fwt_set_of(o);
	}
	sim_set_error(sim, "the policy has no set '%s'", name);
	return NULL;
}

int fwt_sim_set(struct fwt_sim *sim, const char *line)
{
	const char *word = line + strspn(line, " \t");
	size_t len = strcspn(word, " \t");
	struct read from;
	struct request r;
	struct fwt_set *s;
	bool add = len == 3 && !strncmp(word, "add", 3);
	bool flush = len == 5 && !strncmp(word, "flush", 5);
	bool gone = len == 6 && !strncmp(word, "delete", 6);
	int ret;

	if ((!add && !flush && !gone) || !read_request(word + len, &r))
		return sim_set_error(sim, "did not understand '%s'", line);
	s = find(sim, r.name);
	if (!s)
		return -1;
	if (flush) {
		fwt_set_flush(s);
		fwt_set_settle(s, false);
		return 0;
	}
	if (read_elements(sim, s, &r, !add, &from))
		return -1;
	ret = each(s, &from, r.ms, add ? fwt_set_insert : delete);
	fwt_set_settle(s, false);
	fwt_blob_free(&from.blob);
	if (ret)
		return sim_set_error(sim, ret == -ENOENT ? "set '%s' has no such element" :
				     ret == -ENOSPC ? "set '%s' is full" : "out of memory",
				     r.name);
	return 0;
}

static int is_in(struct fwt_set *s, const struct fwt_set_elem *e)
{
	return fwt_set_has(s, s->phase, e->six, e->low, NULL, NULL) &&
	       fwt_set_has(s, s->phase, e->six, e->high, NULL, NULL) ?
	       0 : -ENOENT;
}

int fwt_sim_set_has(struct fwt_sim *sim, const char *name, const char *element)
{
	struct request r = { .ms = 0 };
	struct fwt_set *s;
	struct read from;
	int ret;

	s = find(sim, *name == '@' ? name + 1 : name);
	if (!s || strlen(element) >= sizeof(r.element))
		return -1;
	strcpy(r.element, element);
	if (read_elements(sim, s, &r, true, &from))
		return -1;
	ret = each(s, &from, 0, is_in);
	fwt_blob_free(&from.blob);
	return !ret;
}

struct dump {
	const struct fwt_set *s;
	struct fwt_vec *to;
	bool failed;
};

static void dump_one(void *ctx, const struct fwt_set_elem *e)
{
	struct dump *d = ctx;

	if (e->file)
		d->failed |= !fwt_dns_elem_add(d->to, e->six, e->low, e->high,
					       d->s->shape.words[e->six]);
}

bool sim_set_dump(struct fwt_sim *sim, const char *name, struct fwt_vec *to)
{
	struct dump d = { .s = find(sim, name), .to = to };
	struct fwt_set_cursor at = { 0 };

	if (!d.s)
		return true;
	while (fwt_set_next((struct fwt_set *)d.s, &at, dump_one, &d))
		;
	return !d.failed;
}

void sim_set_change(struct fwt_sim *sim, const char *name, const struct fwt_vec *v, bool add)
{
	const struct fwt_dns_elem *at = v->data;
	struct fwt_set *s = find(sim, name);
	u32 i;

	for (i = 0; s && i < v->count; i++) {
		struct fwt_set_elem e = {
			.six = at[i].six, .file = true, .low = at[i].low, .high = at[i].high,
		};

		if (add)
			fwt_set_insert(s, &e);
		else
			fwt_set_delete(s, &e);
	}
	if (s)
		fwt_set_settle(s, false);
}

void sim_sets_collect(struct fwt_sim *sim)
{
	const struct fwt_policy *pol = sim_net_of(sim)->policy;
	struct fwt_object *o;
	struct work_struct *w;
	u32 i;

	for (i = 0; pol && i < pol->prog.n[FWT_SEC_OBJECTS]; i++) {
		o = pol->object[i];
		if (o->kind != FWT_OBJECT_SET)
			continue;
		w = &fwt_set_of(o)->work.work;
		w->func(w);
	}
}
