// SPDX-License-Identifier: Apache-2.0
/* A function inside of a function (GNU C): its entry lies in the outer one's, its code does not. */
#include <stdio.h>

int main(int argc, char **argv)
{
	__attribute__((noinline)) int next(int step)
	{
		argc += step;
		return argc * 3;
	}

	for (int i = 0; i < 3; i++)
		printf("%d %s\n", next(i), argv[0]);
	return 0;
}
