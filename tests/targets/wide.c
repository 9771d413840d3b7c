// SPDX-License-Identifier: Apache-2.0
/* Burns CPU below frames of 4 KB each, from its first instruction on: wide FRAMES. Ends after 0.3 s of CPU. */
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

__attribute__((noipa)) static int wide_leaf(void)
{
	for (unsigned long i = 0; clock() < CLOCKS_PER_SEC * 3 / 10; i++)
		for (int turn = 0; turn < 100000; turn++)
			sink += i;
	return 1;
}

__attribute__((noipa)) static int wide_frame(int n)
{
	volatile char room[4096];

	for (size_t i = 0; i < sizeof(room); i += 64)
		room[i] = (char)n;
	return (n ? wide_frame(n - 1) : wide_leaf()) + room[64];
}

int main(int argc, char **argv)
{
	return wide_frame(argc > 1 ? atoi(argv[1]) - 1 : 1) < 0;
}
