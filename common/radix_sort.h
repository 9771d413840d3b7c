// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

/* Sorts rows whose first eight bytes are the key, a uint64_t; rows of equal keys keep their order. For
 * tables of a hundred thousand addresses, where a comparison sort takes longer than reading the file. -ENOMEM:
 * the rows are as they were. */
int radix_sort(void *rows, size_t cnt, size_t row_sz);
