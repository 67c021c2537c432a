// SPDX-License-Identifier: GPL-2.0
/*
 * fwctl: which command is meant, and how it is written.
 *
 * Everything that can be typed stands in fwctl_commands; help, completion and
 * the man page read it. "fwctl --commands" prints it for them.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "fwctl.h"

#ifndef FWT_VERSION
#define FWT_VERSION "0.1"
#endif

#define FILTER_HELP \
	"FILTER: words that must all hold; 'not' before one turns it round:\n" \
	"  [proto] tcp    [family] ipv4|ipv6    state STATE[,STATE]\n" \
	"  [ct-]mark N[/MASK]\n" \
	"  [DIR] src|dst ADDR[/LEN]|A-B    [DIR] sport|dport N[-M]\n" \
	"  [DIR] icmp-type|icmp-code|icmp-id N    [HOOK] rule ID|FILE:LINE\n" \
	"  iif NAME    oif NAME    id N    scope N\n" \
	"  assured    replied    tentative    local    snat    dnat\n" \
	"  timeout|generation|[DIR] packets|[DIR] bytes [OP] N, with OP one of < <= > >=\n" \
	"  (for the shell: lt le gt ge), or N-M\n" \
	"DIR: original, as is meant where none is said, or reply; packets and bytes without\n" \
	"  it are those of both. HOOK: ingress or egress; a rule without it is of either.\n" \
	"  An interface, and the rule of a HOOK, may be -: there is none.\n"

#define SET_HELP \
	"ELEMENT is what stands in a policy between the braces of elements: 10.0.0.0/8, or\n" \
	"10.0.0.1 . 443 where types are joined, 'KEY -> VALUE' in a map. PATH has one a line.\n" \
	"TIME as in 30s, 5m, 1h, or never. What the policy has stays until it is deleted,\n" \
	"and comes back with the next apply that has it.\n"

#define RULE_HELP \
	"PLACE: a rule's id, or LINE or FILE:LINE where it begins, as 'fwctl show policy'\n" \
	"  and 'fwctl stats' have them now. RULE: as in a policy, quoted for the shell.\n" \
	"  TREE: a hook or tree, as 'fwctl show tree' names it.\n" \
	"Files stay as they are: what is in force is changed.\n" \
	"--confirm 30s puts the change on trial: unless 'fwctl confirm' comes in time, the\n" \
	"kernel goes back by itself. One that would cut off the SSH connection that you\n" \
	"come by is refused, unless it is on trial, or --force is said.\n"

#define POOL_HELP \
	"SERVER: as in the policy: 10.0.0.1, 10.0.0.1:80, [fd00::1]:80, 10.0.0.1:8000-8010.\n" \
	"What was changed so stays until a policy declares the pool's servers otherwise.\n"

const struct command fwctl_commands[] = {
	{ "check", "FILE [--property PROPERTY] [--budget N] [--seed N] [--quick]", 0, -1, cmd_check,
	  "say what is wrong with a policy, without applying it",
	  "FILE may be - for standard input. Warnings do not change the exit status.\n"
	  "PROPERTY, quoted: never|always in|out IF PROTO FROM to TO [WORD...] expect VERDICT\n"
	  "  It holds for all packets, or one is shown. May be said more than once.\n"
	  "--budget N: nodes that the analysis may make. --quick: leave it out.\n"
	  "--seed N: of the packets tried where the budget is too small for a proof.\n" },
	{ "apply", "FILE [--full] [--confirm TIME] [--force]", 1, 5, cmd_apply,
	  "put a policy in force, in one step",
	  "If anything is wrong, or the kernel refuses, what was in force stays.\n"
	  "--confirm 30s puts it on trial: unless 'fwctl confirm' comes in time, the\n"
	  "kernel goes back to the former policy by itself.\n"
	  "A file that differs by a few rules is applied by these, unless --full is said.\n"
	  "A policy that would cut off the SSH connection that you come by is refused,\n"
	  "unless it is on trial, or --force is said.\n" },
	{ "show policy", "", 0, 0, cmd_show_policy,
	  "the policy in force, as written", NULL },
	{ "show tree", "", 0, 0, cmd_show_tree,
	  "the policy in force as a tree, with the hits of each rule", NULL },
	{ "show program", "", 0, 0, cmd_show_program,
	  "the policy in force as compiled", NULL },
	{ "show timeouts", "", 0, 0, cmd_show_timeouts,
	  "how long connections live when nothing comes any more", NULL },
	{ "stats", "[--reset|--reset-quotas]", 0, 1, cmd_stats,
	  "packets and bytes per rule, verdicts, drop reasons, limits, table figures",
	  "--reset sets all counters to 0 after they were read; --reset-quotas lets\n"
	  "quotas begin anew, too.\n" },
	{ "conn list", "[FILTER]", 0, -1, cmd_conn_list,
	  "connections", FILTER_HELP },
	{ "conn count", "[FILTER]", 0, -1, cmd_conn_count,
	  "how many connections there are, and how many there may be", FILTER_HELP },
	{ "conn flush", "[FILTER]", 0, -1, cmd_conn_flush,
	  "end all connections, or those that FILTER lets through", FILTER_HELP },
	{ "conn delete", "FILTER", 1, -1, cmd_conn_delete,
	  "end some connections", FILTER_HELP },
	{ "monitor", "[policy|conn|log|drops]...", 0, -1, cmd_monitor,
	  "events as they happen: policies, connections, what rules log; drops too if asked",
	  "policy  applied, patched, flushed, confirmed, rolled-back; servers of pools that\n"
	  "        go down and come up; set-full: a rule found no room in a set\n"
	  "conn    connections: new, translated, ended\n"
	  "log     packets that met a rule that says log\n"
	  "drops   packets that were dropped or rejected: why, and by which rule\n"
	  "Without a word all but drops. With -j one object a line. Events that were too\n"
	  "many (option event-rate, log-rate) are counted in an event of their own, lost.\n"
	  "Ends with the process, Ctrl-C say.\n" },
	{ "flush", "", 0, 0, cmd_flush,
	  "remove the policy: nothing is filtered any more", NULL },
	{ "confirm", "", 0, 0, cmd_confirm,
	  "keep the policy on trial", NULL },
	{ "rollback", "", 0, 0, cmd_rollback,
	  "go back to the policy that was in force before the trial", NULL },
	{ "rule add",
	  "[--confirm TIME] [--force] before|after PLACE RULE | first in TREE RULE", 3, -1,
	  cmd_rule_add,
	  "put one more rule in force", RULE_HELP },
	{ "rule delete", "[--confirm TIME] [--force] PLACE", 1, 4, cmd_rule_delete,
	  "take one rule away", RULE_HELP },
	{ "rule replace", "[--confirm TIME] [--force] PLACE RULE", 2, -1, cmd_rule_replace,
	  "put one rule in the place of another", RULE_HELP },
	{ "set list", "[NAME]", 0, 1, cmd_set_list,
	  "the sets and maps of the policy in force, or the elements of one", NULL },
	{ "set add", "NAME ELEMENT... [timeout TIME] | NAME file PATH", 2, -1, cmd_set_add,
	  "add elements to a set, or change their timeout", SET_HELP },
	{ "set delete", "NAME ELEMENT... | NAME file PATH", 2, -1, cmd_set_delete,
	  "take elements out of a set", SET_HELP },
	{ "set flush", "NAME", 1, 1, cmd_set_flush,
	  "take all elements out of a set", NULL },
	{ "pool list", "[POOL]", 0, 1, cmd_pool_list,
	  "servers of pools, and what each is given", NULL },
	{ "pool add", "POOL SERVER [weight N]", 2, 4, cmd_pool_add,
	  "put a server into a pool, or back after it was drained", POOL_HELP },
	{ "pool delete", "POOL SERVER [--reset]", 2, 3, cmd_pool_delete,
	  "take a server out of a pool",
	  "Connections that it has go on; with --reset they end, each with its next packet,\n"
	  "whose sender is told.\n" POOL_HELP },
	{ "pool drain", "POOL SERVER", 2, 2, cmd_pool_drain,
	  "give a server no new connections; those that it has go on", POOL_HELP },
	{ "pool weight", "POOL SERVER weight N", 4, 4, cmd_pool_weight,
	  "give a server another weight, 1 to 65535", POOL_HELP },
	{ "node list", "", 0, 0, cmd_node_list,
	  "the nodes that other kernel modules have, for policies to use", NULL },
	{ "explain", "-f FILE [--world FILE] [--route R] [--address A] PACKET"
	  " | -f FILE [--world FILE ...] --batch PACKETS [--engine compiled|linear]"
	  " | -f FILE --pcap FILE --dev IF [-w FILE] | --live PACKET",
	  1, -1, cmd_explain,
	  "the way of a packet through a policy, rule by rule",
	  "PACKET: in|out IF PROTO SADDR[:SPORT] to DADDR[:DPORT] [WORD...], as in\n"
	  "in eth0 tcp 198.51.100.7:40000 to 203.0.113.8:22 syn\n"
	  "--route 'PREFIX [via A] dev IF', --address 'A/LEN dev IF': where things are, as\n"
	  "often as there is something to say; --world FILE takes them from a test file.\n"
	  "--batch PACKETS: a packet a line, each for itself; written for each: verdict, and\n"
	  "the line of the rule that decided. --engine linear tries the rules one by one.\n"
	  "--pcap FILE: a capture, made on interface IF, in its own time; -w FILE writes what\n"
	  "would have left.\n"
	  "--live PACKET: through the policy in force, with the kernel's own addresses and\n"
	  "routes. A dry run: nothing is changed, counted or logged.\n" },
	{ "test", "FILE TESTFILE...", 2, -1, cmd_test,
	  "run the tests of a policy: packets, and what is to become of them",
	  "Written in TAP, with the way of each packet that went another one. The kernel\n"
	  "is not asked: addresses, routes and the clock are what the test file says.\n"
	  "fwtree-policy(5) has its words.\n" },
	{ "diff", "FILE [FILE] [--budget N] [--seed N]", 0, -1, cmd_diff,
	  "packets that two policies treat differently",
	  "With one FILE: what would change if it were applied. Classes of packets in the\n"
	  "words of rules, with one packet of each; nothing where the policies do the same.\n"
	  "--budget N: nodes that the comparison may make. --seed N: of the packets tried\n"
	  "where that is too small.\n" },
	{ "graph", "[FILE] [--live] [--svg] [--all]", 0, 4, cmd_graph,
	  "the tree as a picture, in graphviz' DOT",
	  "Solid arrows lead on, dashed ones come back unless there was a verdict, dotted ones\n"
	  "lead to sets, maps and pools.\n"
	  "--live: with the hits of the policy in force, which is drawn where there is no\n"
	  "FILE; arrows are as wide as they are many. --svg: as SVG, by graphviz' dot.\n"
	  "--all: long runs of rules, and of elements, are not folded.\n" },
	{ "resolve", "[--watch]", 0, 1, cmd_resolve,
	  "ask DNS again what the names in sets stand for",
	  "Names are asked when a policy is applied; this asks again, now. --watch goes on\n"
	  "doing so, each time that an answer is too old, until the process ends; it follows\n"
	  "the policy in force. New addresses are added before old ones are taken away. A\n"
	  "name that is not answered stands for what it did. Status 1 if one was not.\n" },
	{ "import classbench", "FILE [--hook HOOK]", 1, 3, cmd_import_classbench,
	  "write a ClassBench filter set as a policy",
	  "One rule a line, accept and drop in turn; their flags are left out.\n"
	  "HOOK is ingress, or 'ingress device d0' in quotes. FILE may be -.\n" },
	{ NULL, NULL, 0, 0, NULL, NULL, NULL }
};

/* What an object does where no command is given. */
static const struct {
	const char *object;
	const char *command;
} defaults[] = {
	{ "show", "policy" },
	{ "conn", "list" },
	{ "rule", "add" },
	{ "pool", "list" },
	{ "set", "list" },
	{ "node", "list" },
	{ "import", "classbench" },
};

/* What cuts something off is never guessed. */
static bool whole_only(const char *word, size_t len)
{
	static const char *const words[] = { "flush", "rollback", "confirm", "delete" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return true;
	return false;
}

/* The distinct words at the place of a command's first or second word. */
#define WORDS_MAX 64
struct words {
	char text[WORDS_MAX][24];
	const char *list[WORDS_MAX + 1];
	int count;
};

static void collect(struct words *w, const char *object)
{
	const struct command *c;
	const char *name;
	size_t len;
	int i;

	w->count = 0;
	for (c = fwctl_commands; c->name; c++) {
		name = c->name;
		if (object) {
			len = strlen(object);
			if (strncmp(name, object, len) || name[len] != ' ')
				continue;
			name += len + 1;
		}
		len = strcspn(name, " ");
		for (i = 0; i < w->count; i++)
			if (strlen(w->text[i]) == len &&
			    !memcmp(w->text[i], name, len))
				break;
		if (i < w->count)
			continue;
		snprintf(w->text[i], sizeof(w->text[i]), "%.*s", (int)len, name);
		w->list[i] = w->text[i];
		w->count++;
	}
	w->list[w->count] = NULL;
}

int fwctl_word(const char *word, const char *const *words, const char *what)
{
	size_t len = strlen(word);
	char list[256] = "", hint[300];
	const char *meant;
	int i, found = -1, n = 0;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	for (i = 0; words[i]; i++) {
		if (!len || strncmp(words[i], word, len))
			continue;
		if (whole_only(words[i], strlen(words[i]))) {
			snprintf(hint, sizeof(hint), "'%s' is always written out",
				 words[i]);
			if (!n)
				found = -2;
			continue;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 n ? ", " : "", words[i]);
		found = i;
		n++;
	}
	if (n == 1)
		return found;
	if (n > 1) {
		snprintf(hint, sizeof(hint), "it could be %s", list);
		out_error(hint, "%s '%s' is ambiguous", what, word);
		return -1;
	}
	meant = found == -2 ? NULL : fwt_diag_suggest(word, words);
	if (meant)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", meant);
	out_error(meant || found == -2 ? hint : NULL, "did not understand %s '%s'",
		  what, word);
	return -1;
}

static void print_usage(FILE *to, const struct command *c)
{
	fprintf(to, "Usage: fwctl [OPTIONS] %s%s%s\n", c->name,
		*c->args ? " " : "", c->args);
}

/* Of one command; or of all that an object has, where only that was named. */
static void print_command_help(const struct command *only, bool object)
{
	size_t len = strcspn(only->name, " ");
	const struct command *c;
	int n = 0;

	for (c = fwctl_commands; c->name; c++) {
		if (c != only && !(object && !strncmp(c->name, only->name, len) &&
				   c->name[len] == ' '))
			continue;
		if (n++)
			printf("\n");
		print_usage(stdout, c);
		printf("\n%c%s.\n", toupper((unsigned char)c->help[0]), c->help + 1);
		if (c->more)
			printf("%s", c->more);
	}
}

/* The longest that is told as a whole. */
#define HELP_COLUMN	32

static void print_help(FILE *to)
{
	const struct command *c;

	fprintf(to, "Usage: fwctl [OPTIONS] COMMAND\n\n");
	for (c = fwctl_commands; c->name; c++) {
		char left[HELP_COLUMN + 1];
		int n;

		n = snprintf(left, sizeof(left), "%s%s%s", c->name,
			     *c->args ? " " : "", c->args);
		/* What does not fit its own help tells: no word is cut. */
		if (n > HELP_COLUMN) {
			n = strcspn(left, "[|");
			while (n && left[n - 1] == ' ')
				n--;
			if (n < 3 || strncmp(left + n - 3, "...", 3))
				n += snprintf(left + n, sizeof(left) - n, " ...");
			left[n] = 0;
		}
		fprintf(to, "  %-*s %s\n", HELP_COLUMN, left, c->help);
	}
	fprintf(to, "\nOPTIONS\n"
		"  -j                   JSON on standard output, errors too\n"
		"  -n NETNS             in a network namespace: name, process id or path\n"
		"  -h                   help; of one command after its name\n"
		"  -V                   version\n"
		"\nWords may be shortened while they are unambiguous, but not flush, rollback,\n"
		"confirm and delete. Exit status: 0 done, 1 refused or failed, 2 usage.\n");
}

int fwctl_usage(struct fwctl *ctl, const char *hint, const char *fmt, ...)
{
	char buf[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	out_error(hint, "%s", buf);
	if (!out_is_json() && ctl->command)
		print_usage(stderr, ctl->command);
	return FWCTL_USAGE;
}

int fwctl_open(struct fwctl *ctl, struct fwt_nl *nl)
{
	if (!fwt_nl_open(nl, ctl->netns))
		return 0;
	return fwctl_refused(nl);
}

int fwctl_refused(struct fwt_nl *nl)
{
	out_error(NULL, "%s", nl->error);
	fwt_nl_close(nl);
	return FWCTL_FAILED;
}

char *fwctl_joined(int argc, char **argv)
{
	size_t len = 1;
	char *text;
	int i;

	for (i = 0; i < argc; i++)
		len += strlen(argv[i]) + 1;
	text = calloc(1, len);
	for (i = 0; text && i < argc; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, argv[i]);
	}
	return text;
}

/* The table, for completion and the man page: name, arguments, help. */
static int print_commands(void)
{
	const struct command *c;

	for (c = fwctl_commands; c->name; c++)
		printf("%s\t%s\t%s\n", c->name, c->args, c->help);
	return FWCTL_DONE;
}

/* Takes the options out of @argv, wherever they stand before "--". */
static int options(struct fwctl *ctl, int *argc, char **argv, bool *help,
		   bool *version)
{
	int i, n = 1;

	for (i = 1; i < *argc; i++) {
		const char *a = argv[i];

		if (!strcmp(a, "--")) {
			for (i++; i < *argc; i++)
				argv[n++] = argv[i];
			break;
		}
		if (!strcmp(a, "-j") || !strcmp(a, "--json")) {
			out_init(true);
		} else if (!strcmp(a, "-h") || !strcmp(a, "--help")) {
			*help = true;
		} else if (!strcmp(a, "-V") || !strcmp(a, "--version")) {
			*version = true;
		} else if (!strcmp(a, "-n") || !strcmp(a, "--netns")) {
			if (i + 1 == *argc)
				return fwctl_usage(ctl, NULL,
						   "-n needs the name of a network namespace");
			ctl->netns = argv[++i];
		} else if (n == 1 && a[0] == '-' && a[1] && strcmp(a, "--commands")) {
			/* Later ones are the command's own. */
			return fwctl_usage(ctl, "fwctl -h shows what there is",
					   "did not understand the option '%s'", a);
		} else {
			argv[n++] = argv[i];
		}
	}
	*argc = n;
	argv[n] = NULL;
	return 0;
}

/* The word of a command's arguments at place @n that must be there, "" for none. */
static void needed(const char *args, int n, char *to, size_t size)
{
	size_t len;

	to[0] = 0;
	while (*args) {
		if (*args == '[') {
			args += strcspn(args, "]");
			args += strspn(args, "].");
		} else {
			len = strcspn(args, " ");
			if (!n--) {
				snprintf(to, size, "%.*s", (int)len, args);
				return;
			}
			args += len;
		}
		args += strspn(args, " ");
	}
}

/* The command that the words name, and how many words that took. @help: it is asked
 * about, so that of an object's commands any will do.
 */
static const struct command *find(int argc, char **argv, bool help, int *used)
{
	const char *object, *command = NULL;
	struct words first, second;
	const struct command *c;
	char name[64], words[256] = "";
	size_t d;
	int i;

	collect(&first, NULL);
	i = fwctl_word(argv[0], first.list, "the command");
	if (i < 0)
		return NULL;
	object = first.list[i];
	*used = 1;
	collect(&second, object);
	if (second.count && argc > 1) {
		i = fwctl_word(argv[1], second.list, object);
		if (i < 0)
			return NULL;
		command = second.list[i];
		*used = 2;
	}
	for (d = 0; !command && d < sizeof(defaults) / sizeof(*defaults); d++)
		if (!strcmp(defaults[d].object, object))
			command = defaults[d].command;
	snprintf(name, sizeof(name), "%s%s%s", object, command ? " " : "",
		 command ? command : "");
	for (c = fwctl_commands; c->name && strcmp(c->name, name); c++)
		;
	if (!c->name || (*used < argc || *used > 1 || !second.count || !c->min || help))
		return c->name ? c : NULL;
	for (i = 0; i < second.count; i++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 i ? ", " : "one of: ", second.list[i]);
	out_error(words, "%s: a second word is missing", object);
	return NULL;
}

static int run(struct fwctl *ctl, int argc, char **argv)
{
	bool help = false, version = false;
	int ret, used = 0;
	char word[40];

	ret = options(ctl, &argc, argv, &help, &version);
	if (ret)
		return ret;
	if (version) {
		out_object(NULL);
		out_str("version", FWT_VERSION);
		out_end();
		out_text("fwctl %s\n", FWT_VERSION);
		return FWCTL_DONE;
	}
	if (argc == 1) {
		if (help) {
			print_help(stdout);
			return FWCTL_DONE;
		}
		if (out_is_json())
			return fwctl_usage(ctl, NULL, "a command is missing");
		print_help(stderr);
		return FWCTL_USAGE;
	}
	if (!strcmp(argv[1], "--commands"))
		return print_commands();
	ctl->command = find(argc - 1, argv + 1, help, &used);
	if (!ctl->command)
		return FWCTL_USAGE;
	if (help) {
		print_command_help(ctl->command, used == 1);
		return FWCTL_DONE;
	}
	argc -= 1 + used;
	argv += 1 + used;
	if (argc < ctl->command->min) {
		needed(ctl->command->args, argc, word, sizeof(word));
		return fwctl_usage(ctl, NULL, "%s: %s is missing", ctl->command->name,
				   word[0] ? word : "something");
	}
	if (ctl->command->max >= 0 && argc > ctl->command->max)
		return fwctl_usage(ctl, NULL, "%s: did not understand '%s'",
				   ctl->command->name, argv[ctl->command->max]);
	return ctl->command->run(ctl, argc, argv);
}

/* Who closed standard output gave its number to what is opened first: text would be
 * written into a capture, or sent to the kernel. What stands there instead can't be
 * written to, and that is told. In the place of standard input it can't be read: to read
 * nothing there would be an empty policy.
 */
static void take_numbers(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd > STDIN_FILENO)
		close(fd);
	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct fwctl ctl = { 0 };
	int ret;

	take_numbers();
	out_init(false);
	ret = run(&ctl, argc, argv);
	if (!out_finish()) {
		fprintf(stderr, "fwctl: cannot write to standard output\n");
		return FWCTL_FAILED;
	}
	return ret;
}
