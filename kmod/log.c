// SPDX-License-Identifier: GPL-2.0
/* The "log" modifier: one line of the kernel's log, in the words that readers of
 * firewall logs know, rate-limited per namespace.
 */
#include <linux/netdevice.h>
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

void fwt_log(const struct fwt_way *w, const struct fwt_decision *d,
	     const char *prefix)
{
	const struct fwt_program *prog = &w->pol->prog;
	const struct net_device *in = w->state->in, *out = w->state->out;
	const struct fwt_prog_rule *r = NULL;
	u32 rule = d->rule, line = 0;
	char what[200];

	if (!__ratelimit(&w->fn->log_limit)) {
		fwt_stat_inc_bh(w->fn, reason[FWT_REASON_LOG_LIMITED]);
		return;
	}
	if (rule != FWT_NONE) {
		prog = fwt_program_of_rule(prog, &rule);
		r = &prog->rule[rule];
		line = prog == &w->pol->prog ? fwt_patch_line(prog->patch, r->file, r->line) :
					       r->line;
	}
	describe(&w->p, what, sizeof(what));
	pr_info("fwtree: %s%s IN=%s OUT=%s%s RULE=%s:%u\n", prefix, verdict_word(d),
		in ? in->name : "", out ? out->name : "", what,
		r ? fwt_program_string(prog, prog->file[r->file].name) : "",
		line);
}
