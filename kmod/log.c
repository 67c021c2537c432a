// SPDX-License-Identifier: GPL-2.0
/* The "log" modifier: one line of the kernel's log, in the words that readers of
 * firewall logs know; or the packet, to a group of nfnetlink_log. Rate-limited per
 * namespace: a flood of packets must not become one of lines, and how many were
 * left out is said where the lines would be.
 */
#include <linux/kmod.h>
#include <linux/netdevice.h>
#include <linux/user_namespace.h>
#include <net/netfilter/nf_log.h>
#include "event.h"
#include "way.h"
#include "core/verify.h"

static const char *verdict_word(const struct fwt_decision *d)
{
	switch (d->verdict) {
	case FWT_VERDICT_ACCEPT:
		return d->flags & FWT_DECISION_QUEUE ? "queue" : "accept";
	case FWT_VERDICT_REJECT:
		return "reject";
	default:
		return "drop";
	}
}

static int print_addr(char *buf, size_t size, u8 family, const u32 *words)
{
	__be32 be[4];
	u32 i;

	for (i = 0; i < 4; i++)
		be[i] = cpu_to_be32(words[i]);
	return family == 4 ? scnprintf(buf, size, "%pI4", be) :
			     scnprintf(buf, size, "%pI6c", be);
}

static void describe(const struct fwt_packet *p, char *buf, size_t size)
{
	int n = 0;

	buf[0] = 0;
	if (p->have & FWT_HAVE_IP) {
		n += scnprintf(buf + n, size - n, " SRC=");
		n += print_addr(buf + n, size - n, p->family, p->saddr);
		n += scnprintf(buf + n, size - n, " DST=");
		n += print_addr(buf + n, size - n, p->family, p->daddr);
		n += scnprintf(buf + n, size - n, " LEN=%u TTL=%u PROTO=%u",
			       p->length, p->ttl, p->protocol);
	} else {
		n += scnprintf(buf + n, size - n, " TYPE=%04x", p->ether_type);
	}
	if (p->have & FWT_HAVE_PORTS)
		n += scnprintf(buf + n, size - n, " SPT=%u DPT=%u", p->sport, p->dport);
	if (p->have & FWT_HAVE_TCP)
		n += scnprintf(buf + n, size - n, "%s%s%s%s",
			       p->tcp_flags & FWT_TCP_SYN ? " SYN" : "",
			       p->tcp_flags & FWT_TCP_ACK ? " ACK" : "",
			       p->tcp_flags & FWT_TCP_FIN ? " FIN" : "",
			       p->tcp_flags & FWT_TCP_RST ? " RST" : "");
	if (p->have & (FWT_HAVE_ICMP | FWT_HAVE_ICMPV6))
		n += scnprintf(buf + n, size - n, " TYPE=%u CODE=%u",
			       p->icmp_type, p->icmp_code);
}

/* Who owns a container's network namespace, but not the machine, writes into its
 * log only where the kernel's own firewall lets them, too.
 */
bool fwt_log_prints(const struct net *net)
{
	return net->user_ns == &init_user_ns || READ_ONCE(sysctl_nf_log_all_netns);
}

void fwt_log_tell_lost(struct fwt_net *fn)
{
	u32 lost = atomic_xchg(&fn->lines_lost, 0);

	if (lost && fwt_log_prints(fn->net))
		pr_info("fwtree: %u packets not logged: more than option log-rate\n", lost);
}

static void print(const struct fwt_way *w, const struct fwt_decision *d,
		  const char *prefix)
{
	const char *in = fwt_way_iif(w), *out = fwt_way_oif(w);
	const struct fwt_program *prog = &w->pol->prog;
	const struct fwt_prog_rule *r = NULL;
	u32 rule = d->rule, line = 0;
	const char *id = NULL;
	char what[200];

	if (rule != FWT_NONE) {
		prog = fwt_program_of_rule(prog, &rule);
		r = &prog->rule[rule];
		line = prog == &w->pol->prog ? fwt_patch_line(prog->patch, r->file, r->line) :
					       r->line;
		id = r->id == FWT_NONE ? NULL : fwt_program_string(prog, r->id);
	}
	describe(&w->p, what, sizeof(what));
	pr_info("fwtree: %s%s IN=%s OUT=%s%s RULE=%s:%u%s%s\n", prefix, verdict_word(d),
		in ? in : "", out ? out : "", what,
		r ? fwt_program_string(prog, prog->file[r->file].name) : "", line,
		id ? " ID=" : "", id ? id : "");
}

/* It takes packets of all families, or of none. */
static bool hold_nflog(void)
{
	return !nf_logger_find_get(NFPROTO_IPV4, NF_LOG_TYPE_ULOG);
}

int fwt_nflog_get(struct fwt_policy *p, const struct fwt_program *prog, bool load,
		  struct netlink_ext_ack *extack)
{
	u32 i, n = prog->n[FWT_SEC_MODS];

	for (i = 0; i < n && prog->mod[i].type != FWT_MOD_NFLOG; i++)
		fwt_rest(i);
	if (i == n || p->nflog)
		return 0;
	p->nflog = hold_nflog();
	if (!p->nflog && load) {
		request_module("nfnetlink_log");
		p->nflog = hold_nflog();
	}
	if (p->nflog)
		return 0;
	if (load)
		NL_SET_ERR_MSG(extack,
			       "log group: this kernel has no nfnetlink_log, or can't load it");
	else
		NL_SET_ERR_MSG(extack,
			       "log group: nfnetlink_log is not loaded (apply --full loads it)");
	return -EOPNOTSUPP;
}

void fwt_nflog_put(struct fwt_policy *p)
{
	if (p->nflog)
		nf_logger_put(NFPROTO_IPV4, NF_LOG_TYPE_ULOG);
	p->nflog = false;
}

/* To who listens to nfnetlink_log's group, ulogd say, or tcpdump -i nflog:N. */
static void to_group(const struct fwt_way *w, const char *prefix, u16 group)
{
	struct nf_loginfo info = {
		.type = NF_LOG_TYPE_ULOG,
		.u.ulog.group = group,
	};

	/* It sends under the group's lock, which who is shown that would wait for. */
	fwt_event_tell_begin();
	nf_log_packet(w->fn->net, w->state->pf, w->state->hook, w->skb, w->state->in,
		      w->state->out, &info, "%s", prefix);
	fwt_event_tell_end();
}

void fwt_log(const struct fwt_way *w, const struct fwt_decision *d,
	     const struct fwt_program *prog, const struct fwt_prog_mod *m)
{
	const char *prefix = m->a == FWT_NONE ? "" : prog->string + m->a;
	bool shown = fwt_event_of_netlink(w);
	bool wanted = !shown && fwt_event_wanted(w->fn, FWTREE_NLGRP_LOGS);

	/* Nothing is told of it: it takes nothing of others' rate. */
	if (shown && m->type == FWT_MOD_NFLOG)
		return;
	if (!fwt_event_allowed(w->fn, FWT_TOLD_LOGS)) {
		if (wanted)
			fwt_event_lost(w->fn, FWT_TOLD_LOGS, 1);
		if (!atomic_fetch_inc(&w->fn->lines_lost))
			queue_delayed_work(fwt_wq, &w->fn->tell_lost, HZ);
		return;
	}
	if (unlikely(atomic_read(&w->fn->lines_lost)))
		fwt_log_tell_lost(w->fn);
	if (m->type != FWT_MOD_NFLOG) {
		if (fwt_log_prints(w->fn->net))
			print(w, d, prefix);
	} else {
		to_group(w, prefix, m->port_lo);
	}
	if (wanted)
		fwt_event_log(w, d, prefix, fwt_rule_slot(w->pol, d->rule));
}
