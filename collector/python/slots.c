// SPDX-License-Identifier: Apache-2.0
#include "collector/python/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAP_BYTES (MAX_PYTHON_PROCESSES * sizeof(struct python_process))

struct python_slots {
	struct python_process *processes; /* mapped */
	uint32_t refs[MAX_PYTHON_PROCESSES];
	uint32_t used; /* no slot at or behind this one was ever taken */
};

int python_slots__open(int map, struct python_slots **ret_slots)
{
	scope_free(python_slots) struct python_slots *slots = calloc(1, sizeof(*slots));
	void *at;

	if (!slots)
		return -ENOMEM;
	at = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (at == MAP_FAILED)
		return -errno;
	slots->processes = at;
	*ret_slots = take_ptr(slots);
	return 0;
}

void python_slots__free(struct python_slots *slots)
{
	if (!slots)
		return;
	if (slots->processes)
		munmap(slots->processes, MAP_BYTES);
	free(slots);
}

uint32_t python_slots__take(struct python_slots *slots, const struct python_process *process)
{
	uint32_t i, empty = slots->used;

	for (i = 0; i < slots->used; i++) {
		if (slots->refs[i] && !memcmp(&slots->processes[i], process, sizeof(*process)))
			break;
		if (!slots->refs[i])
			empty = i;
	}
	if (i == slots->used) {
		if (empty == MAX_PYTHON_PROCESSES)
			return 0;
		i = empty;
		slots->processes[i] = *process;
		slots->used += i == slots->used;
	}
	slots->refs[i]++;
	return i + 1;
}

void python_slots__drop(struct python_slots *slots, uint32_t slot)
{
	if (slot)
		slots->refs[slot - 1]--;
}
