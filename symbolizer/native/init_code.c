// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/init_code.h"

#include <elf.h>
#include <string.h>

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
static const uint8_t head[] = { 0x48, 0x83, 0xec, 0x08 }; /* sub $8,%rsp */
static const uint8_t tail[] = { 0x48, 0x83, 0xc4, 0x08, 0xc3 }; /* add $8,%rsp; ret */

static bool takes(struct view *v, const uint8_t *bytes, size_t size)
{
	struct view ahead = *v;
	const uint8_t *at = view_take(&ahead, size);

	if (!at || memcmp(at, bytes, size))
		return false;
	*v = ahead;
	return true;
}

struct init_code init_code_of(struct elf_file *file, const char *section_name)
{
	const struct elf_section *s = elf_file__section(file, section_name);
	struct init_code code = { 0 };
	struct view v, end;

	if (!s || elf_file__machine(file) != EM_X86_64 || elf_file__section_data(file, s, &v) ||
	    v.size < sizeof(tail))
		return code;
	end = view_sub(&v, v.size - sizeof(tail), sizeof(tail));
	takes(&v, endbr64, sizeof(endbr64));
	if (!takes(&v, head, sizeof(head)) || !takes(&end, tail, sizeof(tail)))
		return code;
	code.start = s->elf_vaddr;
	code.size = v.size;
	code.body = s->elf_vaddr + v.pos;
	return code;
}

void init_code_rules(const struct init_code *code, bool with_bx, cfi_rule_fn fn, void *ctx)
{
	struct unwind_info outside = { .kind = UNWIND_SP, .cfa_off = 8 }, inside;

	if (with_bx)
		outside.bx_rule = UNWIND_BX_SAME;
	inside = outside;
	inside.cfa_off = 16;
	fn(ctx, code->start, outside);
	fn(ctx, code->body, inside);
	fn(ctx, code->start + code->size - 1, outside);
}
