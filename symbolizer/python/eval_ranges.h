// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The parts of the eval function. Compilers that know which paths are rare put those into a part
 * of their own, far away and without a name in a stripped file: 13 of Debian's 3.11's 68 KB, all
 * but 1 KB of its 3.14's 85.
 */
#include "symbolizer/native/elf_image.h"
#include "symbolizer/python/interpreter.h"

/* start, size: of its dynamic symbol. At least that range, at most max, addresses as linked. */
uint32_t eval_ranges__find(struct elf_image *image, uint64_t start, uint64_t size,
			   struct python_range *ret_ranges, uint32_t max);
