// SPDX-License-Identifier: GPL-2.0
/*
 * Files of policy tests, whatever they say: no crash, each message prints, and nothing
 * that is told of an expectation is left out.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "diag.h"
#include "sim_test.h"

static const char policy[] =
	"set blocked : addr { timeout 10s; max 40 }\n"
	"set names : addr { elements = { \"a.example\" } }\n"
	"pool web { scheduler round-robin; 10.0.2.11:8080; 10.0.2.12:8081 weight 2 }\n"
	"ingress device eth0 { saddr @blocked drop; accept }\n"
	"ingress {\n"
	"	ct state invalid drop\n"
	"	iif eth0 {\n"
	"		tcp dport 80 family ipv4 balance @web accept\n"
	"		protocol { icmp, icmpv6 } limit 10/second burst 4 by saddr accept\n"
	"		tcp dport 22 { add @blocked { saddr } log \"ssh \" reject }\n"
	"		route type local daddr @names accept\n"
	"		drop\n"
	"	}\n"
	"	accept\n"
	"}\n"
	"egress { oif eth0 family ipv4 masquerade; accept }\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file_of(int *fd, char *path, const void *data, size_t len)
{
	*fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, data, len) != (ssize_t)len)
		abort();
	sprintf(path, "/proc/self/fd/%d", *fd);
}

static void tell(void *ctx, const struct fwt_test_outcome *o)
{
	if (!o->file || !o->line || !o->text || !o->packet || (!o->ok && !o->why))
		abort();
	++*(unsigned int *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char at[2][32];
	static int fd = -1;
	unsigned int told = 0;
	struct fwt_diag diag;
	char *text = NULL;
	size_t len;
	FILE *out;
	int test;

	if (fd < 0)
		file_of(&fd, at[0], policy, sizeof(policy) - 1);
	file_of(&test, at[1], data, size);
	fwt_diag_init(&diag);
	if (fwt_sim_test(at[0], at[1], &diag, tell, &told) != 0 && !diag.errors)
		abort();
	out = open_memstream(&text, &len);
	fwt_diag_print(&diag, out);
	fclose(out);
	free(text);
	fwt_diag_clean(&diag);
	close(test);
	return 0;
}
