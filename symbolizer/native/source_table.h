// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Answers for the addresses of one file that were asked for, and nothing else of it: per address a
 * chain of functions, the innermost inlined one first, the one that is called last.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/strtab.h"

struct source_frame {
	uint32_t name; /* ids in source_table.strings; 0: not known */
	uint32_t linkage; /* "_ZN3fooEv"; where DWARF says none, 0 */
	uint32_t file; /* absolute, as in DWARF */
	uint32_t line; /* 0: the compiler says that it is of no line */
	uint32_t start_line; /* of the function; 0: not known, or not in this file */
};

struct source_chain {
	uint32_t first; /* index into frames */
	uint32_t cnt; /* 0: nothing is known of this address */
	uint64_t start; /* of the function that is called, as linked; 0: not known */
};

struct source_table {
	struct strtab *strings; /* owned, as the rest */
	struct source_chain *chains; /* one per address, in the order asked */
	uint32_t chain_cnt;
	struct source_frame *frames;
	uint32_t frame_cnt;
	uint32_t frame_room;
};

struct source_table *source_table__new(uint32_t chain_cnt); /* NULL: no memory */
void source_table__free(struct source_table *table);
DEFINE_FREEP(source_table)

/* Frames are added to the chain begun last. False: no memory. */
void source_table__begin(struct source_table *table, uint32_t chain);
bool source_table__add(struct source_table *table, uint32_t chain,
		       const struct source_frame *frame);
bool source_table__copy(struct source_table *table, uint32_t chain, const struct source_table *from,
			uint32_t from_chain);
/* Copies the chains of another table of the same length that this one lacks. False: no memory. */
bool source_table__merge(struct source_table *table, const struct source_table *from);
