/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The sampler's working memory, one per CPU, in an ordinary array indexed by CPU: a value of a
 * per-CPU array ends at 32 KB. Nothing else writes it: a sampler does not interrupt itself, and a
 * further program kind gets an array of its own.
 */
#include "seam.bpf.h"
/* behind its seam */
#include "../unwind/native_step.h"

struct scratch {
	struct native_walk walk;
	struct native_frames frames;
	struct rule_cache rules; /* stays from sample to sample */
	__u64 counted; /* what the event had counted at its last sample */
	struct sample_record rec;
	/* rec.words: user frames, then kernel addresses; bpf_get_stack() wants room for a whole
	 * stack wherever the kernel part begins */
	__u64 words[MAX_USER_FRAMES + MAX_KERNEL_FRAMES];
};

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set at load to the number of possible CPUs */
	__type(key, __u32);
	__type(value, struct scratch);
};
