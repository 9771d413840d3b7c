// SPDX-License-Identifier: Apache-2.0
#include "collector/process/mapping.h"

const struct elf_segment *mapping_segment(const struct proc_mapping *m, const struct binary *b)
{
	uint64_t off_end = m->file_off + (m->end - m->start);

	for (uint32_t i = 0; i < b->segment_cnt; i++) {
		const struct elf_segment *s = &b->segments[i];

		if (s->executable && s->file_off < off_end &&
		    m->file_off < s->file_off + s->file_sz)
			return s;
	}
	return NULL;
}

uint64_t mapping_load_bias(const struct proc_mapping *m, const struct elf_segment *s)
{
	return m->start - (s->elf_vaddr + (m->file_off - s->file_off));
}

const struct elf_segment *binary_segment(const struct binary *b, uint64_t off)
{
	for (uint32_t i = 0; i < b->segment_cnt; i++) {
		const struct elf_segment *s = &b->segments[i];

		if (s->executable && off >= (s->file_off & ~(uint64_t)(USER_PAGE_SIZE - 1)) &&
		    off < s->file_off + s->file_sz)
			return s;
	}
	return NULL;
}

uint64_t binary_elf_vaddr(const struct binary *b, uint64_t off)
{
	const struct elf_segment *s = binary_segment(b, off);

	return s ? off - s->file_off + s->elf_vaddr : off;
}

uint64_t binary_base_vaddr(const struct binary *b)
{
	uint64_t lowest = UINT64_MAX;

	for (uint32_t i = 0; i < b->segment_cnt; i++)
		if (b->segments[i].elf_vaddr < lowest)
			lowest = b->segments[i].elf_vaddr;
	return lowest & ~(uint64_t)(USER_PAGE_SIZE - 1);
}
