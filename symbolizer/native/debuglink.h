// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The sections that name another file. */
#include "symbolizer/native/elf_file.h"

/* .gnu_debuglink: a file's name without folders, and its CRC. -ENODATA: there is none, or it is
 * damaged. */
int debuglink_read(struct elf_file *file, char *name, size_t size, uint32_t *ret_crc);
int debuglink_parse(struct view v, char *name, size_t size, uint32_t *ret_crc);

/* .gnu_debugaltlink (dwz): a path, often relative to the file's folder, and a build id. */
int debugaltlink_read(struct elf_file *file, char *name, size_t size, struct build_id *ret_id);
int debugaltlink_parse(struct view v, char *name, size_t size, struct build_id *ret_id);

/* The CRC-32 of a whole file. */
int file_crc(int fd, uint32_t *ret_crc);
