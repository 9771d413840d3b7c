// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Who owns tables of methods: static types, PyType_Spec and PyModuleDef, told from other data by
 * all that must hold of their fields. */
#include "symbolizer/python/c_scan.h"
#include "symbolizer/python/type_slots.h"

struct c_types { /* borrowed */
	const struct c_scan *scan;
	const struct slot_group *groups;
};

/* fn for each function in a slot of a type: its name is that of the slot. */
typedef void (*slot_fn)(void *ctx, uint64_t function, const char *slot);

bool c_types__is_static(const struct c_types *types, uint64_t at);
uint32_t c_types__depth(const struct c_types *types, uint64_t at); /* of a static type */
void c_types__each_slot(const struct c_types *types, uint64_t at, slot_fn fn, void *ctx);

bool c_types__is_spec(const struct c_types *types, uint64_t at);
void c_types__each_spec_slot(const struct c_types *types, uint64_t at, slot_fn fn, void *ctx);
/* What the slot of a spec points to; 0: it has no such slot. */
uint64_t c_types__spec_slot(const struct c_types *types, uint64_t at, enum slot_id id);

bool c_types__is_module(const struct c_types *types, uint64_t at);
