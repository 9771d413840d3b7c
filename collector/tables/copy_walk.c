// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/copy_walk.h"

#include <stdlib.h>
#include <string.h>

#include "collector/tables/runs.h"
#include "common/clock.h"

/* The seam has no context: one walk at a time, in the owner's thread. */
static const struct copy_walker *walking;

static int seam_read_user(void *to, __u32 size, __u64 vaddr);
static __u64 seam_window(__u64 vaddr);
static const struct unwind_mapping *seam_mapping(__u32 idx);
static const struct unwind_page *seam_page(__u32 idx);
static const __u32 *seam_rows(__u32 pos);
static const struct unwind_info *seam_info(__u32 idx);

/* behind its seam */
#include "bpf/unwind/native_step.h"

struct copy_walker {
	const struct residence *residence; /* borrowed */
	struct binaries *binaries; /* borrowed */
	const struct copy_record *rec; /* borrowed, during a walk */
	struct unwind_mapping mappings[MAX_RUN_MAPPINGS];
	uint32_t mapping_cnt;
	uint32_t max_depth;
	uint32_t generation; /* of this walk: rules are kept for one alone */
	struct native_walk walk;
	struct native_frames frames;
	struct rule_cache rules;
	struct walked_record out;
	uint64_t words[MAX_USER_FRAMES]; /* of out */
};

static uint64_t stack_end(const struct copy_record *rec)
{
	return rec->stack_start + rec->stack_size;
}

static __u64 seam_window(__u64 vaddr)
{
	uint64_t end = stack_end(walking->rec);

	return vaddr >= walking->rec->stack_start && vaddr < end ? end - vaddr : 0;
}

static int seam_read_user(void *to, __u32 size, __u64 vaddr)
{
	if (!size || seam_window(vaddr) < size)
		return -1;
	memcpy(to, copy_stack_bytes(walking->rec) + (vaddr - walking->rec->stack_start), size);
	return 0;
}

static const struct unwind_mapping *seam_mapping(__u32 idx)
{
	return idx < walking->mapping_cnt ? &walking->mappings[idx] : NULL;
}

static const struct unwind_page *seam_page(__u32 idx)
{
	return residence__page(walking->residence, idx);
}

static const __u32 *seam_rows(__u32 pos)
{
	return residence__rows(walking->residence, pos);
}

static const struct unwind_info *seam_info(__u32 idx)
{
	return residence__info(walking->residence, idx);
}

struct copy_walker *copy_walker__new(const struct residence *residence, struct binaries *binaries,
				     uint32_t max_depth)
{
	struct copy_walker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->residence = residence;
	w->binaries = binaries;
	w->max_depth = max_depth;
	return w;
}

void copy_walker__free(struct copy_walker *w)
{
	free(w);
}

static void set_mappings(struct copy_walker *w, const struct process *p)
{
	w->generation++;
	w->mapping_cnt = p->mapping_cnt < MAX_RUN_MAPPINGS ? p->mapping_cnt : MAX_RUN_MAPPINGS;
	for (uint32_t i = 0; i < w->mapping_cnt; i++) {
		const struct proc_mapping *m = &p->mappings[i];
		const struct binary *b = binaries__canonical(
			w->binaries, binaries__at(w->binaries, m->binary));

		w->mappings[i] = run_mapping(m, b, w->generation);
	}
}

static void set_registers(struct copy_walker *w, const struct copy_record *rec)
{
	w->walk = (struct native_walk){
		.ip = rec->sample.user_ip,
		.sp = rec->sample.user_sp,
		.fp = rec->sample.user_fp,
		.r10 = rec->r10,
		.rcx = rec->rcx,
		.bx = rec->bx,
		.run = { .cnt = w->mapping_cnt, .generation = w->generation },
		.flags = WALK_F_EXACT | WALK_F_SCRATCH | WALK_F_FP | WALK_F_BX |
			 (rec->entered ? WALK_F_ENTERED : 0U),
		.max_depth = w->max_depth,
		.stop = STOP_MAX_DEPTH,
	};
}

const struct record_header *copy_walker__walk(struct copy_walker *w, const struct held *held)
{
	walking = w;
	w->rec = held->rec;
	set_mappings(w, held->process);
	set_registers(w, held->rec);
	while (!native_walk_step(&w->walk, &w->frames, &w->rules, (__u64 *)w->words))
		;
	if (w->walk.stop == STOP_READ_FAULT && w->walk.sp >= held->rec->stack_start)
		w->walk.stop = STOP_COPY_END;
	w->out = (struct walked_record){
		.h = { RECORD_WALKED, (uint32_t)(sizeof(w->out) + w->walk.cnt * sizeof(*w->words)),
		       now_ns() },
		.id = held->id,
		.stop = (uint16_t)w->walk.stop,
		.user_words = (uint16_t)w->walk.cnt,
	};
	return &w->out.h;
}
