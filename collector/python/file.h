// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What a file has to do with Python: an interpreter, or the C library that keeps its threads'
 * states. */
#include "collector/source/record.h"
#include "symbolizer/native/kept_key.h"

/* 0 and a record that the caller frees, or -ENOENT: nothing; another negative errno: not
 * readable. An interpreter's is kept for the next run. fd: of the file. */
int python_file_facts(const struct kept_folder *folder, int fd, uint32_t binary,
		      struct elf_file *file, struct python_file_record **ret_facts);
