// SPDX-License-Identifier: Apache-2.0
/* Code without unwind information that keeps frame pointers: some of the program's own (a gap
 * between its rows), and a whole library. */
#include "threads.h"

int gap_top(int n, int (*fn)(int));
int bare_top(int n, int (*fn)(int));

static void busy_setup(void)
{
}

__attribute__((noipa)) static int with_rows(int n)
{
	spin((unsigned int)n % 100 + 50);
	return n;
}

__attribute__((noipa)) static int into_gap(int n)
{
	return gap_top(n, with_rows) + 1;
}

static void busy_once(unsigned int seed)
{
	sink += (unsigned long)bare_top((int)seed, into_gap);
	sink += (unsigned long)gap_top((int)seed, with_rows);
}
