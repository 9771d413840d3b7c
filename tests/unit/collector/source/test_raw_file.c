// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "collector/source/raw_file.h"
#include "common/io.h"

#define RECORDS 40

struct paths {
	char whole[64];
	char other[64];
	char *bytes; /* of whole */
	size_t size;
};

struct seen {
	uint32_t cnt;
	bool in_order;
};

static void add_numbered(struct raw_writer *writer, uint32_t number)
{
	struct exit_record rec = { .h = { RECORD_EXIT, sizeof(rec), number },
				   .pid = number,
				   .tid = number * 2654435761U };

	raw_writer__add(writer, &rec.h);
}

static void add_end(struct raw_writer *writer)
{
	struct end_record rec = { .h = { RECORD_END, sizeof(rec), RECORDS } };

	raw_writer__add(writer, &rec.h);
}

static int set_up(void **state)
{
	struct paths *p = calloc(1, sizeof(*p));
	struct raw_writer *writer;
	int fd;

	if (!p)
		return -1;
	strcpy(p->whole, "/tmp/sonde-test-raw-XXXXXX");
	fd = mkstemp(p->whole);
	snprintf(p->other, sizeof(p->other), "%s.other", p->whole);
	if (fd < 0 || raw_writer__open(fd, &writer))
		return -1;
	for (uint32_t i = 0; i < RECORDS; i++)
		add_numbered(writer, i);
	add_end(writer);
	if (raw_writer__close(writer))
		return -1;
	close(fd);
	*state = p;
	return io_read_file(p->whole, 1 << 20, &p->bytes, &p->size);
}

static int tear_down(void **state)
{
	struct paths *p = *state;

	unlink(p->whole);
	unlink(p->other);
	free(p->bytes);
	free(p);
	return 0;
}

static void see(void *ctx, const struct record_header *h)
{
	const struct exit_record *rec = (const void *)h;
	struct seen *seen = ctx;

	if (h->type == RECORD_END)
		return;
	seen->in_order = seen->in_order && h->type == RECORD_EXIT && rec->pid == seen->cnt &&
			 rec->tid == seen->cnt * 2654435761U;
	seen->cnt++;
}

static int read_all(const char *path, struct seen *seen)
{
	struct record_source *source;
	int more = raw_source__open(path, &source);

	*seen = (struct seen){ .in_order = true };
	if (more)
		return more;
	do
		more = source->read(source, 0, see, seen);
	while (more > 0);
	source->free(source);
	return more;
}

static void write_other(const struct paths *p, const char *bytes, size_t size)
{
	int fd = open(p->other, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void gives_back_what_was_written(void **state)
{
	struct paths *p = *state;
	struct seen seen;

	assert_int_equal(read_all(p->whole, &seen), 0);
	assert_int_equal(seen.cnt, RECORDS);
	assert_true(seen.in_order);
}

/* A sound gzip file whose records stop before the end of the recording: zlib has nothing to say of it. */
static void a_recording_without_its_end(void **state)
{
	struct paths *p = *state;
	int fd = open(p->other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct raw_writer *writer;
	struct seen seen;

	assert_int_equal(raw_writer__open(fd, &writer), 0);
	for (uint32_t i = 0; i < 3; i++)
		add_numbered(writer, i);
	assert_int_equal(raw_writer__close(writer), 0);
	close(fd);
	assert_int_equal(read_all(p->other, &seen), -EBADMSG);
	assert_int_equal(seen.cnt, 3);
	assert_true(seen.in_order);
}

/* Wherever it ends too early: what came before is handed out, and the end is told. */
static void cut_short_anywhere(void **state)
{
	struct paths *p = *state;

	for (size_t size = 0; size < p->size; size++) {
		struct seen seen;

		write_other(p, p->bytes, size);
		expect(read_all(p->other, &seen) == -EBADMSG, size);
		expect(seen.in_order && seen.cnt <= RECORDS, size);
	}
}

/* Behind gzip's header of ten bytes no byte can be changed without being noticed. */
static void damaged_anywhere(void **state)
{
	struct paths *p = *state;

	for (size_t at = 10; at < p->size; at++) {
		struct seen seen;

		p->bytes[at] = (char)(p->bytes[at] ^ 0x55);
		write_other(p, p->bytes, p->size);
		p->bytes[at] = (char)(p->bytes[at] ^ 0x55);
		expect(read_all(p->other, &seen) == -EBADMSG, at);
	}
}

static void other_files_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "", 0 },
		{ "text", 4 },
		{ "sonde\0\0\2", 8 }, /* a version to come */
		{ "\x1f\x8b\x08", 3 },
	};
	struct paths *p = *state;
	struct seen seen;

	for (size_t i = 0; i < ROWS(rows); i++) {
		write_other(p, rows[i].bytes, rows[i].size);
		expect(read_all(p->other, &seen) == -EBADMSG, i);
	}
	assert_int_equal(read_all("/nonexistent/file", &seen), -ENOENT);
}

/* zlib reads files that are not packed as they are: sizes that lie. */
static void sizes_that_lie(void **state)
{
	static const uint32_t sizes[] = { 0, 8, 15, 17, 20, 32, RECORD_MAX_SIZE + 8, UINT32_MAX };
	struct paths *p = *state;

	for (size_t i = 0; i < ROWS(sizes); i++) {
		struct {
			char magic[8];
			struct record_header h;
		} bytes = { "sonde\0\0\1", { RECORD_HOST, sizes[i], 0 } };
		struct seen seen;

		write_other(p, (const char *)&bytes, sizeof(bytes));
		expect(read_all(p->other, &seen) == -EBADMSG, i);
		expect(!seen.cnt, i);
	}
}

/* What stacks held stays here; the kernel's addresses do not. */
static void stacks_are_left_out(void **state)
{
	struct paths *p = *state;
	struct {
		struct copy_record rec;
		__u64 kernel[2];
		char stack[64];
	} copy = { .rec = { .sample = { .h = { RECORD_COPY, sizeof(copy), 1 }, .kernel_cnt = 2 },
			    .stack_size = 64 },
		   .kernel = { 11, 12 } };
	struct wanted_record wanted = { .h = { RECORD_WANTED, sizeof(wanted), 1 } };
	struct raw_writer *writer;
	scope_memory char *bytes = NULL;
	size_t size;
	int fd = open(p->other, O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(copy.stack, 'S', sizeof(copy.stack));
	assert_int_equal(raw_writer__open(fd, &writer), 0);
	raw_writer__add(writer, &copy.rec.sample.h);
	raw_writer__add(writer, &wanted.h);
	assert_int_equal(raw_writer__close(writer), 0);
	close(fd);
	bytes = calloc(1, 4096);
	assert_non_null(bytes);
	snprintf(bytes, 4096, "gzip -dc %s", p->other);
	FILE *unpacked = popen(bytes, "re");
	assert_non_null(unpacked);
	size = fread(bytes, 1, 4096, unpacked);
	assert_int_equal(pclose(unpacked), 0);
	assert_int_equal(size, 8 + sizeof(struct copy_record) + 16);
	assert_true(record_valid((void *)(bytes + 8)));
	assert_null(memchr(bytes, 'S', size));
	assert_int_equal(bytes[8 + sizeof(struct copy_record) + 8], 12);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_written),
		cmocka_unit_test(a_recording_without_its_end),
		cmocka_unit_test(cut_short_anywhere),
		cmocka_unit_test(damaged_anywhere),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(sizes_that_lie),
		cmocka_unit_test(stacks_are_left_out),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
