// SPDX-License-Identifier: Apache-2.0
#include "common/patience.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"

struct wait { /* shared by both sides; the last one frees it */
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	bool done;
	bool left; /* the caller has gone */
	void (*work)(void *job);
	void (*drop)(void *job);
	void *job;
};

static void wait_free(struct wait *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->done_cond);
	free(w);
}

static void *run(void *arg)
{
	struct wait *w = arg;
	bool left;

	w->work(w->job);
	pthread_mutex_lock(&w->lock);
	w->done = true;
	left = w->left;
	pthread_cond_signal(&w->done_cond);
	pthread_mutex_unlock(&w->lock);
	if (left) {
		w->drop(w->job);
		wait_free(w);
	}
	return NULL;
}

static struct wait *wait_new(void (*work)(void *), void (*drop)(void *), void *job)
{
	struct wait *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->done_cond, &attr);
	pthread_condattr_destroy(&attr);
	w->work = work;
	w->drop = drop;
	w->job = job;
	return w;
}

static int start(struct wait *w)
{
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &attr, run, w);
	pthread_attr_destroy(&attr);
	return -err;
}

int with_patience(uint64_t patience_ns, void (*work)(void *job), void (*drop)(void *job), void *job)
{
	struct wait *w = wait_new(work, drop, job);
	uint64_t until = now_ns() + patience_ns;
	struct timespec at = { (time_t)(until / 1000000000), (long)(until % 1000000000) };
	bool done;
	int err;

	if (!w)
		return -ENOMEM;
	err = start(w);
	if (err) {
		wait_free(w);
		return err;
	}
	pthread_mutex_lock(&w->lock);
	while (!w->done && pthread_cond_timedwait(&w->done_cond, &w->lock, &at) != ETIMEDOUT)
		;
	done = w->done;
	w->left = !done;
	pthread_mutex_unlock(&w->lock);
	if (!done)
		return -ETIMEDOUT;
	wait_free(w);
	return 0;
}
