/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Records that the BPF programs send. Every record begins with its type and its size in bytes;
 * times are CLOCK_MONOTONIC nanoseconds.
 */
#include "config.h"
#include "types.h"
#include "unwind.h"

enum record_type {
	RECORD_SAMPLE = 1, /* sample ring */
	RECORD_WANTED = 2, /* event ring: a process was seen that has no entry */
	RECORD_COPY = 3, /* copy ring: a sample whose stack user space walks */
	RECORD_PYTHON_CODE = 4, /* sample ring: a code object seen for the first time */
	RECORD_USER_FIRST = 16, /* the rest is made in user space: collector/source/record.h */
};

struct record_header {
	__u32 type; /* enum record_type */
	__u32 size; /* with this header; a multiple of 8 */
	__u64 time_ns;
};
_Static_assert(sizeof(struct record_header) == 16, "wire");

#define SAMPLE_F_KERNEL_MODE 1 /* the interrupt hit kernel code */
#define SAMPLE_F_KERNEL_THREAD 2
#define SAMPLE_F_EXITING 4
#define SAMPLE_F_NO_REGS 8 /* user registers could not be had */

struct sample_record {
	struct record_header h; /* RECORD_SAMPLE */
	__u64 leader_start_ns; /* start of the process since boot: tells reused PIDs apart */
	__u64 weight; /* how much of the event this sample stands for */
	__u64 user_ip; /* user registers at the sample; 0 without */
	__u64 user_sp;
	__u64 user_fp;
	__u32 pid;
	__u32 tid;
	__u32 cpu;
	__u32 generation; /* of the run that the walk used; 0: none */
	__u16 flags; /* SAMPLE_F_* */
	__u16 stop; /* enum stop_reason */
	__u16 user_words; /* frame words (bpf/shared/frame.h): native, then Python, leaf first */
	__u16 kernel_cnt; /* kernel addresses, leaf first, behind the user words */
	__u16 python_end; /* enum python_end */
	__u16 gil; /* enum python_gil */
	__u16 pad[2];
	char comm[COMM_LEN]; /* the thread's */
	/* user_words + kernel_cnt words follow */
};
_Static_assert(sizeof(struct sample_record) == 104, "wire");

/* A sample without native frames, with what walking them takes. */
struct copy_record {
	struct sample_record sample; /* h.type: RECORD_COPY */
	__u64 regs[UNWIND_REG_CNT];
	__u64 stack_start; /* address of the first byte, below the stack pointer or above */
	__u32 stack_size;
	__u32 entered; /* the task was in the kernel */
	/* kernel_cnt words, user_words of Python frames, then stack_size bytes, rounded up to 8 */
};
_Static_assert(sizeof(struct copy_record) == 240, "wire");

static inline const __u64 *copy_kernel_words(const struct copy_record *rec)
{
	return (const __u64 *)(rec + 1);
}

static inline const __u64 *copy_python_words(const struct copy_record *rec)
{
	return copy_kernel_words(rec) + rec->sample.kernel_cnt;
}

static inline const __u8 *copy_stack_bytes(const struct copy_record *rec)
{
	return (const __u8 *)(copy_python_words(rec) + rec->sample.user_words);
}

static inline const __u64 *sample_words(const struct sample_record *rec)
{
	return (const __u64 *)(rec + 1);
}

struct wanted_record {
	struct record_header h; /* RECORD_WANTED */
	__u64 leader_start_ns;
	__u32 pid;
	__u32 pad;
};
_Static_assert(sizeof(struct wanted_record) == 32, "wire");
