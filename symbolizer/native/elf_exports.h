// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Whether a file's dynamic symbols define a name, asked of its hash table: a few small reads, where an
 * elf_image (elf_image.h) reads whole segments. Format: DT_GNU_HASH as GNU ld 2.40 and lld 14 write it.
 */
#include <stdbool.h>

#include "symbolizer/native/elf_file.h"

/* Whether it may define one of the names, a list that ends with NULL: true as well where there is no such
 * hash table to ask. */
bool elf_exports__may_have(struct elf_file *file, const char *const *names);
