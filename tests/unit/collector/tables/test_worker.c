// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "collector/tables/worker.h"

#define NEVER_NS UINT64_MAX
#define SOON_NS 300000000ULL /* far more than a job takes that does not hang, on a busy host too */
#define MAX_JOBS 128

/* What became of each job. The main thread alone writes done and hung. */
static struct {
	atomic_int ran;
	atomic_int dropped;
	int turn; /* how many ran before it */
	int done;
	int hung;
	pthread_t thread;
} jobs[MAX_JOBS];
static atomic_int at_gate, turns;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: jobs that wait for it hang */
static pthread_mutex_t other_gate = PTHREAD_MUTEX_INITIALIZER;

static void run(struct job *job)
{
	jobs[job->id].turn = turns++;
	jobs[job->id].thread = pthread_self();
	jobs[job->id].ran++;
}

static void run_behind_gate(struct job *job)
{
	at_gate++;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	run(job);
}

static void run_behind_other_gate(struct job *job)
{
	at_gate++;
	pthread_mutex_lock(&other_gate);
	pthread_mutex_unlock(&other_gate);
	run(job);
}

static void done(struct job *job, void *ctx)
{
	assert_string_equal(ctx, "ctx");
	jobs[job->id].done++;
	free(job);
}

static void hung(void *ctx, uint32_t id)
{
	assert_string_equal(ctx, "ctx");
	jobs[id].hung++;
}

static void drop(struct job *job)
{
	jobs[job->id].dropped++;
	free(job);
}

static void submit_job(struct workers *w, struct job from)
{
	struct job *job = malloc(sizeof(*job));

	*job = from;
	workers__submit(w, job);
}

static void submit(struct workers *w, uint32_t id, void (*what)(struct job *))
{
	submit_job(w, (struct job){ what, done, hung, drop, id, NULL, false });
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static void collect_all(struct workers *w)
{
	while (workers__waiting(w)) {
		workers__collect(w, (void *)(uintptr_t) "ctx");
		nap();
	}
}

static int reset(void **state)
{
	(void)state;
	memset(jobs, 0, sizeof(jobs));
	at_gate = 0;
	turns = 0;
	return 0;
}

static void each_job_runs_once_and_comes_back(void **state)
{
	struct workers *w = workers__new(NEVER_NS);
	struct pollfd waits = { .fd = workers__fd(w), .events = POLLIN };

	(void)state;
	assert_int_equal(poll(&waits, 1, 0), 0);
	for (uint32_t i = 0; i < MAX_JOBS; i++)
		submit(w, i, run);
	assert_int_equal(poll(&waits, 1, 10000), 1);
	collect_all(w);
	workers__collect(
		w, NULL); /* a job may come between the look at the fd and the look for jobs */
	assert_int_equal(poll(&waits, 1, 0), 0);
	for (uint32_t i = 0; i < MAX_JOBS; i++) {
		expect(jobs[i].ran == 1 && jobs[i].done == 1, i);
		expect(!jobs[i].hung && !jobs[i].dropped, i);
		expect(!pthread_equal(jobs[i].thread, pthread_self()), i);
	}
	assert_true(workers__free(w));
}

/* One of two threads stays behind its gate: the other one does all in turn. */
static void urgent_jobs_go_first(void **state)
{
	struct workers *w = workers__new(NEVER_NS);

	(void)state;
	pthread_mutex_lock(&gate);
	pthread_mutex_lock(&other_gate);
	submit(w, 0, run_behind_gate);
	submit(w, 1, run_behind_other_gate);
	while (at_gate < 2)
		nap();
	for (uint32_t i = 2; i < 6; i++)
		submit(w, i, run);
	for (uint32_t i = 6; i < 8; i++)
		submit_job(w, (struct job){ run, done, hung, drop, i, NULL, true });
	pthread_mutex_unlock(&other_gate);
	while (turns < 7)
		nap();
	for (uint32_t i = 2; i < 8; i++)
		expect(jobs[i].turn == (i < 6 ? (int)i + 1 : (int)i - 5), i);
	pthread_mutex_unlock(&gate);
	collect_all(w);
	assert_true(workers__free(w));
}

static void jobs_that_hang_are_left_behind(void **state)
{
	struct workers *w = workers__new(SOON_NS);

	(void)state;
	pthread_mutex_lock(&gate);
	for (uint32_t i = 0; i < 8; i++) /* more than there are threads */
		submit(w, i, run_behind_gate);
	for (uint32_t i = 8; i < 16; i++)
		submit(w, i, run);
	collect_all(w);
	for (uint32_t i = 0; i < 16; i++) {
		expect(jobs[i].hung == (i < 8), i);
		expect(jobs[i].done == (i >= 8) && jobs[i].ran == (i >= 8), i);
		expect(!jobs[i].dropped, i);
	}
	pthread_mutex_unlock(&gate);
	for (uint32_t i = 0; i < 8; i++) { /* they come back, too late */
		while (!jobs[i].dropped)
			nap();
		expect(jobs[i].ran == 1 && !jobs[i].done && jobs[i].hung == 1, i);
	}
	submit(w, 16, run);
	collect_all(w);
	assert_int_equal(jobs[16].done, 1);
	while (!workers__free(w)) /* the last of them may be on its way out */
		nap();
}

static struct workers *hanging; /* of the next test: still there for its thread */

static void the_end_does_not_wait_for_them(void **state)
{
	(void)state;
	hanging = workers__new(SOON_NS);
	pthread_mutex_lock(&gate);
	submit(hanging, 0, run_behind_gate);
	collect_all(hanging);
	assert_int_equal(jobs[0].hung, 1);
	assert_false(workers__free(hanging)); /* what jobs use must stay */
	pthread_mutex_unlock(&gate);
	while (!jobs[0].dropped)
		nap();
}

static void what_never_ran_is_dropped(void **state)
{
	static struct workers *w; /* still there for its threads */
	uint32_t dropped = 0;

	(void)state;
	w = workers__new(NEVER_NS);
	pthread_mutex_lock(&gate);
	for (uint32_t i = 0; i < 8; i++)
		submit(w, i, run_behind_gate);
	while (!at_gate)
		nap();
	assert_false(workers__free(w));
	for (uint32_t i = 0; i < 8; i++)
		dropped += (uint32_t)jobs[i].dropped;
	assert_in_range(dropped, 1, 7); /* all but those at hand */
	pthread_mutex_unlock(&gate);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_job_runs_once_and_comes_back, reset),
		cmocka_unit_test_setup(urgent_jobs_go_first, reset),
		cmocka_unit_test_setup(jobs_that_hang_are_left_behind, reset),
		cmocka_unit_test_setup(the_end_does_not_wait_for_them, reset),
		cmocka_unit_test_setup(what_never_ran_is_dropped, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
