// SPDX-License-Identifier: GPL-2.0
/* libpcap, when it is needed. */
#include "load.h"
#include "pcap_load.h"

/* Debian's name, and everybody else's, of one interface. */
static const char *const files[] = { "libpcap.so.0.8", "libpcap.so.1", NULL };

static const char *const symbols[] = {
#define NAME(name)	"pcap_" #name,
	FWT_PCAP_FUNCTIONS(NAME)
#undef NAME
	NULL
};

const struct fwt_pcap *fwt_pcap_load(char *error, size_t size)
{
	static const struct fwt_library library = { "libpcap", "libpcap0.8", files, symbols };
	static struct fwt_pcap pcap;

	/* The last one is set when all are. */
	if (pcap.open_offline_with_tstamp_precision ||
	    !fwt_load(&library, &pcap, error, size))
		return &pcap;
	return NULL;
}
