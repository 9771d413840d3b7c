// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Attribute values, as raw as they lie in a unit. */
#include <stdint.h>

#include "common/view.h"

enum dwarf_class {
	DWARF_CLASS_NONE, /* blocks, expressions: nothing that we use */
	DWARF_CLASS_CONSTANT, /* also flags, and offsets into sections */
	DWARF_CLASS_ADDRESS,
	DWARF_CLASS_ADDRESS_INDEX, /* into .debug_addr */
	DWARF_CLASS_LIST_INDEX, /* into the offsets of .debug_rnglists */
	DWARF_CLASS_STRING, /* in place: num is its position in the view */
	DWARF_CLASS_STR, /* offset into .debug_str */
	DWARF_CLASS_LINE_STR,
	DWARF_CLASS_STR_INDEX, /* into .debug_str_offsets */
	DWARF_CLASS_ALT_STR, /* offset into .debug_str of the dwz file */
	DWARF_CLASS_UNIT_REF, /* offset from the unit's start */
	DWARF_CLASS_INFO_REF, /* offset into .debug_info */
	DWARF_CLASS_ALT_REF, /* offset into .debug_info of the dwz file */
};

struct dwarf_value {
	enum dwarf_class class; /* DWARF_CLASS_NONE: also an attribute that is not there */
	uint64_t num;
};

/* What the sizes of forms depend on. */
struct dwarf_shape {
	uint16_t version;
	uint8_t off_sz; /* 4 or 8 */
	uint8_t addr_sz;
};

/* Size of a form when addresses have 8 bytes and offsets 4, in DWARF 3 and later; -1: it varies. */
int dwarf_form_fixed_size(uint16_t form);

/* Both leave a bad view when the form is unknown or cut short. */
struct dwarf_value dwarf_form_read(struct view *v, uint16_t form, int64_t implicit,
				   const struct dwarf_shape *shape);
void dwarf_form_skip(struct view *v, uint16_t form, const struct dwarf_shape *shape);
