// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_function.h"

#include <dwarf.h>

#include "common/leb128.h"

#define MAX_STEPS 16 /* of abstract origins and specifications; cycles end there */
#define SMALL_READ 1024
#define LARGE_READ (256U << 10)

struct place { /* of an entry */
	const struct dwarf_unit *unit;
	uint64_t off;
};

struct entry {
	struct dwarf_value name;
	struct dwarf_value linkage;
	struct dwarf_value decl_file;
	struct dwarf_value decl_line;
	struct dwarf_value origin; /* abstract origin, or specification */
};

static void take_attr(struct entry *e, uint16_t name, struct dwarf_value value)
{
	switch (name) {
	case DW_AT_name:
		e->name = value;
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		e->linkage = value;
		break;
	case DW_AT_decl_file:
		e->decl_file = value;
		break;
	case DW_AT_decl_line:
		e->decl_line = value;
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		e->origin = value;
		break;
	default:
		break;
	}
}

static bool read_in(const struct place *at, struct dwarf_reader *reader, struct view v,
		    struct entry *ret_entry)
{
	const struct dwarf_section *sections = at->unit->file->sections;
	const struct dwarf_abbrevs *abbrevs = dwarf_reader__abbrevs(reader, &sections[DWARF_ABBREV],
								    at->unit->abbrev_off);
	const struct dwarf_abbrev *abbrev = abbrevs ? dwarf_abbrevs__find(abbrevs, view_uleb(&v)) :
						      NULL;
	struct entry e = { 0 };

	if (!abbrev)
		return false;
	for (uint32_t i = 0; i < abbrev->attr_cnt; i++) {
		const struct dwarf_abbrev_attr *a = &abbrevs->attrs[abbrev->first_attr + i];
		struct dwarf_value value = dwarf_form_read(&v, a->form, a->implicit,
							   &at->unit->shape);

		if (value.class == DWARF_CLASS_STRING)
			value.num += at->off; /* from the view to the section */
		take_attr(&e, a->name, value);
	}
	*ret_entry = e;
	return !v.bad;
}

static bool read_entry(const struct place *at, struct dwarf_reader *reader, struct entry *ret_entry)
{
	const struct dwarf_section *info = &at->unit->file->sections[DWARF_INFO];
	uint64_t left = at->unit->end - at->off;

	for (uint64_t size = SMALL_READ; size <= LARGE_READ; size *= LARGE_READ / SMALL_READ) {
		struct view v = dwarf_section__view(info, &reader->windows[DWARF_INFO], at->off,
						    size < left ? size : left);

		if (!v.bad && read_in(at, reader, v, ret_entry))
			return true;
		if (size >= left)
			break;
	}
	return false;
}

static bool place_in(const struct dwarf_file *file, uint64_t off, struct place *to)
{
	const struct dwarf_unit *unit = file ? dwarf_file__unit_at(file, off) : NULL;

	if (!unit || off < unit->first_die)
		return false;
	*to = (struct place){ unit, off };
	return true;
}

static bool follow(const struct place *from, struct dwarf_value origin, struct place *to)
{
	switch (origin.class) {
	case DWARF_CLASS_UNIT_REF:
		if (origin.num >= from->unit->end - from->unit->off)
			return false;
		*to = (struct place){ from->unit, from->unit->off + origin.num };
		return to->off >= from->unit->first_die;
	case DWARF_CLASS_INFO_REF:
		return place_in(from->unit->file, origin.num, to);
	case DWARF_CLASS_ALT_REF:
		return place_in(from->unit->file->alt, origin.num, to);
	default:
		return false;
	}
}

/* The nearest entry that says a thing is believed. */
static void learn(struct dwarf_function *f, const struct place *at, const struct entry *e,
		  struct dwarf_reader *reader, struct strtab *strings)
{
	if (!f->name && e->name.class)
		f->name = strtab__id(strings, dwarf_unit__string(at->unit, reader, e->name));
	if (!f->linkage && e->linkage.class)
		f->linkage = strtab__id(strings, dwarf_unit__string(at->unit, reader, e->linkage));
	if (!f->decl_line && e->decl_line.class == DWARF_CLASS_CONSTANT)
		f->decl_line = (uint32_t)e->decl_line.num;
	if (!f->decl_unit && e->decl_file.class == DWARF_CLASS_CONSTANT) {
		f->decl_file = e->decl_file.num;
		f->decl_unit = at->unit->skeleton ? at->unit->skeleton : at->unit;
	}
}

struct dwarf_function dwarf_function_at(const struct dwarf_file *file,
					const struct dwarf_unit *unit, uint64_t off,
					struct dwarf_reader *reader, struct strtab *strings)
{
	struct dwarf_function f = { 0 };
	struct place at = { unit, off };
	struct entry e;

	if (!unit && !place_in(file, off, &at))
		return f;
	for (int step = 0; step < MAX_STEPS && read_entry(&at, reader, &e); step++) {
		struct place next;

		learn(&f, &at, &e, reader, strings);
		if (!follow(&at, e.origin, &next))
			break;
		at = next;
	}
	return f;
}
