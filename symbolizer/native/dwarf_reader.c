// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_reader.h"

#include "common/clock.h"

void dwarf_reader__forget(struct dwarf_reader *r)
{
	dwarf_window__fini(&r->unit);
	for (int i = 0; i < DWARF_SECTION_CNT; i++)
		dwarf_window__fini(&r->windows[i]);
	for (int i = 0; i < DWARF_KEPT_ABBREVS; i++) {
		dwarf_abbrevs__free(r->kept[i].table);
		r->kept[i].table = NULL;
	}
}

void dwarf_reader__fini(struct dwarf_reader *r)
{
	dwarf_reader__forget(r);
}

bool dwarf_reader__tick_slow(struct dwarf_reader *r)
{
	if (r->deadline_ns && now_ns() > r->deadline_ns)
		r->late = true;
	return r->late;
}

const struct dwarf_abbrevs *dwarf_reader__abbrevs(struct dwarf_reader *r,
						  const struct dwarf_section *section, uint64_t off)
{
	struct dwarf_kept_abbrevs *kept = &r->kept[off * 0x9e3779b97f4a7c15ULL >> 58];

	if (kept->table && kept->section == section && kept->off == off)
		return kept->table;
	dwarf_abbrevs__free(kept->table);
	kept->table = NULL;
	if (dwarf_abbrevs__load(section, &r->windows[DWARF_ABBREV], off, 0, &kept->table))
		return NULL;
	kept->section = section;
	kept->off = off;
	return kept->table;
}
