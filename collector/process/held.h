// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Samples whose stack is still to be walked (COPY records), each with its process's mappings as they
 * were at its moment: the process may be another program, or gone, when its tables are there.
 */
#include "collector/process/proc_table.h"

struct held {
	struct held *next;
	uint64_t id; /* counts the COPY records */
	struct process *process; /* owned: a copy in no table */
	struct copy_record *rec; /* owned */
	size_t bytes; /* held by this one */
	bool asked; /* its tables were asked for */
};

struct held_list;

struct held_list *held_list__new(void); /* NULL: no memory */
void held_list__free(struct held_list *list);
DEFINE_FREEP(held_list)

/* Takes copies. -ENOSPC: the budget is used up, -ENOMEM: the caller counts the sample as it is. The
 * record has its number in either case. */
int held_list__add(struct held_list *list, const struct process *process,
		   const struct copy_record *rec);
struct held *held_list__first(struct held_list *list); /* oldest; then held->next. NULL: none */
/* The one of that number, no longer in the list; NULL: there is none. The caller frees it. */
struct held *held_list__take(struct held_list *list, uint64_t id);
void held__free(struct held *held);
