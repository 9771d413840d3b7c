/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/* A thread as the task iterator of sonde dump finds it (bpf/dump.bpf.c). */
#include "config.h"
#include "types.h"
#include "unwind.h"

#define DUMPED_ON_CPU 1 /* it ran just then: registers and kernel stack are not to be had so */
#define DUMPED_KERNEL_THREAD 2
#define DUMPED_EXITING 4
#define DUMPED_REGS 8 /* the user registers are valid */
#define DUMPED_COMPAT 16 /* 32-bit code */

struct dumped_thread {
	__u32 pid;
	__u32 tid;
	__u32 flags; /* DUMPED_* */
	__u32 state; /* the kernel's __state: 0 runnable, 1 sleeping, 2 not interruptible, ... */
	__u64 switches; /* how often it left a CPU: as long as that stays, it has not run */
	__u64 leader_start_ns; /* of the process since boot, as in samples */
	__u64 fs_base; /* the thread's own storage */
	__u64 ip; /* what it entered the kernel with */
	__u64 sp;
	__u64 fp;
	__u64 regs[UNWIND_REG_CNT]; /* by enum unwind_reg */
	__u64 futex; /* that it waits on in futex(2); 0: none */
	__u32 kernel_cnt; /* addresses that follow, leaf first */
	__u32 pad;
	char comm[COMM_LEN];
	__u64 kernel[MAX_KERNEL_FRAMES];
};
_Static_assert(sizeof(struct dumped_thread) == 216 + 8 * MAX_KERNEL_FRAMES, "wire");
