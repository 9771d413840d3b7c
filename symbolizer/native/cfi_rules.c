// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/cfi_rules.h"

#include "common/leb128.h"

#define REG_BX 3
#define REG_FP 6
#define REG_SP 7
#define REG_RA 16
#define MAX_REMEMBERED 32

enum rule_kind { RULE_SAME, RULE_OFFSET, RULE_UNDEFINED, RULE_EXPRESSION, RULE_REG, RULE_OTHER };

struct rule {
	enum rule_kind kind;
	int64_t off; /* RULE_OFFSET: from the CFA; RULE_REG: DWARF's number */
	struct view expression;
};

struct state {
	uint64_t cfa_reg;
	int64_t cfa_off;
	struct view cfa_expression; /* size 0: register and offset */
	struct rule fp;
	struct rule bx;
	struct rule ra;
};

struct machine {
	const struct cfi_program *program;
	struct state state;
	struct state initial; /* after the CIE's instructions */
	struct state remembered[MAX_REMEMBERED];
	uint32_t remembered_cnt;
	uint64_t pc;
	cfi_rule_fn fn;
	void *ctx;
	bool bad;
};

/* DW_OP_bregN off, DW_OP_deref, and perhaps DW_OP_plus_uconst add: a value on the stack. */
static bool is_deref_of(struct view e, uint8_t reg, int32_t *ret_rule)
{
	uint64_t add = 0;
	int64_t off;

	if (view_u8(&e) != 0x70 + reg)
		return false;
	off = view_sleb(&e);
	if (view_u8(&e) != 0x06)
		return false;
	if (view_left(&e)) {
		if (view_u8(&e) != 0x23)
			return false;
		add = view_uleb(&e);
	}
	if (e.bad || view_left(&e) || off < -(1 << 23) || off >= 1 << 23 || add % 8 || add >= 2048)
		return false;
	*ret_rule = unwind_deref_rule((int32_t)off, (uint32_t)add);
	return true;
}

static bool is_breg(struct view e, uint8_t reg, int64_t *ret_off)
{
	if (view_u8(&e) != 0x70 + reg)
		return false;
	*ret_off = view_sleb(&e);
	return !e.bad && !view_left(&e);
}

/* The linker's expression for PLT slots: sp + 8 + ((ip & 15) >= N ? 8 : 0). */
static bool is_plt(struct view e, int64_t *ret_threshold)
{
	uint8_t literal;

	if (view_u8(&e) != 0x77 || view_sleb(&e) != 8 || view_u8(&e) != 0x80 || view_sleb(&e) ||
	    view_u8(&e) != 0x3f || view_u8(&e) != 0x1a)
		return false;
	literal = view_u8(&e);
	if (literal < 0x30 || literal > 0x3f || view_u8(&e) != 0x2a || view_u8(&e) != 0x33 ||
	    view_u8(&e) != 0x24 || view_u8(&e) != 0x22 || e.bad || view_left(&e))
		return false;
	*ret_threshold = literal - 0x30;
	return true;
}

static struct unwind_info unsupported(void)
{
	return (struct unwind_info){ .kind = UNWIND_UNSUPPORTED };
}

static bool expression_rule(struct view e, struct unwind_info *info)
{
	int64_t threshold;

	if (is_plt(e, &threshold)) {
		info->kind = UNWIND_PLT;
		info->cfa_off = (int32_t)threshold;
	} else if (is_deref_of(e, REG_FP, &info->cfa_off)) {
		info->kind = UNWIND_FP_DEREF;
	} else if (is_deref_of(e, REG_SP, &info->cfa_off)) {
		info->kind = UNWIND_SP_DEREF;
	} else {
		return false;
	}
	return true;
}

/* By DWARF's numbers; fp and sp have kinds of their own. */
static uint8_t unwind_reg(uint64_t reg)
{
	static const uint8_t regs[] = {
		UNWIND_AX,     UNWIND_DX,     UNWIND_CX,  UNWIND_BX,  UNWIND_SI,  UNWIND_DI,
		UNWIND_NO_REG, UNWIND_NO_REG, UNWIND_R8,  UNWIND_R9,  UNWIND_R10, UNWIND_R11,
		UNWIND_R12,    UNWIND_R13,    UNWIND_R14, UNWIND_R15,
	};

	return reg < sizeof(regs) ? regs[reg] : UNWIND_NO_REG;
}

static bool cfa_rule(const struct state *s, struct unwind_info *info)
{
	uint8_t reg = unwind_reg(s->cfa_reg);

	if (s->cfa_expression.size)
		return expression_rule(s->cfa_expression, info);
	if (s->cfa_off < -(1 << 27) || s->cfa_off >= 1 << 27)
		return false;
	info->cfa_off = (int32_t)s->cfa_off;
	if (s->cfa_reg == REG_SP) {
		info->kind = UNWIND_SP;
	} else if (s->cfa_reg == REG_FP) {
		info->kind = UNWIND_FP;
	} else if (reg != UNWIND_NO_REG) {
		info->kind = UNWIND_REG;
		info->cfa_off = unwind_reg_rule(reg, info->cfa_off);
	} else {
		return false;
	}
	return true;
}

static void fp_rule(const struct state *s, struct unwind_info *info)
{
	int64_t off = s->fp.off;

	switch (s->fp.kind) {
	case RULE_SAME:
		return;
	case RULE_OFFSET:
		info->fp_rule = UNWIND_FP_AT_CFA;
		break;
	case RULE_EXPRESSION:
		if (is_breg(s->fp.expression, REG_FP, &off)) {
			info->fp_rule = UNWIND_FP_AT_FP;
			break;
		}
		/* fallthrough */
	default:
		info->fp_rule = UNWIND_FP_OTHER;
		return;
	}
	if (off % 8 || off / 8 < INT8_MIN || off / 8 > INT8_MAX)
		info->fp_rule = UNWIND_FP_OTHER;
	else
		info->fp_word = (int8_t)(off / 8);
}

static uint8_t bx_rule(const struct rule *bx)
{
	if (bx->kind == RULE_SAME)
		return UNWIND_BX_SAME;
	if (bx->kind != RULE_OFFSET || bx->off % 8 || bx->off > -8 * UNWIND_BX_AT_CFA ||
	    bx->off < -8 * UINT8_MAX)
		return UNWIND_BX_UNKNOWN;
	return (uint8_t)(bx->off / -8);
}

/* The return address. fp is the caller's: the end of a throw says otherwise, but has restored it. */
static bool in_register(const struct state *s, struct unwind_info *info)
{
	uint8_t reg = unwind_reg((uint64_t)s->ra.off);

	if (reg == UNWIND_NO_REG || info->kind != UNWIND_SP ||
	    (s->fp.kind != RULE_SAME && reg != UNWIND_CX))
		return false;
	info->kind = UNWIND_RA_REG;
	info->cfa_off = unwind_reg_rule(reg, info->cfa_off);
	return true;
}

static struct unwind_info info_of(const struct machine *m)
{
	const struct state *s = &m->state;
	struct unwind_info info = { 0 };

	if (m->bad)
		return unsupported();
	if (m->program->signal)
		return (struct unwind_info){ .kind = UNWIND_SIGRET };
	if (s->ra.kind == RULE_UNDEFINED)
		return (struct unwind_info){ .kind = UNWIND_END };
	if (!cfa_rule(s, &info))
		return unsupported();
	if (s->ra.kind == RULE_REG)
		return in_register(s, &info) ? info : unsupported();
	if (s->ra.kind != RULE_OFFSET || s->ra.off != -8)
		return unsupported();
	fp_rule(s, &info);
	if (m->program->with_bx)
		info.bx_rule = bx_rule(&s->bx);
	return info;
}

static void advance(struct machine *m, uint64_t delta)
{
	uint64_t step;

	m->fn(m->ctx, m->pc, info_of(m));
	if (__builtin_mul_overflow(delta, m->program->code_align, &step) ||
	    __builtin_add_overflow(m->pc, step, &m->pc))
		m->pc = m->program->end;
}

/* Hostile factors may overflow: they wrap, and the rule is as wrong as its file. */
static int64_t scaled(const struct machine *m, int64_t factored)
{
	return (int64_t)((uint64_t)factored * (uint64_t)m->program->data_align);
}

static void set_rule(struct machine *m, uint64_t reg, struct rule rule)
{
	if (reg == REG_FP)
		m->state.fp = rule;
	else if (reg == REG_BX)
		m->state.bx = rule;
	else if (reg == REG_RA)
		m->state.ra = rule;
}

static void restore_rule(struct machine *m, uint64_t reg)
{
	const struct state *initial = &m->initial;

	set_rule(m, reg, reg == REG_FP ? initial->fp : reg == REG_BX ? initial->bx : initial->ra);
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t off)
{
	m->state.cfa_reg = reg;
	m->state.cfa_off = off;
	m->state.cfa_expression = (struct view){ 0 };
}

static struct rule at_offset(const struct machine *m, int64_t factored)
{
	return (struct rule){ .kind = RULE_OFFSET, .off = scaled(m, factored) };
}

static void remember(struct machine *m)
{
	if (m->remembered_cnt == MAX_REMEMBERED)
		m->bad = true;
	else
		m->remembered[m->remembered_cnt++] = m->state;
}

static void recall(struct machine *m)
{
	if (!m->remembered_cnt)
		m->bad = true;
	else
		m->state = m->remembered[--m->remembered_cnt];
}

/* Opcodes whose upper two bits are 0: DWARF 5, table 7.29. */
static void step_extended(struct machine *m, struct view *v, uint8_t op)
{
	uint64_t reg;

	switch (op) {
	case 0x00: /* nop */
		break;
	case 0x01: /* set_loc: .eh_frame writes advances instead */
		m->bad = true;
		break;
	case 0x02:
		advance(m, view_u8(v));
		break;
	case 0x03:
		advance(m, view_u16(v));
		break;
	case 0x04:
		advance(m, view_u32(v));
		break;
	case 0x05: /* offset_extended */
		reg = view_uleb(v);
		set_rule(m, reg, at_offset(m, (int64_t)view_uleb(v)));
		break;
	case 0x06: /* restore_extended */
		restore_rule(m, view_uleb(v));
		break;
	case 0x07: /* undefined */
		set_rule(m, view_uleb(v), (struct rule){ .kind = RULE_UNDEFINED });
		break;
	case 0x08: /* same_value */
		set_rule(m, view_uleb(v), (struct rule){ .kind = RULE_SAME });
		break;
	case 0x09: /* register */
		reg = view_uleb(v);
		set_rule(m, reg, (struct rule){ .kind = RULE_REG, .off = (int64_t)view_uleb(v) });
		break;
	case 0x0a:
		remember(m);
		break;
	case 0x0b:
		recall(m);
		break;
	case 0x0c: /* def_cfa */
		reg = view_uleb(v);
		set_cfa(m, reg, (int64_t)view_uleb(v));
		break;
	case 0x0d: /* def_cfa_register */
		set_cfa(m, view_uleb(v), m->state.cfa_off);
		break;
	case 0x0e: /* def_cfa_offset */
		m->state.cfa_off = (int64_t)view_uleb(v);
		break;
	case 0x0f: /* def_cfa_expression */
		m->state.cfa_expression = view_cut(v, view_uleb(v));
		break;
	case 0x10: /* expression */
		reg = view_uleb(v);
		set_rule(m, reg,
			 (struct rule){ .kind = RULE_EXPRESSION,
					.expression = view_cut(v, view_uleb(v)) });
		break;
	case 0x11: /* offset_extended_sf */
		reg = view_uleb(v);
		set_rule(m, reg, at_offset(m, view_sleb(v)));
		break;
	case 0x12: /* def_cfa_sf */
		reg = view_uleb(v);
		set_cfa(m, reg, scaled(m, view_sleb(v)));
		break;
	case 0x13: /* def_cfa_offset_sf */
		m->state.cfa_off = scaled(m, view_sleb(v));
		break;
	case 0x14: /* val_offset */
		reg = view_uleb(v);
		view_uleb(v);
		set_rule(m, reg, (struct rule){ .kind = RULE_OTHER });
		break;
	case 0x15: /* val_offset_sf */
		reg = view_uleb(v);
		view_sleb(v);
		set_rule(m, reg, (struct rule){ .kind = RULE_OTHER });
		break;
	case 0x16: /* val_expression */
		reg = view_uleb(v);
		view_cut(v, view_uleb(v));
		set_rule(m, reg, (struct rule){ .kind = RULE_OTHER });
		break;
	case 0x2e: /* GNU_args_size */
		view_uleb(v);
		break;
	case 0x2f: /* GNU_negative_offset_extended */
		reg = view_uleb(v);
		set_rule(m, reg, at_offset(m, (int64_t)-view_uleb(v)));
		break;
	default:
		m->bad = true;
	}
}

static void run(struct machine *m, struct view v)
{
	while (view_left(&v) && !m->bad && m->pc < m->program->end) {
		uint8_t op = view_u8(&v), low = op & 0x3f;

		switch (op & 0xc0) {
		case 0x40:
			advance(m, low);
			break;
		case 0x80:
			set_rule(m, low, at_offset(m, (int64_t)view_uleb(&v)));
			break;
		case 0xc0:
			restore_rule(m, low);
			break;
		default:
			step_extended(m, &v, op);
		}
		m->bad = m->bad || v.bad;
	}
}

void cfi_program_run(const struct cfi_program *program, cfi_rule_fn fn, void *ctx)
{
	struct machine m = { .program = program, .pc = program->start, .fn = fn, .ctx = ctx };

	run(&m, program->first);
	m.initial = m.state;
	run(&m, program->code);
	if (m.pc < program->end)
		fn(ctx, m.pc, info_of(&m));
}
