// SPDX-License-Identifier: GPL-2.0
/*
 * Words and the numbers behind them: the tables of names.h and names_words.h
 * put into arrays, and what the system's own files know besides.
 *
 * The built-in lists are short (some 90 services at the most) and a policy asks
 * a word once per use, so they are searched from the front; the system's files
 * are not, each getservbyname_r() reads /etc/services from its beginning. The
 * resolver therefore remembers every answer, also the one that there is none.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* getservbyname_r() */
#endif
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "diag.h"
#include "rlu.h"
#include "names.h"
#include "names_words.h"

struct word {
	const char *word;
	uint64_t value;
};

#define WORD(word, value) { word, value },
#define X(class, noun) \
	static const struct word words_##class[] = { FWT_WORDS_##class(WORD) { NULL, 0 } };
FWT_CLASSES(X)
#undef X

static const struct {
	const struct word *words;
	const char *noun;
} classes[] = {
#define X(class, noun) [FWT_CLASS_##class] = { words_##class, noun },
	FWT_CLASSES(X)
#undef X
};

/* Fields */

static const struct {
	const char *words;
	enum fwt_ast_field field;
	enum fwt_implies implies;
} field_names[] = {
#define X(words, field, implies) { words, FWT_AST_##field, FWT_IMPLIES_##implies },
	FWT_FIELD_NAMES(X)
#undef X
};

static const struct {
	const char *words;
	enum fwt_ast_field field;
} set_targets[] = {
#define X(words, field) { words, FWT_AST_##field },
	FWT_SET_TARGETS(X)
#undef X
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

const char *fwt_field_words(enum fwt_ast_field field, enum fwt_implies implies)
{
	const char *plain = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(field_names); i++) {
		if (field_names[i].field != field)
			continue;
		if (field_names[i].implies == implies)
			return field_names[i].words;
		if (!plain)
			plain = field_names[i].words;
	}
	return plain ? plain : "(unknown field)";
}

bool fwt_field_is_word(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(field_names); i++)
		if (!strcmp(field_names[i].words, word))
			return true;
	return false;
}

const struct fwt_ast_field_info *fwt_ast_field_info(enum fwt_ast_field field)
{
	static const struct fwt_ast_field_info info[FWT_AST_FIELD_COUNT] = {
		[FWT_AST_FIELD_ERROR] = { FWT_CLASS_NUMBER, 0 },
#define X(field, class, bits) [FWT_AST_##field] = { FWT_CLASS_##class, bits },
		FWT_AST_FIELDS(X)
#undef X
	};

	return &info[field < FWT_AST_FIELD_COUNT ? field : 0];
}

int fwt_implies_protocol(enum fwt_implies implies)
{
	switch (implies) {
	case FWT_IMPLIES_TCP:
		return IPPROTO_TCP;
	case FWT_IMPLIES_UDP:
		return IPPROTO_UDP;
	case FWT_IMPLIES_SCTP:
		return IPPROTO_SCTP;
	case FWT_IMPLIES_DCCP:
		return IPPROTO_DCCP;
	case FWT_IMPLIES_UDPLITE:
		return IPPROTO_UDPLITE;
	default:
		return -1;
	}
}

const char *fwt_set_target_words(enum fwt_ast_field field)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(set_targets); i++)
		if (set_targets[i].field == field)
			return set_targets[i].words;
	return NULL;
}

/* The small closed lists */

enum fwt_type fwt_type_find(const char *word)
{
#define X(id, text, class)				\
	if (!strcmp(word, text))			\
		return FWT_TYPE_##id;
	FWT_TYPES(X)
#undef X
	return FWT_TYPE_ERROR;
}

static const struct {
	const char *name;
	enum fwt_value_class class;
} types[FWT_TYPE_COUNT] = {
	[FWT_TYPE_ERROR] = { "(unknown type)", FWT_CLASS_NUMBER },
#define X(id, text, class) [FWT_TYPE_##id] = { text, FWT_CLASS_##class },
	FWT_TYPES(X)
#undef X
};

const char *fwt_type_name(enum fwt_type type)
{
	return types[type < FWT_TYPE_COUNT ? type : FWT_TYPE_ERROR].name;
}

enum fwt_value_class fwt_type_class(enum fwt_type type)
{
	return types[type < FWT_TYPE_COUNT ? type : FWT_TYPE_ERROR].class;
}

/* word -> id and back, for the lists of two columns */
#define LIST(list, name, prefix, type)				\
type name##_find(const char *word)				\
{								\
	size_t i;						\
								\
	for (i = 0; i < prefix##_COUNT; i++)			\
		if (list[i] && !strcmp(word, list[i]))		\
			return i;				\
	return prefix##_COUNT;					\
}								\
								\
const char *name##_name(type id)				\
{								\
	return (unsigned int)id < prefix##_COUNT ? list[id] : NULL;	\
}

#define X(id, word) [FWT_AST_REJECT_##id] = word,
static const char *const rejects[FWT_AST_REJECT_COUNT] = { FWT_REJECTS(X) };
#undef X
LIST(rejects, fwt_reject, FWT_AST_REJECT, enum fwt_ast_reject)

#define X(id, word) [FWT_SCHEDULER_##id] = word,
static const char *const schedulers[FWT_SCHEDULER_COUNT] = { FWT_SCHEDULERS(X) };
#undef X
LIST(schedulers, fwt_scheduler, FWT_SCHEDULER, enum fwt_scheduler)

#define X(id, word) [FWT_AST_TIMEOUT_##id] = word,
static const char *const timeouts[FWT_AST_TIMEOUT_COUNT] = { FWT_TIMEOUT_STATES(X) };
#undef X
LIST(timeouts, fwt_timeout, FWT_AST_TIMEOUT, enum fwt_timeout_state)

#define X(id, word, form, words) [FWT_OPT_##id] = word,
static const char *const options[FWT_OPT_COUNT] = { FWT_AST_OPTIONS(X) };
#undef X
LIST(options, fwt_option, FWT_OPT, enum fwt_option_id)

enum fwt_option_form fwt_option_form(enum fwt_option_id id)
{
	static const enum fwt_option_form forms[FWT_OPT_COUNT] = {
#define X(id, word, form, words) [FWT_OPT_##id] = FWT_OPTION_##form,
		FWT_AST_OPTIONS(X)
#undef X
	};

	return forms[id];
}

const char *fwt_option_words(enum fwt_option_id id)
{
	static const char *const words[FWT_OPT_COUNT] = {
#define X(id, word, form, words) [FWT_OPT_##id] = words,
		FWT_AST_OPTIONS(X)
#undef X
	};

	return words[id];
}

/* The resolver */

struct memory {
	struct memory *next;
	uint64_t value;
	int ret;
	int class;
	int protocol;
	char word[];
};

#define MEMORY_BUCKETS 256

struct fwt_resolver {
	struct memory *memory[MEMORY_BUCKETS];
	bool asked;
};

struct fwt_resolver *fwt_resolver_alloc(void)
{
	return calloc(1, sizeof(struct fwt_resolver));
}

bool fwt_resolver_asked(const struct fwt_resolver *resolver)
{
	return resolver->asked;
}

void fwt_resolver_free(struct fwt_resolver *resolver)
{
	struct memory *m, *next;
	size_t i;

	if (!resolver)
		return;
	for (i = 0; i < MEMORY_BUCKETS; i++) {
		for (m = resolver->memory[i]; m; m = next) {
			next = m->next;
			free(m);
		}
	}
	free(resolver);
}

static int find_word(enum fwt_value_class class, const char *word, uint64_t *value)
{
	const struct word *w;

	for (w = classes[class].words; w->word; w++) {
		if (strcmp(w->word, word))
			continue;
		*value = w->value;
		return 0;
	}
	return -ENOENT;
}

static int ask_services(int protocol, const char *word, uint64_t *value)
{
	static const struct {
		int number;
		const char *name;
	} protocols[] = {
		{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" },
		{ IPPROTO_SCTP, "sctp" }, { IPPROTO_DCCP, "dccp" },
		{ IPPROTO_UDPLITE, "udplite" },
	};
	struct servent entry, *found;
	char buf[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (protocol >= 0 && protocols[i].number != protocol)
			continue;
		if (getservbyname_r(word, protocols[i].name, &entry, buf, sizeof(buf),
				    &found) || !found)
			continue;
		*value = ntohs(found->s_port);
		return 0;
	}
	return -ENOENT;
}

static int ask_protocols(const char *word, uint64_t *value)
{
	struct protoent entry, *found;
	char buf[4096];

	if (getprotobyname_r(word, &entry, buf, sizeof(buf), &found) || !found)
		return -ENOENT;
	if (found->p_proto < 0 || found->p_proto > 255)
		return -ENOENT;
	*value = found->p_proto;
	return 0;
}

static int ask_users(const char *word, uint64_t *value)
{
	struct passwd entry, *found;
	char buf[16384];

	if (getpwnam_r(word, &entry, buf, sizeof(buf), &found) || !found)
		return -ENOENT;
	*value = found->pw_uid;
	return 0;
}

static int ask_groups(const char *word, uint64_t *value)
{
	struct group entry, *found;
	char buf[65536];

	if (getgrnam_r(word, &entry, buf, sizeof(buf), &found) || !found)
		return -ENOENT;
	*value = found->gr_gid;
	return 0;
}

/* A cgroup's id is the inode number of its folder (cgroup v2) */
static int ask_cgroup(const char *word, uint64_t *value)
{
	char path[4096];
	struct stat st;

	while (*word == '/')
		word++;
	if ((size_t)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", word) >= sizeof(path))
		return -ENOENT;
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return -ENOENT;
	*value = st.st_ino;
	return 0;
}

static int ask_system(enum fwt_value_class class, int protocol, const char *word,
		      uint64_t *value)
{
	switch (class) {
	case FWT_CLASS_PORT:
		return ask_services(protocol, word, value);
	case FWT_CLASS_PROTOCOL:
		return ask_protocols(word, value);
	case FWT_CLASS_UID:
		return ask_users(word, value);
	case FWT_CLASS_GID:
		return ask_groups(word, value);
	case FWT_CLASS_CGROUP:
		return ask_cgroup(word, value);
	default:
		return classes[class].words->word ? -ENOENT : -EINVAL;
	}
}

int fwt_resolve_word(struct fwt_resolver *resolver, enum fwt_value_class class,
		     int protocol, const char *word, uint64_t *value)
{
	unsigned int h = class;
	size_t len = strlen(word), i;
	struct memory *m;

	if (!find_word(class, word, value))
		return 0;
	resolver->asked = true;
	for (i = 0; i < len; i++)
		h = h * 31 + (unsigned char)word[i];
	h %= MEMORY_BUCKETS;
	for (m = resolver->memory[h]; m; m = m->next) {
		if (m->class != (int)class || m->protocol != protocol ||
		    strcmp(m->word, word))
			continue;
		*value = m->value;
		return m->ret;
	}
	m = calloc(1, sizeof(*m) + len + 1);
	if (!m)
		return ask_system(class, protocol, word, value);
	memcpy(m->word, word, len);
	m->class = class;
	m->protocol = protocol;
	m->ret = ask_system(class, protocol, word, &m->value);
	m->next = resolver->memory[h];
	resolver->memory[h] = m;
	*value = m->value;
	return m->ret;
}

const char *fwt_class_name(enum fwt_value_class class, uint64_t value)
{
	const struct word *w;

	for (w = classes[class].words; w->word; w++)
		if (w->value == value)
			return w->word;
	return NULL;
}

bool fwt_class_value(enum fwt_value_class class, const char *word, uint64_t *value)
{
	return !find_word(class, word, value);
}

bool fwt_class_has(enum fwt_value_class class, const char *word)
{
	uint64_t value;

	return fwt_class_value(class, word, &value);
}

void fwt_class_suggest(enum fwt_value_class class, struct fwt_suggest *s)
{
	const struct word *w;

	for (w = classes[class].words; w->word; w++)
		fwt_suggest_try(s, w->word);
}

const char *fwt_class_noun(enum fwt_value_class class)
{
	return classes[class].noun;
}
