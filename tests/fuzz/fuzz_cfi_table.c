// SPDX-License-Identifier: Apache-2.0
/* Whole ELF files: their .eh_frame and Go's function table, turned into rows. */
#include <assert.h>
#include <stdlib.h>

#include "symbolizer/native/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the kernel side relies on. */
static void check_page(const struct cfi_table *table, const struct unwind_page *page)
{
	uint32_t last = 0;

	assert(page->row_cnt <= UNWIND_VALUE_ROWS);
	assert(!page->row_cnt || page->first_row <= table->row_cnt - page->row_cnt);
	for (uint32_t i = 0; i < page->row_cnt; i++) {
		uint32_t row = table->rows[page->first_row + i];

		assert(unwind_row_info(row) < table->info_cnt);
		assert(i ? unwind_row_pc(row) > last : unwind_row_pc(row) == 0);
		last = unwind_row_pc(row);
	}
}

static void try_table(struct elf_file *file)
{
	scope_free(cfi_table) struct cfi_table *table = NULL;

	if (cfi_table__load(file, &table))
		return;
	for (uint32_t i = 0; i < table->page_cnt; i++)
		check_page(table, &table->pages[i]);
	for (uint32_t i = 0; i < table->info_cnt; i++)
		assert(table->infos[i].kind <= UNWIND_SIGRET);
}

static void try_ranges(struct elf_file *file)
{
	struct cfi_range *ranges;
	size_t cnt;

	if (cfi_ranges__load(file, &ranges, &cnt))
		return;
	for (size_t i = 1; i < cnt; i++)
		assert(ranges[i - 1].elf_vaddr <= ranges[i].elf_vaddr);
	free(ranges);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(elf_file) struct elf_file *file = NULL;

	if (elf_file__open_memory(data, size, &file))
		return 0;
	try_table(file);
	try_ranges(file);
	return 0;
}
