// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The line program of a unit. It is run, not kept: the rows stream by and answer the addresses
 * asked for, so that a program of a billion rows costs time, which is bounded, but no memory.
 */
#include "symbolizer/native/dwarf_unit.h"

struct dwarf_lines;

/* unit: the skeleton of a split one; outlives the object. -ENOENT: it has no line program,
 * -ENODATA: damaged. */
int dwarf_lines__open(const struct dwarf_unit *unit, struct dwarf_reader *reader,
		      struct dwarf_lines **ret_lines);
void dwarf_lines__free(struct dwarf_lines *lines);
DEFINE_FREEP(dwarf_lines)

#define DWARF_MAX_PATH 8192

/* The absolute path of a file by the number that line rows, DW_AT_call_file and DW_AT_decl_file
 * use; false: no such file. */
bool dwarf_lines__path(const struct dwarf_lines *lines, struct dwarf_reader *reader, uint64_t file,
		       char to[DWARF_MAX_PATH]);
uint64_t dwarf_lines__file_cnt(const struct dwarf_lines *lines); /* numbers below it may be asked */

struct dwarf_line {
	uint64_t file;
	uint32_t line;
	bool found;
};

/* addrs: sorted; ret_found[i] of addrs[i] is written where a row covers it. */
void dwarf_lines__find(const struct dwarf_lines *lines, struct dwarf_reader *reader,
		       const uint64_t *addrs, size_t cnt, struct dwarf_line *ret_found);
