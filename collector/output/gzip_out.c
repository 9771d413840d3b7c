// SPDX-License-Identifier: Apache-2.0
#include "collector/output/gzip_out.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <zlib.h>

#define PIECE_BYTES 65536UL

struct buffer {
	uint8_t *bytes; /* owned */
	size_t size;
	size_t room;
};

struct gzip_out {
	z_stream z;
	struct buffer plain; /* a piece that is not packed yet */
	struct buffer packed;
	bool failed;
};

static bool grow(struct buffer *b, size_t more)
{
	size_t room = b->room + b->room / 4 + more;
	uint8_t *bytes;

	if (b->size + more <= b->room)
		return true;
	bytes = realloc(b->bytes, room);
	if (!bytes)
		return false;
	b->bytes = bytes;
	b->room = room;
	return true;
}

struct gzip_out *gzip_out__new(void)
{
	struct gzip_out *out = calloc(1, sizeof(*out));

	/* 15 + 16: a gzip header, whose time is 0 */
	if (out && deflateInit2(&out->z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(out);
		return NULL;
	}
	return out;
}

void gzip_out__free(struct gzip_out *out)
{
	if (!out)
		return;
	deflateEnd(&out->z);
	free(out->plain.bytes);
	free(out->packed.bytes);
	free(out);
}

/* Packs what waits. */
static void pack(struct gzip_out *out, int flush)
{
	int err = Z_OK;

	out->z.next_in = out->plain.bytes;
	out->z.avail_in = (uInt)out->plain.size;
	out->plain.size = 0;
	do {
		if (!grow(&out->packed, PIECE_BYTES)) {
			out->failed = true;
			return;
		}
		out->z.next_out = out->packed.bytes + out->packed.size;
		out->z.avail_out = (uInt)PIECE_BYTES;
		err = deflate(&out->z, flush);
		out->packed.size += PIECE_BYTES - out->z.avail_out;
	} while (err == Z_OK && !out->z.avail_out);
}

uint8_t *gzip_out__reserve(struct gzip_out *out, size_t size)
{
	if (out->plain.size >= PIECE_BYTES)
		pack(out, Z_NO_FLUSH);
	if (size > UINT32_MAX - 2 * PIECE_BYTES || !grow(&out->plain, size))
		out->failed = true;
	if (out->failed)
		return NULL;
	out->plain.size += size;
	return out->plain.bytes + out->plain.size - size;
}

int gzip_out__finish(struct gzip_out *out, uint8_t **ret_data, size_t *ret_size)
{
	if (!out->failed)
		pack(out, Z_FINISH);
	if (out->failed)
		return -ENOMEM;
	*ret_data = take_ptr(out->packed.bytes);
	*ret_size = out->packed.size;
	out->packed = (struct buffer){ 0 };
	return 0;
}
