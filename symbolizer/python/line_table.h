// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The line of a position in a Python function, from its co_lnotab or co_linetable. Bytes of any
 * content are safe: what cannot be decoded has no line.
 *
 * Positions count bytes from the start of the code; a negative one is that of a frame not started.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYTHON_NO_LINE (-1) /* what PyCode_Addr2Line says, too */
#define PYTHON_NO_COLUMN (-1)

struct python_line_table {
	uint16_t version; /* of the interpreter: major << 8 | minor */
	int32_t first_line;
	const uint8_t *bytes; /* borrowed */
	size_t size;
};

/* As co_positions() tells them: lines from 1, columns in bytes of UTF-8 from 0. */
struct python_columns {
	int32_t line;
	int32_t end_line;
	int32_t column;
	int32_t end_column;
};

/*
 * What the interpreter itself would answer. From 3.10 on it has instructions that belong to no
 * line: PYTHON_NO_LINE. A module's first instruction may be on line 0 (3.11 and newer).
 */
int32_t python_line_table__raw(const struct python_line_table *t, int32_t position);

/* The line to be shown: where there is none, that of the nearest earlier instruction that has
 * one, else the function's first. */
int32_t python_line_table__shown(const struct python_line_table *t, int32_t position);

/* False: this version or this instruction has none; what is missing in it is -1. */
bool python_line_table__columns(const struct python_line_table *t, int32_t position,
				struct python_columns *ret_columns);
