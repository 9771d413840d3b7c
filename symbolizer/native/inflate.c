// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <libdeflate.h>
#include <zstd.h>

#include "common/cleanup.h"
#include "common/io.h"

#define HUGE (2UL << 20)

/* Of a library's debug information most of the time goes into this: libdeflate takes a third of
 * zlib's. */
static int inflate_zlib(const uint8_t *from, size_t packed_size, uint8_t *to, size_t size)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result status;

	if (!d)
		return -ENOMEM;
	status = libdeflate_zlib_decompress(d, from, packed_size, to, size, NULL);
	libdeflate_free_decompressor(d);
	return status == LIBDEFLATE_SUCCESS ? 0 : -ENODATA;
}

static int inflate_zstd(const uint8_t *from, size_t packed_size, uint8_t *to, size_t size)
{
	return ZSTD_decompress(to, size, from, packed_size) == size ? 0 : -ENODATA;
}

void *inflate_buffer(size_t size)
{
	void *buffer;

	if (size < 2 * HUGE)
		return malloc(size ? size : 1);
	/* thousands of page faults would cost as much as a quarter of the unpacking */
	buffer = aligned_alloc(HUGE, (size + HUGE - 1) & ~(HUGE - 1));
	if (buffer)
		madvise(buffer, size, MADV_HUGEPAGE);
	return buffer;
}

int inflate_from_file(enum packing packing, int fd, uint64_t off, uint64_t packed_size, uint8_t *to,
		      size_t size)
{
	scope_memory uint8_t *packed = inflate_buffer(packed_size);

	if (packing == PACKED_UNKNOWN)
		return -ENOTSUP;
	if (!packed)
		return -ENOMEM;
	if (io_pread_full(fd, packed, packed_size, off))
		return -ENODATA;
	return packing == PACKED_ZLIB ? inflate_zlib(packed, packed_size, to, size) :
					inflate_zstd(packed, packed_size, to, size);
}
