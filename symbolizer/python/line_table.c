// SPDX-License-Identifier: Apache-2.0
/*
 * Three formats, each a row of ranges of code that follow one another; the line of a range is told as a
 * difference to the running line, which begins with the function's first line.
 *
 *   lnotab, to 3.9    (bytes of code, lines)...  the lines come after the code: a pair ends a range, and
 *                     the last line goes on without end. Lines are unsigned in 2.7, signed from 3.6 on.
 *   linetable, 3.10   (bytes of code, lines)...  the lines come before the code. Signed; -128: the range
 *                     has no line, the running line stays. Ranges of no bytes only move the line.
 *   locations, 3.11+  1 kkkk lll, more...        the range is l + 1 code units of 2 bytes; kind k says
 *                     what follows:
 *       0-9    one byte: columns; same line
 *       10-12  two bytes: column, end column; k - 10 lines on
 *       13     lines; no columns
 *       14     lines, lines to the end line, column + 1, end column + 1 (0: none)
 *       15     nothing: no line, the running line stays
 *     Numbers have 6 bits a byte, lowest first, bit 6: more follow; lines carry their sign in bit 0.
 */
#include "symbolizer/python/line_table.h"

#include "common/view.h"

enum format {
	LNOTAB_UNSIGNED,
	LNOTAB,
	LINETABLE,
	LOCATIONS,
};

#define LINETABLE_NO_LINE (-128)
#define FOR_EVER INT64_MAX

/* The range at hand and the way to the next. */
struct walk {
	struct view bytes;
	enum format format;
	uint32_t running; /* line; wraps around on hostile bytes */
	int32_t late_lines; /* lnotab: to be added when the next range begins */
	int64_t start; /* bytes of code */
	int64_t end;
	struct python_columns at;
};

static enum format format_of(uint16_t version)
{
	if (version >= 0x030b)
		return LOCATIONS;
	if (version == 0x030a)
		return LINETABLE;
	return version >= 0x0306 ? LNOTAB : LNOTAB_UNSIGNED;
}

static struct walk walk_of(const struct python_line_table *t)
{
	return (struct walk){
		.bytes = view_of(t->bytes, t->size),
		.format = format_of(t->version),
		.running = (uint32_t)t->first_line,
	};
}

static void set_line(struct walk *w, int32_t line)
{
	w->at = (struct python_columns){ line, line, PYTHON_NO_COLUMN, PYTHON_NO_COLUMN };
}

static void move_line(struct walk *w, int32_t lines)
{
	w->running += (uint32_t)lines;
	set_line(w, (int32_t)w->running);
}

static bool next_lnotab(struct walk *w)
{
	if (w->end == FOR_EVER)
		return false;
	move_line(w, w->late_lines);
	if (view_left(&w->bytes) < 2) {
		w->end = FOR_EVER;
		return true;
	}
	w->end += view_u8(&w->bytes);
	w->late_lines = w->format == LNOTAB ? view_s8(&w->bytes) : view_u8(&w->bytes);
	return true;
}

static bool next_linetable(struct walk *w)
{
	uint8_t bytes = view_u8(&w->bytes);
	int8_t lines = view_s8(&w->bytes);

	w->end += bytes;
	if (lines == LINETABLE_NO_LINE)
		set_line(w, PYTHON_NO_LINE);
	else
		move_line(w, lines);
	return !w->bytes.bad;
}

static uint32_t read_number(struct view *v)
{
	uint32_t value = 0;

	for (int shift = 0; shift < 32; shift += 6) {
		uint8_t byte = view_u8(v);

		value |= (uint32_t)(byte & 63) << shift;
		if (!(byte & 64))
			return value;
	}
	v->bad = true;
	return 0;
}

static int32_t read_lines(struct view *v)
{
	uint32_t value = read_number(v);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

static void read_short(struct walk *w, int kind)
{
	uint8_t byte = view_u8(&w->bytes);

	move_line(w, 0);
	w->at.column = kind << 3 | byte >> 4;
	w->at.end_column = w->at.column + (byte & 15);
}

static void read_long(struct walk *w)
{
	move_line(w, read_lines(&w->bytes));
	w->at.end_line = (int32_t)(w->running + read_number(&w->bytes));
	w->at.column = (int32_t)(read_number(&w->bytes) - 1);
	w->at.end_column = (int32_t)(read_number(&w->bytes) - 1);
}

static void read_location(struct walk *w, int kind)
{
	if (kind < 10) {
		read_short(w, kind);
	} else if (kind < 13) {
		move_line(w, kind - 10);
		w->at.column = view_u8(&w->bytes);
		w->at.end_column = view_u8(&w->bytes);
	} else if (kind == 13) {
		move_line(w, read_lines(&w->bytes));
	} else if (kind == 14) {
		read_long(w);
	} else {
		set_line(w, PYTHON_NO_LINE);
	}
}

static bool next_location(struct walk *w)
{
	uint8_t head = view_u8(&w->bytes);

	if (!(head & 0x80))
		return false;
	w->end += ((head & 7) + 1) * 2;
	read_location(w, head >> 3 & 15);
	return !w->bytes.bad;
}

static bool next(struct walk *w)
{
	w->start = w->end;
	switch (w->format) {
	case LNOTAB_UNSIGNED:
	case LNOTAB:
		return next_lnotab(w);
	case LINETABLE:
		return next_linetable(w);
	case LOCATIONS:
		return next_location(w);
	}
	return false;
}

/* Moves on to the range that holds a position. */
static bool find(struct walk *w, int32_t position)
{
	while (next(w))
		if (position < w->end)
			return true;
	return false;
}

int32_t python_line_table__raw(const struct python_line_table *t, int32_t position)
{
	struct walk w = walk_of(t);

	if (position < 0)
		return t->first_line;
	return find(&w, position) ? w.at.line : PYTHON_NO_LINE;
}

int32_t python_line_table__shown(const struct python_line_table *t, int32_t position)
{
	struct walk w = walk_of(t);
	int32_t line = t->first_line;

	while (next(&w) && w.start <= position)
		if (w.start < w.end && w.at.line > 0)
			line = w.at.line;
	return line;
}

bool python_line_table__columns(const struct python_line_table *t, int32_t position,
				struct python_columns *ret_columns)
{
	struct walk w = walk_of(t);

	if (w.format != LOCATIONS || position < 0 || !find(&w, position) ||
	    w.at.line == PYTHON_NO_LINE)
		return false;
	*ret_columns = w.at;
	return true;
}
