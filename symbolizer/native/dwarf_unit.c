// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_unit.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/leb128.h"

#define MAX_UNITS (1U << 20)
#define HEAD_READ 4096 /* holds a unit's header and first entry nearly always */
#define LARGE_READ (1U << 20) /* always, or the unit is not believed */

/* The header, at the view's start. Type and dwo id are in the header from version 5 on. */
static bool read_header(struct view *v, struct dwarf_unit *u)
{
	uint64_t length = view_u32(v);

	u->shape.off_sz = 4;
	if (length == UINT32_MAX) {
		length = view_u64(v);
		u->shape.off_sz = 8;
	}
	if (v->bad || length > UINT64_MAX - u->off - v->pos || length < 7)
		return false;
	u->end = u->off + v->pos + length;
	u->shape.version = view_u16(v);
	u->type = DW_UT_compile;
	if (u->shape.version >= 5) {
		u->type = view_u8(v);
		u->shape.addr_sz = view_u8(v);
		/* where the attribute is missing: what follows the section's own header */
		u->str_offsets_base = 8;
		u->addr_base = 8;
		u->rnglists_base = 12;
	}
	u->abbrev_off = u->shape.off_sz == 8 ? view_u64(v) : view_u32(v);
	if (u->shape.version < 5)
		u->shape.addr_sz = view_u8(v);
	else if (u->type == DW_UT_skeleton || u->type == DW_UT_split_compile)
		u->dwo_id = view_u64(v);
	else if (u->type == DW_UT_type || u->type == DW_UT_split_type)
		view_take(v, 8 + u->shape.off_sz);
	u->first_die = u->off + v->pos;
	u->plain = u->shape.off_sz == 4 && u->shape.version > 2;
	return !v->bad;
}

static bool is_readable(const struct dwarf_unit *u)
{
	return u->shape.version >= 2 && u->shape.version <= 5 && u->shape.addr_sz == 8 &&
	       u->first_die < u->end;
}

static void take_attr(struct dwarf_unit *u, uint16_t name, struct dwarf_value value)
{
	if (value.class == DWARF_CLASS_STRING)
		value.num += u->off; /* from the view to the section */
	switch (name) {
	case DW_AT_name:
		u->name = value;
		break;
	case DW_AT_comp_dir:
		u->comp_dir = value;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		u->dwo_name = value;
		break;
	case DW_AT_low_pc:
		u->low_pc = value;
		break;
	case DW_AT_high_pc:
		u->high_pc = value;
		break;
	case DW_AT_ranges:
		u->ranges = value;
		break;
	case DW_AT_stmt_list:
		u->line_off = value.num;
		break;
	case DW_AT_str_offsets_base:
		u->str_offsets_base = value.num;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		u->addr_base = value.num;
		break;
	case DW_AT_rnglists_base:
		u->rnglists_base = value.num;
		break;
	case DW_AT_GNU_ranges_base:
		u->ranges_base = value.num;
		break;
	case DW_AT_GNU_dwo_id:
		u->dwo_id = value.num;
		break;
	default:
		break;
	}
}

static bool read_first_entry(struct view *v, struct dwarf_unit *u, struct dwarf_reader *reader)
{
	const struct dwarf_section *sections = u->file->sections;
	scope_free(dwarf_abbrevs) struct dwarf_abbrevs *abbrevs = NULL;
	const struct dwarf_abbrev *abbrev;
	uint64_t code = view_uleb(v);

	if (!code ||
	    dwarf_abbrevs__load(&sections[DWARF_ABBREV], &reader->windows[DWARF_ABBREV],
				u->abbrev_off, code, &abbrevs) ||
	    !abbrevs->cnt)
		return false;
	abbrev = &abbrevs->rows[0];
	if (abbrev->tag == DW_TAG_partial_unit)
		u->type = DW_UT_partial;
	for (uint32_t i = 0; i < abbrev->attr_cnt; i++) {
		const struct dwarf_abbrev_attr *a = &abbrevs->attrs[abbrev->first_attr + i];

		take_attr(u, a->name, dwarf_form_read(v, a->form, a->implicit, &u->shape));
	}
	if (v->bad)
		return false;
	if (!dwarf_unit__address(u, reader, u->low_pc, &u->base))
		u->base = 0;
	return true;
}

static void add_parts(struct dwarf_unit *u, const struct dwarf_parts *parts)
{
	u->abbrev_off += parts->abbrev;
	u->str_offsets_base += parts->str_offsets;
	u->rnglists_base += parts->rnglists;
}

/* A unit of which little can be read is kept as far as its end is known: the next ones may be
 * well. */
static int read_unit(struct dwarf_unit *u, struct dwarf_reader *reader,
		     const struct dwarf_parts *parts, uint64_t read_size)
{
	const struct dwarf_section *info = &u->file->sections[DWARF_INFO];
	struct view v = dwarf_section__view(info, &reader->windows[DWARF_INFO], u->off, read_size);
	bool whole;

	if (!read_header(&v, u) || u->end > info->size)
		return -ENODATA;
	add_parts(u, parts);
	whole = u->off + v.size >= u->end;
	if (whole)
		v.size = u->end - u->off;
	if (!is_readable(u)) {
		u->first_die = u->end;
		return 0;
	}
	if (read_first_entry(&v, u, reader))
		return 0;
	if (v.bad && !whole)
		return -EAGAIN;
	reader->damaged = true;
	u->first_die = u->end; /* nothing to walk */
	return 0;
}

static void begin_unit(struct dwarf_unit *u, const struct dwarf_file *file, uint64_t off)
{
	*u = (struct dwarf_unit){ .file = file, .off = off, .line_off = DWARF_NO_OFFSET };
}

int dwarf_unit__load(struct dwarf_unit *u, const struct dwarf_file *file,
		     const struct dwarf_parts *parts, struct dwarf_reader *reader)
{
	int err;

	begin_unit(u, file, parts->info);
	err = read_unit(u, reader, parts, HEAD_READ);
	if (err != -EAGAIN)
		return err;
	begin_unit(u, file, parts->info);
	return read_unit(u, reader, parts, LARGE_READ);
}

static int load_units(struct dwarf_file *file, struct dwarf_reader *reader)
{
	uint64_t off = 0, size = file->sections[DWARF_INFO].size;
	uint32_t room = 0;

	if (size && file->sections[DWARF_CU_INDEX].size)
		return 0; /* the units of a .dwp are found by its index */
	while (off < size && file->unit_cnt < MAX_UNITS && !dwarf_reader__tick(reader)) {
		struct dwarf_unit *u;

		if (file->unit_cnt == room) {
			struct dwarf_unit *more;

			room = room ? room * 2 : 64;
			more = realloc(file->units, room * sizeof(*more));
			if (!more)
				return -ENOMEM;
			file->units = more;
		}
		u = &file->units[file->unit_cnt];
		if (dwarf_unit__load(u, file, &(struct dwarf_parts){ .info = off }, reader)) {
			reader->damaged = true;
			break; /* the chain of units is broken: those before are good */
		}
		off = u->end;
		file->unit_cnt++;
	}
	return file->unit_cnt ? 0 : -ENOENT;
}

static int open_file(struct dwarf_file *file, bool split, struct dwarf_reader *reader)
{
	scope_free(elf_file) struct elf_file *elf = NULL;
	int err = elf_file__open(file->fd, &elf);

	if (!err)
		err = dwarf_sections__load(elf, file->fd, split, file->sections);
	return err ? err : load_units(file, reader);
}

int dwarf_file__open(int fd, bool split, struct dwarf_reader *reader, struct dwarf_file **ret_file)
{
	scope_free(dwarf_file) struct dwarf_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	file->fd = fd;
	err = open_file(file, split, reader);
	if (!err)
		*ret_file = take_ptr(file);
	return err;
}

int dwarf_file__of_sections(struct dwarf_section sections[DWARF_SECTION_CNT],
			    struct dwarf_reader *reader, struct dwarf_file **ret_file)
{
	scope_free(dwarf_file) struct dwarf_file *file = calloc(1, sizeof(*file));
	int err;

	if (!file)
		return -ENOMEM;
	file->fd = -1;
	memcpy(file->sections, sections, sizeof(file->sections));
	memset(sections, 0, sizeof(file->sections));
	err = load_units(file, reader);
	if (!err)
		*ret_file = take_ptr(file);
	return err;
}

void dwarf_file__free(struct dwarf_file *file)
{
	if (!file)
		return;
	dwarf_file__free(file->alt);
	dwarf_sections__fini(file->sections);
	free(file->units);
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

const struct dwarf_unit *dwarf_file__unit_at(const struct dwarf_file *file, uint64_t off)
{
	uint32_t low = 0, high = file->unit_cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (file->units[mid].off <= off)
			low = mid + 1;
		else
			high = mid;
	}
	return low && off < file->units[low - 1].end ? &file->units[low - 1] : NULL;
}

static bool read_number(const struct dwarf_section *s, struct dwarf_window *w, uint64_t off,
			int size, uint64_t *ret_num)
{
	struct view v = dwarf_section__view(s, w, off, (uint64_t)size);

	*ret_num = size == 8 ? view_u64(&v) : view_u32(&v);
	return !v.bad;
}

static bool indexed(uint64_t base, uint64_t idx, int size, uint64_t *ret_off)
{
	return !__builtin_mul_overflow(idx, (uint64_t)size, ret_off) &&
	       !__builtin_add_overflow(*ret_off, base, ret_off);
}

bool dwarf_unit__address(const struct dwarf_unit *u, struct dwarf_reader *reader,
			 struct dwarf_value value, uint64_t *ret_addr)
{
	const struct dwarf_unit *owner = u->skeleton ? u->skeleton : u;
	uint64_t off;

	if (value.class == DWARF_CLASS_ADDRESS) {
		*ret_addr = value.num;
		return true;
	}
	return value.class == DWARF_CLASS_ADDRESS_INDEX &&
	       indexed(owner->addr_base, value.num, 8, &off) &&
	       read_number(&owner->file->sections[DWARF_ADDR], &reader->windows[DWARF_ADDR], off, 8,
			   ret_addr);
}

static const char *string_by_index(const struct dwarf_unit *u, struct dwarf_reader *reader,
				   uint64_t idx)
{
	const struct dwarf_section *s = u->file->sections;
	uint64_t at, off;

	if (!indexed(u->str_offsets_base, idx, u->shape.off_sz, &at) ||
	    !read_number(&s[DWARF_STR_OFFSETS], &reader->windows[DWARF_STR_OFFSETS], at,
			 u->shape.off_sz, &off))
		return NULL;
	return dwarf_section__string(&s[DWARF_STR], &reader->windows[DWARF_STR], off);
}

const char *dwarf_unit__string(const struct dwarf_unit *u, struct dwarf_reader *reader,
			       struct dwarf_value value)
{
	const struct dwarf_section *s = u->file->sections;
	struct dwarf_window *w = reader->windows;

	switch (value.class) {
	case DWARF_CLASS_STRING:
		return dwarf_section__string(&s[DWARF_INFO], &w[DWARF_INFO], value.num);
	case DWARF_CLASS_STR:
		return dwarf_section__string(&s[DWARF_STR], &w[DWARF_STR], value.num);
	case DWARF_CLASS_LINE_STR:
		return dwarf_section__string(&s[DWARF_LINE_STR], &w[DWARF_LINE_STR], value.num);
	case DWARF_CLASS_STR_INDEX:
		return string_by_index(u, reader, value.num);
	case DWARF_CLASS_ALT_STR:
		return u->file->alt ? dwarf_section__string(&u->file->alt->sections[DWARF_STR],
							    &w[DWARF_STR], value.num) :
				      NULL;
	default:
		return NULL;
	}
}
