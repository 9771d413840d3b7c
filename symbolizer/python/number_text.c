// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/number_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 30
#define DIGIT_MASK ((1U << DIGIT_BITS) - 1)
#define GROUP 1000000000U /* nine decimal digits */

/* Divides it by GROUP; returns what is left over. */
static uint32_t take_group(uint32_t *digits, uint64_t cnt)
{
	uint64_t rest = 0;

	for (uint64_t i = cnt; i--;) {
		rest = rest << DIGIT_BITS | digits[i];
		digits[i] = (uint32_t)(rest / GROUP);
		rest %= GROUP;
	}
	return (uint32_t)rest;
}

static bool is_zero(const uint32_t *digits, uint64_t cnt)
{
	while (cnt && !digits[cnt - 1])
		cnt--;
	return !cnt;
}

void python_number_text(const struct python_number *number, char text[NUMBER_TEXT_MAX])
{
	uint32_t digits[NUMBER_DIGITS], groups[NUMBER_DIGITS * DIGIT_BITS / 29 + 1];
	uint32_t cnt = 0;
	int len;

	for (uint64_t i = 0; i < number->cnt; i++)
		digits[i] = number->digits[i] & DIGIT_MASK;
	do
		groups[cnt++] = take_group(digits, number->cnt);
	while (!is_zero(digits, number->cnt));
	len = snprintf(text, NUMBER_TEXT_MAX, "%s%u", number->negative ? "-" : "", groups[--cnt]);
	while (cnt)
		len += snprintf(text + len, NUMBER_TEXT_MAX - (size_t)len, "%09u", groups[--cnt]);
}

/* The fewest digits that give the value again, as d.ddde+xx. */
static int shortest(double value, char text[NUMBER_TEXT_MAX])
{
	int precision = 0;

	do
		snprintf(text, NUMBER_TEXT_MAX, "%.*e", precision, value);
	while (strtod(text, NULL) != value && precision++ < 17);
	return precision;
}

/* Exponents from -4 to 15 are written out. */
void python_float_text(double value, char text[NUMBER_TEXT_MAX])
{
	int precision, exponent, decimals;
	char *e;

	if (!isfinite(value)) {
		strcpy(text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
		return;
	}
	precision = shortest(value, text);
	e = strchr(text, 'e');
	exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
	if (exponent < -4 || exponent > 15)
		return;
	decimals = precision - exponent;
	snprintf(text, NUMBER_TEXT_MAX, "%.*f", decimals > 0 ? decimals : 1, value);
}
