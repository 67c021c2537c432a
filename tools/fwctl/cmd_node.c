// SPDX-License-Identifier: GPL-2.0
/* node list. */
#include <stdio.h>

#include "fwctl.h"
#include "sema.h"

static const char *const kinds[] = {
	[FWTREE_NODE_KIND_SELECTOR] = "selector",
	[FWTREE_NODE_KIND_MODIFIER] = "modifier",
	[FWTREE_NODE_KIND_SELECTING_MODIFIER] = "selecting-modifier",
};

static const char *const types[] = {
	[FWTREE_NODE_PARAM_TYPE_FLAG] = "flag",
	[FWTREE_NODE_PARAM_TYPE_NUMBER] = "number",
	[FWTREE_NODE_PARAM_TYPE_DURATION] = "duration",
	[FWTREE_NODE_PARAM_TYPE_STRING] = "string",
	[FWTREE_NODE_PARAM_TYPE_PREFIX] = "prefix",
};

#define NAME(names, i) \
	((i) < sizeof(names) / sizeof(*(names)) ? (names)[i] : "unknown")

static void json(const struct fwt_nl_node *n)
{
	unsigned int hook;
	size_t i;

	out_num("branches", n->n_branches);
	out_array("branch");
	for (i = 0; i < n->named; i++)
		out_str(NULL, n->branch[i]);
	out_end();
	out_array("params");
	for (i = 0; i < n->params; i++) {
		out_object(NULL);
		out_str("name", n->param[i].name);
		out_str("type", NAME(types, n->param[i].type));
		out_bool("required", n->param[i].required);
		if (n->param[i].least)
			out_num("min", n->param[i].least);
		if (n->param[i].most)
			out_num("max", n->param[i].most);
		out_end();
	}
	out_end();
	out_array("hooks");
	for (hook = 0; hook < __FWT_HOOK_MAX; hook++)
		if (n->hooks & FWT_HOOK_BIT(hook))
			out_str(NULL, fwt_hook_name(hook));
	out_end();
}

static void text(const struct fwt_nl_node *n)
{
	char buf[200] = "", hooks[64];
	size_t i, len = 0;

	if (n->named)
		for (i = 0; i < n->named && len < sizeof(buf); i++)
			len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s%s",
						i ? "," : "", n->branch[i]);
	else if (n->n_branches)
		snprintf(buf, sizeof(buf), "%u", n->n_branches);
	out_cell_str(NULL, *buf ? buf : "-");
	*buf = 0;
	/* In brackets what may be left out. */
	for (i = 0, len = 0; i < n->params && len < sizeof(buf); i++)
		len += (size_t)snprintf(buf + len, sizeof(buf) - len,
					n->param[i].required ? "%s%s" : "%s[%s]",
					i ? "," : "", n->param[i].name);
	out_cell_str(NULL, *buf ? buf : "-");
	out_cell_str(NULL, n->hooks == FWT_HOOKS_ALL ? "all" :
		     fwctl_hooks(hooks, sizeof(hooks), n->hooks));
}

int cmd_node_list(struct fwctl *ctl, int argc, char **argv)
{
	static const struct out_column columns[] = {
		{ "NODE", false }, { "KIND", false }, { "BRANCHES", false },
		{ "PARAMETERS", false }, { "HOOKS", false }, { "USES", true },
		{ "MODULE", false },
	};
	struct fwt_nl_nodes n;
	struct fwt_nl nl;
	size_t i;
	int ret;

	(void)argc;
	(void)argv;
	ret = fwctl_open(ctl, &nl);
	if (ret)
		return ret;
	if (fwt_nl_nodes_get(&nl, &n))
		return fwctl_refused(&nl);
	fwt_nl_close(&nl);
	out_table(NULL, columns, sizeof(columns) / sizeof(*columns));
	for (i = 0; i < n.count; i++) {
		out_row();
		out_cell_str("name", n.node[i].name);
		out_cell_str("kind", NAME(kinds, n.node[i].kind));
		if (out_is_json())
			json(&n.node[i]);
		else
			text(&n.node[i]);
		out_cell_num("uses", OUT_PLAIN, n.node[i].uses);
		out_cell_str("module", n.node[i].module);
		out_row_end();
	}
	out_table_end();
	fwt_nl_nodes_clean(&n);
	return FWCTL_DONE;
}
