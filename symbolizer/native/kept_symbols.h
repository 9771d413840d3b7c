// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * All that the symbol table of a file answers (symbolizer.h), kept across runs: kept_key.h says for
 * whom. Where it is kept, an address costs one block of it and the file itself is not read.
 */
#include "symbolizer/native/kept_key.h"
#include "symbolizer/symbolizer.h"

struct kept_symbols_key {
	struct kept_key file;
	struct kept_key debug; /* whose symbols count as well; all 0: there is none */
};

struct kept_symbols;

/* debug: NULL when there is none. False: nothing is kept of that file. */
bool kept_symbols_key__of(const struct kept_folder *folder, int fd, struct elf_file *file,
			  int debug_fd, struct elf_file *debug, struct kept_symbols_key *ret_key);

/* NULL: nothing is kept, or nothing of use. */
struct kept_symbols *kept_symbols__open(const struct kept_folder *folder,
					const struct kept_symbols_key *key);
/* The same of a file that was opened; fd: taken over, also on failure. */
struct kept_symbols *kept_symbols__take(int fd, uint64_t size, const struct kept_symbols_key *key);
void kept_symbols__free(struct kept_symbols *kept);
DEFINE_FREEP(kept_symbols)

/* What symbol_table__find() gives; the name lives until the next question. False: that part is damaged. */
bool kept_symbols__find(struct kept_symbols *kept, uint64_t elf_vaddr,
			struct symbol_name *ret_name);

/* False: it could not be made; what cannot be written is no error. */
bool kept_symbols_write(const struct kept_folder *folder, const struct kept_symbols_key *key,
			struct symbol_table *table);
