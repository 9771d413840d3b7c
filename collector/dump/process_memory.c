// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/process_memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define PAGE 4096UL
#define MAX_PAGES 4096 /* 16 MB of one process between two moments */
#define SLOTS (2 * MAX_PAGES) /* a power of two */

struct page {
	uint64_t number;
	bool readable;
	uint8_t bytes[PAGE];
};

struct process_memory {
	uint32_t pid;
	uint32_t cnt;
	struct page *pages[MAX_PAGES]; /* owned; those behind cnt wait for their next use */
	uint16_t slots[SLOTS]; /* index of the page + 1; 0: none */
};

struct process_memory *process_memory__new(void)
{
	return calloc(1, sizeof(struct process_memory));
}

void process_memory__free(struct process_memory *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < MAX_PAGES && m->pages[i]; i++)
		free(m->pages[i]);
	free(m);
}

void process_memory__forget(struct process_memory *m, uint32_t pid)
{
	m->pid = pid;
	m->cnt = 0;
	memset(m->slots, 0, sizeof(m->slots));
}

static void fill(struct process_memory *m, struct page *page, uint64_t number)
{
	struct iovec ours = { page->bytes, PAGE };
	struct iovec theirs = { (void *)(uintptr_t)(number * PAGE), PAGE };

	page->number = number;
	page->readable = process_vm_readv((pid_t)m->pid, &ours, 1, &theirs, 1, 0) == PAGE;
}

static int find_page(struct process_memory *m, uint64_t number, const struct page **ret_page)
{
	uint32_t slot = (uint32_t)(number * 0x9e3779b97f4a7c15ULL >> 40) & (SLOTS - 1);

	for (; m->slots[slot]; slot = (slot + 1) & (SLOTS - 1)) {
		*ret_page = m->pages[m->slots[slot] - 1];
		if ((*ret_page)->number == number)
			return 0;
	}
	if (m->cnt == MAX_PAGES)
		return -ENOSPC;
	if (!m->pages[m->cnt])
		m->pages[m->cnt] = malloc(sizeof(struct page));
	if (!m->pages[m->cnt])
		return -ENOMEM;
	fill(m, m->pages[m->cnt], number);
	*ret_page = m->pages[m->cnt];
	m->slots[slot] = (uint16_t)++m->cnt;
	return 0;
}

int process_memory__read(void *memory, void *to, size_t size, uint64_t vaddr)
{
	if (vaddr + size < vaddr)
		return -EFAULT;
	while (size) {
		size_t at = vaddr % PAGE, part = PAGE - at < size ? PAGE - at : size;
		const struct page *page = NULL;
		int err = find_page(memory, vaddr / PAGE, &page);

		if (err)
			return err;
		if (!page->readable)
			return -EFAULT;
		memcpy(to, page->bytes + at, part);
		to = (uint8_t *)to + part;
		vaddr += part;
		size -= part;
	}
	return 0;
}

struct python_memory process_memory__python(struct process_memory *m)
{
	return (struct python_memory){ process_memory__read, m };
}
