// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A piece of a stack that was copied out of its process: the memory half of a walk's seam. read and
 * window take the copy for the context; a seam with more of a context calls them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/stop.h"

struct stack_copy {
	uint64_t start; /* address of bytes[0] */
	const uint8_t *bytes; /* borrowed */
	size_t size;
	bool passed_end; /* the last read did; false at the start of a walk */
};

int stack_copy__read(struct stack_copy *copy, void *to, uint32_t size, uint64_t vaddr);
uint64_t stack_copy__window(const struct stack_copy *copy, uint64_t vaddr);

/* Why the stack ended: STOP_COPY_END where a walk's STOP_READ_FAULT is that the copy was too short. */
enum stop_reason stack_copy__stop(const struct stack_copy *copy, enum stop_reason stop);
