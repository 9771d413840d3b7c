// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/thread_names.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "symbolizer/python/dict_object.h"
#include "symbolizer/python/string_object.h"

#define MAX_INTERPRETERS 8
#define MODULE_DICT 16 /* PyModuleObject.md_dict: 2.7 to 3.15 */
#define DIGIT_BITS 30
/* struct pthread.tid: glibc 2.17 to 2.43; musl 1.2 */
#define GLIBC_TID 0x2d0
#define MUSL_TID 0x30

/* The dict sys.modules in PyInterpreterState. From 3.13 on _PyRuntime begins with a table that has
 * the offset, at the place that is given here. */
static const struct {
	uint16_t version;
	uint16_t modules;
	uint16_t published;
} versions[] = {
	{ 0x0207, 16, 0 },  { 0x0306, 16, 0 },	{ 0x0307, 40, 0 },  { 0x0308, 56, 0 },
	{ 0x0309, 856, 0 }, { 0x030a, 856, 0 }, { 0x030b, 888, 0 }, { 0x030c, 944, 0 },
	{ 0x030d, 0, 88 },  { 0x030e, 0, 96 },	{ 0x030f, 0, 96 },
};

static int read_word(const struct python_memory *m, uint64_t vaddr, uint64_t *ret_word)
{
	return m->read(m->ctx, ret_word, sizeof(*ret_word), vaddr);
}

static int modules_offset(const struct python_memory *m, const struct python_layout *l,
			  const struct python_thread_place *place, uint64_t *ret_off)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (versions[i].version != l->version)
			continue;
		*ret_off = versions[i].modules;
		return versions[i].published ?
			       read_word(m, place->runtime + versions[i].published, ret_off) :
			       0;
	}
	return -ENOTSUP;
}

static int find_active(const struct python_memory *m, const struct python_layout *l,
		       uint64_t modules, uint64_t *ret_active)
{
	uint64_t threading, dict;
	int err = python_dict__find(m, l, modules, "threading", &threading);

	if (!err)
		err = read_word(m, threading + MODULE_DICT, &dict);
	return err ? err : python_dict__find(m, l, dict, "_active", ret_active);
}

int python_threads__find(const struct python_memory *memory, const struct python_layout *layout,
			 const struct python_thread_place *place, uint64_t *ret_active)
{
	uint64_t interp, off, modules;
	int err, found = -ENOENT;

	if (layout->free_threaded)
		return -ENOTSUP;
	err = modules_offset(memory, layout, place, &off);
	if (!err)
		err = read_word(memory, place->interp_head, &interp);
	for (int i = 0; !err && interp && i < MAX_INTERPRETERS; i++) {
		found = read_word(memory, interp + off, &modules);
		if (!found)
			found = find_active(memory, layout, modules, ret_active);
		if (!found)
			return 0;
		err = read_word(memory, interp + layout->interp_next, &interp);
	}
	return err ? err : found;
}

/* 2.7: a long; to 3.11 digits behind their number, from 3.12 on that number << 3 | sign. */
static int read_ident(const struct python_memory *m, const struct python_layout *l, uint64_t vaddr,
		      uint64_t *ret_ident)
{
	uint64_t words[2];
	int err = m->read(m->ctx, words, sizeof(words), vaddr + 16);

	if (err)
		return err;
	if (l->version < 0x0300) {
		*ret_ident = words[0];
		return 0;
	}
	if (words[0] != (l->version < 0x030c ? 2 : 2 << 3)) /* addresses have two digits */
		return -EBADMSG;
	*ret_ident = (words[1] & 0xffffffff) | words[1] >> 32 << DIGIT_BITS;
	return 0;
}

static int read_tid(const struct python_memory *m, const struct python_layout *l,
		    const struct python_thread_place *place, uint64_t key, uint32_t *ret_tid)
{
	uint64_t ident;
	int err = read_ident(m, l, key, &ident);

	if (!err)
		err = m->read(m->ctx, ret_tid, sizeof(*ret_tid),
			      ident + (place->musl ? MUSL_TID : GLIBC_TID));
	return err;
}

static int read_name(const struct python_memory *m, const struct python_layout *l, uint64_t thread,
		     char **ret_name)
{
	uint64_t name;
	int err = python_attribute__find(m, l, thread,
					 l->version < 0x0300 ? "_Thread__name" : "_name", &name);

	return err ? err : python_string__read(m, l, name, ret_name);
}

static void read_thread(const struct python_memory *m, const struct python_layout *l,
			const struct python_thread_place *place, uint64_t key, uint64_t thread,
			python_thread_fn fn, void *ctx)
{
	scope_memory char *name = NULL;
	uint32_t tid;

	if (key && !read_tid(m, l, place, key, &tid) && !read_name(m, l, thread, &name))
		fn(ctx, tid, name);
}

/* Threads that begin or end change the entries, or how many are used. */
static int check_unchanged(const struct python_memory *m, const struct python_layout *l,
			   uint64_t active, const struct python_dict *dict, uint64_t used)
{
	struct python_dict again;
	uint64_t used_now;
	int err = python_dict__open(m, l, active, &again);

	if (!err)
		err = read_word(m, active + (l->version < 0x0300 ? 24 : 16), &used_now);
	if (err)
		return err;
	return again.entries == dict->entries && again.cnt == dict->cnt && used_now == used ?
		       0 :
		       -EAGAIN;
}

int python_threads__read(const struct python_memory *memory, const struct python_layout *layout,
			 const struct python_thread_place *place, uint64_t active,
			 python_thread_fn fn, void *ctx)
{
	struct python_dict dict;
	uint64_t key, thread, used;
	int err = python_dict__open(memory, layout, active, &dict);

	if (!err)
		err = read_word(memory, active + (layout->version < 0x0300 ? 24 : 16), &used);
	if (!err && dict.cnt > PYTHON_MAX_THREADS)
		return -E2BIG;
	for (uint32_t i = 0; !err && i < dict.cnt; i++) {
		err = python_dict__entry(memory, &dict, i, &key, &thread);
		if (!err)
			read_thread(memory, layout, place, key, thread, fn, ctx);
	}
	return err ? err : check_unchanged(memory, layout, active, &dict, used);
}
