// SPDX-License-Identifier: Apache-2.0
/*
 * What the line table decoder says, for a judge. Each line of standard input is one code object:
 * "VERSION FIRST_LINE END STEP TABLE", VERSION and TABLE in hexadecimal (TABLE "-": empty). For each,
 * one line: the raw lines of positions 0, STEP, ... below END, -1 where there is none; with -c for
 * each "line,end_line,column,end_column", or "-" where there are none; with -s the lines shown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbolizer/python/line_table.h"

static void print_raw(const struct python_line_table *t, int32_t position)
{
	printf("%d ", python_line_table__raw(t, position));
}

static void print_shown(const struct python_line_table *t, int32_t position)
{
	printf("%d ", python_line_table__shown(t, position));
}

static void print_columns(const struct python_line_table *t, int32_t position)
{
	struct python_columns c;

	if (python_line_table__columns(t, position, &c))
		printf("%d,%d,%d,%d ", c.line, c.end_line, c.column, c.end_column);
	else
		printf("- ");
}

/* In place: a byte takes less room than its two digits. */
static size_t unhex(char *text)
{
	size_t size = 0;
	unsigned int byte;

	for (const char *at = text; sscanf(at, "%2x", &byte) == 1; at += 2)
		text[size++] = (char)byte;
	return size;
}

int main(int argc, char **argv)
{
	void (*print)(const struct python_line_table *, int32_t) = print_raw;
	scope_memory char *line = NULL;
	size_t room = 0;
	int c;

	while ((c = getopt(argc, argv, "cs")) != -1)
		print = c == 'c' ? print_columns : print_shown;
	while (getline(&line, &room, stdin) > 0) {
		struct python_line_table t;
		unsigned int version;
		int32_t end, step;
		int table = 0;

		if (sscanf(line, "%x %d %d %d %n", &version, &t.first_line, &end, &step, &table) <
			    4 ||
		    !table || step < 1)
			return 2;
		t.version = (uint16_t)version;
		t.size = unhex(line + table);
		t.bytes = (uint8_t *)line + table;
		for (int32_t at = 0; at < end; at += step)
			print(&t, at);
		putchar('\n');
	}
	return 0;
}
