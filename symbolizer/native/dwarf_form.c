// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_form.h"

#include <dwarf.h>

#include "common/leb128.h"

int dwarf_form_fixed_size(uint16_t form)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_ref_addr:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return 4;
	case DW_FORM_addr:
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	default:
		return -1;
	}
}

static uint64_t read_sized(struct view *v, int size)
{
	const uint8_t *at = view_take(v, (size_t)size);
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, (size_t)size); /* little-endian, as the files */
	return value;
}

static struct dwarf_value value_of(enum dwarf_class class, uint64_t num)
{
	return (struct dwarf_value){ .class = class, .num = num };
}

static struct dwarf_value skip_bytes(struct view *v, uint64_t size)
{
	view_take(v, size);
	return value_of(DWARF_CLASS_NONE, 0);
}

static struct dwarf_value read_string(struct view *v)
{
	size_t at = v->pos;

	view_cstr(v);
	return value_of(DWARF_CLASS_STRING, at);
}

static struct dwarf_value read_indirect(struct view *v, const struct dwarf_shape *shape)
{
	uint64_t form = view_uleb(v);

	if (form > UINT16_MAX || form == DW_FORM_indirect || form == DW_FORM_implicit_const) {
		v->bad = true;
		return value_of(DWARF_CLASS_NONE, 0);
	}
	return dwarf_form_read(v, (uint16_t)form, 0, shape);
}

struct dwarf_value dwarf_form_read(struct view *v, uint16_t form, int64_t implicit,
				   const struct dwarf_shape *shape)
{
	switch (form) {
	case DW_FORM_addr:
		return value_of(DWARF_CLASS_ADDRESS, read_sized(v, shape->addr_sz));
	case DW_FORM_addrx:
	case DW_FORM_GNU_addr_index:
		return value_of(DWARF_CLASS_ADDRESS_INDEX, view_uleb(v));
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
		return value_of(DWARF_CLASS_ADDRESS_INDEX,
				read_sized(v, dwarf_form_fixed_size(form)));
	case DW_FORM_flag:
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
		return value_of(DWARF_CLASS_CONSTANT, read_sized(v, dwarf_form_fixed_size(form)));
	case DW_FORM_sec_offset:
		return value_of(DWARF_CLASS_CONSTANT, read_sized(v, shape->off_sz));
	case DW_FORM_udata:
		return value_of(DWARF_CLASS_CONSTANT, view_uleb(v));
	case DW_FORM_sdata:
		return value_of(DWARF_CLASS_CONSTANT, (uint64_t)view_sleb(v));
	case DW_FORM_implicit_const:
		return value_of(DWARF_CLASS_CONSTANT, (uint64_t)implicit);
	case DW_FORM_flag_present:
		return value_of(DWARF_CLASS_CONSTANT, 1);
	case DW_FORM_rnglistx:
		return value_of(DWARF_CLASS_LIST_INDEX, view_uleb(v));
	case DW_FORM_loclistx:
		return value_of(DWARF_CLASS_NONE, view_uleb(v));
	case DW_FORM_string:
		return read_string(v);
	case DW_FORM_strp:
		return value_of(DWARF_CLASS_STR, read_sized(v, shape->off_sz));
	case DW_FORM_line_strp:
		return value_of(DWARF_CLASS_LINE_STR, read_sized(v, shape->off_sz));
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return value_of(DWARF_CLASS_ALT_STR, read_sized(v, shape->off_sz));
	case DW_FORM_strx:
	case DW_FORM_GNU_str_index:
		return value_of(DWARF_CLASS_STR_INDEX, view_uleb(v));
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		return value_of(DWARF_CLASS_STR_INDEX, read_sized(v, dwarf_form_fixed_size(form)));
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
		return value_of(DWARF_CLASS_UNIT_REF, read_sized(v, dwarf_form_fixed_size(form)));
	case DW_FORM_ref_udata:
		return value_of(DWARF_CLASS_UNIT_REF, view_uleb(v));
	case DW_FORM_ref_addr:
		return value_of(DWARF_CLASS_INFO_REF,
				read_sized(v,
					   shape->version == 2 ? shape->addr_sz : shape->off_sz));
	case DW_FORM_GNU_ref_alt:
		return value_of(DWARF_CLASS_ALT_REF, read_sized(v, shape->off_sz));
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
		return value_of(DWARF_CLASS_ALT_REF, read_sized(v, dwarf_form_fixed_size(form)));
	case DW_FORM_ref_sig8:
		return skip_bytes(v, 8);
	case DW_FORM_data16:
		return skip_bytes(v, 16);
	case DW_FORM_block1:
		return skip_bytes(v, view_u8(v));
	case DW_FORM_block2:
		return skip_bytes(v, view_u16(v));
	case DW_FORM_block4:
		return skip_bytes(v, view_u32(v));
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return skip_bytes(v, view_uleb(v));
	case DW_FORM_indirect:
		return read_indirect(v, shape);
	default:
		v->bad = true;
		return value_of(DWARF_CLASS_NONE, 0);
	}
}

static void skip_leb(struct view *v)
{
	while (!v->bad && v->pos < v->size)
		if (!(v->data[v->pos++] & 0x80))
			return;
	v->bad = true;
}

void dwarf_form_skip(struct view *v, uint16_t form, const struct dwarf_shape *shape)
{
	switch (form) {
	case DW_FORM_exprloc:
	case DW_FORM_block:
		view_take(v, view_uleb(v));
		break;
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
		skip_leb(v);
		break;
	default:
		dwarf_form_read(v, form, 0, shape);
	}
}
