// SPDX-License-Identifier: Apache-2.0
/*
 * Processes that lie: what the walker makes of stacks, registers and tables that no compiler and no
 * collector of ours would make. Each row's oracle is its own construction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ucontext.h>

#include <cmocka.h>

#include "bpf/shared/frame.h"
#include "tests/bpf_host/case_file.h"
#include "tests/bpf_host/memory_image.h"

#define CODE 0x400000ULL /* three functions; from F1 to F2 the first row is in force, and so on */
#define F1 0x401000ULL
#define F2 0x402000ULL
#define F3 0x403000ULL
#define STACK 0x7000ULL
#define KERNEL 0xffff888000000000ULL

/* A register in the frame that a signal handler returns through, as the C library has it. */
#define SAVED(name) (STACK + offsetof(ucontext_t, uc_mcontext.gregs[REG_##name]))

/* clang-format off */
#define NONE { .kind = UNWIND_NONE }
#define SP(off) { .kind = UNWIND_SP, .cfa_off = (off) }
#define FP(off) { .kind = UNWIND_FP, .cfa_off = (off) }
#define KIND(name) { .kind = UNWIND_##name }
#define RA(name, off) { .kind = UNWIND_RA_REG, .cfa_off = (off) * 16 | UNWIND_##name }
#define REG(name, off) { .kind = UNWIND_REG, .cfa_off = (off) * 16 | UNWIND_##name }
#define DEREF(base, off, add) \
	{ .kind = UNWIND_##base##_DEREF, .cfa_off = (off) * 256 | (add) / 8 }
#define END KIND(END)
/* clang-format on */

struct hostile {
	const char *name;
	struct unwind_info f1, f2, f3;
	struct case_word memory[8];
	struct walk_start registers;
	void (*twist)(struct memory_image *image);
	enum stop_reason stop;
	uint32_t cnt;
	bool unread; /* no memory may have been asked for */
};

static struct memory_image *image_of(const struct hostile *h)
{
	struct memory_image *image = memory_image__new();
	uint32_t rows[] = { unwind_row(0, 0), unwind_row(F1, 1), unwind_row(F2, 2),
			    unwind_row(F3, 3) };
	struct unwind_page page = { 0, 4 };
	struct unwind_info infos[] = { NONE, h->f1, h->f2, h->f3 };
	struct cfi_table table = { .rows = rows,
				   .row_cnt = 4,
				   .pages = &page,
				   .page_cnt = 1,
				   .infos = infos,
				   .info_cnt = 4 };
	uint32_t base = memory_image__add_table(image, &table);

	memory_image__add_mapping(image, (struct unwind_mapping){ .start = CODE,
								  .end = CODE + 0x10000,
								  .bias = CODE,
								  .page_base = base,
								  .page_cnt = 1 });
	for (size_t i = 0; i < 8 && h->memory[i].vaddr; i++)
		memory_image__put(image, h->memory[i].vaddr, h->memory[i].word);
	if (h->twist)
		h->twist(image);
	return image;
}

static void no_rows(struct memory_image *image)
{
	image->mappings[0].flags = MAPPING_F_FP;
}

static void other_generation(struct memory_image *image)
{
	image->mappings[0].generation++;
}

static void pending(struct memory_image *image)
{
	image->mappings[0].flags = MAPPING_F_PENDING;
}

static void no_room(struct memory_image *image)
{
	image->mappings[0].flags = MAPPING_F_NO_ROOM;
}

static void no_pages(struct memory_image *image)
{
	image->mappings[0].page_cnt = 0;
}

static void page_outside(struct memory_image *image)
{
	image->mappings[0].page_base = IMAGE_PAGES;
}

static void page_wraps(struct memory_image *image)
{
	image->mappings[0].page_base = UINT32_MAX;
	image->mappings[0].page_cnt = UINT32_MAX;
}

static void bias_above(struct memory_image *image)
{
	image->mappings[0].bias = CODE + 0x8000;
}

static void bias_far_below(struct memory_image *image)
{
	image->mappings[0].bias = CODE - (1ULL << 48); /* the page's index wraps to 0 */
}

static void rows_outside(struct memory_image *image)
{
	image->pages[0].first_row = UINT32_MAX;
}

static void rows_none(struct memory_image *image)
{
	image->pages[0].first_row++;
	image->pages[0].row_cnt = 0;
}

static void rows_endless(struct memory_image *image)
{
	image->pages[0].row_cnt = UINT32_MAX;
}

static void rows_reversed(struct memory_image *image)
{
	uint32_t *rows = &image->rows[0][0] + image->pages[0].first_row;
	uint32_t first = rows[1];

	rows[1] = rows[3];
	rows[3] = first;
}

static void rows_begin_late(struct memory_image *image)
{
	image->pages[0].first_row += 3;
	image->pages[0].row_cnt = 1;
}

static void rule_outside(struct memory_image *image)
{
	(&image->rows[0][0])[image->pages[0].first_row + 1] = unwind_row(F1, UINT16_MAX);
}

static void run_too_long(struct memory_image *image)
{
	image->mapping_cnt = UINT32_MAX;
}

/* What lies at its first place belongs to another run. */
static void run_empty(struct memory_image *image)
{
	image->mapping_cnt = 0;
	image->mappings[0].generation++;
}

static void mapping_inside_out(struct memory_image *image)
{
	image->mappings[0].start = CODE + 0x10000;
	image->mappings[0].end = CODE;
}

static const struct hostile cases[] = {
	/* the stack */
	{ "CFA stays", .f1 = SP(0), .registers = { F1, STACK }, .stop = STOP_CFA_STUCK, .cnt = 1,
	  .unread = true },
	{ "CFA goes down", .f1 = SP(-8), .registers = { F1, STACK }, .stop = STOP_CFA_STUCK,
	  .cnt = 1, .unread = true },
	{ "CFA wraps", .f1 = SP(16), .registers = { F1, UINT64_MAX - 7 }, .stop = STOP_CFA_STUCK,
	  .cnt = 1, .unread = true },
	{ "CFA far away", .f1 = SP(INT32_MAX - 7), .registers = { F1, STACK },
	  .stop = STOP_READ_FAULT, .cnt = 1 },
	{ "kernel sp", .f1 = SP(8), .registers = { F1, KERNEL }, .stop = STOP_READ_FAULT, .cnt = 1,
	  .unread = true },
	{ "unaligned sp", .f1 = SP(8), .memory = { { STACK, F2 } }, .registers = { F1, STACK + 1 },
	  .stop = STOP_READ_FAULT, .cnt = 1, .unread = true },
	{ "sp in the first page", .f1 = SP(8), .memory = { { 8, F2 } }, .registers = { F1, 8 },
	  .stop = STOP_READ_FAULT, .cnt = 1, .unread = true },
	{ "null return address", .f1 = SP(8), .memory = { { STACK, 0 } },
	  .registers = { F1, STACK }, .stop = STOP_NULL_RETURN, .cnt = 1 },
	{ "first address unmapped", .registers = { STACK, STACK }, .stop = STOP_NO_MAPPING,
	  .cnt = 1, .unread = true },
	{ "address 0", .registers = { 0, STACK }, .stop = STOP_NO_MAPPING, .cnt = 1,
	  .unread = true },
	{ "return address unmapped", .f1 = SP(8), .memory = { { STACK, STACK } },
	  .registers = { F1, STACK }, .stop = STOP_NO_MAPPING, .cnt = 2 },
	{ "return address of the kernel", .f1 = SP(8), .memory = { { STACK, KERNEL } },
	  .registers = { F1, STACK }, .stop = STOP_NO_MAPPING, .cnt = 2 },
	{ "return address before the mapping's first byte", .f1 = SP(8),
	  .memory = { { STACK, CODE } }, .registers = { F1, STACK }, .stop = STOP_NO_MAPPING,
	  .cnt = 2 },
	{ "call in the last byte of its function", .f1 = SP(16), .f2 = KIND(UNSUPPORTED), .f3 = END,
	  .memory = { { STACK + 8, F2 }, { STACK + 24, F3 + 1 } }, .registers = { F1, STACK },
	  .stop = STOP_END, .cnt = 3 },
	{ "to the first byte of a function behind no code", .f2 = SP(8), .f3 = SP(8),
	  .memory = { { STACK, F2 } }, .registers = { F3, STACK }, .stop = STOP_END, .cnt = 2 },
	{ "to no function, none behind", .f2 = SP(8), .f3 = SP(8), .memory = { { STACK, F2 - 1 } },
	  .registers = { F3, STACK }, .stop = STOP_BAD_FP, .cnt = 2 },
	{ "page missing in the middle", .f1 = SP(8),
	  .memory = { { STACK + 4072, F1 + 1 },
		      { STACK + 4080, F1 + 1 },
		      { STACK + 4088, F1 + 1 } },
	  .registers = { F1, STACK + 4072 }, .stop = STOP_READ_FAULT, .cnt = 4 },
	{ "a frame over two pages", .f1 = SP(24), .f2 = END,
	  .memory = { { STACK + 4088, 0 }, { STACK + 4104, F2 + 1 } },
	  .registers = { F1, STACK + 4088 }, .stop = STOP_END, .cnt = 2 },
	{ "as deep as asked for", .f1 = SP(8),
	  .memory = { { STACK, F1 + 1 }, { STACK + 8, F1 + 1 }, { STACK + 16, F1 + 1 } },
	  .registers = { F1, STACK, .max_depth = 3 }, .stop = STOP_MAX_DEPTH, .cnt = 3 },

	/* the frame pointer */
	{ "fp to itself", .memory = { { STACK + 16, STACK + 16 }, { STACK + 24, F1 + 4 } },
	  .registers = { F1, STACK, STACK + 16 }, .stop = STOP_BAD_FP, .cnt = 2 },
	{ "fp in a circle",
	  .memory = { { STACK, STACK + 32 },
		      { STACK + 8, F1 + 4 },
		      { STACK + 32, STACK },
		      { STACK + 40, F1 + 4 } },
	  .registers = { F1, STACK, STACK }, .stop = STOP_BAD_FP, .cnt = 3 },
	{ "fp below sp", .registers = { F1, STACK, STACK - 8 }, .stop = STOP_BAD_FP, .cnt = 1,
	  .unread = true },
	{ "fp unaligned", .registers = { F1, STACK, STACK + 3 }, .stop = STOP_BAD_FP, .cnt = 1,
	  .unread = true },
	{ "fp of the kernel", .registers = { F1, STACK, KERNEL }, .stop = STOP_BAD_FP, .cnt = 1,
	  .unread = true },
	{ "fp unreadable", .registers = { F1, STACK, STACK + 16 }, .stop = STOP_READ_FAULT,
	  .cnt = 1 },
	{ "fp at the end of what can be read", .memory = { { STACK + 4088, STACK + 5000 } },
	  .registers = { F1, STACK, STACK + 4088 }, .stop = STOP_READ_FAULT, .cnt = 1 },
	{ "fp 0", .registers = { F1, STACK, 0 }, .stop = STOP_BAD_FP, .cnt = 1, .unread = true },
	{ "null return address at fp", .memory = { { STACK, STACK + 16 }, { STACK + 8, 0 } },
	  .registers = { F1, STACK, STACK }, .stop = STOP_BAD_FP, .cnt = 1 },
	{ "a guess that leads nowhere is taken back",
	  .memory = { { STACK, STACK + 16 }, { STACK + 8, STACK } },
	  .registers = { F1, STACK, STACK }, .stop = STOP_NO_ROW, .cnt = 1 },
	{ "one good guess, then one that is taken back",
	  .memory = { { STACK, STACK + 16 },
		      { STACK + 8, F1 + 9 },
		      { STACK + 16, STACK + 32 },
		      { STACK + 24, MEMORY_POISON } },
	  .registers = { F1, STACK, STACK }, .stop = STOP_NO_ROW, .cnt = 2 },
	{ "saved fp unreadable", .f1 = { 8, -128, 0, UNWIND_SP, UNWIND_FP_AT_CFA },
	  .memory = { { STACK, F2 } }, .registers = { F1, STACK }, .stop = STOP_READ_FAULT,
	  .cnt = 1 },
	{ "fp lost, then needed", .f1 = { 8, 0, 0, UNWIND_SP, UNWIND_FP_OTHER }, .f2 = FP(16),
	  .memory = { { STACK, F2 + 1 } }, .registers = { F1, STACK, STACK }, .stop = STOP_LOST_REG,
	  .cnt = 2 },
	{ "fp lost, then no rows", .f1 = { 8, 0, 0, UNWIND_SP, UNWIND_FP_OTHER },
	  .memory = { { STACK, F2 + 1 } }, .registers = { F1, STACK, STACK }, .stop = STOP_LOST_REG,
	  .cnt = 2 },
	{ "fp lost, then saved at fp", .f1 = { 8, 0, 0, UNWIND_SP, UNWIND_FP_OTHER },
	  .f2 = { 8, 0, 0, UNWIND_SP, UNWIND_FP_AT_FP }, .f3 = FP(16),
	  .memory = { { STACK, F2 + 1 }, { STACK + 8, F3 + 1 } }, .registers = { F1, STACK, STACK },
	  .stop = STOP_LOST_REG, .cnt = 3 },
	{ "CFA through a bad fp", .f1 = KIND(FP_DEREF), .registers = { F1, STACK, KERNEL },
	  .stop = STOP_READ_FAULT, .cnt = 1, .unread = true },
	{ "CFA through fp to the same place", .f1 = KIND(FP_DEREF), .memory = { { STACK, STACK } },
	  .registers = { F1, STACK, STACK }, .stop = STOP_CFA_STUCK, .cnt = 1 },
	{ "CFA through fp into the kernel", .f1 = KIND(FP_DEREF), .memory = { { STACK, KERNEL } },
	  .registers = { F1, STACK, STACK }, .stop = STOP_READ_FAULT, .cnt = 1 },
	{ "CFA through sp", .f1 = DEREF(SP, 16, 8), .f2 = END,
	  .memory = { { STACK + 16, STACK + 40 }, { STACK + 40, F2 + 1 } },
	  .registers = { F1, STACK }, .stop = STOP_END, .cnt = 2 },
	{ "CFA through a bad sp", .f1 = DEREF(SP, 0, 8), .registers = { F1, KERNEL },
	  .stop = STOP_READ_FAULT, .cnt = 1, .unread = true },
	{ "CFA through sp into the kernel", .f1 = DEREF(SP, -8, 16),
	  .memory = { { STACK - 8, KERNEL } }, .registers = { F1, STACK }, .stop = STOP_READ_FAULT,
	  .cnt = 1 },

	/* registers that only the first frame has, and perhaps its caller */
	{ "r10 behind a call: kept", .f1 = SP(8), .f2 = REG(R10, 0), .f3 = END,
	  .memory = { { STACK, F2 + 1 }, { STACK + 8, F3 + 1 } },
	  .registers = { F1, STACK, .regs[UNWIND_R10] = STACK + 16 }, .stop = STOP_END, .cnt = 3 },
	{ "r10 behind two calls", .f1 = SP(8), .f2 = SP(8), .f3 = REG(R10, 0),
	  .memory = { { STACK, F2 + 1 }, { STACK + 8, F3 + 1 } },
	  .registers = { F1, STACK, .regs[UNWIND_R10] = STACK + 24 }, .stop = STOP_LOST_REG,
	  .cnt = 3 },
	{ "r12 behind a call", .f1 = SP(8), .f2 = REG(R12, 0), .memory = { { STACK, F2 + 1 } },
	  .registers = { F1, STACK, .regs[UNWIND_R12] = STACK + 16 }, .stop = STOP_LOST_REG,
	  .cnt = 2 },
	{ "rax behind a guess", .f2 = REG(AX, 0),
	  .memory = { { STACK, STACK + 16 }, { STACK + 8, F2 + 1 } },
	  .registers = { F1, STACK, STACK, .regs[UNWIND_AX] = STACK + 32 }, .stop = STOP_LOST_REG,
	  .cnt = 2 },
	{ "a register that there is not", .f1 = { .kind = UNWIND_REG, .cfa_off = 15 },
	  .registers = { F1, STACK }, .stop = STOP_CFA_STUCK, .cnt = 1, .unread = true },
	{ "return to rcx behind a call", .f1 = SP(8), .f2 = RA(CX, 0),
	  .memory = { { STACK, F2 + 1 } }, .registers = { F1, STACK, .regs[UNWIND_CX] = F3 },
	  .stop = STOP_LOST_REG, .cnt = 2 },
	{ "return to rcx twice", .f1 = RA(CX, 0), .registers = { F1, STACK, .regs[UNWIND_CX] = F1 },
	  .stop = STOP_LOST_REG, .cnt = 2, .unread = true },
	{ "return to rdi", .f1 = RA(DI, 0), .f2 = END,
	  .registers = { F1, STACK, .regs[UNWIND_DI] = F2 + 1 }, .stop = STOP_END, .cnt = 2,
	  .unread = true },
	{ "return to rdi behind a call", .f1 = SP(8), .f2 = RA(DI, 0),
	  .memory = { { STACK, F2 + 1 } }, .registers = { F1, STACK, .regs[UNWIND_DI] = F3 + 1 },
	  .stop = STOP_LOST_REG, .cnt = 2 },
	{ "return to a null rdi", .f1 = RA(DI, 0), .registers = { F1, STACK },
	  .stop = STOP_NULL_RETURN, .cnt = 1, .unread = true },
	{ "return to a register that there is not", .f1 = { .kind = UNWIND_RA_REG, .cfa_off = 15 },
	  .registers = { F1, STACK }, .stop = STOP_NULL_RETURN, .cnt = 1, .unread = true },
	{ "r10 below sp", .f1 = REG(R10, 0),
	  .registers = { F1, STACK, .regs[UNWIND_R10] = STACK - 8 }, .stop = STOP_CFA_STUCK,
	  .cnt = 1, .unread = true },

	{ "bx lost, then needed", .f1 = SP(8), .f2 = REG(BX, 0), .memory = { { STACK, F2 + 1 } },
	  .registers = { F1, STACK, .regs[UNWIND_BX] = STACK + 16 }, .stop = STOP_LOST_REG,
	  .cnt = 2 },
	{ "bx saved where nothing can be read", .f1 = { 8, 0, 255, UNWIND_SP }, .f2 = REG(BX, 0),
	  .memory = { { STACK, F2 + 1 } },
	  .registers = { F1, STACK, .regs[UNWIND_BX] = STACK + 16 }, .stop = STOP_LOST_REG,
	  .cnt = 2 },
	{ "bx saved where nothing can be read, not needed", .f1 = SP(8),
	  .f2 = { 8, 0, 255, UNWIND_SP }, .f3 = END,
	  .memory = { { STACK, F2 + 1 }, { STACK + 8, F3 + 1 } }, .registers = { F1, STACK },
	  .stop = STOP_END, .cnt = 3 },
	{ "bx below sp", .f1 = REG(BX, 0), .registers = { F1, STACK, .regs[UNWIND_BX] = STACK - 8 },
	  .stop = STOP_CFA_STUCK, .cnt = 1, .unread = true },

	/* Go's switches of stacks: the frame pointer may lead down */
	{ "two stacks that lead to each other", .f1 = KIND(SP_OR_FP),
	  .memory = { { STACK, STACK + 64 },
		      { STACK + 8, F1 + 1 },
		      { STACK + 64, STACK },
		      { STACK + 72, F1 + 1 } },
	  .registers = { F1, STACK, STACK, .max_depth = 50 }, .stop = STOP_MAX_DEPTH, .cnt = 50 },
	{ "to a stack of the kernel", .f1 = KIND(SP_OR_FP), .registers = { F1, STACK, KERNEL },
	  .stop = STOP_BAD_FP, .cnt = 1, .unread = true },
	{ "no fp to another stack", .f1 = KIND(SP_OR_FP), .registers = { F1, STACK, 0 },
	  .stop = STOP_NULL_RETURN, .cnt = 1, .unread = true },
	{ "no other stack", .f1 = KIND(SP_OR_END), .registers = { F1, STACK, KERNEL },
	  .stop = STOP_END, .cnt = 1, .unread = true },

	/* signal frames */
	{ "a signal frame in itself", .f1 = KIND(SIGRET),
	  .memory = { { SAVED(R10), 0 },
		      { SAVED(RBP), 0 },
		      { SAVED(RSP), STACK },
		      { SAVED(RIP), F1 } },
	  .registers = { F1, STACK, .max_depth = 100 }, .stop = STOP_MAX_DEPTH, .cnt = 100 },
	{ "fp of a signal frame", .f1 = KIND(SIGRET), .f2 = FP(16), .f3 = END,
	  .memory = { { SAVED(RBP), STACK + 512 },
		      { SAVED(RSP), STACK + 400 },
		      { SAVED(RIP), F2 },
		      { STACK + 520, F3 + 1 } },
	  .registers = { F1, STACK }, .stop = STOP_END, .cnt = 3 },
	{ "r10 of a signal frame", .f1 = KIND(SIGRET), .f2 = REG(R10, 0), .f3 = END,
	  .memory = { { SAVED(R10), STACK + 512 },
		      { SAVED(RSP), STACK + 400 },
		      { SAVED(RIP), F2 },
		      { STACK + 504, F3 + 1 } },
	  .registers = { F1, STACK }, .stop = STOP_END, .cnt = 3 },
	{ "rcx of a signal frame", .f1 = KIND(SIGRET), .f2 = RA(CX, 0), .f3 = END,
	  .memory = { { SAVED(RCX), F3 }, { SAVED(RSP), STACK + 400 }, { SAVED(RIP), F2 } },
	  .registers = { F1, STACK }, .stop = STOP_END, .cnt = 3 },
	{ "bx of a signal frame", .f1 = KIND(SIGRET), .f2 = REG(BX, 0), .f3 = END,
	  .memory = { { SAVED(RBX), STACK + 512 },
		      { SAVED(RSP), STACK + 400 },
		      { SAVED(RIP), F2 },
		      { STACK + 504, F3 + 1 } },
	  .registers = { F1, STACK }, .stop = STOP_END, .cnt = 3 },
	{ "signal frame unreadable", .f1 = KIND(SIGRET), .registers = { F1, STACK },
	  .stop = STOP_READ_FAULT, .cnt = 1 },
	{ "signal frame over the end", .f1 = KIND(SIGRET), .memory = { { STACK + 4000, 0 } },
	  .registers = { F1, STACK + 4000 }, .stop = STOP_READ_FAULT, .cnt = 1 },
	{ "signal frame unaligned", .f1 = KIND(SIGRET), .registers = { F1, STACK + 4 },
	  .stop = STOP_READ_FAULT, .cnt = 1, .unread = true },

	/* code that lies in no file: as -X perf writes it, and nearly so. The return address is not mapped. */
	{ "trampoline's start",
	  .memory = { { F1, 0x08ec8348fa1e0ff3 }, { F1 + 8, 0xc308c48348d1ff }, { STACK, 8 } },
	  .registers = { F1, STACK }, .twist = no_rows, .stop = STOP_NO_MAPPING, .cnt = 2 },
	{ "trampoline's call",
	  .memory = { { F1, 0xc308c48348d1ff }, { F1 + 8, 0 }, { STACK + 8, 8 } },
	  .registers = { F1, STACK }, .twist = no_rows, .stop = STOP_NO_MAPPING, .cnt = 2 },
	{ "trampoline's return", .memory = { { F1, 0xc3 }, { F1 + 8, 0 }, { STACK, 8 } },
	  .registers = { F1, STACK }, .twist = no_rows, .stop = STOP_NO_MAPPING, .cnt = 2 },
	{ "no trampoline: add of a negative number",
	  .memory = { { F1, 0xc388c48348 }, { F1 + 8, 0 }, { STACK, 8 } },
	  .registers = { F1, STACK, 8 }, .twist = no_rows, .stop = STOP_BAD_FP, .cnt = 1 },
	{ "trampoline without its end",
	  .memory = { { F1, 0x8348d1ff08ec8348 }, { F1 + 8, 0xc4 }, { STACK, 8 } },
	  .registers = { F1, STACK, 8 }, .twist = no_rows, .stop = STOP_BAD_FP, .cnt = 1 },
	{ "code that cannot be read", .registers = { F1, STACK, 8 }, .twist = no_rows,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	/* the tables */
	{ "rule not supported", .f1 = KIND(UNSUPPORTED), .registers = { F1, STACK },
	  .stop = STOP_UNSUPPORTED, .cnt = 1 },
	{ "rule not kept", .f1 = KIND(NO_ROOM), .registers = { F1, STACK }, .stop = STOP_NO_ROOM,
	  .cnt = 1 },
	{ "rule of a later version", .f1 = { .kind = 200 }, .registers = { F1, STACK },
	  .stop = STOP_UNSUPPORTED, .cnt = 1 },
	{ "mappings replaced", .f1 = END, .registers = { F1, STACK }, .twist = other_generation,
	  .stop = STOP_STALE, .cnt = 1 },
	{ "table not there yet", .f1 = END, .registers = { F1, STACK }, .twist = pending,
	  .stop = STOP_PENDING, .cnt = 1 },
	{ "table without room", .f1 = END, .registers = { F1, STACK }, .twist = no_room,
	  .stop = STOP_NO_ROOM, .cnt = 1 },
	/* no rule is found: a step along the frame pointer, which is bad */
	{ "no pages", .f1 = END, .registers = { F1, STACK, 8 }, .twist = no_pages,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "page outside the map", .f1 = END, .registers = { F1, STACK, 8 }, .twist = page_outside,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "page index wraps", .f1 = END, .registers = { F1, STACK, 8 }, .twist = page_wraps,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "bias above the address", .f1 = END, .registers = { F1, STACK, 8 }, .twist = bias_above,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "bias far below", .f1 = END, .registers = { F1, STACK, 8 }, .twist = bias_far_below,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "rows outside the map", .f1 = END, .registers = { F1, STACK, 8 }, .twist = rows_outside,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "a page without rows", .f1 = END, .registers = { F1, STACK, 8 }, .twist = rows_none,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "rows begin behind the address", .f1 = END, .f3 = END, .registers = { F1, STACK, 8 },
	  .twist = rows_begin_late, .stop = STOP_BAD_FP, .cnt = 1 },
	{ "rule outside the map", .f1 = END, .registers = { F1, STACK, 8 }, .twist = rule_outside,
	  .stop = STOP_BAD_FP, .cnt = 1 },
	{ "rows in no order", .f1 = END, .f2 = END, .f3 = END, .registers = { F2, STACK, 8 },
	  .twist = rows_reversed, .stop = STOP_END, .cnt = 1 },
	/* ends; which rule it meets is not promised: here the rows behind are empty, info 0 */
	{ "more rows than there can be", .f1 = END, .registers = { F1, STACK, 8 },
	  .twist = rows_endless, .stop = STOP_BAD_FP, .cnt = 1 },
	{ "run longer than the pool", .f1 = END, .registers = { F1, STACK }, .twist = run_too_long,
	  .stop = STOP_END, .cnt = 1 },
	{ "run empty", .f1 = END, .registers = { F1, STACK }, .twist = run_empty,
	  .stop = STOP_NO_MAPPING, .cnt = 1 },
	{ "mapping inside out", .f1 = END, .registers = { F1, STACK }, .twist = mapping_inside_out,
	  .stop = STOP_NO_MAPPING, .cnt = 1 },
};

static bool as_expected(const struct hostile *h, struct memory_image *image, struct walker *walker)
{
	struct walked_stack stack;

	image->reads = 0;
	stack = memory_image__walk(image, walker, &h->registers);
	if (stack.stop == h->stop && stack.cnt == h->cnt && (!h->unread || !image->reads))
		return true;
	print_error("%s: expected %s after %u frames%s, got %s after %u, %lu reads\n", h->name,
		    stop_name(h->stop), h->cnt, h->unread ? " without a read" : "",
		    stop_name(stack.stop), stack.cnt, (unsigned long)image->reads);
	return false;
}

static void hostile_processes(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		scope_free(memory_image) struct memory_image *image = image_of(&cases[i]);
		scope_free(walker) struct walker *walker = walker__new();

		wrong += !as_expected(&cases[i], image, walker);
		wrong += !as_expected(&cases[i], image, walker); /* rules are kept by now */
	}
	assert_int_equal(wrong, 0);
}

static void as_deep_as_can_be(void **state)
{
	static const struct hostile endless = { .f1 = SP(8) };
	scope_free(memory_image) struct memory_image *image = image_of(&endless);
	scope_free(walker) struct walker *walker = walker__new();
	struct walk_start start = { F1, STACK };
	struct walked_stack stack;

	(void)state;
	for (uint64_t i = 0; i < MAX_USER_FRAMES + 10; i++)
		memory_image__put(image, STACK + 8 * i, F1 + i % 4095 + 1);
	stack = memory_image__walk(image, walker, &start);
	assert_int_equal(stack.stop, STOP_MAX_DEPTH);
	assert_int_equal(stack.cnt, MAX_USER_FRAMES);
	for (uint64_t i = 1; i < stack.cnt; i++) {
		assert_int_equal(frame_payload(stack.words[i]), F1 + (i - 1) % 4095 + 1);
		assert_int_equal(frame_flags(stack.words[i]), FRAME_F_RETURN);
		assert_int_equal(stack.cfas[i], STACK + 8 * (i + 1));
	}
	start.max_depth = UINT32_MAX; /* the array's end counts as well */
	assert_int_equal(memory_image__walk(image, walker, &start).cnt, MAX_USER_FRAMES);
}

/* The largest run; pages between mappings belong to none. */
static void every_mapping_of_a_run(void **state)
{
	scope_free(memory_image) struct memory_image *image = memory_image__new();
	scope_free(walker) struct walker *walker = walker__new();

	(void)state;
	for (uint64_t i = 0; i < MAX_RUN_MAPPINGS; i++)
		memory_image__add_mapping(image, (struct unwind_mapping){
							 .start = CODE + 0x2000 * i,
							 .end = CODE + 0x2000 * i + 0x1000,
							 .flags = MAPPING_F_PENDING });
	for (uint64_t i = 0; i < MAX_RUN_MAPPINGS; i++) {
		struct walk_start inside[] = { { CODE + 0x2000 * i, STACK },
					       { CODE + 0x2000 * i + 0xfff, STACK } };
		struct walk_start outside[] = { { CODE + 0x2000 * i - 1, STACK },
						{ CODE + 0x2000 * i + 0x1000, STACK } };

		for (int j = 0; j < 2; j++) {
			assert_int_equal(memory_image__walk(image, walker, &inside[j]).stop,
					 STOP_PENDING);
			assert_int_equal(memory_image__walk(image, walker, &outside[j]).stop,
					 STOP_NO_MAPPING);
		}
	}
}

/* What is kept of one generation is not used in the next. */
static void rules_die_with_their_generation(void **state)
{
	static const struct hostile before = { .f1 = END }, after = { .f1 = KIND(UNSUPPORTED) };
	scope_free(memory_image) struct memory_image *old = image_of(&before);
	scope_free(memory_image) struct memory_image *new = image_of(&after);
	scope_free(walker) struct walker *walker = walker__new();
	struct walk_start start = { F1, STACK };

	(void)state;
	assert_int_equal(memory_image__walk(old, walker, &start).stop, STOP_END);
	new->generation = new->mappings[0].generation = 2;
	assert_int_equal(memory_image__walk(new, walker, &start).stop, STOP_UNSUPPORTED);
	assert_int_equal(memory_image__walk(old, walker, &start).stop, STOP_END);
}

/* Behind a system call the rule is that of the call; the address itself may have another one. */
static void a_system_call_at_a_functions_end(void **state)
{
	static const struct hostile caller = { .f1 = END };
	scope_free(memory_image) struct memory_image *image = image_of(&caller);
	scope_free(walker) struct walker *walker = walker__new();
	struct walk_start behind = { F2, STACK, 8 }, entered = behind;

	(void)state;
	entered.entered = true;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(memory_image__walk(image, walker, &behind).stop, STOP_BAD_FP);
		assert_int_equal(memory_image__walk(image, walker, &entered).stop, STOP_END);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_processes),
		cmocka_unit_test(as_deep_as_can_be),
		cmocka_unit_test(every_mapping_of_a_run),
		cmocka_unit_test(rules_die_with_their_generation),
		cmocka_unit_test(a_system_call_at_a_functions_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
