// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * One stack from native and Python frames. bpf/python/python_step.h says how they come: where
 * there are anchors, these tell which native frame runs which Python frames. Up to 3.10 there
 * are none, and each native frame in the eval loop's code runs one Python frame: counted from
 * the outermost one where the native stack is whole, else from the innermost. One native frame
 * more than Python frames is one that was caught before its frame was linked, or after.
 * Where Python frames were too many, the stack ends with the oldest one that was taken.
 *
 * A greenlet's stack ends where it was started. What lies above it in memory is of whoever ran then,
 * or of others since: native frames end before the first eval loop that has no Python frames left.
 *
 * Between an eval loop and its caller may stand code that lies in no file: -X perf's trampolines, one
 * for each Python function. These go with the eval loop.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/python.h"

enum merged_kind {
	MERGED_NATIVE,
	MERGED_EVAL, /* native, of the eval loop: the Python frames before it stand for it */
	MERGED_PYTHON,
};

struct merged_frame {
	enum merged_kind kind;
	uint32_t word; /* index of its (first) word */
};

struct unmerged_stack {
	const __u64 *words; /* borrowed; as they travel */
	uint32_t word_cnt;
	const bool
		*in_eval; /* borrowed; by native frame: its address lies in the eval loop's code */
	const bool *in_no_file; /* borrowed; by native frame */
	bool native_whole; /* the native frames reach the thread's first */
	bool python_whole;
	bool python_cut; /* older frames were left out: native ones on their side go too */
};

/* Native frames come first: how many. */
uint32_t merge_native_cnt(const __u64 *words, uint32_t word_cnt);
/* Room for word_cnt frames in ret_frames; returns how many there are, leaf first. */
uint32_t merge_stack(const struct unmerged_stack *stack, struct merged_frame *ret_frames);
