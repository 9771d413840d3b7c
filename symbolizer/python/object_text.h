// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Objects of a Python process as text, read from its memory: what repr() says of str, bytes, int,
 * float, bool, None, and of tuples, lists and dicts of these with their first items; of anything else
 * its type and address. Nothing of the process is executed, and whatever its memory says, the work and
 * the text are bounded.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/python.h"
#include "symbolizer/python/memory.h"

#define OBJECT_TEXT_MAX 256 /* with the zero at its end; what is longer ends with "..." */

struct object_text {
	char bytes[OBJECT_TEXT_MAX]; /* UTF-8 */
	size_t len;
	bool cut;
};

void object_text__read(const struct python_memory *memory, const struct python_layout *layout,
		       uint64_t vaddr, struct object_text *ret_text);

/* The name of the type of an object; built_in: not one of that name that a program made. */
#define PYTHON_TYPE_NAME_MAX 64
struct python_type_name {
	char text[PYTHON_TYPE_NAME_MAX]; /* "" where it cannot be read */
	bool built_in;
};
struct python_type_name python_type_of(const struct python_memory *memory,
				       const struct python_layout *layout, uint64_t vaddr);
