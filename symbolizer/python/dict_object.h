// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Dicts as they lie in an interpreter's memory, and the attributes of objects, which lie in dicts or
 * in the form that dicts of one class share. Free-threaded builds: -ENOTSUP. */
#include "bpf/shared/python.h"
#include "symbolizer/python/memory.h"

#define PYTHON_DICT_MAX 16384 /* entries of a dict that is looked through; -E2BIG beyond */

struct python_dict {
	uint64_t entries;
	uint64_t values; /* 0: they stand in the entries */
	uint32_t entry_size;
	uint32_t key; /* in an entry; the value stands behind it */
	uint32_t cnt; /* with entries that are empty */
};

/* Any memory may be handed over: -EBADMSG where it contradicts itself, else what reading it failed
 * with. */
int python_dict__open(const struct python_memory *memory, const struct python_layout *layout,
		      uint64_t vaddr, struct python_dict *ret_dict);
/* Both are 0 in an entry that is empty. */
int python_dict__entry(const struct python_memory *memory, const struct python_dict *dict,
		       uint32_t i, uint64_t *ret_key, uint64_t *ret_value);
/* -ENOENT: no such key. */
int python_dict__find(const struct python_memory *memory, const struct python_layout *layout,
		      uint64_t vaddr, const char *name, uint64_t *ret_value);
/* Of an object of a class written in Python. */
int python_attribute__find(const struct python_memory *memory, const struct python_layout *layout,
			   uint64_t object, const char *name, uint64_t *ret_value);
