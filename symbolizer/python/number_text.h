// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Numbers as Python's repr() writes them. */
#include <stdbool.h>
#include <stdint.h>

#define NUMBER_DIGITS 16 /* of 30 bits: 145 decimal ones */
#define NUMBER_TEXT_MAX 160

struct python_number {
	bool negative;
	uint64_t cnt;
	uint32_t digits[NUMBER_DIGITS]; /* lowest first, 30 bits each */
};

/* cnt: at most NUMBER_DIGITS. */
void python_number_text(const struct python_number *number, char text[NUMBER_TEXT_MAX]);
void python_float_text(double value, char text[NUMBER_TEXT_MAX]);
