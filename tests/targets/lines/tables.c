// SPDX-License-Identifier: Apache-2.0
/* What gcc makes of C: inlined and partitioned functions, clones, nested ones, cold parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables.h"

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->text, y->text);
}

static __attribute__((noinline)) long checked_sum(const struct row *rows, size_t cnt, int strict)
{
	long sum = 0;

	for (size_t i = 0; i < cnt; i++) {
		if (__builtin_expect(row_is_bad(&rows[i]), 0)) {
			fprintf(stderr, "bad row %zu: %s\n", i, rows[i].text);
			if (strict)
				abort();
			continue;
		}
		sum += row_weight(&rows[i]);
	}
	return sum;
}

long table_sum(struct row *rows, size_t cnt)
{
	if (!cnt)
		return 0;
	qsort(rows, cnt, sizeof(*rows), compare_rows);
	return checked_sum(rows, cnt, 1) + checked_sum(rows, cnt / 2, 1);
}

int main(int argc, char **argv)
{
	struct row rows[64];
	long numbers[4] = { 1, 2, 3, argc };

	for (int i = 0; i < 64; i++)
		row_init(&rows[i], (i * 37) % 64, argv[i % argc]);
	printf("%ld %ld %ld\n", table_sum(rows, 64), sum_of(numbers, 4), square_of(argc));
	return table_print(rows, 64);
}
