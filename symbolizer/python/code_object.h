// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A code object: what a Python function is called and where it stands. */
#include "bpf/shared/python.h"
#include "symbolizer/python/line_table.h"
#include "symbolizer/python/memory.h"

#define PYTHON_LINE_TABLE_MAX (1UL << 20)

struct python_code {
	uint64_t type; /* address of its type object */
	uint64_t key; /* python_code_key() */
	uint16_t version; /* of the interpreter, as in the layout */
	int32_t first_line;
	uint32_t flags; /* co_flags */
	char *name; /* owned, as the rest; text.h says how it is written */
	char *qualname; /* NULL up to 3.10 */
	char *filename;
	uint8_t *line_table; /* NULL: larger than the limit, or could not be read */
	size_t line_table_size;
};

/*
 * Of memory that changes while it is read nothing is believed. -ESTALE: the object has been
 * freed; -EAGAIN: it was, or became another, while it was read; -EBADMSG: this is no code
 * object; -EINVAL: the layout is none; else what reading failed with. What lay there before may
 * have been something else: the caller compares type and key with those of its process and
 * frame.
 */
int python_code__read(const struct python_memory *memory, const struct python_layout *layout,
		      uint64_t vaddr, struct python_code *ret_code);
void python_code__fini(struct python_code *code);

/* Borrows the table. */
struct python_line_table python_code__lines(const struct python_code *code);
