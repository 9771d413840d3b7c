// SPDX-License-Identifier: Apache-2.0
#include "collector/finish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector/cache_dir.h"
#include "collector/capture/event_table.h"
#include "collector/doctor/advice.h"
#include "collector/output/file.h"
#include "collector/output/pprof.h"
#include "collector/profile/debuginfod.h"
#include "collector/profile/naming.h"
#include "collector/report/report.h"
#include "collector/source/endings.h"
#include "collector/tables/target_file.h"
#include "common/log.h"
#include "common/own_status.h"
#include "symbolizer/native/kept_file.h"

#define CACHE_BYTES (256UL << 20)

/* Each cost a sample, or a process its tables for a while. */
static const enum counter troubles[] = { COUNTER_RING_FULL,  COUNTER_NO_SCRATCH, COUNTER_BUSY,
					 COUNTER_EVENT_LOST, COUNTER_CODE_LOST,	 COUNTER_MAP_FULL };

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void say_cost(const struct ingest *ingest, uint64_t map_bytes)
{
	uint64_t peak_rss_kb = own_status("VmHWM", 10); /* ru_maxrss may be our starter's */
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr,
		"cost: %.2f s CPU, %.3f s in the kernel's sampling programs, %.0f MB peak RSS, "
		"%.0f MB maps and rings\n",
		seconds(usage.ru_utime) + seconds(usage.ru_stime),
		(double)ingest->counts.counters[COUNTER_RUN_NS] / 1e9, (double)peak_rss_kb / 1024,
		(double)map_bytes / 1048576);
}

static void say_losses(const struct ingest *ingest, bool all)
{
	const struct counts *c = &ingest->counts;

	fprintf(stderr, "lost: %" PRIu64 " samples, %" PRIu64 " process events\n",
		ingest__lost(ingest), ingest->event_records_lost);
	if (ingest->no_memory)
		fprintf(stderr, "lost: %" PRIu64 " times: budget of memory used up\n",
			ingest->no_memory);
	for (size_t i = 0; i < sizeof(troubles) / sizeof(*troubles); i++)
		if (c->counters[troubles[i]])
			fprintf(stderr, "lost: %" PRIu64 " times: %s\n",
				(uint64_t)c->counters[troubles[i]],
				counter_endings[troubles[i]].text);
	for (int i = 0; i < STOP_CNT; i++)
		if (c->stops[i] && (all || !stop_endings[i].complete))
			fprintf(stderr, "%s: %" PRIu64 " stacks: %s\n",
				stop_endings[i].complete ? "complete" : "incomplete",
				(uint64_t)c->stops[i], stop_endings[i].text);
	for (int i = 0; i < PYTHON_END_CNT; i++)
		if (c->python_ends[i] && i != PYTHON_NONE && (all || !python_endings[i].complete))
			fprintf(stderr, "%s: %" PRIu64 " Python stacks: %s\n",
				python_endings[i].complete ? "complete" : "incomplete",
				(uint64_t)c->python_ends[i], python_endings[i].text);
}

/* By their files' bytes: whether the walk was right, whatever the stacks' ends say. */
static void say_calls(const struct call_counts *c, bool all)
{
	if (c->refuted || all)
		fprintf(stderr,
			"refuted: %" PRIu64 " of %" PRIu64
			" return addresses follow no call: frames of %" PRIu64
			" samples are wrong\n",
			c->refuted, c->judged, c->refuted_samples);
}

static const char *why_nothing(const struct ingest *ingest, const struct options *options)
{
	if (ingest__lost(ingest))
		return "all were lost";
	switch (options->filter) {
	case FILTER_NONE:
		return "nothing ran";
	case FILTER_COMM:
		return "no process of that name ran";
	case FILTER_CGROUP:
		return "nothing in that cgroup ran";
	default:
		return options->command ?
			       "it did not run, or too briefly: -F 999 samples more often" :
			       "it did not run";
	}
}

static void say_what_is_there(const struct ingest *ingest, const struct profile *profile,
			      const struct call_counts *calls, const struct options *options,
			      uint64_t map_bytes)
{
	if (aggregate__samples(ingest->aggregate))
		report_top(stderr, profile, 10);
	else
		fprintf(stderr, "sonde: 0 samples: %s\n", why_nothing(ingest, options));
	say_losses(ingest, options->verbose);
	say_calls(calls, options->verbose);
	if (map_bytes)
		advise(stderr, ingest, profile);
	if (map_bytes)
		say_cost(ingest, map_bytes);
}

/* file: NULL for standard output. */
static void say_where(const struct ingest *ingest, const char *file)
{
	fprintf(stderr, "wrote %s: %" PRIu64 " samples in %.1f s\n",
		file ? file : "standard output", aggregate__samples(ingest->aggregate),
		(double)ingest->duration_ns / 1e9);
	if (file)
		fprintf(stderr, "next: go tool pprof -http=: %s\n", file);
}

static void say_failure(const struct options *options, int err, const char *rescued)
{
	const char *file = strcmp(options->output, "-") ? options->output : "standard output";

	if (rescued)
		log_error("cannot write %s: %s; the profile is in %s", file, strerror(-err),
			  rescued);
	else
		log_error(
			"cannot write %s: %s; make room there, or choose another place with -o FILE",
			file, strerror(-err));
}

int make_profile(struct ingest *ingest, const struct options *options, struct profile **ret_profile,
		 struct call_counts *ret_calls)
{
	static struct debuginfod debuginfod; /* a thread that was left behind may look at it */
	struct naming_options naming = {
		.event = options->event,
		.frequency = options->frequency,
		.period = event_period(options),
		.open_binary = binary_reopen,
		.debug_dirs = options->debug_dirs,
		.debug_dir_cnt = options->debug_dir_cnt,
		.symbol_timeout_ns = options->symbol_timeout_ns,
		.debuginfod = options->debuginfod ? &debuginfod : NULL,
		.kept = kept_folder_open(options->no_cache),
	};
	int err;

	ingest__finish(ingest);
	err = profile_from(ingest, &naming, ret_profile, ret_calls);
	kept_files_prune(naming.kept.dir_fd, CACHE_BYTES);
	if (naming.kept.dir_fd >= 0)
		close(naming.kept.dir_fd);
	return err;
}

int write_profile(struct ingest *ingest, const struct options *options, uint64_t map_bytes)
{
	scope_free(profile) struct profile *profile = NULL;
	struct call_counts calls;
	scope_memory uint8_t *data = NULL;
	scope_memory char *rescued = NULL;
	size_t size;
	int err = make_profile(ingest, options, &profile, &calls);

	if (!err)
		err = pprof_encode(profile, &data, &size);
	if (err) {
		log_error("cannot make the profile: %s", strerror(-err));
		return err;
	}
	err = output_write(options->output, data, size, &rescued);
	say_what_is_there(ingest, profile, &calls, options, map_bytes);
	if (err)
		say_failure(options, err, rescued);
	else
		say_where(ingest, strcmp(options->output, "-") ? options->output : NULL);
	return err;
}
