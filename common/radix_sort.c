// SPDX-License-Identifier: Apache-2.0
#include "common/radix_sort.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

#define DIGITS 8
#define VALUES 256

struct counts {
	size_t of[DIGITS][VALUES];
};

static uint8_t digit_of(const char *row, int digit)
{
	uint64_t key;

	memcpy(&key, row, sizeof(key));
	return (uint8_t)(key >> (8 * digit));
}

static void count_digits(const char *rows, size_t cnt, size_t row_sz, struct counts *counts)
{
	for (size_t i = 0; i < cnt; i++)
		for (int digit = 0; digit < DIGITS; digit++)
			counts->of[digit][digit_of(rows + i * row_sz, digit)]++;
}

/* From the lowest digit up, each pass keeping the order of the one before. */
static void deal(const char *from, char *to, size_t cnt, size_t row_sz, const size_t *counts,
		 int digit)
{
	size_t place[VALUES], next = 0;

	for (int value = 0; value < VALUES; value++) {
		place[value] = next;
		next += counts[value];
	}
	for (size_t i = 0; i < cnt; i++) {
		const char *row = from + i * row_sz;

		memcpy(to + place[digit_of(row, digit)]++ * row_sz, row, row_sz);
	}
}

int radix_sort(void *rows, size_t cnt, size_t row_sz)
{
	scope_memory struct counts *counts = calloc(1, sizeof(*counts));
	scope_memory char *other = malloc(cnt * row_sz + 1);
	char *from = rows, *to = other;

	if (!counts || !other)
		return -ENOMEM;
	count_digits(rows, cnt, row_sz, counts);
	for (int digit = 0; digit < DIGITS && cnt; digit++) {
		char *swap = from;

		if (counts->of[digit][digit_of(rows, digit)] == cnt)
			continue; /* all the same */
		deal(from, to, cnt, row_sz, counts->of[digit], digit);
		from = to;
		to = swap;
	}
	if (from != rows)
		memcpy(rows, from, cnt * row_sz);
	return 0;
}
