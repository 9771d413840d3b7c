// SPDX-License-Identifier: Apache-2.0
/*
 * Tables of small functions as the interpreters made them, and the lines that their PyCode_Addr2Line and
 * co_positions() gave (tests/targets/python/lines.py prints both). tests/prove/python_lines.py takes
 * whole standard libraries.
 */
#include "tests/unit/unit.h"

#include "symbolizer/python/line_table.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

#define TO_AND_FRO_3_11                                                                      \
	BYTES("\x80\x00\xf0\x02\x05\x05\x0d\xd8\x10\x11\xd8\x11\x12\x90\x02\xf0\x03\x01\x10" \
	      "\x14\xe0\x0c\x0d\xf4\x05\x02\x10\x0f\xf0\x00\x02\x09\x0f\xf8\xf5\x06\x00\x0c" \
	      "\x16\xf0\x00\x01\x05\x0d\xf0\x00\x01\x05\x0d\xf0\x00\x01\x05\x0d\xd8\x08\x0c" \
	      "\x88\x04\xf0\x03\x01\x05\x0d\xf8\xf8\xf8\xf0\x06\x00\x09\x0a\xf0\x03\x02\x05" \
	      "\x06")
#define NO_COLUMNS_3_13                                                                      \
	BYTES("\xe8\x00\xe8\x02\xe8\x02\xe8\x02\xe8\x00\xe8\x03\xe8\x04\xe9\x05\xe8\x00\xf8" \
	      "\xec\x06\xeb\x00\xe8\x02\xe8\x04\xe8\x03\xe8\x05\xfa")

struct line_at {
	int32_t position; /* from here on */
	int32_t line;
};

static const struct {
	const char *name;
	struct python_line_table table;
	int32_t end; /* of the code */
	struct line_at lines[16];
} functions[] = {
	{ "2.7, one line after the other",
	  { 0x0207, 1, BYTES("\x00\x01\x03\x01\x03\x01\x07\x01\x09\x01\x0d\x01\x04\x02") },
	  43,
	  { { 0, 2 }, { 3, 3 }, { 6, 4 }, { 13, 5 }, { 22, 6 }, { 35, 7 }, { 39, 9 } } },
	{ "2.7, 301 lines on",
	  { 0x0207, 1, BYTES("\x00\x01\x0a\xff\x00\x2e") },
	  14,
	  { { 0, 2 }, { 10, 303 } } },
	{ "2.7, 426 bytes on",
	  { 0x0207, 1, BYTES("\x00\x01\xff\x00\xab\x01") },
	  431,
	  { { 0, 2 }, { 426, 3 } } },
	{ "3.6, 301 lines on",
	  { 0x0306, 1, BYTES("\x00\x01\x08\x7f\x00\x7f\x00\x2f") },
	  12,
	  { { 0, 2 }, { 8, 303 } } },
	{ "3.9, to and fro",
	  { 0x0309, 1,
	    BYTES("\x00\x01\x02\x01\x02\x01\x04\xff\x02\x02\x02\xfe\x06\x03\x0c\x01\x06\x02"
		  "\x02\xff") },
	  40,
	  { { 0, 2 },
	    { 2, 3 },
	    { 4, 4 },
	    { 8, 3 },
	    { 10, 5 },
	    { 12, 3 },
	    { 18, 6 },
	    { 30, 7 },
	    { 36, 9 },
	    { 38, 8 } } },
	{ "3.10, to and fro",
	  { 0x030a, 1,
	    BYTES("\x02\x01\x02\x01\x04\x01\x02\xff\x02\x02\x06\xfe\x0c\x03\x02\x01\x02\x02"
		  "\x02\xff\x02\xfe") },
	  38,
	  { { 0, 2 },
	    { 2, 3 },
	    { 4, 4 },
	    { 8, 3 },
	    { 10, 5 },
	    { 12, 3 },
	    { 18, 6 },
	    { 30, 7 },
	    { 32, 9 },
	    { 34, 8 },
	    { 36, 6 } } },
	{ "3.10, 301 lines on",
	  { 0x030a, 1, BYTES("\x08\x01\x00\x7f\x00\x7f\x04\x2f") },
	  12,
	  { { 0, 2 }, { 8, 303 } } },
	{ "3.10, 426 bytes on",
	  { 0x030a, 1, BYTES("\xfe\x01\xac\x00\x06\x01") },
	  432,
	  { { 0, 2 }, { 426, 3 } } },
	{ "3.10, an instruction without a line",
	  { 0x030a, 1, BYTES("\x0c\x01\x08\x01\x04\x01\x06\x01\x02\x80\x06\x01\x02\x01\x22\xff") },
	  74,
	  { { 0, 2 },
	    { 12, 3 },
	    { 20, 4 },
	    { 24, 5 },
	    { 30, -1 },
	    { 32, 6 },
	    { 38, 7 },
	    { 40, 6 } } },
	{ "3.11, to and fro",
	  { 0x030b, 1, TO_AND_FRO_3_11 },
	  62,
	  { { 0, 1 },
	    { 2, 2 },
	    { 4, 3 },
	    { 6, 4 },
	    { 10, 3 },
	    { 12, 5 },
	    { 14, 3 },
	    { 26, -1 },
	    { 28, 6 },
	    { 46, 7 },
	    { 50, 6 },
	    { 52, -1 },
	    { 58, 9 },
	    { 60, 8 } } },
	{ "3.11, 301 lines on",
	  { 0x030b, 1,
	    BYTES("\x80\x00\xd8\x04\x05\x88\x11\x81\x46\x80\x41\xf0\x5a\x09\x00\x0c\x0d\x80"
		  "\x48") },
	  16,
	  { { 0, 1 }, { 2, 2 }, { 12, 303 } } },
	{ "3.13, no line at either end",
	  { 0x030d, 1,
	    BYTES("\xf8\x80\x00\xdd\x04\x19\xdb\x0d\x0e\x88\x01\xdf\x0b\x0c\x88\x31\xd9\x0c"
		  "\x11\x8e\x47\xf1\x05\x00\x0e\x0f\xf1\x06\x00\x0a\x0b\x88\x61\xd8\x08\x0c"
		  "\xf7\x03\x00\x0a\x0b\x8f\x11\x8e\x11\xfa") },
	  126,
	  { { 0, -1 },
	    { 2, 1 },
	    { 4, 2 },
	    { 16, 3 },
	    { 26, 4 },
	    { 44, 5 },
	    { 62, 3 },
	    { 66, 6 },
	    { 72, 7 },
	    { 74, 6 },
	    { 120, -1 } } },
	{ "3.13, without columns",
	  { 0x030d, 1, NO_COLUMNS_3_13 },
	  54,
	  { { 0, 1 },
	    { 2, 2 },
	    { 4, 3 },
	    { 6, 4 },
	    { 10, 3 },
	    { 12, 5 },
	    { 14, 3 },
	    { 20, -1 },
	    { 22, 6 },
	    { 40, 7 },
	    { 42, 9 },
	    { 44, 8 },
	    { 46, 6 },
	    { 48, -1 } } },
};

static void test_lines_of_functions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(functions); i++) {
		const struct python_line_table *t = &functions[i].table;
		const struct line_at *at = functions[i].lines;
		int32_t shown = t->first_line;

		for (int32_t pos = 0; pos < functions[i].end; pos++) {
			if (at[1].position && pos >= at[1].position)
				at++;
			if (at->line > 0)
				shown = at->line;
			if (python_line_table__raw(t, pos) != at->line)
				fail_msg("%s: position %d", functions[i].name, pos);
			if (python_line_table__shown(t, pos) != shown)
				fail_msg("%s: shown at %d", functions[i].name, pos);
		}
	}
}

static const struct {
	struct python_line_table table;
	struct {
		int32_t position;
		struct python_columns columns; /* line -1: none */
	} at[18];
} columns[] = {
	{ { 0x030b, 1, TO_AND_FRO_3_11 },
	  { { 0, { 1, 1, 0, 0 } },
	    { 2, { 2, 7, 4, 12 } },
	    { 4, { 3, 3, 16, 17 } },
	    { 6, { 4, 4, 17, 18 } },
	    { 8, { 4, 4, 16, 18 } },
	    { 10, { 3, 4, 15, 19 } },
	    { 12, { 5, 5, 12, 13 } },
	    { 14, { 3, 5, 15, 14 } },
	    { 24, { 3, 5, 8, 14 } },
	    { 26, { -1, -1, -1, -1 } },
	    { 28, { 6, 6, 11, 21 } },
	    { 40, { 6, 7, 4, 12 } },
	    { 46, { 7, 7, 8, 12 } },
	    { 50, { 6, 7, 4, 12 } },
	    { 52, { -1, -1, -1, -1 } },
	    { 58, { 9, 9, 8, 9 } },
	    { 60, { 8, 10, 4, 5 } } } },
	{ { 0x030d, 1, NO_COLUMNS_3_13 },
	  { { 0, { 1, 1, -1, -1 } }, { 12, { 5, 5, -1, -1 } }, { 20, { -1, -1, -1, -1 } } } },
	{ { 0x030a, 1, BYTES("\x08\x01\x00\x7f") }, { { 2, { -1, -1, -1, -1 } } } },
};

static void test_columns(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(columns); i++) {
		for (size_t j = 0; columns[i].at[j].columns.line; j++) {
			const struct python_columns *want = &columns[i].at[j].columns;
			struct python_columns got = { 7, 7, 7, 7 };
			bool has = python_line_table__columns(&columns[i].table,
							      columns[i].at[j].position, &got);

			expect(has == (want->line > 0), i * 100 + j);
			expect(!memcmp(&got, has ? want : &(struct python_columns){ 7, 7, 7, 7 },
				       sizeof(got)),
			       i * 100 + j);
		}
	}
}

/* Not made by any interpreter, or asked for more than there is. */
static const struct {
	struct python_line_table table;
	int32_t position;
	int32_t raw;
	int32_t shown;
} odd[] = {
	{ { 0x0309, 5, BYTES("\x00\x01") }, -1, 5, 5 }, /* not started */
	{ { 0x030a, 5, BYTES("\x02\x01") }, -1, 5, 5 },
	{ { 0x030d, 5, BYTES("\xf8") }, -1, 5, 5 },
	{ { 0x0309, 5, BYTES("") }, 4, 5, 5 },
	{ { 0x030a, 5, BYTES("") }, 4, -1, 5 },
	{ { 0x030d, 5, BYTES("") }, 4, -1, 5 },
	{ { 0x0309, 5, BYTES("\x00\x01\x04") }, 9, 6, 6 }, /* cut short */
	{ { 0x030a, 5, BYTES("\x02\x01\x04") }, 2, -1, 6 },
	{ { 0x030d, 5, BYTES("\xd8\x01\x02\x80") }, 2, -1, 6 },
	{ { 0x030d, 5, BYTES("\xd8\x01\x02\xf0\x02\x00\x01") }, 2, -1, 6 },
	{ { 0x030a, 5, BYTES("\x02\x01") }, 2, -1, 6 }, /* behind the code's end */
	{ { 0x030d, 5, BYTES("\xd8\x01\x02") }, INT32_MAX, -1, 6 },
	{ { 0x030d, 5, BYTES("\x00\x01\x02") }, 0, -1, 5 }, /* no beginning of an entry */
	{ { 0x030d, 5, BYTES("\xe8\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x01") }, 0, -1, 5 }, /* no number */
	{ { 0x030d, 5, BYTES("\xe8\x0b\xe8\x0a") },
	  0,
	  0,
	  5 }, /* a module's line 0 is no line of its file */
	{ { 0x030d, 5, BYTES("\xe8\x0b\xe8\x0a") }, 2, 5, 5 },
	{ { 0x030d, INT32_MAX, BYTES("\xd8\x01\x02") }, 0, INT32_MIN, INT32_MAX },
};

static void test_odd_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(odd); i++) {
		expect(python_line_table__raw(&odd[i].table, odd[i].position) == odd[i].raw, i);
		expect(python_line_table__shown(&odd[i].table, odd[i].position) == odd[i].shown, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_of_functions),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_odd_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
