// SPDX-License-Identifier: Apache-2.0
#include "collector/source/raw_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

static const char magic[8] = "sonde\0\0\1";

struct raw_writer {
	gzFile file;
	int err;
};

static void put(struct raw_writer *writer, const void *data, uint32_t size)
{
	if (!writer->err && gzwrite(writer->file, data, size) != (int)size)
		writer->err = errno ? -errno : -EIO;
}

int raw_writer__open(const char *path, struct raw_writer **ret_writer)
{
	struct raw_writer *writer = calloc(1, sizeof(*writer));
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err = -errno;

	if (!writer || fd < 0) {
		free(writer);
		return fd < 0 ? err : -ENOMEM;
	}
	writer->file = gzdopen(fd, "wb1");
	if (!writer->file) {
		close(fd);
		free(writer);
		return -ENOMEM;
	}
	put(writer, magic, sizeof(magic));
	*ret_writer = writer;
	return 0;
}

int raw_writer__close(struct raw_writer *writer)
{
	int err;

	if (!writer)
		return 0;
	err = writer->err;
	if (gzclose(writer->file) != Z_OK && !err)
		err = -EIO;
	free(writer);
	return err;
}

void raw_writer__add(struct raw_writer *writer, const struct record_header *rec)
{
	put(writer, rec, rec->size);
}

static int read_records(gzFile file, record_fn fn, void *ctx)
{
	scope_memory uint8_t *bytes = NULL;
	size_t room = 0;
	struct record_header h;
	int n;

	while ((n = gzread(file, &h, sizeof(h))) == sizeof(h)) {
		uint8_t *more;

		if (h.size < sizeof(h) || h.size > RECORD_MAX_SIZE || h.size % 8)
			return -EBADMSG;
		if (h.size > room) {
			more = realloc(bytes, h.size);
			if (!more)
				return -ENOMEM;
			bytes = more;
			room = h.size;
		}
		memcpy(bytes, &h, sizeof(h));
		if (gzread(file, bytes + sizeof(h), h.size - (unsigned int)sizeof(h)) !=
		    (int)(h.size - sizeof(h)))
			return -EBADMSG;
		if (!record_valid((void *)bytes))
			return -EBADMSG;
		fn(ctx, (void *)bytes);
	}
	return n ? -EBADMSG : 0;
}

int raw_file_read(const char *path, record_fn fn, void *ctx)
{
	gzFile file = gzopen(path, "rbe");
	char head[sizeof(magic)];
	int err = -EBADMSG;

	if (!file)
		return errno ? -errno : -ENOMEM;
	if (gzread(file, head, sizeof(head)) == sizeof(head) && !memcmp(head, magic, sizeof(magic)))
		err = read_records(file, fn, ctx);
	gzclose(file);
	return err;
}
