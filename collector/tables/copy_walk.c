// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/copy_walk.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/tables/tables_view.h"
#include "collector/walk/stack_copy.h"
#include "collector/walk/walker.h"
#include "common/clock.h"

struct copy_walker {
	struct tables_view tables; /* first: the seam gets it */
	struct walker *walker; /* owned */
	struct stack_copy stack; /* borrowed, during a walk */
	uint32_t max_depth;
	struct walked_record out;
	uint64_t words[MAX_USER_WORDS]; /* of out */
};

static int read_stack(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	return stack_copy__read(&((struct copy_walker *)ctx)->stack, to, size, vaddr);
}

static uint64_t window(void *ctx, uint64_t vaddr)
{
	return stack_copy__window(&((struct copy_walker *)ctx)->stack, vaddr);
}

static const struct walk_seam seam = { read_stack, window, TABLES_VIEW_SEAM };

struct copy_walker *copy_walker__new(const struct residence *residence, struct binaries *binaries,
				     uint32_t max_depth)
{
	scope_free(copy_walker) struct copy_walker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->tables = (struct tables_view){ .residence = residence, .binaries = binaries };
	w->max_depth = max_depth;
	w->walker = walker__new();
	return w->walker ? take_ptr(w) : NULL;
}

void copy_walker__free(struct copy_walker *w)
{
	if (!w)
		return;
	walker__free(w->walker);
	free(w);
}

static struct walk_start start_of(const struct copy_walker *w, const struct copy_record *rec)
{
	struct walk_start start = {
		.ip = rec->sample.user_ip,
		.sp = rec->sample.user_sp,
		.fp = rec->sample.user_fp,
		.run = tables_view__run(&w->tables),
		.max_depth = w->max_depth,
		.entered = rec->entered,
	};

	memcpy(start.regs, rec->regs, sizeof(start.regs));
	return start;
}

/* The native frame, from one on, that holds an anchor; PYTHON_NO_NATIVE: none. */
static uint32_t holder_of(const struct walked_stack *stack, uint64_t user_sp, uint64_t anchor,
			  uint32_t from)
{
	for (uint32_t i = from; i < stack->cnt; i++)
		if (python_anchor_inside(stack->cfas, user_sp, i, anchor))
			return i;
	return PYTHON_NO_NATIVE;
}

/* The Python words of the copy, with anchors that name native frames. Returns how many. */
static uint32_t add_python(struct copy_walker *w, const struct copy_record *rec,
			   const struct walked_stack *stack)
{
	const __u64 *words = copy_python_words(rec);
	uint32_t cnt = rec->sample.user_words, native = 0, size;

	if (cnt > MAX_USER_WORDS - stack->cnt)
		cnt = MAX_USER_WORDS - stack->cnt;
	for (uint32_t i = 0; i < cnt; i += size) {
		uint64_t *to = &w->words[stack->cnt + i];

		size = 1 + frame_extra_words(frame_kind(words[i]));
		if (size > cnt - i)
			return i;
		memcpy(to, words + i, size * sizeof(*to));
		if (frame_kind(words[i]) != FRAME_PYTHON_ANCHOR)
			continue;
		if (native != PYTHON_NO_NATIVE)
			native = holder_of(stack, rec->sample.user_sp, frame_payload(words[i]),
					   native);
		*to = frame_word(FRAME_PYTHON_ANCHOR, 0, native);
	}
	return cnt;
}

const struct record_header *copy_walker__walk(struct copy_walker *w, const struct held *held)
{
	const struct copy_record *rec = held->rec;
	struct walked_stack stack;
	struct walk_start start;
	uint32_t cnt;

	tables_view__choose(&w->tables, held->process);
	w->stack = (struct stack_copy){ .start = rec->stack_start,
					.bytes = copy_stack_bytes(rec),
					.size = rec->stack_size };
	start = start_of(w, rec);
	stack = walker__walk(w->walker, &seam, w, &start);
	memcpy(w->words, stack.words, stack.cnt * sizeof(*w->words));
	cnt = stack.cnt + add_python(w, rec, &stack);
	w->out = (struct walked_record){
		.h = { RECORD_WALKED, (uint32_t)(sizeof(w->out) + cnt * sizeof(*w->words)),
		       now_ns() },
		.id = held->id,
		.stop = (uint16_t)stack_copy__stop(&w->stack, stack.stop),
		.user_words = (uint16_t)cnt,
	};
	return &w->out.h;
}
