// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/debugdata.h"

#include <errno.h>
#include <stdlib.h>

#include <lzma.h>

#define MAX_IMAGE (256UL << 20)
#define MAX_MEMORY (128UL << 20)

static int unpack(lzma_stream *stream, uint8_t **ret_image, size_t *ret_size)
{
	scope_memory uint8_t *image = NULL;
	size_t room = 1 << 16;

	for (;;) {
		uint8_t *more = realloc(image, room);
		lzma_ret status;

		if (!more)
			return -ENOMEM;
		image = more;
		stream->next_out = image + stream->total_out;
		stream->avail_out = room - stream->total_out;
		status = lzma_code(stream, LZMA_FINISH);
		if (status == LZMA_STREAM_END) {
			*ret_size = stream->total_out;
			*ret_image = take_ptr(image);
			return 0;
		}
		if (status != LZMA_OK || stream->avail_out || room >= MAX_IMAGE)
			return -ENODATA;
		room *= 2;
	}
}

int debugdata_load(struct elf_file *file, uint8_t **ret_image, size_t *ret_size)
{
	const struct elf_section *s = elf_file__section(file, ".gnu_debugdata");
	lzma_stream stream = LZMA_STREAM_INIT;
	struct view packed;
	int err;

	if (!s || elf_file__section_data(file, s, &packed))
		return -ENODATA;
	if (lzma_stream_decoder(&stream, MAX_MEMORY, 0) != LZMA_OK)
		return -ENOMEM;
	stream.next_in = packed.data;
	stream.avail_in = packed.size;
	err = unpack(&stream, ret_image, ret_size);
	lzma_end(&stream);
	return err;
}
