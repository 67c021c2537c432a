/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The grammar of the policy language.
 *
 * What a word or a brace means has been settled before (parse_token.c), so that
 * this is free of conflicts, and bison is told to refuse any. Actions only
 * call: parse_build.c makes rules, parse_decl.c what stands around them.
 *
 * After an error the parser skips to the end of the statement, where "error"
 * stands below; a block behind the error is read all the same, so that one run
 * shows the errors inside it as well.
 */
%require "3.8"
%define api.prefix {fwt_yy}
%define api.pure full
%define api.token.prefix {TOK_}
%define api.location.type {struct fwt_lloc}
%define parse.error custom
%define lr.type ielr
%define lr.default-reduction consistent
/* Or an error would list what merged states expect: a tenth of the time */
%define parse.lac full
%expect 0
%locations
%parse-param { struct fwt_parser *p }
%lex-param { struct fwt_parser *p }

%code requires {
#include "parse_internal.h"
}

%code provides {
int fwt_yylex(FWT_YYSTYPE *lval, FWT_YYLTYPE *lloc, struct fwt_parser *p);
}

%code {
#include "parse_build.h"

#define YYLLOC_DEFAULT(Cur, Rhs, N) \
	((Cur) = (N) ? fwt_lloc_span(&YYRHSLOC(Rhs, 1), &YYRHSLOC(Rhs, N)) : \
	 fwt_lloc_behind(&YYRHSLOC(Rhs, 0)))

/* Left-recursive lists only: the stack holds what is nested, not what is long */
#define YYMAXDEPTH 4000

static void fwt_yyerror(const struct fwt_lloc *lloc, struct fwt_parser *p,
			const char *message);
}

%union {
	struct fwt_atom *atom;
	struct fwt_value *value;	/* lists are circular, held by their last */
	struct fwt_ast_ref *field;
	struct fwt_match *match;
	struct fwt_modifier *modifier;
	struct fwt_rule *rule;
	struct fwt_branch *branch;
	struct fwt_arg *arg;
	struct fwt_map_element *element;
	struct fwt_head head;
	struct fwt_ast_end *end;
	struct fwt_set_type *types;
	struct fwt_items *items;
	struct fwt_pool *pool;
	struct fwt_server *server;
	enum fwt_op op;
	uint64_t number;
	bool flag;
}

%token YYEOF 0		"end of file"
%token SKIP NEWLINE
%token SEP		"end of line"
%token <atom> WORD	"a name"
%token <atom> STRING	"a string"
%token <atom> SETREF	"@set"
%token <atom> DEFREF	"$name"
%token UNKNOWN ERROR_END
%token <value> NUMBER	"a number"
%token <value> ADDRESS	"an address"
%token <value> PREFIX	"a prefix"
%token <value> MAC	"a MAC address"
%token <value> DURATION	"a duration"
%token <value> SIZE	"a size"
%token <value> RATE	"a rate"
%token <value> BAD
%token <field> FIELD	"a field"
%token <field> FLAG
%token <field> TARGET	"what to set"

%token BLOCK_OPEN "'{'" BLOCK_CLOSE "'}'"
%token SELECT_OPEN SELECT_CLOSE SPLIT_OPEN SPLIT_CLOSE SET_OPEN SET_CLOSE
%token POOL_OPEN POOL_CLOSE LIST_OPEN LIST_CLOSE KEYS_OPEN KEYS_CLOSE
%token NOT_OPEN NOT_CLOSE ARGS_OPEN ARGS_CLOSE
%token ',' '=' ':' '-' '&' '/' '(' ')' ';' '{' '}'
%token JOIN "'.'" ARROW "'->'"
%token EQ "'=='" NE "'!='" LT "'<'" LE "'<='" GT "'>'" GE "'>='"

%token DEFINE OPTION TREE POOL INGRESS EGRESS DEVICE "'device'" SETDECL MAPDECL
%token TIMEOUT "'timeout'" MAX INTERVAL ELEMENTS TREES FILE "'file'"
%token SCHEDULER HEALTH WEIGHT "'weight'"
%token NOT LIMIT RATEWORD OVER "'over'" BURST BY "'by'" QUOTA RANDOM NODE CT_COUNT
%token SNAT MASQUERADE DNAT REDIRECT NETMAP BALANCE OR TO "'to'" MAP "'map'"
%token PERSISTENT EIM SET MSS CLAMP "'clamp'" ADD REMOVE
%token LOG PREFIXWORD GROUP COUNT COUNTER NOTRACK MODIFY
%token ACCEPT DROP REJECT WITH "'with'" QUEUE BYPASS GOTO CALL RETURN
%token SELECT DEFAULT SPLIT ROUND_ROBIN HASH ID COMMENT
%token ADDR_OF NET_OF

%type <atom> name opt_prefix
%type <value> literal single part joining joined values list list_opt elements port
%type <value> ifname port_end burst size number opt_timeout opt_group target_addr
%type <field> fields keys key
%type <match> match late_match matches
%type <modifier> modifier modifiers
%type <head> head
%type <end> end rejects
%type <rule> rule rules opt_rule
%type <branch> branch branches opt_branch share shares opt_share
%type <arg> args arg node_args
%type <types> types
%type <items> set_body set_items map_body map_items
%type <element> pair pairs map_list
%type <pool> pool_items
%type <server> server
%type <op> op eq_ne
%type <number> nat_flags nat_flag
%type <flag> over

%%

policy: items ;

items: item | items sep item ;

sep: SEP { yyerrok; } ;
open: BLOCK_OPEN { yyerrok; } ;

item: %empty
	| DEFINE name '=' list_opt	{ fwt_define_add(p, &@2, $2, $4, &@4); }
	| DEFINE name error		{ fwt_define_lost(p, &@2, $2); }
	| DEFINE name '=' error		{ fwt_define_lost(p, &@2, $2); }
	| OPTION name single		{ fwt_option_add(p, &@$, &@2, $2, NULL, $3); }
	| OPTION name single single	{ fwt_option_add(p, &@$, &@2, $2, $3, $4); }
	| TREE name BLOCK_OPEN rules BLOCK_CLOSE
					{ fwt_tree_add(p, &@1, &@2, $2, $4); }
	| hook
	| SETDECL name ':' types set_body	{ fwt_set_add(p, &@2, $2, $4, $5); }
	| MAPDECL name ':' types ARROW types map_body
					{ fwt_map_add(p, &@2, $2, $4, $6, $7); }
	| POOL name POOL_OPEN pool_items POOL_CLOSE	{ fwt_pool_add(p, &@2, $2, $4); }
	| error				{ fwt_item_lost(p); }
	| error open rules BLOCK_CLOSE	{ fwt_item_lost(p); }
	| error SET_OPEN map_items SET_CLOSE	{ fwt_item_lost(p); }
	| error POOL_OPEN pool_items POOL_CLOSE	{ fwt_item_lost(p); }
	;

hook: INGRESS BLOCK_OPEN rules BLOCK_CLOSE	{ fwt_hook_add(p, &@1, false, NULL, NULL, $3); }
	| EGRESS BLOCK_OPEN rules BLOCK_CLOSE	{ fwt_hook_add(p, &@1, true, NULL, NULL, $3); }
	| INGRESS DEVICE values BLOCK_OPEN rules BLOCK_CLOSE
					{ fwt_hook_add(p, &@1, false, $3, &@3, $5); }
	| EGRESS DEVICE values BLOCK_OPEN rules BLOCK_CLOSE
					{ fwt_hook_add(p, &@1, true, $3, &@3, $5); }
	;

name: WORD
	| STRING			{ $$ = fwt_name_quoted(p, &@1, $1); }
	;

types: WORD				{ $$ = fwt_type_add(p, NULL, &@1, $1); }
	| types JOIN WORD		{ $$ = fwt_type_add(p, $1, &@3, $3); }
	;

set_body: %empty			{ $$ = NULL; }
	| SET_OPEN set_items SET_CLOSE	{ $$ = $2; }
	;

set_items: set_item_opt			{ $$ = p->item; p->item = NULL; }
	;

set_item_opt: set_item | set_item_opt sep set_item ;

set_item: %empty
	| common_item
	| ELEMENTS '=' elements		{ fwt_item_elements(p, $3, &@3); }
	| error
	;

common_item: TIMEOUT DURATION		{ fwt_item_timeout(p, &@1, $2); }
	| MAX number			{ fwt_item_max(p, &@1, $2); }
	| INTERVAL			{ fwt_item_interval(p, &@1); }
	| ELEMENTS FILE STRING		{ fwt_item_file(p, &@3, $3); }
	;

elements: list_opt ;

map_body: %empty			{ $$ = NULL; }
	| SET_OPEN map_items SET_CLOSE	{ $$ = $2; }
	;

map_items: map_item_opt			{ $$ = p->item; p->item = NULL; }
	;

map_item_opt: map_item | map_item_opt sep map_item ;

map_item: %empty
	| common_item
	| ELEMENTS '=' map_list		{ fwt_item_pairs(p, $3); }
	| TREES '=' list_opt		{ fwt_item_trees(p, $3, &@3); }
	| error
	;

map_list: LIST_OPEN LIST_CLOSE			{ $$ = NULL; }
	| LIST_OPEN pairs comma_opt LIST_CLOSE	{ $$ = $2; }
	;

pairs: pair				{ $$ = fwt_push(NULL_ELEMENT, $1); }
	| pairs ',' pair		{ $$ = fwt_push($1, $3); }
	;

pair: joined ARROW joined		{ $$ = fwt_pair_new(p, $1, &@1, $3, &@3); }
	| joined ':' joined		{ $$ = fwt_pair_new(p, $1, &@1, $3, &@3); }
	;

pool_items: pool_item_opt		{ $$ = p->pool_item; p->pool_item = NULL; }
	;

pool_item_opt: pool_item | pool_item_opt sep pool_item ;

pool_item: %empty
	| SCHEDULER WORD		{ fwt_pool_scheduler(p, &@2, $2); }
	| HEALTH WORD			{ fwt_pool_health(p, &@2, $2); }
	| server			{ fwt_pool_server(p, $1, NULL); }
	| server WEIGHT NUMBER		{ fwt_pool_server(p, $1, $3); }
	| error				{ fwt_pool_lost(p); }
	;

server: literal				{ $$ = fwt_server_new(p, &@$, $1, &@1, NULL); }
	| literal ':' port		{ $$ = fwt_server_new(p, &@$, $1, &@1, $3); }
	;

/* Statements */

rules: opt_rule				{ $$ = fwt_push(NULL_RULE, $1); }
	| rules sep opt_rule		{ $$ = fwt_push($1, $3); }
	;

opt_rule: %empty			{ $$ = NULL; }
	| rule
	| error				{ $$ = fwt_rule_lost(p, &@1, NULL); }
	| error open rules BLOCK_CLOSE	{ $$ = fwt_rule_lost(p, &@1, $3); }
	| error SELECT_OPEN branches SELECT_CLOSE
			{ $$ = fwt_rule_lost(p, &@1, fwt_branch_rules($3)); }
	| error SPLIT_OPEN shares SPLIT_CLOSE
			{ $$ = fwt_rule_lost(p, &@1, fwt_branch_rules($3)); }
	;

rule: head				{ $<rule>$ = fwt_rule_new(p, &@1, $1, NULL); }
		attributes		{ $$ = fwt_rule_finish(p, $<rule>2, &@$); }
	| head end			{ $<rule>$ = fwt_rule_new(p, &@2, $1, $2); }
		attributes		{ $$ = fwt_rule_finish(p, $<rule>3, &@$); }
	| end				{ $<rule>$ = fwt_rule_new(p, &@1, NO_HEAD, $1); }
		attributes		{ $$ = fwt_rule_finish(p, $<rule>2, &@$); }
	;

attributes: %empty
	| attributes ID name		{ fwt_rule_id(p, $<rule>0, &@2, &@3, $3); }
	| attributes COMMENT STRING	{ fwt_rule_comment(p, $<rule>0, &@2, &@3, $3); }
	;

head: matches				{ $$ = (struct fwt_head){ $1, NULL }; }
	| modifiers			{ $$ = (struct fwt_head){ NULL, $1 }; }
	| matches modifiers		{ $$ = (struct fwt_head){ $1, $2 }; }
	;

matches: match				{ $$ = fwt_push(NULL_MATCH, $1); }
	| matches match			{ $$ = fwt_push($1, $2); }
	;

modifiers: modifier			{ $$ = fwt_push(NULL_MODIFIER, $1); }
	| modifiers modifier		{ $$ = fwt_push($1, $2); }
	| modifiers late_match		{ fwt_late_match(p, &@2); $$ = $1; }
	;

match: late_match
	| RANDOM NUMBER '/' NUMBER	{ $$ = fwt_match_random(p, &@$, $2, $4); }
	;

/* "random" may also be a flag of the translation before it, where it is one */
late_match: fields values		{ $$ = fwt_match_field(p, &@$, $1, &@1, 0, false, $2, &@2); }
	| fields op values		{ $$ = fwt_match_field(p, &@$, $1, &@1, $2, true, $3, &@3); }
	| fields op FIELD		{ $$ = fwt_match_compare(p, &@$, $1, &@1, $2, $3); }
	| fields '&' values eq_ne values
				{ $$ = fwt_match_mask(p, &@$, $1, &@1, $3, &@3, $4, $5, &@5); }
	| FLAG				{ $$ = fwt_match_flag(p, &@$, $1); }
	| NOT match			{ $$ = fwt_match_not(p, &@$, fwt_push(NULL_MATCH, $2)); }
	| NOT NOT_OPEN matches NOT_CLOSE	{ $$ = fwt_match_not(p, &@$, $3); }
	| NOT NOT_OPEN NOT_CLOSE	{ $$ = fwt_match_not(p, &@$, NULL); }
	| LIMIT rateword over RATE burst	{ $$ = fwt_match_limit(p, &@$, $3, $4, $5, NULL, NULL); }
	| LIMIT rateword over RATE burst BY keys
				{ $$ = fwt_match_limit(p, &@$, $3, $4, $5, $7, &@7); }
	| CT_COUNT BY keys op number	{ $$ = fwt_match_ct_count(p, &@$, $3, &@3, $4, $5); }
	| QUOTA over size		{ $$ = fwt_match_quota(p, &@$, $2, $3); }
	| NODE name node_args		{ $$ = fwt_match_node(p, &@$, &@2, $2, $3); }
	;

fields: FIELD				{ $$ = fwt_push(NULL_FIELD, $1); }
	| fields JOIN FIELD		{ $$ = fwt_push($1, $3); }
	;

keys: key				{ $$ = fwt_push(NULL_FIELD, $1); }
	| keys JOIN key			{ $$ = fwt_push($1, $3); }
	;

key: FIELD
	| FIELD '/' NUMBER		{ $$ = fwt_key(p, $1, &@$, $3, NULL); }
	| FIELD '/' NUMBER '/' NUMBER	{ $$ = fwt_key(p, $1, &@$, $3, $5); }
	;

op: EQ { $$ = FWT_OP_EQ; } | NE { $$ = FWT_OP_NE; }
	| LT { $$ = FWT_OP_LT; } | LE { $$ = FWT_OP_LE; }
	| GT { $$ = FWT_OP_GT; } | GE { $$ = FWT_OP_GE; }
	;

eq_ne: EQ { $$ = FWT_OP_EQ; } | NE { $$ = FWT_OP_NE; } ;

rateword: %empty | RATEWORD ;
over: %empty { $$ = false; } | OVER { $$ = true; } ;
burst: %empty { $$ = NULL; } | BURST number { $$ = $2; } ;
number: NUMBER | SIZE | BAD ;
size: SIZE | NUMBER | BAD ;

node_args: %empty			{ $$ = NULL; }
	| ARGS_OPEN args ARGS_CLOSE	{ $$ = $2; }
	;

args: arg				{ $$ = fwt_push(NULL_ARG, $1); }
	| args arg_sep arg		{ $$ = fwt_push($1, $3); }
	;

arg_sep: sep | ',' ;

arg: %empty				{ $$ = NULL; }
	| name				{ $$ = fwt_arg_new(p, &@1, $1, NULL, NULL); }
	| name joined			{ $$ = fwt_arg_new(p, &@1, $1, $2, &@2); }
	| name '=' joined		{ $$ = fwt_arg_new(p, &@1, $1, $3, &@3); }
	;

/* Values */

values: list				{ $$ = $1; } ;

list: joined
	| list ',' joined		{ $$ = fwt_splice($1, $3); }
	;

list_opt: list | LIST_OPEN LIST_CLOSE	{ $$ = NULL; } ;

joined: part
	| joining			{ $$ = fwt_join_finish(p, $1, &@1); }
	;

joining: part JOIN part			{ $$ = fwt_join_new(p, &@$, $1, &@1, $3, &@3); }
	| joining JOIN part		{ $$ = fwt_join_add(p, &@$, $1, $3, &@3); }
	;

part: single
	| LIST_OPEN list comma_opt LIST_CLOSE	{ $$ = $2; }
	;

comma_opt: %empty | ',' ;

single: literal
	| literal '-' literal		{ $$ = fwt_range_new(p, &@$, $1, &@1, $3, &@3); }
	| SETREF			{ $$ = fwt_word_new(p, &@1, FWT_VALUE_SETREF, $1); }
	| ADDR_OF '(' ifname ')'	{ $$ = fwt_of_new(p, &@$, FWT_VALUE_ADDR_OF, $3); }
	| NET_OF '(' ifname ')'		{ $$ = fwt_of_new(p, &@$, FWT_VALUE_NET_OF, $3); }
	;

ifname: WORD				{ $$ = fwt_word_new(p, &@1, FWT_VALUE_WORD, $1); }
	| STRING			{ $$ = fwt_word_new(p, &@1, FWT_VALUE_STRING, $1); }
	| DEFREF			{ $$ = fwt_defref_new(p, &@1, $1); }
	;

literal: WORD				{ $$ = fwt_word_new(p, &@1, FWT_VALUE_WORD, $1); }
	| STRING			{ $$ = fwt_word_new(p, &@1, FWT_VALUE_STRING, $1); }
	| DEFREF			{ $$ = fwt_defref_new(p, &@1, $1); }
	| NUMBER			{ $$ = fwt_alone($1); }
	| ADDRESS			{ $$ = fwt_alone($1); }
	| PREFIX			{ $$ = fwt_alone($1); }
	| MAC				{ $$ = fwt_alone($1); }
	| DURATION			{ $$ = fwt_alone($1); }
	| SIZE				{ $$ = fwt_alone($1); }
	| RATE				{ $$ = fwt_alone($1); }
	| BAD				{ $$ = fwt_alone($1); }
	;

/* Modifiers */

modifier: SNAT TO target_addr nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_SNAT, $3, &@3, NULL, $4); }
	| SNAT TO target_addr ':' port nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_SNAT, $3, &@3, $5, $6); }
	| SNAT TO ':' port nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_SNAT, NULL, &@3, $4, $5); }
	| SNAT TO keys MAP SETREF nat_flags
			{ $$ = fwt_mod_map(p, &@$, FWT_AST_MOD_SNAT, $3, &@3, &@5, $5, NULL, $6); }
	| SNAT TO keys MAP SETREF ':' port nat_flags
			{ $$ = fwt_mod_map(p, &@$, FWT_AST_MOD_SNAT, $3, &@3, &@5, $5, $7, $8); }
	| DNAT TO target_addr nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_DNAT, $3, &@3, NULL, $4); }
	| DNAT TO target_addr ':' port nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_DNAT, $3, &@3, $5, $6); }
	| DNAT TO ':' port nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_DNAT, NULL, &@3, $4, $5); }
	| DNAT TO keys MAP SETREF nat_flags
			{ $$ = fwt_mod_map(p, &@$, FWT_AST_MOD_DNAT, $3, &@3, &@5, $5, NULL, $6); }
	| DNAT TO keys MAP SETREF ':' port nat_flags
			{ $$ = fwt_mod_map(p, &@$, FWT_AST_MOD_DNAT, $3, &@3, &@5, $5, $7, $8); }
	| MASQUERADE nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_MASQUERADE, NULL, NULL, NULL, $2); }
	| MASQUERADE TO ':' port nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_MASQUERADE, NULL, NULL, $4, $5); }
	| REDIRECT nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_REDIRECT, NULL, NULL, NULL, $2); }
	| REDIRECT TO ':' port nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_REDIRECT, NULL, NULL, $4, $5); }
	| NETMAP TO target_addr nat_flags
			{ $$ = fwt_mod_nat(p, &@$, FWT_AST_MOD_NETMAP, $3, &@3, NULL, $4); }
	| BALANCE SETREF nat_flags	{ $$ = fwt_mod_balance(p, &@$, &@2, $2, $3, NULL); }
	| BALANCE SETREF nat_flags OR rejects
					{ $$ = fwt_mod_balance(p, &@$, &@2, $2, $3, $5); }
	| SET TARGET single		{ $$ = fwt_mod_set(p, &@$, $2, $3, &@3); }
	| SET TARGET key		{ $$ = fwt_mod_copy(p, &@$, $2, $3); }
	| SET TARGET keys MAP SETREF	{ $$ = fwt_mod_set_map(p, &@$, $2, $3, &@3, &@5, $5); }
	| MSS CLAMP			{ $$ = fwt_mod_new(p, &@$, FWT_AST_MOD_MSS_CLAMP); }
	| ADD SETREF KEYS_OPEN keys KEYS_CLOSE opt_timeout
			{ $$ = fwt_mod_update(p, &@$, FWT_AST_MOD_ADD, &@2, $2, $4, &@4, $6); }
	| REMOVE SETREF KEYS_OPEN keys KEYS_CLOSE
			{ $$ = fwt_mod_update(p, &@$, FWT_AST_MOD_REMOVE, &@2, $2, $4, &@4, NULL); }
	| LOG opt_prefix opt_group	{ $$ = fwt_mod_log(p, &@$, &@2, $2, $3); }
	| COUNT name			{ $$ = fwt_mod_count(p, &@$, &@2, $2); }
	| COUNTER			{ $$ = fwt_mod_new(p, &@$, FWT_AST_MOD_COUNT); }
	| NOTRACK			{ $$ = fwt_mod_new(p, &@$, FWT_AST_MOD_NOTRACK); }
	| MODIFY name node_args		{ $$ = fwt_mod_node(p, &@$, &@2, $2, $3); }
	;

target_addr: part ;

port: port_end
	| port_end '-' port_end		{ $$ = fwt_range_new(p, &@$, $1, &@1, $3, &@3); }
	;

port_end: NUMBER			{ $$ = fwt_alone($1); }
	| WORD				{ $$ = fwt_word_new(p, &@1, FWT_VALUE_WORD, $1); }
	| DEFREF			{ $$ = fwt_defref_new(p, &@1, $1); }
	| BAD				{ $$ = fwt_alone($1); }
	;

nat_flags: %empty			{ $$ = 0; }
	| nat_flags nat_flag		{ $$ = $1 | $2; }
	;

nat_flag: RANDOM { $$ = FWT_NAT_RANDOM; }
	| PERSISTENT { $$ = FWT_NAT_PERSISTENT; }
	| EIM { $$ = FWT_NAT_EIM; }
	;

opt_timeout: %empty { $$ = NULL; } | TIMEOUT DURATION { $$ = $2; } ;
opt_prefix: %empty { $$ = NULL; } | STRING | PREFIXWORD STRING { $$ = $2; @$ = @2; } ;
opt_group: %empty { $$ = NULL; } | GROUP NUMBER { $$ = $2; } ;

/* What ends a rule */

rejects: REJECT				{ $$ = fwt_end_new(p, &@$, FWT_END_REJECT); }
	| REJECT WITH WORD		{ $$ = fwt_end_reject(p, &@$, &@3, $3); }
	;

end: ACCEPT				{ $$ = fwt_end_new(p, &@$, FWT_END_ACCEPT); }
	| DROP				{ $$ = fwt_end_new(p, &@$, FWT_END_DROP); }
	| RETURN			{ $$ = fwt_end_new(p, &@$, FWT_END_RETURN); }
	| ERROR_END			{ $$ = fwt_end_new(p, &@$, FWT_END_ERROR); }
	| rejects
	| QUEUE NUMBER			{ $$ = fwt_end_queue(p, &@$, $2, false); }
	| QUEUE NUMBER BYPASS		{ $$ = fwt_end_queue(p, &@$, $2, true); }
	| GOTO name			{ $$ = fwt_end_target(p, &@$, FWT_END_GOTO, &@2, $2); }
	| CALL name			{ $$ = fwt_end_target(p, &@$, FWT_END_CALL, &@2, $2); }
	| GOTO SETREF			{ $$ = fwt_end_map(p, &@$, false, NULL, NULL, &@2, $2); }
	| CALL SETREF			{ $$ = fwt_end_map(p, &@$, true, NULL, NULL, &@2, $2); }
	| GOTO keys MAP SETREF		{ $$ = fwt_end_map(p, &@$, false, $2, &@2, &@4, $4); }
	| CALL keys MAP SETREF		{ $$ = fwt_end_map(p, &@$, true, $2, &@2, &@4, $4); }
	| BLOCK_OPEN rules BLOCK_CLOSE	{ $$ = fwt_end_block(p, &@$, &@1, $2); }
	| SELECT fields SELECT_OPEN branches SELECT_CLOSE
			{ $$ = fwt_end_select(p, &@$, &@3, $2, &@2, $4); }
	| SELECT NODE name node_args SELECT_OPEN branches SELECT_CLOSE
			{ $$ = fwt_end_select_node(p, &@$, &@5, &@3, $3, $4, $6); }
	| SPLIT ROUND_ROBIN SPLIT_OPEN shares SPLIT_CLOSE
			{ $$ = fwt_end_split(p, &@$, &@3, FWT_SPLIT_ROUND_ROBIN, NULL, NULL, $4); }
	| SPLIT RANDOM SPLIT_OPEN shares SPLIT_CLOSE
			{ $$ = fwt_end_split(p, &@$, &@3, FWT_SPLIT_RANDOM, NULL, NULL, $4); }
	| SPLIT HASH keys SPLIT_OPEN shares SPLIT_CLOSE
			{ $$ = fwt_end_split(p, &@$, &@4, FWT_SPLIT_HASH, $3, &@3, $5); }
	;

branches: opt_branch			{ $$ = fwt_push(NULL_BRANCH, $1); }
	| branches sep opt_branch	{ $$ = fwt_push($1, $3); }
	;

opt_branch: %empty			{ $$ = NULL; }
	| branch
	| error				{ $$ = fwt_branch_lost(p, &@1, NULL); }
	| error open rules BLOCK_CLOSE	{ $$ = fwt_branch_lost(p, &@1, $3); }
	;

branch: values ARROW rule		{ $$ = fwt_branch_new(p, &@$, &@1, $1, $3); }
	| DEFAULT ARROW rule		{ $$ = fwt_branch_new(p, &@$, &@1, NULL, $3); }
	;

shares: opt_share			{ $$ = fwt_push(NULL_BRANCH, $1); }
	| shares sep opt_share		{ $$ = fwt_push($1, $3); }
	;

opt_share: %empty			{ $$ = NULL; }
	| share
	| error				{ $$ = fwt_branch_lost(p, &@1, NULL); }
	| error open rules BLOCK_CLOSE	{ $$ = fwt_branch_lost(p, &@1, $3); }
	;

share: NUMBER ARROW rule		{ $$ = fwt_share_new(p, &@$, &@1, $1, $3); }
	;

%%

static void fwt_yyerror(const struct fwt_lloc *lloc, struct fwt_parser *p,
			const char *message)
{
	/* syntax errors go to yyreport_syntax_error(): this is its stack */
	(void)message;
	fwt_error(p->diag, &lloc->loc, "this is nested too deeply");
	p->spoiled = true;
	p->panic = true;
}

static int yyreport_syntax_error(const yypcontext_t *ctx, struct fwt_parser *p)
{
	yysymbol_kind_t expected[YYNTOKENS];
	const char *names[YYNTOKENS];
	yysymbol_kind_t token = yypcontext_token(ctx);
	int n = yypcontext_expected_tokens(ctx, expected, YYNTOKENS), i;

	if (p->no_memory)	/* the text did not end, we did */
		return 0;
	for (i = 0; i < n; i++)
		names[i] = yysymbol_name(expected[i]);
	fwt_syntax_error(p, yypcontext_location(ctx),
			 token == YYSYMBOL_YYEMPTY ? "" : yysymbol_name(token), names, n);
	return 0;
}
