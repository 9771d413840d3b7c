// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_abbrev.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "common/leb128.h"
#include "symbolizer/native/dwarf_form.h"

#define MAX_TABLE (16U << 20) /* bytes */
#define FIRST_READ 8192
#define MAX_ROWS (1U << 20)
#define MAX_ATTRS 4096 /* of one row */

static bool add_attr(struct dwarf_abbrevs *t, struct dwarf_abbrev_attr attr)
{
	if (t->attr_cnt == t->attr_room) {
		uint32_t room = t->attr_room ? t->attr_room * 2 : 256;
		struct dwarf_abbrev_attr *more = realloc(t->attrs, room * sizeof(*more));

		if (!more)
			return false;
		t->attrs = more;
		t->attr_room = room;
	}
	t->attrs[t->attr_cnt++] = attr;
	return true;
}

static bool add_row(struct dwarf_abbrevs *t, const struct dwarf_abbrev *row)
{
	if (t->cnt == t->room) {
		uint32_t room = t->room ? t->room * 2 : 64;
		struct dwarf_abbrev *more = realloc(t->rows, room * sizeof(*more));

		if (!more)
			return false;
		t->rows = more;
		t->room = room;
	}
	t->rows[t->cnt++] = *row;
	return true;
}

static void count_size(struct dwarf_abbrev *row, const struct dwarf_abbrev_attr *attr)
{
	int size = dwarf_form_fixed_size(attr->form);

	if (attr->name == DW_AT_sibling && attr->form == DW_FORM_ref4)
		row->sibling_at = row->fixed_size;
	if (row->fixed_size >= 0)
		row->fixed_size = size < 0 ? -1 : row->fixed_size + size;
}

/* 0, or -EAGAIN: the view is too short */
static int read_attrs(struct dwarf_abbrevs *t, struct view *v, struct dwarf_abbrev *row)
{
	for (;;) {
		uint64_t name = view_uleb(v), form = view_uleb(v);
		struct dwarf_abbrev_attr attr = { (uint16_t)name, (uint16_t)form, 0 };

		if (form == DW_FORM_implicit_const)
			attr.implicit = view_sleb(v);
		if (v->bad)
			return -EAGAIN;
		if (!name && !form)
			return 0;
		if (name > UINT16_MAX || form > UINT16_MAX || row->attr_cnt == MAX_ATTRS)
			return -ENODATA;
		count_size(row, &attr);
		row->attr_cnt++;
		if (!add_attr(t, attr))
			return -ENOMEM;
	}
}

static int read_rows(struct dwarf_abbrevs *t, struct view v, uint64_t only)
{
	for (;;) {
		struct dwarf_abbrev row = { .code = view_uleb(&v),
					    .first_attr = t->attr_cnt,
					    .sibling_at = -1 };
		uint64_t tag;
		int err;

		if (!v.bad && !row.code)
			return 0;
		tag = view_uleb(&v);
		row.children = view_u8(&v);
		if (v.bad)
			return -EAGAIN;
		if (tag > UINT16_MAX || t->cnt == MAX_ROWS)
			return -ENODATA;
		row.tag = (uint16_t)tag;
		err = read_attrs(t, &v, &row);
		if (err)
			return err;
		if (only && row.code != only) {
			t->attr_cnt = row.first_attr;
			continue;
		}
		if (!add_row(t, &row))
			return -ENOMEM;
		if (only)
			return 0;
	}
}

static int compare_codes(const void *a, const void *b)
{
	uint64_t x = ((const struct dwarf_abbrev *)a)->code,
		 y = ((const struct dwarf_abbrev *)b)->code;

	return x < y ? -1 : x > y;
}

static bool is_sorted(const struct dwarf_abbrevs *t)
{
	for (uint32_t i = 1; i < t->cnt; i++)
		if (t->rows[i - 1].code >= t->rows[i].code)
			return false;
	return true;
}

/* A table's size is not known: more is read until its end is in sight. */
int dwarf_abbrevs__load(const struct dwarf_section *section, struct dwarf_window *window,
			uint64_t off, uint64_t only, struct dwarf_abbrevs **ret_abbrevs)
{
	scope_free(dwarf_abbrevs) struct dwarf_abbrevs *t = calloc(1, sizeof(*t));
	int err = -EAGAIN;

	/* one attribute too many: there is always one to point at */
	if (!t || !add_attr(t, (struct dwarf_abbrev_attr){ 0 }))
		return -ENOMEM;
	for (uint64_t size = FIRST_READ; err == -EAGAIN && size <= MAX_TABLE; size *= 8) {
		struct view v = dwarf_section__view(section, window, off, size);

		t->cnt = 0;
		t->attr_cnt = 0;
		err = read_rows(t, v, only);
		if (v.bad || v.size < size)
			break;
	}
	if (err)
		return err == -EAGAIN ? -ENODATA : err;
	if (!is_sorted(t))
		qsort(t->rows, t->cnt, sizeof(*t->rows), compare_codes);
	*ret_abbrevs = take_ptr(t);
	return 0;
}

void dwarf_abbrevs__free(struct dwarf_abbrevs *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t->attrs);
	free(t);
}

const struct dwarf_abbrev *dwarf_abbrevs__find(const struct dwarf_abbrevs *t, uint64_t code)
{
	uint32_t low = 0, high = t->cnt;

	if (code - 1 < t->cnt && t->rows[code - 1].code == code)
		return &t->rows[code - 1]; /* codes count from 1 nearly always */
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (t->rows[mid].code < code)
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->cnt && t->rows[low].code == code ? &t->rows[low] : NULL;
}
