// SPDX-License-Identifier: Apache-2.0
/*
 * What the file says itself goes before what the version's table says, and what both say must be
 * the same: _Py_DebugOffsets (3.13 and newer), the members of its types, the code of its small
 * functions.
 */
#include "symbolizer/python/interpreter.h"

#include <errno.h>

#include "symbolizer/python/accessor.h"
#include "symbolizer/python/debug_offsets.h"
#include "symbolizer/python/eval_ranges.h"
#include "symbolizer/python/layouts.h"
#include "symbolizer/python/self_check.h"
#include "symbolizer/python/version.h"

struct inspection {
	struct elf_image *image;
	uint64_t base;
	struct python_interpreter *info;
	struct python_runtime_layout runtime;
	uint64_t runtime_vaddr; /* 0: 2.7, 3.6 */
};

const char *python_refusal_text(enum python_refusal refusal)
{
	static const char *const texts[] = {
		"",
#define REFUSAL(name, text) text,
#include "symbolizer/python/refusals.def"
#undef REFUSAL
	};

	return refusal < PYTHON_REFUSAL_CNT ? texts[refusal] : "";
}

/* An interpreter exports one of them: from 3.6 on, 2.7. Its data alone may be a copy: copies.h. */
static const char *const eval_names[] = { "_PyEval_EvalFrameDefault", "PyEval_EvalFrameEx", NULL };

static bool eval_symbol(struct elf_image *image, struct elf_image_symbol *ret_symbol)
{
	return elf_image__symbol(image, eval_names[0], ret_symbol) ||
	       elf_image__symbol(image, eval_names[1], ret_symbol);
}

static uint64_t rel_of(const struct inspection *i, uint64_t elf_vaddr)
{
	return elf_vaddr - i->base;
}

static bool symbol_rel(const struct inspection *i, const char *name, uint64_t *ret_rel)
{
	struct elf_image_symbol symbol;

	if (!elf_image__symbol(i->image, name, &symbol))
		return false;
	*ret_rel = rel_of(i, symbol.elf_vaddr);
	return true;
}

static enum python_refusal find_layout(struct inspection *i)
{
	struct python_interpreter *info = i->info;
	struct python_debug_offsets offsets;
	bool published = info->hexversion >= PYTHON_HEX(3, 13, 0);
	int err = 0;

	if (!python_runtime_layout__find(info->hexversion, &i->runtime) && !i->runtime_vaddr)
		return PYTHON_REFUSED_RUNTIME_MISMATCH;
	if (published) {
		err = python_debug_offsets__read(i->image, i->runtime_vaddr, info->hexversion,
						 &offsets);
		if (err == -EINVAL)
			return PYTHON_REFUSED_DEBUG_OFFSETS;
		info->free_threaded = !err && offsets.free_threaded;
	}
	if (python_layout__find(info->hexversion, info->free_threaded, &info->layout))
		return PYTHON_REFUSED_UNKNOWN_VERSION;
	if (!published)
		return PYTHON_ACCEPTED;
	if (err)
		return PYTHON_REFUSED_NO_DEBUG_OFFSETS;
	if (info->runtime.size && info->runtime.size != offsets.values[PYTHON_DEBUG_RUNTIME_SIZE])
		return PYTHON_REFUSED_DEBUG_OFFSETS;
	python_debug_offsets__apply(&offsets, &info->layout);
	i->runtime.interpreters_head = offsets.values[PYTHON_DEBUG_RUNTIME_HEAD];
	i->runtime.interp_gil = offsets.values[PYTHON_DEBUG_INTERP_GIL];
	return PYTHON_ACCEPTED;
}

/* The first interpreter: from the function that returns it, and the table must agree. */
static enum python_refusal find_head(struct inspection *i)
{
	uint64_t known = i->runtime_vaddr ? i->runtime_vaddr + i->runtime.interpreters_head : 0;
	uint64_t head = known;
	struct elf_image_symbol function;

	if (elf_image__symbol(i->image, "PyInterpreterState_Head", &function))
		accessor_variable(i->image, &function, &head);
	if (!head)
		return PYTHON_REFUSED_NO_INTERPRETERS;
	if (known && head != known)
		return PYTHON_REFUSED_RUNTIME_MISMATCH;
	i->info->interp_head_rel = rel_of(i, head);
	return PYTHON_ACCEPTED;
}

static void find_tls(struct inspection *i, const struct elf_image_symbol *function)
{
	struct python_interpreter *info = i->info;
	struct accessor_tls tls;

	if (accessor_tls(i->image, function, &tls))
		return;
	info->road = tls.model == ACCESSOR_TLS_MODULE	   ? PYTHON_THREAD_TLS_MODULE :
		     tls.model == ACCESSOR_TLS_OFFSET_SLOT ? PYTHON_THREAD_TLS_SLOT :
							     PYTHON_THREAD_TLS_OFFSET;
	info->tls_offset = tls.off;
	info->key_rel = tls.slot ? rel_of(i, tls.slot) : 0;
}

static void find_key(struct inspection *i, const struct elf_image_symbol *function)
{
	struct python_interpreter *info = i->info;
	uint64_t key;

	if (accessor_thread_key(i->image, function, &key))
		return;
	if (i->runtime_vaddr && info->runtime.size && key - i->runtime_vaddr >= info->runtime.size)
		return; /* it is part of _PyRuntime */
	info->road = PYTHON_THREAD_KEY;
	info->key_rel = rel_of(i, key);
}

/* 2.7's key is one of a list of its own, which no other thread could read. */
static void find_road(struct inspection *i)
{
	struct elf_image_symbol function;

	i->info->road = PYTHON_THREAD_LIST;
	if (i->info->hexversion < PYTHON_HEX(3, 0, 0) ||
	    !elf_image__symbol(i->image, "PyGILState_GetThisThreadState", &function))
		return;
	/* a call that gets the address of a TLS variable looks like one that gets a key: the
	 * version decides */
	if (i->info->hexversion >= PYTHON_HEX(3, 15, 0))
		find_tls(i, &function);
	else
		find_key(i, &function);
}

/* The lock is what 2.7's PyEval_AcquireLock() asks for, as newer ones do for the key. */
static void find_lock(struct inspection *i)
{
	struct elf_image_symbol function;
	uint64_t lock;

	if (i->info->hexversion < PYTHON_HEX(3, 0, 0) &&
	    elf_image__symbol(i->image, "PyEval_AcquireLock", &function) &&
	    !accessor_thread_key(i->image, &function, &lock))
		i->info->gil_rel = rel_of(i, lock);
}

/* Up to 3.11. From 3.7 on at a fixed way below the key, which tells apart what 3.7.4 moved. */
static void find_gil(struct inspection *i)
{
	struct python_interpreter *info = i->info;
	uint64_t key = info->road == PYTHON_THREAD_KEY ? info->key_rel : 0;
	bool moved;

	info->interp_gil = i->runtime.interp_gil;
	if (!i->runtime_vaddr) {
		symbol_rel(i, "_PyThreadState_Current", &info->current_rel);
		find_lock(i);
	}
	if (!i->runtime.tstate_current || !key)
		return;
	moved = key - info->runtime.rel != i->runtime.key;
	info->current_rel = key - (i->runtime.key - i->runtime.tstate_current);
	if (!moved)
		info->gil_rel = info->runtime.rel + i->runtime.gil;
}

static void find_code(struct inspection *i)
{
	struct python_interpreter *info = i->info;
	size_t cnt;
	const struct elf_segment *segments = elf_file__segments(elf_image__file(i->image), &cnt);
	struct elf_image_symbol eval;
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t n = 0; n < cnt; n++) {
		uint64_t end = segments[n].elf_vaddr + segments[n].mem_sz;

		if (!segments[n].executable || end < segments[n].elf_vaddr)
			continue;
		low = segments[n].elf_vaddr < low ? segments[n].elf_vaddr : low;
		high = end > high ? end : high;
	}
	if (low < high)
		info->text = (struct python_range){ rel_of(i, low), high - low };
	if (!eval_symbol(i->image, &eval))
		return;
	info->eval_cnt = eval_ranges__find(i->image, eval.elf_vaddr, eval.size, info->eval,
					   PYTHON_EVAL_RANGES);
	for (uint32_t n = 0; n < info->eval_cnt; n++)
		info->eval[n].rel = rel_of(i, info->eval[n].rel);
}

static enum python_refusal inspect(struct inspection *i)
{
	struct python_interpreter *info = i->info;
	struct elf_image_symbol runtime;
	enum python_refusal refusal;

	if (python_version__find(i->image, &info->hexversion))
		return PYTHON_REFUSED_NO_VERSION;
	if (elf_image__symbol(i->image, "_PyRuntime", &runtime)) {
		i->runtime_vaddr = runtime.elf_vaddr;
		info->runtime = (struct python_range){ rel_of(i, runtime.elf_vaddr), runtime.size };
	}
	refusal = find_layout(i);
	if (!refusal)
		refusal = python_self_check(i->image, &info->layout);
	if (!refusal)
		refusal = find_head(i);
	if (refusal)
		return refusal;
	symbol_rel(i, "PyCode_Type", &info->code_type_rel);
	find_road(i);
	find_gil(i);
	find_code(i);
	return PYTHON_ACCEPTED;
}

int python_interpreter__inspect(struct elf_file *file, struct python_interpreter *ret_interpreter)
{
	scope_free(elf_image) struct elf_image *image = NULL;
	struct python_interpreter info = { 0 };
	struct elf_image_symbol eval;
	struct inspection inspection = { .base = elf_file__base_vaddr(file), .info = &info };
	int err = elf_image__open(file, eval_names, &image);

	if (err)
		return err == -ENOMEM ? err : -ENOENT;
	if (!eval_symbol(image, &eval))
		return -ENOENT;
	inspection.image = image;
	info.refusal = inspect(&inspection);
	*ret_interpreter = info;
	return 0;
}
