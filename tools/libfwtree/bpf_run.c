// SPDX-License-Identifier: GPL-2.0
/*
 * Classic BPF as the kernel runs it.
 *
 * libpcap's own engine says the same of nearly everything. But a place that an
 * expression computes may be beyond 2 GiB, "ip[ip[0] - 1048645]" say: to libpcap that is
 * behind the packet, to the kernel it is negative, and counts from the network header
 * (from SKF_NET_OFF on) or the link's (SKF_LL_OFF). And of how far is shifted five bits
 * count there.
 */
#include <pcap/pcap.h>

#include "bpf.h"

#define NET_OFF		(-0x100000)
#define LL_OFF		(-0x200000)
#define MEMORY		16

/**
 * struct machine - at work
 * @net: where the network header begins in @data
 * @out: it asked for what is not there: no
 */
struct machine {
	const u8 *data;
	u32 len;
	u32 net;
	u32 a, x, mem[MEMORY];
	bool out;
};

static u32 load(struct machine *m, u32 place, u32 size)
{
	s64 at = (s32)place;
	u32 i, v = 0;

	if (at < 0 && at >= NET_OFF)
		at += m->net - (s64)NET_OFF;
	else if (at < 0 && at >= LL_OFF)
		at += (m->net ? 0 : -14) - (s64)LL_OFF;
	if (at < 0 || at + size > m->len) {
		m->out = true;
		return 0;
	}
	for (i = 0; i < size; i++)
		v = v << 8 | m->data[at + i];
	return v;
}

static u32 load_of(struct machine *m, const struct fwt_prog_insn *i)
{
	u32 size = BPF_SIZE(i->code) == BPF_W ? 4 : BPF_SIZE(i->code) == BPF_H ? 2 : 1;

	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		return i->k;
	case BPF_LEN:
		return m->len;
	case BPF_MEM:
		return m->mem[i->k];
	case BPF_MSH:
		return (load(m, i->k, 1) & 15) << 2;
	case BPF_IND:
		return load(m, m->x + i->k, size);
	}
	return load(m, i->k, size);
}

static void alu(struct machine *m, const struct fwt_prog_insn *i)
{
	u32 v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		m->a += v;
		break;
	case BPF_SUB:
		m->a -= v;
		break;
	case BPF_MUL:
		m->a *= v;
		break;
	case BPF_DIV:
	case BPF_MOD:
		m->out |= !v;
		if (v)
			m->a = BPF_OP(i->code) == BPF_DIV ? m->a / v : m->a % v;
		break;
	case BPF_OR:
		m->a |= v;
		break;
	case BPF_AND:
		m->a &= v;
		break;
	case BPF_XOR:
		m->a ^= v;
		break;
	case BPF_LSH:
		m->a <<= v & 31;
		break;
	case BPF_RSH:
		m->a >>= v & 31;
		break;
	case BPF_NEG:
		m->a = -m->a;
		break;
	}
}

static bool jumps(const struct machine *m, const struct fwt_prog_insn *i)
{
	u32 v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return m->a == v;
	case BPF_JGT:
		return m->a > v;
	case BPF_JGE:
		return m->a >= v;
	}
	return m->a & v;
}

bool fwt_filter_run(const struct fwt_program *prog, u32 filter, const u8 *data, u32 len)
{
	const struct fwt_prog_filter *f = &prog->filter[filter];
	const struct fwt_prog_insn *i = prog->insn + f->first;
	struct machine m = {
		.data = data, .len = len, .net = f->link == FWT_LINK_RAW ? 0 : 14,
	};

	/* The verifier has seen that it ends, and that it stays within itself. */
	for (; !m.out; i++) {
		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			m.a = load_of(&m, i);
			break;
		case BPF_LDX:
			m.x = load_of(&m, i);
			break;
		case BPF_ST:
			m.mem[i->k] = m.a;
			break;
		case BPF_STX:
			m.mem[i->k] = m.x;
			break;
		case BPF_ALU:
			alu(&m, i);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				i += i->k;
			else
				i += jumps(&m, i) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
		default:
			if (BPF_MISCOP(i->code) == BPF_TXA)
				m.a = m.x;
			else
				m.x = m.a;
		}
	}
	return false;
}
