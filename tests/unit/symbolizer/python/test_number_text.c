// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "symbolizer/python/number_text.h"
#include "tests/unit/unit.h"

/* What Python 3.11 says: repr(x). */
static void test_floats(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 0.0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1.0, "1.0" },
		{ 1.5, "1.5" },
		{ -0.1, "-0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 100.0, "100.0" },
		{ 123456789.0, "123456789.0" },
		{ 9999999999999998.0, "9999999999999998.0" },
		{ 1e15, "1000000000000000.0" },
		{ 1e16, "1e+16" },
		{ 1.25e16, "1.25e+16" },
		{ 0.0001, "0.0001" },
		{ 0.00012345, "0.00012345" },
		{ 0.00001, "1e-05" },
		{ 1e-7, "1e-07" },
		{ 5e-324, "5e-324" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ INFINITY, "inf" },
		{ -INFINITY, "-inf" },
		{ NAN, "nan" },
	};
	char text[NUMBER_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		python_float_text(rows[i].value, text);
		expect(!strcmp(text, rows[i].text), i);
	}
}

/* Digits as CPython has them: 2**30 is {0, 1}. */
static void test_numbers(void **state)
{
	static const struct {
		struct python_number number;
		const char *text;
	} rows[] = {
		{ { false, 0, { 0 } }, "0" },
		{ { false, 1, { 7 } }, "7" },
		{ { true, 1, { 1 } }, "-1" },
		{ { false, 1, { 1073741823 } }, "1073741823" },
		{ { false, 2, { 0, 1 } }, "1073741824" },
		{ { false, 1, { 1000000000 } }, "1000000000" },
		{ { false, 3, { 0, 0, 1024 } }, "1180591620717411303424" }, /* 2**70 */
		{ { true, 3, { 0, 0, 8 } }, "-9223372036854775808" },
		{ { false, 2, { 0xffffffff, 0 } }, "1073741823" }, /* bits that no digit has */
	};
	struct python_number largest = { .cnt = NUMBER_DIGITS };
	char text[NUMBER_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		python_number_text(&rows[i].number, text);
		expect(!strcmp(text, rows[i].text), i);
	}
	memset(largest.digits, 0xff, sizeof(largest.digits));
	python_number_text(&largest, text); /* 2**480 - 1 */
	assert_string_equal(
		text, "312174855031599223138159722979316630574859814266497115085915695962537173"
		      "8819765620120306103063491971159826931121406622895447975679288285306290175");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
