// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The names that a Python program gave to its threads: threading._active is a dict of threads by
 * their pthread_self(), where the C library keeps the thread's id. */
#include <stdbool.h>

#include "bpf/shared/python.h"
#include "symbolizer/python/memory.h"

struct python_thread_place {
	uint64_t interp_head; /* as in struct python_process */
	uint64_t runtime; /* address of _PyRuntime; 0: 2.7, 3.6 */
	bool musl;
};

#define PYTHON_MAX_THREADS \
	4096 /* whose names are read; memory->read() should bound the work as well */

/* threading._active of the first interpreter that has it. -ENOENT: the program has not imported it;
 * -ENOTSUP: a free-threaded build; else what reading failed with. */
int python_threads__find(const struct python_memory *memory, const struct python_layout *layout,
			 const struct python_thread_place *place, uint64_t *ret_active);

typedef void (*python_thread_fn)(void *ctx, uint32_t tid, const char *name);

/* tid: as the process itself sees it. A thread whose name cannot be read is passed over. -EAGAIN: the
 * dict changed meanwhile: what fn was told may be wrong. */
int python_threads__read(const struct python_memory *memory, const struct python_layout *layout,
			 const struct python_thread_place *place, uint64_t active,
			 python_thread_fn fn, void *ctx);
