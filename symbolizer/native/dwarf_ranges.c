// SPDX-License-Identifier: Apache-2.0
/* Address ranges of entries: a pair of addresses, .debug_ranges (up to DWARF 4),
 * .debug_rnglists. */
#include <dwarf.h>

#include "common/leb128.h"
#include "symbolizer/native/dwarf_unit.h"

#define ROOM 4096 /* bytes of a list looked at in one go */
#define LONGEST 32 /* bytes of an entry */

struct range_walk {
	const struct dwarf_unit *unit;
	struct dwarf_reader *reader;
	dwarf_range_fn fn;
	void *ctx;
	uint64_t base;
	bool thrown_away; /* the list itself says that its base is 0 */
};

static void emit(const struct range_walk *w, uint64_t low, uint64_t high)
{
	if (low && low < high)
		w->fn(w->ctx, low, high);
}

static void emit_pair(const struct range_walk *w, uint64_t low, uint64_t high)
{
	if (!w->thrown_away)
		emit(w, w->base + low, w->base + high);
}

static void set_base(struct range_walk *w, uint64_t base)
{
	w->base = base;
	w->thrown_away = !base;
}

/* One entry; false: the list ends. */
static bool old_entry(struct range_walk *w, struct view *v)
{
	uint64_t low = view_u64(v), high = view_u64(v);

	if (v->bad || (!low && !high))
		return false;
	if (low == UINT64_MAX)
		set_base(w, high);
	else
		emit_pair(w, low, high);
	return true;
}

static uint64_t address_at(const struct range_walk *w, uint64_t idx)
{
	struct dwarf_value value = { DWARF_CLASS_ADDRESS_INDEX, idx };
	uint64_t addr;

	return dwarf_unit__address(w->unit, w->reader, value, &addr) ? addr : 0;
}

static bool new_entry(struct range_walk *w, struct view *v)
{
	uint8_t kind = view_u8(v);
	uint64_t low, high;

	switch (kind) {
	case DW_RLE_base_addressx:
		set_base(w, address_at(w, view_uleb(v)));
		return !v->bad;
	case DW_RLE_base_address:
		set_base(w, view_u64(v));
		return !v->bad;
	case DW_RLE_startx_endx:
		low = address_at(w, view_uleb(v));
		high = address_at(w, view_uleb(v));
		break;
	case DW_RLE_startx_length:
		low = address_at(w, view_uleb(v));
		high = low + view_uleb(v);
		break;
	case DW_RLE_offset_pair:
		low = view_uleb(v);
		high = view_uleb(v);
		if (!v->bad)
			emit_pair(w, low, high);
		return !v->bad;
	case DW_RLE_start_end:
		low = view_u64(v);
		high = view_u64(v);
		break;
	case DW_RLE_start_length:
		low = view_u64(v);
		high = low + view_uleb(v);
		break;
	default: /* DW_RLE_end_of_list, or unknown */
		return false;
	}
	if (!v->bad)
		emit(w, low, high);
	return !v->bad;
}

static void walk_list(struct range_walk *w, const struct dwarf_section *s,
		      struct dwarf_window *window, uint64_t off,
		      bool (*entry)(struct range_walk *, struct view *))
{
	struct view v = dwarf_section__view(s, window, off, ROOM);

	while (!v.bad && !dwarf_reader__tick(w->reader)) {
		if (v.size - v.pos < LONGEST && v.size == ROOM) {
			off += v.pos;
			v = dwarf_section__view(s, window, off, ROOM);
		}
		if (!entry(w, &v))
			return;
	}
}

static bool list_by_index(const struct dwarf_unit *u, struct dwarf_reader *reader, uint64_t idx,
			  uint64_t *ret_off)
{
	uint64_t at;
	struct view v;

	if (__builtin_mul_overflow(idx, u->shape.off_sz, &at) ||
	    __builtin_add_overflow(at, u->rnglists_base, &at))
		return false;
	v = dwarf_section__view(&u->file->sections[DWARF_RNGLISTS],
				&reader->windows[DWARF_RNGLISTS], at, u->shape.off_sz);
	*ret_off = u->rnglists_base + (u->shape.off_sz == 8 ? view_u64(&v) : view_u32(&v));
	return !v.bad;
}

static void walk_ranges(struct range_walk *w, struct dwarf_value ranges)
{
	const struct dwarf_unit *u = w->unit, *owner = u->skeleton ? u->skeleton : u;
	struct dwarf_window *windows = w->reader->windows;
	uint64_t off = ranges.num;

	if (u->shape.version < 5) {
		if (u->skeleton)
			off += owner->ranges_base;
		walk_list(w, &owner->file->sections[DWARF_RANGES], &windows[DWARF_RANGES], off,
			  old_entry);
		return;
	}
	if (ranges.class == DWARF_CLASS_LIST_INDEX &&
	    !list_by_index(u, w->reader, ranges.num, &off))
		return;
	walk_list(w, &u->file->sections[DWARF_RNGLISTS], &windows[DWARF_RNGLISTS], off, new_entry);
}

void dwarf_unit__ranges(const struct dwarf_unit *u, struct dwarf_reader *reader,
			struct dwarf_value low, struct dwarf_value high, struct dwarf_value ranges,
			dwarf_range_fn fn, void *ctx)
{
	struct range_walk w = { u, reader, fn, ctx, u->base, false };
	uint64_t from, to;

	if (ranges.class == DWARF_CLASS_CONSTANT || ranges.class == DWARF_CLASS_LIST_INDEX) {
		walk_ranges(&w, ranges);
		return;
	}
	if (!dwarf_unit__address(u, reader, low, &from))
		return;
	if (high.class == DWARF_CLASS_CONSTANT)
		to = from + high.num;
	else if (!dwarf_unit__address(u, reader, high, &to))
		return;
	emit(&w, from, to);
}
