/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * A stack that cannot be walked yet, because user space does not have the tables ready (a new
 * process, a library just mapped): registers and a piece of the stack go to user space, in a ring of
 * their own, and are walked there by the same source. Bounded per run of mappings and by the ring:
 * what does not fit is sent as any other sample, with the frames that were found.
 */
#include "maps.bpf.h"
#include "scratch.bpf.h"
#include "stats.bpf.h"
#include "task.bpf.h"

extern struct scratch_map scratches SEC(".maps");
extern struct copies_map copies SEC(".maps");
extern struct processes_map processes SEC(".maps");
extern const volatile struct sampler_config config;

/* Below the stack pointer, a function's own all the same (psABI 3.2.2); OpenSSL leaves CFAs there. */
#define RED_ZONE 128

/* What user space will know better in a moment. */
static __always_inline int worth_a_copy(__u32 stop)
{
	if (config.copies == COPY_ALL)
		return stop != STOP_NO_USER;
	return stop == STOP_NO_PROCESS || stop == STOP_PENDING || stop == STOP_NO_MAPPING ||
	       stop == STOP_STALE;
}

static __always_inline int copy_allowed(__u32 pid)
{
	struct process_entry *entry = bpf_map_lookup_elem(&processes, &pid);

	if (!config.copies || !entry || (entry->copies >= MAX_COPIES && config.copies != COPY_ALL))
		return 0;
	entry->copies++;
	return 1;
}

/* Where a stack ends: the kernel put argc above the main thread's, libc a thread's own storage above the
 * others'. Stacks of other makers end somewhere in a mapping: the first page that cannot be read tells. */
static __always_inline __u64 stack_end(__u64 sp)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 outermost = BPF_CORE_READ(task, mm, start_stack) + 8, storage = thread_base();

	if (outermost > sp && outermost - sp < COPY_STACK_BYTES)
		return outermost;
	if (storage > sp && storage - sp < COPY_STACK_BYTES)
		return storage;
	return sp + COPY_STACK_BYTES;
}

/* Page by page: one that is missing costs only what lies behind it. Pages at the stack pointer that
 * nobody has touched yet are passed over. Non-zero: that was all. */
static __always_inline int copy_page(struct scratch *s)
{
	struct stack_piece *piece = &s->piece;
	__u64 at = piece->start + piece->size;
	__u64 size = USER_PAGE_SIZE - (at & (USER_PAGE_SIZE - 1));
	__u64 pos = piece->pos + piece->size;

	if (at >= piece->end)
		return 1;
	if (size > piece->end - at)
		size = piece->end - at;
	barrier_var(size); /* 6.1 and older: "R2 min value is negative" */
	if (!size || size > USER_PAGE_SIZE)
		return 1;
	barrier_var(pos);
	if (pos > sizeof(s->words) - USER_PAGE_SIZE)
		return 1;
	if (!bpf_probe_read_user((__u8 *)s->words + pos, size, (void *)at))
		piece->size += size;
	else if (piece->size)
		return 1;
	else
		piece->start = at + size;
	return 0;
}

/* A global function, verified once: 33 turns of the loop with the copying in it are too much for 6.1's
 * verifier (E2BIG), and 5.10's does not come back. */
__noinline int copy_next_page(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	return !s || copy_page(s);
}

/* From an address on, to words[first] and what is behind it. */
static __always_inline void copy_stack(struct scratch *s, __u32 cpu, __u64 start, __u32 first)
{
	s->piece.start = start;
	s->piece.end = stack_end(start);
	s->piece.pos = first * 8ULL;
	s->piece.size = 0;
	for (int i = 0; i <= COPY_STACK_BYTES / USER_PAGE_SIZE; i++)
		if (copy_next_page(cpu))
			break;
}

/* What a copy has beyond a sample lies where the sample's first words would. */
#define COPY_WORDS ((sizeof(struct copy_record) - sizeof(struct sample_record)) / 8)

/* Makes the record in the scratch a copy; kernel words, Python words and stack are there already. Its size. The walk
 * may have changed the registers in its state: they are read again. */
static __always_inline __u64 fill_copy(struct scratch *s, const struct bpf_perf_event_data *ctx,
				       __u32 kernel_cnt, __u32 python_words)
{
	struct copy_record *copy = (struct copy_record *)&s->rec;
	struct user_regs regs = {};
	__u64 size = sizeof(*copy) + (kernel_cnt + python_words) * 8ULL +
		     ((s->piece.size + 7ULL) & ~7ULL);

	if (size > sizeof(s->rec) + sizeof(s->words))
		size = sizeof(s->rec) + sizeof(s->words);
	copy->sample.h.type = RECORD_COPY;
	copy->sample.h.size = size;
	copy->sample.user_words = python_words;
	copy->sample.kernel_cnt = kernel_cnt;
	copy->stack_start = s->piece.start;
	copy->stack_size = s->piece.size;
	user_regs_read(&regs, copy->regs, &s->regs, ctx);
	copy->entered = regs.entered;
	return size;
}
