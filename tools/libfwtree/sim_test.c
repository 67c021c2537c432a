// SPDX-License-Identifier: GPL-2.0
/*
 * Running test files: see sim_test.h.
 *
 * Two machines. One has the policy as the kernel would, and what it does counts. Of a
 * policy that people read there is another one, whose policy has no search trees: it
 * does the same rule by rule, which is what a failure is explained by; and where it
 * does not, that is a failure, too.
 *
 * Flows. A packet of TCP needs numbers that fit what was said before, and who writes
 * a test does not want to count them. So each pair of ends that a test speaks of is
 * a flow here, which has the next number of each side; what a line says goes before
 * it. A flow keeps the last packet of each direction as it left, for errors to quote.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "mock_route.h"
#include "packet_text.h"
#include "sim_test.h"
#include "source.h"

#define QUOTED 128

struct side {
	u8 addr[16];
	u16 port;
};

/* @ends: of its packets as they come in, by direction: source, destination. @left: as
 * they left: by @dev, @len bytes
 */
/* In a bucket: a flow by a direction's ends. */
struct link {
	struct link *next;
	struct flow *flow;
};

struct flow {
	struct link link[2];
	struct flow *all;
	char vrf[FWT_ROUTE_NAME];	/* that its first packet came by */
	u8 family;
	u8 protocol;
	bool known;		/* @ends of the reply are */
	struct side ends[2][2];
	u32 iss[2];
	u32 seq[2];
	bool seen[2];
	u8 icmp_type;
	u16 icmp_id;
	struct {
		u8 data[QUOTED];
		u32 len;
		char dev[16];
	} left[2];
	char reply_dev[16];
	bool reply_out;
};

/* What a flow is called; one that was met twice may have two names. */
struct alias {
	struct alias *next;
	char name[32];
	struct flow *flow;
};

#define BUCKETS 1024

/* More rules than these are not met one by one. */
#define PLAIN_MOST 500

struct run {
	struct fwt_sim *sim;
	struct fwt_sim *plain;	/* or NULL */
	const char *file;
	struct fwt_diag *diag;
	void (*tell)(void *ctx, const struct fwt_test_outcome *o);
	void *ctx;
	struct flow *flows;
	struct link *bucket[BUCKETS];
	struct alias *named[BUCKETS];
	u32 n_flows;
	const struct sim_statement *first;
	const struct sim_statement *packet;
	const struct fwt_sim_result *r;
	const char *policy;
	char error[256];
};

/* Flows */

static void side_of(struct side *s, const u32 *addr, u16 port)
{
	u32 i;

	for (i = 0; i < 4; i++)
		put_unaligned_be32(addr[i], s->addr + 4 * i);
	s->port = port;
}

static bool same(const struct side *a, const struct side *b)
{
	return a->port == b->port && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

/* A flow stands in the buckets of both of its pairs of ends, once there are two. */
static u32 bucket_of(const struct side *a, const struct side *b)
{
	u32 h = (u32)a->port + b->port, i;

	for (i = 0; i < 16; i += 4)
		h += (get_unaligned_be32(a->addr + i) + get_unaligned_be32(b->addr + i)) *
		     0x9e3779b1u;
	return (h ^ h >> 16) * 0x85ebca6bu >> 22;
}

static void link_by(struct run *run, struct flow *f, int dir)
{
	struct link **at = &run->bucket[bucket_of(&f->ends[dir][0], &f->ends[dir][1])];

	f->link[dir].flow = f;
	f->link[dir].next = *at;
	*at = &f->link[dir];
}

static void unlink_by(struct run *run, struct flow *f, int dir)
{
	struct link **at = &run->bucket[bucket_of(&f->ends[dir][0], &f->ends[dir][1])];

	for (; *at; at = &(*at)->next) {
		if (*at != &f->link[dir])
			continue;
		*at = f->link[dir].next;
		return;
	}
}

/* Does a flow's direction come by this VRF: the same ends in another are another's. */
static bool comes_by(const struct run *run, const struct flow *f, int dir, const char *vrf)
{
	return !strcmp(dir ? fwt_mock_link_vrf(sim_routes(run->sim), f->reply_dev) : f->vrf, vrf);
}

/* Whose is a packet of @dev; @dir is set. */
static struct flow *flow_of(struct run *run, const struct fwt_packet *p, const char *dev,
			    int *dir)
{
	const char *vrf = fwt_mock_link_vrf(sim_routes(run->sim), dev);
	struct side src = { }, dst = { };
	struct link *l;
	struct flow *f;

	side_of(&src, p->saddr, p->have & FWT_HAVE_PORTS ? p->sport : 0);
	side_of(&dst, p->daddr, p->have & FWT_HAVE_PORTS ? p->dport : 0);
	for (l = run->bucket[bucket_of(&src, &dst)]; l; l = l->next) {
		f = l->flow;
		*dir = l == &f->link[1];
		if (f->family == p->family && f->protocol == p->protocol &&
		    same(&f->ends[*dir][0], &src) && same(&f->ends[*dir][1], &dst) &&
		    comes_by(run, f, *dir, vrf))
			return f;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	*dir = 0;
	strcpy(f->vrf, vrf);
	f->family = p->family;
	f->protocol = p->protocol;
	f->ends[0][0] = src;
	f->ends[0][1] = dst;
	f->icmp_type = p->icmp_type;
	f->icmp_id = p->icmp_id;
	link_by(run, f, 0);
	f->all = run->flows;
	run->flows = f;
	run->n_flows++;
	return f;
}

static u32 bucket_of_name(const char *name)
{
	u32 h = 0;

	while (*name)
		h = h * 31 + (u8)*name++;
	return h % BUCKETS;
}

static struct alias *alias_of(struct run *run, const char *name)
{
	struct alias *a;

	for (a = run->named[bucket_of_name(name)]; a && strcmp(a->name, name); a = a->next)
		;
	return a;
}

/* NULL where what has the name came by as no packet. */
static struct flow *flow_find(struct run *run, const char *name)
{
	const struct alias *a = alias_of(run, name);

	if (!a)
		snprintf(run->error, sizeof(run->error), "there was no packet '%s'", name);
	return a ? a->flow : NULL;
}

/* From now on it is this one that is called so. */
static bool flow_name(struct run *run, struct flow *f, const char *name)
{
	struct alias *a = alias_of(run, name), **at = &run->named[bucket_of_name(name)];

	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return false;
		strcpy(a->name, name);
		a->next = *at;
		*at = a;
	}
	a->flow = f;
	return true;
}

static u32 first_seq(const struct run *run, int dir)
{
	return 1000000 * run->n_flows + 500000 * (u32)dir;
}

/* Numbers that were not said. */
static void number(struct run *run, struct flow *f, int dir, struct fwt_packet_text *t)
{
	struct fwt_packet *p = &t->p;
	bool syn = p->tcp_flags & FWT_TCP_SYN;

	if (!(p->have & FWT_HAVE_TCP))
		return;
	if (!(t->said & FWT_PACKET_SEQ)) {
		if (syn && f->seen[dir] && f->seq[dir] == f->iss[dir] + 1)
			p->tcp_seq = f->iss[dir];	/* said again */
		else if (syn)
			p->tcp_seq = f->seen[dir] ? f->seq[dir] + 100000 : first_seq(run, dir);
		else
			p->tcp_seq = f->seen[dir] ? f->seq[dir] : first_seq(run, dir);
	}
	if (p->tcp_flags & FWT_TCP_ACK && !(t->said & FWT_PACKET_ACK))
		p->tcp_ack = f->seen[!dir] ? f->seq[!dir] : first_seq(run, !dir);
}

static void follow(struct flow *f, int dir, const struct fwt_packet *p, u32 len)
{
	u32 header = p->family == 6 ? 60 : 40;
	u32 end = p->tcp_seq + (len > header ? len - header : 0);

	if (!(p->have & FWT_HAVE_TCP))
		return;
	if (p->tcp_flags & FWT_TCP_SYN) {
		f->iss[dir] = p->tcp_seq;
		f->seq[dir] = p->tcp_seq;
	}
	end += !!(p->tcp_flags & FWT_TCP_SYN) + !!(p->tcp_flags & FWT_TCP_FIN);
	if (!f->seen[dir] || (s32)(end - f->seq[dir]) > 0)
		f->seq[dir] = end;
	f->seen[dir] = true;
}

/* What the other side will see, and where its words come in. */
static void learn(struct run *run, struct flow *f, int dir, const struct fwt_packet_text *t)
{
	const struct fwt_sim_result *r = run->r;
	const struct fwt_sim_conn *c = r->conn;

	if (r->verdict != FWT_SIM_ACCEPT)
		return;
	if (f->known)
		unlink_by(run, f, 1);
	if (c && c->family == f->family) {
		memcpy(f->ends[1][0].addr, c->saddr[1], 16);
		memcpy(f->ends[1][1].addr, c->daddr[1], 16);
		if (t->p.have & FWT_HAVE_PORTS) {
			f->ends[1][0].port = c->sport[1];
			f->ends[1][1].port = c->dport[1];
		} else if (t->p.have & FWT_HAVE_ICMP_ID && !dir) {
			f->icmp_id = c->dport[1];
		}
	} else if (!f->known) {
		f->ends[1][0] = f->ends[0][1];
		f->ends[1][1] = f->ends[0][0];
	}
	f->known = true;
	link_by(run, f, 1);
	if (!dir) {
		/* Who lives on this machine answers from here. */
		f->reply_out = r->end == FWT_SIM_DELIVERED;
		snprintf(f->reply_dev, sizeof(f->reply_dev), "%s",
			 r->end == FWT_SIM_LEFT ? r->oif : t->name);
	}
	if (r->end == FWT_SIM_LEFT) {
		f->left[dir].len = (u32)(r->len < QUOTED ? r->len : QUOTED);
		memcpy(f->left[dir].data, r->data, f->left[dir].len);
		snprintf(f->left[dir].dev, sizeof(f->left[dir].dev), "%s", r->oif);
	} else {
		f->left[dir].len = 0;
	}
}

/* Statements */

static bool push(struct run *run, struct fwt_packet_text *t, const u8 *payload)
{
	static u8 buf[SIM_PACKET_MAX];
	struct fwt_sim_packet packet = {
		.dev = t->name, .out = t->out, .ether = true, .data = buf,
		.summed = t->p.have & FWT_HAVE_FRAG,
		.len = sim_build(&t->p, payload, buf),
	};
	const struct fwt_sim_result *twin;

	sim_build_rest(t, &packet);
	if (t->ip_id)
		sim_build_id(&t->p, t->ip_id, buf);
	run->r = fwt_sim_packet(run->sim, &packet);
	if (!run->r) {
		snprintf(run->error, sizeof(run->error), "%s", fwt_sim_error(run->sim));
		return false;
	}
	twin = run->plain ? fwt_sim_packet(run->plain, &packet) : NULL;
	if (!twin || (twin->verdict == run->r->verdict && twin->by->line == run->r->by->line &&
		      twin->len == run->r->len && !memcmp(twin->data, run->r->data, twin->len)))
		return true;
	snprintf(run->error, sizeof(run->error),
		 "this is a fault of fwtree: by line %u as compiled, by line %u rule by rule",
		 run->r->by->line, twin->by->line);
	return false;
}

static bool both(struct run *run, int (*what)(struct fwt_sim *sim, const char *text),
		 const char *text)
{
	if (!what(run->sim, text) && (!run->plain || !what(run->plain, text)))
		return true;
	snprintf(run->error, sizeof(run->error), "%s", fwt_sim_error(run->sim));
	return false;
}

static bool send_of(struct run *run, struct flow *f, int dir, struct fwt_packet_text *t)
{
	number(run, f, dir, t);
	if (!push(run, t, NULL))
		return false;
	follow(f, dir, &t->p, t->p.length);
	learn(run, f, dir, t);
	return true;
}

static bool packet(struct run *run, const struct sim_statement *s)
{
	struct fwt_packet_text t;
	struct flow *f;
	int dir;

	if (fwt_packet_read(&t, s->rest, run->error, sizeof(run->error)))
		return false;
	if (!(t.p.have & FWT_HAVE_IP))
		return push(run, &t, NULL);
	f = flow_of(run, &t.p, t.name, &dir);
	if (!f)
		return false;
	if (*s->name && !flow_name(run, f, s->name))
		return false;
	return send_of(run, f, dir, &t);
}

static void end_words(const struct flow *f, const struct side *s, char *buf, size_t size)
{
	bool ports = f->protocol == 6 || f->protocol == 17 || f->protocol == 132 ||
		     f->protocol == 33 || f->protocol == 136;

	sim_end_words(f->family, s->addr, ports, s->port, buf, size);
}

static bool reply(struct run *run, const struct sim_statement *s)
{
	char src[SIM_END_WORDS], dst[SIM_END_WORDS], text[1200], more[60] = "";
	struct flow *f = flow_find(run, s->name);
	struct fwt_packet_text t;

	if (!f)
		return false;
	if (!f->known) {
		snprintf(run->error, sizeof(run->error),
			 "'%s' was not let through: nobody can answer it", s->name);
		return false;
	}
	end_words(f, &f->ends[1][0], src, sizeof(src));
	end_words(f, &f->ends[1][1], dst, sizeof(dst));
	/* Queries are answered by the type that answers them. */
	if ((f->protocol == 1 || f->protocol == 58) && !strstr(s->rest, " type "))
		snprintf(more, sizeof(more), " type %u id %u",
			 f->protocol == 58 ? 129u : f->icmp_type == 8 ? 0u : f->icmp_type + 1u,
			 f->icmp_id);
	snprintf(text, sizeof(text), "%s %s %u %s to %s%s%s", f->reply_out ? "out" : "in",
		 f->reply_dev, f->protocol, src, dst, more, s->rest);
	if (fwt_packet_read(&t, text, run->error, sizeof(run->error)))
		return false;
	if (f->protocol == 6 && !(t.said & FWT_PACKET_FLAGS))
		t.p.tcp_flags = f->seen[1] ? FWT_TCP_ACK : FWT_TCP_SYN | FWT_TCP_ACK;
	return send_of(run, f, 1, &t);
}

static bool quote(struct run *run, const struct sim_statement *s)
{
	struct flow *f = flow_find(run, s->name);
	int dir = f ? s->of_reply || !f->left[0].len : 0;
	char dst[SIM_END_WORDS], text[1200];
	struct fwt_packet_text t;
	u8 payload[SIM_PACKET_MAX] = { 0 };

	if (!f)
		return false;
	if (!f->left[dir].len) {
		snprintf(run->error, sizeof(run->error),
			 "no packet of '%s' has left this machine: nobody can complain of it",
			 s->name);
		return false;
	}
	sim_end_words(f->family, f->left[dir].data + (f->family == 6 ? 8 : 12), false, 0, dst,
		      sizeof(dst));
	snprintf(text, sizeof(text), "in %s %s %s to %s%s", f->left[dir].dev,
		 f->family == 6 ? "icmpv6" : "icmp", s->from, dst, s->rest);
	if (fwt_packet_read(&t, text, run->error, sizeof(run->error)))
		return false;
	if (!(t.said & FWT_PACKET_LEN))
		t.p.length += f->left[dir].len;
	memcpy(payload, f->left[dir].data, f->left[dir].len);
	return push(run, &t, payload);
}

static bool change_policy(struct run *run, const struct sim_statement *s)
{
	if (!both(run, fwt_sim_policy, s->path))
		return false;
	run->policy = s->path;
	return true;
}

static void told(struct run *run, const struct sim_statement *s, bool ok, const char *why,
		 const char *note, char *way)
{
	struct fwt_test_outcome o = {
		.ok = ok, .file = run->file, .line = s->line, .text = s->text,
		.packet = run->packet && s->kind == TEST_EXPECT ? run->packet->text : "",
		.why = why, .note = note, .way = way,
	};

	run->tell(run->ctx, &o);
	free(way);
}

static void expect(struct run *run, const struct sim_statement *s)
{
	char why[300] = "";
	bool ok = sim_expects_hold(s->expect, run->sim, run->r, why, sizeof(why));
	const char *node = sim_node_asked(run->sim);

	/* Whatever came of it: nobody has said that it would. */
	if (node) {
		ok = false;
		snprintf(why, sizeof(why),
			 "nothing says what node '%s' answers: \"node %s yes\", say", node,
			 node);
	}

	told(run, s, ok, ok ? NULL : why, NULL, ok ? NULL :
	     fwt_sim_explain(run->plain ? run->plain : run->sim));
}

static void property(struct run *run, const struct sim_statement *s)
{
	struct sim_property p = {
		.never = s->kind == TEST_NEVER, .pattern = s->rest, .expect = s->expect,
		.first = run->first, .here = s, .policy = run->policy,
	};
	char counter[1000] = "", note[1000] = "", why[1100];
	char *way = NULL;
	int ret = -1;

	if (fwt_source_once(p.policy))
		snprintf(note, sizeof(note), "this reads the policy again: put it in a file");
	else
		ret = sim_property_holds(&p, counter, note, sizeof(note), &way);
	if (ret < 0)
		snprintf(why, sizeof(why), "%s", note);
	else
		snprintf(why, sizeof(why), "not so for: %s", counter);
	told(run, s, ret > 0, ret > 0 ? NULL : why, ret < 0 || !*note ? NULL : note, way);
}

static bool step(struct run *run, const struct sim_statement *s)
{
	switch (s->kind) {
	case TEST_WORLD:
		return both(run, fwt_sim_world, s->rest);
	case TEST_PACKET:
		return packet(run, s);
	case TEST_REPLY:
		return reply(run, s);
	case TEST_QUOTE:
		return quote(run, s);
	case TEST_WAIT:
		fwt_sim_wait(run->sim, s->ms);
		if (run->plain)
			fwt_sim_wait(run->plain, s->ms);
		return true;
	case TEST_POLICY:
		return change_policy(run, s);
	case TEST_SET:
	case TEST_POOL:
		return both(run, s->kind == TEST_SET ? fwt_sim_set : fwt_sim_pool, s->rest);
	case TEST_EXPECT:
		if (run->r)
			expect(run, s);
		else
			told(run, s, false, "there was no packet", NULL, NULL);
		return true;
	case TEST_NEVER:
	case TEST_ALWAYS:
		property(run, s);
		return true;
	}
	return true;
}

static void run_all(struct run *run)
{
	const struct sim_statement *s;

	for (s = run->first; s; s = s->next) {
		if (s->kind == TEST_PACKET || s->kind == TEST_REPLY || s->kind == TEST_QUOTE) {
			run->packet = s;
			run->r = NULL;
		}
		/* What could not be done is a test that failed. */
		if (!step(run, s))
			told(run, s, false, run->error, NULL, NULL);
	}
}

static struct fwt_sim *plain_machine(const char *policy)
{
	struct fwt_sim *sim = fwt_sim_new();

	if (!sim)
		return NULL;
	sim_plain(sim, true);
	if (!fwt_sim_policy(sim, policy))
		return sim;
	fwt_sim_free(sim);
	return NULL;
}

int sim_world_file(struct fwt_sim *sim, const char *file, struct fwt_diag *diag)
{
	struct fwt_sources *sources = fwt_sources_alloc();
	const struct sim_statement *s;
	struct sim_statement *all;
	int ret = sources ? 0 : -1;

	if (ret)
		return ret;
	fwt_diag_sources(diag, sources);
	all = sim_test_read(file, diag);
	if (diag->errors)
		ret = -1;
	for (s = all; s && !ret; s = s->next) {
		struct fwt_loc loc = { .line = s->line, .column = 1, .end_column = 2 };

		if (s->kind != TEST_WORLD || !fwt_sim_world(sim, s->rest))
			continue;
		fwt_error(diag, &loc, "%s", fwt_sim_error(sim));
		ret = -1;
	}
	sim_test_free(all);
	fwt_diag_sources(diag, NULL);
	fwt_sources_free(sources);
	return ret;
}

int fwt_sim_test(const char *policy, const char *file, struct fwt_diag *diag,
		 void (*tell)(void *ctx, const struct fwt_test_outcome *o), void *ctx)
{
	struct run run = {
		.file = file, .diag = diag, .tell = tell, .ctx = ctx, .policy = policy,
	};
	struct fwt_sources *sources = fwt_sources_alloc();
	struct sim_statement *s = NULL;
	struct alias *a;
	struct flow *f;
	int ret = -1;
	u32 i;

	run.sim = fwt_sim_new();
	if (!run.sim || !sources)
		goto out;
	if (sim_policy_diag(run.sim, policy, diag))
		goto out;
	fwt_diag_sources(diag, sources);
	s = sim_test_read(file, diag);
	if (diag->errors)
		goto out;
	run.first = s;
	if (sim_program(run.sim)->n[FWT_SEC_RULES] <= PLAIN_MOST && !fwt_source_once(policy))
		run.plain = plain_machine(policy);
	fwt_sim_trace(run.plain ? run.plain : run.sim, true);
	run_all(&run);
	ret = 0;
out:
	for (i = 0; i < BUCKETS; i++) {
		while ((a = run.named[i])) {
			run.named[i] = a->next;
			free(a);
		}
	}
	while ((f = run.flows)) {
		run.flows = f->all;
		free(f);
	}
	sim_test_free(s);
	fwt_sim_free(run.sim);
	fwt_sim_free(run.plain);
	fwt_diag_sources(diag, NULL);
	fwt_sources_free(sources);
	return ret;
}
