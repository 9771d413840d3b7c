// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lib/kernel_types.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "lib/fault.bpf.h"
#include "lib/maps.bpf.h"
#include "lib/stats.bpf.h"
#include "lib/target.bpf.h"

/*
 * What must happen to the process table in the very moment: user space learns of forks, execs and
 * exits by perf's records, but a child may be sampled before these are read.
 */

extern struct processes_map processes SEC(".maps");
extern struct programs_map programs SEC(".maps");
extern struct targets_map targets SEC(".maps");
extern const volatile struct sampler_config config;

static __always_inline void copy_target(__u32 parent, __u32 child)
{
	__u32 *value = bpf_map_lookup_elem(&targets, &parent);

	if (value && (fault() || bpf_map_update_elem(&targets, &child, value, BPF_ANY)))
		count(COUNTER_MAP_FULL, 1);
}

static __always_inline void copy_entry(__u32 parent, __u32 child)
{
	struct process_entry *entry = bpf_map_lookup_elem(&processes, &parent);
	struct process_entry copy;

	if (!entry || (entry->state != PROCESS_READY && !entry->python))
		return;
	copy = *entry;
	copy.copies = 0;
	if (copy.state != PROCESS_READY)
		copy.state = PROCESS_NEW; /* nobody has asked for the child's run */
	if (fault() || bpf_map_update_elem(&processes, &child, &copy, BPF_ANY))
		count(COUNTER_MAP_FULL, 1);
}

SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 start = bpf_ktime_get_ns();
	struct task_struct *parent = (void *)ctx->args[0];
	struct task_struct *child = (void *)ctx->args[1];
	__u32 parent_pid = BPF_CORE_READ(parent, tgid);
	__u32 child_pid = BPF_CORE_READ(child, tgid);

	if (child_pid == parent_pid)
		return 0; /* a thread */
	copy_entry(parent_pid, child_pid);
	if (config.filter == FILTER_PID && config.follow_children)
		copy_target(parent_pid, child_pid);
	count(COUNTER_RUN_NS, bpf_ktime_get_ns() - start);
	return 0;
}

static __always_inline __u32 python_of_program(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct inode *inode = BPF_CORE_READ(mm, exe_file, f_inode);
	struct program_key key = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.size = BPF_CORE_READ(inode, i_size),
		.start_code = BPF_CORE_READ(mm, start_code),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
	};
	__u32 *python = bpf_map_lookup_elem(&programs, &key);

	return python ? *python : 0;
}

/* The old image's mappings are gone. The entry stays, without a run: user space may write one before
 * anybody samples the process. */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct process_entry entry = { .state = PROCESS_NEW };
	struct task_struct *task = (void *)ctx->args[0];
	__u32 pid = BPF_CORE_READ(task, tgid);

	entry.python = config.python ? python_of_program(task) : 0;
	if (!is_target(bpf_get_current_pid_tgid()))
		bpf_map_delete_elem(&processes, &pid);
	else if (bpf_map_update_elem(&processes, &pid, &entry, BPF_ANY))
		count(COUNTER_MAP_FULL, 1);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u32 pid = BPF_CORE_READ(task, tgid);
	__u32 tid = BPF_CORE_READ(task, pid);

	if (config.filter == FILTER_TID)
		bpf_map_delete_elem(&targets, &tid);
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0; /* other threads go on */
	bpf_map_delete_elem(&processes, &pid);
	if (config.filter == FILTER_PID)
		bpf_map_delete_elem(&targets, &pid);
	return 0;
}
