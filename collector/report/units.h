// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Values for people, as pprof writes them: 1.72s, 12.50MB, 42. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define VALUE_TEXT 64 /* a value as text fits */

struct unit {
	double factor; /* of it in the value's own unit */
	char name[16]; /* behind the number */
};

/* One unit for all values of a report: fit for the smallest that is not 0 and for the largest. */
struct unit unit_choose(const char *unit, int64_t smallest, int64_t largest);

const char *unit_format(const struct unit *unit, int64_t value, char to[VALUE_TEXT]);
/* "  100%", " 5.20%", " 0.52%": six characters. The sign is dropped, as pprof does. */
const char *percent_format(int64_t value, int64_t total, char to[VALUE_TEXT]);

/* How many of b make one of a ("seconds", "ms": 1000). false: no such way. */
bool unit_ratio(const char *a, const char *b, double *ret_ratio);
