/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy's tree and the core's types in one file.
 *
 * Some names are both the language's and the core's: a "field" as written has
 * a place and a prefix, the core's is a number. Where both are needed the
 * language's are renamed here, and only here; who needs the tree alone includes
 * ast.h. Compiler and oracle include this one first.
 */
#ifndef FWT_COMPILE_AST_H
#define FWT_COMPILE_AST_H

#define fwt_hook		fwt_ast_hook
#define fwt_option		fwt_ast_option
#define fwt_field		fwt_ast_ref
#define fwt_end			fwt_ast_end
#define fwt_reject		fwt_ast_reject
#define FWT_REJECT_DEFAULT	FWT_AST_REJECT_DEFAULT
#define FWT_REJECT_TCP_RESET	FWT_AST_REJECT_TCP_RESET
#define FWT_REJECT_PORT_UNREACHABLE FWT_AST_REJECT_PORT_UNREACHABLE
#define FWT_REJECT_HOST_PROHIBITED FWT_AST_REJECT_HOST_PROHIBITED
#define FWT_REJECT_ADMIN_PROHIBITED FWT_AST_REJECT_ADMIN_PROHIBITED
#define FWT_MOD_SNAT		FWT_AST_MOD_SNAT
#define FWT_MOD_MASQUERADE	FWT_AST_MOD_MASQUERADE
#define FWT_MOD_DNAT		FWT_AST_MOD_DNAT
#define FWT_MOD_LOG		FWT_AST_MOD_LOG
#define FWT_MOD_COUNT		FWT_AST_MOD_COUNT
#define FWT_TIMEOUT_TCP_SYN_SENT FWT_AST_TIMEOUT_TCP_SYN_SENT
#define FWT_TIMEOUT_TCP_SYN_RECV FWT_AST_TIMEOUT_TCP_SYN_RECV
#define FWT_TIMEOUT_TCP_ESTABLISHED FWT_AST_TIMEOUT_TCP_ESTABLISHED
#define FWT_TIMEOUT_TCP_FIN_WAIT FWT_AST_TIMEOUT_TCP_FIN_WAIT
#define FWT_TIMEOUT_TCP_CLOSE_WAIT FWT_AST_TIMEOUT_TCP_CLOSE_WAIT
#define FWT_TIMEOUT_TCP_LAST_ACK FWT_AST_TIMEOUT_TCP_LAST_ACK
#define FWT_TIMEOUT_TCP_TIME_WAIT FWT_AST_TIMEOUT_TCP_TIME_WAIT
#define FWT_TIMEOUT_TCP_CLOSE	FWT_AST_TIMEOUT_TCP_CLOSE
#define FWT_TIMEOUT_UDP		FWT_AST_TIMEOUT_UDP
#define FWT_TIMEOUT_UDP_STREAM	FWT_AST_TIMEOUT_UDP_STREAM
#define FWT_TIMEOUT_ICMP	FWT_AST_TIMEOUT_ICMP
#define FWT_TIMEOUT_OTHER	FWT_AST_TIMEOUT_OTHER

/* Each has a list of that name; what is made of it differs. The core's stays. */
#pragma push_macro("FWT_OPTIONS")
#undef FWT_OPTIONS

#include "ast.h"
#include "diag.h"
#include "source.h"

#undef fwt_hook
#undef fwt_option
#undef fwt_field
#undef fwt_end
#undef fwt_reject
#undef FWT_REJECT_DEFAULT
#undef FWT_REJECT_TCP_RESET
#undef FWT_REJECT_PORT_UNREACHABLE
#undef FWT_REJECT_HOST_PROHIBITED
#undef FWT_REJECT_ADMIN_PROHIBITED
#undef FWT_MOD_SNAT
#undef FWT_MOD_MASQUERADE
#undef FWT_MOD_DNAT
#undef FWT_MOD_LOG
#undef FWT_MOD_COUNT
#undef FWT_TIMEOUT_TCP_SYN_SENT
#undef FWT_TIMEOUT_TCP_SYN_RECV
#undef FWT_TIMEOUT_TCP_ESTABLISHED
#undef FWT_TIMEOUT_TCP_FIN_WAIT
#undef FWT_TIMEOUT_TCP_CLOSE_WAIT
#undef FWT_TIMEOUT_TCP_LAST_ACK
#undef FWT_TIMEOUT_TCP_TIME_WAIT
#undef FWT_TIMEOUT_TCP_CLOSE
#undef FWT_TIMEOUT_UDP
#undef FWT_TIMEOUT_UDP_STREAM
#undef FWT_TIMEOUT_ICMP
#undef FWT_TIMEOUT_OTHER
#undef FWT_OPTIONS
#pragma pop_macro("FWT_OPTIONS")

#include "tree.h"
#include "verify.h"
#include "nat.h"

#endif /* FWT_COMPILE_AST_H */
