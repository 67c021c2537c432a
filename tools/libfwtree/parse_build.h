/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the grammar's actions call. Lists come in as circular ones, held by
 * their last node; values have not been expanded yet.
 */
#ifndef FWT_PARSE_BUILD_H
#define FWT_PARSE_BUILD_H

#include "parse_internal.h"

#define NULL_RULE	((struct fwt_rule *)NULL)
#define NULL_MATCH	((struct fwt_match *)NULL)
#define NULL_MODIFIER	((struct fwt_modifier *)NULL)
#define NULL_FIELD	((struct fwt_ast_ref *)NULL)
#define NULL_BRANCH	((struct fwt_branch *)NULL)
#define NULL_ARG	((struct fwt_arg *)NULL)
#define NULL_ELEMENT	((struct fwt_map_element *)NULL)
#define NO_HEAD		((struct fwt_head){ NULL, NULL })

/* A use of $NAME, until fwt_values_finish() puts the values in its place */
#define FWT_VALUE_DEFREF	0xff

/* Places */
struct fwt_lloc fwt_lloc_span(const struct fwt_lloc *first, const struct fwt_lloc *last);
struct fwt_lloc fwt_lloc_behind(const struct fwt_lloc *lloc);
void fwt_syntax_error(struct fwt_parser *p, const struct fwt_lloc *lloc, const char *token,
		      const char *const *expected, int n);

/* Values: parse_value.c */
struct fwt_value *fwt_alone(struct fwt_value *v);
struct fwt_value *fwt_splice(struct fwt_value *a, struct fwt_value *b);
struct fwt_value *fwt_word_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       enum fwt_value_kind kind, struct fwt_atom *atom);
struct fwt_value *fwt_defref_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_atom *atom);
struct fwt_value *fwt_range_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				struct fwt_value *lo, const struct fwt_lloc *lo_lloc,
				struct fwt_value *hi, const struct fwt_lloc *hi_lloc);
struct fwt_value *fwt_of_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			     enum fwt_value_kind kind, struct fwt_value *name);
struct fwt_value *fwt_join_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       struct fwt_value *a, const struct fwt_lloc *a_lloc,
			       struct fwt_value *b, const struct fwt_lloc *b_lloc);
struct fwt_value *fwt_join_add(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       struct fwt_value *join, struct fwt_value *b,
			       const struct fwt_lloc *b_lloc);
struct fwt_value *fwt_join_finish(struct fwt_parser *p, struct fwt_value *join,
				  const struct fwt_lloc *lloc);
struct fwt_values fwt_values_finish(struct fwt_parser *p, struct fwt_value *last,
				    const struct fwt_lloc *lloc);
struct fwt_value *fwt_value_one(struct fwt_parser *p, struct fwt_value *last,
				const struct fwt_lloc *lloc, const char *what);
struct fwt_fields fwt_fields_finish(struct fwt_ast_ref *last, const struct fwt_lloc *lloc);
void fwt_set_name(struct fwt_name *name, struct fwt_atom *atom, const struct fwt_lloc *lloc);
/* A name in quotes, which is not to be longer than one without. */
struct fwt_atom *fwt_name_quoted(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_atom *atom);

/**
 * fwt_elements_read() - the elements in a file of a set: parse_elements.c
 * @path: as written, relative to the file of its place
 *
 * Return: a circular list; NULL for none. What is wrong was reported.
 */
struct fwt_value *fwt_elements_read(struct fwt_parser *p, const struct fwt_name *path);

/* DNS names: parse_names.c. fwt_set_names() takes them out of the elements. */
void fwt_set_names(struct fwt_parser *p, struct fwt_set *set);
void fwt_resolvers_used(struct fwt_parser *p, const struct fwt_lloc *lloc,
			struct fwt_atom *name);

/** fwt_pairs_read() - the same of a map; a circular list, by its last */
struct fwt_map_element *fwt_pairs_read(struct fwt_parser *p, const struct fwt_name *path);

/* Rules: parse_rule.c */
struct fwt_rule *fwt_rule_new(struct fwt_parser *p, const struct fwt_lloc *last,
			      struct fwt_head head, struct fwt_ast_end *end);
struct fwt_rule *fwt_rule_finish(struct fwt_parser *p, struct fwt_rule *rule,
				 const struct fwt_lloc *lloc);
struct fwt_rule *fwt_rule_lost(struct fwt_parser *p, const struct fwt_lloc *lloc,
			       struct fwt_rule *rules);
struct fwt_rule *fwt_branch_rules(struct fwt_branch *branches);
void fwt_rule_id(struct fwt_parser *p, struct fwt_rule *rule, const struct fwt_lloc *word,
		 const struct fwt_lloc *lloc, struct fwt_atom *name);
void fwt_rule_comment(struct fwt_parser *p, struct fwt_rule *rule,
		      const struct fwt_lloc *word, const struct fwt_lloc *lloc,
		      struct fwt_atom *text);
void fwt_late_match(struct fwt_parser *p, const struct fwt_lloc *lloc);
struct fwt_match *fwt_match_field(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_ast_ref *fields, const struct fwt_lloc *f_lloc,
				  enum fwt_op op, bool written, struct fwt_value *values,
				  const struct fwt_lloc *v_lloc);
struct fwt_match *fwt_match_compare(struct fwt_parser *p, const struct fwt_lloc *lloc,
				    struct fwt_ast_ref *fields, const struct fwt_lloc *f_lloc,
				    enum fwt_op op, struct fwt_ast_ref *other);
struct fwt_match *fwt_match_mask(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_ast_ref *fields, const struct fwt_lloc *f_lloc,
				 struct fwt_value *mask, const struct fwt_lloc *m_lloc,
				 enum fwt_op op, struct fwt_value *values,
				 const struct fwt_lloc *v_lloc);
struct fwt_match *fwt_match_flag(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_ast_ref *field);
struct fwt_match *fwt_match_not(struct fwt_parser *p, const struct fwt_lloc *lloc,
				struct fwt_match *inner);
struct fwt_match *fwt_match_limit(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  bool over, struct fwt_value *rate, struct fwt_value *burst,
				  struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc);
struct fwt_match *fwt_match_ct_count(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				     enum fwt_op op, struct fwt_value *number);
struct fwt_match *fwt_match_quota(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  bool over, struct fwt_value *size);
struct fwt_match *fwt_match_random(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   struct fwt_value *n, struct fwt_value *m);
struct fwt_match *fwt_match_node(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 const struct fwt_lloc *n_lloc, struct fwt_atom *name,
				 struct fwt_arg *args);
struct fwt_ast_ref *fwt_key(struct fwt_parser *p, struct fwt_ast_ref *field,
			    const struct fwt_lloc *lloc, struct fwt_value *plen4,
			    struct fwt_value *plen6);
struct fwt_arg *fwt_arg_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
			    struct fwt_atom *name, struct fwt_value *value,
			    const struct fwt_lloc *v_lloc);

/* Modifiers and ends: parse_act.c */
struct fwt_modifier *fwt_mod_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 enum fwt_modifier_kind kind);
struct fwt_modifier *fwt_mod_nat(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 enum fwt_modifier_kind kind, struct fwt_value *addr,
				 const struct fwt_lloc *a_lloc, struct fwt_value *port,
				 unsigned int flags);
struct fwt_modifier *fwt_mod_map(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 enum fwt_modifier_kind kind, struct fwt_ast_ref *keys,
				 const struct fwt_lloc *k_lloc, const struct fwt_lloc *m_lloc,
				 struct fwt_atom *map, struct fwt_value *port,
				 unsigned int flags);
struct fwt_modifier *fwt_mod_balance(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     const struct fwt_lloc *n_lloc, struct fwt_atom *pool,
				     unsigned int flags, const struct fwt_ast_end *or_reject);
struct fwt_modifier *fwt_mod_set(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 struct fwt_ast_ref *target, struct fwt_value *value,
				 const struct fwt_lloc *v_lloc);
struct fwt_modifier *fwt_mod_copy(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_ast_ref *target, struct fwt_ast_ref *from);
struct fwt_modifier *fwt_mod_set_map(struct fwt_parser *p, const struct fwt_lloc *lloc,
				     struct fwt_ast_ref *target, struct fwt_ast_ref *keys,
				     const struct fwt_lloc *k_lloc,
				     const struct fwt_lloc *m_lloc, struct fwt_atom *map);
struct fwt_modifier *fwt_mod_update(struct fwt_parser *p, const struct fwt_lloc *lloc,
				    enum fwt_modifier_kind kind,
				    const struct fwt_lloc *n_lloc, struct fwt_atom *set,
				    struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				    struct fwt_value *timeout);
struct fwt_modifier *fwt_mod_log(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 const struct fwt_lloc *p_lloc, struct fwt_atom *prefix,
				 struct fwt_value *group);
struct fwt_modifier *fwt_mod_count(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   const struct fwt_lloc *n_lloc, struct fwt_atom *name);
struct fwt_modifier *fwt_mod_node(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *n_lloc, struct fwt_atom *name,
				  struct fwt_arg *args);
struct fwt_ast_end *fwt_end_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				enum fwt_end_kind kind);
struct fwt_ast_end *fwt_end_reject(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   const struct fwt_lloc *w_lloc, struct fwt_atom *with);
struct fwt_ast_end *fwt_end_queue(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_value *number, bool bypass);
struct fwt_ast_end *fwt_end_target(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   enum fwt_end_kind kind, const struct fwt_lloc *n_lloc,
				   struct fwt_atom *name);
struct fwt_ast_end *fwt_end_block(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *brace, struct fwt_rule *rules);
struct fwt_ast_end *fwt_end_map(struct fwt_parser *p, const struct fwt_lloc *lloc, bool call,
				struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				const struct fwt_lloc *m_lloc, struct fwt_atom *map);

/** fwt_end_maps() - the branches of what goes by maps, which are known by now */
void fwt_end_maps(struct fwt_parser *p);
struct fwt_ast_end *fwt_end_select(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   const struct fwt_lloc *brace, struct fwt_ast_ref *fields,
				   const struct fwt_lloc *f_lloc, struct fwt_branch *branches);
struct fwt_ast_end *fwt_end_select_node(struct fwt_parser *p, const struct fwt_lloc *lloc,
					const struct fwt_lloc *brace,
					const struct fwt_lloc *n_lloc, struct fwt_atom *name,
					struct fwt_arg *args, struct fwt_branch *branches);
struct fwt_ast_end *fwt_end_split(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *brace, enum fwt_split_kind kind,
				  struct fwt_ast_ref *keys, const struct fwt_lloc *k_lloc,
				  struct fwt_branch *shares);
struct fwt_branch *fwt_branch_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  const struct fwt_lloc *v_lloc, struct fwt_value *values,
				  struct fwt_rule *rule);
struct fwt_branch *fwt_branch_lost(struct fwt_parser *p, const struct fwt_lloc *lloc,
				   struct fwt_rule *rules);
struct fwt_branch *fwt_share_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				 const struct fwt_lloc *w_lloc, struct fwt_value *weight,
				 struct fwt_rule *rule);

/* Declarations: parse_decl.c */
void fwt_define_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		    struct fwt_value *values, const struct fwt_lloc *v_lloc);
void fwt_item_lost(struct fwt_parser *p);
void fwt_define_lost(struct fwt_parser *p, const struct fwt_lloc *lloc,
		     struct fwt_atom *name);
void fwt_option_add(struct fwt_parser *p, const struct fwt_lloc *lloc,
		    const struct fwt_lloc *n_lloc, struct fwt_atom *name,
		    struct fwt_value *first, struct fwt_value *second);
void fwt_tree_add(struct fwt_parser *p, const struct fwt_lloc *word,
		  const struct fwt_lloc *lloc, struct fwt_atom *name, struct fwt_rule *rules);
void fwt_hook_add(struct fwt_parser *p, const struct fwt_lloc *lloc, bool egress,
		  struct fwt_value *devices, const struct fwt_lloc *d_lloc,
		  struct fwt_rule *rules);
struct fwt_set_type *fwt_type_add(struct fwt_parser *p, struct fwt_set_type *types,
				  const struct fwt_lloc *lloc, struct fwt_atom *word);
void fwt_item_timeout(struct fwt_parser *p, const struct fwt_lloc *lloc,
		      struct fwt_value *timeout);
void fwt_item_max(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_value *max);
void fwt_item_interval(struct fwt_parser *p, const struct fwt_lloc *lloc);
void fwt_item_elements(struct fwt_parser *p, struct fwt_value *values,
		       const struct fwt_lloc *lloc);
void fwt_item_pairs(struct fwt_parser *p, struct fwt_map_element *pairs);
void fwt_item_trees(struct fwt_parser *p, struct fwt_value *values,
		    const struct fwt_lloc *lloc);
void fwt_item_file(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *path);
struct fwt_map_element *fwt_pair_new(struct fwt_parser *p, struct fwt_value *key,
				     const struct fwt_lloc *k_lloc, struct fwt_value *value,
				     const struct fwt_lloc *v_lloc);
void fwt_set_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		 struct fwt_set_type *type, struct fwt_items *items);
void fwt_map_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		 struct fwt_set_type *key, struct fwt_set_type *value,
		 struct fwt_items *items);
void fwt_pool_scheduler(struct fwt_parser *p, const struct fwt_lloc *lloc,
			struct fwt_atom *word);
void fwt_pool_health(struct fwt_parser *p, const struct fwt_lloc *lloc,
		     struct fwt_atom *word);
struct fwt_server *fwt_server_new(struct fwt_parser *p, const struct fwt_lloc *lloc,
				  struct fwt_value *addr, const struct fwt_lloc *a_lloc,
				  struct fwt_value *port);
void fwt_pool_server(struct fwt_parser *p, struct fwt_server *servers,
		     struct fwt_value *weight);
void fwt_pool_lost(struct fwt_parser *p);
void fwt_pool_add(struct fwt_parser *p, const struct fwt_lloc *lloc, struct fwt_atom *name,
		  struct fwt_pool *pool);
void fwt_port_warning(struct fwt_parser *p, const struct fwt_value *v);

#endif /* FWT_PARSE_BUILD_H */
