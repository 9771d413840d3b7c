// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * A recorded stack as text: what a walk needs of the process, and the stack that somebody else (the
 * oracle, named in the comments at the top) made of it. Numbers are hexadecimal unless they count.
 *
 *	# comment
 *	registers ip=7f12 sp=7ffc fp=0 r10=0 rcx=0 rbx=0 [entered]	(r8, rax and so on; else 0)
 *	depth 16				(decimal; --max-depth of the walk, else the largest)
 *	table libfoo
 *	page 2					its rows: address in the page, CFA, caller's fp if not the same
 *	1020 sp+8
 *	1024 sp+16 fp=*cfa-16
 *	mapping 7f00-7f08 bias=7e00 table=libfoo
 *	mapping 7f08-7f10 frame-pointer		(or pending, no-room)
 *	memory
 *	7ffc: 1 2 3 4				words from that address on
 *	stop END
 *	frame 7f12 exact foo+2			leaf first; or "return"; the rest of the line is for people
 *
 * CFA: sp+N fp+N *fp+N *sp+N (+M behind them: added to the word) r10+N and other registers plt+N
 * sp-or-fp+N sp-or-end+N sigret end unsupported none no-room, N signed and decimal; "ra=rcx" behind
 * sp+N. fp: fp=*cfa+N fp=*fp+N fp=lost. bx: bx=same bx=*cfa-N.
 */
#include "collector/walk/walker.h"
#include "symbolizer/native/cfi.h"

#define CASE_TABLES 8
#define CASE_MAPPINGS 32
#define CASE_FRAMES 256
#define CASE_WORDS 8192

struct case_table {
	char name[32];
	struct cfi_table cfi;
};

struct case_mapping {
	struct unwind_mapping mapping;
	const struct case_table *table; /* NULL: none */
};

struct case_word {
	uint64_t vaddr;
	uint64_t word;
};

struct case_file {
	const char *path; /* borrowed */
	struct walk_start registers; /* run is empty */
	struct case_table tables[CASE_TABLES];
	struct case_mapping mappings[CASE_MAPPINGS];
	struct case_word words[CASE_WORDS];
	uint64_t frames[CASE_FRAMES]; /* frame words */
	uint32_t table_cnt;
	uint32_t mapping_cnt;
	uint32_t word_cnt;
	uint32_t frame_cnt;
	enum stop_reason stop;
	bool oracle_named;
};

/* Says on standard error which line it does not understand, and gives NULL. */
struct case_file *case_file__load(const char *path);
void case_file__free(struct case_file *file);
DEFINE_FREEP(case_file)

const char *stop_name(enum stop_reason stop);
