// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/strtab.h"

static void equal_strings_have_one_id(void **state)
{
	scope_free(strtab) struct strtab *tab = strtab__new();
	char text[16];

	(void)state;
	assert_int_equal(strtab__id(tab, ""), 0);
	for (uint32_t i = 1; i <= 1000; i++) {
		snprintf(text, sizeof(text), "name %u", i);
		assert_int_equal(strtab__id(tab, text), i);
	}
	assert_int_equal(strtab__id(tab, "name 7"), 7);
	assert_int_equal(strtab__id_n(tab, "name 7777", 6), 7);
	assert_string_equal(strtab__text(tab, 1000), "name 1000");
	assert_string_equal(strtab__text(tab, 1001), "");
	assert_int_equal(strtab__cnt(tab), 1001);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(equal_strings_have_one_id) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
