// SPDX-License-Identifier: Apache-2.0
/* Burns CPU at the leaf of a known chain through libc's qsort: chain SECONDS [DEPTH]. Built without
 * frame pointers. */
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;
static int depth = 8;

__attribute__((noipa)) static int chain_leaf(int n)
{
	for (int i = 0; i < 2000; i++)
		sink += (unsigned long)(i * n);
	return (int)(sink & 1);
}

__attribute__((noipa)) static int chain_mid(int n)
{
	return (n ? chain_mid(n - 1) : chain_leaf(n + 3)) + 1;
}

__attribute__((noipa)) static int chain_compare(const void *a, const void *b)
{
	return chain_mid(depth) + *(const int *)a - *(const int *)b;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double end = seconds() + (argc > 1 ? atoi(argv[1]) : 1);

	if (argc > 2)
		depth = atoi(argv[2]);
	while (seconds() < end) {
		int values[64];

		for (int i = 0; i < 64; i++)
			values[i] = rand();
		qsort(values, 64, sizeof(*values), chain_compare);
	}
	return 7;
}
