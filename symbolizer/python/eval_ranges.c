// SPDX-License-Identifier: Apache-2.0
/*
 * A part without name has an FDE of its own, and jumps lead there from the others. To find those
 * without decoding 80 KB of code every byte is taken for the start of one; chance hits are told
 * from jumps by what is true of every jump inside a function: the frame is laid out in the same
 * way at both ends. And code in a function's middle has rules that no function starts with.
 */
#include "symbolizer/python/eval_ranges.h"

#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "common/radix_sort.h"

#define MAX_FUNCTIONS (1U << 20)
#define MAX_RULES (1U << 20)
#define MAX_PART (4UL << 20)
#define MAX_LOOKS 8

struct function {
	uint64_t start; /* first: they are sorted by it */
	uint64_t size;
	uint32_t fde_off;
	uint32_t looks; /* so often its rules were read: a file may jump there from everywhere */
};

struct rule {
	uint64_t elf_vaddr;
	struct unwind_info info;
};

struct rules {
	struct rule *rows; /* owned */
	uint32_t cnt;
	uint32_t room;
};

struct finder {
	struct elf_image *image;
	struct eh_frame frame;
	struct function *functions; /* owned, sorted */
	uint32_t cnt;
	uint32_t room;
	struct python_range *ranges; /* borrowed */
	uint32_t range_cnt;
	uint32_t max;
};

/* Room for one more of what has that size; NULL: not to be had. */
static void *grown(void *rows, uint32_t cnt, uint32_t *room, uint32_t max, size_t size)
{
	uint32_t more = *room ? *room * 2 : 1024;
	void *moved;

	if (cnt < *room)
		return rows;
	moved = cnt < max ? realloc(rows, more * size) : NULL;
	if (moved)
		*room = more;
	return moved;
}

static int take_function(void *ctx, uint64_t start, uint64_t size, uint32_t off)
{
	struct finder *f = ctx;
	struct function *more = grown(f->functions, f->cnt, &f->room, MAX_FUNCTIONS, sizeof(*more));

	if (!more)
		return 1;
	f->functions = more;
	f->functions[f->cnt++] = (struct function){ start, size, off, 0 };
	return 0;
}

static struct function *function_at(const struct finder *f, uint64_t elf_vaddr)
{
	uint32_t low = 0, high = f->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (f->functions[mid].start <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || elf_vaddr - f->functions[low - 1].start >= f->functions[low - 1].size)
		return NULL;
	return &f->functions[low - 1];
}

static void take_rule(void *ctx, uint64_t elf_vaddr, struct unwind_info info)
{
	struct rules *rules = ctx;
	struct rule *more = grown(rules->rows, rules->cnt, &rules->room, MAX_RULES, sizeof(*more));

	if (!more)
		return;
	rules->rows = more;
	rules->rows[rules->cnt++] = (struct rule){ elf_vaddr, info };
}

static struct rules rules_of(struct finder *f, const struct function *function)
{
	struct rules rules = { 0 };

	eh_frame_rules(&f->frame, function->fde_off, false, take_rule, &rules);
	return rules;
}

/* Rules come in rising order. */
static const struct unwind_info *rule_at(const struct rules *rules, uint64_t elf_vaddr)
{
	uint32_t low = 0, high = rules->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (rules->rows[mid].elf_vaddr <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &rules->rows[low - 1].info : NULL;
}

static bool is_entry(const struct unwind_info *info)
{
	return info->kind == UNWIND_SP && info->cfa_off == 8;
}

static bool is_same(const struct unwind_info *a, const struct unwind_info *b)
{
	return a->kind == b->kind && a->cfa_off == b->cfa_off && a->fp_rule == b->fp_rule &&
	       a->fp_word == b->fp_word;
}

/* Whether a jump at a place with that rule stays in its function when it goes to target. */
static bool is_part(struct finder *f, const struct unwind_info *from, struct function *function,
		    uint64_t target)
{
	struct rules rules = { 0 };
	const struct unwind_info *to;
	bool part;

	if (function->looks++ < MAX_LOOKS)
		rules = rules_of(f, function);
	to = rule_at(&rules, target);
	part = from && to && !is_entry(&rules.rows[0].info) && is_same(from, to);
	free(rules.rows);
	return part && !elf_image__is_symbol(f->image, function->start);
}

static bool is_known(const struct finder *f, uint64_t elf_vaddr)
{
	for (uint32_t i = 0; i < f->range_cnt; i++)
		if (elf_vaddr - f->ranges[i].rel < f->ranges[i].size)
			return true;
	return false;
}

/* Where a jump of four bytes' distance at code[i] leads: jcc, jmp. 0: no such. */
static uint64_t jump_target(const struct view *code, size_t i, uint64_t elf_vaddr)
{
	size_t size = code->data[i] == 0xe9 ? 5 : 6;
	int32_t rel;

	if (code->data[i] != 0xe9 &&
	    (code->data[i] != 0x0f || i + 1 == code->size || (code->data[i + 1] & 0xf0) != 0x80))
		return 0;
	if (i + size > code->size)
		return 0;
	memcpy(&rel, code->data + i + size - 4, 4);
	return elf_vaddr + i + size + (uint64_t)(int64_t)rel;
}

static void sweep(struct finder *f, const struct python_range *part, const struct rules *rules)
{
	struct view code;

	if (elf_image__bytes(f->image, part->rel, &code))
		return;
	if (part->size < code.size)
		code.size = part->size;
	for (size_t i = 0; i < code.size && i < MAX_PART && f->range_cnt < f->max; i++) {
		uint64_t target = jump_target(&code, i, part->rel);
		struct function *function;

		if (!target || is_known(f, target))
			continue;
		function = function_at(f, target);
		if (function && is_part(f, rule_at(rules, part->rel + i), function, target))
			f->ranges[f->range_cnt++] = (struct python_range){ function->start,
									   function->size };
	}
}

uint32_t eval_ranges__find(struct elf_image *image, uint64_t start, uint64_t size,
			   struct python_range *ret_ranges, uint32_t max)
{
	struct finder f = { .image = image, .ranges = ret_ranges, .range_cnt = 1, .max = max };
	uint32_t bad;

	ret_ranges[0] = (struct python_range){ start, size };
	f.frame = elf_image__eh_frame(image);
	if (elf_file__machine(elf_image__file(image)) == EM_X86_64 &&
	    !eh_frame_each(&f.frame, take_function, &f, &bad) &&
	    !radix_sort(f.functions, f.cnt, sizeof(*f.functions))) {
		for (uint32_t i = 0; i < f.range_cnt; i++) {
			struct python_range part = ret_ranges[i];
			const struct function *function = function_at(&f, part.rel);
			struct rules rules = { 0 };

			if (function)
				rules = rules_of(&f, function);
			sweep(&f, &part, &rules);
			free(rules.rows);
		}
	}
	free(f.functions);
	return f.range_cnt;
}
