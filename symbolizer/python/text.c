// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/text.h"

#include <stdio.h>
#include <string.h>

#define MARK "..."
#define ROOM (PYTHON_TEXT_MAX - sizeof(MARK))

static void put(struct python_text *t, const char *bytes, size_t cnt)
{
	if (t->cut || cnt > ROOM - t->len) {
		t->cut = true;
		return;
	}
	memcpy(t->bytes + t->len, bytes, cnt);
	t->len += cnt;
}

static void put_escaped(struct python_text *t, uint32_t c)
{
	char bytes[12];
	int len;

	if (c < 0x100)
		len = snprintf(bytes, sizeof(bytes), "\\x%02x", c);
	else if (c < 0x10000)
		len = snprintf(bytes, sizeof(bytes), "\\u%04x", c);
	else
		len = snprintf(bytes, sizeof(bytes), "\\U%08x", c);
	put(t, bytes, (size_t)len);
}

static bool is_plain(uint32_t c)
{
	if (c < 0xa0)
		return c >= ' ' && c < 0x7f;
	return c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);
}

static void put_char(struct python_text *t, uint32_t c)
{
	char bytes[4];

	if (!is_plain(c)) {
		put_escaped(t, c);
	} else if (c < 0x80) {
		bytes[0] = (char)c;
		put(t, bytes, 1);
	} else if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 63));
		put(t, bytes, 2);
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 63));
		bytes[2] = (char)(0x80 | (c & 63));
		put(t, bytes, 3);
	} else {
		bytes[0] = (char)(0xf0 | c >> 18);
		bytes[1] = (char)(0x80 | (c >> 12 & 63));
		bytes[2] = (char)(0x80 | (c >> 6 & 63));
		bytes[3] = (char)(0x80 | (c & 63));
		put(t, bytes, 4);
	}
}

void python_text__start(struct python_text *t)
{
	t->len = 0;
	t->cut = false;
}

void python_text__put(struct python_text *t, const void *chars, size_t cnt, unsigned int width)
{
	const uint8_t *at = chars;

	for (size_t i = 0; i < cnt && !t->cut; i++, at += width) {
		uint32_t c = 0;

		memcpy(&c, at, width); /* little-endian, as the processes are */
		put_char(t, c);
	}
}

/* The length of the UTF-8 character that begins here and its value; 0: none does. */
static size_t take_char(const uint8_t *at, size_t left, uint32_t *ret_c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *at < 0x80 ? 1 : *at < 0xc0 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	uint32_t c = len > 1 ? *at & (0x7f >> len) : *at;

	if (!len || len > left || *at > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 63);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_c = c;
	return len;
}

void python_text__put_bytes(struct python_text *t, const void *bytes, size_t cnt)
{
	const uint8_t *at = bytes, *end = at + cnt;

	while (at < end && !t->cut) {
		uint32_t c;
		size_t len = take_char(at, (size_t)(end - at), &c);

		if (len)
			put_char(t, c);
		else
			put_escaped(t, *at);
		at += len ? len : 1;
	}
}

const char *python_text__end(struct python_text *t)
{
	if (t->cut)
		memcpy(t->bytes + t->len, MARK, strlen(MARK));
	t->bytes[t->len + (t->cut ? strlen(MARK) : 0)] = 0;
	return t->bytes;
}
