/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the printers of the tree share.
 */
#ifndef FWT_PARSE_PRINT_H
#define FWT_PARSE_PRINT_H

#include "ast.h"

void fwt_print_indent(FILE *out, unsigned int depth);
void fwt_print_quoted(FILE *out, const char *text);
void fwt_print_name(FILE *out, const char *text);
void fwt_print_values(FILE *out, const struct fwt_values *values);
void fwt_print_field(FILE *out, const struct fwt_ast_ref *f);
void fwt_print_fields(FILE *out, const struct fwt_fields *fields);
void fwt_print_server(FILE *out, const struct fwt_server *server);
void fwt_print_block(FILE *out, const struct fwt_block *block, unsigned int depth);

#endif /* FWT_PARSE_PRINT_H */
