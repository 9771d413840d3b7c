// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Arrays of PyMethodDef and PyGetSetDef:
 *
 *	PyMethodDef  { name, function, flags, doc }          32 bytes
 *	PyGetSetDef  { name, get, set, doc, closure }        40 bytes
 *
 * An array ends with an entry without name.
 */
#include "symbolizer/python/c_scan.h"

enum method_kind { KIND_METHOD, KIND_GETSET, KIND_SLOT };

struct c_owner {
	const char *name; /* of a type or module, borrowed of the image; NULL: not known */
	uint32_t depth; /* of a type: how many bases it has */
};

struct method_table {
	uint64_t elf_vaddr;
	uint32_t cnt;
	enum method_kind kind;
	bool closed; /* by an entry without name */
	bool pointed; /* by some word of the data */
	struct c_owner owner; /* filled in by who finds it */
};

struct method_tables { /* sorted by address */
	struct method_table *items; /* owned */
	size_t cnt;
	size_t room;
};

int method_tables__init(struct method_tables *tables, const struct c_scan *scan); /* -ENOMEM */
void method_tables__fini(struct method_tables *tables);

struct method_table *method_tables__at(const struct method_tables *tables, uint64_t elf_vaddr);
void method_table__set_owner(struct method_table *table, struct c_owner owner);

/* Whether it is to be believed. */
bool method_table__is_good(const struct method_table *table, const struct c_scan *scan);

/* fn for each function that the table names: "sort", or "real" and "real.setter". */
typedef void (*method_fn)(void *ctx, const struct method_table *table, uint64_t function,
			  const char *name, bool is_setter);
void method_table__each(const struct method_table *table, const struct c_scan *scan, method_fn fn,
			void *ctx);

bool c_owner_is_better(const struct c_owner *x, const struct c_owner *y);
