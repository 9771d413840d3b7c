// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Rows (cfi.h) that were made before, kept across runs. They are taken for the very file that they were
 * made from (device, inode, size, times of change), by the very program that made them: a build id alone
 * could be claimed by another file.
 */
#include "symbolizer/native/cfi.h"

struct cfi_cache { /* borrowed by whoever asks */
	int dir_fd; /* as in kept_file.h */
	struct build_id maker; /* of the program that runs; size 0: nothing is kept */
};

/* As cfi_table__load(); fd: of the file, -1 when it is an image in memory. */
int cfi_cache__load(const struct cfi_cache *cache, int fd, struct elf_file *file,
		    struct cfi_table **ret_table);
