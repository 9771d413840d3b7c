// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * One x86-64 instruction: as much of the instruction set as compilers put into functions of a
 * few lines that hand out a variable (Intel SDM volume 2, chapter 2 and appendix A).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x86_64_reg { X86_64_RAX, X86_64_RCX, X86_64_RDX, X86_64_RDI = 7, X86_64_NO_REG = 16 };

enum x86_64_op {
	X86_64_NOTHING, /* changes no register that is followed: cmp, test, push, nop, a store */
	X86_64_CLOBBER, /* changes dst in a way that is not followed */
	X86_64_MOV,
	X86_64_LEA,
	X86_64_ADD,
	X86_64_SHIFT_LEFT,
	X86_64_BRANCH, /* conditional, to the next instruction's address + src.disp */
	X86_64_JUMP, /* src: REL, or where the target stands */
	X86_64_CALL, /* the same */
	X86_64_RETURN,
};

enum x86_64_operand_kind { X86_64_REG, X86_64_IMM, X86_64_MEM, X86_64_REL };

struct x86_64_operand {
	uint8_t kind;
	uint8_t reg; /* REG; MEM: the base */
	uint8_t index; /* MEM */
	uint8_t scale; /* MEM */
	bool rip; /* MEM: disp counts from the next instruction */
	bool fs; /* MEM: the thread's base is added */
	int64_t disp; /* MEM, REL; IMM: the value */
};

struct x86_64_insn {
	uint8_t op; /* enum x86_64_op */
	uint8_t size;
	uint8_t dst; /* register, or X86_64_NO_REG */
	bool wide; /* works on 8 bytes, not 4 */
	struct x86_64_operand src;
};

/* False: cut off, or not one of those. */
bool x86_64_decode(const uint8_t *code, size_t size, struct x86_64_insn *ret_insn);
