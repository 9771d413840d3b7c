// SPDX-License-Identifier: Apache-2.0
#include "collector/walk/walker.h"

#include <string.h>

/* The walker's functions take no context: this is the walk that the thread is in. */
static _Thread_local const struct walk_seam *seam;
static _Thread_local void *seam_ctx;
static _Thread_local uint64_t thread_base; /* 0: not known */

static int seam_read_user(void *to, __u32 size, __u64 vaddr)
{
	return seam->read(seam_ctx, to, size, vaddr);
}

static __u64 seam_window(__u64 vaddr)
{
	return seam->window(seam_ctx, vaddr);
}

static const struct unwind_mapping *seam_mapping(__u32 idx)
{
	return seam->mapping(seam_ctx, idx);
}

static const struct unwind_page *seam_page(__u32 idx)
{
	return seam->page(seam_ctx, idx);
}

static const __u32 *seam_rows(__u32 pos)
{
	return seam->rows(seam_ctx, pos);
}

static const struct unwind_info *seam_info(__u32 idx)
{
	return seam->info(seam_ctx, idx);
}

static int seam_fs_base(__u64 *ret_fs_base)
{
	*ret_fs_base = thread_base;
	return 0;
}

/* behind their seam */
#include "bpf/python/python_gil.h"
#include "bpf/python/python_step.h"
#include "bpf/unwind/native_step.h"

struct walker {
	struct native_walk walk;
	struct native_frames frames;
	struct rule_cache rules; /* stays from walk to walk */
	struct python_walk python;
	__u64 words[MAX_USER_WORDS];
	__u64 python_frames[MAX_PYTHON_FRAMES];
};

struct walker *walker__new(void)
{
	return calloc(1, sizeof(struct walker));
}

void walker__free(struct walker *walker)
{
	free(walker);
}

/* As the sampler does it: bpf/sampler.bpf.c, take_user_stack(). */
static void begin(struct native_walk *walk, const struct walk_start *start)
{
	walk->ip = start->ip;
	walk->sp = start->sp;
	walk->fp = start->fp;
	memcpy(walk->regs, start->regs, sizeof(start->regs));
	walk->run = start->run;
	walk->mapping = start->run.first;
	walk->flags = WALK_F_LEAF;
	if (start->entered)
		walk->flags |= WALK_F_ENTERED;
	walk->cnt = 0;
	walk->max_depth = start->max_depth;
	walk->window.size = 0;
}

struct walked_stack walker__walk(struct walker *w, const struct walk_seam *used_seam, void *ctx,
				 const struct walk_start *start)
{
	seam = used_seam;
	seam_ctx = ctx;
	begin(&w->walk, start);
	while (!native_walk_step(&w->walk, &w->frames, &w->rules, w->words))
		;
	return (struct walked_stack){ w->words, w->frames.cfas, w->walk.cnt,
				      (enum stop_reason)w->walk.stop };
}

static inline int python_list_steps(struct python_walk *python)
{
	int found = 0;

	for (int i = 0; i < THREAD_LIST_STEPS && !found; i++)
		found = python_list_step(python);
	return found;
}

/* As the sampler does it: find_anchor(). Non-zero: the walk has ended. */
static int find_anchor(struct walker *w)
{
	while (!python_claim_step(&w->python, &w->frames))
		;
	return python_anchor_step(&w->python, w->words);
}

/* Non-zero: the walk has ended. */
static int step_python(struct walker *w)
{
	struct python_walk *python = &w->python;
	uint64_t frame = python->frame;
	uint32_t before = python->cnt;
	enum python_turn turn = python_walk_step(python, w->words);

	if (python->cnt > before)
		w->python_frames[before] = frame;
	return turn == PYTHON_TURN_END || (turn == PYTHON_TURN_ANCHOR && find_anchor(w));
}

/* Of one interpreter and, where that runs in another, of the outer one; once more without a torn leaf. */
static void walk_python_frames(struct walker *w)
{
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i <= 2 * MAX_PYTHON_FRAMES && !step_python(w); i++)
			;
		if (python_walk_outer(&w->python))
			return;
	}
}

struct walked_python walker__walk_python(struct walker *w, const struct walk_seam *used_seam,
					 void *ctx, const struct python_start *start)
{
	uint32_t first = start->alone ? 0 : w->walk.cnt;
	struct python_walk *python = &w->python;
	enum python_gil gil;
	bool started;

	seam = used_seam;
	seam_ctx = ctx;
	thread_base = start->fs_base;
	python->process = *start->process;
	python->native_cnt = start->alone ? PYTHON_NO_NATIVE : first;
	python->pos = first;
	python->room = MAX_USER_WORDS;
	python->stack_pointer = start->sp;
	started = !python_walk_start(python);
	gil = python_gil(python, start->futex);
	if (started || !python_walk_outer(python))
		walk_python_frames(w);
	if (python->end == PYTHON_TORN) { /* what was found is not to be believed */
		python->pos = first;
		python->cnt = 0;
	}
	return (struct walked_python){ w->words,    python->pos, w->python_frames,
				       python->cnt, gil,	 (enum python_end)python->end };
}
