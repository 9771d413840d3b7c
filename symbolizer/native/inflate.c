// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/inflate.h"

#include <errno.h>

#include <zlib.h>
#include <zstd.h>

#include "common/io.h"

#define STEP 65536

struct packed_file {
	int fd;
	uint64_t off;
	uint64_t left;
	uint8_t step[STEP];
};

/* The next bytes, 0 at the end, or a negative errno. */
static long next_step(struct packed_file *from)
{
	size_t size = from->left < STEP ? from->left : STEP;

	if (size && io_pread_full(from->fd, from->step, size, from->off))
		return -ENODATA;
	from->off += size;
	from->left -= size;
	return (long)size;
}

static int inflate_zlib(struct packed_file *from, uint8_t *to, size_t size)
{
	z_stream stream = { .next_out = to, .avail_out = (uInt)size };
	int status = Z_OK;

	if (inflateInit(&stream) != Z_OK)
		return -ENOMEM;
	while (status == Z_OK) {
		long got = next_step(from);

		if (got <= 0)
			break;
		stream.next_in = from->step;
		stream.avail_in = (uInt)got;
		status = inflate(&stream, Z_NO_FLUSH);
	}
	inflateEnd(&stream);
	return status == Z_STREAM_END && stream.total_out == size ? 0 : -ENODATA;
}

static int inflate_zstd(struct packed_file *from, uint8_t *to, size_t size)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	ZSTD_outBuffer out = { to, size, 0 };
	size_t status = 1;

	if (!ctx)
		return -ENOMEM;
	while (status) {
		long got = next_step(from);
		ZSTD_inBuffer in = { from->step, got > 0 ? (size_t)got : 0, 0 };

		if (got <= 0)
			break;
		while (in.pos < in.size && status) {
			size_t before = in.pos + out.pos;

			status = ZSTD_decompressStream(ctx, &out, &in);
			if (ZSTD_isError(status) || before == in.pos + out.pos)
				goto out;
		}
	}
out:
	ZSTD_freeDCtx(ctx);
	return status == 0 && out.pos == size ? 0 : -ENODATA;
}

int inflate_from_file(enum packing packing, int fd, uint64_t off, uint64_t packed_size, uint8_t *to,
		      size_t size)
{
	struct packed_file from = { .fd = fd, .off = off, .left = packed_size };

	switch (packing) {
	case PACKED_ZLIB:
		return inflate_zlib(&from, to, size);
	case PACKED_ZSTD:
		return inflate_zstd(&from, to, size);
	default:
		return -ENOTSUP;
	}
}
