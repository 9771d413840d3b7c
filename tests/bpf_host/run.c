// SPDX-License-Identifier: Apache-2.0
/*
 * Walks recorded stacks (cases/, format in case_file.h) and compares them with what their oracle made
 * of them: run FOLDER. Each is walked twice over a memory image, with the walker's kept rules cold and
 * warm, and once over a copy of the piece of stack that begins at the stack pointer, as the collector
 * walks the first samples of a process: the frames until the copy ends are the same ones.
 */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/walk/stack_copy.h"
#include "tests/bpf_host/case_file.h"
#include "tests/bpf_host/memory_image.h"

static struct memory_image *image_of(const struct case_file *file)
{
	struct memory_image *image = memory_image__new();
	uint32_t page_bases[CASE_TABLES];

	for (uint32_t i = 0; i < file->table_cnt; i++)
		page_bases[i] = memory_image__add_table(image, &file->tables[i].cfi);
	for (uint32_t i = 0; i < file->mapping_cnt; i++) {
		struct unwind_mapping m = file->mappings[i].mapping;
		const struct case_table *table = file->mappings[i].table;

		m.page_base = table ? page_bases[table - file->tables] : 0;
		m.page_cnt = table ? table->cfi.page_cnt : 0;
		memory_image__add_mapping(image, m);
	}
	for (uint32_t i = 0; i < file->word_cnt; i++)
		memory_image__put(image, file->words[i].vaddr, file->words[i].word);
	return image;
}

static void print_frame(const char *who, uint64_t word)
{
	fprintf(stderr, "  %s %" PRIx64 " %s\n", who, (uint64_t)frame_payload(word),
		frame_flags(word) & FRAME_F_RETURN ? "return" : "exact");
}

/* Says where two stacks part. */
static bool same(const struct case_file *file, const char *walk, const struct walked_stack *stack)
{
	uint32_t at = 0;

	while (at < stack->cnt && at < file->frame_cnt && stack->words[at] == file->frames[at])
		at++;
	if (at == stack->cnt && at == file->frame_cnt && stack->stop == file->stop)
		return true;
	fprintf(stderr, "%s, %s: %u frames, then %s; the oracle has %u, then %s\n", file->path,
		walk, stack->cnt, stop_name(stack->stop), file->frame_cnt, stop_name(file->stop));
	fprintf(stderr, "  the first %u frames are the same\n", at);
	if (at < stack->cnt)
		print_frame("walker", stack->words[at]);
	if (at < file->frame_cnt)
		print_frame("oracle", file->frames[at]);
	return false;
}

struct copied {
	struct stack_copy stack;
	struct memory_image *image;
};

static int read_copy(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	return stack_copy__read(&((struct copied *)ctx)->stack, to, size, vaddr);
}

static uint64_t copy_window(void *ctx, uint64_t vaddr)
{
	return stack_copy__window(&((struct copied *)ctx)->stack, vaddr);
}

static const struct unwind_mapping *mapping_at(void *ctx, uint32_t idx)
{
	return memory_image_seam.mapping(((struct copied *)ctx)->image, idx);
}

static const struct unwind_page *page_at(void *ctx, uint32_t idx)
{
	return memory_image_seam.page(((struct copied *)ctx)->image, idx);
}

static const uint32_t *rows_at(void *ctx, uint32_t pos)
{
	return memory_image_seam.rows(((struct copied *)ctx)->image, pos);
}

static const struct unwind_info *info_at(void *ctx, uint32_t idx)
{
	return memory_image_seam.info(((struct copied *)ctx)->image, idx);
}

/* The words from the stack pointer on, as far as they are in one piece. */
static uint32_t copy_stack(const struct case_file *file, uint64_t *to)
{
	uint32_t i = 0, cnt = 0;

	while (i < file->word_cnt && file->words[i].vaddr != file->registers.sp)
		i++;
	for (; i < file->word_cnt && file->words[i].vaddr == file->registers.sp + 8ULL * cnt; i++)
		to[cnt++] = file->words[i].word;
	return cnt;
}

static bool check_copy(const struct case_file *file, struct memory_image *image,
		       struct walker *walker)
{
	static const struct walk_seam seam = { read_copy, copy_window, mapping_at,
					       page_at,	  rows_at,     info_at };
	uint64_t words[CASE_WORDS];
	uint32_t cnt = copy_stack(file, words);
	struct copied copied = { { file->registers.sp, (const uint8_t *)words, cnt * 8, false },
				 image };
	struct walk_start start = file->registers;
	struct walked_stack stack;

	start.run = (struct process_entry){ .cnt = image->mapping_cnt, .generation = 1 };
	if (!start.max_depth)
		start.max_depth = MAX_USER_FRAMES;
	stack = walker__walk(walker, &seam, &copied, &start);
	if (cnt < file->word_cnt && stack.stop == STOP_READ_FAULT && stack.cnt &&
	    stack.cnt <= file->frame_cnt)
		return !memcmp(stack.words, file->frames, stack.cnt * sizeof(*stack.words));
	return same(file, "stack copy", &stack);
}

static bool check_image(const struct case_file *file, struct memory_image *image,
			struct walker *walker, const char *walk)
{
	struct walked_stack stack = memory_image__walk(image, walker, &file->registers);

	return same(file, walk, &stack);
}

static bool check(const char *path)
{
	scope_free(case_file) struct case_file *file = case_file__load(path);
	scope_free(walker) struct walker *walker = walker__new();
	scope_free(memory_image) struct memory_image *image = NULL;

	if (!file || !walker)
		return false;
	if (!file->oracle_named || !file->frame_cnt) {
		fprintf(stderr, "%s: no \"# oracle:\" line, or no frames\n", path);
		return false;
	}
	image = image_of(file);
	return check_image(file, image, walker, "cold") &&
	       check_image(file, image, walker, "warm") && check_copy(file, image, walker);
}

int main(int argc, char **argv)
{
	char pattern[4096];
	glob_t found;
	size_t good = 0;

	snprintf(pattern, sizeof(pattern), "%s/*.txt", argc == 2 ? argv[1] : "");
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "no cases: %s\n", pattern);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		good += check(found.gl_pathv[i]);
	printf("%zu of %zu cases\n", good, found.gl_pathc);
	good = good == found.gl_pathc;
	globfree(&found);
	return good ? 0 : 1;
}
