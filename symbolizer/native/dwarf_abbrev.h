// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Abbreviation tables: how the debugging entries of a unit are laid out. */
#include "symbolizer/native/dwarf_section.h"

struct dwarf_abbrev_attr {
	uint16_t name; /* DW_AT_* */
	uint16_t form; /* DW_FORM_* */
	int64_t implicit; /* value of DW_FORM_implicit_const */
};

struct dwarf_abbrev {
	uint64_t code;
	uint32_t first_attr;
	uint16_t attr_cnt;
	uint16_t tag; /* DW_TAG_* */
	bool children;
	/* bytes of all attributes, or of those before DW_AT_sibling; -1: they vary. Counted for
	 * 8-byte addresses and 4-byte offsets, DWARF 3 and later (dwarf_unit.plain). */
	int32_t fixed_size;
	int32_t sibling_at; /* -1: no DW_AT_sibling of 4 bytes, or not at a fixed place */
};

struct dwarf_abbrevs {
	struct dwarf_abbrev *rows; /* owned, sorted by code */
	uint32_t cnt;
	uint32_t room;
	struct dwarf_abbrev_attr *attrs; /* owned */
	uint32_t attr_cnt;
	uint32_t attr_room;
};

/* only: the one code that is wanted, 0 for all. -ENODATA: damaged. */
int dwarf_abbrevs__load(const struct dwarf_section *section, struct dwarf_window *window,
			uint64_t off, uint64_t only, struct dwarf_abbrevs **ret_abbrevs);
void dwarf_abbrevs__free(struct dwarf_abbrevs *t);
DEFINE_FREEP(dwarf_abbrevs)

/* NULL: no such code */
const struct dwarf_abbrev *dwarf_abbrevs__find(const struct dwarf_abbrevs *t, uint64_t code);
