// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>

#include "collector/process/binary.h"

struct mapping { /* what a mapping record says */
	const char *path;
	uint8_t build_id; /* its first byte; 0: none */
	uint64_t inode;
	uint32_t dev;
};

static struct binary *map(struct binaries *all, struct mapping m)
{
	struct {
		struct mmap_record rec;
		char path[64];
	} r = { .rec = { .h = { RECORD_MMAP, sizeof(r), 1 },
			 .start = 0x1000,
			 .end = 0x2000,
			 .file_off = 0x3000,
			 .inode = m.inode,
			 .pid = 7,
			 .dev_major = m.dev,
			 .path_size = sizeof(r.path) } };

	if (m.build_id) {
		r.rec.build_id.size = 20;
		r.rec.build_id.bytes[0] = m.build_id;
	}
	strcpy(r.path, m.path);
	assert_true(record_valid(&r.rec.h));
	return binaries__of_mapping(all, &r.rec);
}

struct opened { /* what opening told */
	uint8_t build_id;
	uint64_t inode;
	uint64_t size;
	int error;
};

static void learn(struct binaries *all, const struct binary *binary, struct opened o)
{
	struct file_record rec = { .h = { RECORD_FILE, sizeof(rec), 2 },
				   .binary = binary->id,
				   .error = o.error,
				   .dev = 1,
				   .inode = o.inode,
				   .mtime_ns = 5,
				   .size = o.size };

	if (o.build_id) {
		rec.build_id.size = 20;
		rec.build_id.bytes[0] = o.build_id;
	}
	assert_true(record_valid(&rec.h));
	binaries__learn(all, &rec);
}

static void what_is_mapped(void **state)
{
	static const struct {
		const char *path;
		enum binary_kind kind;
		const char *kept; /* NULL: no binary of its own */
		bool deleted;
	} rows[] = {
		{ "/bin/a", BINARY_FILE, "/bin/a", false },
		{ "/bin/b (deleted)", BINARY_FILE, "/bin/b", true },
		{ "/bin/c (deleted) (deleted)", BINARY_FILE, "/bin/c (deleted)", true },
		{ "/dev/shm/d", BINARY_FILE, "/dev/shm/d", false },
		{ "[vdso]", BINARY_VDSO, "[vdso]", false },
		{ "", BINARY_ANON, NULL, false },
		{ "//anon", BINARY_ANON, NULL, false },
		{ "[heap]", BINARY_ANON, NULL, false },
		{ "[stack]", BINARY_ANON, NULL, false },
		{ "[anon: v8]", BINARY_ANON, NULL, false },
		{ "[vdso", BINARY_ANON, NULL, false },
		{ "/memfd:jit (deleted)", BINARY_ANON, NULL, false },
		{ "/SYSV00000000 (deleted)", BINARY_ANON, NULL, false },
		{ "/dev/zero (deleted)", BINARY_ANON, NULL, false },
		{ "/anon_hugepage (deleted)", BINARY_ANON, NULL, false },
		{ "anon_inode:[perf_event]", BINARY_ANON, NULL, false },
		{ "socket:[1234]", BINARY_ANON, NULL, false },
	};
	scope_free(binaries) struct binaries *all = binaries__new();

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct binary *b = map(all, (struct mapping){ rows[i].path, 0, i + 1, 1 });

		expect(b->kind == rows[i].kind, i);
		expect(!rows[i].kept || !strcmp(b->path, rows[i].kept), i);
		expect(b->deleted == rows[i].deleted, i);
		expect(rows[i].kept || b->id == BINARY_ANON_ID, i);
	}
}

/* Before it is opened, a file is what its mapping says. */
static void one_file_by_its_mappings(void **state)
{
	static const struct {
		struct mapping a, b;
		bool same;
	} rows[] = {
		{ { "/a", 1, 0, 0 }, { "/a", 1, 0, 0 }, true },
		{ { "/a", 1, 0, 0 }, { "/a", 2, 0, 0 }, false },
		{ { "/a", 1, 0, 0 }, { "/b", 1, 0, 0 }, false }, /* opening tells */
		{ { "/a", 0, 5, 1 }, { "/a", 0, 5, 1 }, true },
		{ { "/a", 0, 5, 1 }, { "/a", 0, 6, 1 }, false },
		{ { "/a", 0, 5, 1 }, { "/a", 0, 5, 2 }, false },
		{ { "/a", 1, 0, 0 }, { "/a", 0, 5, 1 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		scope_free(binaries) struct binaries *all = binaries__new();
		struct binary *a = map(all, rows[i].a), *b = map(all, rows[i].b);

		expect((a == b) == rows[i].same, i);
		expect(binaries__canonical(all, b) == b, i);
		expect(binaries__at(all, b->id) == b, i);
	}
}

/* Opened, two names may turn out to be one file. */
static void one_file_when_opened(void **state)
{
	static const struct {
		struct opened a, b;
		bool same;
	} rows[] = {
		{ { 0, 5, 100, 0 }, { 0, 5, 100, 0 }, true }, /* a hard link, another mount */
		{ { 0, 5, 100, 0 }, { 0, 6, 100, 0 }, false },
		{ { 0, 5, 100, 0 }, { 0, 5, 101, 0 }, false }, /* written in between */
		{ { 1, 5, 100, 0 }, { 1, 6, 100, 0 }, true }, /* the same in two containers */
		{ { 1, 5, 100, 0 }, { 2, 6, 100, 0 }, false },
		{ { 1, 5, 100, 0 }, { 1, 6, 101, 0 }, false }, /* one of them lies */
		{ { 1, 5, 100, -ENOENT }, { 1, 5, 100, 0 }, false },
		{ { 1, 5, 100, 0 }, { 1, 5, 100, -EACCES }, false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		scope_free(binaries) struct binaries *all = binaries__new();
		struct binary *a = map(all, (struct mapping){ "/a", 0, 1, 1 });
		struct binary *b = map(all, (struct mapping){ "/b", 0, 2, 1 });

		learn(all, a, rows[i].a);
		learn(all, b, rows[i].b);
		expect(a->state == (rows[i].a.error ? BINARY_FAILED : BINARY_KNOWN), i);
		expect(b->state == (rows[i].b.error ? BINARY_FAILED : BINARY_KNOWN), i);
		expect(a->error == rows[i].a.error && b->error == rows[i].b.error, i);
		expect((binaries__canonical(all, b) == a) == rows[i].same, i);
		expect(binaries__canonical(all, a) == a, i);
	}
}

/* By build id the second joins the first, by inode the third joins the second: one file. */
static void joins_are_followed_to_the_eldest(void **state)
{
	scope_free(binaries) struct binaries *all = binaries__new();
	struct binary *b[4];

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		b[i] = map(all, (struct mapping){ "/a", 0, 10 + i, 1 });
	learn(all, b[0], (struct opened){ 1, 1, 100, 0 });
	learn(all, b[1], (struct opened){ 1, 2, 100, 0 });
	learn(all, b[2], (struct opened){ 1, 2, 100, 0 });
	learn(all, b[3], (struct opened){ 0, 2, 100, 0 });
	for (int i = 0; i < 4; i++)
		expect(binaries__canonical(all, b[i]) == b[0], i);
}

/* Records of a file that somebody made up. */
static void what_is_known_stays(void **state)
{
	static const struct opened first = { 1, 5, 100, 0 }, second = { 2, 6, 200, 0 };
	scope_free(binaries) struct binaries *all = binaries__new();
	struct binary *a = map(all, (struct mapping){ "/a", 0, 1, 1 });
	struct file_record nobody = { .h = { RECORD_FILE, sizeof(nobody), 1 }, .binary = 1000 };

	(void)state;
	binaries__learn(all, &nobody);
	learn(all, a, (struct opened){ 0, 0, 0, -ESRCH });
	learn(all, a, first); /* a second process still had it */
	learn(all, a, second);
	assert_int_equal(a->state, BINARY_KNOWN);
	assert_int_equal(a->size, 100);
	assert_int_equal(a->build_id.bytes[0], 1);
	for (uint32_t id = 0; id <= BINARY_VDSO_ID; id++)
		learn(all, binaries__at(all, id), first);
	assert_ptr_equal(binaries__canonical(all, binaries__at(all, BINARY_VDSO_ID)),
			 binaries__at(all, BINARY_VDSO_ID));
}

static void segments_are_kept(void **state)
{
	struct {
		struct file_record rec;
		struct elf_segment segments[2];
	} r = { .rec = { .h = { RECORD_FILE, sizeof(r), 2 }, .segment_cnt = 2 },
		.segments = { { .elf_vaddr = 0x1000, .executable = true },
			      { .elf_vaddr = 0x2000 } } };
	scope_free(binaries) struct binaries *all = binaries__new();
	struct binary *a = map(all, (struct mapping){ "/a", 0, 1, 1 });

	(void)state;
	r.rec.binary = a->id;
	assert_true(record_valid(&r.rec.h));
	binaries__learn(all, &r.rec);
	assert_int_equal(a->segment_cnt, 2);
	assert_int_equal(a->segments[1].elf_vaddr, 0x2000);
	assert_int_equal(a->first_start, 0x1000);
	assert_int_equal(a->first_off, 0x3000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mapped),
		cmocka_unit_test(one_file_by_its_mappings),
		cmocka_unit_test(one_file_when_opened),
		cmocka_unit_test(joins_are_followed_to_the_eldest),
		cmocka_unit_test(what_is_known_stays),
		cmocka_unit_test(segments_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
