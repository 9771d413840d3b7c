// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Everything that can be said of addresses of one file: names, inlined functions, files, lines,
 * from its symbols and from DWARF wherever that lies. The function that is called has the name of
 * the symbol table (which knows ".cold" and ".constprop.0"), the functions inlined into it those
 * of DWARF.
 */
#include "symbolizer/native/debug_search.h"
#include "symbolizer/native/kept_key.h"
#include "symbolizer/native/names_cache.h"

struct file_question { /* all borrowed */
	struct elf_file *file;
	int fd; /* of the file; -1: it is in memory (the vdso) */
	const char *path; /* as its mapping names it */
	const uint64_t *elf_vaddrs; /* sorted, each once */
	uint32_t cnt;
	const struct debug_search *search;
	struct kept_folder kept;
	uint64_t timeout_ns; /* for DWARF; 0: none. Symbols are always looked up */
};

struct file_names {
	struct source_table
		*table; /* owned. frame.name: for people; chains of no frames: no name */
	bool late; /* some addresses have names of symbols alone */
	bool damaged; /* parts of the DWARF make no sense, and were left out */
	bool alt_missing; /* what dwz took out was not found: some names are missing */
	bool split_missing; /* a .dwo or .dwp was not found */
	int dwarf_error; /* the DWARF could not be read; 0, or -ENOENT where there is none */
	struct debug_refusal refusal;
};

/* -ENOMEM alone: whatever else fails leaves names out. */
int file_names__load(const struct file_question *question, struct file_names **ret_names);
void file_names__free(struct file_names *names);
DEFINE_FREEP(file_names)
