/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Unwind tables, as symbolizer/native/cfi.c makes them, collector/tables/ lays them out and
 * bpf/unwind/native_step.h reads them.
 *
 *   mapping --page_base--> [page][page][page]      one per 64 KB of the file's code
 *                             |
 *                             first_row, row_cnt
 *                             v
 *   chunk 0 [value 0: 16384 rows][value 1: ...]    a page's rows never cross a value
 *   chunk 1 [ ... ]                  |
 *                                    low 16 bits
 *                                    v
 *   infos   [rule][rule] ...         every distinct rule of the host once
 *
 * Addresses inside a file are relative to its lowest PT_LOAD address ("rel"), 32 bits.
 */
#include "types.h"

#define UNWIND_PAGE_SHIFT 16
#define UNWIND_VALUE_SHIFT 14 /* log2 of rows in a map value (64 KB) */
#define UNWIND_VALUE_ROWS (1U << UNWIND_VALUE_SHIFT)
#define UNWIND_CHUNK_VALUES 16 /* values in a chunk (1 MB) */
#define UNWIND_CHUNK_SHIFT (UNWIND_VALUE_SHIFT + 4)
#define UNWIND_MAX_CHUNKS 128
#define UNWIND_MAX_PAGES 65536
#define UNWIND_MAX_INFOS 16384

/* row: high half is the address within its 64 KB page, low half the index of its rule */
static inline __u32 unwind_row(__u32 rel, __u32 info)
{
	return (rel << 16) | (info & 0xffff);
}

static inline __u32 unwind_row_pc(__u32 row)
{
	return row >> 16;
}

static inline __u32 unwind_row_info(__u32 row)
{
	return row & 0xffff;
}

/* Where the canonical frame address (CFA: the caller's stack pointer) comes from. The return
 * address lies at CFA - 8 on x86-64, with one exception; what differs is UNSUPPORTED. */
enum unwind_kind {
	UNWIND_NONE = 0, /* no unwind information here: frame-pointer step */
	UNWIND_SP, /* CFA = sp + cfa_off */
	UNWIND_FP, /* CFA = fp + cfa_off */
	UNWIND_FP_DEREF, /* CFA = *(fp + unwind_deref_off()) + unwind_deref_add(): realigned stacks */
	UNWIND_SP_DEREF, /* CFA = *(sp + unwind_deref_off()) + unwind_deref_add() */
	UNWIND_REG, /* CFA = a register, unwind_reg_idx(), + unwind_reg_off() */
	UNWIND_PLT, /* CFA = sp + 8 + ((pc & 15) >= cfa_off ? 8 : 0) */
	UNWIND_END, /* outermost frame: return address undefined */
	UNWIND_UNSUPPORTED,
	UNWIND_NO_ROOM, /* expressible, but the table of rules was full */
	/* Go's functions that go to another stack. Before they did: CFA = sp + cfa_off; after that */
	UNWIND_SP_OR_END, /* this is the outermost frame */
	UNWIND_SP_OR_FP, /* {caller's fp, return address} at fp; with cfa_off 0 always */
	/* CFA = sp + unwind_reg_off(), and the return address is a register, unwind_reg_idx() */
	UNWIND_RA_REG,
	UNWIND_SIGRET, /* signal trampoline: registers lie in the signal frame */
	UNWIND_UNCALLED, /* in no table: a function returned to that nobody has called */
	UNWIND_FIRST_ODD = UNWIND_SP_OR_FP, /* from there on more than the CFA differs */
};

/* Registers in the order of struct sigcontext, arch/x86/include/uapi/asm/sigcontext.h. fp and sp have
 * rules of their own. */
enum unwind_reg {
	UNWIND_R8,
	UNWIND_R9,
	UNWIND_R10, /* gcc's realigning prologue */
	UNWIND_R11,
	UNWIND_R12,
	UNWIND_R13,
	UNWIND_R14,
	UNWIND_R15,
	UNWIND_DI, /* where vfork keeps its return address: two processes use the stack */
	UNWIND_SI,
	UNWIND_BP,
	UNWIND_BX, /* ld.so where it resolves a symbol at its first call */
	UNWIND_DX,
	UNWIND_AX, /* this and others: OpenSSL's assembler code */
	UNWIND_CX, /* where libgcc ends a throw */
	UNWIND_REG_CNT,
	UNWIND_NO_REG = UNWIND_REG_CNT,
};

/* cfa_off of UNWIND_REG and UNWIND_RA_REG */
static inline __s32 unwind_reg_rule(__u32 reg, __s32 off)
{
	return (__s32)(((__u32)off << 4) | reg);
}

static inline __u32 unwind_reg_idx(__s32 rule)
{
	return (__u32)rule & 15;
}

static inline __s32 unwind_reg_off(__s32 rule)
{
	return rule >> 4;
}

/* cfa_off of UNWIND_FP_DEREF and UNWIND_SP_DEREF; add: whole words, below 256 */
static inline __s32 unwind_deref_rule(__s32 off, __u32 add)
{
	return (__s32)(((__u32)off << 8) | (add / 8));
}

static inline __s32 unwind_deref_off(__s32 rule)
{
	return rule >> 8;
}

static inline __u32 unwind_deref_add(__s32 rule)
{
	return 8 * ((__u32)rule & 255);
}

/* Where the caller's frame pointer is. */
enum unwind_fp_rule {
	UNWIND_FP_SAME = 0,
	UNWIND_FP_AT_CFA, /* *(CFA + 8 * fp_word) */
	UNWIND_FP_AT_FP, /* *(fp + 8 * fp_word) */
	UNWIND_FP_OTHER, /* not expressible: unknown from here on */
};

/* Where the caller's bx is. Only files where a CFA is bx have more than UNKNOWN. */
#define UNWIND_BX_UNKNOWN 0
#define UNWIND_BX_SAME 1
#define UNWIND_BX_AT_CFA 2 /* this and more: *(CFA - 8 * bx_rule) */

struct unwind_info {
	__s32 cfa_off;
	__s8 fp_word;
	__u8 bx_rule; /* UNWIND_BX_* */
	__u8 kind; /* enum unwind_kind */
	__u8 fp_rule; /* enum unwind_fp_rule */
};
_Static_assert(sizeof(struct unwind_info) == 8, "array value");

struct unwind_page {
	__u32 first_row; /* chunk << UNWIND_CHUNK_SHIFT | value << UNWIND_VALUE_SHIFT | row */
	__u32 row_cnt;
};
_Static_assert(sizeof(struct unwind_page) == 8, "array value");

#define MAPPING_F_PENDING 1 /* tables are being made: stop here */
#define MAPPING_F_FP 2 /* no tables: frame-pointer step (JIT, Go, V8 built-ins) */
#define MAPPING_F_NO_ROOM 4 /* tables did not fit */

struct unwind_mapping {
	__u64 start;
	__u64 end;
	__u64 bias; /* rel = address - bias */
	__u32 page_base; /* index of the first unwind_page */
	__u32 page_cnt;
	__u32 generation; /* of the run it was written for */
	__u32 flags; /* MAPPING_F_* */
};
_Static_assert(sizeof(struct unwind_mapping) == 40, "array value");
