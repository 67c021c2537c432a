// SPDX-License-Identifier: GPL-2.0
/* Asking DNS, see dns_ask.h. */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ares_load.h"
#include "dns_ask.h"
#include "dns_conf.h"

/* How long what is due waits for a channel to be done with, ms. */
#define DRAIN_AGAIN	500

/* Each server is asked twice, and again by TCP where an answer does not fit. */
#define TIMEOUT		2000	/* ms */
#define TRIES		2
#define SOCKETS_MAX	64

struct dns_ask {
	struct fwt_dns_state *s;
	void (*told)(void *ctx, const struct fwt_dns_question *q, const char *why);
	void *ctx;
	const struct ares *lib;
	char error[200];
	ares_channel channel;
	bool has_channel;
	u32 open;
	bool failed;		/* a question of this channel */
	struct pollfd fd[SOCKETS_MAX + 1];
	u32 n_fds;
};

struct pending {
	struct dns_ask *a;
	struct fwt_dns_question *q;
};

u64 dns_ask_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000 + 1;
}

/* c-ares says what it listens to. */
static void socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
	struct dns_ask *a = data;
	u32 i;

	for (i = 0; i < a->n_fds && a->fd[i].fd != fd; i++)
		;
	if (!readable && !writable) {
		if (i < a->n_fds)
			a->fd[i] = a->fd[--a->n_fds];
		return;
	}
	if (i == SOCKETS_MAX)
		return;		/* its timeout will tell */
	if (i == a->n_fds)
		a->n_fds++;
	a->fd[i].fd = fd;
	a->fd[i].events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
	a->fd[i].revents = 0;
}

/* When something is asked first: what a policy has of names may be known already. */
static int lib_open(struct dns_ask *a)
{
	const struct ares *lib = a->lib ? a->lib : ares_load(a->error, sizeof(a->error));

	if (!lib)
		return -1;
	if (!a->lib && lib->library_init(ARES_LIB_INIT_ALL)) {
		snprintf(a->error, sizeof(a->error), "c-ares can't begin");
		return -1;
	}
	a->lib = lib;
	return 0;
}

/* Anew for each round, since the machine's servers may be others by then. */
static int channel_open(struct dns_ask *a)
{
	struct ares_options o = {
		.timeout = TIMEOUT, .tries = TRIES, .ndomains = 0,
		.sock_state_cb = socket_state, .sock_state_cb_data = a,
	};

	if (lib_open(a))
		return -1;
	if (a->has_channel)
		a->lib->destroy(a->channel);
	a->n_fds = 0;
	a->failed = false;
	a->has_channel = !a->lib->init_options(&a->channel, &o, ARES_OPT_TIMEOUTMS |
					       ARES_OPT_TRIES | ARES_OPT_DOMAINS |
					       ARES_OPT_SOCK_STATE_CB);
	if (!a->has_channel)
		snprintf(a->error, sizeof(a->error), "c-ares finds no way to ask");
	return a->has_channel ? 0 : -1;
}

struct dns_ask *dns_ask_open(struct fwt_dns_state *s,
			     void (*told)(void *ctx, const struct fwt_dns_question *q,
					  const char *why), void *ctx)
{
	struct dns_ask *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->s = s;
	a->told = told;
	a->ctx = ctx;
	return a;
}

void dns_ask_close(struct dns_ask *a)
{
	if (!a)
		return;
	if (a->has_channel)
		a->lib->destroy(a->channel);
	if (a->lib)
		a->lib->library_cleanup();
	free(a);
}

static void tell(struct dns_ask *a, struct fwt_dns_question *q, enum fwt_dns_answer is,
		 const struct fwt_vec *addr, u64 ttl, const char *why)
{
	if (!fwt_dns_answered(a->s, q, dns_ask_now(), is, addr ? addr->data : NULL,
			      addr ? addr->count : 0, ttl))
		why = "out of memory";
	a->told(a->ctx, q, why);
}

/* The shortest of what led there: a chain of names is as old as its oldest part. */
static u64 ttl_of(const struct ares_addrinfo *info)
{
	const struct ares_addrinfo_node *n;
	const struct ares_addrinfo_cname *c;
	int ttl = INT_MAX;

	for (n = info->nodes; n; n = n->ai_next)
		ttl = n->ai_ttl < ttl ? n->ai_ttl : ttl;
	for (c = info->cnames; c; c = c->next)
		ttl = c->ttl < ttl ? c->ttl : ttl;
	return ttl > 0 ? (u64)ttl * 1000 : 0;
}

static bool addresses_of(const struct ares_addrinfo *info, bool six, struct fwt_vec *to)
{
	const struct ares_addrinfo_node *n;
	struct fwt_dns_addr *a;

	for (n = info->nodes; n; n = n->ai_next) {
		const struct sockaddr_in6 *s6 = (const void *)n->ai_addr;
		const struct sockaddr_in *s4 = (const void *)n->ai_addr;

		if (n->ai_family != (six ? AF_INET6 : AF_INET))
			continue;
		a = fwt_vec_add(to, 1);
		if (!a)
			return false;
		fwt_dns_addr_read(a, six, six ? (const void *)&s6->sin6_addr :
				  (const void *)&s4->sin_addr);
	}
	return true;
}

static void answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct fwt_vec addr = { .size = sizeof(struct fwt_dns_addr) };
	struct pending *p = arg;
	struct dns_ask *a = p->a;

	(void)timeouts;
	a->open--;
	a->failed |= status != ARES_SUCCESS && status != ARES_ENODATA &&
		     status != ARES_ENOTFOUND;
	if (status == ARES_SUCCESS && !addresses_of(info, p->q->six, &addr))
		status = ARES_ENOMEM;
	if (status == ARES_SUCCESS && addr.count)
		tell(a, p->q, FWT_DNS_ADDRESSES, &addr, ttl_of(info), NULL);
	else if (status == ARES_SUCCESS || status == ARES_ENODATA)
		tell(a, p->q, FWT_DNS_NONE, NULL, 0, "no address");
	else if (status == ARES_ENOTFOUND)
		tell(a, p->q, FWT_DNS_NONE, NULL, 0, "no such name");
	else if (status == ARES_ECANCELLED || status == ARES_EDESTRUCTION)
		tell(a, p->q, FWT_DNS_FAILED, NULL, 0, "no answer in time");
	else
		tell(a, p->q, FWT_DNS_FAILED, NULL, 0, a->lib->strerror(status));
	if (info)
		a->lib->freeaddrinfo(info);
	free(addr.data);
	free(p);
}

static void ask_file(struct dns_ask *a, struct fwt_dns_question *q)
{
	struct fwt_vec addr = { .size = sizeof(struct fwt_dns_addr) };
	int ret = fwt_dns_conf(FWT_DNS_CONF, FWT_DNS_CONF_SYSTEMD, &addr);

	if (ret == -ENOENT)
		tell(a, q, FWT_DNS_FAILED, NULL, 0, FWT_DNS_CONF " names no server");
	else if (ret)
		tell(a, q, FWT_DNS_FAILED, NULL, 0, strerror(-ret));
	else
		tell(a, q, FWT_DNS_ADDRESSES, &addr, 0, NULL);
	free(addr.data);
}

static int ask_one(struct dns_ask *a, struct fwt_dns_question *q)
{
	struct ares_addrinfo_hints hints = {
		.ai_family = q->six ? AF_INET6 : AF_INET,
		.ai_flags = ARES_AI_NOSORT,
		.ai_socktype = SOCK_STREAM,
	};
	struct pending *p;

	if (!strcmp(q->name, FWT_DNS_RESOLVERS)) {
		ask_file(a, q);
		return 0;
	}
	if (!a->open && channel_open(a)) {
		tell(a, q, FWT_DNS_FAILED, NULL, 0, a->error);
		return 0;
	}
	p = malloc(sizeof(*p));
	if (!p)
		return -1;
	*p = (struct pending){ a, q };
	q->asked = true;
	a->open++;
	a->lib->getaddrinfo(a->channel, q->name, NULL, &hints, answer, p);
	return 0;
}

int dns_ask_due(struct dns_ask *a)
{
	/* Its servers may be gone. Where many names fail one is always under way, so wait for
	 * those, to open it anew; as it was when this began: one that fails at once keeps
	 * nobody from being asked.
	 */
	bool drain = a->failed && a->open;
	u64 now = dns_ask_now();
	struct fwt_dns_question *q;
	int ret = 0;

	for (q = a->s->first; q && !ret; q = q->next) {
		if (q->asked || q->due > now)
			continue;
		if (drain && strcmp(q->name, FWT_DNS_RESOLVERS))
			q->due = now + DRAIN_AGAIN;
		else
			ret = ask_one(a, q);
	}
	return ret;
}

u32 dns_ask_open_questions(const struct dns_ask *a)
{
	return a->open;
}

static int wait_ms(struct dns_ask *a, u64 until)
{
	u64 now = dns_ask_now(), left = until > now ? until - now : 0;
	struct timeval tv, *got;

	if (left > INT_MAX)
		left = INT_MAX;
	got = a->has_channel && a->open ? a->lib->timeout(a->channel, NULL, &tv) : NULL;
	if (got && left > (u64)got->tv_sec * 1000 + (u64)got->tv_usec / 1000 + 1)
		left = (u64)got->tv_sec * 1000 + (u64)got->tv_usec / 1000 + 1;
	return (int)left;
}

bool dns_ask_wait(struct dns_ask *a, int fd, u64 until)
{
	struct pollfd set[SOCKETS_MAX + 1];
	u32 n = a->n_fds, i;
	int ms = wait_ms(a, until);

	memcpy(set, a->fd, n * sizeof(*set));
	if (fd >= 0)
		set[n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	if (poll(set, n + (fd >= 0), ms) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (set[i].revents)
			a->lib->process_fd(a->channel,
					   set[i].revents & (POLLIN | POLLERR | POLLHUP) ?
					   set[i].fd : ARES_SOCKET_BAD,
					   set[i].revents & POLLOUT ? set[i].fd :
					   ARES_SOCKET_BAD);
	if (a->open)
		a->lib->process_fd(a->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	return fd >= 0 && set[n].revents;
}

void dns_ask_cancel(struct dns_ask *a)
{
	if (a->has_channel && a->open)
		a->lib->cancel(a->channel);
}
