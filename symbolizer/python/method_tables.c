// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/method_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define METHOD_SZ 32
#define GETSET_SZ 40
#define MAX_TABLES 65536

/* METH_VARARGS and how else arguments come, in the combinations that there are; METH_CLASS,
 * STATIC, COEXIST (0x70) with any of them. */
static bool is_flags(uint64_t word)
{
	static const uint16_t calls[] = { 0x01, 0x03, 0x04, 0x08, 0x80, 0x82, 0x282 };

	if (word > 0x3ff)
		return false;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if ((word & 0x28f) == calls[i])
			return true;
	return false;
}

static bool is_method(const struct c_scan *scan, uint64_t at)
{
	return is_flags(data_image__word(scan->image, at + 16)) &&
	       c_scan__is_entry(scan, data_image__word(scan->image, at + 8)) &&
	       c_scan__identifier(scan, data_image__word(scan->image, at), false) &&
	       c_scan__is_doc(scan, data_image__word(scan->image, at + 24));
}

static bool is_getset(const struct c_scan *scan, uint64_t at)
{
	uint64_t name = data_image__word(scan->image, at);
	uint64_t get = data_image__word(scan->image, at + 8);
	uint64_t set = data_image__word(scan->image, at + 16);

	return name && (get || set) && (!get || c_scan__is_entry(scan, get)) &&
	       (!set || c_scan__is_entry(scan, set)) && c_scan__identifier(scan, name, false) &&
	       c_scan__is_doc(scan, data_image__word(scan->image, at + 24));
}

static uint64_t entry_sz(enum method_kind kind)
{
	return kind == KIND_METHOD ? METHOD_SZ : GETSET_SZ;
}

static bool is_entry(const struct c_scan *scan, enum method_kind kind, uint64_t at, uint64_t end)
{
	if (end - at < entry_sz(kind))
		return false;
	return kind == KIND_METHOD ? is_method(scan, at) : is_getset(scan, at);
}

static int add(struct method_tables *tables, struct method_table table)
{
	if (tables->cnt == MAX_TABLES)
		return 0;
	if (tables->cnt == tables->room) {
		size_t room = tables->room ? tables->room * 2 : 256;
		struct method_table *more = realloc(tables->items, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		tables->items = more;
		tables->room = room;
	}
	tables->items[tables->cnt++] = table;
	return 0;
}

static int scan_part(struct method_tables *tables, const struct c_scan *scan,
		     const struct image_part *part)
{
	uint64_t end = part->elf_vaddr + part->size;

	for (uint64_t at = part->elf_vaddr; at < end; at += 8) {
		struct method_table table = { .elf_vaddr = at };
		uint64_t next = at;

		if (is_entry(scan, KIND_METHOD, at, end))
			table.kind = KIND_METHOD;
		else if (is_entry(scan, KIND_GETSET, at, end))
			table.kind = KIND_GETSET;
		else
			continue;
		for (; is_entry(scan, table.kind, next, end); next += entry_sz(table.kind))
			table.cnt++;
		table.closed = next < end && !data_image__word(scan->image, next);
		if (add(tables, table))
			return -ENOMEM;
		at = next - 8;
	}
	return 0;
}

int method_tables__init(struct method_tables *tables, const struct c_scan *scan)
{
	size_t cnt;
	const struct image_part *parts = data_image__parts(scan->image, &cnt);
	int err = 0;

	*tables = (struct method_tables){ 0 };
	for (size_t i = 0; i < cnt && !err; i++)
		err = scan_part(tables, scan, &parts[i]);
	if (err)
		method_tables__fini(tables);
	return err;
}

void method_tables__fini(struct method_tables *tables)
{
	free(tables->items);
	*tables = (struct method_tables){ 0 };
}

struct method_table *method_tables__at(const struct method_tables *tables, uint64_t elf_vaddr)
{
	size_t low = 0, high = tables->cnt;

	if (!high || elf_vaddr < tables->items[0].elf_vaddr ||
	    elf_vaddr > tables->items[high - 1].elf_vaddr)
		return NULL; /* most words */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tables->items[mid].elf_vaddr < elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < tables->cnt && tables->items[low].elf_vaddr == elf_vaddr ?
		       &tables->items[low] :
		       NULL;
}

bool c_owner_is_better(const struct c_owner *x, const struct c_owner *y)
{
	size_t x_len, y_len;

	if (!x->name || !y->name)
		return x->name && !y->name;
	if (x->depth != y->depth)
		return x->depth < y->depth;
	x_len = strlen(x->name);
	y_len = strlen(y->name);
	return x_len == y_len ? strcmp(x->name, y->name) < 0 : x_len < y_len;
}

void method_table__set_owner(struct method_table *table, struct c_owner owner)
{
	if (c_owner_is_better(&owner, &table->owner))
		table->owner = owner;
}

/* Tables of something else look like { name, get, set } too: callbacks by name. All of their
 * first functions are often the same. */
static bool getters_differ(const struct method_table *table, const struct c_scan *scan)
{
	uint64_t first = data_image__word(scan->image, table->elf_vaddr + 8);

	for (uint32_t i = 1; i < table->cnt; i++)
		if (data_image__word(scan->image, table->elf_vaddr + i * (uint64_t)GETSET_SZ + 8) !=
		    first)
			return true;
	return false;
}

bool method_table__is_good(const struct method_table *table, const struct c_scan *scan)
{
	if (table->owner.name)
		return true;
	if (table->kind == KIND_METHOD)
		return table->closed || (table->cnt == 1 && table->pointed);
	return table->closed && getters_differ(table, scan);
}

void method_table__each(const struct method_table *table, const struct c_scan *scan, method_fn fn,
			void *ctx)
{
	uint64_t at = table->elf_vaddr;

	for (uint32_t i = 0; i < table->cnt; i++, at += entry_sz(table->kind)) {
		const char *name = data_image__text(scan->image, data_image__word(scan->image, at));

		fn(ctx, table, data_image__word(scan->image, at + 8), name, false);
		if (table->kind == KIND_GETSET)
			fn(ctx, table, data_image__word(scan->image, at + 16), name, true);
	}
}
