// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A piece of a stack that was copied out of its process: the memory half of a walk's seam. Both
 * functions take the copy for the context; a seam with more of a context calls them. */
#include <stddef.h>
#include <stdint.h>

struct stack_copy {
	uint64_t start; /* address of bytes[0] */
	const uint8_t *bytes; /* borrowed */
	size_t size;
};

/* A walk that leaves the copy ends with STOP_READ_FAULT. */
int stack_copy__read(const struct stack_copy *copy, void *to, uint32_t size, uint64_t vaddr);
uint64_t stack_copy__window(const struct stack_copy *copy, uint64_t vaddr);
