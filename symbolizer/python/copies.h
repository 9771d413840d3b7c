// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Data of an interpreter's library that a program has copied into itself (R_X86_64_COPY): one that
 * uses &PyCode_Type and was compiled for the executable alone. All others then use the copy, the
 * library too; its own stays as the file has it.
 */
#include <stdint.h>

#include "symbolizer/native/elf_file.h"

/* In bytes from the file's base; 0: not copied. */
struct python_copies {
	uint64_t code_type_rel; /* PyCode_Type */
	uint64_t runtime_rel; /* _PyRuntime */
	uint64_t current_rel; /* _PyThreadState_Current: 2.7, 3.6 */
};

/* file: borrowed, no interpreter itself. -ENOENT: it has no such copy. */
int python_copies__inspect(struct elf_file *file, struct python_copies *ret_copies);
