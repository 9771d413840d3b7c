// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/python.h"

/* The pieces of a checked record (struct python_code_record), as the memory that they were:
 * read() of struct python_memory. -EFAULT: not in one piece. */
int python_pieces__read(void *rec, void *to, size_t size, uint64_t vaddr);

/* A piece at address 0, where nobody has memory, is the absolute path of the code's file, with a zero
 * at its end. NULL: there is none. */
const char *python_pieces__path(const struct python_code_record *rec);
/* A copy of the record with that piece; NULL: no memory, or no room for a piece. */
struct python_code_record *python_pieces__with_path(const struct python_code_record *rec,
						    const char *path);
