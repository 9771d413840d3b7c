// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/patience.h"

struct job {
	uint64_t sleep_ns;
	atomic_int worked;
	atomic_int dropped;
};

static void work(void *ctx)
{
	struct job *job = ctx;

	nanosleep(&(struct timespec){ 0, (long)job->sleep_ns }, NULL);
	job->worked++;
}

static void drop(void *ctx)
{
	((struct job *)ctx)->dropped++;
}

static void test_done_in_time(void **state)
{
	struct job job = { .sleep_ns = 1000000 };

	(void)state;
	assert_int_equal(with_patience(5000000000ULL, work, drop, &job), 0);
	assert_int_equal(job.worked, 1);
	assert_int_equal(job.dropped, 0);
}

static void test_left_behind(void **state)
{
	static struct job job = { .sleep_ns = 300000000 };
	uint64_t start = now_ns();

	(void)state;
	assert_int_equal(with_patience(10000000, work, drop, &job), -ETIMEDOUT);
	assert_true(now_ns() - start < 250000000);
	assert_int_equal(job.dropped, 0);
	while (!job.dropped && now_ns() - start < 10000000000ULL)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	assert_int_equal(job.worked, 1);
	assert_int_equal(job.dropped, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done_in_time),
		cmocka_unit_test(test_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
