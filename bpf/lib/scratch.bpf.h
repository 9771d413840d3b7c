/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The sampler's working memory, one per CPU, in an ordinary array indexed by CPU: a value of a
 * per-CPU array ends at 32 KB. Nothing else writes it: a sampler does not interrupt itself, and a
 * further program kind gets an array of its own.
 */
#include "seam.bpf.h"
/* behind its seam */
#include "../python/python_gil.h"
#include "../python/python_step.h"
#include "../unwind/native_step.h"

#define CODE_OBJECT_HEAD 80 /* more than any string's or table's own fields */
#define CODE_STRING_LIMIT 944
#define CODE_TABLE_LIMIT 4096
#define CODE_PIECES_BYTES 8192 /* no piece begins behind that; a power of two */
#define CODE_PIECE_ROOM 4208 /* the largest piece with its header */

struct code_buffer {
	__u32 pos; /* the next free of bytes */
	__u32 pad;
	struct python_code_record rec;
	__u8 bytes[CODE_PIECES_BYTES + CODE_PIECE_ROOM];
};

struct stack_piece { /* of a stack, on its way into words[] */
	__u64 start; /* address of its first byte */
	__u64 end; /* no further than that */
	__u32 pos; /* of the first byte, in bytes of words[] */
	__u32 size; /* bytes copied */
};

#define SEEN_SLOTS 2048

#define COPY_HEAD_WORDS (20 * 1024) /* of a copy; the stack's bytes come behind that many at most */
_Static_assert(COPY_HEAD_WORDS > PYTHON_MAX_WORDS + MAX_KERNEL_FRAMES + UNWIND_REG_CNT + 16,
	       "the longest stack");
#define SCRATCH_WORDS (COPY_HEAD_WORDS + (COPY_STACK_BYTES + USER_PAGE_SIZE) / 8)
_Static_assert(SCRATCH_WORDS >= MAX_USER_WORDS + MAX_KERNEL_FRAMES, "room for a sample");

struct scratch {
	struct native_walk walk;
	struct native_frames frames;
	struct python_walk python;
	struct pt_regs regs; /* as they lie in the kernel */
	struct code_buffer code;
	struct stack_piece piece;
	__u64 seen[SEEN_SLOTS]; /* code objects; stays, as the rest of it */
	struct rule_cache rules; /* stays from sample to sample */
	__u64 counted; /* what the event had counted at its last sample */
	struct sample_record rec;
	/* rec.words: user frames (native, then Python), then kernel addresses; bpf_get_stack() wants
	 * room for a whole stack wherever the kernel part begins. Of a copy: lib/copy.bpf.h */
	__u64 words[SCRATCH_WORDS];
};

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* set at load to the number of possible CPUs */
	__type(key, __u32);
	__type(value, struct scratch);
};
