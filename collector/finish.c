// SPDX-License-Identifier: Apache-2.0
#include "collector/finish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/cache_dir.h"
#include "collector/doctor/advice.h"
#include "collector/capture/event_table.h"
#include "collector/output/file.h"
#include "collector/output/pprof.h"
#include "collector/profile/debuginfod.h"
#include "collector/profile/naming.h"
#include "collector/report/report.h"
#include "collector/tables/opener.h"
#include "common/log.h"

#define CACHE_BYTES (256UL << 20)

static const struct {
	const char *text;
	bool complete;
} stops[] = {
#define STOP(name, is_complete, words) { words, is_complete },
#include "bpf/shared/errors.def"
};

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void say_cost(const struct ingest *ingest, uint64_t map_bytes)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr, "cost: %.2f s CPU, %.3f s in the kernel's sampling programs, %.0f MB peak RSS, "
			"%.0f MB maps and rings\n",
		seconds(usage.ru_utime) + seconds(usage.ru_stime),
		(double)ingest->counts.counters[COUNTER_RUN_NS] / 1e9,
		(double)usage.ru_maxrss / 1024, (double)map_bytes / 1048576);
}

static void say_losses(const struct ingest *ingest, bool all)
{
	const struct counts *c = &ingest->counts;
	uint64_t lost = c->counters[COUNTER_RING_FULL] + c->counters[COUNTER_NO_SCRATCH] +
			ingest->no_memory;

	fprintf(stderr, "lost: %" PRIu64 " samples, %" PRIu64 " process events\n", lost,
		ingest->event_records_lost);
	for (int i = 0; i < STOP_CNT; i++)
		if (c->stops[i] && (all || !stops[i].complete))
			fprintf(stderr, "%s: %" PRIu64 " stacks: %s\n",
				stops[i].complete ? "complete" : "incomplete",
				(uint64_t)c->stops[i], stops[i].text);
}

static void say_summary(const struct ingest *ingest, const struct profile *profile,
			const struct options *options, uint64_t map_bytes)
{
	uint64_t samples = aggregate__samples(ingest->aggregate);

	if (!samples) {
		fprintf(stderr, "sonde: 0 samples: %s\n",
			options->filter == FILTER_NONE ? "nothing ran" : "it did not run");
	} else {
		report_top(stderr, profile, 10);
	}
	say_losses(ingest, options->verbose);
	if (map_bytes)
		advise(stderr, ingest, profile);
	if (map_bytes)
		say_cost(ingest, map_bytes);
	fprintf(stderr, "wrote %s: %" PRIu64 " samples in %.1f s\n",
		strcmp(options->output, "-") ? options->output : "standard output", samples,
		(double)ingest->duration_ns / 1e9);
	if (strcmp(options->output, "-"))
		fprintf(stderr, "next: go tool pprof -http=: %s\n", options->output);
}

int write_profile(struct ingest *ingest, const struct options *options, uint64_t map_bytes)
{
	struct debuginfod debuginfod = { 0 };
	struct naming_options naming = {
		.event = options->event,
		.frequency = options->frequency,
		.period = event_period(options),
		.open_binary = binary_reopen,
		.debug_dirs = options->debug_dirs,
		.debug_dir_cnt = options->debug_dir_cnt,
		.symbol_timeout_ns = options->symbol_timeout_ns,
		.debuginfod = options->debuginfod ? &debuginfod : NULL,
		.cache = { options->no_cache ? -1 : cache_dir_open(), CACHE_BYTES },
	};
	scope_free(profile) struct profile *profile = NULL;
	scope_memory uint8_t *data = NULL;
	size_t size;
	int err;

	ingest__finish(ingest);
	err = profile_from(ingest, &naming, &profile);
	if (naming.cache.dir_fd >= 0)
		close(naming.cache.dir_fd);
	if (!err)
		err = pprof_encode(profile, &data, &size);
	if (err) {
		log_error("cannot make the profile: %s", strerror(-err));
		return err;
	}
	err = output_write(options->output, data, size);
	if (!err)
		say_summary(ingest, profile, options, map_bytes);
	return err;
}
