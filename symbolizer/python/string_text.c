// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/string_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "symbolizer/python/string_object.h"

#define VERSION_2_7 0x0207

void object_text__put(struct object_text *text, const char *piece)
{
	size_t len = strlen(piece), room = sizeof(text->bytes) - sizeof("...");

	if (text->cut)
		return;
	if (len > room - text->len) {
		len = room - text->len;
		while (len && (piece[len] & 0xc0) == 0x80)
			len--; /* no part of a character */
		text->cut = true;
	}
	memcpy(text->bytes + text->len, piece, len);
	text->len += len;
	strcpy(text->bytes + text->len, text->cut ? "..." : "");
	if (text->cut)
		text->len += strlen("...");
}

static void put_utf8(uint32_t rune, char to[5])
{
	memset(to, 0, 5);
	if (rune < 0x80) {
		to[0] = (char)rune;
	} else if (rune < 0x800) {
		to[0] = (char)(0xc0 | rune >> 6);
		to[1] = (char)(0x80 | (rune & 0x3f));
	} else if (rune < 0x10000) {
		to[0] = (char)(0xe0 | rune >> 12);
		to[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		to[2] = (char)(0x80 | (rune & 0x3f));
	} else {
		to[0] = (char)(0xf0 | rune >> 18);
		to[1] = (char)(0x80 | (rune >> 12 & 0x3f));
		to[2] = (char)(0x80 | (rune >> 6 & 0x3f));
		to[3] = (char)(0x80 | (rune & 0x3f));
	}
}

/* What repr() escapes besides ASCII's control characters, as far as anybody meets it: other control
 * characters, spaces of all kinds, marks of direction, halves of characters, what is no Unicode. */
static bool is_printable(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} escaped[] = {
		{ 0x7f, 0xa0 },	    { 0xad, 0xad },	{ 0x600, 0x605 },	 { 0x61c, 0x61c },
		{ 0x1680, 0x1680 }, { 0x180e, 0x180e }, { 0x2000, 0x200f },	 { 0x2028, 0x202f },
		{ 0x205f, 0x206f }, { 0x3000, 0x3000 }, { 0xd800, 0xf8ff },	 { 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0xe0000, UINT32_MAX },
	};

	if (rune < ' ')
		return false;
	for (size_t i = 0; i < sizeof(escaped) / sizeof(*escaped); i++)
		if (rune >= escaped[i].first && rune <= escaped[i].last)
			return false;
	return true;
}

/* One character as it stands between quotes. ascii: more is escaped. */
static void put_rune(struct object_text *text, uint32_t rune, char quote, bool ascii)
{
	char piece[16];

	if (rune == (unsigned char)quote || rune == '\\')
		snprintf(piece, sizeof(piece), "\\%c", (char)rune);
	else if (rune == '\n' || rune == '\r' || rune == '\t')
		snprintf(piece, sizeof(piece), "\\%c",
			 rune == '\n' ? 'n' :
			 rune == '\r' ? 'r' :
					't');
	else if (is_printable(rune) && (!ascii || rune < 0x7f))
		put_utf8(rune, piece);
	else if (rune <= 0xff)
		snprintf(piece, sizeof(piece), "\\x%02x", rune);
	else if (rune <= 0xffff)
		snprintf(piece, sizeof(piece), "\\u%04x", rune);
	else
		snprintf(piece, sizeof(piece), "\\U%08x", rune);
	object_text__put(text, piece);
}

struct chars {
	uint8_t bytes[4 * STRING_TEXT_CHARS];
	uint32_t cnt; /* at hand */
	uint32_t width; /* bytes of one */
	uint64_t length; /* of the whole string */
};

static uint32_t char_at(const struct chars *c, uint32_t i)
{
	uint32_t rune = 0;

	memcpy(&rune, c->bytes + i * c->width, c->width); /* little endian */
	return rune;
}

/* ' unless there is one inside, and no ". Of what is cut off nobody knows. */
static char choose_quote(const struct chars *c)
{
	bool single = false, twofold = false;

	for (uint32_t i = 0; i < c->cnt; i++) {
		single |= char_at(c, i) == '\'';
		twofold |= char_at(c, i) == '"';
	}
	return single && !twofold ? '"' : '\'';
}

static void put_quoted(struct object_text *text, const char *prefix, const struct chars *c,
		       bool ascii)
{
	char quote[2] = { choose_quote(c), 0 }, more[64];

	object_text__put(text, prefix);
	object_text__put(text, quote);
	for (uint32_t i = 0; i < c->cnt; i++)
		put_rune(text, char_at(c, i), *quote, ascii);
	object_text__put(text, quote);
	if (c->cnt == c->length)
		return;
	snprintf(more, sizeof(more), "... %" PRIu64 " %s", c->length,
		 *prefix == 'b' ? "bytes" : "characters");
	object_text__put(text, more);
}

static int read_chars(const struct python_memory *memory, uint64_t vaddr, struct chars *c)
{
	c->cnt = c->length < STRING_TEXT_CHARS ? (uint32_t)c->length : STRING_TEXT_CHARS;
	if (!c->cnt)
		return 0;
	return memory->read(memory->ctx, c->bytes, c->cnt * c->width, vaddr);
}

int string_text__put_str(const struct python_memory *memory, const struct python_layout *layout,
			 uint64_t vaddr, struct object_text *text)
{
	struct python_string_place place;
	struct chars chars;
	int err = python_string__place(memory, layout, vaddr, &place);

	if (err)
		return err;
	chars.length = place.length;
	chars.width = place.width;
	err = read_chars(memory, place.chars, &chars);
	if (!err)
		put_quoted(text, "", &chars, false);
	return err;
}

int string_text__put_bytes(const struct python_memory *memory, const struct python_layout *layout,
			   uint64_t vaddr, struct object_text *text)
{
	struct chars chars = { .width = 1 };
	uint64_t at;
	int err = python_bytes__place(memory, layout, vaddr, &at, &chars.length);

	if (!err)
		err = read_chars(memory, at, &chars);
	if (!err)
		put_quoted(text, layout->version == VERSION_2_7 ? "" : "b", &chars, true);
	return err;
}

/*
 * The width is the build's. Of four bytes, the upper half is at most 0x10; were the characters two wide,
 * every second one would have to be. The zero behind them counts as one.
 */
static uint32_t unicode_width(const struct chars *c)
{
	uint32_t pairs = c->length > 1 ? c->cnt / 2 : 1, pair;

	for (uint32_t i = 0; i < pairs; i++) {
		memcpy(&pair, c->bytes + 4UL * i, sizeof(pair));
		if (pair > 0x10ffff)
			return 2;
	}
	return 4;
}

/* PyUnicodeObject {head 16, length 16, characters 24} */
int string_text__put_unicode(const struct python_memory *memory, uint64_t vaddr,
			     struct object_text *text)
{
	struct chars chars = { .width = 2 };
	uint64_t fields[2];
	int err = memory->read(memory->ctx, fields, sizeof(fields), vaddr + 16);

	if (err)
		return err;
	chars.length = fields[0];
	chars.cnt = chars.length < STRING_TEXT_CHARS ? (uint32_t)chars.length : STRING_TEXT_CHARS;
	if (chars.cnt)
		err = memory->read(memory->ctx, chars.bytes,
				   2UL * (chars.cnt + (chars.length == 1)), fields[1]);
	if (!err && chars.cnt)
		chars.width = unicode_width(&chars);
	if (!err)
		err = read_chars(memory, fields[1], &chars);
	if (!err)
		put_quoted(text, "u", &chars, true);
	return err;
}
