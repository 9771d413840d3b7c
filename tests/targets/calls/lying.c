// SPDX-License-Identifier: Apache-2.0
/* One wrong frame in each stack, two thirds of the time: lying SECONDS. */
#include <stdlib.h>
#include <time.h>

void lying_spin(long turns);
void lying_start_spin(long turns);

static volatile unsigned long sink;

__attribute__((noipa)) static void true_spin(unsigned long turns)
{
	for (unsigned long i = 0; i < turns; i++)
		sink += i;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);

	while (time(NULL) <= end) {
		lying_spin(4000000);
		lying_start_spin(4000000);
		true_spin(1000000);
	}
	return 0;
}
