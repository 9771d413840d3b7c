/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What the kernel side knows of a process: where its run of mappings lies in the pool. A run is
 * written to a fresh place, then the entry is switched to it. fork copies the entry, so several
 * processes may share one run; user space counts them by the FORK records. A run's place is given
 * to another one only behind an RCU barrier and after every FORK record up to that moment; should
 * that ever fail, the generation in the mapping found differs from the entry's.
 */
#include "types.h"

enum process_state {
	PROCESS_NEW = 0, /* has just been executed; not sampled yet */
	PROCESS_WANTED = 1, /* user space was told; no run yet */
	PROCESS_READY = 2,
};

struct process_entry {
	__u32 first; /* index of the run's first mapping */
	__u32 cnt; /* sorted by start, not overlapping */
	__u32 generation;
	__u16 state; /* enum process_state */
	__u16 copies; /* stacks sent to be walked by user space, since the run was written */
	__u32 python; /* index of its struct python_process + 1; 0: no Python. In each state */
	__u32 pad;
};
_Static_assert(sizeof(struct process_entry) == 24, "hash value");

/*
 * An executable with an interpreter in it that lies where it was linked (Debian's and Ubuntu's python3):
 * all its processes find their Python in the same way, so on_exec() knows it before the first of its
 * instructions has run. Those that lie elsewhere each time are known some milliseconds after exec.
 */
#define MAX_PROGRAMS 256

struct program_key {
	__u64 inode;
	__u64 size;
	__u64 start_code; /* where it is in the process */
	__u32 dev; /* as the kernel has it: major << 20 | minor */
	__u32 pad;
};
_Static_assert(sizeof(struct program_key) == 32, "hash key");
