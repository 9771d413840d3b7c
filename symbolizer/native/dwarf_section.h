// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The sections of a file that DWARF lies in. A plain section stays in its file and is read in
 * windows, so that half a gigabyte of it costs no memory; a compressed one (SHF_COMPRESSED with
 * zlib or zstd, or an old .zdebug_*) is unpacked whole. Sections are immutable once loaded and may
 * be shared by threads; a window belongs to one reader.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"
#include "symbolizer/native/elf_file.h"

enum dwarf_section_kind {
	DWARF_INFO,
	DWARF_ABBREV,
	DWARF_STR,
	DWARF_LINE_STR,
	DWARF_LINE,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_ADDR,
	DWARF_STR_OFFSETS,
	DWARF_CU_INDEX,
	DWARF_SECTION_CNT,
};

struct dwarf_section {
	int fd; /* borrowed; -1: data has it all */
	uint8_t *data; /* owned; NULL: to be read from fd */
	uint64_t file_off;
	uint64_t size; /* unpacked */
};

/* Zero is an empty window. */
struct dwarf_window {
	uint8_t *data; /* owned */
	size_t room;
	uint64_t off; /* of data in its section */
	size_t size;
	const struct dwarf_section *section; /* that it shows */
};

/* fd: the file's, borrowed. split: the sections named .dwo. Missing sections are empty. -EFBIG:
 * more than 2 GB unpacked, or packed a hundredfold; -ENODATA: damaged, -ENOTSUP: packed in a way
 * unknown. */
int dwarf_sections__load(const struct elf_file *file, int fd, bool split,
			 struct dwarf_section sections[DWARF_SECTION_CNT]);
void dwarf_sections__fini(struct dwarf_section sections[DWARF_SECTION_CNT]);

void dwarf_window__fini(struct dwarf_window *window);

/* The bytes from off on, wanted of them, or as many as the section has; the view is good until the
 * window is used again. A bad view: off lies outside, or the file cannot be read. */
struct view dwarf_section__view(const struct dwarf_section *section, struct dwarf_window *window,
				uint64_t off, uint64_t wanted);

/* A string of at most 64 KB, good until the window is used again; NULL: damaged. */
const char *dwarf_section__string(const struct dwarf_section *section, struct dwarf_window *window,
				  uint64_t off);
