// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/text.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

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

static bool can_be_kept(uint32_t c)
{
	return c && (c < 0xd800 || (c > 0xdfff && c <= 0x10ffff));
}

static void put_char(struct python_text *t, uint32_t c)
{
	char bytes[4];

	if (!can_be_kept(c)) {
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

void python_text__put_bytes(struct python_text *t, const char *bytes, size_t cnt)
{
	for (const char *at = bytes; at < bytes + cnt && !t->cut;) {
		uint32_t c;
		size_t len = text_rune(at, &c);

		if (len)
			put(t, at, len);
		else
			put_escaped(t, (uint8_t)*at);
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
