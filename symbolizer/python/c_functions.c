// SPDX-License-Identifier: Apache-2.0
/*
 * One pass finds the tables, one their owners and the slots of types, and each function keeps
 * the best of the names it was offered: a function that several types share has the name of the
 * one nearest to `object`.
 */
#include "symbolizer/python/c_functions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "symbolizer/python/c_types.h"
#include "symbolizer/python/method_tables.h"

#define MAX_FUNCTIONS (1U << 20)
#define MAX_TYPES 16384

struct offer { /* strings are the image's, or constants */
	struct c_owner owner;
	const char *name; /* NULL: none */
	enum method_kind kind;
	bool is_setter;
};

struct search {
	struct c_scan scan;
	struct c_types types;
	struct method_tables tables;
	struct offer *best; /* owned; by function */
	struct c_owner owner; /* of the slots just told of */
	uint32_t type_cnt;
};

static bool is_better(const struct offer *x, const struct offer *y)
{
	size_t x_len, y_len;

	if (!y->name)
		return true;
	if (!x->owner.name != !y->owner.name)
		return x->owner.name;
	if (x->owner.depth != y->owner.depth)
		return x->owner.depth < y->owner.depth;
	if (x->kind != y->kind)
		return x->kind < y->kind;
	x_len = strlen(x->name) + (x->owner.name ? strlen(x->owner.name) : 0);
	y_len = strlen(y->name) + (y->owner.name ? strlen(y->owner.name) : 0);
	if (x_len != y_len)
		return x_len < y_len;
	return strcmp(x->name, y->name) < 0;
}

static void take_offer(struct search *s, uint64_t function, const struct offer *offer)
{
	size_t idx;

	if (c_scan__function(&s->scan, function, &idx) && is_better(offer, &s->best[idx]))
		s->best[idx] = *offer;
}

static void take_method(void *ctx, const struct method_table *table, uint64_t function,
			const char *name, bool is_setter)
{
	take_offer(ctx, function, &(struct offer){ table->owner, name, table->kind, is_setter });
}

static void take_slot(void *ctx, uint64_t function, const char *slot)
{
	struct search *s = ctx;

	take_offer(s, function, &(struct offer){ s->owner, slot, KIND_SLOT, false });
}

static void own_table(struct search *s, uint64_t at, enum method_kind kind)
{
	struct method_table *table = at ? method_tables__at(&s->tables, at) : NULL;

	if (table && table->kind == kind)
		method_table__set_owner(table, s->owner);
}

static void name_owner(struct search *s, uint64_t name, uint32_t depth)
{
	s->owner = (struct c_owner){ data_image__text(s->scan.image, name), depth };
}

static void look_at(struct search *s, uint64_t at)
{
	const struct c_types *types = &s->types;
	const struct data_image *image = s->scan.image;
	uint64_t value = data_image__word(image, at);
	struct method_table *table;

	if (!value || s->type_cnt == MAX_TYPES)
		return;
	if (c_types__is_static(types, at)) {
		name_owner(s, data_image__word(image, at + TYPE_NAME), c_types__depth(types, at));
		own_table(s, data_image__word(image, at + TYPE_METHODS), KIND_METHOD);
		own_table(s, data_image__word(image, at + TYPE_GETSET), KIND_GETSET);
		c_types__each_slot(types, at, take_slot, s);
		s->type_cnt++;
	} else if (c_types__is_spec(types, at)) {
		name_owner(s, value, 0);
		own_table(s, c_types__spec_slot(types, at, SLOT_TP_METHODS), KIND_METHOD);
		own_table(s, c_types__spec_slot(types, at, SLOT_TP_GETSET), KIND_GETSET);
		c_types__each_spec_slot(types, at, take_slot, s);
		s->type_cnt++;
	} else if (c_types__is_module(types, at)) {
		name_owner(s, data_image__word(image, at + MODULE_NAME), 0);
		own_table(s, data_image__word(image, at + MODULE_METHODS), KIND_METHOD);
	}
	table = method_tables__at(&s->tables, value);
	if (table)
		table->pointed = true;
}

static void find_owners(struct search *s)
{
	size_t cnt;
	const struct image_part *parts = data_image__parts(s->scan.image, &cnt);

	for (size_t i = 0; i < cnt; i++)
		for (uint64_t off = 0; off < parts[i].size; off += 8)
			look_at(s, parts[i].elf_vaddr + off);
}

static void tell(const struct search *s, python_c_function_fn fn, void *ctx)
{
	char text[2 * C_NAME_MAX + 16];

	for (size_t i = 0; i < s->scan.range_cnt; i++) {
		const struct offer *o = &s->best[i];
		bool bare = !o->owner.name || !strcmp(o->owner.name, "builtins");

		if (!o->name)
			continue;
		snprintf(text, sizeof(text), "%s%s%s%s", bare ? "" : o->owner.name, bare ? "" : ".",
			 o->name, o->is_setter ? ".setter" : "");
		fn(ctx, &s->scan.ranges[i], text);
	}
}

static int search(struct search *s, python_c_function_fn fn, void *ctx)
{
	int err = method_tables__init(&s->tables, &s->scan);

	if (err)
		return err;
	find_owners(s);
	for (size_t i = 0; i < s->tables.cnt; i++)
		if (method_table__is_good(&s->tables.items[i], &s->scan))
			method_table__each(&s->tables.items[i], &s->scan, take_method, s);
	tell(s, fn, ctx);
	return 0;
}

static bool is_python_name(const char *name)
{
	name += *name == '_';
	return name[0] == 'P' && name[1] == 'y' &&
	       (name[2] == '_' || isupper((unsigned char)name[2]));
}

static void take_fact(struct python_abi *abi, const char *name, bool defined)
{
	if (!strncmp(name, "PyString_", 9) || !strncmp(name, "Py_InitModule4", 14))
		abi->python2 = true;
	if (defined && !strcmp(name, "PyVectorcall_Call"))
		abi->has_vectorcall = true;
	if (defined && !strcmp(name, "PyIter_Send"))
		abi->has_am_send = true;
}

/* Anything of Python's C API, its own or imported. What came with 3.8 and 3.10 is told of the
 * interpreter alone: an extension's structs may be the shorter ones. */
static bool speaks_python(struct elf_file *file, struct python_abi *abi)
{
	const struct elf_section *dynsym = elf_file__section(file, ".dynsym");
	struct view symbols, names;
	bool speaks = false;
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);

	if (!dynsym || dynsym->link >= cnt || elf_file__section_data(file, dynsym, &symbols) ||
	    elf_file__section_data(file, &sections[dynsym->link], &names))
		return false;
	while (view_left(&symbols) >= sizeof(Elf64_Sym)) {
		struct view name = names;
		const char *text;
		Elf64_Sym sym;

		memcpy(&sym, view_take(&symbols, sizeof(sym)), sizeof(sym));
		view_seek(&name, sym.st_name);
		text = view_cstr(&name);
		if (!text || !is_python_name(text))
			continue;
		speaks = true;
		take_fact(abi, text, sym.st_shndx != SHN_UNDEF);
	}
	return speaks;
}

int python_c_functions_each(struct elf_file *file, const struct cfi_range *ranges, size_t range_cnt,
			    python_c_function_fn fn, void *ctx)
{
	struct python_abi abi = { 0 };
	scope_free(data_image) struct data_image *image = NULL;
	struct search s = { 0 };
	int err;

	if (!range_cnt || range_cnt > MAX_FUNCTIONS || !speaks_python(file, &abi))
		return -ENODATA;
	err = data_image__load(file, &image);
	if (err)
		return err;
	s.scan = (struct c_scan){ image, ranges, range_cnt };
	s.types = (struct c_types){ &s.scan, type_slot_groups(&abi) };
	s.best = calloc(range_cnt, sizeof(*s.best));
	err = s.best ? search(&s, fn, ctx) : -ENOMEM;
	method_tables__fini(&s.tables);
	free(s.best);
	return err;
}
