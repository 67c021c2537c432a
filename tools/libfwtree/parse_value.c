// SPDX-License-Identifier: GPL-2.0
/*
 * Values: words, ranges, joined values, and what stands behind a $NAME.
 *
 * A $NAME is kept as one node while its list grows, and replaced when the list
 * is complete: alone, it shares the define's list (a define of ten thousand
 * prefixes used a hundred times is ten thousand nodes); among others, it is
 * copied, within a limit.
 */
#include <arpa/inet.h>
#include <string.h>

#include "parse_build.h"

/* No memory: everything after this stops at the next token */
void *fwt_new(struct fwt_parser *p, size_t size)
{
	void *node = fwt_arena_alloc(p->ast->arena, size);

	if (!node)
		p->no_memory = true;
	return node;
}

void fwt_set_name(struct fwt_name *name, struct fwt_atom *atom, const struct fwt_lloc *lloc)
{
	name->text = atom->text;
	name->loc = lloc->loc;
}

struct fwt_atom *fwt_name_quoted(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_atom *atom)
{
	if (atom->len > FWT_PARSE_WORD_MAX)
		fwt_error(p->diag, &lloc->loc, "a name of more than %u characters",
			  FWT_PARSE_WORD_MAX);
	return atom;
}

struct fwt_value *fwt_alone(struct fwt_value *v)
{
	if (v)
		v->next = v;
	return v;
}

/* Two circular lists, held by their last nodes, become one */
struct fwt_value *fwt_splice(struct fwt_value *a, struct fwt_value *b)
{
	struct fwt_value *first;

	if (!a || !b)
		return a ? a : b;
	first = a->next;
	a->next = b->next;
	b->next = first;
	return b;
}

static struct fwt_value *value_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   unsigned int kind)
{
	struct fwt_value *v = fwt_new(p, sizeof(*v));

	if (!v)
		return NULL;
	v->loc = lloc->loc;
	v->kind = kind;
	return fwt_alone(v);
}

struct fwt_value *fwt_word_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       enum fwt_value_kind kind, struct fwt_atom *atom)
{
	struct fwt_value *v = value_new(p, lloc, kind);

	if (!v)
		return NULL;
	v->text = atom->text;
	if (kind == FWT_VALUE_WORD && atom->len && atom->text[atom->len - 1] == '*')
		v->flags = FWT_VALUE_WILDCARD;
	if (kind == FWT_VALUE_SETREF)
		fwt_resolvers_used(p, lloc, atom);
	return v;
}

struct fwt_value *fwt_defref_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_atom *atom)
{
	struct fwt_value *v;
	struct fwt_suggest s;
	struct fwt_define *d;
	char buf[300];

	if (atom->decl[FWT_DECL_DEFINE]) {
		v = value_new(p, lloc, FWT_VALUE_DEFREF);
		if (v)
			v->text = atom->text;
		return v;
	}
	fwt_suggest_init(&s, atom->text);
	for (d = p->ast->defines; d && p->diag->errors < FWT_DIAG_MAX; d = d->next)
		fwt_suggest_try(&s, d->name.text);
	fwt_error_hint(p->diag, &lloc->loc, fwt_suggest_hint(&s, buf, sizeof(buf)),
		       "'$%s' is not defined before this", atom->text);
	return value_new(p, lloc, FWT_VALUE_ERROR);
}

static const struct fwt_values *define_of(const struct fwt_value *ref)
{
	const struct fwt_define *d = fwt_atom_of(ref->text)->decl[FWT_DECL_DEFINE];

	return &d->values;
}

/* Copies of a define's values, at the place of use; circular */
static struct fwt_value *copy(struct fwt_parser *p, const struct fwt_value *ref)
{
	const struct fwt_values *from = define_of(ref);
	struct fwt_value *list = NULL, *c;
	const struct fwt_value *v;

	if (from->count > FWT_PARSE_COPIES_MAX - p->copies) {
		fwt_error(p->diag, &ref->loc, "the defines grow to more than %u values",
			  FWT_PARSE_COPIES_MAX);
		p->copies = FWT_PARSE_COPIES_MAX;
		return NULL;
	}
	p->copies += from->count;
	for (v = from->first; v; v = v->next) {
		c = fwt_new(p, sizeof(*c));
		if (!c)
			return NULL;
		*c = *v;
		c->next = NULL;
		c->loc = ref->loc;
		list = fwt_push(list, c);
	}
	return list;
}

struct fwt_values fwt_values_finish(struct fwt_parser *p, struct fwt_value *last,
				    const struct fwt_lloc *lloc)
{
	struct fwt_value *v, **link, *next, *copies;
	struct fwt_values out = { .loc = lloc->loc };

	if (last && last->next == last && last->kind == FWT_VALUE_DEFREF) {
		out.first = define_of(last)->first;
		out.count = define_of(last)->count;
		return out;
	}
	out.first = fwt_open_list(last);
	for (link = &out.first; (v = *link); ) {
		if (v->kind != FWT_VALUE_DEFREF) {
			out.count++;
			link = &v->next;
			continue;
		}
		next = v->next;
		copies = copy(p, v);
		if (copies) {
			out.count += define_of(v)->count;
			*link = copies->next;
			copies->next = next;
			link = &copies->next;
		} else {
			*link = next;
		}
	}
	return out;
}

/* What must be one value; a define of several is an error, said of @what */
struct fwt_value *fwt_value_one(struct fwt_parser *p, struct fwt_value *last,
				const struct fwt_lloc *lloc, const char *what)
{
	struct fwt_values values = fwt_values_finish(p, last, lloc);
	struct fwt_value *one;

	if (p->no_memory)
		return NULL;
	if (values.count != 1)
		fwt_error(p->diag, &lloc->loc, "%s is one value, here are %u", what,
			  values.count);
	one = fwt_new(p, sizeof(*one));
	if (!one)
		return NULL;
	if (values.count == 1)
		*one = *values.first;
	one->loc = lloc->loc;
	one->next = NULL;
	return one;
}

static bool is_literal(const struct fwt_value *v)
{
	switch (v->kind) {
	case FWT_VALUE_WORD:
		return !(v->flags & FWT_VALUE_WILDCARD);
	case FWT_VALUE_ERROR:
	case FWT_VALUE_STRING:
	case FWT_VALUE_NUMBER:
	case FWT_VALUE_DURATION:
	case FWT_VALUE_SIZE:
	case FWT_VALUE_IPV4:
	case FWT_VALUE_IPV6:
	case FWT_VALUE_MAC:
		return true;
	default:
		return false;
	}
}

#define RANGE_ENDS "a range goes from one address or number to another"

/* Where both ends can be told apart already; words wait for the compiler */
static bool in_order(const struct fwt_value *lo, const struct fwt_value *hi)
{
	if (lo->kind != hi->kind)
		return true;
	switch (lo->kind) {
	case FWT_VALUE_NUMBER:
	case FWT_VALUE_DURATION:
	case FWT_VALUE_SIZE:
		return lo->number <= hi->number;
	case FWT_VALUE_IPV4:
	case FWT_VALUE_IPV6:
	case FWT_VALUE_MAC:
		return memcmp(lo->addr, hi->addr, sizeof(lo->addr)) <= 0;
	default:
		return true;
	}
}

struct fwt_value *fwt_range_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				struct fwt_value *lo, const struct fwt_lloc *lo_lloc,
				struct fwt_value *hi, const struct fwt_lloc *hi_lloc)
{
	struct fwt_value *v = value_new(p, lloc, FWT_VALUE_ERROR);

	lo = fwt_value_one(p, lo, lo_lloc, "the end of a range");
	hi = fwt_value_one(p, hi, hi_lloc, "the end of a range");
	if (!v || !lo || !hi)
		return v;
	if (!is_literal(lo)) {
		fwt_error(p->diag, &lo_lloc->loc, RANGE_ENDS);
	} else if (!is_literal(hi)) {
		fwt_error(p->diag, &hi_lloc->loc, RANGE_ENDS);
	} else if (!in_order(lo, hi)) {
		fwt_error(p->diag, &lloc->loc, "the range ends before it begins");
	} else if (lo->kind != FWT_VALUE_ERROR && hi->kind != FWT_VALUE_ERROR) {
		v->kind = FWT_VALUE_RANGE;
		v->range.lo = lo;
		v->range.hi = hi;
	}
	return v;
}

/* addr(IF) or net(IF): one for each interface that a define holds */
struct fwt_value *fwt_of_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			     enum fwt_value_kind kind, struct fwt_value *name)
{
	struct fwt_values names = fwt_values_finish(p, name, lloc);
	struct fwt_value *list = NULL, *v;
	const struct fwt_value *n;

	if (names.count > FWT_PARSE_COPIES_MAX - p->copies) {
		fwt_error(p->diag, &lloc->loc, "the defines grow to more than %u values",
			  FWT_PARSE_COPIES_MAX);
		return value_new(p, lloc, FWT_VALUE_ERROR);
	}
	p->copies += names.count;
	for (n = names.first; n; n = n->next) {
		v = value_new(p, lloc, kind);
		if (!v)
			return NULL;
		if (n->kind == FWT_VALUE_WORD) {
			v->flags = n->flags;
			v->text = n->text;
		} else if (n->kind == FWT_VALUE_STRING) {
			v->flags = FWT_VALUE_QUOTED;
			v->text = n->text;
		} else {
			v->kind = FWT_VALUE_ERROR;
			if (n->kind != FWT_VALUE_ERROR)
				fwt_error(p->diag, &lloc->loc,
					  "addr() and net() take the name of an interface");
		}
		list = fwt_splice(list, v);
	}
	return list ? list : value_new(p, lloc, FWT_VALUE_ERROR);
}

/* As many parts as are worth reading; the compiler wants as many as fields */
#define PARTS_MAX 16

struct fwt_value *fwt_join_add(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       struct fwt_value *join, struct fwt_value *b,
			       const struct fwt_lloc *b_lloc)
{
	struct fwt_values part = fwt_values_finish(p, b, b_lloc);
	const struct fwt_value *v;

	if (!join || p->no_memory)
		return join;
	for (v = part.first; v; v = v->next) {
		if (v->kind != FWT_VALUE_JOIN)
			continue;
		fwt_error(p->diag, &b_lloc->loc, "a joined value cannot be joined again");
		part.count = 0;
		break;
	}
	join->loc = lloc->loc;
	if (join->parts.count == PARTS_MAX) {
		fwt_error(p->diag, &b_lloc->loc, "more than %d values are joined", PARTS_MAX);
		return join;
	}
	/* the room doubles whenever the count is a power of two: 2, 4, 8, 16 */
	if (join->parts.count >= 2 && !(join->parts.count & (join->parts.count - 1))) {
		struct fwt_values *more = fwt_new(p, 2 * join->parts.count * sizeof(*more));

		if (!more)
			return join;
		memcpy(more, join->parts.part, join->parts.count * sizeof(*more));
		join->parts.part = more;
	}
	if (part.count)
		join->parts.part[join->parts.count++] = part;
	return join;
}

struct fwt_value *fwt_join_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       struct fwt_value *a, const struct fwt_lloc *a_lloc,
			       struct fwt_value *b, const struct fwt_lloc *b_lloc)
{
	struct fwt_value *join = value_new(p, lloc, FWT_VALUE_JOIN);

	if (!join)
		return NULL;
	join->parts.part = fwt_new(p, 2 * sizeof(*join->parts.part));
	if (!join->parts.part)
		return NULL;
	fwt_join_add(p, lloc, join, a, a_lloc);
	return fwt_join_add(p, lloc, join, b, b_lloc);
}

struct fwt_value *fwt_join_finish(struct fwt_parser *p, struct fwt_value *join,
				  const struct fwt_lloc *lloc)
{
	(void)p;
	if (!join)
		return NULL;
	join->loc = lloc->loc;
	/* an error took parts away */
	if (join->parts.count < 2)
		join->kind = FWT_VALUE_ERROR;
	return join;
}

struct fwt_fields fwt_fields_finish(struct fwt_ast_ref *last, const struct fwt_lloc *lloc)
{
	struct fwt_fields out = { .loc = lloc->loc };
	struct fwt_ast_ref *f;

	out.first = fwt_open_list(last);
	for (f = out.first; f; f = f->next)
		out.count++;
	return out;
}

/*
 * 2001:db8::1:80 where a port may follow an address: one address, but was it
 * meant so? It was, unless what stands before the last colon is an address by
 * itself and what stands behind it looks like a port.
 */
void fwt_port_warning(struct fwt_parser *p, const struct fwt_value *v)
{
	const struct fwt_loc *loc = &v->loc;
	unsigned char addr[16];
	char text[64], hint[320];
	const char *line;
	size_t len, i;
	char *colon;

	if (v->kind != FWT_VALUE_IPV6 || (v->flags & FWT_VALUE_BRACKETED))
		return;
	line = fwt_source_line(p->ast->sources, loc, &len);
	if (!line || loc->end_column <= loc->column || loc->end_column > len + 1)
		return;
	len = loc->end_column - loc->column;
	if (len >= sizeof(text))
		return;
	memcpy(text, line + loc->column - 1, len);
	text[len] = 0;
	colon = strrchr(text, ':');
	if (!colon || !colon[1])
		return;
	*colon = 0;
	for (i = 1; colon[i]; i++)
		if (colon[i] < '0' || colon[i] > '9')
			return;
	if (i < 3 || inet_pton(AF_INET6, text, addr) != 1)
		return;
	snprintf(hint, sizeof(hint), "with a port it is [%s]:%s, without one [%s:%s]", text,
		 colon + 1, text, colon + 1);
	fwt_diag_add(p->diag, FWT_WARNING, loc, hint,
		     "':%s' is read as a part of the address, not as a port", colon + 1);
}
