// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/worker.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include "common/clock.h"

#define THREADS 2
#define MAX_HUNG 64 /* threads that we leave behind; then no more files are opened */

struct queue {
	struct job *first;
	struct job **last;
};

/* One thread; left to itself (and freed by itself) when its job hangs. */
struct hand {
	struct workers *workers;
	pthread_t thread;
	struct job *job; /* NULL: idle */
	uint64_t since_ns;
	bool left;
};

struct workers {
	struct hand *hands[THREADS];
	pthread_mutex_t lock; /* of all below, and of the hands */
	pthread_cond_t todo_changed;
	pthread_cond_t hand_stopped;
	struct queue urgent;
	struct queue todo;
	struct queue finished;
	uint32_t waiting;
	uint32_t running; /* threads that are not left behind */
	uint32_t left_cnt; /* threads that hang with their jobs */
	uint64_t hung_ns;
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

/* False: the hand was left behind meanwhile, and the job's owner was told so. Called with the lock. */
static bool run_job(struct workers *w, struct hand *hand, struct job *job)
{
	hand->job = job;
	hand->since_ns = now_ns();
	pthread_mutex_unlock(&w->lock);
	job->run(job);
	pthread_mutex_lock(&w->lock);
	if (hand->left)
		return false;
	hand->job = NULL;
	push(&w->finished, job);
	eventfd_write(w->fd, 1);
	return true;
}

static void *work(void *arg)
{
	struct hand *hand = arg;
	struct workers *w = hand->workers;
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		job = pop(&w->urgent);
		if (!job)
			job = pop(&w->todo);
		if (!job) {
			pthread_cond_wait(&w->todo_changed, &w->lock);
		} else if (!run_job(w, hand, job)) {
			w->left_cnt--;
			pthread_mutex_unlock(&w->lock);
			job->drop(job);
			free(hand);
			return NULL;
		}
	}
	w->running--;
	pthread_cond_signal(&w->hand_stopped);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static struct hand *start_hand(struct workers *w)
{
	struct hand *hand = calloc(1, sizeof(*hand));

	if (!hand)
		return NULL;
	hand->workers = w;
	if (pthread_create(&hand->thread, NULL, work, hand)) {
		free(hand);
		return NULL;
	}
	pthread_detach(hand->thread);
	w->running++;
	return hand;
}

struct workers *workers__new(uint64_t hung_ns)
{
	struct workers *w = calloc(1, sizeof(*w));
	pthread_condattr_t clock;

	if (!w)
		return NULL;
	w->hung_ns = hung_ns;
	w->urgent.last = &w->urgent.first;
	w->todo.last = &w->todo.first;
	w->finished.last = &w->finished.first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&w->todo_changed, NULL);
	pthread_cond_init(&w->hand_stopped, &clock);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_lock(&w->lock);
	for (int i = 0; w->fd >= 0 && i < THREADS; i++)
		w->hands[i] = start_hand(w);
	pthread_mutex_unlock(&w->lock);
	if (!w->hands[0]) {
		workers__free(w);
		return NULL;
	}
	return w;
}

static void drop_all(struct queue *queue)
{
	struct job *job;

	while ((job = pop(queue)))
		job->drop(job);
}

bool workers__free(struct workers *w)
{
	struct timespec until;
	bool left;

	if (!w)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 1;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->todo_changed);
	while (w->running)
		if (pthread_cond_timedwait(&w->hand_stopped, &w->lock, &until))
			break;
	left = w->running || w->left_cnt;
	drop_all(&w->urgent);
	drop_all(&w->todo);
	drop_all(&w->finished);
	pthread_mutex_unlock(&w->lock);
	if (left)
		return false; /* they will look at it when they come back */
	for (int i = 0; i < THREADS; i++)
		free(w->hands[i]);
	close(w->fd);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->todo_changed);
	pthread_cond_destroy(&w->hand_stopped);
	free(w);
	return true;
}

void workers__submit(struct workers *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	push(job->urgent ? &w->urgent : &w->todo, job);
	w->waiting++;
	pthread_cond_signal(&w->todo_changed);
	pthread_mutex_unlock(&w->lock);
}

/* The job of a hand that hangs; the hand is replaced. */
static struct job *take_hung(struct workers *w)
{
	for (int i = 0; i < THREADS; i++) {
		struct hand *hand = w->hands[i];

		if (!hand || !hand->job || now_ns() - hand->since_ns < w->hung_ns)
			continue;
		hand->left = true;
		w->running--;
		w->left_cnt++;
		w->hands[i] = w->left_cnt < MAX_HUNG ? start_hand(w) : NULL;
		return hand->job;
	}
	return NULL;
}

enum result { RESULT_NONE, RESULT_DONE, RESULT_HUNG };

/* Of a job that hangs, only the copy may be looked at once the lock is open. */
static enum result next_result(struct workers *w, struct job **ret_job, struct job *ret_copy)
{
	enum result result = RESULT_DONE;

	pthread_mutex_lock(&w->lock);
	*ret_job = pop(&w->finished);
	if (!*ret_job) {
		*ret_job = take_hung(w);
		result = *ret_job ? RESULT_HUNG : RESULT_NONE;
	}
	if (*ret_job) {
		*ret_copy = **ret_job;
		w->waiting--;
	}
	pthread_mutex_unlock(&w->lock);
	return result;
}

void workers__collect(struct workers *w, void *ctx)
{
	enum result result;
	struct job *job, copy;
	eventfd_t value;

	eventfd_read(w->fd, &value);
	while ((result = next_result(w, &job, &copy))) {
		if (result == RESULT_HUNG)
			copy.hung(ctx, copy.id);
		else
			job->done(job, ctx);
	}
}

int workers__fd(const struct workers *w)
{
	return w->fd;
}

uint32_t workers__waiting(struct workers *w)
{
	uint32_t waiting;

	pthread_mutex_lock(&w->lock);
	waiting = w->waiting;
	pthread_mutex_unlock(&w->lock);
	return waiting;
}
