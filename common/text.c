// SPDX-License-Identifier: Apache-2.0
#include "common/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that follow the first, the bits it carries itself, the least value that needs that many. */
static const struct {
	uint8_t mask, lead, bits;
	size_t more;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0x7f, 0, 0 },
	{ 0xe0, 0xc0, 0x1f, 1, 0x80 },
	{ 0xf0, 0xe0, 0x0f, 2, 0x800 },
	{ 0xf8, 0xf0, 0x07, 3, 0x10000 },
};

size_t text_rune(const char *text, uint32_t *ret_rune)
{
	const uint8_t *at = (const uint8_t *)text;

	for (size_t f = 0; *at && f < sizeof(forms) / sizeof(*forms); f++) {
		uint32_t rune = *at & forms[f].bits;

		if ((*at & forms[f].mask) != forms[f].lead)
			continue;
		for (size_t i = 1; i <= forms[f].more; i++) {
			if ((at[i] & 0xc0) != 0x80)
				return 0;
			rune = rune << 6 | (at[i] & 0x3f);
		}
		if (rune < forms[f].least || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
			return 0;
		*ret_rune = rune;
		return forms[f].more + 1;
	}
	return 0;
}

static bool is_control(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0);
}

/* They turn the order of what follows on the screen. */
static bool is_bidi(uint32_t rune)
{
	return rune == 0x200e || rune == 0x200f || rune == 0x61c ||
	       (rune >= 0x202a && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069);
}

static void print(FILE *to, const char *text, bool tabs)
{
	while (*text) {
		uint32_t rune = 0;
		size_t len = text_rune(text, &rune);

		if (!len)
			fprintf(to, "\\x%02x", (uint8_t)*text);
		else if (is_control(rune) && !(tabs && rune == '\t'))
			fprintf(to, "\\x%02x", rune);
		else if (is_bidi(rune))
			fprintf(to, "\\u%04x", rune);
		else
			fwrite(text, 1, len, to);
		text += len ? len : 1;
	}
}

void text_print(FILE *to, const char *text)
{
	print(to, text, false);
}

void text_print_source(FILE *to, const char *text)
{
	print(to, text, true);
}

char *text_utf8(const char *text)
{
	static const char unknown[] = "\xef\xbf\xbd";
	char *copy = malloc(3 * strlen(text) + 1), *to = copy;

	if (!copy)
		return NULL;
	while (*text) {
		uint32_t rune;
		size_t len = text_rune(text, &rune);

		memcpy(to, len ? text : unknown, len ? len : 3);
		to += len ? len : 3;
		text += len ? len : 1;
	}
	*to = 0;
	return copy;
}
