// SPDX-License-Identifier: Apache-2.0
/*
 * Threads that wait in many ways and one that runs, for ever, each some calls deep. Says "ready" when all
 * are there.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t all;
static sem_t semaphore;
static volatile unsigned long counter;

#define DEEP __attribute__((noinline, noclone))

DEEP static void wait_for_condition(void)
{
	pthread_mutex_lock(&mutex);
	while (!counter || counter)
		pthread_cond_wait(&condition, &mutex);
}

DEEP static void sleep_long(void)
{
	struct timespec time = { .tv_sec = 100000 };

	while (!nanosleep(&time, NULL))
		counter++;
}

DEEP static void read_nothing(void)
{
	int ends[2];
	char byte;

	if (!pipe(ends))
		while (read(ends[0], &byte, 1) < 0)
			counter++;
}

DEEP static void poll_nothing(void)
{
	while (poll(NULL, 0, -1))
		counter++;
}

DEEP static void take_semaphore(void)
{
	while (sem_wait(&semaphore))
		counter++;
}

static inline __attribute__((always_inline)) void inlined_turn(void)
{
	counter++;
}

DEEP static void spin(void)
{
	for (;;)
		inlined_turn();
}

DEEP static void descend(void (*end)(void), int depth)
{
	if (depth)
		descend(end, depth - 1);
	else
		end();
	counter++; /* no tail call */
}

static void *begin(void *end)
{
	pthread_barrier_wait(&all);
	descend((void (*)(void))end, 5);
	return NULL;
}

int main(void)
{
	static void (*const ends[])(void) = { wait_for_condition, sleep_long,	  read_nothing,
					      poll_nothing,	  take_semaphore, spin };
	pthread_t thread;

	pthread_barrier_init(&all, NULL, sizeof(ends) / sizeof(*ends) + 1);
	sem_init(&semaphore, 0, 0);
	for (unsigned int i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		pthread_create(&thread, NULL, begin, (void *)ends[i]);
	pthread_barrier_wait(&all);
	usleep(100000);
	puts("ready");
	fflush(stdout);
	descend(sleep_long, 3);
	return 0;
}
