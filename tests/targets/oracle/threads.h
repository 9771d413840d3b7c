// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the targets of the stack oracle share: main and three more threads, busy until killed, or
 * two minutes at most. Each target says what a thread does over and over. */
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

static void busy_once(unsigned int seed); /* the target's */
static void busy_setup(void); /* per thread */

static volatile unsigned long sink;

__attribute__((noipa)) static void spin(unsigned int turns)
{
	for (unsigned int i = 0; i < turns; i++)
		sink += i * 7;
}

static void *busy_thread(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	busy_setup();
	for (;;)
		busy_once(seed++);
	return 0;
}

int main(void)
{
	pthread_t thread;

	alarm(900); /* 200 samples take minutes on a busy machine */
	for (uintptr_t i = 1; i <= 3; i++)
		pthread_create(&thread, 0, busy_thread, (void *)(i * 1000));
	busy_thread(0);
}
