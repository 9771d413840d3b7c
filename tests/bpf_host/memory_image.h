// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * What a walk sees of a process: memory, a run of mappings, tables laid out as in
 * bpf/shared/unwind.h. The fields are open: a hostile image is made by writing into them.
 *
 * Memory is there in whole pages, as in a process. What nobody wrote in a page reads as
 * MEMORY_POISON, which is no address of anything: a walk that looks at a word that it has no business
 * with goes wrong visibly.
 */
#include <uthash.h>

#include "collector/walk/walker.h"
#include "symbolizer/native/cfi.h"

#define MEMORY_POISON 0xdbdbdbdbdbdbdbdbULL
#define IMAGE_VALUES 20 /* the last four are in the second chunk */
#define IMAGE_PAGES 256
#define IMAGE_INFOS 1024

struct memory_page {
	UT_hash_handle hh;
	uint64_t vaddr;
	uint64_t words[512];
};

struct memory_image {
	struct memory_page *memory; /* owned */
	struct unwind_mapping
		mappings[MAX_RUN_MAPPINGS]; /* those of the run; the pool is no larger */
	uint32_t mapping_cnt;
	struct unwind_page pages[IMAGE_PAGES];
	uint32_t page_cnt;
	uint32_t rows[IMAGE_VALUES][UNWIND_VALUE_ROWS];
	uint32_t next_row; /* position of the next table's rows */
	struct unwind_info infos[IMAGE_INFOS];
	uint32_t info_cnt;
	uint32_t generation;
	uint64_t reads; /* of memory */
};

struct memory_image *memory_image__new(void); /* ends the test when there is no memory */
void memory_image__free(struct memory_image *image);
DEFINE_FREEP(memory_image)

void memory_image__put(struct memory_image *image, uint64_t vaddr, uint64_t word);
/* Places a table; returns its page_base. */
uint32_t memory_image__add_table(struct memory_image *image, const struct cfi_table *table);
/* In order of addresses. The generation is filled in. */
void memory_image__add_mapping(struct memory_image *image, struct unwind_mapping mapping);

/* The seam's context is the image. */
extern const struct walk_seam memory_image_seam;

/* registers: run and max_depth (0: as large as can be) are filled in. */
struct walked_stack memory_image__walk(struct memory_image *image, struct walker *walker,
				       const struct walk_start *registers);
