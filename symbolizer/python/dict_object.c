// SPDX-License-Identifier: Apache-2.0
/*
 * CPython 2.7: a table of {hash, key, value}. 3.6 and newer: keys, with an index before the entries
 * ({hash, key, value}, or {key, value} from 3.11 on where all keys are strings); where objects of a
 * class share their keys ("split"), each has its values elsewhere:
 *
 *   up to 3.10   in the array that the dict points to; every object has a dict
 *   3.11, 3.12   an object may have the array alone, 32 or 24 bytes before itself (3.12: the pointer
 *                plus one)
 *   3.13         the array lies in the object, behind 8 bytes that say whether it is still valid
 *
 * Include/internal/pycore_dict.h, pycore_object.h.
 */
#include "symbolizer/python/dict_object.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "symbolizer/python/string_object.h"

#define OBJECT_TYPE 8
#define TYPE_BASIC_SIZE 32
#define TYPE_FLAGS 168
#define TYPE_DICT_OFFSET 288
#define FLAG_INLINE_VALUES (1U << 2) /* 3.13 and newer */
#define FLAG_MANAGED_DICT (1U << 4) /* 3.11 and newer */
#define MAX_BASIC_SIZE 65536
#define VALUES_HEAD 8 /* 3.13 and newer: capacity, size, embedded, valid */
/* Of keys: the hash stands in the entries, or all are strings (1), or these are shared. */
#define KIND_GENERAL 0
#define KIND_SPLIT 2

static int read_word(const struct python_memory *m, uint64_t vaddr, uint64_t *ret_word)
{
	return m->read(m->ctx, ret_word, sizeof(*ret_word), vaddr);
}

/* The keys of 3.6 to 3.10: size at 8, entries used at 32, index at 40. */
static int open_old_keys(const struct python_memory *m, uint64_t keys, struct python_dict *dict)
{
	uint64_t head[5];
	uint32_t width;
	int err = m->read(m->ctx, head, sizeof(head), keys);

	if (err)
		return err;
	if (head[1] > 4ULL * PYTHON_DICT_MAX || head[4] > PYTHON_DICT_MAX)
		return -E2BIG;
	width = head[1] <= 0xff ? 1 : head[1] <= 0xffff ? 2 : 4;
	*dict = (struct python_dict){ .entries = keys + 40 + head[1] * width,
				      .entry_size = 24,
				      .key = 8,
				      .cnt = (uint32_t)head[4] };
	return 0;
}

/* Of 3.11 and newer: {log2 of size, of the index's bytes, kind} at 8, entries used at 24, index at
 * 32. */
static int open_new_keys(const struct python_memory *m, uint64_t keys, struct python_dict *dict)
{
	uint8_t head[32];
	uint64_t cnt;
	bool general;
	int err = m->read(m->ctx, head, sizeof(head), keys);

	if (err)
		return err;
	memcpy(&cnt, head + 24, sizeof(cnt));
	if (head[9] > 24 || cnt > PYTHON_DICT_MAX)
		return -E2BIG;
	if (head[10] > KIND_SPLIT)
		return -EBADMSG;
	general = head[10] == KIND_GENERAL;
	*dict = (struct python_dict){ .entries = keys + 32 + (1ULL << head[9]),
				      .entry_size = general ? 24 : 16,
				      .key = general ? 8 : 0,
				      .cnt = (uint32_t)cnt };
	return 0;
}

static int open_keys(const struct python_memory *m, const struct python_layout *l, uint64_t keys,
		     struct python_dict *dict)
{
	return l->version < 0x030b ? open_old_keys(m, keys, dict) : open_new_keys(m, keys, dict);
}

static int open_2_7(const struct python_memory *m, uint64_t vaddr, struct python_dict *dict)
{
	uint64_t table[2]; /* mask, place */
	int err = m->read(m->ctx, table, sizeof(table), vaddr + 32);

	if (err)
		return err;
	if (table[0] >= PYTHON_DICT_MAX)
		return -E2BIG;
	*dict = (struct python_dict){
		.entries = table[1], .entry_size = 24, .key = 8, .cnt = (uint32_t)table[0] + 1
	};
	return 0;
}

int python_dict__open(const struct python_memory *memory, const struct python_layout *layout,
		      uint64_t vaddr, struct python_dict *ret_dict)
{
	uint64_t parts[2]; /* keys, values */
	struct python_dict dict;
	int err;

	if (layout->free_threaded)
		return -ENOTSUP;
	if (layout->version < 0x0300)
		return open_2_7(memory, vaddr, ret_dict);
	err = memory->read(memory->ctx, parts, sizeof(parts), vaddr + 32);
	if (!err)
		err = open_keys(memory, layout, parts[0], &dict);
	if (err)
		return err;
	dict.values = parts[1] && layout->version >= 0x030d ? parts[1] + VALUES_HEAD : parts[1];
	*ret_dict = dict;
	return 0;
}

int python_dict__entry(const struct python_memory *memory, const struct python_dict *dict,
		       uint32_t i, uint64_t *ret_key, uint64_t *ret_value)
{
	uint64_t pair[2]; /* key, value */
	int err = memory->read(memory->ctx, pair, sizeof(pair),
			       dict->entries + (uint64_t)i * dict->entry_size + dict->key);

	if (!err && dict->values)
		err = read_word(memory, dict->values + i * 8ULL, &pair[1]);
	if (err)
		return err;
	*ret_key = pair[1] ? pair[0] : 0;
	*ret_value = pair[0] ? pair[1] : 0;
	return 0;
}

static bool is_name(const struct python_memory *m, const struct python_layout *l, uint64_t key,
		    const char *name)
{
	scope_memory char *text = NULL;

	return !python_string__read(m, l, key, &text) && !strcmp(text, name);
}

/* Keys that are no strings are passed over. */
static int find(const struct python_memory *m, const struct python_layout *l,
		const struct python_dict *dict, const char *name, uint64_t *ret_value)
{
	uint64_t key, value;
	int err;

	for (uint32_t i = 0; i < dict->cnt; i++) {
		err = python_dict__entry(m, dict, i, &key, &value);
		if (err)
			return err;
		if (key && is_name(m, l, key, name)) {
			*ret_value = value;
			return 0;
		}
	}
	return -ENOENT;
}

int python_dict__find(const struct python_memory *memory, const struct python_layout *layout,
		      uint64_t vaddr, const char *name, uint64_t *ret_value)
{
	struct python_dict dict;
	int err = python_dict__open(memory, layout, vaddr, &dict);

	return err ? err : find(memory, layout, &dict, name, ret_value);
}

/* PyHeapTypeObject.ht_cached_keys. */
static uint64_t cached_keys(const struct python_layout *l)
{
	return l->version == 0x030b ? 872 : l->version < 0x030f ? 880 : 888;
}

/* 3.13 and newer. */
static int inline_values(const struct python_memory *m, uint64_t object, uint64_t type,
			 uint64_t *ret_values)
{
	uint64_t size, head;
	int err = read_word(m, type + TYPE_BASIC_SIZE, &size);

	if (!err && size > MAX_BASIC_SIZE)
		err = -EBADMSG;
	if (!err)
		err = read_word(m, object + size, &head);
	if (err)
		return err;
	*ret_values = head >> 24 & 0xff ? object + size + VALUES_HEAD : 0;
	return 0;
}

/* Where an object without a dict has its values; 0: it has a dict. */
static int lone_values(const struct python_memory *m, const struct python_layout *l,
		       uint64_t object, uint64_t type, uint64_t flags, uint64_t *ret_values)
{
	int err;

	*ret_values = 0;
	if (l->version >= 0x030d)
		return flags & FLAG_INLINE_VALUES ? inline_values(m, object, type, ret_values) : 0;
	err = read_word(m, object - (l->version == 0x030b ? 32 : 24), ret_values);
	if (!err && l->version == 0x030c)
		*ret_values = *ret_values & 1 ? *ret_values + 1 : 0;
	return err;
}

static int find_managed(const struct python_memory *m, const struct python_layout *l,
			uint64_t object, uint64_t type, uint64_t flags, const char *name,
			uint64_t *ret_value)
{
	struct python_dict dict;
	uint64_t values, word;
	int err = lone_values(m, l, object, type, flags, &values);

	if (err)
		return err;
	if (!values) {
		err = read_word(m, object - 24, &word);
		return err ? err : python_dict__find(m, l, word, name, ret_value);
	}
	err = read_word(m, type + cached_keys(l), &word);
	if (!err)
		err = open_keys(m, l, word, &dict);
	if (err)
		return err;
	dict.values = values;
	return find(m, l, &dict, name, ret_value);
}

int python_attribute__find(const struct python_memory *memory, const struct python_layout *layout,
			   uint64_t object, const char *name, uint64_t *ret_value)
{
	uint64_t type, flags, off, dict;
	int err;

	if (layout->free_threaded)
		return -ENOTSUP;
	err = read_word(memory, object + OBJECT_TYPE, &type);
	if (!err)
		err = read_word(memory, type + TYPE_FLAGS, &flags);
	if (!err)
		err = read_word(memory, type + TYPE_DICT_OFFSET, &off);
	if (err)
		return err;
	if (layout->version >= 0x030b && (flags & FLAG_MANAGED_DICT))
		return find_managed(memory, layout, object, type, flags, name, ret_value);
	if (!off || off > MAX_BASIC_SIZE)
		return -EBADMSG;
	err = read_word(memory, object + off, &dict);
	return err ? err : python_dict__find(memory, layout, dict, name, ret_value);
}
