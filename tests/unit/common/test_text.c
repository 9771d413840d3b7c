// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

static const struct {
	const char *text, *printed, *utf8;
} cases[] = {
	{ "", "", "" },
	{ "operator new[]", "operator new[]", "operator new[]" },
	{ "\033[31mred\a", "\\x1b[31mred\\x07", "\033[31mred\a" },
	{ "a\tb\nc\x7f", "a\\x09b\\x0ac\\x7f", "a\tb\nc\x7f" },
	{ "\xc2\x9b"
	  "2J",
	  "\\x9b2J",
	  "\xc2\x9b"
	  "2J" }, /* CSI as one character */
	{ "\xce\xbcs \xe2\x82\xac \xf0\x9f\x90\xa2", "\xce\xbcs \xe2\x82\xac \xf0\x9f\x90\xa2",
	  "\xce\xbcs \xe2\x82\xac \xf0\x9f\x90\xa2" },
	{ "\xe2\x80\xae"
	  "evil",
	  "\\u202eevil",
	  "\xe2\x80\xae"
	  "evil" }, /* right to left */
	{ "\xff\xc3(", "\\xff\\xc3(", "\xef\xbf\xbd\xef\xbf\xbd(" },
	{ "\xc0\x80", "\\xc0\\x80", "\xef\xbf\xbd\xef\xbf\xbd" }, /* overlong */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
	  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* above 10ffff */
	{ "\xe2\x82", "\\xe2\\x82", "\xef\xbf\xbd\xef\xbf\xbd" }, /* cut short */
};

static void prints_nothing_that_a_terminal_obeys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *printed = NULL;
		size_t size;
		FILE *to = open_memstream(&printed, &size);

		text_print(to, cases[i].text);
		fclose(to);
		assert_string_equal(printed, cases[i].printed);
		free(printed);
	}
}

static void copies_are_utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *copy = text_utf8(cases[i].text);

		assert_string_equal(copy, cases[i].utf8);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_nothing_that_a_terminal_obeys),
		cmocka_unit_test(copies_are_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
