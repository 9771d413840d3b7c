// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/x86_64_decode.h"

#include "common/view.h"

struct decoder {
	struct view code;
	bool operand16; /* 66 */
	bool fs; /* 64 */
	uint8_t rex;
	uint8_t reg; /* of ModRM */
	struct x86_64_operand rm;
};

static bool is_wide(const struct decoder *d)
{
	return d->rex & 8;
}

/* False: a prefix that changes what is not followed here. */
static bool read_prefixes(struct decoder *d, uint8_t *ret_opcode)
{
	for (;;) {
		uint8_t byte = view_u8(&d->code);

		switch (byte) {
		case 0x66:
			d->operand16 = true;
			continue;
		case 0x64:
			d->fs = true;
			continue;
		case 0x2e:
		case 0x3e:
		case 0xf2: /* bnd */
		case 0xf3: /* rep ret, endbr64 */
			continue;
		case 0x65:
		case 0x67:
		case 0xf0:
			return false;
		}
		if ((byte & 0xf0) == 0x40) {
			d->rex = byte;
			byte = view_u8(&d->code);
		}
		*ret_opcode = byte;
		return !d->code.bad;
	}
}

static void read_sib(struct decoder *d, uint8_t mod)
{
	uint8_t sib = view_u8(&d->code);
	uint8_t index = (uint8_t)((sib >> 3 & 7) | (d->rex & 2) << 2);

	d->rm.scale = (uint8_t)(1 << (sib >> 6));
	d->rm.index = index == 4 ? X86_64_NO_REG : index;
	d->rm.reg = (uint8_t)((sib & 7) | (d->rex & 1) << 3);
	if ((sib & 7) == 5 && !mod) {
		d->rm.reg = X86_64_NO_REG;
		d->rm.disp = view_s32(&d->code);
	}
}

static void read_modrm(struct decoder *d)
{
	uint8_t byte = view_u8(&d->code), mod = byte >> 6, rm = byte & 7;

	d->reg = (uint8_t)((byte >> 3 & 7) | (d->rex & 4) << 1);
	d->rm = (struct x86_64_operand){
		.kind = mod == 3 ? X86_64_REG : X86_64_MEM,
		.reg = (uint8_t)(rm | (d->rex & 1) << 3),
		.index = X86_64_NO_REG,
		.scale = 1,
		.fs = d->fs,
	};
	if (mod == 3)
		return;
	if (rm == 4) {
		read_sib(d, mod);
	} else if (rm == 5 && !mod) {
		d->rm.rip = true;
		d->rm.reg = X86_64_NO_REG;
		d->rm.disp = view_s32(&d->code);
	}
	if (mod == 1)
		d->rm.disp = view_s8(&d->code);
	else if (mod == 2)
		d->rm.disp = view_s32(&d->code);
}

static struct x86_64_operand immediate(struct decoder *d, unsigned int size)
{
	struct x86_64_operand imm = { .kind = X86_64_IMM };

	switch (size) {
	case 1:
		imm.disp = view_s8(&d->code);
		break;
	case 4:
		imm.disp = view_s32(&d->code);
		d->code.bad |= d->operand16; /* two bytes then */
		break;
	case 8:
		imm.disp = view_s64(&d->code);
		break;
	}
	return imm;
}

static struct x86_64_operand relative(struct decoder *d, unsigned int size)
{
	struct x86_64_operand rel = { .kind = X86_64_REL };

	rel.disp = size == 1 ? view_s8(&d->code) : view_s32(&d->code);
	return rel;
}

static struct x86_64_operand reg_operand(uint8_t reg)
{
	return (struct x86_64_operand){ .kind = X86_64_REG, .reg = reg };
}

/* Writes the register that ModRM's second half names, or memory. */
static void to_rm(const struct decoder *d, struct x86_64_insn *insn, uint8_t op)
{
	if (d->rm.kind != X86_64_REG)
		return;
	insn->op = op;
	insn->dst = d->rm.reg;
}

static void to_reg(const struct decoder *d, struct x86_64_insn *insn, uint8_t op)
{
	insn->op = op;
	insn->dst = d->reg;
	insn->src = d->rm;
}

static bool group_ff(struct decoder *d, struct x86_64_insn *insn)
{
	switch (d->reg & 7) {
	case 0:
	case 1:
		to_rm(d, insn, X86_64_CLOBBER);
		return true;
	case 2:
	case 4:
		insn->op = (d->reg & 7) == 2 ? X86_64_CALL : X86_64_JUMP;
		insn->src = d->rm;
		return true;
	case 6:
		return true; /* push */
	default:
		return false;
	}
}

static bool two_bytes(struct decoder *d, struct x86_64_insn *insn)
{
	uint8_t opcode = view_u8(&d->code);

	if ((opcode & 0xf0) == 0x80) {
		insn->op = X86_64_BRANCH;
		insn->src = relative(d, 4);
		return true;
	}
	read_modrm(d);
	if (opcode == 0x1e || opcode == 0x1f) /* endbr64; long nop */
		return true;
	if ((opcode & 0xf0) == 0x90) { /* setcc */
		to_rm(d, insn, X86_64_CLOBBER);
		return true;
	}
	if ((opcode & 0xf0) == 0x40 || (opcode & 0xf6) == 0xb6) { /* cmov; movzx, movsx */
		to_reg(d, insn, X86_64_CLOBBER);
		return true;
	}
	return false;
}

/* add, or, adc, sbb, and, sub, xor, cmp in their six forms: 00 to 3d. */
static bool arithmetic(struct decoder *d, struct x86_64_insn *insn, uint8_t opcode)
{
	unsigned int form = opcode & 7, what = opcode >> 3;
	uint8_t op = what == 0 && (form & 1) ? X86_64_ADD : X86_64_CLOBBER;

	if (form > 5)
		return false;
	if (form >= 4) { /* al, eax with an immediate */
		insn->src = immediate(d, form == 4 ? 1 : 4);
		insn->op = what == 7 ? X86_64_NOTHING : op;
		insn->dst = what == 7 ? X86_64_NO_REG : X86_64_RAX;
		return true;
	}
	read_modrm(d);
	if (what == 7)
		return true;
	if (form >= 2) {
		to_reg(d, insn, op);
	} else {
		to_rm(d, insn, op);
		insn->src = reg_operand(d->reg);
	}
	if (what == 6 && (form & 1) && d->rm.kind == X86_64_REG && d->rm.reg == d->reg) {
		insn->op = X86_64_MOV; /* xor of a register with itself */
		insn->src = (struct x86_64_operand){ .kind = X86_64_IMM };
	}
	return true;
}

/* The same with an immediate behind ModRM: 80, 81, 83. */
static void arithmetic_immediate(struct decoder *d, struct x86_64_insn *insn, uint8_t opcode)
{
	unsigned int what;

	read_modrm(d);
	what = d->reg & 7;
	insn->src = immediate(d, opcode == 0x81 ? 4 : 1);
	if (what != 7)
		to_rm(d, insn, what == 0 && opcode != 0x80 ? X86_64_ADD : X86_64_CLOBBER);
}

static bool one_byte(struct decoder *d, struct x86_64_insn *insn, uint8_t opcode)
{
	switch (opcode) {
	case 0x50 ... 0x57: /* push */
	case 0x90:
	case 0x98: /* cltq: what is followed has no sign */
		return true;
	case 0x58 ... 0x5f: /* pop */
		insn->op = X86_64_CLOBBER;
		insn->dst = (uint8_t)((opcode & 7) | (d->rex & 1) << 3);
		return true;
	case 0x63: /* movslq */
	case 0x8b:
		read_modrm(d);
		insn->wide = opcode == 0x8b && is_wide(d);
		to_reg(d, insn, X86_64_MOV);
		return true;
	case 0x70 ... 0x7f:
		insn->op = X86_64_BRANCH;
		insn->src = relative(d, 1);
		return true;
	case 0x80:
	case 0x81:
	case 0x83:
		arithmetic_immediate(d, insn, opcode);
		return true;
	case 0x84: /* test */
	case 0x85:
	case 0x88: /* store of a byte */
		read_modrm(d);
		if (opcode == 0x88)
			to_rm(d, insn, X86_64_CLOBBER);
		return true;
	case 0x89:
		read_modrm(d);
		to_rm(d, insn, X86_64_MOV);
		insn->src = reg_operand(d->reg);
		return true;
	case 0x8a:
		read_modrm(d);
		to_reg(d, insn, X86_64_CLOBBER);
		return true;
	case 0x8d:
		read_modrm(d);
		to_reg(d, insn, X86_64_LEA);
		return d->rm.kind == X86_64_MEM;
	case 0xa8: /* test */
	case 0xa9:
		immediate(d, opcode == 0xa8 ? 1 : 4);
		return true;
	case 0xb8 ... 0xbf:
		insn->op = X86_64_MOV;
		insn->dst = (uint8_t)((opcode & 7) | (d->rex & 1) << 3);
		insn->src = immediate(d, is_wide(d) ? 8 : 4);
		if (!is_wide(d))
			insn->src.disp &= 0xffffffff;
		return true;
	case 0xc1:
	case 0xd1:
		read_modrm(d);
		insn->src = opcode == 0xc1 ?
				    immediate(d, 1) :
				    (struct x86_64_operand){ .kind = X86_64_IMM, .disp = 1 };
		to_rm(d, insn, (d->reg & 7) == 4 ? X86_64_SHIFT_LEFT : X86_64_CLOBBER);
		return true;
	case 0xc3:
		insn->op = X86_64_RETURN;
		return true;
	case 0xc6:
	case 0xc7:
		read_modrm(d);
		insn->src = immediate(d, opcode == 0xc6 ? 1 : 4);
		to_rm(d, insn, opcode == 0xc6 ? X86_64_CLOBBER : X86_64_MOV);
		return !(d->reg & 7);
	case 0xe8:
	case 0xe9:
	case 0xeb:
		insn->op = opcode == 0xe8 ? X86_64_CALL : X86_64_JUMP;
		insn->src = relative(d, opcode == 0xeb ? 1 : 4);
		return true;
	case 0xf6:
	case 0xf7: /* test alone */
		read_modrm(d);
		immediate(d, opcode == 0xf6 ? 1 : 4);
		return !(d->reg & 7);
	case 0xff:
		read_modrm(d);
		return group_ff(d, insn);
	default:
		return opcode < 0x40 && arithmetic(d, insn, opcode);
	}
}

bool x86_64_decode(const uint8_t *code, size_t size, struct x86_64_insn *ret_insn)
{
	struct decoder d = { .code = view_of(code, size < 15 ? size : 15) };
	struct x86_64_insn insn = { .dst = X86_64_NO_REG };
	uint8_t opcode;
	bool known;

	if (!read_prefixes(&d, &opcode))
		return false;
	insn.wide = is_wide(&d);
	known = opcode == 0x0f ? two_bytes(&d, &insn) : one_byte(&d, &insn, opcode);
	if (!known || d.code.bad)
		return false;
	insn.size = (uint8_t)d.code.pos;
	*ret_insn = insn;
	return true;
}
