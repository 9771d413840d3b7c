// SPDX-License-Identifier: Apache-2.0
/* The process whose code object is completed is this one. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

#include "collector/python/pieces.h"
#include "collector/python/reader.h"
#include "collector/source/record.h"
#include "common/cleanup.h"
#include "symbolizer/python/code_object.h"
#include "symbolizer/python/layouts.h"

/* As 3.11 has them. */
static struct {
	uint64_t words[PYTHON_CODE_WORDS];
} object;
static struct {
	uint64_t refcnt, type, length, hash, state, wchars;
	char chars[16];
} name = { .refcnt = 1, .length = 4, .state = 1U << 2 | 1U << 5 | 1U << 6, .chars = "name" };
static struct {
	uint64_t refcnt, type, size, hash;
	char bytes[8];
} table = { .refcnt = 1, .size = 2, .bytes = "\x80\x01" };

static void put(size_t off, uint64_t value)
{
	object.words[off / 8] = value;
}

/* A record that has the object alone. */
static struct python_code_record *record_of_object(void)
{
	struct python_piece piece = { .vaddr = (uintptr_t)&object };
	struct python_code_record *rec = calloc(1, 4096);

	assert_non_null(rec);
	assert_int_equal(python_layout__find(PYTHON_HEX(3, 11, 2), false, &rec->layout), 0);
	put(0, 1);
	put(8, 0x1000);
	put(72, 42);
	put(112, (uintptr_t)&name);
	put(120, (uintptr_t)&name);
	put(128, (uintptr_t)&name);
	put(136, (uintptr_t)&table);
	piece.size = rec->layout.code_size;
	rec->h.type = RECORD_PYTHON_CODE;
	rec->h.size = (uint32_t)(sizeof(*rec) + sizeof(piece) + piece.size);
	rec->pid = (uint32_t)getpid();
	rec->code = (uintptr_t)&object;
	rec->key = python_code_key((const __u64 *)object.words, &rec->layout);
	rec->piece_cnt = 1;
	memcpy(rec + 1, &piece, sizeof(piece));
	memcpy((char *)(rec + 1) + sizeof(piece), &object, piece.size);
	return rec;
}

static int read_record(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	return python_pieces__read(ctx, to, size, vaddr);
}

static void test_completed(void **state)
{
	scope_memory struct python_code_record *rec = record_of_object();
	scope_memory struct python_code_record *whole = python_reader__complete(rec);
	struct python_memory memory = { read_record, whole };
	struct python_code code;

	(void)state;
	assert_non_null(whole);
	assert_int_equal(python_code__read(&memory, &whole->layout, whole->code, &code), 0);
	assert_string_equal(code.name, "name");
	assert_int_equal(code.line_table_size, 2);
	python_code__fini(&code);
	assert_null(python_reader__complete(whole)); /* nothing is missing */
}

/* Since the record was sent the object died, or became another: its strings are not its own. */
static const struct {
	size_t off;
	uint64_t value;
} changes[] = {
	{ 0, 0 }, /* freed */
	{ 0, 0x7f1234567890 },
	{ 8, 0x2000 },
	{ 72, 43 },
	{ 120, 0x7f1234567890 },
};

static void test_changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(changes); i++) {
		scope_memory struct python_code_record *rec = record_of_object();

		put(changes[i].off, changes[i].value);
		expect(!python_reader__complete(rec), i);
	}
}

/* The path travels with the record, and is no memory of the process's. */
static void test_path(void **state)
{
	scope_memory struct python_code_record *rec = record_of_object();
	scope_memory struct python_code_record *placed = NULL;
	char byte;

	(void)state;
	assert_null(python_pieces__path(rec));
	placed = python_pieces__with_path(rec, "/a/b.py");
	assert_non_null(placed);
	assert_true(record_valid(&placed->h));
	assert_string_equal(python_pieces__path(placed), "/a/b.py");
	assert_int_equal(python_pieces__read(placed, &byte, 1, 0), -EFAULT);
	assert_int_equal(python_pieces__read(placed, &byte, 1, placed->code), 0);
	((char *)placed)[placed->h.size - 1] =
		1; /* a recording that lies: no zero, or not absolute */
	assert_null(python_pieces__path(placed));
	((char *)placed)[placed->h.size - 1] = 0;
	((char *)placed)[placed->h.size - 8] = 'a';
	assert_null(python_pieces__path(placed));
	placed->piece_cnt = PYTHON_MAX_PIECES;
	assert_null(python_pieces__with_path(placed, "/a/b.py"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_completed),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
