// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/event_table.h"

#include <string.h>

#include <linux/perf_event.h>

/* Sample types have '_' where event names have '-': back ends parse them. What no machine of ours
 * has a counter for is untried; the man page says so. */
#define HW(name, type, config)                                                  \
	{                                                                       \
		name, type, "count", PERF_TYPE_HARDWARE, PERF_COUNT_HW_##config \
	}
#define SW(name, type, config, period)                                                  \
	{                                                                               \
		name, type, "count", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##config, period \
	}

/* Events of the kernel's come in bursts, at which the frequency's feedback is always too late: 50,000
 * page faults in a tenth of a second gave 5 samples. A prime, so that no rhythm of theirs is met. */
#define SOME 97

static const struct event_choice events[] = {
	{ "cpu-clock", "cpu", "nanoseconds", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	SW("page-faults", "page_faults", PAGE_FAULTS, SOME),
	SW("minor-faults", "minor_faults", PAGE_FAULTS_MIN, SOME),
	SW("major-faults", "major_faults", PAGE_FAULTS_MAJ, 1),
	SW("context-switches", "context_switches", CONTEXT_SWITCHES, SOME),
	SW("cpu-migrations", "cpu_migrations", CPU_MIGRATIONS, 1),
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

uint64_t event_period(const struct options *options)
{
	if (!strcmp(options->event->name, "cpu-clock"))
		return 1000000000ULL / options->frequency;
	return options->frequency_given ? 0 : options->event->period;
}

const struct event_choice *event_find(const char *name)
{
	for (unsigned int i = 0; event_at(i); i++)
		if (!strcmp(events[i].name, name))
			return &events[i];
	return NULL;
}
