// SPDX-License-Identifier: Apache-2.0
/* Walks that leave the piece of stack they have: which of them would have gone on with more of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bpf/shared/event.h"
#include "collector/walk/stack_copy.h"
#include "collector/walk/walker.h"

#define CODE 0x400000ULL
#define STACK 0x7000ULL
#define WORDS 8
#define STACK_END (STACK + 8 * WORDS)
#define KERNEL 0xffff888000000000ULL

struct case_of {
	const char *name;
	struct unwind_info rule; /* of all code */
	uint64_t sp, fp;
	uint64_t words[WORDS];
	size_t size; /* 0: all words */
	enum stop_reason stop;
	uint32_t cnt;
};

#define SP(off)                                     \
	{                                           \
		.kind = UNWIND_SP, .cfa_off = (off) \
	}
#define FP(off)                                     \
	{                                           \
		.kind = UNWIND_FP, .cfa_off = (off) \
	}
#define AT_FP                           \
	{                               \
		.kind = UNWIND_FP_DEREF \
	}

static const struct case_of cases[] = {
	{ "up to the last word", SP(8), STACK_END - 8, 0, { [7] = CODE + 1 }, 0, STOP_COPY_END, 2 },
	{ "a large frame", SP(4096), STACK, 0, { 0 }, 0, STOP_COPY_END, 1 },
	{ "half a word", SP(8), STACK, 0, { CODE + 1, CODE + 1 }, 12, STOP_COPY_END, 2 },
	{ "a signal frame over the end",
	  { .kind = UNWIND_SIGRET },
	  STACK,
	  0,
	  { 0 },
	  0,
	  STOP_COPY_END,
	  1 },
	{ "a CFA behind the end", AT_FP, STACK, STACK, { STACK_END + 8 }, 0, STOP_COPY_END, 1 },
	{ "nothing was copied", SP(8), STACK, 0, { 0 }, 1, STOP_COPY_END, 1 },

	{ "a CFA in the kernel", AT_FP, STACK, STACK, { KERNEL }, 0, STOP_READ_FAULT, 1 },
	{ "a CFA that is no address of a word",
	  AT_FP,
	  STACK,
	  STACK,
	  { STACK_END + 1 },
	  0,
	  STOP_READ_FAULT,
	  1 },
	{ "fp of the kernel", FP(16), STACK, KERNEL, { 0 }, 0, STOP_READ_FAULT, 1 },
	{ "fp below the copy", AT_FP, STACK, STACK - 64, { 0 }, 0, STOP_READ_FAULT, 1 },
	{ "sp below the copy", SP(8), STACK - 64, 0, { 0 }, 0, STOP_READ_FAULT, 1 },
	{ "an end of its own", { .kind = UNWIND_END }, STACK, 0, { 0 }, 0, STOP_END, 1 },
	{ "sp that is no address of a word",
	  SP(8),
	  STACK_END - 7,
	  0,
	  { 0 },
	  0,
	  STOP_READ_FAULT,
	  1 },
};

struct world {
	struct stack_copy stack;
	struct unwind_mapping mapping;
	const struct case_of *now;
};

static int read_stack(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	return stack_copy__read(&((struct world *)ctx)->stack, to, size, vaddr);
}

static uint64_t window(void *ctx, uint64_t vaddr)
{
	return stack_copy__window(&((struct world *)ctx)->stack, vaddr);
}

static const struct unwind_mapping *mapping_at(void *ctx, uint32_t idx)
{
	return idx ? NULL : &((struct world *)ctx)->mapping;
}

static const struct unwind_page *page_at(void *ctx, uint32_t idx)
{
	static const struct unwind_page page = { .row_cnt = 1 };

	(void)ctx;
	return idx ? NULL : &page;
}

static const uint32_t *rows_at(void *ctx, uint32_t pos)
{
	static const uint32_t rows[UNWIND_VALUE_ROWS];

	(void)ctx;
	return pos ? NULL : rows;
}

static const struct unwind_info *info_at(void *ctx, uint32_t idx)
{
	return idx ? NULL : &((struct world *)ctx)->now->rule;
}

static bool as_expected(struct walker *walker, const struct case_of *c, uint32_t generation)
{
	static const struct walk_seam seam = { read_stack, window,  mapping_at,
					       page_at,	   rows_at, info_at };
	struct world w = {
		.stack = { STACK, (const uint8_t *)c->words, c->size ? c->size : sizeof(c->words) },
		.mapping = { .start = CODE,
			     .end = CODE + 4096,
			     .bias = CODE,
			     .page_cnt = 1,
			     .generation = generation },
		.now = c,
	};
	struct walk_start start = { CODE, c->sp, c->fp,
				    .run = { .cnt = 1, .generation = generation },
				    .max_depth = MAX_USER_FRAMES };
	struct walked_stack stack = walker__walk(walker, &seam, &w, &start);
	enum stop_reason stop = stack_copy__stop(&w.stack, stack.stop);

	if (stop == c->stop && stack.cnt == c->cnt)
		return true;
	print_error("%s: expected %d after %u frames, got %d after %u\n", c->name, (int)c->stop,
		    c->cnt, (int)stop, stack.cnt);
	return false;
}

static void walks_that_leave_the_copy(void **state)
{
	scope_free(walker) struct walker *walker = walker__new();
	int wrong = 0;

	(void)state;
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		wrong += !as_expected(walker, &cases[i], i + 1);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(walks_that_leave_the_copy) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
