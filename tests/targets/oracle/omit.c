// SPDX-License-Identifier: Apache-2.0
/* No frame pointers anywhere: recursion, callbacks from libc, its assembly, the vdso, system calls. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "threads.h"

static void busy_setup(void)
{
}

__attribute__((noipa)) static int recurse(int n)
{
	int below = n ? recurse(n - 1) : (spin(400), 1);

	sink += (unsigned long)below;
	return below + n;
}

__attribute__((noipa)) static int compare(const void *a, const void *b)
{
	return recurse(*(const int *)a % 13) > recurse(*(const int *)b % 13) ? 1 : -1;
}

static void busy_once(unsigned int seed)
{
	static const char pattern[4096] = "x";
	char text[256], copy[4096];
	struct timespec now;
	int values[16];

	for (int i = 0; i < 16; i++)
		values[i] = (int)(seed * 13 + (unsigned int)i * 7) % 23;
	qsort(values, 16, sizeof(*values), compare);
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "%d %s %.17g", i, "abc", (double)seed / 7);
		sink += (unsigned long)strtod(text + 7, 0);
		memcpy(copy, pattern, sizeof(copy));
		sink += (unsigned long)copy[i];
		clock_gettime(CLOCK_MONOTONIC, &now);
		sink += (unsigned long)getppid();
	}
}
