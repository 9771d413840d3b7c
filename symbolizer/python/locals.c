// SPDX-License-Identifier: Apache-2.0
/*
 * One row of values per frame, in the order in which its code names them:
 *
 *   up to 3.10    [co_varnames ...][co_cellvars ...][co_freevars ...], the latter two as cells
 *   3.11 and on   [co_localsplusnames ...], with a kind each; cells where the kind says so
 *
 * Offsets out of the DWARF of 2.7.18 to 3.13.0 and the headers of 3.14 and 3.15 (layouts.c says which).
 * Before they are used, the memory itself must agree: names are a tuple as long as the number of
 * variables that the code has, kinds are as many bytes, and a frame object (up to 3.10) is of a type
 * whose size is that of its fields.
 */
#include "symbolizer/python/locals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbolizer/python/string_object.h"

#define VERSION(major, minor) ((major) << 8 | (minor))
#define MAX_VARIABLES 4096 /* more than any function has that a person wrote */
#define KIND_CELL 0x40 /* CO_FAST_CELL, CO_FAST_FREE */
#define KIND_FREE 0x80
#define TYPE_BASICSIZE 32

struct locals_layout {
	uint16_t since; /* version */
	uint16_t count; /* i32: nlocals; from 3.11 on nlocalsplus */
	uint16_t names; /* tuple: varnames; localsplusnames */
	uint16_t cell_names; /* up to 3.10 */
	uint16_t free_names;
	uint16_t kinds; /* bytes: 3.11 and on */
	uint16_t values; /* in the frame, up to 3.10; then behind its fields */
};

/* Of builds with the GIL; without it, a code object's fields lie 16 bytes on. */
static const struct locals_layout layouts[] = {
	{ VERSION(2, 7), 20, 56, 72, 64, 0, 376 },  { VERSION(3, 6), 24, 64, 80, 72, 0, 376 },
	{ VERSION(3, 7), 24, 64, 80, 72, 0, 360 },  { VERSION(3, 8), 28, 72, 88, 80, 0, 360 },
	{ VERSION(3, 10), 28, 72, 88, 80, 0, 352 }, { VERSION(3, 11), 76, 96, 0, 0, 104, 0 },
	{ VERSION(3, 12), 72, 96, 0, 0, 104, 0 },
};

struct frame_reader {
	const struct python_memory *memory;
	const struct python_layout *layout;
	struct locals_layout locals;
	uint64_t head; /* how much longer an object's head is */
	uint64_t code;
	uint64_t values; /* address of the first one */
	uint32_t left; /* variables that may still be told */
	uint32_t more; /* that were not */
	python_local_fn fn;
	void *ctx;
};

struct name_row { /* a tuple */
	uint64_t items;
	uint64_t cnt;
};

static int read_word(const struct frame_reader *r, uint64_t vaddr, uint64_t *ret)
{
	return r->memory->read(r->memory->ctx, ret, sizeof(*ret), vaddr);
}

static int find_layout(struct frame_reader *r)
{
	uint16_t version = r->layout->version;

	if (version < VERSION(2, 7) || (version > VERSION(2, 7) && version < VERSION(3, 6)) ||
	    version > VERSION(3, 15))
		return -ENOTSUP;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (version >= layouts[i].since)
			r->locals = layouts[i];
	r->head = r->layout->free_threaded ? 16 : 0;
	return 0;
}

static bool is_a(const struct frame_reader *r, uint64_t object, const char *type)
{
	struct python_type_name name = python_type_of(r->memory, r->layout, object);

	return name.built_in && !strcmp(name.text, type);
}

static int read_names(const struct frame_reader *r, uint16_t field, struct name_row *ret)
{
	uint32_t items = r->layout->version >= VERSION(3, 14) ? 32 : 24;
	uint64_t tuple;
	int err = read_word(r, r->code + r->head + field, &tuple);

	if (err)
		return err;
	if (!is_a(r, tuple, "tuple"))
		return -EBADMSG;
	ret->items = tuple + items + r->head;
	err = read_word(r, tuple + 16 + r->head, &ret->cnt);
	return err ? err : ret->cnt > MAX_VARIABLES ? -EBADMSG : 0;
}

static int read_count(const struct frame_reader *r, uint64_t *ret)
{
	int32_t cnt;
	int err = r->memory->read(r->memory->ctx, &cnt, sizeof(cnt),
				  r->code + r->head + r->locals.count);

	*ret = (uint32_t)cnt;
	return err;
}

/* A frame object of a type that ends as we think: one value is part of it. */
static int check_frame_object(const struct frame_reader *r, uint64_t frame)
{
	uint64_t type, size;
	int err = read_word(r, frame + r->layout->ob_type, &type);

	if (!err)
		err = read_word(r, type + TYPE_BASICSIZE, &size);
	if (err)
		return err;
	return is_a(r, frame, "frame") && size == r->locals.values + 8U ? 0 : -EBADMSG;
}

static void tell(struct frame_reader *r, uint64_t name_at, uint64_t value)
{
	scope_memory char *name = NULL;
	struct object_text text;
	uint64_t string;

	if (!value)
		return;
	if (!r->left) {
		r->more++;
		return;
	}
	r->left--;
	if (read_word(r, name_at, &string) ||
	    python_string__read(r->memory, r->layout, string, &name))
		name = strdup("?");
	object_text__read(r->memory, r->layout, value, &text);
	r->fn(r->ctx, name ? name : "?", text.bytes);
}

/* What a cell holds; before the function has begun there may be a plain value. */
static uint64_t cell_value(const struct frame_reader *r, uint64_t cell)
{
	uint64_t value = 0;

	if (!is_a(r, cell, "cell"))
		return cell;
	return read_word(r, cell + 16 + r->head, &value) ? 0 : value;
}

static uint64_t value_at(const struct frame_reader *r, uint64_t i)
{
	uint64_t value = 0;

	if (read_word(r, r->values + 8 * i, &value))
		return 0;
	return value & ~(uint64_t)r->layout->code_tag_mask;
}

/* A name that stands in both rows is of the same string. */
static bool holds(const struct frame_reader *r, const struct name_row *names, uint64_t name_at)
{
	uint64_t name, other;

	for (uint64_t i = 0; i < names->cnt && i < PYTHON_MAX_LOCALS; i++)
		if (!read_word(r, name_at, &name) && !read_word(r, names->items + 8 * i, &other) &&
		    name == other)
			return true;
	return false;
}

/* but: cells that have the same names; 2.7 leaves an argument's first value in its place. */
static void tell_row(struct frame_reader *r, const struct name_row *names, uint64_t first,
		     bool cells, const struct name_row *but)
{
	for (uint64_t i = 0; i < names->cnt; i++) {
		uint64_t value = value_at(r, first + i);

		if (value && but && holds(r, but, names->items + 8 * i))
			continue;
		tell(r, names->items + 8 * i, value && cells ? cell_value(r, value) : value);
	}
}

static int read_old(struct frame_reader *r, uint64_t frame)
{
	struct name_row names, cells, frees;
	uint64_t cnt;
	int err = check_frame_object(r, frame);

	if (!err)
		err = read_count(r, &cnt);
	if (!err)
		err = read_names(r, r->locals.names, &names);
	if (!err)
		err = read_names(r, r->locals.cell_names, &cells);
	if (!err)
		err = read_names(r, r->locals.free_names, &frees);
	if (err)
		return err;
	if (names.cnt != cnt)
		return -EBADMSG;
	r->values = frame + r->locals.values;
	tell_row(r, &names, 0, false, &cells);
	tell_row(r, &cells, names.cnt, true, NULL);
	tell_row(r, &frees, names.cnt + cells.cnt, true, NULL);
	return 0;
}

static int read_kinds(const struct frame_reader *r, uint64_t cnt, uint8_t **ret_kinds)
{
	scope_memory uint8_t *kinds = NULL;
	uint64_t bytes;
	size_t size;
	int err = read_word(r, r->code + r->head + r->locals.kinds, &bytes);

	if (!err && !is_a(r, bytes, "bytes"))
		err = -EBADMSG;
	if (!err)
		err = python_bytes__read(r->memory, r->layout, bytes, MAX_VARIABLES, &kinds, &size);
	if (err)
		return err;
	if (size != cnt)
		return -EBADMSG;
	*ret_kinds = take_ptr(kinds);
	return 0;
}

static int read_new(struct frame_reader *r, uint64_t frame)
{
	scope_memory uint8_t *kinds = NULL;
	struct name_row names;
	uint64_t cnt;
	int err = read_count(r, &cnt);

	if (!err)
		err = read_names(r, r->locals.names, &names);
	if (!err && names.cnt != cnt)
		err = -EBADMSG;
	if (!err)
		err = read_kinds(r, cnt, &kinds);
	if (err)
		return err;
	r->values = frame + r->layout->frame_size - 8; /* the fields end with the first value */
	for (uint64_t i = 0; i < cnt; i++) {
		uint64_t value = value_at(r, i);

		if (value && kinds[i] & (KIND_CELL | KIND_FREE))
			value = cell_value(r, value);
		tell(r, names.items + 8 * i, value);
	}
	return 0;
}

/* It is a frame of that code still. */
static int check_code(const struct frame_reader *r, uint64_t frame)
{
	uint64_t code;
	int err = read_word(r, frame + r->layout->frame_code, &code);

	if (err)
		return err;
	return (code & ~(uint64_t)r->layout->code_tag_mask) == r->code ? 0 : -ESTALE;
}

int python_locals__read(const struct python_memory *memory, const struct python_layout *layout,
			uint64_t frame, uint64_t code, python_local_fn fn, void *ctx)
{
	struct frame_reader r = { .memory = memory,
				  .layout = layout,
				  .code = code,
				  .left = PYTHON_MAX_LOCALS,
				  .fn = fn,
				  .ctx = ctx };
	char more[32];
	int err = find_layout(&r);

	if (!err)
		err = check_code(&r, frame);
	if (!err)
		err = layout->version < VERSION(3, 11) ? read_old(&r, frame) : read_new(&r, frame);
	if (err || !r.more)
		return err;
	snprintf(more, sizeof(more), "%u more", r.more);
	fn(ctx, "...", more);
	return 0;
}
