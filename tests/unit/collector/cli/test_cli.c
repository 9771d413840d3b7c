// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

#include "collector/cli/cli.h"

#define MAX_WORDS 16

/* text: words after "sonde", parted by one blank. */
static int parse(const char *text, struct options *ret_options)
{
	static char words[8192], name[] = "sonde";
	char *argv[MAX_WORDS + 2] = { name }, *rest;
	int argc = 1;

	snprintf(words, sizeof(words), "%s", text);
	for (char *w = strtok_r(words, " ", &rest); w && argc <= MAX_WORDS;
	     w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	optind = 0; /* getopt_long() begins anew */
	return cli_parse(argc, argv, ret_options);
}

static void times_have_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns; /* 0: refused */
	} rows[] = {
		{ "10", 10000000000 },
		{ "10s", 10000000000 },
		{ "500ms", 500000000 },
		{ "2m", 120000000000 },
		{ "1h", 3600000000000 },
		{ "0.5", 500000000 },
		{ "1.5m", 90000000000 },
		{ "0", 0 },
		{ "-1", 0 },
		{ "", 0 },
		{ "s", 0 },
		{ "10x", 0 },
		{ "10sm", 0 },
		{ "nan", 0 },
		{ "inf", 0 },
		{ "1e9", 0 },
		{ "1e-12", 0 }, /* would be no time at all: until stopped */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct options options;
		char text[64];

		snprintf(text, sizeof(text), "record --duration=%s", rows[i].text);
		expect(parse(text, &options) == (rows[i].ns ? 0 : -EINVAL), i);
		if (rows[i].ns)
			expect(options.duration_ns == rows[i].ns, i);
	}
}

static void numbers_have_bounds(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "record -F 1", true },
		{ "record -F 10000", true },
		{ "record -F 0", false },
		{ "record -F 10001", false },
		{ "record -F -1", false },
		{ "record -F 9x", false },
		{ "record -F 99999999999999999999", false },
		{ "record -F", false },
		{ "record --max-depth 1", true },
		{ "record --max-depth 4096", true },
		{ "record --max-depth 4097", false },
		{ "record --max-depth 0", false },
		{ "report -n 1", true },
		{ "report -n 0", false },
		{ "report -n x", false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct options options;

		expect(parse(rows[i].text, &options) == (rows[i].good ? 0 : -EINVAL), i);
	}
}

static void lists(void **state)
{
	static const struct {
		const char *text;
		uint32_t cnt; /* 0: refused */
		uint32_t first, last;
		enum filter_kind filter;
	} rows[] = {
		{ "record -p 1", 1, 1, 1, FILTER_PID },
		{ "record -p 1,22,333", 3, 1, 333, FILTER_PID },
		{ "record -p 1 -p 2", 2, 1, 2, FILTER_PID },
		{ "record -t 7,8", 2, 7, 8, FILTER_TID },
		{ "record -p 2147483647", 1, INT32_MAX, INT32_MAX, FILTER_PID },
		{ "record -p 2147483648", 0, 0, 0, 0 },
		{ "record -p 0", 0, 0, 0, 0 },
		{ "record -p -1", 0, 0, 0, 0 },
		{ "record -p 1,", 0, 0, 0, 0 },
		{ "record -p ,1", 0, 0, 0, 0 },
		{ "record -p 1,,2", 0, 0, 0, 0 },
		{ "record -p 1;2", 0, 0, 0, 0 },
		{ "record -p name", 0, 0, 0, 0 },
		{ "record --pid=", 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct options o;

		expect(parse(rows[i].text, &o) == (rows[i].cnt ? 0 : -EINVAL), i);
		if (!rows[i].cnt)
			continue;
		expect(o.ids_cnt == rows[i].cnt && o.filter == rows[i].filter, i);
		expect(o.ids[0] == rows[i].first && o.ids[o.ids_cnt - 1] == rows[i].last, i);
	}
}

static void at_most_so_many_ids(void **state)
{
	char text[8192] = "record -p 1";
	struct options options;

	(void)state;
	for (int i = 1; i < OPTIONS_MAX_IDS; i++)
		strcat(text, ",1");
	assert_int_equal(parse(text, &options), 0);
	strcat(text, ",1");
	assert_int_equal(parse(text, &options), -EINVAL);
}

static void labels(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse("record", &o), 0);
	assert_int_equal(o.labels, LABEL_DEFAULT);
	assert_int_equal(parse("record --labels tid,cpu", &o), 0);
	assert_int_equal(o.labels, LABEL_DEFAULT | LABEL_TID | LABEL_CPU);
	assert_int_equal(parse("replay --labels stop x.raw", &o), 0);
	assert_int_equal(o.labels, LABEL_DEFAULT | LABEL_STOP);
	assert_string_equal(o.input, "x.raw");
	assert_int_equal(parse("record --labels tids", &o), -EINVAL);
	assert_int_equal(parse("record --labels ti", &o), -EINVAL);
	assert_int_equal(parse("record --labels tid,,cpu", &o), -EINVAL);
}

static void what_does_not_go_together(void **state)
{
	static const char *const rows[] = {
		"record -p 1 -t 2",
		"record -p 1 --comm x",
		"record --comm x --cgroup y",
		"record -a -p 1",
		"record -p 1 -a",
		"record -a --cgroup y",
		"record -o x --raw x",
		"record --",
		"record --all=yes",
		"record --nonsense",
		"record -Z",
		"record -e nonsense",
		"record --by file",
		"report --by nonsense",
		"report -F 9",
		"report a b",
		"replay",
		"replay a b",
		"doctor 1 2",
		"doctor 1,2",
		"doctor x",
		"dump",
		"dump x",
		"dump -a 1",
		"dump 1,",
		"dump -o x 1",
		"record --stop",
		"nonsense",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct options options = { .top = 77 };

		expect(parse(rows[i], &options) == -EINVAL, i);
		expect(options.top == 77, i); /* written on success only */
	}
}

static void a_command_keeps_its_options(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse("record -F 9 -- ls -F -a", &o), 0);
	assert_string_equal(o.command[0], "ls");
	assert_string_equal(o.command[1], "-F");
	assert_string_equal(o.command[2], "-a");
	assert_null(o.command[3]);
	assert_int_equal(o.filter, FILTER_PID);
	assert_false(o.all);
	assert_int_equal(parse("record ls -a", &o), 0);
	assert_string_equal(o.command[1], "-a");
	assert_false(o.all);
	assert_int_equal(parse("record -a -- ls", &o), 0);
	assert_int_equal(o.filter, FILTER_NONE);
}

static void whom_to_dump(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse("dump 12 --locals --stop", &o), 0);
	assert_int_equal(o.filter, FILTER_PID);
	assert_int_equal(o.ids_cnt, 1);
	assert_int_equal(o.ids[0], 12);
	assert_true(o.locals);
	assert_true(o.freeze);
	assert_int_equal(parse("dump 1,2 3", &o), 0);
	assert_int_equal(o.ids_cnt, 3);
	assert_false(o.locals);
	assert_int_equal(parse("dump -al", &o), 0);
	assert_true(o.all);
	assert_true(o.locals);
	assert_int_equal(o.ids_cnt, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(lists),
		cmocka_unit_test(at_most_so_many_ids),
		cmocka_unit_test(labels),
		cmocka_unit_test(what_does_not_go_together),
		cmocka_unit_test(a_command_keeps_its_options),
		cmocka_unit_test(whom_to_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
