// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/source/batch.h"

struct seen {
	uint64_t times[16];
	uint32_t pids[16];
	size_t cnt;
};

static void see(void *ctx, const struct record_header *rec)
{
	struct seen *seen = ctx;

	seen->times[seen->cnt] = rec->time_ns;
	seen->pids[seen->cnt++] = ((const struct exit_record *)rec)->pid;
}

static void add(struct batch *batch, uint64_t time_ns, uint32_t pid)
{
	struct exit_record *rec = batch__add(batch, RECORD_EXIT, sizeof(*rec), time_ns);

	assert_non_null(rec);
	rec->pid = pid;
}

static void oldest_first_and_the_young_wait(void **state)
{
	scope_free(batch) struct batch *batch = batch__new();
	struct seen seen = { 0 };

	(void)state;
	add(batch, 30, 1);
	add(batch, 10, 2);
	add(batch, 10, 3);
	add(batch, 20, 4);
	batch__emit(batch, 30, see, &seen);
	assert_int_equal(seen.cnt, 3);
	assert_int_equal(seen.pids[0], 2);
	assert_int_equal(seen.pids[1], 3);
	assert_int_equal(seen.pids[2], 4);
	assert_false(batch__empty(batch));

	add(batch, 25, 5); /* an older one comes late: it still goes before */
	batch__emit(batch, UINT64_MAX, see, &seen);
	assert_int_equal(seen.cnt, 5);
	assert_int_equal(seen.pids[3], 5);
	assert_int_equal(seen.pids[4], 1);
	assert_true(batch__empty(batch));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_first_and_the_young_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
