/* SPDX-License-Identifier: GPL-2.0 */
/* What fwctl says, read back from its JSON. */
#ifndef FWT_PLAYER_FW_H
#define FWT_PLAYER_FW_H

#include "reason.h"
#include "tcp.h"

/* A direction of an entry, as text where it is text there. */
struct entry_dir {
	const char *saddr;
	const char *daddr;
	int sport;	/* of an ICMP query the id; -1 where there is none */
	int dport;
	u64 packets;
	u64 bytes;
};

struct entry {
	u64 id;
	const char *state;
	const char *protocol;
	u64 timeout;
	bool assured;
	bool tentative;
	bool snat;
	bool dnat;
	const char *iif;
	const char *oif;
	u32 mark;
	struct entry_dir dir[2];
};

/* Puts a policy in force. */
bool fw_apply(const char *ns, const char *policy);

/* Calls @fn with each entry; what it is handed lives until it returns. */
bool fw_conns(const char *ns, void (*fn)(const struct entry *e, void *arg), void *arg);

/* Values of all counters, by enum fwt_reason. */
bool fw_reasons(const char *ns, u64 *value);

/* A live set or pool is changed; @change as the command has it. False: it was refused. */
bool fw_change(const char *ns, const char *object, const char *change);

#define FW_SEEN_MAX	13

/* Which of 10.1.0.0 to 10.1.0.12 are elements of the set "seen". */
bool fw_seen(const char *ns, bool *seen);

#endif /* FWT_PLAYER_FW_H */
