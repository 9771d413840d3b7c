// SPDX-License-Identifier: Apache-2.0
/* Whether a thread-specific value lies where it was said: specific glibc|musl OFFSET. Of ten keys in a second
 * thread; exit code 0: all do. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 10

static pthread_key_t keys[KEYS];
static int musl;
static uint64_t offset;

static uint64_t word_at(uint64_t at)
{
	return *(const uint64_t *)(uintptr_t)at;
}

static uint64_t thread_base(void)
{
	uint64_t base;

	__asm__("mov %%fs:0, %0" : "=r"(base));
	return base;
}

static void *check(void *unused)
{
	uintptr_t wrong = 0;

	(void)unused;
	for (int i = 0; i < KEYS; i++)
		pthread_setspecific(keys[i], &keys[i]);
	for (int i = 0; i < KEYS; i++) {
		uint64_t at = thread_base() + offset;

		at = musl ? word_at(at) + 8 * keys[i] : at + 16 * keys[i];
		wrong += word_at(at) != (uintptr_t)&keys[i];
	}
	return (void *)wrong;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *wrong;

	if (argc != 3)
		return 2;
	musl = !strcmp(argv[1], "musl");
	offset = strtoul(argv[2], NULL, 10);
	for (int i = 0; i < KEYS; i++)
		if (pthread_key_create(&keys[i], NULL))
			return 2;
	if (pthread_create(&thread, NULL, check, NULL) || pthread_join(thread, &wrong))
		return 2;
	printf("%lu wrong\n", (unsigned long)(uintptr_t)wrong);
	return wrong ? 1 : 0;
}
