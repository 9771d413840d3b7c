// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/early_python.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <bpf/bpf.h>

#include "collector/process/mapping.h"
#include "collector/python/file.h"
#include "collector/python/find.h"
#include "collector/tables/opener.h"

#define MAX_GIVEN (MAX_PYTHON_PROCESSES / 2) /* the other half is for runs */
#define KERNEL_MINOR_BITS 20 /* include/linux/kdev_t.h */

static uint32_t kernel_dev(uint64_t dev)
{
	return major(dev) << KERNEL_MINOR_BITS | minor(dev);
}

/* As the kernel counts: the lowest executable segment. */
static uint64_t start_of_code(const struct binary *b)
{
	uint64_t lowest = UINT64_MAX;

	for (uint32_t i = 0; i < b->segment_cnt; i++)
		if (b->segments[i].executable && b->segments[i].elf_vaddr < lowest)
			lowest = b->segments[i].elf_vaddr;
	return lowest;
}

static uint32_t give_slot(struct early_python *early, const struct python_process *python)
{
	uint32_t slot = early->given < MAX_GIVEN ? python_slots__take(early->slots, python) : 0;

	early->given += slot ? 1 : 0;
	return slot;
}

void early_python__add_program(struct early_python *early, const struct binary *b)
{
	struct program_key key = {
		.inode = b->inode,
		.size = b->size,
		.start_code = start_of_code(b),
		.dev = kernel_dev(b->dev),
	};
	struct python_process python;
	uint32_t slot;

	if (!binary_base_vaddr(b) || !python_find_program(b, &python) ||
	    !bpf_map_lookup_elem(early->programs, &key, &slot))
		return;
	slot = give_slot(early, &python);
	if (slot)
		bpf_map_update_elem(early->programs, &key, &slot, BPF_ANY);
}

void early_python__add_file(struct early_python *early, const struct kept_folder *cache,
			    const char *path)
{
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	scope_memory struct file_record *facts = NULL;
	scope_memory struct python_file_record *python = NULL;
	scope_free(elf_file) struct elf_file *file = NULL;
	struct binary b = { 0 };

	if (fd < 0 || file_facts(0, fd, &file, &facts) || !file ||
	    python_file_facts(cache, fd, 0, file, &python))
		return;
	b.dev = facts->dev;
	b.inode = facts->inode;
	b.size = facts->size;
	b.segments = (struct elf_segment *)(facts + 1);
	b.segment_cnt = facts->segment_cnt;
	b.python = python;
	early_python__add_program(early, &b);
}

void early_python__add_process(struct early_python *early, uint32_t pid,
			       const struct python_process *python)
{
	struct process_entry entry;

	if (!bpf_map_lookup_elem(early->processes, &pid, &entry))
		return;
	entry = (struct process_entry){ .state = PROCESS_NEW, .python = give_slot(early, python) };
	if (entry.python)
		bpf_map_update_elem(early->processes, &pid, &entry, BPF_NOEXIST);
}
