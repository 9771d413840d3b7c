// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The symbols of one file: what is kept of them, or else the file's own tables, read when they are
 * needed first. */
#include "symbolizer/native/kept_symbols.h"

struct symbol_lookup { /* borrowed but for the last two; the file and its debug file stay open */
	const struct kept_folder *folder;
	struct elf_file *file;
	struct elf_file *debug; /* whose symbols count as well; NULL: none */
	struct kept_symbols_key key;
	bool may_keep;
	struct kept_symbols *kept; /* owned; NULL: nothing is */
	struct symbol_table *table; /* owned; NULL: not read */
};

/* fd, debug_fd: of the files, needed no longer than this; -1: in memory. */
void symbol_lookup__init(struct symbol_lookup *lookup, const struct kept_folder *folder, int fd,
			 struct elf_file *file, int debug_fd, struct elf_file *debug);
void symbol_lookup__fini(struct symbol_lookup *lookup);

/* As symbol_table__find(); the name lives until the next question. */
int symbol_lookup__find(struct symbol_lookup *lookup, uint64_t elf_vaddr,
			struct symbol_name *ret_name);
/* Keeps what was read of the file. True: all answers are kept now. */
bool symbol_lookup__keep(struct symbol_lookup *lookup);
