// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The memory of a process, or what was kept of it. All of a range is read, or none: 0 or negative
 * errno. */
struct python_memory {
	int (*read)(void *ctx, void *to, size_t size, uint64_t vaddr);
	void *ctx;
};
