// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/accessor.h"

#include <errno.h>

#include <elf.h>

#include "symbolizer/python/x86_64_follow.h"

#define ROADS 8 /* ways through the first three branches */
#define MAX_SPECIFIC 0x4000 /* struct pthread is smaller */
#define KEY_IN_TSS 4 /* Py_tss_t is {int is_initialized; pthread_key_t key} */

/* The first road on which accept() finds what it looks for. */
static int find_road(struct elf_image *image, const struct elf_image_symbol *function,
		     bool through_calls,
		     bool (*accept)(const struct code_outcome *outcome, void *ret), void *ret)
{
	if (elf_file__machine(elf_image__file(image)) != EM_X86_64)
		return -ENOTSUP;
	for (uint32_t taken = 0; taken < ROADS; taken++) {
		struct code_outcome outcome = x86_64_follow(image, function, taken, through_calls);

		if (accept(&outcome, ret))
			return 0;
	}
	return -ENOENT;
}

static bool is_variable(const struct code_outcome *outcome, void *ret)
{
	const struct code_value *v = &outcome->result;

	if (outcome->end != CODE_RETURNS || v->kind != CODE_WORD || v->off || v->key_scale)
		return false;
	*(uint64_t *)ret = v->vaddr;
	return true;
}

int accessor_variable(struct elf_image *image, const struct elf_image_symbol *function,
		      uint64_t *ret_elf_vaddr)
{
	return find_road(image, function, false, is_variable, ret_elf_vaddr);
}

static bool is_key(const struct code_outcome *outcome, void *ret)
{
	const struct code_value *v = &outcome->argument;

	if (outcome->end != CODE_CALLS || v->key_scale)
		return false;
	if (v->kind == CODE_NUMBER && v->off)
		*(uint64_t *)ret = (uint64_t)v->off + KEY_IN_TSS;
	else if (v->kind == CODE_WORD && !v->off)
		*(uint64_t *)ret = v->vaddr;
	else
		return false;
	return true;
}

int accessor_thread_key(struct elf_image *image, const struct elf_image_symbol *function,
			uint64_t *ret_elf_vaddr)
{
	return find_road(image, function, false, is_key, ret_elf_vaddr);
}

static bool is_tls(const struct code_outcome *outcome, void *ret)
{
	const struct code_value *v = &outcome->result;
	struct accessor_tls *tls = ret;

	if (outcome->end != CODE_RETURNS || v->off || v->key_scale)
		return false;
	if (v->kind != CODE_THREAD_WORD && v->kind != CODE_TLS_WORD)
		return false;
	*tls = (struct accessor_tls){ .slot = v->vaddr, .off = v->place };
	if (v->kind == CODE_TLS_WORD)
		tls->model = ACCESSOR_TLS_MODULE;
	else
		tls->model = v->vaddr ? ACCESSOR_TLS_OFFSET_SLOT : ACCESSOR_TLS_OFFSET;
	return true;
}

int accessor_tls(struct elf_image *image, const struct elf_image_symbol *function,
		 struct accessor_tls *ret_tls)
{
	return find_road(image, function, true, is_tls, ret_tls);
}

/* glibc reads {sequence, value} pairs, of which the value is the second half. */
static bool is_specific(const struct code_outcome *outcome, void *ret)
{
	struct accessor_specific *specific = ret;

	for (unsigned int i = 0; i < outcome->load_cnt; i++) {
		const struct code_value *at = &outcome->loads[i];
		bool glibc = at->kind == CODE_THREAD && at->key_scale == 16 && (at->off & 15) == 8;
		bool musl = at->kind == CODE_THREAD_WORD && at->key_scale == 8 && !at->off;
		int64_t off = glibc ? at->off : at->place;

		if ((!glibc && !musl) || at->vaddr || off <= 0 || off > MAX_SPECIFIC)
			continue;
		*specific = (struct accessor_specific){ musl, (uint16_t)off };
		return true;
	}
	return false;
}

int accessor_specific(struct elf_image *image, const struct elf_image_symbol *function,
		      struct accessor_specific *ret_specific)
{
	return find_road(image, function, false, is_specific, ret_specific);
}
