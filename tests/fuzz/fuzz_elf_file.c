// SPDX-License-Identifier: Apache-2.0
/* Whole ELF files: what is said of their sections and segments, and the names of addresses. */
#include <assert.h>
#include <stdlib.h>

#include "symbolizer/symbolizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct symbol_table *table, uint64_t elf_vaddr)
{
	struct symbol_name name = symbol_table__find(table, elf_vaddr);

	if (name.source == NAME_NONE)
		assert(!name.linkage);
	else
		assert(name.start <= elf_vaddr);
	assert(!name.size || elf_vaddr - name.start < name.size);
	assert(!name.linkage || *name.linkage);
	if (name.linkage)
		free(demangle(name.linkage));
}

static void ask_around(struct symbol_table *table, uint64_t start, uint64_t size)
{
	uint64_t step = size / 64 + 1;

	ask(table, start - 1);
	for (uint64_t off = 0; off <= size && off < size + step; off += step)
		ask(table, start + off);
}

static void walk_sections(struct elf_file *file, struct symbol_table *table)
{
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);

	for (size_t i = 0; i < cnt; i++) {
		struct view bytes;
		uint8_t sum = 0;

		assert(!i || elf_file__section(file, sections[i].name));
		if (!elf_file__section_data(file, &sections[i], &bytes))
			while (view_left(&bytes))
				sum ^= view_u8(&bytes);
		if (table)
			ask_around(table, sections[i].elf_vaddr + (sum & 1), sections[i].size);
	}
}

static void walk_segments(const struct elf_file *file)
{
	size_t cnt;
	const struct elf_segment *segments = elf_file__segments(file, &cnt);
	uint64_t elf_vaddr;

	for (size_t i = 0; i < cnt; i++)
		elf_file__vaddr_of_off(file, segments[i].file_off + 1, &elf_vaddr);
	elf_file__vaddr_of_off(file, UINT64_MAX, &elf_vaddr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(elf_file) struct elf_file *file = NULL, *debug = NULL;
	scope_free(symbol_table) struct symbol_table *table = NULL;

	if (elf_file__open_memory(data, size, &file) || elf_file__open_memory(data, size, &debug))
		return 0;
	assert(elf_file__build_id(file).size <= BUILD_ID_MAX);
	assert(elf_file__base_vaddr(file) % 4096 == 0);
	symbol_table__load(file, debug, &table);
	walk_sections(file, table);
	walk_segments(file);
	return 0;
}
