// SPDX-License-Identifier: Apache-2.0
/*
 * A process made of arbitrary bytes: registers, run of mappings, pages, rows, rules and memory. Whatever
 * they are, a walk ends within max_depth frames and asks for nothing outside; and where the run is in
 * order, as the collector makes it, the walk comes to the same end when it has the rules of the first
 * time kept.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/walk/walker.h"
#include "common/view.h"

#define CODE 0x400000ULL
#define STACK 0x7000ULL
#define MAPPINGS 8
#define PAGES 8
#define INFOS 16
#define ROWS 64 /* given by the input, wherever their value lies */
#define WORDS 1024
#define READS_PER_FRAME 4

struct world {
	struct unwind_mapping mappings[MAPPINGS];
	struct unwind_page pages[PAGES];
	struct unwind_info infos[INFOS];
	uint64_t words[WORDS];
	uint64_t word_cnt;
	uint32_t reads;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A map value: rows behind those of the input stay 0. */
static uint32_t rows[UNWIND_VALUE_ROWS];

/* Most words are to mean something: an address of code, of the stack, or anything. */
static uint64_t take_word(struct view *v)
{
	uint64_t word = view_u64(v), offset = word & 0xffff;

	switch (word >> 62) {
	case 0:
		return CODE + offset;
	case 1:
		return STACK + (offset & 0x1ff8);
	case 2:
		return STACK + offset;
	default:
		return word << 2;
	}
}

static void take(struct view *v, void *to, size_t size)
{
	const uint8_t *from = view_take(v, size);

	if (from)
		memcpy(to, from, size);
}

static void take_mapping(struct view *v, uint64_t start, struct unwind_mapping *m)
{
	m->start = start + view_u8(v);
	m->end = m->start + view_u16(v);
	m->bias = view_u8(v) & 7 ? CODE : take_word(v);
	m->page_base = view_u8(v) & (PAGES + 7);
	m->page_cnt = view_u8(v);
	m->generation = 1 + !(view_u8(v) & 15);
	m->flags = view_u8(v) & 15 ? 0 : view_u8(v);
}

static int compare_rows(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void take_tables(struct view *v, struct world *w, bool in_order)
{
	take(v, w->pages, sizeof(w->pages));
	for (int i = 0; i < PAGES; i++) {
		w->pages[i].first_row &= ~(0xf00U << 20 |
					   0x3fc0); /* in a value: one of the first */
		if (w->pages[i].row_cnt >> 30 != 3)
			w->pages[i].row_cnt %= ROWS;
	}
	take(v, w->infos, sizeof(w->infos));
	for (int i = 0; i < INFOS; i++) {
		w->infos[i].kind %= 17;
		w->infos[i].fp_rule %= 5;
		if (i % 2)
			w->infos[i].cfa_off %= 64;
	}
	take(v, rows, ROWS * sizeof(*rows));
	for (int i = 0; i < ROWS; i++)
		rows[i] &= ~0xffe0U;
	if (in_order)
		qsort(rows, ROWS, sizeof(*rows), compare_rows);
}

static struct walk_start take_start(struct view *v)
{
	struct walk_start start = { .max_depth = view_u8(v), .entered = view_u8(v) & 1 };

	start.run = (struct process_entry){ view_u8(v) & 15, view_u8(v) & 15, 1, PROCESS_READY };
	start.ip = take_word(v);
	start.sp = take_word(v);
	start.fp = take_word(v);
	for (int i = 0; i < UNWIND_REG_CNT; i++)
		start.regs[i] = take_word(v);
	return start;
}

static void check(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_walk: %s\n", what);
	__builtin_trap();
}

static uint64_t window(void *ctx, uint64_t vaddr)
{
	(void)ctx;
	return USER_PAGE_SIZE - (vaddr & (USER_PAGE_SIZE - 1));
}

/* Code that has no rows is asked for: what -X perf writes, its parts, and something else. */
static int read_code(void *to, uint64_t vaddr)
{
	static const uint64_t code[][2] = {
		{ 0x08ec8348fa1e0ff3, 0xc308c48348d1ff },
		{ 0x8348d1ff08ec8348, 0xc308c4 },
		{ 0xc338c48348d1ff, 0 },
		{ 0xc338c48348, 0 },
		{ 0xc3, 0 },
		{ 0x8348d1ff08ec8348, 0xc388c4 },
		{ 0, 0 },
	};

	memcpy(to, code[vaddr % (sizeof(code) / sizeof(*code))], sizeof(*code));
	return 0;
}

static int read_memory(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	struct world *w = ctx;
	uint64_t off = vaddr - STACK;

	w->reads++;
	if (size == 16 && vaddr - CODE < MAPPINGS * 0x10100)
		return read_code(to, vaddr);
	check(size && size <= 512 && size % 8 == 0, "size of a read");
	check(vaddr >= USER_PAGE_SIZE && vaddr < (1ULL << 56) + 512 && vaddr % 8 == 0,
	      "address of a read");
	check(size <= window(w, vaddr) || size <= 8 * UNWIND_REG_CNT, "a window over two pages");
	if (vaddr < STACK || off > w->word_cnt * 8 || size > w->word_cnt * 8 - off)
		return -1;
	memcpy(to, (const uint8_t *)w->words + off, size);
	return 0;
}

static const struct unwind_mapping *mapping_at(void *ctx, uint32_t idx)
{
	return idx < MAPPINGS ? &((struct world *)ctx)->mappings[idx] : NULL;
}

static const struct unwind_page *page_at(void *ctx, uint32_t idx)
{
	return idx < PAGES ? &((struct world *)ctx)->pages[idx] : NULL;
}

static const uint32_t *rows_at(void *ctx, uint32_t pos)
{
	(void)ctx;
	return pos >> UNWIND_VALUE_SHIFT < 62 ? rows : NULL;
}

static const struct unwind_info *info_at(void *ctx, uint32_t idx)
{
	return idx < INFOS ? &((struct world *)ctx)->infos[idx] : NULL;
}

static struct walked_stack walk(struct walker *walker, struct world *w,
				const struct walk_start *start)
{
	static const struct walk_seam seam = { read_memory, window,  mapping_at,
					       page_at,	    rows_at, info_at };
	struct walked_stack stack;

	w->reads = 0;
	stack = walker__walk(walker, &seam, w, start);
	check(stack.cnt <= start->max_depth, "more frames than max_depth");
	check(w->reads <= READS_PER_FRAME * (start->max_depth + 1), "too many reads");
	check(stack.stop < STOP_CNT, "reason");
	for (uint32_t i = 0; i < stack.cnt; i++)
		check(frame_kind(stack.words[i]) == FRAME_NATIVE &&
			      !(frame_flags(stack.words[i]) & ~FRAME_F_RETURN),
		      "frame word");
	return stack;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);
	struct world w = { .word_cnt = 0 };
	struct walk_start start = take_start(&v);
	scope_free(walker) struct walker *walker = walker__new();
	struct walked_stack cold, warm;
	uint64_t words[256];
	bool in_order;

	if (!walker)
		return 0;
	memset(rows, 0, ROWS * sizeof(*rows));
	in_order = view_u8(&v) & 1;
	for (int i = 0; i < MAPPINGS; i++)
		take_mapping(&v, in_order && i ? w.mappings[i - 1].end : CODE, &w.mappings[i]);
	take_tables(&v, &w, in_order);
	while (view_left(&v) >= 8 && w.word_cnt < WORDS)
		w.words[w.word_cnt++] = take_word(&v);

	cold = walk(walker, &w, &start);
	memcpy(words, cold.words, cold.cnt * sizeof(*words));
	warm = walk(walker, &w, &start);
	check(!in_order || (warm.stop == cold.stop && warm.cnt == cold.cnt &&
			    !memcmp(words, warm.words, cold.cnt * sizeof(*words))),
	      "kept rules change the stack");
	return 0;
}
