// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What one file's code will give a profile: how much of it unwinds, and how much of it has a name.
 * Asked at evenly spaced places of its code, of the same tables that unwinding and naming use. */
#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/symbolizer.h"

struct code_view {
	uint64_t bytes; /* of code */
	uint32_t function_cnt; /* with rows: by .eh_frame, Go's table, .init and .fini */
	uint32_t places; /* that were asked */
	uint32_t with_rows; /* of these: a function with rows covers it */
	uint32_t functions; /* of these: with_rows, or all where no function has rows */
	uint32_t by_source[NAME_NONE + 1]; /* of the functions; enum name_source */
	uint32_t prologues; /* functions without rows that seem to keep a frame pointer */
	bool has_symtab; /* of its own */
	bool go;
	struct build_id build_id;
};

/* debug: the file's separate debug file; NULL: none. -ENOEXEC: not a 64-bit ELF file. */
int code_look(struct elf_file *file, struct elf_file *debug, struct code_view *ret_view);

/* The names alone, of a profile's frames instead of the file's code: no table is read. */
void code_of_frames(struct elf_file *file, struct elf_file *debug, uint64_t named, uint64_t placed,
		    struct code_view *ret_view);

uint64_t code_bare_bytes(const struct code_view *view); /* without rows; about */
double code_unwind_share(const struct code_view *view); /* 0..1 */
double code_named_share(const struct code_view *view);
bool code_keeps_frame_pointers(const struct code_view *view); /* where it has no rows; a guess */
