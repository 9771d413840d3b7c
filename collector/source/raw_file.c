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

int raw_writer__open(int fd, struct raw_writer **ret_writer)
{
	struct raw_writer *writer = calloc(1, sizeof(*writer));
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (writer && own >= 0)
		writer->file = gzdopen(own, "wb1");
	if (!writer || !writer->file) {
		if (own >= 0)
			close(own);
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
	errno = 0;
	err = writer->err;
	if (gzclose(writer->file) != Z_OK && !err)
		err = errno ? -errno : -EIO;
	free(writer);
	return err;
}

static void put_without_stack(struct raw_writer *writer, const struct copy_record *rec)
{
	struct copy_record head = *rec;
	uint32_t kernel_bytes = rec->sample.kernel_cnt * 8U;

	head.stack_size = 0;
	head.sample.user_words = 0; /* WALKED has them too */
	head.sample.h.size = (uint32_t)sizeof(head) + kernel_bytes;
	put(writer, &head, sizeof(head));
	put(writer, copy_kernel_words(rec), kernel_bytes);
}

void raw_writer__add(struct raw_writer *writer, const struct record_header *rec)
{
	if (rec->type == RECORD_COPY)
		put_without_stack(writer, (const void *)rec);
	else if (rec->type != RECORD_WANTED)
		put(writer, rec, rec->size);
}

struct raw_source {
	struct record_source source;
	gzFile file;
	uint8_t *bytes; /* one record; owned */
	size_t room;
	bool ended; /* the last record was the one that ends a recording */
};

static int reserve(struct raw_source *raw, size_t size)
{
	uint8_t *more;

	if (size <= raw->room)
		return 0;
	more = realloc(raw->bytes, size);
	if (!more)
		return -ENOMEM;
	raw->bytes = more;
	raw->room = size;
	return 0;
}

/* gzread() has no word for a file that ends in the middle of its stream; where its own buffer is full just
 * then, gzerror() has none either. */
static bool ends_well(gzFile file)
{
	int err;

	gzerror(file, &err);
	return err == Z_OK;
}

/* 1: a record is in bytes; 0: the file's end. */
static int read_record(struct raw_source *raw)
{
	struct record_header h;
	int n = gzread(raw->file, &h, sizeof(h)), err;

	if (n != sizeof(h))
		return n || !raw->ended || !ends_well(raw->file) ? -EBADMSG : 0;
	if (h.size < sizeof(h) || h.size > RECORD_MAX_SIZE || h.size % 8)
		return -EBADMSG;
	err = reserve(raw, h.size);
	if (err)
		return err;
	memcpy(raw->bytes, &h, sizeof(h));
	n = (int)(h.size - sizeof(h));
	if (gzread(raw->file, raw->bytes + sizeof(h), (unsigned int)n) != n)
		return -EBADMSG;
	raw->ended = h.type == RECORD_END;
	return record_valid((void *)raw->bytes) ? 1 : -EBADMSG;
}

#define RECORDS_PER_READ 1024

static int raw_source_read(struct record_source *source, int timeout_ms, record_fn fn, void *ctx)
{
	struct raw_source *raw = (struct raw_source *)source;
	int more = 1;

	(void)timeout_ms; /* a file has all its records */
	for (int i = 0; more > 0 && i < RECORDS_PER_READ; i++) {
		more = read_record(raw);
		if (more > 0)
			fn(ctx, (void *)raw->bytes);
	}
	return more;
}

static void raw_source_free(struct record_source *source)
{
	struct raw_source *raw = (struct raw_source *)source;

	if (raw->file)
		gzclose(raw->file);
	free(raw->bytes);
	free(raw);
}

int raw_source__open(const char *path, struct record_source **ret_source)
{
	struct raw_source *raw = calloc(1, sizeof(*raw));
	char head[sizeof(magic)];
	int err = 0;

	if (!raw)
		return -ENOMEM;
	raw->source = (struct record_source){ raw_source_read, raw_source_free };
	errno = 0;
	raw->file = gzopen(path, "rbe");
	if (!raw->file)
		err = errno ? -errno : -ENOMEM;
	else if (gzread(raw->file, head, sizeof(head)) != sizeof(head) ||
		 memcmp(head, magic, sizeof(magic)))
		err = -EBADMSG;
	if (err) {
		raw_source_free(&raw->source);
		return err;
	}
	*ret_source = &raw->source;
	return 0;
}
