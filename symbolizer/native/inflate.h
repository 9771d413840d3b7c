// SPDX-License-Identifier: Apache-2.0
#pragma once

/* A packed range of a file, unpacked into memory of known size. */
#include <stddef.h>
#include <stdint.h>

enum packing { PACKED_UNKNOWN, PACKED_ZLIB, PACKED_ZSTD };

/* Memory for size bytes, to be freed with free(); NULL: none. */
void *inflate_buffer(size_t size);

/* -ENODATA: damaged, or not exactly size bytes; -ENOTSUP: packed in a way unknown. */
int inflate_from_file(enum packing packing, int fd, uint64_t off, uint64_t packed_size, uint8_t *to,
		      size_t size);
