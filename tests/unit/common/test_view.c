// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/leb128.h"
#include "common/view.h"

static void reads_stop_at_the_end(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct view v = view_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(view_u16(&v), 0x0201);
	assert_false(v.bad);
	assert_int_equal(view_u16(&v), 0);
	assert_true(v.bad);
	assert_int_equal(view_u8(&v), 0); /* stays bad */
}

static void sub_ranges_do_not_overflow(void **state)
{
	static const uint8_t bytes[8];
	struct view v = view_of(bytes, sizeof(bytes));

	(void)state;
	assert_false(view_sub(&v, 8, 0).bad);
	assert_true(view_sub(&v, 4, 5).bad);
	assert_true(view_sub(&v, 1, SIZE_MAX).bad);
	assert_true(view_sub(&v, SIZE_MAX, 1).bad);
}

static void strings_end_inside(void **state)
{
	struct view v = view_of("ab\0cd", 5);

	(void)state;
	assert_string_equal(view_cstr(&v), "ab");
	assert_null(view_cstr(&v));
	assert_true(v.bad);
}

/* Values from the DWARF 5 standard, tables 7.7 and 7.8. */
static void leb128_of_the_standard(void **state)
{
	static const struct {
		uint8_t bytes[2];
		size_t size;
		uint64_t u;
		int64_t s;
	} rows[] = {
		{ { 2 }, 1, 2, 2 },
		{ { 127 }, 1, 127, -1 },
		{ { 0x80, 1 }, 2, 128, 128 },
		{ { 0x81, 1 }, 2, 129, 129 },
		{ { 0x7e }, 1, 126, -2 },
		{ { 0x80, 0x7f }, 2, 16256, -128 },
		{ { 0xff, 0x7e }, 2, 16255, -129 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct view u = view_of(rows[i].bytes, rows[i].size);
		struct view s = u;

		assert_int_equal(view_uleb(&u), rows[i].u);
		assert_int_equal(view_sleb(&s), rows[i].s);
		assert_false(u.bad || s.bad);
	}
}

static void leb128_without_end_is_bad(void **state)
{
	uint8_t bytes[12];
	struct view v;

	(void)state;
	memset(bytes, 0x80, sizeof(bytes));
	v = view_of(bytes, sizeof(bytes));
	assert_int_equal(view_uleb(&v), 0);
	assert_true(v.bad);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_stop_at_the_end),
		cmocka_unit_test(sub_ranges_do_not_overflow),
		cmocka_unit_test(strings_end_inside),
		cmocka_unit_test(leb128_of_the_standard),
		cmocka_unit_test(leb128_without_end_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
