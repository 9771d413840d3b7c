// SPDX-License-Identifier: Apache-2.0
#include "collector/python/find.h"

#include "collector/process/mapping.h"

#define GLIBC_SPECIFIC 0x318 /* struct pthread.specific_1stblock[0].data, glibc 2.17 to 2.43 */

static uint64_t at(uint64_t base, uint64_t rel)
{
	return rel ? base + rel : 0;
}

static void take_interpreter(struct python_process *to, const struct python_interpreter *from,
			     uint64_t base)
{
	to->layout = from->layout;
	to->road = from->road;
	to->key_vaddr = at(base, from->key_rel);
	to->tls_offset = from->tls_offset;
	to->code_type = at(base, from->code_type_rel);
	to->interp_head = at(base, from->interp_head_rel);
	to->current_vaddr = at(base, from->current_rel);
}

bool python_find(struct binaries *binaries, const struct process *p,
		 struct python_process *ret_python)
{
	struct python_process found = { .specific = GLIBC_SPECIFIC };
	bool is_python = false;

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
		if (facts->is_python && !facts->interpreter.refusal && !is_python) {
			is_python = true;
			take_interpreter(&found, &facts->interpreter,
					 mapping_load_bias(m, s) + binary_base_vaddr(b));
		}
	}
	if (is_python)
		*ret_python = found;
	return is_python;
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
