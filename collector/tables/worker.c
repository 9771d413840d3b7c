// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <time.h>

struct queue {
	struct job *first;
	struct job **last;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct queue todo;
	struct queue finished;
	uint32_t waiting;
	int fd;
	bool stop;
};

static void push(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static struct job *pop(struct queue *queue)
{
	struct job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->last = &queue->first;
	return job;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		job = pop(&w->todo);
		if (!job) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		job->run(job);
		pthread_mutex_lock(&w->lock);
		push(&w->finished, job);
		eventfd_write(w->fd, 1);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct worker *worker__new(void)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->todo.last = &w->todo.first;
	w->finished.last = &w->finished.first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0 || pthread_create(&w->thread, NULL, work, w)) {
		free(w);
		return NULL;
	}
	return w;
}

void worker__free(struct worker *w)
{
	struct timespec until;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 1;
	if (pthread_timedjoin_np(w->thread, NULL, &until))
		return; /* it hangs in a target's file system: its memory stays */
	close(w->fd);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w);
}

void worker__submit(struct worker *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	push(&w->todo, job);
	w->waiting++;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void worker__collect(struct worker *w, void *ctx)
{
	eventfd_t value;
	struct job *job;

	eventfd_read(w->fd, &value);
	for (;;) {
		pthread_mutex_lock(&w->lock);
		job = pop(&w->finished);
		if (job)
			w->waiting--;
		pthread_mutex_unlock(&w->lock);
		if (!job)
			return;
		job->done(job, ctx);
	}
}

int worker__fd(const struct worker *w)
{
	return w->fd;
}

uint32_t worker__waiting(struct worker *w)
{
	uint32_t waiting;

	pthread_mutex_lock(&w->lock);
	waiting = w->waiting;
	pthread_mutex_unlock(&w->lock);
	return waiting;
}
