// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * A checked range of foreign bytes. Reads move a cursor; a read past the end sets `bad`, yields
 * zero and stays bad, so that a parser may read several fields and check once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
	const uint8_t *data; /* borrowed */
	size_t size;
	size_t pos;
	bool bad;
};

static inline struct view view_of(const void *data, size_t size)
{
	return (struct view){ .data = data, .size = size };
}

static inline size_t view_left(const struct view *v)
{
	return v->bad ? 0 : v->size - v->pos;
}

/* The next n bytes, or NULL (and bad) when there are fewer. */
static inline const uint8_t *view_take(struct view *v, size_t n)
{
	const uint8_t *at;

	if (v->bad || n > v->size - v->pos) {
		v->bad = true;
		return NULL;
	}
	at = v->data + v->pos;
	v->pos += n;
	return at;
}

/* The next n bytes as a view of their own; empty and bad when there are fewer. */
static inline struct view view_cut(struct view *v, size_t n)
{
	const uint8_t *at = view_take(v, n);

	return at ? view_of(at, n) : (struct view){ .bad = true };
}

/* A range given by a foreign offset and size; empty and bad when it is not inside. */
static inline struct view view_sub(const struct view *v, size_t off, size_t n)
{
	if (v->bad || off > v->size || n > v->size - off)
		return (struct view){ .bad = true };
	return view_of(v->data + off, n);
}

static inline void view_seek(struct view *v, size_t pos)
{
	if (pos > v->size)
		v->bad = true;
	else
		v->pos = pos;
}

#define VIEW_READ(name, type)                                   \
	static inline type view_##name(struct view *v)          \
	{                                                       \
		const uint8_t *at = view_take(v, sizeof(type)); \
		type value = 0;                                 \
                                                                \
		if (at)                                         \
			memcpy(&value, at, sizeof(value));      \
		return value;                                   \
	}
VIEW_READ(u8, uint8_t)
VIEW_READ(u16, uint16_t)
VIEW_READ(u32, uint32_t)
VIEW_READ(u64, uint64_t)
VIEW_READ(s8, int8_t)
VIEW_READ(s16, int16_t)
VIEW_READ(s32, int32_t)
VIEW_READ(s64, int64_t)
#undef VIEW_READ

/* A string that must end inside the view; NULL and bad otherwise. */
static inline const char *view_cstr(struct view *v)
{
	const uint8_t *end;

	if (v->bad)
		return NULL;
	end = memchr(v->data + v->pos, 0, v->size - v->pos);
	if (!end) {
		v->bad = true;
		return NULL;
	}
	return (const char *)view_take(v, (size_t)(end - (v->data + v->pos)) + 1);
}
