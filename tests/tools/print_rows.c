// SPDX-License-Identifier: Apache-2.0
/* The unwind rows of an ELF file as text, for a judge: "ELF_VADDR KIND CFA_OFF FP_RULE FP_OFF BX_RULE". */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "symbolizer/native/cfi.h"

static void print_page(const struct cfi_table *t, uint32_t page)
{
	for (uint32_t i = 0; i < t->pages[page].row_cnt; i++) {
		uint32_t row = t->rows[t->pages[page].first_row + i];
		const struct unwind_info *info = &t->infos[unwind_row_info(row)];

		printf("%" PRIx64 " %u %d %u %d %u\n",
		       t->base_vaddr + ((uint64_t)page << UNWIND_PAGE_SHIFT) + unwind_row_pc(row),
		       info->kind, info->cfa_off, info->fp_rule, 8 * info->fp_word, info->bx_rule);
	}
}

int main(int argc, char **argv)
{
	scope_fd int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_free(cfi_table) struct cfi_table *table = NULL;

	if (fd < 0 || elf_file__open(fd, &file) || cfi_table__load(file, &table))
		return 1;
	for (uint32_t page = 0; page < table->page_cnt; page++)
		print_page(table, page);
	return 0;
}
