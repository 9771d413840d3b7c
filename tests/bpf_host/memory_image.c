// SPDX-License-Identifier: Apache-2.0
#include "tests/bpf_host/memory_image.h"

#include <errno.h>
#include <stdio.h>

#define FIRST_ROW ((1U << UNWIND_CHUNK_SHIFT) + 1000) /* all parts of a position are used */

struct memory_image *memory_image__new(void)
{
	struct memory_image *image = calloc(1, sizeof(*image));

	if (!image)
		abort();
	image->next_row = FIRST_ROW;
	image->generation = 1;
	return image;
}

void memory_image__free(struct memory_image *image)
{
	struct memory_page *page, *next;

	if (!image)
		return;
	HASH_ITER(hh, image->memory, page, next) {
		HASH_DEL(image->memory, page);
		free(page);
	}
	free(image);
}

static struct memory_page *page_at(const struct memory_image *image, uint64_t vaddr)
{
	uint64_t key = vaddr & ~(USER_PAGE_SIZE - 1ULL);
	struct memory_page *page;

	HASH_FIND(hh, image->memory, &key, sizeof(key), page);
	return page;
}

static struct memory_page *make_page(struct memory_image *image, uint64_t vaddr)
{
	struct memory_page *page = calloc(1, sizeof(*page));

	if (!page)
		abort();
	page->vaddr = vaddr & ~(USER_PAGE_SIZE - 1ULL);
	for (size_t i = 0; i < 512; i++)
		page->words[i] = MEMORY_POISON;
	HASH_ADD(hh, image->memory, vaddr, sizeof(page->vaddr), page);
	return page;
}

void memory_image__put(struct memory_image *image, uint64_t vaddr, uint64_t word)
{
	struct memory_page *page = page_at(image, vaddr);

	if (!page)
		page = make_page(image, vaddr);
	page->words[(vaddr & (USER_PAGE_SIZE - 1)) / 8] = word;
}

/* A page's rows never cross a value. */
static uint32_t take_rows(struct memory_image *image, uint32_t cnt)
{
	uint32_t first = image->next_row;

	if ((first & (UNWIND_VALUE_ROWS - 1)) + cnt > UNWIND_VALUE_ROWS)
		first = (first | (UNWIND_VALUE_ROWS - 1)) + 1;
	image->next_row = first + cnt;
	if (image->next_row > IMAGE_VALUES * UNWIND_VALUE_ROWS)
		abort();
	return first;
}

static void add_page(struct memory_image *image, const struct cfi_table *table,
		     const struct unwind_page *page, uint32_t info_base)
{
	uint32_t first = take_rows(image, page->row_cnt);

	for (uint32_t i = 0; i < page->row_cnt; i++)
		(&image->rows[0][0])[first + i] = table->rows[page->first_row + i] + info_base;
	image->pages[image->page_cnt++] = (struct unwind_page){ first, page->row_cnt };
}

uint32_t memory_image__add_table(struct memory_image *image, const struct cfi_table *table)
{
	uint32_t page_base = image->page_cnt, info_base = image->info_cnt;

	if (page_base + table->page_cnt > IMAGE_PAGES || info_base + table->info_cnt > IMAGE_INFOS)
		abort();
	for (uint32_t i = 0; i < table->info_cnt; i++)
		image->infos[image->info_cnt++] = table->infos[i];
	for (uint32_t i = 0; i < table->page_cnt; i++)
		add_page(image, table, &table->pages[i], info_base);
	return page_base;
}

void memory_image__add_mapping(struct memory_image *image, struct unwind_mapping mapping)
{
	if (image->mapping_cnt == MAX_RUN_MAPPINGS)
		abort();
	mapping.generation = image->generation;
	image->mappings[image->mapping_cnt++] = mapping;
}

/* A read that fails leaves nothing of use behind, as in the kernel. */
static int read_memory(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	struct memory_image *image = ctx;
	uint32_t whole = size;
	uint8_t *bytes = to;

	image->reads++;
	while (size) {
		const struct memory_page *page = page_at(image, vaddr);
		uint64_t off = vaddr & (USER_PAGE_SIZE - 1);
		uint32_t part = size < USER_PAGE_SIZE - off ? size :
							      (uint32_t)(USER_PAGE_SIZE - off);

		if (!page) {
			memset(to, 0, whole);
			return -EFAULT;
		}
		memcpy(bytes, (const uint8_t *)page->words + off, part);
		bytes += part;
		vaddr += part;
		size -= part;
	}
	return 0;
}

static uint64_t window(void *ctx, uint64_t vaddr)
{
	(void)ctx;
	return USER_PAGE_SIZE - (vaddr & (USER_PAGE_SIZE - 1));
}

static const struct unwind_mapping *mapping_at(void *ctx, uint32_t idx)
{
	const struct memory_image *image = ctx;

	return idx < MAX_RUN_MAPPINGS ? &image->mappings[idx] : NULL;
}

static const struct unwind_page *unwind_page_at(void *ctx, uint32_t idx)
{
	const struct memory_image *image = ctx;

	return idx < IMAGE_PAGES ? &image->pages[idx] : NULL;
}

static const uint32_t *rows_at(void *ctx, uint32_t pos)
{
	const struct memory_image *image = ctx;
	uint32_t value = pos >> UNWIND_VALUE_SHIFT;

	return value < IMAGE_VALUES ? image->rows[value] : NULL;
}

static const struct unwind_info *info_at(void *ctx, uint32_t idx)
{
	const struct memory_image *image = ctx;

	return idx < IMAGE_INFOS ? &image->infos[idx] : NULL;
}

const struct walk_seam memory_image_seam = {
	.read = read_memory,
	.window = window,
	.mapping = mapping_at,
	.page = unwind_page_at,
	.rows = rows_at,
	.info = info_at,
};

struct walked_stack memory_image__walk(struct memory_image *image, struct walker *walker,
				       const struct walk_start *registers)
{
	struct walk_start start = *registers;

	start.run = (struct process_entry){ .cnt = image->mapping_cnt,
					    .generation = image->generation,
					    .state = PROCESS_READY };
	if (!start.max_depth)
		start.max_depth = MAX_USER_FRAMES;
	return walker__walk(walker, &memory_image_seam, image, &start);
}
