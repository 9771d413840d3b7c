// SPDX-License-Identifier: Apache-2.0
/* Threads that begin and end all the time, for ever. Says "ready". */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static volatile unsigned long counter;

static void *live_briefly(void *turns)
{
	for (unsigned long i = 0; i < (unsigned long)turns; i++)
		counter++;
	usleep(100);
	return NULL;
}

static void *make_threads(void *none)
{
	pthread_t threads[8];

	for (unsigned long turn = 0;; turn++) {
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, live_briefly, (void *)(turn % 100000));
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	}
	return none;
}

int main(void)
{
	puts("ready");
	fflush(stdout);
	make_threads(NULL);
	return 0;
}
