/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The current task and its user registers, on kernels 5.10 and newer. The kernel says tgid and pid
 * where we say pid and tid; the difference stays in this file.
 */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "../shared/unwind.h"

struct task_facts {
	__u64 leader_start_ns; /* since boot */
	__u32 flags;
	__u32 has_mm;
};

/* Direct loads through a BTF pointer (5.11), checked reads before. */
static __always_inline void task_facts_read(struct task_facts *facts)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		struct task_struct *task = bpf_get_current_task_btf();

		facts->flags = task->flags;
		facts->has_mm = task->mm != NULL;
		facts->leader_start_ns = task->group_leader->start_boottime;
	} else {
		struct task_struct *task = (struct task_struct *)bpf_get_current_task();

		facts->flags = BPF_CORE_READ(task, flags);
		facts->has_mm = BPF_CORE_READ(task, mm) != NULL;
		facts->leader_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	}
}

/* From the start of execve(2) to its end; the old image goes somewhere between. */
static __always_inline int task_in_exec(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
}

struct user_regs {
	__u64 ip;
	__u64 sp;
	__u64 fp;
	__u32 compat; /* 32-bit code */
	__u32 valid;
	__u32 entered; /* the task is in the kernel */
	__u32 pad;
};

#if defined(__TARGET_ARCH_x86)
#define KERNEL_STACK_SIZE 16384 /* THREAD_SIZE without KASAN */
#define USER_CS 0x33 /* __USER_CS: 64-bit code */

static __always_inline void user_regs_fill(struct user_regs *regs, __u64 *all,
					   const struct pt_regs *from)
{
	regs->ip = from->ip;
	regs->sp = from->sp;
	regs->fp = from->bp;
	regs->compat = from->cs != USER_CS;
	all[UNWIND_R8] = from->r8;
	all[UNWIND_R9] = from->r9;
	all[UNWIND_R10] = from->r10;
	all[UNWIND_R11] = from->r11;
	all[UNWIND_R12] = from->r12;
	all[UNWIND_R13] = from->r13;
	all[UNWIND_R14] = from->r14;
	all[UNWIND_R15] = from->r15;
	all[UNWIND_DI] = from->di;
	all[UNWIND_SI] = from->si;
	all[UNWIND_BP] = from->bp;
	all[UNWIND_BX] = from->bx;
	all[UNWIND_DX] = from->dx;
	all[UNWIND_AX] = from->ax;
	all[UNWIND_CX] = from->cx;
}

/* The registers that the task entered the kernel with lie on top of its kernel stack. From 6.9 on
 * kernels with FRED keep 16 bytes more there, but these have the helper. */
static __always_inline void user_regs_from_stack(struct user_regs *regs, __u64 *all,
						 struct pt_regs *copy)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs)) {
		struct task_struct *task = bpf_get_current_task_btf();
		void *at = (void *)bpf_task_pt_regs(task);

		if (bpf_probe_read_kernel(copy, sizeof(*copy), at))
			return;
	} else {
		struct task_struct *task = (struct task_struct *)bpf_get_current_task();
		char *stack = BPF_CORE_READ(task, stack);

		if (bpf_probe_read_kernel(copy, sizeof(*copy),
					  stack + KERNEL_STACK_SIZE - sizeof(*copy)))
			return;
	}
	user_regs_fill(regs, all, copy);
	regs->valid = (copy->cs & 3) == 3;
	/* or clang makes one of both fills, by a pointer to either: the context may not be read so */
	asm volatile("" ::: "memory");
}

/* Where the thread's own storage is: glibc's and musl's struct pthread. */
static __always_inline __u64 thread_base(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread.fsbase);
}

#define SYS_FUTEX 202
#define FUTEX_COMMAND 127 /* without its flags */
#define FUTEX_WAIT 0
#define FUTEX_WAIT_BITSET 9

/* regs: with which the task entered the kernel. The futex that it waits on; 0: none. */
static __always_inline __u64 futex_waited_on(const struct pt_regs *regs)
{
	__u64 command = regs->si & FUTEX_COMMAND;

	if (regs->orig_ax != SYS_FUTEX || (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET))
		return 0;
	return regs->di;
}

static __always_inline int regs_in_kernel(const struct bpf_perf_event_data *ctx)
{
	return (ctx->regs.cs & 3) == 0;
}

/* all: enum unwind_reg. room: not on our stack, which is small. */
static __always_inline void user_regs_read(struct user_regs *regs, __u64 *all, struct pt_regs *room,
					   const struct bpf_perf_event_data *ctx)
{
	if (regs_in_kernel(ctx)) {
		regs->entered = 1;
		user_regs_from_stack(regs, all, room);
		return;
	}
	user_regs_fill(regs, all, &ctx->regs);
	regs->valid = 1;
}
#endif
