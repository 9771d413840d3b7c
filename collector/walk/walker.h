// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Stacks walked in user space, by the source that walks them in the kernel (bpf/unwind/native_step.h,
 * bpf/python/python_step.h): of samples whose process had no tables yet, of threads that sleep
 * (sonde dump), and of recorded memory in tests.
 *
 *   in    registers at the sample, the process's run of mappings, and a seam: functions that read
 *         the stack and find mappings, pages, rows and rules, laid out as in bpf/shared/unwind.h.
 *         stack_copy.h reads a stack that was copied.
 *   out   frame words (bpf/shared/frame.h), leaf first, each frame's CFA, and why the stack ended.
 *
 * Everything that the seam gives may be hostile: a walk ends after max_depth frames at the latest.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/config.h"
#include "bpf/shared/process.h"
#include "bpf/shared/python.h"
#include "bpf/shared/stop.h"
#include "bpf/shared/unwind.h"
#include "common/cleanup.h"

/* What is asked during a walk. Pointers are read before the next question. */
struct walk_seam {
	/* size: at most 512 bytes, and at most what window() said of vaddr. Negative: not readable */
	int (*read)(void *ctx, void *to, uint32_t size, uint64_t vaddr);
	/* bytes from vaddr on that are read as one or not at all; a multiple of 8, not 0 */
	uint64_t (*window)(void *ctx, uint64_t vaddr);
	/* idx: run.first .. + run.cnt. These answer NULL when out of range */
	const struct unwind_mapping *(*mapping)(void *ctx, uint32_t idx);
	const struct unwind_page *(*page)(void *ctx, uint32_t idx);
	/* the UNWIND_VALUE_ROWS rows of the value in which pos lies */
	const uint32_t *(*rows)(void *ctx, uint32_t pos);
	const struct unwind_info *(*info)(void *ctx, uint32_t idx);
};

struct walk_start {
	uint64_t ip;
	uint64_t sp;
	uint64_t fp;
	uint64_t regs[UNWIND_REG_CNT]; /* by enum unwind_reg */
	/* generation: rules found once are kept as long as it stays the same, so a process gets another
	 * one whenever its mappings or their tables change, and no two have the same; never 0 */
	struct process_entry run;
	uint32_t max_depth; /* 1..MAX_USER_FRAMES */
	bool entered; /* the task was in the kernel: ip may stand behind a system call */
};

struct walked_stack { /* borrowed: until the next walk */
	const __u64 *words;
	const __u64 *cfas; /* 0 where a frame's CFA was not found */
	uint32_t cnt;
	enum stop_reason stop;
};

struct walker; /* 300 KB of working memory; for one thread at a time */

struct walker *walker__new(void); /* NULL: no memory */
void walker__free(struct walker *walker);
DEFINE_FREEP(walker)

struct walked_stack walker__walk(struct walker *walker, const struct walk_seam *seam, void *ctx,
				 const struct walk_start *start);

struct python_start {
	const struct python_process *process;
	uint64_t fs_base; /* of the thread */
	uint64_t futex; /* that it waits on in futex(2); 0: none */
	uint64_t sp; /* as in walk_start */
	bool alone; /* no native stack was walked: anchors are addresses */
};

struct walked_python { /* borrowed: until the next walk */
	const __u64
		*words; /* those of the native walk, and behind them those of the Python frames */
	uint32_t word_cnt;
	const __u64 *frames; /* address of each Python frame, in the words' order */
	uint32_t frame_cnt;
	enum python_gil gil;
	enum python_end end;
};

/* The Python frames of the thread whose native stack was walked last. Of the seam read() is asked. */
struct walked_python walker__walk_python(struct walker *walker, const struct walk_seam *seam,
					 void *ctx, const struct python_start *start);
