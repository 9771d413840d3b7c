// SPDX-License-Identifier: Apache-2.0
#include "collector/walk/walker.h"

#include <string.h>

/* The walker's functions take no context: this is the walk that the thread is in. */
static _Thread_local const struct walk_seam *seam;
static _Thread_local void *seam_ctx;

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

/* behind its seam */
#include "bpf/unwind/native_step.h"

struct walker {
	struct native_walk walk;
	struct native_frames frames;
	struct rule_cache rules; /* stays from walk to walk */
	__u64 words[MAX_USER_FRAMES];
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
