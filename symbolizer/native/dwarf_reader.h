// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * One thread's hands on DWARF: windows into sections, abbreviation tables used of late, and a clock
 * that says when to give up. All work on foreign bytes is counted, so that no file can hold us.
 */
#include "symbolizer/native/dwarf_abbrev.h"

#define DWARF_KEPT_ABBREVS 64

struct dwarf_kept_abbrevs {
	const struct dwarf_section *section;
	uint64_t off;
	struct dwarf_abbrevs *table; /* owned */
};

struct dwarf_reader {
	struct dwarf_window unit; /* a whole unit, while it is walked */
	struct dwarf_window windows[DWARF_SECTION_CNT];
	struct dwarf_kept_abbrevs kept[DWARF_KEPT_ABBREVS];
	uint64_t deadline_ns; /* monotonic; 0: none */
	uint32_t work;
	bool late; /* the deadline has passed: everything ends soon */
	bool damaged; /* something was not as it should be, and was left out */
};

/* Zero is a fresh reader. */
void dwarf_reader__fini(struct dwarf_reader *reader);

/* Nothing is kept of any section: before one goes away that was read. */
void dwarf_reader__forget(struct dwarf_reader *reader);

/* One step of work; true: it is late, stop. */
bool dwarf_reader__tick_slow(struct dwarf_reader *reader);
static inline bool dwarf_reader__tick(struct dwarf_reader *reader)
{
	return (++reader->work & 0xfff) ? reader->late : dwarf_reader__tick_slow(reader);
}

/* Borrowed, until 64 other tables were asked for; NULL: damaged. */
const struct dwarf_abbrevs *dwarf_reader__abbrevs(struct dwarf_reader *reader,
						  const struct dwarf_section *section,
						  uint64_t off);
