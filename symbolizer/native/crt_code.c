// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/crt_code.h"

#include <elf.h>
#include <string.h>

#define START_SIZE 64 /* longer than any; a function that follows ends it */

#define BYTES(name, ...) static const uint8_t name[] = { __VA_ARGS__ }
BYTES(endbr64, 0xf3, 0x0f, 0x1e, 0xfa);
BYTES(head, 0x48, 0x83, 0xec, 0x08); /* sub $8,%rsp */
BYTES(tail, 0x48, 0x83, 0xc4, 0x08, 0xc3); /* add $8,%rsp; ret */
BYTES(xor_ebp, 0x31, 0xed);
BYTES(xor_rbp, 0x48, 0x31, 0xed);
BYTES(sp_to_rdi, 0x48, 0x89, 0xe7);

static bool takes(struct view *v, const uint8_t *bytes, size_t size)
{
	struct view ahead = *v;
	const uint8_t *at = view_take(&ahead, size);

	if (!at || memcmp(at, bytes, size))
		return false;
	*v = ahead;
	return true;
}
#define TAKES(v, bytes) takes(v, bytes, sizeof(bytes))

struct crt_code crt_init_of(struct elf_file *file, const char *section_name)
{
	const struct elf_section *s = elf_file__section(file, section_name);
	struct crt_code code = { 0 };
	struct view v, end;

	if (!s || elf_file__machine(file) != EM_X86_64 || elf_file__section_data(file, s, &v) ||
	    v.size < sizeof(tail))
		return code;
	end = view_sub(&v, v.size - sizeof(tail), sizeof(tail));
	TAKES(&v, endbr64);
	if (!TAKES(&v, head) || !TAKES(&end, tail))
		return code;
	code.start = s->elf_vaddr;
	code.size = v.size;
	code.body = s->elf_vaddr + v.pos;
	return code;
}

static const struct elf_section *section_at(const struct elf_file *file, uint64_t elf_vaddr)
{
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);

	for (size_t i = 0; i < cnt; i++)
		if ((sections[i].flags & SHF_EXECINSTR) && elf_vaddr >= sections[i].elf_vaddr &&
		    elf_vaddr - sections[i].elf_vaddr < sections[i].size)
			return &sections[i];
	return NULL;
}

/* Old linkers gave libraries an entry point too: only what looks like one counts. */
struct crt_code crt_start_of(struct elf_file *file)
{
	uint64_t entry = elf_file__entry(file);
	const struct elf_section *s = section_at(file, entry);
	struct crt_code code = { 0 };
	struct view v;

	if (!s || elf_file__machine(file) != EM_X86_64 || elf_file__section_data(file, s, &v))
		return code;
	view_seek(&v, entry - s->elf_vaddr);
	TAKES(&v, endbr64);
	if (!TAKES(&v, xor_ebp) && !TAKES(&v, xor_rbp) && !TAKES(&v, sp_to_rdi))
		return code;
	code.start = entry;
	code.size = START_SIZE;
	return code;
}

void crt_code_rules(const struct crt_code *code, bool with_bx, cfi_rule_fn fn, void *ctx)
{
	struct unwind_info outside = { .kind = UNWIND_SP, .cfa_off = 8 }, inside;

	if (!code->body) {
		fn(ctx, code->start, (struct unwind_info){ .kind = UNWIND_END });
		return;
	}
	if (with_bx)
		outside.bx_rule = UNWIND_BX_SAME;
	inside = outside;
	inside.cfa_off = 16;
	fn(ctx, code->start, outside);
	fn(ctx, code->body, inside);
	fn(ctx, code->start + code->size - 1, outside);
}
