// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An object of its own, for sonde dump: a task iterator that tells, of every thread of the processes
 * asked for, what it entered the kernel with and where it sleeps there. Nobody is stopped: a thread
 * that does not run cannot change these.
 */
#include "lib/kernel_types.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "lib/task.bpf.h"
#include "shared/dump.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct task_struct___switches {
	unsigned long nvcsw;
	unsigned long nivcsw;
	int on_cpu; /* not on kernels for one CPU */
};

struct task_struct___state {
	unsigned int __state;
};

struct task_struct___before_5_14 {
	long state;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_TARGETS);
	__type(key, __u32); /* process id */
	__type(value, __u32);
} dumped_processes SEC(".maps"); /* user space writes */

/* One reader at a time: the record under way, too large for a program's stack. */
static struct dumped_thread record;
static struct pt_regs regs_room;

static __always_inline __u32 task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(((struct task_struct___state *)0)->__state))
		return BPF_CORE_READ((struct task_struct___state *)task, __state);
	return BPF_CORE_READ((struct task_struct___before_5_14 *)task, state);
}

static __always_inline __u64 task_switches(struct task_struct *task)
{
	struct task_struct___switches *t = (void *)task;

	return BPF_CORE_READ(t, nvcsw) + BPF_CORE_READ(t, nivcsw);
}

static __always_inline int task_on_cpu(struct task_struct *task)
{
	struct task_struct___switches *t = (void *)task;

	if (!bpf_core_field_exists(t->on_cpu))
		return 0; /* the one CPU is ours just now */
	return BPF_CORE_READ(t, on_cpu);
}

static __always_inline void take_regs(struct task_struct *task)
{
	struct user_regs regs = {};
	char *stack = BPF_CORE_READ(task, stack);

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		stack = (void *)bpf_task_pt_regs(task);
	else
		stack += KERNEL_STACK_SIZE - sizeof(regs_room);
	if (bpf_probe_read_kernel(&regs_room, sizeof(regs_room), stack) || (regs_room.cs & 3) != 3)
		return;
	user_regs_fill(&regs, record.regs, &regs_room);
	record.ip = regs.ip;
	record.sp = regs.sp;
	record.fp = regs.fp;
	record.futex = futex_waited_on(&regs_room);
	record.flags |= DUMPED_REGS;
	if (regs.compat)
		record.flags |= DUMPED_COMPAT;
}

static __always_inline void take_kernel_stack(struct task_struct *task)
{
	long bytes = bpf_get_task_stack(task, record.kernel, sizeof(record.kernel), 0);

	if (bytes > 0 && bytes <= (long)sizeof(record.kernel))
		record.kernel_cnt = (__u32)bytes / 8;
}

static __always_inline void take_thread(struct task_struct *task)
{
	__u32 flags = BPF_CORE_READ(task, flags);

	record.tid = BPF_CORE_READ(task, pid);
	record.state = task_state(task);
	record.switches = task_switches(task);
	record.leader_start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	record.fs_base = BPF_CORE_READ(task, thread.fsbase);
	record.kernel_cnt = 0;
	record.futex = 0;
	record.flags = 0;
	bpf_core_read(record.comm, sizeof(record.comm), &task->comm);
	if (flags & PF_KTHREAD)
		record.flags |= DUMPED_KERNEL_THREAD;
	else if ((flags & PF_EXITING) || !BPF_CORE_READ(task, mm))
		record.flags |= DUMPED_EXITING;
	else
		take_regs(task);
	if (!task_on_cpu(task))
		take_kernel_stack(task);
	if (task_on_cpu(task) || task_switches(task) != record.switches)
		record.flags |= DUMPED_ON_CPU;
}

SEC("iter/task")
int dump_thread(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 pid;

	if (!task)
		return 0;
	pid = BPF_CORE_READ(task, tgid);
	if (!bpf_map_lookup_elem(&dumped_processes, &pid))
		return 0;
	record.pid = pid;
	take_thread(task);
	bpf_seq_write(ctx->meta->seq, &record, sizeof(record));
	return 0;
}
