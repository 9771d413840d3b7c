// SPDX-License-Identifier: Apache-2.0
/* Records put together by the layouts of perf_event_open(2). */
#include "tests/unit/unit.h"

#include <linux/perf_event.h>

#include "collector/capture/perf_records.h"

#define TIME 4711

struct bytes { /* a record being written; exactly as long as it is, so that ASan sees one byte more */
	uint8_t *data;
	size_t size;
};

static void put(struct bytes *b, const void *data, size_t size)
{
	b->data = realloc(b->data, b->size + size);
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

static void put_u32(struct bytes *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_u64(struct bytes *b, uint64_t value)
{
	put(b, &value, sizeof(value));
}

static struct bytes begin(uint32_t type, uint16_t misc)
{
	struct bytes b = { 0 };
	struct perf_event_header h = { .type = type, .misc = misc };

	put(&b, &h, sizeof(h));
	return b;
}

static void put_text(struct bytes *b, const char *text)
{
	static const char zeros[8];
	size_t len = strlen(text);

	put(b, text, len);
	put(b, zeros, 8 - len % 8);
}

static void end(struct bytes *b)
{
	uint16_t size;

	put_u64(b, TIME);
	size = (uint16_t)b->size;
	memcpy(b->data + offsetof(struct perf_event_header, size), &size, sizeof(size));
}

struct seen {
	struct record_header *rec; /* the last one; owned */
	int cnt;
};

static void see(void *ctx, const struct record_header *rec)
{
	struct seen *seen = ctx;

	assert_true(record_valid(rec));
	free(seen->rec);
	seen->rec = malloc(rec->size);
	memcpy(seen->rec, rec, rec->size);
	seen->cnt++;
}

static struct seen take(const struct bytes *b, size_t size)
{
	scope_free(batch) struct batch *batch = batch__new();
	struct seen seen = { 0 };
	uint8_t *exact = malloc(size);

	memcpy(exact, b->data, size);
	perf_record__take(exact, size, batch);
	free(exact);
	batch__emit(batch, UINT64_MAX, see, &seen);
	return seen;
}

/* Takes the whole record, then every shorter one, which may tell nothing or something valid. */
static struct record_header *take_and_cut(struct bytes *b)
{
	struct seen whole = take(b, b->size);

	for (size_t size = 0; size < b->size; size++)
		free(take(b, size).rec);
	free(b->data);
	assert_int_equal(whole.cnt, 1);
	assert_int_equal(whole.rec->time_ns, TIME);
	return whole.rec;
}

static struct bytes begin_mmap(uint16_t misc, uint64_t start, uint64_t len)
{
	struct bytes b = begin(PERF_RECORD_MMAP2, misc);

	put_u32(&b, 12);
	put_u32(&b, 13);
	put_u64(&b, start);
	put_u64(&b, len);
	put_u64(&b, 0x3000); /* offset */
	return b;
}

static void end_mmap(struct bytes *b, const char *path)
{
	put_u32(b, 5); /* prot */
	put_u32(b, 2); /* flags */
	put_text(b, path);
	end(b);
}

static void mmap_by_inode(void **state)
{
	struct bytes b = begin_mmap(PERF_RECORD_MISC_USER, 0x10000, 0x2000);
	struct mmap_record *rec;

	(void)state;
	put_u32(&b, 8);
	put_u32(&b, 1);
	put_u64(&b, 99); /* inode */
	put_u64(&b, 7); /* generation */
	end_mmap(&b, "/lib/x.so");
	rec = (struct mmap_record *)take_and_cut(&b);
	assert_int_equal(rec->h.type, RECORD_MMAP);
	assert_int_equal(rec->pid, 12);
	assert_int_equal(rec->start, 0x10000);
	assert_int_equal(rec->end, 0x12000);
	assert_int_equal(rec->file_off, 0x3000);
	assert_int_equal(rec->dev_major, 8);
	assert_int_equal(rec->dev_minor, 1);
	assert_int_equal(rec->inode, 99);
	assert_int_equal(rec->build_id.size, 0);
	assert_int_equal(rec->scanned, 0);
	assert_string_equal(mmap_record_path(rec), "/lib/x.so");
	free(rec);
}

static void mmap_by_build_id(void **state)
{
	static const uint8_t id[24] = { 20, 0,	0,  0,	1,  2,	3,  4,	5,  6,	7,  8,
					9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };
	struct bytes b = begin_mmap(PERF_RECORD_MISC_MMAP_BUILD_ID, 0x10000, 0x2000);
	struct mmap_record *rec;

	(void)state;
	put(&b, id, sizeof(id));
	end_mmap(&b, "/lib/x.so.6"); /* 12 bytes with its NUL */
	rec = (struct mmap_record *)take_and_cut(&b);
	assert_int_equal(rec->inode, 0);
	assert_int_equal(rec->build_id.size, 20);
	assert_memory_equal(rec->build_id.bytes, id + 4, 20);
	assert_string_equal(mmap_record_path(rec), "/lib/x.so.6");
	free(rec);
}

static void impossible_mappings_tell_nothing(void **state)
{
	static const struct {
		uint64_t start, len;
		uint8_t build_id_size;
	} rows[] = {
		{ 0x1000, 0, 20 },	 { UINT64_MAX - 0xfff, 0x2000, 20 }, { 1, UINT64_MAX, 20 },
		{ 0x1000, 0x1000, 21 }, /* a longer build id than the field */
		{ 0x1000, 0x1000, 255 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct bytes b = begin_mmap(PERF_RECORD_MISC_MMAP_BUILD_ID, rows[i].start,
					    rows[i].len);
		uint8_t id[24] = { rows[i].build_id_size };

		put(&b, id, sizeof(id));
		end_mmap(&b, "/x");
		expect(!take(&b, b.size).cnt, i);
		free(b.data);
	}
}

static void comm(void **state)
{
	static const struct {
		uint16_t misc;
		const char *text;
		const char *comm;
		uint32_t exec;
	} rows[] = {
		{ 0, "bash", "bash", 0 },
		{ PERF_RECORD_MISC_COMM_EXEC, "bash", "bash", 1 },
		{ 0, "", "", 0 },
		{ 0, "fifteen letters", "fifteen letters", 0 },
		{ 0, "more than fifteen letters", "more than fifte", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct bytes b = begin(PERF_RECORD_COMM, rows[i].misc);
		struct comm_record *rec;

		put_u32(&b, 12);
		put_u32(&b, 13);
		put_text(&b, rows[i].text);
		end(&b);
		rec = (struct comm_record *)take_and_cut(&b);
		expect(rec->h.type == RECORD_COMM && rec->pid == 12 && rec->tid == 13, i);
		expect(!strcmp(rec->comm, rows[i].comm) && rec->exec == rows[i].exec, i);
		free(rec);
	}
}

static struct bytes task_record(uint32_t type, uint32_t pid, uint32_t ppid)
{
	struct bytes b = begin(type, 0);

	put_u32(&b, pid);
	put_u32(&b, ppid);
	put_u32(&b, 21); /* tid */
	put_u32(&b, 22); /* ptid */
	put_u64(&b, 1); /* time of its own */
	end(&b);
	return b;
}

static void fork_and_exit(void **state)
{
	struct bytes thread = task_record(PERF_RECORD_FORK, 12, 12);
	struct bytes child = task_record(PERF_RECORD_FORK, 14, 12);
	struct bytes gone = task_record(PERF_RECORD_EXIT, 14, 12);
	struct fork_record *fork;
	struct exit_record *exit;

	(void)state;
	assert_int_equal(take(&thread, thread.size).cnt, 0);
	free(thread.data);
	fork = (struct fork_record *)take_and_cut(&child);
	assert_int_equal(fork->h.type, RECORD_FORK);
	assert_int_equal(fork->pid, 14);
	assert_int_equal(fork->parent_pid, 12);
	free(fork);
	exit = (struct exit_record *)take_and_cut(&gone);
	assert_int_equal(exit->h.type, RECORD_EXIT);
	assert_int_equal(exit->pid, 14);
	assert_int_equal(exit->tid, 21);
	free(exit);
}

static void lost(void **state)
{
	struct bytes b = begin(PERF_RECORD_LOST, 0);
	struct lost_record *rec;

	(void)state;
	put_u64(&b, 3); /* id */
	put_u64(&b, 1234);
	end(&b);
	rec = (struct lost_record *)take_and_cut(&b);
	assert_int_equal(rec->h.type, RECORD_LOST);
	assert_int_equal(rec->cnt, 1234);
	free(rec);
}

static void other_records_tell_nothing(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 64; type++) {
		struct bytes b = task_record(type, 1, 2);

		if (type != PERF_RECORD_FORK && type != PERF_RECORD_EXIT &&
		    type != PERF_RECORD_COMM && type != PERF_RECORD_LOST)
			expect(!take(&b, b.size).cnt, type);
		free(b.data);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mmap_by_inode),
		cmocka_unit_test(mmap_by_build_id),
		cmocka_unit_test(impossible_mappings_tell_nothing),
		cmocka_unit_test(comm),
		cmocka_unit_test(fork_and_exit),
		cmocka_unit_test(lost),
		cmocka_unit_test(other_records_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
