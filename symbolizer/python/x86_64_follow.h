// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Follows x86-64 code in a straight line, without running it. */
#include <stdbool.h>

#include "symbolizer/native/elf_image.h"
#include "symbolizer/python/code_value.h"

/* function: where it begins, and how far jumps stay in it. taken: bit n says whether the branch
 * that is met as number n is taken. through_calls: the first call is taken for one of
 * __tls_get_addr(). At most some dozens of instructions. */
struct code_outcome x86_64_follow(struct elf_image *image, const struct elf_image_symbol *function,
				  uint32_t taken, bool through_calls);
