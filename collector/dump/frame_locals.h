// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The local variables of a frame as text. */
#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/python.h"
#include "symbolizer/python/memory.h"

/* Strings one behind the other, an empty one at the end: "name = value", or one line of why they are not
 * known. The caller frees it. *ret_size: its bytes. NULL: no memory. */
char *frame_locals(const struct python_memory *memory, const struct python_layout *layout,
		   uint64_t frame, uint64_t code, size_t *ret_size);
