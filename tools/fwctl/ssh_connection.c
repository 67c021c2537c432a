// SPDX-License-Identifier: GPL-2.0
/* SSH_CONNECTION, behind sudo too, and where that connection comes in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl_path.h"
#include "ssh_connection.h"

#define ANCESTORS_MAX	16

static FILE *open_proc(long pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
	return fopen(path, "r");
}

/* A process's own copy of the variable, as it was begun with. */
static bool of_process(long pid, char *text, size_t size)
{
	static const char name[] = "SSH_CONNECTION=";
	FILE *f = open_proc(pid, "environ");
	bool found = false;
	char *line = NULL;
	size_t room = 0;

	while (f && !found && getdelim(&line, &room, 0, f) > 0) {
		found = !strncmp(line, name, strlen(name));
		if (found)
			snprintf(text, size, "%s", line + strlen(name));
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static long parent_of(long pid)
{
	FILE *f = open_proc(pid, "stat");
	char line[512], *end;
	long parent = 0;

	if (!f)
		return 0;
	/* Its name, in parentheses, may be anything. */
	if (fgets(line, sizeof(line), f)) {
		end = strrchr(line, ')');
		if (!end || sscanf(end + 1, " %*c %ld", &parent) != 1)
			parent = 0;
	}
	fclose(f);
	return parent;
}

static bool find_text(char *text, size_t size)
{
	const char *own = getenv("SSH_CONNECTION");
	long pid = getppid();
	int i;

	if (own) {
		snprintf(text, size, "%s", own);
		return true;
	}
	if (!getenv("SUDO_COMMAND"))
		return false;
	for (i = 0; i < ANCESTORS_MAX && pid > 1; i++, pid = parent_of(pid))
		if (of_process(pid, text, size))
			return true;
	return false;
}

enum ssh_where ssh_connection(const char *netns, struct fwt_ssh *ssh)
{
	struct fwt_nl_path path;
	char text[256];
	u32 i;

	if (!find_text(text, sizeof(text)) || !fwt_ssh_read(ssh, text))
		return SSH_NONE;
	if (fwt_nl_path(netns, ssh->family == 6 ? AF_INET6 : AF_INET, ssh->addr[1],
			ssh->addr[0], ssh->scope[0] ? ssh->scope : NULL, &path))
		return SSH_UNKNOWN;
	/* A machine that the policy is not for has it checked, all the same. */
	if (!path.local)
		return SSH_UNKNOWN;
	if (!ssh->iif[0])
		strcpy(ssh->iif, path.dev);
	for (i = 0; i < path.owners && !path.more; i++)
		strcpy(ssh->owner[i], path.owner[i]);
	ssh->owners = path.more ? 0 : path.owners;
	return SSH_HERE;
}

bool ssh_cut_off(const struct fwt_ssh *ssh, const struct fwt_policy_ast *ast, bool warn,
		 struct fwt_diag *diag)
{
	struct fwt_diag none;
	struct fwt_sema s;
	bool cut = false;

	fwt_diag_init(&none);
	if (!fwt_understand(&s, ast, &none, false, NULL))
		cut = fwt_analyse_ssh(&s, diag, ssh, warn ? FWT_WARNING : FWT_ERROR);
	fwt_understand_end(&s);
	fwt_diag_clean(&none);
	return cut;
}
