// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Which functions stand at the addresses asked for: one walk over a unit's entries, in which
 * everything that holds none of them is stepped over. A scope is a function's code: its own, or
 * where it was inlined; scopes form chains from the innermost inlined function to the one that is
 * called.
 */
#include "symbolizer/native/dwarf_unit.h"

#define DWARF_NO_SCOPE UINT32_MAX
#define DWARF_MAX_INLINED 256 /* in one chain */

struct dwarf_scope {
	uint64_t function; /* offset of the entry that says its name, in .debug_info ... */
	bool in_alt; /* ... of the dwz file */
	uint16_t depth; /* scopes around it */
	uint32_t outer; /* the scope that it is inlined into; DWARF_NO_SCOPE: it is called */
	uint64_t call_file; /* of the call that was inlined; as in the line program */
	uint32_t call_line;
};

struct dwarf_scopes {
	struct dwarf_scope *rows; /* owned */
	uint32_t cnt;
	uint32_t room;
	uint32_t *leaf; /* owned; per address: its innermost scope, or DWARF_NO_SCOPE */
};

/* addrs: sorted. 0 or -ENOMEM; what is damaged ends the walk early. */
int dwarf_scopes__load(const struct dwarf_unit *unit, struct dwarf_reader *reader,
		       const uint64_t *addrs, size_t cnt, struct dwarf_scopes *ret_scopes);
void dwarf_scopes__fini(struct dwarf_scopes *scopes);
