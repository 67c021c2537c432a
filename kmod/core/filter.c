// SPDX-License-Identifier: GPL-2.0
/*
 * What a filter of classic BPF may consist of (McCanne and Jacobson, 1993): what
 * libpcap writes for packets in a file. What Linux has added (loads from offsets that
 * mean a mark, a hash, a random number) is not in the packet, and would not be the
 * same in a simulation. Of an indexed load the constant is looked at alone: where X is
 * near 2^32, as a packet may make it of "ip[ip[4:4]]", it comes to Linux's offsets of the
 * network's and the link's header. What it reads there is the packet's; a simulation finds
 * nothing.
 */
#include "filter.h"

#define KIND(code)	((code) & 0x07)
#define LD		0x00
#define LDX		0x01
#define ST		0x02
#define STX		0x03
#define ALU		0x04
#define JMP		0x05
#define RET		0x06
#define MISC		0x07

#define SIZE(code)	((code) & 0x18)
#define WORD		0x00
#define BYTE		0x10

#define MODE(code)	((code) & 0xe0)
#define IMM		0x00
#define ABS		0x20
#define IND		0x40
#define MEM		0x60
#define LEN		0x80
#define MSH		0xa0

#define OP(code)	((code) & 0xf0)
#define DIV		0x30
#define LSH		0x60
#define RSH		0x70
#define NEG		0x80
#define MOD		0x90
#define XOR		0xa0
#define JA		0x00
#define JSET		0x40

#define X		0x08
#define A		0x10
#define TXA		0x80
#define MEMWORDS	16	/* BPF_MEMWORDS */

static const char unknown[] = "an instruction that is not known here";

static const char *check_load(const struct fwt_prog_insn *i)
{
	bool x = KIND(i->code) == LDX;
	u16 size = SIZE(i->code);

	switch (MODE(i->code)) {
	case IMM:
	case LEN:
		return size == WORD ? NULL : unknown;
	case MEM:
		if (size != WORD)
			return unknown;
		return i->k < MEMWORDS ? NULL : "outside of its memory";
	case MSH:
		if (!x || size != BYTE)
			return unknown;
		break;
	case ABS:
	case IND:
		if (x || size > BYTE)
			return unknown;
		break;
	default:
		return unknown;
	}
	return i->k >> 31 ? "asks for what is not in the packet" : NULL;
}

static const char *check_alu(const struct fwt_prog_insn *i)
{
	u16 op = OP(i->code);
	bool x = i->code & X;

	if (op > XOR || i->code >> 8)
		return unknown;
	if (op == NEG)
		return x ? unknown : NULL;
	if ((op == DIV || op == MOD) && !x && !i->k)
		return "divides by zero";
	if ((op == LSH || op == RSH) && !x && i->k > 31)
		return "shifts too far";
	return NULL;
}

/* @left: instructions behind it. */
static const char *check_jump(const struct fwt_prog_insn *i, u32 left)
{
	u16 op = OP(i->code);

	if (op > JSET)
		return unknown;
	if (op == JA)
		return i->code & X ? unknown : i->k < left ? NULL : "jumps out of itself";
	return i->jt < left && i->jf < left ? NULL : "jumps out of itself";
}

static const char *check(const struct fwt_prog_insn *i, u32 left)
{
	if (i->code >> 8)
		return unknown;
	switch (KIND(i->code)) {
	case LD:
	case LDX:
		return check_load(i);
	case ST:
	case STX:
		if (i->code & ~0x07)
			return unknown;
		return i->k < MEMWORDS ? NULL : "outside of its memory";
	case ALU:
		return check_alu(i);
	case JMP:
		return check_jump(i, left);
	case RET:
		return i->code == RET || i->code == (RET | A) ? NULL : unknown;
	default:
		return i->code == MISC || i->code == (MISC | TXA) ? NULL : unknown;
	}
}

const char *fwt_filter_check(const struct fwt_prog_insn *insn, u32 n)
{
	const char *wrong;
	u32 i;

	for (i = 0; i < n; i++) {
		wrong = check(&insn[i], n - 1 - i);
		if (wrong)
			return wrong;
	}
	return KIND(insn[n - 1].code) == RET ? NULL : "does not end";
}
