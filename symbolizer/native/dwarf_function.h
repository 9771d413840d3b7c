// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What a function is called and where it is declared: its entry, or the entries that it points
 * to. */
#include "common/strtab.h"
#include "symbolizer/native/dwarf_unit.h"

struct dwarf_function {
	uint32_t name; /* ids in the strtab that was given; 0: not known */
	uint32_t linkage;
	uint32_t decl_line; /* 0: not known */
	uint64_t decl_file; /* in the line program of decl_unit */
	const struct dwarf_unit *decl_unit; /* borrowed from the file; NULL: not known */
};

/* An entry by its offset into .debug_info. unit: the unit it lies in; NULL: to be found in file. */
struct dwarf_function dwarf_function_at(const struct dwarf_file *file,
					const struct dwarf_unit *unit, uint64_t off,
					struct dwarf_reader *reader, struct strtab *strings);
