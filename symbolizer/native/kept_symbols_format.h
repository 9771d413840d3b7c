// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What kept_symbols.c reads and kept_symbols_write.c writes. */
#include "symbolizer/native/kept_symbols.h"

#define KEPT_SYMBOLS_KIND ".symbols"
#define KEPT_SYMBOLS_MAGIC 0x316d7973646e73ULL /* "sndsym1" */
#define KEPT_SYMBOLS_MAX (128UL << 20)
#define KEPT_BLOCK_PIECES 256
#define KEPT_BLOCK_TEXT (1U << 20) /* a longer name is not kept, nor the file that has it */

struct kept_symbols_head {
	struct kept_symbols_key key;
	uint32_t place_cnt;
	uint32_t crc; /* of the places, which follow */
};

struct kept_place { /* of a block */
	uint64_t start; /* address of its first piece */
	uint64_t off; /* from the first block */
	uint32_t piece_cnt;
	uint32_t text_sz;
	uint32_t crc;
	uint32_t pad;
};

struct kept_piece {
	uint32_t at; /* from the block's start */
	uint32_t back; /* from here to the start of the symbol */
	uint32_t size; /* of the symbol; 0: not known */
	uint32_t name_source; /* offset in the names << 8 | enum name_source */
};

static inline uint32_t kept_piece_name(const struct kept_piece *p)
{
	return p->name_source >> 8;
}

static inline enum name_source kept_piece_source(const struct kept_piece *p)
{
	return (enum name_source)(p->name_source & 0xff);
}
