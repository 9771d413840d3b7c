// SPDX-License-Identifier: Apache-2.0
#include "collector/python/find.h"

#include "collector/process/mapping.h"

#define GLIBC_SPECIFIC 0x318 /* struct pthread.specific_1stblock[0].data, glibc 2.17 to 2.43 */

/* What the process's mappings have. */
struct parts {
	const struct python_interpreter *interpreter; /* NULL: none */
	uint64_t base;
	const struct python_copies *copies; /* NULL: none */
	uint64_t copies_base;
};

static uint64_t at(uint64_t base, uint64_t rel)
{
	return rel ? base + rel : 0;
}

/* A place in the interpreter's data, wherever that is. */
static uint64_t data_at(const struct parts *parts, uint64_t rel)
{
	const struct python_range *runtime = &parts->interpreter->runtime;
	const struct python_copies *copies = parts->copies;

	if (!copies || !copies->runtime_rel || rel - runtime->rel >= runtime->size)
		return at(parts->base, rel);
	return parts->copies_base + copies->runtime_rel + (rel - runtime->rel);
}

static uint64_t symbol_at(const struct parts *parts, uint64_t rel, uint64_t copy_rel)
{
	return copy_rel ? parts->copies_base + copy_rel : data_at(parts, rel);
}

static void take_parts(struct python_process *to, const struct parts *parts)
{
	static const struct python_copies none;
	const struct python_interpreter *from = parts->interpreter;
	const struct python_copies *copies = parts->copies ? parts->copies : &none;

	to->layout = from->layout;
	to->road = from->road;
	to->key_vaddr = data_at(parts, from->key_rel);
	to->tls_offset = from->tls_offset;
	to->code_type = symbol_at(parts, from->code_type_rel, copies->code_type_rel);
	to->interp_head = data_at(parts, from->interp_head_rel);
	to->current_vaddr = symbol_at(parts, from->current_rel, copies->current_rel);
	to->gil_vaddr = data_at(parts, from->gil_rel);
	to->interp_gil = from->interp_gil;
}

bool python_find(struct binaries *binaries, const struct process *p,
		 struct python_process *ret_python)
{
	struct python_process found = { .specific = GLIBC_SPECIFIC };
	struct parts parts = { 0 };

	for (uint32_t i = 0; i < p->mapping_cnt; i++) {
		const struct proc_mapping *m = &p->mappings[i];
		const struct binary *b = binaries__canonical_at(binaries, m->binary);
		const struct python_file_record *facts = b->python;
		const struct elf_segment *s = facts ? mapping_segment(m, b) : NULL;

		if (!s)
			continue;
		if (facts->specific) {
			found.specific = facts->specific;
			found.musl = facts->musl;
		}
		if (facts->is_python && !facts->interpreter.refusal && !parts.interpreter) {
			parts.interpreter = &facts->interpreter;
			parts.base = mapping_load_bias(m, s) + binary_base_vaddr(b);
		} else if (!facts->is_python && !facts->specific && !parts.copies) {
			parts.copies = &facts->copies;
			parts.copies_base = mapping_load_bias(m, s) + binary_base_vaddr(b);
		}
	}
	if (!parts.interpreter)
		return false;
	take_parts(&found, &parts);
	*ret_python = found;
	return true;
}

bool python_find_program(const struct binary *b, struct python_process *ret_python)
{
	struct python_process found = { .specific = GLIBC_SPECIFIC };
	struct parts parts = { .base = binary_base_vaddr(b) };

	if (!b->python || !b->python->is_python || b->python->interpreter.refusal)
		return false;
	parts.interpreter = &b->python->interpreter;
	take_parts(&found, &parts);
	*ret_python = found;
	return true;
}

const struct python_interpreter *python_interpreter_of(struct binaries *binaries,
						       const struct process *p, uint64_t *ret_base)
{
	const struct python_interpreter *refused = NULL;

	for (uint32_t i = 0; i < p->mapping_cnt; i++) {
		const struct proc_mapping *m = &p->mappings[i];
		const struct binary *b = binaries__canonical_at(binaries, m->binary);
		const struct elf_segment *s = b->python && b->python->is_python ?
						      mapping_segment(m, b) :
						      NULL;

		if (!s)
			continue;
		*ret_base = mapping_load_bias(m, s) + binary_base_vaddr(b);
		if (!b->python->interpreter.refusal)
			return &b->python->interpreter;
		refused = &b->python->interpreter;
	}
	return refused;
}

bool python_in_eval(const struct binary *b, uint64_t file_off)
{
	const struct python_interpreter *python = b->python ? &b->python->interpreter : NULL;
	uint64_t rel;

	if (!python || !b->python->is_python)
		return false;
	rel = binary_elf_vaddr(b, file_off) - binary_base_vaddr(b);
	for (uint32_t i = 0; i < python->eval_cnt; i++)
		if (rel - python->eval[i].rel < python->eval[i].size)
			return true;
	return false;
}
