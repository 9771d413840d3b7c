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

/* Where their characters lie, and how many there are: nothing of these is believed. */
struct python_string_place {
	uint64_t chars;
	uint64_t length;
	unsigned int width; /* bytes of a character: 1, 2 or 4 */
};
/* A str of 3.x. -EBADMSG: it is none. */
int python_string__place(const struct python_memory *memory, const struct python_layout *layout,
			 uint64_t vaddr, struct python_string_place *ret_place);
int python_bytes__place(const struct python_memory *memory, const struct python_layout *layout,
			uint64_t vaddr, uint64_t *ret_bytes, uint64_t *ret_length);
