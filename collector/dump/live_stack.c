// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/live_stack.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/shared/frame.h"
#include "collector/tables/tables_view.h"
#include "common/clock.h"

#define PAGE 4096

struct live_walker {
	struct tables_view tables; /* first: the seam gets it */
	struct process_memory *memory; /* borrowed */
	struct walker *walker; /* owned */
	uint32_t max_depth;
	struct sample_record sample; /* with the words behind it */
	__u64 words[MAX_USER_WORDS + MAX_KERNEL_FRAMES];
};

static int read_memory(void *ctx, void *to, uint32_t size, uint64_t vaddr)
{
	return process_memory__read(((struct live_walker *)ctx)->memory, to, size, vaddr);
}

static uint64_t window(void *ctx, uint64_t vaddr)
{
	(void)ctx;
	return vaddr % 8 ? 8 : PAGE - vaddr % PAGE;
}

static const struct walk_seam seam = { read_memory, window, TABLES_VIEW_SEAM };

struct live_walker *live_walker__new(const struct residence *residence, struct binaries *binaries,
				     struct process_memory *memory, uint32_t max_depth)
{
	scope_free(live_walker) struct live_walker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->tables = (struct tables_view){ .residence = residence, .binaries = binaries };
	w->memory = memory;
	w->max_depth = max_depth;
	w->walker = walker__new();
	return w->walker ? take_ptr(w) : NULL;
}

void live_walker__free(struct live_walker *w)
{
	if (!w)
		return;
	walker__free(w->walker);
	free(w);
}

static struct sample_record sample_of(const struct dumped_thread *t)
{
	struct sample_record sample = {
		.h = { .type = RECORD_SAMPLE, .time_ns = now_ns() },
		.leader_start_ns = t->leader_start_ns,
		.weight = 1,
		.user_ip = t->ip,
		.user_sp = t->sp,
		.user_fp = t->fp,
		.pid = t->pid,
		.tid = t->tid,
		.flags = t->kernel_cnt ? SAMPLE_F_KERNEL_MODE : 0,
		.stop = STOP_NO_USER,
		.python_end = PYTHON_NONE,
	};

	if (t->flags & DUMPED_KERNEL_THREAD)
		sample.flags |= SAMPLE_F_KERNEL_THREAD;
	if (t->flags & DUMPED_EXITING)
		sample.flags |= SAMPLE_F_EXITING;
	memcpy(sample.comm, t->comm, sizeof(sample.comm));
	return sample;
}

static struct walked_stack walk_native(struct live_walker *w, const struct process *process,
				       const struct dumped_thread *t)
{
	struct walk_start start = {
		.ip = t->ip, .sp = t->sp, .fp = t->fp, .max_depth = w->max_depth, .entered = true
	};

	tables_view__choose(&w->tables, process);
	start.run = tables_view__run(&w->tables);
	memcpy(start.regs, t->regs, sizeof(start.regs));
	return walker__walk(w->walker, &seam, w, &start);
}

static void walk_user(struct live_walker *w, const struct process *process,
		      const struct python_process *python, const struct dumped_thread *t,
		      struct live_stack *stack)
{
	struct python_start start = {
		.process = python, .fs_base = t->fs_base, .futex = t->futex, .sp = t->sp
	};
	struct walked_stack native = walk_native(w, process, t);
	uint32_t cnt = native.cnt;

	w->sample.stop = (uint16_t)native.stop;
	if (python) {
		stack->python = walker__walk_python(w->walker, &seam, w, &start);
		w->sample.python_end = (uint16_t)stack->python.end;
		w->sample.gil = (uint16_t)stack->python.gil;
		cnt = stack->python.word_cnt;
	}
	memcpy(w->words, native.words, cnt * sizeof(*w->words));
	w->sample.user_words = (uint16_t)cnt;
}

struct live_stack live_walker__walk(struct live_walker *w, const struct process *process,
				    const struct python_process *python,
				    const struct dumped_thread *t)
{
	struct live_stack stack = { .sample = &w->sample };

	w->sample = sample_of(t);
	if (t->flags & DUMPED_COMPAT) {
		w->words[0] = frame_word(FRAME_NATIVE, 0, t->ip);
		w->sample.user_words = 1;
		w->sample.stop = STOP_COMPAT;
	} else if (t->flags & DUMPED_REGS) {
		walk_user(w, process, python, t, &stack);
	}
	w->sample.kernel_cnt = (uint16_t)(t->kernel_cnt < MAX_KERNEL_FRAMES ? t->kernel_cnt :
									      MAX_KERNEL_FRAMES);
	memcpy(w->words + w->sample.user_words, t->kernel,
	       w->sample.kernel_cnt * sizeof(*w->words));
	w->sample.h.size =
		(uint32_t)(sizeof(w->sample) +
			   (w->sample.user_words + w->sample.kernel_cnt) * sizeof(*w->words));
	return stack;
}

struct walked_python live_walker__python(struct live_walker *w, const struct python_process *python,
					 uint64_t fs_base)
{
	struct python_start start = { .process = python, .fs_base = fs_base, .alone = true };

	return walker__walk_python(w->walker, &seam, w, &start);
}
