// SPDX-License-Identifier: Apache-2.0
/* Calls through lazy PLT entries, its own library's and libc's. */
#include <stdlib.h>
#include <string.h>

#include "threads.h"

int plt_top(int n);
int plt_leaf(int n);

static void busy_setup(void)
{
}

static void busy_once(unsigned int seed)
{
	char text[32] = "plt";

	for (int i = 0; i < 200; i++) {
		sink += (unsigned long)plt_top((int)seed + i) + (unsigned long)plt_leaf(i);
		sink += strlen(text) + (unsigned long)labs(i);
	}
}
