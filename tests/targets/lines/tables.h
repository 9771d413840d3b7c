// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stddef.h>

struct row {
	int key;
	char text[28];
};

long sum_of(const long *numbers, size_t cnt); /* sums.S */
long square_of(long number);

void row_init(struct row *row, int key, const char *text);
int table_print(const struct row *rows, size_t cnt);
long table_sum(struct row *rows, size_t cnt);

static inline int row_is_bad(const struct row *row)
{
	return row->key < 0 || !row->text[0];
}

static inline long row_weight(const struct row *row)
{
	long weight = 0;

	for (const char *c = row->text; *c; c++)
		weight = weight * 31 + *c;
	return weight + row->key;
}
