// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The memory of a live process, read without stopping it. Each page is read once and kept until it is
 * forgotten: what is read between two calls of process_memory__forget() is of one moment, as far as
 * the thread that it belongs to does not run.
 */
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/python/memory.h"

struct process_memory;

struct process_memory *process_memory__new(void); /* NULL: no memory */
void process_memory__free(struct process_memory *memory);
DEFINE_FREEP(process_memory)

/* What was read of that process, or another, is not believed any more. */
void process_memory__forget(struct process_memory *memory, uint32_t pid);
/* 0; -EFAULT: not readable; -ENOSPC: more pages than any stack is worth. */
int process_memory__read(void *memory, void *to, size_t size, uint64_t vaddr);
struct python_memory process_memory__python(struct process_memory *memory);
