// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Rows (cfi.h) that were made before, kept across runs: kept_key.h says for whom. */
#include "symbolizer/native/cfi.h"
#include "symbolizer/native/kept_key.h"

/* As cfi_table__load(); fd: of the file, -1 when it is an image in memory. */
int cfi_cache__load(const struct kept_folder *cache, int fd, struct elf_file *file,
		    struct cfi_table **ret_table);
