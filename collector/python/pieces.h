// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/python.h"

/* The pieces of a checked record (struct python_code_record), as the memory that they were:
 * read() of struct python_memory. -EFAULT: not in one piece. */
int python_pieces__read(void *rec, void *to, size_t size, uint64_t vaddr);
