// SPDX-License-Identifier: Apache-2.0
#include "collector/process/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_BYTES (32UL << 20)

struct held_list {
	struct held *first; /* owned */
	struct held **last;
	uint64_t next_id;
	size_t bytes;
};

struct held_list *held_list__new(void)
{
	struct held_list *list = calloc(1, sizeof(*list));

	if (list)
		list->last = &list->first;
	return list;
}

void held__free(struct held *held)
{
	if (!held)
		return;
	process__free(held->process);
	free(held->rec);
	free(held);
}

void held_list__free(struct held_list *list)
{
	struct held *held, *next;

	for (held = list ? list->first : NULL; held; held = next) {
		next = held->next;
		held__free(held);
	}
	free(list);
}

static struct copy_record *copy_of(const struct copy_record *rec)
{
	struct copy_record *copy = malloc(rec->sample.h.size);

	return copy ? memcpy(copy, rec, rec->sample.h.size) : NULL;
}

int held_list__add(struct held_list *list, const struct process *process,
		   const struct copy_record *rec)
{
	size_t bytes = sizeof(struct held) + sizeof(*process) + rec->sample.h.size +
		       process->mapping_cnt * sizeof(*process->mappings);
	uint64_t id = list->next_id++;
	struct held *held;

	if (list->bytes + bytes > BUDGET_BYTES)
		return -ENOSPC;
	held = calloc(1, sizeof(*held));
	if (!held)
		return -ENOMEM;
	held->id = id;
	held->bytes = bytes;
	held->process = process__copy(process);
	held->rec = copy_of(rec);
	if (!held->process || !held->rec) {
		held__free(held);
		return -ENOMEM;
	}
	list->bytes += bytes;
	*list->last = held;
	list->last = &held->next;
	return 0;
}

struct held *held_list__first(struct held_list *list)
{
	return list->first;
}

struct held *held_list__take(struct held_list *list, uint64_t id)
{
	struct held **at = &list->first, *held;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	held = *at;
	if (!held)
		return NULL;
	*at = held->next;
	if (!*at)
		list->last = at;
	held->next = NULL;
	list->bytes -= held->bytes;
	return held;
}
