// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Files that are kept across runs in a folder of our own, named by build id and kind (".names",
 * ".rows"). They are written beside and renamed, readable by their owner alone. dir_fd: that folder;
 * -1: nothing is kept.
 */
#include <sys/types.h>
#include <sys/uio.h>

#include "symbolizer/native/elf_file.h"

/* A descriptor of the file and its size; it now counts as used. -ENOENT: there is none, or none that
 * is of use; -EFBIG: above max. */
int kept_file_open(int dir_fd, const struct build_id *id, const char *kind, uint64_t max,
		   uint64_t *ret_size);
/* What cannot be written is no error. */
void kept_file_write(int dir_fd, const struct build_id *id, const char *kind,
		     const struct iovec *parts, int part_cnt);
/* Drops the files that were not used for longest while all of them are above max_bytes: once a run. */
void kept_files_prune(int dir_fd, uint64_t max_bytes);
