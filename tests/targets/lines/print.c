// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "tables.h"

void row_init(struct row *row, int key, const char *text)
{
	row->key = key;
	strncpy(row->text, text, sizeof(row->text) - 1);
	row->text[sizeof(row->text) - 1] = 0;
}

static void print_row(const struct row *row)
{
	printf("%3d %-28s %ld\n", row->key, row->text, row_weight(row));
}

int table_print(const struct row *rows, size_t cnt)
{
	int bad = 0;

	for (size_t i = 0; i < cnt; i++) {
		if (row_is_bad(&rows[i]))
			bad++;
		else
			print_row(&rows[i]);
	}
	return bad;
}
