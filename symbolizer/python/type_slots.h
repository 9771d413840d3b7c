// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Where functions lie in a PyTypeObject and the structs it points to, and how a PyType_Slot
 * counts them. The same for CPython 3.6 to 3.15 (builds with a GIL) but for what was added at
 * the end; 2.7 has its own. */
#include <stdbool.h>
#include <stdint.h>

/* Places in a PyTypeObject, 64-bit. */
enum type_field {
	TYPE_OB_TYPE = 8,
	TYPE_OB_SIZE = 16,
	TYPE_NAME = 24,
	TYPE_BASIC_SIZE = 32,
	TYPE_ITEM_SIZE = 40,
	TYPE_FLAGS = 168,
	TYPE_DOC = 176,
	TYPE_METHODS = 232,
	TYPE_GETSET = 248,
	TYPE_BASE = 256,
};

/* In a PyModuleDef. */
enum module_field {
	MODULE_NAME = 40,
	MODULE_DOC = 48,
	MODULE_SIZE = 56,
	MODULE_METHODS = 64,
	MODULE_SLOTS = 72, /* three functions follow */
};

enum slot_id { SLOT_TP_METHODS = 64, SLOT_TP_GETSET = 73, SLOT_MAX = 83 };

struct python_abi {
	bool python2;
	bool has_vectorcall; /* 3.8: types have tp_vectorcall */
	bool has_am_send; /* 3.10 */
};

struct type_slot {
	uint16_t at; /* in its struct */
	const char *name;
};

struct slot_group { /* slots that lie together */
	uint16_t pointer; /* in the type: where the group is; 0: in the type itself */
	uint16_t cnt;
	const struct type_slot *slots;
};

/* The groups of a version; ends with one of no slots. */
const struct slot_group *type_slot_groups(const struct python_abi *abi);

const char *type_slot_name(uint64_t id); /* NULL: no function's */
