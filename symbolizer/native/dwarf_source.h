// SPDX-License-Identifier: Apache-2.0
#pragma once

/* From DWARF to a source table: units by address ranges, scopes, lines and names of those that were
 * hit, a few units at a time in as many threads as there are CPUs (four at most). */
#include "symbolizer/native/dwarf_unit.h"
#include "symbolizer/native/source_table.h"

struct dwarf_request {
	const uint64_t *elf_vaddrs; /* sorted, each once */
	uint32_t cnt;
	uint64_t deadline_ns; /* monotonic; 0: none */
	/* Opens the other half of split units, as its path stands in DWARF, or a .dwp beside the
	 * file: a descriptor that the caller owns, or a negative errno. Called from several
	 * threads. NULL: there are none. */
	int (*open_split)(void *ctx, const char *comp_dir, const char *name);
	int (*open_package)(void *ctx);
	void *ctx;
};

struct dwarf_outcome {
	bool late; /* the deadline has passed: the rest was left */
	bool damaged; /* parts of it make no sense, and were left out */
	bool split_missing; /* a .dwo or .dwp was not found, or is not the right one */
};

/* Addresses that DWARF knows nothing of have chains of no frames. -ENOMEM alone. */
int dwarf_source(const struct dwarf_file *file, const struct dwarf_request *request,
		 struct source_table **ret_table, struct dwarf_outcome *ret_outcome);
