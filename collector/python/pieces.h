// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/python.h"

/* The pieces of a checked record, as the memory that they were. -EFAULT: not in one piece. */
int python_pieces__read(const struct python_code_record *rec, void *to, size_t size,
			uint64_t vaddr);
