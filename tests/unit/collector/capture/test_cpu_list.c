// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "collector/capture/cpu_list.h"
#include "collector/capture/perf_events.h"

static void lists(void **state)
{
	static const struct {
		const char *text;
		int cnt;
		int cpus[8];
	} rows[] = {
		{ "0\n", 1, { 0 } },
		{ "0-3\n", 4, { 0, 1, 2, 3 } },
		{ "0-1,8,10-11\n", 5, { 0, 1, 8, 10, 11 } },
		{ "5", 1, { 5 } },
		{ "", 0, { 0 } },
		{ "\n", 0, { 0 } },
		{ "7-7,9", 2, { 7, 9 } },
		{ "0-2147483646", 8, { 0, 1, 2, 3, 4, 5, 6, 7 } }, /* no more than asked for */
		{ "abc", -EBADMSG, { 0 } },
		{ "-", -EBADMSG, { 0 } },
		{ ",", -EBADMSG, { 0 } },
		{ "0-", -EBADMSG, { 0 } },
		{ "0-x", -EBADMSG, { 0 } },
		{ "-3", -EBADMSG, { 0 } },
		{ "3-0", -EBADMSG, { 0 } },
		{ "0 1", -EBADMSG, { 0 } },
		{ "0-3:1/2", -EBADMSG, { 0 } },
		{ "2147483647", -EBADMSG, { 0 } },
		{ "99999999999999999999999", -EBADMSG, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int cpus[8], cnt = cpu_list__parse(rows[i].text, cpus, 8);

		expect(cnt == rows[i].cnt, i);
		for (int c = 0; c < cnt; c++)
			expect(cpus[c] == rows[i].cpus[c], i);
	}
}

static void as_many_as_the_c_library_sees(void **state)
{
	int cpus[MAX_CPUS];

	(void)state;
	assert_int_equal(online_cpus(cpus, MAX_CPUS), sysconf(_SC_NPROCESSORS_ONLN));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(as_many_as_the_c_library_sees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
