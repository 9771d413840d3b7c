// SPDX-License-Identifier: Apache-2.0
/*
 * What becomes of memory that lies or changes, and of strings of builds that are not at hand
 * (3.14 and 3.15 without the GIL). What interpreters really have is read out of running ones:
 * tests/programs/test_python_names.py.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "symbolizer/python/code_object.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/string_object.h"
#include "symbolizer/python/text.h"

#define BASE 0x7f0000000000ULL
#define TYPE 0x7f1111111111ULL
#define NAME_OFF 0x200
#define FILE_OFF 0x300
#define QUALNAME_OFF 0x400
#define TABLE_OFF 0x500
#define CHARS_OFF 0x600 /* of a string that is not compact */

#define COMPACT_ASCII (1U << 2 | 1U << 5 | 1U << 6)
#define COMPACT(kind) ((kind) << 2 | 1U << 5)

/* A process with one piece of memory. */
struct process {
	uint8_t bytes[16 << 10];
	int reads;
	int change_at; /* this read and later ones see another first line */
	struct python_layout layout;
};

static int read_process(void *ctx, void *to, size_t size, uint64_t vaddr)
{
	struct process *p = ctx;

	if (vaddr < BASE || vaddr - BASE > sizeof(p->bytes) ||
	    size > sizeof(p->bytes) - (vaddr - BASE))
		return -EFAULT;
	if (++p->reads == p->change_at)
		p->bytes[p->layout.code_first_line]++;
	memcpy(to, p->bytes + (vaddr - BASE), size);
	return 0;
}

static struct python_memory memory_of(struct process *p)
{
	return (struct python_memory){ read_process, p };
}

static void put(struct process *p, size_t off, uint64_t value, size_t size)
{
	memcpy(p->bytes + off, &value, size);
}

/* A compact ASCII string of 3.11. */
static void put_string(struct process *p, size_t off, const char *text)
{
	put(p, off + 16, strlen(text), 8);
	put(p, off + 32, COMPACT_ASCII, 4);
	memcpy(p->bytes + off + 48, text, strlen(text));
}

/* def name() in line 42 of /a.py, as 3.11 has it */
static void make(struct process *p)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(python_layout__find(PYTHON_HEX(3, 11, 2), false, &p->layout), 0);
	put(p, 0, 1, 8);
	put(p, 8, TYPE, 8);
	put(p, 48, 3, 4);
	put(p, 72, 42, 4);
	put(p, 112, BASE + FILE_OFF, 8);
	put(p, 120, BASE + NAME_OFF, 8);
	put(p, 128, BASE + QUALNAME_OFF, 8);
	put(p, 136, BASE + TABLE_OFF, 8);
	put_string(p, NAME_OFF, "name");
	put_string(p, FILE_OFF, "/a.py");
	put_string(p, QUALNAME_OFF, "Class.name");
	put(p, TABLE_OFF + 16, 2, 8);
	memcpy(p->bytes + TABLE_OFF + 32, "\x80\x01", 2);
}

static int read_code(struct process *p, struct python_code *ret_code)
{
	struct python_memory memory = memory_of(p);

	return python_code__read(&memory, &p->layout, BASE, ret_code);
}

static void test_whole(void **state)
{
	struct process p;
	struct python_code code;

	(void)state;
	make(&p);
	assert_int_equal(read_code(&p, &code), 0);
	assert_string_equal(code.name, "name");
	assert_string_equal(code.qualname, "Class.name");
	assert_string_equal(code.filename, "/a.py");
	assert_int_equal(code.type, TYPE);
	assert_int_equal(code.first_line, 42);
	assert_int_equal(code.flags, 3);
	assert_int_equal(code.line_table_size, 2);
	assert_memory_equal(code.line_table, "\x80\x01", 2);
	assert_int_equal(python_line_table__raw(
				 &(struct python_line_table){ 0x030b, 42, code.line_table, 2 }, 0),
			 42);
	python_code__fini(&code);
	assert_null(code.name);
}

/* Each write makes of the function above something else. */
static const struct {
	size_t off;
	uint64_t value;
	size_t size;
	int err;
	bool no_table;
} lies[] = {
	{ 0, 0, 8, -ESTALE }, /* not yet freed, or the last in its list */
	{ 0, BASE + 0x9a0, 8, -ESTALE }, /* in a list of free blocks */
	{ 0, 0xc0000000ULL | 1ULL << 48, 8, 0 }, /* immortal in 3.14 */
	{ 0, 1ULL << 32, 8, 0 }, /* in 3.12, one more than immortal */
	{ 120, 0, 8, -EFAULT },
	{ 112, UINT64_MAX - 20, 8, -EFAULT },
	{ 128, BASE + sizeof(((struct process *)0)->bytes) - 20, 8, -EFAULT },
	{ NAME_OFF + 32, 3U << 2 | 1U << 5, 4, -EBADMSG }, /* 3 bytes a character */
	{ NAME_OFF + 32, 0, 4, -EBADMSG }, /* not made yet */
	{ NAME_OFF + 32, 2U << 2 | 1U << 5 | 1U << 6, 4, -EBADMSG }, /* ASCII of 2 bytes */
	{ NAME_OFF + 32, 1U << 2, 4, -EFAULT }, /* its characters are elsewhere, at 0 */
	{ 136, 8, 8, 0, true },
	{ TABLE_OFF + 16, (1 << 20) + 1, 8, 0, true },
	{ TABLE_OFF + 16, UINT64_MAX, 8, 0, true },
	{ TABLE_OFF + 16, 1 << 20, 8, 0, true }, /* more than there is */
};

static void test_lies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(lies); i++) {
		struct python_code code = { .first_line = 7 };
		struct process p;

		make(&p);
		put(&p, lies[i].off, lies[i].value, lies[i].size);
		expect(read_code(&p, &code) == lies[i].err, i);
		expect(code.first_line == (lies[i].err ? 7 : 42), i);
		expect(!lies[i].no_table || (!code.line_table && !code.line_table_size), i);
		python_code__fini(&code);
	}
}

/* Whenever the object changes, what was read is not believed: unless it had changed before. */
static void test_changes(void **state)
{
	struct python_code code = { .first_line = 7 };
	struct process p;
	int reads;

	(void)state;
	make(&p);
	assert_int_equal(read_code(&p, &code), 0);
	python_code__fini(&code);
	reads = p.reads;
	for (int at = 1; at <= reads; at++) {
		make(&p);
		p.change_at = at;
		assert_int_equal(read_code(&p, &code), at == 1 ? 0 : -EAGAIN);
		if (at == 1) {
			assert_int_equal(code.first_line, 43);
			python_code__fini(&code);
		}
	}
}

static void test_layouts(void **state)
{
	struct python_code code = { .first_line = 7 };
	struct process p;

	(void)state;
	make(&p);
	p.layout.code_size = PYTHON_CODE_WORDS * 8 + 8;
	assert_int_equal(read_code(&p, &code), -EINVAL);
	make(&p);
	p.layout.code_line_table = p.layout.code_size - 4;
	assert_int_equal(read_code(&p, &code), -EINVAL);
	make(&p);
	p.layout.code_name = PYTHON_NO_FIELD;
	assert_int_equal(read_code(&p, &code), -EINVAL);
	assert_int_equal(p.reads, 0);
}

/* Two counts; what lives has no strings here. */
static const struct {
	uint32_t owners;
	int64_t others;
	int err;
} without_gil[] = {
	{ 0, 0, -ESTALE }, { 0, 3, -ESTALE },  { 1, 2, -EFAULT },
	{ 0, 4, -EFAULT }, { 0, -4, -EFAULT }, { UINT32_MAX, 0, -EFAULT },
};

static void test_freed_without_gil(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(without_gil); i++) {
		struct process p = { .reads = 0 };
		struct python_memory memory = memory_of(&p);
		struct python_code code = { 0 };

		assert_int_equal(python_layout__find(PYTHON_HEX(3, 13, 0), true, &p.layout), 0);
		put(&p, 0, BASE + 0x9a0, 8);
		put(&p, 12, without_gil[i].owners, 4);
		put(&p, 16, (uint64_t)without_gil[i].others, 8);
		expect(python_code__read(&memory, &p.layout, BASE, &code) == without_gil[i].err, i);
	}
}

#define CHARS(text) text, sizeof(text) - 1
#define FREE_3_14(kind, compact, ascii) \
	{ 3, 14, true }, 32, 48, (kind) << 8 | (compact) << 11 | (ascii) << 12

static const struct {
	struct {
		uint8_t major, minor;
		bool free_threaded;
	} version;
	size_t length_off;
	size_t state_off;
	uint32_t state;
	size_t chars_off;
	const char *chars;
	size_t size;
	uint64_t length;
	const char *text;
} strings[] = {
	{ FREE_3_14(1, 1, 1), 56, CHARS("ascii"), 5, "ascii" },
	{ FREE_3_14(1, 1, 0), 72, CHARS("caf\xe9"), 4, "caf\xc3\xa9" },
	{ FREE_3_14(2, 1, 0), 72, CHARS("\x0d\x54\x4d\x52"), 2, "\xe5\x90\x8d\xe5\x89\x8d" },
	{ FREE_3_14(4, 1, 0), 72, CHARS("\xdf\xd4\x01\0"), 1, "\xf0\x9d\x93\x9f" },
	{ FREE_3_14(1, 0, 0), CHARS_OFF, CHARS("apart"), 5, "apart" },
	{ { 3, 13, true }, 32, 48, COMPACT_ASCII, 56, CHARS("ascii"), 5, "ascii" },
	{ { 3, 13, true }, 32, 48, COMPACT(2U), 72, CHARS("\x0d\x54"), 1, "\xe5\x90\x8d" },
	{ { 3, 11, false },
	  16,
	  32,
	  COMPACT(4U),
	  72,
	  CHARS("a\0\0\0\0\0\x11\0"),
	  2,
	  "a\\U00110000" },
	{ { 3, 11, false }, 16, 32, COMPACT(4U), 72, CHARS("\xff\xff\xff\xff"), 1, "\\Uffffffff" },
	{ { 3, 11, false }, 16, 32, COMPACT(2U), 72, CHARS("\x80\xdc"), 1, "\\udc80" },
	{ { 2, 7, false }, 16, 16, 0, 36, CHARS("2.7\xff"), 4, "2.7\\xff" },
};

static void test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(strings); i++) {
		struct process p = { .reads = 0 };
		struct python_memory memory = memory_of(&p);
		char *text = NULL;

		assert_int_equal(python_layout__find(PYTHON_HEX(strings[i].version.major,
								strings[i].version.minor, 0),
						     strings[i].version.free_threaded, &p.layout),
				 0);
		put(&p, strings[i].state_off, strings[i].state, 4);
		put(&p, strings[i].length_off, strings[i].length, 8);
		memcpy(p.bytes + strings[i].chars_off, strings[i].chars, strings[i].size);
		if (strings[i].chars_off == CHARS_OFF)
			put(&p, 72, BASE + CHARS_OFF, 8);
		expect(!python_string__read(&memory, &p.layout, BASE, &text), i);
		expect(!strcmp(text, strings[i].text), i);
		free(text);
	}
}

/* Characters of 3 bytes each: the text ends between two of them, marked. */
static void test_long_name(void **state)
{
	struct python_code code;
	struct process p;

	(void)state;
	make(&p);
	put(&p, 120, BASE + 4096, 8);
	put(&p, 4096 + 16, 1UL << 29, 8);
	put(&p, 4096 + 32, COMPACT(2U), 4);
	for (size_t i = 0; i < PYTHON_TEXT_MAX; i++)
		put(&p, 4096 + 72 + 2 * i, 0x540d, 2);
	assert_int_equal(read_code(&p, &code), 0);
	assert_int_equal(strlen(code.name), 4092 / 3 * 3 + 3);
	assert_string_equal(code.name + strlen(code.name) - 6, "\xe5\x90\x8d...");
	python_code__fini(&code);
	put(&p, 4096 + 16, UINT64_MAX / 4, 8); /* no string has so many */
	assert_int_equal(read_code(&p, &code), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_freed_without_gil),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
