// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/tables_view.h"

#include "collector/tables/runs.h"

void tables_view__choose(struct tables_view *view, const struct process *process)
{
	view->process = process;
	view->generation++;
}

struct process_entry tables_view__run(const struct tables_view *view)
{
	uint32_t cnt = view->process->mapping_cnt;

	return (struct process_entry){ .cnt = cnt < MAX_RUN_MAPPINGS ? cnt : MAX_RUN_MAPPINGS,
				       .generation = view->generation };
}

const struct unwind_mapping *tables_view__mapping(void *ctx, uint32_t idx)
{
	struct tables_view *view = ctx;
	const struct proc_mapping *m;

	if (idx >= view->process->mapping_cnt)
		return NULL;
	m = &view->process->mappings[idx];
	view->mapping = run_mapping(m, binaries__canonical_at(view->binaries, m->binary),
				    view->generation);
	return &view->mapping;
}

const struct unwind_page *tables_view__page(void *ctx, uint32_t idx)
{
	return residence__page(((struct tables_view *)ctx)->residence, idx);
}

const uint32_t *tables_view__rows(void *ctx, uint32_t pos)
{
	return residence__rows(((struct tables_view *)ctx)->residence, pos);
}

const struct unwind_info *tables_view__info(void *ctx, uint32_t idx)
{
	return residence__info(((struct tables_view *)ctx)->residence, idx);
}
