/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, for perf, bpftrace and trace-cmd: fwtree:fwt_*. Off they are a nop
 * each (a static key). Names, where there is a list of them, are strings, so that
 * a filter says what is meant: reason == "policy".
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM fwtree

#if !defined(FWT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define FWT_TRACE_H

#include <linux/tracepoint.h>
#include "way.h"

#ifndef FWT_TRACE_HELPERS
#define FWT_TRACE_HELPERS

/* trace.c: what a rule's slot is called, "" for nothing; under RCU. */
const char *fwt_trace_file(struct fwt_net *fn, u32 slot);
const char *fwt_trace_id(struct fwt_net *fn, u32 slot);
u32 fwt_trace_line(struct fwt_net *fn, u32 slot);

/* An end as %pISpc has it; of a packet that is not of IP zeroes. */
void fwt_trace_packet_ends(struct sockaddr_in6 *src, struct sockaddr_in6 *dst,
			   const struct fwt_packet *p);
void fwt_trace_conn_end(struct sockaddr_in6 *to, const struct fwt_conn *c,
			enum fwt_who which);

#endif

DECLARE_EVENT_CLASS(fwt_packet_class,
	TP_PROTO(const struct fwt_way *w, const char *reason, u32 slot),
	TP_ARGS(w, reason, slot),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(unsigned int, netns)
		__field(u32, hook)
		__field(u32, line)
		__field(u32, slot)
		__field(u32, mark)
		__field(u16, ether_type)
		__field(u32, length)
		__field(u8, protocol)
		__array(u8, src, sizeof(struct sockaddr_in6))
		__array(u8, dst, sizeof(struct sockaddr_in6))
		__string(reason, reason)
		__string(file, fwt_trace_file(w->fn, slot))
		__string(id, fwt_trace_id(w->fn, slot))
		__string(iif, fwt_way_iif(w) ? fwt_way_iif(w) : "")
		__string(oif, fwt_way_oif(w) ? fwt_way_oif(w) : "")
	),
	TP_fast_assign(
		bool ip = w->p.have & FWT_HAVE_IP;

		__entry->skbaddr = w->skb;
		__entry->netns = w->fn->net->ns.inum;
		__entry->hook = fwt_hook_of(w->state);
		__entry->line = fwt_trace_line(w->fn, slot);
		__entry->slot = slot;
		__entry->mark = w->p.mark;
		__entry->ether_type = w->p.ether_type;
		__entry->length = ip ? w->p.length : 0;
		__entry->protocol = ip ? w->p.protocol : 0;
		fwt_trace_packet_ends((void *)__entry->src, (void *)__entry->dst, &w->p);
		fwt_assign_str(reason, reason);
		fwt_assign_str(file, fwt_trace_file(w->fn, slot));
		fwt_assign_str(id, fwt_trace_id(w->fn, slot));
		fwt_assign_str(iif, fwt_way_iif(w) ? fwt_way_iif(w) : "");
		fwt_assign_str(oif, fwt_way_oif(w) ? fwt_way_oif(w) : "");
	),
	TP_printk("skbaddr=%p netns=%u hook=%s reason=%s rule=%s:%u id=%s iif=%s oif=%s ether_type=0x%04x protocol=%u src=%pISpc dst=%pISpc length=%u mark=%u",
		  __entry->skbaddr, __entry->netns,
		  __print_symbolic(__entry->hook, { 0, "ingress" }, { 1, "egress" },
				   { 2, "ingress-device" }, { 3, "egress-device" }),
		  __get_str(reason), __get_str(file), __entry->line, __get_str(id),
		  __get_str(iif), __get_str(oif), __entry->ether_type,
		  __entry->protocol, __entry->src, __entry->dst, __entry->length,
		  __entry->mark)
);

/* A packet was dropped; @reason as in fwctl stats, @slot of the rule or FWT_NONE. */
DEFINE_EVENT(fwt_packet_class, fwt_drop,
	TP_PROTO(const struct fwt_way *w, const char *reason, u32 slot),
	TP_ARGS(w, reason, slot)
);

/* A walk accepted a packet: the first of a connection, or one without; @reason is
 * "accept".
 */
DEFINE_EVENT(fwt_packet_class, fwt_accept,
	TP_PROTO(const struct fwt_way *w, const char *reason, u32 slot),
	TP_ARGS(w, reason, slot)
);

DECLARE_EVENT_CLASS(fwt_conn_class,
	TP_PROTO(const struct fwt_conn *c, const char *ended_by),
	TP_ARGS(c, ended_by),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, packets)
		__field(u64, bytes)
		__field(u64, reply_packets)
		__field(u64, reply_bytes)
		__field(unsigned int, netns)
		__field(u32, generation)
		__field(u8, protocol)
		__array(u8, src, sizeof(struct sockaddr_in6))
		__array(u8, dst, sizeof(struct sockaddr_in6))
		__array(u8, reply_src, sizeof(struct sockaddr_in6))
		__array(u8, reply_dst, sizeof(struct sockaddr_in6))
		__string(ended_by, ended_by)
	),
	TP_fast_assign(
		__entry->id = c->id;
		__entry->packets = READ_ONCE(c->packets[FWT_ORIGINAL]);
		__entry->bytes = READ_ONCE(c->bytes[FWT_ORIGINAL]);
		__entry->reply_packets = READ_ONCE(c->packets[FWT_REPLY]);
		__entry->reply_bytes = READ_ONCE(c->bytes[FWT_REPLY]);
		__entry->netns = c->fn->net->ns.inum;
		__entry->generation = READ_ONCE(c->gen);
		__entry->protocol = c->ends.protocol;
		fwt_trace_conn_end((void *)__entry->src, c, FWT_C);
		fwt_trace_conn_end((void *)__entry->dst, c, FWT_V);
		fwt_trace_conn_end((void *)__entry->reply_src, c, FWT_S);
		fwt_trace_conn_end((void *)__entry->reply_dst, c, FWT_N);
		fwt_assign_str(ended_by, ended_by);
	),
	TP_printk("id=%llu netns=%u protocol=%u src=%pISpc dst=%pISpc reply_src=%pISpc reply_dst=%pISpc generation=%u packets=%llu/%llu bytes=%llu/%llu ended_by=%s",
		  __entry->id, __entry->netns, __entry->protocol, __entry->src,
		  __entry->dst, __entry->reply_src, __entry->reply_dst,
		  __entry->generation, __entry->packets, __entry->reply_packets,
		  __entry->bytes, __entry->reply_bytes, __get_str(ended_by))
);

/* When the first packet has left: one begins, untranslated (@ended_by is "-"). */
DEFINE_EVENT(fwt_conn_class, fwt_conn_new,
	TP_PROTO(const struct fwt_conn *c, const char *ended_by),
	TP_ARGS(c, ended_by)
);

DEFINE_EVENT(fwt_conn_class, fwt_conn_translated,
	TP_PROTO(const struct fwt_conn *c, const char *ended_by),
	TP_ARGS(c, ended_by)
);

/* It is over; all that ever had a record, also those that never were confirmed. */
DEFINE_EVENT(fwt_conn_class, fwt_conn_ended,
	TP_PROTO(const struct fwt_conn *c, const char *ended_by),
	TP_ARGS(c, ended_by)
);

TRACE_EVENT(fwt_policy,
	TP_PROTO(const struct fwt_net *fn, const char *event, u32 generation),
	TP_ARGS(fn, event, generation),
	TP_STRUCT__entry(
		__field(unsigned int, netns)
		__field(u32, generation)
		__string(event, event)
	),
	TP_fast_assign(
		__entry->netns = fn->net->ns.inum;
		__entry->generation = generation;
		fwt_assign_str(event, event);
	),
	TP_printk("netns=%u event=%s generation=%u", __entry->netns, __get_str(event),
		  __entry->generation)
);

#endif /* FWT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
