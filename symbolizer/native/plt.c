// SPDX-License-Identifier: Apache-2.0
/*
 * A slot is 16 bytes (8 in .plt.got) that jump through an entry of the GOT: "ff 25 rel32", after
 * endbr64 or bnd in newer forms. The entry's address is what a relocation names a symbol for, so the
 * operand alone tells the name, whatever the linker's order of slots.
 */
#include "symbolizer/native/plt.h"

#include <stdlib.h>
#include <string.h>

#include <elf.h>

struct got_entry {
	uint64_t elf_vaddr;
	uint32_t symbol;
	uint32_t pad;
};

struct got {
	struct got_entry *entries; /* owned */
	size_t cnt;
	size_t room;
};

static void add_relocations(struct got *got, struct elf_file *file, const struct elf_section *s)
{
	struct view v;

	if (elf_file__section_data(file, s, &v))
		return;
	while (view_left(&v) >= sizeof(Elf64_Rela)) {
		Elf64_Rela rela;
		uint32_t type;

		memcpy(&rela, view_take(&v, sizeof(rela)), sizeof(rela));
		type = (uint32_t)ELF64_R_TYPE(rela.r_info);
		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
			continue;
		if (got->cnt == got->room) {
			size_t room = got->room ? got->room * 2 : 256;
			struct got_entry *more = realloc(got->entries, room * sizeof(*more));

			if (!more)
				return;
			got->entries = more;
			got->room = room;
		}
		got->entries[got->cnt++] =
			(struct got_entry){ rela.r_offset, (uint32_t)ELF64_R_SYM(rela.r_info), 0 };
	}
}

static int compare_entries(const void *a, const void *b)
{
	const struct got_entry *x = a, *y = b;

	return x->elf_vaddr < y->elf_vaddr ? -1 : x->elf_vaddr > y->elf_vaddr;
}

static const char *symbol_text(const struct view *symbols, const struct view *names, uint32_t idx)
{
	struct view sym = view_sub(symbols, idx * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
	struct view name = *names;
	const char *text;

	view_seek(&name, view_u32(&sym));
	text = view_cstr(&name);
	return sym.bad || !text || !*text ? NULL : text;
}

/* The GOT entry that a slot jumps through; 0: no such jump. */
static uint64_t jump_target(struct view slot, uint64_t elf_vaddr)
{
	for (size_t at = 0; at + 6 <= slot.size; at++) {
		int32_t rel;

		if (slot.data[at] != 0xff || slot.data[at + 1] != 0x25)
			continue;
		memcpy(&rel, slot.data + at + 2, sizeof(rel));
		return elf_vaddr + at + 6 + (uint64_t)(int64_t)rel;
	}
	return 0;
}

void plt_for_each(struct elf_file *file,
		  void (*fn)(void *ctx, uint64_t elf_vaddr, uint64_t size, const char *name),
		  void *ctx)
{
	static const char *const plts[] = { ".plt", ".plt.sec", ".plt.got" };
	const struct elf_section *dynsym = elf_file__section(file, ".dynsym");
	const struct elf_section *sections, *s;
	struct view symbols, names, code;
	struct got got = { 0 };
	size_t cnt;

	sections = elf_file__sections(file, &cnt);
	if (elf_file__machine(file) != EM_X86_64 || !dynsym || dynsym->link >= cnt ||
	    elf_file__section_data(file, dynsym, &symbols) ||
	    elf_file__section_data(file, &sections[dynsym->link], &names))
		return;
	for (size_t i = 1; i < cnt; i++)
		if (!strcmp(sections[i].name, ".rela.plt") ||
		    !strcmp(sections[i].name, ".rela.dyn"))
			add_relocations(&got, file, &sections[i]);
	if (got.cnt)
		qsort(got.entries, got.cnt, sizeof(*got.entries), compare_entries);
	for (size_t p = 0; got.cnt && p < sizeof(plts) / sizeof(*plts); p++) {
		size_t slot_sz = p == 2 ? 8 : 16;

		s = elf_file__section(file, plts[p]);
		if (!s || elf_file__section_data(file, s, &code))
			continue;
		if (p == 2 && s->entry_sz == 16)
			slot_sz = 16;
		for (size_t off = 0; off + slot_sz <= code.size; off += slot_sz) {
			struct got_entry key = { .elf_vaddr =
							 jump_target(view_sub(&code, off, slot_sz),
								     s->elf_vaddr + off) };
			const struct got_entry *e = bsearch(&key, got.entries, got.cnt, sizeof(key),
							    compare_entries);
			const char *text = e ? symbol_text(&symbols, &names, e->symbol) : NULL;

			if (text)
				fn(ctx, s->elf_vaddr + off, slot_sz, text);
		}
	}
	free(got.entries);
}
