// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Whole reads and writes. 0 or a negative errno. */
#include <stddef.h>

/* Reads a file from start to end, at most max bytes (-EFBIG beyond), and adds a NUL behind it. The
 * caller frees *ret_data. Works on /proc, whose files have no size. */
int io_read_file(const char *path, size_t max, char **ret_data, size_t *ret_size);
int io_read_fd(int fd, size_t max, char **ret_data, size_t *ret_size);

/* Reads exactly size bytes at an offset; -EIO when the file ends before. */
int io_pread_full(int fd, void *buf, size_t size, unsigned long long off);

int io_write_full(int fd, const void *buf, size_t size);
