// SPDX-License-Identifier: Apache-2.0
/* Lives MS milliseconds of CPU time, below a known chain without frame pointers, and prints the CPU
 * time that its function took and that the process had taken by then, in nanoseconds: brief MS. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

static long long cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

__attribute__((noipa)) static long long brief_work(long long until)
{
	long long now;

	do {
		for (int i = 0; i < 2000; i++)
			sink += (unsigned long)i * 3;
		now = cpu_ns();
	} while (now < until);
	return now;
}

__attribute__((noipa)) static long long brief_mid(long long until, int n)
{
	long long now = n ? brief_mid(until, n - 1) : brief_work(until);

	sink++;
	return now;
}

int main(int argc, char **argv)
{
	long long start = cpu_ns(), end;

	end = brief_mid(start + (argc > 1 ? atoi(argv[1]) : 20) * 1000000LL, 3);
	printf("%lld %lld\n", end - start, end);
	return 0;
}
