// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Names of C functions in interpreters and extension modules of CPython, from the file alone.
 * Stripped files have no symbol for list_sort(), but their data must keep { "sort", list_sort,
 * flags, doc }. Gives "sorted", "list.sort", "int.nb_xor", "frame.f_lineno.setter": what Python
 * calls them, with the type or module that owns the table in front where the data tells it.
 */
#include "symbolizer/native/cfi.h"

/* ranges: all functions of the file, sorted (cfi_ranges__load). fn once for each that a table
 * names, sorted by address; name is gone when it returns. A file that has nothing to do with
 * Python costs a look at its .dynsym. -ENODATA: it has no such tables. */
typedef void (*python_c_function_fn)(void *ctx, const struct cfi_range *function, const char *name);
int python_c_functions_each(struct elf_file *file, const struct cfi_range *ranges, size_t range_cnt,
			    python_c_function_fn fn, void *ctx);
