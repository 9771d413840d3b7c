/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Whom to sample. The kind of filter is known at load: the verifier keeps one branch. */
#include <bpf/bpf_core_read.h>

#include "maps.bpf.h"

extern struct targets_map targets SEC(".maps");
extern struct target_cgroup_map target_cgroup SEC(".maps");
extern const volatile struct sampler_config config;

static __always_inline int comm_matches(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	char comm[COMM_LEN] = {};

	bpf_core_read_str(comm, sizeof(comm), &leader->comm);
	for (int i = 0; i < COMM_LEN; i++) {
		if (comm[i] != config.comm[i])
			return 0;
		if (!comm[i])
			break;
	}
	return 1;
}

static __always_inline int is_target(__u64 pid_tid)
{
	__u32 id;

	switch (config.filter) {
	case FILTER_PID:
		id = pid_tid >> 32;
		return bpf_map_lookup_elem(&targets, &id) != NULL;
	case FILTER_TID:
		id = pid_tid;
		return bpf_map_lookup_elem(&targets, &id) != NULL;
	case FILTER_COMM:
		return comm_matches();
	case FILTER_CGROUP:
		return bpf_current_task_under_cgroup(&target_cgroup, 0) == 1;
	default:
		return 1;
	}
}
