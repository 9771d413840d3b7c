// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The door: descriptors and addresses in, names out. No knowledge of perf events, BPF or outputs,
 * no state outside its objects, so that it can run in a child without rights.
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "symbolizer/native/elf_file.h"

/* Best first. */
enum name_source {
	NAME_SYMTAB,
	NAME_DEBUGDATA, /* .gnu_debugdata */
	NAME_DYNSYM,
	NAME_PLT,
	NAME_GO, /* Go's function table */
	NAME_PYTHON, /* tables of methods and type slots: "list.sort", what Python calls it */
	NAME_KALLSYMS,
	NAME_FDE, /* no name, but the function's start is known from .eh_frame */
	NAME_NONE, /* nothing known */
};

/* The answer for one address. Strings are borrowed: they live as long as the table that gave them. */
struct symbol_name {
	const char *linkage; /* as in the file ("_ZN3fooEv"); NULL for NAME_FDE and NAME_NONE */
	uint64_t start; /* of the function, same address space as the question */
	uint64_t size; /* 0: not known */
	enum name_source source;
};

/* Names of one ELF file: compact, sorted. What only some addresses need is read when the first of them is
 * asked for, so that the file must live as long, and one thread asks at a time. */
struct symbol_table;

/* debug: the file's separate debug file, whose .symtab counts as well; NULL: none. A file without any
 * symbol gives an empty table, not an error. NAME_PYTHON is given to functions that no symbol names. */
int symbol_table__load(struct elf_file *file, struct elf_file *debug,
		       struct symbol_table **ret_table);
void symbol_table__free(struct symbol_table *table);
DEFINE_FREEP(symbol_table)

/* elf_vaddr: as linked. An address outside every sized symbol is not given to a neighbour: the
 * answer is then NAME_FDE or NAME_NONE. Symbols of size 0 (assembler) reach up to the next symbol or
 * the section's end, but never over the end of an FDE, nor into a sized symbol. */
struct symbol_name symbol_table__find(struct symbol_table *table, uint64_t elf_vaddr);

/* All that it can answer: the answer at each address where one may begin, in order, good up to the next;
 * before the first there is none. What fn returns ends it if it is not 0. -ENOMEM: or it is not all. */
typedef int (*symbol_piece_fn)(void *ctx, uint64_t elf_vaddr, const struct symbol_name *name);
int symbol_table__each_piece(struct symbol_table *table, symbol_piece_fn fn, void *ctx);

/* Demangled for people: C++ (template arguments kept, parameter list dropped), Rust legacy and v0
 * (hash dropped). NULL when the name is not mangled or out of bounds; the caller frees it. */
char *demangle(const char *linkage);
