/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * How one frame of a user stack travels: a 64-bit word, leaf first.
 *
 *   63    60 59    56 55                                          0
 *   [ kind  ][ flags ][ payload: for native frames the address    ]
 *
 * User addresses have at most 56 bits on x86-64 (five-level tables) and 52 on aarch64. A kind may
 * need more words; frame_extra_words() says how many follow, so that a reader who does not know a
 * kind's meaning can still step over it. Kernel frames travel apart, as plain addresses (their
 * upper bits are all ones), because the kernel's own helper writes them.
 */
#include "types.h"

enum frame_kind {
	FRAME_NATIVE = 0, /* payload: address in the process */
	FRAME_KERNEL = 1, /* never on the wire: what user space calls the plain addresses */
	FRAME_PYTHON = 2, /* payload: address of the code object; python.h */
	FRAME_PYTHON_ANCHOR = 3, /* payload: index of a native frame; python.h */
	FRAME_KIND_CNT,
};

/* The address is that of the next instruction after a call: names and rows are found at addr - 1. */
#define FRAME_F_RETURN 1

#define FRAME_ADDR_BITS 56
#define FRAME_ADDR_MASK ((1ULL << FRAME_ADDR_BITS) - 1)

static inline __u64 frame_word(__u32 kind, __u32 flags, __u64 payload)
{
	return ((__u64)kind << 60) | ((__u64)(flags & 15) << FRAME_ADDR_BITS) |
	       (payload & FRAME_ADDR_MASK);
}

static inline __u32 frame_kind(__u64 word)
{
	return word >> 60;
}

static inline __u32 frame_flags(__u64 word)
{
	return (word >> FRAME_ADDR_BITS) & 15;
}

static inline __u64 frame_payload(__u64 word)
{
	return word & FRAME_ADDR_MASK;
}

/* Words that follow the first one of a frame of this kind. */
static inline __u32 frame_extra_words(__u32 kind)
{
	return kind == FRAME_PYTHON ? 2 : 0;
}
