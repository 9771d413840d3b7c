// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The units of one file's DWARF: headers, and what their first entry says. Addresses are found by
 * walking all units; .debug_aranges is not needed (clang and rustc do not write it).
 *
 *	.debug_info  | head | unit entry | entries ... | head | unit entry | entries ... |
 *	             ^ off          ^ first_die        ^ end
 */
#include "symbolizer/native/dwarf_form.h"
#include "symbolizer/native/dwarf_reader.h"

#define DWARF_NO_OFFSET UINT64_MAX

struct dwarf_file;

struct dwarf_unit {
	const struct dwarf_file *file; /* entries, abbreviations and strings lie there */
	/* of a unit in a .dwo or .dwp: its line program, its .debug_addr and (up to DWARF 4) its
	 * .debug_ranges; NULL: they are its own */
	const struct dwarf_unit *skeleton;
	uint64_t off;
	uint64_t end;
	uint64_t first_die;
	uint64_t abbrev_off;
	uint64_t dwo_id; /* 0: not split */
	struct dwarf_shape shape;
	uint8_t type; /* DW_UT_* */
	bool plain; /* the sizes counted in abbreviations hold */
	/* of the unit's entry */
	struct dwarf_value name;
	struct dwarf_value comp_dir;
	struct dwarf_value dwo_name;
	struct dwarf_value low_pc;
	struct dwarf_value high_pc;
	struct dwarf_value ranges;
	uint64_t base; /* low_pc as an address: what ranges are counted from */
	uint64_t line_off; /* of the line program; DWARF_NO_OFFSET */
	uint64_t str_offsets_base;
	uint64_t addr_base;
	uint64_t rnglists_base;
	uint64_t ranges_base; /* DW_AT_GNU_ranges_base */
};

struct dwarf_file {
	struct dwarf_section sections[DWARF_SECTION_CNT]; /* owned */
	struct dwarf_unit *units; /* owned, sorted by off */
	uint32_t unit_cnt;
	int fd; /* owned; -1 */
	struct dwarf_file *alt; /* owned: what dwz took out of this file; NULL */
};

/* Where a unit's share of each section begins: not 0 in a .dwp. */
struct dwarf_parts {
	uint64_t info;
	uint64_t abbrev;
	uint64_t str_offsets;
	uint64_t rnglists;
};

/* fd: taken over, also on failure. split: a .dwo or .dwp, whose units wait for
 * dwarf_file__find_split(). -ENOENT: no DWARF in it. */
int dwarf_file__open(int fd, bool split, struct dwarf_reader *reader, struct dwarf_file **ret_file);
/* The same from sections in memory, which are taken over (zeros are left): the fuzzer's road. */
int dwarf_file__of_sections(struct dwarf_section sections[DWARF_SECTION_CNT],
			    struct dwarf_reader *reader, struct dwarf_file **ret_file);
void dwarf_file__free(struct dwarf_file *file);
DEFINE_FREEP(dwarf_file)

/* Header and first entry. -ENODATA: where the unit ends cannot be told. One that is not understood
 * has nothing to walk (first_die == end). */
int dwarf_unit__load(struct dwarf_unit *unit, const struct dwarf_file *file,
		     const struct dwarf_parts *parts, struct dwarf_reader *reader);

/* The unit that an offset into .debug_info lies in; NULL: none */
const struct dwarf_unit *dwarf_file__unit_at(const struct dwarf_file *file, uint64_t off);

/* Where a skeleton's other half lies in a .dwo or .dwp: addresses and line program are the
 * skeleton's. -ENOENT: no unit of that id. */
int dwarf_file__find_split(const struct dwarf_file *file, const struct dwarf_unit *skeleton,
			   struct dwarf_reader *reader, struct dwarf_unit *ret_unit);

/* Values of attributes, resolved. False, NULL: damaged, or of another class. Strings are good until
 * the reader is used again. */
bool dwarf_unit__address(const struct dwarf_unit *unit, struct dwarf_reader *reader,
			 struct dwarf_value value, uint64_t *ret_addr);
const char *dwarf_unit__string(const struct dwarf_unit *unit, struct dwarf_reader *reader,
			       struct dwarf_value value);

/* Calls back for each address range that low_pc and high_pc, or ranges, make; a range that begins
 * at 0 is of code that the linker threw away. */
typedef void (*dwarf_range_fn)(void *ctx, uint64_t low, uint64_t high);
void dwarf_unit__ranges(const struct dwarf_unit *unit, struct dwarf_reader *reader,
			struct dwarf_value low, struct dwarf_value high, struct dwarf_value ranges,
			dwarf_range_fn fn, void *ctx);
