// SPDX-License-Identifier: Apache-2.0
/*
 * The halves of split units. A .dwo holds one unit or few; a .dwp, made of many of them, has an
 * index: an open hash table of unit ids, then one row per unit that says where its share of each
 * section lies.
 *
 *	| version | columns | units | slots | ids[slots] | rows[slots] | kinds[columns] |
 *	| offsets[units][columns] | sizes[units][columns] |
 */
#include <dwarf.h>
#include <errno.h>

#include "symbolizer/native/dwarf_unit.h"

#define MAX_INDEX (64U << 20)
#define MAX_COLUMNS 16

struct cu_index {
	struct view view;
	uint32_t columns;
	uint32_t units;
	uint32_t slots;
};

static bool read_head(struct cu_index *x)
{
	uint32_t version = view_u32(&x->view);

	x->columns = view_u32(&x->view);
	x->units = view_u32(&x->view);
	x->slots = view_u32(&x->view);
	return !x->view.bad && (version == 2 || version == 5) && x->columns <= MAX_COLUMNS &&
	       x->slots && !(x->slots & (x->slots - 1));
}

static uint64_t at(const struct cu_index *x, uint64_t off, int size)
{
	struct view v = x->view;

	view_seek(&v, off);
	return size == 8 ? view_u64(&v) : view_u32(&v);
}

/* Row of an id, counted from 1; 0: none. */
static uint32_t find_row(const struct cu_index *x, uint64_t id)
{
	uint32_t mask = x->slots - 1, step = ((uint32_t)(id >> 32) & mask) | 1;
	uint32_t slot = (uint32_t)id & mask;

	for (uint32_t i = 0; i < x->slots; i++, slot = (slot + step) & mask) {
		uint64_t row = at(x, 16 + 8ULL * x->slots + 4ULL * slot, 4);

		if (!row)
			return 0;
		if (at(x, 16 + 8ULL * slot, 8) == id)
			return (uint32_t)row;
	}
	return 0;
}

static void take_part(struct dwarf_parts *parts, uint64_t kind, uint64_t off)
{
	switch (kind) {
	case DW_SECT_INFO:
		parts->info = off;
		break;
	case DW_SECT_ABBREV:
		parts->abbrev = off;
		break;
	case DW_SECT_STR_OFFSETS:
		parts->str_offsets = off;
		break;
	case DW_SECT_RNGLISTS:
		parts->rnglists = off;
		break;
	default:
		break;
	}
}

static int find_parts(const struct dwarf_file *file, uint64_t id, struct dwarf_reader *reader,
		      struct dwarf_parts *ret_parts)
{
	const struct dwarf_section *s = &file->sections[DWARF_CU_INDEX];
	struct cu_index x = { .view = dwarf_section__view(s, &reader->windows[DWARF_CU_INDEX], 0,
							  MAX_INDEX) };
	struct dwarf_parts parts = { 0 };
	uint64_t kinds, rows;
	uint32_t row;

	if (!read_head(&x))
		return -ENODATA;
	row = find_row(&x, id);
	if (!row || row > x.units)
		return -ENOENT;
	kinds = 16 + 12ULL * x.slots;
	rows = kinds + 4ULL * x.columns;
	for (uint32_t i = 0; i < x.columns; i++)
		take_part(&parts, at(&x, kinds + 4ULL * i, 4),
			  at(&x, rows + 4ULL * ((uint64_t)(row - 1) * x.columns + i), 4));
	*ret_parts = parts;
	return 0;
}

static int find_unit(const struct dwarf_file *file, uint64_t id, struct dwarf_reader *reader,
		     struct dwarf_unit *ret_unit)
{
	struct dwarf_parts parts;
	int err;

	for (uint32_t i = 0; i < file->unit_cnt; i++)
		if (file->units[i].dwo_id == id && file->units[i].type != DW_UT_skeleton) {
			*ret_unit = file->units[i];
			return 0;
		}
	if (!file->sections[DWARF_CU_INDEX].size)
		return -ENOENT;
	err = find_parts(file, id, reader, &parts);
	return err ? err : dwarf_unit__load(ret_unit, file, &parts, reader);
}

int dwarf_file__find_split(const struct dwarf_file *file, const struct dwarf_unit *skeleton,
			   struct dwarf_reader *reader, struct dwarf_unit *ret_unit)
{
	struct dwarf_unit unit;
	int err = find_unit(file, skeleton->dwo_id, reader, &unit);

	if (err)
		return err;
	unit.skeleton = skeleton;
	unit.base = skeleton->base;
	*ret_unit = unit;
	return 0;
}
