// SPDX-License-Identifier: Apache-2.0
#include "collector/report/units.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct known_unit {
	enum { BYTES, TIME } kind;
	double factor; /* in bytes, in nanoseconds */
	const char *name;
	const char *aliases[4]; /* in small letters, without the s of a plural */
};

static const struct known_unit known[] = {
	{ BYTES, 1, "B", { "b", "byte" } },
	{ BYTES, 0x1p10, "kB", { "kb", "kbyte", "kilobyte" } },
	{ BYTES, 0x1p20, "MB", { "mb", "mbyte", "megabyte" } },
	{ BYTES, 0x1p30, "GB", { "gb", "gbyte", "gigabyte" } },
	{ BYTES, 0x1p40, "TB", { "tb", "tbyte", "terabyte" } },
	{ BYTES, 0x1p50, "PB", { "pb", "pbyte", "petabyte" } },
	{ TIME, 1, "ns", { "ns", "nanosecond" } },
	{ TIME, 1e3, "us", { "us", "\xce\xbcs", "microsecond" } },
	{ TIME, 1e6, "ms", { "ms", "millisecond" } },
	{ TIME, 1e9, "s", { "s", "sec", "second" } },
	{ TIME, 3600e9, "hrs", { "hr", "hour" } },
};
#define KNOWN_CNT (sizeof(known) / sizeof(*known))

static bool is_alias(const char *alias, const char *text)
{
	size_t len = strlen(text);

	if (!alias)
		return false;
	if (len > 2 && (text[len - 1] == 's' || text[len - 1] == 'S'))
		len--;
	return strlen(alias) == len && !strncasecmp(alias, text, len);
}

static const struct known_unit *find(const char *text)
{
	for (size_t i = 0; i < KNOWN_CNT; i++)
		for (size_t a = 0; a < sizeof(known[i].aliases) / sizeof(*known[i].aliases); a++)
			if (is_alias(known[i].aliases[a], text))
				return &known[i];
	return NULL;
}

bool unit_ratio(const char *a, const char *b, double *ret_ratio)
{
	const struct known_unit *x = find(a), *y = find(b);
	bool same = !strcmp(a, b);

	if (!same && (!x || !y || x->kind != y->kind))
		return false;
	*ret_ratio = same ? 1 : x->factor / y->factor;
	return true;
}

/* The largest unit in which value is 1 or more. */
static const struct known_unit *fit(const struct known_unit *own, double value)
{
	const struct known_unit *best = NULL;

	for (size_t i = 0; i < KNOWN_CNT; i++)
		if (known[i].kind == own->kind && fabs(value) * own->factor >= known[i].factor)
			best = &known[i];
	return best ? best : own->kind == BYTES ? find("b") : find("s");
}

static void name_unknown(struct unit *unit, const char *text)
{
	if (!strcmp(text, "count") || !strcmp(text, "sample") || !strcmp(text, "unit"))
		return;
	snprintf(unit->name, sizeof(unit->name), "%s", text);
	for (char *at = unit->name; *at; at++)
		if (*at < ' ' || *at > '~') /* it goes to a terminal */
			*at = '?';
}

struct unit unit_choose(const char *text, int64_t smallest, int64_t largest)
{
	const struct known_unit *own = find(text), *low, *high;
	struct unit unit = { .factor = 1 };

	if (!own) {
		name_unknown(&unit, text);
		return unit;
	}
	low = fit(own, (double)(smallest ? smallest : largest));
	high = fit(own, (double)largest);
	/* far apart: larger, so that the smallest is still 0.01 */
	if (low != high && fabs((double)smallest) * 100 < fabs((double)largest))
		low = fit(own, 100 * (double)smallest);
	unit.factor = low->factor / own->factor;
	snprintf(unit.name, sizeof(unit.name), "%s", low->name);
	return unit;
}

const char *unit_format(const struct unit *unit, int64_t value, char to[VALUE_TEXT])
{
	int len = snprintf(to, VALUE_TEXT, "%.2f", (double)value / unit->factor);

	if (len > 3 && !strcmp(to + len - 3, ".00"))
		to[len - 3] = 0;
	if (!strcmp(to, "0") || !strcmp(to, "-0"))
		return strcpy(to, "0");
	return strncat(to, unit->name, VALUE_TEXT - strlen(to) - 1);
}

const char *percent_format(int64_t value, int64_t total, char to[VALUE_TEXT])
{
	double percent = total ? fabs((double)value / (double)total) * 100 : 0;

	if (percent >= 99.95 && percent <= 100.05)
		return strcpy(to, "  100%");
	snprintf(to, VALUE_TEXT, percent >= 1 ? "%5.2f%%" : "%5.2g%%", percent);
	return to;
}
