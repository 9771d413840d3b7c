// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/event_table.h"

#include <string.h>

#include <linux/perf_event.h>

/* Sample types have '_' where event names have '-': back ends parse them. What no machine of ours
 * has a counter for is untried; the man page says so. */
#define HW(name, type, config) \
	{ name, type, "count", PERF_TYPE_HARDWARE, PERF_COUNT_HW_##config }
#define SW(name, type, config) \
	{ name, type, "count", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##config }

static const struct event_choice events[] = {
	{ "cpu-clock", "cpu", "nanoseconds", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	SW("page-faults", "page_faults", PAGE_FAULTS),
	SW("minor-faults", "minor_faults", PAGE_FAULTS_MIN),
	SW("major-faults", "major_faults", PAGE_FAULTS_MAJ),
	SW("context-switches", "context_switches", CONTEXT_SWITCHES),
	SW("cpu-migrations", "cpu_migrations", CPU_MIGRATIONS),
	HW("cycles", "cycles", CPU_CYCLES),
	HW("instructions", "instructions", INSTRUCTIONS),
	HW("cache-references", "cache_references", CACHE_REFERENCES),
	HW("cache-misses", "cache_misses", CACHE_MISSES),
	HW("branches", "branches", BRANCH_INSTRUCTIONS),
	HW("branch-misses", "branch_misses", BRANCH_MISSES),
	HW("ref-cycles", "ref_cycles", REF_CPU_CYCLES),
};

const struct event_choice *event_at(unsigned int idx)
{
	return idx < sizeof(events) / sizeof(*events) ? &events[idx] : NULL;
}

const struct event_choice *event_find(const char *name)
{
	for (unsigned int i = 0; event_at(i); i++)
		if (!strcmp(events[i].name, name))
			return &events[i];
	return NULL;
}
