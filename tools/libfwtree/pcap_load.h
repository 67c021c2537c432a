/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libpcap, for "bpf" and for captures alone: see load.h.
 */
#ifndef FWT_PCAP_LOAD_H
#define FWT_PCAP_LOAD_H

#include <pcap/pcap.h>

/* What is used of it, without "pcap_". */
#define FWT_PCAP_FUNCTIONS(F)			\
	F(close)				\
	F(compile)				\
	F(datalink)				\
	F(datalink_val_to_name)			\
	F(dump)					\
	F(dump_close)				\
	F(dump_flush)				\
	F(dump_open)				\
	F(freecode)				\
	F(geterr)				\
	F(next_ex)				\
	F(open_dead)				\
	F(open_dead_with_tstamp_precision)	\
	F(open_offline_with_tstamp_precision)

/**
 * struct fwt_pcap - its functions
 */
struct fwt_pcap {
#define MEMBER(name)	__typeof__(pcap_##name) *name;
	FWT_PCAP_FUNCTIONS(MEMBER)
#undef MEMBER
};

/**
 * fwt_pcap_load() - have libpcap
 * @error: what is wrong, where it can't be had
 * @size: of @error
 *
 * Return: its functions, NULL where @error says why.
 */
const struct fwt_pcap *fwt_pcap_load(char *error, size_t size);

#endif /* FWT_PCAP_LOAD_H */
