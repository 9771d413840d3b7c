// SPDX-License-Identifier: Apache-2.0
/*
 *	PyModuleDef  { refcount, type, init, index, copy, name, doc, size, methods, slots, 3 functions }
 *	PyType_Spec  { name, i32 basicsize, i32 itemsize, u32 flags, slots }
 *	PyType_Slot  { i32 id, pointer }                     ends with id 0
 */
#include "symbolizer/python/c_types.h"

#define MAX_SIZE (1 << 24) /* of an object */
#define MAX_SLOTS 100
#define MAX_DEPTH 16

enum spec_field { SPEC_SIZES = 8, SPEC_FLAGS = 16, SPEC_SLOTS = 24 };

static uint64_t word(const struct c_types *types, uint64_t at)
{
	return data_image__word(types->scan->image, at);
}

static bool is_table(const struct c_types *types, uint64_t at)
{
	return !(at % 8) && data_image__has(types->scan->image, at);
}

static bool is_group(const struct c_types *types, uint64_t type, const struct slot_group *g)
{
	uint64_t at = g->pointer ? word(types, type + g->pointer) : type;

	if (!at || at == IMAGE_IMPORTED)
		return true;
	if (!is_table(types, at))
		return false;
	for (uint16_t i = 0; i < g->cnt; i++)
		if (!c_scan__is_slot(types->scan, word(types, at + g->slots[i].at)))
			return false;
	return true;
}

/* The cheap and telling ones first: it is asked of every word. */
static bool has_head(const struct c_types *types, uint64_t at)
{
	uint64_t base_type = word(types, at + TYPE_OB_TYPE);

	return (int64_t)word(types, at) > 0 && !word(types, at + TYPE_OB_SIZE) &&
	       c_scan__is_pointer(types->scan, base_type) &&
	       c_scan__identifier(types->scan, word(types, at + TYPE_NAME), true);
}

bool c_types__is_static(const struct c_types *types, uint64_t at)
{
	const struct c_scan *scan = types->scan;
	uint64_t basic = word(types, at + TYPE_BASIC_SIZE);
	uint64_t item = word(types, at + TYPE_ITEM_SIZE);

	/* bytes, with what it holds behind a hash, is 33 + 1 for each */
	if (!has_head(types, at) || (basic % 8 && item != 1) || basic > MAX_SIZE ||
	    item > MAX_SIZE || word(types, at + TYPE_FLAGS) >> 32 ||
	    !c_scan__is_doc(scan, word(types, at + TYPE_DOC)) ||
	    !c_scan__is_pointer(scan, word(types, at + TYPE_METHODS)) ||
	    !c_scan__is_pointer(scan, word(types, at + TYPE_GETSET)) ||
	    !c_scan__is_pointer(scan, word(types, at + TYPE_BASE)))
		return false;
	for (const struct slot_group *g = types->groups; g->cnt; g++)
		if (!is_group(types, at, g))
			return false;
	return true;
}

/* A base in another file counts as one. */
uint32_t c_types__depth(const struct c_types *types, uint64_t at)
{
	uint32_t depth = 0;

	for (uint64_t base = word(types, at + TYPE_BASE); base && depth < MAX_DEPTH;
	     base = word(types, base + TYPE_BASE)) {
		depth++;
		if (base == IMAGE_IMPORTED || !c_types__is_static(types, base))
			break;
	}
	return depth;
}

void c_types__each_slot(const struct c_types *types, uint64_t type, slot_fn fn, void *ctx)
{
	for (const struct slot_group *g = types->groups; g->cnt; g++) {
		uint64_t at = g->pointer ? word(types, type + g->pointer) : type;

		if (!at || at == IMAGE_IMPORTED)
			continue;
		for (uint16_t i = 0; i < g->cnt; i++)
			fn(ctx, word(types, at + g->slots[i].at), g->slots[i].name);
	}
}

static bool is_spec_slot(const struct c_types *types, uint64_t id, uint64_t value)
{
	if (id > SLOT_MAX)
		return false;
	return type_slot_name(id) ? c_scan__is_slot(types->scan, value) :
				    c_scan__is_pointer(types->scan, value);
}

static bool are_spec_slots(const struct c_types *types, uint64_t at)
{
	if (!is_table(types, at))
		return false;
	for (uint32_t i = 0; i < MAX_SLOTS; i++, at += 16) {
		uint64_t id = word(types, at), value = word(types, at + 8);

		if (!id)
			return i && !value;
		if (!is_spec_slot(types, id, value))
			return false;
	}
	return false;
}

/* A basicsize below 0 (3.12) is what is added to the base's. */
bool c_types__is_spec(const struct c_types *types, uint64_t at)
{
	uint64_t sizes = word(types, at + SPEC_SIZES), slots = word(types, at + SPEC_SLOTS);
	int32_t basic = (int32_t)sizes, item = (int32_t)(sizes >> 32);

	return slots && !(word(types, at + SPEC_FLAGS) >> 32) && basic > -MAX_SIZE &&
	       basic < MAX_SIZE && item >= 0 && item < MAX_SIZE && are_spec_slots(types, slots) &&
	       c_scan__identifier(types->scan, word(types, at), true);
}

void c_types__each_spec_slot(const struct c_types *types, uint64_t spec, slot_fn fn, void *ctx)
{
	uint64_t at = word(types, spec + SPEC_SLOTS), id;

	for (; (id = word(types, at)); at += 16)
		if (type_slot_name(id))
			fn(ctx, word(types, at + 8), type_slot_name(id));
}

uint64_t c_types__spec_slot(const struct c_types *types, uint64_t spec, enum slot_id wanted)
{
	uint64_t at = word(types, spec + SPEC_SLOTS), id;

	for (; (id = word(types, at)); at += 16)
		if (id == wanted)
			return word(types, at + 8);
	return 0;
}

bool c_types__is_module(const struct c_types *types, uint64_t at)
{
	const struct c_scan *scan = types->scan;
	uint64_t type = word(types, at + 8);
	int64_t size = (int64_t)word(types, at + MODULE_SIZE);

	if ((int64_t)word(types, at) <= 0 || (type && type != IMAGE_IMPORTED) ||
	    word(types, at + 16) || word(types, at + 24) || word(types, at + 32) || size < -1 ||
	    size > MAX_SIZE || !c_scan__is_pointer(scan, word(types, at + MODULE_SLOTS)))
		return false;
	for (uint64_t i = 0; i < 3; i++)
		if (!c_scan__is_slot(scan, word(types, at + MODULE_SLOTS + 8 + 8 * i)))
			return false;
	return c_scan__is_doc(scan, word(types, at + MODULE_DOC)) &&
	       c_scan__identifier(scan, word(types, at + MODULE_NAME), true);
}
