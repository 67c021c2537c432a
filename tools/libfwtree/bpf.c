// SPDX-License-Identifier: GPL-2.0
/*
 * tcpdump's expressions; bpf_run.c runs them.
 */
#include <stdlib.h>

#include "bpf.h"
#include "pcap_load.h"

#define LONGEST		65535	/* bytes of a packet */

/* libpcap's instructions are the program's. */
static bool add(struct fwt_builder *b, const struct bpf_program *from,
		struct fwt_prog_filter *f)
{
	struct fwt_vec *v = &b->sec[FWT_SEC_INSNS];
	struct fwt_prog_insn *to;
	u32 i;

	f->first = v->count;
	f->count = from->bf_len;
	to = fwt_vec_add(v, f->count);
	if (!to)
		return false;
	for (i = 0; i < f->count; i++) {
		to[i].code = from->bf_insns[i].code;
		to[i].jt = from->bf_insns[i].jt;
		to[i].jf = from->bf_insns[i].jf;
		to[i].k = from->bf_insns[i].k;
	}
	return true;
}

static u32 known(const struct fwt_builder *b, u32 text, u32 link)
{
	const struct fwt_prog_filter *f = b->sec[FWT_SEC_FILTERS].data;
	u32 i;

	for (i = 0; i < b->sec[FWT_SEC_FILTERS].count; i++)
		if (f[i].text == text && f[i].link == link)
			return i;
	return FWT_NONE;
}

u32 fwt_filter_compile(struct fwt_builder *b, const char *text, enum fwt_filter_link link,
		       char *error, size_t size)
{
	struct fwt_prog_filter f = {
		.link = link, .text = fwt_builder_string(b, text),
	};
	u32 at = known(b, f.text, link);
	const struct fwt_pcap *lib;
	struct bpf_program code;
	pcap_t *pcap;

	if (at != FWT_NONE)
		return at;
	lib = fwt_pcap_load(error, size);
	if (!lib)
		return FWT_NONE;
	pcap = lib->open_dead(link == FWT_LINK_RAW ? DLT_RAW : DLT_EN10MB, LONGEST);
	if (!pcap) {
		snprintf(error, size, "no memory");
		return FWT_NONE;
	}
	if (lib->compile(pcap, &code, text, 1, PCAP_NETMASK_UNKNOWN)) {
		snprintf(error, size, "%s", lib->geterr(pcap));
		lib->close(pcap);
		return FWT_NONE;
	}
	snprintf(error, size, "no memory");
	if (code.bf_len > FWT_FILTER_INSNS_MAX)
		snprintf(error, size, "it has %u instructions, %u is the most", code.bf_len,
			 (unsigned int)FWT_FILTER_INSNS_MAX);
	else if (add(b, &code, &f))
		at = fwt_builder_add(b, FWT_SEC_FILTERS, &f);
	lib->freecode(&code);
	lib->close(pcap);
	return at;
}
