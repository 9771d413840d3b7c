// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "collector/process/stat_parser.h"
#include "common/io.h"

#define BETWEEN " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 " /* fields 3 to 21 */

static void names_may_hold_anything(void **state)
{
	static const struct {
		const char *text;
		const char *comm;
		uint64_t ticks;
	} rows[] = {
		{ "1 (bash)" BETWEEN "4711 99 100\n", "bash", 4711 },
		{ "1 (bash)" BETWEEN "4711", "bash", 4711 },
		{ "1 ((sd-pam))" BETWEEN "5 6", "(sd-pam)", 5 },
		{ "1 (a) R 2 (b)" BETWEEN "5 6", "a) R 2 (b", 5 },
		{ "1 (a\nb c)" BETWEEN "5 6", "a\nb c", 5 },
		{ "1 ()" BETWEEN "5 6", "", 5 },
		{ "1 (fifteen letters)" BETWEEN "18446744073709551615 6", "fifteen letters",
		  UINT64_MAX },
		/* kernel threads have longer ones */
		{ "1 (kworker/0:1H-events_highpri)" BETWEEN "5 6", "kworker/0:1H-ev", 5 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct stat_line line;

		expect(stat_line__parse(rows[i].text, &line), i);
		expect(!strcmp(line.comm, rows[i].comm), i);
		expect(line.start_ticks == rows[i].ticks, i);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"1 bash" BETWEEN "5",
		"1 (bash" BETWEEN "5",
		"1 bash)" BETWEEN "5",
		"1 )bash(" BETWEEN "5",
		"1 (bash)",
		"1 (bash) S 1 2 3",
		"1 (bash)" BETWEEN,
		"1 (bash)" BETWEEN "-5",
		"1 (bash)" BETWEEN "18446744073709551616",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		struct stat_line line = { .start_ticks = 77 };

		expect(!stat_line__parse(bad[i], &line), i);
		expect(line.start_ticks == 77, i);
	}
}

/* The judge is the kernel: a name that it was told, and the clock. */
static void this_process(void **state)
{
	struct stat_line line;
	struct timespec now;
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, "x) R 1 (\n"), 0);
	assert_int_equal(io_read_file("/proc/self/stat", 65536, &text, &size), 0);
	assert_true(stat_line__parse(text, &line));
	assert_string_equal(line.comm, "x) R 1 (\n");
	clock_gettime(CLOCK_BOOTTIME, &now);
	assert_in_range((uint64_t)now.tv_sec - line.start_ticks / (uint64_t)sysconf(_SC_CLK_TCK), 0,
			600);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_may_hold_anything),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(this_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
