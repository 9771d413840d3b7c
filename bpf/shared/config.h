/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* Size bounds and load-time switches. The switches live in the object's read-only data: the
 * verifier removes the branches that are off. */
#include "types.h"

#define MAX_USER_FRAMES 4096 /* --max-depth ends here */
#define DEFAULT_USER_FRAMES 1024
/* Frame words: native ones, then those of interpreters; a power of two. */
#define MAX_USER_WORDS 32768
#define MAX_KERNEL_FRAMES 127 /* kernel.perf_event_max_stack's default */
#define COMM_LEN 16

#define MAX_PROCESSES 16384 /* processes with an entry on the kernel side */
#define MAX_MAPPINGS 65536 /* the pool that all runs share */
#define MAX_RUN_MAPPINGS 4096 /* one process's run */
#define MAX_TARGETS 16384
#define USER_PAGE_SIZE 4096
#define COPY_STACK_BYTES (128 * 1024) /* of the stack that travels with a sample: whole pages */
#define MAX_COPIES 256 /* such samples per run of mappings */

enum filter_kind {
	FILTER_NONE = 0, /* the whole host */
	FILTER_PID,
	FILTER_TID,
	FILTER_COMM, /* the process's name */
	FILTER_CGROUP, /* a cgroup v2 and everything below it */
};

enum copy_choice {
	COPY_NONE = 0,
	COPY_NEEDED, /* those that cannot be walked yet */
	COPY_ALL, /* oracle: judges the walk in user space */
};

struct sampler_config {
	__u32 filter; /* enum filter_kind */
	__u32 follow_children; /* FILTER_PID: children forked later join the set */
	__u32 max_depth; /* user frames, 1..MAX_USER_FRAMES */
	__u32 kernel_stacks; /* 0: --no-kernel */
	__u32 user_stacks; /* 0: benches, to see what unwinding costs */
	__u32 wake_bytes; /* sample ring: wake the reader when this much waits */
	__u32 stop_sampled; /* oracle: SIGSTOP to the thread that was just sampled, when armed */
	__u32 fault_rate; /* proofs: fail this many of 1,024 map updates and ring reservations */
	__u32 copies; /* enum copy_choice: stacks to be walked by user space */
	__u32 weigh_counts; /* an event's period varies: a sample weighs what was counted since the last */
	__u32 python; /* 0: --no-python */
	__u32 gil; /* --labels gil */
	char comm[COMM_LEN]; /* FILTER_COMM */
};
