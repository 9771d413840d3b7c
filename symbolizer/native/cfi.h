// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * What is known of a file's functions (cfi_source.h) to rows (bpf/shared/unwind.h). Rows of one file, sorted; info indexes are local to the
 * file, the collector maps them to the host's shared rules.
 *
 * rows of page p (addresses rel p << 16 .. +0xffff; rel = elf_vaddr - base_vaddr) are
 * rows[pages[p].first_row .. + row_cnt). When no row starts exactly at the page, the row in force
 * is put first. Gaps between functions carry a row whose info has kind UNWIND_NONE. A page with more
 * than UNWIND_VALUE_ROWS rows has row_cnt 0 and is counted in bad_pages.
 */
#include <stdint.h>

#include "bpf/shared/unwind.h"
#include "common/cleanup.h"
#include "symbolizer/native/elf_file.h"

struct cfi_table {
	uint64_t base_vaddr;
	uint32_t *rows; /* owned; low half: index into infos */
	struct unwind_page *pages; /* owned; first_row indexes rows */
	struct unwind_info *infos; /* owned; distinct */
	uint32_t row_cnt;
	uint32_t page_cnt;
	uint32_t info_cnt;
	uint32_t fde_cnt;
	uint32_t bad_fdes; /* skipped: damaged */
	uint32_t bad_pages;
};

/* -ENODATA: nothing is known of the file. -EFBIG: addresses span 4 GB or more. */
int cfi_table__load(struct elf_file *file, struct cfi_table **ret_table);
void cfi_table__free(struct cfi_table *table);
DEFINE_FREEP(cfi_table)

/* Starts of all functions with their sizes, sorted by address: extents in stripped files. The
 * caller frees *ret_ranges. */
struct cfi_range {
	uint64_t elf_vaddr;
	uint64_t size;
};
int cfi_ranges__load(struct elf_file *file, struct cfi_range **ret_ranges, size_t *ret_cnt);
