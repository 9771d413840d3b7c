// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/x86_64_follow.h"

#include "symbolizer/python/x86_64_decode.h"

#define MAX_INSNS 64

struct follower {
	struct elf_image *image;
	const struct elf_image_symbol *function;
	uint64_t elf_vaddr; /* of the next instruction */
	struct code_value regs[X86_64_NO_REG + 1]; /* the last: of no register */
	struct code_outcome outcome;
	uint32_t taken;
	bool through_calls;
};

static const struct code_value unknown = { .kind = CODE_UNKNOWN };

static struct code_value number(int64_t value)
{
	return (struct code_value){ .kind = CODE_NUMBER, .off = value };
}

static struct code_value reg_value(const struct follower *f, uint8_t reg)
{
	return reg < X86_64_NO_REG ? f->regs[reg] : number(0);
}

static int64_t plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static struct code_value add(struct code_value a, struct code_value b)
{
	struct code_value swap = a;

	if (a.kind == CODE_NUMBER) {
		a = b;
		b = swap;
	}
	/* offset of a thread's variable from a GOT entry */
	if (a.kind == CODE_WORD && b.kind == CODE_THREAD) {
		swap = a;
		a = b;
		b = swap;
	}
	if (a.kind == CODE_THREAD && !a.vaddr && b.kind == CODE_WORD) {
		a.vaddr = b.vaddr;
	} else if (b.kind != CODE_NUMBER || a.kind == CODE_UNKNOWN ||
		   a.key_scale + b.key_scale > UINT8_MAX) {
		return unknown;
	}
	a.off = plus(a.off, b.off);
	a.key_scale = (uint8_t)(a.key_scale + b.key_scale);
	return a;
}

static struct code_value times(struct code_value v, unsigned int factor)
{
	if (factor == 1)
		return v;
	if (v.kind != CODE_NUMBER || v.key_scale * factor > UINT8_MAX)
		return unknown;
	v.off = (int64_t)((uint64_t)v.off * factor);
	v.key_scale = (uint8_t)(v.key_scale * factor);
	return v;
}

static struct code_value address_of(const struct follower *f, const struct x86_64_operand *mem)
{
	struct code_value at = number(mem->disp);

	if (mem->rip)
		at.off = plus(at.off, (int64_t)f->elf_vaddr);
	at = add(at, reg_value(f, mem->reg));
	at = add(at, times(reg_value(f, mem->index), mem->scale));
	if (mem->fs)
		at = add(at, (struct code_value){ .kind = CODE_THREAD });
	return at;
}

static struct code_value load_number(struct follower *f, uint64_t elf_vaddr, bool wide)
{
	uint64_t word;

	if (wide && elf_image__is_relocated(f->image, elf_vaddr) &&
	    !elf_image__word(f->image, elf_vaddr, &word))
		return number((int64_t)word);
	return (struct code_value){ .kind = CODE_WORD, .vaddr = elf_vaddr };
}

static struct code_value load(struct follower *f, struct code_value at, bool wide)
{
	if (f->outcome.load_cnt < CODE_MAX_LOADS)
		f->outcome.loads[f->outcome.load_cnt++] = at;
	switch (at.kind) {
	case CODE_NUMBER:
		return at.key_scale ? unknown : load_number(f, (uint64_t)at.off, wide);
	case CODE_THREAD:
		if (!at.vaddr && !at.key_scale && (at.off == 0 || at.off == 0x10))
			return (struct code_value){ .kind = CODE_THREAD }; /* points to itself */
		if (at.key_scale)
			return unknown;
		return (struct code_value){ .kind = CODE_THREAD_WORD,
					    .vaddr = at.vaddr,
					    .place = at.off };
	case CODE_TLS:
		return (struct code_value){ .kind = CODE_TLS_WORD,
					    .vaddr = at.vaddr,
					    .place = at.off };
	default:
		return unknown;
	}
}

static struct code_value value_of(struct follower *f, const struct x86_64_insn *insn)
{
	switch (insn->src.kind) {
	case X86_64_REG:
		return reg_value(f, insn->src.reg);
	case X86_64_IMM:
		return number(insn->src.disp);
	case X86_64_MEM:
		return load(f, address_of(f, &insn->src), insn->wide);
	default:
		return unknown;
	}
}

static void clobber_by_call(struct follower *f)
{
	static const uint8_t lost[] = { 1, 2, 6, 7, 8, 9, 10, 11 };

	for (size_t i = 0; i < sizeof(lost); i++)
		f->regs[lost[i]] = unknown;
}

static bool call(struct follower *f)
{
	struct code_value argument = f->regs[X86_64_RDI];

	if (!f->through_calls || argument.kind != CODE_NUMBER || argument.key_scale) {
		f->outcome.end = CODE_CALLS;
		f->outcome.argument = argument;
		return false;
	}
	f->through_calls = false;
	clobber_by_call(f);
	f->regs[X86_64_RAX] = (struct code_value){ .kind = CODE_TLS,
						   .vaddr = (uint64_t)argument.off };
	return true;
}

static bool jump(struct follower *f, const struct x86_64_operand *to)
{
	uint64_t target = f->elf_vaddr + (uint64_t)to->disp;

	if (to->kind == X86_64_REL && target - f->function->elf_vaddr < f->function->size) {
		f->elf_vaddr = target;
		return true;
	}
	f->outcome.end = CODE_CALLS;
	f->outcome.argument = f->regs[X86_64_RDI];
	return false;
}

/* False: the end. */
static bool execute(struct follower *f, const struct x86_64_insn *insn)
{
	struct code_value *dst = &f->regs[insn->dst < X86_64_NO_REG ? insn->dst : X86_64_NO_REG];

	switch (insn->op) {
	case X86_64_CLOBBER:
		*dst = unknown;
		return true;
	case X86_64_MOV:
		*dst = value_of(f, insn);
		return true;
	case X86_64_LEA:
		*dst = address_of(f, &insn->src);
		return true;
	case X86_64_ADD:
		*dst = add(*dst, value_of(f, insn));
		return true;
	case X86_64_SHIFT_LEFT:
		*dst = insn->src.disp < 0 || insn->src.disp > 7 ? unknown :
								  times(*dst, 1U << insn->src.disp);
		return true;
	case X86_64_BRANCH:
		if (f->taken & 1)
			f->elf_vaddr += (uint64_t)insn->src.disp;
		f->taken >>= 1;
		return true;
	case X86_64_CALL:
		return call(f);
	case X86_64_JUMP:
		return jump(f, &insn->src);
	case X86_64_RETURN:
		f->outcome.end = CODE_RETURNS;
		f->outcome.result = f->regs[X86_64_RAX];
		return false;
	default:
		return true;
	}
}

struct code_outcome x86_64_follow(struct elf_image *image, const struct elf_image_symbol *function,
				  uint32_t taken, bool through_calls)
{
	struct follower f = {
		.image = image,
		.function = function,
		.elf_vaddr = function->elf_vaddr,
		.taken = taken,
		.through_calls = through_calls,
	};

	f.regs[X86_64_RDI] = (struct code_value){ .kind = CODE_NUMBER, .key_scale = 1 };
	for (unsigned int i = 0; i < MAX_INSNS; i++) {
		struct x86_64_insn insn;
		struct view code;

		if (elf_image__bytes(image, f.elf_vaddr, &code) ||
		    !x86_64_decode(code.data, code.size, &insn))
			break;
		f.elf_vaddr += insn.size;
		if (!execute(&f, &insn))
			break;
	}
	return f.outcome;
}
