// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The tables half of a walk's seam in user space: a process's mappings, and the rows that the kernel
 * side reads. What is walked (a copy, live memory) has this view first in its context. */
#include "collector/process/proc_table.h"
#include "collector/tables/residence.h"

struct tables_view {
	const struct residence *residence; /* borrowed */
	struct binaries *binaries; /* borrowed */
	const struct process *process; /* borrowed, during a walk */
	struct unwind_mapping mapping; /* the last one asked for */
	uint32_t generation; /* of this walk: rules are kept for one alone */
};

/* Before each walk. */
void tables_view__choose(struct tables_view *view, const struct process *process);
struct process_entry tables_view__run(const struct tables_view *view);

const struct unwind_mapping *tables_view__mapping(void *ctx, uint32_t idx);
const struct unwind_page *tables_view__page(void *ctx, uint32_t idx);
const uint32_t *tables_view__rows(void *ctx, uint32_t pos);
const struct unwind_info *tables_view__info(void *ctx, uint32_t idx);

/* The last four functions of a struct walk_seam. */
#define TABLES_VIEW_SEAM \
	tables_view__mapping, tables_view__page, tables_view__rows, tables_view__info
