// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Strings and bytes as they lie in an interpreter's memory. */
#include "bpf/shared/python.h"
#include "symbolizer/python/memory.h"

/* A str, as text of at most PYTHON_TEXT_MAX bytes that is to be freed. -EBADMSG: it is none;
 * else what reading it failed with. */
int python_string__read(const struct python_memory *memory, const struct python_layout *layout,
			uint64_t vaddr, char **ret_text);

/* A bytes object (2.7: str), to be freed. -E2BIG: more than max bytes. */
int python_bytes__read(const struct python_memory *memory, const struct python_layout *layout,
		       uint64_t vaddr, size_t max, uint8_t **ret_bytes, size_t *ret_size);
