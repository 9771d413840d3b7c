// SPDX-License-Identifier: Apache-2.0
#include "collector/walk/stack_copy.h"

#include <errno.h>
#include <string.h>

static bool holds(const struct stack_copy *copy, uint64_t vaddr, uint64_t size)
{
	uint64_t off = vaddr - copy->start;

	return vaddr >= copy->start && off <= copy->size && size <= copy->size - off;
}

int stack_copy__read(struct stack_copy *copy, void *to, uint32_t size, uint64_t vaddr)
{
	copy->passed_end = vaddr >= copy->start && !holds(copy, vaddr, size);
	if (copy->passed_end || vaddr < copy->start)
		return -EFAULT;
	memcpy(to, copy->bytes + (vaddr - copy->start), size);
	return 0;
}

/* The copy may end in the middle of a page, and of a word. */
uint64_t stack_copy__window(const struct stack_copy *copy, uint64_t vaddr)
{
	if (!holds(copy, vaddr, 8))
		return 8;
	return (copy->size - (vaddr - copy->start)) & ~7ULL;
}

/* An address that can be none is not read at all. */
enum stop_reason stack_copy__stop(const struct stack_copy *copy, enum stop_reason stop)
{
	return stop == STOP_READ_FAULT && copy->passed_end ? STOP_COPY_END : stop;
}
