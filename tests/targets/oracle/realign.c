// SPDX-License-Identifier: Apache-2.0
/* Realigned stacks: over-aligned locals (CFA = rbp + 16 behind an and), and with alloca and
 * arguments on the stack gcc's prologue through r10 (CFA = *(rbp - 8)). */
#include <alloca.h>
#include <stdarg.h>
#include <string.h>

#include "threads.h"

static void busy_setup(void)
{
}

struct row {
	double value[8];
} __attribute__((aligned(64)));

__attribute__((noipa)) static void touch(volatile void *p, unsigned int n)
{
	*(volatile char *)p = (char)n;
	spin(n % 50);
}

__attribute__((noipa)) static double aligned_leaf(unsigned int n)
{
	struct row rows[2];

	memset(rows, 0, sizeof(rows));
	touch(rows, n);
	return rows[0].value[0] > 0 ? 1 : 2;
}

__attribute__((noipa)) static double aligned_alloca(unsigned int n, int a, int b, int c, int d, int e,
						    int f, int g)
{
	struct row rows[2];
	char *more = alloca(64 + n % 128);

	memset(rows, 0, sizeof(rows));
	touch(rows, n);
	touch(more, n + (unsigned int)(a + b + c + d + e + f + g));
	return n % 5 ? aligned_alloca(n - 1, b, c, d, e, f, g, a) + rows[0].value[0] : aligned_leaf(n);
}

__attribute__((noipa)) static double sum(int cnt, ...)
{
	struct row total[1];
	va_list args;

	memset(total, 0, sizeof(total));
	va_start(args, cnt);
	for (int i = 0; i < cnt; i++)
		total[0].value[0] += va_arg(args, double);
	va_end(args);
	touch(total, (unsigned int)cnt);
	return total[0].value[0];
}

__attribute__((noipa, force_align_arg_pointer)) static double realigned(unsigned int n)
{
	return aligned_alloca(n, 1, 2, 3, 4, 5, 6, 7) + sum(4, 1.0, 2.0, 3.0, aligned_leaf(n));
}

static void busy_once(unsigned int seed)
{
	sink += (unsigned long)realigned(seed % 1000 + 9);
}
