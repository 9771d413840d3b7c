// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include "symbolizer/python/x86_64_decode.h"

#define NONE X86_64_NO_REG
#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

/* As objdump (binutils 2.40) reads them; what stands in the comments is its text. */
static const struct {
	uint8_t code[16];
	uint8_t size;
	uint8_t op;
	uint8_t dst;
	struct x86_64_operand src;
	bool wide;
} rows[] = {
	/* endbr64 */
	{ BYTES(0xf3, 0x0f, 0x1e, 0xfa), X86_64_NOTHING, NONE, { 0 }, false },
	/* push %rbx; push %r12; pop %r12 */
	{ BYTES(0x53), X86_64_NOTHING, NONE, { 0 }, false },
	{ BYTES(0x41, 0x54), X86_64_NOTHING, NONE, { 0 }, false },
	{ BYTES(0x41, 0x5c), X86_64_CLOBBER, 12, { 0 }, false },
	/* mov 0x11eee1(%rip),%rax */
	{ BYTES(0x48, 0x8b, 0x05, 0xe1, 0xee, 0x11, 0x00),
	  X86_64_MOV,
	  0,
	  { X86_64_MEM, NONE, NONE, 1, true, false, 0x11eee1 },
	  true },
	/* mov 0xe0728(%rip),%edi */
	{ BYTES(0x8b, 0x3d, 0x28, 0x07, 0x0e, 0x00),
	  X86_64_MOV,
	  7,
	  { X86_64_MEM, NONE, NONE, 1, true, false, 0xe0728 },
	  false },
	/* cmpq $0x0,0x5d8(%rax); cmpl $0x0,0x1(%rip) */
	{ BYTES(0x48, 0x83, 0xb8, 0xd8, 0x05, 0, 0, 0),
	  X86_64_NOTHING,
	  NONE,
	  { X86_64_IMM },
	  true },
	{ BYTES(0x83, 0x3d, 0x01, 0, 0, 0, 0), X86_64_NOTHING, NONE, { X86_64_IMM }, false },
	/* je +0x0f; jne +0x1234 */
	{ BYTES(0x74, 0x0f), X86_64_BRANCH, NONE, { X86_64_REL, .disp = 15 }, false },
	{ BYTES(0x0f, 0x85, 0x34, 0x12, 0, 0),
	  X86_64_BRANCH,
	  NONE,
	  { X86_64_REL, .disp = 0x1234 },
	  false },
	/* lea 0x5e0(%rax),%rdi; lea 0x31(%rdi,%rsi,8),%r9 */
	{ BYTES(0x48, 0x8d, 0xb8, 0xe0, 0x05, 0, 0),
	  X86_64_LEA,
	  7,
	  { X86_64_MEM, 0, NONE, 1, false, false, 0x5e0 },
	  true },
	{ BYTES(0x4c, 0x8d, 0x4c, 0xf7, 0x31),
	  X86_64_LEA,
	  9,
	  { X86_64_MEM, 7, 6, 8, false, false, 0x31 },
	  true },
	/* jmp -2; jmp *0x10(%rip); call +1; call *%rax; ret */
	{ BYTES(0xeb, 0xfe), X86_64_JUMP, NONE, { X86_64_REL, .disp = -2 }, false },
	{ BYTES(0xff, 0x25, 0x10, 0, 0, 0),
	  X86_64_JUMP,
	  NONE,
	  { X86_64_MEM, NONE, NONE, 1, true, false, 16 },
	  false },
	{ BYTES(0xe8, 1, 0, 0, 0), X86_64_CALL, NONE, { X86_64_REL, .disp = 1 }, false },
	{ BYTES(0xff, 0xd0), X86_64_CALL, NONE, { X86_64_REG, 0, NONE, 1 }, false },
	{ BYTES(0xc3), X86_64_RETURN, NONE, { 0 }, false },
	/* mov $0x7a10e0,%edi; movabs $-1,%r8; mov $-40,%rax */
	{ BYTES(0xbf, 0xe0, 0x10, 0x7a, 0),
	  X86_64_MOV,
	  7,
	  { X86_64_IMM, .disp = 0x7a10e0 },
	  false },
	{ BYTES(0x49, 0xb8, 255, 255, 255, 255, 255, 255, 255, 255),
	  X86_64_MOV,
	  8,
	  { X86_64_IMM, .disp = -1 },
	  true },
	{ BYTES(0x48, 0xc7, 0xc0, 0xd8, 0xff, 0xff, 0xff),
	  X86_64_MOV,
	  0,
	  { X86_64_IMM, .disp = -40 },
	  true },
	/* mov %rbx,%rdi; mov %edi,%eax; mov %rax,0x18(%rbp) */
	{ BYTES(0x48, 0x89, 0xdf), X86_64_MOV, 7, { X86_64_REG, 3 }, true },
	{ BYTES(0x89, 0xf8), X86_64_MOV, 0, { X86_64_REG, 7 }, false },
	{ BYTES(0x48, 0x89, 0x45, 0x18), X86_64_NOTHING, NONE, { X86_64_REG, 0 }, true },
	/* xor %eax,%eax; add $0x31,%rax; add %fs:0x10,%rax; shl $0x4,%rax */
	{ BYTES(0x31, 0xc0), X86_64_MOV, 0, { X86_64_IMM }, false },
	{ BYTES(0x48, 0x83, 0xc0, 0x31), X86_64_ADD, 0, { X86_64_IMM, .disp = 0x31 }, true },
	{ BYTES(0x64, 0x48, 0x03, 0x04, 0x25, 0x10, 0, 0, 0),
	  X86_64_ADD,
	  0,
	  { X86_64_MEM, NONE, NONE, 1, false, true, 16 },
	  true },
	{ BYTES(0x48, 0xc1, 0xe0, 0x04), X86_64_SHIFT_LEFT, 0, { X86_64_IMM, .disp = 4 }, true },
	/* mov %fs:0xffffffffffffffd8,%rax; mov (%rax,%rdi,8),%rax */
	{ BYTES(0x64, 0x48, 0x8b, 0x04, 0x25, 0xd8, 0xff, 0xff, 0xff),
	  X86_64_MOV,
	  0,
	  { X86_64_MEM, NONE, NONE, 1, false, true, -40 },
	  true },
	{ BYTES(0x48, 0x8b, 0x04, 0xf8),
	  X86_64_MOV,
	  0,
	  { X86_64_MEM, 0, 7, 8, false, false, 0 },
	  true },
	/* data16 lea 0x2d(%rip),%rdi; data16 data16 rex.W call +5 */
	{ BYTES(0x66, 0x48, 0x8d, 0x3d, 0x2d, 0, 0, 0),
	  X86_64_LEA,
	  7,
	  { X86_64_MEM, NONE, NONE, 1, true, false, 0x2d },
	  true },
	{ BYTES(0x66, 0x66, 0x48, 0xe8, 5, 0, 0, 0),
	  X86_64_CALL,
	  NONE,
	  { X86_64_REL, .disp = 5 },
	  true },
	/* test %eax,%eax; cmova %rdx,%rax; movzbl (%rax),%ecx; sete %al; nopw 0x0(%rax,%rax,1) */
	{ BYTES(0x85, 0xc0), X86_64_NOTHING, NONE, { 0 }, false },
	{ BYTES(0x48, 0x0f, 0x47, 0xc2), X86_64_CLOBBER, 0, { X86_64_REG, 2, NONE, 1 }, true },
	{ BYTES(0x0f, 0xb6, 0x08), X86_64_CLOBBER, 1, { X86_64_MEM, 0, NONE, 1 }, false },
	{ BYTES(0x0f, 0x94, 0xc0), X86_64_CLOBBER, 0, { 0 }, false },
	{ BYTES(0x66, 0x0f, 0x1f, 0x44, 0, 0), X86_64_NOTHING, NONE, { 0 }, false },
};

static void check_operand(size_t i, const struct x86_64_operand *found)
{
	const struct x86_64_operand *src = &rows[i].src;

	expect(found->kind == src->kind, i);
	if (src->kind == X86_64_REG || src->kind == X86_64_MEM)
		expect(found->reg == src->reg, i);
	if (src->kind == X86_64_MEM)
		expect(found->index == src->index && found->rip == src->rip && found->fs == src->fs,
		       i);
	if (src->kind == X86_64_MEM && src->index != NONE)
		expect(found->scale == src->scale, i);
	if (src->kind != X86_64_REG)
		expect(found->disp == src->disp, i);
}

static bool has_source(uint8_t op)
{
	return op != X86_64_NOTHING && op != X86_64_CLOBBER && op != X86_64_RETURN;
}

static void test_instructions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct x86_64_insn insn;

		expect(x86_64_decode(rows[i].code, sizeof(rows[i].code), &insn), i);
		expect(insn.size == rows[i].size, i);
		expect(insn.op == rows[i].op, i);
		expect(insn.dst == rows[i].dst, i);
		expect(insn.wide == rows[i].wide, i);
		if (has_source(insn.op))
			check_operand(i, &insn.src);
	}
}

static void test_cut_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		for (size_t size = 0; size < rows[i].size; size++) {
			struct x86_64_insn insn = { .size = 99 };

			expect(!x86_64_decode(rows[i].code, size, &insn), i);
			expect(insn.size == 99, i);
		}
}

/* Not followed, so not guessed: gs, 32-bit addresses, lock, SSE, syscall, mul, 16-bit immediates, prefixes
 * without end. */
static const uint8_t unknown[][16] = {
	{ 0x65, 0x48, 0x8b, 0x04, 0x25 },
	{ 0x67, 0x8b, 0x07 },
	{ 0xf0, 0x01, 0x07 },
	{ 0x0f, 0x10, 0x07 },
	{ 0x0f, 0x05 },
	{ 0xf7, 0xe7 },
	{ 0x66, 0x81, 0xc0, 1, 2 },
	{ 0x06 },
	{ 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	  0x90 },
};

static void test_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(unknown); i++) {
		struct x86_64_insn insn;

		expect(!x86_64_decode(unknown[i], sizeof(unknown[i]), &insn), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
