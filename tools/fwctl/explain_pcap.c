// SPDX-License-Identifier: GPL-2.0
/*
 * explain --pcap: a capture goes through a policy, in its own time.
 *
 * Which way a packet went is said by some link types; of the others it started here
 * if its source is one of this machine's addresses. Where a capture was cut off what
 * is missing counts as there, and its checksum as right.
 */
#include <errno.h>
#include <pcap/sll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcap_load.h"
#include "sim.h"
#include "explain.h"

#define REASONS_MAX 64

struct summary {
	uint64_t packets, accepted, dropped, rejected, begun, cut, odd, written;
	struct {
		const char *name;
		uint64_t n;
	} reason[REASONS_MAX];
	size_t n_reasons;
};

struct capture {
	const struct explain *e;
	struct fwt_sim *sim;
	const struct fwt_pcap *lib;
	pcap_t *in;
	pcap_t *out_handle;
	pcap_dumper_t *out;
	int link;
	bool ether;
	uint64_t last;		/* nanoseconds, that the simulation has come to */
	struct summary sum;
};

/* A frame, without what its link type puts before it. Returns why it is none. */
static const char *unwrap(const struct capture *c, const u_char *data, size_t caplen,
			  size_t len, struct fwt_sim_packet *p)
{
	size_t head = 0;

	p->data = data;
	p->ether = c->link == DLT_EN10MB;
	switch (c->link) {
	case DLT_EN10MB:
		head = 14;
		break;
	case DLT_LINUX_SLL:
		head = SLL_HDR_LEN;
		break;
	case DLT_LINUX_SLL2:
		head = SLL2_HDR_LEN;
		break;
	case DLT_NULL:
	case DLT_LOOP:
		head = 4;
		break;
	}
	if (caplen < head + 1 || len < caplen)
		return "cut off before its network header";
	if (c->link == DLT_LINUX_SLL)
		p->out = get_unaligned_be16(data) == LINUX_SLL_OUTGOING;
	else if (c->link == DLT_LINUX_SLL2)
		p->out = data[10] == LINUX_SLL_OUTGOING;
	if (!p->ether) {
		p->data += head;
		caplen -= head;
		len -= head;
		if (*p->data >> 4 != 4 && *p->data >> 4 != 6)
			return "not IP";
	}
	if (len > SIM_PACKET_MAX - 64)
		return "longer than any packet";
	p->len = caplen;
	p->total = len;
	return NULL;
}

/* A packet that has one of our addresses is ours. */
static bool from_here(const struct capture *c, const struct fwt_sim_packet *p)
{
	const uint8_t *ip = p->data;
	size_t len = p->len;
	bool six;

	if (p->ether) {
		size_t head = 14;

		while (len >= head + 4 && (get_unaligned_be16(ip + head - 2) == 0x8100 ||
					   get_unaligned_be16(ip + head - 2) == 0x88a8))
			head += 4;
		if (len < head)
			return false;
		ip += head;
		len -= head;
	}
	six = len && *ip >> 4 == 6;
	if (len < (six ? 40u : 20u) || (!six && *ip >> 4 != 4))
		return false;
	return sim_own_address(c->sim, six ? 6 : 4, ip + (six ? 8 : 12));
}

static void count_reason(struct summary *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_reasons && strcmp(s->reason[i].name, name); i++)
		;
	if (i == s->n_reasons) {
		if (i == REASONS_MAX)
			return;
		s->reason[i].name = name;
		s->n_reasons++;
	}
	s->reason[i].n++;
}

static void count(struct summary *s, const struct fwt_sim_result *r, bool cut)
{
	if (r->verdict == FWT_SIM_ACCEPT)
		s->accepted++;
	else if (r->verdict == FWT_SIM_DROP)
		s->dropped++;
	else
		s->rejected++;
	if (r->reason)
		count_reason(s, r->reason);
	s->begun += r->began;
	s->cut += cut;
}

static void put(struct capture *c, const struct pcap_pkthdr *h, const struct fwt_sim_result *r,
		const char *what)
{
	static const char *const verdict[] = { "accept", "drop", "reject" };
	bool cut = h->caplen < h->len;
	char rule[300] = "-", words[400] = "";

	if (r) {
		if (r->by->file)
			snprintf(rule, sizeof(rule), "%s:%u", r->by->file, r->by->line);
		sim_packet_words(r->data, r->len, words, sizeof(words));
	}
	out_object(NULL);
	out_num("number", c->sum.packets);
	out_time("time", (uint64_t)h->ts.tv_sec * 1000000000ull + (uint64_t)h->ts.tv_usec);
	out_str("verdict", r ? verdict[r->verdict] : NULL);
	out_str("reason", r ? r->reason : what);
	out_str("state", r ? r->state : NULL);
	if (r && r->by->file) {
		out_object("rule");
		out_str("id", r->by->id);
		out_str("file", r->by->file);
		out_num("line", r->by->line);
		out_end();
	} else {
		out_null("rule");
	}
	out_str("out", r ? r->oif : NULL);
	out_str("packet", r ? words : NULL);
	out_bool("cut", cut);
	out_end();
	if (r)
		out_text("%llu\t%s%s%s\t%s\t%s%s\n", (unsigned long long)c->sum.packets,
			 verdict[r->verdict], r->reason ? " " : "", r->reason ? r->reason : "",
			 rule, words, cut ? " (cut off)" : "");
	else
		out_text("%llu\tpassed over\t-\t%s\n", (unsigned long long)c->sum.packets, what);
}

static void write_out(struct capture *c, const struct pcap_pkthdr *h,
		      const struct fwt_sim_result *r)
{
	struct pcap_pkthdr to = *h;
	size_t len = c->ether ? r->frame_len : r->len;

	if (!c->out || (r->end != FWT_SIM_LEFT && r->end != FWT_SIM_NO_WORLD))
		return;
	to.len = (bpf_u_int32)len;
	/* What was not captured is not made up. */
	to.caplen = h->caplen < h->len && h->caplen < len ? h->caplen : to.len;
	c->lib->dump((u_char *)c->out, &to, c->ether ? r->frame : r->data);
	c->sum.written++;
}

static int one(struct capture *c, const struct pcap_pkthdr *h, const u_char *data)
{
	uint64_t now = (uint64_t)h->ts.tv_sec * 1000000000ull + (uint64_t)h->ts.tv_usec;
	struct fwt_sim_packet p = { .dev = c->e->dev };
	const struct fwt_sim_result *r;
	const char *what;
	uint64_t ms;

	if (!c->last)
		c->last = now;
	/* Whole ticks: what is less is waited for with the next packet. */
	ms = now > c->last ? (now - c->last) / 1000000 / SIM_TICK * SIM_TICK : 0;
	if (ms)
		fwt_sim_wait(c->sim, ms);
	c->last += ms * 1000000;
	c->sum.packets++;
	what = unwrap(c, data, h->caplen, h->len, &p);
	if (what) {
		c->sum.odd++;
		put(c, h, NULL, what);
		return 0;
	}
	if (c->link != DLT_LINUX_SLL && c->link != DLT_LINUX_SLL2)
		p.out = from_here(c, &p);
	r = fwt_sim_packet(c->sim, &p);
	if (!r)
		return out_error(NULL, "packet %llu: %s", (unsigned long long)c->sum.packets,
				 fwt_sim_error(c->sim));
	count(&c->sum, r, h->caplen < h->len);
	put(c, h, r, NULL);
	write_out(c, h, r);
	return 0;
}

static void put_summary(const struct summary *s)
{
	size_t i;

	out_object("summary");
	out_text("\n");
	out_line_num("packets", "packets", OUT_PLAIN, s->packets);
	out_line_num("accepted", "accept", OUT_PLAIN, s->accepted);
	out_line_num("dropped", "drop", OUT_PLAIN, s->dropped);
	out_line_num("rejected", "reject", OUT_PLAIN, s->rejected);
	out_object("reasons");
	for (i = 0; i < s->n_reasons; i++) {
		out_num(s->reason[i].name, s->reason[i].n);
		out_text("  %s: %llu\n", s->reason[i].name, (unsigned long long)s->reason[i].n);
	}
	out_end();
	out_line_num("connections begun", "connections", OUT_PLAIN, s->begun);
	out_line_num("cut off", "cut", OUT_PLAIN, s->cut);
	out_line_num("passed over", "passed_over", OUT_PLAIN, s->odd);
	out_line_num("written", "written", OUT_PLAIN, s->written);
	out_end();
}

static int open_in(struct capture *c)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	const char *link;

	c->lib = fwt_pcap_load(error, sizeof(error));
	if (!c->lib)
		return out_error(NULL, "%s: %s", c->e->pcap, error);
	c->in = c->lib->open_offline_with_tstamp_precision(c->e->pcap,
							   PCAP_TSTAMP_PRECISION_NANO, error);
	if (!c->in)
		/* It names the file mostly, not always. */
		return strstr(error, c->e->pcap) ? out_error(NULL, "%s", error) :
						   out_error(NULL, "%s: %s", c->e->pcap, error);
	c->link = c->lib->datalink(c->in);
	switch (c->link) {
	case DLT_EN10MB:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
	case DLT_NULL:
	case DLT_LOOP:
		c->ether = c->link == DLT_EN10MB;
		return 0;
	}
	link = c->lib->datalink_val_to_name(c->link);
	return out_error("EN10MB, RAW, LINUX_SLL, LINUX_SLL2 and NULL are",
			 "%s: captures of link type %s are not understood", c->e->pcap,
			 link ? link : "unknown");
}

/* By whatever name: it would be empty before it is read. */
static bool is_capture(const struct explain *e)
{
	struct stat in, out;

	if (strcmp(e->pcap, "-") ? stat(e->pcap, &in) : fstat(STDIN_FILENO, &in))
		return false;
	return !stat(e->write, &out) && S_ISREG(in.st_mode) && in.st_dev == out.st_dev &&
	       in.st_ino == out.st_ino;
}

static int open_out(struct capture *c)
{
	if (!c->e->write)
		return 0;
	if (!strcmp(c->e->write, "-"))
		return out_error("'-w FILE' is meant",
				 "-w: standard output has what is said of the packets");
	if (is_capture(c->e))
		return out_error("nothing was written; '-w' takes another file",
				 "%s is the capture that is read", c->e->write);
	c->out_handle = c->lib->open_dead_with_tstamp_precision(c->ether ? DLT_EN10MB : DLT_RAW,
								262144,
								PCAP_TSTAMP_PRECISION_NANO);
	c->out = c->out_handle ? c->lib->dump_open(c->out_handle, c->e->write) : NULL;
	if (c->out)
		return 0;
	return out_error(NULL, "%s: %s", c->e->write,
			 c->out_handle ? c->lib->geterr(c->out_handle) : "out of memory");
}

static int play(struct capture *c)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int got, ret = 0;

	out_object(NULL);
	out_array("packets");
	while (!ret && (got = c->lib->next_ex(c->in, &h, &data)) == 1)
		ret = one(c, h, data);
	if (ret)
		return ret;
	if (got == -1) {
		/* What stands before that was played. */
		out_end();
		put_summary(&c->sum);
		return out_error("what stands before it in the capture was played",
				 "%s: %s", c->e->pcap, c->lib->geterr(c->in));
	}
	out_end();
	put_summary(&c->sum);
	out_end();
	return 0;
}

int explain_pcap(const struct explain *e)
{
	struct capture c = { .e = e };
	int ret = open_in(&c);

	if (!ret)
		ret = explain_machine(e, false, &c.sim);
	if (!ret && sim_has_world(c.sim) && !sim_knows_device(c.sim, e->dev))
		ret = out_error(EXPLAIN_DEVICE_HINT,
				"no route and no address names the interface '%s'", e->dev);
	if (!ret)
		ret = open_out(&c);
	if (!ret)
		ret = play(&c);
	if (c.out && c.lib->dump_flush(c.out) && !ret)
		ret = out_error(NULL, "%s: %s", e->write, strerror(errno));
	if (c.out)
		c.lib->dump_close(c.out);
	if (c.out_handle)
		c.lib->close(c.out_handle);
	if (c.in)
		c.lib->close(c.in);
	fwt_sim_free(c.sim);
	return ret;
}
